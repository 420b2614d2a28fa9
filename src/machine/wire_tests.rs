//! Trees that no firmware would write: whatever a tree says, the description of the machine is one that the kernel can
//! live with, or there is none.
#![expect(
    clippy::single_range_in_vec_init,
    reason = "memory is described by lists of ranges, which may have one"
)]

use std::vec::Vec;

use dtoolkit::model::{DeviceTree, DeviceTreeNode, DeviceTreeProperty};
use proptest::{collection::vec, prelude::*};

use super::devices::is_mapped;
use super::fixture::{self, PI, VIRT};
use super::*;
use crate::board::CoreStart;

/// Where the tree lies.
const AT: usize = 0x3000_0000;

/// Nodes of the trees of the tests that something is done to, and some that they have not.
const PATHS: [&str; 16] = [
    "/",
    "/memory@40000000",
    "/memory@0",
    "/cpus",
    "/cpus/cpu@0",
    "/cpus/cpu@1",
    "/psci",
    "/chosen",
    "/aliases",
    "/system",
    "/reserved-memory",
    "/pl011@9000000",
    "/intc@8000000",
    "/apb-pclk",
    "/soc",
    "/soc/serial@7e201000",
];

/// Properties that are read.
const PROPERTIES: [&str; 20] = [
    "reg",
    "ranges",
    "#address-cells",
    "#size-cells",
    "status",
    "compatible",
    "device_type",
    "interrupts",
    "clocks",
    "clock-frequency",
    "phandle",
    "enable-method",
    "cpu-release-addr",
    "method",
    "bootargs",
    "stdout-path",
    "serial0",
    "linux,revision",
    "name",
    "interrupt-parent",
];

/// Names of nodes that mean something.
const NODES: [&str; 10] = [
    "memory@0",
    "memory",
    "cpu@9",
    "cpu",
    "serial@1",
    "intc@1",
    "reserved-memory",
    "cpus",
    "chosen",
    "soc",
];

fn cell() -> impl Strategy<Value = u32> {
    prop_oneof![
        3 => 0_u32..5,
        2 => any::<u32>(),
        2 => prop::sample::select(vec![
            u32::MAX, 1 << 31, 0x4000_0000, 0x0900_0000, 0x0800_0000, 0xfe20_1000, 0x7e20_1000, 0x1000, 0xd8, 0xdb,
        ]),
    ]
}

fn value() -> impl Strategy<Value = Vec<u8>> {
    let cells = vec(cell(), 0..9)
        .prop_map(|cells| cells.iter().flat_map(|cell| cell.to_be_bytes()).collect());
    let words = prop::sample::select(vec![
        "memory",
        "okay",
        "ok",
        "disabled",
        "arm,pl011",
        "arm,gic-400",
        "arm,gic-v3",
        "fixed-clock",
        "psci",
        "spin-table",
        "hvc",
        "smc",
        "serial0",
        "/soc/serial@7e201000",
        "/pl011@9000000:115200n8",
        "/",
        "",
        "brcm,bcm2711-gpio",
    ]);
    let text = words.prop_map(|word| [word.as_bytes(), b"\0"].concat());
    prop_oneof![4 => cells, 3 => text, 1 => vec(any::<u8>(), 0..40)]
}

