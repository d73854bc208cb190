//! The keys of a network, and which of them a frame was sealed with.

use super::ccm;
use super::key::{ANNOUNCE_ADDRESS, ANNOUNCE_INDEX, ANNOUNCE_KEY, ANNOUNCE_SOURCE, KEY_BYTES, KeySequence, LinkKeys, NetworkKey};
use crate::ieee802154::{AuxiliarySecurity, Frame, KeyId, SecurityLevel};
use crate::mle;
use crate::spinel::encode_mac_keys;
use std::net::Ipv6Addr;
use weft_model::ExtendedAddress;
use zeroize::Zeroizing;

/// Key sequences whose keys are kept.
const KEPT_SEQUENCES: usize = 4;

/// Which key opened something.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum KeyUsed {
    /// The network's, of this sequence.
    Network(KeySequence),
    /// The one that everybody has: nothing is proven. Thread sends Announce messages with it, sealed inside by MLE.
    Announce,
}

/// Why something stays closed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Closed {
    /// It is not secured.
    #[error("not secured")]
    InTheClear,
    /// The extended address of the sender's short address is not known.
    #[error("the extended address of its sender is not known yet")]
    UnknownSender,
    /// The key is none that a network key gives: key id mode 0 or 3, a foreign key source, an index out of range.
    #[error("sealed with a key that is not made of the network key")]
    OtherKey,
    /// The integrity code does not fit: another network's key, or a damaged frame.
    #[error("the network key does not open it")]
    WrongKey,
    /// The security level has no integrity code, or the frame counter is missing: nobody can tell whether a key fits.
    #[error("its security level cannot be checked")]
    Uncheckable,
    /// It cannot be read as far as the sealed part.
    #[error("cut off")]
    Malformed,
}

/// An MLE message in the clear.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OpenedMle {
    /// Command and TLVs, for [`mle::Message::parse`].
    pub clear: Vec<u8>,
    /// The sender, by its link-local address.
    pub sender: ExtendedAddress,
    /// The sender's MLE frame counter and key sequence; `None` for a message that is not secured (Discovery).
    pub counter: Option<(KeySequence, u32)>,
}

/// A network key with the keys made of it. Learns the key sequence from what it opens.
pub struct KeyRing {
    key: NetworkKey,
    sequence: Option<KeySequence>,
    kept: Vec<(KeySequence, LinkKeys)>,
}

impl KeyRing {
    /// The keys of a network whose key sequence is not known.
    pub fn new(key: NetworkKey) -> Self {
        Self {
            key,
            sequence: None,
            kept: Vec::with_capacity(KEPT_SEQUENCES),
        }
    }

    /// The newest key sequence that opened something, or that was told.
    pub fn sequence(&self) -> Option<KeySequence> {
        self.sequence
    }

    /// Tells a key sequence; an older one than the known changes nothing.
    pub fn learn_sequence(&mut self, sequence: KeySequence) {
        self.sequence = self.sequence.max(Some(sequence));
    }

    fn keys(&mut self, sequence: KeySequence) -> &LinkKeys {
        let place = match self.kept.iter().position(|(kept, _)| *kept == sequence) {
            Some(place) => place,
            None => {
                self.kept.truncate(KEPT_SEQUENCES - 1);
                self.kept.push((sequence, self.key.derive(sequence)));
                self.kept.len() - 1
            }
        };
        // The last used stands first, the first unused falls out.
        self.kept[..=place].rotate_right(1);
        &self.kept[0].1
    }

    /// The MAC keys of the sequences before, at and after `sequence`, as the value of Spinel's RCP_MAC_KEY: a radio that seals frames and
    /// acknowledgments itself needs them. A secret: overwritten when dropped.
    pub fn radio_keys(&mut self, sequence: KeySequence) -> Zeroizing<Vec<u8>> {
        let mut key = |sequence: u32| Zeroizing::new(self.keys(KeySequence(sequence)).mac);
        let (before, now, after) = (key(sequence.0.wrapping_sub(1)), key(sequence.0), key(sequence.0.wrapping_add(1)));
        encode_mac_keys(sequence.index(), &before, &now, &after)
    }

