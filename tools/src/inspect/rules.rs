//! What the rules have in common: an image that is taken apart, and how a rule answers.

use anyhow::{Context, Result};

use crate::inspect::dataflow::Dataflow;
use crate::inspect::exception_stack::ExceptionStack;
use crate::inspect::graph::Graph;
use crate::inspect::insn::Insn;
use crate::inspect::program::{Function, Program};
use crate::inspect::source::Source;

/// What a rule says of an image.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Answer {
    /// What was looked at.
    pub(crate) looked_at: String,
    /// Places that break the rule.
    pub(crate) findings: Vec<Finding>,
}

/// A place that breaks a rule.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Finding {
    /// Of the instruction; `None` for what concerns the whole image.
    pub(crate) address: Option<u64>,
    /// What is wrong there.
    pub(crate) what: String,
}

impl Finding {
    pub(super) fn at(address: u64, what: impl Into<String>) -> Self {
        Self {
            address: Some(address),
            what: what.into(),
        }
    }

    pub(super) fn of_image(what: impl Into<String>) -> Self {
        Self {
            address: None,
            what: what.into(),
        }
    }
}

/// An image that is taken apart.
pub(super) struct Image<'a> {
    pub(super) program: Program,
    pub(super) graph: Graph,
    pub(super) handlers: Vec<usize>,
    pub(super) exception_stack: ExceptionStack,
    /// By function: whether a call of it can switch threads.
    pub(super) switching: Vec<bool>,
    pub(super) dataflow: Dataflow,
    /// There is none in tests.
    pub(super) source: Option<Source<'a>>,
}

/// What the assembly calls on the exception stack, which is empty then.
pub(super) const ON_EXCEPTION_STACK: [&str; 3] = [
    "pivot::irq::dispatch",
    "pivot::sched::quick::decide",
    "pivot::sched::finish::finish_switch",
];

/// Handlers of interrupts, which are called through a register there.
pub(super) const HANDLERS: [&str; 1] = ["pivot::console::on_interrupt"];

/// Those of the shell's commands. An image with another application has none of them.
pub(super) const SHELL_HANDLERS: [&str; 2] = [
    "pivot::bench::interrupts::handle",
    "pivot::suite::regs::handler::handle",
];

impl<'a> Image<'a> {
    /// Takes an ELF file apart.
    pub(super) fn from_elf(bytes: &'a [u8]) -> Result<Self> {
        let source = Source::from_elf(bytes)?;
        Self::new(Program::from_elf(bytes)?, Some(source))
    }

    /// From the code alone.
    pub(super) fn new(program: Program, source: Option<Source<'a>>) -> Result<Self> {
        let graph = Graph::new(&program);
        let switch = program
            .named("reschedule")
            .context("there is no function `reschedule`")?;
        let named = |names: &[&str]| {
            names
                .iter()
                .filter_map(|name| program.named(name))
                .collect::<Vec<_>>()
        };
        let handlers = [named(&HANDLERS), named(&SHELL_HANDLERS)].concat();
        let exception_stack = ExceptionStack::new(
            &program,
            &graph,
            &named(&ON_EXCEPTION_STACK),
            &handlers,
            switch,
        );
        let cannot = |function: usize| exception_stack.only.contains(&function);
        let switching = graph.switching(switch, cannot);
        let results = |function: usize| {
            let Function { name, range } = &program.functions()[function];
            // Assembly returns nothing of the core, whatever it leaves in its registers.
            let is_assembly = !name.contains("::");
            let known = source
                .as_ref()
                .map_or([true; 2], |source| source.results(range.start));
            if is_assembly { [false; 2] } else { known }
        };
        let dataflow = Dataflow::new(&program, &graph, &switching, cannot, results);
        Ok(Self {
            program,
            graph,
            handlers,
            exception_stack,
            switching,
            dataflow,
            source,
        })
    }

    /// The functions of these names; one that is not there is a finding.
    pub(super) fn roots(&self, names: &[&str], findings: &mut Vec<Finding>) -> Vec<usize> {
        let mut roots = Vec::new();
        for name in names {
            match self.program.named(name) {
                Some(function) => roots.push(function),
                None => findings.push(Finding::of_image(format!("there is no function `{name}`"))),
            }
        }
        roots
    }

    /// A finding as a person reads it.
    pub(super) fn describe(&self, finding: &Finding) -> String {
        let Some(address) = finding.address else {
            return finding.what.clone();
        };
        let text = self.program.at(address).map(Insn::text).unwrap_or_default();
        format!("`{text}` in {}: {}", self.place(address), finding.what)
    }

    /// A function, an address and a line of source.
    pub(super) fn place(&self, address: u64) -> String {
        let line = self
            .source
            .as_ref()
            .map_or_else(String::new, |source| source.line(address));
        format!("{} at {address:#x} ({line})", self.program.name_at(address))
    }
}
