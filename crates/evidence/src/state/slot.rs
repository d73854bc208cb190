//! One reporter's statements of one kind: the present one, what it superseded, and since when.

use crate::{Hearing, Observation};
use std::sync::Arc;
use weft_model::{ExtendedAddress, Fact, Rloc16, RouterId, Timestamp};

/// Ended episodes and past values that a slot keeps at most, newest first.
const MAX_PAST: usize = 64;
/// Episodes at which rows that are told one by one begin no further ones. A router has at most 511 children.
const MAX_EPISODES: usize = 1_024;
/// Incomplete tables that are kept beside the newest complete one.
const MAX_PARTIAL: usize = 16;

/// Everything that one reporter said of one kind.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Slot {
    /// The newest complete statement.
    pub current: Option<Observation>,
    /// Incomplete statements that are newer than [`Slot::current`], oldest first. They add, and supersede nothing.
    pub partial: Vec<Observation>,
    /// The newest refusal, if it is newer than [`Slot::current`].
    pub refused: Option<Observation>,
    /// Since when the present value is the same, for facts that are no tables.
    pub since: Option<Timestamp>,
    /// Former values of facts that are no tables, oldest first.
    pub past: Vec<PastValue>,
    /// For tables: which row was there from when to when.
    pub episodes: Vec<RowEpisode>,
}

/// A value that a reporter stated before.
#[derive(Debug, Clone, PartialEq)]
pub struct PastValue {
    /// The value.
    pub fact: Arc<Fact>,
    /// First stated.
    pub since: Timestamp,
    /// Last stated.
    pub until: Timestamp,
    /// The capture that stated it last.
    pub seq: u64,
}

/// Whom a row of a table is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RowKey {
    /// Extended address, where the row has one.
    pub extended_address: Option<ExtendedAddress>,
    /// Locator, where the row has no extended address.
    pub rloc16: Option<Rloc16>,
    /// The row says that it is a child of the reporter.
    pub is_child: bool,
}

/// From when to when a row stood in a reporter's table. An ended one is a tombstone: it has vanished, and we know when.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RowEpisode {
    /// The row.
    pub row: RowKey,
    /// The first table that had it.
    pub since: Timestamp,
    /// The last table that had it.
    pub until: Timestamp,
    /// The table that had it no more.
    pub ended_at: Option<Timestamp>,
    /// The capture of the last table that had it.
    pub seq: u64,
    /// The locator that the row named last, also where it has an extended address.
    pub locator: Option<Rloc16>,
}

impl Slot {
    /// Takes a statement. An older one than the present changes nothing: which capture came first does not matter.
    pub(super) fn apply(&mut self, observation: Observation) {
        if matches!(*observation.fact, Fact::Refused(..)) {
            if newer(&observation, self.current.as_ref()) && newer(&observation, self.refused.as_ref()) {
                self.refused = Some(observation);
            }
            return;
        }
        if !newer(&observation, self.current.as_ref()) || self.current.as_ref().is_some_and(|current| repeats(&observation, current)) {
            return;
        }
        if !observation.complete {
            self.remember_single_rows(&observation);
            let place = self
                .partial
                .partition_point(|other| (other.stated_at, other.seq) <= (observation.stated_at, observation.seq));
            self.partial.insert(place, observation);
            if self.partial.len() > MAX_PARTIAL {
                self.partial.remove(0);
            }
            return;
        }
        if matches!(*observation.fact, Fact::OmrPrefix(_)) && self.current.as_ref().is_some_and(|current| current.seq == observation.seq) {
            // A network may have several: those of one answer stand together.
            self.partial.push(observation);
            return;
        }
        match rows_of(&observation.fact) {
            Some(rows) => {
                self.remember_rows(&rows, &observation);
                self.remember_locators(&observation);
            }
            None => self.remember_value(&observation),
        }
        self.partial
            .retain(|partial| (partial.stated_at, partial.seq) > (observation.stated_at, observation.seq));
        if self.refused.as_ref().is_some_and(|refused| refused.stated_at <= observation.stated_at) {
            self.refused = None;
        }
        self.current = Some(observation);
    }

    fn remember_value(&mut self, observation: &Observation) {
        match &self.current {
            Some(current) if current.fact == observation.fact => {}
            Some(current) => {
                self.past.push(PastValue {
                    fact: current.fact.clone(),
                    since: self.since.unwrap_or(current.stated_at),
                    until: current.stated_at,
                    seq: current.seq,
                });
                if self.past.len() > MAX_PAST {
                    self.past.remove(0);
                }
                self.since = Some(observation.stated_at);
            }
            None => self.since = Some(observation.stated_at),
        }
    }

