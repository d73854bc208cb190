//! Who may ask: the names that the service answers to, the pages that may use it, the token; and what browsers are told about its answers.

use crate::page;
use crate::problem::{Problem, echo};
use crate::query::Parameters;
use crate::server::Server;
use crate::session::{COOKIE, MAX_IDLE_SECONDS};
use axum::body::to_bytes;
use axum::extract::{Request, State};
use axum::http::header::{AUTHORIZATION, COOKIE as COOKIE_HEADER, HOST, ORIGIN, SET_COOKIE};
use axum::http::uri::Authority;
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use serde::Deserialize;
use std::collections::BTreeSet;
use std::net::IpAddr;
use std::sync::PoisonError;
use std::time::Duration;
use utoipa::ToSchema;
use zeroize::Zeroizing;

/// The largest body that is read.
pub(crate) const MAX_BODY_BYTES: usize = 1024 * 1024;
/// How long an answer may take to begin; event streams begin at once.
const MAX_WAIT: Duration = Duration::from_secs(30);
/// How long leaving devices may take: sleepy ones hear it late, and there may be dozens.
const MAX_LEAVING_WAIT: Duration = Duration::from_secs(600);
const UNPAIR_PATH: &str = "/api/v1/fabric/unpair";
const SESSION_PATH: &str = "/api/v1/session";

/// True for loopback addresses, IPv4 ones written as IPv6 too.
pub(crate) fn is_loopback(address: IpAddr) -> bool {
    address.to_canonical().is_loopback()
}

/// The hosts that requests may come in for.
///
/// A page of a foreign name that is made to resolve to this machine (DNS rebinding) still sends its own name in `Host`.
pub(crate) struct Hosts {
    bound: IpAddr,
    configured: BTreeSet<String>,
}

/// The host of a request.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Host {
    Address(IpAddr),
    Name(String),
}

impl Host {
    fn of(authority: &Authority) -> Option<Self> {
        if authority.as_str().contains('@') {
            return None;
        }
        let host = authority.host();
        let inner = host.strip_prefix('[').and_then(|host| host.strip_suffix(']')).unwrap_or(host);
        let name = || inner.strip_suffix('.').unwrap_or(inner).to_ascii_lowercase();
        Some(
            inner
                .parse::<IpAddr>()
                .map_or_else(|_| Self::Name(name()), |address| Self::Address(address.to_canonical())),
        )
    }

    fn is_this_machine(&self) -> bool {
        match self {
            Self::Address(address) => address.is_loopback(),
            Self::Name(name) => name == "localhost" || name.ends_with(".localhost"),
        }
    }

    fn text(&self) -> String {
        match self {
            Self::Address(address) => address.to_string(),
            Self::Name(name) => name.clone(),
        }
    }
}

impl Hosts {
    /// # Errors
    /// The first of `configured` that is no host.
    pub(crate) fn new(bound: IpAddr, configured: &[String]) -> Result<Self, String> {
        let read = |text: &String| {
            let bare = text.parse::<IpAddr>().ok().map(|address| Host::Address(address.to_canonical()));
            let host = bare.or_else(|| text.parse().ok().as_ref().and_then(Host::of));
            host.map(|host| host.text()).filter(|host| !host.is_empty()).ok_or_else(|| text.clone())
        };
        Ok(Self {
            bound: bound.to_canonical(),
            configured: configured.iter().map(read).collect::<Result<_, _>>()?,
        })
    }

    fn allow(&self, host: &Host) -> bool {
        // Rebinding needs a name, so an address is as good as its page: with an unspecified address, any is ours.
        let ours = matches!(host, Host::Address(address) if *address == self.bound || self.bound.is_unspecified());
        ours || host.is_this_machine() || self.configured.contains(&host.text())
    }

    /// The request's host, if it may be asked for.
    fn check(&self, request: &Request) -> Result<(Host, Authority), Problem> {
        let refused = |found: &str| {
            let detail = format!(
                "This service does not answer for the host {}. Use its address, or add the name to the hosts in its configuration.",
                echo(found)
            );
            Problem::forbidden("host", "Unknown host", detail)
        };
        let mut values = request.headers().get_all(HOST).iter();
        let (Some(value), None) = (values.next(), values.next()) else {
            return Err(refused(""));
        };
        let text = value.to_str().map_err(|_| refused(""))?;
        let authority: Authority = text.parse().map_err(|_| refused(text))?;
        let host = Host::of(&authority).filter(|host| self.allow(host)).ok_or_else(|| refused(text))?;
        // A target in absolute form overrides the header (RFC 9112, section 3.2.2).
        if request.uri().authority().is_some_and(|target| Host::of(target).as_ref() != Some(&host)) {
            return Err(refused(text));
        }
        Ok((host, authority))
    }
}

