//! Two Wefts on one LAN, and the same devices.

use crate::harness::{Radio, Weft};
use crate::{Home, SECONDS};
use std::collections::BTreeSet;

#[test]
fn two_instances_share_devices_and_do_not_disturb_each_other() {
    let Some(home) = Home::new("m10", Radio::default()) else { return };
    let ecosystem = home.ecosystem();
    ecosystem.commission(&home.fleet);
    let devices = &home.fleet.devices()[..3];
    let (one, other) = (Weft::start(&home.host("one")), Weft::start(&home.host("two")));
    for weft in [&one, &other] {
        let codes: Vec<String> = ecosystem.open(devices).into_iter().map(|window| window.manual_code).collect();
        weft.joined(&weft.pair(&codes), SECONDS(60));
    }
    assert_ne!(one.fabric().fabric, other.fabric().fabric);
    let labels = |i: usize| -> BTreeSet<String> { home.fleet.devices()[i].fabrics.iter().map(|fabric| fabric.label.clone()).collect() };
    for i in 0..3 {
        assert_eq!(
            labels(i).len(),
            3,
            "users cannot tell these apart: {:?}",
            home.fleet.devices()[i].labels()
        );
        assert!(labels(i).iter().all(|label| !label.is_empty()));
    }
    // One leaves; the other still reads.
    for left in one.unpair_all() {
        assert_eq!(left["ok"], serde_json::json!(true), "{left}");
    }
    for i in 0..3 {
        assert_eq!(labels(i).len(), 2, "{:?}", labels(i));
    }
    let before: Vec<_> = other.fabric().devices.iter().map(|device| device.answered_at).collect();
    for device in other.fabric().devices {
        other.refresh(Some(device.node));
    }
    crate::harness::patiently("answers to the other", SECONDS(40), || {
        let view = other.fabric();
        let all = view.devices.len() == 3 && view.devices.iter().zip(&before).all(|(device, before)| device.answered_at > *before);
        if all { Ok(()) } else { Err(format!("{:?}", view.devices)) }
    });
    ecosystem.control(&devices[0].extended_address);
}
