//! In which order to pair, and what each device would add after those before it.
//!
//! A router's table places its children; the table of any full Thread device places all routers; every device places itself. What several of
//! them would tell is counted once: each step's gain is expected on what the steps before it leave (greedy choice over a submodular gain).
//! Devices that promise the same are taken together, so that thousands cost little.

use super::shares::{ONE, Share, not, ratio, times};
use super::survey::{Device, Survey};
use std::cmp::Reverse;
use std::collections::BTreeMap;

/// What a confirmed link counts beside a placed device.
const LINK_WEIGHT: Share = ONE / 50;

/// One device to pair, with what it adds.
#[derive(Debug, Clone, Copy)]
pub(super) struct Pick {
    /// Place in [`Survey::devices`].
    pub(super) device: usize,
    /// Devices that get a place, itself included.
    pub(super) places: Share,
    /// It has no place yet, and no earlier step gives it one.
    pub(super) places_itself: bool,
    pub(super) score: Share,
    /// The gain is an expectation, not a certainty.
    pub(super) about: bool,
}

/// What is still to be placed after some steps.
#[derive(Debug, Clone, Copy)]
pub(super) struct Left {
    /// Certainty that nobody listed the routers.
    unlisted: Share,
    /// Routers without a place.
    routers: Share,
    /// Children without a place.
    pub(super) children: Share,
    /// Routers whose children nobody knows.
    unheard: Share,
    /// Certainty that a child of which nothing was known has no place yet.
    unplaced_child: Share,
}

/// Devices that promise the same, the next one first: those with more links to confirm, then by name.
type Queue = std::vec::IntoIter<(Reverse<u32>, String, usize)>;

/// What decides the gain of a device, beside its links.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Promise {
    router: Share,
    full: Share,
    placed: bool,
}

struct Gains {
    itself: Share,
    children: Share,
    routers: Share,
}

impl Left {
    pub(super) fn of(survey: &Survey<'_>) -> Self {
        Self {
            unlisted: if survey.routers_known { 0 } else { ONE },
            routers: survey.routers_to_place,
            children: survey.children_to_place,
            unheard: survey.unheard_routers,
            unplaced_child: ONE,
        }
    }

    /// Devices without a place, as expected.
    pub(super) fn devices(&self) -> Share {
        self.routers + self.children
    }

    /// The device's own place, should it be a router, and should it be a child.
    fn itself(&self, promise: Promise) -> (Share, Share) {
        if promise.placed {
            return (0, 0);
        }
        (times(promise.router, self.unlisted), times(not(promise.router), self.unplaced_child))
    }

    fn gains(&self, promise: Promise) -> Gains {
        let Promise { router, full, .. } = promise;
        let (as_router, as_child) = self.itself(promise);
        let others = self.children.saturating_sub(as_child);
        let each = ratio(others, self.unheard.max(ONE));
        let other_routers = self.routers.saturating_sub(as_router);
        let lists = times(self.unlisted, full.max(router));
        // A sleepy device lists nobody, but tells its own parent.
        let parent = times(times(self.unlisted, not(full.max(router))), other_routers.min(ONE));
        Gains {
            itself: as_router + as_child,
            children: times(router, each).min(others),
            routers: (times(lists, other_routers) + parent).min(other_routers),
        }
    }

    /// What is left after a device with this promise told its tables.
    fn take(&mut self, promise: Promise) -> Share {
        let gains = self.gains(promise);
        let Promise { router, full, .. } = promise;
        let (as_router, as_child) = self.itself(promise);
        self.routers = self.routers.saturating_sub(as_router + gains.routers);
        self.children = self.children.saturating_sub(as_child + gains.children);
        self.unplaced_child = times(self.unplaced_child, not(ratio(router, self.unheard.max(ONE)).min(ONE)));
        self.unheard = self.unheard.saturating_sub(router);
        self.unlisted = times(self.unlisted, not(full.max(router)));
        gains.itself + gains.children + gains.routers
    }
}

