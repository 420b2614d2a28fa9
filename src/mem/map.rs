//! What is mapped now, by two witnesses: the page tables of this core, and the hardware's answer about an address.

#![expect(unsafe_code, reason = "reads page tables where they lie")]

use core::ptr::with_exposed_provenance;
use core::sync::atomic::{AtomicU64, Ordering};

use aarch64_cpu::registers::TTBR0_EL1;
use tock_registers::interfaces::Readable;

use crate::arch::cpu::IrqGuard;
use crate::arch::{mmu, translate};
use crate::mem::access::{self, Denied, Purpose, Translation};
use crate::mem::ranges::PAGE_BYTES;
use crate::mem::tables;
use crate::mem::walk::Walker;

/// Reads the tables that this core uses, which are those of all cores. Takes no lock: a range is true at the moment at
/// which it was read, and stacks come and go.
pub fn walker() -> Walker<fn(usize) -> u64> {
    // BADDR, without CnP in bit 0 and the ASID from bit 48 (DDI 0487, TTBR0_EL1).
    let root = TTBR0_EL1.get() & 0xffff_ffff_fffe;
    Walker::new(root as usize, descriptor)
}

/// The descriptor at a physical address in a table.
fn descriptor(address: usize) -> u64 {
    // SAFETY: the walker comes by the root and by table descriptors only. Tables lie in RAM that is mapped at its own
    // address for good, and are never given back (`table_pages`). Whoever changes an entry writes it whole.
    unsafe { AtomicU64::from_ptr(with_exposed_provenance::<u64>(address).cast_mut()) }
        .load(Ordering::Relaxed)
}

/// Whether an access to `address` would succeed, as the hardware says.
///
/// # Errors
///
/// Why it would not.
pub fn ask(address: usize, purpose: Purpose, masked: &IrqGuard) -> Result<Translation, Denied> {
    access::decode(translate::ask(address, purpose, masked))
}

/// Whether the hardware says of `address` what the tables say: whether it may be read and written, to where it leads,
/// and as what kind of memory.
pub fn is_agreed(address: usize) -> bool {
    let irq = IrqGuard::mask();
    // Nothing is mapped or unmapped between the three answers.
    let _unchanged = tables::hold();
    let mapping = walker().at(address);
    let expected = mapping.as_ref().map(|mapping| Translation {
        page: mapping.physical + (address - mapping.range.start) / PAGE_BYTES * PAGE_BYTES,
        is_device: u64::from(mapping.attribute) == mmu::ATTRIBUTE_DEVICE,
    });
    let writable = mapping.is_some_and(|mapping| mapping.rights.write);
    let read = ask(address, Purpose::Read, &irq);
    let write = ask(address, Purpose::Write, &irq);
    match expected {
        None => (read, write) == (Err(Denied::NotMapped), Err(Denied::NotMapped)),
        Some(to) if writable => (read, write) == (Ok(to), Ok(to)),
        Some(to) => (read, write) == (Ok(to), Err(Denied::NotPermitted)),
    }
}
