//! EC-JPAKE: two sides that know one password agree on a key, and who does not know it learns nothing (draft-cragie-tls-ecjpake-01, on P-256 with SHA-256).
//!
//! Each side shows two points in the first round and one in the second, and proves that it knows the private key of each ([`proof`]). A wrong password breaks
//! none of the proofs: it shows when the keys that come out differ.

mod proof;
#[cfg(test)]
mod tests;

use crate::Random;
use p256::elliptic_curve::sec1::{FromSec1Point, ToSec1Point};
use p256::{AffinePoint, ProjectivePoint, Scalar};
use sha2::{Digest, Sha256};
use subtle::{Choice, ConditionallySelectable, ConstantTimeEq};
use weft_wire::Reader;
use zeroize::{Zeroize, Zeroizing};

/// Bytes of the key that both sides get.
pub(crate) const PREMASTER_BYTES: usize = 32;
/// Bytes of a point, uncompressed.
const POINT_BYTES: usize = 65;
/// Bytes of a scalar.
const SCALAR_BYTES: usize = 32;
/// Bytes of randomness for a private key: so many more than a key has that its remainder is as good as evenly spread.
const RANDOM_BYTES: usize = 48;
/// What the server's second round begins with: a named curve, and that it is secp256r1 (RFC 8422, 5.4).
const CURVE: [u8; 3] = [3, 0, 23];

/// Which side this is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Side {
    Client,
    Server,
}

impl Side {
    /// The name that goes into its proofs.
    fn name(self) -> &'static [u8] {
        match self {
            Self::Client => b"client",
            Self::Server => b"server",
        }
    }

    fn other(self) -> Self {
        match self {
            Self::Client => Self::Server,
            Self::Server => Self::Client,
        }
    }
}

/// What is wrong with the other side's message.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum JpakeError {
    /// It is cut off, or too long, or has lengths that do not fit.
    #[error("its length is wrong")]
    Length,
    /// A point is not on the curve, or is the point at infinity.
    #[error("a point is not on the curve")]
    Point,
    /// A proof does not prove anything.
    #[error("a proof is wrong")]
    Proof,
    /// The other curve.
    #[error("the curve is another one than secp256r1")]
    Curve,
    /// A round before the one that it needs.
    #[error("it came too early")]
    Early,
}

/// One side of one agreement.
pub(crate) struct Jpake {
    side: Side,
    password: Zeroizing<Scalar>,
    first: Pair,
    second: Pair,
    /// The other side's two points of the first round.
    theirs: Option<(ProjectivePoint, ProjectivePoint)>,
    /// The other side's point of the second round.
    their_last: Option<ProjectivePoint>,
}

/// A private key and its point.
struct Pair {
    key: Zeroizing<Scalar>,
    point: ProjectivePoint,
}

impl Pair {
    fn new(key: Zeroizing<Scalar>) -> Self {
        let point = ProjectivePoint::GENERATOR * *key;
        Self { key, point }
    }
}

impl Jpake {
    /// Draws the private keys.
    pub(crate) fn new(side: Side, password: &[u8], random: &mut Random) -> Self {
        Self::with_keys(side, password, random_scalar(random), random_scalar(random))
    }

    fn with_keys(side: Side, password: &[u8], first: Zeroizing<Scalar>, second: Zeroizing<Scalar>) -> Self {
        Self {
            side,
            password: reduce(password),
            first: Pair::new(first),
            second: Pair::new(second),
            theirs: None,
            their_last: None,
        }
    }

    /// Our first round (`ECJPAKEKeyKPPairList`).
    pub(crate) fn write_round_one(&self, random: &mut Random) -> Vec<u8> {
        let mut message = Vec::new();
        for pair in [&self.first, &self.second] {
            proof::write(
                &mut message,
                &ProjectivePoint::GENERATOR,
                &pair.key,
                &pair.point,
                self.side.name(),
                random,
            );
        }
        message
    }

    /// The other side's first round.
    pub(crate) fn read_round_one(&mut self, message: &[u8]) -> Result<(), JpakeError> {
        let mut reader = Reader::new(message);
        let generator = ProjectivePoint::GENERATOR;
        let name = self.side.other().name();
        let first = proof::read(&mut reader, &generator, name)?;
        let second = proof::read(&mut reader, &generator, name)?;
        if !reader.is_empty() {
            return Err(JpakeError::Length);
        }
        self.theirs = Some((first, second));
        Ok(())
    }

