//! The network whose key is known: what it is called, and what its messages teach of it.

use weft_model::{Dataset, ExtendedPanId, PanId};
use weft_wire::link_security::NetworkKey;
use weft_wire::lowpan::Contexts;
use weft_wire::meshcop::decode_dataset;
use weft_wire::mle::{Message, Tlv};

/// A network whose frames are opened. No `Debug`, no `Serialize`: it holds the network key.
pub struct Network {
    key: NetworkKey,
    known: Known,
}

impl Network {
    /// A network of which only the key is known; the rest is learnt from its messages.
    pub fn from_key(key: NetworkKey) -> Self {
        Self {
            key,
            known: Known::default(),
        }
    }

    /// The network of an operational dataset (MeshCoP TLVs); `None` if there is no network key in it, or a blanked one.
    pub fn from_dataset(tlvs: &[u8]) -> Option<Self> {
        let key = NetworkKey::from_dataset(tlvs)?;
        let mut known = Known::default();
        known.learn_dataset(&decode_dataset(tlvs).0);
        Some(Self { key, known })
    }

    pub(super) fn into_parts(self) -> (NetworkKey, Known) {
        (self.key, self.known)
    }
}

/// What is known of the network.
#[derive(Default)]
pub(super) struct Known {
    pub(super) extended_pan_id: Option<ExtendedPanId>,
    pub(super) pan_id: Option<PanId>,
    /// Prefixes that compressed addresses leave out.
    pub(super) contexts: Contexts,
}

impl Known {
    fn learn_dataset(&mut self, dataset: &Dataset) {
        self.extended_pan_id = dataset.extended_pan_id.or(self.extended_pan_id);
        self.pan_id = dataset.pan_id.or(self.pan_id);
        if let Some(prefix) = dataset.mesh_local_prefix {
            self.contexts.set_mesh_local(prefix);
        }
    }

    /// Learns from a message that the network key opened.
    pub(super) fn learn(&mut self, message: &Message, pan_id: Option<PanId>) {
        if let Some(pan_id) = pan_id.filter(|pan_id| *pan_id != PanId::BROADCAST) {
            self.pan_id = Some(pan_id);
        }
        for tlv in &message.tlvs {
            match tlv {
                Tlv::ActiveDataset(dataset) => self.learn_dataset(dataset),
                Tlv::NetworkData { bytes, .. } => self.contexts.learn_network_data(bytes),
                _ => {}
            }
        }
    }
}
