//! The generic timer's counter against the system timer: whether CNTFRQ_EL0 is what the counter runs at.

#![expect(unsafe_code, reason = "a register block is found by address")]

use core::sync::atomic::{AtomicU64, Ordering};
use core::time::Duration;

use super::clock::rate_hz;
use super::taken::{TRIES, around};
use crate::arch::timer;
use crate::drivers::system_timer::{self, SystemTimer};
use crate::{kernel, thread, time};

/// How long it is measured: longer than the core clock, because reading a device takes longer, under an emulator much.
const WINDOW: Duration = Duration::from_millis(20);

/// The rate of the counter in Hz as the system timer has it, to a few thousandths. `None` where there is no such timer, or if
/// something came between each time. It is measured once: both run from crystals.
pub(crate) fn measured_hz() -> Option<u64> {
    static KNOWN: AtomicU64 = AtomicU64::new(0);
    let timer = hardware()?;
    let mut hz = KNOWN.load(Ordering::Relaxed);
    if hz == 0 {
        hz = (0..TRIES).find_map(|_| measure_once(timer))?;
        KNOWN.store(hz, Ordering::Relaxed);
    }
    Some(hz)
}

/// [`measured_hz`], if that is not what the counter is said to run at.
pub(crate) fn wrong_hz() -> Option<u64> {
    measured_hz().filter(|&hz| system_timer::is_off(time::frequency_hz(), hz))
}

fn hardware() -> Option<&'static SystemTimer> {
    let base = kernel::machine().blocks.system_timer?;
    let registers: *const SystemTimer = core::ptr::with_exposed_provenance(base);
    // SAFETY: the tree names it, in a range that the board maps as devices for good; it is only read.
    Some(unsafe { &*registers })
}

/// Neither stops, so the thread may be interrupted meanwhile.
fn measure_once(timer: &SystemTimer) -> Option<u64> {
    let stay = thread::preempt_disable();
    let (from, begin) = around(|| timer.now());
    let deadline = from.after + time::ticks(WINDOW);
    while timer::now() < deadline {
        core::hint::spin_loop();
    }
    let (to, end) = around(|| timer.now());
    drop(stay);
    let said_hz = time::frequency_hz();
    // The system timer's rate if the counter's were right; what that is wrong, the counter is.
    let seen_hz = rate_hz(end.checked_sub(begin)?, from, to, said_hz)?;
    let hz = u128::from(said_hz) * u128::from(system_timer::HZ);
    u64::try_from(hz.checked_div(u128::from(seen_hz))?).ok()
}
