//! The driver over real datagrams on loopback, against simulated border agents.

mod peer;

use super::*;
use crate::clock;
use crate::event::{Inbox, channel};
use crate::mesh::tests::{NETWORK_KEY, PSKC, network};
use crate::mesh::way::WayFailure;
use peer::{Manner, Simulated};
use tokio::net::UdpSocket;
use weft_evidence::CaptureBody;
use weft_model::{AbilityKind, MeshLocalPrefix};
use weft_thread::credential::{Passcode, Pskc};
use weft_thread::dtls::Closed;

/// That of the simulated mesh.
const PREFIX: [u8; 8] = [0xfd, 0x11, 0x22, 0x33, 0x44, 0x55, 0x66, 0x77];

fn active() -> Vec<u8> {
    [
        &[0x0e, 8, 0, 0, 0, 0, 0, 5, 0, 0, 2, 8][..],
        &network(1).0,
        &[7, 8],
        &PREFIX,
        &[5, 16],
        &NETWORK_KEY,
        &[4, 16],
        &PSKC,
        &[3, 4],
        b"Home",
    ]
    .concat()
}

fn way(addresses: &[SocketAddr], passcode_addresses: &[SocketAddr]) -> AgentWay {
    AgentWay {
        name: "Hall".to_owned(),
        network: Some(network(1)),
        addresses: addresses.to_vec(),
        passcode_addresses: passcode_addresses.to_vec(),
        commissioner_id: "Weft 0123456789abcdef".to_owned(),
        goodbyes: Goodbyes::default(),
        memory: Memory::default(),
    }
}

fn attempt(sender: &crate::CaptureSender, pskc: [u8; 16], prefix: Option<[u8; 8]>) -> Attempt {
    Attempt {
        sender: sender.clone(),
        pskc: Some(Pskc::new(pskc)),
        passcode: None,
        mesh_local_prefix: prefix.map(MeshLocalPrefix),
        expected: Vec::new(),
        max_frames: 6_000,
        without_multicast: false,
        wants_dataset: false,
    }
}

async fn captures(sender: crate::CaptureSender, mut inbox: Inbox) -> Vec<CaptureBody> {
    drop(sender);
    let mut captures = Vec::new();
    while let Some(event) = inbox.receive().await {
        captures.push(event.body);
    }
    captures
}

fn ability(attempted: &Attempted, kind: AbilityKind) -> Option<bool> {
    attempted
        .abilities
        .iter()
        .find(|(known, _, _)| *known == kind)
        .map(|(_, works, _)| *works)
}

fn run<T>(test: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(test)
}

/// A port that answers everything with what is no DTLS, and one that nobody listens on.
async fn dead_addresses() -> Vec<SocketAddr> {
    let garbage = UdpSocket::bind("127.0.0.1:0").await.unwrap();
    let garbage_at = garbage.local_addr().unwrap();
    tokio::spawn(async move {
        let mut buffer = [0; 2_048];
        while let Ok((_, from)) = garbage.recv_from(&mut buffer).await {
            let _ = garbage.send_to(b"HTTP/1.1 400 Bad Request\r\n\r\n", from).await;
        }
    });
    let closed = UdpSocket::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
    // Of a documentation prefix, and of an interface that does not exist.
    vec![
        garbage_at,
        closed,
        "[2001:db8::1]:49154".parse().unwrap(),
        "[fe80::1%4095]:49154".parse().unwrap(),
    ]
}

