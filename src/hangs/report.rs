//! The report of a hang: a sentence, who holds what, and a line for programs.

#![expect(unsafe_code, reason = "a thread's block is found by its address")]

use core::ptr::with_exposed_provenance;

use ufmt::{uWrite, uwrite};

use super::look::Found;
use super::{Kind, Suspicion};
use crate::kernel::backtrace;
use crate::report::{Line, Value};
use crate::sched::thread::{NAME_BYTES, Thread};
use crate::sched::{per_core, registry};
use crate::shell::pad;
use crate::sync::spinlock;
use crate::time;

/// A report. What does not fit is cut: a circle of many with long names.
pub(super) type Text = heapless::String<1024>;

/// A piece of a sentence.
enum Piece<'t> {
    Words(&'t str),
    Number(usize),
    Address(usize),
    /// A time in ticks, as seconds.
    Seconds(u64),
    /// `thread 7`, with its name and, in the realtime class, its place there; or `nothing`. No name, if it is not to be
    /// had without waiting: others may wait for the list of threads in vain.
    Thread(u32),
    /// The same, of which the name is known.
    Named(u32, &'t heapless::String<NAME_BYTES>),
}
use Piece::{Address, Named, Number, Seconds, Words};

/// A field of the line for programs.
type Field = (&'static str, u64);

/// That `hang` has stood for `ticks`.
#[expect(
    clippy::large_stack_frames,
    reason = "the watcher's own thread calls it, from little else"
)]
pub(super) fn begins(hang: &Suspicion, ticks: u64, found: &Found) -> Text {
    let mut text = Text::new();
    let core = Number(hang.core.index());
    match hang.kind {
        Kind::Irq => {
            let what = Words(" has taken no interrupt for ");
            say(
                &mut text,
                &[Words("hang: core "), core, what, Seconds(ticks)],
            );
            runs(&mut text, hang);
            line(&mut text, "hang", hang, ticks, &[]);
        }
        Kind::Spin => {
            let what = Words(" has waited for a spin lock for ");
            say(
                &mut text,
                &[Words("hang: core "), core, what, Seconds(ticks)],
            );
            runs(&mut text, hang);
            spin(&mut text, hang, ticks);
        }
        Kind::Starve => {
            let who = Piece::Thread(hang.thread);
            let what = Words(" is ready and has not run for ");
            say(&mut text, &[Words("hang: "), who, what, Seconds(ticks)]);
            let runs = per_core::get(hang.core).running().unwrap_or(0);
            let what = [Words("  core "), core, Words(" runs "), Piece::Thread(runs)];
            say(&mut text, &what);
            line(&mut text, "hang", hang, ticks, &[("runs", runs.into())]);
        }
        Kind::Deadlock => deadlock(&mut text, hang, ticks, found),
    }
    text
}

/// That `hang` has ended after `ticks`.
#[expect(clippy::large_stack_frames, reason = "as above")]
pub(super) fn ends(hang: &Suspicion, ticks: u64) -> Text {
    let mut text = Text::new();
    let thread = Number(hang.thread as usize);
    let (subject, which, what) = match hang.kind {
        Kind::Irq => (
            "core ",
            Number(hang.core.index()),
            " takes interrupts again, after ",
        ),
        Kind::Spin => (
            "core ",
            Number(hang.core.index()),
            " waits for that lock no more, after ",
        ),
        Kind::Starve => ("thread ", thread, " waits for its core no more, after "),
        Kind::Deadlock => ("the circle of thread ", thread, " is open, after "),
    };
    let subject = [Words("hang over: "), Words(subject), which, Words(what)];
    put(&mut text, &subject);
    say(&mut text, &[Seconds(ticks)]);
    line(&mut text, "hang.over", hang, ticks, &[]);
    text
}

/// What the core runs.
fn runs(text: &mut Text, hang: &Suspicion) {
    say(text, &[Words("  it runs "), Piece::Thread(hang.thread)]);
}

