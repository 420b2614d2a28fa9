//! The console: a PL011, shared by all threads of all cores.
//!
//! Until [`enable_interrupts`], and wherever nobody can sleep, it is polled. After that, output
//! goes through a ring that the transmit interrupt empties, and a writer sleeps when the ring is
//! full; input goes through a ring that the receive interrupts fill, and a reader sleeps when it is
//! empty. Output of one call stays together when threads write at the same time.
#![expect(unsafe_code, reason = "claims the UART at its address")]

mod hold;
mod io;
mod read;
mod words;

use core::sync::atomic::{AtomicUsize, Ordering};
use core::time::Duration;

use crate::arch::cpu;
use crate::board;
use crate::core_id::CoreId;
use crate::drivers::pl011::{BAUD, Pl011};
use crate::drivers::serial::{Rings, Stats};
use crate::irq::{self, RegisterError};
use crate::sched::thread as block;
use crate::sync::{Mutex, Semaphore, SpinLock};
use crate::thread;
use crate::time::Instant;

pub use hold::{Held, hold};
pub use io::Console;
pub use read::{can_read, read, read_timeout, set_reader, try_read};
pub use words::panic_write;

/// Received bytes that wait to be read: more than a pasted screen.
const RECEIVE_BYTES: usize = 4096;
/// Bytes that wait to be sent: a few lines, 90 ms of the line.
const SEND_BYTES: usize = 1024;

/// What the line runs at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Line {
    /// The clock that its rate is made from, in Hz.
    pub clock_hz: u32,
    /// Bits per second, as they were asked for; 0 before [`init`].
    pub baud: u32,
}

struct State {
    /// None before [`init`].
    uart: Option<Pl011>,
    line: Line,
    rings: Rings<RECEIVE_BYTES, SEND_BYTES>,
    has_interrupts: bool,
    /// A writer sleeps until there is room.
    is_writer_waiting: bool,
    /// A reader sleeps until there is input.
    is_reader_waiting: bool,
}

/// The one lock, which the interrupt handler takes too. Nobody is woken while it is held. All zeros, so that the image
/// does not have it.
static STATE: SpinLock<State> = SpinLock::new(State {
    uart: None,
    line: Line {
        clock_hz: 0,
        baud: 0,
    },
    rings: Rings::new(),
    has_interrupts: false,
    is_writer_waiting: false,
    is_reader_waiting: false,
});

/// Where the registers are, for [`panic_write`], which takes no lock. 0 before [`init`].
static BASE: AtomicUsize = AtomicUsize::new(0);

/// Keeps the output of one call together; held by threads only, and while they sleep for room.
static WRITER: Mutex<()> = Mutex::new(());
/// Permits to look again, for the writer that waits.
static ROOM: Semaphore = Semaphore::new(0);

/// How long a writer sleeps before it looks by itself. An interrupt that does not come costs speed,
/// not the console.
const WRITER_PATIENCE: Duration = Duration::from_millis(50);
/// How long [`flush`] tries: five times as long as a full ring takes to leave.
const FLUSH_PATIENCE: Duration = Duration::from_millis(500);

/// Starts using `uart`, polled: boot core, MMU on, its registers mapped. May be called again when
/// the device tree names another one.
pub fn init(uart: &board::Uart) {
    // SAFETY: the board's, or the tree's after it was checked against the board's device ranges;
    // both are mapped as device memory for good, and the console is the only user.
    let Some(mut pl011) = (unsafe { Pl011::new(uart.base) }) else {
        return;
    };
    pl011.init(uart.clock_hz);
    BASE.store(uart.base, Ordering::Relaxed);
    let mut state = STATE.lock();
    state.uart = Some(pl011);
    state.line = Line {
        clock_hz: uart.clock_hz,
        baud: BAUD,
    };
    state.has_interrupts = false;
}

/// From now on the console's interrupt `intid` is taken on `core`, and threads sleep instead of
/// polling.
///
/// # Errors
///
/// What registering the interrupt handler answered.
pub fn enable_interrupts(intid: u32, core: CoreId) -> Result<(), RegisterError> {
    irq::register(intid, core, on_interrupt)?;
    let mut state = STATE.lock();
    if let Some(uart) = &mut state.uart {
        uart.enable_receive_interrupts();
        state.has_interrupts = true;
    }
    Ok(())
}

