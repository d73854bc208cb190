//! Beacons (IEEE Std 802.15.4-2015, 7.3.1) and the payload that Thread gave them up to version 1.1 (OpenThread `src/core/mac/mac_frame.hpp`).
//! Thread networks of today answer MLE Discovery instead, but still answer beacon requests.

use super::Address;
use crate::{Problem, Reader};
use weft_model::ExtendedPanId;

/// The protocol number of Thread in a beacon's payload.
pub const THREAD_PROTOCOL_ID: u8 = 3;

/// The most pending addresses of either kind that a beacon can list.
pub const MAX_PENDING_ADDRESSES: usize = 7;

/// A beacon.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Beacon<'a> {
    /// Superframe specification, as it came.
    pub superframe: u16,
    /// Devices for which something waits.
    pub pending: Vec<Address>,
    /// What follows.
    pub payload: &'a [u8],
}

/// What Thread says in a beacon's payload.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ThreadBeacon {
    /// Protocol version.
    pub version: u8,
    /// New devices may join.
    pub joining_permitted: bool,
    /// The commissioner is native: a Thread device.
    pub native_commissioner: bool,
    /// Network name.
    pub network_name: String,
    /// Extended PAN id.
    pub extended_pan_id: ExtendedPanId,
}

impl<'a> Beacon<'a> {
    pub(super) fn parse(body: &'a [u8]) -> Result<Self, Problem> {
        let mut reader = Reader::new(body);
        let superframe = u16::from_le_bytes(reader.array("superframe specification")?);
        let slots = usize::from(reader.u8("guaranteed time slots")? & 7);
        if slots > 0 {
            reader.u8("directions of guaranteed time slots")?;
            reader.take("guaranteed time slots", slots * 3)?;
        }
        let counts = reader.u8("pending addresses")?;
        let mut pending = Vec::with_capacity(2 * MAX_PENDING_ADDRESSES);
        for _ in 0..counts & 7 {
            pending.push(Address::read(&mut reader, 2, "pending short address")?);
        }
        for _ in 0..counts >> 4 & 7 {
            pending.push(Address::read(&mut reader, 3, "pending extended address")?);
        }
        Ok(Self {
            superframe,
            pending,
            payload: reader.rest(),
        })
    }

    /// The payload, if it is Thread's.
    ///
    /// # Errors
    /// Where a payload that begins as Thread's is cut off or its name is no text.
    pub fn thread(&self) -> Option<Result<ThreadBeacon, Problem>> {
        (self.payload.first() == Some(&THREAD_PROTOCOL_ID)).then(|| self.thread_payload())
    }

    fn thread_payload(&self) -> Result<ThreadBeacon, Problem> {
        const NAME_BYTES: usize = 16;
        let mut reader = Reader::new(self.payload);
        reader.u8("protocol id")?;
        let flags = reader.u8("flags")?;
        let offset = reader.position();
        let name = reader.take("network name", NAME_BYTES)?;
        let name = name.split(|byte| *byte == 0).next().unwrap_or_default();
        let network_name = std::str::from_utf8(name)
            .map_err(|error| Problem::at("network name", offset + error.valid_up_to(), "not UTF-8"))?
            .to_owned();
        Ok(ThreadBeacon {
            version: flags >> 4,
            joining_permitted: flags & 1 != 0,
            native_commissioner: flags & 8 != 0,
            network_name,
            extended_pan_id: ExtendedPanId(reader.array("extended PAN id")?),
        })
    }
}
