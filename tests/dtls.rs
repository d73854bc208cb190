//! Our DTLS with mbedTLS's, over loopback, in both roles. Needs what `cargo xtask openthread` builds; lacking it fails.

#![allow(clippy::unwrap_used)] // a test that fails says where
#![allow(clippy::disallowed_methods)] // The clock here bounds waiting, and measures.

use std::io::{BufRead, BufReader};
use std::net::{Ipv4Addr, SocketAddr, UdpSocket};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};
use weft_thread::Random;
use weft_thread::dtls::server::Server;
use weft_thread::dtls::{Client, Closed, Event, SendError};

/// Both sides have given up by then.
const PATIENCE: Duration = Duration::from_secs(20);
/// A PSKc that was made up.
const PSKC: [u8; 16] = [
    0x44, 0x5f, 0x2b, 0x5c, 0xa6, 0xf2, 0xa9, 0x3a, 0x55, 0xce, 0x57, 0x0a, 0x70, 0xef, 0xee, 0xcb,
];

/// The program: named by the test command in `WEFT_DTLS_PEER`, else looked for beside this one.
fn program() -> PathBuf {
    let beside = || {
        // `target/debug/deps/dtls-…`
        let this = std::env::current_exe().unwrap();
        this.ancestors().nth(3).unwrap().join("dtls-peer/dtls-peer")
    };
    let path = std::env::var_os("WEFT_DTLS_PEER").map_or_else(beside, PathBuf::from);
    assert!(path.is_file(), "{} is not there: `cargo xtask openthread` builds it", path.display());
    path
}

/// mbedTLS, and what it says about itself.
struct Peer {
    child: Child,
    lines: Receiver<String>,
}

impl Peer {
    fn start(role: &str, port: u16, password: &[u8], options: &[&str]) -> Self {
        let hex: String = password.iter().map(|byte| format!("{byte:02x}")).collect();
        let mut child = Command::new(program())
            .args([role, &port.to_string(), &hex])
            .args(options)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let output = BufReader::new(child.stdout.take().unwrap());
        let (sender, lines) = channel();
        std::thread::spawn(move || output.lines().map_while(Result::ok).try_for_each(|line| sender.send(line)));
        Self { child, lines }
    }

    fn line(&self) -> String {
        self.lines.recv_timeout(PATIENCE).expect("mbedTLS says nothing more")
    }

    /// The number after an event that must come next.
    fn event(&self, name: &str) -> i64 {
        let line = self.line();
        let number = line.strip_prefix(name).and_then(|rest| rest.trim().parse().ok());
        number.unwrap_or_else(|| panic!("expected {name:?}, mbedTLS says {line:?}"))
    }

    fn say_goodbye(&mut self) {
        self.child.stdin.take();
    }
}

impl Drop for Peer {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// One of our sides.
enum Side {
    Client(Box<Client>),
    Server(Box<Server>),
}

macro_rules! on_either {
    ($side:expr, $it:ident => $action:expr) => {
        match $side {
            Side::Client($it) => $action,
            Side::Server($it) => $action,
        }
    };
}

/// Our side with a socket and a clock.
struct Ours {
    side: Side,
    socket: UdpSocket,
    peer: Option<SocketAddr>,
    begin: Instant,
}

fn random() -> Random {
    let mut state = Instant::now().elapsed().as_nanos() as u64 ^ u64::from(std::process::id()) << 32 | 1;
    Box::new(move |bytes| {
        for byte in bytes {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            *byte = (state >> 24) as u8;
        }
    })
}

fn socket() -> UdpSocket {
    UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).unwrap()
}

impl Ours {
    fn client(port: u16, password: &[u8]) -> Self {
        let begin = Instant::now();
        let client = Client::new(password, random(), Duration::ZERO);
        let peer = Some(SocketAddr::from((Ipv4Addr::LOCALHOST, port)));
        Self {
            side: Side::Client(Box::new(client)),
            socket: socket(),
            peer,
            begin,
        }
    }

    fn server(password: &[u8]) -> Self {
        let server = Server::new(password, random());
        Self {
            side: Side::Server(Box::new(server)),
            socket: socket(),
            peer: None,
            begin: Instant::now(),
        }
    }

    fn port(&self) -> u16 {
        self.socket.local_addr().unwrap().port()
    }

