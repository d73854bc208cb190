//! The goodbye.

use super::*;

#[test]
fn the_parent_is_told_and_its_answer_ends_it() {
    let mut scene = Scene::attached();
    scene.mle.leave(scene.now);
    assert_eq!(scene.mle.standing(), Standing::Leaving);
    let outputs = scene.outputs();
    let [Output::Clear, Output::Send(goodbye), Output::Told(told)] = &outputs[..] else {
        panic!("{outputs:?}")
    };
    assert!(goodbye.message.is_leaving());
    assert_eq!((told.from, told.to, told.command, told.pan_id), (OWN, Some(PARENT), 13, PanId(0x1234)));
    assert_eq!(told.extended_pan_id, Some(ExtendedPanId(0xdead_1111_beef_2222u64.to_be_bytes())));
    let tlvs: Vec<u8> = (0..told.tlvs.len())
        .step_by(2)
        .map(|at| u8::from_str_radix(&told.tlvs[at..at + 2], 16).unwrap())
        .collect();
    assert_eq!(Message::from_tlvs(Command(told.command), &tlvs), goodbye.message);
    // An answer to an earlier update is none to this, and nobody else's is.
    scene.update_response(Vec::new());
    scene.hear(OTHER, Command::CHILD_UPDATE_RESPONSE, vec![Tlv::TimeoutSeconds(0)]);
    assert_eq!(scene.outputs(), []);
    scene.hear(PARENT, Command::CHILD_UPDATE_RESPONSE, vec![Tlv::TimeoutSeconds(0)]);
    assert_eq!(scene.outputs(), [Output::Place(None), Output::Clear, Output::Left]);
    assert_eq!((scene.mle.standing(), scene.mle.deadline()), (Standing::Left, None));
    scene.mle.leave(scene.now);
    scene.mle.radio_lost();
    scene.mle.radio_back(scene.now);
    assert_eq!((scene.outputs(), scene.mle.standing()), (Vec::new(), Standing::Left));
}

#[test]
fn a_silent_parent_holds_it_up_for_a_second_and_hears_it_again() {
    let mut scene = Scene::attached();
    let began = scene.now;
    scene.mle.leave(scene.now);
    scene.outputs();
    scene.mle.sent(About::Goodbye, false, scene.now);
    scene.on_to_deadline();
    assert_eq!(scene.now, began + MILLISECONDS(300));
    let outputs = scene.outputs();
    assert!(
        matches!(&outputs[..], [Output::Send(goodbye)] if goodbye.message.is_leaving()),
        "told once: {outputs:?}"
    );
    scene.on_to_deadline();
    assert_eq!(scene.now, began + SECONDS(1));
    assert_eq!(scene.outputs().last(), Some(&Output::Left));
}

#[test]
fn without_a_place_there_is_nobody_to_tell() {
    let mut scene = Scene::new();
    scene.outputs();
    scene.mle.leave(scene.now);
    assert_eq!(scene.outputs(), [Output::Clear, Output::Place(None), Output::Clear, Output::Left]);
}
