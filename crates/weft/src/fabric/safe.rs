//! `weft fabric backup` and `weft fabric restore`: the fabric in a file that only a passphrase opens.

use super::archive::{self, File};
use super::arguments::{BackupArguments, RestoreArguments};
use super::{folder, passphrase};
use crate::output::{create_new, tell};
use anyhow::{Context, Result, bail};
use std::fs;
use std::io::{ErrorKind, Read, Write};
use std::path::{Path, PathBuf};
use weft_matter::{Fabric, backup as sealed};
use weft_store::DataDirectory;
use zeroize::Zeroizing;

/// The name of the fabric's keys in a backup.
const KEYS: &str = "fabric";
/// What is kept beside the keys: the devices, and what the user decided. Jobs are not: their codes are of no use later.
const OTHERS: [&str; 2] = ["nodes.json", "settings.json"];
/// The largest file that is read: a sealed backup.
const MAX_FILE_BYTES: u64 = (sealed::MAX_PLAIN_BYTES + (1 << 10)) as u64;
/// Folders of former fabrics that are kept beside each other.
const MAX_PUT_ASIDE: u32 = 1_000;

/// Writes a backup.
///
/// # Errors
/// Where there is no fabric, a service has it, or the file cannot be written.
pub(super) fn backup(arguments: &BackupArguments) -> Result<()> {
    let path = crate::data_directory(arguments.data.as_deref())?;
    let from = folder(&path);
    if !Fabric::exists(&from) {
        bail!(
            "there is no fabric in {} yet: it is made with the first device that is paired",
            path.display()
        );
    }
    let _owned = DataDirectory::open(&path)?;
    // Whether it is sound is better known now than when it is needed.
    let keys = Fabric::open(&from, "")?.bytes();
    let mut files: Vec<File> = vec![(KEYS.to_owned(), keys)];
    for name in OTHERS {
        files.extend(read(&from.join(name))?.map(|content| (name.to_owned(), content)));
    }
    let passphrase = passphrase::read(&arguments.passphrase, true)?;
    let written = sealed::seal(&archive::pack(&files)?, &passphrase)?;
    let mut file = create_new(&arguments.out)?;
    if let Err(error) = file.write_all(&written).and_then(|()| file.sync_all()) {
        let _ = fs::remove_file(&arguments.out);
        return Err(error).with_context(|| format!("cannot write {}", arguments.out.display()));
    }
    tell(format!(
        "the fabric is in {}; without its passphrase nobody can use it, you neither. Make another one when you have paired more devices",
        arguments.out.display()
    ));
    Ok(())
}

/// Takes up a fabric from a backup.
///
/// # Errors
/// Where there is a fabric already, a service has the data directory, or the backup cannot be read.
pub(super) fn restore(arguments: &RestoreArguments) -> Result<()> {
    let path = crate::data_directory(arguments.data.as_deref())?;
    let bytes = read(&arguments.file)?.with_context(|| format!("there is no file {}", arguments.file.display()))?;
    let owned = DataDirectory::open(&path)?;
    let to = folder(owned.path());
    if Fabric::exists(&to) && !arguments.replace {
        bail!(
            "{} has a fabric already: leave its devices with `weft unpair --all` first, or put it aside with --replace",
            path.display()
        );
    }
    let passphrase = passphrase::read(&arguments.passphrase, false)?;
    let files = archive::unpack(&sealed::open(&bytes, &passphrase)?)?;
    let aside = put_in_place(&to, &files)?;
    if let Some(aside) = aside {
        tell(format!("the fabric that was there lies in {} now", aside.display()));
    }
    tell("the fabric is restored; start Weft, and its devices are asked again. Do not run two copies of one fabric at the same time");
    Ok(())
}

/// Makes the folder anew beside the old one, then lets them change places: whatever happens, one of them is whole. Gives where the old one lies.
fn put_in_place(to: &Path, files: &[File]) -> Result<Option<PathBuf>> {
    let keys = files.iter().find(|(name, _)| name == KEYS).context("the backup holds no fabric")?;
    let beside = to.with_extension("new");
    match fs::remove_dir_all(&beside) {
        Err(error) if error.kind() != ErrorKind::NotFound => return Err(error).with_context(|| format!("cannot remove {}", beside.display())),
        _ => {}
    }
    Fabric::restore(&beside, &keys.1)?;
    for (name, content) in files.iter().filter(|(name, _)| OTHERS.contains(&name.as_str())) {
        let target = beside.join(name);
        let mut file = create_new(&target)?;
        file.write_all(content)
            .and_then(|()| file.sync_all())
            .with_context(|| format!("cannot write {}", target.display()))?;
    }
    let aside = if to.exists() { Some(put_aside(to)?) } else { None };
    fs::rename(&beside, to).with_context(|| format!("cannot rename {} to {}", beside.display(), to.display()))?;
    Ok(aside)
}

fn put_aside(folder: &Path) -> Result<PathBuf> {
    let aside = (1..MAX_PUT_ASIDE)
        .map(|number| folder.with_extension(format!("old-{number}")))
        .find(|aside| !aside.exists())
        .context("too many former fabrics lie here: remove some")?;
    fs::rename(folder, &aside).with_context(|| format!("cannot rename {} to {}", folder.display(), aside.display()))?;
    Ok(aside)
}

