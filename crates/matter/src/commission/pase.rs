//! The handshake that proves the passcode (PASE, Matter core specification 1.4, 4.14.1), as its initiator.
//!
//! The library's own initiator answers every failure with the same code, does not limit how much work a device may ask of us, and hides the
//! attestation challenge. This one does the handshake over the library's exchanges, and gives the library the session that comes out of it.

use super::spake::{CONTEXT_PREFIX, Disagreed, Prover};
use crate::code::Passcode;
use crate::controller::Shard;
use crate::controller::plain::StatusReport;
use crate::interaction::invoke::{Fields, octets, receive};
use crate::interaction::tlv::Element;
use rs_matter::crypto::{Crypto, CryptoSensitive, Digest as _, Hash, Kdf as _};
use rs_matter::error::{Error, ErrorCode};
use rs_matter::sc::{OpCode, PROTO_ID_SECURE_CHANNEL};
use rs_matter::transport::exchange::Exchange;
use rs_matter::transport::network::Address;
use rs_matter::transport::session::{ReservedSession, SessionMode};
use std::net::SocketAddr;
use std::num::NonZeroU8;
use std::sync::atomic::{AtomicU16, Ordering};
use std::time::Duration;
use tokio::time::timeout;
use zeroize::Zeroizing;

/// Why no session came about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum PaseFailure {
    /// The passcode is another.
    WrongCode,
    /// The device talks to another commissioner.
    Busy,
    /// It is alive but does not take part; whether it has said so.
    Closed {
        /// It has.
        said: bool,
    },
    /// Nothing came back at all.
    Silent,
    /// What came back is no answer to this.
    Garbled(&'static str),
    /// Something of ours failed.
    Ours(String),
}

/// What the device's answer to a parameter request tells, and the exchange on which it came.
pub(super) struct Answered<'a> {
    exchange: Exchange<'a>,
    address: SocketAddr,
    local_session: u16,
    peer_session: u16,
    context: [u8; 32],
    salt: Vec<u8>,
    iterations: u32,
}

/// A session with a device that is not of our fabric yet.
pub(super) struct PaseSession {
    /// Where the device answered.
    pub(super) address: SocketAddr,
    /// What attestation signatures of this session are made over (Matter core specification 1.4, 4.14.1.2).
    pub(super) challenge: Zeroizing<[u8; 16]>,
    /// The library's number for it, which no other session ever has.
    number: u32,
}

/// A device that only acknowledges is asked again so often.
const RETRIES: u32 = 2;
/// A device is told so long that we go, until it acknowledges.
const FAREWELL: Duration = Duration::from_millis(800);

/// Iterations that a device may ask for (Matter core specification 1.4, 3.9).
const ITERATIONS: std::ops::RangeInclusive<u32> = 1_000..=100_000;
/// Lengths of its salt, there.
const SALT_BYTES: std::ops::RangeInclusive<usize> = 16..=32;

/// Sessions are found in the library by a fabric index and a node id. Sessions with passcodes have neither: they get the node id 0, which also is
/// what their nonces are made with, and an index of these, which no fabric has. It is looked at only once, when the session is new: afterwards the
/// library's number for the session says which one is meant.
const SESSION_KEYS: std::ops::RangeInclusive<u8> = 0x40..=0xfe;
/// Session ids that the library, which counts up from 1, reaches last.
const FIRST_SESSION: u16 = 0x8000;

static NEXT: AtomicU16 = AtomicU16::new(0);

/// A session id that no other live session has, and a session key.
fn identity() -> (u16, NonZeroU8) {
    let count = NEXT.fetch_add(1, Ordering::Relaxed);
    let keys = u16::from(SESSION_KEYS.end() - SESSION_KEYS.start()) + 1;
    let key = u16::from(*SESSION_KEYS.start()) + count % keys;
    (
        FIRST_SESSION | count,
        u8::try_from(key).ok().and_then(NonZeroU8::new).unwrap_or(NonZeroU8::MAX),
    )
}

/// Asks a device for the parameters of its window. Harmless: nothing is proven yet; but the device waits for us from here on, so either [`prove`] or
/// [`decline`] follows.
pub(super) async fn ask(shard: &Shard, address: SocketAddr, patience: Duration) -> Result<Answered<'_>, PaseFailure> {
    // A device whose window is closed may acknowledge and say no more. So does, for us, one whose answer was overtaken by its acknowledgement: the
    // library takes that for the first message of the session, and the answer for a repetition.
    let mut retries = RETRIES;
    loop {
        match ask_once(shard, address, patience).await {
            Err(PaseFailure::Closed { said: false }) if retries > 0 => retries -= 1,
            outcome => return outcome,
        }
    }
}

