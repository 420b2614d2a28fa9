//! Item 31, its first half: how the machine is ended, by the trace. Pure.

use crate::preflight::access::Access;
use crate::preflight::answer::{Found, all, expect};
use crate::preflight::devices::POWER;
use crate::preflight::gic::DISTRIBUTOR;

/// GICD_SGIR (IHI 0048B, section 4.3.15), and the SGI by which a core parks (`src/irq.rs`).
const GICD_SGIR: u64 = 0xf00;
const SGI_MASK: u64 = 0xf;
const STOP_SGI: u64 = 4;
const OTHER_CORES: usize = 3;

/// The end goes through the power manager, with the password in every write, and the other
/// cores are told to park first (hazard H28).
pub(super) fn end(accesses: &[Access]) -> Found {
    let writes: Vec<&Access> = accesses
        .iter()
        .filter(|a| a.is_write && POWER.contains(&a.address))
        .collect();
    let bare = writes.iter().find(|a| a.value >> 24 != 0x5a);
    let ends = accesses
        .iter()
        .take_while(|a| !(a.is_write && POWER.contains(&a.address)));
    let parks = |a: &&Access| a.writes(&DISTRIBUTOR, GICD_SGIR) && a.value & SGI_MASK == STOP_SGI;
    all([
        expect(
            bare.is_none() && !writes.is_empty(),
            format!(
                "{} writes to the power manager, all with the password",
                writes.len()
            ),
            format!("the power manager gets {bare:x?}"),
        ),
        expect(
            ends.filter(parks).count() >= OTHER_CORES,
            "the other cores told to park before",
            "the power manager is written before the other cores are told to park",
        ),
    ])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::preflight::access::access;

    #[test]
    fn an_end_without_parking_and_a_write_without_password_are_named() {
        let mut ending: Vec<Access> = [1, 2, 3]
            .map(|core| access(0, true, DISTRIBUTOR.start + 0xf00, 1 << (16 + core) | 4))
            .into();
        ending.push(access(0, true, POWER.start + 0x1c, 0x5a00_0020));
        end(&ending).unwrap();
        assert!(end(&ending[1..]).unwrap_err().contains("park"));
        ending[3].value = 0x20;
        assert!(end(&ending).unwrap_err().contains("value: 20"));
    }
}
