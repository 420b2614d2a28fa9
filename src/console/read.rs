//! Reading from the console, and being told that there is something to read.
#![expect(unsafe_code, reason = "a function pointer is stored in an atomic")]

use core::sync::atomic::{AtomicPtr, Ordering};
use core::time::Duration;

use super::STATE;
use crate::drivers::serial::Input;
use crate::sync::{Semaphore, SpinLock};
use crate::thread::Thread;
use crate::time::Instant;

/// Permits to look again, for the reader that waits.
static INPUT: Semaphore = Semaphore::new(0);
/// Whom to unpark on input.
static READER: SpinLock<Option<Thread>> = SpinLock::new(None);
/// A `fn()`, or null.
static INTERRUPT_KEY_HOOK: AtomicPtr<()> = AtomicPtr::new(core::ptr::null_mut());

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

/// Has `hook` called, by the interrupt handler, for every ^C that is typed. The byte can be read as
/// well, in its place.
pub fn set_interrupt_key_hook(hook: fn()) {
    INTERRUPT_KEY_HOOK.store(hook as *mut (), Ordering::Release);
}

/// Tells everybody; called by the interrupt handler, without the console's lock.
pub(super) fn on_input(input: Input, wakes_reader: bool) {
    if input.has_interrupt_key {
        let hook = INTERRUPT_KEY_HOOK.load(Ordering::Acquire);
        if !hook.is_null() {
            // SAFETY: only set_interrupt_key_hook stores here, and it stores a `fn()`.
            let hook = unsafe { core::mem::transmute::<*mut (), fn()>(hook) };
            hook();
        }
    }
    if wakes_reader {
        INPUT.release();
    }
    if input.is_new
        && let Some(reader) = &*READER.lock()
    {
        reader.unpark();
    }
}
