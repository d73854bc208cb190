//! What a diagnostic task asks for, by the names of each generation, and what a border router was seen to refuse.
//!
//! otbr-agent refuses a whole task for one name that it does not know, and does not say which (HTTP 422, `src/rest/actions/network_diagnostic.cpp`, `Validate`). So a
//! refused task is tried in the other vocabulary, then in halves, until what is refused stands alone.

use serde_json::Value;
use std::collections::BTreeSet;

/// One thing to ask for; its names, the newest first.
type Kind = &'static [&'static str];

/// What every node has. `eui` and `threadVersion` since July 2026, the others before (ot-br-posix `src/rest/diagnostic_types.hpp`, `src/rest/README.md`).
const OF_ANY: [Kind; 12] = [
    &["extAddress"],
    &["rloc16"],
    &["mode"],
    &["leaderData"],
    &["ipv6Addresses", "ip6AddressList"],
    &["macCounters"],
    &["mleCounters"],
    &["eui", "eui64"],
    &["threadVersion", "version"],
    &["vendorName"],
    &["vendorModel"],
    &["vendorSwVersion"],
];
/// What full Thread devices have beside, routers or not.
const OF_FULL_DEVICES: [Kind; 3] = [&["connectivity"], &["route", "route64"], &["threadStackVersion"]];
/// What a router has beside. A child that is asked for it makes the task wait for its whole timeout.
const OF_ROUTERS: [Kind; 4] = [
    &["childTable"],
    &["children"],
    &["childIpv6Addresses", "childrenIpv6Addresses"],
    &["routerNeighbors"],
];
/// What only the border router itself is asked for: it is the same for all and long, and costs no radio time there.
const OF_THE_BORDER_ROUTER: [Kind; 1] = [&["networkData"]];

/// Of those, the ones that the agent asks a router for in messages of their own.
pub(super) const QUERIES: u32 = 3;

/// Whom a task is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Whom {
    /// The border router, being a router.
    OwnRouter,
    /// The border router, being a child.
    OwnChild,
    /// Any other router.
    Router,
    /// A child that is a full Thread device and listens.
    Child,
}

impl Whom {
    fn kinds(self) -> Vec<Kind> {
        let (routers, own) = match self {
            Self::OwnRouter => (&OF_ROUTERS[..], &OF_THE_BORDER_ROUTER[..]),
            Self::OwnChild => (&[][..], &OF_THE_BORDER_ROUTER[..]),
            Self::Router => (&OF_ROUTERS[..], &[][..]),
            Self::Child => (&[][..], &[][..]),
        };
        OF_ANY.iter().chain(&OF_FULL_DEVICES).chain(routers).chain(own).copied().collect()
    }
}

/// The names that a border router refused. It is kept from attempt to attempt.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Vocabulary {
    refused: BTreeSet<&'static str>,
}

/// Names that are still to be asked for, in groups, each of which makes a task.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Plan {
    groups: Vec<Vec<&'static str>>,
    accepted: BTreeSet<&'static str>,
    refused: BTreeSet<&'static str>,
    older: Older,
}

/// Whether the older vocabulary was tried.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Older {
    NotYet,
    /// The names in question, and the older ones that are asked for instead.
    Trying(Vec<&'static str>, Vec<&'static str>),
    Tried,
}

impl Vocabulary {
    /// What to ask for: one task, as far as is known.
    pub fn plan(&self, whom: Whom) -> Plan {
        Plan {
            groups: vec![whom.kinds().into_iter().filter_map(|kind| self.name(kind)).collect()],
            accepted: BTreeSet::new(),
            refused: BTreeSet::new(),
            older: Older::NotYet,
        }
    }

