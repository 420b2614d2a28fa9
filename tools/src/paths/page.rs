//! What was found of the paths: for the terminal, and for the page in the documentation. Pure.

use super::rows::{Figure, Path};
use super::steps::{Step, Whose};
use crate::bench::figures::Hundredths;

/// A step of less is not named on the page.
const LEAST: usize = 3;

/// What a reading of the benchmarks' clock takes: ISB, MRS, ISB (`src/bench/clock.rs`).
const CLOCK: u64 = 3;

/// What was found of a path.
#[derive(Clone, Debug)]
pub(super) struct Found {
    pub(super) path: &'static Path,
    /// What the benchmark itself says, of the same run.
    pub(super) figure: Hundredths,
    pub(super) goal: Option<u64>,
    pub(super) steps: Vec<Step>,
    /// The mean of all rounds.
    pub(super) mean: Hundredths,
    /// How many rounds had as many instructions, of how many.
    pub(super) rounds: (u64, u64),
    /// The next most frequent length, and how many had it.
    pub(super) next: Option<(usize, u64)>,
    /// Of the model; `None` if it is not there.
    pub(super) cycles: Option<u64>,
}

impl Found {
    /// All instructions of the round.
    pub(super) fn total(&self) -> usize {
        self.steps.iter().map(|step| step.count).sum()
    }

    fn count(&self, whose: Whose) -> usize {
        let steps = self.steps.iter().filter(|step| step.whose == whose);
        steps.map(|step| step.count).sum()
    }

    /// What the benchmark's figure should be by the rounds, at least and at most, in hundredths.
    fn expected(&self) -> (u64, u64) {
        let total = self.total() as u64 * 100;
        match self.path.figure {
            Figure::Mean => (self.mean.0, self.mean.0),
            Figure::LessClock => {
                let less = total.saturating_sub(CLOCK * 100);
                (less, less)
            }
            Figure::More(most) => (total, total + most * 100),
        }
    }

    /// How far the benchmark's figure is from what it should be.
    pub(super) fn off(&self) -> Hundredths {
        let (least, most) = self.expected();
        let far = least.saturating_sub(self.figure.0);
        Hundredths(far.max(self.figure.0.saturating_sub(most)))
    }

    /// What it comes to, in a line.
    pub(super) fn summary(&self) -> String {
        let Path { id, cores, .. } = self.path;
        let mut text = format!(
            "`smp{cores}.{id}`: {} instructions, {} of them the benchmark's own",
            self.total(),
            self.total() - self.count(Whose::Path)
        );
        let clock = self.count(Whose::Clock);
        if clock > 0 {
            text += &format!(" ({clock} for its clock)");
        }
        let (mean, figure) = (self.mean, self.figure);
        text += &match self.path.figure {
            Figure::Mean => format!("; mean of all {mean}, its figure {figure}"),
            Figure::LessClock | Figure::More(_) => format!("; its least sample {figure}"),
        };
        if let Some(goal) = self.goal {
            text += &format!(", goal {goal}");
        }
        if let Some(cycles) = self.cycles {
            text += &format!("; {cycles} cycles by the model");
        }
        let (as_long, of) = self.rounds;
        text += &format!("; {as_long} of {of} rounds");
        if let Some((length, count)) = self.next {
            text += &format!(", {count} have {length}");
        }
        text
    }
}

/// All steps, for the terminal.
pub(super) fn terminal(found: &Found) -> String {
    let mut text = format!("{}\n{}\n", found.path.what, found.summary());
    for step in &found.steps {
        let (count, outer) = (step.count, &step.outer);
        text += &format!("{count:>5}  {outer}: {}\n", place(step).replace('`', ""));
    }
    text
}

/// For the page.
pub(super) fn markdown(all: &[Found], compiler: &str) -> String {
    let mut text = format!("By `cargo xtask paths --bless`, {compiler}.\n");
    for found in all {
        text += &format!(
            "\n### {}\n\n{}.\n",
            capital(found.path.what),
            found.summary()
        );
        text += "\n| instructions | in | of them |\n|---|---|---|\n";
        let mut outers: Vec<&str> = Vec::new();
        for step in &found.steps {
            if !outers.contains(&step.outer.as_str()) {
                outers.push(&step.outer);
            }
        }
        for outer in outers {
            text += &row(outer, &found.steps);
        }
    }
    text
}

