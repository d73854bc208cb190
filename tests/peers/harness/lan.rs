//! A home's LAN: hosts that are network namespaces, on a switch that floods multicast, so that mDNS is real. No way leads out of it.

use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Mutex, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

/// Some tests measure, and need the machine for themselves.
static MACHINE: RwLock<()> = RwLock::new(());
/// Every namespace of ours begins so; the process id follows.
const PREFIX: &str = "weftpeers";

/// A LAN. Its namespaces go away with it, and what still runs in them ends.
pub struct Lan {
    name: String,
    hosts: Mutex<Vec<String>>,
    _machine: Machine,
}

enum Machine {
    Shared(RwLockReadGuard<'static, ()>),
    Alone(RwLockWriteGuard<'static, ()>),
}

/// One machine on a LAN: `eth0` with a link-local and an IPv4 address.
#[derive(Debug, Clone)]
pub struct Host {
    namespace: String,
    port: String,
}

impl Lan {
    /// Builds one; `None` where this machine gives no namespaces and this is not CI.
    pub fn new() -> Option<Self> {
        Self::build(Machine::Shared(MACHINE.read().unwrap_or_else(PoisonError::into_inner)))
    }

    /// The same, with no other LAN of these tests beside it.
    pub fn alone() -> Option<Self> {
        Self::build(Machine::Alone(MACHINE.write().unwrap_or_else(PoisonError::into_inner)))
    }

    fn build(machine: Machine) -> Option<Self> {
        static NUMBER: AtomicU32 = AtomicU32::new(0);
        sweep();
        let lan = Self {
            name: format!("{PREFIX}{}n{}", std::process::id(), NUMBER.fetch_add(1, Ordering::Relaxed)),
            hosts: Mutex::default(),
            _machine: machine,
        };
        let switch = lan.switch();
        if let Err(reason) = ip(&["netns", "add", &switch]) {
            assert!(std::env::var_os("CI").is_none(), "network namespaces are needed in CI: {reason}");
            eprintln!("SKIPPED: nothing was tested with real peers, because no network namespace can be made (root is needed): {reason}");
            return None;
        }
        must(&["-n", &switch, "link", "add", "br0", "type", "bridge", "mcast_snooping", "0"]);
        must(&["-n", &switch, "link", "set", "br0", "up"]);
        Some(lan)
    }

    fn switch(&self) -> String {
        format!("{}switch", self.name)
    }

    /// The switch, to change what happens between its port and a machine ([`Host::port`]).
    pub fn at_the_switch(&self) -> Host {
        Host {
            namespace: self.switch(),
            port: String::new(),
        }
    }

    /// Another machine on the LAN.
    pub fn host(&self, name: &str) -> Host {
        let mut hosts = self.hosts.lock().unwrap_or_else(PoisonError::into_inner);
        let namespace = format!("{}{name}", self.name);
        hosts.push(namespace.clone());
        let number = hosts.len();
        let (switch, port) = (self.switch(), format!("port{number}"));
        must(&["netns", "add", &namespace]);
        let host = Host {
            namespace,
            port: port.clone(),
        };
        // Addresses are used at once; mDNS joins one group per interface and socket.
        host.run(
            "for all in all default; do echo 0 > /proc/sys/net/ipv6/conf/$all/accept_dad; done; echo 1024 > /proc/sys/net/ipv4/igmp_max_memberships",
        );
        must(&[
            "link",
            "add",
            "eth0",
            "netns",
            &host.namespace,
            "type",
            "veth",
            "peer",
            "name",
            &port,
            "netns",
            &switch,
        ]);
        must(&["-n", &switch, "link", "set", &port, "master", "br0", "up"]);
        host.run(&format!(
            "ip link set lo up && ip addr add 192.0.2.{number}/24 dev eth0 && ip addr add fe80::b{number}/64 dev eth0 nodad && ip link set eth0 up \
             && ip route add 224.0.0.0/4 dev eth0 && for i in $(seq 100); do grep -q up /sys/class/net/eth0/operstate && exit 0; sleep 0.05; done; exit 1"
        ));
        host
    }
}

impl Drop for Lan {
    fn drop(&mut self) {
        let hosts = self.hosts.lock().unwrap_or_else(PoisonError::into_inner);
        for namespace in hosts.iter().chain([&self.switch()]) {
            let _ = ip(&["netns", "del", namespace]);
        }
    }
}

impl Host {
    /// Its port of the switch.
    pub fn port(&self) -> &str {
        &self.port
    }

    /// A command that will run on this machine.
    pub fn command(&self, program: &Path) -> Command {
        let mut command = Command::new("ip");
        command.args(["netns", "exec", &self.namespace]).arg(program);
        command
    }

    /// Runs a line of shell on it.
    ///
    /// # Panics
    /// If that fails.
    pub fn run(&self, script: &str) {
        let output = self
            .command(Path::new("sh"))
            .args(["-c", script])
            .stdin(Stdio::null())
            .output()
            .expect("sh starts");
        assert!(output.status.success(), "{script}: {}", String::from_utf8_lossy(&output.stderr));
    }

    /// Reaches a prefix (an IPv6 /64) directly, as the route that a border router announces makes it.
    pub fn route(&self, prefix: &str) {
        self.run(&format!("ip -6 route replace {prefix} dev eth0"));
    }
}

/// Takes away what test runs left behind that were killed.
fn sweep() {
    let Ok(namespaces) = ip(&["netns", "list"]) else { return };
    for namespace in namespaces.lines().filter_map(|line| line.split(' ').next()) {
        let owner = namespace.strip_prefix(PREFIX).and_then(|rest| rest.split('n').next());
        if owner.is_some_and(|owner| owner.parse::<u32>().is_ok() && !Path::new("/proc").join(owner).exists()) {
            let _ = ip(&["netns", "del", namespace]);
        }
    }
}

fn must(arguments: &[&str]) {
    if let Err(reason) = ip(arguments) {
        panic!("ip {}: {reason}", arguments.join(" "));
    }
}

fn ip(arguments: &[&str]) -> Result<String, String> {
    let output = Command::new("ip")
        .args(arguments)
        .stdin(Stdio::null())
        .output()
        .map_err(|error| error.to_string())?;
    if output.status.success() {
        Ok(String::from_utf8_lossy(&output.stdout).into_owned())
    } else {
        Err(String::from_utf8_lossy(&output.stderr).trim().to_owned())
    }
}
