//! The questions to the mesh, through a session in which we are commissioner.

use super::AgentWay;
use super::run::locator;
use super::talk::{Step, Talk};
use crate::clock;
use crate::mesh::sweeping::{self, Broken, Carrier, Found, Mesh};
use crate::mesh::way::{Attempt, WayFailure};
use std::net::{IpAddr, Ipv6Addr, SocketAddr};
use std::time::Duration;
use weft_evidence::{CaptureBody, TmfCapture};
use weft_model::{Brought, ExtendedPanId, MeshLocalPrefix, Rloc16};
use weft_thread::commissioner::{DatasetKind, Event, TMF_PORT};
use weft_thread::credential::OperationalDataset;

/// A border agent that lives answers within this time, on a LAN, even if its leader is slow.
const ALIVE_WITHIN: Duration = Duration::from_secs(4);
/// Where nothing at all came for so long, the border agent itself is asked whether it is there: the end of the sweep would tell half a minute later.
const QUIET: Duration = Duration::from_secs(4);

/// Sweeps. `can_be_asked`: the border agent answers questions about itself; should the mesh fall silent, that tells which of both did.
pub(super) async fn sweep(
    way: &AgentWay,
    attempt: &Attempt,
    talk: &mut Talk,
    found: &mut Found,
    mesh: Mesh,
    can_be_asked: bool,
) -> Result<Brought, WayFailure> {
    let pulse = Pulse::new(can_be_asked, clock::running_for());
    let swept = sweeping::sweep(&mut Proxied { talk, pulse }, &way.memory, attempt, mesh).await;
    let outcome = swept.map_err(|broken| match broken {
        Broken::Way(failure) => failure,
        Broken::Lost(reason, answers) => WayFailure::Failed(format!(
            "{} let Weft in and was lost in the middle of the questions ({reason}); {answers} answers came before, and are kept. Weft tries again soon.",
            way.name,
        )),
    })?;
    let silence = WayFailure::MeshSilent(format!(
        "{} lets Weft in and makes it commissioner, and nothing comes back from the mesh: it may not pass questions on. Weft tries again later; a restart of this border \
         router may help, and so may another one of the network.",
        way.name
    ));
    sweeping::settled(&way.memory, attempt, found, outcome, silence)
}

/// The session passes messages on.
struct Proxied<'a> {
    talk: &'a mut Talk,
    pulse: Pulse,
}

impl Carrier for Proxied<'_> {
    fn send(&mut self, destination: Ipv6Addr, datagram: &[u8], now: Duration) -> Result<(), String> {
        let session = self.talk.session().ok_or("the session ended")?;
        let sent = session.send_to_mesh(destination, TMF_PORT, TMF_PORT, datagram, now);
        sent.map_err(|error| error.to_string())
    }

    async fn next(&mut self, until: Duration) -> Result<Option<(Ipv6Addr, Vec<u8>)>, String> {
        let session = self.talk.session().ok_or("the session ended")?;
        let now = clock::running_for();
        match self.pulse.beat(now) {
            Beat::Ask => {
                // Two questions, so that what gets lost on the way is not taken for silence.
                session.get_dataset(DatasetKind::Commissioner, now);
                session.get_dataset(DatasetKind::Pending, now);
            }
            Beat::Dead => return Err("it answers nothing any more".to_owned()),
            Beat::Fine => {}
        }
        match self.talk.next(until.min(self.pulse.deadline())).await {
            Ok(Step::Event(Event::FromMesh {
                source,
                destination_port: TMF_PORT,
                datagram,
                ..
            })) => {
                self.pulse.felt(clock::running_for());
                Ok(Some((source, datagram)))
            }
            Ok(Step::Event(Event::CommissionerDataset { .. } | Event::Dataset { .. })) => {
                self.pulse.felt(clock::running_for());
                Ok(None)
            }
            Ok(Step::Event(Event::LostRole { reason })) => Err(reason),
            Ok(Step::Event(Event::Closed(closed))) => Err(closed.to_string()),
            Ok(Step::Event(_) | Step::TimeOver) => Ok(None),
            Err(error) => Err(error.to_string()),
        }
    }

    async fn lives(&mut self) -> Result<bool, WayFailure> {
        Ok(!self.pulse.can_be_asked || locator(self.talk, ALIVE_WITHIN).await?.is_some())
    }
}

/// Whether the border agent still lives.
struct Pulse {
    can_be_asked: bool,
    felt_at: Duration,
    asked_at: Option<Duration>,
}

enum Beat {
    /// It was heard not long ago, or nothing would tell.
    Fine,
    /// It is to be asked now.
    Ask,
    /// It was asked, and says nothing.
    Dead,
}

impl Pulse {
    fn new(can_be_asked: bool, now: Duration) -> Self {
        Self {
            can_be_asked,
            felt_at: now,
            asked_at: None,
        }
    }

    fn felt(&mut self, now: Duration) {
        self.felt_at = now;
        self.asked_at = None;
    }

    fn beat(&mut self, now: Duration) -> Beat {
        if !self.can_be_asked || now < self.deadline() {
            return Beat::Fine;
        }
        if self.asked_at.is_some() {
            return Beat::Dead;
        }
        self.asked_at = Some(now);
        Beat::Ask
    }

    fn deadline(&self) -> Duration {
        match self.asked_at {
            _ if !self.can_be_asked => Duration::MAX,
            None => self.felt_at + QUIET,
            Some(at) => at + ALIVE_WITHIN,
        }
    }
}

/// By which address the border agent's statements are known as its own: its locator, or an address that it announces. A link-local one would be taken for that
/// of its radio.
pub(super) fn reporter(relay: Option<Rloc16>, prefix: MeshLocalPrefix, address: Option<SocketAddr>) -> Option<Ipv6Addr> {
    relay.map(|relay| prefix.rloc(relay)).or_else(|| match address?.ip() {
        IpAddr::V6(address) if !address.is_unicast_link_local() && !address.is_loopback() => Some(address),
        _ => None,
    })
}

/// What is no secret in a dataset, as the border agent's answer.
pub(super) fn dataset_capture(dataset: &OperationalDataset, network: Option<ExtendedPanId>, peer: Ipv6Addr) -> CaptureBody {
    let mut tlvs = zeroize::Zeroizing::new(dataset.expose().to_vec());
    weft_wire::meshcop::blank_secrets(&mut tlvs);
    CaptureBody::Tmf(TmfCapture {
        extended_pan_id: network,
        peer,
        uri: "c/ag".to_owned(),
        asked: None,
        code: Some("2.04".to_owned()),
        payload: tlvs.iter().map(|byte| format!("{byte:02x}")).collect(),
        overheard: false,
    })
}
