//! The end of a session, at any moment.

use super::*;
use proptest::prelude::*;

#[test]
fn the_role_is_given_back() {
    let mut table = Table::commissioner();
    table.conversation.end(table.now);
    // Twice changes nothing.
    table.conversation.end(table.now);
    table.carry();
    assert_eq!(table.events(), ["resigned"]);
    assert!(table.is_said());
    assert_eq!(table.agent.asked, ["c/ca"]);
    assert_eq!(table.agent.leader.commissioner, None);
    assert_eq!(table.conversation.deadline(), None);
}

#[test]
fn a_border_agent_that_does_not_answer_keeps_nobody() {
    let mut table = Table::commissioner();
    table.agent.mute.insert("c/ca".to_owned());
    table.conversation.end(table.now);
    table.pass(Duration::from_millis(1_999));
    // An end that is called again does not begin anew.
    table.conversation.end(table.now);
    assert!(!table.is_said());
    table.pass(Duration::from_millis(1));
    assert!(table.is_said());
    let events = table.events();
    assert!(events.len() == 1 && events[0].starts_with("c/ca: no answer"), "{events:?}");
    assert!(table.agent.asked.len() > 1, "not repeated");
}

#[test]
fn an_end_before_anything_ends_at_once() {
    let mut table = Table::new();
    table.conversation.petition(START);
    table.conversation.end(START);
    assert!(table.is_said());
    table.conversation.connected(START);
    table.carry();
    assert!(table.agent.asked.is_empty() && table.events().is_empty());

    let mut table = Table::open();
    table.conversation.end(START);
    assert!(table.is_said());

    // While it is looked who is commissioner: the petition is not sent any more.
    let mut table = Table::open();
    table.agent.mute.insert("c/cg".to_owned());
    table.conversation.petition(START);
    table.carry();
    table.conversation.end(START);
    assert!(table.is_said());
    assert_eq!(table.agent.asked, ["c/cg"]);
}

/// A session whose petition is under way: what the border agent answers to it.
fn petition_under_way() -> (Table, Vec<Vec<u8>>) {
    let mut table = Table::open();
    table.conversation.petition(table.now);
    let look = table.conversation.poll_message().unwrap();
    for answer in table.agent.receive(&look) {
        table.conversation.receive(&answer, table.now);
    }
    let petition = table.conversation.poll_message().unwrap();
    let answers = table.agent.receive(&petition);
    (table, answers)
}

#[test]
fn a_role_that_comes_after_the_end_is_given_back() {
    let (mut table, answers) = petition_under_way();
    table.conversation.end(table.now);
    assert!(!table.is_said());
    table.now += Duration::from_millis(1_900);
    for answer in answers {
        table.conversation.receive(&answer, table.now);
    }
    table.carry();
    assert_eq!(table.events(), ["commissioner 1", "resigned"]);
    assert!(table.is_said());
    assert_eq!(table.agent.leader.commissioner, None);
}

#[test]
fn a_petition_that_is_refused_or_silent_after_the_end_ends_it() {
    let (mut table, _) = petition_under_way();
    table.conversation.end(table.now);
    table.agent.mute.insert("c/cp".to_owned());
    table.pass(seconds(2));
    assert!(table.is_said());
    assert!(table.events()[0].starts_with("c/cp: no answer"));

    let mut table = Table::open();
    table.agent.leader.petition("others");
    table.conversation.petition(table.now);
    let look = table.conversation.poll_message().unwrap();
    for answer in table.agent.receive(&look) {
        table.conversation.receive(&answer, table.now);
    }
    table.conversation.end(table.now);
    table.carry();
    assert_eq!(table.events(), ["refused for Some(\"others\")"]);
    assert!(table.is_said());
}

#[test]
fn what_is_asked_while_it_ends_and_what_is_open_when_it_is_over_is_told() {
    let mut table = Table::commissioner();
    table.agent.mute.extend(["c/ca".to_owned(), "c/ag".to_owned()]);
    table.conversation.get_dataset(DatasetKind::Active, table.now);
    table.conversation.end(table.now);
    table.conversation.get_dataset(DatasetKind::Pending, table.now);
    table.carry();
    table.conversation.closed(dtls::Closed::ByPeer);
    table.conversation.closed(dtls::Closed::ByUs);
    table.conversation.get_dataset(DatasetKind::Pending, table.now);
    table.conversation.end(table.now);
    let expected = [
        "c/pg: the session is about to end",
        "c/ag: the session ended before the answer came",
        "closed: the peer ended the session",
    ];
    assert_eq!(table.events(), expected);
    assert_eq!(table.conversation.deadline(), None);
}

proptest! {
    /// Whatever is lost and whenever the end comes: it comes within 4 s, each question has one answer, and where the leader heard us, the role is free.
    #[test]
    fn on_a_bad_line_every_session_ends(dice in prop::collection::vec(0_u8..100, 1..200), milliseconds in 0_u64..90_000, petitions: bool) {
        let mut table = Table::open();
        let mut dice = dice.into_iter().cycle();
        table.arrives = Box::new(move |_| dice.next().is_none_or(|dice| dice >= 30));
        if petitions {
            table.conversation.petition(table.now);
        }
        table.conversation.get_dataset(DatasetKind::Active, table.now);
        table.pass(Duration::from_millis(milliseconds));
        table.conversation.end(table.now);
        table.pass(seconds(4));
        prop_assert!(table.is_said());
        table.conversation.closed(dtls::Closed::ByUs);
        let events = table.events();
        prop_assert_eq!(events.iter().filter(|event| event.starts_with("Active") || event.starts_with("c/ag")).count(), 1);
        prop_assert_eq!(events.last().unwrap(), "closed: the session was ended");
        if events.iter().any(|event| event == "resigned") {
            prop_assert_eq!(table.agent.leader.commissioner, None);
        }
    }

    #[test]
    fn foreign_messages_never_panic(messages in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..80), 0..20)) {
        let mut table = Table::commissioner();
        for message in &messages {
            table.conversation.receive(message, table.now);
        }
        table.conversation.end(table.now);
        table.pass(seconds(4));
        prop_assert!(table.is_said());
    }
}
