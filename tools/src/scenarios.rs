//! Which scenarios there are and where each is run: one table.
//!
//! A command that judges itself is one row. Whatever needs a conversation is a function in
//! one of the modules below.

mod backtraces;
mod benchmarks;
mod board;
mod conversations;
mod counted_twice;
mod examples;
mod figures;
mod hangs;
pub(crate) mod input;
mod memory;
mod scenario;
mod states;
mod u_boot;
mod watching;
mod wires;

use crate::soak;
pub(crate) use scenario::{COMMAND_TIMEOUT, COUNTED_SHIFT, Extent, Scenario};
use scenario::{Place, command, conversation, counted};

/// Every scenario.
pub(crate) const ALL: &[Scenario] = &[
    conversation("boot", Place::Quick, conversations::boot),
    conversation("repeated", Place::Everywhere, conversations::repeated),
    command("fpu", Place::Everywhere, "fpu", "fpu --full"),
    command(
        "regs",
        Place::Everywhere,
        "regs --seconds 2",
        "regs --seconds 20",
    ),
    command(
        "ctxsw",
        Place::Everywhere,
        "ctxsw --seconds 1",
        "ctxsw --seconds 10",
    ),
    // On one core `apart` says that it needs two.
    conversation("classic-lines", Place::Main, conversations::classic_lines).on_cores(2),
    command("threads", Place::Main, "threads", "threads --full"),
    command("mutex", Place::Main, "mutex", "mutex --full"),
    command("condvar", Place::Main, "condvar", "condvar --full"),
    command("sem", Place::Main, "sem", "sem --full"),
    command("rwlock", Place::Main, "rwlock", "rwlock --full"),
    command("barrier", Place::Main, "barrier", "barrier --full"),
    command("channel", Place::Main, "channel", "channel --full"),
    command("once", Place::Main, "once", "repeat 10 once"),
    command("preempt", Place::Main, "preempt", "preempt --seconds 10"),
    command("pin", Place::Main, "pin", "repeat 10 pin"),
    command("sleep", Place::Main, "sleep", "repeat 10 sleep"),
    command("yield", Place::Main, "yield", "repeat 10 yield"),
    command("balance", Place::Main, "balance", "repeat 10 balance"),
    command("sched", Place::Main, "sched", "repeat 10 sched"),
    command(
        "timeslice",
        Place::Main,
        "timeslice",
        "timeslice --seconds 10 --lone 45",
    ),
    command("prio", Place::Main, "prio", "prio --ms 5000"),
    command("tls", Place::Main, "tls", "repeat 10 tls"),
    command(
        "timers",
        Place::Main,
        "timers",
        "timers --threads 1000 --long 45",
    ),
    command(
        "affinity",
        Place::Main,
        "affinity",
        "affinity --rounds 2000",
    ),
    command("cputime", Place::Main, "cputime", "cputime --ms 2000"),
    command(
        "monotonic",
        Place::Main,
        "monotonic",
        "monotonic --seconds 15",
    ),
    command("wake", Place::Main, "wake", "wake --rounds 500"),
    command("locks", Place::Main, "locks", "locks --ms 3000"),
    // First each kind of crash, on the last core; then everything works as before.
    command(
        "crash",
        Place::Main,
        "crash all --brief; suite threads mutex condvar sem wake map --brief",
        "crash all --brief; suite all --brief",
    ),
    command(
        "crash-often",
        Place::Main,
        "crash null panic --times 200 --quiet",
        "crash null panic overflow --times 10000 --quiet",
    ),
    conversation("crashes", Place::Main, conversations::crashes).on_cores(2),
    conversation("hangs", Place::Main, hangs::hangs).on_cores(3),
    conversation("no-hangs", Place::Main, hangs::no_hangs),
    command("cost", Place::Main, "cost", "cost --rounds 2000"),
    conversation("cost-counted", Place::Main, figures::cost),
    conversation("conditions", Place::Main, figures::conditions),
    conversation("board", Place::Main, board::board),
    conversation("watchdog", Place::Main, board::watchdog),
    command("map", Place::Main, "map", "repeat 10 map"),
    command("exhaust", Place::Main, "exhaust", "exhaust --rounds 10000"),
    conversation("memory", Place::Main, memory::memory),
    conversation("suite", Place::Main, conversations::suite),
    conversation("bench", Place::Main, benchmarks::bench),
    counted("preempt-counted", "preempt --strict --seconds 2"),
    counted("mutex-counted", "mutex --strict"),
    counted("sleep-counted", "sleep --strict"),
    counted("balance-counted", "balance --strict"),
    counted("sched-counted", "sched --strict --seconds 2"),
    counted("timeslice-counted", "timeslice --strict --seconds 2"),
    counted("prio-counted", "prio --strict --ms 1000"),
    // An idle machine's time costs nothing there: a day of it.
    counted("timers-counted", "timers --strict --long 86400"),
    counted("cputime-counted", "cputime --strict"),
    counted("wake-counted", "wake --strict"),
    counted("locks-counted", "locks --strict"),
    counted(
        "hang-counted",
        "hang irq spin deadlock --after 200 --strict",
    ),
    conversation("trace", Place::Main, watching::trace).on_cores(2),
    conversation("top", Place::Main, watching::top),
    conversation("ps", Place::Main, watching::ps),
    conversation("irq", Place::Main, watching::irq),
    // A loop of known length measures as that; no sleeper wakes before its time.
    counted(
        "bench-counted",
        "bench clock.known_loop switch.yield.alone irq.timer; latency; ctxsw colocated --json",
    ),
    conversation("deep-panic", Place::Main, backtraces::panic).on_cores(2),
    conversation("deep-fault", Place::Main, backtraces::fault).on_cores(2),
    conversation("exec", Place::Main, conversations::exec),
    conversation("editing", Place::Main, conversations::editing),
    conversation("jobs", Place::Main, conversations::jobs).on_cores(2),
    conversation("responsive", Place::Main, conversations::responsive),
    conversation("suites", Place::States, states::suites),
    conversation("suites-single", Place::States, states::suites_single),
    conversation("suites-counted", Place::States, states::suites_counted),
    conversation("example-threads", Place::Once, examples::threads).of_example("threads"),
    conversation("tree-in-the-way", Place::Stub, states::tree_in_the_way),
    conversation("u-boot-booti", Place::Once, u_boot::booti),
    conversation("u-boot-go", Place::Once, u_boot::go),
    conversation("wires", Place::One, wires::measure_over_each).on_cores(2),
    conversation("monitor", Place::One, wires::monitored).on_cores(2),
    conversation("random-bytes", Place::Main, input::random_bytes),
    conversation("soak", Place::Soaked, soak::test),
    conversation("soak-counted", Place::Main, counted_twice::soak),
];

