//! The policy against the reference, and against bounds that follow from its description, over random workloads.

use proptest::prelude::*;

use super::thread::Habit;
use super::workload::{HZ, Life, workload};
use super::{assert_near, hogs};
use crate::sched::policy::reference::Reference;

/// Milliseconds that a workload runs.
const LENGTH: u64 = 30_000;

/// The longest that a normal thread of `lives` may be kept from the core, in seconds, by what the description
/// says. All others may be as good as new when it has just run: each of them runs until it has used as much, by
/// its weight, as the thread that waits, and is a turn ahead at the end. Realtime threads take their share first.
fn longest_wait(lives: &[Life], id: usize) -> f64 {
    let own = f64::from(lives[id].most_percent());
    let normal = || lives.iter().filter(|life| life.realtime == 0);
    let others: f64 = normal()
        .map(|life| own / f64::from(life.least_percent()))
        .sum();
    let alone = 0.2 * (1.0 + others).ln() + 0.01 * normal().count() as f64;
    let (taken, burst) = lives.iter().fold((0.0, 0.0), |(taken, burst), life| {
        let (share, work) = life.realtime_load();
        (taken + share, burst + work)
    });
    alone / (1.0 - taken) + burst
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn everybody_gets_what_the_reference_gives(workload in workload()) {
        let (sim, reference) = workload.run(LENGTH);
        for id in 0..sim.threads.len() {
            let (got, expected) = (sim.cpu(id) as f64 / workload.hz as f64, reference.cpu(id));
            // Some turns, and what the bent exponential and the granules of the queue are off.
            let share = if workload.is_touchy() { 0.09 } else { 0.03 };
            prop_assert!(
                (got - expected).abs() < 0.1 + share * expected,
                "thread {id}: {got} s, not {expected} s"
            );
        }
    }

    #[test]
    fn nobody_waits_longer_than_the_others_take_to_use_as_much(workload in workload()) {
        let (sim, _) = workload.run(LENGTH);
        for (id, _) in workload.lives.iter().enumerate().filter(|(_, life)| life.realtime == 0)
        {
            let waited = sim.longest_wait(id) as f64 / workload.hz as f64;
            let longest = longest_wait(&workload.lives, id);
            prop_assert!(waited < longest, "thread {id} waited {waited} s of at most {longest} s");
        }
    }

    #[test]
    fn nobody_loses_before_it_is_ahead_by_the_hysteresis(
        hz in prop::sample::select(&HZ),
        start in 0u64..9 * 31_557_600,
        percents in prop::collection::vec(25u32..400, 2..8),
    ) {
        let mut sim = hogs(hz, start * hz, &percents);
        sim.run(10 * hz);
        let least = percents.iter().copied().min().unwrap_or(100);
        let inverse: f64 = percents.iter().map(|&percent| 1.0 / f64::from(percent)).sum();
        for (id, percent) in percents.iter().map(|&percent| f64::from(percent)).enumerate() {
            // 5 ms of the lighter one, by a clock that is never 0.35 % off.
            let ahead = 0.993 * 0.005 * f64::from(least) / percent;
            // Among several that wait, one that has used up to a granule more than the best may be first.
            let granule = if percents.len() > 2 { 0.2 / 64.0 / percent / inverse } else { 0.0 };
            let shortest = (ahead - granule) * hz as f64;
            for slice in sim.slices(id) {
                prop_assert!(slice as f64 >= shortest, "{id}: {slice} ticks of {shortest}");
            }
        }
    }
}

#[test]
fn who_displaces_another_again_and_again_pays_for_it() {
    for hz in HZ {
        // It wants half of the core, 10 µs at a time, and is charged for 20.
        let ticks = hz / 100_000;
        let habit = Habit::Pauses {
            work: ticks,
            pause: ticks,
        };
        let mut sim = hogs(hz, 0, &[100]);
        let id = sim.spawn(habit, 100);
        sim.run(60 * hz);
        let mut reference = Reference::new(hz);
        reference.spawn(Habit::Hog, 100, 0);
        reference.spawn(habit, 100, 0);
        reference.run_until(60.0);
        let got = sim.cpu(id) as f64 / hz as f64;
        assert_near("its time in s", got, reference.cpu(1), 0.03);
        assert_near("its time in s", got, 20.0, 0.06);
    }
}
