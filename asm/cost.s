// The subjects of the command `cost`: the exchange of two contexts with one register group more each time. Owned by
// src/suite/cost/contexts.rs, which supplies the operands in braces.
//
// This is the one place besides `reschedule` where a stack is exchanged for another (ARCHITECTURE.md, invariant 1, has
// the argument): both contexts are the same thread, to the scheduler, to an interrupt handler and to a fault's report.

.section .text.cost, "ax"

// extern "C" fn cost_NAME_switch(from: *mut Block, to: *mut Block, thread: usize)
//
// What `reschedule` does after the decision: saves the set on the stack and in the block at x0, takes the stack and
// the set of the block at x1, and returns to whoever called it there. A set has the groups of those before it.
.macro exchange set
    .if \set >= {CALLEE_SAVED}
    stp     x29, x30, [sp, #-{FRAME_SIZE}]!
    mov     x29, sp
    stp     x19, x20, [x29, #{FRAME_X19}]
    stp     x21, x22, [x29, #{FRAME_X19} + 16]
    stp     x23, x24, [x29, #{FRAME_X19} + 32]
    stp     x25, x26, [x29, #{FRAME_X19} + 48]
    stp     x27, x28, [x29, #{FRAME_X19} + 64]
    .endif
    .if \set >= {FP} && \set < {ALL}
    stp     d8, d9, [x29, #{FRAME_D8}]
    stp     d10, d11, [x29, #{FRAME_D8} + 16]
    stp     d12, d13, [x29, #{FRAME_D8} + 32]
    stp     d14, d15, [x29, #{FRAME_D8} + 48]
    .endif
    .if \set >= {ALL}                   // the whole registers, in place of the low halves of eight
    stp     q0, q1, [x0, #{BLOCK_Q}]
    stp     q2, q3, [x0, #{BLOCK_Q} + 32]
    stp     q4, q5, [x0, #{BLOCK_Q} + 64]
    stp     q6, q7, [x0, #{BLOCK_Q} + 96]
    stp     q8, q9, [x0, #{BLOCK_Q} + 128]
    stp     q10, q11, [x0, #{BLOCK_Q} + 160]
    stp     q12, q13, [x0, #{BLOCK_Q} + 192]
    stp     q14, q15, [x0, #{BLOCK_Q} + 224]
    stp     q16, q17, [x0, #{BLOCK_Q} + 256]
    stp     q18, q19, [x0, #{BLOCK_Q} + 288]
    stp     q20, q21, [x0, #{BLOCK_Q} + 320]
    stp     q22, q23, [x0, #{BLOCK_Q} + 352]
    stp     q24, q25, [x0, #{BLOCK_Q} + 384]
    stp     q26, q27, [x0, #{BLOCK_Q} + 416]
    stp     q28, q29, [x0, #{BLOCK_Q} + 448]
    stp     q30, q31, [x0, #{BLOCK_Q} + 480]
    mrs     x4, fpsr
    str     x4, [x0, #{BLOCK_FPSR}]
    .endif
    .if \set >= {FPCR}
    mrs     x3, fpcr
    stp     x29, x3, [x0, #{BLOCK_SP_FPCR}]
    ldp     x29, x3, [x1, #{BLOCK_SP_FPCR}]
    .elseif \set >= {CALLEE_SAVED}
    str     x29, [x0, #{BLOCK_SP_FPCR}]
    ldr     x29, [x1, #{BLOCK_SP_FPCR}]
    .endif
    .if \set >= {TPIDR}                 // the thread's own, whichever of its contexts comes
    msr     tpidr_el0, x2
    .endif
    .if \set >= {FPCR}
    msr     fpcr, x3
    .endif
    .if \set >= {ALL}
    ldr     x4, [x1, #{BLOCK_FPSR}]
    msr     fpsr, x4
    ldp     q0, q1, [x1, #{BLOCK_Q}]
    ldp     q2, q3, [x1, #{BLOCK_Q} + 32]
    ldp     q4, q5, [x1, #{BLOCK_Q} + 64]
    ldp     q6, q7, [x1, #{BLOCK_Q} + 96]
    ldp     q8, q9, [x1, #{BLOCK_Q} + 128]
    ldp     q10, q11, [x1, #{BLOCK_Q} + 160]
    ldp     q12, q13, [x1, #{BLOCK_Q} + 192]
    ldp     q14, q15, [x1, #{BLOCK_Q} + 224]
    ldp     q16, q17, [x1, #{BLOCK_Q} + 256]
    ldp     q18, q19, [x1, #{BLOCK_Q} + 288]
    ldp     q20, q21, [x1, #{BLOCK_Q} + 320]
    ldp     q22, q23, [x1, #{BLOCK_Q} + 352]
    ldp     q24, q25, [x1, #{BLOCK_Q} + 384]
    ldp     q26, q27, [x1, #{BLOCK_Q} + 416]
    ldp     q28, q29, [x1, #{BLOCK_Q} + 448]
    ldp     q30, q31, [x1, #{BLOCK_Q} + 480]
    .endif
    .if \set >= {CALLEE_SAVED}
    ldp     x19, x20, [x29, #{FRAME_X19}]
    ldp     x21, x22, [x29, #{FRAME_X19} + 16]
    ldp     x23, x24, [x29, #{FRAME_X19} + 32]
    ldp     x25, x26, [x29, #{FRAME_X19} + 48]
    ldp     x27, x28, [x29, #{FRAME_X19} + 64]
    .endif
    .if \set >= {FP} && \set < {ALL}
    ldp     d8, d9, [x29, #{FRAME_D8}]
    ldp     d10, d11, [x29, #{FRAME_D8} + 16]
    ldp     d12, d13, [x29, #{FRAME_D8} + 32]
    ldp     d14, d15, [x29, #{FRAME_D8} + 48]
    .endif
    .if \set >= {CALLEE_SAVED}
    mov     sp, x29
    ldp     x29, x30, [sp], #{FRAME_SIZE}
    .endif
    ret
.endm

// extern "C" fn cost_NAME(own: *mut Block, other: *mut Block, thread: usize, times: u64)
//
// Gives the core to the other context `times` times, which gives it back as often: both run the loop below. The other
// one begins there by the restore of a context that is made here, in the frame at its stack pointer. With the set that
// saves nothing there is no other context: that is the loop alone.
//
// Caller: contexts::Contexts::run. On entry: in a thread, IRQs masked; `thread` is TPIDR_EL0. On return, all as a call
// leaves it.
//
// Switch and loop start on a cache line each, so that no set is better placed than another.
.macro subject name, set
.balign 64
.type cost_\name\()_switch, %function
cost_\name\()_switch:
    exchange \set
.size cost_\name\()_switch, . - cost_\name\()_switch
.pushsection .rodata.cost, "a"
    .quad   (.Lcost_\name\()_end - cost_\name\()_switch) / 4
.popsection
.Lcost_\name\()_end:

.balign 64
.global cost_\name
.type cost_\name, %function
cost_\name:
    stp     x29, x30, [sp, #-{SAVED_SIZE}]!
    mov     x29, sp
    stp     x19, x20, [sp, #{SAVED_X19}]
    stp     x21, x22, [sp, #{SAVED_X19} + 16]
    mov     x19, x0
    mov     x20, x1
    mov     x21, x2
    mov     x22, x3
    ldr     x9, [x1, #{BLOCK_SP_FPCR}]
    adr     x10, 1f
    stp     xzr, x10, [x9]
    stp     x1, x0, [x9, #{FRAME_X19}]
    stp     x2, x3, [x9, #{FRAME_X19} + 16]
    .balign 64
1:
    mov     x0, x19
    mov     x1, x20
    mov     x2, x21
    bl      cost_\name\()_switch
    subs    x22, x22, #1
    b.ne    1b
    ldp     x19, x20, [sp, #{SAVED_X19}]
    ldp     x21, x22, [sp, #{SAVED_X19} + 16]
    ldp     x29, x30, [sp], #{SAVED_SIZE}
    ret
.size cost_\name, . - cost_\name
.endm

// How many instructions each switch has, in the order of the subjects: [u64; SETS].
.pushsection .rodata.cost, "a"
.balign 8
.global cost_lengths
cost_lengths:
.popsection

subject loop, {LOOP}
subject callee_saved, {CALLEE_SAVED}
subject fp, {FP}
subject fpcr, {FPCR}
subject tpidr, {TPIDR}
subject all, {ALL}
