//! Schnorr's proof that its author knows the private key of a point, without a word about the key (draft-cragie-tls-ecjpake-01, 7.4.2.2.2 and 7.4.2.3; RFC 8235).

use super::{JpakeError, SCALAR_BYTES, encode, random_scalar, read_point, reduce};
use crate::Random;
use p256::elliptic_curve::PrimeField;
use p256::{FieldBytes, ProjectivePoint, Scalar};
use sha2::{Digest, Sha256};
use subtle::{Choice, ConstantTimeEq};
use weft_wire::Reader;
use zeroize::Zeroizing;

/// Writes a point (`ECPoint`) and the proof that `key` is its private one on `base` (`ECSchnorrZKP`).
pub(super) fn write(message: &mut Vec<u8>, base: &ProjectivePoint, key: &Scalar, point: &ProjectivePoint, author: &[u8], random: &mut Random) {
    let once = random_scalar(random);
    let commitment = *base * *once;
    let response = *once - *key * challenge(base, &commitment, point, author);
    write_point(message, point);
    write_point(message, &commitment);
    let response = response.to_repr();
    message.push(SCALAR_BYTES as u8);
    message.extend_from_slice(&response);
}

/// Reads a point and its proof; the point, if it is proven.
pub(super) fn read(reader: &mut Reader<'_>, base: &ProjectivePoint, author: &[u8]) -> Result<ProjectivePoint, JpakeError> {
    let point = read_point(reader)?;
    let commitment = read_point(reader)?;
    let response = read_scalar(reader)?;
    let expected = *base * response + point * challenge(base, &commitment, &point, author);
    if Choice::into(expected.ct_eq(&commitment)) {
        Ok(point)
    } else {
        Err(JpakeError::Proof)
    }
}

/// What is asked of the proof's author: nobody chooses it, as it is a hash of all that is said before.
fn challenge(base: &ProjectivePoint, commitment: &ProjectivePoint, point: &ProjectivePoint, author: &[u8]) -> Scalar {
    let mut hash = Sha256::new();
    for point in [base, commitment, point] {
        let bytes = encode(point);
        let bytes = bytes.as_ref().map_or(&[] as &[u8], |bytes| bytes.as_slice());
        hash.update((bytes.len() as u32).to_be_bytes());
        hash.update(bytes);
    }
    hash.update((author.len() as u32).to_be_bytes());
    hash.update(author);
    let hash: Zeroizing<[u8; 32]> = Zeroizing::new(hash.finalize().into());
    *reduce(&*hash)
}

fn write_point(message: &mut Vec<u8>, point: &ProjectivePoint) {
    // Points that are shown are never at infinity: keys are not zero.
    let bytes = encode(point);
    let bytes = bytes.as_ref().map_or(&[] as &[u8], |bytes| bytes.as_slice());
    message.push(bytes.len() as u8);
    message.extend_from_slice(bytes);
}

/// A number below the curve's order, in as few bytes as its author likes: mbedTLS leaves out zeros in front.
fn read_scalar(reader: &mut Reader<'_>) -> Result<Scalar, JpakeError> {
    let length = usize::from(reader.u8("length of a proof").map_err(|_| JpakeError::Length)?);
    if length == 0 || length > SCALAR_BYTES {
        return Err(JpakeError::Length);
    }
    let bytes = reader.take("proof", length).map_err(|_| JpakeError::Length)?;
    let mut padded = FieldBytes::default();
    padded[SCALAR_BYTES - length..].copy_from_slice(bytes);
    Option::from(Scalar::from_repr(padded)).ok_or(JpakeError::Proof)
}
