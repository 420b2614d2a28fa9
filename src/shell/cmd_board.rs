//! Commands about the board under the machine: what it is, how warm it is, how fast its cores run.

use ufmt::{uDisplay, uwrite, uwriteln};

use super::{Arg, Command, Context, Spec, pad};
use crate::{
    core_clock,
    drivers::{
        codes::{Revision, Throttled},
        property::Unanswered,
        videocore::{self, Clock},
    },
    kernel,
    report::Verdict,
    suite::conditions::counter,
    time,
};

pub(super) static BOARD: Command = Command {
    spec: Spec {
        name: "board",
        summary: "Say which board this is, whose its memory is, and whether its counter is right",
        args: &[],
    },
    run: board,
};

pub(super) static TEMP: Command = Command {
    spec: Spec {
        name: "temp",
        summary: "Say how warm the chip is, and what has slowed it down",
        args: &[],
    },
    run: |ctx| judge(ctx, temp),
};

pub(super) static CLOCK: Command = Command {
    spec: Spec {
        name: "clock",
        summary: "Show the clocks, or set that of the cores",
        args: &[Arg::choice_or_number(
            "mhz",
            &["show", "max", "auto", "keep"],
            (1, 4_000),
            "Set it; or let measurements set it to its maximum (auto, as at the start), or keep it",
        )
        .optional()],
    },
    run: |ctx| judge(ctx, clock),
};

/// Runs a command that the VideoCore has to answer.
fn judge(ctx: &mut Context, command: fn(&mut Context) -> Result<Verdict, Unanswered>) -> Verdict {
    command(ctx).unwrap_or_else(|why| {
        let Ok(()) = uwriteln!(ctx.out(), "{}", why);
        Verdict::Failed
    })
}

/// One line: what, and its value.
fn row(ctx: &mut Context, what: &str, value: impl uDisplay) {
    let Ok(()) = uwriteln!(ctx.out(), "{}{}", pad::left(what, 11), value);
}

/// A range of addresses, its end not included.
struct Span(u64, u64);

impl uDisplay for Span {
    fn fmt<W: ufmt::uWrite + ?Sized>(
        &self,
        f: &mut ufmt::Formatter<'_, W>,
    ) -> Result<(), W::Error> {
        let Self(start, end) = *self;
        uwrite!(
            f,
            "0x{:x} to 0x{:x}, {} MiB",
            start,
            end,
            (end - start) >> 20
        )
    }
}

impl Span {
    fn new([base, bytes]: [u32; 2]) -> Self {
        Self(base.into(), u64::from(base) + u64::from(bytes))
    }
}

/// A rate in Hz.
struct Mhz(u64);

impl uDisplay for Mhz {
    fn fmt<W: ufmt::uWrite + ?Sized>(
        &self,
        f: &mut ufmt::Formatter<'_, W>,
    ) -> Result<(), W::Error> {
        uwrite!(f, "{} MHz", pad::fixed(self.0 / 1_000, 3))
    }
}

fn board(ctx: &mut Context) -> Verdict {
    let (board, machine) = (kernel::board(), kernel::machine());
    row(ctx, "machine", machine.compatible.as_str());
    for range in &machine.memory {
        row(ctx, "RAM", Span(range.start as u64, range.end as u64));
    }
    let mut verdict = if machine.blocks.mailbox.is_some() {
        judge(ctx, of_videocore)
    } else {
        row(ctx, "VideoCore", "none: the device tree names no mailbox");
        Verdict::Passed
    };
    let said_hz = time::frequency_hz();
    row(ctx, "counter", Mhz(said_hz));
    let measured_hz = counter::measured_hz();
    if let Some(hz) = measured_hz {
        row(ctx, "measured", Mhz(hz));
    }
    if counter::wrong_hz().is_some() {
        let what = "WARNING: more than 1 % from what it says, by the system timer; times are wrong";
        row(ctx, "counter", what);
        // An emulator's two clocks are read by a host that does something else between: told, and no board's fault.
        verdict = verdict.combine(Verdict::from_check((board.is_emulated)()));
    }
    let mut line = ctx.report("board").with("board", board.name);
    if let Some(code) = videocore::board_revision().ok().or(machine.revision) {
        line = line.with("revision", crate::report::Value::Hex(code.into()));
    }
    line = line.with("counter_hz", said_hz);
    if let Some(hz) = measured_hz {
        line = line.with("counter_measured_hz", hz);
    }
    let Ok(()) = line.end();
    verdict
}

