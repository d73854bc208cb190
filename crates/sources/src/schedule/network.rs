//! Who of one network waits, who is due, who is being asked, and what the network's budget allows.

use super::budget::{Budget, milliseconds};
use super::{Kind, Pace, Reason};
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

/// Those who compete with each other for the next question.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Lane {
    /// Devices that listen, asked for a reason.
    Urgent,
    /// Devices that listen, whose interval is over.
    Routine,
    /// Sleepy devices.
    Sleepy,
    /// Devices that did not answer the last time, without any sign of life since.
    Retry,
}

impl Lane {
    const ALL: [Self; 4] = [Self::Urgent, Self::Routine, Self::Sleepy, Self::Retry];

    pub(super) fn of(kind: Kind, reason: Reason) -> Self {
        match (kind, reason) {
            (_, Reason::Retry) => Self::Retry,
            (Kind::Sleepy { .. }, _) => Self::Sleepy,
            (_, Reason::Routine) => Self::Routine,
            _ => Self::Urgent,
        }
    }
}

/// Where an item stands in its network.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Place {
    pub(super) lane: Lane,
    pub(super) due: Duration,
    /// Who is due goes first by this: the time that it was due, less the head start of its reason. Who waits long enough thus passes everybody.
    pub(super) order: i64,
}

#[derive(Debug)]
struct Queue<K> {
    waiting: BTreeSet<(Duration, i64, K)>,
    ready: BTreeSet<(i64, Duration, K)>,
}

#[derive(Debug)]
pub(super) struct Network<K> {
    pub(super) members: usize,
    queues: [Queue<K>; 4],
    under_way: BTreeMap<K, (Lane, Duration)>,
    budget: Budget,
    retries: Budget,
    /// When the regular round last had its turn, or nobody was due in it; in the time that budgets go by.
    routine_served: Duration,
}

/// Whom a network would have asked next.
pub(super) enum Proposal<K> {
    Ask { order: i64, key: K },
    Wait(Option<Duration>),
}

impl<K: Ord + Clone> Network<K> {
    /// `credit`: the time that budgets go by.
    pub(super) fn new(pace: &Pace, credit: Duration) -> Self {
        Self {
            members: 0,
            queues: std::array::from_fn(|_| Queue {
                waiting: BTreeSet::new(),
                ready: BTreeSet::new(),
            }),
            under_way: BTreeMap::new(),
            budget: Budget::new(pace.questions_per_minute, pace.burst, credit),
            retries: Budget::new(pace.retries_per_minute, pace.retry_burst, credit),
            routine_served: credit,
        }
    }

    pub(super) fn insert(&mut self, key: K, place: Place) {
        self.queues[place.lane as usize].waiting.insert((place.due, place.order, key));
    }

    pub(super) fn remove(&mut self, key: &K, place: Place) {
        let queue = &mut self.queues[place.lane as usize];
        if !queue.waiting.remove(&(place.due, place.order, key.clone())) {
            queue.ready.remove(&(place.order, place.due, key.clone()));
        }
    }

    /// A question is under way.
    pub(super) fn begin(&mut self, key: K, lane: Lane, now: Duration, credit: Duration) {
        self.charge(lane, credit);
        if lane == Lane::Routine {
            self.routine_served = credit;
        }
        self.under_way.insert(key, (lane, now));
    }

    /// Takes a question from the budget.
    pub(super) fn charge(&mut self, lane: Lane, credit: Duration) {
        let budget = if lane == Lane::Retry { &mut self.retries } else { &mut self.budget };
        budget.fill(credit);
        budget.take();
    }

    /// Takes a question from the budget where it has one.
    pub(super) fn spend(&mut self, credit: Duration) {
        self.budget.fill(credit);
        if self.budget.wait_for(1).is_zero() {
            self.budget.take();
        }
    }

    /// A question has ended: when it began.
    pub(super) fn end(&mut self, key: &K) -> Option<(Lane, Duration)> {
        self.under_way.remove(key)
    }

    /// A question that is under way comes from another network.
    pub(super) fn take_over(&mut self, key: K, (lane, since): (Lane, Duration)) {
        self.under_way.insert(key, (lane, since));
    }

