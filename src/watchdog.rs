//! The board's watchdog, and the thread that pets it: the board is reset if a core stops running threads.
//!
//! The thread goes from core to core and pets on each; where it is not let run, the watchdog's time ends. It is a thread
//! like others, so whatever takes a whole core away from all threads of the normal class for that long is a hang too.

#![expect(unsafe_code, reason = "a register block is found by address")]

use alloc::sync::Arc;
use core::sync::atomic::{AtomicBool, Ordering};
use core::time::Duration;

use crate::drivers::power::{MOST_SECONDS, Power};
use crate::sync::Mutex;
use crate::thread::{self, Builder, JoinHandle};
use crate::{cores, kernel};

/// The longest time in seconds: below what the hardware counts to, so that it never wraps.
pub const LONGEST: u32 = MOST_SECONDS - 1;
/// The shortest: three rounds of the thread fit into it on a busy core.
pub const SHORTEST: u32 = 2;

/// How many rounds of all cores the thread makes in the watchdog's time.
const ROUNDS: u32 = 3;

/// What runs.
struct Watch {
    seconds: u32,
    is_over: Arc<AtomicBool>,
    thread: JoinHandle<()>,
}

static WATCH: Mutex<Option<Watch>> = Mutex::new(None);

/// Why the watchdog was not started.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StartError {
    /// The machine's tree names none.
    Absent,
    /// There is no memory for its thread.
    NoThread,
}

/// The watchdog, if there is one.
fn hardware() -> Option<&'static Power> {
    let base = kernel::machine().blocks.power?;
    let registers: *const Power = core::ptr::with_exposed_provenance(base);
    // SAFETY: the tree names it, in a range that the board maps as devices for good; its registers are cells, and who
    // else uses them resets the board.
    Some(unsafe { &*registers })
}

/// Whether there is a watchdog.
pub fn is_there() -> bool {
    hardware().is_some()
}

/// The time of the watchdog that runs, in seconds; `None` if none does.
pub fn seconds() -> Option<u32> {
    WATCH.lock_always().as_ref().map(|watch| watch.seconds)
}

/// Starts it with a time of `seconds` ([`SHORTEST`] to [`LONGEST`]), or changes its time.
///
/// # Errors
///
/// [`StartError`].
pub fn start(seconds: u32) -> Result<(), StartError> {
    if hardware().is_none() {
        return Err(StartError::Absent);
    }
    stop();
    let seconds = seconds.clamp(SHORTEST, LONGEST);
    let is_over = Arc::new(AtomicBool::new(false));
    let thread = Builder::new().name("watchdog").spawn({
        let is_over = Arc::clone(&is_over);
        move || pet(seconds, &is_over)
    });
    let thread = thread.map_err(|_| StartError::NoThread)?;
    *WATCH.lock_always() = Some(Watch {
        seconds,
        is_over,
        thread,
    });
    Ok(())
}

/// Stops it, and returns when its thread has ended. Whether it ran.
pub fn stop() -> bool {
    let Some(watch) = WATCH.lock_always().take() else {
        return false;
    };
    watch.is_over.store(true, Ordering::Release);
    watch.thread.thread().unpark();
    // If it has crashed, the watchdog runs out, as it should.
    let _ = watch.thread.join();
    true
}

fn pet(seconds: u32, is_over: &AtomicBool) {
    let Some(power) = hardware() else { return };
    loop {
        let pause = Duration::from_secs(seconds.into()) / ROUNDS / cores::count_online() as u32;
        for core in cores::online() {
            // A core that is online stays so.
            let _ = thread::pin(core);
            if is_over.load(Ordering::Acquire) {
                power.stop_watchdog();
                return;
            }
            power.start_watchdog(seconds);
            thread::park_timeout(pause);
        }
    }
}
