//! The topology, the map and the sources as they are now; the topology also as it was.

use crate::problem::Problem;
use crate::publish::Feed;
use crate::query::Parameters;
use crate::server::Server;
use crate::status::Status;
use crate::token::{hash, hex};
use axum::body::{Body, Bytes};
use axum::extract::State;
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE, ETAG, IF_NONE_MATCH};
use axum::http::{HeaderMap, HeaderValue, StatusCode, Uri};
use axum::response::Response;
use serde::Serialize;
use std::sync::Arc;
use utoipa::ToSchema;
use weft_layout::Positions;
use weft_topology::Topology;

/// JSON with an entity tag; 304 without a body where the client has it already.
pub(crate) fn tagged(headers: &HeaderMap, tag: &str, body: impl FnOnce() -> Bytes) -> Response {
    let tag = format!("\"{tag}\"");
    let known = headers
        .get_all(IF_NONE_MATCH)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','));
    let same = |candidate: &str| matches!(candidate.trim(), "*") || candidate.trim().trim_start_matches("W/") == tag;
    let not_modified = known.into_iter().any(same);
    let mut response = Response::new(if not_modified { Body::empty() } else { Body::from(body()) });
    if not_modified {
        *response.status_mut() = StatusCode::NOT_MODIFIED;
    } else {
        response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    }
    response.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static("no-cache"));
    if let Ok(tag) = HeaderValue::from_str(&tag) {
        response.headers_mut().insert(ETAG, tag);
    }
    response
}

/// JSON tagged by a hash of its bytes.
pub(crate) fn hashed(headers: &HeaderMap, value: &impl Serialize) -> Result<Response, Problem> {
    let body = serde_json::to_string(value).map_err(|error| Problem::broken(format!("The answer could not be written: {error}")))?;
    let tag = hex(&hash(&body)[..16]);
    Ok(tagged(headers, &tag, || body.into()))
}

/// The topology that a question is about.
pub(crate) struct Moment {
    pub(crate) topology: Arc<Topology>,
    /// The generation, where the question is about now.
    pub(crate) generation: Option<u64>,
}

impl Server {
    /// The topology at the parameter `at`, or now.
    pub(crate) async fn moment(&self, parameters: &Parameters) -> Result<Moment, Problem> {
        if let Some(at) = parameters.at()? {
            return Ok(Moment {
                topology: self.ask(move |history| history.topology_at(at)).await?,
                generation: None,
            });
        }
        let published = self.publisher.current();
        Ok(Moment {
            topology: published.topology,
            generation: Some(published.generation),
        })
    }
}

fn tag(feed: &Feed) -> String {
    feed.name(feed.published.generation)
}

/// The whole topology, now or at a moment of the past. The entity tag names the generation.
#[utoipa::path(
    get, path = "/api/v1/topology", tag = "topology",
    params(
        ("at" = Option<String>, Query, description = "a moment of the past, RFC 3339; left out: now"),
        ("claims" = Option<String>, Query, description = "`all` (default) or `none`: without the claims of nodes and links"),
    ),
    responses(
        (status = 200, description = "The topology", body = crate::openapi::TopologyDocument),
        (status = 304, description = "The client's copy is still good"),
        (status = 400, description = "A parameter is wrong", body = Problem, content_type = "application/problem+json"),
        (status = 404, description = "Nothing is kept of that moment", body = Problem, content_type = "application/problem+json"),
    ),
)]
pub(crate) async fn topology(State(server): State<Server>, uri: Uri, headers: HeaderMap) -> Result<Response, Problem> {
    let parameters = Parameters::read(&uri, &["at", "claims"])?;
    let with_claims = parameters.claims(true)?;
    if parameters.at()?.is_some() {
        return hashed(&headers, &server.moment(&parameters).await?.topology.document(with_claims));
    }
    let feed = server.publisher.feed();
    Ok(tagged(&headers, &tag(&feed), || feed.topology_json(with_claims)))
}

#[derive(Serialize, ToSchema)]
pub(crate) struct LayoutAnswer<'a> {
    /// The generation that the map shows; null for a moment of the past.
    generation: Option<u64>,
    /// Where everything stands.
    #[schema(value_type = Positions)]
    positions: &'a Positions,
}

/// Positions of the map, now or at a moment of the past. Not part of the topology: they depend on what was drawn before. What is there at both
/// moments stands where it stands now.
#[utoipa::path(
    get, path = "/api/v1/layout", tag = "topology",
    params(("at" = Option<String>, Query, description = "a moment of the past, RFC 3339; left out: now")),
    responses(
        (status = 200, description = "The positions", body = LayoutAnswer),
        (status = 304, description = "The client's copy is still good"),
        (status = 400, description = "A parameter is wrong", body = Problem, content_type = "application/problem+json"),
        (status = 404, description = "Nothing is kept of that moment", body = Problem, content_type = "application/problem+json"),
    ),
)]
pub(crate) async fn layout(State(server): State<Server>, uri: Uri, headers: HeaderMap) -> Result<Response, Problem> {
    let parameters = Parameters::read(&uri, &["at"])?;
    if parameters.at()?.is_some() {
        let topology = server.moment(&parameters).await?.topology;
        let present = server.publisher.current().positions;
        // Drawn onto the present: what is there now stays where it is, what is there no more finds its place among it.
        let positions = server.apart(move || weft_layout::layout(&topology, &present)).await?;
        let answer = LayoutAnswer {
            generation: None,
            positions: &positions,
        };
        return hashed(&headers, &answer);
    }
    let feed = server.publisher.feed();
    let published = &feed.published;
    let body = || {
        serde_json::to_vec(&LayoutAnswer {
            generation: Some(published.generation),
            positions: &published.positions,
        })
    };
    let body = body().map_err(|error| Problem::broken(format!("The positions could not be written: {error}")))?;
    Ok(tagged(&headers, &tag(&feed), || body.into()))
}