#[cfg(test)]
mod tests {
    use super::scenario::{AT_EVERY_LEVEL, IN_EVERY_STATE};
    use super::*;
    use crate::machines::{self, Role};

    fn count(extent: Extent) -> usize {
        let machines = machines::all();
        let pairs = machines
            .iter()
            .flat_map(|machine| ALL.iter().map(move |s| (machine, s)));
        pairs
            .filter(|(machine, scenario)| scenario.is_run_on(machine, extent))
            .count()
    }

    #[test]
    fn quick_is_each_boards_boot_and_full_is_most() {
        assert_eq!(count(Extent::Quick), 2);
        assert!(count(Extent::Full) <= machines::all().len() * ALL.len());
        assert!((count(Extent::Quick)..count(Extent::Full)).contains(&count(Extent::Usual)));
    }

    #[test]
    fn the_other_optimisation_levels_run_what_depends_on_the_compiler_and_only_in_the_full_run() {
        let machines = machines::all();
        let o0 = machines
            .iter()
            .find(|machine| machine.name == "virt-O0")
            .unwrap();
        let run = |extent| {
            let scenarios = ALL.iter().filter(|scenario| scenario.is_run_on(o0, extent));
            scenarios.map(|scenario| scenario.name).collect::<Vec<_>>()
        };
        assert_eq!(run(Extent::Full), AT_EVERY_LEVEL);
        assert!(run(Extent::Usual).is_empty());
    }

    #[test]
    fn every_state_boots_and_switches_in_ci_and_runs_all_suites_in_the_full_run() {
        let machines = machines::all();
        let states = machines
            .iter()
            .filter(|machine| machine.role == Role::State);
        for machine in states {
            let run = |extent| {
                let scenarios = ALL
                    .iter()
                    .filter(|scenario| scenario.is_run_on(machine, extent));
                scenarios.map(|scenario| scenario.name).collect::<Vec<_>>()
            };
            assert_eq!(run(Extent::Usual), IN_EVERY_STATE, "{}", machine.name);
            let mut full = vec!["boot", "regs", "ctxsw", "suites", "suites-single"];
            // Commands are handed over in the tree, where there is one.
            full.extend(machine.has_bootargs().then_some("suites-counted"));
            assert_eq!(run(Extent::Full), full, "{}", machine.name);
        }
    }

    #[test]
    fn a_machine_that_lacks_what_a_scenario_needs_does_not_run_it() {
        let machines = machines::all();
        let run_on = |name: &str, machine: &str| {
            let scenario = ALL.iter().find(|scenario| scenario.name == name).unwrap();
            let machine = machines
                .iter()
                .find(|candidate| candidate.name == machine)
                .unwrap();
            scenario.is_run_on(machine, Extent::Full)
        };
        assert!(run_on("exec", "rpi4-stub") && !run_on("exec", "rpi4-notree"));
        assert!(run_on("wires", "virt-gic2-smp4") && !run_on("wires", "rpi4"));
        assert!(run_on("u-boot-go", "rpi4") && !run_on("u-boot-go", "rpi4-checked"));
        assert!(run_on("tree-in-the-way", "rpi4-stub"));
        assert!(!run_on("tree-in-the-way", "rpi4-worst"));
        assert!(run_on("jobs", "virt-gic2-smp2") && !run_on("jobs", "virt-gic2-smp1"));
    }
}
