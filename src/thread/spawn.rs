//! Starting a thread, and waiting for its end.

#![expect(unsafe_code, reason = "hands closures to threads")]

use alloc::boxed::Box;
use alloc::sync::Arc;
use core::cell::UnsafeCell;
use core::sync::atomic::Ordering;

use super::{Result, Thread};
use crate::cores::CoreId;
use crate::mem::stacks::StackError;
use crate::sched::lifecycle::{self, Request};
use crate::sched::per_core;
use crate::sched::policy::Priority;
use crate::sched::thread as block;

/// Why there is no new thread.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SpawnError {
    /// No stack: memory is short, or it would be larger than the memory.
    Stack(StackError),
    /// The core that it was to be pinned to is not online.
    NoSuchCore(CoreId),
}

/// Bytes of stack that a thread gets when nobody says otherwise.
pub const DEFAULT_STACK_BYTES: usize = 16 * 1024;

/// Starts a thread of normal priority that any core may run.
pub fn spawn<F, T>(f: F) -> core::result::Result<JoinHandle<T>, SpawnError>
where
    F: FnOnce() -> T + Send + 'static,
    T: Send + 'static,
{
    Builder::new().spawn(f)
}

/// What a thread shall be, before it is.
#[derive(Debug)]
pub struct Builder {
    request: Request,
}

impl Default for Builder {
    fn default() -> Self {
        Self::new()
    }
}

impl Builder {
    /// A thread of normal priority, with [`DEFAULT_STACK_BYTES`], that any core may run.
    pub fn new() -> Self {
        Self {
            request: Request {
                name: heapless::String::new(),
                stack_bytes: DEFAULT_STACK_BYTES,
                priority: Priority::NORMAL,
                realtime: 0,
                core: None,
            },
        }
    }

    /// Its name, of which the first 16 bytes are kept.
    pub fn name(mut self, name: &str) -> Self {
        self.request.name.clear();
        for character in name.chars() {
            if self.request.name.push(character).is_err() {
                break;
            }
        }
        self
    }

    /// Bytes of its stack, rounded up to pages. An overflow faults.
    pub fn stack_bytes(mut self, bytes: usize) -> Self {
        self.request.stack_bytes = bytes;
        self
    }

    /// Its share of a core.
    pub fn priority(mut self, priority: Priority) -> Self {
        self.request.priority = priority;
        self
    }

    /// Puts it into the realtime class: before all normal threads, higher numbers first, first come, first
    /// served among equals, without time slices. 0: the normal class.
    pub fn realtime(mut self, class: u8) -> Self {
        self.request.realtime = class;
        self
    }

    /// Pins it to `core`. A core that is not online is an error at `spawn`.
    pub fn core(mut self, core: CoreId) -> Self {
        self.request.core = Some(core);
        self
    }

    /// Starts it.
    pub fn spawn<F, T>(self, f: F) -> core::result::Result<JoinHandle<T>, SpawnError>
    where
        F: FnOnce() -> T + Send + 'static,
        T: Send + 'static,
    {
        if let Some(core) = self.request.core
            && !per_core::get(core).is_online()
        {
            return Err(SpawnError::NoSuchCore(core));
        }
        let packet = Arc::new(Packet {
            result: UnsafeCell::new(None),
        });
        let start = Box::into_raw(Box::new(Start {
            f: Some(f),
            packet: Arc::clone(&packet),
        }));
        let (run, abandon) = (run::<F, T>, abandon::<F, T>);
        // SAFETY: `run` or `abandon` takes the box back, once, in the new thread; `f` may move there.
        match unsafe { lifecycle::spawn(self.request, run, start as usize, abandon) } {
            Ok(block) => Ok(JoinHandle {
                thread: Thread(block),
                packet,
            }),
            Err(error) => {
                // SAFETY: nobody else has it, as no thread was made.
                drop(unsafe { Box::from_raw(start) });
                Err(SpawnError::Stack(error))
            }
        }
    }
}

/// Where a thread leaves its result.
#[derive(Debug)]
struct Packet<T> {
    result: UnsafeCell<Option<T>>,
}

// SAFETY: the thread writes before it ends, the joiner reads after that; they are ordered by the lock of the
// list of joiners.
unsafe impl<T: Send> Sync for Packet<T> {}

/// What a thread is started with. It stays where it is until the function has returned: so that it can be freed also
/// if that never happens.
struct Start<F, T> {
    f: Option<F>,
    packet: Arc<Packet<T>>,
}

extern "C" fn run<F: FnOnce() -> T, T>(start: usize) {
    // SAFETY: `spawn` made it a box and gave it to this thread alone.
    let f = unsafe { (*(start as *mut Start<F, T>)).f.take() };
    let Some(f) = f else {
        unreachable!("a thread runs its function once");
    };
    let result = f();
    let start = block::current().take_over_argument() as *mut Start<F, T>;
    // SAFETY: as above, and now nobody else takes it back.
    let Start { packet, .. } = *unsafe { Box::from_raw(start) };
    // SAFETY: nobody reads before this thread has ended.
    unsafe { *packet.result.get() = Some(result) };
}

/// Frees what `run` was called with, in a thread that has crashed meanwhile. What the function had captured is lost with
/// the stack that it ran on; its destructor is code of anybody's.
fn abandon<F, T>(start: usize) {
    // SAFETY: as in `run`, which has not taken the box back.
    let Start { f, packet } = *unsafe { Box::from_raw(start as *mut Start<F, T>) };
    core::mem::forget(f);
    drop(packet);
}

/// The right to wait for a thread and take its result. Dropping it lets the thread run on alone.
#[derive(Debug)]
pub struct JoinHandle<T> {
    thread: Thread,
    packet: Arc<Packet<T>>,
}

impl<T> JoinHandle<T> {
    /// Waits for the thread's end and returns its result. Nothing else of the thread is left then.
    ///
    /// # Errors
    ///
    /// It has crashed: why.
    pub fn join(self) -> Result<T> {
        lifecycle::join(&self.thread.0);
        if let Some(reason) = self.thread.0.reason() {
            return Err(reason);
        }
        // SAFETY: the thread has ended, and this handle is the only other side.
        let result = unsafe { (*self.packet.result.get()).take() };
        Ok(result.unwrap_or_else(|| unreachable!("a thread has ended without a result")))
    }

    /// Whether the thread has ended: `join` would not wait.
    pub fn is_finished(&self) -> bool {
        self.thread.0.is_gone.load(Ordering::Acquire)
    }

    /// The thread.
    pub fn thread(&self) -> &Thread {
        &self.thread
    }
}
