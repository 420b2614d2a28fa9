//! Messages of the VideoCore's property channel: built and read, as words of memory. Pure.
//!
//! A message is `[bytes, code, tag…, 0]`, a tag `[id, bytes of room, code, values…]`; the reply comes back in the
//! same words (Raspberry Pi firmware wiki, "Mailbox property interface"). One tag per message is enough here.

use ufmt::{Formatter, uDisplay, uWrite, uwrite};

/// What the firmware can be asked (firmware wiki, "Mailbox property interface").
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Tag {
    /// Its number.
    pub id: u32,
    /// What it is called in messages.
    pub name: &'static str,
}

impl Tag {
    /// Date of the firmware, in seconds since 1970.
    pub const FIRMWARE: Self = Self::new(0x0000_0001, "firmware revision");
    /// Revision code of the board.
    pub const BOARD_REVISION: Self = Self::new(0x0001_0002, "board revision");
    /// The memory of the Arm cores: base, size.
    pub const ARM_MEMORY: Self = Self::new(0x0001_0005, "Arm memory");
    /// The VideoCore's memory: base, size.
    pub const VIDEOCORE_MEMORY: Self = Self::new(0x0001_0006, "VideoCore memory");
    /// Clock: clock, Hz that it was set to.
    pub const CLOCK_RATE: Self = Self::new(0x0003_0002, "clock rate");
    /// Clock: clock, greatest Hz.
    pub const CLOCK_MAX: Self = Self::new(0x0003_0004, "greatest clock rate");
    /// Clock: clock, least Hz.
    pub const CLOCK_MIN: Self = Self::new(0x0003_0007, "least clock rate");
    /// Clock: clock, Hz as measured.
    pub const CLOCK_MEASURED: Self = Self::new(0x0003_0047, "measured clock rate");
    /// Clock, Hz, 1 to leave turbo mode as it is: clock, Hz that it is set to.
    pub const SET_CLOCK_RATE: Self = Self::new(0x0003_8002, "set clock rate");
    /// 0: 0, thousandths of a degree Celsius.
    pub const TEMPERATURE: Self = Self::new(0x0003_0006, "temperature");
    /// 0: 0, thousandths of a degree Celsius from which on the chip slows down.
    pub const TEMPERATURE_MAX: Self = Self::new(0x0003_000a, "greatest temperature");
    /// Bits as `vcgencmd get_throttled` shows them.
    pub const THROTTLED: Self = Self::new(0x0003_0046, "throttling");

    const fn new(id: u32, name: &'static str) -> Self {
        Self { id, name }
    }
}

/// Words of a message: one line of 64 bytes, the cache line of every core that this kernel runs on.
const WORDS: usize = 16;
/// Words around the values: two of the message, three of the tag, the end.
const OVERHEAD: usize = 6;
/// Where the values of the tag are.
const VALUES: usize = 5;
/// Most words of a request or of a reply.
pub const MOST_VALUES: usize = WORDS - OVERHEAD;

/// Code of a message that was worked through.
const DONE: u32 = 0x8000_0000;
/// In the code of a tag: this is a reply, and the other bits are its length in bytes.
const REPLY: u32 = 0x8000_0000;

/// A message with one tag. No other data is in its cache line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(C, align(64))]
pub struct Message([u32; WORDS]);

const _: () = assert!(size_of::<Message>() == 64);

/// Why a message brought no reply.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PropertyError {
    /// More values than a message has room for.
    TooLong,
    /// The firmware has not touched the message.
    Untouched,
    /// The firmware did not understand the message.
    Refused,
    /// The firmware does not know the tag: it says so by leaving the tag without a reply.
    UnknownTag,
    /// The reply is shorter than what was asked for.
    Short,
    /// The reply is about something else than what was asked about, or no value at all.
    Senseless,
}

