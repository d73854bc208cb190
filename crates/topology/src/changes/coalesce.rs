//! Many changes of one kind at one moment become one: a person reads "12 devices went silent", not twelve lines.

use super::{Change, ChangeKind, Effect};
use std::collections::BTreeMap;

/// So many alike are told one by one.
const MAX_ALIKE: usize = 6;
/// So many are named in the detail of what is told as one.
const MAX_NAMED: usize = 20;

/// Puts alike changes together where there are many. The order of first ones is kept.
pub(super) fn coalesce(changes: Vec<Change>) -> Vec<Change> {
    let mut alike: BTreeMap<(ChangeKind, Effect), Vec<Change>> = BTreeMap::new();
    for change in changes {
        alike.entry((change.kind, change.effect)).or_default().push(change);
    }
    let mut told: Vec<Change> = Vec::new();
    for ((kind, effect), mut changes) in alike {
        match words(kind, effect).filter(|_| changes.len() > MAX_ALIKE) {
            None => told.append(&mut changes),
            Some(words) => {
                let mut texts: Vec<&str> = changes.iter().take(MAX_NAMED).map(|change| change.text.as_str()).collect();
                let more = format!("and {} more", changes.len() - texts.len());
                if changes.len() > texts.len() {
                    texts.push(&more);
                }
                let text = format!("{} {words}", changes.len());
                let detail = texts.join("; ");
                let severity = changes.iter().map(|change| change.severity).max();
                let subjects = changes.iter().flat_map(|change| change.subjects.first()).cloned().collect();
                told.extend(severity.map(|severity| Change::new(kind, effect, severity, text, subjects).with_detail(detail)));
            }
        }
    }
    told.sort_by(super::compare::order);
    told
}

fn words(kind: ChangeKind, effect: Effect) -> Option<&'static str> {
    use ChangeKind as Kind;
    Some(match kind {
        Kind::Joined => "devices joined",
        Kind::Gone => "devices are gone",
        Kind::Silent => "devices went silent",
        Kind::Returned => "devices are back",
        Kind::Moved => "devices moved to other parents",
        Kind::Placed => "devices were found below their parents",
        Kind::LostParent => "devices are no longer seen below their parents",
        Kind::Role => "devices changed between router and end device",
        Kind::Partition => "devices changed their partition",
        Kind::LinkNew => "links between routers are new",
        Kind::LinkGone => "links between routers are gone",
        Kind::LinkBetter => "links got better",
        Kind::LinkWorse => "links got worse",
        Kind::Renamed => "names are new",
        Kind::Address => "devices have new radio addresses",
        Kind::FindingNew => "findings are new",
        Kind::FindingOver => "findings are over",
        Kind::BorderRouter if effect == Effect::Removed => "border routers are gone",
        Kind::BorderRouter => "border routers are new",
        _ => return None,
    })
}
