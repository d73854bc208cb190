//! Paths and payloads of what we say to a border agent (OpenThread `src/core/thread/uri_paths.hpp`).

use super::DatasetKind;
use std::net::Ipv6Addr;
use weft_wire::meshcop::{Command, CommandTooLong, State, UdpEncapsulation, encode_command};

/// COMM_PET: asks for the commissioner's role.
pub(super) const PETITION: &str = "c/cp";
/// COMM_KA: keeps it, or gives it back.
pub(super) const KEEP_ALIVE: &str = "c/ca";
/// MGMT_COMMISSIONER_GET: asks for the commissioner dataset.
pub(super) const COMMISSIONER_GET: &str = "c/cg";
/// UDP_TX: to the mesh.
pub(super) const PROXY_TRANSMIT: &str = "c/ut";
/// UDP_RX: from the mesh.
pub(super) const PROXY_RECEIVE: &str = "c/ur";

pub(super) fn dataset(kind: DatasetKind) -> &'static str {
    match kind {
        DatasetKind::Active => "c/ag",
        DatasetKind::Pending => "c/pg",
        DatasetKind::Commissioner => COMMISSIONER_GET,
    }
}

pub(super) fn petition(commissioner_id: &str) -> Result<Vec<u8>, CommandTooLong> {
    encode_command(&Command {
        commissioner_id: Some(commissioner_id.to_owned()),
        ..Command::default()
    })
}

pub(super) fn keep_alive(session_id: u16) -> Vec<u8> {
    state(State::Accept, session_id)
}

pub(super) fn resignation(session_id: u16) -> Vec<u8> {
    state(State::Reject, session_id)
}

fn state(state: State, session_id: u16) -> Vec<u8> {
    let command = Command {
        state: Some(state),
        session_id: Some(session_id),
        ..Command::default()
    };
    // Two numbers are never too long.
    encode_command(&command).unwrap_or_default()
}

pub(super) fn datagram(destination: Ipv6Addr, source_port: u16, destination_port: u16, datagram: &[u8]) -> Result<Vec<u8>, CommandTooLong> {
    let udp = UdpEncapsulation {
        source_port,
        destination_port,
        datagram: datagram.to_vec(),
    };
    encode_command(&Command {
        ipv6_address: Some(destination),
        udp: Some(udp),
        ..Command::default()
    })
}
