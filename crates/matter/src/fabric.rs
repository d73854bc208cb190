//! Our fabric: root certificate authority, our node's operational credentials, label.
//!
//! Everything that makes the fabric stands in one file of one folder. It is made once, and its certificates stay the same bytes for ever: devices keep
//! the root certificate, and compare. Certificates never expire, as neither devices nor this machine can be relied on to know the time.

mod file;
mod label;

use rs_matter::cert::r#gen::VALID_FOREVER;
use rs_matter::cert::{CertRef, MAX_CERT_TLV_AND_ASN1_LEN};
use rs_matter::crypto::{
    AEAD_CANON_KEY_LEN, CanonAeadKeyRef, CanonPkcPublicKey, CanonPkcSecretKey, CanonPkcSecretKeyRef, Crypto, CryptoSensitive, CryptoSensitiveRef,
    Kdf, PKC_CANON_SECRET_KEY_LEN, PublicKey, SecretKey, SigningSecretKey, default_crypto,
};
use rs_matter::onboard::cac::RcacGenerator;
use rs_matter::onboard::noc::NocGenerator;
use rs_matter::tlv::TLVElement;
use std::num::NonZeroU8;
use std::path::{Path, PathBuf};
use weft_model::{CompressedFabricId, MatterNodeId};
use zeroize::Zeroizing;

/// The administrator's vendor id in AddNOC and on our fabric: the first of the test vendors (Matter core specification 1.4, 2.5.2), as Weft has no
/// vendor id of the alliance's.
pub(crate) const ADMINISTRATOR_VENDOR_ID: u16 = 0xfff1;

/// Node ids of nodes (Matter core specification 1.4, 2.5.5.1). All others are groups, placeholders and tags.
const OPERATIONAL_NODE_IDS: std::ops::RangeInclusive<u64> = 1..=0xffff_ffef_ffff_ffff;

/// Our own node id is drawn from these: far above the ids that are counted up for devices.
const OUR_NODE_IDS: std::ops::RangeInclusive<u64> = 0x0001_0000_0000_0000..=0x7fff_ffff_ffff_ffff;

/// Longest certificate signing request that is looked at, in bytes (`NOCSRElements` is at most 900).
const MAX_REQUEST_BYTES: usize = 900;

/// Why the fabric cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum FabricError {
    /// A file could not be read or written.
    #[error("cannot {action} {path}: {source}")]
    File {
        /// What was tried.
        action: &'static str,
        /// With what.
        path: PathBuf,
        /// What came back.
        source: std::io::Error,
    },
    /// A file is not what it should be.
    #[error(
        "{path} is broken ({reason}); restore it from a backup with `weft fabric restore`, or move it away to begin a new fabric (paired devices then have to be paired anew)"
    )]
    Broken {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        reason: String,
    },
    /// The bytes of a backup are no fabric.
    #[error("this is no backup of a fabric: {0}")]
    NoFabric(String),
    /// The folder has a fabric already.
    #[error("{0} exists: a fabric is never overwritten; move it away first")]
    Exists(PathBuf),
    /// A label is empty or longer than devices take.
    #[error("a fabric's label has 1 to {} bytes and no control characters", label::MAX_BYTES)]
    Label,
    /// Making keys or certificates failed.
    #[error("cannot make the fabric's certificates: {0}")]
    Making(String),
    /// A device's request for a certificate is none, or not signed with its own key.
    #[error("the device's request for a certificate is refused: {0}")]
    Request(String),
    /// The library does not take our identity.
    #[error("the Matter library refuses the fabric's identity: {0}")]
    Refused(String),
}

/// All that is kept. Secrets are overwritten with zeros when it goes.
#[derive(Clone)]
struct Kept {
    root_secret: Zeroizing<[u8; PKC_CANON_SECRET_KEY_LEN]>,
    our_secret: Zeroizing<[u8; PKC_CANON_SECRET_KEY_LEN]>,
    ipk: Zeroizing<[u8; AEAD_CANON_KEY_LEN]>,
    fabric_id: u64,
    our_node: u64,
    root_certificate: Vec<u8>,
    our_certificate: Vec<u8>,
    label: String,
}

/// Our fabric's identity. No `Debug`, no `Serialize`.
#[derive(Clone)]
pub struct Fabric {
    kept: Kept,
    compressed_id: CompressedFabricId,
    /// Where it is kept. `None` for one that was only read from a backup.
    directory: Option<PathBuf>,
}

