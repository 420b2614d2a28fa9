//! Under which conditions a figure was taken: what stands beside every one of them.

use ufmt::uwriteln;

use crate::{cores, kernel, shell::Context, time};

/// What identifies this build; the host tool sets it. A build without it says so.
const BUILD: &str = match option_env!("PIVOT_BUILD") {
    Some(build) => build,
    None => "unknown",
};

/// Prints the conditions: a line for people and a line for the host tool.
pub(crate) fn print(ctx: &mut Context) {
    let board = kernel::board();
    let host = if (board.is_emulated)() {
        "emulated"
    } else {
        "hardware"
    };
    let (online, hz) = (cores::count_online(), time::frequency_hz());
    let _ = uwriteln!(
        ctx.out(),
        "conditions: {} ({}), {} cores online, counter at {} Hz, build {}",
        board.name,
        host,
        online,
        hz,
        BUILD
    );
    let line = ctx
        .report("conditions")
        .with("board", board.name)
        .with("host", host);
    let line = line.with("cores", online).with("counter_hz", hz);
    let Ok(()) = line.with("build", BUILD).end();
}
