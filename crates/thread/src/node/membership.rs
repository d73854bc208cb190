//! What makes somebody a member of a network, and what a node keeps from one run to the next.

use crate::Random;
use crate::credential::OperationalDataset;
use crate::hexadecimal;
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;
use weft_model::{Channel, ExtendedAddress, ExtendedPanId, MeshLocalPrefix, PanId};
use weft_wire::link_security::NetworkKey;

/// What is hashed to tell keys apart. Thread itself hashes other texts under the network key (a key sequence and "Thread"): no key of the mesh is like this.
const FINGERPRINT_OF: &[u8] = b"Weft: frame counters of a node";
const FINGERPRINT_BYTES: usize = 8;

/// A network that can be joined. No `Debug`, no `Serialize`: it holds the network key.
#[derive(Clone)]
pub struct Membership {
    pub(super) key: NetworkKey,
    /// The network.
    pub extended_pan_id: ExtendedPanId,
    /// What it is called.
    pub network_name: Option<String>,
    /// Its PAN.
    pub pan_id: PanId,
    /// Its channel.
    pub channel: Channel,
    /// Locators are made of it.
    pub mesh_local_prefix: MeshLocalPrefix,
    /// The dataset's timestamp, packed as on the wire: a parent sends its own dataset only to a child that has another.
    pub active_timestamp: Option<u64>,
    /// How often the network changes its keys.
    pub key_rotation_hours: Option<u16>,
}

/// A dataset that lets nobody join.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the dataset holds no {missing}: enter the network's whole active dataset")]
pub struct Unfit {
    /// What it lacks.
    pub missing: &'static str,
}

impl Membership {
    /// The network of a dataset.
    ///
    /// # Errors
    /// What it lacks.
    pub fn from_dataset(dataset: &OperationalDataset) -> Result<Self, Unfit> {
        let public = dataset.public();
        let lacks = |missing| Unfit { missing };
        Ok(Self {
            key: dataset.network_key().ok_or(lacks("network key"))?,
            extended_pan_id: public.extended_pan_id.ok_or(lacks("extended PAN ID"))?,
            network_name: public.network_name,
            pan_id: public.pan_id.ok_or(lacks("PAN ID"))?,
            channel: public.channel.ok_or(lacks("channel"))?,
            mesh_local_prefix: public.mesh_local_prefix.ok_or(lacks("mesh-local prefix"))?,
            active_timestamp: public.active_timestamp,
            key_rotation_hours: public.key_rotation_hours,
        })
    }

    /// Tells network keys apart without telling anything of them, so that it may be kept in the clear: 8 bytes of HMAC-SHA256 of a fixed text under the key, in
    /// hexadecimal digits. Without the key that is as good as random; it only says whether a guess of 128 bits was right, and so does every frame on the air.
    pub fn key_fingerprint(&self) -> String {
        // HMAC takes keys of every length: this cannot fail.
        let Ok(mut mac) = <Hmac<Sha256> as KeyInit>::new_from_slice(self.key.expose()) else {
            return String::new();
        };
        mac.update(FINGERPRINT_OF);
        hexadecimal(mac.finalize().into_bytes().get(..FINGERPRINT_BYTES).unwrap_or_default())
    }
}

/// What a node keeps from one run to the next. A frame counter that was used must never be used again with the same key and address: receivers would take the
/// frame for a replay, and whoever hears both could open both (IEEE 802.15.4, 9.3.2; Thread 1.4, 7.1.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Kept {
    /// The node's extended address: made up at random once.
    pub extended_address: ExtendedAddress,
    /// The newest key sequence that was seen.
    pub key_sequence: u32,
    /// No MAC frame was sent with this counter or a higher one.
    pub mac_counter_below: u32,
    /// No MLE message was sent with this counter or a higher one.
    pub mle_counter_below: u32,
}

/// Bits of an extended address's first byte: it is a group's, and it was not given by a manufacturer.
const GROUP: u8 = 0x01;
const LOCAL: u8 = 0x02;

impl Kept {
    /// A node that was never on the air: its extended address is made up (OpenThread `Mac::ExtAddress::GenerateRandom`).
    pub fn fresh(random: &mut Random) -> Self {
        let mut extended_address = ExtendedAddress([0; 8]);
        random(&mut extended_address.0);
        extended_address.0[0] = extended_address.0[0] & !GROUP | LOCAL;
        Self {
            extended_address,
            key_sequence: 0,
            mac_counter_below: 0,
            mle_counter_below: 0,
        }
    }
}
