//! Commands about the machine: what it is, what it has, and how it ends.

use ufmt::{uwrite, uwriteln};

use super::{Arg, Command, Context, Spec, cmd_map, pad};
use crate::{
    console, cores, fault,
    irq::{self, Source},
    kernel, mem,
    report::Verdict,
    time::{self, Instant},
};

pub(super) static VERSION: Command = Command {
    spec: Spec {
        name: "version",
        summary: "Say what this is and what it runs on",
        args: &[],
    },
    run: version,
};

fn version(ctx: &mut Context) -> Verdict {
    let board = kernel::board();
    let Ok(()) = uwriteln!(
        ctx.out(),
        "Pivot {} (build {}) on {}, {}\n{} of {} cores, entered at EL{}, counter at {} Hz",
        env!("CARGO_PKG_VERSION"),
        crate::BUILD_HASH,
        board.name,
        if (board.is_emulated)() {
            "emulated"
        } else {
            "hardware"
        },
        cores::count_online(),
        cores::configured(),
        kernel::entry_level(),
        time::frequency_hz()
    );
    Verdict::Passed
}

pub(super) static UPTIME: Command = Command {
    spec: Spec {
        name: "uptime",
        summary: "Say how long the counter has been running",
        args: &[],
    },
    run: |ctx| {
        let up = time::duration(Instant::now().ticks());
        let Ok(()) = uwriteln!(ctx.out(), "up {} s", pad::seconds(up));
        Verdict::Passed
    },
};

pub(super) static IRQ: Command = Command {
    spec: Spec {
        name: "irq",
        summary: "Count the interrupts of each core, and what the console lost",
        args: &[],
    },
    run: irq,
};

fn irq(ctx: &mut Context) -> Verdict {
    let out = ctx.out();
    let Ok(()) = uwrite!(out, "INTID  {}", pad::left("SOURCE", 12));
    // Eight cores fit into a line too.
    let width = (61 / cores::count_online().max(1)).min(10);
    for core in cores::online() {
        let Ok(()) = uwrite!(out, "{}{}", pad::right("CORE", width - 1), core.index());
    }
    let Ok(()) = uwriteln!(out, "");
    for line in irq::lines() {
        let source = match line.source {
            Source::Timer => "timer",
            Source::Reschedule => "reschedule",
            Source::Device => "device",
            Source::Software => "software",
            Source::Unexpected => "unexpected",
        };
        let Ok(()) = uwrite!(
            out,
            "{}  {}",
            pad::right(line.intid, 5),
            pad::left(source, 12)
        );
        for core in cores::online() {
            let Ok(()) = uwrite!(out, "{}", pad::right(line.counts[core.index()], width));
        }
        let Ok(()) = uwriteln!(out, "");
    }
    let console = console::stats();
    let Ok(()) = uwriteln!(
        out,
        "console: {} bytes received, {} sent, {} dropped unread, {} overruns, {} line errors",
        console.received,
        console.sent,
        console.dropped,
        console.overruns,
        console.line_errors()
    );
    Verdict::Passed
}

pub(super) static MEM: Command = Command {
    spec: Spec {
        name: "mem",
        summary: "Show what memory is used for, or what is mapped",
        args: &[Arg::choice(
            "what",
            &["use", "map"],
            "Its use, or what the page tables map, with which rights",
        )
        .or_choice("use")],
    },
    run: |ctx| match ctx.choice("what") {
        "map" => cmd_map::show(ctx),
        _ => mem(ctx),
    },
};

fn mem(ctx: &mut Context) -> Verdict {
    let stats = mem::stats();
    let lines = [
        ("RAM", stats.total_bytes),
        ("free", stats.free_bytes),
        ("heap, claimed", stats.heap_claimed_bytes),
        ("heap, used", stats.heap_used_bytes),
        ("stacks, mapped", stats.stacks_mapped_bytes),
        ("stacks, cached", stats.stacks_cached_bytes),
        ("stacks, kept", stats.stacks_kept_bytes),
    ];
    for (what, bytes) in lines {
        let kib = pad::right(bytes / 1024, 10);
        let Ok(()) = uwriteln!(ctx.out(), "{}{} KiB", pad::left(what, 16), kib);
    }
    let tables = pad::right(stats.table_pages, 10);
    let Ok(()) = uwriteln!(
        ctx.out(),
        "{}{} pages",
        pad::left("page tables", 16),
        tables
    );
    let crashed = pad::right(fault::crashed(), 10);
    let Ok(()) = uwriteln!(
        ctx.out(),
        "{}{} threads, with what they had allocated; {} bytes of their blocks",
        pad::left("crashed", 16),
        crashed,
        stats.lost_bytes
    );
    Verdict::Passed
}

pub(super) static REBOOT: Command = Command {
    spec: Spec {
        name: "reboot",
        summary: "Restart the machine",
        args: &[],
    },
    run: |ctx| {
        let Ok(()) = uwriteln!(ctx.out(), "restarting");
        kernel::reboot()
    },
};

pub(super) static HALT: Command = Command {
    spec: Spec {
        name: "halt",
        summary: "Stop the machine; an emulator exits",
        args: &[],
    },
    run: |ctx| {
        let Ok(()) = uwriteln!(ctx.out(), "stopping");
        kernel::halt()
    },
};
