//! What persons and other sources want.

use super::super::Given;
use super::super::kept::Kept;
use super::super::way::WayFailure;
use super::world::{Answer, SWEEP, Stage, run};
use super::{NETWORK_KEY, PSKC, dataset, dataset_hex, network};
use crate::directory::AgentService;
use weft_model::{BorderAgentRecord, CredentialCheck, CredentialOrigin, DataPathKind, DataPathState, Refusal};
use weft_thread::credential::OperationalDataset;
use zeroize::Zeroizing;

/// Nine digits whose last one fits.
const PASSCODE: &str = "123456788";

fn passcode() -> String {
    let fits = |digit: &u32| weft_thread::credential::Passcode::parse(&format!("{}{digit}", &PASSCODE[..8])).is_ok();
    let last = (0..10).find(fits).unwrap();
    format!("{}{last}", &PASSCODE[..8])
}

#[test]
fn a_passcode_brings_the_dataset_and_the_mesh_is_asked_at_once() {
    run(async {
        let stage = Stage::new();
        stage.script("Hall", &[Answer::Dataset(network(1), 5), SWEEP]);
        stage.announce("Hall", network(1), 5);
        stage.pass(5).await;
        let error = stage.handle.enter("agent-hall", &passcode()).unwrap_err();
        assert!(
            matches!(&error, Refusal::NotNow(text) if text.contains("waits for no passcode")),
            "{error}"
        );
        stage.set("Hall", AgentService::Passcode, Some(BorderAgentRecord::default()));
        stage.pass(1).await;
        let hall = stage.path("agent-hall");
        assert!(hall.waits_for_passcode && hall.detail.contains("passcode"), "{}", hall.detail);
        assert!(matches!(stage.handle.enter("agent-hall", "12"), Err(Refusal::Wrong(_))));
        assert!(matches!(stage.handle.enter("agent-none", &passcode()), Err(Refusal::Unknown(_))));
        stage.handle.enter("agent-hall", &passcode()).unwrap();
        stage.pass(5).await;
        let seen: Vec<&str> = stage.world.seen.lock().unwrap().iter().map(|seen| seen.with).collect();
        assert_eq!(seen, ["passcode", "pskc"]);
        assert_eq!(stage.path("agent-hall").state, DataPathState::Working);
        let credential = stage.handle.view().networks[0].credential.clone().unwrap();
        assert_eq!(
            (credential.origin, credential.origin_name.as_deref()),
            (CredentialOrigin::BorderAgent, Some("Hall"))
        );
        assert_eq!(credential.check, CredentialCheck::Matches);
        assert!(stage.handle.dataset(network(1)).is_some());
    });
}

#[test]
fn a_wrong_passcode_says_so_and_costs_nothing_else() {
    run(async {
        let stage = Stage::new();
        let refused = Answer::Fails(WayFailure::WrongCredential("Hall refused the passcode.".to_owned()));
        stage.script("Hall", &[refused, SWEEP]);
        stage.announce("Hall", network(1), 5);
        stage.set("Hall", AgentService::Passcode, Some(BorderAgentRecord::default()));
        stage.pass(5).await;
        stage.handle.enter("agent-hall", &passcode()).unwrap();
        stage.pass(60).await;
        assert_eq!(stage.path("agent-hall").detail, "Hall refused the passcode.");
        assert_eq!(stage.tried().len(), 1, "it is not tried again by itself");
        stage
            .handle
            .learn(&dataset(network(1), 5), CredentialOrigin::HomeAssistant, None)
            .unwrap();
        stage.pass(5).await;
        assert_eq!(stage.tried().len(), 1);
        assert_eq!(stage.path("agent-hall").state, DataPathState::Working);
    });
}

