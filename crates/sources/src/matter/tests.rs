//! What is known and kept, without a network: devices answer by being told to.

use super::devices::{addresses, kind};
use super::hub::{Hub, State};
use super::jobs::FILE;
use super::registry::Node;
use super::*;
use crate::directory::Located;
use crate::schedule::{Kind, Next};
use crate::whole_file::tests::Folder;
use std::net::SocketAddr;
use std::sync::{Arc, MutexGuard};
use weft_matter::{AttributeReport, OperationError, Peer, SetupCode};
use weft_model::{AttestationChoice, DeviceState, JobState, MatterNodeId, MatterPeer};

#[path = "leave_tests.rs"]
mod leaving;

const CODE: &str = "34970112332";
const NOON: Timestamp = Timestamp::from_unix_milliseconds(1_800_000_000_000);

struct Home {
    _folder: Arc<Folder>,
    services: ServiceDirectory,
    hub: Arc<Hub>,
}

impl Home {
    fn new() -> Self {
        let home = Self::in_folder(Arc::new(Folder::new()));
        home.hub.ensure_fabric().unwrap();
        home
    }

    fn in_folder(folder: Arc<Folder>) -> Self {
        let services = ServiceDirectory::new();
        let hub = Hub::open(MatterConfig::new(folder.0.clone(), services.clone(), "attic"));
        Self {
            _folder: folder,
            services,
            hub,
        }
    }

    /// As after kill -9: nothing is written any more.
    fn restarted(self) -> Self {
        Self::in_folder(self._folder)
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.hub.lock()
    }

    fn handle(&self) -> MatterHandle {
        MatterHandle::new(Arc::clone(&self.hub))
    }

    /// A plug of ours that is at an address.
    fn plug(&self, number: u64) -> MatterNodeId {
        let node = id(number);
        let mut state = self.state();
        state.registry.add(Node {
            addresses: vec![at("[fd11:22::1]:5540")],
            ..Node::new(node, NOON)
        });
        state.follow(node, now(0));
        state.keep_now();
        node
    }

    fn peer(&self, node: MatterNodeId) -> MatterPeer {
        let fabric = self.state().fabric_id().unwrap();
        MatterPeer { fabric, node }
    }

    fn announce(&self, node: MatterNodeId, addresses: &[&str]) {
        self.services.set_operational(
            self.peer(node),
            Some(Located {
                addresses: addresses.iter().map(|address| at(address)).collect(),
                ..Located::default()
            }),
        );
    }

    fn answer(&self, node: MatterNodeId, seconds: u64, reports: &[AttributeReport]) {
        let mut state = self.state();
        let question = state.question(&self.hub.config, node, now(seconds)).unwrap();
        state.schedule.asked(&node, now(seconds).steady);
        state.answered(&question, true, reports, now(seconds));
    }

    fn silence(&self, node: MatterNodeId, seconds: u64, error: &OperationError) {
        let mut state = self.state();
        let question = state.question(&self.hub.config, node, now(seconds)).unwrap();
        state.schedule.asked(&node, now(seconds).steady);
        state.failed(&question, error, now(seconds));
    }

    fn shown(&self, node: MatterNodeId) -> weft_model::PairedDevice {
        view::view(&self.hub).devices.into_iter().find(|device| device.node == node).unwrap()
    }
}

fn id(number: u64) -> MatterNodeId {
    MatterNodeId::from_u64(number)
}

fn at(address: &str) -> SocketAddr {
    address.parse().unwrap()
}

fn now(seconds: u64) -> Now {
    Now {
        wall: NOON.plus_seconds(seconds as i64),
        steady: Duration::from_secs(seconds),
    }
}

fn report(cluster: u32, attribute: u32, tlv: &[u8]) -> AttributeReport {
    AttributeReport {
        endpoint: 0,
        cluster,
        attribute,
        value: Ok(tlv.to_vec()),
    }
}

