//! What a thread's function has returned: it lies in the thread's block until the joiner takes it. Nobody else has to
//! allocate for it, if it is small.

#![expect(unsafe_code, reason = "values of any type in one place")]

use alloc::boxed::Box;
use core::cell::UnsafeCell;
use core::mem::{MaybeUninit, needs_drop};

use super::Thread;

/// Two words of a block: entry and argument, for `thread_start`; after the function has returned, its value.
#[derive(Debug)]
#[repr(C, align(16))]
pub(super) struct Words(UnsafeCell<[MaybeUninit<usize>; 2]>);

impl Words {
    pub(super) const fn new() -> Self {
        Self(UnsafeCell::new([MaybeUninit::new(0); 2]))
    }

    /// For whoever makes the block a new thread's.
    pub(super) fn set(&self, [entry, argument]: [usize; 2]) {
        // SAFETY: it is alone with the block.
        unsafe { *self.0.get() = [MaybeUninit::new(entry), MaybeUninit::new(argument)] };
    }

    /// With what the function was started. For the thread itself, before it has left a value.
    pub(super) fn argument(&self) -> usize {
        // SAFETY: written at the thread's birth.
        unsafe { (*self.0.get())[1].assume_init() }
    }

    /// Where a `T` lies, or a box of it.
    const fn place<T>(&self) -> *mut T {
        self.0.get().cast()
    }
}

/// Whether a `T` has room in a block.
const fn has_room<T>() -> bool {
    size_of::<T>() <= size_of::<Words>() && align_of::<T>() <= align_of::<Words>()
}

/// Whether nothing has to be done about a `T` that nobody takes.
const fn may_be_forgotten<T>() -> bool {
    has_room::<T>() && !needs_drop::<T>()
}

impl Thread {
    /// The thread itself: its function has returned `value`, which is the handle's from here on; if that is gone, it is
    /// dropped. What the function was started with must have been taken over, unless there is nothing to free of it.
    ///
    /// # Safety
    ///
    /// Called once; the thread's handle is for a `T`.
    pub(crate) unsafe fn leave_value<T>(&self, value: T) {
        // SAFETY: nobody needs the words for anything else any more; the place is large and aligned enough.
        unsafe {
            if has_room::<T>() {
                self.words.place::<T>().write(value);
            } else {
                self.words.place::<Box<T>>().write(Box::new(value));
            }
        }
        if !may_be_forgotten::<T>() && self.value.leave() {
            // SAFETY: just written, and nobody else takes it.
            drop(unsafe { self.take_value::<T>() });
        }
    }

    /// The handle, of a thread that has ended of itself: its value.
    ///
    /// # Safety
    ///
    /// Called once; the handle is for a `T`, and the thread was seen gone without a reason.
    pub(crate) unsafe fn take_value<T>(&self) -> T {
        self.value.take();
        // SAFETY: written by `leave_value`, and nobody else takes it.
        unsafe {
            if has_room::<T>() {
                self.words.place::<T>().read()
            } else {
                *self.words.place::<Box<T>>().read()
            }
        }
    }

    /// The handle goes: nobody wants the value that is there, or will be.
    ///
    /// # Safety
    ///
    /// Called once; the handle is for a `T`.
    pub(crate) unsafe fn give_up_value<T>(&self) {
        if !may_be_forgotten::<T>() && self.value.give_up() {
            // SAFETY: it is there, and nobody else takes it.
            drop(unsafe { self.take_value::<T>() });
        }
    }
}
