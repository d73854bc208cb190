//! Sweeps of simulated meshes: what they find, how long they take, and that faults neither stop them nor make them lie.

use super::peer::{Layout, Manner, Peer, Seed, Shape, Swept, Way, run};
use super::*;
use std::collections::BTreeSet;
use weft_evidence::FailureTarget;

const START: Duration = Duration::from_secs(1_000);

mod faults;

fn settings(layout: &Layout) -> Settings {
    Settings {
        extended_pan_id: None,
        mesh_local_prefix: layout.prefix,
        relay: Some(layout.relay),
        expected: Vec::new(),
        multicast: true,
        window: 5,
        end_within: Duration::from_secs(30),
        max_frames: None,
    }
}

fn home() -> Layout {
    Shape {
        routers: 8,
        children: 12,
        width: 3,
    }
    .layout()
}

fn sweep_as(layout: &Layout, settings: Settings, way: Way, seed: u64) -> (Swept, Peer) {
    let mut peer = Peer::new(layout.prefix, layout.relay, layout.nodes.clone(), way, seed);
    let mut sweep = Sweep::new(settings, Seed(seed ^ 0x5eed).random(), START);
    let swept = run(&mut sweep, &mut peer, START).expect("every sweep ends");
    assert_eq!(sweep.deadline(), None);
    assert_eq!(sweep.poll_event(), None);
    (swept, peer)
}

fn sweep(layout: &Layout, way: Way, seed: u64) -> Swept {
    sweep_as(layout, settings(layout), way, seed).0
}

fn routers(layout: &Layout) -> Vec<Rloc16> {
    layout.nodes.iter().map(|node| node.rloc16).filter(|rloc16| rloc16.is_router()).collect()
}

fn captures(swept: &Swept) -> Vec<&TmfCapture> {
    let answers = swept
        .events
        .iter()
        .filter_map(|(_, event)| if let Event::Answer(capture) = event { Some(capture) } else { None });
    answers.collect()
}

fn silences(swept: &Swept) -> Vec<&FailureCapture> {
    let silent = swept
        .events
        .iter()
        .filter_map(|(_, event)| if let Event::Silent(failure) = event { Some(failure) } else { None });
    silent.collect()
}

fn peers(swept: &Swept) -> BTreeSet<std::net::Ipv6Addr> {
    captures(swept).iter().map(|capture| capture.peer).collect()
}

fn kill(layout: &mut Layout, rloc16: u16, manner: Manner) -> Rloc16 {
    let node = layout.nodes.iter_mut().find(|node| node.rloc16.get() == rloc16).unwrap();
    node.manner = manner;
    node.rloc16
}

#[test]
fn a_home_answers_whole_within_three_seconds() {
    let layout = home();
    let (swept, peer) = sweep_as(&layout, settings(&layout), Way::default(), 1);
    let outcome = &swept.outcome;
    assert_eq!(outcome.answered, routers(&layout));
    assert_eq!((outcome.silent.len(), outcome.children, outcome.duplicates), (0, 12, 0));
    assert!(!outcome.cut_short && !outcome.multicast_unheard);
    assert!(swept.ended < Duration::from_secs(3), "{:?}", swept.ended);
    assert!(swept.ended >= outcome.took && silences(&swept).is_empty());
    // Full Thread devices that are children are heard too, sleepy ones never asked.
    let full = layout.nodes.iter().filter(|node| node.hears_multicast);
    assert_eq!(peers(&swept), full.map(|node| layout.prefix.rloc(node.rloc16)).collect());
    // One for each part: nobody but the relay was asked by unicast, and nobody twice.
    assert_eq!(outcome.messages as usize, captures(&swept).len());
    // The estimate is what the channel carried, as far as hops are known.
    let (estimated, carried) = (f64::from(outcome.airtime.frames), peer.frames() as f64);
    assert!((estimated / carried - 1.0).abs() < 0.1, "{estimated} {carried}");
}

#[test]
fn a_hundred_nodes_answer_within_ten_seconds() {
    let layout = Shape {
        routers: 32,
        children: 68,
        width: 8,
    }
    .layout();
    let swept = sweep(&layout, Way::default(), 2);
    assert_eq!(swept.outcome.answered, routers(&layout));
    assert_eq!(swept.outcome.children, 68);
    assert!(swept.ended < Duration::from_secs(10), "{:?}", swept.ended);
}

#[test]
fn thirty_two_routers_with_three_hundred_children() {
    let layout = Shape {
        routers: 32,
        children: 300,
        width: 6,
    }
    .layout();
    let swept = sweep(&layout, Way::default(), 3);
    assert_eq!(swept.outcome.answered, routers(&layout));
    assert_eq!((swept.outcome.silent.len(), swept.outcome.children), (0, 300));
}

