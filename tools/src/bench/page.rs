//! The table of figures: for the terminal, and for the page in the documentation. Pure.

use super::figures::Hundredths;
use super::rows::Row;

/// Between these lines of the page the table stands.
const BEGIN: &str = "<!-- bench: begin -->";
const END: &str = "<!-- bench: end -->";

/// The name of a row: its cores and its benchmark.
pub(crate) fn name(row: &Row) -> String {
    format!("smp{}.{}", row.cores, row.id)
}

/// A table for people who read the page as text or as a page.
pub(crate) fn markdown(figures: &[(Row, Hundredths)], compiler: &str) -> String {
    let mut text = format!(
        "Instructions, by `cargo xtask bench`, {compiler}:\n\n\
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
    text
}

/// The page with `table` between its two marks; `None` if it has not both.
pub(crate) fn with_table(page: &str, table: &str) -> Option<String> {
    let (before, rest) = page.split_once(BEGIN)?;
    let (_, after) = rest.split_once(END)?;
    Some(format!("{before}{BEGIN}\n\n{table}\n{END}{after}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bench::rows::ROWS;

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
}
