//! One run of a test command: its checks, its patience, its verdict.

use alloc::vec::Vec;
use core::{
    sync::atomic::{AtomicU64, Ordering},
    time::Duration,
};

use ufmt::uwriteln;

use super::{
    expect::Expect,
    tally::{Check, Tally},
};
use crate::{
    cores::{self, CoreId},
    report::{Line, Verdict},
    shell::{Cancel, Context, Output},
    thread::{self, JoinHandle, SpawnError},
    time::Instant,
};

/// How long something may take that cannot take long, before it counts as hung. Generous: an emulator on a
/// busy host is slow, and a check that waits this long has failed anyway.
const PATIENCE: Duration = Duration::from_secs(30);

/// How often a condition is looked at while waiting for it.
const POLL: Duration = Duration::from_millis(2);

/// Why a check ends before it has its figure: the command was asked to stop, or something that must end
/// did not (and was counted as a failure).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Ended;

/// One run of a test command.
#[derive(Debug)]
pub(crate) struct Session<'c> {
    ctx: &'c mut Context,
    tally: Tally,
    strict: bool,
}

impl<'c> Session<'c> {
    /// Starts a run. Figures that a busy host would spoil are asserted if the command has `--strict`.
    pub(crate) fn new(ctx: &'c mut Context) -> Self {
        let strict = ctx.flag("strict");
        Self {
            ctx,
            tally: Tally::default(),
            strict,
        }
    }

    /// Makes one check; see [`Check`].
    pub(crate) fn check(&mut self, id: &str, what: &str, expected: Expect, got: u64) -> bool {
        self.tally
            .check(self.ctx.out(), Check { id, what, expected }, got)
    }

    /// Checks that something is so.
    // Hundreds of calls: inlined, each would be some ten instructions longer.
    #[inline(never)]
    pub(crate) fn is(&mut self, id: &str, what: &str, so: bool) -> bool {
        self.check(id, what, Expect::Exactly(1), u64::from(so))
    }

    /// Checks a figure that a busy host would spoil: asserted under `--strict`, else shown.
    pub(crate) fn figure(&mut self, id: &str, what: &str, expected: Expect, got: u64) {
        if self.strict {
            self.check(id, what, expected, got);
        } else {
            Tally::show(self.ctx.out(), Check { id, what, expected }, got);
        }
    }

    /// Starts a line for the host tool.
    pub(crate) fn report(&mut self, id: &str) -> Line<'_, Output> {
        self.ctx.report(id)
    }

    /// Where to say what is no verdict.
    pub(crate) fn out(&mut self) -> &mut Output {
        self.ctx.out()
    }

    /// The request to stop, for the threads of a check.
    pub(crate) fn cancel(&self) -> Cancel {
        self.ctx.cancel()
    }

    /// Sleeps. Returns early, with an error, when the command is asked to stop.
    #[inline(never)]
    pub(crate) fn sleep(&self, duration: Duration) -> Result<(), Ended> {
        self.ctx.sleep(duration).map_err(|_| Ended)
    }

    /// Waits until `met`. What does not come in [`PATIENCE`] is a failure of the check `id`.
    pub(crate) fn wait(
        &mut self,
        id: &str,
        what: &str,
        met: impl Fn() -> bool,
    ) -> Result<(), Ended> {
        let start = Instant::now();
        while !met() {
            self.require(id, what, start.elapsed() < PATIENCE)?;
            self.sleep(POLL)?;
        }
        Ok(())
    }

    /// Joins a thread that is about to end; one that does not is a failure of the check `id`, and is left
    /// to itself, so that the command ends.
    pub(crate) fn join<T>(&mut self, id: &str, handle: JoinHandle<T>) -> Result<T, Ended> {
        self.wait(id, "thread ended", || handle.is_finished())?;
        self.returned(id, handle.join())
    }

    /// What a thread returned; if it crashed, the check `id` has failed, and ends.
    pub(crate) fn returned<T>(&mut self, id: &str, result: thread::Result<T>) -> Result<T, Ended> {
        result.map_err(|reason| {
            let _ = uwriteln!(self.out(), "{}: a thread of it ended by {}", id, reason);
            self.is(id, "its threads came to their end", false);
            Ended
        })
    }

    /// Joins threads that take as long as there are rounds; they see the request to stop.
    pub(crate) fn returned_by_all<T>(
        &mut self,
        id: &str,
        handles: Vec<JoinHandle<T>>,
    ) -> Result<Vec<T>, Ended> {
        let results = handles.into_iter().map(JoinHandle::join);
        results.map(|result| self.returned(id, result)).collect()
    }

    /// Joins several; see [`join`](Self::join).
    pub(crate) fn join_all<T>(
        &mut self,
        id: &str,
        handles: impl IntoIterator<Item = JoinHandle<T>>,
    ) -> Result<(), Ended> {
        handles
            .into_iter()
            .try_for_each(|handle| self.join(id, handle).map(drop))
    }

    /// Joins threads that may take long, for as long as a count of theirs changes: if it stands still, the
    /// check `id` has failed, and they are left to themselves.
    pub(crate) fn join_busy<T>(
        &mut self,
        id: &str,
        handles: Vec<JoinHandle<T>>,
        count: &AtomicU64,
    ) -> Result<Vec<T>, Ended> {
        let is_over = || handles.iter().all(JoinHandle::is_finished);
        while !is_over() {
            let seen = count.load(Ordering::Relaxed);
            self.wait(id, "threads that get on", || {
                is_over() || count.load(Ordering::Relaxed) != seen
            })?;
        }
        self.sleep(Duration::ZERO)?;
        self.returned_by_all(id, handles)
    }

    /// What a check stands on: if it is not so, the check `id` has failed, and ends.
    pub(crate) fn require(&mut self, id: &str, what: &str, so: bool) -> Result<(), Ended> {
        if so {
            return Ok(());
        }
        self.is(id, what, false);
        Err(Ended)
    }

    /// The result of a spawn. Without memory for the thread, the check `id` has failed, and ends.
    pub(crate) fn spawned<T>(
        &mut self,
        id: &str,
        result: Result<T, SpawnError>,
    ) -> Result<T, Ended> {
        result.map_err(|_| {
            self.is(id, "memory for its threads", false);
            Ended
        })
    }

    /// The first two cores, for a check that needs two; says so where there is only one.
    pub(crate) fn two_cores(&mut self, id: &str) -> Option<[CoreId; 2]> {
        let mut online = cores::online();
        if let (Some(one), Some(other)) = (online.next(), online.next()) {
            return Some([one, other]);
        }
        let _ = uwriteln!(self.out(), "{}: needs two cores, one is online", id);
        let Ok(()) = self
            .ctx
            .report("skipped")
            .with("id", id)
            .with("needs-cores", 2_u8)
            .end();
        None
    }

    /// Ends the run.
    pub(crate) fn finish(self) -> Verdict {
        self.tally.summary(self.ctx.out());
        self.ctx.out().add_checks(self.tally.tests());
        self.tally.verdict(self.ctx.is_cancelled())
    }
}
