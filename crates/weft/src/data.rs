//! `weft data`: where captures are kept, how many, and how to get rid of them. The Matter fabric, credentials of networks and the counters of the dongle's node are no
//! captures: they go only when they are named.

use crate::arguments::DataArguments;
use crate::output::{print, tell, write_recording};
use crate::{WrongUsage, anonymise, ask, client, dongle, fabric, kept, mesh, network, text};
use anyhow::{Context, Result, bail};
use serde::Deserialize;
use std::path::Path;
use weft_evidence::recording::Header;
use weft_evidence::{ANONYMISED_NOTE, CaptureBody};
use weft_model::Timestamp;
use weft_store::{Owner, Usage};

/// Shows or deletes what is kept.
///
/// # Errors
/// Where it cannot be read, is in use by a service that is asked to be deleted, or the person does not agree.
pub(crate) fn data(arguments: &DataArguments) -> Result<()> {
    let directory = crate::data_directory(arguments.data.as_deref())?;
    if let Some(out) = &arguments.export {
        return export(&directory, out, arguments);
    }
    match (arguments.delete, mesh::owner_of(&directory)) {
        (true, Some(owner)) => bail!("{} is in use by {owner}: end it first", directory.display()),
        (true, None) => delete(&directory, arguments),
        (false, Some(owner)) => show_owned(&directory, &owner),
        (false, None) => show(&directory),
    }
}

/// Writes what is kept as a recording, with what people said or without it.
fn export(directory: &Path, out: &Path, arguments: &DataArguments) -> Result<()> {
    if let Some(owner) = mesh::owner_of(directory) {
        bail!("{} is in use by {owner}: end it first", directory.display());
    }
    let Some(stored) = kept::stored_to_read(directory)? else {
        bail!("{} holds no captures", directory.display());
    };
    let mut captures = Vec::new();
    for capture in stored.store.captures(0, None)? {
        let capture = capture?;
        if !(arguments.without_annotations && matches!(capture.body, CaptureBody::Annotation(_))) {
            captures.push(capture);
        }
    }
    let Some(first) = captures.first() else {
        bail!("{} holds no captures to export", directory.display());
    };
    let created_at = Some(first.at);
    if arguments.anonymous {
        anonymise::rename(&mut captures)?;
    }
    let note = arguments.anonymous.then(|| ANONYMISED_NOTE.to_owned());
    let count = captures.len();
    write_recording(out, &Header::new(created_at, note), captures)?;
    tell(format!("{} written", text::count(count, "capture", "captures")));
    Ok(())
}

fn show(directory: &Path) -> Result<()> {
    let Some(stored) = kept::stored_to_read(directory)? else {
        let mut facts = vec![("folder", directory.display().to_string()), ("captures", "none yet".to_owned())];
        facts.extend(beside(directory));
        return print_facts(&facts);
    };
    let Usage {
        bytes,
        captures,
        oldest,
        newest,
        set_aside,
        ..
    } = stored.store.usage()?;
    let mut facts = facts(directory, bytes, captures, oldest);
    facts.push(("newest", newest.map_or_else(|| text::UNKNOWN.to_owned(), text::moment)));
    facts.extend(
        set_aside
            .iter()
            .map(|path| ("set aside", format!("{} (broken; --delete removes it)", path.display()))),
    );
    facts.extend(beside(directory));
    print_facts(&facts)
}

/// What lies beside the captures, and goes only when it is named.
fn beside(directory: &Path) -> Vec<(&'static str, String)> {
    let fabric = fabric::folder(directory);
    let networks = network::folder(directory);
    let dongle = dongle::folder(directory);
    let named = [
        ("fabric", fabric, "Weft's Matter fabric; --delete leaves it alone without --fabric"),
        (
            "networks",
            networks,
            "what opens networks, and tokens, sealed; --delete leaves them alone without --credentials",
        ),
        (
            "dongle",
            dongle,
            "address and frame counters of the dongle's node, which it must never use twice; --delete leaves them alone without --dongle",
        ),
    ];
    let there = named.into_iter().filter(|(_, folder, _)| folder.is_dir());
    there
        .map(|(name, folder, what)| (name, format!("{} ({what})", folder.display())))
        .collect()
}

/// Of the sources' answer, what is said of the store.
#[derive(Deserialize)]
struct SourcesAnswer {
    status: Status,
}

#[derive(Deserialize)]
struct Status {
    store: Option<Kept>,
    #[serde(default)]
    sources: Vec<Heard>,
}

#[derive(Deserialize)]
struct Kept {
    size_bytes: u64,
    captures: u64,
    oldest_at: Option<Timestamp>,
    problem: Option<String>,
}

#[derive(Deserialize)]
struct Heard {
    last_capture_at: Option<Timestamp>,
}