/// RoutingRole, and PartitionId where it is told.
fn place(role: u8, partition: u8) -> Vec<AttributeReport> {
    vec![report(0x35, 1, &[0x04, role]), report(0x35, 9, &[0x04, partition])]
}

#[test]
fn where_a_device_answered_last_comes_first_while_it_says_so() {
    let located = |texts: &[&str]| Located {
        addresses: texts.iter().map(|text| at(text)).collect(),
        ..Located::default()
    };
    let kept = [at("[fd11::1]:5540"), at("[fd11::2]:5540"), at("[fd11::3]:5540"), at("[fd11::4]:5540")];
    assert_eq!(addresses(&kept, None), kept);
    assert_eq!(addresses(&kept, Some(&located(&[]))), kept);
    let both = addresses(&kept[..2], Some(&located(&["[fd99::9]:5540", "[fd11::1]:5540"])));
    assert_eq!(both, [at("[fd11::1]:5540"), at("[fd99::9]:5540"), at("[fd11::2]:5540")]);
    let moved = addresses(&kept, Some(&located(&["[fd99::9]:5540"])));
    assert_eq!(
        moved,
        [at("[fd99::9]:5540"), at("[fd11::1]:5540"), at("[fd11::2]:5540")],
        "two of the former at most"
    );
    let many: Vec<String> = (0..20).map(|number| format!("[fd99::{number:x}]:5540")).collect();
    let many: Vec<&str> = many.iter().map(String::as_str).collect();
    assert_eq!(addresses(&kept, Some(&located(&many))).len(), registry::MAX_ADDRESSES);
}

#[test]
fn a_role_decides_how_often_a_device_is_asked() {
    let node = |role: Option<u8>, idle_milliseconds: u32, long_idle: bool| Node {
        role,
        intervals: weft_matter::Intervals {
            idle_milliseconds,
            active_milliseconds: 300,
            long_idle,
        }
        .into(),
        ..Node::new(id(1), NOON)
    };
    assert_eq!(kind(&node(None, 500, false)), Kind::Unknown);
    assert_eq!(kind(&node(Some(6), 5000, false)), Kind::Router);
    assert_eq!(kind(&node(Some(4), 500, false)), Kind::EndDevice);
    assert_eq!(kind(&node(Some(2), 500, false)), Kind::Sleepy { idle_milliseconds: 500 });
    assert_eq!(kind(&node(None, 5000, false)), Kind::Sleepy { idle_milliseconds: 5000 });
    assert_eq!(kind(&node(Some(2), 5000, true)), Kind::LongIdle);
}

#[test]
fn a_device_that_answers_is_shown_so_and_its_name_and_role_are_kept() {
    let home = Home::new();
    let node = home.plug(0x1234_5678);
    assert_eq!(home.shown(node).state, DeviceState::NotAsked);
    let mut said = place(5, 7);
    // VendorName "Eve", ProductName "Energy".
    said.extend([report(0x28, 1, b"\x0c\x03Eve"), report(0x28, 3, b"\x0c\x06Energy")]);
    home.answer(node, 10, &said);
    let device = home.shown(node);
    assert_eq!((device.state, device.in_vain, device.sleepy), (DeviceState::Answering, 0, false));
    assert_eq!(device.name.as_deref(), Some("Eve Energy"));
    assert_eq!(device.answered_at, Some(now(10).wall));
    assert_eq!(device.address.as_deref(), Some("[fd11:22::1]:5540"));
    home.hub.keep().unwrap();
    let home = home.restarted();
    let state = home.state();
    let known = state.registry.get(node).unwrap();
    assert_eq!((kind(known), known.name().as_deref()), (Kind::Router, Some("Eve Energy")));
    drop(state);
    assert_eq!(home.shown(node).state, DeviceState::NotAsked, "not in this run");
}

