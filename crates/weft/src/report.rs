//! `weft report`: a bundle for a bug report.

use crate::output::{create_new, print, tell};
use crate::{client, kept, log, mesh, text};
use anyhow::{Context, Result, bail};
use clap::Args;
use std::collections::VecDeque;
use std::io::Write;
use std::path::PathBuf;
use std::sync::Arc;
use weft_evidence::Capture;
use weft_model::Timestamp;
use weft_server::HistoryError;
use weft_server::report::{DEFAULT_HOURS, Heard, LogLine, MAX_CAPTURES, MAX_HOURS, Pieces, Report, Versions, bundle};
use weft_sources::clock;
use weft_store::{Store, StoreError};

#[derive(Debug, Args)]
pub(crate) struct ReportArguments {
    /// Bundle to create: a tar.gz of text files, to look into before you share it; `-`: to standard output
    #[arg(long, value_name = "FILE.tar.gz")]
    out: PathBuf,
    /// How many hours of captures to put in
    #[arg(long, value_name = "N", default_value_t = DEFAULT_HOURS, value_parser = clap::value_parser!(u32).range(1..=i64::from(MAX_HOURS)))]
    hours: u32,
    /// Keep names and addresses. Without this, they are replaced by pseudonyms
    #[arg(long)]
    with_names: bool,
    /// Folder for captures [default: the platform's folder for data]
    #[arg(long, value_name = "DIR")]
    data: Option<PathBuf>,
}

/// Random bytes for the pseudonyms of one export.
///
/// # Errors
/// Where the operating system gives none.
pub(crate) fn random_salt() -> Result<[u8; 32]> {
    let mut salt = [0; 32];
    getrandom::fill(&mut salt)
        .map_err(|error| anyhow::anyhow!("{error}"))
        .context("the operating system gives no random bytes")?;
    Ok(salt)
}

/// Writes a bundle of the running service, or of what a service kept.
///
/// # Errors
/// Where nothing is kept, it cannot be read, or the file exists already.
pub(crate) fn report(arguments: &ReportArguments) -> Result<()> {
    let directory = crate::data_directory(arguments.data.as_deref())?;
    // Said before the work, not after it.
    let to_output = arguments.out.as_os_str() == "-";
    let mut file = (!to_output).then(|| create_new(&arguments.out)).transpose()?;
    let made = match mesh::owner_of(&directory) {
        Some(owner) => client::get(
            &owner,
            &directory,
            &format!("/api/v1/report?hours={}&names={}", arguments.hours, arguments.with_names),
        ),
        None => of_store(&directory, arguments),
    };
    let written = made.and_then(|bytes| {
        match &mut file {
            Some(file) => file
                .write_all(&bytes)
                .with_context(|| format!("cannot write {}", arguments.out.display()))?,
            None => print(|output| output.write_all(&bytes))?,
        }
        Ok(bytes.len())
    });
    if written.is_err() && !to_output {
        let _ = std::fs::remove_file(&arguments.out);
    }
    let size = text::bytes(written? as u64);
    let whose = if arguments.with_names {
        "NAMES AND ADDRESSES ARE IN IT: share it with people you trust only"
    } else {
        "names and addresses are replaced; its README.txt says what is in it"
    };
    tell(format!("{} written, {size}; {whose}. Nothing was sent anywhere", arguments.out.display()));
    Ok(())
}

fn of_store(directory: &std::path::Path, arguments: &ReportArguments) -> Result<Vec<u8>> {
    let Some(stored) = kept::stored_to_read(directory)? else {
        bail!(
            "no service is running, and {} holds no captures: start Weft, let it listen, then ask again",
            directory.display()
        );
    };
    let newest = stored.store.span()?.map(|(_, newest)| newest);
    let Some(newest) = newest else {
        bail!("no service is running, and nothing was heard yet that is kept in {}", directory.display());
    };
    let pieces = Pieces {
        created_at: clock::now(),
        heard: since(&stored.store, newest.minus_seconds(i64::from(arguments.hours) * 3600), MAX_CAPTURES)?,
        status: None,
        log: None,
        versions: versions(),
    };
    let salt = if arguments.with_names { None } else { Some(random_salt()?) };
    bundle(pieces, salt).context("the bundle cannot be written")
}

