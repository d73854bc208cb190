//! Weft is killed at each of the six steps of joining: it and the devices recover.

use crate::harness::{Radio, patiently};
use crate::{Home, SECONDS, first_payloads};
use serde_json::json;
use weft_model::{JobState, StepState};

/// The message at which Weft is killed. The first step has none: nobody announces what the first job looks for.
const MESSAGES: [&str; 5] = ["pbkdf", "attestation", "add-noc", "sigma1", "complete"];

#[test]
fn killed_at_each_of_the_six_steps_everything_recovers() {
    let Some(home) = Home::new("m10", Radio::default()) else { return };
    let ecosystem = home.ecosystem();
    let mut weft = home.weft();
    let devices = home.fleet.devices();
    // The device of the first job belongs to somebody and announces no window yet.
    let sought = json!({ "devices": [home.fleet.call("devices", &json!({ "device": devices[5].extended_address }))[0]] });
    ecosystem.call("commission", &sought);
    let window = ecosystem.open(&devices[5..6]).remove(0);
    ecosystem.close(&window.extended_address);
    for (device, message) in devices.iter().zip(MESSAGES) {
        home.fleet.faults(&device.extended_address, json!({ "trap": message }));
    }
    let finding = weft.pair(std::slice::from_ref(&window.manual_code))[0];
    let jobs = weft.pair(&first_payloads(&devices[..MESSAGES.len()]));
    patiently("each device at its step", SECONDS(60), || {
        let waiting: Vec<String> = devices[..MESSAGES.len()]
            .iter()
            .map(|device| home.fleet.device(&device.extended_address))
            .filter(|device| device.caught.is_none())
            .map(|device| device.name)
            .collect();
        let found = weft
            .job(finding)
            .steps
            .iter()
            .any(|step| step.step == "find" && step.state == StepState::Running);
        if waiting.is_empty() && found {
            Ok(())
        } else {
            Err(format!("not yet: {waiting:?}; searching: {found}"))
        }
    });
    // All of it goes on when Weft does: no job has ended.
    let view = weft.fabric();
    assert!(view.jobs.iter().all(|job| !job.state.is_over()), "{:?}", view.jobs);
    weft.kill();

    // A minute later, as far as the devices are concerned: their fail-safes have run out.
    home.fleet.call("come-back", &json!({}));
    for device in &devices[..MESSAGES.len()] {
        home.fleet.call("expire-fail-safe", &json!({ "device": device.extended_address }));
        assert!(
            home.fleet.device(&device.extended_address).fabrics.is_empty(),
            "{} keeps half of it",
            device.name
        );
    }
    ecosystem.open_again(&window);

    weft.run();
    let mut all = vec![finding];
    all.extend(jobs);
    let ended = weft.ended(&all, SECONDS(120));
    for job in ended {
        assert!(job.state == JobState::Done || job.may_retry, "{job:?}");
        let job = if job.state == JobState::Done {
            job
        } else {
            weft.retry(job.id, SECONDS(60))
        };
        assert_eq!(job.state, JobState::Done, "{job:?}");
    }
    let label = weft.fabric().label;
    assert_eq!(weft.fabric().devices.len(), 6);
    for device in &devices[..6] {
        let device = home.fleet.device(&device.extended_address);
        assert_eq!(device.labels().iter().filter(|other| **other == label).count(), 1, "{device:?}");
    }
}
