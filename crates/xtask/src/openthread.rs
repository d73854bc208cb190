//! OpenThread's own programs, as peers: a node with a command line, and a radio co-processor, both on a simulated radio. They are built from the sources
//! that the crate `openthread-sys` bundles. No part of Weft depends on that crate; cargo only downloads it.

use super::run;
use anyhow::{Context, Result};
use cargo_metadata::MetadataCommand;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// The crate whose sources are built.
const VERSION: &str = "0.4.0";
/// What the tests start.
const PROGRAMS: [&str; 2] = ["ot-cli-ftd", "ot-rcp"];
/// How it is configured. One full device is enough: with another mode it is a minimal, sleepy one.
const OPTIONS: [&str; 27] = [
    "-DBUILD_TESTING=OFF",
    "-DCMAKE_BUILD_TYPE=None",
    "-DCMAKE_C_FLAGS=-O1",
    "-DCMAKE_CXX_FLAGS=-O1",
    "-DOT_PLATFORM=simulation",
    "-DOT_MTD=OFF",
    "-DOT_APP_NCP=OFF",
    "-DOT_LINKER_MAP=OFF",
    "-DOT_COMPILE_WARNING_AS_ERROR=OFF",
    "-DOT_LOG_LEVEL=NOTE",
    "-DOT_SIMULATION_MAX_NETWORK_SIZE=64",
    "-DOT_SIMULATION_INFRA_IF=OFF",
    "-DOT_SIMULATION_DNSSD=OFF",
    "-DOT_BORDER_ROUTER=ON",
    "-DOT_COMMISSIONER=ON",
    "-DOT_CSL_RECEIVER=ON",
    "-DOT_ECDSA=ON",
    "-DOT_JOINER=ON",
    "-DOT_LINK_METRICS_INITIATOR=ON",
    "-DOT_LINK_METRICS_SUBJECT=ON",
    "-DOT_MAC_FILTER=ON",
    "-DOT_MESH_DIAG=ON",
    "-DOT_NETDIAG_CLIENT=ON",
    "-DOT_SERVICE=ON",
    "-DOT_SLAAC=ON",
    "-DOT_SRP_CLIENT=ON",
    "-DOT_SRP_SERVER=ON",
];

/// Builds the programs where they are not there yet: three to four minutes on two cores. The folder that they are in.
pub fn install(target: &Path) -> Result<PathBuf> {
    let folder = target.join("openthread");
    let programs = folder.join("bin");
    // Written last: what stands there is what is built.
    let built = programs.join("built.txt");
    let wanted = format!("openthread-sys {VERSION}\n{}\n", OPTIONS.join("\n"));
    if fs::read_to_string(&built).is_ok_and(|built| built == wanted) {
        return Ok(programs);
    }
    let source = sources(&folder.join("source"))?;
    let build = folder.join("build");
    eprintln!("xtask: building OpenThread's programs into {}", programs.display());
    if build.exists() {
        fs::remove_dir_all(&build).with_context(|| format!("cannot remove {}", build.display()))?;
    }
    fs::create_dir_all(&build)?;
    fs::create_dir_all(&programs)?;
    run(Command::new("cmake")
        .args(["-G", "Ninja", "--log-level=ERROR"])
        .args(OPTIONS)
        .arg(&source)
        .current_dir(&build))?;
    run(Command::new("ninja").arg("--quiet").args(PROGRAMS).current_dir(&build))?;
    for (name, from) in PROGRAMS.iter().zip(["examples/apps/cli", "examples/apps/ncp"]) {
        let from = build.join(from).join(name);
        fs::copy(&from, programs.join(name)).with_context(|| format!("cannot copy {}", from.display()))?;
    }
    fs::remove_dir_all(&build)?;
    fs::write(&built, wanted)?;
    Ok(programs)
}

/// Lets cargo download the crate, by a project that only names it; where its sources are.
fn sources(project: &Path) -> Result<PathBuf> {
    fs::create_dir_all(project)?;
    let manifest = project.join("Cargo.toml");
    let content = format!(
        "[package]\nname = \"openthread-source\"\nversion = \"0.0.0\"\nedition = \"2024\"\n\n[lib]\npath = \"empty.rs\"\n\n[dependencies]\n\
         openthread-sys = {{ version = \"={VERSION}\", default-features = false }}\n\n[workspace]\n"
    );
    fs::write(&manifest, content)?;
    fs::write(project.join("empty.rs"), "")?;
    let metadata = MetadataCommand::new()
        .manifest_path(&manifest)
        .exec()
        .context("cargo cannot download openthread-sys")?;
    let package = metadata.packages.iter().find(|package| package.name.as_str() == "openthread-sys");
    let manifest = &package.context("cargo does not know openthread-sys")?.manifest_path;
    let folder = manifest.parent().context("a manifest lies in a folder")?;
    Ok(folder.join("openthread").into_std_path_buf())
}
