//! Links: those between routers that begin and end, and all that get better or worse.

use super::compare::Comparison;
use super::outline::LinkOutline;
use super::{Change, ChangeKind, Effect};
use crate::{Id, Severity};
use std::collections::BTreeMap;

/// A quality of at most this is weak: frames are lost.
pub(super) const WEAK: u8 = 1;

/// A link whichever way it is named: kind, and present ids of both ends in order.
type Key = (bool, Id, Id);

/// Tells of links.
pub(super) fn tell(comparison: &mut Comparison<'_>) {
    let old: BTreeMap<Key, LinkOutline> = keyed(comparison.old.links.iter().map(|link| turned(link, |id| comparison.now(id).clone())));
    let new: BTreeMap<Key, LinkOutline> = keyed(comparison.new.links.iter().map(|link| turned(link, Id::clone)));
    let mut told = Vec::new();
    for (key, link) in &new {
        match old.get(key) {
            Some(before) if before.qualities != link.qualities => told.extend(quality(comparison, before, link)),
            None if link.between_routers && is_news(comparison, link) => {
                let text = format!(
                    "{} and {} hear each other now",
                    comparison.new.called(&link.a),
                    comparison.new.called(&link.b)
                );
                let change = Change::new(ChangeKind::LinkNew, Effect::Added, Severity::Info, text, subjects(link));
                told.push(change.with_detail(format!("quality {}", words(link.qualities))));
            }
            _ => {}
        }
    }
    for (key, link) in &old {
        if !new.contains_key(key) && link.between_routers && is_news(comparison, link) {
            let text = format!(
                "{} and {} do not hear each other any more",
                comparison.new.called(&link.a),
                comparison.new.called(&link.b)
            );
            let change = Change::new(ChangeKind::LinkGone, Effect::Removed, Severity::Info, text, subjects(link));
            told.push(change.with_detail(format!("quality {} before", words(link.qualities))));
        }
    }
    comparison.changes.append(&mut told);
}

fn subjects(link: &LinkOutline) -> Vec<Id> {
    vec![link.id.clone(), link.a.clone(), link.b.clone()]
}

fn keyed(links: impl Iterator<Item = LinkOutline>) -> BTreeMap<Key, LinkOutline> {
    links.map(|link| ((link.between_routers, link.a.clone(), link.b.clone()), link)).collect()
}

/// The link with present ids; between routers the smaller id first.
fn turned(link: &LinkOutline, now: impl Fn(&Id) -> Id) -> LinkOutline {
    let (a, b) = (now(&link.a), now(&link.b));
    let (a, b, qualities) = if link.between_routers && a > b {
        (b, a, [link.qualities[1], link.qualities[0]])
    } else {
        (a, b, link.qualities)
    };
    LinkOutline {
        id: link.id.clone(),
        between_routers: link.between_routers,
        a,
        b,
        qualities,
    }
}

/// True unless the link began or ended because of something that is told, or was only learnt of. `link` has present ids.
fn is_news(comparison: &Comparison<'_>, link: &LinkOutline) -> bool {
    let ends = [&link.a, &link.b].map(|end| {
        comparison
            .both(end)
            .filter(|_| !comparison.presence_told.contains(end) && !comparison.role_told.contains(end))
    });
    let [Some((a_then, a_now)), Some((b_then, b_now))] = ends else {
        return false;
    };
    let all_here = [a_then, a_now, b_then, b_now].iter().all(|node| node.is_here());
    let together = |a: &super::outline::NodeOutline, b: &super::outline::NodeOutline| a.partition == b.partition;
    all_here && a_then.unheard == a_now.unheard && b_then.unheard == b_now.unheard && together(a_then, b_then) && together(a_now, b_now)
}

/// The change of a link that stood and stands.
fn quality(comparison: &Comparison<'_>, old: &LinkOutline, new: &LinkOutline) -> Option<Change> {
    let (before, now) = in_both(old.qualities, new.qualities)?;
    let rank = |qualities: &[u8]| {
        (
            qualities.iter().min().copied(),
            qualities.iter().map(|quality| u32::from(*quality)).sum::<u32>(),
        )
    };
    let (kind, effect, verb) = match rank(&now).cmp(&rank(&before)) {
        std::cmp::Ordering::Less => (ChangeKind::LinkWorse, Effect::Worse, "worse"),
        std::cmp::Ordering::Greater => (ChangeKind::LinkBetter, Effect::Better, "better"),
        std::cmp::Ordering::Equal => return None,
    };
    let weak = |qualities: &[u8]| qualities.iter().any(|quality| *quality <= WEAK);
    let severity = if kind == ChangeKind::LinkWorse && weak(&now) && !weak(&before) {
        Severity::Warning
    } else {
        Severity::Info
    };
    let (a, b) = (comparison.new.called(&new.a), comparison.new.called(&new.b));
    let text = if new.between_routers {
        format!("The link between {a} and {b} got {verb}")
    } else {
        format!("The link of {b} to its parent {a} got {verb}")
    };
    let detail = format!("quality {}, now {}", words(old.qualities), words(new.qualities));
    Some(Change::new(kind, effect, severity, text, subjects(new)).with_detail(detail))
}

/// The directions that both know.
pub(super) fn in_both(old: [Option<u8>; 2], new: [Option<u8>; 2]) -> Option<(Vec<u8>, Vec<u8>)> {
    let known: Vec<(u8, u8)> = old.into_iter().zip(new).filter_map(|(old, new)| Some((old?, new?))).collect();
    (!known.is_empty()).then(|| known.into_iter().unzip())
}

fn words(qualities: [Option<u8>; 2]) -> String {
    let [forth, back] = qualities.map(|quality| quality.map_or_else(|| "unknown".to_owned(), |quality| quality.to_string()));
    format!("{forth} / {back}")
}
