//! A node of ours as a way: when it is asked, and when not.

use super::super::Given;
use super::super::way::WayFailure;
use super::world::{Answer, SWEEP, Stage, run};
use super::{dataset_hex, network};
use crate::own_node::{Conversation, NodeStanding, OwnNode, conversation};
use std::sync::{Arc, Mutex};
use tokio::sync::watch;
use weft_model::{Airtime, CredentialCheck, DataPathKind, DataPathState, ExtendedAddress, ExtendedPanId, MeshLocalPrefix, Rloc16};
use zeroize::Zeroizing;

/// Stands where it is told.
#[derive(Default)]
struct Doll {
    standing: watch::Sender<Option<NodeStanding>>,
    hears: watch::Sender<Option<ExtendedPanId>>,
    spent: Mutex<Airtime>,
}

impl OwnNode for Doll {
    fn standing(&self) -> watch::Receiver<Option<NodeStanding>> {
        self.standing.subscribe()
    }

    fn converse(&self) -> Conversation {
        conversation().0
    }

    fn hears(&self) -> watch::Receiver<Option<ExtendedPanId>> {
        self.hears.subscribe()
    }

    fn take_spent(&self) -> Airtime {
        std::mem::take(&mut self.spent.lock().unwrap())
    }
}

impl Doll {
    fn stands(&self, parent: Option<u16>, detail: &str) {
        self.standing.send_replace(Some(NodeStanding {
            network: network(1),
            network_name: Some("Home".to_owned()),
            mesh_local_prefix: MeshLocalPrefix([0xfd, 1, 2, 3, 4, 5, 6, 7]),
            extended_address: ExtendedAddress([2; 8]),
            parent: parent.and_then(Rloc16::new),
            detail: detail.to_owned(),
            port: Some("/dev/ttyACM0".to_owned()),
        }));
    }
}

fn stage() -> (Stage, Arc<Doll>) {
    let stage = Stage::new();
    let node = Arc::new(Doll::default());
    stage.handle.set_dongle(Arc::clone(&node) as Arc<dyn OwnNode>);
    stage.script("dongle", &[SWEEP]);
    (stage, node)
}

#[test]
fn it_is_asked_as_soon_as_it_has_a_parent_and_again_when_it_has_another() {
    run(async {
        let (stage, node) = stage();
        stage.pass(5).await;
        assert!(stage.states().is_empty(), "nobody wanted it");
        node.stands(None, "It looks for a parent.");
        stage.pass(60).await;
        assert_eq!(stage.tried(), [""; 0]);
        let path = stage.path("dongle");
        assert_eq!(
            (path.kind, path.state, path.detail.as_str()),
            (DataPathKind::Dongle, DataPathState::Unreachable, "It looks for a parent.")
        );
        assert_eq!(
            (path.addresses, path.next_attempt_at, path.extended_address),
            (vec!["/dev/ttyACM0".to_owned()], None, Some(ExtendedAddress([2; 8])))
        );
        let refused = stage.handle.ask_now(Some(network(1)), None).unwrap_err().to_string();
        assert!(refused.contains("It looks for a parent."), "{refused}");
        node.stands(Some(0x0400), "It is a child.");
        stage.pass(4).await;
        assert_eq!(stage.tried(), ["dongle"]);
        let path = stage.path("dongle");
        assert_eq!(
            (path.state, path.detail.as_str()),
            (
                DataPathState::Working,
                "Weft's dongle takes part in the mesh; 9 routers answered just now."
            )
        );
        stage.pass(300).await;
        assert_eq!(stage.tried(), [""; 0]);
        // It lost its parent and found another: the mesh is not what it was.
        node.stands(None, "It had a parent.");
        stage.pass(2).await;
        assert_eq!(stage.path("dongle").state, DataPathState::Unreachable);
        node.stands(Some(0x0800), "It is a child.");
        stage.pass(4).await;
        assert_eq!(stage.tried(), ["dongle"]);
        // It left.
        node.standing.send_replace(None);
        stage.pass(2_000).await;
        assert_eq!(stage.tried(), [""; 0]);
        assert!(stage.states().is_empty());
    });
}

