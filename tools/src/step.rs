//! Runs other programs, one named step each, and shows a failing one's last words.

use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::Result;
use indicatif::{ProgressBar, ProgressStyle};

use crate::failure::Failure;

/// How many lines of a failed program's output are shown.
const TAIL_LINES: usize = 30;

/// Runs `command` quietly and returns its standard output.
///
/// # Errors
///
/// When it cannot be started or does not succeed: an environment failure with its last lines.
pub(crate) fn output(what: &str, command: &mut Command) -> Result<String> {
    let shown = render(command);
    let result = command.stdin(Stdio::null()).output().map_err(|error| {
        Failure::environment(format!("{what}: `{shown}` could not be started: {error}"))
    })?;
    if result.status.success() {
        return Ok(String::from_utf8_lossy(&result.stdout).into_owned());
    }
    let mut text = String::from_utf8_lossy(&result.stdout).into_owned();
    text.push_str(&String::from_utf8_lossy(&result.stderr));
    Err(Failure::environment(format!(
        "{what}: `{shown}` failed ({})\n{}",
        result.status,
        tail(&text, TAIL_LINES)
    ))
    .into())
}

/// As [`output`], for a step that takes a while: says what it does, spins on a terminal, ends in one
/// line with the time taken.
pub(crate) fn long(what: &str, command: &mut Command) -> Result<String> {
    let started = Instant::now();
    let spinner = ProgressBar::new_spinner();
    if spinner.is_hidden() {
        eprintln!("{what} …");
    }
    if let Ok(style) = ProgressStyle::with_template("{spinner} {msg} ({elapsed})") {
        spinner.set_style(style);
    }
    spinner.set_message(what.to_owned());
    spinner.enable_steady_tick(Duration::from_millis(120));
    let result = output(what, command);
    spinner.finish_and_clear();
    if result.is_ok() {
        eprintln!("{what}: done in {:.1} s", started.elapsed().as_secs_f64());
    }
    result
}

/// Runs `command` with its output passed through; whether it succeeded.
pub(crate) fn passthrough(command: &mut Command) -> Result<bool> {
    let shown = render(command);
    let status = command.status().map_err(|error| {
        Failure::environment(format!("`{shown}` could not be started: {error}"))
    })?;
    Ok(status.success())
}

/// Whether a program of that name is on the search path.
pub(crate) fn is_on_path(program: &str) -> bool {
    std::env::var_os("PATH").is_some_and(|path| {
        std::env::split_paths(&path).any(|directory| is_file(&directory.join(program)))
    })
}

fn is_file(path: &Path) -> bool {
    path.metadata().is_ok_and(|data| data.is_file())
}

/// The command as a person would type it.
pub(crate) fn render(command: &Command) -> String {
    let mut text = command.get_program().to_string_lossy().into_owned();
    for argument in command.get_args() {
        text.push(' ');
        text.push_str(&quote(&argument.to_string_lossy()));
    }
    text
}

fn quote(word: &str) -> String {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "-_./=:,+@%".contains(c);
    if !word.is_empty() && word.chars().all(is_plain) {
        word.to_owned()
    } else {
        format!("'{}'", word.replace('\'', r"'\''"))
    }
}

/// The last `count` lines of `text`.
fn tail(text: &str, count: usize) -> String {
    let lines: Vec<&str> = text.lines().collect();
    lines[lines.len().saturating_sub(count)..].join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_with_blanks_and_quotes_are_quoted_for_a_shell() {
        let mut command = Command::new("qemu");
        command.args(["-M", "virt,gic-version=2", "-append", "it's; here", ""]);
        assert_eq!(
            render(&command),
            r"qemu -M virt,gic-version=2 -append 'it'\''s; here' ''"
        );
    }

    #[test]
    fn the_tail_of_a_short_text_is_all_of_it() {
        assert_eq!(tail("a\nb\nc", 2), "b\nc");
        assert_eq!(tail("a", 2), "a");
    }

    #[test]
    fn a_failing_program_is_an_error_that_shows_its_last_words() {
        let mut command = Command::new("sh");
        command.args(["-c", "echo out; echo err >&2; exit 3"]);
        let message = output("trying", &mut command).unwrap_err().to_string();
        assert!(message.starts_with("trying: `sh -c "), "{message}");
        assert!(message.ends_with("out\nerr"), "{message}");
    }
}
