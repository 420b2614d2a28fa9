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

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};

/// PSTATE.I: interrupts are masked (DDI 0487, C5.2.19, SPSR_EL1 has the same layout).
const MASKED: u64 = 1 << 7;

/// For how many interrupts it is remembered that an instruction was executed after them.
const REMEMBERED: usize = 16;

/// Addresses of instructions.
pub(crate) type Addresses = BTreeSet<u64>;

/// What was executed between the first interrupt and a core's last.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Executed {
    /// With interrupts enabled: here one can be taken. With it, when: after the first interrupts.
    pub(crate) enabled: BTreeMap<u64, Vec<Moment>>,
    /// With interrupts masked.
    pub(crate) masked: Addresses,
    /// What the interrupts of a core came to with the last of them.
    pub(crate) digest: u64,
}

impl Executed {
    /// Whether the instruction was executed.
    pub(crate) fn contains(&self, address: &u64) -> bool {
        self.enabled.contains_key(address) || self.masked.contains(address)
    }

    /// After which interrupt the most of the instructions in `missing` were executed, of the interrupts that are not
    /// in `tried`; the first of them, if it is one of several. And how far behind it the first of them came.
    /// `None`: after none that is left.
    pub(crate) fn best(&self, missing: &Addresses, tried: &BTreeSet<u64>) -> Option<Moment> {
        let mut found: BTreeMap<u64, (usize, u64)> = BTreeMap::new();
        let moments = missing
            .iter()
            .filter_map(|address| self.enabled.get(address));
        for moment in moments.flatten() {
            if !tried.contains(&moment.interrupt) {
                let (count, behind) = found.entry(moment.interrupt).or_insert((0, u64::MAX));
                *count += 1;
                *behind = moment.behind.min(*behind);
            }
        }
        let best = found
            .into_iter()
            .max_by_key(|&(interrupt, (count, _))| (count, Reverse(interrupt)));
        best.map(|(interrupt, (_, behind))| Moment { interrupt, behind })
    }
}

/// When an instruction was executed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Moment {
    /// After which interrupt.
    pub(crate) interrupt: u64,
    /// And how many instructions of the trace later: at least so many were executed.
    pub(crate) behind: u64,
}

/// Reads a trace.
#[derive(Debug)]
pub(crate) struct Reader {
    /// The function that is called for each interrupt, with what the core's came to and how many it has left.
    interrupt: u64,
    /// How many there were.
    interrupts: u64,
    /// Instructions since the last.
    behind: u64,
    has_closed: bool,
    /// Program counter, x0 and x1 of the instruction whose PSTATE comes.
    current: Option<(u64, u64, u64)>,
    executed: Executed,
}

impl Reader {
    /// A reader to whom calls of the function at `interrupt` say when to look.
    pub(crate) fn new(interrupt: u64) -> Self {
        Self {
            interrupt,
            interrupts: 0,
            behind: 0,
            has_closed: false,
            current: None,
            executed: Executed::default(),
        }
    }

    /// Takes a line.
    pub(crate) fn line(&mut self, line: &[u8]) {
        if let Some(rest) = line.strip_prefix(b" PC=") {
            self.current = registers(rest);
        } else if let Some(rest) = line.strip_prefix(b"PSTATE=")
            && let Some((pc, x0, x1)) = self.current.take()
            && let Some(pstate) = hex(rest)
            && !self.has_closed
        {
            self.instruction(pc, x0, x1, pstate);
        }
    }

    fn instruction(&mut self, pc: u64, x0: u64, x1: u64, pstate: u64) {
        if pc == self.interrupt {
            self.interrupts += 1;
            self.behind = 0;
            self.executed.digest = x0;
            self.has_closed = x1 == 0;
        } else if self.interrupts > 0 {
            self.behind += 1;
            if pstate & MASKED != 0 {
                self.executed.masked.insert(pc);
                return;
            }
            let moments = self.executed.enabled.entry(pc).or_default();
            let interrupt = self.interrupts;
            let is_known = moments
                .last()
                .is_some_and(|last| last.interrupt == interrupt);
            if moments.len() < REMEMBERED && !is_known {
                moments.push(Moment {
                    interrupt,
                    behind: self.behind,
                });
            }
        }
    }

    /// Whether a core has had all of its interrupts: nothing that follows counts.
    pub(crate) fn has_closed(&self) -> bool {
        self.has_closed
    }

    /// What was executed, once a core has had all of its interrupts; `None` if none has.
    pub(crate) fn finish(self) -> Option<Executed> {
        self.has_closed.then_some(self.executed)
    }
}

