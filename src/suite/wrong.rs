//! What a thread of a test returns that has found something wrong.

/// Something that is not as it must be.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Wrong {
    /// What, in words.
    pub(crate) what: &'static str,
    pub(crate) expected: u64,
    pub(crate) got: u64,
}

/// Requires that `got` is `expected`.
pub(crate) fn require(what: &'static str, expected: u64, got: u64) -> Result<(), Wrong> {
    if expected == got {
        return Ok(());
    }
    Err(Wrong {
        what,
        expected,
        got,
    })
}
