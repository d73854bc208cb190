//! Looks for APIs on border routers that mDNS names.

use super::Shared;
use super::ways::Api;
use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;
use tokio::task::JoinSet;
use weft_model::DataPathKind;

/// Where none was found, one may be switched on later.
const AGAIN_AFTER: Duration = Duration::from_secs(60 * 60);
/// Elsewhere it is looked for soon, but not for each address that trickles in.
const MOVED_AFTER: Duration = Duration::from_secs(30);
/// Border routers that are looked at together.
const MAX_AT_ONCE: usize = 4;

/// Which border routers were looked at, and when.
#[derive(Default)]
pub(super) struct Probes {
    looked_at: BTreeMap<String, (Duration, Vec<SocketAddr>)>,
    due: Option<Duration>,
    under_way: JoinSet<(String, Option<Api>)>,
}

impl Probes {
    /// Looks at those whose turn it is.
    pub(super) fn begin(&mut self, shared: &Arc<Shared>, now: Duration) {
        let agents: Vec<(String, Vec<SocketAddr>)> = shared.with(|state| {
            let has_api = |id: &String| state.paths.values().any(|path| path.is_present && path.found_by.as_ref() == Some(id));
            let agents = state
                .paths
                .iter()
                .filter(|(id, path)| path.is_present && path.kind == DataPathKind::BorderAgent && !path.addresses.is_empty() && !has_api(id));
            agents.map(|(id, path)| (id.clone(), path.addresses.clone())).collect()
        });
        self.looked_at.retain(|id, _| agents.iter().any(|(agent, _)| agent == id));
        self.due = None;
        for (id, addresses) in agents {
            let due = match self.looked_at.get(&id) {
                None => now,
                Some((at, known)) => *at + if *known == addresses { AGAIN_AFTER } else { MOVED_AFTER },
            };
            if due <= now && self.under_way.len() < MAX_AT_ONCE {
                self.looked_at.insert(id.clone(), (now, addresses.clone()));
                let probe = shared.ways.probe(addresses);
                self.under_way.spawn(async move { (id, probe.await) });
            } else if due > now {
                self.due = Some(self.due.map_or(due, |earliest| earliest.min(due)));
            }
        }
    }

    pub(super) fn next_due(&self) -> Option<Duration> {
        self.due
    }

    /// The next end of a look: the API that was found, and on which border router. There is room for another look then. Cancelling it loses nothing.
    pub(super) async fn ended(&mut self) -> Option<(String, Api)> {
        match self.under_way.join_next().await {
            Some(Ok((id, api))) => api.map(|api| (id, api)),
            Some(Err(_)) => None,
            None => std::future::pending().await,
        }
    }
}
