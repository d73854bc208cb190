//! Echo requests, multicast, and what is not for us.

use super::super::MleOptions;
use super::super::outbox::Content;
use super::*;
use std::net::Ipv6Addr;
use weft_wire::ieee802154::{Address, Frame};
use weft_wire::link_security::KeyRing;
use weft_wire::lowpan::{Contexts, Ipv6Packet, Reassembler, checksum, encode_packet, fragments, mpl_option, next_header};
use weft_wire::mle::Command;

fn rloc(number: u16) -> Ipv6Addr {
    PREFIX.rloc(rloc16(number))
}

/// The IPv6 packets in frames that the child sent.
fn packets_of_child(frames: &[Outgoing]) -> Vec<Vec<u8>> {
    let (mut keys, mut reassembler, mut contexts) = (KeyRing::new(membership().key), Reassembler::new(), Contexts::new());
    contexts.set_mesh_local(PREFIX);
    let mut packets = Vec::new();
    for outgoing in frames {
        let frame = Frame::parse(&outgoing.psdu).unwrap();
        assert_eq!(frame.destination, Address::Short(0x7c00), "everything goes to the parent");
        assert!(frame.acknowledgment_requested);
        let (payload, _) = keys.open_frame(&outgoing.psdu, &frame, CHILD).unwrap();
        let datagram = reassembler.frame(frame.source, frame.destination, &payload, &contexts, 0).unwrap();
        packets.extend(datagram.map(|datagram| datagram.bytes));
    }
    packets
}

fn echo_request(from: Ipv6Addr, to: Ipv6Addr, data: &[u8]) -> Vec<u8> {
    let mut message = [&bytes("80 00 0000 1234 0007")[..], data].concat();
    let sum = checksum(from, to, next_header::ICMPV6, &message);
    message[2..4].copy_from_slice(&sum.to_be_bytes());
    encode_packet(from, to, next_header::ICMPV6, 64, &message).unwrap()
}

#[test]
fn an_echo_request_is_answered() {
    let far = rloc(0xe000);
    for (to, answers_from) in [
        (rloc(0x7c02), rloc(0x7c02)),
        (CHILD.to_link_local(), CHILD.to_link_local()),
        (
            "fd2c:1fbe:3d6:dfd0:909:909:909:909".parse().unwrap(),
            "fd2c:1fbe:3d6:dfd0:909:909:909:909".parse().unwrap(),
        ),
        ("ff03::1".parse().unwrap(), rloc(0x7c02)),
        ("ff02::1".parse().unwrap(), rloc(0x7c02)),
        ("ff33:40:fd2c:1fbe:3d6:dfd0:0:1".parse().unwrap(), rloc(0x7c02)),
    ] {
        for size in [0, 3, 300] {
            let (mut child, mut parent) = pair();
            child.set_interface_id([9; 8]);
            let data = vec![5; size];
            parent.outbox.put_last(Content::Packet(echo_request(far, to, &data))).unwrap();
            assert!(carry(&mut parent, &mut child).is_empty(), "it is nobody else's business");
            let packets = packets_of_child(&send_all(&mut child));
            let [reply] = &packets[..] else {
                panic!("{to}: {} packets", packets.len())
            };
            let packet = Ipv6Packet::parse(reply).unwrap();
            assert_eq!(
                (packet.source, packet.destination, packet.protocol),
                (answers_from, far, next_header::ICMPV6),
                "{to}"
            );
            assert_eq!(checksum(packet.source, packet.destination, next_header::ICMPV6, packet.payload), 0);
            assert_eq!(
                (packet.payload[..2].to_vec(), &packet.payload[4..8]),
                (vec![129, 0], &bytes("1234 0007")[..])
            );
            assert_eq!(packet.payload[8..], data);
        }
    }
}

