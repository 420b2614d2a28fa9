//! The two rings between a serial port and those who use it: pure, so that the host can test what
//! no emulated UART shows.
//!
//! A port has a small FIFO each way. Bytes to send go into the ring and from there into the FIFO at
//! once, until it is full; only what is left over waits for the transmit interrupt. That order
//! matters on a PL011: its transmit interrupt comes when the FIFO falls through its watermark, so a
//! driver that waits for the interrupt with an empty FIFO waits for ever (hazard H21).

use heapless::Deque;
use ufmt::derive::uDebug;

/// What a port's receive side has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Received {
    /// Nothing.
    Nothing,
    /// A byte.
    Byte(u8),
    /// A byte, before which others were lost: the FIFO was full when they came.
    AfterOverrun(u8),
    /// Nothing usable, for this reason; before it others were lost if the flag says so.
    Error(LineError, bool),
}

impl Received {
    /// What a PL011's data register says: a byte and what was wrong with it (DDI 0183G, section 3.3.1: OE, BE, PE and FE
    /// in bits 11 to 8). A break has a framing error too.
    #[must_use]
    pub const fn from_data_register(value: u32) -> Self {
        let has_overrun = value & (1 << 11) != 0;
        let error = if value & (1 << 10) != 0 {
            LineError::Break
        } else if value & (1 << 9) != 0 {
            LineError::Parity
        } else if value & (1 << 8) != 0 {
            LineError::Framing
        } else if has_overrun {
            return Self::AfterOverrun(value as u8);
        } else {
            return Self::Byte(value as u8);
        };
        Self::Error(error, has_overrun)
    }
}

/// What can go wrong on the line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LineError {
    /// No stop bit where one belongs: wrong rate, or noise.
    Framing,
    /// Wrong parity (which is not used, so: noise).
    Parity,
    /// The line was held low for longer than a byte takes.
    Break,
}

/// A serial port with a FIFO each way.
pub trait Port {
    /// Whether the transmit FIFO has room.
    fn can_send(&self) -> bool;
    /// Puts a byte into the transmit FIFO, which has room.
    fn send(&mut self, byte: u8);
    /// Takes what the receive FIFO has next.
    fn receive(&mut self) -> Received;
}

/// What has happened on a port since it was opened.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, uDebug)]
pub struct Stats {
    /// Bytes received.
    pub received: u64,
    /// Bytes sent, carriage returns included.
    pub sent: u64,
    /// Received bytes that were thrown away because nobody had read those before them.
    pub dropped: u64,
    /// Overruns of the receive FIFO. Each one lost a byte at least.
    pub overruns: u64,
    /// Bytes without a stop bit.
    pub framing: u64,
    /// Bytes of wrong parity.
    pub parity: u64,
    /// Breaks.
    pub breaks: u64,
}

impl Stats {
    /// Everything that was wrong on the line.
    #[must_use]
    pub const fn line_errors(&self) -> u64 {
        self.framing + self.parity + self.breaks
    }
}

/// The rings of a port: `RX` received bytes, and `TX` bytes to send, at most.
#[derive(Debug)]
pub struct Rings<const RX: usize, const TX: usize> {
    received: Deque<u8, RX>,
    to_send: Deque<u8, TX>,
    stats: Stats,
}

impl<const RX: usize, const TX: usize> Rings<RX, TX> {
    /// Empty rings.
    #[must_use]
    pub const fn new() -> Self {
        const { assert!(TX >= 2) };
        let stats = Stats {
            received: 0,
            sent: 0,
            dropped: 0,
            overruns: 0,
            framing: 0,
            parity: 0,
            breaks: 0,
        };
        Self {
            received: Deque::new(),
            to_send: Deque::new(),
            stats,
        }
    }

    /// Takes from `text` what there is room for, a line feed as carriage return and line feed, and
    /// sends what the port takes at once. Returns how many bytes of `text` were taken.
    pub fn write(&mut self, port: &mut impl Port, text: &[u8]) -> usize {
        let mut taken = 0;
        for &byte in text {
            let is_line_feed = byte == b'\n';
            if self.room() < 1 + usize::from(is_line_feed) {
                self.pump(port);
                if self.room() < 1 + usize::from(is_line_feed) {
                    return taken;
                }
            }
            // Neither can fail: there is room.
            if is_line_feed {
                let _ = self.to_send.push_back(b'\r');
            }
            let _ = self.to_send.push_back(byte);
            taken += 1;
        }
        self.pump(port);
        taken
    }

    fn room(&self) -> usize {
        TX - self.to_send.len()
    }

    /// Moves bytes to the port's FIFO until that is full or none are left. Whether none are left.
    pub fn pump(&mut self, port: &mut impl Port) -> bool {
        while port.can_send() {
            let Some(byte) = self.to_send.pop_front() else {
                return true;
            };
            port.send(byte);
            self.stats.sent += 1;
        }
        self.to_send.is_empty()
    }

    /// Whether all bytes have left the ring.
    #[must_use]
    pub fn is_sent(&self) -> bool {
        self.to_send.is_empty()
    }

    /// Whether so much of the ring is free that it is worth waking who waits for room.
    #[must_use]
    pub fn has_much_room(&self) -> bool {
        self.room() >= TX / 2
    }

    /// Takes everything that the port has received. Whether there is something to read that was not there
    /// before.
    pub fn receive(&mut self, port: &mut impl Port) -> bool {
        let mut is_new = false;
        loop {
            let (byte, has_overrun) = match port.receive() {
                Received::Nothing => return is_new,
                Received::Byte(byte) => (Ok(byte), false),
                Received::AfterOverrun(byte) => (Ok(byte), true),
                Received::Error(error, has_overrun) => (Err(error), has_overrun),
            };
            self.stats.overruns += u64::from(has_overrun);
            match byte {
                Ok(byte) => {
                    self.stats.received += 1;
                    match self.received.push_back(byte) {
                        Ok(()) => is_new = true,
                        Err(_) => self.stats.dropped += 1,
                    }
                }
                Err(LineError::Framing) => self.stats.framing += 1,
                Err(LineError::Parity) => self.stats.parity += 1,
                Err(LineError::Break) => self.stats.breaks += 1,
            }
        }
    }

    /// The oldest byte that was received and not read.
    pub fn read(&mut self) -> Option<u8> {
        self.received.pop_front()
    }

    /// Whether there is something to read.
    #[must_use]
    pub fn can_read(&self) -> bool {
        !self.received.is_empty()
    }

    /// What has happened so far.
    #[must_use]
    pub fn stats(&self) -> Stats {
        self.stats
    }
}

impl<const RX: usize, const TX: usize> Default for Rings<RX, TX> {
    fn default() -> Self {
        Self::new()
    }
}

/// Sends `text` past any ring, a line feed as carriage return and line feed, each byte once `wait_for_room` has found
/// room for it. False, and nothing more is tried, at the first for which there is none.
pub fn send_polling<P: Port>(port: &mut P, text: &[u8], wait_for_room: fn(&P) -> bool) -> bool {
    let mut send = |byte| {
        let has_room = wait_for_room(port);
        if has_room {
            port.send(byte);
        }
        has_room
    };
    text.iter()
        .all(|&byte| (byte != b'\n' || send(b'\r')) && send(byte))
}

#[cfg(test)]
#[path = "serial_tests.rs"]
mod tests;
