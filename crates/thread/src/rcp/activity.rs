//! What was heard on each channel while the radio went through them.

use super::RadioFrame;
use std::collections::BTreeSet;
use weft_model::{Channel, PanId};
use weft_wire::ieee802154::{Frame, KeyId, SecurityLevel};

/// PAN ids that are kept of one channel.
pub const MAX_PANS_PER_CHANNEL: usize = 32;

/// One channel of a scan.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChannelActivity {
    /// Channel.
    pub channel: Channel,
    /// Frames.
    pub frames: u64,
    /// Frames that are secured as Thread secures them. Zigbee, which shares the band, secures above the MAC layer.
    pub thread_frames: u64,
    /// PAN ids that were heard.
    pub pan_ids: BTreeSet<PanId>,
    /// The strongest frame, dBm.
    pub rssi_max_dbm: Option<i8>,
    /// The strongest that was on the air while its energy was measured, whoever it was: Wi-Fi and Bluetooth too, dBm. `None` where the radio does not measure.
    pub energy_max_dbm: Option<i8>,
}

impl ChannelActivity {
    pub(super) fn new(channel: Channel) -> Self {
        Self {
            channel,
            frames: 0,
            thread_frames: 0,
            pan_ids: BTreeSet::new(),
            rssi_max_dbm: None,
            energy_max_dbm: None,
        }
    }

    /// Where most Thread frames were heard; `None` where none were.
    pub(super) fn busiest(heard: &[Self]) -> Option<Channel> {
        let with_thread = heard.iter().filter(|activity| activity.thread_frames > 0);
        let busiest = with_thread.max_by_key(|activity| (activity.thread_frames, activity.frames));
        busiest.map(|activity| activity.channel)
    }

    pub(super) fn add(&mut self, heard: &RadioFrame) {
        self.frames += 1;
        self.rssi_max_dbm = self.rssi_max_dbm.max(heard.rssi_dbm);
        let Ok(frame) = Frame::parse(&heard.psdu) else { return };
        let is_thread = frame
            .security
            .is_some_and(|security| security.level == SecurityLevel::ENCRYPTED_MIC_32 && matches!(security.key_id, KeyId::Index(_)));
        self.thread_frames += u64::from(is_thread);
        if let Some(pan_id) = frame.pan_id().filter(|pan_id| *pan_id != PanId::BROADCAST)
            && self.pan_ids.len() < MAX_PANS_PER_CHANNEL
        {
            self.pan_ids.insert(pan_id);
        }
    }
}
