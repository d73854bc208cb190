//! `mle`: messages that a key opened, and those that were never sealed.

use super::{DecodedCapture, Statement, network_of, sorted};
use crate::capture::{Capture, MleCapture, channel};
use crate::hex;
use crate::observation::{Hearing, Reporter};
use weft_model::{ExtendedAddress, Fact, FactKind, NeighborRow, PanId};
use weft_wire::Problem;
use weft_wire::mle::{Command, Message, Tlv};

/// The longest message: an IPv6 packet of a Thread network.
const MAX_MESSAGE_BYTES: usize = 2_048;
/// Status of an answer that refuses (Thread specification 1.4, 4.5.17).
const STATUS_ERROR: u8 = 1;

pub(super) fn decode(capture: &Capture, body: &MleCapture, decoded: &mut DecodedCapture) {
    let Some(tlvs) = hex::decode(&body.tlvs).filter(|tlvs| tlvs.len() <= MAX_MESSAGE_BYTES) else {
        decoded.problem(Problem::of("tlvs", "not a message in hexadecimal digits"));
        return;
    };
    if !body.from.is_real() {
        decoded.problem(Problem::of("from", "no extended address"));
        return;
    }
    let command = Command(body.command);
    let reporter = Reporter::Radio { extended_address: body.from };
    let message = Message::from_tlvs(command, &tlvs);
    if message.is_leaving() {
        decoded.removed.push(reporter);
        return;
    }
    let said = weft_wire::mle::decode(command, &tlvs);
    let network = body.extended_pan_id.or_else(|| network_of(&said.facts));
    let mut facts = said.facts;
    let mut incomplete = said.incomplete;
    if !body.registered.is_empty() {
        // Those that others reach it by, and when it begins only the first of them: its other addresses are not said to be gone.
        facts.push(Fact::Ipv6Addresses(sorted(body.registered.iter().copied())));
        incomplete.push(FactKind::Ipv6Addresses);
    }
    let has = |facts: &[Fact], kind| facts.iter().any(|fact| fact.kind() == kind);
    // An Announce message tells itself where its network is: it is sent on other channels.
    if command != Command::ANNOUNCE {
        if !has(&facts, FactKind::PanId) && body.pan_id != PanId::BROADCAST {
            facts.push(Fact::PanId(body.pan_id));
        }
        if !has(&facts, FactKind::Channel) {
            facts.extend(channel(body.channel).map(Fact::Channel));
        }
    }
    decoded.problems.extend(said.problems);
    let statement = Statement::now(capture, reporter, network, Hearing::Air);
    let knows_no_network = network.is_none() && body.pan_id == PanId::BROADCAST && command == Command::DISCOVERY_REQUEST;
    if !knows_no_network {
        statement.say(facts, &incomplete, decoded);
    }
    if let Some(row) = body.to.and_then(|child| row_of_child(&message, child)) {
        statement.say([Fact::NeighborTable(vec![row])], &[FactKind::NeighborTable], decoded);
    }
}

/// What a parent's answer to a child says of that child: one row of the parent's table.
fn row_of_child(message: &Message, child: ExtendedAddress) -> Option<NeighborRow> {
    let find = |pick: fn(&Tlv) -> Option<Tlv>| message.tlvs.iter().find_map(pick);
    let refused = message.tlvs.iter().any(|tlv| matches!(tlv, Tlv::Status(STATUS_ERROR)));
    // So a parent answers a goodbye.
    let is_farewell = message.tlvs.contains(&Tlv::TimeoutSeconds(0));
    let speaker = message.source_address().flatten();
    if refused || is_farewell || !child.is_real() || !speaker.is_some_and(|rloc16| rloc16.is_router()) {
        return None;
    }
    let rloc16 = match find(|tlv| matches!(tlv, Tlv::Address16(Some(_))).then(|| tlv.clone())) {
        Some(Tlv::Address16(rloc16)) => rloc16,
        _ => None,
    };
    let mode = match find(|tlv| matches!(tlv, Tlv::Mode(_)).then(|| tlv.clone())) {
        Some(Tlv::Mode(mode)) => Some(mode),
        _ => None,
    };
    match message.command {
        Command::CHILD_ID_RESPONSE if rloc16.is_some_and(|rloc16| !rloc16.is_router()) => (),
        Command::CHILD_UPDATE_RESPONSE => (),
        _ => return None,
    }
    Some(NeighborRow {
        extended_address: Some(child),
        rloc16,
        age_seconds: Some(0),
        link_quality_in: None,
        average_rssi: None,
        last_rssi: None,
        frame_error: None,
        message_error: None,
        rx_on_when_idle: mode.map(|mode| mode.rx_on_when_idle),
        full_thread_device: mode.map(|mode| mode.full_thread_device),
        is_child: Some(true),
    })
}
