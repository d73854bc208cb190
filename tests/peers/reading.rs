//! Devices that answer strangely, late or not at all, and devices that are elsewhere: the rest of the picture stands, and all of it is right again when
//! they are.

use crate::harness::{Radio, Weft, patiently, problems_of};
use crate::{Home, SECONDS, first_codes};
use serde_json::{Value, json};
use std::time::Instant;
use weft_model::{DeviceState, PairedDevice, PairingJob, Timestamp};
use weft_tests::Truth;

/// Asks a device, and waits until it was: it has answered, or was asked in vain.
fn asked(weft: &Weft, job: &PairingJob) -> PairedDevice {
    let before = weft.device_of(job);
    weft.refresh(job.node);
    patiently("an answer, or the lack of one", SECONDS(90), || {
        let now = weft.device_of(job);
        let is_news = now.answered_at != before.answered_at || now.in_vain > before.in_vain || (now.error.is_some() && now.error != before.error);
        if is_news { Ok(now) } else { Err(format!("{now:?}")) }
    })
}

fn is_right(weft: &Weft, truth: &Truth) -> Result<(), String> {
    let problems = problems_of(&weft.topology(), truth);
    if problems.is_empty() { Ok(()) } else { Err(problems.join("\n")) }
}

fn answered_after(weft: &Weft, job: &PairingJob, moment: Option<Timestamp>) -> Result<(), String> {
    let device = weft.device_of(job);
    let is_later = device.answered_at > moment && device.state == DeviceState::Answering;
    if is_later { Ok(()) } else { Err(format!("{device:?}")) }
}

#[test]
fn strange_answers_spoil_only_themselves() {
    let Some(home) = Home::new("m10", Radio::default()) else { return };
    let weft = home.weft();
    let devices = home.fleet.devices();
    let jobs = weft.joined(&weft.pair(&first_codes(&devices)), SECONDS(90));
    let truth = home.fleet.truth();
    patiently("all that is knowable", SECONDS(60), || is_right(&weft, &truth));
    let strange = &devices[0].extended_address;
    let right_again = |what: &str| {
        asked(&weft, &jobs[0]);
        patiently(what, SECONDS(30), || is_right(&weft, &truth));
    };

    for garbage in ["message", "deep", "cut", "value"] {
        home.fleet.faults(strange, json!({ "garbage": garbage }));
        let began = Instant::now();
        let device = asked(&weft, &jobs[0]);
        println!(
            "{garbage}: {:?} {:?} after {:.1} s",
            device.state,
            device.error,
            began.elapsed().as_secs_f32()
        );
        // The others answer all the while.
        asked(&weft, &jobs[1]);
        home.fleet.faults(strange, json!({ "garbage": null }));
        right_again(garbage);
    }

    home.fleet.faults(strange, json!({ "crowd": 10_000 }));
    let began = Instant::now();
    let device = asked(&weft, &jobs[0]);
    println!(
        "10,000 neighbours: {:?} {:?} after {:.1} s",
        device.state,
        device.error,
        began.elapsed().as_secs_f32()
    );
    let began = Instant::now();
    weft.get("/api/v1/topology?claims=none");
    assert!(began.elapsed() < SECONDS(10), "the picture takes {:?}", began.elapsed());
    home.fleet.faults(strange, json!({ "crowd": 200, "shifting": true }));
    let device = asked(&weft, &jobs[0]);
    println!("tables that change between chunks: {:?} {:?}", device.state, device.error);
    home.fleet.faults(strange, json!({ "crowd": null, "shifting": null, "chunks": 1 }));
    let device = asked(&weft, &jobs[0]);
    println!("tables that are cut off: {:?} {:?}", device.state, device.error);
    home.fleet.call("come-back", &json!({ "device": strange }));

    home.fleet.faults(strange, json!({ "statuses": { "53/7": 0x01, "53/8": 0x01 } }));
    let device = asked(&weft, &jobs[0]);
    assert_eq!(device.state, DeviceState::Answering, "a status is an answer: {device:?}");
    home.fleet.faults(strange, json!({ "statuses": {} }));
    patiently("the picture after all of it", SECONDS(120), || {
        weft.refresh(jobs[0].node);
        std::thread::sleep(SECONDS(1));
        is_right(&weft, &truth)
    });
    let said = weft.said().join("\n");
    assert!(!said.contains("panicked"), "{said}");
}