async fn ask_once(shard: &Shard, address: SocketAddr, patience: Duration) -> Result<Answered<'_>, PaseFailure> {
    let mut random = [0; 32];
    getrandom::fill(&mut random).map_err(|error| PaseFailure::Ours(error.to_string()))?;
    let (local_session, _) = identity();
    let request = Fields::new()
        .octets(1, &random)
        .unsigned(2, local_session.into())
        .unsigned(3, 0)
        .boolean(4, false)
        .into_structure();
    let mut exchange = Exchange::initiate_plaintext(&shard.matter, &shard.crypto, Address::Udp(address))
        .await
        .map_err(ours)?;
    send(&mut exchange, OpCode::PBKDFParamRequest, &request).await?;
    let payload = match timeout(patience, receive(&mut exchange)).await {
        Ok(received) => expect(received.map_err(lost)?, OpCode::PBKDFParamResponse, "PBKDFParamRequest")?,
        Err(_) => {
            refuse(&mut exchange).await;
            return Err(PaseFailure::Closed { said: false });
        }
    };
    let Some((peer_session, iterations, salt)) = read_parameters(&payload, &random) else {
        refuse(&mut exchange).await;
        return Err(PaseFailure::Garbled("PBKDFParamRequest"));
    };
    let context = hash(&shard.crypto, &[CONTEXT_PREFIX, &request, &payload]).map_err(ours)?;
    Ok(Answered {
        exchange,
        address,
        local_session,
        peer_session,
        context,
        salt,
        iterations,
    })
}

/// Tells a device that asked for nothing more that we go, so that it takes the next one at once.
pub(super) async fn decline(mut answered: Answered<'_>) {
    refuse(&mut answered.exchange).await;
}

/// Proves the passcode to each other.
pub(super) async fn prove(shard: &Shard, answered: Answered<'_>, passcode: &Passcode, patience: Duration) -> Result<PaseSession, PaseFailure> {
    let Answered {
        mut exchange,
        address,
        local_session,
        peer_session,
        context,
        salt,
        iterations,
    } = answered;
    let mut slot = ReservedSession::reserve(&shard.matter, &shard.crypto).await.map_err(ours)?;
    let prover = Prover::new(&shard.crypto, passcode, &salt, iterations).map_err(ours)?;
    let share = Fields::new().octets(1, prover.share()).into_structure();
    send(&mut exchange, OpCode::PASEPake1, &share).await?;
    let received = timeout(patience, receive(&mut exchange))
        .await
        .map_err(|_| PaseFailure::Silent)?
        .map_err(lost)?;
    let payload = expect(received, OpCode::PASEPake2, "Pake1")?;
    let (Some(theirs), Some(confirmation)) = (octets(&payload, 1), octets(&payload, 2)) else {
        refuse(&mut exchange).await;
        return Err(PaseFailure::Garbled("Pake1"));
    };
    let agreed = match prover.finish(&shard.crypto, &context, &theirs, &confirmation) {
        Ok(agreed) => agreed,
        Err(disagreed) => {
            refuse(&mut exchange).await;
            return Err(match disagreed {
                Disagreed::OtherPasscode => PaseFailure::WrongCode,
                Disagreed::NoPoint => PaseFailure::Garbled("Pake1"),
                Disagreed::Ours => PaseFailure::Ours("the key agreement failed".to_owned()),
            });
        }
    };
    let proof = Fields::new().octets(1, agreed.confirmation.access()).into_structure();
    send(&mut exchange, OpCode::PASEPake3, &proof).await?;
    let (protocol, opcode, payload) = timeout(patience, receive(&mut exchange))
        .await
        .map_err(|_| PaseFailure::Silent)?
        .map_err(lost)?;
    let status = StatusReport::of(protocol, opcode, &payload).ok_or(PaseFailure::Garbled("Pake3"))?;
    if !is_success(status) {
        return Err(failure(status, PaseFailure::WrongCode));
    }
    let (key, challenge) = install(shard, &mut slot, (local_session, peer_session), address, &agreed.secret).map_err(ours)?;
    slot.complete();
    let number = shard.newest_session(key, 0).await;
    let _ = exchange.acknowledge().await;
    match number {
        Some(number) => Ok(PaseSession { address, challenge, number }),
        None => Err(PaseFailure::Ours("the session was lost at once".to_owned())),
    }
}

