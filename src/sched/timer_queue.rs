//! The armed timers of a core, linked through their owners: arming and cancelling cost the same
//! with two and with ten thousand.
//!
//! A wheel of wheels. A deadline is filed by the highest of its 16 hexadecimal digits that differs
//! from `base`, the time up to which all is done, and by the value of that digit: 16 × 16 slots,
//! whose order is the order of time. What lies in one slot is not sorted. When `base` reaches a
//! slot, its timers are filed again, each at a lower digit: at most 16 times in a timer's life, and
//! usually two or three. So a slot that is reached costs as much as it holds, at once.
//!
//! Each slot keeps a bound, a time before which nothing in it is due: exact until the earliest is
//! cancelled. A bound that is too early costs one early interrupt, which files the slot again.
#![expect(
    unsafe_code,
    reason = "links between timers that the queue does not own"
)]

mod links;
#[cfg(test)]
mod tests;

use core::ptr::NonNull;

pub use self::links::{Entry, Links};
use self::links::{UNARMED, links};

/// No deadline.
const NEVER: u64 = u64::MAX;
/// Slots per digit.
const RADIX: usize = 16;
/// Bits per digit.
const DIGIT_BITS: u32 = 4;
/// Slots of the wheels.
const SLOTS: usize = RADIX * (64 / DIGIT_BITS) as usize;
/// The slot of the timers that are due: the first of the lowest wheel, to which nothing that lies
/// ahead belongs, because it would not differ from `base`.
const DUE: usize = 0;

#[derive(Debug)]
struct Slot<T> {
    first: Option<NonNull<T>>,
    /// Nothing in the slot is due before this.
    bound_ticks: u64,
}

impl<T> Slot<T> {
    const EMPTY: Self = Self {
        first: None,
        bound_ticks: NEVER,
    };
}

/// Armed timers by deadline. It belongs to one core, which alone calls it, with interrupts masked.
#[derive(Debug)]
pub struct TimerQueue<T: Entry> {
    /// All armed timers outside [`DUE`] lie ahead of this, and are filed by how.
    base_ticks: u64,
    /// Which slots are not empty.
    occupied: [u64; SLOTS / 64],
    slots: [Slot<T>; SLOTS],
    len: usize,
}

// SAFETY: the queue holds only addresses of entries; whoever arms them promises that this queue may
// write their links, on whichever core it then is.
unsafe impl<T: Entry + Sync> Send for TimerQueue<T> {}

