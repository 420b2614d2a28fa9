//! The arithmetic against 64-bit floating point, and the decisions one by one.

use proptest::prelude::*;

use super::*;

const HZ: [u64; 5] = [1_000_000, 19_200_000, 54_000_000, 62_500_000, 1_000_000_000];

/// The value of a pattern relative to 2^`binade`.
fn value(bits: u64, binade: u64) -> f64 {
    let exponent = decay::binade(bits) as f64 - binade as f64;
    (1.0 + (bits & 0xffff_ffff) as f64 / 4_294_967_296.0) * exponent.exp2()
}

pub(super) fn runner(rank: Rank, percent: u32, since: DecayedTime) -> Runner {
    Runner {
        rank,
        weight: Priority::from_percent(percent).weight(),
        since,
    }
}

pub(super) fn head(rank: Rank, percent: u32) -> Head {
    Head {
        rank,
        weight: Priority::from_percent(percent).weight(),
    }
}

#[test]
fn the_clock_doubles_every_half_life_and_is_never_0_35_percent_off_the_exponential() {
    for hz in HZ {
        let policy = Policy::new(hz);
        let half_life = 4_294_967_296.0 / (policy.units_per_tick * hz) as f64;
        assert!(
            (half_life / 0.138_629_436 - 1.0).abs() < 0.001,
            "{hz} Hz: {half_life} s"
        );
        for step in 0..2_000 {
            let ticks = (f64::from(step) * 0.003_17 * hz as f64) as u64;
            let exact = (ticks as f64 / hz as f64 / half_life).exp2();
            let got = value(policy.at(ticks).0, decay::binade(CLOCK_ZERO));
            let ratio = got / exact;
            assert!(
                (0.998..1.0035).contains(&ratio),
                "{hz} Hz, tick {ticks}: {ratio}"
            );
        }
    }
}

#[test]
fn a_run_of_no_length_or_backwards_costs_nothing() {
    let policy = Policy::new(54_000_000);
    let (early, late) = (policy.at(1_000_000), policy.at(90_000_000));
    for rank in [
        Rank::fresh(3),
        Rank::fresh(3).charged(Weight::NORMAL, policy.at(0), late),
    ] {
        for (from, to) in [(late, late), (late, early), (early, early)] {
            assert_eq!(rank.charged(Weight::NORMAL, from, to), rank);
        }
    }
}

#[test]
fn realtime_and_idle_threads_are_never_charged() {
    let policy = Policy::new(54_000_000);
    for (from, to) in [(5, 6), (0, 54_000_000), (0, 1 << 50)] {
        let (from, to) = (policy.at(from), policy.at(to));
        let realtime = Rank::realtime(9);
        assert_eq!(realtime.charged(Weight::NORMAL, from, to), realtime);
        assert_eq!(Rank::IDLE.charged(Weight::IDLE, from, to), Rank::IDLE);
    }
}

#[test]
fn ranks_put_realtime_first_by_priority_then_new_threads_by_age_then_those_that_have_run() {
    let policy = Policy::new(54_000_000);
    let ran = Rank::fresh(0).charged(Weight::NORMAL, policy.at(0), policy.at(1));
    let order = [
        Rank::realtime(255),
        Rank::realtime(2),
        Rank::realtime(1),
        Rank::fresh(0),
        Rank::fresh(1),
        Rank::fresh(u32::MAX),
        ran,
        Rank::IDLE,
    ];
    assert!(order.is_sorted_by(|a, b| a < b), "{order:?}");
}

#[test]
fn yielding_and_preemption_go_by_class_then_by_priority() {
    let policy = Policy::new(54_000_000);
    let now = 54_000_000;
    let outcome = |cause, rank: Rank, other: Rank| {
        let runner = Runner {
            rank,
            weight: Weight::NORMAL,
            since: policy.at(now - 54_000),
        };
        match policy.decide(cause, &runner, head(other, 100), now) {
            Decision::Stay { deadline_ticks } => Some(deadline_ticks),
            Decision::Switch { .. } => None,
        }
    };
    let (low, high) = (Rank::realtime(3), Rank::realtime(4));
    let normal = Rank::fresh(1).charged(Weight::NORMAL, policy.at(0), policy.at(now / 2));
    for (cause, running, waiting, expected) in [
        // A realtime thread yields to its equals and its betters, and is preempted by its betters
        // only.
        (Cause::Yield, low, normal, Some(NEVER)),
        (Cause::Yield, high, low, Some(NEVER)),
        (Cause::Yield, low, low, None),
        (Cause::Yield, low, high, None),
        (Cause::Preempt, low, normal, Some(NEVER)),
        (Cause::Preempt, low, low, Some(NEVER)),
        (Cause::Preempt, high, low, Some(NEVER)),
        (Cause::Preempt, low, high, None),
        // A normal thread yields to everyone, and is preempted by every realtime thread.
        (Cause::Yield, normal, normal, None),
        (Cause::Yield, normal, low, None),
        (Cause::Preempt, normal, low, None),
        // New against one that has run for long.
        (Cause::Preempt, normal, Rank::fresh(7), None),
        (Cause::Preempt, normal, Rank::IDLE, Some(NEVER)),
    ] {
        assert_eq!(
            outcome(cause, running, waiting),
            expected,
            "{cause:?} {running:?} {waiting:?}"
        );
    }
    let idle = Runner {
        rank: Rank::IDLE,
        weight: Weight::NORMAL,
        since: policy.at(0),
    };
    let decision = policy.decide(Cause::Preempt, &idle, head(normal, 100), now);
    assert_eq!(decision, Decision::Switch { runner: Rank::IDLE });
}

