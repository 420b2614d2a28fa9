//! Loads and stores at addresses that somebody typed: the hardware is asked first, so none of them faults.
//!
//! A device that does not answer, or an address among devices where there is none, is another matter: the tables do not
//! know, and asking the hardware does not reach it. So a device is accessed without a lock held, and the last store is
//! remembered, for whoever has to explain an SError.

#![expect(unsafe_code, reason = "accesses memory that belongs to others")]

use core::ptr::{with_exposed_provenance, with_exposed_provenance_mut};
use core::sync::atomic::{AtomicU64, Ordering};

use aarch64_cpu::asm::barrier;

use crate::arch::cpu::IrqGuard;
use crate::mem::access::{Denied, Purpose, Width};
use crate::mem::{map, tables};

/// Address and value of the last store; address 0 is never stored to.
static POKED: [AtomicU64; 2] = [AtomicU64::new(0), AtomicU64::new(0)];

/// Loads what is at `address`.
///
/// # Errors
///
/// [`Denied`]; nothing was accessed.
pub fn load(address: usize, width: Width) -> Result<u64, Denied> {
    attempt(address, width, Purpose::Read, true, || {
        macro_rules! load {
            ($type:ty) => {
                // SAFETY: mapped for reading and aligned, as `attempt` has found out. Whoever it belongs to may write
                // it meanwhile: volatile, and any value will do.
                u64::from(unsafe { with_exposed_provenance::<$type>(address).read_volatile() })
            };
        }
        match width {
            Width::Byte => load!(u8),
            Width::Half => load!(u16),
            Width::Word => load!(u32),
            Width::Double => load!(u64),
        }
    })
}

/// Loads the byte at `address`, unless it is a device's: those have registers, and reading one may change something.
///
/// # Errors
///
/// [`Denied`]; nothing was accessed.
pub fn load_memory(address: usize) -> Result<u8, Denied> {
    attempt(address, Width::Byte, Purpose::Read, false, || {
        // SAFETY: as in `load`.
        unsafe { with_exposed_provenance::<u8>(address).read_volatile() }
    })
}

/// Stores the low bits of `value` at `address`, and waits until the store is done.
///
/// # Errors
///
/// [`Denied`]; nothing was accessed.
///
/// # Safety
///
/// Whoever the memory belongs to must be able to live with it, and a device with the store.
pub unsafe fn store(address: usize, width: Width, value: u64) -> Result<(), Denied> {
    attempt(address, width, Purpose::Write, true, || {
        POKED[0].store(address as u64, Ordering::Relaxed);
        POKED[1].store(value, Ordering::Relaxed);
        macro_rules! store {
            ($type:ty) => {
                // SAFETY: mapped for writing and aligned, as `attempt` has found out; the rest is the caller's promise.
                unsafe {
                    with_exposed_provenance_mut::<$type>(address).write_volatile(value as $type);
                }
            };
        }
        match width {
            Width::Byte => store!(u8),
            Width::Half => store!(u16),
            Width::Word => store!(u32),
            Width::Double => store!(u64),
        }
        // An SError that this store causes comes as near to it as can be.
        barrier::dsb(barrier::SY);
    })
}

/// Address and value of the last [`store`], if there was one: the suspect when there is an SError.
pub fn last_poke() -> Option<(u64, u64)> {
    let [address, value] = [&POKED[0], &POKED[1]].map(|word| word.load(Ordering::Relaxed));
    (address != 0).then_some((address, value))
}

/// Makes an access if it cannot fault; to a device only if `devices_too`.
fn attempt<R>(
    address: usize,
    width: Width,
    purpose: Purpose,
    devices_too: bool,
    access: impl FnOnce() -> R,
) -> Result<R, Denied> {
    width.check(address)?;
    let irq = IrqGuard::mask();
    // A stack may be unmapped at any moment, but not while this is held.
    let unchanged = tables::hold();
    let is_device = map::ask(address, purpose, &irq)?.is_device;
    if is_device {
        if !devices_too {
            return Err(Denied::Device);
        }
        // Devices are mapped for good. Should one not answer, it takes this thread, and no lock.
        drop(unchanged);
        drop(irq);
    }
    Ok(access())
}
