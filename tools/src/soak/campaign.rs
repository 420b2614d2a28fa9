//! One machine that is soaked: what is dealt is typed, what is printed is judged, and after each thing the shell has to
//! answer.

use std::time::{Duration, Instant};

use anyhow::{Context, Result};

use super::End;
use super::deal::{Activity, Deal, Names};
use super::tally::{Bad, Tally};
use crate::scenarios::input;
use crate::session::{PROMPT, Rig, Session, failed_checks};

/// Longer than any activity takes on a busy host: it detects a hang.
const ACTIVITY: Duration = Duration::from_secs(900);

/// The same for the shell's answer when nothing else runs.
const ANSWER: Duration = Duration::from_secs(180);

/// A machine that is soaked.
pub(super) struct Campaign {
    session: Session,
    deal: Deal,
    tally: Tally,
}

impl Campaign {
    /// Soaks a machine until the end; says each thing that was done.
    ///
    /// # Errors
    ///
    /// With the first thing that was wrong: which it was, from which seed, and the console's last lines.
    pub(super) fn run(
        rig: &Rig<'_>,
        seed: u64,
        end: End,
        say: &mut dyn FnMut(&str),
    ) -> Result<Tally> {
        let mut session = rig.boot()?;
        let mut list = |what| session.command_within(what, ANSWER);
        let (suites, benchmarks) = (list("suite list")?, list("bench list")?);
        let names = Names::read(&suites, &benchmarks, &list("crash list")?);
        let mut campaign = Self {
            session,
            deal: Deal::new(seed, names),
            tally: Tally::new(seed),
        };
        let start = Instant::now();
        for number in 1.. {
            let is_over = match end {
                End::Time(time) => start.elapsed() >= time,
                End::Faults(faults) => campaign.tally.all().injected >= faults,
            };
            if is_over {
                break;
            }
            let (activity, began) = (campaign.deal.next(), Instant::now());
            let line = activity.line();
            campaign
                .one(&activity)
                .with_context(|| format!("seed {seed}, activity {number}, `{line}`"))?;
            let seconds = began.elapsed().as_secs_f64();
            say(&format!("{number}: {line} ({seconds:.1} s)"));
        }
        campaign.tally.took(start.elapsed().as_secs_f64());
        let Self { session, tally, .. } = campaign;
        session.finish()?;
        Ok(tally)
    }

    fn one(&mut self, activity: &Activity) -> Result<()> {
        let line = activity.line();
        let output = match activity {
            Activity::Noise(bytes) => {
                input::flood(&mut self.session, bytes)?;
                input::revive(&mut self.session)?;
                String::new()
            }
            Activity::Beside { hogs, .. } => self.beside(*hogs, &line)?,
            _ => self.session.command_within(&line, ACTIVITY)?,
        };
        if let Err(Bad(why)) = self.tally.take(activity, &output) {
            let what = format!("{why}{}", failed_checks(&output));
            return Err(self.session.serial.failure(&what).into());
        }
        // Not what it prints is asked for, but whether it still does.
        self.session.command_within("version", ANSWER)?;
        Ok(())
    }

    /// Runs a command beside some that never yield, and stops those.
    fn beside(&mut self, hogs: usize, line: &str) -> Result<String> {
        self.session
            .serial
            .send(format!("hog {hogs} &\r").as_bytes())?;
        self.session.serial.expect("&\n", ANSWER)?;
        self.session.serial.expect(PROMPT, ANSWER)?;
        let output = self.session.command_within(line, ACTIVITY)?;
        let jobs = self.session.command_within("jobs", ANSWER)?;
        let hog = jobs.lines().find(|line| line.contains("hog"));
        let number = hog.and_then(job_number).with_context(|| {
            let what = "the hogs in the background are no job any more";
            self.session.serial.failure(what)
        })?;
        self.session
            .command_within(&format!("kill {number}"), ANSWER)?;
        Ok(output)
    }
}

/// The number that a line of `jobs` begins with.
fn job_number(line: &str) -> Option<u64> {
    let digits = |c: &char| c.is_ascii_digit();
    let number: String = line
        .chars()
        .skip_while(|c| !digits(c))
        .take_while(digits)
        .collect();
    number.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_number_of_a_job_is_the_first_of_its_line() {
        assert_eq!(job_number("[12] hog 3 running"), Some(12));
        assert_eq!(job_number("  7  hog 3"), Some(7));
        assert_eq!(job_number("hog"), None);
    }
}
