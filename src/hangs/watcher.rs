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
        let is_started = watcher.add(first, others, None, patience)
            && second.is_none_or(|second| {
                let first_watcher = watcher.threads.first().map(|thread| thread.thread().id().0);
                let first = core::iter::once(first).collect();
                watcher.add(second, first, first_watcher, patience)
            });
        if !is_started {
            watcher.stop();
            return Err(WatchError::NoThread);
        }
        Ok(watcher)
    }

    /// Adds a thread on core `on`, which watches `cores`, and one thread or all. Whether there was memory for it.
    fn add(
        &mut self,
        on: CoreId,
        cores: heapless::Vec<CoreId, MAX_CORES>,
        one: Option<u32>,
        patience: Duration,
    ) -> bool {
        let Ok(books) = Books::with_room() else {
            return false;
        };
        let is_over = Arc::clone(&self.is_over);
        let watch = move || watch(&cores, one, patience, books, &is_over);
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

/// What a watcher keeps. The part for the cores has its room from the start: a core that hangs may have the heap's lock.
struct Books {
    found: Found,
    of_cores: Ledger,
    of_threads: Ledger,
}

impl Books {
    fn with_room() -> Result<Self, TryReserveError> {
        Ok(Self {
            found: Found::with_room(MAX_CORES)?,
            of_cores: Ledger::with_room(MAX_CORES)?,
            of_threads: Ledger::with_room(1)?,
        })
    }
}

/// Looks at `cores`, and at thread `one`; `None`: at all threads.
fn watch(
    cores: &[CoreId],
    one: Option<u32>,
    patience: Duration,
    mut books: Books,
    is_over: &AtomicBool,
) {
    let pause = (patience / LOOKS_IN_PATIENCE).min(LONGEST_PAUSE);
    let patience = time::ticks(patience);
    let mut probes: heapless::Vec<Probe, MAX_CORES> =
        cores.iter().copied().map(Probe::new).collect();
    while !is_over.load(Ordering::Acquire) {
        thread::park_timeout(pause);
        // Without memory for it, a look is not made. There may be some for the next one.
        let _ = look(&mut probes, one, patience, &mut books);
    }
}

/// Looks once. While a core is silent no thread is looked at: it may have a lock that this takes, and it keeps others from
/// running.
fn look(
    probes: &mut [Probe],
    one: Option<u32>,
    patience: u64,
    books: &mut Books,
) -> Result<(), TryReserveError> {
    let found = &mut books.found;
    found.clear();
    for suspicion in probes.iter_mut().filter_map(|probe| probe.look(patience)) {
        found.add(suspicion)?;
    }
    let is_silent = !found.suspicions.is_empty();
    say(&mut books.of_cores, found)?;
    if is_silent {
        return Ok(());
    }
    found.clear();
    match one {
        Some(id) => found.add_thread(id, patience)?,
        None => found.add_threads(patience)?,
    }
    say(&mut books.of_threads, found)
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
