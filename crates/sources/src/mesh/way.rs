//! What a way to a mesh is to the hub.

use crate::event::CaptureSender;
use std::future::Future;
use std::pin::Pin;
use weft_model::{AbilityKind, Airtime, Brought, ExtendedPanId, Rloc16};
use weft_thread::credential::{OperationalDataset, Passcode, Pskc};

/// What one attempt is given.
pub struct Attempt {
    /// For what is heard.
    pub sender: CaptureSender,
    /// Opens border agents, where there is one.
    pub pskc: Option<Pskc>,
    /// A one-time passcode, where a person entered one: then the dataset is fetched, and nothing else.
    pub passcode: Option<Passcode>,
    /// The network's mesh-local prefix, from its dataset, where that is kept.
    pub mesh_local_prefix: Option<weft_model::MeshLocalPrefix>,
    /// Routers that answered or were named the last time.
    pub expected: Vec<Rloc16>,
    /// The most radio frames that may be taken, estimated.
    pub max_frames: u32,
    /// Multicast was seen not to be passed on.
    pub without_multicast: bool,
    /// The kept dataset claims to be newer than the network's: the one that the network uses is wanted, though the prefix is known.
    pub wants_dataset: bool,
}

/// What came of an attempt.
pub struct Attempted {
    /// What it brought, or why nothing.
    pub result: Result<Brought, WayFailure>,
    /// What was seen to work, or not.
    pub abilities: Vec<(AbilityKind, bool, Option<String>)>,
    /// A dataset that was handed out.
    pub dataset: Option<OperationalDataset>,
    /// Where the way leads, as far as it told.
    pub network: Option<ExtendedPanId>,
    /// What the API says it is (product and version, generation).
    pub product: Option<String>,
    /// Routers that answered or were named: the next attempt expects them.
    pub routers: Vec<Rloc16>,
}

/// Why an attempt brought nothing. Sentences for the person, without secrets: what was tried, what came back, what to do.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum WayFailure {
    /// There is no credential.
    #[error("{0}")]
    NeedsCredential(String),
    /// The credential was refused.
    #[error("{0}")]
    WrongCredential(String),
    /// It fell silent as those do whose credential is another one: likely, not certain.
    #[error("{0}")]
    LikelyWrongCredential(String),
    /// Another commissioner holds the role.
    #[error("{0}")]
    Busy(String),
    /// It answers, and does not do this.
    #[error("{0}")]
    Unsupported(String),
    /// It lets Weft in, and nothing comes from the mesh behind it: where that was seen to work, the mesh may be forming anew.
    #[error("{0}")]
    MeshSilent(String),
    /// It does not answer.
    #[error("{0}")]
    Unreachable(String),
    /// Something else.
    #[error("{0}")]
    Failed(String),
}

/// A way: tried again and again by the hub, never twice at once. Dropping the future ends the attempt; what was begun is undone as far as that is possible
/// without waiting.
pub trait Way: Send + Sync + 'static {
    /// One attempt.
    fn attempt(&self, attempt: Attempt) -> Pin<Box<dyn Future<Output = Attempted> + Send + '_>>;

    /// Radio time of attempts that brought nothing, or were dropped, since this was last called: what [`Brought`] does not tell of.
    fn take_spent(&self) -> Airtime {
        Airtime::default()
    }
}
