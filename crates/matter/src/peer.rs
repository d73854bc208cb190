//! Whom to talk to: a node of our fabric and where it may be reached.

use std::net::SocketAddr;
use weft_model::MatterNodeId;

/// A node of our fabric.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Peer {
    /// Its node id on our fabric.
    pub node: MatterNodeId,
    /// Where it may be reached, the most promising first. All are tried, staggered by a moment; the first that answers wins.
    pub addresses: Vec<SocketAddr>,
    /// How soon it answers, as it said over mDNS.
    pub intervals: Intervals,
}

/// How soon a device hears what it is sent (Matter core specification 1.4, 4.13.1): from the TXT keys `SII`, `SAI` and `SAT` of its service.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Intervals {
    /// Between two polls while nothing happens. 500 ms where it does not say.
    pub idle_milliseconds: u32,
    /// Between two polls during a conversation. 300 ms where it does not say.
    pub active_milliseconds: u32,
    /// It is an intermittently connected device with long idle time, which cannot be asked: it checks in (TXT key `ICD` is 1).
    pub long_idle: bool,
}

impl Default for Intervals {
    fn default() -> Self {
        Self {
            idle_milliseconds: 500,
            active_milliseconds: 300,
            long_idle: false,
        }
    }
}

impl Intervals {
    /// True for a device that sleeps longer than the usual retransmissions wait.
    pub fn is_sleepy(self) -> bool {
        self.long_idle || self.idle_milliseconds > 2_000
    }
}
