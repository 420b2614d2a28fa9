//! One run of the image's `fuzz`: what it is given, and on which machine. Pure.

use crate::board::Board;
use crate::qemu;

/// What is run.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Round {
    pub(crate) seed: u64,
    /// On each core.
    pub(crate) interrupts: u64,
    pub(crate) cores: usize,
    /// From where on each comes an instruction after the one before it.
    pub(crate) walk: Option<Walk>,
}

/// Interrupts at instructions that follow each other.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Walk {
    /// From which interrupt on, of all cores'.
    pub(crate) from: u64,
    /// How many ticks after it the first comes.
    pub(crate) ahead: u64,
}

/// The machine's options: a counter of 1 GHz.
pub(super) fn machine(board: Board, cores: usize) -> Vec<String> {
    let (mut options, counter) = match board {
        Board::Virt => (
            qemu::virt_options(cores, 2),
            ["-cpu", "cortex-a72,cntfrq=1000000000"],
        ),
        Board::Rpi4 => (
            qemu::rpi4_options(),
            ["-global", "cortex-a72-arm-cpu.cntfrq=1000000000"],
        ),
    };
    options.extend(qemu::words(&counter));
    options
}

/// The image's command.
pub(super) fn exec(round: Round) -> String {
    let Round {
        seed, interrupts, ..
    } = round;
    // Always of the same length: the machine takes as long to read it, so all that follows comes at the same time.
    let Walk { from, ahead } = round.walk.unwrap_or(Walk {
        from: u64::MAX,
        ahead: 0,
    });
    format!(
        "fuzz --seed {seed} --interrupts {interrupts:09} --walk {from:020} --ahead {ahead:06} --coverage"
    )
}

/// How a person runs a round again.
pub(super) fn replay(board: Board, round: Round) -> String {
    let machine = match board {
        Board::Virt => format!("--smp {}", round.cores),
        Board::Rpi4 => "--board rpi4".to_owned(),
    };
    let options = machine_words(board);
    format!(
        "cargo xtask run {machine} --icount 0 --exec '{}' -- {options}",
        exec(round)
    )
}

fn machine_words(board: Board) -> String {
    let all = machine(board, 1);
    all[all.len() - 2..].join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_words_that_run_a_round_again_name_seed_and_machine() {
        let round = Round {
            seed: 7,
            interrupts: 9,
            cores: 2,
            walk: None,
        };
        let words = replay(Board::Virt, round);
        assert!(
            words.contains(
                "--smp 2 --icount 0 --exec 'fuzz --seed 7 --interrupts 000000009 --walk "
            )
        );
        assert!(
            words.ends_with("-- -cpu cortex-a72,cntfrq=1000000000"),
            "{words}"
        );
        let walk = Some(Walk {
            from: 5,
            ahead: 500,
        });
        let words = replay(Board::Virt, Round { walk, ..round });
        let same_length = replay(Board::Virt, round).len() == words.len();
        assert!(
            words.contains("0005 --ahead 000500 --coverage'") && same_length,
            "{words}"
        );
    }
}
