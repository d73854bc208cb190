//! What the user decided about the fabric, on disk.

use super::file;
use super::registry::SetAside;
use crate::whole_file;
use serde::{Deserialize, Serialize};
use std::io;
use std::path::Path;
use weft_model::AttestationChoice;

const FILE: &str = "settings.json";
const VERSION: u32 = 1;

/// The decisions.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Settings {
    version: u32,
    /// What is done when attestation proves too little.
    pub(super) attestation: AttestationChoice,
    /// No device is asked.
    pub(super) paused: bool,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            version: VERSION,
            attestation: AttestationChoice::Ask,
            paused: false,
        }
    }
}

impl Settings {
    /// Reads them. A file that cannot be used is set aside and told.
    ///
    /// # Errors
    /// When the file can neither be read nor set aside.
    pub(super) fn open(folder: &Path) -> io::Result<(Self, Option<SetAside>)> {
        let path = folder.join(FILE);
        file::remove_remains(&path);
        let Some(bytes) = file::read(&path)? else {
            return Ok((Self::default(), None));
        };
        let reason = match serde_json::from_slice::<Self>(&bytes) {
            Ok(settings) if settings.version == VERSION => return Ok((settings, None)),
            Ok(settings) => format!("it is of version {}, this program knows {VERSION}", settings.version),
            Err(error) => error.to_string(),
        };
        let to = file::set_aside(&path)?;
        Ok((Self::default(), Some(SetAside { reason, to })))
    }

    /// Keeps these bytes, which [`Self::bytes`] made.
    pub(super) fn write(folder: &Path, bytes: &[u8]) -> io::Result<()> {
        file::create_folder(folder)?;
        whole_file::write(&folder.join(FILE), bytes)
    }

    /// The file's content.
    pub(super) fn bytes(&self) -> Vec<u8> {
        serde_json::to_vec_pretty(self).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::whole_file::tests::Folder;

    #[test]
    fn decisions_are_kept_and_a_broken_file_is_set_aside() {
        let folder = Folder::new();
        assert_eq!(Settings::open(&folder.0).unwrap(), (Settings::default(), None));
        let decided = Settings {
            attestation: AttestationChoice::Accept,
            paused: true,
            ..Settings::default()
        };
        Settings::write(&folder.0, &decided.bytes()).unwrap();
        assert_eq!(Settings::open(&folder.0).unwrap(), (decided, None));
        for broken in ["{", r#"{"version":9,"attestation":"ask","paused":true}"#] {
            std::fs::write(folder.0.join(FILE), broken).unwrap();
            let (settings, set_aside) = Settings::open(&folder.0).unwrap();
            assert_eq!(settings, Settings::default());
            assert_eq!(std::fs::read_to_string(set_aside.unwrap().to).unwrap(), broken);
        }
    }
}
