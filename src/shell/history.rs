//! The lines that were entered, and the way back through them.

use alloc::{collections::VecDeque, string::String};

/// The last lines that were entered, oldest first.
///
/// While a person goes back through them, the line that was being typed is kept as the newest.
#[derive(Debug)]
pub struct History {
    lines: VecDeque<String>,
    capacity: usize,
    /// How many lines back the editor shows; 0 is the line that is being typed.
    back: usize,
    draft: String,
}

impl History {
    /// An empty history that keeps the last `capacity` lines.
    #[must_use]
    pub const fn new(capacity: usize) -> Self {
        Self {
            lines: VecDeque::new(),
            capacity,
            back: 0,
            draft: String::new(),
        }
    }

    /// Adds a line that was entered, but for an empty one and one that repeats the last; goes back to the
    /// newest end.
    pub fn push(&mut self, line: &str) {
        self.back = 0;
        self.draft.clear();
        if line.trim().is_empty() || self.lines.back().is_some_and(|last| last == line) {
            return;
        }
        while self.lines.len() >= self.capacity.max(1) {
            self.lines.pop_front();
        }
        self.lines.push_back(line.into());
    }

    /// The line before the one that is shown, which is `current`.
    pub fn older(&mut self, current: &str) -> Option<&str> {
        let line = self.lines.len().checked_sub(self.back + 1)?;
        if self.back == 0 {
            self.draft = current.into();
        }
        self.back += 1;
        self.lines.get(line).map(String::as_str)
    }

    /// The line after the one that is shown; in the end the one that was being typed.
    pub fn newer(&mut self) -> Option<&str> {
        self.back = self.back.checked_sub(1)?;
        if self.back == 0 {
            return Some(&self.draft);
        }
        self.lines
            .get(self.lines.len() - self.back)
            .map(String::as_str)
    }

    /// Back to the newest end, when the line is given up.
    pub fn leave(&mut self) {
        self.back = 0;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(lines: &[&str]) -> History {
        let mut history = History::new(3);
        lines.iter().for_each(|line| history.push(line));
        history
    }

    #[test]
    fn going_back_and_forth_ends_at_the_line_that_was_being_typed() {
        let mut history = of(&["a", "b"]);
        assert_eq!(history.newer(), None);
        assert_eq!(history.older("draft"), Some("b"));
        assert_eq!(history.older("b edited"), Some("a"));
        assert_eq!(history.older("a"), None);
        assert_eq!(history.newer(), Some("b"));
        assert_eq!(history.newer(), Some("draft"));
        assert_eq!(history.newer(), None);
    }

    #[test]
    fn empty_and_repeated_lines_are_not_kept() {
        let mut history = of(&["a", "a", "  ", ""]);
        assert_eq!(history.older(""), Some("a"));
        assert_eq!(history.older(""), None);
    }

    #[test]
    fn the_oldest_line_makes_room() {
        let mut history = of(&["a", "b", "c", "d"]);
        assert_eq!(history.older(""), Some("d"));
        assert_eq!(history.older(""), Some("c"));
        assert_eq!(history.older(""), Some("b"));
        assert_eq!(history.older(""), None);
    }

    #[test]
    fn a_new_line_starts_again_from_the_newest() {
        let mut history = of(&["a", "b"]);
        history.older("");
        history.older("");
        history.push("c");
        assert_eq!(history.older(""), Some("c"));
        history.leave();
        assert_eq!(history.older(""), Some("c"));
    }
}
