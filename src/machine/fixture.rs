//! Boards and device trees for the tests: cut down to what is read, but shaped like the real ones.
#![expect(
    clippy::single_range_in_vec_init,
    reason = "memory is described by lists of ranges, which may have one"
)]

use dtoolkit::model::{DeviceTree, DeviceTreeNode, DeviceTreeProperty};

use crate::board::{Board, CoreStart, Gic, Uart};

/// Like `boards/rpi4`.
pub(super) const PI: Board = Board {
    name: "rpi4",
    uart: Uart {
        base: 0xfe20_1000,
        intid: 153,
        clock_hz: 48_000_000,
    },
    console_pins: &[14, 15],
    gic: Gic::V2 {
        distributor: 0xff84_1000,
        cpu_interface: 0xff84_2000,
    },
    timer_intid: 27,
    cores: &[
        CoreStart::SpinTable { slot: 0xd8 },
        CoreStart::SpinTable { slot: 0xe0 },
        CoreStart::SpinTable { slot: 0xe8 },
        CoreStart::SpinTable { slot: 0xf0 },
    ],
    fallback_ram: &[0..0x3b40_0000],
    reserved_ram: &[0..0x1000],
    dtb_window: 0x1000..0x4000_0000,
    devices: &[0xfc00_0000..0x1_0000_0000],
    early_init: || {},
    first_line_is_out: || {},
    is_emulated: || true,
    reboot: || {},
    halt: || {},
};

/// Like `boards/virt`.
pub(super) const VIRT: Board = Board {
    name: "virt",
    uart: Uart {
        base: 0x0900_0000,
        intid: 33,
        clock_hz: 24_000_000,
    },
    gic: Gic::V2 {
        distributor: 0x0800_0000,
        cpu_interface: 0x0801_0000,
    },
    cores: &[CoreStart::Unknown],
    fallback_ram: &[0x4000_0000..0x4800_0000],
    reserved_ram: &[],
    dtb_window: 0x4000_0000..0x20_0000_0000,
    devices: &[0x0800_0000..0x0a00_4000],
    ..PI
};

/// A property of 32-bit cells.
pub(super) fn cells(name: &str, values: &[u32]) -> DeviceTreeProperty {
    DeviceTreeProperty::new(name, values).unwrap()
}

/// A property that is a string.
pub(super) fn text(name: &str, value: &str) -> DeviceTreeProperty {
    DeviceTreeProperty::new(name, value).unwrap()
}

/// A node with properties of cells.
pub(super) fn node(name: &str, properties: &[(&str, &[u32])]) -> DeviceTreeNode {
    let mut node = DeviceTreeNode::new(name).unwrap();
    for (name, values) in properties {
        node.add_property(cells(name, values));
    }
    node
}

fn with_text(mut node: DeviceTreeNode, properties: &[(&str, &str)]) -> DeviceTreeNode {
    for (name, value) in properties {
        node.add_property(text(name, value));
    }
    node
}

/// QEMU's virt with a GICv2, two cores and 512 MiB, reduced from what `dumpdtb` writes.
pub(super) fn virt() -> DeviceTree {
    let mut tree = DeviceTree::new();
    let root = &mut tree.root;
    root.add_property(cells("#address-cells", &[2]));
    root.add_property(cells("#size-cells", &[2]));
    root.add_property(text("compatible", "linux,dummy-virt"));
    root.add_child(with_text(
        node(
            "memory@40000000",
            &[("reg", &[0, 0x4000_0000, 0, 0x2000_0000])],
        ),
        &[("device_type", "memory")],
    ));
    root.add_child(with_text(
        node(
            "apb-pclk",
            &[("phandle", &[0x8000]), ("clock-frequency", &[24_000_000])],
        ),
        &[("compatible", "fixed-clock")],
    ));
    root.add_child(with_text(
        node(
            "intc@8000000",
            &[(
                "reg",
                &[0, 0x0800_0000, 0, 0x1_0000, 0, 0x0801_0000, 0, 0x1_0000],
            )],
        ),
        &[("compatible", "arm,cortex-a15-gic")],
    ));
    let mut uart = node(
        "pl011@9000000",
        &[
            ("reg", &[0, 0x0900_0000, 0, 0x1000]),
            ("interrupts", &[0, 1, 4]),
            ("clocks", &[0x8000, 0x8000]),
        ],
    );
    uart.add_property(
        DeviceTreeProperty::new("compatible", b"arm,pl011\0arm,primecell\0").unwrap(),
    );
    root.add_child(uart);
    let mut cpus = node("cpus", &[("#address-cells", &[1]), ("#size-cells", &[0])]);
    for core in 0..2 {
        let cpu = node(&std::format!("cpu@{core}"), &[("reg", &[core])]);
        cpus.add_child(with_text(cpu, &[("enable-method", "psci")]));
    }
    root.add_child(cpus);
    root.add_child(with_text(node("psci", &[]), &[("method", "hvc")]));
    root.add_child(with_text(
        node("chosen", &[]),
        &[("stdout-path", "/pl011@9000000")],
    ));
    tree
}

