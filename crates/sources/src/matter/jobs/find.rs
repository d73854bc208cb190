//! Which of the devices with an open window a code may be for, and when to give up looking. Pure.
//!
//! A manual code has 4 bits of the discriminator: of 44 devices with open windows, three share them. So candidates are tried one after another. A device
//! that refused a code is not tried with it again: after 20 wrong ones it closes its window (Matter core specification 1.4, 5.5).

use super::JobFailure;
use crate::directory::{Commissionable, Located, long_discriminator_subtype, short_discriminator_subtype};
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;
use std::net::SocketAddr;
use std::time::Duration;
use weft_matter::code::Discriminator;
use weft_matter::commission::CommissionFailure;
use weft_matter::{CommissionError, Intervals, SetupCode, Step};

/// Nothing with an open window is seen at all: mDNS may only be starting, and a sleepy device announces itself late.
const NOTHING_SEEN: Duration = Duration::from_secs(60);
/// Others with open windows are seen, so that hearing works.
const OTHERS_SEEN: Duration = Duration::from_secs(30);
/// All candidates were tried in vain: another one may still announce itself.
const ALL_TRIED: Duration = Duration::from_secs(10);
/// A device that did not answer, or was busy, is tried again after so long.
const TRY_AGAIN_AFTER: Duration = Duration::from_secs(3);
/// So often, one that does not answer; and one that is busy as long as the looking lasts.
const TRIES_WITHOUT_ANSWER: u32 = 2;
/// A device that says that its window has closed may be busy: some say so while somebody else proves a code, and for a minute after a proof that broke
/// off. Where its window is still announced, it is tried once more after so long.
const CLOSED_AGAIN_AFTER: Duration = Duration::from_secs(62);
const MAY_BE_OURS: &str = "It may have joined all the same: Weft looks for it for ten minutes. Check that it has power and is near a border router.";
/// Devices that are remembered for having refused a code.
const MAX_TRIED: usize = 64;

/// Devices that refused a code: by instance and by address, as an instance changes its name with each window.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(in crate::matter) struct Tried {
    instances: BTreeSet<String>,
    addresses: BTreeSet<SocketAddr>,
}

impl Tried {
    fn add(&mut self, candidate: &Candidate) {
        if self.instances.len() < MAX_TRIED {
            self.instances.insert(candidate.instance.clone());
            self.addresses.extend(&candidate.addresses);
        }
    }

    fn has(&self, candidate: &Candidate) -> bool {
        self.instances.contains(&candidate.instance) || candidate.addresses.iter().any(|address| self.addresses.contains(address))
    }
}

/// What a code says of its device.
#[derive(Debug, Clone, Copy)]
pub(super) struct Target {
    discriminator: Discriminator,
    vendor_id: Option<u16>,
    product_id: Option<u16>,
}

impl Target {
    pub(super) fn of(code: &SetupCode) -> Self {
        Self {
            discriminator: code.discriminator,
            vendor_id: code.vendor_id,
            product_id: code.product_id,
        }
    }

    /// The DNS-SD subtype of its device (Matter core specification 1.4, 4.3.1.3).
    pub(super) fn subtype(self) -> String {
        match self.discriminator {
            Discriminator::Long(long) => long_discriminator_subtype(long),
            Discriminator::Short(short) => short_discriminator_subtype(short),
        }
    }

    fn matches(self, found: &Commissionable) -> bool {
        // Zero stands for "not told".
        let agree = |said: Option<u16>, found: Option<u16>| match (said.filter(|id| *id != 0), found.filter(|id| *id != 0)) {
            (Some(said), Some(found)) => said == found,
            _ => true,
        };
        self.discriminator.matches(found.discriminator) && agree(self.vendor_id, found.vendor_id) && agree(self.product_id, found.product_id)
    }
}

/// A device that a code may be for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Candidate {
    /// Instance label; empty for an address that a person gave.
    pub(super) instance: String,
    /// Where it is.
    pub(super) addresses: Vec<SocketAddr>,
    /// How soon it answers.
    pub(super) intervals: Intervals,
    /// What it calls itself.
    pub(super) name: Option<String>,
    /// Its vendor and product id.
    pub(super) ids: (Option<u16>, Option<u16>),
}

impl Candidate {
    /// At an address that a person gave.
    pub(super) fn at(address: SocketAddr) -> Self {
        Self {
            instance: String::new(),
            addresses: vec![address],
            intervals: Intervals::default(),
            name: None,
            ids: (None, None),
        }
    }

