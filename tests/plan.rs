//! The coverage plan against the truth: a home whose devices are paired one by one, in the order that the plan gives.

#![allow(clippy::unwrap_used)] // a test that fails says where

use std::collections::{BTreeMap, BTreeSet};
use weft_evidence::{Capture, CaptureBody, Evidence, MdnsCapture};
use weft_model::{
    Airtime, AttestationChoice, CredentialCheck, CredentialOrigin, CredentialView, DataPath, DataPathKind, DataPathState, DeviceState, NetworkWays,
    NetworksView, Timestamp,
};
use weft_model::{ExtendedAddress, FabricView, PairedDevice};
use weft_tests::{Fixture, Random, Truth};
use weft_topology::plan::{Abilities, Plan, PlanContext, Remark, RemarkKind, Step, StepKind, plan};
use weft_topology::{Policy, Role, State, Topology, derive};

/// Random orders that the plan's is held against.
const ORDERS: u64 = 20;

/// The home of 44 devices: what its LAN announces, and what each Matter device tells once it is paired.
struct Home {
    lan: Fixture,
    reports: BTreeMap<ExtendedAddress, Capture>,
}

impl Home {
    fn load() -> Self {
        let lan = Fixture::load("home44-lan").unwrap();
        let server = Fixture::load("home44-matter-server").unwrap();
        let as_of = lan.as_of();
        let mut reports = BTreeMap::new();
        for (seq, speakers) in server.speakers() {
            let capture = server.captures.iter().find(|capture| capture.seq == seq).unwrap();
            let who: Vec<ExtendedAddress> = speakers.into_iter().collect();
            let [who] = who[..] else { panic!("capture {seq} is of {who:?}") };
            let seq = 10_000 + seq;
            reports.insert(
                who,
                Capture {
                    seq,
                    at: as_of,
                    ..capture.clone()
                },
            );
        }
        assert_eq!(reports.len(), 20);
        Self { lan, reports }
    }

    fn truth(&self) -> &Truth {
        self.lan.truth()
    }

    fn matter(&self) -> Vec<ExtendedAddress> {
        self.reports.keys().copied().collect()
    }

    /// What is known when these devices are paired.
    fn topology(&self, paired: &[ExtendedAddress]) -> Topology {
        let reports = paired.iter().map(|address| &self.reports[address]);
        let evidence = Evidence::from_captures(self.lan.captures.iter().chain(reports));
        derive(&evidence, self.lan.as_of(), &Policy::standard())
    }

    fn plan(&self, paired: &[ExtendedAddress]) -> Plan {
        plan(&self.topology(paired), &PlanContext::default())
    }

    /// Devices that are on the map and are there in truth: routers, and children below their true parents.
    fn placed(&self, topology: &Topology) -> usize {
        let truth = self.truth();
        let mut right: BTreeSet<ExtendedAddress> = BTreeSet::new();
        for node in topology.nodes().filter(|node| node.network.is_some() && node.state != State::Gone) {
            let real = match node.extended_address {
                Some(address) => truth.node(address),
                None => node.rloc16.and_then(|rloc16| truth.at_rloc16(rloc16)),
            };
            let Some(real) = real else { continue };
            let is_right = match &node.parent {
                Some(parent) => topology.node(&parent.node).and_then(|parent| parent.rloc16) == Some(real.rloc16.router_id().rloc16()),
                None => matches!(node.role, Role::Router | Role::Leader) && node.rloc16 == Some(real.rloc16) && real.parent.is_none(),
            };
            if is_right {
                right.insert(real.extended_address);
            }
        }
        right.len()
    }

    /// Devices on the map after each of these pairings.
    fn curve(&self, order: &[ExtendedAddress]) -> Vec<usize> {
        (1..=order.len()).map(|paired| self.placed(&self.topology(&order[..paired]))).collect()
    }

    /// Pairs what the plan puts first, asks for a new plan, and so on until none has a step. Who was paired, and the steps.
    fn follow(&self) -> (Vec<ExtendedAddress>, Vec<Step>) {
        let mut paired = Vec::new();
        let mut steps = Vec::new();
        loop {
            let topology = self.topology(&paired);
            let plan = plan(&topology, &PlanContext::default());
            assert_eq!(plan.nothing_left, plan.steps.is_empty());
            let Some(step) = plan.steps.into_iter().next() else {
                return (paired, steps);
            };
            let address = topology.node(&step.subjects[0]).unwrap().extended_address.unwrap();
            assert!(!paired.contains(&address), "{} was paired before", step.title);
            paired.push(address);
            steps.push(step);
        }
    }