/// A whole file; `None` where there is none.
fn read(path: &Path) -> Result<Option<Zeroizing<Vec<u8>>>> {
    let cannot = || format!("cannot read {}", path.display());
    let file = match fs::File::open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(error).with_context(cannot),
    };
    let length = file.metadata().with_context(cannot)?.len();
    if length > MAX_FILE_BYTES {
        bail!("{} is larger than any file of a fabric", path.display());
    }
    let mut bytes = Zeroizing::new(Vec::with_capacity(usize::try_from(length)? + 1));
    file.take(MAX_FILE_BYTES).read_to_end(&mut bytes).with_context(cannot)?;
    Ok(Some(bytes))
}

#[cfg(test)]
mod tests {
    use super::super::arguments::PassphraseArguments;
    use super::*;

    /// A data directory of one test, removed at its end.
    struct Folder(PathBuf);

    impl Folder {
        fn new(test: &str) -> Self {
            let path = std::env::temp_dir().join(format!("weft-safe-{test}-{}", std::process::id()));
            let _ = fs::remove_dir_all(&path);
            fs::create_dir_all(&path).unwrap();
            Self(path)
        }

        fn data(&self, name: &str) -> Option<PathBuf> {
            Some(self.0.join(name))
        }

        fn passphrase(&self, passphrase: &str) -> PassphraseArguments {
            let path = self.0.join(format!("passphrase-{}", passphrase.len()));
            fs::write(&path, passphrase).unwrap();
            PassphraseArguments { passphrase_file: Some(path) }
        }

        fn backup(&self, from: &str, out: &str, passphrase: &str) -> Result<()> {
            backup(&BackupArguments {
                out: self.0.join(out),
                passphrase: self.passphrase(passphrase),
                data: self.data(from),
            })
        }

        fn restore(&self, file: &str, to: &str, passphrase: &str, replace: bool) -> Result<()> {
            restore(&RestoreArguments {
                file: self.0.join(file),
                replace,
                passphrase: self.passphrase(passphrase),
                data: self.data(to),
            })
        }
    }

    impl Drop for Folder {
        fn drop(&mut self) {
            let _ = fs::remove_dir_all(&self.0);
        }
    }

    const PASSPHRASE: &str = "correct horse battery";

    fn error(result: Result<()>) -> String {
        format!("{:#}", result.unwrap_err())
    }

    #[test]
    fn a_fabric_moves_to_another_machine_and_is_never_overwritten() {
        let folder = Folder::new("move");
        assert!(error(folder.backup("one", "early", PASSPHRASE)).contains("no fabric"));
        let keys = Fabric::open(&folder.0.join("one/matter"), "one").unwrap();
        fs::write(folder.0.join("one/matter/nodes.json"), "the devices").unwrap();
        fs::write(folder.0.join("one/matter/jobs.json"), "a code").unwrap();
        folder.backup("one", "backup", PASSPHRASE).unwrap();
        let sealed_bytes = fs::read(folder.0.join("backup")).unwrap();
        assert!(!sealed_bytes.windows(11).any(|window| window == b"the devices"));
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            assert_eq!(fs::metadata(folder.0.join("backup")).unwrap().permissions().mode() & 0o777, 0o600);
        }
        assert!(error(folder.backup("one", "backup", PASSPHRASE)).contains("exists already"));
        assert!(error(folder.backup("one", "weak", "short")).contains("passphrase"));

        folder.restore("backup", "two", PASSPHRASE, false).unwrap();
        let restored = Fabric::open(&folder.0.join("two/matter"), "two").unwrap();
        assert_eq!(restored.compressed_id(), keys.compressed_id());
        assert_eq!(restored.label(), keys.label());
        assert_eq!(fs::read_to_string(folder.0.join("two/matter/nodes.json")).unwrap(), "the devices");
        assert!(
            !folder.0.join("two/matter/jobs.json").exists(),
            "codes are not kept longer than they hold"
        );

        assert!(error(folder.restore("backup", "two", PASSPHRASE, false)).contains("--replace"));
        let other = Fabric::open(&folder.0.join("three/matter"), "three").unwrap();
        folder.restore("backup", "three", PASSPHRASE, true).unwrap();
        assert_eq!(
            Fabric::open(&folder.0.join("three/matter.old-1"), "").unwrap().compressed_id(),
            other.compressed_id()
        );
    }

    #[test]
    fn what_does_not_open_changes_nothing() {
        let folder = Folder::new("wrong");
        let keys = Fabric::open(&folder.0.join("one/matter"), "one").unwrap();
        folder.backup("one", "backup", PASSPHRASE).unwrap();
        assert!(error(folder.restore("backup", "one", "another passphrase", true)).contains("does not open"));
        fs::write(folder.0.join("no-backup"), "Dear diary").unwrap();
        assert!(error(folder.restore("no-backup", "one", PASSPHRASE, true)).contains("no backup"));
        assert!(error(folder.restore("nothing", "one", PASSPHRASE, true)).contains("no file"));
        let empty = sealed::seal(&[], PASSPHRASE).unwrap();
        fs::write(folder.0.join("empty"), empty).unwrap();
        assert!(error(folder.restore("empty", "one", PASSPHRASE, true)).contains("no fabric"));
        assert_eq!(
            Fabric::open(&folder.0.join("one/matter"), "").unwrap().compressed_id(),
            keys.compressed_id()
        );
        assert!(!folder.0.join("one/matter.new").exists());
    }

    #[test]
    fn a_running_service_keeps_its_fabric() {
        let folder = Folder::new("owned");
        Fabric::open(&folder.0.join("one/matter"), "one").unwrap();
        let _service = DataDirectory::open(&folder.0.join("one")).unwrap();
        assert!(error(folder.backup("one", "backup", PASSPHRASE)).contains(&std::process::id().to_string()));
    }
}
