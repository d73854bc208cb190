//! Client and server with each other, over links that lose, repeat and reorder; and with those who do not keep to the protocol.

mod faults;
mod garbage;
mod link;
mod recorded;

use super::server::Server;
use super::{Client, Closed, Event, MAX_MESSAGE_BYTES, SendError};
use link::{Link, random, run};
use std::time::Duration;

const PASSWORD: &[u8] = b"154507124";

fn pair(seed: u64) -> (Client, Server) {
    let client = Client::new(PASSWORD, random(seed), Duration::ZERO);
    (client, Server::new(PASSWORD, random(seed + 1)))
}

/// All that happened to both sides.
fn events(client: &mut Client, server: &mut Server) -> (Vec<Event>, Vec<Event>) {
    let client = std::iter::from_fn(|| client.poll_event()).collect();
    (client, std::iter::from_fn(|| server.poll_event()).collect())
}

#[test]
fn both_sides_connect_talk_and_part() {
    let (mut client, mut server) = pair(1);
    assert_eq!(client.send(b"too early"), Err(SendError::NotConnected));
    let now = run(&mut client, &mut server, &mut Link::perfect(), Duration::ZERO);
    assert_eq!(events(&mut client, &mut server), (vec![Event::Connected], vec![Event::Connected]));
    assert_eq!((client.deadline(), server.deadline()), (None, None));

    let longest = vec![0x5a; MAX_MESSAGE_BYTES];
    client.send(&longest).unwrap();
    server.send(b"").unwrap();
    assert_eq!(client.send(&vec![0; MAX_MESSAGE_BYTES + 1]), Err(SendError::TooLong));
    let now = run(&mut client, &mut server, &mut Link::perfect(), now);
    assert_eq!(
        events(&mut client, &mut server),
        (vec![Event::Message(Vec::new())], vec![Event::Message(longest)])
    );

    client.close();
    run(&mut client, &mut server, &mut Link::perfect(), now);
    let expected = (vec![Event::Closed(Closed::ByUs)], vec![Event::Closed(Closed::ByPeer)]);
    assert_eq!(events(&mut client, &mut server), expected);
    assert_eq!(client.send(b"too late"), Err(SendError::NotConnected));
    assert!(client.poll_transmit().is_none() && server.poll_transmit().is_none());
}

#[test]
fn the_server_says_goodbye_too() {
    let (mut client, mut server) = pair(3);
    let now = run(&mut client, &mut server, &mut Link::perfect(), Duration::ZERO);
    server.close();
    run(&mut client, &mut server, &mut Link::perfect(), now);
    assert_eq!(events(&mut client, &mut server).0, [Event::Connected, Event::Closed(Closed::ByPeer)]);
}

#[test]
fn they_also_connect_without_extended_master_secret() {
    let (mut client, mut server) = pair(5);
    server.forget_extended_master_secret();
    run(&mut client, &mut server, &mut Link::perfect(), Duration::ZERO);
    assert_eq!(events(&mut client, &mut server), (vec![Event::Connected], vec![Event::Connected]));
}

#[test]
fn our_datagrams_are_short_and_shorter_if_asked() {
    for limit in [128, 200, 400, 5_000] {
        let (mut client, mut server) = pair(7);
        client.limit_datagrams(limit);
        server.limit_datagrams(limit);
        let mut link = Link::perfect();
        // The first hello is made before the limit is set.
        let now = run(&mut client, &mut server, &mut link, Duration::ZERO);
        assert!(now < Duration::from_secs(1));
        assert_eq!(events(&mut client, &mut server), (vec![Event::Connected], vec![Event::Connected]));
        let longest = link.lengths.iter().skip(1).copied().max().unwrap();
        assert!(longest <= limit.min(1_024), "{longest} bytes with a limit of {limit}");
    }
}

#[test]
fn thirty_percent_loss_repetition_and_disorder_do_not_stop_a_handshake() {
    let mut slowest = Duration::ZERO;
    let mut gave_up = 0;
    for seed in 0..60 {
        let (mut client, mut server) = pair(seed);
        if seed % 2 == 1 {
            client.limit_datagrams(256);
            server.limit_datagrams(256);
        }
        let mut link = Link::bad(seed, 0.3);
        let now = run(&mut client, &mut server, &mut link, Duration::ZERO);
        match events(&mut client, &mut server) {
            (client, server) if client == [Event::Connected] && server == [Event::Connected] => slowest = slowest.max(now),
            // Every flight was lost eight times: possible, and said.
            (client, _) => {
                let silence = [Event::Closed(Closed::NoAnswer), Event::Closed(Closed::ProofUnanswered)];
                assert!(silence.contains(&client[0]), "seed {seed}: {client:?}");
                gave_up += 1;
            }
        }
    }
    assert!(gave_up <= 2, "{gave_up} of 60 gave up");
    assert!(slowest > Duration::from_millis(500), "nothing was lost");
}

#[test]
fn messages_of_a_bad_link_come_once_or_not_at_all() {
    let (mut client, mut server) = pair(11);
    let mut now = run(&mut client, &mut server, &mut Link::perfect(), Duration::ZERO);
    events(&mut client, &mut server);
    let mut link = Link::bad(11, 0.2);
    for number in 0..200_u16 {
        client.send(&number.to_be_bytes()).unwrap();
        now = run(&mut client, &mut server, &mut link, now);
    }
    let (_, heard) = events(&mut client, &mut server);
    let mut heard: Vec<Vec<u8>> = heard
        .into_iter()
        .map(|event| match event {
            Event::Message(message) => message,
            other => panic!("{other:?}"),
        })
        .collect();
    let count = heard.len();
    heard.sort();
    heard.dedup();
    assert_eq!(heard.len(), count, "a message came twice");
    assert!((120..200).contains(&count), "{count} of 200 came");
}