/// Gives the library the keys (Matter core specification 1.4, 4.14.1.2): I2R, R2I, attestation challenge.
fn install(
    shard: &Shard,
    slot: &mut ReservedSession<'_>,
    (local_session, peer_session): (u16, u16),
    address: SocketAddr,
    secret: &CryptoSensitive<16>,
) -> Result<(NonZeroU8, Zeroizing<[u8; 16]>), Error> {
    let mut keys = CryptoSensitive::<48>::new();
    shard.crypto.kdf()?.expand(&[], secret.reference(), b"SessionKeys", &mut keys)?;
    let (encrypting, rest) = keys.reference().split::<16, 32>();
    let (decrypting, challenge) = rest.split::<16, 16>();
    let (_, key) = identity();
    let mode = SessionMode::Case {
        fab_idx: key,
        cat_ids: Default::default(),
    };
    slot.update(
        0,
        0,
        peer_session,
        local_session,
        Address::Udp(address),
        mode,
        Some(decrypting),
        Some(encrypting),
        None,
        None,
    )?;
    Ok((key, Zeroizing::new(*challenge.access())))
}

impl PaseSession {
    /// A new exchange on this session.
    pub(super) fn exchange<'s>(&self, shard: &'s Shard) -> Result<Exchange<'s>, Error> {
        Exchange::initiate_for_session(&shard.matter, &shard.crypto, self.number)
    }

    /// Tells the device that the session is over (Matter core specification 1.4, 4.11.1.4). It takes back what was not completed.
    pub(super) async fn close(&self, shard: &Shard) {
        if let Ok(mut exchange) = self.exchange(shard) {
            let farewell = StatusReport::CLOSE_SESSION.payload();
            let _ = timeout(FAREWELL, exchange.send(StatusReport::meta(), &farewell)).await;
        }
    }
}

async fn send(exchange: &mut Exchange<'_>, opcode: OpCode, payload: &[u8]) -> Result<(), PaseFailure> {
    exchange.send(opcode.meta(), payload).await.map_err(lost)
}

/// Says that we go. The device may not hear it.
async fn refuse(exchange: &mut Exchange<'_>) {
    let report = StatusReport::HANDSHAKE_ENDS.payload();
    let _ = timeout(FAREWELL, exchange.send(OpCode::StatusReport.meta(), &report)).await;
}

fn ours(error: Error) -> PaseFailure {
    PaseFailure::Ours(format!("the Matter library failed ({:?})", error.code()))
}

/// An error while sending or waiting.
fn lost(error: Error) -> PaseFailure {
    match error.code() {
        ErrorCode::TxTimeout | ErrorCode::RxTimeout | ErrorCode::NoSession | ErrorCode::NoExchange => PaseFailure::Silent,
        _ => ours(error),
    }
}

/// The payload, where the message is the one expected; what a status report means, where it is one.
fn expect((protocol, opcode, payload): (u16, u8, Vec<u8>), expected: OpCode, asked: &'static str) -> Result<Vec<u8>, PaseFailure> {
    if let Some(status) = StatusReport::of(protocol, opcode, &payload) {
        return Err(failure(status, PaseFailure::Closed { said: true }));
    }
    match protocol == PROTO_ID_SECURE_CHANNEL && opcode == expected as u8 {
        true => Ok(payload),
        false => Err(PaseFailure::Garbled(asked)),
    }
}

/// Session id, iterations and salt of a PBKDFParamResponse to our random bytes. Session 0 is that of unsecured messages: none has it.
fn read_parameters(payload: &[u8], random: &[u8; 32]) -> Option<(u16, u32, Vec<u8>)> {
    let message = Element::whole(payload).ok()?;
    if message.member(1).ok()??.octets()? != random {
        return None;
    }
    let session = message.member(3).ok()??.unsigned().filter(|session| *session != 0)?;
    let parameters = message.member(4).ok()??;
    let iterations = parameters.member(1).ok()??.unsigned()?;
    let salt = parameters.member(2).ok()??.octets()?.to_vec();
    (ITERATIONS.contains(&iterations) && SALT_BYTES.contains(&salt.len())).then_some((session, iterations, salt))
}

fn hash<C: Crypto>(crypto: &C, parts: &[&[u8]]) -> Result<[u8; 32], Error> {
    let mut digest = crypto.hash()?;
    for part in parts {
        digest.update(part)?;
    }
    let mut out = Hash::new();
    digest.finish(&mut out)?;
    Ok(*out.access())
}

