//! Tests of what is read from a device tree: what must be found, and what must not be believed.
#![expect(
    clippy::single_range_in_vec_init,
    reason = "memory is described by lists of ranges, which may have one"
)]

mod damage;
mod handed_out;

use dtoolkit::memreserve::MemoryReservation;
use dtoolkit::model::DeviceTree;

use super::super::fixture::{self, PI, VIRT, cells, node, text};
use super::super::{MAX_BOOTARGS, MAX_MEMORY_RANGES, MAX_RESERVED_RANGES};
use super::*;

fn found(board: &Board, tree: &DeviceTree) -> Result<Machine, TreeError> {
    let mut machine = Machine::EMPTY;
    machine
        .from_tree(board, 0x3000_0000, &tree.to_dtb())
        .map(|()| machine)
}

#[test]
fn a_pi_with_four_gigabytes_is_found_whole() {
    let tree = fixture::pi();
    let size = tree.to_dtb().len();
    let machine = found(&PI, &tree).unwrap();
    assert_eq!(machine.revision, Some(0x00c0_3114));
    assert_eq!(
        machine.source,
        Source::DeviceTree {
            at: 0x3000_0000,
            size
        }
    );
    assert_eq!(machine.compatible, "raspberrypi,4-model-b");
    assert_eq!(
        machine.memory.as_slice(),
        [0..0x3b40_0000, 0x4000_0000..0xfc00_0000]
    );
    assert_eq!(
        machine.reserved.as_slice(),
        [0..0x1000, 0x3000_0000..0x3000_0000 + size]
    );
    assert_eq!(machine.cores.len(), 4);
    assert_eq!(machine.cores[2].start, CoreStart::SpinTable { slot: 0xe8 });
    assert_eq!(machine.psci, None);
    assert_eq!(machine.bootargs, "coherent_pool=1M pivot.exec=version");
    assert!(!machine.bootargs_truncated);
}

#[test]
fn cores_of_virt_start_by_the_conduit_that_the_tree_names() {
    for (method, conduit) in [("hvc", Conduit::Hvc), ("smc", Conduit::Smc)] {
        let mut tree = fixture::virt();
        tree.find_node_mut("/psci")
            .unwrap()
            .add_property(text("method", method));
        let machine = found(&VIRT, &tree).unwrap();
        assert_eq!(machine.psci, Some(conduit));
        assert_eq!(machine.cores[1].mpidr, 1);
        assert_eq!(machine.cores[1].start, CoreStart::Psci(conduit));
    }
}

#[test]
fn a_core_without_a_known_way_to_start_it_is_listed_but_not_guessed_at() {
    let mut tree = fixture::virt();
    tree.root.remove_child("psci");
    let machine = found(&VIRT, &tree).unwrap();
    assert_eq!(machine.cores[1].start, CoreStart::Unknown);
    let mut tree = fixture::pi();
    let core = tree.find_node_mut("/cpus/cpu@1").unwrap();
    core.add_property(cells("cpu-release-addr", &[0, 0xe4]));
    assert_eq!(
        found(&PI, &tree).unwrap().cores[1].start,
        CoreStart::Unknown,
        "misaligned slot"
    );
}

#[test]
fn affinities_of_two_cells_keep_their_highest_field() {
    let mut tree = fixture::virt();
    let cpus = tree.find_node_mut("/cpus").unwrap();
    cpus.add_property(cells("#address-cells", &[2]));
    cpus.remove_child("cpu@0");
    let core = cpus.child_mut("cpu@1").unwrap();
    core.add_property(cells("reg", &[0xf05, 0x8000_0203]));
    core.add_property(text("status", "disabled"));
    let machine = found(&VIRT, &tree).unwrap();
    assert_eq!(machine.cores[0].mpidr, 0x05_0000_0203);
    assert!(!machine.cores[0].enabled);
}

#[test]
fn more_cores_than_are_served_are_counted() {
    let mut tree = fixture::virt();
    let cpus = tree.find_node_mut("/cpus").unwrap();
    for core in 2..11 {
        cpus.add_child(node(&format!("cpu@{core:x}"), &[("reg", &[core])]));
    }
    let machine = found(&VIRT, &tree).unwrap();
    assert_eq!(machine.cores.len(), MAX_CORES);
    assert_eq!(machine.cores_not_served, 3);
}

#[test]
fn memory_nodes_are_all_read_and_disabled_ones_are_not() {
    let mut tree = fixture::virt();
    for (name, high, status) in [
        ("memory@80000000", 2, "okay"),
        ("memory@c0000000", 3, "disabled"),
    ] {
        let mut more = node(name, &[("reg", &[high, 0, 0, 0x1000_0000])]);
        more.add_property(text("status", status));
        tree.root.add_child(more);
    }
    let machine = found(&VIRT, &tree).unwrap();
    let expected = [0x4000_0000..0x6000_0000, 0x2_0000_0000..0x2_1000_0000];
    assert_eq!(machine.memory.as_slice(), expected);
}

