//! The instructions of a round by function, those of inlined functions for themselves. Pure.

use std::rc::Rc;

use crate::explain::Place;

/// The benchmarks, and what they write their samples down with.
const BENCHMARKS: &str = "src/bench/";
const SAMPLES: &str = "src/stats/";
/// The clock of the samples.
const CLOCK: &str = "src/bench/clock.rs";

/// Libraries' folders: what is inlined from there belongs to whoever uses it.
const LIBRARIES: [&str; 2] = ["library/", "registry/"];

/// Whose instructions they are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Whose {
    /// The path's.
    Path,
    /// The benchmark's loop.
    Loop,
    /// The benchmark's reading of the clock.
    Clock,
}

/// All instructions of a round that come from one function and are in one other.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Step {
    /// The function that has them.
    pub(super) outer: String,
    /// The function that they were inlined from; the same if they were not.
    pub(super) inner: String,
    pub(super) file: String,
    /// First and last line; 0: unknown.
    pub(super) lines: (u32, u32),
    pub(super) count: usize,
    pub(super) whose: Whose,
}

/// The steps of a round, in the order in which it comes to them first.
pub(super) fn steps(round: &[u64], places: impl Fn(u64) -> Rc<[Place]>) -> Vec<Step> {
    let mut steps: Vec<Step> = Vec::new();
    for &address in round {
        let Some(new) = step(&places(address)) else {
            continue;
        };
        let is_same = |old: &&mut Step| {
            (&old.outer, &old.inner, &old.file, old.whose)
                == (&new.outer, &new.inner, &new.file, new.whose)
        };
        match steps.iter_mut().find(is_same) {
            Some(old) => {
                old.count += 1;
                let known = [old.lines.0, new.lines.0]
                    .into_iter()
                    .filter(|line| *line > 0);
                old.lines.0 = known.min().unwrap_or_default();
                old.lines.1 = old.lines.1.max(new.lines.1);
            }
            None => steps.push(new),
        }
    }
    steps
}

/// Whether an instruction writes down a sample.
pub(super) fn is_sample(places: &[Place]) -> bool {
    places.iter().any(|place| place.file.starts_with(SAMPLES))
}

/// One instruction.
fn step(places: &[Place]) -> Option<Step> {
    let is_library = |place: &&Place| LIBRARIES.iter().any(|at| place.file.starts_with(at));
    let outer = places.last()?;
    let inner = places.iter().find(|place| !is_library(place));
    let inner = inner.unwrap_or(outer);
    let whose = if places.iter().any(|place| place.file == CLOCK) {
        Whose::Clock
    } else if inner.file.starts_with(BENCHMARKS) {
        Whose::Loop
    } else {
        Whose::Path
    };
    Some(Step {
        outer: short(&outer.function),
        inner: short(&inner.function),
        file: inner.file.clone(),
        lines: (inner.line, inner.line),
        count: 1,
        whose,
    })
}

/// A function's name without its hash, the crate, and what its types are made of.
fn short(name: &str) -> String {
    let name = match name.rsplit_once("::h") {
        Some((rest, hash)) if hash.len() == 16 => rest,
        _ => name,
    };
    let mut depth = 0_u32;
    let mut kept = String::new();
    // What stands behind `::<`, or behind a name and `<`, says which copy of a function it is.
    for (at, c) in name.char_indices() {
        match c {
            '<' if depth > 0 || !matches!(&kept[..], "" | "&") => depth += 1,
            '>' if depth > 0 && !name[..at].ends_with('-') => depth -= 1,
            _ if depth == 0 => kept.push(c),
            _ => {}
        }
    }
    let kept = kept.replace("pivot::", "").replace("::::", "::");
    // A boxed closure, which is all that the name of its copy says.
    kept.replace(
        "core::ops::function::FnOnce::call_once{{vtable.shim}}",
        "the thread's closure",
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn place(function: &str, file: &str, line: u32) -> Place {
        Place {
            function: function.to_owned(),
            file: file.to_owned(),
            line,
        }
    }

    #[test]
    fn inlined_functions_are_counted_for_themselves_and_libraries_by_who_uses_them() {
        let outer = |line| place("pivot::sched::choose", "src/sched.rs", line);
        let of = |address| match address {
            1 => [outer(10)].into(),
            4 => [outer(0)].into(),
            2 => [place("core::x", "library/core/x.rs", 1), outer(14)].into(),
            _ => [
                place(
                    "pivot::queue::Queue<T>::pop::h0123456789abcdef",
                    "src/queue.rs",
                    3,
                ),
                outer(12),
            ]
            .into(),
        };
        let found = steps(&[1, 3, 2, 3, 4, 3], of);
        let shown: Vec<_> = found
            .iter()
            .map(|step| {
                (
                    step.outer.as_str(),
                    step.inner.as_str(),
                    step.lines,
                    step.count,
                )
            })
            .collect();
        assert_eq!(
            shown,
            [
                ("sched::choose", "sched::choose", (10, 14), 3),
                ("sched::choose", "queue::Queue::pop", (3, 3), 3),
            ]
        );
    }

    #[test]
    fn the_benchmarks_own_instructions_are_its_loop_or_its_clock() {
        let bench = place("pivot::bench::pair::play", "src/bench/pair.rs", 1);
        let clock = place("pivot::bench::clock::now", "src/bench/clock.rs", 1);
        let timer = place("pivot::arch::timer::now", "src/arch/timer.rs", 1);
        let unlock = place("pivot::sync::unlock", "src/sync.rs", 1);
        let whose = |places: &[Place]| step(places).unwrap().whose;
        assert_eq!(whose(&[timer, clock, bench.clone()]), Whose::Clock);
        assert_eq!(whose(&[unlock, bench.clone()]), Whose::Path);
        assert_eq!(whose(&[bench]), Whose::Loop);
    }

    #[test]
    fn names_are_short_but_say_which_function_it_is() {
        for (name, expected) in [
            ("irq_from_thread", "irq_from_thread"),
            ("pivot::sync::Mutex<T>::lock", "sync::Mutex::lock"),
            ("<pivot::a::B as pivot::c::D>::e", "<a::B as c::D>::e"),
            ("pivot::a::b::<fn(u8) -> u8>::c", "a::b::c"),
            ("pivot::a::b::{{closure}}", "a::b::{{closure}}"),
        ] {
            assert_eq!(short(name), expected);
        }
    }
}
