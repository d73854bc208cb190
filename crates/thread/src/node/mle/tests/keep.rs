//! Keeping the link, and losing it.

use super::*;
use crate::node::Detached;

fn detached(scene: &mut Scene) -> Option<Detached> {
    let reason = |output| match output {
        Output::Detached(reason) => Some(reason),
        _ => None,
    };
    scene.outputs().into_iter().find_map(reason)
}

/// Lets it fall due, and gives the Child Update Request that comes.
fn update_request(scene: &mut Scene) -> Draft {
    scene.on_to_deadline();
    let sent = scene.sent();
    assert_eq!(sent.len(), 1, "{sent:?}");
    assert_eq!(sent[0].message.command, Command::CHILD_UPDATE_REQUEST);
    sent[0].clone()
}

#[test]
fn once_a_minute_the_parent_is_asked_and_four_times_in_vain_it_is_dead() {
    let mut scene = Scene::attached();
    for _ in 0..5 {
        let before = scene.now;
        let request = update_request(&mut scene);
        assert_eq!(scene.now - before, SECONDS(60));
        assert_eq!(find!(request.message, Tlv::TimeoutSeconds(timeout) => *timeout), Some(240));
        scene.update_response(Vec::new());
        assert_eq!(scene.outputs(), []);
    }
    let before = scene.now + SECONDS(60);
    for attempt in 0..4 {
        update_request(&mut scene);
        assert_eq!(scene.now, before + SECONDS(attempt));
    }
    scene.on_to_deadline();
    assert_eq!(scene.now, before + SECONDS(4));
    assert_eq!(
        scene.outputs()[..3],
        [Output::Place(None), Output::Clear, Output::Detached(Detached::ParentSilent)]
    );
    assert_eq!(scene.mle.standing(), Standing::Attaching);
    assert_eq!(scene.mle.heard_routers(), [], "nothing stale");
    scene.attach(&Router::new(OTHER, 0x7c00), 0x7c01);
}

#[test]
fn a_frame_in_vain_makes_it_ask_at_once_but_not_again_and_again() {
    let mut scene = Scene::attached();
    let before = scene.now;
    scene.mle.sent(About::Parent, false, scene.now);
    assert_eq!(scene.commands(), [Command::CHILD_UPDATE_REQUEST]);
    scene.mle.sent(About::Parent, false, scene.now);
    assert_eq!(scene.commands(), []);
    scene.update_response(Vec::new());
    scene.mle.sent(About::Parent, false, scene.now);
    assert_eq!(scene.commands(), []);
    assert_eq!(scene.mle.deadline(), Some(before + SECONDS(3)), "it is asked later");
    scene.on(SECONDS(8));
    assert_eq!(
        detached(&mut scene),
        Some(Detached::ParentSilent),
        "three seconds of trust and four attempts"
    );
}

#[test]
fn a_parent_that_forgot_says_so() {
    let mut scene = Scene::attached();
    update_request(&mut scene);
    scene.hear(
        OTHER,
        Command::CHILD_UPDATE_RESPONSE,
        vec![Tlv::SourceAddress(Some(rloc16(0x5c00))), Tlv::Status(1)],
    );
    assert_eq!(detached(&mut scene), None);
    scene.hear(
        PARENT,
        Command::CHILD_UPDATE_RESPONSE,
        vec![Tlv::SourceAddress(Some(rloc16(0x5c00))), Tlv::Status(1)],
    );
    assert_eq!(detached(&mut scene), Some(Detached::ParentForgot));

    let mut scene = Scene::attached();
    scene.hear(
        PARENT,
        Command::CHILD_UPDATE_REQUEST,
        vec![Tlv::SourceAddress(Some(rloc16(0x5c00))), Tlv::Status(1)],
    );
    assert_eq!(detached(&mut scene), Some(Detached::ParentForgot));
}

#[test]
fn a_parent_with_another_locator_is_no_parent_any_more() {
    let mut scene = Scene::attached();
    scene.hear(
        OTHER,
        Command::ADVERTISEMENT,
        vec![Tlv::SourceAddress(Some(rloc16(0x7c00))), Tlv::LeaderData(leader(1, 1))],
    );
    scene.advertise(0x5c00, leader(77, 10));
    assert_eq!(scene.outputs(), []);
    scene.advertise(0x7c00, leader(77, 10));
    assert_eq!(detached(&mut scene), Some(Detached::ParentMoved));

    let mut scene = Scene::attached();
    scene.update_response(vec![]);
    let mut tlvs = vec![Tlv::Mode(messages::MODE)];
    tlvs.push(Tlv::SourceAddress(Some(rloc16(0x0c01))));
    scene.hear(PARENT, Command::CHILD_UPDATE_RESPONSE, tlvs);
    assert_eq!(detached(&mut scene), Some(Detached::ParentMoved));

    let mut scene = Scene::attached();
    scene.hear(PARENT, Command::CHILD_UPDATE_REQUEST, vec![Tlv::SourceAddress(Some(rloc16(0x0c00)))]);
    assert_eq!(detached(&mut scene), Some(Detached::ParentMoved));
}

