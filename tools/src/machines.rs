//! The machines that the firmware is tested on. Data.

use crate::board::Board;
use crate::qemu::{Start, board_like_globals, rpi4_options, virt_options, words};

/// A machine of the matrix.
#[derive(Clone, Debug)]
pub(crate) struct Machine {
    /// Its name in a test's name.
    pub(crate) name: &'static str,
    /// What it emulates.
    pub(crate) board: Board,
    /// QEMU's options for it.
    pub(crate) options: Vec<String>,
    /// How the image is started.
    pub(crate) start: Start,
    /// How many cores must come.
    pub(crate) cores: usize,
    /// Whether it is the one on which its board runs every scenario.
    pub(crate) is_main: bool,
}

impl Machine {
    /// Whether commands can be handed over in the boot arguments.
    pub(crate) fn has_bootargs(&self) -> bool {
        self.start != Start::LoaderWithoutTree
    }
}

/// Every machine.
pub(crate) fn all() -> Vec<Machine> {
    let virt = |name, cores, gic, is_main| Machine {
        name,
        board: Board::Virt,
        options: virt_options(cores, gic),
        start: Start::Loader,
        cores,
        is_main,
    };
    let rpi4 = |name, extra: Vec<String>, start, is_main| Machine {
        name,
        board: Board::Rpi4,
        options: [rpi4_options(), extra].concat(),
        start,
        cores: 4,
        is_main,
    };
    vec![
        virt("virt-gic2-smp4", 4, 2, true),
        virt("virt-gic2-smp1", 1, 2, false),
        virt("virt-gic2-smp2", 2, 2, false),
        virt("virt-gic2-smp8", 8, 2, false),
        virt("virt-gic3-smp4", 4, 3, false),
        virt_secure(),
        rpi4("rpi4", Vec::new(), Start::Loader, true),
        rpi4("rpi4-secgic", board_like_globals(), Start::Loader, false),
        rpi4("rpi4-stub", board_like_globals(), Start::Stub, false),
        // Without a tree x0 is 0x100, where old boot loaders put their tags.
        rpi4("rpi4-notree", Vec::new(), Start::LoaderWithoutTree, false),
    ]
}

/// `virt` as like a Pi as it gets: non-secure EL2, a GIC with security extensions and 5 priority bits
/// of which 4 are seen, a 54 MHz counter, PSCI by SMC.
fn virt_secure() -> Machine {
    Machine {
        name: "virt-secure",
        board: Board::Virt,
        options: words(&[
            "-M",
            "virt,secure=on,virtualization=on,gic-version=2",
            "-global",
            "arm_gic.num-priority-bits=5",
            "-cpu",
            "cortex-a72,cntfrq=54000000",
            "-smp",
            "4",
            "-m",
            "512M",
            "-nic",
            "none",
        ]),
        start: Start::Loader,
        cores: 4,
        is_main: false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;

    #[test]
    fn names_are_unique_and_each_board_has_one_main_machine() {
        let machines = all();
        let names: HashSet<&str> = machines.iter().map(|machine| machine.name).collect();
        assert_eq!(names.len(), machines.len());
        for board in Board::ALL {
            let main = machines
                .iter()
                .filter(|machine| machine.board == board && machine.is_main);
            assert_eq!(main.count(), 1, "{board:?}");
        }
    }
}
