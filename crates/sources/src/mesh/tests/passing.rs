//! What passes by itself, and what a person does about it.

use super::super::Given;
use super::super::way::WayFailure;
use super::world::{Answer, SWEEP, Stage, run};
use super::{PSKC, dataset_hex, network};
use crate::directory::AgentService;
use weft_evidence::SourceState;
use weft_model::{AbilityKind, BorderAgentRecord, CredentialCheck, CredentialOrigin, DataPathState, Refusal};
use zeroize::Zeroizing;

fn give(stage: &Stage, number: u8, seconds: u64) -> Result<weft_model::ExtendedPanId, Refusal> {
    stage.handle.give(Given::Dataset(Zeroizing::new(dataset_hex(network(number), seconds))))
}

fn silence() -> Answer {
    Answer::Fails(WayFailure::MeshSilent("Hall does not answer when asked for the role.".to_owned()))
}

fn pauses(stage: &Stage) -> Vec<u64> {
    let seen: Vec<u64> = stage.world.seen.lock().unwrap().iter().map(|seen| seen.at).collect();
    // Each attempt takes a second.
    seen.windows(2).map(|pair| pair[1] - pair[0] - 1).collect()
}

fn credential(stage: &Stage) -> weft_model::CredentialView {
    stage.handle.view().networks[0].credential.clone().unwrap()
}

#[test]
fn a_mesh_without_leader_is_asked_again_within_two_minutes() {
    run(async {
        let stage = Stage::new();
        stage.script("Hall", &[SWEEP, silence()]);
        stage.announce("Hall", network(1), 5);
        give(&stage, 1, 5).unwrap();
        stage.pass(615).await;
        let hall = stage.path("agent-hall");
        assert_eq!(
            (hall.state, hall.detail.as_str()),
            (
                DataPathState::Failed,
                "Hall lets Weft in, and nobody in its mesh answers at the moment: the mesh may be without a leader. Weft tries again in a minute."
            )
        );
        assert!(hall.next_attempt_at.is_some());
        assert!(
            hall.abilities.iter().all(|ability| ability.kind != AbilityKind::Petition),
            "a mesh that is silent says nothing of the border router"
        );
        stage.pass(3_300).await;
        let pauses_so_far = pauses(&stage);
        assert_eq!(pauses_so_far[..5], [600, 30, 60, 120, 120]);
        assert!(pauses_so_far[3..].iter().all(|pause| *pause == 120), "{pauses_so_far:?}");
        stage.pass(12 * 3_600).await;
        assert!(pauses(&stage)[1..].iter().all(|pause| *pause <= 600));
        assert_eq!(pauses(&stage).last(), Some(&600));
        stage.script("Hall", &[SWEEP]);
        stage.pass(600).await;
        assert_eq!(stage.path("agent-hall").state, DataPathState::Working);
    });
}

#[test]
fn a_border_router_that_never_brought_its_mesh_is_said_not_to_do_it_and_asked_every_ten_minutes() {
    run(async {
        let stage = Stage::new();
        stage.script("Hall", &[silence()]);
        stage.announce("Hall", network(1), 5);
        give(&stage, 1, 5).unwrap();
        stage.pass(6 * 3_600).await;
        let hall = stage.path("agent-hall");
        assert_eq!(
            (hall.state, hall.detail.as_str()),
            (DataPathState::Unsupported, "Hall does not answer when asked for the role.")
        );
        let pauses = pauses(&stage);
        assert_eq!(pauses[..2], [300, 600]);
        assert!(pauses[1..].iter().all(|pause| *pause == 600), "{pauses:?}");
    });
}

#[test]
fn a_new_partition_is_news_that_brings_the_next_attempt_forward() {
    run(async {
        let stage = Stage::new();
        stage.script("Hall", &[SWEEP, silence(), silence(), silence(), SWEEP]);
        stage.announce_partition("Hall", network(1), 5, 1);
        give(&stage, 1, 5).unwrap();
        // The third failure brings a rest of two minutes.
        stage.pass(720).await;
        assert_eq!(stage.tried().len(), 4);
        stage.announce_partition("Hall", network(1), 5, 2);
        stage.pass(5).await;
        assert_eq!(stage.tried(), ["Hall"]);
        assert_eq!(stage.path("agent-hall").state, DataPathState::Working);
        // Whoever announces anew all the time is not followed all the time.
        stage.script("Hall", &[silence()]);
        for partition in 3..103 {
            stage.announce_partition("Hall", network(1), 5, partition);
            stage.pass(1).await;
        }
        let tried = stage.tried().len();
        assert!(
            (4..=7).contains(&tried),
            "{tried} attempts in 100 s: a minute apart while it works, then ten seconds"
        );
        stage.pass(15).await;
        stage.tried();
        stage.announce_partition("Hall", network(1), 5, 200);
        stage.pass(5).await;
        assert_eq!(stage.tried(), ["Hall"], "and all that holds back nothing later");
    });
}