#[test]
fn a_border_agent_that_lets_weft_in_is_asked_rather_and_it_steps_in_where_none_does() {
    run(async {
        let (stage, node) = stage();
        let gone = Answer::Fails(WayFailure::Unreachable("It does not answer.".to_owned()));
        stage.script("Attic", &[SWEEP, SWEEP, gone, SWEEP]);
        stage.announce("Attic", network(1), 5);
        stage.handle.give(Given::Dataset(Zeroizing::new(dataset_hex(network(1), 5)))).unwrap();
        stage.pass(5).await;
        assert_eq!(stage.tried(), ["Attic"]);
        node.stands(Some(0x0400), "It is a child.");
        stage.pass(5).await;
        assert_eq!(stage.tried(), ["dongle"], "once, so that it is seen what it does");
        let of = |id: &str| stage.path(id).state;
        assert_eq!((of("agent-attic"), of("dongle")), (DataPathState::Working, DataPathState::Working));
        stage.pass(600).await;
        assert_eq!(stage.tried(), ["Attic"]);
        assert_eq!((of("agent-attic"), of("dongle")), (DataPathState::Working, DataPathState::StandsBy));
        stage.pass(610).await;
        assert_eq!(stage.tried(), ["Attic", "dongle"], "it steps in at once");
        assert_eq!((of("agent-attic"), of("dongle")), (DataPathState::Unreachable, DataPathState::Working));
        stage.pass(610).await;
        assert_eq!(stage.tried(), ["Attic"], "and steps back");
    });
}

#[test]
fn its_own_frames_count_also_while_nobody_asks_through_it_and_a_pause_asks_nothing() {
    run(async {
        let (stage, node) = stage();
        stage.handle.set_paused(true).unwrap();
        node.stands(Some(0x0400), "It is a child.");
        *node.spent.lock().unwrap() = Airtime { frames: 7, bytes: 300 };
        stage.pass(120).await;
        assert_eq!(stage.tried(), [""; 0]);
        let networks = stage.handle.view().networks;
        assert_eq!(networks[0].airtime_last_hour, Airtime { frames: 7, bytes: 300 });
        assert!(
            networks[0].paths[0].detail.contains("Questions are paused."),
            "{:?}",
            networks[0].paths[0]
        );
        stage.handle.set_paused(false).unwrap();
        stage.pass(5).await;
        assert_eq!(stage.tried(), ["dongle"]);
    });
}

#[test]
fn a_network_that_nobody_announces_and_the_dongle_hears_is_there() {
    run(async {
        let (stage, node) = stage();
        stage.handle.give(Given::Dataset(Zeroizing::new(dataset_hex(network(1), 5)))).unwrap();
        stage.pass(2).await;
        let said = || {
            let view = stage.handle.view();
            let credential = view.networks.into_iter().find_map(|network| network.credential).unwrap();
            (credential.check, credential.detail.contains("the dongle hears it"))
        };
        assert_eq!(said(), (CredentialCheck::NotAnnounced, false));
        node.hears.send_replace(Some(network(2)));
        stage.pass(2).await;
        assert_eq!(said(), (CredentialCheck::NotAnnounced, false), "another network");
        let mut changed = stage.handle.changed();
        changed.mark_unchanged();
        node.hears.send_replace(Some(network(1)));
        stage.pass(2).await;
        assert_eq!(said(), (CredentialCheck::HeardByDongle, true));
        assert!(changed.has_changed().unwrap(), "told at once");
        node.hears.send_replace(None);
        stage.pass(2).await;
        assert_eq!(said(), (CredentialCheck::NotAnnounced, false));
        node.stands(None, "It looks for a parent.");
        stage.pass(2).await;
        assert_eq!(said(), (CredentialCheck::NotAnnounced, false), "it is not in yet");
        node.stands(Some(0x0400), "It is a child.");
        stage.pass(2).await;
        assert_eq!(said(), (CredentialCheck::HeardByDongle, true));
        stage.announce("Attic", network(1), 5);
        stage.pass(2).await;
        assert_eq!(said(), (CredentialCheck::Matches, false), "a border router says more");
    });
}
