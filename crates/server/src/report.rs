//! A bundle for a bug report: what was heard lately, what was concluded of it, versions and log, packed so that a person can look into it before sending it.
//!
//! Secrets are blanked always. Names and addresses are replaced by pseudonyms unless somebody says otherwise; the topology in it is concluded from the recording in
//! it, so both use the same ones.

use crate::download::{download, moment_in_name};
use crate::history::HistoryError;
use crate::problem::Problem;
use crate::query::Parameters;
use crate::server::Server;
use crate::status::Status;
use axum::extract::{Request, State};
use axum::http::StatusCode;
use axum::response::Response;
use flate2::Compression;
use flate2::write::GzEncoder;
use serde::Serialize;
use std::fmt::Write as _;
use std::io::{self, Write};
use std::sync::Arc;
use weft_evidence::recording::{Header, RecordingWriter};
use weft_evidence::{ANONYMISED_NOTE, Anonymiser, Capture, Evidence, Words};
use weft_model::Timestamp;
use weft_topology::{CapturePlace, Policy, derive};

/// Hours of captures in a bundle that nobody gave a number for.
pub const DEFAULT_HOURS: u32 = 24;
/// The most hours: ninety days, as the store keeps.
pub const MAX_HOURS: u32 = 90 * 24;
/// The most captures in a bundle; older ones are left out, and the bundle says so.
pub const MAX_CAPTURES: usize = 100_000;
/// Name of the recording in a bundle.
const RECORDING: &str = "recording.jsonl";
/// What stands for a text that is left out.
const LEFT_OUT: &str = "…";
/// Fields of log lines whose texts are looked through and kept without names; the others are left out there.
const KNOWN_FIELDS: [&str; 18] = [
    "address",
    "captures",
    "code",
    "error",
    "failure",
    "kind",
    "left_clean",
    "lost",
    "node",
    "problem",
    "promised",
    "reason",
    "refusal",
    "retry_in_seconds",
    "source",
    "step",
    "verdict",
    "wants",
];

/// Where a bundle's contents come from.
pub trait Report: Send + Sync + 'static {
    /// What was heard since a moment, and before it the newest capture of each reporter and kind; the newest `most` of them.
    ///
    /// # Errors
    /// When reading fails.
    fn captures_since(&self, since: Timestamp, most: usize) -> Result<Heard, HistoryError>;

    /// The last lines of the log, oldest first.
    fn log(&self) -> Vec<LogLine>;

    /// What runs here: program, system, hardware. Nothing that names the machine or its user.
    fn versions(&self) -> Versions;
}

/// What runs here.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Versions {
    /// Version of Weft.
    pub weft: String,
    /// Name and version of the operating system, as far as known.
    pub operating_system: Option<String>,
    /// Version of its kernel.
    pub kernel: Option<String>,
    /// Processor architecture.
    pub architecture: String,
    /// `release` or `debug`.
    pub build_profile: String,
}

/// Captures for a bundle.
#[derive(Debug, Clone, Default)]
pub struct Heard {
    /// In order.
    pub captures: Vec<Capture>,
    /// How many older ones are left out, because there are too many.
    pub left_out: usize,
}

/// One line of the log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogLine {
    /// When.
    pub at: Timestamp,
    /// `ERROR`, `WARN`, ….
    pub level: String,
    /// The module that says so.
    pub target: String,
    /// The sentence. Weft's own sentences hold no values.
    pub message: String,
    /// Values by name.
    pub fields: Vec<(String, String)>,
}

/// What goes into a bundle.
#[derive(Debug, Clone)]
pub struct Pieces {
    /// When the bundle is made.
    pub created_at: Timestamp,
    /// What was heard.
    pub heard: Heard,
    /// The state of the sources; `None` where no service runs.
    pub status: Option<Status>,
    /// Log lines; `None` where no service runs.
    pub log: Option<Vec<LogLine>>,
    /// What runs here.
    pub versions: Versions,
}

