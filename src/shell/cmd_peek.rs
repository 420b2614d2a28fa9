//! `peek`, `poke`, `dump`: memory and registers at an address that is typed.
//!
//! The hardware is asked before each access, so a bad address is an error and no fault.

#![expect(unsafe_code, reason = "`poke` writes wherever it is told to")]

use core::sync::atomic::AtomicU64;

use ufmt::{uwrite, uwriteln};

use super::{
    Arg, Command, Context, Spec, cmd_map,
    hex::{Address, Hex, ROW_BYTES, Row},
};
use crate::{
    mem::{
        access::{Denied, Purpose, Width},
        probe,
    },
    report::{Value, Verdict},
};

/// Where to try it.
const SCRATCH_NAME: &str = "scratch";

/// What [`SCRATCH_NAME`] stands for: memory that nobody else uses.
static SCRATCH: Scratch = Scratch([const { AtomicU64::new(0) }; 8]);

/// A cache line of its own.
#[repr(align(64))]
struct Scratch([AtomicU64; 8]);

const ADDRESS: Arg = Arg::choice_or_number(
    "address",
    &[SCRATCH_NAME],
    (0, u64::MAX),
    "Where; `scratch`: 64 bytes that nobody uses",
);

const WIDTH: Arg = Arg::choice(
    "width",
    &["8", "16", "32", "64"],
    "Bits of one access; the address is a multiple of it",
)
.or_choice("32")
.option();

pub(super) static PEEK: Command = Command {
    spec: Spec {
        name: "peek",
        summary: "Read memory or a device: `peek 0xfe200000`, `peek scratch 8`",
        args: &[
            ADDRESS,
            Arg::number("count", 1, 4096, "How many values").or_number(1),
            WIDTH,
        ],
    },
    run: peek,
};

pub(super) static POKE: Command = Command {
    spec: Spec {
        name: "poke",
        summary: "Write memory or a device; nobody is asked whose it is",
        args: &[
            ADDRESS,
            Arg::number("value", 0, u64::MAX, "What is written"),
            WIDTH,
        ],
    },
    run: poke,
};

pub(super) static DUMP: Command = Command {
    spec: Spec {
        name: "dump",
        summary: "Show memory as bytes and characters",
        args: &[
            ADDRESS,
            Arg::number("bytes", 1, 1 << 20, "How many bytes").or_number(256),
        ],
    },
    run: dump,
};

fn address(ctx: &Context) -> usize {
    ctx.number_if_given("address")
        .map_or_else(|| SCRATCH.0.as_ptr().addr(), |address| address as usize)
}

fn width(ctx: &Context) -> Width {
    Width::from_name(ctx.choice("width")).expect("the choices are the names")
}

fn peek(ctx: &mut Context) -> Verdict {
    let (start, width) = (address(ctx), width(ctx));
    let in_a_row = ROW_BYTES / width.bytes();
    let mut first = None;
    for index in 0..ctx.number("count") as usize {
        // What does not exist is not mapped: so an address that has gone round is refused as any other.
        let address = start.wrapping_add(index * width.bytes());
        let is_first_in_row = index.is_multiple_of(in_a_row);
        if is_first_in_row && ctx.is_cancelled() {
            return Verdict::Aborted;
        }
        let value = match probe::load(address, width) {
            Ok(value) => value,
            Err(why) => {
                end_row(ctx, index > 0);
                return refuse(ctx, "peek", address, Purpose::Read, why);
            }
        };
        first.get_or_insert(value);
        if is_first_in_row {
            end_row(ctx, index > 0);
            let Ok(()) = uwrite!(ctx.out(), "{} ", Address(address));
        }
        let bytes = width.bytes();
        let Ok(()) = uwrite!(ctx.out(), " {}", Hex { value, bytes });
    }
    end_row(ctx, true);
    let report = ctx.report("peek").with("address", Value::Hex(start as u64));
    let report = report.with("width", width.bits());
    let Ok(()) = report
        .with("first", Value::Hex(first.unwrap_or_default()))
        .end();
    Verdict::Passed
}

fn end_row(ctx: &mut Context, is_begun: bool) {
    if is_begun {
        let Ok(()) = uwriteln!(ctx.out(), "");
    }
}

fn poke(ctx: &mut Context) -> Verdict {
    let (address, width, value) = (address(ctx), width(ctx), ctx.number("value"));
    if !width.holds(value) {
        let Ok(()) = uwriteln!(
            ctx.out(),
            "poke: {:#x} has more than {} bits",
            value,
            width.bits()
        );
        return Verdict::Failed;
    }
    // SAFETY: that is the promise of whoever typed the command; `docs/memory.md` says what it means.
    match unsafe { probe::store(address, width, value) } {
        Ok(()) => {
            let bytes = width.bytes();
            let Ok(()) = uwriteln!(
                ctx.out(),
                "{}  {} written",
                Address(address),
                Hex { value, bytes }
            );
            Verdict::Passed
        }
        Err(why) => refuse(ctx, "poke", address, Purpose::Write, why),
    }
}

fn dump(ctx: &mut Context) -> Verdict {
    let (start, bytes) = (address(ctx), ctx.number("bytes") as usize);
    for begin in (0..bytes).step_by(ROW_BYTES) {
        if ctx.is_cancelled() {
            return Verdict::Aborted;
        }
        let address = start.wrapping_add(begin);
        let mut row = heapless::Vec::<u8, ROW_BYTES>::new();
        let mut refusal = None;
        for offset in 0..ROW_BYTES.min(bytes - begin) {
            let address = address.wrapping_add(offset);
            match probe::load_memory(address) {
                // Cannot fail: a row has room for all of it.
                Ok(byte) => _ = row.push(byte),
                Err(why) => {
                    refusal = Some((address, why));
                    break;
                }
            }
        }
        if !row.is_empty() {
            let Ok(()) = uwriteln!(
                ctx.out(),
                "{}",
                Row {
                    address,
                    bytes: &row
                }
            );
        }
        if let Some((address, why)) = refusal {
            return refuse(ctx, "dump", address, Purpose::Read, why);
        }
    }
    Verdict::Passed
}

/// Says why there was no access.
fn refuse(
    ctx: &mut Context,
    command: &str,
    address: usize,
    purpose: Purpose,
    why: Denied,
) -> Verdict {
    let place = cmd_map::places().at(address);
    let out = ctx.out();
    let Ok(()) = uwrite!(out, "{}: {:#x} ", command, address);
    let Ok(()) = match (why, purpose) {
        (Denied::Misaligned(bytes), _) => uwriteln!(out, "is not a multiple of {}", bytes),
        (Denied::NotMapped, _) => uwriteln!(out, "is not mapped: {}", place.absence()),
        (Denied::NotPermitted, Purpose::Write) => {
            uwriteln!(out, "is read-only: {}", place.name(false))
        }
        (Denied::NotPermitted, Purpose::Read) => uwriteln!(out, "may not be read"),
        (Denied::Device, _) => uwriteln!(
            out,
            "is a device, whose registers `peek` reads by their width"
        ),
        (Denied::Untranslatable(status), _) => {
            uwriteln!(out, "has no translation: fault status {:#x}", status)
        }
    };
    Verdict::Failed
}