/// A page of another origin may not use this service through its visitor's browser.
fn check_origin(headers: &HeaderMap, own: &Authority) -> Result<(), Problem> {
    let mut origins = headers.get_all(ORIGIN).iter();
    let Some(origin) = origins.next() else { return Ok(()) };
    let text = origin.to_str().unwrap_or_default();
    let same = ["http", "https"].into_iter().zip([80, 443]).any(|(scheme, default_port)| {
        let Some(authority) = text
            .strip_prefix(scheme)
            .and_then(|rest| rest.strip_prefix("://"))
            .and_then(|rest| rest.parse::<Authority>().ok())
        else {
            return false;
        };
        let port = |authority: &Authority| authority.port_u16().unwrap_or(default_port);
        Host::of(&authority).is_some() && Host::of(&authority) == Host::of(own) && port(&authority) == port(own)
    });
    if same && origins.next().is_none() {
        return Ok(());
    }
    let detail = format!("Pages of {} may not use this service. Programs leave Origin out.", echo(text));
    Err(Problem::forbidden("origin", "Foreign origin", detail))
}

impl Server {
    /// True where the request needs no token: the service listens on this machine only, and is asked as this machine, not through a proxy.
    fn is_open(&self, host: &Host, headers: &HeaderMap) -> bool {
        let forwarded = ["forwarded", "x-forwarded-for", "x-forwarded-host", "x-real-ip"];
        self.hosts.bound.is_loopback() && host.is_this_machine() && !forwarded.iter().any(|name| headers.contains_key(*name))
    }

    /// # Errors
    /// 401 where the request has neither the token nor a session.
    pub(crate) fn check_token(&self, headers: &HeaderMap) -> Result<(), Problem> {
        let Some(token) = &self.token else {
            return Err(Problem::forbidden(
                "no-token",
                "This service has no token",
                "Give the service a token in its configuration, and send it with this request.",
            ));
        };
        if let Some(value) = headers.get(AUTHORIZATION) {
            let given = value
                .to_str()
                .ok()
                .and_then(|value| value.split_once(' '))
                .filter(|(scheme, _)| scheme.eq_ignore_ascii_case("bearer"));
            return match given {
                Some((_, given)) if token.matches(given.trim()) => Ok(()),
                _ => Err(Problem::token_needed(
                    "The token is wrong. It lies in the file `token` of the service's data directory; `weft data` says where that is.",
                )),
            };
        }
        if let Some(id) = session_cookie(headers) {
            let mut sessions = self.sessions.lock().unwrap_or_else(PoisonError::into_inner);
            if sessions.touch(id, (self.now)()) {
                return Ok(());
            }
            return Err(Problem::token_needed(
                "The session has ended. Exchange the token for a new one at /api/v1/session.",
            ));
        }
        Err(Problem::token_needed(
            "Send the token as `Authorization: Bearer TOKEN`; a browser exchanges it for a cookie at /api/v1/session.",
        ))
    }

    /// Lets through whoever has the token or a session, and on this machine also the service's own page, so that a person can pair devices
    /// without looking for a token first.
    ///
    /// The page is known by `Origin` or `Sec-Fetch-Site`, which a browser sets itself: no page of another origin can (the guard has checked
    /// `Origin` already, and bodies must be JSON or pictures, which makes browsers ask first). What this does not keep out is another program on
    /// this machine that writes those headers itself. It could as well click on the page; a service on a machine whose users do not trust
    /// each other listens on another address than loopback, and then asks everybody for the token.
    ///
    /// # Errors
    /// 401 or 403.
    pub(crate) fn check_person(&self, request: &Request) -> Result<(), Problem> {
        let headers = request.headers();
        let (host, _) = self.hosts.check(request)?;
        let is_our_page = headers.contains_key(ORIGIN) || headers.get("sec-fetch-site").is_some_and(|site| site == "same-origin");
        if is_our_page && !headers.contains_key(AUTHORIZATION) && self.is_open(&host, headers) {
            return Ok(());
        }
        self.check_token(headers)
    }

    fn admit(&self, request: &Request) -> Result<(), Problem> {
        let (host, authority) = self.hosts.check(request)?;
        check_origin(request.headers(), &authority)?;
        let path = request.uri().path();
        let shell =
            path == "/healthz" || path == SESSION_PATH && request.method() == Method::POST || page::ASSETS.iter().any(|asset| asset.path == path);
        if shell || self.is_open(&host, request.headers()) {
            Ok(())
        } else {
            self.check_token(request.headers())
        }
    }
}

