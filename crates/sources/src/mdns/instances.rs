//! What is announced now, and when to state it. Pure: time is handed in.

use super::read::{Key, Registration};
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::time::Duration;
use weft_evidence::{CaptureBody, MdnsCapture};
use weft_model::Ipv6Prefix;
use weft_wire::dns::{SERVICE_TYPE_ENUMERATION, SERVICE_TYPES};

/// Instances that are followed at once.
pub(super) const MAX_INSTANCES: usize = 10_000;
/// An instance is stated when nothing about it has changed for so long, or this long after its first change.
const SETTLE: Duration = Duration::from_millis(200);
/// A removal waits for the news that an interface went with it, or that the machine slept.
const REMOVAL_HELD: Duration = Duration::from_secs(1);
/// An instance that stands is stated again, so that what it said does not grow old: well within its default life of 75 minutes.
const STATED_AGAIN_AFTER: Duration = Duration::from_secs(20 * 60);
/// Off-mesh-routable prefixes that are remembered; the oldest gives way.
const MAX_PREFIXES: usize = 64;

struct Instance {
    registration: Registration,
    /// What was stated last, unless that was withdrawn.
    stated: Option<Registration>,
    /// The library holds it: it was resolved since the last loss of a link or of the receiver.
    stands: bool,
    /// Something about it is to be stated: it came, came back, or changed.
    is_news: bool,
    /// It was removed, and nothing has explained that yet.
    leaves: bool,
    state_again_at: Duration,
    due: Option<Duration>,
}

/// All instances, by service type and label.
#[derive(Default)]
pub(super) struct Instances {
    known: BTreeMap<Key, Instance>,
    schedule: BTreeSet<(Duration, Key)>,
    prefixes: VecDeque<Ipv6Prefix>,
    new_types: Vec<String>,
    removals_excused_until: Duration,
    left_out: u64,
}

/// Stated whatever addresses it has.
fn is_ours(service: &str) -> bool {
    SERVICE_TYPES.contains(&service)
}

impl Instances {
    /// The library resolved an instance, or resolved it again.
    pub(super) fn resolved(&mut self, key: Key, registration: Registration, now: Duration) {
        if let Some(prefix) = registration.omr_prefix {
            self.learn(prefix, now);
        }
        if !self.known.contains_key(&key) && !self.make_room() {
            self.left_out += 1;
            return;
        }
        let instance = self.known.entry(key.clone()).or_insert_with(|| Instance {
            registration: registration.clone(),
            stated: None,
            stands: false,
            is_news: true,
            leaves: false,
            state_again_at: now,
            due: None,
        });
        instance.is_news |= !instance.stands || instance.stated.as_ref() != Some(&registration);
        let was_leaving = std::mem::take(&mut instance.leaves);
        instance.registration = registration;
        instance.stands = true;
        let at = match (instance.is_news, instance.due) {
            // Addresses trickle in: the first change sets the time.
            (true, Some(due)) if !was_leaving => due.min(now + SETTLE),
            (true, _) => now + SETTLE,
            (false, _) => instance.state_again_at,
        };
        self.plan(&key, Some(at));
    }

    /// The library said that an instance is gone.
    pub(super) fn removed(&mut self, key: &Key, now: Duration) {
        let explained = now < self.removals_excused_until;
        let Some(instance) = self.known.get_mut(key) else { return };
        instance.stands = false;
        instance.leaves = !explained;
        self.plan(key, (!explained).then_some(now + REMOVAL_HELD));
    }

    /// We could not hear: an address of ours vanished, or the machine slept. What was removed for it, just before or within `more`, did not say
    /// goodbye; it is not withdrawn, and no longer vouched for.
    pub(super) fn could_not_hear(&mut self, now: Duration, more: Duration) {
        self.removals_excused_until = self.removals_excused_until.max(now + more);
        let leaving: Vec<Key> = self
            .known
            .iter()
            .filter(|(_, instance)| instance.leaves)
            .map(|(key, _)| key.clone())
            .collect();
        for key in leaving {
            if let Some(instance) = self.known.get_mut(&key) {
                instance.leaves = false;
            }
            self.plan(&key, None);
        }
    }

    /// The receiver of a type was closed and opened again: only what is resolved from now on is known to stand.
    pub(super) fn reopened(&mut self, service: &str) {
        let of_type: Vec<Key> = self.known.keys().filter(|(of, _)| of == service).cloned().collect();
        for key in of_type {
            let Some(instance) = self.known.get_mut(&key) else { continue };
            instance.stands = false;
            if !instance.leaves {
                self.plan(&key, None);
            }
        }
    }

