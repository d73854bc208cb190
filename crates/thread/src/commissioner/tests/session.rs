//! The whole session: handshake, conversation, goodbye. The other end is the DTLS server of this crate with the border agent inside.

use super::*;
use crate::dtls::server::Server;

const PASSWORD: &[u8] = b"154507124";

/// A commissioner, a border agent and what is on the LAN between them.
struct Lan {
    session: Session,
    server: Server,
    agent: BorderAgent,
    now: Duration,
    /// What became of the border agent's session.
    closed: Option<dtls::Closed>,
}

impl Lan {
    fn new(password: &[u8]) -> Self {
        Self {
            session: Session::new(password, settings(), random, START),
            server: Server::new(PASSWORD, random()),
            agent: BorderAgent::new(hex(DATASET)),
            now: START,
            closed: None,
        }
    }

    fn carry(&mut self) {
        loop {
            let mut is_quiet = true;
            while let Some(datagram) = self.session.poll_transmit() {
                is_quiet = false;
                self.server.receive(&datagram, self.now);
            }
            while let Some(event) = self.server.poll_event() {
                match event {
                    dtls::Event::Connected => (),
                    dtls::Event::Message(message) => {
                        for answer in self.agent.receive(&message) {
                            self.server.send(&answer).unwrap();
                        }
                    }
                    dtls::Event::Closed(closed) => self.closed = Some(closed),
                }
            }
            while let Some(datagram) = self.server.poll_transmit() {
                is_quiet = false;
                self.session.receive(&datagram, self.now);
            }
            if is_quiet {
                return;
            }
        }
    }

    fn pass(&mut self, duration: Duration) {
        let end = self.now + duration;
        self.carry();
        while let Some(deadline) = self.session.deadline().filter(|deadline| *deadline <= end) {
            self.now = self.now.max(deadline);
            self.session.handle_timeout(self.now);
            self.carry();
        }
        self.now = end;
    }

    fn events(&mut self) -> Vec<String> {
        std::iter::from_fn(|| self.session.poll_event()).map(|event| words(&event)).collect()
    }
}

#[test]
fn a_session_from_handshake_to_goodbye() {
    let mut lan = Lan::new(PASSWORD);
    lan.session.petition(START);
    lan.session.get_dataset(DatasetKind::Active, START);
    lan.pass(seconds(65));
    let events = lan.events();
    assert_eq!(events[0], "connected");
    assert!(events[1].starts_with("Active Some("), "{}", events[1]);
    assert_eq!(events[2..], ["commissioner 1"]);
    assert_eq!(lan.agent.asked, ["c/ag", "c/cg", "c/cp", "c/ca", "c/ca", "c/ca"]);

    let node: Ipv6Addr = "fdf0:1cc8:d6f8:f4f0:0:ff:fe00:1000".parse().unwrap();
    lan.session
        .send_to_mesh(node, TMF_PORT, TMF_PORT, &[7; MAX_MESH_DATAGRAM_BYTES], lan.now)
        .unwrap();
    lan.carry();
    let sent = lan.agent.sent.pop().unwrap();
    assert_eq!((sent.destination, sent.udp.datagram.len()), (node, MAX_MESH_DATAGRAM_BYTES));
    let back = lan.agent.from_mesh(node, sent.udp);
    lan.server.send(&back).unwrap();
    lan.carry();
    assert!(lan.events()[0].starts_with("from fdf0:1cc8:d6f8:f4f0:0:ff:fe00:1000 61631>61631"));

    lan.session.end(lan.now);
    lan.carry();
    assert_eq!(lan.events(), ["resigned", "closed: the session was ended"]);
    assert_eq!(
        (lan.agent.leader.commissioner.as_deref(), lan.closed.clone()),
        (None, Some(dtls::Closed::ByPeer))
    );
    assert_eq!(lan.session.deadline(), None);
    lan.session.end(lan.now);
    lan.session.petition(lan.now);
    lan.session.get_dataset(DatasetKind::Active, lan.now);
    lan.pass(seconds(100));
    assert!(lan.events().is_empty());
}

#[test]
fn a_wrong_password_is_told_and_nothing_else() {
    let mut lan = Lan::new(b"154507125");
    lan.session.petition(START);
    lan.pass(seconds(60));
    assert_eq!(lan.events(), ["closed: the password is wrong"]);
    assert!(lan.agent.asked.is_empty());
}

#[test]
fn an_end_during_the_handshake_is_an_end() {
    let mut lan = Lan::new(PASSWORD);
    lan.session.petition(START);
    lan.session.end(START);
    assert_eq!(lan.events(), ["closed: the session was ended"]);
    lan.pass(seconds(60));
    assert!(lan.events().is_empty() && lan.agent.asked.is_empty());
}

#[test]
fn a_border_agent_that_is_gone_keeps_no_session() {
    let mut lan = Lan::new(PASSWORD);
    lan.session.petition(START);
    lan.carry();
    lan.events();
    lan.agent.mute.insert("c/ca".to_owned());
    lan.session.end(lan.now);
    lan.pass(seconds(2));
    let events = lan.events();
    assert!(events[0].starts_with("c/ca: no answer"), "{events:?}");
    assert_eq!(events[1..], ["closed: the session was ended"]);
    // It hears the goodbye all the same.
    assert_eq!(lan.closed, Some(dtls::Closed::ByPeer));
}

#[test]
fn a_border_agent_that_ends_the_session_ends_it() {
    let mut lan = Lan::new(PASSWORD);
    lan.session.petition(START);
    lan.carry();
    lan.server.close();
    lan.carry();
    assert_eq!(lan.events(), ["connected", "commissioner 1", "closed: the peer ended the session"]);
    assert_eq!(
        lan.session.send_to_mesh(Ipv6Addr::LOCALHOST, 1, 1, &[], lan.now),
        Err(dtls::SendError::NotConnected)
    );
}