/// What is done to a tree.
#[derive(Clone, Debug)]
enum Change {
    Set(&'static str, &'static str, Vec<u8>),
    Add(&'static str, &'static str, Vec<(&'static str, Vec<u8>)>),
    Remove(&'static str, &'static str),
}

fn change() -> impl Strategy<Value = Change> {
    let path = || prop::sample::select(PATHS.to_vec());
    let name = || prop::sample::select(PROPERTIES.to_vec());
    let node = prop::sample::select(NODES.to_vec());
    prop_oneof![
        6 => (path(), name(), value()).prop_map(|(path, name, value)| Change::Set(path, name, value)),
        3 => (path(), node, vec((name(), value()), 0..5))
            .prop_map(|(path, node, properties)| Change::Add(path, node, properties)),
        1 => (path(), name()).prop_map(|(path, name)| Change::Remove(path, name)),
    ]
}

fn property(name: &str, value: &[u8]) -> DeviceTreeProperty {
    DeviceTreeProperty::new(name, value).unwrap()
}

fn make(tree: &mut DeviceTree, change: &Change) {
    let at = match change {
        Change::Set(path, ..) | Change::Add(path, ..) | Change::Remove(path, _) => path,
    };
    let Some(node) = tree.find_node_mut(at) else {
        return;
    };
    match change {
        Change::Set(_, name, value) => node.add_property(property(name, value)),
        Change::Add(_, name, properties) => {
            let mut child = DeviceTreeNode::new(*name).unwrap();
            for (name, value) in properties {
                child.add_property(property(name, value));
            }
            node.add_child(child);
        }
        Change::Remove(_, name) => drop(node.remove_property(name)),
    }
}

fn touches(a: &Range<usize>, b: &Range<usize>) -> bool {
    a.start < b.end && b.start < a.end
}

/// Everything that the kernel takes for granted of a machine that was read from a tree.
fn check(board: &Board, machine: &Machine, bytes: usize) -> Result<(), TestCaseError> {
    prop_assert!(!machine.memory.is_empty());
    for range in &machine.memory {
        prop_assert!(range.start < range.end && range.end <= IDENTITY_END);
        prop_assert!(!board.devices.iter().any(|devices| touches(devices, range)));
    }
    for kept in board.reserved_ram.iter().chain(&[AT..AT + bytes]) {
        prop_assert!(machine.reserved.contains(kept), "{:x?}", kept);
    }
    let uart = machine.uart;
    prop_assert!(uart == board.uart || is_mapped(board, uart.base, 0x1000));
    prop_assert!((16..1020).contains(&uart.intid) && uart.clock_hz >= 1_000_000);
    let registers = match machine.gic {
        Gic::V2 {
            distributor,
            cpu_interface,
        } => [(distributor, 0x1000), (cpu_interface, 0x1000)],
        Gic::V3 {
            distributor,
            redistributors,
            redistributors_size,
        } => {
            prop_assert!(redistributors_size >= 0x2_0000);
            [
                (distributor, 0x1_0000),
                (redistributors, redistributors_size),
            ]
        }
    };
    for (base, size) in registers {
        prop_assert!(machine.gic == board.gic || is_mapped(board, base, size));
    }
    let blocks = machine.blocks;
    for base in [
        blocks.mailbox,
        blocks.gpio,
        blocks.power,
        blocks.system_timer,
    ]
    .into_iter()
    .flatten()
    {
        prop_assert!(is_mapped(board, base, 1));
    }
    prop_assert!((1..=MAX_CORES).contains(&machine.cores.len()));
    for core in &machine.cores {
        prop_assert_eq!(core.mpidr & !MPIDR_AFFINITY, 0);
        // The boot core writes there, so there must be something to write to.
        if let CoreStart::SpinTable { slot } = core.start {
            let is_in = |range: &Range<usize>| range.contains(&slot) && range.contains(&(slot + 7));
            prop_assert!(
                slot.is_multiple_of(8) && machine.memory.iter().any(is_in),
                "{:x?}",
                machine
            );
        }
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    #[test]
    fn a_tree_of_any_content_is_a_machine_to_live_with_or_is_refused(
        changes in vec(change(), 0..10),
        is_pi: bool,
        damage in vec((any::<prop::sample::Index>(), any::<u8>()), 0..3),
    ) {
        let (board, mut tree) = if is_pi { (&PI, fixture::pi()) } else { (&VIRT, fixture::virt()) };
        for change in &changes {
            make(&mut tree, change);
        }
        let mut blob = tree.to_dtb();
        for (at, value) in &damage {
            let at = at.index(blob.len());
            blob[at] = *value;
        }
        let mut machine = Machine::EMPTY;
        if machine.from_tree(board, AT, &blob).is_ok() {
            check(board, &machine, blob.len())?;
        }
        // Whatever was left of it, the board's own description replaces all.
        machine.fallback(board, TreeError::Malformed);
        let mut fresh = Machine::EMPTY;
        fresh.fallback(board, TreeError::Malformed);
        prop_assert_eq!(std::format!("{machine:?}"), std::format!("{fresh:?}"));
    }

    #[test]
    fn x0_is_followed_only_where_it_points_to_all_of_a_tree(
        x0: usize,
        near in 0_usize..0x4000,
        header: [u8; HEADER_BYTES],
        has_magic: bool,
        window in (0_usize..0x2000, 0_usize..0x4000).prop_map(|(start, length)| start..start + length),
    ) {
        for x0 in [x0, near, near & !7] {
            let mut header = header;
            if has_magic {
                header[..4].copy_from_slice(&TREE_MAGIC.to_be_bytes());
                header[4..6].fill(0);
            }
            let is_inside = |bytes: usize| {
                window.start <= x0 && x0.checked_add(bytes).is_some_and(|end| end <= window.end)
            };
            let found = plausible_tree(x0, &window, |at| {
                assert!(at == x0 && is_inside(HEADER_BYTES));
                header
            });
            if let Ok(bytes) = found {
                prop_assert!(is_inside(bytes) && bytes <= MAX_TREE_BYTES && x0.is_multiple_of(8));
            }
        }
    }
}
