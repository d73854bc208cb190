//! Who could be the parent, and which of them is the best (OpenThread `Mle::IsBetterParent`, `Mle::ComparePartitions`).

use super::find;
use crate::node::HeardRouter;
use crate::node::link::Heard;
use std::cmp::Reverse;
use std::time::Duration;
use weft_model::{Connectivity, ExtendedAddress, LeaderData, Rloc16};
use weft_wire::link_security::KeySequence;
use weft_wire::mle::Tlv;

/// Link margins above these are of link quality 1, 2 and 3, dB (OpenThread `LinkQualityInfo`).
const LINK_QUALITY_ABOVE_DB: [u8; 3] = [2, 10, 20];
/// What OpenThread takes for the noise of a radio that does not tell it, dBm.
const NOISE_FLOOR_DBM: i16 = -100;
/// The longest challenge of somebody else (Thread 1.4, 4.5.3: four to eight bytes).
const MAX_CHALLENGE_BYTES: usize = 8;
/// The shortest.
const MIN_CHALLENGE_BYTES: usize = 4;

/// A router, or one that becomes a router for us, that would have us.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Candidate {
    pub(super) address: ExtendedAddress,
    pub(super) rloc16: Rloc16,
    pub(super) leader: LeaderData,
    /// To be given back.
    pub(super) challenge: Vec<u8>,
    pub(super) sequence: KeySequence,
    pub(super) link_counter: u32,
    pub(super) mle_counter: u32,
    pub(super) at: Duration,
    connectivity: Connectivity,
    version: u16,
    link_margin_db: u8,
    /// The worse of both directions.
    two_way_margin_db: u8,
    rssi_dbm: Option<i8>,
}

pub(super) fn challenge_of(bytes: &[u8]) -> Option<&[u8]> {
    (MIN_CHALLENGE_BYTES..=MAX_CHALLENGE_BYTES).contains(&bytes.len()).then_some(bytes)
}

impl Candidate {
    /// What a Parent Response says; `None` where it lacks something, or answers another question than the one with this challenge.
    pub(super) fn read(heard: &Heard, asked: &[u8], now: Duration) -> Option<Self> {
        let message = &heard.message;
        let (sequence, _) = heard.counter?;
        let response = find!(message, Tlv::Response(bytes) => bytes)?;
        if response != asked {
            return None;
        }
        let link_margin_db = *find!(message, Tlv::LinkMarginDb(margin) => margin)?;
        let link_counter = *find!(message, Tlv::LinkFrameCounter(counter) => counter)?;
        Some(Self {
            address: heard.from,
            rloc16: message.source_address()??,
            leader: *find!(message, Tlv::LeaderData(leader) => leader)?,
            challenge: challenge_of(find!(message, Tlv::Challenge(bytes) => bytes)?)?.to_vec(),
            sequence,
            link_counter,
            // One that is left out is the same as the link's (Thread 1.4, 4.5.8).
            mle_counter: find!(message, Tlv::MleFrameCounter(counter) => *counter).unwrap_or(link_counter),
            at: now,
            connectivity: *find!(message, Tlv::Connectivity(connectivity) => connectivity)?,
            version: *find!(message, Tlv::Version(version) => version)?,
            link_margin_db,
            two_way_margin_db: heard.rssi_dbm.map_or(link_margin_db, |rssi| margin_db(rssi).min(link_margin_db)),
            rssi_dbm: heard.rssi_dbm,
        })
    }

    /// The link is as good as links are: nobody better needs to be looked for.
    pub(super) fn is_excellent(&self) -> bool {
        link_quality(self.two_way_margin_db) == 3
    }

    /// How good it is as a parent: greater is better. First the partition as whole, then what the mesh has of the choice, then what we have.
    pub(super) fn rank(&self) -> impl Ord + use<> {
        let Connectivity {
            parent_priority,
            link_quality_3,
            link_quality_2,
            link_quality_1,
            active_routers,
            sed_buffer_bytes,
            sed_datagram_count,
            ..
        } = self.connectivity;
        let is_not_alone = active_routers > 1;
        let partition = (self.leader.weighting, is_not_alone, self.leader.partition_id);
        let mesh = (
            link_quality(self.two_way_margin_db),
            self.rloc16.is_router(),
            parent_priority,
            link_quality_3,
        );
        let child = (self.version, sed_buffer_bytes, sed_datagram_count, link_quality_2, link_quality_1);
        // The address decides where nothing else does: the same answers give the same choice.
        (partition, mesh, child, self.two_way_margin_db, Reverse(self.address))
    }

    pub(super) fn heard_router(&self) -> HeardRouter {
        HeardRouter {
            rloc16: self.rloc16,
            extended_address: self.address,
            rssi_dbm: self.rssi_dbm,
            link_margin_db: self.link_margin_db,
            at: self.at,
        }
    }
}

fn margin_db(rssi_dbm: i8) -> u8 {
    u8::try_from((i16::from(rssi_dbm) - NOISE_FLOOR_DBM).max(0)).unwrap_or(u8::MAX)
}

fn link_quality(margin_db: u8) -> usize {
    LINK_QUALITY_ABOVE_DB.iter().filter(|above| margin_db > **above).count()
}
