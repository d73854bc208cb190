//! MLE messages, TLV by TLV.

use super::{Names, Row, Section, fact, table, words};
use crate::capture::MleCapture;
use weft_model::{Channel, Fact};
use weft_wire::mle::{Command, Message, RegisteredAddress, Tlv};

pub(super) fn mle(body: &MleCapture, names: &dyn Names) -> (String, Vec<Section>) {
    let command = Command(body.command);
    let to = body.to.map_or_else(|| "everybody".to_owned(), |to| words::radio(to, names));
    let mut rows = vec![
        Row::new("Command", command.to_string()).means(command_meaning(command)),
        Row::new("From", words::radio(body.from, names)),
        Row::new("To", to.clone()),
        Row::new("PAN id", body.pan_id.to_string()),
    ];
    rows.extend(body.extended_pan_id.map(|id| Row::new("Extended PAN id", id.to_string())));
    rows.extend(signal(body.channel, body.rssi_dbm, body.lqi));
    if !body.registered.is_empty() {
        let addresses: Vec<String> = body.registered.iter().map(ToString::to_string).collect();
        rows.push(
            Row::new("Registers", addresses.join(", ")).means("its own addresses in full; the message leaves out prefixes that everybody knows"),
        );
    }
    let mut sections = vec![Section::new("Message", rows)];
    if let Some(tlvs) = crate::hex::decode(&body.tlvs) {
        let message = Message::from_tlvs(command, &tlvs);
        let said = message.tlvs.iter().map(|tlv| of_tlv(tlv, names));
        let mut values = Section::new("TLVs", Vec::new());
        let mut tables = Vec::new();
        for part in said {
            match part {
                Part::Row(row) => values.rows.push(row),
                Part::Section(section) => tables.push(section),
            }
        }
        sections.push(values);
        sections.extend(tables);
    }
    let from = words::radio(body.from, names);
    (format!("MLE {command} from {from} to {to}, heard on the air"), sections)
}

/// How the dongle heard it.
pub(super) fn signal(channel: Option<u16>, rssi_dbm: Option<i8>, lqi: Option<u8>) -> Vec<Row> {
    let channel = channel.map(|number| Row::new("Channel", number.to_string()).means(fact::frequency(u8::try_from(number).unwrap_or_default())));
    let strength = rssi_dbm
        .map(|dbm| Row::new("Strength", format!("{dbm} dBm").replace('-', "−")).means("at the dongle; it says nothing of how others hear it"));
    let lqi = lqi.map(|lqi| Row::new("LQI", format!("{lqi} of 255")).means("the dongle's own measure, no Thread link quality"));
    [channel, strength, lqi].into_iter().flatten().collect()
}

fn command_meaning(command: Command) -> &'static str {
    match command {
        Command::LINK_REQUEST | Command::LINK_ACCEPT | Command::LINK_ACCEPT_AND_REQUEST => "routers agree on a link",
        Command::LINK_REJECT => "a router refuses a link",
        Command::ADVERTISEMENT => "a router says where it is and whom it hears",
        Command::PARENT_REQUEST => "a device looks for a parent",
        Command::PARENT_RESPONSE => "a router offers to be the parent",
        Command::CHILD_ID_REQUEST => "a device chooses this parent",
        Command::CHILD_ID_RESPONSE => "the parent takes it",
        Command::CHILD_UPDATE_REQUEST | Command::CHILD_UPDATE_RESPONSE => "child and parent renew what they agreed on",
        Command::DATA_REQUEST | Command::DATA_RESPONSE => "network data is asked for or given",
        Command::ANNOUNCE => "tells on another channel where the network is",
        Command::DISCOVERY_REQUEST => "somebody looks for networks",
        Command::DISCOVERY_RESPONSE => "a network tells of itself",
        _ => "",
    }
}

enum Part {
    Row(Row),
    Section(Section),
}

