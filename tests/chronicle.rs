//! The day of the demo, told: what the simulator did comes out as what happened, once, and nothing else does. And any moment of it can be sought.
#![allow(clippy::unwrap_used)] // a test that fails says where

use std::collections::BTreeSet;
use std::convert::Infallible;
use std::sync::Arc;
use weft_evidence::{Capture, Evidence};
use weft_model::{LinkQuality, Timestamp};
use weft_topology::{ChangeKind, Chronicle, Engine, Event, LinkKind, Past, Patience, Policy, Seeker, Severity, State, Topology, changes, derive};

/// Between two looks.
const STEP_SECONDS: i64 = 60;

fn at(hour: i64, minute: i64) -> Timestamp {
    let begin: Timestamp = "2026-11-20T00:00:00Z".parse().unwrap();
    begin.plus_seconds((hour * 60 + minute) * 60)
}

/// Looks every minute; `restart` gives the moments at which the state is written and read back.
fn told(captures: &[Capture], restart: &[Timestamp]) -> Vec<Event> {
    let mut engine = Engine::new(Policy::standard());
    let mut chronicle = Chronicle::new(Patience::STANDARD, None);
    let mut events = Vec::new();
    let mut now = captures[0].at;
    let mut next = captures.iter().peekable();
    while next.peek().is_some() {
        let before = now;
        now = now.plus_seconds(STEP_SECONDS);
        while let Some(capture) = next.next_if(|capture| capture.at <= now) {
            engine.insert(capture).unwrap();
        }
        if restart.iter().any(|moment| *moment > before && *moment <= now) {
            let json = serde_json::to_string(chronicle.state()).unwrap();
            chronicle = Chronicle::new(Patience::STANDARD, Some(serde_json::from_str(&json).unwrap()));
        }
        events.extend(chronicle.observe(&engine.snapshot(now), now));
    }
    events
}

fn texts(events: &[Event]) -> Vec<&str> {
    events.iter().map(|event| event.change.text.as_str()).collect()
}

#[test]
fn the_day_reads_like_what_happened() {
    let captures = weft_simulator::demo::captures();
    let events = told(&captures, &[]);
    let within = |kind: ChangeKind, start: &str, hour: i64, minute: i64| {
        let found = events
            .iter()
            .filter(|event| event.change.kind == kind && event.change.text.starts_with(start))
            .collect::<Vec<_>>();
        assert_eq!(found.len(), 1, "{kind:?} {start}: {:#?}", texts(&events));
        let late = found[0].at.seconds_since(at(hour, minute));
        assert!((0..=20 * 60).contains(&late), "{start} was told {late} s late");
    };
    within(ChangeKind::Network, "The network elm-street-home was found", 0, 0);
    within(ChangeKind::Moved, "Garage door sensor moved from Hall plug to Porch light", 6, 43);
    within(ChangeKind::Gone, "Laundry plug is gone", 10, 14);
    within(ChangeKind::Split, "elm-street-home split into 2 partitions", 14, 2);
    within(ChangeKind::Role, "Workshop lamp became a router", 14, 12);
    within(ChangeKind::Merged, "elm-street-home is one partition again", 14, 42);
    within(ChangeKind::Returned, "Laundry plug is back", 17, 4);
    within(ChangeKind::Address, "Bedroom speaker", 19, 14);
    within(
        ChangeKind::FindingNew,
        "Border routers of one network have different active datasets",
        20,
        5,
    );
    within(ChangeKind::FindingOver, "Over: Border routers of one network", 21, 5);
    assert!(events.len() <= 25, "{:#?}", texts(&events));
    assert!(
        !events.iter().any(|event| (at(1, 0)..at(6, 0)).contains(&event.at)),
        "nothing happens at night"
    );
    let problems = events.iter().filter(|event| event.change.severity == Severity::Problem).count();
    assert_eq!(problems, 1, "the split");
}

#[test]
fn a_restart_neither_repeats_nor_forgets() {
    let captures = weft_simulator::demo::captures();
    let restarts = [at(3, 0), at(8, 0), at(12, 0), at(16, 0), at(18, 0), at(22, 0)];
    let (through, with_restarts) = (told(&captures, &[]), told(&captures, &restarts));
    assert_eq!(texts(&through), texts(&with_restarts));
    let often: Vec<Timestamp> = (1..288).map(|count| at(0, 5 * count)).collect();
    assert_eq!(told(&captures, &often), through, "sooner than anything has to hold for a network");
}

