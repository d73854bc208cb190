//! SPAKE2+ as its prover (RFC 9383 with P-256, SHA-256, HKDF and HMAC; Matter core specification 1.4, 3.10), on the library's curve arithmetic.
//!
//! The library has a prover of its own, but keeps the attestation challenge that comes out of it to itself, and tells a wrong passcode from any
//! other failure only in its log.

use crate::code::Passcode;
use rs_matter::crypto::{
    CanonEcPoint, CanonEcPointRef, CanonEcScalar, Crypto, CryptoSensitive, CryptoSensitiveRef, Digest as _, EC_CANON_POINT_LEN, EcPoint as _,
    EcScalar as _, Hash, Kdf as _, PbKdf as _,
};
use rs_matter::error::Error;

/// Length of a point, uncompressed.
pub(super) const POINT: usize = EC_CANON_POINT_LEN;
/// What the transcript of the parameters begins with (Matter core specification 1.4, 4.14.1.2).
pub(super) const CONTEXT_PREFIX: &[u8] = b"CHIP PAKE V1 Commissioning";

/// The point M of RFC 9383, section 4, for P-256, uncompressed.
const M: [u8; POINT] = [
    0x04, 0x88, 0x6e, 0x2f, 0x97, 0xac, 0xe4, 0x6e, 0x55, 0xba, 0x9d, 0xd7, 0x24, 0x25, 0x79, 0xf2, 0x99, 0x3b, 0x64, 0xe1, 0x6e, 0xf3, 0xdc, 0xab,
    0x95, 0xaf, 0xd4, 0x97, 0x33, 0x3d, 0x8f, 0xa1, 0x2f, 0x5f, 0xf3, 0x55, 0x16, 0x3e, 0x43, 0xce, 0x22, 0x4e, 0x0b, 0x0e, 0x65, 0xff, 0x02, 0xac,
    0x8e, 0x5c, 0x7b, 0xe0, 0x94, 0x19, 0xc7, 0x85, 0xe0, 0xca, 0x54, 0x7d, 0x55, 0xa1, 0x2e, 0x2d, 0x20,
];
/// The point N there.
const N: [u8; POINT] = [
    0x04, 0xd8, 0xbb, 0xd6, 0xc6, 0x39, 0xc6, 0x29, 0x37, 0xb0, 0x4d, 0x99, 0x7f, 0x38, 0xc3, 0x77, 0x07, 0x19, 0xc6, 0x29, 0xd7, 0x01, 0x4d, 0x49,
    0xa2, 0x4b, 0x4f, 0x98, 0xba, 0xa1, 0x29, 0x2b, 0x49, 0x07, 0xd6, 0x0a, 0xa6, 0xbf, 0xad, 0xe4, 0x50, 0x08, 0xa6, 0x36, 0x33, 0x7f, 0x51, 0x68,
    0xc6, 0x4d, 0x9b, 0xd3, 0x60, 0x34, 0x80, 0x8c, 0xd5, 0x64, 0x49, 0x0b, 0x1e, 0x65, 0x6e, 0xdb, 0xe7,
];

/// Our half of the proof. Everything in it is zeroed when dropped.
pub(super) struct Prover {
    w0: CanonEcScalar,
    w1: CanonEcScalar,
    x: CanonEcScalar,
    share: CanonEcPoint,
}

/// What both sides have in common afterwards.
pub(super) struct Agreed {
    /// What proves to the device that we know the passcode (`cA`).
    pub(super) confirmation: CryptoSensitive<32>,
    /// What the session's keys are made of (`Ke`).
    pub(super) secret: CryptoSensitive<16>,
}

/// Why nothing was agreed.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Disagreed {
    /// The device's point is none.
    NoPoint,
    /// The device knows another passcode.
    OtherPasscode,
    /// The arithmetic failed.
    Ours,
}

impl Prover {
    /// Draws our share from the passcode and the device's parameters.
    pub(super) fn new<C: Crypto>(crypto: &C, passcode: &Passcode, salt: &[u8], iterations: u32) -> Result<Self, Error> {
        let (w0, w1) = passcode_scalars(crypto, passcode, salt, iterations)?;
        let mut x = CanonEcScalar::new();
        crypto.generate_ec_scalar()?.write_canon(&mut x)?;
        Self::with_scalar(crypto, w0, w1, x)
    }

