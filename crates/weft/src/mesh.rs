//! The mesh that `show`, `why` and `plan` are about: of a recording, of the running service, or of what a service kept.

use crate::kept::stored_to_read;
use crate::view::View;
use crate::{client, input, text};
use anyhow::{Context, Result, bail};
use std::path::{Path, PathBuf};
use std::time::Duration;
use weft_evidence::recording::Recording;
use weft_evidence::{Capture, Evidence};
use weft_model::Timestamp;
use weft_store::{DataDirectory, Owner};
use weft_topology::{CapturePlace, Policy, Topology, derive};

const OWNER_ATTEMPTS: u32 = 40;
const BETWEEN_ATTEMPTS: Duration = Duration::from_millis(50);

/// A topology, and where it comes from.
pub(crate) struct Mesh {
    pub(crate) view: View,
    /// A sentence for the foot of the page.
    pub(crate) origin: String,
}

/// What a command is to tell of.
pub(crate) enum Known {
    /// Captures of a recording, or those that are kept.
    Topology {
        topology: Box<Topology>,
        /// A sentence for the foot of the page.
        origin: String,
    },
    /// A running service: to be asked.
    Service { owner: Owner, directory: PathBuf },
}

/// What is known of `file`; without one, the running service that owns `data`, else the captures that are kept there.
///
/// # Errors
/// Where there is nothing to show, or it cannot be read.
pub(crate) fn known(file: Option<&Path>, data: Option<&Path>, at: Option<Timestamp>) -> Result<Known> {
    if let Some(file) = file {
        let recording = input::recording(file)?;
        let name = input::name_of(file);
        let (topology, evidence) = of_recording(recording, &name, at)?;
        return Ok(Known::Topology {
            topology: Box::new(topology),
            origin: format!("{} of {name}", captures(evidence.capture_count())),
        });
    }
    let directory = crate::data_directory(data)?;
    match owner_of(&directory) {
        Some(owner) => Ok(Known::Service { owner, directory }),
        None => of_store(&directory, at),
    }
}

/// The mesh of `file`; without one, of the running service that owns `data`, else of the captures that are kept there.
///
/// # Errors
/// Where there is nothing to show, or it cannot be read.
pub(crate) fn of(file: Option<&Path>, data: Option<&Path>, at: Option<Timestamp>) -> Result<Mesh> {
    match known(file, data, at)? {
        Known::Topology { topology, origin } => Ok(Mesh {
            view: view_of(&topology)?,
            origin,
        }),
        Known::Service { owner, directory } => {
            let moment = at.map(|at| format!("?at={at}")).unwrap_or_default();
            let answer = client::get(&owner, &directory, &format!("/api/v1/topology{moment}"))?;
            Ok(Mesh {
                view: View::from_json(&answer)?,
                origin: format!("the running service, {owner}"),
            })
        }
    }
}

/// The process that owns a data directory. One that is only just starting, or another command that reads the store, gets a moment to
/// say where it listens, or to be done.
pub(crate) fn owner_of(directory: &Path) -> Option<Owner> {
    let mut owner = DataDirectory::owner(directory)?;
    for _ in 0..OWNER_ATTEMPTS {
        if owner.address.is_some() {
            break;
        }
        std::thread::sleep(BETWEEN_ATTEMPTS);
        owner = DataDirectory::owner(directory)?;
    }
    Some(owner)
}

/// The topology of a recording at a moment (`None`: its last capture's), and its evidence.
///
/// # Errors
/// Where the recording holds no captures and its header no time, so that there is no moment.
pub(crate) fn of_recording(recording: Recording, name: &str, at: Option<Timestamp>) -> Result<(Topology, Evidence)> {
    let Recording { header, mut captures, .. } = recording;
    let last = captures.last().map(|capture| capture.at);
    let begun = header.and_then(|header| header.created_at);
    let as_of = at
        .or(last)
        .or(begun)
        .with_context(|| format!("{name} holds no captures, and no time that it is about"))?;
    captures.truncate(captures.partition_point(|capture| capture.at <= as_of));
    let evidence = Evidence::from_captures(&captures);
    let policy = Policy::standard().with_captures_in(CapturePlace::Recording(name.into()));
    Ok((derive(&evidence, as_of, &policy), evidence))
}

fn of_store(directory: &Path, at: Option<Timestamp>) -> Result<Known> {
    let Some(stored) = stored_to_read(directory)? else {
        bail!(
            "there is nothing to show yet: no service is running, and {} holds no captures. Start one with `weft`, or name a recording",
            directory.display()
        );
    };
    let store = &stored.store;
    let kept = store.captures_until(at)?.collect::<Result<Vec<Capture>, _>>()?;
    let Some(last) = kept.last().map(|capture| capture.at) else {
        match store.usage()?.oldest {
            Some(oldest) => bail!("nothing is kept of that moment; the oldest capture is of {oldest}"),
            None => bail!("no service is running, and nothing was heard yet that is kept in {}", directory.display()),
        }
    };
    let evidence = Evidence::from_captures(&kept);
    let policy = Policy::standard().with_captures_in(CapturePlace::Store("weft".into()));
    // Since the last capture nobody listened: that time makes nothing older.
    let topology = derive(&evidence, at.map_or(last, |at| at.min(last)), &policy);
    Ok(Known::Topology {
        topology: Box::new(topology),
        origin: format!("{} that are kept; no service is running", captures(evidence.capture_count())),
    })
}

fn captures(count: u64) -> String {
    text::count(usize::try_from(count).unwrap_or(usize::MAX), "capture", "captures")
}

/// The same object that a client gets.
fn view_of(topology: &Topology) -> Result<View> {
    View::from_json(&serde_json::to_vec(&topology.document(true))?)
}
