//! Small private files: written whole or not at all, readable by their owner only, set aside where they are broken.

use std::fs::{DirBuilder, File, OpenOptions};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};
use zeroize::Zeroizing;

/// The largest file that is read: a thousand devices need a fiftieth of it.
const MAX_FILE_BYTES: u64 = 64 << 20;
/// Broken files that are kept beside each other before the oldest name is used again.
const MAX_SET_ASIDE: u32 = 100;

/// Creates the folder, and those above it, with mode 0700. One that exists stays as it is: its owner chose.
pub(super) fn create_folder(path: &Path) -> io::Result<()> {
    let mut builder = DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(path)
}

/// The whole file; `None` where there is none.
pub(super) fn read(path: &Path) -> io::Result<Option<Zeroizing<Vec<u8>>>> {
    let file = match File::open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(error),
    };
    let length = file.metadata()?.len();
    if length > MAX_FILE_BYTES {
        return Err(io::Error::new(
            io::ErrorKind::FileTooLarge,
            "it is larger than anything that was written there",
        ));
    }
    // With its whole room from the start, so that no copy of what may be secret stays behind as it grows.
    let mut bytes = Zeroizing::new(Vec::with_capacity(usize::try_from(length).unwrap_or(0) + 1));
    file.take(MAX_FILE_BYTES).read_to_end(&mut bytes)?;
    Ok(Some(bytes))
}

/// Writes the file beside and renames it: whoever reads sees the old or the new one, also after a power cut.
pub(super) fn write(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let beside = beside(path);
    let written = write_new(&beside, bytes).and_then(|()| std::fs::rename(&beside, path));
    if written.is_err() {
        let _ = std::fs::remove_file(&beside);
        return written;
    }
    sync_folder(path)
}

fn write_new(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let mut options = OpenOptions::new();
    options.write(true).create(true).truncate(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file = options.open(path)?;
    file.write_all(bytes)?;
    file.sync_all()
}

/// Where a file is written before it takes its name.
fn beside(path: &Path) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(".new");
    name.into()
}

/// The renaming lies in the folder. Not every file system lets a folder be synchronised; there is nothing to be done about one that does not.
fn sync_folder(path: &Path) -> io::Result<()> {
    #[cfg(unix)]
    if let Some(folder) = path.parent()
        && let Ok(folder) = File::open(folder)
    {
        let _ = folder.sync_all();
    }
    Ok(())
}

/// Removes what an interrupted [`write`] left.
pub(super) fn remove_remains(path: &Path) {
    let _ = std::fs::remove_file(beside(path));
}

/// Renames a file that cannot be used, so that it is never written over; gives its new name.
pub(super) fn set_aside(path: &Path) -> io::Result<PathBuf> {
    let name = |number: u32| {
        let mut name = path.as_os_str().to_owned();
        name.push(format!(".broken-{number}"));
        PathBuf::from(name)
    };
    let target = (1..MAX_SET_ASIDE)
        .map(name)
        .find(|target| !target.exists())
        .unwrap_or_else(|| name(MAX_SET_ASIDE));
    std::fs::rename(path, &target)?;
    Ok(target)
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use std::sync::atomic::{AtomicU32, Ordering};

    /// A folder of one test, removed at its end.
    pub(in crate::matter) struct Folder(pub(in crate::matter) PathBuf);

    impl Folder {
        pub(in crate::matter) fn new() -> Self {
            static NUMBER: AtomicU32 = AtomicU32::new(0);
            let name = format!("weft-sources-{}-{}", std::process::id(), NUMBER.fetch_add(1, Ordering::Relaxed));
            let path = std::env::temp_dir().join(name);
            create_folder(&path).unwrap();
            Self(path)
        }
    }

    impl Drop for Folder {
        fn drop(&mut self) {
            let _ = std::fs::remove_dir_all(&self.0);
        }
    }

    #[test]
    fn a_file_is_read_as_it_was_written_and_only_its_owner_may() {
        let folder = Folder::new();
        let path = folder.0.join("nodes.json");
        assert!(read(&path).unwrap().is_none());
        write(&path, b"one").unwrap();
        write(&path, b"two").unwrap();
        assert_eq!(read(&path).unwrap().unwrap().as_slice(), b"two");
        assert_eq!(std::fs::read_dir(&folder.0).unwrap().count(), 1, "nothing stays beside it");
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        }
    }

    #[test]
    fn remains_of_a_write_are_removed_and_a_folder_that_is_gone_is_an_error() {
        let folder = Folder::new();
        let path = folder.0.join("jobs.json");
        std::fs::write(beside(&path), b"half").unwrap();
        remove_remains(&path);
        assert_eq!(std::fs::read_dir(&folder.0).unwrap().count(), 0);
        assert!(write(&folder.0.join("none").join("jobs.json"), b"x").is_err());
    }

    #[test]
    fn broken_files_are_kept_beside_each_other() {
        let folder = Folder::new();
        let path = folder.0.join("nodes.json");
        for text in ["first", "second"] {
            std::fs::write(&path, text).unwrap();
            let kept = set_aside(&path).unwrap();
            assert_eq!(std::fs::read_to_string(kept).unwrap(), text);
            assert!(!path.exists());
        }
        assert_eq!(std::fs::read_dir(&folder.0).unwrap().count(), 2);
    }
}
