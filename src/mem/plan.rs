//! What the linear map maps, and as what: decided from ranges, before any table is written.
//!
//! Pure. Only what exists is mapped: a core speculates into Normal memory, and where there is
//! nothing to answer it dies of an SError, sometimes minutes later. So holes, the VideoCore's part
//! of RAM and reserved memory stay unmapped (hazard H15).

use crate::mem::ranges::{PAGE_BYTES, RangeSet, page_down, page_up};
use crate::mem::window::GUARD_BYTES;
use core::ops::Range;
use core::slice;

/// Page 0: the Pi's firmware stub and its spin table. Mapped, though reserved, until all cores have
/// arrived.
pub const PAGE_ZERO: Range<usize> = 0..PAGE_BYTES;

/// How a region may be accessed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Access {
    /// Normal memory, read-only, executable: the only region that is.
    Code,
    /// Normal memory, read-only.
    Constant,
    /// Normal memory, read and write.
    Data,
    /// Registers of devices, read and write.
    Device,
}

/// A page-aligned range that is mapped to itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Region {
    /// Addresses, virtual and physical.
    pub range: Range<usize>,
    /// What may be done there.
    pub access: Access,
}

/// Where the linker put the parts of the image, all page-aligned.
#[derive(Clone, Debug)]
pub struct Image {
    /// Header and code.
    pub code: Range<usize>,
    /// Constants.
    pub constants: Range<usize>,
    /// Everything that is written, up to the end of the image.
    pub data: Range<usize>,
    /// Addresses of the guards below the boot stacks, inside `data`: [`GUARD_BYTES`] each stay unmapped.
    pub guards: [usize; 2],
}

/// All that decides what the linear map looks like.
#[derive(Clone, Debug)]
pub struct Layout<'a> {
    /// RAM, in any order, overlapping or not.
    pub memory: &'a [Range<usize>],
    /// Parts of RAM that are not ours.
    pub reserved: &'a [Range<usize>],
    /// The device tree blob, if there is one: mapped read-only and never handed out.
    pub device_tree: Option<Range<usize>>,
    /// Registers of devices.
    pub devices: &'a [Range<usize>],
    /// The image.
    pub image: Image,
    /// Where the linear map must end: RAM from there on is not used.
    pub end: usize,
}

/// Maps a region; says whether it could.
pub type Mapper<'a> = dyn FnMut(&Region) -> bool + 'a;

impl Layout<'_> {
    /// Calls `map` for each region that must be mapped: the image, the device tree, the devices and
    /// page 0. Returns the first that could not be.
    pub fn map_required(&self, map: &mut Mapper<'_>) -> Result<(), Region> {
        require(&self.image.code, Access::Code, map)?;
        require(&self.image.constants, Access::Constant, map)?;
        self.map_data(map)?;
        if let Some(tree) = &self.device_tree {
            require(tree, Access::Constant, map)?;
        }
        self.map_devices(map)?;
        // A region of its own, so that it is a 4 KiB page and can be unmapped without splitting.
        let is_ram = |range: &Range<usize>| range.start == 0 && range.end >= PAGE_ZERO.end;
        if self.memory.iter().any(is_ram) {
            require(&PAGE_ZERO, Access::Data, map)?;
        }
        Ok(())
    }

    /// Calls `map` for each region of RAM that is neither reserved nor taken by one of the above,
    /// and returns what was mapped: it belongs to nobody yet. The rest is merely not used.
    pub fn map_free(&self, map: &mut Mapper<'_>) -> RangeSet {
        let image = self.image.code.start..self.image.data.end;
        let tree = self.device_tree.clone().unwrap_or(0..0);
        let taken = [image, tree, self.end..usize::MAX, PAGE_ZERO];
        let mut free = RangeSet::difference(self.memory, &[self.reserved, self.devices, &taken]);
        free.retain(|range| {
            map(&Region {
                range: range.clone(),
                access: Access::Data,
            })
        });
        free
    }

    fn map_data(&self, map: &mut Mapper<'_>) -> Result<(), Region> {
        let guards = self.image.guards.map(|guard| guard..guard + GUARD_BYTES);
        let data = RangeSet::difference(slice::from_ref(&self.image.data), &[&guards]);
        data.as_slice()
            .iter()
            .try_for_each(|range| require(range, Access::Data, map))
    }

    fn map_devices(&self, map: &mut Mapper<'_>) -> Result<(), Region> {
        let mut devices = RangeSet::new();
        for range in self.devices {
            devices.add(&(page_down(range.start)..page_up(range.end)));
        }
        devices
            .as_slice()
            .iter()
            .try_for_each(|range| require(range, Access::Device, map))
    }
}

/// Maps every page that `range` touches.
fn require(range: &Range<usize>, access: Access, map: &mut Mapper<'_>) -> Result<(), Region> {
    let region = Region {
        range: page_down(range.start)..page_up(range.end),
        access,
    };
    if region.range.is_empty() || map(&region) {
        Ok(())
    } else {
        Err(region)
    }
}

#[cfg(test)]
#[expect(
    clippy::single_range_in_vec_init,
    reason = "memory of one range is one range"
)]
mod tests {
    use super::*;

    const IMAGE: Image = Image {
        code: 0x8_0000..0x9_0000,
        constants: 0x9_0000..0x9_4000,
        data: 0x9_4000..0xa_0000,
        guards: [0x9_8000, 0x9_d000],
    };