impl Fabric {
    /// Opens the fabric of this folder; makes it where there is none yet.
    ///
    /// # Errors
    /// [`FabricError::Broken`] where there is a file that is no fabric: it is left as it is. [`FabricError::File`] where the folder cannot be used.
    pub fn open(directory: &Path, host: &str) -> Result<Self, FabricError> {
        file::prepare(directory)?;
        if let Some(bytes) = file::read(directory)? {
            let broken = |reason| FabricError::Broken {
                path: file::path(directory),
                reason,
            };
            let mut fabric = Self::checked(file::decode(&bytes).map_err(broken)?).map_err(broken)?;
            fabric.directory = Some(directory.to_owned());
            return Ok(fabric);
        }
        let mut fabric = Self::make(host)?;
        file::create(directory, &fabric.bytes())?;
        fabric.directory = Some(directory.to_owned());
        Ok(fabric)
    }

    /// True where a fabric was made in this folder, be it usable or not.
    pub fn exists(directory: &Path) -> bool {
        file::path(directory).symlink_metadata().is_ok()
    }

    /// What tells our fabric from others in announcements and captures.
    pub fn compressed_id(&self) -> CompressedFabricId {
        self.compressed_id
    }

    /// 64-bit fabric id, as certificates name it.
    pub fn fabric_id(&self) -> u64 {
        self.kept.fabric_id
    }

    /// Our own node id on our fabric: nobody else may get it.
    pub fn our_node(&self) -> MatterNodeId {
        MatterNodeId::from_u64(self.kept.our_node)
    }

    /// What other apps list us as.
    pub fn label(&self) -> &str {
        &self.kept.label
    }

    /// The label to fall back on where a device has another fabric with ours: "Weft <host> 3f2a", with four digits of the compressed fabric id.
    pub fn alternative_label(&self) -> String {
        label::alternative(&self.kept.label, self.compressed_id)
    }

    /// Takes another label, and keeps it.
    ///
    /// # Errors
    /// [`FabricError::Label`] where devices would not take it, [`FabricError::File`] where it cannot be kept: then the old one stands.
    pub fn set_label(&mut self, label: &str) -> Result<(), FabricError> {
        if !label::is_usable(label) {
            return Err(FabricError::Label);
        }
        let mut kept = self.kept.clone();
        label.clone_into(&mut kept.label);
        if let Some(directory) = &self.directory {
            file::replace(directory, &file::encode(&kept))?;
        }
        self.kept = kept;
        Ok(())
    }

    /// Root certificate, Matter TLV (Matter core specification 1.4, 6.5).
    pub fn root_certificate(&self) -> &[u8] {
        &self.kept.root_certificate
    }

    /// All of it, secrets too, for a sealed backup.
    pub fn bytes(&self) -> Zeroizing<Vec<u8>> {
        file::encode(&self.kept)
    }

    /// From [`Self::bytes`]. It is not kept in a folder; [`Self::restore`] does that.
    ///
    /// # Errors
    /// [`FabricError::NoFabric`].
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, FabricError> {
        file::decode(bytes).and_then(Self::checked).map_err(FabricError::NoFabric)
    }

    /// From [`Self::bytes`], kept in this folder from now on.
    ///
    /// # Errors
    /// [`FabricError::Exists`] where the folder has a fabric, be it usable or not; [`FabricError::NoFabric`] and [`FabricError::File`].
    pub fn restore(directory: &Path, bytes: &[u8]) -> Result<Self, FabricError> {
        let mut fabric = Self::from_bytes(bytes)?;
        file::prepare(directory)?;
        file::create(directory, &fabric.bytes())?;
        fabric.directory = Some(directory.to_owned());
        Ok(fabric)
    }

    /// Epoch key of the identity protection key (Matter core specification 1.4, 4.15.2), as AddNOC sends it.
    pub(crate) fn ipk(&self) -> &Zeroizing<[u8; AEAD_CANON_KEY_LEN]> {
        &self.kept.ipk
    }

