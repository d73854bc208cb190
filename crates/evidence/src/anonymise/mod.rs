//! Anonymising recordings: nobody can be told from them, and the topology that they give is the same under other names.
//!
//! What is replaced: extended addresses, EUI-64s, hardware addresses, border agent ids, extended PAN ids, fabrics and node ids, IP addresses and prefixes,
//! names of networks, hosts, service instances, devices and rooms, serial numbers. What stays: RLOC16s, router and partition ids, PAN ids, channels, link
//! qualities, times, vendors and models.
//!
//! Where the meaning of a field is known, the field is replaced ([`payload`], [`matter`], [`json`]). Everything else is searched for the form of an identifier
//! and for values that were met elsewhere ([`text`], [`Anonymiser::bytes`]); for that, a recording is read twice. What nobody needs for a topology and nobody can
//! look through is left out: attributes of Matter clusters that say nothing about a mesh (certificates, fabrics, access lists), and what stands in clear text
//! in radio frames.

mod json;
mod known;
mod matter;
mod payload;
mod pseudonym;
mod service;
mod text;
mod words;

#[cfg(test)]
mod tests;

use crate::capture::{Capture, CaptureBody, FailureTarget};
use crate::hex;
use known::Known;
pub use known::longest_prefix;
use pseudonym::Pseudonyms;
use std::fmt;
use std::net::{Ipv4Addr, Ipv6Addr};
use std::sync::Arc;
use weft_model::{Annotation, ExtendedAddress, MatterNodeId, MatterPeer};
pub use words::Words;

/// What the header of an anonymised recording says; the original note may name somebody.
pub const ANONYMISED_NOTE: &str = "anonymised: addresses and names are pseudonyms, the topology is the original's";

/// Gives the captures of one export other names.
///
/// First [`learn`](Self::learn) every capture, then [`anonymise`](Self::anonymise) every capture. The same salt gives the same pseudonyms: draw one at random for
/// each export, and throw it away.
#[derive(Clone)]
pub struct Anonymiser {
    pseudonyms: Pseudonyms,
    known: Known,
    is_learning: bool,
}

impl fmt::Debug for Anonymiser {
    /// Without the salt: whoever has it can try values out.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Anonymiser").finish_non_exhaustive()
    }
}

/// Anonymises all captures of an export.
pub fn anonymise_all(captures: &mut [Capture], salt: [u8; 32]) {
    let mut anonymiser = Anonymiser::new(salt);
    captures.iter().for_each(|capture| anonymiser.learn(capture));
    captures.iter_mut().for_each(|capture| anonymiser.anonymise(capture));
}

impl Anonymiser {
    /// Pseudonyms that depend on `salt`.
    pub fn new(salt: [u8; 32]) -> Self {
        Self {
            pseudonyms: Pseudonyms::new(salt),
            known: Known::default(),
            is_learning: false,
        }
    }

    /// Takes note of the identifiers and names in a capture, to find them in other captures' texts and bytes.
    pub fn learn(&mut self, capture: &Capture) {
        self.is_learning = true;
        self.capture(&mut capture.clone());
        self.is_learning = false;
    }

    /// Replaces everything that names somebody or something. Secrets are no business of this: they are blanked by
    /// [`blank_secrets`](crate::blank_secrets), which a [`RecordingWriter`](crate::recording::RecordingWriter) never forgets.
    pub fn anonymise(&mut self, capture: &mut Capture) {
        self.is_learning = false;
        self.capture(capture);
    }

