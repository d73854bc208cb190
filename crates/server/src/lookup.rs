//! The device that another program knows by its own name: who is the parent of my node 17?

use crate::problem::{Candidate, Problem, echo};
use crate::query::Parameters;
use crate::server::Server;
use crate::views::hashed;
use axum::extract::State;
use axum::http::{HeaderMap, Uri};
use axum::response::Response;
use serde::Serialize;
use std::net::Ipv6Addr;
use utoipa::ToSchema;
use weft_model::{AddressKind, ExtendedAddress, MatterNodeId, MatterPeer, Rloc16, Timestamp};
use weft_topology::{Id, LastParent, Node, State as NodeState, Topology, WithoutClaims};

const NAMES: [&str; 5] = ["extended_address", "matter_node", "hap_id", "address", "rloc16"];
/// The most candidates that an ambiguous question is answered with.
const MAX_CANDIDATES: usize = 32;

/// A name by which another program knows a device.
#[derive(Debug, PartialEq)]
enum Name {
    ExtendedAddress(ExtendedAddress),
    MatterPeer(MatterPeer),
    MatterNode(MatterNodeId),
    HapId(String),
    Address(Ipv6Addr),
    Rloc16(Rloc16),
}

impl Name {
    /// # Errors
    /// 400 unless exactly one name is given, and can be read.
    fn read(parameters: &Parameters) -> Result<Self, Problem> {
        let mut given = NAMES.into_iter().filter_map(|name| parameters.get(name).map(|value| (name, value)));
        let (Some((name, value)), None) = (given.next(), given.next()) else {
            return Err(Problem::parameter(
                "extended_address",
                format!("Ask with exactly one of {}.", NAMES.join(", ")),
            ));
        };
        let bad = |why: String| Problem::parameter(name, format!("{name}: {why}."));
        match name {
            "extended_address" => value.parse().map(Self::ExtendedAddress).map_err(|error| bad(error.to_string())),
            "matter_node" => matter_node(value).ok_or_else(|| {
                bad(format!(
                    "expected FABRIC-NODE in hexadecimal digits, or a node id as a decimal number or 16 hexadecimal digits, got {}",
                    echo(value)
                ))
            }),
            "hap_id" if value.is_empty() => Err(bad("expected a HomeKit pairing id like 3C:0A:57:6C:DA:E7".into())),
            "hap_id" => Ok(Self::HapId(value.to_owned())),
            "address" => {
                let bare = value.split('%').next().unwrap_or_default();
                bare.parse()
                    .map(Self::Address)
                    .map_err(|_| bad(format!("expected an IPv6 address, got {}", echo(value))))
            }
            _ => value.parse().map(Self::Rloc16).map_err(|error| bad(error.to_string())),
        }
    }

    fn fits(&self, node: &Node, topology: &Topology) -> bool {
        match self {
            Self::ExtendedAddress(address) => node.extended_address == Some(*address),
            Self::MatterPeer(peer) => matter(node).any(|known| known == *peer),
            Self::MatterNode(id) => matter(node).any(|known| known.node == *id),
            Self::HapId(id) => node.known_as.hap.iter().any(|known| known.eq_ignore_ascii_case(id)),
            Self::Address(address) => has_address(node, *address, topology),
            Self::Rloc16(rloc16) => node.rloc16 == Some(*rloc16),
        }
    }

    /// True if the node had this name once: a radio that has changed its address.
    fn fitted(&self, node: &Node) -> bool {
        let Self::ExtendedAddress(address) = self else { return false };
        let address = address.to_string();
        *node.id == *address || node.previous_ids.iter().any(|previous| **previous == *address)
    }
}

fn matter(node: &Node) -> impl Iterator<Item = MatterPeer> {
    node.known_as.matter.iter().filter_map(|known| known.parse().ok())
}

fn matter_node(value: &str) -> Option<Name> {
    if value.contains('-') {
        return value.parse().ok().map(Name::MatterPeer);
    }
    let number = match value.strip_prefix("0x") {
        Some(digits) => u64::from_str_radix(digits, 16).ok()?,
        None if value.len() == 16 => u64::from_str_radix(value, 16).ok()?,
        None => value.parse().ok()?,
    };
    Some(Name::MatterNode(MatterNodeId::from_u64(number)))
}

fn has_address(node: &Node, address: Ipv6Addr, topology: &Topology) -> bool {
    let listed = node
        .addresses
        .iter()
        .filter_map(|known| known.split('%').next()?.parse::<Ipv6Addr>().ok())
        .any(|known| known == address);
    listed
        || match AddressKind::of(address) {
            AddressKind::LinkLocal(Some(extended_address)) => node.extended_address == Some(extended_address),
            AddressKind::Rloc(rloc16) => {
                let network = topology.networks().find(|network| Some(&network.id) == node.network.as_ref());
                let prefix = network.and_then(|network| network.mesh_local_prefix);
                node.rloc16 == Some(rloc16) && prefix.is_some_and(|prefix| prefix.prefix().contains(address))
            }
            _ => false,
        }
}

