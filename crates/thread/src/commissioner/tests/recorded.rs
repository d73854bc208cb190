//! The messages of a recorded session of ot-commissioner with an otbr-agent (network and keys made up), against ours.

use super::*;
use crate::commissioner::ask;

/// What stands behind the token, where neither side chooses.
fn body(message: &[u8]) -> &[u8] {
    &message[4 + usize::from(message[0] & 0x0f)..]
}

/// Type and code; the token's length is ours.
fn head(message: &[u8]) -> (u8, u8) {
    (message[0] & 0xf0, message[1])
}

/// The recorded answer, its message id and token turned into those of our question.
fn answer(recorded: &str, question: &[u8]) -> Vec<u8> {
    let recorded = hex(recorded);
    let mut answer = vec![recorded[0], recorded[1]];
    let is_acknowledgment = recorded[0] >> 4 == 6;
    answer.extend(if is_acknowledgment { &question[2..4] } else { &recorded[2..4] });
    if recorded[0] & 0x0f != 0 {
        answer[0] = recorded[0] & 0xf0 | 4;
        answer.extend(&question[4..8]);
    }
    answer.extend(body(&recorded));
    answer
}

/// Our next message: the same as the recorded one, but for message id and token.
fn same(conversation: &mut Conversation, recorded: &str) -> Vec<u8> {
    let ours = conversation.poll_message().unwrap();
    let recorded = hex(recorded);
    assert_eq!((head(&ours), body(&ours)), (head(&recorded), body(&recorded)));
    ours
}

#[test]
fn a_recorded_session_runs_again() {
    let mut table = Table::open();
    let conversation = &mut table.conversation;
    conversation.settings.commissioner_id = "research-comm".to_owned();
    conversation.petition(START);
    // ot-commissioner did not look first; the answer is the one that it had later, through the proxy, from the leader.
    let look = conversation.poll_message().unwrap();
    assert_eq!(body(&look), hex("b163026367"));
    conversation.receive(&answer("684400000102030405060708ff0b02e78e0902c400120203e8", &look), START);

    let petition = same(conversation, "48020001648d086054666b1bb163026370ff0a0d72657365617263682d636f6d6d");
    conversation.receive(&answer("60000001", &petition), START);
    let accepted = "584425a7648d086054666b1bff1001010a0d72657365617263682d636f6d6d0b02e78e";
    conversation.receive(&answer(accepted, &petition), START);

    conversation.get_dataset(DatasetKind::Active, START);
    // ot-commissioner lists types; without a list the border agent gives all.
    let question = conversation.poll_message().unwrap();
    assert_eq!(body(&question), body(&hex("48020002aaaaaaaaaaaaaaaab163026167")));
    conversation.receive(&answer(&format!("6844000292c71533108b8607ff{DATASET}"), &question), START);
    conversation.get_dataset(DatasetKind::Pending, START);
    let question = conversation.poll_message().unwrap();
    conversation.receive(&answer("6844000333c531f60d1967f7", &question), START);

    let node = "fdf0:1cc8:d6f8:f4f0:0:ff:fe00:1000".parse().unwrap();
    conversation
        .send_to_mesh(node, (TMF_PORT, TMF_PORT), &hex("624482880f2f"), START)
        .unwrap();
    same(
        conversation,
        "5802000be41f7d33b28ee87fb163027574ff3110fdf01cc8d6f8f4f0000000fffe00100030ff000af0bff0bf624482880f2f",
    );
    for received in [
        "520225a87334b163027572ff3014f0bff0bf684400015cdc0cc45037c551ff1001013110fdf01cc8d6f8f4f0000000fffe00fc00",
        "520225a904acb163027572ff301df0bff0bf68440002620015f8ec1f1194ff0b02e78e0902c400120203e83110fdf01cc8d6f8f4f0000000fffe00fc00",
    ] {
        conversation.receive(&hex(received), START);
    }

    conversation.handle_timeout(START + seconds(20));
    let keep_alive = same(conversation, "4802002eee4e8bc7bd31befeb163026361ff1001010b02e78e");
    conversation.receive(&answer("6000002e", &keep_alive), START);
    conversation.receive(&answer("584425e9ee4e8bc7bd31befeff100101", &keep_alive), START);

    conversation.end(START + seconds(21));
    let farewell = same(conversation, "480200459eb4911ddbb156d9b163026361ff1001ff0b02e78e");
    conversation.receive(&answer("60000045", &farewell), START);
    conversation.receive(&answer("584425ff9eb4911ddbb156d9ff1001ff", &farewell), START);
    assert_eq!(conversation.poll_message(), None);
    assert!(table.is_said());

    let events = table.events();
    assert!(events[1].starts_with("Active Some(") && events[1].contains("otbr-mesh"), "{}", events[1]);
    let expected = [
        "commissioner 59278",
        &events[1],
        "Pending None",
        "from fdf0:1cc8:d6f8:f4f0:0:ff:fe00:fc00 61631>61631 [68, 44, 00, 01, 5c, dc, 0c, c4, 50, 37, c5, 51, ff, 10, 01, 01]",
        "from fdf0:1cc8:d6f8:f4f0:0:ff:fe00:fc00 61631>61631 [68, 44, 00, 02, 62, 00, 15, f8, ec, 1f, 11, 94, ff, 0b, 02, e7, 8e, 09, 02, c4, 00, 12, 02, 03, e8]",
        "resigned",
    ];
    assert_eq!(events, expected);
}

#[test]
fn a_long_datagram_of_a_node_comes_through() {
    // The first 16 bytes of a recorded DIAG_GET.ans, its length set to fit.
    let mut table = Table::commissioner();
    let message = hex("520225b38b57b163027572ff30ff0016f0bff0bf420282880f2fb164026461ff000846623f3f3110fdf01cc8d6f8f4f0000000fffe001000");
    table.conversation.receive(&message, table.now);
    let expected = "from fdf0:1cc8:d6f8:f4f0:0:ff:fe00:1000 61631>61631 [42, 02, 82, 88, 0f, 2f, b1, 64, 02, 64, 61, ff, 00, 08, 46, 62, 3f, 3f]";
    assert_eq!(table.events(), [expected]);
}

#[test]
fn paths_are_those_of_openthread() {
    let paths = [DatasetKind::Active, DatasetKind::Pending, DatasetKind::Commissioner].map(ask::dataset);
    assert_eq!(paths, ["c/ag", "c/pg", "c/cg"]);
}
