//! Starting a core, whichever way the machine has.
#![expect(unsafe_code, reason = "a core is started at an address")]

use aarch64_cpu::asm::barrier;
use smccc::psci::error::Error;
use ufmt::derive::uDebug;

use super::{psci, spin_table};
use crate::board::CoreStart;
use crate::machine::CoreDesc;

/// Why a core was not started.
#[derive(Clone, Copy, Debug, uDebug, PartialEq, Eq)]
pub enum StartError {
    /// The device tree says that it must not be used.
    Disabled,
    /// Nobody said how to start it.
    NoMethod,
    /// PSCI says that it is running already.
    AlreadyOn,
    /// PSCI refused, with this number (DEN 0022F, section 5.2.2).
    Psci(i64),
}

/// Starts `core` at the physical address `entry`, with its MMU off. Returns when it was told, not
/// when it runs: wait for it with a bound, and call [`nudge`] meanwhile. By PSCI it finds `context`
/// in x0; from a spin table it finds 0 there and has only its MPIDR.
///
/// # Errors
///
/// Why it cannot be started.
///
/// # Safety
///
/// `entry` is the physical address of code that a core can start with, and everything that it reads
/// before its caches are on was cleaned to the point of coherency. A spin-table slot is mapped
/// writable.
pub unsafe fn start_core(core: &CoreDesc, entry: u64, context: u64) -> Result<(), StartError> {
    if !core.enabled {
        return Err(StartError::Disabled);
    }
    // All that the core will read is complete before it can be told; it may wake at another core's event
    // (hazard H4).
    barrier::dsb(barrier::SY);
    match core.start {
        CoreStart::SpinTable { slot } => {
            // SAFETY: by the caller; the slot is what the tree or the board says of this core.
            unsafe { spin_table::start(slot, entry) };
            Ok(())
        }
        CoreStart::Psci(conduit) => {
            psci::cpu_on(conduit, core.mpidr, entry, context).map_err(|error| match error {
                Error::AlreadyOn | Error::OnPending => StartError::AlreadyOn,
                other => StartError::Psci(i64::from(other)),
            })
        }
        CoreStart::Unknown => Err(StartError::NoMethod),
    }
}

/// Repeats the event that a core in a spin table waits for; about once in a millisecond is enough.
/// By PSCI there is nothing to repeat.
pub fn nudge(core: &CoreDesc) {
    if matches!(core.start, CoreStart::SpinTable { .. }) {
        spin_table::wake();
    }
}
