//! `suite`: runs the test commands one after the other, and says what came of them all.

use alloc::vec::Vec;

use ufmt::{uwrite, uwriteln};

use super::SUITES;
use crate::{
    report::Verdict,
    shell::{Arg, Command, Context, Spec, pad},
    thread,
    time::Instant,
};

const LIST: &str = "list";
const ALL: &str = "all";

/// What can be chosen: the two words, and the name of each suite.
static CHOICES: [&str; SUITES.len() + 2] = {
    let mut choices = [LIST; SUITES.len() + 2];
    choices[1] = ALL;
    let mut i = 0;
    while i < SUITES.len() {
        choices[i + 2] = SUITES[i].spec.name;
        i += 1;
    }
    choices
};

/// The command.
pub static COMMAND: Command = Command {
    spec: Spec {
        name: "suite",
        summary: "Run test commands with their defaults: `suite all`, `suite pin sched`",
        args: &[
            Arg::choices(
                "what",
                &CHOICES,
                "list, all, or names that `suite list` shows",
                "What to run",
            ),
            Arg::flag(
                "strict",
                "Hand --strict on to those that have it (needs -icount or a board)",
            ),
            Arg::flag("brief", "Show what a suite prints only if it fails"),
        ],
    },
    run,
};

fn run(ctx: &mut Context) -> Verdict {
    let chosen: Vec<&str> = ctx.choices("what").collect();
    if chosen.contains(&LIST) {
        return list(ctx);
    }
    let is_all = chosen.contains(&ALL);
    let named = |name: &&str| SUITES.iter().find(|suite| suite.spec.name == *name);
    let suites: Vec<&Command> = if is_all {
        SUITES.to_vec()
    } else {
        chosen.iter().filter_map(named).copied().collect()
    };
    let (mut verdict, mut failed) = (Verdict::Passed, Vec::new());
    let (start, mut ended) = (Instant::now(), 0_u32);
    for suite in suites {
        let of_suite = one(ctx, suite);
        verdict = verdict.combine(of_suite);
        ended += 1;
        if of_suite == Verdict::Aborted {
            break;
        }
        if of_suite != Verdict::Passed {
            failed.push(suite.spec.name);
        }
    }
    for name in &failed {
        let _ = uwriteln!(ctx.out(), "failed: {}", *name);
    }
    let (seconds, failures) = (pad::seconds(start.elapsed()), failed.len());
    let _ = uwriteln!(
        ctx.out(),
        "SUMMARY: {} suites, {} failed, {} s: {}",
        ended,
        failures,
        seconds,
        verdict
    );
    verdict
}

fn list(ctx: &mut Context) -> Verdict {
    for suite in SUITES {
        let name = pad::left(suite.spec.name, 10);
        let _ = uwriteln!(ctx.out(), "{} {}", name, suite.spec.summary);
    }
    Verdict::Passed
}

/// Runs one suite, and says what came of it.
fn one(ctx: &mut Context, suite: &Command) -> Verdict {
    let mut line = heapless::String::<64>::new();
    let name = suite.spec.name;
    // A name that does not fit would be a command that does not exist, and the verdict says so.
    let _ = uwrite!(line, "{}", name);
    if ctx.flag("strict") && suite.spec.args.iter().any(|arg| arg.name == "strict") {
        let _ = uwrite!(line, " --strict");
    }
    let is_brief = ctx.flag("brief");
    if is_brief {
        ctx.out().hold();
    } else {
        let _ = uwriteln!(ctx.out(), "--- {}", line.as_str());
    }
    let (before, start) = (Traits::of_this_thread(), Instant::now());
    let mut verdict = ctx.run(&line);
    let elapsed = start.elapsed();
    if Traits::of_this_thread() != before {
        let what = "the thread has another pin, class or preemption count than before";
        let _ = uwriteln!(ctx.out(), "{} ... FAIL: {}", name, what);
        verdict = verdict.combine(Verdict::Failed);
        before.restore();
    }
    if is_brief {
        ctx.out().release(verdict != Verdict::Passed);
    }
    let checks = ctx.out().take_checks();
    let _ = uwriteln!(
        ctx.out(),
        "{} {} {} checks {} s",
        pad::left(name, 10),
        pad::left(verdict, 8),
        pad::right(checks, 4),
        pad::right(pad::seconds(elapsed), 8)
    );
    let report = ctx.report("suite").with("name", name);
    let report = report.with("verdict", verdict).with("checks", checks);
    let Ok(()) = report.with("ms", elapsed.as_millis() as u64).end();
    verdict
}

/// What a suite must leave as it was: the next one runs in the same thread.
#[derive(PartialEq, Eq)]
struct Traits {
    pinned: Option<crate::cores::CoreId>,
    realtime: u8,
    priority: thread::Priority,
    preempt_count: u32,
}

impl Traits {
    fn of_this_thread() -> Self {
        let info = thread::current().info();
        Self {
            pinned: info.pinned,
            realtime: info.realtime,
            priority: info.priority,
            preempt_count: thread::preempt_count(),
        }
    }

    /// What can be put right is.
    fn restore(&self) {
        let me = thread::current();
        match self.pinned {
            Some(core) => _ = me.pin(core),
            None => me.unpin(),
        }
        me.set_realtime(self.realtime);
        me.set_priority(self.priority);
    }
}
