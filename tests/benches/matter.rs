//! Weft's own fabric measured on fleets of virtual devices, beside python-matter-server on the same fleet where that is installed (`WEFT_MATTER_SERVER`
//! names a Python that has it; `cargo xtask bench` sees to it), else beside figures that were taken on another day.
//!
//! `cargo bench --bench matter -- home` runs one: `home` (44 devices), `radio` (20 with a mesh's delays), `many` (250).

#![allow(clippy::disallowed_methods)] // Measures.

#[path = "../peers/harness/mod.rs"]
mod harness;

use harness::{Device, Fleet, Folder, Host, Lan, Program, Radio, Weft, mesh, patiently, problems_of};
use serde_json::{Value, json};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::{Duration, Instant};
use weft_model::Timestamp;

const SECONDS: fn(u64) -> Duration = Duration::from_secs;
/// Devices that the peer commissions at once.
const PARALLEL: u32 = 10;
/// Between two questions to one device that a person asks for.
const APART: Duration = Duration::from_secs(31);
/// For how long the processor time of a fabric at rest is taken.
const REST: Duration = Duration::from_secs(60);
const PEER_URL: &str = "ws://127.0.0.1:5580/ws";

/// One measurement, in seconds where nothing else is said.
#[derive(Debug, Clone, Copy, Default)]
struct Figures {
    commission: f64,
    each: f64,
    read: f64,
    resident_mib: f64,
    restart: f64,
}

struct Bench {
    name: &'static str,
    mesh: String,
    radio: Radio,
    /// What python-matter-server took on a quiet machine with two cores, where it was measured.
    former: Option<Figures>,
}

fn main() {
    let wanted: Vec<String> = std::env::args().skip(1).filter(|argument| !argument.starts_with("--")).collect();
    let benches = [
        Bench {
            name: "home",
            mesh: "grow:routers=20,children=30,border=6,matter=44,seed=44".to_owned(),
            radio: Radio::default(),
            former: Some(Figures {
                commission: 27.1,
                each: 0.62,
                read: 5.5,
                resident_mib: 165.0,
                restart: 11.5,
            }),
        },
        Bench {
            name: "radio",
            mesh: mesh("home44"),
            radio: Radio {
                latency: 12,
                jitter: 8,
                loss: 0.0,
                poll: 500,
            },
            former: Some(Figures {
                commission: 86.0,
                each: 3.3,
                read: 2.5,
                resident_mib: 0.0,
                restart: 16.3,
            }),
        },
        Bench {
            name: "many",
            mesh: "grow:routers=32,children=230,border=6,matter=250,seed=250".to_owned(),
            radio: Radio::default(),
            former: None,
        },
    ];
    for bench in benches {
        if wanted.is_empty() || wanted.iter().any(|name| name == bench.name) {
            bench.run();
        }
    }
}

impl Bench {
    fn run(&self) {
        let Some(lan) = Lan::alone() else { return };
        let fleet = Fleet::start(&lan.host("dev"), &self.mesh, self.radio);
        let devices = fleet.devices();
        println!("== {}: {} devices", self.name, devices.len());
        let host = lan.host("weft");
        host.route(&prefix_of(&devices));
        let ours = self.weft(&host, &fleet, &devices);
        let theirs = match std::env::var_os("WEFT_MATTER_SERVER") {
            Some(python) if self.former.is_some() => {
                // Devices that have no fabric any more start anew by themselves; switched off and on, they announce what they did at first.
                let stale = || fleet.devices().iter().filter(|device| !device.up || !device.fabrics.is_empty()).count();
                patiently("fresh devices", SECONDS(60), || {
                    if stale() == 0 { Ok(()) } else { Err(format!("{} are not", stale())) }
                });
                fleet.call("restart", &json!({}));
                let host = lan.host("peer");
                host.route(&prefix_of(&devices));
                Some(("python-matter-server, now", peer(&host, Path::new(&python), &fleet)))
            }
            _ => self.former.map(|figures| ("python-matter-server, earlier", figures)),
        };
        let Some((name, theirs)) = theirs else { return };
        println!("{:<36} {:>10} {:>30} {:>8}", "", "Weft", name, "ratio");
        for (what, ours, theirs) in [
            ("commission all, s", ours.commission, theirs.commission),
            ("one device, median, s", ours.each, theirs.each),
            ("read all tables, s", ours.read, theirs.read),
            ("resident memory, MiB", ours.resident_mib, theirs.resident_mib),
            ("restart until all are fresh, s", ours.restart, theirs.restart),
        ] {
            if theirs > 0.0 {
                println!("{what:<36} {ours:>10.2} {theirs:>30.2} {:>7.1}x", theirs / ours);
            }
        }
    }

