// Makes an entry by any boot loader look like one by the firmware: MMU and caches off, the image where it is
// linked for. Owned by src/arch/boot.rs, which assembles it behind boot.s, uses its macros, and supplies the
// operands in braces.
//
// Linux's booting.rst (Documentation/arch/arm64, section 4) has a boot loader turn the MMU off and clean the
// image to memory. U-Boot's `booti` does; its `go` does not, and goes wherever one tells it to.
//
// Nothing here uses a stack, and nothing is called: it runs where the image was put, not where its symbols are.
// `adr` and literals go by the place of the code; `=symbol` is the address that the image is linked for.

.section .text.boot, "ax"

// From boot_entry, on the boot core, at EL2 or EL1, all exceptions masked:
//     x19 what came in x0: the device tree, or anything
//     x21 CurrentEL
// Goes to boot_settled with both kept, at the link address, MMU and caches off. Or copies the image there (x0 =
// x19 again) and enters the copy at _start. Or refuses. Clobbers x0 to x9.
.global relocate
relocate:
    adr     x9, _start                  // where the image is; a multiple of 16
    ldr     x6, =__file_size            // what was loaded of it
    ldr     x7, =__image_start          // where it belongs
    adr     x1, boot_vectors            // a bad address from here on is not the boot loader's to report
    cmp     x21, #(2 << 2)
    b.eq    1f
    msr     vbar_el1, x1
    mrs     x5, sctlr_el1
    b       2f
1:  msr     vbar_el2, x1
    mrs     x5, sctlr_el2
2:  isb

    // M or C on: what the boot loader stored may be in a cache only, and cores with their MMU off read memory. By
    // address, to the point of coherency: operations by set and way reach no other core's cache (DDI 0487, "Cache
    // maintenance instructions"). Nothing is stored between this and the end of the caches. Other dirty lines of
    // the boot loader's do no harm: whatever is read or written through a cache meets them, and what is written
    // past the caches is cleaned out of them first.
    tbnz    x5, #0, 3f                  // M
    tbz     x5, #2, 5f                  // C
3:  mov     x1, x9
    add     x2, x9, x6
    clean_invalidate
    cmp     x21, #(2 << 2)
    b.eq    4f
    ldr     x5, ={SCTLR_MMU_OFF}
    msr     sctlr_el1, x5
    b       5f
4:  ldr     x5, ={SCTLR_EL2_MMU_OFF}
    msr     sctlr_el2, x5
5:  isb                                 // the map was one to one, or the image would not have got here
    ic      iallu
    dsb     sy
    isb

    // A device tree inside of the place that the image is going to fill, stacks and zeroed data included, would be
    // lost. Looked at only if x0 points into it or to the 2 MiB (the largest tree) before it that are RAM.
    tst     x19, #7
    b.ne    6f
    bic     x1, x7, #0x1fffff           // RAM from here on, by booting.rst
    cmp     x19, x1
    b.lo    6f
    ldr     x2, =__image_end
    cmp     x19, x2
    b.hs    6f
    dc      civac, x19
    dsb     sy
    ldp     w1, w2, [x19]               // magic, total size; big endian
    rev     w1, w1
    ldr     w3, ={TREE_MAGIC}
    cmp     w1, w3
    b.ne    6f
    rev     w2, w2
    add     x2, x2, x19
    cmp     x2, x7
    b.hi    refuse_tree

6:  cmp     x9, x7
    b.eq    boot_settled

    // Elsewhere. A copy onto itself would overwrite the code that copies; so where the two overlap, either way
    // round, the image first goes behind both, and from there, entered again, home.
    mov     x8, x7                      // to
    subs    x1, x9, x7
    cneg    x1, x1, lo
    cmp     x1, x6
    b.hs    7f
    cmp     x9, x7
    csel    x8, x9, x7, hi
    add     x8, x8, x6
    mov     x2, #{TREE_MAX}
    add     x1, x19, x2                 // a tree at x19 ends here at the latest
    cmp     x1, x8
    b.ls    7f
    add     x2, x8, x6
    cmp     x19, x2
    b.hs    7f
    add     x8, x1, #63                 // behind the tree, then
    bic     x8, x8, #63
7:  mov     x1, x8
    add     x2, x8, x6
    clean_invalidate                    // no line of before may come down on the copy
    mov     x1, x8
8:  ldp     x3, x4, [x9], #16           // past the caches, like all data with the MMU off
    stp     x3, x4, [x1], #16
    cmp     x1, x2
    b.lo    8b
    mov     x1, x8
    clean_invalidate
    ic      iallu                       // the new instructions are in memory, and none stays that was fetched before
    dsb     sy
    isb
    mov     x0, x19
    br      x8

    .ltorg
