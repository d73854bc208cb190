//! Border routers: everything that each announces, and what those of one network say differently.

mod compare;

use crate::problem::Problem;
use crate::query::Parameters;
use crate::server::Server;
use crate::views::hashed;
use axum::extract::State;
use axum::http::{HeaderMap, Uri};
use axum::response::Response;
use compare::Told;
use serde::Serialize;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use utoipa::ToSchema;
use weft_evidence::explain::{TxtKey, explain_txt};
use weft_evidence::{Capture, CaptureBody, MdnsCapture};
use weft_model::Timestamp;
use weft_topology::{Id, Node, State as NodeState, Topology};

/// The service type of border agents, without domain.
const SERVICE: &str = "_meshcop._udp";
/// The most captures of one border router that are read beside its announcements, the newest.
const MAX_OTHER_CAPTURES: usize = 20;
/// The most border routers of one answer.
const MAX_BORDER_ROUTERS: usize = 500;

/// Every border router, and what those of one network say differently.
#[derive(Serialize, ToSchema)]
pub(crate) struct BorderRouters {
    /// The moment that the answer is about.
    as_of: Timestamp,
    /// By network and name. One that is gone is not among them.
    border_routers: Vec<BorderRouter>,
    /// One entry for each network that has border routers.
    comparisons: Vec<Comparison>,
    /// How many border routers were left out for brevity.
    omitted: usize,
}

/// One border router, and what it announces on the LAN.
#[derive(Serialize, ToSchema)]
pub(crate) struct BorderRouter {
    /// Node id.
    #[schema(value_type = String)]
    node: Id,
    /// Its name, else its instance, else its id.
    name: String,
    /// Network id.
    #[schema(value_type = Option<String>)]
    network: Option<Id>,
    /// Vendor.
    vendor: Option<String>,
    /// Model.
    model: Option<String>,
    /// Thread version, as it announces it.
    thread_version: Option<String>,
    /// Instance label of its registration.
    instance: Option<String>,
    /// Host name.
    host: Option<String>,
    /// Port of its border agent.
    port: Option<u16>,
    /// Addresses on the LAN, with their scope where they have one.
    addresses: Vec<String>,
    /// When its registration was heard last. Null where it announces nothing, or the capture is kept no more.
    heard_at: Option<Timestamp>,
    /// Sequence number of that capture.
    seq: Option<u64>,
    /// Every key of the TXT record, in its order.
    txt: Vec<TxtEntry>,
}

/// One key of a TXT record.
#[derive(Serialize, ToSchema)]
pub(crate) struct TxtEntry {
    /// The key.
    key: String,
    /// The value in hexadecimal digits; null where the string has none.
    hex: Option<String>,
    /// What the key is called.
    name: String,
    /// The value, decoded; where it could not be, as it came.
    value: String,
    /// What the value means.
    meaning: Option<String>,
    /// Why it could not be decoded.
    trouble: Option<String>,
}

impl From<TxtKey> for TxtEntry {
    fn from(key: TxtKey) -> Self {
        Self {
            key: key.key,
            hex: key.hex,
            name: key.name,
            value: key.value,
            meaning: key.meaning,
            trouble: key.trouble,
        }
    }
}

/// What the border routers of one network say.
#[derive(Serialize, ToSchema)]
pub(crate) struct Comparison {
    /// Network id.
    #[schema(value_type = String)]
    network: Id,
    /// What they say, field by field.
    fields: Vec<ComparedField>,
    /// What follows from it, in words.
    verdict: String,
}

/// One field as the border routers of a network tell it.
#[derive(Serialize, ToSchema)]
pub(crate) struct ComparedField {
    /// The field.
    name: String,
    /// Nobody tells another value than the others. Who tells none differs from nobody.
    same: bool,
    /// Each value, and who tells it; the most frequent one first, and last who tells none.
    values: Vec<ComparedValue>,
}

/// One value, and who tells it.
#[derive(Serialize, ToSchema)]
pub(crate) struct ComparedValue {
    /// The value; null: not told.
    value: Option<String>,
    /// Node ids.
    #[schema(value_type = Vec<String>)]
    border_routers: Vec<Id>,
}

/// Sequence numbers of a border router's own words: its announcements, and the newest of the rest.
fn wanted(node: &Node) -> BTreeSet<u64> {
    let announces = |reporter: &str| reporter.ends_with(&format!(".{SERVICE}"));
    let announcements = node
        .claims
        .iter()
        .filter(|claim| announces(&claim.reporter))
        .map(|claim| claim.capture.seq);
    let own: BTreeSet<u64> = node
        .claims
        .iter()
        .filter(|claim| claim.reporter == node.id)
        .map(|claim| claim.capture.seq)
        .collect();
    announcements.chain(own.into_iter().rev().take(MAX_OTHER_CAPTURES)).collect()
}

