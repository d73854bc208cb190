//! One node or one link with everything behind it: claims, and the captures that they name.

use crate::problem::{Problem, echo};
use crate::query::Parameters;
use crate::server::Server;
use crate::views::hashed;
use axum::extract::rejection::PathRejection;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, Uri};
use axum::response::Response;
use serde::Serialize;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use utoipa::ToSchema;
use weft_evidence::explain::Names;
use weft_evidence::{Capture, explain_with};
use weft_model::{ExtendedAddress, MatterPeer, Timestamp};
use weft_topology::{Claim, Finding, Link, Node, Topology};

/// The most captures in one answer, the newest.
const MAX_CAPTURES: usize = 100;

/// The captures that claims name.
#[derive(Serialize, ToSchema)]
pub(crate) struct Evidence {
    /// As recorded, by sequence number.
    #[schema(value_type = Vec<Object>)]
    captures: Vec<Capture>,
    /// The same captures in words, in the same order.
    explained: Vec<ExplainedCapture>,
    /// Sequence numbers that claims name and that are kept no more.
    not_kept: Vec<u64>,
    /// How many older ones were left out for brevity.
    omitted: usize,
}

/// A capture, and what it says in words.
#[derive(Serialize, ToSchema)]
pub(crate) struct ExplainedCapture {
    /// Sequence number of the capture.
    seq: u64,
    /// One line: "Neighbour table of Hall plug, read over Matter".
    title: String,
    /// What was decoded, in order.
    sections: Vec<ExplainedSection>,
    /// What of it could not be decoded, and why.
    troubles: Vec<String>,
}

/// One statement of a capture, or a few that belong together.
#[derive(Serialize, ToSchema)]
pub(crate) struct ExplainedSection {
    /// What it is.
    title: String,
    /// Its values.
    rows: Vec<ExplainedRow>,
}

/// One value.
#[derive(Serialize, ToSchema)]
pub(crate) struct ExplainedRow {
    /// The field's name.
    name: String,
    /// The value, with its unit. A secret is "removed".
    value: String,
    /// What the value means; null where it says that itself.
    meaning: Option<String>,
}

impl ExplainedCapture {
    fn new(capture: &Capture, names: &NamesOf) -> Self {
        let explained = explain_with(capture, names);
        let sections = explained.sections.into_iter().map(|section| ExplainedSection {
            title: section.title,
            rows: section
                .rows
                .into_iter()
                .map(|row| ExplainedRow {
                    name: row.name,
                    value: row.value,
                    meaning: row.meaning,
                })
                .collect(),
        });
        Self {
            seq: explained.seq,
            title: explained.title,
            sections: sections.collect(),
            troubles: explained.troubles,
        }
    }
}

/// The names that a topology gives devices.
struct NamesOf {
    radios: BTreeMap<ExtendedAddress, String>,
    peers: BTreeMap<MatterPeer, String>,
}

impl NamesOf {
    fn new(topology: &Topology) -> Self {
        let (mut radios, mut peers) = (BTreeMap::new(), BTreeMap::new());
        for node in topology.nodes() {
            let Some(name) = &node.name else { continue };
            radios.extend(node.extended_address.map(|address| (address, name.clone())));
            for known in &node.known_as.matter {
                peers.extend(known.parse().ok().map(|peer: MatterPeer| (peer, name.clone())));
            }
        }
        Self { radios, peers }
    }
}

impl Names for NamesOf {
    fn radio(&self, address: ExtendedAddress) -> Option<String> {
        self.radios.get(&address).cloned()
    }

    fn matter(&self, peer: MatterPeer) -> Option<String> {
        self.peers.get(&peer).cloned()
    }
}

impl Server {
    async fn evidence(&self, claims: &[Claim], topology: &Arc<Topology>) -> Result<Evidence, Problem> {
        let all: BTreeSet<u64> = claims.iter().map(|claim| claim.capture.seq).collect();
        let wanted: BTreeSet<u64> = all.iter().rev().take(MAX_CAPTURES).copied().collect();
        let omitted = all.len() - wanted.len();
        let question = wanted.clone();
        let mut captures = self.ask(move |history| history.captures(&question)).await?;
        captures.retain(|capture| wanted.contains(&capture.seq));
        captures.sort_by_key(|capture| capture.seq);
        captures.dedup_by_key(|capture| capture.seq);
        let kept: BTreeSet<u64> = captures.iter().map(|capture| capture.seq).collect();
        let topology = topology.clone();
        // Decoding a hundred captures takes milliseconds: not on the threads that answer everybody.
        let (captures, explained) = self
            .apart(move || {
                let names = NamesOf::new(&topology);
                let explained = captures.iter().map(|capture| ExplainedCapture::new(capture, &names)).collect();
                (captures, explained)
            })
            .await?;
        Ok(Evidence {
            captures,
            explained,
            not_kept: wanted.difference(&kept).copied().collect(),
            omitted,
        })
    }
}

