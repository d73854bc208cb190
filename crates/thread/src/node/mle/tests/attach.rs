//! Looking for a parent.

use super::*;
use weft_wire::mle::number;

#[test]
fn an_excellent_router_is_asked_after_the_first_question() {
    let mut scene = Scene::new();
    assert_eq!(scene.commands(), [Command::PARENT_REQUEST]);
    assert_eq!(scene.mle.standing(), Standing::Attaching);
    scene.answer(&Router::new(PARENT, 0x5c00));
    assert_eq!(scene.mle.deadline(), Some(MILLISECONDS(750)));
    scene.on_to_deadline();
    assert_eq!(scene.commands(), [Command::CHILD_ID_REQUEST]);
    scene.give(PARENT, 0x5c00, 0x5c05, 77);
    let Standing::Attached(place) = scene.mle.standing() else { panic!() };
    assert_eq!(
        (place.rloc16, place.parent, place.parent_address),
        (rloc16(0x5c05), rloc16(0x5c00), PARENT)
    );
}

#[test]
fn the_mesh_is_asked_for_its_dataset_once() {
    let mut scene = Scene::new();
    let named = |scene: &mut Scene| {
        let request = scene.sent().pop().unwrap();
        assert_eq!(request.message.command, Command::CHILD_ID_REQUEST);
        find!(request.message, Tlv::ActiveTimestamp(timestamp) => *timestamp)
    };
    scene.answer(&Router::new(PARENT, 0x5c00));
    scene.on_to_deadline();
    assert_eq!(named(&mut scene), None, "who names none is sent the parent's");
    let dataset = OperationalDataset::from_hex(DATASET).unwrap().public();
    let tlvs = vec![
        Tlv::SourceAddress(Some(rloc16(0x5c00))),
        Tlv::LeaderData(leader(77, 10)),
        Tlv::ActiveTimestamp(ACTIVE_TIMESTAMP),
        Tlv::ActiveDataset(Box::new(dataset)),
        Tlv::Address16(Some(rloc16(0x5c05))),
        network_data(&[8, 4, 11, 2, 0x96, 0xf2]),
    ];
    scene.hear(PARENT, Command::CHILD_ID_RESPONSE, tlvs);
    assert!(matches!(scene.mle.standing(), Standing::Attached(_)));
    scene.outputs();

    scene.mle.radio_lost();
    scene.mle.radio_back(scene.now);
    scene.answer(&Router::new(PARENT, 0x5c00));
    scene.on_to_deadline();
    assert_eq!(named(&mut scene), Some(ACTIVE_TIMESTAMP));
}

#[test]
fn a_question_waits_for_its_answers_from_when_it_is_sent() {
    let mut scene = Scene::new();
    scene.mle.sent(About::Asking, true, MILLISECONDS(400));
    assert_eq!(scene.mle.deadline(), Some(MILLISECONDS(1_150)));
}

#[test]
fn the_best_of_several_is_chosen_as_openthread_chooses() {
    let first = Router::new(PARENT, 0x5c00);
    let worse = |change: fn(&mut Router)| {
        let mut router = Router::new(OTHER, 0x7c00);
        change(&mut router);
        router
    };
    let others = [
        worse(|router| router.link_margin_db = 9),
        worse(|router| router.rssi_dbm = -91),
        worse(|router| router.priority = -1),
        worse(|router| router.rloc16 = 0x7c01),
        worse(|router| router.partition = 76),
        worse(|router| router.link_margin_db = 39),
    ];
    for other in others {
        for order in [[&first, &other], [&other, &first]] {
            let mut scene = Scene::new();
            for router in order {
                scene.answer(router);
            }
            scene.on_to_deadline();
            let request = scene.sent().pop().unwrap();
            assert_eq!(request.destination, PARENT.to_link_local());
            assert_eq!(find!(request.message, Tlv::Response(bytes) => bytes.clone()), Some(PARENT.0.to_vec()));
            assert_eq!(scene.mle.heard_routers().len(), 2);
        }
    }
}

