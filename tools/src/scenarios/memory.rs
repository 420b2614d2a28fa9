//! Scenarios of the commands that look at memory by its address: what is mapped, and what is refused.

use anyhow::{Context, Result};
use pivot::report::{Record, Verdict};

use super::conversations::require;
use crate::board::Board;
use crate::session::{Rig, Session};
use crate::transcript::records;

/// A row of `mem map`.
#[derive(Debug)]
struct Row<'a> {
    start: u64,
    end: u64,
    rights: &'a str,
    what: &'a str,
}

/// An address is good for what its range is good for, and a bad one is an error that names it.
pub(super) fn memory(rig: &Rig<'_>) -> Result<()> {
    let mut session = rig.boot()?;
    let output = session.check("mem map", &[" writable_and_executable=0", "verdict=passed"])?;
    let rows: Vec<Row<'_>> = output.lines().filter_map(row).collect();
    check_rights(&session, &rows)?;
    let place = |what: &str| {
        let found = rows.iter().find(|row| row.what == what);
        found.with_context(|| format!("`mem map` shows no `{what}`:\n{output}"))
    };
    refused(&mut session, "peek 0", "0x0 is not mapped: page 0 is")?;
    refused(&mut session, "poke 0 1", "0x0 is not mapped: page 0 is")?;
    for beyond in ["0x8000000000", "0xfffffffffffffff8"] {
        let reason = format!("{beyond} is not mapped: an address has 39 bits");
        refused(&mut session, &format!("peek {beyond} --width 64"), &reason)?;
    }
    code(&mut session, place("code")?, "code")?;
    code(&mut session, place("constants")?, "constants")?;
    guards(&mut session, place("data, boot stacks")?, place("stacks")?)?;
    scratch(&mut session)?;
    device(&mut session, rig.machine.board, place("devices")?)?;
    session.check("version", &["Pivot"])?;
    session.finish()
}

/// A row as `mem map` prints it: `0x… 0x… KiB rwx type what`.
fn row(line: &str) -> Option<Row<'_>> {
    let hex = |word: &str| u64::from_str_radix(word.strip_prefix("0x")?, 16).ok();
    let mut words = line.split_whitespace();
    let (start, end) = (hex(words.next()?)?, hex(words.next()?)?);
    let rights = words.nth(1)?;
    let kind = words.next()?;
    let what = line.split_once(kind)?.1.trim();
    Some(Row {
        start,
        end,
        rights,
        what,
    })
}

/// Nothing may be written and executed, and only code may be executed.
fn check_rights(session: &Session, rows: &[Row<'_>]) -> Result<()> {
    let wrong = rows.iter().find(|row| {
        let expected = match row.what {
            "code" => "r-x",
            "constants" | "device tree" => "r--",
            _ => "rw-",
        };
        row.rights != expected || row.start >= row.end
    });
    match wrong {
        Some(row) => Err(session
            .serial
            .failure(&format!("wrong rights: {row:?}"))
            .into()),
        None => Ok(()),
    }
}

/// It is read, and not written; and only at multiples of the width.
fn code(session: &mut Session, row: &Row<'_>, what: &str) -> Result<()> {
    let start = row.start;
    session.check(
        &format!("peek {start:#x} 8"),
        &[&format!("@peek address={start:#x} width=32")],
    )?;
    let reason = format!("{start:#x} is read-only: {what}");
    refused(session, &format!("poke {start:#x} 0"), &reason)?;
    let odd = start + 2;
    refused(
        session,
        &format!("peek {odd:#x}"),
        &format!("{odd:#x} is not a multiple of 4"),
    )
    .map(drop)
}

/// What begins in front of a guard ends there, at its first byte.
fn guards(session: &mut Session, data: &Row<'_>, stacks: &Row<'_>) -> Result<()> {
    let below = stacks.start - 4;
    let reason = format!("{below:#x} is not mapped: the guard below a stack");
    refused(session, &format!("peek {below:#x}"), &reason)?;
    let (end, start) = (data.end, data.end - 8);
    let reason = format!("{end:#x} is not mapped: the guard below a boot stack");
    let begun = format!("{start:#012x}  ");
    for line in [format!("dump {start:#x} 64"), format!("peek {start:#x} 4")] {
        let output = refused(session, &line, &reason)?;
        require(session, &output, &begun)?;
    }
    Ok(())
}

/// What is written is there, in the width in which it was written.
fn scratch(session: &mut Session) -> Result<()> {
    session.check("poke scratch 0x12345678", &["12345678 written"])?;
    session.check("peek scratch", &["width=32 first=0x12345678"])?;
    session.check("poke scratch 0xff --width 8", &["ff written"])?;
    session.check("peek scratch --width 64", &["width=64 first=0x123456ff"])?;
    session.check("peek scratch --width 16", &["width=16 first=0x56ff"])?;
    session.check("dump scratch 16", &[" ff 56 34 12 00 00 00 00 "])?;
    refused(
        session,
        "poke scratch 0x1ff --width 8",
        "0x1ff has more than 8 bits",
    )?;
    session.check("peek scratch", &["first=0x123456ff"])?;
    Ok(())
}

/// Registers are read one by one.
fn device(session: &mut Session, board: Board, devices: &Row<'_>) -> Result<()> {
    let start = devices.start;
    let reason = format!("{start:#x} is a device");
    refused(session, &format!("dump {start:#x}"), &reason)?;
    // A PL011's part number begins with 0x11 (DDI 0183G, section 3.3.14).
    let identification = match board {
        Board::Virt => 0x0900_0fe0_u64,
        Board::Rpi4 => 0xfe20_1fe0,
    };
    session.check(
        &format!("peek {identification:#x}"),
        &["width=32 first=0x11"],
    )?;
    Ok(())
}

/// Types a command that must be refused for `reason`; returns what it printed.
fn refused(session: &mut Session, line: &str, reason: &str) -> Result<String> {
    let output = session.check(line, &[reason])?;
    let has_passed = |record: Record| record.verdict() == Some(Verdict::Passed);
    if records(&output).any(has_passed) {
        let what = format!("`{line}` passed");
        return Err(session.serial.failure(&what).into());
    }
    Ok(output)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_row_of_the_map_is_read_and_other_lines_are_none() {
        let line = "0x0040098000 0x00400b0000        96 rw- normal data, boot stacks";
        let read = row(line).unwrap();
        assert_eq!((read.start, read.end), (0x4009_8000, 0x400b_0000));
        assert_eq!((read.rights, read.what), ("rw-", "data, boot stacks"));
        for other in ["FROM         TO", "@map ranges=9", "", "0x1 0x2"] {
            assert!(row(other).is_none(), "{other}");
        }
    }
}