    /// Puts our identity into a Matter instance; gives the fabric's index there.
    ///
    /// # Errors
    /// [`FabricError::Refused`].
    pub(crate) fn install(&self, matter: &rs_matter::Matter<'_>, crypto: impl Crypto) -> Result<NonZeroU8, FabricError> {
        let kept = &self.kept;
        let index = matter.with_state(|state| {
            state
                .fabrics
                .add(
                    crypto,
                    CanonPkcSecretKeyRef::new(&kept.our_secret),
                    &kept.root_certificate,
                    &kept.our_certificate,
                    &[],
                    Some(CanonAeadKeyRef::new(&kept.ipk)),
                    ADMINISTRATOR_VENDOR_ID,
                    kept.our_node,
                )
                .map(|fabric| fabric.fab_idx())
        });
        index.map_err(|error| FabricError::Refused(format!("{:?}", error.code())))
    }

    /// Signs a device's operational certificate: NOC in Matter TLV, for the key of its request (PKCS #10, DER), valid for ever.
    ///
    /// # Errors
    /// [`FabricError::Request`] where the request is none or is not signed by its own key, or the node id is ours or none of a node.
    pub(crate) fn issue(&self, crypto: impl Crypto, request_der: &[u8], node: MatterNodeId) -> Result<Vec<u8>, FabricError> {
        let id = node.as_u64();
        if !OPERATIONAL_NODE_IDS.contains(&id) || id == self.kept.our_node {
            return Err(FabricError::Request(format!("{node} is no node id for a device")));
        }
        if request_der.len() > MAX_REQUEST_BYTES {
            return Err(FabricError::Request(format!("it has {} bytes", request_der.len())));
        }
        sign(crypto, &self.kept.root_secret, &self.kept.root_certificate, request_der, id).map_err(FabricError::Request)
    }

    /// The key that a long-idle device uses for its check-ins (ICD management RegisterClient). Derived from the root key's secret, so that nothing need
    /// be kept: whoever has the fabric has it.
    ///
    /// # Errors
    /// [`FabricError::Making`], when the library fails.
    pub(crate) fn check_in_key(&self, node: MatterNodeId) -> Result<Zeroizing<[u8; AEAD_CANON_KEY_LEN]>, FabricError> {
        let salt = [self.compressed_id.as_u64().to_be_bytes(), node.as_u64().to_be_bytes()].concat();
        let key = derive::<PKC_CANON_SECRET_KEY_LEN, AEAD_CANON_KEY_LEN>(&salt, &self.kept.root_secret, b"Weft check-in key")
            .map_err(FabricError::Making)?;
        Ok(Zeroizing::new(*key.access()))
    }

    /// A new fabric, not kept yet.
    fn make(host: &str) -> Result<Self, FabricError> {
        let crypto = crypto();
        let mut ipk = Zeroizing::new([0; AEAD_CANON_KEY_LEN]);
        random(&mut *ipk)?;
        let fabric_id = random_id(&(1..=u64::MAX))?;
        let our_node = random_id(&OUR_NODE_IDS)?;
        let making = |error: rs_matter::error::Error| FabricError::Making(format!("{:?}", error.code()));

        let mut buffer = [0; MAX_CERT_TLV_AND_ASN1_LEN];
        let mut generator = RcacGenerator::new(&mut buffer);
        let (root_secret, root_certificate) = generator.generate(&crypto, fabric_id, VALID_FOREVER).map_err(making)?;
        let root_secret = Zeroizing::new(*root_secret.access());
        let root_certificate = root_certificate.to_vec();

        let our_key = crypto.generate_secret_key().map_err(making)?;
        let mut our_secret = CanonPkcSecretKey::new();
        our_key.write_canon(&mut our_secret).map_err(making)?;
        let mut request = [0; MAX_REQUEST_BYTES];
        let request = our_key.csr(&mut request).map_err(making)?;
        let our_certificate = sign(&crypto, &root_secret, &root_certificate, request, our_node).map_err(FabricError::Making)?;

        Self::checked(Kept {
            root_secret,
            our_secret: Zeroizing::new(*our_secret.access()),
            ipk,
            fabric_id,
            our_node,
            root_certificate,
            our_certificate,
            label: label::of_host(host),
        })
        .map_err(FabricError::Making)
    }

