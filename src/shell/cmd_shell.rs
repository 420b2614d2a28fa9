//! The commands of the shell itself.

use alloc::string::ToString;

use ufmt::{uwrite, uwriteln};

use super::{Arg, Command, Context, Help, Overview, Spec, commands::SPECS, find, jobs, pad};
use crate::{report::Verdict, thread, time::Instant};

pub(super) static HELP: Command = Command {
    spec: Spec {
        name: "help",
        summary: "List the commands, or explain one",
        args: &[Arg::command("command", "What to explain").optional()],
    },
    run: help,
};

fn help(ctx: &mut Context) -> Verdict {
    let Ok(()) = match ctx
        .choice_if_given("command")
        .and_then(|name| find(&SPECS, name))
    {
        Some(spec) => uwrite!(ctx.out(), "{}", Help(spec)),
        None => uwrite!(
            ctx.out(),
            "{}\n  {}\n  {}\n",
            Overview(&SPECS),
            "a; b  runs both        a &  runs in the background        ^C  asks a command to stop",
            "`help CMD` or `CMD --help` explains one, Tab completes and lists"
        ),
    };
    Verdict::Passed
}

pub(super) static ECHO: Command = Command {
    spec: Spec {
        name: "echo",
        summary: "Print the arguments",
        args: &[Arg::words("words", "What to print")],
    },
    run: |ctx| {
        let text = ctx.values.text("words").unwrap_or_default();
        let Ok(()) = uwriteln!(ctx.out, "{}", text);
        Verdict::Passed
    },
};

pub(super) static CLEAR: Command = Command {
    spec: Spec {
        name: "clear",
        summary: "Clear the screen",
        args: &[],
    },
    run: |ctx| {
        let Ok(()) = uwrite!(ctx.out(), "\x1b[2J\x1b[H");
        Verdict::Passed
    },
};

pub(super) static JOBS: Command = Command {
    spec: Spec {
        name: "jobs",
        summary: "List the commands in the background",
        args: &[],
    },
    run: |ctx| {
        for job in jobs::list().into_iter().filter(|job| job.is_background) {
            let Ok(()) = uwriteln!(
                ctx.out(),
                "[{}] {}{}",
                job.id,
                pad::left(job.state, 12),
                job.source.as_str()
            );
        }
        Verdict::Passed
    },
};

pub(super) static KILL: Command = Command {
    spec: Spec {
        name: "kill",
        summary: "Ask a command in the background to stop",
        args: &[Arg::number("job", 1, u64::MAX, "Its number in `jobs`")],
    },
    run: kill,
};

fn kill(ctx: &mut Context) -> Verdict {
    let id = ctx.number("job");
    let job = jobs::list()
        .into_iter()
        .find(|job| job.is_background && job.id as u64 == id);
    if job.is_some_and(|job| jobs::request_stop(job.id)) {
        return Verdict::Passed;
    }
    let Ok(()) = uwriteln!(ctx.out(), "there is no job {}; `jobs` lists them", id);
    Verdict::Usage
}

pub(super) static REPEAT: Command = Command {
    spec: Spec {
        name: "repeat",
        summary: "Run a command several times, and count how often it passed",
        args: &[
            Arg::number("count", 1, 1_000_000_000, "How often"),
            Arg::command_line("command", "What to run, in quotes if it has ; in it"),
        ],
    },
    run: repeat,
};

fn repeat(ctx: &mut Context) -> Verdict {
    let (count, line) = (
        ctx.number("count"),
        ctx.text("command").unwrap_or_default().to_string(),
    );
    let (mut verdict, mut passed, mut rounds) = (Verdict::Passed, 0_u64, 0_u64);
    while rounds < count && !matches!(verdict, Verdict::Aborted | Verdict::Usage) {
        let of_round = if ctx.is_cancelled() {
            Verdict::Aborted
        } else {
            ctx.run(&line)
        };
        verdict = verdict.combine(of_round);
        passed += u64::from(of_round == Verdict::Passed);
        rounds += 1;
    }
    let Ok(()) = uwriteln!(ctx.out(), "{} of {} passed", passed, count);
    verdict
}

pub(super) static TIME: Command = Command {
    spec: Spec {
        name: "time",
        summary: "Run a command and say how long it took",
        args: &[Arg::command_line(
            "command",
            "What to run, in quotes if it has ; in it",
        )],
    },
    run: time,
};

fn time(ctx: &mut Context) -> Verdict {
    let line = ctx.text("command").unwrap_or_default().to_string();
    let (start, cpu) = (Instant::now(), thread::current().info().cpu_time);
    let verdict = ctx.run(&line);
    let (elapsed, cpu) = (
        start.elapsed(),
        thread::current().info().cpu_time.saturating_sub(cpu),
    );
    let Ok(()) = uwriteln!(
        ctx.out(),
        "{} s, of which its first thread ran {} s",
        pad::seconds(elapsed),
        pad::seconds(cpu)
    );
    verdict
}
