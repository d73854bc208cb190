//! What answers and errors mean for joining.

use super::CommissionFailure;
use crate::commands::credentials::Verdict as Certified;
use crate::commands::general::Verdict;
use crate::error::OperationError;
use crate::interaction::invoke::InvokeError;
use crate::interaction::message::status;
use std::net::SocketAddr;

/// What the answer to AddNOC comes to: the number of our fabric on the device.
pub(super) fn placed(verdict: Certified) -> Result<u8, CommissionFailure> {
    match verdict {
        Certified::Ok(Some(index)) => Ok(index),
        Certified::Ok(None) => Err(CommissionFailure::Garbled("AddNOC".to_owned())),
        Certified::TableFull => Err(CommissionFailure::FabricTableFull),
        Certified::FabricConflict => Err(CommissionFailure::AlreadyOurs),
        Certified::LabelConflict => Err(CommissionFailure::Refused { what: "AddNOC", status: 10 }),
        Certified::InvalidFabricIndex => Err(CommissionFailure::Refused { what: "AddNOC", status: 11 }),
        Certified::Other(status) => Err(CommissionFailure::Refused { what: "AddNOC", status }),
    }
}

/// What the answer to AddTrustedRootCertificate comes to, when it was asked so often. Within one fail-safe a device takes one root (Matter core
/// specification 1.4, 11.18.6.13): where the answer to the first was lost, it may take the second for another.
pub(super) fn rooted(answer: Result<(), CommissionFailure>, times: u32) -> Result<(), CommissionFailure> {
    match answer {
        Err(CommissionFailure::Refused {
            status: status::CONSTRAINT_ERROR,
            ..
        }) if times > 1 => Ok(()),
        Err(CommissionFailure::Refused {
            status: status::RESOURCE_EXHAUSTED,
            ..
        }) => Err(CommissionFailure::FabricTableFull),
        answer => answer,
    }
}

/// CommissioningErrorEnum as a number.
pub(super) fn code(verdict: Verdict) -> u8 {
    match verdict {
        Verdict::Ok => 0,
        Verdict::NoFailSafe => 3,
        Verdict::BusyWithOtherAdministrator => 4,
        Verdict::Other(status) => status,
    }
}

/// A command that failed on the session with the passcode.
pub(super) fn refusal(what: &'static str, error: InvokeError, address: SocketAddr) -> CommissionFailure {
    match error {
        InvokeError::Status { status, cluster_status } => CommissionFailure::Refused {
            what,
            status: cluster_status.unwrap_or(status),
        },
        InvokeError::Garbled(what) => CommissionFailure::Garbled(what.to_owned()),
        InvokeError::Unanswered | InvokeError::Transport(_) => CommissionFailure::NoAnswer(address.to_string()),
    }
}

/// A command that failed on a session of our fabric.
pub(super) fn conversed(what: &'static str, error: OperationError) -> CommissionFailure {
    match error {
        OperationError::Refused(status) => CommissionFailure::Refused { what, status },
        OperationError::Garbled(what) => CommissionFailure::Garbled(what),
        OperationError::NoAnswer { addresses, .. } => CommissionFailure::NoAnswer(addresses),
        OperationError::NoRoute(addresses) => CommissionFailure::NoRoute(addresses),
        error => CommissionFailure::SessionRefused(error.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_to_the_certificate_are_mapped() {
        assert_eq!(placed(Certified::Ok(Some(3))), Ok(3));
        assert_eq!(placed(Certified::Ok(None)), Err(CommissionFailure::Garbled("AddNOC".to_owned())));
        assert_eq!(placed(Certified::TableFull), Err(CommissionFailure::FabricTableFull));
        assert_eq!(placed(Certified::FabricConflict), Err(CommissionFailure::AlreadyOurs));
        assert_eq!(placed(Certified::Other(3)), Err(CommissionFailure::Refused { what: "AddNOC", status: 3 }));
    }

    #[test]
    fn a_root_that_was_added_without_an_answer_is_no_failure() {
        let refused = |status| Err(CommissionFailure::Refused { what: "x", status });
        assert_eq!(rooted(Ok(()), 1), Ok(()));
        assert_eq!(rooted(refused(0x87), 2), Ok(()));
        assert_eq!(rooted(refused(0x87), 1), refused(0x87));
        assert_eq!(rooted(refused(0x89), 2), Err(CommissionFailure::FabricTableFull));
    }

    #[test]
    fn refusals_name_the_command_and_the_clusters_status_first() {
        let address = "[fd00::1]:5540".parse().unwrap();
        let status = |status, cluster_status| refusal("AddNOC", InvokeError::Status { status, cluster_status }, address);
        assert_eq!(
            status(0xca, None),
            CommissionFailure::Refused {
                what: "AddNOC",
                status: 0xca
            }
        );
        assert_eq!(status(1, Some(2)), CommissionFailure::Refused { what: "AddNOC", status: 2 });
        assert_eq!(
            refusal("x", InvokeError::Garbled("AddNOC"), address),
            CommissionFailure::Garbled("AddNOC".to_owned())
        );
        let lost = InvokeError::Transport(rs_matter::error::ErrorCode::TxTimeout);
        assert_eq!(refusal("x", lost, address), CommissionFailure::NoAnswer("[fd00::1]:5540".to_owned()));
    }

    #[test]
    fn a_conversation_that_failed_keeps_its_reason() {
        assert_eq!(
            conversed("x", OperationError::Refused(9)),
            CommissionFailure::Refused { what: "x", status: 9 }
        );
        assert_eq!(
            conversed("x", OperationError::NoRoute("y".to_owned())),
            CommissionFailure::NoRoute("y".to_owned())
        );
        assert_eq!(conversed("x", OperationError::FabricUnknown).name(), "session-refused");
    }
}
