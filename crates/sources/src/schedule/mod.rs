//! Whom to ask next: pure. No clock, no randomness, no IO; the same calls give the same answers.
//!
//! Times are durations since the program's start, from a clock that never jumps ([`crate::clock::running_for`]): a schedule lives as long as its
//! process, and a wall clock that is set back or ahead must neither stop it nor unleash it. Should the time handed in turn back all the same, it
//! stands still; should it leap ahead, for a machine that slept, nothing is saved up for the gap, and what is overdue is taken up at the pace of the
//! budget.
//!
//! Nothing here knows what a question is: border agents and REST services are asked by the same rules as Matter nodes.

mod airtime;
mod budget;
mod item;
mod network;
mod news;
mod pace;

pub use airtime::AirtimeBudget;
pub use item::Reason;
pub use pace::{Kind, Pace};

use item::Item;
use network::{Lane, Network, Place, Proposal, order};
use std::collections::{BTreeMap, VecDeque};
use std::time::Duration;
use weft_model::ExtendedPanId;

/// Devices that are scheduled at once.
pub const MAX_ITEMS: usize = 20_000;
/// Times of questions that are kept for [`Schedule::questions_last_minute`].
const MAX_COUNTED: usize = 100_000;
const MINUTE: Duration = Duration::from_secs(60);
/// Who comes so much later than promised has slept.
const GAP: Duration = Duration::from_secs(30);

/// What to do now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Next<K> {
    /// Ask this one, and say so with [`Schedule::asked`].
    Ask {
        /// Whom.
        key: K,
        /// Why.
        reason: Reason,
    },
    /// Nothing until then, unless something is told before.
    Wait {
        /// Until when.
        until: Duration,
    },
    /// Nothing until something is told.
    Idle,
}

/// The schedule. `K` names a device.
#[derive(Debug)]
pub struct Schedule<K> {
    pace: Pace,
    items: BTreeMap<K, Item>,
    networks: BTreeMap<Option<ExtendedPanId>, Network<K>>,
    under_way: BTreeMap<K, Duration>,
    counted: VecDeque<Duration>,
    now: Duration,
    /// Time in which questions could be asked: budgets fill by it.
    credit: Duration,
    promised: Option<Duration>,
    is_paused: bool,
    joined: u32,
}

impl<K: Ord + Clone> Schedule<K> {
    /// Without devices.
    pub fn new(pace: Pace) -> Self {
        Self {
            pace,
            items: BTreeMap::new(),
            networks: BTreeMap::new(),
            under_way: BTreeMap::new(),
            counted: VecDeque::new(),
            now: Duration::ZERO,
            credit: Duration::ZERO,
            promised: None,
            is_paused: false,
            joined: 0,
        }
    }

    /// The numbers that it goes by.
    pub fn pace(&self) -> &Pace {
        &self.pace
    }

    /// Devices that it holds.
    pub fn len(&self) -> usize {
        self.items.len()
    }

    /// True without devices.
    pub fn is_empty(&self) -> bool {
        self.items.is_empty()
    }

    /// Takes a device, due now; known ones are updated. `answered_ago`: how long ago it answered another run of the program. A sleepy
    /// device is then left alone for a while ([`Pace::sleepy_after_start`]); others are asked at once after every start. False: there are [`MAX_ITEMS`] already.
    pub fn add(&mut self, key: K, network: Option<ExtendedPanId>, kind: Kind, answered_ago: Option<Duration>, now: Duration) -> bool {
        let now = self.advance(now);
        if self.items.contains_key(&key) {
            self.update(&key, network, kind, now);
            return true;
        }
        if self.items.len() >= MAX_ITEMS {
            return false;
        }
        let rest = match (kind, answered_ago) {
            (Kind::Sleepy { .. }, Some(ago)) => self.pace.sleepy_after_start.saturating_sub(ago),
            _ => Duration::ZERO,
        };
        let item = Item::new(network, kind, answered_ago.is_some(), self.joined);
        self.joined = self.joined.wrapping_add(1);
        self.items.insert(key.clone(), item);
        self.network(network).members += 1;
        if kind != Kind::LongIdle {
            let reason = if rest.is_zero() { Reason::First } else { Reason::Routine };
            self.plan(&key, now + rest, reason);
        }
        true
    }

