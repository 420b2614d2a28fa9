//! The register mutants: each loses one register on one side of one path. Pure.
//!
//! The list is derived from the routines of the image, and must be the one that is expected: a register that is
//! saved nowhere would else have no mutant, and nobody would notice.

use std::collections::BTreeSet;

use anyhow::Result;
use pivot::suite::regs::TAG;

use super::a64::{
    Instruction, NOP, Pair, SKIP_IF_NOT_EQUAL, System, XZR, clear_flags, compare_16_bits, decode,
    fill_vector, load, store, top_16_bits, zero,
};
use super::routine::{Item, Side, Site};
use super::verdict::{Expect, Half};
use crate::failure::Failure;

/// A routine that saves, restores or sets registers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Place {
    /// `reschedule`
    Switch,
    /// `irq_from_thread`
    Frame,
    /// `thread_start`
    Start,
}

impl Place {
    /// A register that holds nothing any more where a mutant has rewritten a slot: in `reschedule` one that any
    /// call may clobber; in the frame path x0 after it was stored, and x1 before the last load. The flags are
    /// free in all of them.
    const fn scratch(self, side: Side) -> u8 {
        match (self, side) {
            (Self::Frame, Side::Save) => 0,
            (Self::Frame, _) => 1,
            (Self::Switch | Self::Start, _) => 16,
        }
    }
}

/// An image with one mistake: the instruction at `address` is replaced by `code`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct RegisterMutant {
    /// Place, side, register: `frame.save.x3`.
    pub(super) name: String,
    /// How it has to be found.
    pub(super) expect: Expect,
    pub(super) address: u64,
    /// One instruction goes where the old one was; more go to a spare place.
    pub(super) code: Vec<u32>,
}

/// The mutants that the sites of a routine give, in their order.
pub(super) fn of_routine(place: Place, sites: &[Site]) -> Vec<RegisterMutant> {
    let mut mutants: Vec<RegisterMutant> = sites
        .iter()
        .filter(|site| place != Place::Start || site.side == Side::Set)
        .map(|site| RegisterMutant {
            name: name(place, site, ""),
            expect: expect(place, site),
            address: site.address,
            code: code(place, site),
        })
        .collect();
    let halves = sites.iter().filter(|site| {
        // The upper halves that a call does not preserve: the mistake of a frame that trusts the ABI.
        matches!(site.item, Item::Vector(8..=15)) && site.side != Side::Set
    });
    mutants.extend(halves.map(|site| RegisterMutant {
        name: name(place, site, ".high"),
        expect: Expect::Register {
            names: vec![register_name(site.item)],
            half: Some(Half::High),
            kind: None,
        },
        address: site.address,
        code: rewrite(site, &[8]),
    }));
    mutants
}

/// Whether the mutants are those that there must be; what is missing or unknown is an error.
pub(super) fn check_complete(mutants: &[RegisterMutant]) -> Result<()> {
    let found: BTreeSet<String> = mutants.iter().map(|mutant| mutant.name.clone()).collect();
    let expected = expected();
    let list = |names: Vec<&String>| -> String {
        names
            .iter()
            .map(|name| format!(" {name}"))
            .collect::<String>()
    };
    let missing: Vec<&String> = expected.difference(&found).collect();
    let unknown: Vec<&String> = found.difference(&expected).collect();
    if missing.is_empty() && unknown.is_empty() && found.len() == mutants.len() {
        return Ok(());
    }
    Err(Failure::verdict(format!(
        "the image saves and restores other registers than those of tools/src/mutants/registers.rs\n  \
         expected and not found:{}\n  found and not expected:{}\n  found twice: {}",
        list(missing),
        list(unknown),
        mutants.len() - found.len()
    ))
    .into())
}

/// The names of all mutants that there must be: invariants 4, 5 and 6 of ARCHITECTURE.md.
pub(super) fn expected() -> BTreeSet<String> {
    let mut names = BTreeSet::new();
    let mut both = |place: &str, register: String| {
        names.insert(format!("{place}.save.{register}"));
        names.insert(format!("{place}.restore.{register}"));
    };
    for register in 19..=30 {
        both("switch", format!("x{register}"));
    }
    for register in 8..=15 {
        both("switch", format!("d{register}"));
        both("frame", format!("v{register}.high"));
    }
    for register in (0..=18).chain(29..=30) {
        both("frame", format!("x{register}"));
    }
    for register in 0..=31 {
        both("frame", format!("v{register}"));
    }
    for register in ["sp", "fpcr"] {
        both("switch", register.to_owned());
    }
    for register in ["fpsr", "fpcr", "elr", "spsr"] {
        both("frame", register.to_owned());
    }
    names.insert("switch.restore.tpidr_el0".to_owned());
    names.insert("handler.set.fpcr".to_owned());
    names.insert("start.set.fpsr".to_owned());
    // v8-v15 are zero from the restore.
    let cleared = (0..=7).chain(16..=31);
    names.extend(cleared.map(|register| format!("start.set.v{register}")));
    names
}

fn name(place: Place, site: &Site, half: &str) -> String {
    let place = match (place, site.side) {
        (Place::Switch, _) => "switch",
        // The frame path sets FPCR for the handler.
        (Place::Frame, Side::Set) => "handler",
        (Place::Frame, _) => "frame",
        (Place::Start, _) => "start",
    };
    let side = match site.side {
        Side::Save => "save",
        Side::Restore => "restore",
        Side::Set => "set",
    };
    format!("{place}.{side}.{}{half}", register_name(site.item))
}