#[test]
fn silence_is_counted_and_one_that_does_not_know_us_is_asked_once_a_day() {
    let home = Home::new();
    let node = home.plug(0x11_1111);
    let silent = OperationError::NoAnswer {
        addresses: "[fd11:22::1]:5540".to_owned(),
        waited: Duration::from_secs(15),
    };
    home.silence(node, 10, &silent);
    home.silence(node, 100, &silent);
    let device = home.shown(node);
    assert_eq!((device.state, device.in_vain), (DeviceState::Silent, 2));
    assert_eq!(device.error.as_deref(), Some("nothing came back from [fd11:22::1]:5540 within 15 s"));
    home.silence(node, 200, &OperationError::Failed("no memory".to_owned()));
    assert_eq!(home.shown(node).in_vain, 2, "that was not the device");
    home.silence(node, 300, &OperationError::FabricUnknown);
    assert_eq!(home.shown(node).state, DeviceState::Estranged);
    assert_eq!(home.state().schedule.due_at(&node), Some(Duration::from_secs(300 + 24 * 3600)));
    home.answer(node, 400, &place(5, 7));
    assert_eq!((home.shown(node).state, home.shown(node).error), (DeviceState::Answering, None));
}

#[test]
fn after_a_start_the_mesh_is_asked_for_first_and_what_a_device_is_once_an_hour() {
    let home = Home::new();
    let node = home.plug(0x11_1111);
    let breadth = |home: &Home, seconds| home.state().question(&home.hub.config, node, now(seconds)).unwrap().breadth;
    assert_eq!(breadth(&home, 0), capability::Breadth::Everything, "nothing is known of it");
    home.answer(node, 0, &place(5, 7));
    assert_eq!(breadth(&home, 600), capability::Breadth::Mesh);
    assert_eq!(breadth(&home, 3600), capability::Breadth::Everything);
    home.hub.keep().unwrap();
    let home = home.restarted();
    assert_eq!(breadth(&home, 7200), capability::Breadth::Mesh, "the map must be fresh soon");
    home.answer(node, 7200, &place(5, 7));
    assert_eq!(breadth(&home, 7800), capability::Breadth::Everything);
    home.handle().refresh(Some(node)).unwrap();
    assert_eq!(breadth(&home, 7201), capability::Breadth::Everything);
}

#[test]
fn a_new_address_ends_the_session_and_makes_the_device_due() {
    let home = Home::new();
    let node = home.plug(0x11_1111);
    home.announce(node, &["[fd11:22::1]:5540"]);
    assert!(home.state().look_at_directory(&home.hub.config, now(1)).is_empty());
    home.answer(node, 1, &place(5, 7));
    let due = home.state().schedule.due_at(&node).unwrap();
    // One more: the session may go on.
    home.announce(node, &["[fd11:22::1]:5540", "[fd99:22::1]:5540"]);
    assert!(home.state().look_at_directory(&home.hub.config, now(100)).is_empty());
    assert_eq!(home.state().schedule.due_at(&node), Some(due));
    home.announce(node, &["[fd99:22::1]:5540"]);
    assert_eq!(home.state().look_at_directory(&home.hub.config, now(200)), [node]);
    assert!(
        home.state().schedule.due_at(&node).unwrap() <= Duration::from_secs(260),
        "found again within a minute"
    );
    assert_eq!(home.state().peer(&home.hub.config, node).unwrap().addresses[0], at("[fd99:22::1]:5540"));
    assert!(home.state().look_at_directory(&home.hub.config, now(201)).is_empty(), "once is enough");
}

