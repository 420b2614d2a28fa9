//! Taking the conditions before and after a measurement, and printing them beside its figures.

use core::time::Duration;

use ufmt::{uwrite, uwriteln};

use super::{
    clock::{Around, has_changed, rate_hz},
    counter,
};
use crate::{
    BUILD_HASH, PROFILE,
    arch::{cpu::IrqGuard, pmu::Window, timer},
    core_clock::{self, Raised},
    cores,
    drivers::{
        codes::{Revision, Throttled},
        property::Unanswered,
        videocore::{self, Clock},
    },
    kernel,
    report::Value,
    shell::{Context, pad},
    thread, time,
};

/// How long the core clock is measured: 216,000 ticks of a Pi.
const WINDOW: Duration = Duration::from_millis(4);

/// How often that is tried.
pub(super) const TRIES: u32 = 4;

/// What can change while something is measured.
#[derive(Clone, Copy, Debug)]
struct Snapshot {
    pmu_hz: Option<u64>,
    mailbox_hz: Option<u64>,
    temperature_mc: Option<u32>,
    throttled: Option<u32>,
}

/// The conditions at the beginning of a measurement.
#[derive(Clone, Copy, Debug)]
#[must_use = "a figure is worth little without its conditions: `print` them"]
pub(crate) struct Conditions {
    /// What was done about the clock of the cores.
    raised: Result<Option<Raised>, Unanswered>,
    before: Snapshot,
}

/// Sets the clock of the cores to its greatest rate, if it is to be, and takes the conditions. Lasts some milliseconds;
/// call it right before what is measured.
pub(crate) fn begin() -> Conditions {
    Conditions {
        raised: core_clock::raise(),
        before: Snapshot::take(),
    }
}

/// Prints the conditions of a command whose figures are not of time, or that has just measured.
pub(crate) fn print(ctx: &mut Context) {
    begin().print(ctx);
}

impl Snapshot {
    fn take() -> Self {
        Self {
            pmu_hz: core_hz(),
            mailbox_hz: Clock::Arm.measured_hz().ok().map(u64::from),
            temperature_mc: videocore::temperature_mc().ok(),
            throttled: videocore::throttled().ok(),
        }
    }

    /// The core clock, and who says so.
    fn core_hz(self) -> Option<(u64, &'static str)> {
        let pmu = self.pmu_hz.map(|hz| (hz, "pmu"));
        pmu.or_else(|| self.mailbox_hz.map(|hz| (hz, "mailbox")))
    }
}

