//! The project's own device tree for `raspi4b`: small, and true for the emulator and for the board.
//!
//! Names and numbers follow the board's published tree where QEMU or the kernel goes by them
//! (raspberrypi/linux, bcm2711.dtsi and bcm283x.dtsi).

use anyhow::Result;
use dtoolkit::memreserve::MemoryReservation;
use dtoolkit::model::{DeviceTree, DeviceTreeNode, DeviceTreeProperty};

/// End of what the Arm cores have of the first GiB in QEMU (the VideoCore has the rest).
pub(crate) const RAM_END: u32 = 0x3c00_0000;

/// First spin-table slot and the distance to the next core's, as in the board's own tree.
pub(crate) const SPIN_TABLE: u32 = 0xd8;
pub(crate) const SPIN_SLOT: u32 = 8;

/// The cores of the BCM2711.
pub(crate) const CORES: u32 = 4;

/// Phandle of the interrupt controller.
const GIC: u32 = 1;

/// Interrupt kinds and triggers of a GIC (Devicetree bindings, arm,gic.yaml).
const SPI: u32 = 0;
const PPI: u32 = 1;
const LEVEL_HIGH: u32 = 4;
/// Active low level, for all four cores.
const PPI_LEVEL_LOW: u32 = 0xf08;

/// The tree as a blob.
pub(crate) fn raspi4b(bootargs: &str) -> Result<Vec<u8>> {
    let root = node("")
        .text("compatible", &["raspberrypi,4-model-b", "brcm,bcm2711"])?
        .text("model", &["Raspberry Pi 4 Model B (emulated)"])?
        .cells("#address-cells", &[2])?
        .cells("#size-cells", &[1])?
        .cells("interrupt-parent", &[GIC])?
        .child(
            node("chosen")
                .text("bootargs", &[bootargs])?
                .text("stdout-path", &["serial0:115200n8"])?,
        )
        .child(node("aliases").text("serial0", &["/soc/serial@7e201000"])?)
        .child(
            node("memory@0")
                .text("device_type", &["memory"])?
                .cells("reg", &[0, 0, RAM_END])?,
        )
        .child(cpus()?)
        .child(timer()?)
        .child(soc()?);
    let mut tree = DeviceTree::new();
    tree.root = root.0;
    // Page 0 has the stub and the spin table.
    tree.memory_reservations
        .push(MemoryReservation::new(0, 0x1000));
    Ok(tree.to_dtb())
}

fn cpus() -> Result<Node> {
    let mut cpus = node("cpus")
        .cells("#address-cells", &[1])?
        .cells("#size-cells", &[0])?;
    for core in 0..CORES {
        let cpu = node(&format!("cpu@{core}"))
            .text("device_type", &["cpu"])?
            .text("compatible", &["arm,cortex-a72"])?
            .cells("reg", &[core])?
            .text("enable-method", &["spin-table"])?
            .cells("cpu-release-addr", &[0, SPIN_TABLE + SPIN_SLOT * core])?;
        cpus = cpus.child(cpu);
    }
    Ok(cpus)
}

/// Secure physical, physical, virtual, hypervisor timer (bcm2711.dtsi, `timer`).
fn timer() -> Result<Node> {
    let interrupts: Vec<u32> = [13, 14, 11, 10]
        .into_iter()
        .flat_map(|ppi| [PPI, ppi, PPI_LEVEL_LOW])
        .collect();
    node("timer")
        .text("compatible", &["arm,armv8-timer"])?
        .cells("interrupts", &interrupts)
}

