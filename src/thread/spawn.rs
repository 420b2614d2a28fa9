//! Starting a thread, and waiting for its end.

#![expect(unsafe_code, reason = "hands closures to threads")]

use alloc::boxed::Box;
use core::marker::PhantomData;
use core::mem::{ManuallyDrop, MaybeUninit};
use core::ptr::with_exposed_provenance_mut;

use super::{Result, Thread};
use crate::arch::cpu::IrqGuard;
use crate::cores::CoreId;
use crate::mem::fallible::{NoMemory, try_box};
use crate::mem::stacks::StackError;
use crate::mem::window::units_for;
use crate::sched::blocks::Vacant;
use crate::sched::lifecycle::{self, Request, Start};
use crate::sched::per_core;
use crate::sched::policy::Priority;
use crate::sched::thread as block;

/// Why there is no new thread.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SpawnError {
    /// Memory is short, for its stack or for what else belongs to a thread; or its stack would be larger than the memory.
    Stack(StackError),
    /// The core that it was to be pinned to is not online.
    NoSuchCore(CoreId),
}

impl SpawnError {
    /// In words.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Stack(StackError::TooLarge) => "the stack is too large",
            Self::Stack(StackError::OutOfMemory) => "no memory",
            Self::NoSuchCore(_) => "no such core is online",
        }
    }
}

impl From<NoMemory> for SpawnError {
    fn from(_: NoMemory) -> Self {
        Self::Stack(StackError::OutOfMemory)
    }
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
                stack_units: const { units_for(DEFAULT_STACK_BYTES) },
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

    /// Bytes of its stack, rounded up to units of 16 KiB. An overflow faults.
    pub fn stack_bytes(mut self, bytes: usize) -> Self {
        self.request.stack_units = units_for(bytes);
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
        let vacant = prepare(&self.request)?;
        let (argument, stack_top) = put(f, &vacant)?;
        let start = Start {
            stack_top,
            entry: run::<F, T>,
            argument,
            abandon: (!lies_on_stack::<F>()).then_some(free::<F>),
        };
        // SAFETY: `run` takes the function, once, in the new thread, to which it may move. Of one that lies on the stack
        // nothing has to be freed; a box is freed by `run`, or in place of it.
        let block = unsafe { lifecycle::start(vacant, &self.request, start) };
        Ok(JoinHandle {
            thread: Thread(block),
            value: PhantomData,
        })
    }
}

/// What does not depend on the thread's function, of what comes before it.
#[inline(never)]
fn prepare(request: &Request) -> core::result::Result<Vacant, SpawnError> {
    let irq = IrqGuard::mask();
    if let Some(core) = request.core
        && core != per_core::this(&irq).id()
        && !per_core::get(core).is_online()
    {
        return Err(SpawnError::NoSuchCore(core));
    }
    Vacant::take(request.stack_units, irq).map_err(SpawnError::Stack)
}

/// Functions with more bytes of captured values than this, or less common alignments, get a box.
const MOST_ON_STACK: usize = 512;

/// Whether a thread's function waits for it at the top of its stack.
const fn lies_on_stack<F>() -> bool {
    size_of::<F>() <= MOST_ON_STACK && align_of::<F>() <= 16
}

/// Puts a function where `run` finds it. Returns its address, and where the stack ends below it.
fn put<F>(f: F, vacant: &Vacant) -> core::result::Result<(usize, usize), NoMemory> {
    if lies_on_stack::<F>() {
        let bytes = size_of::<F>().next_multiple_of(16);
        let at = vacant.stack_top() - bytes;
        // SAFETY: nobody else uses the stack, which is larger; it begins at a multiple of 16, and so does this.
        unsafe { with_exposed_provenance_mut::<F>(at).write(f) };
        Ok((at, at))
    } else {
        let argument = Box::into_raw(try_box(f)?).expose_provenance();
        Ok((argument, vacant.stack_top()))
    }
}

/// What a thread does: calls its function, and leaves what that returns.
extern "C" fn run<F: FnOnce() -> T, T>(function: usize) {
    // SAFETY: `put` has put it there for this thread, which takes it once.
    let f = unsafe { with_exposed_provenance_mut::<F>(function).read() };
    let value = f();
    let current = block::current();
    if !lies_on_stack::<F>() {
        free::<F>(current.take_over_argument());
    }
    // SAFETY: once, and `spawn` has made the handle for a `T`.
    unsafe { current.leave_value(value) };
}

/// Frees the box of a function that has returned, or will not, because its thread has crashed. What it had captured is
/// lost then, with the stack that it ran on: its destructor is code of anybody's.
fn free<F>(function: usize) {
    let boxed = with_exposed_provenance_mut::<MaybeUninit<F>>(function);
    // SAFETY: a box, by `put`; whoever calls this has the right to free it.
    drop(unsafe { Box::from_raw(boxed) });
}

/// The right to wait for a thread and take its result. Dropping it lets the thread run on alone.
#[derive(Debug)]
pub struct JoinHandle<T> {
    thread: Thread,
    value: PhantomData<fn() -> T>,
}

impl<T> JoinHandle<T> {
    /// Waits for the thread's end and returns its result. Nothing else of the thread is left then.
    ///
    /// # Errors
    ///
    /// It has crashed: why.
    pub fn join(self) -> Result<T> {
        let handle = ManuallyDrop::new(self);
        let block = &handle.thread.0;
        lifecycle::join(block);
        let result = match block.reason() {
            Some(reason) => {
                // SAFETY: once, as the handle is not dropped. It may have crashed after it had left its value.
                unsafe { block.give_up_value::<T>() };
                Err(reason)
            }
            // SAFETY: it has ended, of itself; `spawn` has made this handle for what `run` has left.
            None => Ok(unsafe { block.take_value() }),
        };
        // SAFETY: the handle is not dropped and not used any more, so this is the only copy of the reference.
        unsafe { core::ptr::read(block) }.drop_here();
        result
    }

    /// Whether the thread has ended: `join` would not wait.
    pub fn is_finished(&self) -> bool {
        self.thread.0.is_gone()
    }

    /// The thread.
    pub fn thread(&self) -> &Thread {
        &self.thread
    }
}

impl<T> Drop for JoinHandle<T> {
    fn drop(&mut self) {
        // SAFETY: once; `spawn` has made this handle for what `run` leaves.
        unsafe { self.thread.0.give_up_value::<T>() };
    }
}
