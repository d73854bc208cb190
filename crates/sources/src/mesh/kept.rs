//! What the hub keeps that is no secret: `networks.json` in the data directory, written whole or not at all.

use crate::whole_file;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use weft_model::{Ability, AbilityKind, Timestamp};

const FILE: &str = "networks.json";
const VERSION: u32 = 1;
const MAX_FILE_BYTES: u64 = 1 << 20;
/// Ways of which something is remembered; those not heard of for longest give way.
const MAX_PATHS: usize = 256;
/// APIs that a person named.
pub(super) const MAX_BY_HAND: usize = 32;

/// What is kept.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Kept {
    version: u32,
    /// Nobody is asked.
    #[serde(default)]
    pub(super) paused: bool,
    /// What this installation calls itself as a commissioner. The same after a restart, so that a role which a killed run held is taken back.
    pub(super) commissioner_id: String,
    /// Base URLs of APIs that a person named.
    #[serde(default)]
    pub(super) by_hand: Vec<String>,
    /// What was seen of ways, by id.
    #[serde(default)]
    pub(super) paths: BTreeMap<String, KeptPath>,
}

/// What was seen of a way.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct KeptPath {
    #[serde(default)]
    pub(super) abilities: Vec<KeptAbility>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) last_success_at: Option<Timestamp>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) seen_at: Option<Timestamp>,
}

/// An ability as it is kept.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct KeptAbility {
    kind: AbilityKind,
    works: bool,
    seen_at: Timestamp,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    detail: Option<String>,
}

impl From<&Ability> for KeptAbility {
    fn from(ability: &Ability) -> Self {
        Self {
            kind: ability.kind,
            works: ability.works,
            seen_at: ability.seen_at,
            detail: ability.detail.clone(),
        }
    }
}

impl From<&KeptAbility> for Ability {
    fn from(kept: &KeptAbility) -> Self {
        Self {
            kind: kept.kind,
            works: kept.works,
            seen_at: kept.seen_at,
            detail: kept.detail.clone(),
        }
    }
}

impl Kept {
    /// Reads it. A file that cannot be used is set aside, and everything begins anew.
    pub(super) fn open(directory: &Path) -> Self {
        let path = directory.join(FILE);
        match read(&path) {
            Ok(Some(kept)) => return kept,
            Ok(None) => {}
            Err(reason) => {
                let aside = directory.join(format!("{FILE}.broken"));
                let kept_as = fs::rename(&path, &aside).is_ok().then_some(aside);
                tracing::error!(path = %path.display(), reason, ?kept_as, "what was seen of ways to networks is lost, pauses and named addresses too");
            }
        }
        Self {
            version: VERSION,
            paused: false,
            commissioner_id: new_commissioner_id(),
            by_hand: Vec::new(),
            paths: BTreeMap::new(),
        }
    }

    /// Writes it anew.
    pub(super) fn write(&mut self, directory: &Path) -> io::Result<()> {
        while self.paths.len() > MAX_PATHS {
            let oldest = self.paths.iter().min_by_key(|(_, path)| path.seen_at).map(|(id, _)| id.clone());
            let Some(oldest) = oldest else { break };
            self.paths.remove(&oldest);
        }
        let bytes = serde_json::to_vec_pretty(self).map_err(io::Error::other)?;
        fs::create_dir_all(directory)?;
        whole_file::write(&directory.join(FILE), &bytes)
    }
}

fn read(path: &PathBuf) -> Result<Option<Kept>, String> {
    let file = match File::open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(error.to_string()),
    };
    let mut bytes = Vec::new();
    file.take(MAX_FILE_BYTES).read_to_end(&mut bytes).map_err(|error| error.to_string())?;
    let kept: Kept = serde_json::from_slice(&bytes).map_err(|error| error.to_string())?;
    if kept.version != VERSION {
        return Err(format!("it is of version {}, this program knows {VERSION}", kept.version));
    }
    if kept.commissioner_id.is_empty() || kept.commissioner_id.len() > MAX_COMMISSIONER_ID_BYTES {
        return Err("its commissioner id is none".to_owned());
    }
    Ok(Some(kept))
}

/// OpenThread `include/openthread/commissioner.h`, `OT_COMMISSIONING_...`: a commissioner id TLV holds 64 bytes.
const MAX_COMMISSIONER_ID_BYTES: usize = 64;

fn new_commissioner_id() -> String {
    let mut random = [0; 8];
    // Without randomness it is still a name; another installation with the same one would take the role over.
    let _ = getrandom::fill(&mut random);
    format!("Weft {:016x}", u64::from_be_bytes(random))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::whole_file::tests::Folder;

    #[test]
    fn the_commissioners_name_and_decisions_stay_after_a_restart() {
        let folder = Folder::new();
        let mut kept = Kept::open(&folder.0);
        assert!(
            kept.commissioner_id.starts_with("Weft ") && kept.commissioner_id.len() == 21,
            "{}",
            kept.commissioner_id
        );
        assert_ne!(
            kept.commissioner_id,
            Kept::open(&folder.0).commissioner_id,
            "each installation has its own"
        );
        kept.paused = true;
        kept.by_hand.push("http://192.0.2.1:8081".to_owned());
        kept.paths.insert("agent-1".to_owned(), KeptPath::default());
        kept.write(&folder.0).unwrap();
        assert_eq!(Kept::open(&folder.0), kept);
    }

    #[test]
    fn a_broken_file_is_set_aside() {
        let folder = Folder::new();
        for broken in [
            "{",
            r#"{"version":9,"commissioner_id":"Weft 1"}"#,
            r#"{"version":1,"commissioner_id":""}"#,
        ] {
            fs::write(folder.0.join(FILE), broken).unwrap();
            assert!(!Kept::open(&folder.0).paused);
            assert_eq!(fs::read_to_string(folder.0.join("networks.json.broken")).unwrap(), broken);
        }
    }

    #[test]
    fn what_is_remembered_of_ways_is_bounded() {
        let folder = Folder::new();
        let mut kept = Kept::open(&folder.0);
        for number in 0..i64::try_from(MAX_PATHS).unwrap() + 5 {
            let path = KeptPath {
                seen_at: Some(Timestamp::from_unix_milliseconds(number)),
                ..KeptPath::default()
            };
            kept.paths.insert(format!("agent-{number}"), path);
        }
        kept.write(&folder.0).unwrap();
        assert_eq!(Kept::open(&folder.0).paths.len(), MAX_PATHS);
        assert!(!kept.paths.contains_key("agent-0"), "the oldest gives way");
    }
}
