//! Captures to observations: who said what, about when, by what kind of hearing.
//!
//! What the bytes mean is known by `weft-wire`; here it gets its reporter and its time. One file for each family of captures.

mod annotation;
mod frame;
mod matter;
mod matter_server;
mod mdns;
mod mle;
mod otbr;
mod radio;
mod retention;
mod tmf;

#[cfg(test)]
mod air_tests;
#[cfg(test)]
mod tests;

pub(crate) use mdns::is_enumeration;
pub(crate) use otbr::is_border_router_path;
pub use retention::retention_key;

use crate::capture::{Capture, CaptureBody, FailureCapture, FailureTarget, SourceReport};
use crate::observation::{Hearing, Observation, Reporter};
use std::collections::BTreeSet;
use std::net::Ipv6Addr;
use std::sync::Arc;
use weft_model::{AddressKind, ExtendedPanId, Fact, FactKind, MatterPeer, Rloc16, Timestamp};
use weft_wire::Problem;

/// What one capture said.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct DecodedCapture {
    /// The statements, in the order of the capture. A fact of one kind may come more than once (prefixes, for one): then all of them hold together.
    pub observations: Vec<Observation>,
    /// What could not be understood, and where.
    pub problems: Vec<Problem>,
    /// Registrations that said goodbye, or whose records ran out.
    pub removed: Vec<Reporter>,
    /// Who was asked in vain.
    pub failures: Vec<(Reporter, FailureCapture)>,
    /// A source's new state.
    pub source: Option<SourceReport>,
    /// The capture is of a kind (or asks for something) that no decoder reads yet; it is kept as it is.
    pub not_understood: bool,
}

impl DecodedCapture {
    fn problem(&mut self, problem: Problem) {
        self.problems.push(problem);
    }
}

/// Decodes captures. Remembers only the parts of network diagnostic answers that are not whole yet, and the frames of the last seconds summed up, in
/// bounded number; give it captures in (`at`, `seq`) order.
#[derive(Debug, Clone, Default)]
pub struct Decoder {
    answers: tmf::Answers,
    frames: frame::Frames,
}

impl Decoder {
    /// A decoder that remembers nothing.
    pub fn new() -> Self {
        Self::default()
    }

    /// Decodes one capture. Never fails: what cannot be understood is among the problems, and the rest is used.
    pub fn decode(&mut self, capture: &Capture) -> DecodedCapture {
        let mut decoded = DecodedCapture::default();
        match &capture.body {
            CaptureBody::Source(report) => decoded.source = Some(report.clone()),
            CaptureBody::Mdns(body) => mdns::decode(capture, body, &mut decoded),
            CaptureBody::MatterReport(body) => matter::decode(capture, body, &mut decoded),
            CaptureBody::MatterServerNode(body) => matter_server::decode(capture, body, &mut decoded),
            CaptureBody::Tmf(body) => self.answers.decode(capture, body, &mut decoded),
            CaptureBody::OtbrRest(body) => otbr::decode(capture, body, &mut decoded),
            CaptureBody::RadioSummary(body) => radio::decode(capture, body, &mut decoded),
            CaptureBody::Frame(body) => self.frames.decode(capture, body, &mut decoded),
            CaptureBody::Mle(body) => mle::decode(capture, body, &mut decoded),
            CaptureBody::Annotation(body) => annotation::decode(capture, body, &mut decoded),
            CaptureBody::Failure(body) => match reporter_of(&body.target) {
                Some(reporter) => decoded.failures.push((reporter, body.clone())),
                None => decoded.problem(Problem::of("target", "names nobody that is known here")),
            },
        }
        decoded
    }
}

/// Who was asked in vain.
fn reporter_of(target: &FailureTarget) -> Option<Reporter> {
    match target {
        FailureTarget::MatterNode { fabric, node } => Some(Reporter::Matter(MatterPeer {
            fabric: *fabric,
            node: *node,
        })),
        FailureTarget::ThreadNode { extended_pan_id, address } => Some(by_address(*address, *extended_pan_id)),
        FailureTarget::OtbrRest { base } => Some(Reporter::Rest { base: rest_base(base) }),
        FailureTarget::Other(_) => None,
    }
}

/// The strongest name in an address: the extended address of a link-local one, the locator of an RLOC, else the address itself.
fn by_address(address: Ipv6Addr, network: Option<ExtendedPanId>) -> Reporter {
    match AddressKind::of(address) {
        AddressKind::LinkLocal(Some(extended_address)) => Reporter::Radio { extended_address },
        AddressKind::Rloc(rloc16) => by_locator(rloc16, network),
        _ => Reporter::Address { address },
    }
}

fn by_locator(rloc16: Rloc16, network: Option<ExtendedPanId>) -> Reporter {
    Reporter::Locator { network, rloc16 }
}

/// A base URL as the name of a border router: without a slash at its end.
fn rest_base(base: &str) -> Arc<str> {
    Arc::from(base.trim_end_matches('/'))
}

/// The network that the facts name, where they name one.
fn network_of<'f>(facts: impl IntoIterator<Item = &'f Fact>) -> Option<ExtendedPanId> {
    facts.into_iter().find_map(|fact| match fact {
        Fact::ExtendedPanId(id) => Some(*id),
        Fact::Dataset(dataset) => dataset.extended_pan_id,
        _ => None,
    })
}

/// The most addresses of a device that are kept of one statement.
const MAX_ADDRESSES: usize = 64;

/// Unicast addresses, each once.
fn sorted(addresses: impl IntoIterator<Item = Ipv6Addr>) -> Vec<Ipv6Addr> {
    let unicast: BTreeSet<Ipv6Addr> = addresses.into_iter().filter(|address| !address.is_multicast()).collect();
    unicast.into_iter().take(MAX_ADDRESSES).collect()
}

/// One reporter at one moment.
struct Statement<'c> {
    capture: &'c Capture,
    reporter: Reporter,
    network: Option<ExtendedPanId>,
    hearing: Hearing,
    stated_at: Timestamp,
    interval_seconds: Option<u32>,
}

impl<'c> Statement<'c> {
    /// What is stated when it is received.
    fn now(capture: &'c Capture, reporter: Reporter, network: Option<ExtendedPanId>, hearing: Hearing) -> Self {
        Self {
            capture,
            reporter,
            network,
            hearing,
            stated_at: capture.at,
            interval_seconds: None,
        }
    }

    /// The same, stated at `moment`; never later than it was received, whatever the other side's clock says.
    fn stated_at(self, moment: Option<Timestamp>) -> Self {
        Self {
            stated_at: moment.map_or(self.stated_at, |moment| moment.min(self.stated_at)),
            ..self
        }
    }

    /// The same, of a reporter that is asked in an interval of its own.
    fn asked_every(self, interval_seconds: Option<u32>) -> Self {
        Self { interval_seconds, ..self }
    }

    /// Makes observations of facts; the kinds in `incomplete` supersede nothing.
    fn say(&self, facts: impl IntoIterator<Item = Fact>, incomplete: &[FactKind], decoded: &mut DecodedCapture) {
        decoded.observations.extend(facts.into_iter().map(|fact| Observation {
            reporter: self.reporter.clone(),
            network: self.network,
            complete: !incomplete.contains(&fact.kind()),
            fact: Arc::new(fact),
            stated_at: self.stated_at,
            hearing: self.hearing,
            interval_seconds: self.interval_seconds,
            source: Arc::clone(&self.capture.source),
            seq: self.capture.seq,
        }));
    }
}
