//! What a scenario is, and on which machines it is run.

use std::time::Duration;

use anyhow::Result;

use crate::board::Board;
use crate::machines::{Machine, Role};
use crate::qemu::Start;
use crate::session::Rig;

/// What is run on images of every optimisation level: what depends on the code that the compiler makes around the
/// switch.
pub(super) const AT_EVERY_LEVEL: [&str; 3] = ["boot", "fpu", "regs"];

/// What CI runs in every state that boot loaders leave; the full run has all suites there besides.
pub(super) const IN_EVERY_STATE: [&str; 3] = ["boot", "regs", "ctxsw"];

/// Conversations that hand their commands over in the boot arguments.
const FROM_BOOTARGS: [&str; 5] = [
    "exec",
    "cost-counted",
    "conditions",
    "suites-counted",
    "soak-counted",
];

/// As many as a GICv2 serves.
const MOST_CORES: usize = 8;

/// One instruction is 2^4 ns: slow enough that interrupts do not eat the machine's time.
pub(crate) const COUNTED_SHIFT: u32 = 4;

/// Longer than any command of the matrix takes on a busy host: it detects a hang.
pub(crate) const COMMAND_TIMEOUT: Duration = Duration::from_secs(1800);

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
    /// The example that it boots in place of the shell.
    pub(crate) example: Option<&'static str>,
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
pub(super) enum Place {
    /// On every machine; with `--quick` on each board's main machine.
    Quick,
    /// On every machine.
    Everywhere,
    /// On each board's main machine.
    Main,
    /// On each board's main machine, and not on the image that checks itself.
    Once,
    /// On the machine that starts as the board does.
    Stub,
    /// On that one, and in every other state that boot loaders leave, in the full run only.
    States,
    /// On the Pi's main machine, and where there are most cores.
    Soaked,
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

impl Scenario {
    /// Whether it is run on a machine.
    pub(crate) fn is_run_on(&self, machine: &Machine, extent: Extent) -> bool {
        if machine.cores < self.needs_cores || (self.needs_bootargs() && !machine.has_bootargs()) {
            return false;
        }
        if let Role::Level(_) = machine.role {
            return extent == Extent::Full && AT_EVERY_LEVEL.contains(&self.name);
        }
        if machine.role == Role::State {
            return match extent {
                Extent::Quick => false,
                Extent::Usual => IN_EVERY_STATE.contains(&self.name),
                Extent::Full => IN_EVERY_STATE.contains(&self.name) || self.place == Place::States,
            };
        }
        let is_main = machine.role == Role::Main;
        if self.place == Place::One && !(is_main && machine.board == Board::Virt) {
            return false;
        }
        if self.place == Place::Once && !is_main {
            return false;
        }
        if self.place == Place::Soaked {
            let is_here = machine.cores == MOST_CORES || (is_main && machine.board == Board::Rpi4);
            return is_here && extent != Extent::Quick;
        }
        let is_stub = machine.role == Role::Variant && matches!(machine.start, Start::Stub(_));
        if matches!(self.place, Place::Stub | Place::States) && !is_stub {
            return false;
        }
        match (extent, self.place) {
            (Extent::Quick, place) => place == Place::Quick && is_main,
            (Extent::Usual, Place::Main) => machine.role != Role::Variant,
            (Extent::Usual, Place::States) => false,
            (Extent::Usual, _) | (Extent::Full, _) => true,
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

    /// The same, with an example in place of the shell.
    pub(super) const fn of_example(self, name: &'static str) -> Self {
        Self {
            example: Some(name),
            ..self
        }
    }

    /// The same, for machines of at least so many cores.
    pub(super) const fn on_cores(self, needs_cores: usize) -> Self {
        Self {
            needs_cores,
            ..self
        }
    }
}

/// A conversation.
pub(super) const fn conversation(
    name: &'static str,
    place: Place,
    function: fn(&Rig<'_>) -> Result<()>,
) -> Scenario {
    Scenario {
        name,
        place,
        action: Action::Conversation(function),
        needs_cores: 1,
        example: None,
    }
}

/// A command that judges itself.
pub(super) const fn command(
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
        example: None,
    }
}

/// A command of the boot arguments, with instructions counted.
pub(super) const fn counted(name: &'static str, command: &'static str) -> Scenario {
    Scenario {
        name,
        place: Place::Main,
        action: Action::Counted(command),
        needs_cores: 1,
        example: None,
    }
}