    /// The one walk through a capture, to learn and to replace.
    fn capture(&mut self, capture: &mut Capture) {
        let mut source = capture.source.to_string();
        self.text(&mut source);
        if *source != *capture.source {
            capture.source = Arc::from(source);
        }
        match &mut capture.body {
            CaptureBody::Source(report) => {
                if let Some(reason) = &mut report.reason {
                    self.text(reason);
                }
                if let Some(detail) = &mut report.detail {
                    self.json("", detail);
                }
            }
            CaptureBody::Mdns(body) => self.service(body),
            CaptureBody::MatterReport(report) => {
                report.fabric.0 = self.id8(report.fabric.0);
                report.node = self.node_id(report.node);
                self.attributes(&mut report.attributes);
            }
            CaptureBody::MatterServerNode(body) => {
                match body.server.parse() {
                    Ok(ExtendedAddress(fabric)) if body.server.len() == 16 => body.server = hex::encode(&self.id8(fabric)),
                    _ => self.url(&mut body.server),
                }
                self.server_node(&mut body.node);
            }
            CaptureBody::Tmf(body) => {
                if let Some(id) = &mut body.extended_pan_id {
                    id.0 = self.id8(id.0);
                }
                body.peer = self.ipv6(body.peer);
                let uri = body.uri.clone();
                self.digits(&mut body.payload, |anonymiser, bytes| anonymiser.management(&uri, bytes));
                self.text(&mut body.uri);
            }
            CaptureBody::OtbrRest(body) => {
                self.url(&mut body.base);
                self.json(&body.path, &mut body.body);
                self.text(&mut body.path);
            }
            CaptureBody::RadioSummary(body) => {
                self.text(&mut body.from);
                self.text(&mut body.to);
            }
            CaptureBody::Frame(body) => self.digits(&mut body.psdu, |anonymiser, bytes| anonymiser.frame(bytes)),
            CaptureBody::Mle(body) => {
                if let Some(id) = &mut body.extended_pan_id {
                    id.0 = self.id8(id.0);
                }
                body.from.0 = self.id8(body.from.0);
                if let Some(to) = &mut body.to {
                    to.0 = self.id8(to.0);
                }
                self.digits(&mut body.tlvs, |anonymiser, bytes| anonymiser.mle(bytes));
                for address in &mut body.registered {
                    *address = self.ipv6(*address);
                }
            }
            CaptureBody::Annotation(body) => self.annotation(body),
            CaptureBody::Failure(body) => {
                match &mut body.target {
                    FailureTarget::MatterNode { fabric, node } => {
                        fabric.0 = self.id8(fabric.0);
                        *node = self.node_id(*node);
                    }
                    FailureTarget::ThreadNode { extended_pan_id, address } => {
                        if let Some(id) = extended_pan_id {
                            id.0 = self.id8(id.0);
                        }
                        *address = self.ipv6(*address);
                    }
                    FailureTarget::OtbrRest { base } => self.url(base),
                    FailureTarget::Other(value) => self.json("", value),
                }
                self.text(&mut body.attempt);
                self.text(&mut body.error);
            }
        }
    }

    fn annotation(&mut self, annotation: &mut Annotation) {
        let target = &mut annotation.identify;
        if let Some(address) = &mut target.extended_address {
            address.0 = self.id8(address.0);
        }
        if let Some(MatterPeer { fabric, node }) = &mut target.matter {
            fabric.0 = self.id8(fabric.0);
            *node = self.node_id(*node);
        }
        if let Some(address) = &mut target.address {
            *address = self.ipv6(*address);
        }
        if let Some(hap_id) = &mut target.hap_id {
            self.text(hap_id);
        }
        // Ids of registrations hold names.
        for node in [&mut target.node, &mut annotation.same_as].into_iter().flatten() {
            self.node_reference(node);
        }
        if let Some(finding) = &mut target.finding {
            self.finding_reference(finding);
        }
        for name in [&mut annotation.name, &mut annotation.room, &mut annotation.note].into_iter().flatten() {
            self.name(name);
        }
    }

    /// Bytes as hexadecimal digits. What is none has no meaning to anybody, and is emptied.
    fn digits(&mut self, digits: &mut String, change: impl FnOnce(&mut Self, &mut Vec<u8>)) {
        match hex::decode(digits) {
            Some(mut bytes) => {
                change(self, &mut bytes);
                *digits = hex::encode(&bytes);
            }
            None => digits.clear(),
        }
    }

