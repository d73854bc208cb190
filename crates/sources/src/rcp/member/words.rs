//! Sentences about the node, for the person.

use std::path::Path;
use weft_model::OwnNodeState;
use weft_model::words::count;
use weft_thread::node::{Membership, Place};

/// What the node told of its search for a parent.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Told {
    /// Why it has none any more.
    pub(super) lost: Option<String>,
    /// Rounds in a row that brought nothing.
    pub(super) rounds: u32,
    /// Frames that the key did not open.
    pub(super) closed: u32,
}

pub(super) const ONLY_LISTENS: &str =
    "The dongle's firmware only listens: it goes on listening. Flash OpenThread's RCP firmware to have it take part, or have it leave.";

pub(super) fn name_of(membership: &Membership) -> String {
    match &membership.network_name {
        Some(name) => format!("“{name}”"),
        None => format!("network {}", membership.extended_pan_id),
    }
}

pub(super) fn detail(state: OwnNodeState, told: &Told, membership: &Membership, place: Option<Place>) -> String {
    let name = name_of(membership);
    match state {
        OwnNodeState::NoDataset => format!("It waits for the dataset of {name}."),
        OwnNodeState::Waiting => "It waits for the dongle's radio, and takes part again as soon as that is there.".to_owned(),
        OwnNodeState::Discovering => format!("It looks on all channels for {name}.{}", tries(told, &name)),
        OwnNodeState::Attaching => {
            let lost = told
                .lost
                .as_ref()
                .map(|reason| format!("It had a parent, but {reason}. "))
                .unwrap_or_default();
            format!("{lost}It looks for a router of {name} that takes it as a child.{}", tries(told, &name))
        }
        OwnNodeState::Attached => {
            let parent = place.map(|place| format!(" of router {}", place.parent)).unwrap_or_default();
            format!("It is a child{parent}, takes one of its child slots, and can ask every router. Leaving gives the slot back.")
        }
        OwnNodeState::Leaving => "It says goodbye to its parent.".to_owned(),
    }
}

/// What came of looking so far, and what to do.
fn tries(told: &Told, name: &str) -> String {
    if told.rounds == 0 {
        return String::new();
    }
    let rounds = count(usize::try_from(told.rounds).unwrap_or(usize::MAX), "round", "rounds");
    let what = match told.closed {
        0 => format!(
            "nobody of {name} answered: is the dongle near enough to a router, and is the dataset that Weft has the network's present one? A parent may also have \
             no child slot left."
        ),
        closed => format!(
            "nobody answered, and {} came that the key does not open: other networks', or {name} has another key by now; then enter its present dataset.",
            count(usize::try_from(closed).unwrap_or(usize::MAX), "message", "messages")
        ),
    };
    format!(" In {rounds}, {what} It goes on trying.")
}

pub(super) fn unkept(path: &Path, error: &str) -> String {
    format!(
        "It sends nothing, because its frame counters cannot be written to {} ({error}): used twice, they would betray the network's key. Make room there, or give \
         Weft the right to write; it goes on by itself then.",
        path.display()
    )
}