impl State {
    /// Takes from `text` what there is room for; returns how much. Leaves the transmit interrupt on
    /// if there is something for it to do.
    fn write(&mut self, text: &[u8]) -> usize {
        let Some(uart) = &mut self.uart else {
            // Nobody can see it, and nobody shall wait for it.
            return text.len();
        };
        let taken = self.rings.write(uart, text);
        if self.has_interrupts {
            uart.enable_transmit_interrupt(!self.rings.is_sent());
        }
        taken
    }

    /// Moves on without an interrupt. Whether everything has left, down to the last bit.
    fn poll(&mut self) -> bool {
        let Some(uart) = &mut self.uart else {
            return true;
        };
        self.rings.pump(uart) && uart.is_drained()
    }
}

/// Whether the caller may sleep: a thread, not an interrupt handler, an idle thread, or the boot
/// code.
fn can_sleep() -> bool {
    !cpu::is_irq_masked() && block::current().id() != 0 && thread::preempt_count() == 0
}

/// Writes `text`, a line feed as carriage return and line feed. Returns when all of it is on its
/// way.
pub fn write(text: &[u8]) {
    if STATE.lock().has_interrupts && can_sleep() {
        let _together = WRITER.lock_always();
        write_sleeping(text);
    } else {
        write_polling(text);
    }
}

/// Whether nobody has the console who does not give it back within `patience`: if not, only [`panic_write`] is left.
pub(crate) fn is_free_within(patience: Duration) -> bool {
    WRITER.lock_always_within(patience).is_some()
}

fn write_sleeping(mut text: &[u8]) {
    loop {
        {
            let mut state = STATE.lock();
            text = &text[state.write(text)..];
            if text.is_empty() {
                return;
            }
            state.is_writer_waiting = true;
        }
        ROOM.acquire_timeout(WRITER_PATIENCE);
    }
}

fn write_polling(mut text: &[u8]) {
    loop {
        let mut state = STATE.lock();
        text = &text[state.write(text)..];
        // Without interrupts, nobody else empties the ring.
        let is_done = text.is_empty() && (state.has_interrupts || state.rings.is_sent());
        if is_done {
            return;
        }
        if let Some(uart) = &state.uart
            && !uart.wait_for_room()
        {
            // It will never send anything. What was to be said is lost; the machine goes on.
            return;
        }
    }
}

/// Waits until everything that was written has left the UART, for half a second at most.
pub fn flush() {
    let begin = Instant::now();
    while !STATE.lock().poll() && begin.elapsed() < FLUSH_PATIENCE {
        if can_sleep() {
            thread::yield_now();
        }
    }
}

/// What the line runs at.
pub fn line() -> Line {
    STATE.lock().line
}

/// Goes on at `baud` bits per second, as soon as everything has been sent; for threads. False, and nothing is changed,
/// if the line's clock does not make that rate, or if others write without an end.
pub fn set_baud(baud: u32) -> bool {
    let begin = Instant::now();
    // Whoever writes meanwhile waits, and does so at the new rate.
    let _together = WRITER.lock_always();
    while begin.elapsed() < FLUSH_PATIENCE {
        {
            let state = &mut *STATE.lock();
            if state.poll() {
                let clock_hz = state.line.clock_hz;
                let is_set = match &mut state.uart {
                    Some(uart) => uart.set_baud(clock_hz, baud),
                    None => false,
                };
                if is_set {
                    state.line.baud = baud;
                }
                return is_set;
            }
        }
        thread::yield_now();
    }
    false
}

/// What has happened on the line.
pub fn stats() -> Stats {
    STATE.lock().rings.stats()
}

/// The console's interrupt: empties the receive FIFO, fills the transmit FIFO, and then, without
/// the lock, wakes who waits for either.
fn on_interrupt() {
    let (is_new, wakes_reader, wakes_writer);
    {
        let state = &mut *STATE.lock();
        let Some(uart) = &mut state.uart else {
            return;
        };
        uart.acknowledge_interrupts();
        is_new = state.rings.receive(uart);
        let is_sent = state.rings.pump(uart);
        uart.enable_transmit_interrupt(!is_sent);
        wakes_writer = state.is_writer_waiting && state.rings.has_much_room();
        state.is_writer_waiting &= !wakes_writer;
        wakes_reader = state.is_reader_waiting && is_new;
        state.is_reader_waiting &= !wakes_reader;
    }
    if wakes_writer {
        ROOM.release();
    }
    read::on_input(is_new, wakes_reader);
}