    /// Lets time and datagrams pass until something happens.
    fn event(&mut self) -> Event {
        let end = Instant::now() + PATIENCE;
        loop {
            self.flush();
            if let Some(event) = on_either!(&mut self.side, it => it.poll_event()) {
                return event;
            }
            assert!(Instant::now() < end, "nothing happens");
            let deadline = on_either!(&self.side, it => it.deadline()).map(|at| at.saturating_sub(self.begin.elapsed()));
            let wait = deadline.unwrap_or(PATIENCE).clamp(Duration::from_millis(1), PATIENCE);
            self.socket.set_read_timeout(Some(wait)).unwrap();
            let mut buffer = [0; 2_048];
            if let Ok((length, from)) = self.socket.recv_from(&mut buffer) {
                self.peer = Some(from);
                let now = self.begin.elapsed();
                on_either!(&mut self.side, it => it.receive(&buffer[..length], now));
            }
            let now = self.begin.elapsed();
            on_either!(&mut self.side, it => it.handle_timeout(now));
        }
    }

    fn flush(&mut self) {
        while let Some(datagram) = on_either!(&mut self.side, it => it.poll_transmit()) {
            if let Some(peer) = self.peer {
                self.socket.send_to(&datagram, peer).unwrap();
            }
        }
    }

    fn send(&mut self, message: &[u8]) -> Result<(), SendError> {
        on_either!(&mut self.side, it => it.send(message))
    }

    fn limit_datagrams(&mut self, bytes: usize) {
        on_either!(&mut self.side, it => it.limit_datagrams(bytes));
    }

    /// What comes back must be what went out.
    fn echo(&mut self, bytes: usize, peer: &Peer) {
        let message: Vec<u8> = (0..bytes).map(|at| at as u8).collect();
        self.send(&message).unwrap();
        assert_eq!(self.event(), Event::Message(message));
        assert_eq!(peer.event("message"), bytes as i64);
    }
}

/// mbedTLS as server, and its port.
fn mbedtls_server(password: &[u8], options: &[&str]) -> (Peer, u16) {
    let peer = Peer::start("server", 0, password, options);
    let port = u16::try_from(peer.event("listening")).unwrap();
    (peer, port)
}

#[test]
fn our_client_talks_with_mbedtls() {
    for options in [&[] as &[&str], &["ems", "0"], &["mtu", "300"], &["mtu", "256", "ems", "0"]] {
        let (mut peer, port) = mbedtls_server(&PSKC, options);
        let mut ours = Ours::client(port, &PSKC);
        assert_eq!(ours.event(), Event::Connected);
        println!("mbedTLS as server {options:?}: connected after {:?}", ours.begin.elapsed());
        peer.event("connected");
        let longest = if options.contains(&"mtu") { 200 } else { 1_152 };
        for bytes in [1, 100, longest] {
            ours.echo(bytes, &peer);
        }
        peer.say_goodbye();
        assert_eq!(ours.event(), Event::Closed(Closed::ByPeer));
        peer.event("goodbye");
    }
}

#[test]
fn mbedtls_talks_with_our_server() {
    for (options, limit) in [(&[] as &[&str], 1_024), (&["ems", "0"], 1_024), (&["mtu", "300"], 256), (&[], 128)] {
        let mut ours = Ours::server(b"154507124");
        ours.limit_datagrams(limit);
        let peer = Peer::start("client", ours.port(), b"154507124", options);
        assert_eq!(ours.event(), Event::Connected);
        assert_eq!(ours.event(), Event::Message(b"ready".to_vec()));
        println!("mbedTLS as client {options:?}: connected after {} ms", peer.event("connected"));
        let longest = if options.contains(&"mtu") { 200 } else { 1_152 };
        for bytes in [1, 100, longest] {
            ours.echo(bytes, &peer);
        }
        on_either!(&mut ours.side, it => it.close());
        assert_eq!(ours.event(), Event::Closed(Closed::ByUs));
        ours.flush();
        peer.event("closed");
    }
}

#[test]
fn our_client_says_goodbye_to_mbedtls() {
    let (peer, port) = mbedtls_server(&PSKC, &[]);
    let mut ours = Ours::client(port, &PSKC);
    assert_eq!(ours.event(), Event::Connected);
    peer.event("connected");
    on_either!(&mut ours.side, it => it.close());
    assert_eq!(ours.event(), Event::Closed(Closed::ByUs));
    peer.event("closed");
}

