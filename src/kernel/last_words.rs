//! The end: a panic, or a fault that nothing can contain. Needs no lock, no interrupt and no heap.
//!
//! The other cores are told to park, then the core says on the UART what there is to say, waits with a bound until the
//! last bit has left, and shows a code on the ACT LED for ever. Without an LED, or under an emulator, the machine halts.

#![expect(unsafe_code, reason = "a panic handler trusts nothing")]

use core::fmt::{self, Write};
use core::panic::PanicInfo;
use core::sync::atomic::{AtomicU64, Ordering};

use crate::arch::cpu::{self, IrqGuard};
use crate::arch::exceptions::{self, FaultFrame};
use crate::arch::led;
use crate::arch::mmu;
use crate::arch::refusals::park_core;
use crate::drivers::led::Code;
use crate::kernel::backtrace::{self, Origin};
use crate::mem::probe;
use crate::{console, irq, kernel};

/// The UART by polling, for `core::fmt`: the panic's message comes in no other form.
struct LastWords;

impl Write for LastWords {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        console::panic_write(text.as_bytes());
        Ok(())
    }
}

/// Says why, and stops the machine.
pub(super) fn stop_with(why: fmt::Arguments<'_>) -> ! {
    begin(Code::Stopped);
    let _ = writeln!(LastWords, "\npivot stops: {why}");
    end(Code::Stopped)
}

/// An exception that is not an interrupt from a thread.
/// `why`: it is not the end of a thread only.
pub(crate) fn fatal_fault(frame: &FaultFrame, why: &str) -> ! {
    begin(Code::Fault);
    let _ = writeln!(LastWords, "a fault that ends more than a thread: {why}");
    let _ = writeln!(
        LastWords,
        "\npivot stops: {}: {}, ESR {:#x}, at {:#x}, address {:#x}",
        exceptions::kind_name(frame.kind),
        exceptions::cause_name(frame.esr),
        frame.esr,
        frame.elr,
        frame.far
    );
    let _ = writeln!(
        LastWords,
        "lr {:#x}, sp_el0 {:#x}, sp_el1 {:#x}, spsr {:#x}",
        frame.lr, frame.sp_el0, frame.sp_el1, frame.spsr
    );
    for (index, value) in frame.x.iter().enumerate() {
        let end = if index % 4 == 3 { '\n' } else { ' ' };
        let _ = write!(LastWords, "x{index:<2} {value:#018x}{end}");
    }
    let _ = writeln!(LastWords);
    if let (3 | 7, Some((address, value))) = (frame.kind, probe::last_poke()) {
        let _ = writeln!(
            LastWords,
            "suspect: the last poke, {value:#x} to {address:#x}"
        );
    }
    backtrace::print(&mut LastWords, &Origin::of_fault(frame));
    end(Code::Fault)
}

/// Lets one core speak. Another one parks; a fault in the report itself has `code` and no second report.
fn begin(code: Code) {
    /// No core's affinity.
    const NOBODY: u64 = u64::MAX;
    /// Who speaks, by its own register: the core's pointer may be what is broken.
    static SPEAKER: AtomicU64 = AtomicU64::new(NOBODY);
    core::mem::forget(IrqGuard::mask());
    let this = cpu::affinity();
    match SPEAKER.compare_exchange(NOBODY, this, Ordering::AcqRel, Ordering::Relaxed) {
        Ok(_) => {}
        Err(speaker) if speaker == this => led::show_for_ever(code),
        Err(_) => park_core(),
    }
    // SAFETY: IRQs are masked, for good.
    let irq = unsafe { IrqGuard::assume_masked() };
    irq::stop_others(&irq);
    describe_place(&irq);
}

fn describe_place(irq: &IrqGuard) {
    let core = crate::sched::per_core::this(irq).id();
    let thread = crate::sched::thread::current();
    let _ = writeln!(
        LastWords,
        "\n[core {}, thread {} \"{}\"]",
        core.index(),
        thread.id(),
        thread.name().as_str()
    );
}

/// Stops the machine: a board shows `code`, an emulator exits.
fn end(code: Code) -> ! {
    // The early map has the registers of the UART and the LED only.
    let is_all_mapped = mmu::FINAL_ROOT.load(Ordering::Relaxed) != 0;
    let board = kernel::board();
    if is_all_mapped && (board.is_emulated)() {
        led::flicker(code);
    } else {
        while led::show(code) {}
    }
    if is_all_mapped {
        (board.halt)();
    }
    park_core()
}

#[panic_handler]
fn panic(info: &PanicInfo<'_>) -> ! {
    crate::fault::panicked(info);
    begin(Code::Panic);
    let _ = writeln!(LastWords, "pivot stops: {info}");
    backtrace::print(&mut LastWords, &Origin::here());
    end(Code::Panic)
}