    /// X = x·P + w0·M.
    fn with_scalar<C: Crypto>(crypto: &C, w0: CanonEcScalar, w1: CanonEcScalar, x: CanonEcScalar) -> Result<Self, Error> {
        let mut share = CanonEcPoint::new();
        crypto
            .ec_generator_point()?
            .add_mul(
                &crypto.ec_scalar(x.reference())?,
                &crypto.ec_point(CanonEcPointRef::new(&M))?,
                &crypto.ec_scalar(w0.reference())?,
            )?
            .write_canon(&mut share)?;
        Ok(Self { w0, w1, x, share })
    }

    /// Our share (`pA`).
    pub(super) fn share(&self) -> &[u8; POINT] {
        self.share.access()
    }

    /// Checks the device's share (`pB`) and confirmation (`cB`) against the transcript's hash.
    pub(super) fn finish<C: Crypto>(&self, crypto: &C, context: &[u8; 32], share: &[u8], confirmation: &[u8]) -> Result<Agreed, Disagreed> {
        let share: &[u8; POINT] = share.try_into().map_err(|_| Disagreed::NoPoint)?;
        let point = crypto.ec_point(CanonEcPointRef::new(share)).map_err(|_| Disagreed::NoPoint)?;
        if !point.is_valid_pubkey().unwrap_or(false) {
            return Err(Disagreed::NoPoint);
        }
        let (agreed, expected) = self.agree(crypto, context, &point, share).map_err(|_| Disagreed::Ours)?;
        match same(expected.access(), confirmation) {
            true => Ok(agreed),
            false => Err(Disagreed::OtherPasscode),
        }
    }

    /// Z = x·(Y − w0·N), V = w1·(Y − w0·N). Gives also the confirmation that the device should have sent.
    fn agree<'a, C: Crypto>(
        &self,
        crypto: &'a C,
        context: &[u8],
        theirs: &C::EcPoint<'a>,
        share: &[u8; POINT],
    ) -> Result<(Agreed, CryptoSensitive<32>), Error> {
        let (w0, w1, x) = (
            crypto.ec_scalar(self.w0.reference())?,
            crypto.ec_scalar(self.w1.reference())?,
            crypto.ec_scalar(self.x.reference())?,
        );
        let minus_n = crypto.ec_point(CanonEcPointRef::new(&N))?.neg()?;
        let (mut z, mut v) = (CanonEcPoint::new(), CanonEcPoint::new());
        theirs.add_mul(&x, &minus_n, &x.mul(&w0)?)?.write_canon(&mut z)?;
        theirs.add_mul(&w1, &minus_n, &w1.mul(&w0)?)?.write_canon(&mut v)?;
        confirm(crypto, context, &[], &[], [self.share.access(), share, z.access(), v.access()], &self.w0)
    }
}

/// w0 and w1 of the passcode (Matter core specification 1.4, 3.9 and 3.10).
fn passcode_scalars<C: Crypto>(crypto: &C, passcode: &Passcode, salt: &[u8], iterations: u32) -> Result<(CanonEcScalar, CanonEcScalar), Error> {
    let mut password = CryptoSensitive::<4>::new();
    password.load_from_array(&passcode.expose().to_le_bytes());
    let mut derived = CryptoSensitive::<80>::new();
    crypto.pbkdf()?.derive(password.reference(), iterations as usize, salt, &mut derived)?;
    let (first, second) = derived.reference().split::<40, 40>();
    let (mut w0, mut w1) = (CanonEcScalar::new(), CanonEcScalar::new());
    crypto.ec_scalar_mod_p(first)?.write_canon(&mut w0)?;
    crypto.ec_scalar_mod_p(second)?.write_canon(&mut w1)?;
    Ok((w0, w1))
}

