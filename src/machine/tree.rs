//! Memory, reservations, cores and boot arguments as a device tree names them.

use core::ops::Range;

use dtoolkit::fdt::{Fdt, FdtNode};

use dtoolkit::{Node, Property, ToCellInt};

use super::find::{cell, is_okay};
use super::{CoreDesc, IDENTITY_END, MPIDR_AFFINITY, Machine, Source, TreeError, blocks, devices};
use crate::board::{Board, Conduit, CoreStart, MAX_CORES};

/// Fills `machine` from `blob`, which lies at physical address `at`.
pub(super) fn read(
    machine: &mut Machine,
    board: &Board,
    at: usize,
    blob: &[u8],
) -> Result<(), TreeError> {
    let fdt = Fdt::new(blob).map_err(|_| TreeError::Malformed)?;
    machine.start_from(board);
    machine.source = Source::DeviceTree {
        at,
        size: blob.len(),
    };
    if let Some(name) = fdt.root().compatible().and_then(|mut names| names.next()) {
        machine.compatible.clear();
        push_prefix(&mut machine.compatible, name);
    }
    memory(machine, board, fdt)?;
    reserve(machine, at as u64, blob.len() as u64)?;
    reservations(machine, fdt)?;
    devices::read(machine, board, fdt);
    machine.blocks = blocks::read(board, fdt);
    machine.psci = psci(fdt);
    // The Pi's firmware writes it there (raspberrypi/linux, `arch/arm64/kernel/cpuinfo.c` shows it).
    machine.revision = fdt
        .find_node("/system")
        .and_then(|system| cell(&system, "linux,revision", 0));
    cores(machine, board, fdt);
    if let Some(arguments) = fdt
        .find_node("/chosen")
        .and_then(|chosen| chosen.property("bootargs"))
        .and_then(|property| property.value_as::<&str>().ok())
    {
        machine.bootargs_truncated = !push_prefix(&mut machine.bootargs, arguments);
    }
    Ok(())
}

/// Appends as much of `text` as fits; false if that was not all of it.
fn push_prefix<const N: usize>(to: &mut heapless::String<N>, text: &str) -> bool {
    text.chars().all(|c| to.push(c).is_ok())
}

/// All ranges of all memory nodes. A Pi with 2 GB and more has several, and a node can have
/// several.
fn memory(machine: &mut Machine, board: &Board, fdt: Fdt<'_>) -> Result<(), TreeError> {
    for node in fdt.root().children() {
        let is_memory = node.name_without_address() == "memory"
            || node
                .property("device_type")
                .is_some_and(|kind| kind.value() == b"memory\0");
        if !is_memory || !is_okay(&node) {
            continue;
        }
        let Ok(Some(reg)) = node.reg() else {
            return Err(TreeError::Malformed);
        };
        for entry in reg {
            let start: u64 = entry.address().map_err(|_| TreeError::Malformed)?;
            let size: u64 = entry.size().map_err(|_| TreeError::Malformed)?;
            add_memory(machine, board.devices, clip(start, size));
        }
    }
    if machine.memory.is_empty() {
        return Err(TreeError::NoMemory);
    }
    Ok(())
}

/// The part of a range that this kernel can reach. An end beyond 64 bits is taken for the end of
/// it.
fn clip(start: u64, size: u64) -> Range<usize> {
    let limit = IDENTITY_END as u64;
    let end = start.saturating_add(size).min(limit);
    start.min(end) as usize..end as usize
}

/// Adds a range of memory without what the board maps as devices: one page must not have two memory
/// types (Arm ARM, B2.8). What does not fit into the list stays unused.
fn add_memory(machine: &mut Machine, devices: &[Range<usize>], range: Range<usize>) {
    if range.is_empty() {
        return;
    }
    for (index, device) in devices.iter().enumerate() {
        if range.start < device.end && device.start < range.end {
            let rest = &devices[index + 1..];
            add_memory(machine, rest, range.start..range.start.max(device.start));
            add_memory(machine, rest, range.end.min(device.end)..range.end);
            return;
        }
    }
    let _ = machine.memory.push(range);
}

