//! What the thread of the serial line and whoever watches and commands it have in common.

use super::Listening;
use super::folder::Folder;
use crate::clock;
use crate::own_node::{NodeEnd, NodeStanding};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::sync::watch;
use weft_model::{Airtime, Channel, DongleMode, DongleView, ExtendedPanId, PanId};
use weft_thread::listen::Network;
use weft_thread::node::Membership;

/// A wish is taken up within a turn of the thread; nobody waits longer for that.
const TAKEN_WITHIN: Duration = Duration::from_millis(500);

/// What the thread is to do at its next turn.
#[derive(Default)]
pub(super) struct Wishes {
    /// To go through all channels, so long on each.
    pub(super) scan: Option<Duration>,
    /// What to listen to.
    pub(super) listening: Option<Listening>,
    /// The network whose frames are opened, or none.
    pub(super) network: Option<Option<Network>>,
}

impl Wishes {
    fn is_empty(&self) -> bool {
        self.scan.is_none() && self.listening.is_none() && self.network.is_none()
    }
}

/// The network that it is to take part in.
#[derive(Default)]
pub(super) struct Wanted {
    /// Which; `None`: none.
    pub(super) network: Option<ExtendedPanId>,
    /// What makes a member of it, where that is known.
    pub(super) membership: Option<Membership>,
    /// Rises with each change.
    pub(super) generation: u64,
    /// The generation that the thread has taken up.
    pub(super) taken: u64,
}

/// What source and handle share.
#[derive(Default)]
pub(super) struct Shared {
    view: Mutex<DongleView>,
    pub(super) changed: watch::Sender<u64>,
    wishes: Mutex<Wishes>,
    wanted: Mutex<Wanted>,
    /// What is wanted of the node was taken up.
    wanted_taken: Condvar,
    /// Wishes were taken up.
    taken: Condvar,
    /// There is a thread that takes wishes up.
    runs: AtomicBool,
    /// Where the node stands.
    pub(super) standing: watch::Sender<Option<NodeStanding>>,
    /// A conversation that was begun.
    conversation: Mutex<Option<NodeEnd>>,
    spent: Mutex<Airtime>,
    /// PANs that were heard on this channel, and their frames.
    pans: Mutex<Vec<(PanId, u64)>>,
    /// Channels that the radio has; empty where it does not tell.
    channels: Mutex<Vec<Channel>>,
    /// Where a node is kept; nowhere: none is wanted here.
    pub(super) folder: Option<Folder>,
}

/// A panic elsewhere leaves what may be used: each change is whole before the next begins.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Shared {
    pub(super) fn new(folder: Option<Folder>) -> Self {
        let wanted = Wanted {
            network: folder.as_ref().and_then(Folder::wish),
            ..Wanted::default()
        };
        let view = DongleView {
            since: Some(clock::now()),
            detail: "It was not looked for yet.".to_owned(),
            ..DongleView::default()
        };
        Self {
            view: Mutex::new(view),
            wanted: Mutex::new(wanted),
            folder,
            ..Self::default()
        }
    }

    /// A thread takes wishes up from now on, or no longer.
    pub(super) fn set_runs(&self, runs: bool) {
        self.runs.store(runs, Ordering::Relaxed);
    }

    pub(super) fn view(&self) -> DongleView {
        lock(&self.view).clone()
    }

    /// Changes the view; tells of it where it differs.
    pub(super) fn change(&self, change: impl FnOnce(&mut DongleView)) {
        let mut view = lock(&self.view);
        let before = view.clone();
        change(&mut view);
        let differs = *view != before;
        drop(view);
        if differs {
            self.changed.send_modify(|count| *count += 1);
        }
    }

    /// It does something else now.
    pub(super) fn be(&self, mode: DongleMode, detail: String) {
        self.change(|view| {
            if view.mode != mode {
                view.mode = mode;
                view.since = Some(clock::now());
            }
            view.detail = detail;
        });
    }

    /// Something is wanted of the thread; comes back when that is taken up, or a moment later.
    pub(super) fn wish(&self, wish: impl FnOnce(&mut Wishes)) {
        let mut wishes = lock(&self.wishes);
        wish(&mut wishes);
        let runs = self.runs.load(Ordering::Relaxed);
        let waited = self.taken.wait_timeout_while(wishes, TAKEN_WITHIN, |wishes| runs && !wishes.is_empty());
        drop(waited);
    }

    pub(super) fn take_wishes(&self) -> Wishes {
        let wishes = std::mem::take(&mut *lock(&self.wishes));
        if !wishes.is_empty() {
            self.taken.notify_all();
        }
        wishes
    }

    /// With what is wanted of the node.
    pub(super) fn with_wanted<T>(&self, with: impl FnOnce(&mut Wanted) -> T) -> T {
        with(&mut lock(&self.wanted))
    }

    /// The thread has seen what is wanted of the node, and its view says so.
    pub(super) fn took_wanted(&self, generation: u64) {
        lock(&self.wanted).taken = generation;
        self.wanted_taken.notify_all();
    }

    /// Waits until the thread has seen what is wanted of the node, or a moment.
    pub(super) fn wait_until_wanted_is_taken(&self) {
        let wanted = lock(&self.wanted);
        let runs = self.runs.load(Ordering::Relaxed);
        let waited = self
            .wanted_taken
            .wait_timeout_while(wanted, TAKEN_WITHIN, |wanted| runs && wanted.taken < wanted.generation);
        drop(waited);
    }

    pub(super) fn set_conversation(&self, end: NodeEnd) {
        *lock(&self.conversation) = Some(end);
    }

    pub(super) fn take_conversation(&self) -> Option<NodeEnd> {
        lock(&self.conversation).take()
    }

    pub(super) fn spend(&self, airtime: Airtime) {
        let mut spent = lock(&self.spent);
        *spent = spent.plus(airtime);
    }

    pub(super) fn take_spent(&self) -> Airtime {
        std::mem::take(&mut *lock(&self.spent))
    }

    pub(super) fn set_pans(&self, pans: Vec<(PanId, u64)>) {
        *lock(&self.pans) = pans;
    }

    pub(super) fn pans(&self) -> Vec<(PanId, u64)> {
        lock(&self.pans).clone()
    }

    pub(super) fn set_channels(&self, channels: Vec<Channel>) {
        *lock(&self.channels) = channels;
    }

    /// Whether the radio is known not to have this channel.
    pub(super) fn lacks(&self, channel: Channel) -> bool {
        let channels = lock(&self.channels);
        !channels.is_empty() && !channels.contains(&channel)
    }
}
