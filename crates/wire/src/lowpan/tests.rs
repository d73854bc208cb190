use super::*;
use crate::ieee802154::Address;
use crate::tmf::vectors::bytes;
use proptest::prelude::*;
use std::net::Ipv6Addr;
use weft_model::{ExtendedAddress, Ipv6Prefix, MeshLocalPrefix};

const CHILD: Address = Address::Short(0x7c01);
const PARENT: Address = Address::Short(0x7c00);

fn contexts() -> Contexts {
    let mut contexts = Contexts::new();
    contexts.set_mesh_local(MeshLocalPrefix([0xfd, 0x2c, 0x1f, 0xbe, 0x03, 0xd6, 0xdf, 0xd0]));
    contexts
}

fn address(text: &str) -> Ipv6Addr {
    text.parse().unwrap()
}

/// A child asks its leader for an address: MAC payload of a recorded frame, decrypted.
const ADDRESS_SOLICIT: &str = "7677 07 f3 ff 0307 4202e7498d48b161026173ff0108168768fd00dbbe40040102";

#[test]
fn a_recorded_request_gives_addresses_ports_and_payload() {
    let datagram = Reassembler::new().frame(CHILD, PARENT, &bytes(ADDRESS_SOLICIT), &contexts(), 0);
    let datagram = datagram.unwrap().unwrap();
    let packet = datagram.packet().unwrap();
    assert_eq!(packet.source, address("fd2c:1fbe:3d6:dfd0:0:ff:fe00:7c01"));
    assert_eq!(packet.destination, address("fd2c:1fbe:3d6:dfd0:0:ff:fe00:7c00"));
    assert_eq!((packet.hop_limit, packet.protocol), (64, 17));
    let udp = packet.udp().unwrap().unwrap();
    assert_eq!((udp.source_port, udp.destination_port, udp.checksum), (TMF_PORT, TMF_PORT, 0x0307));
    assert_eq!(udp.payload, bytes("4202e7498d48b161026173ff0108168768fd00dbbe40040102"));
}

#[test]
fn without_the_mesh_local_prefix_the_locators_are_still_there() {
    let compressed = bytes(ADDRESS_SOLICIT);
    let packet = decompress(&compressed, CHILD, PARENT, &Contexts::new(), None).unwrap();
    assert_eq!(packet.unknown_contexts, 1, "context 0");
    assert_eq!(Ipv6Packet::parse(&packet.bytes).unwrap().source, address("::ff:fe00:7c01"));
}

#[test]
fn mle_is_found_between_extended_addresses() {
    // An advertisement: link-local source made of the frame's address, ff02::1, hop limit 255, port 19788.
    let payload = bytes("7f3b 01 f0 4d4c 4d4c df2c 0015");
    let sender = Address::Extended(ExtendedAddress([0x56, 0x16, 0xf1, 0x92, 0x27, 0xd2, 0xc4, 0xae]));
    let datagram = Reassembler::new()
        .frame(sender, Address::BROADCAST, &payload, &Contexts::new(), 0)
        .unwrap()
        .unwrap();
    let packet = datagram.packet().unwrap();
    assert_eq!(
        (packet.source, packet.destination),
        (address("fe80::5416:f192:27d2:c4ae"), address("ff02::1"))
    );
    let udp = packet.udp().unwrap().unwrap();
    assert_eq!(
        (packet.hop_limit, udp.destination_port, udp.payload),
        (255, crate::mle::PORT, &[0, 0x15][..])
    );
}

#[test]
fn a_mesh_header_names_both_ends() {
    let payload = bytes("b4 4000 5c00 7677 07f3ff 0307 42");
    let headers = Headers::parse(&payload).unwrap();
    let mesh = headers.mesh.unwrap();
    assert_eq!(
        (mesh.hops_left, mesh.originator, mesh.final_destination),
        (4, Address::Short(0x4000), Address::Short(0x5c00))
    );
    assert_eq!(headers.addresses(CHILD, PARENT), (mesh.originator, mesh.final_destination));
    let mut again = Vec::new();
    mesh.write(&mut again).unwrap();
    assert_eq!(again, payload[..5]);
    let deep = bytes("8f 20 0102030405060708 1112131415161718");
    let headers = Headers::parse(&deep).unwrap();
    assert_eq!(headers.mesh.unwrap().hops_left, 0x20);
    assert!(Headers::parse(&deep[..10]).is_err());
}

