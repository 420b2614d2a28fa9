//! The arithmetic against 64-bit floating point, and the decisions one by one.

use super::*;

const HZ: [u64; 5] = [1_000_000, 19_200_000, 54_000_000, 62_500_000, 1_000_000_000];

/// The value of a pattern relative to 2^`binade`.
fn value(bits: u64, binade: u64) -> f64 {
    let exponent = decay::binade(bits) as f64 - binade as f64;
    (1.0 + (bits & 0xffff_ffff) as f64 / 4_294_967_296.0) * exponent.exp2()
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
        let ticks = |seconds: f64| (seconds * hz as f64) as u64;
        for step in 0..2_000 {
            let seconds = f64::from(step) * 0.003_17;
            let exact = (seconds / half_life).exp2();
            let got = value(policy.at(ticks(seconds)).0, decay::binade(CLOCK_ZERO));
            let ratio = got / exact;
            assert!(
                (0.998..1.0035).contains(&ratio),
                "{hz} Hz, {seconds} s: {ratio}"
            );
        }
    }
}
