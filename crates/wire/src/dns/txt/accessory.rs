//! Accessories that speak other protocols over Thread: HomeKit and Nanoleaf's LED protocol.

use super::TxtEntries;
use super::keys::{Keys, Strings};
use weft_model::{HapRecord, LedProtocolRecord};

/// `_hap._udp` (HomeKit Accessory Protocol specification, non-commercial release 2, table 6-7).
pub(super) fn decode_hap(mut keys: Keys<'_>) -> HapRecord {
    HapRecord {
        id: keys.text("id"),
        model: keys.text("md"),
        category: keys.decimal("ci", u32::from(u16::MAX)),
        configuration_number: keys.decimal("c#", u32::MAX),
        state_number: keys.decimal("s#", u32::MAX),
        status_flags: keys.decimal("sf", u32::from(u8::MAX)),
        feature_flags: keys.decimal("ff", u32::from(u8::MAX)),
        other: keys.rest(),
    }
}

pub(super) fn encode_hap(record: &HapRecord) -> TxtEntries {
    Strings::default()
        .decimal("c#", record.configuration_number)
        .decimal("ff", record.feature_flags)
        .text("id", record.id.as_ref())
        .text("md", record.model.as_ref())
        .decimal("s#", record.state_number)
        .decimal("sf", record.status_flags)
        .decimal("ci", record.category)
        .with(&record.other)
}

/// `_ltpdu._udp`, as Nanoleaf's devices register it; there is no public specification.
pub(super) fn decode_led_protocol(mut keys: Keys<'_>) -> LedProtocolRecord {
    LedProtocolRecord {
        eui64: keys.hexadecimal("eui64", 16),
        model: keys.text("md"),
        software_version: keys.text("srcvers"),
        other: keys.rest(),
    }
}

pub(super) fn encode_led_protocol(record: &LedProtocolRecord) -> TxtEntries {
    Strings::default()
        .bytes("eui64", record.eui64.map(|eui64| eui64.to_string().to_ascii_uppercase()))
        .text("md", record.model.as_ref())
        .text("srcvers", record.software_version.as_ref())
        .with(&record.other)
}

#[cfg(test)]
mod tests {
    use super::super::entries;
    use super::*;

    #[test]
    fn a_homekit_accessory_is_read_and_written() {
        // Recorded: Eve Door 0FD0.
        let strings: Vec<Vec<u8>> = [
            "c#=1",
            "ff=2",
            "id=47:3A:F6:4C:EB:39",
            "md=Eve Door 20EBN9901",
            "pv=1.2",
            "s#=19",
            "sf=0",
            "ci=10",
            "sh=6c9KEg==",
        ]
        .map(|s| s.into())
        .to_vec();
        let txt = entries(&strings);
        let mut problems = Vec::new();
        let record = decode_hap(Keys::new(&txt, &mut problems));
        assert_eq!(problems, []);
        assert_eq!(
            (record.id.as_deref(), record.model.as_deref()),
            (Some("47:3A:F6:4C:EB:39"), Some("Eve Door 20EBN9901"))
        );
        assert_eq!(
            (record.category, record.configuration_number, record.state_number),
            (Some(10), Some(1), Some(19))
        );
        assert_eq!((record.status_flags, record.feature_flags), (Some(0), Some(2)));
        // The setup hash keeps the "=" in its value.
        assert_eq!(
            record.other,
            [("pv".to_owned(), Some(b"1.2".to_vec())), ("sh".to_owned(), Some(b"6c9KEg==".to_vec()))]
        );
        let mut expected = txt.clone();
        let mut encoded = encode_hap(&record);
        expected.sort();
        encoded.sort();
        assert_eq!(encoded, expected);
    }

    #[test]
    fn a_nanoleaf_bulb_tells_its_factory_address() {
        // Recorded: the id ends in a NUL byte.
        let strings: Vec<Vec<u8>> = ["eui64=9035EAFFFE4F5B96", "md=NL45", "srcvers=1.6.41", "id=A2:19:AA:3E:30:BA\0"]
            .map(|s| s.into())
            .to_vec();
        let txt = entries(&strings);
        let mut problems = Vec::new();
        let record = decode_led_protocol(Keys::new(&txt, &mut problems));
        assert_eq!(problems, []);
        assert_eq!(record.eui64.unwrap().to_string(), "9035eafffe4f5b96");
        assert_eq!(record.software_version.as_deref(), Some("1.6.41"));
        assert_eq!(record.other, [("id".to_owned(), Some(b"A2:19:AA:3E:30:BA\0".to_vec()))]);
        assert_eq!(encode_led_protocol(&record), txt);
    }
}
