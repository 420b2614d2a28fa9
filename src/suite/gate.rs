//! A gate at which threads wait until it is opened, once. It opens at the latest when its keeper is dropped, so
//! a check that ends early leaves nobody behind.

use alloc::sync::Arc;

use crate::sync::{Condvar, Mutex};

/// What the threads have of it.
#[derive(Debug)]
pub(crate) struct Gate {
    is_open: Mutex<bool>,
    opened: Condvar,
}

impl Gate {
    /// Waits until the gate is open.
    pub(crate) fn pass(&self) {
        let mut is_open = self.is_open.lock();
        while !*is_open {
            is_open = self.opened.wait(is_open);
        }
    }
}

/// The right to open a gate, and the duty.
#[derive(Debug)]
pub(crate) struct Keeper(Arc<Gate>);

impl Keeper {
    /// A gate that is closed.
    pub(crate) fn new() -> Self {
        Self(Arc::new(Gate {
            is_open: Mutex::new(false),
            opened: Condvar::new(),
        }))
    }

    /// The gate, for a thread that is to wait at it.
    pub(crate) fn gate(&self) -> Arc<Gate> {
        self.0.clone()
    }

    /// Lets all pass, from now on.
    pub(crate) fn open(&self) {
        *self.0.is_open.lock() = true;
        self.0.opened.notify_all();
    }
}

impl Drop for Keeper {
    fn drop(&mut self) {
        self.open();
    }
}
