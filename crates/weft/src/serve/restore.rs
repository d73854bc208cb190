//! What a service finds when it starts: the last known mesh at once, then the past, then the gap in which nobody listened.

use super::engine::POSITIONS;
use anyhow::Result;
use std::collections::BTreeMap;
use std::sync::Arc;
use weft_evidence::{Capture, CaptureBody, Evidence, SourceState};
use weft_layout::Positions;
use weft_model::Timestamp;
use weft_sources::Event;
use weft_sources::event::suspensions;
use weft_store::{Store, StoreError};

/// Captures of the past that are read at a start, newest first; of older ones only the newest of each reporter and kind.
const MAX_PAST: u64 = 200_000;

/// So many captures are read at once before anything is shown: it takes no longer than picking the newest.
const FEW: u64 = 10_000;

/// Enough evidence to show the last known mesh: all of it where there is little, else the newest capture of each reporter and kind.
pub(super) fn last_known(store: &Store) -> Result<Evidence, StoreError> {
    if store.usage()?.captures <= FEW {
        return everything(store);
    }
    let captures = store.newest_of_each_key(None)?.collect::<Result<Vec<Capture>, _>>()?;
    Ok(Evidence::from_captures(&captures))
}

/// True where the store holds more than the evidence was made of.
pub(super) fn holds_more(store: &Store, evidence: &Evidence) -> bool {
    store.usage().is_ok_and(|usage| usage.captures.min(MAX_PAST) > evidence.capture_count())
}

/// The evidence of everything that is kept.
pub(super) fn everything(store: &Store) -> Result<Evidence, StoreError> {
    evidence_until(store, None)
}

/// The evidence at a moment.
pub(super) fn evidence_until(store: &Store, until: Option<Timestamp>) -> Result<Evidence, StoreError> {
    evidence_until_with(store, until, &mut |_, _| {})
}

/// The evidence at a moment; `each` sees what it is after each capture, and the capture's number.
pub(super) fn evidence_until_with(store: &Store, until: Option<Timestamp>, each: &mut dyn FnMut(&Evidence, u64)) -> Result<Evidence, StoreError> {
    evidence_of(store, until, MAX_PAST, each)
}

fn evidence_of(store: &Store, until: Option<Timestamp>, max_past: u64, each: &mut dyn FnMut(&Evidence, u64)) -> Result<Evidence, StoreError> {
    let from = store.newest_seq(until)?.saturating_sub(max_past);
    let mut evidence = match from {
        0 => Evidence::default(),
        _ => newest_before(store, from)?,
    };
    for capture in store.captures(from, until)? {
        let capture = capture?;
        if let Err(error) = evidence.insert(&capture) {
            tracing::warn!(%error, "stored capture passed over");
        }
        each(&evidence, capture.seq);
    }
    Ok(evidence)
}

/// The newest capture of each reporter and kind up to the one with number `from`: who spoke before and after it was known then, too.
fn newest_before(store: &Store, from: u64) -> Result<Evidence, StoreError> {
    let Some(next) = store.captures(from, None)?.next().transpose()? else {
        return Ok(Evidence::default());
    };
    let newest: Vec<Capture> = store.newest_of_each_key(Some(next.at))?.collect::<Result<_, _>>()?;
    Ok(Evidence::from_captures(newest.iter().filter(|capture| capture.seq <= from)))
}

/// Positions that were kept; a broken document is no reason not to start.
pub(crate) fn positions(store: &Store) -> Positions {
    let document = match store.load_document(POSITIONS) {
        Ok(document) => document.unwrap_or_else(|| "{}".to_owned()),
        Err(error) => {
            tracing::warn!(%error, "kept positions cannot be read; the map is drawn afresh");
            return Positions::default();
        }
    };
    serde_json::from_str(&document).unwrap_or_else(|error| {
        tracing::warn!(%error, "kept positions are broken; the map is drawn afresh");
        Positions::default()
    })
}

/// Says of every source that was listening when the last run ended, at the moment of its last capture, that it ceased to: the time
/// in which Weft did not run ages nothing.
pub(super) fn gap(store: &Store) -> Result<Vec<Event>, StoreError> {
    let mut states: BTreeMap<Arc<str>, SourceState> = BTreeMap::new();
    let mut newest = Timestamp::MIN;
    for capture in store.newest_of_each_key(None)? {
        let capture = capture?;
        newest = newest.max(capture.at);
        match &capture.body {
            CaptureBody::Source(report) => states.insert(capture.source, report.state),
            // A source that never reported its state was listening when it was heard.
            _ => Some(*states.entry(capture.source).or_insert(SourceState::Working)),
        };
    }
    Ok(suspensions(&states, newest, "Weft was not running"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use weft_model::{Annotation, AnnotationTarget};
    use weft_store::Limits;

    #[test]
    fn who_spoke_before_and_after_is_known_in_between() {
        let store = Store::in_memory(Limits::default()).unwrap();
        for (second, node) in ["a", "b", "b", "c", "b", "a"].into_iter().enumerate() {
            let annotation = Annotation {
                identify: AnnotationTarget {
                    node: Some(node.to_owned()),
                    ..AnnotationTarget::default()
                },
                name: Some(second.to_string()),
                ..Annotation::default()
            };
            store.append(Capture {
                seq: 0,
                at: Timestamp::from_unix_milliseconds(i64::try_from(second).unwrap() * 1000),
                source: "annotations".into(),
                body: CaptureBody::Annotation(annotation),
            });
        }
        store.flush().unwrap();
        let mut seen = Vec::new();
        let evidence = evidence_of(&store, None, 3, &mut |evidence, seq| {
            seen.push((seq, evidence.annotations().map(|word| word.seq).collect::<Vec<_>>()));
        });
        assert_eq!(seen, [(4, vec![1, 3, 4]), (5, vec![1, 4, 5]), (6, vec![4, 5, 6])]);
        assert_eq!(evidence.unwrap().annotations().count(), 3);
    }
}
