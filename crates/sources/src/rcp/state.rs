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
    /// The network whose frames were opened not long ago.
    pub(super) hears: watch::Sender<Option<ExtendedPanId>>,
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

    /// It does something else now; what went wrong before is over where it works.
    pub(super) fn be(&self, mode: DongleMode, detail: String) {
        self.change(|view| {
            if view.mode != mode {
                view.mode = mode;
                view.since = Some(clock::now());
            }
            let works = !matches!(mode, DongleMode::Absent | DongleMode::Starting | DongleMode::Deaf);
            if works && view.last_error.is_some() && view.last_error_until.is_none() {
                view.last_error_until = Some(clock::now());
            }
            view.detail = detail;
        });
    }

    /// It listens on this channel; from now on, where it listened on another.
    pub(super) fn listen_on(&self, channel: Channel, detail: String) {
        self.change(|view| {
            if view.channel != Some(channel) {
                view.since = Some(clock::now());
            }
            (view.channel, view.scanning) = (Some(channel), None);
        });
        self.be(DongleMode::Listening, detail);
    }

    /// Something went wrong, and is not over.
    pub(super) fn failed(&self, reason: String) {
        self.change(|view| {
            view.last_error = Some(reason);
            view.last_error_at = Some(clock::now());
            view.last_error_until = None;
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

    /// It hears this network with its key, or none any more.
    pub(super) fn set_hears(&self, network: Option<ExtendedPanId>) {
        self.hears.send_if_modified(|known| std::mem::replace(known, network) != network);
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_error_is_over_when_it_works_again() {
        let shared = Shared::new(None);
        let until = || shared.view().last_error_until;
        shared.be(DongleMode::Listening, String::new());
        assert_eq!((shared.view().last_error, until()), (None, None), "nothing went wrong");
        shared.failed("It was pulled out.".to_owned());
        shared.be(DongleMode::Absent, String::new());
        shared.be(DongleMode::Starting, String::new());
        assert!(shared.view().last_error_at.is_some() && until().is_none());
        shared.be(DongleMode::Searching, String::new());
        let over = until();
        assert!(over.is_some() && over >= shared.view().last_error_at);
        shared.be(DongleMode::Listening, String::new());
        assert_eq!(until(), over, "it stays when it was over");
        shared.failed("It hangs.".to_owned());
        assert_eq!(until(), None, "another one is not over");
    }

    #[test]
    fn another_channel_is_another_time() {
        let shared = Shared::new(None);
        let channel = |number| Channel::new(number).unwrap();
        shared.listen_on(channel(25), "It listens.".to_owned());
        let long_ago = clock::now().minus_seconds(180);
        shared.change(|view| view.since = Some(long_ago));
        shared.listen_on(channel(25), "It listens, and has a key.".to_owned());
        assert_eq!(shared.view().since, Some(long_ago));
        shared.listen_on(channel(15), "It listens.".to_owned());
        assert_eq!(shared.view().channel, Some(channel(15)));
        assert!(shared.view().since > Some(long_ago));
    }
}
