//! Which device a person means.

use crate::view::{Indexed, Node, View};
use std::net::Ipv6Addr;

/// Devices that are told where more than one is meant.
const MAX_TOLD: usize = 20;

/// The devices that `wanted` names, by the strongest way of naming that any answers to.
pub(crate) fn find<'a>(view: &'a View, wanted: &str) -> Vec<&'a Node> {
    let wanted = wanted.trim();
    if wanted.is_empty() {
        return Vec::new();
    }
    let ways: [&dyn Fn(&Node) -> bool; 5] = [
        &|node| is_identifier(node, wanted),
        &|node| is_elsewhere(node, wanted),
        &|node| node.name.as_deref().is_some_and(|name| same(name, wanted)),
        &|node| node.name.as_deref().is_some_and(|name| begins(name, wanted)),
        &|node| begins(&node.id, wanted) || node.extended_address.as_deref().is_some_and(|address| begins(address, wanted)),
    ];
    for is_meant in ways {
        let found: Vec<&Node> = view.nodes.iter().filter(|node| is_meant(node)).take(MAX_TOLD).collect();
        if !found.is_empty() {
            return found;
        }
    }
    Vec::new()
}

fn same(one: &str, other: &str) -> bool {
    one.to_lowercase() == other.to_lowercase()
}

fn begins(text: &str, beginning: &str) -> bool {
    text.to_lowercase().starts_with(&beginning.to_lowercase())
}

/// Its id, now or before; its extended address, with colons or dashes or without; its RLOC16.
fn is_identifier(node: &Node, wanted: &str) -> bool {
    let bare: String = wanted.chars().filter(|c| !matches!(c, ':' | '-')).collect();
    let ids = node.previous_ids.iter().chain([&node.id]);
    let mut identifiers = ids.chain(&node.extended_address).chain(&node.rloc16);
    let is_one = |identifier: &String| same(identifier, wanted) || same(identifier, &bare);
    identifiers.any(is_one)
        || node
            .rloc16
            .as_deref()
            .and_then(|rloc16| rloc16.strip_prefix("0x"))
            .is_some_and(|digits| same(digits, wanted))
}

/// What other programs know it by: an address, a Matter node (`FABRIC-NODE`, or the node's number), a HomeKit id, a host, an EUI-64.
fn is_elsewhere(node: &Node, wanted: &str) -> bool {
    let known = &node.known_as;
    let address: Option<Ipv6Addr> = wanted.parse().ok();
    let has_address = address.is_some_and(|wanted| node.addresses.iter().any(|address| address.parse() == Ok(wanted)));
    let number: Option<u64> = wanted.strip_prefix("matter:").unwrap_or(wanted).parse().ok();
    let matter_number = |peer: &String| peer.rsplit_once('-').and_then(|(_, node)| u64::from_str_radix(node, 16).ok());
    let is_matter = known
        .matter
        .iter()
        .any(|peer| same(peer, wanted) || number.is_some() && matter_number(peer) == number);
    let mut names = known.hap.iter().chain(&known.hosts).chain(&known.eui64).chain(&known.border_agent_id);
    let host = wanted.trim_end_matches('.');
    has_address || is_matter || names.any(|name| same(name, wanted) || same(name.trim_end_matches('.'), host))
}

/// One of several devices that may be meant.
pub(super) fn line(indexed: &Indexed<'_>, node: &Node) -> String {
    let mut known = vec![node.id.clone()];
    known.extend(node.rloc16.clone());
    known.extend(node.network.as_ref().map(|network| indexed.network(network)));
    format!("{} ({})", node.call(), known.join(", "))
}
