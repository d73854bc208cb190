//! Nobody answers: looking everywhere, and pausing.

use super::*;
use weft_wire::mle;

/// Goes on until all channels are searched.
fn search(scene: &mut Scene, mut on_channel: impl FnMut(&mut Scene, u8)) -> Vec<u8> {
    let mut channels = Vec::new();
    while scene.mle.standing() == Standing::Discovering {
        let spot = scene.mle.listens_at();
        assert_eq!(spot.pan_id, PanId(0x1234), "routers answer to the PAN that was asked from");
        channels.push(spot.channel.get());
        scene.mle.sent(About::Asking, true, scene.now);
        on_channel(scene, spot.channel.get());
        scene.on_to_deadline();
    }
    channels
}

fn answer(scene: &mut Scene, channel: u8, pan_id: u16, extended_pan_id: u64, rssi_dbm: i8) {
    let discovery = mle::Discovery {
        extended_pan_id: Some(ExtendedPanId(extended_pan_id.to_be_bytes())),
        ..mle::Discovery::default()
    };
    let heard = Heard {
        from: PARENT,
        is_multicast: false,
        pan_id: Some(PanId(pan_id)),
        channel: Channel::new(channel.into()).unwrap(),
        rssi_dbm: Some(rssi_dbm),
        counter: None,
        message: message(Command::DISCOVERY_RESPONSE, vec![Tlv::Discovery(discovery)]),
    };
    scene.mle.hear(&heard, scene.now);
}

const OURS: u64 = 0xdead_1111_beef_2222;

fn until_discovery(scene: &mut Scene) {
    while scene.mle.standing() != Standing::Discovering {
        scene.on_to_deadline();
    }
}

#[test]
fn all_channels_are_searched_after_four_questions_and_the_network_is_gone_to() {
    let mut scene = Scene::new();
    until_discovery(&mut scene);
    assert_eq!(scene.now, SECONDS(4));
    let sent = scene.sent();
    assert_eq!(sent.iter().filter(|draft| draft.message.command == Command::PARENT_REQUEST).count(), 4);
    let request = sent.last().unwrap();
    assert!(request.is_discovery());
    // OpenThread's request of version 5 that does not want to join.
    assert_eq!(request.message.encode().unwrap(), [16, 26, 4, 128, 2, 0x50, 0]);
    let channels = search(&mut scene, |scene, channel| match channel {
        13 => answer(scene, 13, 0x4444, 0x0123, -30),
        15 => answer(scene, 15, 0xabcd, OURS, -70),
        // Where it was, and nobody had us; louder.
        20 => answer(scene, 20, 0x1234, OURS, -20),
        25 => answer(scene, 25, 0xffff, OURS, -20),
        _ => {}
    });
    assert_eq!(channels, (11..=26).collect::<Vec<_>>());
    let spot = Spot {
        channel: Channel::new(15).unwrap(),
        pan_id: PanId(0xabcd),
    };
    let outputs = scene.outputs();
    assert_eq!(outputs[outputs.len() - 2], Output::Network(spot));
    assert_eq!(scene.mle.listens_at(), spot);
    scene.attach(&Router::new(PARENT, 0x5c00), 0x5c05);
}

#[test]
fn where_it_was_is_asked_once_more_if_only_there_it_is_found() {
    let mut scene = Scene::new();
    until_discovery(&mut scene);
    search(&mut scene, |scene, channel| {
        if channel == 20 {
            answer(scene, 20, 0x1234, OURS, -20);
        }
    });
    assert_eq!(scene.sent().pop().unwrap().message.command, Command::PARENT_REQUEST);
    // In vain: no second search in the same round.
    scene.on_to_deadline();
    scene.on_to_deadline();
    let outputs = scene.outputs();
    assert_eq!(outputs.last(), Some(&Output::NoParent { rounds: 1 }));
}

#[test]
fn rounds_in_vain_come_at_growing_distances_and_few_frames_are_sent() {
    let mut scene = Scene::new();
    let (mut rounds, mut frames, mut ended) = (Vec::new(), 0, Duration::ZERO);
    let mut pauses = Vec::new();
    while scene.now < SECONDS(3_600) {
        scene.on_to_deadline();
        for output in scene.outputs() {
            match output {
                Output::NoParent { rounds: count } => {
                    rounds.push(count);
                    ended = scene.now;
                }
                Output::Send(_) => {
                    frames += 1;
                    if ended > Duration::ZERO {
                        pauses.push((scene.now - ended).as_secs());
                        ended = Duration::ZERO;
                    }
                }
                other => panic!("{other:?}"),
            }
        }
    }
    assert_eq!(rounds, (1..=rounds.len() as u32).collect::<Vec<_>>());
    assert!(pauses[..6].windows(2).all(|pair| pair[1] > pair[0]), "{pauses:?}");
    assert!((2..=3).contains(&pauses[0]) && pauses.iter().all(|pause| *pause <= 338), "{pauses:?}");
    assert!(frames < 400, "{frames} in an hour");
}

#[test]
fn an_answer_in_the_clear_is_no_other_message() {
    let mut scene = Scene::attached();
    let heard = Heard {
        from: PARENT,
        is_multicast: false,
        pan_id: Some(PanId(0x1234)),
        channel: Channel::new(20).unwrap(),
        rssi_dbm: None,
        counter: None,
        message: message(
            Command::CHILD_UPDATE_RESPONSE,
            vec![Tlv::SourceAddress(Some(rloc16(0x5c00))), Tlv::Status(1)],
        ),
    };
    scene.mle.hear(&heard, scene.now);
    assert_eq!(scene.outputs(), []);
    assert!(matches!(scene.mle.standing(), Standing::Attached(_)));
    answer(&mut scene, 15, 0xabcd, OURS, -20);
    assert_eq!(scene.outputs(), []);
}