#[test]
fn what_hardly_ever_changes_can_be_left_out() {
    let layout = home();
    let whole = sweep(&layout, Way::default(), 4);
    let mut peer = Peer::new(layout.prefix, layout.relay, layout.nodes.clone(), Way::default(), 4);
    let mut brief = Sweep::brief(settings(&layout), Seed(4).random(), START);
    let brief = run(&mut brief, &mut peer, START).unwrap();
    assert_eq!(brief.outcome.answered, whole.outcome.answered);
    assert!(
        brief.outcome.airtime.bytes * 10 < whole.outcome.airtime.bytes * 8,
        "{:?}",
        brief.outcome.airtime
    );
}

#[test]
fn a_relay_that_drops_multicast_is_noticed_and_everybody_asked_in_turn() {
    let layout = home();
    let way = Way {
        multicast: false,
        ..Way::default()
    };
    let (swept, _) = sweep_as(&layout, settings(&layout), way, 5);
    assert_eq!(swept.outcome.answered, routers(&layout));
    assert!(swept.outcome.multicast_unheard);
    // The next time nobody tries.
    let unicast = Settings {
        multicast: false,
        ..settings(&layout)
    };
    let (next, _) = sweep_as(&layout, unicast, way, 6);
    assert_eq!(next.outcome.answered, routers(&layout));
    assert!(!next.outcome.multicast_unheard);
    assert!(next.ended < swept.ended, "{:?} {:?}", next.ended, swept.ended);
}

#[test]
fn old_firmware_and_firmware_without_queries_answer_too() {
    let mut layout = home();
    kill(&mut layout, 0x0800, Manner::Old);
    kill(&mut layout, 0x0c00, Manner::OnlyRequests);
    let way = Way {
        multicast: false,
        ..Way::default()
    };
    let swept = sweep(&layout, way, 7);
    assert_eq!(swept.outcome.answered, routers(&layout));
    assert_eq!(swept.outcome.children, 12);
    // That a query was refused is kept as well.
    assert!(captures(&swept).iter().any(|capture| capture.code.as_deref() == Some("4.04")));
    let swept = sweep(&layout, Way::default(), 8);
    assert_eq!(swept.outcome.answered, routers(&layout));
}

#[test]
fn a_relay_that_knows_only_requests_is_asked_so() {
    let mut layout = home();
    let relay = layout.relay.get();
    kill(&mut layout, relay, Manner::OnlyRequests);
    let swept = sweep(&layout, Way::default(), 9);
    assert_eq!(swept.outcome.answered, routers(&layout));
    assert!(silences(&swept).is_empty());
    assert!(swept.ended < Duration::from_secs(3), "{:?}", swept.ended);
}

#[test]
fn a_budget_ends_it_early() {
    let layout = Shape {
        routers: 32,
        children: 68,
        width: 8,
    }
    .layout();
    let whole = sweep(&layout, Way::default(), 10).outcome;
    for share in [2, 4, 20] {
        let budget = whole.airtime.frames / share;
        let tight = Settings {
            max_frames: Some(budget),
            expected: routers(&layout),
            ..settings(&layout)
        };
        let (swept, _) = sweep_as(&layout, tight, Way::default(), 10);
        assert!(swept.outcome.cut_short, "{share}");
        assert!(!swept.outcome.answered.is_empty() && swept.outcome.answered.len() < 32, "{share}");
        assert!(
            swept.outcome.airtime.frames <= budget,
            "{share}: {} of {budget}",
            swept.outcome.airtime.frames
        );
    }
    let ample = Settings {
        max_frames: Some(whole.airtime.frames * 2),
        ..settings(&layout)
    };
    assert!(!sweep_as(&layout, ample, Way::default(), 10).0.outcome.cut_short);
}

#[test]
fn time_ends_it_early() {
    let layout = Shape {
        routers: 32,
        children: 68,
        width: 8,
    }
    .layout();
    let hurried = Settings {
        end_within: Duration::from_millis(1_500),
        ..settings(&layout)
    };
    let (swept, _) = sweep_as(&layout, hurried, Way::default(), 11);
    assert!(swept.outcome.cut_short);
    assert_eq!(swept.ended, Duration::from_millis(1_500));
    assert_eq!(swept.outcome.answered.len() + swept.outcome.silent.len(), 32);
}

#[test]
fn the_same_seed_gives_the_same_sweep() {
    let layout = home();
    let way = Way {
        loss_percent: 20,
        duplicate_percent: 10,
        reorder_percent: 30,
        ..Way::default()
    };
    assert_eq!(sweep(&layout, way, 12), sweep(&layout, way, 12));
    assert_ne!(sweep(&layout, way, 12), sweep(&layout, way, 13));
}
