//! IEEE 802.15.4 frames: the header fields, and what is not sealed.

use super::{Names, Row, Section, mle, words};
use crate::air::{Signal, clear_message};
use crate::capture::FrameCapture;
use weft_wire::ieee802154::{Activity, Address, AuxiliarySecurity, Frame, FrameKind, FrameVersion, HeaderElement, KeyId};
use weft_wire::lowpan::{Contexts, Reassembler};

pub(super) fn frame(body: &FrameCapture, names: &dyn Names) -> (String, Vec<Section>) {
    let mut heard = mle::signal(Some(body.channel), body.rssi_dbm, body.lqi);
    heard.extend(
        body.radio_time_us
            .map(|microseconds| Row::new("Radio time", format!("{microseconds} µs")).means("the dongle's own clock")),
    );
    heard.push(Row::new("Length", format!("{} bytes", body.psdu.len() / 2)).means("without the check sequence"));
    let mut sections = vec![Section::new("Reception", heard)];
    let bytes = crate::hex::decode(&body.psdu);
    let Some(frame) = bytes.as_deref().and_then(|bytes| Frame::parse(bytes).ok()) else {
        return ("A frame that could not be read, heard on the air".to_owned(), sections);
    };
    sections.push(Section::new("Header", header(&frame, names)));
    if let Some(security) = &frame.security {
        sections.push(Section::new("Security", self::security(security)));
    }
    let elements: Vec<Row> = frame.elements().map(|element| of_element(element.header())).collect();
    sections.push(Section::new("Header elements", elements));
    if let Some(Ok(beacon)) = frame.beacon()
        && let Some(Ok(thread)) = beacon.thread()
    {
        let rows = vec![
            Row::new("Network name", thread.network_name.clone()),
            Row::new("Extended PAN id", thread.extended_pan_id.to_string()),
            Row::new("Joining permitted", words::yes(thread.joining_permitted)),
            Row::new("Protocol version", thread.version.to_string()),
        ];
        sections.push(Section::new("Thread beacon", rows));
    }
    let signal = Signal {
        channel: Some(body.channel),
        rssi_dbm: body.rssi_dbm,
        lqi: body.lqi,
    };
    if let Some(payload) = frame.clear_payload()
        && let Ok(Some(datagram)) = Reassembler::default().frame(frame.source, frame.destination, payload, &Contexts::new(), 0)
        && let Some(message) = clear_message(&datagram, frame.pan_id(), signal)
    {
        let (title, inner) = mle::mle(&message, names);
        sections.extend(inner.into_iter().map(|section| Section {
            title: format!("MLE: {}", section.title),
            ..section
        }));
        return (title, sections);
    }
    let what = activity(frame.summary(None).activity);
    let title = match (frame.source, frame.destination) {
        (Address::None, Address::None) => format!("{what}, heard on the air"),
        (from, to) => format!("{what} from {} to {}, heard on the air", address(from, names), address(to, names)),
    };
    (title, sections)
}

fn header(frame: &Frame<'_>, names: &dyn Names) -> Vec<Row> {
    let kind = match frame.kind {
        FrameKind::Beacon => "beacon",
        FrameKind::Data => "data",
        FrameKind::Acknowledgment => "acknowledgment",
        FrameKind::Command => "MAC command",
    };
    let version = match frame.version {
        FrameVersion::V2003 => "2003",
        FrameVersion::V2006 => "2006",
        FrameVersion::V2015 => "2015",
    };
    let mut rows = vec![
        Row::new("Type", kind).means(activity(frame.summary(None).activity)),
        Row::new("Version", format!("IEEE 802.15.4-{version}")),
        Row::new(
            "Sequence number",
            frame.sequence_number.map_or_else(|| "left out".to_owned(), |number| number.to_string()),
        ),
        Row::new("Destination", address(frame.destination, names)).means(address_meaning(frame.destination)),
        Row::new("Source", address(frame.source, names)).means(address_meaning(frame.source)),
    ];
    rows.extend(frame.destination_pan_id.map(|id| Row::new("Destination PAN id", id.to_string())));
    rows.extend(frame.source_pan_id.map(|id| Row::new("Source PAN id", id.to_string())));
    rows.push(Row::new("Acknowledgment requested", words::yes(frame.acknowledgment_requested)));
    rows.push(Row::new("Frame pending", words::yes(frame.frame_pending)).means("more waits for the receiver"));
    let meaning = if frame.security.is_some() {
        "sealed with the network's key: Weft does not see what it says"
    } else {
        ""
    };
    rows.push(Row::new("Body", format!("{} bytes", frame.body.len())).means(meaning));
    rows
}

fn activity(activity: Activity) -> &'static str {
    match activity {
        Activity::Beacon => "Beacon",
        Activity::BeaconRequest => "Search for networks (beacon request)",
        Activity::DataPoll => "Data poll: a child asks its parent for messages",
        Activity::Command(_) => "MAC command",
        Activity::Data => "Data frame",
        Activity::ImmediateAcknowledgment => "Acknowledgment without addresses",
        Activity::EnhancedAcknowledgment => "Enhanced acknowledgment",
    }
}

fn address(address: Address, names: &dyn Names) -> String {
    match address {
        Address::None => "left out".to_owned(),
        Address::Short(0xffff) => "everybody".to_owned(),
        Address::Short(number) => format!("{number:#06x}"),
        Address::Extended(address) => words::radio(address, names),
    }
}

fn address_meaning(address: Address) -> String {
    address.rloc16().map(words::rloc16).unwrap_or_default()
}

fn security(security: &AuxiliarySecurity) -> Vec<Row> {
    let level = security.level;
    let protection = format!(
        "{}, integrity code of {} bytes",
        if level.is_encrypted() { "encrypted" } else { "not encrypted" },
        level.mic_bytes()
    );
    let key = match security.key_id {
        KeyId::Implicit => "agreed otherwise".to_owned(),
        KeyId::Index(index) => format!("index {index}"),
        KeyId::Source4 { source, index } => format!("source {}, index {index}", words::hex(&source)),
        KeyId::Source8 { source, index } => format!("source {}, index {index}", words::hex(&source)),
    };
    vec![
        Row::new("Level", level.get().to_string()).means(protection),
        Row::new("Key", key).means(format!("key id mode {}", security.key_id.mode())),
    ]
}

fn of_element(element: HeaderElement<'_>) -> Row {
    match element {
        HeaderElement::Csl(csl) => Row::new(
            "CSL",
            format!(
                "period {} µs, phase {} µs",
                u32::from(csl.period_ten_symbols) * 160,
                u32::from(csl.phase_ten_symbols) * 160
            ),
        )
        .means("the sender listens at these times"),
        HeaderElement::LinkMetrics(metrics) => {
            Row::new("Link metrics", words::hex(metrics)).means("how the sender heard the frame that it acknowledges")
        }
        HeaderElement::Vendor { oui, content } => Row::new(format!("Vendor element {}", words::hex(&oui)), words::hex(content)),
        HeaderElement::RendezvousTime(ten_symbols) => Row::new("Rendezvous time", format!("{} µs", u32::from(ten_symbols) * 160)),
        HeaderElement::Connection(content) => Row::new("Connection", words::hex(content)),
        HeaderElement::Other { id, content } => Row::new(format!("Element {id:#04x}"), words::hex(content)),
    }
}