/// Everything about one node.
#[derive(Serialize, ToSchema)]
pub(crate) struct NodeAnswer<'a> {
    /// The generation; null for a moment of the past.
    generation: Option<u64>,
    /// The moment that the answer is about.
    as_of: Timestamp,
    /// The node, with its claims. Its id may differ from the one asked for, where that is a previous one.
    #[schema(value_type = Node)]
    node: &'a Node,
    /// Links that it is an end of, with their claims.
    #[schema(value_type = Vec<Link>)]
    links: Vec<&'a Link>,
    /// Findings about it.
    #[schema(value_type = Vec<Finding>)]
    findings: Vec<&'a Finding>,
    /// The captures that the node's claims name.
    evidence: Evidence,
}

/// Everything about one link.
#[derive(Serialize, ToSchema)]
pub(crate) struct LinkAnswer<'a> {
    /// The generation; null for a moment of the past.
    generation: Option<u64>,
    /// The moment that the answer is about.
    as_of: Timestamp,
    /// The link, with its claims.
    #[schema(value_type = Link)]
    link: &'a Link,
    /// Findings about it.
    #[schema(value_type = Vec<Finding>)]
    findings: Vec<&'a Finding>,
    /// The captures that the link's claims name.
    evidence: Evidence,
}

fn findings_about<'a>(topology: &'a Topology, id: &str) -> Vec<&'a Finding> {
    let mut findings: Vec<_> = topology
        .findings()
        .filter(|finding| finding.subjects.iter().any(|subject| **subject == *id))
        .collect();
    findings.sort_by(|one, other| one.id.cmp(&other.id));
    findings
}

/// The id in the path, or why it cannot be read.
type Identified = Result<Path<String>, PathRejection>;

fn identified(id: Identified) -> Result<String, Problem> {
    id.map(|Path(id)| id)
        .map_err(|error| Problem::parameter("id", format!("The id in the path cannot be read: {}.", error.body_text())))
}

/// A node with all its claims, links and findings, and the captures that the claims name. An id that it had before works too.
#[utoipa::path(
    get, path = "/api/v1/nodes/{id}", tag = "topology",
    params(
        ("id" = String, Path, description = "node id; slashes in it may be encoded as %2F"),
        ("at" = Option<String>, Query, description = "a moment of the past, RFC 3339; left out: now"),
    ),
    responses(
        (status = 200, description = "The node", body = NodeAnswer),
        (status = 404, description = "No such node", body = Problem, content_type = "application/problem+json"),
    ),
)]
pub(crate) async fn node(State(server): State<Server>, id: Identified, uri: Uri, headers: HeaderMap) -> Result<Response, Problem> {
    let id = identified(id)?;
    let moment = server.moment(&Parameters::read(&uri, &["at"])?).await?;
    let topology = &*moment.topology;
    let unknown = || {
        Problem::unknown(
            "No such node",
            format!("There is no node {} at {}. /api/v1/topology lists the nodes.", echo(&id), topology.as_of),
        )
    };
    let node = topology.node(&id).ok_or_else(unknown)?;
    let mut links: Vec<_> = topology.links().filter(|link| link.a == node.id || link.b == node.id).collect();
    links.sort_by(|one, other| one.id.cmp(&other.id));
    let evidence = server.evidence(&node.claims, &moment.topology).await?;
    let findings = findings_about(topology, &node.id);
    hashed(
        &headers,
        &NodeAnswer {
            generation: moment.generation,
            as_of: topology.as_of,
            node,
            links,
            findings,
            evidence,
        },
    )
}