    /// The best order for somebody who knows everything: each time the device whose tables place the most.
    fn best_order(&self) -> Vec<ExtendedAddress> {
        let mut order: Vec<ExtendedAddress> = Vec::new();
        let mut left = self.matter();
        while !left.is_empty() {
            let after = |address: &ExtendedAddress| self.placed(&self.topology(&[&order[..], &[*address]].concat()));
            let best = (0..left.len())
                .max_by_key(|&place| (after(&left[place]), std::cmp::Reverse(place)))
                .unwrap();
            order.push(left.remove(best));
        }
        order
    }

    /// Devices that no pairing can place: no Matter devices, and below routers that are none.
    fn beyond_pairing(&self) -> usize {
        let truth = self.truth();
        let is_matter = |address: ExtendedAddress| truth.node(address).unwrap().matter;
        truth
            .child_links
            .iter()
            .filter(|link| !is_matter(link.child) && !is_matter(link.parent))
            .count()
    }
}

fn remark(plan: &Plan, kind: RemarkKind) -> Option<&Remark> {
    plan.remarks.iter().find(|remark| remark.kind == kind)
}

/// The mean of a curve that stays at its last value, over so many steps, in hundredths.
fn mean_percent(curve: &[usize], steps: usize) -> usize {
    let last = *curve.last().unwrap();
    let sum: usize = (0..steps).map(|step| curve.get(step).copied().unwrap_or(last)).sum();
    sum * 100 / steps
}

#[test]
fn the_plan_beats_chance_and_comes_near_the_best_order() {
    let home = Home::load();
    let (order, steps) = home.follow();
    let curve = home.curve(&order);
    let all = home.matter().len();
    let best = home.curve(&home.best_order());
    let mut random: Vec<Vec<usize>> = Vec::new();
    for seed in 0..ORDERS {
        let mut order = home.matter();
        Random::new(seed).shuffle(&mut order);
        random.push(home.curve(&order));
    }
    let mean_random = random.iter().map(|curve| mean_percent(curve, all)).sum::<usize>() / random.len();
    let until_all = |curve: &[usize]| 1 + curve.iter().position(|placed| *placed == 36).unwrap();
    let random_until_all: Vec<usize> = random.iter().map(|curve| until_all(curve)).collect();
    println!("plan   {curve:?}\nbest   {best:?}");
    println!(
        "mean of 20 steps, in hundredths: plan {}, best {}, random {mean_random}",
        mean_percent(&curve, all),
        mean_percent(&best, all)
    );
    println!(
        "steps until all 36 are placed: plan {}, best {}, random {random_until_all:?}",
        until_all(&curve),
        until_all(&best)
    );

    assert_eq!(*curve.last().unwrap(), 36, "everything that Matter devices can tell");
    assert!(until_all(&curve) <= until_all(&best) + 1, "hardly more steps than who knows everything");
    assert!(
        until_all(&curve) < *random_until_all.iter().min().unwrap(),
        "fewer than any of the random orders"
    );
    assert!(
        mean_percent(&curve, all) * 100 >= mean_percent(&best, all) * 95,
        "within 5 % of the best order"
    );
    assert!(
        mean_percent(&curve, all) >= mean_random + 200,
        "two devices more than chance, on average over all steps"
    );
    let early: usize = random.iter().map(|curve| curve[0]).sum::<usize>() / random.len();
    assert!(curve[0] >= early * 3 / 2, "the first step alone: {} against {early}", curve[0]);
    assert!(steps.iter().all(|step| step.kind == StepKind::Pair && step.available));
}

#[test]
fn without_names_and_kinds_it_still_beats_chance() {
    // Out of pairing mode, a device announces its fabric and its address, and nothing of what it is.
    let mut home = Home::load();
    home.lan.captures.retain(|capture| match &capture.body {
        CaptureBody::Mdns(MdnsCapture::Resolved { service, .. } | MdnsCapture::Removed { service, .. }) => !service.starts_with("_matterc."),
        _ => true,
    });
    let (order, steps) = home.follow();
    assert!(
        steps[0].title.starts_with("Unnamed device ") && steps[0].gain.names == 1,
        "{}",
        steps[0].title
    );
    let curve = home.curve(&order);
    let all = home.matter().len();
    let mut random = Vec::new();
    for seed in 0..ORDERS {
        let mut order = home.matter();
        Random::new(seed).shuffle(&mut order);
        random.push(mean_percent(&home.curve(&order), all));
    }
    let mean_random = random.iter().sum::<usize>() / random.len();
    println!(
        "{curve:?}; mean of 20 steps, in hundredths: plan {}, random {mean_random}",
        mean_percent(&curve, all)
    );
    assert_eq!(*curve.last().unwrap(), 36);
    assert!(curve.len() <= 16, "{}", curve.len());
    assert!(mean_percent(&curve, all) >= mean_random + 100);
}

