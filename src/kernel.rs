//! From the first Rust instruction to the first thread, on the boot core and on the others; and the last
//! words.

#![expect(unsafe_code, reason = "brings the machine up")]

pub(crate) mod backtrace;
mod last_words;
mod secondaries;

use core::cell::UnsafeCell;
use core::sync::atomic::{AtomicU64, Ordering};

use aarch64_cpu::asm::barrier;
use ufmt::uwriteln;

use crate::arch::cpu::{self, IrqGuard};
use crate::arch::{boot, exceptions, mmu, timer};
use crate::board::Board;
use crate::console::{self, Console};
use crate::cores::CoreId;
use crate::drivers::{gic, mailbox, psci};
use crate::machine::{self, IDENTITY_END, Machine, Source};
use crate::mem::InitError;
use crate::mem::plan::{Image, Layout};
use crate::sched::{idle, per_core};
use crate::{bench, irq, mem, thread};

pub(crate) use last_words::fatal_fault;
pub(crate) use secondaries::secondary_main;

/// Declares the firmware of a board: `firmware!(BOARD)` runs the shell, `firmware!(BOARD, main)` an
/// application of one's own, a `fn()` in a thread.
#[macro_export]
macro_rules! firmware {
    ($board:expr) => {
        $crate::firmware!($board, $crate::shell::run);
    };
    ($board:expr, $main:expr) => {
        #[unsafe(no_mangle)]
        extern "Rust" fn pivot_firmware() -> $crate::kernel::Firmware {
            $crate::kernel::Firmware {
                board: &$board,
                main: || $main(),
            }
        }
    };
}

/// What a board's binary hands to the kernel.
#[derive(Clone, Copy, Debug)]
pub struct Firmware {
    /// The board that it is for.
    pub board: &'static Board,
    /// What the first thread runs.
    pub main: fn(),
}

unsafe extern "Rust" {
    safe fn pivot_firmware() -> Firmware;
}

/// Filled in place, because it is larger than a frame should be.
struct Found(UnsafeCell<Machine>);

// SAFETY: written once, by `discover` on the boot core, before there is another core or thread.
unsafe impl Sync for Found {}

static MACHINE: Found = Found(UnsafeCell::new(Machine::EMPTY));
static ENTRY_LEVEL: AtomicU64 = AtomicU64::new(0);

/// Bytes of stack of the first thread: the shell's line, its tables, and what `help` prints.
const MAIN_STACK_BYTES: usize = 32 * 1024;

/// The board that this image is for.
pub fn board() -> &'static Board {
    pivot_firmware().board
}

/// The machine as it was found at boot.
pub fn machine() -> &'static Machine {
    // SAFETY: not written any more; before `discover` nobody asks.
    unsafe { &*MACHINE.0.get() }
}

/// The exception level at which the firmware entered the image: 1 or 2. At 3, `asm/boot.s` refuses with words
/// (pre-flight 10).
pub fn entry_level() -> u64 {
    ENTRY_LEVEL.load(Ordering::Relaxed)
}

/// The boot core's first Rust code: `boot.s` calls it with the MMU and the caches on, on the boot stack,
/// IRQs masked. What it runs as becomes the boot core's idle thread.
pub(crate) extern "C" fn boot_main(device_tree: usize, entry_level: u64) -> ! {
    per_core::init();
    per_core::init_pointers(CoreId::BOOT);
    ENTRY_LEVEL.store(entry_level, Ordering::Relaxed);
    let Firmware { board, main } = pivot_firmware();
    (board.early_init)();
    // Device memory orders accesses to one device only: the pins are the UART's before it is set up (hazard H7).
    barrier::dsb(barrier::SY);
    // The board's own UART, through the early map: so that there are words even without a tree.
    console::init(&board.uart);
    greet(board, device_tree);
    // Behind the line that says which image this is.
    exceptions::take_over();
    (board.first_line_is_out)();
    if timer::frequency_hz() == 0 {
        last_words::stop_with(format_args!("CNTFRQ_EL0 is 0: the firmware has to set it"));
    }
    per_core::init_clock();
    // After the first words: where firmware keeps the counters to itself, the access ends there.
    bench::boot::begin();

    discover(board, device_tree);
    let machine = machine();
    psci::use_conduit(machine.psci);
    if let Some(base) = machine.blocks.mailbox {
        // SAFETY: the tree names it, in a range that the board maps as devices; nobody else uses it.
        unsafe { mailbox::init(base) };
    }
    init_memory(board, machine);
    if machine.uart != board.uart {
        console::init(&machine.uart);
    }
    report_machine(machine);

    init_interrupts(board, machine);
    per_core::get(CoreId::BOOT).expect();
    per_core::get(CoreId::BOOT).arrive();
    per_core::set_configured(machine.cores.len());
    secondaries::start(machine);
    // Nobody is in the firmware's pen any more, or will be: a null pointer faults from here on.
    // SAFETY: every core has arrived, or parks if it comes now.
    unsafe { mem::tables::unmap_page_zero() };

    if let Err(error) = console::enable_interrupts(machine.uart.intid, CoreId::BOOT) {
        last_words::stop_with(format_args!("console interrupt: {}", error.as_str()));
    }
    let first = thread::Builder::new()
        .name("main")
        .stack_bytes(MAIN_STACK_BYTES)
        .spawn(move || {
            bench::boot::end();
            main();
        });
    if let Err(error) = first {
        last_words::stop_with(format_args!("no first thread: {}", error.as_str()));
    }
    cpu::unmask_irqs();
    idle::run()
}

