//! The loop that asks.

use super::plan::Start;
use super::state::Group;
use super::view::Health;
use super::way::{Attempt, Attempted, Way};
use super::ways::Api;
use super::{Shared, probing::Probes};
use crate::event::CaptureSender;
use crate::own_node::NodeStanding;
use crate::supervise::Context;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::watch;
use tokio::task::{AbortHandle, Id, JoinError, JoinSet};
use weft_evidence::SourceState;
use weft_model::ExtendedPanId;

/// An attempt that takes longer has lost its way.
const ATTEMPT_WITHIN: Duration = Duration::from_secs(180);
/// Sessions may say goodbye for so long when the service ends.
const GOODBYE_WITHIN: Duration = Duration::from_millis(1_700);
/// Looked at all the same: for what was forgotten.
const LONGEST_PAUSE: Duration = Duration::from_secs(60);

/// What an attempt belongs to.
struct Under {
    group: Group,
    path: String,
    by_passcode: bool,
    handle: AbortHandle,
}

/// Runs until the service ends.
pub(super) async fn run(shared: Arc<Shared>, mut context: Context) {
    let mut under: Vec<Under> = Vec::new();
    let mut attempts: JoinSet<Attempted> = JoinSet::new();
    let mut probes = Probes::default();
    let mut announced = shared.services.changed();
    announced.mark_changed();
    let mut wakes = shared.wake.subscribe();
    let mut told = None;
    let mut own = OwnNodeWatch::default();
    // A former run of this source may have been cut off.
    shared.with(|state| {
        state.groups.values_mut().for_each(|network| network.under_way = None);
        state.paths.values_mut().for_each(|path| path.is_entered = false);
    });
    loop {
        own.look(&shared);
        tell(&shared, &context, &mut told).await;
        let now = (shared.now)();
        let (starts, paused, wake) = shared.with(|state| {
            state.count_own_frames(now);
            let (starts, wake) = state.next(now);
            // Dropping an attempt undoes what was begun.
            let is_revoked = |under: &&Under| state.is_revoked(&under.group, &under.path);
            under.iter().filter(is_revoked).for_each(|under| under.handle.abort());
            (starts, state.kept.paused, wake)
        });
        if !starts.is_empty() {
            shared.tell();
        }
        for start in starts {
            begin(&shared, start, context.sender(), &mut attempts, &mut under);
        }
        if paused {
            attempts.abort_all();
        } else {
            probes.begin(&shared, now);
        }
        let pause = [wake, probes.next_due()].into_iter().flatten().min();
        let pause = pause
            .map_or(LONGEST_PAUSE, |at| at.saturating_sub(now))
            .clamp(Duration::from_millis(1), LONGEST_PAUSE);
        tokio::select! {
            ended = attempts.join_next_with_id(), if !attempts.is_empty() => {
                if let Some(ended) = ended {
                    end(&shared, ended, &mut under);
                }
            }
            found = probes.ended() => if let Some(found) = found { take_up(&shared, found) },
            _ = announced.changed() => announce(&shared),
            _ = wakes.changed() => {}
            () = own.changed() => {}
            () = tokio::time::sleep(pause) => {}
            () = context.ended() => break,
        }
    }
    drop(probes);
    attempts.abort_all();
    while attempts.join_next().await.is_some() {}
    shared.ways.through(GOODBYE_WITHIN).await;
}

/// Follows where the node of ours stands, and what its radio hears.
#[derive(Default)]
struct OwnNodeWatch(Option<Followed>);

struct Followed {
    standing: watch::Receiver<Option<NodeStanding>>,
    hears: watch::Receiver<Option<ExtendedPanId>>,
}

impl OwnNodeWatch {
    /// Takes over what has changed.
    fn look(&mut self, shared: &Arc<Shared>) {
        let Some(node) = shared.node.get() else { return };
        let Followed { standing, hears } = self.0.get_or_insert_with(|| {
            let (mut standing, mut hears) = (node.standing(), node.hears());
            standing.mark_changed();
            hears.mark_changed();
            Followed { standing, hears }
        });
        if hears.has_changed().unwrap_or(false) {
            let network = *hears.borrow_and_update();
            if shared.with(|state| std::mem::replace(&mut state.heard, network) != network) {
                shared.tell();
            }
        }
        if !standing.has_changed().unwrap_or(false) {
            return;
        }
        standing.mark_unchanged();
        if shared.with(|state| state.node_stands(node, &*shared.ways, (shared.now)())) {
            shared.tell();
        }
    }