#[test]
fn one_that_was_withdrawn_and_is_back_has_rebooted_and_is_asked() {
    let home = Home::new();
    let node = home.plug(0x11_1111);
    home.announce(node, &["[fd11:22::1]:5540"]);
    home.state().look_at_directory(&home.hub.config, now(1));
    home.answer(node, 1, &place(5, 7));
    let due = home.state().schedule.due_at(&node).unwrap();
    home.services.set_operational(home.peer(node), None);
    home.state().look_at_directory(&home.hub.config, now(100));
    assert_eq!(
        home.state().schedule.due_at(&node),
        Some(due),
        "a registration that ends is no sign of anything"
    );
    home.announce(node, &["[fd11:22::1]:5540"]);
    home.state().look_at_directory(&home.hub.config, now(110));
    assert!(home.state().schedule.due_at(&node).unwrap() < due.min(Duration::from_secs(180)));
}

#[test]
fn a_move_makes_the_devices_around_it_due() {
    let home = Home::new();
    let (child, router) = (home.plug(0x11_1111), home.plug(0x22_2222));
    let address = [0x27, 0x66, 0x2c, 0x9b, 0x09, 0xf4, 0x7e, 0xc3, 0x66];
    let extended = |number: u8| {
        let mut tlv = address.to_vec();
        tlv[0] = 0x07;
        tlv[1] = number;
        tlv
    };
    // The router's table has one row: the child's extended address (field 0).
    let mut row = vec![0x16, 0x15, 0x27, 0x00];
    row.extend(&extended(1)[1..]);
    row.extend([0x18, 0x18]);
    let mut of_router = place(5, 7);
    of_router.extend([report(0x35, 0x3f, &extended(2)), report(0x35, 7, &row)]);
    home.answer(router, 1, &of_router);
    let mut of_child = place(3, 7);
    of_child.push(report(0x35, 0x3f, &extended(1)));
    home.answer(child, 1, &of_child);
    let before = home.state().schedule.due_at(&router).unwrap();
    {
        let mut state = home.state();
        state.subscriptions.want(child, Duration::ZERO);
        assert_eq!(state.subscriptions.take_due(Duration::from_secs(9)), Some(child));
        state.subscriptions.stands(child, 5, Duration::from_secs(60), Duration::from_secs(9));
        assert!(!state.reported(child, 4, &place(3, 8), now(50)), "an old subscription's");
        assert!(state.reported(child, 5, &[], now(50)), "a sign of life");
        assert_eq!(state.schedule.due_at(&router), Some(before));
        // It is in another partition.
        assert!(state.reported(child, 5, &place(3, 8), now(60)));
        assert!(state.schedule.due_at(&router).unwrap() < Duration::from_secs(70));
        assert!(state.schedule.due_at(&child).unwrap() < Duration::from_secs(70));
    }
}

#[test]
fn nobody_is_asked_while_it_is_paused_and_that_survives_a_restart() {
    let home = Home::new();
    let node = home.plug(0x11_1111);
    home.hub.keep().unwrap();
    assert!(matches!(home.state().schedule.next(Duration::from_secs(1)), Next::Ask { .. }));
    home.handle().set_paused(true).unwrap();
    home.handle().set_attestation(AttestationChoice::Accept).unwrap();
    let home = home.restarted();
    assert_eq!(home.state().schedule.next(Duration::from_secs(1)), Next::Idle);
    let shown = view::view(&home.hub);
    assert!(shown.paused && shown.attestation == AttestationChoice::Accept);
    assert_eq!(home.shown(node).next_question_at, None);
    assert_eq!(home.handle().refresh(None), Err(MatterRefusal::Paused));
    home.handle().set_paused(false).unwrap();
    assert_eq!(home.handle().refresh(Some(node)), Ok(()));
    assert_eq!(home.handle().refresh(Some(id(9))), Err(MatterRefusal::UnknownNode(id(9))));
}

