//! Mends what comes in where `rs-matter` would stumble over it.
//!
//! The library has one buffer for reception. A message stays in it until its exchange takes it, and an exchange takes nothing while it waits for an
//! acknowledgement. So an answer that comes before the acknowledgement of its question, or whose acknowledgement was lost, blocks all reception of all
//! sessions until the retransmissions are used up, six seconds later; on a lossy network nothing works. But an answer implies that the question was
//! heard: where it does not say so, that is added to it (an acknowledgement can ride on any message: Matter core specification 1.4, 4.12.5.2.2).
//!
//! And the library takes the first message of a session for the first that was sent, and all that it overtook for repetitions, which it drops. So a
//! message that means nothing, from a little earlier, is put before the first.
//!
//! And the library writes the last message of a CASE handshake anew for each retransmission, encrypted with a key that by then is another. What goes out
//! again is therefore what went out first.
//!
//! The first two are done where messages are decrypted, by decorating the library's cryptography: what is to be changed is refused, and handed in again, changed.

use super::recent::Recent;
use rs_matter::crypto::{AEAD_CANON_KEY_LEN, AEAD_NONCE_LEN, AEAD_TAG_LEN, Aead, CryptoSensitive, CryptoSensitiveRef};
use rs_matter::error::{Error, ErrorCode};
use std::cell::RefCell;
use std::collections::{BTreeSet, VecDeque};

/// Flags of the protocol header (Matter core specification 1.4, 4.4.3.1).
const INITIATOR: u8 = 0x01;
const ACKNOWLEDGEMENT: u8 = 0x02;
const RELIABLE: u8 = 0x04;
const VENDOR: u8 = 0x10;
const STANDALONE_ACKNOWLEDGEMENT: u8 = 0x10;

/// Most questions that are remembered as not acknowledged.
const MAX_AWAITED: usize = 512;

/// Most messages of handshakes that are kept for retransmission.
const MAX_KEPT: usize = 64;

/// How much earlier the message is that opens a session: the library remembers so many.
const WINDOW: u32 = 15;

/// Which exchange: whether we began it, and its number. Those that we began have numbers of their own across all sessions of an instance.
type ExchangeKey = (bool, u16);

/// See the module. Of one shard.
pub(crate) struct Mender {
    /// Message counters that acknowledgements are awaited for; `None` where two exchanges of the same number cannot be told apart.
    awaited: RefCell<Recent<ExchangeKey, Option<u32>>>,
    /// The counter of the newest message of an exchange, by our number of its session, 0 for none: what is not newer is a repetition, and answers
    /// nothing.
    newest: RefCell<Recent<(u16, ExchangeKey), u32>>,
    /// Sessions that something has come in on, by our number.
    met: RefCell<BTreeSet<u16>>,
    /// Messages of handshakes as they went out first: message counter and datagram.
    kept: RefCell<Recent<ExchangeKey, (u32, Vec<u8>)>>,
    /// To be handed in next.
    again: RefCell<VecDeque<Vec<u8>>>,
}

impl Default for Mender {
    fn default() -> Self {
        Self {
            awaited: RefCell::new(Recent::new(MAX_AWAITED)),
            newest: RefCell::new(Recent::new(MAX_AWAITED)),
            met: RefCell::default(),
            kept: RefCell::new(Recent::new(MAX_KEPT)),
            again: RefCell::default(),
        }
    }
}

impl Mender {
    /// A message goes out: protocol header and payload, in clear.
    pub(super) fn sent(&self, message: &[u8], counter: u32) {
        let Some(header) = ProtocolHeader::read(message) else { return };
        if header.flags & RELIABLE == 0 {
            return;
        }
        let began = header.flags & INITIATOR != 0;
        let mut awaited = self.awaited.borrow_mut();
        let key = (began, header.exchange);
        // Numbers of exchanges that others began may be the same for two of them.
        let is_known = began || awaited.get(&key).is_none_or(|earlier| *earlier == Some(counter));
        awaited.insert(key, is_known.then_some(counter));
    }

    /// An unsecured message goes out; `at` is where its protocol header begins. Gives what went out under this counter before.
    pub(super) fn sent_unsecured(&self, datagram: &[u8], at: usize, counter: u32) -> Option<Vec<u8>> {
        let message = datagram.get(at..)?;
        let header = ProtocolHeader::read(message)?;
        if header.flags & RELIABLE == 0 {
            return None;
        }
        self.sent(message, counter);
        let mut kept = self.kept.borrow_mut();
        let key = (header.flags & INITIATOR != 0, header.exchange);
        if let Some((same, first)) = kept.get(&key)
            && *same == counter
        {
            return Some(first.clone());
        }
        kept.insert(key, (counter, datagram.to_vec()));
        None
    }

