//! Loss, death, garbage, and a thousand sweeps.

use super::*;
use crate::coap::{Endpoint, Patience, Request};
use std::net::Ipv6Addr;

#[test]
fn a_dead_router_is_asked_twice_and_told_of_twice() {
    let mut layout = home();
    let dead = kill(&mut layout, 0x1000, Manner::Dead);
    let swept = sweep(&layout, Way::default(), 21);
    assert_eq!(swept.outcome.silent, [dead]);
    assert_eq!(swept.outcome.answered.len(), 7);
    let silences = silences(&swept);
    assert_eq!(silences.len(), 2);
    for silence in silences {
        let FailureTarget::ThreadNode { address, .. } = &silence.target else {
            panic!("{silence:?}")
        };
        assert_eq!(*address, layout.prefix.rloc(dead));
        assert_eq!(silence.error, "no answer within 3 s");
    }
    assert!(!swept.outcome.cut_short);
    assert!(swept.ended < Duration::from_secs(9), "{:?}", swept.ended);
}

#[test]
fn who_is_expected_is_asked_even_if_nobody_names_it() {
    let layout = home();
    let gone = Rloc16::new(0xf400).unwrap();
    let expecting = Settings {
        // A child stands for its parent.
        expected: vec![Rloc16::new(0xf401).unwrap()],
        ..settings(&layout)
    };
    let (swept, _) = sweep_as(&layout, expecting, Way::default(), 22);
    assert_eq!((swept.outcome.silent.clone(), swept.outcome.answered.len()), (vec![gone], 8));
}

#[test]
fn nobody_there_ends_soon_and_says_so() {
    let mut layout = home();
    for node in &mut layout.nodes {
        node.manner = Manner::Dead;
    }
    let swept = sweep(&layout, Way::default(), 23);
    assert_eq!(swept.outcome.silent, [layout.relay]);
    assert_eq!((swept.outcome.messages, swept.outcome.took), (0, Duration::ZERO));
    assert!(!swept.outcome.multicast_unheard && silences(&swept).len() == 1);
    let nobody = Settings {
        relay: None,
        ..settings(&layout)
    };
    let (swept, _) = sweep_as(&layout, nobody, Way::default(), 23);
    assert!(swept.outcome.silent.is_empty() && swept.ended == Duration::from_secs(3));
}

#[test]
fn a_third_of_all_datagrams_lost() {
    let layout = home();
    let way = Way {
        loss_percent: 30,
        ..Way::default()
    };
    let mut whole = 0;
    for seed in 0..40 {
        let swept = sweep(&layout, way, 100 + seed);
        let outcome = &swept.outcome;
        whole += outcome.answered.len();
        let named: BTreeSet<_> = outcome.answered.iter().chain(&outcome.silent).copied().collect();
        assert!(named.is_subset(&routers(&layout).into_iter().collect()), "{named:?}");
        assert_eq!(outcome.messages as usize, captures(&swept).len() + outcome.duplicates as usize);
    }
    // Both questions, or their answers, are lost now and then.
    assert!(whole >= 40 * 8 * 95 / 100, "{whole} of 320");
}

#[test]
fn duplicates_are_dropped_and_order_does_not_matter() {
    let layout = Shape {
        routers: 8,
        children: 60,
        width: 3,
    }
    .layout();
    let way = Way {
        duplicate_percent: 60,
        reorder_percent: 60,
        ..Way::default()
    };
    let swept = sweep(&layout, way, 24);
    assert_eq!(swept.outcome.answered, routers(&layout));
    assert_eq!(swept.outcome.children, 60);
    assert!(swept.outcome.duplicates > 0);
    let kept: Vec<_> = captures(&swept).iter().map(|capture| (capture.peer, capture.payload.clone())).collect();
    assert_eq!(kept.len(), kept.iter().collect::<BTreeSet<_>>().len());
    assert_eq!(swept.outcome.messages, swept.outcome.duplicates + kept.len() as u32);
}