#[test]
fn answers_that_are_none_do_not_count() {
    let mut scene = Scene::attached();
    update_request(&mut scene);
    let until = scene.mle.deadline();
    // Another mode than ours; no mode; no source; a response though there was no challenge.
    scene.hear(PARENT, Command::CHILD_UPDATE_RESPONSE, vec![Tlv::SourceAddress(Some(rloc16(0x5c00)))]);
    let sleepy = weft_model::DeviceMode {
        rx_on_when_idle: false,
        ..messages::MODE
    };
    scene.hear(
        PARENT,
        Command::CHILD_UPDATE_RESPONSE,
        vec![Tlv::SourceAddress(Some(rloc16(0x5c00))), Tlv::Mode(sleepy)],
    );
    scene.hear(PARENT, Command::CHILD_UPDATE_RESPONSE, vec![Tlv::Mode(messages::MODE)]);
    scene.update_response(vec![Tlv::Response(vec![1; 8])]);
    assert_eq!((scene.mle.deadline(), scene.outputs()), (until, Vec::new()));
    scene.update_response(Vec::new());
    assert_ne!(scene.mle.deadline(), until);
}

#[test]
fn a_parent_that_started_anew_gets_its_challenge_back_with_what_it_asks_for() {
    let mut scene = Scene::attached();
    let tlvs = vec![
        Tlv::SourceAddress(Some(rloc16(0x5c00))),
        Tlv::LeaderData(leader(77, 10)),
        Tlv::TlvRequest(vec![2, 19]),
        Tlv::Challenge(vec![7; 8]),
    ];
    scene.hear(PARENT, Command::CHILD_UPDATE_REQUEST, tlvs.clone());
    let sent = scene.sent();
    let numbers: Vec<_> = sent[0].message.tlvs.iter().map(Tlv::number).collect();
    assert_eq!(
        (sent.len(), sent[0].message.command, numbers),
        (1, Command::CHILD_UPDATE_RESPONSE, vec![0, 11, 4, 8, 5, 2, 19])
    );
    assert_eq!(find!(sent[0].message, Tlv::Response(bytes) => bytes.clone()), Some(vec![7; 8]));
    // Somebody else takes us for its child: it is told that we are not.
    scene.hear(OTHER, Command::CHILD_UPDATE_REQUEST, tlvs);
    let sent = scene.sent();
    assert_eq!(find!(sent[0].message, Tlv::Status(status) => *status), Some(1));
    assert_eq!((sent[0].about, sent[0].destination), (About::Other, OTHER.to_link_local()));
    // A challenge of another length is none.
    for challenge in [vec![], vec![1; 3], vec![1; 9]] {
        scene.hear(
            PARENT,
            Command::CHILD_UPDATE_REQUEST,
            vec![Tlv::SourceAddress(Some(rloc16(0x5c00))), Tlv::Challenge(challenge)],
        );
        assert_eq!(find!(scene.sent()[0].message, Tlv::Response(bytes) => bytes.clone()), None);
    }
}

#[test]
fn a_parent_that_never_brings_what_it_tells_of_is_asked_less_and_less() {
    let mut scene = Scene::attached();
    let mut asked_at = Vec::new();
    for _ in 0..3_600 {
        // It tells of a dataset that it does not bring, and lives.
        let tlvs = vec![
            Tlv::SourceAddress(Some(rloc16(0x5c00))),
            Tlv::LeaderData(leader(77, 11)),
            Tlv::ActiveTimestamp(9),
            network_data(&[1]),
        ];
        scene.hear(PARENT, Command::DATA_RESPONSE, tlvs);
        scene.update_response(Vec::new());
        scene.on(SECONDS(1));
        let commands = scene.commands();
        asked_at.extend(commands.contains(&Command::DATA_REQUEST).then_some(scene.now.as_secs()));
    }
    assert_eq!(asked_at[..7], [1, 4, 10, 22, 46, 94, 190]);
    assert!(asked_at.len() <= 43, "{asked_at:?}");
}