/// What is kept since a moment, and before it the newest capture of each reporter and kind; the newest `most` of them.
fn since(store: &Store, since: Timestamp, most: usize) -> Result<Heard, StoreError> {
    let mut left_out = 0;
    let mut kept = VecDeque::new();
    let mut keep = |capture: Capture| {
        kept.push_back(capture);
        if kept.len() > most {
            kept.pop_front();
            left_out += 1;
        }
    };
    // In order.
    let mut last = 0;
    for capture in store.newest_of_each_key(Some(since))? {
        let capture = capture?;
        last = capture.seq;
        keep(capture);
    }
    for capture in store.captures(last, None)? {
        keep(capture?);
    }
    Ok(Heard {
        captures: kept.into(),
        left_out,
    })
}

/// The running service's part of a bundle.
pub(crate) struct ServiceReport(pub(crate) Arc<Store>);

impl Report for ServiceReport {
    fn captures_since(&self, moment: Timestamp, most: usize) -> Result<Heard, HistoryError> {
        since(&self.0, moment, most).map_err(|error| HistoryError::Failed(error.to_string()))
    }

    fn log(&self) -> Vec<LogLine> {
        log::recent()
    }

    fn versions(&self) -> Versions {
        versions()
    }
}

/// The most of a system's file about itself that is read.
const MAX_ABOUT_BYTES: u64 = 4096;

fn read_some(path: &str) -> Option<String> {
    let mut text = String::new();
    let file = std::fs::File::open(path).ok()?;
    std::io::Read::read_to_string(&mut std::io::Read::take(file, MAX_ABOUT_BYTES), &mut text).ok()?;
    Some(text)
}

fn versions() -> Versions {
    // Neither of these has the machine's name in it.
    let release = read_some("/etc/os-release").and_then(|text| {
        let line = text.lines().find_map(|line| line.strip_prefix("PRETTY_NAME="))?;
        Some(line.trim_matches('"').to_owned())
    });
    let kernel = read_some("/proc/sys/kernel/osrelease").map(|text| text.trim().to_owned());
    Versions {
        weft: env!("CARGO_PKG_VERSION").to_owned(),
        operating_system: Some(release.unwrap_or_else(|| std::env::consts::OS.to_owned())),
        kernel,
        architecture: std::env::consts::ARCH.to_owned(),
        build_profile: if cfg!(debug_assertions) { "debug" } else { "release" }.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use weft_evidence::{CaptureBody, SourceReport, SourceState};
    use weft_store::Limits;

    #[test]
    fn a_bundle_begins_with_what_was_known_before() {
        let store = Store::in_memory(Limits::default()).unwrap();
        let at = |seconds: i64| Timestamp::MIN.plus_seconds(1_000_000 + seconds);
        for (seconds, source) in [(0, "old"), (10, "mdns"), (20, "mdns"), (5_000, "mdns")] {
            let report = SourceReport {
                state: SourceState::Working,
                reason: None,
                dropped: 0,
                detail: None,
            };
            store.append(Capture {
                seq: 0,
                at: at(seconds),
                source: source.into(),
                body: CaptureBody::Source(report),
            });
        }
        store.flush().unwrap();
        let found = |most| {
            let heard = since(&store, at(1_000), most).unwrap();
            let captures = heard.captures.iter();
            let captures: Vec<(i64, String)> = captures
                .map(|capture| (capture.at.seconds_since(at(0)), capture.source.to_string()))
                .collect();
            (captures, heard.left_out)
        };
        let all = [(0, "old".to_owned()), (20, "mdns".to_owned()), (5_000, "mdns".to_owned())];
        assert_eq!(found(3), (all.to_vec(), 0));
        assert_eq!(found(2), (all[1..].to_vec(), 1));
    }
}
