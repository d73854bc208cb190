//! The dongle of the running service: the real API and the real command, with a dongle that does as it is told.

use super::service::Service;
use super::*;
use std::collections::BTreeSet;
use std::io::{BufRead, BufReader};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;
use tokio::sync::watch;
use weft_evidence::{Capture, Evidence};
use weft_model::{
    Annotation, Channel, ChannelScan, DongleMode, DongleView, ExtendedPanId, OwnNodeState, OwnNodeView, PanId, Refusal, Rloc16, ScanProgress,
    ScannedChannel, Timestamp,
};
use weft_server::{Config, Dongle, History, HistoryError, Publisher, Recorded, Server, Token};
use weft_topology::{Policy, Topology, derive};

const NETWORK: &str = "1111111111111111";
const TOKEN: &str = "correct-horse-battery";
const NOW: Timestamp = Timestamp::from_unix_milliseconds(1_800_000_000_000);

/// Does what it is told, a moment later.
struct Obedient {
    view: Mutex<DongleView>,
    changed: watch::Sender<u64>,
    /// It is pulled out in the middle of a scan.
    is_loose: bool,
}

impl Obedient {
    fn change(&self, change: impl FnOnce(&mut DongleView)) {
        change(&mut self.view.lock().unwrap());
        self.changed.send_modify(|count| *count += 1);
    }
}

/// One for each service; clones are the same.
#[derive(Clone)]
struct Toy(Arc<Obedient>);

impl Toy {
    fn new(is_loose: bool) -> Self {
        let view = DongleView {
            mode: DongleMode::Listening,
            detail: "It listens.".into(),
            port: Some("/dev/ttyACM0".into()),
            channel: Channel::new(20),
            frames: 1_000,
            ..DongleView::default()
        };
        Self(Arc::new(Obedient {
            view: Mutex::new(view),
            changed: watch::Sender::new(0),
            is_loose,
        }))
    }

    fn later(&self, change: impl FnOnce(&mut DongleView) + Send + 'static) {
        let toy = Arc::clone(&self.0);
        thread::spawn(move || {
            thread::sleep(Duration::from_millis(700));
            toy.change(change);
        });
    }
}

impl Dongle for Toy {
    fn view(&self) -> DongleView {
        self.0.view.lock().unwrap().clone()
    }

    fn changed(&self) -> watch::Receiver<u64> {
        self.0.changed.subscribe()
    }

    fn scan(&self, dwell: Duration) -> Result<(), Refusal> {
        let dwell_milliseconds = u64::try_from(dwell.as_millis()).unwrap();
        self.0.change(|view| {
            view.mode = DongleMode::Scanning;
            view.scanning = Channel::new(11).map(|channel| ScanProgress {
                channel,
                done: 0,
                of: 16,
                dwell_milliseconds,
            });
        });
        let is_loose = self.0.is_loose;
        self.later(move |view| {
            view.scanning = None;
            if is_loose {
                view.mode = DongleMode::Absent;
                view.last_error = Some("It was pulled out.".into());
                return;
            }
            view.mode = DongleMode::Listening;
            let channels = [(11, 0), (25, 12)].map(|(channel, frames)| ScannedChannel {
                channel: Channel::new(channel).unwrap(),
                frames,
                thread_frames: frames,
                pan_ids: vec![PanId(0xface)],
                rssi_max_dbm: Some(-61),
                energy_max_dbm: Some(-40),
            });
            view.scan = Some(ChannelScan {
                taken_at: NOW,
                dwell_milliseconds,
                channels: channels.into(),
            });
        });
        Ok(())
    }

    fn listen(&self, channel: Option<Channel>) -> Result<(), Refusal> {
        if self.view().node.is_some() {
            return Err(Refusal::NotNow("It takes part in a mesh: leave that first.".into()));
        }
        self.later(move |view| {
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
            return Err(Refusal::NotNow("Weft has no dataset of it: `weft network add -`.".into()));
        }
        let node = OwnNodeView {
            extended_pan_id: network,
            network_name: Some("Home".into()),
            extended_address: "0a000000000000ff".parse().unwrap(),
            state: OwnNodeState::Attaching,
            since: NOW,
            detail: "It asks for a parent.".into(),
            rloc16: None,
            parent: None,
            partition_id: None,
            frames_sent: 0,
            frames_lost: 0,
            routers: Vec::new(),
        };
        self.0.change(|view| {
            view.mode = DongleMode::TakingPart;
            view.node = Some(node);
        });
        self.later(|view| {
            let node = view.node.as_mut().unwrap();
            node.state = OwnNodeState::Attached;
            node.rloc16 = Rloc16::new(0x2c05);
            node.detail = "It is a child of 0x2c00.".into();
        });
        Ok(())
    }

    fn leave(&self) -> Result<(), Refusal> {
        if self.view().node.is_none() {
            return Err(Refusal::NotNow("It takes part in no mesh.".into()));
        }
        self.later(|view| {
            view.node = None;
            view.mode = DongleMode::Listening;
        });
        Ok(())
    }
}

/// A service that keeps nothing.
struct Nothing;

impl History for Nothing {
    fn topology_at(&self, _: Timestamp) -> Result<Arc<Topology>, HistoryError> {
        Err(HistoryError::NotYet)
    }

