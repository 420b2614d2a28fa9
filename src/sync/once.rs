//! What happens once: an action, or the making of a value.

#![expect(unsafe_code, reason = "a value is shared when it is there")]

use core::cell::UnsafeCell;
use core::sync::atomic::{AtomicBool, Ordering};

use crate::sync::Mutex;

/// An action that is done once, whoever comes first. Others wait meanwhile, and lend the one who does it their
/// urgency.
///
/// Threads only, but for [`is_completed`](Self::is_completed).
#[derive(Debug, Default)]
pub struct Once {
    is_completed: AtomicBool,
    /// Held while it is done.
    doing: Mutex<()>,
}

impl Once {
    /// Not done yet.
    pub const fn new() -> Self {
        Self {
            is_completed: AtomicBool::new(false),
            doing: Mutex::new(()),
        }
    }

    /// Does `action`, if nobody has; when this returns, it is done, and its effects are seen. An action that calls
    /// this again on the same `Once` waits for ever.
    #[inline]
    pub fn call_once(&self, action: impl FnOnce()) {
        if !self.is_completed() {
            self.call(action);
        }
    }

    #[cold]
    fn call(&self, action: impl FnOnce()) {
        let _doing = self.doing.lock();
        if !self.is_completed() {
            action();
            self.is_completed.store(true, Ordering::Release);
        }
    }

    /// Whether it is done.
    #[inline]
    pub fn is_completed(&self) -> bool {
        self.is_completed.load(Ordering::Acquire)
    }
}

/// A value that is made once and is there from then on.
///
/// Threads only, but for [`get`](Self::get).
#[derive(Debug, Default)]
pub struct OnceLock<T> {
    once: Once,
    value: UnsafeCell<Option<T>>,
}

// SAFETY: the value is written once, by the one thread that `once` lets do it, and shared from then on: so it
// may come from another thread (`Send`) and be seen by several (`Sync`).
unsafe impl<T: Send + Sync> Sync for OnceLock<T> {}

impl<T> OnceLock<T> {
    /// Without a value.
    pub const fn new() -> Self {
        Self {
            once: Once::new(),
            value: UnsafeCell::new(None),
        }
    }

    /// The value, if it is there.
    #[inline]
    pub fn get(&self) -> Option<&T> {
        if !self.once.is_completed() {
            return None;
        }
        // SAFETY: nobody writes any more.
        unsafe { &*self.value.get() }.as_ref()
    }

    /// Sets the value. If there is one, or another thread makes one at this moment, `value` comes back.
    pub fn set(&self, value: T) -> Result<(), T> {
        let mut offered = Some(value);
        self.once.call_once(|| self.put(offered.take()));
        offered.map_or(Ok(()), Err)
    }

    /// The value; made by `make` if it is not there. Of several at the same time one makes it, the others wait.
    /// A `make` that asks for the value waits for ever.
    #[inline]
    pub fn get_or_init(&self, make: impl FnOnce() -> T) -> &T {
        if !self.once.is_completed() {
            self.once.call_once(|| self.put(Some(make())));
        }
        match self.get() {
            Some(value) => value,
            None => unreachable!("a value that was made is there"),
        }
    }

    /// The value, which nobody else can have.
    pub fn into_inner(self) -> Option<T> {
        self.value.into_inner()
    }

    fn put(&self, value: Option<T>) {
        // SAFETY: called by the one action of `once`; nobody reads before it is completed.
        unsafe { *self.value.get() = value };
    }
}
