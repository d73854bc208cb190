//! Findings that are new or over.

use super::compare::Comparison;
use super::outline::FindingOutline;
use super::{Change, ChangeKind, Effect};
use crate::{Id, Severity};
use std::collections::{BTreeMap, BTreeSet};

/// Findings about quality that are told in place of the link's change: they say what it means.
const INSTEAD_OF_LINKS: [&str; 2] = ["one-way-link", "weak-only"];

/// Tells of findings.
pub(super) fn tell(comparison: &mut Comparison<'_>) {
    let key = |finding: &FindingOutline, now: &dyn Fn(&Id) -> Id| -> (String, Vec<Id>) {
        let mut subjects: Vec<Id> = finding.subjects.iter().map(now).collect();
        subjects.sort();
        (finding.kind.clone(), subjects)
    };
    // Subjects that are links have the ids of their ends in their own id: a renamed end makes it another link, and another finding.
    let old: BTreeMap<_, FindingOutline> = comparison
        .old
        .findings
        .iter()
        .map(|finding| (key(finding, &|id| comparison.now(id).clone()), (*finding).clone()))
        .collect();
    let new: BTreeMap<_, FindingOutline> = comparison
        .new
        .findings
        .iter()
        .map(|finding| (key(finding, &Id::clone), (*finding).clone()))
        .collect();
    let mut told = Vec::new();
    let mut instead: BTreeSet<Id> = BTreeSet::new();
    let mut add = |finding: &FindingOutline, is_new: bool| {
        let is_alone = !finding.subjects.is_empty() && finding.subjects.iter().all(|id| comparison.presence_told.contains(id));
        if is_alone {
            return;
        }
        if INSTEAD_OF_LINKS.contains(&&*finding.kind) {
            instead.extend(finding.subjects.iter().cloned());
        }
        let mut subjects = vec![finding.id.clone()];
        subjects.extend(finding.subjects.iter().cloned());
        let change = if is_new {
            Change::new(ChangeKind::FindingNew, Effect::Worse, finding.severity, finding.title.clone(), subjects)
        } else {
            Change::new(
                ChangeKind::FindingOver,
                Effect::Better,
                Severity::Info,
                format!("Over: {}", finding.title),
                subjects,
            )
        };
        told.push(change.with_detail(finding.detail.clone()));
    };
    for (key, finding) in &new {
        if !old.contains_key(key) {
            add(finding, true);
        }
    }
    for (key, finding) in &old {
        if !new.contains_key(key) {
            add(finding, false);
        }
    }
    comparison.changes.retain(|change| {
        let is_quality = matches!(change.kind, ChangeKind::LinkBetter | ChangeKind::LinkWorse);
        !(is_quality && change.subjects.iter().any(|id| instead.contains(id)))
    });
    comparison.changes.append(&mut told);
}
