//! USB ids of dongles that may carry RCP firmware, or Nordic's sniffer firmware.

use weft_model::DongleKind;

/// A dongle that is known by its USB ids.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct KnownRadio {
    /// USB vendor.
    pub vendor_id: u16,
    /// USB product.
    pub product_id: u16,
    /// A part of the product's name, where many other things have the same ids; empty where the ids are enough.
    pub product_contains: &'static str,
    /// What it is.
    pub name: &'static str,
    /// The line speed that its firmware usually has, in bits a second.
    pub baud: u32,
    /// Its firmware, where the ids are those of a firmware.
    pub kind: Option<DongleKind>,
}

/// Line speeds that RCP firmware has where nothing else is known, in the order in which they are tried. USB radios take any.
pub const SPEEDS: [u32; 3] = [115_200, 460_800, 1_000_000];

const fn radio(vendor_id: u16, product_id: u16, product_contains: &'static str, name: &'static str, baud: u32) -> KnownRadio {
    KnownRadio {
        vendor_id,
        product_id,
        product_contains,
        name,
        baud,
        kind: None,
    }
}

/// Nordic's sniffer has ids of its own: those of nRF Connect SDK's, and those of the firmware before it.
const fn sniffer(product_id: u16) -> KnownRadio {
    KnownRadio {
        kind: Some(DongleKind::NordicSniffer),
        ..radio(0x1915, product_id, "", "Nordic nRF Sniffer for 802.15.4", 115_200)
    }
}

const KNOWN: [KnownRadio; 10] = [
    sniffer(0x154b),
    sniffer(0x154a),
    radio(0x1915, 0xcafe, "", "Nordic nRF52840 (OpenThread)", 115_200),
    radio(0x2fe3, 0x0001, "", "Zephyr USB radio", 115_200),
    radio(0x2fe3, 0x0100, "", "Zephyr USB radio", 115_200),
    radio(0x1366, 0x1051, "", "Nordic development kit (J-Link)", 1_000_000),
    radio(0x10c4, 0xea60, "skyconnect", "Home Assistant SkyConnect", 460_800),
    radio(0x10c4, 0xea60, "zbt-1", "Home Assistant Connect ZBT-1", 460_800),
    radio(0x303a, 0x831a, "", "Home Assistant Connect ZBT-2", 460_800),
    radio(0x303a, 0x1001, "", "Espressif ESP32-H2 or C6 (USB)", 115_200),
];

/// Others say in their name what they are.
const NAMED: KnownRadio = radio(0, 0, "openthread", "OpenThread radio", 115_200);

/// What a USB device with these ids and this product name is, if it may carry RCP firmware.
pub fn known_radio(vendor_id: u16, product_id: u16, product: &str) -> Option<&'static KnownRadio> {
    let product = product.to_lowercase();
    KNOWN
        .iter()
        .find(|known| known.vendor_id == vendor_id && known.product_id == product_id && product.contains(known.product_contains))
        .or_else(|| product.contains(NAMED.product_contains).then_some(&NAMED))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bridge_chip_alone_is_no_radio() {
        assert_eq!(known_radio(0x10c4, 0xea60, "CP2102N USB to UART Bridge Controller"), None);
        assert_eq!(known_radio(0x10c4, 0xea60, "SkyConnect v1.0").map(|known| known.baud), Some(460_800));
        assert_eq!(known_radio(0x1915, 0xcafe, "").map(|known| known.kind), Some(None));
        let sniffer = known_radio(0x1915, 0x154b, "nRF 802154 Sniffer").unwrap();
        assert_eq!(
            (sniffer.name, sniffer.kind),
            ("Nordic nRF Sniffer for 802.15.4", Some(DongleKind::NordicSniffer))
        );
        assert_eq!(
            known_radio(0x1234, 0x5678, "Other OpenThread RCP").map(|known| known.name),
            Some("OpenThread radio")
        );
        assert_eq!(known_radio(0x1915, 0x521f, "Open DFU Bootloader"), None);
    }
}
