//! The distribution of the handoffs: from a round of its own, because the one that is measured has no reading of the
//! clock in it.

use super::{
    Mode, Results,
    handoff::{Measured, nanoseconds},
    handoffs,
};
use crate::{
    bench::{self, Clock, Plain},
    cores::CoreId,
    report::Verdict,
    shell::Context,
};

/// If they were asked for: samples of as many handoffs as each mean is made of.
pub(super) fn show(ctx: &mut Context, results: &Results, online: &[CoreId]) -> Verdict {
    if !bench::wants_samples(ctx) {
        return Verdict::Passed;
    }
    let clock = Clock::new();
    let form = bench::form(ctx);
    bench::heading(ctx.out(), form);
    let mut verdict = Verdict::Passed;
    for (mode, measured) in results {
        let outcome = one(ctx, clock, *mode, measured, online);
        verdict = verdict.combine(bench::finish(ctx, id(*mode), outcome, form));
        if ctx.is_cancelled() {
            break;
        }
    }
    verdict
}

/// The ID of a mode's samples; its own is that of the line with the mean.
fn id(mode: Mode) -> &'static str {
    match mode.cores {
        Some([a, b]) if a == b => "ctxsw.colocated.samples",
        Some(_) => "ctxsw.apart.samples",
        None => "ctxsw.nopin.samples",
    }
}

fn one(
    ctx: &Context,
    clock: Clock,
    mode: Mode,
    measured: &Measured,
    online: &[CoreId],
) -> Result<bench::Outcome, bench::NoFigure> {
    let placement = mode.placement(online).ok_or(bench::NoFigure::Cores)?;
    let plain = Plain {
        ops: handoffs(measured),
        ns: nanoseconds(measured.elapsed),
        cycles: None,
        instructions: None,
    };
    bench::condvar_samples(clock, placement, plain, &ctx.cancel())
}
