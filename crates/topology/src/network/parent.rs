//! Who is whose parent: every statement that bears on it, and the newest consistent set of them.

use super::past_parents::close_others;
use super::{Mesh, Relation};
use crate::ageing::Age;
use crate::snapshot::{LastParent, PastParent, State};
use std::collections::BTreeMap;
use weft_evidence::{Hearing, Observation, RowEpisode};
use weft_model::{Fact, FactKind, RouteRow, RoutingRole, Timestamp};

/// From which end a statement comes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum End {
    /// The child says so.
    Child,
    /// The parent says so.
    Parent,
    /// The child's own locator says so.
    OwnLocator,
    /// Somebody else's row names the child's locator.
    Arithmetic,
}

/// One statement that a device is the parent.
struct Candidate<'a> {
    parent: usize,
    end: End,
    /// When it was certainly true.
    at: Timestamp,
    age: Age,
    reason: &'static str,
    observation: Option<&'a Observation>,
    attached_since: Option<Timestamp>,
}

impl Candidate<'_> {
    /// True for a row of a table that a router answered with.
    fn is_listed(&self) -> bool {
        self.end == End::Parent && self.observation.is_some_and(|observation| observation.hearing != Hearing::Air)
    }
}

/// What was concluded of one child.
#[derive(Debug, Clone, Default)]
pub(crate) struct Conclusion {
    pub(crate) parent: Option<usize>,
    pub(crate) state: Option<State>,
    pub(crate) since: Option<Timestamp>,
    pub(crate) reasons: Vec<String>,
    pub(crate) seqs: Vec<u64>,
    pub(crate) history: Vec<PastParent>,
    pub(crate) last: Option<LastParent>,
    /// Devices that list this child although it is elsewhere now.
    pub(crate) outdated: Vec<usize>,
    /// The former parent's newer table omits the child, and nobody speaks of it since.
    pub(crate) dropped_at: Option<Timestamp>,
}

impl<'a> Mesh<'a> {
    /// Concludes the parent of every device that is no router.
    pub(super) fn conclude_parents(&mut self) {
        self.collect_child_episodes();
        let mut candidates: Vec<Vec<Candidate<'a>>> = (0..self.devices.len()).map(|_| Vec::new()).collect();
        for heard in &self.heard {
            match heard.relation {
                Relation::Child => {
                    // A row without an age may be as old as the child's timeout.
                    let slack = if heard.has_age {
                        0
                    } else {
                        heard.target_timeout_seconds.unwrap_or(self.policy.child_timeout_seconds)
                    };
                    candidates[heard.target].push(Candidate {
                        parent: heard.observer,
                        end: End::Parent,
                        at: heard.at.minus_seconds(i64::from(slack)),
                        age: heard.age,
                        reason: "the parent lists it as a child",
                        observation: Some(heard.observation),
                        attached_since: heard.attached_since,
                    });
                }
                Relation::Polls => candidates[heard.observer].push(Candidate {
                    parent: heard.target,
                    end: End::Child,
                    at: heard.at,
                    age: heard.age,
                    reason: "it polls this router on the air",
                    observation: Some(heard.observation),
                    attached_since: None,
                }),
                Relation::Neighbor | Relation::Route => {}
            }
        }
        for (device, candidates) in candidates.iter_mut().enumerate() {
            self.own_candidates(device, candidates);
        }
        for (device, candidates) in candidates.into_iter().enumerate() {
            let conclusion = if self.is_router(device) {
                self.router_conclusion(device, &candidates)
            } else {
                self.choose(device, candidates)
            };
            self.devices[device].parent = Some(conclusion);
        }
        self.follow_parents();
    }

