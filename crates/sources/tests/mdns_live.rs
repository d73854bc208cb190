//! The live mDNS source against real peers: an announcer on mdns-sd, and avahi where it is installed, each in a network namespace of its own.
//!
//! The test runs itself as listener and as announcer. It needs root for the namespaces: without, it says so and does nothing, but in CI it fails.
#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used)] // Helpers of tests.
#![allow(clippy::disallowed_methods)] // The clock here bounds waiting, and measures how soon a border router is seen.

use mdns_sd::{DaemonEvent, ServiceDaemon, ServiceInfo, TxtProperty};
use serde_json::{Value, json};
use std::io::{BufRead, BufReader, Write};
use std::path::PathBuf;
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};
use weft_evidence::Capture;
use weft_sources::{MdnsSource, Supervisor};

const ROLE: &str = "WEFT_MDNS_TEST_ROLE";
/// No process of this test lives longer, whatever becomes of its parent.
const LIFE: Duration = Duration::from_secs(60);
const MESHCOP: &str = "_meshcop._udp.local.";
/// Every kind of byte that text would spoil.
const EXTENDED_PAN_ID: [u8; 8] = [0xde, 0xad, 0x00, 0xff, 0x3d, 0x0a, 0xc3, 0x28];

/// What the processes that this test starts do; nothing in an ordinary run.
#[test]
fn plays_a_role() {
    let Ok(role) = std::env::var(ROLE) else { return };
    std::thread::spawn(|| {
        std::thread::sleep(LIFE);
        std::process::exit(3);
    });
    match role.as_str() {
        "listen" => listen(),
        _ => announce(),
    }
}

/// Prints every event as the line of a recording, until standard input ends.
fn listen() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let (sender, mut inbox) = weft_sources::channel("service", 64);
        let mut supervisor = Supervisor::new();
        supervisor.start(Arc::new(MdnsSource::new("mdns")), &sender);
        drop(sender);
        let (end, ended) = tokio::sync::oneshot::channel();
        std::thread::spawn(move || {
            let _ = std::io::stdin().lines().count();
            let _ = end.send(());
        });
        let printing = tokio::spawn(async move {
            let mut seq = 0;
            while let Some(event) = inbox.receive().await {
                seq += 1;
                let capture = Capture {
                    seq,
                    at: event.clock_at,
                    source: event.source,
                    body: event.body,
                };
                println!("\n{}", serde_json::to_string(&capture).unwrap());
            }
        });
        let _ = ended.await;
        supervisor.end().await;
        printing.await.unwrap();
    });
}

/// Announces a border router with binary TXT values, and withdraws it on `goodbye`.
fn announce() {
    let daemon = ServiceDaemon::new().unwrap();
    let txt = vec![
        TxtProperty::from(("rv", "1")),
        TxtProperty::from(("nn", "a mesh")),
        TxtProperty::from(("xp", EXTENDED_PAN_ID)),
        TxtProperty::from(("sb", [0x00, 0x00, 0x1f, 0xb1])),
        TxtProperty::from("flag"),
        TxtProperty::from(("empty", "")),
    ];
    let info = ServiceInfo::new(MESHCOP, "Hall 2. floor", "hall.local.", "", 49154, txt)
        .unwrap()
        .enable_addr_auto();
    let name = info.get_fullname().to_owned();
    daemon.set_ip_check_interval(1).unwrap();
    let events = daemon.monitor().unwrap();
    daemon.register(info).unwrap();
    while !matches!(events.recv().unwrap(), DaemonEvent::Announce(..)) {}
    println!("\n{}", json!({ "announces": name }));
    for line in std::io::stdin().lines().map_while(Result::ok) {
        if line == "goodbye" {
            let _ = daemon.unregister(&name).unwrap().recv_timeout(Duration::from_secs(5));
        }
    }
}

/// Two network namespaces with a cable between them: `eth0` in each.
struct Network {
    listener: String,
    announcer: String,
    folder: PathBuf,
}

