//! What a person sees of the fabric at one moment.

use super::Now;
use super::devices::Device;
use super::hub::{Hub, State};
use super::registry::Node;
use std::time::Duration;
use weft_matter::Intervals;
use weft_model::{DeviceState, FabricView, PairedDevice};

/// The longest fabric label (Matter core specification 1.4, 11.18.4.5).
const MAX_LABEL_BYTES: usize = 32;
const ASLEEP: &str = "it sleeps for long and cannot be asked: allow its check-ins, or wake it by a press of its button";
const NOT_REGISTERED: &str = "it will be registered for check-ins as soon as it is awake: press its button";

pub(super) fn view(hub: &Hub) -> FabricView {
    let now = Now::read();
    let mut state = hub.lock();
    let questions_last_minute = state.schedule.questions_last_minute(now.steady);
    let is_paused = state.settings.paused;
    FabricView {
        fabric: state.fabric_id(),
        label: state
            .fabric
            .as_ref()
            .map_or_else(|| label(&hub.config.host), |fabric| fabric.label().to_owned()),
        paused: is_paused,
        attestation: state.settings.attestation,
        questions_last_minute,
        budget_per_minute: state.schedule.pace().most_per_minute(),
        jobs: state.jobs.views().cloned().collect(),
        devices: state.registry.nodes().map(|known| paired(&state, known, now)).collect(),
    }
}

/// What other apps will list us as, before there is a fabric.
fn label(host: &str) -> String {
    let mut label = format!("Weft {host}");
    while label.len() > MAX_LABEL_BYTES {
        label.pop();
    }
    label.trim_end().to_owned()
}

fn paired(state: &State, known: &Node, now: Now) -> PairedDevice {
    let unknown = Device::default();
    let device = state.devices.get(&known.node).unwrap_or(&unknown);
    let intervals = Intervals::from(known.intervals);
    let asleep = match (intervals.long_idle, known.check_in, known.check_in_registered) {
        (true, false, _) => Some(ASLEEP),
        (true, true, false) => Some(NOT_REGISTERED),
        _ => None,
    };
    let is_asked = !state.settings.paused && !device.is_leaving;
    let next_question = state.schedule.due_at(&known.node).filter(|_| is_asked);
    PairedDevice {
        node: known.node,
        name: known.name(),
        paired_at: known.paired_at,
        state: device.state(),
        address: known.addresses.first().map(ToString::to_string),
        sleepy: intervals.is_sleepy() || known.role() == Some(weft_model::RoutingRole::SleepyEndDevice),
        long_idle: intervals.long_idle,
        check_in: known.check_in,
        subscribed: state.subscriptions.is_standing(known.node),
        answered_at: known.answered_at,
        next_question_at: next_question.map(|due: Duration| now.wall_at(due.max(now.steady))),
        in_vain: device.in_vain,
        error: device.error.clone().or_else(|| asleep.map(str::to_owned)),
    }
}

impl Device {
    fn state(&self) -> DeviceState {
        if self.is_leaving {
            DeviceState::Leaving
        } else if self.is_estranged {
            DeviceState::Estranged
        } else if self.in_vain > 0 {
            DeviceState::Silent
        } else if self.has_answered {
            DeviceState::Answering
        } else {
            DeviceState::NotAsked
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_label_fits_into_the_fabric_table() {
        assert_eq!(label("attic"), "Weft attic");
        assert_eq!(label(""), "Weft");
        assert_eq!(label("a-machine-with-a-very-long-name-indeed"), "Weft a-machine-with-a-very-long-");
        // The last letter that fits would be cut in half.
        assert_eq!(label("büro-rechner-im-dachgeschoßßß"), "Weft büro-rechner-im-dachgescho");
    }

    #[test]
    fn a_device_that_leaves_is_that_before_all_else() {
        let mut device = Device::default();
        assert_eq!(device.state(), DeviceState::NotAsked);
        device.has_answered = true;
        assert_eq!(device.state(), DeviceState::Answering);
        device.in_vain = 1;
        assert_eq!(device.state(), DeviceState::Silent);
        device.is_estranged = true;
        assert_eq!(device.state(), DeviceState::Estranged);
        device.is_leaving = true;
        assert_eq!(device.state(), DeviceState::Leaving);
    }
}
