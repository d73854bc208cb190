//! What a child says (OpenThread `Mle::Send…`, TLVs in its order).

use super::Timestamps;
use std::net::Ipv6Addr;
use weft_model::{DeviceMode, ExtendedAddress, LeaderData, Rloc16};
use weft_wire::mle::{Command, Message, RegisteredAddress, Tlv, number};

/// All routers of the link: who is asked for a parent, or for a network.
pub(super) const ALL_ROUTERS: Ipv6Addr = Ipv6Addr::new(0xff02, 0, 0, 0, 0, 0, 0, 2);
/// Always listens, minimal, wants the whole network data: with it every 6LoWPAN context is known.
pub(super) const MODE: DeviceMode = DeviceMode {
    rx_on_when_idle: true,
    full_thread_device: false,
    full_network_data: true,
};
/// Thread 1.4, as OpenThread numbers versions in MLE.
const THREAD_VERSION: u16 = 5;
/// A parent strikes a child off that was not heard for so long (OpenThread `OPENTHREAD_CONFIG_MLE_CHILD_TIMEOUT_DEFAULT`).
pub(super) const TIMEOUT_SECONDS: u32 = 240;
/// The only status: an error.
pub(super) const STATUS_ERROR: u8 = 1;
/// MeshCoP TLV in the Discovery TLV: what the asker is.
const DISCOVERY_REQUEST: u8 = 128;
/// Who a child ID request is for is asked for its locator and for the network data.
const CHILD_ID_TLVS: [u8; 2] = [number::ADDRESS16, number::NETWORK_DATA];

/// Eight random bytes, to be given back.
pub(super) type Challenge = [u8; 8];

/// What a message is about: what follows when it is sent, or lost.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::node) enum About {
    /// Who may be asked for a place, or for the network: the answers come after it.
    Asking,
    /// A request for a place.
    ChildId,
    /// Something else for the parent: whether it arrives says whether the parent lives.
    Parent,
    /// A goodbye.
    Goodbye,
    /// An answer to somebody who is not the parent.
    Other,
}

/// A message to be sent. The counters in it are filled in when it is.
#[derive(Debug, Clone, PartialEq)]
pub(in crate::node) struct Draft {
    pub(in crate::node) destination: Ipv6Addr,
    pub(in crate::node) message: Message,
    pub(in crate::node) about: About,
}

impl Draft {
    fn new(destination: Ipv6Addr, about: About, command: Command, tlvs: Vec<Tlv>) -> Self {
        let message = Message {
            command,
            tlvs,
            problems: Vec::new(),
            incomplete: Vec::new(),
        };
        Self { destination, message, about }
    }

    /// It is for whoever does not know the network's key.
    pub(in crate::node) fn is_discovery(&self) -> bool {
        self.message.command == Command::DISCOVERY_REQUEST
    }
}

pub(super) fn discovery_request() -> Draft {
    // Version in the upper four bits, then "wants to join".
    let flags = (THREAD_VERSION << 12).to_be_bytes();
    let value = vec![DISCOVERY_REQUEST, flags.len() as u8, flags[0], flags[1]];
    let tlvs = vec![Tlv::Other(number::DISCOVERY, value)];
    Draft::new(ALL_ROUTERS, About::Asking, Command::DISCOVERY_REQUEST, tlvs)
}

pub(super) fn parent_request(challenge: Challenge, end_devices: bool) -> Draft {
    let tlvs = vec![
        Tlv::Mode(MODE),
        Tlv::Challenge(challenge.to_vec()),
        Tlv::ScanMask { routers: true, end_devices },
        Tlv::Version(THREAD_VERSION),
    ];
    Draft::new(ALL_ROUTERS, About::Asking, Command::PARENT_REQUEST, tlvs)
}

pub(super) fn child_id_request(parent: ExtendedAddress, response: &[u8], interface_id: [u8; 8], timestamps: Timestamps) -> Draft {
    let mut tlvs = vec![
        Tlv::Response(response.to_vec()),
        Tlv::LinkFrameCounter(0),
        Tlv::MleFrameCounter(0),
        Tlv::Mode(MODE),
        Tlv::TimeoutSeconds(TIMEOUT_SECONDS),
        Tlv::Version(THREAD_VERSION),
        registration(interface_id),
        Tlv::TlvRequest(CHILD_ID_TLVS.to_vec()),
    ];
    timestamps.append(&mut tlvs);
    Draft::new(parent.to_link_local(), About::ChildId, Command::CHILD_ID_REQUEST, tlvs)
}

/// With a challenge where it matters that the answer is no old one; a timeout of 0 says goodbye.
pub(super) fn child_update_request(
    parent: ExtendedAddress,
    rloc16: Rloc16,
    leader: LeaderData,
    interface_id: [u8; 8],
    challenge: Option<Challenge>,
    timeout_seconds: u32,
) -> Draft {
    let mut tlvs = vec![Tlv::Mode(MODE)];
    tlvs.extend(challenge.map(|challenge| Tlv::Challenge(challenge.to_vec())));
    tlvs.extend([
        Tlv::SourceAddress(Some(rloc16)),
        Tlv::LeaderData(leader),
        Tlv::TimeoutSeconds(timeout_seconds),
        registration(interface_id),
    ]);
    let about = if timeout_seconds == 0 { About::Goodbye } else { About::Parent };
    Draft::new(parent.to_link_local(), about, Command::CHILD_UPDATE_REQUEST, tlvs)
}

/// What a parent, or somebody who takes us for its child, asks for.
pub(super) struct Asked<'a> {
    pub(super) by: ExtendedAddress,
    pub(super) is_parent: bool,
    pub(super) challenge: Option<&'a [u8]>,
    pub(super) tlvs: &'a [u8],
}

pub(super) fn child_update_response(asked: &Asked<'_>, rloc16: Rloc16, leader: LeaderData, interface_id: [u8; 8]) -> Draft {
    let mut tlvs = vec![Tlv::SourceAddress(Some(rloc16)), Tlv::LeaderData(leader)];
    if let Some(challenge) = asked.challenge {
        tlvs.extend([Tlv::Response(challenge.to_vec()), Tlv::MleFrameCounter(0), Tlv::LinkFrameCounter(0)]);
    }
    if !asked.is_parent {
        tlvs.push(Tlv::Status(STATUS_ERROR));
    }
    for wanted in [number::TIMEOUT, number::ADDRESS_REGISTRATION] {
        if asked.tlvs.contains(&wanted) {
            tlvs.push(match wanted {
                number::TIMEOUT => Tlv::TimeoutSeconds(TIMEOUT_SECONDS),
                _ => registration(interface_id),
            });
        }
    }
    let about = if asked.is_parent { About::Parent } else { About::Other };
    Draft::new(asked.by.to_link_local(), about, Command::CHILD_UPDATE_RESPONSE, tlvs)
}

pub(super) fn data_request(parent: ExtendedAddress, timestamps: Timestamps) -> Draft {
    let mut tlvs = vec![Tlv::TlvRequest(vec![number::NETWORK_DATA])];
    timestamps.append(&mut tlvs);
    Draft::new(parent.to_link_local(), About::Parent, Command::DATA_REQUEST, tlvs)
}

/// The mesh-local address: the only one besides the locator.
fn registration(interface_id: [u8; 8]) -> Tlv {
    let address = RegisteredAddress::Compressed { context: 0, interface_id };
    Tlv::AddressRegistration(vec![address])
}
