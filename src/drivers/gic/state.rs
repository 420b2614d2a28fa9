//! The one controller of this machine, and what every core calls.
#![expect(unsafe_code, reason = "register blocks are found by address")]

use core::sync::atomic::{AtomicU8, AtomicU32, AtomicU64, AtomicUsize, Ordering::Relaxed};

use aarch64_cpu::asm::barrier;
use aarch64_cpu::registers::MPIDR_EL1;
use tock_registers::interfaces::{Readable, Writeable};

use super::{Ack, FIRST_SPI, GicError, icc, v2, v3};
use crate::board::{Gic, MAX_CORES};

// Written once, by init_distributor on the boot core, before another core runs and before
// interrupts are unmasked on the boot core. So plain loads see them.
/// Address of GICD; 0 before init_distributor.
static DISTRIBUTOR: AtomicUsize = AtomicUsize::new(0);
/// Address of GICC; 0 means GICv3.
static CPU_INTERFACE: AtomicUsize = AtomicUsize::new(0);
/// Address of the first redistributor of a GICv3.
static REDISTRIBUTORS: AtomicUsize = AtomicUsize::new(0);
/// Size of their region in bytes.
static REDISTRIBUTORS_BYTES: AtomicUsize = AtomicUsize::new(0);
/// Number of interrupt lines.
static LINES: AtomicUsize = AtomicUsize::new(0);

// By core number; written by the core itself in init_core, before it can be the target of anything.
/// The mask by which a GICv2 knows the core.
static TARGET_MASKS: [AtomicU8; MAX_CORES] = [const { AtomicU8::new(0) }; MAX_CORES];
/// The MPIDR by which a GICv3 knows it.
static AFFINITIES: [AtomicU64; MAX_CORES] = [const { AtomicU64::new(0) }; MAX_CORES];

static SPURIOUS: AtomicU32 = AtomicU32::new(0);

/// The registers at the address in `base`.
///
/// # Safety
///
/// `base` holds the address of a block of `T`, mapped as device memory for good.
#[inline(always)]
unsafe fn block<T>(base: &AtomicUsize) -> &'static T {
    // SAFETY: by the caller. The fields of T are cells, so many cores may share the reference.
    unsafe { &*core::ptr::with_exposed_provenance(base.load(Relaxed)) }
}

fn gicd_v2() -> &'static v2::Distributor {
    // SAFETY: callers have established that this is a GICv2, so init_distributor was called, and by
    // its contract the address is that of GICD.
    unsafe { block(&DISTRIBUTOR) }
}

/// GICC, or None on a GICv3: one load and one branch.
#[inline(always)]
fn gicc() -> Option<&'static v2::CpuInterface> {
    let base = CPU_INTERFACE.load(Relaxed);
    // SAFETY: not 0, so init_distributor was called with a GICv2, and by its contract this is its
    // address, mapped as device memory for good. The fields are cells.
    (base != 0).then(|| unsafe { &*core::ptr::with_exposed_provenance(base) })
}

fn gicd_v3() -> &'static v3::Distributor {
    // SAFETY: callers have established that this is a GICv3; otherwise as for gicd_v2.
    unsafe { block(&DISTRIBUTOR) }
}

#[inline(always)]
fn is_v3() -> bool {
    CPU_INTERFACE.load(Relaxed) == 0
}

/// Brings the distributor into a known state, with every shared interrupt off. Returns how many
/// interrupt lines there are.
///
/// # Errors
///
/// [`GicError::Timeout`] if a GICv3 does not react.
///
/// # Safety
///
/// Once, on the boot core, before any other function of this module, with interrupts masked and no
/// other core running. The addresses in `gic` are those of such a controller, mapped one to one as
/// device memory for good.
pub unsafe fn init_distributor(gic: &Gic) -> Result<usize, GicError> {
    let lines = match *gic {
        Gic::V2 {
            distributor,
            cpu_interface,
        } => {
            DISTRIBUTOR.store(distributor, Relaxed);
            CPU_INTERFACE.store(cpu_interface, Relaxed);
            gicd_v2().init()
        }
        Gic::V3 {
            distributor,
            redistributors,
            redistributors_size,
        } => {
            DISTRIBUTOR.store(distributor, Relaxed);
            CPU_INTERFACE.store(0, Relaxed);
            REDISTRIBUTORS.store(redistributors, Relaxed);
            REDISTRIBUTORS_BYTES.store(redistributors_size, Relaxed);
            gicd_v3().init()?
        }
    };
    LINES.store(lines, Relaxed);
    barrier::dsb(barrier::SY);
    Ok(lines)
}

/// Brings this core's part into a known state, with every private interrupt off. `core` is the
/// number by which [`send_sgi`] and [`enable_spi`] will name it.
///
/// # Errors
///
/// [`GicError::OutOfRange`] if there can be no such core; [`GicError::NoRedistributor`] or
/// [`GicError::Timeout`] from a GICv3.
pub fn init_core(core: usize) -> Result<(), GicError> {
    let mask = TARGET_MASKS.get(core).ok_or(GicError::OutOfRange)?;
    let affinity = AFFINITIES.get(core).ok_or(GicError::OutOfRange)?;
    affinity.store(MPIDR_EL1.get(), Relaxed);
    if let Some(gicc) = gicc() {
        mask.store(gicd_v2().init_core(), Relaxed);
        gicc.init();
    } else {
        redistributor()?.init()?;
        icc::init();
    }
    barrier::dsb(barrier::SY);
    Ok(())
}

