//! `map`: that nothing is writable and executable, that code is not written and guards are not mapped: as the page
//! tables say, and as the hardware says when it is asked about addresses of each range.

use alloc::vec::Vec;
use core::ops::Range;

use super::{
    expect::Expect,
    session::{Ended, Session},
};
use crate::{
    arch::cpu::IrqGuard,
    cores,
    mem::{
        access::{Denied, Purpose},
        map::{ask, is_agreed, walker},
        plan::PAGE_ZERO,
        ranges::PAGE_BYTES,
        walk::Mapping,
        window::{GUARD_BYTES, STACK_AREA},
    },
    report::Verdict,
    shell::{Command, Context, Spec, cmd_map},
};

mod mark;
mod probes;

/// The command.
pub static COMMAND: Command = Command {
    spec: Spec {
        name: "map",
        summary: "Check what may be written and executed, guards, stack marks, peek and poke",
        args: &[],
    },
    run,
};

fn run(ctx: &mut Context) -> Verdict {
    let mut session = Session::new(ctx);
    let _: Result<(), Ended> = rights(&mut session)
        .and_then(|()| stacks(&mut session))
        .and_then(|()| probes::check(&mut session))
        .and_then(|()| mark::check(&mut session));
    session.finish()
}

/// Checks that a count of what is wrong is 0.
fn none(session: &mut Session<'_>, id: &str, what: &str, count: usize) {
    session.check(id, what, Expect::Exactly(0), count as u64);
}

/// What each range may be used for, and that the hardware agrees.
#[expect(
    clippy::large_stack_frames,
    reason = "many checks; a command has a stack of 32 KiB"
)]
fn rights(session: &mut Session<'_>) -> Result<(), Ended> {
    let image = cmd_map::places().image;
    let ranges: Vec<Mapping> = walker().ranges().collect();
    let count = |wrong: &dyn Fn(&Mapping) -> bool| ranges.iter().filter(|m| wrong(m)).count();
    // Code, constants, data, and RAM or devices at least.
    let least = Expect::AtLeast(4);
    session.check("map.ranges", "mapped ranges", least, ranges.len() as u64);
    let both = count(&|m| m.rights.write && m.rights.execute);
    none(
        session,
        "map.write-or-execute",
        "ranges that are writable and executable",
        both,
    );
    let user = count(&|m| m.rights.user);
    none(session, "map.user", "ranges that EL0 may use", user);
    let is_code = |m: &Mapping| m.range.start >= image.code.start && m.range.end <= image.code.end;
    let alien = count(&|m| m.rights.execute && !is_code(m));
    none(
        session,
        "map.execute",
        "executable ranges that are not the image's code",
        alien,
    );
    let executable = ranges.iter().filter(|m| m.rights.execute);
    let bytes: usize = executable.map(|m| m.range.len()).sum();
    let all = Expect::Exactly(image.code.len() as u64);
    session.check("map.code", "bytes that are executable", all, bytes as u64);
    let linear = |m: &Mapping| m.range.start < STACK_AREA.start;
    let elsewhere = count(&|m| linear(m) && m.physical != m.range.start);
    none(
        session,
        "map.linear",
        "ranges that are not at their own address",
        elsewhere,
    );

    let writable = unlike(&image.code, Purpose::Write, Err(Denied::NotPermitted));
    none(
        session,
        "map.code.write",
        "pages of code that can be written",
        writable,
    );
    let unreadable = pages(&image.code).filter(|&page| answer(page, Purpose::Read).is_err());
    none(
        session,
        "map.code.read",
        "pages of code that cannot be read",
        unreadable.count(),
    );
    let writable = unlike(&image.constants, Purpose::Write, Err(Denied::NotPermitted));
    none(
        session,
        "map.constants.write",
        "pages of constants that can be written",
        writable,
    );
    none(
        session,
        "map.null",
        "answers about page 0 but that nothing is there",
        mapped(&PAGE_ZERO),
    );
    let guards = image.guards.map(|guard| guard..guard + GUARD_BYTES);
    let there = guards.iter().map(mapped).sum();
    none(
        session,
        "map.boot-guards",
        "pages of the boot stacks' guards that are mapped",
        there,
    );

    let mut disputed = 0;
    for Mapping { range, .. } in &ranges {
        session.sleep(core::time::Duration::ZERO)?;
        let middle = range.start + range.len() / 2;
        let edges = [
            range.start.wrapping_sub(1),
            range.start,
            middle,
            range.end - 1,
            range.end,
        ];
        disputed += edges
            .into_iter()
            .filter(|&address| !is_agreed(address))
            .count();
    }
    none(
        session,
        "map.hardware",
        "addresses of which tables and hardware say different",
        disputed,
    );
    Ok(())
}

/// What is below each stack.
fn stacks(session: &mut Session<'_>) -> Result<(), Ended> {
    let stacks: Vec<Range<usize>> = walker()
        .ranges()
        .map(|mapping| mapping.range)
        .filter(|range| STACK_AREA.contains(&range.start))
        .collect();
    // A thread's for each core but the first, an exception stack for each of those, and this thread's.
    let least = Expect::AtLeast(2 * cores::count_online() as u64 - 1);
    session.check("map.stacks", "stacks", least, stacks.len() as u64);
    let mut before = STACK_AREA.start;
    let mut bare = 0;
    for stack in &stacks {
        let guard = (stack.len() / 2).max(GUARD_BYTES);
        bare += usize::from(stack.start - before < guard);
        before = stack.end;
    }
    none(
        session,
        "map.guards",
        "stacks with less than half their size unmapped below",
        bare,
    );

    let here = (&raw const before).addr();
    let own = stacks.iter().find(|stack| stack.contains(&here));
    let Some(own) = own else {
        return session.require("map.own-stack", "the stack that this thread runs on", false);
    };
    let guard = own.start - GUARD_BYTES.max(own.len() / 2)..own.start;
    none(
        session,
        "map.own-guard",
        "pages below this thread's stack that are mapped",
        mapped(&guard),
    );
    let reached = usize::from(answer(own.start, Purpose::Write).is_ok());
    session.is(
        "map.own-stack",
        "the lowest page of this thread's stack is there",
        reached == 1,
    );
    Ok(())
}

fn pages(range: &Range<usize>) -> impl Iterator<Item = usize> {
    range.clone().step_by(PAGE_BYTES)
}

/// The hardware's answer.
fn answer(address: usize, purpose: Purpose) -> Result<(), Denied> {
    ask(address, purpose, &IrqGuard::mask()).map(drop)
}

/// How many pages of `range` the hardware gives another answer about.
fn unlike(range: &Range<usize>, purpose: Purpose, expected: Result<(), Denied>) -> usize {
    pages(range)
        .filter(|&page| answer(page, purpose) != expected)
        .count()
}

/// How many answers about the pages of `range`, of two each, are not that nothing is mapped.
fn mapped(range: &Range<usize>) -> usize {
    [Purpose::Read, Purpose::Write]
        .into_iter()
        .map(|purpose| unlike(range, purpose, Err(Denied::NotMapped)))
        .sum()
}
