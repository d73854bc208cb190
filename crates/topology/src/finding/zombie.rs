//! Children that still poll a parent which has forgotten them.

use super::{call, finding};
use crate::ageing::Age;
use crate::network::{Heard, Mesh, Relation};
use crate::snapshot::{Finding, Node, Severity};
use std::collections::BTreeMap;
use weft_evidence::Observation;
use weft_model::{Fact, FactKind, Timestamp};

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
        let Some(table_at) = omitted_at(mesh, heard) else { continue };
        if heard.at.seconds_since(table_at) < AFTER_SECONDS || !polled_before(mesh, heard, table_at) {
            continue;
        }
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

/// When the parent's newest fresh list of children was told, if the child is not in it.
fn omitted_at(mesh: &Mesh<'_>, heard: &Heard<'_>) -> Option<Timestamp> {
    let parent = &mesh.devices[heard.target];
    let rloc16 = mesh.devices[heard.observer].locator.as_ref()?.rloc16;
    let tables = [FactKind::Children, FactKind::ChildTable]
        .into_iter()
        .filter_map(|kind| parent.told(kind));
    let newest: &Observation = tables.max_by_key(|observation| (observation.stated_at, observation.seq))?;
    let lists_it = match &*newest.fact {
        Fact::Children(rows) => rows
            .iter()
            .any(|row| row.rloc16 == Some(rloc16) || mesh.radio(row.extended_address) == Some(heard.observer)),
        Fact::ChildTable(rows) => rows.iter().any(|row| Some(row.child_id) == rloc16.child_id()),
        _ => true,
    };
    (!lists_it && mesh.age(heard.target, newest) == Age::Fresh).then_some(newest.stated_at)
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
