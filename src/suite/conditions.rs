//! Under which conditions a figure was taken: what stands beside every one of them.

use ufmt::uwriteln;

use crate::{BUILD_HASH, cores, kernel, shell::Context, time};

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
        BUILD_HASH
    );
    let line = ctx
        .report("conditions")
        .with("board", board.name)
        .with("host", host);
    let line = line.with("cores", online).with("counter_hz", hz);
    let Ok(()) = line.with("build", BUILD_HASH).end();
}
