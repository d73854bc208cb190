//! The state of sources and store in the server's words.

use std::collections::BTreeMap;
use std::sync::Arc;
use weft_evidence::{Evidence, SourceState};
use weft_server::{SourceStatus, Status, StoreStatus};
use weft_store::Store;
use weft_topology::Contribution;

/// The state of everything that feeds the topology.
pub(super) fn status(
    evidence: &Evidence,
    contributions: &BTreeMap<Arc<str>, Contribution>,
    store: Option<StoreStatus>,
    notice: Option<String>,
) -> Status {
    let sources = evidence
        .sources()
        .iter()
        .map(|(name, history)| SourceStatus {
            name: name.to_string(),
            kind: kind(name).to_owned(),
            state: history.state,
            since: Some(history.since),
            reason: history.reason.clone(),
            advice: advice(name, history.state),
            last_capture_at: (history.captures > 0).then_some(history.last_at),
            captures: history.captures,
            dropped: history.dropped,
            contribution: Some(contributions.get(name).copied().unwrap_or_default()),
        })
        .collect();
    Status { notice, sources, store }
}

/// What a source is, by its name.
fn kind(name: &str) -> &'static str {
    ["mdns", "matter", "dongle", "mesh", "home-assistant"]
        .into_iter()
        .find(|kind| name.starts_with(kind))
        .unwrap_or("other")
}

fn advice(name: &str, state: SourceState) -> Option<String> {
    match state {
        SourceState::Deaf if name.starts_with("mdns") => {
            Some("Check that this machine has a network interface that is up and lets multicast through; Weft tries again by itself.".to_owned())
        }
        SourceState::Deaf if name.starts_with("matter") => Some(
            "Paired devices are not asked meanwhile; the reason says why. Weft tries again by itself. A broken fabric is restored with `weft fabric restore FILE`."
                .to_owned(),
        ),
        SourceState::Deaf if name.starts_with("mesh") => Some(
            "Whole networks are not asked meanwhile; the reason says why, and `weft network` shows each way. Weft tries again by itself.".to_owned(),
        ),
        SourceState::Deaf if name.starts_with("home-assistant") => Some(
            "What Home Assistant and Matter servers tell is missing meanwhile; the reason says which does not answer. Weft tries again by itself; a refused \
             token is entered anew on the page under Ways in, or with `weft network home-assistant`."
                .to_owned(),
        ),
        SourceState::Deaf => Some("Weft tries again by itself.".to_owned()),
        _ => None,
    }
}

/// Where captures are kept and how much they take; `None` of a store in memory.
pub(super) fn store_status(store: &Store) -> Option<StoreStatus> {
    let usage = match store.usage() {
        Ok(usage) => usage,
        Err(error) => {
            return Some(StoreStatus {
                place: String::new(),
                size_bytes: 0,
                captures: 0,
                oldest_at: None,
                problem: Some(error.to_string()),
            });
        }
    };
    let place = usage.path.as_ref()?.display().to_string();
    let health = store.health();
    Some(StoreStatus {
        place,
        size_bytes: usage.bytes,
        captures: usage.captures,
        oldest_at: usage.oldest,
        problem: health.failure,
    })
}
