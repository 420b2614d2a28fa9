//! The console for more than one call: what is written in several pieces stays together.

use core::convert::Infallible;

use ufmt::uWrite;

use super::{WRITER, can_sleep, write_polling, write_sleeping};
use crate::sync::MutexGuard;

/// Prints a line: `println!("{} of {}", 1, 2)`, with the placeholders of ufmt. Lines of several threads do not mix.
///
/// What is formatted may not print itself: the console is held meanwhile.
#[macro_export]
macro_rules! println {
    () => {
        $crate::println!("")
    };
    ($($argument:tt)*) => {{
        use $crate::__ufmt as ufmt;
        // Writing to the console cannot fail.
        let _ = ufmt::uwriteln!($crate::console::hold(), $($argument)*);
    }};
}

/// Prints without the line's end; otherwise as [`println!`].
#[macro_export]
macro_rules! print {
    ($($argument:tt)*) => {{
        use $crate::__ufmt as ufmt;
        let _ = ufmt::uwrite!($crate::console::hold(), $($argument)*);
    }};
}

/// The console, held for as long as this lives: other threads that write wait.
#[derive(Debug)]
pub struct Held(Option<MutexGuard<'static, ()>>);

/// Holds the console. Where nobody can sleep, it holds nothing, and what is written goes out at once.
///
/// Meanwhile this thread may write by what is returned only: `println!` and [`Console`](super::Console) would wait for
/// itself. A lock that is held while `println!` is called, as its argument may be, is taken before the console: so do not
/// take it after.
pub fn hold() -> Held {
    let holds = super::STATE.lock().has_interrupts && can_sleep();
    Held(holds.then(|| WRITER.lock_always()))
}

impl uWrite for Held {
    type Error = Infallible;

    fn write_str(&mut self, text: &str) -> Result<(), Infallible> {
        if self.0.is_some() && can_sleep() {
            write_sleeping(text.as_bytes());
        } else {
            write_polling(text.as_bytes());
        }
        Ok(())
    }
}
