//! What a sleepy device said is fresh for three of its own intervals.

#![allow(clippy::unwrap_used)] // a test that fails says where

use serde_json::json;
use weft_evidence::{Capture, Evidence};
use weft_model::Timestamp;
use weft_topology::{Policy, State, derive};

const EXTENDED_ADDRESS: u64 = 0x5616_f192_27d2_c4ae;

fn said_at() -> Timestamp {
    "2026-11-20T12:00:00Z".parse().unwrap()
}

/// A sleepy end device tells its network, partition, role, RLOC16 and extended address; it is asked every `interval_seconds`.
fn report(interval_seconds: Option<u32>) -> Capture {
    let number = |attribute: u32, prefix: &str, bytes: &[u8]| {
        let digits: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
        json!({"endpoint": 0, "cluster": 0x35, "attribute": attribute, "tlv": format!("{prefix}{digits}")})
    };
    let attributes = [
        number(0x01, "04", &[2]),
        number(0x04, "07", &0xdead_00be_ef00_cafe_u64.to_le_bytes()),
        number(0x09, "06", &77_u32.to_le_bytes()),
        number(0x3f, "07", &EXTENDED_ADDRESS.to_le_bytes()),
        number(0x40, "05", &0x2c01_u16.to_le_bytes()),
    ];
    let mut capture = json!({"seq": 1, "at": said_at(), "source": "matter", "kind": "matter-report", "fabric": "c2637a8b1b1b1b1b",
        "node": "0000000000000004", "attributes": attributes});
    if let Some(seconds) = interval_seconds {
        capture["interval_seconds"] = json!(seconds);
    }
    serde_json::from_value(capture).unwrap()
}

/// The state of the device so long after it spoke, and until when that holds.
fn state_after(seconds: i64, interval_seconds: Option<u32>) -> (State, i64) {
    let evidence = Evidence::from_captures([&report(interval_seconds)]);
    let topology = derive(&evidence, said_at().plus_seconds(seconds), &Policy::standard());
    let node = topology
        .nodes()
        .find(|node| node.extended_address.is_some_and(|address| address.as_u64() == EXTENDED_ADDRESS));
    (node.unwrap().state, topology.valid_until.seconds_since(said_at()))
}

#[test]
fn a_device_that_is_asked_hourly_is_no_older_after_half_an_hour_than_a_router_after_five_minutes() {
    let fresh = state_after(60, None).0;
    assert_ne!(fresh, State::Stale);
    assert_eq!(state_after(31 * 60, None).0, State::Stale, "nobody said how often it is asked");
    assert_eq!(state_after(31 * 60, Some(600)).0, State::Stale);
    assert_eq!(
        state_after(31 * 60, Some(3600)),
        (fresh, 3 * 3600),
        "and it holds until its third interval is over"
    );
    assert_eq!(state_after(3 * 3600 + 1, Some(3600)).0, State::Stale);
}

#[test]
fn the_interval_is_kept_with_the_capture() {
    for interval_seconds in [None, Some(3600)] {
        let line = serde_json::to_value(report(interval_seconds)).unwrap();
        assert_eq!(line.get("interval_seconds").cloned(), interval_seconds.map(|seconds| json!(seconds)));
        assert_eq!(serde_json::from_value::<Capture>(line).unwrap(), report(interval_seconds));
    }
}
