use super::*;
use crate::device::Role;
use std::collections::{BTreeMap, BTreeSet};
use std::io::Read;
use weft_evidence::{CaptureBody, Decoder, Reporter};
use weft_model::{Fact, Rloc16, ServiceDetails, Timestamp};

/// The recording that is shipped; `cargo run -p weft-simulator --example demo` writes it.
const SHIPPED: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../weft/demo/home.jsonl.gz");
/// What the recording may weigh, compressed.
const MAX_SHIPPED_BYTES: usize = 1_500_000;

#[test]
fn the_shipped_recording_is_the_one_that_is_made_here() {
    let compressed = std::fs::read(SHIPPED).unwrap();
    assert!(compressed.len() < MAX_SHIPPED_BYTES);
    let mut shipped = Vec::new();
    flate2::read::GzDecoder::new(compressed.as_slice()).read_to_end(&mut shipped).unwrap();
    // Not assert_eq: the difference would be megabytes of text.
    assert!(shipped == recording().unwrap(), "run the example demo");
}

#[test]
fn the_home_has_44_devices_and_6_border_routers() {
    let home = home();
    assert_eq!(
        (
            home.nodes().len(),
            home.border_routers().len(),
            home.routers().len(),
            home.children().len()
        ),
        (44, 6, 18, 26)
    );
    let with = |wanted: fn(&crate::Node) -> bool| home.nodes().iter().filter(|node| wanted(node)).count();
    assert_eq!((with(|node| node.matter.is_some()), with(|node| node.hap.is_some())), (20, 18));
    let names: BTreeSet<&str> = home.nodes().iter().map(|node| node.label.name.as_str()).collect();
    assert_eq!(names.len(), 44, "every name once");
    let sensor = home.find("Garage door sensor").unwrap();
    assert_eq!(home.parent(sensor), home.find("Hall plug"));
    let roles: BTreeSet<Role> = home.indices().map(|node| home.role(node)).collect();
    assert_eq!(roles.len(), 6, "{roles:?}");
    let survey = home.survey();
    assert!(
        home.routers()
            .iter()
            .all(|router| *router == home.partitions()[0].leader || survey.path_cost(*router, home.partitions()[0].leader).is_some())
    );
    let letterbox = home.find("Letterbox sensor").unwrap();
    assert_eq!(home.reception(home.parent(letterbox).unwrap(), letterbox).quality.get(), 1);
}

/// What the recording says, decoded: time, reporter, fact.
fn told() -> Vec<(Timestamp, Reporter, Fact)> {
    let mut decoder = Decoder::new();
    let mut told = Vec::new();
    for capture in captures() {
        let decoded = decoder.decode(&capture);
        assert_eq!(decoded.problems, [], "capture {}", capture.seq);
        told.extend(
            decoded
                .observations
                .into_iter()
                .map(|observation| (capture.at, observation.reporter, (*observation.fact).clone())),
        );
    }
    told
}

fn minutes(hour: i64, minute: i64) -> Timestamp {
    super::home::BEGIN.plus_seconds((hour * 60 + minute) * 60)
}

