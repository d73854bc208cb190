//! A UDP socket as `rs-matter` wants it, which looks at what comes in.

use super::heard::{Heard, plain};
use super::mend::Mender;
use super::plain::{Seen, StatusReport, look, unsecured};
use rs_matter::error::Error;
use rs_matter::transport::network::{Address, MAX_RX_PACKET_SIZE, NetworkReceive, NetworkSend};
use std::cell::Cell;
use std::io;
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr};
use std::time::Duration;
use tokio::net::UdpSocket;

/// Between two attempts to receive when the operating system refuses for a reason that is not known to pass.
const PAUSE_AFTER_ERROR: Duration = Duration::from_millis(100);

/// The session number of unsecured messages.
const NO_SESSION: u16 = 0;

/// A UDP socket for all addresses of this machine: IPv6, and IPv4 through it where the system allows; IPv4 alone where there is no IPv6.
///
/// # Errors
/// When neither can be had.
pub(super) fn bind(port: u16) -> io::Result<std::net::UdpSocket> {
    let socket = std::net::UdpSocket::bind((Ipv6Addr::UNSPECIFIED, port)).or_else(|error| {
        // A port that is taken is not free for IPv4 either; anything else is a machine without IPv6.
        if error.kind() == io::ErrorKind::AddrInUse {
            return Err(error);
        }
        std::net::UdpSocket::bind((Ipv4Addr::UNSPECIFIED, port))
    })?;
    socket.set_nonblocking(true)?;
    Ok(socket)
}

/// The sending half.
pub(super) struct Sending<'s> {
    socket: &'s UdpSocket,
    heard: &'s Heard,
    mender: &'s Mender,
    speaks_ipv6: bool,
}

impl<'s> Sending<'s> {
    pub(super) fn new(socket: &'s UdpSocket, heard: &'s Heard, mender: &'s Mender) -> Self {
        let speaks_ipv6 = socket.local_addr().is_ok_and(|address| address.is_ipv6());
        Self {
            socket,
            heard,
            mender,
            speaks_ipv6,
        }
    }
}

impl NetworkSend for Sending<'_> {
    async fn send_to(&mut self, data: &[u8], address: Address) -> Result<(), Error> {
        let Some(address) = address.udp() else { return Ok(()) };
        let first = unsecured(data).and_then(|(counter, at)| self.mender.sent_unsecured(data, at, counter));
        let data = first.as_deref().unwrap_or(data);
        let target = match address {
            SocketAddr::V4(v4) if self.speaks_ipv6 => SocketAddr::new(v4.ip().to_ipv6_mapped().into(), v4.port()),
            other => other,
        };
        match self.socket.send_to(data, target).await {
            Ok(_) => {}
            // An answer of the network to an earlier datagram, maybe to somebody else.
            Err(error) if error.kind() == io::ErrorKind::ConnectionRefused => {}
            Err(error) => {
                tracing::debug!(%address, %error, "cannot send");
                self.heard.note_unreachable(address);
            }
        }
        Ok(())
    }
}

/// The receiving half. Holds one datagram that was received and not yet taken.
///
/// It receives into a buffer of its own, because `rs-matter` has a single buffer for all reception and takes it as soon as something is available:
/// what is said to be available must be there, or everything stands still.
pub(super) struct Receiving<'s> {
    socket: &'s UdpSocket,
    heard: &'s Heard,
    mender: &'s Mender,
    datagrams: &'s Cell<u64>,
    check_in: &'s dyn Fn(&[u8]),
    buffer: Box<[u8; MAX_RX_PACKET_SIZE]>,
    held: Option<usize>,
    /// Where the last one came from.
    from: SocketAddr,
}

impl<'s> Receiving<'s> {
    /// `datagrams` counts what came in; `check_in` is given the payloads of check-ins.
    pub(super) fn new(socket: &'s UdpSocket, heard: &'s Heard, mender: &'s Mender, datagrams: &'s Cell<u64>, check_in: &'s dyn Fn(&[u8])) -> Self {
        Self {
            socket,
            heard,
            mender,
            datagrams,
            check_in,
            buffer: Box::new([0; MAX_RX_PACKET_SIZE]),
            held: None,
            from: (Ipv6Addr::UNSPECIFIED, 0).into(),
        }
    }

    /// Looks at a datagram of this length; holds it where `rs-matter` shall see it. It would answer everything else, and make a place for whoever
    /// begins a handshake.
    fn take(&mut self, length: usize) {
        let datagram = &self.buffer[..length];
        let status = match look(datagram) {
            Seen::Secured => {
                self.held = Some(length);
                return;
            }
            Seen::Answer => None,
            // Two that each have lost the other's session would tell each other so for ever.
            Seen::Status(status) if status.secure_channel() == Some(StatusReport::SESSION_NOT_FOUND) => return,
            Seen::Status(status) => Some(status),
            Seen::CheckIn(payload) => return (self.check_in)(payload),
            Seen::Unwanted => return,
        };
        self.heard.note(self.from, status);
        let mended = unsecured(datagram)
            .and_then(|(counter, at)| Some([&datagram[..at], &self.mender.mended(NO_SESSION, &datagram[at..], counter)?].concat()));
        match mended {
            Some(mended) => self.hold(&mended),
            None => self.held = Some(length),
        }
    }

    /// Holds this; what is too long was never meant for us.
    fn hold(&mut self, datagram: &[u8]) {
        if let Some(buffer) = self.buffer.get_mut(..datagram.len()) {
            buffer.copy_from_slice(datagram);
            self.held = Some(datagram.len());
        }
    }
}

impl NetworkReceive for Receiving<'_> {
    async fn wait_available(&mut self) -> Result<(), Error> {
        while self.held.is_none() {
            if let Some(datagram) = self.mender.take_again() {
                self.hold(&datagram);
                continue;
            }
            match self.socket.recv_from(&mut self.buffer[..]).await {
                Ok((length, from)) => {
                    self.datagrams.set(self.datagrams.get().wrapping_add(1));
                    self.from = plain(from);
                    self.take(length);
                }
                Err(error)
                    if matches!(
                        error.kind(),
                        io::ErrorKind::ConnectionRefused | io::ErrorKind::ConnectionReset | io::ErrorKind::Interrupted
                    ) => {}
                Err(error) => {
                    tracing::debug!(%error, "cannot receive");
                    tokio::time::sleep(PAUSE_AFTER_ERROR).await;
                }
            }
        }
        Ok(())
    }

    async fn recv_from(&mut self, buffer: &mut [u8]) -> Result<(usize, Address), Error> {
        loop {
            if let Some(length) = self.held.take() {
                let length = length.min(buffer.len());
                buffer[..length].copy_from_slice(&self.buffer[..length]);
                return Ok((length, Address::Udp(self.from)));
            }
            self.wait_available().await?;
        }
    }
}
