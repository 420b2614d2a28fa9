//! `deep`: a panic or a fault six calls deep on the last core, for the test of backtraces.
//!
//! The test looks for the functions here by their names, and for the line behind each `fn`, from which it calls the
//! next. The compiler may not see how it ends: a function that never returns need not keep what leads back.

#![expect(unsafe_code, reason = "writes where nobody may")]

use core::hint::black_box;

use ufmt::uwriteln;

use crate::{
    cores,
    report::Verdict,
    shell::{Arg, Command, Context, Spec},
    thread::Builder,
};

/// The command.
pub static COMMAND: Command = Command {
    spec: Spec {
        name: "deep",
        summary: "Fail six calls deep on the last core: for the test of backtraces",
        args: &[Arg::choice(
            "end",
            &["panic", "fault"],
            "A failed assertion, or `memset` of an address that is not mapped",
        )
        .or_choice("panic")],
    },
    run,
};

/// The last of the calls.
type End = fn(u32) -> u32;

fn run(ctx: &mut Context) -> Verdict {
    let end: End = if ctx.choice("end") == "fault" {
        faults
    } else {
        panics
    };
    let Some(core) = cores::online().last() else {
        return Verdict::Failed;
    };
    let thread = Builder::new().name("deep").core(core);
    let Ok(thread) = thread.spawn(move || one(1, end)) else {
        let _ = uwriteln!(ctx.out(), "deep: no memory for a thread");
        return Verdict::Failed;
    };
    // If its end is survived, there is no result.
    let _ = thread.join();
    Verdict::Failed
}

#[inline(never)]
fn one(depth: u32, end: End) -> u32 {
    black_box(two(black_box(depth) + 1, end))
}

#[inline(never)]
fn two(depth: u32, end: End) -> u32 {
    black_box(three(black_box(depth) + 1, end))
}

#[inline(never)]
fn three(depth: u32, end: End) -> u32 {
    black_box(four(black_box(depth) + 1, end))
}

#[inline(never)]
fn four(depth: u32, end: End) -> u32 {
    black_box(five(black_box(depth) + 1, end))
}

#[inline(never)]
fn five(depth: u32, end: End) -> u32 {
    black_box(end(black_box(depth) + 1))
}

#[inline(never)]
fn panics(depth: u32) -> u32 {
    assert!(black_box(depth) != 6, "{depth} calls deep");
    depth
}

#[inline(never)]
fn faults(depth: u32) -> u32 {
    clear(core::ptr::without_provenance_mut(8), black_box(64));
    depth
}

#[inline(always)]
fn clear(at: *mut u8, bytes: usize) {
    // SAFETY: none: it is to fault, and does, since page 0 is not mapped.
    unsafe { at.write_bytes(0, bytes) };
}
