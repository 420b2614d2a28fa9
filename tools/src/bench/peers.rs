//! What other systems take for the operations that Pivot is measured by. Data.
//!
//! Measured once, on the same emulated machine and by the same method as Pivot: `docs/performance.md` says how.

/// One operation: what it is, where Pivot's own figure is, and what the others take.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Operation {
    pub(crate) what: &'static str,
    /// The rows of Pivot: on one core, on two of them, wherever the scheduler puts both threads. Empty: not measured.
    pub(crate) ours: [&'static str; 3],
    /// Each system with its figures, likewise.
    pub(crate) peers: &'static [(&'static str, [&'static str; 3])],
}

/// All of them.
pub(crate) const OPERATIONS: &[Operation] = &[
    Operation {
        what: "yield between two threads",
        ours: ["smp1.switch.yield.same_core", "", ""],
        peers: &[
            ("floor, one core only", ["73", "", ""]),
            ("floor, with locks for several cores", ["80", "", ""]),
            (
                "FreeRTOS without FP state, one core only",
                ["115.5", "", ""],
            ),
            ("FreeRTOS with FP state, one core only", ["147.5", "", ""]),
            ("LK", ["174", "", ""]),
            ("NuttX, one core only", ["272 to 279", "", ""]),
            ("OSv", ["741", "", ""]),
            ("OSv, eight threads", ["842", "", ""]),
            ("Linux 6.12, realtime class", ["2,280", "", ""]),
            ("Linux 6.12, usual class", ["2,919", "", ""]),
        ],
    },
    Operation {
        what: "yield with nobody else runnable",
        ours: ["smp1.switch.yield.alone", "", ""],
        peers: &[
            ("NuttX, one core only", ["38 to 41", "", ""]),
            ("OSv", ["71 to 125", "", ""]),
            ("LK", ["96", "", ""]),
        ],
    },
    Operation {
        what: "handoff by mutex and condition variable",
        ours: [
            "smp1.handoff.condvar.colocated",
            "smp2.handoff.condvar.apart",
            "smp2.handoff.condvar.nopin",
        ],
        peers: &[
            ("floor, one core only", ["148", "", ""]),
            ("floor, with locks for several cores", ["175", "", ""]),
            (
                "LK, an event for each thread instead",
                ["483", "936.5", "572"],
            ),
            ("NuttX, one core only", ["654", "", ""]),
            ("NuttX, several cores", ["859", "no result", ""]),
            (
                "FreeRTOS, mutex and semaphore instead, one core only",
                ["1,232", "", ""],
            ),
            ("OSv", ["1,527", "208,408 (the emulator's turns)", "1,849"]),
            ("Linux 6.12, glibc", ["5,148", "9,507", "9,703"]),
            ("Linux 6.12-rt, glibc", ["5,768", "10,523", "10,723"]),
        ],
    },
    Operation {
        what: "handoff by semaphores",
        ours: [
            "smp1.handoff.semaphore.colocated",
            "smp2.handoff.semaphore.apart",
            "",
        ],
        peers: &[
            ("LK", ["304.5", "779", "479"]),
            ("NuttX, one core only", ["403 to 409", "", ""]),
            ("FreeRTOS, one core only", ["835.5", "", ""]),
        ],
    },
    Operation {
        what: "handoff by park and unpark",
        ours: ["smp1.handoff.park.colocated", "smp2.handoff.park.apart", ""],
        peers: &[(
            "FreeRTOS, task notifications, one core only",
            ["496.5", "", ""],
        )],
    },
    Operation {
        what: "mutex lock and unlock, uncontended",
        ours: ["smp1.mutex.uncontended", "", ""],
        peers: &[
            ("Linux 6.12, glibc", ["80", "", ""]),
            ("LK", ["88", "", ""]),
            ("NuttX, one core only", ["100", "", ""]),
        ],
    },
    Operation {
        what: "deadline to woken thread, idle core",
        ours: ["smp2.timer.latency", "", ""],
        peers: &[
            ("OSv", ["1,709", "", ""]),
            ("OSv, busy core", ["1,804", "", ""]),
        ],
    },
    Operation {
        what: "boot, to the prompt or the application",
        ours: ["smp4.boot.to_prompt", "", ""],
        peers: &[("OSv", ["13.3 million", "", ""])],
    },
];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bench::page::name;
    use crate::bench::rows::ROWS;

    #[test]
    fn each_figure_of_pivots_own_is_one_that_is_measured() {
        let ours = OPERATIONS.iter().flat_map(|operation| operation.ours);
        for ours in ours.filter(|ours| !ours.is_empty()) {
            assert!(ROWS.iter().any(|row| name(row) == ours), "{ours}");
        }
        let whom = |who: &str| {
            let mut peers = OPERATIONS.iter().flat_map(|operation| operation.peers);
            peers.any(|(peer, _)| peer.starts_with(who))
        };
        assert!(
            ["floor", "FreeRTOS", "LK", "Linux", "NuttX", "OSv"]
                .iter()
                .all(|who| whom(who))
        );
    }
}
