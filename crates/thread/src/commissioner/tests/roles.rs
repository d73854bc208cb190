//! The role won, refused, kept, lost; datasets; the way into the mesh.

use super::*;
use weft_wire::meshcop::UdpEncapsulation;

#[test]
fn a_petition_before_the_session_is_open_waits_for_it() {
    let mut table = Table::new();
    table.conversation.petition(START);
    table.conversation.get_dataset(DatasetKind::Pending, START);
    table.carry();
    assert!(table.agent.asked.is_empty());
    table.conversation.connected(START);
    table.carry();
    assert_eq!(table.events(), ["connected", "Pending None", "commissioner 1"]);
    assert_eq!(table.agent.asked, ["c/pg", "c/cg", "c/cp"]);
}

#[test]
fn a_foreign_commissioner_is_named_and_stays() {
    let mut table = Table::open();
    table.agent.leader.petition("house\u{1b}[31m of others");
    let before = table.agent.leader.clone();
    table.conversation.petition(table.now);
    table.carry();
    assert_eq!(table.events(), ["refused for Some(\"house\u{fffd}[31m of others\")"]);
    assert_eq!(table.agent.leader, before);
    assert_eq!(
        table.conversation.send_to_mesh(Ipv6Addr::LOCALHOST, (1, 1), &[], START),
        Err(dtls::SendError::NotConnected)
    );
    // It goes, and the role is ours.
    table.agent.leader.commissioner = None;
    table.conversation.petition(table.now);
    table.carry();
    assert_eq!(table.events(), ["commissioner 2"]);
}

#[test]
fn a_session_that_was_killed_is_taken_over() {
    let mut killed = Table::commissioner();
    let mut next = Table::open();
    next.agent = killed.agent.clone();
    next.agent.begin_session();
    next.conversation.petition(START);
    next.carry();
    assert_eq!(next.events(), ["commissioner 3"]);
    // Had it been alive after all, it would learn of it.
    killed.agent.leader = next.agent.leader;
    killed.pass(seconds(20));
    assert_eq!(
        killed.events(),
        ["lost: the leader refused the keep-alive: it gave the role to somebody else, or a new leader does not know of it"]
    );
    assert_eq!(
        killed.conversation.send_to_mesh(Ipv6Addr::LOCALHOST, (1, 1), &[], START),
        Err(dtls::SendError::NotConnected)
    );
    // The session goes on.
    killed.conversation.get_dataset(DatasetKind::Pending, killed.now);
    killed.carry();
    assert_eq!(killed.events(), ["Pending None"]);
}

#[test]
fn the_role_is_kept_alive() {
    let mut table = Table::commissioner();
    table.pass(seconds(201));
    assert_eq!(table.agent.asked, ["c/ca"; 10]);
    assert!(table.events().is_empty());
}

#[test]
fn the_first_keep_alive_counts_from_the_beginning_of_the_session() {
    let mut table = Table::open();
    table.pass(seconds(35));
    table.conversation.petition(table.now);
    table.pass(seconds(1));
    assert_eq!(table.agent.asked, ["c/cg", "c/cp", "c/ca"]);
    table.pass(seconds(18));
    assert_eq!(table.agent.asked.len(), 3);
}

#[test]
fn a_border_agent_that_falls_silent_costs_the_role() {
    let mut table = Table::commissioner();
    table.agent.mute.insert("c/ca".to_owned());
    table.pass(Duration::from_millis(49_999));
    assert!(table.events().is_empty());
    table.pass(Duration::from_millis(1));
    assert_eq!(table.events(), ["lost: no keep-alive was answered for 50 s"]);
    assert_eq!(table.conversation.deadline(), None);
    assert!(table.agent.asked.len() > 5, "{:?}", table.agent.asked);
}

#[test]
fn one_lost_answer_costs_nothing() {
    let mut table = Table::commissioner();
    let mut lost = 0;
    // Unconfirmed responses: the border agent sends them once.
    table.arrives = Box::new(move |message| {
        lost += u32::from(message[0] >> 4 == 5);
        message[0] >> 4 != 5 || lost > 1
    });
    table.pass(seconds(60));
    assert!(table.events().is_empty());
    assert_eq!(table.agent.asked, ["c/ca"; 3]);
}

#[test]
fn a_petition_whose_answer_is_lost_is_sent_anew() {
    let mut table = Table::open();
    let mut lost = 0;
    table.arrives = Box::new(move |message| {
        lost += u32::from(message[0] >> 4 == 5);
        message[0] >> 4 != 5 || lost > 2
    });
    table.conversation.petition(table.now);
    table.pass(seconds(9));
    assert_eq!(table.events(), ["commissioner 5"]);
    assert_eq!(table.agent.asked, ["c/cg", "c/cp", "c/cp", "c/cp"]);
}