#[test]
fn multicast_with_options_is_found() {
    // Recorded: a query to all routers; behind the IPv6 header stand hop-by-hop options (MPL, 4 bytes, so 2 bytes of padding were left out).
    let payload = bytes("767a 0f 03000002 e1 04 6d020000 f3 ff 6ae2 520234a27106b164026471ff1204000105102102032e");
    let datagram = Reassembler::new()
        .frame(CHILD, Address::BROADCAST, &payload, &contexts(), 0)
        .unwrap()
        .unwrap();
    let packet = datagram.packet().unwrap();
    assert_eq!(packet.destination, address("ff03::2"));
    let udp = packet.udp().unwrap().unwrap();
    assert_eq!((udp.source_port, udp.destination_port, udp.payload[0]), (TMF_PORT, TMF_PORT, 0x52));
    assert_eq!(datagram.bytes[40..48], [17, 0, 0x6d, 2, 0, 0, 1, 0], "padded to 8 bytes");
}

#[test]
fn a_packet_in_a_packet_is_the_one_that_counts() {
    let inner = encode_udp((address("fd00::1"), TMF_PORT), (address("ff03::1"), TMF_PORT), 64, b"inside").unwrap();
    let outer = [&bytes("6000 0000 0000 29 40")[..], &[0x20; 32], &inner].concat();
    let packet = Ipv6Packet::parse(&outer).unwrap();
    assert_eq!(
        (packet.destination, packet.udp().unwrap().unwrap().payload),
        (address("ff03::1"), &b"inside"[..])
    );
    // The same, both headers compressed: outer from the frame's addresses to ff03::fc, inner to ff02::1.
    let compressed = bytes("7e3a 03 0000fc ee 7e3b 01 f3 ff 0000 aabb");
    let datagram = Reassembler::new()
        .frame(CHILD, Address::BROADCAST, &compressed, &Contexts::new(), 0)
        .unwrap()
        .unwrap();
    let packet = datagram.packet().unwrap();
    assert_eq!(
        (packet.destination, packet.udp().unwrap().unwrap().payload),
        (address("ff02::1"), &[0xaa, 0xbb][..])
    );
}

#[test]
fn contexts_are_learnt_from_network_data() {
    let network_data = bytes("03 14 00 40 fd00123456780001 05 04 2800 3300 07 02 11 40 08 04 0b 02 0946");
    let mut contexts = contexts();
    contexts.learn_network_data(&network_data);
    assert_eq!(contexts.get(1), "fd00:1234:5678:1::/64".parse().ok());
    assert_eq!((contexts.get(2), contexts.get(99)), (None, None));
    assert!(contexts.get(0).is_some(), "stays");
    for length in 0..network_data.len() {
        Contexts::new().learn_network_data(&network_data[..length]);
    }
}

#[test]
fn a_context_on_its_way_out_is_read_and_not_sent() {
    // The same prefix, without the flag that lets headers be compressed with it.
    let mut contexts = contexts();
    contexts.learn_network_data(&bytes("03 0e 00 40 fd00123456780001 07 02 01 40"));
    let packet = encode_udp((address("fd00:1234:5678:1::9"), 5000), (address("fd00:1234:5678:1::8"), 6000), 64, b"x").unwrap();
    let whole = compress(&packet, CHILD, PARENT, &contexts).unwrap().0;
    contexts.set(1, "fd00:1234:5678:1::/64".parse().unwrap());
    let short = compress(&packet, CHILD, PARENT, &contexts).unwrap().0;
    assert_eq!(
        (whole[1], whole.len() - short.len()),
        (0, 15),
        "two prefixes, less the byte that names the contexts"
    );
    contexts.learn_network_data(&bytes("03 0e 00 40 fd00123456780001 07 02 01 40"));
    let again = decompress(&[&short[..], b"x"].concat(), CHILD, PARENT, &contexts, None).unwrap();
    assert_eq!(again.bytes, packet, "it is still read");
}

