//! The shell: a prompt on the serial line, commands, and jobs.

// Pure: what is typed, and what it means. Tested on the host.
pub mod args;
mod boot_line;
mod cancel;
mod columns;
mod complete;
mod editor;
mod help;
pub mod hex;
mod history;
mod keys;
pub mod pad;
mod parse;
mod problem;
mod prompt;
mod suggest;
pub mod top;
mod typeahead;
mod values;
#[cfg(test)]
mod wire_tests;
mod words;

pub use args::{Arg, Spec};
pub use boot_line::boot_line;
pub use cancel::Cancel;
pub use columns::Columns;
pub use complete::{Completion, complete};
pub use editor::{Edit, LINE_MAX, LineEditor};
pub use help::{Help, Overview};
pub use history::History;
pub use keys::{Key, KeyDecoder};
pub use parse::{Call, call, find};
pub use problem::{CallError, Problem};
pub use prompt::PromptRow;
pub use suggest::nearest;
pub use typeahead::{TypeAhead, Typed};
pub use values::{Value, Values};
pub use words::{Part, SyntaxError, split};

// What runs on the target.
#[cfg(target_os = "none")]
mod cmd_board;
#[cfg(target_os = "none")]
pub(crate) mod cmd_map;
#[cfg(target_os = "none")]
mod cmd_peek;
#[cfg(target_os = "none")]
mod cmd_pins;
#[cfg(target_os = "none")]
mod cmd_shell;
#[cfg(target_os = "none")]
mod cmd_system;
#[cfg(target_os = "none")]
mod cmd_threads;
#[cfg(target_os = "none")]
mod cmd_top;
#[cfg(target_os = "none")]
mod cmd_trace;
#[cfg(target_os = "none")]
mod cmd_uart;
#[cfg(target_os = "none")]
mod cmd_watchdog;
#[cfg(target_os = "none")]
mod command;
#[cfg(target_os = "none")]
mod commands;
#[cfg(target_os = "none")]
mod context;
#[cfg(target_os = "none")]
mod jobs;
#[cfg(target_os = "none")]
mod output;
#[cfg(target_os = "none")]
mod runner;
#[cfg(target_os = "none")]
mod session;
#[cfg(target_os = "none")]
mod terminal;

#[cfg(target_os = "none")]
pub(crate) use session::crash_the_shell;
#[cfg(target_os = "none")]
pub use {
    command::Command,
    context::{Cancelled, Context},
    output::Output,
    session::run,
};
