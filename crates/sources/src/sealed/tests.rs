use super::*;
use std::fs;
use std::sync::atomic::{AtomicU32, Ordering};

const SECRET: &[u8] = b"\x0e\x08 a dataset with a network key in it";

/// A folder of one test, removed at its end.
struct Folder(PathBuf);

impl Folder {
    fn new() -> Self {
        static NUMBER: AtomicU32 = AtomicU32::new(0);
        let name = format!("weft-sealed-{}-{}", std::process::id(), NUMBER.fetch_add(1, Ordering::Relaxed));
        let path = std::env::temp_dir().join(name);
        fs::create_dir_all(&path).unwrap();
        Self(path)
    }

    fn records(&self) -> PathBuf {
        self.0.join("networks")
    }

    fn safe(&self) -> Safe {
        Safe::with_key_file(&self.records(), &self.0.join(key::NAME))
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

fn find(bytes: &[u8], what: &[u8]) -> bool {
    bytes.windows(what.len()).any(|window| window == what)
}

#[test]
fn what_was_kept_is_there_after_a_restart_and_is_not_readable_in_the_file() {
    let folder = Folder::new();
    assert!(folder.safe().read("a.1").unwrap().is_none());
    assert_eq!(folder.safe().names().unwrap(), [""; 0]);
    folder.safe().write("a.1", SECRET).unwrap();
    folder.safe().write("b-2", b"").unwrap();
    assert_eq!(folder.safe().read("a.1").unwrap().unwrap().as_slice(), SECRET);
    assert_eq!(folder.safe().read("b-2").unwrap().unwrap().as_slice(), b"");
    assert_eq!(folder.safe().names().unwrap(), ["a.1", "b-2"]);
    let first = fs::read(folder.records().join("a.1")).unwrap();
    assert!(!find(&first, SECRET));
    folder.safe().write("a.1", SECRET).unwrap();
    assert_ne!(fs::read(folder.records().join("a.1")).unwrap(), first, "a nonce is never used twice");
    folder.safe().remove("a.1").unwrap();
    folder.safe().remove("a.1").unwrap();
    assert!(folder.safe().read("a.1").unwrap().is_none());
}

#[cfg(unix)]
#[test]
fn only_the_owner_may_read() {
    use std::os::unix::fs::PermissionsExt;
    let folder = Folder::new();
    fs::create_dir(folder.records()).unwrap();
    fs::set_permissions(folder.records(), fs::Permissions::from_mode(0o755)).unwrap();
    folder.safe().write("a", SECRET).unwrap();
    let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(&folder.records()), 0o700);
    assert_eq!(mode(&folder.records().join("a")), 0o600);
    assert_eq!(mode(&folder.0.join(key::NAME)), 0o600);
}

#[test]
fn each_changed_byte_closes_its_record_and_no_other() {
    let folder = Folder::new();
    folder.safe().write("a", SECRET).unwrap();
    folder.safe().write("b", SECRET).unwrap();
    let path = folder.records().join("a");
    let good = fs::read(&path).unwrap();
    for at in 0..good.len() {
        let mut bad = good.clone();
        bad[at] ^= 0x20;
        fs::write(&path, &bad).unwrap();
        assert!(matches!(folder.safe().read("a"), Err(SafeError::Sealed { .. })), "byte {at}");
        fs::write(&path, &good[..at]).unwrap();
        assert!(matches!(folder.safe().read("a"), Err(SafeError::Sealed { .. })), "cut off at {at}");
    }
    assert_eq!(folder.safe().read("b").unwrap().unwrap().as_slice(), SECRET);
    folder.safe().write("a", b"anew").unwrap();
    assert_eq!(folder.safe().read("a").unwrap().unwrap().as_slice(), b"anew");
}

#[test]
fn a_record_under_another_name_or_with_another_key_does_not_open() {
    let folder = Folder::new();
    folder.safe().write("a", SECRET).unwrap();
    fs::copy(folder.records().join("a"), folder.records().join("b")).unwrap();
    let Err(error) = folder.safe().read("b") else { panic!("it opened") };
    assert!(error.to_string().contains("enter what it held anew"), "{error}");
    fs::write(folder.0.join(key::NAME), [7; 32]).unwrap();
    assert!(matches!(folder.safe().read("a"), Err(SafeError::Sealed { .. })));
    fs::remove_file(folder.0.join(key::NAME)).unwrap();
    assert!(matches!(folder.safe().read("a"), Err(SafeError::Sealed { .. })));
    assert!(!folder.0.join(key::NAME).exists(), "reading makes no key");
}

#[test]
fn a_key_may_lie_elsewhere_in_bytes_or_digits_and_what_is_none_is_never_written_over() {
    let folder = Folder::new();
    let elsewhere = folder.0.join("credentials").join("seal");
    let safe = Safe::with_key_file(&folder.records(), &elsewhere);
    safe.write("a", SECRET).unwrap();
    assert!(!folder.0.join(key::NAME).exists());
    let key = fs::read(&elsewhere).unwrap();
    let digits: String = key.iter().map(|byte| format!("{byte:02x}")).collect();
    for text in [digits.clone(), format!("{digits}\n"), digits.to_uppercase()] {
        fs::write(&elsewhere, text).unwrap();
        assert_eq!(safe.read("a").unwrap().unwrap().as_slice(), SECRET);
    }
    for wrong in ["", "short", &"g".repeat(64), &"0".repeat(65), &"0".repeat(1000)] {
        fs::write(&elsewhere, wrong).unwrap();
        for result in [safe.read("a").map(|_| ()), safe.write("a", b"x")] {
            let error = result.unwrap_err();
            assert!(matches!(error, SafeError::NoKey { .. }), "{error}");
            assert!(wrong.len() < 5 || !error.to_string().contains(wrong));
        }
        assert_eq!(fs::read_to_string(&elsewhere).unwrap(), wrong);
    }
}

#[test]
fn names_that_lead_elsewhere_and_what_is_too_large_are_refused() {
    let folder = Folder::new();
    for name in ["", ".", "..", "../a", "a/b", "A", "a b", "a.new", ".a", "ü", &"a".repeat(101)] {
        assert!(matches!(folder.safe().write(name, b"x"), Err(SafeError::Refused { .. })), "{name}");
        assert!(matches!(folder.safe().read(name), Err(SafeError::Refused { .. })), "{name}");
        assert!(matches!(folder.safe().remove(name), Err(SafeError::Refused { .. })), "{name}");
    }
    let large = vec![0; MAX_SECRET_BYTES + 1];
    assert!(matches!(folder.safe().write("a", &large), Err(SafeError::Refused { .. })));
    folder.safe().write("a", &large[1..]).unwrap();
    assert_eq!(folder.safe().read("a").unwrap().unwrap().len(), MAX_SECRET_BYTES);
    fs::write(folder.records().join("a"), vec![0; 1 << 20]).unwrap();
    assert!(matches!(folder.safe().read("a"), Err(SafeError::Sealed { .. })), "more is not read");
}

#[test]
fn what_an_interrupted_writing_left_is_in_nobodys_way() {
    let folder = Folder::new();
    folder.safe().write("a", b"old").unwrap();
    fs::write(folder.records().join("a.new"), b"half").unwrap();
    assert_eq!(folder.safe().names().unwrap(), ["a"]);
    folder.safe().write("a", b"new").unwrap();
    assert_eq!(folder.safe().read("a").unwrap().unwrap().as_slice(), b"new");
    assert!(!folder.records().join("a.new").exists());
}

#[test]
fn many_that_write_at_once_share_one_key() {
    let folder = Folder::new();
    std::thread::scope(|scope| {
        for number in 0..8 {
            let safe = folder.safe();
            scope.spawn(move || safe.write(&format!("r{number}"), &[number; 40]).unwrap());
        }
    });
    for number in 0..8 {
        let kept = folder.safe().read(&format!("r{number}")).unwrap().unwrap();
        assert_eq!(kept.as_slice(), [number; 40]);
    }
}
