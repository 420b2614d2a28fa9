//! The selection of cases, and how they are counted.

use super::*;

fn options(words: &[&str]) -> TestOptions {
    use clap::Parser;
    let call = crate::cli::Cli::parse_from([&["x", "test"], words].concat()).call;
    let crate::cli::Call::Test(options) = call else {
        panic!("not test")
    };
    options
}

#[test]
fn a_name_selects_cases_by_machine_and_by_scenario() {
    let machines = machines::all();
    let cases = select(&machines, &options(&["--full", "virt-gic3-smp4.boot"]));
    let names: Vec<String> = cases.iter().map(Case::name).collect();
    assert!(
        names.contains(&"virt-gic3-smp4.boot".to_owned()),
        "{names:?}"
    );
    assert!(
        names
            .iter()
            .all(|name| name.starts_with("virt-gic3-smp4.boot")),
        "{names:?}"
    );
    assert!(select(&machines, &options(&["nothing-of-that-name"])).is_empty());
}

#[test]
fn a_failing_case_is_counted_and_the_others_still_run() {
    let machines = machines::all();
    let cases = select(&machines, &options(&["--full"]));
    let progress = Progress::new(cases.len());
    let count = run_cases(&cases, 2, &progress, |case| {
        if case.scenario.name == "boot" {
            Err(anyhow!("red"))
        } else {
            Ok(())
        }
    });
    assert_eq!(count.failed, machines.len());
    assert_eq!(count.passed + count.failed, cases.len());
    assert_eq!(progress.done(), cases.len() as u64);
    let no_mirror = || Skipped("no mirror".to_owned());
    let progress = Progress::new(3);
    let count = run_cases(&cases[..3], 2, &progress, |_| Err(no_mirror().into()));
    assert_eq!(count, Count::default(), "neither good nor bad");
}
