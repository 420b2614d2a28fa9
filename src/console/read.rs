//! Reading from the console, and being told that there is something to read.

use core::time::Duration;

use super::STATE;
use crate::sync::{Semaphore, SpinLock};
use crate::thread::Thread;
use crate::time::Instant;

/// Permits to look again, for the reader that waits.
static INPUT: Semaphore = Semaphore::new(0);
/// Whom to unpark on input.
static READER: SpinLock<Option<Thread>> = SpinLock::new(None);

/// The next byte that was typed; sleeps until there is one. One thread reads at a time.
pub fn read() -> u8 {
    loop {
        if let Some(byte) = try_read_or_wait() {
            return byte;
        }
        INPUT.acquire();
    }
}

/// The next byte that was typed, if there is one.
pub fn try_read() -> Option<u8> {
    STATE.lock().rings.read()
}

/// As [`read`], but waits for `timeout` at most.
pub fn read_timeout(timeout: Duration) -> Option<u8> {
    let begin = Instant::now();
    loop {
        if let Some(byte) = try_read_or_wait() {
            return Some(byte);
        }
        let left = timeout.saturating_sub(begin.elapsed());
        if left.is_zero() || !INPUT.acquire_timeout(left) {
            STATE.lock().is_reader_waiting = false;
            return try_read();
        }
    }
}

/// Whether [`read`] would return at once.
pub fn can_read() -> bool {
    STATE.lock().rings.can_read()
}

/// Reads, or notes that somebody is going to sleep. A permit that is left over from an earlier time
/// makes the caller look once more, and nothing else.
fn try_read_or_wait() -> Option<u8> {
    let mut state = STATE.lock();
    let byte = state.rings.read();
    state.is_reader_waiting = byte.is_none();
    byte
}

/// Unparks `reader` whenever there is new input: for a thread that waits for other things too.
/// None: nobody any more.
pub fn set_reader(reader: Option<Thread>) {
    let old = core::mem::replace(&mut *READER.lock(), reader);
    // Here, not under the lock: it may be the last handle of a thread that has ended.
    drop(old);
}

/// Tells everybody; called by the interrupt handler, without the console's lock.
pub(super) fn on_input(is_new: bool, wakes_reader: bool) {
    if wakes_reader {
        INPUT.release();
    }
    if is_new && let Some(reader) = &*READER.lock() {
        reader.unpark();
    }
}