    /// Network or kind are known better.
    pub fn update(&mut self, key: &K, network: Option<ExtendedPanId>, kind: Kind, now: Duration) {
        let now = self.advance(now);
        let Some(item) = self.items.get(key) else { return };
        if (item.network, item.kind) == (network, kind) {
            return;
        }
        let place = item.place;
        self.unplan(key);
        self.move_to(key, network, now);
        let Some(item) = self.items.get_mut(key) else { return };
        item.kind = kind;
        let reason = item.reason;
        let due = match (kind, reason) {
            (Kind::LongIdle, Reason::CheckIn) => place.map(|place| place.due),
            (Kind::LongIdle, _) => None,
            (_, Reason::Routine) if !item.is_under_way => {
                let in_an_interval = now + self.pace.interval(kind).unwrap_or_default();
                let planned = place.map_or(now, |place| place.due.min(in_an_interval));
                Some(item.routine_due(&self.pace).unwrap_or(planned))
            }
            // It waited for a check-in until now.
            _ if place.is_none() && !item.is_under_way => Some(now),
            _ => place.map(|place| place.due),
        };
        if let Some(due) = due {
            self.plan(key, due, reason);
        }
    }

    /// Forgets a device. The budget remembers what it was asked.
    pub fn remove(&mut self, key: &K) {
        self.unplan(key);
        self.under_way.remove(key);
        if let Some(item) = self.items.remove(key) {
            let credit = self.credit;
            if let Some(network) = self.networks.get_mut(&item.network) {
                network.end(key);
                network.members = network.members.saturating_sub(1);
                if network.is_idle(credit) {
                    self.networks.remove(&item.network);
                }
            }
        }
    }

    /// Whom to ask now. Says the same again until something is told or time passes.
    pub fn next(&mut self, now: Duration) -> Next<K> {
        let now = self.advance(now);
        self.promised = None;
        self.forget_questions(now);
        if self.is_paused {
            return Next::Idle;
        }
        let Self {
            networks,
            items,
            pace,
            credit,
            under_way,
            ..
        } = self;
        networks.retain(|_, network| !network.is_idle(*credit));
        let mut best: Option<(i64, K)> = None;
        let oldest = under_way.iter().filter_map(|(key, since)| {
            let item = items.get(key)?;
            Some(since.saturating_add(pace.forgotten_after(item.kind)))
        });
        let mut until = oldest.min();
        for network in networks.values_mut() {
            match network.propose(pace, now, *credit) {
                Proposal::Ask { order, key } => {
                    if best.as_ref().is_none_or(|(than, other)| (&order, &key) < (than, other)) {
                        best = Some((order, key));
                    }
                }
                Proposal::Wait(time) => until = [until, time].into_iter().flatten().min(),
            }
        }
        if let Some((_, key)) = best {
            let reason = self.items.get(&key).map_or(Reason::Routine, |item| item.reason);
            return Next::Ask { key, reason };
        }
        until.map_or(Next::Idle, |until| {
            let until = until.max(now + Duration::from_millis(1));
            self.promised = Some(until);
            Next::Wait { until }
        })
    }

    /// A device is being asked, on the schedule's word or without: it costs the budget either way.
    pub fn asked(&mut self, key: &K, now: Duration) {
        let now = self.advance(now);
        self.unplan(key);
        let credit = self.credit;
        let Some(item) = self.items.get_mut(key) else { return };
        item.asked = Some(now);
        item.is_under_way = true;
        item.again = None;
        match item.reason {
            Reason::Change => item.asked_for_change = Some(now),
            Reason::SignOfLife => item.asked_for_life = Some(now),
            _ => {}
        }
        let (lane, network) = (Lane::of(item.kind, item.reason), item.network);
        self.network(network).begin(key.clone(), lane, now, credit);
        self.under_way.insert(key.clone(), now);
        self.count(now);
    }

