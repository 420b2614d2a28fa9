//! The pins, on plain memory.
#![expect(unsafe_code, reason = "plain memory stands in for the registers")]

use super::*;

/// Registers of zeroed memory.
struct Fake(Box<[u32; 0xf4 / 4]>);

impl Fake {
    fn new() -> Self {
        Self(Box::new([0; 0xf4 / 4]))
    }

    fn with<R>(&mut self, use_it: impl FnOnce(&Gpio) -> R) -> R {
        // SAFETY: as large as the registers, aligned as they are, and exclusively borrowed while the reference lives;
        // the registers are cells, so writing through it is allowed.
        use_it(unsafe { &*self.0.as_mut_ptr().cast() })
    }

    fn word(&self, offset: usize) -> u32 {
        self.0[offset / 4]
    }
}

#[test]
fn the_console_gets_its_pins_and_every_other_bit_stays() {
    let mut fake = Fake::new();
    fake.0.fill(u32::MAX);
    fake.with(|gpio| {
        let mut right = Changing::alone();
        for number in [14, 15] {
            gpio.pin(number)
                .unwrap()
                .set_function(Function::Alt0, &mut right);
        }
        gpio.pin(15).unwrap().set_pull(Pull::Up, &mut right);
        gpio.pin(14).unwrap().set_pull(Pull::None, &mut right);
    });
    // Bits 14:12 and 17:15 of GPFSEL1; bits 31:30 and 29:28 of the first word of resistors.
    assert_eq!(fake.word(0x04), !0x3_f000 | 0b100 << 12 | 0b100 << 15);
    assert_eq!(fake.word(0xe4), !0xf000_0000 | 0b01 << 30);
    assert_eq!(fake.word(0x00) & fake.word(0xe8), u32::MAX);
}

#[test]
fn the_led_of_the_board_is_bit_10_of_the_second_words_and_field_2_of_gpfsel4() {
    let mut fake = Fake::new();
    fake.with(|gpio| {
        let mut led = gpio.pin(42).unwrap();
        led.set_function(Function::Output, &mut Changing::alone());
        led.set_high().unwrap();
        led.set_low().unwrap();
    });
    assert_eq!(fake.word(0x10), 0b001 << 6);
    assert_eq!([fake.word(0x1c), fake.word(0x20)], [0, 1 << 10]);
    assert_eq!([fake.word(0x28), fake.word(0x2c)], [0, 1 << 10]);
}

#[test]
fn a_level_is_read_as_an_input_and_as_what_an_output_was_set_to() {
    let mut fake = Fake::new();
    fake.0[0x34 / 4] = 1 << 17;
    fake.0[0x38 / 4] = 1 << 1;
    fake.with(|gpio| {
        for (number, is_high) in [(17, true), (33, true), (16, false), (49, false)] {
            let mut pin = gpio.pin(number).unwrap();
            assert_eq!(pin.is_high(), Ok(is_high), "{number}");
            assert_eq!(pin.is_low(), Ok(!is_high));
            assert_eq!(pin.is_set_high(), Ok(is_high));
            assert_eq!(pin.is_set_low(), Ok(!is_high));
        }
    });
}

#[test]
fn every_pin_has_bits_of_its_own() {
    for number in 0..PINS {
        let mut fake = Fake::new();
        fake.with(|gpio| {
            let pin = gpio.pin(number).unwrap();
            let mut right = Changing::alone();
            for (function, name) in FUNCTIONS {
                pin.set_function(function, &mut right);
                assert_eq!((pin.function(), pin.function().name()), (function, name));
            }
            pin.set_function(Function::Alt3, &mut right);
            for pull in [Pull::None, Pull::Up, Pull::Down] {
                pin.set_pull(pull, &mut right);
                assert_eq!(pin.pull(), Some(pull));
            }
            let others = (0..PINS).filter(|&other| other != number);
            for other in others.map(|other| gpio.pin(other).unwrap()) {
                assert_eq!(
                    (other.function(), other.pull()),
                    (Function::Input, Some(Pull::None))
                );
            }
        });
    }
}

#[test]
fn there_is_no_pin_58_and_a_resistor_may_be_none_of_those() {
    let mut fake = Fake::new();
    fake.0[0xe4 / 4] = 0b11;
    fake.with(|gpio| {
        assert!(gpio.pin(57).is_some() && gpio.pin(58).is_none());
        assert_eq!(gpio.pin(0).unwrap().pull(), None);
    });
}