#[test]
fn what_is_no_echo_request_for_us_is_not_answered() {
    let far = rloc(0xe000);
    let mut damaged = echo_request(far, rloc(0x7c02), b"data");
    damaged[50] ^= 1;
    let reply = encode_packet(far, rloc(0x7c02), next_header::ICMPV6, 64, &bytes("81 00 0000 1234 0007")).unwrap();
    let others = [
        echo_request(far, rloc(0x7c03), b"data"),
        echo_request(far, "ff03::2".parse().unwrap(), b"data"),
        echo_request("ff03::1".parse().unwrap(), rloc(0x7c02), b"data"),
        echo_request(Ipv6Addr::UNSPECIFIED, rloc(0x7c02), b"data"),
        damaged,
        reply,
        encode_packet(far, rloc(0x7c02), next_header::ICMPV6, 64, &[]).unwrap(),
        encode_packet(far, rloc(0x7c02), 6, 64, &[1; 30]).unwrap(),
    ];
    for packet in others {
        let (mut child, mut parent) = pair();
        parent.outbox.put_last(Content::Packet(packet.clone())).unwrap();
        assert!(carry(&mut parent, &mut child).is_empty());
        assert_eq!(child.counts().frames_heard, 1);
        assert_eq!(child.poll_transmit(), None, "{packet:02x?}");
    }
}

#[test]
fn multicast_goes_to_the_parent_with_the_option_that_spreads_it() {
    let (mut child, mut parent) = pair();
    for _ in 0..2 {
        child.send_udp("ff03::2".parse().unwrap(), 61_631, 61_631, b"who?", NOW).unwrap();
    }
    child.send_udp("ff02::1".parse().unwrap(), 61_631, 61_631, b"here", NOW).unwrap();
    let frames = send_all(&mut child);
    let packets = packets_of_child(&frames);
    let options: Vec<_> = packets.iter().map(|packet| mpl_option(packet)).collect();
    let [Some(first), Some(second), None] = options[..] else {
        panic!("{options:?}")
    };
    assert_eq!((first.seed, second.seed), (None, None), "the source says who");
    assert_eq!(second.sequence, first.sequence.wrapping_add(1));
    let packet = Ipv6Packet::parse(&packets[0]).unwrap();
    assert_eq!(
        (packet.source, packet.hop_limit, packet.udp().unwrap().unwrap().payload),
        (rloc(0x7c02), 64, &b"who?"[..])
    );
    // This parent is a child too: it does not listen to all routers.
    let brought: Vec<_> = frames.iter().filter_map(|frame| parent.receive(&heard(&frame.psdu), NOW)).collect();
    assert_eq!(brought.len(), 1);
}

#[test]
fn a_multicast_packet_that_is_spread_again_is_read_once() {
    let (mut child, mut parent) = pair();
    parent.send_udp("ff03::1".parse().unwrap(), 1, 2, b"all", NOW).unwrap();
    let packet = waiting_packet(&mut parent);
    for (at, is_read) in [(NOW, true), (NOW + Duration::from_secs(1), false), (NOW + Duration::from_secs(7), true)] {
        parent.outbox.put_last(Content::Packet(packet.clone())).unwrap();
        let frame = send_all(&mut parent).remove(0);
        assert_eq!(child.receive(&heard(&frame.psdu), at).is_some(), is_read, "{at:?}");
    }
}

#[test]
fn a_forged_multicast_packet_does_not_stand_for_the_right_one() {
    let (mut child, mut parent) = pair();
    parent.send_udp("ff03::1".parse().unwrap(), 1, 2, b"all", NOW).unwrap();
    let packet = waiting_packet(&mut parent);
    parent.outbox.put_last(Content::Packet(packet.clone())).unwrap();
    let right = send_all(&mut parent).remove(0);
    let payload = fragments(&packet, Address::Extended(PARENT), Address::BROADCAST, &Contexts::new(), 0, 100)
        .unwrap()
        .remove(0);
    // Data frame to everybody, in the clear.
    let forged = [bytes("41d8 01 0b10 ffff 662c9b09f47ec366"), payload].concat();
    assert!(child.receive(&heard(&forged), NOW).is_none());
    assert_eq!((child.counts().frames_heard, child.counts().malformed), (1, 0));
    assert!(child.receive(&heard(&right.psdu), NOW).is_some());
}

#[test]
fn our_own_multicast_packets_come_back_unread() {
    let (mut child, mut parent) = pair();
    child.send_udp("ff03::1".parse().unwrap(), 1, 2, b"all", NOW).unwrap();
    let packet = waiting_packet(&mut child);
    parent.outbox.put_last(Content::Packet(packet)).unwrap();
    let frames = send_all(&mut parent);
    assert!(child.receive(&heard(&frames[0].psdu), NOW).is_none());
    assert_eq!((child.counts().frames_heard, child.counts().malformed), (1, 0));
}

/// The packet that waits.
fn waiting_packet(link: &mut Link) -> Vec<u8> {
    match link.outbox.take().unwrap().content {
        Content::Packet(packet) => packet,
        Content::Mle { .. } => panic!("a packet"),
    }
}

