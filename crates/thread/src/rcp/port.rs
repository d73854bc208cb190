//! Serial ports: finding those of radios, opening, reading with a limit.

use super::owner::owners_of;
use super::usb::known_radio;
use serialport::{ErrorKind, SerialPort, SerialPortType};
use std::io;
use std::path::Path;
use std::time::Duration;
use weft_model::DongleKind;

/// A radio takes bytes at once, unless it hangs.
const WRITE_WITHIN: Duration = Duration::from_secs(1);

/// A port that may have a radio behind it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FoundPort {
    /// To open it: `/dev/ttyACM0`.
    pub path: String,
    /// What it is, by its USB ids.
    pub name: &'static str,
    /// Its serial number.
    pub serial_number: Option<String>,
    /// The line speed that its firmware usually has, in bits a second.
    pub baud: u32,
    /// Its firmware, where its USB ids tell.
    pub kind: Option<DongleKind>,
}

/// The ports of radios that are known by their USB ids, by path.
pub fn radios() -> Vec<FoundPort> {
    let mut found: Vec<FoundPort> = serialport::available_ports()
        .unwrap_or_default()
        .into_iter()
        .filter_map(|port| {
            let SerialPortType::UsbPort(usb) = port.port_type else { return None };
            let known = known_radio(usb.vid, usb.pid, usb.product.as_deref().unwrap_or_default())?;
            Some(FoundPort {
                path: port.port_name,
                name: known.name,
                serial_number: usb.serial_number,
                baud: known.baud,
                kind: known.kind,
            })
        })
        // macOS shows each port twice; `cu` is the one that a program opens.
        .filter(|port| !port.path.starts_with("/dev/tty."))
        .collect();
    found.sort_by(|a, b| a.path.cmp(&b.path));
    found
}

/// The firmware behind a port, where its USB ids tell. The port may be named by a link.
fn kind_of(path: &str) -> Option<DongleKind> {
    let path = Path::new(path).canonicalize().ok();
    let is_it = |found: &FoundPort| path.is_some() && Path::new(&found.path).canonicalize().ok() == path;
    radios().into_iter().find(is_it).and_then(|found| found.kind)
}

/// What systems say of a device that takes no settings of a line (ENOTTY).
const NO_TERMINAL: [&str; 2] = ["Not a typewriter", "Inappropriate ioctl"];

/// Whether what has this name cannot be a serial port, as far as that is seen without opening it: opening one changes its lines.
fn is_surely_no_port(path: &Path) -> bool {
    #[cfg(unix)]
    {
        use std::os::unix::fs::{FileTypeExt, MetadataExt};
        /// Linux: `/dev/null`, `/dev/zero`, `/dev/random` and the like.
        const MEMORY_DEVICES: u64 = 1;
        let Ok(metadata) = std::fs::metadata(path) else { return false };
        let major = metadata.rdev() >> 8 & 0xfff;
        !metadata.file_type().is_char_device() || cfg!(target_os = "linux") && major == MEMORY_DEVICES
    }
    #[cfg(not(unix))]
    {
        let _ = path;
        false
    }
}

/// Why a port cannot be opened.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PortError {
    /// There is none.
    #[error("there is no port {0}: the dongle is not plugged in")]
    Gone(String),
    /// This user may not.
    #[error("{0} may not be opened by this user; on Linux, members of its group may (usually `dialout`)")]
    Denied(String),
    /// It is something else.
    #[error("{0} is no serial port: give the port of a dongle (on Linux, `ls /dev/serial/by-id` lists them)")]
    NotSerial(String),
    /// Another program has it.
    #[error("{path} is in use by {}", .owners.join(" and "))]
    InUse {
        /// The port.
        path: String,
        /// Who has it.
        owners: Vec<String>,
    },
    /// The system says why.
    #[error("{path} cannot be opened: {reason}")]
    Other {
        /// The port.
        path: String,
        /// The reason.
        reason: String,
    },
}

/// An open port, for this program alone.
pub struct Port {
    inner: Box<dyn SerialPort>,
    kind: Option<DongleKind>,
}

impl Port {
    /// Opens a port with so many bits a second; USB radios take any.
    ///
    /// # Errors
    /// Why not.
    pub fn open(path: &str, baud: u32) -> Result<Self, PortError> {
        if is_surely_no_port(Path::new(path)) {
            return Err(PortError::NotSerial(path.to_owned()));
        }
        // Before it is opened: opening it twice would take bytes away from whoever has it.
        let in_use = |owners: Vec<String>| PortError::InUse {
            path: path.to_owned(),
            owners,
        };
        let owners = owners_of(Path::new(path));
        if !owners.is_empty() {
            return Err(in_use(owners));
        }
        serialport::new(path, baud)
            .timeout(WRITE_WITHIN)
            .dtr_on_open(true)
            .open()
            .map(|inner| Self { inner, kind: kind_of(path) })
            .map_err(|error| match error.kind() {
                ErrorKind::Io(io::ErrorKind::NotFound) => PortError::Gone(path.to_owned()),
                ErrorKind::Io(io::ErrorKind::PermissionDenied) => PortError::Denied(path.to_owned()),
                ErrorKind::NoDevice if !Path::new(path).exists() => PortError::Gone(path.to_owned()),
                ErrorKind::Io(io::ErrorKind::ResourceBusy) => in_use(vec!["another program".to_owned()]),
                _ if NO_TERMINAL.iter().any(|text| error.description.contains(text)) => PortError::NotSerial(path.to_owned()),
                _ => PortError::Other {
                    path: path.to_owned(),
                    reason: error.to_string(),
                },
            })
    }

    /// The firmware behind it, where its USB ids tell.
    pub fn kind(&self) -> Option<DongleKind> {
        self.kind
    }

    /// Reads what is there; waits `within` for it at most. 0: nothing came.
    ///
    /// # Errors
    /// The port is gone.
    pub fn read(&mut self, buffer: &mut [u8], within: Duration) -> io::Result<usize> {
        let _ = self.inner.set_timeout(within.max(Duration::from_millis(1)));
        match self.inner.read(buffer) {
            Ok(0) => Err(io::ErrorKind::UnexpectedEof.into()),
            Ok(read) => Ok(read),
            Err(error)
                if matches!(
                    error.kind(),
                    io::ErrorKind::TimedOut | io::ErrorKind::Interrupted | io::ErrorKind::WouldBlock
                ) =>
            {
                Ok(0)
            }
            Err(error) => Err(error),
        }
    }

    /// Writes all of it.
    ///
    /// # Errors
    /// The port is gone, or the radio takes nothing any more.
    pub fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        let _ = self.inner.set_timeout(WRITE_WITHIN);
        self.inner.write_all(bytes)
    }
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_serial_port_is_said_to_be_none() {
        let file = std::env::temp_dir().join(format!("weft-no-port-{}", std::process::id()));
        std::fs::write(&file, "").unwrap();
        let file = file.to_str().unwrap();
        for path in [file, "/dev/null", "/tmp"] {
            let error = Port::open(path, 115_200).err().unwrap();
            assert_eq!(error, PortError::NotSerial(path.to_owned()));
        }
        std::fs::remove_file(file).unwrap();
        let none = "/dev/weft-no-such-port";
        assert_eq!(Port::open(none, 115_200).err(), Some(PortError::Gone(none.to_owned())));
    }
}