#[test]
fn what_steps_promise_is_about_what_they_give() {
    let home = Home::load();
    let (order, steps) = home.follow();
    let curve = home.curve(&order);
    let mut before = 0;
    let mut promised = 0;
    for (step, placed) in steps.iter().zip(&curve) {
        let given = placed - before;
        println!("{}: gave {given}", step.title);
        assert!(given >= step.gain.places_at_least as usize, "{}", step.title);
        assert!(
            step.gain.about || given == step.gain.places as usize,
            "{} is no estimate, and gave {given}",
            step.title
        );
        promised += step.gain.places as usize;
        before = *placed;
    }
    // Promises of single routers are averages, so they may be far off; their sum must not.
    assert!(
        promised * 5 >= before * 4 && promised * 4 <= before * 5,
        "promised {promised}, given {before}"
    );
    let first = steps[0].gain.places as usize;
    assert!(
        first * 4 <= curve[0] * 5 && curve[0] * 4 <= first * 5,
        "the first step promised {first} and gave {}",
        curve[0]
    );

    // The very first plan, from names alone, knows how far it will get.
    let coverage = &home.plan(&[]).coverage[0];
    println!("{coverage:?}");
    assert_eq!(coverage.placed, 0);
    assert!((32..=40).contains(&coverage.placed_after_steps), "{coverage:?}");
}

#[test]
fn gains_of_one_plan_add_up_to_what_there_is() {
    let home = Home::load();
    let (order, _) = home.follow();
    for paired in 0..=order.len() {
        let plan = home.plan(&order[..paired]);
        let [coverage] = &plan.coverage[..] else { panic!("{:?}", plan.coverage) };
        let sum: u32 = plan.steps.iter().map(|step| step.gain.places).sum();
        // Each gain is rounded for itself.
        let slack = plan.steps.len().div_ceil(2) as u32;
        assert!(
            coverage.placed + sum <= coverage.devices + slack,
            "after {paired}: {coverage:?} and {sum} more"
        );
        assert!(coverage.placed_after_steps <= coverage.devices);
        assert_eq!(
            coverage.placed as usize,
            home.placed(&home.topology(&order[..paired])),
            "what it calls placed is placed, and rightly"
        );
    }
}

#[test]
fn after_all_pairings_it_says_what_pairing_will_never_place() {
    let home = Home::load();
    let truth = home.truth();
    assert_eq!(home.beyond_pairing(), 8);
    for paired in [home.matter(), home.follow().0] {
        let plan = home.plan(&paired);
        assert!(plan.nothing_left && plan.steps.is_empty(), "{:?}", plan.steps);
        let beyond = remark(&plan, RemarkKind::BeyondPairing).unwrap();
        // One registration has outlived its device: nothing on the LAN tells which.
        let names = home.beyond_pairing() + truth.stale_registrations.len();
        assert_eq!(beyond.count, Some(names as u32));
        assert!(
            beyond.title.starts_with("Up to 9 devices hang below routers that are not Matter devices"),
            "{}",
            beyond.title
        );
        let closed: BTreeSet<String> = truth
            .routers()
            .into_iter()
            .filter(|router| !truth.node(*router).unwrap().matter)
            .map(|router| router.to_string())
            .collect();
        assert_eq!(beyond.subjects.iter().map(|id| id.to_string()).collect::<BTreeSet<_>>(), closed);
        assert!(
            plan.summary.contains("36 of about 45") && plan.summary.contains("Nothing is left to gain by pairing"),
            "{}",
            plan.summary
        );
        let later: Vec<StepKind> = plan.later.iter().map(|step| step.kind).collect();
        assert_eq!(later, [StepKind::BorderAgent, StepKind::BorderRouterRest, StepKind::Dongle]);
        assert!(
            plan.later
                .iter()
                .all(|step| !step.available && step.detail.contains("cannot be done here") && step.gain.places == 9)
        );
    }
}

#[test]
fn without_the_stale_registration_the_number_is_exact() {
    let mut home = Home::load();
    let stale: Vec<String> = home.truth().stale_registrations.iter().map(|stale| stale.instance.clone()).collect();
    home.lan.captures.retain(|capture| match &capture.body {
        CaptureBody::Mdns(MdnsCapture::Resolved { instance, .. }) => !stale.contains(instance),
        _ => true,
    });
    let plan = home.plan(&home.matter());
    assert_eq!(
        remark(&plan, RemarkKind::BeyondPairing).unwrap().count,
        Some(home.beyond_pairing() as u32)
    );
    assert_eq!(plan.coverage[0].devices as usize, home.truth().nodes.len());
}

