//! What ESR_EL1 and FAR_EL1 say of a fault, in words. Pure. (DDI 0487, D19.2.40, ESR_EL1.)

use core::ops::Range;

use ufmt::{Formatter, uDisplay, uWrite, uwrite};

use super::Reason;

/// Bytes of the first page, which is not mapped.
const FIRST_PAGE: Range<u64> = 0..4096;

/// The exception classes that a thread can bring about (EC).
mod class {
    pub(super) const UNKNOWN: u64 = 0x00;
    pub(super) const FLOATING_POINT: u64 = 0x07;
    pub(super) const ILLEGAL_STATE: u64 = 0x0e;
    pub(super) const SVC: u64 = 0x15;
    pub(super) const SYSTEM_REGISTER: u64 = 0x18;
    pub(super) const INSTRUCTION_ABORT: u64 = 0x21;
    pub(super) const MISALIGNED_PC: u64 = 0x22;
    pub(super) const DATA_ABORT: u64 = 0x25;
    pub(super) const MISALIGNED_SP: u64 = 0x26;
    pub(super) const BRK: u64 = 0x3c;
}

/// What a fault was, as the core says it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Syndrome {
    /// ESR_EL1.
    pub esr: u64,
    /// FAR_EL1; it counts if [`address`](Self::address) gives it.
    pub far: u64,
}

/// What was to be done at the address.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Access {
    /// To load from it.
    Read,
    /// To store to it.
    Write,
    /// To execute from it.
    Execute,
}

impl Access {
    const fn as_str(self) -> &'static str {
        match self {
            Self::Read => "read of",
            Self::Write => "write to",
            Self::Execute => "jump to",
        }
    }
}

/// What is known of the thread beside the syndrome.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    /// The addresses below its stack that are not mapped.
    pub guard: Range<u64>,
}

impl Syndrome {
    const fn class(self) -> u64 {
        self.esr >> 26 & 0x3f
    }

    /// DFSC or IFSC of an abort.
    const fn status(self) -> u64 {
        self.esr & 0x3f
    }

    /// The number in a `brk`, if it was one.
    #[must_use]
    pub fn brk(self) -> Option<u16> {
        (self.class() == class::BRK).then_some(self.esr as u16)
    }

    /// What was to be done, if it was an abort. (WnR, bit 6; a cache operation counts as a write.)
    #[must_use]
    pub const fn access(self) -> Option<Access> {
        match self.class() {
            class::INSTRUCTION_ABORT => Some(Access::Execute),
            class::DATA_ABORT if self.esr >> 6 & 1 == 1 => Some(Access::Write),
            class::DATA_ABORT => Some(Access::Read),
            _ => None,
        }
    }

    /// The address that the fault was at, if the core says so. (FnV, bit 10, of external aborts: FAR is not valid.)
    #[must_use]
    pub const fn address(self) -> Option<u64> {
        let is_external = self.status() == 0x10;
        match self.class() {
            class::DATA_ABORT | class::INSTRUCTION_ABORT
                if is_external && self.esr >> 10 & 1 == 1 =>
            {
                None
            }
            class::DATA_ABORT | class::INSTRUCTION_ABORT | class::MISALIGNED_PC => Some(self.far),
            _ => None,
        }
    }

    /// Why the thread cannot go on.
    #[must_use]
    pub fn reason(self, place: &Place) -> Reason {
        match self.class() {
            class::UNKNOWN
            | class::FLOATING_POINT
            | class::ILLEGAL_STATE
            | class::SVC
            | class::SYSTEM_REGISTER => Reason::Undefined,
            class::MISALIGNED_PC => Reason::MisalignedPc,
            class::MISALIGNED_SP => Reason::MisalignedStack,
            class::BRK => Reason::Breakpoint,
            class::DATA_ABORT | class::INSTRUCTION_ABORT => self.reason_of_abort(place),
            _ => Reason::Other,
        }
    }

    fn reason_of_abort(self, place: &Place) -> Reason {
        const ALIGNMENT: u64 = 0x21;
        const PERMISSION: u64 = 0b0011;
        match (self.status(), self.access()) {
            (ALIGNMENT, _) => Reason::Misaligned,
            (status, Some(Access::Execute)) if status >> 2 == PERMISSION => Reason::ExecuteOfData,
            (status, Some(Access::Write)) if status >> 2 == PERMISSION => Reason::WriteToReadOnly,
            _ if FIRST_PAGE.contains(&self.far) => Reason::Null,
            (_, Some(Access::Read | Access::Write)) if place.guard.contains(&self.far) => {
                Reason::StackOverflow
            }
            _ => Reason::Wild,
        }
    }

