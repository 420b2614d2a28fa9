//! The CPU interface of GICv3: system registers (Arm IHI 0069H, section 12.2), by their encodings
//! because neither the assembler nor aarch64-cpu has all their names.
#![expect(unsafe_code, reason = "system registers without a safe name")]

use core::arch::asm;

use super::PRIORITY_MASK;

/// Priority mask, end of interrupt that also deactivates (EOImode 0), Group 1 on. EL2 must have set
/// ICC_SRE_EL2.Enable, if there was an EL2.
pub(super) fn init() {
    // SAFETY: these registers affect nothing but which interrupts reach this core, and all are off.
    unsafe {
        asm!(
            "mrs {tmp}, S3_0_C12_C12_5", // ICC_SRE_EL1
            "orr {tmp}, {tmp}, #1",
            "msr S3_0_C12_C12_5, {tmp}",
            "isb",
            "msr S3_0_C4_C6_0, {pmr}",   // ICC_PMR_EL1
            "msr S3_0_C12_C12_3, xzr",   // ICC_BPR1_EL1
            "msr S3_0_C12_C9_0, xzr",    // ICC_AP1R0_EL1: no priority is active from before
            "msr S3_0_C12_C12_4, xzr",   // ICC_CTLR_EL1
            "msr S3_0_C12_C12_7, {one}", // ICC_IGRPEN1_EL1
            "isb",
            tmp = out(reg) _,
            pmr = in(reg) u64::from(PRIORITY_MASK),
            one = in(reg) 1u64,
            options(nostack, preserves_flags),
        );
    }
}

/// Reads ICC_IAR1_EL1.
#[inline(always)]
pub(super) fn acknowledge() -> u32 {
    let raw: u64;
    // SAFETY: the read changes the state of the controller only. The DSB makes the acknowledgement
    // take effect before interrupts can be unmasked again.
    unsafe {
        asm!("mrs {}, S3_0_C12_C12_0", "dsb sy", out(reg) raw, options(nostack, preserves_flags));
    }
    raw as u32
}

/// Writes ICC_EOIR1_EL1.
#[inline(always)]
pub(super) fn end(raw: u32) {
    // SAFETY: changes the state of the controller only.
    unsafe {
        asm!(
            "msr S3_0_C12_C12_1, {}", "isb",
            in(reg) u64::from(raw), options(nostack, preserves_flags)
        );
    }
}

/// Writes ICC_SGI1R_EL1.
#[inline(always)]
pub(super) fn send_sgi(value: u64) {
    // SAFETY: makes an interrupt pending on a core, which is ready for that at any time.
    unsafe {
        asm!("msr S3_0_C12_C11_5, {}", "isb", in(reg) value, options(nostack, preserves_flags));
    }
}
