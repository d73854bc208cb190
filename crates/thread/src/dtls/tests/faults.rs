//! Peers that know another password, do not answer, answer twice, or refuse.

use super::link::{Link, random, run};
use super::{PASSWORD, events, pair};
use crate::dtls::server::Server;
use crate::dtls::{Client, Closed, Event, alert};
use std::time::Duration;

const SOON: Duration = Duration::from_millis(1);

/// Hands over everything that one side has to say.
fn drain(mut from: impl FnMut() -> Option<Vec<u8>>) -> Vec<Vec<u8>> {
    std::iter::from_fn(&mut from).collect()
}

/// A record in the open.
fn open_record(content: u8, sequence: u8, payload: &[u8]) -> Vec<u8> {
    let mut record = vec![content, 0xfe, 0xfd, 0, 0, 0, 0, 0, 0, 0, sequence, 0, payload.len() as u8];
    record.extend_from_slice(payload);
    record
}

#[test]
fn another_password_is_told_as_such_on_both_sides() {
    for (client, server) in [(PASSWORD, b"154507125".as_slice()), (&[0x44; 16], &[0x45; 16])] {
        let mut client = Client::new(client, random(1), Duration::ZERO);
        let mut server = Server::new(server, random(2));
        let now = run(&mut client, &mut server, &mut Link::perfect(), Duration::ZERO);
        let wrong = vec![Event::Closed(Closed::WrongPassword)];
        assert_eq!(events(&mut client, &mut server), (wrong.clone(), wrong));
        assert!(now < Duration::from_secs(1), "it took {now:?}");
    }
}

#[test]
fn an_empty_password_fails_and_says_so() {
    let mut client = Client::new(&[], random(1), Duration::ZERO);
    let mut server = Server::new(PASSWORD, random(2));
    run(&mut client, &mut server, &mut Link::perfect(), Duration::ZERO);
    let (client, _) = events(&mut client, &mut server);
    assert!(matches!(client.as_slice(), [Event::Closed(Closed::Protocol(_))]), "{client:?}");
}

#[test]
fn who_gets_no_answer_repeats_more_and_more_slowly_and_gives_up_after_fifteen_seconds() {
    let mut client = Client::new(PASSWORD, random(1), Duration::ZERO);
    let mut sent = Vec::new();
    let mut now = Duration::ZERO;
    loop {
        sent.extend(drain(|| client.poll_transmit()).into_iter().map(|datagram| (now.as_millis(), datagram)));
        let Some(deadline) = client.deadline() else { break };
        now = deadline;
        client.handle_timeout(now);
    }
    // The last word is a goodbye, should anybody be there after all.
    let (_, goodbye) = sent.pop().unwrap();
    assert_eq!((goodbye[0], &goodbye[13..]), (21, &[alert::WARNING, alert::CLOSE_NOTIFY][..]));
    let sent: Vec<_> = sent.into_iter().map(|(at, _)| at).collect();
    assert_eq!(sent, [0, 500, 1_500, 3_500, 5_500, 7_500, 9_500, 11_500, 13_500]);
    assert_eq!(now, Duration::from_secs(15));
    assert_eq!(client.poll_event(), Some(Event::Closed(Closed::NoAnswer)));
}

#[test]
fn who_falls_silent_at_the_proof_may_know_another_password() {
    let (mut client, mut server) = pair(9);
    for _ in 0..2 {
        drain(|| client.poll_transmit())
            .iter()
            .for_each(|datagram| server.receive(datagram, SOON));
        drain(|| server.poll_transmit())
            .iter()
            .for_each(|datagram| client.receive(datagram, SOON));
    }
    while let Some(deadline) = client.deadline() {
        client.handle_timeout(deadline);
    }
    assert_eq!(client.poll_event(), Some(Event::Closed(Closed::ProofUnanswered)));
}