    fn remember_rows(&mut self, rows: &[RowKey], observation: &Observation) {
        let at = observation.stated_at;
        self.since.get_or_insert(at);
        for episode in &mut self.episodes {
            if episode.ended_at.is_none() {
                if rows.contains(&episode.row) {
                    episode.until = at;
                    episode.seq = observation.seq;
                } else {
                    episode.ended_at = Some(at);
                }
            }
        }
        for row in rows {
            if !self.episodes.iter().any(|episode| episode.ended_at.is_none() && episode.row == *row) {
                self.episodes.push(RowEpisode {
                    row: *row,
                    since: at,
                    until: at,
                    ended_at: None,
                    seq: observation.seq,
                    locator: None,
                });
            }
        }
        while self.episodes.iter().filter(|episode| episode.ended_at.is_some()).count() > MAX_PAST {
            if let Some(oldest) = self.episodes.iter().position(|episode| episode.ended_at.is_some()) {
                self.episodes.remove(oldest);
            }
        }
    }

    /// Rows that were told one by one: each begins or goes on, and none ends another.
    fn remember_single_rows(&mut self, observation: &Observation) {
        if observation.hearing != Hearing::Air {
            return;
        }
        let at = observation.stated_at;
        for row in rows_of(&observation.fact).unwrap_or_default() {
            let open = self.episodes.iter().position(|episode| episode.ended_at.is_none() && episode.row == row);
            match open {
                Some(place) => {
                    let episode = &mut self.episodes[place];
                    episode.until = episode.until.max(at);
                    episode.seq = episode.seq.max(observation.seq);
                }
                None if self.episodes.len() < MAX_EPISODES => self.episodes.push(RowEpisode {
                    row,
                    since: at,
                    until: at,
                    ended_at: None,
                    seq: observation.seq,
                    locator: None,
                }),
                None => {}
            }
        }
        self.remember_locators(observation);
    }

    fn remember_locators(&mut self, observation: &Observation) {
        let mut note = |address: Option<ExtendedAddress>, locator: Option<Rloc16>| {
            let (Some(address), Some(locator)) = (address, locator) else { return };
            for episode in &mut self.episodes {
                if episode.ended_at.is_none() && episode.row.extended_address == Some(address) {
                    episode.locator = Some(locator);
                }
            }
        };
        match &*observation.fact {
            Fact::NeighborTable(rows) => rows.iter().for_each(|row| note(row.extended_address, row.rloc16)),
            Fact::Children(rows) => rows.iter().for_each(|row| note(Some(row.extended_address), row.rloc16)),
            _ => {}
        }
    }

    /// The values over time, the present one last: from when to when each was stated.
    pub fn spans(&self) -> impl Iterator<Item = (Timestamp, Timestamp, &Fact)> {
        let past = self.past.iter().map(|value| (value.since, value.until, &*value.fact));
        let present = self
            .current
            .iter()
            .map(|current| (self.since.unwrap_or(current.stated_at), current.stated_at, &*current.fact));
        past.chain(present)
    }

    /// The present statement and the incomplete ones that are newer.
    pub fn standing(&self) -> impl Iterator<Item = &Observation> {
        self.current.iter().chain(&self.partial)
    }
}

/// Somebody's memory of what was told itself: it says nothing new, and would take its time away.
fn repeats(observation: &Observation, current: &Observation) -> bool {
    observation.hearing == Hearing::Cached && current.hearing != Hearing::Cached && observation.fact == current.fact
}

fn newer(observation: &Observation, than: Option<&Observation>) -> bool {
    than.is_none_or(|than| (than.stated_at, than.seq) <= (observation.stated_at, observation.seq))
}

