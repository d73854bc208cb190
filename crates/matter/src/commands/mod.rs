//! The few commands that Weft sends to a device: those that joining and leaving take, our own label, registering for check-ins, and
//! a border router's dataset.

pub(crate) mod border_router;
pub(crate) mod check_in;
pub(crate) mod credentials;
pub(crate) mod general;
pub(crate) mod leave;

use crate::controller::Failure;
use crate::error::OperationError;
use crate::interaction::invoke::InvokeError;
use crate::peer::Intervals;
use rs_matter::error::{Error, ErrorCode};
use std::time::Duration;

impl From<InvokeError> for Failure {
    fn from(error: InvokeError) -> Self {
        match error {
            InvokeError::Status { status, cluster_status } => Self::Told(OperationError::Refused(match status {
                0 | 1 => cluster_status.unwrap_or(status),
                status => status,
            })),
            InvokeError::Garbled(what) => Self::Told(OperationError::Garbled(what.to_owned())),
            // Another session, another first message.
            InvokeError::Unanswered => Self::Lost(ErrorCode::RxTimeout),
            InvokeError::Transport(code) => Error::from(code).into(),
        }
    }
}

/// The longest time between two polls that is waited for: a device that is spoken to polls more often than that (Matter core specification 1.4, 9.16).
const LONGEST_POLL: Duration = Duration::from_secs(15);

/// How long a device may sleep while it is spoken to; nothing where it sleeps less than retransmissions wait.
pub(crate) fn sleep_of(intervals: Intervals) -> Duration {
    let poll = Duration::from_millis(intervals.idle_milliseconds.max(intervals.active_milliseconds).into());
    if intervals.is_sleepy() { poll.min(LONGEST_POLL) } else { Duration::ZERO }
}

/// How long to wait for the answer to a command that was acknowledged.
pub(crate) fn patience(intervals: Intervals) -> Duration {
    Duration::from_millis(2_500) + sleep_of(intervals) * 2
}
