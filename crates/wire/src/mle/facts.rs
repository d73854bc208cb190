//! Which of a message's TLVs are statements about its sender.
//!
//! The same TLV says different things in different messages: a parent's Child Update Response repeats the *child's* mode, timeout and addresses, and
//! Address16 is what the *receiver* is called from now on.

use super::{Command, Message, Tlv};
use crate::Decoded;
use weft_model::{ExtendedAddress, Fact, FactKind, Rloc16};

/// OpenThread puts at most so many routers into the Route64 of a Link Accept, and an older sequence number with them if it left some out
/// (`kMaxRoutersInRouteTlvForLinkAccept`).
const MAX_ROUTERS_IN_LINK_ACCEPT: usize = 20;

/// The statements that a message makes about its sender; `tlvs` is the message in the clear behind the command. Never fails.
///
/// Not among them: what the sender says of the receiver (link margin, Address16, link metrics), counters and challenges, a pending dataset. [`Message`] has those.
pub fn decode(command: Command, tlvs: &[u8]) -> Decoded {
    let message = Message::from_tlvs(command, tlvs);
    let mut decoded = Decoded {
        problems: message.problems.clone(),
        incomplete: message.incomplete.clone(),
        ..Decoded::default()
    };
    let speaks_of_itself = speaks_of_its_own_mode(&message);
    for tlv in &message.tlvs {
        let fact = match tlv {
            Tlv::SourceAddress(rloc16) => Fact::Rloc16(*rloc16),
            Tlv::Mode(mode) if speaks_of_itself => Fact::Mode(*mode),
            // Zero is a good-bye, no timeout.
            Tlv::TimeoutSeconds(seconds) if speaks_of_itself && *seconds > 0 => Fact::TimeoutSeconds(*seconds),
            Tlv::Route64(route) => {
                let mut route = route.clone();
                let may_be_cut = matches!(command, Command::LINK_ACCEPT | Command::LINK_ACCEPT_AND_REQUEST);
                if may_be_cut && route.routers.len() >= MAX_ROUTERS_IN_LINK_ACCEPT {
                    route.id_sequence = None;
                    decoded.mark_incomplete(FactKind::Route64);
                }
                Fact::Route64(route)
            }
            Tlv::LeaderData(data) => Fact::LeaderData(*data),
            Tlv::NetworkData { omr_prefixes, .. } => {
                network_data(omr_prefixes, &mut decoded);
                continue;
            }
            Tlv::Connectivity(connectivity) => Fact::Connectivity(*connectivity),
            Tlv::Version(version) => Fact::ThreadVersion(*version),
            Tlv::Channel(Some(channel)) => Fact::Channel(*channel),
            Tlv::PanId(pan_id) => Fact::PanId(*pan_id),
            Tlv::ActiveTimestamp(timestamp) => Fact::ActiveTimestamp(*timestamp),
            Tlv::PendingTimestamp(timestamp) => Fact::PendingTimestamp(*timestamp),
            Tlv::ActiveDataset(dataset) => Fact::Dataset(dataset.clone()),
            Tlv::Discovery(discovery) => {
                let extended_pan_id = discovery.extended_pan_id.map(Fact::ExtendedPanId);
                let name = discovery.network_name.clone().map(Fact::NetworkName);
                for fact in extended_pan_id.into_iter().chain(name) {
                    once(&mut decoded, fact);
                }
                continue;
            }
            _ => continue,
        };
        once(&mut decoded, fact);
    }
    decoded
}

/// The first TLV of a type counts, as in OpenThread.
fn once(decoded: &mut Decoded, fact: Fact) {
    if !decoded.facts.iter().any(|other| other.kind() == fact.kind()) {
        decoded.fact(fact);
    }
}

fn network_data(omr_prefixes: &[weft_model::Ipv6Prefix], decoded: &mut Decoded) {
    if decoded.facts.iter().any(|fact| fact.kind() == FactKind::OmrPrefix) {
        return;
    }
    if omr_prefixes.is_empty() && !decoded.incomplete.contains(&FactKind::OmrPrefix) {
        decoded.fact(Fact::Null(FactKind::OmrPrefix));
    }
    decoded.facts.extend(omr_prefixes.iter().copied().map(Fact::OmrPrefix));
}

/// True if mode and timeout in this message are the sender's own: what a child says when it attaches or updates itself.
fn speaks_of_its_own_mode(message: &Message) -> bool {
    match message.command {
        Command::PARENT_REQUEST | Command::CHILD_ID_REQUEST | Command::CHILD_UPDATE_REQUEST | Command::LINK_REQUEST => true,
        // A child's answer to its parent. A parent's answer, from a router's address, repeats what the child said.
        Command::CHILD_UPDATE_RESPONSE => matches!(message.source_address(), Some(Some(rloc16)) if !rloc16.is_router()),
        _ => false,
    }
}

/// The short addresses that a message (command and TLVs in the clear) ties to devices: the sender's own, and the one that a parent gives a new child.
/// `sender` and `receiver` are the extended addresses in the link-local addresses of the message.
pub fn short_addresses(
    clear: &[u8],
    sender: ExtendedAddress,
    receiver: Option<ExtendedAddress>,
) -> impl Iterator<Item = (Rloc16, ExtendedAddress)> + use<> {
    let message = Message::parse(clear).ok();
    let own = message
        .as_ref()
        .and_then(Message::source_address)
        .flatten()
        .map(|rloc16| (rloc16, sender));
    let given = message.as_ref().and_then(|message| {
        let given = message.tlvs.iter().find_map(|tlv| match tlv {
            Tlv::Address16(rloc16) => *rloc16,
            _ => None,
        });
        given.zip(receiver)
    });
    own.into_iter().chain(given)
}
