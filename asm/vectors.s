// Exception vectors, and the interrupt frame. Owned by src/arch/exceptions.rs, which supplies the operands
// in braces.
//
//   offset  taken from              what arrives                          goes to
//   0x000   EL1 with SP_EL0         synchronous: a thread's fault         fault, kind 0
//   0x080     (threads)             IRQ                                   irq_from_thread
//   0x100                           FIQ: nothing is configured so         fault, kind 2
//   0x180                           SError                                fault, kind 3
//   0x200   EL1 with SP_EL1         synchronous: a handler's own fault    fault, kind 4
//   0x280     (handlers)            IRQ: handlers run masked              fault, kind 5
//   0x300                           FIQ                                   fault, kind 6
//   0x380                           SError                                fault, kind 7
//   0x400.. lower exception levels  there is none                         fault, kinds 8 to 15
//
// (DDI 0487, D1.3.1.3, table of vector offsets.)

.section .text.vectors, "ax"

// One slot. `.org` pads it to 128 bytes, and is an error when the slot is longer.
.macro slot kind
.Lslot\kind:
    sub     sp, sp, #{FAULT_SIZE}
    stp     x0, x1, [sp]
    mov     x0, #\kind
    b       fault_common
.org .Lslot\kind + 0x80
.endm

.balign 2048
.global vectors
vectors:
    slot    0
.Lslot1:
    b       irq_from_thread
.org .Lslot1 + 0x80
    slot    2
    slot    3
    slot    4
    slot    5
    slot    6
    slot    7
    slot    8
    slot    9
    slot    10
    slot    11
    slot    12
    slot    13
    slot    14
    slot    15

// An interrupt has been taken from a thread. On entry: on SP_EL1, which is empty; all masked; every
// register is the thread's.
//
// The frame lies on the thread's own stack, because it must travel with the thread if there is a switch.
// It holds what a call may clobber, x0-x18, x29, x30, FPSR and all 128 bits of v0-v31 (a call preserves
// only the low halves of v8-v15), with ELR, SPSR and FPCR; x19-x28 survive the handler by the ABI, and
// reschedule saves them if there is a switch. The handler itself runs on SP_EL1.
//
// An overflow must fault while nothing is held and the interrupt is not acknowledged: so the first access
// is to the lowest address that this path can need, frame and reschedule's context together.
.global irq_from_thread
irq_from_thread:
    msr     spsel, #0
    sub     sp, sp, #{FRAME_SIZE}
