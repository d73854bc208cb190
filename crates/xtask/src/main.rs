//! `cargo xtask test` is the one test command; `cargo xtask fuzz` runs the fuzz targets for a while.

mod dtls_peer;
mod openthread;
mod web;

use anyhow::{Context, Result, bail};
use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::Command;

const HELP: &str = "\
cargo xtask test              installs what the tests need (Debian packages) and runs all of them
cargo xtask web [ARGS…]       only the page: its sources, what is built of them, and the page in a browser
cargo xtask web-bench         how fast the page is, beside another drawing library
cargo xtask peers             installs only what the tests' peers depend on
cargo xtask openthread        builds only the peers in C: OpenThread's own programs, with which tests make meshes, and the DTLS peer
cargo xtask check             formatting and clippy, as CI runs them
cargo xtask fuzz [SECONDS] [TARGET…]
                              runs each fuzz target for SECONDS (default 60) on the stable toolchain
cargo xtask demo              makes the recording that `weft demo` plays anew
cargo xtask bench [ARGS…]     runs the benchmarks";

fn main() -> Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let rest = arguments.get(1..).unwrap_or_default();
    match arguments.first().map(String::as_str) {
        Some("test") => test(rest),
        Some("web") => {
            install_programs()?;
            web::check()?;
            web::browse(rest)
        }
        Some("web-bench") => {
            install_programs()?;
            web::bench(rest)
        }
        Some("peers") => {
            install_programs()?;
            install_matter_server(&install_peers()?).map(drop)
        }
        Some("openthread") => {
            install_programs()?;
            install_mesh_peers().map(drop)
        }
        Some("check") => check(),
        Some("fuzz") => fuzz(rest),
        Some("demo") => cargo([
            "run",
            "--release",
            "--package",
            "weft-simulator",
            "--example",
            "demo",
            "--",
            "crates/weft/demo/home.jsonl.gz",
        ]),
        Some("bench") => bench(rest),
        Some("help" | "--help" | "-h") | None => {
            println!("{HELP}");
            Ok(())
        }
        Some(other) => bail!("unknown chore {other:?}\n\n{HELP}"),
    }
}

/// Programs that tests start, as real peers or to run them, and the Debian packages that have them.
const PROGRAMS: [(&str, &str); 10] = [
    ("ip", "iproute2"),
    ("chromium", "chromium"),
    ("chromedriver", "chromium-driver"),
    ("avahi-daemon", "avahi-daemon"),
    ("node", "nodejs"),
    ("npm", "npm"),
    ("python3", "python3"),
    ("c++", "g++"),
    ("cmake", "cmake"),
    ("ninja", "ninja-build"),
];

/// Where the sources of the virtual devices lie, and the list of what they depend on.
const FLEET: &str = "tests/peers/fleet";
/// The oldest Node.js that matter.js runs on.
const NODE_MAJOR: u32 = 20;

fn test(arguments: &[String]) -> Result<()> {
    install_programs()?;
    web::check()?;
    let peers = install_peers()?;
    // One after the other: each of these, and cargo, takes all cores.
    let [openthread, dtls_peer] = install_mesh_peers()?;
    let matter_server = install_matter_server(&peers);
    // The page is tested against the very program that users get; the tests find it by this path.
    cargo(["build", "--package", "weft-mesh"])?;
    let program = target_directory()?.join("debug/weft");
    let mut command = cargo_command(
        ["test", "--workspace", "--no-fail-fast"]
            .iter()
            .copied()
            .chain(arguments.iter().map(String::as_str)),
    );
    command
        .env("WEFT_BIN", program)
        .env("WEFT_PEERS", peers)
        .env("WEFT_OPENTHREAD", openthread)
        .env("WEFT_DTLS_PEER", dtls_peer);
    match matter_server {
        Ok(python) => _ = command.env("WEFT_MATTER_SERVER", python),
        Err(error) => eprintln!("xtask: without python-matter-server the tests with it will fail: {error:#}"),
    }
    run(&mut command)?;
    web::browse(&[])
}

/// Builds the peers in C: the folder of OpenThread's programs, and the DTLS peer.
fn install_mesh_peers() -> Result<[PathBuf; 2]> {
    let target = target_directory()?;
    let openthread = openthread::install(&target)?;
    let dtls_peer = dtls_peer::install(&target, &openthread::sources(&target)?)?;
    Ok([openthread, dtls_peer])
}

/// Benchmarks of the very program that users get need it built as users get it.
fn bench(arguments: &[String]) -> Result<()> {
    install_programs()?;
    let peers = install_peers()?;
    let [openthread, _] = install_mesh_peers()?;
    cargo(["build", "--release", "--package", "weft-mesh"])?;
    let mut command = cargo_command(
        ["bench", "--package", "weft-tests", "--package", "weft-layout"]
            .iter()
            .copied()
            .chain(arguments.iter().map(String::as_str)),
    );
    match install_matter_server(&peers) {
        Ok(python) => _ = command.env("WEFT_MATTER_SERVER", python),
        Err(error) => eprintln!("xtask: without python-matter-server there is nothing to measure beside: {error:#}"),
    }
    command
        .env("WEFT_BIN", target_directory()?.join("release/weft"))
        .env("WEFT_PEERS", peers)
        .env("WEFT_OPENTHREAD", openthread);
    run(&mut command)
}

