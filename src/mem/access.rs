//! Whether an access may be made, before it is made: its alignment, and the hardware's own answer.
//!
//! Pure. The answer is what an address translation instruction leaves in PAR_EL1: it takes no fault, whatever the
//! address (DDI 0487, PAR_EL1).

/// What an access wants.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Purpose {
    /// A load.
    Read,
    /// A store.
    Write,
}

/// How much one access takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Width {
    /// 8 bits.
    Byte,
    /// 16 bits.
    Half,
    /// 32 bits.
    Word,
    /// 64 bits.
    Double,
}

/// Why an access is not made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Denied {
    /// The address is not a multiple of so many bytes.
    Misaligned(usize),
    /// Nothing is mapped there.
    NotMapped,
    /// It is mapped, but not for this: for a write, as nothing is readable that EL1 may not read.
    NotPermitted,
    /// It is a device, and the access is one for memory only.
    Device,
    /// The translation failed with this fault status code (DDI 0487, ESR_EL1.ISS, DFSC).
    Untranslatable(u8),
}

/// Where an address leads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Translation {
    /// Physical address of the page.
    pub page: usize,
    /// Device memory, of any kind; else Normal.
    pub is_device: bool,
}

impl Width {
    /// The width of this name: `8`, `16`, `32`, `64`.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Some(match name {
            "8" => Self::Byte,
            "16" => Self::Half,
            "32" => Self::Word,
            "64" => Self::Double,
            _ => return None,
        })
    }

    /// Its bytes.
    #[must_use]
    pub const fn bytes(self) -> usize {
        match self {
            Self::Byte => 1,
            Self::Half => 2,
            Self::Word => 4,
            Self::Double => 8,
        }
    }

    /// Its bits.
    #[must_use]
    pub const fn bits(self) -> u32 {
        8 * self.bytes() as u32
    }

    /// Whether `value` fits.
    #[must_use]
    pub const fn holds(self, value: u64) -> bool {
        value.leading_zeros() + self.bits() >= u64::BITS
    }

    /// Refuses an address that is not naturally aligned: it would fault in device memory, and an aligned access lies in
    /// one page.
    ///
    /// # Errors
    ///
    /// [`Denied::Misaligned`].
    pub const fn check(self, address: usize) -> Result<(), Denied> {
        if address.is_multiple_of(self.bytes()) {
            Ok(())
        } else {
            Err(Denied::Misaligned(self.bytes()))
        }
    }
}

/// What `par` says, as PAR_EL1 is after an address translation.
///
/// # Errors
///
/// Why the access would have failed.
pub const fn decode(par: u64) -> Result<Translation, Denied> {
    const FAILED: u64 = 1;
    const ADDRESS: u64 = 0xffff_ffff_f000;
    if par & FAILED == 0 {
        // ATTR as in MAIR_EL1: the upper four bits of Device memory are 0.
        let is_device = par >> 60 == 0;
        let page = (par & ADDRESS) as usize;
        return Ok(Translation { page, is_device });
    }
    // FST: translation faults are 0b0001LL, permission faults 0b0011LL, LL the level.
    let status = (par >> 1) as u8 & 0x3f;
    Err(match status >> 2 {
        0b0001 => Denied::NotMapped,
        0b0011 => Denied::NotPermitted,
        _ => Denied::Untranslatable(status),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_is_a_page_and_its_memory_type() {
        let normal = decode(0xff00_0000_4008_0b80);
        assert_eq!(
            normal,
            Ok(Translation {
                page: 0x4008_0000,
                is_device: false
            })
        );
        for attribute in [0x00_u64, 0x04, 0x08, 0x0c] {
            let device = decode(attribute << 56 | 0xfe20_1b80);
            assert!(device.is_ok_and(|t| t.is_device && t.page == 0xfe20_1000));
        }
        // Normal, not cacheable, is no device.
        assert!(decode(0x44 << 56 | 0x1000).is_ok_and(|t| !t.is_device));
    }

    #[test]
    fn a_fault_at_any_level_is_said_by_its_kind() {
        for level in 0..4 {
            let par = |status: u64| 1 << 11 | (status << 2 | level) << 1 | 1;
            assert_eq!(decode(par(0b0001)), Err(Denied::NotMapped));
            assert_eq!(decode(par(0b0011)), Err(Denied::NotPermitted));
            let flag = 0b0010 << 2 | level as u8;
            assert_eq!(decode(par(0b0010)), Err(Denied::Untranslatable(flag)));
        }
    }

    #[test]
    fn only_multiples_of_the_width_are_accessed() {
        for (width, bytes) in [
            (Width::Byte, 1),
            (Width::Half, 2),
            (Width::Word, 4),
            (Width::Double, 8),
        ] {
            for address in 0x1000..0x1010 {
                let expected = if address % bytes == 0 {
                    Ok(())
                } else {
                    Err(Denied::Misaligned(bytes))
                };
                assert_eq!(width.check(address), expected, "{width:?} {address:#x}");
            }
        }
    }

    #[test]
    fn a_value_fits_if_no_bit_of_it_is_lost() {
        for (name, max) in [
            ("8", 0xff),
            ("16", 0xffff),
            ("32", 0xffff_ffff),
            ("64", u64::MAX),
        ] {
            let width = Width::from_name(name).unwrap();
            assert!(width.holds(0) && width.holds(max), "{name}");
            assert!(max == u64::MAX || !width.holds(max + 1), "{name}");
        }
        assert_eq!(Width::from_name("24"), None);
    }
}
