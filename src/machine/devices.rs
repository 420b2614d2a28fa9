//! Console and interrupt controller as a device tree names them.

use core::ops::Range;

use dtoolkit::fdt::{Fdt, FdtNode};
use dtoolkit::standard::NodeStandard;
use dtoolkit::{Node, Property};

use super::Machine;
use super::find::{Chain, address, by_path, cell, is_any, is_okay, walk};
use crate::board::{Board, Gic, Uart};

const PL011: &[&str] = &["arm,pl011"];
const GIC_V2: &[&str] = &["arm,gic-400", "arm,cortex-a15-gic", "arm,cortex-a7-gic"];
const GIC_V3: &[&str] = &["arm,gic-v3"];

/// Bytes of registers that the PL011 driver reaches (DDI 0183G, table 3-1, up to UARTPCellID3).
const PL011_BYTES: usize = 0x1000;
/// Clocks from which 115200 baud can be made; the driver's arithmetic ends at 512 MHz.
const UART_CLOCK_HZ: core::ops::RangeInclusive<u32> = 1_843_200..=500_000_000;
/// Size of a GICv2 distributor (IHI 0048B, table 4-1) and of what is used of its CPU interface.
const GIC_V2_BYTES: usize = 0x1000;
/// Size of a GICv3 distributor (IHI 0069H, section 12.8).
const GIC_V3_DISTRIBUTOR_BYTES: usize = 0x1_0000;
/// A redistributor is two frames of 64 KiB (IHI 0069H, section 12.10).
const GIC_V3_REDISTRIBUTOR_BYTES: usize = 0x2_0000;

/// Takes the console and the interrupt controller from the tree; what it does not name, or names outside of the
/// board's device ranges, stays as the board has it.
pub(super) fn read(machine: &mut Machine, board: &Board, fdt: Fdt<'_>) {
    if let Some(uart) = find_uart(board, fdt) {
        machine.uart = uart;
    }
    walk(
        fdt,
        &mut |chain, node| match gic_at(chain, node).filter(|gic| is_gic_mapped(board, gic)) {
            Some(gic) => {
                machine.gic = gic;
                true
            }
            None => false,
        },
    );
}

/// The console: what `stdout-path` names if that is a PL011 (on the Pi it can be the mini UART),
/// else the PL011 that is the board's own, else the first one that may be used.
fn find_uart(board: &Board, fdt: Fdt<'_>) -> Option<Uart> {
    let stdout = fdt
        .find_node("/chosen")
        .and_then(|chosen| chosen.property("stdout-path"))
        .and_then(|path| path.value_as::<&str>().ok())
        .and_then(|path| by_path(fdt, path));
    if let Some(uart) = stdout.and_then(|chain| uart_at(board, fdt, &chain)) {
        return Some(uart);
    }
    let mut found: Option<Uart> = None;
    walk(fdt, &mut |chain, _| match uart_at(board, fdt, chain) {
        Some(uart) if uart.base == board.uart.base => {
            found = Some(uart);
            true
        }
        Some(uart) => {
            found.get_or_insert(uart);
            false
        }
        None => false,
    });
    found
}

fn uart_at(board: &Board, fdt: Fdt<'_>, chain: &Chain<'_>) -> Option<Uart> {
    let node = chain.last()?;
    if !is_any(node, PL011) || !is_okay(node) {
        return None;
    }
    let (base, _) = address(chain, 0)?;
    let intid = interrupt(node)?;
    let clock_hz = fixed_clock(fdt, node).unwrap_or(board.uart.clock_hz);
    is_mapped(board, base, PL011_BYTES).then_some(Uart {
        base,
        intid,
        clock_hz,
    })
}

/// INTID of the first interrupt: three cells, of which the first says SPI (0) or PPI (1) (Linux,
/// `Documentation/devicetree/bindings/interrupt-controller/arm,gic.yaml`).
fn interrupt(node: &FdtNode<'_>) -> Option<u32> {
    /// First INTID of the SPIs and of the PPIs, and the first that is neither.
    const SPI: u32 = 32;
    const PPI: u32 = 16;
    const SPECIAL: u32 = 1020;
    let number = cell(node, "interrupts", 1)?;
    let (first, end) = match cell(node, "interrupts", 0)? {
        0 => (SPI, SPECIAL),
        1 => (PPI, SPI),
        _ => return None,
    };
    first.checked_add(number).filter(|&intid| intid < end)
}

/// Rate in Hz of the node's first clock, if that is a fixed one.
fn fixed_clock(fdt: Fdt<'_>, node: &FdtNode<'_>) -> Option<u32> {
    let wanted = cell(node, "clocks", 0)?;
    let mut rate = None;
    walk(fdt, &mut |_, clock| {
        let found = cell(clock, "phandle", 0) == Some(wanted);
        if found && clock.is_compatible("fixed-clock") {
            rate = cell(clock, "clock-frequency", 0).filter(|hz| UART_CLOCK_HZ.contains(hz));
        }
        found
    });
    rate
}

fn gic_at(chain: &Chain<'_>, node: &FdtNode<'_>) -> Option<Gic> {
    if !is_okay(node) {
        return None;
    }
    if is_any(node, GIC_V2) {
        let (distributor, _) = address(chain, 0)?;
        let (cpu_interface, _) = address(chain, 1)?;
        Some(Gic::V2 {
            distributor,
            cpu_interface,
        })
    } else if is_any(node, GIC_V3) {
        let (distributor, _) = address(chain, 0)?;
        let (redistributors, redistributors_size) = address(chain, 1)?;
        Some(Gic::V3 {
            distributor,
            redistributors,
            redistributors_size,
        })
    } else {
        None
    }
}

