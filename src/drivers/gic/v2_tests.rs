//! The set-up of a GICv2, on plain memory.
#![expect(unsafe_code, reason = "plain memory stands in for the registers")]

use super::*;

/// A distributor or CPU interface of zeroed memory.
struct Fake(Box<[u64; 512]>);

impl Fake {
    fn new(typer: u32) -> Self {
        let mut memory = Box::new([0; 512]);
        memory[0] = u64::from(typer) << 32;
        Self(memory)
    }

    fn distributor(&mut self) -> &Distributor {
        // SAFETY: 4 KiB of initialised memory, aligned to 8, exclusively borrowed while the
        // reference lives; the registers are cells, so writing through it is allowed.
        unsafe { &*self.0.as_mut_ptr().cast() }
    }

    fn cpu_interface(&mut self) -> &CpuInterface {
        // SAFETY: as above; the layout has the same size.
        unsafe { &*self.0.as_mut_ptr().cast() }
    }
}

#[test]
fn every_line_that_the_controller_has_is_brought_to_rest_and_no_other() {
    let mut fake = Fake::new(0x66);
    let gicd = fake.distributor();
    gicd.itargetsr[100].set(0xff);
    gicd.icfgr[5].set(0xaaaa_aaaa);
    assert_eq!(gicd.init(), 224);
    for word in 0..32 {
        let expected = if (1..7).contains(&word) { u32::MAX } else { 0 };
        assert_eq!(gicd.icenabler[word].get(), expected, "icenabler {word}");
        assert_eq!(gicd.icpendr[word].get(), expected, "icpendr {word}");
        assert_eq!(gicd.icactiver[word].get(), expected, "icactiver {word}");
    }
    for intid in 0..1024 {
        let expected = if (32..224).contains(&intid) { 0xa0 } else { 0 };
        assert_eq!(
            gicd.ipriorityr[intid].get(),
            expected,
            "priority of {intid}"
        );
    }
    assert_eq!(gicd.itargetsr[100].get(), 0);
    assert_eq!(gicd.icfgr[5].get(), 0);
    assert_eq!(gicd.ctlr.get(), 1);
}

#[test]
fn interrupt_groups_are_never_written() {
    let mut fake = Fake::new(0x67);
    fake.distributor().init();
    fake.distributor().init_core();
    assert!(fake.0[0x80 / 8..0x100 / 8].iter().all(|&word| word == 0));
}

#[test]
fn a_core_clears_its_banked_words_and_learns_its_mask() {
    let mut fake = Fake::new(0x66);
    let gicd = fake.distributor();
    gicd.itargetsr[0].set(4);
    gicd.itargetsr[31].set(4);
    assert_eq!(gicd.init_core(), 4);
    assert_eq!(gicd.icenabler[0].get(), u32::MAX);
    assert_eq!(gicd.icactiver[0].get(), u32::MAX);
    assert_eq!(gicd.cpendsgir[3].get(), u32::MAX);
    assert_eq!(gicd.ipriorityr[31].get(), 0xa0);
    assert_eq!(
        gicd.ipriorityr[32].get(),
        0,
        "shared ones are not a core's business"
    );
}

#[test]
fn a_controller_for_one_core_has_the_first_mask() {
    assert_eq!(Fake::new(0).distributor().init_core(), 1);
}

#[test]
fn the_priority_mask_lets_the_priority_in_use_through() {
    let mut fake = Fake::new(0);
    let gicc = fake.cpu_interface();
    gicc.init();
    assert_eq!(gicc.pmr.get(), 0xf0);
    assert_eq!(gicc.ctlr.get(), 1);
}
