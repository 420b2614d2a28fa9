// What a core does that cannot go on: it says why on the UART, or only stops. Owned by src/arch/refusals.rs,
// which supplies the operands in braces.
//
// Reached from boot.s by a branch, with the MMU off or with the early map, and from the table of vectors at
// the end. Nothing here uses a stack, and nothing comes back: after the message comes the code on the LED. Clobbers x1
// to x6.

.section .text.boot, "ax"

// Stops this core for good: all masked, so nothing wakes it into anything.
.global park
park:
    msr     daifset, #0xf
6:  wfi
    b       6b

// For an image that is entered at EL3: it was started in a way that sets up neither timer nor interrupts.
.global refuse_el3
refuse_el3:
    mrs     x1, mpidr_el1               // every core may be here: one speaks
    ldr     x2, ={MPIDR_AFFINITY}
    tst     x1, x2
    b.ne    park
    adr     x1, message_el3
    ldr     x6, ={CODE_EL3}
    b       say_and_show

// For a device tree that the image would overwrite.
.global refuse_tree
refuse_tree:
    adr     x1, message_tree
    ldr     x6, ={CODE_TREE}
    b       say_and_show

// For an exception while there is no stack.
boot_fatal:
    adr     x1, message_fatal
    ldr     x6, ={CODE_EXCEPTION}

// Prints the string at x1 on the UART as the firmware left it, its transmit pin put on the header, polling with a bound
// and giving up at the first byte that does not go; then shows the code with the pattern x6 on the LED for ever. MMU on
// or off: the early map has the UART and the LED at their own addresses.
say_and_show:
    ldr     x2, =PIVOT_LED_GPIO         // a Pi's pins; elsewhere 0, and the UART has its own
    cbz     x2, 6f
    ldr     w3, [x2, #{TX_FSEL}]
    bic     w3, w3, #(7 << {TX_FSEL_SHIFT})
    orr     w3, w3, #({TX_ALT0} << {TX_FSEL_SHIFT})
    str     w3, [x2, #{TX_FSEL}]
    dsb     sy                          // the pin is the UART's before it sends (hazard H7)
6:  ldr     x2, =PIVOT_UART_BASE
7:  ldrb    w3, [x1], #1
    cbz     w3, 10f
    mov     x5, #0x100000
8:  ldr     w4, [x2, #{UART_FR}]
    tbz     w4, #{UART_TXFF_BIT}, 9f
    subs    x5, x5, #1
    b.ne    8b
    b       10f                         // it does not send: nor would it for the next byte
9:  str     w3, [x2, #{UART_DR}]
    b       7b
10: mov     x0, x6
    b       led_for_ever

message_el3:
    .asciz  "\r\npivot: entered at EL3; start the raw kernel8.img at EL2 or EL1 (no ELF, no kernel_old=1)\r\n"
message_tree:
    .asciz  "\r\npivot: the device tree lies where the image belongs; let the boot loader put it elsewhere\r\n"
message_fatal:
    .asciz  "\r\npivot: exception during boot, before there are handlers\r\n"
    .balign 4
    .ltorg

// The table while there is no stack: any exception ends in a message.
.balign 2048
.global boot_vectors
boot_vectors:
.rept 16
    .balign 128
    b       boot_fatal
.endr