    /// Which tables had whom as a child, and from when to when; a minimal device's own row of its parent counts as well.
    fn collect_child_episodes(&mut self) {
        let mut found: Vec<(usize, usize, &'a RowEpisode)> = Vec::new();
        for observer in 0..self.devices.len() {
            for kind in [FactKind::Children, FactKind::NeighborTable] {
                for episode in self.slots(observer, kind).flat_map(|slot| &slot.episodes) {
                    let Some(other) = episode.row.extended_address.and_then(|address| self.radio(address)) else {
                        continue;
                    };
                    if episode.row.is_child {
                        found.push((other, observer, episode));
                    } else if kind == FactKind::NeighborTable && self.says_it_sleeps(observer) {
                        found.push((observer, other, episode));
                    }
                }
            }
        }
        for (child, parent, episode) in found.into_iter().filter(|(child, parent, _)| child != parent) {
            self.child_episodes.entry(child).or_default().push((parent, episode));
        }
    }

    fn says_it_sleeps(&self, device: usize) -> bool {
        matches!(
            self.devices[device].fact(FactKind::RoutingRole),
            Some(Fact::RoutingRole(RoutingRole::SleepyEndDevice))
        )
    }

    /// A child is where its parent is: a sleepy child may still repeat a partition that its parent has left.
    fn follow_parents(&mut self) {
        for device in 0..self.devices.len() {
            let parent = self.devices[device].parent.as_ref().and_then(|conclusion| conclusion.parent);
            if let Some(partition) = parent.and_then(|parent| self.devices[parent].partition) {
                self.devices[device].partition = Some(partition);
            }
        }
    }

    /// True for devices that are routers now, by their locator or else by their own word.
    pub(crate) fn is_router(&self, device: usize) -> bool {
        if let Some(binding) = &self.devices[device].locator {
            return binding.rloc16.is_router();
        }
        matches!(
            self.devices[device].fact(FactKind::RoutingRole),
            Some(Fact::RoutingRole(RoutingRole::Router | RoutingRole::Leader))
        )
    }

    /// What a device's own tables and locator say of its parent.
    fn own_candidates(&self, device: usize, candidates: &mut Vec<Candidate<'a>>) {
        if self.is_router(device) {
            return;
        }
        let facts = &self.devices[device];
        let partition = facts.partition;
        let mut told_by_tables = false;
        if let Some(observation) = facts.told(FactKind::RouteTable)
            && let Fact::RouteTable(rows) = &*observation.fact
        {
            let parent = match rows.as_slice() {
                [only] => self
                    .row_device(device, only)
                    .map(|parent| (parent, "its route table has one row, its parent", only.age_seconds)),
                rows => parent_of_next_hops(rows)
                    .and_then(|router| self.holder(partition, router))
                    .map(|parent| (parent, "every row of its route table goes over this router, its parent", None)),
            };
            if let Some((parent, reason, age_seconds)) = parent {
                told_by_tables = true;
                self.offer_own(device, parent, reason, age_seconds, observation, candidates);
            }
        }
        // A full Thread device lists routers that it has links with, and not its parent: one row tells nothing of it.
        let may_be_full = match facts.fact(FactKind::RoutingRole) {
            Some(Fact::RoutingRole(RoutingRole::SleepyEndDevice)) => false,
            Some(Fact::RoutingRole(RoutingRole::Reed)) => true,
            _ => match facts.fact(FactKind::Mode) {
                Some(Fact::Mode(mode)) => mode.full_thread_device,
                _ => matches!(facts.fact(FactKind::RouteTable), Some(Fact::RouteTable(rows)) if rows.len() > 1),
            },
        };
        if let Some(observation) = facts.told(FactKind::NeighborTable)
            && let Fact::NeighborTable(rows) = &*observation.fact
            && let [only] = rows.as_slice()
            && !may_be_full
        {
            let parent = only
                .extended_address
                .and_then(|address| self.radio(address))
                .or_else(|| self.holder(partition, only.rloc16?));
            if let Some(parent) = parent {
                told_by_tables = true;
                self.offer_own(
                    device,
                    parent,
                    "its neighbour table has one row, its parent",
                    only.age_seconds,
                    observation,
                    candidates,
                );
            }
        }
        if let Some(observation) = facts.told(FactKind::AnsweredForBy)
            && let Fact::AnsweredForBy(router) = *observation.fact
            && let Some(parent) = self.radio_at(router, observation.stated_at).or_else(|| self.holder(partition, router))
            && parent != device
        {
            candidates.push(Candidate {
                parent,
                end: End::Parent,
                at: observation.stated_at,
                age: self.age(device, observation),
                reason: "this router answers for its address",
                observation: Some(observation),
                attached_since: None,
            });
        }
        if let Some(binding) = &facts.locator
            && let Some(router) = binding.rloc16.parent()
            && let Some(parent) = self.holder(binding.partition, router)
        {
            // Others may have said the same later; its own word stays its own word.
            let own = facts.own_locator.as_ref().filter(|own| own.rloc16 == binding.rloc16);
            let (end, reason, binding) = match own {
                Some(own) => (End::OwnLocator, "its own RLOC16 contains the router id", own),
                None => (End::Arithmetic, "the RLOC16 that others know it by contains the router id", binding),
            };
            // The same device's tables are the better word where they speak of the same parent.
            if !(told_by_tables && own.is_some() && candidates.iter().any(|other| other.end == End::Child && other.parent == parent)) {
                candidates.push(Candidate {
                    parent,
                    end,
                    at: binding.at,
                    age: binding.age,
                    reason,
                    observation: None,
                    attached_since: None,
                });
            }
        }
    }

    fn offer_own(
        &self,
        device: usize,
        parent: usize,
        reason: &'static str,
        age_seconds: Option<u32>,
        observation: &'a Observation,
        candidates: &mut Vec<Candidate<'a>>,
    ) {
        let at = observation.stated_at.minus_seconds(i64::from(age_seconds.unwrap_or(0)));
        candidates.push(Candidate {
            parent,
            end: End::Child,
            at,
            age: self.age(device, observation),
            reason,
            observation: Some(observation),
            attached_since: None,
        });
    }

    fn row_device(&self, device: usize, row: &RouteRow) -> Option<usize> {
        let partition = self.devices[device].partition;
        row.extended_address
            .and_then(|address| self.radio(address))
            .or_else(|| self.holder(partition, row.rloc16.or(row.router_id.map(|id| id.rloc16()))?))
            .filter(|parent| *parent != device)
    }

    /// The newest consistent set of statements.
    fn choose(&self, device: usize, candidates: Vec<Candidate<'a>>) -> Conclusion {
        struct Group {
            newest: Timestamp,
            /// The parent answered with a table: it stands until the next. What it was heard saying to the child is over when it is said.
            is_listed: bool,
            child: Option<(Age, Timestamp)>,
            parent: Option<(Age, Timestamp)>,
            locator: Option<(Age, Timestamp)>,
            arithmetic: Option<(Age, Timestamp)>,
        }
        let mut groups: BTreeMap<usize, Group> = BTreeMap::new();
        for candidate in &candidates {
            if candidate.parent == device {
                continue;
            }
            let group = groups.entry(candidate.parent).or_insert(Group {
                newest: Timestamp::MIN,
                is_listed: false,
                child: None,
                parent: None,
                locator: None,
                arithmetic: None,
            });
            group.newest = group.newest.max(candidate.at);
            group.is_listed |= candidate.is_listed();
            let end = match candidate.end {
                End::Child => &mut group.child,
                End::Parent => &mut group.parent,
                End::OwnLocator => &mut group.locator,
                End::Arithmetic => &mut group.arithmetic,
            };
            *end = Some(end.map_or((candidate.age, candidate.at), |(age, at)| (age.min(candidate.age), at.max(candidate.at))));
        }
        let history = self.parent_history(device);
        let weight = |group: &Group| {
            let best_age = [group.child, group.parent, group.locator, group.arithmetic]
                .into_iter()
                .flatten()
                .map(|(age, _)| age)
                .min();
            (
                std::cmp::Reverse(best_age.unwrap_or(Age::Silent)),
                group.newest,
                group.child.is_some() || group.locator.is_some(),
                group.parent.is_some(),
            )
        };
        let Some((&parent, group)) = groups
            .iter()
            .max_by_key(|(place, group)| (weight(group), std::cmp::Reverse(self.devices[**place].id.clone())))
        else {
            return self.without_parent(device, history);
        };
        let own = match (group.child, group.locator) {
            (Some(child), Some(locator)) => Some((child.0.min(locator.0), child.1.max(locator.1))),
            (child, locator) => child.or(locator),
        };
        let fresh = |end: Option<(Age, Timestamp)>| end.is_some_and(|(age, _)| age == Age::Fresh);
        let disputes = |other: &Group| {
            let own_word = |group: &Group| group.child.or(group.locator).filter(|(age, _)| *age == Age::Fresh).map(|(_, at)| at);
            let listed = |group: &Group| group.parent.filter(|(age, _)| *age == Age::Fresh).map(|(_, at)| at);
            let apart = |left: Option<Timestamp>, right: Option<Timestamp>| match (left, right) {
                (Some(left), Some(right)) => left.milliseconds_since(right).abs() <= i64::from(self.policy.contradiction_seconds) * 1000,
                _ => false,
            };
            // Each of the two has one end of its own, and neither has both: nobody can tell which is right.
            let both = |group: &Group| own_word(group).is_some() && listed(group).is_some();
            !both(group) && !both(other) && (apart(own_word(group), listed(other)) || apart(listed(group), own_word(other)))
        };
        let contradicted = groups.iter().any(|(place, other)| *place != parent && disputes(other));
        let state = if !(fresh(own) || fresh(group.parent) || fresh(group.arithmetic)) {
            let silent = [own, group.parent, group.arithmetic]
                .into_iter()
                .flatten()
                .all(|(age, _)| age == Age::Silent);
            if silent { State::Gone } else { State::Stale }
        } else if contradicted {
            State::Contradicted
        } else if fresh(own) && fresh(group.parent) {
            State::Confirmed
        } else if fresh(group.child) || fresh(group.parent) {
            State::OneSided
        } else {
            State::Inferred
        };
        let mut supporting: Vec<&Candidate<'a>> = candidates.iter().filter(|candidate| candidate.parent == parent).collect();
        supporting.sort_by_key(|candidate| (candidate.age, candidate.end, std::cmp::Reverse(candidate.at)));
        let mut reasons: Vec<String> = Vec::new();
        for candidate in &supporting {
            if !reasons.iter().any(|reason| reason == candidate.reason) {
                reasons.push(candidate.reason.to_owned());
            }
        }
        let mut seqs: Vec<u64> = supporting
            .iter()
            .filter_map(|candidate| candidate.observation.map(|observation| observation.seq))
            .collect();
        seqs.sort_unstable();
        seqs.dedup();
        let first_known = history
            .iter()
            .find(|past| past.node == self.devices[parent].id && past.until.is_none())
            .map(|past| past.since);
        let since = supporting.iter().filter_map(|candidate| candidate.attached_since).max().or(first_known);
        let outdated = groups
            .iter()
            .filter(|(place, other)| {
                **place != parent && other.is_listed && other.parent.is_some_and(|(age, _)| age == Age::Fresh) && !fresh(other.child)
            })
            .map(|(place, _)| *place)
            .collect();
        let parent_id = &self.devices[parent].id;
        let mut history = history;
        let since = close_others(&mut history, parent_id, since, group.newest);
        let last = history.iter().find(|past| past.node != *parent_id).and_then(|past| {
            past.until.map(|until| LastParent {
                node: past.node.clone(),
                until,
            })
        });
        Conclusion {
            parent: Some(parent),
            state: Some(state),
            since: Some(since),
            reasons,
            seqs,
            history,
            last,
            outdated,
            dropped_at: None,
        }
    }

    /// A child of which nobody says any more whose it is.
    fn without_parent(&self, device: usize, history: Vec<PastParent>) -> Conclusion {
        let last = history.first().map(|past| LastParent {
            node: past.node.clone(),
            until: past.until.unwrap_or(self.as_of),
        });
        let dropped_at = history.first().and_then(|past| past.until).filter(|until| {
            // A registration on the LAN is no word of the device's own.
            let words = self.devices[device]
                .told
                .values()
                .filter(|observation| !matches!(observation.hearing, weft_evidence::Hearing::Lan { .. }));
            let own = words.map(|observation| observation.stated_at).max();
            own.is_none_or(|own| own <= *until)
        });
        Conclusion {
            history,
            last,
            dropped_at,
            ..Conclusion::default()
        }
    }

    /// A router has no parent; what it was before is history.
    fn router_conclusion(&self, device: usize, candidates: &[Candidate<'a>]) -> Conclusion {
        let mut history = self.parent_history(device);
        // What went by on the air does not tell its end; the device's own word that it is a router does.
        if let Some(router_since) = self.router_since(device) {
            let begins: Vec<Timestamp> = history.iter().map(|past| past.since).collect();
            for past in history.iter_mut().filter(|past| past.until.is_none()) {
                let end = past.since.max(router_since);
                let next = begins.iter().filter(|begin| **begin > past.since).min();
                past.until = Some(next.map_or(end, |next| end.min(*next)));
            }
        }
        let last = history.first().and_then(|past| {
            past.until.map(|until| LastParent {
                node: past.node.clone(),
                until,
            })
        });
        let outdated = candidates
            .iter()
            .filter(|candidate| candidate.is_listed() && candidate.age == Age::Fresh)
            .map(|candidate| candidate.parent);
        Conclusion {
            history,
            last,
            outdated: outdated.collect(),
            ..Conclusion::default()
        }
    }
}

/// The router that is the next hop of every other row, and has no link and no next hop itself: the parent of a full Thread device
/// that is a child (OpenThread `RouterTable` of a child; checked against recordings).
pub(super) fn parent_of_next_hops(rows: &[RouteRow]) -> Option<weft_model::Rloc16> {
    let mut hops = rows.iter().filter(|row| row.allocated).filter_map(|row| row.next_hop);
    let first = hops.next()?;
    if hops.any(|hop| hop != first) {
        return None;
    }
    let parent = rows
        .iter()
        .find(|row| row.router_id.or(row.rloc16.map(|rloc16| rloc16.router_id())) == Some(first))?;
    (parent.next_hop.is_none() && !parent.link_established).then(|| first.rloc16())
}

#[cfg(test)]
mod tests {
    use super::*;
    use weft_model::RouterId;

    fn row(router: u8, next_hop: Option<u8>, link_established: bool) -> RouteRow {
        RouteRow {
            extended_address: None,
            rloc16: None,
            router_id: RouterId::new(router),
            next_hop: next_hop.and_then(RouterId::new),
            path_cost: None,
            link_quality_in: None,
            link_quality_out: None,
            age_seconds: None,
            allocated: true,
            link_established,
        }
    }

    #[test]
    fn the_next_hop_of_all_rows_is_the_parent_of_a_full_thread_device() {
        let table = [row(4, Some(31), false), row(20, Some(31), true), row(31, None, false)];
        assert_eq!(parent_of_next_hops(&table), RouterId::new(31).map(RouterId::rloc16));
    }

    #[test]
    fn a_routers_table_names_no_parent() {
        for table in [
            vec![row(4, Some(8), true), row(8, Some(4), false), row(5, None, false)],
            vec![row(4, Some(31), true), row(31, Some(31), true)],
            vec![row(5, None, false)],
            vec![],
        ] {
            assert_eq!(parent_of_next_hops(&table), None);
        }
    }
}
