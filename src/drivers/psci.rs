//! PSCI: starting cores, switching the machine off, restarting it. The calls are the crate smccc's;
//! the conduit is the device tree's, never a guess (a stock Pi 4 has no PSCI: there an SMC is an
//! undefined instruction, and on QEMU's raspi4b it never returns: hazard H26).

use core::sync::atomic::{AtomicU8, Ordering::Relaxed};

use smccc::psci::{self, error::Error};
use smccc::{Hvc, Smc};

use crate::board::Conduit;

const NONE: u8 = 0;
const HVC: u8 = 1;
const SMC: u8 = 2;

/// What [`use_conduit`] was told. Written once at boot, before there is a second core.
static CONDUIT: AtomicU8 = AtomicU8::new(NONE);

/// Says how PSCI is called on this machine; None if it is not there.
pub fn use_conduit(conduit: Option<Conduit>) {
    let value = match conduit {
        None => NONE,
        Some(Conduit::Hvc) => HVC,
        Some(Conduit::Smc) => SMC,
    };
    CONDUIT.store(value, Relaxed);
}

/// Starts the core with the affinity `mpidr` at physical address `entry`, with `context` in its x0,
/// at the exception level of the caller and with its MMU off (DEN 0022F, section 5.1.4).
///
/// # Errors
///
/// What the firmware answered.
pub fn cpu_on(conduit: Conduit, mpidr: u64, entry: u64, context: u64) -> Result<(), Error> {
    match conduit {
        Conduit::Hvc => psci::cpu_on::<Hvc>(mpidr, entry, context),
        Conduit::Smc => psci::cpu_on::<Smc>(mpidr, entry, context),
    }
}

/// Switches the machine off. Returns only if there is no PSCI or it refused.
pub fn system_off() {
    // The result can only be a failure, and what is left to the caller is the same for each.
    let _ = match CONDUIT.load(Relaxed) {
        HVC => psci::system_off::<Hvc>(),
        SMC => psci::system_off::<Smc>(),
        _ => return,
    };
}

/// Restarts the machine. Returns only if there is no PSCI or it refused.
pub fn system_reset() {
    let _ = match CONDUIT.load(Relaxed) {
        HVC => psci::system_reset::<Hvc>(),
        SMC => psci::system_reset::<Smc>(),
        _ => return,
    };
}
