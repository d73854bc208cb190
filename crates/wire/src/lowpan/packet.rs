//! IPv6 packets, as far as UDP.

use super::{UDP_HEADER_BYTES, next_header};
use crate::{Problem, Reader};
use std::net::Ipv6Addr;

/// The most headers that are read one after the other.
const MAX_HEADERS: usize = 8;

/// An IPv6 packet. Of one in another (Thread carries multicast so), the inner one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Ipv6Packet<'a> {
    /// Source.
    pub source: Ipv6Addr,
    /// Destination.
    pub destination: Ipv6Addr,
    /// Hop limit.
    pub hop_limit: u8,
    /// The number of the first header that is none of IPv6's own: 17 UDP, 58 ICMPv6, 6 TCP, …
    pub protocol: u8,
    /// What that header and everything after it is.
    pub payload: &'a [u8],
}

/// A UDP datagram.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Udp<'a> {
    /// Source port.
    pub source_port: u16,
    /// Destination port.
    pub destination_port: u16,
    /// Checksum, not verified; 0 where compression left it out.
    pub checksum: u16,
    /// Payload.
    pub payload: &'a [u8],
}

impl<'a> Ipv6Packet<'a> {
    /// Reads a packet up to the first header that is none of IPv6's own.
    ///
    /// # Errors
    /// If it is cut off or no IPv6 packet.
    pub fn parse(packet: &'a [u8]) -> Result<Self, Problem> {
        let mut reader = Reader::new(packet);
        let mut read = Self::header(&mut reader)?;
        for _ in 0..MAX_HEADERS {
            match read.protocol {
                next_header::HOP_BY_HOP | next_header::ROUTING | next_header::DESTINATION_OPTIONS => {
                    read.protocol = reader.u8("next header")?;
                    let units = usize::from(reader.u8("length of extension header")?);
                    reader.take("extension header", units * 8 + 6)?;
                }
                next_header::IPV6 => read = Self::header(&mut reader)?,
                _ => {
                    read.payload = reader.rest();
                    return Ok(read);
                }
            }
        }
        Err(Problem::at("headers", reader.position(), format!("more than {MAX_HEADERS}")))
    }

    fn header(reader: &mut Reader<'a>) -> Result<Self, Problem> {
        let start = reader.position();
        let version = reader.u32("version")? >> 28;
        if version != 6 {
            return Err(Problem::at("version", start, format!("{version} is not 6")));
        }
        reader.u16("payload length")?;
        Ok(Self {
            protocol: reader.u8("next header")?,
            hop_limit: reader.u8("hop limit")?,
            source: reader.array("source")?.into(),
            destination: reader.array("destination")?.into(),
            payload: &[],
        })
    }

    /// The UDP datagram in it, if that is what it carries.
    ///
    /// # Errors
    /// If the datagram is cut off.
    pub fn udp(&self) -> Option<Result<Udp<'a>, Problem>> {
        (self.protocol == next_header::UDP).then(|| {
            let mut reader = Reader::new(self.payload);
            let (source_port, destination_port) = (reader.u16("source port")?, reader.u16("destination port")?);
            let length = usize::from(reader.u16("length")?);
            let checksum = reader.u16("checksum")?;
            let Some(payload_bytes) = length.checked_sub(UDP_HEADER_BYTES) else {
                return Err(Problem::at("length", 4, format!("{length} is less than the header")));
            };
            Ok(Udp {
                source_port,
                destination_port,
                checksum,
                payload: reader.take("payload", payload_bytes)?,
            })
        })
    }
}
