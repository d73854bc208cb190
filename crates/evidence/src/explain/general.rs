//! Sources, border routers' REST answers, dongle summaries, people's words, and questions in vain.

use super::{Names, Row, Section, fact, words};
use crate::Reporter;
use crate::capture::{Capture, FailureCapture, FailureTarget, OtbrRestCapture, RadioSummaryCapture, SourceReport, SourceState};
use crate::decode::DecodedCapture;
use serde_json::Value;
use weft_model::{Annotation, MatterPeer};

/// Values nested deeper are shown as JSON text.
const MAX_DEPTH: usize = 3;

pub(super) fn source(capture: &Capture, report: &SourceReport) -> (String, Vec<Section>) {
    let (state, meaning) = match report.state {
        SourceState::Started => ("started", "nothing has come from it yet"),
        SourceState::Working => ("working", "it hears"),
        SourceState::Deaf => ("deaf", "it cannot hear; what it would have said does not age meanwhile"),
        SourceState::Suspended => (
            "suspended",
            "it was paused, or the machine slept; what it would have said does not age meanwhile",
        ),
        SourceState::Stopped => ("stopped", "it ended"),
    };
    let mut rows = vec![Row::new("Source", capture.source.to_string()), Row::new("State", state).means(meaning)];
    rows.extend(report.reason.clone().map(|reason| Row::new("Reason", reason)));
    if report.dropped > 0 {
        rows.push(Row::new("Dropped", report.dropped.to_string()).means("captures lost since the last report"));
    }
    if let Some(detail) = &report.detail {
        json("Detail", detail, MAX_DEPTH, &mut rows);
    }
    (format!("The source {} is {state}", capture.source), vec![Section::new("Source", rows)])
}

/// JSON as rows, by path.
fn json(name: &str, value: &Value, depth: usize, rows: &mut Vec<Row>) {
    if rows.len() > super::MAX_ROWS {
        return;
    }
    match value {
        Value::Object(members) if depth > 0 && !members.is_empty() => {
            for (key, member) in members {
                json(&format!("{name} › {key}"), member, depth - 1, rows);
            }
        }
        Value::Array(items) if depth > 0 && !items.is_empty() && items.iter().any(|item| item.is_object() || item.is_array()) => {
            for (place, item) in items.iter().enumerate() {
                json(&format!("{name} {}", place + 1), item, depth - 1, rows);
            }
        }
        Value::Array(items) if !items.is_empty() && depth > 0 => {
            let shown: Vec<String> = items.iter().take(64).map(plain).collect();
            rows.push(Row::new(name, shown.join(", ")));
        }
        value => rows.push(Row::new(name, plain(value))),
    }
}

fn plain(value: &Value) -> String {
    match value {
        Value::String(text) => fact::quoted(text),
        Value::Bool(is_so) => words::yes(*is_so).to_owned(),
        Value::Null => "null".to_owned(),
        other => other.to_string(),
    }
}

pub(super) fn rest(body: &OtbrRestCapture, decoded: &DecodedCapture, names: &dyn Names) -> (String, Vec<Section>) {
    let mut rows = vec![
        Row::new("Border router", body.base.clone()),
        Row::new("Question", format!("{} {}", body.method, body.path)),
        Row::new("HTTP status", body.status.to_string()).means(if (200..300).contains(&body.status) { "answered" } else { "refused" }),
    ];
    if !body.method.eq_ignore_ascii_case("GET") {
        rows.push(Row::new("Statements", "none").means("an answer to a change says what was sent, not what is"));
    }
    let mut sections = vec![Section::new("Question", rows)];
    // Statements of one device follow each other.
    let mut start = 0;
    let observations = &decoded.observations;
    while let Some(first) = observations.get(start) {
        let end = observations[start..]
            .iter()
            .position(|other| other.reporter != first.reporter)
            .map_or(observations.len(), |length| start + length);
        let who = reporter(&first.reporter, names);
        let facts = observations[start..end].iter().map(|observation| &*observation.fact);
        let mut parts = fact::sections(&who, facts, names);
        parts.iter_mut().skip(1).for_each(|table| table.title = format!("{who}: {}", table.title));
        sections.extend(parts);
        start = end;
    }
    (format!("{} of the border router at {}, asked over REST", body.path, body.base), sections)
}

fn reporter(reporter: &Reporter, names: &dyn Names) -> String {
    match reporter {
        Reporter::Radio { extended_address } => words::radio(*extended_address, names),
        Reporter::Matter(peer) => words::peer(*peer, names),
        Reporter::Rest { .. } => "The border router".to_owned(),
        other => other.to_string(),
    }
}

