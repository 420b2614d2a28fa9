//! What is tried on the machines: one function per scenario, all of them in one table.
//!
//! To add one, write a function that takes a [`Rig`] and name it in [`ALL`].

use std::time::Duration;

use anyhow::Result;

use crate::failure::Failure;
use crate::machines::Machine;
use crate::session::{Rig, Session};

/// A scenario.
#[derive(Debug)]
pub(crate) struct Scenario {
    /// Its name, after the machine's.
    pub(crate) name: &'static str,
    /// Where it is run.
    pub(crate) place: Place,
    /// Whether it hands commands over in the boot arguments.
    pub(crate) needs_bootargs: bool,
    /// How many cores it needs.
    pub(crate) needs_cores: usize,
    /// Runs it.
    pub(crate) run: fn(&Rig<'_>) -> Result<()>,
}

/// Where a scenario is run if the whole matrix is not asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Place {
    /// On every machine; with `--quick` on each board's main machine.
    Quick,
    /// On every machine.
    Everywhere,
    /// On each board's main machine.
    Main,
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
        if machine.cores < self.needs_cores || (self.needs_bootargs && !machine.has_bootargs()) {
            return false;
        }
        match (extent, self.place) {
            (Extent::Quick, place) => place == Place::Quick && machine.is_main,
            (Extent::Usual, Place::Main) => machine.is_main,
            (Extent::Usual, Place::Quick | Place::Everywhere) | (Extent::Full, _) => true,
        }
    }

    const fn with_bootargs(self) -> Self {
        Self {
            needs_bootargs: true,
            ..self
        }
    }

    const fn on_cores(self, needs_cores: usize) -> Self {
        Self {
            needs_cores,
            ..self
        }
    }
}

const fn scenario(name: &'static str, place: Place, run: fn(&Rig<'_>) -> Result<()>) -> Scenario {
    Scenario {
        name,
        place,
        needs_bootargs: false,
        needs_cores: 1,
        run,
    }
}

/// Every scenario.
pub(crate) const ALL: &[Scenario] = &[
    scenario("boot", Place::Quick, boot),
    scenario("repeated", Place::Everywhere, repeated),
    scenario("fpu", Place::Everywhere, fpu),
    scenario("ctxsw", Place::Everywhere, ctxsw),
    scenario("exec", Place::Main, exec).with_bootargs(),
    scenario("random-bytes", Place::Main, random_bytes),
    scenario("responsive", Place::Main, responsive).on_cores(2),
];

/// The prompt comes, with every core.
fn boot(rig: &Rig<'_>) -> Result<()> {
    let mut session = rig.boot()?;
    session.check("version", &["pivot"])?;
    check_cores(rig, &mut session)?;
    session.check("nosuchcommand", &["help"])?;
    session.finish()
}

/// It comes every time.
fn repeated(rig: &Rig<'_>) -> Result<()> {
    let count = if rig.is_full { 100 } else { 10 };
    for _ in 0..count {
        let mut session = rig.boot()?;
        check_cores(rig, &mut session)?;
        session.finish()?;
    }
    Ok(())
}

fn check_cores(rig: &Rig<'_>, session: &mut Session) -> Result<()> {
    let output = session.command("cores")?;
    let online = output
        .lines()
        .filter(|line| line.contains("online"))
        .count();
    if online == rig.machine.cores {
        return Ok(());
    }
    let what = format!(
        "{} cores expected, {online} lines of `cores` say online",
        rig.machine.cores
    );
    Err(session.serial.failure(&what).into())
}

/// Bit-exact sines and rounding modes in threads that preempt each other.
fn fpu(rig: &Rig<'_>) -> Result<()> {
    let mut session = rig.boot()?;
    let command = if rig.is_full { "fpu --full" } else { "fpu" };
    let output = session.command_within(command, Duration::from_secs(1800))?;
    require(&session, &output, "fpu test done, 0/50 fails/tests")?;
    session.finish()
}

/// The three classic lines; on one core two of them, and the reason.
fn ctxsw(rig: &Rig<'_>) -> Result<()> {
    let mut session = rig.boot()?;
    let seconds = if rig.is_full { 10 } else { 1 };
    let output = session.command(&format!("ctxsw --seconds {seconds}"))?;
    for line in ["colocated", "nopin"] {
        require(&session, &output, line)?;
    }
    require(&session, &output, "emulated")?;
    require(
        &session,
        &output,
        if rig.machine.cores > 1 {
            " apart"
        } else {
            "two cores"
        },
    )?;
    session.finish()
}

/// Commands in the boot arguments: their verdict ends the run.
fn exec(rig: &Rig<'_>) -> Result<()> {
    let output = rig.execute(
        "version; ctxsw --seconds 1; fpu",
        None,
        Duration::from_secs(600),
    )?;
    if output.contains("0/50 fails/tests") {
        return Ok(());
    }
    Err(Failure::verdict(format!("no `0/50 fails/tests` in\n{output}")).into())
}

/// Whatever is typed, the shell still answers.
fn random_bytes(rig: &Rig<'_>) -> Result<()> {
    let mut session = rig.boot()?;
    let mut random = Random(0x9e37_79b9_7f4a_7c15);
    for _ in 0..100 {
        let bytes: Vec<u8> = (0..100).map(|_| random.byte()).collect();
        session.serial.send(&bytes)?;
    }
    // Whatever is half typed or half done: cancel it, empty the line.
    session.serial.send(b"\r\x03\x15\r")?;
    session
        .serial
        .send(b"echo still-$((\r echo alive-again\r")?;
    session
        .serial
        .expect("\nalive-again\n", Duration::from_secs(120))?;
    session
        .serial
        .expect(crate::session::PROMPT, Duration::from_secs(30))?;
    session.check("version", &["pivot"])?;
    session.finish()
}

/// A benchmark in the background does not take the shell away.
fn responsive(rig: &Rig<'_>) -> Result<()> {
    let mut session = rig.boot()?;
    session.serial.send(b"ctxsw apart --seconds 5 &\r")?;
    session.serial.expect("\n", Duration::from_secs(30))?;
    session.check("ps", &["ctxsw"])?;
    session.check("version", &["pivot"])?;
    session.finish()
}

fn require(session: &Session, output: &str, pattern: &str) -> Result<()> {
    if output.contains(pattern) {
        return Ok(());
    }
    Err(session
        .serial
        .failure(&format!("no `{pattern}` in what was printed"))
        .into())
}

/// The same bytes in every run (Marsaglia's xorshift).
struct Random(u64);

impl Random {
    fn byte(&mut self) -> u8 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0.to_le_bytes()[7]
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
        assert!(run_on("responsive", "virt-gic2-smp2") && !run_on("responsive", "virt-gic2-smp1"));
    }

    #[test]
    fn the_random_bytes_repeat_and_cover_the_control_characters() {
        let bytes = |()| {
            let mut random = Random(0x9e37_79b9_7f4a_7c15);
            (0..10_000).map(|_| random.byte()).collect::<Vec<u8>>()
        };
        assert_eq!(bytes(()), bytes(()));
        for control in [0x03, 0x04, 0x09, 0x0d, 0x1b, 0x7f] {
            assert!(bytes(()).contains(&control), "{control:#x}");
        }
    }
}
