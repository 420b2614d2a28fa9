//! Writing one line of the report grammar, without a heap.

use ufmt::{uWrite, uwrite};

use super::{is_bare, is_name};

/// A value, as the writer takes it: any integer or text converts into one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Value<'a> {
    /// An integer that is not negative.
    Unsigned(u64),
    /// An integer.
    Signed(i64),
    /// An integer that is read better in base 16.
    Hex(u64),
    /// Any text; quoted where the grammar asks for it.
    Text(&'a str),
}

/// A line that is being written.
///
/// ```
/// let mut out = heapless::String::<64>::new();
/// let line = pivot::report::Line::begin(&mut out, "ctxsw");
/// line.with("mode", "apart").with("ns", 690_u32).end().expect("it fits");
/// assert_eq!(out, "@ctxsw mode=apart ns=690\n");
/// ```
///
/// The first error of the sink is kept and returned by [`Line::end`].
#[must_use = "a line is not written before `end`"]
#[derive(Debug)]
pub struct Line<'w, W: uWrite + ?Sized> {
    out: &'w mut W,
    result: Result<(), W::Error>,
}

impl<'w, W: uWrite + ?Sized> Line<'w, W> {
    /// Starts a line: `@id`.
    pub fn begin(out: &'w mut W, id: &str) -> Self {
        debug_assert!(is_name(id), "an ID of the report grammar");
        let result = out.write_str("@").and_then(|()| out.write_str(id));
        Self { out, result }
    }

    /// Adds `key=value`. A key stands at most once in a line.
    pub fn with<'v>(mut self, key: &str, value: impl Into<Value<'v>>) -> Self {
        debug_assert!(is_name(key), "a key of the report grammar");
        if self.result.is_ok() {
            self.result = self.field(key, value.into());
        }
        self
    }

    /// Ends the line.
    ///
    /// # Errors
    ///
    /// The first error that the sink returned.
    pub fn end(self) -> Result<(), W::Error> {
        self.result?;
        self.out.write_str("\n")
    }

    fn field(&mut self, key: &str, value: Value<'_>) -> Result<(), W::Error> {
        uwrite!(self.out, " {}=", key)?;
        match value {
            Value::Unsigned(n) => uwrite!(self.out, "{}", n),
            Value::Signed(n) => uwrite!(self.out, "{}", n),
            Value::Hex(n) => uwrite!(self.out, "0x{:x}", n),
            Value::Text(text) if is_bare(text) => self.out.write_str(text),
            Value::Text(text) => self.quoted(text),
        }
    }

    fn quoted(&mut self, text: &str) -> Result<(), W::Error> {
        self.out.write_char('"')?;
        for c in text.chars() {
            match c {
                '"' => self.out.write_str("\\\"")?,
                '\\' => self.out.write_str("\\\\")?,
                '\n' => self.out.write_str("\\n")?,
                '\r' => self.out.write_str("\\r")?,
                '\t' => self.out.write_str("\\t")?,
                ' '..='~' => self.out.write_char(c)?,
                // A serial line loses bytes: what is not ASCII travels as ASCII.
                _ => uwrite!(self.out, "\\u{{{:x}}}", u32::from(c))?,
            }
        }
        self.out.write_char('"')
    }
}

macro_rules! from_integer {
    ($variant:ident($wide:ty): $($narrow:ty)*) => {$(
        impl From<$narrow> for Value<'_> {
            fn from(n: $narrow) -> Self {
                Self::$variant(<$wide>::from(n))
            }
        }
    )*};
}
from_integer!(Unsigned(u64): u8 u16 u32 u64);
from_integer!(Signed(i64): i8 i16 i32 i64);

impl From<usize> for Value<'_> {
    fn from(n: usize) -> Self {
        // usize is at most 64 bits wide on every target of the image and of the host tool.
        Self::Unsigned(n as u64)
    }
}

impl<'a> From<&'a str> for Value<'a> {
    fn from(text: &'a str) -> Self {
        Self::Text(text)
    }
}

impl From<super::Verdict> for Value<'_> {
    fn from(verdict: super::Verdict) -> Self {
        Self::Text(verdict.as_str())
    }
}

#[cfg(test)]
mod tests {
    use heapless::String;

    use super::*;
    use crate::report::Verdict;

    fn written(key: &str, value: Value<'_>) -> std::string::String {
        let mut out = String::<256>::new();
        Line::begin(&mut out, "x").with(key, value).end().unwrap();
        out.as_str().into()
    }

    #[test]
    fn integers_stand_bare_in_base_ten_or_sixteen() {
        assert_eq!(written("n", u64::MAX.into()), "@x n=18446744073709551615\n");
        assert_eq!(written("n", (-5_i32).into()), "@x n=-5\n");
        assert_eq!(written("n", Value::Hex(0xdead)), "@x n=0xdead\n");
    }

    #[test]
    fn a_word_stands_bare_and_everything_else_is_quoted() {
        assert_eq!(written("k", "a.b/c:1".into()), "@x k=a.b/c:1\n");
        assert_eq!(written("k", "".into()), "@x k=\"\"\n");
        assert_eq!(written("k", "a b".into()), "@x k=\"a b\"\n");
        assert_eq!(
            written("k", "a=\"\\\n\u{1b}é".into()),
            "@x k=\"a=\\\"\\\\\\n\\u{1b}\\u{e9}\"\n"
        );
    }

    #[test]
    fn a_verdict_is_written_by_its_word() {
        assert_eq!(
            written("verdict", Verdict::Failed.into()),
            "@x verdict=failed\n"
        );
    }

    #[test]
    fn a_line_that_does_not_fit_is_an_error_and_not_a_cut_line() {
        let mut out = String::<8>::new();
        assert!(
            Line::begin(&mut out, "x")
                .with("key", "longer")
                .end()
                .is_err()
        );
        assert!(!out.contains('\n'));
    }
}