#[test]
fn without_the_lan_it_does_not_pretend_to_count() {
    let plan = plan(&Fixture::load("home44-matter-server").unwrap().topology(), &PlanContext::default());
    assert!(plan.nothing_left);
    let beyond = remark(&plan, RemarkKind::BeyondPairing).unwrap();
    assert_eq!((beyond.count, beyond.subjects.len()), (None, 12));
    assert!(beyond.title.starts_with("Children of 12 routers"), "{}", beyond.title);
    assert!(remark(&plan, RemarkKind::Complete).is_none());
}

#[test]
fn everything_asked_is_complete() {
    for name in ["mesh20-diag1", "otbr-diag"] {
        let plan = plan(&Fixture::load(name).unwrap().topology(), &PlanContext::default());
        assert!(plan.nothing_left && plan.later.is_empty(), "{name}: {plan:?}");
        assert!(remark(&plan, RemarkKind::Complete).is_some(), "{name}: {:?}", plan.remarks);
        assert!(remark(&plan, RemarkKind::BeyondPairing).is_none());
        assert!(plan.summary.ends_with("Nothing is left to gain."), "{}", plan.summary);
    }
}

/// Weft's fabric with the home's Matter devices on it.
fn fabric(home: &Home, state: impl Fn(usize) -> DeviceState) -> PlanContext {
    let mut peers: Vec<weft_model::MatterPeer> = home
        .topology(&[])
        .nodes()
        .filter(|node| node.network.is_some())
        .flat_map(|node| node.known_as.matter.clone())
        .map(|peer| peer.parse().unwrap())
        .collect();
    peers.sort();
    let device = |(place, peer): (usize, &weft_model::MatterPeer)| PairedDevice {
        node: peer.node,
        name: None,
        paired_at: Timestamp::MIN,
        state: state(place),
        address: None,
        sleepy: false,
        long_idle: false,
        check_in: false,
        subscribed: false,
        answered_at: None,
        next_question_at: None,
        in_vain: 0,
        error: None,
    };
    PlanContext {
        fabric: Some(FabricView {
            fabric: Some(peers[0].fabric),
            label: "Weft test".into(),
            paused: false,
            attestation: AttestationChoice::Ask,
            questions_last_minute: 0,
            budget_per_minute: 60,
            jobs: Vec::new(),
            devices: peers.iter().enumerate().map(device).collect(),
        }),
        ..PlanContext::default()
    }
}

#[test]
fn paired_devices_are_not_paired_again() {
    let home = Home::load();
    let topology = home.topology(&[]);
    let reading = plan(&topology, &fabric(&home, |_| DeviceState::NotAsked));
    assert!(reading.steps.is_empty(), "{:?}", reading.steps);
    assert_eq!(remark(&reading, RemarkKind::BeingRead).unwrap().count, Some(20));

    let trouble = plan(
        &topology,
        &fabric(&home, |place| [DeviceState::Silent, DeviceState::Estranged][place % 2]),
    );
    assert_eq!(remark(&trouble, RemarkKind::Silent).unwrap().count, Some(10));
    assert_eq!(trouble.steps.len(), 10, "who has left Weft's fabric can be paired again");

    let mut paused = fabric(&home, |_| DeviceState::Answering);
    paused.fabric.as_mut().unwrap().paused = true;
    assert_eq!(remark(&plan(&topology, &paused), RemarkKind::Paused).unwrap().count, Some(20));

    // Read, they are done.
    let read = plan(&home.topology(&home.matter()), &fabric(&home, |_| DeviceState::Answering));
    assert!(read.steps.is_empty() && remark(&read, RemarkKind::BeingRead).is_none());
}