/// This core's redistributor. Looked for every time: it is needed a few times per boot.
fn redistributor() -> Result<&'static v3::Redistributor, GicError> {
    let mpidr = MPIDR_EL1.get();
    let mut at = REDISTRIBUTORS.load(Relaxed);
    let end = at + REDISTRIBUTORS_BYTES.load(Relaxed);
    while at + size_of::<v3::Redistributor>() <= end {
        // SAFETY: by the contract of init_distributor the region consists of redistributors; their
        // fields are cells.
        let here: &v3::Redistributor = unsafe { &*core::ptr::with_exposed_provenance(at) };
        if here.belongs_to(mpidr) {
            return Ok(here);
        }
        if here.is_last() {
            break;
        }
        at += here.stride();
    }
    Err(GicError::NoRedistributor)
}

/// Acknowledges what is pending for this core. None if there is nothing any more: that is normal
/// (the timer was set anew meanwhile), is to be counted ([`count_spurious`]), and must not be ended.
#[inline(always)]
#[must_use]
pub fn acknowledge() -> Option<Ack> {
    let raw = match gicc() {
        Some(gicc) => gicc.iar.get(),
        None => icc::acknowledge(),
    };
    Ack::from_raw(raw)
}

/// There was nothing to acknowledge.
pub fn count_spurious() {
    SPURIOUS.fetch_add(1, Relaxed);
}

/// Ends an interrupt: its priority is dropped and it is not active any more. The controller gets
/// back exactly what it said, the source core of an SGI included (IHI 0048B, section 4.4.5; hazard H9).
#[inline(always)]
pub fn end_of_interrupt(ack: Ack) {
    match gicc() {
        Some(gicc) => gicc.eoir.set(ack.0),
        None => icc::end(ack.0),
    }
}

/// Sends the SGI `intid` (0 to 15) to `core`, after everything that this core has written to
/// memory. A core that has not called [`init_core`] does not get it. Sending to oneself works.
#[inline(never)] // So that the barrier stands before the store in the image too, where pre-flight looks for it.
pub fn send_sgi(core: usize, intid: u32) {
    // What the receiver is to find must be visible before it is told; a store-release does not
    // order against a device (Arm ARM, K11.5; hazard H14).
    barrier::dsb(barrier::ISHST);
    if is_v3() {
        icc::send_sgi(v3::sgi_to(AFFINITIES[core].load(Relaxed), intid));
    } else {
        let mask = u32::from(TARGET_MASKS[core].load(Relaxed));
        gicd_v2().sgir.set((mask << 16) | (intid & 0xf));
    }
}

/// Enables the private interrupt `intid` (an SGI or PPI, below 32) on this core.
///
/// # Errors
///
/// [`GicError::OutOfRange`] if it is none; [`GicError::NoRedistributor`] from a GICv3.
pub fn enable_private(intid: u32) -> Result<(), GicError> {
    if intid >= FIRST_SPI {
        return Err(GicError::OutOfRange);
    }
    if is_v3() {
        redistributor()?.isenabler0.set(1 << intid);
    } else {
        gicd_v2().isenabler[0].set(1 << intid);
    }
    barrier::dsb(barrier::SY);
    Ok(())
}

/// Routes the shared interrupt `intid` to exactly one core, and enables it.
///
/// # Errors
///
/// [`GicError::OutOfRange`] if there is no such line or no such core.
pub fn enable_spi(intid: u32, core: usize) -> Result<(), GicError> {
    let (word, bit) = spi_bit(intid)?;
    let mask = TARGET_MASKS.get(core).ok_or(GicError::OutOfRange)?;
    if is_v3() {
        let gicd = gicd_v3();
        gicd.irouter[intid as usize].set(v3::route(AFFINITIES[core].load(Relaxed)));
        gicd.isenabler[word].set(bit);
    } else {
        let gicd = gicd_v2();
        gicd.itargetsr[intid as usize].set(mask.load(Relaxed));
        gicd.isenabler[word].set(bit);
    }
    barrier::dsb(barrier::SY);
    Ok(())
}

/// Disables the shared interrupt `intid`. One that is being handled on another core ends as usual.
///
/// # Errors
///
/// [`GicError::OutOfRange`] if there is no such line.
pub fn disable_spi(intid: u32) -> Result<(), GicError> {
    let (word, bit) = spi_bit(intid)?;
    if is_v3() {
        gicd_v3().icenabler[word].set(bit);
    } else {
        gicd_v2().icenabler[word].set(bit);
    }
    barrier::dsb(barrier::SY);
    Ok(())
}

fn spi_bit(intid: u32) -> Result<(usize, u32), GicError> {
    if !(FIRST_SPI as usize..lines()).contains(&(intid as usize)) {
        return Err(GicError::OutOfRange);
    }
    Ok((intid as usize / 32, 1 << (intid % 32)))
}

/// How many interrupt lines the controller has; 0 before [`init_distributor`].
#[must_use]
pub fn lines() -> usize {
    LINES.load(Relaxed)
}

/// How many times an interrupt was gone when it was acknowledged, on all cores.
#[must_use]
pub fn spurious() -> u32 {
    SPURIOUS.load(Relaxed)
}
