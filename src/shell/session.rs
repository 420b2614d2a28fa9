//! The thread of the shell: reads a line, runs it, waits for what it started.
//!
//! It sleeps unless there is input or a job has ended; either unparks it, and a park token that comes early
//! is kept. So there is nothing to poll.

use alloc::string::String;

use ufmt::uwriteln;

use super::{
    History, KeyDecoder, Output, Part, SyntaxError,
    commands::SPECS,
    jobs, split, terminal,
    typeahead::{TypeAhead, Typed},
};
use crate::{
    console,
    report::{self, Line, Verdict},
    thread,
};

/// Lines that the history keeps.
const HISTORY: usize = 64;

/// Bytes that can be typed while a command runs.
const TYPE_AHEAD: usize = 4096;

struct Session {
    decoder: KeyDecoder,
    history: History,
    typed: TypeAhead,
    out: Output,
}

/// Reads and runs lines, for ever. To be called once, by a thread of its own.
pub fn run() -> ! {
    let mut session = Session::start();
    let Ok(()) = uwriteln!(
        session.out,
        "`help` lists the commands, `help ctxsw` explains one, ^C stops one."
    );
    loop {
        let line = session.read_line();
        session.history.push(&line);
        let _: Verdict = session.execute(&line);
    }
}

/// Runs `line` as if it were typed, waits for all that it started, and reports the exit code of the most
/// severe verdict, which it returns. To be called once, instead of [`run`].
pub fn exec(line: &str) -> u8 {
    let mut session = Session::start();
    let verdict = session.execute(line);
    let code = verdict.combine(session.wait_for_background()).exit_code();
    let Ok(()) = Line::begin(&mut session.out, report::EXIT)
        .with("code", code)
        .end();
    console::flush();
    code
}

impl Session {
    fn start() -> Self {
        let shell = thread::current();
        jobs::wake_on_end(shell.clone());
        console::set_reader(shell);
        Self {
            decoder: KeyDecoder::new(),
            history: History::new(HISTORY),
            typed: TypeAhead::new(TYPE_AHEAD),
            out: Output::default(),
        }
    }

    fn read_line(&mut self) -> String {
        terminal::prompt();
        loop {
            while let Some(byte) = self.typed.pop().or_else(console::try_read) {
                let key = self.decoder.feed(byte);
                if let Some(line) =
                    key.and_then(|key| terminal::key(key, &mut self.history, &SPECS))
                {
                    return line;
                }
            }
            let _: Verdict = self.reap();
            thread::park();
        }
    }

    /// Runs the commands of `line`. One that is interrupted ends the line; one that fails does not.
    fn execute(&mut self, line: &str) -> Verdict {
        let parts = match split(line) {
            Ok(parts) => parts,
            Err(error) => return self.syntax_error(error),
        };
        let mut verdict = Verdict::Passed;
        for part in parts {
            let of_part = self.run_part(part);
            verdict = verdict.combine(of_part);
            if of_part == Verdict::Aborted {
                break;
            }
        }
        verdict
    }

    fn syntax_error(&mut self, error: SyntaxError) -> Verdict {
        let Ok(()) = uwriteln!(self.out, "{}", error);
        Verdict::Usage
    }

    fn run_part(&mut self, part: Part<'_>) -> Verdict {
        match jobs::start(part) {
            Err(_) => {
                let Ok(()) = uwriteln!(
                    self.out,
                    "no memory is left for the thread of `{}`",
                    part.source
                );
                Verdict::Failed
            }
            Ok(id) if part.is_background => {
                let Ok(()) = uwriteln!(self.out, "[{}] {}", id, part.source);
                Verdict::Passed
            }
            Ok(id) => self.wait_for(id),
        }
    }

    /// Waits for a job in the foreground. ^C asks it to stop; a second ^C waits no longer.
    fn wait_for(&mut self, id: usize) -> Verdict {
        let mut is_asked = false;
        loop {
            if let Some(verdict) = jobs::take_verdict(id) {
                self.report_lost_input();
                return verdict;
            }
            while let Some(byte) = console::try_read() {
                match self.typed.push(byte) {
                    Typed::Kept => {}
                    Typed::Lost => terminal::bell(),
                    Typed::Interrupt if is_asked => {
                        jobs::to_background(id);
                        let Ok(()) =
                            uwriteln!(self.out, "^C\n[{}] goes on until it sees the request", id);
                        return Verdict::Aborted;
                    }
                    Typed::Interrupt => {
                        is_asked = true;
                        jobs::request_stop(id);
                        let Ok(()) = uwriteln!(self.out, "^C");
                    }
                }
            }
            thread::park();
        }
    }

    fn report_lost_input(&mut self) {
        let lost = self.typed.take_lost();
        if lost > 0 {
            let Ok(()) = uwriteln!(
                self.out,
                "{} bytes were lost that were typed meanwhile",
                lost
            );
        }
    }

    /// Says which jobs in the background have ended.
    fn reap(&mut self) -> Verdict {
        let mut verdict = Verdict::Passed;
        while let Some((job, of_job)) = jobs::take_ended() {
            let Ok(()) = uwriteln!(self.out, "[{}] {}: {}", job.id, job.source.as_str(), of_job);
            verdict = verdict.combine(of_job);
        }
        verdict
    }

    fn wait_for_background(&mut self) -> Verdict {
        let mut verdict = self.reap();
        while !jobs::list().is_empty() {
            thread::park();
            verdict = verdict.combine(self.reap());
        }
        verdict
    }
}
