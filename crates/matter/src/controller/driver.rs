//! The controller's thread: which shard does what.

use super::check_in::CheckIns;
use super::network::bind;
use super::shard::{Common, Kind, Purpose, Shard, Task};
use super::{COMMISSIONINGS_PER_SHARD, ControllerEvent, ControllerOptions, NODES_PER_SHARD, STACK_BYTES};
use crate::attestation::AttestationRoots;
use crate::error::OperationError;
use crate::fabric::Fabric;
use std::cell::Cell;
use std::collections::{BTreeMap, BTreeSet};
use std::net::UdpSocket;
use std::rc::Rc;
use std::time::Duration;
use tokio::sync::mpsc;
use tokio::task::{JoinHandle, LocalSet};
use weft_model::MatterNodeId;

/// When the last handle is gone, jobs that clean up after themselves have so long to do it.
const FAREWELL: Duration = Duration::from_secs(15);

/// What the handle asks of the thread.
pub(super) enum Command {
    /// A job with a node of our fabric.
    Node { node: MatterNodeId, sleepy: bool, task: Task },
    /// A job with a device that joins.
    Commission { sleepy: bool, task: Task },
    /// The node's session is of no use any more.
    Forget(MatterNodeId),
    /// The node left.
    Remove(MatterNodeId),
    /// These nodes may check in.
    ExpectCheckIns(Vec<MatterNodeId>),
    /// This one will not any more.
    IgnoreCheckIns(MatterNodeId),
}

/// Starts the thread; returns when its first shard stands.
///
/// # Errors
/// When something that is needed cannot be had: socket, thread, folder of certificates; or the library refuses the fabric.
pub(super) fn start(
    fabric: Fabric,
    options: &ControllerOptions,
    commands: mpsc::UnboundedReceiver<Command>,
    events: mpsc::Sender<ControllerEvent>,
) -> Result<(), OperationError> {
    keep_keys_out_of_the_log();
    let failed = |what: &str, error: &dyn std::fmt::Display| OperationError::Failed(format!("{what}: {error}"));
    let roots = options
        .attestation_roots
        .as_ref()
        .map(|folder| AttestationRoots::load(folder).map_err(|error| failed(&format!("certificates in {}", folder.display()), &error)))
        .transpose()?;
    let port = options.port;
    let socket = bind(port).map_err(|error| failed(&format!("UDP port {port}"), &error))?;

    let (started, standing) = std::sync::mpsc::sync_channel(1);
    let thread = move || {
        let outcome = tokio::runtime::Builder::new_current_thread().enable_io().enable_time().build();
        let runtime = match outcome {
            Ok(runtime) => runtime,
            Err(error) => {
                let _ = started.send(Err(OperationError::Failed(format!("runtime: {error}"))));
                return;
            }
        };
        let common = Common {
            fabric,
            roots,
            events,
            check_ins: CheckIns::default(),
            is_label_taken: Cell::new(false),
        };
        let local = LocalSet::new();
        local.block_on(&runtime, async move {
            let mut driver = Driver::new(common, port);
            let first = driver.open(
                Kind {
                    purpose: Purpose::Nodes,
                    slow: false,
                },
                Some(socket),
            );
            let stands = first.is_ok();
            let _ = started.send(first.map(drop));
            if stands {
                driver.drive(commands).await;
            }
        });
    };
    std::thread::Builder::new()
        .name("matter".to_owned())
        .stack_size(STACK_BYTES)
        .spawn(thread)
        .map_err(|error| failed("thread", &error))?;
    standing.recv().unwrap_or(Err(OperationError::Ended))
}

/// The library writes all messages to the log before they are encrypted, those with the fabric's keys too, where the level is `trace`. It is the only one here
/// that uses the `log` facade for more than a word.
fn keep_keys_out_of_the_log() {
    if log::max_level() > log::LevelFilter::Debug {
        log::set_max_level(log::LevelFilter::Debug);
    }
}

/// A shard as the driver sees it.
struct Running {
    kind: Kind,
    tasks: mpsc::UnboundedSender<Task>,
    nodes: BTreeSet<MatterNodeId>,
    /// Jobs that it has.
    active: Rc<Cell<usize>>,
    runs: JoinHandle<()>,
}

struct Driver {
    common: Rc<Common>,
    /// For the first shard, where devices may look for us.
    port: u16,
    shards: BTreeMap<u32, Running>,
    next: u32,
    places: BTreeMap<MatterNodeId, u32>,
}

impl Driver {
    fn new(common: Common, port: u16) -> Self {
        Self {
            common: Rc::new(common),
            port,
            shards: BTreeMap::new(),
            next: 0,
            places: BTreeMap::new(),
        }
    }

