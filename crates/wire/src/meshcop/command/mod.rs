//! Messages between a commissioner, a border agent and a leader as MeshCoP TLVs (Thread specification 1.4, 8.4 and 8.10; OpenThread
//! `src/core/meshcop/meshcop_tlvs.hpp`): petition, keep-alive, questions for datasets, the commissioner dataset, the UDP proxy.
//!
//! Datasets with keys are not read here but by [`super::decode_dataset`]: of a TLV that is none of a command's, only the type is kept.

mod encode;

pub use encode::{CommandTooLong, encode_command};

use crate::dns::{cut, shown};
use crate::tmf::tlv::{Tlv, Tlvs};
use crate::{Problem, Reader};
use std::net::Ipv6Addr;
use weft_model::Rloc16;

/// TLV types of commands.
#[allow(missing_docs)] // the names are those of the specification
pub mod command_number {
    pub const STEERING_DATA: u8 = 8;
    pub const BORDER_AGENT_LOCATOR: u8 = 9;
    pub const COMMISSIONER_ID: u8 = 10;
    pub const COMMISSIONER_SESSION_ID: u8 = 11;
    pub const GET: u8 = 13;
    pub const STATE: u8 = 16;
    pub const JOINER_UDP_PORT: u8 = 18;
    pub const UDP_ENCAPSULATION: u8 = 48;
    pub const IPV6_ADDRESS: u8 = 49;
}

/// The longest commissioner id in bytes (OpenThread `kMaxCommissionerIdLength`).
pub const MAX_COMMISSIONER_ID_BYTES: usize = 64;

/// The longest steering data in bytes.
pub const MAX_STEERING_DATA_BYTES: usize = 16;

/// The most types of TLVs beyond a command's that are told of one message.
pub const MAX_OTHER_TYPES: usize = 64;

/// What is asked for, or what was decided.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum State {
    /// Reject; of a commissioner: it resigns.
    Reject,
    /// To be decided.
    Pending,
    /// Accept; of a commissioner: it is still there.
    Accept,
    /// Any other number.
    Other(i8),
}

impl State {
    /// From the TLV's number.
    pub fn new(number: i8) -> Self {
        match number {
            -1 => Self::Reject,
            0 => Self::Pending,
            1 => Self::Accept,
            other => Self::Other(other),
        }
    }

    /// The TLV's number.
    pub fn number(self) -> i8 {
        match self {
            Self::Reject => -1,
            Self::Pending => 0,
            Self::Accept => 1,
            Self::Other(other) => other,
        }
    }
}

/// A UDP datagram that a border agent passes on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UdpEncapsulation {
    /// Port that it comes from.
    pub source_port: u16,
    /// Port that it goes to.
    pub destination_port: u16,
    /// UDP payload.
    pub datagram: Vec<u8>,
}

/// A message. Each part is there if its TLV was.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Command {
    /// State.
    pub state: Option<State>,
    /// How a commissioner calls itself, at most [`MAX_COMMISSIONER_ID_BYTES`]. What a peer sent has U+FFFD where a character could not be shown.
    pub commissioner_id: Option<String>,
    /// Number of a commissioner's session.
    pub session_id: Option<u16>,
    /// The border agent that serves the active commissioner.
    pub border_agent_locator: Option<Rloc16>,
    /// Bloom filter of joiners that are let in, at most [`MAX_STEERING_DATA_BYTES`].
    pub steering_data: Option<Vec<u8>>,
    /// UDP port of joiners.
    pub joiner_udp_port: Option<u16>,
    /// Types of TLVs that are asked for.
    pub get: Option<Vec<u8>>,
    /// An address of the mesh.
    pub ipv6_address: Option<Ipv6Addr>,
    /// A datagram.
    pub udp: Option<UdpEncapsulation>,
    /// Types of all other TLVs, in their order; their values are not kept, because they could be keys.
    pub other: Vec<u8>,
}

/// Reads a message. The first TLV of a type counts, as in OpenThread. Problems never quote values.
pub fn decode_command(bytes: &[u8]) -> (Command, Vec<Problem>) {
    let mut command = Command::default();
    let mut problems = Vec::new();
    for tlv in Tlvs::new(bytes) {
        match tlv {
            Ok(tlv) => {
                if let Err(problem) = read(tlv, &mut command) {
                    problems.push(problem.within(&format!("TLV {}", tlv.number), tlv.offset));
                }
            }
            Err(cut) => problems.push(cut.problem),
        }
    }
    (command, problems)
}

fn read(tlv: Tlv<'_>, command: &mut Command) -> Result<(), Problem> {
    use command_number as number;
    let mut reader = Reader::new(tlv.value);
    match tlv.number {
        number::STATE => first(&mut command.state, State::new(reader.i8("state")?))?,
        number::COMMISSIONER_ID => {
            let (id, problem) = showable(reader.rest());
            first(&mut command.commissioner_id, id)?;
            if let Some(problem) = problem {
                return Err(problem);
            }
        }
        number::COMMISSIONER_SESSION_ID => first(&mut command.session_id, reader.u16("session id")?)?,
        number::BORDER_AGENT_LOCATOR => {
            let locator = reader.u16("border agent locator")?;
            let locator = Rloc16::new(locator).ok_or_else(|| Problem::at("border agent locator", 0, format!("{locator:#06x} is no locator")))?;
            first(&mut command.border_agent_locator, locator)?;
        }
        number::STEERING_DATA => {
            let data = reader.rest();
            if data.len() > MAX_STEERING_DATA_BYTES {
                let reason = format!("{} bytes, the most is {MAX_STEERING_DATA_BYTES}", data.len());
                return Err(Problem::at("steering data", 0, reason));
            }
            first(&mut command.steering_data, data.to_vec())?;
        }
        number::JOINER_UDP_PORT => first(&mut command.joiner_udp_port, reader.u16("port")?)?,
        number::GET => first(&mut command.get, reader.rest().to_vec())?,
        number::IPV6_ADDRESS => first(&mut command.ipv6_address, Ipv6Addr::from(reader.array::<16>("address")?))?,
        number::UDP_ENCAPSULATION => {
            let encapsulation = UdpEncapsulation {
                source_port: reader.u16("source port")?,
                destination_port: reader.u16("destination port")?,
                datagram: reader.rest().to_vec(),
            };
            first(&mut command.udp, encapsulation)?;
        }
        other if command.other.len() < MAX_OTHER_TYPES => {
            command.other.push(other);
            return Ok(());
        }
        _ => return Err(Problem::at("type", 0, format!("more than {MAX_OTHER_TYPES} unknown TLVs"))),
    }
    reader.finish("value")
}

fn first<T>(place: &mut Option<T>, value: T) -> Result<(), Problem> {
    match place {
        Some(_) => Err(Problem::at("type", 0, "given twice; the first is used")),
        None => {
            *place = Some(value);
            Ok(())
        }
    }
}

/// Text of a peer as it can be shown: no longer than an id may be, without characters that control a terminal or turn the direction of text.
fn showable(bytes: &[u8]) -> (String, Option<Problem>) {
    let text = shown(&String::from_utf8_lossy(bytes));
    let cut = cut(&text, MAX_COMMISSIONER_ID_BYTES).to_owned();
    let problem =
        (cut.as_bytes() != bytes).then(|| Problem::at("commissioner id", 0, "too long, or not text that can be shown; cut, or replaced in part"));
    (cut, problem)
}

#[cfg(test)]
mod tests;
