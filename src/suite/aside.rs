//! Where a check is made: on the last core; and the thread that makes it keeps out of its way.

use crate::{
    cores::{self, CoreId},
    thread::{self, Builder},
};

/// The class of the thread that makes the checks: it goes on, whatever it starts.
const CLASS: u8 = 200;

/// While it lives, its thread is on the first core, and comes before all that it starts.
#[derive(Debug)]
pub(crate) struct Aside {
    /// The core for the threads under test.
    pub(crate) test: CoreId,
    /// Whether that is the only one.
    pub(crate) is_alone: bool,
    class_before: u8,
}

impl Aside {
    /// Moves this thread aside. `None` only if no core is online.
    pub(crate) fn step() -> Option<Self> {
        let (first, test) = (cores::online().next()?, cores::online().last()?);
        thread::pin(first).ok()?;
        let me = thread::current();
        let class_before = me.info().realtime;
        me.set_realtime(CLASS);
        Some(Self {
            test,
            is_alone: first == test,
            class_before,
        })
    }

    /// A thread for the core under test.
    pub(crate) fn builder(&self) -> Builder {
        Builder::new().core(self.test)
    }
}

impl Drop for Aside {
    fn drop(&mut self) {
        thread::unpin();
        thread::current().set_realtime(self.class_before);
    }
}
