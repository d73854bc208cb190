//! `pcap`: captured frames, through the listener that a dongle's frames go through. Streams: a file of any length takes the same memory.

use crate::arguments::ImportArguments;
use crate::input;
use crate::output::{MAX_REMARKS, tell, tell_some, write_recording};
use crate::text::count;
use crate::{WrongUsage, import::names, network_key};
use anyhow::{Result, bail};
use std::collections::VecDeque;
use std::io::BufRead;
use std::path::Path;
use weft_evidence::Capture;
use weft_evidence::recording::Header;
use weft_model::Timestamp;
use weft_thread::listen::{Counts, Listener, Network, Unusable, heard_frame};
use weft_wire::pcap::Reader;

/// What the captures name as their source.
const SOURCE: &str = "air";
/// Networks without a key that are named.
const MAX_NAMED_NETWORKS: usize = 8;

/// Makes a recording of capture files.
///
/// # Errors
/// Where a key makes no sense, a file cannot be opened, no frame can be used, or the recording cannot be written.
pub(super) fn import(arguments: &ImportArguments) -> Result<()> {
    let mut listener = Listener::default();
    if let Some(network) = network(arguments)? {
        listener = listener.with_network(network);
    }
    let mut files = Vec::new();
    for path in &arguments.files {
        files.push((input::name_of(path), input::open_endless(path)?));
    }
    let mut frames = Frames::new(files, arguments.at, listener);
    let Some(first) = frames.next() else {
        frames.tell();
        bail!("nothing of {} can be used; no recording was written", names(&arguments.files));
    };
    let header = Header::new(Some(first.at), Some(format!("imported from {}", names(&arguments.files))));
    write_recording(&arguments.out, &header, std::iter::once(first).chain(frames.by_ref()))?;
    frames.tell();
    tell(format!(
        "{} from {}",
        count(usize::try_from(frames.seq).unwrap_or(usize::MAX), "capture", "captures"),
        count(arguments.files.len(), "file", "files")
    ));
    Ok(())
}

/// The network whose key was given.
fn network(arguments: &ImportArguments) -> Result<Option<Network>> {
    let Some(given) = arguments.dataset.as_ref().or(arguments.network_key.as_ref()) else {
        return Ok(None);
    };
    if given.expose() == "-" && arguments.files.iter().any(|file| file == Path::new("-")) {
        return Err(WrongUsage("standard input cannot be both the frames and the key".to_owned()).into());
    }
    network_key::given(given.expose()).map(Some)
}

/// What a file could not give.
#[derive(Debug, Default)]
struct Told {
    damaged: u64,
    backwards: u64,
    unusable: u64,
    remarks: Vec<String>,
}

type File = (String, Box<dyn BufRead>);

/// The captures of files, one after the other.
struct Frames {
    files: VecDeque<File>,
    current: Option<(String, Reader<Box<dyn BufRead>>)>,
    at: Option<Timestamp>,
    listener: Listener,
    ready: VecDeque<Capture>,
    last_at: Option<Timestamp>,
    seq: u64,
    told: Told,
    is_done: bool,
}

impl Frames {
    fn new(files: Vec<File>, at: Option<Timestamp>, listener: Listener) -> Self {
        Self {
            files: files.into(),
            current: None,
            at,
            listener,
            ready: VecDeque::new(),
            last_at: None,
            seq: 0,
            told: Told::default(),
            is_done: false,
        }
    }

    /// Reads on until there is a capture, or nothing more to read.
    fn read_on(&mut self) {
        while self.ready.is_empty() && !self.is_done {
            let Some((_, reader)) = &mut self.current else {
                match self.files.pop_front() {
                    Some((name, file)) => match Reader::new(file) {
                        Ok(reader) => self.current = Some((name, reader)),
                        Err(problem) => {
                            self.told.unusable += 1;
                            self.told.remarks.push(format!("no pcap or pcapng file: {problem}"));
                            self.tell_of(&name);
                        }
                    },
                    None => self.finish(),
                }
                continue;
            };
            let mut captures = Vec::new();
            match reader.next() {
                None => {
                    if let Some((name, _)) = self.current.take() {
                        self.tell_of(&name);
                    }
                }
                Some(Err(problem)) => self.told.remark(problem.to_string()),
                Some(Ok(packet)) => match heard_frame(&packet, self.at) {
                    Err(Unusable::Damaged) => self.told.damaged += 1,
                    Err(unusable) => self.told.remark(format!("packet {}: {unusable}", packet.number)),
                    Ok(mut heard) => {
                        // The clock of a recording never goes back.
                        if let Some(last) = self.last_at.filter(|last| heard.at < *last) {
                            self.told.backwards += u64::from(last.milliseconds_since(heard.at) > 1000);
                            heard.at = last;
                        }
                        self.last_at = Some(heard.at);
                        self.listener.hear(&heard, &mut captures);
                    }
                },
            }
            self.keep(captures);
        }
    }

