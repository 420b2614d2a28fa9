//! Finds, in the instructions of a routine, where each register is saved, restored or set. Pure.
//!
//! The routine is followed from its first instruction to its return, and of each register it is known what it
//! holds: still the interrupted or calling thread's own value, what a load or an `mrs` put there, or rubbish
//! after a call. So `stp x29, x0` is the save of x29 only, because x0 holds ELR by then, and of several loads of
//! one register the restore is the one that is still there at the return.

use super::a64::{Instruction, Pair, System, Width, XZR, decode};

/// What is saved, restored or set.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Item {
    /// x0–x30.
    General(u8),
    /// The low half of a vector register.
    Low(u8),
    /// All of a vector register.
    Vector(u8),
    /// The thread's stack pointer.
    StackPointer,
    /// A system register.
    System(System),
}

/// What is done with it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Side {
    Save,
    Restore,
    /// It gets a value that is no thread's.
    Set,
}

/// One register, one side, and the instruction that does it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Site {
    pub(super) item: Item,
    pub(super) side: Side,
    pub(super) address: u64,
    pub(super) word: u32,
}

/// What a register holds.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Holds {
    /// What it held on entry, not saved yet.
    Own,
    /// The same, saved.
    Saved,
    /// A copy of the stack pointer.
    StackPointer,
    /// What was loaded by the instruction at that site.
    Loaded(Site),
    /// Anything else.
    Other,
}

/// Every site of the routine whose first instruction is at `start`.
///
/// `words` begins there and may go on beyond its end; what follows the return is not looked at.
pub(super) fn survey(start: u64, words: &[u32]) -> Vec<Site> {
    let mut walk = Walk {
        general: [Holds::Own; 31],
        vector: [Holds::Own; 32],
        sites: Vec::new(),
    };
    for (address, &word) in (start..).step_by(4).zip(words) {
        if decode(word) == Instruction::Return {
            break;
        }
        walk.step(address, word);
    }
    walk.finish()
}

struct Walk {
    general: [Holds; 31],
    vector: [Holds; 32],
    sites: Vec<Site>,
}

impl Walk {
    fn step(&mut self, address: u64, word: u32) {
        let site = |item, side| Site {
            item,
            side,
            address,
            word,
        };
        match decode(word) {
            Instruction::Pair(pair) => self.pair(&pair, site),
            Instruction::Mrs(register, system) => {
                self.sites.push(site(Item::System(system), Side::Save));
                self.set(register, Holds::Other);
            }
            Instruction::Msr(system, XZR) => {
                self.sites.push(site(Item::System(system), Side::Set));
            }
            Instruction::Msr(system, register) => {
                let item = match system {
                    System::SpEl0 => Item::StackPointer,
                    system => Item::System(system),
                };
                self.sites.push(site(item, Side::Restore));
                // It was loaded for this.
                self.set(register, Holds::Other);
            }
            Instruction::MoveFromSp(register) => self.set(register, Holds::StackPointer),
            Instruction::Load(register) => self.set(register, Holds::Other),
            Instruction::ClearVector(register) => {
                self.sites.push(site(Item::Vector(register), Side::Set));
            }
            Instruction::Call => self.call(),
            Instruction::Return | Instruction::Other => {}
        }
    }

    fn pair(&mut self, pair: &Pair, site: impl Fn(Item, Side) -> Site) {
        for number in pair.registers {
            let (item, place) = match pair.width {
                Width::X if number == XZR => continue,
                Width::X => (
                    Item::General(number),
                    &mut self.general[usize::from(number)],
                ),
                Width::D => (Item::Low(number), &mut self.vector[usize::from(number)]),
                Width::Q => (Item::Vector(number), &mut self.vector[usize::from(number)]),
            };
            match *place {
                _ if pair.is_load => *place = Holds::Loaded(site(item, Side::Restore)),
                Holds::Own => {
                    self.sites.push(site(item, Side::Save));
                    *place = Holds::Saved;
                }
                Holds::StackPointer => self.sites.push(site(Item::StackPointer, Side::Save)),
                Holds::Saved | Holds::Loaded(_) | Holds::Other => {}
            }
        }
    }

    /// A call preserves x19 to x29 and the low halves of v8 to v15 (AAPCS64, section 6.1).
    fn call(&mut self) {
        for register in (0..=18).chain([30]) {
            self.general[register] = Holds::Other;
        }
        for register in (0..8).chain(16..32) {
            self.vector[register] = Holds::Other;
        }
    }

    fn set(&mut self, register: u8, holds: Holds) {
        if let Some(place) = self.general.get_mut(usize::from(register)) {
            *place = holds;
        }
    }

    /// What was loaded and is still there at the return has been restored.
    fn finish(mut self) -> Vec<Site> {
        for holds in self.general.into_iter().chain(self.vector) {
            if let Holds::Loaded(site) = holds {
                self.sites.push(site);
            }
        }
        self.sites
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(words: &[u32]) -> Vec<(Item, Side, u64)> {
        survey(0x1000, words)
            .into_iter()
            .map(|site| (site.item, site.side, site.address))
            .collect()
    }

    #[test]
    fn a_store_of_what_an_mrs_left_saves_the_system_register_only() {
        // mrs x0, elr_el1; stp x29, x0, [sp]; ret
        assert_eq!(
            names(&[0xd538_4020, 0xa900_03fd, 0xd65f_03c0]),
            [
                (Item::System(System::ElrEl1), Side::Save, 0x1000),
                (Item::General(29), Side::Save, 0x1004),
            ]
        );
    }

    #[test]
    fn the_last_load_is_the_restore_and_one_that_feeds_an_msr_is_none() {
        // ldp x29, x2, [x1]; msr sp_el0, x29; msr fpcr, x2; ldp x29, x30, [sp], #160; ret
        assert_eq!(
            names(&[
                0xa940_083d,
                0xd518_411d,
                0xd51b_4402,
                0xa8ca_7bfd,
                0xd65f_03c0
            ]),
            [
                (Item::StackPointer, Side::Restore, 0x1004),
                (Item::System(System::Fpcr), Side::Restore, 0x1008),
                (Item::General(29), Side::Restore, 0x100c),
                (Item::General(30), Side::Restore, 0x100c),
            ]
        );
    }

    #[test]
    fn after_a_call_only_what_it_preserves_is_still_the_threads() {
        // bl; stp x19, x0, [sp]; stp d8, d9, [x29, #96]; stp q0, q1, [sp]; ret
        assert_eq!(
            names(&[
                0x9400_0000,
                0xa900_03f3,
                0x6d06_27a8,
                0xad00_07e0,
                0xd65f_03c0
            ]),
            [
                (Item::General(19), Side::Save, 0x1004),
                (Item::Low(8), Side::Save, 0x1008),
                (Item::Low(9), Side::Save, 0x1008),
            ]
        );
    }

    #[test]
    fn a_copy_of_the_stack_pointer_is_no_x29_and_nothing_counts_beyond_the_return() {
        // stp x29, x30, [sp, #-160]!; mov x29, sp; stp x29, x2, [x0]; ret; stp x19, x20, [x29, #16]
        assert_eq!(
            names(&[
                0xa9b6_7bfd,
                0x9100_03fd,
                0xa900_081d,
                0xd65f_03c0,
                0xa901_53b3
            ]),
            [
                (Item::General(29), Side::Save, 0x1000),
                (Item::General(30), Side::Save, 0x1000),
                (Item::StackPointer, Side::Save, 0x1008),
                (Item::General(2), Side::Save, 0x1008),
            ]
        );
    }
}
