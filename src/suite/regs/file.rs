//! The register file as a value: where assembly puts each register, what it is called, and what differs.

use ufmt::{Formatter, uDisplay, uWrite, uwrite};

/// All that a thread has in registers. Assembly stores and loads it (`asm/regs.s`).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[repr(C, align(16))]
pub(crate) struct RegisterFile {
    pub(crate) x: [u64; 31],
    pub(crate) sp: u64,
    pub(crate) fpcr: u64,
    pub(crate) fpsr: u64,
    pub(crate) nzcv: u64,
    pub(crate) tpidr_el0: u64,
    pub(crate) daif: u64,
    pub(crate) _unused: u64,
    /// Low half, high half.
    pub(crate) v: [[u64; 2]; 32],
}

/// A register, or the half of one that is compared by itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Register {
    X(u8),
    Sp,
    /// The low half, where only that is preserved.
    D(u8),
    V(u8, Half),
    Fpcr,
    Fpsr,
    Nzcv,
    TpidrEl0,
    Daif,
}

/// A half of a vector register.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Half {
    Low,
    High,
}

impl Half {
    /// Its name in a report.
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::Low => "low",
            Self::High => "high",
        }
    }
}

impl Register {
    /// Which half of the register is meant, if it has two.
    pub(crate) const fn half(self) -> Option<Half> {
        match self {
            Self::V(_, half) => Some(half),
            _ => None,
        }
    }
}

/// Its name, without the half.
impl uDisplay for Register {
    fn fmt<W: uWrite + ?Sized>(&self, f: &mut Formatter<'_, W>) -> Result<(), W::Error> {
        match *self {
            Self::X(n) => uwrite!(f, "x{}", n),
            Self::Sp => f.write_str("sp"),
            Self::D(n) => uwrite!(f, "d{}", n),
            Self::V(n, _) => uwrite!(f, "v{}", n),
            Self::Fpcr => f.write_str("fpcr"),
            Self::Fpsr => f.write_str("fpsr"),
            Self::Nzcv => f.write_str("nzcv"),
            Self::TpidrEl0 => f.write_str("tpidr_el0"),
            Self::Daif => f.write_str("daif"),
        }
    }
}

/// One register that is not what it should be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Difference {
    pub(crate) register: Register,
    pub(crate) expected: u64,
    pub(crate) got: u64,
}

/// Which registers must be what they were.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Scope {
    /// All: the code was interrupted.
    Interrupted,
    /// What a call preserves, FPCR and the thread pointer: the code has called.
    Called,
    /// What a new thread's function may count on.
    Start,
}

impl RegisterFile {
    /// Calls `tell` with every register of `scope` in which `got` differs from this one.
    pub(crate) fn differences(&self, got: &Self, scope: Scope, mut tell: impl FnMut(Difference)) {
        let mut compare = |register, expected, got| {
            if expected != got {
                tell(Difference {
                    register,
                    expected,
                    got,
                });
            }
        };
        let general = match scope {
            Scope::Interrupted => 0..=30,
            Scope::Called | Scope::Start => 19..=29,
        };
        for n in general {
            compare(Register::X(n as u8), self.x[n], got.x[n]);
        }
        if scope == Scope::Called {
            for n in 8..=15 {
                compare(Register::D(n as u8), self.v[n][0], got.v[n][0]);
            }
        } else {
            for (n, (expected, got)) in self.v.iter().zip(&got.v).enumerate() {
                for (half, i) in [(Half::Low, 0), (Half::High, 1)] {
                    compare(Register::V(n as u8, half), expected[i], got[i]);
                }
            }
            compare(Register::Fpsr, self.fpsr, got.fpsr);
        }
        compare(Register::Fpcr, self.fpcr, got.fpcr);
        compare(Register::TpidrEl0, self.tpidr_el0, got.tpidr_el0);
        match scope {
            Scope::Interrupted => {
                compare(Register::Sp, self.sp, got.sp);
                compare(Register::Nzcv, self.nzcv, got.nzcv);
            }
            Scope::Called => compare(Register::Sp, self.sp, got.sp),
            Scope::Start => compare(Register::Daif, self.daif, got.daif),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Every register is something else than in `other`.
    fn file(base: u64) -> RegisterFile {
        let mut next = base;
        let mut value = || {
            next += 1;
            next
        };
        RegisterFile {
            x: core::array::from_fn(|_| value()),
            sp: value(),
            v: core::array::from_fn(|_| [value(), value()]),
            fpcr: value(),
            fpsr: value(),
            nzcv: value(),
            tpidr_el0: value(),
            daif: value(),
            _unused: 0,
        }
    }

    fn names(scope: Scope) -> Vec<String> {
        let mut names = Vec::new();
        file(0).differences(&file(1000), scope, |difference| {
            let mut name = heapless::String::<32>::new();
            uwrite!(name, "{}", difference.register).unwrap();
            if let Some(half) = difference.register.half() {
                uwrite!(name, ".{}", half.as_str()).unwrap();
            }
            names.push(name.as_str().to_owned());
        });
        names
    }

    fn numbered(prefix: &str, numbers: core::ops::RangeInclusive<u8>) -> Vec<String> {
        numbers.map(|n| format!("{prefix}{n}")).collect()
    }

    #[test]
    fn interrupted_code_must_find_every_register_and_both_halves_again() {
        let mut expected = numbered("x", 0..=30);
        expected.extend((0..=31).flat_map(|n| [format!("v{n}.low"), format!("v{n}.high")]));
        expected.extend(["fpsr", "fpcr", "tpidr_el0", "sp", "nzcv"].map(String::from));
        assert_eq!(names(Scope::Interrupted), expected);
    }

    #[test]
    fn code_that_called_must_find_what_a_call_preserves() {
        let mut expected = numbered("x", 19..=29);
        expected.extend(numbered("d", 8..=15));
        expected.extend(["fpcr", "tpidr_el0", "sp"].map(String::from));
        assert_eq!(names(Scope::Called), expected);
    }

    #[test]
    fn a_new_function_may_count_on_vectors_preserved_registers_status_and_mask() {
        let mut expected = numbered("x", 19..=29);
        expected.extend((0..=31).flat_map(|n| [format!("v{n}.low"), format!("v{n}.high")]));
        expected.extend(["fpsr", "fpcr", "tpidr_el0", "daif"].map(String::from));
        assert_eq!(names(Scope::Start), expected);
    }

    #[test]
    fn a_difference_says_what_was_expected_and_what_was_found() {
        let (expected, mut got) = (file(0), file(0));
        got.v[20][1] = 77;
        let mut told = Vec::new();
        expected.differences(&got, Scope::Interrupted, |difference| told.push(difference));
        assert_eq!(
            told,
            [Difference {
                register: Register::V(20, Half::High),
                expected: expected.v[20][1],
                got: 77
            }]
        );
        expected.differences(&got, Scope::Called, |_| panic!("a call may clobber it"));
    }
}
