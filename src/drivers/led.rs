//! What the ACT LED says when nothing else can: the codes, and how each looks. Pure.
//!
//! | the LED | means |
//! |---|---|
//! | lit | the image was entered, and its first line has not been written yet |
//! | dark | the first line was written |
//! | one long flash, then *n* short ones, over and over | the image has stopped: [`Code`] number *n* |
//!
//! The firmware's own codes begin with no, two or more long flashes (Raspberry Pi documentation, "LED warning flash
//! codes"), so a single long one is ours.

/// Why the image has stopped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Code {
    /// It was entered at EL3.
    EnteredAtEl3 = 1,
    /// The device tree lies where the image belongs, so it cannot move there.
    TreeInTheWay = 2,
    /// There was an exception before there were handlers.
    EarlyException = 3,
    /// It cannot go on, for a reason that the last line on the UART says.
    Stopped = 4,
    /// It has panicked: a mistake in the software.
    Panic = 5,
    /// There was an exception that is no interrupt: a mistake in the software, or in the hardware.
    Fault = 6,
}

/// Slots of a round of a code, each of which is lit or dark.
pub const SLOTS: u32 = 64;
/// So many slots are a second.
pub const SLOTS_PER_SECOND: u64 = 8;

/// Slots of a long flash, of a short one, and of the dark behind each.
const LONG: u32 = 8;
const SHORT: u32 = 2;
const GAP: u32 = 3;

impl Code {
    /// All of them.
    pub const ALL: [Self; 6] = [
        Self::EnteredAtEl3,
        Self::TreeInTheWay,
        Self::EarlyException,
        Self::Stopped,
        Self::Panic,
        Self::Fault,
    ];

    /// One round: a bit for each slot, the lowest first, 1 where the LED is lit.
    #[must_use]
    pub const fn pattern(self) -> u64 {
        let mut pattern = ones(LONG);
        let mut at = LONG + GAP;
        let mut shorts = self as u8;
        while shorts > 0 {
            pattern |= ones(SHORT) << at;
            at += SHORT + GAP;
            shorts -= 1;
        }
        pattern
    }
}

const fn ones(count: u32) -> u64 {
    (1 << count) - 1
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Lengths of the flashes, and of the dark behind each; the last one is what is left of the round.
    fn flashes(pattern: u64) -> Vec<(u32, u32)> {
        let (mut rest, mut left, mut flashes) = (pattern, SLOTS, Vec::new());
        while left > 0 {
            let lit = rest.trailing_ones();
            rest = rest.checked_shr(lit).unwrap_or(0);
            let dark = rest.trailing_zeros().min(left - lit);
            rest = rest.checked_shr(dark).unwrap_or(0);
            flashes.push((lit, dark));
            left -= lit + dark;
        }
        flashes
    }

    #[test]
    fn each_code_is_one_long_flash_and_as_many_short_ones_as_its_number() {
        for (index, code) in Code::ALL.into_iter().enumerate() {
            let flashes = flashes(code.pattern());
            assert_eq!(code as usize, index + 1);
            assert_eq!(flashes.len(), 1 + code as usize, "{code:?}");
            assert_eq!(flashes[0], (8, 3));
            assert!(flashes[1..].iter().all(|(lit, _)| *lit == 2));
            assert!(flashes[1..code as usize].iter().all(|(_, dark)| *dark == 3));
        }
    }

    #[test]
    fn a_round_ends_in_a_pause_of_more_than_two_seconds() {
        for code in Code::ALL {
            let (_, pause) = *flashes(code.pattern()).last().unwrap();
            assert!(u64::from(pause) > 2 * SLOTS_PER_SECOND, "{code:?}: {pause}");
        }
    }
}