    fn finish(&mut self) {
        let mut captures = Vec::new();
        if let Some(last) = self.last_at {
            self.listener.finish(last, &mut captures);
        }
        self.keep(captures);
        self.is_done = true;
    }

    fn keep(&mut self, captures: Vec<(Timestamp, weft_evidence::CaptureBody)>) {
        for (at, body) in captures {
            self.seq += 1;
            self.ready.push_back(Capture {
                seq: self.seq,
                at,
                source: SOURCE.into(),
                body,
            });
        }
    }

    /// Tells what one file could not give.
    fn tell_of(&mut self, name: &str) {
        let told = std::mem::take(&mut self.told);
        tell_some(name, told.remarks, told.unusable);
        if told.damaged > 0 {
            tell(format!(
                "{name}: {} left out: its check sequence does not fit (some sniffers write signal strength in its place; let yours write link type 230 or 283)",
                number(told.damaged, "frame")
            ));
        }
        if told.backwards > 0 {
            tell(format!("{name}: the time goes back at {}; it is held", number(told.backwards, "frame")));
        }
    }

    /// Tells what became of the frames.
    fn tell(&self) {
        for line in summary(self.listener.counts(), self.listener.has_key()) {
            tell(line);
        }
    }
}

impl Told {
    fn remark(&mut self, remark: String) {
        self.unusable += 1;
        if self.remarks.len() < MAX_REMARKS {
            self.remarks.push(remark);
        }
    }
}

impl Iterator for Frames {
    type Item = Capture;

    fn next(&mut self) -> Option<Capture> {
        self.read_on();
        self.ready.pop_front()
    }
}

/// `one frame`, `3 frames`.
fn number(count: u64, one: &str) -> String {
    if count == 1 { format!("one {one}") } else { format!("{count} {one}s") }
}

/// What became of the frames, a line each.
fn summary(counts: &Counts, has_key: bool) -> Vec<String> {
    let pans = match counts.pans.len() {
        1 => "one PAN".to_owned(),
        pans => format!("{pans} PANs"),
    };
    let acknowledgments = counts.acknowledgments + counts.stray_acknowledgments;
    let mut lines = vec![format!(
        "{} in {pans}: {}, {}",
        number(counts.frames, "frame"),
        number(counts.data_polls, "data poll"),
        number(acknowledgments, "acknowledgment")
    )];
    let opened_nothing = has_key && counts.opened_frames == 0 && counts.opened_messages == 0;
    if opened_nothing && counts.unknown_senders + counts.closed_frames + counts.closed_messages > 0 {
        lines.push("the key opened nothing: it may be of another network than these frames, or an old key of this one".to_owned());
    } else if has_key {
        lines.push(format!(
            "the key opened {} and {}; {} went by",
            number(counts.opened_frames, "frame"),
            number(counts.opened_messages, "MLE message"),
            number(counts.management, "management message")
        ));
        let foreign: Vec<(weft_model::PanId, u64)> = counts.foreign().collect();
        let mut named: Vec<String> = foreign
            .iter()
            .take(MAX_NAMED_NETWORKS)
            .map(|(pan_id, frames)| format!("{pan_id} ({})", number(*frames, "frame")))
            .collect();
        if foreign.len() > MAX_NAMED_NETWORKS {
            named.push(format!("and {} more", foreign.len() - MAX_NAMED_NETWORKS));
        }
        if !named.is_empty() {
            lines.push(format!("other networks, which the key does not open: {}", named.join(", ")));
        }
    }
    let unknown = if opened_nothing {
        "stay closed: nothing that the key opens told the extended addresses of their senders"
    } else {
        "stay closed: the extended address of the sender was not told yet"
    };
    let more = [
        (counts.unknown_senders, unknown),
        (counts.malformed, "are no IEEE 802.15.4 frames as Thread sends them"),
        (counts.replayed, "have a frame counter that was used up before, and are not used"),
        (
            counts.without_prefix,
            "from an address whose prefix is not known (a dataset tells it; a network key does not)",
        ),
        (counts.left_out + counts.other_pans, "are left out: too many different addresses or PANs"),
    ];
    for (count, what) in more {
        if count > 0 {
            lines.push(format!("{}: {what}", number(count, "frame")));
        }
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_that_opens_nothing_is_said_to_be_perhaps_anothers() {
        let mut counts = Counts {
            frames: 243,
            unknown_senders: 243,
            ..Counts::default()
        };
        let said = summary(&counts, true).join("\n");
        assert!(said.contains("may be of another network") && !said.contains("not told yet"), "{said}");
        assert!(!summary(&counts, false).join("\n").contains("the key"));
        counts.opened_frames = 1;
        let said = summary(&counts, true).join("\n");
        assert!(said.contains("the key opened one frame") && said.contains("not told yet"), "{said}");
    }
}