/// A Pi 4 with 4 GB as its firmware passes it: 76 MiB of graphics memory, console on the mini UART.
pub(super) fn pi() -> DeviceTree {
    let mut tree = DeviceTree::new();
    let root = &mut tree.root;
    root.add_property(cells("#address-cells", &[2]));
    root.add_property(cells("#size-cells", &[1]));
    root.add_property(
        DeviceTreeProperty::new("compatible", b"raspberrypi,4-model-b\0brcm,bcm2711\0").unwrap(),
    );
    root.add_child(with_text(
        node(
            "memory@0",
            &[("reg", &[0, 0, 0x3b40_0000, 0, 0x4000_0000, 0xbc00_0000])],
        ),
        &[("device_type", "memory")],
    ));
    let mut soc = node("soc", &[("#address-cells", &[1]), ("#size-cells", &[1])]);
    soc.add_property(cells(
        "ranges",
        &[
            0x7e00_0000,
            0,
            0xfe00_0000,
            0x0180_0000, //
            0x7c00_0000,
            0,
            0xfc00_0000,
            0x0200_0000, //
            0x4000_0000,
            0,
            0xff80_0000,
            0x0080_0000,
        ],
    ));
    soc.add_child(with_text(
        node(
            "serial@7e215040",
            &[("reg", &[0x7e21_5040, 0x40]), ("interrupts", &[0, 93, 4])],
        ),
        &[("compatible", "brcm,bcm2835-aux-uart")],
    ));
    soc.add_child(with_text(
        node(
            "serial@7e201000",
            &[
                ("reg", &[0x7e20_1000, 0x200]),
                ("interrupts", &[0, 121, 4]),
                ("clocks", &[3, 19, 3, 20]),
            ],
        ),
        &[("compatible", "arm,pl011")],
    ));
    for (name, reg, compatible, status) in [
        (
            "mailbox@7e00b880",
            [0x7e00_b880, 0x40],
            "brcm,bcm2835-mbox",
            "okay",
        ),
        (
            "gpio@7e200000",
            [0x7e20_0000, 0xb4],
            "brcm,bcm2711-gpio",
            "okay",
        ),
        (
            "watchdog@7e100000",
            [0x7e10_0000, 0x114],
            "brcm,bcm2711-pm",
            "okay",
        ),
        // So that Linux takes the generic timer.
        (
            "timer@7e003000",
            [0x7e00_3000, 0x1000],
            "brcm,bcm2835-system-timer",
            "disabled",
        ),
    ] {
        soc.add_child(with_text(
            node(name, &[("reg", &reg)]),
            &[("compatible", compatible), ("status", status)],
        ));
    }
    soc.add_child(with_text(
        node(
            "interrupt-controller@40041000",
            &[(
                "reg",
                &[
                    0x4004_1000,
                    0x1000,
                    0x4004_2000,
                    0x2000, //
                    0x4004_4000,
                    0x2000,
                    0x4004_6000,
                    0x2000,
                ],
            )],
        ),
        &[("compatible", "arm,gic-400")],
    ));
    root.add_child(soc);
    root.add_child(node("system", &[("linux,revision", &[0x00c0_3114])]));
    let mut cpus = node("cpus", &[("#address-cells", &[1]), ("#size-cells", &[0])]);
    for core in 0..4 {
        let mut cpu = node(&std::format!("cpu@{core}"), &[("reg", &[core])]);
        cpu.add_property(text("enable-method", "spin-table"));
        cpu.add_property(cells("cpu-release-addr", &[0, 0xd8 + 8 * core]));
        cpus.add_child(cpu);
    }
    root.add_child(cpus);
    root.add_child(with_text(
        node("aliases", &[]),
        &[("serial0", "/soc/serial@7e215040")],
    ));
    root.add_child(with_text(
        node("chosen", &[]),
        &[
            ("stdout-path", "serial0:115200n8"),
            ("bootargs", "coherent_pool=1M pivot.exec=version"),
        ],
    ));
    tree
}