#[test]
fn the_live_one_of_many_addresses_brings_the_whole_mesh_and_the_role_is_given_back() {
    run(async {
        let agent = Simulated::new(&PSKC, active(), Manner::default()).await;
        let mut addresses = dead_addresses().await;
        addresses.push(agent.address);
        let (sender, inbox) = channel("mesh", 1_000);
        let way = way(&addresses, &[]);
        let attempted = way.attempt(attempt(&sender, PSKC, None)).await;
        let brought = match &attempted.result {
            Ok(brought) => brought.clone(),
            Err(failure) => panic!("{failure}"),
        };
        assert_eq!((brought.routers, brought.children), (9, 12), "{brought:?}");
        assert!(brought.airtime.frames > 0 && brought.milliseconds > 0);
        assert_eq!(attempted.network, Some(network(1)));
        assert_eq!(attempted.dataset.as_ref().unwrap().expose(), active());
        for kind in [
            AbilityKind::Pskc,
            AbilityKind::Dataset,
            AbilityKind::Petition,
            AbilityKind::Proxy,
            AbilityKind::Multicast,
            AbilityKind::Diagnostics,
        ] {
            assert_eq!(ability(&attempted, kind), Some(true), "{kind:?}");
        }
        agent.wait_until(|seen| !seen.closed.is_empty()).await;
        {
            let seen = agent.seen.lock().unwrap();
            assert_eq!((seen.connected, &seen.commissioner, &seen.closed[..]), (1, &None, &[Closed::ByPeer][..]));
            let order: Vec<&str> = seen.asked.iter().map(String::as_str).filter(|path| *path != "c/ut").collect();
            assert_eq!(order, ["c/ag", "c/cg", "c/cp", "c/cg", "c/cg", "c/ca"]);
        }
        let captures = captures(sender, inbox).await;
        let answers = captures
            .iter()
            .filter(|body| matches!(body, CaptureBody::Tmf(tmf) if tmf.uri == "d/da" || tmf.uri == "d/dg"))
            .count();
        assert!(answers >= 9, "{answers}");
        assert_eq!(
            captures
                .iter()
                .filter(|body| matches!(body, CaptureBody::Tmf(tmf) if tmf.uri == "c/ag"))
                .count(),
            1
        );
        let text = serde_json::to_string(&captures).unwrap();
        for key in [NETWORK_KEY, PSKC] {
            let digits: String = key.iter().map(|byte| format!("{byte:02x}")).collect();
            assert!(!text.contains(&digits[2..22]), "a key is in a capture");
        }
    });
}

#[test]
fn a_wrong_credential_is_said_to_be_one() {
    run(async {
        let agent = Simulated::new(&PSKC, active(), Manner::default()).await;
        let (sender, _inbox) = channel("mesh", 1_000);
        let way = way(&[agent.address], &[]);
        let attempted = way.attempt(attempt(&sender, [7; 16], Some(PREFIX))).await;
        assert!(
            matches!(&attempted.result, Err(WayFailure::WrongCredential(text)) if text.starts_with("Hall refused")),
            "{:?}",
            attempted.result
        );
        assert_eq!(agent.seen.lock().unwrap().connected, 0);
    });
}

#[test]
fn who_holds_the_role_is_named_and_keeps_it() {
    run(async {
        let manner = Manner {
            holder: Some("Phone".to_owned()),
            ..Manner::default()
        };
        let agent = Simulated::new(&PSKC, active(), manner).await;
        let (sender, _inbox) = channel("mesh", 1_000);
        let way = way(&[agent.address], &[]);
        let attempted = way.attempt(attempt(&sender, PSKC, Some(PREFIX))).await;
        assert!(
            matches!(&attempted.result, Err(WayFailure::Busy(text)) if text.contains("“Phone”")),
            "{:?}",
            attempted.result
        );
        agent.wait_until(|seen| !seen.closed.is_empty()).await;
        assert_eq!(agent.seen.lock().unwrap().commissioner.as_deref(), Some("Phone"));
    });
}

#[test]
fn a_role_that_a_killed_run_held_is_taken_back() {
    run(async {
        let manner = Manner {
            holder: Some("Weft 0123456789abcdef".to_owned()),
            ..Manner::default()
        };
        let agent = Simulated::new(&PSKC, active(), manner).await;
        let (sender, _inbox) = channel("mesh", 1_000);
        let way = way(&[agent.address], &[]);
        let attempted = way.attempt(attempt(&sender, PSKC, Some(PREFIX))).await;
        assert!(attempted.result.is_ok(), "{:?}", attempted.result);
        agent.wait_until(|seen| seen.commissioner.is_none()).await;
    });
}

