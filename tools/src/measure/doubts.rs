//! What makes figures doubtful. Pure.

use serde_json::Value;

use super::page::shown;
use super::record::Run;

/// What makes figures doubtful: a clock that changed, throttling, damaged lines, verdicts that are not good.
pub(crate) fn doubts(runs: &[Run]) -> Vec<String> {
    let mut doubts = Vec::new();
    for run in runs {
        for command in &run.commands {
            let mut doubt = |what: String| {
                doubts.push(format!("run {}, `{}`: {what}", run.run, command.line));
            };
            match command.verdict.as_deref() {
                Some("passed") => {}
                Some(verdict) => doubt(format!("verdict {verdict}")),
                None => doubt("it came to no verdict".to_owned()),
            }
            if !command.damaged.is_empty() {
                doubt(format!(
                    "{} lines were damaged on the wire",
                    command.damaged.len()
                ));
            }
            let Some(conditions) = &command.conditions else {
                continue;
            };
            let hz = |key| conditions.get(key).and_then(Value::as_f64);
            if let (Some(before), Some(after)) = (hz("core_hz_before"), hz("core_hz_after"))
                && (before - after).abs() > before.max(after) / 100.0
            {
                let mhz = |hz: f64| (hz / 1e6).round();
                doubt(format!(
                    "the core clock changed from {} to {} MHz",
                    mhz(before),
                    mhz(after)
                ));
            }
            let throttled = conditions.get("throttled").map(shown);
            if let Some(bits) = throttled.filter(|bits| bits != "0" && bits != "0x0") {
                doubt(format!("the board was throttled ({bits})"));
            }
        }
    }
    doubts
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::measure::page::tests::measured;

    #[test]
    fn what_makes_a_figure_doubtful_is_said() {
        let doubts = doubts(&[measured(&[
            "@conditions host=hardware core_hz_before=1500000000 core_hz_after=600000000 throttled=0x50005",
            "@a.b torn",
            "@done command=bench verdict=failed",
        ])]);
        let all = doubts.join("\n");
        for part in [
            "verdict failed",
            "from 1500 to 600 MHz",
            "throttled (0x50005)",
            "1 lines were damaged",
        ] {
            assert!(all.contains(part), "{part}: {all}");
        }
        assert_eq!(doubts.len(), 4);
    }
}