#[test]
fn a_device_that_joined_while_the_program_died_is_found_by_its_number() {
    let home = Home::new();
    home.handle().pair(vec![SetupCode::parse(CODE).unwrap()], None, false).unwrap();
    let begun = Now::read();
    let node = {
        let mut state = home.state();
        state.jobs.begin(1, begun).unwrap();
        let node = state
            .registry
            .reserve(1, begun.wall, &[at("[fd11:22::1]:5540")], &Default::default(), || 0x1234_5678)
            .unwrap();
        state.held.insert(node);
        state.keep_now();
        node
    };
    home.hub.keep().unwrap();
    let home = home.restarted();
    assert_eq!(home.state().jobs.state(1), Some(JobState::Waiting));
    let later = |seconds: u64| Now {
        wall: begun.wall.plus_seconds(seconds as i64),
        steady: Duration::from_secs(seconds),
    };
    let undecided = home.state().undecided_until(1, later(5)).unwrap();
    assert_eq!(undecided, Duration::from_secs(110));
    let peers = home.state().take_adoptable(&home.hub.config, later(50));
    assert_eq!(
        peers,
        [Peer {
            node,
            addresses: vec![at("[fd11:22::1]:5540")],
            intervals: Default::default()
        }]
    );
    assert!(home.state().take_adoptable(&home.hub.config, later(52)).is_empty(), "it is being tried");
    // Until its fail-safe is over, it may take back that it is ours, unless it says that nothing waits for that any more.
    let cleared = [report(0x30, 0, &[0x04, 0])];
    let ours = u32::try_from(weft_matter::commission::BREADCRUMB).unwrap().to_le_bytes();
    let waiting = [report(0x30, 0, &[&[0x06], &ours[..]].concat())];
    assert!(home.state().is_complete(node, &cleared, later(52)));
    assert!(!home.state().is_complete(node, &waiting, later(52)));
    assert!(!home.state().is_complete(node, &[], later(99)));
    assert!(home.state().is_complete(node, &waiting, later(101)));
    home.state().adopt(&peers[0], Some(3), &place(5, 7), later(102));
    assert_eq!(home.state().jobs.state(1), Some(JobState::Done));
    assert_eq!(home.shown(node).state, DeviceState::NotAsked);
    assert_eq!(home.state().registry.reservations().count(), 0);
    assert!(!std::fs::read_to_string(home._folder.0.join(FILE)).unwrap().is_empty());
    home.hub.keep().unwrap();
    assert!(!std::fs::read_to_string(home._folder.0.join(FILE)).unwrap().contains(CODE));
}

#[test]
fn a_list_that_was_lost_is_made_again_of_those_who_announce_our_fabric() {
    let home = Home::new();
    home.plug(0x1234_5678);
    home.hub.keep().unwrap();
    std::fs::write(home._folder.0.join("nodes.json"), b"{\"format\"").unwrap();
    let home = home.restarted();
    let (problem, notices) = home.handle().problems();
    assert!(
        problem.is_none() && notices.iter().any(|notice| notice.contains("set aside")),
        "{notices:?}"
    );
    assert_eq!(view::view(&home.hub).devices, []);
    let node = id(0x1234_5678);
    home.announce(node, &["[fd11:22::1]:5540"]);
    home.services.set_operational(
        MatterPeer {
            fabric: weft_model::CompressedFabricId([9; 8]),
            node: id(5),
        },
        Some(Located::default()),
    );
    let us = home.state().fabric.as_ref().unwrap().our_node();
    home.announce(us, &["[fd11:22::5]:5540"]);
    home.state().look_at_directory(&home.hub.config, now(1));
    let peers = home.state().take_adoptable(&home.hub.config, now(1));
    assert_eq!(peers.iter().map(|peer| peer.node).collect::<Vec<MatterNodeId>>(), [node]);
    assert_eq!(home.state().ours_at(&home.hub.config, &[at("[fd11:22::1]:5540")]), Some(node));
    home.state().adopt(&peers[0], Some(3), &[], now(2));
    assert_eq!(home.shown(node).address.as_deref(), Some("[fd11:22::1]:5540"));
    // One that was left stays left, whoever announces it.
    home.state().unfollow(node);
    home.state().registry.retire(node);
    home.announce(node, &["[fd11:22::1]:5541"]);
    home.state().look_at_directory(&home.hub.config, now(3));
    assert!(home.state().take_adoptable(&home.hub.config, now(1000)).is_empty());
}