/// Installs what the virtual devices depend on, exactly as their lock file says, outside the sources; the folder where it is.
fn install_peers() -> Result<PathBuf> {
    let folder = target_directory()?.join("peers");
    if !on_path("node") || !on_path("npm") {
        eprintln!("xtask: without Node.js and npm the tests with virtual devices will fail");
        return Ok(folder);
    }
    let version = Command::new("node").arg("--version").output().context("cannot run node")?;
    let version = String::from_utf8_lossy(&version.stdout).trim().to_owned();
    let major = version
        .trim_start_matches('v')
        .split('.')
        .next()
        .and_then(|major| major.parse::<u32>().ok());
    if major.is_none_or(|major| major < NODE_MAJOR) {
        bail!("the tests' virtual devices need Node.js {NODE_MAJOR} or newer; here is {version}");
    }
    let lock = std::fs::read(workspace().join(FLEET).join("package-lock.json")).context("cannot read the lock file of the peers")?;
    // Written last: what stands there is what is installed whole.
    let installed = folder.join("installed-package-lock.json");
    if std::fs::read(&installed).is_ok_and(|installed| installed == lock) {
        return Ok(folder);
    }
    std::fs::create_dir_all(&folder)?;
    for name in ["package.json", "package-lock.json"] {
        std::fs::copy(workspace().join(FLEET).join(name), folder.join(name)).with_context(|| format!("cannot copy {name}"))?;
    }
    eprintln!("xtask: installing what the tests' virtual devices depend on into {}", folder.display());
    let arguments = ["ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"];
    run(Command::new("npm").args(arguments).current_dir(&folder))?;
    std::fs::write(&installed, lock)?;
    Ok(folder)
}

/// The other controller, which Weft listens to and is measured beside: the CHIP SDK's, as Home Assistant had it. The last release for each Python, newest first.
const MATTER_SERVERS: [((u8, u8), &str); 2] = [
    ((3, 12), "python-matter-server[server]==8.1.2"),
    ((3, 11), "python-matter-server[server]==7.0.1"),
];
/// Loads its library, which needs another one.
const MATTER_SERVER_WORKS: &str = "import ctypes, chip.native as n, matter_server.server; ctypes.CDLL(n.FindNativeLibraryPath(n.Library.CONTROLLER))";

/// Installs that controller into an environment of its own; its Python.
fn install_matter_server(peers: &Path) -> Result<PathBuf> {
    let folder = peers.join("matter-server");
    let python = folder.join("bin/python");
    let works = || {
        let check = Command::new(&python).args(["-c", MATTER_SERVER_WORKS]).output();
        check.is_ok_and(|output| output.status.success())
    };
    if works() {
        return Ok(python);
    }
    let is_new_enough = |name: &str, (major, minor): (u8, u8)| {
        let check = Command::new(name)
            .args(["-c", &format!("import sys; sys.exit(sys.version_info < ({major}, {minor}))")])
            .output();
        check.is_ok_and(|output| output.status.success())
    };
    let named = std::env::var("WEFT_PYTHON").ok();
    let names: Vec<String> = named
        .into_iter()
        .chain(["python3", "python3.12", "python3.13"].map(str::to_owned))
        .collect();
    let choices = || {
        MATTER_SERVERS
            .iter()
            .flat_map(|(version, release)| names.iter().map(move |name| (name, *version, *release)))
    };
    let (base, _, release) = choices()
        .find(|(name, version, _)| is_new_enough(name, *version))
        .context("it needs Python 3.11; WEFT_PYTHON may name one")?;
    let make = || run(Command::new(base).args(["-m", "venv", "--clear"]).arg(&folder));
    if make().is_err() {
        apt_get_install(&["python3-venv"])?;
        make()?;
    }
    run(Command::new(&python).args(["-m", "pip", "install", "--quiet", "--disable-pip-version-check", release]))?;
    if !works() {
        apt_get_install(&["libnl-route-3-200"])?;
    }
    if !works() {
        bail!("its native library does not load");
    }
    Ok(python)
}

/// Installs what is missing, where this machine lets us; else says what to install and lets the tests that need it fail.
fn install_programs() -> Result<()> {
    let missing: Vec<&str> = PROGRAMS
        .iter()
        .filter(|(program, _)| !on_path(program))
        .map(|(_, package)| *package)
        .collect();
    if missing.is_empty() {
        return Ok(());
    }
    let is_root = Command::new("id").arg("-u").output().is_ok_and(|output| output.stdout == b"0\n");
    if !is_root || !on_path("apt-get") {
        eprintln!(
            "xtask: tests with real peers need these Debian packages: {} (install them with `apt-get install`)",
            missing.join(" ")
        );
        return Ok(());
    }
    apt_get_install(&missing)
}

