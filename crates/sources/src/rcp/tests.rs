//! Ports that cannot be used. What a real radio says is tested with OpenThread's own, in the mesh tests.

use super::*;
use crate::event::{Inbox, channel};
use crate::supervise::Supervisor;
use std::process::{Command, Stdio};
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
fn the_program_that_has_the_port_is_named() {
    let path = std::env::temp_dir().join(format!("weft-port-{}", std::process::id()));
    std::fs::write(&path, "").unwrap();
    let file = std::fs::File::open(&path).unwrap();
    let mut other = Command::new("sleep").arg("60").stdin(Stdio::from(file)).spawn().unwrap();
    block_on(async {
        let (sender, mut inbox) = channel("service", 64);
        let mut supervisor = Supervisor::new();
        supervisor.start(Arc::new(dongle(path.to_str().unwrap()).0), &sender);
        assert_eq!(next(&mut inbox).await.0, SourceState::Started);
        let expected = format!("{} is in use by sleep (process {})", path.display(), other.id());
        assert_eq!(next(&mut inbox).await, (SourceState::Deaf, Some(expected)));
        let (_, last) = tokio::join!(supervisor.end(), next(&mut inbox));
        assert_eq!(last.0, SourceState::Stopped);
    });
    other.kill().unwrap();
    other.wait().unwrap();
    std::fs::remove_file(&path).unwrap();
}
