//! What a dongle does, and where its node stands, in a few words.

use weft_model::{DongleKind, DongleMode, DongleView, OwnNodeState, OwnNodeView};

/// What it does now, as the rest of a sentence about it.
pub(super) fn doing(view: &DongleView) -> String {
    let on = view.channel.map(|channel| format!(" on channel {}", channel.get())).unwrap_or_default();
    match view.mode {
        DongleMode::Absent => "is not there".to_owned(),
        DongleMode::Starting => "is being set up".to_owned(),
        DongleMode::Listening => format!("listens{on}"),
        DongleMode::Searching => "looks for a channel with a Thread network".to_owned(),
        DongleMode::Scanning => match &view.scanning {
            Some(scan) => format!("scans: channel {}, {} of {} done", scan.channel.get(), scan.done, scan.of),
            None => "scans".to_owned(),
        },
        DongleMode::TakingPart => match &view.node {
            Some(node) => part(node, &on),
            None => format!("takes part in a mesh{on}"),
        },
        DongleMode::Deaf => "hears nothing".to_owned(),
    }
}

/// How far it is with taking part.
fn part(node: &OwnNodeView, on: &str) -> String {
    let name = node.network_name.clone().unwrap_or_else(|| format!("network {}", node.extended_pan_id));
    match node.state {
        OwnNodeState::Attached => format!("takes part in {name}{on}"),
        OwnNodeState::Attaching => format!("looks for a parent in {name}{on}"),
        OwnNodeState::Discovering => format!("looks for the channel of {name}"),
        OwnNodeState::Leaving => format!("says goodbye to {name}"),
        OwnNodeState::Waiting => format!("gets ready to take part in {name}"),
        OwnNodeState::NoDataset => format!("waits for the dataset of {name}"),
    }
}

pub(super) const fn kind(kind: DongleKind) -> &'static str {
    match kind {
        DongleKind::Rcp => "OpenThread's RCP",
        DongleKind::NordicSniffer => "Nordic's 802.15.4 sniffer: it listens only",
    }
}

/// Where the node stands, as the rest of a sentence about it.
pub(super) const fn standing(state: OwnNodeState) -> &'static str {
    match state {
        OwnNodeState::NoDataset => "waits for the network's dataset",
        OwnNodeState::Waiting => "waits for the radio",
        OwnNodeState::Discovering => "looks for the network's channel",
        OwnNodeState::Attaching => "looks for a parent",
        OwnNodeState::Attached => "is a child",
        OwnNodeState::Leaving => "says goodbye",
    }
}
