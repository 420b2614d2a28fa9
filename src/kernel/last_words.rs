//! The end: a panic, or a fault that nothing can contain. Needs no lock, no interrupt and no heap.

#![expect(unsafe_code, reason = "a panic handler trusts nothing")]

use core::fmt::{self, Write};
use core::panic::PanicInfo;
use core::sync::atomic::{AtomicBool, Ordering};

use crate::arch::cpu::IrqGuard;
use crate::arch::exceptions::{self, FaultFrame};
use crate::arch::mmu;
use crate::arch::refusals::park_core;
use crate::{console, kernel};

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
    begin();
    let _ = writeln!(LastWords, "\npivot stops: {why}");
    end()
}

/// An exception that is not an interrupt from a thread.
pub(crate) fn fatal_fault(frame: &FaultFrame) -> ! {
    begin();
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
    end()
}

/// Lets one core speak. A second one, or a fault in the report itself, parks.
fn begin() {
    static SPEAKS: AtomicBool = AtomicBool::new(false);
    core::mem::forget(IrqGuard::mask());
    if SPEAKS.swap(true, Ordering::AcqRel) {
        park_core();
    }
    describe_place();
}

fn describe_place() {
    // SAFETY: `begin` has masked IRQs.
    let irq = unsafe { IrqGuard::assume_masked() };
    let core = crate::sched::per_core::this(&irq).id();
    let thread = crate::sched::thread::current();
    let _ = writeln!(
        LastWords,
        "\n[core {}, thread {} \"{}\"]",
        core.index(),
        thread.id(),
        thread.name().as_str()
    );
}

/// Stops the machine: an emulator exits.
fn end() -> ! {
    // The early map does not have the registers by which a board is stopped.
    if mmu::FINAL_ROOT.load(Ordering::Relaxed) != 0 {
        (kernel::board().halt)();
    }
    park_core()
}

#[panic_handler]
fn panic(info: &PanicInfo<'_>) -> ! {
    begin();
    let _ = writeln!(LastWords, "pivot stops: {info}");
    end()
}
