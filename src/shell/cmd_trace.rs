//! `trace`: records what the scheduler does, and prints the record for the host tool.

use core::iter::Peekable;

use ufmt::uwriteln;

use super::{Arg, Command, Context, Spec, pad};
use crate::{
    core_id::CoreId,
    cores,
    report::{self, Line, Verdict},
    sched::tracer::{self, Recording},
    thread, time,
    trace::{self, CORE, END, Event, Kind, Log, START, THREAD, Text},
};

pub(super) static TRACE: Command = Command {
    spec: Spec {
        name: "trace",
        summary: "Record what the scheduler does, for `cargo xtask trace`",
        args: &[
            Arg::choice("what", &["on", "off", "dump", "status"], "What to do").or_choice("status"),
            Arg::number(
                "events",
                64,
                1 << 20,
                "With `on`: room for each core, made a power of two; the oldest are overwritten",
            )
            .or_number(4096)
            .option(),
        ],
    },
    run,
};

fn run(ctx: &mut Context) -> Verdict {
    match ctx.choice("what") {
        "on" => return on(ctx),
        "off" => tracer::stop(),
        "dump" => return dump(ctx),
        _ => {}
    }
    status(ctx)
}

fn on(ctx: &mut Context) -> Verdict {
    let events = ctx.number("events");
    if tracer::start(events as usize).is_ok() {
        return status(ctx);
    }
    let Ok(()) = uwriteln!(
        ctx.out(),
        "trace: no memory for {} events on each of {} cores",
        events,
        cores::count_online()
    );
    Verdict::Failed
}

fn status(ctx: &mut Context) -> Verdict {
    let out = ctx.out();
    match tracer::status() {
        None => {
            let Ok(()) = uwriteln!(out, "trace: off, nothing was recorded");
        }
        Some(recording) if recording.is_on => {
            let Ok(()) = uwriteln!(
                out,
                "trace: on, with room for {} events on each core",
                recording.room
            );
        }
        Some(_) => {
            let Ok(()) = uwriteln!(out, "CORE    EVENTS      LOST  SW-VOL  SW-PRE  MIGR-IN");
            let _ = tracer::read(|_, core, log, _| {
                let counts = log.counts();
                let Ok(()) = uwriteln!(
                    out,
                    "{}{}{}{}{}{}",
                    pad::right(core.index(), 4),
                    pad::right(log.ring().pushed(), 10),
                    pad::right(log.ring().lost(), 10),
                    pad::right(counts.voluntary, 8),
                    pad::right(counts.preempted, 8),
                    pad::right(counts.migrations, 9)
                );
                true
            });
        }
    }
    Verdict::Passed
}

/// Prints everything that was recorded. Stops the recording first: what is printed would be recorded too.
fn dump(ctx: &mut Context) -> Verdict {
    tracer::stop();
    let Some(recording) = tracer::status() else {
        let Ok(()) = uwriteln!(ctx.out(), "trace: nothing was recorded; `trace on` records");
        return Verdict::Failed;
    };
    let mut dump = Dump { ctx, lines: 0 };
    dump.start(&recording);
    for thread in thread::list() {
        dump.thread(thread.id.0, &thread.name);
    }
    let result =
        tracer::read(|_, core, log, stop_ticks| dump.core(&recording, core, log, stop_ticks));
    if result.is_err() {
        let Ok(()) = uwriteln!(dump.ctx.out(), "trace: somebody has turned it on again");
        return Verdict::Failed;
    }
    if dump.ctx.is_cancelled() {
        return Verdict::Aborted;
    }
    dump.end();
    Verdict::Passed
}

/// A dump that is being printed.
struct Dump<'c> {
    ctx: &'c mut Context,
    lines: u64,
}

impl Dump<'_> {
    /// Prints a sealed line of numbers.
    fn numbers(&mut self, id: &str, fields: &[(&str, u64)]) {
        let mut text = Text::new();
        let mut line = Line::begin(&mut text, id);
        for &(key, value) in fields {
            line = line.with(key, value);
        }
        let result = line.end();
        self.seal(result.is_ok(), &mut text);
    }

    /// A line is always shorter than what it is written into; what is not would not be sealed, and be missed.
    fn seal(&mut self, is_complete: bool, line: &mut Text) {
        if is_complete && report::seal(line).is_ok() {
            self.print(line);
        }
    }

    fn print(&mut self, line: &Text) {
        let Ok(()) = ufmt::uWrite::write_str(self.ctx.out(), line);
        self.lines += 1;
    }

    fn start(&mut self, recording: &Recording) {
        let fields = [
            ("counter_hz", time::frequency_hz()),
            ("cores", cores::count_online() as u64),
            ("start_ticks", recording.start_ticks),
            ("room", recording.room as u64),
        ];
        self.numbers(START, &fields);
    }

    fn thread(&mut self, id: u32, name: &str) {
        let mut text = Text::new();
        let line = Line::begin(&mut text, THREAD).with("id", id);
        let result = line.with("name", name).end();
        self.seal(result.is_ok(), &mut text);
    }

    /// Everything of one core. Whether to go on.
    fn core(&mut self, recording: &Recording, core: CoreId, log: &Log, stop_ticks: u64) -> bool {
        for name in log.names() {
            self.thread(name.thread, name.as_str());
        }
        let blocks = self.blocks(core, &mut log.ring().iter().peekable());
        let (ring, counts) = (log.ring(), log.counts());
        let fields = [
            ("core", core.index() as u64),
            ("blocks", blocks),
            ("events", ring.pushed()),
            ("lost", ring.lost()),
            (
                "stop_ticks",
                stop_ticks.saturating_sub(recording.start_ticks),
            ),
            ("voluntary", counts.voluntary),
            ("preempted", counts.preempted),
            ("migrations", counts.migrations),
            ("lost_voluntary", log.overwritten(Kind::Switch)),
            ("lost_preempted", log.overwritten(Kind::Preempt)),
            ("lost_migrations", log.overwritten(Kind::Migrate)),
        ];
        self.numbers(CORE, &fields);
        !self.ctx.is_cancelled()
    }

    /// Prints the events; returns in how many lines.
    fn blocks(&mut self, core: CoreId, events: &mut Peekable<impl Iterator<Item = Event>>) -> u64 {
        let mut line = Text::new();
        let mut blocks = 0;
        while !self.ctx.is_cancelled() && trace::encode(core.index(), blocks, events, &mut line) {
            self.print(&line);
            blocks += 1;
        }
        blocks
    }

    fn end(&mut self) {
        let lines = self.lines;
        self.numbers(END, &[("lines", lines)]);
    }
}
