//! What is served now, and the last few changes that led to it. One writer, any number of readers, nobody waits.
//!
//! Readers pull: each remembers only the generation that it saw last, so a slow one costs nothing and gets a snapshot when it comes back late.

use crate::status::Status;
use crate::token::{TokenError, random_hex};
use axum::body::Bytes;
use serde::Serialize;
use std::collections::VecDeque;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use tokio::sync::watch;
use weft_layout::{LayoutDelta, Positions};
use weft_topology::{Delta, Topology};

/// The most deltas that are kept for readers that come back.
const MAX_KEPT_DELTAS: usize = 64;
/// The most objects in all kept deltas together: a storm of changes costs the memory of a snapshot or two, not of 64.
const MAX_KEPT_OBJECTS: usize = 20_000;

/// What is shown of one moment.
#[derive(Debug, Clone)]
pub struct Published {
    /// Counts what was published since the service started, from 1.
    pub generation: u64,
    /// The conclusions.
    pub topology: Arc<Topology>,
    /// The map.
    pub positions: Arc<Positions>,
    /// The state of the sources and of the store.
    pub status: Arc<Status>,
}

/// Where the binary publishes and the server reads. Clones are the same publisher.
#[derive(Clone)]
pub struct Publisher(Arc<Inner>);

struct Inner {
    feed: watch::Sender<Arc<Feed>>,
    /// Held while a generation is made, so that two writers cannot make the same one.
    writing: Mutex<()>,
}

impl Publisher {
    /// Publishes the first generation.
    ///
    /// # Errors
    /// When the operating system gives no random bytes: the name of this run would not differ from that of the last one.
    pub fn new(topology: Arc<Topology>, positions: Arc<Positions>, status: Status) -> Result<Self, TokenError> {
        let run: Arc<str> = random_hex::<4>()?.as_str().into();
        let published = Published {
            generation: 1,
            topology,
            positions,
            status: Arc::new(status),
        };
        let (feed, _) = watch::channel(Arc::new(Feed::new(run, published, VecDeque::new())));
        Ok(Self(Arc::new(Inner {
            feed,
            writing: Mutex::new(()),
        })))
    }

    /// Publishes the next generation and gives its number. Costs what changed: parts that both topologies share are not looked at.
    /// Call it for real changes, and now and then so that `as_of` moves on.
    pub fn publish(&self, topology: Arc<Topology>, positions: Arc<Positions>, status: Status) -> u64 {
        let _writing = self.0.writing.lock().unwrap_or_else(PoisonError::into_inner);
        let feed = self.feed();
        let old = &feed.published;
        let generation = old.generation + 1;
        let status_changed = *old.status != status;
        let status = if status_changed { Arc::new(status) } else { old.status.clone() };
        let change = Arc::new(Change {
            generation,
            delta: weft_topology::diff(&old.topology, &topology),
            layout: match Arc::ptr_eq(&old.positions, &positions) {
                true => LayoutDelta::default(),
                false => weft_layout::diff(&old.positions, &positions),
            },
            status: status_changed.then(|| status.clone()),
            written: Default::default(),
        });
        let mut kept = feed.kept.clone();
        kept.push_back(change);
        let mut objects: usize = kept.iter().map(|change| change.len()).sum();
        while kept.len() > MAX_KEPT_DELTAS || objects > MAX_KEPT_OBJECTS {
            let Some(dropped) = kept.pop_front() else { break };
            objects -= dropped.len();
        }
        let published = Published {
            generation,
            topology,
            positions,
            status,
        };
        self.0.feed.send_replace(Arc::new(Feed::new(feed.run.clone(), published, kept)));
        generation
    }

    /// What is published now.
    pub fn current(&self) -> Published {
        self.feed().published.clone()
    }

    pub(crate) fn feed(&self) -> Arc<Feed> {
        self.0.feed.borrow().clone()
    }

    pub(crate) fn subscribe(&self) -> watch::Receiver<Arc<Feed>> {
        self.0.feed.subscribe()
    }
}

/// One generation, and the changes that led to it.
pub(crate) struct Feed {
    /// Names this run of the service. Generations begin anew with each, so a number alone would take an old reader for a present one.
    run: Arc<str>,
    pub(crate) published: Published,
    kept: VecDeque<Arc<Change>>,
    /// The topology's JSON, without and with claims, made when first asked for.
    written: [OnceLock<Bytes>; 2],
}

impl Feed {
    fn new(run: Arc<str>, published: Published, kept: VecDeque<Arc<Change>>) -> Self {
        Self {
            run,
            published,
            kept,
            written: Default::default(),
        }
    }

    /// How a generation is named to clients: `17-9f3a21bc`.
    pub(crate) fn name(&self, generation: u64) -> String {
        format!("{generation}-{}", self.run)
    }

    /// The generation in a name, if it is one of this run that can have been seen.
    pub(crate) fn generation_named(&self, name: &str) -> Option<u64> {
        let (generation, run) = name.split_once('-')?;
        let generation = generation.parse().ok()?;
        (*run == *self.run && generation <= self.published.generation).then_some(generation)
    }

