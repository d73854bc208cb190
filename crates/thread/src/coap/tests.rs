//! An endpoint, and a peer that answers as told.

use super::memory::LIFETIME;
use super::message::MAX_MESSAGE_BYTES;
use super::*;
use proptest::prelude::*;

const START: Duration = Duration::from_secs(100);
const PEER: u8 = 7;

/// Counts up: message ids begin at 0x0102, the first token is 03040506.
fn random() -> Random {
    let mut next = 0_u8;
    Box::new(move |bytes: &mut [u8]| {
        for byte in bytes {
            next = next.wrapping_add(1);
            *byte = next;
        }
    })
}

fn endpoint() -> Endpoint<u8> {
    Endpoint::new(Patience::default(), random())
}

fn milliseconds(milliseconds: u64) -> Duration {
    Duration::from_millis(milliseconds)
}

fn request(confirmable: bool, wants_response: bool) -> Request<'static> {
    Request {
        uri: "d/dg",
        payload: &[0x12, 0x01, 0x00],
        confirmable,
        wants_response,
    }
}

fn sent(endpoint: &mut Endpoint<u8>) -> Vec<Vec<u8>> {
    std::iter::from_fn(|| endpoint.poll_transmit()).map(|(_, datagram)| datagram).collect()
}

fn events(endpoint: &mut Endpoint<u8>) -> Vec<Event<u8>> {
    std::iter::from_fn(|| endpoint.poll_event()).collect()
}

/// A confirmable POST to `d/dg` with type list 0, as the first that leaves an endpoint of these tests.
const FIRST: [u8; 17] = [0x44, 0x02, 0x01, 0x02, 3, 4, 5, 6, 0xb1, b'd', 0x02, b'd', b'g', 0xff, 0x12, 0x01, 0x00];
/// 2.04 with one byte of payload, in the acknowledgment of [`FIRST`].
const PIGGYBACKED: [u8; 10] = [0x64, 0x44, 0x01, 0x02, 3, 4, 5, 6, 0xff, 0x09];
const EMPTY_ACKNOWLEDGMENT: [u8; 4] = [0x60, 0x00, 0x01, 0x02];

fn response(id: RequestId) -> Event<u8> {
    Event::Response {
        id,
        peer: PEER,
        code: (2, 4),
        payload: vec![9],
    }
}

#[test]
fn a_request_is_a_post_and_ends_with_the_response_in_its_acknowledgment() {
    let mut endpoint = endpoint();
    let id = endpoint.request(PEER, &request(true, true), START);
    assert_eq!(endpoint.poll_transmit(), Some((PEER, FIRST.to_vec())));
    endpoint.receive(PEER, &PIGGYBACKED, START);
    endpoint.receive(PEER, &PIGGYBACKED, START);
    assert_eq!(events(&mut endpoint), [response(id)]);
    assert_eq!((endpoint.deadline(), endpoint.open_requests(), sent(&mut endpoint).len()), (None, 0, 0));
}

#[test]
fn a_request_is_repeated_with_back_off_and_jitter_and_given_up() {
    let mut endpoint = endpoint();
    let id = endpoint.request(PEER, &request(true, true), START);
    let mut waits = Vec::new();
    let mut last = START;
    while let Some(deadline) = endpoint.deadline() {
        assert_eq!(sent(&mut endpoint), [FIRST]);
        endpoint.handle_timeout(deadline - milliseconds(1));
        assert!(sent(&mut endpoint).is_empty() && events(&mut endpoint).is_empty());
        endpoint.handle_timeout(deadline);
        waits.push(deadline - last);
        last = deadline;
    }
    assert_eq!(events(&mut endpoint), [Event::Failed { id, reset: false }]);
    // The first wait is 2 s and up to half as long again: here 0x0708 of 0xffff of that half.
    let first = Duration::from_secs(2).mul_f64(1.0 + f64::from(0x0708) / 65_535.0 / 2.0);
    let expected: Vec<Duration> = (0..5).map(|doubled| first * (1 << doubled)).collect();
    assert_eq!(waits, expected);
}

