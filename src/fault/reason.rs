//! Why a thread ended before its function returned. Pure.

use ufmt::{Formatter, uDisplay, uWrite};

/// Why a thread ended before its function returned: what `join` gives in place of a result. (`std::thread::Result` has
/// the panic's payload there; here nothing unwinds, and the message is in the report.)
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Reason {
    /// It panicked: a failed assertion, a division by zero, an index out of bounds, no memory.
    Panic = 1,
    /// It used an address in the first page, to read, write or execute.
    Null,
    /// It used an address where there is nothing.
    Wild,
    /// Its stack was too small.
    StackOverflow,
    /// It wrote to what is read-only: code or constants.
    WriteToReadOnly,
    /// It executed what is no code.
    ExecuteOfData,
    /// An access that has to be aligned was not.
    Misaligned,
    /// Its stack pointer was no multiple of 16.
    MisalignedStack,
    /// It went to an address that is no multiple of 4.
    MisalignedPc,
    /// It executed what is no instruction, or none for it.
    Undefined,
    /// It came to a `brk`.
    Breakpoint,
    /// It took a lock which another thread held when that crashed.
    Poisoned,
    /// Anything else that a core reports as the fault of the instruction.
    Other,
}

impl Reason {
    /// All of them.
    pub const ALL: [Self; 13] = [
        Self::Panic,
        Self::Null,
        Self::Wild,
        Self::StackOverflow,
        Self::WriteToReadOnly,
        Self::ExecuteOfData,
        Self::Misaligned,
        Self::MisalignedStack,
        Self::MisalignedPc,
        Self::Undefined,
        Self::Breakpoint,
        Self::Poisoned,
        Self::Other,
    ];

    /// The word that stands for it in reports.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Panic => "panic",
            Self::Null => "null",
            Self::Wild => "wild",
            Self::StackOverflow => "overflow",
            Self::WriteToReadOnly => "read-only",
            Self::ExecuteOfData => "execute-data",
            Self::Misaligned => "misaligned",
            Self::MisalignedStack => "misaligned-stack",
            Self::MisalignedPc => "misaligned-pc",
            Self::Undefined => "undefined",
            Self::Breakpoint => "brk",
            Self::Poisoned => "poison",
            Self::Other => "other",
        }
    }

    /// The same for a person.
    #[must_use]
    pub const fn in_words(self) -> &'static str {
        match self {
            Self::Panic => "a panic",
            Self::Null => "a null pointer",
            Self::Wild => "an address where there is nothing",
            Self::StackOverflow => "a stack overflow",
            Self::WriteToReadOnly => "a write to code or constants",
            Self::ExecuteOfData => "an execute of data",
            Self::Misaligned => "a misaligned access",
            Self::MisalignedStack => "a misaligned stack pointer",
            Self::MisalignedPc => "a jump to a misaligned address",
            Self::Undefined => "an undefined instruction",
            Self::Breakpoint => "a breakpoint instruction",
            Self::Poisoned => "a lock that was held by a thread which crashed",
            Self::Other => "an exception",
        }
    }

    /// As it is kept in a thread's block; 0 is none.
    #[must_use]
    pub fn from_u8(value: u8) -> Option<Self> {
        Self::ALL.into_iter().find(|reason| *reason as u8 == value)
    }
}

impl uDisplay for Reason {
    fn fmt<W: uWrite + ?Sized>(&self, f: &mut Formatter<'_, W>) -> Result<(), W::Error> {
        f.write_str(self.in_words())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn every_reason_has_a_number_that_leads_back_to_it_and_a_word_of_its_own() {
        let words: BTreeSet<_> = Reason::ALL.iter().map(|reason| reason.as_str()).collect();
        assert_eq!(words.len(), Reason::ALL.len());
        for reason in Reason::ALL {
            assert_eq!(Reason::from_u8(reason as u8), Some(reason));
        }
        assert_eq!(Reason::from_u8(0), None);
        assert_eq!(Reason::from_u8(Reason::ALL.len() as u8 + 1), None);
    }
}
