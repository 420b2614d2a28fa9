// Entry of the boot core and of the secondaries: from whatever exception level the firmware left, to Rust
// with the MMU and both caches on. Owned by src/arch/boot.rs, which supplies the operands in braces.
//
// Nothing here uses a stack, an exclusive or a floating-point register, and no Rust runs, before SCTLR_EL1
// has M and C set: with the MMU off all data is Device memory, where an exclusive never succeeds or raises
// an SError (DDI 0487, B2.9.2) and an unaligned access faults (hazards H1, H2 and H12).

// --- Image header (Linux, Documentation/arch/arm64/booting.rst, section 4) --------------------------------

.section .text.head, "ax"
.global _start
_start:
    b       led_entry                   // code0: the LED, then boot_entry
    .long   0                           // code1
    .quad   {TEXT_OFFSET}               // load offset from a 2 MiB boundary
    .quad   __image_size                // with .bss and stacks: QEMU ignores the offset when this is 0
    .quad   0xa                         // little endian, 4 KiB pages, anywhere in memory
    .quad   0
    .quad   0
    .quad   0
    .ascii  "ARM\x64"
    .long   0

.section .text.boot, "ax"

// Leaves EL2 for EL1h at the next instruction, IRQs and all else masked; at EL1 does nothing. Never at EL3.
// Every register that could trap or redirect EL1 is written whole, not modified (but for ICC_SRE_EL2, which
// keeps its bypass bits): the Pi's stub leaves them as reset, that is unknown. Clobbers x1, x2.
.macro drop_to_el1
    mrs     x1, currentel
    cmp     x1, #(2 << 2)
    b.ne    .Lat_el1\@
    adr     x1, boot_vectors
    msr     vbar_el2, x1
    mov     x1, #(1 << 31)              // RW: EL1 is AArch64; no trap, no routing to EL2, no E2H
    msr     hcr_el2, x1
    isb                                 // E2H is off before the registers that it renames are written
    mov     x1, #0x33ff                 // TFP = 0: floating point does not trap; the rest is RES1
    msr     cptr_el2, x1
    msr     hstr_el2, xzr               // hazard H11: all of these, whole, on every core
    mov     x1, #3                      // EL1 reaches the physical counter and timer (hazard H10)
    msr     cnthctl_el2, x1
    msr     cntvoff_el2, xzr            // the virtual counter is the physical one, on every core
    mrs     x1, midr_el1
    msr     vpidr_el2, x1
    mrs     x1, mpidr_el1
    msr     vmpidr_el2, x1
    msr     vttbr_el2, xzr
    mrs     x1, id_aa64dfr0_el1
    ubfx    x2, x1, #8, #4              // PMUVer: 0 is no PMU, 15 one that is not the architecture's
    mov     x1, xzr
    cbz     x2, .Lno_pmu\@
    cmp     x2, #15
    b.eq    .Lno_pmu\@
    mrs     x1, pmcr_el0
    ubfx    x1, x1, #11, #5             // HPMN = N: all counters are EL1's, nothing traps
.Lno_pmu\@:
    msr     mdcr_el2, x1
    mrs     x1, id_aa64pfr0_el1
    ubfx    x1, x1, #24, #4             // GICv3 system registers?
    cbz     x1, .Lno_gicv3\@
    mrs     x1, S3_4_C12_C9_5           // ICC_SRE_EL2
    orr     x1, x1, #1                  // SRE
    orr     x1, x1, #8                  // Enable: EL1 may use them
    msr     S3_4_C12_C9_5, x1
    isb
    mrs     x1, S3_4_C12_C9_5
    tbz     x1, #0, .Lno_gicv3\@        // EL3 keeps them to itself
    msr     S3_4_C12_C11_0, xzr         // ICH_HCR_EL2: no virtual interrupts
.Lno_gicv3\@:
    ldr     x1, ={SCTLR_MMU_OFF}
    msr     sctlr_el1, x1
    mov     x1, #0x3c5                  // EL1h, D A I F masked
    msr     spsr_el2, x1
    adr     x1, .Lat_el1\@
    msr     elr_el2, x1
    isb
    eret
.Lat_el1\@:
    msr     spsel, #1
    ldr     x1, ={SCTLR_MMU_OFF}
    msr     sctlr_el1, x1
    mov     x1, #(3 << 20)              // FPEN: floating point does not trap
    msr     cpacr_el1, x1
    msr     cntkctl_el1, xzr            // no event stream of an unknown rate
    adr     x1, boot_vectors
    msr     vbar_el1, x1
    isb
    msr     fpcr, xzr                   // unknown after a reset; idle threads, and handlers, count on it
.endm

// Turns the MMU and the caches on with the tables at \root (a register), in the order that hazards H6 and H8 ask
// for. Clobbers x1, x2.
.macro mmu_on root
    ldr     x1, ={MAIR}
    msr     mair_el1, x1
    ldr     x1, ={TCR}
    mrs     x2, id_aa64mmfr0_el1
    and     x2, x2, #0xf                // PARange
    cmp     x2, #5
    b.ls    .Lrange\@
    mov     x2, #5                      // 48 bits are the most that a 4 KiB granule has here
.Lrange\@:
    bfi     x1, x2, #32, #3             // IPS
    msr     tcr_el1, x1
    msr     ttbr0_el1, \root
    msr     ttbr1_el1, xzr
    dsb     sy
    ic      iallu                       // instruction cache and TLB hold nothing from before
    tlbi    vmalle1
    dsb     sy
    isb                                 // the registers above are in force ...
    ldr     x1, ={SCTLR_MMU_ON}
    msr     sctlr_el1, x1
    isb                                 // ... before this, and this before the next fetch
