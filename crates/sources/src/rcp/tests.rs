//! Ports that cannot be used. What a real radio says is tested with OpenThread's own, in the mesh tests.

use super::*;
use crate::event::{Inbox, channel};
use crate::supervise::Supervisor;
use weft_evidence::CaptureBody;
use weft_model::Channel;

fn dongle(path: &str) -> (DongleSource, DongleHandle) {
    DongleSource::new(DongleConfig {
        name: "dongle".to_owned(),
        port: PortChoice::Path(path.to_owned()),
        baud: Some(115_200),
        listening: Listening::Channel(Channel::new(20).unwrap()),
        listener: Listener::default(),
        frames: None,
        directory: None,
    })
}

async fn next(inbox: &mut Inbox) -> (SourceState, Option<String>) {
    loop {
        if let CaptureBody::Source(report) = inbox.receive().await.unwrap().body {
            return (report.state, report.reason);
        }
    }
}

fn block_on(test: impl Future<Output = ()>) {
    tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .build()
        .unwrap()
        .block_on(test);
}

#[test]
fn a_port_that_is_not_there_is_told_once_and_waited_for() {
    block_on(async {
        let (sender, mut inbox) = channel("service", 64);
        let mut supervisor = Supervisor::new();
        let (source, handle) = dongle("/dev/weft-no-such-port");
        supervisor.start(Arc::new(source), &sender);
        assert_eq!(next(&mut inbox).await.0, SourceState::Started);
        let reason = "there is no port /dev/weft-no-such-port: the dongle is not plugged in";
        assert_eq!(next(&mut inbox).await, (SourceState::Deaf, Some(reason.to_owned())));
        let again = tokio::time::timeout(Duration::from_millis(1500), next(&mut inbox)).await;
        assert!(again.is_err(), "said again: {again:?}");
        assert_eq!(handle.view().last_error.as_deref(), Some(reason));
        let (_, last) = tokio::join!(supervisor.end(), next(&mut inbox));
        assert_eq!(last.0, SourceState::Stopped);
    });
}

#[test]
#[cfg(target_os = "linux")]
fn what_is_no_serial_port_is_said_so() {
    block_on(async {
        let (sender, mut inbox) = channel("service", 64);
        let mut supervisor = Supervisor::new();
        supervisor.start(Arc::new(dongle("/dev/null").0), &sender);
        assert_eq!(next(&mut inbox).await.0, SourceState::Started);
        let (state, reason) = next(&mut inbox).await;
        assert_eq!(state, SourceState::Deaf);
        assert!(reason.unwrap().starts_with("/dev/null is no serial port: "));
        let (_, last) = tokio::join!(supervisor.end(), next(&mut inbox));
        assert_eq!(last.0, SourceState::Stopped);
    });
}