impl<T: Entry> TimerQueue<T> {
    /// A queue without timers.
    #[expect(
        clippy::new_without_default,
        reason = "too large to be made anywhere but in a static"
    )]
    #[expect(clippy::large_stack_frames, reason = "runs in the compiler")]
    #[must_use]
    pub const fn new() -> Self {
        Self {
            base_ticks: 0,
            occupied: [0; SLOTS / 64],
            slots: [const { Slot::EMPTY }; SLOTS],
            len: 0,
        }
    }

    /// How many timers are armed.
    #[must_use]
    pub const fn len(&self) -> usize {
        self.len
    }

    /// Whether none is.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// A time before which no timer is due, `u64::MAX` without timers: when to look again. Exact,
    /// but that a cancelled timer may count until then.
    #[inline]
    #[must_use]
    pub fn next_deadline(&self) -> u64 {
        self.earliest()
            .map_or(NEVER, |slot| self.slots[slot].bound_ticks)
    }

    /// Arms `node` for `deadline_ticks`, which may be past.
    ///
    /// # Safety
    ///
    /// `node` is live and stays so, at its address, until it has left the queue; it is in no queue;
    /// nobody but this queue touches its links until then.
    #[inline]
    pub unsafe fn insert(&mut self, node: NonNull<T>, deadline_ticks: u64) {
        self.len += 1;
        // SAFETY: the caller's promise is the one asked for.
        unsafe { self.file(node, deadline_ticks) };
    }

    /// Disarms `node`. Whether it was armed.
    ///
    /// # Safety
    ///
    /// `node` is live, and armed in no other queue.
    #[inline]
    pub unsafe fn remove(&mut self, node: NonNull<T>) -> bool {
        // SAFETY: `node` is live, and its links are this queue's or nobody's. If it is armed, so
        // are its neighbours; they are live, their links are the queue's, and they are other
        // entries.
        unsafe {
            let own = links(node);
            let slot = own.slot as usize;
            if own.slot == UNARMED {
                return false;
            }
            own.slot = UNARMED;
            let (next, prev) = (own.next, own.prev);
            if let Some(next) = next {
                links(next).prev = prev;
            }
            match prev {
                Some(prev) => links(prev).next = next,
                None => {
                    self.slots[slot].first = next;
                    if next.is_none() {
                        self.clear(slot);
                    }
                }
            }
        }
        self.len -= 1;
        true
    }

    /// Takes a timer out whose deadline is not after `now_ticks`, if there is one. Those due at the
    /// same call come in no particular order.
    #[inline]
    pub fn pop_expired(&mut self, now_ticks: u64) -> Option<NonNull<T>> {
        if self.next_deadline() > now_ticks {
            return None;
        }
        self.pop_due(now_ticks)
    }

    #[inline(never)]
    fn pop_due(&mut self, now_ticks: u64) -> Option<NonNull<T>> {
        let earliest = self.slots[self.earliest()?].first?;
        // SAFETY: it is armed, so it is live and its links are the queue's.
        let own = unsafe { links(earliest) };
        // Alone in its slot: nothing to file again. (The base may lag behind as long as it likes.)
        let due = if own.next.is_none() && own.deadline_ticks <= now_ticks {
            earliest
        } else {
            if self.slots[DUE].first.is_none() {
                self.advance(now_ticks);
            }
            self.slots[DUE].first?
        };
        // SAFETY: it is armed.
        unsafe { self.remove(due) };
        Some(due)
    }

    /// Makes `now_ticks` the base, and files again what lies in the slots up to it.
    fn advance(&mut self, now_ticks: u64) {
        if now_ticks <= self.base_ticks {
            return;
        }
        // All before this slot is due, in it may be both; what comes after it differs from the new
        // base as it did from the old.
        let reached = slot_of(now_ticks, self.base_ticks);
        self.base_ticks = now_ticks;
        let mut after = DUE;
        while let Some(slot) = self.occupied_after(after)
            && slot <= reached
        {
            after = slot;
            let mut rest = self.slots[slot].first;
            self.clear(slot);
            while let Some(node) = rest {
                // SAFETY: it was armed and is in no slot now; filing it leaves the links of `rest`
                // alone.
                unsafe {
                    let own = links(node);
                    rest = own.next;
                    let deadline_ticks = own.deadline_ticks;
                    self.file(node, deadline_ticks);
                }
            }
        }
    }

    /// Puts `node` into the slot that its deadline has with the present base.
    ///
    /// # Safety
    ///
    /// As for [`insert`](Self::insert).
    #[inline]
    unsafe fn file(&mut self, node: NonNull<T>, deadline_ticks: u64) {
        let slot = if deadline_ticks <= self.base_ticks {
            DUE
        } else {
            slot_of(deadline_ticks, self.base_ticks)
        };
        let place = &mut self.slots[slot];
        let next = place.first.replace(node);
        place.bound_ticks = place.bound_ticks.min(deadline_ticks);
        self.occupied[slot / 64] |= 1 << (slot % 64);
        // SAFETY: the caller hands the links of `node` over; `next` is armed and is another entry,
        // because `node` is in no queue.
        unsafe {
            *links(node) = Links {
                deadline_ticks,
                next,
                prev: None,
                slot: slot as u16,
            };
            if let Some(next) = next {
                links(next).prev = Some(node);
            }
        }
    }

    #[inline]
    fn clear(&mut self, slot: usize) {
        self.slots[slot] = Slot::EMPTY;
        self.occupied[slot / 64] &= !(1 << (slot % 64));
    }

    /// The earliest slot that is not empty.
    #[inline]
    fn earliest(&self) -> Option<usize> {
        let word = self.occupied.iter().position(|&word| word != 0)?;
        Some(word * 64 + self.occupied[word].trailing_zeros() as usize)
    }

    /// The earliest slot after `slot` that is not empty.
    fn occupied_after(&self, slot: usize) -> Option<usize> {
        (slot + 1..SLOTS).find(|&slot| self.occupied[slot / 64] >> (slot % 64) & 1 != 0)
    }
}

/// The slot of `ticks`, which is after `base_ticks`: by the highest digit in which they differ,
/// then by its value in `ticks`.
#[inline]
const fn slot_of(ticks: u64, base_ticks: u64) -> usize {
    let bit = (ticks ^ base_ticks).ilog2();
    let digit_at = bit & !(DIGIT_BITS - 1);
    // Four times the digit's position is also its first bit; the slot is sixteen times the position
    // and the digit.
    ((digit_at << 2) as usize) | ((ticks >> digit_at) as usize & (RADIX - 1))
}