/// The devices that the kernel uses, in bus addresses as the board's tree has them.
fn soc() -> Result<Node> {
    let gic = node("interrupt-controller@40041000")
        .empty("interrupt-controller")?
        .cells("#interrupt-cells", &[3])?
        .text("compatible", &["arm,gic-400"])?
        .cells("reg", &[0x4004_1000, 0x1000, 0x4004_2000, 0x2000])?
        .cells("phandle", &[GIC])?;
    let uart = node("serial@7e201000")
        .text("compatible", &["arm,pl011", "arm,primecell"])?
        .cells("reg", &[0x7e20_1000, 0x200])?
        .cells("interrupts", &[SPI, 121, LEVEL_HIGH])?
        .text("status", &["okay"])?;
    let mailbox = node("mailbox@7e00b880")
        .text("compatible", &["brcm,bcm2835-mbox"])?
        .cells("reg", &[0x7e00_b880, 0x40])?
        .cells("interrupts", &[SPI, 33, LEVEL_HIGH])?
        .cells("#mbox-cells", &[0])?;
    // What the kernel looks for by name before it touches it. The timer is disabled as on the board, for Linux.
    let block = |name: &str, compatible: &[&str], reg: &[u32], status| {
        node(name)
            .text("compatible", compatible)?
            .cells("reg", reg)?
            .text("status", &[status])
    };
    let gpio = block(
        "gpio@7e200000",
        &["brcm,bcm2711-gpio"],
        &[0x7e20_0000, 0xb4],
        "okay",
    )?
    .empty("gpio-controller")?
    .cells("#gpio-cells", &[2])?;
    // What U-Boot needs besides: it asks GPIO whether the UART has its pins, and reads the card. QEMU puts the card
    // where the board has Wi-Fi; the board's is at `emmc2`, of another kind.
    let card = block(
        "mmc@7e300000",
        &["brcm,bcm2835-sdhci"],
        &[0x7e30_0000, 0x100],
        "okay",
    )?
    .cells("interrupts", &[SPI, 126, LEVEL_HIGH])?;
    let power = block(
        "watchdog@7e100000",
        &["brcm,bcm2711-pm", "brcm,bcm2835-pm-wdt"],
        &[0x7e10_0000, 0x114],
        "okay",
    )?;
    let system_timer = block(
        "timer@7e003000",
        &["brcm,bcm2835-system-timer"],
        &[0x7e00_3000, 0x1000],
        "disabled",
    )?;
    Ok(node("soc")
        .text("compatible", &["simple-bus"])?
        .cells("#address-cells", &[1])?
        .cells("#size-cells", &[1])?
        // Bus address, CPU address (two cells), size: peripherals, and the Arm cores' own block.
        .cells(
            "ranges",
            &[
                0x7e00_0000,
                0,
                0xfe00_0000,
                0x0180_0000,
                0x4000_0000,
                0,
                0xff80_0000,
                0x0080_0000,
            ],
        )?
        .child(gic)
        .child(mailbox)
        .child(gpio)
        .child(power)
        .child(system_timer)
        .child(uart)
        .child(card))
}

/// A node under construction.
struct Node(DeviceTreeNode);

fn node(name: &str) -> Node {
    Node(DeviceTreeNode::new_unchecked(name))
}

impl Node {
    fn property(mut self, name: &str, value: Vec<u8>) -> Result<Self> {
        let property = DeviceTreeProperty::new(name, value.as_slice())
            .map_err(|error| anyhow::anyhow!("property `{name}` of the device tree: {error}"))?;
        self.0.add_property(property);
        Ok(self)
    }

    fn empty(self, name: &str) -> Result<Self> {
        self.property(name, Vec::new())
    }

    fn cells(self, name: &str, cells: &[u32]) -> Result<Self> {
        self.property(
            name,
            cells.iter().flat_map(|cell| cell.to_be_bytes()).collect(),
        )
    }

    fn text(self, name: &str, strings: &[&str]) -> Result<Self> {
        let bytes = strings
            .iter()
            .flat_map(|text| text.bytes().chain([0]))
            .collect();
        self.property(name, bytes)
    }

    fn child(mut self, child: Self) -> Self {
        self.0.add_child(child.0);
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use dtoolkit::fdt::Fdt;
    use dtoolkit::standard::NodeStandard;
    use dtoolkit::{Node as _, Property as _};

    #[test]
    fn another_reader_finds_what_was_written() {
        let blob = raspi4b("pivot.exec=version; fpu").unwrap();
        let tree = Fdt::new(&blob).unwrap();
        let chosen = tree.find_node("/chosen").unwrap();
        assert_eq!(
            chosen.property("bootargs").unwrap().value_as::<&str>(),
            Ok("pivot.exec=version; fpu")
        );
        let memory = tree
            .find_node("/memory@0")
            .unwrap()
            .reg()
            .unwrap()
            .unwrap()
            .next()
            .unwrap();
        assert_eq!(memory.address::<u64>(), Ok(0));
        assert_eq!(memory.size::<u64>(), Ok(0x3c00_0000));
        let page0 = tree.memory_reservations().next().unwrap();
        assert_eq!((page0.address(), page0.size()), (0, 0x1000));
    }

    #[test]
    fn each_core_has_the_spin_slot_of_the_stub() {
        let blob = raspi4b("").unwrap();
        let tree = Fdt::new(&blob).unwrap();
        for (core, slot) in [(0, 0xd8), (1, 0xe0), (2, 0xe8), (3, 0xf0)] {
            let node = tree.find_node(&format!("/cpus/cpu@{core}")).unwrap();
            let slot_of_node = node.property("cpu-release-addr").unwrap();
            assert_eq!(slot_of_node.value_as::<u64>(), Ok(slot));
        }
    }

    #[test]
    fn the_console_is_where_stdout_path_leads() {
        let blob = raspi4b("").unwrap();
        let tree = Fdt::new(&blob).unwrap();
        let alias = tree.find_node("/aliases").unwrap();
        let path = alias.property("serial0").unwrap();
        let uart = tree.find_node(path.value_as::<&str>().unwrap()).unwrap();
        assert!(uart.is_compatible("arm,pl011"));
        assert_eq!(
            uart.property("interrupts").unwrap().value(),
            [0, 0, 0, 0, 0, 0, 0, 121, 0, 0, 0, 4]
        );
    }
}