#[test]
fn what_goes_while_a_network_begins_is_told_and_what_becomes_known_is_not() {
    let captures = weft_simulator::demo::captures();
    let whole = moments(&captures, &[at(3, 0)]).remove(0);
    let children: Vec<_> = whole.nodes().filter(|node| node.parent.is_some()).map(|node| node.id.clone()).collect();
    let [early, late, going] = [0, 1, 2].map(|place| children[place].clone());
    let look_at = |minute: i64| {
        let mut topology = whole.clone();
        let part = Arc::make_mut(&mut topology.parts[0]);
        part.nodes
            .retain(|node| !(node.id == early && minute < 5 || node.id == late && minute < 30));
        for node in part.nodes.iter_mut().filter(|node| node.id == going && minute >= 6) {
            node.state = State::Gone;
        }
        topology
    };
    let mut chronicle = Chronicle::new(Patience::STANDARD, None);
    let told: Vec<Event> = (0..40).flat_map(|minute| chronicle.observe(&look_at(minute), at(3, minute))).collect();
    let kinds: Vec<_> = told
        .iter()
        .map(|event| (event.change.kind, event.at, &event.change.subjects[0]))
        .collect();
    assert_eq!(
        kinds,
        [
            (ChangeKind::Gone, at(3, 6), &going),
            (ChangeKind::Network, at(3, 0), &whole.networks().next().unwrap().id),
            (ChangeKind::Joined, at(3, 30), &late),
        ]
    );
}

#[test]
fn nothing_holds_while_nobody_looks() {
    let captures = weft_simulator::demo::captures();
    let quiet = moments(&captures, &[at(3, 0)]).remove(0);
    let [good, weak] = [3, 1].map(|quality| with_quality(&quiet, quality));
    let mut chronicle = Chronicle::new(Patience::STANDARD, None);
    for minute in 0..=20 {
        chronicle.observe(&good, at(3, minute));
    }
    for minute in 21..=30 {
        assert_eq!(chronicle.observe(&weak, at(3, minute)), [], "minute {minute}");
    }
    let json = serde_json::to_string(chronicle.state()).unwrap();
    let mut chronicle = Chronicle::new(Patience::STANDARD, Some(serde_json::from_str(&json).unwrap()));
    for minute in 0..=9 {
        assert_eq!(chronicle.observe(&weak, at(11, minute)), [], "minute {minute} after the night");
    }
    let told: Vec<Event> = (10..=12).flat_map(|minute| chronicle.observe(&weak, at(11, minute))).collect();
    assert_eq!(told.len(), 1, "{:?}", texts(&told));
    assert_eq!((told[0].change.kind, told[0].at), (ChangeKind::LinkWorse, at(3, 21)));
}

/// The same with one link of routers heard with that quality in both directions.
fn with_quality(topology: &Topology, quality: u8) -> Topology {
    let mut changed = topology.clone();
    let part = Arc::make_mut(&mut changed.parts[0]);
    let good = |link: &&mut weft_topology::Link| link.kind == LinkKind::Router && link.a_hears_b.is_some() && link.b_hears_a.is_some();
    let link = part.links.iter_mut().find(good).unwrap();
    for direction in [&mut link.a_hears_b, &mut link.b_hears_a].into_iter().flatten() {
        direction.link_quality = LinkQuality::new(quality);
    }
    changed
}

#[test]
fn what_flickers_is_not_told_and_what_lasts_is() {
    let captures = weft_simulator::demo::captures();
    let quiet = moments(&captures, &[at(3, 0)]).remove(0);
    let [good, fair, weak] = [3, 2, 1].map(|quality| with_quality(&quiet, quality));
    let mut chronicle = Chronicle::new(Patience::STANDARD, None);
    let mut look = |topology: &Topology, minute: i64| chronicle.observe(topology, at(3, minute));
    let told: usize = (0..=20).map(|minute| look(&good, minute).len()).sum();
    assert_eq!(told, 1, "the network was found");
    for minute in 21..400 {
        assert_eq!(look(if minute % 2 == 0 { &fair } else { &good }, minute), [], "minute {minute}");
    }
    let told: Vec<Event> = (400..430).flat_map(|minute| look(&weak, minute)).collect();
    assert_eq!(told.len(), 1, "{:?}", texts(&told));
    assert_eq!(
        (told[0].change.kind, told[0].at, told[0].change.severity),
        (ChangeKind::LinkWorse, at(3, 400), Severity::Warning)
    );
    assert_eq!(told[0].change.detail.as_deref(), Some("quality 3 / 3, now 1 / 1"));
}

