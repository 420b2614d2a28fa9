//! `mem map`: what is mapped, as the page tables have it.

use core::ops::Range;

use ufmt::uwriteln;

use super::{Context, hex::Address, pad};
use crate::{
    arch::{boot, mmu},
    kernel,
    machine::Source,
    mem::{
        map,
        places::{Place, Places},
        plan::Image,
        ranges::{page_down, page_up},
        walk::{Mapping, Rights},
        window::STACK_AREA,
    },
    report::Verdict,
};

/// Where the parts of this image are, and the device tree.
pub(crate) fn places() -> Places {
    let image = boot::image();
    Places {
        image: Image {
            code: image.text.0..image.text.1,
            constants: image.rodata.0..image.rodata.1,
            data: image.data.0..image.data.1,
            guards: image.guards,
        },
        device_tree: match kernel::machine().source {
            // Its rights are those of whole pages.
            Source::DeviceTree { at, size } => Some(page_down(at)..page_up(at + size)),
            Source::Fallback(_) => None,
        },
    }
}

/// What all rows together are.
#[derive(Default)]
struct Total {
    ranges: usize,
    bytes: usize,
    executable: usize,
    writable: usize,
    /// Both.
    faults: usize,
    stacks: usize,
    stack_bytes: usize,
    /// From the first stack to the last.
    stack_span: Option<Range<usize>>,
}

impl Total {
    fn add(&mut self, mapping: &Mapping) {
        let bytes = mapping.range.len();
        let Rights { write, execute, .. } = mapping.rights;
        self.ranges += 1;
        self.bytes += bytes;
        self.executable += if execute { bytes } else { 0 };
        self.writable += if write { bytes } else { 0 };
        self.faults += usize::from(write && execute);
        if STACK_AREA.contains(&mapping.range.start) {
            self.stacks += 1;
            self.stack_bytes += bytes;
            let first = self.stack_span.take().map(|span| span.start);
            self.stack_span = Some(first.unwrap_or(mapping.range.start)..mapping.range.end);
        }
    }
}

/// Shows the map. Fails if something is writable and executable.
pub(super) fn show(ctx: &mut Context) -> Verdict {
    let places = places();
    let Ok(()) = uwriteln!(
        ctx.out(),
        "FROM         TO                 KiB      TYPE   WHAT"
    );
    let mut total = Total::default();
    let mut stacks_are_alike = None;
    for mapping in map::walker().ranges() {
        if ctx.is_cancelled() {
            return Verdict::Aborted;
        }
        total.add(&mapping);
        // Stacks are many and alike: one row for them, unless one differs.
        if STACK_AREA.contains(&mapping.range.start) {
            let kind = (mapping.rights, mapping.attribute);
            if *stacks_are_alike.get_or_insert(kind) == kind {
                continue;
            }
        }
        for (piece, place) in places.pieces(mapping.range.clone()) {
            let name = place.name(is_device(mapping.attribute));
            row(
                ctx,
                &piece,
                piece.len(),
                (mapping.rights, mapping.attribute),
                name,
            );
        }
    }
    if let (Some(span), Some(kind)) = (total.stack_span, stacks_are_alike) {
        row(
            ctx,
            &span,
            total.stack_bytes,
            kind,
            Place::Stacks.name(false),
        );
        let Ok(()) = uwriteln!(
            ctx.out(),
            "{} stacks, each with an unmapped guard below it of half its size",
            total.stacks
        );
    }
    let report = ctx.report("map").with("ranges", total.ranges);
    let report = report
        .with("bytes", total.bytes)
        .with("executable", total.executable);
    let report = report
        .with("writable", total.writable)
        .with("stacks", total.stacks);
    let Ok(()) = report.with("writable_and_executable", total.faults).end();
    Verdict::from_check(total.faults == 0)
}

/// Whether an index into MAIR_EL1 is that of device memory.
fn is_device(attribute: u8) -> bool {
    u64::from(attribute) == mmu::ATTRIBUTE_DEVICE
}

fn row(
    ctx: &mut Context,
    range: &Range<usize>,
    bytes: usize,
    (rights, attribute): (Rights, u8),
    name: &str,
) {
    let Ok(()) = uwriteln!(
        ctx.out(),
        "{} {} {} r{}{} {} {}",
        Address(range.start),
        Address(range.end),
        pad::right(bytes / 1024, 9),
        if rights.write { 'w' } else { '-' },
        if rights.execute { 'x' } else { '-' },
        if is_device(attribute) {
            "device"
        } else {
            "normal"
        },
        name
    );
}