/// The newest announcement among a border router's captures.
fn announcement<'c>(captures: &[&'c Capture]) -> Option<&'c Capture> {
    let is_announcement = |capture: &&&Capture| match &capture.body {
        CaptureBody::Mdns(MdnsCapture::Resolved { service, .. }) => {
            let service = service.trim_end_matches('.').trim_end_matches(".local");
            service.eq_ignore_ascii_case(SERVICE)
        }
        _ => false,
    };
    captures.iter().filter(is_announcement).max_by_key(|capture| capture.seq).copied()
}

fn border_router(node: &Node, captures: &[&Capture]) -> BorderRouter {
    let mut answer = BorderRouter {
        node: node.id.clone(),
        name: String::new(),
        network: node.network.clone(),
        vendor: node.vendor.clone(),
        model: node.model.clone(),
        thread_version: None,
        instance: None,
        host: None,
        port: None,
        addresses: node.addresses.clone(),
        heard_at: None,
        seq: None,
        txt: Vec::new(),
    };
    if let Some(capture) = announcement(captures)
        && let CaptureBody::Mdns(MdnsCapture::Resolved {
            instance,
            host,
            port,
            addresses,
            txt,
            ..
        }) = &capture.body
    {
        answer.txt = explain_txt(SERVICE, instance, txt).into_iter().map(TxtEntry::from).collect();
        let told = |key: &str| {
            let entry = answer.txt.iter().find(|entry| entry.key.eq_ignore_ascii_case(key))?;
            entry.trouble.is_none().then(|| entry.value.clone())
        };
        answer.thread_version = told("tv");
        answer.vendor = answer.vendor.or_else(|| told("vn"));
        answer.model = answer.model.or_else(|| told("mn"));
        answer.instance = Some(instance.clone());
        answer.host.clone_from(host);
        answer.port = *port;
        answer.addresses.clone_from(addresses);
        answer.heard_at = Some(capture.at);
        answer.seq = Some(capture.seq);
    }
    let name = node.name.clone().or_else(|| answer.instance.clone());
    answer.name = name.unwrap_or_else(|| node.id.to_string());
    answer
}

/// Every border router of a topology with its captures, and the comparison of each network.
fn answer(topology: &Topology, captures: &[Capture]) -> BorderRouters {
    let by_seq: BTreeMap<u64, &Capture> = captures.iter().map(|capture| (capture.seq, capture)).collect();
    let mut border_routers = Vec::new();
    let mut networks: BTreeMap<Id, Vec<Told>> = BTreeMap::new();
    let nodes = border_router_nodes(topology);
    let omitted = nodes.len().saturating_sub(MAX_BORDER_ROUTERS);
    for node in nodes.into_iter().take(MAX_BORDER_ROUTERS) {
        let own: Vec<&Capture> = wanted(node).iter().filter_map(|seq| by_seq.get(seq).copied()).collect();
        let answer = border_router(node, &own);
        if let Some(network) = &node.network {
            networks
                .entry(network.clone())
                .or_default()
                .push(Told::new(node, &answer.name, announcement(&own), &own));
        }
        border_routers.push(answer);
    }
    border_routers.sort_by(|one, other| (&one.network, &one.name, &one.node).cmp(&(&other.network, &other.name, &other.node)));
    let comparisons = networks
        .into_iter()
        .map(|(network, told)| Comparison {
            network,
            fields: compare::fields(&told),
            verdict: compare::verdict(&told),
        })
        .collect();
    BorderRouters {
        as_of: topology.as_of,
        border_routers,
        comparisons,
        omitted,
    }
}

fn border_router_nodes(topology: &Topology) -> Vec<&Node> {
    topology
        .nodes()
        .filter(|node| node.border_router && node.state != NodeState::Gone)
        .collect()
}

