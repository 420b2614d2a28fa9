//! How many cycles a Cortex-A72 would take for a path, as LLVM's model of it has them. See `docs/paths.md` for what the
//! model does not know.

use std::io::Write;
use std::process::{Command, Stdio};

use anyhow::{Context, Result, bail};

use crate::step;

/// The programs, of LLVM.
const DISASSEMBLER: &str = "llvm-mc";
const MODEL: &str = "llvm-mca";

/// Whether they are there.
pub(super) fn is_there() -> bool {
    step::is_on_path(DISASSEMBLER) && step::is_on_path(MODEL)
}

/// The cycles of these instructions, once through, without their branches.
pub(super) fn estimate(words: &[u32]) -> Result<u64> {
    let bytes = words.iter().filter(|word| !is_branch(**word));
    let bytes: String = bytes.map(|word| bytes_of(*word)).collect();
    let source = through(
        Command::new(DISASSEMBLER).args(["-disassemble", "-triple=aarch64", "-mattr=+v8a"]),
        &bytes,
    )?;
    let report = through(
        Command::new(MODEL).args([
            "-mtriple=aarch64",
            "-mcpu=cortex-a72",
            "-iterations=1",
            "-instruction-info=0",
            "-resource-pressure=0",
        ]),
        &source,
    )?;
    total(&report).with_context(|| format!("{MODEL} names no cycles:\n{report}"))
}

/// As the disassembler takes an instruction.
fn bytes_of(word: u32) -> String {
    let bytes = word.to_le_bytes().map(|byte| format!("{byte:#04x}"));
    bytes.join(" ") + "\n"
}

/// Whether an instruction goes elsewhere: branches, calls, returns, exceptions, but no system instruction (DDI 0487,
/// C4.1, "Branches, Exception Generating and System instructions"). The model ignores where they go.
fn is_branch(word: u32) -> bool {
    word >> 26 & 0b111 == 0b101 && word >> 24 != 0xd5
}

/// The figure in what the model prints.
fn total(report: &str) -> Option<u64> {
    let line = report
        .lines()
        .find_map(|line| line.strip_prefix("Total Cycles:"));
    line?.trim().parse().ok()
}

/// What a program makes of a text.
fn through(command: &mut Command, text: &str) -> Result<String> {
    let name = step::render(command);
    let mut child = command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .with_context(|| format!("starting {name}"))?;
    let mut input = child.stdin.take().context("no pipe")?;
    input.write_all(text.as_bytes())?;
    drop(input);
    let output = child.wait_with_output()?;
    if !output.status.success() {
        let errors = String::from_utf8_lossy(&output.stderr);
        bail!("{name}: {}\n{errors}", output.status);
    }
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn branches_are_left_out_and_system_instructions_are_not() {
        // b, bl, ret, eret, cbz, b.eq, tbz, svc
        for word in [
            0x1400_0001,
            0x9400_0001,
            0xd65f_03c0,
            0xd69f_03e0,
            0xb400_0040,
            0x5400_0040,
            0x3600_0040,
            0xd400_0001,
        ] {
            assert!(is_branch(word), "{word:#x}");
        }
        // nop, isb, mrs, add, stp q, ldaxr
        for word in [
            0xd503_201f,
            0xd503_3fdf,
            0xd53b_e040,
            0x9100_0400,
            0xad00_07e0,
            0xc85f_fc20,
        ] {
            assert!(!is_branch(word), "{word:#x}");
        }
    }

    #[test]
    fn the_total_is_read_and_bytes_are_written_the_lowest_first() {
        assert_eq!(total("Iterations: 1\nTotal Cycles:      12\n"), Some(12));
        assert_eq!(total("Cycles: 12"), None);
        assert_eq!(bytes_of(0xd503_201f), "0x1f 0x20 0x03 0xd5\n");
    }
}