    /// Opens a secured MAC frame that `sender` sealed. `bytes` is what `frame` was parsed from. The sender of an acknowledgment is the receiver
    /// of the frame that it acknowledges; of an Announce frame it does not matter.
    ///
    /// # Errors
    /// Why the frame stays closed.
    pub fn open_frame(&mut self, bytes: &[u8], frame: &Frame<'_>, sender: ExtendedAddress) -> Result<(Vec<u8>, KeyUsed), Closed> {
        let security = frame.security.ok_or(Closed::InTheClear)?;
        let sealed = frame.sealed(bytes).ok_or(Closed::Malformed)?;
        let level = security.level;
        let (Some(frame_counter), false) = (security.frame_counter, security.slot_number_in_nonce || sealed.mic.is_empty()) else {
            return Err(Closed::Uncheckable);
        };
        // Where nothing is encrypted, the payload is authenticated behind the header.
        let authenticated: &[u8] = if level.is_encrypted() {
            sealed.open
        } else {
            bytes.get(..bytes.len() - sealed.mic.len()).ok_or(Closed::Malformed)?
        };
        let attempt = |key: &[u8; KEY_BYTES], sender: ExtendedAddress| -> Option<Vec<u8>> {
            let nonce = ccm::nonce(sender, frame_counter, level);
            let mut payload = sealed.payload.to_vec();
            let encrypted: &mut [u8] = if level.is_encrypted() { &mut payload } else { &mut [] };
            ccm::open(key, &nonce, authenticated, encrypted, sealed.mic)?;
            Some(payload)
        };
        match security.key_id {
            KeyId::Index(index) => {
                let known = self.sequence.unwrap_or_default();
                let mut sequences = known.with_index(index).peekable();
                if sequences.peek().is_none() {
                    return Err(Closed::OtherKey);
                }
                for sequence in sequences {
                    if let Some(payload) = attempt(&self.keys(sequence).mac, sender) {
                        self.learn_sequence(sequence);
                        return Ok((payload, KeyUsed::Network(sequence)));
                    }
                }
                Err(Closed::WrongKey)
            }
            KeyId::Source4 {
                source: ANNOUNCE_SOURCE,
                index: ANNOUNCE_INDEX,
            } => attempt(&ANNOUNCE_KEY, ExtendedAddress(ANNOUNCE_ADDRESS))
                .map(|payload| (payload, KeyUsed::Announce))
                .ok_or(Closed::WrongKey),
            KeyId::Implicit | KeyId::Source4 { .. } | KeyId::Source8 { .. } => Err(Closed::OtherKey),
        }
    }

    /// Opens an MLE message: the payload of a UDP datagram between these addresses.
    ///
    /// # Errors
    /// Why the message stays closed.
    pub fn open_mle(&mut self, source: Ipv6Addr, destination: Ipv6Addr, payload: &[u8]) -> Result<OpenedMle, Closed> {
        let sender = ExtendedAddress::from_link_local(source).ok_or(Closed::UnknownSender)?;
        let (security, header, sealed) = match mle::Envelope::parse(payload).map_err(|_| Closed::Malformed)? {
            mle::Envelope::Clear(clear) => {
                return Ok(OpenedMle {
                    clear: clear.to_vec(),
                    sender,
                    counter: None,
                });
            }
            mle::Envelope::Secured { security, header, sealed } => (security, header, sealed),
        };
        let KeyId::Source4 { source: key_source, index } = security.key_id else {
            return Err(Closed::OtherKey);
        };
        let sequence = KeySequence(u32::from_be_bytes(key_source));
        if sequence.index() != index {
            return Err(Closed::OtherKey);
        }
        let (Some(frame_counter), true) = (security.frame_counter, security.level.is_encrypted()) else {
            return Err(Closed::Uncheckable);
        };
        let (clear, mic) = sealed
            .split_at_checked(sealed.len().saturating_sub(security.level.mic_bytes()))
            .ok_or(Closed::Malformed)?;
        if mic.is_empty() {
            return Err(Closed::Uncheckable);
        }
        let nonce = ccm::nonce(sender, frame_counter, security.level);
        let mut clear = clear.to_vec();
        let authenticated = mle_authenticated(source, destination, header);
        ccm::open(&self.keys(sequence).mle, &nonce, &authenticated, &mut clear, mic).ok_or(Closed::WrongKey)?;
        self.learn_sequence(sequence);
        Ok(OpenedMle {
            clear,
            sender,
            counter: Some((sequence, frame_counter)),
        })
    }