    /// What the table walk said of an abort (DFSC, IFSC).
    const fn status_in_words(self) -> &'static str {
        match self.status() {
            0x00..=0x03 => "address size fault",
            0x04..=0x07 => "not mapped",
            0x08..=0x0b => "access flag fault",
            0x0c..=0x0f => "not permitted",
            0x10 => "external abort",
            0x14..=0x17 => "external abort in the table walk",
            0x21 => "misaligned",
            0x30 => "conflict in the TLB",
            0x34 | 0x35 => "not supported for this memory",
            _ => "unclassified",
        }
    }

    /// The level of the table walk, if the status has one.
    const fn level(self) -> Option<u64> {
        match self.status() {
            0x00..=0x0f | 0x14..=0x17 => Some(self.status() & 3),
            _ => None,
        }
    }

    const fn class_in_words(self) -> &'static str {
        match self.class() {
            class::UNKNOWN => "undefined instruction",
            class::FLOATING_POINT => "floating point trapped",
            class::ILLEGAL_STATE => "illegal execution state",
            class::SVC => "SVC",
            class::SYSTEM_REGISTER => "system register trapped",
            class::INSTRUCTION_ABORT => "instruction abort",
            class::MISALIGNED_PC => "misaligned PC",
            class::DATA_ABORT => "data abort",
            class::MISALIGNED_SP => "misaligned stack pointer",
            class::BRK => "brk",
            _ => "unclassified exception",
        }
    }
}

/// `data abort: write to 0x8, not mapped at level 1`.
impl uDisplay for Syndrome {
    fn fmt<W: uWrite + ?Sized>(&self, f: &mut Formatter<'_, W>) -> Result<(), W::Error> {
        f.write_str(self.class_in_words())?;
        if let Some(number) = self.brk() {
            return uwrite!(f, " {}", number);
        }
        let Some(access) = self.access() else {
            return Ok(());
        };
        uwrite!(f, ": {} ", access.as_str())?;
        match self.address() {
            Some(address) => uwrite!(f, "0x{:x}", address)?,
            None => f.write_str("an unknown address")?,
        }
        uwrite!(f, ", {}", self.status_in_words())?;
        match self.level() {
            Some(level) => uwrite!(f, " at level {}", level),
            None => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PLACE: Place = Place {
        guard: 0x20_0000_0000..0x20_0000_2000,
    };

    fn of(esr: u64, far: u64) -> Syndrome {
        Syndrome { esr, far }
    }

    fn shown(syndrome: Syndrome) -> String {
        let mut text = heapless::String::<128>::new();
        uwrite!(text, "{}", syndrome).unwrap();
        text.as_str().into()
    }

    #[test]
    fn an_abort_says_what_was_to_be_done_where_and_what_stood_in_the_way() {
        assert_eq!(
            shown(of(0x9600_0045, 0x10)),
            "data abort: write to 0x10, not mapped at level 1"
        );
        assert_eq!(
            shown(of(0x9600_0007, 0x20_0000_1ff8)),
            "data abort: read of 0x2000001ff8, not mapped at level 3"
        );
        assert_eq!(
            shown(of(0x8600_000f, 0x40_0000)),
            "instruction abort: jump to 0x400000, not permitted at level 3"
        );
        assert_eq!(
            shown(of(0x9600_0410, 7)),
            "data abort: read of an unknown address, external abort"
        );
        assert_eq!(shown(of(0xf200_0007, 0)), "brk 7");
        assert_eq!(shown(of(0x0200_0000, 0)), "undefined instruction");
    }

    #[test]
    fn the_address_tells_null_guard_and_wild_from_each_other() {
        let reason = |esr, far| of(esr, far).reason(&PLACE);
        let (read, write, execute) = (0x9600_0006, 0x9600_0046, 0x8600_0006);
        assert_eq!(reason(read, 0), Reason::Null);
        assert_eq!(reason(write, 4095), Reason::Null);
        assert_eq!(reason(execute, 0), Reason::Null);
        assert_eq!(reason(read, 4096), Reason::Wild);
        assert_eq!(reason(write, PLACE.guard.end - 1), Reason::StackOverflow);
        assert_eq!(reason(read, PLACE.guard.start), Reason::StackOverflow);
        assert_eq!(reason(write, PLACE.guard.end), Reason::Wild);
        assert_eq!(reason(write, PLACE.guard.start - 1), Reason::Wild);
        assert_eq!(reason(execute, PLACE.guard.start), Reason::Wild);
    }

    #[test]
    fn a_missing_permission_is_told_from_a_missing_page() {
        let reason = |esr| of(esr, 0x4008_0000).reason(&PLACE);
        assert_eq!(reason(0x9600_004f), Reason::WriteToReadOnly);
        assert_eq!(reason(0x8600_000f), Reason::ExecuteOfData);
        assert_eq!(reason(0x9600_0061), Reason::Misaligned);
        assert_eq!(reason(0x9600_0050), Reason::Wild);
    }

    #[test]
    fn other_classes_have_their_reason() {
        let reason = |class: u64| of(class << 26, 0).reason(&PLACE);
        assert_eq!(reason(class::UNKNOWN), Reason::Undefined);
        assert_eq!(reason(class::MISALIGNED_PC), Reason::MisalignedPc);
        assert_eq!(reason(class::MISALIGNED_SP), Reason::MisalignedStack);
        assert_eq!(reason(class::BRK), Reason::Breakpoint);
        assert_eq!(reason(0x2f), Reason::Other);
        assert_eq!(of(0xf200_1234, 0).brk(), Some(0x1234));
        assert_eq!(of(0x9600_1234, 0).brk(), None);
    }
}
