//! Accesses to devices, as the emulator's trace `memory_region_ops_*` has them. Pure.

use std::ops::Range;

/// An access to a register of a device.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Access {
    pub(super) core: usize,
    pub(super) is_write: bool,
    pub(super) address: u64,
    pub(super) value: u64,
    pub(super) bytes: u64,
}

/// The start of what is a line of the trace; the rest of a log is what the guest did wrong.
const TRACE: &str = "memory_region_ops_";

/// What the emulated VideoCore does behind its mailbox is in the trace too, and is none of the guest's.
const NOT_THE_GUEST: &str = "'bcm2835-property'";

/// Takes a log apart: the guest's accesses, and the lines that are not of the trace.
pub(super) fn split(log: &str) -> (Vec<Access>, String) {
    let (mut accesses, mut rest) = (Vec::new(), String::new());
    for line in log.lines() {
        if line.starts_with(TRACE) {
            let is_guest = !line.ends_with(NOT_THE_GUEST);
            accesses.extend(is_guest.then(|| parse(line)).flatten());
        } else {
            rest.push_str(line);
            rest.push('\n');
        }
    }
    (accesses, rest)
}

/// `memory_region_ops_write cpu 0 mr 0x7f… addr 0xff842000 value 0x1 size 4 name 'gic_cpu'`.
fn parse(line: &str) -> Option<Access> {
    let mut words = line.split_whitespace();
    let is_write = words.next()?.ends_with("write");
    let mut after = |key: &str| words.by_ref().skip_while(|word| *word != key).nth(1);
    let core = after("cpu")?.parse().ok()?;
    let mut hex = |key: &str| u64::from_str_radix(after(key)?.trim_start_matches("0x"), 16).ok();
    let (address, value) = (hex("addr")?, hex("value")?);
    let bytes = after("size")?.parse().ok()?;
    Some(Access {
        core,
        is_write,
        address,
        value,
        bytes,
    })
}

impl Access {
    /// The offset in a block of registers; `None` outside.
    pub(super) fn offset_in(&self, block: &Range<u64>) -> Option<u64> {
        block
            .contains(&self.address)
            .then(|| self.address - block.start)
    }

    /// Whether it writes the register at `offset` of a block.
    pub(super) fn writes(&self, block: &Range<u64>, offset: u64) -> bool {
        self.is_write && self.offset_in(block) == Some(offset)
    }
}

/// An access, for tests.
#[cfg(test)]
pub(super) fn access(core: usize, is_write: bool, address: u64, value: u64) -> Access {
    Access {
        core,
        is_write,
        address,
        value,
        bytes: 4,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_of_the_trace_are_accesses_and_the_rest_is_the_log() {
        let log = "memory_region_ops_write cpu 2 mr 0x7f40 addr 0xff842010 value 0xc01 size 4 name 'gic_cpu'\n\
                   pl011_write: data written to disabled UART\n\
                   memory_region_ops_write cpu 1 mr 0x7f42 addr 0x80 value 0xc0183808 size 4 name 'bcm2835-property'\n\
                   memory_region_ops_read cpu 0 mr 0x7f41 addr 0xff841800 value 0x1 size 1 name 'gic_dist'\n";
        let (accesses, rest) = split(log);
        assert_eq!(accesses[0], access(2, true, 0xff84_2010, 0xc01));
        assert_eq!((accesses.len(), accesses[1].bytes), (2, 1));
        assert!(!accesses[1].is_write);
        assert_eq!(rest, "pl011_write: data written to disabled UART\n");
    }
}
