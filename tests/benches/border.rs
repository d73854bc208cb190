//! Whole meshes through a border agent, measured on OpenThread's own programs: the handshake, the time from a question to the whole topology at 20 and
//! at 60 nodes, answers, frames on the simulated air beside Weft's own estimate, and memory over 50 sweeps.
//!
//! `cargo bench --bench border -- 60` runs one: `20`, `60`, `memory`.

#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used)] // A measurement that fails says where.
#![allow(clippy::disallowed_methods)] // Measures.
#![allow(dead_code)] // The tests use the rest.

#[path = "../peers/harness/mod.rs"]
mod harness;
#[path = "../live/mod.rs"]
mod live;
#[path = "../border/plans.rs"]
mod plans;
#[path = "../border/router.rs"]
mod router;
#[path = "../said/mod.rs"]
mod said;
#[path = "../border/site.rs"]
mod site;
#[path = "../border/weft.rs"]
mod weft;

use harness::{Host, Weft};
use live::{Dataset, Role};
use said::truth::Asked;
use said::verdict;
use serde_json::{Value, json};
use site::{Plan, Site};
use std::collections::BTreeMap;
use std::io::Read;
use std::net::{SocketAddr, UdpSocket};
use std::time::{Duration, Instant};
use weft::Networks;
use weft_thread::Random;
use weft_thread::commissioner::{Event, Session, Settings};
use weft_thread::credential::Pskc;

const SECONDS: fn(u64) -> Duration = Duration::from_secs;
const NETWORK: &str = "1a2b3c4d5e6f7090";
const PSKC: &str = "5eed0000aaaabbbbccccddddeeee0090";
const SWEEPS: usize = 5;
const HANDSHAKES: usize = 20;
/// For as long, frames of a mesh at rest are counted.
const REST: Duration = Duration::from_secs(20);

/// Fifteen routers in three rows, 44 children, one border router.
fn sixty() -> Plan {
    let mut plan = Plan::grid(5, 3);
    for number in 16..60 {
        let parent = (number - 16) % 15 + 1;
        let role = if number % 3 == 0 { Role::Minimal } else { Role::Sleepy };
        plan.child(number, role, &[parent]);
    }
    plan.border_router(60, &[1, 2, 6]);
    plan
}

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).filter(|argument| argument != "--bench").collect();
    if let [role, address, pskc] = arguments.as_slice()
        && role == "handshake"
    {
        return handshakes(address, pskc);
    }
    let wanted = |name: &str| arguments.is_empty() || arguments.iter().any(|argument| argument == name);
    if wanted("20") {
        sweeps("20", plans::home(), 41);
    }
    if wanted("60") {
        sweeps("60", sixty(), 60);
    }
    if wanted("memory") {
        memory();
    }
}

fn opened(plan: Plan, router: u16) -> Option<(Site, Host, Weft, String)> {
    let dataset = Dataset {
        name: "bench",
        extended_pan_id: NETWORK,
        network_key: "9f8e7d6c5b4a39281706f5e4d3c2b190",
        pskc: PSKC.to_owned(),
    };
    let site = Site::form(plan, dataset)?;
    let host = site.host("weft");
    let weft = weft::start(&host);
    let address = site.address(router).to_owned();
    weft.finds(NETWORK, &address);
    weft.give(&json!({ "dataset": site.dataset.hexadecimal() }));
    weft.brought(NETWORK, &address, &Value::Null, SECONDS(60));
    Some((site, host, weft, address))
}

fn sweep(weft: &Weft, address: &str) -> Value {
    let way = weft.way(NETWORK, address).unwrap();
    weft.ask(&way["id"]);
    weft.brought(NETWORK, address, &way["last_success_at"], SECONDS(60))
}

fn sweeps(name: &str, plan: Plan, router: u16) {
    let began = Instant::now();
    let Some((mut site, host, weft, address)) = opened(plan, router) else {
        return;
    };
    println!("{name} nodes: formed and swept after {:.0} s", began.elapsed().as_secs_f64());
    let addresses = weft.way(NETWORK, &address).unwrap()["addresses"].clone();
    let addresses = addresses.as_array().into_iter().flatten().filter_map(Value::as_str);
    if let Some(address) = addresses.into_iter().find(|address| address.starts_with("[fe80::b")) {
        let this = std::env::current_exe().unwrap();
        let output = host.command(&this).args(["handshake", address, PSKC]).output().unwrap();
        print!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    }
    for _ in 0..SWEEPS {
        let way = weft.way(NETWORK, &address).unwrap();
        let rest = {
            let before = frames(&mut site);
            std::thread::sleep(REST);
            (frames(&mut site) - before) as f64 / REST.as_secs_f64()
        };
        let (before, began) = (frames(&mut site), Instant::now());
        weft.ask(&way["id"]);
        let way = weft.brought(NETWORK, &address, &way["last_success_at"], SECONDS(60));
        let sent = (frames(&mut site) - before) as f64 - rest * began.elapsed().as_secs_f64();
        let truth = site.truth().unwrap();
        let problems = verdict::problems_of(&weft.topology(), &truth);
        println!(
            "  {}; {sent:.0} data frames counted on the air; {} problems",
            way["brought"],
            problems.len()
        );
    }
}

