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
    let mut found = stdout.and_then(|chain| uart_at(board, &chain));
    if found.is_none() {
        walk(fdt, &mut |chain, _| {
            let uart = uart_at(board, chain);
            let is_boards = uart.is_some_and(|(uart, _)| uart.base == board.uart.base);
            found = if is_boards { uart } else { found.or(uart) };
            is_boards
        });
    }
    // All of the tree is searched for the clock: once, not for each node that could be the console.
    let (uart, node) = found?;
    let clock_hz = fixed_clock(fdt, &node).unwrap_or(board.uart.clock_hz);
    Some(Uart { clock_hz, ..uart })
}

/// The UART that a node is, but for its clock.
fn uart_at<'a>(board: &Board, chain: &Chain<'a>) -> Option<(Uart, FdtNode<'a>)> {
    let node = chain.last()?;
    if !is_any(node, PL011) || !is_okay(node) {
        return None;
    }
    let (base, _) = address(chain, 0)?;
    let intid = interrupt(node)?;
    let uart = Uart {
        base,
        intid,
        ..board.uart
    };
    is_mapped(board, base, PL011_BYTES).then_some((uart, *node))
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
mod tests;
