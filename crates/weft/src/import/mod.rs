//! `weft import`: recordings from other programs' data.
//!
//! Times stand in the data or are given with `--at`; no clock is asked, so the same files give the same recording.

mod lines;
mod matter_server;
mod mdns_packets;
mod otbr_rest;
mod pcap;

use crate::arguments::{ImportArguments, ImportKind};
use crate::output::{MAX_REMARKS, tell, tell_some, write_recording};
use crate::{WrongUsage, input, text};
use anyhow::{Result, bail};
use std::path::Path;
use weft_evidence::recording::Header;
use weft_evidence::{Capture, CaptureBody};
use weft_model::Timestamp;

/// What will be a capture once everything is in order.
#[derive(Debug, Clone, PartialEq)]
struct Item {
    at: Timestamp,
    body: CaptureBody,
}

/// What came of the files so far.
#[derive(Debug, Default)]
struct Imported {
    items: Vec<Item>,
    skipped: u64,
    /// The first remarks about the input that is read now.
    remarks: Vec<String>,
    remark_count: u64,
}

impl Imported {
    fn keep(&mut self, at: Timestamp, body: CaptureBody) {
        self.items.push(Item { at, body });
    }

    /// Notes something that is not used, and why.
    fn skip(&mut self, remark: String) {
        self.skipped += 1;
        self.remark(remark);
    }

    /// Notes something that is used, or about the whole input.
    fn remark(&mut self, remark: String) {
        self.remark_count += 1;
        if self.remarks.len() < MAX_REMARKS {
            self.remarks.push(remark);
        }
    }

    /// Tells what was noted about one input.
    fn tell(&mut self, name: &str) {
        tell_some(name, self.remarks.drain(..), self.remark_count);
        self.remark_count = 0;
    }
}

/// Makes a recording of files.
///
/// # Errors
/// Where a file cannot be opened, nothing in the files can be used, or the recording cannot be written.
pub(crate) fn import(arguments: &ImportArguments) -> Result<()> {
    let ImportArguments { kind, files, out, at, .. } = arguments;
    let has_key = arguments.dataset.is_some() || arguments.network_key.is_some();
    if has_key && *kind != ImportKind::Pcap {
        return Err(WrongUsage("--dataset and --network-key open frames: they go with pcap only".to_owned()).into());
    }
    let (source, mut imported) = match kind {
        ImportKind::MatterServer => ("matter-server", matter_server::read(files, *at)?),
        ImportKind::OtbrRest => ("otbr-rest", otbr_rest::read(files, *at)?),
        ImportKind::MdnsPackets => ("mdns", mdns_packets::read(files, *at)?),
        ImportKind::Pcap => return pcap::import(arguments),
    };
    if imported.items.is_empty() {
        bail!("nothing of {} can be used; no recording was written", names(files));
    }
    imported.items.sort_by_key(|item| item.at);
    let header = Header::new(
        imported.items.first().map(|item| item.at),
        Some(format!("imported from {}", names(files))),
    );
    let captures = captures(source, imported.items);
    let count = captures.len();
    write_recording(out, &header, captures)?;
    let skipped = if imported.skipped > 0 {
        format!("; {} skipped", imported.skipped)
    } else {
        String::new()
    };
    tell(format!(
        "{} from {}{skipped}",
        text::count(count, "capture", "captures"),
        text::count(files.len(), "file", "files")
    ));
    Ok(())
}

fn captures(source: &str, items: Vec<Item>) -> Vec<Capture> {
    let number = |(seq, Item { at, body }): (u64, Item)| Capture {
        seq,
        at,
        source: source.into(),
        body,
    };
    (1..).zip(items).map(number).collect()
}

/// The names of the first inputs, and how many more there are.
fn names(files: &[impl AsRef<Path>]) -> String {
    const MOST: usize = 3;
    let named: Vec<String> = files.iter().take(MOST).map(|file| input::name_of(file.as_ref())).collect();
    match files.len().saturating_sub(MOST) {
        0 => named.join(", "),
        more => format!("{} and {more} more", named.join(", ")),
    }
}
