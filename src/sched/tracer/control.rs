//! Turning the recording on and off, and reading what was recorded.

#![expect(unsafe_code, reason = "exchanges and reads the logs of other cores")]

use core::sync::atomic::Ordering;

use alloc::vec::Vec;

use crate::arch::timer;
use crate::core_id::CoreId;
use crate::cores;
use crate::irq;
use crate::sched::per_core;
use crate::sync::Mutex;
use crate::trace::Log;

/// A recording.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Recording {
    /// Whether it goes on.
    pub is_on: bool,
    /// How many events each core has room for.
    pub room: usize,
    /// What the counter showed when it began.
    pub start_ticks: u64,
}

/// There is no memory for so many events.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NoMemory;

/// There is nothing to read, or it is still being written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Busy;

/// The recording that there is; whoever holds the lock may touch the logs of cores that may not write.
static SESSION: Mutex<Option<Recording>> = Mutex::new(None);

/// Begins to record on all cores, with room for `events` on each, a power of two; what was recorded before is gone.
///
/// # Errors
///
/// [`NoMemory`]; then nothing is recorded.
#[expect(
    clippy::large_stack_frames,
    reason = "a log for each core on its way; a shell's stack has room for it"
)]
pub fn start(events: usize) -> Result<(), NoMemory> {
    let mut session = SESSION.lock();
    close_all(&mut session);
    *session = None;
    let start_ticks = timer::now_between();
    // All the memory first: half of the cores would be of no use. What is replaced is freed with nothing masked.
    let mut logs = Vec::new();
    let cores = cores::count_online();
    logs.try_reserve_exact(cores).map_err(|_| NoMemory)?;
    for core in cores::online() {
        // SAFETY: closed above, and we hold the session.
        drop(unsafe { per_core::get(core).tracer.replace(Log::EMPTY) });
        logs.push((core, Log::new(events, start_ticks).ok_or(NoMemory)?));
    }
    let room = logs.first().map_or(0, |(_, log)| log.ring().room());
    for (core, log) in logs {
        let tracer = &per_core::get(core).tracer;
        // SAFETY: as above.
        drop(unsafe { tracer.replace(log) });
        tracer.open();
    }
    *session = Some(Recording {
        is_on: true,
        room,
        start_ticks,
    });
    for id in cores::online() {
        per_core::get(id).watch(true);
        // A core begins at its next decision, and a core with one thread would make none for long.
        irq::send_reschedule(id);
    }
    Ok(())
}

/// Stops recording; what was recorded can be read then. Nothing happens if it is off already.
pub fn stop() {
    close_all(&mut SESSION.lock());
}

fn close_all(session: &mut Option<Recording>) {
    if let Some(recording) = session {
        recording.is_on = false;
    }
    for id in cores::online() {
        let core = per_core::get(id);
        core.watch(false);
        core.tracer.close();
    }
}

/// The recording that there is.
pub fn status() -> Option<Recording> {
    *SESSION.lock()
}

/// Gives `look` what each core has recorded, and when it stopped (what the counter showed), until `look` says false.
/// Nothing can be turned on meanwhile.
///
/// # Errors
///
/// [`Busy`] while it is recorded, and if nothing was.
pub fn read(mut look: impl FnMut(&Recording, CoreId, &Log, u64) -> bool) -> Result<(), Busy> {
    let session = SESSION.lock();
    let recording = session.filter(|recording| !recording.is_on).ok_or(Busy)?;
    for id in cores::online() {
        let tracer = &per_core::get(id).tracer;
        let stop_ticks = tracer.stop_ticks.load(Ordering::Relaxed);
        // SAFETY: closed, since the recording is off, and the session is held: nobody writes or exchanges it.
        if !look(&recording, id, unsafe { &*tracer.log.get() }, stop_ticks) {
            break;
        }
    }
    Ok(())
}
