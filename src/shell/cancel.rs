//! The request to stop, as a running command sees it.

use alloc::sync::Arc;
use core::sync::atomic::{AtomicBool, Ordering};

/// A request to stop that threads look at when it suits them.
///
/// ^C and `kill` only ever set it: no thread is stopped from outside, since it may hold a lock. Clones
/// share one request; a command hands them to the threads that it spawns. Nothing but the flag itself
/// is passed between threads by it, so relaxed order is enough.
#[derive(Clone, Debug, Default)]
pub struct Cancel(Arc<AtomicBool>);

impl Cancel {
    /// A token with no request.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Asks all who hold a clone to stop. There is no way back.
    pub fn request(&self) {
        self.0.store(true, Ordering::Relaxed);
    }

    /// Whether the holder was asked to stop.
    #[must_use]
    pub fn is_requested(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_reaches_every_clone_and_no_other_token() {
        let (token, other) = (Cancel::new(), Cancel::new());
        let clone = token.clone();
        assert!(!clone.is_requested());
        token.request();
        assert!(clone.is_requested());
        assert!(!other.is_requested());
    }
}