    /// A message comes in on this session: the same with an acknowledgement, if it lacks one for something that it answers.
    pub(super) fn mended(&self, session: u16, message: &[u8], counter: u32) -> Option<Vec<u8>> {
        let header = ProtocolHeader::read(message)?;
        let key = (header.flags & INITIATOR == 0, header.exchange);
        if !self.is_newer((session, key), counter) {
            return None;
        }
        let mut awaited = self.awaited.borrow_mut();
        if let Some(acknowledged) = header.acknowledged {
            if awaited
                .get(&key)
                .is_some_and(|counter| counter.is_none_or(|counter| counter == acknowledged))
            {
                awaited.remove(&key);
                self.kept.borrow_mut().remove(&key);
            }
            return None;
        }
        let counter = awaited.remove(&key)??;
        self.kept.borrow_mut().remove(&key);
        let (head, rest) = message.split_at_checked(header.acknowledgement_at)?;
        let mut mended = Vec::with_capacity(message.len() + 4);
        mended.extend_from_slice(head);
        mended.extend_from_slice(&counter.to_le_bytes());
        mended.extend_from_slice(rest);
        if let Some(flags) = mended.first_mut() {
            *flags |= ACKNOWLEDGEMENT;
        }
        Some(mended)
    }

    fn is_newer(&self, key: (u16, ExchangeKey), counter: u32) -> bool {
        let mut newest = self.newest.borrow_mut();
        if newest.get(&key).is_some_and(|newest| *newest >= counter) {
            return false;
        }
        newest.insert(key, counter);
        true
    }

    /// What is to be handed in before anything else.
    pub(super) fn take_again(&self) -> Option<Vec<u8>> {
        self.again.borrow_mut().pop_front()
    }
}

/// The part of a protocol header that matters here.
struct ProtocolHeader {
    flags: u8,
    exchange: u16,
    acknowledged: Option<u32>,
    /// Where the acknowledged counter stands, or would.
    acknowledgement_at: usize,
}

impl ProtocolHeader {
    fn read(message: &[u8]) -> Option<Self> {
        let flags = *message.first()?;
        let exchange = u16::from_le_bytes(*message.get(2..)?.first_chunk()?);
        let acknowledgement_at = if flags & VENDOR == 0 { 6 } else { 8 };
        let acknowledged = if flags & ACKNOWLEDGEMENT == 0 {
            None
        } else {
            Some(u32::from_le_bytes(*message.get(acknowledgement_at..)?.first_chunk()?))
        };
        Some(Self {
            flags,
            exchange,
            acknowledged,
            acknowledgement_at,
        })
    }
}

/// The library's encryption, watched.
pub(crate) struct WatchedAead<'m, A> {
    pub(super) inner: A,
    pub(super) mender: &'m Mender,
}

type Key<'k> = CryptoSensitiveRef<'k, AEAD_CANON_KEY_LEN>;
type Nonce<'n> = CryptoSensitiveRef<'n, AEAD_NONCE_LEN>;

impl<A: Aead<AEAD_CANON_KEY_LEN, AEAD_NONCE_LEN>> Aead<AEAD_CANON_KEY_LEN, AEAD_NONCE_LEN> for WatchedAead<'_, A> {
    fn encrypt_in_place<'a>(&mut self, key: Key<'_>, nonce: Nonce<'_>, header: &[u8], data: &'a mut [u8], length: usize) -> Result<&'a [u8], Error> {
        if let Some((_, counter)) = session_and_counter(header) {
            self.mender.sent(data.get(..length).unwrap_or_default(), counter);
        }
        self.inner.encrypt_in_place(key, nonce, header, data, length)
    }

    fn decrypt_in_place<'a>(&mut self, key: Key<'_>, nonce: Nonce<'_>, header: &[u8], data: &'a mut [u8]) -> Result<&'a [u8], Error> {
        let message = self.inner.decrypt_in_place(key, nonce, header, data)?;
        let Some((session, counter)) = session_and_counter(header) else {
            return Ok(message);
        };

        let is_first = self.mender.met.borrow_mut().insert(session);
        let mended = self.mender.mended(session, message, counter);
        let opening = if is_first { counter.checked_sub(WINDOW) } else { None };
        if mended.is_none() && opening.is_none() {
            return Ok(message);
        }
        if let Some(earlier) = opening {
            // Of an exchange that has nothing to acknowledge.
            let nothing = [ACKNOWLEDGEMENT, STANDALONE_ACKNOWLEDGEMENT, 0, 0, 0, 0, 0, 0, 0, 0];
            self.hand_in(key, nonce, header, earlier, &nothing)?;
        }
        self.hand_in(key, nonce, header, counter, mended.as_deref().unwrap_or(message))?;
        Err(ErrorCode::InvalidData.into())
    }
}

