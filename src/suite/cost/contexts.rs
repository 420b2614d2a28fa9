//! Owns `asm/cost.s`: two contexts inside one thread, and the routines that hand the core from one to the other.

#![expect(unsafe_code, reason = "a stack is exchanged for another")]

use alloc::boxed::Box;
use core::{
    arch::global_asm,
    mem::{offset_of, size_of},
};

use super::sets::Set;
use crate::{
    arch::{
        cpu::{self, IrqGuard},
        fp,
    },
    sched::context::Context,
};

/// What a switch keeps on the stack: the same as the real one's [`Context`].
#[derive(Debug, Default)]
#[repr(C, align(16))]
struct Frame {
    fp: u64,
    lr: u64,
    x19_x28: [u64; 10],
    d8_d15: [u64; 8],
}

/// What it keeps elsewhere: a thread's block in the real one.
#[derive(Debug, Default)]
#[repr(C, align(16))]
struct Block {
    sp: usize,
    fpcr: u64,
    fpsr: u64,
    unused: u64,
    /// As an interrupt frame keeps them.
    q: [u128; 32],
}

/// What the routine itself keeps on the stack.
#[repr(C, align(16))]
struct Saved {
    fp: u64,
    lr: u64,
    x19_x22: [u64; 4],
}

// One `stp` or `ldp` moves each pair; all are in reach of it.
const _: () = {
    assert!(size_of::<Frame>() == size_of::<Context>());
    assert!(offset_of!(Frame, fp) == 0 && offset_of!(Frame, lr) == 8);
    assert!(offset_of!(Frame, d8_d15) + 48 <= 504);
    assert!(offset_of!(Block, fpcr) == offset_of!(Block, sp) + 8);
    assert!(offset_of!(Block, q).is_multiple_of(16) && offset_of!(Block, q) + 480 <= 1008);
    assert!(offset_of!(Saved, fp) == 0 && offset_of!(Saved, lr) == 8);
};

global_asm!(
    include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/asm/cost.s")),
    LOOP = const Set::Loop as usize,
    CALLEE_SAVED = const Set::CalleeSaved as usize,
    FP = const Set::Fp as usize,
    FPCR = const Set::Fpcr as usize,
    TPIDR = const Set::Tpidr as usize,
    ALL = const Set::All as usize,
    FRAME_SIZE = const size_of::<Frame>(),
    FRAME_X19 = const offset_of!(Frame, x19_x28),
    FRAME_D8 = const offset_of!(Frame, d8_d15),
    BLOCK_SP_FPCR = const offset_of!(Block, sp),
    BLOCK_FPSR = const offset_of!(Block, fpsr),
    BLOCK_Q = const offset_of!(Block, q),
    SAVED_SIZE = const size_of::<Saved>(),
    SAVED_X19 = const offset_of!(Saved, x19_x22),
);

mod assembly {
    use super::{Block, Set};

    pub(super) type Routine =
        unsafe extern "C" fn(own: *mut Block, other: *mut Block, thread: usize, times: u64);

    unsafe extern "C" {
        pub(super) fn cost_loop(own: *mut Block, other: *mut Block, thread: usize, times: u64);
        pub(super) fn cost_callee_saved(_: *mut Block, _: *mut Block, thread: usize, times: u64);
        pub(super) fn cost_fp(_: *mut Block, _: *mut Block, thread: usize, times: u64);
        pub(super) fn cost_fpcr(_: *mut Block, _: *mut Block, thread: usize, times: u64);
        pub(super) fn cost_tpidr(_: *mut Block, _: *mut Block, thread: usize, times: u64);
        pub(super) fn cost_all(_: *mut Block, _: *mut Block, thread: usize, times: u64);
        pub(super) safe static cost_lengths: [u64; Set::ALL.len()];
    }
}

/// In the order of [`Set::ALL`].
static ROUTINES: [assembly::Routine; Set::ALL.len()] = [
    assembly::cost_loop,
    assembly::cost_callee_saved,
    assembly::cost_fp,
    assembly::cost_fpcr,
    assembly::cost_tpidr,
    assembly::cost_all,
];

/// How many instructions a switch of `set` has, counted by the assembler. There is no branch in it, so that many are
/// executed.
pub(super) fn length(set: Set) -> u64 {
    assembly::cost_lengths[set as usize]
}

/// The two contexts: the calling thread's own, and another one that has nothing but a frame for its stack. It needs no
/// more: it only ever runs the loop, with IRQs masked, and what faults is handled on the exception stack.
#[derive(Debug)]
pub(super) struct Contexts {
    own: Block,
    other: Block,
    frame: Frame,
}

impl Contexts {
    /// Both empty: the first switch of each round makes what it needs.
    #[expect(
        clippy::large_stack_frames,
        reason = "made once, on its way into a box"
    )]
    pub(super) fn new() -> Box<Self> {
        Box::new(Self {
            own: Block::default(),
            other: Block::default(),
            frame: Frame::default(),
        })
    }

    /// Makes `switches` switches of `set`, an even number that is not 0: half of them each way.
    pub(super) fn run(&mut self, set: Set, switches: u64, _masked: &IrqGuard) {
        debug_assert!(switches > 0 && switches.is_multiple_of(2));
        let times = match set {
            // There is no other context that would make the other half.
            Set::Loop => switches,
            _ => switches / 2,
        };
        let frame = &raw mut self.frame;
        self.other.sp = frame.expose_provenance();
        self.other.fpcr = fp::fpcr();
        let (own, other) = (&raw mut self.own, &raw mut self.other);
        // SAFETY:
        // 1. Blocks and frame are valid and used by nobody else; the other context's stack pointer is the frame, to
        //    which the routine writes what the first switch restores. A switch pushes one frame where it popped one.
        // 2. IRQs are masked, as the guard proves, so that nothing but the routine runs on either stack, and no core
        //    leaves this thread. The routine ends in the context in which it was called.
        // 3. TPIDR_EL0 is written with what it holds. What a call preserves is preserved: by the set, or because
        //    neither context changes it.
        unsafe { ROUTINES[set as usize](own, other, cpu::thread_pointer(), times) };
    }
}