#[test]
fn whoever_wants_it_asked_now_gets_it_and_nobody_can_flood() {
    run(async {
        let stage = Stage::new();
        let small = [Answer::Sweep {
            routers: 2,
            silent: 0,
            frames: 100,
        }];
        stage.script("Attic", &small);
        stage.script("Hall", &small);
        assert!(matches!(stage.handle.ask_now(Some(network(1)), None), Err(Refusal::Unknown(_))));
        stage.announce("Attic", network(1), 5);
        stage.announce("Hall", network(1), 5);
        stage.pass(5).await;
        assert!(matches!(stage.handle.ask_now(Some(network(1)), None), Err(Refusal::NotNow(_))));
        stage
            .handle
            .learn(&dataset(network(1), 5), CredentialOrigin::HomeAssistant, None)
            .unwrap();
        stage.pass(20).await;
        stage.tried();
        for _ in 0..100 {
            stage.handle.ask_now(Some(network(1)), None).unwrap();
            stage.pass(1).await;
        }
        let tried = stage.tried();
        assert!((9..=11).contains(&tried.len()), "{} attempts in 100 s", tried.len());
        assert!(tried.iter().all(|name| name == "Attic"));
        for _ in 0..100 {
            stage.handle.ask_now(Some(network(1)), None).unwrap();
            stage.handle.ask_now(None, Some("agent-hall")).unwrap();
            stage.pass(1).await;
        }
        let tried = stage.tried().len();
        assert!((9..=11).contains(&tried), "{tried} attempts in 100 s, whoever is named");
        stage.pass(20).await;
        stage.tried();
        stage.handle.ask_now(None, Some("agent-hall")).unwrap();
        stage.pass(3).await;
        assert_eq!(stage.tried(), ["Hall"], "whatever stands by");
        stage.handle.ask_now(None, Some("agent-hall")).unwrap();
        stage.pass(5).await;
        assert_eq!(stage.tried(), [""; 0], "not within ten seconds");
        stage.pass(5).await;
        assert_eq!(stage.tried(), ["Hall"], "and then without being asked for again");
        stage.pass(300).await;
        assert_eq!(stage.tried(), [""; 0], "a wish is done once");
    });
}

#[test]
fn apis_are_named_found_and_given_up() {
    run(async {
        let mut stage = Stage::new();
        stage.script("http://192.0.2.9:8081", &[SWEEP]);
        assert!(matches!(stage.handle.add_rest("no address"), Err(Refusal::Wrong(_))));
        let id = stage.handle.add_rest("http://192.0.2.9:8081").unwrap();
        assert_eq!(stage.handle.add_rest("http://192.0.2.9:8081").unwrap(), id);
        stage.pass(5).await;
        assert_eq!(stage.tried(), ["http://192.0.2.9:8081"]);
        let path = stage.path(&id);
        assert_eq!(
            (path.kind, path.is_by_hand, path.state),
            (DataPathKind::OtbrRest, true, DataPathState::Working)
        );
        assert_eq!(stage.handle.view().networks[0].extended_pan_id, None);
        stage.end().await;
        let stage = Stage::again(stage.folder.clone(), stage.world.clone());
        stage.pass(5).await;
        assert_eq!(stage.tried(), ["http://192.0.2.9:8081"], "after a restart too");
        stage.handle.remove(&id).unwrap();
        assert!(matches!(stage.handle.remove(&id), Err(Refusal::Unknown(_))));
        stage.pass(3_600).await;
        assert_eq!(stage.tried(), [""; 0]);
        *stage.world.api_at.lock().unwrap() = Some("192.0.2.1:49154".parse().unwrap());
        stage.script("http://api:8081", &[Answer::Dataset(network(1), 5), SWEEP]);
        stage.script("Hall", &[SWEEP]);
        stage.announce("Hall", network(1), 5);
        stage.pass(5).await;
        assert_eq!(stage.tried()[0], "http://api:8081", "what a border router offers is found");
        assert!(stage.handle.dataset(network(1)).is_some(), "and its dataset is taken over");
        assert!(matches!(stage.handle.remove("rest-http-api-8081"), Err(Refusal::NotNow(_))));
    });
}

#[test]
fn what_is_forgotten_opens_nothing_any_more() {
    run(async {
        let stage = Stage::new();
        stage.script("Hall", &[SWEEP]);
        stage.announce("Hall", network(1), 5);
        assert!(matches!(stage.handle.forget(network(1)), Err(Refusal::Unknown(_))));
        stage.handle.give(Given::Dataset(Zeroizing::new(dataset_hex(network(1), 5)))).unwrap();
        stage.pass(5).await;
        stage.handle.forget(network(1)).unwrap();
        stage.tried();
        stage.pass(3_600).await;
        assert_eq!(stage.tried(), [""; 0]);
        assert!(stage.handle.dataset(network(1)).is_none());
        assert_eq!(stage.path("agent-hall").state, DataPathState::NeedsCredential);
        assert_eq!(stage.handle.view().networks[0].credential, None);
    });
}