    fn events(&self, _: Timestamp, _: Timestamp, _: usize) -> Result<Recorded, HistoryError> {
        Err(HistoryError::NotYet)
    }

    fn captures(&self, _: &BTreeSet<u64>) -> Result<Vec<Capture>, HistoryError> {
        Ok(Vec::new())
    }

    fn annotate(&self, _: Vec<Annotation>) -> Result<Vec<u64>, HistoryError> {
        Err(HistoryError::NotYet)
    }
}

/// A service of this process, which owns a folder. Ends with this value.
struct Beside {
    _runtime: tokio::runtime::Runtime,
    _owned: DataDirectory,
    data: String,
}

impl Beside {
    fn start(folder: &Folder, toy: Toy) -> Self {
        let data = folder.path("data");
        let owned = DataDirectory::open(Path::new(&data)).unwrap();
        fs::write(Path::new(&data).join("token"), TOKEN).unwrap();
        let runtime = tokio::runtime::Runtime::new().unwrap();
        let listener = runtime.block_on(tokio::net::TcpListener::bind("127.0.0.1:0")).unwrap();
        let address = listener.local_addr().unwrap();
        let topology = derive(&Evidence::default(), NOW, &Policy::standard());
        let publisher = Publisher::new(topology.into(), Arc::default(), weft_server::Status::default()).unwrap();
        let config = Config {
            address,
            hosts: Vec::new(),
            token: Some(Token::new(TOKEN.into()).unwrap()),
        };
        let server = Server::new(config, publisher, Arc::new(Nothing), None, || NOW)
            .unwrap()
            .with_dongle(Arc::new(toy));
        runtime.spawn(weft_server::serve(listener, server, std::future::pending()));
        owned.set_address(&address.to_string()).unwrap();
        Self {
            _runtime: runtime,
            _owned: owned,
            data,
        }
    }