    /// Nothing would be lost with it.
    pub(super) fn is_idle(&mut self, credit: Duration) -> bool {
        self.budget.fill(credit);
        self.retries.fill(credit);
        self.members == 0 && self.budget.is_full() && self.retries.is_full()
    }

    /// Whom to ask now, or when to look again.
    pub(super) fn propose(&mut self, pace: &Pace, now: Duration, credit: Duration) -> Proposal<K> {
        self.budget.fill(credit);
        self.retries.fill(credit);
        let mut best: Option<(i64, K)> = None;
        let mut until: Option<Duration> = None;
        let mut look_at = |time: Duration| until = Some(until.map_or(time, |until| until.min(time)));
        for lane in Lane::ALL {
            let wait_for_place = self.wait_for_place(pace, lane, now);
            let queue = &mut self.queues[lane as usize];
            while let Some((due, _, _)) = queue.waiting.first()
                && *due <= now
            {
                let Some((due, order, key)) = queue.waiting.pop_first() else { break };
                queue.ready.insert((order, due, key));
            }
            if let Some((due, ..)) = queue.waiting.first() {
                look_at(*due);
            }
            let Some((order, _, key)) = queue.ready.first() else {
                if lane == Lane::Routine {
                    self.routine_served = credit;
                }
                continue;
            };
            if best.as_ref().is_some_and(|(than, other)| (than, other) <= (order, key)) {
                continue;
            }
            match wait_for_place {
                Some(Duration::ZERO) => {}
                Some(wait) => {
                    look_at(now + wait);
                    continue;
                }
                // A place becomes free when a question ends.
                None => continue,
            }
            let wait = match lane {
                Lane::Retry => self.retries.wait_for(1),
                Lane::Routine => {
                    let with_reserve = pace.burst.saturating_sub(pace.routine_burst).saturating_add(1).min(pace.burst);
                    let its_turn = (self.routine_served + pace.routine_at_least).saturating_sub(credit);
                    self.budget.wait_for(with_reserve).min(self.budget.wait_for(1).max(its_turn))
                }
                _ => self.budget.wait_for(1),
            };
            if wait.is_zero() {
                best = Some((*order, key.clone()));
            } else {
                look_at(now + wait);
            }
        }
        best.map_or(Proposal::Wait(until), |(order, key)| Proposal::Ask { order, key })
    }

    /// How long until a question of this lane may be under way beside the others; `None`: until one of them ends.
    fn wait_for_place(&self, pace: &Pace, lane: Lane, now: Duration) -> Option<Duration> {
        let of = |wanted: fn(Lane) -> bool| self.under_way.values().filter(move |(lane, _)| wanted(*lane));
        let (places, taken) = match lane {
            Lane::Sleepy => (pace.sleepy_in_flight, of(|lane| lane == Lane::Sleepy).count()),
            Lane::Retry => (pace.retries_in_flight, of(|lane| lane == Lane::Retry).count()),
            Lane::Urgent | Lane::Routine => {
                let listening = || of(|lane| matches!(lane, Lane::Urgent | Lane::Routine));
                let slow = listening().filter(|(_, since)| now.saturating_sub(*since) >= pace.slow_after).count();
                let taken = listening().count() - slow.min(pace.slow_in_flight);
                if taken >= pace.in_flight.max(1) && slow < pace.slow_in_flight {
                    let young = listening().filter(|(_, since)| now.saturating_sub(*since) < pace.slow_after);
                    let oldest = young.map(|(_, since)| *since).min()?;
                    return Some((oldest + pace.slow_after).saturating_sub(now).max(Duration::from_millis(1)));
                }
                (pace.in_flight, taken)
            }
        };
        (taken < places.max(1)).then_some(Duration::ZERO)
    }
}

/// The order among those who are due.
pub(super) fn order(due: Duration, reason: Reason, kind: Kind) -> i64 {
    let is_router = matches!(kind, Kind::Router | Kind::Unknown);
    let head_start_seconds = match reason {
        Reason::Person | Reason::CheckIn => 15 * 60,
        Reason::First if is_router => 10 * 60,
        Reason::First => 9 * 60,
        Reason::SignOfLife | Reason::Change => 2 * 60,
        Reason::Routine | Reason::Retry => 0,
    };
    milliseconds(due).saturating_sub(head_start_seconds * 1000)
}
