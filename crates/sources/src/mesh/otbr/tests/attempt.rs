//! Attempts against the recorded border routers of each generation.

use super::replay::{Twist, asked_for, otbr, recorded};
use super::*;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use weft_model::ExtendedPanId;

const NETWORK: ExtendedPanId = ExtendedPanId([0xde, 0xad, 0x11, 0x11, 0xbe, 0xef, 0x22, 0x22]);
const OWN: &str = "5616f19227d2c4ae";

#[tokio::test]
async fn the_json_api_brings_every_router_with_its_children() {
    let (server, seen) = otbr("2026", Twist::default()).await;
    let tried = try_once(server.base()).await;
    let brought = tried.brought();
    assert_eq!(
        (brought.routers, brought.silent_routers, brought.children, brought.answers),
        (11, 0, 14, 13)
    );
    assert!(brought.airtime.frames > 100 && brought.airtime.frames < 2_000, "{:?}", brought.airtime);
    assert_eq!(tried.attempted.network, Some(NETWORK));
    assert_eq!(tried.attempted.routers.len(), 11);
    assert_eq!(tried.attempted.product.as_deref(), Some("OpenThread border router, REST API 0.5.0"));
    assert_eq!(tried.ability(AbilityKind::Diagnostics), Some((true, None)));
    assert_eq!(tried.ability(AbilityKind::Dataset), Some((true, None)));
    assert_eq!(tried.attempted.dataset.as_ref().unwrap().public().extended_pan_id, Some(NETWORK));
    assert!(tried.failures().is_empty());
    let seen = seen.lock().unwrap();
    assert_eq!(server.most_connections.load(Ordering::SeqCst), 1, "one connection at a time");
    assert_eq!(seen.most_open, 1, "one task at a time: those that wait run out");
    assert_eq!((seen.posted.len(), seen.refused), (14, 0));
    assert!(seen.tasks.is_empty(), "our own are deleted: {:?}", seen.tasks);
    assert!(seen.disturbed.is_empty(), "{:?}", seen.disturbed);
    // Only the border router itself is asked for what is the same for all; nobody is asked who is no router.
    assert!(asked_for(&seen, OWN).contains("networkData"));
    assert!(!asked_for(&seen, "6ad701a563cc5de1").contains("networkData"));
    assert!(asked_for(&seen, "6ad701a563cc5de1").contains("routerNeighbors"));
    assert!(asked_for(&seen, "cee614e74c68a480").is_empty(), "a sleepy child");
    assert!(asked_for(&seen, "d2eceb5e3e27ad78").contains("route") && !asked_for(&seen, "d2eceb5e3e27ad78").contains("childTable"));
    drop(seen);
    // Polls of tasks under way are no evidence; their ends are.
    let polls = tried.paths().iter().filter(|(path, _)| path.starts_with("GET /api/actions/")).count();
    assert_eq!(polls, 14);
}

#[tokio::test]
async fn captures_are_the_recorded_bodies() {
    let (server, _) = otbr("2026", Twist::default()).await;
    let tried = try_once(server.base()).await;
    let exchanges = recorded("2026");
    let mut compared = 0;
    for body in &tried.heard {
        let CaptureBody::OtbrRest(capture) = body else { continue };
        assert_eq!(capture.base, server.base().to_string());
        if !capture.path.starts_with("/api/diagnostics/") {
            continue;
        }
        let original = exchanges.iter().find(|exchange| exchange.path == capture.path).unwrap();
        assert_eq!(capture.body, serde_json::from_str::<serde_json::Value>(&original.body).unwrap());
        compared += 1;
    }
    assert_eq!(compared, 13);
}

#[tokio::test]
async fn the_oldest_generation_brings_what_is_fresh_in_its_cache() {
    let (server, seen) = otbr("2025", Twist::default()).await;
    let tried = try_once_patiently(server.base()).await;
    let brought = tried.brought();
    // Of 25 entries: those of routers, in the partition of today.
    assert_eq!((brought.routers, brought.silent_routers), (11, 0), "{:?}", tried.attempted.routers);
    assert!(brought.children >= 10, "{brought:?}");
    assert_eq!(
        tried.attempted.product.as_deref(),
        Some("OpenThread border router, REST API (first generation)")
    );
    assert_eq!(tried.attempted.network, Some(NETWORK));
    assert!(tried.attempted.dataset.is_some());
    assert!(seen.lock().unwrap().posted.is_empty());
    assert!(tried.paths().contains(&("GET /diagnostics".to_owned(), 200)));
    assert!(
        tried.paths().contains(&("GET /.well-known/thread/br-rest".to_owned(), 404)),
        "an error is evidence too"
    );
}

