//! Domain names: labels of bytes, compressed in messages.

use super::label::{escape_label, is_transport, unescape_label};
use crate::Problem;
use std::fmt;

/// The longest name in bytes, length bytes and root included (RFC 1035, section 2.3.4).
const MAX_NAME_BYTES: usize = 255;
/// The longest label in bytes.
const MAX_LABEL_BYTES: usize = 63;
/// Compression pointers that one name may follow; more than labels fit into a name.
const MAX_POINTERS: usize = 127;

/// A domain name. Names compare byte by byte here; [`Name::to_lowercase`] first where DNS would ignore case.
#[derive(Clone, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Name {
    /// Length-prefixed labels without the root.
    wire: Vec<u8>,
}

impl Name {
    /// A name of these labels; `None` if one is empty or longer than 63 bytes, or the whole longer than 255.
    pub fn from_labels<'a>(labels: impl IntoIterator<Item = &'a [u8]>) -> Option<Self> {
        let mut name = Self::default();
        for label in labels {
            name.push(label)?;
        }
        Some(name)
    }

    /// A name from its text form, escapes undone: `Dr\. Kitchen._hap._udp.local.`; the last dot may be missing.
    pub fn from_text(text: &str) -> Option<Self> {
        let mut name = Self::default();
        if text == "." {
            return Some(name);
        }
        let mut start = 0;
        let mut escaped = false;
        for (position, character) in text.char_indices() {
            if character == '.' && !escaped {
                name.push(&unescape_label(&text[start..position]))?;
                start = position + 1;
            }
            escaped = character == '\\' && !escaped;
        }
        if start < text.len() {
            name.push(&unescape_label(&text[start..]))?;
        }
        Some(name)
    }

    fn push(&mut self, label: &[u8]) -> Option<()> {
        let length = u8::try_from(label.len())
            .ok()
            .filter(|length| (1..=MAX_LABEL_BYTES as u8).contains(length))?;
        if self.wire.len() + 1 + label.len() + 1 > MAX_NAME_BYTES {
            return None;
        }
        self.wire.push(length);
        self.wire.extend_from_slice(label);
        Some(())
    }

    /// The labels, the leftmost first.
    pub fn labels(&self) -> impl Iterator<Item = &[u8]> {
        let mut rest = self.wire.as_slice();
        std::iter::from_fn(move || {
            let (length, after) = rest.split_first()?;
            let (label, after) = after.split_at_checked(usize::from(*length))?;
            rest = after;
            Some(label)
        })
    }

    /// The name with its ASCII letters in lower case. Length bytes are below `A` and stay.
    pub fn to_lowercase(&self) -> Self {
        Self {
            wire: self.wire.to_ascii_lowercase(),
        }
    }

    /// If the name is a service instance (`<instance>._type._udp.<domain>`): the instance label, and the service type with
    /// domain in lower case.
    pub fn as_instance(&self) -> Option<(&[u8], Name)> {
        let mut labels = self.labels();
        let instance = labels.next()?;
        let service = Self {
            wire: self.wire.get(1 + instance.len()..)?.to_ascii_lowercase(),
        };
        let kind = labels.next()?;
        (kind.starts_with(b"_") && kind != b"_dns-sd" && labels.next().is_some_and(is_transport)).then_some((instance, service))
    }

    /// The service type in the name, with domain, without subtype, in lower case: `_matterc._udp.local.` of
    /// `_CM._sub._matterc._udp.local.`.
    pub fn as_service_type(&self) -> Option<Name> {
        let labels: Vec<&[u8]> = self.labels().collect();
        let index = labels.windows(2).position(|pair| pair[0].starts_with(b"_") && is_transport(pair[1]))?;
        Name::from_labels(labels.into_iter().skip(index)).map(|name| name.to_lowercase())
    }

    /// The name that starts at `start` of `message`, and the position after it. A compression pointer must lead to before
    /// the labels that it continues, so no chain of them can loop.
    pub(super) fn read(message: &[u8], start: usize) -> Result<(Self, usize), Problem> {
        let mut name = Self::default();
        let mut position = start;
        let mut segment = start;
        let mut end = None;
        let mut pointers = 0;
        loop {
            let cut_off = || Problem::at("name", position, "the message ends inside");
            let length = *message.get(position).ok_or_else(cut_off)?;
            match length >> 6 {
                0 if length == 0 => return Ok((name, end.unwrap_or(position + 1))),
                0 => {
                    let next = position + 1 + usize::from(length);
                    let label = message.get(position + 1..next).ok_or_else(cut_off)?;
                    name.push(label)
                        .ok_or_else(|| Problem::at("name", position, format!("longer than {MAX_NAME_BYTES} bytes")))?;
                    position = next;
                }
                3 => {
                    let low = *message.get(position + 1).ok_or_else(cut_off)?;
                    let target = usize::from(length & 0x3f) << 8 | usize::from(low);
                    if target >= segment {
                        return Err(Problem::at(
                            "name",
                            position,
                            format!("compression pointer to byte {target} does not lead back"),
                        ));
                    }
                    pointers += 1;
                    if pointers > MAX_POINTERS {
                        return Err(Problem::at("name", position, format!("more than {MAX_POINTERS} compression pointers")));
                    }
                    end.get_or_insert(position + 2);
                    segment = target;
                    position = target;
                }
                _ => return Err(Problem::at("name", position, format!("reserved label type {:#04x}", length & 0xc0))),
            }
        }
    }

    /// Appends the name without compression.
    pub(super) fn write(&self, message: &mut Vec<u8>) {
        message.extend_from_slice(&self.wire);
        message.push(0);
    }
}