/// Who has the lock, and where it is waited for.
fn spin(text: &mut Text, hang: &Suspicion, ticks: u64) {
    let Some(wait) = spinlock::wait_of(hang.core) else {
        // It has just come to its end.
        return line(text, "hang", hang, ticks, &[]);
    };
    // SAFETY: a lock's owner is a thread's block, or 0; and where a block once was there is one for ever
    // (`sched::blocks`).
    let owner = unsafe { with_exposed_provenance::<Thread>(wait.owner).as_ref() };
    let (id, core) = owner.map_or((0, 0), |owner| (owner.id(), owner.core().index()));
    let what = Words(" has the lock: ");
    say(
        text,
        &[Words("  core "), Number(core), what, Piece::Thread(id)],
    );
    let fields = [
        ("lock", wait.lock as u64),
        ("owner", id.into()),
        ("owner_core", core as u64),
        ("at", wait.at as u64),
    ];
    line(text, "hang", hang, ticks, &fields);
    backtrace::print_call(text, wait.at);
}

/// Who waits for whom.
fn deadlock(text: &mut Text, hang: &Suspicion, ticks: u64, found: &Found) {
    let Some(circle) = found.circle_of(hang.thread) else {
        return line(text, "hang", hang, ticks, &[]);
    };
    let what = [
        Words("hang: threads wait for each other, a circle of "),
        Number(circle.count),
        Words(", for "),
        Seconds(ticks),
    ];
    say(text, &what);
    for (place, waiter) in circle.named.iter().enumerate() {
        let next = circle.named.get((place + 1) % circle.count);
        let mutex = [
            Words("  "),
            Named(waiter.thread, &waiter.name),
            Words(" waits for mutex "),
            Address(waiter.mutex),
        ];
        put(text, &mutex);
        match next {
            Some(next) => say(text, &[Words(" of "), Number(next.thread as usize)]),
            None => say(text, &[Words(", and so on")]),
        }
    }
    let first = circle.named.first();
    let owner = circle.named.get(1 % circle.count);
    let fields = [
        ("threads", circle.count as u64),
        ("mutex", first.map_or(0, |first| first.mutex as u64)),
        ("owner", owner.map_or(0, |owner| owner.thread.into())),
    ];
    line(text, "hang", hang, ticks, &fields);
}

/// Adds a line.
fn say(text: &mut Text, pieces: &[Piece<'_>]) {
    put(text, pieces);
    put(text, &[Words("\n")]);
}

fn put(text: &mut Text, pieces: &[Piece<'_>]) {
    for piece in pieces {
        // What does not fit is cut.
        let _ = match *piece {
            Words(words) => text.write_str(words),
            Number(number) => uwrite!(text, "{}", number),
            Address(address) => uwrite!(text, "0x{:x}", address),
            Seconds(ticks) => uwrite!(text, "{} s", pad::seconds(time::duration(ticks))),
            Piece::Thread(0) => text.write_str("nothing"),
            Piece::Thread(id) => {
                let Some(thread) = registry::find(id) else {
                    put(text, &[Words("thread "), Number(id as usize)]);
                    continue;
                };
                put(text, &[Named(id, thread.name())]);
                if thread.realtime() > 0 {
                    put(text, &[Words(", rt"), Number(thread.realtime().into())]);
                }
                Ok(())
            }
            Named(id, name) => uwrite!(text, "thread {} \"{}\"", id, name.as_str()),
        };
    }
}

/// The line for programs: what all have, and `fields`; addresses in base 16.
fn line(text: &mut Text, id: &str, hang: &Suspicion, ticks: u64, fields: &[Field]) {
    let all = [
        ("core", hang.core.index() as u64),
        ("thread", hang.thread.into()),
        ("ms", time::duration(ticks).as_millis() as u64),
    ];
    let mut line = Line::begin(text, id).with("kind", hang.kind.as_str());
    for &(key, value) in all.iter().chain(fields) {
        let is_address = matches!(key, "lock" | "at" | "mutex");
        line = line.with(
            key,
            if is_address {
                Value::Hex(value)
            } else {
                Value::Unsigned(value)
            },
        );
    }
    let _ = line.end();
}