    /// Something was sent in this network that no question of the schedule was, as for a subscription: it counts, and is taken from what the budget
    /// has. It makes no debts: who asks next does not wait for it.
    pub fn spent(&mut self, network: Option<ExtendedPanId>, now: Duration) {
        let now = self.advance(now);
        let credit = self.credit;
        self.network(network).spend(credit);
        self.count(now);
    }

    /// Nobody works on questions any more that are under way: they are due again.
    pub fn abandon(&mut self, now: Duration) {
        let now = self.advance(now);
        let under_way: Vec<K> = self.under_way.keys().cloned().collect();
        for key in under_way {
            self.end(&key);
            if let Some(item) = self.items.get_mut(&key) {
                let (at, reason) = item.again.take().unwrap_or((now, item.reason));
                self.plan(&key, at, reason);
            }
        }
    }

    /// It answered: also without having been asked here.
    pub fn answered(&mut self, key: &K, now: Duration) {
        let now = self.advance(now);
        self.unplan(key);
        let was_asked = self.end(key);
        let Some(item) = self.items.get_mut(key) else { return };
        item.is_spread = !item.has_answered;
        item.has_answered = true;
        item.failures = 0;
        item.is_estranged = false;
        if !was_asked {
            item.asked = Some(now);
        }
        item.reason = Reason::Routine;
        let interval = self.pace.interval(item.kind).unwrap_or_default();
        // A device that takes long to answer is not asked again at once.
        let routine = item.routine_due(&self.pace).map(|due| due.max(now + interval / 2));
        match (item.again.take(), routine) {
            (Some((at, reason)), due) if due.is_none_or(|due| at < due) => self.plan(key, at.max(now), reason),
            (_, Some(due)) => self.plan(key, due, Reason::Routine),
            (_, None) => {}
        }
    }

    /// It did not answer. `may_pass`: false for a device that does not know us any more; it is asked once a day.
    pub fn failed(&mut self, key: &K, now: Duration, may_pass: bool) {
        let now = self.advance(now);
        if !self.items.get(key).is_some_and(|item| item.is_under_way) {
            return;
        }
        self.end(key);
        let Some(item) = self.items.get_mut(key) else { return };
        item.failures = item.failures.saturating_add(1);
        item.is_estranged = !may_pass;
        item.reason = Reason::Retry;
        let pause = if may_pass {
            self.pace.back_off(item.kind, item.has_answered, item.failures)
        } else {
            Some(self.pace.estranged_interval)
        };
        match item.again.take() {
            Some((at, reason @ (Reason::SignOfLife | Reason::CheckIn))) if may_pass => self.plan(key, at.max(now), reason),
            _ => {
                if let Some(pause) = pause {
                    self.plan(key, now.saturating_add(pause), Reason::Retry);
                }
            }
        }
    }

    /// While it is paused nobody is asked, and nothing is saved up. Questions that are under way may end.
    pub fn pause(&mut self, paused: bool, now: Duration) {
        self.advance(now);
        self.promised = None;
        self.is_paused = paused;
    }

    /// Whether it is paused.
    pub fn is_paused(&self) -> bool {
        self.is_paused
    }

    /// When it will be due, or became so; `None` while it is being asked, and where it has to check in first. The budget may hold it up.
    pub fn due_at(&self, key: &K) -> Option<Duration> {
        self.items.get(key)?.place.map(|place| place.due)
    }

    /// In which interval it is asked: what can be promised to those who judge how old an answer may be.
    pub fn interval(&self, key: &K) -> Option<Duration> {
        self.pace.interval(self.items.get(key)?.kind)
    }