    fn weft(&self, host: &Host, fleet: &Fleet, devices: &[Device]) -> Figures {
        let mut weft = Weft::start(host);
        let truth = fleet.truth();
        let idle = weft.resident_kib();
        // QR payloads name one device each, for either side.
        let codes: Vec<String> = devices.iter().filter_map(|device| device.qr_code.clone()).collect();
        let began = Instant::now();
        let jobs = weft.joined(&weft.pair(&codes), SECONDS(600));
        let commission = began.elapsed().as_secs_f64();
        let mut each: Vec<u64> = jobs
            .iter()
            .map(|job| job.steps.iter().filter_map(|step| step.milliseconds).sum())
            .collect();
        each.sort_unstable();
        println!(
            "paired in {commission:.2} s; one device {} ms in the median, {} ms at most",
            each[each.len() / 2],
            each[each.len() - 1]
        );
        let complete = |weft: &Weft| {
            let problems = problems_of(&weft.get("/api/v1/topology?claims=none"), &truth);
            if problems.is_empty() {
                Ok(())
            } else {
                Err(format!("{} problems: {:?}", problems.len(), problems.first()))
            }
        };
        patiently("the whole map", SECONDS(900), || complete(&weft));
        println!("the map is complete {:.2} s after the codes were entered", began.elapsed().as_secs_f64());

        let answered = |weft: &Weft| -> Vec<(bool, Option<Timestamp>)> {
            let devices = weft.fabric().devices;
            devices.iter().map(|device| (device.sleepy, device.answered_at)).collect()
        };
        let since = |weft: &Weft, before: &[(bool, Option<Timestamp>)], sleepy_too: bool| {
            let pairs = answered(weft).into_iter().zip(before);
            let late = pairs
                .filter(|((sleepy, now), (_, before))| now <= before && (sleepy_too || !sleepy))
                .count();
            if late == 0 { Ok(()) } else { Err(format!("{late} have not answered")) }
        };
        // A device is not asked twice within half a minute.
        std::thread::sleep(APART);
        fleet.call("clear-counts", &json!({}));
        let before = answered(&weft);
        let began = Instant::now();
        for device in weft.fabric().devices {
            weft.refresh(Some(device.node));
        }
        patiently("an answer of each", SECONDS(900), || since(&weft, &before, true));
        let read = began.elapsed().as_secs_f64();
        let reads: Vec<u64> = fleet.devices().iter().map(|device| device.messages("read")).collect();
        println!(
            "each was asked, and all have answered after {read:.2} s; {} reads in all",
            reads.iter().sum::<u64>()
        );

        let ticks = weft.processor_ticks();
        let began = Instant::now();
        std::thread::sleep(REST);
        let share = (weft.processor_ticks() - ticks) as f64 / began.elapsed().as_secs_f64();
        let resident = weft.resident_kib();
        println!(
            "at rest {share:.2} % of a core; memory {:.1} MiB, {:.1} MiB before the first device",
            mib(resident),
            mib(idle)
        );

        let before = answered(&weft);
        weft.stop();
        let began = Instant::now();
        weft.run();
        let up = began.elapsed().as_secs_f64();
        patiently("the map of before", SECONDS(60), || complete(&weft));
        let map = began.elapsed().as_secs_f64();
        patiently("an answer of each that does not sleep", SECONDS(900), || since(&weft, &before, false));
        let restart = began.elapsed().as_secs_f64();
        println!("restart: answers after {up:.2} s, the map after {map:.2} s, every device that does not sleep asked after {restart:.2} s");
        let left = weft.unpair_all();
        assert!(left.iter().all(|left| left["ok"] == json!(true)), "{left:?}");
        Figures {
            commission,
            each: each[each.len() / 2] as f64 / 1000.0,
            read,
            resident_mib: mib(resident),
            restart,
        }
    }
}

fn mib(kib: u64) -> f64 {
    kib as f64 / 1024.0
}

/// The /64 that the devices' addresses lie in.
fn prefix_of(devices: &[Device]) -> String {
    let groups: Vec<&str> = devices[0].address.split(':').take(4).collect();
    format!("{}::/64", groups.join(":"))
}

/// The same with python-matter-server.
fn peer(host: &Host, python: &Path, fleet: &Fleet) -> Figures {
    let devices = fleet.devices();
    let storage = Folder::new("matter-server");
    let certificates = Folder::new("authorities");
    // Without the first file it would throw the others away, and fetch its own.
    std::fs::write(certificates.path().join(".version"), "1").expect("a file can be written");
    std::fs::write(certificates.path().join("fleet.der"), fleet.authority()).expect("a file can be written");
    let start = || {
        let storage = storage.path().display().to_string();
        let certificates = certificates.path().display().to_string();
        let arguments = [
            "-m",
            "matter_server.server",
            "--storage-path",
            &storage,
            "--paa-root-cert-dir",
            &certificates,
            "--primary-interface",
            "eth0",
            "--disable-server-interactions",
            "--log-level",
            "error",
        ];
        // It keeps its keys in /data, wherever it is told to keep them.
        host.run("mkdir -p /data");
        Program::start(host, "python-matter-server", python, &arguments)
    };
    let mut server = start();
    let ask = |task: Value| -> Value {
        let script = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("benches/matter_peer.py");
        let mut command = host.command(python);
        command.arg(script).stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut child = command.spawn().expect("Python starts");
        child
            .stdin
            .take()
            .expect("an input")
            .write_all(task.to_string().as_bytes())
            .expect("a task is read");
        let output = child.wait_with_output().expect("it ends");
        assert!(output.status.success(), "the peer's client failed");
        serde_json::from_slice(&output.stdout).expect("figures in JSON")
    };
    let codes: Vec<&String> = devices.iter().filter_map(|device| device.qr_code.as_ref()).collect();
    let paired = ask(json!({ "url": PEER_URL, "do": "commission", "codes": codes, "parallel": PARALLEL }));
    let read = ask(json!({ "url": PEER_URL, "do": "read" }));
    let resident = harness::resident_kib(server.id());
    server.stop();
    let began = Instant::now();
    let _again = start();
    let waited = ask(json!({ "url": PEER_URL, "do": "wait", "nodes": devices.len() }));
    println!("python-matter-server: {waited}, {paired}, {read}");
    Figures {
        commission: paired["all"].as_f64().unwrap_or(0.0),
        each: paired["each"].as_f64().unwrap_or(0.0),
        read: read["all"].as_f64().unwrap_or(0.0),
        resident_mib: mib(resident),
        restart: began.elapsed().as_secs_f64(),
    }
}
