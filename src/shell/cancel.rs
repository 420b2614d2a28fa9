//! The request to stop, as a running command sees it.

use alloc::sync::Arc;
use core::sync::atomic::{AtomicBool, AtomicU8, Ordering};

/// A request to stop that threads look at when it suits them.
///
/// ^C and `kill` only ever set it: no thread is stopped from outside, since it may hold a lock. Clones
/// share one request; a command hands them to the threads that it spawns. Nothing but the flag itself
/// is passed between threads by it, so relaxed order is enough.
#[derive(Clone, Debug, Default)]
pub struct Cancel(Arc<Shared>);

#[derive(Debug, Default)]
struct Shared {
    is_requested: AtomicBool,
    /// The key that asks for it too, while the command is in the foreground; 0: none.
    key: AtomicU8,
}

impl Cancel {
    /// A token with no request.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Asks all who hold a clone to stop. There is no way back.
    pub fn request(&self) {
        self.0.is_requested.store(true, Ordering::Relaxed);
    }

    /// Whether the holder was asked to stop.
    #[must_use]
    pub fn is_requested(&self) -> bool {
        self.0.is_requested.load(Ordering::Relaxed)
    }

    /// While the command is in the foreground, this key asks it to stop, as ^C does.
    pub fn listen_to(&self, key: u8) {
        self.0.key.store(key, Ordering::Relaxed);
    }

    /// Whether this key asks the holder to stop.
    #[must_use]
    pub fn is_key(&self, key: u8) -> bool {
        key != 0 && self.0.key.load(Ordering::Relaxed) == key
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

    #[test]
    fn a_key_asks_only_who_listens_to_it() {
        let token = Cancel::new();
        assert!(!token.is_key(b'q') && !token.is_key(0));
        token.clone().listen_to(b'q');
        assert!(token.is_key(b'q') && !token.is_key(b'Q') && !token.is_requested());
    }
}
