//! Why nothing was sent or received.

/// All receivers are gone. The value comes back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SendError<T>(pub T);

/// Why [`try_send`](super::Sender::try_send) did not send. The value comes back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TrySendError<T> {
    /// There is no room now.
    Full(T),
    /// All receivers are gone.
    Disconnected(T),
}

/// Why [`send_timeout`](super::Sender::send_timeout) did not send. The value comes back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SendTimeoutError<T> {
    /// There was no room in time.
    Timeout(T),
    /// All receivers are gone.
    Disconnected(T),
}

/// All senders are gone, and so is everything that they sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RecvError;

/// Why [`try_recv`](super::Receiver::try_recv) received nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TryRecvError {
    /// There is nothing now.
    Empty,
    /// All senders are gone, and so is everything that they sent.
    Disconnected,
}

/// Why [`recv_timeout`](super::Receiver::recv_timeout) received nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RecvTimeoutError {
    /// Nothing came in time.
    Timeout,
    /// All senders are gone, and so is everything that they sent.
    Disconnected,
}
