//! Kernel calls on a stack that is nearly full: with every room from none to more than enough. Wherever in the kernel
//! the stack ends, the thread ends by an overflow or has had room enough; what it shares with others stays whole.

#![expect(unsafe_code, reason = "fills its own stack")]

use alloc::{boxed::Box, sync::Arc};
use core::{
    arch::asm,
    hint::black_box,
    sync::atomic::{AtomicU64, Ordering},
    time::Duration,
};

use super::super::{
    expect::Expect,
    session::{Ended, Session},
};
use super::kinds::bottom_of_stack;
use crate::{
    cores::CoreId,
    fault::{self, Detail},
    sync::Semaphore,
    thread::{self, Builder, Reason},
};

/// The rooms that are tried, in bytes.
const ROOMS: core::ops::RangeInclusive<usize> = 16..=2560;
const STEP: usize = 16;

/// What the threads share.
struct Shared {
    none: Semaphore,
    came_back: AtomicU64,
}

type Call = fn(&Shared);

/// What they do, by name.
static CALLS: [(&str, Call); 6] = [
    ("yield", |_| thread::yield_now()),
    ("sleep", |_| thread::sleep(Duration::from_micros(20))),
    ("park", |_| thread::park_timeout(Duration::from_micros(20))),
    ("wait", |shared| {
        shared.none.acquire_timeout(Duration::from_micros(20));
    }),
    ("allocate", |_| drop(black_box(Box::new([0_u64; 40])))),
    ("spawn", |_| {
        if let Ok(handle) = thread::spawn(|| ()) {
            let _ = handle.join();
        }
    }),
];

pub(super) fn check(session: &mut Session<'_>, core: CoreId) -> Result<(), Ended> {
    let (before, _) = fault::overflow::counts();
    fault::set_detail(Detail::None);
    let result = CALLS
        .iter()
        .try_for_each(|&(name, call)| sweep(session, core, name, call));
    fault::set_detail(Detail::Full);
    result?;
    let (lent, taken) = fault::overflow::counts();
    let (lent, taken) = (u64::from(lent - before), u64::from(taken));
    let what = "stacks that ended with interrupts masked";
    session.check("crash.full.lent", what, Expect::AtLeast(1), lent);
    let what = "pages that are lent still";
    session.check("crash.full.pages", what, Expect::Exactly(0), taken);
    Ok(())
}

fn sweep(session: &mut Session<'_>, core: CoreId, name: &str, call: Call) -> Result<(), Ended> {
    let mut id = heapless::String::<32>::new();
    // No name is too long.
    let _ = ufmt::uwrite!(id, "crash.full.{}", name);
    let shared = Arc::new(Shared {
        none: Semaphore::new(0),
        came_back: AtomicU64::new(0),
    });
    let (mut ended, mut overflowed, mut others) = (0_u64, 0_u64, 0_u64);
    for room in ROOMS.step_by(STEP) {
        let inside = shared.clone();
        let work = move || {
            with_room(room, || {
                call(&inside);
                inside.came_back.fetch_add(1, Ordering::Relaxed);
            });
        };
        let spawned = Builder::new().name("full").core(core).spawn(work);
        let handle = session.spawned(&id, spawned)?;
        session.wait(&id, "thread ended", || handle.is_finished())?;
        match handle.join() {
            Ok(()) => ended += 1,
            Err(Reason::StackOverflow) => overflowed += 1,
            Err(_) => others += 1,
        }
    }
    session.check(
        &id,
        "other ends than by an overflow",
        Expect::Exactly(0),
        others,
    );
    let what = "threads with too little room";
    session.check("crash.full.little", what, Expect::AtLeast(1), overflowed);
    let what = "threads with room enough";
    session.check("crash.full.enough", what, Expect::AtLeast(1), ended);
    let came_back = shared.came_back.load(Ordering::Relaxed);
    let what = "of them, those that came back from the call";
    session.check("crash.full.back", what, Expect::AtLeast(ended), came_back);
    Ok(())
}

/// Calls `f` with so much room left on this thread's stack. Not inlined: `inspect` goes by the name.
#[inline(never)]
fn with_room<F: FnMut()>(room: usize, mut f: F) {
    extern "C" fn call<F: FnMut()>(f: &mut F) {
        f();
    }
    let sp = bottom_of_stack() + room;
    // SAFETY: the stack pointer goes down the thread's own stack, and comes back: a call preserves x20.
    unsafe {
        asm!(
            "mov x20, sp",
            "mov sp, {sp}",
            "blr {call}",
            "mov sp, x20",
            sp = in(reg) sp,
            call = in(reg) call::<F> as extern "C" fn(&mut F),
            in("x0") &raw mut f,
            out("x20") _,
            clobber_abi("C"),
        );
    }
}
