//! The PL011 (Arm DDI 0183G), over the crate arm-pl011-uart: that one knows the registers, this
//! module the order in which they are written, and the two things that silicon does and emulators
//! do not.
//!
//! What the crate leaves to be done: it does not wait for the transmitter, so that the last bytes
//! of the firmware would be cut. And of a received byte with a flag it returns the flag and not the
//! byte; so the data register is read here, and what it says is decoded in [`serial`](super::serial).
#![expect(unsafe_code, reason = "a register block is found by address")]

use core::ptr::NonNull;

use aarch64_cpu::asm::barrier;
use arm_pl011_uart::{
    DataBits, FifoLevel, Interrupts, LineConfig, PL011Registers, Parity, StopBits,
    UniqueMmioPointer,
};

use super::baud::Rate;
use super::serial::{Port, Received};

/// Bits per second at the start.
pub const BAUD: u32 = 115_200;

/// 8N1; enabling it also turns the FIFOs on.
const LINE: LineConfig = LineConfig {
    data_bits: DataBits::Bits8,
    parity: Parity::None,
    stop_bits: StopBits::One,
};

/// On an eighth of the receive FIFO, its interrupt comes; with fewer bytes, the receive time-out's
/// does, 32 bit times after the last one. Low, because what is left of the FIFO is the time that
/// the handler has: 28 of 32 bytes on a Pi, 2.4 ms.
const RECEIVE_LEVEL: FifoLevel = FifoLevel::Bytes4;
/// The transmit interrupt comes when an eighth of the FIFO is left: as late as can be, so that the
/// interrupts are few.
const TRANSMIT_LEVEL: FifoLevel = FifoLevel::Bytes4;

/// How often a flag is read before waiting for it is given up. A full FIFO of 32 bytes takes 2.8 ms
/// at 115200 baud, and a read of a device some tens of nanoseconds at the least.
const PATIENCE: u32 = 1_000_000;

/// Twice the places of the deepest receive FIFO, that of revision r1p5.
const RECEIVE_PLACES: u32 = 64;

/// A PL011 in use.
pub struct Pl011 {
    uart: arm_pl011_uart::Uart<'static>,
    /// UARTDR, the first of the registers.
    data: NonNull<u32>,
    interrupts: Interrupts,
}

// SAFETY: any core can reach the registers.
unsafe impl Send for Pl011 {}

impl core::fmt::Debug for Pl011 {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("Pl011")
            .field("interrupts", &self.interrupts)
            .finish_non_exhaustive()
    }
}

impl Pl011 {
    /// The PL011 at `base`, as it is. None if `base` is null.
    ///
    /// # Safety
    ///
    /// `base` is the address of a PL011, mapped as device memory for good, that no other code uses;
    /// or other code uses it and it does not matter in which order the accesses of both come (every
    /// access is one register of 32 bits).
    pub unsafe fn new(base: usize) -> Option<Self> {
        let base: *mut PL011Registers = core::ptr::with_exposed_provenance_mut(base);
        let base = NonNull::new(base)?;
        // SAFETY: by the caller.
        let registers = unsafe { UniqueMmioPointer::new(base) };
        Some(Self {
            uart: arm_pl011_uart::Uart::new(registers),
            data: base.cast(),
            interrupts: Interrupts::empty(),
        })
    }

    /// Brings it to 115200 8N1 with FIFOs on and all interrupts off (DDI 0183G, section 3.3.8: the
    /// UART is disabled while that changes). A clock from which that rate cannot be made leaves it
    /// as the firmware set it.
    pub fn init(&mut self, clock_hz: u32) {
        self.drain();
        self.uart.disable();
        self.enable_interrupts(Interrupts::empty());
        self.uart.clear_interrupts(Interrupts::all());
        self.uart
            .set_interrupt_fifo_levels(RECEIVE_LEVEL, TRANSMIT_LEVEL);
        if self.uart.enable(LINE, BAUD, clock_hz).is_err() {
            // Refused before anything was written but the disabling; the divisors are still the
            // firmware's, and for one of 48 MHz the crate computes the firmware's own.
            let _ = self.uart.enable(LINE, BAUD, FALLBACK_CLOCK_HZ);
        }
        // First the interrupts, then the FIFO: a byte that comes between the two would lose its interrupt, and QEMU raises
        // one for the first byte only. What came while the pins were somebody else's is not input.
        self.uart.clear_interrupts(Interrupts::all());
        for _ in 0..RECEIVE_PLACES {
            if matches!(self.receive(), Received::Nothing) {
                break;
            }
        }
    }

