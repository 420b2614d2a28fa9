//! A dump, read line by line: what came, and what should have come and did not.

use std::collections::{BTreeMap, HashMap};

use anyhow::Result;
use pivot::report::{Record, is_whole, strip_terminal};
use pivot::trace::{BLOCK, Block, CORE, Counts, END, Event, START, THREAD};

use crate::failure::Failure;
use crate::monitor::without_stamp;

/// What one core has recorded.
#[derive(Debug, Default)]
pub(crate) struct CoreTrace {
    /// The events that came, the oldest first.
    pub(crate) events: Vec<Event>,
    /// How many the core has recorded.
    pub(crate) recorded: u64,
    /// How many of them were overwritten.
    pub(crate) lost: u64,
    /// What the kernel has counted from the first event to the last.
    pub(crate) counts: Counts,
    /// The same of the events that were overwritten.
    pub(crate) lost_counts: Counts,
    /// When the core stopped recording, in ticks from the start.
    pub(crate) stop: u64,
    blocks: u64,
    next_block: u64,
}

/// A dump.
#[derive(Debug, Default)]
pub(crate) struct Dump {
    /// Ticks per second.
    pub(crate) hz: u64,
    /// The cores, by number.
    pub(crate) cores: BTreeMap<usize, CoreTrace>,
    /// The names of threads, by number.
    pub(crate) names: HashMap<u32, String>,
    /// What was lost or broken on the way.
    pub(crate) damage: Vec<String>,
    lines: u64,
    is_complete: bool,
}

impl Dump {
    /// Reads the last dump in `lines`; other lines may stand between its own, and the monitor's stamps before them.
    ///
    /// # Errors
    ///
    /// If there is none. What is broken within one is in [`damage`](Self::damage).
    pub(crate) fn read<'a>(lines: impl Iterator<Item = &'a str>) -> Result<Self> {
        let mut dump: Option<Self> = None;
        for line in lines {
            let line = strip_terminal(line);
            let line = without_stamp(&line);
            if !line.starts_with(&format!("@{BLOCK}")) {
                continue;
            }
            let record = Record::parse(line).ok();
            match record.as_ref().map(Record::id) {
                Some(START) if is_whole(line) == Some(true) => {
                    let started = dump.insert(Self::default());
                    started.hz = record
                        .as_ref()
                        .and_then(|r| r.number("counter_hz"))
                        .unwrap_or_default();
                    started.lines = 1;
                }
                _ => {
                    if let Some(dump) = &mut dump {
                        dump.line(line, record.as_ref());
                    }
                }
            }
        }
        let mut dump = dump.filter(|dump| dump.hz > 0).ok_or_else(|| {
            Failure::environment(format!("there is no line `@{START} …` in it"))
                .help("capture what the command `trace dump` prints")
        })?;
        dump.finish();
        Ok(dump)
    }

    fn line(&mut self, line: &str, record: Option<&Record>) {
        self.lines += 1;
        let shown = line.chars().take(50).collect::<String>();
        let Some(record) = record.filter(|_| is_whole(line) == Some(true)) else {
            self.damage
                .push(format!("`{shown}…` did not arrive as it was sent (CRC)"));
            return;
        };
        let is_read = match record.id() {
            THREAD => self.thread(record),
            CORE => self.core(record),
            BLOCK => self.block(line),
            END => {
                self.is_complete = true;
                self.end(record)
            }
            // Of a later version: it is counted, and nobody here knows what it says.
            _ => Some(()),
        };
        if is_read.is_none() {
            self.damage.push(format!("`{shown}…` cannot be read"));
        }
    }

    fn thread(&mut self, record: &Record) -> Option<()> {
        let id = record.number("id")?.try_into().ok()?;
        self.names.insert(id, record.get("name")?.to_owned());
        Some(())
    }

    fn core(&mut self, record: &Record) -> Option<()> {
        let core = self
            .cores
            .entry(record.number("core")?.try_into().ok()?)
            .or_default();
        let counts = |prefix: &str| {
            Some(Counts {
                voluntary: record.number(&format!("{prefix}voluntary"))?,
                preempted: record.number(&format!("{prefix}preempted"))?,
                migrations: record.number(&format!("{prefix}migrations"))?,
            })
        };
        core.recorded = record.number("events")?;
        core.lost = record.number("lost")?;
        core.counts = counts("")?;
        core.lost_counts = counts("lost_")?;
        core.stop = record.number("stop_ticks")?;
        core.blocks = record.number("blocks")?;
        Some(())
    }

    fn block(&mut self, line: &str) -> Option<()> {
        let block = Block::decode(line)?.ok()?;
        let next = block.seq.checked_add(1)?;
        let core = self.cores.entry(block.core).or_default();
        if block.seq != core.next_block {
            self.damage.push(format!(
                "core {}: blocks {} to {} are missing",
                block.core,
                core.next_block,
                block.seq.saturating_sub(1)
            ));
        }
        core.next_block = next;
        core.events.extend(block.events);
        Some(())
    }

    fn end(&mut self, record: &Record) -> Option<()> {
        let (sent, came) = (record.number("lines")?, self.lines - 1);
        if sent != came {
            self.damage
                .push(format!("{sent} lines were sent, and {came} came"));
        }
        Some(())
    }

    fn finish(&mut self) {
        if !self.is_complete {
            self.damage
                .push(format!("the dump is cut off: there is no line `@{END} …`"));
        }
        for (id, core) in &self.cores {
            if core.next_block < core.blocks {
                self.damage.push(format!(
                    "core {id}: {} of {} blocks came",
                    core.next_block, core.blocks
                ));
            }
        }
    }

    /// What a thread is called.
    pub(crate) fn name(&self, thread: u32) -> String {
        match (thread, self.names.get(&thread)) {
            (0, _) => "idle".to_owned(),
            (_, Some(name)) if !name.is_empty() => format!("{name} #{thread}"),
            _ => format!("thread #{thread}"),
        }
    }

    /// A moment in microseconds from the start.
    pub(crate) fn microseconds(&self, ticks: u64) -> f64 {
        ticks as f64 * 1e6 / self.hz as f64
    }
}

#[cfg(test)]
pub(super) mod tests;
