// Start of a Raspberry Pi 4, from reset to the kernel: what the board's firmware leaves behind, so
// that the image is tested in the state that it will meet (hardware.md, section 1.2 and 4.2 B).
// Owned by stub.rs, which names the numbers and says where each comes from.
//
// All four cores come here at address 0, in EL3, everything off. Core 0 goes on into the kernel, the
// others wait for an address in their slot of the spin table. The tool writes the addresses of the
// kernel and of the device tree into the finished bytes, and at .Lleft what else is to be left: rubbish
// in memory, interrupts pending, the MMU on.

.section .text.stub, "ax"
.global stub_start
stub_start:
    mov     x0, #{LOCAL_BLOCK}
    str     wzr, [x0, #{LOCAL_CONTROL}]
    mov     w1, #{LOCAL_PRESCALER_CRYSTAL}
    str     w1, [x0, #{LOCAL_PRESCALER}]

    mrs     x0, s3_1_c11_c0_2               // L2CTLR_EL1
    mov     x1, #{L2_DATA_RAM_LATENCY}
    orr     x0, x0, x1
    msr     s3_1_c11_c0_2, x0
    mov     x0, #{SMP_ENABLE}
    msr     s3_1_c15_c2_1, x0               // CPUECTLR_EL1
    mov     x0, #{ACTLR}
    msr     actlr_el3, x0

    ldr     w0, .Lfrequency
    msr     cntfrq_el0, x0
    msr     cntvoff_el2, xzr
    msr     cptr_el3, xzr                   // no trap of floating point

    b       .Lgic                           // over the words that stand at fixed places
.Lgic_done:
    mov     x0, #{SCR}
    msr     scr_el3, x0
    ldr     w0, .Lsctlr
    msr     sctlr_el2, x0
    adr     x0, .Lenter
    msr     elr_el3, x0
    mov     x0, #{SPSR}
    msr     spsr_el3, x0
    isb
    eret

    // Non-secure EL2 from here on.
.Lenter:
    mrs     x6, mpidr_el1
    and     x6, x6, #{CORE_MASK}
    cbz     x6, .Lboot_core
    adr     x5, .Lspin_table
.Lwait:
    wfe                                     // looks again only after an event
    ldr     x4, [x5, x6, lsl #{SPIN_SLOT_SHIFT}]
    cbz     x4, .Lwait
    mov     x0, #0
    b       .Lgo
.Lboot_core:
    ldr     w7, .Lleft
    tbz     w7, #{LEFT_RUBBISH_BIT}, 3f
    bl      .Lfill
3:  tbz     w7, #{LEFT_PENDING_BIT}, 4f
    bl      .Linterrupt
4:  tbz     w7, #{LEFT_MMU_BIT}, 5f
    bl      .Lmap
5:  ldr     w4, .Lkernel
    ldr     w0, .Ltree
.Lgo:
    b       .Ldirty

    .org    stub_start + {SPIN_TABLE}
.Lspin_table:
    .space  {SPIN_TABLE_SIZE}
    .org    stub_start + {TREE_SLOT}
.Ltree:
    .word   0
    .org    stub_start + {KERNEL_SLOT}
.Lkernel:
    .word   0

    // Every interrupt to Group 1, so that the non-secure kernel may have it. Word 0 is banked: each
    // core writes its own. The distributor is switched on by the secondaries only, as on the board.
.Lgic:
    ldr     w2, .Ldistributor
    mrs     x6, mpidr_el1
    ands    x6, x6, #{CORE_MASK}
    b.eq    1f
    mov     w0, #{GICD_ENABLE_BOTH}
    str     w0, [x2, #{GICD_CTLR}]
1:  add     x1, x2, #{GICC_OFFSET}
    mov     w0, #{GICC_CTLR_VALUE}
    str     w0, [x1, #{GICC_CTLR}]
    mov     w0, #{GICC_PMR_ALL}
    str     w0, [x1, #{GICC_PMR}]
    add     x2, x2, #{GICD_IGROUPR}
    mov     w0, #-1
    mov     w3, #0
2:  str     w0, [x2, w3, uxtw #2]
    add     w3, w3, #1
    cmp     w3, #{IGROUPR_WORDS}
    b.lo    2b
    b       .Lgic_done

    // What a register holds that nobody promises anything about. x0 to x4 are promised.
.Ldirty:
    mov     x1, #0
    mov     x2, #0
    mov     x3, #0
    ldr     x5, .Lrubbish
    .irp    n, 6,7,8,9,10,11,12,13,14,15,16,17,18,19,20,21,22,23,24,25,26,27,28,29,30
    eor     x\n, x5, #{DIRTY_MASK}
    .endr
    mov     sp, x5
    br      x4

    // Fills the ranges at .Lranges, multiples of 16, up to an empty one. Clobbers x0 to x3.
.Lfill:
    adr     x2, .Lranges
    ldr     x3, .Lrubbish
6:  ldp     w0, w1, [x2], #8
    cbz     w1, 8f
7:  stp     x3, x3, [x0], #16
    cmp     x0, x1
    b.lo    7b
    b       6b
8:  ret

    // Enables everything, and leaves pending: every SGI from this core, every PPI, the SPIs of one word; and one SGI
    // acknowledged and not ended. All at a priority of the Non-secure half: what was acknowledged at 0, where a reset
    // leaves them, Non-secure software cannot take out of GICC_APR, of which it sees that half only. Clobbers x0 to x3.
.Linterrupt:
    ldr     w2, .Ldistributor
    mov     w0, #-1
    mov     w1, #0
    add     x3, x2, #{GICD_ISENABLER}
9:  str     w0, [x3, w1, uxtw #2]
    add     w1, w1, #1
    cmp     w1, #{IGROUPR_WORDS}
    b.lo    9b
    mov     w1, #{EVERY_SPI_TO_CORE_0}
    mov     w3, #{GICD_ITARGETSR_SPIS}
10: str     w1, [x2, w3, uxtw]
    add     w3, w3, #4
    cmp     w3, #{GICD_ITARGETSR_END}
    b.lo    10b
    mov     w1, #{EVERY_PRIORITY_HALF}
    orr     w1, w1, w1, lsl #16
    mov     w3, #{GICD_IPRIORITYR}
12: str     w1, [x2, w3, uxtw]
    add     w3, w3, #4
    cmp     w3, #{GICD_IPRIORITYR_END}
    b.lo    12b
    add     x3, x2, #{GICD_ISPENDR}
    str     w0, [x3]
    str     w0, [x3, #{PENDING_SPI_WORD} * 4]
    mov     w1, #{GICD_SGIR_TO_SELF}
11: str     w1, [x2, #{GICD_SGIR}]
    add     w1, w1, #1
    tst     w1, #{SGI_MASK}
    b.ne    11b
    mov     w0, #{NS_ENABLE}
    str     w0, [x2, #{GICD_CTLR}]
    add     x2, x2, #{GICC_OFFSET}
    mov     w1, #{GICC_PMR_ALL}
    str     w1, [x2, #{GICC_PMR}]
    str     w0, [x2, #{GICC_CTLR}]
    dsb     sy
    ldr     w0, [x2, #{GICC_IAR}]
    dsb     sy
    ret

    // MMU, data and instruction cache on at EL2, one to one: 3 GiB of memory, then devices. Clobbers x0.
.Lmap:
    adr     x0, .Ltable
    msr     ttbr0_el2, x0
    ldr     x0, .Lmair
    msr     mair_el2, x0
    ldr     x0, .Ltcr
    msr     tcr_el2, x0
    dsb     sy
    tlbi    alle2
    dsb     sy
    isb
    ldr     w0, .Lsctlr_mmu
    msr     sctlr_el2, x0
    isb
    ret

    .balign 64
.Ltable:
    .quad   {BLOCK_NORMAL}, {BLOCK_NORMAL} + 0x40000000, {BLOCK_NORMAL} + 0x80000000
    .quad   {BLOCK_DEVICE} + 0xc0000000
.Lmair:
    .quad   {MAIR}
.Ltcr:
    .quad   {TCR_EL2}
.Lrubbish:
    .quad   {RUBBISH}
.Lfrequency:
    .word   {FREQUENCY}
.Lsctlr:
    .word   {SCTLR}
.Lsctlr_mmu:
    .word   {SCTLR_MMU}
.Ldistributor:
    .word   {DISTRIBUTOR}

    .org    stub_start + {LEFT_SLOT}
.Lleft:
    .word   0
.Lranges:
    .space  {RANGES} * 8 + 8
