//! `scale.*`: whether a yield, or a timer that is set and taken back, costs more when there are more threads.

mod blocked;
mod others;
mod runnable;
mod timers;

pub(crate) use {blocked::blocked, runnable::runnable, timers::timers};
