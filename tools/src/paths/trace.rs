//! The emulator's trace of what it executes: which core executes which instruction. Pure.
//!
//! With `-d exec,nochain` and one instruction for each translation block, QEMU prints a line before every instruction,
//! and another one if it is not executed after all, because something else goes first:
//!
//! ```text
//! Trace 0: 0x7f52cfc94080 [00004000/0000000040088450/00000021/ff022201] symbol
//! Stopped execution of TB chain before 0x7f52cfc94080 [0000000040088450] symbol
//! ```
//!
//! (`accel/tcg/cpu-exec.c`, `log_cpu_exec` and `cpu_tb_exec`.)

/// What a core executes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Step {
    pub(super) core: usize,
    pub(super) pc: u64,
}

/// Reads a trace.
#[derive(Debug, Default)]
pub(super) struct Reader {
    /// Is executed, unless the next line says otherwise.
    next: Option<Step>,
}

impl Reader {
    /// Takes a line; returns the instruction that was executed before it.
    pub(super) fn line(&mut self, line: &[u8]) -> Option<Step> {
        if let Some(rest) = line.strip_prefix(b"Trace ") {
            return std::mem::replace(&mut self.next, step(rest));
        }
        if line.starts_with(b"Stopped execution") {
            self.next = None;
        }
        None
    }
}

/// Core and address, from what follows the first word.
fn step(line: &[u8]) -> Option<Step> {
    let colon = line.iter().position(|&byte| byte == b':')?;
    let bracket = line.iter().position(|&byte| byte == b'[')?;
    let mut fields = line.get(bracket + 1..)?.split(|&byte| byte == b'/');
    Some(Step {
        core: std::str::from_utf8(&line[..colon]).ok()?.parse().ok()?,
        pc: u64::from_str_radix(std::str::from_utf8(fields.nth(1)?).ok()?, 16).ok()?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(lines: &[&str]) -> Vec<(usize, u64)> {
        let mut reader = Reader::default();
        // The last instruction is known to be executed when something follows it.
        let lines = lines
            .iter()
            .chain(&["Trace 9: 0x1 [0/00000000000000ff/0/0] "]);
        let steps = lines.filter_map(|line| reader.line(line.as_bytes()));
        steps.map(|step| (step.core, step.pc)).collect()
    }

    #[test]
    fn an_instruction_that_was_stopped_is_executed_once() {
        let lines = [
            "Trace 0: 0x7f52cfc94080 [00004000/0000000040088450/00000021/ff022201] ",
            "Trace 1: 0x7f52cfc89640 [00004000/0000000040088454/00000021/ff022201] f",
            "Stopped execution of TB chain before 0x7f52cfc89640 [0000000040088454] f",
            "Trace 1: 0x7f52cfc89640 [00004000/0000000040088454/00000021/ff022201] f",
        ];
        assert_eq!(read(&lines), [(0, 0x4008_8450), (1, 0x4008_8454)]);
    }

    #[test]
    fn lines_of_other_kinds_are_passed_over() {
        let lines = [
            "",
            "Trace",
            "Trace x: [",
            "cpu_reset",
            "Trace 0: 0x1 [0/zz/",
        ];
        assert_eq!(read(&lines), []);
    }
}
