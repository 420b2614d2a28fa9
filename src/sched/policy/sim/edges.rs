//! The edges at which other schedulers take a step: 9 to 17.7 s without a charge, 17.5 s to the next renormalisation,
//! 39.8 s to the end of a 32-bit timer value; and hours of it all.

use proptest::prelude::*;

use super::thread::Habit;
use super::workload::HZ;
use super::{assert_near, hogs};

/// τ, in milliseconds.
const TAU: f64 = 200.0;
const HYSTERESIS: f64 = 5.0;

/// Seconds in which a counter of `hz` comes to an edge of another scheduler.
fn edges(hz: u64) -> [f64; 5] {
    [9.0, 17.47, 17.7, 39.8, (1u64 << 31) as f64 / hz as f64]
}

#[test]
fn a_run_of_any_length_is_charged_in_full() {
    for hz in HZ {
        for edge in edges(hz) {
            for step in -20..20 {
                let seconds = edge + f64::from(step) * 0.013_7;
                let mut sim = hogs(hz, 0, &[100]);
                sim.run((seconds * hz as f64) as u64);
                let id = sim.spawn(Habit::Hog, 100);
                sim.run(hz / 4);
                let first_ms = sim.slices(id)[0] as f64 * 1e3 / hz as f64;
                let exact_ms = HYSTERESIS + TAU * (2.0 - (-seconds * 1e3 / TAU).exp()).ln();
                assert_near(&format!("{seconds} s, {hz} Hz"), first_ms, exact_ms, 0.015);
            }
        }
    }
}

#[test]
fn nobody_notices_when_an_edge_passes() {
    for hz in HZ {
        for edge in edges(hz) {
            let begin = ((edge - 1.0) * hz as f64) as u64;
            // As uptime, and as time since the counter began.
            for start in [0, begin] {
                let mut sim = hogs(hz, start, &[100, 100]);
                sim.run(hz + begin - start);
                for window in 0..20 {
                    let before = sim.cpu(0);
                    sim.run(hz / 5);
                    let got_ms = (sim.cpu(0) - before) as f64 * 1e3 / hz as f64;
                    // Half, but for a turn.
                    assert!(
                        (got_ms - 100.0).abs() < 10.5,
                        "{edge} s, {hz} Hz, {window}: {got_ms} ms"
                    );
                }
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(6))]

    #[test]
    fn every_hour_is_like_the_first(
        hz in prop::sample::select(&HZ),
        percents in prop::collection::vec(50u32..200, 2..5),
    ) {
        let mut sim = hogs(hz, 0, &percents);
        let inverse: f64 = percents.iter().map(|&percent| 1.0 / f64::from(percent)).sum();
        let mut before = vec![0; percents.len()];
        for hour in 0..3 {
            sim.run(3_600 * hz);
            for (id, &percent) in percents.iter().enumerate() {
                let got = (sim.cpu(id) - before[id]) as f64 / (3_600 * hz) as f64;
                let expected = 1.0 / f64::from(percent) / inverse;
                prop_assert!((got / expected - 1.0).abs() < 0.03, "{hour} h, {id}: {got}, not {expected}");
                before[id] = sim.cpu(id);
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(40))]

    #[test]
    fn whoever_sleeps_gets_no_more_credit_than_a_newcomer(
        hz in prop::sample::select(&HZ),
        others in 1usize..5,
        work_ms in 1u64..3_000,
        sleep_ms in prop_oneof![0u64..2_000, 2_000u64..86_400_000],
    ) {
        // A day beside a lone hog is soon over; others take turns all the while.
        let sleep_ms = if others == 1 { sleep_ms } else { sleep_ms % 20_000 };
        let mut sim = hogs(hz, 0, &vec![100; others]);
        sim.run(5 * hz);
        let (work, pause) = (work_ms * hz / 1000, sleep_ms * hz / 1000);
        let id = sim.spawn(Habit::Pauses { work, pause }, 100);
        while sim.cpu(id) < work {
            sim.run(hz / 100);
        }
        sim.threads[id].habit.set(Habit::Hog);
        sim.threads[id].work_left.set(u64::MAX);
        sim.threads[id].slices.borrow_mut().clear();
        sim.run(pause + 2 * hz);
        let first_ms = sim.slices(id)[0] as f64 * 1e3 / hz as f64;
        let most_ms = HYSTERESIS + TAU * (1.0 + 1.0 / others as f64).ln();
        prop_assert!(first_ms < most_ms * 1.06, "{first_ms} ms of at most {most_ms} ms");
        if sleep_ms > 2_000 {
            prop_assert!(first_ms > most_ms * 0.94, "{first_ms} ms, not {most_ms} ms");
        }
    }
}
