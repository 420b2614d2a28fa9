//! The mailbox by which the Arm cores ask the VideoCore's firmware, and what is asked: property channel only.
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

use super::property::{Message, PropertyError};
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

/// Why the VideoCore has not said what it was asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Error {
    /// This machine has no mailbox.
    Absent,
    /// There was no answer within a second. The mailbox is not used again: an answer that comes late would be
    /// written over the next question.
    TimedOut,
    /// The image lies where the VideoCore does not see it.
    OutOfReach,
    /// There was an answer, but not to this.
    Property(PropertyError),
}

impl From<PropertyError> for Error {
    fn from(error: PropertyError) -> Self {
        Self::Property(error)
    }
}

/// Where the registers are; 0: there is none, or it has failed.
static BASE: AtomicUsize = AtomicUsize::new(0);
/// The message under way. One at a time.
static MESSAGE: Mutex<Message> = Mutex::new(Message::EMPTY);

/// Uses the mailbox at `base` from now on.
///
/// # Safety
///
/// `base` is the address of a BCM2835 mailbox, mapped as device memory for good, that no other code uses.
pub unsafe fn init(base: usize) {
    BASE.store(base, Ordering::Relaxed);
}

/// Asks `tag` with the values `request`; the values of the answer go to `reply`.
///
/// # Errors
///
/// See [`Error`].
pub fn ask(tag: u32, request: &[u32], reply: &mut [u32]) -> Result<(), Error> {
    let question = Message::ask(tag, request, reply.len())?;
    let mut message = MESSAGE.lock();
    // Under the lock: who waited for somebody's time-out does not wait for another one.
    let base = BASE.load(Ordering::Relaxed);
    let base = NonNull::new(core::ptr::with_exposed_provenance_mut(base)).ok_or(Error::Absent)?;
    // SAFETY: by the caller of `init`; the lock makes it the only pointer in use.
    let registers = unsafe { UniqueMmioPointer::new(base) };
    let message = &raw mut *message;
    // SAFETY: the lock gives exclusive access, and the VideoCore has no address of it now.
    unsafe { message.write_volatile(question) };
    let address = message.expose_provenance();
    let bus = u32::try_from(address)
        .ok()
        .filter(|_| address + size_of::<Message>() <= ALIAS_BYTES)
        .ok_or(Error::OutOfReach)?
        | UNCACHED_ALIAS;
    // The VideoCore reads memory, so the message goes there, and no line of it stays; what follows is ordered behind
    // it by the DSB in there (hazards H7 and H23).
    cache::clean_invalidate(address, size_of::<Message>());
    if exchange(registers, bus | PROPERTY).is_none() {
        BASE.store(0, Ordering::Relaxed);
        return Err(Error::TimedOut);
    }
    // The answer was written before the word that announced it. A line that the core has fetched on its own since then
    // is clean, so this throws it away: no other data shares it.
    barrier::dsb(barrier::SY);
    cache::clean_invalidate(address, size_of::<Message>());
    // SAFETY: as for the write; the VideoCore has given it back.
    let answer = unsafe { message.read_volatile() };
    Ok(answer.reply(tag, reply)?)
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

/// A clock of the VideoCore's (firmware wiki, "Clocks").
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u32)]
pub enum Clock {
    /// UART0.
    Uart = 2,
    /// The Arm cores.
    Arm = 3,
    /// The VideoCore, and what hangs off it.
    Core = 4,
}

const BOARD_REVISION: u32 = 0x0001_0002;
const TEMPERATURE: u32 = 0x0003_0006;
const THROTTLED: u32 = 0x0003_0046;
const CLOCK_MEASURED: u32 = 0x0003_0047;

/// The revision code of the board (Raspberry Pi documentation, "Raspberry Pi revision codes").
///
/// # Errors
///
/// See [`Error`]; the same for the others.
pub fn board_revision() -> Result<u32, Error> {
    let mut reply = [0];
    ask(BOARD_REVISION, &[], &mut reply).map(|()| reply[0])
}

/// The temperature of the chip in thousandths of a degree Celsius.
pub fn temperature_mc() -> Result<u32, Error> {
    let mut reply = [0; 2];
    ask(TEMPERATURE, &[0], &mut reply).map(|()| reply[1])
}

/// What has slowed the cores down or does so: bits as `vcgencmd get_throttled` shows them.
pub fn throttled() -> Result<u32, Error> {
    let mut reply = [0];
    // No bit of what has been so since the start is to be cleared.
    ask(THROTTLED, &[0], &mut reply).map(|()| reply[0])
}

/// The rate of a clock in Hz as the firmware measures it: under throttling the rate that was set is not the real one.
pub fn measured_hz(clock: Clock) -> Result<u32, Error> {
    let mut reply = [0; 2];
    ask(CLOCK_MEASURED, &[clock as u32], &mut reply)?;
    let [of, hz] = reply;
    if of != clock as u32 || hz == 0 {
        return Err(Error::Property(PropertyError::UnknownTag));
    }
    Ok(hz)
}
