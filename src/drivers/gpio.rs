//! The pins of the BCM2711 (BCM2711 ARM Peripherals, chapter 5): function, level, and the resistors, whose control is
//! another one than on older Pis.
//!
//! A [`Pin`] is an `embedded-hal` pin, so a driver for whatever is wired to it can be any crate's.

use core::convert::Infallible;

use embedded_hal::digital::{ErrorType, InputPin, OutputPin, StatefulOutputPin};
use tock_registers::interfaces::{Readable, Writeable};
use tock_registers::register_structs;
use tock_registers::registers::{ReadOnly, ReadWrite, WriteOnly};

/// How many pins there are.
pub const PINS: usize = 58;

register_structs! {
    /// The registers that are used (section 5.2).
    pub Gpio {
        (0x00 => fsel: [ReadWrite<u32>; 6]),
        (0x18 => _reserved_18),
        (0x1c => set: [WriteOnly<u32>; 2]),
        (0x24 => _reserved_24),
        (0x28 => clear: [WriteOnly<u32>; 2]),
        (0x30 => _reserved_30),
        (0x34 => level: [ReadOnly<u32>; 2]),
        (0x3c => _not_used),
        (0xe4 => pull: [ReadWrite<u32>; 4]),
        (0xf4 => @END),
    }
}

/// What a pin does (GPFSELn, three bits per pin).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u32)]
pub enum Function {
    /// It is read.
    Input = 0b000,
    /// It is driven.
    Output = 0b001,
    /// It belongs to a peripheral (section 5.3).
    Alt0 = 0b100,
    /// The same.
    Alt1 = 0b101,
    /// The same.
    Alt2 = 0b110,
    /// The same.
    Alt3 = 0b111,
    /// The same.
    Alt4 = 0b011,
    /// The same.
    Alt5 = 0b010,
}

/// By the value of the field.
const FUNCTIONS: [(Function, &str); 8] = [
    (Function::Input, "in"),
    (Function::Output, "out"),
    (Function::Alt5, "alt5"),
    (Function::Alt4, "alt4"),
    (Function::Alt0, "alt0"),
    (Function::Alt1, "alt1"),
    (Function::Alt2, "alt2"),
    (Function::Alt3, "alt3"),
];

impl Function {
    /// `in`, `out`, `alt0` and so on.
    #[must_use]
    pub fn name(self) -> &'static str {
        FUNCTIONS[self as usize].1
    }
}

/// The resistor of a pin (GPIO_PUP_PDN_CNTRL_REGn, two bits per pin). Older Pis have up and down the other way round.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u32)]
pub enum Pull {
    /// None.
    None = 0b00,
    /// To 3.3 V.
    Up = 0b01,
    /// To ground.
    Down = 0b10,
}

/// Where the bits of a pin are: the word, and the shift in it, where a word has `per_word` fields of `bits`.
const fn place(pin: usize, per_word: usize, bits: usize) -> (usize, usize) {
    (pin / per_word, pin % per_word * bits)
}

impl Gpio {
    /// The pin `number`; `None` if there is no such pin. Many may have it: what they do with its level disturbs no
    /// other pin.
    #[must_use]
    pub fn pin(&self, number: usize) -> Option<Pin<'_>> {
        (number < PINS).then_some(Pin { gpio: self, number })
    }
}

/// A pin. Its level can be read and driven; who changes its function or resistor says so by a `Changing`.
#[derive(Clone, Copy)]
pub struct Pin<'a> {
    gpio: &'a Gpio,
    number: usize,
}

impl core::fmt::Debug for Pin<'_> {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_tuple("Pin").field(&self.number).finish()
    }
}

/// The right to change functions and resistors: pins share the words that say them, and those are read and written
/// back (hazard H28). There is one at a time: the boot core's before there is another core, then that of `exclusive`.
#[derive(Debug)]
pub struct Changing(());

impl Changing {
    /// For who is alone: boot code, and tests.
    #[must_use]
    pub const fn alone() -> Self {
        Self(())
    }
}

impl Pin<'_> {
    /// What it does.
    #[must_use]
    pub fn function(&self) -> Function {
        let (word, shift) = place(self.number, 10, 3);
        let value = self.gpio.fsel[word].get() >> shift & 0b111;
        FUNCTIONS[value as usize].0
    }

    /// Changes what it does.
    pub fn set_function(&self, function: Function, _right: &mut Changing) {
        let (word, shift) = place(self.number, 10, 3);
        replace(
            &self.gpio.fsel[word],
            0b111 << shift,
            (function as u32) << shift,
        );
    }

    /// Its resistor; `None` for the value that is reserved.
    #[must_use]
    pub fn pull(&self) -> Option<Pull> {
        let (word, shift) = place(self.number, 16, 2);
        match self.gpio.pull[word].get() >> shift & 0b11 {
            0b00 => Some(Pull::None),
            0b01 => Some(Pull::Up),
            0b10 => Some(Pull::Down),
            _ => None,
        }
    }

    /// Changes its resistor.
    pub fn set_pull(&self, pull: Pull, _right: &mut Changing) {
        let (word, shift) = place(self.number, 16, 2);
        replace(&self.gpio.pull[word], 0b11 << shift, (pull as u32) << shift);
    }

    /// The word and the bit of its level.
    fn bit(self) -> (usize, u32) {
        (self.number / 32, 1 << (self.number % 32))
    }

    fn level(self) -> bool {
        let (word, bit) = self.bit();
        self.gpio.level[word].get() & bit != 0
    }
}

fn replace(word: &ReadWrite<u32>, mask: u32, value: u32) {
    word.set(word.get() & !mask | value);
}

impl ErrorType for Pin<'_> {
    type Error = Infallible;
}

impl OutputPin for Pin<'_> {
    fn set_low(&mut self) -> Result<(), Infallible> {
        let (word, bit) = self.bit();
        self.gpio.clear[word].set(bit);
        Ok(())
    }

    fn set_high(&mut self) -> Result<(), Infallible> {
        let (word, bit) = self.bit();
        self.gpio.set[word].set(bit);
        Ok(())
    }
}

/// What is driven cannot be read back; what is read is the level, which is the same unless something drives against it.
impl StatefulOutputPin for Pin<'_> {
    fn is_set_high(&mut self) -> Result<bool, Infallible> {
        Ok(self.level())
    }

    fn is_set_low(&mut self) -> Result<bool, Infallible> {
        Ok(!self.level())
    }
}

impl InputPin for Pin<'_> {
    fn is_high(&mut self) -> Result<bool, Infallible> {
        Ok(self.level())
    }

    fn is_low(&mut self) -> Result<bool, Infallible> {
        Ok(!self.level())
    }
}

/// Calls `change` with the right to change functions and resistors, while nobody else has it. For threads.
#[cfg(target_os = "none")]
pub fn exclusive<R>(change: impl FnOnce(&mut Changing) -> R) -> R {
    static RIGHT: crate::sync::SpinLock<Changing> = crate::sync::SpinLock::new(Changing(()));
    change(&mut RIGHT.lock())
}

#[cfg(test)]
#[path = "gpio_tests.rs"]
mod tests;
