//! Free stacks that stay mapped, in lists by their size, linked through the stacks.

#![expect(unsafe_code, reason = "links lie in the stacks")]

use core::num::NonZeroUsize;
use core::ptr::with_exposed_provenance_mut;

use super::{Place, StackStats};
use crate::mem::window::UNIT_BYTES;

/// Sizes, in units, that have a list of their own: up to 256 KiB. All larger stacks share one.
pub(crate) const SIZES: usize = 16;

/// Free stacks: lists of tops, linked through the stacks.
pub(super) struct Cache {
    /// Tops of the first free stack of each size; 0: none. The last list has all larger ones.
    heads: [usize; SIZES + 1],
    pub(super) stats: StackStats,
}

/// What a free stack holds below its top.
struct Free {
    next: usize,
    units: NonZeroUsize,
}

impl Cache {
    pub(super) const fn new() -> Self {
        Self {
            heads: [0; SIZES + 1],
            stats: StackStats {
                mapped_bytes: 0,
                cached_bytes: 0,
            },
        }
    }

    /// Makes a stack free.
    pub(super) fn put(&mut self, place: Place) {
        let head = &mut self.heads[list_of(place.units)];
        let link = Free {
            next: *head,
            units: place.units,
        };
        // SAFETY: the stack is mapped and its owner has just given it up.
        unsafe { place.link().write(link) };
        *head = place.top();
        self.stats.cached_bytes += place.bytes();
    }

    /// Takes a free stack of exactly this size.
    pub(super) fn take(&mut self, units: NonZeroUsize) -> Option<Place> {
        let mut from = &raw mut self.heads[list_of(units)];
        // In a list of one size the first fits; the list of large stacks is searched.
        loop {
            // SAFETY: `from` is a head, or the link in a free stack of the list.
            let place = Place::at_top(unsafe { from.read() })?;
            // SAFETY: the stack is free, so its link is valid and nobody else uses it.
            let link = unsafe { &mut *place.link() };
            if place.units == units {
                // SAFETY: as above.
                unsafe { from.write(link.next) };
                self.stats.cached_bytes -= place.bytes();
                return Some(place);
            }
            from = &raw mut link.next;
        }
    }

    /// Takes any free stack.
    pub(super) fn take_any(&mut self) -> Option<Place> {
        let top = self.heads.iter().copied().find(|&top| top != 0)?;
        let units = Place::at_top(top)?.units;
        self.take(units)
    }
}

impl Place {
    /// Where a free stack holds its place in the list.
    fn link(self) -> *mut Free {
        with_exposed_provenance_mut::<Free>(self.top()).wrapping_sub(1)
    }

    /// The free stack with this top; `None` for 0.
    fn at_top(top: usize) -> Option<Self> {
        if top == 0 {
            return None;
        }
        let link = with_exposed_provenance_mut::<Free>(top).wrapping_sub(1);
        // SAFETY: tops other than 0 stand in lists of free stacks only, each of which has a link.
        let units = unsafe { (*link).units };
        Some(Self {
            bottom: top - units.get() * UNIT_BYTES,
            units,
        })
    }
}

/// The list in which free stacks of a size are.
const fn list_of(units: NonZeroUsize) -> usize {
    if units.get() <= SIZES {
        units.get() - 1
    } else {
        SIZES
    }
}