#[test]
fn an_alert_ends_the_handshake() {
    let mut client = Client::new(PASSWORD, random(1), Duration::ZERO);
    client.receive(&open_record(21, 0, &[alert::WARNING, 90]), SOON);
    assert_eq!(client.poll_event(), None);
    client.receive(&open_record(21, 1, &[alert::FATAL, alert::HANDSHAKE_FAILURE]), SOON);
    // Before any keys this is about the suite, not the password.
    let refused = Closed::Alert("handshake failure".to_owned());
    assert_eq!(refused.to_string(), "the peer refused: handshake failure");
    assert_eq!(client.poll_event(), Some(Event::Closed(refused)));
    assert_eq!(client.deadline(), None);
}

#[test]
fn once_connected_nothing_in_the_open_counts() {
    let (mut client, mut server) = pair(3);
    let now = run(&mut client, &mut server, &mut Link::perfect(), Duration::ZERO);
    events(&mut client, &mut server);
    for record in [
        open_record(21, 9, &[alert::FATAL, alert::INTERNAL_ERROR]),
        open_record(21, 10, &[alert::WARNING, alert::CLOSE_NOTIFY]),
        open_record(23, 11, b"forged"),
        open_record(22, 12, &[20, 0, 0, 0, 0, 4, 0, 0, 0, 0, 0, 0]),
    ] {
        client.receive(&record, now);
        server.receive(&record, now);
    }
    assert_eq!(events(&mut client, &mut server), (Vec::new(), Vec::new()));
    assert!(client.poll_transmit().is_none() && server.poll_transmit().is_none());
}

#[test]
fn a_sealed_alert_ends_a_session() {
    let (mut client, mut server) = pair(3);
    let now = run(&mut client, &mut server, &mut Link::perfect(), Duration::ZERO);
    events(&mut client, &mut server);
    server.session_fails();
    run(&mut client, &mut server, &mut Link::perfect(), now);
    assert_eq!(client.poll_event(), Some(Event::Closed(Closed::Alert("internal error".to_owned()))));
}

#[test]
fn what_was_heard_before_is_not_heard_again() {
    let (mut client, mut server) = pair(5);
    let now = run(&mut client, &mut server, &mut Link::perfect(), Duration::ZERO);
    events(&mut client, &mut server);
    let mut sent = Vec::new();
    for number in 0..100_u8 {
        client.send(&[number]).unwrap();
        sent.extend(drain(|| client.poll_transmit()));
    }
    for datagram in sent.iter().rev().chain(&sent).chain(sent.iter().rev()) {
        server.receive(datagram, now);
    }
    let heard: Vec<Event> = events(&mut client, &mut server).1;
    // The newest came first: of the others only those in the window of 64 are taken, each once.
    let expected: Vec<Event> = (36..100_u8).rev().map(|number| Event::Message(vec![number])).collect();
    assert_eq!(heard, expected);
}

#[test]
fn cut_datagrams_are_passed_over_and_repetition_heals_them() {
    let (mut client, mut server) = pair(7);
    let mut now = Duration::ZERO;
    for _ in 0..4 {
        for datagram in drain(|| client.poll_transmit()) {
            for length in 0..datagram.len() {
                server.receive(&datagram[..length], now);
            }
            server.receive(&datagram, now);
        }
        for datagram in drain(|| server.poll_transmit()) {
            for length in 0..datagram.len() {
                client.receive(&datagram[..length], now);
            }
            client.receive(&datagram, now);
        }
        now += SOON;
    }
    assert_eq!(events(&mut client, &mut server), (vec![Event::Connected], vec![Event::Connected]));
}