.endm

// Cleans and invalidates every line that [x1, x2) touches, to the point of coherency: from the start of the line of x1,
// since steps from the middle of a line would miss the last one. Neighbours on these lines lose nothing: what they had
// is written back. Clobbers x1, x3, x4.
.macro clean_invalidate
    mrs     x3, ctr_el0
    ubfx    x3, x3, #16, #4             // DminLine: log2 of words
    mov     x4, #4
    lsl     x3, x4, x3
    sub     x4, x3, #1
    bic     x1, x1, x4
.Lline\@:
    dc      civac, x1
    add     x1, x1, x3
    cmp     x1, x2
    b.lo    .Lline\@
    dsb     sy
.endm

// --- Boot core -------------------------------------------------------------------------------------------
//
// Entered by the firmware with x0 = physical address of the device tree, or something else (QEMU's raspi4b
// without a tree: 0x100). Calls boot_main(x0, exception level) and does not come back.
.global boot_entry
boot_entry:
    msr     daifset, #0xf
    mov     x19, x0
    mrs     x21, currentel
    cmp     x21, #(3 << 2)
    b.eq    refuse_el3

    // An ELF loaded by an emulator, or a stub that does not hold the others, starts all cores here.
    mrs     x1, mpidr_el1
    ldr     x2, ={MPIDR_AFFINITY}
    tst     x1, x2
    b.ne    park

    b       relocate                    // relocate.s: comes back with the MMU off, where the image is linked for
.global boot_settled
boot_settled:
    drop_to_el1

    // The early map: the image as Normal memory, the UART as Device. It lives until Rust has built the
    // final tables. The firmware may have left dirty lines over these pages: out with them first (hazard H3).
    ldr     x20, =__early_tables_start
    mov     x1, x20
    ldr     x2, =__early_tables_end
    clean_invalidate
    mov     x1, x20
1:  stp     xzr, xzr, [x1], #16
    cmp     x1, x2
    b.lo    1b

    ldr     x5, =__image_start
    ldr     x6, =__image_end
    ldr     x7, =PIVOT_UART_BASE
    add     x8, x20, #4096              // second level, image
    add     x9, x20, #8192              // second level, UART
    orr     x1, x8, #{TABLE}
    lsr     x2, x5, #30
    str     x1, [x20, x2, lsl #3]
    orr     x1, x9, #{TABLE}
    lsr     x2, x7, #30
    str     x1, [x20, x2, lsl #3]
    lsr     x5, x5, #21
    sub     x6, x6, #1
    lsr     x6, x6, #21
    ldr     x3, ={BLOCK_NORMAL}
2:  orr     x1, x3, x5, lsl #21
    and     x2, x5, #511
    str     x1, [x8, x2, lsl #3]
    add     x5, x5, #1
    cmp     x5, x6
    b.ls    2b
    ldr     x3, ={BLOCK_DEVICE}
    lsr     x7, x7, #21
    orr     x1, x3, x7, lsl #21
    and     x2, x7, #511
    str     x1, [x9, x2, lsl #3]
    mov     x1, x20
    ldr     x2, =__early_tables_end
    clean_invalidate

    mmu_on  x20

    // Through the caches from here on, so stale lines over .bss and stacks do not matter.
    ldr     x1, =__exception_stack_top
    mov     sp, x1
    msr     spsel, #0
    ldr     x1, =__boot_stack_top
    mov     sp, x1
    ldr     x1, =__bss_start
    ldr     x2, =__bss_end
3:  stp     xzr, xzr, [x1], #16
    cmp     x1, x2
    b.lo    3b
    // Vectors stay boot_vectors, and SErrors masked, until Rust can report one: exceptions::take_over.
    mov     x0, x19
    lsr     x1, x21, #2                 // exception level at entry
    mov     x29, xzr
    mov     x30, xzr
    bl      {boot_main}
    b       park

// --- Secondary cores -------------------------------------------------------------------------------------
//
// Entered from the firmware's pen or by PSCI CPU_ON, at EL2 or EL1, MMU off. Reads one word with the MMU
// off: the root of the final tables, which the boot core has cleaned to memory. Looks its MPIDR up in the
// list of {{mpidr, exception stack, thread stack, core}}, then calls secondary_main(core). A core that is
// not in the list parks.
.global secondary_entry
secondary_entry:
    msr     daifset, #0xf
    mrs     x1, currentel
    cmp     x1, #(3 << 2)
    b.eq    park
    drop_to_el1
    ldr     x1, ={final_root}
    ldr     x20, [x1]
    mmu_on  x20

    mrs     x1, mpidr_el1
    ldr     x2, ={MPIDR_AFFINITY}
    and     x1, x1, x2
    ldr     x2, ={secondaries}
    mov     x3, #{SECONDARIES}
4:  ldr     x4, [x2, #{SECONDARY_MPIDR}]
    cmp     x4, x1
    b.eq    5f
    add     x2, x2, #{SECONDARY_SIZE}
    subs    x3, x3, #1
    b.ne    4b
    b       park
5:  ldp     x4, x5, [x2, #{SECONDARY_STACKS}]
    cbz     x4, park
    ldr     x0, [x2, #{SECONDARY_CORE}]
    mov     sp, x4
    msr     spsel, #0
    mov     sp, x5
    mov     x29, xzr                    // vectors: as on the boot core
    mov     x30, xzr
    bl      {secondary_main}
    b       park

    .ltorg
