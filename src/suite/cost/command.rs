//! The command: chunks of switches, all sets in turn, and the table that they come to.

use core::time::Duration;

use ufmt::{uwrite, uwriteln};

use super::{
    contexts::{Contexts, length},
    sets::{Counted, Price, Set, Thousandths, Totals},
};
use crate::{
    arch::{
        cpu::IrqGuard,
        pmu::{Counts, Window},
        timer,
    },
    bench::Turn,
    report::{Value, Verdict},
    shell::{Arg, Command, Context, Spec, pad},
    suite::conditions,
    time,
};

/// The command.
pub static COMMAND: Command = Command {
    spec: Spec {
        name: "cost",
        summary: "Price the save set: a switch with one register group more each time",
        args: &[
            Arg::number("rounds", 1, 100_000, "How many chunks of each set")
                .or_number(100)
                .option(),
        ],
    },
    run,
};

/// Switches that are measured with IRQs masked: on a Pi some 50 microseconds, far less than the console can wait.
const CHUNK: u64 = 1_000;

/// Switches in what is taken off a chunk: reading the counters, entering the routine and leaving it.
const FEW: u64 = 2;

/// Thousandths of an instruction by which the mean may miss the listing: not one in a chunk.
const TOLERANCE: u64 = 1;

fn run(ctx: &mut Context) -> Verdict {
    let Some(_turn) = Turn::take(ctx) else {
        return Verdict::Failed;
    };
    let rounds = ctx.number("rounds");
    let conditions = conditions::begin();
    let mut all = [Totals::default(); Set::ALL.len()];
    let mut contexts = Contexts::new();
    // The sets take turns, so that what drifts meanwhile (clock, temperature) is in all of them alike.
    for _ in 0..rounds {
        for (set, totals) in Set::ALL.into_iter().zip(&mut all) {
            let (many, few) = chunk(&mut contexts, set);
            totals.add(many, few, CHUNK);
        }
        if ctx.sleep(Duration::ZERO).is_err() {
            let Ok(()) = uwriteln!(ctx.out(), "cost: stopped");
            return Verdict::Aborted;
        }
    }
    let verdict = show(ctx, &all);
    conditions.print(ctx);
    report(ctx, &all);
    verdict
}

/// One chunk: what [`CHUNK`] switches and [`FEW`] came to, and those few alone.
fn chunk(contexts: &mut Contexts, set: Set) -> (Counted, Counted) {
    let irq = IrqGuard::mask();
    // Into the caches and the branch predictor, after whoever ran before.
    contexts.run(set, FEW, &irq);
    let few = count(contexts, set, FEW, &irq);
    let many = count(contexts, set, FEW + CHUNK, &irq);
    (many, few)
}

/// Counts while `switches` are made. Not inlined: both uses are to execute the same instructions.
#[inline(never)]
fn count(contexts: &mut Contexts, set: Set, switches: u64, irq: &IrqGuard) -> Counted {
    let window = Window::open();
    let from = timer::now_between();
    contexts.run(set, switches, irq);
    let to = timer::now_ordered();
    let Counts {
        cycles,
        instructions,
    } = window.close();
    Counted {
        ticks: to - from,
        cycles,
        instructions,
    }
}

/// One line of the price list.
struct Entry {
    set: Set,
    switches: u64,
    /// Nanoseconds where nothing held it up, without the loop's.
    least_ns: Option<i64>,
    /// Of the whole switch, without the loop; of the loop itself for [`Set::Loop`].
    price: Price,
    /// What it is more than the one before; `None` for the loop.
    more: Option<Price>,
}

/// The price list.
fn entries(all: &[Totals; Set::ALL.len()]) -> impl Iterator<Item = Entry> {
    let hz = time::frequency_hz();
    let (the_loop, least_loop) = (all[0].mean(hz), all[0].least_ns(hz));
    Set::ALL.into_iter().enumerate().map(move |(index, set)| {
        let totals = all[index];
        let mean = totals.mean(hz);
        let before = index.checked_sub(1).map(|before| all[before].mean(hz));
        let (price, least_ns) = match set {
            Set::Loop => (mean, least_loop),
            _ => {
                let least = totals.least_ns(hz).zip(least_loop);
                (mean.without(the_loop), least.map(|(all, part)| all - part))
            }
        };
        Entry {
            set,
            switches: totals.switches(),
            least_ns,
            price,
            more: before.map(|before| mean.without(before)),
        }
    })
}

/// Prints the price list, and whether what was executed is what is in the listing.
#[expect(
    clippy::large_stack_frames,
    reason = "many values are printed; the compiler overlaps them"
)]
fn show(ctx: &mut Context, all: &[Totals; Set::ALL.len()]) -> Verdict {
    let mut verdict = Verdict::Passed;
    let heading = |what| pad::right(what, 8);
    let Ok(()) = uwrite!(ctx.out(), "{}", pad::left("a switch that saves", 27));
    for what in ["ns", "cycles", "instr.", "+ns", "+cycles", "+instr."] {
        let Ok(()) = uwrite!(ctx.out(), "{}", heading(what));
    }
    let Ok(()) = uwriteln!(ctx.out(), "");
    let mut listed = length(Set::Loop);
    for Entry {
        set, price, more, ..
    } in entries(all)
    {
        let Ok(()) = uwrite!(ctx.out(), "{}", pad::left(set.name(), 27));
        let figures = price.figures().into_iter();
        let more_figures = more.map(Price::figures).into_iter().flatten();
        for figure in figures.chain(more_figures) {
            let Ok(()) = uwrite!(ctx.out(), "{}", pad::right(Thousandths(figure), 8));
        }
        let Ok(()) = uwriteln!(ctx.out(), "");
        let added = (length(set) - listed) * 1_000;
        listed = length(set);
        let Some(executed) = more.and_then(|more| more.instructions) else {
            continue;
        };
        ctx.out().add_checks(1);
        if executed.abs_diff(added as i64) > TOLERANCE {
            let Ok(()) = uwriteln!(
                ctx.out(),
                "cost: {}: {} instructions in the listing, {} executed",
                set.id(),
                added / 1_000,
                Thousandths(Some(executed))
            );
            verdict = Verdict::Failed;
        }
    }
    verdict
}

#[expect(
    clippy::large_stack_frames,
    reason = "many values are printed; the compiler overlaps them"
)]
fn report(ctx: &mut Context, all: &[Totals; Set::ALL.len()]) {
    for entry in entries(all) {
        let [ns, cycles, instructions] = entry.price.figures();
        let [more_ns, more_cycles, more_instructions] =
            entry.more.map_or([None; 3], Price::figures);
        let fields = [
            ("mean_ns_x1000", ns),
            ("cycles_x1000", cycles),
            ("instructions_x1000", instructions),
            ("delta_ns_x1000", more_ns),
            ("delta_cycles_x1000", more_cycles),
            ("delta_instructions_x1000", more_instructions),
            ("least_ns_x1000", entry.least_ns),
        ];
        let mut line = ctx.report(entry.set.id()).with("switches", entry.switches);
        for (key, value) in fields {
            if let Some(value) = value {
                line = line.with(key, Value::Signed(value));
            }
        }
        let Ok(()) = line.with("listed", length(entry.set)).end();
    }
}
