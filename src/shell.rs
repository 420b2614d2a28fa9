//! The shell: a prompt on the serial line, commands, and jobs.

// Pure: what is typed, and what it means. Tested on the host.
pub mod args;
mod cancel;
mod editor;
mod history;
mod keys;
pub mod pad;
mod prompt;
mod values;

pub use args::{Arg, Spec};
pub use cancel::Cancel;
pub use editor::{Edit, LINE_MAX, LineEditor};
pub use history::History;
pub use keys::{Key, KeyDecoder};
pub use prompt::PromptRow;
pub use values::{Value, Values};

// What runs on the target.
#[cfg(target_os = "none")]
mod command;
#[cfg(target_os = "none")]
mod context;
#[cfg(target_os = "none")]
mod output;

#[cfg(target_os = "none")]
pub use {
    command::Command,
    context::{Cancelled, Context},
    output::Output,
};
