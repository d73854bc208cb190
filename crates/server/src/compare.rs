//! Two moments compared, in words.

use crate::history::HistoryError;
use crate::problem::Problem;
use crate::query::Parameters;
use crate::server::Server;
use crate::views::hashed;
use axum::extract::State;
use axum::http::{HeaderMap, Uri};
use axum::response::Response;
use serde::Serialize;
use std::collections::BTreeSet;
use std::sync::Arc;
use utoipa::ToSchema;
use weft_model::Timestamp;
use weft_topology::{Change, Id, Topology, changes};

/// The most changes of one answer.
const MAX_CHANGES: usize = 500;

/// What is otherwise at one moment than at another.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = MomentComparison)]
pub(crate) struct Comparison {
    /// The one moment.
    a: Timestamp,
    /// The other; changes lead from the one to it.
    b: Timestamp,
    /// What happened, the most urgent first.
    changes: Vec<Change>,
    /// Changes that are not listed: the least urgent.
    omitted: usize,
    /// Nodes that are there at both moments, and that no listed change is about.
    unchanged_nodes: usize,
    /// Links likewise.
    unchanged_links: usize,
}

impl Comparison {
    fn of(old: &Topology, new: &Topology) -> Self {
        let mut changes = changes(old, new);
        let touched: BTreeSet<&Id> = changes.iter().flat_map(|change| &change.subjects).collect();
        let before: BTreeSet<&Id> = old.nodes().map(|node| &node.id).chain(old.links().map(|link| &link.id)).collect();
        let unchanged = |id: &Id| before.contains(id) && !touched.contains(id);
        let unchanged_nodes = new.nodes().filter(|node| unchanged(&node.id)).count();
        let unchanged_links = new.links().filter(|link| unchanged(&link.id)).count();
        let omitted = changes.len().saturating_sub(MAX_CHANGES);
        changes.truncate(MAX_CHANGES);
        Self {
            a: old.as_of,
            b: new.as_of,
            changes,
            omitted,
            unchanged_nodes,
            unchanged_links,
        }
    }
}

impl Server {
    /// The topology at a moment that a parameter of this name gives.
    async fn moment_named(&self, name: &'static str, at: Timestamp) -> Result<Arc<Topology>, Problem> {
        let history = self.history.clone();
        self.apart(move || history.topology_at(at)).await?.map_err(|error| match error {
            HistoryError::NotYet => Problem::parameter(name, "That moment lies in the future."),
            other => other.into(),
        })
    }
}

/// What changed from one moment to another, in words. The other may be the earlier one: then it tells the way back.
#[utoipa::path(
    get, path = "/api/v1/diff", tag = "topology",
    params(
        ("a" = String, Query, description = "a moment, RFC 3339"),
        ("b" = Option<String>, Query, description = "another moment, RFC 3339; left out: now"),
    ),
    responses(
        (status = 200, description = "What changed", body = Comparison),
        (status = 304, description = "The client's copy is still good"),
        (status = 400, description = "A parameter is wrong", body = Problem, content_type = "application/problem+json"),
        (status = 404, description = "Nothing is kept of that moment", body = Problem, content_type = "application/problem+json"),
    ),
)]
pub(crate) async fn diff(State(server): State<Server>, uri: Uri, headers: HeaderMap) -> Result<Response, Problem> {
    let parameters = Parameters::read(&uri, &["a", "b"])?;
    let missing = || Problem::parameter("a", "Give the moment to compare with, as a=2026-11-20T12:00:00Z.");
    let a = parameters.time("a")?.ok_or_else(missing)?;
    let b = parameters.time("b")?;
    let old = server.moment_named("a", a).await?;
    let new = match b {
        Some(b) => server.moment_named("b", b).await?,
        None => server.publisher.current().topology,
    };
    // Thousands of devices take some milliseconds: not on a thread that others wait for.
    let comparison = server.apart(move || Comparison::of(&old, &new)).await?;
    hashed(&headers, &comparison)
}

#[cfg(test)]
mod tests {
    use crate::testing::{self, get, json, problem, send};
    use axum::http::StatusCode;

    #[tokio::test]
    async fn two_moments_are_compared() {
        let server = testing::server();
        let url = format!("/api/v1/diff?a={}", testing::YESTERDAY);
        let same = json(send(&server, get(&url)).await).await;
        assert_eq!((&same["a"], &same["changes"]), (&testing::YESTERDAY.into(), &serde_json::json!([])));
        assert_eq!((&same["unchanged_nodes"], &same["unchanged_links"]), (&5.into(), &1.into()));

        let publish = |topology: weft_topology::Topology| server.publisher.publish(topology.into(), Default::default(), Default::default());
        publish(testing::home_without_sensor());
        let told = json(send(&server, get(&url)).await).await;
        assert_eq!(told["changes"].as_array().unwrap().len(), 1, "links and findings go along: {told}");
        assert_eq!(told["changes"][0]["text"], "Garage sensor is gone");
        assert_eq!(told["changes"][0]["subjects"][0], testing::SENSOR);
        assert_eq!((&told["unchanged_nodes"], &told["unchanged_links"]), (&4.into(), &0.into()));
    }

    #[tokio::test]
    async fn what_is_wrong_is_named() {
        let server = testing::server();
        for (query, parameter) in [
            ("", "a"),
            ("b=2026-11-20T00:00:00Z", "a"),
            ("a=now", "a"),
            ("a=2026-11-20T00:00:00Z&at=1", "at"),
        ] {
            let wrong = problem(send(&server, get(&format!("/api/v1/diff?{query}"))).await, StatusCode::BAD_REQUEST).await;
            assert_eq!(wrong["parameter"], parameter, "{query}");
        }
        let before = send(&server, get("/api/v1/diff?a=1999-01-01T00:00:00Z")).await;
        assert!(
            problem(before, StatusCode::NOT_FOUND).await["detail"]
                .as_str()
                .unwrap()
                .contains("2026-11-19")
        );
    }
}
