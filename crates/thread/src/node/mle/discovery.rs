//! Looking for the network on every channel (Thread 1.4, 4.6.1 and 8.4.4; OpenThread `DiscoverScanner`): a Discovery Request in the clear to every PAN, an answer
//! from each router that hears it, with the extended PAN ID.

use super::messages;
use super::{Heard, Mle, Spot, State, find};
use std::time::Duration;
use weft_model::{Channel, PanId};
use weft_wire::mle::Tlv;

/// How long answers are waited for on each channel: routers take up to 250 ms (OpenThread `kDiscoveryMaxJitter`, `kScanDurationDefault`).
pub(super) const DWELL: Duration = Duration::from_millis(300);

/// All channels are searched in turn.
pub(super) struct Discovering {
    pub(super) until: Duration,
    pub(super) channel: Channel,
    /// Where the network is not, as nobody answered there: it is the last to be gone to.
    silent: Spot,
    /// Where it is, and how well it is heard there.
    found: Option<(Spot, Option<i8>)>,
}

fn next_channel(after: Channel) -> Option<Channel> {
    Channel::all().find(|channel| *channel > after)
}

impl Discovering {
    pub(super) fn new(silent: Spot, now: Duration) -> Self {
        Self {
            until: now + DWELL,
            channel: Channel::all().next().unwrap_or(silent.channel),
            silent,
            found: None,
        }
    }
}

impl Mle {
    pub(super) fn take_discovery_response(&mut self, heard: &Heard) {
        let State::Discovering(discovering) = &mut self.state else { return };
        let discovery = find!(heard.message, Tlv::Discovery(discovery) => discovery);
        let is_ours = discovery.is_some_and(|discovery| discovery.extended_pan_id == Some(self.extended_pan_id));
        let Some(pan_id) = heard.pan_id.filter(|pan_id| is_ours && *pan_id != PanId::BROADCAST) else {
            return;
        };
        let spot = Spot {
            channel: heard.channel,
            pan_id,
        };
        let silent = discovering.silent;
        // Somewhere new rather than where nobody would have us; then where it is heard best.
        let worth = |(spot, rssi_dbm): (Spot, Option<i8>)| (spot != silent, rssi_dbm);
        let new = (spot, heard.rssi_dbm);
        if discovering.found.is_none_or(|found| worth(new) > worth(found)) {
            discovering.found = Some(new);
        }
    }

    /// The time of a channel is over.
    pub(super) fn discover_further(&mut self, now: Duration) {
        let State::Discovering(discovering) = &mut self.state else { return };
        if let Some(channel) = next_channel(discovering.channel) {
            discovering.channel = channel;
            discovering.until = now + DWELL;
            return self.send(messages::discovery_request());
        }
        match discovering.found {
            Some((spot, _)) => {
                self.go_to(spot);
                self.ask_after_discovery(now);
            }
            None => self.fail_round(now),
        }
    }
}