impl Network {
    /// `None` where this machine gives no namespaces and this is not CI.
    fn new() -> Option<Self> {
        static NUMBER: AtomicU32 = AtomicU32::new(0);
        let name = format!("weft{}-{}", std::process::id(), NUMBER.fetch_add(1, Ordering::Relaxed));
        let network = Self {
            listener: format!("{name}a"),
            announcer: format!("{name}b"),
            folder: std::env::temp_dir().join(&name),
        };
        if let Err(reason) = run("ip", &["netns", "add", &network.listener]) {
            assert!(std::env::var_os("CI").is_none(), "network namespaces are needed in CI: {reason}");
            eprintln!("SKIPPED: live mDNS was not tested, because no network namespace can be made (root is needed): {reason}");
            return None;
        }
        run("ip", &["netns", "add", &network.announcer]).unwrap();
        for namespace in [&network.listener, &network.announcer] {
            network.within(
                namespace,
                "echo 0 > /proc/sys/net/ipv6/conf/default/accept_dad || true; ip link set lo up",
            );
        }
        run(
            "ip",
            &[
                "link",
                "add",
                "eth0",
                "netns",
                &network.listener,
                "type",
                "veth",
                "peer",
                "name",
                "eth0",
                "netns",
                &network.announcer,
            ],
        )
        .unwrap();
        for (namespace, number) in [(&network.listener, 1), (&network.announcer, 2)] {
            network.within(
                namespace,
                &format!("ip addr add 192.0.2.{number}/24 dev eth0 && ip addr add fe80::b0{number}/64 dev eth0 nodad && ip link set eth0 up"),
            );
        }
        network.wait_for_link();
        Some(network)
    }

    /// The kernel takes a moment to call a cable up.
    fn wait_for_link(&self) {
        for namespace in [&self.listener, &self.announcer] {
            self.within(
                namespace,
                "for i in $(seq 100); do grep -q up /sys/class/net/eth0/operstate && exit 0; sleep 0.1; done; exit 1",
            );
        }
    }

    fn within(&self, namespace: &str, script: &str) {
        run("ip", &["netns", "exec", namespace, "sh", "-c", script]).unwrap();
    }
}

impl Drop for Network {
    fn drop(&mut self) {
        for namespace in [&self.listener, &self.announcer] {
            let _ = run("ip", &["netns", "del", namespace]);
        }
        let _ = std::fs::remove_dir_all(&self.folder);
    }
}

fn run(program: &str, arguments: &[&str]) -> Result<(), String> {
    let output = Command::new(program)
        .args(arguments)
        .stdin(Stdio::null())
        .output()
        .map_err(|error| format!("{program}: {error}"))?;
    if output.status.success() {
        Ok(())
    } else {
        Err(String::from_utf8_lossy(&output.stderr).trim().to_owned())
    }
}

/// A process in a namespace, and the JSON lines that it prints.
struct Peer {
    child: Child,
    input: Option<ChildStdin>,
    lines: Receiver<(Instant, Value)>,
}

impl Peer {
    fn role(namespace: &str, role: &str) -> Self {
        let program = std::env::current_exe().unwrap();
        let mut command = Command::new("ip");
        command
            .args(["netns", "exec", namespace])
            .arg(program)
            .args(["plays_a_role", "--exact", "--nocapture"])
            .env(ROLE, role);
        Self::start(command)
    }

    fn start(mut command: Command) -> Self {
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
        let output = BufReader::new(child.stdout.take().unwrap());
        let (sender, lines) = channel();
        std::thread::spawn(move || {
            for line in output.lines().map_while(Result::ok) {
                if let Ok(value) = serde_json::from_str(&line) {
                    let _ = sender.send((Instant::now(), value));
                }
            }
        });
        Self {
            input: child.stdin.take(),
            child,
            lines,
        }
    }

    fn say(&mut self, line: &str) {
        writeln!(self.input.as_mut().unwrap(), "{line}").unwrap();
    }

