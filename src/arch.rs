//! What AArch64 needs: entry, exceptions, the switch of address space, caches, timer, and the registers
//! that have no crate.

pub mod boot;
pub mod cache;
pub mod cpu;
pub mod exceptions;
pub mod fp;
pub mod led;
pub mod mmu;
pub mod pmu;
pub mod refusals;
pub mod smp;
pub mod timer;
pub mod translate;