#[test]
fn devices_that_move_vanish_or_lose_a_cluster_are_told_apart() {
    let Some(home) = Home::new("m10", Radio::default()) else { return };
    let weft = home.weft();
    let devices = home.fleet.devices();
    let jobs = weft.joined(&weft.pair(&first_codes(&devices)), SECONDS(90));
    let truth = home.fleet.truth();
    patiently("all that is knowable", SECONDS(60), || is_right(&weft, &truth));

    // Another address: announced, and found by that.
    let before = weft.device_of(&jobs[0]).answered_at;
    let began = Instant::now();
    let change = home.fleet.call("change-address", &json!({ "device": devices[0].extended_address }));
    let new = change["address"].as_str().unwrap();
    weft.refresh(jobs[0].node);
    patiently("the device at its new address", SECONDS(90), || {
        let device = weft.device_of(&jobs[0]);
        let is_found = device.answered_at > before && device.address.as_deref().is_some_and(|address| address.contains(new));
        if is_found {
            Ok(())
        } else {
            Err(format!("not at {new}, but {device:?}"))
        }
    });
    println!("found at its new address after {:.1} s", began.elapsed().as_secs_f32());

    // A device that restarts has lost its sessions; so far as it knows, nothing happened.
    home.fleet.call("restart", &json!({ "device": devices[2].extended_address }));
    let before = weft.device_of(&jobs[2]).answered_at;
    weft.refresh(jobs[2].node);
    patiently("the device that restarted", SECONDS(90), || answered_after(&weft, &jobs[2], before));

    // Without the cluster it still answers, and is not asked for it again and again.
    home.fleet
        .call("cluster", &json!({ "device": devices[3].extended_address, "absent": true }));
    let before = weft.device_of(&jobs[3]).answered_at;
    weft.refresh(jobs[3].node);
    patiently("an answer without tables", SECONDS(60), || answered_after(&weft, &jobs[3], before));

    // One that is gone does not keep the others from being asked.
    home.fleet.call("vanish", &json!({ "device": devices[1].extended_address }));
    let before: Vec<_> = jobs.iter().map(|job| weft.device_of(job).answered_at).collect();
    let began = Instant::now();
    weft.refresh(None);
    patiently("all others that do not sleep", SECONDS(30), || {
        jobs.iter()
            .zip(&before)
            .enumerate()
            .filter(|(i, _)| *i != 1 && !devices[*i].sleepy)
            .try_for_each(|(_, (job, before))| answered_after(&weft, job, *before))
    });
    println!("the others answered within {:.1} s", began.elapsed().as_secs_f32());
    patiently("the silence of the one", SECONDS(90), || {
        let device = weft.device_of(&jobs[1]);
        if device.state == DeviceState::Silent && device.error.is_some() {
            Ok(())
        } else {
            Err(format!("{device:?}"))
        }
    });

    // Reset in the hand: it does not know Weft any more, and says so. It can be given up, and joined anew.
    home.fleet.call("reset", &json!({ "device": devices[4].extended_address }));
    patiently("the word that it is ours no more", SECONDS(90), || {
        weft.refresh(jobs[4].node);
        std::thread::sleep(SECONDS(1));
        let device = weft.device_of(&jobs[4]);
        if device.state == DeviceState::Estranged {
            Ok(())
        } else {
            Err(format!("{device:?}"))
        }
    });
    let request = json!({ "nodes": [jobs[4].node], "forget": true });
    let results: Value = weft.post("/api/v1/fabric/unpair", &request, 200);
    assert_eq!(results["results"][0]["ok"], json!(true), "{results}");
    weft.joined(&weft.pair(&first_codes(&home.fleet.devices()[4..5])), SECONDS(60));
}
