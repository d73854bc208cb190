//! General Diagnostics, 0x0033 (Matter core specification 1.4, 11.12): the network interfaces, and what the one of type Thread says about the radio.
//!
//! Never another interface in its place: the address of a Wi-Fi interface is somebody else's.

use super::statement::{Row, Statement, list, octets, shape, text};
use std::net::Ipv6Addr;
use weft_model::{AttributeValue, Fact, FactKind, NetworkInterface};

pub(super) fn decode(statement: &mut Statement<'_>) {
    match statement.path.attribute {
        0x00 => network_interfaces(statement),
        _ => statement.keep(),
    }
}

/// An interface, and what of it could not be read.
struct ReadInterface {
    interface: NetworkInterface,
    hardware_address_wrong: bool,
    ipv6_addresses_wrong: bool,
}

fn network_interfaces(statement: &mut Statement<'_>) {
    let interfaces = statement.rows(|row| {
        let Some(interface_type) = row.number(7, "Type") else {
            row.problem("Type", "an interface without a type");
            return None;
        };
        let ipv6_addresses = ipv6_addresses(row);
        let ipv6_addresses_wrong = std::mem::take(&mut row.wrong);
        let hardware_address = row.octets(4, "HardwareAddress").unwrap_or_default().into_owned();
        let hardware_address_wrong = std::mem::take(&mut row.wrong);
        if ipv6_addresses_wrong || hardware_address_wrong {
            row.statement.incomplete(FactKind::NetworkInterfaces);
        }
        let interface = NetworkInterface {
            name: row.read(0, "Name", text).unwrap_or_default(),
            operational: row.boolean(1, "IsOperational").unwrap_or(false),
            hardware_address,
            ipv6_addresses,
            interface_type,
        };
        Some(ReadInterface {
            interface,
            hardware_address_wrong,
            ipv6_addresses_wrong,
        })
    });
    if let Some(interfaces) = interfaces {
        thread_interface(statement, &interfaces);
        statement.fact(Fact::NetworkInterfaces(interfaces.into_iter().map(|read| read.interface).collect()));
    }
}

fn ipv6_addresses(row: &mut Row<'_, '_>) -> Vec<Ipv6Addr> {
    let form = row.statement.form;
    let mut addresses = Vec::new();
    for value in row.read(6, "IPv6Addresses", list).unwrap_or_default() {
        match octets(value, form).ok().and_then(|octets| <[u8; 16]>::try_from(octets.as_ref()).ok()) {
            Some(octets) => addresses.push(octets.into()),
            None => row.problem("IPv6Addresses", format!("16 octets expected, got {}", shape(value))),
        }
    }
    addresses
}

/// The facts that only the interface of type Thread gives: that which is up, else the first. A node that says which interfaces it has, and has none of Thread,
/// has neither a hardware address nor addresses of one.
fn thread_interface(statement: &mut Statement<'_>, interfaces: &[ReadInterface]) {
    let mut threads: Vec<&ReadInterface> = interfaces
        .iter()
        .filter(|read| read.interface.interface_type == NetworkInterface::THREAD)
        .collect();
    threads.sort_by_key(|read| !read.interface.operational);
    if threads.len() > 1 {
        statement.problem("", format!("{} interfaces of type Thread, only one is used", threads.len()));
    }
    let Some(thread) = threads.first() else {
        if statement.complete() {
            statement.null(FactKind::HardwareAddress);
            statement.null(FactKind::Ipv6Addresses);
        }
        return;
    };
    match thread.interface.hardware_address.as_slice() {
        [] if thread.hardware_address_wrong => {}
        [] => statement.null(FactKind::HardwareAddress),
        [prefix, rest @ ..] if rest.len() == 8 => {
            statement.problem("HardwareAddress", format!("9 bytes, the first ({prefix:#04x}) left out"));
            hardware_address(statement, rest);
        }
        address => hardware_address(statement, address),
    }
    if thread.ipv6_addresses_wrong {
        statement.incomplete(FactKind::Ipv6Addresses);
    }
    let mut addresses = thread.interface.ipv6_addresses.clone();
    addresses.sort();
    addresses.dedup();
    statement.fact(Fact::Ipv6Addresses(addresses));
}

