//! The scheduler as its description has it, in floating point and without a thought for speed: what the policy is
//! held against.
//!
//! Every thread has used `used`: CPU time that counts less the longer it is ago, with a time constant of 200 ms, in
//! shares of a core. The one that has used least runs, realtime threads before all others. The runner is
//! judged by what it had used 5 ms ago (against a thread of less weight: by less, in proportion), and pays 10 µs if
//! it has displaced one that would have run on. Each step looks at everybody.

use super::sim::Habit;

const TAU: f64 = 0.2;
const HYSTERESIS: f64 = 0.005;
const PENALTY: f64 = 0.000_01;

/// A thread.
struct Thread {
    habit: Habit,
    weight: f64,
    /// 0: the normal class.
    realtime: u8,
    /// What it has used, as of `at`.
    used: f64,
    at: f64,
    state: State,
    /// When it was queued, in steps: the earlier one first among equals.
    turn: f64,
    work_left: f64,
    cpu: f64,
}

#[derive(Clone, Copy, PartialEq)]
enum State {
    Runs,
    Ready,
    Sleeps(f64),
    Gone,
}

impl Thread {
    /// What it has used, as it counts at `now`.
    fn used_at(&self, now: f64) -> f64 {
        self.used * ((self.at - now) / TAU).exp()
    }
}

/// A core. Times are in seconds.
pub(super) struct Reference {
    hz: f64,
    now: f64,
    threads: Vec<Thread>,
    current: Option<usize>,
    /// Since when the runner is on the core, and from when it is charged.
    since: f64,
    charged_from: f64,
    turns: f64,
}

impl Reference {
    /// A core whose habits are in ticks of `hz`.
    pub(super) fn new(hz: u64) -> Self {
        Self {
            hz: hz as f64,
            now: 0.0,
            threads: Vec::new(),
            current: None,
            since: 0.0,
            charged_from: 0.0,
            turns: 0.0,
        }
    }

    /// Adds a runnable thread; a realtime one if `realtime` is not zero.
    pub(super) fn spawn(&mut self, habit: Habit, percent: u32, realtime: u8) {
        self.threads.push(Thread {
            habit,
            weight: f64::from(percent) / 100.0,
            realtime,
            used: 0.0,
            at: self.now,
            state: State::Gone,
            turn: 0.0,
            work_left: self.seconds(habit.work()),
            cpu: 0.0,
        });
        self.queue(self.threads.len() - 1, false);
        self.look();
    }

    /// Ends a thread, whatever it does.
    pub(super) fn exit(&mut self, id: usize) {
        let runs = self.threads[id].state == State::Runs;
        if runs {
            self.stop();
        }
        self.threads[id].state = State::Gone;
        self.look();
    }

    /// Changes a thread's share from now on.
    pub(super) fn set_priority(&mut self, id: usize, percent: u32) {
        if self.current == Some(id) {
            self.charge();
        }
        self.threads[id].weight = f64::from(percent) / 100.0;
        self.look();
    }

    /// CPU time of a thread so far, in seconds.
    pub(super) fn cpu(&self, id: usize) -> f64 {
        let running = if self.current == Some(id) {
            self.now - self.since
        } else {
            0.0
        };
        self.threads[id].cpu + running
    }

    /// Lets time pass until `end`.
    pub(super) fn run_until(&mut self, end: f64) {
        loop {
            let done = self
                .current
                .map_or(f64::INFINITY, |id| self.since + self.threads[id].work_left);
            let (wake, sleeper) = self.first_to_wake();
            let next = done.min(wake).min(self.loses());
            if next > end {
                self.now = end;
                return;
            }
            self.now = next.max(self.now);
            if next == done {
                self.finish_work();
            } else if next == wake {
                self.queue(sleeper, false);
            }
            self.look();
        }
    }

    fn seconds(&self, ticks: u64) -> f64 {
        if ticks == u64::MAX {
            f64::INFINITY
        } else {
            ticks as f64 / self.hz
        }
    }

