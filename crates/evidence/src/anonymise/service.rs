//! Identifiers in service registrations: instance and host names, addresses, TXT records.

use super::Anonymiser;
use crate::capture::MdnsCapture;
use crate::hex;
use weft_wire::dns::SERVICE_TYPE_ENUMERATION;

/// TXT keys without an identifier: versions, states, times, ports, numbers of capabilities, vendors and models.
const PLAIN_KEYS: [&str; 33] = [
    "rv", "tv", "sb", "at", "pt", "sq", "bb", "vn", "mn", "vo", "sii", "sai", "sat", "t", "icd", "cm", "ph", "vp", "dt", "d", "md", "ci", "c#", "s#",
    "sf", "ff", "pv", "srcvers", "v", "nl", "jf", "tcp", "pi",
];

impl Anonymiser {
    pub(super) fn service(&mut self, body: &mut MdnsCapture) {
        match body {
            MdnsCapture::Resolved {
                service,
                instance,
                host,
                addresses,
                txt,
                ..
            } => {
                self.instance(service, instance);
                if let Some(host) = host {
                    self.host(host);
                }
                addresses.iter_mut().for_each(|address| self.address(address));
                for (key, value) in txt {
                    if let Some(value) = value {
                        self.digits(value, |anonymiser, bytes| anonymiser.txt(key, bytes));
                    }
                }
            }
            MdnsCapture::Removed { service, instance } => self.instance(service, instance),
        }
    }

    fn instance(&mut self, service: &mut String, instance: &mut String) {
        // The enumeration's instances are service types.
        match service
            .trim_end_matches('.')
            .eq_ignore_ascii_case(SERVICE_TYPE_ENUMERATION.trim_end_matches('.'))
        {
            true => self.text(instance),
            false => self.name(instance),
        }
        // Subtypes contain fabric ids.
        self.text(service);
    }

    fn txt(&mut self, key: &str, value: &mut Vec<u8>) {
        let key = key.to_ascii_lowercase();
        match key.as_str() {
            key if PLAIN_KEYS.contains(&key) => (),
            "omr" => self.omr_prefix(value),
            // Numbers whose meaning is nobody's business: rotating ids, setup hashes, ids of data sets and partners.
            "ri" | "sh" | "did" | "pid" => self.text_bytes(value, |anonymiser, text| {
                if !anonymiser.is_learning {
                    *text = anonymiser.pseudonyms.digits(text);
                }
            }),
            "xpanid" => self.text_bytes(value, |anonymiser, text| {
                // Some write it without leading zeros.
                *text = format!("{text:0>16}");
                anonymiser.text(text);
            }),
            "nn" => self.text_bytes(value, Self::name),
            "dn" => self.text_bytes(value, Self::host),
            _ => self.other_key(value),
        }
    }

    /// Bytes of the length of an identifier, an identifier as text, or a text that may be a name.
    fn other_key(&mut self, value: &mut Vec<u8>) {
        let is_text = !value.is_empty() && value.iter().all(|byte| byte.is_ascii_graphic() || *byte == b' ');
        match value.len() {
            8 if !is_text => self.eight(value),
            16 if !is_text => {
                if let Some(id) = value.first_chunk_mut::<16>() {
                    *id = self.id16(*id);
                }
            }
            0..=4 if !is_text => (),
            _ => match String::from_utf8(value.clone()) {
                Ok(text) if text.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.') => (),
                Ok(text) => self.text_bytes(value, |anonymiser, changed| {
                    anonymiser.text(changed);
                    if *changed == text && text.len() > 2 {
                        anonymiser.name(changed);
                    }
                }),
                Err(_) => self.bytes(value),
            },
        }
    }

    fn eight(&mut self, value: &mut [u8]) {
        if let Some(id) = value.first_chunk_mut::<8>() {
            *id = self.id8(*id);
        }
    }

    /// Length in bits, then as many bytes as that needs.
    fn omr_prefix(&mut self, value: &mut [u8]) {
        let Some((_, bytes)) = value.split_first_mut() else { return };
        let mut prefix = [0; 8];
        let length = bytes.len().min(8);
        prefix[..length].copy_from_slice(&bytes[..length]);
        bytes[..length].copy_from_slice(&self.prefix(prefix)[..length]);
    }

    fn text_bytes(&mut self, value: &mut Vec<u8>, change: impl FnOnce(&mut Self, &mut String)) {
        match String::from_utf8(std::mem::take(value)) {
            Ok(mut text) => {
                change(self, &mut text);
                *value = text.into_bytes();
            }
            Err(error) => {
                *value = error.into_bytes();
                self.bytes(value);
            }
        }
    }

    /// A text of hexadecimal digits that is a sequence of TLVs.
    pub(super) fn hexadecimal_dataset(&mut self, text: &mut String) -> bool {
        let Some(mut bytes) = hex::decode(text.trim()) else { return false };
        self.dataset(&mut bytes);
        let is_upper = text.bytes().any(|byte| byte.is_ascii_uppercase());
        *text = hex::encode(&bytes);
        if is_upper {
            text.make_ascii_uppercase();
        }
        true
    }
}