#[test]
fn displacing_a_thread_costs_ten_microseconds_on_average() {
    let policy = Policy::new(1_000_000_000);
    let cost = |ticks| {
        let now = policy.at(ticks);
        let charged = |from| value(Rank::fresh(0).charged(Weight::NORMAL, from, now).0, 1 << 31);
        // In terms of an ordinary run of 10 µs.
        charged(now.with_penalty()) / charged(policy.at(ticks - 10_000))
    };
    let costs: Vec<_> = (100..240).map(|ms| cost(ms * 1_000_000)).collect();
    assert!(
        costs.iter().all(|cost| (0.74..1.51).contains(cost)),
        "{costs:?}"
    );
    let mean = costs.iter().sum::<f64>() / costs.len() as f64;
    assert!((0.95..1.15).contains(&mean), "{mean}");
}

#[test]
fn a_deadline_is_not_early_where_a_last_place_of_the_runtime_is_worth_many_ticks() {
    // Much used at a hundred times the price, and charged a hundredth from now on.
    let policy = Policy::new(1_000_000_000);
    let (dear, cheap) = (
        Priority::from_percent(10_000).weight(),
        Priority::from_percent(1).weight(),
    );
    let used = |ticks| Rank::fresh(0).charged(dear, policy.at(0), policy.at(ticks));
    for step in 0..20_000 {
        let start = 10_000_000_000 + step * 7_919;
        let runner = Runner {
            rank: used(start),
            weight: cheap,
            since: policy.at(start),
        };
        let head = Head {
            rank: used(start + step % 97),
            weight: cheap,
        };
        let deadline = policy.deadline_ticks(&runner, head);
        let decision = policy.decide(Cause::Preempt, &runner, head, deadline);
        assert!(
            matches!(decision, Decision::Switch { .. }),
            "step {step}: {decision:?}"
        );
    }
}

/// Ticks of all magnitudes, up to nine years at 62.5 MHz.
pub(super) fn ticks() -> impl Strategy<Value = u64> {
    (1u32..54, any::<u64>()).prop_map(|(bits, random)| random & ((1 << bits) - 1))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(3_000))]

    #[test]
    fn a_charge_is_what_floating_point_says(
        start in ticks(),
        runs in prop::collection::vec((ticks(), 1u32..10_000, any::<bool>()), 1..6),
    ) {
        let policy = Policy::new(62_500_000);
        let mut now = start;
        let mut rank = Rank::fresh(0);
        for (length, percent, long) in runs {
            let length = if long { length } else { length % 1_000_000 };
            let weight = Priority::from_percent(percent).weight();
            let (from, to) = (policy.at(now), policy.at(now + length));
            prop_assume!(now + length < 1 << 54);
            let charged = rank.charged(weight, from, to);
            prop_assert!(charged >= rank);
            // Relative to the end of the run, where nothing overflows.
            let at = decay::binade(to.0);
            let exact = value(rank.0, at) + f64::from(weight.0) * (value(to.0, at) - value(from.0, at));
            let got = value(charged.0, at);
            // Last places: of the sum, of a runtime far below the clock, of the run.
            let tolerance = (2.0 * exact + 2.0 + f64::from(weight.0)) / 4_294_967_296.0;
            prop_assert!((got - exact).abs() <= tolerance, "{got}, not {exact}");
            if let Some(quickly) = rank.charged_quickly(weight, from, to) {
                prop_assert_eq!(quickly, rank.charged_slowly(weight, from, to));
            }
            (now, rank) = (now + length, charged);
        }
    }

    #[test]
    fn straightening_undoes_bending_and_never_falls_short(phase in CLOCK_ZERO..CLOCK_ZERO + (1 << 60)) {
        let bits = decay::bend(phase);
        let back = decay::straighten(bits);
        prop_assert!(back >= phase, "{back:x} {phase:x}");
        prop_assert!(back - phase < 1 << 18, "{back:x} {phase:x}");
        prop_assert!(decay::bend(phase + 31) > bits);
    }

    #[test]
    fn a_runner_has_lost_at_its_deadline_and_not_long_before(
        hz in prop::sample::select(&[19_200_000, 54_000_000, 62_500_000, 1_000_000_000u64]),
        start_ms in 1_000u64..100_000_000,
        behind_us in 0u64..2_000_000,
        ahead_us in 0u64..2_000_000,
        percents in (5u32..2_000, 5u32..2_000),
        earlier in (1u32..10_000, 1u32..10_000),
    ) {
        let policy = Policy::new(hz);
        let us = |us: u64| us * (hz / 100_000) / 10;
        let start = us(start_ms * 1_000);
        // Both have used something, up to a while before, perhaps with another priority.
        let used = |ago_us, percent| {
            let weight = Priority::from_percent(percent).weight();
            Rank::fresh(0).charged(weight, policy.at(0), policy.at(start.saturating_sub(us(ago_us))))
        };
        let runner = runner(used(behind_us, earlier.0), percents.0, policy.at(start));
        let head = head(used(ahead_us, earlier.1), percents.1);
        let deadline = policy.deadline_ticks(&runner, head);
        prop_assert_ne!(deadline, NEVER);
        let loses = |at| {
            matches!(policy.decide(Cause::Preempt, &runner, head, at), Decision::Switch { .. })
        };
        prop_assert!(loses(deadline.max(start)), "goes on at its deadline");
        // 8 µs for the curve, and what both sides are rounded by.
        let before = deadline.saturating_sub(us(10) + 8);
        prop_assert!(before <= start || !loses(before), "lost {} ticks early", us(10));
        if runner.rank <= head.rank && runner.weight.0 <= head.weight.0 {
            prop_assert!(deadline >= policy.soonest_loss_ticks(start));
        }
    }
}
