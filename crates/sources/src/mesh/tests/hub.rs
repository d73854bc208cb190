//! Whom the hub asks, and when.

use super::super::Given;
use super::super::way::WayFailure;
use super::world::{Answer, SWEEP, Stage, run};
use super::{dataset, dataset_hex, network};
use std::sync::Arc;
use weft_evidence::SourceState;
use weft_model::{AbilityKind, CredentialOrigin, DataPathState};
use zeroize::Zeroizing;

fn unreachable() -> Answer {
    Answer::Fails(WayFailure::Unreachable("It does not answer.".to_owned()))
}

fn give(stage: &Stage, number: u8, seconds: u64) {
    stage
        .handle
        .give(Given::Dataset(Zeroizing::new(dataset_hex(network(number), seconds))))
        .unwrap();
}

#[test]
fn one_way_works_the_other_stands_by_and_takes_over_when_it_fails() {
    run(async {
        let stage = Stage::new();
        stage.script("Attic", &[SWEEP, SWEEP, unreachable()]);
        stage.script("Hall", &[SWEEP]);
        stage.announce("Attic", network(1), 5);
        stage.announce("Hall", network(1), 5);
        stage.pass(5).await;
        assert_eq!(stage.tried(), [""; 0], "nobody is asked without a credential");
        assert!(stage.states().iter().all(|(_, state)| *state == DataPathState::NeedsCredential));
        assert!(stage.path("agent-hall").detail.contains("“Home”"), "{}", stage.path("agent-hall").detail);
        give(&stage, 1, 5);
        stage.pass(5).await;
        assert_eq!(stage.tried(), ["Attic"]);
        let attic = stage.path("agent-attic");
        assert_eq!(
            (attic.state, attic.detail.as_str()),
            (DataPathState::Working, "Attic lets Weft in; 9 routers answered just now.")
        );
        assert_eq!(attic.brought.unwrap().children, 12);
        assert!(attic.next_attempt_at.is_some() && stage.path("agent-hall").next_attempt_at.is_none());
        assert_eq!(stage.path("agent-hall").state, DataPathState::StandsBy);
        stage.pass(590).await;
        assert_eq!(stage.tried(), [""; 0]);
        stage.pass(10).await;
        assert_eq!(stage.tried(), ["Attic"], "ten minutes later");
        stage.pass(600).await;
        assert_eq!(stage.tried(), ["Attic", "Hall"], "the second is tried at once");
        assert_eq!(
            stage.states(),
            [
                ("Hall".to_owned(), DataPathState::Working),
                ("Attic".to_owned(), DataPathState::Unreachable)
            ]
        );
        stage.pass(1_210).await;
        assert_eq!(stage.tried(), ["Hall", "Hall"], "who works is asked on");
        let reports = stage.reports.lock().unwrap();
        assert_eq!(reports.last().unwrap().0, SourceState::Working);
    });
}

#[test]
fn who_fails_when_a_person_asks_is_stood_in_for_at_once() {
    run(async {
        let stage = Stage::new();
        stage.script("Attic", &[SWEEP, unreachable(), Answer::Panics]);
        stage.script("Hall", &[SWEEP]);
        stage.announce("Attic", network(1), 5);
        stage.announce("Hall", network(1), 5);
        give(&stage, 1, 5);
        stage.pass(100).await;
        assert_eq!(stage.tried(), ["Attic"]);
        stage.handle.ask_now(None, Some("agent-attic")).unwrap();
        stage.pass(5).await;
        assert_eq!(stage.tried(), ["Attic", "Hall"], "not only when their turn comes");
        assert_eq!(stage.path("agent-hall").state, DataPathState::Working);
        // The other one still tells of the mesh: nobody needs to stand in.
        stage.pass(60).await;
        stage.handle.ask_now(None, Some("agent-attic")).unwrap();
        stage.pass(60).await;
        assert_eq!(stage.tried(), ["Attic"]);
    });
}

#[test]
fn a_multicast_that_is_lost_once_is_tried_again_and_twice_is_left_out() {
    run(async {
        let stage = Stage::new();
        stage.script("Hall", &[Answer::Unheard]);
        stage.announce("Hall", network(1), 5);
        give(&stage, 1, 5);
        stage.pass(1_900).await;
        let left_out: Vec<bool> = stage.world.seen.lock().unwrap().iter().map(|seen| seen.without_multicast).collect();
        assert_eq!(left_out, [false, false, true, true]);
    });
}

