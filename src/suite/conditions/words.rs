//! The VideoCore's codes in words: which board, and what has slowed it down. Pure.

use ufmt::{Formatter, uDisplay, uWrite, uwrite};

/// A new-style revision code (Raspberry Pi documentation, "Raspberry Pi revision codes").
#[derive(Clone, Copy, Debug)]
pub(super) struct Revision(pub(super) u32);

const NEW_STYLE: u32 = 1 << 23;

/// Boards with this chip, by bits 11:4.
const MODELS: [(u32, &str); 3] = [(0x11, "4B"), (0x13, "400"), (0x14, "CM4")];

impl uDisplay for Revision {
    fn fmt<W: uWrite + ?Sized>(&self, f: &mut Formatter<'_, W>) -> Result<(), W::Error> {
        let Self(code) = *self;
        let model = MODELS.iter().find(|(kind, _)| *kind == (code >> 4) & 0xff);
        if let (Some((_, name)), true) = (model, code & NEW_STYLE != 0) {
            // 256 MiB, twice that, and so on.
            let mib = 256_u32 << ((code >> 20) & 7);
            uwrite!(f, "{} 1.{} with {} MiB, ", name, code & 0xf, mib)?;
        }
        uwrite!(f, "revision 0x{:x}", code)
    }
}

/// What has slowed the cores down: as `vcgencmd get_throttled` shows it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Throttled(pub(super) u32);

/// By bit; 16 bits higher: since the start.
const CAUSES: [&str; 4] = [
    "under-voltage",
    "clock capped",
    "throttled",
    "soft temperature limit",
];

impl uDisplay for Throttled {
    fn fmt<W: uWrite + ?Sized>(&self, f: &mut Formatter<'_, W>) -> Result<(), W::Error> {
        let Self(bits) = *self;
        let mut separator = "";
        for (bit, cause) in CAUSES.iter().enumerate() {
            let when = match (bits >> bit & 1, bits >> (bit + 16) & 1) {
                (0, 0) => continue,
                (0, _) => "earlier",
                _ => "now",
            };
            uwrite!(f, "{}{} {}", separator, *cause, when)?;
            separator = ", ";
        }
        if separator.is_empty() {
            f.write_str("never throttled")?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(value: impl uDisplay) -> String {
        let mut text = heapless::String::<128>::new();
        uwrite!(text, "{}", value).unwrap();
        text.as_str().into()
    }

    #[test]
    fn a_revision_names_model_and_memory() {
        let of = |code| shown(Revision(code));
        assert_eq!(of(0xb0_3115), "4B 1.5 with 2048 MiB, revision 0xb03115");
        assert_eq!(of(0xd0_3114), "4B 1.4 with 8192 MiB, revision 0xd03114");
        assert_eq!(of(0xc0_3130), "400 1.0 with 4096 MiB, revision 0xc03130");
    }

    #[test]
    fn a_revision_that_is_not_understood_stays_a_number() {
        assert_eq!(shown(Revision(0x0003)), "revision 0x3");
        assert_eq!(shown(Revision(0xa0_2082)), "revision 0xa02082");
    }

    #[test]
    fn what_slows_the_cores_down_is_told_from_what_did() {
        let of = |bits| shown(Throttled(bits));
        assert_eq!(of(0), "never throttled");
        assert_eq!(of(0x5_0005), "under-voltage now, throttled now");
        assert_eq!(of(0x8_0000), "soft temperature limit earlier");
        assert_eq!(of(0x1_0002), "under-voltage earlier, clock capped now");
    }
}
