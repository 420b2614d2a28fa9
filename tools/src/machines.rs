//! The machines that the firmware is tested on. Data.

use crate::board::Board;
use crate::boot_states::{self, X0};
use crate::cli::OptLevel;
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
    /// What it is in the matrix for.
    pub(crate) role: Role,
}

/// What a machine is in the matrix for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Role {
    /// The one on which its board runs every scenario.
    Main,
    /// The same with the image that has debug assertions and overflow checks.
    Checked,
    /// Another machine, where a board may go wrong in its own way.
    Variant,
    /// The main one as another boot loader may leave it.
    State,
    /// The main one with an image of another optimisation level.
    Level(OptLevel),
}

impl Role {
    /// The cargo profile of its image; `usual` unless it asks for one.
    pub(crate) fn profile(self, usual: &str) -> &str {
        match self {
            Self::Checked => "checked",
            Self::Level(level) => level.profile(),
            Self::Main | Self::Variant | Self::State => usual,
        }
    }
}

impl Machine {
    /// Whether commands can be handed over in the boot arguments.
    pub(crate) fn has_bootargs(&self) -> bool {
        match &self.start {
            Start::LoaderWithoutTree => false,
            Start::Stub(state) => !matches!(state.x0, X0::Word(_)),
            Start::Loader | Start::UBoot { .. } => true,
        }
    }
}

/// Every machine.
pub(crate) fn all() -> Vec<Machine> {
    let virt = |name, cores, gic, role| Machine {
        name,
        board: Board::Virt,
        options: virt_options(cores, gic),
        start: Start::Loader,
        cores,
        role,
    };
    let rpi4 = |name, extra: Vec<String>, start, role| Machine {
        name,
        board: Board::Rpi4,
        options: [rpi4_options(), extra].concat(),
        start,
        cores: 4,
        role,
    };
    let mut machines = vec![
        virt("virt-gic2-smp4", 4, 2, Role::Main),
        virt("virt-checked", 4, 2, Role::Checked),
        virt("virt-gic2-smp1", 1, 2, Role::Variant),
        virt("virt-gic2-smp2", 2, 2, Role::Variant),
        virt("virt-gic2-smp8", 8, 2, Role::Variant),
        virt("virt-gic3-smp4", 4, 3, Role::Variant),
        virt_secure(),
        virt("virt-O0", 4, 2, Role::Level(OptLevel::None)),
        virt("virt-O1", 4, 2, Role::Level(OptLevel::Some)),
        virt("virt-O2", 4, 2, Role::Level(OptLevel::Much)),
        virt("virt-Os", 4, 2, Role::Level(OptLevel::Size)),
        rpi4("rpi4", Vec::new(), Start::Loader, Role::Main),
        rpi4(
            "rpi4-checked",
            board_like_globals(),
            Start::Loader,
            Role::Checked,
        ),
        rpi4(
            "rpi4-secgic",
            board_like_globals(),
            Start::Loader,
            Role::Variant,
        ),
        rpi4(
            "rpi4-stub",
            board_like_globals(),
            Start::Stub(boot_states::OF_FIRMWARE),
            Role::Variant,
        ),
        rpi4(
            "rpi4-O0",
            Vec::new(),
            Start::Loader,
            Role::Level(OptLevel::None),
        ),
        // Without a tree x0 is 0x100, where old boot loaders put their tags.
        rpi4(
            "rpi4-notree",
            Vec::new(),
            Start::LoaderWithoutTree,
            Role::Variant,
        ),
    ];
    machines.extend(
        boot_states::ALL.iter().map(|&(name, state)| {
            rpi4(name, board_like_globals(), Start::Stub(state), Role::State)
        }),
    );
    machines
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
        role: Role::Variant,
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
                .filter(|machine| machine.board == board && machine.role == Role::Main);
            assert_eq!(main.count(), 1, "{board:?}");
        }
    }
}
