//! The clock of the Arm cores: as fast as it goes while something is measured, unless somebody has said otherwise.
//!
//! A Pi idles at a fraction of its rate (600 of 1500 MHz), and nobody raises it here but who asks the firmware. So each
//! measurement does, before it begins. Without a mailbox nothing happens.

use core::sync::atomic::{AtomicBool, Ordering};

use crate::drivers::property::{Cause, Unanswered};
use crate::drivers::videocore::Clock;

/// Whether measurements leave the clock as it is.
static KEEPS: AtomicBool = AtomicBool::new(false);

/// Says whether measurements leave the clock as it is.
pub fn keep(keeps: bool) {
    KEEPS.store(keeps, Ordering::Relaxed);
}

/// Whether measurements leave the clock as it is.
pub fn is_kept() -> bool {
    KEEPS.load(Ordering::Relaxed)
}

/// A clock that was set: rates in Hz.
#[derive(Clone, Copy, Debug)]
pub struct Raised {
    /// What it was.
    pub was_hz: u32,
    /// What the firmware has set it to.
    pub set_hz: u32,
}

/// Sets the clock to its greatest rate, if it is not there and nobody has said that it be left alone. `None` if there was
/// nothing to do.
///
/// # Errors
///
/// [`Unanswered`], but not for want of a mailbox.
pub fn raise() -> Result<Option<Raised>, Unanswered> {
    if is_kept() {
        return Ok(None);
    }
    let max_hz = match Clock::Arm.max_hz() {
        Err(Unanswered {
            cause: Cause::Absent,
            ..
        }) => return Ok(None),
        max_hz => max_hz?,
    };
    // The rate that was set is not what it runs at under throttling (H22), but the emulator knows no other.
    let was_hz = Clock::Arm.measured_hz().or_else(|_| Clock::Arm.rate_hz())?;
    if was_hz >= max_hz - max_hz / 100 {
        return Ok(None);
    }
    let set_hz = Clock::Arm.set_hz(max_hz)?;
    Ok(Some(Raised { was_hz, set_hz }))
}
