//! The line mutants: one line taken out of a thread's end, of the condition variable's wait, of a migration. A table.
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
            file: "src/sched/finish.rs",
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
            find: "        self.set_core(here);\n        true",
            replace: "        true",
        }],
        "pin; affinity",
    ),
    without(
        "line-finish-switch-stack",
        "the stack of a thread that has ended is not given back",
        &[Edit {
            file: "src/sched/blocks.rs",
            find: "    FREE.lock().put(block, units);\n",
            replace: "",
        }],
        "threads",
    ),
    without(
        "line-exit-leaves",
        "nobody is told to look after a thread that has ended, and whose end was decided by the short way",
        &[Edit {
            file: "src/sched/quick/ends.rs",
            find: "        old.after.add(Duties::LEAVES);\n        old.switches_voluntary.bump();\n        core.gave_way.bump();\n",
            replace: "        old.switches_voluntary.bump();\n        core.gave_way.bump();\n",
        }],
        "threads",
    ),
    without(
        "line-condvar-list",
        "a thread that waits does not know who waits before it",
        &[Edit {
            file: "src/sched/wait_list.rs",
            find: "        links.previous.set(Some(last));\n",
            replace: "",
        }],
        "condvar; mutex",
    ),
    without(
        "line-migration-look",
        "nobody looks again whether those who wait should go elsewhere",
        &[Edit {
            file: "src/sched/balance.rs",
            find: "    own.arm(own.next_balance_ticks);\n}",
            replace: "}",
        }],
        "sched",
    ),
];
