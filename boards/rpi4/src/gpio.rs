//! GPIO, as far as the firmware needs it: the pins of the console, and the ACT LED
//! (BCM2711 ARM Peripherals, chapter 5).
#![expect(unsafe_code, reason = "a register block at a fixed address")]

use core::convert::Infallible;
use core::ptr::NonNull;

use embedded_hal::digital::{ErrorType, OutputPin, StatefulOutputPin};
use safe_mmio::fields::{ReadPure, ReadPureWrite, WriteOnly};
use safe_mmio::{UniqueMmioPointer, field};

const BASE: NonNull<Gpio> = match NonNull::new(core::ptr::without_provenance_mut(0xfe20_0000)) {
    Some(base) => base,
    None => unreachable!(),
};

/// The registers that are used (section 5.2).
#[repr(C)]
struct Gpio {
    /// 0x00: GPFSEL0 to 5, three bits per pin.
    fsel: [ReadPureWrite<u32>; 6],
    _reserved_18: u32,
    /// 0x1c: GPSET0 and 1.
    set: [WriteOnly<u32>; 2],
    _reserved_24: u32,
    /// 0x28: GPCLR0 and 1.
    clear: [WriteOnly<u32>; 2],
    _reserved_30: u32,
    /// 0x34: GPLEV0 and 1.
    level: [ReadPure<u32>; 2],
    _reserved_3c: [u32; 42],
    /// 0xe4: GPIO_PUP_PDN_CNTRL_REG0 to 3, two bits per pin. (The pull control of older Pis is not
    /// there, and its encoding was another one.)
    pull: [ReadPureWrite<u32>; 4],
}

const _: () = assert!(core::mem::offset_of!(Gpio, level) == 0x34);
const _: () = assert!(core::mem::offset_of!(Gpio, pull) == 0xe4);

/// What a pin does (GPFSELn).
#[derive(Clone, Copy)]
enum Function {
    Input = 0b000,
    Output = 0b001,
    Alt0 = 0b100,
}

/// The resistor of a pin.
#[derive(Clone, Copy)]
enum Pull {
    None = 0b00,
    Up = 0b01,
}

/// The words that pins share are read and written back, so only one core may do that: these run on
/// the boot core before there is a second one.
fn registers() -> UniqueMmioPointer<'static, Gpio> {
    // SAFETY: the block is mapped as device memory for good. Words that are shared between pins are
    // written only as described above; setting, clearing and reading levels needs no exclusion.
    unsafe { UniqueMmioPointer::new(BASE) }
}

fn set_function(mut gpio: UniqueMmioPointer<'_, Gpio>, pin: usize, function: Function) {
    let shift = pin % 10 * 3;
    if let Some(mut word) = field!(gpio, fsel).get(pin / 10) {
        let others = word.read() & !(0b111 << shift);
        word.write(others | ((function as u32) << shift));
    }
}

fn set_pull(mut gpio: UniqueMmioPointer<'_, Gpio>, pin: usize, pull: Pull) {
    let shift = pin % 16 * 2;
    if let Some(mut word) = field!(gpio, pull).get(pin / 16) {
        let others = word.read() & !(0b11 << shift);
        word.write(others | ((pull as u32) << shift));
    }
}

/// Puts UART0 on GPIO14 (transmit) and GPIO15 (receive), and takes it off GPIO32 and 33, where it
/// talks to the Bluetooth chip if nobody says otherwise. A line to nowhere must not be read as
/// data: hence the pull-up on the receiving pin. Also makes the ACT LED an output.
pub(crate) fn mux_console() {
    let mut gpio = registers();
    set_function(gpio.reborrow(), 32, Function::Input);
    set_function(gpio.reborrow(), 33, Function::Input);
    set_pull(gpio.reborrow(), 14, Pull::None);
    set_pull(gpio.reborrow(), 15, Pull::Up);
    set_function(gpio.reborrow(), 14, Function::Alt0);
    set_function(gpio.reborrow(), 15, Function::Alt0);
    set_function(gpio.reborrow(), ActLed::PIN, Function::Output);
}

/// The green LED: GPIO42, on when high (Linux, `bcm2711-rpi-4-b.dts`). QEMU has none.
#[derive(Debug)]
pub struct ActLed(());

impl ActLed {
    const PIN: usize = 42;

    /// The LED. Many may hold it: setting and clearing a pin disturbs no other.
    #[must_use]
    pub fn new() -> Self {
        Self(())
    }
}

impl Default for ActLed {
    fn default() -> Self {
        Self::new()
    }
}

impl ErrorType for ActLed {
    type Error = Infallible;
}

impl OutputPin for ActLed {
    fn set_low(&mut self) -> Result<(), Infallible> {
        let mut gpio = registers();
        if let Some(mut word) = field!(gpio, clear).get(Self::PIN / 32) {
            word.write(1 << (Self::PIN % 32));
        }
        Ok(())
    }

    fn set_high(&mut self) -> Result<(), Infallible> {
        let mut gpio = registers();
        if let Some(mut word) = field!(gpio, set).get(Self::PIN / 32) {
            word.write(1 << (Self::PIN % 32));
        }
        Ok(())
    }
}

impl StatefulOutputPin for ActLed {
    fn is_set_high(&mut self) -> Result<bool, Infallible> {
        let mut gpio = registers();
        let level = field!(gpio, level)
            .get(Self::PIN / 32)
            .map_or(0, |word| word.read());
        Ok(level & (1 << (Self::PIN % 32)) != 0)
    }

    fn is_set_low(&mut self) -> Result<bool, Infallible> {
        self.is_set_high().map(|high| !high)
    }
}
