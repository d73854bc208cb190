//! Waits until what was wished has come to something.

use super::show::{path_state, told};
use std::collections::BTreeMap;
use std::time::Duration;
use weft_model::{DataPath, DataPathState, ExtendedPanId, NetworkWays, NetworksView, Timestamp};
use weft_sources::clock;

const BETWEEN_LOOKS: Duration = Duration::from_millis(300);
/// Ways are tried one after another: what failed is over when nothing else begins within this time.
const SETTLED_AFTER: Duration = Duration::from_secs(4);
/// A border router that is there has been heard by then.
const NOBODY_AFTER: Duration = Duration::from_secs(10);

/// What came of a wish.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Outcome {
    /// It worked.
    Worked(String),
    /// It did not.
    Failed(String),
    /// Nobody was asked.
    NotAsked(String),
}

/// Looks again and again, for some time. `None`: nothing came of it.
///
/// # Errors
/// Those of looking.
pub(crate) fn until<T>(within: Duration, mut look: impl FnMut(Duration) -> anyhow::Result<Option<T>>) -> anyhow::Result<Option<T>> {
    let begun = clock::running_for();
    loop {
        let waited = clock::running_for().saturating_sub(begun);
        if let Some(found) = look(waited)? {
            return Ok(Some(found));
        }
        if waited >= within {
            return Ok(None);
        }
        std::thread::sleep(BETWEEN_LOOKS);
    }
}

/// When each way was last tried.
pub(super) struct Before(BTreeMap<String, Option<Timestamp>>);

impl Before {
    pub(super) fn of(view: &NetworksView) -> Self {
        let paths = view.networks.iter().flat_map(|network| &network.paths);
        Self(paths.map(|path| (path.id.clone(), path.last_attempt_at)).collect())
    }

    /// It was tried since, and that is over.
    pub(super) fn is_past(&self, path: &DataPath) -> bool {
        let is_open = matches!(path.state, DataPathState::Untried | DataPathState::Trying);
        !is_open && path.last_attempt_at.is_some() && self.0.get(&path.id).copied().flatten() != path.last_attempt_at
    }
}

/// Follows the ways of a network, or of all, until one has told the mesh or all that were tried have failed.
pub(super) struct Watch {
    before: Before,
    network: Option<ExtendedPanId>,
    /// What was tried when something last changed, and when that was.
    changed: (Vec<String>, Duration),
}

impl Watch {
    pub(super) fn new(before: &NetworksView, network: Option<ExtendedPanId>) -> Self {
        Self {
            before: Before::of(before),
            network,
            changed: (Vec::new(), Duration::ZERO),
        }
    }

