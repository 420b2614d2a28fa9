//! The kinds of faults, each raised by the instruction that stands for it.

#![expect(unsafe_code, reason = "faults on purpose")]

use core::arch::asm;
use core::hint::black_box;

use crate::{
    arch::cpu::IrqGuard,
    cores, irq,
    sched::thread as block,
    thread::Reason::{self, *},
};

/// A way to crash.
#[derive(Debug)]
pub(in super::super) struct Kind {
    pub(in super::super) name: &'static str,
    pub(in super::super) what: &'static str,
    /// What whoever joins the thread is told.
    pub(in super::super) reason: Reason,
    pub(in super::super) raise: fn(),
}

impl Kind {
    /// Whether an emulator lets it pass: QEMU 10 does not look at SCTLR_EL1.SA (target/arm/tcg/translate-a64.c,
    /// `gen_check_sp_alignment`, has nothing in it).
    pub(in super::super) fn is_forgiven(&self) -> bool {
        self.reason == MisalignedStack && (crate::kernel::board().is_emulated)()
    }
}

const fn kind(name: &'static str, what: &'static str, reason: Reason, raise: fn()) -> Kind {
    Kind {
        name,
        what,
        reason,
        raise,
    }
}

/// All of them.
pub(in super::super) static KINDS: [Kind; 22] = [
    kind("null", "write to address 16", Null, || write(16)),
    kind("null-read", "read address 0", Null, || read(0)),
    kind("null-call", "call address 0", Null, || jump(0)),
    kind("wild", "read where nothing is mapped", Wild, || {
        read(0x7f_ffff_0000);
    }),
    kind("wild-write", "write beyond all addresses", Wild, || {
        write(0x5a_5a5a_5a5a_5a58);
    }),
    kind("wild-call", "jump beyond all addresses", Wild, || {
        jump(0x5a_5a5a_5a5a_5a58);
    }),
    kind("undefined", "execute `udf`", Undefined, undefined),
    kind("brk", "execute `brk`", Breakpoint, breakpoint),
    kind("write-text", "write to code", WriteToReadOnly, || {
        write(breakpoint as fn() as usize);
    }),
    kind(
        "write-constant",
        "write to a constant",
        WriteToReadOnly,
        || {
            write(core::ptr::from_ref(black_box(&CONSTANT)).addr());
        },
    ),
    kind("execute-data", "execute a variable", ExecuteOfData, || {
        jump(VARIABLE.as_ptr().addr());
    }),
    kind("execute-stack", "execute the stack", ExecuteOfData, || {
        let code = black_box([0_u32; 4]);
        jump(core::ptr::from_ref(black_box(&code)).addr());
    }),
    kind(
        "misaligned",
        "an exclusive load at an odd address",
        Misaligned,
        || {
            exclusive(VARIABLE.as_ptr().addr() + 1);
        },
    ),
    kind(
        "misaligned-stack",
        "a stack pointer of 8",
        MisalignedStack,
        misaligned_stack,
    ),
    kind(
        "misaligned-pc",
        "jump to half an instruction",
        MisalignedPc,
        || {
            jump(breakpoint as fn() as usize + 2);
        },
    ),
    kind(
        "overflow",
        "recursion without an end",
        StackOverflow,
        || {
            black_box(recurse(black_box(1)));
        },
    ),
    kind(
        "overflow-byte",
        "use one byte too many",
        StackOverflow,
        || below(1),
    ),
    kind(
        "overflow-page",
        "use a page too many",
        StackOverflow,
        || below(4096),
    ),
    kind(
        "overflow-megabyte",
        "call a function with a frame of 1 MiB",
        StackOverflow,
        || {
            black_box(megabyte(black_box(1)));
        },
    ),
    kind(
        "overflow-interrupt",
        "be interrupted on a full stack",
        StackOverflow,
        interrupted,
    ),
    kind("panic", "panic", Panic, || panic!("on purpose")),
    kind("divide", "divide by zero", Panic, || {
        black_box(black_box(1) / black_box(0));
    }),
];

static CONSTANT: u64 = 0x1234_5678_9abc_def0;
static VARIABLE: core::sync::atomic::AtomicU64 = core::sync::atomic::AtomicU64::new(0);

fn read(address: usize) {
    // SAFETY: faults, which ends the thread; if it does not, a value was read.
    unsafe { asm!("ldr {0}, [{0}]", inout(reg) address => _, options(nostack, readonly)) };
}

fn write(address: usize) {
    // SAFETY: faults, which ends the thread.
    unsafe { asm!("str xzr, [{}]", in(reg) address, options(nostack)) };
}

fn exclusive(address: usize) {
    // SAFETY: as for `read`. (DDI 0487, B2.5.2: an exclusive has to be aligned, whatever SCTLR_EL1.A says.)
    unsafe { asm!("ldxr {0}, [{0}]", inout(reg) address => _, options(nostack, readonly)) };
}

fn jump(address: usize) {
    // SAFETY: faults, which ends the thread.
    unsafe { asm!("blr {}", in(reg) address, clobber_abi("C")) };
}

fn undefined() {
    // SAFETY: faults, which ends the thread.
    unsafe { asm!("udf #0", options(nostack, nomem)) };
}

fn breakpoint() {
    // SAFETY: faults, which ends the thread.
    unsafe { asm!("brk #1", options(nostack, nomem)) };
}

// Not inlined, as all here that moves its stack pointer: `inspect` goes by the name.
#[inline(never)]
fn misaligned_stack() {
    // SAFETY: faults, which ends the thread.
    unsafe { asm!("sub sp, sp, #8", "str xzr, [sp]", options(noreturn)) };
}

/// The lowest address of this thread's stack.
pub(super) fn bottom_of_stack() -> usize {
    let stack = block::current().stack_range();
    stack.map_or(0, |stack| stack.start)
}

/// Takes all of the stack, and then accesses it so many bytes further down.
#[inline(never)]
fn below(bytes: usize) {
    // SAFETY: faults, which ends the thread: the last access is to the guard of its stack.
    unsafe {
        asm!(
            "mov sp, {bottom}",
            "strb wzr, [sp]",
            "sub {bytes}, {bottom}, {bytes}",
            "strb wzr, [{bytes}]",
            "brk #2",
            bytes = in(reg) bytes,
            bottom = in(reg) bottom_of_stack(),
            options(noreturn),
        );
    }
}

/// Is interrupted when there is room for less than the frame of an interrupt.
#[inline(never)]
fn interrupted() {
    let irq = IrqGuard::mask();
    irq::send_reschedule(cores::current());
    core::mem::forget(irq);
    // SAFETY: the interrupt is pending, so it comes with the mask gone. It faults, which ends the thread.
    unsafe {
        asm!(
            "mov sp, {}",
            "msr daifclr, #2",
            "2: b 2b",
            in(reg) bottom_of_stack() + 64,
            options(noreturn),
        );
    }
}

#[inline(never)]
fn recurse(depth: u64) -> u64 {
    let frame = black_box([depth; 8]);
    if frame[0] == 0 {
        return 0;
    }
    frame[1] + recurse(depth + 1) + frame[2]
}

#[inline(never)]
#[expect(clippy::large_stack_frames, reason = "the compiler has to probe it")]
fn megabyte(seed: u8) -> u8 {
    let mut frame = [seed; 1 << 20];
    black_box(&mut frame)[seed as usize]
}