/// What is known of the place of one device.
#[derive(Serialize, ToSchema)]
pub(crate) struct LookupAnswer<'a> {
    /// The generation; null for a moment of the past.
    generation: Option<u64>,
    /// The moment that the answer is about.
    as_of: Timestamp,
    /// The device's RLOC16.
    rloc16: Option<Rloc16>,
    /// The device, without its claims.
    #[schema(value_type = Node)]
    node: WithoutClaims<'a, Node>,
    /// Its parent; null for routers, and where nobody knows.
    parent: Option<ParentAnswer<'a>>,
    /// Its last parent, where it is lost or has moved.
    #[schema(value_type = Option<LastParent>)]
    last_parent: Option<&'a LastParent>,
}

/// A parent, with what other programs may know it by.
#[derive(Serialize, ToSchema)]
pub(crate) struct ParentAnswer<'a> {
    /// Node id.
    #[schema(value_type = String)]
    node: &'a Id,
    /// Name.
    name: Option<&'a str>,
    /// RLOC16.
    rloc16: Option<Rloc16>,
    /// Extended address.
    extended_address: Option<ExtendedAddress>,
    /// How far the statement that it is the parent can be trusted.
    state: NodeState,
    /// Since when it is known to be the parent.
    since: Option<Timestamp>,
    /// Why: one line for each reason.
    reasons: &'a [String],
}

/// The nodes that a name fits. One that is gone gives way to one that is there.
fn fitting<'a>(name: &Name, network: Option<&str>, topology: &'a Topology) -> Vec<&'a Node> {
    let inside = |node: &&Node| network.is_none() || node.network.as_deref() == network;
    let mut found: Vec<_> = topology.nodes().filter(inside).filter(|node| name.fits(node, topology)).collect();
    if found.is_empty() {
        found = topology.nodes().filter(inside).filter(|node| name.fitted(node)).collect();
    }
    if found.iter().any(|node| node.state != NodeState::Gone) {
        found.retain(|node| node.state != NodeState::Gone);
    }
    found.sort_by(|one, other| one.id.cmp(&other.id));
    found
}

