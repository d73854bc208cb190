//! Files and folders that only their owner reads.

use super::SafeError;
use crate::whole_file;
use std::fs::{self, DirBuilder, File};
use std::io::{self, Read};
use std::path::Path;
use std::sync::{Mutex, MutexGuard, PoisonError};
use zeroize::Zeroizing;

/// Files of a folder that are looked at.
const MAX_FILES: usize = 10_000;

/// Held while anything is written: several safes may share a folder and a key.
pub(super) fn one_at_a_time() -> MutexGuard<'static, ()> {
    static ONE: Mutex<()> = Mutex::new(());
    ONE.lock().unwrap_or_else(PoisonError::into_inner)
}

pub(super) fn told(action: &'static str, path: &Path) -> impl FnOnce(io::Error) -> SafeError {
    let path = path.to_owned();
    move |source| SafeError::File { action, path, source }
}

/// The file's bytes; `None` where there is no file.
pub(super) fn read(path: &Path, most: usize) -> Result<Option<Zeroizing<Vec<u8>>>, SafeError> {
    let file = match File::open(path) {
        Ok(file) => file,
        // A link that leads nowhere is something that stands there.
        Err(error) if error.kind() == io::ErrorKind::NotFound && path.symlink_metadata().is_err() => return Ok(None),
        Err(error) => return Err(told("open", path)(error)),
    };
    let length = file.metadata().map_err(told("read", path))?.len();
    if length > most as u64 {
        return Err(SafeError::Sealed { path: path.to_owned() });
    }
    // Room for all of it at once: growing would leave copies of a secret behind.
    let mut bytes = Zeroizing::new(Vec::with_capacity(usize::try_from(length).unwrap_or(most) + 1));
    file.take(most as u64).read_to_end(&mut bytes).map_err(told("read", path))?;
    Ok(Some(bytes))
}

/// Makes the folder, and those above it, for our eyes only.
pub(super) fn make_folder(folder: &Path) -> Result<(), SafeError> {
    let mut builder = DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::{DirBuilderExt, PermissionsExt};
        builder.mode(0o700);
        builder.create(folder).map_err(told("make the folder", folder))?;
        fs::set_permissions(folder, fs::Permissions::from_mode(0o700)).map_err(told("set the mode of", folder))
    }
    #[cfg(not(unix))]
    builder.create(folder).map_err(told("make the folder", folder))
}

/// Writes a file anew.
pub(super) fn replace(path: &Path, bytes: &[u8]) -> Result<(), SafeError> {
    whole_file::write(path, bytes).map_err(told("write", path))
}

/// Removes a file, and what an interrupted writing of it left.
pub(super) fn remove(path: &Path) -> Result<(), SafeError> {
    for path in [path, &whole_file::beside(path)] {
        match fs::remove_file(path) {
            Ok(()) => {}
            Err(error) if matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory) => {}
            Err(error) => return Err(told("remove", path)(error)),
        }
    }
    whole_file::sync_folder(path);
    Ok(())
}

pub(super) fn names(folder: &Path) -> Result<Vec<String>, SafeError> {
    let entries = match fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(told("read the folder", folder)(error)),
    };
    let mut names = Vec::new();
    for entry in entries.take(MAX_FILES) {
        let entry = entry.map_err(told("read the folder", folder))?;
        names.extend(entry.file_name().into_string());
    }
    Ok(names)
}
