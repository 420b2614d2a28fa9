//! Time since boot, by the generic timer's counter, and the two delays that drivers may use.

use core::ops::Add;
use core::time::Duration;

use embedded_hal::delay::DelayNs;

use crate::arch::timer;
use crate::thread;

const NANOSECONDS: u128 = 1_000_000_000;

/// A moment, in ticks of the generic timer. The same on all cores.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Instant(u64);

impl Instant {
    /// This moment.
    pub fn now() -> Self {
        Self(timer::now_ordered())
    }

    /// The moment at which the counter shows `ticks`.
    pub const fn from_ticks(ticks: u64) -> Self {
        Self(ticks)
    }

    /// What the counter shows at this moment.
    pub const fn ticks(self) -> u64 {
        self.0
    }

    /// How long ago this moment was; zero if it is to come.
    pub fn elapsed(self) -> Duration {
        Self::now().duration_since(self)
    }

    /// From `earlier` to this moment; zero if `earlier` is later.
    pub fn duration_since(self, earlier: Self) -> Duration {
        duration(self.0.saturating_sub(earlier.0))
    }

    /// This moment plus `duration`, or `None` past the end of the counter.
    pub fn checked_add(self, duration: Duration) -> Option<Self> {
        self.0.checked_add(ticks(duration)).map(Self)
    }
}

impl Add<Duration> for Instant {
    type Output = Self;

    /// Saturates at the end of the counter, some thousand years from boot.
    fn add(self, duration: Duration) -> Self {
        Self(self.0.saturating_add(ticks(duration)))
    }
}

/// Ticks per second of the counter, as the firmware set it.
pub fn frequency_hz() -> u64 {
    timer::frequency_hz()
}

/// The duration of `ticks`, rounded down to nanoseconds.
#[inline(never)]
pub fn duration(ticks: u64) -> Duration {
    let hz = u128::from(frequency_hz());
    let ns = u128::from(ticks) * NANOSECONDS / hz;
    Duration::new((ns / NANOSECONDS) as u64, (ns % NANOSECONDS) as u32)
}

/// The ticks in `duration`, rounded up: a sleep is never shorter than asked for. Saturates.
#[inline(never)]
pub fn ticks(duration: Duration) -> u64 {
    let hz = u128::from(frequency_hz());
    let ticks = (duration.as_nanos() * hz).div_ceil(NANOSECONDS);
    u64::try_from(ticks).unwrap_or(u64::MAX)
}

/// Delays by watching the counter: the core does nothing else. For delays shorter than a switch, and where
/// no thread may sleep.
#[derive(Clone, Copy, Debug, Default)]
pub struct CounterDelay;

impl DelayNs for CounterDelay {
    fn delay_ns(&mut self, ns: u32) {
        let end = Instant::now() + Duration::from_nanos(u64::from(ns));
        while Instant::now() < end {
            core::hint::spin_loop();
        }
    }
}

/// Delays by letting the thread sleep: other threads run meanwhile.
#[derive(Clone, Copy, Debug, Default)]
pub struct SleepDelay;

impl DelayNs for SleepDelay {
    fn delay_ns(&mut self, ns: u32) {
        thread::sleep(Duration::from_nanos(u64::from(ns)));
    }
}