impl uDisplay for PropertyError {
    fn fmt<W: uWrite + ?Sized>(&self, f: &mut Formatter<'_, W>) -> Result<(), W::Error> {
        f.write_str(match self {
            Self::TooLong => "the question is too long",
            Self::Untouched => "the message came back as it was",
            Self::Refused => "the firmware did not understand the message",
            Self::UnknownTag => "this firmware does not know it",
            Self::Short => "the answer is too short",
            Self::Senseless => "the answer makes no sense",
        })
    }
}

/// Why the VideoCore has not said what it was asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cause {
    /// This machine has no mailbox.
    Absent,
    /// There was no answer within a second.
    TimedOut,
    /// There was none to an earlier question, so this one was not asked: an answer that comes late would be written
    /// over it.
    GivenUp,
    /// The image lies where the VideoCore does not see it.
    OutOfReach,
    /// There was an answer, but not to this.
    Property(PropertyError),
}

/// A question that was not answered, and why.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Unanswered {
    /// The question.
    pub tag: Tag,
    /// Why.
    pub cause: Cause,
}

impl uDisplay for Unanswered {
    fn fmt<W: uWrite + ?Sized>(&self, f: &mut Formatter<'_, W>) -> Result<(), W::Error> {
        if self.cause == Cause::Absent {
            // Whatever is asked: there is nobody.
            return f.write_str(
                "this machine has no VideoCore to ask: its device tree names no mailbox",
            );
        }
        uwrite!(
            f,
            "the VideoCore was asked for its {} (0x{:x}): ",
            self.tag.name,
            self.tag.id
        )?;
        match self.cause {
            Cause::Absent => Ok(()),
            Cause::TimedOut => f.write_str("no answer within a second"),
            Cause::GivenUp => f.write_str("it has not answered before and is not asked again"),
            Cause::OutOfReach => f.write_str("the image lies where it cannot see it"),
            Cause::Property(error) => uwrite!(f, "{}", error),
        }
    }
}

impl Message {
    /// No message yet.
    pub const EMPTY: Self = Self([0; WORDS]);

    /// Asks the tag `tag` with the values `request`, and has room for `reply_words` words of reply.
    ///
    /// # Errors
    ///
    /// [`PropertyError::TooLong`] if either is more than [`MOST_VALUES`].
    pub fn ask(tag: u32, request: &[u32], reply_words: usize) -> Result<Self, PropertyError> {
        let room = request.len().max(reply_words);
        let mut words = [0; WORDS];
        let values = words.get_mut(VALUES..VALUES + request.len());
        let (true, Some(values)) = (room <= MOST_VALUES, values) else {
            return Err(PropertyError::TooLong);
        };
        values.copy_from_slice(request);
        // At most 64: no bit is lost.
        words[0] = ((OVERHEAD + room) * 4) as u32;
        words[2] = tag;
        words[3] = (room * 4) as u32;
        Ok(Self(words))
    }

