//! That a load or a store that somebody typed is made, or is refused for the right reason, and never faults.

#![expect(unsafe_code, reason = "stores into memory of its own, by address")]

use core::cell::UnsafeCell;

use crate::{
    mem::{
        access::{Denied, Width},
        probe,
        walk::END,
    },
    shell::cmd_map,
    suite::session::{Ended, Session},
};

/// Each width, and the checks of it.
const WIDTHS: [(Width, &str, &str); 4] = [
    (Width::Byte, "map.store.8", "map.load.8"),
    (Width::Half, "map.store.16", "map.load.16"),
    (Width::Word, "map.store.32", "map.load.32"),
    (Width::Double, "map.store.64", "map.load.64"),
];

/// Checks them all.
#[expect(
    clippy::large_stack_frames,
    reason = "many checks; a command has a stack of 32 KiB"
)]
pub(super) fn check(session: &mut Session<'_>) -> Result<(), Ended> {
    let image = cmd_map::places().image;
    let code = image.code.start;
    for (id, address, why) in [
        ("map.load.null", 0, Denied::NotMapped),
        ("map.load.guard", image.guards[0], Denied::NotMapped),
        ("map.load.beyond", END, Denied::NotMapped),
        ("map.load.last", usize::MAX - 7, Denied::NotMapped),
        ("map.load.misaligned", code + 4, Denied::Misaligned(8)),
    ] {
        let got = probe::load(address, Width::Double);
        session.is(id, "refused for its reason", got == Err(why));
    }
    // SAFETY: all of them are to be refused; a store that is made is a failure of the tables, and puts what is there.
    let got = probe::load(code, Width::Word)
        .and_then(|word| unsafe { probe::store(code, Width::Word, word) });
    session.is(
        "map.store.code",
        "refused as read-only",
        got == Err(Denied::NotPermitted),
    );
    // SAFETY: as above; nothing is mapped there.
    let got = unsafe { probe::store(0, Width::Byte, 0) };
    session.is(
        "map.store.null",
        "refused as not mapped",
        got == Err(Denied::NotMapped),
    );

    let word = UnsafeCell::new(0_u64);
    let address = word.get().expose_provenance();
    for (width, store, load) in WIDTHS {
        // SAFETY: the word is ours, and nobody else looks at it.
        unsafe { word.get().write_volatile(0) };
        // SAFETY: as above; it is aligned for each width.
        let stored = unsafe { probe::store(address, width, u64::MAX) };
        let loaded = probe::load(address, Width::Double);
        let expected = u64::MAX >> (64 - width.bits());
        let is_good = stored.is_ok() && loaded == Ok(expected);
        session.is(store, "as many bits as the width has, and no more", is_good);
        session.is(
            load,
            "what is there",
            probe::load(address, width) == Ok(expected),
        );
    }
    let last = Some((address as u64, u64::MAX));
    session.is(
        "map.last-poke",
        "the last store is remembered",
        probe::last_poke() == last,
    );
    Ok(())
}