#[test]
fn no_key_is_in_files_views_or_errors() {
    run(async {
        let stage = Stage::new();
        stage.script("Hall", &[SWEEP]);
        stage.announce("Hall", network(1), 5);
        stage.handle.give(Given::Dataset(Zeroizing::new(dataset_hex(network(1), 5)))).unwrap();
        let hex = |key: &[u8]| key.iter().map(|byte| format!("{byte:02x}")).collect::<String>();
        stage.handle.give(Given::Pskc(network(2), Zeroizing::new(hex(&PSKC)))).unwrap();
        stage.pass(10).await;
        let older = stage.handle.give(Given::Dataset(Zeroizing::new(dataset_hex(network(1), 4)))).unwrap_err();
        let cut = dataset_hex(network(1), 9);
        let cut = stage
            .handle
            .give(Given::Dataset(Zeroizing::new(cut[..cut.len() - 3].to_owned())))
            .unwrap_err();
        let wrong = stage
            .handle
            .give(Given::Pskc(network(2), Zeroizing::new(hex(&PSKC)[..30].to_owned())))
            .unwrap_err();
        let mut texts = vec![
            serde_json::to_string(&stage.handle.view()).unwrap(),
            format!("{older} {older:?} {cut} {cut:?} {wrong} {wrong:?}"),
        ];
        texts.push(format!("{:?}", stage.reports.lock().unwrap()));
        let mut files = vec![stage.folder.0.clone()];
        let mut read = 0;
        while let Some(path) = files.pop() {
            if path.is_dir() {
                files.extend(std::fs::read_dir(path).unwrap().map(|entry| entry.unwrap().path()));
            } else {
                read += 1;
                texts.push(String::from_utf8_lossy(&std::fs::read(path).unwrap()).into_owned());
            }
        }
        assert_eq!(read, 4, "two credentials, the seal's key, and what is no secret");
        let keys = [NETWORK_KEY, PSKC];
        for key in keys {
            let texts_of_key = [
                String::from_utf8_lossy(&key[1..]).into_owned(),
                hex(&key)[2..].to_owned(),
                hex(&key)[2..].to_uppercase(),
            ];
            for text in &texts {
                assert!(
                    texts_of_key.iter().all(|of_key| !text.contains(&of_key[..20.min(of_key.len())])),
                    "{text}"
                );
            }
        }
        assert!(!Kept::open(&stage.folder.0).paused);
    });
}

#[test]
fn a_border_router_speaks_for_its_own_network_only() {
    run(async {
        let stage = Stage::new();
        stage.script("Hall", &[Answer::Dataset(network(2), 9)]);
        stage
            .handle
            .learn(&dataset(network(2), 5), CredentialOrigin::HomeAssistant, None)
            .unwrap();
        stage.announce("Hall", network(1), 5);
        stage.set("Hall", AgentService::Passcode, Some(BorderAgentRecord::default()));
        stage.pass(5).await;
        stage.handle.enter("agent-hall", &passcode()).unwrap();
        stage.pass(5).await;
        assert!(stage.handle.dataset(network(1)).is_none());
        let kept = stage.handle.dataset(network(2)).unwrap().public().active_timestamp;
        assert_eq!(kept, Some(5 << 16), "nobody's dataset is replaced by a stranger's");
        let shown: Vec<_> = stage
            .handle
            .view()
            .networks
            .into_iter()
            .filter_map(|network| network.credential)
            .collect();
        assert_eq!(shown.len(), 1);
    });
}

