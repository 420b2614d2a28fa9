//! The table of commands.

use crate::{bench, suite};

use super::{
    Command, Spec, cmd_board, cmd_peek, cmd_pins, cmd_shell, cmd_system, cmd_threads, cmd_top,
    cmd_trace, cmd_uart, cmd_watchdog,
};

/// All commands, sorted by name.
static TABLE: [&Command; 64] = [
    &suite::affinity::COMMAND,
    &suite::balance::COMMAND,
    &suite::barrier::COMMAND,
    &bench::COMMAND,
    &cmd_board::BOARD,
    &suite::channel::COMMAND,
    &cmd_shell::CLEAR,
    &cmd_board::CLOCK,
    &suite::condvar::COMMAND,
    &cmd_threads::CORES,
    &suite::cost::COMMAND,
    &suite::cputime::COMMAND,
    &suite::crash::COMMAND,
    &suite::ctxsw::COMMAND,
    &suite::deep::COMMAND,
    &cmd_peek::DUMP,
    &cmd_shell::ECHO,
    &suite::exhaust::COMMAND,
    &suite::fpu::COMMAND,
    &suite::fuzz::COMMAND,
    &cmd_pins::GPIO,
    &cmd_system::HALT,
    &suite::hang::COMMAND,
    &cmd_shell::HELP,
    &suite::hog::COMMAND,
    &cmd_system::IRQ,
    &cmd_shell::JOBS,
    &cmd_shell::KILL,
    &bench::latency::COMMAND,
    &suite::locks::COMMAND,
    &suite::map::COMMAND,
    &cmd_system::MEM,
    &suite::monotonic::COMMAND,
    &suite::mutex::COMMAND,
    &suite::once::COMMAND,
    &cmd_peek::PEEK,
    &suite::pin::COMMAND,
    &cmd_peek::POKE,
    &suite::preempt::COMMAND,
    &suite::prio::COMMAND,
    &cmd_threads::PS,
    &cmd_system::REBOOT,
    &suite::regs::COMMAND,
    &cmd_shell::REPEAT,
    &suite::rwlock::COMMAND,
    &suite::sched::COMMAND,
    &suite::sem::COMMAND,
    &suite::sleep::COMMAND,
    &suite::soak::COMMAND,
    &suite::suites::COMMAND,
    &cmd_board::TEMP,
    &suite::threads::COMMAND,
    &cmd_shell::TIME,
    &suite::timers::COMMAND,
    &suite::timeslice::COMMAND,
    &suite::tls::COMMAND,
    &cmd_top::TOP,
    &cmd_trace::TRACE,
    &cmd_uart::UART,
    &cmd_system::UPTIME,
    &cmd_system::VERSION,
    &suite::wake::COMMAND,
    &cmd_watchdog::WATCHDOG,
    &suite::yields::COMMAND,
];

/// What each of them is called and takes, in the same order.
pub(super) static SPECS: [&Spec; TABLE.len()] = {
    let mut specs = [&TABLE[0].spec; TABLE.len()];
    let mut i = 1;
    while i < TABLE.len() {
        specs[i] = &TABLE[i].spec;
        assert!(
            is_before(specs[i - 1].name, specs[i].name),
            "sorted by name, and no name twice"
        );
        i += 1;
    }
    specs
};

/// The command `name`.
pub(super) fn command(name: &str) -> Option<&'static Command> {
    TABLE
        .iter()
        .copied()
        .find(|command| command.spec.name == name)
}

/// Whether `a` stands before `b` in the order of their bytes.
const fn is_before(a: &str, b: &str) -> bool {
    let (a, b) = (a.as_bytes(), b.as_bytes());
    let mut i = 0;
    while i < a.len() && i < b.len() && a[i] == b[i] {
        i += 1;
    }
    i < b.len() && (i == a.len() || a[i] < b[i])
}
