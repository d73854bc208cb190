//! A whole home that another ecosystem owns: its twenty Matter devices are shared with Weft, and Weft leaves again.

use crate::harness::{patiently, problems_of};
use crate::{Home, SECONDS};
use std::collections::BTreeSet;
use std::time::{Duration, Instant};
use weft_model::DeviceState;
use weft_tests::Fixture;

/// A map that was there before must be there again in this time.
const MAP_IS_BACK: Duration = Duration::from_secs(1);

#[test]
fn twenty_shared_devices_tell_all_they_know_through_restarts_until_weft_leaves() {
    let Some(home) = Home::alone("home44") else { return };
    let truth = home.fleet.truth();
    let recorded = Fixture::load("home44-matter-server").unwrap();
    assert_eq!(truth.links_to_find(), recorded.truth().links_to_find());
    assert_eq!(truth.nodes_to_find(), recorded.truth().nodes_to_find());

    let ecosystem = home.ecosystem();
    ecosystem.commission(&home.fleet);
    let windows = ecosystem.open(&home.fleet.devices());
    let mut weft = home.weft();

    // As people have them: some typed, some scanned.
    let codes: Vec<String> = windows
        .iter()
        .enumerate()
        .map(|(i, window)| {
            if i % 3 == 0 {
                window.qr_code.clone()
            } else {
                window.manual_code.clone()
            }
        })
        .collect();
    let began = Instant::now();
    let jobs = weft.joined(&weft.pair(&codes), SECONDS(120));
    println!("twenty devices joined in {:.1} s", began.elapsed().as_secs_f32());
    let nodes: BTreeSet<_> = jobs.iter().filter_map(|job| job.node).collect();
    assert_eq!(nodes.len(), 20, "every device has a node id of its own");
    for job in &jobs {
        let steps: Vec<&str> = job.steps.iter().map(|step| step.step.as_str()).collect();
        assert_eq!(steps, ["find", "connect", "attest", "credentials", "session", "complete"]);
        assert!(job.name.is_some() && job.ended_at.is_some() && !job.attestation.is_empty(), "{job:?}");
    }
    // Nobody can read a code afterwards.
    let view = weft.get("/api/v1/fabric").to_string();
    let said = weft.said().join("\n");
    for code in &codes {
        assert!(
            !view.contains(code.as_str()) && !said.contains(code.as_str()),
            "a code is told after it was entered"
        );
    }

    patiently("all that is knowable, and nothing else", SECONDS(60), || agrees(&weft.topology(), &truth));
    println!("the map was complete {:.1} s after the codes were entered", began.elapsed().as_secs_f32());
    let label = weft.fabric().label;
    for device in home.fleet.devices() {
        let mut expected = vec!["Other home", label.as_str()];
        expected.sort_unstable();
        assert_eq!(device.labels(), expected, "{}", device.name);
    }

    // A child moves: asking its old and its new parent shows it.
    let child = truth
        .child_links
        .iter()
        .find(|link| link.child == truth.parents_to_find().into_iter().next().unwrap().0)
        .unwrap();
    let matter_routers: Vec<_> = truth.nodes.iter().filter(|node| node.matter && node.parent.is_none()).collect();
    let to = matter_routers.iter().find(|router| router.extended_address != child.parent).unwrap();
    home.fleet
        .call("move-child", &serde_json::json!({ "child": child.child, "parent": to.extended_address }));
    let moved = home.fleet.truth();
    weft.refresh(None);
    patiently("the child below its new parent", SECONDS(90), || agrees(&weft.topology(), &moved));

    // It comes back with what it knew, joins nobody anew, and asks everybody again.
    home.fleet.call("clear-counts", &serde_json::json!({}));
    weft.stop();
    weft.run();
    patiently("the map of before", MAP_IS_BACK, || agrees(&weft.topology(), &moved));
    println!(
        "up after {:.2} s, the map {:.2} s later",
        weft.took_to_start.as_secs_f32(),
        weft.up_at.elapsed().as_secs_f32()
    );
    // Sleepy devices are left alone: what they told before is kept, and has not aged.
    let answering = |sleepy: bool| {
        let view = weft.fabric();
        let silent = view
            .devices
            .iter()
            .filter(|device| device.sleepy == sleepy && device.state != DeviceState::Answering);
        let silent: Vec<_> = silent.map(|device| (&device.name, device.state)).collect();
        if view.devices.len() == 20 && silent.is_empty() {
            Ok(())
        } else {
            Err(format!("{silent:?}"))
        }
    };
    patiently("an answer of every device that does not sleep", SECONDS(30), || answering(false));
    println!("all were asked {:.1} s after the restart", weft.up_at.elapsed().as_secs_f32());
    agrees(&weft.topology(), &moved).unwrap();
    for device in home.fleet.devices() {
        assert_eq!(device.messages("pbkdf"), 0, "{} was paired again", device.name);
        assert_eq!(device.messages("read") == 0, device.sleepy, "{}: {:?}", device.name, device.messages);
    }
    // A person may ask for one by name.
    for device in weft.fabric().devices.iter().filter(|device| device.sleepy) {
        weft.refresh(Some(device.node));
    }
    patiently("an answer of every sleepy device", SECONDS(60), || answering(true));
    agrees(&weft.topology(), &moved).unwrap();

    // The other ecosystem goes on as if Weft were not there, and when it is gone.
    ecosystem.control(&windows[0].extended_address);
    let (status, out, err) = weft.command(&["unpair", "--all", "--yes"], "");
    assert_eq!(status, Some(0), "{out}\n{err}");
    assert!(weft.fabric().devices.is_empty());
    for device in home.fleet.devices() {
        assert_eq!(device.labels(), ["Other home"], "{} keeps a place that nobody uses", device.name);
    }
    ecosystem.control(&windows[1].extended_address);
    ecosystem.control(&windows[2].extended_address);
}

fn agrees(topology: &serde_json::Value, truth: &weft_tests::Truth) -> Result<(), String> {
    let problems = problems_of(topology, truth);
    if problems.is_empty() {
        Ok(())
    } else {
        Err(format!("{} problems:\n{}", problems.len(), problems.join("\n")))
    }
}
