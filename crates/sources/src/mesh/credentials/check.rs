//! A credential compared with what border routers announce.

use weft_model::{CredentialCheck, CredentialOrigin, Timestamp};

/// What one border router announces of the network.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::mesh) struct Announced {
    /// Packed as on the wire (TXT key `at`).
    pub(in crate::mesh) active_timestamp: Option<u64>,
}

/// Seconds and ticks of a packed timestamp, in order; the lowest bit only says whether the time was authoritative (Thread specification 1.4, 8.10.1.1).
pub(in crate::mesh) fn stamp(packed: Option<u64>) -> u64 {
    packed.unwrap_or(0) >> 1
}

/// Compares with the newest that is announced.
pub(in crate::mesh) fn compare(active_timestamp: Option<u64>, announced: &[Announced]) -> CredentialCheck {
    let newest = announced
        .iter()
        .filter_map(|announced| announced.active_timestamp)
        .map(|packed| stamp(Some(packed)))
        .max();
    match (active_timestamp, newest) {
        _ if announced.is_empty() => CredentialCheck::NotAnnounced,
        (None, _) | (_, None) => CredentialCheck::Unknown,
        (Some(ours), Some(newest)) => match stamp(Some(ours)).cmp(&newest) {
            std::cmp::Ordering::Less => CredentialCheck::Older,
            std::cmp::Ordering::Equal => CredentialCheck::Matches,
            std::cmp::Ordering::Greater => CredentialCheck::Newer,
        },
    }
}

/// The same, where the dongle hears the network with its key: then it is there, whoever announces it.
pub(in crate::mesh) fn compare_on_the_air(active_timestamp: Option<u64>, announced: &[Announced], is_on_the_air: bool) -> CredentialCheck {
    match compare(active_timestamp, announced) {
        CredentialCheck::NotAnnounced if is_on_the_air => CredentialCheck::HeardByDongle,
        check => check,
    }
}

/// The comparison in words, with what to do.
pub(in crate::mesh) fn detail(check: CredentialCheck, origin: CredentialOrigin, announced: &[Announced]) -> String {
    let stamps: std::collections::BTreeSet<u64> = announced
        .iter()
        .filter_map(|one| one.active_timestamp)
        .map(|packed| stamp(Some(packed)))
        .collect();
    let mut text = match check {
        CredentialCheck::Matches => "It is the one that the network uses now.".to_owned(),
        CredentialCheck::Older => format!(
            "The network has a newer dataset than this: its keys may have changed. Weft tries it all the same; if border routers refuse it, {}.",
            match origin {
                CredentialOrigin::ByHand => "enter the present one",
                CredentialOrigin::HomeAssistant =>
                    "import the network's present dataset in Home Assistant (Settings, Devices & services, Thread), or enter it here",
                _ => "fetch it anew, or enter the present one",
            }
        ),
        CredentialCheck::Newer => {
            "It is newer than what border routers announce: a change of the network may be under way. Weft tries it.".to_owned()
        }
        CredentialCheck::NotAnnounced => {
            "No border router announces this network at the moment. Is one of them switched on, and in the same LAN as Weft?".to_owned()
        }
        CredentialCheck::HeardByDongle => {
            "No border router announces this network on this LAN, but the dongle hears it, and its network key opens what is said there.".to_owned()
        }
        CredentialCheck::Unknown => "Nothing tells whether it is the present one; trying it will.".to_owned(),
    };
    if stamps.len() > 1 {
        text.push_str(" Border routers announce different datasets: not all have taken over the last change yet, or one of them is left over from a former network.");
    }
    text
}

/// The day of a packed timestamp, where it is one; networks that were made without a clock count from 1.
pub(in crate::mesh) fn date(packed: Option<u64>) -> Option<String> {
    /// 2015, when Thread began.
    const FIRST_SECOND: u64 = 1_420_070_400;
    let seconds = packed? >> 16;
    if seconds < FIRST_SECOND {
        return Some(format!("timestamp {seconds}"));
    }
    let moment = Timestamp::from_unix_milliseconds(i64::try_from(seconds).ok()?.checked_mul(1000)?);
    Some(moment.to_string().chars().take(10).collect())
}
