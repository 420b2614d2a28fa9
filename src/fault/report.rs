//! The report of a thread that faults: what it was, where, and what the registers held.

use core::convert::Infallible;
use core::fmt;

use ufmt::{uDisplay, uWrite, uwrite, uwriteln};

use super::death::{self, Detail};
use super::syndrome::Syndrome;
use crate::arch::exceptions::FaultFrame;
use crate::core_id::CoreId;
use crate::kernel::backtrace::{self, Origin};
use crate::report::{Line, Value};
use crate::sched::thread::Thread;

/// The most that a report may have; what does not fit is cut.
pub(super) const REPORT_BYTES: usize = 4064;

/// A report while it is written.
pub(super) struct Report(heapless::Vec<u8, REPORT_BYTES>);

impl uWrite for Report {
    type Error = Infallible;

    fn write_str(&mut self, text: &str) -> Result<(), Infallible> {
        let room = REPORT_BYTES - self.0.len();
        // Printable ASCII: nothing is cut in the middle of a character.
        let _ = self
            .0
            .extend_from_slice(&text.as_bytes()[..text.len().min(room)]);
        Ok(())
    }
}

impl fmt::Write for Report {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        let Ok(()) = uWrite::write_str(self, text);
        Ok(())
    }
}

impl Report {
    #[expect(clippy::large_stack_frames, reason = "evaluated by the compiler")]
    pub(super) const fn new() -> Self {
        Self(heapless::Vec::new())
    }

    pub(super) fn as_bytes(&self) -> &[u8] {
        &self.0
    }

    /// Writes it anew. `thread` has its reason already.
    pub(super) fn write(
        &mut self,
        frame: &FaultFrame,
        thread: &Thread,
        core: CoreId,
        syndrome: Syndrome,
        message: &str,
    ) {
        self.0.clear();
        if !death::is_said(Detail::Brief) {
            return;
        }
        let (word, words) = thread
            .reason()
            .map_or(("", ""), |reason| (reason.as_str(), reason.in_words()));
        let name = thread.name().as_str();
        let Ok(()) = uwriteln!(
            self,
            "thread {} \"{}\" on core {} ends by {}",
            thread.id(),
            name,
            core.index(),
            words
        );
        if death::is_said(Detail::Full) {
            self.details(frame, syndrome, message);
        }
        let line = Line::begin(self, "fault")
            .with("thread", thread.id())
            .with("name", name)
            .with("core", core.index() as u64)
            .with("reason", word)
            .with("at", Value::Hex(frame.elr));
        let line = match syndrome.address() {
            Some(address) => line.with("address", Value::Hex(address)),
            None => line,
        };
        let Ok(()) = line.end();
        // Last, so that nothing else is cut where there is much of it.
        if death::is_said(Detail::Full) {
            backtrace::print(self, &Origin::of_fault(frame));
        }
    }

    fn details(&mut self, frame: &FaultFrame, syndrome: Syndrome, message: &str) {
        let Ok(()) = if message.is_empty() {
            uwriteln!(self, "{}", syndrome)
        } else {
            uwriteln!(self, "{}", message)
        };
        let named = [
            ("at", frame.elr),
            ("lr", frame.lr),
            ("sp", frame.sp_el0),
            ("psr", frame.spsr),
            ("esr", frame.esr),
            ("far", frame.far),
        ];
        for (place, (name, value)) in named.into_iter().enumerate() {
            self.register(&name, value, place % 3 == 2);
        }
        for (number, &value) in frame.x.iter().enumerate() {
            self.register(&Numbered(number), value, number % 3 == 2);
        }
    }

    fn register(&mut self, name: &impl uDisplay, value: u64, is_last: bool) {
        let name = crate::shell::pad::left(Ref(name), 3);
        let Ok(()) = uwrite!(
            self,
            "{} {}{}",
            name,
            Digits(value),
            if is_last { "\n" } else { "  " }
        );
    }
}

struct Ref<'a, T>(&'a T);

impl<T: uDisplay> uDisplay for Ref<'_, T> {
    fn fmt<W: uWrite + ?Sized>(&self, f: &mut ufmt::Formatter<'_, W>) -> Result<(), W::Error> {
        self.0.fmt(f)
    }
}

/// `x7`.
struct Numbered(usize);

impl uDisplay for Numbered {
    fn fmt<W: uWrite + ?Sized>(&self, f: &mut ufmt::Formatter<'_, W>) -> Result<(), W::Error> {
        uwrite!(f, "x{}", self.0)
    }
}

/// All sixteen digits of a register.
struct Digits(u64);

impl uDisplay for Digits {
    fn fmt<W: uWrite + ?Sized>(&self, f: &mut ufmt::Formatter<'_, W>) -> Result<(), W::Error> {
        f.write_str("0x")?;
        (0..16).rev().try_for_each(|place| {
            let digit = (self.0 >> (4 * place)) as u32 & 0xf;
            f.write_char(char::from_digit(digit, 16).unwrap_or('?'))
        })
    }
}
