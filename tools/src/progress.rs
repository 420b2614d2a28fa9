//! A bar for what takes long, on a terminal; on anything else, nothing.

use std::time::Duration;

use indicatif::{ProgressBar, ProgressStyle};

/// A bar over so many steps. It goes away when it goes out of scope.
pub(crate) struct Progress(ProgressBar);

impl Drop for Progress {
    fn drop(&mut self) {
        self.0.finish_and_clear();
    }
}

impl Progress {
    /// A bar at its beginning.
    pub(crate) fn new(steps: usize) -> Self {
        let bar = ProgressBar::new(steps as u64);
        let template = "{bar:24} {pos}/{len} {elapsed} (about {eta} left) {msg}";
        if let Ok(style) = ProgressStyle::with_template(template) {
            bar.set_style(style);
        }
        bar.enable_steady_tick(Duration::from_millis(200));
        Self(bar)
    }

    /// What is going on.
    pub(crate) fn say(&self, what: String) {
        self.0.set_message(what);
    }

    /// A line on standard error, above the bar.
    pub(crate) fn note(&self, text: &str) {
        self.0.suspend(|| eprintln!("{text}"));
    }

    /// A line on standard output, above the bar.
    pub(crate) fn print(&self, text: &str) {
        self.0.suspend(|| println!("{text}"));
    }

    /// A step more is done.
    pub(crate) fn step(&self) {
        self.0.inc(1);
    }

    /// So many steps are done.
    pub(crate) fn at(&self, steps: usize) {
        self.0.set_position(steps as u64);
    }

    /// How many steps are done.
    #[cfg(test)]
    pub(crate) fn done(&self) -> u64 {
        self.0.position()
    }
}