#[test]
fn an_answer_to_an_earlier_query_is_kept_and_completes_nobody() {
    let layout = home();
    let mut sweep = Sweep::new(settings(&layout), Seed(25).random(), START);
    let late = layout.prefix.rloc(layout.relay);
    // Query 0xffff is not ours: seeds give others.
    let payload = [33, 2, 0xff, 0xff, 1, 2, 0, 0, 0, 8, 1, 2, 3, 4, 5, 6, 7, 8, 32, 2, 0x80, 0];
    let mut node: Endpoint<()> = Endpoint::new(Patience::default(), Seed(1).random());
    let request = Request {
        uri: "d/da",
        payload: &payload,
        confirmable: true,
        wants_response: false,
    };
    node.request((), &request, START);
    let ((), datagram) = node.poll_transmit().unwrap();
    while sweep.poll_transmit().is_some() {}
    sweep.receive(late, &datagram, START);
    assert!(matches!(sweep.poll_event(), Some(Event::Answer(capture)) if capture.peer == late && capture.asked.is_none()));
    let (destination, acknowledgment) = sweep.poll_transmit().unwrap();
    assert_eq!((destination, acknowledgment[0] >> 4, acknowledgment[1]), (late, 6, 0x44));
    let mut now = START;
    while let Some(at) = sweep.deadline() {
        now = at;
        sweep.handle_timeout(now);
    }
    let ended = std::iter::from_fn(|| sweep.poll_event()).last().unwrap();
    assert!(matches!(ended, Event::Ended(outcome) if outcome.answered.is_empty() && outcome.silent == [layout.relay]));
    // After the end, too, it is acknowledged, and nothing is told.
    sweep.receive(late, &datagram, now);
    assert!(sweep.poll_transmit().is_some() && sweep.poll_event().is_none());
}

#[test]
fn garbage_from_anywhere_invents_nothing() {
    let layout = home();
    let mut sweep = Sweep::new(settings(&layout), Seed(26).random(), START);
    let mut seed = Seed(27);
    let mut answers = 0;
    for round in 0..20_000u64 {
        let mut datagram: Vec<u8> = (0..seed.draw() % 90).map(|_| seed.draw() as u8).collect();
        if round % 3 == 0 {
            // As far as CoAP goes, it is an answer.
            let id = round.to_be_bytes();
            let header = [0x40, 0x02, id[6], id[7], 0xb1, b'd', 0x02, b'd', b'a', 0xff];
            datagram = header.into_iter().chain([0xfe]).chain(datagram).collect();
        }
        let source = match round % 4 {
            0 => layout.prefix.rloc(Rloc16::new((seed.draw() % 63) as u16 * 1_024).unwrap()),
            1 => Ipv6Addr::from(u128::from(layout.prefix.prefix().address()) | u128::from(seed.draw())),
            2 => Ipv6Addr::from(u128::from(seed.draw()) << 64 | u128::from(seed.draw())),
            _ => layout.prefix.rloc(Rloc16::new((seed.draw() % 63) as u16 * 1_024 + 1).unwrap()),
        };
        sweep.receive(source, &datagram, START + Duration::from_micros(round));
        while sweep.poll_transmit().is_some() {}
        while let Some(event) = sweep.poll_event() {
            answers += usize::from(matches!(event, Event::Answer(_)));
        }
    }
    // It is kept as what it is, within bounds.
    assert!(answers > 0 && answers <= super::super::answers::MAX_MESSAGES);
    let mut outcome = None;
    while let Some(at) = sweep.deadline() {
        sweep.handle_timeout(at);
        while let Some(event) = sweep.poll_event() {
            outcome = if let Event::Ended(outcome) = event { Some(outcome) } else { None }.or(outcome);
        }
    }
    let outcome = outcome.unwrap();
    assert_eq!((outcome.answered, outcome.children), (vec![], 0));
}

#[test]
fn a_thousand_sweeps_leave_nothing_behind() {
    // One mesh, whose nodes go on counting, and a sweep of its own each time: late answers of one reach the next.
    let layout = home();
    let way = Way {
        loss_percent: 5,
        duplicate_percent: 5,
        ..Way::default()
    };
    let mut peer = Peer::new(layout.prefix, layout.relay, layout.nodes.clone(), way, 28);
    let mut now = START;
    let mut whole = 0;
    for seed in 0..1_000 {
        let mut sweep = Sweep::new(settings(&layout), Seed(seed).random(), now);
        let swept = run(&mut sweep, &mut peer, now).unwrap();
        whole += usize::from(swept.outcome.silent.is_empty() && swept.outcome.children == 12);
        now += swept.ended + Duration::from_millis(200);
    }
    assert!(whole >= 990, "{whole}");
}
