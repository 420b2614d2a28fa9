//! The set-up of a GICv3, on plain memory, and the words that name a core.
#![expect(unsafe_code, reason = "plain memory stands in for the registers")]

use super::*;

/// Zeroed memory in place of registers of type `T`, its first two words set.
struct Fake<T> {
    memory: Vec<u64>,
    registers: core::marker::PhantomData<T>,
}

impl<T> Fake<T> {
    fn new(first: u64, second: u64) -> Self {
        let mut memory = vec![0; size_of::<T>() / 8];
        memory[0] = first;
        memory[1] = second;
        let registers = core::marker::PhantomData;
        Self { memory, registers }
    }

    fn registers(&mut self) -> &T {
        // SAFETY: as many bytes of initialised memory as T has, aligned to 8, exclusively borrowed
        // while the reference lives; the registers are cells, so writing through it is allowed.
        unsafe { &*self.memory.as_mut_ptr().cast() }
    }
}

#[test]
fn every_shared_line_is_brought_to_rest_in_group_1_and_affinity_routing_is_on() {
    let mut fake = Fake::<Distributor>::new(0x0000_0002_0000_0000, 0);
    let gicd = fake.registers();
    gicd.icfgr[2].set(u32::MAX);
    assert_eq!(gicd.init(), Ok(96));
    for word in 0..32 {
        let expected = if (1..3).contains(&word) { u32::MAX } else { 0 };
        assert_eq!(gicd.icenabler[word].get(), expected, "icenabler {word}");
        assert_eq!(gicd.icpendr[word].get(), expected, "icpendr {word}");
        assert_eq!(gicd.icactiver[word].get(), expected, "icactiver {word}");
        assert_eq!(gicd.igroupr[word].get(), expected, "igroupr {word}");
        assert_eq!(gicd.isenabler[word].get(), 0, "isenabler {word}");
    }
    assert_eq!(gicd.ipriorityr[31].get(), 0);
    assert_eq!(gicd.ipriorityr[32].get(), 0xa0);
    assert_eq!(gicd.ipriorityr[95].get(), 0xa0);
    assert_eq!(gicd.icfgr[2].get(), 0);
    assert_eq!(gicd.ctlr.get(), 0x12);
}

#[test]
fn a_redistributor_is_woken_and_its_private_interrupts_are_brought_to_rest() {
    let mut fake = Fake::<Redistributor>::new(0, 0);
    let mine = fake.registers();
    mine.waker.set(PROCESSOR_SLEEP);
    assert_eq!(mine.init(), Ok(()));
    assert_eq!(mine.waker.get(), 0);
    assert_eq!(mine.icenabler0.get(), u32::MAX);
    assert_eq!(mine.icpendr0.get(), u32::MAX);
    assert_eq!(mine.icactiver0.get(), u32::MAX);
    assert_eq!(mine.igroupr0.get(), u32::MAX);
    assert_eq!(mine.isenabler0.get(), 0);
    assert!(
        mine.ipriorityr
            .iter()
            .all(|priority| priority.get() == 0xa0)
    );
}

#[test]
fn a_redistributor_that_does_not_wake_is_given_up() {
    let mut fake = Fake::<Redistributor>::new(0, 0);
    let mine = fake.registers();
    mine.waker.set(PROCESSOR_SLEEP | CHILDREN_ASLEEP);
    assert_eq!(mine.init(), Err(GicError::Timeout));
}

#[test]
fn a_redistributor_says_whose_it_is_and_where_the_next_one_stands() {
    let mut fake = Fake::<Redistributor>::new(0, 0x0000_0103_0000_0010);
    let here = fake.registers();
    assert!(here.belongs_to(0x8000_0103));
    assert!(!here.belongs_to(0x8000_0003));
    assert!(here.is_last());
    assert_eq!(here.stride(), 0x2_0000);
    let mut fake = Fake::<Redistributor>::new(0, VLPIS);
    assert!(!fake.registers().is_last());
    assert_eq!(fake.registers().stride(), 0x4_0000);
}

#[test]
fn affinities_are_packed_as_the_redistributor_has_them() {
    assert_eq!(
        packed_affinity(0x8000_0003),
        3,
        "bit 31 of MPIDR is no affinity"
    );
    assert_eq!(packed_affinity(0x12_8134_5678), 0x1234_5678);
}

#[test]
fn an_sgi_names_one_core_by_all_its_affinity_fields() {
    assert_eq!(sgi_to(0x8000_0002, 1), 0x0000_0000_0100_0004);
    assert_eq!(sgi_to(0x0000_0101, 0), 0x0000_0000_0001_0002);
    assert_eq!(sgi_to(0x12_8034_5623, 0xf), 0x0012_2034_0f56_0008);
}

#[test]
fn a_route_is_the_affinity_without_the_other_bits_of_mpidr() {
    assert_eq!(route(0x12_c134_5678), 0x12_0034_5678);
}