fn register_name(item: Item) -> String {
    match item {
        Item::General(number) => format!("x{number}"),
        Item::Low(number) => format!("d{number}"),
        Item::Vector(number) => format!("v{number}"),
        Item::StackPointer => "sp".to_owned(),
        Item::System(system) => match system {
            System::Fpcr => "fpcr",
            System::Fpsr => "fpsr",
            System::TpidrEl0 => "tpidr_el0",
            System::ElrEl1 => "elr",
            System::SpsrEl1 => "spsr",
            System::SpEl0 => "sp",
        }
        .to_owned(),
    }
}

/// Who loses his stack, his place in the code or his identity cannot be trusted to name anything.
fn expect(place: Place, site: &Site) -> Expect {
    let names = match site.item {
        Item::StackPointer | Item::System(System::ElrEl1 | System::TpidrEl0 | System::SpEl0) => {
            return Expect::AnyRed;
        }
        // In the switch it is the address that `reschedule` returns to.
        Item::General(30) if place == Place::Switch => return Expect::AnyRed,
        Item::System(System::SpsrEl1) => vec!["nzcv".to_owned()],
        // Whoever is interrupted checks all of the register, whoever yields checks the low half.
        Item::Low(number) => vec![format!("d{number}"), format!("v{number}")],
        Item::Vector(number @ 8..=15) => vec![format!("v{number}"), format!("d{number}")],
        item => vec![register_name(item)],
    };
    let kind = match (place, site.side) {
        (Place::Start, _) => Some("start"),
        (Place::Frame, Side::Set) => Some("handler"),
        _ => None,
    };
    Expect::Register {
        names,
        half: None,
        kind,
    }
}

/// What stands for the mistake.
fn code(place: Place, site: &Site) -> Vec<u32> {
    match (site.item, site.side, decode(site.word)) {
        // The address that `reschedule` returns to carries no pattern.
        (Item::General(number @ 30), _, Instruction::Pair(pair)) if place == Place::Switch => {
            vec![substitute(&pair, number, XZR)]
        }
        (Item::StackPointer, Side::Save, Instruction::Pair(pair)) => {
            vec![substitute(&pair, pair.registers[0], XZR)]
        }
        (Item::General(number), _, Instruction::Pair(pair)) => {
            drop_pattern(place, site, &pair, number)
        }
        (Item::Low(number) | Item::Vector(number), Side::Save, Instruction::Pair(pair)) => {
            let [first, second] = pair.registers;
            let neighbour = if number == first { second } else { first };
            vec![substitute(&pair, number, neighbour)]
        }
        (Item::Low(_), Side::Restore, _) => rewrite(site, &[0]),
        (Item::Vector(_), Side::Restore, _) => rewrite(site, &[0, 8]),
        (Item::System(System::SpsrEl1), Side::Save, Instruction::Mrs(register, _)) => {
            vec![site.word, clear_flags(register)]
        }
        (Item::System(System::SpsrEl1), Side::Restore, Instruction::Msr(_, register)) => {
            vec![clear_flags(register), site.word]
        }
        (_, Side::Save, Instruction::Mrs(register, _)) => vec![zero(register)],
        // Left out, it would be found only where compiled code on the way to a first run leaves no zero by chance.
        (_, Side::Set, Instruction::ClearVector(number)) => vec![fill_vector(number)],
        _ => vec![NOP],
    }
}

/// The pair with another register in the place of `number`.
fn substitute(pair: &Pair, number: u8, other: u8) -> u32 {
    let registers = pair
        .registers
        .map(|register| if register == number { other } else { register });
    Pair { registers, ..*pair }.encode()
}

/// Loses a general register where it carries a pattern of the checker, and keeps it everywhere else: the kernel
/// itself could not boot without it. The slot in memory is cleared, after the store or before the load.
fn drop_pattern(place: Place, site: &Site, pair: &Pair, number: u8) -> Vec<u32> {
    let slot = slot(pair, number);
    let scratch = place.scratch(site.side);
    let [subtract, compare] = compare_16_bits(scratch, TAG);
    let clear = [
        subtract,
        compare,
        SKIP_IF_NOT_EQUAL,
        store(XZR, pair.base, slot),
    ];
    match site.side {
        Side::Restore => [
            &[
                load(scratch, pair.base, slot),
                top_16_bits(scratch, scratch),
            ],
            &clear[..],
            &[site.word],
        ]
        .concat(),
        Side::Save | Side::Set => [&[site.word, top_16_bits(scratch, number)], &clear[..]].concat(),
    }
}

/// Clears the words of a register's slot that are `offsets` bytes into it, after the store or before the load.
fn rewrite(site: &Site, offsets: &[u32]) -> Vec<u32> {
    let (Instruction::Pair(pair), Item::Low(number) | Item::Vector(number)) =
        (decode(site.word), site.item)
    else {
        return vec![NOP];
    };
    let slot = slot(&pair, number);
    let clears = offsets
        .iter()
        .map(|offset| store(XZR, pair.base, slot + offset));
    if site.side == Side::Save {
        std::iter::once(site.word).chain(clears).collect()
    } else {
        clears.chain([site.word]).collect()
    }
}

fn slot(pair: &Pair, number: u8) -> u32 {
    pair.slot(usize::from(pair.registers[0] != number))
}

#[cfg(test)]
mod tests;