#[derive(Serialize, ToSchema)]
pub(crate) struct SourcesAnswer<'a> {
    /// The generation that it was published with.
    generation: u64,
    /// The state of the sources and of the store.
    status: &'a Status,
}

/// The state of the sources and of the store.
#[utoipa::path(
    get, path = "/api/v1/sources", tag = "sources",
    responses((status = 200, description = "The state", body = SourcesAnswer), (status = 304, description = "The client's copy is still good")),
)]
pub(crate) async fn sources(State(server): State<Server>, uri: Uri, headers: HeaderMap) -> Result<Response, Problem> {
    Parameters::read(&uri, &[])?;
    let feed = server.publisher.feed();
    let published = &feed.published;
    let body = serde_json::to_vec(&SourcesAnswer {
        generation: published.generation,
        status: &published.status,
    });
    let body = body.map_err(|error| Problem::broken(format!("The state could not be written: {error}")))?;
    Ok(tagged(&headers, &tag(&feed), || body.into()))
}

/// What `/healthz` says while the service answers at all.
#[derive(Serialize, ToSchema)]
pub(crate) struct Health {
    /// `ok`.
    status: &'static str,
}

/// Whether the service answers. Says nothing of the mesh, so it needs no token.
#[utoipa::path(get, path = "/healthz", tag = "access", security(()), responses((status = 200, description = "It answers", body = Health)))]
pub(crate) async fn healthz() -> axum::Json<Health> {
    axum::Json(Health { status: "ok" })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{self, get, get_with, json, problem, send};

    #[tokio::test]
    async fn the_tag_is_the_generation() {
        let server = testing::server();
        let response = send(&server, get("/api/v1/topology")).await;
        let tag = response.headers()["etag"].to_str().unwrap().to_owned();
        assert!(tag.starts_with("\"1-"), "{tag}");
        let all = json(response).await;
        assert_eq!(all["format"], "weft-topology");
        assert_eq!(all["nodes"][0]["claims"].as_array().unwrap().len(), 1);

        for known in [tag.clone(), format!("W/{tag}"), format!("\"x\", {tag}"), "*".into()] {
            let response = send(&server, get_with("/api/v1/topology", "if-none-match", &known)).await;
            assert_eq!(response.status(), StatusCode::NOT_MODIFIED, "{known}");
            assert_eq!(response.headers()["etag"], tag.as_str());
        }
        server
            .publisher
            .publish(testing::home_without_sensor().into(), Arc::default(), Status::default());
        let response = send(&server, get_with("/api/v1/topology?claims=none", "if-none-match", &tag)).await;
        assert_eq!(response.status(), StatusCode::OK);
        assert!(response.headers()["etag"].to_str().unwrap().starts_with("\"2-"));
        assert_eq!(json(response).await["nodes"][0].get("claims"), None);
    }

    #[tokio::test]
    async fn the_past_is_tagged_by_its_bytes() {
        let server = testing::server();
        let url = format!("/api/v1/topology?at={}&claims=none", testing::YESTERDAY);
        let response = send(&server, get(&url)).await;
        let tag = response.headers()["etag"].to_str().unwrap().to_owned();
        assert_eq!(json(response).await["as_of"], testing::YESTERDAY);
        assert_eq!(
            send(&server, get_with(&url, "if-none-match", &tag)).await.status(),
            StatusCode::NOT_MODIFIED
        );

        let before = problem(
            send(&server, get("/api/v1/topology?at=1999-01-01T00:00:00Z")).await,
            StatusCode::NOT_FOUND,
        )
        .await;
        assert!(
            before["detail"].as_str().unwrap().contains(testing::YESTERDAY),
            "says since when: {before}"
        );
        let bad = problem(send(&server, get("/api/v1/topology?at=soon")).await, StatusCode::BAD_REQUEST).await;
        assert_eq!(bad["parameter"], "at");
    }

    #[tokio::test]
    async fn layout_sources_and_health_answer() {
        let server = testing::server();
        let layout = json(send(&server, get("/api/v1/layout")).await).await;
        assert_eq!(layout["generation"], 1);
        assert!(layout["positions"].is_object());
        let sources = json(send(&server, get("/api/v1/sources")).await).await;
        assert_eq!(sources["status"]["sources"][0]["state"], "deaf");
        assert_eq!(json(send(&server, get("/healthz")).await).await["status"], "ok");
        for path in ["/api/v1/layout?x=1", "/api/v1/sources?at=now"] {
            problem(send(&server, get(path)).await, StatusCode::BAD_REQUEST).await;
        }
    }

    #[tokio::test]
    async fn what_is_not_there_is_a_problem_too() {
        let server = testing::server();
        let nothing = problem(send(&server, get("/api/v2/topology")).await, StatusCode::NOT_FOUND).await;
        for member in ["type", "title", "status", "detail"] {
            assert!(nothing.get(member).is_some(), "{member}");
        }
        problem(
            send(&server, testing::post("/api/v1/topology", "{}")).await,
            StatusCode::METHOD_NOT_ALLOWED,
        )
        .await;
    }
}