#[test]
fn a_response_apart_is_acknowledged_each_time_and_told_once() {
    for (kind, reply) in [(0x44, Some(vec![0x60, 0, 0xab, 0xcd])), (0x54, None)] {
        let mut endpoint = endpoint();
        let id = endpoint.request(PEER, &request(true, true), START);
        endpoint.receive(PEER, &EMPTY_ACKNOWLEDGMENT, START + milliseconds(10));
        assert_eq!(endpoint.deadline(), Some(START + milliseconds(30_010)));
        assert_eq!(sent(&mut endpoint), [FIRST]);
        let apart = [kind, 0x44, 0xab, 0xcd, 3, 4, 5, 6, 0xff, 9];
        for _ in 0..3 {
            endpoint.receive(PEER, &apart, START + milliseconds(500));
            assert_eq!(sent(&mut endpoint), reply.clone().into_iter().collect::<Vec<_>>());
        }
        assert_eq!(events(&mut endpoint), [response(id)]);
        assert_eq!(endpoint.deadline(), None);
    }
}

#[test]
fn a_response_that_overtakes_the_acknowledgment_counts_for_both() {
    let mut endpoint = endpoint();
    let id = endpoint.request(PEER, &request(true, true), START);
    endpoint.receive(PEER, &[0x54, 0x44, 0xab, 0xcd, 3, 4, 5, 6, 0xff, 9], START);
    endpoint.receive(PEER, &EMPTY_ACKNOWLEDGMENT, START);
    assert_eq!(events(&mut endpoint), [response(id)]);
    assert_eq!(endpoint.deadline(), None);
}

#[test]
fn an_acknowledged_request_whose_response_never_comes_fails() {
    for confirmable in [true, false] {
        let mut endpoint = endpoint();
        let id = endpoint.request(PEER, &request(confirmable, true), START);
        endpoint.receive(PEER, &EMPTY_ACKNOWLEDGMENT, START);
        // What comes once more does not give it more time.
        endpoint.receive(PEER, &EMPTY_ACKNOWLEDGMENT, START + milliseconds(20_000));
        endpoint.handle_timeout(START + milliseconds(29_999));
        assert_eq!(events(&mut endpoint), []);
        endpoint.handle_timeout(START + milliseconds(30_000));
        assert_eq!(events(&mut endpoint), [Event::Failed { id, reset: false }]);
        assert_eq!(sent(&mut endpoint).len(), 1);
    }
}

#[test]
fn a_request_without_response_ends_with_its_acknowledgment_or_with_sending() {
    let mut endpoint = endpoint();
    let id = endpoint.request(PEER, &request(true, false), START);
    endpoint.receive(PEER, &EMPTY_ACKNOWLEDGMENT, START);
    assert_eq!(events(&mut endpoint), [Event::Acknowledged { id }]);

    let mut endpoint = self::endpoint();
    let id = endpoint.request(PEER, &request(true, false), START);
    endpoint.receive(PEER, &PIGGYBACKED, START);
    assert_eq!(events(&mut endpoint), [Event::Acknowledged { id }]);

    let mut endpoint = self::endpoint();
    let id = endpoint.request(PEER, &request(true, false), START);
    endpoint.receive(PEER, &[0x64, 0x84, 0x01, 0x02, 3, 4, 5, 6], START);
    let not_found = Event::Response {
        id,
        peer: PEER,
        code: (4, 4),
        payload: Vec::new(),
    };
    assert_eq!(events(&mut endpoint), [not_found]);

    let mut endpoint = self::endpoint();
    endpoint.request(PEER, &request(false, false), START);
    assert_eq!((endpoint.deadline(), endpoint.open_requests()), (None, 0));
    assert_eq!(sent(&mut endpoint)[0][..4], [0x54, 0x02, 0x01, 0x02]);
    endpoint.receive(PEER, &PIGGYBACKED, START);
    assert_eq!(events(&mut endpoint), []);
}

