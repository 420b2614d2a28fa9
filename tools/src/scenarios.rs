//! Which scenarios there are and where each is run: one table.
//!
//! A command that judges itself is one row. Whatever needs a conversation is a function in
//! one of the modules below.

mod benchmarks;
mod conversations;
mod figures;
mod watching;
mod wires;

use std::time::Duration;

use anyhow::Result;

use crate::board::Board;
use crate::machines::{Machine, Role};
use crate::session::Rig;

/// A scenario.
#[derive(Debug)]
pub(crate) struct Scenario {
    /// Its name, after the machine's.
    pub(crate) name: &'static str,
    /// Where it is run.
    place: Place,
    /// What it does.
    action: Action,
    /// How many cores it needs.
    needs_cores: usize,
}

/// What a scenario does.
#[derive(Clone, Copy, Debug)]
enum Action {
    /// Boots and talks to the shell.
    Conversation(fn(&Rig<'_>) -> Result<()>),
    /// Types a command that judges itself; another one if the whole counts are asked for.
    Command {
        usual: &'static str,
        full: &'static str,
    },
    /// The same from the boot arguments, with instructions counted: time passes as the machine's
    /// instructions do, however busy the host is, so shares and delays can be asserted.
    Counted(&'static str),
}

/// Where a scenario is run if the whole matrix is not asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Place {
    /// On every machine; with `--quick` on each board's main machine.
    Quick,
    /// On every machine.
    Everywhere,
    /// On each board's main machine.
    Main,
    /// On one machine: what it tests is the host tool.
    One,
}

/// How much is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Extent {
    /// `--quick`
    Quick,
    /// What CI can afford.
    Usual,
    /// `--full`
    Full,
}

/// What is run on images of every optimisation level: what depends on the code that the compiler makes around the
/// switch.
const AT_EVERY_LEVEL: [&str; 3] = ["boot", "fpu", "regs"];

/// Conversations that hand their commands over in the boot arguments.
const FROM_BOOTARGS: [&str; 3] = ["exec", "cost-counted", "conditions"];

/// One instruction is 2^4 ns: slow enough that interrupts do not eat the machine's time.
pub(crate) const COUNTED_SHIFT: u32 = 4;

/// Longer than any command of the matrix takes on a busy host: it detects a hang.
pub(crate) const COMMAND_TIMEOUT: Duration = Duration::from_secs(1800);

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
    command("clock", Place::Main, "clock", "clock --seconds 15"),
    command("wake", Place::Main, "wake", "wake --rounds 500"),
    command("locks", Place::Main, "locks", "locks --ms 3000"),
    command("cost", Place::Main, "cost", "cost --rounds 2000"),
    conversation("cost-counted", Place::Main, figures::cost),
    conversation("conditions", Place::Main, figures::conditions),
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
    conversation("trace", Place::Main, watching::trace).on_cores(2),
    conversation("top", Place::Main, watching::top),
    conversation("ps", Place::Main, watching::ps),
    conversation("irq", Place::Main, watching::irq),
    // A loop of known length measures as that; no sleeper wakes before its time.
    counted(
        "bench-counted",
        "bench clock.known_loop switch.yield.alone irq.timer; latency; ctxsw colocated --json",
    ),
    conversation("exec", Place::Main, conversations::exec),
    conversation("editing", Place::Main, conversations::editing),
    conversation("jobs", Place::Main, conversations::jobs).on_cores(2),
    conversation("responsive", Place::Main, conversations::responsive),
    conversation("wires", Place::One, wires::measure_over_each).on_cores(2),
    conversation("random-bytes", Place::Main, conversations::random_bytes),
];

impl Scenario {
    /// Whether it is run on a machine.
    pub(crate) fn is_run_on(&self, machine: &Machine, extent: Extent) -> bool {
        if machine.cores < self.needs_cores || (self.needs_bootargs() && !machine.has_bootargs()) {
            return false;
        }
        if let Role::Level(_) = machine.role {
            return extent == Extent::Full && AT_EVERY_LEVEL.contains(&self.name);
        }
        let is_main = machine.role == Role::Main;
        if self.place == Place::One && !(is_main && machine.board == Board::Virt) {
            return false;
        }
        match (extent, self.place) {
            (Extent::Quick, place) => place == Place::Quick && is_main,
            (Extent::Usual, Place::Main) => machine.role != Role::Variant,
            (Extent::Usual, Place::Quick | Place::Everywhere | Place::One) | (Extent::Full, _) => {
                true
            }
        }
    }

    /// Runs it.
    pub(crate) fn run(&self, rig: &Rig<'_>) -> Result<()> {
        match self.action {
            Action::Conversation(function) => function(rig),
            Action::Command { usual, full } => {
                let mut session = rig.boot()?;
                session.judged(if rig.is_full { full } else { usual }, COMMAND_TIMEOUT)?;
                session.finish()
            }
            Action::Counted(command) => rig
                .execute(command, Some(COUNTED_SHIFT), COMMAND_TIMEOUT)
                .map(drop),
        }
    }

    fn needs_bootargs(&self) -> bool {
        matches!(self.action, Action::Counted(_)) || FROM_BOOTARGS.contains(&self.name)
    }

    const fn on_cores(self, needs_cores: usize) -> Self {
        Self {
            needs_cores,
            ..self
        }
    }
}

const fn conversation(
    name: &'static str,
    place: Place,
    function: fn(&Rig<'_>) -> Result<()>,
) -> Scenario {
    Scenario {
        name,
        place,
        action: Action::Conversation(function),
        needs_cores: 1,
    }
}

const fn command(
    name: &'static str,
    place: Place,
    usual: &'static str,
    full: &'static str,
) -> Scenario {
    Scenario {
        name,
        place,
        action: Action::Command { usual, full },
        needs_cores: 1,
    }
}

const fn counted(name: &'static str, command: &'static str) -> Scenario {
    Scenario {
        name,
        place: Place::Main,
        action: Action::Counted(command),
        needs_cores: 1,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::machines;

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
        assert!(run_on("jobs", "virt-gic2-smp2") && !run_on("jobs", "virt-gic2-smp1"));
    }
}
