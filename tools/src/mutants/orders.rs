//! The order mutants: the mistakes of the field, as replacements in the sources. A table.
//!
//! Each must end badly, in any way. Where cores have to race for it, they do; elsewhere instructions are counted, and a
//! run is the same every time. A window that is too narrow for the cores of a host is widened by a delay; the
//! same delay in the correct code must end well, so that it is the mistake that is found and not the delay.

use super::lines;
use super::sources::Edit;

/// A mistake in the order of things.
#[derive(Debug)]
pub(super) struct OrderMutant {
    pub(super) name: &'static str,
    /// The mistake, in words.
    pub(super) stands_for: &'static str,
    /// The mistake.
    pub(super) mistake: &'static [Edit],
    /// The delay, applied before the mistake; where there is one, it is also run alone.
    pub(super) delay: &'static [Edit],
    /// Cores of the `virt` machine that it is run on.
    pub(super) cores: usize,
    /// Whether instructions are counted: nothing of it depends on the host then. Not where cores have to race.
    pub(super) is_counted: bool,
    /// Cargo profile of the image: `checked` where an assertion keeps the invariant.
    pub(super) profile: &'static str,
    /// What must go wrong.
    pub(super) commands: &'static str,
}

const SWITCH: &str = "src/sched/switch.rs";
const SWITCH_ASM: &str = "asm/reschedule.s";

const CALL_FINISH: &str = "    bl      {finish_switch}\n";

/// Every order mutant, those that lack a line included.
pub(super) fn all() -> impl Iterator<Item = &'static OrderMutant> {
    ALL.iter().chain(lines::ALL)
}