#[test]
fn fragments_of_two_hops_do_not_mix() {
    let packet = encode_udp(
        (address("fd2c:1fbe:3d6:dfd0:0:ff:fe00:7c01"), 5000),
        (address("fd00::9"), 6000),
        64,
        &[7; 300],
    )
    .unwrap();
    let payloads = fragments(&packet, CHILD, PARENT, &contexts(), 77, 90).unwrap();
    assert!(payloads.len() > 3 && payloads.iter().all(|payload| payload.len() <= 90));
    let relay = Address::Short(0x5c00);
    let mut reassembler = Reassembler::new();
    let mut whole = Vec::new();
    for (index, payload) in payloads.iter().enumerate() {
        // The first hop loses its third fragment; the second hop's are all there, one of them twice.
        if index != 2 {
            assert_eq!(reassembler.frame(CHILD, PARENT, payload, &contexts(), 0), Ok(None));
        }
        whole.extend(reassembler.frame(CHILD, relay, payload, &contexts(), 0).unwrap());
        if index == 0 {
            assert_eq!(reassembler.frame(CHILD, relay, payload, &contexts(), 0), Ok(None));
        }
    }
    assert_eq!(whole.len(), 1);
    assert_eq!(whole[0].bytes, packet);
    assert_eq!(reassembler.waiting(), 1);
    let later = reassembler.frame(CHILD, PARENT, &payloads[2], &contexts(), FRAGMENT_TIMEOUT_MICROSECONDS);
    assert_eq!((later, reassembler.waiting()), (Ok(None), 1), "too late: a new packet begins");
}

#[test]
fn waiting_packets_are_bounded() {
    let packet = encode_udp((address("fd00::1"), 1), (address("fd00::2"), 2), 1, &[7; 300]).unwrap();
    let mut reassembler = Reassembler::new();
    for tag in 0..100 {
        let payloads = fragments(&packet, CHILD, PARENT, &contexts(), tag, 80).unwrap();
        assert_eq!(reassembler.frame(CHILD, PARENT, &payloads[0], &contexts(), 0), Ok(None));
    }
    assert_eq!(reassembler.waiting(), MAX_REASSEMBLIES);
}

#[test]
fn what_makes_no_sense_is_named() {
    let problem = |text: &str| {
        Reassembler::new()
            .frame(CHILD, Address::None, &bytes(text), &contexts(), 0)
            .unwrap_err()
            .to_string()
    };
    assert_eq!(problem(""), "6LoWPAN › dispatch at byte 0: 1 bytes needed, 0 left");
    assert_eq!(problem("00"), "6LoWPAN › dispatch at byte 0: 0x00 is not IPv6");
    assert_eq!(
        problem("7e33 e2"),
        "6LoWPAN › destination at byte 2: left out, and the frame has no address"
    );
    assert_eq!(problem("7e01 ff aabb"), "6LoWPAN › source at byte 2: 16 bytes needed, 3 left");
    assert_eq!(
        problem("e010 0001 01 0102030405060708090a"),
        "fragment offset at byte 4: 10 bytes at 8 of 16"
    );
    assert_eq!(
        problem("c010 0001 7b3b 3a 01"),
        "6LoWPAN › packet size at byte 4: 40 bytes of a packet of 16"
    );
    assert!(matches!(compress(&[0x60; 39], CHILD, PARENT, &contexts()), Err(CompressError::NoPacket)));
    let packet = encode_udp((address("fd00::1"), 1), (address("fd00::2"), 2), 1, &[7; 300]).unwrap();
    assert_eq!(fragments(&packet, CHILD, PARENT, &contexts(), 1, 12), Err(CompressError::NoPlace(12)));
}

fn any_link() -> impl Strategy<Value = Address> {
    prop_oneof![
        Just(Address::None),
        any::<u16>().prop_map(Address::Short),
        any::<[u8; 8]>().prop_map(|bytes| Address::Extended(ExtendedAddress(bytes)))
    ]
}