    /// Seals a MAC frame with the key of `sequence`: the header of `frame`, then `payload` encrypted at the frame's security level (for a command
    /// up to version 2006, it begins with the command's identifier). The frame's own `body` does not matter. Without check sequence.
    ///
    /// # Errors
    /// If the frame's security header is missing, is not of key id mode 1 with the sequence's index, or has no frame counter or integrity code.
    pub fn seal_frame(&mut self, frame: &Frame<'_>, payload: &[u8], sender: ExtendedAddress, sequence: KeySequence) -> Result<Vec<u8>, Closed> {
        let security = frame.security.ok_or(Closed::InTheClear)?;
        if security.key_id != KeyId::Index(sequence.index()) {
            return Err(Closed::OtherKey);
        }
        let frame_counter = security.frame_counter.ok_or(Closed::Uncheckable)?;
        let level = security.level;
        let mut bytes = frame.encode_header();
        bytes.extend(payload);
        bytes.resize(bytes.len() + level.mic_bytes(), 0);
        let parsed = Frame::parse(&bytes).map_err(|_| Closed::Malformed)?;
        let open_bytes = match level.is_encrypted() {
            true => parsed.sealed(&bytes).ok_or(Closed::Malformed)?.open.len(),
            false => bytes.len() - level.mic_bytes(),
        };
        bytes.truncate(bytes.len() - level.mic_bytes());
        let (open, sealed) = bytes.split_at_mut_checked(open_bytes).ok_or(Closed::Malformed)?;
        let nonce = ccm::nonce(sender, frame_counter, level);
        let mic = ccm::seal(&self.keys(sequence).mac, &nonce, open, sealed, level.mic_bytes()).ok_or(Closed::Uncheckable)?;
        bytes.extend(mic);
        Ok(bytes)
    }

    /// Seals an MLE message (command and TLVs) with the key of `sequence`: the payload of a UDP datagram between these addresses.
    ///
    /// # Errors
    /// If the source is not the link-local address of an extended address.
    pub fn seal_mle(
        &mut self,
        source: Ipv6Addr,
        destination: Ipv6Addr,
        message: &[u8],
        sequence: KeySequence,
        frame_counter: u32,
    ) -> Result<Vec<u8>, Closed> {
        let sender = ExtendedAddress::from_link_local(source).ok_or(Closed::UnknownSender)?;
        let security = AuxiliarySecurity {
            level: SecurityLevel::ENCRYPTED_MIC_32,
            key_id: KeyId::Source4 {
                source: sequence.0.to_be_bytes(),
                index: sequence.index(),
            },
            frame_counter: Some(frame_counter),
            slot_number_in_nonce: false,
        };
        let mut header = Vec::new();
        security.write(&mut header);
        let mut sealed = message.to_vec();
        let nonce = ccm::nonce(sender, frame_counter, security.level);
        let authenticated = mle_authenticated(source, destination, &header);
        let mic = ccm::seal(&self.keys(sequence).mle, &nonce, &authenticated, &mut sealed, security.level.mic_bytes()).ok_or(Closed::Uncheckable)?;
        Ok([&[mle::SUITE_SECURED][..], &header, &sealed, &mic].concat())
    }
}

/// What MLE authenticates beside the message: both addresses and the auxiliary security header.
fn mle_authenticated(source: Ipv6Addr, destination: Ipv6Addr, header: &[u8]) -> Vec<u8> {
    [&source.octets()[..], &destination.octets(), header].concat()
}