    /// The contract's topology object.
    pub(crate) fn topology_json(&self, with_claims: bool) -> Bytes {
        self.written[usize::from(with_claims)]
            .get_or_init(|| write(&self.published.topology.document(with_claims)).into())
            .clone()
    }

    /// The data of a `snapshot` event.
    pub(crate) fn snapshot_data(&self, with_claims: bool) -> String {
        let topology = self.topology_json(with_claims);
        let status = write(&self.published.status);
        let (topology, status) = (String::from_utf8_lossy(&topology), String::from_utf8_lossy(&status));
        format!(
            r#"{{"generation":{},"topology":{topology},"status":{status}}}"#,
            self.published.generation
        )
    }

    /// The change that leads on from `generation`; `None` where it is kept no more.
    pub(crate) fn change_after(&self, generation: u64) -> Option<&Arc<Change>> {
        let first = self.kept.front()?.generation;
        let index = (generation + 1).checked_sub(first)?;
        self.kept.get(usize::try_from(index).ok()?)
    }
}

/// What leads from one generation to the next.
pub(crate) struct Change {
    pub(crate) generation: u64,
    delta: Delta,
    layout: LayoutDelta,
    status: Option<Arc<Status>>,
    /// The event's data, without and with claims, made when first asked for.
    written: [OnceLock<Arc<str>>; 2],
}

impl Change {
    /// What keeping it costs: objects and positions.
    fn len(&self) -> usize {
        self.delta.len() + self.layout.len()
    }

    /// The data of a `delta` event.
    pub(crate) fn data(&self, with_claims: bool) -> Arc<str> {
        let write = || {
            if with_claims {
                self.write(&self.delta)
            } else {
                self.write(&self.delta.without_claims())
            }
        };
        self.written[usize::from(with_claims)].get_or_init(write).clone()
    }

    fn write(&self, changes: &impl Serialize) -> Arc<str> {
        #[derive(Serialize)]
        struct Data<'a, C> {
            generation: u64,
            changes: &'a C,
            layout_changed: bool,
            #[serde(skip_serializing_if = "LayoutDelta::is_empty")]
            layout: &'a LayoutDelta,
            #[serde(skip_serializing_if = "Option::is_none")]
            status: Option<&'a Status>,
        }
        let data = Data {
            generation: self.generation,
            changes,
            layout_changed: !self.layout.is_empty(),
            layout: &self.layout,
            status: self.status.as_deref(),
        };
        String::from_utf8_lossy(&write(&data)).into()
    }
}

/// JSON of our own types: string keys only, so it cannot fail; an empty body would show if it ever did.
fn write(value: &impl Serialize) -> Vec<u8> {
    serde_json::to_vec(value)
        .inspect_err(|error| tracing::error!(%error, "could not write JSON"))
        .unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing;

    #[test]
    fn only_the_last_changes_are_kept() {
        let publisher = testing::publisher();
        for _ in 0..100 {
            publisher.publish(testing::home().into(), Arc::default(), Status::default());
        }
        let feed = publisher.feed();
        assert_eq!(feed.published.generation, 101);
        assert_eq!(feed.kept.len(), MAX_KEPT_DELTAS);
        assert!(feed.change_after(101).is_none());
        assert_eq!(feed.change_after(100).unwrap().generation, 101);
        assert_eq!(feed.change_after(37).unwrap().generation, 38);
        assert!(feed.change_after(36).is_none());
        assert!(feed.change_after(0).is_none());
    }

    #[test]
    fn a_storm_of_changes_is_not_kept() {
        let publisher = testing::publisher();
        publisher.publish(testing::crowd(MAX_KEPT_OBJECTS * 3 / 4).into(), Arc::default(), Status::default());
        assert!(publisher.feed().change_after(1).is_some());
        publisher.publish(testing::home().into(), Arc::default(), Status::default());
        let feed = publisher.feed();
        assert!(feed.change_after(1).is_none());
        assert!(feed.change_after(2).is_some());
    }

    #[test]
    fn a_generation_of_another_run_is_not_ours() {
        let feed = testing::publisher().feed();
        assert_eq!(feed.generation_named(&feed.name(1)), Some(1));
        for name in ["1", "1-", "", "1-00000000x", &feed.name(2), "99999999999999999999-0", "-1"] {
            assert_eq!(feed.generation_named(name), None, "{name}");
        }
    }

    #[test]
    fn the_status_is_told_when_it_changed() {
        let publisher = testing::publisher();
        let status = Status {
            notice: Some("demo".into()),
            ..Status::default()
        };
        let topology = publisher.current().topology;
        publisher.publish(topology.clone(), Arc::default(), status.clone());
        publisher.publish(topology, Arc::default(), status);
        let feed = publisher.feed();
        let data = |after| serde_json::from_str::<serde_json::Value>(&feed.change_after(after).unwrap().data(false)).unwrap();
        assert_eq!(data(1)["status"]["notice"], "demo");
        assert_eq!(data(2).get("status"), None);
        assert_eq!(data(2)["layout_changed"], false);
    }
}
