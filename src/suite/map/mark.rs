//! The high-water mark of a stack: that it shows a use of known depth, and no more than there is.

use core::hint::black_box;

use crate::{
    suite::{
        expect::Expect,
        session::{Ended, Session},
    },
    thread,
};

/// A size that no other thread has: so the stack is a fresh one at the first run, without another thread's mark.
const STACK_BYTES: usize = 112 * 1024;

/// How deep the stack is used.
const DEPTH_BYTES: usize = 64 * 1024;

/// One step of the descent.
const STEP_BYTES: usize = 1024;

/// Checks the mark of a thread that has gone deep and come back.
pub(super) fn check(session: &mut Session<'_>) -> Result<(), Ended> {
    const ID: &str = "map.mark";
    let thread = thread::Builder::new().stack_bytes(STACK_BYTES).spawn(|| {
        let here = 0_u8;
        descend((&raw const here).addr() - DEPTH_BYTES);
        let me = thread::current().id();
        let threads = thread::list_with_stacks();
        let mine = threads.iter().find(|(info, _)| info.id == me);
        mine.map_or(0, |(_, used)| *used)
    });
    let thread = session.spawned(ID, thread)?;
    let used = session.join(ID, thread)?;
    // What a step and the thread's own beginning take comes on top.
    let expected = Expect::Between(DEPTH_BYTES as u64, (DEPTH_BYTES + STACK_BYTES) as u64 / 2);
    session.check(
        ID,
        "bytes of a stack used down to 64 KiB",
        expected,
        used as u64,
    );
    Ok(())
}

/// Uses the stack down to the address `floor` at least, and comes back.
#[inline(never)]
fn descend(floor: usize) {
    let mut step = [0x5a_u8; STEP_BYTES];
    black_box(&mut step);
    if (&raw const step).addr() > floor {
        descend(floor);
    }
    // After the call, so that it is none in the tail.
    black_box(&mut step);
}
