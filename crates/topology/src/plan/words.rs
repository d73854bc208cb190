//! What the plan calls things.

use crate::snapshot::{Node, Topology};
use std::collections::BTreeMap;

/// Names of devices that tell them apart.
pub(super) struct Labels<'a> {
    shared: BTreeMap<&'a str, u32>,
}

impl<'a> Labels<'a> {
    pub(super) fn of(topology: &'a Topology) -> Self {
        let mut shared: BTreeMap<&str, u32> = BTreeMap::new();
        for name in topology.nodes().filter_map(|node| named(node)) {
            *shared.entry(name).or_insert(0) += 1;
        }
        Self { shared }
    }

    /// What a person would call a node: its name with its room; the end of its address where another has the same name.
    pub(super) fn call(&self, node: &Node) -> String {
        let address = node.extended_address.map(|address| address.to_string());
        let Some(name) = named(node) else {
            let what = node.model.as_deref().filter(|model| !model.trim().is_empty()).unwrap_or("Unnamed device");
            return match (address, node.rloc16) {
                (Some(address), _) => format!("{what} {address}"),
                (None, Some(rloc16)) if node.model.is_none() => format!("Router or device {rloc16}"),
                (None, Some(rloc16)) => format!("{what} {rloc16}"),
                (None, None) => format!("{what} {}", node.id),
            };
        };
        let room = node
            .room
            .as_deref()
            .filter(|room| !room.trim().is_empty() && !name.to_lowercase().contains(&room.to_lowercase()));
        let mut text = match room {
            Some(room) => format!("{name} ({room})"),
            None => name.to_owned(),
        };
        if self.shared.get(name).is_some_and(|count| *count > 1)
            && let Some(address) = address
            && let Some(end) = address.get(12..)
        {
            text.push_str(&format!(" …{end}"));
        }
        text
    }
}

fn named(node: &Node) -> Option<&str> {
    node.name.as_deref().filter(|name| !name.trim().is_empty())
}

/// `one device`, `3 devices`.
pub(super) fn count(number: u32, one: &str, many: &str) -> String {
    if number == 1 { format!("one {one}") } else { format!("{number} {many}") }
}

/// The same with `about` before it, where it is an estimate.
pub(super) fn some(number: u32, about: bool, one: &str, many: &str) -> String {
    let text = count(number, one, many);
    if about { format!("about {text}") } else { text }
}

/// `a, b and 3 more`.
pub(super) fn list(names: &[String], most: usize) -> String {
    match names {
        [] => String::new(),
        [only] => only.clone(),
        _ if names.len() > most => format!("{} and {} more", names[..most].join(", "), names.len() - most),
        [first @ .., last] => format!("{} and {last}", first.join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_and_counts_read_like_sentences() {
        let names: Vec<String> = ["a", "b", "c", "d"].map(str::to_owned).into();
        assert_eq!(list(&names[..1], 3), "a");
        assert_eq!(list(&names[..3], 3), "a, b and c");
        assert_eq!(list(&names, 2), "a, b and 2 more");
        assert_eq!(some(1, true, "device", "devices"), "about one device");
    }
}