/// What a status report means that ends the handshake.
fn failure(status: StatusReport, otherwise: PaseFailure) -> PaseFailure {
    if status.general == StatusReport::GENERALLY_BUSY || status.secure_channel() == Some(StatusReport::BUSY) {
        PaseFailure::Busy
    } else {
        otherwise
    }
}

/// True where the device has the same keys as we have.
fn is_success(status: StatusReport) -> bool {
    status.general == 0 && status.secure_channel() == Some(StatusReport::ESTABLISHED)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn response(random: &[u8], iterations: u64, salt: &[u8]) -> Vec<u8> {
        response_of(0x1234, random, iterations, salt)
    }

    fn response_of(session: u64, random: &[u8], iterations: u64, salt: &[u8]) -> Vec<u8> {
        let mut out = Fields::new()
            .octets(1, random)
            .octets(2, &[2; 32])
            .unsigned(3, session)
            .into_structure()
            .to_vec();
        out.pop();
        let mut parameters = Fields::new().unsigned(1, iterations).octets(2, salt).into_structure().to_vec();
        parameters.splice(0..1, [0x35, 4]);
        out.extend(parameters);
        out.push(0x18);
        out
    }

    #[test]
    fn parameters_are_read_within_the_bounds_of_the_specification() {
        let random = [7; 32];
        assert_eq!(
            read_parameters(&response(&random, 1_000, &[1; 32]), &random),
            Some((0x1234, 1_000, vec![1; 32]))
        );
        assert_eq!(read_parameters(&response(&[8; 32], 1_000, &[1; 32]), &random), None);
        assert_eq!(read_parameters(&response(&random, 999, &[1; 32]), &random), None);
        assert_eq!(read_parameters(&response(&random, 100_001, &[1; 32]), &random), None);
        assert_eq!(read_parameters(&response(&random, 1_000, &[1; 15]), &random), None);
        assert_eq!(read_parameters(&response(&random, 1_000, &[1; 33]), &random), None);
        assert_eq!(read_parameters(&response_of(0, &random, 1_000, &[1; 32]), &random), None);
        assert_eq!(read_parameters(&response_of(0x1_0000, &random, 1_000, &[1; 32]), &random), None);
    }

    #[test]
    fn status_reports_are_told_apart() {
        let report = |general, code| StatusReport { general, protocol: 0, code };
        assert!(is_success(report(0, StatusReport::ESTABLISHED)));
        assert!(!is_success(report(StatusReport::FAILURE, StatusReport::ESTABLISHED)));
        assert!(!is_success(StatusReport {
            protocol: 1,
            ..report(0, StatusReport::ESTABLISHED)
        }));
        let ends = |general, code| failure(report(general, code), PaseFailure::WrongCode);
        assert_eq!(ends(1, StatusReport::INVALID_PARAMETER), PaseFailure::WrongCode);
        assert_eq!(ends(8, StatusReport::ESTABLISHED), PaseFailure::Busy);
        assert_eq!(ends(1, StatusReport::BUSY), PaseFailure::Busy);
        assert_eq!(StatusReport::of(0, 0x40, &[0; 7]), None);
        assert_eq!(StatusReport::of(0, 0x22, &[0; 8]), None);
        assert_eq!(StatusReport::HANDSHAKE_ENDS.payload(), [1, 0, 0, 0, 0, 0, 2, 0]);
    }

    #[test]
    fn messages_out_of_turn_are_garbled() {
        assert_eq!(expect((0, 0x21, vec![1]), OpCode::PBKDFParamResponse, "x"), Ok(vec![1]));
        assert_eq!(
            expect((1, 0x21, vec![1]), OpCode::PBKDFParamResponse, "x"),
            Err(PaseFailure::Garbled("x"))
        );
        let refusal = StatusReport::HANDSHAKE_ENDS.payload();
        assert_eq!(
            expect((0, 0x40, refusal), OpCode::PASEPake2, "x"),
            Err(PaseFailure::Closed { said: true })
        );
    }

    #[test]
    fn identities_stay_in_their_ranges() {
        for _ in 0..1_000 {
            let (session, key) = identity();
            assert!(session >= FIRST_SESSION && SESSION_KEYS.contains(&key.get()));
        }
    }

    proptest! {
        #[test]
        fn any_octets_are_read_without_panic(payload in proptest::collection::vec(any::<u8>(), 0..160), opcode: u8) {
            let _ = read_parameters(&payload, &[0; 32]);
            let _ = StatusReport::of(0, opcode, &payload);
        }
    }
}
