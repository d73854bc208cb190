//! Children that still poll a parent which has forgotten them.

use super::{call, finding};
use crate::ageing::Age;
use crate::network::{Heard, Mesh, Relation};
use crate::snapshot::{Finding, Node, Severity};
use std::collections::{BTreeMap, BTreeSet};
use weft_evidence::Observation;
use weft_model::{ExtendedAddress, Fact, FactKind, Rloc16, Timestamp};

/// The child was heard polling at most so long before the parent's table: an address that somebody had long ago proves nothing.
const BEFORE_SECONDS: i64 = 120;
/// The child polls so long after the table: not a frame that crossed the answer on its way.
const AFTER_SECONDS: i64 = 10;

/// A child that polled a router before it answered with its list of children, is not in that list, and polls on.
pub(super) fn zombies(mesh: &Mesh<'_>, nodes: &[Node], findings: &mut Vec<Finding>) {
    let by_id: BTreeMap<&str, &Node> = nodes.iter().map(|node| (&*node.id, node)).collect();
    for heard in mesh
        .heard
        .iter()
        .filter(|heard| heard.relation == Relation::Polls && heard.age == Age::Fresh)
    {
        let proves = |table_at: &Timestamp| heard.at.seconds_since(*table_at) >= AFTER_SECONDS && polled_before(mesh, heard, *table_at);
        let Some(table_at) = omitted_at(mesh, heard).into_iter().find(proves) else {
            continue;
        };
        let ids = [heard.observer, heard.target].map(|device| mesh.node_id(device));
        let (Some(child), Some(parent)) = (by_id.get(&*ids[0]), by_id.get(&*ids[1])) else {
            continue;
        };
        findings.push(finding(
            "zombie",
            Severity::Warning,
            ids.to_vec(),
            format!("{} polls {}, which does not know it any more", call(child), call(parent)),
            format!(
                "{} was heard sending to {} before and after that router answered with its list of children ({table_at}), and it is not in the list.",
                call(child),
                call(parent)
            ),
            "Nothing reaches it until it notices and looks for a parent again, which it does by itself. If it stays so, take its battery out for a moment.",
        ));
    }
}

/// When the parent told lists without the child, oldest first: those since it last told one with it. None where its newest list has it, or is not fresh.
fn omitted_at(mesh: &Mesh<'_>, heard: &Heard<'_>) -> BTreeSet<Timestamp> {
    let none = BTreeSet::new();
    let Some(binding) = &mesh.devices[heard.observer].locator else {
        return none;
    };
    let is_it = |rloc16: Option<Rloc16>, address: Option<ExtendedAddress>| {
        rloc16 == Some(binding.rloc16) || address.is_some_and(|address| mesh.radio(address) == Some(heard.observer))
    };
    let lists_it = |fact: &Fact| match fact {
        Fact::Children(rows) => rows.iter().any(|row| is_it(row.rloc16, Some(row.extended_address))),
        Fact::ChildTable(rows) => rows.iter().any(|row| Some(row.child_id) == binding.rloc16.child_id()),
        _ => true,
    };
    let kinds = [FactKind::Children, FactKind::ChildTable];
    let tables = kinds.into_iter().filter_map(|kind| mesh.devices[heard.target].told(kind));
    let newest: Option<&Observation> = tables.max_by_key(|observation| (observation.stated_at, observation.seq));
    let Some(newest) = newest.filter(|newest| !lists_it(&newest.fact) && mesh.age(heard.target, newest) == Age::Fresh) else {
        return none;
    };
    let slots = || kinds.into_iter().flat_map(|kind| mesh.slots(heard.target, kind));
    let values = || slots().flat_map(|slot| slot.spans());
    let listed_until = values().filter(|(_, _, fact)| lists_it(fact)).map(|(_, until, _)| until);
    let rows = || {
        slots()
            .flat_map(|slot| &slot.episodes)
            .filter(|episode| is_it(episode.row.rloc16, episode.row.extended_address))
    };
    let listed_until = listed_until.chain(rows().map(|episode| episode.until)).max();
    let omitted = values()
        .filter(|(_, _, fact)| !lists_it(fact))
        .flat_map(|(since, until, _)| [since, until]);
    let omitted = omitted.chain(rows().filter_map(|episode| episode.ended_at)).chain([newest.stated_at]);
    omitted.filter(|at| listed_until.is_none_or(|listed| *at > listed)).collect()
}

/// True if the same frames were heard shortly before.
fn polled_before(mesh: &Mesh<'_>, heard: &Heard<'_>, table_at: Timestamp) -> bool {
    let evidence = mesh.evidence.reporter(&heard.observation.reporter);
    let slot = evidence.and_then(|evidence| evidence.slots.get(&FactKind::RadioSummary));
    slot.is_some_and(|slot| {
        slot.spans()
            .flat_map(|(since, until, _)| [since, until])
            .any(|at| at <= table_at && table_at.seconds_since(at) <= BEFORE_SECONDS)
    })
}