    fn dongle(&self, arguments: &[&str]) -> (i32, String, String) {
        let all: Vec<&str> = ["dongle"].iter().chain(arguments).chain(&["--data", &self.data]).copied().collect();
        run(&all)
    }
}

#[test]
fn without_a_service_it_says_how_to_start_one_and_makes_nothing() {
    let folder = Folder::new("dongle");
    let data = folder.path("data");
    for arguments in [
        &["dongle"][..],
        &["dongle", "--json"],
        &["dongle", "scan"],
        &["dongle", "listen", "25"],
        &["dongle", "join", "Home", "--yes"],
        &["dongle", "leave"],
    ] {
        let (code, output, error) = run(&[arguments, &["--data", &data]].concat());
        assert_eq!((code, output.as_str()), (1, ""), "{arguments:?}");
        assert!(
            error.contains("no service is running") && error.contains("weft serve --dongle auto"),
            "{error}"
        );
    }
    assert!(!Path::new(&data).exists());
}

#[test]
fn a_service_without_a_dongle_says_so() {
    let folder = Folder::new("no-dongle");
    let data = folder.path("data");
    let mut command = weft(&["serve", "--no-mdns", "--no-matter", "--listen", "0", "--data", &data]);
    let mut service = Service(command.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap());
    let mut line = String::new();
    BufReader::new(service.0.stdout.take().unwrap()).read_line(&mut line).unwrap();
    for arguments in [
        &["dongle"][..],
        &["dongle", "scan"],
        &["dongle", "join", NETWORK, "--yes"],
        &["dongle", "leave"],
    ] {
        let (code, output, error) = run(&[arguments, &["--data", &data]].concat());
        assert_eq!((code, output.as_str()), (1, ""), "{arguments:?}");
        assert!(error.contains("started without a dongle") && error.contains("--dongle auto"), "{error}");
    }
}

#[test]
fn it_is_shown_scans_and_goes_to_another_channel() {
    let folder = Folder::new("dongle-scan");
    let service = Beside::start(&folder, Toy::new(false));
    let (code, output, error) = service.dongle(&[]);
    assert_eq!((code, error.as_str()), (0, ""));
    assert!(output.contains("listens on channel 20") && output.contains("/dev/ttyACM0"), "{output}");
    assert!(output.contains("From the running service"), "{output}");
    let (code, output, error) = service.dongle(&["scan", "--dwell", "50"]);
    assert_eq!(code, 0, "{error}");
    assert_eq!(
        output,
        "channel  frames  Thread  strongest    energy  PAN ids\n     11       0       0    -61 dBm   -40 dBm  0xface\n     \
         25      12      12    -61 dBm   -40 dBm  0xface\n"
    );
    assert!(error.contains("50 ms on each") && error.contains("deaf"), "{error}");
    let (code, output, error) = service.dongle(&["listen", "25", "--json"]);
    assert_eq!(code, 0, "{error}");
    assert!(error.contains("listens on channel 25"), "{error}");
    let view: DongleView = serde_json::from_str(&output).unwrap();
    assert_eq!(view.channel, Channel::new(25));
    assert_eq!(view.scan.unwrap().dwell_milliseconds, 50);
    let (code, _, error) = service.dongle(&["listen", "auto"]);
    assert_eq!(code, 0);
    assert!(error.contains("looks for a channel"), "{error}");
}

#[test]
fn a_scan_that_comes_to_nothing_says_why() {
    let folder = Folder::new("dongle-loose");
    let service = Beside::start(&folder, Toy::new(true));
    let (code, output, error) = service.dongle(&["scan", "--dwell", "50"]);
    assert_eq!((code, output.as_str()), (1, ""));
    assert!(error.contains("is not there") && error.contains("It was pulled out."), "{error}");
}

#[test]
fn it_takes_part_only_where_somebody_agrees_and_leaves_again() {
    let folder = Folder::new("dongle-join");
    let service = Beside::start(&folder, Toy::new(false));
    let (code, _, error) = service.dongle(&["leave"]);
    assert_eq!(code, 1);
    assert!(error.contains("no mesh"), "{error}");
    let (code, output, error) = service.dongle(&["join", NETWORK]);
    assert_eq!((code, output.as_str()), (2, ""), "{error}");
    assert!(
        error.contains("places for children") && error.contains("frames") && error.contains("--yes"),
        "{error}"
    );
    assert!(service.dongle(&[]).1.contains("listens"), "nothing was done");
    let (code, _, error) = service.dongle(&["join", "Home", "--yes"]);
    assert_eq!(code, 1);
    assert!(error.contains("extended PAN ID"), "this service knows no networks: {error}");
    let (code, _, error) = service.dongle(&["join", "2222222222222222", "--yes"]);
    assert_eq!(code, 1);
    assert!(error.contains("weft network add -"), "{error}");

    let (code, output, error) = service.dongle(&["join", NETWORK, "--yes"]);
    assert_eq!((code, output.as_str()), (0, ""), "{error}");
    for said in [
        "places for children",
        "It asks for a parent.",
        "It is a child of 0x2c00.",
        "weft dongle leave",
    ] {
        assert!(error.contains(said), "{said}: {error}");
    }
    let (code, _, error) = service.dongle(&["join", NETWORK]);
    assert_eq!(code, 0);
    assert!(error.contains("already"), "{error}");
    let (code, _, error) = service.dongle(&["listen", "25"]);
    assert_eq!(code, 1);
    assert!(error.contains("leave that first"), "{error}");
    let (code, output, _) = service.dongle(&[]);
    assert_eq!(code, 0);
    assert!(output.contains("Its node in Home") && output.contains("0x2c05"), "{output}");
    let (code, _, error) = service.dongle(&["leave"]);
    assert_eq!(code, 0, "{error}");
    assert!(error.contains("takes part in no mesh any more, and listens"), "{error}");
}

#[test]
fn the_nodes_counters_are_listed_and_go_only_when_they_are_named() {
    let folder = Folder::new("dongle-data");
    let data = folder.path("data");
    let kept = Path::new(&data).join("dongle");
    fs::create_dir_all(&kept).unwrap();
    fs::write(kept.join("dead1111beef2222.json"), "{}").unwrap();
    let (code, output, error) = run(&["data", "--data", &data]);
    assert_eq!(code, 0, "{error}");
    let line = output
        .lines()
        .find(|line| line.starts_with("dongle "))
        .unwrap_or_else(|| panic!("{output}"));
    assert!(
        line.contains(&kept.display().to_string()) && line.contains("never use twice") && line.contains("--dongle"),
        "{line}"
    );

    let (code, _, error) = run(&["data", "--delete", "--yes", "--data", &data]);
    assert_eq!(code, 0, "{error}");
    assert!(error.contains("counters of the dongle's node stay"), "{error}");
    assert!(kept.is_dir());
    let (code, _, error) = run(&["data", "--delete", "--dongle", "--yes", "--data", &data]);
    assert_eq!(code, 0, "{error}");
    assert!(error.contains("deleted address and frame counters"), "{error}");
    assert!(!kept.exists());
}
