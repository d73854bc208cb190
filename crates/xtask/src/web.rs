//! The page's side of the test command: what it depends on, whether what is committed is what its sources give, its own tests.

use crate::{cargo, on_path, run, target_directory, workspace};
use anyhow::{Context, Result, bail};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;

/// Devices of the simulated campus that the page is tried with.
const CAMPUS_DEVICES: &str = "5000";

/// Where the page's sources lie.
fn folder() -> PathBuf {
    workspace().join("web-ui")
}

fn npm(arguments: &[&str]) -> Command {
    let mut command = Command::new("npm");
    command.args(arguments).current_dir(folder());
    command
}

/// Installs exactly what the lock file says, where that is not there yet.
pub(crate) fn install() -> Result<()> {
    if !on_path("node") || !on_path("npm") {
        bail!("the page's tests need Node.js 20.19 or newer and npm");
    }
    let lock = std::fs::read(folder().join("package-lock.json")).context("cannot read web-ui/package-lock.json")?;
    // Written last: what stands there is what is installed whole.
    let installed = folder().join("node_modules/.installed-package-lock.json");
    if std::fs::read(&installed).is_ok_and(|installed| installed == lock) {
        return Ok(());
    }
    eprintln!("xtask: installing what the page is built and tested with");
    run(&mut npm(&["ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"]))?;
    std::fs::write(&installed, lock)?;
    Ok(())
}

/// Builds the page anew and compares it with the committed one; types, rules and unit tests of its sources.
pub(crate) fn check() -> Result<()> {
    install()?;
    run(&mut npm(&["run", "--silent", "check"]))?;
    run(&mut npm(&["run", "--silent", "test"]))?;
    let fresh = target_directory()?.join("web-ui/dist");
    let fresh_argument = fresh.to_string_lossy().into_owned();
    run(&mut npm(&[
        "exec",
        "--",
        "vite",
        "build",
        "--logLevel",
        "warn",
        "--outDir",
        &fresh_argument,
    ]))?;
    let (built, committed) = (contents(&fresh)?, contents(&folder().join("dist"))?);
    let names = built.keys().chain(committed.keys().filter(|name| !built.contains_key(*name)));
    let different: Vec<&str> = names
        .filter(|name| *name != ".source-hash" && built.get(*name) != committed.get(*name))
        .map(String::as_str)
        .collect();
    if !different.is_empty() {
        bail!(
            "web-ui/dist is not what its sources give ({}): run `npm run build` in web-ui and commit it",
            different.join(", ")
        );
    }
    Ok(())
}

/// The page in a browser, over the very program that users get. `arguments` go to the test runner.
pub(crate) fn browse(arguments: &[String]) -> Result<()> {
    install()?;
    cargo(["build", "--package", "weft-mesh"])?;
    let target = target_directory()?;
    let openthread = crate::openthread::install(&target)?;
    let campus = absolute(&target)?.join("web-ui/campus.jsonl");
    std::fs::create_dir_all(target.join("web-ui"))?;
    if !campus.exists() {
        let path = campus.to_string_lossy();
        cargo([
            "run",
            "--quiet",
            "--package",
            "weft-simulator",
            "--example",
            "meshes",
            "--",
            CAMPUS_DEVICES,
            &path,
        ])?;
    }
    let mut command = npm(&["exec", "--", "playwright", "test"]);
    command
        .args(arguments)
        .env("WEFT_BIN", absolute(&target.join("debug/weft"))?)
        .env("WEFT_OUT", absolute(&target)?.join("web-ui"))
        .env("WEFT_OPENTHREAD", absolute(&openthread)?)
        .env("WEFT_CAMPUS", campus);
    run(&mut command)
}

/// How fast the page is, beside the drawing library that the leading peer uses.
pub(crate) fn bench(arguments: &[String]) -> Result<()> {
    install()?;
    let mut command = npm(&["run", "--silent", "bench", "--"]);
    command.args(arguments);
    run(&mut command)
}

/// Other programs run in other folders.
fn absolute(path: &Path) -> Result<PathBuf> {
    std::path::absolute(path).with_context(|| format!("no such folder: {}", path.display()))
}

fn contents(folder: &Path) -> Result<BTreeMap<String, Vec<u8>>> {
    let mut found = BTreeMap::new();
    for entry in std::fs::read_dir(folder).with_context(|| format!("cannot read {}", folder.display()))? {
        let path = entry?.path();
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        found.insert(name, std::fs::read(&path).with_context(|| format!("cannot read {}", path.display()))?);
    }
    Ok(found)
}