    fn first_to_wake(&self) -> (f64, usize) {
        let wakes = |(id, thread): (usize, &Thread)| match thread.state {
            State::Sleeps(until) => Some((until, id)),
            _ => None,
        };
        self.threads
            .iter()
            .enumerate()
            .filter_map(wakes)
            .fold((f64::INFINITY, 0), |best, other| {
                if other.0 < best.0 { other } else { best }
            })
    }

    /// The best of those that wait.
    fn head(&self) -> Option<usize> {
        let key = |id: usize| {
            let thread = &self.threads[id];
            let used = if thread.realtime > 0 {
                0.0
            } else {
                thread.used_at(self.now)
            };
            (-f64::from(thread.realtime), used, thread.turn)
        };
        (0..self.threads.len())
            .filter(|&id| self.threads[id].state == State::Ready)
            .min_by(|&a, &b| key(a).partial_cmp(&key(b)).expect("numbers"))
    }

    /// When the runner loses to the head, as things are.
    fn loses(&self) -> f64 {
        let (Some(runner), Some(head)) = (self.current, self.head()) else {
            return f64::INFINITY;
        };
        let (runner, head) = (&self.threads[runner], &self.threads[head]);
        if runner.realtime > 0 || head.realtime > 0 {
            return if head.realtime > runner.realtime {
                self.now
            } else {
                f64::INFINITY
            };
        }
        // From when it is charged on, it uses `weight` · (1 − e^(−t/τ)) while all that was used before shrinks.
        let lead = head.used_at(self.charged_from) - runner.used_at(self.charged_from);
        let grace = HYSTERESIS * (head.weight / runner.weight).min(1.0);
        let left = 1.0 + lead / runner.weight;
        if left <= 0.0 {
            return self.now;
        }
        self.charged_from + grace + TAU * left.ln()
    }

    /// Lets the runner go if it has lost, and somebody else run.
    fn look(&mut self) {
        let has_lost = self.loses() <= self.now;
        match self.current {
            Some(id) if has_lost => {
                self.stop();
                self.queue(id, true);
                self.start(true);
            }
            Some(_) => {}
            None => self.start(false),
        }
    }

    fn finish_work(&mut self) {
        let id = self.current.expect("somebody works");
        let habit = self.threads[id].habit;
        self.stop();
        self.threads[id].work_left = self.seconds(habit.work());
        match habit {
            Habit::Hog => unreachable!(),
            Habit::Yields(_) => {
                // It is queued after the head has been chosen, so it cannot choose itself.
                let displaces = self.head().is_some();
                self.start(displaces);
                self.queue(id, false);
                if !displaces {
                    self.start(false);
                }
            }
            Habit::Periodic { period, .. } => {
                let period = self.seconds(period);
                // The same multiple as in whole ticks.
                let at = (self.now / period + 1e-9).floor() + 1.0;
                self.threads[id].state = State::Sleeps(at * period);
            }
            Habit::Pauses { pause, .. } => {
                self.threads[id].state = State::Sleeps(self.now + self.seconds(pause));
            }
        }
    }

    fn queue(&mut self, id: usize, before: bool) {
        self.turns += 1.0;
        let thread = &mut self.threads[id];
        thread.turn = if before { -self.turns } else { self.turns };
        thread.state = State::Ready;
    }

    fn start(&mut self, displaces: bool) {
        self.current = self.head();
        self.since = self.now;
        self.charged_from = if displaces {
            self.now - PENALTY
        } else {
            self.now
        };
        if let Some(id) = self.current {
            self.threads[id].state = State::Runs;
        }
    }

    /// Charges the runner up to now.
    fn charge(&mut self) {
        let id = self.current.expect("somebody runs");
        let ran = self.now - self.charged_from;
        let used = self.threads[id].used_at(self.charged_from);
        let thread = &mut self.threads[id];
        let kept = (-ran / TAU).exp();
        thread.used = used * kept + thread.weight * (1.0 - kept);
        thread.at = self.now;
        self.charged_from = self.now;
    }

    fn stop(&mut self) {
        self.charge();
        let ran = self.now - self.since;
        let id = self.current.take().expect("somebody runs");
        let thread = &mut self.threads[id];
        thread.cpu += ran;
        thread.work_left -= ran;
    }
}
