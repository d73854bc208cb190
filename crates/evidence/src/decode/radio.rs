//! `radio-summary`: what a dongle heard of one pair of radios.

use super::{DecodedCapture, Statement};
use crate::capture::{Capture, RadioSummaryCapture, channel};
use crate::observation::{Hearing, Reporter};
use std::sync::Arc;
use weft_model::{Fact, RadioPeer, RadioSummary, Rssi, Timestamp};
use weft_wire::Problem;

/// The short address that everybody listens to (IEEE 802.15.4).
const BROADCAST: u16 = 0xffff;
/// The longest silence that a summary can tell: ten years.
const MAX_AGE_MILLISECONDS: f64 = 10.0 * 366.0 * 24.0 * 3600.0 * 1000.0;

pub(super) fn decode(capture: &Capture, body: &RadioSummaryCapture, decoded: &mut DecodedCapture) {
    let (Some(from), Some(to)) = (peer("from", &body.from, decoded), peer("to", &body.to, decoded)) else {
        return;
    };
    if from == RadioPeer::Broadcast {
        decoded.problem(Problem::of("from", "the broadcast address sends nothing"));
        return;
    }
    let summary = RadioSummary {
        channel: channel(body.channel),
        pan_id: body.pan_id,
        from,
        to,
        interval_seconds: whole_seconds(body.interval_seconds),
        frames: body.frames,
        acknowledged: body.acknowledged,
        data_polls: body.data_polls,
        rssi_min: body.rssi_min_dbm.and_then(Rssi::from_dbm),
        rssi_average: body.rssi_average_dbm.and_then(average),
        rssi_max: body.rssi_max_dbm.and_then(Rssi::from_dbm),
    };
    let reporter = Reporter::Dongle {
        pan_id: body.pan_id,
        from: text(from),
        to: text(to),
    };
    let last_heard = body.age_seconds.and_then(|seconds| before(capture.at, seconds));
    Statement::now(capture, reporter, None, Hearing::Air)
        .stated_at(last_heard)
        .say([Fact::RadioSummary(summary)], &[], decoded);
}

/// The moment so many seconds before another; `None` for what is no length of time.
fn before(at: Timestamp, seconds: f64) -> Option<Timestamp> {
    let milliseconds = (seconds * 1000.0).round();
    (0.0..=MAX_AGE_MILLISECONDS)
        .contains(&milliseconds)
        .then(|| Timestamp::from_unix_milliseconds(at.unix_milliseconds().saturating_sub(milliseconds as i64)))
}

fn peer(field: &'static str, text: &str, decoded: &mut DecodedCapture) -> Option<RadioPeer> {
    let peer = match text.strip_prefix("0x") {
        Some(digits) if u16::from_str_radix(digits, 16) == Ok(BROADCAST) => Some(RadioPeer::Broadcast),
        Some(_) => text.parse().ok().map(RadioPeer::Rloc16),
        None => text.parse().ok().map(RadioPeer::ExtendedAddress),
    };
    if peer.is_none() {
        let shown: String = text.chars().take(32).collect();
        decoded.problem(Problem::of(field, format!("{shown:?} is neither an RLOC16 nor an extended address")));
    }
    peer
}

/// The address in one spelling.
fn text(peer: RadioPeer) -> Arc<str> {
    match peer {
        RadioPeer::Rloc16(rloc16) => rloc16.to_string(),
        RadioPeer::ExtendedAddress(address) => address.to_string(),
        RadioPeer::Broadcast => format!("0x{BROADCAST:04x}"),
    }
    .into()
}

/// Seconds, rounded; what is no length of time is 0.
fn whole_seconds(seconds: f64) -> u32 {
    seconds.round() as u32 // the conversion saturates, and NaN becomes 0
}

fn average(dbm: f64) -> Option<Rssi> {
    let rounded = dbm.round();
    (f64::from(i8::MIN)..=0.0)
        .contains(&rounded)
        .then_some(rounded as i8)
        .and_then(Rssi::from_dbm)
}
