//! The file that holds the fabric.
//!
//! ```text
//! "WEFTFABRIC"  10 bytes
//! version       u8, 1
//! body          root secret (32), our secret (32), IPK epoch key (16), fabric id (8), our node id (8),
//!               root certificate, our certificate (each u16 length and bytes), label (u8 length and bytes)
//! checksum      SHA-256 of all before it
//! ```
//! Numbers are big-endian. The checksum tells a damaged file from a good one; it protects from nobody. What protects the file is its mode, 0600, in a folder
//! of mode 0700.

use super::{FabricError, Kept};
use rs_matter::cert::MAX_CERT_TLV_LEN;
use sha2::{Digest, Sha256};
use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};
use zeroize::Zeroizing;

const MAGIC: &[u8] = b"WEFTFABRIC";
const VERSION: u8 = 1;
const CHECKSUM_BYTES: usize = 32;

/// A file with more bytes is none of ours.
const MAX_FILE_BYTES: usize = 4_096;

const NAME: &str = "fabric";
const TEMPORARY_NAME: &str = "fabric.new";

/// Where the fabric of a folder is kept.
pub(super) fn path(directory: &Path) -> PathBuf {
    directory.join(NAME)
}

/// Makes the folder, for our eyes only.
pub(super) fn prepare(directory: &Path) -> Result<(), FabricError> {
    let told = |action| {
        move |source| FabricError::File {
            action,
            path: directory.to_owned(),
            source,
        }
    };
    let mut builder = DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::{DirBuilderExt, PermissionsExt};
        builder.mode(0o700);
        builder.create(directory).map_err(told("make the folder"))?;
        fs::set_permissions(directory, fs::Permissions::from_mode(0o700)).map_err(told("set the mode of"))
    }
    #[cfg(not(unix))]
    builder.create(directory).map_err(told("make the folder"))
}

/// The file's bytes; `None` where there is no file.
pub(super) fn read(directory: &Path) -> Result<Option<Zeroizing<Vec<u8>>>, FabricError> {
    let path = path(directory);
    let file = match File::open(&path) {
        Ok(file) => file,
        // A link that leads nowhere is something that stands there.
        Err(error) if error.kind() == io::ErrorKind::NotFound && path.symlink_metadata().is_err() => return Ok(None),
        Err(source) => {
            return Err(FabricError::File {
                action: "open",
                path,
                source,
            });
        }
    };
    // Room for all of it at once: growing would leave copies of the secrets behind.
    let mut bytes = Zeroizing::new(Vec::with_capacity(MAX_FILE_BYTES + 1));
    match file.take(MAX_FILE_BYTES as u64 + 1).read_to_end(&mut bytes) {
        Ok(_) => Ok(Some(bytes)),
        Err(source) => Err(FabricError::File {
            action: "read",
            path,
            source,
        }),
    }
}

/// Writes the first file of a folder. It is whole or not there, and no other is overwritten.
pub(super) fn create(directory: &Path, bytes: &[u8]) -> Result<(), FabricError> {
    let target = path(directory);
    if target.symlink_metadata().is_ok() {
        return Err(FabricError::Exists(target));
    }
    replace(directory, bytes)
}

/// Writes the file anew. Whoever reads it meanwhile, or after a power cut, finds the old one or the new one.
pub(super) fn replace(directory: &Path, bytes: &[u8]) -> Result<(), FabricError> {
    let temporary = directory.join(TEMPORARY_NAME);
    let target = path(directory);
    let told = |action, path: &Path| {
        let path = path.to_owned();
        move |source| FabricError::File { action, path, source }
    };
    match fs::remove_file(&temporary) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(told("remove", &temporary)(error)),
        _ => {}
    }
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file = options.open(&temporary).map_err(told("make", &temporary))?;
    file.write_all(bytes).and_then(|()| file.sync_all()).map_err(told("write", &temporary))?;
    fs::rename(&temporary, &target).map_err(told("replace", &target))?;
    #[cfg(unix)]
    File::open(directory)
        .and_then(|folder| folder.sync_all())
        .map_err(told("write", directory))?;
    Ok(())
}