/// The transcript (RFC 9383, section 3.3) and what is made of it (section 3.4): our confirmation and secret, and the device's confirmation.
/// `points` are X, Y, Z and V.
fn confirm<C: Crypto>(
    crypto: &C,
    context: &[u8],
    prover: &[u8],
    verifier: &[u8],
    points: [&[u8; POINT]; 4],
    w0: &CanonEcScalar,
) -> Result<(Agreed, CryptoSensitive<32>), Error> {
    let mut transcript = crypto.hash()?;
    let parts: [&[u8]; 10] = [context, prover, verifier, &M, &N, points[0], points[1], points[2], points[3], w0.access()];
    for part in parts {
        transcript.update(&(part.len() as u64).to_le_bytes())?;
        transcript.update(part)?;
    }
    let mut hash = Hash::new();
    transcript.finish(&mut hash)?;
    let (confirming, secret) = hash.reference().split::<16, 16>();
    let mut keys = CryptoSensitive::<32>::new();
    crypto.kdf()?.expand(&[], confirming, b"ConfirmationKeys", &mut keys)?;
    let (ours, theirs) = keys.reference().split::<16, 16>();
    let agreed = Agreed {
        confirmation: authenticate(crypto, ours, points[1])?,
        secret: CryptoSensitive::new_from_ref(secret),
    };
    let expected = authenticate(crypto, theirs, points[0])?;
    Ok((agreed, expected))
}

fn authenticate<C: Crypto>(crypto: &C, key: CryptoSensitiveRef<'_, 16>, data: &[u8]) -> Result<CryptoSensitive<32>, Error> {
    let mut code = CryptoSensitive::<32>::new();
    let mut authenticator = crypto.hmac(key)?;
    authenticator.update(data)?;
    authenticator.finish(&mut code)?;
    Ok(code)
}