#[test]
fn a_reset_ends_a_request() {
    for (confirmable, from, expected) in [(true, PEER, 1), (false, PEER, 1), (true, PEER + 1, 0)] {
        let mut endpoint = endpoint();
        let id = endpoint.request(PEER, &request(confirmable, true), START);
        endpoint.receive(from, &[0x70, 0x00, 0x01, 0x02], START);
        assert_eq!(events(&mut endpoint), vec![Event::Failed { id, reset: true }; expected]);
    }
}

#[test]
fn what_others_answer_is_not_an_answer() {
    let mut endpoint = endpoint();
    endpoint.request(PEER, &request(true, true), START);
    sent(&mut endpoint);
    endpoint.receive(PEER + 1, &PIGGYBACKED, START);
    endpoint.receive(PEER, &[0x64, 0x44, 0x01, 0x02, 3, 4, 5, 7, 0xff, 9], START);
    endpoint.receive(PEER, &[0x64, 0x44, 0x01, 0x03, 3, 4, 5, 6, 0xff, 9], START);
    // A confirmable response to nobody's question is rejected, any other is passed over.
    endpoint.receive(PEER + 1, &[0x44, 0x44, 0xab, 0xcd, 3, 4, 5, 6, 0xff, 9], START);
    endpoint.receive(PEER + 1, &[0x54, 0x44, 0xab, 0xce, 3, 4, 5, 6, 0xff, 9], START);
    assert_eq!(events(&mut endpoint), []);
    assert_eq!(sent(&mut endpoint), [[0x70, 0x00, 0xab, 0xcd]]);
    assert_eq!(endpoint.open_requests(), 1);
}

#[test]
fn a_cancelled_request_is_told_of_no_more() {
    let mut endpoint = endpoint();
    let id = endpoint.request(PEER, &request(true, true), START);
    endpoint.cancel(id);
    endpoint.receive(PEER, &PIGGYBACKED, START);
    assert_eq!((events(&mut endpoint).len(), endpoint.deadline()), (0, None));
}

/// The head of a DIAG_GET.ans as a recorded node sent it, confirmable; its TLVs are replaced by one of length 0.
const ANSWER: [u8; 14] = [0x42, 0x02, 0x82, 0x88, 0x0f, 0x2f, 0xb1, b'd', 0x02, b'd', b'a', 0xff, 0x00, 0x00];

#[test]
fn a_request_of_a_peer_is_told_once_and_acknowledged_each_time() {
    let mut endpoint = endpoint();
    for _ in 0..3 {
        endpoint.receive(PEER, &ANSWER, START);
    }
    let told = Event::Request {
        peer: PEER,
        uri: "d/da".to_owned(),
        payload: vec![0, 0],
        confirmable: true,
    };
    assert_eq!(events(&mut endpoint), std::slice::from_ref(&told));
    // What ot-commissioner sent to the same message: 62 44, id, token.
    assert_eq!(sent(&mut endpoint), [[0x62, 0x44, 0x82, 0x88, 0x0f, 0x2f]; 3]);
    // Another node may use the same id, and so may this one, later.
    endpoint.receive(PEER + 1, &ANSWER, START);
    endpoint.receive(PEER, &ANSWER, START + LIFETIME);
    assert_eq!(events(&mut endpoint).len(), 2);
}

#[test]
fn a_request_that_asks_for_no_acknowledgment_gets_none() {
    let mut endpoint = endpoint();
    let mut answer = ANSWER;
    answer[0] = 0x52;
    endpoint.receive(PEER, &answer, START);
    endpoint.receive(PEER, &answer, START);
    assert!(matches!(&events(&mut endpoint)[..], [Event::Request { confirmable: false, .. }]));
    assert!(sent(&mut endpoint).is_empty());
}

