//! What the VideoCore's firmware is asked about: clocks, temperature, memory, board.
//!
//! Each answer takes up to milliseconds, and a second if there is none, after which nothing is asked any more. Threads
//! only.

use super::mailbox::ask;
use super::property::{Cause, PropertyError, Tag, Unanswered};

/// A clock of the VideoCore's (firmware wiki, "Clocks").
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u32)]
pub enum Clock {
    /// UART0.
    Uart = 2,
    /// The Arm cores.
    Arm = 3,
    /// The VideoCore, and what hangs off it.
    Core = 4,
}

impl Clock {
    /// What the clock was last set to, in Hz. Under throttling it does not run at that.
    ///
    /// # Errors
    ///
    /// [`Unanswered`]; the same for all of these.
    pub fn rate_hz(self) -> Result<u32, Unanswered> {
        self.ask(Tag::CLOCK_RATE)
    }

    /// What the clock runs at as the firmware measures it, in Hz.
    pub fn measured_hz(self) -> Result<u32, Unanswered> {
        self.ask(Tag::CLOCK_MEASURED)
    }

    /// The most that it can be set to, in Hz.
    pub fn max_hz(self) -> Result<u32, Unanswered> {
        self.ask(Tag::CLOCK_MAX)
    }

    /// The least that it can be set to, in Hz.
    pub fn min_hz(self) -> Result<u32, Unanswered> {
        self.ask(Tag::CLOCK_MIN)
    }

    /// Sets it to `hz`, with the voltage that it needs; returns what the firmware has made of that.
    pub fn set_hz(self, hz: u32) -> Result<u32, Unanswered> {
        /// Voltage and other clocks follow, as in turbo mode.
        const WITH_TURBO: u32 = 0;
        let tag = Tag::SET_CLOCK_RATE;
        let reply = ask(tag, &[self as u32, hz, WITH_TURBO])?;
        self.value(tag, reply)
    }

    fn ask(self, tag: Tag) -> Result<u32, Unanswered> {
        self.value(tag, ask(tag, &[self as u32])?)
    }

    /// A clock that does not exist has a rate of 0, and an answer may be about another one.
    fn value(self, tag: Tag, [of, hz]: [u32; 2]) -> Result<u32, Unanswered> {
        if of == self as u32 && hz != 0 {
            return Ok(hz);
        }
        let cause = Cause::Property(PropertyError::Senseless);
        Err(Unanswered { tag, cause })
    }
}

/// The revision code of the board: see [`Revision`](super::codes::Revision).
pub fn board_revision() -> Result<u32, Unanswered> {
    ask(Tag::BOARD_REVISION, &[]).map(|[code]| code)
}

/// When the firmware was built, in seconds since 1970.
pub fn firmware() -> Result<u32, Unanswered> {
    ask(Tag::FIRMWARE, &[]).map(|[seconds]| seconds)
}

/// The memory that the Arm cores have of the first GiB: base and size in bytes.
pub fn arm_memory() -> Result<[u32; 2], Unanswered> {
    ask(Tag::ARM_MEMORY, &[])
}

/// The memory that the VideoCore has to itself: base and size in bytes.
pub fn videocore_memory() -> Result<[u32; 2], Unanswered> {
    ask(Tag::VIDEOCORE_MEMORY, &[])
}

/// The temperature of the chip in thousandths of a degree Celsius.
pub fn temperature_mc() -> Result<u32, Unanswered> {
    ask(Tag::TEMPERATURE, &[0]).map(|[_, value]| value)
}

/// The temperature from which on the firmware slows the chip down, in thousandths of a degree Celsius.
pub fn temperature_max_mc() -> Result<u32, Unanswered> {
    ask(Tag::TEMPERATURE_MAX, &[0]).map(|[_, value]| value)
}

/// What has slowed the cores down or does so: see [`Throttled`](super::codes::Throttled).
pub fn throttled() -> Result<u32, Unanswered> {
    // No bit of what has been so since the start is to be cleared.
    ask(Tag::THROTTLED, &[0]).map(|[bits]| bits)
}