pub(super) fn radio_summary(body: &RadioSummaryCapture, names: &dyn Names) -> (String, Vec<Section>) {
    let end = |text: &str| match text.parse() {
        Ok(address) => words::radio(address, names),
        Err(_) if text.eq_ignore_ascii_case("0xffff") => "everybody".to_owned(),
        Err(_) => text.to_owned(),
    };
    let (from, to) = (end(&body.from), end(&body.to));
    let dbm = |dbm: f64| format!("{dbm:.0} dBm").replace('-', "−");
    let mut rows = vec![
        Row::new("From", from.clone()),
        Row::new("To", to.clone()),
        Row::new("PAN id", body.pan_id.to_string()),
    ];
    rows.extend(
        body.channel
            .map(|channel| Row::new("Channel", channel.to_string()).means(fact::frequency(u8::try_from(channel).unwrap_or_default()))),
    );
    // The conversion saturates, and NaN becomes 0.
    rows.push(Row::new("Heard for", words::seconds(body.interval_seconds as u64)));
    rows.extend(
        body.age_seconds
            .map(|age| Row::new("Silent for", words::seconds(age as u64)).means("when the interval ended")),
    );
    rows.push(Row::new("Frames", body.frames.to_string()));
    rows.push(Row::new("Acknowledged", body.acknowledged.to_string()).means("so the receiver hears the sender"));
    rows.push(Row::new("Data polls", body.data_polls.to_string()).means("a child polls whom it believes to be its parent"));
    let at_dongle = "at the dongle; it says nothing of how the receiver hears it";
    rows.extend(
        body.rssi_average_dbm
            .map(|average| Row::new("Average strength", dbm(average)).means(at_dongle)),
    );
    rows.extend(body.rssi_min_dbm.map(|weakest| Row::new("Weakest", dbm(weakest.into()))));
    rows.extend(body.rssi_max_dbm.map(|strongest| Row::new("Strongest", dbm(strongest.into()))));
    rows.extend(body.lqi_average.map(|lqi| Row::new("Average LQI", format!("{lqi:.0} of 255"))));
    (
        format!("Frames from {from} to {to}, as the dongle heard them"),
        vec![Section::new("Summary", rows)],
    )
}

pub(super) fn annotation(annotation: &Annotation, names: &dyn Names) -> (String, Vec<Section>) {
    let target = &annotation.identify;
    let who = None
        .or_else(|| target.extended_address.map(|address| words::radio(address, names)))
        .or_else(|| target.matter.map(|peer| words::peer(peer, names)))
        .or_else(|| target.hap_id.clone())
        .or_else(|| target.address.map(|address| address.to_string()))
        .or_else(|| target.node.clone())
        .or_else(|| target.finding.clone().map(|id| format!("the finding {id}")));
    let (mut about, mut said) = (Vec::new(), Vec::new());
    // By its JSON: every field that an annotation has, now or later, is told.
    if let Ok(Value::Object(fields)) = serde_json::to_value(annotation) {
        for (name, value) in &fields {
            match name.as_str() {
                "identify" => {
                    for (name, value) in value.as_object().into_iter().flatten() {
                        json(&in_words(name), value, MAX_DEPTH, &mut about);
                    }
                }
                _ if value == "" => said.push(Row::new(in_words(name), "taken back")),
                _ => json(&in_words(name), value, MAX_DEPTH, &mut said),
            }
        }
    }
    if said.is_empty() {
        said.push(Row::new("Anything", "no").means("the annotation says nothing"));
    }
    let title = match who {
        Some(who) => format!("What a person said about {who}"),
        None => "What a person said".to_owned(),
    };
    (title, vec![Section::new("About", about), Section::new("Said", said)])
}

/// A JSON name as people read it: `extended_address`, "Extended address".
fn in_words(name: &str) -> String {
    words::capitalised(&name.replace('_', " "))
}

pub(super) fn failure(failure: &FailureCapture, names: &dyn Names) -> (String, Vec<Section>) {
    let who = match &failure.target {
        FailureTarget::MatterNode { fabric, node } => words::peer(
            MatterPeer {
                fabric: *fabric,
                node: *node,
            },
            names,
        ),
        FailureTarget::ThreadNode { address, .. } => address.to_string(),
        FailureTarget::OtbrRest { base } => format!("the border router at {base}"),
        FailureTarget::Other(_) => "something that Weft does not know".to_owned(),
    };
    let rows = vec![
        Row::new("Asked", who.clone()),
        Row::new("Question", failure.attempt.clone()),
        Row::new("Came back", failure.error.clone()).means("no answer; this is evidence too, and says nothing of what would have been answered"),
    ];
    (
        format!("Asked {who} in vain: {}", failure.attempt),
        vec![Section::new("Question in vain", rows)],
    )
}