/// Notes that a range must not be handed out.
fn reserve(machine: &mut Machine, start: u64, size: u64) -> Result<(), TreeError> {
    let range = clip(start, size);
    if range.is_empty() {
        return Ok(());
    }
    machine
        .reserved
        .push(range)
        .map_err(|_| TreeError::TooManyReservations)
}

/// The reservation block, and the children of `/reserved-memory` that have a place. (Those that
/// have only a size are wishes to an operating system that has such allocations.)
fn reservations(machine: &mut Machine, fdt: Fdt<'_>) -> Result<(), TreeError> {
    for entry in fdt.memory_reservations() {
        reserve(machine, entry.address(), entry.size())?;
    }
    let Some(parent) = fdt.find_node("/reserved-memory") else {
        return Ok(());
    };
    for node in parent.children().filter(is_okay) {
        if node.property("reg").is_none() {
            continue;
        }
        let Ok(Some(reg)) = node.reg() else {
            return Err(TreeError::Malformed);
        };
        for entry in reg {
            let start: u64 = entry.address().map_err(|_| TreeError::Malformed)?;
            let size: u64 = entry.size().map_err(|_| TreeError::Malformed)?;
            reserve(machine, start, size)?;
        }
    }
    Ok(())
}

/// How to call PSCI, if the tree has a node for it.
fn psci(fdt: Fdt<'_>) -> Option<Conduit> {
    let method = fdt.find_node("/psci").filter(is_okay)?.property("method")?;
    match method.value() {
        b"hvc\0" => Some(Conduit::Hvc),
        b"smc\0" => Some(Conduit::Smc),
        _ => None,
    }
}

/// The cores, in the order of the tree; the board's own list if the tree has none.
fn cores(machine: &mut Machine, board: &Board, fdt: Fdt<'_>) {
    if let Some(parent) = fdt.find_node("/cpus") {
        for node in parent
            .children()
            .filter(|node| node.name_without_address() == "cpu")
        {
            let Some(mpidr) = affinity(&node) else {
                continue;
            };
            let start = reachable(core_start(&node, machine), &machine.memory);
            let core = CoreDesc {
                mpidr,
                start,
                enabled: is_okay(&node),
            };
            if machine.cores.push(core).is_err() {
                machine.cores_not_served += 1;
            }
        }
    }
    if machine.cores.is_empty() {
        for (mpidr, &start) in (0..).zip(board.cores.iter().take(MAX_CORES)) {
            let start = reachable(start, &machine.memory);
            let _ = machine.cores.push(CoreDesc {
                mpidr,
                start,
                enabled: true,
            });
        }
    }
}

fn affinity(node: &FdtNode<'_>) -> Option<u64> {
    let reg = node.reg().ok()??.next()?;
    let mpidr: u64 = reg.address.to_int().ok()?;
    Some(mpidr & MPIDR_AFFINITY)
}

fn core_start(node: &FdtNode<'_>, machine: &Machine) -> CoreStart {
    let method = node.property("enable-method");
    match method.as_ref().map(Property::value) {
        Some(b"psci\0") => machine.psci.map_or(CoreStart::Unknown, CoreStart::Psci),
        Some(b"spin-table\0") => node
            .property("cpu-release-addr")
            .and_then(|slot| slot.value_as::<u64>().ok())
            .and_then(|slot| usize::try_from(slot).ok())
            .filter(|slot| slot.is_multiple_of(8))
            .map_or(CoreStart::Unknown, |slot| CoreStart::SpinTable { slot }),
        _ => CoreStart::Unknown,
    }
}

/// The way to start a core, if the boot core can go it: a slot that is no memory is not mapped, and is a fault.
fn reachable(start: CoreStart, memory: &[Range<usize>]) -> CoreStart {
    match start {
        CoreStart::SpinTable { slot } if !memory.iter().any(|range| range.contains(&slot)) => {
            CoreStart::Unknown
        }
        start => start,
    }
}

#[cfg(test)]
mod tests;