/// All steps in one function.
fn row(outer: &str, steps: &[Step]) -> String {
    let here = steps.iter().filter(|step| step.outer == outer);
    let (named, others): (Vec<&Step>, Vec<&Step>) = here.partition(|step| step.count >= LEAST);
    let sum = |steps: &[&Step]| steps.iter().map(|step| step.count).sum::<usize>();
    let mut parts: Vec<String> = named
        .iter()
        .map(|step| format!("{} {}", step.count, place(step)))
        .collect();
    if !others.is_empty() {
        parts.push(format!("{} in {} others", sum(&others), others.len()));
    }
    let total = sum(&named) + sum(&others);
    format!("| {total} | `{outer}` | {} |\n", parts.join("; "))
}

fn capital(text: &str) -> String {
    let mut chars = text.chars();
    let first = chars.next().map(|c| c.to_uppercase().to_string());
    first.unwrap_or_default() + chars.as_str()
}

/// A step in words: what was inlined, and where it was written.
fn place(step: &Step) -> String {
    let Step { inner, file, .. } = step;
    let lines = match step.lines {
        (0, 0) => String::new(),
        (first, last) if first == last => format!(":{first}"),
        (first, last) => format!(":{first}-{last}"),
    };
    let whose = match step.whose {
        Whose::Path => "",
        Whose::Loop | Whose::Clock => " (benchmark)",
    };
    if *inner == step.outer {
        return format!("its own, {file}{lines}{whose}");
    }
    format!("`{inner}` {file}{lines}{whose}")
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::super::rows::PATHS;
    use super::*;
    use crate::workspace::Workspace;

    /// Of a path whose figure is `figure`: eight instructions of its own, two of a clock, one of a loop.
    fn found(figure: Figure, hundredths: u64) -> Found {
        let step = |count, whose| Step {
            outer: "outer".to_owned(),
            inner: format!("f{count}"),
            file: "src/f.rs".to_owned(),
            lines: (3, 9),
            count,
            whose,
        };
        let path = Path { figure, ..PATHS[0] };
        Found {
            path: Box::leak(Box::new(path)),
            figure: Hundredths(hundredths),
            mean: Hundredths(1_110),
            goal: Some(7),
            steps: vec![
                step(8, Whose::Path),
                step(2, Whose::Clock),
                step(1, Whose::Loop),
            ],
            rounds: (9, 10),
            next: Some((12, 1)),
            cycles: Some(6),
        }
    }

    #[test]
    fn a_figure_is_off_by_what_the_round_does_not_explain() {
        for (figure, hundredths, off) in [
            (Figure::Mean, 1_140, 30),
            (Figure::Mean, 1_010, 100),
            (Figure::LessClock, 800, 0),
            (Figure::LessClock, 1_100, 300),
            (Figure::More(5), 1_600, 0),
            (Figure::More(5), 1_601, 1),
            (Figure::More(5), 1_099, 1),
        ] {
            let off_by = found(figure, hundredths).off();
            assert_eq!(off_by, Hundredths(off), "{figure:?} {hundredths}");
        }
    }

    #[test]
    fn a_function_is_a_row_in_which_steps_of_one_or_two_are_summed_up() {
        let mut found = found(Figure::Mean, 1_100);
        found.steps[2].outer = "f1".to_owned();
        let table = markdown(&[found], "rustc 1");
        for row in [
            "| 10 | `outer` | 8 `f8` src/f.rs:3-9; 2 in 1 others |",
            "| 1 | `f1` | 1 in 1 others |",
        ] {
            assert!(table.lines().any(|line| line == row), "{row}\n{table}");
        }
        let summary = "11 instructions, 3 of them the benchmark's own (2 for its clock); mean of all 11.10, \
                       its figure 11, goal 7; 6 cycles by the model; 9 of 10 rounds, 1 have 12";
        assert!(table.contains(summary), "{table}");
    }

    #[test]
    fn the_page_in_the_repository_has_every_path() {
        let workspace = Workspace::find().unwrap();
        let page = fs::read_to_string(workspace.root().join("docs/paths.md")).unwrap();
        for path in PATHS {
            let (heading, id) = (capital(path.what), path.id);
            assert!(page.contains(&format!("\n### {heading}\n")), "{heading}");
            assert!(
                page.contains(&format!("\n`smp{}.{id}`: ", path.cores)),
                "{id}"
            );
        }
    }
}
