//! Under which conditions some runs were measured, those of all their commands taken together. Pure.

use std::collections::BTreeSet;

use serde_json::Value;

use super::record::{Fields, Run, shown};

/// The fields with the core clock, in Hz, as the cycle counter shows it (or the mailbox, where there is no such).
pub(crate) const CORE_HZ: [&str; 2] = ["core_hz_before", "core_hz_after"];

/// The same as the VideoCore measures it.
pub(crate) const MAILBOX_HZ: [&str; 2] = ["mailbox_hz_before", "mailbox_hz_after"];

/// Clocks that are more hundredths apart than this are different ones: the image's own limit.
const DIFFERENT_PERCENT: f64 = 1.0;

fn all(runs: &[Run]) -> impl Iterator<Item = &Fields> {
    runs.iter()
        .flat_map(|run| &run.commands)
        .filter_map(|command| command.conditions.as_ref())
}

/// What the commands say under a key, each answer once.
pub(crate) fn answers(runs: &[Run], key: &str) -> BTreeSet<String> {
    all(runs)
        .filter_map(|fields| fields.get(key).map(shown))
        .collect()
}

/// Every number that the commands say under these keys.
pub(crate) fn numbers(runs: &[Run], keys: &[&str]) -> Vec<f64> {
    all(runs)
        .flat_map(|fields| keys.iter().filter_map(|key| fields.get(*key)))
        .filter_map(Value::as_f64)
        .collect()
}

/// The least and the greatest; `None` of none.
pub(crate) fn ends(values: &[f64]) -> Option<[f64; 2]> {
    let least = values.iter().copied().reduce(f64::min)?;
    let greatest = values.iter().copied().reduce(f64::max)?;
    Some([least, greatest])
}

/// Whether these are two different clocks.
pub(crate) fn is_other_clock(a: f64, b: f64) -> bool {
    (a - b).abs() * 100.0 > a.max(b) * DIFFERENT_PERCENT
}

/// Hz as whole MHz.
pub(crate) fn mhz(hz: f64) -> f64 {
    (hz / 1e6).round()
}

/// What all commands say under these keys, in one line: a value, all of them, or from which to which; `None` if nobody
/// says anything.
pub(crate) fn summary(runs: &[Run], keys: &[&str]) -> Option<String> {
    let said: BTreeSet<String> = keys.iter().flat_map(|key| answers(runs, key)).collect();
    let numbers = numbers(runs, keys);
    let is_numeric = said.iter().all(|answer| answer.parse::<f64>().is_ok());
    match ends(&numbers).filter(|_| is_numeric) {
        Some([least, greatest]) if least < greatest => Some(format!("{least} to {greatest}")),
        _ => (!said.is_empty()).then(|| said.into_iter().collect::<Vec<_>>().join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::measure::page::tests::measured;

    #[test]
    fn conditions_are_those_of_all_commands_and_not_of_the_first() {
        let runs = [
            measured(&[
                "@conditions board=rpi4 core_hz_before=1500 core_hz_after=1502 throttled=0x0",
            ]),
            measured(&["@conditions board=rpi4 core_hz_before=600 throttled=0x50005"]),
        ];
        let line = |keys: &[&str]| summary(&runs, keys);
        assert_eq!(line(&["board"]).as_deref(), Some("rpi4"));
        assert_eq!(line(&CORE_HZ).as_deref(), Some("600 to 1502"));
        assert_eq!(line(&["throttled"]).as_deref(), Some("0x0, 0x50005"));
        assert_eq!(line(&["revision"]), None);
    }

    #[test]
    fn clocks_that_are_over_a_hundredth_apart_are_different() {
        assert!(!is_other_clock(1_500e6, 1_486e6));
        assert!(is_other_clock(1_484e6, 1_500e6));
        assert!(!is_other_clock(0.0, 0.0));
    }
}
