//! Threads that wait for each other's mutexes, for `hangs`.

#![expect(unsafe_code, reason = "follows the graph by pointers")]

use core::ptr::NonNull;

use super::{GRAPH, Graph, MOST_OWNERS};
use crate::hangs::circle::circle;
use crate::sched::thread::{NAME_BYTES, Thread};

/// So many of a circle are named.
pub(crate) const NAMED: usize = 6;

/// One of a circle.
#[derive(Clone, Debug)]
pub(crate) struct Waiter {
    pub(crate) thread: u32,
    pub(crate) name: heapless::String<NAME_BYTES>,
    /// Address of the mutex that it waits for; the next one in the circle has it.
    pub(crate) mutex: usize,
}

/// A circle: who waits for the next one, and the last for the first.
#[derive(Clone, Debug)]
pub(crate) struct Circle {
    pub(crate) named: heapless::Vec<Waiter, NAMED>,
    /// How many there are.
    pub(crate) count: usize,
    /// Another one if one of them has got on meanwhile.
    pub(crate) mark: u64,
}

/// A thread, as one of those who wait.
#[derive(Clone, Copy)]
struct One<'t>(&'t Thread);

impl PartialEq for One<'_> {
    fn eq(&self, other: &Self) -> bool {
        self.0.id() == other.0.id()
    }
}

impl Graph {
    /// The mutex that `thread` waits for, and the thread that has it.
    fn awaited(&mut self, thread: &Thread) -> Option<(usize, One<'static>)> {
        let mutex = NonNull::new(thread.edges.waits_for.get().cast_mut())?;
        // Out of the queue, and on its way to say so: its time has run out.
        if !thread.wait_links.is_linked() {
            return None;
        }
        // SAFETY: a thread that waits for a mutex borrows it.
        let queued = unsafe { mutex.as_ref() };
        // If the owner has ended, nobody has it.
        let is_owned = queued.queue(self).is_wanted;
        is_owned.then(|| (mutex.addr().get(), One(queued.owner(self))))
    }
}

/// The circle in which `thread` waits, if it is the one of the lowest number there: so each circle is found once.
/// IRQs are masked for as long as it takes to follow 64 threads.
pub(crate) fn circle_of(thread: &Thread) -> Option<Circle> {
    let mut graph = GRAPH.lock();
    let count = circle(One(thread), MOST_OWNERS, |One(at)| {
        Some(graph.awaited(at)?.1)
    })?;
    let mut found = Circle {
        named: heapless::Vec::new(),
        count,
        mark: 0,
    };
    let mut at = thread;
    for _ in 0..count {
        let (mutex, One(next)) = graph.awaited(at)?;
        if at.id() < thread.id() {
            return None;
        }
        // One that gets on has left its core once more.
        let left = at.switches_voluntary.get();
        found.mark = found.mark.wrapping_mul(31).wrapping_add(left);
        found.mark ^= mutex as u64;
        // The rest are counted.
        let _ = found.named.push(Waiter {
            thread: at.id(),
            name: at.name().clone(),
            mutex,
        });
        at = next;
    }
    Some(found)
}
