//! Judges what the emulator logged about the guest. Pure.
//!
//! The log must be empty: what an emulator forgives, the board does not. The few lines that are let
//! pass stand here, each with its reason.

use crate::board::Board;

/// A line that may be in the log.
struct Allowed {
    board: Board,
    /// What the line contains.
    text: &'static str,
    /// Why the guest is right to do that. For the reader; nothing prints it.
    #[expect(dead_code, reason = "the list is to say why, to whoever reads it")]
    reason: &'static str,
}

/// Every line that is let pass.
const ALLOWED: &[Allowed] = &[
    Allowed {
        board: Board::Rpi4,
        text: "bcm2836_control_write: Unsupported offset 0x0 value 0x0",
        reason: "tools/stub, as the board's firmware, sets LOCAL_CONTROL; QEMU has no such register",
    },
    Allowed {
        board: Board::Rpi4,
        text: "bcm2836_control_write: Unsupported offset 0x8 value 0x80000000",
        reason: "tools/stub, as the board's firmware, sets LOCAL_PRESCALER; QEMU has no such register",
    },
    Allowed {
        board: Board::Rpi4,
        text: "bcm2835_property: unhandled tag 0x00030047",
        reason: "what measures asks the VideoCore for the measured clock, and takes no answer for none; QEMU logs that it knows no such tag",
    },
    Allowed {
        board: Board::Rpi4,
        text: "bcm2835_property: 0x00010004 get board serial NYI",
        reason: "U-Boot asks for it; QEMU knows no serial number",
    },
    Allowed {
        board: Board::Virt,
        text: "pflash_write: Unimplemented flash cmd sequence",
        reason: "U-Boot asks the flash that it lies in what it is",
    },
    Allowed {
        board: Board::Rpi4,
        text: "bcm2835_property: 0x00038002 set clock rate NYI",
        reason: "`clock max` sets the clock; QEMU's VideoCore has none to set, and logs that it was asked",
    },
    Allowed {
        board: Board::Rpi4,
        text: "bcm2835_powermgt_write: RSTS",
        reason: "`halt` names the partition that means halt; QEMU obeys, and logs the write",
    },
    Allowed {
        board: Board::Rpi4,
        text: "bcm2835_powermgt_write: WDOG",
        reason: "`halt`, `reboot` and `watchdog on` start it; QEMU resets at once, and logs the write",
    },
];

/// The lines that are not on the list.
pub(crate) fn unexpected(log: &str, board: Board) -> Vec<&str> {
    judge(log, board, ALLOWED)
}

fn judge<'a>(log: &'a str, board: Board, allowed: &[Allowed]) -> Vec<&'a str> {
    let is_allowed = |line: &str| {
        allowed
            .iter()
            .any(|entry| entry.board == board && line.contains(entry.text))
    };
    log.lines()
        .filter(|line| !line.trim().is_empty() && !is_allowed(line))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIST: &[Allowed] = &[Allowed {
        board: Board::Rpi4,
        text: "not implemented: sp804",
        reason: "for the test",
    }];

    #[test]
    fn a_line_passes_only_for_its_board() {
        let log = "\nnot implemented: sp804 read\nbad offset 4\n";
        assert_eq!(judge(log, Board::Rpi4, LIST), ["bad offset 4"]);
        assert_eq!(judge(log, Board::Virt, LIST).len(), 2);
    }
}
