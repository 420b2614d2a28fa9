//! What the policy promises to normal threads, over simulated minutes to years.

use proptest::prelude::*;

use super::thread::Habit;
use super::{assert_near, hogs};

const HZ: [u64; 3] = [54_000_000, 62_500_000, 1_000_000_000];

#[test]
fn two_equal_hogs_take_turns_of_ten_milliseconds() {
    for hz in HZ {
        let mut sim = hogs(hz, 0, &[100, 100]);
        sim.run(60 * hz);
        let mut slices = sim.slices(0);
        let total = slices.iter().sum::<u64>() as f64;
        let mean_ms = total / slices.len() as f64 * 1e3 / hz as f64;
        assert_near("mean slice in ms", mean_ms, 10.0, 0.03);
        // Exactly, by the exponential: h + τ·ln(2 − e^(−h/τ)), less the penalty with which each
        // turn begins.
        let exact_ms = 5.0 + 200.0 * (2.0 - (-5.0f64 / 200.0).exp()).ln() - 0.01;
        slices.sort_unstable();
        let median_ms = slices[slices.len() / 2] as f64 * 1e3 / hz as f64;
        assert_near("median slice in ms", median_ms, exact_ms, 0.001);
        assert_near(
            "first hog's ticks",
            sim.cpu(0) as f64,
            30.0 * hz as f64,
            0.001,
        );
        // One shot per switch: the timer fires when somebody loses, and only then.
        assert!(
            sim.timer_shots <= sim.switches,
            "{} {}",
            sim.timer_shots,
            sim.switches
        );
    }
}

#[test]
fn a_lone_hog_takes_no_timer_interrupt_however_long_it_runs() {
    let mut sim = hogs(54_000_000, 0, &[100]);
    sim.run(40 * 86_400 * 54_000_000);
    assert_eq!((sim.timer_shots, sim.switches), (0, 1));
}

/// The largest relative error of any share over three simulated minutes.
fn share_error(percents: &[u32], hz: u64) -> f64 {
    let mut sim = hogs(hz, 0, percents);
    sim.run(200 * hz);
    let inverse: f64 = percents
        .iter()
        .map(|&percent| 1.0 / f64::from(percent))
        .sum();
    let error = |(id, &percent): (usize, &u32)| {
        let share = sim.cpu(id) as f64 / (200 * hz) as f64;
        (share * f64::from(percent) * inverse - 1.0).abs()
    };
    percents.iter().enumerate().map(error).fold(0.0, f64::max)
}

#[test]
fn two_threads_share_by_the_inverse_of_priority_within_one_percent() {
    for other in [10, 25, 50, 73, 100, 200, 300, 400, 1_000] {
        for hz in [54_000_000, 62_500_000] {
            let error = share_error(&[100, other], hz);
            assert!(error < 0.01, "100 to {other}, {hz} Hz: {error}");
        }
    }
}

#[test]
fn arming_for_the_soonest_loss_costs_a_second_shot_and_little_fairness() {
    for other in [25, 50, 100, 200, 400] {
        let mut sim = hogs(54_000_000, 0, &[100, other]);
        sim.lazy = true;
        sim.run(200 * 54_000_000);
        assert!(sim.timer_shots <= 2 * sim.switches);
        let ratio = sim.cpu(0) as f64 / sim.cpu(1) as f64;
        assert_near(
            &format!("100 to {other}"),
            ratio,
            f64::from(other) / 100.0,
            0.05,
        );
    }
}

#[test]
fn many_threads_share_by_the_inverse_of_priority_within_three_percent() {
    for percents in [
        &[100; 4][..],
        &[100, 100, 50, 200],
        &[33, 77, 150],
        &[100, 100, 400],
    ] {
        let error = share_error(percents, 54_000_000);
        assert!(error < 0.03, "{percents:?}: {error}");
    }
}

#[test]
fn whoever_has_slept_long_runs_a_half_life_before_a_lone_hog_comes_back() {
    for hz in HZ {
        let mut sim = hogs(hz, 0, &[100]);
        sim.run(10 * hz);
        // A new thread and one that has slept for long are the same: neither has used anything that
        // counts.
        let id = sim.spawn(Habit::Hog, 100);
        sim.run(hz);
        let first_ms = sim.slices(id)[0] as f64 * 1e3 / hz as f64;
        assert_near("first run in ms", first_ms, 138.6 + 5.0, 0.02);
        let sleeper = sim.spawn(
            Habit::Pauses {
                work: hz / 1000,
                pause: 20 * hz,
            },
            100,
        );
        sim.run(90 * hz);
        assert_eq!(
            sim.threads[sleeper].longest_wait.get(),
            0,
            "it waits for nobody"
        );
        assert_near(
            "work of the sleeper",
            sim.cpu(sleeper) as f64,
            0.005 * hz as f64,
            1e-6,
        );
    }
}

