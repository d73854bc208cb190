//! Sessions with border agents: arbitrary datagrams at every stage of a handshake, on both sides; and what people paste as credentials.

use std::sync::OnceLock;
use std::time::Duration;
use weft_thread::Random;
use weft_thread::credential::{OperationalDataset, Passcode, Pskc};
use weft_thread::dtls::server::Server;
use weft_thread::dtls::{Client, Event};

const PASSWORD: &[u8] = b"154507124";
/// Turns of a whole handshake: hello, hello with the cookie, keys.
const TURNS: usize = 3;
/// More datagrams than these are not read from one input.
const MAX_DATAGRAMS: usize = 32;
/// How much later each datagram comes.
const STEP: Duration = Duration::from_millis(300);
/// The most that may be said to so many datagrams.
const MAX_ANSWERS: usize = 8 * MAX_DATAGRAMS;

/// The same numbers each time, so that a seed can hold what fits them.
fn random(seed: u64) -> Random {
    let mut state = seed;
    Box::new(move |bytes| {
        for byte in bytes {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            *byte = (state >> 24) as u8;
        }
    })
}

fn new_client() -> Client {
    Client::new(PASSWORD, random(0x0123_4567_89ab_cdef), Duration::ZERO)
}

fn new_server() -> Server {
    Server::new(PASSWORD, random(0xfedc_ba98_7654_3210))
}

/// What each side hears in a handshake of these two, turn by turn. Always the same, and dear: it is said once.
#[derive(Default)]
struct Talk {
    to_server: [Vec<Vec<u8>>; TURNS],
    to_client: [Vec<Vec<u8>>; TURNS],
}

fn talk() -> &'static Talk {
    static TALK: OnceLock<Talk> = OnceLock::new();
    TALK.get_or_init(|| {
        let (mut client, mut server) = (new_client(), new_server());
        let mut talk = Talk::default();
        for turn in 0..TURNS {
            talk.to_server[turn] = std::iter::from_fn(|| client.poll_transmit()).collect();
            talk.to_server[turn].iter().for_each(|datagram| server.receive(datagram, Duration::ZERO));
            talk.to_client[turn] = std::iter::from_fn(|| server.poll_transmit()).collect();
            talk.to_client[turn].iter().for_each(|datagram| client.receive(datagram, Duration::ZERO));
        }
        talk
    })
}

/// The client after so many turns of the talk: 0 is before anything was heard, 3 is a whole handshake.
fn client_after(turns: u8) -> Client {
    let mut client = new_client();
    for heard in &talk().to_client[..usize::from(turns) % (TURNS + 1)] {
        while client.poll_transmit().is_some() {}
        heard.iter().for_each(|datagram| client.receive(datagram, Duration::ZERO));
    }
    client
}

/// The server after so many turns of the talk.
fn server_after(turns: u8) -> Server {
    let mut server = new_server();
    for heard in &talk().to_server[..usize::from(turns) % (TURNS + 1)] {
        heard.iter().for_each(|datagram| server.receive(datagram, Duration::ZERO));
        while server.poll_transmit().is_some() {}
    }
    server
}

/// The stage in the first byte, then datagrams, each behind its length in two bytes.
fn read(data: &[u8]) -> (u8, impl Iterator<Item = &[u8]>) {
    let (stage, mut rest) = data.split_first().map_or((0, data), |(stage, rest)| (*stage, rest));
    let datagrams = std::iter::from_fn(move || {
        let (length, behind) = rest.split_at_checked(2)?;
        let length = usize::from(u16::from_be_bytes([length[0], length[1]])).min(behind.len());
        let (datagram, behind) = behind.split_at(length);
        rest = behind;
        Some(datagram)
    });
    (stage, datagrams.take(MAX_DATAGRAMS))
}

/// After the end nothing happens.
fn check(events: &[Event], answers: usize) {
    let ends = events.iter().position(|event| matches!(event, Event::Closed(_)));
    assert!(ends.is_none_or(|at| at + 1 == events.len()));
    assert!(answers <= MAX_ANSWERS, "{answers} answers");
}

/// A client gets arbitrary datagrams.
pub fn dtls_record(data: &[u8]) {
    let (stage, datagrams) = read(data);
    let mut client = client_after(stage);
    let (mut events, mut answers) = (Vec::new(), 0);
    let mut now = Duration::ZERO;
    for datagram in datagrams {
        now += STEP;
        client.receive(datagram, now);
        client.handle_timeout(now);
        answers += std::iter::from_fn(|| client.poll_transmit()).count();
        events.extend(std::iter::from_fn(|| client.poll_event()));
    }
    let _ = client.send(b"message");
    client.close();
    answers += std::iter::from_fn(|| client.poll_transmit()).count();
    events.extend(std::iter::from_fn(|| client.poll_event()));
    assert!(matches!(events.last(), Some(Event::Closed(_))));
    check(&events, answers);
    assert!(client.deadline().is_none() && client.send(b"message").is_err());
}

/// A server gets arbitrary datagrams.
pub fn dtls_server(data: &[u8]) {
    let (stage, datagrams) = read(data);
    let mut server = server_after(stage);
    let (mut events, mut answers) = (Vec::new(), 0);
    let mut now = Duration::ZERO;
    for datagram in datagrams {
        now += STEP;
        server.receive(datagram, now);
        server.handle_timeout(now);
        answers += std::iter::from_fn(|| server.poll_transmit()).count();
        events.extend(std::iter::from_fn(|| server.poll_event()));
    }
    server.close();
    events.extend(std::iter::from_fn(|| server.poll_event()));
    check(&events, answers);
    assert!(server.deadline().is_none());
}

/// What is no credential is refused; what is one comes out as it went in.
pub fn credential(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    let _ = (Pskc::from_hex(&text).is_ok(), OperationalDataset::from_hex(&text).is_ok());
    if let Ok(passcode) = Passcode::parse(&text) {
        assert!((6..=32).contains(&passcode.expose().len()));
    }
    if let Ok(dataset) = OperationalDataset::from_tlvs(data) {
        let hex: String = data.iter().map(|byte| format!("{byte:02X} ")).collect();
        let again = OperationalDataset::from_hex(&hex);
        assert!(again.is_ok_and(|again| again.expose() == data));
        let (_, _, public) = (dataset.pskc(), dataset.network_key(), dataset.public());
        assert!(public.extended_pan_id.is_some());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const CORPUS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/corpus");

    /// A seed that nobody understands any more finds nothing: these must get as far as they were made for.
    #[test]
    fn the_seeds_reach_their_stage() {
        let seed = std::fs::read(format!("{CORPUS}/dtls_record/finished_message")).expect("a seed");
        let (stage, datagrams) = read(&seed);
        let mut client = client_after(stage);
        datagrams.for_each(|datagram| client.receive(datagram, Duration::ZERO));
        let events: Vec<Event> = std::iter::from_fn(|| client.poll_event()).collect();
        assert_eq!(events, [Event::Connected, Event::Message(b"welcome".to_vec())]);

        let seed = std::fs::read(format!("{CORPUS}/dtls_server/client_flight")).expect("a seed");
        let (stage, datagrams) = read(&seed);
        let mut server = server_after(stage);
        datagrams.for_each(|datagram| server.receive(datagram, Duration::ZERO));
        assert_eq!(server.poll_event(), Some(Event::Connected));
    }
}
