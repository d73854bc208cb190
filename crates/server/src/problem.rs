//! Errors as RFC 9457 problem details: what went wrong, and what to do about it.

use axum::body::Body;
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE, RETRY_AFTER, WWW_AUTHENTICATE};
use axum::http::{HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use utoipa::ToSchema;
use weft_model::{PartitionId, Refusal, Rloc16};
use weft_topology::{Id, Node, State};

/// The members of a problem, as served with `application/problem+json` (RFC 9457, section 3.1).
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct Problem {
    /// What kind of problem: `urn:weft:problem:…`. The same for all problems of its kind.
    #[serde(rename = "type")]
    #[schema(rename = "type")]
    kind: String,
    /// The kind in words.
    title: &'static str,
    /// HTTP status.
    status: u16,
    /// What happened here, and what to do.
    detail: String,
    /// The query parameter or the field of the body that is meant.
    #[serde(skip_serializing_if = "Option::is_none")]
    parameter: Option<String>,
    /// The nodes that could be meant.
    #[serde(skip_serializing_if = "Option::is_none")]
    candidates: Option<Vec<Candidate>>,
}

/// A node that an ambiguous question could mean.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub(crate) struct Candidate {
    /// Node id.
    #[schema(value_type = String)]
    pub id: Id,
    /// Name.
    pub name: Option<String>,
    /// Network id.
    #[schema(value_type = Option<String>)]
    pub network: Option<Id>,
    /// Partition id.
    pub partition_id: Option<PartitionId>,
    /// RLOC16.
    pub rloc16: Option<Rloc16>,
    /// State of the node.
    pub state: State,
}

impl From<Refusal> for Problem {
    fn from(refusal: Refusal) -> Self {
        match refusal {
            Refusal::Wrong(why) => Self::body(why),
            Refusal::Unknown(why) => Self::unknown("There is no such thing", why),
            Refusal::NotNow(why) => Self::new(StatusCode::CONFLICT, "not-now", "That cannot be done now", why),
            Refusal::Failed(why) => Self::new(StatusCode::INTERNAL_SERVER_ERROR, "failed", "It could not be done", why),
        }
    }
}

impl From<&Node> for Candidate {
    fn from(node: &Node) -> Self {
        Self {
            id: node.id.clone(),
            name: node.name.clone(),
            network: node.network.clone(),
            partition_id: node.partition_id,
            rloc16: node.rloc16,
            state: node.state,
        }
    }
}

impl Problem {
    pub(crate) fn new(status: StatusCode, kind: &str, title: &'static str, detail: impl Into<String>) -> Self {
        let kind = format!("urn:weft:problem:{kind}");
        Self {
            kind,
            title,
            status: status.as_u16(),
            detail: detail.into(),
            parameter: None,
            candidates: None,
        }
    }

    /// The question itself is wrong, at the named parameter or field.
    pub(crate) fn parameter(name: &str, detail: impl Into<String>) -> Self {
        let problem = Self::new(StatusCode::BAD_REQUEST, "bad-parameter", "A parameter is wrong", detail);
        Self {
            parameter: Some(name.chars().take(MAX_ECHO).collect()),
            ..problem
        }
    }

    pub(crate) fn body(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, "bad-body", "The body cannot be read", detail)
    }

    pub(crate) fn body_too_large(limit: usize) -> Self {
        let detail = format!("The body is larger than {limit} bytes. Send less at once.");
        Self::new(StatusCode::PAYLOAD_TOO_LARGE, "body-too-large", "The body is too large", detail)
    }

    pub(crate) fn unknown(what: &'static str, detail: impl Into<String>) -> Self {
        Self::new(StatusCode::NOT_FOUND, "unknown", what, detail)
    }

    pub(crate) fn ambiguous(detail: impl Into<String>, candidates: Vec<Candidate>) -> Self {
        let problem = Self::new(StatusCode::CONFLICT, "ambiguous", "More than one device could be meant", detail);
        Self {
            candidates: Some(candidates),
            ..problem
        }
    }

    pub(crate) fn token_needed(detail: &str) -> Self {
        Self::new(StatusCode::UNAUTHORIZED, "token-needed", "A token is needed", detail)
    }

    pub(crate) fn forbidden(kind: &str, title: &'static str, detail: impl Into<String>) -> Self {
        Self::new(StatusCode::FORBIDDEN, kind, title, detail)
    }

    pub(crate) fn busy(kind: &str, detail: impl Into<String>) -> Self {
        Self::new(StatusCode::SERVICE_UNAVAILABLE, kind, "The service is busy", detail)
    }

    pub(crate) fn broken(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::INTERNAL_SERVER_ERROR, "internal", "The service failed", detail)
    }

    /// The status, as HTTP has it.
    pub(crate) fn status(&self) -> StatusCode {
        StatusCode::from_u16(self.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
    }
}

/// How many characters of a foreign text an answer repeats.
pub(crate) const MAX_ECHO: usize = 64;

/// A foreign text, cut, for use in a sentence.
pub(crate) fn echo(text: &str) -> String {
    format!("{:?}", text.chars().take(MAX_ECHO).collect::<String>())
}

const RETRY_AFTER_SECONDS: &str = "5";

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let status = self.status();
        let body = serde_json::to_vec(&self).unwrap_or_default();
        let mut response = Response::new(Body::from(body));
        *response.status_mut() = status;
        let headers = response.headers_mut();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
        headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
        match status {
            StatusCode::UNAUTHORIZED => drop(headers.insert(WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"))),
            StatusCode::SERVICE_UNAVAILABLE => drop(headers.insert(RETRY_AFTER, HeaderValue::from_static(RETRY_AFTER_SECONDS))),
            _ => {}
        }
        response
    }
}
