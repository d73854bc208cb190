//! Captures in words: what one says, for a person who asks "why do you believe this?".
//!
//! The bytes are read by the same decoders that make observations of them; here they only get names, units and meanings. Secrets are blanked first,
//! and everything is bounded: what is left out is counted.

mod attribute;
mod fact;
mod frame;
mod general;
mod matter;
mod meshcop;
mod mle;
mod service;
mod table;
mod tmf;
mod words;

#[cfg(test)]
mod tests;

pub use service::{TxtKey, explain_txt};
pub use words::dataset_timestamp;

use crate::capture::{Capture, CaptureBody};
use crate::decode::{DecodedCapture, Decoder};
use crate::scrub::blank_secrets;
use weft_model::{ExtendedAddress, MatterPeer};

/// The most sections of one explanation.
pub const MAX_SECTIONS: usize = 64;
/// The most rows of one section, the one that counts the rest included.
pub const MAX_ROWS: usize = 250;
/// The most characters of one name, value or meaning.
pub const MAX_TEXT_CHARACTERS: usize = 400;
/// The most troubles of one explanation.
const MAX_TROUBLES: usize = 50;

/// What a capture says, in words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Explained {
    /// Sequence number of the capture.
    pub seq: u64,
    /// One line: "Neighbour table of Hall plug, read over Matter".
    pub title: String,
    /// What was decoded, in order.
    pub sections: Vec<Section>,
    /// What of it could not be decoded, and why.
    pub troubles: Vec<String>,
}

/// One statement of a capture, or a few that belong together.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Section {
    /// What it is.
    pub title: String,
    /// Never empty: where a table is empty, its one row says so.
    pub rows: Vec<Row>,
}

/// One value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Row {
    /// The field's name.
    pub name: String,
    /// The value, with its unit.
    pub value: String,
    /// What the value means; `None` where it says that itself.
    pub meaning: Option<String>,
}

impl Row {
    fn new(name: impl Into<String>, value: impl Into<String>) -> Self {
        Self {
            name: name.into(),
            value: value.into(),
            meaning: None,
        }
    }

    fn means(self, meaning: impl Into<String>) -> Self {
        Self {
            meaning: Some(meaning.into()).filter(|meaning: &String| !meaning.is_empty()),
            ..self
        }
    }
}

impl Section {
    fn new(title: impl Into<String>, rows: Vec<Row>) -> Self {
        Self { title: title.into(), rows }
    }
}

/// What people call devices.
pub trait Names {
    /// The name of the device with this radio.
    fn radio(&self, address: ExtendedAddress) -> Option<String>;

    /// The name of the device that is this Matter node.
    fn matter(&self, peer: MatterPeer) -> Option<String>;
}

/// Nobody has a name.
struct Nameless;

impl Names for Nameless {
    fn radio(&self, _: ExtendedAddress) -> Option<String> {
        None
    }

    fn matter(&self, _: MatterPeer) -> Option<String> {
        None
    }
}

/// What a capture says, with devices by their addresses.
pub fn explain(capture: &Capture) -> Explained {
    explain_with(capture, &Nameless)
}

/// What a capture says, with devices by name where they have one. Never panics, whatever the capture.
///
/// An answer that came in several captures is explained part by part: this knows the one capture only.
pub fn explain_with(capture: &Capture, names: &dyn Names) -> Explained {
    let mut capture = capture.clone();
    blank_secrets(&mut capture);
    let capture = &capture;
    let decoded = Decoder::new().decode(capture);
    let (title, mut sections) = match &capture.body {
        CaptureBody::Source(report) => general::source(capture, report),
        CaptureBody::Mdns(body) => service::mdns(body),
        CaptureBody::MatterReport(report) => matter::report(report, names),
        CaptureBody::MatterServerNode(body) => matter::server_node(body, &decoded, names),
        CaptureBody::Tmf(body) => tmf::tmf(body, &decoded, names),
        CaptureBody::OtbrRest(body) => general::rest(body, &decoded, names),
        CaptureBody::RadioSummary(body) => general::radio_summary(body, names),
        CaptureBody::Frame(body) => frame::frame(body, names),
        CaptureBody::Mle(body) => mle::mle(body, names),
        CaptureBody::Annotation(annotation) => general::annotation(annotation, names),
        CaptureBody::Failure(failure) => general::failure(failure, names),
    };
    sections.retain(|section| !section.rows.is_empty());
    bound(&mut sections);
    Explained {
        seq: capture.seq,
        title: words::cut(&title),
        sections,
        troubles: troubles(&decoded),
    }
}

fn troubles(decoded: &DecodedCapture) -> Vec<String> {
    let mut troubles: Vec<String> = decoded
        .problems
        .iter()
        .take(MAX_TROUBLES)
        .map(|problem| words::cut(&problem.to_string()))
        .collect();
    if decoded.problems.len() > MAX_TROUBLES {
        troubles.push(format!("{} more", decoded.problems.len() - MAX_TROUBLES));
    }
    if decoded.not_understood {
        troubles.push("Weft has no decoder for this; it is kept as it came, and nothing is concluded from it.".to_owned());
    }
    troubles
}

fn bound(sections: &mut Vec<Section>) {
    if sections.len() > MAX_SECTIONS {
        let left_out = sections.len() - (MAX_SECTIONS - 1);
        sections.truncate(MAX_SECTIONS - 1);
        sections.push(Section::new("Left out", vec![Row::new("Sections", format!("{left_out} more"))]));
    }
    for section in sections {
        section.title = words::cut(&section.title);
        if section.rows.len() > MAX_ROWS {
            let all = section.rows.len();
            section.rows.truncate(MAX_ROWS - 1);
            section
                .rows
                .push(Row::new("Left out", format!("{} more of {all} rows", all - (MAX_ROWS - 1))));
        }
        for row in &mut section.rows {
            row.name = words::cut(&row.name);
            row.value = words::cut(&row.value);
            row.meaning = row.meaning.take().map(|meaning| words::cut(&meaning));
        }
    }
}
