//! The VideoCore's codes in words: which board, and what has slowed it down. Pure.

use ufmt::{Formatter, uDisplay, uWrite, uwrite};

/// A revision code (Raspberry Pi documentation, "Raspberry Pi revision codes", section "New-style revision codes"):
/// `NOQuuuWuFMMMCCCCPPPPTTTTTTTTRRRR`.
#[derive(Clone, Copy, Debug)]
pub struct Revision(pub u32);

/// F: a code of the new style; the old ones are numbers without parts.
const NEW_STYLE: u32 = 1 << 23;

/// PPPP of the BCM2711.
const BCM2711: u32 = 3;

/// TTTTTTTT of the boards with that chip.
const MODELS: [(u32, &str); 4] = [(0x11, "4B"), (0x13, "400"), (0x14, "CM4"), (0x15, "CM4S")];

impl Revision {
    /// The model, if it is one that has this chip.
    #[must_use]
    pub fn model(self) -> Option<&'static str> {
        let Self(code) = self;
        let is_known = code & NEW_STYLE != 0 && (code >> 12) & 0xf == BCM2711;
        let model = MODELS.iter().find(|(kind, _)| *kind == (code >> 4) & 0xff);
        model.filter(|_| is_known).map(|(_, name)| *name)
    }

    /// RAM in MiB, of a code of the new style: MMM, that is 256 MiB, twice that, and so on.
    #[must_use]
    pub fn memory_mib(self) -> Option<u32> {
        let Self(code) = self;
        (code & NEW_STYLE != 0).then(|| 256 << ((code >> 20) & 7))
    }
}

impl uDisplay for Revision {
    fn fmt<W: uWrite + ?Sized>(&self, f: &mut Formatter<'_, W>) -> Result<(), W::Error> {
        let Self(code) = *self;
        if let (Some(name), Some(mib)) = (self.model(), self.memory_mib()) {
            uwrite!(f, "{} 1.{} with {} MiB, ", name, code & 0xf, mib)?;
        }
        uwrite!(f, "revision 0x{:x}", code)
    }
}

/// What has slowed the cores down: as `vcgencmd get_throttled` shows it.
#[derive(Clone, Copy, Debug)]
pub struct Throttled(pub u32);

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
        // Overvoltage forbidden, and the warranty void: no part of the model.
        assert_eq!(
            of(0x82a0_3140),
            "CM4 1.0 with 1024 MiB, revision 0x82a03140"
        );
        assert_eq!(Revision(0xd0_3115).memory_mib(), Some(8192));
    }

    #[test]
    fn a_revision_that_is_not_understood_stays_a_number() {
        assert_eq!(shown(Revision(0x0003)), "revision 0x3");
        assert_eq!(shown(Revision(0xa0_2082)), "revision 0xa02082");
        // A type of this chip with another chip, and a style of code that does not say.
        assert_eq!(Revision(0xb0_4115).model(), None);
        let old = Revision(0x30_3115);
        assert_eq!((old.model(), old.memory_mib()), (None, None));
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
