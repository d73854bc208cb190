//! Matter nodes: operational, commissionable, commissioner (Matter core specification, section 4.3).

use super::TxtEntries;
use super::keys::{Keys, Strings, decimal, hexadecimal_text, quoted};
use crate::Problem;
use weft_model::{CommissionableRecord, CommissionerRecord, ExtendedAddress, MatterPeer, OperationalRecord};

/// The longest retransmission interval that a node may announce, in milliseconds.
const MAX_INTERVAL_MILLISECONDS: u32 = 3_600_000;
/// The longest active threshold, in milliseconds.
const MAX_THRESHOLD_MILLISECONDS: u32 = 65_535;
/// The largest long discriminator.
const MAX_DISCRIMINATOR: u32 = 4095;
/// The largest commissioning mode: 3 is joint commissioning.
const MAX_COMMISSIONING_MODE: u32 = 3;

pub(super) fn decode_operational(mut keys: Keys<'_>, peer: Option<MatterPeer>, host: Option<&str>) -> OperationalRecord {
    let [idle, active, threshold] = session_parameters(&mut keys);
    OperationalRecord {
        peer,
        host_extended_address: host.and_then(host_extended_address),
        session_idle_milliseconds: idle,
        session_active_milliseconds: active,
        session_active_threshold_milliseconds: threshold,
        tcp: keys.decimal("T", 255),
        long_idle_time: keys.decimal("ICD", 1).map(|value: u8| value == 1),
        other: keys.rest(),
    }
}

pub(super) fn encode_operational(record: &OperationalRecord) -> TxtEntries {
    Strings::default()
        .decimal("SII", record.session_idle_milliseconds)
        .decimal("SAI", record.session_active_milliseconds)
        .decimal("SAT", record.session_active_threshold_milliseconds)
        .decimal("T", record.tcp)
        .decimal("ICD", record.long_idle_time)
        .with(&record.other)
}

pub(super) fn decode_commissionable(mut keys: Keys<'_>, host: Option<&str>) -> CommissionableRecord {
    let [idle, active, threshold] = session_parameters(&mut keys);
    let (vendor_id, product_id) = vendor_and_product(&mut keys);
    CommissionableRecord {
        discriminator: keys.decimal("D", MAX_DISCRIMINATOR),
        vendor_id,
        product_id,
        device_type: keys.decimal("DT", u32::MAX),
        device_name: keys.text("DN"),
        commissioning_mode: keys.decimal("CM", MAX_COMMISSIONING_MODE),
        pairing_hint: keys.decimal("PH", u32::MAX),
        pairing_instruction: keys.text("PI"),
        session_idle_milliseconds: idle,
        session_active_milliseconds: active,
        session_active_threshold_milliseconds: threshold,
        host_extended_address: host.and_then(host_extended_address),
        other: keys.rest(),
    }
}

pub(super) fn encode_commissionable(record: &CommissionableRecord) -> TxtEntries {
    Strings::default()
        .decimal("D", record.discriminator)
        .bytes("VP", vendor_and_product_text(record.vendor_id, record.product_id))
        .decimal("CM", record.commissioning_mode)
        .decimal("DT", record.device_type)
        .text("DN", record.device_name.as_ref())
        .decimal("PH", record.pairing_hint)
        .text("PI", record.pairing_instruction.as_ref())
        .decimal("SII", record.session_idle_milliseconds)
        .decimal("SAI", record.session_active_milliseconds)
        .decimal("SAT", record.session_active_threshold_milliseconds)
        .with(&record.other)
}

pub(super) fn decode_commissioner(mut keys: Keys<'_>) -> CommissionerRecord {
    let (vendor_id, product_id) = vendor_and_product(&mut keys);
    CommissionerRecord {
        vendor_id,
        product_id,
        device_type: keys.decimal("DT", u32::MAX),
        device_name: keys.text("DN"),
        other: keys.rest(),
    }
}

pub(super) fn encode_commissioner(record: &CommissionerRecord) -> TxtEntries {
    Strings::default()
        .bytes("VP", vendor_and_product_text(record.vendor_id, record.product_id))
        .decimal("DT", record.device_type)
        .text("DN", record.device_name.as_ref())
        .with(&record.other)
}

