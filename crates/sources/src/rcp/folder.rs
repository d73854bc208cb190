//! What of a node outlives a run: `dongle/` in the data directory. No secrets: which network it is to take part in, and for each network the node's address with
//! the counters that it must never use again.
//!
//! A network may get another key, and the old one back: what is kept belongs to a key, each of which has an address and counters of its own. Keys are told apart by
//! their fingerprints ([`Membership::key_fingerprint`]).

use crate::whole_file;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use std::fs::{self, File};
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use weft_model::{ExtendedAddress, ExtendedPanId};
use weft_thread::node::{Kept, Membership};

const WISH: &str = "wish.json";
const VERSION: u32 = 1;
/// Of the files of nodes. The first version did not say whose key its counters belong to.
const NODES_VERSION: u32 = 2;
/// Keys of one network of which is kept what was used. One that is forgotten costs nothing but the address: under another, no counter was ever used.
const MAX_KEYS: usize = 16;
const MAX_FILE_BYTES: u64 = 1 << 16;

/// The folder.
#[derive(Debug, Clone)]
pub(super) struct Folder(PathBuf);

#[derive(Serialize, Deserialize)]
struct KeptWish {
    version: u32,
    network: ExtendedPanId,
}

/// Of one network.
#[derive(Serialize, Deserialize)]
struct KeptNodes {
    version: u32,
    /// The one that was used last comes first.
    nodes: Vec<KeptNode>,
}

#[derive(Serialize, Deserialize)]
struct KeptNode {
    key_fingerprint: String,
    extended_address: ExtendedAddress,
    key_sequence: u32,
    mac_counter_below: u32,
    mle_counter_below: u32,
}

impl Folder {
    /// That of a data directory.
    pub(super) fn of(directory: &Path) -> Self {
        Self(super::folder(directory))
    }

