//! The console as the traits that libraries write to and read from.

use core::convert::Infallible;

use embedded_io::{ErrorType, Read, ReadReady, Write, WriteReady};
use ufmt::uWrite;

/// The console, as something to write to and read from. There is one, and this is a name for it.
#[derive(Clone, Copy, Debug, Default)]
pub struct Console;

impl uWrite for Console {
    type Error = Infallible;

    fn write_str(&mut self, text: &str) -> Result<(), Infallible> {
        super::write(text.as_bytes());
        Ok(())
    }
}

impl ErrorType for Console {
    type Error = Infallible;
}

impl Write for Console {
    fn write(&mut self, bytes: &[u8]) -> Result<usize, Infallible> {
        super::write(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> Result<(), Infallible> {
        super::flush();
        Ok(())
    }
}

impl WriteReady for Console {
    fn write_ready(&mut self) -> Result<bool, Infallible> {
        Ok(super::STATE.lock().rings.has_much_room())
    }
}

impl Read for Console {
    /// Sleeps for the first byte, then takes what there is.
    fn read(&mut self, buffer: &mut [u8]) -> Result<usize, Infallible> {
        let Some((first, rest)) = buffer.split_first_mut() else {
            return Ok(0);
        };
        *first = super::read();
        let mut count = 1;
        for place in rest {
            let Some(byte) = super::try_read() else {
                break;
            };
            *place = byte;
            count += 1;
        }
        Ok(count)
    }
}

impl ReadReady for Console {
    fn read_ready(&mut self) -> Result<bool, Infallible> {
        Ok(super::can_read())
    }
}
