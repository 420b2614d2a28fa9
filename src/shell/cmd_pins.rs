//! `gpio`: a pin read, driven, or pulled.

#![expect(unsafe_code, reason = "a register block is found by address")]

use embedded_hal::digital::{InputPin, OutputPin, PinState};
use ufmt::uwriteln;

use super::{Arg, Command, Context, Spec};
use crate::{
    drivers::gpio::{Function, Gpio, PINS, Pin, Pull, exclusive},
    kernel,
    report::Verdict,
};

pub(super) static GPIO: Command = Command {
    spec: Spec {
        name: "gpio",
        summary: "Show a pin, or change it: `gpio 17 out`, then `gpio 17 1`",
        args: &[
            Arg::number(
                "pin",
                0,
                PINS as u64 - 1,
                "GPIO number, not that of the header",
            ),
            Arg::choice(
                "action",
                &["in", "out", "0", "1", "up", "down", "none"],
                "Make it an input or output, drive it low or high, set its resistor",
            )
            .optional(),
        ],
    },
    run,
};

fn run(ctx: &mut Context) -> Verdict {
    let number = ctx.number("pin") as usize;
    let action = ctx.choice_if_given("action");
    let refusal = match pin(number) {
        None => Some("this machine's device tree names no pins"),
        Some(_) if action.is_some() && kernel::board().console_pins.contains(&number) => {
            Some("the console has this pin")
        }
        Some(_) if action.is_some() && !is_free(number) => {
            Some("the board uses this pin itself: 0 to 27 are on the header")
        }
        Some(pin) => match action.map_or(Ok(()), |action| change(pin, action)) {
            Ok(()) => {
                show(ctx, number, pin);
                None
            }
            Err(why) => Some(why),
        },
    };
    if let Some(why) = refusal {
        let Ok(()) = uwriteln!(ctx.out(), "gpio: {}", why);
    }
    Verdict::from_check(refusal.is_none())
}

/// GPIO 0 to 27 are on the header, 42 is the green LED. The others go to chips on the board: the boot loader's memory
/// (40 to 43 by another function), the network, wireless (Linux, `bcm2711-rpi-4-b.dts`, `gpio-line-names`).
fn is_free(number: usize) -> bool {
    number < 28 || number == 42
}

fn pin(number: usize) -> Option<Pin<'static>> {
    let base = kernel::machine().blocks.gpio?;
    let registers: *const Gpio = core::ptr::with_exposed_provenance(base);
    // SAFETY: the tree names it, in a range that the board maps as devices for good; its registers are cells.
    unsafe { &*registers }.pin(number)
}

fn change(mut pin: Pin<'_>, action: &str) -> Result<(), &'static str> {
    let is_output = pin.function() == Function::Output;
    let mut drive = |state: PinState| {
        let Ok(()) = pin.set_state(state);
        if is_output {
            return Ok(());
        }
        Err("it is no output; it will have this level once it is one (`out`)")
    };
    match action {
        "0" => return drive(PinState::Low),
        "1" => return drive(PinState::High),
        _ => {}
    }
    exclusive(|right| match action {
        "in" => pin.set_function(Function::Input, right),
        "out" => pin.set_function(Function::Output, right),
        "up" => pin.set_pull(Pull::Up, right),
        "down" => pin.set_pull(Pull::Down, right),
        _ => pin.set_pull(Pull::None, right),
    });
    Ok(())
}

fn show(ctx: &mut Context, number: usize, mut pin: Pin<'_>) {
    let Ok(is_high) = pin.is_high();
    let pull = match pin.pull() {
        Some(Pull::Up) => "up",
        Some(Pull::Down) => "down",
        Some(Pull::None) => "none",
        None => "reserved",
    };
    let Ok(()) = uwriteln!(
        ctx.out(),
        "GPIO{}: {}, {}, pull {}",
        number,
        pin.function().name(),
        u8::from(is_high),
        pull
    );
}
