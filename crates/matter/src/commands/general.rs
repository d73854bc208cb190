//! General commissioning (Matter core specification 1.4, 11.10): the fail-safe, and the end of joining.

use crate::commission::BREADCRUMB;
use crate::interaction::invoke::{Command, Fields, InvokeError, Line, invoke, number};

/// General commissioning.
pub(crate) const CLUSTER: u32 = 0x0030;
const ARM_FAIL_SAFE: Command = Command {
    endpoint: 0,
    cluster: CLUSTER,
    command: 0x00,
    name: "ArmFailSafe",
};
const COMMISSIONING_COMPLETE: Command = Command {
    endpoint: 0,
    cluster: CLUSTER,
    command: 0x04,
    name: "CommissioningComplete",
};

/// CommissioningErrorEnum (11.10.5.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// Done.
    Ok,
    /// Another administrator is at work.
    BusyWithOtherAdministrator,
    /// There is nothing to complete: it was completed before, or taken back.
    NoFailSafe,
    /// Any other.
    Other(u8),
}

impl Verdict {
    fn of(fields: &[u8], command: &Command) -> Result<Self, InvokeError> {
        let code = number(fields, 0)
            .and_then(|code| u8::try_from(code).ok())
            .ok_or(InvokeError::Garbled(command.name))?;
        Ok(match code {
            0 => Self::Ok,
            3 => Self::NoFailSafe,
            4 => Self::BusyWithOtherAdministrator,
            other => Self::Other(other),
        })
    }
}

/// Makes the device take back what follows, unless it is completed within so many seconds; until then it keeps [`BREADCRUMB`]. With 0 it takes
/// everything back at once.
pub(crate) async fn arm_fail_safe(line: Line<'_>, seconds: u16) -> Result<Verdict, InvokeError> {
    let fields = fail_safe(seconds);
    Verdict::of(&invoke(line, &ARM_FAIL_SAFE, false, &fields).await?, &ARM_FAIL_SAFE)
}

fn fail_safe(seconds: u16) -> Fields {
    Fields::new()
        .unsigned(0, seconds.into())
        .unsigned(1, if seconds == 0 { 0 } else { BREADCRUMB })
}

/// Makes what was written stay. Only over a session of our fabric.
pub(crate) async fn commissioning_complete(line: Line<'_>) -> Result<Verdict, InvokeError> {
    Verdict::of(
        &invoke(line, &COMMISSIONING_COMPLETE, false, &Fields::new()).await?,
        &COMMISSIONING_COMPLETE,
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_an_armed_fail_safe_has_a_breadcrumb() {
        assert_eq!(
            fail_safe(60).into_structure().as_slice(),
            [0x15, 0x24, 0, 60, 0x26, 1, 0x54, 0x46, 0x45, 0x57, 0x18]
        );
        assert_eq!(fail_safe(0).into_structure().as_slice(), [0x15, 0x24, 0, 0, 0x24, 1, 0, 0x18]);
    }

    #[test]
    fn error_codes_are_told_apart() {
        let verdict = |code| Verdict::of(&Fields::new().unsigned(0, code).text(1, "").into_structure(), &ARM_FAIL_SAFE);
        assert_eq!(verdict(0), Ok(Verdict::Ok));
        assert_eq!(verdict(1), Ok(Verdict::Other(1)));
        assert_eq!(verdict(3), Ok(Verdict::NoFailSafe));
        assert_eq!(verdict(4), Ok(Verdict::BusyWithOtherAdministrator));
        assert_eq!(verdict(256), Err(InvokeError::Garbled("ArmFailSafe")));
        // A plain success has no error code: it is no answer to this command.
        assert_eq!(Verdict::of(&[], &ARM_FAIL_SAFE), Err(InvokeError::Garbled("ArmFailSafe")));
    }
}
