//! What goes wrong while devices join: each says what, holds up nobody else, and leaves nothing behind.

use crate::harness::Radio;
use crate::{Home, SECONDS, first_codes, first_payloads};
use serde_json::json;
use std::time::Instant;
use weft_model::{JobState, PairingJob, StepState};

/// The message at which a device falls silent, and the step of the job that it belongs to.
const VANISHING: [(&str, &str); 5] = [
    ("pbkdf", "connect"),
    ("attestation", "attest"),
    ("add-noc", "credentials"),
    ("sigma1", "session"),
    ("complete", "complete"),
];

fn failed_step(job: &PairingJob) -> Option<&str> {
    job.steps
        .iter()
        .find(|step| step.state == StepState::Failed)
        .map(|step| step.step.as_str())
}

#[test]
fn devices_that_vanish_at_any_step_hold_up_nobody_and_keep_nothing() {
    let Some(home) = Home::new("m10", Radio::default()) else { return };
    let weft = home.weft();
    let devices = home.fleet.devices();
    let (vanishing, healthy) = devices.split_at(VANISHING.len());
    for (device, (message, _)) in vanishing.iter().zip(VANISHING) {
        home.fleet.faults(&device.extended_address, json!({ "trap": message }));
    }
    let began = Instant::now();
    let lost = weft.pair(&first_payloads(vanishing));
    let fine = weft.pair(&first_codes(healthy));
    weft.joined(&fine, SECONDS(40));
    println!(
        "five healthy devices joined in {:.1} s beside five that vanish",
        began.elapsed().as_secs_f32()
    );

    let ended = weft.ended(&lost, SECONDS(150));
    println!("the others were given up after {:.1} s", began.elapsed().as_secs_f32());
    for (job, (message, step)) in ended.iter().zip(VANISHING) {
        assert_eq!((job.state, failed_step(job)), (JobState::Failed, Some(step)), "{message}: {job:?}");
        assert!(
            job.error.is_some() && job.advice.is_some() && job.failure.is_some() && job.may_retry,
            "{job:?}"
        );
    }
    // They come back, their fail-safes run out, and nothing of Weft is in them.
    home.fleet.call("come-back", &json!({}));
    for device in vanishing {
        assert!(
            home.fleet.device(&device.extended_address).caught.is_some(),
            "{} never got so far",
            device.name
        );
        home.fleet.call("expire-fail-safe", &json!({ "device": device.extended_address }));
        let device = home.fleet.device(&device.extended_address);
        assert!(device.fabrics.is_empty() && !device.fail_safe_armed, "{device:?}");
    }
    for (job, (message, _)) in ended.iter().zip(VANISHING) {
        let again = weft.retry(job.id, SECONDS(60));
        assert_eq!(again.state, JobState::Done, "{message}: {again:?}");
    }
    assert_eq!(weft.fabric().devices.len(), 10);
}

#[test]
fn codes_that_cannot_work_say_why() {
    let Some(home) = Home::new("m10", Radio::default()) else { return };
    let weft = home.weft();
    let ecosystem = home.ecosystem();
    let devices = home.fleet.devices();
    ecosystem.commission(&home.fleet);
    let windows = ecosystem.open(&devices[..4]);
    let code = |discriminator: u16, passcode: u32| {
        let code = home.fleet.call("code", &json!({ "discriminator": discriminator, "passcode": passcode }));
        code.as_str().unwrap().to_owned()
    };
    // A short discriminator that nobody announces.
    let taken: Vec<u16> = windows.iter().map(|window| window.discriminator >> 8).collect();
    let free = (0..16).find(|short| !taken.contains(short)).unwrap();
    home.fleet.call("places", &json!({ "device": windows[2].extended_address, "count": 1 }));
    ecosystem.close(&windows[3].extended_address);

    let address = |i: usize| format!("[{}]:5540", home.fleet.device(&windows[i].extended_address).address);
    let began = Instant::now();
    let wrong_code = weft.pair_at(&code(windows[0].discriminator, windows[0].passcode ^ 1), &address(0));
    let no_such = weft.pair(&[code(free << 8, 20_202_021)])[0];
    let full = weft.pair_at(&windows[2].manual_code, &address(2));
    let closed = weft.pair_at(&windows[3].manual_code, &address(3));
    let fine = weft.pair(&[windows[1].qr_code.clone()])[0];
    weft.joined(&[fine], SECONDS(40));
    let jobs = weft.ended(&[wrong_code, no_such, full, closed], SECONDS(150));
    for (job, expected) in jobs.iter().zip([
        ("connect", "wrong-code"),
        ("find", "not-found"),
        ("credentials", "fabric-table-full"),
        ("connect", "window-closed"),
    ]) {
        assert_eq!(job.state, JobState::Failed, "{job:?}");
        assert_eq!(
            (failed_step(job), job.failure.as_deref()),
            (Some(expected.0), Some(expected.1)),
            "{job:?}"
        );
        assert!(job.error.is_some() && job.advice.is_some(), "{job:?}");
    }
    for device in home.fleet.devices() {
        let ours = device.extended_address == windows[1].extended_address;
        assert_eq!(device.fabrics.len(), if ours { 2 } else { 1 }, "{}: {:?}", device.name, device.labels());
        assert!(!device.fail_safe_armed, "{} waits for a commissioning that has failed", device.name);
    }
    println!("the last was given up after {:.1} s", began.elapsed().as_secs_f32());
    // A code works for one window: it is not kept once that has closed, and entered anew it works in the next.
    assert!(!jobs[3].may_retry, "{:?}", jobs[3]);
    ecosystem.open_again(&windows[3]);
    weft.joined(&weft.pair(std::slice::from_ref(&windows[3].qr_code)), SECONDS(60));

    // The same by the command, from standard input. Its exit status says whether it worked; these devices are certified by nobody.
    let window = ecosystem.open(&devices[4..5]).remove(0);
    let input = format!("{}\n", window.manual_code);
    for (arguments, expected) in [(&["pair", "-"][..], Some(1)), (&["pair", "--accept", "-"][..], Some(0))] {
        let (status, out, err) = weft.command(arguments, &input);
        assert_eq!(status, expected, "{arguments:?}: {out}\n{err}");
        assert!(!out.contains(&window.manual_code) && !err.contains(&window.manual_code), "{out}\n{err}");
    }
    let (status, _, err) = weft.command(&["pair", "12345678901"], "");
    assert!(status != Some(0) && !err.is_empty());
}
