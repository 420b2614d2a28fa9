//! Where code was when it failed: the build, the frames, the instructions there, and what the core did last.
//!
//! For reports of faults and panics: needs no heap and no lock, and reads nothing that is not known to be mapped. The
//! lines are for the host tool, which has the file that the image was made from and puts function, file and line
//! below each (`docs/backtraces.md`). All addresses are those that the image is linked for: it runs nowhere else
//! (`asm/relocate.s` moves it there before the MMU is on).

#![expect(unsafe_code, reason = "reads stacks and code by address")]

use core::arch::asm;
use core::fmt::Write;
use core::ops::Range;
use core::ptr::with_exposed_provenance;

use crate::arch::boot;
use crate::arch::cpu::IrqGuard;
use crate::arch::exceptions::{self, FaultFrame};
use crate::core_id::CoreId;
pub(crate) use crate::frames::Origin;
use crate::frames::{Frames, Memory, Step};
use crate::kernel::secondaries;
use crate::sched::{per_core, thread, tracer};
use crate::time;
use crate::trace::{CAUSES, Event, Kind};

/// The most frames that are shown.
const MAX_FRAMES: u32 = 32;

/// How many of the core's last events are shown.
const MAX_EVENTS: usize = 16;

/// Instructions that are shown before the one in question, and after it.
const CODE_BEFORE: usize = 2;
const CODE_AFTER: usize = 1;

/// Bytes of an instruction.
const INSTRUCTION: usize = 4;

impl Origin {
    /// Where an exception was taken.
    pub(crate) fn of_fault(frame: &FaultFrame) -> Self {
        let sp = if exceptions::is_from_thread(frame) {
            frame.sp_el0
        } else {
            frame.sp_el1
        };
        Self {
            pc: frame.elr as usize,
            fp: frame.x[29] as usize,
            sp: sp as usize,
            lr: Some(frame.lr as usize),
        }
    }

    /// Here.
    #[inline(always)]
    pub(crate) fn here() -> Self {
        let (pc, fp);
        // SAFETY: reads two registers.
        unsafe {
            asm!("adr {}, .", "mov {}, x29", out(reg) pc, out(reg) fp, options(nomem, nostack, preserves_flags));
        }
        // From the record on: what lies below it is no caller's.
        let (sp, lr) = (fp, None);
        Self { pc, fp, sp, lr }
    }
}

/// Says where the current thread, or the handler that has interrupted it, is.
pub(crate) fn print(out: &mut dyn Write, origin: &Origin) {
    let irq = IrqGuard::mask();
    let memory = Mapped {
        text: boot::image().text,
    };
    let mut report = Report { out, memory };
    report.build();
    report.frames(origin, &irq);
    if origin.lr.is_some() {
        report.code(origin.pc);
    }
    report.events(&irq);
}

/// Says where a call returns to, of which nothing else is known.
pub(crate) fn print_call(out: &mut dyn Write, to: usize) {
    let memory = Mapped {
        text: boot::image().text,
    };
    let mut report = Report { out, memory };
    report.build();
    report.address("#1 ", to);
    report.text("\n");
}

struct Report<'a> {
    out: &'a mut dyn Write,
    memory: Mapped,
}