impl Conditions {
    /// Takes the conditions again and prints them: for people, and as a line for the host tool.
    #[expect(
        clippy::large_stack_frames,
        reason = "many values are printed; the compiler overlaps them"
    )]
    pub(crate) fn print(self, ctx: &mut Context) {
        let Self { raised, before } = self;
        let after = Snapshot::take();
        let changed = is_other_clock(before.pmu_hz, after.pmu_hz)
            || is_other_clock(before.mailbox_hz, after.mailbox_hz);
        let board = kernel::board();
        let revision = videocore::board_revision().ok();
        let revision = revision.or(kernel::machine().revision);
        let host = if (board.is_emulated)() {
            "emulated"
        } else {
            "hardware"
        };

        let out = ctx.out();
        let Ok(()) = uwriteln!(
            out,
            "conditions: {} ({}), {} cores, entered at EL{}, counter at {} Hz",
            board.name,
            host,
            cores::count_online(),
            kernel::entry_level(),
            time::frequency_hz()
        );
        let Ok(()) = uwrite!(out, "conditions: ");
        if let Some((hz, source)) = after.core_hz() {
            let mhz = pad::fixed(hz / 10_000, 2);
            let Ok(()) = uwrite!(out, "core at {} MHz ({}, {}), ", mhz, source, host);
        }
        let profile = PROFILE.unwrap_or("unknown");
        let Ok(()) = uwriteln!(out, "{} build {}", profile, BUILD_HASH);
        if let Some(code) = revision {
            let Ok(()) = uwrite!(out, "conditions: {}", Revision(code));
            if let Some(temperature) = after.temperature_mc {
                let tenths = pad::fixed(u64::from(temperature / 100), 1);
                let Ok(()) = uwrite!(out, ", {} C", tenths);
            }
            if let Some(bits) = after.throttled {
                let Ok(()) = uwrite!(out, ", {}", Throttled(bits));
            }
            let Ok(()) = uwriteln!(out, "");
        }
        match raised {
            Ok(None) => {}
            Ok(Some(Raised { was_hz, set_hz })) => {
                let (was, set) = (was_hz / 1_000_000, set_hz / 1_000_000);
                let Ok(()) = uwriteln!(
                    out,
                    "conditions: the cores' clock was set from {} to {} MHz first",
                    was,
                    set
                );
            }
            Err(why) => {
                let Ok(()) = uwriteln!(out, "conditions: THE CORES' CLOCK WAS NOT RAISED: {}", why);
            }
        }
        if let Some(hz) = counter::wrong_hz() {
            let Ok(()) = uwriteln!(
                out,
                "conditions: THE COUNTER IS NOT WHAT IT SAYS: {} Hz by the system timer; times are wrong",
                hz
            );
        }
        if changed {
            let mhz = |of: Snapshot| of.core_hz().map_or(0, |(hz, _)| hz / 1_000_000);
            let Ok(()) = uwriteln!(
                out,
                "conditions: THE CORE CLOCK CHANGED while this was measured: {} MHz before, {} after",
                mhz(before),
                mhz(after)
            );
        }

        let mut line = ctx.report("conditions").with("board", board.name);
        let hex = |bits: Option<u32>| bits.map(|bits| Value::Hex(u64::from(bits)));
        let hz = |snapshot: Snapshot| snapshot.core_hz().map(|(hz, _)| hz);
        let raised = raised.ok().flatten();
        let policy = kernel::machine().blocks.mailbox.map(|_| {
            let keeps = core_clock::is_kept();
            Value::from(if keeps { "keep" } else { "auto" })
        });
        let fields: [(&str, Option<Value<'_>>); 19] = [
            ("revision", hex(revision)),
            ("host", Some(host.into())),
            ("cores", Some(cores::count_online().into())),
            ("el", Some(kernel::entry_level().into())),
            ("counter_hz", Some(time::frequency_hz().into())),
            (
                "counter_measured_hz",
                counter::measured_hz().map(Value::from),
            ),
            ("clock_policy", policy),
            ("clock_was_hz", raised.map(|clock| clock.was_hz.into())),
            ("clock_set_hz", raised.map(|clock| clock.set_hz.into())),
            ("core_hz_before", hz(before).map(Value::from)),
            ("core_hz_after", hz(after).map(Value::from)),
            ("clock_source", after.core_hz().map(|(_, who)| who.into())),
            ("mailbox_hz_before", before.mailbox_hz.map(Value::from)),
            ("mailbox_hz_after", after.mailbox_hz.map(Value::from)),
            ("clock_changed", changed.then_some(1_u8.into())),
            ("temperature_mc", after.temperature_mc.map(Value::from)),
            ("throttled", hex(after.throttled)),
            ("profile", PROFILE.map(Value::from)),
            ("build", Some(BUILD_HASH.into())),
        ];
        for (key, value) in fields {
            if let Some(value) = value {
                line = line.with(key, value);
            }
        }
        let Ok(()) = line.end();
    }
}

/// Whether both are known and differ.
fn is_other_clock(before: Option<u64>, after: Option<u64>) -> bool {
    matches!((before, after), (Some(before), Some(after)) if has_changed(before, after))
}

/// The clock of this core in Hz, by its cycle counter against the generic timer, over [`WINDOW`]. `None` without a PMU, or
/// if something came between each time.
pub(crate) fn core_hz() -> Option<u64> {
    (0..TRIES).find_map(|_| measure_once())
}

/// The thread stays on its core meanwhile and does not sleep, so neither counter stops; interrupts may come, both
/// counters count through them.
fn measure_once() -> Option<u64> {
    let stay = thread::preempt_disable();
    let (from, counting) = around(Window::open);
    let end = from.after + time::ticks(WINDOW);
    while timer::now() < end {
        core::hint::spin_loop();
    }
    let (to, counts) = around(|| counting.close());
    drop(stay);
    rate_hz(counts.cycles?, from, to, time::frequency_hz())
}

/// What `done` gives, and when it was done.
pub(super) fn around<T>(done: impl FnOnce() -> T) -> (Around, T) {
    let irq = IrqGuard::mask();
    let before = timer::now_between();
    let value = done();
    let after = timer::now_between();
    drop(irq);
    (Around { before, after }, value)
}