fn hardware_address(statement: &mut Statement<'_>, bytes: &[u8]) {
    match <[u8; 8]>::try_from(bytes) {
        Ok(address) if address == [0; 8] => statement.null(FactKind::HardwareAddress),
        Ok(address) => statement.fact(Fact::HardwareAddress(address)),
        Err(_) => statement.problem("HardwareAddress", format!("8 bytes expected, got {}", bytes.len())),
    }
}

/// The attribute as a device would give it.
pub(super) fn encode_interfaces(interfaces: &[NetworkInterface]) -> AttributeValue {
    let row = |interface: &NetworkInterface| {
        AttributeValue::Structure(vec![
            (0, AttributeValue::Text(interface.name.clone())),
            (1, AttributeValue::Boolean(interface.operational)),
            (2, AttributeValue::Null),
            (3, AttributeValue::Null),
            (4, AttributeValue::Octets(interface.hardware_address.clone())),
            (5, AttributeValue::List(Vec::new())),
            (
                6,
                AttributeValue::List(
                    interface
                        .ipv6_addresses
                        .iter()
                        .map(|address| AttributeValue::Octets(address.octets().to_vec()))
                        .collect(),
                ),
            ),
            (7, AttributeValue::Unsigned(interface.interface_type.into())),
        ])
    };
    AttributeValue::List(interfaces.iter().map(row).collect())
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use crate::Decoded;
    use crate::matter::clusters::tests::path;
    use crate::matter::{decode_attribute, decode_value, tlv};
    use proptest::prelude::*;

    fn interface(interface_type: u8, hardware_address: &[u8]) -> NetworkInterface {
        NetworkInterface {
            name: "if".into(),
            operational: true,
            hardware_address: hardware_address.to_vec(),
            ipv6_addresses: vec!["fe80::1".parse().unwrap()],
            interface_type,
        }
    }

    fn decode(interfaces: &[NetworkInterface]) -> Decoded {
        decode_attribute(path(0x33, 0), &tlv::encode(&encode_interfaces(interfaces)))
    }

    const RADIO: [u8; 8] = [0x48, 0x37, 0x5a, 0x4e, 0xfc, 0x54, 0xd5, 0x2a];

    #[test]
    fn the_thread_interface_of_a_recorded_node_reads_as_annotated() {
        let tlv = [
            &[0x16, 0x15][..],
            &[0x2c, 0x00, 0x07, b'h', b'o', b'm', b'e', b'-', b'4', b'4'], // 0 Name
            &[0x29, 0x01, 0x34, 0x02, 0x34, 0x03],                         // 1 IsOperational, 2 and 3 null
            &[0x30, 0x04, 0x08],                                           // 4 HardwareAddress
            &RADIO,
            &[0x36, 0x05, 0x18],             // 5 IPv4Addresses: none
            &[0x36, 0x06, 0x10, 0x10],       // 6 IPv6Addresses: fe80::4a37:5a4e:fc54:d52a
            &[0xfe, 0x80, 0, 0, 0, 0, 0, 0], //
            &[0x4a, 0x37, 0x5a, 0x4e, 0xfc, 0x54, 0xd5, 0x2a, 0x18],
            &[0x24, 0x07, 0x04, 0x18, 0x18], // 7 Type = Thread
        ]
        .concat();
        let decoded = decode_attribute(path(0x33, 0), &tlv);
        let address: Ipv6Addr = "fe80::4a37:5a4e:fc54:d52a".parse().unwrap();
        assert_eq!(decoded.problems, []);
        assert_eq!(decoded.facts[..2], [Fact::HardwareAddress(RADIO), Fact::Ipv6Addresses(vec![address])]);
        let [_, _, Fact::NetworkInterfaces(interfaces)] = decoded.facts.as_slice() else {
            panic!("{decoded:?}")
        };
        assert_eq!((interfaces[0].name.as_str(), interfaces[0].operational), ("home-44", true));
    }

    #[test]
    fn a_wifi_interface_is_never_used_for_the_hardware_address() {
        let wifi = interface(1, &[2, 3, 4, 5, 6, 7]);
        let facts = decode(std::slice::from_ref(&wifi)).facts;
        assert_eq!(facts[..2], [Fact::Null(FactKind::HardwareAddress), Fact::Null(FactKind::Ipv6Addresses)]);
        let wifi_of_8_bytes = interface(1, &[9; 8]);
        assert!(
            !decode(std::slice::from_ref(&wifi_of_8_bytes))
                .facts
                .iter()
                .any(|fact| matches!(fact, Fact::HardwareAddress(_)))
        );
        assert!(decode(&[wifi, interface(4, &RADIO)]).facts.contains(&Fact::HardwareAddress(RADIO)));
    }

    #[test]
    fn a_hardware_address_of_9_bytes_loses_its_first() {
        let nine = [&[0x08], RADIO.as_slice()].concat();
        let decoded = decode(&[interface(4, &nine)]);
        assert_eq!(decoded.facts[0], Fact::HardwareAddress(RADIO));
        assert_eq!(
            decoded.problems[0].to_string(),
            "network-interfaces › HardwareAddress: 9 bytes, the first (0x08) left out"
        );
    }

    #[test]
    fn a_hardware_address_that_is_none_gives_none() {
        for (address, problems) in [(&[][..], 0), (&[0; 8], 0), (&[1; 6], 1), (&[1; 10], 1)] {
            let decoded = decode(&[interface(4, address)]);
            assert!(
                !decoded.facts.iter().any(|fact| matches!(fact, Fact::HardwareAddress(_))),
                "{address:02x?}"
            );
            assert_eq!(decoded.problems.len(), problems, "{address:02x?}");
        }
    }

    #[test]
    fn an_interface_without_a_type_makes_no_statement_about_thread() {
        let value = AttributeValue::List(vec![AttributeValue::Structure(vec![(4, AttributeValue::Octets(RADIO.to_vec()))])]);
        let decoded = decode_value(path(0x33, 0), &value);
        assert_eq!(decoded.facts, [Fact::NetworkInterfaces(Vec::new())]);
        assert_eq!(decoded.incomplete, [FactKind::NetworkInterfaces]);
    }

    #[test]
    fn an_address_that_cannot_be_read_leaves_the_others() {
        let addresses = vec![AttributeValue::Octets(vec![1; 4]), AttributeValue::Octets(vec![0xfd; 16])];
        let row = vec![
            (4, AttributeValue::Octets(RADIO.to_vec())),
            (6, AttributeValue::List(addresses)),
            (7, AttributeValue::Unsigned(4)),
        ];
        let decoded = decode_value(path(0x33, 0), &AttributeValue::List(vec![AttributeValue::Structure(row)]));
        assert!(matches!(&decoded.facts[1], Fact::Ipv6Addresses(addresses) if addresses.len() == 1));
        assert_eq!(decoded.incomplete, [FactKind::NetworkInterfaces, FactKind::Ipv6Addresses]);
        assert_eq!(
            decoded.problems[0].to_string(),
            "network-interfaces › row 0 › IPv6Addresses: 16 octets expected, got 4 octets"
        );
    }

    /// Interface lists that a device can say.
    pub fn any_interfaces() -> impl Strategy<Value = Vec<NetworkInterface>> {
        let octets = proptest::collection::vec(any::<u8>(), 0..10);
        let addresses = proptest::collection::vec(any::<u128>().prop_map(Ipv6Addr::from), 0..5);
        let row = ("[a-z0-9-]{0,20}", any::<bool>(), octets, addresses, 0u8..6).prop_map(|row| NetworkInterface {
            name: row.0,
            operational: row.1,
            hardware_address: row.2,
            ipv6_addresses: row.3,
            interface_type: row.4,
        });
        proptest::collection::vec(row, 0..5)
    }

    proptest! {
        #[test]
        fn interfaces_come_back_through_tlv(interfaces in any_interfaces()) {
            prop_assert!(decode(&interfaces).facts.contains(&Fact::NetworkInterfaces(interfaces)));
        }
    }
}
