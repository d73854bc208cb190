//! One `Matter` instance with its socket, and the task that drives it.

use super::check_in::CheckIns;
use super::events::{Reports, Subscriptions};
use super::heard::Heard;
use super::jobs::{Jobs, Local};
use super::mend::Mender;
use super::network::{Receiving, Sending};
use super::session::Nodes;
use super::watched::Watched;
use super::{ControllerEvent, EXTRA_ATTEMPTS};
use crate::attestation::AttestationRoots;
use crate::error::OperationError;
use crate::fabric::Fabric;
use rs_matter::Matter;
use rs_matter::crypto::backend::rustcrypto::RustCrypto;
use rs_matter::crypto::{CanonPkcSecretKeyRef, PKC_CANON_SECRET_KEY_LEN};
use rs_matter::dm::clusters::basic_info::BasicInfoConfig;
use rs_matter::dm::devices::test::{TEST_DEV_ATT, TEST_DEV_COMM};
use rs_matter::respond::Responder;
use rs_matter::transport::network::NoNetwork;
use std::cell::Cell;
use std::future::{Future, poll_fn};
use std::num::NonZeroU8;
use std::pin::pin;
use std::rc::Rc;
use std::task::Poll;
use std::time::Duration;
use tokio::net::UdpSocket;
use tokio::sync::{Semaphore, mpsc};

/// The library's cryptography with the operating system's randomness.
pub(crate) type MatterCrypto = RustCrypto<'static, getrandom::rand_core::UnwrapErr<getrandom::SysRng>>;

/// The library signs with this where it answers as a device, which Weft never does.
static NO_DEVICE_KEY: [u8; PKC_CANON_SECRET_KEY_LEN] = [0; PKC_CANON_SECRET_KEY_LEN];

/// Inbound exchanges that are served at once, as the library's own responder does.
const RESPONDERS: usize = 8;

/// A shard goes on for so long after the last job or datagram: last acknowledgements, and the closing of what was cancelled, are sent by then.
/// Afterwards it sleeps until its socket or a job wakes it; a running one wakes up thirty times a second.
const LINGER: Duration = Duration::from_millis(400);

/// A commissioning shard without a job for so long ends.
const COMMISSIONING_LINGER: Duration = Duration::from_secs(30);

/// Before a transport that broke off begins anew.
const PAUSE_AFTER_BREAK: Duration = Duration::from_millis(100);

/// What a shard is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Purpose {
    /// Nodes of our fabric.
    Nodes,
    /// Devices that join.
    Commissioning,
}

/// What a shard is for, and how patient it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Kind {
    pub(crate) purpose: Purpose,
    /// For devices that sleep. The first message of a handshake is retransmitted at our own active interval, as the library does not take the
    /// peer's: with the usual 300 ms it gives up after 6 s, before a device that polls every 8 s has answered; with this after a minute.
    pub(crate) slow: bool,
}

/// What the library would tell of us as a device. Only the retransmission interval matters.
const fn details(active_milliseconds: Option<u32>) -> BasicInfoConfig<'static> {
    BasicInfoConfig {
        vendor_name: "Weft",
        product_name: "Weft",
        device_name: "Weft",
        sai: active_milliseconds,
        ..BasicInfoConfig::new()
    }
}
static USUAL: BasicInfoConfig<'static> = details(None);
static SLOW: BasicInfoConfig<'static> = details(Some(4_000));

/// What all shards of a controller share.
pub(crate) struct Common {
    pub(crate) fabric: Fabric,
    /// Root certificates to hold attestation against; `None` where the user has none.
    pub(crate) roots: Option<AttestationRoots>,
    pub(crate) events: mpsc::Sender<ControllerEvent>,
    pub(crate) check_ins: CheckIns,
    /// A device has another fabric with our label; others will have it too.
    pub(crate) is_label_taken: Cell<bool>,
}

/// A job for a shard. What it comes to it tells by itself.
pub(crate) type Task = Box<dyn for<'s> FnOnce(&'s Shard) -> Local<'s, ()> + Send>;

/// One `Matter` instance. Everything in it happens within one task: see [`Jobs`].
pub(crate) struct Shard {
    /// Never held across an await with a received message in hand: the instance has one buffer for reception.
    pub(crate) matter: Box<Matter<'static>>,
    pub(crate) crypto: MatterCrypto,
    /// Our fabric's index in this instance.
    pub(crate) fabric_index: NonZeroU8,
    pub(crate) common: Rc<Common>,
    /// Why handshakes fail.
    pub(crate) heard: Heard,
    pub(crate) slow: bool,
    pub(super) nodes: Nodes,
    pub(crate) subscriptions: Subscriptions,
    /// Places for handshakes that try a node at a second address while the first may still answer.
    pub(super) extra: Semaphore,
    /// Reports that are being taken.
    pub(super) reporting: Cell<usize>,
    mender: Mender,
    socket: UdpSocket,
    datagrams: Cell<u64>,
}