    /// The enumeration named a service type for the first time.
    pub(super) fn service_type(&mut self, service: &str) {
        self.new_types.push(service.to_owned());
    }

    /// Instances that were left out because there are too many.
    pub(super) fn left_out(&self) -> u64 {
        self.left_out
    }

    /// When [`Instances::due`] has something to state.
    pub(super) fn next_due(&self) -> Option<Duration> {
        if self.new_types.is_empty() {
            self.schedule.first().map(|(due, _)| *due)
        } else {
            Some(Duration::ZERO)
        }
    }

    /// What is to be stated now.
    pub(super) fn due(&mut self, now: Duration) -> Vec<CaptureBody> {
        let types = std::mem::take(&mut self.new_types).into_iter().map(|service| MdnsCapture::Resolved {
            service: SERVICE_TYPE_ENUMERATION.to_owned(),
            instance: service,
            host: None,
            port: None,
            addresses: Vec::new(),
            txt: Vec::new(),
            ttl_seconds: None,
        });
        let mut stated: Vec<CaptureBody> = types.map(CaptureBody::Mdns).collect();
        while self.schedule.first().is_some_and(|(due, _)| *due <= now) {
            let Some((_, key)) = self.schedule.pop_first() else { break };
            stated.extend(self.state(&key, now).map(CaptureBody::Mdns));
        }
        stated
    }

    fn state(&mut self, key: &Key, now: Duration) -> Option<MdnsCapture> {
        let instance = self.known.get_mut(key)?;
        instance.due = None;
        if instance.leaves {
            let was_stated = instance.stated.is_some();
            self.known.remove(key);
            return was_stated.then(|| MdnsCapture::Removed {
                service: key.0.clone(),
                instance: key.1.clone(),
            });
        }
        if !instance.stands || !(is_ours(&key.0) || self.prefixes.iter().any(|prefix| is_within(prefix, &instance.registration))) {
            return None;
        }
        instance.is_news = false;
        instance.stated = Some(instance.registration.clone());
        instance.state_again_at = now + STATED_AGAIN_AFTER;
        let Registration {
            host, port, addresses, txt, ..
        } = instance.registration.clone();
        let at = instance.state_again_at;
        self.plan(key, Some(at));
        Some(MdnsCapture::Resolved {
            service: key.0.clone(),
            instance: key.1.clone(),
            host,
            port,
            addresses,
            txt,
            ttl_seconds: None,
        })
    }

    /// Puts an instance on the schedule, in place of where it was.
    fn plan(&mut self, key: &Key, at: Option<Duration>) {
        let Some(instance) = self.known.get_mut(key) else { return };
        if let Some(due) = std::mem::replace(&mut instance.due, at) {
            self.schedule.remove(&(due, key.clone()));
        }
        if let Some(at) = at {
            self.schedule.insert((at, key.clone()));
        }
    }

    /// A prefix that is new shows which instances of other types are on Thread.
    fn learn(&mut self, prefix: Ipv6Prefix, now: Duration) {
        if self.prefixes.contains(&prefix) {
            return;
        }
        if self.prefixes.len() == MAX_PREFIXES {
            self.prefixes.pop_front();
        }
        self.prefixes.push_back(prefix);
        let within = |(key, instance): &(&Key, &Instance)| {
            !is_ours(&key.0) && instance.stands && instance.stated.is_none() && is_within(&prefix, &instance.registration)
        };
        let on_thread: Vec<Key> = self.known.iter().filter(within).map(|(key, _)| key.clone()).collect();
        for key in on_thread {
            self.plan(&key, Some(now));
        }
    }

    /// Room for one more; what no longer stands gives way.
    fn make_room(&mut self) -> bool {
        if self.known.len() < MAX_INSTANCES {
            return true;
        }
        let silent = self
            .known
            .iter()
            .find(|(_, instance)| !instance.stands && !instance.leaves)
            .map(|(key, _)| key.clone());
        silent.is_some_and(|key| self.known.remove(&key).is_some())
    }
}

fn is_within(prefix: &Ipv6Prefix, registration: &Registration) -> bool {
    registration.routable.iter().any(|address| prefix.contains(*address))
}

#[cfg(test)]
#[path = "instances_tests.rs"]
mod tests;