/// The devices worth pairing, best first, and what is left after all of them. `chosen` says who is looked at.
pub(super) fn order(survey: &Survey<'_>, label: impl Fn(usize) -> String, chosen: impl Fn(usize) -> bool) -> (Vec<Pick>, Left) {
    let mut left = Left::of(survey);
    // What paired devices are about to tell comes by itself.
    for device in survey.devices.iter().filter(|device| device.is_being_read()) {
        left.take(promise_of(device));
    }
    let mut groups: BTreeMap<Promise, Vec<(Reverse<u32>, String, usize)>> = BTreeMap::new();
    for (place, device) in survey.devices.iter().enumerate() {
        if device.candidate && chosen(place) && is_worth_a_step(survey, place) {
            let promise = promise_of(device);
            groups
                .entry(promise)
                .or_default()
                .push((Reverse(device.links_to_confirm), label(place), place));
        }
    }
    let mut queues: Vec<(Promise, Queue)> = Vec::new();
    for (promise, mut members) in groups {
        members.sort();
        queues.push((promise, members.into_iter()));
    }
    let mut picks = Vec::new();
    while let Some(pick) = next(&mut queues, &left) {
        left.take(pick.1);
        picks.push(pick.0);
    }
    (picks, left)
}

/// A device that has a place and is no router would only confirm what others told.
pub(super) fn is_worth_a_step(survey: &Survey<'_>, place: usize) -> bool {
    let device = &survey.devices[place];
    !device.placed || device.likely.router > 0
}

fn promise_of(device: &Device<'_>) -> Promise {
    Promise {
        router: device.likely.router,
        full: device.likely.full,
        placed: device.placed,
    }
}

/// Takes the best head of all groups.
fn next(queues: &mut [(Promise, Queue)], left: &Left) -> Option<(Pick, Promise)> {
    let mut best: Option<(Share, Promise, usize)> = None;
    for (group, (promise, members)) in queues.iter().enumerate() {
        let Some((Reverse(links), _, _)) = members.as_slice().first() else {
            continue;
        };
        let gains = left.gains(*promise);
        let score = gains.itself + gains.children + gains.routers + u64::from(*links) * LINK_WEIGHT;
        if best.is_none_or(|(other, likelier, _)| (score, *promise) > (other, likelier)) {
            best = Some((score, *promise, group));
        }
    }
    let (score, promise, group) = best?;
    let (_, _, device) = queues.get_mut(group)?.1.next()?;
    let gains = left.gains(promise);
    let places = gains.itself + gains.children + gains.routers;
    let pick = Pick {
        device,
        places,
        places_itself: !promise.placed && (promise.router == 0 || left.unlisted == ONE) && left.unplaced_child == ONE,
        score,
        about: !places.is_multiple_of(ONE) || gains.children > 0 || gains.routers > 0,
    };
    Some((pick, promise))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        /// The sum of all gains is what there was to place, and no more; no step takes what is not there.
        #[test]
        fn gains_never_exceed_what_is_left(
            routers in 0u64..30 * ONE,
            children in 0u64..300 * ONE,
            heard in 0u64..30 * ONE,
            listed: bool,
            promises in proptest::collection::vec((0u64..=ONE, 0u64..=ONE, any::<bool>()), 0..60),
        ) {
            let routers = if listed { 0 } else { routers };
            let mut left = Left { unlisted: if listed { 0 } else { ONE }, routers, children, unheard: heard + routers, unplaced_child: ONE };
            let mut sum = 0;
            let mut selves = 0;
            for (router, full, placed) in promises {
                let promise = Promise { router, full, placed };
                let before = left;
                let gains = left.gains(promise);
                let gained = left.take(promise);
                prop_assert_eq!(gained, gains.itself + gains.children + gains.routers);
                sum += gained;
                selves += gains.itself;
                prop_assert!(left.routers <= before.routers && left.children <= before.children && left.unheard <= before.unheard);
            }
            // A device places itself even where nobody expected one more.
            prop_assert!(sum <= routers + children + selves);
        }
    }
}