#[test]
fn a_thread_that_wants_less_than_its_share_gets_all_of_it() {
    for period_ms in [1, 2, 4, 8, 16, 32] {
        let hz = 54_000_000;
        let mut sim = hogs(hz, 0, &[100]);
        let period = period_ms * hz / 1000;
        let id = sim.spawn(
            Habit::Periodic {
                work: period / 4,
                period,
            },
            100,
        );
        sim.run(100 * hz);
        assert_near(
            &format!("{period_ms} ms"),
            sim.cpu(id) as f64,
            25.0 * hz as f64,
            0.02,
        );
    }
}

#[test]
fn a_thread_that_wants_more_than_its_share_gets_its_share() {
    for period_ms in [1, 4, 32] {
        let hz = 54_000_000;
        let mut sim = hogs(hz, 0, &[100]);
        let period = period_ms * hz / 1000;
        let id = sim.spawn(
            Habit::Pauses {
                work: period * 9 / 10,
                pause: period / 10,
            },
            100,
        );
        sim.run(200 * hz);
        let share = sim.cpu(id) as f64 / (200 * hz) as f64;
        assert!((0.44..0.51).contains(&share), "{period_ms} ms: {share}");
    }
}

#[test]
fn the_edges_of_other_schedulers_are_none() {
    // 17.5 s: where OSv renormalises; 17.7 s: from where it forgets to charge; 39.8 s: the range of
    // a 32-bit timer value.
    for hz in HZ {
        for seconds in [
            8.9, 17.4, 17.5, 17.6, 17.8, 39.7, 39.8, 39.9, 200.0, 100_000.0,
        ] {
            let mut sim = hogs(hz, 0, &[100]);
            sim.run((seconds * hz as f64) as u64);
            let id = sim.spawn(Habit::Hog, 100);
            sim.run(hz / 2);
            // The run was charged: the newcomer first catches up a half-life.
            let first_ms = sim.slices(id)[0] as f64 * 1e3 / hz as f64;
            assert!(
                (138.0..146.0).contains(&first_ms),
                "{seconds} s, {hz} Hz: {first_ms} ms"
            );
            // And no more: both have half from then on.
            sim.run(hz / 2);
            let (a, b) = (sim.cpu(0), sim.cpu(id));
            sim.run(10 * hz);
            let got = (sim.cpu(0) - a) as f64 / (sim.cpu(id) - b) as f64;
            assert_near(&format!("{seconds} s, {hz} Hz"), got, 1.0, 0.01);
        }
    }
}

#[test]
fn after_years_of_uptime_all_is_as_on_the_first_day() {
    for hz in HZ {
        for years in [1, 5, 9] {
            let mut sim = hogs(hz, years * 31_557_200 * hz, &[100, 300]);
            sim.run(100 * hz);
            assert_near("share", sim.cpu(0) as f64, 75.0 * hz as f64, 0.01);
            assert!(sim.timer_shots <= sim.switches);
        }
    }
}

#[test]
fn a_thousand_hogs_share_a_core() {
    let hz = 62_500_000;
    let mut sim = hogs(hz, 0, &[100; 1000]);
    sim.run(200 * hz);
    let before: Vec<_> = (0..1000).map(|id| sim.cpu(id)).collect();
    sim.run(400 * hz);
    for (id, before) in before.into_iter().enumerate() {
        assert_near(
            "a thousandth",
            (sim.cpu(id) - before) as f64,
            0.4 * hz as f64,
            0.25,
        );
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(20))]

    #[test]
    fn any_hogs_get_their_shares_from_any_start(
        percents in prop::collection::vec(50u32..200, 2..8),
        start_s in 0u64..9 * 31_557_600,
        hz in 10_000_000u64..200_000_000,
    ) {
        let mut sim = hogs(hz, start_s * hz, &percents);
        sim.run(5 * hz);
        let before: Vec<_> = (0..percents.len()).map(|id| sim.cpu(id)).collect();
        sim.run(120 * hz);
        let inverse: f64 = percents.iter().map(|&percent| 1.0 / f64::from(percent)).sum();
        for (id, &percent) in percents.iter().enumerate() {
            let got = (sim.cpu(id) - before[id]) as f64 / (120 * hz) as f64;
            let expected = 1.0 / f64::from(percent) / inverse;
            // Slices of several hogs can fall into step for minutes: of 500 cases one was 5.5 % off, and one 8.5 % was
            // met otherwise.
            prop_assert!((got / expected - 1.0).abs() < 0.12, "{id}: {got}, not {expected}");
        }
    }
}
