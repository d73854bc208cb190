//! The past, for the server: topologies of former moments, the captures behind a claim, and what people say.

use super::intake::Intake;
use super::{policy, restore};
use std::collections::BTreeSet;
use std::sync::Arc;
use weft_evidence::{Capture, CaptureBody};
use weft_model::{Annotation, Timestamp};
use weft_server::{History, HistoryError, Publisher};
use weft_sources::clock;
use weft_store::{Store, StoreError};
use weft_topology::{Topology, derive};

/// Name of the source that annotations come through.
const PEOPLE: &str = "annotations";

/// The store as the server sees it.
pub(super) struct StoredHistory {
    store: Arc<Store>,
    intake: Arc<Intake>,
    publisher: Publisher,
}

impl StoredHistory {
    pub(super) fn new(store: Arc<Store>, intake: Arc<Intake>, publisher: Publisher) -> Self {
        Self { store, intake, publisher }
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
        let oldest = self.store.usage().map_err(|error| broken(&error))?.oldest;
        if oldest.is_none_or(|oldest| at < oldest) {
            return Err(HistoryError::BeforeEverything { oldest });
        }
        let evidence = restore::evidence_until(&self.store, Some(at)).map_err(|error| broken(&error))?;
        Ok(Arc::new(derive(&evidence, at, &policy())))
    }

    fn captures(&self, seqs: &BTreeSet<u64>) -> Result<Vec<Capture>, HistoryError> {
        let mut captures = Vec::with_capacity(seqs.len());
        for seq in seqs {
            captures.extend(self.store.capture(*seq).map_err(|error| broken(&error))?);
        }
        Ok(captures)
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

fn broken(error: &StoreError) -> HistoryError {
    HistoryError::Failed(error.to_string())
}