    fn of(found: &Commissionable) -> Self {
        Self {
            instance: found.instance.clone(),
            addresses: found.located.addresses.clone(),
            intervals: intervals(&found.located),
            name: found.name.clone().filter(|name| !name.is_empty()),
            ids: (found.vendor_id, found.product_id),
        }
    }
}

/// How soon a device answers, as it announced. What it does not say has the specification's defaults (Matter core specification 1.4, 4.13.1).
pub(in crate::matter) fn intervals(located: &Located) -> Intervals {
    let default = Intervals::default();
    Intervals {
        idle_milliseconds: located.idle_milliseconds.unwrap_or(default.idle_milliseconds),
        active_milliseconds: located.active_milliseconds.unwrap_or(default.active_milliseconds),
        long_idle: located.long_idle,
    }
}

/// What to do next.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Verdict {
    /// Try this one.
    Try(Candidate),
    /// Look again after so long, or when somebody is announced.
    Wait(Duration),
    /// It is in vain.
    GiveUp(JobFailure),
}

/// One search.
#[derive(Debug)]
pub(super) struct Search {
    target: Target,
    began: Duration,
    /// Something may still turn up until then, whatever the other rules say.
    not_before: Duration,
    pub(super) tried: Tried,
    /// Those that did not answer or were busy: when they may be tried again, if at all in this search, and how often they were.
    later: Vec<(Candidate, Option<Duration>, u32)>,
    last: Option<JobFailure>,
}

impl Search {
    pub(super) fn new(target: Target, tried: Tried, now: Duration) -> Self {
        Self {
            target,
            began: now,
            not_before: now,
            tried,
            later: Vec::new(),
            last: None,
        }
    }

    /// A former attempt may still prove to have succeeded until then.
    pub(super) fn hold_until(&mut self, until: Duration) {
        self.not_before = self.not_before.max(until);
    }

    /// What to do, seeing those who announce themselves now.
    pub(super) fn decide(&self, seen: &[Commissionable], now: Duration) -> Verdict {
        let matching: Vec<&Commissionable> = seen.iter().filter(|found| self.target.matches(found)).collect();
        // Mode 0: it tells that it exists, but its window is closed.
        let is_open = |found: &&&Commissionable| found.commissioning_mode != 0 && !found.located.addresses.is_empty();
        let mut open: Vec<Candidate> = matching.iter().filter(is_open).map(|found| Candidate::of(found)).collect();
        // Those whose maker and product are told as the code tells them come first.
        let told = |candidate: &Candidate| self.target.vendor_id.is_some() && candidate.ids.0 == self.target.vendor_id;
        open.sort_by(|left, right| (!told(left), &left.instance).cmp(&(!told(right), &right.instance)));
        let within = match (&self.last, seen.is_empty()) {
            (Some(_), _) => ALL_TRIED,
            (None, true) => NOTHING_SEEN,
            (None, false) => OTHERS_SEEN,
        };
        self.choose(open, within, now)
            .unwrap_or_else(|| Verdict::GiveUp(not_found(within, seen.len(), !matching.is_empty())))
    }

    /// What to do about a device at an address that a person gave.
    pub(super) fn decide_at(&self, address: SocketAddr, now: Duration) -> Verdict {
        self.choose(vec![Candidate::at(address)], Duration::ZERO, now)
            .unwrap_or_else(|| Verdict::GiveUp(JobFailure::from(&CommissionFailure::WrongCode)))
    }

    /// The next of these; `None` where there is none, there will be none, and none was tried in this search.
    fn choose(&self, mut open: Vec<Candidate>, within: Duration, now: Duration) -> Option<Verdict> {
        open.retain(|candidate| !self.tried.has(candidate));
        if let Some(candidate) = open.iter().find(|candidate| self.waits(candidate).is_none()) {
            return Some(Verdict::Try(candidate.clone()));
        }
        let again = open
            .iter()
            .filter_map(|candidate| Some((self.waits(candidate)??, candidate)))
            .min_by_key(|(at, _)| *at);
        if let Some((at, candidate)) = again {
            return Some(if at <= now {
                Verdict::Try(candidate.clone())
            } else {
                Verdict::Wait(at.saturating_sub(now))
            });
        }
        let until = (self.began + within).max(self.not_before);
        if now < until {
            return Some(Verdict::Wait(until - now));
        }
        self.last.clone().map(|last| Verdict::GiveUp(self.of_all(last)))
    }