    /// The first line within `limit` that is `wanted`; all others are passed over, and shown where it does not come.
    fn expect(&self, what: &str, limit: Duration, wanted: impl Fn(&Value) -> bool) -> (Instant, Value) {
        let deadline = Instant::now() + limit;
        let mut others = Vec::new();
        while let Ok((when, line)) = self.lines.recv_timeout(deadline.saturating_duration_since(Instant::now())) {
            if wanted(&line) {
                return (when, line);
            }
            others.push(line.to_string());
        }
        panic!("{what}: not within {limit:?}; there was only\n{}", others.join("\n"));
    }

    /// Everything that comes within `limit`.
    fn rest(&self, limit: Duration) -> Vec<Value> {
        let deadline = Instant::now() + limit;
        std::iter::from_fn(|| {
            self.lines
                .recv_timeout(deadline.saturating_duration_since(Instant::now()))
                .ok()
                .map(|(_, line)| line)
        })
        .collect()
    }
}

impl Drop for Peer {
    fn drop(&mut self) {
        drop(self.input.take());
        let deadline = Instant::now() + Duration::from_secs(5);
        while Instant::now() < deadline {
            if matches!(self.child.try_wait(), Ok(Some(_))) {
                return;
            }
            std::thread::sleep(Duration::from_millis(20));
        }
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn has_address(line: &Value, address: &str) -> bool {
    line["addresses"].as_array().is_some_and(|addresses| addresses.contains(&json!(address)))
}

fn is_event(line: &Value, event: &str, instance: &str) -> bool {
    line["event"] == event && line["service"] == MESHCOP && line["instance"] == instance
}

fn is_state(line: &Value, state: &str) -> bool {
    line["kind"] == "source" && line["source"] == "mdns" && line["state"] == state
}

const INSTANCE: &str = "Hall 2\\. floor";
const SECONDS: fn(u64) -> Duration = Duration::from_secs;

#[test]
fn a_border_router_is_seen_with_binary_values_and_scopes_until_it_says_goodbye() {
    let Some(network) = Network::new() else { return };
    let mut announcer = Peer::role(&network.announcer, "announce");
    announcer.expect("the announcement", SECONDS(10), |line| line.get("announces").is_some());
    // A responder may keep silent on what it has sent within the last second.
    std::thread::sleep(SECONDS(2));

    let listener = Peer::role(&network.listener, "listen");
    let (started, _) = listener.expect("the start", SECONDS(20), |line| is_state(line, "started"));
    let (seen, line) = listener.expect("the border router", SECONDS(5), |line| is_event(line, "resolved", INSTANCE));
    assert!(seen - started < SECONDS(2), "seen after {:?}", seen - started);
    println!("seen after {:?}", seen - started);
    assert_eq!((&line["host"], &line["port"]), (&json!("hall.local."), &json!(49154)));
    let txt = json!([
        ["rv", "31"],
        ["nn", "61206d657368"],
        ["xp", "dead00ff3d0ac328"],
        ["sb", "00001fb1"],
        ["flag", null],
        ["empty", ""]
    ]);
    assert_eq!(line["txt"], txt);
    let complete = |line: &Value| has_address(line, "fe80::b02%eth0") && has_address(line, "192.0.2.2");
    if !complete(&line) {
        listener.expect("all addresses", SECONDS(5), |line| is_event(line, "resolved", INSTANCE) && complete(line));
    }
    let more = listener.rest(SECONDS(3));
    assert!(!more.iter().any(|line| line["kind"] == "mdns" && line["event"] == "removed"), "{more:?}");
    assert!(
        more.iter().filter(|line| line["kind"] == "mdns").count() <= 1,
        "repetitions are not stated: {more:?}"
    );

    announcer.say("goodbye");
    listener.expect("the goodbye", SECONDS(8), |line| is_event(line, "removed", INSTANCE));
}

#[test]
fn a_link_that_goes_makes_deaf_and_removes_nobody() {
    let Some(network) = Network::new() else { return };
    let announcer = Peer::role(&network.announcer, "announce");
    announcer.expect("the announcement", SECONDS(10), |line| line.get("announces").is_some());
    network.within(&network.listener, "ip link set eth0 down");

    let listener = Peer::role(&network.listener, "listen");
    let (_, line) = listener.expect("deafness", SECONDS(20), |line| is_state(line, "deaf"));
    assert!(
        line["reason"]
            .as_str()
            .is_some_and(|reason| reason.contains("no network interface is up")),
        "{line}"
    );

    network.within(&network.listener, "ip addr replace fe80::b01/64 dev eth0 nodad; ip link set eth0 up");
    // The library looks for interfaces every 5 s.
    listener.expect("hearing", SECONDS(10), |line| is_state(line, "working"));
    listener.expect("the border router", SECONDS(5), |line| is_event(line, "resolved", INSTANCE));

    network.within(&network.listener, "ip link set eth0 down");
    let deadline = Instant::now() + SECONDS(10);
    loop {
        let (_, line) = listener.expect("deafness", deadline - Instant::now(), |_| true);
        assert_ne!(line["event"], "removed", "a cable that is pulled says nothing of the device");
        if is_state(&line, "deaf") {
            break;
        }
    }
    let silence = listener.rest(SECONDS(2));
    assert!(silence.is_empty(), "{silence:?}");
    network.within(&network.listener, "ip link set eth0 up");
    listener.expect("the border router again", SECONDS(12), |line| is_event(line, "resolved", INSTANCE));
}

#[test]
fn avahi_is_heard_and_tolerated_beside() {
    if !std::path::Path::new("/usr/sbin/avahi-daemon").exists() {
        eprintln!("SKIPPED: avahi-daemon is not installed");
        return;
    }
    let Some(network) = Network::new() else { return };
    let service = r#"<?xml version="1.0" standalone='no'?><!DOCTYPE service-group SYSTEM "avahi-service.dtd">
        <service-group><name>Porch</name><service><type>_meshcop._udp</type><port>49155</port>
        <txt-record value-format="binary-hex">xp=dead00ff3d0ac328</txt-record><txt-record>nn=a mesh</txt-record></service></service-group>"#;
    let avahi = |namespace: &str, host: &str, service: Option<&str>| {
        let folder = network.folder.join(host);
        std::fs::create_dir_all(folder.join("services")).unwrap();
        let configuration = format!("[server]\nhost-name={host}\nuse-ipv4=yes\nuse-ipv6=yes\nenable-dbus=no\n[publish]\npublish-workstation=no\n");
        std::fs::write(folder.join("avahi-daemon.conf"), configuration).unwrap();
        if let Some(service) = service {
            std::fs::write(folder.join("services/porch.service"), service).unwrap();
        }
        // Its folders are fixed in the program; `ip netns exec` gives it mounts of its own. It ends when this test closes its input.
        let script = format!(
            "mount --bind {} /etc/avahi && mount -t tmpfs tmpfs /run && timeout {} avahi-daemon --no-drop-root --no-chroot --no-rlimits 2>/dev/null & cat >/dev/null; kill $! 2>/dev/null; avahi-daemon --kill 2>/dev/null",
            folder.display(),
            LIFE.as_secs()
        );
        let mut command = Command::new("ip");
        command.args(["netns", "exec", namespace, "sh", "-c", &script]);
        Peer::start(command)
    };
    let _beside = avahi(&network.listener, "here", None);
    let announcer = avahi(&network.announcer, "porch", Some(service));
    let listener = Peer::role(&network.listener, "listen");
    listener.expect("the start", SECONDS(20), |line| is_state(line, "started"));
    let is_complete = |line: &Value| is_event(line, "resolved", "Porch") && has_address(line, "fe80::b02%eth0");
    let (_, line) = listener.expect("avahi's border router", SECONDS(10), is_complete);
    assert_eq!((&line["host"], &line["port"]), (&json!("porch.local."), &json!(49155)));
    let txt = line["txt"].as_array().unwrap();
    assert!(
        txt.contains(&json!(["xp", "dead00ff3d0ac328"])) && txt.contains(&json!(["nn", "61206d657368"])),
        "{line}"
    );
    drop(announcer);
    listener.expect("avahi's goodbye", SECONDS(8), |line| is_event(line, "removed", "Porch"));
}