#[test]
fn a_weak_router_is_taken_when_nobody_better_answers_and_end_devices_are_asked_first() {
    let mut scene = Scene::new();
    let mut weak = Router::new(PARENT, 0x5c00);
    weak.link_margin_db = 15;
    let scan_mask = |scene: &mut Scene| {
        let sent = scene.sent();
        find!(sent[0].message, Tlv::ScanMask { end_devices, .. } => *end_devices)
    };
    assert_eq!(scan_mask(&mut scene), Some(false));
    scene.answer(&weak);
    scene.on_to_deadline();
    assert_eq!(scan_mask(&mut scene), Some(false));
    scene.on_to_deadline();
    assert_eq!(scan_mask(&mut scene), Some(true));
    // An end device that would become a router is nearer.
    scene.answer(&Router::new(OTHER, 0x7c03));
    scene.on_to_deadline();
    assert_eq!(scene.sent()[0].destination, OTHER.to_link_local());
    scene.give(OTHER, 0x3000, 0x3001, 77);
    assert!(matches!(scene.mle.standing(), Standing::Attached(place) if place.parent == rloc16(0x3000)));
}

#[test]
fn wrong_old_and_cut_answers_are_refused() {
    let mut scene = Scene::new();
    let router = Router::new(PARENT, 0x5c00);
    let old = scene.challenge();
    scene.answer_to(&router, &[0; 8]);
    scene.answer_to(&router, &old[..7]);
    scene.answer_to(&router, &[]);
    let whole = parent_response(&router, &old);
    let needed = [
        number::SOURCE_ADDRESS,
        number::LEADER_DATA,
        number::LINK_FRAME_COUNTER,
        number::RESPONSE,
        number::CHALLENGE,
        number::LINK_MARGIN,
        number::CONNECTIVITY,
        number::VERSION,
    ];
    for number in needed {
        scene.hear_at(PARENT, -50, false, without(&whole, number));
    }
    let mut nobody = whole.clone();
    nobody.tlvs[0] = Tlv::SourceAddress(None);
    scene.hear_at(PARENT, -50, false, nobody);
    assert_eq!(scene.mle.heard_routers(), []);
    scene.on_to_deadline();
    // The next question has another challenge: what answers the last one is of the past.
    assert_ne!(scene.challenge(), old);
    scene.answer_to(&router, &old);
    assert_eq!(scene.mle.heard_routers(), []);
    // An MLE counter that is left out is the link's.
    let challenge = scene.challenge();
    scene.hear_at(
        PARENT,
        -50,
        false,
        without(&parent_response(&router, &challenge), number::MLE_FRAME_COUNTER),
    );
    scene.outputs();
    scene.on_to_deadline();
    let outputs = scene.outputs();
    assert!(matches!(outputs[0], Output::Counters { link: 100, mle: 100, .. }), "{outputs:?}");
}

#[test]
fn a_parent_that_does_not_give_a_place_is_passed_over_for_the_next() {
    let mut scene = Scene::new();
    let mut second = Router::new(OTHER, 0x7c00);
    second.link_margin_db = 30;
    scene.answer(&Router::new(PARENT, 0x5c00));
    scene.answer(&second);
    scene.on_to_deadline();
    assert_eq!(scene.sent().pop().unwrap().destination, PARENT.to_link_local());
    scene.mle.sent(About::ChildId, true, scene.now);
    // Not from whom it was asked of; a locator of another router; without network data; without a locator.
    scene.give(OTHER, 0x7c00, 0x7c01, 77);
    scene.give(PARENT, 0x5c00, 0x7c01, 77);
    scene.give(PARENT, 0x5c01, 0x5c01, 77);
    assert_eq!(scene.mle.standing(), Standing::Attaching);
    scene.on_to_deadline();
    assert_eq!(scene.now, MILLISECONDS(2_000));
    assert_eq!(scene.sent().pop().unwrap().destination, OTHER.to_link_local());
    // It is not reached at all: that is known at once, and nobody is left.
    scene.mle.sent(About::ChildId, false, scene.now);
    assert_eq!(scene.outputs(), [Output::NoParent { rounds: 1 }]);
    // A place that is given now comes too late.
    scene.give(OTHER, 0x7c00, 0x7c01, 77);
    assert_eq!(scene.mle.standing(), Standing::Attaching);
}

#[test]
fn an_answer_proves_the_key_sequence_however_far_ahead() {
    let mut scene = Scene::new();
    scene.outputs();
    scene.sequence = 130;
    scene.answer_to(&Router::new(OTHER, 0x7c00), &[9; 8]);
    assert_eq!(scene.outputs(), []);
    scene.answer(&Router::new(PARENT, 0x5c00));
    assert_eq!(scene.outputs(), [Output::Adopt(KeySequence(130))]);
}
