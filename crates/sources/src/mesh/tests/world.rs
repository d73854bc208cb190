//! Border agents that follow a script.

use super::super::agent::Goodbyes;
use super::super::kept::Kept;
use super::super::way::{Attempt, Attempted, Way, WayFailure};
use super::super::ways::{Api, Ways};
use super::super::{FRAMES_PER_HOUR, MeshConfig, MeshHandle, MeshSource};
use super::dataset;
use crate::directory::{AgentService, AnnouncedAgent, BorderAgent, ServiceDirectory};
use crate::event::channel;
use crate::own_node::OwnNode;
use crate::supervise::Supervisor;
use crate::whole_file::tests::Folder;
use std::collections::{BTreeMap, VecDeque};
use std::future::Future;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::time::Duration;
use weft_evidence::{CaptureBody, SourceState};
use weft_model::{AbilityKind, Airtime, BorderAgentRecord, Brought, DataPath, DataPathState, ExtendedPanId, PartitionId, Rloc16};

/// What a border agent does when it is tried; each takes a second.
#[derive(Clone)]
pub(super) enum Answer {
    Sweep {
        routers: u32,
        silent: u32,
        frames: u32,
    },
    Fails(WayFailure),
    /// Brings the mesh, and hands out its dataset of this second where that is wanted.
    HandsOut(ExtendedPanId, u64),
    /// Hands out its dataset of this second.
    Dataset(ExtendedPanId, u64),
    /// Makes Weft commissioner, and passes nothing on.
    RoleOnly,
    /// Routers answer one by one, and not the multicast.
    Unheard,
    Hangs,
    Panics,
}

pub(super) const SWEEP: Answer = Answer::Sweep {
    routers: 9,
    silent: 0,
    frames: 300,
};

/// One attempt as it was seen.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Seen {
    pub(super) at: u64,
    pub(super) name: String,
    pub(super) with: &'static str,
    pub(super) max_frames: u32,
    pub(super) expected: usize,
    pub(super) without_multicast: bool,
}

#[derive(Default)]
pub(super) struct World {
    /// By name; the last answer stays.
    pub(super) scripts: Mutex<BTreeMap<String, VecDeque<Answer>>>,
    pub(super) seen: Mutex<Vec<Seen>>,
    pub(super) dropped: Mutex<u32>,
    at_once: Mutex<BTreeMap<ExtendedPanId, u32>>,
    pub(super) most_at_once: Mutex<u32>,
    pub(super) api_at: Mutex<Option<SocketAddr>>,
}

struct Scripted {
    world: Arc<World>,
    name: String,
    network: Option<ExtendedPanId>,
    node: Option<Arc<dyn OwnNode>>,
}

struct Under<'a>(&'a Scripted, bool);

impl Drop for Under<'_> {
    fn drop(&mut self) {
        if let Some(network) = self.0.network {
            *self.0.world.at_once.lock().unwrap().entry(network).or_default() -= 1;
        }
        if !self.1 {
            *self.0.world.dropped.lock().unwrap() += 1;
        }
    }
}

