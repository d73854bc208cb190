//! What stands between this machine and the meshes, as the binary hands it in.

use crate::problem::Problem;
use crate::query::Parameters;
use crate::server::Server;
use crate::status::Status;
use crate::views::hashed;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, Uri};
use axum::response::Response;
use serde::Serialize;
use std::collections::{BTreeMap, BTreeSet};
use std::net::Ipv6Addr;
use std::sync::Arc;
use utoipa::ToSchema;
use weft_evidence::{Capture, CaptureBody, MdnsCapture, SourceState};
use weft_model::{Check, CheckedInterface, MdnsState, NetworkQuestion, NetworkReport, NetworkToReach, Timestamp};
use weft_topology::Topology;

/// The most announcements whose interface is looked up, the newest.
const MAX_ANNOUNCEMENTS: usize = 2_000;

/// Looks at this machine. The call may block for a second; the server makes it from a thread made for that.
pub trait NetworkCheck: Send + Sync + 'static {
    /// What stands between this machine and the networks of `question`. What cannot be read is unknown, never an error.
    fn check(&self, question: &NetworkQuestion) -> NetworkReport;
}

/// What stands between this machine and the meshes.
#[derive(Serialize, ToSchema)]
pub(crate) struct NetworkCheckAnswer {
    /// When it was looked at.
    at: Timestamp,
    /// In the order in which a person should look at them.
    checks: Vec<Check>,
    /// Interfaces of this machine, by name.
    interfaces: Vec<CheckedInterface>,
}

/// The networks to reach, by what is known of them now.
fn networks(topology: &Topology) -> Vec<NetworkToReach> {
    let to_reach = topology.networks().filter(|network| !network.omr_prefixes.is_empty()).map(|network| {
        let mut border_routers: BTreeMap<Ipv6Addr, String> = BTreeMap::new();
        for node in topology
            .nodes()
            .filter(|node| node.border_router && node.network.as_ref() == Some(&network.id))
        {
            let name = node.name.clone().unwrap_or_else(|| node.id.to_string());
            let addresses = node.addresses.iter().filter_map(|address| address.split('%').next()?.parse().ok());
            border_routers.extend(addresses.map(|address| (address, name.clone())));
        }
        NetworkToReach {
            name: network.name.clone().unwrap_or_else(|| network.id.to_string()),
            omr_prefixes: network.omr_prefixes.clone(),
            border_routers,
        }
    });
    to_reach.collect()
}

/// What the live mDNS source says of itself; `None` where none runs.
fn mdns(status: &Status) -> Option<MdnsState> {
    // A notice says that this is a demo or a replay: its sources heard what they tell of on another machine.
    let is_live = status.notice.is_none();
    let source = status.sources.iter().find(|source| is_live && source.kind == "mdns")?;
    Some(MdnsState {
        listening: matches!(source.state, SourceState::Started | SourceState::Working),
        reason: source.reason.clone(),
        announcements: source.captures,
        by_interface: BTreeMap::new(),
        last_at: source.last_capture_at,
    })
}

/// Sequence numbers of the newest announcements.
fn announcements(topology: &Topology) -> BTreeSet<u64> {
    let is_registration = |reporter: &str| reporter.ends_with("._udp") || reporter.ends_with("._tcp");
    let all: BTreeSet<u64> = topology
        .nodes()
        .flat_map(|node| &node.claims)
        .filter(|claim| is_registration(&claim.reporter))
        .map(|claim| claim.capture.seq)
        .collect();
    all.into_iter().rev().take(MAX_ANNOUNCEMENTS).collect()
}

/// On which interfaces announcements came in: the scopes of their link-local addresses.
fn by_interface(captures: &[Capture]) -> BTreeMap<String, u64> {
    let mut counts = BTreeMap::new();
    for capture in captures {
        let CaptureBody::Mdns(MdnsCapture::Resolved { addresses, .. }) = &capture.body else {
            continue;
        };
        let scopes: BTreeSet<&str> = addresses
            .iter()
            .filter_map(|address| address.split_once('%').map(|(_, scope)| scope))
            .collect();
        for scope in scopes {
            *counts.entry(scope.to_owned()).or_default() += 1;
        }
    }
    counts
}

/// What stands between this machine and the meshes: interfaces, VPNs, IPv6, routes to the meshes, multicast, what the system may block.
#[utoipa::path(
    get, path = "/api/v1/network-check", tag = "sources",
    responses(
        (status = 200, description = "What was seen", body = NetworkCheckAnswer),
        (status = 501, description = "This service cannot look", body = Problem, content_type = "application/problem+json"),
    ),
)]
pub(crate) async fn network_check(State(server): State<Server>, uri: Uri, headers: HeaderMap) -> Result<Response, Problem> {
    Parameters::read(&uri, &[])?;
    let Some(checker) = server.network_check.get().cloned() else {
        return Err(Problem::new(
            StatusCode::NOT_IMPLEMENTED,
            "not-supported",
            "This service cannot do that",
            "It was built without a way to look at this machine's network.",
        ));
    };
    let published = server.publisher.current();
    let topology = published.topology;
    let mut mdns = mdns(&published.status);
    if let Some(mdns) = &mut mdns {
        let question = announcements(&topology);
        let captures = server.ask(move |history| history.captures(&question)).await?;
        mdns.by_interface = by_interface(&captures);
    }
    let question = NetworkQuestion {
        networks: networks(&topology),
        mdns,
    };
    let report = server.apart(move || checker.check(&question)).await?;
    hashed(
        &headers,
        &NetworkCheckAnswer {
            at: (server.now)(),
            checks: report.checks,
            interfaces: report.interfaces,
        },
    )
}

impl Server {
    /// The same service, which can look at this machine's network. Only the first one that is given counts.
    #[must_use]
    pub fn with_network_check(self, checker: Arc<dyn NetworkCheck>) -> Self {
        let _ = self.network_check.set(checker);
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{self, get, json, problem, send};
    use weft_model::CheckResult;

    /// Answers with what it was asked.
    struct Echo;

    impl NetworkCheck for Echo {
        fn check(&self, question: &NetworkQuestion) -> NetworkReport {
            let check = |network: &NetworkToReach| Check {
                id: "omr-routes".into(),
                title: network.name.clone(),
                result: CheckResult::Good,
                seen: format!("{:?}", network.omr_prefixes),
                advice: None,
                details: network.border_routers.values().cloned().collect(),
            };
            NetworkReport {
                checks: question.networks.iter().map(check).collect(),
                interfaces: Vec::new(),
            }
        }
    }

    #[tokio::test]
    async fn the_machine_is_asked_about_the_networks_that_are_known() {
        let server = testing::server();
        problem(send(&server, get("/api/v1/network-check")).await, StatusCode::NOT_IMPLEMENTED).await;
        let server = server.with_network_check(Arc::new(Echo));
        let answer = json(send(&server, get("/api/v1/network-check")).await).await;
        assert_eq!(answer["checks"][0]["title"], "Home");
        assert_eq!(answer["checks"][0]["result"], "good");
        assert!(answer["at"].is_string());
    }

    #[test]
    fn the_scopes_of_addresses_name_the_interface() {
        let body = serde_json::json!({"seq": 1, "at": "2026-11-20T12:00:00Z", "source": "mdns", "kind": "mdns", "event": "resolved", "service": "_hap._udp.local.",
            "instance": "x", "addresses": ["fe80::1%eth0", "fe80::2%eth0", "fd00::1"]});
        let capture: Capture = serde_json::from_value(body).unwrap();
        assert_eq!(by_interface(&[capture]), BTreeMap::from([("eth0".to_owned(), 1)]));
    }
}