#[tokio::test]
async fn entries_of_another_time_are_not_counted() {
    // A partition that is no more, and a router id that nobody has any more, as caches keep them. The fourth entry is a router's (0x1000).
    let other_partition: fn(&mut serde_json::Value) = |entry| entry["LeaderData"]["PartitionId"] = 905_675_455.into();
    let other_locator: fn(&mut serde_json::Value) = |entry| entry["Rloc16"] = 0x0400.into();
    for change in [other_partition, other_locator] {
        let twist = Twist {
            rewrite: Arc::new(move |path, body| match path {
                "/diagnostics" => {
                    let mut entries: serde_json::Value = serde_json::from_str(&body).unwrap();
                    assert_eq!(entries[3]["Rloc16"], 0x1000);
                    change(&mut entries[3]);
                    entries.to_string()
                }
                _ => body,
            }),
            ..Twist::default()
        };
        let (server, _) = otbr("2025", twist).await;
        let tried = try_once(server.base()).await;
        assert_eq!((tried.brought().routers, tried.brought().silent_routers), (10, 1));
        assert!(tried.attempted.routers.contains(&rloc16(0x1000)) && !tried.attempted.routers.contains(&rloc16(0x0400)));
    }
}

async fn try_once_patiently(base: Base) -> Tried {
    try_with(&OtbrWay::new(base), u32::MAX).await
}

#[tokio::test]
async fn a_border_router_that_is_a_child_of_a_dying_partition_still_tells() {
    let (server, _) = otbr("2025-child", Twist::default()).await;
    let tried = try_once(server.base()).await;
    assert_eq!(
        (tried.brought().routers, tried.brought().silent_routers),
        (10, 1),
        "the leader was just switched off"
    );
    let [failure] = tried.failures()[..] else {
        panic!("{:?}", tried.failures())
    };
    assert!(matches!(&failure.target, FailureTarget::ThreadNode { address, .. } if address.to_string() == "fdf0:1cc8:d6f8:f4f0:0:ff:fe00:c400"));
    assert!(tried.attempted.dataset.is_some());
}

#[tokio::test]
async fn a_border_router_without_a_network_says_so() {
    for name in ["2026-before", "2025-before"] {
        let (server, seen) = otbr(name, Twist::default()).await;
        let tried = try_once(server.base()).await;
        let WayFailure::Failed(text) = tried.failure() else {
            panic!("{:?}", tried.failure())
        };
        assert!(text.contains("is disabled") && text.contains("ot-ctl thread start"), "{text}");
        assert!(tried.attempted.dataset.is_none());
        assert_eq!(
            tried.ability(AbilityKind::Dataset),
            Some((false, Some("It has none: it is in no network.")))
        );
        assert_eq!(tried.attempted.network, None, "the stack's defaults are no network");
        assert!(seen.lock().unwrap().posted.is_empty());
        assert_eq!(tried.failures().len(), 1);
    }
}

#[tokio::test]
async fn a_refused_type_costs_that_type_and_is_not_asked_for_again() {
    for (names_it, most_refusals) in [(true, 3), (false, 16)] {
        let known = Twist::default().knows;
        let twist = Twist {
            knows: Arc::new(move |name| known(name) && name != "mleCounters"),
            names_it,
            ..Twist::default()
        };
        let (server, seen) = otbr("2026", twist).await;
        let way = OtbrWay::new(server.base()).hurried();
        let tried = try_with(&way, u32::MAX).await;
        assert_eq!(tried.brought().routers, 11);
        assert_eq!(
            tried.ability(AbilityKind::Diagnostics),
            Some((true, Some("It refuses to be asked for mleCounters.")))
        );
        let refused = std::mem::take(&mut seen.lock().unwrap().refused);
        assert!((1..=most_refusals).contains(&refused), "{refused}");
        let asked = asked_for(&seen.lock().unwrap(), OWN);
        assert!(asked.contains("macCounters") && asked.contains("children") && !asked.contains("mleCounters"));
        try_with(&way, u32::MAX).await;
        assert_eq!(seen.lock().unwrap().refused, 0, "remembered");
    }
}

#[tokio::test]
async fn names_of_before_july_2026_are_found() {
    let twist = Twist {
        knows: Arc::new(|name| !["eui", "threadVersion", "route64", "ip6AddressList", "childrenIpv6Addresses"].contains(&name)),
        ..Twist::default()
    };
    let (server, seen) = otbr("2026", twist).await;
    let tried = try_once(server.base()).await;
    assert_eq!(
        (tried.brought().routers, tried.ability(AbilityKind::Diagnostics)),
        (11, Some((true, None)))
    );
    let asked = asked_for(&seen.lock().unwrap(), OWN);
    assert!(["eui64", "version", "route"].iter().all(|name| asked.contains(*name)), "{asked:?}");
}

#[tokio::test]
async fn where_every_task_is_refused_that_is_said() {
    let twist = Twist {
        knows: Arc::new(|_| false),
        ..Twist::default()
    };
    let (server, _) = otbr("2026", twist).await;
    let tried = try_once(server.base()).await;
    assert!(
        matches!(tried.failure(), WayFailure::Unsupported(text) if text.contains("refuses every task")),
        "{:?}",
        tried.failure()
    );
    assert_eq!(tried.ability(AbilityKind::Diagnostics), Some((false, Some("It refuses every task."))));
    assert!(tried.attempted.dataset.is_some(), "what it does hand out is kept");
}

