//! Memory: pages, heap, page tables and stacks.

pub mod buddy;
pub mod plan;
pub mod ranges;
pub mod window;