    /// Copies the reply to `tag` out of a message that came back.
    ///
    /// # Errors
    ///
    /// See [`PropertyError`]. A message as a whole counts as done although nobody knew its tag, so the tag's own
    /// code and length are what says that there is a reply.
    pub fn reply(&self, tag: u32, reply: &mut [u32]) -> Result<(), PropertyError> {
        let Self(words) = self;
        match words[1] {
            DONE => {}
            0 => return Err(PropertyError::Untouched),
            _ => return Err(PropertyError::Refused),
        }
        let (code, bytes) = (words[4], (words[4] & !REPLY) as usize);
        if words[2] != tag || code & REPLY == 0 || bytes == 0 {
            return Err(PropertyError::UnknownTag);
        }
        // A length beyond the room tells how long the reply would be; the room has what fitted.
        let values = words.get(VALUES..VALUES + reply.len());
        let values = values.ok_or(PropertyError::TooLong)?;
        if bytes.min(words[3] as usize) < reply.len() * 4 {
            return Err(PropertyError::Short);
        }
        reply.copy_from_slice(values);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const CLOCK: u32 = Tag::CLOCK_MEASURED.id;

    /// What the firmware makes of a message: `code` and `values` of its tag.
    fn answered(message: Message, code: u32, values: &[u32]) -> Message {
        let Message(mut words) = message;
        words[1] = DONE;
        words[4] = code;
        words[VALUES..VALUES + values.len()].copy_from_slice(values);
        Message(words)
    }

    fn asked() -> Message {
        Message::ask(CLOCK, &[3], 2).unwrap()
    }

    fn reply(message: Message) -> Result<[u32; 2], PropertyError> {
        let mut reply = [0; 2];
        message.reply(CLOCK, &mut reply).map(|()| reply)
    }

    #[test]
    fn a_request_has_its_lengths_its_tag_and_room_for_the_reply() {
        let Message(words) = asked();
        assert_eq!(words[..9], [32, 0, CLOCK, 8, 0, 3, 0, 0, 0]);
        assert_eq!(Message::ask(1, &[], 0).unwrap().0[..6], [24, 0, 1, 0, 0, 0]);
    }

    #[test]
    fn a_message_fits_its_cache_line_and_no_more_than_that_is_sent() {
        let Message(words) = Message::ask(1, &[7; MOST_VALUES], 0).unwrap();
        assert_eq!((words[0], words[WORDS - 2], words[WORDS - 1]), (64, 7, 0));
        for (request, reply) in [(MOST_VALUES + 1, 0), (0, MOST_VALUES + 1), (40, 0)] {
            let asked = Message::ask(1, &vec![0; request], reply);
            assert_eq!(asked, Err(PropertyError::TooLong));
        }
        assert_eq!(align_of::<Message>(), size_of::<Message>());
    }

    #[test]
    fn a_question_without_an_answer_names_itself() {
        let shown = |cause| {
            let mut text = heapless::String::<128>::new();
            let tag = Tag::CLOCK_MEASURED;
            uwrite!(text, "{}", Unanswered { tag, cause }).unwrap();
            String::from(text.as_str())
        };
        assert_eq!(
            shown(Cause::Property(PropertyError::UnknownTag)),
            "the VideoCore was asked for its measured clock rate (0x30047): this firmware does not know it"
        );
        assert!(shown(Cause::TimedOut).ends_with("(0x30047): no answer within a second"));
        assert!(shown(Cause::Absent).contains("no mailbox"));
    }

    #[test]
    fn a_reply_is_read() {
        let back = answered(asked(), REPLY | 8, &[3, 1_500_000_000]);
        assert_eq!(reply(back), Ok([3, 1_500_000_000]));
    }

    #[test]
    fn a_message_that_nobody_touched_or_understood_is_no_reply() {
        assert_eq!(reply(asked()), Err(PropertyError::Untouched));
        let mut back = answered(asked(), REPLY | 8, &[3, 1]);
        back.0[1] = 0x8000_0001;
        assert_eq!(reply(back), Err(PropertyError::Refused));
    }

    #[test]
    fn an_unknown_tag_is_seen_by_its_own_code_though_the_message_is_done() {
        // As the firmware leaves it, and as QEMU does: marked, with no length and the request's values.
        for code in [0, REPLY] {
            assert_eq!(
                reply(answered(asked(), code, &[])),
                Err(PropertyError::UnknownTag)
            );
        }
        let mut other = answered(asked(), REPLY | 8, &[3, 1]);
        other.0[2] = CLOCK + 1;
        assert_eq!(reply(other), Err(PropertyError::UnknownTag));
    }

    #[test]
    fn a_reply_that_is_too_short_is_none_and_one_that_was_cut_is_not_read_past_its_room() {
        assert_eq!(
            reply(answered(asked(), REPLY | 4, &[3])),
            Err(PropertyError::Short)
        );
        assert_eq!(reply(answered(asked(), REPLY | 64, &[3, 9])), Ok([3, 9]));
        let small = answered(Message::ask(CLOCK, &[], 1).unwrap(), REPLY | 8, &[3]);
        assert_eq!(reply(small), Err(PropertyError::Short));
    }
}
