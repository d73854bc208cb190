//! Datasets that move the network.

use super::*;
use crate::node::Detached;
use weft_model::Dataset;

fn dataset(channel: u16, timestamp: u64, delay_milliseconds: Option<u32>) -> Box<Dataset> {
    Box::new(Dataset {
        active_timestamp: Some(timestamp),
        channel: Channel::new(channel),
        pan_id: Some(PanId(0x1234)),
        delay_milliseconds,
        ..Dataset::default()
    })
}

fn data_response(version: u8, with: Vec<Tlv>) -> Vec<Tlv> {
    let mut tlvs = vec![
        Tlv::SourceAddress(Some(rloc16(0x5c00))),
        Tlv::LeaderData(leader(77, version)),
        network_data(&[]),
    ];
    tlvs.extend(with);
    tlvs
}

#[test]
fn a_pending_dataset_moves_it_at_its_time() {
    let mut scene = Scene::attached();
    // It is told of, and not brought: it is asked for.
    scene.hear(
        PARENT,
        Command::DATA_RESPONSE,
        data_response(11, vec![Tlv::ActiveTimestamp(ACTIVE_TIMESTAMP), Tlv::PendingTimestamp(9)]),
    );
    assert_eq!(scene.outputs(), []);
    scene.on(MILLISECONDS(10));
    assert_eq!(scene.commands(), [Command::DATA_REQUEST]);
    let pending = Tlv::PendingDataset(dataset(15, 0x0002_0000, Some(30_000)));
    scene.hear(PARENT, Command::DATA_RESPONSE, data_response(11, vec![Tlv::PendingTimestamp(9), pending]));
    assert_eq!(scene.outputs(), [Output::NetworkData(Vec::new())]);
    let arrived = scene.now;
    scene.on_to_deadline();
    assert_eq!(scene.now, arrived + SECONDS(30));
    let spot = Spot {
        channel: Channel::new(15).unwrap(),
        pan_id: PanId(0x1234),
    };
    let outputs = scene.outputs();
    assert_eq!(
        outputs[..4],
        [
            Output::Network(spot),
            Output::Place(None),
            Output::Clear,
            Output::Detached(Detached::NetworkMoved)
        ]
    );
    assert_eq!(scene.mle.listens_at(), spot);
    // Its timestamp is ours from now on.
    scene.answer(&Router::new(PARENT, 0x5c00));
    scene.on_to_deadline();
    let request = scene.sent().pop().unwrap();
    assert_eq!(scene.mle.timestamps.active, Some(0x0002_0000));
    let named = find!(request.message, Tlv::ActiveTimestamp(timestamp) => *timestamp);
    assert_eq!(named, None, "the mesh is to say itself what it is now");
    assert_eq!(find!(request.message, Tlv::PendingTimestamp(_) => ()), None);
}

#[test]
fn one_that_moves_nothing_disturbs_nothing() {
    let mut scene = Scene::attached();
    let pending = Tlv::PendingDataset(dataset(20, 0x0002_0000, Some(30_000)));
    scene.hear(PARENT, Command::DATA_RESPONSE, data_response(11, vec![Tlv::PendingTimestamp(9), pending]));
    scene.outputs();
    scene.on(SECONDS(31));
    assert_eq!(scene.outputs(), []);
    assert!(matches!(scene.mle.standing(), Standing::Attached(_)));
}

#[test]
fn an_active_dataset_of_another_place_is_gone_to() {
    let mut scene = Scene::attached();
    let active = vec![Tlv::ActiveTimestamp(0x0003_0000), Tlv::ActiveDataset(dataset(26, 0x0003_0000, None))];
    scene.hear(PARENT, Command::DATA_RESPONSE, data_response(11, active));
    let outputs = scene.outputs();
    assert!(outputs.contains(&Output::Detached(Detached::NetworkMoved)), "{outputs:?}");
    assert_eq!(scene.mle.listens_at().channel.get(), 26);
}
