//! Commands to bytes.

use super::{Command, MAX_COMMISSIONER_ID_BYTES, MAX_STEERING_DATA_BYTES, UdpEncapsulation, command_number as number};
use crate::tmf::tlv::{self, ValueTooLong};

/// A part that is longer than its TLV may be.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CommandTooLong {
    /// The commissioner id.
    #[error("the commissioner id has {bytes} bytes, the most is {MAX_COMMISSIONER_ID_BYTES}")]
    CommissionerId {
        /// Its length.
        bytes: usize,
    },
    /// The steering data.
    #[error("the steering data has {bytes} bytes, the most is {MAX_STEERING_DATA_BYTES}")]
    SteeringData {
        /// Its length.
        bytes: usize,
    },
    /// Any other value.
    #[error(transparent)]
    Value(#[from] ValueTooLong),
}

/// A message as bytes, except for [`Command::other`], of which only types are known.
///
/// The order is that of ot-commissioner. The datagram's TLV always has an extended length, as OpenThread's and ot-commissioner's have.
///
/// # Errors
/// If a part is too long.
pub fn encode_command(command: &Command) -> Result<Vec<u8>, CommandTooLong> {
    let mut bytes = Vec::new();
    let mut write = |number: u8, value: Option<&[u8]>| value.map_or(Ok(()), |value| tlv::write(&mut bytes, number, value));
    if let Some(state) = command.state {
        write(number::STATE, Some(&state.number().to_be_bytes()))?;
    }
    if let Some(id) = &command.commissioner_id {
        if id.len() > MAX_COMMISSIONER_ID_BYTES {
            return Err(CommandTooLong::CommissionerId { bytes: id.len() });
        }
        write(number::COMMISSIONER_ID, Some(id.as_bytes()))?;
    }
    if let Some(id) = command.session_id {
        write(number::COMMISSIONER_SESSION_ID, Some(&id.to_be_bytes()))?;
    }
    if let Some(locator) = command.border_agent_locator {
        write(number::BORDER_AGENT_LOCATOR, Some(&locator.get().to_be_bytes()))?;
    }
    if let Some(data) = &command.steering_data {
        if data.len() > MAX_STEERING_DATA_BYTES {
            return Err(CommandTooLong::SteeringData { bytes: data.len() });
        }
        write(number::STEERING_DATA, Some(data))?;
    }
    if let Some(port) = command.joiner_udp_port {
        write(number::JOINER_UDP_PORT, Some(&port.to_be_bytes()))?;
    }
    write(number::GET, command.get.as_deref())?;
    if let Some(address) = command.ipv6_address {
        write(number::IPV6_ADDRESS, Some(&address.octets()))?;
    }
    if let Some(udp) = &command.udp {
        write_datagram(&mut bytes, udp)?;
    }
    Ok(bytes)
}

fn write_datagram(bytes: &mut Vec<u8>, udp: &UdpEncapsulation) -> Result<(), ValueTooLong> {
    let length = udp.datagram.len() + 4;
    let extended = u16::try_from(length).map_err(|_| ValueTooLong {
        number: number::UDP_ENCAPSULATION,
        bytes: length,
    })?;
    bytes.extend([number::UDP_ENCAPSULATION, tlv::EXTENDED]);
    bytes.extend(extended.to_be_bytes());
    bytes.extend(udp.source_port.to_be_bytes());
    bytes.extend(udp.destination_port.to_be_bytes());
    bytes.extend(&udp.datagram);
    Ok(())
}
