//! Scenarios that hold what a benchmark reports against itself.

use anyhow::Result;
use pivot::report::Record;

use crate::session::Rig;
use crate::transcript;

/// Each benchmark that is listed has its figures, and as many samples as it says; so has `ctxsw`, whose samples are as
/// many as the handoffs behind its mean.
pub(super) fn bench(rig: &Rig<'_>) -> Result<()> {
    let mut session = rig.boot()?;
    let list = session.command("bench list")?;
    let ids = list.lines().filter_map(|line| line.split(' ').next());
    let ids: Vec<&str> = ids.filter(|id| id.contains('.')).collect();
    let output = session.command_within("bench all --iterations 64", super::COMMAND_TIMEOUT)?;
    let records: Vec<Record> = transcript::records(&output).collect();
    let is_skipped = |id: &str| {
        let skipped = records.iter().filter(|record| record.id() == "skipped");
        rig.machine.cores == 1 && skipped.clone().any(|record| record.get("id") == Some(id))
    };
    let wrong = ids
        .iter()
        .filter(|id| !is_skipped(id) && !has_its_samples(&records, id, None));
    let wrong: Vec<&&str> = wrong.collect();
    if ids.len() < 30 || !wrong.is_empty() || !output.contains("command=bench verdict=passed") {
        let what = format!(
            "of {} benchmarks these have no good figures: {wrong:?}",
            ids.len()
        );
        return Err(session.serial.failure(&what).into());
    }
    let output = session.command_within("ctxsw colocated --hist", super::COMMAND_TIMEOUT)?;
    let records: Vec<Record> = transcript::records(&output).collect();
    let classic = records
        .iter()
        .find(|record| record.id() == "ctxsw.colocated");
    let handoffs = classic.and_then(|record| record.number("handoffs"));
    let of_mean = |key: &str| Some(classic?.number(key)? / handoffs?);
    let is_mean = of_mean("elapsed_ns") == classic.and_then(|record| record.number("ns"));
    if handoffs.is_none()
        || !is_mean
        || !has_its_samples(&records, "ctxsw.colocated.samples", handoffs)
    {
        let what =
            "the samples of ctxsw are not as many as its handoffs, or its mean is not theirs";
        return Err(session.serial.failure(what).into());
    }
    session.finish()
}

/// Whether there is a figure `id`, with as many samples as its buckets and `expected` say, and their mean.
fn has_its_samples(records: &[Record], id: &str, expected: Option<u64>) -> bool {
    let Some(figure) = records.iter().find(|record| record.id() == id) else {
        return false;
    };
    let is_of = |record: &&Record| record.id() == "hist" && record.get("id") == Some(id);
    let counts = records
        .iter()
        .filter(is_of)
        .filter_map(|record| record.get("counts"));
    let counts = counts.flat_map(|counts| counts.split(','));
    let sum: Option<u64> = counts.map(|count| count.parse::<u64>().ok()).sum();
    let number = |key: &str| figure.number(key);
    let Some(count @ 1..) = number("count") else {
        return false;
    };
    let mean = number("total_ns").map(|total| (total + count / 2) / count);
    sum == Some(count)
        && expected.is_none_or(|expected| expected == count)
        && mean == number("mean_ns")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_figure_whose_buckets_do_not_add_up_has_not_its_samples() {
        let records = |counts: &str| {
            let line = format!(
                "@x count=3 total_ns=10 mean_ns=3\n@hist id=x unit=ns bits=4 first=2 counts={counts}\n"
            );
            transcript::records(&line).collect::<Vec<_>>()
        };
        assert!(has_its_samples(&records("1,0,2"), "x", None));
        assert!(has_its_samples(&records("1,0,2"), "x", Some(3)));
        assert!(!has_its_samples(&records("1,0,2"), "x", Some(4)));
        assert!(!has_its_samples(&records("1,0,1"), "x", None));
        assert!(!has_its_samples(&records("1,0,2"), "y", None));
    }
}
