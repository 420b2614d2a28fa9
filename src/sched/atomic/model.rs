//! Loom's atomics, with sequential consistency as AArch64 has it.
//!
//! Loom takes a sequentially consistent access for an acquire or a release and so reports failures that no
//! machine has. What AArch64 adds to acquire and release is one thing: a load (`ldar`, `ldaxr`) comes after
//! every store (`stlr`, `stlxr`) that the same core has made before (Arm ARM, B2.3,
//! "barrier-ordered-before"). Here such a load is put in line with the others of its kind if its thread has made
//! such a store since it last was: of two that each store and then look, the second sees what the first has
//! stored. To weaken the store or the load is to lose that. (Loom's fence would do it too, but it would
//! also make an acquire of each relaxed load before it, which AArch64 does not.)

use core::cell::Cell;

use loom::sync::atomic;
pub(crate) use loom::sync::atomic::Ordering;

loom::thread_local! {
    /// Whether this thread has made a sequentially consistent store since it was in line.
    static HAS_STORED: Cell<bool> = Cell::new(false);
}

loom::lazy_static! {
    static ref LINE: atomic::AtomicUsize = atomic::AtomicUsize::new(0);
}

/// To be called before a load, the one of a read-modify-write included.
fn before_load(order: Ordering) {
    if order == Ordering::SeqCst && HAS_STORED.with(|has_stored| has_stored.replace(false)) {
        LINE.swap(0, Ordering::AcqRel);
    }
}

/// To be called after a store, the one of a read-modify-write included.
fn after_store(order: Ordering) {
    if order == Ordering::SeqCst {
        HAS_STORED.with(|has_stored| has_stored.set(true));
    }
}

macro_rules! atomic {
    ($name:ident $(<$parameter:ident>)?, $value:ty) => {
        #[derive(Debug)]
        pub(crate) struct $name $(<$parameter>)? (atomic::$name $(<$parameter>)?);

        #[allow(dead_code, reason = "each type has what core's has, and the code under test does not use all")]
        impl $(<$parameter>)? $name $(<$parameter>)? {
            pub(crate) fn new(value: $value) -> Self {
                Self(atomic::$name::new(value))
            }

            #[track_caller]
            pub(crate) fn load(&self, order: Ordering) -> $value {
                before_load(order);
                self.0.load(order)
            }

            #[track_caller]
            pub(crate) fn store(&self, value: $value, order: Ordering) {
                self.0.store(value, order);
                after_store(order);
            }

            #[track_caller]
            pub(crate) fn swap(&self, value: $value, order: Ordering) -> $value {
                before_load(order);
                let old = self.0.swap(value, order);
                after_store(order);
                old
            }

            #[track_caller]
            pub(crate) fn compare_exchange(
                &self,
                current: $value,
                new: $value,
                success: Ordering,
                failure: Ordering,
            ) -> Result<$value, $value> {
                before_load(success);
                let result = self.0.compare_exchange(current, new, success, failure);
                if result.is_ok() {
                    after_store(success);
                }
                result
            }

            #[track_caller]
            pub(crate) fn compare_exchange_weak(
                &self,
                current: $value,
                new: $value,
                success: Ordering,
                failure: Ordering,
            ) -> Result<$value, $value> {
                self.compare_exchange(current, new, success, failure)
            }
        }
    };
}

impl AtomicU8 {
    #[track_caller]
    pub(crate) fn fetch_or(&self, bits: u8, order: Ordering) -> u8 {
        before_load(order);
        let old = self.0.fetch_or(bits, order);
        after_store(order);
        old
    }

    #[track_caller]
    pub(crate) fn fetch_and(&self, bits: u8, order: Ordering) -> u8 {
        before_load(order);
        let old = self.0.fetch_and(bits, order);
        after_store(order);
        old
    }
}

// Loom has no bits of pointers. A failed exchange is a load more, which adds orders and loses none.
impl<T> AtomicPtr<T> {
    #[track_caller]
    pub(crate) fn fetch_or(&self, bits: usize, order: Ordering) -> *mut T {
        self.update(order, |address| address | bits)
    }

    #[track_caller]
    pub(crate) fn fetch_and(&self, bits: usize, order: Ordering) -> *mut T {
        self.update(order, |address| address & bits)
    }

    #[track_caller]
    fn update(&self, order: Ordering, change: impl Fn(usize) -> usize) -> *mut T {
        let mut word = self.load(Ordering::Relaxed);
        loop {
            let new = word.map_addr(&change);
            match self.compare_exchange(word, new, order, Ordering::Relaxed) {
                Ok(old) => return old,
                Err(seen) => word = seen,
            }
        }
    }
}

atomic!(AtomicBool, bool);
atomic!(AtomicU8, u8);
atomic!(AtomicUsize, usize);
atomic!(AtomicPtr<T>, *mut T);