fn session_cookie(headers: &HeaderMap) -> Option<&str> {
    let cookies = headers.get_all(COOKIE_HEADER).iter().filter_map(|value| value.to_str().ok());
    cookies
        .flat_map(|value| value.split(';'))
        .find_map(|cookie| cookie.trim().strip_prefix(COOKIE)?.strip_prefix('='))
}

const HEADERS: [(&str, &str); 6] = [
    (
        "content-security-policy",
        "default-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; object-src 'none'",
    ),
    ("x-content-type-options", "nosniff"),
    ("x-frame-options", "DENY"),
    ("referrer-policy", "no-referrer"),
    ("cross-origin-resource-policy", "same-origin"),
    ("cross-origin-opener-policy", "same-origin"),
];

/// Stands before everything that is served.
pub(crate) async fn guard(State(server): State<Server>, request: Request, next: Next) -> Response {
    let max_wait = if request.uri().path() == UNPAIR_PATH {
        MAX_LEAVING_WAIT
    } else {
        MAX_WAIT
    };
    let mut response = match server.admit(&request) {
        Ok(()) => match tokio::time::timeout(max_wait, next.run(request)).await {
            Ok(response) => response,
            Err(_) => Problem::busy("timeout", "The answer took too long. Try again later, or ask for less.").into_response(),
        },
        Err(problem) => problem.into_response(),
    };
    for (name, value) in HEADERS {
        response
            .headers_mut()
            .insert(HeaderName::from_static(name), HeaderValue::from_static(value));
    }
    response
}

/// The body of a request, within bounds.
///
/// # Errors
/// 413 beyond [`MAX_BODY_BYTES`], 415 for what is not called JSON. (A form of a foreign page cannot call its body JSON.)
pub(crate) async fn json_body(request: Request) -> Result<axum::body::Bytes, Problem> {
    let kind = request
        .headers()
        .get(axum::http::header::CONTENT_TYPE)
        .and_then(|value| value.to_str().ok())
        .unwrap_or_default();
    let kind = kind.split(';').next().unwrap_or_default().trim();
    if !kind.eq_ignore_ascii_case("application/json") {
        let detail = "Send JSON, with `Content-Type: application/json`.";
        return Err(Problem::new(
            StatusCode::UNSUPPORTED_MEDIA_TYPE,
            "media-type",
            "The body is not JSON",
            detail,
        ));
    }
    body_within(request, MAX_BODY_BYTES).await
}

/// The body of a request.
///
/// # Errors
/// 413 beyond `limit` bytes.
pub(crate) async fn body_within(request: Request, limit: usize) -> Result<axum::body::Bytes, Problem> {
    to_bytes(request.into_body(), limit).await.map_err(|_| Problem::body_too_large(limit))
}

/// The body of `POST /api/v1/session`.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct SessionRequest {
    /// The token.
    #[schema(value_type = String)]
    token: Zeroizing<String>,
}

/// Exchanges the token for a cookie, for browsers.
#[utoipa::path(
    post, path = "/api/v1/session", tag = "access", request_body = SessionRequest, security(()),
    responses(
        (status = 204, description = "The cookie is set: HttpOnly, SameSite=Strict, good until 30 days without use"),
        (status = 400, description = "No token in the body", body = Problem, content_type = "application/problem+json"),
        (status = 401, description = "The token is wrong", body = Problem, content_type = "application/problem+json"),
    ),
)]
pub(crate) async fn begin_session(State(server): State<Server>, request: Request) -> Result<Response, Problem> {
    Parameters::read(request.uri(), &[])?;
    let body = json_body(request).await?;
    // The error would repeat what stands in the body.
    let wanted: SessionRequest = serde_json::from_slice(&body).map_err(|_| Problem::body(r#"Send {"token":"…"} and nothing else."#))?;
    let Some(token) = &server.token else {
        return Err(Problem::forbidden(
            "no-token",
            "This service has no token",
            "No session is needed on this machine.",
        ));
    };
    if !token.matches(wanted.token.trim()) {
        return Err(Problem::token_needed(
            "The token is wrong. It lies in the file `token` of the service's data directory; `weft data` says where that is.",
        ));
    }
    let id = server.sessions.lock().unwrap_or_else(PoisonError::into_inner).begin((server.now)());
    let id = id.map_err(|error| Problem::broken(error.to_string()))?;
    let cookie = format!("{COOKIE}={}; Path=/; HttpOnly; SameSite=Strict; Max-Age={MAX_IDLE_SECONDS}", id.as_str());
    let cookie = HeaderValue::from_str(&cookie).map_err(|_| Problem::broken("The cookie could not be written."))?;
    Ok((StatusCode::NO_CONTENT, [(SET_COOKIE, cookie)]).into_response())
}

#[cfg(test)]
mod tests;