#[test]
fn failures_back_off_and_all_of_them_make_the_source_deaf() {
    run(async {
        let stage = Stage::new();
        stage.script("Hall", &[unreachable()]);
        stage.announce("Hall", network(1), 5);
        give(&stage, 1, 5);
        stage.pass(4 * 3_600).await;
        let seen: Vec<u64> = stage.world.seen.lock().unwrap().iter().map(|seen| seen.at).collect();
        let pauses: Vec<u64> = seen.windows(2).map(|pair| pair[1] - pair[0] - 1).collect();
        assert_eq!(pauses[..8], [30, 60, 120, 240, 480, 960, 1_800, 1_800]);
        let reports = stage.reports.lock().unwrap().clone();
        let reason = "Hall tells nothing of its mesh at the moment; `weft network` says why".to_owned();
        assert_eq!(reports.last(), Some(&(SourceState::Deaf, Some(reason))));
        let deaf = reports.iter().filter(|(state, _)| *state == SourceState::Deaf).count();
        assert_eq!(deaf, 1, "it is said once, and not taken back while it is tried again: {reports:?}");
    });
}

#[test]
fn a_refused_credential_is_not_tried_again_until_it_or_the_network_changes() {
    run(async {
        let stage = Stage::new();
        let refusal = Answer::Fails(WayFailure::WrongCredential("Hall refused the network's credential.".to_owned()));
        stage.script("Hall", std::slice::from_ref(&refusal));
        stage.announce("Hall", network(1), 9);
        give(&stage, 1, 5);
        stage.pass(24 * 3_600).await;
        assert_eq!(stage.tried(), ["Hall"]);
        let hall = stage.path("agent-hall");
        assert_eq!((hall.state, hall.next_attempt_at), (DataPathState::WrongCredential, None));
        assert!(hall.detail.contains("newer dataset"), "{}", hall.detail);
        let error = stage.handle.ask_now(None, Some("agent-hall")).unwrap_err();
        assert!(error.to_string().contains("refused"), "{error}");
        stage.announce("Hall", network(1), 10);
        stage.pass(60).await;
        assert_eq!(stage.tried(), ["Hall"], "the network's dataset changed");
        stage.script("Hall", &[SWEEP]);
        assert!(
            stage
                .handle
                .learn(&dataset(network(1), 10), CredentialOrigin::HomeAssistant, Some("ha"))
                .unwrap()
        );
        stage.pass(60).await;
        assert_eq!(stage.tried(), ["Hall"], "another credential");
        assert_eq!(stage.path("agent-hall").state, DataPathState::Working);
    });
}

#[test]
fn a_busy_border_router_is_asked_again_later_and_the_second_meanwhile() {
    run(async {
        let stage = Stage::new();
        stage.script(
            "Attic",
            &[Answer::Fails(WayFailure::Busy("“Phone” is the commissioner.".to_owned())), SWEEP],
        );
        stage.script(
            "Hall",
            &[Answer::Fails(WayFailure::Busy("“Phone” is the commissioner.".to_owned())), SWEEP],
        );
        stage.announce("Attic", network(1), 5);
        stage.announce("Hall", network(1), 5);
        give(&stage, 1, 5);
        stage.pass(100).await;
        assert_eq!(stage.tried(), ["Attic", "Hall"]);
        assert_eq!(stage.path("agent-attic").detail, "“Phone” is the commissioner.");
        stage.pass(60).await;
        assert_eq!(stage.tried(), ["Attic"]);
        assert_eq!(stage.path("agent-attic").state, DataPathState::Working);
    });
}

#[test]
fn a_silent_router_is_asked_for_once_more_soon_and_then_in_turn() {
    run(async {
        let stage = Stage::new();
        let silent = Answer::Sweep {
            routers: 8,
            silent: 1,
            frames: 300,
        };
        stage.script("Hall", std::slice::from_ref(&silent));
        stage.announce("Hall", network(1), 5);
        give(&stage, 1, 5);
        stage.pass(1_300).await;
        let seen: Vec<(u64, usize)> = stage.world.seen.lock().unwrap().iter().map(|seen| (seen.at, seen.expected)).collect();
        let first = seen[0].0;
        let after: Vec<u64> = seen.iter().map(|(at, _)| at - first).collect();
        assert_eq!(after, [0, 31, 632, 1_233]);
        assert_eq!(seen[1].1, 9, "routers of the last sweep are expected");
        assert!(
            stage.path("agent-hall").detail.ends_with("1 router did not answer."),
            "{}",
            stage.path("agent-hall").detail
        );
    });
}

#[test]
fn several_networks_are_asked_at_once_and_none_twice() {
    run(async {
        let stage = Stage::new();
        for number in 1..=6 {
            let name = format!("Hub {number}");
            stage.script(&name, &[SWEEP]);
            stage.script(&format!("{name} b"), &[SWEEP]);
            stage.announce(&name, network(number), 5);
            stage.announce(&format!("{name} b"), network(number), 5);
            give(&stage, number, 5);
        }
        stage.pass(10).await;
        let tried = stage.tried();
        assert_eq!(tried.len(), 6, "{tried:?}");
        assert_eq!(*stage.world.most_at_once.lock().unwrap(), 4);
        assert_eq!(stage.handle.view().networks.len(), 6);
        assert!(stage.handle.view().networks.iter().all(|network| network.airtime_last_hour.frames == 300));
    });
}