#[test]
fn a_made_up_newer_dataset_is_shown_and_not_used_until_the_kept_one_is_refused() {
    run(async {
        let stage = Stage::new();
        let refusal = Answer::Fails(WayFailure::WrongCredential("Hall refused the network's credential.".to_owned()));
        stage.script("Hall", &[SWEEP]);
        stage.script("Attic", std::slice::from_ref(&refusal));
        stage.announce("Hall", network(1), 5);
        stage.handle.give(Given::Dataset(Zeroizing::new(dataset_hex(network(1), 5)))).unwrap();
        stage.pass(5).await;
        let newer = OperationalDataset::from_hex(&dataset_hex(network(1), 9).replace("a16e6574", "00112233").replace("b270736b", "00112233"));
        let newer = newer.ok().unwrap();
        let learn = || {
            stage
                .handle
                .learn(&newer, CredentialOrigin::HomeAssistant, Some("http://192.0.2.66:8123"))
                .unwrap()
        };
        assert!(!learn());
        let credential = || stage.handle.view().networks[0].credential.clone().unwrap();
        assert_eq!(
            (credential().origin, credential().active_timestamp_seconds),
            (CredentialOrigin::ByHand, Some(5))
        );
        assert!(
            credential()
                .detail
                .contains("The Home Assistant at http://192.0.2.66:8123 hands out a newer dataset"),
            "{}",
            credential().detail
        );
        // One border router more that refuses it, a stranger's for all anybody knows, proves nothing.
        stage.announce("Attic", network(1), 5);
        stage.pass(5).await;
        stage.handle.ask_now(None, Some("agent-attic")).unwrap();
        stage.pass(5).await;
        assert_eq!(stage.path("agent-attic").state, DataPathState::WrongCredential);
        assert_eq!(credential().origin, CredentialOrigin::ByHand);
        // Now all do.
        stage.script("Hall", &[refusal, SWEEP]);
        stage.pass(600).await;
        assert_eq!(credential().origin, CredentialOrigin::HomeAssistant);
        assert!(!credential().detail.contains("hands out"), "{}", credential().detail);
        stage.pass(60).await;
        assert_eq!(stage.path("agent-hall").state, DataPathState::Working);
    });
}

#[test]
fn a_mistyped_passcode_says_nothing_against_the_credential() {
    run(async {
        let stage = Stage::new();
        let refused = Answer::Fails(WayFailure::WrongCredential("Hall refused the passcode.".to_owned()));
        stage.script("Hall", &[SWEEP, refused, SWEEP]);
        stage.announce("Hall", network(1), 5);
        stage.set("Hall", AgentService::Passcode, Some(BorderAgentRecord::default()));
        stage.handle.give(Given::Dataset(Zeroizing::new(dataset_hex(network(1), 5)))).unwrap();
        stage.pass(5).await;
        stage.handle.enter("agent-hall", &passcode()).unwrap();
        stage.pass(5).await;
        let hall = stage.path("agent-hall");
        assert_eq!(
            (hall.state, hall.detail.as_str()),
            (
                DataPathState::Working,
                "Hall lets Weft in; 9 routers answered just now. The passcode did not open it: Hall refused the passcode."
            )
        );
        let other_key = dataset_hex(network(1), 9).replace("a16e6574", "00112233").replace("b270736b", "00112233");
        let other = OperationalDataset::from_hex(&other_key).ok().unwrap();
        assert!(!stage.handle.learn(&other, CredentialOrigin::OtbrRest, None).unwrap());
        stage.pass(600).await;
        assert_eq!(stage.path("agent-hall").state, DataPathState::Working);
    });
}

#[test]
fn a_credential_that_came_while_another_was_refused_is_tried() {
    run(async {
        let stage = Stage::new();
        let refusal = Answer::Fails(WayFailure::WrongCredential("Hall refused the network's credential.".to_owned()));
        stage.script("Hall", &[refusal, SWEEP]);
        stage.announce("Hall", network(1), 5);
        stage.handle.give(Given::Dataset(Zeroizing::new(dataset_hex(network(1), 5)))).unwrap();
        // Each attempt takes a second.
        tokio::time::sleep(std::time::Duration::from_millis(2_500)).await;
        assert_eq!(stage.path("agent-hall").state, DataPathState::Trying);
        stage.handle.give(Given::Dataset(Zeroizing::new(dataset_hex(network(1), 6)))).unwrap();
        stage.pass(60).await;
        assert_eq!(stage.tried(), ["Hall", "Hall"]);
        assert_eq!(stage.path("agent-hall").state, DataPathState::Working);
    });
}