const ALL: &[OrderMutant] = &[
    OrderMutant {
        name: "eoi-after-switch",
        stands_for: "the end of an interrupt is written when the interrupted thread runs again",
        mistake: &[
            Edit {
                file: "src/irq.rs",
                find: "pub(crate) extern \"C\" fn dispatch() -> u64 {",
                replace: "static LATE: AtomicU32 = AtomicU32::new(u32::MAX);\n\nfn keep(ack: gic::Ack) {\n    \
                          LATE.store(unsafe { core::mem::transmute::<gic::Ack, u32>(ack) }, Ordering::Relaxed);\n}\n\n\
                          pub(crate) extern \"C\" fn late_take() -> u64 {\n    \
                          u64::from(LATE.swap(u32::MAX, Ordering::Relaxed))\n}\n\n\
                          pub(crate) extern \"C\" fn late_end(raw: u64) {\n    if raw != u64::from(u32::MAX) {\n        \
                          let raw = raw as u32;\n        gic::end_of_interrupt(unsafe { \
                          core::mem::transmute::<u32, gic::Ack>(raw) });\n    }\n}\n\n\
                          pub(crate) extern \"C\" fn dispatch() -> u64 {",
            },
            Edit {
                file: "src/irq.rs",
                find: "    gic::end_of_interrupt(ack);\n    cause_at_end",
                replace: "    keep(ack);\n    cause_at_end",
            },
            Edit {
                file: "src/irq.rs",
                find: "    gic::end_of_interrupt(ack);\n    if thread",
                replace: "    keep(ack);\n    if thread",
            },
            Edit {
                file: "src/irq.rs",
                find: "        core.own(irq).need_resched = true;\n        0\n",
                replace: "        core.own(irq).need_resched = true;\n        late_end(late_take());\n        0\n",
            },
            Edit {
                file: "src/irq.rs",
                find: "        cause as u64\n    } else {\n        0\n",
                replace: "        cause as u64\n    } else {\n        late_end(late_take());\n        0\n",
            },
            Edit {
                file: "src/arch/exceptions.rs",
                find: "    irq_dispatch = sym irq::dispatch,\n",
                replace: "    irq_dispatch = sym irq::dispatch,\n    late_take = sym irq::late_take,\n    \
                          late_end = sym irq::late_end,\n",
            },
            Edit {
                file: "asm/vectors.s",
                find: "    bl      reschedule                  // SP_EL1 is empty, the GIC's priority has dropped\n",
                // The unused word of the frame.
                replace: "    str     x0, [sp, #{FRAME_FPSR} + 8]\n    bl      {late_take}\n    mov     x1, x0\n    \
                          ldr     x0, [sp, #{FRAME_FPSR} + 8]\n    str     x1, [sp, #{FRAME_FPSR} + 8]\n    \
                          bl      reschedule\n    ldr     x0, [sp, #{FRAME_FPSR} + 8]\n    bl      {late_end}\n",
            },
            Edit {
                file: "asm/vectors.s",
                find: "    bl      {irq_dispatch}\n",
                replace: "    bl      {irq_dispatch}\n    str     x0, [sp, #-16]!\n    bl      {late_take}\n    \
                          bl      {late_end}\n    ldr     x0, [sp], #16\n",
            },
        ],
        delay: &[],
        cores: 1,
        is_counted: true,
        profile: "release",
        commands: "preempt",
    },
    OrderMutant {
        name: "thread-pointer-late",
        stands_for: "TPIDR_EL0 is written after finish_switch",
        mistake: &[
            Edit {
                file: SWITCH_ASM,
                find: "    msr     tpidr_el0, x1\n",
                replace: "",
            },
            Edit {
                file: SWITCH_ASM,
                find: CALL_FINISH,
                replace: "    str     x1, [sp, #-16]!\n    bl      {finish_switch}\n    \
                          ldr     x1, [sp], #16\n    msr     tpidr_el0, x1\n",
            },
        ],
        delay: &[],
        cores: 1,
        is_counted: true,
        profile: "checked",
        commands: "threads",
    },
    OrderMutant {
        name: "released-early",
        stands_for: "the old thread is released before its registers are stored",
        mistake: &[Edit {
            file: SWITCH,
            find: "pub(super) fn pair(old: &Thread, new: &Thread) -> u128 {\n",
            replace: "pub(super) fn pair(old: &Thread, new: &Thread) -> u128 {\n    \
                      old.standing.switch_out();\n",
        }],
        delay: &[Edit {
            file: SWITCH,
            find: "    core::ptr::from_ref(old) as usize as u128 | (",
            // Only where a thread waits: its waker has to come meanwhile, and whoever sends it elsewhere too.
            replace: "    if old.state() != State::Ready {\n        for _ in 0..4_000 {\n            \
                      core::hint::spin_loop();\n        }\n    }\n    \
                      core::ptr::from_ref(old) as usize as u128 | (",
        }],
        cores: 4,
        is_counted: false,
        profile: "release",
        commands: "regs --seconds 40",
    },
    OrderMutant {
        name: "never-released",
        stands_for: "the old thread is not released",
        mistake: &[Edit {
            file: SWITCH_ASM,
            find: "    stlrb   wzr, [x0] ",
            replace: "    nop               ",
        }],
        delay: &[],
        cores: 4,
        is_counted: true,
        profile: "release",
        commands: "balance --strict",
    },
    OrderMutant {
        name: "first-run-unfinished",
        stands_for: "finish_switch is skipped on a thread's first run",
        mistake: &[Edit {
            file: SWITCH_ASM,
            find: CALL_FINISH,
            replace: "    ldr     x2, [x29, #8]\n    adr     x3, thread_start\n    cmp     x2, x3\n    \
                      b.eq    1b\n    bl      {finish_switch}\n",
        }],
        delay: &[],
        cores: 1,
        is_counted: true,
        profile: "checked",
        commands: "threads; regs",
    },
    OrderMutant {
        name: "stack-freed-by-itself",
        stands_for: "a thread that ends frees the stack that it stands on",
        mistake: &[Edit {
            file: "src/sched/lifecycle.rs",
            find: "    current.set_state(State::Exited);\n",
            replace: "    current.set_state(State::Exited);\n    drop(current.stack.take());\n",
        }],
        delay: &[Edit {
            file: "src/sched/lifecycle.rs",
            find: "    reschedule(Cause::Exit, &irq);\n",
            replace: "    for _ in 0..1000 {\n        core::hint::spin_loop();\n    }\n    \
                      reschedule(Cause::Exit, &irq);\n",
        }],
        cores: 4,
        is_counted: false,
        profile: "release",
        commands: "repeat 5 threads",
    },
    OrderMutant {
        name: "wake-up-lost",
        stands_for: "a wake-up is lost that comes while the thread is about to block",
        mistake: &[Edit {
            file: "src/sched/traffic.rs",
            find: "            core.inbox.ask();\n        }\n        return true;\n",
            replace: "            core.inbox.ask();\n        }\n        return false;\n",
        }],
        delay: &[Edit {
            file: "src/sched/wake.rs",
            find: "    reschedule(Cause::Block, irq);\n",
            replace: "    for _ in 0..300 {\n        core::hint::spin_loop();\n    }\n    \
                      reschedule(Cause::Block, irq);\n",
        }],
        cores: 4,
        is_counted: false,
        profile: "release",
        commands: "condvar; sem; ctxsw apart --seconds 1",
    },
    OrderMutant {
        name: "core-pointer-kept",
        stands_for: "a thread that has waited goes on with the core that it left",
        mistake: &[Edit {
            file: "src/sched/timers.rs",
            find: "    wake::block(irq);\n",
            replace: "    wake::block(irq);\n    core.own(irq).arm(deadline_ticks);\n",
        }],
        delay: &[],
        cores: 4,
        is_counted: true,
        profile: "checked",
        commands: "pin; regs",
    },
];

#[cfg(test)]
mod tests {
    use super::super::sources::apply;
    use super::*;
    use std::collections::{HashMap, HashSet};
    use std::fs;
    use std::path::Path;

    #[test]
    fn every_text_still_stands_in_the_sources_exactly_once() {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
        for mutant in all() {
            let mut files: HashMap<&str, String> = HashMap::new();
            for edit in mutant.delay.iter().chain(mutant.mistake) {
                let text = files
                    .entry(edit.file)
                    .or_insert_with(|| fs::read_to_string(root.join(edit.file)).unwrap());
                *text =
                    apply(text, edit).unwrap_or_else(|error| panic!("{}: {error}", mutant.name));
            }
        }
    }

    #[test]
    fn names_are_unique_and_every_mutant_changes_something() {
        let names: HashSet<&str> = all().map(|mutant| mutant.name).collect();
        assert_eq!(names.len(), all().count());
        for mutant in all() {
            assert!(!mutant.mistake.is_empty(), "{}", mutant.name);
            for edit in mutant.delay.iter().chain(mutant.mistake) {
                assert_ne!(edit.find, edit.replace, "{}", mutant.name);
            }
        }
    }
}
