//! The short ways of the policy against its long ones.

use proptest::prelude::*;

use super::tests::ticks;
use super::*;

/// A runner and a head that does not weigh less, which have used the CPU for so many ticks up to `start`.
fn pair(policy: &Policy, start: u64, used: [u64; 2], mut percents: [u32; 2]) -> (Runner, Head) {
    percents.sort_unstable();
    let since = policy.at(start);
    let [(runner, weight), (head, head_weight)] = [0, 1].map(|at| {
        let weight = Priority::from_percent(percents[at]).weight();
        let from = policy.at(start.saturating_sub(used[at]));
        (Rank::fresh(1).charged(weight, from, since), weight)
    });
    let (rank, since) = (runner, since.with_penalty());
    (
        Runner {
            rank,
            weight,
            since,
        },
        Head {
            rank: head,
            weight: head_weight,
        },
    )
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(3_000))]

    #[test]
    fn a_quick_decision_is_the_decision(
        start in ticks(),
        ran in 0u64..10_000_000,
        ranks in (0u64..200_000_000, 0u64..200_000_000),
        percents in (5u32..2_000, 5u32..2_000),
    ) {
        let policy = Policy::new(62_500_000);
        let since = policy.at(start);
        let rank = |used: u64, weight| Rank::fresh(1).charged(weight, policy.at(start.saturating_sub(used)), since);
        let mut weights =
            [percents.0, percents.1].map(|percent| Priority::from_percent(percent).weight());
        weights.sort_unstable();
        let [runner, head] = weights;
        let runner = Runner { rank: rank(ranks.0, runner), weight: runner, since };
        let head = Head { rank: rank(ranks.1, head), weight: head };
        let now = start + ran;
        let decided = policy.decide(Cause::Preempt, &runner, head, now);
        let rank = runner.rank_at(policy.at(now));
        match policy.has_lost_quickly(&runner, rank, head, now, policy.at(now)) {
            Some(true) => prop_assert_eq!(decided, Decision::Switch { runner: rank }),
            Some(false) => {
                let is_stay = matches!(decided, Decision::Stay { .. });
                prop_assert!(is_stay);
                if let Some(deadline_ticks) = policy.deadline_ticks_quickly(&runner, head) {
                    prop_assert_eq!(decided, Decision::Stay { deadline_ticks });
                }
            }
            None => {}
        }
    }

    #[test]
    fn a_runner_that_is_safe_does_not_lose(
        start in ticks(),
        hz in prop::sample::select(&[54_000_000, 62_500_000, 1_000_000_000u64]),
        used in [ticks(), ticks()],
        apart in 0u64..1_000_000,
        percents in [5u32..2_000, 5u32..2_000],
        moments in [0u64..u64::MAX, 0u64..u64::MAX],
    ) {
        let policy = Policy::new(hz);
        for used in [used, [used[0], used[0].saturating_sub(apart)]] {
            let (runner, head) = pair(&policy, start, used, percents);
            let until = policy.safe_until_ticks(&runner, head, start);
            // Who has displaced somebody is charged from a bit before its start.
            let until = until.saturating_sub(hz / 70_000);
            if until <= start {
                continue;
            }
            for at in moments.map(|moment| start + moment % (until - start)) {
                let decided = policy.decide(Cause::Preempt, &runner, head, at);
                prop_assert!(matches!(decided, Decision::Stay { .. }), "{at} of {until}");
            }
        }
    }
}

#[test]
fn one_that_is_ahead_by_a_twentieth_of_what_it_may_be_is_safe_for_half_of_it_and_one_by_all_is_not()
{
    let policy = Policy::new(1_000_000_000);
    let ms = |ms: u64| ms * 1_000_000;
    for used in [ms(1), ms(7), ms(30)] {
        let start = ms(1_000);
        let until = |ahead: u64| {
            let (runner, head) = pair(&policy, start, [used + ahead, used], [100, 100]);
            policy.safe_until_ticks(&runner, head, start)
        };
        assert_eq!(
            until(ms(1) / 4),
            start + policy.hysteresis_ticks / 2,
            "{used}"
        );
        assert_eq!(until(ms(5)), 0, "{used}");
    }
}