/// Equality that takes as long wherever the difference is.
fn same(expected: &[u8; 32], given: &[u8]) -> bool {
    given.len() == expected.len() && expected.iter().zip(given).fold(0, |difference, (a, b)| difference | (a ^ b)) == 0
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fabric::crypto;

    /// The device's side, from the specification: Y = y·P + w0·N, Z = y·(X − w0·M), V = y·L.
    fn verify(passcode: u32, context: &[u8; 32], theirs: &[u8; POINT]) -> ([u8; POINT], [u8; 32], [u8; 32], [u8; 16]) {
        let crypto = crypto();
        let (w0, w1) = passcode_scalars(&crypto, &Passcode::new(passcode), &[9; 32], 1_000).unwrap();
        let (w0_scalar, w1_scalar) = (crypto.ec_scalar(w0.reference()).unwrap(), crypto.ec_scalar(w1.reference()).unwrap());
        let y = crypto.generate_ec_scalar().unwrap();
        let generator = crypto.ec_generator_point().unwrap();
        let mut points = [(); 3].map(|()| CanonEcPoint::new());
        generator
            .add_mul(&y, &crypto.ec_point(CanonEcPointRef::new(&N)).unwrap(), &w0_scalar)
            .unwrap()
            .write_canon(&mut points[0])
            .unwrap();
        let minus_m = crypto.ec_point(CanonEcPointRef::new(&M)).unwrap().neg().unwrap();
        let x = crypto.ec_point(CanonEcPointRef::new(theirs)).unwrap();
        x.add_mul(&y, &minus_m, &y.mul(&w0_scalar).unwrap())
            .unwrap()
            .write_canon(&mut points[1])
            .unwrap();
        generator.mul(&w1_scalar).unwrap().mul(&y).unwrap().write_canon(&mut points[2]).unwrap();
        let (agreed, expected) = confirm(
            &crypto,
            context,
            &[],
            &[],
            [theirs, points[0].access(), points[1].access(), points[2].access()],
            &w0,
        )
        .unwrap();
        (
            *points[0].access(),
            *expected.access(),
            *agreed.confirmation.access(),
            *agreed.secret.access(),
        )
    }

    #[test]
    fn both_sides_agree_on_the_same_passcode() {
        let (crypto, context) = (crypto(), [3; 32]);
        let prover = Prover::new(&crypto, &Passcode::new(20_202_021), &[9; 32], 1_000).unwrap();
        let (share, confirmation, ours, secret) = verify(20_202_021, &context, prover.share());
        let agreed = prover
            .finish(&crypto, &context, &share, &confirmation)
            .unwrap_or_else(|error| panic!("{error:?}"));
        assert_eq!(*agreed.confirmation.access(), ours);
        assert_eq!(*agreed.secret.access(), secret);
        assert_eq!(
            prover.finish(&crypto, &[4; 32], &share, &confirmation).err(),
            Some(Disagreed::OtherPasscode)
        );
    }

    #[test]
    fn another_passcode_is_told_apart_from_garbage() {
        let (crypto, context) = (crypto(), [3; 32]);
        let prover = Prover::new(&crypto, &Passcode::new(20_202_021), &[9; 32], 1_000).unwrap();
        let (share, confirmation, ..) = verify(20_202_022, &context, prover.share());
        assert_eq!(
            prover.finish(&crypto, &context, &share, &confirmation).err(),
            Some(Disagreed::OtherPasscode)
        );
        assert_eq!(
            prover.finish(&crypto, &context, &share, &confirmation[..31]).err(),
            Some(Disagreed::OtherPasscode)
        );
        assert_eq!(
            prover.finish(&crypto, &context, &[4; POINT], &confirmation).err(),
            Some(Disagreed::NoPoint)
        );
        assert_eq!(
            prover.finish(&crypto, &context, &share[..64], &confirmation).err(),
            Some(Disagreed::NoPoint)
        );
        assert_eq!(
            prover.finish(&crypto, &context, &[0; POINT], &confirmation).err(),
            Some(Disagreed::NoPoint)
        );
    }

    fn hex(text: &str) -> Vec<u8> {
        (0..text.len())
            .step_by(2)
            .map(|at| u8::from_str_radix(&text[at..at + 2], 16).unwrap())
            .collect()
    }

    fn scalar(text: &str) -> CanonEcScalar {
        let mut out = CanonEcScalar::new();
        out.load_from_array(&hex(text).try_into().unwrap());
        out
    }

    /// The last vector of draft-bar-cfrg-spake2plus-02, appendix B: empty identities, as in Matter.
    #[test]
    fn the_published_vector_comes_out() {
        let crypto = crypto();
        let w0 = scalar("e6887cf9bdfb7579c69bf47928a84514b5e355ac034863f7ffaf4390e67d798c");
        let w1 = scalar("24b5ae4abda868ec9336ffc3b78ee31c5755bef1759227ef5372ca139b94e512");
        let x = scalar("5b478619804f4938d361fbba3a20648725222f0a54cc4c876139efe7d9a21786");
        let prover = Prover::with_scalar(&crypto, w0, w1, x).unwrap();
        let ours =
            "04a6db23d001723fb01fcfc9d08746c3c2a0a3feff8635d29cad2853e7358623425cf39712e928054561ba71e2dc11f300f1760e71eb177021a8f85e78689071cd";
        assert_eq!(prover.share().to_vec(), hex(ours));
        let theirs =
            "04390d29bf185c3abf99f150ae7c13388c82b6be0c07b1b8d90d26853e84374bbdc82becdb978ca3792f472424106a2578012752c11938fcf60a41df75ff7cf947";
        let share: [u8; POINT] = hex(theirs).try_into().unwrap();
        let point = crypto.ec_point(CanonEcPointRef::new(&share)).unwrap();
        let (agreed, expected) = prover.agree(&crypto, b"SPAKE2+-P256-SHA256-HKDF draft-01", &point, &share).unwrap();
        assert_eq!(
            agreed.confirmation.access().to_vec(),
            hex("71d9412779b6c45a2c615c9df3f1fd93dc0aaf63104da8ece4aa1b5a3a415fea")
        );
        assert_eq!(
            expected.access().to_vec(),
            hex("095dc0400355cc233fde7437811815b3c1524aae80fd4e6810cf531cf11d20e3")
        );
        assert_eq!(agreed.secret.access().to_vec(), hex("ea3276d68334576097e04b19ee5a3a8b"));
    }
}