    /// What has come of it by now.
    pub(super) fn look(&mut self, view: &NetworksView, waited: Duration) -> Option<Outcome> {
        if view.paused {
            return Some(Outcome::NotAsked("questions are paused: nobody is asked until you resume".to_owned()));
        }
        let wanted = |network: &&NetworkWays| self.network.is_none() || network.extended_pan_id == self.network;
        let paths = || {
            let networks = view.networks.iter().filter(wanted);
            networks.flat_map(|network| network.paths.iter().map(move |path| (network, path)))
        };
        let past: Vec<(&NetworkWays, &DataPath)> = paths().filter(|(_, path)| self.before.is_past(path)).collect();
        if let Some((network, path)) = past.iter().find(|(_, path)| path.state == DataPathState::Working) {
            return Some(Outcome::Worked(told(network, path)));
        }
        if waited >= NOBODY_AFTER && paths().next().is_none() {
            let who = if self.network.is_some() { "of this network " } else { "" };
            return Some(Outcome::NotAsked(format!(
                "no border router {who}announces itself now, so nobody can be asked"
            )));
        }
        let ids: Vec<String> = past.iter().map(|(_, path)| format!("{} {:?}", path.id, path.last_attempt_at)).collect();
        if ids != self.changed.0 {
            self.changed = (ids, waited);
        }
        let is_trying = paths().any(|(_, path)| path.state == DataPathState::Trying);
        if past.is_empty() || is_trying || waited.saturating_sub(self.changed.1) < SETTLED_AFTER {
            return None;
        }
        let why: Vec<String> = past
            .iter()
            .map(|(_, path)| format!("{}: {}: {}", path.name, path_state(path.state), path.detail))
            .collect();
        Some(Outcome::Failed(why.join("\n")))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use weft_model::{Airtime, Brought, DataPathKind};

    const SECOND: Duration = Duration::from_secs(1);

    fn path(id: &str, state: DataPathState, tried: Option<i64>) -> DataPath {
        DataPath {
            id: id.into(),
            kind: DataPathKind::BorderAgent,
            name: format!("Hub {id}"),
            border_agent_id: None,
            extended_address: None,
            addresses: Vec::new(),
            product: None,
            state,
            since: Timestamp::MIN,
            detail: "nothing came back".into(),
            waits_for_passcode: false,
            is_by_hand: false,
            abilities: Vec::new(),
            last_attempt_at: tried.map(|seconds| Timestamp::MIN.plus_seconds(seconds)),
            last_success_at: None,
            next_attempt_at: None,
            brought: Some(Brought {
                routers: 3,
                children: 5,
                ..Brought::default()
            }),
        }
    }

    fn view(paths: Vec<DataPath>) -> NetworksView {
        let network = NetworkWays {
            extended_pan_id: "1111111111111111".parse().ok(),
            name: Some("Home".into()),
            credential: None,
            paths,
            airtime_last_hour: Airtime::default(),
            frames_per_hour: 1,
        };
        NetworksView {
            networks: vec![network],
            ..NetworksView::default()
        }
    }

    #[test]
    fn what_worked_before_does_not_count_and_what_works_since_does() {
        use DataPathState::{Trying, Working};
        let before = view(vec![path("1", Working, Some(1))]);
        let mut watch = Watch::new(&before, "1111111111111111".parse().ok());
        assert_eq!(watch.look(&before, SECOND), None);
        assert_eq!(watch.look(&view(vec![path("1", Trying, Some(2))]), SECOND), None);
        let Some(Outcome::Worked(told)) = watch.look(&view(vec![path("1", Working, Some(2))]), SECOND) else {
            panic!("it works")
        };
        assert!(
            told.contains("Home") && told.contains("3 routers") && told.contains("5 children"),
            "{told}"
        );
    }

    #[test]
    fn a_failure_is_one_when_no_other_way_is_tried_any_more() {
        use DataPathState::{NeedsCredential, Trying, Unreachable, Untried, WrongCredential};
        let before = view(vec![path("1", NeedsCredential, None), path("2", Untried, None)]);
        let mut watch = Watch::new(&before, None);
        let first = view(vec![path("1", WrongCredential, Some(1)), path("2", Trying, None)]);
        assert_eq!(watch.look(&first, 2 * SECOND), None);
        assert_eq!(watch.look(&first, 20 * SECOND), None, "another is tried");
        let both = view(vec![path("1", WrongCredential, Some(1)), path("2", Unreachable, Some(2))]);
        assert_eq!(watch.look(&both, 21 * SECOND), None, "perhaps a third begins");
        let Some(Outcome::Failed(why)) = watch.look(&both, 26 * SECOND) else {
            panic!("it failed")
        };
        assert!(
            why.contains("Hub 1: ") && why.contains("Hub 2: ") && why.contains("nothing came back"),
            "{why}"
        );
    }

    #[test]
    fn nobody_is_asked_where_nobody_is_or_the_user_said_so() {
        let empty = view(Vec::new());
        let mut watch = Watch::new(&empty, None);
        assert_eq!(watch.look(&empty, SECOND), None);
        assert!(matches!(watch.look(&empty, 11 * SECOND), Some(Outcome::NotAsked(_))));
        let paused = NetworksView { paused: true, ..empty };
        assert!(matches!(watch.look(&paused, SECOND), Some(Outcome::NotAsked(_))));
    }
}