#[test]
fn requests_that_are_not_understood_are_refused_and_not_told() {
    for (request, code) in [
        // GET
        (&[0x41, 0x01, 0, 1, 0xaa, 0xb1, b'd'][..], 0x85),
        // an option that one must know (Block1)
        (&[0x41, 0x02, 0, 1, 0xaa, 0xb1, b'd', 0xd1, 3, 8], 0x82),
        // a path with a line break in it
        (&[0x41, 0x02, 0, 1, 0xaa, 0xb1, b'\n'], 0x80),
    ] {
        let mut endpoint = endpoint();
        endpoint.receive(PEER, request, START);
        assert_eq!(sent(&mut endpoint), [[0x61, code, 0, 1, 0xaa]]);
        assert_eq!(events(&mut endpoint), []);
    }
    // "Are you there?"
    let mut endpoint = endpoint();
    endpoint.receive(PEER, &[0x40, 0, 0, 1], START);
    endpoint.receive(PEER, &[0x50, 0, 0, 2], START);
    assert_eq!(sent(&mut endpoint), [[0x70, 0, 0, 1]]);
}

#[test]
fn a_response_in_blocks_is_a_failure() {
    let mut endpoint = endpoint();
    let id = endpoint.request(PEER, &request(true, true), START);
    // Block2 (23) with more to come.
    endpoint.receive(PEER, &[0x64, 0x45, 0x01, 0x02, 3, 4, 5, 6, 0xd1, 10, 0x08, 0xff, 9], START);
    assert_eq!(events(&mut endpoint), [Event::Failed { id, reset: false }]);
}

#[test]
fn what_cannot_be_sent_fails_at_once() {
    let mut endpoint = endpoint();
    let long = vec![0; MAX_MESSAGE_BYTES];
    let too_long = Request {
        payload: &long,
        ..request(true, true)
    };
    let id = endpoint.request(PEER, &too_long, START);
    assert_eq!(events(&mut endpoint), [Event::Failed { id, reset: false }]);
    for _ in 0..MAX_OPEN_REQUESTS {
        endpoint.request(PEER, &request(true, true), START);
    }
    assert_eq!(events(&mut endpoint), []);
    let id = endpoint.request(PEER, &request(true, true), START);
    assert_eq!(events(&mut endpoint), [Event::Failed { id, reset: false }]);
    assert_eq!(sent(&mut endpoint).len(), MAX_OPEN_REQUESTS);
}

#[test]
fn ids_and_tokens_of_open_requests_differ_even_without_randomness() {
    let mut endpoint = Endpoint::new(Patience::default(), Box::new(|bytes: &mut [u8]| bytes.fill(0xff)));
    for _ in 0..100 {
        endpoint.request(PEER, &request(true, true), START);
    }
    let mut heads: Vec<Vec<u8>> = sent(&mut endpoint).into_iter().map(|datagram| datagram[2..8].to_vec()).collect();
    heads.sort();
    heads.dedup_by(|one, other| one[..2] == other[..2] || one[2..] == other[2..]);
    assert_eq!(heads.len(), 100);
}

#[test]
fn what_is_no_message_is_told_and_passed_over() {
    for (bytes, problem) in [
        (&[][..], "message"),
        (&[0, 2, 0, 0], "version"),
        (&[0x49, 2, 0, 0], "message"),
        (&[0x40, 2, 0, 0, 0xb5, b'd'], "message"),
        (&[0x40, 2, 0, 0, 0xf0], "message"),
        (&[0x41, 0, 0, 0, 1], "code"),
        (&[&[0x40, 2, 0, 0][..], &[0xb0], &[0; 16]].concat(), "options"),
        (&[0x40; MAX_MESSAGE_BYTES + 1], "message"),
    ] {
        let error = Message::parse(bytes).unwrap_err();
        assert_eq!(error.field, problem, "{error}");
        let mut endpoint = endpoint();
        endpoint.receive(PEER, bytes, START);
        assert!(events(&mut endpoint).is_empty() && sent(&mut endpoint).is_empty());
    }
}