#[test]
fn one_that_is_likely_wrong_is_said_to_be_and_tried_again_now_and_then() {
    run(async {
        let stage = Stage::new();
        let silence = Answer::Fails(WayFailure::LikelyWrongCredential("Hall fell silent.".to_owned()));
        stage.script("Hall", &[silence.clone(), silence, SWEEP]);
        stage.announce("Hall", network(1), 5);
        stage.handle.give(Given::Dataset(Zeroizing::new(dataset_hex(network(1), 5)))).unwrap();
        stage.pass(10).await;
        let hall = stage.path("agent-hall");
        assert_eq!((hall.state, hall.detail.as_str()), (DataPathState::WrongCredential, "Hall fell silent."));
        assert!(hall.next_attempt_at.is_some());
        stage.announce("Elsewhere", network(2), 5);
        stage.pass(10).await;
        assert_eq!(stage.path("agent-hall").state, DataPathState::WrongCredential, "nothing has changed");
        stage.pass(120).await;
        assert_eq!(stage.tried().len(), 3);
        assert_eq!(stage.path("agent-hall").state, DataPathState::Working);
    });
}

#[test]
fn what_is_forgotten_while_it_is_used_is_not_used_on_and_does_not_come_back() {
    run(async {
        let stage = Stage::new();
        stage.script("Hall", &[Answer::Hangs]);
        stage.announce("Hall", network(1), 5);
        let give = || stage.handle.give(Given::Dataset(Zeroizing::new(dataset_hex(network(1), 5)))).unwrap();
        give();
        stage.pass(5).await;
        assert_eq!(stage.path("agent-hall").state, DataPathState::Trying);
        stage.handle.forget(network(1)).unwrap();
        stage.pass(1).await;
        assert_eq!(*stage.world.dropped.lock().unwrap(), 1);
        let hall = stage.path("agent-hall");
        assert_eq!(hall.state, DataPathState::NeedsCredential);
        assert!(hall.detail.contains("needs the credential"), "{}", hall.detail);
        // The same with an answer that comes before anybody could stop it.
        stage.script("Hall", &[Answer::Dataset(network(1), 5)]);
        give();
        stage.tried();
        stage.pass(1).await;
        for _ in 0..50 {
            if stage.path("agent-hall").state == DataPathState::Trying {
                break;
            }
            tokio::time::sleep(std::time::Duration::from_millis(100)).await;
        }
        stage.handle.forget(network(1)).unwrap();
        stage.pass(5).await;
        assert!(stage.handle.dataset(network(1)).is_none());
    });
}

#[test]
fn a_second_passcode_waits_for_nothing_and_says_so() {
    run(async {
        let stage = Stage::new();
        stage.script("Hall", &[Answer::Hangs]);
        stage.announce("Hall", network(1), 5);
        stage.set("Hall", AgentService::Passcode, Some(BorderAgentRecord::default()));
        stage.pass(5).await;
        stage.handle.enter("agent-hall", &passcode()).unwrap();
        stage.handle.enter("agent-hall", &passcode()).unwrap();
        stage.pass(1).await;
        let error = stage.handle.enter("agent-hall", &passcode()).unwrap_err().to_string();
        assert!(error.contains("right now"), "{error}");
        stage.pass(600).await;
        assert_eq!(stage.tried().len(), 1, "who enters twice is tried once");
        stage.handle.enter("agent-hall", &passcode()).unwrap();
    });
}

#[test]
fn a_pause_holds_though_it_cannot_be_kept() {
    run(async {
        let stage = Stage::new();
        stage.script("Hall", &[SWEEP]);
        stage.announce("Hall", network(1), 5);
        stage.handle.give(Given::Dataset(Zeroizing::new(dataset_hex(network(1), 5)))).unwrap();
        // A folder where the file is to be: as good as a full disk, for root too.
        let _ = std::fs::remove_file(stage.folder.0.join("networks.json"));
        std::fs::create_dir_all(stage.folder.0.join("networks.json/in the way")).unwrap();
        let error = stage.handle.set_paused(true).unwrap_err().to_string();
        assert!(error.contains("paused now") && error.contains("restart"), "{error}");
        stage.pass(600).await;
        assert_eq!(stage.tried(), [""; 0]);
        assert!(stage.handle.view().paused);
        assert!(stage.handle.set_paused(false).is_err());
        stage.pass(5).await;
        assert_eq!(stage.tried(), ["Hall"], "questions go on without a file");
    });
}
