//! The numbers that decide when something is old. They are a contract with other programs; see the field descriptions.

use crate::CaptureReference;
use std::sync::Arc;

/// Where the captures lie that claims refer to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CapturePlace {
    /// A recording, by its name.
    Recording(Arc<str>),
    /// A store, by its name.
    Store(Arc<str>),
}

impl CapturePlace {
    pub(crate) fn reference(&self, seq: u64) -> CaptureReference {
        match self {
            Self::Recording(name) => CaptureReference {
                recording: Some(name.clone()),
                store: None,
                seq,
            },
            Self::Store(name) => CaptureReference {
                recording: None,
                store: Some(name.clone()),
                seq,
            },
        }
    }
}

/// How long statements are fresh, and when silence means gone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Policy {
    /// A router that was heard on the air is fresh for so long.
    pub air_router_seconds: u32,
    /// A child that was heard on the air is fresh for so long, unless its own timeout is known and longer.
    pub air_child_seconds: u32,
    /// A table that was asked for is fresh for at least so long.
    pub asked_at_least_seconds: u32,
    /// A table that was asked for is fresh for so many intervals of its source.
    pub asked_intervals: u32,
    /// A reporter that was asked in vain so often since it last answered is stale.
    pub in_vain: usize,
    /// Silence of so long means gone.
    pub gone_after_seconds: u32,
    /// Statements of two ends that exclude each other contradict only if they are at most so far apart: else the newer one is a move.
    pub contradiction_seconds: u32,
    /// A table of another kind supersedes rows of an older one only if it is at least so much newer.
    pub other_table_seconds: u32,
    /// Where a child row has no age, it may be as old as the child's timeout; so much where that is unknown.
    pub child_timeout_seconds: u32,
    /// Two routers disagree about a link only if the one that does not list it spoke at most so much later: else the link is over.
    pub one_way_seconds: u32,
    /// Where the captures lie: claims name it.
    pub captures_in: CapturePlace,
}

impl Policy {
    /// The values of the published contract.
    pub fn standard() -> Self {
        Self {
            air_router_seconds: 100,
            air_child_seconds: 240,
            asked_at_least_seconds: 30 * 60,
            asked_intervals: 3,
            in_vain: 2,
            gone_after_seconds: 24 * 60 * 60,
            contradiction_seconds: 60,
            other_table_seconds: 60,
            child_timeout_seconds: 240,
            one_way_seconds: 300,
            captures_in: CapturePlace::Recording("recording".into()),
        }
    }

    /// The same numbers for captures that lie elsewhere.
    pub fn with_captures_in(self, captures_in: CapturePlace) -> Self {
        Self { captures_in, ..self }
    }
}