#[test]
fn what_came_before_a_border_agent_dies_is_kept_and_counted() {
    run(async {
        let (refused, silent) = tokio::join!(dies(false), dies(true));
        assert!(refused < Duration::from_secs(8), "its host says that nobody listens: {refused:?}");
        assert!(silent < Duration::from_secs(10), "{silent:?}");
    });
}

/// How long an attempt takes whose border agent dies in the middle.
async fn dies(silently: bool) -> Duration {
    {
        let manner = Manner {
            dies_after: Some(4),
            dies_silently: silently,
            ..Manner::default()
        };
        let agent = Simulated::new(&PSKC, active(), manner).await;
        let (sender, inbox) = channel("mesh", 1_000);
        let way = way(&[agent.address], &[]);
        let began = clock::running_for();
        let attempted = tokio::time::timeout(Duration::from_secs(60), way.attempt(attempt(&sender, PSKC, Some(PREFIX))))
            .await
            .unwrap();
        let took = clock::running_for() - began;
        assert!(
            matches!(
                &attempted.result,
                Err(WayFailure::Failed(text) | WayFailure::Unreachable(text)) if text.contains("are kept")
            ),
            "{:?}",
            attempted.result
        );
        assert!(way.take_spent().frames > 0);
        let captures = captures(sender, inbox).await;
        assert!(captures.iter().any(|body| matches!(body, CaptureBody::Tmf(_))));
        let blamed = captures.iter().filter(|body| matches!(body, CaptureBody::Failure(_))).count();
        assert_eq!(blamed, 0, "the border agent's silence is not the routers'");
        took
    }
}

#[test]
fn a_long_silence_of_the_mesh_is_not_taken_for_the_border_agents() {
    run(async {
        let manner = Manner {
            passes_nothing_on: true,
            ..Manner::default()
        };
        let agent = Simulated::new(&PSKC, active(), manner).await;
        let (sender, _inbox) = channel("mesh", 1_000);
        let way = way(&[agent.address], &[]);
        let attempted = way.attempt(attempt(&sender, PSKC, Some(PREFIX))).await;
        assert!(
            matches!(&attempted.result, Err(WayFailure::MeshSilent(text)) if text.contains("nothing comes back")),
            "{:?}",
            attempted.result
        );
    });
}

#[test]
fn who_falls_silent_over_the_proof_has_likely_another_credential() {
    let mut found = crate::mesh::sweeping::Found::default();
    let failure = super::run::during_connect(&way(&[], &[]), &Closed::ProofUnanswered, AbilityKind::Pskc, &mut found);
    assert!(
        matches!(&failure, WayFailure::LikelyWrongCredential(text) if text.contains("most likely") && text.contains("Enter the present one")),
        "{failure:?}"
    );
}

#[test]
fn a_dropped_attempt_gives_the_role_back_all_the_same() {
    run(async {
        let manner = Manner {
            passes_nothing_on: true,
            ..Manner::default()
        };
        let agent = Simulated::new(&PSKC, active(), manner).await;
        let (sender, _inbox) = channel("mesh", 1_000);
        let way = Arc::new(way(&[agent.address], &[]));
        let goodbyes = way.goodbyes.clone();
        let task = tokio::spawn({
            let (way, attempt) = (Arc::clone(&way), attempt(&sender, PSKC, Some(PREFIX)));
            async move { way.attempt(attempt).await.result.is_ok() }
        });
        agent.wait_until(|seen| seen.asked.iter().any(|path| path == "c/ut")).await;
        assert_eq!(agent.seen.lock().unwrap().commissioner.as_deref(), Some("Weft 0123456789abcdef"));
        task.abort();
        assert!(task.await.unwrap_err().is_cancelled());
        goodbyes.through(Duration::from_secs(3)).await;
        agent.wait_until(|seen| seen.commissioner.is_none() && !seen.closed.is_empty()).await;
        assert!(way.take_spent().frames > 0, "its radio time counts");
        assert_eq!(way.take_spent().frames, 0, "once");
    });
}

