// The subjects of the command `regs`: code that fills every register, gives up the core or has it taken away, and
// stores what it finds. Owned by src/suite/regs/registers.rs, which supplies the operands in braces.
//
// In assembly from the first register filled to the last one stored, so that no compiler decides what is kept where.

.section .text.regs, "ax"

// Fills FPCR, FPSR, NZCV, v0-v31 and x1-x29 from the register file at \base, which is x0 or x30. x0 and x30 are left
// to the user of this, \base last.
.macro fill base
    ldp     x2, x3, [\base, #{FILE_FPCR_FPSR}]
    ldr     x4, [\base, #{FILE_NZCV}]
    msr     fpcr, x2
    msr     fpsr, x3
    msr     nzcv, x4
    ldp     q0, q1, [\base, #{FILE_V}]
    ldp     q2, q3, [\base, #{FILE_V} + 32]
    ldp     q4, q5, [\base, #{FILE_V} + 64]
    ldp     q6, q7, [\base, #{FILE_V} + 96]
    ldp     q8, q9, [\base, #{FILE_V} + 128]
    ldp     q10, q11, [\base, #{FILE_V} + 160]
    ldp     q12, q13, [\base, #{FILE_V} + 192]
    ldp     q14, q15, [\base, #{FILE_V} + 224]
    ldp     q16, q17, [\base, #{FILE_V} + 256]
    ldp     q18, q19, [\base, #{FILE_V} + 288]
    ldp     q20, q21, [\base, #{FILE_V} + 320]
    ldp     q22, q23, [\base, #{FILE_V} + 352]
    ldp     q24, q25, [\base, #{FILE_V} + 384]
    ldp     q26, q27, [\base, #{FILE_V} + 416]
    ldp     q28, q29, [\base, #{FILE_V} + 448]
    ldp     q30, q31, [\base, #{FILE_V} + 480]
    ldr     x1, [\base, #{FILE_X} + 8]
    ldp     x2, x3, [\base, #{FILE_X} + 16]
    ldp     x4, x5, [\base, #{FILE_X} + 32]
    ldp     x6, x7, [\base, #{FILE_X} + 48]
    ldp     x8, x9, [\base, #{FILE_X} + 64]
    ldp     x10, x11, [\base, #{FILE_X} + 80]
    ldp     x12, x13, [\base, #{FILE_X} + 96]
    ldp     x14, x15, [\base, #{FILE_X} + 112]
    ldp     x16, x17, [\base, #{FILE_X} + 128]
    ldp     x18, x19, [\base, #{FILE_X} + 144]
    ldp     x20, x21, [\base, #{FILE_X} + 160]
    ldp     x22, x23, [\base, #{FILE_X} + 176]
    ldp     x24, x25, [\base, #{FILE_X} + 192]
    ldp     x26, x27, [\base, #{FILE_X} + 208]
    ldp     x28, x29, [\base, #{FILE_X} + 224]
.endm

// Stores every register but x0 and x1 to the register file at x0. Changes x1 and x2 only, after they or what they
// held have been stored.
.macro dump
    stp     x2, x3, [x0, #{FILE_X} + 16]
    stp     x4, x5, [x0, #{FILE_X} + 32]
    stp     x6, x7, [x0, #{FILE_X} + 48]
    stp     x8, x9, [x0, #{FILE_X} + 64]
    stp     x10, x11, [x0, #{FILE_X} + 80]
    stp     x12, x13, [x0, #{FILE_X} + 96]
    stp     x14, x15, [x0, #{FILE_X} + 112]
    stp     x16, x17, [x0, #{FILE_X} + 128]
    stp     x18, x19, [x0, #{FILE_X} + 144]
    stp     x20, x21, [x0, #{FILE_X} + 160]
    stp     x22, x23, [x0, #{FILE_X} + 176]
    stp     x24, x25, [x0, #{FILE_X} + 192]
    stp     x26, x27, [x0, #{FILE_X} + 208]
    stp     x28, x29, [x0, #{FILE_X} + 224]
    mov     x2, sp
    stp     x30, x2, [x0, #{FILE_LR_SP}]
    stp     q0, q1, [x0, #{FILE_V}]
    stp     q2, q3, [x0, #{FILE_V} + 32]
    stp     q4, q5, [x0, #{FILE_V} + 64]
    stp     q6, q7, [x0, #{FILE_V} + 96]
    stp     q8, q9, [x0, #{FILE_V} + 128]
    stp     q10, q11, [x0, #{FILE_V} + 160]
    stp     q12, q13, [x0, #{FILE_V} + 192]
    stp     q14, q15, [x0, #{FILE_V} + 224]
    stp     q16, q17, [x0, #{FILE_V} + 256]
    stp     q18, q19, [x0, #{FILE_V} + 288]
    stp     q20, q21, [x0, #{FILE_V} + 320]
    stp     q22, q23, [x0, #{FILE_V} + 352]
    stp     q24, q25, [x0, #{FILE_V} + 384]
    stp     q26, q27, [x0, #{FILE_V} + 416]
    stp     q28, q29, [x0, #{FILE_V} + 448]
    stp     q30, q31, [x0, #{FILE_V} + 480]
    mrs     x1, fpcr
    mrs     x2, fpsr
    stp     x1, x2, [x0, #{FILE_FPCR_FPSR}]
    mrs     x1, nzcv
    mrs     x2, tpidr_el0
    stp     x1, x2, [x0, #{FILE_NZCV}]
    mrs     x1, daif
    str     x1, [x0, #{FILE_DAIF}]
.endm

// Room on the stack for what a call preserves, and for two words of the subject; where sp is from then on goes to
// the register file at \file. Changes x9.
.macro enter file
    stp     x29, x30, [sp, #-{SAVED_SIZE}]!
    stp     x19, x20, [sp, #{SAVED_X19}]
    stp     x21, x22, [sp, #{SAVED_X19} + 16]
    stp     x23, x24, [sp, #{SAVED_X19} + 32]
    stp     x25, x26, [sp, #{SAVED_X19} + 48]
    stp     x27, x28, [sp, #{SAVED_X19} + 64]
    stp     d8, d9, [sp, #{SAVED_D8}]
    stp     d10, d11, [sp, #{SAVED_D8} + 16]
    stp     d12, d13, [sp, #{SAVED_D8} + 32]
    stp     d14, d15, [sp, #{SAVED_D8} + 48]
    mov     x9, sp
    str     x9, [\file, #{FILE_SP}]
.endm

// Back from `enter`, whatever the registers came to hold: all of it is in memory.
.macro leave
    msr     fpcr, xzr
    msr     fpsr, xzr
    ldp     x19, x20, [sp, #{SAVED_X19}]
    ldp     x21, x22, [sp, #{SAVED_X19} + 16]
    ldp     x23, x24, [sp, #{SAVED_X19} + 32]
    ldp     x25, x26, [sp, #{SAVED_X19} + 48]
    ldp     x27, x28, [sp, #{SAVED_X19} + 64]
    ldp     d8, d9, [sp, #{SAVED_D8}]
    ldp     d10, d11, [sp, #{SAVED_D8} + 16]
    ldp     d12, d13, [sp, #{SAVED_D8} + 32]
    ldp     d14, d15, [sp, #{SAVED_D8} + 48]
    ldp     x29, x30, [sp], #{SAVED_SIZE}
    ret
.endm

// extern "C" fn regs_spin(expected: *mut RegisterFile, got: *mut RegisterFile)
//
// Fills every register from `expected`, where it notes sp, unmasks IRQs, counts x0 up to LOOP_BIT, masks IRQs and
// stores every register to `got`. No register is spared: when the window closes, `got` is found by sp alone.
//
// Caller: registers::spin. On entry: on the thread's stack, IRQs masked, FPCR = FPSR = 0; the same on return.
.global regs_spin
.type regs_spin, %function
regs_spin:
    enter   x0
    str     x1, [sp, #{SAVED_GOT}]
    mov     x30, x0
    fill    x30
    ldr     x0, [x30, #{FILE_X}]
    ldr     x30, [x30, #{FILE_LR_SP}]
    msr     daifclr, #2
1:
    add     x0, x0, #1                  // leaves the flags as they are
    tbz     x0, #{LOOP_BIT}, 1b
    msr     daifset, #2
    stp     x0, x1, [sp, #{SAVED_X0}]
    ldr     x0, [sp, #{SAVED_GOT}]
    dump
    ldp     x1, x2, [sp, #{SAVED_X0}]
    stp     x1, x2, [x0, #{FILE_X}]
    leave
.size regs_spin, . - regs_spin

// extern "C" fn regs_reschedule(cause: Cause, expected: *mut RegisterFile, got: *mut RegisterFile)
//
// Fills every register from `expected`, where it notes sp, but for x0, and enters reschedule(cause) itself: no
// compiled code on the way saves what reschedule might not. On return stores every register to `got`; of them
// x19-x29, sp, the low halves of v8-v15, FPCR and TPIDR_EL0 mean something.
//
// Caller: registers::reschedule. On entry: as reschedule wants it, FPCR = FPSR = 0; the same on return.
.global regs_reschedule
.type regs_reschedule, %function
regs_reschedule:
    enter   x1
    str     x2, [sp, #{SAVED_GOT}]
    mov     x30, x1
    fill    x30
    bl      reschedule
    ldr     x0, [sp, #{SAVED_GOT}]
    dump
    leave
.size regs_reschedule, . - regs_reschedule

// extern "C" fn regs_start(got: *mut RegisterFile)
//
// The function of a new thread, which stores what it finds and ends. x0, x1, x2 are no part of what it may count on.
//
// Caller: thread_start.
.global regs_start
.type regs_start, %function
regs_start:
    dump
    ret
.size regs_start, . - regs_start

// extern "C" fn regs_dirty(file: *const RegisterFile)
//
// The function of a thread that leaves all registers full when it ends: whoever runs next on its core finds them so.
//
// Caller: thread_start.
.global regs_dirty
.type regs_dirty, %function
regs_dirty:
    fill    x0
    ldr     x0, [x0, #{FILE_X}]
    ret
.size regs_dirty, . - regs_dirty
