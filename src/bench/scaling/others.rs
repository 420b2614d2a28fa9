//! Threads that are there and wait, while others are measured.

use alloc::{sync::Arc, vec::Vec};
use core::{
    sync::atomic::{AtomicBool, Ordering},
    time::Duration,
};

use crate::{
    bench::{NoFigure, run::Run},
    thread::{self, JoinHandle, State},
    time::Instant,
};

/// How long threads may take to begin to wait, or to end.
const PATIENCE: Duration = Duration::from_secs(120);

/// Threads that are there and wait. They end when this is dropped.
pub(super) struct Others {
    is_over: Arc<AtomicBool>,
    handles: Vec<JoinHandle<()>>,
}

impl Others {
    pub(super) fn spawn(
        run: &Run,
        count: u64,
        wait: impl Fn(u64) + Clone + Send + 'static,
    ) -> Result<Self, NoFigure> {
        let mut others = Self {
            is_over: Arc::new(AtomicBool::new(false)),
            handles: Vec::new(),
        };
        for me in 0..count {
            let (is_over, wait) = (others.is_over.clone(), wait.clone());
            let spawned = run.builder("waits").spawn(move || {
                while !is_over.load(Ordering::Relaxed) {
                    wait(me);
                }
            });
            others.handles.push(spawned.map_err(|_| NoFigure::Spawn)?);
        }
        let begin = Instant::now();
        for handle in &others.handles {
            while handle.thread().info().state != State::Parked {
                if run.cancel.is_requested() {
                    return Err(NoFigure::Cancelled);
                }
                if begin.elapsed() > PATIENCE {
                    return Err(NoFigure::Stuck);
                }
                thread::sleep(Duration::from_millis(1));
            }
        }
        Ok(others)
    }
}

impl Drop for Others {
    fn drop(&mut self) {
        self.is_over.store(true, Ordering::Relaxed);
        self.handles
            .iter()
            .for_each(|handle| handle.thread().unpark());
        let begin = Instant::now();
        for handle in self.handles.drain(..) {
            // One that does not end is left to itself.
            while !handle.is_finished() && begin.elapsed() < PATIENCE {
                thread::sleep(Duration::from_millis(1));
            }
            if handle.is_finished() {
                // A crash has its own report.
                let _ = handle.join();
            }
        }
    }
}
