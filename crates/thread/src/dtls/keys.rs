//! From the key that EC-JPAKE gives to those of the records (RFC 5246, 5, 6.3, 7.4.9 and 8.1; RFC 7627, 4).

use super::protection::{FIXED_NONCE_BYTES, KEY_BYTES, RecordKey};
use crate::jpake::Side;
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;
use zeroize::{Zeroize, Zeroizing};

/// Bytes of the master secret.
pub(super) const MASTER_BYTES: usize = 48;
/// Bytes of each side's random number.
pub(super) const RANDOM_BYTES: usize = 32;
/// Bytes of a hash.
pub(super) const HASH_BYTES: usize = 32;
/// Bytes of the proof in Finished.
pub(super) const FINISHED_BYTES: usize = 12;

/// The secret of a session.
pub(super) struct MasterSecret(Zeroizing<[u8; MASTER_BYTES]>);

/// The random numbers of both sides.
#[derive(Clone, Copy, Default)]
pub(super) struct Randoms {
    pub(super) client: [u8; RANDOM_BYTES],
    pub(super) server: [u8; RANDOM_BYTES],
}

impl MasterSecret {
    /// From the agreed key and both random numbers.
    pub(super) fn new(premaster: &[u8], randoms: &Randoms) -> Self {
        let mut secret = Zeroizing::new([0; MASTER_BYTES]);
        expand(premaster, b"master secret", &[&randoms.client, &randoms.server], &mut *secret);
        Self(secret)
    }

    /// From the agreed key and the hash of all messages up to the client's key exchange.
    pub(super) fn extended(premaster: &[u8], session_hash: &[u8; HASH_BYTES]) -> Self {
        let mut secret = Zeroizing::new([0; MASTER_BYTES]);
        expand(premaster, b"extended master secret", &[session_hash], &mut *secret);
        Self(secret)
    }

    #[cfg(test)]
    pub(super) fn from_bytes(bytes: [u8; MASTER_BYTES]) -> Self {
        Self(Zeroizing::new(bytes))
    }

    /// The keys of the records of client and server.
    pub(super) fn record_keys(&self, randoms: &Randoms) -> (RecordKey, RecordKey) {
        let mut block = Zeroizing::new([0; 2 * (KEY_BYTES + FIXED_NONCE_BYTES)]);
        expand(&*self.0, b"key expansion", &[&randoms.server, &randoms.client], &mut *block);
        let (keys, nonces) = block.split_at(2 * KEY_BYTES);
        let of = |which: usize| {
            let mut key = RecordKey {
                key: Zeroizing::new([0; KEY_BYTES]),
                fixed_nonce: Zeroizing::new([0; FIXED_NONCE_BYTES]),
            };
            key.key.copy_from_slice(&keys[which * KEY_BYTES..][..KEY_BYTES]);
            key.fixed_nonce.copy_from_slice(&nonces[which * FIXED_NONCE_BYTES..][..FIXED_NONCE_BYTES]);
            key
        };
        (of(0), of(1))
    }

    /// The proof that `side` knows the secret and saw these messages.
    pub(super) fn finished(&self, side: Side, transcript: &[u8; HASH_BYTES]) -> [u8; FINISHED_BYTES] {
        let label: &[u8] = match side {
            Side::Client => b"client finished",
            Side::Server => b"server finished",
        };
        let mut proof = [0; FINISHED_BYTES];
        expand(&*self.0, label, &[transcript], &mut proof);
        proof
    }
}

/// The pseudorandom function of TLS 1.2 with SHA-256 (RFC 5246, 5).
fn expand(secret: &[u8], label: &[u8], seeds: &[&[u8]], output: &mut [u8]) {
    let seed: Vec<&[u8]> = std::iter::once(label).chain(seeds.iter().copied()).collect();
    let mut chain = hmac(secret, &seed);
    for part in output.chunks_mut(HASH_BYTES) {
        let with_chain: Vec<&[u8]> = std::iter::once(chain.as_slice()).chain(seed.iter().copied()).collect();
        let bytes = hmac(secret, &with_chain);
        part.copy_from_slice(&bytes[..part.len()]);
        chain = hmac(secret, &[chain.as_slice()]);
    }
}

fn hmac(secret: &[u8], parts: &[&[u8]]) -> Zeroizing<[u8; HASH_BYTES]> {
    let mut code = Zeroizing::new([0; HASH_BYTES]);
    // HMAC takes keys of every length: this cannot fail.
    if let Ok(mut function) = <Hmac<Sha256> as KeyInit>::new_from_slice(secret) {
        for part in parts {
            function.update(part);
        }
        let mut bytes = function.finalize().into_bytes();
        code.copy_from_slice(&bytes);
        bytes.as_mut_slice().zeroize();
    }
    code
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The known answer that implementers of TLS 1.2 compare with
    /// (<https://mailarchive.ietf.org/arch/msg/tls/fzVCzk-z3FShgGJ6DOXqM1ydxms/>).
    #[test]
    fn the_pseudorandom_function_gives_the_known_answer() {
        let secret = [
            0x9b, 0xbe, 0x43, 0x6b, 0xa9, 0x40, 0xf0, 0x17, 0xb1, 0x76, 0x52, 0x84, 0x9a, 0x71, 0xdb, 0x35,
        ];
        let seed = [
            0xa0, 0xba, 0x9f, 0x93, 0x6c, 0xda, 0x31, 0x18, 0x27, 0xa6, 0xf7, 0x96, 0xff, 0xd5, 0x19, 0x8c,
        ];
        let mut output = [0; 100];
        expand(&secret, b"test label", &[&seed], &mut output);
        let known = "e3f229ba727be17b8d122620557cd453c2aab21d07c3d495329b52d4e61edb5a6b301791e90d35c9c9a46b4e14baf9af0fa022f7077def17abfd3797c0564bab\
                     4fbc91666e9def9b97fce34f796789baa48082d122ee42c5a72e5a5110fff70187347b66";
        let output: String = output.iter().map(|byte| format!("{byte:02x}")).collect();
        assert_eq!(output, known);
    }
}
