//! Leaving devices: our fabric is removed from them, which frees one of their few places.

use super::Now;
use super::hub::{Hub, State};
use super::refusal::MatterRefusal;
use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::Semaphore;
use tokio::task::JoinSet;
use weft_matter::{Controller, OperationError};
use weft_model::MatterNodeId;

/// A device is asked to let us go for so long.
const LEAVE_WITHIN: Duration = Duration::from_secs(30);
/// Between two attempts.
const AGAIN_AFTER: Duration = Duration::from_secs(2);
/// An attempt that takes longer is none.
const ATTEMPT_WITHIN: Duration = Duration::from_secs(12);
/// The controller runs within this time after the program's start, or says why it does not.
const STARTS_WITHIN: Duration = Duration::from_secs(15);
/// Devices that are left at the same time.
const MAX_LEAVING: usize = 16;

/// What came of leaving one device.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unpaired {
    /// Which.
    pub node: MatterNodeId,
    /// It let us go; or why not, and what that means.
    pub result: Result<(), String>,
    /// It is not in the list of paired devices any more. Where `result` is an error, it was dropped on the user's word and still keeps our place.
    pub is_forgotten: bool,
}

/// Leaves devices, all at the same time. The work goes on where nobody waits for it any more.
pub(super) async fn unpair(hub: Arc<Hub>, nodes: Vec<MatterNodeId>, forget: bool) -> Result<Vec<Unpaired>, MatterRefusal> {
    let nodes: BTreeSet<MatterNodeId> = nodes.into_iter().collect();
    check(&hub.lock(), &nodes)?;
    let controller = running(&hub).await;
    {
        let mut state = hub.lock();
        check(&state, &nodes)?;
        if controller.is_none() && !forget {
            let reason = state.trouble.clone().unwrap_or_else(|| "try again in a moment".to_owned());
            return Err(MatterRefusal::NotRunning(reason));
        }
        for node in &nodes {
            state.schedule.remove(node);
            state.subscriptions.forget(*node);
            if let Some(device) = state.devices.get_mut(node) {
                device.is_leaving = true;
            }
        }
    }
    hub.tell();
    let leaving = tokio::spawn(async move {
        let room = Arc::new(Semaphore::new(MAX_LEAVING));
        let mut tasks = JoinSet::new();
        for node in nodes {
            let (hub, controller, room) = (Arc::clone(&hub), controller.clone(), Arc::clone(&room));
            tasks.spawn(async move {
                let _place = room.acquire_owned().await;
                leave(&hub, controller, node, forget).await
            });
        }
        let mut results = Vec::new();
        while let Some(result) = tasks.join_next().await {
            results.extend(result);
        }
        results.sort_by_key(|unpaired: &Unpaired| unpaired.node);
        let kept = hub.keep_aside().await;
        hub.tell();
        hub.wake.notify_one();
        kept.map(|()| results)
    });
    leaving
        .await
        .unwrap_or_else(|_| Err(MatterRefusal::NotRunning("leaving broke off".to_owned())))
}

/// All of them are ours, and none is being left already: two who leave the same device would take each other's success for a failure.
fn check(state: &State, nodes: &BTreeSet<MatterNodeId>) -> Result<(), MatterRefusal> {
    for node in nodes {
        let device = state.devices.get(node).ok_or(MatterRefusal::UnknownNode(*node))?;
        if device.is_leaving {
            return Err(MatterRefusal::Leaving(*node));
        }
    }
    Ok(())
}

/// The controller. In the first moments of the program it is waited for: devices that are to be forgotten are told so first.
async fn running(hub: &Hub) -> Option<Controller> {
    let mut changed = hub.watch();
    let started = async {
        loop {
            {
                let state = hub.lock();
                if state.controller.is_some() || state.trouble.is_some() {
                    return state.controller.clone();
                }
            }
            changed.changed().await.ok()?;
        }
    };
    tokio::time::timeout(STARTS_WITHIN, started).await.ok().flatten()
}

async fn leave(hub: &Arc<Hub>, controller: Option<Controller>, node: MatterNodeId, forget: bool) -> Unpaired {
    let result = match &controller {
        Some(controller) => ask(hub, controller, node).await,
        None => Err("the Matter part is not running".to_owned()),
    };
    let is_forgotten = result.is_ok() || forget;
    {
        let now = Now::read();
        let mut state = hub.lock();
        if is_forgotten {
            state.unfollow(node);
            state.adoption.forget(node);
            state.registry.retire(node);
            state.keep_now();
        } else {
            if let Some(device) = state.devices.get_mut(&node) {
                device.is_leaving = false;
                device.error = result.as_ref().err().cloned();
            }
            state.follow(node, now);
        }
        state.touch();
    }
    if let Some(controller) = controller.filter(|_| is_forgotten) {
        controller.forget(node);
    }
    let explain = |error: String| {
        if forget {
            format!("{error}. It is not listed here any more, but still keeps a place for Weft: remove Weft from it in its own app, or reset it")
        } else {
            format!("{error}. It is still paired: try again when it answers, or have it forgotten (it then keeps a place for Weft until it is reset)")
        }
    };
    Unpaired {
        node,
        result: result.map_err(explain),
        is_forgotten,
    }
}

async fn ask(hub: &Hub, controller: &Controller, node: MatterNodeId) -> Result<(), String> {
    let until = Now::read().steady + LEAVE_WITHIN;
    loop {
        let Some(peer) = hub.lock().peer(&hub.config, node) else { return Ok(()) };
        let left = until.saturating_sub(Now::read().steady);
        let error = match controller
            .leave(&peer, left.min(ATTEMPT_WITHIN.max(super::devices::within(peer.intervals))))
            .await
        {
            // It did so before.
            Ok(()) | Err(OperationError::FabricUnknown) => return Ok(()),
            Err(error) => error,
        };
        if Now::read().steady + AGAIN_AFTER >= until || matches!(error, OperationError::Ended) {
            return Err(error.to_string());
        }
        tokio::time::sleep(AGAIN_AFTER).await;
    }
}