    fn id8(&mut self, id: [u8; 8]) -> [u8; 8] {
        if self.is_learning {
            self.known.id8(id);
            return id;
        }
        self.pseudonyms.id8(id)
    }

    fn id16(&mut self, id: [u8; 16]) -> [u8; 16] {
        if self.is_learning {
            self.known.id16(id);
            return id;
        }
        self.pseudonyms.id16(id)
    }

    fn mac(&mut self, address: [u8; 6]) -> [u8; 6] {
        if self.is_learning {
            self.known.mac(address);
            return address;
        }
        self.pseudonyms.mac(address)
    }

    fn node(&mut self, node: u64) -> u64 {
        if self.is_learning {
            self.known.id8(node.to_be_bytes());
            return node;
        }
        self.pseudonyms.node(node)
    }

    fn node_id(&mut self, node: MatterNodeId) -> MatterNodeId {
        MatterNodeId::from_u64(self.node(node.as_u64()))
    }

    fn ipv4(&mut self, address: Ipv4Addr) -> Ipv4Addr {
        if self.is_learning {
            self.known.ipv4(address);
            return address;
        }
        self.pseudonyms.ipv4(address)
    }

    fn ipv6(&mut self, address: Ipv6Addr) -> Ipv6Addr {
        if self.is_learning {
            self.known.ipv6(address);
            return address;
        }
        self.pseudonyms.ipv6(address)
    }

    fn prefix(&mut self, prefix: [u8; 8]) -> [u8; 8] {
        if self.is_learning {
            self.known.prefix(prefix);
            return prefix;
        }
        self.pseudonyms.prefix(prefix)
    }

    fn interface_id(&mut self, id: [u8; 8]) -> [u8; 8] {
        if self.is_learning {
            self.known.interface_id(id);
            return id;
        }
        self.pseudonyms.interface_id(id)
    }

    /// Bytes whose meaning is not known: whatever was met elsewhere is replaced, in either byte order.
    fn bytes(&mut self, bytes: &mut [u8]) {
        if self.is_learning {
            return;
        }
        let mut position = 0;
        while position < bytes.len() {
            position += self.known_at(&mut bytes[position..]).unwrap_or(1);
        }
    }

    /// Replaces a known value at the start of `bytes`; its length.
    fn known_at(&self, bytes: &mut [u8]) -> Option<usize> {
        let (known, names) = (&self.known, &self.pseudonyms);
        if let Some(start) = bytes.first_chunk_mut::<16>() {
            if known.ipv6.contains(start) {
                *start = names.ipv6((*start).into()).octets();
                return Some(16);
            }
            if known.ids16.contains(start) {
                *start = names.id16(*start);
                return Some(16);
            }
        }
        if let Some(start) = bytes.first_chunk_mut::<8>() {
            let reversed = |mut id: [u8; 8]| {
                id.reverse();
                id
            };
            let flipped = |mut id: [u8; 8]| {
                id[0] ^= 0x02;
                id
            };
            let found = if known.ids8.contains(start) {
                Some(names.id8(*start))
            } else if known.ids8.contains(&reversed(*start)) {
                Some(reversed(names.id8(reversed(*start))))
            } else if known.ids8.contains(&flipped(*start)) {
                Some(flipped(names.id8(flipped(*start))))
            } else if known.prefixes.contains(start) {
                Some(names.prefix(*start))
            } else {
                None
            };
            if let Some(found) = found {
                *start = found;
                return Some(8);
            }
        }
        if let Some(start) = bytes.first_chunk_mut::<6>()
            && known.macs.contains(start)
        {
            *start = names.mac(*start);
            return Some(6);
        }
        let length = known.name_at(bytes)?;
        let name = names.text(&String::from_utf8_lossy(&bytes[..length]));
        bytes[..length].copy_from_slice(name.as_bytes().get(..length)?);
        Some(length)
    }
}
