//! The library's cryptography with its encryption watched; everything else is passed through.

use super::mend::{Mender, WatchedAead};
use rs_matter::crypto::{CanonEcPointRef, CanonEcScalarRef, CanonPkcPublicKeyRef, CanonPkcSecretKeyRef, CanonUint320Ref, Crypto, CryptoSensitiveRef};
use rs_matter::error::Error;

/// For the transport only.
pub(super) struct Watched<'s, C> {
    pub(super) inner: &'s C,
    pub(super) mender: &'s Mender,
}

impl<C: Crypto> Crypto for Watched<'_, C> {
    type Aead<'a>
        = WatchedAead<'a, C::Aead<'a>>
    where
        Self: 'a;

    type Rand<'a>
        = C::Rand<'a>
    where
        Self: 'a;

    type WeakRand<'a>
        = C::WeakRand<'a>
    where
        Self: 'a;

    type Hash<'a>
        = C::Hash<'a>
    where
        Self: 'a;

    type Hash1<'a>
        = C::Hash1<'a>
    where
        Self: 'a;

    type Hmac<'a>
        = C::Hmac<'a>
    where
        Self: 'a;

    type Kdf<'a>
        = C::Kdf<'a>
    where
        Self: 'a;

    type PbKdf<'a>
        = C::PbKdf<'a>
    where
        Self: 'a;

    type PublicKey<'a>
        = C::PublicKey<'a>
    where
        Self: 'a;

    type SigningSecretKey<'a>
        = C::SigningSecretKey<'a>
    where
        Self: 'a;

    type SecretKey<'a>
        = C::SecretKey<'a>
    where
        Self: 'a;

    type EcScalar<'a>
        = C::EcScalar<'a>
    where
        Self: 'a;

    type EcPoint<'a>
        = C::EcPoint<'a>
    where
        Self: 'a;

    fn aead(&self) -> Result<Self::Aead<'_>, Error> {
        Ok(WatchedAead {
            inner: self.inner.aead()?,
            mender: self.mender,
        })
    }

    fn hmac<const KEY_LEN: usize>(&self, key: CryptoSensitiveRef<'_, KEY_LEN>) -> Result<Self::Hmac<'_>, Error> {
        self.inner.hmac(key)
    }

    fn rand(&self) -> Result<Self::Rand<'_>, Error> {
        self.inner.rand()
    }

    fn weak_rand(&self) -> Result<Self::WeakRand<'_>, Error> {
        self.inner.weak_rand()
    }

    fn hash(&self) -> Result<Self::Hash<'_>, Error> {
        self.inner.hash()
    }

    fn hash1(&self) -> Result<Self::Hash1<'_>, Error> {
        self.inner.hash1()
    }

    fn kdf(&self) -> Result<Self::Kdf<'_>, Error> {
        self.inner.kdf()
    }

    fn pbkdf(&self) -> Result<Self::PbKdf<'_>, Error> {
        self.inner.pbkdf()
    }

    fn pub_key(&self, key: CanonPkcPublicKeyRef<'_>) -> Result<Self::PublicKey<'_>, Error> {
        self.inner.pub_key(key)
    }

    fn secret_key(&self, key: CanonPkcSecretKeyRef<'_>) -> Result<Self::SecretKey<'_>, Error> {
        self.inner.secret_key(key)
    }

    fn generate_secret_key(&self) -> Result<Self::SecretKey<'_>, Error> {
        self.inner.generate_secret_key()
    }

    fn singleton_singing_secret_key(&self) -> Result<Self::SigningSecretKey<'_>, Error> {
        self.inner.singleton_singing_secret_key()
    }

    fn ec_scalar(&self, scalar: CanonEcScalarRef<'_>) -> Result<Self::EcScalar<'_>, Error> {
        self.inner.ec_scalar(scalar)
    }

    fn ec_scalar_mod_p(&self, number: CanonUint320Ref<'_>) -> Result<Self::EcScalar<'_>, Error> {
        self.inner.ec_scalar_mod_p(number)
    }

    fn generate_ec_scalar(&self) -> Result<Self::EcScalar<'_>, Error> {
        self.inner.generate_ec_scalar()
    }

    fn ec_point(&self, point: CanonEcPointRef<'_>) -> Result<Self::EcPoint<'_>, Error> {
        self.inner.ec_point(point)
    }

    fn ec_generator_point(&self) -> Result<Self::EcPoint<'_>, Error> {
        self.inner.ec_generator_point()
    }
}
