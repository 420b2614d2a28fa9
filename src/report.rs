//! The one grammar of machine-readable lines: the image writes them, the host tool reads them.
//!
//! ```text
//! line  = "@" id *( " " key "=" value )
//! id    = key = 1*( lower-case letter | digit | "_" | "." | "-" ), starting with a letter
//! value = 1*( letter | digit | one of "_.:+-/%," )                                 a bare word or integer
//!       | '"' *( printable ASCII but '"' and '\' | "\\" | "\"" | "\n" | "\r" | "\t" | "\u{" hex "}" ) '"'
//! ```
//!
//! Integers are decimal (`-` in front when negative) or `0x…`. A key stands at most once in a line. IDs are
//! stable and, where one command reports several things, dotted (`thread.yield.apart`). A figure has its unit
//! in its key (`ns`, `counter_hz`). Two IDs belong to the shell: `@done command=… verdict=…` ends what a
//! command that measures or tests has to say, and `@exit code=…` ends a run of `--exec`.
//!
//! The writer needs no heap and no clock; the reader allocates. Both are tested against each other here, on
//! the host, and that is why this module names neither a register nor a board.

mod line;
mod record;
mod seal;
mod verdict;

pub use line::{Line, Value};
pub use record::{ParseError, Record, strip_terminal};
pub use seal::{TooLong, is_whole, seal};
pub use verdict::Verdict;

/// The ID of the line that ends the report of one command.
pub const DONE: &str = "done";
/// The ID of the line that ends a run of `--exec`.
pub const EXIT: &str = "exit";

/// Whether `name` may be an ID or a key.
fn is_name(name: &str) -> bool {
    name.starts_with(|c: char| c.is_ascii_lowercase())
        && name
            .bytes()
            .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b"_.-".contains(&b))
}

/// The integer that some digits are. `from_str_radix` takes a `+` in front, which nobody writes here.
fn unsigned(digits: &str, radix: u32) -> Option<u64> {
    let is_digits = !digits.starts_with('+');
    u64::from_str_radix(digits, radix)
        .ok()
        .filter(|_| is_digits)
}

/// Whether `text` needs no quotes.
fn is_bare(text: &str) -> bool {
    !text.is_empty()
        && text
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || b"_.:+-/%,".contains(&b))
}