    fn layout<'a>(memory: &'a [Range<usize>], reserved: &'a [Range<usize>]) -> Layout<'a> {
        Layout {
            memory,
            reserved,
            device_tree: Some(0x2eff_0010..0x2eff_9000),
            devices: &[0xfe20_1000..0xfe20_1200, 0xfe20_0000..0xfe20_00f4],
            image: IMAGE,
            end: 1 << 37,
        }
    }

    fn regions(layout: &Layout<'_>) -> (Vec<Region>, RangeSet) {
        let mut regions = Vec::new();
        let mut map = |region: &Region| {
            regions.push(region.clone());
            true
        };
        layout.map_required(&mut map).unwrap();
        let free = layout.map_free(&mut map);
        (regions, free)
    }

    fn access(regions: &[Region], address: usize) -> Option<Access> {
        let mut at = regions
            .iter()
            .filter(|region| region.range.contains(&address));
        let found = at.next().map(|region| region.access);
        assert_eq!(at.next(), None, "{address:#x} is in two regions");
        found
    }

    #[test]
    fn each_part_has_its_access_and_what_is_not_there_is_unmapped() {
        let layout = layout(&[0..0x3b40_0000, 0x4000_0000..0x8000_0000], &[0..0x1000]);
        let (regions, free) = regions(&layout);
        for (address, expected) in [
            (0, Some(Access::Data)),
            (0x1000, Some(Access::Data)),
            (0x7_f000, Some(Access::Data)),
            (0x8_0000, Some(Access::Code)),
            (0x9_3fff, Some(Access::Constant)),
            (0x9_4000, Some(Access::Data)),
            (0x9_7fff, Some(Access::Data)),
            (0x9_8000, None),
            (0x9_d000, None),
            (0x9_f000, Some(Access::Data)),
            (0xa_0000, Some(Access::Data)),
            (0x2eff_0000, Some(Access::Constant)),
            (0x3b3f_ffff, Some(Access::Data)),
            (0x3b40_0000, None),
            (0x4000_0000, Some(Access::Data)),
            (0x8000_0000, None),
            (0xfe20_0000, Some(Access::Device)),
            (0xfe20_1fff, Some(Access::Device)),
            (0xfe20_2000, None),
        ] {
            assert_eq!(access(&regions, address), expected, "{address:#x}");
        }
        assert!(
            free.as_slice()
                .iter()
                .all(|range| range.start >= PAGE_BYTES)
        );
        assert!(!free.contains(0x9_0000) && !free.contains(0x2eff_8fff));
        assert_eq!(
            free.bytes(),
            0x3b40_0000 + 0x4000_0000 - 0x1000 - 0x2_0000 - 0x9000
        );
    }

    #[test]
    fn only_the_image_is_executable_and_nothing_is_both() {
        let layout = layout(&[0..0x4000_0000], &[]);
        let (regions, _) = regions(&layout);
        let code: Vec<_> = regions
            .iter()
            .filter(|r| r.access == Access::Code)
            .collect();
        assert_eq!(code.len(), 1);
        assert_eq!(code[0].range, IMAGE.code);
    }

    #[test]
    fn reserved_memory_is_not_even_mapped_but_page_zero_is_a_page_of_its_own() {
        let layout = layout(&[0..0x4000_0000], &[0..0x1000, 0x1000_0800..0x1010_0000]);
        let (regions, free) = regions(&layout);
        assert!(regions.contains(&Region {
            range: PAGE_ZERO,
            access: Access::Data
        }));
        assert_eq!(access(&regions, 0x1000_0000), None);
        assert_eq!(access(&regions, 0x100f_ffff), None);
        assert!(!free.contains(0x1000_0000) && free.contains(0x1010_0000));
    }

    #[test]
    fn page_zero_is_never_handed_out() {
        let layout = layout(&[0..0x4000_0000], &[]);
        let (regions, free) = regions(&layout);
        assert_eq!(access(&regions, 0), Some(Access::Data));
        assert!(!free.contains(0) && free.contains(PAGE_BYTES));
    }

    #[test]
    fn page_zero_is_not_mapped_where_there_is_no_ram() {
        let mut layout = layout(&[0x4000_0000..0x6000_0000], &[]);
        layout.device_tree = None;
        let (regions, _) = regions(&layout);
        assert_eq!(access(&regions, 0), None);
    }

    #[test]
    fn ram_beyond_the_end_is_left_alone() {
        let mut layout = layout(&[0..0x2_0000_0000], &[]);
        layout.end = 0x1_0000_0000;
        assert_eq!(
            regions(&layout).1.as_slice().last().map(|r| r.end),
            Some(0x1_0000_0000)
        );
    }

    #[test]
    fn ram_that_cannot_be_mapped_is_not_handed_out_but_the_image_must_be() {
        let layout = layout(&[0..0x3b40_0000, 0x4000_0000..0x8000_0000], &[]);
        let free = layout.map_free(&mut |region| region.range.start < 0x4000_0000);
        assert_eq!(free.as_slice().last().map(|r| r.end), Some(0x3b40_0000));
        let failed = layout.map_required(&mut |region| region.access != Access::Constant);
        assert_eq!(failed.unwrap_err().range, IMAGE.constants);
    }
}
