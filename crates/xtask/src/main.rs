//! `cargo xtask test` is the one test command; `cargo xtask fuzz` runs the fuzz targets for a while.

use anyhow::{Context, Result, bail};
use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::Command;

const HELP: &str = "\
cargo xtask test              installs what the tests need (Debian packages) and runs all of them
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
        Some("bench") => cargo(
            ["bench", "--package", "weft-tests", "--package", "weft-layout"]
                .iter()
                .copied()
                .chain(rest.iter().map(String::as_str)),
        ),
        Some("help" | "--help" | "-h") | None => {
            println!("{HELP}");
            Ok(())
        }
        Some(other) => bail!("unknown chore {other:?}\n\n{HELP}"),
    }
}

/// Programs that tests start as real peers, and the Debian packages that have them.
const PEERS: [(&str, &str); 4] = [
    ("ip", "iproute2"),
    ("chromium", "chromium"),
    ("chromedriver", "chromium-driver"),
    ("avahi-daemon", "avahi-daemon"),
];

fn test(arguments: &[String]) -> Result<()> {
    install_peers()?;
    // The page is tested against the very program that users get; the tests find it by this path.
    cargo(["build", "--package", "weft-mesh"])?;
    let program = target_directory()?.join("debug/weft");
    let mut command = cargo_command(
        ["test", "--workspace", "--no-fail-fast"]
            .iter()
            .copied()
            .chain(arguments.iter().map(String::as_str)),
    );
    command.env("WEFT_BIN", program);
    run(&mut command)
}

/// Installs what is missing, where this machine lets us; else says what to install and lets the tests that need it fail.
fn install_peers() -> Result<()> {
    let missing: Vec<&str> = PEERS
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
    eprintln!("xtask: installing {}", missing.join(" "));
    run(Command::new("apt-get").args(["update", "-q"]))?;
    let mut command = Command::new("apt-get");
    command
        .args(["install", "-y", "-q", "--no-install-recommends"])
        .args(&missing)
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