/// One end's loss, duplication and reordering of what it sends, as bytes decide.
fn carry(line: &mut Vec<Vec<u8>>, datagrams: Vec<Vec<u8>>, dice: &mut impl Iterator<Item = u8>) {
    for datagram in datagrams {
        match dice.next().unwrap_or(255) {
            0..=76 => (),
            77..=127 => line.extend([datagram.clone(), datagram]),
            128..=170 => line.insert(0, datagram),
            _ => line.push(datagram),
        }
    }
}

proptest! {
    #[test]
    fn foreign_bytes_never_panic(datagrams in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..64), 0..20)) {
        let mut endpoint = endpoint();
        endpoint.request(PEER, &request(true, true), START);
        for datagram in &datagrams {
            endpoint.receive(PEER, datagram, START);
        }
        while let Some(deadline) = endpoint.deadline() {
            endpoint.handle_timeout(deadline);
        }
        let ended = events(&mut endpoint).iter().filter(|event| !matches!(event, Event::Request { .. })).count();
        prop_assert_eq!(ended, 1);
    }

    #[test]
    fn almost_valid_messages_never_panic(mut bytes in prop::collection::vec(any::<u8>(), 4..1_400), kind in 0_u8..4, token in 0_u8..10) {
        bytes[0] = 0x40 | kind << 4 | token;
        let _ = Message::parse(&bytes);
    }

    #[test]
    fn what_was_written_is_read(
        kind in 0_usize..4, code in 1_u8.., id: u16, token in prop::collection::vec(any::<u8>(), 0..9),
        path in prop::option::of("[a-z]{1,4}(/[a-z]{1,4}){0,3}"), payload in prop::collection::vec(any::<u8>(), 0..900)
    ) {
        let kind = [Kind::Confirmable, Kind::NonConfirmable, Kind::Acknowledgment, Kind::Reset][kind];
        let message = Message { path, payload: payload.into(), ..Message::bare(kind, code, id, &token) };
        let read = Message::parse(&message.clone().encode().unwrap()).unwrap();
        let path = message.path.clone().or(Some(String::new()));
        prop_assert_eq!(read, Message { path, ..message });
    }

    /// Two endpoints on a line that loses 30 %, doubles 20 % and turns around: each request is told at most once, and its sender learns of it if it was.
    #[test]
    fn on_a_bad_line_requests_are_told_once(dice in prop::collection::vec(any::<u8>(), 0..400)) {
        let mut dice = dice.into_iter();
        let mut asks = Endpoint::new(Patience::default(), random());
        let mut answers = endpoint();
        let ids: Vec<RequestId> = (0..10).map(|_| asks.request(PEER, &request(true, false), START)).collect();
        let (mut there, mut back) = (Vec::new(), Vec::new());
        let mut now = START;
        let mut told = 0;
        loop {
            carry(&mut there, sent(&mut asks), &mut dice);
            for datagram in std::mem::take(&mut there) {
                answers.receive(PEER, &datagram, now);
            }
            told += events(&mut answers).len();
            carry(&mut back, sent(&mut answers), &mut dice);
            for datagram in std::mem::take(&mut back) {
                asks.receive(PEER, &datagram, now);
            }
            let Some(deadline) = asks.deadline() else { break };
            now = deadline;
            asks.handle_timeout(now);
        }
        let mut ended: Vec<RequestId> = Vec::new();
        let mut acknowledged = 0;
        for event in events(&mut asks) {
            match event {
                Event::Acknowledged { id } => { acknowledged += 1; ended.push(id) }
                Event::Failed { id, .. } => ended.push(id),
                other => prop_assert!(false, "{:?}", other),
            }
        }
        ended.sort();
        prop_assert_eq!(ended, ids);
        prop_assert!(acknowledged <= told && told <= 10);
    }
}
