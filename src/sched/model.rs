//! The wake-up protocol under a model checker: machines of two or three cores, in all orders in which their
//! accesses to memory can take effect.
//!
//! The code under test is the code that ships: [`Standing`](super::claim::Standing),
//! [`Inbox`](super::inbox::Inbox), [`Joiner`](super::joiner::Joiner), [`ValueState`](super::value_state::ValueState) and what
//! they are made of. Around them `machine` does what `switch.rs`, `quick.rs`, `traffic.rs`, `wake.rs`, `timers.rs` and
//! `lifecycle.rs` do, step by step in their order, with plain queues in place of the run queue and scripts in place of
//! threads.
//!
//! What a thread has in its registers is one cell that its core writes after the decision and before
//! `switch_out`, and that the next core reads: loom reports it if the two are not ordered. A wake-up that is lost
//! leaves all cores asleep: loom reports that too.

mod arrive;
mod cpu;
mod ends;
mod join;
mod machine;
mod mail;
mod park;
mod wake;
mod wishes;
