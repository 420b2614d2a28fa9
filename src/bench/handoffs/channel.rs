//! `handoff.channel.*`: two channels.

use crate::{
    bench::pair::Turns,
    sync::channel::{self, Receiver, Sender},
    thread::Thread,
};

/// A channel to each thread, with room for one value.
pub(crate) struct ByChannel([(Sender<u64>, Receiver<u64>); 2]);

impl Turns for ByChannel {
    fn new() -> Option<Self> {
        let channels = [channel::bounded(1).ok()?, channel::bounded(1).ok()?];
        channels[0].0.try_send(0).ok()?;
        Some(Self(channels))
    }

    #[inline(always)]
    fn turn(&self, me: usize, _: &Thread, at: impl FnOnce()) {
        // Both ends of both channels live as long as both threads.
        let value = self.0[me].1.recv().unwrap_or_default();
        at();
        let _ = self.0[1 - me].0.send(value + 1);
    }
}
