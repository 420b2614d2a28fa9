// The ACT LED, by the pins' registers: for code that has nothing else yet, or any more. Owned by src/arch/led.rs, which
// supplies the operands in braces; src/drivers/led.rs has the codes.
//
// PIVOT_LED_GPIO is the board's (memory.ld): the address of the pins' registers, 0 where there is no LED. Nothing here
// uses a stack or a lock, and the MMU may be off, or on with any map that has the UART.

.section .text.boot, "ax"

// Makes the LED's pin an output. \gpio is the address of the pins' registers. Clobbers \word (32 bits).
.macro led_output gpio word
    ldr     \word, [\gpio, #{FSEL}]
    bic     \word, \word, #(7 << {FSEL_SHIFT})
    orr     \word, \word, #(1 << {FSEL_SHIFT})
    str     \word, [\gpio, #{FSEL}]
.endm

// One round of the code with the pattern x0: so many slots of x1 ticks of the counter, the lowest bit first, lit where
// it is 1. x2 is the address of the pins' registers. Clobbers x0, x3 to x5, flags.
.macro led_show
    led_output x2, w3
    mov     w3, #{SLOTS}
.Lslot\@:
    mov     w4, #{BIT}
    tbz     x0, #0, .Ldark\@
    str     w4, [x2, #{SET}]
    b       .Lset\@
.Ldark\@:
    str     w4, [x2, #{CLEAR}]
.Lset\@:
    lsr     x0, x0, #1
    isb
    mrs     x4, cntvct_el0
.Lwait\@:
    isb
    mrs     x5, cntvct_el0
    sub     x5, x5, x4
    cmp     x5, x1
    b.lo    .Lwait\@
    subs    w3, w3, #1
    b.ne    .Lslot\@
.endm

// Lights the LED on the way from the image's header to boot.s: what the firmware has handed over stays in x0. Clobbers
// x1 and x2.
.global led_entry
led_entry:
    ldr     x1, =PIVOT_LED_GPIO
    cbz     x1, 1f
    led_output x1, w2
    mov     w2, #{BIT}
    str     w2, [x1, #{SET}]
1:  b       boot_entry

// extern "C" fn led_for_ever(pattern: u64) -> !: shows the code with the pattern x0; parks where there is no LED. Called
// by arch::led, and reached by a branch from refusals.s. At EL3 no stub has run (kernel_old=1), which would have let the
// counter run from the crystal, undivided, and said so: with the prescaler of a reset it may be 19 times slower. Below
// EL3 that is the firmware's; only the rate may not have been said.
.global led_for_ever
led_for_ever:
    msr     daifset, #0xf
    ldr     x2, =PIVOT_LED_GPIO
    cbz     x2, park
    mov     x6, x0
    mrs     x1, currentel
    cmp     x1, #(3 << 2)
    b.ne    2f
    ldr     x1, ={LOCAL_BLOCK}
    str     wzr, [x1, #{LOCAL_CONTROL}]
    mov     w3, #{LOCAL_PRESCALER_CRYSTAL}
    str     w3, [x1, #{LOCAL_PRESCALER}]
    msr     cntfrq_el0, xzr             // unknown at reset
    isb
2:  mrs     x1, cntfrq_el0
    cbnz    x1, 3f
    ldr     x1, ={CRYSTAL_HZ}
3:  lsr     x1, x1, #{SLOTS_PER_SECOND_SHIFT}
5:  mov     x0, x6
    led_show
    b       5b

// extern "C" fn led_round(pattern: u64, slot_ticks: u64) -> u64: one round of a code. Returns 1, or 0 at once where there
// is no LED. Called by arch::led. Clobbers x0, x2 to x5, flags.
.global led_round
led_round:
    ldr     x2, =PIVOT_LED_GPIO
    cbz     x2, 4f
    led_show
    mov     x0, #1
    ret
4:  mov     x0, xzr
    ret

    .ltorg
