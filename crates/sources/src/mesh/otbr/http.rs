//! Requests to one border router: one at a time, without redirects, proxies and cookies, every answer bounded in size and time.

use super::base::Base;
use reqwest::header::{ACCEPT, CONTENT_TYPE, HOST};
use reqwest::{Method, redirect};
use serde_json::Value;
use std::time::Duration;
use weft_evidence::{CaptureBody, OtbrRestCapture};
use zeroize::Zeroizing;

/// Media type of JSON:API; otbr-agent compares it letter by letter.
pub(super) const JSON_API: &str = "application/vnd.api+json";
/// Media type of a dataset as hexadecimal digits.
pub(super) const TEXT: &str = "text/plain";
/// Media type of plain JSON.
pub(super) const JSON: &str = "application/json";
/// The largest answer that is read; the largest recorded one has 100 kB (25 devices).
const MAX_BODY_BYTES: usize = 8 << 20;
/// Of a body that is no JSON, so much is kept in a capture.
const MAX_KEPT_TEXT_BYTES: usize = 2048;

/// How long to wait.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Patience {
    /// For a connection.
    pub connect: Duration,
    /// For a whole answer. `/diagnostics` of the oldest generation takes two seconds.
    pub answer: Duration,
}

impl Patience {
    /// For a border router that is known to have the API.
    pub const ATTEMPT: Self = Self {
        connect: Duration::from_secs(3),
        answer: Duration::from_secs(15),
    };
    /// For one that nobody knows anything about.
    pub const PROBE: Self = Self {
        connect: Duration::from_secs(2),
        answer: Duration::from_secs(4),
    };
}

/// What came back instead of an answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Trouble {
    /// Nobody took the connection.
    NotConnected(String),
    /// Nothing, or not all of it, within the time.
    Silent,
    /// Something that ended too early, or is no HTTP.
    Broken(String),
    /// More than is read.
    TooLong,
}

/// An answer, whatever its status.
pub(super) struct Answer {
    pub method: Method,
    pub path: String,
    accept: Option<&'static str>,
    pub status: u16,
    /// The bytes may hold keys; they are overwritten when dropped, and have no `Debug`.
    pub bytes: Zeroizing<Vec<u8>>,
}

impl Answer {
    /// True for a status from 200 to 299.
    pub fn is_success(&self) -> bool {
        (200..300).contains(&self.status)
    }

    /// The body as JSON; nesting is bounded by serde_json (128).
    pub fn json(&self) -> Option<Value> {
        serde_json::from_slice(&self.bytes).ok()
    }

    /// The body as it is captured: JSON where it is JSON, else text; secrets blanked.
    pub fn blanked(&self) -> Value {
        let mut body = match self.json() {
            Some(value) => value,
            None if self.bytes.is_empty() => Value::Null,
            None => {
                let mut text = String::from_utf8_lossy(&self.bytes).into_owned();
                if text.len() > MAX_KEPT_TEXT_BYTES {
                    let all = text.len();
                    // Blanked before it is cut: half a key has no shape.
                    let mut whole = Value::String(text);
                    weft_wire::otbr::blank_secrets(&self.path, &mut whole);
                    let blanked = whole.as_str().unwrap_or_default();
                    let cut = (0..=MAX_KEPT_TEXT_BYTES)
                        .rev()
                        .find(|end| blanked.is_char_boundary(*end))
                        .unwrap_or_default();
                    text = format!("{}… ({all} bytes in all)", blanked.get(..cut).unwrap_or_default());
                }
                Value::String(text)
            }
        };
        weft_wire::otbr::blank_secrets(&self.path, &mut body);
        body
    }

    /// The answer as evidence.
    pub fn capture(&self, base: &Base) -> CaptureBody {
        CaptureBody::OtbrRest(OtbrRestCapture {
            base: base.to_string(),
            method: self.method.as_str().to_owned(),
            path: self.path.clone(),
            accept: self.accept.map(str::to_owned),
            status: self.status,
            body: self.blanked(),
        })
    }
}

/// Asks one border router. Clones share everything.
#[derive(Clone)]
pub(super) struct Client {
    base: Base,
    url: String,
    client: reqwest::Client,
}

impl Client {
    /// Opens nothing yet.
    pub fn new(base: &Base, patience: Patience) -> Result<Self, Trouble> {
        let (url, address) = base.url();
        let mut builder = reqwest::Client::builder()
            .user_agent(concat!("weft/", env!("CARGO_PKG_VERSION")))
            .redirect(redirect::Policy::none())
            .no_proxy()
            .referer(false)
            .http1_only()
            // A connection for each request, as the agent's small server likes it: it keeps idle ones in a thread of its few.
            .pool_max_idle_per_host(0)
            .connect_timeout(patience.connect)
            .timeout(patience.answer);
        if let Some((name, address)) = address {
            builder = builder.resolve(name, address);
        }
        let client = builder.build().map_err(|error| Trouble::Broken(innermost(&error)))?;
        Ok(Self {
            base: base.clone(),
            url,
            client,
        })
    }

    pub fn base(&self) -> &Base {
        &self.base
    }

    pub async fn get(&self, path: &str, accept: Option<&'static str>) -> Result<Answer, Trouble> {
        self.request(Method::GET, path, accept, None).await
    }

    pub async fn post(&self, path: &str, body: &Value) -> Result<Answer, Trouble> {
        self.request(Method::POST, path, Some(JSON_API), Some(body.to_string())).await
    }

    pub async fn delete(&self, path: &str) -> Result<Answer, Trouble> {
        self.request(Method::DELETE, path, Some(JSON_API), None).await
    }

    async fn request(&self, method: Method, path: &str, accept: Option<&'static str>, body: Option<String>) -> Result<Answer, Trouble> {
        let mut request = self.client.request(method.clone(), format!("{}{path}", self.url));
        if let Some(accept) = accept {
            request = request.header(ACCEPT, accept);
        }
        if let Some(host) = self.base.host_header() {
            request = request.header(HOST, host);
        }
        if let Some(body) = body {
            request = request.header(CONTENT_TYPE, JSON_API).body(body);
        }
        let mut response = request.send().await.map_err(|error| trouble(&error))?;
        let too_long = |bytes: u64| usize::try_from(bytes).map_or(true, |bytes| bytes > MAX_BODY_BYTES);
        if response.content_length().is_some_and(too_long) {
            return Err(Trouble::TooLong);
        }
        let mut bytes = Zeroizing::new(Vec::new());
        while let Some(chunk) = response.chunk().await.map_err(|error| trouble(&error))? {
            if bytes.len() + chunk.len() > MAX_BODY_BYTES {
                return Err(Trouble::TooLong);
            }
            bytes.extend_from_slice(&chunk);
        }
        Ok(Answer {
            method,
            path: path.to_owned(),
            accept,
            status: response.status().as_u16(),
            bytes,
        })
    }
}

fn trouble(error: &reqwest::Error) -> Trouble {
    if error.is_timeout() && !error.is_connect() {
        Trouble::Silent
    } else if error.is_connect() {
        let reason = if error.is_timeout() {
            "no answer to the connection".to_owned()
        } else {
            innermost(error)
        };
        Trouble::NotConnected(reason)
    } else {
        Trouble::Broken(innermost(error))
    }
}

/// The last of the causes: the others only say that something failed. Bounded, because parts of an answer may stand in it.
fn innermost(error: &dyn std::error::Error) -> String {
    let mut error = error;
    while let Some(source) = error.source() {
        error = source;
    }
    error.to_string().chars().filter(|c| !c.is_control()).take(120).collect()
}