#[test]
fn a_lost_finished_of_the_server_comes_again_when_the_client_repeats() {
    let (mut client, mut server) = pair(9);
    for _ in 0..2 {
        drain(|| client.poll_transmit())
            .iter()
            .for_each(|datagram| server.receive(datagram, SOON));
        drain(|| server.poll_transmit())
            .iter()
            .for_each(|datagram| client.receive(datagram, SOON));
    }
    drain(|| client.poll_transmit())
        .iter()
        .for_each(|datagram| server.receive(datagram, SOON));
    assert_eq!(server.poll_event(), Some(Event::Connected));
    assert!(!drain(|| server.poll_transmit()).is_empty());
    assert_eq!(client.poll_event(), None);
    let now = client.deadline().unwrap();
    client.handle_timeout(now);
    let again = drain(|| client.poll_transmit());
    again.iter().for_each(|datagram| server.receive(datagram, now));
    drain(|| server.poll_transmit()).iter().for_each(|datagram| client.receive(datagram, now));
    assert_eq!(client.poll_event(), Some(Event::Connected));
    // A peer that repeats itself again and again does not make us talk as often.
    again.iter().cycle().take(50).for_each(|datagram| server.receive(datagram, now + SOON));
    assert!(drain(|| server.poll_transmit()).is_empty());
}

/// Where an answer takes longer than the pause between two repetitions, each side would answer the other's for ever.
#[test]
fn a_server_that_repeats_its_finished_is_not_answered() {
    let (mut client, mut server) = pair(9);
    for _ in 0..2 {
        drain(|| client.poll_transmit())
            .iter()
            .for_each(|datagram| server.receive(datagram, SOON));
        drain(|| server.poll_transmit())
            .iter()
            .for_each(|datagram| client.receive(datagram, SOON));
    }
    let proof = drain(|| client.poll_transmit());
    proof.iter().for_each(|datagram| server.receive(datagram, SOON));
    let first = drain(|| server.poll_transmit());
    // It comes late: the client repeats itself meanwhile, and is answered once more.
    let now = client.deadline().unwrap();
    client.handle_timeout(now);
    drain(|| client.poll_transmit()).iter().for_each(|datagram| server.receive(datagram, now));
    let second = drain(|| server.poll_transmit());
    assert!(!first.is_empty() && !second.is_empty());
    let late = now + Duration::from_secs(1);
    first.iter().chain(&second).for_each(|datagram| client.receive(datagram, late));
    assert_eq!(events(&mut client, &mut server), (vec![Event::Connected], vec![Event::Connected]));
    assert!(client.poll_transmit().is_none());
    client.send(b"hello").unwrap();
    drain(|| client.poll_transmit())
        .iter()
        .for_each(|datagram| server.receive(datagram, late));
    assert_eq!(events(&mut client, &mut server).1, [Event::Message(b"hello".to_vec())]);
}

#[test]
fn what_a_message_says_is_not_shown() {
    assert_eq!(format!("{:?}", Event::Message(vec![0x5a; 16])), "Message(16 bytes)");
}

#[test]
fn a_server_that_only_asks_for_cookies_is_left() {
    let mut client = Client::new(PASSWORD, random(1), Duration::ZERO);
    for number in 0..4_u8 {
        let request = [3, 0, 0, 4, 0, number, 0, 0, 0, 0, 0, 4, 0xfe, 0xff, 1, number];
        client.receive(&open_record(22, number, &request), SOON);
    }
    let event = client.poll_event();
    assert!(
        matches!(&event, Some(Event::Closed(Closed::Protocol(text))) if text.contains("cookie")),
        "{event:?}"
    );
}

#[test]
fn messages_in_the_wrong_order_break_the_protocol() {
    let mut client = Client::new(PASSWORD, random(1), Duration::ZERO);
    client.receive(&open_record(22, 0, &[14, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]), SOON);
    let Some(Event::Closed(closed)) = client.poll_event() else {
        panic!("it goes on")
    };
    assert_eq!(
        closed.to_string(),
        "the peer broke the protocol: ServerHelloDone came where it does not belong"
    );
    // The hello, and what we say to it.
    let said = drain(|| client.poll_transmit());
    assert_eq!(
        said.last().map(|alert| alert[13..].to_vec()),
        Some(vec![alert::FATAL, alert::UNEXPECTED_MESSAGE])
    );
}