fn of_tlv(tlv: &Tlv, names: &dyn Names) -> Part {
    let row = |name: &str, value: String| Part::Row(Row::new(name, value));
    let means = |name: &str, value: String, meaning: &str| Part::Row(Row::new(name, value).means(meaning));
    let stated = |fact: Fact| match fact::section(&fact, names) {
        Some(section) => Part::Section(section),
        None => Part::Row(fact::row(&fact, names)),
    };
    let channel = |name: &str, channel: &Option<Channel>| match channel {
        Some(channel) => Part::Row(Row::new(name, channel.get().to_string()).means(fact::frequency(channel.get()))),
        None => row(name, "none in the 2.4 GHz band".to_owned()),
    };
    match tlv {
        Tlv::SourceAddress(Some(rloc16)) => means("Source address", rloc16.to_string(), &words::rloc16(*rloc16)),
        Tlv::SourceAddress(None) => means("Source address", "none".into(), "the sender has no place in the mesh yet"),
        Tlv::Mode(mode) => row("Mode", words::mode(*mode)),
        Tlv::TimeoutSeconds(0) => means("Timeout", "0 s".into(), "it says goodbye"),
        Tlv::TimeoutSeconds(length) => means("Timeout", words::seconds((*length).into()), "after this silence its parent gives it up"),
        Tlv::Challenge(bytes) => means("Challenge", words::hex(bytes), "random, to be given back"),
        Tlv::Response(bytes) => means("Response", words::hex(bytes), "the challenge given back"),
        Tlv::LinkFrameCounter(counter) => row("Link frame counter", counter.to_string()),
        Tlv::MleFrameCounter(counter) => row("MLE frame counter", counter.to_string()),
        Tlv::Route64(route) => stated(Fact::Route64(route.clone())),
        Tlv::Address16(Some(rloc16)) => means("Address16", rloc16.to_string(), "the RLOC16 that the receiver is given"),
        Tlv::Address16(None) => row("Address16", "none".into()),
        Tlv::LeaderData(data) => Part::Section(Section::new("Leader data", table::leader_data(data))),
        Tlv::NetworkData { bytes, omr_prefixes } => {
            let prefixes: Vec<String> = omr_prefixes.iter().map(ToString::to_string).collect();
            let meaning = match prefixes.as_slice() {
                [] => "no OMR prefix in it".to_owned(),
                prefixes => format!("OMR prefixes: {}", prefixes.join(", ")),
            };
            means("Network data", format!("{} bytes", bytes.len()), &meaning)
        }
        Tlv::TlvRequest(types) => row("Asks for TLVs", types.iter().map(u8::to_string).collect::<Vec<_>>().join(", ")),
        Tlv::ScanMask { routers, end_devices } => row(
            "Who shall answer",
            match (routers, end_devices) {
                (true, true) => "routers and end devices",
                (true, false) => "routers",
                (false, true) => "end devices",
                (false, false) => "nobody",
            }
            .to_owned(),
        ),
        Tlv::Connectivity(connectivity) => Part::Section(Section::new("Connectivity", table::connectivity(connectivity))),
        Tlv::LinkMarginDb(margin) => means(
            "Link margin",
            format!("{margin} dB"),
            "how far above the noise the sender hears the receiver",
        ),
        Tlv::Status(status) => means("Status", status.to_string(), if *status == 1 { "an error: it refuses" } else { "" }),
        Tlv::Version(version) => stated(Fact::ThreadVersion(*version)),
        Tlv::AddressRegistration(addresses) => {
            let shown: Vec<String> = addresses
                .iter()
                .take(32)
                .map(|address| match address {
                    RegisteredAddress::Compressed { context, interface_id } => {
                        format!("…{} in context {context}", words::hex(interface_id))
                    }
                    RegisteredAddress::Full(address) => address.to_string(),
                })
                .collect();
            row("Addresses", if shown.is_empty() { "none".into() } else { shown.join(", ") })
        }
        Tlv::Channel(number) => channel("Channel", number),
        Tlv::PanId(id) => row("PAN id", id.to_string()),
        Tlv::ActiveTimestamp(packed) => stated(Fact::ActiveTimestamp(*packed)),
        Tlv::PendingTimestamp(packed) => stated(Fact::PendingTimestamp(*packed)),
        Tlv::ActiveDataset(dataset) => Part::Section(Section::new("Active dataset", fact::dataset(dataset))),
        Tlv::PendingDataset(dataset) => Part::Section(Section::new("Pending dataset", fact::dataset(dataset))),
        Tlv::Discovery(discovery) => {
            let mut rows = Vec::new();
            let mut add = |name: &str, value: Option<String>| rows.extend(value.map(|value| Row::new(name, value)));
            let version = |(version, flag): (u8, bool)| format!("protocol version {version}{}", if flag { ", flag set" } else { "" });
            add("Request", discovery.request.map(version));
            add("Response", discovery.response.map(version));
            add("Extended PAN id", discovery.extended_pan_id.map(|id| id.to_string()));
            add("Network name", discovery.network_name.clone());
            add("Steering data", discovery.steering_data.as_deref().map(words::hex));
            add("Joiner UDP port", discovery.joiner_udp_port.map(|port| port.to_string()));
            add("Commissioner UDP port", discovery.commissioner_udp_port.map(|port| port.to_string()));
            Part::Section(Section::new("Discovery", rows))
        }
        Tlv::SupervisionIntervalSeconds(length) => row("Supervision interval", words::seconds((*length).into())),
        Tlv::WakeUpChannel(number) => channel("Wake-up channel", number),
        Tlv::CslChannel(Some(number)) => channel("CSL channel", &Some(*number)),
        Tlv::CslChannel(None) => means("CSL channel", "0".into(), "the network's own"),
        Tlv::CslTimeoutSeconds(length) => row("CSL timeout", words::seconds((*length).into())),
        Tlv::CslClockAccuracy {
            accuracy_ppm,
            uncertainty_ten_microseconds,
        } => row(
            "CSL clock accuracy",
            format!("{accuracy_ppm} ppm, uncertain by {} µs", u32::from(*uncertainty_ten_microseconds) * 10),
        ),
        Tlv::LinkMetricsQuery(bytes) => row("Link metrics query", words::hex(bytes)),
        Tlv::LinkMetricsManagement { bytes, .. } => row("Link metrics management", words::hex(bytes)),
        Tlv::LinkMetricsReport { metrics, .. } => {
            let shown: Vec<String> = metrics
                .iter()
                .map(|metric| match (metric.margin_db(), metric.rssi_dbm()) {
                    (Some(margin), _) => format!("{margin} dB above the noise"),
                    (None, Some(dbm)) => format!("{dbm} dBm").replace('-', "−"),
                    (None, None) => format!("{metric:?}"),
                })
                .collect();
            row("Link metrics report", if shown.is_empty() { "none".into() } else { shown.join(", ") })
        }
        Tlv::LinkProbe(bytes) => row("Link probe", format!("{} bytes", bytes.len())),
        Tlv::Other(number, bytes) => means(&format!("TLV {number}"), words::bytes(bytes), "a type that Weft does not know"),
    }
}
