//! What a listener needs to open what it hears.

use super::key::{KeySequence, NetworkKey};
use super::{Closed, KeyRing, KeyUsed, OpenedMle, ShortAddresses};
use crate::ieee802154::{Acknowledged, Address, Frame, FrameKind, KeyId};
use crate::mle;
use std::net::Ipv6Addr;
use weft_model::{ExtendedAddress, PanId, Rloc16};

/// A MAC frame in the clear.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OpenedFrame {
    /// The payload: 6LoWPAN of a data frame; of a version-2015 command, identifier and content; empty for most acknowledgments.
    pub payload: Vec<u8>,
    /// Who sealed it; `None` for an Announce frame, whose key everybody has.
    pub sender: Option<ExtendedAddress>,
    /// Which key.
    pub key: KeyUsed,
}

/// A network key, the key sequence and the addresses learnt by listening.
pub struct LinkSecurity {
    keys: KeyRing,
    addresses: ShortAddresses,
}

impl LinkSecurity {
    /// Knows nothing but the key.
    pub fn new(key: NetworkKey) -> Self {
        Self {
            keys: KeyRing::new(key),
            addresses: ShortAddresses::new(),
        }
    }

    /// The newest key sequence that opened something.
    pub fn sequence(&self) -> Option<KeySequence> {
        self.keys.sequence()
    }

    /// The keys, to seal with them or to tell a key sequence.
    pub fn keys(&mut self) -> &mut KeyRing {
        &mut self.keys
    }

    /// What is known of short addresses.
    pub fn addresses(&self) -> &ShortAddresses {
        &self.addresses
    }

    /// Ties a short address to an extended one.
    pub fn learn(&mut self, pan_id: PanId, rloc16: Rloc16, address: ExtendedAddress) {
        self.addresses.learn(pan_id, rloc16, address);
    }

    /// Opens a secured frame. `bytes` is what `frame` was parsed from; for an acknowledgment, `acknowledged` is the frame that it belongs to
    /// ([`crate::ieee802154::AwaitedAcknowledgment`]): without it, only an acknowledgment from a parent to its child opens.
    ///
    /// # Errors
    /// Why it stays closed; [`Closed::InTheClear`] for a frame that is not secured.
    pub fn open_frame(&mut self, bytes: &[u8], frame: &Frame<'_>, acknowledged: Option<&Acknowledged>) -> Result<OpenedFrame, Closed> {
        let security = frame.security.ok_or(Closed::InTheClear)?;
        if matches!(security.key_id, KeyId::Source4 { .. }) {
            let nobody = ExtendedAddress([0; 8]);
            let (payload, key) = self.keys.open_frame(bytes, frame, nobody)?;
            return Ok(OpenedFrame { payload, sender: None, key });
        }
        let (pan_id, source) = match (frame.kind, frame.source, acknowledged) {
            (FrameKind::Acknowledgment, Address::None, Some(acknowledged)) => (acknowledged.pan_id, acknowledged.to),
            // What a child sends, its parent acknowledges.
            (FrameKind::Acknowledgment, Address::None, None) => {
                let parent = frame.destination.rloc16().and_then(Rloc16::parent);
                (
                    frame.destination_pan_id,
                    parent.map_or(Address::None, |parent| Address::Short(parent.get())),
                )
            }
            _ => (frame.source_pan_id.or(frame.destination_pan_id), frame.source),
        };
        let mut opened = |sender| {
            let (payload, key) = self.keys.open_frame(bytes, frame, sender)?;
            Ok(OpenedFrame {
                payload,
                sender: Some(sender),
                key,
            })
        };
        match source {
            Address::Extended(sender) => opened(sender),
            Address::None => Err(Closed::UnknownSender),
            Address::Short(_) => {
                let (Some(pan_id), Some(rloc16)) = (pan_id, source.rloc16()) else {
                    return Err(Closed::UnknownSender);
                };
                let mut reason = Closed::UnknownSender;
                for sender in self.addresses.candidates(pan_id, rloc16) {
                    match opened(*sender) {
                        Ok(frame) => {
                            self.addresses.learn(pan_id, rloc16, *sender);
                            return Ok(frame);
                        }
                        Err(closed) => reason = closed,
                    }
                }
                Err(reason)
            }
        }
    }

    /// Opens an MLE message between these addresses, and learns which short addresses it ties to which devices in `pan_id`.
    ///
    /// # Errors
    /// Why it stays closed.
    pub fn open_mle(&mut self, pan_id: Option<PanId>, source: Ipv6Addr, destination: Ipv6Addr, payload: &[u8]) -> Result<OpenedMle, Closed> {
        let opened = self.keys.open_mle(source, destination, payload)?;
        if let (Some(pan_id), true) = (pan_id, opened.counter.is_some()) {
            let receiver = ExtendedAddress::from_link_local(destination);
            for (rloc16, address) in mle::short_addresses(&opened.clear, opened.sender, receiver) {
                self.addresses.learn(pan_id, rloc16, address);
            }
        }
        Ok(opened)
    }
}
