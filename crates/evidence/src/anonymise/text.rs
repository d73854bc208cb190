//! Identifiers in texts: what has the form of one is replaced, and what was met elsewhere.

use super::Anonymiser;
use crate::hex;
use base64::Engine;
use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD};
use std::net::{Ipv4Addr, Ipv6Addr};

/// Host labels that say nothing about a home.
const COMMON_LABELS: [&str; 9] = [
    "local",
    "arpa",
    "default",
    "service",
    "localhost",
    "home",
    "lan",
    "internal",
    "defaultdomain",
];
/// The shortest base64 text that is looked into: six bytes.
const MIN_BASE64: usize = 8;

impl Anonymiser {
    /// Free text: addresses, identifiers and names in it, in every form that recordings have them in.
    pub(super) fn text(&mut self, text: &mut String) {
        let mut changed = String::with_capacity(text.len());
        let mut rest = text.as_str();
        while let Some(first) = rest.chars().next() {
            if let Some((replacement, length)) = self.token(rest) {
                changed.push_str(&replacement);
                rest = &rest[length..];
                continue;
            }
            let length = match first.is_ascii_alphanumeric() {
                true => rest.bytes().take_while(u8::is_ascii_alphanumeric).count(),
                false => first.len_utf8(),
            };
            changed.push_str(&self.names_in(&rest[..length]));
            rest = &rest[length..];
        }
        *text = changed;
    }

