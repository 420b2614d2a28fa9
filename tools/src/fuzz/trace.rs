//! The emulator's trace, line by line: which instructions were executed, and whether an interrupt could have
//! come there. Pure.
//!
//! With `-d cpu,nochain` and one instruction for each translation block, QEMU prints all registers before every
//! instruction; three of them count here:
//!
//! ```text
//!  PC=0000000040081234 X00=0000000000000001 X01=…
//! …
//! PSTATE=60000004 -ZC- EL1t
//! ```

use std::collections::BTreeSet;

/// PSTATE.I: interrupts are masked (DDI 0487, C5.2.19, SPSR_EL1 has the same layout).
const MASKED: u64 = 1 << 7;

/// Addresses of instructions.
pub(crate) type Addresses = BTreeSet<u64>;

/// What was executed while the window was open.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Executed {
    /// With interrupts enabled: here one can be taken.
    pub(crate) enabled: Addresses,
    /// With interrupts masked.
    pub(crate) masked: Addresses,
}

impl Executed {
    /// Whether the instruction was executed.
    pub(crate) fn contains(&self, address: &u64) -> bool {
        self.enabled.contains(address) || self.masked.contains(address)
    }
}

/// Reads a trace.
#[derive(Debug)]
pub(crate) struct Reader {
    /// The function that says when the window opens and closes: by its argument.
    window: u64,
    is_open: bool,
    was_closed: bool,
    /// Program counter and x0 of the instruction whose PSTATE comes.
    current: Option<(u64, u64)>,
    executed: Executed,
}

impl Reader {
    /// A reader to whom calls of the function at `window` say when to look.
    pub(crate) fn new(window: u64) -> Self {
        Self {
            window,
            is_open: false,
            was_closed: false,
            current: None,
            executed: Executed::default(),
        }
    }

    /// Takes a line.
    pub(crate) fn line(&mut self, line: &[u8]) {
        if let Some(rest) = line.strip_prefix(b" PC=") {
            let x0 = rest.get(16..).and_then(|rest| rest.strip_prefix(b" X00="));
            self.current = hex(rest).zip(x0.and_then(hex));
        } else if let Some(rest) = line.strip_prefix(b"PSTATE=")
            && let Some((pc, x0)) = self.current.take()
            && let Some(pstate) = hex(rest)
        {
            self.instruction(pc, x0, pstate);
        }
    }

    fn instruction(&mut self, pc: u64, x0: u64, pstate: u64) {
        if pc == self.window {
            self.is_open = x0 != 0 && !self.was_closed;
            self.was_closed |= x0 == 0;
        } else if self.is_open {
            let set = if pstate & MASKED == 0 {
                &mut self.executed.enabled
            } else {
                &mut self.executed.masked
            };
            set.insert(pc);
        }
    }

    /// Whether the window has been closed: nothing that follows counts.
    pub(crate) fn has_closed(&self) -> bool {
        self.was_closed
    }

    /// What was executed, once the window has been closed; `None` if it was not.
    pub(crate) fn finish(self) -> Option<Executed> {
        self.was_closed.then_some(self.executed)
    }
}

/// The hexadecimal number that a text begins with.
fn hex(text: &[u8]) -> Option<u64> {
    let digits = text.iter().take_while(|byte| byte.is_ascii_hexdigit());
    let text = &text[..digits.count()];
    u64::from_str_radix(std::str::from_utf8(text).ok()?, 16).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    const WINDOW: u64 = 0x4008_0000;

    /// As QEMU 10 prints one instruction.
    fn dump(reader: &mut Reader, pc: u64, x0: u64, pstate: u64) {
        let lines = [
            format!(" PC={pc:016x} X00={x0:016x} X01=0000000000000002\n"),
            "X02=0000000000000000 X03=0000000000000000 X04=0000000000000000\n".to_owned(),
            format!("PSTATE={pstate:08x} -ZC- EL1t\n"),
        ];
        lines.iter().for_each(|line| reader.line(line.as_bytes()));
    }

    fn read(instructions: &[(u64, u64, u64)]) -> Option<Executed> {
        let mut reader = Reader::new(WINDOW);
        for &(pc, x0, pstate) in instructions {
            dump(&mut reader, pc, x0, pstate);
        }
        reader.finish()
    }

    #[test]
    fn an_instruction_is_enabled_or_masked_by_the_mask_bit_and_may_be_both() {
        let (enabled, masked) = (0x6000_0004, 0x6000_0084);
        let executed = read(&[
            (WINDOW, 1, masked),
            (0x10, 0, enabled),
            (0x14, 0, masked),
            (0x10, 0, masked),
            (WINDOW, 0, masked),
        ])
        .unwrap();
        assert_eq!(executed.enabled, Addresses::from([0x10]));
        assert_eq!(executed.masked, Addresses::from([0x10, 0x14]));
    }

    #[test]
    fn only_what_lies_in_the_window_counts_and_it_opens_once() {
        let executed = read(&[
            (0x10, 0, 4),
            (WINDOW, 1, 4),
            (0x14, 0, 4),
            (WINDOW, 0, 4),
            (0x18, 0, 4),
            (WINDOW, 1, 4),
            (0x1c, 0, 4),
        ])
        .unwrap();
        assert_eq!(executed.enabled, Addresses::from([0x14]));
    }

    #[test]
    fn a_trace_that_ends_within_the_window_is_no_trace() {
        assert_eq!(read(&[(WINDOW, 1, 4), (0x14, 0, 4)]), None);
    }

    #[test]
    fn lines_of_other_kinds_are_passed_over() {
        let mut reader = Reader::new(WINDOW);
        dump(&mut reader, WINDOW, 1, 4);
        for line in ["Stopped execution of TB chain\n", "", " PC=xyz", "PSTATE="] {
            reader.line(line.as_bytes());
        }
        dump(&mut reader, WINDOW, 0, 4);
        assert_eq!(reader.finish(), Some(Executed::default()));
    }
}
