//! Root certificates from a folder.

use super::chain::Certificate;
use super::hex;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use rs_matter::attest::trust_store::KeyId;
use std::fs::{self, File};
use std::io::{self, Read};
use std::path::{Path, PathBuf};

/// Files with more bytes are not read: a bundle of all authorities that there are has some 100 KiB.
const MAX_FILE_BYTES: u64 = 1 << 20;

/// The most certificates that are kept; there are less than two hundred authorities.
const MAX_CERTIFICATES: usize = 5_000;

const PEM_BEGIN: &str = "-----BEGIN CERTIFICATE-----";
const PEM_END: &str = "-----END CERTIFICATE-----";

/// Key identifiers of the authorities whose private keys come with the Matter SDK (credentials/development/paa-root-certs): anybody can sign with them.
const TEST_AUTHORITIES: [&str; 2] = ["6afd22771f511fecbf1641976710dcdc31a1717e", "785ce705b86b8f4e6fc793aa60cb43ea696882d5"];

/// Certificates of product attestation authorities (PAA), from a folder.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct AttestationRoots {
    /// DER.
    certificates: Vec<(KeyId, Vec<u8>)>,
    unusable: Vec<(PathBuf, String)>,
}

impl AttestationRoots {
    /// Reads all certificates of a folder: DER, or PEM with one or many in a file. Files that are no certificates by name and content are passed over;
    /// those that look like ones but cannot be used are told by [`Self::unusable`].
    ///
    /// # Errors
    /// When the folder cannot be read.
    pub fn load(folder: &Path) -> io::Result<Self> {
        let mut paths = Vec::new();
        for entry in fs::read_dir(folder)? {
            let path = entry?.path();
            if path.is_file() {
                paths.push(path);
            }
        }
        paths.sort();
        let mut roots = Self::default();
        for path in paths {
            if let Err(why) = roots.add_file(&path) {
                roots.unusable.push((path, why));
            }
        }
        Ok(roots)
    }

    /// How many certificates there are.
    pub fn len(&self) -> usize {
        self.certificates.len()
    }

    /// True where there is none.
    pub fn is_empty(&self) -> bool {
        self.certificates.is_empty()
    }

    /// The files that look like certificates but cannot be used, each with why.
    pub fn unusable(&self) -> &[(PathBuf, String)] {
        &self.unusable
    }

    fn add_file(&mut self, path: &Path) -> Result<(), String> {
        let mut bytes = Vec::new();
        let file = File::open(path).map_err(|error| error.to_string())?;
        file.take(MAX_FILE_BYTES + 1).read_to_end(&mut bytes).map_err(|error| error.to_string())?;
        let extension = path
            .extension()
            .and_then(|extension| extension.to_str())
            .unwrap_or_default()
            .to_ascii_lowercase();
        let is_named_so = matches!(extension.as_str(), "der" | "pem" | "crt" | "cer");
        let text = std::str::from_utf8(&bytes).ok().filter(|text| text.contains(PEM_BEGIN));
        if !is_named_so && text.is_none() {
            return Ok(());
        }
        if bytes.len() as u64 > MAX_FILE_BYTES {
            return Err(format!("it has more than {} KiB", MAX_FILE_BYTES >> 10));
        }
        match text {
            Some(text) => text.split(PEM_BEGIN).skip(1).try_for_each(|block| self.add(&from_pem(block)?)),
            None => self.add(&bytes),
        }
    }

    pub(super) fn add(&mut self, der: &[u8]) -> Result<(), String> {
        let certificate = Certificate::root(der)?;
        let key_id = certificate.key_id;
        certificate.signed_by_itself()?;
        if self.certificates.len() >= MAX_CERTIFICATES {
            return Err(format!("there are more than {MAX_CERTIFICATES} certificates"));
        }
        if !self.certificates.iter().any(|(_, known)| known == der) {
            self.certificates.push((key_id, der.to_vec()));
        }
        Ok(())
    }

    /// The intermediate certificate is signed by one of these.
    pub(super) fn check(&self, intermediate: &Certificate<'_>) -> Result<(), String> {
        let wanted = intermediate.authority_key_id;
        let mut why = None;
        for (key_id, der) in &self.certificates {
            if *key_id != wanted {
                continue;
            }
            match Certificate::root(der).and_then(|root| fits(&root, intermediate)) {
                Ok(()) => return Ok(()),
                Err(reason) => why = Some(reason),
            }
        }
        let wanted = hex(&wanted);
        Err(why.unwrap_or_else(|| match TEST_AUTHORITIES.contains(&wanted.as_str()) {
            true => "it is signed by a test authority of the Matter SDK, whose key everybody has".to_owned(),
            false => format!("no certificate in the folder is that of its authority (key {wanted})"),
        }))
    }
}

fn fits(root: &Certificate<'_>, intermediate: &Certificate<'_>) -> Result<(), String> {
    root.signed(intermediate).map_err(|why| format!("the intermediate certificate {why}"))?;
    match root.vendor_id {
        Some(vendor) if Some(vendor) != intermediate.vendor_id => Err(format!("its authority may sign for vendor {vendor:#06x} only")),
        _ => Ok(()),
    }
}

/// The bytes of a PEM block (RFC 7468), from behind its first line.
fn from_pem(block: &str) -> Result<Vec<u8>, String> {
    let (body, _) = block.split_once(PEM_END).ok_or("a PEM block has no end")?;
    let body: String = body.chars().filter(|character| !character.is_whitespace()).collect();
    STANDARD.decode(body).map_err(|_| "a PEM block is damaged".to_owned())
}