/// A name for the file: `weft-report-20261120T120000Z.tar.gz`.
pub fn file_name(created_at: Timestamp) -> String {
    format!("weft-report-{}.tar.gz", moment_in_name(created_at))
}

/// Packs a bundle as tar.gz. With a salt, names and addresses are replaced; draw it at random for each bundle, and throw it away.
///
/// # Errors
/// What writing to memory gives: a capture or an answer that has no JSON.
pub fn bundle(pieces: Pieces, salt: Option<[u8; 32]>) -> io::Result<Vec<u8>> {
    let Pieces {
        created_at,
        heard: Heard { mut captures, mut left_out },
        status,
        log,
        versions,
    } = pieces;
    let surplus = captures.len().saturating_sub(MAX_CAPTURES);
    captures.drain(..surplus);
    left_out += surplus;
    let mut anonymiser = salt.map(Anonymiser::new);
    if let Some(anonymiser) = &mut anonymiser {
        captures.iter().for_each(|capture| anonymiser.learn(capture));
        captures.iter_mut().for_each(|capture| anonymiser.anonymise(capture));
    }
    let as_of = captures.last().map_or(created_at, |last| last.at);
    let policy = Policy::standard().with_captures_in(CapturePlace::Recording(RECORDING.into()));
    let topology = derive(&Evidence::from_captures(&captures), as_of, &policy);
    let mut topology_json = Vec::new();
    topology.write_json(&mut topology_json, true)?;
    let status = status_json(status.as_ref(), anonymiser.as_mut())?;
    let log = log_text(log.as_deref(), anonymiser.as_mut());

    let is_anonymous = anonymiser.is_some();
    let mut files = Files::new(created_at);
    files.add("README.txt", read_me(created_at, &captures, left_out, &versions, is_anonymous).as_bytes())?;
    files.add("versions.json", &serde_json::to_vec_pretty(&versions)?)?;
    files.add("status.json", &status)?;
    files.add("topology.json", &topology_json)?;
    files.add("log.txt", log.as_bytes())?;
    files.add("recording.jsonl.gz", &recording(captures, is_anonymous)?)?;
    files.finish()
}

/// The recording; its writer blanks secrets.
fn recording(captures: Vec<Capture>, is_anonymous: bool) -> io::Result<Vec<u8>> {
    let note = is_anonymous.then(|| ANONYMISED_NOTE.to_owned());
    let begun = captures.first().map(|first| first.at);
    let mut writer = RecordingWriter::new(GzEncoder::new(Vec::new(), Compression::default()), &Header::new(begun, note))?;
    for capture in captures {
        match writer.write(capture) {
            // No reader would take it; the others are not worse for it.
            Err(error) if error.kind() == io::ErrorKind::InvalidInput => tracing::warn!(%error, "a capture is left out of the bundle"),
            written => drop(written?),
        }
    }
    writer.flush()?;
    writer.into_inner().finish()
}

fn status_json(status: Option<&Status>, anonymiser: Option<&mut Anonymiser>) -> io::Result<Vec<u8>> {
    let Some(status) = status else { return Ok(b"null\n".to_vec()) };
    let mut status = status.clone();
    if let Some(anonymiser) = anonymiser {
        let words = &mut anonymiser.replacing();
        for source in &mut status.sources {
            words.text(&mut source.name);
            [&mut source.reason, &mut source.advice]
                .into_iter()
                .flatten()
                .for_each(|text| clean(words, text));
        }
        status.notice.iter_mut().for_each(|notice| clean(words, notice));
        if let Some(store) = &mut status.store {
            // Folders have their users' names in them.
            LEFT_OUT.clone_into(&mut store.place);
            store.problem.iter_mut().for_each(|problem| clean(words, problem));
        }
    }
    Ok(serde_json::to_vec_pretty(&status)?)
}

