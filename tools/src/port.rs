//! The serial ports of this machine: which there are, and opening one.

use std::env;
use std::time::Duration;

use anyhow::Result;
use serialport::{DataBits, FlowControl, Parity, SerialPort, SerialPortType, StopBits};

use crate::failure::Failure;

/// What the firmware sets its UART to.
const BAUD: u32 = 115_200;

/// How long a read waits before it looks whether it is still wanted.
const READ_TIMEOUT: Duration = Duration::from_millis(100);

/// The environment's name of the port that is used where none is named.
const USUAL: &str = "PIVOT_SERIAL";

/// A port as a person chooses it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Found {
    /// What to pass to `--port`.
    pub(crate) name: String,
    /// What is plugged in there, as far as it says so.
    pub(crate) what: String,
    /// Whether it is on USB, as the adapters are that people connect boards with.
    is_usb: bool,
}

/// Opens a port: an adapter's device, or the slave end of a pty.
///
/// # Errors
///
/// When there is none of that name, or it cannot be had: says what would mend it.
pub(crate) fn open(name: &str) -> Result<Box<dyn SerialPort>> {
    serialport::new(name, BAUD)
        .data_bits(DataBits::Eight)
        .parity(Parity::None)
        .stop_bits(StopBits::One)
        .flow_control(FlowControl::None)
        .timeout(READ_TIMEOUT)
        .open()
        .map_err(|error| {
            Failure::environment(format!("{name} cannot be opened: {error}"))
                .help(help(&error))
                .into()
        })
}

fn help(error: &serialport::Error) -> String {
    match error.kind() {
        serialport::ErrorKind::Io(std::io::ErrorKind::PermissionDenied) => {
            "sudo usermod -aG dialout $USER, then log in again".to_owned()
        }
        _ => format!("what there is:\n{}", listing(&found())),
    }
}

/// The port that was named, in the call or in the environment.
///
/// # Errors
///
/// When none was: lists what there is.
pub(crate) fn chosen(name: Option<&str>, call: &str) -> Result<String> {
    let usual = || env::var(USUAL).ok().filter(|name| !name.is_empty());
    if let Some(name) = name.map(str::to_owned).or_else(usual) {
        return Ok(name);
    }
    let ports = found();
    let example = ports.first().map_or("/dev/ttyUSB0", |port| &port.name);
    let what = format!("which serial port?\n{}", listing(&ports));
    Err(Failure::environment(what)
        .help(format!("{call} --port {example}"))
        .into())
}

/// The ports of this machine, those on USB first.
pub(crate) fn found() -> Vec<Found> {
    let ports = serialport::available_ports().unwrap_or_default();
    let mut ports: Vec<Found> = ports
        .into_iter()
        .map(|port| Found {
            what: describe(&port.port_type),
            is_usb: matches!(port.port_type, SerialPortType::UsbPort(_)),
            name: port.port_name,
        })
        .collect();
    ports.sort_by(|a, b| (!a.is_usb, &a.name).cmp(&(!b.is_usb, &b.name)));
    ports
}

fn describe(kind: &SerialPortType) -> String {
    match kind {
        SerialPortType::UsbPort(usb) => {
            let words = [&usb.manufacturer, &usb.product].map(|word| word.as_deref());
            let words: Vec<&str> = words.into_iter().flatten().collect();
            format!("USB {:04x}:{:04x} {}", usb.vid, usb.pid, words.join(" "))
        }
        SerialPortType::PciPort => "of this machine".to_owned(),
        SerialPortType::BluetoothPort => "Bluetooth".to_owned(),
        SerialPortType::Unknown => String::new(),
    }
}

/// The ports, a line each.
fn listing(ports: &[Found]) -> String {
    if ports.is_empty() {
        return "  this machine has no serial port; is the adapter plugged in?".to_owned();
    }
    let lines: Vec<String> = ports
        .iter()
        .map(|port| {
            format!("  {}  {}", port.name, port.what)
                .trim_end()
                .to_owned()
        })
        .collect();
    lines.join("\n")
}

#[cfg(test)]
pub(crate) mod tests {
    use std::fs::File;

    use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};

    use super::*;

    /// A pty whose master end plays the board.
    pub(crate) struct Pty {
        /// The board's end.
        pub(crate) master: File,
        /// What to pass to `--port`.
        pub(crate) name: String,
    }

    impl Pty {
        pub(crate) fn open() -> Self {
            let master = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY).unwrap();
            grantpt(&master).unwrap();
            unlockpt(&master).unwrap();
            let name = ptsname(&master, Vec::new()).unwrap();
            Self {
                master: master.into(),
                name: name.into_string().unwrap(),
            }
        }
    }

    #[test]
    fn a_port_that_is_not_there_is_named_and_the_others_are_listed() {
        let error = open("/dev/no-such-port").unwrap_err();
        let text = crate::failure::render(&error);
        assert!(
            text.starts_with("error: /dev/no-such-port cannot be opened"),
            "{text}"
        );
        assert!(text.contains("help: what there is:"), "{text}");
    }

    #[test]
    fn who_names_no_port_is_asked_for_one_with_the_call_that_would_do() {
        let text = crate::failure::render(&chosen(None, "cargo xtask monitor").unwrap_err());
        assert!(text.contains("which serial port?"), "{text}");
        assert!(
            text.contains("help: cargo xtask monitor --port /dev/"),
            "{text}"
        );
        assert_eq!(chosen(Some("/dev/x"), "").unwrap(), "/dev/x");
    }

    #[test]
    fn a_listing_has_a_line_for_each_port() {
        let port = |name: &str, what: &str| Found {
            name: name.to_owned(),
            what: what.to_owned(),
            is_usb: true,
        };
        let two = [
            port("/dev/ttyUSB0", "USB 0403:6001 FTDI"),
            port("/dev/ttyS0", ""),
        ];
        assert_eq!(
            listing(&two),
            "  /dev/ttyUSB0  USB 0403:6001 FTDI\n  /dev/ttyS0"
        );
    }
}