impl Way for Scripted {
    fn attempt(&self, attempt: Attempt) -> Pin<Box<dyn Future<Output = Attempted> + Send + '_>> {
        Box::pin(async move {
            let mut under = Under(self, false);
            if let Some(network) = self.network {
                let mut at_once = self.world.at_once.lock().unwrap();
                let one = at_once.entry(network).or_default();
                *one += 1;
                assert_eq!(*one, 1, "two at once in one network");
                let all: u32 = at_once.values().sum();
                let mut most = self.world.most_at_once.lock().unwrap();
                *most = all.max(*most);
            }
            self.world.seen.lock().unwrap().push(Seen {
                at: now().as_secs(),
                name: self.name.clone(),
                with: match (&attempt.passcode, &attempt.pskc) {
                    (Some(_), _) => "passcode",
                    (None, Some(_)) => "pskc",
                    (None, None) => "nothing",
                },
                max_frames: attempt.max_frames,
                expected: attempt.expected.len(),
                without_multicast: attempt.without_multicast,
            });
            let answer = {
                let mut scripts = self.world.scripts.lock().unwrap();
                let script = scripts.get_mut(&self.name).unwrap();
                if script.len() > 1 { script.pop_front() } else { script.front().cloned() }.unwrap()
            };
            tokio::time::sleep(Duration::from_secs(1)).await;
            let mut attempted = Attempted {
                result: Ok(Brought::default()),
                abilities: vec![(AbilityKind::Pskc, true, None)],
                dataset: None,
                network: self.network,
                product: None,
                routers: Vec::new(),
            };
            match answer {
                Answer::Sweep { routers, silent, frames } => {
                    attempted.routers = (0..routers + silent)
                        .filter_map(|id| Rloc16::new(u16::try_from(id << 10).unwrap()))
                        .collect();
                    attempted.result = Ok(Brought {
                        routers,
                        silent_routers: silent,
                        children: 12,
                        answers: routers,
                        milliseconds: 1_000,
                        airtime: Airtime { frames, bytes: 9_000 },
                    });
                }
                Answer::HandsOut(network, seconds) => attempted.dataset = attempt.wants_dataset.then(|| dataset(network, seconds)),
                Answer::Fails(failure) => {
                    if matches!(failure, WayFailure::MeshSilent(_)) {
                        attempted.abilities.push((AbilityKind::Petition, false, Some("no answer".to_owned())));
                    }
                    attempted.result = Err(failure);
                }
                Answer::Dataset(network, seconds) => attempted.dataset = Some(dataset(network, seconds)),
                Answer::RoleOnly => {
                    attempted.abilities.push((AbilityKind::Petition, true, None));
                    attempted.abilities.push((AbilityKind::Proxy, false, None));
                    attempted.result = Err(WayFailure::MeshSilent("Nothing comes back.".to_owned()));
                }
                Answer::Unheard => attempted.abilities.push((AbilityKind::Multicast, false, None)),
                Answer::Hangs => std::future::pending().await,
                Answer::Panics => panic!("a defect"),
            }
            under.1 = true;
            attempted
        })
    }

    fn take_spent(&self) -> Airtime {
        self.node.as_ref().map(|node| node.take_spent()).unwrap_or_default()
    }
}

struct ScriptedWays(Arc<World>);

impl Ways for ScriptedWays {
    fn agent(&self, agent: &BorderAgent, name: &str) -> Arc<dyn Way> {
        Arc::new(Scripted {
            world: Arc::clone(&self.0),
            name: name.to_owned(),
            network: agent.record.extended_pan_id,
            node: None,
        })
    }

    fn api(&self, address: &str) -> Result<Api, String> {
        if address.contains(' ') {
            return Err("this is no address".to_owned());
        }
        let way = Scripted {
            world: Arc::clone(&self.0),
            name: address.to_owned(),
            network: None,
            node: None,
        };
        Ok(Api {
            base: address.to_owned(),
            product: None,
            way: Arc::new(way),
        })
    }

    fn dongle(&self, node: &Arc<dyn OwnNode>) -> Arc<dyn Way> {
        Arc::new(Scripted {
            world: Arc::clone(&self.0),
            name: "dongle".to_owned(),
            network: node.standing().borrow().as_ref().map(|standing| standing.network),
            node: Some(Arc::clone(node)),
        })
    }

    fn probe(&self, addresses: Vec<SocketAddr>) -> Pin<Box<dyn Future<Output = Option<Api>> + Send>> {
        let is_there = self.0.api_at.lock().unwrap().is_some_and(|at| addresses.contains(&at));
        let api = self.api("http://api:8081").ok().filter(|_| is_there);
        Box::pin(async move { api })
    }

    fn through(&self, within: Duration) -> Pin<Box<dyn Future<Output = ()> + Send + '_>> {
        Box::pin(async move { Goodbyes::default().through(within).await })
    }
}

/// The paused clock.
pub(super) fn now() -> Duration {
    thread_local! {
        static START: tokio::time::Instant = tokio::time::Instant::now();
    }
    START.with(tokio::time::Instant::elapsed)
}

/// What the source says of itself.
pub(super) type Report = (SourceState, Option<String>);