    /// What to say when all candidates were tried in vain.
    fn of_all(&self, last: JobFailure) -> JobFailure {
        let refused = self.tried.instances.len();
        if last.name != "wrong-code" || refused + self.later.len() < 2 {
            return last;
        }
        // One that did not answer may be the right one.
        let silent = self.later.len();
        JobFailure {
            error: match silent {
                0 => format!("the code may be for any of {refused} devices with an open window, and none of them accepts it"),
                _ => format!(
                    "the code may be for any of {} devices with an open window: {refused} do not accept it, {silent} did not answer",
                    refused + silent
                ),
            },
            may_retry: silent > 0,
            ..last
        }
    }

    /// When a device that was tried in vain may be tried again, if at all; `None` for one that was not tried.
    fn waits(&self, candidate: &Candidate) -> Option<Option<Duration>> {
        let is_same = |other: &Candidate| other.instance == candidate.instance || other.addresses == candidate.addresses;
        self.later.iter().find(|(other, ..)| is_same(other)).map(|(_, at, _)| *at)
    }

    /// A candidate was tried in vain. `Some`: looking further is of no use, as it was the right one.
    pub(super) fn failed(&mut self, candidate: &Candidate, error: &CommissionError, now: Duration) -> Option<JobFailure> {
        let failure = JobFailure::from(&error.failure);
        if error.step > Step::Connect {
            // It took the code: it is the one.
            let may_be_ours = error.step == Step::Complete && !error.left_clean;
            return Some(JobFailure {
                advice: if may_be_ours { MAY_BE_OURS } else { failure.advice },
                ..failure
            });
        }
        match &error.failure {
            CommissionFailure::Cancelled | CommissionFailure::Ours(_) => return Some(failure),
            CommissionFailure::WrongCode => self.tried.add(candidate),
            other => self.try_later(candidate, other, now),
        }
        // Of several, the wrong code says most.
        let is_telling = |name: &str| name == "wrong-code";
        if !self.last.as_ref().is_some_and(|last| is_telling(last.name)) {
            self.last = Some(failure);
        }
        None
    }

    fn try_later(&mut self, candidate: &Candidate, failure: &CommissionFailure, now: Duration) {
        let place = self.later.iter().position(|(other, ..)| other.instance == candidate.instance);
        let times = place.map_or(0, |place| self.later.remove(place).2) + 1;
        // A device that was left in the middle of a former attempt opens its window again when its fail-safe is over.
        let is_recovering = now + TRY_AGAIN_AFTER < self.not_before;
        let is_in_time = is_recovering || now + TRY_AGAIN_AFTER < self.began + OTHERS_SEEN;
        let has_patience = match failure {
            CommissionFailure::Busy => true,
            CommissionFailure::NoAnswer(_) | CommissionFailure::NoRoute(_) => is_recovering || times < TRIES_WITHOUT_ANSWER,
            _ => is_recovering,
        };
        let is_announced = !candidate.instance.is_empty();
        let at = match failure {
            CommissionFailure::WindowClosed if is_announced && times == 1 && !is_recovering => Some(now + CLOSED_AGAIN_AFTER),
            _ => (is_in_time && has_patience).then_some(now + TRY_AGAIN_AFTER),
        };
        self.later.push((candidate.clone(), at, times));
    }
}

fn not_found(within: Duration, others: usize, is_closed: bool) -> JobFailure {
    let seconds = within.as_secs();
    let (error, advice) = if is_closed {
        (
            "the device announces itself, but its pairing window is not open".to_owned(),
            "Open pairing mode in the other app (\"pair with another app\"), and enter the code that it shows.",
        )
    } else if others == 0 {
        (
            format!("no device with an open pairing window was seen within {seconds} s"),
            "Open pairing mode in the other app (\"pair with another app\"), and enter the code that it shows. If it is open: this machine must be on the same \
             network as the border router, as announcements (mDNS) are not passed on to others.",
        )
    } else {
        (
            format!("no device with an open pairing window for this code was seen within {seconds} s; {others} with other codes were"),
            "Check the code, and that pairing mode is open for this device in the other app (\"pair with another app\"): it closes by itself after 15 minutes at \
             the latest.",
        )
    };
    JobFailure {
        name: "not-found",
        error,
        advice,
        may_retry: true,
        must_decide: false,
        is_unfound: true,
    }
}

#[cfg(test)]
#[path = "find_tests.rs"]
mod tests;