/// Topologies of some moments of the day.
fn moments(captures: &[Capture], wanted: &[Timestamp]) -> Vec<Topology> {
    let until = |at: Timestamp| captures.iter().filter(move |capture| capture.at <= at);
    wanted
        .iter()
        .map(|at| derive(&Evidence::from_captures(until(*at)), *at, &Policy::standard()))
        .collect()
}

#[test]
fn changes_of_any_two_moments_speak_of_what_is_there() {
    let captures = weft_simulator::demo::captures();
    let moments = moments(&captures, &[at(0, 30), at(8, 0), at(12, 0), at(14, 31), at(18, 0), at(20, 30), at(23, 0)]);
    for old in &moments {
        assert_eq!(changes(old, &old.clone()), [], "nothing happened");
        for new in &moments {
            let ids: BTreeSet<_> = [old, new]
                .into_iter()
                .flat_map(|side| {
                    let nodes = side.nodes().map(|node| &node.id).chain(side.links().map(|link| &link.id));
                    nodes
                        .chain(side.networks().map(|network| &network.id))
                        .chain(side.findings().map(|finding| &finding.id))
                })
                .collect();
            let forth = changes(old, new);
            for change in &forth {
                assert!(
                    !change.subjects.is_empty() && change.subjects.iter().all(|id| ids.contains(id)),
                    "{change:?}"
                );
                assert_eq!(change.subjects.iter().collect::<BTreeSet<_>>().len(), change.subjects.len(), "{change:?}");
            }
            let count = |of: &[weft_topology::Change], kinds: &[ChangeKind]| of.iter().filter(|change| kinds.contains(&change.kind)).count();
            let back = changes(new, old);
            use ChangeKind as Kind;
            for (kinds, opposite) in [
                (&[Kind::Joined, Kind::Returned][..], &[Kind::Gone, Kind::Silent][..]),
                (&[Kind::LinkNew], &[Kind::LinkGone]),
                (&[Kind::LinkBetter], &[Kind::LinkWorse]),
                (&[Kind::Split], &[Kind::Merged]),
                (&[Kind::FindingNew], &[Kind::FindingOver]),
            ] {
                assert_eq!(count(&forth, kinds), count(&back, opposite), "{kinds:?}");
                assert_eq!(count(&back, kinds), count(&forth, opposite), "{kinds:?}");
            }
        }
    }
}

struct Recording<'a>(&'a [Capture]);

impl Past for Recording<'_> {
    type Error = Infallible;

    fn everything(&self, until: Timestamp, each: &mut dyn FnMut(&Evidence, u64)) -> Result<Evidence, Infallible> {
        let mut evidence = Evidence::default();
        for capture in self.0.iter().filter(|capture| capture.at <= until) {
            evidence.insert(capture).unwrap();
            each(&evidence, capture.seq);
        }
        Ok(evidence)
    }

    fn between(&self, after: u64, until: Timestamp) -> Result<Vec<Capture>, Infallible> {
        let between = self.0.iter().filter(|capture| capture.seq > after && capture.at <= until);
        Ok(between.cloned().collect())
    }
}

#[test]
fn wherever_one_seeks_it_is_as_if_derived_from_everything() {
    let captures = weft_simulator::demo::captures();
    let wanted = [
        at(3, 0),
        at(3, 1),
        at(14, 20),
        at(14, 5),
        at(10, 20),
        at(23, 59),
        at(0, 10),
        at(14, 20),
        at(6, 44),
        at(19, 20),
    ];
    let mut seeker = Seeker::new(Policy::standard());
    for (at, expected) in wanted.iter().zip(moments(&captures, &wanted)) {
        let found = seeker.at(*at, &Recording(&captures)).unwrap();
        assert!(*found == expected, "{at} is otherwise when it is sought");
    }
}