/// A link with all its claims and findings, and the captures that the claims name.
#[utoipa::path(
    get, path = "/api/v1/links/{id}", tag = "topology",
    params(
        ("id" = String, Path, description = "link id; slashes in it may be encoded as %2F"),
        ("at" = Option<String>, Query, description = "a moment of the past, RFC 3339; left out: now"),
    ),
    responses(
        (status = 200, description = "The link", body = LinkAnswer),
        (status = 404, description = "No such link", body = Problem, content_type = "application/problem+json"),
    ),
)]
pub(crate) async fn link(State(server): State<Server>, id: Identified, uri: Uri, headers: HeaderMap) -> Result<Response, Problem> {
    let id = identified(id)?;
    let moment = server.moment(&Parameters::read(&uri, &["at"])?).await?;
    let topology = &*moment.topology;
    let unknown = || {
        Problem::unknown(
            "No such link",
            format!("There is no link {} at {}. /api/v1/topology lists the links.", echo(&id), topology.as_of),
        )
    };
    let link = topology.link(&id).ok_or_else(unknown)?;
    let evidence = server.evidence(&link.claims, &moment.topology).await?;
    let findings = findings_about(topology, &link.id);
    hashed(
        &headers,
        &LinkAnswer {
            generation: moment.generation,
            as_of: topology.as_of,
            link,
            findings,
            evidence,
        },
    )
}

#[cfg(test)]
mod tests {
    use crate::testing::{self, SENSOR, get, json, problem, send};
    use axum::http::StatusCode;

    #[tokio::test]
    async fn a_node_comes_with_all_that_is_behind_it() {
        let server = testing::server();
        let answer = json(send(&server, get(&format!("/api/v1/nodes/{SENSOR}"))).await).await;
        assert_eq!(answer["generation"], 1);
        assert_eq!(answer["node"]["name"], "Garage sensor");
        assert_eq!(answer["node"]["claims"][0]["capture"]["seq"], 7);
        assert_eq!(answer["links"][0]["kind"], "parent-child");
        assert_eq!(answer["findings"][0]["kind"], "weak-only-child");
        assert_eq!(answer["evidence"]["captures"][0]["kind"], "failure");
        assert_eq!(answer["evidence"]["explained"][0]["seq"], 7);
        assert_eq!(
            answer["evidence"]["explained"][0]["title"],
            "Asked the border router at http://192.0.2.1:8081 in vain: GET /node"
        );
        assert_eq!(
            answer["evidence"]["explained"][0]["sections"][0]["rows"][2]["value"],
            "connection refused"
        );
        assert_eq!(answer["evidence"]["not_kept"], serde_json::json!([]));
    }

    #[tokio::test]
    async fn captures_that_are_kept_no_more_are_named() {
        let server = testing::server();
        let answer = json(send(&server, get(&format!("/api/v1/nodes/{}", testing::ROUTER))).await).await;
        assert_eq!(answer["evidence"]["captures"], serde_json::json!([]));
        assert_eq!(answer["evidence"]["not_kept"], serde_json::json!([8]));
    }

    #[tokio::test]
    async fn ids_with_slashes_and_previous_ids_are_understood() {
        let server = testing::server();
        for id in ["2222222222222222/9/0x2c01", "2222222222222222%2F9%2F0x2c01"] {
            let answer = json(send(&server, get(&format!("/api/v1/nodes/{id}"))).await).await;
            assert_eq!(answer["node"]["rloc16"], "0x2c01", "{id}");
        }
        let answer = json(send(&server, get("/api/v1/nodes/1111111111111111%2F7%2F0x2c01")).await).await;
        assert_eq!(answer["node"]["id"], SENSOR);
    }

    #[tokio::test]
    async fn a_link_comes_with_its_evidence() {
        let server = testing::server();
        let answer = json(
            send(
                &server,
                get(&format!("/api/v1/links/{}~{SENSOR}?at={}", testing::ROUTER, testing::YESTERDAY)),
            )
            .await,
        )
        .await;
        assert_eq!(answer["generation"], serde_json::Value::Null);
        assert_eq!(answer["as_of"], testing::YESTERDAY);
        assert_eq!(answer["link"]["a_hears_b"]["link_quality"], 1);
        assert_eq!(answer["evidence"]["captures"].as_array().unwrap().len(), 1);
    }

    #[tokio::test]
    async fn unknown_ids_are_a_problem() {
        let server = testing::server();
        for path in [
            "/api/v1/nodes/ffffffffffffffff",
            "/api/v1/links/a~b",
            "/api/v1/nodes/%00",
            "/api/v1/nodes/%2e%2e%2f",
        ] {
            let answer = problem(send(&server, get(path)).await, StatusCode::NOT_FOUND).await;
            assert_eq!(answer["type"], "urn:weft:problem:unknown", "{path}");
        }
        assert_eq!(send(&server, get("/api/v1/nodes/%ff")).await.status(), StatusCode::BAD_REQUEST);
    }
}
