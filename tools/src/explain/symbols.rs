//! Frames in words, by the file that the image was made from.

use std::fs;
use std::path::PathBuf;

use anyhow::{Context, Result, bail};

use super::frame::Frame;
use super::image::Image;

/// What marks a build whose sources were not all committed: several images share its name.
const DIRTY: &str = "+dirty";

/// Bytes of an instruction.
const INSTRUCTION: u64 = 4;

/// The file, and which image is running.
pub(crate) struct Symbols {
    elf: PathBuf,
    /// What was read of it, for the backtrace that is coming in.
    image: Option<Image>,
    /// The build that the image has named.
    build: Option<String>,
    /// The hash that it says it has.
    id: Option<String>,
    /// Whether it was said already that nothing can be explained.
    has_complained: bool,
}

impl Symbols {
    pub(crate) fn new(elf: PathBuf) -> Self {
        Self {
            elf,
            image: None,
            build: None,
            id: None,
            has_complained: false,
        }
    }

    /// The image has said which build it is.
    pub(super) fn image_says(&mut self, build: &str) {
        *self = Self {
            build: Some(build.to_owned()),
            ..Self::new(self.elf.clone())
        };
    }

    /// A backtrace begins, of the image of that hash. What there is to say if it cannot be explained.
    pub(super) fn image_is(&mut self, id: Option<String>) -> Vec<String> {
        *self = Self {
            build: self.build.take(),
            id,
            ..Self::new(self.elf.clone())
        };
        // The file is read for each backtrace: it may have been built anew.
        self.told(|symbols| symbols.load().map(|_| Vec::new()))
    }

    /// Which function, file and line a frame is in; a line or more.
    pub(super) fn explain(&mut self, frame: Frame) -> Vec<String> {
        self.told(|symbols| {
            let image = symbols.load()?;
            Ok(explained(image, frame))
        })
    }

    /// What `explain` has to say; why it has nothing to say, once.
    fn told(&mut self, explain: impl FnOnce(&mut Self) -> Result<Vec<String>>) -> Vec<String> {
        if self.has_complained {
            return Vec::new();
        }
        explain(self).unwrap_or_else(|error| {
            self.has_complained = true;
            vec![format!("addresses are not explained: {error:#}")]
        })
    }

    /// What the file says, if it is the image's.
    fn load(&mut self) -> Result<&Image> {
        if self.image.is_none() {
            let file = self.elf.display();
            let bytes = fs::read(&self.elf).with_context(|| format!("reading {file}"))?;
            let image = Image::parse(&bytes).with_context(|| format!("reading {file}"))?;
            let is_right = match (&self.id, &self.build) {
                (Some(id), _) => image.build_id() == Some(id),
                (None, Some(build)) => names(&bytes, build),
                (None, None) => bail!("the image has not said which build it is"),
            };
            if !is_right {
                let running = self.id.as_ref().or(self.build.as_ref());
                let running = running.map_or("?", |name| name);
                bail!(
                    "{file} is not of build {running}, which is running: check that out and `cargo xtask build`, or --elf FILE"
                );
            }
            self.image = Some(image);
        }
        self.image.as_ref().context("no image")
    }
}

fn explained(image: &Image, frame: Frame) -> Vec<String> {
    // A call that returns to an address is the instruction before it.
    let called = |address: u64| address.saturating_sub(INSTRUCTION);
    let at = if frame.is_exact {
        frame.address
    } else {
        called(frame.address)
    };
    let mut lines = Vec::new();
    for place in image.frames(at) {
        let before = if lines.is_empty() {
            ""
        } else {
            "  inlined into "
        };
        lines.push(format!("{before}{place}"));
    }
    // x30 is the caller's only until the function makes a call of its own: then it leads into the function itself.
    let function = |address: u64| image.symbol(address).map(|(name, _)| name);
    let caller = frame
        .lr
        .map(called)
        .filter(|&lr| function(lr) != function(at));
    for (number, place) in caller
        .iter()
        .flat_map(|&lr| image.frames(lr).into_iter().enumerate())
    {
        let before = ["called from ", "  inlined into "][number.min(1)];
        lines.push(format!("{before}{place}"));
    }
    lines
}

/// Whether the name of the build stands in the file, and not as the beginning of a longer one.
fn names(elf: &[u8], build: &str) -> bool {
    let is_there = |at: usize| {
        let rest = &elf[at..];
        rest.starts_with(build.as_bytes()) && !rest[build.len()..].starts_with(DIRTY.as_bytes())
    };
    let Some(&first) = build.as_bytes().first() else {
        return false;
    };
    (0..elf.len()).any(|at| elf[at] == first && is_there(at))
}

#[cfg(test)]
mod tests {
    use super::*;

    const FRAME: Frame = Frame {
        address: 0x8_0000,
        is_exact: true,
        lr: None,
    };

    #[test]
    fn a_build_is_not_the_one_with_changes() {
        assert!(names(b"..f281f11abc on ", "f281f11abc"));
        assert!(!names(b"..f281f11abc+dirty on ", "f281f11abc"));
        assert!(names(b"f281f11abc+dirty f281f11abc", "f281f11abc"));
        assert!(names(b"..f281f11abc+dirty on ", "f281f11abc+dirty"));
        assert!(!names(b"..f281f11ab", "f281f11abc"));
        assert!(!names(b"x", ""));
    }

    #[test]
    fn a_file_of_another_build_explains_nothing_and_that_is_said_once() {
        // This program is an ELF file, and not the image's.
        let file = std::env::current_exe().unwrap();
        let mut symbols = Symbols::new(file);
        let notes = symbols.image_is(Some("0123456789abcdef".to_owned()));
        assert!(
            notes[0].contains("is not of build 0123456789abcdef"),
            "{notes:?}"
        );
        assert!(symbols.explain(FRAME).is_empty());
        let again = symbols.image_is(Some("0123456789abcdee".to_owned()));
        assert_eq!(again.len(), 1, "each backtrace says it anew");
    }

    #[test]
    fn an_image_that_does_not_say_what_it_is_is_not_explained() {
        let mut symbols = Symbols::new(std::env::current_exe().unwrap());
        let notes = symbols.explain(FRAME);
        assert!(notes[0].contains("has not said"), "{notes:?}");
        symbols.image_says(&format!("no-such-build-{}", std::process::id()));
        let notes = symbols.image_is(None);
        assert!(notes[0].contains("is not of build no-such"), "{notes:?}");
    }

    #[test]
    fn a_file_that_is_none_is_an_error_and_no_panic() {
        let file = std::env::temp_dir().join(format!("pivot-symbols-{}", std::process::id()));
        for bytes in [&b""[..], b"f281f11abc", b"\x7fELF\x02\x01\x01"] {
            fs::write(&file, bytes).unwrap();
            let mut symbols = Symbols::new(file.clone());
            let notes = symbols.image_is(Some("0123456789abcdef".to_owned()));
            assert!(notes[0].contains("not a 64-bit ELF file"), "{notes:?}");
        }
        fs::remove_file(&file).unwrap();
    }
}
