//! OpenThread's own programs, as peers: nodes with a command line and a radio co-processor, all on a simulated radio, and a border router that
//! runs such a co-processor. They are built from the sources that the crate `openthread-sys` bundles. No part of Weft depends on that crate; cargo
//! only downloads it.

use super::run;
use anyhow::{Context, Result};
use cargo_metadata::MetadataCommand;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// The crate whose sources are built.
const VERSION: &str = "0.4.0";

/// One configuration of OpenThread, and what of it the tests start.
struct Build {
    name: &'static str,
    options: &'static [&'static str],
    /// Programs, and the folder of the build that they come to lie in.
    programs: &'static [(&'static str, &'static str)],
}

/// What both have in common.
const COMMON: [&str; 17] = [
    "-DBUILD_TESTING=OFF",
    "-DCMAKE_BUILD_TYPE=None",
    "-DCMAKE_C_FLAGS=-O1",
    "-DCMAKE_CXX_FLAGS=-O1",
    "-DOT_LINKER_MAP=OFF",
    "-DOT_COMPILE_WARNING_AS_ERROR=OFF",
    "-DOT_LOG_LEVEL=NOTE",
    "-DOT_BORDER_ROUTER=ON",
    "-DOT_COMMISSIONER=ON",
    "-DOT_ECDSA=ON",
    "-DOT_MAC_FILTER=ON",
    "-DOT_MESH_DIAG=ON",
    "-DOT_NETDIAG_CLIENT=ON",
    "-DOT_SERVICE=ON",
    "-DOT_SLAAC=ON",
    "-DOT_SRP_CLIENT=ON",
    "-DOT_SRP_SERVER=ON",
];

const BUILDS: [Build; 2] = [
    Build {
        name: "simulation",
        options: &[
            "-DOT_PLATFORM=simulation",
            "-DOT_APP_NCP=OFF",
            "-DOT_SIMULATION_MAX_NETWORK_SIZE=64",
            "-DOT_SIMULATION_INFRA_IF=OFF",
            "-DOT_SIMULATION_DNSSD=OFF",
            "-DOT_CSL_RECEIVER=ON",
            "-DOT_JOINER=ON",
            "-DOT_LINK_METRICS_INITIATOR=ON",
            "-DOT_LINK_METRICS_SUBJECT=ON",
            "-DOT_NETDIAG_VENDOR_INFO=ON",
        ],
        programs: &[
            ("ot-cli-ftd", "examples/apps/cli"),
            ("ot-cli-mtd", "examples/apps/cli"),
            ("ot-rcp", "examples/apps/ncp"),
        ],
    },
    Build {
        name: "posix",
        options: &[
            "-DOT_PLATFORM=posix",
            "-DOT_DAEMON=ON",
            "-DOT_POSIX_RCP_HDLC_BUS=ON",
            "-DOT_MTD=OFF",
            "-DOT_RCP=OFF",
            "-DOT_BORDER_AGENT=ON",
            "-DOT_BORDER_AGENT_EPSKC=ON",
            "-DOT_BORDER_AGENT_ID=ON",
            "-DOT_BORDER_AGENT_MESHCOP_SERVICE=ON",
            "-DOT_BORDER_ROUTING=ON",
            "-DOT_MDNS=ON",
            "-DOT_PLATFORM_NETIF=ON",
            "-DOT_PLATFORM_UDP=ON",
            "-DOT_TREL=ON",
            "-DOT_TREL_MANAGE_DNSSD=ON",
        ],
        programs: &[("ot-daemon", "src/posix"), ("ot-ctl", "src/posix")],
    },
];

/// Builds the programs where they are not there yet: about six minutes on two cores. The folder that they are in.
pub fn install(target: &Path) -> Result<PathBuf> {
    let programs = target.join("openthread/bin");
    for build in &BUILDS {
        build
            .install(target, &programs)
            .with_context(|| format!("building OpenThread for {}", build.name))?;
    }
    Ok(programs)
}

impl Build {
    fn install(&self, target: &Path, programs: &Path) -> Result<()> {
        // Written last: what stands there is what is built.
        let built = programs.join(format!("built-{}.txt", self.name));
        let options: Vec<&str> = COMMON.iter().chain(self.options).copied().collect();
        let names: Vec<&str> = self.programs.iter().map(|(name, _)| *name).collect();
        let wanted = format!("openthread-sys {VERSION}\n{}\n{}\n", options.join("\n"), names.join("\n"));
        if fs::read_to_string(&built).is_ok_and(|built| built == wanted) {
            return Ok(());
        }
        let source = sources(target)?;
        let build = target.join("openthread/build").join(self.name);
        eprintln!("xtask: building OpenThread's {} into {}", names.join(", "), programs.display());
        if build.exists() {
            fs::remove_dir_all(&build).with_context(|| format!("cannot remove {}", build.display()))?;
        }
        fs::create_dir_all(&build)?;
        fs::create_dir_all(programs)?;
        run(Command::new("cmake")
            .args(["-G", "Ninja", "--log-level=ERROR"])
            .args(options)
            .arg(&source)
            .current_dir(&build))?;
        run(Command::new("ninja").arg("--quiet").args(names).current_dir(&build))?;
        for (name, from) in self.programs {
            let from = build.join(from).join(name);
            // Removed first: a test may still run the former one.
            let to = programs.join(name);
            if to.exists() {
                fs::remove_file(&to).with_context(|| format!("cannot remove {}", to.display()))?;
            }
            fs::copy(&from, to).with_context(|| format!("cannot copy {}", from.display()))?;
        }
        fs::remove_dir_all(&build)?;
        fs::write(&built, wanted).with_context(|| format!("cannot write {}", built.display()))
    }
}

/// Lets cargo download the crate, by a project that only names it; where its sources are.
pub fn sources(target: &Path) -> Result<PathBuf> {
    let project = target.join("openthread/source");
    fs::create_dir_all(&project)?;
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
