//! The mailbox by which the Arm cores ask the VideoCore's firmware: property channel only. What is asked is in
//! [`videocore`](super::videocore).
//!
//! Registers as in Linux, `drivers/mailbox/bcm2835-mailbox.c`. A board has one if its device tree names one
//! (`brcm,bcm2835-mbox`), and it is not touched otherwise. Threads only: a reply can take milliseconds.
#![expect(
    unsafe_code,
    reason = "a register block is found by address, and a message is memory that a device writes"
)]

use core::ptr::NonNull;
use core::sync::atomic::{AtomicUsize, Ordering};

use aarch64_cpu::asm::barrier;
use safe_mmio::fields::{ReadOnly, ReadPure, WriteOnly};
use safe_mmio::{UniqueMmioPointer, field};

use super::property::{Cause, Message, Tag, Unanswered};
use crate::arch::{cache, timer};
use crate::sync::Mutex;

#[repr(C)]
struct Registers {
    /// 0x00: MAIL0_RD. Reading takes a word out of the queue.
    read: ReadOnly<u32>,
    _reserved_04: [u32; 5],
    /// 0x18: MAIL0_STA, of the queue to us.
    status_to_us: ReadPure<u32>,
    _reserved_1c: u32,
    /// 0x20: MAIL1_WRT.
    write: WriteOnly<u32>,
    _reserved_24: [u32; 5],
    /// 0x38: MAIL1_STA, of the queue to the VideoCore.
    status_to_videocore: ReadPure<u32>,
}

const _: () = assert!(core::mem::offset_of!(Registers, status_to_videocore) == 0x38);

const STATUS_FULL: u32 = 1 << 31;
const STATUS_EMPTY: u32 = 1 << 30;

/// The property channel, in the low four bits of what goes through the mailbox.
const PROPERTY: u32 = 8;

/// The VideoCore sees the first GiB of memory here without its own cache (BCM2711 ARM Peripherals, section 1.2.3).
const UNCACHED_ALIAS: u32 = 0xc000_0000;
/// End of what it sees there.
const ALIAS_BYTES: usize = 0x4000_0000;

/// Words in a queue of the mailbox; more never lie there.
const QUEUE_WORDS: u32 = 8;

/// Where the registers are, or one of these.
static BASE: AtomicUsize = AtomicUsize::new(ABSENT);
const ABSENT: usize = 0;
/// It has not answered once. No address: registers are aligned.
const GIVEN_UP: usize = 1;

/// The message under way. One at a time, and in a cache line of its own.
static MESSAGE: Mutex<Message> = Mutex::new(Message::EMPTY);

/// Uses the mailbox at `base` from now on.
///
/// # Safety
///
/// `base` is the address of a BCM2835 mailbox, mapped as device memory for good, that no other code uses.
pub unsafe fn init(base: usize) {
    BASE.store(base, Ordering::Relaxed);
}

/// Asks `tag` with the values `request`; returns the values of the answer.
///
/// # Errors
///
/// [`Unanswered`].
pub fn ask<const N: usize>(tag: Tag, request: &[u32]) -> Result<[u32; N], Unanswered> {
    let mut reply = [0; N];
    match converse(tag, request, &mut reply) {
        Ok(()) => Ok(reply),
        Err(cause) => Err(Unanswered { tag, cause }),
    }
}

/// [`ask`], whatever the length of the answer.
fn converse(tag: Tag, request: &[u32], reply: &mut [u32]) -> Result<(), Cause> {
    let question = Message::ask(tag.id, request, reply.len()).map_err(Cause::Property)?;
    let mut message = MESSAGE.lock();
    // Under the lock: who waited for somebody's time-out does not wait for another one.
    let base = match BASE.load(Ordering::Relaxed) {
        GIVEN_UP => return Err(Cause::GivenUp),
        base => NonNull::new(core::ptr::with_exposed_provenance_mut(base)).ok_or(Cause::Absent)?,
    };
    // SAFETY: by the caller of `init`; the lock makes it the only pointer in use.
    let registers = unsafe { UniqueMmioPointer::new(base) };
    let message = &raw mut *message;
    // SAFETY: the lock gives exclusive access, and the VideoCore has no address of it now.
    unsafe { message.write_volatile(question) };
    let address = message.expose_provenance();
    let bus = u32::try_from(address)
        .ok()
        .filter(|_| address + size_of::<Message>() <= ALIAS_BYTES)
        .ok_or(Cause::OutOfReach)?
        | UNCACHED_ALIAS;
    // The VideoCore reads memory, so the message goes there, and no line of it stays; what follows is ordered behind
    // it by the DSB in there (hazards H7 and H23).
    cache::clean_invalidate(address, size_of::<Message>());
    if exchange(registers, bus | PROPERTY).is_none() {
        BASE.store(GIVEN_UP, Ordering::Relaxed);
        return Err(Cause::TimedOut);
    }
    // The answer was written before the word that announced it. A line that the core has fetched on its own since then
    // is clean, so this throws it away: no other data shares it.
    barrier::dsb(barrier::SY);
    cache::clean_invalidate(address, size_of::<Message>());
    // SAFETY: as for the write; the VideoCore has given it back.
    let answer = unsafe { message.read_volatile() };
    answer.reply(tag.id, reply).map_err(Cause::Property)
}

/// Sends a word and waits until the same comes back. None if that took more than a second.
fn exchange(mut registers: UniqueMmioPointer<'_, Registers>, word: u32) -> Option<()> {
    let deadline = timer::now().saturating_add(timer::frequency_hz());
    let is_over = || timer::now() >= deadline;
    // What the firmware or a boot loader has left there.
    for _ in 0..QUEUE_WORDS {
        if field!(registers, status_to_us).read() & STATUS_EMPTY != 0 {
            break;
        }
        field!(registers, read).read();
    }
    while field!(registers, status_to_videocore).read() & STATUS_FULL != 0 {
        if is_over() {
            return None;
        }
    }
    field!(registers, write).write(word);
    loop {
        while field!(registers, status_to_us).read() & STATUS_EMPTY != 0 {
            if is_over() {
                return None;
            }
        }
        if field!(registers, read).read() == word {
            return Some(());
        }
        if is_over() {
            return None;
        }
    }
}