fn passcode() -> String {
    let fits = |digit: &u32| weft_thread::credential::Passcode::parse(&format!("12345678{digit}")).is_ok();
    format!("12345678{}", (0..10).find(fits).unwrap())
}

#[test]
fn a_passcode_that_fails_takes_nothing_from_what_the_credential_earned() {
    run(async {
        let stage = Stage::new();
        let closed = Answer::Fails(WayFailure::Unreachable("Hall does not answer.".to_owned()));
        let away = Answer::Fails(WayFailure::Busy("“Phone” is the commissioner.".to_owned()));
        stage.script("Hall", &[SWEEP, closed.clone(), closed.clone(), Answer::Panics, away, closed, SWEEP]);
        stage.announce("Hall", network(1), 5);
        stage.set("Hall", AgentService::Passcode, Some(BorderAgentRecord::default()));
        give(&stage, 1, 5).unwrap();
        stage.pass(5).await;
        let since = stage.path("agent-hall").since;
        for _ in 0..2 {
            stage.handle.enter("agent-hall", &passcode()).unwrap();
            stage.pass(5).await;
            let hall = stage.path("agent-hall");
            assert_eq!((hall.state, hall.since), (DataPathState::Working, since));
            let expected = "Hall lets Weft in; 9 routers answered just now. The passcode did not open it: Hall does not answer.";
            assert_eq!(hall.detail, expected, "said once");
        }
        stage.handle.enter("agent-hall", &passcode()).unwrap();
        stage.pass(5).await;
        assert_eq!(
            stage.path("agent-hall").state,
            DataPathState::Working,
            "a defect of ours takes nothing either"
        );
        stage.pass(600).await;
        let busy = stage.path("agent-hall");
        assert_eq!((busy.state, busy.detail.as_str()), (DataPathState::Busy, "“Phone” is the commissioner."));
        stage.handle.enter("agent-hall", &passcode()).unwrap();
        stage.pass(5).await;
        let hall = stage.path("agent-hall");
        assert_eq!(
            (hall.state, hall.detail.as_str()),
            (
                DataPathState::Busy,
                "“Phone” is the commissioner. The passcode did not open it: Hall does not answer."
            )
        );
        stage.pass(120).await;
        assert_eq!(
            stage.path("agent-hall").detail,
            "Hall lets Weft in; 9 routers answered 1 min ago.".replace("1 min ago", "just now")
        );
    });
}

#[test]
fn a_credential_that_is_entered_once_more_is_tried_at_once() {
    run(async {
        let stage = Stage::new();
        stage.script("Hall", &[SWEEP]);
        stage.announce("Hall", network(1), 5);
        give(&stage, 1, 5).unwrap();
        stage.pass(60).await;
        assert_eq!(stage.tried(), ["Hall"]);
        for _ in 0..20 {
            give(&stage, 1, 5).unwrap();
        }
        stage.pass(3).await;
        assert_eq!(stage.tried(), ["Hall"]);
        stage.pass(60).await;
        assert!(stage.tried().len() <= 1, "however often it is entered");
        // While it is being asked: once more after that, for whoever waits for an attempt that began later.
        stage.handle.ask_now(None, None).unwrap();
        tokio::time::sleep(std::time::Duration::from_millis(500)).await;
        assert_eq!(stage.path("agent-hall").state, DataPathState::Trying);
        give(&stage, 1, 5).unwrap();
        stage.pass(20).await;
        assert_eq!(stage.tried(), ["Hall", "Hall"]);
    });
}

#[test]
fn whoever_is_forgotten_while_it_is_asked_has_an_end_to_see() {
    run(async {
        let stage = Stage::new();
        stage.script("Hall", &[SWEEP, Answer::Hangs]);
        stage.announce("Hall", network(1), 5);
        give(&stage, 1, 5).unwrap();
        stage.pass(60).await;
        let before = stage.path("agent-hall").last_attempt_at;
        give(&stage, 1, 5).unwrap();
        stage.pass(1).await;
        stage.handle.forget(network(1)).unwrap();
        stage.pass(1).await;
        let hall = stage.path("agent-hall");
        assert_eq!(hall.state, DataPathState::NeedsCredential);
        assert!(hall.last_attempt_at != before && hall.detail.contains("needs the credential"));
        assert_eq!(stage.handle.view().networks[0].credential, None);
    });
}