    fn name(&self, kind: Kind) -> Option<&'static str> {
        kind.iter().copied().find(|name| !self.refused.contains(name))
    }

    /// Takes over what a plan found out. Where nothing at all was accepted, the names are not what was wrong.
    pub fn learn(&mut self, plan: &Plan) {
        if !plan.accepted.is_empty() {
            self.refused.extend(plan.refused.difference(&plan.accepted));
        }
    }

    /// Names that are left out, for the person: what else is refused costs nothing, because another name does it.
    pub fn left_out(&self) -> Vec<&'static str> {
        all_kinds()
            .filter(|kind| self.name(kind).is_none())
            .filter_map(|kind| kind.first().copied())
            .collect()
    }
}

impl Plan {
    /// The next group to ask for.
    pub fn next(&mut self) -> Option<Vec<&'static str>> {
        loop {
            let group = self.groups.pop()?;
            if !group.is_empty() {
                return Some(group);
            }
        }
    }

    /// A task for these was accepted.
    pub fn accept(&mut self, group: &[&'static str]) {
        if let Older::Trying(newer, older) = &self.older
            && older == group
        {
            self.refused.extend(newer.iter().filter(|name| !older.contains(name)));
            self.older = Older::Tried;
        }
        self.accepted.extend(group);
    }

    /// Forgets what is left: the node does not answer, or no budget is left.
    pub fn stop(&mut self) {
        self.groups.clear();
    }

    /// True once a task was accepted.
    pub fn was_accepted(&self) -> bool {
        !self.accepted.is_empty()
    }

    /// A task for these was refused, with this answer.
    pub fn refuse(&mut self, group: &[&'static str], answer: Option<&Value>) {
        let named: Vec<&'static str> = group
            .iter()
            .copied()
            .filter(|name| answer.is_some_and(|answer| names(answer, name, 0)))
            .collect();
        if !named.is_empty() && named.len() < group.len() {
            self.refused.extend(&named);
            let rest = group
                .iter()
                .copied()
                .map(|name| if named.contains(&name) { self.older(name) } else { Some(name) });
            self.groups.push(rest.flatten().collect());
            return;
        }
        if let [name] = group {
            self.refused.insert(name);
            if let Some(older) = self.older(name) {
                self.groups.push(vec![older]);
            }
            return;
        }
        let mut group = group.to_vec();
        match std::mem::replace(&mut self.older, Older::Tried) {
            Older::NotYet => {
                let older: Vec<&'static str> = group.iter().map(|name| self.older(name).unwrap_or(name)).collect();
                if older != group {
                    self.groups.push(older.clone());
                    self.older = Older::Trying(group, older);
                    return;
                }
            }
            // It is not as simple as that: neither vocabulary is this border router's.
            Older::Trying(newer, older) if older == group => group = newer,
            _ => {}
        }
        let (first, second) = group.split_at(group.len() / 2);
        self.groups.push(second.to_vec());
        self.groups.push(first.to_vec());
    }

    /// Another name of the same thing that was not refused.
    fn older(&self, name: &str) -> Option<&'static str> {
        let kind = all_kinds().find(|kind| kind.contains(&name))?;
        kind.iter().copied().find(|other| *other != name && !self.refused.contains(other))
    }
}

fn all_kinds() -> impl Iterator<Item = Kind> {
    OF_ANY.into_iter().chain(OF_FULL_DEVICES).chain(OF_ROUTERS).chain(OF_THE_BORDER_ROUTER)
}