    /// Until the last handle is gone.
    async fn drive(&mut self, mut commands: mpsc::UnboundedReceiver<Command>) {
        while let Some(command) = commands.recv().await {
            match command {
                Command::Node { node, sleepy, task } => self.give_to_node(node, sleepy, task),
                Command::Commission { sleepy, task } => self.give_to_commissioning(sleepy, task),
                Command::Forget(node) => self.tell(node, Box::new(move |shard| Box::pin(shard.close(node)))),
                Command::Remove(node) => {
                    self.tell(node, Box::new(move |shard| Box::pin(async move { shard.remove(node) })));
                    self.leave_place(node);
                    self.common.check_ins.ignore(node);
                }
                Command::ExpectCheckIns(nodes) => {
                    for node in nodes {
                        self.common.check_ins.expect(&self.common.fabric, node);
                    }
                }
                Command::IgnoreCheckIns(node) => self.common.check_ins.ignore(node),
            }
        }
        // Their channels close with the rest of them.
        let ending: Vec<JoinHandle<()>> = std::mem::take(&mut self.shards).into_values().map(|shard| shard.runs).collect();
        let _ = tokio::time::timeout(FAREWELL, async {
            for runs in ending {
                let _ = runs.await;
            }
        })
        .await;
    }

    fn give_to_node(&mut self, node: MatterNodeId, sleepy: bool, mut task: Task) {
        let kind = Kind {
            purpose: Purpose::Nodes,
            slow: sleepy,
        };
        // It may have turned out that it sleeps, or does not.
        if let Some(place) = self.places.get(&node)
            && self.shards.get(place).is_some_and(|shard| shard.kind != kind)
        {
            self.leave_place(node);
        }
        // The first may have broken down; a new one has not.
        for _ in 0..2 {
            let Some(place) = self.place(node, kind) else { return };
            match self.send(place, task) {
                Ok(()) => return,
                Err(unsent) => task = unsent,
            }
        }
    }

    /// The shard of a node, with a place taken in it.
    fn place(&mut self, node: MatterNodeId, kind: Kind) -> Option<u32> {
        if let Some(place) = self.places.get(&node) {
            return Some(*place);
        }
        let free = self
            .shards
            .iter()
            .find(|(_, shard)| shard.kind == kind && shard.nodes.len() < NODES_PER_SHARD);
        let place = match free {
            Some((place, _)) => *place,
            None => self.open_or_say(kind)?,
        };
        self.shards.get_mut(&place)?.nodes.insert(node);
        self.places.insert(node, place);
        Some(place)
    }

    fn leave_place(&mut self, node: MatterNodeId) {
        if let Some(shard) = self.places.remove(&node).and_then(|place| self.shards.get_mut(&place)) {
            shard.nodes.remove(&node);
        }
    }

    fn give_to_commissioning(&mut self, sleepy: bool, mut task: Task) {
        let kind = Kind {
            purpose: Purpose::Commissioning,
            slow: sleepy,
        };
        // Those that have ended when they had nothing to do are found out by sending.
        loop {
            let free = self
                .shards
                .iter()
                .find(|(_, shard)| shard.kind == kind && shard.active.get() < COMMISSIONINGS_PER_SHARD);
            let place = match free {
                Some((place, _)) => *place,
                None => match self.open_or_say(kind) {
                    Some(place) => place,
                    None => return,
                },
            };
            match self.send(place, task) {
                Ok(()) => return,
                Err(unsent) => task = unsent,
            }
        }
    }

    /// Tells a node's shard, if it has one.
    fn tell(&mut self, node: MatterNodeId, task: Task) {
        if let Some(place) = self.places.get(&node) {
            let _ = self.send(*place, task);
        }
    }

    /// Gives a job to a shard, or gives it back where the shard is no more; its nodes have no place then.
    fn send(&mut self, place: u32, task: Task) -> Result<(), Task> {
        let Some(shard) = self.shards.get(&place) else { return Err(task) };
        match shard.tasks.send(task) {
            Ok(()) => {
                shard.active.set(shard.active.get() + 1);
                Ok(())
            }
            Err(mpsc::error::SendError(task)) => {
                self.shards.remove(&place);
                self.places.retain(|_, at| *at != place);
                Err(task)
            }
        }
    }

    fn open_or_say(&mut self, kind: Kind) -> Option<u32> {
        self.open(kind, None)
            .inspect_err(|error| tracing::error!(%error, "no more Matter sessions can be had"))
            .ok()
    }

    /// Makes a shard.
    fn open(&mut self, kind: Kind, socket: Option<UdpSocket>) -> Result<u32, OperationError> {
        let usual = Kind {
            purpose: Purpose::Nodes,
            slow: false,
        };
        let has_port = kind == usual && !self.shards.values().any(|shard| shard.kind == usual);
        let socket = match socket {
            Some(socket) => socket,
            None => bind(if has_port { self.port } else { 0 })
                .or_else(|_| bind(0))
                .map_err(|error| OperationError::Failed(format!("UDP socket: {error}")))?,
        };
        let shard = Shard::new(kind, self.common.clone(), socket)?;
        let (tasks, receiver) = mpsc::unbounded_channel();
        let active = Rc::new(Cell::new(0));
        // A panic ends this task alone. What was asked of the shard gets no answer, which its askers take for one.
        let runs = tokio::task::spawn_local(shard.run(kind, receiver, active.clone()));
        let place = self.next;
        self.next += 1;
        self.shards.insert(
            place,
            Running {
                kind,
                tasks,
                nodes: BTreeSet::new(),
                active,
                runs,
            },
        );
        Ok(place)
    }
}
