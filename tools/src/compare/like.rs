//! Whether two measurements can be compared: whether what is not to be compared was the same. Pure.

use std::collections::BTreeSet;

use crate::measure::conditions::{CORE_HZ, answers, is_other_clock, mhz, numbers};
use crate::measure::record::Run;
use crate::measure::summary::median;

/// What must be the same in both where both say it, and how it is called.
const ALIKE: [(&str, &str); 4] = [
    ("board", "they are of different boards"),
    ("cores", "they are of different numbers of cores"),
    ("counter_hz", "their counters have different frequencies"),
    ("profile", "their images are of different profiles"),
];

/// Why they cannot be compared, a line each.
pub(super) fn differences(a: &[Run], b: &[Run]) -> Vec<String> {
    let is_emulated = |runs: &[Run]| runs.iter().any(Run::is_emulated);
    if is_emulated(a) != is_emulated(b) {
        let what = "one is of an emulator and one of a board: their times have nothing to do with each other";
        return vec![what.to_owned()];
    }
    let mut differences = Vec::new();
    for (key, what) in ALIKE {
        let (ours, theirs) = (answers(a, key), answers(b, key));
        if !ours.is_empty() && !theirs.is_empty() && ours != theirs {
            differences.push(format!("{what}: {} and {}", list(&ours), list(&theirs)));
        }
    }
    let clock = |runs: &[Run]| median(numbers(runs, &CORE_HZ));
    if let (Some(ours), Some(theirs)) = (clock(a), clock(b))
        && is_other_clock(ours, theirs)
    {
        let (ours, theirs) = (mhz(ours), mhz(theirs));
        differences.push(format!(
            "their core clocks are different: {ours} and {theirs} MHz"
        ));
    }
    let lengths = |runs: &[Run]| runs.iter().map(|run| run.quick).collect::<BTreeSet<_>>();
    if lengths(a) != lengths(b) {
        differences.push("one was measured with --quick and one without".to_owned());
    }
    differences
}

fn list(answers: &BTreeSet<String>) -> String {
    answers
        .iter()
        .map(String::as_str)
        .collect::<Vec<_>>()
        .join(" or ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::measure::record::Command;
    use crate::measure::record::tests::run;

    fn of(conditions: &[&str]) -> Vec<Run> {
        let commands = conditions.iter().map(|conditions| {
            let mut command = Command::new("x");
            command.take(&format!("@conditions {conditions}"));
            command
        });
        vec![run(commands.collect())]
    }

    fn said(a: &str, b: &str) -> String {
        differences(&of(&[a]), &of(&[b])).join("\n")
    }

    #[test]
    fn a_board_is_not_compared_with_an_emulator() {
        let rpi4 = "board=rpi4 host=hardware";
        assert_eq!(said(rpi4, rpi4), "");
        assert!(said(rpi4, "board=rpi4 host=emulated").contains("emulator"));
        let boards = said("board=virt host=emulated", "board=rpi4 host=emulated");
        assert_eq!(boards, "they are of different boards: virt and rpi4");
    }

    #[test]
    fn figures_of_another_clock_profile_or_machine_are_not_compared() {
        for (a, b, part) in [
            (
                "core_hz_before=1500000000",
                "core_hz_after=600000000",
                "1500 and 600 MHz",
            ),
            ("cores=4", "cores=2", "numbers of cores: 4 and 2"),
            (
                "profile=release",
                "profile=checked",
                "profiles: release and checked",
            ),
            ("counter_hz=54000000", "counter_hz=62500000", "frequencies"),
        ] {
            let [a, b] = [a, b].map(|more| format!("host=hardware {more}"));
            assert!(said(&a, &b).contains(part), "{part}: {}", said(&a, &b));
            assert_eq!(said(&a, &a), "");
            assert_eq!(
                said(&a, "host=hardware"),
                "",
                "who says nothing says nothing else"
            );
        }
    }

    #[test]
    fn the_clock_is_the_one_that_most_figures_had() {
        let clocks = |hz: [u32; 3]| {
            let conditions = hz.map(|hz| format!("host=hardware core_hz_before={hz}000000"));
            of(&conditions.each_ref().map(String::as_str))
        };
        let found = differences(&clocks([1500, 1500, 600]), &clocks([1500, 1501, 1499]));
        assert_eq!(
            found,
            Vec::<String>::new(),
            "that one of them is slower is a doubt"
        );
        assert_eq!(
            differences(&clocks([1500; 3]), &clocks([600, 600, 1500])).len(),
            1
        );
    }

    #[test]
    fn a_quick_measurement_is_not_compared_with_a_whole_one() {
        let (whole, mut quick) = (of(&[]), of(&[]));
        quick[0].quick = true;
        assert!(differences(&whole, &quick)[0].contains("--quick"));
        assert!(differences(&quick, &quick).is_empty());
    }
}