/// True where a text in an error speaks of the name, as a word of its own.
fn names(value: &Value, name: &str, depth: usize) -> bool {
    match value {
        Value::String(text) => text.split(|c: char| !c.is_ascii_alphanumeric()).any(|word| word == name),
        Value::Array(items) if depth < 8 => items.iter().any(|item| names(item, name, depth + 1)),
        Value::Object(object) if depth < 8 => object.values().any(|value| names(value, name, depth + 1)),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    /// Runs a plan against a border router that knows these names; what was asked for in accepted tasks, and how many were refused.
    fn run(vocabulary: &mut Vocabulary, whom: Whom, known: impl Fn(&str) -> bool, tells: bool) -> (BTreeSet<&'static str>, usize) {
        let mut plan = vocabulary.plan(whom);
        let (mut asked, mut refusals) = (BTreeSet::new(), 0);
        while let Some(group) = plan.next() {
            match group.iter().find(|name| !known(name)) {
                None => {
                    plan.accept(&group);
                    asked.extend(group);
                }
                Some(name) => {
                    refusals += 1;
                    let answer = json!({ "title": "Unprocessable Content", "status": 422, "detail": if tells { format!("unknown type '{name}'") } else { String::new() } });
                    plan.refuse(&group, Some(&answer));
                }
            }
            assert!(refusals < 100);
        }
        vocabulary.learn(&plan);
        (asked, refusals)
    }

    fn count(whom: Whom) -> usize {
        whom.kinds().len()
    }

    #[test]
    fn a_refused_name_costs_itself_and_is_remembered() {
        for tells in [true, false] {
            for lost in ["mleCounters", "vendorModel", "routerNeighbors", "extAddress", "ipv6Addresses"] {
                let mut vocabulary = Vocabulary::default();
                let known = |name: &str| name != lost && name != "ip6AddressList" && name != "eui64" && name != "version";
                let (asked, refusals) = run(&mut vocabulary, Whom::Router, known, tells);
                assert_eq!(asked.len(), count(Whom::Router) - 1, "{lost}");
                assert!(refusals <= 12, "{lost}: {refusals}");
                assert_eq!(vocabulary.left_out(), [lost]);
                assert_eq!(run(&mut vocabulary, Whom::Router, known, tells).1, 0, "{lost} is remembered");
            }
        }
    }

    #[test]
    fn the_older_vocabulary_is_found_in_one_step() {
        let mut vocabulary = Vocabulary::default();
        let known = |name: &str| !["eui", "threadVersion", "route", "ipv6Addresses", "childIpv6Addresses"].contains(&name);
        let (asked, refusals) = run(&mut vocabulary, Whom::OwnRouter, known, false);
        assert_eq!((asked.len(), refusals), (count(Whom::OwnRouter), 1));
        assert!(asked.contains("route64") && asked.contains("eui64") && asked.contains("version"));
        assert_eq!(
            run(&mut vocabulary, Whom::Router, known, false),
            (asked.into_iter().filter(|name| *name != "networkData").collect(), 0)
        );
        assert!(vocabulary.left_out().is_empty());
    }

    #[test]
    fn mixed_vocabularies_are_found_by_halves() {
        // As recorded before July 2026: `route`, and `eui64`, `version`.
        let mut vocabulary = Vocabulary::default();
        let known = |name: &str| !["eui", "threadVersion", "route64", "ip6AddressList", "childrenIpv6Addresses"].contains(&name);
        let (asked, refusals) = run(&mut vocabulary, Whom::OwnRouter, known, false);
        assert_eq!(asked.len(), count(Whom::OwnRouter));
        assert!(refusals <= 16, "{refusals}");
        assert_eq!(run(&mut vocabulary, Whom::OwnRouter, known, false).1, 0);
    }

    #[test]
    fn where_everything_is_refused_the_names_are_not_to_blame() {
        let mut vocabulary = Vocabulary::default();
        let (asked, refusals) = run(&mut vocabulary, Whom::Router, |_| false, false);
        assert!(asked.is_empty() && refusals < 64, "{refusals}");
        assert_eq!(vocabulary, Vocabulary::default());
    }

    #[test]
    fn children_are_not_asked_for_what_only_routers_have() {
        for whom in [Whom::OwnChild, Whom::Child] {
            let names = Vocabulary::default().plan(whom).next().unwrap();
            assert!(names.contains(&"route"));
            for name in ["children", "childIpv6Addresses", "childTable", "routerNeighbors"] {
                assert!(!names.contains(&name));
            }
        }
    }
}
