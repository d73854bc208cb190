//! Devices that a Matter server opens for us, handed to Weft's own fabric.

use std::collections::BTreeSet;
use std::net::IpAddr;
use weft_matter::SetupCode;
use weft_model::{CompressedFabricId, JobState, MatterNodeId, MatterPeer};
use weft_sources::directory::ServiceDirectory;
use weft_sources::home_assistant::Joiner;
use weft_sources::matter::{MatterHandle, MatterRefusal};
use zeroize::Zeroizing;

/// Weft's own fabric, for whoever has codes.
pub(crate) struct FabricJoiner {
    fabric: MatterHandle,
    services: ServiceDirectory,
}

impl FabricJoiner {
    pub(crate) fn new(fabric: MatterHandle, services: ServiceDirectory) -> Self {
        Self { fabric, services }
    }

    fn addresses(&self, fabric: CompressedFabricId, node: MatterNodeId) -> BTreeSet<IpAddr> {
        let located = self.services.operational(MatterPeer { fabric, node }).unwrap_or_default();
        located.addresses.iter().map(std::net::SocketAddr::ip).collect()
    }
}

impl Joiner for FabricJoiner {
    fn join(&self, code: Zeroizing<String>) -> Result<u64, String> {
        let code = SetupCode::parse(&code).map_err(|error| error.to_string())?;
        match self.fabric.pair(vec![code], None, false) {
            Ok(jobs) => jobs.first().copied().ok_or_else(|| "no job was made".to_owned()),
            // It is worked on already.
            Err(MatterRefusal::Duplicate { job, .. }) => Ok(job),
            Err(refusal) => Err(refusal.to_string()),
        }
    }

    fn outcome(&self, job: u64) -> Option<bool> {
        let view = self.fabric.view();
        let state = view.jobs.iter().find(|known| known.id == job)?.state;
        match state {
            JobState::Done => Some(true),
            JobState::Failed | JobState::Cancelled | JobState::Decide => Some(false),
            JobState::Waiting | JobState::Running => None,
        }
    }

    /// One device announces both of its fabrics at the same addresses.
    fn has(&self, fabric: CompressedFabricId, node: MatterNodeId) -> bool {
        let view = self.fabric.view();
        let Some(ours) = view.fabric else { return false };
        if fabric == ours {
            return view.devices.iter().any(|device| device.node == node);
        }
        let theirs = self.addresses(fabric, node);
        let is_there = |device: &weft_model::PairedDevice| !self.addresses(ours, device.node).is_disjoint(&theirs);
        !theirs.is_empty() && view.devices.iter().any(is_there)
    }
}
