//! A dongle in memory, for tests: it listens, and keeps what it was asked.

use super::Dongle;
use crate::testing::now;
use std::sync::Mutex;
use std::time::Duration;
use tokio::sync::watch;
use weft_model::{
    Channel, ChannelScan, DongleKind, DongleMode, DongleView, ExtendedPanId, OwnNodeState, OwnNodeView, PanId, PartitionId, Refusal, Rloc16,
    RouterFromHere, ScanProgress, ScannedChannel,
};

/// The network whose dataset there is.
pub(crate) const NETWORK: &str = "1111111111111111";

pub(crate) struct Double {
    view: Mutex<DongleView>,
    changed: watch::Sender<u64>,
    /// What it was asked, in words.
    pub(crate) asked: Mutex<Vec<String>>,
    /// Whatever is to be kept cannot be.
    disk_is_full: bool,
}

fn channel(number: u16) -> Channel {
    Channel::new(number).unwrap()
}

impl Double {
    pub(crate) fn new() -> Self {
        Self {
            view: Mutex::new(DongleView {
                mode: DongleMode::Listening,
                since: Some(now()),
                detail: "It listens on channel 20.".into(),
                port: Some("/dev/ttyACM0".into()),
                kind: Some(DongleKind::Rcp),
                firmware: Some("OPENTHREAD/1.4".into()),
                protocol: Some("4.3".into()),
                rcp_api: Some(11),
                hardware_address: "f4ce36a1b2c3d4e5".parse().ok(),
                channel: Some(channel(20)),
                opens: NETWORK.parse().ok(),
                frames: 1_000,
                frames_per_second: 17,
                foreign_pans: vec![PanId(0x4f21)],
                last_error: Some("It was unplugged.".into()),
                last_error_at: Some(now()),
                ..DongleView::default()
            }),
            changed: watch::Sender::new(0),
            asked: Mutex::default(),
            disk_is_full: false,
        }
    }

    pub(crate) fn on_a_full_disk() -> Self {
        Self {
            disk_is_full: true,
            ..Self::new()
        }
    }

    pub(crate) fn change(&self, what: String, change: impl FnOnce(&mut DongleView)) {
        self.asked.lock().unwrap().push(what);
        change(&mut self.view.lock().unwrap());
        self.changed.send_modify(|count| *count += 1);
    }

    /// As after a scan.
    pub(crate) fn scanned(&self) {
        let heard = ScannedChannel {
            channel: channel(25),
            frames: 12,
            thread_frames: 9,
            pan_ids: vec![PanId(0x4f21)],
            rssi_max_dbm: Some(-61),
            energy_max_dbm: Some(-40),
        };
        self.change("(scanned)".into(), |view| {
            view.mode = DongleMode::Listening;
            view.scanning = None;
            view.scan = Some(ChannelScan {
                taken_at: now(),
                dwell_milliseconds: 100,
                channels: vec![heard],
            });
        });
    }

    fn takes_part(&self) -> Result<(), Refusal> {
        let is_node = self.view().node.is_some();
        if is_node {
            Err(Refusal::NotNow("It takes part in a mesh.".into()))
        } else {
            Ok(())
        }
    }

    fn kept(&self) -> Result<(), Refusal> {
        if self.disk_is_full {
            Err(Refusal::Failed("The disk is full.".into()))
        } else {
            Ok(())
        }
    }
}

impl Dongle for Double {
    fn view(&self) -> DongleView {
        self.view.lock().unwrap().clone()
    }

    fn changed(&self) -> watch::Receiver<u64> {
        self.changed.subscribe()
    }

    fn scan(&self, dwell: Duration) -> Result<(), Refusal> {
        self.takes_part()?;
        if self.view().mode == DongleMode::Scanning {
            return Err(Refusal::NotNow("It scans already.".into()));
        }
        let dwell_milliseconds = u64::try_from(dwell.as_millis()).unwrap();
        self.change(format!("scan {dwell_milliseconds}"), |view| {
            view.mode = DongleMode::Scanning;
            view.scanning = Some(ScanProgress {
                channel: channel(11),
                done: 0,
                of: 16,
                dwell_milliseconds,
            });
        });
        Ok(())
    }

    fn listen(&self, channel: Option<Channel>) -> Result<(), Refusal> {
        self.takes_part()?;
        self.change(format!("listen {:?}", channel.map(Channel::get)), |view| {
            view.channel = channel;
            view.mode = if channel.is_some() {
                DongleMode::Listening
            } else {
                DongleMode::Searching
            };
        });
        Ok(())
    }

    fn join(&self, network: ExtendedPanId) -> Result<(), Refusal> {
        if network.to_string() != NETWORK {
            return Err(Refusal::NotNow("Weft has no dataset of it.".into()));
        }
        self.takes_part()?;
        self.kept()?;
        let node = OwnNodeView {
            extended_pan_id: network,
            network_name: Some("Home".into()),
            extended_address: "0a000000000000ff".parse().unwrap(),
            state: OwnNodeState::Attached,
            since: now(),
            detail: "It is a child.".into(),
            rloc16: Rloc16::new(0x2c05),
            parent: "0a00000000000001".parse().ok(),
            partition_id: Some(PartitionId(7)),
            frames_sent: 9,
            frames_lost: 1,
            routers: vec![RouterFromHere {
                rloc16: Rloc16::new(0x2c00).unwrap(),
                extended_address: "0a00000000000001".parse().unwrap(),
                rssi_dbm: Some(-61),
                link_margin_db: 30,
                at: now(),
            }],
        };
        self.change(format!("join {network}"), |view| {
            view.mode = DongleMode::TakingPart;
            view.node = Some(node);
        });
        Ok(())
    }

    fn leave(&self) -> Result<(), Refusal> {
        if self.view().node.is_none() {
            return Err(Refusal::NotNow("It takes part in none.".into()));
        }
        self.kept()?;
        self.change("leave".into(), |view| {
            view.mode = DongleMode::Listening;
            view.node = None;
        });
        Ok(())
    }
}
