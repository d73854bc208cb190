//! What makes a device due before its time: changes, signs of life, persons.

use super::network::order;
use super::{Kind, Reason, Schedule};
use std::time::Duration;

impl<K: Ord + Clone> Schedule<K> {
    /// Something about it changed: partition, RLOC16, role, a child. Sleepy devices are left in peace.
    pub fn changed(&mut self, key: &K, now: Duration) {
        let now = self.advance(now);
        let Some(item) = self.items.get(key) else { return };
        if matches!(item.kind, Kind::Sleepy { .. } | Kind::LongIdle) {
            return;
        }
        if item.failures > 0 {
            // Somebody else speaks of it: it lives.
            self.sign_of_life(key, now);
            return;
        }
        let apart = item.asked_for_change.map_or(Duration::ZERO, |at| at + self.pace.change_apart);
        self.hasten(key, (now + self.pace.change_delay).max(apart), Reason::Change);
    }

    /// The same for several: the routers around a change.
    pub fn changed_near<'k>(&mut self, keys: impl IntoIterator<Item = &'k K>, now: Duration)
    where
        K: 'k,
    {
        for key in keys {
            self.changed(key, now);
        }
    }

    /// It was announced anew or elsewhere: call it for changes of what is announced, not for repetitions. A sleepy device that answered the last
    /// time is left in peace.
    pub fn sign_of_life(&mut self, key: &K, now: Duration) {
        let now = self.advance(now);
        let Some(item) = self.items.get(key) else { return };
        let is_well = item.failures == 0;
        let apart = match item.kind {
            Kind::LongIdle => return,
            _ if item.is_estranged => return,
            Kind::Sleepy { .. } if is_well && !item.is_under_way => return,
            Kind::Sleepy { .. } if item.has_answered => self.pace.sleepy_interval,
            _ if is_well => self.pace.change_apart,
            _ => self.pace.life_apart,
        };
        let apart = item.asked_for_life.map_or(Duration::ZERO, |at| at.saturating_add(apart));
        self.hasten(key, (now + self.pace.life_delay).max(apart), Reason::SignOfLife);
    }

    /// It checked in, and listens now.
    pub fn checked_in(&mut self, key: &K, now: Duration) {
        let now = self.advance(now);
        self.hasten(key, now, Reason::CheckIn);
    }

    /// A person wants it asked. False: it hears nobody until it checks in, or is not known.
    pub fn request(&mut self, key: &K, now: Duration) -> bool {
        let now = self.advance(now);
        let Some(item) = self.items.get(key) else { return false };
        if item.kind == Kind::LongIdle {
            return false;
        }
        if !item.is_under_way {
            let apart = item.asked.map_or(Duration::ZERO, |at| at + self.pace.person_apart);
            self.hasten(key, now.max(apart), Reason::Person);
        }
        true
    }

    /// A person wants everybody asked who may be: not sleepy devices, each of which has to be asked for by name.
    pub fn request_all(&mut self, now: Duration) -> usize {
        let listening = self
            .items
            .iter()
            .filter(|(_, item)| !matches!(item.kind, Kind::Sleepy { .. } | Kind::LongIdle));
        let keys: Vec<K> = listening.map(|(key, _)| key.clone()).collect();
        keys.iter().filter(|key| self.request(key, now)).count()
    }

    /// Makes it due sooner than planned; or again, where it is being asked.
    fn hasten(&mut self, key: &K, due: Duration, reason: Reason) {
        let Some(item) = self.items.get_mut(key) else { return };
        if item.is_under_way {
            if item.again.is_none_or(|(at, _)| due < at) {
                item.again = Some((due, reason));
            }
            return;
        }
        // What is due before keeps its time, for a better reason.
        let due = item.place.map_or(due, |place| place.due.min(due));
        if item.place.is_none_or(|place| order(due, reason, item.kind) < place.order) {
            self.plan(key, due, reason);
        }
    }
}