#[test]
fn new_network_data_are_asked_for_once_and_learnt() {
    let mut scene = Scene::attached();
    scene.advertise(0x5c00, leader(77, 11));
    scene.advertise(0x5c00, leader(77, 11));
    let before = scene.now;
    scene.on(SECONDS(1));
    assert_eq!(scene.commands(), [Command::DATA_REQUEST]);
    assert!(scene.now - before <= SECONDS(1));
    // Nothing comes: not before three seconds it is asked again, when the parent says so again.
    scene.advertise(0x5c00, leader(77, 11));
    scene.on(SECONDS(4));
    assert_eq!(scene.commands(), [Command::DATA_REQUEST]);
    let data_response = |version| {
        vec![
            Tlv::SourceAddress(Some(rloc16(0x5c00))),
            Tlv::LeaderData(leader(77, version)),
            Tlv::ActiveTimestamp(ACTIVE_TIMESTAMP),
            network_data(&[1, 2, 3]),
        ]
    };
    scene.hear(OTHER, Command::DATA_RESPONSE, data_response(11));
    assert_eq!(scene.outputs(), []);
    scene.hear(PARENT, Command::DATA_RESPONSE, data_response(11));
    assert_eq!(scene.outputs(), [Output::NetworkData(vec![1, 2, 3])]);
    // The same again, or older, changes nothing; the number goes round.
    scene.hear(PARENT, Command::DATA_RESPONSE, data_response(11));
    scene.hear(PARENT, Command::DATA_RESPONSE, data_response(9));
    scene.hear(PARENT, Command::DATA_RESPONSE, data_response(140));
    assert_eq!(scene.outputs(), []);
    scene.hear(PARENT, Command::DATA_RESPONSE, data_response(130));
    scene.hear(PARENT, Command::DATA_RESPONSE, data_response(1));
    assert_eq!(scene.outputs().len(), 2);
}

#[test]
fn the_child_goes_with_its_parent_to_another_partition() {
    let mut scene = Scene::attached();
    scene.advertise(0x5c00, leader(78, 1));
    let Standing::Attached(place) = scene.mle.standing() else { panic!() };
    assert_eq!(place.partition_id, PartitionId(78));
    assert_eq!(scene.outputs(), [Output::Place(Some(place))]);
    scene.on(SECONDS(1));
    assert_eq!(scene.commands(), [Command::DATA_REQUEST]);
    let tlvs = vec![
        Tlv::SourceAddress(Some(rloc16(0x5c00))),
        Tlv::LeaderData(leader(78, 1)),
        network_data(&[4]),
    ];
    scene.hear(PARENT, Command::DATA_RESPONSE, tlvs);
    assert_eq!(scene.outputs(), [Output::NetworkData(vec![4])]);
}

#[test]
fn the_next_keys_are_followed_and_a_leap_only_after_a_challenge() {
    let mut scene = Scene::attached();
    scene.sequence = 6;
    scene.advertise(0x5c00, leader(77, 10));
    assert_eq!(scene.outputs(), [Output::Adopt(KeySequence(6))]);
    // The guard holds against one more step.
    scene.mle.parent_sealed_with(KeySequence(7), scene.now);
    assert_eq!(scene.outputs(), []);
    // Far ahead: the parent is to prove it.
    scene.sequence = 40;
    scene.advertise(0x5c00, leader(77, 10));
    scene.advertise(0x5c00, leader(77, 10));
    let request = update_request(&mut scene);
    let challenge = find!(request.message, Tlv::Challenge(bytes) => bytes.clone()).unwrap();
    scene.update_response(Vec::new());
    scene.update_response(vec![Tlv::Response(vec![0; 8])]);
    assert_eq!(scene.outputs(), [], "no proof");
    scene.update_response(vec![Tlv::Response(challenge)]);
    assert_eq!(scene.outputs(), [Output::Adopt(KeySequence(40))]);
    // What others seal proves nothing.
    scene.sequence = 41;
    scene.hear(
        OTHER,
        Command::ADVERTISEMENT,
        vec![Tlv::SourceAddress(Some(rloc16(0x7c00))), Tlv::LeaderData(leader(77, 10))],
    );
    assert_eq!(scene.outputs(), []);
}

#[test]
fn without_a_radio_nothing_happens_and_with_one_all_begins_anew() {
    let mut scene = Scene::attached();
    scene.mle.radio_lost();
    assert_eq!(
        scene.outputs(),
        [Output::Place(None), Output::Detached(Detached::RadioLost), Output::Clear]
    );
    assert_eq!((scene.mle.deadline(), scene.mle.standing()), (None, Standing::Attaching));
    scene.mle.radio_lost();
    scene.outputs();
    scene.mle.radio_back(scene.now);
    assert_eq!(scene.commands(), [Command::PARENT_REQUEST]);
    scene.mle.radio_back(scene.now);
    assert_eq!(scene.commands(), []);
    scene.attach(&Router::new(OTHER, 0x7c00), 0x7c01);
}

proptest::proptest! {
    #[test]
    fn arbitrary_messages_do_no_harm(messages in proptest::collection::vec((0u8..20, proptest::collection::vec(proptest::num::u8::ANY, 0..80), 0u64..3_000), 0..40), is_attached: bool) {
        let mut scene = if is_attached { Scene::attached() } else { Scene::new() };
        for (command, tlvs, wait) in messages {
            scene.hear_at(PARENT, -50, wait % 2 == 0, Message::from_tlvs(Command(command), &tlvs));
            scene.on(MILLISECONDS(wait));
            scene.outputs();
        }
    }
}
