//! Bringing the other cores: each has its stacks before it is started, and a bounded time to come.

#![expect(unsafe_code, reason = "starts cores")]

use core::ops::Range;
use core::time::Duration;

use embedded_hal::delay::DelayNs;
use ufmt::uwriteln;

use crate::arch::smp::{Secondary, expect_secondary, stack_tops};
use crate::arch::{boot, cpu, exceptions, pmu, refusals};
use crate::console::Console;
use crate::cores::CoreId;
use crate::drivers::core_start::{StartError, nudge, start_core};
use crate::kernel::init_core_interrupts;
use crate::machine::{CoreDesc, Machine};
use crate::mem::stacks::Stack;
use crate::sched::{idle, per_core};
use crate::time::{CounterDelay, Instant};

/// How long all cores together may take. A board's cores need microseconds; an emulator's wait for the host.
const PATIENCE: Duration = Duration::from_secs(5);

/// Bytes of the stack that exceptions arrive on: handlers, the scheduler's decision, a fault's report.
const EXCEPTION_STACK_BYTES: usize = 16 * 1024;
/// Bytes of the stack of an idle thread, which holds an interrupt frame and little else.
const IDLE_STACK_BYTES: usize = 16 * 1024;

/// Starts all cores but this one and waits for them. One that does not come is reported, not waited for.
pub(super) fn start(machine: &Machine) {
    let mut told = [false; crate::board::MAX_CORES];
    for (core, id) in secondaries(machine) {
        match start_one(core, id) {
            Ok(()) => told[id.index()] = true,
            Err(error) => {
                let _ = uwriteln!(Console, "core {} was not started: {:?}", id, error);
            }
        }
    }
    let begin = Instant::now();
    let is_missing = |id: CoreId| told[id.index()] && !per_core::get(id).is_online();
    while secondaries(machine).any(|(_, id)| is_missing(id)) && begin.elapsed() < PATIENCE {
        for (core, id) in secondaries(machine) {
            if is_missing(id) {
                nudge(core);
            }
        }
        CounterDelay.delay_us(100);
    }
    for (_, id) in secondaries(machine) {
        if is_missing(id) && per_core::get(id).give_up() {
            let _ = uwriteln!(
                Console,
                "core {} did not come within {} s",
                id,
                PATIENCE.as_secs()
            );
        }
    }
    let online = crate::cores::count_online();
    let _ = uwriteln!(
        Console,
        "{} of {} cores online",
        online,
        machine.cores.len()
    );
}

/// The cores but this one, with their numbers: the boot core is 0, the others follow in the tree's order.
fn secondaries(machine: &Machine) -> impl Iterator<Item = (&CoreDesc, CoreId)> {
    let boot = cpu::affinity();
    machine
        .cores
        .iter()
        .filter(move |core| core.mpidr != boot)
        .enumerate()
        .filter_map(|(index, core)| CoreId::new(index + 1).map(|id| (core, id)))
}

fn start_one(core: &CoreDesc, id: CoreId) -> Result<(), CoreStartError> {
    let exception_stack = Stack::new(EXCEPTION_STACK_BYTES).map_err(|_| CoreStartError::NoStack)?;
    let thread_stack = Stack::new(IDLE_STACK_BYTES).map_err(|_| CoreStartError::NoStack)?;
    let secondary = Secondary {
        mpidr: core.mpidr,
        exception_stack_top: exception_stack.top(),
        thread_stack_top: thread_stack.top(),
        core: id.index(),
    };
    // A core never ends, so neither do its stacks; and one that comes late must still find them.
    core::mem::forget((exception_stack, thread_stack));
    per_core::get(id).expect();
    // SAFETY: boot core; this core has not been started before.
    unsafe { expect_secondary(secondary) };
    let entry = boot::secondary_entry_address() as u64;
    // SAFETY: the entry is made for it; the root of the tables, which is all that it reads with its caches
    // off, was cleaned by `mem::init`, and the image has been in memory since the firmware put it there.
    unsafe { start_core(core, entry, 0) }.map_err(CoreStartError::Start)
}

/// The stacks of this core, which is `core` and not the boot core: the one that its exceptions arrive on, and its idle
/// thread's.
pub(super) fn stacks(core: CoreId) -> (Range<usize>, Range<usize>) {
    // SAFETY: we are that core, as our caller says.
    let [exception, idle] = unsafe { stack_tops(core.index()) };
    (
        exception.saturating_sub(EXCEPTION_STACK_BYTES)..exception,
        idle.saturating_sub(IDLE_STACK_BYTES)..idle,
    )
}

#[derive(Debug, ufmt::derive::uDebug)]
enum CoreStartError {
    NoStack,
    Start(StartError),
}

/// A secondary's first Rust code: `boot.s` calls it with the MMU and the caches on, on the stack of what
/// becomes its idle thread, IRQs masked.
pub(crate) extern "C" fn secondary_main(core: usize) -> ! {
    let Some(id) = CoreId::new(core) else {
        refusals::park_core()
    };
    per_core::init_pointers(id);
    exceptions::take_over();
    per_core::init_clock();
    init_core_interrupts(id);
    pmu::init_core();
    if !per_core::get(id).arrive() {
        refusals::park_core();
    }
    cpu::unmask_irqs();
    idle::run()
}