/// What only the VideoCore knows; and its memory must be nobody else's.
fn of_videocore(ctx: &mut Context) -> Result<Verdict, Unanswered> {
    row(ctx, "board", Revision(videocore::board_revision()?));
    row(ctx, "firmware", videocore::firmware()?);
    row(ctx, "Arm", Span::new(videocore::arm_memory()?));
    let theirs = Span::new(videocore::videocore_memory()?);
    let is_shared = |ours: &core::ops::Range<usize>| {
        (ours.start as u64) < theirs.1 && theirs.0 < ours.end as u64
    };
    let is_taken = kernel::machine().memory.iter().any(is_shared);
    row(ctx, "VideoCore", theirs);
    if is_taken {
        row(
            ctx,
            "RAM",
            "WARNING: the device tree gives away memory of the VideoCore's",
        );
    }
    Ok(Verdict::from_check(!is_taken))
}

fn temp(ctx: &mut Context) -> Result<Verdict, Unanswered> {
    let (now, max) = (
        videocore::temperature_mc()?,
        videocore::temperature_max_mc()?,
    );
    let bits = videocore::throttled()?;
    let tenths = |mc: u32| pad::fixed(u64::from(mc / 100), 1);
    let Ok(()) = uwriteln!(
        ctx.out(),
        "{} C of {} C at which it slows down; {}",
        tenths(now),
        tenths(max),
        Throttled(bits)
    );
    Ok(Verdict::Passed)
}

const CLOCKS: [(Clock, &str); 3] = [
    (Clock::Arm, "cores"),
    (Clock::Core, "VideoCore"),
    (Clock::Uart, "UART"),
];

fn clock(ctx: &mut Context) -> Result<Verdict, Unanswered> {
    if let Some(mhz) = ctx.number_if_given("mhz") {
        return set(ctx, mhz);
    }
    match ctx.choice_if_given("mhz") {
        Some("max") => {
            let max_hz = Clock::Arm.max_hz()?;
            return set(ctx, u64::from(max_hz) / 1_000_000);
        }
        // Who keeps or lets go of a clock that is not there is told so.
        Some("auto") => Clock::Arm.rate_hz().map(|_| core_clock::keep(false))?,
        Some("keep") => Clock::Arm.rate_hz().map(|_| core_clock::keep(true))?,
        _ => show(ctx)?,
    }
    let what = if core_clock::is_kept() {
        "measurements keep the cores' clock as it is"
    } else {
        "measurements set the cores' clock to its maximum first"
    };
    let Ok(()) = uwriteln!(ctx.out(), "{}", what);
    Ok(Verdict::Passed)
}

/// The clocks that there are, in MHz.
fn show(ctx: &mut Context) -> Result<(), Unanswered> {
    // Once, so that what is not there is said and not shown as four dashes.
    Clock::Arm.rate_hz()?;
    let Ok(()) = uwrite!(ctx.out(), "{}", pad::left("clock, MHz", 12));
    for heading in ["set", "measured", "least", "most"] {
        let Ok(()) = uwrite!(ctx.out(), "{}", pad::right(heading, 10));
    }
    for (clock, name) in CLOCKS {
        let Ok(()) = uwrite!(ctx.out(), "\n{}", pad::left(name, 12));
        for hz in [
            clock.rate_hz(),
            clock.measured_hz(),
            clock.min_hz(),
            clock.max_hz(),
        ] {
            let out = ctx.out();
            let Ok(()) = match hz {
                Ok(hz) => {
                    let mhz = pad::fixed(u64::from(hz / 10_000), 2);
                    uwrite!(out, "{}", pad::right(mhz, 10))
                }
                Err(_) => uwrite!(out, "{}", pad::right("-", 10)),
            };
        }
    }
    let Ok(()) = uwriteln!(ctx.out(), "");
    Ok(())
}

/// Sets the clock of the cores; measurements leave it there.
fn set(ctx: &mut Context, mhz: u64) -> Result<Verdict, Unanswered> {
    let of = |hz: u32| u64::from(hz) / 1_000_000;
    let (min, max) = (Clock::Arm.min_hz()?, Clock::Arm.max_hz()?);
    if !(of(min)..=of(max)).contains(&mhz) {
        let (min, max) = (of(min), of(max));
        let Ok(()) = uwriteln!(ctx.out(), "the cores run at {} to {} MHz", min, max);
        return Ok(Verdict::Failed);
    }
    // In range, so it has 32 bits; and the firmware's own maximum need not be whole.
    let hz = if mhz == of(max) {
        max
    } else {
        (mhz * 1_000_000) as u32
    };
    let set_hz = Clock::Arm.set_hz(hz)?;
    core_clock::keep(true);
    let Ok(()) = uwriteln!(
        ctx.out(),
        "the cores' clock is set to {} MHz, and measurements keep it (`clock auto` ends that)",
        of(set_hz)
    );
    Ok(Verdict::from_check(set_hz == hz))
}
