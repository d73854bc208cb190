//! What a dongle without keys hears of a mesh: MAC short addresses, which are RLOC16s, and how strong they are where the dongle stands.

use crate::device::Capability;
use crate::mesh::{NetworkIndex, NodeIndex};
use crate::radio::{Position, Reception, shadowing_centidb};
use crate::survey::Survey;
use weft_evidence::{CaptureBody, RadioSummaryCapture};
use weft_model::LinkQuality;

/// The short address of frames that everybody takes.
const BROADCAST: &str = "0xffff";
/// A sleepy device polls every so often.
const POLL_SECONDS: u64 = 5;
/// A router advertises every so often.
const ADVERTISE_SECONDS: u64 = 32;
/// Stands for the dongle among the nodes when chance is drawn.
const DONGLE: u64 = u64::MAX;

/// A dongle that listens to the channel of one network.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Dongle {
    /// Whose channel it listens on.
    pub network: NetworkIndex,
    /// Where it stands.
    pub position: Position,
}

impl Survey<'_> {
    /// What the dongle sums up after an interval, by sender: the data polls and frames of children to their parents, the advertisements of routers.
    /// Radios that are too weak where it stands are missing. A dongle knows nothing of links: it measures what *it* hears.
    pub fn radio_summaries(&self, dongle: &Dongle, interval_seconds: u32) -> Vec<CaptureBody> {
        let mesh = self.mesh();
        let senders = mesh.indices().filter(|node| mesh.node(*node).network == dongle.network);
        senders.filter_map(|node| self.radio_summary(dongle, node, interval_seconds)).collect()
    }

    fn radio_summary(&self, dongle: &Dongle, node: NodeIndex, interval_seconds: u32) -> Option<CaptureBody> {
        let mesh = self.mesh();
        let data = mesh.node(node);
        let from = mesh.rloc16(node)?;
        let shadowing = shadowing_centidb(mesh.seed, DONGLE, node.0 as u64);
        let dbm = (i64::from(data.tx_power_dbm) * 100 - dongle.position.path_loss_centidb(data.position) - shadowing).div_euclid(100);
        let reception = Reception::from_dbm(dbm);
        let rssi = reception.rssi.filter(|_| reception.quality > LinkQuality::NONE)?.dbm();
        let interval = u64::from(interval_seconds);
        let spoken = 1 + mesh.chance(&[50, node.0 as u64, mesh.now().unix_milliseconds() as u64]) % 10;
        let (to, frames, data_polls) = match (from.parent(), data.capability) {
            (Some(parent), Capability::SleepyEndDevice) => (parent.to_string(), interval / POLL_SECONDS + spoken, interval / POLL_SECONDS),
            (Some(parent), _) => (parent.to_string(), spoken, 0),
            (None, _) => (BROADCAST.to_owned(), interval / ADVERTISE_SECONDS, 0),
        };
        let network = &mesh.networks()[data.network.0];
        Some(CaptureBody::RadioSummary(RadioSummaryCapture {
            channel: Some(u16::from(network.channel.get())),
            pan_id: network.pan_id,
            from: from.to_string(),
            acknowledged: if from.is_router() { 0 } else { frames },
            to,
            interval_seconds: f64::from(interval_seconds),
            age_seconds: None,
            frames,
            data_polls,
            rssi_min_dbm: Some(rssi.saturating_sub(3)),
            rssi_average_dbm: Some(f64::from(rssi)),
            rssi_max_dbm: Some(rssi.saturating_add(2).min(0)),
            lqi_average: Some(f64::from(reception.margin_db.saturating_mul(4))),
        }))
    }
}
