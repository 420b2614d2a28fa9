//! The blocks of a Pi's chip that other machines do not have, as a device tree names them.
//!
//! A block that the tree does not name is not there, and its address is never tried: on an emulator that is an abort,
//! on a board an SError some time later.

use dtoolkit::fdt::{Fdt, FdtNode};

use super::devices::is_mapped;
use super::find::{Chain, address, is_any, is_okay, walk};
use crate::board::Board;

/// Physical addresses of the registers of the blocks that there are.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Blocks {
    /// The VideoCore's mailbox.
    pub mailbox: Option<usize>,
    /// The pins, with the pull control of the BCM2711.
    pub gpio: Option<usize>,
    /// The power manager: reset and watchdog.
    pub power: Option<usize>,
    /// The free-running counter of 1 MHz.
    pub system_timer: Option<usize>,
}

/// How a block is found.
struct Kind {
    /// What its node is compatible with (Linux, `bcm283x.dtsi` and `bcm2711.dtsi`).
    compatible: &'static [&'static str],
    /// Bytes of its registers that the driver reaches.
    bytes: usize,
    /// Whether a node that is disabled will do.
    even_disabled: bool,
    /// Where its address goes.
    place: fn(&mut Blocks) -> &mut Option<usize>,
}

const KINDS: [Kind; 4] = [
    Kind {
        compatible: &["brcm,bcm2835-mbox"],
        bytes: 0x40,
        even_disabled: false,
        place: |blocks| &mut blocks.mailbox,
    },
    Kind {
        compatible: &["brcm,bcm2711-gpio"],
        bytes: 0xf4,
        even_disabled: false,
        place: |blocks| &mut blocks.gpio,
    },
    Kind {
        compatible: &["brcm,bcm2711-pm", "brcm,bcm2835-pm-wdt"],
        bytes: 0x28,
        even_disabled: false,
        place: |blocks| &mut blocks.power,
    },
    Kind {
        compatible: &["brcm,bcm2835-system-timer"],
        bytes: 0x1c,
        // The board's own tree disables it (raspberrypi/linux, `bcm2711-rpi-ds.dtsi`), so that Linux takes the generic
        // timer. The VideoCore runs by it all the same, and it is only read here.
        even_disabled: true,
        place: |blocks| &mut blocks.system_timer,
    },
];

/// What the tree names, as far as the board maps it; of two of a kind the first.
pub(super) fn read(board: &Board, fdt: Fdt<'_>) -> Blocks {
    let mut blocks = Blocks::default();
    walk(fdt, &mut |chain, node| {
        for kind in &KINDS {
            let place = (kind.place)(&mut blocks);
            if place.is_none() {
                *place = kind.at(board, chain, node);
            }
        }
        false
    });
    blocks
}

impl Kind {
    fn at(&self, board: &Board, chain: &Chain<'_>, node: &FdtNode<'_>) -> Option<usize> {
        if !is_any(node, self.compatible) || !(self.even_disabled || is_okay(node)) {
            return None;
        }
        let (base, _) = address(chain, 0)?;
        is_mapped(board, base, self.bytes).then_some(base)
    }
}

#[cfg(test)]
mod tests {
    use super::super::fixture::{self, PI, VIRT, cells, text};
    use super::*;
    use dtoolkit::model::DeviceTree;

    fn found(board: &Board, tree: &DeviceTree) -> Blocks {
        let blob = tree.to_dtb();
        read(board, Fdt::new(&blob).unwrap())
    }

    #[test]
    fn the_blocks_of_the_pi_are_found_where_the_cores_see_them_and_virt_has_none() {
        let expected = Blocks {
            mailbox: Some(0xfe00_b880),
            gpio: Some(0xfe20_0000),
            power: Some(0xfe10_0000),
            system_timer: Some(0xfe00_3000),
        };
        assert_eq!(found(&PI, &fixture::pi()), expected);
        assert_eq!(found(&VIRT, &fixture::virt()), Blocks::default());
    }

    #[test]
    fn a_block_that_is_disabled_is_not_used_but_for_the_timer_that_is_only_read() {
        let mut tree = fixture::pi();
        for node in ["mailbox@7e00b880", "gpio@7e200000", "watchdog@7e100000"] {
            let node = tree.find_node_mut(&format!("/soc/{node}")).unwrap();
            node.add_property(text("status", "disabled"));
        }
        let blocks = found(&PI, &tree);
        assert_eq!(
            (blocks.mailbox, blocks.gpio, blocks.power),
            (None, None, None)
        );
        let blob = tree.to_dtb();
        let timer = Fdt::new(&blob).unwrap().find_node("/soc/timer@7e003000");
        assert!(!is_okay(&timer.unwrap()), "as on the board");
        assert_eq!(blocks.system_timer, Some(0xfe00_3000));
    }

    #[test]
    fn a_block_where_the_board_maps_no_devices_is_not_used() {
        let mut tree = fixture::pi();
        for node in ["mailbox@7e00b880", "timer@7e003000"] {
            let node = tree.find_node_mut(&format!("/soc/{node}")).unwrap();
            node.add_property(cells("reg", &[0x0000_b880, 0x1000]));
        }
        let blocks = found(&PI, &tree);
        assert_eq!((blocks.mailbox, blocks.system_timer), (None, None));
        assert_eq!(blocks.gpio, Some(0xfe20_0000));
    }
}