/// Program counter, x0 and x1 from what follows the name of the first.
fn registers(line: &[u8]) -> Option<(u64, u64, u64)> {
    let after = |at: usize, name: &[u8]| line.get(at..).and_then(|rest| rest.strip_prefix(name));
    Some((
        hex(line)?,
        hex(after(16, b" X00=")?)?,
        hex(after(37, b" X01=")?)?,
    ))
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

    const INTERRUPT: u64 = 0x4008_0000;
    const ENABLED: u64 = 0x6000_0004;
    const DISABLED: u64 = 0x6000_0084;

    fn moment(interrupt: u64, behind: u64) -> Moment {
        Moment { interrupt, behind }
    }

    /// As QEMU 10 prints one instruction.
    fn dump(reader: &mut Reader, pc: u64, x0: u64, x1: u64, pstate: u64) {
        let lines = [
            format!(" PC={pc:016x} X00={x0:016x} X01={x1:016x}\n"),
            "X02=0000000000000000 X03=0000000000000000 X04=0000000000000000\n".to_owned(),
            format!("PSTATE={pstate:08x} -ZC- EL1t\n"),
        ];
        lines.iter().for_each(|line| reader.line(line.as_bytes()));
    }

    /// Of a core whose interrupts count down to 0.
    fn read(instructions: &[(u64, u64)], mut left: u64) -> Option<Executed> {
        let mut reader = Reader::new(INTERRUPT);
        for &(pc, pstate) in instructions {
            if pc == INTERRUPT {
                left -= 1;
            }
            dump(&mut reader, pc, 0xd0 + left, left, pstate);
        }
        reader.finish()
    }

    #[test]
    fn an_instruction_is_enabled_or_masked_by_the_mask_bit_and_may_be_both() {
        let instructions = [
            (INTERRUPT, DISABLED),
            (0x10, ENABLED),
            (0x14, DISABLED),
            (0x10, DISABLED),
            (INTERRUPT, DISABLED),
        ];
        let executed = read(&instructions, 2).unwrap();
        assert_eq!(executed.enabled, [(0x10, vec![moment(1, 1)])].into());
        assert_eq!(executed.masked, Addresses::from([0x10, 0x14]));
        assert!(executed.contains(&0x14) && !executed.contains(&0x18));
    }

    #[test]
    fn only_what_lies_between_the_first_interrupt_and_a_cores_last_counts() {
        let instructions = [
            (0x10, ENABLED),
            (INTERRUPT, DISABLED),
            (0x14, ENABLED),
            (INTERRUPT, DISABLED),
            (0x18, ENABLED),
            (INTERRUPT + 4, ENABLED),
        ];
        let executed = read(&instructions, 2).unwrap();
        assert_eq!(executed.enabled, [(0x14, vec![moment(1, 1)])].into());
        assert_eq!(executed.digest, 0xd0);
    }

    #[test]
    fn it_is_remembered_after_which_interrupts_an_instruction_came() {
        let mut instructions = Vec::new();
        for number in 0..30 {
            instructions.push((INTERRUPT, DISABLED));
            instructions.push((0x10, ENABLED));
            instructions.push((0x10, ENABLED));
            if number == 4 {
                instructions.push((0x14, ENABLED));
            }
        }
        let executed = read(&instructions, 30).unwrap();
        assert_eq!(executed.enabled[&0x14], [moment(5, 3)]);
        let first = (1..=16).map(|interrupt| moment(interrupt, 1));
        assert_eq!(executed.enabled[&0x10], first.collect::<Vec<_>>());
    }

    #[test]
    fn the_best_interrupt_has_the_most_that_is_missing_and_was_not_tried() {
        let executed = Executed {
            enabled: [
                (1, vec![moment(3, 10), moment(7, 20)]),
                (2, vec![moment(7, 15)]),
                (3, vec![moment(5, 30), moment(9, 40)]),
            ]
            .into(),
            ..Executed::default()
        };
        let best = |missing: &[u64], tried: &[u64]| {
            let missing = missing.iter().copied().collect();
            executed.best(&missing, &tried.iter().copied().collect())
        };
        assert_eq!(best(&[1, 2, 3], &[]), Some(moment(7, 15)));
        assert_eq!(best(&[1, 2, 3], &[7]), Some(moment(3, 10)));
        assert_eq!(best(&[3], &[5]), Some(moment(9, 40)));
        assert_eq!(best(&[2], &[7]), None);
        assert_eq!(best(&[4], &[]), None);
    }

    #[test]
    fn a_trace_that_ends_before_a_cores_last_interrupt_is_no_trace() {
        assert_eq!(read(&[(INTERRUPT, ENABLED), (0x14, ENABLED)], 2), None);
    }

    #[test]
    fn lines_of_other_kinds_are_passed_over() {
        let mut reader = Reader::new(INTERRUPT);
        for line in ["Stopped execution of TB chain\n", "", " PC=xyz", "PSTATE="] {
            reader.line(line.as_bytes());
        }
        dump(&mut reader, INTERRUPT, 0, 0, DISABLED);
        assert_eq!(reader.finish(), Some(Executed::default()));
    }
}