fn apt_get_install(packages: &[&str]) -> Result<()> {
    eprintln!("xtask: installing {}", packages.join(" "));
    run(Command::new("apt-get").args(["update", "-q"]))?;
    let mut command = Command::new("apt-get");
    command
        .args(["install", "-y", "-q", "--no-install-recommends"])
        .args(packages)
        .env("DEBIAN_FRONTEND", "noninteractive");
    // The tests start their own daemons in namespaces of their own; none has to run beside them.
    command.env("RUNLEVEL", "1");
    run(&mut command)
}

fn on_path(program: &str) -> bool {
    let folders = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&folders)
        .chain([PathBuf::from("/usr/sbin"), PathBuf::from("/sbin")])
        .any(|folder| folder.join(program).is_file())
}

fn check() -> Result<()> {
    cargo(["fmt", "--all", "--check"])?;
    cargo(["clippy", "--workspace", "--all-targets", "--", "-D", "warnings"])
}

/// Fuzzing without a nightly toolchain: the coverage instrumentation is in stable, only the sanitizers are not.
fn fuzz(arguments: &[String]) -> Result<()> {
    let (seconds, targets) = match arguments.split_first() {
        Some((first, rest)) if first.parse::<u32>().is_ok() => (first.parse::<u32>()?, rest),
        _ => (60, arguments),
    };
    let host = host_triple()?;
    let directory = target_directory()?.join("fuzz");
    let flags = "-Cpasses=sancov-module -Cllvm-args=-sanitizer-coverage-level=4 -Cllvm-args=-sanitizer-coverage-inline-8bit-counters \
                 -Cllvm-args=-sanitizer-coverage-pc-table -Cllvm-args=-sanitizer-coverage-trace-compares --cfg=fuzzing -Cdebug-assertions=on -Ccodegen-units=1";
    let mut build = cargo_command([
        "build",
        "--release",
        "--package",
        "weft-fuzz",
        "--features",
        "libfuzzer",
        "--target",
        host.as_str(),
    ]);
    build
        .env("RUSTFLAGS", flags)
        .env("CARGO_TARGET_DIR", &directory)
        .env("CARGO_PROFILE_RELEASE_LTO", "off");
    run(&mut build)?;
    let program = directory.join(&host).join("release/weft-fuzz");
    let corpus = workspace().join("crates/wire/fuzz/corpus");
    let mut names: Vec<String> = targets.to_vec();
    if names.is_empty() {
        let entries = std::fs::read_dir(&corpus).with_context(|| format!("cannot list {}", corpus.display()))?;
        names = entries.filter_map(|entry| entry.ok()?.file_name().into_string().ok()).collect();
        names.sort();
    }
    for name in names {
        // What is found new stays outside the committed seeds.
        let found = directory.join("corpus").join(&name);
        std::fs::create_dir_all(&found)?;
        eprintln!("xtask: fuzzing {name} for {seconds} s");
        let mut command = Command::new(&program);
        command.env("WEFT_FUZZ_TARGET", &name).current_dir(&directory);
        command.arg(&found).arg(corpus.join(&name)).arg(format!("-max_total_time={seconds}"));
        command.args([
            "-max_len=16384",
            "-rss_limit_mb=1024",
            "-timeout=10",
            "-print_final_stats=1",
            "-verbosity=0",
        ]);
        run(&mut command).with_context(|| format!("target {name}; the input lies in {}", directory.display()))?;
    }
    Ok(())
}

fn host_triple() -> Result<String> {
    let output = Command::new("rustc").arg("-vV").output().context("cannot run rustc")?;
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    text.lines()
        .find_map(|line| line.strip_prefix("host: ").map(str::to_owned))
        .context("rustc does not tell its host")
}

fn workspace() -> PathBuf {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    here.ancestors().nth(2).unwrap_or(here).to_owned()
}

fn target_directory() -> Result<PathBuf> {
    Ok(std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| workspace().join("target"), PathBuf::from))
}

fn cargo_command<S: AsRef<OsStr>>(arguments: impl IntoIterator<Item = S>) -> Command {
    let mut command = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    command.args(arguments).current_dir(workspace());
    command
}

fn cargo<S: AsRef<OsStr>>(arguments: impl IntoIterator<Item = S>) -> Result<()> {
    run(&mut cargo_command(arguments))
}

fn run(command: &mut Command) -> Result<()> {
    let status = command
        .status()
        .with_context(|| format!("cannot start {}", command.get_program().display()))?;
    if !status.success() {
        bail!("{} failed: {status}", command.get_program().display());
    }
    Ok(())
}
