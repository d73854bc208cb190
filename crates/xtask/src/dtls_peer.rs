//! The DTLS peer of the tests: a program of ours on mbedTLS, built from the sources that the crate `openthread-sys` bundles. No part of Weft depends on
//! either; cargo only downloads the crate.

use super::{run, workspace};
use anyhow::{Context, Result};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// Where its own sources lie.
const SOURCES: &str = "tests/peers/dtls";
/// What they are.
const FILES: [&str; 3] = ["CMakeLists.txt", "peer.c", "peer_config.h"];
const PROGRAM: &str = "dtls-peer";

/// Builds the program where it is not there yet: a quarter of a minute. `openthread` is the folder of OpenThread's sources; the program's path.
pub fn install(target: &Path, openthread: &Path) -> Result<PathBuf> {
    let folder = target.join(PROGRAM);
    let program = folder.join(PROGRAM);
    let sources = workspace().join(SOURCES);
    // Written last: what stands there is what is built.
    let built = folder.join("built.txt");
    let mut wanted = format!("{}\n", openthread.display());
    for name in FILES {
        let path = sources.join(name);
        wanted += &fs::read_to_string(&path).with_context(|| format!("cannot read {}", path.display()))?;
    }
    if program.is_file() && fs::read_to_string(&built).is_ok_and(|built| built == wanted) {
        return Ok(program);
    }
    eprintln!("xtask: building the tests' DTLS peer into {}", folder.display());
    let build = folder.join("build");
    if build.exists() {
        fs::remove_dir_all(&build).with_context(|| format!("cannot remove {}", build.display()))?;
    }
    fs::create_dir_all(&build)?;
    let mbedtls = openthread.join("third_party/mbedtls/repo");
    run(Command::new("cmake")
        .args(["-G", "Ninja", "--log-level=ERROR"])
        .arg(format!("-DMBEDTLS={}", mbedtls.display()))
        .arg(&sources)
        .current_dir(&build))?;
    run(Command::new("ninja").arg("--quiet").current_dir(&build))?;
    fs::copy(build.join(PROGRAM), &program).context("cannot copy the DTLS peer")?;
    fs::remove_dir_all(&build)?;
    fs::write(&built, wanted)?;
    Ok(program)
}