/// Fabric and node of an operational instance name: two times 16 hexadecimal digits with a hyphen between (section 4.3.2.1).
///
/// # Errors
/// If the name has another form.
pub(super) fn operational_peer(instance: &str) -> Result<MatterPeer, Problem> {
    let form = |text: &str| hexadecimal_text(text.as_bytes(), 16).is_some();
    let peer = instance
        .split_once('-')
        .filter(|(fabric, node)| form(fabric) && form(node))
        .and_then(|_| instance.parse().ok());
    peer.ok_or_else(|| {
        Problem::of(
            "instance",
            format!("FABRIC-NODE in hexadecimal digits expected, got {}", quoted(instance.as_bytes())),
        )
    })
}

/// The extended address in the host name of CHIP-based Thread devices: 16 hexadecimal digits. Twelve digits are a MAC address.
/// Other stacks fill a MAC address up to 16 digits, so the address means something only where the device is on Thread.
pub(super) fn host_extended_address(host: &str) -> Option<ExtendedAddress> {
    let label = host.split('.').next()?;
    hexadecimal_text(label.as_bytes(), 16)?
        .parse()
        .ok()
        .filter(|address: &ExtendedAddress| address.is_real())
}

/// `SII`, `SAI`, `SAT` (section 4.3.4).
fn session_parameters(keys: &mut Keys<'_>) -> [Option<u32>; 3] {
    [
        ("SII", MAX_INTERVAL_MILLISECONDS),
        ("SAI", MAX_INTERVAL_MILLISECONDS),
        ("SAT", MAX_THRESHOLD_MILLISECONDS),
    ]
    .map(|(key, most)| keys.decimal(key, most))
}

/// `VP`: `65521+32768`, or the vendor alone.
fn vendor_and_product(keys: &mut Keys<'_>) -> (Option<u16>, Option<u16>) {
    let both = keys.take("VP", |value| {
        let mut parts = value.splitn(2, |byte| *byte == b'+');
        let vendor: u16 = decimal(parts.next().unwrap_or_default(), u32::from(u16::MAX))?;
        let product: Option<u16> = parts.next().map(|product| decimal(product, u32::from(u16::MAX))).transpose()?;
        Ok(Some((vendor, product)))
    });
    (both.map(|(vendor, _)| vendor), both.and_then(|(_, product)| product))
}

fn vendor_and_product_text(vendor: Option<u16>, product: Option<u16>) -> Option<String> {
    match (vendor?, product) {
        (vendor, Some(product)) => Some(format!("{vendor}+{product}")),
        (vendor, None) => Some(vendor.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sixteen_digits_in_a_host_name_are_an_extended_address_and_twelve_are_not() {
        assert_eq!(host_extended_address("92752F28FC6B10A6.local").unwrap().to_string(), "92752f28fc6b10a6");
        for host in [
            "92752F28FC6B.local",
            "Nanoleaf-A19-2HKT.local",
            "0000000000000000.local",
            "FFFFFFFFFFFFFFFF.local",
            "92:752F28FC6B10.local",
            "",
        ] {
            assert_eq!(host_extended_address(host), None, "{host}");
        }
    }

    #[test]
    fn an_operational_instance_names_fabric_and_node() {
        let peer = operational_peer("2906C908D115D362-0000000000000021").unwrap();
        assert_eq!(
            (peer.fabric.to_string().as_str(), peer.node.to_string().as_str()),
            ("2906c908d115d362", "0000000000000021")
        );
        for instance in [
            "",
            "2906C908D115D362",
            "2906C908D115D362-21",
            "29:06:C9:08:D1:15:D3:62-0000000000000021",
            "2906C908D115D362-00000000000000210",
        ] {
            assert!(operational_peer(instance).is_err(), "{instance}");
        }
    }

    #[test]
    fn a_vendor_may_come_without_product_and_a_product_never_without_vendor() {
        let decode = |value: &str| {
            let txt = vec![("VP".to_owned(), Some(value.as_bytes().to_vec()))];
            let mut problems = Vec::new();
            (vendor_and_product(&mut Keys::new(&txt, &mut problems)), problems.len())
        };
        assert_eq!(decode("65521+32768"), ((Some(65521), Some(32768)), 0));
        assert_eq!(decode("65521"), ((Some(65521), None), 0));
        for value in ["", "+32768", "65521+", "65536", "65521+32768+1", "0xfff1+1"] {
            assert_eq!(decode(value), ((None, None), 1), "{value}");
        }
    }
}
