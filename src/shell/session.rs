//! The thread of the shell: reads a line, runs it, waits for what it started.
//!
//! It sleeps unless there is input or a job has ended; either unparks it, and a park token that comes early
//! is kept. So there is nothing to poll.

use alloc::string::String;
use core::{
    sync::atomic::{AtomicBool, Ordering},
    time::Duration,
};

use ufmt::{uDisplay, uwriteln};

use super::{
    History, KeyDecoder, Output, Part, boot_line,
    commands::SPECS,
    jobs, split, terminal,
    typeahead::{TypeAhead, Typed},
};
use crate::{
    console,
    fault::{self, Hooks},
    kernel,
    report::{self, Line, Verdict},
    thread::{self, Builder},
};

/// Lines that the history keeps.
const HISTORY: usize = 64;

/// Bytes that can be typed while a command runs.
const TYPE_AHEAD: usize = 4096;

struct Session {
    decoder: KeyDecoder,
    history: History,
    typed: TypeAhead,
    lost_on_the_wire: u64,
    out: Output,
}

/// The stack of the shell: the line, its tables, what `help` prints.
const STACK_BYTES: usize = 32 * 1024;

/// How long a shell that has crashed is left alone: it may crash at once, again and again.
const PAUSE: Duration = Duration::from_millis(100);

/// The shell is to crash when its next command has ended.
static SHALL_CRASH: AtomicBool = AtomicBool::new(false);

/// Lets the shell's own thread panic, soon.
pub(crate) fn crash_the_shell() {
    SHALL_CRASH.store(true, Ordering::Relaxed);
}

/// Runs what the boot arguments say and stops the machine; without any, reads and runs lines for ever. To be
/// called once, by a thread of its own: it starts the shell, and starts it anew if it crashes.
pub fn run() -> ! {
    fault::set_hooks(Hooks {
        print: terminal::print,
        print_past: terminal::print_past,
        crashed: jobs::crashed,
    });
    let mut is_first = true;
    loop {
        let builder = Builder::new().name("shell").stack_bytes(STACK_BYTES);
        // It ends by a crash only. Without memory for it, there may be some later.
        if let Ok(shell) = builder.spawn(move || shell(is_first)) {
            let _ = shell.join();
            is_first = false;
        }
        thread::sleep(PAUSE);
    }
}

fn shell(is_first: bool) {
    let machine = kernel::machine();
    let mut session = Session::start();
    let Some(line) = boot_line(&machine.bootargs) else {
        session.prompt()
    };
    if !is_first {
        // What it crashed of would come again.
        session.exit(Verdict::Failed)
    }
    let verdict = if machine.bootargs_truncated {
        session.say("the boot arguments are longer than what is kept; nothing of them ran");
        Verdict::Usage
    } else {
        session.execute(line)
    };
    let verdict = verdict.combine(session.wait_for_background());
    session.exit(verdict)
}

impl Session {
    fn start() -> Self {
        let shell = thread::current();
        jobs::orphan();
        jobs::wake_on_end(shell.clone());
        console::set_reader(Some(shell));
        Self {
            decoder: KeyDecoder::new(),
            history: History::new(HISTORY),
            typed: TypeAhead::new(TYPE_AHEAD),
            lost_on_the_wire: 0,
            out: Output::default(),
        }
    }

    fn exit(&mut self, verdict: Verdict) -> ! {
        let Ok(()) = Line::begin(&mut self.out, report::EXIT)
            .with("code", verdict.exit_code())
            .end();
        kernel::halt()
    }

    fn prompt(&mut self) -> ! {
        self.say("`help` lists the commands, Tab completes, ^C stops a command");
        loop {
            let line = self.read_line();
            self.history.push(&line);
            // A person sees what came of it.
            let _: Verdict = self.execute(&line);
        }
    }

    fn say(&mut self, what: impl uDisplay) {
        let Ok(()) = uwriteln!(self.out, "{}", what);
    }

    fn read_line(&mut self) -> String {
        self.report_lost_input();
        terminal::prompt();
        loop {
            let Self {
                decoder,
                history,
                typed,
                ..
            } = self;
            let mut bytes = core::iter::from_fn(|| typed.pop().or_else(console::try_read));
            let keys = core::iter::from_fn(|| bytes.find_map(|byte| decoder.feed(byte)));
            if let Some(line) = terminal::take_keys(keys, history, &SPECS) {
                return line;
            }
            let _: Verdict = self.reap();
            thread::park();
        }
    }

    /// Runs the commands of `line`. One that is interrupted ends the line; one that fails does not.
    fn execute(&mut self, line: &str) -> Verdict {
        let parts = match split(line) {
            Ok(parts) => parts,
            Err(error) => {
                self.say(error);
                return Verdict::Usage;
            }
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
                assert!(
                    !SHALL_CRASH.swap(false, Ordering::Relaxed),
                    "the shell crashes on purpose"
                );
                return verdict;
            }
            while let Some(byte) = console::try_read() {
                if !is_asked && jobs::is_stop_key(id, byte) {
                    is_asked = true;
                    jobs::request_stop(id);
                    continue;
                }
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
                        self.say("^C");
                    }
                }
            }
            thread::park();
        }
    }

    /// Says what was typed and lost since this was last said: for lack of room, or on the wire.
    fn report_lost_input(&mut self) {
        let stats = console::stats();
        let on_the_wire = stats.dropped + stats.overruns;
        let is_new = core::mem::replace(&mut self.lost_on_the_wire, on_the_wire) != on_the_wire;
        let lost = self.typed.take_lost();
        if lost > 0 || is_new {
            self.say("input was lost: it came faster than it was read; see `irq`");
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

    /// Waits for all jobs. ^C asks them to stop.
    fn wait_for_background(&mut self) -> Verdict {
        let mut verdict = self.reap();
        while !jobs::list().is_empty() {
            thread::park();
            while let Some(byte) = console::try_read() {
                if self.typed.push(byte) == Typed::Interrupt {
                    self.say("^C");
                    jobs::list()
                        .into_iter()
                        .for_each(|job| _ = jobs::request_stop(job.id));
                }
            }
            verdict = verdict.combine(self.reap());
        }
        verdict
    }
}