fn show_owned(directory: &Path, owner: &Owner) -> Result<()> {
    let answer = client::get(owner, directory, "/api/v1/sources")?;
    let SourcesAnswer { status } = serde_json::from_slice(&answer).context("the running service's answer cannot be read")?;
    let mut facts = match status.store {
        Some(kept) => {
            let mut facts = facts(directory, kept.size_bytes, kept.captures, kept.oldest_at);
            facts.extend(kept.problem.map(|problem| ("problem", problem)));
            facts
        }
        None => vec![("folder", directory.display().to_string()), ("captures", "in memory only".to_owned())],
    };
    if let Some(newest) = status.sources.iter().filter_map(|source| source.last_capture_at).max() {
        facts.push(("newest", text::moment(newest)));
    }
    facts.extend(beside(directory));
    facts.push(("in use by", owner.to_string()));
    print_facts(&facts)
}

fn facts(directory: &Path, bytes: u64, captures: u64, oldest: Option<Timestamp>) -> Vec<(&'static str, String)> {
    vec![
        ("folder", directory.display().to_string()),
        ("size", text::bytes(bytes)),
        ("captures", captures.to_string()),
        ("oldest", oldest.map_or_else(|| text::UNKNOWN.to_owned(), text::moment)),
    ]
}

fn print_facts(facts: &[(&str, String)]) -> Result<()> {
    print(|output| {
        facts
            .iter()
            .try_for_each(|(name, value)| writeln!(output, "{name:10} {}", text::clean(value)))
    })
}

fn delete(directory: &Path, arguments: &DataArguments) -> Result<()> {
    let captures = kept::stored(directory)?;
    let fabric = fabric::folder(directory);
    let has_fabric = fabric.is_dir();
    let mut what = Vec::new();
    if let Some(stored) = &captures {
        let usage = stored.store.usage()?;
        what.push(format!(
            "{} captures ({}) in {}",
            usage.captures,
            text::bytes(usage.bytes),
            directory.display()
        ));
    }
    if has_fabric && arguments.fabric {
        what.push(format!(
            "the Matter fabric in {} (devices that are still paired keep an entry that nobody uses; `weft unpair --all` frees it)",
            fabric.display()
        ));
    }
    let has_credentials = network::folder(directory).is_dir();
    if has_credentials && arguments.credentials {
        what.push(format!(
            "what opens networks and tokens of servers in {}",
            network::folder(directory).display()
        ));
    }
    let dongle = dongle::folder(directory);
    let has_dongle = dongle.is_dir();
    if has_dongle && arguments.dongle {
        what.push(format!(
            "address and frame counters of the dongle's node in {} (it takes part in no mesh until you have it join again)",
            dongle.display()
        ));
    }
    if what.is_empty() {
        let stay = [
            (has_fabric, "the Matter fabric"),
            (has_credentials, "what opens networks"),
            (has_dongle, "the counters of the dongle's node"),
        ];
        let stay: Vec<&str> = stay.into_iter().filter_map(|(is_there, what)| is_there.then_some(what)).collect();
        let but = if stay.is_empty() { "" } else { " but " };
        tell(format!("{} holds nothing{but}{}", directory.display(), stay.join(" and ")));
    } else {
        let what = what.join(", and ");
        if !arguments.yes && !agrees(&what)? {
            bail!("nothing was deleted");
        }
        if let Some(stored) = &captures {
            stored.store.delete_all()?;
        }
        if has_fabric && arguments.fabric {
            std::fs::remove_dir_all(&fabric).with_context(|| format!("cannot delete {}", fabric.display()))?;
        }
        if has_credentials && arguments.credentials {
            network::delete_credentials(directory)?;
        }
        if has_dongle && arguments.dongle {
            std::fs::remove_dir_all(&dongle).with_context(|| format!("cannot delete {}", dongle.display()))?;
        }
        tell(format!("deleted {what}"));
    }
    if has_fabric && !arguments.fabric {
        tell(
            "the Matter fabric stays, so that paired devices need not be paired anew. To be rid of it, leave the devices with `weft unpair --all`, \
             then delete it with `weft data --delete --fabric`",
        );
    }
    if has_credentials && !arguments.credentials {
        tell("what opens networks, and tokens of servers, stay: `weft data --delete --credentials` deletes them, `weft network forget` one of them");
    }
    if has_dongle && !arguments.dongle {
        tell(
            "the address and frame counters of the dongle's node stay, so that none is used twice with its network's key: `weft data --delete --dongle` deletes them, and it \
             begins anew as another device",
        );
    }
    Ok(())
}

/// Asks the person.
fn agrees(what: &str) -> Result<bool> {
    match ask::yes(&format!("Delete {what}? This cannot be undone."))? {
        Some(agreed) => Ok(agreed),
        None => Err(WrongUsage(format!("{what} would be deleted; nobody can be asked here, so say it with --yes")).into()),
    }
}
