//! Consoles, interrupt controllers and mailboxes as trees have them, and as they should not.

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