    /// Questions in the minute before `now`, of all networks.
    pub fn questions_last_minute(&mut self, now: Duration) -> u32 {
        let now = self.advance(now);
        while self.counted.front().is_some_and(|at| at.saturating_add(MINUTE) <= now) {
            self.counted.pop_front();
        }
        u32::try_from(self.counted.len()).unwrap_or(u32::MAX)
    }

    /// Time never turns back here, and time in which nobody could ask is not credited.
    fn advance(&mut self, now: Duration) -> Duration {
        if now > self.now {
            let is_gap = self.promised.is_some_and(|promised| now > promised.saturating_add(GAP));
            let usable_until = if is_gap { self.promised.unwrap_or(now) } else { now };
            if !self.is_paused {
                self.credit += usable_until.saturating_sub(self.now);
            }
            if is_gap {
                self.promised = None;
            }
            self.now = now;
        }
        self.now
    }

    fn count(&mut self, now: Duration) {
        self.counted.push_back(now);
        if self.counted.len() > MAX_COUNTED {
            self.counted.pop_front();
        }
    }

    fn network(&mut self, id: Option<ExtendedPanId>) -> &mut Network<K> {
        let Self { networks, pace, credit, .. } = self;
        networks.entry(id).or_insert_with(|| Network::new(pace, *credit))
    }

    /// Makes it due at a time, in place of what was planned.
    fn plan(&mut self, key: &K, due: Duration, reason: Reason) {
        self.unplan(key);
        let Some(item) = self.items.get_mut(key) else { return };
        let place = Place {
            lane: Lane::of(item.kind, reason),
            due,
            order: order(due, reason, item.kind),
        };
        item.reason = reason;
        item.place = Some(place);
        let network = item.network;
        self.network(network).insert(key.clone(), place);
    }

    fn unplan(&mut self, key: &K) {
        if let Some(item) = self.items.get_mut(key)
            && let Some(place) = item.place.take()
            && let Some(network) = self.networks.get_mut(&item.network)
        {
            network.remove(key, place);
        }
    }

    /// No question to it is under way any more; true where one was.
    fn end(&mut self, key: &K) -> bool {
        let was_asked = self.under_way.remove(key).is_some();
        if let Some(item) = self.items.get_mut(key) {
            item.is_under_way = false;
            if let Some(network) = self.networks.get_mut(&item.network) {
                network.end(key);
            }
        }
        was_asked
    }

    fn move_to(&mut self, key: &K, to: Option<ExtendedPanId>, now: Duration) {
        let credit = self.credit;
        let Some(item) = self.items.get_mut(key) else { return };
        let from = std::mem::replace(&mut item.network, to);
        if from == to {
            return;
        }
        let lane = Lane::of(item.kind, item.reason);
        let was_asked_lately = item.asked.is_some_and(|asked| asked.saturating_add(MINUTE) > now);
        let mut question = None;
        if let Some(network) = self.networks.get_mut(&from) {
            network.members = network.members.saturating_sub(1);
            question = network.end(key);
        }
        let network = self.network(to);
        network.members += 1;
        if was_asked_lately {
            // The question was asked in this network, before anybody knew.
            network.charge(if lane == Lane::Retry { lane } else { Lane::Urgent }, credit);
        }
        if let Some(question) = question {
            network.take_over(key.clone(), question);
        }
    }

    /// Questions that nobody reported on.
    fn forget_questions(&mut self, now: Duration) {
        let is_forgotten = |(key, since): &(&K, &Duration)| {
            self.items
                .get(*key)
                .is_none_or(|item| since.saturating_add(self.pace.forgotten_after(item.kind)) <= now)
        };
        let forgotten: Vec<K> = self.under_way.iter().filter(is_forgotten).map(|(key, _)| key.clone()).collect();
        for key in forgotten {
            self.failed(&key, now, true);
        }
    }
}

#[cfg(test)]
#[path = "tests.rs"]
mod tests;
