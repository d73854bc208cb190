//! Finds the address of a border agent that answers: all are tried, a moment apart, and the first that answers the handshake's first message wins.
//!
//! A message that was sent proves nothing: the interface may be dead, the prefix gone, the host asleep. The others are told that nobody follows: OpenThread 1.4
//! (`src/core/meshcop/secure_transport.cpp`) keeps a session for each first message, with no limit to its life, has room for about ten, and for one where a passcode is
//! entered.

use super::talk::{Open, is_passing};
use crate::clock;
use crate::random::random;
use std::io;
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr};
use std::time::Duration;
use tokio::net::UdpSocket;
use tokio::task::JoinSet;
use weft_thread::commissioner::{Session, Settings};
use zeroize::Zeroizing;

/// Between the first messages to two addresses.
const STAGGER: Duration = Duration::from_millis(250);
/// Nobody is there if nothing has come by then: the first message is repeated three times within.
const ANSWER_WITHIN: Duration = Duration::from_secs(10);
/// Nobody listens where so many messages were refused.
const REFUSALS: u32 = 2;
/// Addresses that are tried at once.
const MAX_ADDRESSES: usize = 16;

/// Why nobody answered.
#[derive(Debug)]
pub(super) struct NobodyAnswers {
    /// Address and reason.
    pub(super) tried: Vec<(SocketAddr, String)>,
}

/// The session with the first that answers.
pub(super) async fn first_that_answers(addresses: &[SocketAddr], password: &[u8], settings: &Settings) -> Result<Open, NobodyAnswers> {
    let mut tries = JoinSet::new();
    for (number, address) in (0u32..).zip(addresses.iter().copied().take(MAX_ADDRESSES)) {
        let password = Zeroizing::new(password.to_vec());
        let settings = settings.clone();
        tries.spawn(async move {
            tokio::time::sleep(STAGGER * number).await;
            let tried = tokio::time::timeout(ANSWER_WITHIN, knock(address, &password, settings)).await;
            tried.unwrap_or_else(|_| Err("no answer".to_owned())).map_err(|reason| (address, reason))
        });
    }
    let mut tried = Vec::new();
    while let Some(joined) = tries.join_next().await {
        match joined {
            // All others are dropped with the set, and turn away.
            Ok(Ok(open)) => return Ok(open),
            Ok(Err(failed)) => tried.push(failed),
            Err(error) => tracing::warn!(%error, "a handshake ended with a defect"),
        }
    }
    tried.sort();
    Err(NobodyAnswers { tried })
}

async fn knock(address: SocketAddr, password: &[u8], settings: Settings) -> Result<Open, String> {
    let socket = connect(address).await.map_err(|error| error.to_string())?;
    let session = Session::new(password, settings, random, clock::running_for());
    let mut knocking = Knocking(Some(Open {
        socket,
        address,
        session,
        refusals: 0,
    }));
    let mut buffer = [0; 2_048];
    let mut refusal = None;
    let mut refused = 0;
    loop {
        let Some(Open { socket, session, .. }) = &mut knocking.0 else {
            return Err("no answer".to_owned());
        };
        while let Some(datagram) = session.poll_transmit() {
            match socket.send(&datagram).await {
                Ok(_) => {}
                Err(error) if is_passing(&error) => refusal = Some(error.to_string()),
                Err(error) => return Err(error.to_string()),
            }
        }
        let now = clock::running_for();
        let Some(deadline) = session.deadline() else {
            return Err(refusal.unwrap_or_else(|| "no answer".to_owned()));
        };
        if deadline <= now {
            session.handle_timeout(now);
            continue;
        }
        tokio::select! {
            received = socket.recv(&mut buffer) => match received {
                Ok(length) => {
                    let datagram = buffer.get(..length).unwrap_or_default();
                    if is_handshake(datagram) {
                        session.receive(datagram, clock::running_for());
                        return knocking.0.take().ok_or_else(|| "no answer".to_owned());
                    }
                }
                Err(error) if is_passing(&error) => {
                    refused += 1;
                    if refused == REFUSALS {
                        return Err(error.to_string());
                    }
                    refusal = Some(error.to_string());
                    tokio::time::sleep(Duration::from_millis(50)).await;
                }
                Err(error) => return Err(error.to_string()),
            },
            () = tokio::time::sleep(deadline - now) => {}
        }
    }
}

/// Somebody who knocks at one address, and turns away from it unless let in.
struct Knocking(Option<Open>);

impl Drop for Knocking {
    fn drop(&mut self) {
        if let Some(open) = &mut self.0 {
            open.turn_away();
        }
    }
}

/// A socket that hears this address only.
async fn connect(address: SocketAddr) -> io::Result<UdpSocket> {
    let ours = match address {
        SocketAddr::V4(_) => SocketAddr::from((Ipv4Addr::UNSPECIFIED, 0)),
        SocketAddr::V6(_) => SocketAddr::from((Ipv6Addr::UNSPECIFIED, 0)),
    };
    let socket = UdpSocket::bind(ours).await?;
    socket.connect(address).await?;
    Ok(socket)
}

/// A record of DTLS with a handshake message or an alert (RFC 6347, section 4.1): garbage on the port is no answer.
fn is_handshake(datagram: &[u8]) -> bool {
    const ALERT: u8 = 21;
    const HANDSHAKE: u8 = 22;
    const HEADER_BYTES: usize = 13;
    matches!(datagram, [ALERT | HANDSHAKE, 0xfe, 0xfd | 0xff, ..]) && datagram.len() > HEADER_BYTES
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_record_of_a_handshake_is_an_answer() {
        let hello_verify = [&[22, 0xfe, 0xff, 0, 0, 0, 0, 0, 0, 0, 0, 0, 3][..], &[3, 0, 0]].concat();
        assert!(is_handshake(&hello_verify));
        for garbage in [
            &b""[..],
            b"HTTP/1.1 400 Bad Request",
            &hello_verify[..13],
            &[23, 0xfe, 0xfd, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0],
        ] {
            assert!(!is_handshake(garbage));
        }
    }
}