    /// The network that it is to take part in.
    pub(super) fn wish(&self) -> Option<ExtendedPanId> {
        let path = self.0.join(WISH);
        match read::<KeptWish>(&path).and_then(|kept| same_version(kept, |kept| kept.version, VERSION)) {
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

    /// The node of a network's present key; `None`: it is to begin anew, under another address. So it is too where its counters cannot be read: under the old address
    /// they could be used twice.
    pub(super) fn node(&self, membership: &Membership) -> Option<Kept> {
        let fingerprint = membership.key_fingerprint();
        let mut nodes = self.nodes(membership.extended_pan_id).into_iter();
        nodes.find(|node| node.key_fingerprint == fingerprint).map(|node| Kept {
            extended_address: node.extended_address,
            key_sequence: node.key_sequence,
            mac_counter_below: node.mac_counter_below,
            mle_counter_below: node.mle_counter_below,
        })
    }

    /// The address that the node of a network had last.
    pub(super) fn last_address(&self, network: ExtendedPanId) -> Option<ExtendedAddress> {
        Some(self.nodes(network).first()?.extended_address)
    }

    fn nodes(&self, network: ExtendedPanId) -> Vec<KeptNode> {
        let path = self.path_of(network);
        match read::<KeptNodes>(&path).and_then(|kept| same_version(kept, |kept| kept.version, NODES_VERSION)) {
            Ok(kept) => kept.map(|kept| kept.nodes).unwrap_or_default(),
            Err(reason) => {
                let aside = path.with_extension("json.broken");
                let kept_as = fs::rename(&path, &aside).is_ok().then_some(aside);
                tracing::error!(path = %path.display(), reason, ?kept_as, "the dongle's node begins anew under another address");
                Vec::new()
            }
        }
    }

    /// Keeps the node of a network's present key, and those of other keys beside it: on the disk when this comes back.
    pub(super) fn keep(&self, membership: &Membership, kept: &Kept) -> io::Result<()> {
        let network = membership.extended_pan_id;
        let node = KeptNode {
            key_fingerprint: membership.key_fingerprint(),
            extended_address: kept.extended_address,
            key_sequence: kept.key_sequence,
            mac_counter_below: kept.mac_counter_below,
            mle_counter_below: kept.mle_counter_below,
        };
        let others = self
            .nodes(network)
            .into_iter()
            .filter(|other| other.key_fingerprint != node.key_fingerprint);
        let others: Vec<KeptNode> = others.take(MAX_KEYS - 1).collect();
        let nodes = std::iter::once(node).chain(others).collect();
        self.write(
            &self.path_of(network),
            &KeptNodes {
                version: NODES_VERSION,
                nodes,
            },
        )
    }

    fn write(&self, path: &Path, value: &impl Serialize) -> io::Result<()> {
        let bytes = serde_json::to_vec_pretty(value).map_err(io::Error::other)?;
        fs::create_dir_all(&self.0)?;
        // Also one that an earlier version left open to others. A file system without modes has none to set.
        #[cfg(unix)]
        let _ = fs::set_permissions(&self.0, std::os::unix::fs::PermissionsExt::from_mode(0o700));
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

fn same_version<T>(kept: Option<T>, version: impl Fn(&T) -> u32, known: u32) -> Result<Option<T>, String> {
    match kept {
        Some(kept) if version(&kept) != known => Err(format!("it is of version {}, this program knows {known}", version(&kept))),
        kept => Ok(kept),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::whole_file::tests::Folder as Temporary;
    use weft_thread::credential::OperationalDataset;

    const NETWORK: ExtendedPanId = ExtendedPanId([0xde, 0xad, 0x11, 0x11, 0xbe, 0xef, 0x22, 0x22]);

    /// A member of [`NETWORK`] by the key with this number.
    fn member(key: u8) -> Membership {
        let mut tlvs = vec![0, 3, 0, 0, 20, 1, 2, 0x12, 0x34, 2, 8];
        tlvs.extend(NETWORK.0);
        tlvs.extend([7, 8, 0xfd, 1, 2, 3, 4, 5, 6, 7, 5, 16]);
        tlvs.extend([key; 16]);
        Membership::from_dataset(&OperationalDataset::from_tlvs(&tlvs).unwrap()).unwrap()
    }

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
        assert_eq!((folder.wish(), folder.node(&member(1))), (None, None));
        folder.set_wish(None).unwrap();
        folder.set_wish(Some(NETWORK)).unwrap();
        folder.keep(&member(1), &kept()).unwrap();
        let folder = Folder::of(&temporary.0);
        assert_eq!((folder.wish(), folder.node(&member(1))), (Some(NETWORK), Some(kept())));
        assert_eq!(folder.last_address(NETWORK), Some(kept().extended_address));
        assert_eq!(folder.last_address(ExtendedPanId([0; 8])), None, "each network has its own");
        #[cfg(unix)]
        for path in [folder.path_of(NETWORK), temporary.0.join("dongle").join(WISH)] {
            let mode = std::os::unix::fs::PermissionsExt::mode(&fs::metadata(path).unwrap().permissions());
            assert_eq!(mode & 0o777, 0o600);
        }
        #[cfg(unix)]
        {
            let mode = std::os::unix::fs::PermissionsExt::mode(&fs::metadata(temporary.0.join("dongle")).unwrap().permissions());
            assert_eq!(mode & 0o777, 0o700);
        }
        folder.set_wish(None).unwrap();
        assert_eq!((folder.wish(), folder.node(&member(1))), (None, Some(kept())), "the counters stay");
    }

    #[test]
    fn each_key_of_a_network_has_its_own_node_and_an_old_one_that_comes_back_goes_on() {
        let temporary = Temporary::new();
        let folder = Folder::of(&temporary.0);
        let other = Kept {
            extended_address: ExtendedAddress([0x0a; 8]),
            key_sequence: 0,
            ..kept()
        };
        folder.keep(&member(1), &kept()).unwrap();
        assert_eq!(folder.node(&member(2)), None, "nothing was ever sent with this key");
        folder.keep(&member(2), &other).unwrap();
        assert_eq!((folder.node(&member(1)), folder.node(&member(2))), (Some(kept()), Some(other)));
        assert_eq!(folder.last_address(NETWORK), Some(other.extended_address));
        let further = Kept {
            mac_counter_below: 3_000,
            ..kept()
        };
        folder.keep(&member(1), &further).unwrap();
        assert_eq!((folder.node(&member(1)), folder.node(&member(2))), (Some(further), Some(other)));
        // Neither key is in the file, nor anything that is like one.
        let text = fs::read_to_string(folder.path_of(NETWORK)).unwrap();
        assert!(!text.contains("01010101") && !text.contains("02020202"), "{text}");
        for key in 3..=2 + u8::try_from(MAX_KEYS).unwrap() {
            folder.keep(&member(key), &other).unwrap();
        }
        assert_eq!(
            (folder.node(&member(1)), folder.node(&member(18))),
            (None, Some(other)),
            "bounded: it begins anew"
        );
    }

    #[test]
    fn counters_that_cannot_be_read_are_not_begun_anew_under_the_same_address() {
        let temporary = Temporary::new();
        let folder = Folder::of(&temporary.0);
        folder.keep(&member(1), &kept()).unwrap();
        let whole = fs::read_to_string(folder.path_of(NETWORK)).unwrap();
        for broken in [&whole[..40], "{}", &whole.replace("\"version\": 2", "\"version\": 1"), ""] {
            fs::write(folder.path_of(NETWORK), broken).unwrap();
            assert_eq!(folder.node(&member(1)), None);
            let aside = folder.path_of(NETWORK).with_extension("json.broken");
            assert_eq!(fs::read_to_string(aside).unwrap(), broken);
        }
        fs::write(temporary.0.join("dongle").join(WISH), "{\"version\": 1}").unwrap();
        assert_eq!(folder.wish(), None);
    }
}
