//! What may stand before a compressed header: mesh header, fragmentation header (RFC 4944, 5).

use crate::ieee802154::Address;
use crate::{Problem, Reader};
use weft_model::ExtendedAddress;

/// A mesh header: the frame is one hop of several.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MeshHeader {
    /// Hops that are left.
    pub hops_left: u8,
    /// Who sent it first.
    pub originator: Address,
    /// Where it goes in the end.
    pub final_destination: Address,
}

/// A fragmentation header.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FragmentHeader {
    /// Bytes of the whole IPv6 packet, uncompressed.
    pub packet_bytes: u16,
    /// The same for all fragments of a packet.
    pub tag: u16,
    /// Where the fragment begins in the uncompressed packet; 0: it is the first, and its header is compressed.
    pub offset_bytes: u16,
}

/// A data frame's payload, up to the compressed header or the middle of a packet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Headers<'a> {
    /// Mesh header.
    pub mesh: Option<MeshHeader>,
    /// Fragmentation header.
    pub fragment: Option<FragmentHeader>,
    /// What follows.
    pub rest: &'a [u8],
}

/// Hops in the mesh header that say: the number follows.
const DEEP_HOPS: u8 = 0x0f;

impl<'a> Headers<'a> {
    /// Reads the headers at the start of a payload.
    ///
    /// # Errors
    /// If one is cut off, or a fragment does not lie within its packet.
    pub fn parse(payload: &'a [u8]) -> Result<Self, Problem> {
        let mut reader = Reader::new(payload);
        let mut headers = Self {
            mesh: None,
            fragment: None,
            rest: payload,
        };
        if payload.first().is_some_and(|dispatch| dispatch & 0xc0 == 0x80) {
            headers.mesh = Some(mesh(&mut reader)?);
        }
        headers.rest = reader.clone().rest();
        if let Some(dispatch @ (0xc0 | 0xe0)) = headers.rest.first().map(|dispatch| dispatch & 0xf8) {
            let packet_bytes = reader.u16("packet size")? & 0x07ff;
            let tag = reader.u16("packet tag")?;
            let offset = reader.position();
            let offset_bytes = match dispatch {
                0xc0 => 0,
                _ => u16::from(reader.u8("fragment offset")?) * 8,
            };
            let fragment_bytes = reader.left();
            if dispatch == 0xe0 && (offset_bytes == 0 || usize::from(offset_bytes) + fragment_bytes > usize::from(packet_bytes)) {
                let reason = format!("{fragment_bytes} bytes at {offset_bytes} of {packet_bytes}");
                return Err(Problem::at("fragment offset", offset, reason));
            }
            headers.fragment = Some(FragmentHeader {
                packet_bytes,
                tag,
                offset_bytes,
            });
            headers.rest = reader.rest();
        }
        Ok(headers)
    }

    /// The addresses that interface ids are made of: the mesh header's, or else the frame's.
    pub fn addresses(&self, source: Address, destination: Address) -> (Address, Address) {
        match self.mesh {
            Some(mesh) => (mesh.originator, mesh.final_destination),
            None => (source, destination),
        }
    }
}

fn mesh(reader: &mut Reader<'_>) -> Result<MeshHeader, Problem> {
    let dispatch = reader.u8("mesh header")?;
    let hops_left = match dispatch & 0x0f {
        DEEP_HOPS => reader.u8("hops left")?,
        hops => hops,
    };
    let mut address = |is_short: bool, field| match is_short {
        true => reader.u16(field).map(Address::Short),
        false => reader.array(field).map(|bytes| Address::Extended(ExtendedAddress(bytes))),
    };
    Ok(MeshHeader {
        hops_left,
        originator: address(dispatch & 0x20 != 0, "originator")?,
        final_destination: address(dispatch & 0x10 != 0, "final destination")?,
    })
}

impl MeshHeader {
    /// Appends the header; `None`, and nothing is appended, if one of the addresses is left out.
    pub fn write(&self, bytes: &mut Vec<u8>) -> Option<()> {
        let is_short = |address| match address {
            Address::None => None,
            Address::Short(_) => Some(true),
            Address::Extended(_) => Some(false),
        };
        let (originator, destination) = (is_short(self.originator)?, is_short(self.final_destination)?);
        let flags = 0x80 | if originator { 0x20 } else { 0 } | if destination { 0x10 } else { 0 };
        if self.hops_left < DEEP_HOPS {
            bytes.push(flags | self.hops_left);
        } else {
            bytes.extend([flags | DEEP_HOPS, self.hops_left]);
        }
        for address in [self.originator, self.final_destination] {
            match address {
                Address::None => (),
                Address::Short(number) => bytes.extend(number.to_be_bytes()),
                Address::Extended(address) => bytes.extend(address.0),
            }
        }
        Some(())
    }
}

impl FragmentHeader {
    /// Appends the header; the offset is cut to whole units of 8 bytes, as it is sent.
    pub fn write(&self, bytes: &mut Vec<u8>) {
        let dispatch: u16 = if self.offset_bytes == 0 { 0xc000 } else { 0xe000 };
        bytes.extend((dispatch | self.packet_bytes & 0x07ff).to_be_bytes());
        bytes.extend(self.tag.to_be_bytes());
        if self.offset_bytes != 0 {
            bytes.push((self.offset_bytes / 8) as u8);
        }
    }
}