#[test]
fn another_password_is_told_as_such() {
    let (peer, port) = mbedtls_server(b"154507124", &[]);
    let mut ours = Ours::client(port, b"154507125");
    assert_eq!(ours.event(), Event::Closed(Closed::WrongPassword));
    let took = ours.begin.elapsed();
    assert!(took < Duration::from_secs(5), "it took {took:?}");
    peer.event("failed");

    let (peer, port) = mbedtls_server(b"154507124", &["silent", "1"]);
    let mut ours = Ours::client(port, b"154507125");
    assert_eq!(ours.event(), Event::Closed(Closed::ProofUnanswered));
    peer.event("failed");

    let mut ours = Ours::server(&PSKC);
    let peer = Peer::start("client", ours.port(), &[0x44; 16], &[]);
    assert_eq!(ours.event(), Event::Closed(Closed::WrongPassword));
    // MBEDTLS_ERR_SSL_FATAL_ALERT_MESSAGE: it was told.
    assert_eq!(peer.event("failed"), -0x7780);
}

/// Carries datagrams between whoever speaks to it and a port, and loses a part of them.
struct Relay {
    port: u16,
    is_done: Arc<AtomicBool>,
}

impl Relay {
    fn start(to: u16, loss_percent: u64, seed: u64) -> Self {
        let (near, far) = (socket(), socket());
        far.connect((Ipv4Addr::LOCALHOST, to)).unwrap();
        let port = near.local_addr().unwrap().port();
        let is_done = Arc::new(AtomicBool::new(false));
        let done = Arc::clone(&is_done);
        for socket in [&near, &far] {
            socket.set_read_timeout(Some(Duration::from_millis(2))).unwrap();
        }
        std::thread::spawn(move || {
            let mut state = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
            let mut is_lost = || {
                state ^= state << 13;
                state ^= state >> 7;
                state ^= state << 17;
                (state >> 20) % 100 < loss_percent
            };
            let mut who = None;
            let mut buffer = [0; 2_048];
            while !done.load(Ordering::Relaxed) {
                if let Ok((length, from)) = near.recv_from(&mut buffer) {
                    who = Some(from);
                    if !is_lost() {
                        let _ = far.send(&buffer[..length]);
                    }
                }
                if let (Ok(length), Some(who)) = (far.recv(&mut buffer), who)
                    && !is_lost()
                {
                    let _ = near.send_to(&buffer[..length], who);
                }
            }
        });
        Self { port, is_done }
    }
}

impl Drop for Relay {
    fn drop(&mut self) {
        self.is_done.store(true, Ordering::Relaxed);
    }
}

#[test]
fn thirty_percent_loss_does_not_stop_a_handshake() {
    let sessions = (0..6).map(|seed| {
        std::thread::spawn(move || {
            if seed % 2 == 0 {
                let (_peer, port) = mbedtls_server(&PSKC, &["mtu", "600"]);
                let relay = Relay::start(port, 30, seed + 1);
                let mut ours = Ours::client(relay.port, &PSKC);
                (ours.event(), ours.begin.elapsed())
            } else {
                let mut ours = Ours::server(&PSKC);
                let relay = Relay::start(ours.port(), 30, seed + 1);
                let _peer = Peer::start("client", relay.port, &PSKC, &["mtu", "600"]);
                (ours.event(), ours.begin.elapsed())
            }
        })
    });
    let ended: Vec<_> = sessions.collect::<Vec<_>>().into_iter().map(|session| session.join().unwrap()).collect();
    println!("with 30 % loss: {ended:?}");
    let connected = ended.iter().filter(|(event, _)| *event == Event::Connected).count();
    // Which datagrams are lost depends on timing too; that a flight is lost eight times over is rare, but must not fail a test.
    assert!(connected >= 5, "{ended:?}");
}

/// How long handshakes take on this machine, for the record; and that nothing takes seconds.
#[test]
fn a_handshake_takes_milliseconds() {
    let mut times: Vec<Duration> = (0..10)
        .map(|_| {
            let (_peer, port) = mbedtls_server(&PSKC, &[]);
            let mut ours = Ours::client(port, &PSKC);
            assert_eq!(ours.event(), Event::Connected);
            ours.begin.elapsed()
        })
        .collect();
    times.sort();
    println!(
        "handshakes of our client with mbedTLS: fastest {:?}, median {:?}, slowest {:?}",
        times[0], times[5], times[9]
    );
    assert!(times[5] < Duration::from_secs(2), "{times:?}");
}