#[test]
fn the_day_tells_its_story() {
    let told = told();
    let home = home();
    let radio = |name: &str| Reporter::Radio {
        extended_address: home.node(home.find(name).unwrap()).extended_address,
    };
    let address = |name: &str| home.node(home.find(name).unwrap()).extended_address;
    let children = |name: &str, hour, minute| {
        let rows = told
            .iter()
            .filter(|(at, reporter, _)| *at >= minutes(hour, minute) && *reporter == radio(name))
            .find_map(|(_, _, fact)| match fact {
                Fact::Children(rows) => Some(rows.iter().map(|row| row.extended_address).collect::<BTreeSet<_>>()),
                _ => None,
            });
        rows.unwrap()
    };
    // The sensor moves; for a while both list it.
    let sensor = address("Garage door sensor");
    let listed = |hour, minute| {
        (
            children("Hall plug", hour, minute).contains(&sensor),
            children("Porch light", hour, minute).contains(&sensor),
        )
    };
    assert_eq!([listed(6, 30), listed(6, 45), listed(7, 0)], [(true, false), (true, true), (false, true)]);
    // A router dies, and comes back.
    let plug = |from, to| {
        told.iter()
            .filter(|(at, reporter, _)| (from..to).contains(at) && *reporter == radio("Laundry plug"))
            .count()
    };
    assert!(plug(minutes(0, 0), minutes(10, 14)) > 0 && plug(minutes(17, 4), minutes(24, 0)) > 0);
    assert_eq!(plug(minutes(10, 14), minutes(17, 4)), 0);
    let orphans = children("Laundry plug", 10, 0);
    assert!(!orphans.is_empty());
    let elsewhere: BTreeSet<_> = home
        .routers()
        .iter()
        .map(|node| home.node(*node).label.name.as_str())
        .filter(|name| *name != "Laundry plug")
        .flat_map(|name| children(name, 10, 30))
        .collect();
    assert!(orphans.is_subset(&elsewhere));
    // Two partitions for forty minutes, and a locator that means two devices meanwhile.
    let mut partitions: BTreeMap<i64, BTreeSet<u32>> = BTreeMap::new();
    for (at, _, fact) in &told {
        if let Fact::LeaderData(data) = fact {
            partitions
                .entry(at.seconds_since(home.now()) / 900)
                .or_default()
                .insert(data.partition_id.0);
        }
    }
    let split: Vec<i64> = partitions.iter().filter(|(_, ids)| ids.len() == 2).map(|(quarter, _)| *quarter).collect();
    assert_eq!(split, [57, 58], "14:15 and 14:30");
    let locators = |name: &str| {
        told.iter()
            .filter(|(at, reporter, _)| (minutes(14, 15)..minutes(14, 30)).contains(at) && *reporter == radio(name))
            .find_map(|(_, _, fact)| match fact {
                Fact::Rloc16(rloc16) => *rloc16,
                _ => None,
            })
    };
    let twin: Option<Rloc16> = locators("Hall plug");
    assert!(twin.is_some());
    assert_eq!(locators("Workshop lamp"), twin);
    // A border router's new address, under the border agent id that it had.
    let agents = |from, to| {
        let mut agents: BTreeMap<String, BTreeSet<_>> = BTreeMap::new();
        for (_, _, fact) in told.iter().filter(|(at, ..)| (from..to).contains(at)) {
            if let Fact::Service(record) = fact
                && let ServiceDetails::BorderAgent(agent) = &record.details
            {
                agents
                    .entry(agent.border_agent_id.unwrap().to_string())
                    .or_default()
                    .insert((agent.extended_address, agent.active_timestamp));
            }
        }
        agents
    };
    let day = agents(minutes(0, 0), minutes(24, 0));
    assert_eq!(day.len(), 6);
    assert_eq!(
        day.values()
            .filter(|said| said.iter().map(|(address, _)| address).collect::<BTreeSet<_>>().len() == 2)
            .count(),
        1
    );
    // A dataset that differs for an hour.
    let timestamps = |from, to| agents(from, to).into_values().flatten().map(|(_, at)| at).collect::<BTreeSet<_>>().len();
    assert_eq!(
        [
            timestamps(minutes(19, 30), minutes(20, 4)),
            timestamps(minutes(20, 5), minutes(21, 1)),
            timestamps(minutes(21, 10), minutes(24, 0))
        ],
        [1, 2, 1]
    );
}

#[test]
fn nothing_is_older_than_its_freshness() {
    let captures = captures();
    let mut last: BTreeMap<&str, Timestamp> = BTreeMap::new();
    for capture in &captures {
        if !matches!(capture.body, CaptureBody::Source(_) | CaptureBody::Failure(_)) {
            let gap = last
                .insert(&capture.source, capture.at)
                .map_or(0, |before| capture.at.seconds_since(before));
            assert!(gap <= 3600, "{} is silent for {gap} s before {}", capture.source, capture.seq);
        }
    }
    assert_eq!(last.keys().copied().collect::<Vec<_>>(), ["border-agent", "matter", "mdns"]);
    assert!(captures.last().unwrap().at > minutes(23, 44));
}

#[test]
fn the_home_is_known_at_every_moment_of_the_day() {
    let partitions = |hour, minute| home_at(minutes(hour, minute)).truth().partitions.len();
    assert_eq!(
        [partitions(0, 0), partitions(14, 1), partitions(14, 20), partitions(14, 42)],
        [1, 1, 2, 1]
    );
    let morning = home_at(minutes(7, 0));
    let sensor = morning.find("Garage door sensor").unwrap();
    assert_eq!(morning.parent(sensor), morning.find("Porch light"));
}
