//! The controller against peers that a test makes up: none of them gets as far as a session.

use super::plain::StatusReport;
use super::*;
use crate::peer::Intervals;
use std::net::SocketAddr;
use std::path::PathBuf;
use tokio::net::UdpSocket;
use tokio::time::Instant;

const A_MOMENT: Duration = Duration::from_millis(300);
const LONG: Duration = Duration::from_secs(20);
const ROLE: AttributePath = AttributePath {
    endpoint: Some(0),
    cluster: Some(0x35),
    attribute: Some(1),
};

struct Folder(PathBuf);

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

fn fabric() -> Fabric {
    let mut name = [0; 8];
    getrandom::fill(&mut name).unwrap();
    let folder = Folder(std::env::temp_dir().join(format!("weft-controller-{:016x}", u64::from_be_bytes(name))));
    Fabric::open(&folder.0, "test").unwrap()
}

fn controller() -> Controller {
    Controller::start(&fabric(), ControllerOptions::default()).unwrap().0
}

fn peer(node: u64, addresses: Vec<SocketAddr>) -> Peer {
    Peer {
        node: MatterNodeId::from_u64(node),
        addresses,
        intervals: Intervals::default(),
    }
}

async fn silent() -> (UdpSocket, SocketAddr) {
    let socket = UdpSocket::bind("127.0.0.1:0").await.unwrap();
    let address = socket.local_addr().unwrap();
    (socket, address)
}

/// Answers every handshake with this status of the secure channel.
async fn refusing(code: u16) -> SocketAddr {
    let (socket, address) = silent().await;
    tokio::spawn(async move {
        let mut buffer = [0; 1_500];
        loop {
            let (length, from) = socket.recv_from(&mut buffer).await.unwrap();
            let message = &buffer[..length];
            // With a source node id: counter at 4, source at 8, protocol header at 16.
            if length < 24 || message[0] & 0x04 == 0 || message[17] != 0x30 {
                continue;
            }
            let mut answer = vec![0x01, 0, 0, 0, 1, 0, 0, 0];
            answer.extend_from_slice(&message[8..16]);
            answer.extend_from_slice(&[0x02, 0x40, message[18], message[19], 0, 0]);
            answer.extend_from_slice(&message[4..8]);
            let general = u16::from(code != 0);
            answer.extend(StatusReport { general, protocol: 0, code }.payload());
            socket.send_to(&answer, from).await.unwrap();
        }
    });
    address
}

#[tokio::test]
async fn a_refusal_says_why() {
    let controller = controller();
    let ask = async |node, code| {
        let address = refusing(code).await;
        controller.read(&peer(node, vec![address]), &[ROLE], LONG).await.unwrap_err()
    };
    assert_eq!(ask(1, StatusReport::NO_SHARED_TRUST_ROOTS).await, OperationError::FabricUnknown);
    assert_eq!(ask(2, StatusReport::BUSY).await, OperationError::Busy);
    assert!(matches!(ask(3, StatusReport::INVALID_PARAMETER).await, OperationError::SessionRefused(_)));
}

/// The library logs messages with keys in them at this level.
#[test]
fn no_controller_logs_what_is_in_messages() {
    log::set_max_level(log::LevelFilter::Trace);
    let _controller = controller();
    assert!(log::max_level() <= log::LevelFilter::Debug);
}

#[tokio::test]
async fn silence_is_told_with_what_was_tried() {
    let controller = controller();
    let ((_first, one), (_second, other)) = (silent().await, silent().await);
    let error = controller.read(&peer(1, vec![one, other]), &[ROLE], A_MOMENT).await.unwrap_err();
    let expected = OperationError::NoAnswer {
        addresses: format!("{one}, {other}"),
        waited: A_MOMENT,
    };
    assert_eq!(error, expected);
    let error = controller.read(&peer(1, vec![]), &[ROLE], A_MOMENT).await.unwrap_err();
    assert_eq!(error, OperationError::NoAddress);
}

#[tokio::test]
async fn an_address_without_a_way_to_it_is_given_up_at_once() {
    let controller = controller();
    let nowhere: SocketAddr = "[fe80::1%4000000]:5540".parse().unwrap();
    let error = controller.read(&peer(1, vec![nowhere]), &[ROLE], LONG).await.unwrap_err();
    assert_eq!(error, OperationError::NoRoute(nowhere.to_string()));

    let there = refusing(StatusReport::NO_SHARED_TRUST_ROOTS).await;
    let error = controller.read(&peer(2, vec![nowhere, there]), &[ROLE], LONG).await.unwrap_err();
    assert_eq!(error, OperationError::FabricUnknown);
}

#[tokio::test]
async fn the_silent_do_not_hold_up_others() {
    let controller = controller();
    let (_socket, nobody) = silent().await;
    let waiting: Vec<_> = (100..160)
        .map(|node| {
            let controller = controller.clone();
            tokio::spawn(async move { controller.read(&peer(node, vec![nobody]), &[ROLE], LONG).await })
        })
        .collect();
    tokio::time::sleep(A_MOMENT).await;
    let there = refusing(StatusReport::NO_SHARED_TRUST_ROOTS).await;
    let began = Instant::now();
    let error = controller.read(&peer(1, vec![there]), &[ROLE], LONG).await.unwrap_err();
    assert_eq!(error, OperationError::FabricUnknown);
    assert!(began.elapsed() < Duration::from_secs(3), "{:?}", began.elapsed());
    assert!(waiting.iter().all(|task| !task.is_finished()));
}

#[tokio::test]
async fn a_panic_ends_one_shard_and_the_next_question_is_answered() {
    let controller = controller();
    let there = refusing(StatusReport::BUSY).await;
    let asked = peer(1, vec![there]);
    let broken = controller.ask::<()>(&asked, LONG, |_, _| Box::pin(async { panic!("on purpose") })).await;
    assert!(matches!(broken, Err(OperationError::Failed(_))), "{broken:?}");
    let error = controller.read(&asked, &[ROLE], LONG).await.unwrap_err();
    assert_eq!(error, OperationError::Busy);
}

#[tokio::test]
async fn who_does_not_wait_any_more_ends_the_work() {
    struct Told(std::sync::mpsc::Sender<()>);
    impl Drop for Told {
        fn drop(&mut self) {
            let _ = self.0.send(());
        }
    }
    let controller = controller();
    let (sender, ended) = std::sync::mpsc::channel();
    let told = Told(sender);
    let asked = peer(1, vec![]);
    let endless = controller.ask::<()>(&asked, LONG, |_, _| {
        Box::pin(async move {
            let _told = told;
            std::future::pending().await
        })
    });
    assert!(tokio::time::timeout(A_MOMENT, endless).await.is_err());
    assert_eq!(ended.recv_timeout(LONG), Ok(()));
}

#[test]
fn a_port_that_is_taken_is_told() {
    let taken = std::net::UdpSocket::bind("[::]:0")
        .or_else(|_| std::net::UdpSocket::bind("0.0.0.0:0"))
        .unwrap();
    let options = ControllerOptions {
        port: taken.local_addr().unwrap().port(),
        ..Default::default()
    };
    match Controller::start(&fabric(), options) {
        Err(OperationError::Failed(why)) => assert!(why.contains(&taken.local_addr().unwrap().port().to_string()), "{why}"),
        Err(other) => panic!("{other}"),
        Ok(_) => panic!("started"),
    }
}