/// The first line: what one needs to know when there is no second.
fn greet(board: &Board, device_tree: usize) {
    // Writing to the console cannot fail.
    let _ = uwriteln!(
        Console,
        "\npivot {} ({}) on {}: EL{}, image at {:#x}, MIDR {:#x}, counter {} Hz, x0 {:#x}",
        env!("CARGO_PKG_VERSION"),
        crate::BUILD_HASH,
        board.name,
        entry_level(),
        boot::image().start,
        cpu::midr(),
        timer::frequency_hz(),
        device_tree
    );
}

/// Reads the device tree, if x0 points to a good one.
fn discover(board: &Board, x0: usize) {
    // SAFETY: boot core, alone, and nobody has asked for it yet.
    let machine = unsafe { &mut *MACHINE.0.get() };
    // SAFETY: boot core, before `mem::init`; `plausible_tree` asks only for addresses in the board's
    // window, where there is RAM, and for no more than it has validated.
    let map = |address: usize, bytes: usize| unsafe { mmu::early_map(address..address + bytes) };
    let header = |address: usize| {
        let mut bytes = [0; machine::HEADER_BYTES];
        if map(address, bytes.len()) {
            // SAFETY: just mapped, and nobody writes there.
            bytes = unsafe { *(address as *const [u8; machine::HEADER_BYTES]) };
        }
        bytes
    };
    let result = machine::plausible_tree(x0, &board.dtb_window, header).and_then(|bytes| {
        if !map(x0, bytes) {
            return Err(machine::TreeError::OutsideWindow);
        }
        // SAFETY: as for the header; the size is bounded by `plausible_tree`.
        let blob = unsafe { core::slice::from_raw_parts(x0 as *const u8, bytes) };
        machine.from_tree(board, x0, blob)
    });
    if let Err(reason) = result {
        machine.fallback(board, reason);
    }
}

fn init_memory(board: &Board, machine: &Machine) {
    let image = boot::image();
    let layout = Layout {
        memory: &machine.memory,
        reserved: &machine.reserved,
        device_tree: match machine.source {
            Source::DeviceTree { at, size } => Some(at..at + size),
            Source::Fallback(_) => None,
        },
        devices: board.devices,
        image: Image {
            code: image.text.0..image.text.1,
            constants: image.rodata.0..image.rodata.1,
            data: image.data.0..image.data.1,
            guards: image.guards,
        },
        end: IDENTITY_END,
    };
    // SAFETY: once, on the boot core, alone; the layout is the linker's and what the machine was found to be.
    if let Err(error) = unsafe { mem::init(&layout) } {
        match error {
            InitError::Unmappable(region) => last_words::stop_with(format_args!(
                "no page tables left for {:#x} to {:#x}",
                region.range.start, region.range.end
            )),
            InitError::NoMemory => {
                last_words::stop_with(format_args!("no memory beside the image"));
            }
        }
    }
}

fn init_interrupts(board: &Board, machine: &Machine) {
    // SAFETY: boot core, once; the address is the tree's, checked against the board's devices, or the board's.
    if let Err(error) = unsafe { gic::init_distributor(&machine.gic) } {
        last_words::stop_with(format_args!("interrupt controller: {}", error.as_str()));
    }
    irq::init(board.timer_intid);
    init_core_interrupts(CoreId::BOOT);
}

/// Every core: its part of the interrupt controller, its timer.
fn init_core_interrupts(core: CoreId) {
    timer::init_core();
    if let Err(error) = irq::init_core(core) {
        last_words::stop_with(format_args!("interrupts of a core: {}", error.as_str()));
    }
}

fn report_machine(machine: &Machine) {
    let mib = machine.memory_bytes() >> 20;
    let _ = match machine.source {
        Source::DeviceTree { at, size } => uwriteln!(
            Console,
            "machine {}: device tree at {:#x}, {} bytes; {} MiB of RAM, {} cores",
            machine.compatible.as_str(),
            at,
            size,
            mib,
            machine.cores.len()
        ),
        Source::Fallback(reason) => uwriteln!(
            Console,
            "machine {}: no device tree ({}); assuming {} MiB of RAM, {} cores",
            machine.compatible.as_str(),
            reason.as_str(),
            mib,
            machine.cores.len()
        ),
    };
    if machine.cores_not_served > 0 {
        let _ = uwriteln!(
            Console,
            "{} more cores are left alone: an image serves 8",
            machine.cores_not_served
        );
    }
}

/// Restarts the machine.
pub fn reboot() -> ! {
    end_with(board().reboot)
}

/// Stops the machine; an emulator exits.
pub fn halt() -> ! {
    end_with(board().halt)
}

fn end_with(end: fn()) -> ! {
    console::flush();
    let irq = IrqGuard::mask();
    // Nobody else writes to what ends the machine any more (hazard H28).
    irq::stop_others(&irq);
    end();
    drop(irq);
    last_words::stop_with(format_args!(
        "the machine could not be stopped; power it off"
    ))
}
