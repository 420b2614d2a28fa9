//! Going first for a while: so that starting many busy threads takes no longer than starting them.
//!
//! Among a thousand threads that never yield, the one that starts them would get a thousandth of the core, and
//! every further one would make that less.

use core::marker::PhantomData;

use crate::thread;

/// While it lives, the thread that made it goes before all threads of the normal class.
#[derive(Debug)]
#[must_use = "the thread is what it was before when this is dropped"]
pub(crate) struct Foremost {
    /// Its class before.
    class: u8,
    /// It must be dropped by the thread that made it.
    not_send: PhantomData<*const ()>,
}

impl Foremost {
    /// Moves the current thread to the front of the normal class, if it is not there already.
    pub(crate) fn new() -> Self {
        let me = thread::current();
        let class = me.info().realtime;
        me.set_realtime(class.max(1));
        Self {
            class,
            not_send: PhantomData,
        }
    }
}

impl Drop for Foremost {
    fn drop(&mut self) {
        thread::current().set_realtime(self.class);
    }
}
