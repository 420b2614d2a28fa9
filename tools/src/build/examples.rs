//! The examples of the boards: applications that are built in place of the shell. A file each.

use std::fs;

use anyhow::Result;

use crate::board::Board;
use crate::failure::Failure;
use crate::workspace::Workspace;

/// The feature by which a board's package builds them: a host, which could not, does not turn it on.
pub(crate) const FEATURE: &str = "examples";

/// Those of these boards that have an example of that name.
///
/// # Errors
///
/// None has: names those that there are.
pub(crate) fn check(workspace: &Workspace, boards: &[Board], name: &str) -> Result<Vec<Board>> {
    let has = |board: &Board| names(workspace, *board).iter().any(|have| have == name);
    let found: Vec<Board> = boards.iter().copied().filter(has).collect();
    if !found.is_empty() {
        return Ok(found);
    }
    let there: Vec<String> = boards
        .iter()
        .map(|&board| format!("{}: {}", board.name(), names(workspace, board).join(", ")))
        .collect();
    let what = format!("there is no example `{name}`; {}", there.join("; "));
    Err(Failure::environment(what)
        .help("a new one is a file boards/BOARD/examples/NAME.rs (docs/applications.md)")
        .into())
}

/// The examples of a board, in the order of their names.
fn names(workspace: &Workspace, board: Board) -> Vec<String> {
    let folder = workspace.root().join("boards").join(board.name());
    let entries = fs::read_dir(folder.join("examples")).into_iter().flatten();
    let mut names: Vec<String> = entries
        .flatten()
        .filter_map(|entry| {
            let name = entry.file_name();
            Some(name.to_str()?.strip_suffix(".rs")?.to_owned())
        })
        .collect();
    names.sort();
    names
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_example_is_a_file_of_its_board_and_an_unknown_name_is_told_what_there_is() {
        let workspace = Workspace::find().unwrap();
        let check = |boards: &[Board], name| check(&workspace, boards, name);
        assert_eq!(check(&Board::ALL, "threads").unwrap(), Board::ALL);
        assert_eq!(check(&Board::ALL, "blinky").unwrap(), [Board::Rpi4]);
        let error = check(&Board::ALL, "thread").unwrap_err().to_string();
        assert_eq!(
            error,
            "there is no example `thread`; virt: threads; rpi4: blinky, threads"
        );
        let error = check(&[Board::Virt], "blinky").unwrap_err().to_string();
        assert_eq!(error, "there is no example `blinky`; virt: threads");
    }
}