#[test]
fn codes_are_taken_in_whole_and_survive_and_nothing_is_made_before_the_first() {
    let folder = Arc::new(Folder::new());
    let home = Home::in_folder(Arc::clone(&folder));
    assert_eq!(std::fs::read_dir(&folder.0).unwrap().count(), 0);
    assert_eq!(view::view(&home.hub).label, "Weft attic");
    assert_eq!(home.handle().pair(Vec::new(), None, false), Err(MatterRefusal::NoCode));
    let mut changed = home.handle().changed();
    changed.mark_unchanged();
    assert_eq!(home.handle().pair(vec![SetupCode::parse(CODE).unwrap()], None, false), Ok(vec![1]));
    assert!(changed.has_changed().unwrap());
    let shown = view::view(&home.hub);
    assert!(shown.fabric.is_some());
    assert!(!format!("{shown:?}").contains(CODE));
    let home = home.restarted();
    assert_eq!(view::view(&home.hub).jobs[0].state, JobState::Waiting);
    assert!(matches!(
        home.handle().pair(vec![SetupCode::parse(CODE).unwrap()], None, false),
        Err(MatterRefusal::Duplicate { job: 1, .. })
    ));
    home.handle().cancel(1).unwrap();
    assert!(!std::fs::read_to_string(folder.0.join(FILE)).unwrap().contains(CODE));
    for entry in std::fs::read_dir(&folder.0).unwrap() {
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            let entry = entry.unwrap();
            assert_eq!(entry.metadata().unwrap().permissions().mode() & 0o077, 0, "{:?}", entry.path());
        }
    }
}

#[test]
fn a_fabric_that_is_broken_is_told_and_nothing_is_written_over_it() {
    let home = Home::new();
    home.plug(0x11_1111);
    home.hub.keep().unwrap();
    let files: Vec<std::path::PathBuf> = std::fs::read_dir(&home._folder.0).unwrap().map(|entry| entry.unwrap().path()).collect();
    let own = files
        .iter()
        .filter(|path| !["nodes.json", "jobs.json", "settings.json"].iter().any(|name| path.ends_with(name)));
    let own: Vec<&std::path::PathBuf> = own.filter(|path| path.is_file()).collect();
    own.iter().for_each(|path| std::fs::write(path, b"broken").unwrap());
    let home = home.restarted();
    let (problem, _) = home.handle().problems();
    let refused = home.handle().pair(vec![SetupCode::parse(CODE).unwrap()], None, false);
    assert_eq!(refused, Err(MatterRefusal::Fabric(problem.unwrap())));
    assert!(own.iter().all(|path| std::fs::read(path).unwrap() == b"broken"));
    assert!(home._folder.0.join("nodes.json").exists());
}

#[test]
fn check_ins_are_for_devices_that_sleep_long() {
    let home = Home::new();
    let (plug, sensor) = (home.plug(0x11_1111), home.plug(0x22_2222));
    home.state().registry.get_mut(sensor).unwrap().intervals = weft_matter::Intervals {
        idle_milliseconds: 3_600_000,
        active_milliseconds: 300,
        long_idle: true,
    }
    .into();
    assert!(home.shown(sensor).error.unwrap().contains("allow its check-ins"));
    assert_eq!(home.handle().set_check_in(plug, true), Err(MatterRefusal::NotLongIdle(plug)));
    assert_eq!(home.handle().set_check_in(sensor, true), Ok(()));
    assert!(home.state().check_ins_to_settle.contains(&sensor));
    let home = home.restarted();
    assert!(home.shown(sensor).check_in && home.shown(sensor).long_idle);
    assert_eq!(home.handle().refresh(Some(sensor)), Err(MatterRefusal::Asleep(sensor)));
}