    /// Holds the parts against each other: keys belong to certificates, certificates name the fabric and our node.
    fn checked(kept: Kept) -> Result<Self, String> {
        let crypto = crypto();
        let root = CertRef::new(TLVElement::new(&kept.root_certificate));
        let ours = CertRef::new(TLVElement::new(&kept.our_certificate));
        let unreadable = |error: rs_matter::error::Error| format!("a certificate cannot be read: {:?}", error.code());

        let root_public = public_key(&crypto, &kept.root_secret)?;
        if root.pubkey().map_err(unreadable)? != root_public.access() {
            return Err("the root key is not that of the root certificate".to_owned());
        }
        if ours.pubkey().map_err(unreadable)? != public_key(&crypto, &kept.our_secret)?.access() {
            return Err("our key is not that of our certificate".to_owned());
        }
        if root.get_fabric_id().map_err(unreadable)? != kept.fabric_id || ours.get_fabric_id().map_err(unreadable)? != kept.fabric_id {
            return Err("the certificates are those of another fabric".to_owned());
        }
        if ours.get_node_id().map_err(unreadable)? != kept.our_node || !OPERATIONAL_NODE_IDS.contains(&kept.our_node) {
            return Err("our certificate is that of another node".to_owned());
        }
        if !label::is_usable(&kept.label) {
            return Err("the label cannot be used".to_owned());
        }

        let mut point = [0; 64];
        let (_, coordinates) = root_public.access().split_at(1);
        point.copy_from_slice(coordinates);
        let compressed = derive::<64, 8>(&kept.fabric_id.to_be_bytes(), &point, b"CompressedFabric")?;
        Ok(Self {
            compressed_id: CompressedFabricId::from_u64(u64::from_be_bytes(*compressed.access())),
            kept,
            directory: None,
        })
    }
}

/// The library's cryptography, with the operating system's randomness.
pub(crate) fn crypto() -> impl Crypto + 'static {
    /// The library signs with this where it answers as a device, which Weft never does.
    const NO_DEVICE_KEY: [u8; PKC_CANON_SECRET_KEY_LEN] = [0; PKC_CANON_SECRET_KEY_LEN];
    default_crypto(
        getrandom::rand_core::UnwrapErr(getrandom::SysRng),
        CanonPkcSecretKeyRef::new(&NO_DEVICE_KEY),
    )
}

/// A node's certificate for the key of a request, signed by the root.
fn sign(
    crypto: impl Crypto,
    root_secret: &[u8; PKC_CANON_SECRET_KEY_LEN],
    root_certificate: &[u8],
    request: &[u8],
    node: u64,
) -> Result<Vec<u8>, String> {
    let mut buffer = [0; MAX_CERT_TLV_AND_ASN1_LEN];
    let refused = |error: rs_matter::error::Error| format!("{:?}", error.code());
    let mut generator = NocGenerator::create(CanonPkcSecretKeyRef::new(root_secret), root_certificate, &[], &mut buffer).map_err(refused)?;
    generator
        .generate(crypto, request, node, &[], VALID_FOREVER)
        .map(<[u8]>::to_vec)
        .map_err(refused)
}

/// The public key of a secret one.
fn public_key(crypto: &impl Crypto, secret: &[u8; PKC_CANON_SECRET_KEY_LEN]) -> Result<CanonPkcPublicKey, String> {
    let unusable = |error: rs_matter::error::Error| format!("a key cannot be used: {:?}", error.code());
    let mut public = CanonPkcPublicKey::new();
    let secret = crypto.secret_key(CanonPkcSecretKeyRef::new(secret)).map_err(unusable)?;
    secret.pub_key().and_then(|key| key.write_canon(&mut public)).map_err(unusable)?;
    Ok(public)
}

/// HKDF with SHA-256.
fn derive<const IN: usize, const OUT: usize>(salt: &[u8], secret: &[u8; IN], info: &[u8]) -> Result<CryptoSensitive<OUT>, String> {
    let mut key = CryptoSensitive::<OUT>::new();
    crypto()
        .kdf()
        .and_then(|kdf| kdf.expand(salt, CryptoSensitiveRef::new(secret), info, &mut key))
        .map_err(|error| format!("{:?}", error.code()))?;
    Ok(key)
}

/// Fills with the operating system's randomness.
fn random(bytes: &mut [u8]) -> Result<(), FabricError> {
    getrandom::fill(bytes).map_err(|error| FabricError::Making(format!("no randomness: {error}")))
}

/// One of these ids, all as likely.
fn random_id(ids: &std::ops::RangeInclusive<u64>) -> Result<u64, FabricError> {
    loop {
        let mut bytes = [0; 8];
        random(&mut bytes)?;
        let mask = u64::MAX >> ids.end().leading_zeros();
        let id = u64::from_be_bytes(bytes) & mask;
        if ids.contains(&id) {
            return Ok(id);
        }
    }
}

#[cfg(test)]
mod tests;
