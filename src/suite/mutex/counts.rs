//! A number that several threads increment under a mutex: none of the increments is lost.

use alloc::{sync::Arc, vec::Vec};

use super::super::{
    expect::Expect,
    session::{Ended, Session},
};
use crate::{
    cores::{self, CoreId},
    sync::Mutex,
    thread::Builder,
};

pub(super) fn check(session: &mut Session<'_>, rounds: u64) -> Result<(), Ended> {
    let pinned: Vec<_> = cores::online().map(Some).collect();
    increments(session, "mutex.count.pinned", &pinned, rounds)?;
    let crowded: Vec<_> = cores::online().flat_map(|core| [Some(core); 5]).collect();
    increments(session, "mutex.count.crowded", &crowded, rounds)?;
    increments(session, "mutex.count.unpinned", &[None; 20], rounds)
}

/// One thread for each entry of `placement`, pinned to that core, or anywhere.
fn increments(
    session: &mut Session<'_>,
    id: &str,
    placement: &[Option<CoreId>],
    rounds: u64,
) -> Result<(), Ended> {
    let count = Arc::new(Mutex::new(0_u64));
    let cancel = session.cancel();
    let mut handles = Vec::new();
    for core in placement {
        let (count, cancel) = (count.clone(), cancel.clone());
        let work = move || {
            for _ in 0..rounds {
                *count.lock() += 1;
                if cancel.is_requested() {
                    return;
                }
            }
        };
        let builder = Builder::new().name("increment");
        let builder = match core {
            Some(core) => builder.core(*core),
            None => builder,
        };
        handles.push(session.spawned(id, builder.spawn(work))?);
    }
    session.returned_by_all(id, handles)?;
    session.sleep(core::time::Duration::ZERO)?;
    let expected = Expect::Exactly(placement.len() as u64 * rounds);
    let got = *count.lock();
    session.check(id, "increments", expected, got);
    Ok(())
}
