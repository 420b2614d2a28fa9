//! The watcher: a thread that looks at all other cores and at all threads; and a second one, on another core, that
//! looks at the first one's core and at nothing else. The cores come first: what was seen of them is said before a lock
//! is taken that may be what somebody holds for ever.

use alloc::collections::TryReserveError;
use alloc::sync::Arc;
use core::sync::atomic::{AtomicBool, Ordering};
use core::time::Duration;

use super::ledger::{Event, LOOKS, Ledger};
use super::look::Found;
use super::probe::{self, Probe};
use super::{report, said};
use crate::board::MAX_CORES;
use crate::core_id::CoreId;
use crate::cores;
use crate::fault;
use crate::thread::{self, Builder, JoinHandle};
use crate::time::{self, Instant};

/// Before all others: what it is to notice may be in the realtime class.
const CLASS: u8 = u8::MAX;

/// So many looks are made while something may still be no hang.
const LOOKS_IN_PATIENCE: u32 = 2 * LOOKS;
/// A printer that has the console for longer may be on a core that hangs.
const CONSOLE_PATIENCE: Duration = Duration::from_secs(2);
/// The longest time between two looks.
const LONGEST_PAUSE: Duration = Duration::from_millis(250);

/// The threads that watch.
#[derive(Debug)]
pub(crate) struct Watcher {
    is_over: Arc<AtomicBool>,
    threads: heapless::Vec<JoinHandle<()>, 2>,
}

/// Why nobody watches.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum WatchError {
    /// There is no memory for a thread.
    NoThread,
    /// The SGI has no handler.
    NoSgi,
}

impl Watcher {
    /// Watches from now on. What stays as it is for `patience` hangs.
    pub(crate) fn start(patience: Duration) -> Result<Self, WatchError> {
        probe::init().map_err(|_| WatchError::NoSgi)?;
        said::forget();
        let mut watcher = Self {
            is_over: Arc::new(AtomicBool::new(false)),
            threads: heapless::Vec::new(),
        };
        let mut online = cores::online();
        let Some(first) = online.next() else {
            return Err(WatchError::NoThread);
        };
        let others: heapless::Vec<CoreId, MAX_CORES> = online.collect();
        // From the farthest one: the second core is the one that a program of two threads uses too.
        let second = others.last().copied();
        let is_started = watcher.add(first, others, true, patience)
            && second.is_none_or(|second| {
                watcher.add(second, core::iter::once(first).collect(), false, patience)
            });
        if !is_started {
            watcher.stop();
            return Err(WatchError::NoThread);
        }
        Ok(watcher)
    }

    /// Adds a thread on core `on`, which watches `cores`, and perhaps all threads. Whether there was memory for it.
    fn add(
        &mut self,
        on: CoreId,
        cores: heapless::Vec<CoreId, MAX_CORES>,
        has_threads: bool,
        patience: Duration,
    ) -> bool {
        let is_over = Arc::clone(&self.is_over);
        let watch = move || watch(&cores, has_threads, patience, &is_over);
        let builder = Builder::new().name("watcher").core(on).realtime(CLASS);
        // There is room for two.
        builder
            .spawn(watch)
            .is_ok_and(|thread| self.threads.push(thread).is_ok())
    }

    /// Ends it, and returns when its threads have ended.
    pub(crate) fn stop(self) {
        self.is_over.store(true, Ordering::Release);
        for thread in self.threads {
            thread.thread().unpark();
            // If it has crashed, its report has said so.
            let _ = thread.join();
        }
    }
}

fn watch(cores: &[CoreId], has_threads: bool, patience: Duration, is_over: &AtomicBool) {
    let pause = (patience / LOOKS_IN_PATIENCE).min(LONGEST_PAUSE);
    let patience = time::ticks(patience);
    let mut probes: heapless::Vec<Probe, MAX_CORES> =
        cores.iter().copied().map(Probe::new).collect();
    let (mut of_cores, mut of_threads) = (Ledger::default(), Ledger::default());
    while !is_over.load(Ordering::Acquire) {
        thread::park_timeout(pause);
        // Without memory for it, a look is not made. There may be some for the next one.
        let _ = look_at_cores(&mut probes, &mut of_cores, patience).and_then(|is_silent| {
            if has_threads {
                look_at_threads(is_silent, &mut of_threads, patience)?;
            }
            Ok(())
        });
    }
}

/// Looks at the cores; which of them have not answered.
fn look_at_cores(
    probes: &mut [Probe],
    ledger: &mut Ledger,
    patience: u64,
) -> Result<[bool; MAX_CORES], TryReserveError> {
    let mut is_silent = [false; MAX_CORES];
    let mut found = Found::default();
    for probe in probes {
        if let Some(suspicion) = probe.look(patience) {
            is_silent[probe.core().index()] = true;
            found.add(suspicion)?;
        }
    }
    say(ledger, &found)?;
    Ok(is_silent)
}

fn look_at_threads(
    is_silent: [bool; MAX_CORES],
    ledger: &mut Ledger,
    patience: u64,
) -> Result<(), TryReserveError> {
    let mut found = Found::default();
    found.add_threads(patience, |core| is_silent[core.index()])?;
    say(ledger, &found)
}

/// Says what there is to say of what was found.
fn say(ledger: &mut Ledger, found: &Found) -> Result<(), TryReserveError> {
    let now = Instant::now().ticks();
    ledger.look(&found.suspicions, now, |event, hang, ticks| {
        // The words first: whoever hangs on purpose ends it when it was noted.
        let text = match event {
            Event::Begins => report::begins(hang, ticks, found),
            Event::Ends => report::ends(hang, ticks),
        };
        match event {
            Event::Begins => said::begins(hang, time::duration(ticks).as_millis() as u64),
            Event::Ends => said::ends(),
        }
        fault::print_past(&text, CONSOLE_PATIENCE);
    })
}
