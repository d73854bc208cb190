//! A border agent on loopback: DTLS, a leader, and a mesh behind it, all simulated; the datagrams are real.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::net::UdpSocket;
use tokio::task::JoinHandle;
use weft_thread::commissioner::TMF_PORT;
use weft_thread::commissioner::peer::BorderAgent;
use weft_thread::dtls::server::Server;
use weft_thread::dtls::{Closed, Event};
use weft_thread::sweep::peer::{Peer, Shape, Way};
use weft_wire::meshcop::UdpEncapsulation;

/// What the border agent has seen.
#[derive(Default)]
pub(super) struct Seen {
    pub(super) connected: u32,
    pub(super) closed: Vec<Closed>,
    pub(super) asked: Vec<String>,
    pub(super) commissioner: Option<String>,
    pub(super) answers: u32,
}

pub(super) struct Simulated {
    pub(super) address: SocketAddr,
    pub(super) seen: Arc<Mutex<Seen>>,
    task: JoinHandle<()>,
}

impl Drop for Simulated {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// How it behaves.
#[derive(Clone, Default)]
pub(super) struct Manner {
    /// The id of a commissioner that is there already.
    pub(super) holder: Option<String>,
    /// It falls silent after so many answers of the mesh.
    pub(super) dies_after: Option<u32>,
    /// Its host then drops what comes, and does not say that nobody listens.
    pub(super) dies_silently: bool,
    /// The mesh behind it does not answer.
    pub(super) passes_nothing_on: bool,
    /// Paths that it does not answer.
    pub(super) mute: Vec<&'static str>,
}

impl Simulated {
    pub(super) async fn new(password: &[u8], active: Vec<u8>, manner: Manner) -> Self {
        let socket = UdpSocket::bind("127.0.0.1:0").await.unwrap();
        let address = socket.local_addr().unwrap();
        let seen = Arc::new(Mutex::new(Seen::default()));
        let task = tokio::spawn(serve(socket, password.to_vec(), active, manner, Arc::clone(&seen)));
        Self { address, seen, task }
    }

    /// Waits until something is so.
    pub(super) async fn wait_until(&self, what: impl Fn(&Seen) -> bool) {
        for _ in 0..500 {
            if what(&self.seen.lock().unwrap()) {
                return;
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        let seen = self.seen.lock().unwrap();
        panic!("in vain: {:?} {:?} {:?}", seen.asked, seen.commissioner, seen.closed);
    }
}

async fn serve(socket: UdpSocket, password: Vec<u8>, active: Vec<u8>, manner: Manner, seen: Arc<Mutex<Seen>>) {
    let start = tokio::time::Instant::now();
    let shape = Shape {
        routers: 9,
        children: 12,
        width: 3,
    };
    let layout = shape.layout();
    let mut mesh = Peer::new(layout.prefix, layout.relay, layout.nodes, Way::default(), 1);
    let mut agent = BorderAgent::new(active);
    agent.leader.commissioner.clone_from(&manner.holder);
    agent.mute = manner.mute.iter().map(|path| (*path).to_owned()).collect();
    let mut client: Option<(SocketAddr, Server)> = None;
    let mut buffer = vec![0; 2_048];
    loop {
        let now = start.elapsed();
        while let Some((source, datagram)) = mesh.poll_transmit() {
            let message = agent.from_mesh(
                source,
                UdpEncapsulation {
                    source_port: TMF_PORT,
                    destination_port: TMF_PORT,
                    datagram,
                },
            );
            let is_dead = {
                let mut seen = seen.lock().unwrap();
                seen.answers += 1;
                manner.dies_after.is_some_and(|most| seen.answers > most)
            };
            if is_dead && manner.dies_silently {
                return std::future::pending().await;
            }
            if is_dead {
                return;
            }
            if let Some((_, server)) = &mut client {
                let _ = server.send(&message);
            }
        }
        if let Some((address, server)) = &mut client {
            while let Some(event) = server.poll_event() {
                match event {
                    Event::Connected => seen.lock().unwrap().connected += 1,
                    Event::Closed(closed) => seen.lock().unwrap().closed.push(closed),
                    Event::Message(message) => {
                        for answer in agent.receive(&message) {
                            let _ = server.send(&answer);
                        }
                    }
                }
            }
            for sent in agent.sent.drain(..) {
                if !manner.passes_nothing_on {
                    mesh.receive(sent.destination, sent.udp.datagram, now);
                }
            }
            while let Some(datagram) = server.poll_transmit() {
                let _ = socket.send_to(&datagram, *address).await;
            }
        }
        {
            let mut seen = seen.lock().unwrap();
            seen.asked.clone_from(&agent.asked);
            seen.commissioner.clone_from(&agent.leader.commissioner);
        }
        let deadlines = [mesh.deadline(), client.as_ref().and_then(|(_, server)| server.deadline())];
        let wait = deadlines
            .into_iter()
            .flatten()
            .min()
            .map_or(Duration::from_secs(1), |at| at.saturating_sub(now));
        tokio::select! {
            received = socket.recv_from(&mut buffer) => {
                let Ok((length, from)) = received else { continue };
                if client.as_ref().is_none_or(|(address, _)| *address != from) {
                    client = Some((from, Server::new(&password, crate::random::random())));
                    agent.begin_session();
                }
                if let Some((_, server)) = &mut client {
                    server.receive(&buffer[..length], start.elapsed());
                }
            }
            () = tokio::time::sleep(wait) => {}
        }
        let now = start.elapsed();
        mesh.handle_timeout(now);
        if let Some((_, server)) = &mut client {
            server.handle_timeout(now);
        }
    }
}