#[tokio::test]
async fn an_old_item_is_no_answer() {
    // One router's items are from before the question, as when the agent keeps what it had.
    let twist = Twist {
        rewrite: Arc::new(
            |path, body| match path.starts_with("/api/diagnostics/") && body.contains("\"0x2000\",\n\t\t\t\"routerId\"") {
                true => body.replace("2026-11-20T13:4", "2026-11-20T13:3"),
                false => body,
            },
        ),
        ..Twist::default()
    };
    let (server, seen) = otbr("2026", twist).await;
    let tried = try_once(server.base()).await;
    assert_eq!((tried.brought().routers, tried.brought().silent_routers), (10, 1));
    let [failure] = tried.failures()[..] else {
        panic!("{:?}", tried.failures())
    };
    assert_eq!(failure.error, "the border router only has an answer from before the question");
    let FailureTarget::ThreadNode { extended_pan_id, address } = &failure.target else {
        panic!()
    };
    assert_eq!(
        (*extended_pan_id, address.to_string().as_str()),
        (Some(NETWORK), "fe80::4834:565e:359e:1b8d")
    );
    assert!(tried.attempted.routers.contains(&rloc16(0x2000)));
    // It was asked once: a neighbour told which radio has the locator that nobody answered for.
    let seen = seen.lock().unwrap();
    assert_eq!(
        seen.posted
            .iter()
            .filter(|task| ["4a34565e359e1b8d", "0x2000"].contains(&task["attributes"]["destination"].as_str().unwrap_or_default()))
            .count(),
        1
    );
}

#[tokio::test]
async fn without_the_device_collection_route64_names_the_routers() {
    let twist = Twist {
        rewrite: Arc::new(|path, body| if path == "/api/devices" { "{\"data\":[]}".to_owned() } else { body }),
        ..Twist::default()
    };
    let (server, seen) = otbr("2026", twist).await;
    let tried = try_once(server.base()).await;
    assert_eq!((tried.brought().routers, tried.brought().silent_routers), (11, 0));
    // The first by its locator; its neighbours by the radio addresses that it told.
    let seen = seen.lock().unwrap();
    let by_locator = seen
        .posted
        .iter()
        .filter(|task| task["attributes"]["destination"].as_str().is_some_and(|text| text.starts_with("0x")))
        .count();
    assert!((1..11).contains(&by_locator), "{by_locator}");
}

#[tokio::test]
async fn radio_time_is_kept_within_what_is_allowed() {
    let (server, seen) = otbr("2026", Twist::default()).await;
    let tried = try_with(&OtbrWay::new(server.base()).hurried(), 0).await;
    // The border router's own tables cost none.
    assert_eq!(
        (tried.brought().routers, tried.brought().silent_routers, tried.brought().airtime.frames),
        (1, 10, 0)
    );
    let (works, detail) = tried.ability(AbilityKind::Diagnostics).unwrap();
    assert!(works && detail.unwrap().contains("stopped early"), "{detail:?}");
    assert_eq!(seen.lock().unwrap().posted.len(), 1);
    let mut last = 1;
    for allowed in [150, 300, 600] {
        let tried = try_with(&OtbrWay::new(server.base()).hurried(), allowed).await;
        let brought = tried.brought();
        assert!(brought.airtime.frames <= allowed + 60, "{brought:?}");
        assert!(brought.routers >= last);
        last = brought.routers;
    }
    let (server, _) = otbr("2025", Twist::default()).await;
    let tried = try_with(&OtbrWay::new(server.base()).hurried(), 3).await;
    assert!(matches!(tried.failure(), WayFailure::Failed(text) if text.contains("radio time")));
}

#[tokio::test]
async fn an_attempt_that_is_dropped_takes_its_task_back() {
    let twist = Twist {
        hangs: true,
        ..Twist::default()
    };
    let (server, seen) = otbr("2026", twist).await;
    let way = OtbrWay::new(server.base()).hurried();
    let (sender, _inbox) = channel("border routers", 1000);
    let mut begun = way.attempt(attempt(sender, u32::MAX));
    let waited = tokio::time::timeout(Duration::from_millis(400), &mut begun).await;
    assert!(waited.is_err(), "the task never ends");
    assert_eq!(seen.lock().unwrap().tasks.len(), 1);
    drop(begun);
    for _ in 0..100 {
        if seen.lock().unwrap().tasks.is_empty() {
            break;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    let seen = seen.lock().unwrap();
    assert!(seen.tasks.is_empty() && seen.disturbed.is_empty(), "{seen:?}");
}

#[tokio::test]
async fn builds_that_delete_no_single_task_are_not_asked_to_again() {
    let twist = Twist {
        deletes: false,
        ..Twist::default()
    };
    let (server, seen) = otbr("2026", twist).await;
    let tried = try_once(server.base()).await;
    assert_eq!(tried.brought().routers, 11);
    assert!(seen.lock().unwrap().disturbed.is_empty());
    assert_eq!(tried.paths().iter().filter(|(path, _)| path.starts_with("DELETE")).count(), 1);
}
