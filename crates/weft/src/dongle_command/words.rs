//! What a dongle does, and where its node stands, in a few words.

use weft_model::{DongleKind, DongleMode, DongleView, OwnNodeState};

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
        DongleMode::TakingPart => format!("takes part in a mesh{on}"),
        DongleMode::Deaf => "hears nothing".to_owned(),
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
        OwnNodeState::Waiting => "waits for the radio",
        OwnNodeState::Discovering => "looks for the network's channel",
        OwnNodeState::Attaching => "looks for a parent",
        OwnNodeState::Attached => "is a child",
        OwnNodeState::Leaving => "says goodbye",
    }
}
