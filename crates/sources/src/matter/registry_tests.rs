use super::*;
use crate::whole_file::tests::Folder;
use proptest::prelude::*;

const NOON: Timestamp = Timestamp::from_unix_milliseconds(1_800_000_000_000);

fn id(number: u64) -> MatterNodeId {
    MatterNodeId::from_u64(number)
}

fn plug(number: u64) -> Node {
    Node {
        label: Some("Hall plug".to_owned()),
        vendor: Some("Eve".to_owned()),
        product: Some("Energy".to_owned()),
        addresses: vec!["[fd11:22::1]:5540".parse().unwrap(), "[fe80::1%3]:5540".parse().unwrap()],
        fabric_index: Some(3),
        check_in: true,
        answered_at: Some(NOON),
        role: Some(5),
        network: Some(ExtendedPanId::from_u64(0x2815_cda2_7e86_609a)),
        ..Node::new(id(number), NOON)
    }
}

const FABRIC: CompressedFabricId = CompressedFabricId([0x29, 6, 0xc9, 8, 0xd1, 0x15, 0xd3, 0x62]);

fn sample() -> Registry {
    let mut registry = Registry::new(FABRIC);
    registry.add(plug(0x1234_5678));
    registry.add(Node::new(id(0x9abc_def0), NOON));
    registry.reserve(7, NOON, &["[fd11:22::2]:5540".parse().unwrap()], &BTreeSet::new(), || 0x5555_5555);
    registry.retire(id(0x7777_7777));
    registry
}

#[test]
fn what_is_kept_is_read_again() {
    let folder = Folder::new();
    let registry = sample();
    assert_eq!(
        Registry::open(&folder.0, FABRIC).unwrap(),
        (Registry::new(FABRIC), None),
        "nothing was kept yet"
    );
    Registry::write(&folder.0, &registry.bytes()).unwrap();
    assert_eq!(Registry::open(&folder.0, FABRIC).unwrap(), (registry, None));
}

#[test]
fn a_broken_file_is_set_aside_and_told_and_never_written_over() {
    let whole = sample().bytes();
    let later = String::from_utf8(whole.clone())
        .unwrap()
        .replace("\"version\": 1", "\"version\": 2")
        .into_bytes();
    let other = String::from_utf8(whole.clone()).unwrap().replace(FORMAT, "weft-recording").into_bytes();
    for (broken, why) in [
        (whole[..whole.len() / 2].to_vec(), "EOF"),
        (Vec::new(), "EOF"),
        (b"\xff\x00".to_vec(), "expected value"),
        (later, "version 2"),
        (other, "something else"),
        (Registry::new(CompressedFabricId([1; 8])).bytes(), "another fabric"),
    ] {
        let folder = Folder::new();
        std::fs::write(folder.0.join(FILE), &broken).unwrap();
        let (registry, set_aside) = Registry::open(&folder.0, FABRIC).unwrap();
        let set_aside = set_aside.unwrap();
        assert!(set_aside.reason.contains(why), "{}", set_aside.reason);
        assert_eq!(registry, Registry::new(FABRIC));
        Registry::write(&folder.0, &registry.bytes()).unwrap();
        assert_eq!(std::fs::read(set_aside.to).unwrap(), broken);
    }
}

#[test]
fn a_number_is_never_given_twice() {
    let mut registry = sample();
    let taken = BTreeSet::from([id(0x8888_8888)]);
    let mut draws = [0, 0xffff, 0x1234_5678, 0x5555_5555, 0x7777_7777, 0x8888_8888, 0x9999_9999].into_iter();
    assert_eq!(registry.reserve(8, NOON, &[], &taken, || draws.next().unwrap()), Some(id(0x9999_9999)));
    registry.retire(id(0x9999_9999));
    assert_eq!(
        registry.reserve(8, NOON, &[], &taken, || 0x9999_9999),
        None,
        "a broken source of randomness ends"
    );
    assert_eq!(registry.reserve(8, NOON, &[], &taken, || 7), None);
}

#[test]
fn a_reserved_number_becomes_a_device_and_a_left_device_a_used_number() {
    let mut registry = sample();
    assert_eq!(registry.reservation(id(0x5555_5555)).unwrap().job, 7);
    registry.add(plug(0x5555_5555));
    assert_eq!(registry.reservations().count(), 0);
    assert_eq!(registry.nodes().len(), 3);
    registry.retire(id(0x5555_5555));
    assert!(registry.get(id(0x5555_5555)).is_none() && registry.is_retired(id(0x5555_5555)));
    registry.add(plug(0x5555_5555));
    assert!(!registry.is_retired(id(0x5555_5555)), "it was found again");
}

#[test]
fn a_device_is_named_by_its_owner_before_its_maker() {
    let mut node = plug(1);
    assert_eq!(node.name().as_deref(), Some("Hall plug"));
    node.label = None;
    assert_eq!(node.name().as_deref(), Some("Eve Energy"));
    node.vendor = None;
    assert_eq!(node.name().as_deref(), Some("Energy"));
    assert_eq!(Node::new(id(1), NOON).name(), None);
    assert_eq!(plug(1).role(), Some(RoutingRole::Router));
}

#[test]
fn the_oldest_numbers_are_forgotten_first() {
    let mut registry = Registry::default();
    (0..=MAX_RETIRED as u64).for_each(|number| registry.retire(id(number)));
    assert_eq!(registry.retired.len(), MAX_RETIRED);
    assert!(!registry.is_retired(id(0)) && registry.is_retired(id(1)));
}

proptest! {
    #[test]
    fn bytes_that_are_no_registry_never_panic(bytes in prop::collection::vec(any::<u8>(), 0..200), cut in 0usize..2000) {
        let _ = Registry::parse(&bytes);
        let whole = sample().bytes();
        if cut + 1 < whole.len() {
            prop_assert!(Registry::parse(&whole[..cut]).is_err());
        }
    }

    #[test]
    fn any_registry_is_read_as_it_was_written(numbers in prop::collection::btree_set(any::<u32>(), 0..40), retired in prop::collection::btree_set(any::<u32>(), 0..40)) {
        let mut registry = Registry::default();
        numbers.iter().for_each(|number| registry.add(plug((*number).into())));
        retired.iter().for_each(|number| registry.retire(id((*number).into())));
        prop_assert_eq!(Registry::parse(&registry.bytes()), Ok(registry));
    }
}
