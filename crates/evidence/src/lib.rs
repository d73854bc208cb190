//! Facts in: captures, the recording format, decoding to observations, supersession, scrubbing.

pub mod air;
mod anonymise;
mod capture;
pub mod decode;
pub mod explain;
mod hex;
mod observation;
pub mod recording;
mod scrub;
mod state;

pub use anonymise::{ANONYMISED_NOTE, Anonymiser, Words, anonymise_all, longest_prefix};
pub use capture::{
    Capture, CaptureBody, FailureCapture, FailureTarget, FrameCapture, MatterAttribute, MatterReport, MatterServerNode, MdnsCapture, MleCapture,
    OtbrRestCapture, RadioSummaryCapture, SourceReport, SourceState, TmfCapture,
};
pub use decode::{DecodedCapture, Decoder, retention_key};
pub use explain::{Explained, explain, explain_with};
pub use observation::{Hearing, Observation, Reporter};
pub use scrub::blank_secrets;
pub use state::{Evidence, NetworkKey, OutOfOrder, PastValue, ReporterEvidence, RowEpisode, RowKey, Slot, SourceHistory, Sources, Touched};
