//! Observations: one decoded statement by one reporter, with its time and the capture that it came in.

use serde::Serialize;
use std::fmt;
use std::net::Ipv6Addr;
use std::sync::Arc;
use weft_model::{BorderAgentId, ExtendedAddress, ExtendedPanId, Fact, MatterPeer, PanId, Rloc16, Timestamp};

/// Who made a statement, by the strongest name that the capture itself gives.
///
/// Two reporters may turn out to be one device; which, is a conclusion (`topology`), not evidence.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(tag = "reporter", rename_all = "kebab-case")]
pub enum Reporter {
    /// A radio, by its extended address.
    Radio {
        /// Extended address.
        extended_address: ExtendedAddress,
    },
    /// A Matter node.
    Matter(MatterPeer),
    /// A device of a mesh that told no extended address, by its locator. The partition is whatever the network had then.
    Locator {
        /// The network, where the capture names it.
        network: Option<ExtendedPanId>,
        /// Locator.
        rloc16: Rloc16,
    },
    /// A device of a mesh by another unicast address.
    Address {
        /// The address.
        address: Ipv6Addr,
    },
    /// A border agent by its id.
    BorderAgent {
        /// Border agent id.
        id: BorderAgentId,
    },
    /// A DNS-SD registration. Says what is registered, not that the device lives.
    Service {
        /// Service type without domain.
        service: Arc<str>,
        /// Instance label.
        instance: Arc<str>,
    },
    /// A border router's REST API that did not tell its extended address.
    Rest {
        /// Base URL.
        base: Arc<str>,
    },
    /// Our own dongle, of one pair of radios.
    Dongle {
        /// PAN id.
        pan_id: PanId,
        /// Sender, as text.
        from: Arc<str>,
        /// Receiver, as text.
        to: Arc<str>,
    },
    /// A person or a companion app, of one device.
    Person {
        /// The device, as the annotation names it.
        target: Arc<str>,
    },
}

impl fmt::Display for Reporter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Radio { extended_address } => write!(f, "{extended_address}"),
            Self::Matter(peer) => write!(f, "matter:{peer}"),
            Self::Locator {
                network: Some(network),
                rloc16,
            } => write!(f, "{network}/{rloc16}"),
            Self::Locator { network: None, rloc16 } => write!(f, "{rloc16}"),
            Self::Address { address } => write!(f, "{address}"),
            Self::BorderAgent { id } => write!(f, "border-agent:{id}"),
            Self::Service { service, instance } => write!(f, "{instance}.{service}"),
            Self::Rest { base } => write!(f, "{base}"),
            Self::Dongle { from, to, .. } => write!(f, "dongle:{from}>{to}"),
            Self::Person { target } => write!(f, "annotation:{target}"),
        }
    }
}

/// By what kind of hearing a statement came: decides for how long it is fresh.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Hearing {
    /// Heard on the air.
    Air,
    /// Asked for, and answered then.
    Asked,
    /// A LAN registration, good for so many seconds.
    Lan {
        /// Time to live.
        ttl_seconds: u32,
    },
    /// From somebody else's cache, without a time of reading: does not age.
    Cached,
    /// Said by a person: does not age.
    Person,
}

/// One decoded statement.
#[derive(Debug, Clone, PartialEq)]
pub struct Observation {
    /// Who said it.
    pub reporter: Reporter,
    /// The network, where the capture itself names it.
    pub network: Option<ExtendedPanId>,
    /// What was said.
    pub fact: Arc<Fact>,
    /// False for a table of which a part is missing: it supersedes nothing.
    pub complete: bool,
    /// When it was true for its reporter: when received, or the time that came with it.
    pub stated_at: Timestamp,
    /// By what kind of hearing.
    pub hearing: Hearing,
    /// In which interval its reporter is asked for it, where the capture told one; else it is the source's.
    pub interval_seconds: Option<u32>,
    /// The source that heard it.
    pub source: Arc<str>,
    /// Sequence number of the capture.
    pub seq: u64,
}
