//! Files that only their owner reads, written whole or not at all.

use super::SafeError;
use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{self, Read, Write};
use std::path::Path;
use std::sync::{Mutex, MutexGuard, PoisonError};
use zeroize::Zeroizing;

/// What a file is called while it is written.
pub(super) const TEMPORARY_SUFFIX: &str = ".new";
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

/// Writes a file anew. Whoever reads it meanwhile, or after a power cut, finds the old one or the new one.
pub(super) fn replace(folder: &Path, name: &str, bytes: &[u8]) -> Result<(), SafeError> {
    let temporary = folder.join(format!("{name}{TEMPORARY_SUFFIX}"));
    let target = folder.join(name);
    match fs::remove_file(&temporary) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(told("remove", &temporary)(error)),
        _ => {}
    }
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file = options.open(&temporary).map_err(told("make", &temporary))?;
    let written = file.write_all(bytes).and_then(|()| file.sync_all()).map_err(told("write", &temporary));
    let renamed = written.and_then(|()| fs::rename(&temporary, &target).map_err(told("replace", &target)));
    if renamed.is_err() {
        let _ = fs::remove_file(&temporary);
        return renamed;
    }
    sync(folder);
    Ok(())
}

pub(super) fn remove(folder: &Path, name: &str) -> Result<(), SafeError> {
    for name in [name, &format!("{name}{TEMPORARY_SUFFIX}")] {
        let path = folder.join(name);
        match fs::remove_file(&path) {
            Ok(()) => {}
            Err(error) if matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory) => {}
            Err(error) => return Err(told("remove", &path)(error)),
        }
    }
    sync(folder);
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

/// The renaming lies in the folder. Not every file system lets a folder be synchronised; there is nothing to be done about one that does not.
fn sync(folder: &Path) {
    #[cfg(unix)]
    if let Ok(folder) = File::open(folder) {
        let _ = folder.sync_all();
    }
    #[cfg(not(unix))]
    let _ = folder;
}