#[test]
fn a_passcode_brings_the_dataset_and_takes_no_role() {
    run(async {
        let passcode = (0..10).find_map(|digit| Passcode::parse(&format!("12345678{digit}")).ok()).unwrap();
        let agent = Simulated::new(passcode.expose(), active(), Manner::default()).await;
        let (sender, _inbox) = channel("mesh", 1_000);
        let way = way(&[], &[agent.address]);
        let by_passcode = Attempt {
            passcode: Some(passcode),
            pskc: None,
            ..attempt(&sender, PSKC, None)
        };
        let attempted = way.attempt(by_passcode).await;
        assert!(attempted.result.is_ok(), "{:?}", attempted.result);
        assert_eq!(attempted.dataset.as_ref().unwrap().expose(), active());
        assert_eq!(
            (ability(&attempted, AbilityKind::Passcode), ability(&attempted, AbilityKind::Pskc)),
            (Some(true), None)
        );
        agent.wait_until(|seen| !seen.closed.is_empty()).await;
        assert_eq!(agent.seen.lock().unwrap().asked, ["c/ag"]);
    });
}

#[test]
fn a_border_agent_that_gives_no_dataset_is_said_to() {
    run(async {
        let manner = Manner {
            mute: vec!["c/ag"],
            ..Manner::default()
        };
        let agent = Simulated::new(&PSKC, active(), manner).await;
        let (sender, _inbox) = channel("mesh", 1_000);
        let way = way(&[agent.address], &[]);
        let attempted = way.attempt(attempt(&sender, PSKC, None)).await;
        assert!(
            matches!(&attempted.result, Err(WayFailure::Unsupported(text)) if text.contains("whole active dataset")),
            "{:?}",
            attempted.result
        );
        assert_eq!(ability(&attempted, AbilityKind::Dataset), Some(false));
        agent.wait_until(|seen| !seen.closed.is_empty()).await;
    });
}

#[test]
fn where_nobody_listens_the_addresses_and_reasons_are_told() {
    run(async {
        let closed = UdpSocket::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
        let (sender, _inbox) = channel("mesh", 1_000);
        let way = way(&[closed], &[]);
        let attempted = way.attempt(attempt(&sender, PSKC, Some(PREFIX))).await;
        assert!(
            matches!(&attempted.result, Err(WayFailure::Unreachable(text)) if text.contains(&closed.to_string())),
            "{:?}",
            attempted.result
        );
        let nowhere = super::tests::way(&[], &[]).attempt(attempt(&sender, PSKC, Some(PREFIX))).await;
        assert!(matches!(nowhere.result, Err(WayFailure::Unreachable(_))));
    });
}

#[test]
fn the_dataset_that_the_network_uses_is_fetched_where_it_is_wanted_and_the_mesh_is_asked_without_it() {
    run(async {
        for (wants_dataset, mute, expected) in [(false, &[][..], None), (true, &[], Some(active())), (true, &["c/ag"], None)] {
            let manner = Manner {
                mute: mute.to_vec(),
                ..Manner::default()
            };
            let agent = Simulated::new(&PSKC, active(), manner).await;
            let (sender, _inbox) = channel("mesh", 1_000);
            let attempt = Attempt {
                wants_dataset,
                ..attempt(&sender, PSKC, Some(PREFIX))
            };
            let attempted = way(&[agent.address], &[]).attempt(attempt).await;
            assert!(attempted.result.is_ok(), "{:?}", attempted.result);
            assert_eq!(attempted.dataset.map(|dataset| dataset.expose().to_vec()), expected);
        }
    });
}
