//! What is typed while a command runs: kept for the next prompt.

use alloc::collections::VecDeque;

/// ^C.
const INTERRUPT: u8 = 0x03;

/// Bytes that wait for the next prompt.
#[derive(Debug)]
pub struct TypeAhead {
    bytes: VecDeque<u8>,
    capacity: usize,
    lost: usize,
}

/// What became of a byte that was typed while a command runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Typed {
    /// It waits for the next prompt.
    Kept,
    /// There is no room for it: it is counted, and gone.
    Lost,
    /// It was ^C, which also drops what was typed before it.
    Interrupt,
}

impl TypeAhead {
    /// Room for `capacity` bytes.
    #[must_use]
    pub const fn new(capacity: usize) -> Self {
        Self {
            bytes: VecDeque::new(),
            capacity,
            lost: 0,
        }
    }

    /// Takes a byte that was typed while a command runs.
    pub fn push(&mut self, byte: u8) -> Typed {
        if byte == INTERRUPT {
            self.bytes.clear();
            self.lost = 0;
            Typed::Interrupt
        } else if self.bytes.len() < self.capacity {
            self.bytes.push_back(byte);
            Typed::Kept
        } else {
            self.lost += 1;
            Typed::Lost
        }
    }

    /// The byte that was typed first.
    pub fn pop(&mut self) -> Option<u8> {
        self.bytes.pop_front()
    }

    /// How many bytes were lost since this was last asked.
    pub fn take_lost(&mut self) -> usize {
        core::mem::take(&mut self.lost)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_typed_comes_out_in_its_order() {
        let mut typed = TypeAhead::new(3);
        assert_eq!([b'a', b'b'].map(|b| typed.push(b)), [Typed::Kept; 2]);
        assert_eq!(
            [typed.pop(), typed.pop(), typed.pop()],
            [Some(b'a'), Some(b'b'), None]
        );
    }

    #[test]
    fn what_does_not_fit_is_counted_and_what_is_there_stays() {
        let mut typed = TypeAhead::new(1);
        typed.push(b'a');
        assert_eq!([typed.push(b'b'), typed.push(b'c')], [Typed::Lost; 2]);
        assert_eq!((typed.take_lost(), typed.take_lost()), (2, 0));
        assert_eq!(typed.pop(), Some(b'a'));
    }

    #[test]
    fn an_interrupt_is_seen_even_when_full_and_drops_what_came_before_it() {
        let mut typed = TypeAhead::new(1);
        typed.push(b'a');
        assert_eq!(typed.push(INTERRUPT), Typed::Interrupt);
        typed.push(b'b');
        assert_eq!([typed.pop(), typed.pop()], [Some(b'b'), None]);
    }
}
