//! A radio as it is at the edge of a mesh.

use crate::harness::{Radio, patiently, problems_of};
use crate::{Home, SECONDS, first_codes};
use std::time::Instant;
use weft_model::JobState;

/// A third is lost each way, and the way takes half a second.
const POOR: Radio = Radio {
    latency: 250,
    jitter: 100,
    loss: 0.3,
    poll: 0,
};

#[test]
fn devices_join_and_tell_over_a_poor_radio() {
    let Some(home) = Home::new("m10", POOR) else { return };
    let weft = home.weft();
    let devices = &home.fleet.devices()[..3];
    let began = Instant::now();
    let jobs = weft.ended(&weft.pair(&first_codes(devices)), SECONDS(180));
    for (job, device) in jobs.into_iter().zip(devices) {
        // What was begun is taken back by the device, in a minute; here at once.
        let job = if job.state == JobState::Done {
            job
        } else {
            println!("{}: {:?}", device.name, job.error);
            home.fleet
                .call("expire-fail-safe", &serde_json::json!({ "device": device.extended_address }));
            weft.retry(job.id, SECONDS(120))
        };
        assert_eq!(job.state, JobState::Done, "{job:?}");
    }
    println!("three devices joined in {:.1} s", began.elapsed().as_secs_f32());
    let addresses: Vec<&str> = devices.iter().map(|device| device.extended_address.as_str()).collect();
    let truth = home.fleet.truth_of(&addresses);
    patiently("what three devices know", SECONDS(120), || {
        let problems = problems_of(&weft.topology(), &truth);
        if problems.is_empty() { Ok(()) } else { Err(problems.join("\n")) }
    });
    println!("the map was complete after {:.1} s", began.elapsed().as_secs_f32());
}
