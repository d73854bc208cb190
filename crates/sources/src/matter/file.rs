//! The small files of the fabric: read whole, set aside where they are broken.

use crate::whole_file;
use std::fs::{DirBuilder, File};
use std::io::{self, Read};
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

/// Removes what an interrupted writing left.
pub(super) fn remove_remains(path: &Path) {
    let _ = std::fs::remove_file(whole_file::beside(path));
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
mod tests {
    use super::*;
    use crate::whole_file::tests::Folder;

    #[test]
    fn a_file_is_read_whole_and_its_remains_are_removed() {
        let folder = Folder::new();
        let path = folder.0.join("nodes.json");
        assert!(read(&path).unwrap().is_none());
        std::fs::write(&path, b"one").unwrap();
        std::fs::write(whole_file::beside(&path), b"half").unwrap();
        remove_remains(&path);
        assert_eq!(read(&path).unwrap().unwrap().as_slice(), b"one");
        assert_eq!(std::fs::read_dir(&folder.0).unwrap().count(), 1);
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
