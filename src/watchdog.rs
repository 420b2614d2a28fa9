//! The watchdog: a watcher that reports hangs (`hangs`); and, where the board has one, its own watchdog, which resets
//! it if a core stops running threads.
//!
//! The board's is petted by a thread that goes from core to core and pets on each; where it is not let run, the
//! watchdog's time ends. It is a thread like others, so whatever takes a whole core away from all threads of the normal
//! class for that long is a hang too, and so is a core that takes no interrupts: the board's watchdog has the last word.

#![expect(unsafe_code, reason = "a register block is found by address")]

use alloc::sync::Arc;
use core::sync::atomic::{AtomicBool, Ordering};
use core::time::Duration;

use crate::drivers::power::{MOST_SECONDS, Power};
use crate::hangs::watcher::{WatchError, Watcher};
use crate::sync::Mutex;
use crate::thread::{self, Builder, JoinHandle};
use crate::{cores, kernel};

/// The longest time of the board's in seconds: below what the hardware counts to, so that it never wraps.
pub const LONGEST: u32 = MOST_SECONDS - 1;
/// The shortest: three rounds of the thread fit into it on a busy core.
pub const SHORTEST: u32 = 2;

/// How many rounds of all cores the thread makes in the board's watchdog's time.
const ROUNDS: u32 = 3;

/// What is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Settings {
    /// What stays as it is for so long hangs, and is reported.
    pub patience: Duration,
    /// The time of the board's own, from [`SHORTEST`] to [`LONGEST`]; `None`: it is left off.
    pub reset_seconds: Option<u32>,
}

/// What runs.
struct Watch {
    settings: Settings,
    watcher: Watcher,
    petting: Option<Petting>,
}

/// The thread that pets the board's.
struct Petting {
    is_over: Arc<AtomicBool>,
    thread: JoinHandle<()>,
}

/// Who starts or stops it: one at a time, from the first to the last step.
static CHANGE: Mutex<()> = Mutex::new(());

static WATCH: Mutex<Option<Watch>> = Mutex::new(None);

/// Why nothing was started.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StartError {
    /// The machine's tree names no watchdog.
    Absent,
    /// There is no memory for its threads.
    NoThread,
    /// All lines for interrupt handlers are taken.
    NoHandler,
}

/// The board's, if there is one.
fn hardware() -> Option<&'static Power> {
    let base = kernel::machine().blocks.power?;
    let registers: *const Power = core::ptr::with_exposed_provenance(base);
    // SAFETY: the tree names it, in a range that the board maps as devices for good; its registers are cells, and who
    // else uses them resets the board.
    Some(unsafe { &*registers })
}

/// Whether the board has one.
pub fn has_hardware() -> bool {
    hardware().is_some()
}

/// What runs; `None` if nothing does.
pub fn running() -> Option<Settings> {
    WATCH.lock_always().as_ref().map(|watch| watch.settings)
}

/// Starts it, or goes on with other settings.
///
/// # Errors
///
/// [`StartError`]. Then it is off.
pub fn start(settings: Settings) -> Result<(), StartError> {
    let _alone = CHANGE.lock_always();
    stop_running();
    let watcher = Watcher::start(settings.patience).map_err(|error| match error {
        WatchError::NoThread => StartError::NoThread,
        WatchError::NoSgi => StartError::NoHandler,
    })?;
    let petting = match settings.reset_seconds.map(Petting::start).transpose() {
        Ok(petting) => petting,
        Err(error) => {
            watcher.stop();
            return Err(error);
        }
    };
    *WATCH.lock_always() = Some(Watch {
        settings,
        watcher,
        petting,
    });
    Ok(())
}

/// Stops it, and returns when its threads have ended. Whether it ran.
pub fn stop() -> bool {
    let _alone = CHANGE.lock_always();
    stop_running()
}

fn stop_running() -> bool {
    let Some(watch) = WATCH.lock_always().take() else {
        return false;
    };
    if let Some(petting) = watch.petting {
        petting.is_over.store(true, Ordering::Release);
        petting.thread.thread().unpark();
        // If it has crashed, the watchdog runs out, as it should.
        let _ = petting.thread.join();
    }
    watch.watcher.stop();
    true
}

impl Petting {
    fn start(seconds: u32) -> Result<Self, StartError> {
        if !has_hardware() {
            return Err(StartError::Absent);
        }
        let seconds = seconds.clamp(SHORTEST, LONGEST);
        let is_over = Arc::new(AtomicBool::new(false));
        let thread = Builder::new().name("watchdog").spawn({
            let is_over = Arc::clone(&is_over);
            move || pet(seconds, &is_over)
        });
        let thread = thread.map_err(|_| StartError::NoThread)?;
        Ok(Self { is_over, thread })
    }
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