/// The node, parent and RLOC16 of the device that another program knows by its own name. Ask with exactly one name.
#[utoipa::path(
    get, path = "/api/v1/lookup", tag = "topology",
    params(
        ("extended_address" = Option<String>, Query, description = "the radio's extended address"),
        ("matter_node" = Option<String>, Query, description = "FABRIC-NODE in hexadecimal digits (compressed fabric id), or the node id alone: a decimal number, 0x…, or 16 hexadecimal digits"),
        ("hap_id" = Option<String>, Query, description = "HomeKit pairing id"),
        ("address" = Option<String>, Query, description = "any IPv6 address of the device"),
        ("rloc16" = Option<String>, Query, description = "like 0x2c01; two networks or partitions may use the same"),
        ("network" = Option<String>, Query, description = "only in this network"),
        ("at" = Option<String>, Query, description = "a moment of the past, RFC 3339; left out: now"),
    ),
    responses(
        (status = 200, description = "The device", body = LookupAnswer),
        (status = 404, description = "Nobody knows it by this name", body = Problem, content_type = "application/problem+json"),
        (status = 409, description = "Several devices could be meant; `candidates` lists them", body = Problem, content_type = "application/problem+json"),
    ),
)]
pub(crate) async fn lookup(State(server): State<Server>, uri: Uri, headers: HeaderMap) -> Result<Response, Problem> {
    let parameters = Parameters::read(&uri, &[&NAMES[..], &["network", "at"]].concat())?;
    let name = Name::read(&parameters)?;
    let moment = server.moment(&parameters).await?;
    let topology = &*moment.topology;
    let node = match *fitting(&name, parameters.get("network"), topology) {
        [node] => node,
        [] => {
            let detail = format!(
                "No device is known by this name at {}. Weft may not have heard of it yet; /api/v1/topology lists what it has.",
                topology.as_of
            );
            return Err(Problem::unknown("Unknown device", detail));
        }
        ref several => {
            let detail = format!("{} devices fit. Ask with another name, or add network=ID.", several.len());
            return Err(Problem::ambiguous(
                detail,
                several.iter().take(MAX_CANDIDATES).map(|node| Candidate::from(*node)).collect(),
            ));
        }
    };
    let parent = node.parent.as_ref().map(|parent| {
        let known = topology.node(&parent.node);
        ParentAnswer {
            node: &parent.node,
            name: known.and_then(|node| node.name.as_deref()),
            rloc16: known.and_then(|node| node.rloc16),
            extended_address: known.and_then(|node| node.extended_address),
            state: parent.state,
            since: parent.since,
            reasons: &parent.reasons,
        }
    });
    let answer = LookupAnswer {
        generation: moment.generation,
        as_of: topology.as_of,
        rloc16: node.rloc16,
        node: WithoutClaims(node),
        parent,
        last_parent: node.last_parent.as_ref(),
    };
    hashed(&headers, &answer)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{self, ROUTER, SENSOR, get, json, problem, send};
    use axum::http::StatusCode;
    use proptest::prelude::*;

    #[tokio::test]
    async fn every_name_of_a_device_leads_to_its_parent() {
        let server = testing::server();
        for question in [
            format!("extended_address={SENSOR}"),
            "extended_address=0A:00:00:00:00:00:00:02".into(),
            "matter_node=17".into(),
            "matter_node=0x11".into(),
            "matter_node=0000000000000011".into(),
            "matter_node=C2637A8B1B1B1B1B-0000000000000011".into(),
            "hap_id=3c:0a:57:6c:da:e7".into(),
            "address=fd00:0:0:1::17".into(),
            "address=fd00:0000::1:0:0:0:17%25eth0".into(),
            "address=fe80::800:0:0:2".into(),
            "address=fd11:1111:1111:1111:0:ff:fe00:2c01".into(),
            "rloc16=0x2c01&network=1111111111111111".into(),
        ] {
            let answer = json(send(&server, get(&format!("/api/v1/lookup?{question}"))).await).await;
            assert_eq!(answer["node"]["id"], SENSOR, "{question}: {answer}");
            assert_eq!(answer["rloc16"], "0x2c01");
            assert_eq!(answer["parent"]["node"], ROUTER);
            assert_eq!(answer["parent"]["rloc16"], "0x2c00");
            assert_eq!(answer["parent"]["state"], "one-sided");
            assert_eq!(answer["node"].get("claims"), None);
        }
    }

    #[tokio::test]
    async fn the_same_rloc16_in_two_networks_is_answered_with_both() {
        let server = testing::server();
        let answer = problem(send(&server, get("/api/v1/lookup?rloc16=0x2c01")).await, StatusCode::CONFLICT).await;
        let ids: Vec<_> = answer["candidates"]
            .as_array()
            .unwrap()
            .iter()
            .map(|candidate| candidate["id"].as_str().unwrap())
            .collect();
        assert_eq!(ids, [SENSOR, "2222222222222222/9/0x2c01"]);
    }

    #[tokio::test]
    async fn who_is_gone_gives_way() {
        let server = testing::server();
        let answer = json(send(&server, get("/api/v1/lookup?rloc16=0x2c00")).await).await;
        assert_eq!(answer["node"]["id"], ROUTER);
        assert_eq!(answer["parent"], serde_json::Value::Null);
    }

    #[tokio::test]
    async fn unknown_devices_and_wrong_questions_are_problems() {
        let server = testing::server();
        problem(send(&server, get("/api/v1/lookup?rloc16=0x7c00")).await, StatusCode::NOT_FOUND).await;
        for (question, parameter) in [
            ("", "extended_address"),
            ("rloc16=0x2c00&hap_id=x", "extended_address"),
            ("rloc16=0xfffe", "rloc16"),
            ("matter_node=seventeen", "matter_node"),
            ("matter_node=-", "matter_node"),
            ("address=192.168.1.1", "address"),
            ("extended_address=1", "extended_address"),
            ("hap_id=", "hap_id"),
            ("node=17", "node"),
        ] {
            let answer = problem(send(&server, get(&format!("/api/v1/lookup?{question}"))).await, StatusCode::BAD_REQUEST).await;
            assert_eq!(answer["parameter"], parameter, "{question}");
        }
    }

    proptest! {
        #[test]
        fn any_matter_node_reads_back(fabric: u64, node: u64) {
            let peer = MatterPeer { fabric: weft_model::CompressedFabricId::from_u64(fabric), node: MatterNodeId::from_u64(node) };
            prop_assert_eq!(matter_node(&peer.to_string()), Some(Name::MatterPeer(peer)));
            prop_assert_eq!(matter_node(&format!("{node:016x}")), Some(Name::MatterNode(peer.node)));
            prop_assert_eq!(matter_node(&format!("0x{node:x}")), Some(Name::MatterNode(peer.node)));
        }

        #[test]
        fn no_text_makes_it_panic(text in "\\PC{0,40}") {
            let _ = matter_node(&text);
        }
    }
}
