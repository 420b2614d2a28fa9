// The one path on which a core leaves one thread for another, and the first steps of a new thread. Owned
// by src/sched/switch.rs, which supplies the operands in braces.

.section .text.switch, "ax"

// extern "C" fn reschedule(cause: Cause)
//
// Asks decide(cause) who is to run. If the answer is "stay", returns; only x29 and x30 have been stored. Otherwise
// saves what the AAPCS64 says a call preserves (x19-x28, x29, x30, sp, the low halves of v8-v15) and FPCR, because to
// the compiler this is a call; exchanges the stack and the thread pointer; restores the same from the new thread's
// stack, releases the old thread (or calls finish_switch(old), which does that and more; the checked image always
// does, because it asserts something), and returns to whoever called reschedule for that thread, perhaps long ago and
// on another core. A thread that never ran returns to thread_start.
//
// Callers: sched::switch (yield, block, exit, preempt_enable) and the interrupt exit in vectors.s.
// On entry: on the thread's stack (SPSel = 0), SP_EL1 empty, IRQs masked, SError open; within an interrupt,
// after end-of-interrupt. Clobbers what a call may clobber.
//
// The first store is to the lowest address that the path needs on the thread's stack, so an overflow faults
// before anything has been decided. The Rust functions run on the core's SP_EL1.
.global reschedule
.type reschedule, %function
reschedule:
    stp     x29, x30, [sp, #-{CONTEXT_SIZE}]!
    mov     x29, sp                     // x29 is the old stack pointer from here: calls preserve it
    msr     spsel, #1
    bl      {decide}                    // x0 = old, x1 = new; x0 = 0: stay
    cbz     x0, 1f
    stp     x19, x20, [x29, #{CONTEXT_X19}]
    stp     x21, x22, [x29, #{CONTEXT_X19} + 16]
    stp     x23, x24, [x29, #{CONTEXT_X19} + 32]
    stp     x25, x26, [x29, #{CONTEXT_X19} + 48]
    stp     x27, x28, [x29, #{CONTEXT_X19} + 64]
    stp     d8, d9, [x29, #{CONTEXT_D8}]
    stp     d10, d11, [x29, #{CONTEXT_D8} + 16]
    stp     d12, d13, [x29, #{CONTEXT_D8} + 32]
    stp     d14, d15, [x29, #{CONTEXT_D8} + 48]
    mrs     x2, fpcr
    stp     x29, x2, [x0, #{THREAD_SP_FPCR}]

    ldp     x29, x2, [x1, #{THREAD_SP_FPCR}]
    msr     tpidr_el0, x1
    msr     fpcr, x2
    ldp     x19, x20, [x29, #{CONTEXT_X19}]
    ldp     x21, x22, [x29, #{CONTEXT_X19} + 16]
    ldp     x23, x24, [x29, #{CONTEXT_X19} + 32]
    ldp     x25, x26, [x29, #{CONTEXT_X19} + 48]
    ldp     x27, x28, [x29, #{CONTEXT_X19} + 64]
    ldp     d8, d9, [x29, #{CONTEXT_D8}]
    ldp     d10, d11, [x29, #{CONTEXT_D8} + 16]
    ldp     d12, d13, [x29, #{CONTEXT_D8} + 32]
    ldp     d14, d15, [x29, #{CONTEXT_D8} + 48]
    msr     sp_el0, x29
    ldrb    w3, [x0, #{THREAD_AFTER}]
    cbnz    w3, 2f                      // there is more to do than to release the old thread
.if {ALWAYS_FINISH}
    b       2f
.endif
    stlrb   wzr, [x0]                   // on_cpu: the old thread's registers are stored, it may run elsewhere now
1:
    msr     spsel, #0
    ldp     x29, x30, [sp], #{CONTEXT_SIZE}
    ret
2:
    bl      {finish_switch}
    b       1b
.size reschedule, . - reschedule

// Where reschedule returns to on the first run of a thread: sp is the top of its stack, x19-x28, v8-v15 and
// FPCR have come out of its fabricated context as zero (a load into d8 clears the upper half of v8: DDI 0487,
// pseudocode of V[], a write extends to all of the register). Does what the restore does not, so that the
// thread's function starts with a defined state, and calls entry(argument) with IRQs on. A function that
// returns ends the thread.
.global thread_start
.type thread_start, %function
thread_start:
    movi    v0.2d, #0
    movi    v1.2d, #0
    movi    v2.2d, #0
    movi    v3.2d, #0
    movi    v4.2d, #0
    movi    v5.2d, #0
    movi    v6.2d, #0
    movi    v7.2d, #0
    movi    v16.2d, #0
    movi    v17.2d, #0
    movi    v18.2d, #0
    movi    v19.2d, #0
    movi    v20.2d, #0
    movi    v21.2d, #0
    movi    v22.2d, #0
    movi    v23.2d, #0
    movi    v24.2d, #0
    movi    v25.2d, #0
    movi    v26.2d, #0
    movi    v27.2d, #0
    movi    v28.2d, #0
    movi    v29.2d, #0
    movi    v30.2d, #0
    movi    v31.2d, #0
    msr     fpsr, xzr
    mrs     x0, tpidr_el0
    ldp     x1, x0, [x0, #{THREAD_ENTRY_ARGUMENT}]
    mov     x29, xzr                    // the chain of frames ends here
    msr     daifclr, #2
    blr     x1
    b       {thread_exit}
.size thread_start, . - thread_start
