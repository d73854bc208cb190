//! Processes in network namespaces that hear each other's mDNS, and nobody else's.

use serde_json::Value;
use std::io::{BufRead, BufReader, Write};
use std::path::PathBuf;
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};

/// Tells a process of a test what it is.
pub const ROLE: &str = "WEFT_MDNS_TEST_ROLE";
/// No process of this test lives longer, whatever becomes of its parent.
pub const LIFE: Duration = Duration::from_secs(60);

/// What this process was started as, if by a test; it ends in time.
pub fn role() -> Option<String> {
    let role = std::env::var(ROLE).ok()?;
    std::thread::spawn(|| {
        std::thread::sleep(LIFE);
        std::process::exit(3);
    });
    Some(role)
}

/// Two network namespaces with a cable between them: `eth0` in each.
pub struct Network {
    pub listener: String,
    pub announcer: String,
    folder: PathBuf,
}

impl Network {
    /// `None` where this machine gives no namespaces and this is not CI.
    pub fn new() -> Option<Self> {
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

    /// `None` where avahi is not installed, either.
    pub fn with_avahi() -> Option<Self> {
        if std::path::Path::new("/usr/sbin/avahi-daemon").exists() {
            return Self::new();
        }
        eprintln!("SKIPPED: avahi-daemon is not installed");
        None
    }

    /// An avahi daemon that announces what a service file says, until it is dropped.
    pub fn avahi(&self, namespace: &str, host: &str, service: Option<&str>) -> Peer {
        let folder = self.folder.join(host);
        std::fs::create_dir_all(folder.join("services")).unwrap();
        let configuration = format!("[server]\nhost-name={host}\nuse-ipv4=yes\nuse-ipv6=yes\nenable-dbus=no\n[publish]\npublish-workstation=no\n");
        std::fs::write(folder.join("avahi-daemon.conf"), configuration).unwrap();
        if let Some(service) = service {
            std::fs::write(folder.join("services/test.service"), service).unwrap();
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

    pub fn within(&self, namespace: &str, script: &str) {
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
pub struct Peer {
    child: Child,
    input: Option<ChildStdin>,
    lines: Receiver<(Instant, Value)>,
}

impl Peer {
    pub fn role(namespace: &str, role: &str) -> Self {
        let program = std::env::current_exe().unwrap();
        let mut command = Command::new("ip");
        command
            .args(["netns", "exec", namespace])
            .arg(program)
            .args(["plays_a_role", "--exact", "--nocapture"])
            .env(ROLE, role);
        Self::start(command)
    }

    pub fn start(mut command: Command) -> Self {
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

    pub fn say(&mut self, line: &str) {
        writeln!(self.input.as_mut().unwrap(), "{line}").unwrap();
    }

    /// The first line within `limit` that is `wanted`; all others are passed over, and shown where it does not come.
    pub fn expect(&self, what: &str, limit: Duration, wanted: impl Fn(&Value) -> bool) -> (Instant, Value) {
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
    pub fn rest(&self, limit: Duration) -> Vec<Value> {
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
