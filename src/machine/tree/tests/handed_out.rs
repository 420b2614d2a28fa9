//! From the firmware's tree of a board to what the kernel maps and hands out.

use core::ops::Range;

use super::super::super::fixture::{self, PI, cells};
use super::super::IDENTITY_END;
use super::found;
use crate::mem::plan::{Image, Layout, Region};

/// A board with 8 GB.
#[test]
fn every_range_of_a_pi_is_handed_out_and_the_memory_of_its_videocore_is_not_even_mapped() {
    let reg = [
        [0, 0, 0x3b40_0000],
        [0, 0x4000_0000, 0xbc00_0000],
        [1, 0, 0x8000_0000],
        [1, 0x8000_0000, 0x8000_0000],
    ];
    let mut tree = fixture::pi();
    let memory = tree.find_node_mut("/memory@0").unwrap();
    memory.add_property(cells("reg", &reg.concat()));
    let machine = found(&PI, &tree).unwrap();
    let layout = Layout {
        memory: &machine.memory,
        reserved: &machine.reserved,
        device_tree: Some(0x3000_0000..0x3000_1000),
        devices: PI.devices,
        image: Image {
            code: 0x8_0000..0x9_0000,
            constants: 0x9_0000..0x9_4000,
            data: 0x9_4000..0xa_0000,
            guards: [0x9_8000, 0x9_d000],
        },
        end: IDENTITY_END,
    };
    let mut mapped = Vec::new();
    let mut map = |region: &Region| {
        mapped.push(region.range.clone());
        true
    };
    layout.map_required(&mut map).unwrap();
    let free = layout.map_free(&mut map);
    for page in [
        0x3b3f_f000,
        0x4000_0000,
        0xfbff_f000,
        0x1_0000_0000,
        0x1_ffff_f000,
    ] {
        assert!(free.contains(page), "{page:#x}");
    }
    // The stub's page, the image, and the tree.
    let taken = 0x1000 + 0x2_0000 + 0x1000;
    assert_eq!(
        free.bytes(),
        0x3b40_0000 + 0xbc00_0000 + 0x1_0000_0000 - taken
    );
    let theirs = 0x3b40_0000..0x4000_0000;
    let touches = |range: &Range<usize>| range.start < theirs.end && theirs.start < range.end;
    assert!(!mapped.iter().any(touches), "{mapped:x?}");
}