#[test]
fn a_petition_nobody_answers_ends() {
    let mut table = Table::open();
    table.agent.mute.extend(["c/cp".to_owned(), "c/cg".to_owned()]);
    table.conversation.petition(table.now);
    table.pass(seconds(120));
    assert_eq!(table.events(), ["c/cp: no answer"]);
    // Once more: not forgotten that it failed.
    table.agent.mute.clear();
    table.conversation.petition(table.now);
    table.carry();
    assert_eq!(table.events(), ["commissioner 1"]);
}

#[test]
fn datasets_come_with_their_keys_and_no_further() {
    let mut table = Table::open();
    table.conversation.get_dataset(DatasetKind::Active, table.now);
    table.conversation.get_dataset(DatasetKind::Active, table.now);
    table.conversation.get_dataset(DatasetKind::Commissioner, table.now);
    table.carry();
    assert_eq!(table.agent.asked, ["c/ag", "c/cg"]);
    let Some(Event::Dataset { dataset: Some(dataset), .. }) = table.conversation.events.pop_front() else {
        panic!()
    };
    assert_eq!(dataset.expose(), hex(DATASET));
    assert!(dataset.network_key().is_some());
    assert_eq!(table.events(), ["commissioner dataset [0b, 02, 00, 00]"]);
}

#[test]
fn a_key_in_the_wrong_place_is_blanked_and_a_broken_dataset_is_not_quoted() {
    let mut table = Table::open();
    table.agent.active = hex(&DATASET[..80]);
    table.conversation.get_dataset(DatasetKind::Active, table.now);
    table.carry();
    let events = table.events();
    assert!(
        events.len() == 1 && events[0].starts_with("c/ag: the answer is no dataset: "),
        "{events:?}"
    );
    assert!(!events[0].contains("112233"));

    table.conversation.get_dataset(DatasetKind::Commissioner, table.now);
    let question = table.conversation.poll_message().unwrap();
    let mut answer = vec![0x64, 0x44];
    answer.extend(&question[2..8]);
    answer.extend(hex("ff051000112233445566778899aabbccddeeff"));
    table.conversation.receive(&answer, table.now);
    assert_eq!(
        table.events(),
        [format!("commissioner dataset {:02x?}", [vec![5, 16], vec![0; 16]].concat())]
    );
}

#[test]
fn a_question_that_is_refused_or_not_answered_is_told() {
    let mut table = Table::open();
    table.conversation.get_dataset(DatasetKind::Pending, table.now);
    let question = table.conversation.poll_message().unwrap();
    let mut answer = vec![0x64, 0x84];
    answer.extend(&question[2..8]);
    table.conversation.receive(&answer, table.now);
    assert_eq!(table.events(), ["c/pg: the border agent answered 4.04: it does not know the question"]);
    table.agent.mute.insert("c/pg".to_owned());
    table.conversation.get_dataset(DatasetKind::Pending, table.now);
    table.pass(seconds(30));
    assert_eq!(table.events(), ["c/pg: no answer"]);
    assert_eq!(table.agent.asked, ["c/pg"; 5]);
}

#[test]
fn datagrams_go_both_ways() {
    let mut table = Table::commissioner();
    let node: Ipv6Addr = "fdf0:1cc8:d6f8:f4f0:0:ff:fe00:1000".parse().unwrap();
    table.conversation.send_to_mesh(node, (TMF_PORT, TMF_PORT), b"hello", table.now).unwrap();
    table.carry();
    let udp = UdpEncapsulation {
        source_port: TMF_PORT,
        destination_port: TMF_PORT,
        datagram: b"hello".to_vec(),
    };
    assert_eq!((table.agent.sent[0].destination, &table.agent.sent[0].udp), (node, &udp));
    let message = table.agent.from_mesh(node, udp);
    table.conversation.receive(&message, table.now);
    table.conversation.receive(&message, table.now);
    assert_eq!(
        table.events(),
        ["from fdf0:1cc8:d6f8:f4f0:0:ff:fe00:1000 61631>61631 [68, 65, 6c, 6c, 6f]"]
    );
    assert_eq!(table.conversation.poll_message(), None);
}

#[test]
fn the_longest_datagram_fills_a_message() {
    let mut table = Table::commissioner();
    let longest = vec![7; MAX_MESH_DATAGRAM_BYTES];
    let to = Ipv6Addr::LOCALHOST;
    table.conversation.send_to_mesh(to, (1, 1), &longest, table.now).unwrap();
    assert_eq!(table.conversation.poll_message().unwrap().len(), MESSAGE_BYTES);
    let longer = vec![7; MAX_MESH_DATAGRAM_BYTES + 1];
    assert_eq!(
        table.conversation.send_to_mesh(to, (1, 1), &longer, table.now),
        Err(dtls::SendError::TooLong)
    );
}

#[test]
fn an_id_that_is_too_long_is_told() {
    let mut table = Table::open();
    table.conversation.settings.commissioner_id = "x".repeat(65);
    table.conversation.petition(table.now);
    table.carry();
    assert_eq!(table.events(), ["c/cp: the commissioner id has 65 bytes, the most is 64"]);
}
