//! Comparisons whose outcome is known.

use super::*;
use crate::measure::record::Command;

fn sample(values: &[f64]) -> Sample<'_> {
    let resolution = 0.01;
    Sample { values, resolution }
}

#[test]
fn only_a_sure_difference_that_matters_is_one() {
    let finding = |a: &[f64], b: &[f64]| row("x", sample(a), sample(b), 0.05, 2.0).finding;
    let steady = [100.0, 100.1, 99.9, 100.0, 100.05];
    assert_eq!(
        finding(&steady, &steady.map(|ns| ns * 1.05)),
        Finding::Slower
    );
    assert_eq!(
        finding(&steady, &steady.map(|ns| ns * 0.9)),
        Finding::Faster
    );
    assert_eq!(
        finding(&steady, &steady.map(|ns| ns * 1.01)),
        Finding::Same,
        "sure, but small"
    );
    assert_eq!(
        finding(&[90.0, 120.0, 80.0], &[100.0, 130.0, 95.0]),
        Finding::Same,
        "large, but not sure"
    );
    assert_eq!(finding(&[100.0], &[200.0]), Finding::Unknown);
}

#[test]
fn with_many_benchmarks_each_must_be_surer() {
    let named = |id: &str, means: &[f64]| -> Vec<Run> {
        means
            .iter()
            .map(|mean| {
                let mut command = Command::new("x");
                command.take(&format!("@{id} ops_ns={mean} ops=1"));
                measure::record::tests::run(vec![command])
            })
            .collect()
    };
    let (a, b) = (
        named("a.x", &[100.0, 104.0, 96.0]),
        named("a.x", &[112.0, 117.0, 108.0]),
    );
    let (one, other) = (summaries(&a), summaries(&b));
    assert_eq!(rows(&one, &other, 2.0)[0].finding, Finding::Slower);
    let (many, others) = (vec![one[0].clone(); 30], vec![other[0].clone(); 30]);
    assert_eq!(rows(&many, &others, 2.0)[0].finding, Finding::Same);
}

/// A run with these lines in it, and a verdict.
fn one(lines: &str, verdict: &str) -> Run {
    let mut command = Command::new("bench a.x");
    for line in lines.lines() {
        command.take(line);
    }
    command.take(&format!("@done command=bench verdict={verdict}"));
    measure::record::tests::run(vec![command])
}

#[test]
fn what_is_missing_or_has_failed_in_b_is_no_success() {
    let good = || vec![one("@a.x ns=100\n@b.y ns=7", "passed"); 2];
    let is_good = |b: Vec<Run>| judged(&good(), &b, 2.0);
    assert!(is_good(good()).1);
    let more = vec![one("@a.x ns=100\n@b.y ns=7\n@c.z ns=1", "passed"); 2];
    assert!(is_good(more).1, "something new is no loss");
    let (text, passes) = is_good(vec![one("@a.x ns=100", "passed"); 2]);
    assert!(!passes && text.contains("only in A: b.y\n"), "{text}");
    let mut failed = good();
    failed[1].commands[0].verdict = Some("failed".to_owned());
    let (text, passes) = is_good(failed);
    assert!(
        !passes && text.contains("not passed in B: bench a.x\n"),
        "{text}"
    );
    let (text, passes) = is_good(vec![one("@d.z ns=1", "passed"); 2]);
    assert!(!passes && text.contains("nothing is in both"), "{text}");
    assert!(!judged(&[], &[], 2.0).1);
}

#[test]
fn two_equal_runs_are_not_surer_than_their_digits() {
    let finding = |a: u32, b: u32| {
        let of = |ns: u32| vec![one(&format!("@a.x ns={ns}"), "passed"); 2];
        let (a, b) = (of(a), of(b));
        rows(&summaries(&a), &summaries(&b), 2.0)[0].finding
    };
    assert_eq!(
        finding(100, 103),
        Finding::Same,
        "three whole nanoseconds are two roundings"
    );
    assert_eq!(finding(100, 120), Finding::Slower);
}

#[test]
fn the_table_says_what_each_means_and_what_is_missing() {
    let (a, b) = (sample(&[100.0, 100.0]), sample(&[110.0, 110.0]));
    let row = row("switch.yield", a, b, 0.05, 2.0);
    let text = table(&[row]);
    assert!(
        text.contains("+10.00 %") && text.contains("SLOWER"),
        "{text}"
    );
    assert!(summary(&[], 2.0).contains("nothing is in both"));
}
