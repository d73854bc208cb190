//! What a picture says in words.

use super::labels::Labels;
pub(super) use weft_model::words::count;
use weft_topology::{Link, LinkKind, Node, Role, State};

/// What a device is called on a map: its name, else its place in the mesh, else its radio, else its id.
pub(in crate::export) fn label(node: &Node) -> String {
    let named = node.name.as_deref().map(str::trim).filter(|name| !name.is_empty());
    if let Some(name) = named {
        return name.to_owned();
    }
    let place = node.rloc16.map(|rloc16| rloc16.to_string());
    let radio = || node.extended_address.map(|address| address.to_string());
    // Of a registration, its instance.
    place
        .or_else(radio)
        .unwrap_or_else(|| match node.id.strip_prefix("lan/").and_then(|rest| rest.split_once('/')) {
            Some((_, instance)) => instance.to_owned(),
            None => node.id.to_string(),
        })
}

pub(super) const fn role(node: &Node) -> &'static str {
    match (node.border_router, node.role) {
        (true, Role::Leader) => "border router, leads its partition",
        (true, _) => "border router",
        (_, Role::Leader) => "router, leads its partition",
        (_, Role::Router) => "router",
        (_, Role::Reed) => "can become a router",
        (_, Role::EndDevice) => "always-on device",
        (_, Role::SleepyEndDevice) => "sleepy device",
        (_, Role::Unknown) => "role unknown",
    }
}

const fn state(state: State) -> &'static str {
    match state {
        State::Confirmed => "confirmed",
        State::OneSided => "one side says so",
        State::Inferred => "derived: nobody said it",
        State::Contradicted => "contradicted",
        State::Stale => "old evidence",
        State::Gone => "gone",
    }
}

/// What stands in the tooltip of a device.
pub(super) fn tooltip(node: &Node) -> String {
    let rloc16 = node.rloc16.map(|rloc16| rloc16.to_string());
    let parts = [
        Some(label(node)),
        node.room.clone(),
        Some(role(node).to_owned()),
        rloc16,
        Some(state(node.state).to_owned()),
    ];
    parts.into_iter().flatten().collect::<Vec<_>>().join(", ")
}

/// What stands in the tooltip of a link between two labels.
pub(super) fn link(link: &Link, a: &str, b: &str) -> String {
    let quality = |way: &Option<weft_topology::Direction>| {
        way.as_ref()
            .and_then(|way| way.link_quality)
            .map_or_else(|| "not reported".to_owned(), |quality| format!("quality {}", quality.get()))
    };
    let kind = match link.kind {
        LinkKind::Router => "",
        LinkKind::ParentChild => " (parent and child)",
        LinkKind::Neighbor => " (neighbours)",
    };
    format!(
        "{a} hears {b}: {}; {b} hears {a}: {}{kind}; {}",
        quality(&link.a_hears_b),
        quality(&link.b_hears_a),
        state(link.state)
    )
}

/// What is not in the picture; nothing is left out in silence.
pub(super) fn left_out(unplaced: usize, labels: &Labels) -> Vec<String> {
    let mut said = Vec::new();
    if unplaced > 0 {
        said.push(format!("{} without a place on the map", count(unplaced, "device", "devices")));
    }
    if labels.without_room > 0 {
        said.push(format!("{} left out for lack of room", count(labels.without_room, "name", "names")));
    }
    if labels.not_tried > 0 {
        said.push(format!(
            "names of {} left out on a map of this size",
            count(labels.not_tried, "end device", "end devices")
        ));
    }
    said
}
