//! What border agents and nodes say to a commissioner: CoAP's message layer, and MeshCoP commands.

use std::time::Duration;
use weft_thread::coap::{Endpoint, Event, Patience, Request};
use weft_wire::meshcop::{MAX_COMMISSIONER_ID_BYTES, decode_command, encode_command};

/// A command says the same when it is encoded again, and what a peer calls itself can be shown.
pub fn meshcop_command(data: &[u8]) {
    let (command, _) = decode_command(data);
    if let Some(id) = &command.commissioner_id {
        assert!(id.len() <= MAX_COMMISSIONER_ID_BYTES && !id.contains(char::is_control));
    }
    let encoded = encode_command(&command).expect("what was read is not too long");
    let (again, problems) = decode_command(&encoded);
    assert!(problems.is_empty());
    assert_eq!(
        again,
        weft_wire::meshcop::Command {
            other: Vec::new(),
            ..command
        }
    );
}

/// Messages to an endpoint that has asked something: each behind a byte with its length (the 128 adds: it comes twice). Every request ends once, and a message
/// that comes twice is told once.
pub fn coap(data: &[u8]) {
    const START: Duration = Duration::from_secs(10);
    // Message ids begin at 0x0101, tokens are 01010101 and the like: inputs can hit them.
    let mut endpoint: Endpoint<u8> = Endpoint::new(Patience::default(), Box::new(|bytes: &mut [u8]| bytes.fill(1)));
    let mut open = Vec::new();
    for (confirmable, wants_response) in [(true, true), (true, false), (false, true)] {
        let request = Request {
            uri: "d/dg",
            payload: &[0x12, 0x01, 0x00],
            confirmable,
            wants_response,
        };
        open.push(endpoint.request(0, &request, START));
    }
    let mut rest = data;
    while let Some((length, behind)) = rest.split_first() {
        let (message, behind) = behind.split_at(usize::from(length & 0x7f).min(behind.len()));
        rest = behind;
        endpoint.receive(0, message, START);
        let told = settle(&mut endpoint, &mut open);
        if length & 0x80 != 0 {
            endpoint.receive(0, message, START);
            assert_eq!(settle(&mut endpoint, &mut open), 0, "told twice");
        }
        assert!(told <= 1);
    }
    // Also as one message, and as nobody's.
    endpoint.receive(1, data, START);
    settle(&mut endpoint, &mut open);
    while let Some(deadline) = endpoint.deadline() {
        endpoint.handle_timeout(deadline);
        settle(&mut endpoint, &mut open);
    }
    assert!(open.is_empty(), "a request without an end");
}

/// Takes what happened, and gives how many requests of peers were told.
fn settle(endpoint: &mut Endpoint<u8>, open: &mut Vec<weft_thread::coap::RequestId>) -> usize {
    while endpoint.poll_transmit().is_some() {}
    let mut told = 0;
    while let Some(event) = endpoint.poll_event() {
        match event {
            Event::Request { uri, .. } => {
                assert!(uri.bytes().all(|byte| byte.is_ascii_graphic()));
                told += 1;
            }
            Event::Response { id, .. } | Event::Acknowledged { id } | Event::Failed { id, .. } => {
                let index = open.iter().position(|open| *open == id).expect("a request ends once");
                open.swap_remove(index);
            }
        }
    }
    told
}
