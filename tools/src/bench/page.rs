//! The table of figures: for the terminal, and for the page in the documentation. Pure.

use super::figures::{Hundredths, Read};
use super::peers::{OPERATIONS, Operation};
use super::rows::Row;

/// Between these lines of the page the table stands.
const BEGIN: &str = "<!-- bench: begin -->";
const END: &str = "<!-- bench: end -->";

/// The name of a row: its cores and its benchmark. An image has no cores.
pub(crate) fn name(row: &Row) -> String {
    match row.read {
        Read::Size(_) => row.id.to_owned(),
        _ => format!("smp{}.{}", row.cores, row.id),
    }
}

/// A table for people who read the page as text or as a page.
pub(crate) fn markdown(figures: &[(Row, Hundredths)], compiler: &str) -> String {
    let mut text = format!(
        "Instructions, and bytes of images, by `cargo xtask bench`, {compiler}:\n\n\
         | operation | best peer | goal | beyond | Pivot | benchmark |\n|---|---|---|---|---|---|\n"
    );
    for (row, figure) in figures.iter().filter(|(row, _)| row.goal.is_some()) {
        let (goal, beyond) = row.goal.unwrap_or_default();
        let [goal, beyond] = [goal, beyond].map(|goal| Hundredths(goal * 100));
        let shown = if figure <= &goal {
            format!("**{figure}**")
        } else {
            figure.to_string()
        };
        let Row {
            operation, peer, ..
        } = row;
        text.push_str(&format!(
            "| {operation} | {peer} | {goal} | {beyond} | {shown} | `{}` |\n",
            name(row)
        ));
    }
    text.push_str("\n| benchmark | instructions |\n|---|---|\n");
    for (row, figure) in figures.iter().filter(|(row, _)| row.goal.is_none()) {
        text.push_str(&format!("| `{}` | {figure} |\n", name(row)));
    }
    text.push_str(PEERS);
    for operation in OPERATIONS {
        text.push_str(&beside(operation, figures));
    }
    text
}

/// What stands above the table of the peers.
const PEERS: &str = "\n\
    What others take for the same, on the same machine; apart: both cores together. A floor is a bare program that has\n\
    nothing but a queue and the least switch: no priorities, no accounting, no timer.\n\n\
    | operation | system | one core | two cores, apart | two cores, anywhere |\n|---|---|---|---|---|\n";

/// An operation as Pivot does it, and below as the others do.
fn beside(operation: &Operation, figures: &[(Row, Hundredths)]) -> String {
    let ours = operation.ours.map(|ours| {
        let figure = figures.iter().find(|(row, _)| name(row) == ours);
        figure.map_or(String::new(), |(_, figure)| format!("**{figure}**"))
    });
    let line = |what: &str, who: &str, figures: [&str; 3]| {
        let [one, apart, anywhere] = figures.map(|figure| match figure {
            "" => "\u{2013}",
            figure => figure,
        });
        format!("| {what} | {who} | {one} | {apart} | {anywhere} |\n")
    };
    let ours = line(
        operation.what,
        "**Pivot**",
        ours.each_ref().map(String::as_str),
    );
    let peers = operation.peers.iter();
    let peers = peers.map(|(who, figures)| line("", who, *figures));
    std::iter::once(ours).chain(peers).collect()
}

/// The page with `table` between its two marks; `None` if it has not both.
pub(crate) fn with_table(page: &str, table: &str) -> Option<String> {
    let (before, rest) = page.split_once(BEGIN)?;
    let (_, after) = rest.split_once(END)?;
    Some(format!("{before}{BEGIN}\n\n{table}\n{END}{after}"))
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;
    use crate::bench::baseline::{Baseline, Figures};
    use crate::bench::rows::ROWS;
    use crate::workspace::Workspace;

    #[test]
    fn the_table_replaces_what_stood_between_the_marks() {
        let page = format!("a\n{BEGIN}\nold\n{END}\nb\n");
        let once = with_table(&page, "new\n").unwrap();
        assert_eq!(once, format!("a\n{BEGIN}\n\nnew\n\n{END}\nb\n"));
        assert_eq!(with_table(&once, "new\n").unwrap(), once);
        assert_eq!(with_table("no marks", "new"), None);
    }

    #[test]
    fn a_goal_that_is_reached_is_printed_bold() {
        let row = ROWS[0];
        let (goal, _) = row.goal.unwrap();
        let reached = markdown(&[(row, Hundredths(goal * 100))], "rustc 1");
        assert!(reached.contains(&format!("| **{goal}** |")), "{reached}");
        let missed = markdown(&[(row, Hundredths(goal * 100 + 1))], "rustc 1");
        assert!(missed.contains(&format!("| {goal}.01 |")), "{missed}");
    }

    /// The figures that were blessed for a compiler, in the order of the table.
    fn blessed(figures: &Figures) -> Vec<(Row, Hundredths)> {
        let figure = |row: &Row| Some((*row, Hundredths(*figures.get(&name(row))?)));
        ROWS.iter().filter_map(figure).collect()
    }

    #[test]
    fn the_page_in_the_repository_is_what_is_made_of_the_blessed_figures() {
        let workspace = Workspace::find().unwrap();
        let page = fs::read_to_string(workspace.root().join("docs/performance.md")).unwrap();
        let baseline = Baseline::read(&workspace).unwrap();
        let compiler = baseline
            .compilers()
            .find(|compiler| page.contains(compiler));
        let compiler = compiler.expect("the page names a compiler of the baseline");
        let figures = blessed(baseline.of(compiler).unwrap());
        let made = with_table(&page, &markdown(&figures, compiler)).unwrap();
        assert!(
            page == made,
            "`cargo xtask bench --bless` would make:\n{made}"
        );
    }

    #[test]
    fn each_peer_stands_beside_pivots_own_figure() {
        let figures: Figures = ROWS.iter().map(|row| (name(row), 12_345)).collect();
        let table = markdown(&blessed(&figures), "rustc 1");
        for line in [
            "| handoff by mutex and condition variable | **Pivot** | **123.45** | **123.45** | **123.45** |",
            "|  | LK, an event for each thread instead | 483 | 936.5 | 572 |",
            "|  | Linux 6.12, glibc | 5,148 | 9,507 | 9,703 |",
            "|  | floor, with locks for several cores | 80 | \u{2013} | \u{2013} |",
            "| handoff by park and unpark | **Pivot** | **123.45** | **123.45** | \u{2013} |",
        ] {
            assert!(table.lines().any(|have| have == line), "{line}\n{table}");
        }
    }
}