/// A sentence without identities, and without file paths.
fn clean(words: &mut Words<'_>, text: &mut String) {
    words.text(text);
    let is_path = |word: &str| word.contains(['/', '\\']);
    if text.split(' ').any(is_path) {
        *text = text
            .split(' ')
            .map(|word| if is_path(word) { LEFT_OUT } else { word })
            .collect::<Vec<_>>()
            .join(" ");
    }
}

fn log_text(log: Option<&[LogLine]>, anonymiser: Option<&mut Anonymiser>) -> String {
    let Some(lines) = log else {
        return "No service was running, so there is no log.\n".to_owned();
    };
    let mut words = anonymiser.map(Anonymiser::replacing);
    let mut text = String::new();
    for line in lines {
        let mut line = line.clone();
        if let Some(words) = &mut words {
            if !line.target.starts_with("weft") {
                // What others say may hold anything.
                LEFT_OUT.clone_into(&mut line.message);
                line.fields.clear();
            }
            clean(words, &mut line.message);
            for (name, value) in &mut line.fields {
                match KNOWN_FIELDS.contains(&name.as_str()) {
                    true => clean(words, value),
                    false => LEFT_OUT.clone_into(value),
                }
            }
        }
        // Writing to a string cannot fail.
        let _ = write!(text, "{} {:5} {}: {}", line.at, line.level, line.target, one_line(&line.message));
        for (name, value) in &line.fields {
            let _ = write!(text, " {name}={}", one_line(value));
        }
        text.push('\n');
    }
    text
}

fn one_line(text: &str) -> String {
    text.replace(char::is_control, " ")
}

fn read_me(created_at: Timestamp, captures: &[Capture], left_out: usize, versions: &Versions, is_anonymous: bool) -> String {
    let span = match (captures.first(), captures.last()) {
        (Some(first), Some(last)) => format!("{} captures, from {} to {}", captures.len(), first.at, last.at),
        _ => "no captures".to_owned(),
    };
    let older = if left_out > 0 {
        format!("; {left_out} older ones are left out, as a bundle has at most {MAX_CAPTURES}")
    } else {
        String::new()
    };
    let removed = if is_anonymous {
        "Removed or replaced: network keys, PSKc and passcodes (blanked); names, rooms, notes, host names, network names; extended addresses, EUI-64s, extended PAN ids,\n\
         Matter fabrics and node ids, HomeKit ids, IP addresses and prefixes (pseudonyms, the same ones in all files of this bundle, other ones in the next);\n\
         file paths; values in log lines that are not known to be harmless.\n\
         Kept: RLOC16s, PAN ids, channels, partition ids, link qualities, times, vendors and models, the shape of the mesh.\n"
    } else {
        "Removed: network keys, PSKc and passcodes (blanked). NAMES, ROOMS AND ADDRESSES ARE IN IT (--with-names): share it with people you trust only.\n"
    };
    format!(
        "A bundle for a bug report about Weft, made at {}.\n\n\
         recording.jsonl.gz  what Weft heard: {span}{older}. `weft derive`, `weft show` and `weft replay` read it\n\
         topology.json       what Weft {} concludes from that recording\n\
         status.json         what the sources and the store were doing\n\
         versions.json       Weft, operating system, architecture\n\
         log.txt             the last lines of the log\n\n\
         {removed}\n\
         All files are text (the recording after `gunzip`): look through them before you share them. Nothing was sent anywhere.\n",
        created_at, versions.weft
    )
}

/// A tar.gz that is being written.
struct Files {
    tar: tar::Builder<GzEncoder<Vec<u8>>>,
    seconds: u64,
}

impl Files {
    fn new(at: Timestamp) -> Self {
        Self {
            tar: tar::Builder::new(GzEncoder::new(Vec::new(), Compression::default())),
            seconds: u64::try_from(at.unix_milliseconds() / 1000).unwrap_or_default(),
        }
    }

