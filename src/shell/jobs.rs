//! Jobs: each command of a line runs in a thread of its own.

use alloc::{string::String, sync::Arc, vec::Vec};
use core::sync::atomic::{AtomicBool, Ordering};

use super::{Cancel, Output, Part, runner};
use crate::{
    report::Verdict,
    sync::{Mutex, SpinLock},
    thread::{self, Builder, JoinHandle, SpawnError, Thread, ThreadId},
};

/// The stack of a command: it parses, formats, and may run commands within commands.
const STACK_BYTES: usize = 32 * 1024;

/// What a thread's name has room for.
const NAME_MAX: usize = 15;

/// A command that runs, or has ended and was not yet looked at.
struct Job {
    id: usize,
    source: String,
    cancel: Cancel,
    is_background: bool,
    /// Set when there is a verdict, before the shell is woken.
    is_done: Arc<AtomicBool>,
    handle: JoinHandle<Verdict>,
}

/// What `jobs` shows of a job.
#[derive(Debug)]
pub(super) struct JobInfo {
    pub(super) id: usize,
    pub(super) source: String,
    pub(super) is_background: bool,
    pub(super) state: &'static str,
}

static JOBS: Mutex<Vec<Job>> = Mutex::new(Vec::new());

/// The thread that waits for input and for jobs: whatever happens to either wakes it.
static SHELL: SpinLock<Option<Thread>> = SpinLock::new(None);

/// Says which thread is to be woken when a job ends.
pub(super) fn wake_on_end(shell: Thread) {
    let old = SHELL.lock().replace(shell);
    // Here, not under the lock: it may be the last handle of a thread that has ended.
    drop(old);
}

/// Starts a job; returns its number.
pub(super) fn start(part: Part<'_>) -> Result<usize, SpawnError> {
    let (cancel, is_done) = (Cancel::new(), Arc::new(AtomicBool::new(false)));
    let source = String::from(part.source);
    let name = source.split_whitespace().next().unwrap_or_default();
    let name = name.get(..NAME_MAX).unwrap_or(name);
    let body = {
        let (source, cancel, is_done) = (source.clone(), cancel.clone(), Arc::clone(&is_done));
        move || {
            let mut out = Output::default();
            let verdict = runner::run(&source, &mut out, &cancel, 0);
            out.flush();
            is_done.store(true, Ordering::Release);
            wake_shell();
            verdict
        }
    };
    // Under the lock from before it starts: `jobs` and `kill`, run by the job itself, find it.
    let mut jobs = JOBS.lock_always();
    let handle = Builder::new()
        .name(name)
        .stack_bytes(STACK_BYTES)
        .spawn(body)?;
    let id = jobs.last().map_or(1, |job| job.id + 1);
    let is_background = part.is_background;
    jobs.push(Job {
        id,
        source,
        cancel,
        is_background,
        is_done,
        handle,
    });
    Ok(id)
}

/// The verdict of job `id`, if it has ended; then it is no longer a job.
pub(super) fn take_verdict(id: usize) -> Option<Verdict> {
    take(|job| job.id == id).map(|(_, verdict)| verdict)
}

/// A job in the background that has ended, and its verdict; it is no longer a job.
pub(super) fn take_ended() -> Option<(JobInfo, Verdict)> {
    take(|job| job.is_background)
}

fn take(which: impl Fn(&Job) -> bool) -> Option<(JobInfo, Verdict)> {
    let mut jobs = JOBS.lock_always();
    let ended = |job: &Job| job.is_done.load(Ordering::Acquire) && which(job);
    let job = jobs.iter().position(ended).map(|at| jobs.remove(at))?;
    drop(jobs);
    let info = job.info();
    // It has its verdict: what is left of it ends by itself. A command that crashed has failed.
    let verdict = job.handle.join().unwrap_or(Verdict::Failed);
    Some((info, verdict))
}

/// Thread `id` has crashed: if it is a job's, that has ended.
pub(super) fn crashed(id: ThreadId) {
    let jobs = JOBS.lock_always();
    let Some(job) = jobs.iter().find(|job| job.handle.thread().id() == id) else {
        return;
    };
    job.is_done.store(true, Ordering::Release);
    drop(jobs);
    wake_shell();
}

/// What runs in the foreground of a shell that has crashed runs in the background from now on.
pub(super) fn orphan() {
    for job in JOBS.lock_always().iter_mut() {
        job.is_background = true;
    }
}

fn wake_shell() {
    if let Some(shell) = &*SHELL.lock() {
        shell.unpark();
    }
}

/// Lets job `id` go on in the background.
pub(super) fn to_background(id: usize) {
    if let Some(job) = JOBS.lock_always().iter_mut().find(|job| job.id == id) {
        job.is_background = true;
    }
}

/// Asks job `id` to stop. Returns whether there is such a job.
pub(super) fn request_stop(id: usize) -> bool {
    let jobs = JOBS.lock_always();
    let Some(job) = jobs.iter().find(|job| job.id == id) else {
        return false;
    };
    job.cancel.request();
    // It may sleep: see `Context::sleep`.
    job.handle.thread().unpark();
    true
}

/// Whether this key asks job `id` to stop.
pub(super) fn is_stop_key(id: usize, key: u8) -> bool {
    let jobs = JOBS.lock_always();
    jobs.iter()
        .any(|job| job.id == id && job.cancel.is_key(key))
}

/// Whether the thread that asks runs a command in the background.
pub(super) fn is_in_background() -> bool {
    let me = thread::current().id();
    let jobs = JOBS.lock_always();
    jobs.iter()
        .any(|job| job.is_background && job.handle.thread().id() == me)
}

/// All jobs.
pub(super) fn list() -> Vec<JobInfo> {
    JOBS.lock_always().iter().map(Job::info).collect()
}

impl Job {
    fn info(&self) -> JobInfo {
        let state = match (
            self.is_done.load(Ordering::Acquire),
            self.cancel.is_requested(),
        ) {
            (true, _) => "ended",
            (false, true) => "stopping",
            (false, false) => "running",
        };
        JobInfo {
            id: self.id,
            source: self.source.clone(),
            is_background: self.is_background,
            state,
        }
    }
}