#[test]
fn a_way_to_the_whole_mesh_comes_first_where_this_build_has_one() {
    let home = Home::load();
    let context = PlanContext {
        abilities: Abilities::ALL,
        ..PlanContext::default()
    };
    let plan = plan(&home.topology(&[]), &context);
    let kinds = |steps: &[Step]| steps.iter().map(|step| step.kind).collect::<BTreeSet<_>>();
    assert_eq!(plan.steps.len(), 1);
    assert_eq!((plan.steps[0].kind, plan.steps[0].gain.places), (StepKind::BorderAgent, 45));
    assert!(plan.steps[0].title.ends_with("the whole mesh"));
    assert_eq!(
        kinds(&plan.otherwise),
        BTreeSet::from([StepKind::Pair, StepKind::BorderRouterRest, StepKind::MatterServer, StepKind::Dongle])
    );
    assert!(plan.later.is_empty());
    assert!(plan.steps[0].detail.contains("weft network"), "{}", plan.steps[0].detail);
    let server = plan.otherwise.iter().find(|step| step.kind == StepKind::MatterServer).unwrap();
    assert!(server.detail.contains("weft network matter-server"), "{}", server.detail);

    let none = Abilities {
        pairing: false,
        matter_server_file: false,
        ..Abilities::default()
    };
    let plan = weft_topology::plan::plan(
        &home.topology(&[]),
        &PlanContext {
            abilities: none,
            ..PlanContext::default()
        },
    );
    assert!(plan.steps.is_empty() && plan.otherwise.is_empty() && plan.nothing_left);
    assert_eq!(plan.later.iter().filter(|step| step.kind != StepKind::Pair).count(), 3);
    assert_eq!(
        plan.later.iter().filter(|step| step.kind == StepKind::Pair && !step.available).count(),
        20
    );
    assert!(plan.summary.contains("does not pair devices here"), "{}", plan.summary);
}

#[test]
fn a_device_in_pairing_mode_can_be_paired_before_it_is_in_any_app() {
    let lan = Fixture::load("home44-lan").unwrap();
    let before: Timestamp = "2026-11-21T12:15:30Z".parse().unwrap();
    let plan = plan(&lan.topology_at(before), &PlanContext::default());
    assert_eq!(plan.steps.len(), 20);
    assert!(plan.steps.iter().all(|step| step.announced_as.is_empty()));
}

#[test]
fn what_was_tried_already_is_no_step() {
    let home = Home::load();
    let topology = home.topology(&[]);
    let network = topology.networks().next().unwrap().extended_pan_id;
    let path = |kind, state| DataPath {
        id: "a".into(),
        kind,
        name: "Hub".into(),
        border_agent_id: None,
        extended_address: None,
        addresses: Vec::new(),
        product: None,
        state,
        since: Timestamp::MIN,
        detail: String::new(),
        waits_for_passcode: false,
        is_by_hand: false,
        abilities: Vec::new(),
        last_attempt_at: None,
        last_success_at: None,
        next_attempt_at: None,
        brought: None,
    };
    let of = |check: Option<CredentialCheck>, paths: Vec<DataPath>| {
        let credential = check.map(|check| CredentialView {
            origin: CredentialOrigin::ByHand,
            origin_name: None,
            added_at: Timestamp::MIN,
            active_timestamp_seconds: None,
            has_network_key: true,
            has_pskc: true,
            check,
            detail: String::new(),
        });
        let ways = NetworkWays {
            extended_pan_id: network,
            name: None,
            credential,
            paths,
            airtime_last_hour: Airtime::default(),
            frames_per_hour: 1,
        };
        let context = PlanContext {
            abilities: Abilities::ALL,
            networks: Some(NetworksView {
                networks: vec![ways],
                ..NetworksView::default()
            }),
            listens_on_air: true,
            fabric: None,
        };
        let plan = plan(&topology, &context);
        let all = plan.steps.iter().chain(&plan.otherwise).map(|step| step.kind);
        all.filter(|kind| *kind != StepKind::Pair).collect::<BTreeSet<_>>()
    };
    use DataPathKind::{BorderAgent, OtbrRest};
    let (agent, rest, server) = (StepKind::BorderAgent, StepKind::BorderRouterRest, StepKind::MatterServer);
    let cases = [
        (
            of(None, vec![path(BorderAgent, DataPathState::NeedsCredential)]),
            vec![agent, rest, server],
        ),
        (of(None, vec![path(OtbrRest, DataPathState::Unreachable)]), vec![agent, server]),
        (
            of(Some(CredentialCheck::Matches), vec![path(BorderAgent, DataPathState::Busy)]),
            vec![rest, server],
        ),
        (of(Some(CredentialCheck::Older), Vec::new()), vec![agent, rest, server]),
        (
            of(Some(CredentialCheck::Matches), vec![path(BorderAgent, DataPathState::WrongCredential)]),
            vec![agent, rest, server],
        ),
        (
            of(Some(CredentialCheck::Matches), vec![path(BorderAgent, DataPathState::Working)]),
            vec![server],
        ),
    ];
    for (found, expected) in cases {
        assert_eq!(found, expected.into_iter().collect::<BTreeSet<_>>());
    }
}
