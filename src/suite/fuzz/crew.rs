//! The threads of `fuzz`: started, watched, dismissed.

use alloc::{sync::Arc, vec::Vec};

use super::{
    super::{
        expect::Expect,
        session::{Ended, Session},
    },
    groups,
    shared::{MOST, Rounds, Shared, Wrong},
    work,
};
use crate::{
    cores,
    sched::forced::Forced,
    thread::{Builder, JoinHandle},
};

/// What a thread does: goes round until its rounds end, or something is wrong.
pub(super) type Work = fn(&Shared, Rounds<'_>) -> Result<(), Wrong>;

/// Everybody, with the ID of the check that judges them.
const EVERYBODY: [(&str, Work); 23] = [
    ("fuzz.yield", work::yields),
    ("fuzz.lock", work::locks),
    ("fuzz.lock", work::locks),
    ("fuzz.condvar", work::fills),
    ("fuzz.condvar", work::empties),
    ("fuzz.semaphore", work::permits),
    ("fuzz.semaphore", work::permits),
    ("fuzz.signal", work::signals::<0>),
    ("fuzz.signal", work::signals::<1>),
    ("fuzz.rwlock", groups::writes),
    ("fuzz.rwlock", groups::reads),
    ("fuzz.rwlock", groups::reads),
    ("fuzz.channel", groups::sends),
    ("fuzz.channel", groups::receives),
    ("fuzz.barrier", groups::meets::<0>),
    ("fuzz.barrier", groups::meets::<1>),
    ("fuzz.park", work::parks::<0>),
    ("fuzz.park", work::parks::<1>),
    ("fuzz.sleep", work::sleeps),
    ("fuzz.spawn", work::spawns),
    ("fuzz.guard", work::holds_off),
    ("fuzz.class", work::changes_class),
    ("fuzz.pin", work::moves),
];

/// How many interrupts of each core everybody has to come round: each of them thousands of times the core.
const PATIENCE: u64 = 100_000;

const _: () = assert!(EVERYBODY.len() <= MOST);

/// The threads at work. They are told to end when this is dropped.
pub(super) struct Crew {
    shared: Arc<Shared>,
    threads: Vec<JoinHandle<Result<(), Wrong>>>,
}

impl Crew {
    /// Starts everybody, each on the next core.
    #[expect(
        clippy::large_stack_frames,
        reason = "the handles of its threads; a command has a stack of 32 KiB"
    )]
    pub(super) fn spawn(session: &mut Session<'_>, shared: &Arc<Shared>) -> Result<Self, Ended> {
        let mut crew = Self {
            shared: shared.clone(),
            threads: Vec::new(),
        };
        for (me, (id, work)) in EVERYBODY.into_iter().enumerate() {
            let inside = shared.clone();
            let builder = Builder::new()
                .name(id)
                .core(shared.cores[me % shared.cores.len()]);
            let spawned = builder.spawn(move || {
                let result = work(&inside, Rounds::new(&inside, me));
                if result.is_err() {
                    inside.fail();
                }
                result
            });
            crew.threads.push(session.spawned(id, spawned)?);
        }
        Ok(crew)
    }

    /// Waits until everybody has come round once more. Who does not, while threads are preempted all the time, has
    /// failed; the check `id` ends, with the ID of theirs in its words.
    pub(super) fn come_round(
        &self,
        session: &mut Session<'_>,
        id: &str,
        forced: &Forced,
    ) -> Result<(), Ended> {
        let interrupts = || cores::online().map(|core| forced.forced(core)).sum::<u64>();
        let end = interrupts() + PATIENCE * cores::count_online() as u64;
        for (me, (whose, _)) in EVERYBODY.iter().enumerate() {
            let before = self.shared.rounds(me);
            while self.shared.rounds(me) == before && !self.shared.has_failed() {
                session.require(id, whose, interrupts() < end)?;
                session.sleep(super::POLL)?;
            }
        }
        session.is(id, "everybody came round", !self.shared.has_failed());
        Ok(())
    }

    /// Ends everybody, and judges what they came to.
    pub(super) fn dismiss(&mut self, session: &mut Session<'_>) -> Result<(), Ended> {
        self.shared.stop();
        let mut locked = 0;
        for (me, handle) in self.threads.drain(..).enumerate() {
            let id = EVERYBODY[me].0;
            let (what, expected, got) = match session.join(id, handle)? {
                Ok(()) => ("right", 0, 0),
                Err(Wrong {
                    what,
                    expected,
                    got,
                }) => (what, expected, got),
            };
            session.check(id, what, Expect::Exactly(expected), got);
            if id == "fuzz.lock" {
                locked += self.shared.rounds(me);
            }
        }
        let sum = *self.shared.sum.lock();
        session.check(
            "fuzz.sum",
            "sections that were entered",
            Expect::Exactly(locked),
            sum,
        );
        Ok(())
    }
}

impl Drop for Crew {
    fn drop(&mut self) {
        if !self.threads.is_empty() {
            self.shared.ask_to_stop();
        }
    }
}
