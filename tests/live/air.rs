//! An air of its own: a network namespace, on whose loopback the simulated radios send multicast.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};

/// Every namespace of ours begins so; the process id follows.
const PREFIX: &str = "weftair";

/// An air, and a folder for what its radios keep. Both go away with it.
pub struct Air {
    namespace: String,
    folder: PathBuf,
}

impl Air {
    /// `None` where this machine gives no namespaces and this is not CI.
    pub fn new() -> Option<Self> {
        static NUMBER: AtomicU32 = AtomicU32::new(0);
        sweep();
        let namespace = format!("{PREFIX}{}n{}", std::process::id(), NUMBER.fetch_add(1, Ordering::Relaxed));
        let folder = std::env::temp_dir().join(&namespace);
        if let Err(reason) = ip(&["netns", "add", &namespace]) {
            assert!(std::env::var_os("CI").is_none(), "network namespaces are needed in CI: {reason}");
            eprintln!("SKIPPED: nothing was tested with a real mesh, because no network namespace can be made (root is needed): {reason}");
            return None;
        }
        let air = Self { namespace, folder };
        ip(&["-n", &air.namespace, "link", "set", "lo", "up"]).unwrap();
        std::fs::create_dir_all(&air.folder).unwrap();
        Some(air)
    }

    /// One of OpenThread's programs as a radio on this air. It has a number of its own among them.
    pub fn command(&self, program: &str, number: u16) -> Command {
        let mut command = Command::new("ip");
        command
            .args(["netns", "exec", &self.namespace])
            .arg(program_at(program))
            .arg(number.to_string());
        command
            .current_dir(&self.folder)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null());
        command
    }

    /// Where another namespace's program finds this air.
    pub fn namespace(&self) -> &str {
        &self.namespace
    }

    /// The folder, for files of the test.
    pub fn folder(&self) -> &Path {
        &self.folder
    }
}

impl Drop for Air {
    fn drop(&mut self) {
        let _ = ip(&["netns", "del", &self.namespace]);
        let _ = std::fs::remove_dir_all(&self.folder);
    }
}

/// Takes away what test runs left behind that were killed. Their radios ended with them.
fn sweep() {
    let Ok(namespaces) = ip(&["netns", "list"]) else { return };
    for namespace in namespaces.lines().filter_map(|line| line.split(' ').next()) {
        let owner = namespace.strip_prefix(PREFIX).and_then(|rest| rest.split('n').next());
        if owner.is_some_and(|owner| owner.parse::<u32>().is_ok() && !Path::new("/proc").join(owner).exists()) {
            let _ = ip(&["netns", "del", namespace]);
            let _ = std::fs::remove_dir_all(std::env::temp_dir().join(namespace));
        }
    }
}

/// One of OpenThread's programs.
///
/// # Panics
/// If it is not built.
fn program_at(name: &str) -> PathBuf {
    let path = programs().join(name);
    assert!(path.exists(), "{} is not there: `cargo xtask openthread` builds it", path.display());
    path
}

/// `cargo xtask test` names the folder in `WEFT_OPENTHREAD`; else it is looked for beside this program.
pub fn programs() -> PathBuf {
    let beside = || {
        // `target/debug/deps/mesh-…`
        let program = std::env::current_exe().unwrap();
        program.ancestors().nth(3).unwrap().join("openthread/bin")
    };
    std::env::var_os("WEFT_OPENTHREAD").map_or_else(beside, PathBuf::from)
}

fn ip(arguments: &[&str]) -> Result<String, String> {
    let output = Command::new("ip")
        .args(arguments)
        .stdin(Stdio::null())
        .output()
        .map_err(|error| error.to_string())?;
    if output.status.success() {
        Ok(String::from_utf8_lossy(&output.stdout).into_owned())
    } else {
        Err(String::from_utf8_lossy(&output.stderr).trim().to_owned())
    }
}
