//! What the policy promises when threads of all kinds share a core.

use super::thread::Habit;
use super::{Sim, assert_near, hogs};

#[test]
fn nobody_starves_among_hogs_yielders_and_sleepers() {
    let hz = 62_500_000;
    let mut sim = hogs(hz, 0, &[100; 5]);
    for at in 0..5 {
        sim.spawn(Habit::Yields(100 + 1_000 * at), 100);
        sim.spawn(
            Habit::Pauses {
                work: 20_000,
                pause: 50_000 * (at + 1),
            },
            100,
        );
    }
    sim.spawn(Habit::Hog, 1_000);
    sim.run(20 * hz);
    for (id, thread) in sim.threads.iter().enumerate() {
        let longest_ms = thread.longest_wait.get() as f64 * 1e3 / hz as f64;
        let bound = if id == sim.threads.len() - 1 {
            2_000.0
        } else {
            400.0
        };
        assert!(longest_ms < bound, "thread {id} waited {longest_ms} ms");
        assert!(thread.cpu_ticks.get() > 0, "thread {id}");
    }
}

#[test]
fn realtime_threads_run_first_by_priority_and_are_never_timed() {
    let hz = 54_000_000;
    let mut sim = hogs(hz, 0, &[100, 100]);
    sim.run(hz);
    let before = (sim.cpu(0) + sim.cpu(1), sim.timer_shots);
    let low = sim.spawn_realtime(Habit::Hog, 1);
    let high = sim.spawn_realtime(
        Habit::Pauses {
            work: hz / 100,
            pause: hz / 100,
        },
        2,
    );
    let low_too = sim.spawn_realtime(Habit::Hog, 1);
    sim.run(10 * hz);
    assert_eq!(
        sim.cpu(0) + sim.cpu(1),
        before.0,
        "normal threads stand still"
    );
    assert_eq!(sim.timer_shots, before.1, "FIFO has no time slices");
    assert_near("high", sim.cpu(high) as f64, 5.0 * hz as f64, 0.01);
    assert_near("low", sim.cpu(low) as f64, 5.0 * hz as f64, 0.01);
    assert_eq!(
        sim.cpu(low_too),
        0,
        "preempted, the first stays before its equal"
    );
    assert_eq!(sim.threads[high].longest_wait.get(), 0);
}

#[test]
fn realtime_threads_of_one_priority_take_turns_when_they_yield() {
    let hz = 54_000_000;
    let mut sim = Sim::new(hz, 0);
    for _ in 0..3 {
        sim.spawn_realtime(Habit::Yields(1_000), 7);
    }
    let hog = sim.spawn(Habit::Hog, 100);
    let lower = sim.spawn_realtime(Habit::Hog, 6);
    sim.run(hz);
    for id in 0..3 {
        assert_near("a third", sim.cpu(id) as f64, hz as f64 / 3.0, 0.001);
    }
    assert_eq!((sim.cpu(hog), sim.cpu(lower)), (0, 0));
}