#[test]
fn memory_is_cut_where_devices_are_and_where_the_identity_map_ends() {
    let mut tree = fixture::virt();
    let memory = tree.find_node_mut("/memory@40000000").unwrap();
    memory.add_property(cells("reg", &[0, 0x0700_0000, 0xff, 0xffff_ffff]));
    let machine = found(&VIRT, &tree).unwrap();
    assert_eq!(
        machine.memory.as_slice(),
        [0x0700_0000..0x0800_0000, 0x0a00_4000..IDENTITY_END]
    );
}

#[test]
fn a_tree_without_usable_memory_is_not_used() {
    let mut tree = fixture::virt();
    let memory = tree.find_node_mut("/memory@40000000").unwrap();
    memory.add_property(cells("reg", &[0, 0x0900_0000, 0, 0x1000]));
    assert_eq!(found(&VIRT, &tree).unwrap_err(), TreeError::NoMemory);
    tree.root.remove_child("memory@40000000");
    assert_eq!(found(&VIRT, &tree).unwrap_err(), TreeError::NoMemory);
}

#[test]
fn memory_beyond_what_is_kept_is_left_unused() {
    let mut tree = fixture::virt();
    let reg: Vec<u32> = (0..20).flat_map(|n| [1, n << 20, 0, 0x1000]).collect();
    tree.find_node_mut("/memory@40000000")
        .unwrap()
        .add_property(cells("reg", &reg));
    assert_eq!(found(&VIRT, &tree).unwrap().memory.len(), MAX_MEMORY_RANGES);
}

#[test]
fn both_kinds_of_reservation_are_kept() {
    let mut tree = fixture::virt();
    tree.memory_reservations = vec![MemoryReservation::new(0x4100_0000, 0x2000)];
    let mut parent = node(
        "reserved-memory",
        &[("#address-cells", &[2]), ("#size-cells", &[2])],
    );
    parent.add_child(node(
        "region@42000000",
        &[("reg", &[0, 0x4200_0000, 0, 0x3000])],
    ));
    parent.add_child(node("linux,cma", &[("size", &[0, 0x400_0000])]));
    tree.root.add_child(parent);
    let reserved = found(&VIRT, &tree).unwrap().reserved;
    assert_eq!(
        reserved[1..],
        [0x4100_0000..0x4100_2000, 0x4200_0000..0x4200_3000]
    );
}

#[test]
fn a_tree_that_reserves_more_than_can_be_kept_is_not_used() {
    let mut tree = fixture::virt();
    let entry = MemoryReservation::new(0x4100_0000, 0x1000);
    tree.memory_reservations = vec![entry; MAX_RESERVED_RANGES - 1];
    assert!(found(&VIRT, &tree).is_ok());
    tree.memory_reservations.push(entry);
    assert_eq!(
        found(&VIRT, &tree).unwrap_err(),
        TreeError::TooManyReservations
    );
}

#[test]
fn long_boot_arguments_are_cut_at_a_character_and_marked() {
    let mut tree = fixture::virt();
    let long = "x".repeat(MAX_BOOTARGS - 1) + "äöü";
    tree.find_node_mut("/chosen")
        .unwrap()
        .add_property(text("bootargs", &long));
    let machine = found(&VIRT, &tree).unwrap();
    assert_eq!(machine.bootargs.len(), MAX_BOOTARGS - 1);
    assert!(machine.bootargs_truncated);
}

#[test]
fn trees_that_qemu_wrote_are_understood() {
    let mut machine = Machine::EMPTY;
    let blob = include_bytes!("../../../tests/fixtures/virt-gicv2.dtb");
    machine.from_tree(&VIRT, 0x4800_0000, blob).unwrap();
    assert_eq!(machine.memory.as_slice(), [0x4000_0000..0x6000_0000]);
    assert_eq!(machine.uart, VIRT.uart);
    assert_eq!(machine.gic, VIRT.gic);
    assert_eq!(machine.cores.len(), 4);
    assert_eq!(machine.cores[3].start, CoreStart::Psci(Conduit::Hvc));
    let blob = include_bytes!("../../../tests/fixtures/virt-gicv3-el2.dtb");
    machine.from_tree(&VIRT, 0x4800_0000, blob).unwrap();
    assert_eq!(machine.memory.as_slice(), [0x4000_0000..0x8000_0000]);
    assert!(matches!(
        machine.gic,
        crate::board::Gic::V3 {
            redistributors: 0x080a_0000,
            ..
        }
    ));
    assert_eq!(machine.cores[1].start, CoreStart::Psci(Conduit::Smc));
}
