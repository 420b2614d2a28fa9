//! What a run of a mutant came to, from what it printed. Pure.
//!
//! A register counts as named only by one complete line of the report grammar: what a broken image prints by
//! halves names nothing.

use std::fmt::{self, Display, Formatter};

use pivot::report::{EXIT, Record};

/// The ID of the line by which the checker names a register.
const MISMATCH: &str = "regs.mismatch";

/// What a line has that is complete.
const FIELDS: [&str; 5] = ["register", "kind", "core", "expected", "got"];

/// How the kernel begins its last words.
const LAST_WORDS: &str = "pivot stops: ";

/// A half of a vector register.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Half {
    High,
}

impl Half {
    const fn word(self) -> &'static str {
        match self {
            Self::High => "high",
        }
    }
}

/// How a mutant has to be found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Expect {
    /// The first mismatch that is reported names this register.
    Register {
        /// Any of these names.
        names: Vec<String>,
        /// Only this half of it.
        half: Option<Half>,
        /// Only in a check of this kind.
        kind: Option<&'static str>,
    },
    /// Any bad end, silence included: who has lost his stack pointer cannot be expected to say so.
    AnyRed,
}

/// How a run ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Outcome {
    /// The checker found a register with a wrong value.
    Mismatch(Record),
    /// It ended badly, for this reason.
    Red(String),
    /// It did not end.
    TimeOut,
    /// It ended well.
    Green,
}

/// What becomes of a mutant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    /// Found, and the register named.
    Named,
    /// Found by a bad end.
    Red,
    /// Found by no end.
    TimeOut,
    /// Not found, or not by what had to find it.
    Survived,
}

/// What a line of the console decides, if it decides anything.
pub(super) fn of_line(line: &str) -> Option<Outcome> {
    let line = line.trim_end();
    if let Some((_, why)) = line.split_once(LAST_WORDS) {
        return Some(Outcome::Red(format!("{LAST_WORDS}{why}")));
    }
    let record = Record::parse(line).ok()?;
    if record.id() == MISMATCH {
        let is_complete = FIELDS.iter().all(|key| record.get(key).is_some());
        return is_complete.then_some(Outcome::Mismatch(record));
    }
    if record.id() != EXIT {
        return None;
    }
    match record.number("code")? {
        0 => Some(Outcome::Green),
        code => Some(Outcome::Red(format!("exit code {code}"))),
    }
}

/// Whether the outcome is the one that had to come.
pub(super) fn judge(expect: &Expect, outcome: &Outcome) -> Verdict {
    match (expect, outcome) {
        (_, Outcome::Green) => Verdict::Survived,
        (Expect::Register { names, half, kind }, Outcome::Mismatch(record)) => {
            let is = |key, word: &str| record.get(key) == Some(word);
            let is_named = names.iter().any(|name| is("register", name))
                && half.is_none_or(|half| is("half", half.word()))
                && kind.is_none_or(|kind| is("kind", kind));
            if is_named {
                Verdict::Named
            } else {
                Verdict::Survived
            }
        }
        (Expect::Register { .. }, Outcome::Red(_) | Outcome::TimeOut) => Verdict::Survived,
        (Expect::AnyRed, Outcome::Mismatch(_)) => Verdict::Named,
        (Expect::AnyRed, Outcome::Red(_)) => Verdict::Red,
        (Expect::AnyRed, Outcome::TimeOut) => Verdict::TimeOut,
    }
}

impl Display for Verdict {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Named => "named",
            Self::Red => "red",
            Self::TimeOut => "time-out",
            Self::Survived => "SURVIVED",
        })
    }
}

impl Display for Outcome {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self {
            Self::Mismatch(record) => {
                let fields: Vec<String> = record
                    .fields()
                    .map(|(key, value)| format!("{key}={value}"))
                    .collect();
                f.write_str(&fields.join(" "))
            }
            Self::Red(why) => f.write_str(why),
            Self::TimeOut => f.write_str("no verdict in time"),
            Self::Green => f.write_str("everything passed"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LINE: &str = "@regs.mismatch register=v9 half=high thread=3 kind=spin core=0 cause=timer \
                        expected=0x1 got=0x0";

    fn register(name: &str, half: Option<Half>, kind: Option<&'static str>) -> Expect {
        Expect::Register {
            names: vec![name.to_owned()],
            half,
            kind,
        }
    }

    #[test]
    fn only_the_right_register_half_and_kind_kill_by_name() {
        let outcome = of_line(LINE).unwrap();
        for (expect, verdict) in [
            (register("v9", None, None), Verdict::Named),
            (
                register("v9", Some(Half::High), Some("spin")),
                Verdict::Named,
            ),
            (register("v8", None, None), Verdict::Survived),
            (register("v9", None, Some("start")), Verdict::Survived),
            (Expect::AnyRed, Verdict::Named),
        ] {
            assert_eq!(judge(&expect, &outcome), verdict, "{expect:?}");
        }
        let low = of_line(&LINE.replace("high", "low")).unwrap();
        assert_eq!(
            judge(&register("v9", Some(Half::High), None), &low),
            Verdict::Survived
        );
    }

    #[test]
    fn half_a_line_names_nothing() {
        for length in 0..LINE.len() - "0x0".len() {
            assert_eq!(of_line(&LINE[..length]), None, "{}", &LINE[..length]);
        }
        assert_eq!(of_line(&LINE.replace("core=0 ", "co\u{fffd}e=0 ")), None);
        assert_eq!(of_line(&format!("pivot> {LINE}")), None);
    }

    #[test]
    fn a_bad_end_kills_only_what_need_not_be_named() {
        let panic = of_line("pivot stops: a fault, ESR 0x0").unwrap();
        let failed = of_line("@exit code=1\r\n").unwrap();
        for outcome in [panic, failed] {
            assert_eq!(judge(&Expect::AnyRed, &outcome), Verdict::Red);
            assert_eq!(
                judge(&register("x1", None, None), &outcome),
                Verdict::Survived
            );
        }
        assert_eq!(judge(&Expect::AnyRed, &Outcome::TimeOut), Verdict::TimeOut);
    }

    #[test]
    fn a_good_end_is_a_survivor_whatever_was_expected() {
        let green = of_line("@exit code=0").unwrap();
        assert_eq!(judge(&Expect::AnyRed, &green), Verdict::Survived);
        assert_eq!(
            judge(&register("x1", None, None), &green),
            Verdict::Survived
        );
        assert_eq!(of_line("@done command=regs verdict=failed"), None);
    }
}
