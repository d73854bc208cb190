//! What of a node outlives a run: `dongle/` in the data directory. No secrets: which network it is to take part in, and for each network the node's address with
//! the counters that it must never use again.

use crate::whole_file;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use std::fs::{self, File};
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use weft_model::{ExtendedAddress, ExtendedPanId};
use weft_thread::node::Kept;

const WISH: &str = "wish.json";
const VERSION: u32 = 1;
const MAX_FILE_BYTES: u64 = 1 << 16;

/// The folder.
#[derive(Debug, Clone)]
pub(super) struct Folder(PathBuf);

#[derive(Serialize, Deserialize)]
struct KeptWish {
    version: u32,
    network: ExtendedPanId,
}

#[derive(Serialize, Deserialize)]
struct KeptNode {
    version: u32,
    extended_address: ExtendedAddress,
    key_sequence: u32,
    mac_counter_below: u32,
    mle_counter_below: u32,
}

impl Folder {
    /// That of a data directory.
    pub(super) fn of(directory: &Path) -> Self {
        Self(directory.join("dongle"))
    }

    /// The network that it is to take part in.
    pub(super) fn wish(&self) -> Option<ExtendedPanId> {
        let path = self.0.join(WISH);
        match read::<KeptWish>(&path).and_then(|kept| same_version(kept, |kept| kept.version)) {
            Ok(kept) => kept.map(|kept| kept.network),
            Err(reason) => {
                tracing::error!(path = %path.display(), reason, "whether the dongle is to take part in a mesh is not known any more: have it join anew");
                None
            }
        }
    }

    /// Keeps it; `None`: it is to take part in none.
    pub(super) fn set_wish(&self, network: Option<ExtendedPanId>) -> io::Result<()> {
        let path = self.0.join(WISH);
        let Some(network) = network else {
            return match fs::remove_file(&path) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
                _ => {
                    whole_file::sync_folder(&path);
                    Ok(())
                }
            };
        };
        self.write(&path, &KeptWish { version: VERSION, network })
    }

    /// Where the node of a network is kept.
    pub(super) fn path_of(&self, network: ExtendedPanId) -> PathBuf {
        self.0.join(format!("{network}.json"))
    }

    /// The node of a network; `None`: it is to begin anew, under another address. So it is too where its counters cannot be read: under the old address they could be
    /// used twice.
    pub(super) fn node(&self, network: ExtendedPanId) -> Option<Kept> {
        let path = self.path_of(network);
        match read::<KeptNode>(&path).and_then(|kept| same_version(kept, |kept| kept.version)) {
            Ok(kept) => kept.map(|kept| Kept {
                extended_address: kept.extended_address,
                key_sequence: kept.key_sequence,
                mac_counter_below: kept.mac_counter_below,
                mle_counter_below: kept.mle_counter_below,
            }),
            Err(reason) => {
                let aside = path.with_extension("json.broken");
                let kept_as = fs::rename(&path, &aside).is_ok().then_some(aside);
                tracing::error!(path = %path.display(), reason, ?kept_as, "the dongle's node begins anew under another address");
                None
            }
        }
    }

    /// Keeps the node of a network: on the disk when this comes back.
    pub(super) fn keep(&self, network: ExtendedPanId, kept: &Kept) -> io::Result<()> {
        let kept = KeptNode {
            version: VERSION,
            extended_address: kept.extended_address,
            key_sequence: kept.key_sequence,
            mac_counter_below: kept.mac_counter_below,
            mle_counter_below: kept.mle_counter_below,
        };
        self.write(&self.path_of(network), &kept)
    }

    fn write(&self, path: &Path, value: &impl Serialize) -> io::Result<()> {
        let bytes = serde_json::to_vec_pretty(value).map_err(io::Error::other)?;
        fs::create_dir_all(&self.0)?;
        whole_file::write(path, &bytes)
    }
}

fn read<T: DeserializeOwned>(path: &Path) -> Result<Option<T>, String> {
    let file = match File::open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(error.to_string()),
    };
    let mut bytes = Vec::new();
    file.take(MAX_FILE_BYTES).read_to_end(&mut bytes).map_err(|error| error.to_string())?;
    serde_json::from_slice(&bytes).map(Some).map_err(|error| error.to_string())
}

fn same_version<T>(kept: Option<T>, version: impl Fn(&T) -> u32) -> Result<Option<T>, String> {
    match kept {
        Some(kept) if version(&kept) != VERSION => Err(format!("it is of version {}, this program knows {VERSION}", version(&kept))),
        kept => Ok(kept),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::whole_file::tests::Folder as Temporary;

    const NETWORK: ExtendedPanId = ExtendedPanId([0xde, 0xad, 0x11, 0x11, 0xbe, 0xef, 0x22, 0x22]);

    fn kept() -> Kept {
        Kept {
            extended_address: ExtendedAddress([2, 3, 4, 5, 6, 7, 8, 9]),
            key_sequence: 7,
            mac_counter_below: 2_000,
            mle_counter_below: 1_000,
        }
    }

    #[test]
    fn wish_and_node_outlive_a_run_and_are_for_their_owner_alone() {
        let temporary = Temporary::new();
        let folder = Folder::of(&temporary.0);
        assert_eq!((folder.wish(), folder.node(NETWORK)), (None, None));
        folder.set_wish(None).unwrap();
        folder.set_wish(Some(NETWORK)).unwrap();
        folder.keep(NETWORK, &kept()).unwrap();
        let folder = Folder::of(&temporary.0);
        assert_eq!((folder.wish(), folder.node(NETWORK)), (Some(NETWORK), Some(kept())));
        assert_eq!(folder.node(ExtendedPanId([0; 8])), None, "each network has its own");
        #[cfg(unix)]
        for path in [folder.path_of(NETWORK), temporary.0.join("dongle").join(WISH)] {
            let mode = std::os::unix::fs::PermissionsExt::mode(&fs::metadata(path).unwrap().permissions());
            assert_eq!(mode & 0o777, 0o600);
        }
        folder.set_wish(None).unwrap();
        assert_eq!((folder.wish(), folder.node(NETWORK)), (None, Some(kept())), "the counters stay");
    }

    #[test]
    fn counters_that_cannot_be_read_are_not_begun_anew_under_the_same_address() {
        let temporary = Temporary::new();
        let folder = Folder::of(&temporary.0);
        folder.keep(NETWORK, &kept()).unwrap();
        let whole = fs::read_to_string(folder.path_of(NETWORK)).unwrap();
        for broken in [&whole[..40], "{}", &whole.replace("\"version\": 1", "\"version\": 2"), ""] {
            fs::write(folder.path_of(NETWORK), broken).unwrap();
            assert_eq!(folder.node(NETWORK), None);
            let aside = folder.path_of(NETWORK).with_extension("json.broken");
            assert_eq!(fs::read_to_string(aside).unwrap(), broken);
        }
        fs::write(temporary.0.join("dongle").join(WISH), "{\"version\": 1}").unwrap();
        assert_eq!(folder.wish(), None);
    }
}
