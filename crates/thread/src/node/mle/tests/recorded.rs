//! What OpenThread's minimal devices said when 20 of them formed a mesh, and what was said to them (`mesh20` of the recordings).

use super::*;
use weft_model::DeviceMode;

fn bytes(hex: &str) -> Vec<u8> {
    (0..hex.len())
        .step_by(2)
        .map(|at| u8::from_str_radix(&hex[at..at + 2], 16).unwrap())
        .collect()
}

/// The recorded devices want only the stable part of the network data.
fn with_their_mode(draft: &Draft) -> Vec<u8> {
    let mut message = draft.message.clone();
    for tlv in &mut message.tlvs {
        if let Tlv::Mode(mode) = tlv {
            *mode = DeviceMode {
                full_network_data: false,
                ..*mode
            };
        }
    }
    message.encode().unwrap()
}

fn address(link_local: &str) -> ExtendedAddress {
    ExtendedAddress::from_link_local(link_local.parse::<Ipv6Addr>().unwrap()).unwrap()
}

/// Frames 90 to 182: a device that asks twice for a parent, is answered by three routers of two partitions, and attaches to the best.
#[test]
fn a_recorded_attach_goes_the_same_way_message_by_message() {
    const WORST: &str = "fe80::d434:c32d:2d43:3f8a";
    const MIDDLE: &str = "fe80::24c7:2745:5487:558b";
    const BEST: &str = "fe80::64c3:7ef4:99b:2c66";
    let mut numbers = bytes("594b6c912c70caf2df431f127b86e653605468361d43a79a").into_iter();
    let random: Random = Box::new(move |filled| filled.fill_with(|| numbers.next().unwrap()));
    let start = MILLISECONDS(9_528);
    let mut scene = Scene {
        mle: Mle::new(&membership(), kept(), random, start),
        now: start,
        sequence: 0,
        counter: 0,
    };
    let hear = |scene: &mut Scene, at: u64, from: &str, hex: &str| {
        scene.now = MILLISECONDS(at);
        scene.hear_at(address(from), -20, false, Message::parse(&bytes(hex)).unwrap());
    };
    let asked = scene.sent();
    assert_eq!(asked[0].destination, "ff02::2".parse::<Ipv6Addr>().unwrap());
    assert_eq!(with_their_mode(&asked[0]), bytes("0901010c0308df431f127b86e6530e018012020005"));
    hear(
        &mut scene,
        9_611,
        WORST,
        "0a000228000b0860321d9e406987170504000000010804000000080408df431f127b86e65303088433020982ecc4221001040f0a0000010002020205000112020005",
    );
    hear(
        &mut scene,
        9_895,
        MIDDLE,
        "0a0002e0000b086db0df6a4069ef3805040000000108040000000d0408df431f127b86e65303083aeaff2b05f33f7610010b0f0a00010000002e0205000112020005",
    );
    // Neither is heard well enough to ask nobody else: 750 ms after the first question comes the second.
    assert_eq!(scene.mle.deadline(), Some(MILLISECONDS(10_278)));
    scene.on_to_deadline();
    assert_eq!(with_their_mode(&scene.sent()[0]), bytes("0901010c0308605468361d43a79a0e018012020005"));
    hear(
        &mut scene,
        10_297,
        MIDDLE,
        "0a0002e0000b086db0df6a4069ef3805040000000108040000000f0408605468361d43a79a0308b9e2559928e2462e10010b0f0a00010000002e0205000112020005",
    );
    hear(
        &mut scene,
        10_416,
        WORST,
        "0a000228000b0860321d9e4069871705040000000108040000000e0408605468361d43a79a0308606fae83f17e8b3c1001040f0a0000010002020205000112020005",
    );
    hear(
        &mut scene,
        10_681,
        BEST,
        "0a00027c000b086db0df6a4069ef380504000000030804000000120408605468361d43a79a03082016ce8e697bef2210011b0f0a00010100012f0305000112020005",
    );
    assert_eq!(scene.mle.deadline(), Some(MILLISECONDS(11_028)));
    scene.on_to_deadline();
    let mut outputs = scene.outputs();
    let Some(Output::Send(mut request)) = outputs.pop() else {
        panic!("{outputs:?}")
    };
    let expected = Output::Counters {
        address: address(BEST),
        sequence: KeySequence(0),
        link: 3,
        mle: 0x12,
    };
    assert_eq!(outputs, [expected]);
    assert_eq!(request.destination, BEST.parse::<Ipv6Addr>().unwrap());
    for tlv in &mut request.message.tlvs {
        if let Tlv::MleFrameCounter(counter) = tlv {
            *counter = 2;
        }
    }
    assert_eq!(
        with_their_mode(&request),
        bytes("0b04082016ce8e697bef2205040000000008040000000201010c0204000000f012020005130980594b6c912c70caf20d020a0c"),
        "the recorded device names its dataset besides (16 08 …)"
    );
    hear(
        &mut scene,
        11_032,
        BEST,
        "0c00027c000b086db0df6a4069ef38160800000000000100000a027c020c001300",
    );
    let place = Place {
        rloc16: rloc16(0x7c02),
        parent: rloc16(0x7c00),
        parent_address: address(BEST),
        partition_id: PartitionId(0x6db0_df6a),
    };
    assert_eq!(scene.mle.standing(), Standing::Attached(place));
    assert_eq!(scene.outputs(), [Output::Place(Some(place)), Output::NetworkData(Vec::new())]);
    let heard: Vec<_> = scene
        .mle
        .heard_routers()
        .iter()
        .map(|router| (router.rloc16.get(), router.link_margin_db))
        .collect();
    assert_eq!(heard, [(0xe000, 11), (0x2800, 4), (0x7c00, 27)]);
}

/// Frames 465, 127 and 8625.
#[test]
fn updates_and_requests_are_those_of_a_recorded_child() {
    let parent = address("fe80::d434:c32d:2d43:3f8a");
    let data = |version: [u8; 2]| LeaderData {
        partition_id: PartitionId(0x6db0_df6a),
        weighting: 64,
        data_version: version[0],
        stable_data_version: version[1],
        leader_router_id: RouterId::new(56),
    };
    let interface_id = bytes("d2b637dfef33a2e2").try_into().unwrap();
    let update = messages::child_update_request(parent, rloc16(0x2803), data([0x69, 0xef]), interface_id, None, 240);
    assert_eq!(
        with_their_mode(&update),
        bytes("0d01010c000228030b086db0df6a4069ef380204000000f0130980d2b637dfef33a2e2")
    );
    assert_eq!((update.about, update.destination), (About::Parent, parent.to_link_local()));
    let timestamps = Timestamps {
        active: Some(ACTIVE_TIMESTAMP),
        pending: None,
    };
    let request = messages::data_request(parent, timestamps);
    assert_eq!(request.message.encode().unwrap(), bytes("070d010c16080000000000010000"));
    let asked = messages::Asked {
        by: parent,
        is_parent: true,
        challenge: None,
        tlvs: &[],
    };
    let response = messages::child_update_response(&asked, rloc16(0x5c05), data([0x6a, 0xf0]), interface_id);
    assert_eq!(response.message.encode().unwrap(), bytes("0e00025c050b086db0df6a406af038"));
}
