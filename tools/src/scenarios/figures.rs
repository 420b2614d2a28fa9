//! Scenarios that hold what the image reports against what is known of it.

use anyhow::Result;
use pivot::report::Record;

use super::{COMMAND_TIMEOUT, COUNTED_SHIFT};
use crate::board::Board;
use crate::failure::Failure;
use crate::session::Rig;
use crate::transcript::records;

/// Instructions that each set has more than the one before, counted in `asm/cost.s`: x19-x28, x29, x30 and sp by six
/// pairs stored and loaded, sp itself stored and loaded, two moves; the low halves of v8-v15 by four pairs each way;
/// FPCR read and written (its memory is sp's other half); TPIDR_EL0 written; sixteen pairs each way instead of four,
/// and FPSR read, stored, loaded, written.
const ADDED: [(&str, u64); 5] = [
    ("cost.callee_saved", 16),
    ("cost.fp", 8),
    ("cost.fpcr", 2),
    ("cost.tpidr", 1),
    ("cost.all", 28),
];

/// Percent by which QEMU's time is not what CNTFRQ makes of it: a tick has whole nanoseconds there, 18 of them at 54 MHz
/// (`target/arm/helper.c`, `gt_cntfrq_period_ns`).
const INEXACT: u64 = 3;

/// The price list in instructions, to the thousandth; and in time, which is instructions here.
pub(super) fn cost(rig: &Rig<'_>) -> Result<()> {
    let output = rig.execute("cost", Some(COUNTED_SHIFT), COMMAND_TIMEOUT)?;
    check_prices(&output)
}

fn check_prices(output: &str) -> Result<()> {
    let ns_per_instruction = 1 << COUNTED_SHIFT;
    let mut whole = 0;
    for (id, added) in ADDED {
        whole += added * 1_000;
        let record = the_record(output, id)?;
        expect(&record, "delta_instructions_x1000", added * 1_000, 0)?;
        expect(&record, "instructions_x1000", whole, 0)?;
        let ns = added * 1_000 * ns_per_instruction;
        // A tick of the counter is several instructions, and a chunk has a thousand switches.
        let noise = 2 * 1_000;
        expect(&record, "delta_ns_x1000", ns, ns * INEXACT / 100 + noise)?;
    }
    Ok(())
}

/// Which machine this is, and the clock that an emulator has. The counters are exact here, whatever the host does.
pub(super) fn conditions(rig: &Rig<'_>) -> Result<()> {
    let output = rig.execute("cost --rounds 1", Some(COUNTED_SHIFT), COMMAND_TIMEOUT)?;
    let record = the_record(&output, "conditions")?;
    let text = |key: &str| record.get(key).unwrap_or_default().to_owned();
    let facts = [
        ("board", rig.machine.board.name().to_owned()),
        ("host", "emulated".to_owned()),
        ("cores", rig.machine.cores.to_string()),
        ("clock_source", "pmu".to_owned()),
        ("clock_changed", String::new()),
    ];
    for (key, expected) in facts {
        if text(key) != expected {
            return Err(wrong(&record, key, &expected));
        }
    }
    // QEMU counts cycles of 1 GHz, whatever core it is.
    for key in ["core_hz_before", "core_hz_after"] {
        expect(&record, key, 1_000_000_000, 10_000_000 * INEXACT)?;
    }
    if rig.machine.board == Board::Rpi4 {
        // What QEMU's VideoCore answers (`hw/misc/bcm2835_property.c`); it does not know the measured clock.
        expect(&record, "revision", 0x00b0_3115, 0)?;
        expect(&record, "temperature_mc", 25_000, 0)?;
        expect(&record, "throttled", 0, 0)?;
        // QEMU's system timer is exact, so it finds the counter out whose ticks are not.
        let is_inexact = rig
            .machine
            .options
            .iter()
            .any(|option| option.contains("cntfrq=54000000"));
        let counter_hz = if is_inexact { 55_555_555 } else { 62_500_000 };
        expect(
            &record,
            "counter_measured_hz",
            counter_hz,
            counter_hz / 1_000,
        )?;
        let complaint = "THE COUNTER IS NOT WHAT IT SAYS";
        if output.contains(complaint) != is_inexact {
            let what = format!("`{complaint}` is said on the wrong machine");
            return Err(Failure::verdict(what).into());
        }
        for (key, expected) in [("clock_policy", "auto"), ("clock_set_hz", "")] {
            if text(key) != expected {
                return Err(wrong(&record, key, expected));
            }
        }
    }
    for key in ["mailbox_hz_before", "mailbox_hz_after"] {
        if record.get(key).is_some() {
            return Err(wrong(&record, key, "absent"));
        }
    }
    Ok(())
}

fn the_record(output: &str, id: &str) -> Result<Record> {
    let record = records(output).find(|record| record.id() == id);
    record.ok_or_else(|| Failure::verdict(format!("there is no line `@{id}`")).into())
}

fn expect(record: &Record, key: &str, expected: u64, tolerance: u64) -> Result<()> {
    match record.number(key) {
        Some(got) if got.abs_diff(expected) <= tolerance => Ok(()),
        _ => Err(wrong(record, key, &expected.to_string())),
    }
}

fn wrong(record: &Record, key: &str, expected: &str) -> anyhow::Error {
    let got = record.get(key).unwrap_or("absent");
    let what = format!("@{}: {key} is {got}, not {expected}", record.id());
    Failure::verdict(what).into()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What `cost` printed on `virt`, each instruction 16 ns.
    const PRICES: &str = "\
@cost.loop switches=100000 mean_ns_x1000=112000 instructions_x1000=7000 listed=1
@cost.callee_saved instructions_x1000=16000 delta_ns_x1000=256000 delta_instructions_x1000=16000
@cost.fp instructions_x1000=24000 delta_ns_x1000=128000 delta_instructions_x1000=8000
@cost.fpcr instructions_x1000=26000 delta_ns_x1000=32000 delta_instructions_x1000=2000
@cost.tpidr instructions_x1000=27000 delta_ns_x1000=16000 delta_instructions_x1000=1000
@cost.all instructions_x1000=55000 delta_ns_x1000=448000 delta_instructions_x1000=28000
";

    fn complaint(output: &str) -> Option<String> {
        check_prices(output).err().map(|error| error.to_string())
    }

    #[test]
    fn a_price_that_is_not_the_listings_is_named() {
        assert_eq!(complaint(PRICES), None);
        let longer = PRICES.replace(
            "delta_instructions_x1000=8000",
            "delta_instructions_x1000=9000",
        );
        let said = complaint(&longer).unwrap();
        assert!(
            said.starts_with("@cost.fp: delta_instructions_x1000 is 9000"),
            "{said}"
        );
        let slower = PRICES.replace("delta_ns_x1000=32000", "delta_ns_x1000=36000");
        assert!(
            complaint(&slower)
                .unwrap()
                .starts_with("@cost.fpcr: delta_ns")
        );
    }

    #[test]
    fn a_price_that_is_missing_is_no_good_price() {
        let said = complaint(&PRICES.replace("@cost.all", "@cost.some")).unwrap();
        assert_eq!(said, "there is no line `@cost.all`");
        let said = complaint(&PRICES.replace(" instructions_x1000=27000", "")).unwrap();
        assert!(
            said.starts_with("@cost.tpidr: instructions_x1000 is absent"),
            "{said}"
        );
    }
}
