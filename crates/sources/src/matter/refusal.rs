//! Why a wish concerning the fabric is not granted, in words that a person can act on.

use weft_model::MatterNodeId;

/// Why a wish is not granted. Nothing was changed then.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum MatterRefusal {
    /// The fabric's files cannot be used.
    #[error("{0}")]
    Fabric(String),
    /// Something could not be kept on disk, so it was not begun.
    #[error("this cannot be kept on disk ({0}): make room or set the folder's permissions, and try again")]
    Keeping(String),
    /// No code was given.
    #[error("no setup code was given")]
    NoCode,
    /// A code is being worked on.
    #[error("the code {code} is being worked on already, as job {job}: wait for it, or cancel it")]
    Duplicate {
        /// The code, masked.
        code: String,
        /// The job that has it.
        job: u64,
    },
    /// One address cannot be several devices.
    #[error("an address belongs to one device: give one code with it")]
    AddressOfSeveral,
    /// Too many at once.
    #[error("{wanted} more devices would be more than the {limit} that one fabric of Weft holds")]
    TooMany {
        /// How many were to be added.
        wanted: usize,
        /// The most.
        limit: usize,
    },
    /// There is no such job.
    #[error("there is no pairing job {0}: finished ones are forgotten after a day")]
    UnknownJob(u64),
    /// A job that is not over cannot be begun again.
    #[error("job {0} is not over yet")]
    NotOver(u64),
    /// A job that is over cannot be cancelled.
    #[error("job {0} is over already")]
    Over(u64),
    /// The code is gone, or of no use.
    #[error("job {0} cannot be tried again, as its code is not kept any more: enter a code anew")]
    CodeGone(u64),
    /// There is no such device.
    #[error("no device with the node id {0} is paired")]
    UnknownNode(MatterNodeId),
    /// Check-ins are for devices that cannot be asked otherwise.
    #[error("the device {0} can be asked at any time and needs no check-ins")]
    NotLongIdle(MatterNodeId),
    /// It hears nobody.
    #[error("the device {0} sleeps for long and hears nobody until it checks in")]
    Asleep(MatterNodeId),
    /// It is told right now to forget us.
    #[error("the device {0} is being unpaired right now")]
    Leaving(MatterNodeId),
    /// Nobody is asked while the user says so.
    #[error("questions are paused: resume them first")]
    Paused,
    /// The service is only just starting, or ending.
    #[error("the Matter part is not running at the moment: {0}")]
    NotRunning(String),
}
