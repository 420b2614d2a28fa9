//! Commands about threads and cores.

use ufmt::{uwrite, uwriteln};

use super::{Command, Context, Spec, pad};
use crate::{
    cores::{self, CoreId},
    report::Verdict,
    thread::{self, ThreadInfo, Urgency},
};

pub(super) static PS: Command = Command {
    spec: Spec {
        name: "ps",
        summary: "List the threads",
        args: &[],
    },
    run: ps,
};

fn ps(ctx: &mut Context) -> Verdict {
    let out = ctx.out();
    let Ok(()) = uwriteln!(
        out,
        "  ID NAME             STATE    CORE PIN PRIO   CPU/s  SW-VOL SW-PRE MIGR   STACK"
    );
    for (t, used) in thread::list_with_stacks() {
        let Ok(()) = uwrite!(
            out,
            "{} {}{}{}{}{}",
            pad::right(t.id, 4),
            pad::left(t.name.as_str(), 17),
            pad::left(t.state.as_str(), 9),
            pad::right(t.core.index(), 4),
            pad::right(Pin(t.pinned), 4),
            pad::right(Level(&t), 5)
        );
        let Ok(()) = uwriteln!(
            out,
            "{}{}{}{}{}",
            pad::right(pad::seconds(t.cpu_time), 8),
            pad::right(t.switches_voluntary, 8),
            pad::right(t.switches_preempted, 7),
            pad::right(t.migrations, 5),
            pad::right(Stack(used, t.stack_bytes), 8)
        );
    }
    Verdict::Passed
}

/// How much of a stack was ever used, and how large it is: `3/16K`.
struct Stack(usize, usize);

impl ufmt::uDisplay for Stack {
    fn fmt<W: ufmt::uWrite + ?Sized>(
        &self,
        f: &mut ufmt::Formatter<'_, W>,
    ) -> Result<(), W::Error> {
        uwrite!(f, "{}/{}K", self.0.div_ceil(1024), self.1 / 1024)
    }
}

/// The core that a thread is pinned to, or `-`.
struct Pin(Option<CoreId>);

impl ufmt::uDisplay for Pin {
    fn fmt<W: ufmt::uWrite + ?Sized>(
        &self,
        f: &mut ufmt::Formatter<'_, W>,
    ) -> Result<(), W::Error> {
        match self.0 {
            Some(core) => uwrite!(f, "{}", core.index()),
            None => f.write_char('-'),
        }
    }
}

/// A realtime level as `rt5`, or a priority of the fair class in percent; with `^` if it is inherited.
pub(super) struct Level<'a>(pub(super) &'a ThreadInfo);

impl ufmt::uDisplay for Level<'_> {
    fn fmt<W: ufmt::uWrite + ?Sized>(
        &self,
        f: &mut ufmt::Formatter<'_, W>,
    ) -> Result<(), W::Error> {
        let urgency = self.0.urgency;
        match urgency.realtime() {
            0 => uwrite!(f, "{}", urgency.priority().percent())?,
            level => uwrite!(f, "rt{}", level)?,
        }
        if urgency == Urgency::new(self.0.realtime, self.0.priority) {
            Ok(())
        } else {
            f.write_char('^')
        }
    }
}

pub(super) static CORES: Command = Command {
    spec: Spec {
        name: "cores",
        summary: "Show what each core does",
        args: &[],
    },
    run: cores,
};

fn cores(ctx: &mut Context) -> Verdict {
    let out = ctx.out();
    let Ok(()) = uwriteln!(
        out,
        "CORE RUNNING LOAD   IDLE/s   SW-VOL   SW-PRE    TIMER IPI-SENT MIGR-IN MIGR-OUT"
    );
    for core in (0..cores::configured()).filter_map(CoreId::new) {
        let stats = cores::stats(core);
        let Ok(()) = uwrite!(out, "{} ", pad::right(core.index(), 4));
        if !stats.is_online {
            let Ok(()) = uwriteln!(out, "did not come");
            continue;
        }
        let Ok(()) = match stats.running {
            Some(id) => uwrite!(out, "{}", pad::right(id, 7)),
            None => uwrite!(out, "{}", pad::right("idle", 7)),
        };
        let Ok(()) = uwriteln!(
            out,
            "{}{}{}{}{}{}{}{}",
            pad::right(stats.load, 5),
            pad::right(pad::seconds(stats.idle), 9),
            pad::right(stats.switches_voluntary, 9),
            pad::right(stats.switches_preempted, 9),
            pad::right(stats.timer_irqs, 9),
            pad::right(stats.ipis_sent, 9),
            pad::right(stats.migrations_in, 8),
            pad::right(stats.migrations_out, 9)
        );
    }
    Verdict::Passed
}