#[test]
fn all_that_can_be_asked_are_and_only_where_none_can_that_is_an_error() {
    run(async {
        let stage = Stage::new();
        stage.script("Hall", &[SWEEP]);
        stage.announce("Hall", network(1), 5);
        stage.announce("Attic", network(2), 5);
        stage.pass(5).await;
        let error = stage.handle.ask_now(None, None).unwrap_err().to_string();
        assert!(error.contains("nothing opens network"), "{error}");
        give(&stage, 1, 5).unwrap();
        stage.pass(30).await;
        stage.tried();
        for _ in 0..3 {
            stage.handle.ask_now(None, None).unwrap();
            stage.pass(2).await;
        }
        assert_eq!(stage.tried(), ["Hall"]);
        stage.pass(10).await;
        assert_eq!(stage.tried(), ["Hall"], "the wishes that came too soon, together");
    });
}

#[test]
fn ten_border_routers_without_anybody_are_one_short_sentence() {
    run(async {
        let stage = Stage::new();
        for number in 0..10 {
            let name = format!("Hub {number}");
            let text = format!("{name} does not answer (192.0.2.1:49154: Connection refused (os error 111)). Is it switched on?");
            stage.script(&name, &[Answer::Fails(WayFailure::Unreachable(text))]);
            stage.announce(&name, network(1), 5);
        }
        give(&stage, 1, 5).unwrap();
        stage.pass(1_800).await;
        let deaf: Vec<_> = stage
            .reports
            .lock()
            .unwrap()
            .iter()
            .filter(|(state, _)| *state == SourceState::Deaf)
            .map(|(_, reason)| reason.clone().unwrap())
            .collect();
        assert_eq!(
            deaf,
            ["none of 10 border routers lets Weft in at the moment; `weft network` says why each"]
        );
    });
}

#[test]
fn a_dataset_with_the_right_time_and_another_pskc_is_said_to_be_wrong() {
    run(async {
        let stage = Stage::new();
        let refusal = Answer::Fails(WayFailure::WrongCredential("Hall refused the network's credential.".to_owned()));
        stage.script("Hall", &[refusal, SWEEP]);
        stage.announce("Hall", network(1), 5);
        give(&stage, 1, 5).unwrap();
        stage.pass(5).await;
        let shown = credential(&stage);
        assert_eq!(shown.check, CredentialCheck::Matches);
        assert_eq!(
            shown.detail,
            "Its timestamp is the network's, but its border routers refuse it: the PSKc in it is another one. Get it anew."
        );
        let right = PSKC.iter().map(|byte| format!("{byte:02x}")).collect::<String>();
        stage.handle.give(Given::Pskc(network(1), Zeroizing::new(right))).unwrap();
        stage.pass(60).await;
        assert_eq!(stage.path("agent-hall").state, DataPathState::Working);
        assert_eq!(credential(&stage).detail, "It is the one that the network uses now.");
    });
}

#[test]
fn a_dataset_that_claims_to_be_newer_than_the_network_gives_way_to_the_networks_own() {
    run(async {
        let stage = Stage::new();
        stage.script("Hall", &[Answer::HandsOut(network(1), 1)]);
        stage.announce("Hall", network(1), 1);
        stage.pass(1).await;
        give(&stage, 1, 5).unwrap();
        assert_eq!(credential(&stage).check, CredentialCheck::Newer);
        stage.pass(10).await;
        let shown = credential(&stage);
        assert_eq!((shown.check, shown.origin), (CredentialCheck::Matches, CredentialOrigin::BorderAgent));
        assert_eq!((shown.active_timestamp_seconds, shown.has_pskc), (Some(1), true));
        assert_eq!(stage.path("agent-hall").state, DataPathState::Working);
        stage.pass(30).await;
        give(&stage, 1, 1).unwrap();
    });
}

#[test]
fn a_person_may_replace_what_claims_to_be_newer_by_what_is_announced_only() {
    run(async {
        let stage = Stage::new();
        // It opens, and hands nothing out.
        stage.script("Hall", &[SWEEP]);
        stage.announce("Hall", network(1), 3);
        give(&stage, 1, 5).unwrap();
        stage.pass(10).await;
        assert_eq!(credential(&stage).check, CredentialCheck::Newer);
        let error = give(&stage, 1, 2).unwrap_err().to_string();
        assert!(error.contains("older"), "{error}");
        give(&stage, 1, 3).unwrap();
        assert_eq!(credential(&stage).check, CredentialCheck::Matches);
        let error = give(&stage, 1, 2).unwrap_err().to_string();
        assert!(error.contains("older"), "{error}");
    });
}

#[test]
fn a_role_under_which_the_mesh_never_answered_is_no_sign_that_it_worked() {
    run(async {
        let stage = Stage::new();
        stage.script("Hall", &[Answer::RoleOnly]);
        stage.announce("Hall", network(1), 5);
        give(&stage, 1, 5).unwrap();
        stage.pass(3_600).await;
        let hall = stage.path("agent-hall");
        assert_eq!((hall.state, hall.detail.as_str()), (DataPathState::Unsupported, "Nothing comes back."));
        assert_eq!(pauses(&stage)[..3], [300, 600, 600]);
    });
}
