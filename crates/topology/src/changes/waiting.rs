//! What is not told yet: facts that differ from the settled picture, and networks at their beginning. It is kept with the settled picture, so that
//! a restart does not begin to wait anew.

use crate::Id;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};
use weft_model::Timestamp;

/// One fact that can change by itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub(super) enum Aspect {
    Part,
    Name,
    Channel,
    Partitions,
    Presence,
    Heard,
    Place,
    Role,
    Parent,
    Border,
    Address,
    Link,
    Quality,
    Finding,
}

/// Which fact of which thing in which network.
pub(super) type Key = (Option<Id>, Id, Aspect);

/// A fact that was told more than once in this time is waited for longer.
const RESTLESS_SECONDS: i64 = 24 * 3600;
/// A restless fact has to hold for at most so many times as long.
const MAX_LONGER: u32 = 64;
/// What waits is kept at least so often: a longer time between two looks around a restart is time in which nobody looked.
const KEPT_EVERY_MILLISECONDS: i64 = 60_000;

/// A fact that is otherwise than it was told.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
struct Wait {
    /// Since when: what is told.
    since: Timestamp,
    /// From when its time counts: later than `since` by the time in which nobody looked.
    from: Timestamp,
}

/// The first time of a network, in which most of what is new only became known.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub(super) struct Beginning {
    /// Since when the network is known.
    pub(super) since: Timestamp,
    /// Until when it begins.
    pub(super) until: Timestamp,
    /// The network was told of.
    pub(super) told: bool,
}

/// Which facts differ from the settled picture, and since when.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct Waiting {
    #[serde(with = "as_list")]
    facts: BTreeMap<Key, Wait>,
    /// What was asked for in this look: what was not waits for nothing any more.
    #[serde(skip)]
    asked: BTreeSet<Key>,
    /// How often, and when last.
    #[serde(with = "as_list")]
    told: BTreeMap<Key, (u32, Timestamp)>,
    /// Devices that came, went or became something else, and networks that split or merged: until when what follows from it is not told.
    stir: BTreeMap<Id, Timestamp>,
    /// The beginnings of the networks of the settled picture.
    #[serde(with = "as_list")]
    beginnings: BTreeMap<Option<Id>, Beginning>,
    looked_at: Option<Timestamp>,
}

impl Waiting {
    /// True where anything of the network waits.
    pub(super) fn waits_in(&self, network: &Option<Id>) -> bool {
        let first = (network.clone(), Id::from(""), Aspect::Part);
        self.facts.range(first..).next().is_some_and(|(key, _)| key.0 == *network)
    }

    /// Since when the fact differs, where it has done so for `hold` milliseconds: then it waits no more. `moved`: it is otherwise than at the last
    /// look too.
    pub(super) fn held(&mut self, key: Key, at: Timestamp, moved: bool, hold: i64) -> Option<Timestamp> {
        self.asked.insert(key.clone());
        let begins = Wait { since: at, from: at };
        let wait = self.facts.entry(key.clone()).or_insert(begins);
        if moved {
            *wait = begins;
        }
        let Wait { since, from } = *wait;
        let told = self.told.get(&key).map_or(0, |(times, _)| *times);
        let longer = 1_u32.checked_shl(told.saturating_sub(1)).unwrap_or(MAX_LONGER).min(MAX_LONGER);
        if at.milliseconds_since(from) < hold.saturating_mul(i64::from(longer)) {
            return None;
        }
        self.facts.remove(&key);
        self.told.insert(key, (told.saturating_add(1), at));
        Some(since)
    }

    /// The fact is as it is in the settled picture.
    pub(super) fn agrees(&mut self, key: &Key) {
        self.facts.remove(key);
    }

    /// What follows from what happened to this thing is not told until then.
    pub(super) fn stir(&mut self, id: Id, until: Timestamp) {
        self.stir.insert(id, until);
    }

    pub(super) fn is_stirred(&self, id: &Id) -> bool {
        self.stir.contains_key(id)
    }

    /// A network came into the settled picture.
    pub(super) fn begins(&mut self, network: Option<Id>, since: Timestamp, until: Timestamp) {
        let told = false;
        self.beginnings.insert(network, Beginning { since, until, told });
    }

    /// A network went out of the settled picture.
    pub(super) fn ends(&mut self, network: &Option<Id>) {
        self.beginnings.remove(network);
    }

    pub(super) fn beginning(&self, network: &Option<Id>) -> Option<&Beginning> {
        self.beginnings.get(network)
    }

    /// The networks whose beginning is over and that were not told of: now they are.
    pub(super) fn begun(&mut self, at: Timestamp, is_here: impl Fn(&Option<Id>) -> bool) -> Vec<(Option<Id>, Timestamp)> {
        let over = self
            .beginnings
            .iter_mut()
            .filter(|(network, beginning)| !beginning.told && beginning.until <= at && is_here(network));
        over.map(|(network, beginning)| {
            beginning.told = true;
            (network.clone(), beginning.since)
        })
        .collect()
    }

    /// Nobody looked between the last look and this one: what was waited for has not held for that time.
    pub(super) fn resume(&mut self, at: Timestamp) {
        let Some(looked_at) = self.looked_at else { return };
        let gap = at.milliseconds_since(looked_at).saturating_sub(KEPT_EVERY_MILLISECONDS);
        if gap <= 0 {
            return;
        }
        let moments = self.facts.values_mut().map(|wait| &mut wait.from);
        let untils = self.beginnings.values_mut().map(|beginning| &mut beginning.until);
        // A beginning that is over stays over.
        let untils = untils.filter(|until| **until > looked_at);
        for moment in moments.chain(untils).chain(self.stir.values_mut()) {
            *moment = later(*moment, gap);
        }
    }

    /// After each look: forgets facts that came and went before they held, and restlessness that is over.
    pub(super) fn sweep(&mut self, at: Timestamp) {
        let asked = std::mem::take(&mut self.asked);
        self.facts.retain(|key, _| asked.contains(key));
        self.stir.retain(|_, until| *until > at);
        self.told.retain(|_, (_, last)| at.seconds_since(*last) < RESTLESS_SECONDS);
        self.looked_at = Some(at);
    }
}

/// A moment so many milliseconds later.
pub(super) fn later(at: Timestamp, milliseconds: i64) -> Timestamp {
    Timestamp::from_unix_milliseconds(at.unix_milliseconds().saturating_add(milliseconds))
}

/// Maps whose keys are no texts, as lists: JSON's keys are texts.
pub(super) mod as_list {
    use serde::{Deserialize, Deserializer, Serialize, Serializer};
    use std::collections::BTreeMap;

    pub(in super::super) fn serialize<S: Serializer, K: Serialize, V: Serialize>(map: &BTreeMap<K, V>, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(map)
    }

    pub(in super::super) fn deserialize<'de, D, K, V>(deserializer: D) -> Result<BTreeMap<K, V>, D::Error>
    where
        D: Deserializer<'de>,
        K: Deserialize<'de> + Ord,
        V: Deserialize<'de>,
    {
        let list = Vec::<(K, V)>::deserialize(deserializer)?;
        Ok(list.into_iter().collect())
    }
}