.Lprobe:
    stur    xzr, [sp, #-{CONTEXT_SIZE}] // by its address a fault here is told from others
    stp     x0, x1, [sp, #{FRAME_X0}]
    mrs     x0, elr_el1
    mrs     x1, spsr_el1
    stp     x29, x0, [sp, #{FRAME_FP_ELR}]
    stp     x30, x1, [sp, #{FRAME_LR_SPSR}]
    add     x29, sp, #{FRAME_FP_ELR}    // a frame record: backtraces go on into the interrupted function
    stp     x2, x3, [sp, #{FRAME_X0} + 16]
    stp     x4, x5, [sp, #{FRAME_X0} + 32]
    stp     x6, x7, [sp, #{FRAME_X0} + 48]
    stp     x8, x9, [sp, #{FRAME_X0} + 64]
    stp     x10, x11, [sp, #{FRAME_X0} + 80]
    stp     x12, x13, [sp, #{FRAME_X0} + 96]
    stp     x14, x15, [sp, #{FRAME_X0} + 112]
    stp     x16, x17, [sp, #{FRAME_X0} + 128]
    mrs     x0, fpcr
    mrs     x1, fpsr
    stp     x18, x0, [sp, #{FRAME_X18_FPCR}]
    str     x1, [sp, #{FRAME_FPSR}]
    stp     q0, q1, [sp, #{FRAME_Q0}]
    stp     q2, q3, [sp, #{FRAME_Q0} + 32]
    stp     q4, q5, [sp, #{FRAME_Q0} + 64]
    stp     q6, q7, [sp, #{FRAME_Q0} + 96]
    stp     q8, q9, [sp, #{FRAME_Q0} + 128]
    stp     q10, q11, [sp, #{FRAME_Q0} + 160]
    stp     q12, q13, [sp, #{FRAME_Q0} + 192]
    stp     q14, q15, [sp, #{FRAME_Q0} + 224]
    stp     q16, q17, [sp, #{FRAME_Q0} + 256]
    stp     q18, q19, [sp, #{FRAME_Q0} + 288]
    stp     q20, q21, [sp, #{FRAME_Q0} + 320]
    stp     q22, q23, [sp, #{FRAME_Q0} + 352]
    stp     q24, q25, [sp, #{FRAME_Q0} + 384]
    stp     q26, q27, [sp, #{FRAME_Q0} + 416]
    stp     q28, q29, [sp, #{FRAME_Q0} + 448]
    stp     q30, q31, [sp, #{FRAME_Q0} + 480]
    msr     fpcr, xzr                   // handlers run with default rounding, whatever the thread set

    msr     spsel, #1
    bl      {irq_dispatch}              // acknowledge, handle, end of interrupt: the cause, or 0
    msr     spsel, #0
    cbz     x0, 1f
    msr     daifclr, #4                 // as every other caller of reschedule: SError open, IRQ masked
    bl      reschedule                  // SP_EL1 is empty, the GIC's priority has dropped
    msr     daifset, #0xf               // an SError may not come between writing ELR and eret
1:
    ldp     q0, q1, [sp, #{FRAME_Q0}]
    ldp     q2, q3, [sp, #{FRAME_Q0} + 32]
    ldp     q4, q5, [sp, #{FRAME_Q0} + 64]
    ldp     q6, q7, [sp, #{FRAME_Q0} + 96]
    ldp     q8, q9, [sp, #{FRAME_Q0} + 128]
    ldp     q10, q11, [sp, #{FRAME_Q0} + 160]
    ldp     q12, q13, [sp, #{FRAME_Q0} + 192]
    ldp     q14, q15, [sp, #{FRAME_Q0} + 224]
    ldp     q16, q17, [sp, #{FRAME_Q0} + 256]
    ldp     q18, q19, [sp, #{FRAME_Q0} + 288]
    ldp     q20, q21, [sp, #{FRAME_Q0} + 320]
    ldp     q22, q23, [sp, #{FRAME_Q0} + 352]
    ldp     q24, q25, [sp, #{FRAME_Q0} + 384]
    ldp     q26, q27, [sp, #{FRAME_Q0} + 416]
    ldp     q28, q29, [sp, #{FRAME_Q0} + 448]
    ldp     q30, q31, [sp, #{FRAME_Q0} + 480]
    ldp     x18, x0, [sp, #{FRAME_X18_FPCR}]
    ldr     x1, [sp, #{FRAME_FPSR}]
    msr     fpcr, x0
    msr     fpsr, x1
    ldp     x16, x17, [sp, #{FRAME_X0} + 128]
    ldp     x14, x15, [sp, #{FRAME_X0} + 112]
    ldp     x12, x13, [sp, #{FRAME_X0} + 96]
    ldp     x10, x11, [sp, #{FRAME_X0} + 80]
    ldp     x8, x9, [sp, #{FRAME_X0} + 64]
    ldp     x6, x7, [sp, #{FRAME_X0} + 48]
    ldp     x4, x5, [sp, #{FRAME_X0} + 32]
    ldp     x2, x3, [sp, #{FRAME_X0} + 16]
    ldp     x29, x0, [sp, #{FRAME_FP_ELR}]
    ldp     x30, x1, [sp, #{FRAME_LR_SPSR}]
    msr     elr_el1, x0
    msr     spsr_el1, x1
    ldp     x0, x1, [sp, #{FRAME_X0}]
    add     sp, sp, #{FRAME_SIZE}
    eret

// A fault or an unexpected exception. On entry: on SP_EL1, FAULT_SIZE bytes below where it was, with the
// thread's x0 and x1 stored and the kind in x0. Completes the fault frame and calls fault(&frame), which
// returns only if it is a thread's, so that SP_EL1 was empty and is so again. If the thread is to end, it goes on
// at the top of its own stack (x0, with the report above it), with interrupts and SError open, in
// last_act(report, bytes), which does not return. If x0 = 0, it goes on as it was.
.global fault_common
fault_common:
    stp     x2, x3, [sp, #16]
    stp     x4, x5, [sp, #32]
    stp     x6, x7, [sp, #48]
    stp     x8, x9, [sp, #64]
    stp     x10, x11, [sp, #80]
    stp     x12, x13, [sp, #96]
    stp     x14, x15, [sp, #112]
    stp     x16, x17, [sp, #128]
    stp     x18, x19, [sp, #144]
    stp     x20, x21, [sp, #160]
    stp     x22, x23, [sp, #176]
    stp     x24, x25, [sp, #192]
    stp     x26, x27, [sp, #208]
    stp     x28, x29, [sp, #224]
    stp     x30, x0, [sp, #{FAULT_LR_KIND}]
    mrs     x0, elr_el1
    mrs     x1, spsr_el1
    stp     x0, x1, [sp, #{FAULT_ELR_SPSR}]
    mrs     x0, esr_el1
    mrs     x1, far_el1
    stp     x0, x1, [sp, #{FAULT_ESR_FAR}]
    mrs     x0, sp_el0
    add     x1, sp, #{FAULT_SIZE}
    stp     x0, x1, [sp, #{FAULT_SP0_SP1}]
    mrs     x0, fpcr
    mrs     x1, fpsr
    stp     x0, x1, [sp, #{FAULT_FPCR_FPSR}]
    stp     q0, q1, [sp, #{FAULT_Q0}]
    stp     q2, q3, [sp, #{FAULT_Q0} + 32]
    stp     q4, q5, [sp, #{FAULT_Q0} + 64]
    stp     q6, q7, [sp, #{FAULT_Q0} + 96]
    stp     q8, q9, [sp, #{FAULT_Q0} + 128]
    stp     q10, q11, [sp, #{FAULT_Q0} + 160]
    stp     q12, q13, [sp, #{FAULT_Q0} + 192]
    stp     q14, q15, [sp, #{FAULT_Q0} + 224]
    stp     q16, q17, [sp, #{FAULT_Q0} + 256]
    stp     q18, q19, [sp, #{FAULT_Q0} + 288]
    stp     q20, q21, [sp, #{FAULT_Q0} + 320]
    stp     q22, q23, [sp, #{FAULT_Q0} + 352]
    stp     q24, q25, [sp, #{FAULT_Q0} + 384]
    stp     q26, q27, [sp, #{FAULT_Q0} + 416]
    stp     q28, q29, [sp, #{FAULT_Q0} + 448]
    stp     q30, q31, [sp, #{FAULT_Q0} + 480]
    msr     fpcr, xzr
    mov     x0, sp
    bl      {fault}
    cbz     x0, 1f
    add     sp, sp, #{FAULT_SIZE}
    b       thread_ends
1:
    ldp     q0, q1, [sp, #{FAULT_Q0}]
    ldp     q2, q3, [sp, #{FAULT_Q0} + 32]
    ldp     q4, q5, [sp, #{FAULT_Q0} + 64]
    ldp     q6, q7, [sp, #{FAULT_Q0} + 96]
    ldp     q8, q9, [sp, #{FAULT_Q0} + 128]
    ldp     q10, q11, [sp, #{FAULT_Q0} + 160]
    ldp     q12, q13, [sp, #{FAULT_Q0} + 192]
    ldp     q14, q15, [sp, #{FAULT_Q0} + 224]
    ldp     q16, q17, [sp, #{FAULT_Q0} + 256]
    ldp     q18, q19, [sp, #{FAULT_Q0} + 288]
    ldp     q20, q21, [sp, #{FAULT_Q0} + 320]
    ldp     q22, q23, [sp, #{FAULT_Q0} + 352]
    ldp     q24, q25, [sp, #{FAULT_Q0} + 384]
    ldp     q26, q27, [sp, #{FAULT_Q0} + 416]
    ldp     q28, q29, [sp, #{FAULT_Q0} + 448]
    ldp     q30, q31, [sp, #{FAULT_Q0} + 480]
    ldp     x0, x1, [sp, #{FAULT_FPCR_FPSR}]
    msr     fpcr, x0
    msr     fpsr, x1
    ldp     x0, x1, [sp, #{FAULT_ELR_SPSR}]
    msr     elr_el1, x0
    msr     spsr_el1, x1
    ldp     x2, x3, [sp, #16]
    ldp     x4, x5, [sp, #32]
    ldp     x6, x7, [sp, #48]
    ldp     x8, x9, [sp, #64]
    ldp     x10, x11, [sp, #80]
    ldp     x12, x13, [sp, #96]
    ldp     x14, x15, [sp, #112]
    ldp     x16, x17, [sp, #128]
    ldp     x18, x19, [sp, #144]
    ldp     x20, x21, [sp, #160]
    ldp     x22, x23, [sp, #176]
    ldp     x24, x25, [sp, #192]
    ldp     x26, x27, [sp, #208]
    ldp     x28, x29, [sp, #224]
    ldr     x30, [sp, #{FAULT_LR_KIND}]
    ldp     x0, x1, [sp]
    add     sp, sp, #{FAULT_SIZE}
    eret

.global thread_ends
thread_ends:
    msr     spsel, #0
    mov     sp, x0
    mov     x29, xzr                    // the chain of frames begins here
    mov     x30, xzr
    msr     daifclr, #6
    b       {last_act}

// Where an interrupt lets a thread go on that has used more than its stack with interrupts masked.
.global overflow_ends
overflow_ends:
    brk     #{OVERFLOW}

// Where such a thread goes on if it was switched away from meanwhile, in place of the return from reschedule:
// interrupts are masked, and x19-x28 and v8-v15 are the caller's.
.global overflow_diverted
overflow_diverted:
    stp     x29, x30, [sp, #-16]!
    mov     x29, sp
    bl      {overflow_goes_on}
    ldp     x29, x30, [sp], #16
    mov     x30, x0
    ret

// extern "C" fn take_interrupt() -> u64
//
// Takes the interrupt that is pending, if there is one, without an exception: for a thread that has nothing in its
// registers worth a frame. Returns what irq_dispatch does: the cause to call reschedule with, or 0.
//
// Caller: sched::idle. On entry: on a thread's stack (SPSel = 0), SP_EL1 empty, IRQs masked, FPCR = 0. Clobbers what a
// call may clobber. The handler runs on SP_EL1, as it does behind a vector.
.global take_interrupt
.type take_interrupt, %function
take_interrupt:
    stp     x29, x30, [sp, #-16]!
    mov     x29, sp
    msr     spsel, #1
    bl      {irq_dispatch}
    msr     spsel, #0
    ldp     x29, x30, [sp], #16
    ret
.size take_interrupt, . - take_interrupt

.section .rodata.vectors, "a"
.balign 8
.global interrupt_probe_address
interrupt_probe_address:
    .quad   .Lprobe
