//! What lies where: the name of an address, mapped or not, and where a range is to be cut so that each piece has one.
//!
//! Pure. Names only: what may be done there is for the page tables to say.

use crate::mem::plan::{Image, PAGE_ZERO};
use crate::mem::walk::END;
use crate::mem::window::{GUARD_BYTES, STACK_AREA};
use core::ops::Range;

/// What is somewhere.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// Where null pointers point.
    PageZero,
    /// Code of the image.
    Code,
    /// Constants of the image.
    Constants,
    /// Below a stack of the boot core.
    BootGuard,
    /// Data of the image, and the boot core's stacks.
    Data,
    /// The device tree.
    DeviceTree,
    /// Where stacks have their addresses.
    Stacks,
    /// All else below the stacks: RAM, devices, or nothing.
    Elsewhere,
    /// Addresses that are not translated at all.
    OutOfReach,
}

/// Where the places are that have borders of their own.
#[derive(Clone, Debug)]
pub struct Places {
    /// The image.
    pub image: Image,
    /// The device tree, if there is one.
    pub device_tree: Option<Range<usize>>,
}

impl Place {
    /// What it is where it is mapped, as device memory or not.
    #[must_use]
    pub const fn name(self, is_device: bool) -> &'static str {
        match self {
            Self::Code => "code",
            Self::Constants => "constants",
            Self::Data => "data, boot stacks",
            Self::DeviceTree => "device tree",
            Self::Stacks => "stacks",
            Self::PageZero => "page 0",
            _ if is_device => "devices",
            _ => "RAM, heap",
        }
    }

    /// Why nothing is mapped there.
    #[must_use]
    pub const fn absence(self) -> &'static str {
        match self {
            Self::PageZero => "page 0 is left out, for null pointers",
            Self::BootGuard => "the guard below a boot stack",
            Self::Stacks => "the guard below a stack, or no stack yet",
            Self::OutOfReach => "an address has 39 bits",
            _ => "neither RAM of ours nor a device",
        }
    }
}

impl Places {
    /// The places with borders; the first that has an address names it.
    fn known(&self) -> [(Range<usize>, Place); 9] {
        let [low, high] = self.image.guards.map(|guard| guard..guard + GUARD_BYTES);
        [
            (PAGE_ZERO, Place::PageZero),
            (self.image.code.clone(), Place::Code),
            (self.image.constants.clone(), Place::Constants),
            (low, Place::BootGuard),
            (high, Place::BootGuard),
            (self.image.data.clone(), Place::Data),
            (self.device_tree.clone().unwrap_or(0..0), Place::DeviceTree),
            (STACK_AREA, Place::Stacks),
            (END..usize::MAX, Place::OutOfReach),
        ]
    }

    /// What is at `address`.
    #[must_use]
    pub fn at(&self, address: usize) -> Place {
        self.known()
            .iter()
            .find(|(range, _)| range.contains(&address))
            .map_or(Place::Elsewhere, |(_, place)| *place)
    }

    /// `range` in pieces, each in one place.
    pub fn pieces(&self, range: Range<usize>) -> impl Iterator<Item = (Range<usize>, Place)> {
        let mut rest = range;
        core::iter::from_fn(move || {
            if rest.is_empty() {
                return None;
            }
            let borders = self.known().map(|(range, _)| [range.start, range.end]);
            let inside = |border: &usize| rest.start < *border && *border < rest.end;
            let end = borders.into_iter().flatten().filter(inside).min();
            let piece = rest.start..end.unwrap_or(rest.end);
            rest.start = piece.end;
            Some((piece.clone(), self.at(piece.start)))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn places() -> Places {
        Places {
            image: Image {
                code: 0x8_0000..0x9_0000,
                constants: 0x9_0000..0x9_4000,
                data: 0x9_4000..0xa_0000,
                guards: [0x9_8000, 0x9_d000],
            },
            device_tree: Some(0x2eff_0000..0x2eff_9000),
        }
    }

    #[test]
    fn each_address_has_a_name() {
        for (address, place) in [
            (0, Place::PageZero),
            (0xfff, Place::PageZero),
            (0x1000, Place::Elsewhere),
            (0x8_0000, Place::Code),
            (0x9_3fff, Place::Constants),
            (0x9_7fff, Place::Data),
            (0x9_8000, Place::BootGuard),
            (0x9_9fff, Place::BootGuard),
            (0x9_a000, Place::Data),
            (0x9_d000, Place::BootGuard),
            (0xa_0000, Place::Elsewhere),
            (0x2eff_8fff, Place::DeviceTree),
            (STACK_AREA.start - 1, Place::Elsewhere),
            (STACK_AREA.start, Place::Stacks),
            (END - 1, Place::Stacks),
            (END, Place::OutOfReach),
            (usize::MAX - 1, Place::OutOfReach),
        ] {
            assert_eq!(places().at(address), place, "{address:#x}");
        }
    }

    #[test]
    fn a_range_is_cut_where_its_name_changes_and_nowhere_else() {
        let pieces: Vec<_> = places().pieces(0x9_a000..0x3000_0000).collect();
        assert_eq!(
            pieces,
            [
                (0x9_a000..0x9_d000, Place::Data),
                (0x9_d000..0x9_f000, Place::BootGuard),
                (0x9_f000..0xa_0000, Place::Data),
                (0xa_0000..0x2eff_0000, Place::Elsewhere),
                (0x2eff_0000..0x2eff_9000, Place::DeviceTree),
                (0x2eff_9000..0x3000_0000, Place::Elsewhere),
            ]
        );
        let whole: Vec<_> = places().pieces(0x4000_0000..0x8000_0000).collect();
        assert_eq!(whole, [(0x4000_0000..0x8000_0000, Place::Elsewhere)]);
    }

    #[test]
    fn without_a_device_tree_there_is_none() {
        let mut places = places();
        places.device_tree = None;
        assert_eq!(places.at(0x2eff_0000), Place::Elsewhere);
        assert_eq!(places.pieces(0x2000_0000..0x3000_0000).count(), 1);
    }
}
