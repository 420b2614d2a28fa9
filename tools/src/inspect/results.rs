//! Which functions return anything that could be a pointer, by their types in the debug information.
//!
//! A function that returns nothing leaves in x0 and x1 whatever it had there, and nobody looks at it.

use std::collections::BTreeMap;

use anyhow::Result;
use gimli::{
    AttributeValue, DW_AT_abstract_origin, DW_AT_byte_size, DW_AT_low_pc, DW_AT_specification,
    DW_AT_type, DW_TAG_base_type, DW_TAG_enumeration_type, DW_TAG_pointer_type, DW_TAG_subprogram,
    DebuggingInformationEntry, Dwarf, EndianSlice, LittleEndian, Unit,
};

/// Whether x0 and x1 may return a pointer.
pub(super) type Results = [bool; 2];

type Reader<'a> = EndianSlice<'a, LittleEndian>;
type Entry<'a> = DebuggingInformationEntry<Reader<'a>>;

/// By address, what each function returns.
pub(super) fn read(dwarf: &Dwarf<Reader<'_>>) -> Result<BTreeMap<u64, Results>> {
    let mut units = Vec::new();
    let mut headers = dwarf.units();
    while let Some(header) = headers.next()? {
        units.push(dwarf.unit(header)?);
    }
    let mut results = BTreeMap::new();
    for unit in &units {
        let mut entries = unit.entries();
        while let Some(entry) = entries.next_dfs()? {
            if entry.tag() == DW_TAG_subprogram
                && let Some(start) = entry.attr_value(DW_AT_low_pc)
                && let Some(start) = dwarf.attr_address(unit, start)?
            {
                results.insert(start, of_function(&units, unit, entry));
            }
        }
    }
    Ok(results)
}

fn of_function<'a>(
    units: &[Unit<Reader<'a>>],
    unit: &Unit<Reader<'a>>,
    entry: &Entry<'a>,
) -> Results {
    if let Some(value) = entry.attr_value(DW_AT_type) {
        return resolve(units, unit, value).map_or([true; 2], |(_, entry)| of_type(&entry));
    }
    // An instance names the function that it is an instance of.
    let origin = [DW_AT_abstract_origin, DW_AT_specification]
        .into_iter()
        .find_map(|name| entry.attr_value(name));
    match origin {
        None => [false; 2],
        Some(value) => resolve(units, unit, value)
            .map_or([true; 2], |(unit, entry)| of_function(units, unit, &entry)),
    }
}

/// A number is no pointer; a structure is returned in registers up to 16 bytes (AAPCS64, 6.9).
fn of_type(entry: &Entry<'_>) -> Results {
    let tag = entry.tag();
    if tag == DW_TAG_base_type || tag == DW_TAG_enumeration_type {
        return [false; 2];
    }
    if tag == DW_TAG_pointer_type {
        return [true, false];
    }
    let size = entry.attr_value(DW_AT_byte_size);
    match size.and_then(|size| size.udata_value()) {
        Some(..=8) => [true, false],
        Some(17..) => [false; 2],
        _ => [true; 2],
    }
}

/// The entry that another one refers to, and its unit.
fn resolve<'u, 'a>(
    units: &'u [Unit<Reader<'a>>],
    unit: &'u Unit<Reader<'a>>,
    value: AttributeValue<Reader<'a>>,
) -> Option<(&'u Unit<Reader<'a>>, Entry<'a>)> {
    match value {
        AttributeValue::UnitRef(offset) => Some((unit, unit.entry(offset).ok()?)),
        AttributeValue::DebugInfoRef(offset) => units.iter().find_map(|unit| {
            let offset = offset.to_unit_offset(&unit.header)?;
            Some((unit, unit.entry(offset).ok()?))
        }),
        _ => None,
    }
}