impl<A: Aead<AEAD_CANON_KEY_LEN, AEAD_NONCE_LEN>> WatchedAead<'_, A> {
    /// Seals a message as its sender would have, and hands it in. It never leaves this process.
    fn hand_in(&mut self, key: Key<'_>, nonce: Nonce<'_>, header: &[u8], counter: u32, message: &[u8]) -> Result<(), Error> {
        let mut header = header.to_vec();
        if let Some(place) = header.get_mut(4..8) {
            place.copy_from_slice(&counter.to_le_bytes());
        }
        // Security flags, counter, source (Matter core specification 1.4, 4.8.1.1).
        let mut own_nonce = CryptoSensitive::<AEAD_NONCE_LEN>::new();
        own_nonce.load(nonce);
        own_nonce.access_mut()[1..5].copy_from_slice(&counter.to_le_bytes());
        let mut sealed = message.to_vec();
        sealed.resize(message.len() + AEAD_TAG_LEN, 0);
        self.inner
            .encrypt_in_place(key, own_nonce.reference(), &header, &mut sealed, message.len())?;
        header.extend_from_slice(&sealed);
        self.mender.again.borrow_mut().push_back(header);
        Ok(())
    }
}

/// Session number and message counter of a message header. Other things that are encrypted have none.
fn session_and_counter(header: &[u8]) -> Option<(u16, u32)> {
    let session = u16::from_le_bytes(*header.get(1..)?.first_chunk()?);
    let counter = u32::from_le_bytes(*header.get(4..)?.first_chunk()?);
    Some((session, counter))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::controller::watched::Watched;
    use crate::fabric::crypto;
    use proptest::prelude::*;
    use rs_matter::crypto::Crypto;

    const QUESTION: [u8; 8] = [INITIATOR | RELIABLE, 0x02, 0x34, 0x12, 0x01, 0x00, 0x15, 0x18];
    const ANSWER: [u8; 8] = [RELIABLE, 0x05, 0x34, 0x12, 0x01, 0x00, 0x15, 0x18];
    const KEY: [u8; 16] = [3; 16];
    const NONCE: [u8; 13] = [0; 13];

    #[test]
    fn an_answer_acknowledges_its_question_once() {
        let mender = Mender::default();
        assert_eq!(mender.mended(0, &ANSWER, 1), None, "to nothing");
        mender.sent(&QUESTION, 0x0102_0304);
        assert_eq!(mender.mended(0, &ANSWER, 1), None, "a repetition");
        let mended = [RELIABLE | ACKNOWLEDGEMENT, 0x05, 0x34, 0x12, 0x01, 0x00, 4, 3, 2, 1, 0x15, 0x18];
        assert_eq!(mender.mended(0, &ANSWER, 2).as_deref(), Some(&mended[..]));
        assert_eq!(mender.mended(0, &ANSWER, 3), None, "a second time");
    }

    #[test]
    fn what_goes_out_again_is_what_went_out_first() {
        let mender = Mender::default();
        let datagram = |payload| [&[0; 8][..], &QUESTION, &[payload]].concat();
        assert_eq!(mender.sent_unsecured(&datagram(1), 8, 7), None);
        assert_eq!(mender.sent_unsecured(&datagram(2), 8, 7), Some(datagram(1)));
        assert_eq!(mender.sent_unsecured(&datagram(3), 8, 8), None, "another message");
        assert!(mender.mended(0, &ANSWER, 1).is_some());
        assert_eq!(mender.kept.borrow().len(), 0);
    }

    #[test]
    fn what_is_acknowledged_needs_nothing_more() {
        let mender = Mender::default();
        mender.sent(&QUESTION, 7);
        assert_eq!(mender.mended(0, &[ACKNOWLEDGEMENT, 0x10, 0x34, 0x12, 0, 0, 7, 0, 0, 0], 1), None);
        assert_eq!(mender.mended(0, &ANSWER, 2), None);
        mender.sent(&QUESTION, 8);
        assert_eq!(
            mender.mended(0, &[ACKNOWLEDGEMENT, 0x10, 0x34, 0x12, 0, 0, 7, 0, 0, 0], 3),
            None,
            "an old one"
        );
        assert!(mender.mended(0, &ANSWER, 4).is_some());
    }

    #[test]
    fn exchanges_that_cannot_be_told_apart_are_left_alone() {
        let ours = [RELIABLE, 0x01, 0x34, 0x12, 0x01, 0x00];
        let theirs = [INITIATOR | RELIABLE, 0x05, 0x34, 0x12, 0x01, 0x00];
        let mender = Mender::default();
        mender.sent(&ours, 1);
        mender.sent(&ours, 1);
        assert!(mender.mended(0, &theirs, 1).is_some());
        mender.sent(&ours, 1);
        mender.sent(&ours, 900);
        assert_eq!(mender.mended(0, &theirs, 2), None);
    }

    /// Questions that nobody ever answered are in nobody's way when the numbers of exchanges begin anew.
    #[test]
    fn numbers_of_exchanges_begin_anew() {
        let mender = Mender::default();
        let datagram = |exchange: u16| {
            let mut datagram = [&[0; 8][..], &QUESTION].concat();
            datagram[10..12].copy_from_slice(&exchange.to_le_bytes());
            datagram
        };
        for exchange in 60_000..61_000 {
            mender.sent_unsecured(&datagram(exchange), 8, exchange.into());
        }
        mender.sent_unsecured(&datagram(0x1234), 8, 7);
        assert_eq!(mender.sent_unsecured(&datagram(0x1234), 8, 7), Some(datagram(0x1234)));
        assert!(mender.mended(0, &ANSWER, 1).is_some());
        assert_eq!(
            (mender.awaited.borrow().len(), mender.kept.borrow().len()),
            (MAX_AWAITED - 1, MAX_KEPT - 1)
        );
    }

    /// Counters of two nodes have nothing to do with each other.
    #[test]
    fn what_is_newer_is_newer_on_its_session() {
        let mender = Mender::default();
        mender.sent(&QUESTION, 1);
        assert!(mender.mended(3, &ANSWER, 9_000).is_some());
        mender.sent(&QUESTION, 2);
        assert!(mender.mended(4, &ANSWER, 10).is_some());
        mender.sent(&QUESTION, 3);
        assert_eq!(mender.mended(4, &ANSWER, 10), None);
    }

    fn sealed(counter: u32, message: &[u8]) -> (Vec<u8>, Vec<u8>) {
        let mut header = vec![0, 0x09, 0x00, 0];
        header.extend(counter.to_le_bytes());
        let mut nonce = NONCE;
        nonce[1..5].copy_from_slice(&counter.to_le_bytes());
        let mut data = [message, &[0; AEAD_TAG_LEN]].concat();
        let crypto = crypto();
        crypto
            .aead()
            .unwrap()
            .encrypt_in_place(
                CryptoSensitiveRef::new(&KEY),
                CryptoSensitiveRef::new(&nonce),
                &header,
                &mut data,
                message.len(),
            )
            .unwrap();
        (header, data)
    }

    fn opened(crypto: &impl Crypto, header: &[u8], data: &[u8]) -> Option<Vec<u8>> {
        let mut nonce = NONCE;
        nonce[1..5].copy_from_slice(&header[4..8]);
        let mut data = data.to_vec();
        let mut aead = crypto.aead().unwrap();
        let opened = aead.decrypt_in_place(CryptoSensitiveRef::new(&KEY), CryptoSensitiveRef::new(&nonce), header, &mut data);
        opened.ok().map(<[u8]>::to_vec)
    }

    #[test]
    fn what_is_refused_is_handed_in_again_as_it_should_have_been() {
        let (inner, mender) = (crypto(), Mender::default());
        let watched = Watched {
            inner: &inner,
            mender: &mender,
        };
        let (header, data) = sealed(1_000, &ANSWER);
        mender.sent(&QUESTION, 7);
        assert_eq!(opened(&watched, &header, &data), None);

        let opening = mender.take_again().unwrap();
        assert_eq!(opening[4..8], 985_u32.to_le_bytes());
        assert_eq!(opened(&watched, &opening[..8], &opening[8..]).unwrap()[1], STANDALONE_ACKNOWLEDGEMENT);
        let again = mender.take_again().unwrap();
        assert_eq!(again[..8], header);
        let message = opened(&watched, &again[..8], &again[8..]).unwrap();
        assert_eq!((message[0], &message[6..10]), (RELIABLE | ACKNOWLEDGEMENT, &[7, 0, 0, 0][..]));
        assert_eq!(mender.take_again(), None);

        // The session is known and nothing is awaited: nothing is changed.
        let (header, data) = sealed(1_001, &ANSWER);
        assert_eq!(opened(&watched, &header, &data).unwrap(), ANSWER);
        // Somebody else's is refused without more ado.
        assert_eq!(opened(&watched, &header, &[0; 40]), None);
        assert_eq!(mender.take_again(), None);
    }

    proptest! {
        #[test]
        fn never_panics_and_only_adds_the_acknowledgement(
            messages in proptest::collection::vec((any::<bool>(), proptest::collection::vec(any::<u8>(), 0..16)), 0..40),
        ) {
            let mender = Mender::default();
            for (counter, (out, message)) in (0..).zip(messages) {
                if out {
                    mender.sent(&message, 5);
                } else if let Some(mended) = mender.mended(0, &message, counter) {
                    prop_assert_eq!(mended.len(), message.len() + 4);
                    prop_assert!(ProtocolHeader::read(&mended).unwrap().acknowledged == Some(5));
                }
            }
        }
    }
}
