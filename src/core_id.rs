//! The number of a core.

use ufmt::{uDebug, uDisplay, uWrite};

use crate::board::MAX_CORES;

/// The number of a core: 0 is the boot core, the others are in the order of the device tree.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct CoreId(u8);

impl CoreId {
    /// The core that boots the machine.
    pub const BOOT: Self = Self(0);

    /// The number of no core, which is equal to that of none.
    pub(crate) const NONE: Self = Self(u8::MAX);

    /// Core `index`, if an image can serve that many.
    pub const fn new(index: usize) -> Option<Self> {
        if index < MAX_CORES {
            Some(Self(index as u8))
        } else {
            None
        }
    }

    /// The core of this number, as [`raw`](Self::raw) gave it; perhaps [`NONE`](Self::NONE).
    #[inline]
    pub(crate) const fn from_raw(raw: u8) -> Self {
        debug_assert!((raw as usize) < MAX_CORES || raw == Self::NONE.0);
        Self(raw)
    }

    /// Its number, to be kept in an atomic.
    #[inline]
    pub(crate) const fn raw(self) -> u8 {
        self.0
    }

    /// Its number, below [`MAX_CORES`].
    #[inline]
    pub const fn index(self) -> usize {
        self.0 as usize
    }
}

impl uDisplay for CoreId {
    fn fmt<W: uWrite + ?Sized>(&self, f: &mut ufmt::Formatter<'_, W>) -> Result<(), W::Error> {
        uDisplay::fmt(&self.0, f)
    }
}

impl uDebug for CoreId {
    fn fmt<W: uWrite + ?Sized>(&self, f: &mut ufmt::Formatter<'_, W>) -> Result<(), W::Error> {
        uDisplay::fmt(&self.0, f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn there_are_as_many_numbers_as_an_image_serves() {
        assert_eq!(CoreId::new(0), Some(CoreId::BOOT));
        assert_eq!(
            CoreId::new(MAX_CORES - 1).map(CoreId::index),
            Some(MAX_CORES - 1)
        );
        assert_eq!(CoreId::new(MAX_CORES), None);
    }
}