impl Report<'_> {
    /// What cannot be written is lost: there is nobody else to tell.
    fn text(&mut self, text: &str) {
        let _ = self.out.write_str(text);
    }

    /// `value` in hexadecimal, all of the digits that a type of `bytes` bytes has.
    fn hex(&mut self, value: usize, bytes: usize) {
        for shift in (0..bytes * 2).rev() {
            let digit = (value >> (shift * 4)) as u32 & 15;
            let _ = self
                .out
                .write_char(char::from_digit(digit, 16).unwrap_or('?'));
        }
    }

    fn address(&mut self, before: &str, address: usize) {
        self.text(before);
        self.text("0x");
        self.hex(address, size_of::<usize>());
    }

    fn number(&mut self, before: &str, value: u64) {
        self.text(before);
        // The largest power of ten of a u64.
        let mut unit = 10_u64.pow(19);
        while unit > 1 && value < unit {
            unit /= 10;
        }
        while unit > 0 {
            let digit = (value / unit % 10) as u32;
            let _ = self
                .out
                .write_char(char::from_digit(digit, 10).unwrap_or('?'));
            unit /= 10;
        }
    }

    /// Which file of symbols belongs to this image.
    fn build(&mut self) {
        self.text("image ");
        let id = boot::build_id();
        for &byte in id {
            self.hex(usize::from(byte), 1);
        }
        self.text(if id.is_empty() { "unknown\n" } else { "\n" });
    }

    fn frames(&mut self, origin: &Origin, irq: &IrqGuard) {
        let mut frames = Frames::new(origin, stacks(irq), self.memory);
        let mut step = frames.step();
        self.address("#0 ", origin.pc);
        if let Some(lr) = origin.lr
            && self.memory.code(lr).is_some()
            && step != Step::Return(lr)
        {
            self.address(" lr ", lr);
        }
        let mut number = 1;
        let mut is_interrupted = false;
        while let Step::Return(to) = step
            && number <= MAX_FRAMES
        {
            self.number("\n#", u64::from(number));
            self.address(" ", to);
            // In the record that an interrupt makes there is no return address, but the instruction that comes next.
            if is_interrupted {
                self.text(" interrupted");
            }
            is_interrupted = exceptions::is_interrupt_entry(to);
            step = frames.step();
            number += 1;
        }
        match step {
            Step::End => self.text("\nframes end\n"),
            Step::Return(_) => self.text("\nframes end: there are more\n"),
            Step::Broken(at) => {
                self.address("\nframes end: no frame is at ", at);
                self.text("\n");
            }
        }
    }

    /// The instructions around one: the words in memory.
    fn code(&mut self, pc: usize) {
        if self.memory.code(pc).is_none() {
            return;
        }
        self.address("code at ", pc);
        self.text(":");
        let first = pc.saturating_sub(CODE_BEFORE * INSTRUCTION);
        for at in (first..=pc + CODE_AFTER * INSTRUCTION).step_by(INSTRUCTION) {
            if let Some(code) = self.memory.code(at) {
                self.text(if at == pc { " (" } else { " " });
                self.hex(code as usize, size_of::<u32>());
                self.text(if at == pc { ")" } else { "" });
            }
        }
        self.text("\n");
    }

    /// What was recorded of this core, if anything is.
    fn events(&mut self, irq: &IrqGuard) {
        let mut last = heapless::Vec::<Event, MAX_EVENTS>::new();
        tracer::last_events(MAX_EVENTS, irq, |event| {
            // There is room for as many as are asked for.
            let _ = last.push(event);
        });
        for event in &last {
            self.event(event);
        }
    }

    fn event(&mut self, event: &Event) {
        self.number("event at ", time::duration(event.ticks).as_micros() as u64);
        self.text(" us: ");
        self.text(event.kind.as_str());
        self.number(" thread ", event.thread.into());
        if event.other != 0 || event.kind.is_switch() {
            let what = match event.kind {
                Kind::Interrupt => ", INTID ",
                Kind::Wake => ", by thread ",
                _ => ", to thread ",
            };
            self.number(what, event.other.into());
        }
        if event.kind.is_switch() {
            self.text(", by ");
            self.text(CAUSES.get(usize::from(event.detail)).unwrap_or(&"?"));
        } else if event.kind == Kind::Wake {
            self.number(", on core ", event.detail.into());
        }
        self.text("\n");
    }
}

/// The stacks of a core and of its current thread, and the image's code.
#[derive(Clone, Copy)]
struct Mapped {
    text: (usize, usize),
}

impl Memory for Mapped {
    fn word(&self, at: usize) -> usize {
        // SAFETY: within a stack, which is mapped for as long as its core or its thread lives, and a multiple of 8.
        // Volatile: whatever is there will do.
        unsafe { with_exposed_provenance::<usize>(at).read_volatile() }
    }

    fn code(&self, at: usize) -> Option<u32> {
        let is_code = (self.text.0..self.text.1).contains(&at) && at.is_multiple_of(INSTRUCTION);
        // SAFETY: in the image's text, which is whole pages, mapped, and written by nobody; and a multiple of 4.
        is_code.then(|| unsafe { with_exposed_provenance::<u32>(at).read() })
    }
}

/// The stacks on which this core's frames can be: the one that exceptions arrive on, and the current thread's.
fn stacks(irq: &IrqGuard) -> [Range<usize>; 2] {
    let core = per_core::this(irq).id();
    let (exception, idle) = if core == CoreId::BOOT {
        let image = boot::image();
        let (exception, idle) = (image.exception_stack, image.boot_stack);
        (exception.0..exception.1, idle.0..idle.1)
    } else {
        secondaries::stacks(core)
    };
    [exception, thread::current().stack_range().unwrap_or(idle)]
}