fn any_ip(link: Address) -> impl Strategy<Value = Ipv6Addr> {
    let id = interface_id(link).unwrap_or([0x11; 8]);
    let prefix = prop::sample::select(vec![
        [0xfe, 0x80, 0, 0, 0, 0, 0, 0],
        [0xfd, 0x2c, 0x1f, 0xbe, 0x03, 0xd6, 0xdf, 0xd0],
        [0xfd, 1, 2, 3, 4, 5, 6, 7],
        [0x20, 1, 0, 0, 0, 0, 0, 1],
    ]);
    let interface = prop_oneof![
        Just(id),
        any::<[u8; 8]>(),
        any::<[u8; 2]>().prop_map(|[a, b]| [0, 0, 0, 0xff, 0xfe, 0, a, b])
    ];
    let unicast =
        (prefix, interface).prop_map(|(prefix, interface)| Ipv6Addr::from(u128::from_be_bytes([prefix, interface].concat().try_into().unwrap())));
    let multicast = (any::<u8>(), any::<u128>(), prop::sample::select(vec![8u32, 24, 32, 40, 112]))
        .prop_map(|(second, low, bits)| Ipv6Addr::from(0xff << 120 | u128::from(second) << 112 | low & ((1 << bits) - 1)));
    prop_oneof![6 => unicast, 3 => multicast, 1 => Just(Ipv6Addr::UNSPECIFIED), 1 => any::<u128>().prop_map(Ipv6Addr::from)]
}

proptest! {
    #[test]
    fn what_is_compressed_comes_back(
        (links, ends) in (any_link(), any_link()).prop_flat_map(|links| (Just(links), (any_ip(links.0), any_ip(links.1)))),
        ports in (prop_oneof![any::<u16>(), 0xf000u16..=0xf0ff, 0xf0b0u16..=0xf0bf], prop_oneof![any::<u16>(), 0xf0b0u16..=0xf0bf]),
        hop_limit in prop_oneof![Just(1u8), Just(64), Just(255), any::<u8>()],
        flow in prop_oneof![Just(0u32), 0u32..0x1000_0000],
        protocol in prop::sample::select(vec![17u8, 58, 6]),
        payload in prop::collection::vec(any::<u8>(), 0..1200),
        max in 60usize..110,
    ) {
        let mut contexts = contexts();
        contexts.set(3, Ipv6Prefix::new(Ipv6Addr::new(0xfd01, 0x0203, 0x0405, 0x0607, 0, 0, 0, 0), 64).unwrap());
        let mut packet = encode_udp((ends.0, ports.0), (ends.1, ports.1), hop_limit, &payload).unwrap();
        packet[..4].copy_from_slice(&(0x6000_0000 | flow).to_be_bytes());
        packet[6] = protocol;
        let mut reassembler = Reassembler::new();
        let payloads = fragments(&packet, links.0, links.1, &contexts, 5, max).unwrap();
        let last = payloads.len() - 1;
        for (index, payload) in payloads.iter().enumerate() {
            let datagram = reassembler.frame(links.0, links.1, payload, &contexts, 0).unwrap();
            prop_assert_eq!(datagram.is_some(), index == last);
            if let Some(datagram) = datagram {
                prop_assert_eq!(&datagram.bytes, &packet);
                prop_assert_eq!(datagram.unknown_contexts, 0);
            }
        }
    }

    #[test]
    fn arbitrary_bytes_do_no_harm(frames in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..100), 0..6), compressed: bool) {
        let mut reassembler = Reassembler::new();
        for mut frame in frames {
            if compressed && let Some(first) = frame.first_mut() {
                *first = 0x60 | *first & 0x1f;
            }
            if let Ok(Some(datagram)) = reassembler.frame(CHILD, PARENT, &frame, &contexts(), 0) {
                prop_assert!(datagram.bytes.len() <= MAX_PACKET_BYTES);
                if let Ok(packet) = datagram.packet() {
                    packet.udp();
                }
            }
            let _ = compress(&frame, CHILD, PARENT, &contexts());
        }
    }
}