/// Every border router with all keys that it announces, decoded, and what the border routers of each network say differently.
#[utoipa::path(
    get, path = "/api/v1/border-routers", tag = "topology",
    params(("at" = Option<String>, Query, description = "a moment of the past, RFC 3339; left out: now")),
    responses(
        (status = 200, description = "The border routers", body = BorderRouters),
        (status = 404, description = "Nothing is kept of that moment", body = Problem, content_type = "application/problem+json"),
    ),
)]
pub(crate) async fn border_routers(State(server): State<Server>, uri: Uri, headers: HeaderMap) -> Result<Response, Problem> {
    let moment = server.moment(&Parameters::read(&uri, &["at"])?).await?;
    let topology: Arc<Topology> = moment.topology;
    let question: BTreeSet<u64> = border_router_nodes(&topology)
        .into_iter()
        .take(MAX_BORDER_ROUTERS)
        .flat_map(wanted)
        .collect();
    let told = topology.clone();
    let answer = server
        .ask(move |history| history.captures(&question).map(|captures| answer(&told, &captures)))
        .await?;
    hashed(&headers, &answer)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing;
    use std::sync::Arc;
    use weft_topology::{CaptureReference, Claim, NetworkTopology};

    fn announced(seq: u64, instance: &str, txt: &[(&str, &str)]) -> Capture {
        let txt = txt.iter().map(|(key, hex)| ((*key).to_owned(), Some((*hex).to_owned()))).collect();
        Capture {
            seq,
            at: testing::now(),
            source: "mdns".into(),
            body: CaptureBody::Mdns(MdnsCapture::Resolved {
                service: "_meshcop._udp.local.".into(),
                instance: instance.into(),
                host: Some("hub.local.".into()),
                port: Some(49155),
                addresses: vec!["fe80::1%eth0".into()],
                txt,
                ttl_seconds: None,
            }),
        }
    }

    fn hub(id: &str, name: &str, seqs: &[u64]) -> Node {
        let claims = seqs.iter().map(|seq| Claim {
            source: "mdns".into(),
            reporter: format!("{name}.{SERVICE}").into(),
            fact: "registered".into(),
            observed_at: None,
            capture: CaptureReference {
                recording: None,
                store: Some("weft".into()),
                seq: *seq,
            },
        });
        Node {
            border_router: true,
            name: Some(name.into()),
            claims: claims.collect(),
            ..testing::node(id, Some("1111111111111111"), None, 1)
        }
    }

    fn home(nodes: Vec<Node>) -> Topology {
        let part = NetworkTopology {
            nodes,
            ..(*testing::home().parts[0]).clone()
        };
        Topology {
            parts: vec![Arc::new(part)],
            ..testing::home()
        }
    }

    #[test]
    fn a_border_router_is_told_by_its_newest_announcement() {
        let topology = home(vec![hub("0a00000000000001", "Porch hub", &[4, 6])]);
        let captures = [
            announced(4, "Old", &[("tv", "312e32")]),
            announced(6, "Porch hub", &[("tv", "312e33"), ("sb", "0000")]),
        ];
        let answer = answer(&topology, &captures);
        let told = &answer.border_routers[0];
        assert_eq!((told.seq, told.thread_version.as_deref(), told.port), (Some(6), Some("1.3"), Some(49155)));
        assert_eq!(told.addresses, ["fe80::1%eth0"]);
        assert_eq!(told.txt[0].name, "Thread version");
        assert!(told.txt[1].trouble.is_some());
        assert_eq!(
            answer.comparisons[0].verdict,
            "Porch hub is the only border router; it does not tell the timestamp of its dataset."
        );
    }

    #[test]
    fn an_older_dataset_is_told_and_who_tells_nothing_differs_from_nobody() {
        let topology = home(vec![
            hub("0a00000000000001", "Porch hub", &[1]),
            hub("0a00000000000002", "Hall hub", &[2]),
            hub("0a00000000000003", "Attic hub", &[3]),
            hub("0a00000000000004", "Silent hub", &[]),
        ]);
        let at = |seq, seconds: u64| announced(seq, "x", &[("at", &format!("{:016x}", seconds << 16)), ("tv", "312e33")]);
        let answer = answer(&topology, &[at(1, 5), at(2, 7), at(3, 7)]);
        let comparison = &answer.comparisons[0];
        let field = |name: &str| comparison.fields.iter().find(|field| field.name == name).unwrap();
        let timestamps = field("Active timestamp");
        assert!(!timestamps.same);
        assert_eq!(timestamps.values[0].value.as_deref(), Some("7"));
        assert_eq!(
            timestamps.values[0].border_routers,
            ["0a00000000000002".into(), "0a00000000000003".into()] as [Id; 2]
        );
        assert_eq!(timestamps.values[2].value, None);
        assert!(field("Thread version").same);
        assert!(field("Domain name").same);
        assert!(
            comparison
                .verdict
                .starts_with("Porch hub has an older dataset (timestamp 5) than Attic hub and Hall hub (timestamp 7):"),
            "{}",
            comparison.verdict
        );
        assert!(
            comparison.verdict.contains("Silent hub does not tell the timestamp of its dataset."),
            "{}",
            comparison.verdict
        );
        let all = home(
            (1..=4)
                .map(|number| hub(&format!("0a0000000000000{number}"), &format!("Hub {number}"), &[number]))
                .collect(),
        );
        let same = super::answer(&all, &[at(1, 7), at(2, 7), at(3, 7), at(4, 7)]);
        assert_eq!(same.comparisons[0].verdict, "All 4 border routers have the same dataset (timestamp 7).");
    }
}