#[test]
fn only_the_parent_is_listened_to() {
    let stranger = ExtendedAddress([2; 8]);
    let mut other = link_from(stranger, 0, 0, 0);
    other.set_place(Some(place(0x7c00, 0x7c02, CHILD)));
    let (mut child, _) = pair();
    other.send_udp(rloc(0x7c02), 1, 2, b"x", NOW).unwrap();
    assert!(
        carry(&mut other, &mut child).is_empty(),
        "it has the key and the parent's locator, and another radio"
    );
    assert_eq!(child.counts().closed, 1);
    // From its extended address: a datagram is not read, a message is.
    let link_local = encode_packet(
        stranger.to_link_local(),
        CHILD.to_link_local(),
        next_header::UDP,
        64,
        &bytes("0001 0002 0008 0000"),
    )
    .unwrap();
    other.outbox.put_last(Content::Packet(link_local)).unwrap();
    other
        .send_mle(CHILD.to_link_local(), &bytes("0a 00027c00"), MleOptions::default(), NOW)
        .unwrap();
    let brought = carry(&mut other, &mut child);
    assert!(matches!(&brought[..], [Received::Mle(message)] if message.from == stranger));
}

#[test]
fn what_is_for_others_is_left_alone() {
    let (mut child, mut parent) = pair();
    parent.send_udp(rloc(0x7c02), 1, 2, b"x", NOW).unwrap();
    let frame = parent.poll_transmit().unwrap().psdu;
    // PAN id, then destination.
    for (at, to) in [(3, "3412"), (5, "037c"), (5, "007c")] {
        let mut other = frame.clone();
        other[at..at + 2].copy_from_slice(&bytes(to));
        assert!(child.receive(&heard(&other), NOW).is_none());
    }
    assert_eq!(child.counts().frames_heard, 0);
    assert!(child.receive(&heard(&frame), NOW).is_some());
}

#[test]
fn in_the_clear_only_a_discovery_response_is_read() {
    let (mut child, mut parent) = pair();
    let clear = MleOptions {
        is_in_clear: true,
        ..MleOptions::default()
    };
    for (message, is_read) in [("11 1a00", true), ("0a 00027c00", false), ("10 1a00", false), ("0e 130101", false)] {
        parent.send_mle(CHILD.to_link_local(), &bytes(message), clear, NOW).unwrap();
        assert_eq!(!carry(&mut parent, &mut child).is_empty(), is_read, "{message}");
    }
}

#[test]
fn discovery_goes_everywhere_on_a_channel_of_its_own() {
    let mut child = link_from(CHILD, 0, 0, 0);
    let other = Channel::new(26).unwrap();
    // Version 4 of the discovery request.
    let request = bytes("10 1a 04 8002 4000");
    child
        .send_mle("ff02::2".parse().unwrap(), &request, MleOptions::discovery(other), NOW)
        .unwrap();
    let frame = child.poll_transmit().unwrap();
    assert_eq!(frame.channel, other);
    let parsed = Frame::parse(&frame.psdu).unwrap();
    assert_eq!((parsed.destination_pan_id, parsed.source_pan_id), (Some(PanId::BROADCAST), Some(PAN_ID)));
    assert_eq!((parsed.destination, parsed.source), (Address::BROADCAST, Address::Extended(CHILD)));
    assert!(parsed.security.is_none() && !parsed.acknowledgment_requested && !parsed.pan_id_compression);
    // IPHC: hop limit 255, source from the frame, ff02::2; UDP with both ports whole; suite 255.
    let mut checked = parsed.body.to_vec();
    checked[8..10].fill(0);
    assert_eq!(checked, bytes("7f3b 02 f0 4d4c 4d4c 0000 ff 10 1a 04 8002 4000"));
    // A response comes back into the PAN that asked.
    let mut router = link_from(PARENT, 0, 0, 0);
    let options = MleOptions {
        is_in_clear: true,
        ..MleOptions::default()
    };
    router.send_mle(CHILD.to_link_local(), &bytes("11 1a00"), options, NOW).unwrap();
    let brought = carry(&mut router, &mut child);
    let [Received::Mle(response)] = &brought[..] else { panic!("a response") };
    assert_eq!((response.counter, response.message.command), (None, Command::DISCOVERY_RESPONSE));
}
