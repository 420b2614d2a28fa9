//! Follows the calls that led to an instruction, outwards, by what is on the stacks. Pure; nothing that it is given is
//! believed.
//!
//! A frame record is two words on a stack: where the caller's record lies, and where the call returns to (AAPCS64,
//! 6.4.6). Our code is compiled with frame pointers, and the frames that assembly makes have a record too, so the
//! chain leads from any instruction to the thread's first. A fault may have come from anything, a chain that was
//! overwritten included: so a record is read only where it lies within one of the stacks that it may lie in, and the
//! chain goes upwards in a stack, and from one stack to the next, never back. It ends therefore.
//!
//! `core` comes compiled, and without frame pointers. A function of it has its return address on the stack too, but in
//! no record: the chain passes over its caller, which for a panic is the function that panics. The same holds for a
//! function that was stopped before it made its record. So the words between one record and the next are looked at: a
//! caller has been passed over if one of them is a return address behind a `bl` to a function that, up to where it is,
//! has stored no record.

use core::ops::Range;

/// Bytes of a frame record.
const RECORD_BYTES: usize = 16;

/// Bytes of an instruction, and of a word on a stack.
const INSTRUCTION: usize = 4;
const WORD: usize = 8;

/// How many words of the stacks are looked at for callers that are in no record, at most: whoever asks may have
/// interrupts masked, and a frame may have a megabyte.
const WORDS: usize = 4096;

/// How far into a function is looked for what stores its record.
const REACH_BYTES: usize = 4096;

/// What comes next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Step {
    /// A call that returns to this address.
    Return(usize),
    /// The chain is at its end, as it should be.
    End,
    /// The chain leads to this address, where no record can be.
    Broken(usize),
}

/// Where code was stopped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Origin {
    /// The instruction.
    pub(crate) pc: usize,
    /// x29 there.
    pub(crate) fp: usize,
    /// The stack pointer there.
    pub(crate) sp: usize,
    /// x30 there, if that is known: the caller, until there is a record.
    pub(crate) lr: Option<usize>,
}

/// What can be read.
pub(crate) trait Memory {
    /// The word at an address within one of the stacks, a multiple of 8.
    fn word(&self, at: usize) -> usize;

    /// The instruction at an address; `None` if there is no code.
    fn code(&self, at: usize) -> Option<u32>;
}

/// The calls that led to an instruction.
pub(crate) struct Frames<M> {
    memory: M,
    /// The stacks, from the innermost on: the core's own first, then the thread's.
    stacks: [Range<usize>; 2],
    /// In which of them the chain is.
    stack: usize,
    /// Where the next record is said to lie.
    record: usize,
    /// The lowest address that was not looked at.
    lowest: usize,
    /// How many words may still be looked at.
    words: usize,
    /// Where the innermost function is of which the caller is looked for.
    pc: usize,
    lr: Option<usize>,
}

impl<M: Memory> Frames<M> {
    /// The calls that led to `origin`.
    pub(crate) fn new(origin: &Origin, stacks: [Range<usize>; 2], memory: M) -> Self {
        let stack = stacks.iter().position(|stack| stack.contains(&origin.sp));
        Self {
            memory,
            stacks,
            stack: stack.unwrap_or(0),
            record: origin.fp,
            lowest: stack.map_or(usize::MAX, |_| origin.sp.next_multiple_of(WORD)),
            words: WORDS,
            pc: origin.pc,
            lr: origin.lr,
        }
    }

    /// The next one outwards. Once there is none, there is none.
    pub(crate) fn step(&mut self) -> Step {
        let at = self.record;
        let is_at = |stack: &Range<usize>| {
            stack.contains(&at) && stack.end - at >= RECORD_BYTES && at.is_multiple_of(WORD)
        };
        let found = (self.stack..self.stacks.len()).find(|&stack| is_at(&self.stacks[stack]));
        if let Some(caller) = self.passed_over(found == Some(self.stack)) {
            self.pc = caller;
            return Step::Return(caller);
        }
        if at == 0 {
            return Step::End;
        }
        let is_upwards = self.lowest == usize::MAX || at >= self.lowest;
        let Some(stack) = found.filter(|&found| found != self.stack || is_upwards) else {
            self.record = 0;
            return Step::Broken(at);
        };
        self.stack = stack;
        self.lowest = at + RECORD_BYTES;
        self.record = self.memory.word(at);
        self.pc = self.memory.word(at + WORD);
        Step::Return(self.pc)
    }

    /// The caller of where we are, if the next record is not its callee's.
    fn passed_over(&mut self, is_same_stack: bool) -> Option<usize> {
        // A jump to nowhere comes from where x30 leads, if it was a call.
        let is_nowhere = self.memory.code(self.pc).is_none();
        if let Some(lr) = self.lr.take()
            && ((is_nowhere && self.call_before(lr).is_some()) || self.is_caller(lr))
        {
            return Some(lr);
        }
        while is_same_stack && self.lowest < self.record && self.words > 0 {
            self.words -= 1;
            let word = self.memory.word(self.lowest);
            self.lowest += WORD;
            if self.is_caller(word) {
                return Some(word);
            }
        }
        None
    }

    /// Whether a return address is that of a call to the function where we are, which has stored no record yet.
    fn is_caller(&self, address: usize) -> bool {
        let Some(offset) = self.call_before(address).and_then(bl_offset) else {
            return false;
        };
        let function = (address - INSTRUCTION).wrapping_add_signed(offset);
        function <= self.pc
            && self.pc - function <= REACH_BYTES
            && (function..self.pc).step_by(INSTRUCTION).all(|at| {
                self.memory
                    .code(at)
                    .is_some_and(|code| !stores_record(code))
            })
    }

    /// The instruction before an address, if there is code at both.
    fn call_before(&self, address: usize) -> Option<u32> {
        if !address.is_multiple_of(INSTRUCTION) {
            return None;
        }
        self.memory.code(address.checked_sub(INSTRUCTION)?)
    }
}

/// How far a `bl` goes, in bytes; `None` for other instructions (DDI 0487, C6.2.35).
fn bl_offset(code: u32) -> Option<isize> {
    let is_bl = code >> 26 == 0b10_0101;
    // The 26 bits are a signed number of instructions.
    is_bl.then(|| ((code << 6).cast_signed() >> 6) as isize * INSTRUCTION as isize)
}

/// Whether an instruction is `stp x29, x30, …`, in any of its forms (DDI 0487, C6.2.366).
fn stores_record(code: u32) -> bool {
    code & 0xfe40_7c1f == 0xa800_781d
}

#[cfg(test)]
mod bounds;
#[cfg(test)]
mod tests;
