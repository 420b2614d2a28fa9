//! Threads, a mutex and joining: `cargo xtask run --board rpi4 --example threads`. What it does is the same on each board.

#![no_std]
#![no_main]

#[path = "../../examples/threads.rs"]
mod threads;

pivot::firmware!(pivot_rpi4::BOARD, threads::main);
