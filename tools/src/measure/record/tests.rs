//! Commands as a board reports them, whole and damaged.

use proptest::prelude::*;

use super::*;

const YIELD: &str =
    "@switch.yield.same_core count=4 total_ns=1002 min_ns=200 p50_ns=255 max_ns=300 mean_ns=251";

fn taken(lines: &[&str]) -> Command {
    let mut command = Command::new("bench all");
    for line in lines {
        command.take(line);
    }
    command
}

#[test]
fn a_figure_keeps_every_field_and_its_mean_is_exact() {
    let command = taken(&["yield: 251 ns", YIELD]);
    assert_eq!(command.said, ["yield: 251 ns"]);
    let [figure] = &command.results[..] else {
        panic!("{command:?}")
    };
    assert_eq!(figure.id, "switch.yield.same_core");
    assert_eq!(figure.fields.len(), 6);
    assert_eq!(figure.mean_ns(), Some(250.5));
}

#[test]
fn a_histogram_on_several_lines_is_one_and_empty_buckets_are_left_out() {
    let command = taken(&[
        YIELD,
        "@hist id=switch.yield.same_core unit=ns bits=4 first=73 counts=1,0,0,0,0,0,2",
        "@hist id=switch.yield.same_core unit=ns bits=4 first=82 counts=1",
    ]);
    let histogram = command.results[0].histogram.as_ref().unwrap();
    assert_eq!(histogram.buckets, [(73, 1), (79, 2), (82, 1)]);
    assert_eq!(histogram.count(), Some(4));
    assert!(command.damaged.is_empty());
}

#[test]
fn what_was_damaged_on_the_wire_is_kept_as_such() {
    let command = taken(&[
        "@switch.yield.same_core coun",
        "@hist id=nobody unit=ns bits=4 first=0 counts=1",
    ]);
    assert_eq!(command.damaged.len(), 2);
    assert!(command.results.is_empty());
}

#[test]
fn verdict_conditions_failed_checks_and_what_was_skipped_are_no_figures() {
    let command = taken(&[
        "@conditions board=virt host=emulated cores=4 throttled=0x0",
        "@check id=a ok=1",
        "@check id=b ok=0 got=3",
        "@skipped id=ctxsw.apart needs-cores=2",
        "@done command=ctxsw verdict=passed",
    ]);
    assert!(command.results.is_empty());
    let conditions = command.conditions.unwrap();
    assert_eq!(
        (&conditions["cores"], &conditions["throttled"]),
        (&4.into(), &"0x0".into())
    );
    assert_eq!(command.verdict.as_deref(), Some("passed"));
    assert_eq!((command.failed.len(), command.skipped.len()), (1, 1));
}

#[test]
fn a_file_reads_back_as_it_was_written_and_another_form_is_refused() {
    let directory = std::env::temp_dir().join(format!("pivot-record-{}", std::process::id()));
    fs::create_dir_all(&directory).unwrap();
    let file = directory.join("run.json");
    let counts =
        "@hist id=switch.yield.same_core unit=ns bits=4 first=73 counts=1,0,0,0,0,0,2,0,0,1";
    let mut run = run(vec![taken(&[YIELD, counts]), taken(&[YIELD])]);
    run.write(&file).unwrap();
    let read = Run::read(&file).unwrap();
    assert_eq!(read.commands[0], run.commands[0]);
    // Its histogram never came.
    let cut = &read.commands[1];
    assert_eq!((cut.results.len(), cut.damaged.len()), (0, 1));
    run.schema += 1;
    run.write(&file).unwrap();
    assert!(
        Run::read(&file)
            .unwrap_err()
            .to_string()
            .contains("has form 2")
    );
    fs::remove_dir_all(&directory).unwrap();
}

pub(crate) fn run(commands: Vec<Command>) -> Run {
    Run {
        schema: SCHEMA,
        run: 1,
        started: "2026-01-01T00:00:00Z".to_owned(),
        wire: "test".to_owned(),
        quick: false,
        version: String::new(),
        complete: true,
        error: None,
        commands,
    }
}

/// Lines as a board prints them, and what looks like one.
fn line() -> impl Strategy<Value = String> {
    let figure = "@(x|switch\\.yield|cost\\.(loop|fp)|hist|conditions|skipped|check|done|exit)( (count|total_ns|min_ns|max_ns|\
p50_ns|mean_ns|ops|ops_ns|elapsed_ns|handoffs|first|bits|counts|id|unit|ok|verdict|mean_ns_x1000|delta_ns_x1000)=\
(0|1|4|18446744073709551615|-9223372036854775808|9223372036854775807|[0-9]{1,4}|0x[0-9a-f]{1,4}|x|switch\\.yield|ns|passed|1,0,2)){0,9}";
    prop_oneof![6 => figure, 1 => "\\PC{0,40}", 1 => "@\\PC{0,40}"]
}

proptest! {
    #[test]
    fn every_line_that_comes_is_kept_somewhere_and_the_file_says_the_same(
        lines in proptest::collection::vec(line(), 0..12),
    ) {
        let mut command = Command::new("bench");
        for line in &lines {
            command.take(line);
        }
        command.judge();
        // A line that starts as a report and is none is always kept as it came.
        for line in lines.iter().map(|line| line.trim_end()).filter(|line| line.starts_with('@')) {
            let is_kept = command.damaged.iter().any(|damaged| damaged == line);
            prop_assert!(Record::parse(line).is_ok() || is_kept, "{}", line);
        }
        for figure in &command.results {
            let mean = figure.mean_ns();
            prop_assert!(mean.is_none_or(f64::is_finite), "{:?}", figure);
        }
        let json = serde_json::to_vec(&command).unwrap();
        prop_assert_eq!(serde_json::from_slice::<Command>(&json).unwrap(), command);
    }
}