/// A running hub.
pub(super) struct Stage {
    pub(super) world: Arc<World>,
    pub(super) services: ServiceDirectory,
    pub(super) handle: MeshHandle,
    pub(super) reports: Arc<Mutex<Vec<Report>>>,
    pub(super) folder: Arc<Folder>,
    supervisor: Option<Supervisor>,
}

impl Stage {
    pub(super) fn new() -> Self {
        Self::again(Arc::new(Folder::new()), Arc::new(World::default()))
    }

    /// After a restart.
    pub(super) fn again(folder: Arc<Folder>, world: Arc<World>) -> Self {
        now();
        let services = ServiceDirectory::new();
        let config = MeshConfig {
            name: "mesh".to_owned(),
            directory: folder.0.clone(),
            services: services.clone(),
            frames_per_hour: FRAMES_PER_HOUR,
        };
        let kept = Kept::open(&folder.0);
        let (source, handle) = MeshSource::with_ways(config, kept, Arc::new(ScriptedWays(Arc::clone(&world))), now);
        let (sender, mut inbox) = channel("service", 1_000);
        let reports = Arc::new(Mutex::new(Vec::new()));
        let told = Arc::clone(&reports);
        tokio::spawn(async move {
            while let Some(event) = inbox.receive().await {
                if let CaptureBody::Source(report) = event.body {
                    told.lock().unwrap().push((report.state, report.reason));
                }
            }
        });
        let mut supervisor = Supervisor::new();
        supervisor.start(Arc::new(source), &sender);
        Self {
            world,
            services,
            handle,
            reports,
            folder,
            supervisor: Some(supervisor),
        }
    }

    pub(super) async fn end(&mut self) {
        self.supervisor.take().unwrap().end().await;
    }

    pub(super) fn script(&self, name: &str, answers: &[Answer]) {
        self.world
            .scripts
            .lock()
            .unwrap()
            .insert(name.to_owned(), answers.iter().cloned().collect());
    }

    pub(super) fn announce(&self, name: &str, network: ExtendedPanId, seconds: u64) {
        let record = BorderAgentRecord {
            extended_pan_id: Some(network),
            network_name: Some("Home".to_owned()),
            active_timestamp: Some(seconds << 16),
            ..BorderAgentRecord::default()
        };
        self.set(name, AgentService::Lasting, Some(record));
    }

    /// The same in another partition.
    pub(super) fn announce_partition(&self, name: &str, network: ExtendedPanId, seconds: u64, partition: u32) {
        let record = BorderAgentRecord {
            extended_pan_id: Some(network),
            network_name: Some("Home".to_owned()),
            active_timestamp: Some(seconds << 16),
            partition_id: Some(PartitionId(partition)),
            ..BorderAgentRecord::default()
        };
        self.set(name, AgentService::Lasting, Some(record));
    }

    pub(super) fn set(&self, name: &str, service: AgentService, record: Option<BorderAgentRecord>) {
        let announced = record.map(|record| AnnouncedAgent {
            host: None,
            addresses: vec!["192.0.2.1:49154".parse().unwrap()],
            record,
        });
        self.services.set_border_agent(name, service, announced);
    }

    pub(super) async fn pass(&self, seconds: u64) {
        tokio::time::sleep(Duration::from_secs(seconds)).await;
    }

    /// Who was tried since the last look.
    pub(super) fn tried(&self) -> Vec<String> {
        std::mem::take(&mut *self.world.seen.lock().unwrap())
            .into_iter()
            .map(|seen| seen.name)
            .collect()
    }

    pub(super) fn path(&self, id: &str) -> DataPath {
        let paths = self.handle.view().networks.into_iter().flat_map(|network| network.paths);
        paths.into_iter().find(|path| path.id == id).unwrap_or_else(|| panic!("no way {id}"))
    }

    pub(super) fn states(&self) -> Vec<(String, DataPathState)> {
        let paths = self.handle.view().networks.into_iter().flat_map(|network| network.paths);
        paths.map(|path| (path.name, path.state)).collect()
    }
}

pub(super) fn run<T>(test: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .start_paused(true)
        .build()
        .unwrap()
        .block_on(test)
}
