//! Thread-local values: one per thread and key, made at first use, dropped when the thread ends.

#![expect(unsafe_code, reason = "values of many types behind one list")]

use alloc::boxed::Box;
use alloc::vec::Vec;
use core::any::Any;

use crate::sched::thread as block;

/// The values of one thread.
#[derive(Debug)]
pub struct Locals(Vec<(usize, Box<dyn Any>)>);

impl Locals {
    pub(crate) const fn new() -> Self {
        Self(Vec::new())
    }
}

/// A key under which each thread has a value of its own. Declare it with [`thread_local!`](crate::thread_local).
#[derive(Debug)]
pub struct LocalKey<T: 'static> {
    init: fn() -> T,
}

impl<T: 'static> LocalKey<T> {
    /// A key whose values start as `init()`. It must be a `static`: its address is its identity.
    #[doc(hidden)]
    pub const fn new(init: fn() -> T) -> Self {
        Self { init }
    }

    /// Calls `f` with this thread's value.
    pub fn with<R>(&'static self, f: impl FnOnce(&T) -> R) -> R {
        let key = core::ptr::from_ref(self) as usize;
        if self.find(key).is_none() {
            // Outside of any borrow of the list: `init` may use other keys.
            let value: Box<dyn Any> = Box::new((self.init)());
            // SAFETY: only this thread touches its list, and no reference into the list is alive here.
            unsafe { &mut *block::current().locals.get() }
                .0
                .push((key, value));
        }
        match self.find(key) {
            Some(value) => f(value),
            None => unreachable!("a thread-local value vanished"),
        }
    }

    fn find(&'static self, key: usize) -> Option<&'static T> {
        // SAFETY: only this thread touches its list. The boxes stay where they are until the thread ends, so
        // the reference is good for as long as any code of the thread runs.
        let locals: &'static Locals = unsafe { &*block::current().locals.get() };
        locals
            .0
            .iter()
            .find(|(at, _)| *at == key)
            .and_then(|(_, value)| value.downcast_ref())
    }
}

/// Drops the current thread's values, newest first. Those that are made meanwhile too.
#[inline]
pub(crate) fn drop_all() {
    // SAFETY: only this thread touches its list.
    if unsafe { &*block::current().locals.get() }.0.capacity() > 0 {
        drop_some();
    }
}

#[cold]
#[inline(never)]
fn drop_some() {
    loop {
        // SAFETY: only this thread touches its list; the borrow ends before the value is dropped.
        let last = unsafe { &mut *block::current().locals.get() }.0.pop();
        if last.is_none() {
            break;
        }
    }
    // SAFETY: as above.
    unsafe { (*block::current().locals.get()).0 = Vec::new() };
}

/// Declares thread-local values: `thread_local! { static COUNT: Cell<u32> = Cell::new(0); }`.
#[macro_export]
macro_rules! thread_local {
    ($($(#[$attribute:meta])* $visibility:vis static $name:ident: $type:ty = $init:expr;)*) => {
        $($(#[$attribute])* $visibility static $name: $crate::thread::local::LocalKey<$type> =
            $crate::thread::local::LocalKey::new(|| $init);)*
    };
}
