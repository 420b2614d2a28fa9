//! `top`: who uses the cores, again and again.

use alloc::{string::String, vec::Vec};
use core::{convert::Infallible, time::Duration};

use ufmt::{uWrite, uwrite, uwriteln};

use super::{
    Arg, Command, Context, Output, Spec,
    cmd_threads::Level,
    jobs, pad,
    top::{self, Counted, FIGURES, Row, Sample},
};
use crate::{
    cores, report::Verdict, suite::foremost::Foremost, thread, thread::ThreadInfo, time,
    time::Instant,
};

pub(super) static TOP: Command = Command {
    spec: Spec {
        name: "top",
        summary: "Show who uses the cores, the busiest first; q or ^C ends it",
        args: &[
            Arg::number("seconds", 1, 3600, "Time from one look to the next")
                .or_number(1)
                .option(),
            Arg::number(
                "count",
                1,
                1_000_000,
                "Looks, one below the other, and then the end",
            )
            .option(),
            Arg::flag("once", "One look: as --count 1"),
        ],
    },
    run,
};

/// Rows of a terminal, of which the last one stays free.
const ROWS: usize = 23;

/// Erases the rest of the row, of the screen.
const END_OF_ROW: &str = "\x1b[K\n";
const REST_OF_SCREEN: &str = "\x1b[J";
/// Clears the screen and hides the cursor; goes to its first row; shows the cursor.
const BEGIN: &str = "\x1b[2J\x1b[?25l";
const HOME: &str = "\x1b[H";
const END: &str = "\x1b[?25h";

/// What is counted at one moment.
struct Look {
    at: Instant,
    threads: Vec<Sample>,
    cores: Vec<Sample>,
}

/// A row's label that is being written.
#[derive(Default)]
struct Label(String);

impl uWrite for Label {
    type Error = Infallible;

    fn write_str(&mut self, text: &str) -> Result<(), Infallible> {
        self.0.push_str(text);
        Ok(())
    }
}

fn run(ctx: &mut Context) -> Verdict {
    let period = Duration::from_secs(ctx.number("seconds"));
    let once = ctx.flag("once").then_some(1);
    let looks = ctx.number_if_given("count").or(once);
    let is_live = looks.is_none();
    if is_live {
        if jobs::is_in_background() {
            let Ok(()) = uwriteln!(
                ctx.out(),
                "top: the screen is not the background's; `top --count N` prints its looks"
            );
            return Verdict::Usage;
        }
        ctx.cancel().listen_to(b'q');
        show(ctx, BEGIN);
    }
    // However many hogs there are.
    let _foremost = Foremost::new();
    let mut before = Look::now();
    let mut busy = 0;
    for _ in 0..looks.unwrap_or(u64::MAX) {
        if ctx.sleep(period).is_err() {
            // Who watches ends it so; who counts wanted more.
            show(ctx, if is_live { END } else { "" });
            return if is_live {
                Verdict::Passed
            } else {
                Verdict::Aborted
            };
        }
        let now = Look::now();
        busy = draw(ctx, &before, &now, is_live);
        before = now;
    }
    let Ok(()) = ctx
        .report("top")
        .with("looks", looks.unwrap_or_default())
        .with("threads", before.threads.len())
        .with("busy_permille", busy)
        .end();
    Verdict::Passed
}

fn show(ctx: &mut Context, text: &str) {
    let Ok(()) = ctx.out().write_str(text);
    ctx.out().flush();
}

/// Shows what was done between two looks; returns the share of all cores that was used, in thousandths of one.
fn draw(ctx: &mut Context, before: &Look, now: &Look, is_live: bool) -> u64 {
    let time = now.at.duration_since(before.at);
    let cores = top::rows(&before.cores, &now.cores, time);
    let mut threads = top::rows(&before.threads, &now.threads, time);
    let end = if is_live { END_OF_ROW } else { "\n" };
    show(ctx, if is_live { HOME } else { "" });
    let out = ctx.out();
    let Ok(()) = uwrite!(
        out,
        "up {} s, {} cores, {} threads; {} s{}{}",
        pad::seconds(time::duration(now.at.ticks())),
        cores.len(),
        threads.len(),
        pad::seconds(time),
        if is_live { "; q ends this" } else { "" },
        end
    );
    let Ok(()) = uwrite!(
        out,
        "{}{}{}",
        pad::left("CORE    RUNS", LABEL),
        FIGURES,
        end
    );
    cores.iter().for_each(|row| show_row(out, row, end));
    let Ok(()) = uwrite!(
        out,
        "{}{}{}",
        pad::left("  ID NAME             STATE   CORE PRIO", LABEL),
        FIGURES,
        end
    );
    let room = ROWS.saturating_sub(cores.len() + 3);
    for row in top::busiest(&mut threads, room) {
        show_row(out, row, end);
    }
    show(ctx, if is_live { REST_OF_SCREEN } else { "" });
    cores.iter().map(share).sum()
}

/// One copy of what formatting takes.
#[inline(never)]
fn show_row(out: &mut Output, row: &Row, end: &str) {
    let Ok(()) = uwrite!(out, "{}{}", *row, end);
}

fn share(row: &Row) -> u64 {
    row.share
}

/// The width of a label: with the figures, 80.
const LABEL: usize = 80 - FIGURES.len();

impl Look {
    fn now() -> Self {
        let at = Instant::now();
        let cores = cores::online()
            .map(|core| {
                // One right after the other: their difference is what was busy.
                let up = time::duration(Instant::now().ticks());
                let stats = cores::stats(core);
                let mut label = Label::default();
                let Ok(()) = match stats.running {
                    Some(id) => uwrite!(
                        label,
                        "{}{}",
                        pad::right(core.index(), 4),
                        pad::right(id, 8)
                    ),
                    None => uwrite!(
                        label,
                        "{}{}",
                        pad::right(core.index(), 4),
                        pad::right("idle", 8)
                    ),
                };
                Sample {
                    id: core.index() as u32,
                    label: label.padded(),
                    counted: Counted {
                        busy: up.saturating_sub(stats.idle),
                        voluntary: stats.switches_voluntary,
                        preempted: stats.switches_preempted,
                        migrations: stats.migrations_in,
                    },
                }
            })
            .collect();
        let mut threads: Vec<Sample> = thread::list().iter().map(of_thread).collect();
        top::sort_by_number(&mut threads);
        Self { at, threads, cores }
    }
}

impl Label {
    fn padded(mut self) -> String {
        while self.0.len() < LABEL {
            self.0.push(' ');
        }
        self.0
    }
}

fn of_thread(info: &ThreadInfo) -> Sample {
    let mut label = Label::default();
    let Ok(()) = uwrite!(
        label,
        "{} {}{}{}{}",
        pad::right(info.id, 4),
        pad::left(info.name.as_str(), 17),
        pad::left(info.state.as_str(), 8),
        pad::right(info.core.index(), 4),
        pad::right(Level(info), 5)
    );
    Sample {
        id: info.id.0,
        label: label.padded(),
        counted: Counted {
            busy: info.cpu_time,
            voluntary: info.switches_voluntary,
            preempted: info.switches_preempted,
            migrations: info.migrations,
        },
    }
}
