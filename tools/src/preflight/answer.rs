//! What the check of an item comes to. Pure.

/// How an item stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    /// A machine has checked it here.
    Pass,
    /// It does not hold.
    Fail,
    /// Only reading can check it; the evidence is the place.
    Reading,
    /// Rows of `cargo xtask test` check it.
    Rows,
    /// Nothing has checked it; the evidence is the reason.
    NotRun,
}

impl Verdict {
    /// Every verdict, as they are counted.
    pub(super) const ALL: [Self; 5] = [
        Self::Pass,
        Self::Fail,
        Self::Reading,
        Self::Rows,
        Self::NotRun,
    ];

    /// As it is printed.
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Pass => "pass",
            Self::Fail => "FAIL",
            Self::Reading => "by reading",
            Self::Rows => "by test",
            Self::NotRun => "not run",
        }
    }
}

/// A verdict and what it rests on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Answer {
    pub(super) verdict: Verdict,
    /// What was found, where it stands, or why nothing was looked at.
    pub(super) evidence: String,
}

/// What was found, or what is wrong.
pub(super) type Found = Result<String, String>;

impl Answer {
    /// Nothing was looked at.
    pub(super) fn not_run(reason: impl Into<String>) -> Self {
        Self {
            verdict: Verdict::NotRun,
            evidence: reason.into(),
        }
    }

    /// Passed with what was found, or failed with what is wrong.
    pub(super) fn of(found: Found) -> Self {
        Self::or_fail(found, Verdict::Pass)
    }

    /// That verdict, or failed with what is wrong.
    pub(super) fn or_fail(found: Found, verdict: Verdict) -> Self {
        let (verdict, evidence) = match found {
            Ok(evidence) => (verdict, evidence),
            Err(what) => (Verdict::Fail, what),
        };
        Self { verdict, evidence }
    }
}

/// All of it found, joined; or the first that is wrong.
pub(super) fn all(parts: impl IntoIterator<Item = Found>) -> Found {
    let parts: Vec<String> = parts.into_iter().collect::<Result<_, _>>()?;
    Ok(parts.join("; "))
}

/// What was found if `holds`, else what is wrong.
pub(super) fn expect(holds: bool, found: impl Into<String>, wrong: impl Into<String>) -> Found {
    if holds {
        Ok(found.into())
    } else {
        Err(wrong.into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_wrong_fails_whatever_was_found_beside_it() {
        let found = |holds| all([expect(true, "a", ""), expect(holds, "b", "not b")]);
        assert_eq!(Answer::of(found(true)).evidence, "a; b");
        let answer = Answer::or_fail(found(false), Verdict::Reading);
        assert_eq!(
            (answer.verdict, answer.evidence.as_str()),
            (Verdict::Fail, "not b")
        );
    }
}
