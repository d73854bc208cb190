//! Small meshes in which one thing happens (`fixtures/air-networks`): a router dies, keys rotate, a parent forgets its child, somebody looks for addresses.

use super::*;
use weft_thread::listen::Counts;

/// The dataset of all of them: extended PAN id, network key, PAN id, mesh-local prefix.
const DATASET: &str = "0208dead1111beef2222051000112233445566778899aabbccddeeff010212340708fdf01cc8d6f8f4f0";

fn scene(name: &str) -> (Vec<Packet>, Vec<Capture>, Counts) {
    let bytes: Vec<u8> = (0..DATASET.len())
        .step_by(2)
        .map(|at| u8::from_str_radix(&DATASET[at..at + 2], 16).unwrap())
        .collect();
    let packets = packets(name);
    let listener = Listener::default().with_network(Network::from_dataset(&bytes).unwrap());
    let (captures, listener) = listen(listener, &packets, Timestamp::MAX);
    (packets, captures, listener.counts().clone())
}

fn by_address<'t>(topology: &'t Topology, address: &str) -> &'t Node {
    let is_it = |node: &&Node| node.extended_address.is_some_and(|own| own.to_string() == address);
    topology.nodes().find(is_it).unwrap_or_else(|| panic!("{address} is not there"))
}

#[test]
fn a_dead_router_of_five_is_silent_at_once_and_gone_with_the_last_link() {
    const DEAD: &str = "a689ae81b091f21f";
    // It became a router 67 s before.
    let killed_at = Timestamp::from_unix_milliseconds(1_795_314_842_395);
    let (_, captures, _) = scene("dead-router");
    let after = |seconds: i64| topology_at(&captures, killed_at.plus_seconds(seconds));
    assert_eq!(by_address(&after(0), DEAD).state, State::Confirmed);
    for seconds in [1, 10, 30, 60] {
        let topology = after(seconds);
        let node = by_address(&topology, DEAD);
        assert!(!is_past(node.state), "its neighbours still list it after {seconds} s");
        let heard = node.last_heard_at.unwrap();
        assert!(heard <= killed_at, "nobody hears it any more: {heard} after {seconds} s");
    }
    // No two advertisements are so far apart, also where the one between them is lost: that its neighbours still list it says less.
    assert_eq!(by_address(&after(85), DEAD).state, State::Stale);
    // Its neighbours drop it 100 s after its last word, which was up to 32 s before it died; the last of them advertises that 109 s after it died.
    for seconds in [110, 120, 150, 180, 240] {
        let topology = after(seconds);
        let node = by_address(&topology, DEAD);
        assert_eq!(node.state, State::Gone, "after {seconds} s");
        assert!(
            topology
                .links()
                .filter(|link| link.a == node.id || link.b == node.id)
                .all(|link| link.state == State::Gone)
        );
    }
}

#[test]
fn a_child_that_its_parent_forgot_is_a_zombie() {
    // The child stood still for longer than its timeout; then it went on asking its parent, which acknowledges and knows nothing of it.
    let stood_still_at = Timestamp::from_unix_milliseconds(1_795_314_785_488);
    let asked_at = Timestamp::from_unix_milliseconds(1_795_314_804_500);
    let (_, captures, counts) = scene("zombie");
    assert!(counts.management > 0, "somebody asked the parent for its children");
    let zombies = |at: Timestamp| {
        let topology = topology_at(&captures, at);
        topology
            .findings()
            .filter(|finding| finding.kind == "zombie")
            .cloned()
            .collect::<Vec<_>>()
    };
    assert_eq!(zombies(stood_still_at), []);
    assert_eq!(zombies(asked_at.minus_seconds(1)), [], "the parent told nothing yet");
    for seconds in [60, 90, 120] {
        let found = zombies(asked_at.plus_seconds(seconds));
        assert_eq!(found.len(), 1, "after {seconds} s");
        assert_eq!(
            found[0].subjects.iter().map(|id| &**id).collect::<Vec<_>>(),
            ["32b93c59a89b69cb", "42d91d16e49829e5"]
        );
    }
}

