//! Threads, a mutex and joining: `cargo xtask run --example threads`. What it does is the same on each board.

#![no_std]
#![no_main]

#[path = "../../examples/threads.rs"]
mod threads;

pivot::firmware!(pivot_virt::BOARD, threads::main);
