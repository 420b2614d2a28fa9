//! `handoff.condvar.*`: a mutex, a condition variable and a flag.

use crate::{
    bench::pair::Turns,
    sync::{Condvar, Mutex},
    thread::Thread,
};

/// One mutex, one condition variable, an owner flag: the method of `misc-ctxsw`.
#[derive(Default)]
pub(crate) struct ByCondvar {
    owner: Mutex<usize>,
    turn: Condvar,
}

impl Turns for ByCondvar {
    fn new() -> Option<Self> {
        Some(Self::default())
    }

    #[inline(always)]
    fn turn(&self, me: usize, _: &Thread, at: impl FnOnce()) {
        let mut owner = self.owner.lock();
        while *owner != me {
            owner = self.turn.wait(owner);
        }
        at();
        *owner = 1 - me;
        drop(owner);
        self.turn.notify_one();
    }
}
