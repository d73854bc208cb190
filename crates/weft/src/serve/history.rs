//! The past, for the server: topologies of former moments, the captures behind a claim, and what people say.

use super::intake::Intake;
use super::{chronicle, policy, restore};
use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, PoisonError};
use weft_evidence::{Capture, CaptureBody, Evidence};
use weft_model::{Annotation, Timestamp};
use weft_server::{History, HistoryError, Publisher, Recorded};
use weft_sources::clock;
use weft_store::{Store, StoreError};
use weft_topology::{Past, Seeker, Topology};

/// Captures of the last seconds may not be in the file yet.
const RECENT_SECONDS: i64 = 5;
/// Name of the source that annotations come through.
const PEOPLE: &str = "annotations";

/// The store as the server sees it.
pub(super) struct StoredHistory {
    store: Arc<Store>,
    intake: Arc<Intake>,
    publisher: Publisher,
    chronicle: Arc<chronicle::Shared>,
    seeker: Mutex<Seeker>,
}

impl StoredHistory {
    pub(super) fn new(store: Arc<Store>, intake: Arc<Intake>, publisher: Publisher, chronicle: Arc<chronicle::Shared>) -> Self {
        Self {
            store,
            intake,
            publisher,
            chronicle,
            seeker: Mutex::new(Seeker::new(policy())),
        }
    }
}

impl History for StoredHistory {
    fn topology_at(&self, at: Timestamp) -> Result<Arc<Topology>, HistoryError> {
        let current = self.publisher.current().topology;
        if at > clock::now().max(current.as_of) {
            return Err(HistoryError::NotYet);
        }
        if at >= current.as_of {
            return Ok(current);
        }
        let oldest = self.store.span().map_err(|error| broken(&error))?.map(|(oldest, _)| oldest);
        if oldest.is_none_or(|oldest| at < oldest) {
            return Err(HistoryError::BeforeEverything { oldest });
        }
        // A moment that was looked at is kept as it was seen then: everything of it has to be there.
        if current.as_of.seconds_since(at) < RECENT_SECONDS
            && let Err(error) = self.store.flush()
        {
            tracing::warn!(%error, "what is shown of the last seconds is without captures that cannot be written");
        }
        let mut seeker = self.seeker.lock().unwrap_or_else(PoisonError::into_inner);
        seeker.at(at, &Stored(&self.store)).map_err(|error| broken(&error))
    }

    fn events(&self, from: Timestamp, to: Timestamp, limit: usize) -> Result<Recorded, HistoryError> {
        let span = self.store.span().map_err(|error| broken(&error))?;
        let (rows, marks) = self.store.events(from, to, limit).map_err(|error| broken(&error))?;
        Ok(Recorded {
            oldest_at: span.map(|(oldest, _)| oldest),
            newest_at: span.map(|_| clock::now().max(self.publisher.current().topology.as_of)),
            complete_until: self
                .chronicle
                .complete_until()
                .map(|until| span.map_or(until, |(oldest, _)| until.max(oldest))),
            // What cannot be read was written by other code, which tells it anew.
            events: rows.iter().filter_map(|row| serde_json::from_str(&row.json).ok()).collect(),
            marks: marks.into_iter().map(|(at, number)| (at, chronicle::severity(number))).collect(),
        })
    }

    fn captures(&self, seqs: &BTreeSet<u64>) -> Result<Vec<Capture>, HistoryError> {
        let captures = self.store.captures_with(seqs).and_then(Iterator::collect);
        captures.map_err(|error| broken(&error))
    }

    fn annotate(&self, annotations: Vec<Annotation>) -> Result<Vec<u64>, HistoryError> {
        let at = clock::now();
        let take = |annotation| {
            self.intake
                .take_at(Capture {
                    seq: 0,
                    at,
                    source: PEOPLE.into(),
                    body: CaptureBody::Annotation(annotation),
                })
                .seq
        };
        let seqs = annotations.into_iter().map(take).collect();
        // What a person says is kept before it is confirmed.
        self.store.flush().map_err(|error| broken(&error))?;
        Ok(seqs)
    }
}

/// The store as the seeker reads it.
struct Stored<'a>(&'a Store);

impl Past for Stored<'_> {
    type Error = StoreError;

    fn everything(&self, until: Timestamp, each: &mut dyn FnMut(&Evidence, u64)) -> Result<Evidence, StoreError> {
        restore::evidence_until_with(self.0, Some(until), each)
    }

    fn between(&self, after: u64, until: Timestamp) -> Result<Vec<Capture>, StoreError> {
        self.0.captures(after, Some(until))?.collect()
    }
}

fn broken(error: &StoreError) -> HistoryError {
    HistoryError::Failed(error.to_string())
}