#[test]
fn radio_time_is_kept_within_the_hours_budget() {
    run(async {
        let stage = Stage::new();
        let large = Answer::Sweep {
            routers: 32,
            silent: 0,
            frames: 2_500,
        };
        stage.script("Hall", std::slice::from_ref(&large));
        stage.announce("Hall", network(1), 5);
        give(&stage, 1, 5);
        stage.pass(3_500).await;
        let seen = stage.world.seen.lock().unwrap().clone();
        let most: Vec<u32> = seen.iter().map(|seen| seen.max_frames).collect();
        assert_eq!(most, [6_000, 3_500], "a third sweep would not fit");
        assert!(stage.path("agent-hall").detail.contains("used up"), "{}", stage.path("agent-hall").detail);
        let error = stage.handle.ask_now(Some(network(1)), None).unwrap_err().to_string();
        assert!(error.contains("radio time"), "{error}");
        stage.pass(200).await;
        assert_eq!(stage.world.seen.lock().unwrap().len(), 3, "an hour after the first");
        assert_eq!(stage.handle.view().networks[0].frames_per_hour, 6_000);
    });
}

#[test]
fn paused_means_nobody_is_asked_and_stays_so_after_a_restart() {
    run(async {
        let mut stage = Stage::new();
        stage.script("Hall", &[Answer::Hangs]);
        stage.announce("Hall", network(1), 5);
        give(&stage, 1, 5);
        stage.pass(5).await;
        assert_eq!(stage.path("agent-hall").state, DataPathState::Trying);
        stage.handle.set_paused(true).unwrap();
        stage.pass(1).await;
        assert_eq!(*stage.world.dropped.lock().unwrap(), 1, "what is under way ends");
        assert_eq!(stage.reports.lock().unwrap().last().unwrap().0, SourceState::Suspended);
        assert!(stage.handle.ask_now(None, None).is_err());
        stage.script("Hall", &[SWEEP]);
        stage.pass(3_600).await;
        assert_eq!(stage.tried(), ["Hall"]);
        stage.end().await;
        let stage = Stage::again(Arc::clone(&stage.folder), Arc::clone(&stage.world));
        stage.announce("Hall", network(1), 5);
        stage.pass(3_600).await;
        assert_eq!(stage.tried(), [""; 0]);
        assert!(stage.handle.view().paused);
        stage.handle.set_paused(false).unwrap();
        stage.pass(5).await;
        assert_eq!(stage.tried(), ["Hall"], "the credential is still there");
        let ability = &stage.path("agent-hall").abilities[0];
        assert_eq!((ability.kind, ability.works), (AbilityKind::Pskc, true));
    });
}

#[test]
fn a_defect_in_a_way_and_an_attempt_without_end_cost_that_attempt_only() {
    run(async {
        let mut stage = Stage::new();
        stage.script("Attic", &[Answer::Panics, Answer::Hangs]);
        stage.script("Hall", &[SWEEP]);
        stage.announce("Attic", network(1), 5);
        stage.announce("Hall", network(1), 5);
        give(&stage, 1, 5);
        stage.pass(10).await;
        assert_eq!(stage.tried(), ["Attic", "Hall"]);
        stage.handle.ask_now(None, Some("agent-attic")).unwrap();
        stage.pass(200).await;
        let attic = stage.path("agent-attic");
        assert_eq!(attic.state, DataPathState::Failed);
        assert!(attic.detail.contains("180 s"), "{}", attic.detail);
        stage.handle.ask_now(None, Some("agent-attic")).unwrap();
        stage.pass(5).await;
        let before = *stage.world.dropped.lock().unwrap();
        stage.end().await;
        assert_eq!(*stage.world.dropped.lock().unwrap(), before + 1, "the end of the service ends it");
    });
}

#[test]
fn what_is_no_longer_announced_is_neither_shown_nor_asked_and_flickering_brings_nothing() {
    run(async {
        let stage = Stage::new();
        stage.script("Hall", &[unreachable()]);
        give(&stage, 1, 5);
        for _ in 0..100 {
            stage.announce("Hall", network(1), 5);
            stage.pass(3).await;
            stage.set("Hall", crate::directory::AgentService::Lasting, None);
            stage.pass(3).await;
            assert!(stage.states().is_empty());
        }
        let tried = stage.tried().len();
        assert!(tried <= 6, "{tried} attempts in ten minutes");
    });
}