#[test]
fn keys_that_rotate_are_followed() {
    let (packets, _, counts) = scene("key-rotation");
    assert_eq!(
        (counts.closed_frames, counts.closed_messages, counts.replayed, counts.unknown_senders),
        (0, 0, 0, 0),
        "{counts:?}"
    );
    let sealed = packets.iter().filter(|packet| {
        let frame = heard_frame(packet, None).unwrap();
        Frame::parse(frame.frame).unwrap().security.is_some()
    });
    assert_eq!(
        counts.opened_frames + counts.announces,
        sealed.count() as u64,
        "at sequence 0, then 1, then 7; a sleepy child stays at 0"
    );
    // Whoever comes later learns the sequence from the first message that is not about MAC frames.
    let rotated_at = Timestamp::from_unix_milliseconds(1_795_314_836_374);
    let later: Vec<Packet> = packets
        .into_iter()
        .filter(|packet| packet.timestamp().unwrap() > rotated_at.plus_seconds(2))
        .collect();
    let (captures, listener) = listen(with_key(OTBR_KEY), &later, Timestamp::MAX);
    let counts = listener.counts();
    assert!(counts.opened_messages > 5 && counts.closed_messages == 0, "{counts:?}");
    let topology = topology_at(&captures, later.last().unwrap().timestamp().unwrap());
    assert_eq!(by_address(&topology, "c2a44280eba06dd8").role, weft_topology::Role::Leader);
}

#[test]
fn a_full_channel_stays_small() {
    // The mesh of 20 nodes, as often and as fast as a channel can carry it: 1,300 frames a second, for two minutes.
    let (packets, seconds) = (packets("mesh20"), 120);
    let mut listener = Listener::default();
    let mut captures = Vec::new();
    for (number, packet) in packets.iter().cycle().take(1_300 * seconds).enumerate() {
        let mut heard = heard_frame(packet, None).unwrap();
        heard.microseconds = number as u64 * 1_000_000 / 1_300;
        heard.at = Timestamp::from_unix_milliseconds((heard.microseconds / 1000) as i64);
        listener.hear(&heard, &mut captures);
    }
    let bytes: usize = numbered(captures)
        .iter()
        .map(|capture| serde_json::to_string(capture).unwrap().len() + 1)
        .sum();
    println!("{} bytes a second", bytes / seconds);
    assert!(bytes / seconds < 4_096, "{} bytes a second", bytes / seconds);
}

#[test]
fn whoever_is_looked_for_by_address_is_found_on_the_map() {
    let (_, captures, counts) = scene("addresses");
    assert_eq!(counts.without_prefix, 0);
    let topology = topology_at(&captures, captures.last().unwrap().at);
    // As the nodes themselves say: routable address, and who has it.
    for (address, radio, parent) in [
        ("fda7:c957:ed9:3734:d295:442e:f16e:bd88", "92498167e002920c", None),
        ("fda7:c957:ed9:3734:ad7a:1cc0:58d7:5d26", "fe8c3e7b177616ca", Some("d23d2b854ed2e474")),
        ("fda7:c957:ed9:3734:d0ce:7c33:7aec:2333", "1a2566322c614388", Some("d23d2b854ed2e474")),
    ] {
        let node = by_address(&topology, radio);
        assert!(
            node.addresses.iter().any(|own| own == address),
            "{radio}: {address} is not in {:?}",
            node.addresses
        );
        assert_eq!(node.parent.as_ref().map(|parent| &*parent.node), parent);
    }
    assert_eq!(topology.nodes().count(), 4);
    // A router answered for its sleepy child.
    let mut said = captures
        .iter()
        .flat_map(|capture| weft_evidence::Decoder::new().decode(capture).observations);
    assert!(said.any(|observation| matches!(&*observation.fact, weft_model::Fact::AnsweredForBy(router) if router.to_string() == "0x7400")));
}