    /// One file, as nobody's: the archive has no names of users.
    fn add(&mut self, name: &str, bytes: &[u8]) -> io::Result<()> {
        let mut header = tar::Header::new_ustar();
        header.set_size(bytes.len() as u64);
        header.set_mode(0o600);
        header.set_uid(0);
        header.set_gid(0);
        header.set_mtime(self.seconds);
        self.tar.append_data(&mut header, format!("weft-report/{name}"), bytes)
    }

    fn finish(self) -> io::Result<Vec<u8>> {
        let mut gzip = self.tar.into_inner()?;
        gzip.flush()?;
        gzip.finish()
    }
}

impl Server {
    /// With bug-report bundles. The first one that is given stays.
    #[must_use]
    pub fn with_report(self, report: Arc<dyn Report>) -> Self {
        self.report.get_or_init(|| report);
        self
    }
}

/// A bundle for a bug report. A person's browser needs no token on this machine; programs do.
#[utoipa::path(
    get, path = "/api/v1/report", tag = "sources",
    params(
        ("hours" = Option<u32>, Query, description = "how many hours of captures, 1 to 2160; left out: 24"),
        ("names" = Option<bool>, Query, description = "`true`: with names and addresses; left out: with pseudonyms"),
    ),
    responses(
        (status = 200, description = "tar.gz: README.txt, recording.jsonl.gz, topology.json, status.json, versions.json, log.txt", body = String, content_type = "application/gzip"),
        (status = 400, description = "A parameter is wrong", body = Problem, content_type = "application/problem+json"),
        (status = 401, description = "Neither the token nor this machine's own page", body = Problem, content_type = "application/problem+json"),
        (status = 501, description = "This service makes no bundles", body = Problem, content_type = "application/problem+json"),
    ),
)]
pub(crate) async fn answer(State(server): State<Server>, request: Request) -> Result<Response, Problem> {
    server.check_person(&request)?;
    let parameters = Parameters::read(request.uri(), &["hours", "names"])?;
    let hours = match parameters.get("hours").map(str::parse::<u32>) {
        None => DEFAULT_HOURS,
        Some(Ok(hours @ 1..=MAX_HOURS)) => hours,
        Some(_) => return Err(Problem::parameter("hours", format!("hours is a number from 1 to {MAX_HOURS}."))),
    };
    let salt = if parameters.flag("names")? { None } else { Some(random_salt()?) };
    let Some(report) = server.report.get().cloned() else {
        return Err(Problem::new(
            StatusCode::NOT_IMPLEMENTED,
            "no-report",
            "This service makes no bundles",
            "Use `weft report` beside it.",
        ));
    };
    let Ok(permit) = server.reports.clone().try_acquire_owned() else {
        return Err(Problem::busy("report", "A bundle is being made already: wait until it is done."));
    };
    let created_at = (server.now)();
    let published = server.publisher.current();
    let made = server.apart(move || {
        // Goes along: a bundle that nobody waits for any more still takes its memory.
        let _permit = permit;
        // The demo and a replay have times of their own.
        let now = published.topology.as_of.max(created_at);
        let pieces = Pieces {
            created_at,
            heard: report.captures_since(now.minus_seconds(i64::from(hours) * 3600), MAX_CAPTURES)?,
            status: Some((*published.status).clone()),
            log: Some(report.log()),
            versions: report.versions(),
        };
        bundle(pieces, salt).map_err(|error| HistoryError::Failed(format!("the bundle cannot be written: {error}")))
    });
    Ok(download(made.await??, "application/gzip", &file_name(created_at)))
}

/// Random bytes for pseudonyms.
pub(crate) fn random_salt() -> Result<[u8; 32], Problem> {
    let mut salt = [0; 32];
    getrandom::fill(&mut salt).map_err(|error| Problem::broken(format!("The operating system gives no random bytes: {error}")))?;
    Ok(salt)
}

#[cfg(test)]
mod tests;
