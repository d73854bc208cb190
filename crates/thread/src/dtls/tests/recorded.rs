//! A session of a real border agent: our records, transcript and keys are the same.

use crate::dtls::channel::{Channel, Opened};
use crate::dtls::handshake::{self, Message, kind};
use crate::dtls::hello;
use crate::dtls::keys::{MasterSecret, RANDOM_BYTES, Randoms};
use crate::dtls::reassembly::Reassembly;
use crate::dtls::record::{self, Content};
use crate::jpake::{Jpake, Side};
use sha2::{Digest, Sha256};

const SESSION: &str = include_str!("../../../fixtures/dtls/epskc.txt");

fn bytes(hex: &str) -> Vec<u8> {
    (0..hex.len() / 2)
        .map(|at| u8::from_str_radix(&hex[2 * at..2 * at + 2], 16).unwrap())
        .collect()
}

/// Who sent it, the record, and its plain content where it was sealed.
fn lines() -> impl Iterator<Item = (Side, Vec<u8>, Option<Vec<u8>>)> {
    SESSION.lines().filter(|line| !line.starts_with('#')).map(|line| {
        let [side, record, plain]: [&str; 3] = line.split(' ').collect::<Vec<_>>().try_into().unwrap();
        let side = if side == "c2s" { Side::Client } else { Side::Server };
        (side, bytes(record), (plain != "-").then(|| bytes(plain)))
    })
}

fn master() -> MasterSecret {
    let line = SESSION.lines().find_map(|line| line.strip_prefix("# CLIENT_RANDOM ")).unwrap();
    MasterSecret::from_bytes(bytes(line.split(' ').nth(1).unwrap()).try_into().unwrap())
}

/// The messages of the handshake that were sent in the open.
fn messages() -> Vec<(Side, Message)> {
    let mut sides = [Reassembly::default(), Reassembly::default()];
    let mut messages = Vec::new();
    for (side, datagram, _) in lines() {
        let record = record::read(&datagram).next().unwrap();
        if record.epoch == 0 && record.content == Content::Handshake {
            let incoming = &mut sides[side as usize];
            for fragment in handshake::read(record.payload) {
                incoming.take(&fragment, false);
            }
            messages.extend(std::iter::from_fn(|| incoming.next()).map(|(message, _)| (side, message)));
        }
    }
    messages
}

fn randoms() -> Randoms {
    let random = |wanted: u8| -> [u8; RANDOM_BYTES] {
        let (_, message) = messages().into_iter().find(|(_, message)| message.kind == wanted).unwrap();
        message.body[2..2 + RANDOM_BYTES].try_into().unwrap()
    };
    Randoms {
        client: random(kind::CLIENT_HELLO),
        server: random(kind::SERVER_HELLO),
    }
}

#[test]
fn every_sealed_record_opens_to_what_another_program_read() {
    let mut channels = [Channel::new(), Channel::new()];
    for (channel, is_client) in channels.iter_mut().zip([true, false]) {
        let (client, server) = master().record_keys(&randoms());
        let (theirs, ours) = if is_client { (client, server) } else { (server, client) };
        channel.set_keys(ours, theirs);
    }
    let mut opened = 0;
    for (side, datagram, plain) in lines() {
        let Some(plain) = plain else { continue };
        let record = record::read(&datagram).next().unwrap();
        let channel = &mut channels[side as usize];
        for at in 0..record.payload.len() {
            let mut changed = datagram.clone();
            changed[record::HEADER_BYTES + at] ^= 1;
            let opened = channel.open(&record::read(&changed).next().unwrap());
            assert!(matches!(opened, Opened::Foreign), "byte {at} does not count");
        }
        assert!(matches!(channel.open(&record), Opened::Plain(opened) if *opened == plain));
        assert!(matches!(channel.open(&record), Opened::Nothing), "it was there already");
        opened += 1;
    }
    assert_eq!(opened, 4);
}

#[test]
fn both_finished_prove_what_our_transcript_says() {
    let mut transcript = Sha256::new();
    // The first hello, and the request for a cookie, do not count.
    for (_, message) in messages().into_iter().skip(2) {
        transcript.update(message.whole());
    }
    for (side, _, plain) in lines() {
        let Some(finished) = plain.filter(|plain| plain[0] == kind::FINISHED && plain.len() == 24) else {
            continue;
        };
        let proof = master().finished(side, &transcript.clone().finalize().into());
        assert_eq!(finished[12..], proof);
        transcript.update(&finished);
    }
    assert_eq!(messages().len(), 7);
}

#[test]
fn its_hellos_are_read_and_its_proofs_hold() {
    let messages = messages();
    let body = |wanted: u8, number: usize| {
        messages
            .iter()
            .filter(|(_, message)| message.kind == wanted)
            .nth(number)
            .unwrap()
            .1
            .body
            .clone()
    };
    let cookie = hello::read_verify_request(&body(kind::HELLO_VERIFY_REQUEST, 0)).unwrap_or_else(|_| panic!("no cookie"));
    let client = hello::read_client(&body(kind::CLIENT_HELLO, 1)).unwrap_or_else(|_| panic!("no client"));
    let server = hello::read_server(&body(kind::SERVER_HELLO, 0));
    assert_eq!(client.cookie, cookie);
    // The client asked for shorter records (extension 1), which we never do.
    let refused = server.err().map(|failure| failure.closed.to_string()).unwrap_or_default();
    assert!(refused.contains("extension 1,"), "{refused}");
    // Another password of ours changes nothing about their proofs: it would show in the keys.
    let mut side = Jpake::new(Side::Server, b"other", &mut super::link::random(1));
    side.read_round_one(&client.key_pairs).unwrap();
}