    /// Comes back when it stands otherwise; never where there is none.
    async fn changed(&mut self) {
        match &mut self.0 {
            Some(Followed { standing, hears }) => {
                // Marked again, for whoever looks.
                let is_there = tokio::select! {
                    changed = standing.changed() => changed.map(|()| standing.mark_changed()).is_ok(),
                    changed = hears.changed() => changed.map(|()| hears.mark_changed()).is_ok(),
                };
                if !is_there {
                    std::future::pending().await
                }
            }
            None => std::future::pending().await,
        }
    }
}

fn begin(shared: &Arc<Shared>, start: Start, sender: &CaptureSender, attempts: &mut JoinSet<Attempted>, under: &mut Vec<Under>) {
    let Start { group, path, .. } = &start;
    let found = shared.with(|state| {
        let way = Arc::clone(&state.paths.get(path)?.way);
        let expected = state.groups.get(group)?.routers.clone();
        Some((way, expected))
    });
    let Some((way, expected)): Option<(Arc<dyn Way>, _)> = found else {
        return;
    };
    let by_passcode = start.passcode.is_some();
    let attempt = Attempt {
        sender: sender.clone(),
        pskc: start.pskc,
        passcode: start.passcode,
        mesh_local_prefix: start.mesh_local_prefix,
        expected,
        max_frames: start.max_frames,
        without_multicast: start.without_multicast,
        wants_dataset: start.wants_dataset,
    };
    let handle = attempts.spawn(async move {
        let within = tokio::time::timeout(ATTEMPT_WITHIN, way.attempt(attempt)).await;
        within.unwrap_or_else(|_| Attempted {
            result: Err(super::way::WayFailure::Failed(format!(
                "It was still not through after {} s, and was given up.",
                ATTEMPT_WITHIN.as_secs()
            ))),
            abilities: Vec::new(),
            dataset: None,
            network: None,
            product: None,
            routers: Vec::new(),
        })
    });
    under.push(Under {
        group: start.group,
        path: start.path,
        by_passcode,
        handle,
    });
}

fn end(shared: &Arc<Shared>, ended: Result<(Id, Attempted), JoinError>, under: &mut Vec<Under>) {
    let (id, attempted) = match ended {
        Ok((id, attempted)) => (id, Some(attempted)),
        Err(error) => {
            if error.is_panic() {
                tracing::error!("an attempt to ask a mesh ended with a defect");
            }
            (error.id(), None)
        }
    };
    let Some(place) = under.iter().position(|under| under.handle.id() == id) else {
        return;
    };
    let Under {
        group, path, by_passcode, ..
    } = under.swap_remove(place);
    shared.with(|state| state.ended(&group, &path, by_passcode, attempted, (shared.now)()));
    shared.tell();
}

fn announce(shared: &Arc<Shared>) {
    let agents = shared.services.border_agents();
    let has_changed = shared.with(|state| {
        let has_changed = state.announce(&agents, &*shared.ways, (shared.now)());
        if has_changed {
            state.restate();
        }
        has_changed
    });
    if has_changed {
        shared.tell();
    }
}

/// An API was found on a border router.
fn take_up(shared: &Arc<Shared>, (found_by, api): (String, Api)) {
    shared.with(|state| state.add_api(api, Some(found_by), (shared.now)()));
    shared.tell();
}

/// Says how the hub is doing, where that has changed.
async fn tell(shared: &Arc<Shared>, context: &Context, told: &mut Option<Health>) {
    let health = shared.with(|state| state.health());
    if told.as_ref() == Some(&health) {
        return;
    }
    match &health {
        Health::Working => context.working(None, None).await,
        Health::Idle => context.working(Some("there is nothing to ask a mesh through yet".to_owned()), None).await,
        Health::Deaf(reason) => context.deaf(reason).await,
        Health::Paused => {
            let _ = context
                .sender()
                .report(SourceState::Suspended, Some("questions are paused".to_owned()), None)
                .await;
        }
    }
    *told = Some(health);
}
