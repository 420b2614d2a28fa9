//! The commands that the boot arguments may ask for.

/// What the commands stand behind. They go on to the end of the arguments, spaces included.
const EXEC: &str = "pivot.exec=";

/// The command line in the boot arguments, if there is one.
#[must_use]
pub fn boot_line(bootargs: &str) -> Option<&str> {
    let starts = |(at, _): &(usize, &str)| *at == 0 || bootargs[..*at].ends_with(' ');
    let (at, _) = bootargs.match_indices(EXEC).find(starts)?;
    Some(&bootargs[at + EXEC.len()..])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_line_goes_on_to_the_end_of_the_arguments() {
        assert_eq!(boot_line("pivot.exec=version; fpu"), Some("version; fpu"));
        assert_eq!(
            boot_line("quiet a=b pivot.exec=echo pivot.exec=x"),
            Some("echo pivot.exec=x")
        );
        assert_eq!(boot_line("pivot.exec="), Some(""));
    }

    #[test]
    fn an_argument_that_only_ends_like_it_is_another_one() {
        assert_eq!(boot_line("notpivot.exec=version"), None);
        assert_eq!(boot_line("xpivot.exec=a pivot.exec=b"), Some("b"));
        assert_eq!(boot_line(""), None);
    }
}