/// Data frames that all radios have sent, without acknowledgments and data polls.
fn frames(site: &mut Site) -> i64 {
    let nodes = site.nodes.values_mut().map(|node| node as &mut dyn Asked);
    let routers = site.border_routers.iter_mut().map(|router| router as &mut dyn Asked);
    let count = |node: &mut dyn Asked| {
        let lines = node.query("counters mac").unwrap();
        let counters: BTreeMap<&str, i64> = lines
            .iter()
            .filter_map(|line| {
                let (name, count) = line.trim().split_once(": ")?;
                Some((name, count.parse().ok()?))
            })
            .collect();
        counters["TxData"]
    };
    nodes.chain(routers).map(count).sum()
}

fn memory() {
    let mut plan = plans::flat();
    // With two, either may be asked first.
    plan.border_routers.truncate(1);
    let Some((_site, _host, weft, address)) = opened(plan, 41) else {
        return;
    };
    for number in 0..=50 {
        sweep(&weft, &address);
        if number % 10 == 0 {
            println!("memory after {number} sweeps: {:.1} MiB", weft.resident_kib() as f64 / 1024.0);
        }
    }
}

/// In the namespace of Weft's machine: handshakes with a border agent, one after the other.
fn handshakes(address: &str, pskc: &str) {
    let pskc = Pskc::from_hex(pskc).unwrap();
    let mut took = Vec::new();
    for number in 0..HANDSHAKES {
        match handshake(address, &pskc) {
            Ok(milliseconds) => took.push(milliseconds),
            Err(reason) => println!("  handshake {number} fails: {reason}"),
        }
        // The border agent puts away one session before the next begins.
        std::thread::sleep(SECONDS(1));
    }
    took.sort_by(f64::total_cmp);
    if let (Some(fastest), Some(slowest)) = (took.first(), took.last()) {
        let median = took[took.len() / 2];
        println!("  {} handshakes: median {median:.1} ms, {fastest:.1} to {slowest:.1} ms", took.len());
    }
}

fn handshake(address: &str, pskc: &Pskc) -> Result<f64, String> {
    let socket = UdpSocket::bind("[::]:0").unwrap();
    socket.connect(address.parse::<SocketAddr>().unwrap()).unwrap();
    let begin = Instant::now();
    let random = || -> Random {
        let mut source = std::fs::File::open("/dev/urandom").unwrap();
        Box::new(move |bytes| source.read_exact(bytes).unwrap())
    };
    let settings = Settings {
        commissioner_id: "weft-bench".to_owned(),
        keep_alive_every: SECONDS(20),
    };
    let mut session = Session::new(pskc.expose(), settings, random, Duration::ZERO);
    let mut took = None;
    let mut datagram = [0; 2048];
    loop {
        while let Some(sent) = session.poll_transmit() {
            socket.send(&sent).unwrap();
        }
        while let Some(event) = session.poll_event() {
            match event {
                Event::Connected => {
                    took = Some(begin.elapsed().as_secs_f64() * 1000.0);
                    session.end(begin.elapsed());
                }
                Event::Closed(reason) => {
                    // The goodbye, without which the border agent keeps the session.
                    while let Some(sent) = session.poll_transmit() {
                        socket.send(&sent).unwrap();
                    }
                    return took.ok_or_else(|| reason.to_string());
                }
                _ => {}
            }
        }
        let Some(deadline) = session.deadline() else { continue };
        let patience = deadline.saturating_sub(begin.elapsed()).max(Duration::from_millis(1));
        socket.set_read_timeout(Some(patience)).unwrap();
        match socket.recv(&mut datagram) {
            Ok(length) => session.receive(&datagram[..length], begin.elapsed()),
            Err(_) => session.handle_timeout(begin.elapsed()),
        }
    }
}