    /// Our second round (`ECJPAKEParams`).
    pub(crate) fn write_round_two(&self, random: &mut Random) -> Result<Vec<u8>, JpakeError> {
        let (their_first, their_second) = self.theirs.ok_or(JpakeError::Early)?;
        let base = their_first + their_second + self.first.point;
        let key = Zeroizing::new(*self.second.key * *self.password);
        let point = base * *key;
        // A password of nothing but zeros, or points of the other side that cancel ours.
        if is_infinite(&base) || is_infinite(&point) {
            return Err(JpakeError::Point);
        }
        let mut message = Vec::new();
        if self.side == Side::Server {
            message.extend_from_slice(&CURVE);
        }
        proof::write(&mut message, &base, &key, &point, self.side.name(), random);
        Ok(message)
    }

    /// The other side's second round.
    pub(crate) fn read_round_two(&mut self, message: &[u8]) -> Result<(), JpakeError> {
        let (their_first, _) = self.theirs.ok_or(JpakeError::Early)?;
        let mut reader = Reader::new(message);
        if self.side == Side::Client {
            let curve = reader.take("curve", CURVE.len()).map_err(|_| JpakeError::Length)?;
            if curve != CURVE {
                return Err(JpakeError::Curve);
            }
        }
        let base = self.first.point + self.second.point + their_first;
        if is_infinite(&base) {
            return Err(JpakeError::Point);
        }
        let last = proof::read(&mut reader, &base, self.side.other().name())?;
        if !reader.is_empty() {
            return Err(JpakeError::Length);
        }
        self.their_last = Some(last);
        Ok(())
    }

    /// The key: equal on both sides if their passwords are.
    pub(crate) fn premaster(&self) -> Result<Zeroizing<[u8; PREMASTER_BYTES]>, JpakeError> {
        let ((_, their_second), their_last) = self.theirs.zip(self.their_last).ok_or(JpakeError::Early)?;
        let masked = Zeroizing::new(*self.second.key * *self.password);
        let shared = Zeroizing::new((their_last - their_second * *masked) * *self.second.key);
        let mut encoded = encode(&shared).ok_or(JpakeError::Point)?;
        let mut hash = Sha256::digest(&encoded[1..=SCALAR_BYTES]);
        let mut premaster = Zeroizing::new([0; PREMASTER_BYTES]);
        premaster.copy_from_slice(&hash);
        hash.as_mut_slice().zeroize();
        encoded.zeroize();
        Ok(premaster)
    }
}

/// A private key: evenly spread between 1 and the curve's order.
fn random_scalar(random: &mut Random) -> Zeroizing<Scalar> {
    let mut bytes = Zeroizing::new([0; RANDOM_BYTES]);
    random(&mut *bytes);
    let mut scalar = reduce(&*bytes);
    // Never seen; without a branch, and without a loop that a broken source of randomness could keep going.
    let is_zero = scalar.ct_eq(&Scalar::ZERO);
    scalar.conditional_assign(&Scalar::ONE, is_zero);
    scalar
}

/// Bytes as a big-endian number, modulo the curve's order; takes the same time for all bytes of one length.
fn reduce(bytes: &[u8]) -> Zeroizing<Scalar> {
    let radix = Scalar::from(256_u64);
    let mut scalar = Zeroizing::new(Scalar::ZERO);
    for byte in bytes {
        *scalar = *scalar * radix + Scalar::from(u64::from(*byte));
    }
    scalar
}

fn is_infinite(point: &ProjectivePoint) -> bool {
    Choice::into(point.ct_eq(&ProjectivePoint::IDENTITY))
}

/// A point, uncompressed; `None` for the one at infinity, which has no such form.
fn encode(point: &ProjectivePoint) -> Option<[u8; POINT_BYTES]> {
    point.to_affine().to_sec1_point(false).as_bytes().try_into().ok()
}

/// A point of the other side (`ECPoint`): its length and its bytes, uncompressed; on the curve, and not at infinity.
fn read_point(reader: &mut Reader<'_>) -> Result<ProjectivePoint, JpakeError> {
    let length = reader.u8("length of a point").map_err(|_| JpakeError::Length)?;
    if usize::from(length) != POINT_BYTES {
        return Err(JpakeError::Length);
    }
    let bytes = reader.take("point", POINT_BYTES).map_err(|_| JpakeError::Length)?;
    if bytes.first() != Some(&4) {
        return Err(JpakeError::Point);
    }
    let point = AffinePoint::from_sec1_bytes(bytes).map_err(|_| JpakeError::Point)?;
    let point = ProjectivePoint::from(point);
    if is_infinite(&point) { Err(JpakeError::Point) } else { Ok(point) }
}