/// What is kept, as the file's bytes.
pub(super) fn encode(kept: &Kept) -> Zeroizing<Vec<u8>> {
    let mut bytes = Zeroizing::new(Vec::with_capacity(MAX_FILE_BYTES));
    bytes.extend_from_slice(MAGIC);
    bytes.push(VERSION);
    bytes.extend_from_slice(&*kept.root_secret);
    bytes.extend_from_slice(&*kept.our_secret);
    bytes.extend_from_slice(&*kept.ipk);
    bytes.extend_from_slice(&kept.fabric_id.to_be_bytes());
    bytes.extend_from_slice(&kept.our_node.to_be_bytes());
    for certificate in [&kept.root_certificate, &kept.our_certificate] {
        bytes.extend_from_slice(&(certificate.len() as u16).to_be_bytes());
        bytes.extend_from_slice(certificate);
    }
    bytes.push(kept.label.len() as u8);
    bytes.extend_from_slice(kept.label.as_bytes());
    let checksum = Sha256::digest(&**bytes);
    bytes.extend_from_slice(&checksum);
    bytes
}

/// The file's bytes, as what is kept; or what is wrong with them.
pub(super) fn decode(bytes: &[u8]) -> Result<Kept, String> {
    if bytes.is_empty() {
        return Err("it is empty".to_owned());
    }
    if bytes.len() > MAX_FILE_BYTES {
        return Err(format!("it has more than {MAX_FILE_BYTES} bytes"));
    }
    let after_magic = bytes.strip_prefix(MAGIC).ok_or("it does not begin as a fabric of Weft does")?;
    match after_magic.first() {
        Some(&VERSION) => {}
        Some(other) => {
            return Err(format!(
                "its format is version {other}, and this Weft reads version {VERSION}: it was written by another release"
            ));
        }
        None => return Err("it is cut off".to_owned()),
    }
    let (summed, checksum) = bytes.split_at_checked(bytes.len().wrapping_sub(CHECKSUM_BYTES)).ok_or("it is cut off")?;
    if Sha256::digest(summed).as_slice() != checksum {
        return Err("its checksum is wrong".to_owned());
    }
    let mut reader = Reader(summed.get(MAGIC.len() + 1..).ok_or("it is cut off")?);
    let kept = Kept {
        root_secret: Zeroizing::new(reader.array()?),
        our_secret: Zeroizing::new(reader.array()?),
        ipk: Zeroizing::new(reader.array()?),
        fabric_id: u64::from_be_bytes(reader.array()?),
        our_node: u64::from_be_bytes(reader.array()?),
        root_certificate: reader.certificate()?,
        our_certificate: reader.certificate()?,
        label: reader.label()?,
    };
    if !reader.0.is_empty() {
        return Err("there is more behind its end".to_owned());
    }
    Ok(kept)
}

/// What is left to read.
struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
    fn take(&mut self, count: usize) -> Result<&'a [u8], String> {
        let (taken, rest) = self.0.split_at_checked(count).ok_or("it is too short for what it says it holds")?;
        self.0 = rest;
        Ok(taken)
    }

    fn array<const N: usize>(&mut self) -> Result<[u8; N], String> {
        self.take(N)?.try_into().map_err(|_| "it is cut off".to_owned())
    }

    fn certificate(&mut self) -> Result<Vec<u8>, String> {
        let length = usize::from(u16::from_be_bytes(self.array()?));
        if length > MAX_CERT_TLV_LEN {
            return Err(format!("a certificate of {length} bytes"));
        }
        self.take(length).map(<[u8]>::to_vec)
    }

    fn label(&mut self) -> Result<String, String> {
        let [length] = self.array()?;
        let label = self.take(usize::from(length))?;
        String::from_utf8(label.to_vec()).map_err(|_| "its label is no text".to_owned())
    }
}
