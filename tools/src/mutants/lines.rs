//! The line mutants: one line taken out of `finish_switch`, of the condition variable's wait, of a migration. A table.
//!
//! They are order mutants without a delay. Each line is one that looks as if one could do without it.

use super::orders::OrderMutant;
use super::sources::Edit;

/// A line that is taken out, and what must go wrong then.
const fn without(
    name: &'static str,
    stands_for: &'static str,
    mistake: &'static [Edit],
    commands: &'static str,
) -> OrderMutant {
    OrderMutant {
        name,
        stands_for,
        mistake,
        delay: &[],
        cores: 4,
        is_counted: true,
        profile: "release",
        commands,
    }
}

/// Every line mutant.
pub(super) const ALL: &[OrderMutant] = &[
    without(
        "line-finish-switch-leave",
        "finish_switch does not look after a thread that may not come back to this core",
        &[Edit {
            file: "src/sched/switch.rs",
            find: "        leave(core, leaving, &irq);\n",
            replace: "        let _ = (leaving, leave);\n",
        }],
        "threads",
    ),
    without(
        "line-condvar-block",
        "a thread that waits for a notification goes on without one",
        &[Edit {
            file: "src/sync/condvar.rs",
            find: "            kernel::block(&irq);\n",
            replace: "",
        }],
        "condvar",
    ),
    without(
        "line-migration-core",
        "a thread that has come to another core is not told so",
        &[Edit {
            file: "src/sched/claim.rs",
            find: "        self.set_core(here);\n        // Whoever",
            replace: "        // Whoever",
        }],
        "pin; affinity",
    ),
];