/// Whom the rows of a table are about, sorted; `None` for facts that are no tables of neighbours.
fn rows_of(fact: &Fact) -> Option<Vec<RowKey>> {
    let key = |extended_address: Option<ExtendedAddress>, rloc16: Option<Rloc16>, is_child| RowKey {
        rloc16: if extended_address.is_some() { None } else { rloc16 },
        extended_address,
        is_child,
    };
    let router = |id: RouterId| key(None, Some(id.rloc16()), false);
    let mut rows: Vec<RowKey> = match fact {
        Fact::NeighborTable(rows) => rows
            .iter()
            .map(|row| key(row.extended_address, row.rloc16, row.is_child == Some(true)))
            .collect(),
        Fact::RouteTable(rows) => rows
            .iter()
            .filter(|row| row.link_established)
            .map(|row| key(row.extended_address, row.rloc16, false))
            .collect(),
        Fact::Route64(route) => route
            .routers
            .iter()
            .filter(|row| row.link_quality_in.get() > 0)
            .map(|row| router(row.router_id))
            .collect(),
        Fact::ChildTable(_) => return None,
        Fact::Children(rows) => rows.iter().map(|row| key(Some(row.extended_address), row.rloc16, true)).collect(),
        Fact::RouterNeighbors(rows) => rows.iter().map(|row| key(Some(row.extended_address), row.rloc16, false)).collect(),
        _ => return None,
    };
    rows.sort_unstable();
    rows.dedup();
    Some(rows)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Reporter;
    use weft_model::NeighborRow;

    fn neighbor(address: u64, is_child: bool) -> NeighborRow {
        NeighborRow {
            extended_address: Some(ExtendedAddress::from_u64(address)),
            rloc16: None,
            age_seconds: None,
            link_quality_in: None,
            average_rssi: None,
            last_rssi: None,
            frame_error: None,
            message_error: None,
            rx_on_when_idle: None,
            full_thread_device: None,
            is_child: Some(is_child),
        }
    }

    fn table(at_seconds: i64, complete: bool, rows: &[NeighborRow]) -> Observation {
        Observation {
            reporter: Reporter::Radio {
                extended_address: ExtendedAddress::from_u64(1),
            },
            network: None,
            fact: Arc::new(Fact::NeighborTable(rows.to_vec())),
            complete,
            stated_at: Timestamp::from_unix_milliseconds(at_seconds * 1000),
            hearing: Hearing::Asked,
            interval_seconds: None,
            source: "test".into(),
            seq: at_seconds as u64,
        }
    }

    #[test]
    fn a_newer_complete_table_supersedes_and_leaves_a_tombstone() {
        let mut slot = Slot::default();
        slot.apply(table(10, true, &[neighbor(2, true), neighbor(3, false)]));
        slot.apply(table(20, true, &[neighbor(3, false)]));
        let ended: Vec<_> = slot.episodes.iter().filter(|episode| episode.ended_at.is_some()).collect();
        assert_eq!(ended.len(), 1);
        assert_eq!(ended[0].row.extended_address, Some(ExtendedAddress::from_u64(2)));
        assert_eq!(ended[0].until.unix_milliseconds(), 10_000);
        assert_eq!(ended[0].ended_at.map(Timestamp::unix_milliseconds), Some(20_000));
    }

    #[test]
    fn an_empty_table_is_an_answer_and_supersedes() {
        let mut slot = Slot::default();
        slot.apply(table(10, true, &[neighbor(2, true)]));
        slot.apply(table(20, true, &[]));
        assert!(slot.episodes.iter().all(|episode| episode.ended_at.is_some()));
    }

    #[test]
    fn a_cut_table_supersedes_nothing() {
        let mut slot = Slot::default();
        slot.apply(table(10, true, &[neighbor(2, true), neighbor(3, false)]));
        slot.apply(table(20, false, &[neighbor(4, false)]));
        assert_eq!(slot.standing().count(), 2);
        assert!(slot.episodes.iter().all(|episode| episode.ended_at.is_none()));
        slot.apply(table(30, true, &[neighbor(3, false)]));
        assert_eq!(slot.standing().count(), 1);
    }

    #[test]
    fn single_rows_from_the_air_begin_and_go_on_and_end_nothing() {
        let message = |at_seconds, address, rloc16: u16| {
            let row = NeighborRow {
                rloc16: Rloc16::new(rloc16),
                ..neighbor(address, true)
            };
            Observation {
                hearing: Hearing::Air,
                ..table(at_seconds, false, &[row])
            }
        };
        let mut slot = Slot::default();
        slot.apply(message(10, 2, 0x7401));
        slot.apply(message(20, 3, 0x7402));
        slot.apply(message(30, 2, 0x7403));
        let told: Vec<_> = slot
            .episodes
            .iter()
            .map(|row| (row.since, row.until, row.ended_at, row.locator))
            .collect();
        let at = |seconds: i64| Timestamp::from_unix_milliseconds(seconds * 1000);
        assert_eq!(
            told,
            [(at(10), at(30), None, Rloc16::new(0x7403)), (at(20), at(20), None, Rloc16::new(0x7402))]
        );
        for child in 0..2 * MAX_EPISODES as u64 {
            slot.apply(message(40, 10 + child, 0x7404));
        }
        assert_eq!(slot.episodes.len(), MAX_EPISODES);
    }

    #[test]
    fn a_cache_does_not_take_the_time_of_what_it_repeats() {
        let cached = |at_seconds, rows: &[NeighborRow]| Observation {
            hearing: Hearing::Cached,
            ..table(at_seconds, true, rows)
        };
        let mut slot = Slot::default();
        slot.apply(table(10, true, &[neighbor(3, false)]));
        let before = slot.clone();
        slot.apply(cached(20, &[neighbor(3, false)]));
        assert_eq!(slot, before);
        slot.apply(cached(30, &[neighbor(4, false)]));
        assert_eq!(
            slot.current.as_ref().map(|current| (current.hearing, current.seq)),
            Some((Hearing::Cached, 30)),
            "it says something else"
        );
        slot.apply(cached(40, &[neighbor(4, false)]));
        assert_eq!(slot.current.as_ref().map(|current| current.seq), Some(40));
    }

    #[test]
    fn an_older_statement_changes_nothing() {
        let mut slot = Slot::default();
        slot.apply(table(20, true, &[neighbor(3, false)]));
        let before = slot.clone();
        slot.apply(table(10, true, &[neighbor(2, true)]));
        assert_eq!(slot, before);
    }
}