fn is_gic_mapped(board: &Board, gic: &Gic) -> bool {
    match *gic {
        Gic::V2 {
            distributor,
            cpu_interface,
        } => {
            is_mapped(board, distributor, GIC_V2_BYTES)
                && is_mapped(board, cpu_interface, GIC_V2_BYTES)
        }
        Gic::V3 {
            distributor,
            redistributors,
            redistributors_size,
        } => {
            redistributors_size >= GIC_V3_REDISTRIBUTOR_BYTES
                && is_mapped(board, distributor, GIC_V3_DISTRIBUTOR_BYTES)
                && is_mapped(board, redistributors, redistributors_size)
        }
    }
}

/// Whether the board maps all of `size` bytes at `base` as device registers.
pub(super) fn is_mapped(board: &Board, base: usize, size: usize) -> bool {
    let inside = |range: &Range<usize>| {
        range.start <= base && base.checked_add(size).is_some_and(|end| end <= range.end)
    };
    board.devices.iter().any(inside)
}

#[cfg(test)]
mod tests {
    use super::super::fixture::{self, PI, VIRT, cells, node, text};
    use super::*;
    use dtoolkit::model::DeviceTree;

    fn found(board: &Board, tree: &DeviceTree) -> Machine {
        let blob = tree.to_dtb();
        let mut machine = Machine::EMPTY;
        machine.start_from(board);
        read(&mut machine, board, Fdt::new(&blob).unwrap());
        machine
    }

    #[test]
    fn virt_has_its_uart_with_the_clock_of_the_tree() {
        let uart = found(&VIRT, &fixture::virt()).uart;
        assert_eq!(
            uart,
            Uart {
                base: 0x0900_0000,
                intid: 33,
                clock_hz: 24_000_000
            }
        );
    }

    #[test]
    fn the_mini_uart_of_the_pi_is_passed_over_for_its_pl011() {
        let uart = found(&PI, &fixture::pi()).uart;
        assert_eq!(
            uart,
            Uart {
                base: 0xfe20_1000,
                intid: 153,
                clock_hz: 48_000_000
            }
        );
    }

    #[test]
    fn a_stdout_that_is_another_pl011_is_followed() {
        let mut tree = fixture::pi();
        let soc = tree.find_node_mut("/soc").unwrap();
        let mut other = node(
            "serial@7e201400",
            &[("reg", &[0x7e20_1400, 0x200]), ("interrupts", &[0, 121, 4])],
        );
        other.add_property(text("compatible", "arm,pl011"));
        soc.add_child(other);
        assert_eq!(
            found(&PI, &tree).uart.base,
            0xfe20_1000,
            "not named, not taken"
        );
        let chosen = tree.find_node_mut("/chosen").unwrap();
        chosen.add_property(text("stdout-path", "/soc/serial@7e201400"));
        assert_eq!(found(&PI, &tree).uart.base, 0xfe20_1400);
    }

    #[test]
    fn a_disabled_uart_is_not_taken() {
        let mut tree = fixture::virt();
        tree.find_node_mut("/pl011@9000000")
            .unwrap()
            .add_property(text("status", "disabled"));
        let mut board = VIRT;
        board.uart.intid = 99;
        assert_eq!(found(&board, &tree).uart.intid, 99, "the board's own stays");
    }

    #[test]
    fn both_generations_of_the_gic_are_told_apart() {
        let v2 = Gic::V2 {
            distributor: 0x0800_0000,
            cpu_interface: 0x0801_0000,
        };
        assert_eq!(found(&VIRT, &fixture::virt()).gic, v2);
        let v3 = Gic::V3 {
            distributor: 0x0800_0000,
            redistributors: 0x080a_0000,
            redistributors_size: 0xf6_0000,
        };
        let mut tree = fixture::virt();
        let intc = tree.find_node_mut("/intc@8000000").unwrap();
        intc.add_property(text("compatible", "arm,gic-v3"));
        intc.add_property(cells(
            "reg",
            &[0, 0x0800_0000, 0, 0x1_0000, 0, 0x080a_0000, 0, 0xf6_0000],
        ));
        assert_eq!(found(&VIRT, &tree).gic, v3);
    }

    #[test]
    fn devices_outside_of_what_the_board_maps_are_not_believed() {
        let mut tree = fixture::virt();
        let uart = tree.find_node_mut("/pl011@9000000").unwrap();
        uart.add_property(cells("reg", &[0, 0x4900_0000, 0, 0x1000]));
        let intc = tree.find_node_mut("/intc@8000000").unwrap();
        intc.add_property(cells("reg", &[0, 0x0800_0000, 0, 0x1000, 1, 0, 0, 0x1000]));
        let machine = found(&VIRT, &tree);
        assert_eq!(machine.uart, VIRT.uart);
        assert_eq!(machine.gic, VIRT.gic);
    }

    #[test]
    fn an_interrupt_number_that_no_gic_has_is_refused() {
        for (cells, expected) in [
            ([0, 1, 4], Some(33)),
            ([1, 11, 4], Some(27)),
            ([0, 988, 4], None),
            ([1, 16, 4], None),
            ([2, 1, 4], None),
            ([0, u32::MAX, 4], None),
        ] {
            let mut tree = DeviceTree::new();
            tree.root
                .add_child(node("device", &[("interrupts", &cells)]));
            let blob = tree.to_dtb();
            let fdt = Fdt::new(&blob).unwrap();
            assert_eq!(
                interrupt(&fdt.find_node("/device").unwrap()),
                expected,
                "{cells:?}"
            );
        }
    }
}
