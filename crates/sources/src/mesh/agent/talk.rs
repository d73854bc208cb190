//! A session and its socket.

use super::{GOODBYE_WITHIN, Goodbyes};
use crate::clock;
use std::io;
use std::net::SocketAddr;
use std::time::Duration;
use tokio::net::UdpSocket;
use weft_thread::commissioner::{Event, Session};

/// The largest datagram that is taken: a record of DTLS with what a border agent sends.
const MAX_DATAGRAM_BYTES: usize = 2_048;
/// Nothing is waited for longer without looking at the clock.
const LONGEST_WAIT: Duration = Duration::from_secs(60);
/// Where so many datagrams were refused and none came in between, nobody listens any more: the border agent ended, and its host says so.
const MAX_REFUSALS: u32 = 4;

/// A session with the border agent behind one address. Dropped while it is open, it says goodbye in a task of its own.
pub(super) struct Talk {
    open: Option<Open>,
    goodbyes: Goodbyes,
}

/// A session's parts.
pub(super) struct Open {
    pub(super) socket: UdpSocket,
    pub(super) address: SocketAddr,
    pub(super) session: Session,
    /// Datagrams that the other host refused since one last came.
    pub(super) refusals: u32,
}

/// What was waited for.
pub(super) enum Step {
    /// Something happened.
    Event(Event),
    /// The time was over.
    TimeOver,
}

impl Talk {
    pub(super) fn new(open: Open, goodbyes: Goodbyes) -> Self {
        Self { open: Some(open), goodbyes }
    }

    /// The session; `None` after its end.
    pub(super) fn session(&mut self) -> Option<&mut Session> {
        self.open.as_mut().map(|open| &mut open.session)
    }

    pub(super) fn address(&self) -> Option<SocketAddr> {
        self.open.as_ref().map(|open| open.address)
    }

    /// The next event, until a moment of [`clock::running_for`].
    ///
    /// # Errors
    /// The socket's.
    pub(super) async fn next(&mut self, until: Duration) -> io::Result<Step> {
        let Some(open) = &mut self.open else { return Ok(Step::TimeOver) };
        let step = open.next(until).await?;
        if let Step::Event(Event::Closed(_)) = &step {
            // Nobody is left to say goodbye to.
            self.open = None;
        }
        Ok(step)
    }

    /// Gives the role back and says goodbye.
    pub(super) async fn end(mut self) {
        // Should this be dropped too, the goodbye goes on by itself.
        if let Some(open) = &mut self.open {
            open.session.end(clock::running_for());
            open.say_goodbye().await;
        }
        self.open = None;
    }
}

impl Drop for Talk {
    fn drop(&mut self) {
        if let Some(mut open) = self.open.take() {
            self.goodbyes.begin(async move {
                open.session.end(clock::running_for());
                open.say_goodbye().await;
            });
        }
    }
}

impl Open {
    pub(super) async fn next(&mut self, until: Duration) -> io::Result<Step> {
        let mut buffer = vec![0; MAX_DATAGRAM_BYTES];
        loop {
            self.flush().await;
            if let Some(event) = self.session.poll_event() {
                return Ok(Step::Event(event));
            }
            let now = clock::running_for();
            if now >= until {
                return Ok(Step::TimeOver);
            }
            let deadline = self.session.deadline().unwrap_or(until).min(until);
            if deadline <= now {
                self.session.handle_timeout(now);
                continue;
            }
            tokio::select! {
                received = self.socket.recv(&mut buffer) => match received {
                    Ok(length) => {
                        self.refusals = 0;
                        self.session.receive(buffer.get(..length).unwrap_or_default(), clock::running_for());
                    }
                    Err(error) if error.kind() == io::ErrorKind::ConnectionRefused && self.refusals >= MAX_REFUSALS => return Err(error),
                    // A datagram of ours was refused on the way. It may be one of many; silence is found out by the session.
                    Err(error) if is_passing(&error) => {
                        self.refusals += u32::from(error.kind() == io::ErrorKind::ConnectionRefused);
                        tokio::time::sleep(Duration::from_millis(20)).await;
                    }
                    Err(error) => return Err(error),
                },
                () = tokio::time::sleep((deadline - now).min(LONGEST_WAIT)) => {
                    let now = clock::running_for();
                    if self.session.deadline().is_some_and(|deadline| deadline <= now) {
                        self.session.handle_timeout(now);
                    }
                }
            }
        }
    }

    async fn flush(&mut self) {
        while let Some(datagram) = self.session.poll_transmit() {
            // What cannot be sent is as what is lost: repeated, or found out by the missing answer.
            let _ = self.socket.send(&datagram).await;
        }
    }

    /// Says goodbye without waiting for anything: nobody has let us in yet.
    pub(super) fn turn_away(&mut self) {
        self.session.end(clock::running_for());
        while let Some(datagram) = self.session.poll_transmit() {
            let _ = self.socket.try_send(&datagram);
        }
    }

    async fn say_goodbye(&mut self) {
        let until = clock::running_for() + GOODBYE_WITHIN;
        while let Ok(Step::Event(event)) = self.next(until).await {
            if matches!(event, Event::Closed(_)) {
                break;
            }
        }
        self.flush().await;
    }
}

/// Errors of a connected UDP socket that tell of an earlier datagram.
pub(super) fn is_passing(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::ConnectionRefused
            | io::ErrorKind::ConnectionReset
            | io::ErrorKind::HostUnreachable
            | io::ErrorKind::NetworkUnreachable
            | io::ErrorKind::Interrupted
            | io::ErrorKind::WouldBlock
            | io::ErrorKind::NetworkDown
    )
}
