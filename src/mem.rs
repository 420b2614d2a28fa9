//! Memory: pages, heap, page tables and stacks.

pub mod buddy;
pub mod ranges;
