use super::*;

/// Tables in a list: the table at physical address `n * 4096` is number `n`.
struct Fake(Vec<[u64; ENTRIES]>);

const VALID: u64 = 0b11;
const BLOCK: u64 = 0b01;
const RW: u64 = bits::ACCESSED | bits::PXN | bits::UXN;
const RO: u64 = RW | bits::READ_ONLY;
const CODE: u64 = bits::ACCESSED | bits::READ_ONLY | bits::UXN;
const DEVICE: u64 = RW | 1 << bits::ATTRIBUTE_SHIFT;

const GIB: usize = 1 << 30;
const MIB_2: usize = 1 << 21;

impl Fake {
    /// A root, a table for the first gigabyte, and one for its first 2 MiB.
    fn new() -> Self {
        let mut tables = vec![[0; ENTRIES]; 3];
        tables[0][0] = 4096 | VALID;
        tables[1][0] = (2 * 4096) | VALID;
        Self(tables)
    }

    fn page(&mut self, index: usize, attributes: u64) -> &mut Self {
        self.0[2][index] = (index * PAGE_BYTES) as u64 | VALID | attributes;
        self
    }

    fn block(&mut self, index: usize, attributes: u64) -> &mut Self {
        self.0[1][index] = (index * MIB_2) as u64 | BLOCK | attributes;
        self
    }

    fn walker(&self) -> Walker<impl Fn(usize) -> u64> {
        Walker::new(0, |address| self.0[address / 4096][address % 4096 / 8])
    }

    /// Each range: start, end, and the rights as letters.
    fn shown(&self) -> Vec<(usize, usize, &'static str)> {
        let rights = |mapping: &Mapping| match (mapping.rights.write, mapping.rights.execute) {
            (false, false) => "r--",
            (false, true) => "r-x",
            (true, false) => "rw-",
            (true, true) => "rwx",
        };
        let ranges = self.walker().ranges();
        ranges
            .map(|m| (m.range.start, m.range.end, rights(&m)))
            .collect()
    }
}

#[test]
fn nothing_is_mapped_by_empty_tables() {
    assert_eq!(Fake::new().shown(), []);
    assert_eq!(Fake::new().walker().at(0), None);
}

#[test]
fn neighbours_of_the_same_rights_are_one_range_and_a_hole_or_other_rights_end_it() {
    let mut fake = Fake::new();
    fake.page(1, RW).page(2, RW).page(4, RW);
    fake.page(5, CODE).page(6, CODE).page(7, RO);
    assert_eq!(
        fake.shown(),
        [
            (0x1000, 0x3000, "rw-"),
            (0x4000, 0x5000, "rw-"),
            (0x5000, 0x7000, "r-x"),
            (0x7000, 0x8000, "r--"),
        ]
    );
}

#[test]
fn a_range_goes_on_over_entries_of_other_levels() {
    let mut fake = Fake::new();
    (256..512).for_each(|index| _ = fake.page(index, RW));
    (1..512).for_each(|index| _ = fake.block(index, RW));
    fake.0[0][1] = GIB as u64 | BLOCK | RW;
    assert_eq!(fake.shown(), [(256 * PAGE_BYTES, 2 * GIB, "rw-")]);
}

#[test]
fn the_end_of_the_addresses_ends_the_last_range_and_nothing_lies_beyond() {
    let mut fake = Fake::new();
    fake.page(0, CODE);
    fake.0[0][511] = (511 * GIB) as u64 | BLOCK | RW;
    assert_eq!(fake.shown(), [(0, 0x1000, "r-x"), (511 * GIB, END, "rw-")]);
    assert!(fake.walker().at(END - 1).is_some());
    for beyond in [END, usize::MAX] {
        assert_eq!(fake.walker().at(beyond), None);
        assert_eq!(fake.walker().next_from(beyond), None);
    }
}

#[test]
fn memory_that_is_not_contiguous_or_of_another_type_is_another_range() {
    let mut fake = Fake::new();
    fake.page(1, RW).page(2, RW).page(3, DEVICE);
    for page in [2, 3] {
        fake.0[2][page] += PAGE_BYTES as u64;
    }
    let found: Vec<_> = fake.walker().ranges().collect();
    assert_eq!(found.len(), 3);
    let physical: Vec<_> = found.iter().map(|m| m.physical).collect();
    assert_eq!(physical, [0x1000, 0x3000, 0x4000]);
    assert_eq!([found[1].attribute, found[2].attribute], [0, 1]);
}

#[test]
fn what_is_writable_and_executable_is_said_so() {
    let mut fake = Fake::new();
    fake.page(1, bits::ACCESSED | bits::UXN);
    assert_eq!(fake.shown(), [(0x1000, 0x2000, "rwx")]);
}

#[test]
fn a_table_takes_rights_from_all_that_it_maps() {
    let mut fake = Fake::new();
    fake.page(1, bits::ACCESSED | bits::USER);
    let rights = |fake: &Fake| fake.walker().at(0x1000).map(|m| m.rights);
    let all = Rights {
        write: true,
        execute: true,
        user: true,
    };
    assert_eq!(rights(&fake), Some(all));
    fake.0[0][0] |= bits::TABLE_PXN | bits::TABLE_UXN;
    fake.0[1][0] |= bits::TABLE_READ_ONLY | bits::TABLE_NO_USER;
    let none = Rights {
        write: false,
        execute: false,
        user: false,
    };
    assert_eq!(rights(&fake), Some(none));
}

#[test]
fn what_el0_may_read_or_execute_is_its_own() {
    for (attributes, user) in [
        (RW, false),
        (RW | bits::USER, true),
        (RW & !bits::UXN, true),
    ] {
        let mut fake = Fake::new();
        fake.page(1, attributes);
        let rights = fake.walker().at(0x1000).unwrap().rights;
        assert_eq!(rights.user, user, "{attributes:#x}");
    }
}

#[test]
fn an_entry_without_the_access_flag_or_of_a_reserved_kind_maps_nothing() {
    let mut fake = Fake::new();
    fake.page(1, RW & !bits::ACCESSED);
    // A block at level 3 is reserved.
    fake.page(2, RW).0[2][2] &= !bits::TABLE_OR_PAGE;
    // Valid is what counts.
    fake.page(3, RW).0[2][3] &= !bits::VALID;
    assert_eq!(fake.shown(), []);
}

#[test]
fn a_walk_may_begin_in_the_middle_and_takes_the_whole_page() {
    let mut fake = Fake::new();
    fake.page(1, RW).page(2, RW);
    let next = fake.walker().next_from(0x2004).unwrap();
    assert_eq!((next.range, next.physical), (0x2000..0x3000, 0x2000));
    assert_eq!(fake.walker().at(0x1fff).unwrap().range, 0x1000..0x2000);
}
