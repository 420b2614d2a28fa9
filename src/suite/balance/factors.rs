//! What hogs get where there are as many as cores: a core each, whatever their priority, and beside a thread
//! that comes and goes. The factors of `misc-loadbalance`.

use alloc::vec::Vec;
use core::time::Duration;

use ufmt::uwriteln;

use super::{
    super::{
        expect::Expect,
        hogs::Hogs,
        session::{Ended, Session},
        slices::factor_permille,
    },
    SETTLE, on_each_core,
};
use crate::{
    cores,
    shell::{Cancel, pad},
    thread::{self, Builder, JoinHandle, Priority, ThreadInfo},
    time::Instant,
};

/// The factor of each hog, in thousandths of the time that it would take alone.
pub(super) fn factors(
    before: &[ThreadInfo],
    after: &[ThreadInfo],
    elapsed: Duration,
) -> impl Iterator<Item = u64> {
    after.iter().zip(before).map(move |(new, old)| {
        let cpu = new.cpu_time.saturating_sub(old.cpu_time);
        factor_permille(elapsed.as_micros() as u64, cpu.as_micros() as u64)
    })
}

/// Prints them; and judges that no core was idle: together the hogs ran as long as all cores.
pub(super) fn judge(
    session: &mut Session<'_>,
    id: &str,
    (before, after): (&[ThreadInfo], &[ThreadInfo]),
    elapsed: Duration,
) {
    for factor in factors(before, after, elapsed) {
        let _ = uwriteln!(session.out(), "{}: x{}", id, pad::fixed(factor, 3));
    }
    let pairs = after.iter().zip(before);
    let ran: Duration = pairs
        .map(|(new, old)| new.cpu_time.saturating_sub(old.cpu_time))
        .sum();
    let all = elapsed * cores::count_online() as u32;
    let permille = (ran.as_micros() * 1_000).checked_div(all.as_micros());
    let permille = permille.map_or(0, |permille| permille as u64);
    let what = "per mille of all cores' time";
    session.figure(id, what, Expect::AtLeast(900), permille);
}

pub(super) fn check(session: &mut Session<'_>, time: Duration) -> Result<(), Ended> {
    lesser(session, time)?;
    guest(session, time)
}

/// Waits until there is one hog on each core.
fn settle(session: &mut Session<'_>, id: &str, hogs: &Hogs) -> Result<(), Ended> {
    session.wait(id, "one on each core", || {
        let each = on_each_core(hogs);
        cores::online().all(|core| each[core.index()] == 1)
    })?;
    session.sleep(SETTLE)
}

/// One of the hogs has half the share of the others: with a core of its own it loses nothing by that.
fn lesser(session: &mut Session<'_>, time: Duration) -> Result<(), Ended> {
    let id = "balance.lesser";
    let builders = (0..cores::count_online()).map(|which| {
        let percent = if which == 0 { 200 } else { 100 };
        Builder::new().priority(Priority::from_percent(percent))
    });
    let hogs = session.spawned(id, Hogs::spawn_each(builders))?;
    settle(session, id, &hogs)?;
    let (rounds, before, start) = (hogs.rounds(), hogs.infos(), Instant::now());
    session.sleep(time)?;
    let (after, elapsed) = (hogs.infos(), start.elapsed());
    session.wait(id, "each advanced", || hogs.all_advanced(&rounds))?;
    session.is(id, "each advanced", true);
    judge(session, "balance.lesser.used", (&before, &after), elapsed);
    let lesser = factors(&before, &after, elapsed).next().unwrap_or(u64::MAX);
    let what = "thousandths of the time that it takes alone";
    session.figure("balance.lesser.factor", what, Expect::AtMost(1_100), lesser);
    session.join_all(id, hogs.stop())
}

/// How long the guest computes, and how long it sleeps.
const ON: Duration = Duration::from_millis(1);
const OFF: Duration = Duration::from_millis(10);

/// A thread that comes and goes, until this is dropped.
struct Guest {
    stop: Cancel,
    handle: Option<JoinHandle<()>>,
}

impl Drop for Guest {
    fn drop(&mut self) {
        self.stop.request();
    }
}

impl Guest {
    fn spawn(session: &mut Session<'_>, id: &str) -> Result<Self, Ended> {
        let stop = Cancel::new();
        let is_over = stop.clone();
        let work = move || {
            while !is_over.is_requested() {
                let start = thread::cpu_time();
                while thread::cpu_time().saturating_sub(start) < ON {
                    core::hint::spin_loop();
                }
                thread::sleep(OFF);
            }
        };
        let handle = session.spawned(id, Builder::new().name("guest").spawn(work))?;
        let handle = Some(handle);
        Ok(Self { stop, handle })
    }
}

/// Beside a guest that runs for a tenth of the time, nobody moves about, no core is idle, and each hog keeps at
/// least half of a core. (With `-icount` the guest's millisecond is longer: the cores take turns meanwhile.)
#[expect(
    clippy::large_stack_frames,
    reason = "the handles of its threads; a command has a stack of 32 KiB"
)]
fn guest(session: &mut Session<'_>, time: Duration) -> Result<(), Ended> {
    let id = "balance.guest";
    let hogs: Vec<_> = cores::online().map(|_| None).collect();
    let hogs = session.spawned(id, Hogs::spawn(&hogs))?;
    settle(session, id, &hogs)?;
    let mut guest = Guest::spawn(session, id)?;
    session.sleep(SETTLE)?;
    let all = |hogs: &Hogs, guest: &Guest| -> Vec<ThreadInfo> {
        let guest = guest.handle.iter().map(|handle| handle.thread().info());
        hogs.infos().into_iter().chain(guest).collect()
    };
    let (rounds, before, start) = (hogs.rounds(), all(&hogs, &guest), Instant::now());
    session.sleep(time)?;
    let (after, elapsed) = (all(&hogs, &guest), start.elapsed());
    session.wait(id, "each advanced", || hogs.all_advanced(&rounds))?;
    session.is(id, "each advanced", true);
    judge(session, "balance.guest.used", (&before, &after), elapsed);
    let (before, after) = (&before[..rounds.len()], &after[..rounds.len()]);
    let most = factors(before, after, elapsed).max().unwrap_or(u64::MAX);
    let what = "thousandths of the time that one takes alone";
    session.figure("balance.guest.factor", what, Expect::AtMost(2_200), most);
    let pairs = after.iter().zip(before);
    let moved = pairs
        .map(|(new, old)| new.migrations - old.migrations)
        .sum();
    let what = "migrations of hogs";
    session.figure("balance.guest.migrations", what, Expect::AtMost(2), moved);
    guest.stop.request();
    let handle = guest.handle.take();
    session.join_all(id, handle)?;
    session.join_all(id, hogs.stop())
}
