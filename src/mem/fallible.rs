//! A box, and a counted one, whose making can fail: `Box` and `Arc` end their thread where memory is short. What has to
//! give its caller an error instead is made of these.

#![expect(unsafe_code, reason = "allocates, and counts who refers to it")]

use alloc::alloc::alloc;
use alloc::boxed::Box;
use core::alloc::Layout;
use core::ops::Deref;
use core::ptr::NonNull;
use core::sync::atomic::{AtomicUsize, Ordering, fence};

/// Memory is short.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NoMemory;

/// `value` in a box.
///
/// # Errors
///
/// [`NoMemory`]. Then `value` was dropped.
pub(crate) fn try_box<T>(value: T) -> Result<Box<T>, NoMemory> {
    let layout = Layout::new::<T>();
    if layout.size() == 0 {
        // Needs no memory.
        return Ok(Box::new(value));
    }
    // SAFETY: the size is not 0.
    let memory = NonNull::new(unsafe { alloc(layout) }).ok_or(NoMemory)?;
    let memory = memory.cast::<T>();
    // SAFETY: just allocated by the global allocator, with the layout of a `T`.
    unsafe {
        memory.write(value);
        Ok(Box::from_raw(memory.as_ptr()))
    }
}

/// `Arc`, without weak references.
#[derive(Debug)]
pub(crate) struct Counted<T>(NonNull<Inside<T>>);

#[derive(Debug)]
struct Inside<T> {
    references: AtomicUsize,
    value: T,
}

// SAFETY: it gives shared access to a `T`, and the last one drops it, wherever that is.
unsafe impl<T: Send + Sync> Send for Counted<T> {}
// SAFETY: as above.
unsafe impl<T: Send + Sync> Sync for Counted<T> {}

impl<T> Counted<T> {
    /// The first reference to `value`.
    ///
    /// # Errors
    ///
    /// [`NoMemory`]. Then `value` was dropped.
    pub(crate) fn try_new(value: T) -> Result<Self, NoMemory> {
        let inside = Inside {
            references: AtomicUsize::new(1),
            value,
        };
        Ok(Self(NonNull::from(Box::leak(try_box(inside)?))))
    }

    fn inside(&self) -> &Inside<T> {
        // SAFETY: it is there as long as there is a reference.
        unsafe { self.0.as_ref() }
    }
}

impl<T> Clone for Counted<T> {
    fn clone(&self) -> Self {
        // A new reference is made from one that is there, so nothing need be ordered.
        self.inside().references.fetch_add(1, Ordering::Relaxed);
        Self(self.0)
    }
}

impl<T> Deref for Counted<T> {
    type Target = T;

    #[inline]
    fn deref(&self) -> &T {
        &self.inside().value
    }
}

impl<T> Drop for Counted<T> {
    fn drop(&mut self) {
        // Release here, acquire below: what others did with the value comes before its end.
        if self.inside().references.fetch_sub(1, Ordering::Release) == 1 {
            fence(Ordering::Acquire);
            // SAFETY: it was a box, and nobody else refers to it any more.
            drop(unsafe { Box::from_raw(self.0.as_ptr()) });
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::thread;

    use super::*;

    #[test]
    fn the_value_is_dropped_with_the_last_reference_wherever_that_is() {
        let told = Arc::new(());
        let first = Counted::try_new(Arc::clone(&told)).unwrap();
        let threads: Vec<_> = (0..4)
            .map(|_| {
                let mine = first.clone();
                thread::spawn(move || assert!(Arc::strong_count(&mine) >= 2))
            })
            .collect();
        assert_eq!(Arc::strong_count(&told), 2);
        drop(first);
        for thread in threads {
            thread.join().unwrap();
        }
        assert_eq!(Arc::strong_count(&told), 1);
    }

    #[test]
    fn what_needs_no_memory_can_be_had() {
        assert!(try_box(()).is_ok());
        assert_eq!(try_box(7), Ok(Box::new(7)));
    }
}
