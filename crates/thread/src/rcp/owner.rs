//! Who else has a port open. Linux tells, of what this user may see.

use std::path::Path;

/// Processes that are looked at.
const MAX_PROCESSES: usize = 100_000;
/// Programs that are named.
const MAX_NAMED: usize = 3;

/// Other programs that have the file open, each once: `name (process 123)`, `name (processes 123, 456)`. Empty where nobody has, or where the system does not tell.
pub(super) fn owners_of(path: &Path) -> Vec<String> {
    let Ok(device) = path.canonicalize() else { return Vec::new() };
    let Ok(processes) = std::fs::read_dir("/proc") else { return Vec::new() };
    let own = std::process::id();
    let mut owners: Vec<(u32, String)> = processes
        .take(MAX_PROCESSES)
        .filter_map(|entry| {
            let entry = entry.ok()?;
            let id: u32 = entry.file_name().to_str()?.parse().ok()?;
            let mut files = std::fs::read_dir(entry.path().join("fd")).ok()?;
            let has_it = id != own && files.any(|file| file.is_ok_and(|file| std::fs::read_link(file.path()).is_ok_and(|target| target == device)));
            has_it.then(|| {
                let name = std::fs::read_to_string(entry.path().join("comm")).unwrap_or_default();
                (id, name.trim().to_owned())
            })
        })
        .collect();
    owners.sort();
    let mut programs: Vec<(String, Vec<u32>)> = Vec::new();
    for (id, name) in owners {
        match programs.iter_mut().find(|(known, _)| *known == name) {
            Some((_, ids)) => ids.push(id),
            None => programs.push((name, vec![id])),
        }
    }
    programs.into_iter().take(MAX_NAMED).map(|(name, ids)| named(&name, &ids)).collect()
}

/// A program with its processes.
fn named(name: &str, ids: &[u32]) -> String {
    let first: Vec<String> = ids.iter().take(MAX_NAMED).map(ToString::to_string).collect();
    let more = if ids.len() > MAX_NAMED { ", …" } else { "" };
    let processes = if ids.len() == 1 { "process" } else { "processes" };
    format!("{name} ({processes} {}{more})", first.join(", "))
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::*;
    use std::process::{Command, Stdio};

    #[test]
    fn the_program_that_has_a_file_open_is_named() {
        let path = std::env::temp_dir().join(format!("weft-owner-{}", std::process::id()));
        std::fs::write(&path, "").unwrap();
        assert_eq!(owners_of(&path), Vec::<String>::new());
        let file = std::fs::File::open(&path).unwrap();
        // The file is open here too: this program is not named.
        let mut other = Command::new("sleep").arg("60").stdin(Stdio::from(file)).spawn().unwrap();
        let owners = owners_of(&path);
        let _ = other.kill();
        let _ = other.wait();
        std::fs::remove_file(&path).unwrap();
        assert_eq!(owners, [format!("sleep (process {})", other.id())]);
    }

    #[test]
    fn each_program_is_named_once() {
        assert_eq!(named("bash", &[7, 8]), "bash (processes 7, 8)");
        assert_eq!(named("bash", &[7, 8, 9, 10]), "bash (processes 7, 8, 9, …)");
    }
}