    /// Goes on at `baud` bits per second, which a clock of `clock_hz` makes well enough
    /// ([`Rate::is_good`]); otherwise nothing is changed. Whether it was. Everything has been sent
    /// ([`is_drained`](Self::is_drained)); what is being received is lost.
    pub fn set_baud(&mut self, clock_hz: u32, baud: u32) -> bool {
        if !Rate::nearest(clock_hz, baud).is_good() {
            return false;
        }
        self.uart.disable();
        // Interrupt masks and levels stay.
        self.uart.enable(LINE, baud, clock_hz).is_ok()
    }

    /// Waits, with a bound, until the last bit has left. BUSY says so; an empty FIFO does not.
    pub fn drain(&self) {
        for _ in 0..PATIENCE {
            if !self.uart.is_busy() {
                return;
            }
            core::hint::spin_loop();
        }
    }

    /// Whether the last bit has left.
    pub fn is_drained(&self) -> bool {
        !self.uart.is_busy()
    }

    /// Waits, with a bound, until there is room in the transmit FIFO. Whether there is.
    pub fn wait_for_room(&self) -> bool {
        for _ in 0..PATIENCE {
            if self.can_send() {
                return true;
            }
            core::hint::spin_loop();
        }
        false
    }

    /// Lets receiving interrupt from now on: at the FIFO's level, and after a pause, without which
    /// a single keystroke would wait in the FIFO for its successors.
    pub fn enable_receive_interrupts(&mut self) {
        self.enable_interrupts(Interrupts::RXI | Interrupts::RTI);
    }

    /// Lets the transmit FIFO interrupt, or not, when it has run low.
    pub fn enable_transmit_interrupt(&mut self, on: bool) {
        let mut interrupts = self.interrupts;
        interrupts.set(Interrupts::TXI, on);
        if interrupts != self.interrupts {
            self.enable_interrupts(interrupts);
        }
    }

    fn enable_interrupts(&mut self, interrupts: Interrupts) {
        self.uart.set_interrupt_masks(interrupts);
        self.interrupts = interrupts;
    }

    /// Withdraws the interrupts that are asserted now; what happens later asserts them again. So
    /// this comes before the FIFOs are looked at. A write to a device may be acknowledged before it
    /// arrives (Device-nGnRE), and other devices are not ordered against this one: the read waits
    /// for the write, the barrier for the read. Then the line has fallen before the interrupt ends.
    pub fn acknowledge_interrupts(&mut self) {
        let asserted = self.uart.masked_interrupt_status();
        self.uart.clear_interrupts(asserted);
        let _ = self.uart.masked_interrupt_status();
        barrier::dsb(barrier::SY);
    }
}

/// The clock of UART0 of a Pi.
const FALLBACK_CLOCK_HZ: u32 = 48_000_000;

impl Port for Pl011 {
    fn can_send(&self) -> bool {
        !self.uart.is_tx_fifo_full()
    }

    fn send(&mut self, byte: u8) {
        self.uart.write_word(byte);
    }

    fn receive(&mut self) -> Received {
        if self.uart.is_rx_fifo_empty() {
            return Received::Nothing;
        }
        // SAFETY: the register is mapped, by the caller of `new`; `self` is the only one to take a
        // byte out of the FIFO, or it does not matter.
        Received::from_data_register(unsafe { self.data.read_volatile() })
    }
}