impl fmt::Display for Name {
    /// The labels, escaped, each followed by a dot; the root is a single dot.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.wire.is_empty() {
            return f.write_str(".");
        }
        self.labels().try_for_each(|label| write!(f, "{}.", escape_label(label)))
    }
}

impl fmt::Debug for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Name({self})")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn name(text: &str) -> Name {
        Name::from_text(text).unwrap()
    }

    #[test]
    fn text_and_labels_convert_both_ways() {
        let kitchen = name(r"Dr\. Küche\032#1._hap._udp.local.");
        assert_eq!(kitchen.labels().next().unwrap(), "Dr. Küche #1".as_bytes());
        assert_eq!(kitchen.to_string(), r"Dr\. Küche #1._hap._udp.local.");
        assert_eq!(name("a.local"), name("a.local."));
        assert_eq!(Name::default().to_string(), ".");
        assert_eq!((name(""), name(".")), (Name::default(), Name::default()));
        for text in ["a..b", ".a", &"x".repeat(64), &"abcdefg.".repeat(32)] {
            assert_eq!(Name::from_text(text), None, "{text}");
        }
        assert!(Name::from_text(&"abcdefg.".repeat(31)).is_some());
    }

    #[test]
    fn instances_are_told_from_types_and_hosts() {
        let border_router = name("OpenThread BorderRouter #C4AE._MeshCoP._udp.local.");
        let (label, service) = border_router.as_instance().unwrap();
        assert_eq!(
            (label, service.to_string().as_str()),
            (b"OpenThread BorderRouter #C4AE".as_slice(), "_meshcop._udp.local.")
        );
        for text in [
            "_meshcop._udp.local.",
            "_CM._sub._matterc._udp.local.",
            "_services._dns-sd._udp.local.",
            "host.local.",
            "",
        ] {
            assert_eq!(name(text).as_instance(), None, "{text}");
        }
        assert_eq!(
            name("_V65521._sub._matterc._udp.local.").as_service_type(),
            Some(name("_matterc._udp.local."))
        );
        assert_eq!(name("host.local.").as_service_type(), None);
    }

    #[test]
    fn a_compression_pointer_that_does_not_lead_back_is_refused() {
        let itself = [0xc0, 0x00];
        assert_eq!(
            Name::read(&itself, 0).unwrap_err().to_string(),
            "name at byte 0: compression pointer to byte 0 does not lead back"
        );
        let each_other = [0xc0, 0x02, 0xc0, 0x00];
        assert!(Name::read(&each_other, 0).is_err());
        assert!(Name::read(&each_other, 2).is_err());
        let into_own_labels = [0x01, b'a', 0xc0, 0x00];
        assert!(Name::read(&into_own_labels, 0).is_err());
    }

    #[test]
    fn a_chain_of_pointers_is_followed_to_its_limit() {
        let mut message = vec![1, b'a', 0];
        for hop in 0..200_u8 {
            let target = if hop == 0 { 0 } else { 3 + 2 * (u16::from(hop) - 1) };
            message.extend((0xc000 | target).to_be_bytes());
        }
        let at = |hop: usize| Name::read(&message, 3 + 2 * hop);
        assert_eq!(at(126).unwrap(), (name("a."), 3 + 2 * 127));
        assert!(at(127).unwrap_err().reason.contains("more than 127"));
    }

    #[test]
    fn reserved_label_types_and_cut_names_are_problems() {
        assert_eq!(Name::read(&[0x41, 0], 0).unwrap_err().reason, "reserved label type 0x40");
        for length in 0..5 {
            assert_eq!(
                Name::read(&[3, b'a', b'b', b'c', 0][..length], 0).unwrap_err().reason,
                "the message ends inside"
            );
        }
    }

    proptest! {
        #[test]
        fn a_written_name_reads_back(labels in prop::collection::vec(prop::collection::vec(any::<u8>(), 1..20), 0..10)) {
            let name = Name::from_labels(labels.iter().map(Vec::as_slice)).unwrap();
            let mut message = Vec::new();
            name.write(&mut message);
            prop_assert_eq!(Name::read(&message, 0).unwrap(), (name.clone(), message.len()));
            prop_assert_eq!(Name::from_text(&name.to_string()).unwrap(), name);
        }

        #[test]
        fn arbitrary_bytes_never_panic(message in prop::collection::vec(any::<u8>(), 0..300), start in 0_usize..310) {
            if let Ok((name, end)) = Name::read(&message, start) {
                prop_assert!(end <= message.len());
                prop_assert!(name.wire.len() < MAX_NAME_BYTES);
                name.as_instance();
                name.as_service_type();
            }
        }
    }
}