impl Shard {
    /// Must be called within the controller's runtime.
    ///
    /// # Errors
    /// When the socket cannot be used or the library refuses the fabric.
    pub(super) fn new(kind: Kind, common: Rc<Common>, socket: std::net::UdpSocket) -> Result<Self, OperationError> {
        let failed = |what: &str, error: &dyn std::fmt::Display| OperationError::Failed(format!("{what}: {error}"));
        let socket = UdpSocket::from_std(socket).map_err(|error| failed("UDP socket", &error))?;
        let port = socket.local_addr().map_err(|error| failed("UDP socket", &error))?.port();
        let crypto = MatterCrypto::new(
            getrandom::rand_core::UnwrapErr(getrandom::SysRng),
            CanonPkcSecretKeyRef::new(&NO_DEVICE_KEY),
        );
        let details = if kind.slow { &SLOW } else { &USUAL };
        // Identity as a device: asked for only by handshakes that others begin, and those are not let in.
        let matter = Box::new(Matter::new(details, TEST_DEV_COMM, &TEST_DEV_ATT, port));
        let fabric_index = common.fabric.install(&matter, &crypto).map_err(|error| failed("fabric", &error))?;
        Ok(Self {
            matter,
            crypto,
            fabric_index,
            common,
            heard: Heard::default(),
            slow: kind.slow,
            nodes: Nodes::default(),
            subscriptions: Subscriptions::default(),
            extra: Semaphore::new(EXTRA_ATTEMPTS),
            reporting: Cell::new(0),
            mender: Mender::default(),
            socket,
            datagrams: Cell::new(0),
        })
    }

    /// Drives everything until nobody has jobs for it any more. `active` is lowered with each job that is done.
    pub(super) async fn run(self, kind: Kind, mut tasks: mpsc::UnboundedReceiver<Task>, active: Rc<Cell<usize>>) {
        let shard = &self;
        let mut jobs = Jobs::default();
        loop {
            if jobs.is_empty() {
                tokio::select! {
                    biased;
                    task = tasks.recv() => match task {
                        Some(task) => jobs.push(task(shard)),
                        None => return,
                    },
                    _ = shard.socket.readable() => {}
                    () = tokio::time::sleep(COMMISSIONING_LINGER), if kind.purpose == Purpose::Commissioning => tasks.close(),
                }
            }
            let closed = shard.work(&mut jobs, &mut tasks, &active).await;
            if closed {
                return;
            }
        }
    }

    /// Drives the instance until nothing has happened for a moment. True where no more jobs will come.
    async fn work<'s>(&'s self, jobs: &mut Jobs<'s, ()>, tasks: &mut mpsc::UnboundedReceiver<Task>, active: &Cell<usize>) -> bool {
        let check_in = |payload: &[u8]| self.check_in(payload);
        let mut receiving = Receiving::new(&self.socket, &self.heard, &self.mender, &self.datagrams, &check_in);
        let sending = Sending::new(&self.socket, &self.heard, &self.mender);
        let watched = Watched {
            inner: &self.crypto,
            mender: &self.mender,
        };
        let mut transport = pin!(self.matter.run(&watched, sending, &mut receiving, NoNetwork));
        let responder = Responder::new("reports", Reports(self), &self.matter, 0);
        let mut responder = pin!(responder.run::<RESPONDERS>());
        let mut linger = pin!(tokio::time::sleep(LINGER));
        let mut seen = self.datagrams.get();
        let mut closed = false;
        let mut broken = false;

        poll_fn(|cx| {
            while !closed && let Poll::Ready(task) = tasks.poll_recv(cx) {
                match task {
                    Some(task) => jobs.push(task(self)),
                    None => closed = true,
                }
            }
            while let Poll::Ready(()) = jobs.poll_next(cx) {
                active.set(active.get().saturating_sub(1));
            }
            // Neither ends by itself, except when it cannot go on: then both begin anew.
            if transport.as_mut().poll(cx).is_ready() || responder.as_mut().poll(cx).is_ready() {
                broken = true;
                return Poll::Ready(());
            }
            if !jobs.is_empty() || self.reporting.get() > 0 || self.datagrams.get() != seen {
                seen = self.datagrams.get();
                linger.as_mut().reset(tokio::time::Instant::now() + LINGER);
            }
            linger.as_mut().poll(cx)
        })
        .await;
        if broken {
            tracing::warn!("the Matter transport broke off");
            tokio::time::sleep(PAUSE_AFTER_BREAK).await;
        }
        closed && jobs.is_empty()
    }

    /// A payload that may be a check-in of a node of ours.
    fn check_in(&self, payload: &[u8]) {
        if let Some(node) = self.common.check_ins.open(&self.crypto, payload) {
            self.tell(ControllerEvent::CheckIn { node });
        }
    }

    /// Tells whoever listens. Who does not keep up misses something rather than holding up the devices.
    pub(super) fn tell(&self, event: ControllerEvent) {
        if let Err(mpsc::error::TrySendError::Full(_)) = self.common.events.try_send(event) {
            tracing::warn!("a report of a Matter device was dropped: nobody takes them");
        }
    }
}
