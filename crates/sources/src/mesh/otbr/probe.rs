//! Whether a REST API of OpenThread's border router is at an address: asked once, with little patience, without touching the radio.

use super::base::{Base, DEFAULT_PORT, is_askable};
use super::http::{Answer, Client, JSON_API, Patience};
use super::words;
use crate::mesh::way::WayFailure;
use std::collections::BTreeSet;
use std::net::SocketAddr;
use tokio::task::JoinSet;
use weft_wire::otbr::{Generation, api_generation, api_version};

/// Addresses of one border router that are tried.
const MAX_ADDRESSES: usize = 16;
/// What is there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Found {
    /// Where.
    pub base: Base,
    /// What it says it is.
    pub product: String,
    /// Which generation of the API, as far as the answers tell.
    pub generation: Generation,
}

/// Asks at one address.
///
/// # Errors
/// Where there is none, in words.
pub async fn probe(base: &Base) -> Result<Found, WayFailure> {
    let client = Client::new(base, Patience::PROBE).map_err(|trouble| words::no_answer(base, &trouble))?;
    let well_known = client.get(WELL_KNOWN, None).await.map_err(|trouble| words::no_answer(base, &trouble))?;
    if let Some(product) = product_of(&well_known) {
        return Ok(found(base, product, Generation::JsonApi));
    }
    let mut first_refusal = None;
    for (path, accept) in [("/api/node", Some(JSON_API)), ("/node", None)] {
        let answer = client.get(path, accept).await.map_err(|trouble| words::no_answer(base, &trouble))?;
        match generation_of(&answer) {
            Some(generation) => return Ok(found(base, product_by(generation), generation)),
            None => first_refusal = Some(answer),
        }
    }
    Err(words::not_the_api(base, &first_refusal.unwrap_or(well_known)))
}

/// Asks at all addresses of a border router that mDNS named, at the usual port; of those that answer, the one that is likely to last.
pub async fn probe_addresses(addresses: &[SocketAddr]) -> Option<Found> {
    probe_port(addresses, DEFAULT_PORT).await
}

/// The same at another port.
pub async fn probe_port(addresses: &[SocketAddr], port: u16) -> Option<Found> {
    let bases: BTreeSet<Base> = addresses
        .iter()
        .filter(|address| is_askable(address))
        .map(|address| Base::at(*address, port))
        .collect();
    let mut asked = JoinSet::new();
    for base in bases.into_iter().take(MAX_ADDRESSES) {
        asked.spawn(async move { probe(&base).await.ok() });
    }
    let mut found: Vec<Found> = asked.join_all().await.into_iter().flatten().collect();
    found.sort_by(|one, other| (one.base.rank(), &one.base).cmp(&(other.base.rank(), &other.base)));
    found.into_iter().next()
}

pub(super) const WELL_KNOWN: &str = "/.well-known/thread/br-rest";

/// The product of an answer to [`WELL_KNOWN`].
pub(super) fn product_of(answer: &Answer) -> Option<String> {
    let body = answer.json().filter(|_| answer.is_success())?;
    api_version(&body).map(|version| format!("OpenThread border router, REST API {version}"))
}

/// What is said of a border router that names no version.
pub(super) fn product_by(generation: Generation) -> String {
    let what = match generation {
        Generation::PascalCase | Generation::CamelCase => "first generation",
        Generation::JsonApi => "JSON:API before July 2026",
        Generation::JsonApiRenamed => "JSON:API",
    };
    format!("OpenThread border router, REST API ({what})")
}

/// The generation that an answer shows; `None` where it is none of the API's.
pub(super) fn generation_of(answer: &Answer) -> Option<Generation> {
    let body = answer.json().filter(|_| answer.is_success())?;
    // A web service of somebody else may use a key that is known here by chance; a node says who it is.
    let data = body.get("data").unwrap_or(&body);
    let attributes = data.get("attributes").unwrap_or(data).as_object()?;
    let has = |name: &str| attributes.keys().any(|key| key.eq_ignore_ascii_case(name));
    api_generation(&answer.path, &body).filter(|_| has("extAddress") && (has("state") || has("role")))
}

fn found(base: &Base, product: String, generation: Generation) -> Found {
    Found {
        base: base.clone(),
        product,
        generation,
    }
}
