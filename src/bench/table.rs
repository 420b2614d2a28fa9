//! The benchmarks: a line each.

use super::{
    NoFigure, Outcome, boot, contended, cyclic,
    handoffs::{ByChannel, ByCondvar, ByPark, BySemaphore, Yield},
    interrupts, known_loop, migrate, pair, preemption,
    run::{
        Placement::{Anywhere, Apart, Same},
        Run,
    },
    scaling, spawn_join, timer_interrupt, uncontended, wakes, yield_alone,
};

/// A benchmark.
pub(crate) struct Benchmark {
    /// Its name, dotted and stable.
    pub(crate) id: &'static str,
    /// What an operation is.
    pub(crate) what: &'static str,
    /// Operations of a round, where nobody says otherwise.
    pub(crate) iterations: u64,
    pub(crate) run: fn(&Run) -> Result<Outcome, NoFigure>,
}

macro_rules! benchmarks {
    ($($id:literal $iterations:literal $what:literal $run:expr;)*) => {
        /// All of them.
        pub(crate) static BENCHMARKS: &[Benchmark] = &[$(Benchmark {
            id: $id,
            what: $what,
            iterations: $iterations,
            run: $run,
        }),*];
    };
}

benchmarks! {
    "boot.to_prompt" 2 "from the first words to the first thread" boot::measure;
    "clock.known_loop" 2_000 "1,000 instructions, to see that all else is right" known_loop::measure;
    "switch.yield.same_core" 20_000 "a yield to the other thread" |run| pair::measure::<Yield>(run, Same);
    "switch.yield.alone" 20_000 "a yield to nobody" yield_alone::measure;
    "handoff.condvar.colocated" 20_000 "mutex and condition variable" |run| pair::measure::<ByCondvar>(run, Same);
    "handoff.condvar.apart" 4_000 "the same, on two cores" |run| pair::measure::<ByCondvar>(run, Apart);
    "handoff.condvar.nopin" 4_000 "the same, anywhere" |run| pair::measure::<ByCondvar>(run, Anywhere);
    "handoff.semaphore.colocated" 20_000 "two semaphores" |run| pair::measure::<BySemaphore>(run, Same);
    "handoff.semaphore.apart" 4_000 "the same, on two cores" |run| pair::measure::<BySemaphore>(run, Apart);
    "handoff.semaphore.nopin" 4_000 "the same, anywhere" |run| pair::measure::<BySemaphore>(run, Anywhere);
    "handoff.channel.colocated" 20_000 "two channels" |run| pair::measure::<ByChannel>(run, Same);
    "handoff.channel.apart" 4_000 "the same, on two cores" |run| pair::measure::<ByChannel>(run, Apart);
    "handoff.channel.nopin" 4_000 "the same, anywhere" |run| pair::measure::<ByChannel>(run, Anywhere);
    "handoff.park.colocated" 20_000 "park and unpark" |run| pair::measure::<ByPark>(run, Same);
    "handoff.park.apart" 4_000 "the same, on two cores" |run| pair::measure::<ByPark>(run, Apart);
    "handoff.park.nopin" 4_000 "the same, anywhere" |run| pair::measure::<ByPark>(run, Anywhere);
    "mutex.uncontended" 20_000 "lock and unlock" uncontended::measure;
    "mutex.contended" 4_000 "lock and unlock, wanted by two cores" contended::measure;
    "thread.spawn_join" 2_000 "an empty thread's life" spawn_join::measure;
    "thread.migrate" 2_000 "to another core" migrate::measure;
    "wake.idle_core" 500 "unpark until it runs on another core that sleeps" |run| wakes::measure(run, false);
    "wake.busy_core" 500 "the same, where another thread runs" |run| wakes::measure(run, true);
    "irq.to_handler" 2_000 "SGI to itself until its handler begins" interrupts::to_handler;
    "irq.to_thread" 2_000 "SGI to itself until a thread runs" interrupts::to_thread;
    "irq.timer" 2_000 "a timer interrupt that switches nobody" timer_interrupt::measure;
    "timer.latency" 500 "how late a sleeper wakes on an idle core" cyclic::measure;
    "preempt.cost" 20 "from one busy thread to the other" preemption::measure;
    "scale.yield.t2" 20_000 "a yield among 2 threads" |run| scaling::runnable(run, 2);
    "scale.yield.t10" 20_000 "a yield among 10" |run| scaling::runnable(run, 10);
    "scale.yield.t100" 20_000 "a yield among 100" |run| scaling::runnable(run, 100);
    "scale.yield.t1000" 100_000 "a yield among 1,000" |run| scaling::runnable(run, 1_000);
    "scale.yield.t10000" 100_000 "a yield among 10,000" |run| scaling::runnable(run, 10_000);
    "scale.blocked.t10" 20_000 "a yield of two, 10 others wait" |run| scaling::blocked(run, 10);
    "scale.blocked.t1000" 20_000 "a yield of two, 1,000 others wait" |run| scaling::blocked(run, 1_000);
    "scale.blocked.t10000" 20_000 "a yield of two, 10,000 others wait" |run| scaling::blocked(run, 10_000);
    "scale.timer.t2" 20_000 "handoff with deadline, 2 other timers" |run| scaling::timers(run, 2);
    "scale.timer.t100" 20_000 "handoff with deadline, 100 other timers" |run| scaling::timers(run, 100);
    "scale.timer.t1000" 20_000 "handoff with deadline, 1,000 other timers" |run| scaling::timers(run, 1_000);
    "scale.timer.t10000" 20_000 "handoff with deadline, 10,000 other timers" |run| scaling::timers(run, 10_000);
}
