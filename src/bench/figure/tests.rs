//! The forms, against what the host tool reads.

use super::*;
use crate::bench::outcome::tests::outcome;
use crate::report::Record;

/// A sink that cannot fail, as the console.
#[derive(Default)]
struct Text(String);

impl uWrite for Text {
    type Error = Infallible;

    fn write_str(&mut self, text: &str) -> Result<(), Infallible> {
        self.0.push_str(text);
        Ok(())
    }
}

fn written(write: impl FnOnce(&mut Text)) -> String {
    let mut text = Text::default();
    write(&mut text);
    text.0
}

#[test]
fn the_report_is_read_back_with_every_figure_and_every_count() {
    let samples: Vec<u64> = (0..300).map(|i| i * i * i).collect();
    let outcome = outcome(&samples);
    let text = written(|out| report(out, "switch.yield.alone", &outcome));
    let records: Vec<Record> = text
        .lines()
        .map(|line| Record::parse(line).unwrap())
        .collect();
    assert!(text.lines().all(|line| line.len() <= 900));
    let [figures, hist @ ..] = &records[..] else {
        panic!("no line")
    };
    assert_eq!(figures.id(), "switch.yield.alone");
    assert_eq!(figures.number("count"), Some(300));
    assert_eq!(figures.number("total_ns"), Some(samples.iter().sum()));
    assert_eq!(figures.number("mean_ns"), Some(outcome.samples.mean()));
    assert_eq!(figures.number("ops_ns_x100"), Some(25_025));
    assert_eq!(figures.number("ops_instructions_x100"), Some(50_050));
    assert_eq!(figures.number("mean_instructions"), Some(501));
    assert_eq!(figures.number("mean_cycles"), None);
    assert_eq!(figures.number("threads"), None);
    let mut seen = Vec::new();
    for line in hist {
        assert_eq!((line.id(), line.get("unit")), ("hist", Some("ns")));
        let first = line.number("first").unwrap() as usize;
        let counts = line.get("counts").unwrap().split(',');
        let counts = counts.map(|count| count.parse::<u64>().unwrap());
        seen.extend((first..).zip(counts).filter(|(_, count)| *count > 0));
    }
    assert_eq!(seen, outcome.samples.counts().collect::<Vec<_>>());
}

#[test]
fn what_people_read_fits_into_80_columns() {
    let outcome = outcome(&[123_456, 98_765_432, 99_999_999_999]);
    for write in [
        |out: &mut Text, _: &Outcome| heading(out, Form::Text),
        |out: &mut Text, outcome: &Outcome| {
            show(out, Form::Text, "handoff.condvar.colocated", outcome);
        },
        |out: &mut Text, outcome: &Outcome| {
            draw_samples(out, "handoff.condvar.colocated", outcome);
        },
    ] {
        let rows = written(|out| write(out, &outcome));
        assert!(rows.lines().all(|row| row.len() <= 80), "{rows}");
    }
}

#[test]
fn a_number_has_seven_characters_whatever_its_size() {
    let shown = |value| written(|out| uwrite!(out, "{}", Short(value)).unwrap());
    assert_eq!(shown(None), "-");
    assert_eq!(shown(Some(1_200)), "12");
    assert_eq!(shown(Some(27_619)), "276.19");
    assert_eq!(shown(Some(100_000_012)), "1000000");
    assert_eq!(shown(Some(1_477_342_000)), "14773k");
    assert_eq!(shown(Some(u64::MAX)).len(), 13);
    for power in 0..14 {
        let value = 10_u64.pow(power) - 1;
        assert!(shown(Some(value)).len() <= 7, "{value}");
    }
}

#[test]
fn a_table_has_a_value_or_nothing_for_each_key() {
    let text = written(|out| {
        heading(out, Form::Csv);
        show(out, Form::Csv, "x", &outcome(&[1]));
    });
    let rows: Vec<Vec<&str>> = text.lines().map(|row| row.split(',').collect()).collect();
    assert_eq!(rows[0].len(), rows[1].len());
    assert_eq!((rows[0][1], rows[1][1]), ("count", "1"));
}

#[test]
fn an_object_has_the_figures_and_the_bounds_of_each_bucket() {
    let text = written(|out| show(out, Form::Json, "x", &outcome(&[7, 33, 33])));
    assert!(text.starts_with("{\"id\":\"x\",\"count\":3,\"total_ns\":73,"));
    assert!(
        text.ends_with(",\"histogram_ns\":[[7,7,1],[32,33,2]]}\n"),
        "{text}"
    );
}