    /// The token that `rest` begins with, replaced, and its length.
    fn token(&mut self, rest: &str) -> Option<(String, usize)> {
        if let Some(length) = self.known.name_at(rest.as_bytes()) {
            // A name ends where a character does: it was a text, too.
            return Some((self.pseudonyms.text(&rest[..length]), length));
        }
        let run = |is_part: fn(u8) -> bool| rest.bytes().take_while(|byte| is_part(*byte)).count();
        let colons = &rest[..run(|byte| byte.is_ascii_hexdigit() || byte == b':' || byte == b'.')];
        if colons.contains(':')
            && let Some(found) = self.with_colons(colons, rest)
        {
            return Some(found);
        }
        let hyphens = &rest[..run(|byte| byte.is_ascii_hexdigit() || byte == b'-')];
        if hyphens.contains('-')
            && let Some(found) = self.with_hyphens(hyphens)
        {
            return Some(found);
        }
        let dots = rest[..run(|byte| byte.is_ascii_digit() || byte == b'.')].trim_end_matches('.');
        if let Ok(address) = dots.parse::<Ipv4Addr>()
            && (address.is_private() || address.is_link_local() || self.known.ipv4.contains(&address))
        {
            // Other numbers with three dots may be versions.
            return Some((self.ipv4(address).to_string(), dots.len()));
        }
        // "0x" does not belong to the digits.
        if let Some(digits) = rest.strip_prefix("0x").or_else(|| rest.strip_prefix("0X")) {
            let length = digits.bytes().take_while(u8::is_ascii_hexdigit).count();
            return self
                .hexadecimal(&digits[..length])
                .map(|found| (format!("{}{found}", &rest[..2]), 2 + length));
        }
        let alphanumeric = run(|byte| byte.is_ascii_alphanumeric());
        let digits = run(|byte| byte.is_ascii_hexdigit());
        if let Some(found) = self.decimal(&rest[..run(|byte| byte.is_ascii_digit())]) {
            return Some((found, run(|byte| byte.is_ascii_digit())));
        }
        if digits == alphanumeric
            && let Some(found) = self.hexadecimal(&rest[..digits])
        {
            return Some((found, digits));
        }
        // Sixteen digits behind a few letters: "ot5616f19227d2c4ae", "I2FC21B5A…".
        let letters = run(|byte| byte.is_ascii_alphabetic() && !byte.is_ascii_hexdigit());
        if letters > 0 && alphanumeric == letters + 16 {
            let behind = &rest[letters..alphanumeric];
            if behind.bytes().all(|byte| byte.is_ascii_hexdigit()) {
                return self
                    .hexadecimal(behind)
                    .map(|found| (format!("{}{found}", &rest[..letters]), alphanumeric));
            }
        }
        let base64 = run(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/'));
        let padding = rest[base64..].bytes().take(2).take_while(|byte| *byte == b'=').count();
        self.base64(&rest[..base64 + padding]).map(|found| (found, base64 + padding))
    }

    /// An IPv6 address or prefix, a MAC address, an EUI-64 with colons.
    fn with_colons(&mut self, run: &str, rest: &str) -> Option<(String, usize)> {
        if let Some(found) = self.pairs(run, ':') {
            return Some((found, run.len()));
        }
        let (address, length) = longest_address(run)?;
        let mapped = self.ipv6(address);
        // The bits beyond a prefix's length are zero before and after.
        let behind = rest[length..]
            .strip_prefix('/')
            .map(|digits| &digits[..digits.bytes().take_while(u8::is_ascii_digit).count()]);
        let mapped = match behind.and_then(|digits| digits.parse::<u8>().ok()) {
            Some(bits) => weft_model::Ipv6Prefix::new(mapped, bits).map_or(mapped, weft_model::Ipv6Prefix::address),
            None => mapped,
        };
        Some((mapped.to_string(), length))
    }

    /// `FABRIC-NODE` of operational instances, a MAC address or EUI-64 with hyphens.
    fn with_hyphens(&mut self, run: &str) -> Option<(String, usize)> {
        if let Some((fabric, node)) = run.split_once('-')
            && fabric.len() == 16
            && node.len() == 16
            && let (Some(fabric_id), Some(node_id)) = (bytes_of::<8>(fabric), bytes_of::<8>(node))
        {
            let fabric_id = self.id8(fabric_id);
            let node_id = self.node(u64::from_be_bytes(node_id));
            let text = format!("{}-{node_id:016x}", hex::encode(&fabric_id));
            return Some((in_case_of(run, &text), run.len()));
        }
        self.pairs(run, '-').map(|found| (found, run.len()))
    }

    /// Six or eight pairs of digits.
    fn pairs(&mut self, run: &str, separator: char) -> Option<String> {
        let pairs: Vec<&str> = run.split(separator).collect();
        if !pairs.iter().all(|pair| pair.len() == 2) {
            return None;
        }
        let digits: String = pairs.concat();
        let mapped = match pairs.len() {
            6 => hex::encode(&self.mac(bytes_of(&digits)?)),
            8 => hex::encode(&self.id8(bytes_of(&digits)?)),
            _ => return None,
        };
        let pairs: Vec<&str> = (0..mapped.len()).step_by(2).map(|start| &mapped[start..start + 2]).collect();
        Some(in_case_of(run, &pairs.join(&separator.to_string())))
    }

    /// A run of hexadecimal digits: an identifier by its length, or bytes with something known in them.
    fn hexadecimal(&mut self, digits: &str) -> Option<String> {
        let mapped = match digits.len() {
            12 => {
                let address = bytes_of(digits)?;
                if !self.known.macs.contains(&address) {
                    return None;
                }
                self.mac(address).to_vec()
            }
            16 => self.id8(bytes_of(digits)?).to_vec(),
            32 => {
                let bytes = bytes_of(digits)?;
                match self.known.ipv6.contains(&bytes) {
                    true => self.ipv6(bytes.into()).octets().to_vec(),
                    false => self.id16(bytes).to_vec(),
                }
            }
            13.. => {
                let mut bytes = hex::decode(digits)?;
                self.bytes(&mut bytes);
                bytes
            }
            _ => return None,
        };
        Some(in_case_of(digits, &hex::encode(&mapped)))
    }

    /// A known 64-bit identifier as a decimal number.
    fn decimal(&mut self, digits: &str) -> Option<String> {
        if digits.len() < 10 {
            return None;
        }
        let number: u64 = digits.parse().ok()?;
        let id = number.to_be_bytes();
        self.known.ids8.contains(&id).then(|| u64::from_be_bytes(self.id8(id)).to_string())
    }

    /// Base64 with something known in it.
    fn base64(&mut self, text: &str) -> Option<String> {
        if text.len() < MIN_BASE64 {
            return None;
        }
        let is_padded = text.ends_with('=') || text.len().is_multiple_of(4);
        let mut bytes = if is_padded {
            STANDARD.decode(text)
        } else {
            STANDARD_NO_PAD.decode(text)
        }
        .ok()?;
        let before = bytes.clone();
        self.bytes(&mut bytes);
        (bytes != before).then(|| {
            if is_padded {
                STANDARD.encode(&bytes)
            } else {
                STANDARD_NO_PAD.encode(&bytes)
            }
        })
    }

    /// Known names within a word.
    fn names_in(&self, word: &str) -> String {
        let mut changed = String::with_capacity(word.len());
        let mut rest = word;
        while let Some(first) = rest.chars().next() {
            let length = match self.known.name_at(rest.as_bytes()) {
                Some(length) => {
                    changed.push_str(&self.pseudonyms.text(&rest[..length]));
                    length
                }
                None => {
                    changed.push(first);
                    first.len_utf8()
                }
            };
            rest = &rest[length..];
        }
        changed
    }

    /// A name that people or programs gave. Names that are identifiers change as identifiers do.
    pub(super) fn name(&mut self, name: &mut String) {
        let is_identifier = |text: &str| text.len() >= 12 && text.bytes().all(|byte| byte.is_ascii_hexdigit() || matches!(byte, b'-' | b':'));
        let behind_letters = name.trim_start_matches(|c: char| c.is_ascii_lowercase() && !c.is_ascii_hexdigit());
        if is_identifier(behind_letters) && name.len() - behind_letters.len() <= 2 {
            let before = name.clone();
            // A name of twelve digits is a hardware address, known or not.
            if let Some(address) = bytes_of::<6>(behind_letters) {
                self.mac(address);
                let mapped = hex::encode(&self.pseudonyms.mac(address));
                let start = name.len() - behind_letters.len();
                let mapped = in_case_of(behind_letters, &mapped);
                if !self.is_learning {
                    name.replace_range(start.., &mapped);
                }
                return;
            }
            self.text(name);
            if self.is_learning || *name != before {
                return;
            }
        }
        if self.is_learning {
            self.known.name(name);
        } else {
            *name = self.pseudonyms.text(name);
        }
    }

    /// A host name, label by label; case does not count in them.
    pub(super) fn host(&mut self, host: &mut String) {
        let labels: Vec<String> = host.split('.').map(|label| self.host_label(label)).collect();
        *host = labels.join(".");
    }

    fn host_label(&mut self, label: &str) -> String {
        if label.is_empty() || COMMON_LABELS.contains(&label.to_ascii_lowercase().as_str()) || label.starts_with('_') {
            return label.to_owned();
        }
        let mut label = label.to_owned();
        self.name(&mut label);
        label
    }

    /// An address of the web: its host changes, scheme and port stay.
    pub(super) fn url(&mut self, url: &mut String) {
        let start = url.find("://").map_or(0, |position| position + 3);
        let end = url[start..].find('/').map_or(url.len(), |length| start + length);
        let authority = &url[start..end];
        let (host, port) = match (authority.strip_prefix('['), authority.rfind(':')) {
            (Some(inner), _) => inner.split_once(']').map_or((authority, ""), |(host, port)| (host, port)),
            (None, Some(colon)) if authority.matches(':').count() == 1 => authority.split_at(colon),
            _ => (authority, ""),
        };
        let (mut mapped, port) = (host.to_owned(), port.to_owned());
        let has_brackets = authority.starts_with('[') && host != authority;
        self.address(&mut mapped);
        if has_brackets {
            mapped = format!("[{mapped}]");
        }
        let mut path = url[end..].to_owned();
        self.text(&mut path);
        *url = format!("{}{mapped}{port}{path}", &url[..start]);
    }

    /// An IP address, with or without scope, or a host name.
    pub(super) fn address(&mut self, text: &mut String) {
        let (address, scope) = text
            .split_once('%')
            .map_or((text.as_str(), None), |(address, scope)| (address, Some(scope)));
        let mapped = if let Ok(ipv6) = address.parse::<Ipv6Addr>() {
            self.ipv6(ipv6).to_string()
        } else if let Ok(ipv4) = address.parse::<Ipv4Addr>() {
            self.ipv4(ipv4).to_string()
        } else {
            return self.host(text);
        };
        *text = match scope {
            Some(scope) => format!("{mapped}%{scope}"),
            None => mapped,
        };
    }
}

/// The longest beginning of `run` that is an IPv6 address.
fn longest_address(run: &str) -> Option<(Ipv6Addr, usize)> {
    // The longest text of an address has 45 bytes.
    (2..=run.len().min(45))
        .rev()
        .find_map(|length| Some((run[..length].parse().ok()?, length)))
}

fn bytes_of<const N: usize>(digits: &str) -> Option<[u8; N]> {
    hex::decode(digits)?.try_into().ok()
}

/// `digits` in upper case where `like` is.
fn in_case_of(like: &str, digits: &str) -> String {
    match like.bytes().any(|byte| byte.is_ascii_uppercase()) {
        true => digits.to_ascii_uppercase(),
        false => digits.to_owned(),
    }
}
