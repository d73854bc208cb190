//! Findings that a person does not want to hear of. They stay findings, and say that they are muted, by whose reason and since when.

use crate::snapshot::{Finding, Id, Muted, Node};
use std::collections::BTreeMap;
use weft_evidence::Evidence;
use weft_model::{Annotation, Fact, Timestamp};

/// What a person said of a finding by the id that it had then.
#[derive(Default)]
struct Word<'a> {
    muted: Option<(bool, Timestamp)>,
    reason: Option<&'a str>,
}

impl Word<'_> {
    fn muted(&self) -> Option<Option<Muted>> {
        let (is_muted, since) = self.muted?;
        Some(is_muted.then(|| Muted {
            reason: self.reason.filter(|reason| !reason.trim().is_empty()).map(str::to_owned),
            since,
        }))
    }
}

/// Marks muted findings. What is said of a finding itself comes before what is said of the device that it is about.
///
/// `node` finds a node by an id; `former_ids` gives ids that a node had, or could have been called by, so that a mute outlives a change of them.
pub(crate) fn mark<'n>(
    findings: &mut [Finding],
    evidence: &Evidence,
    node: &dyn Fn(&str) -> Option<&'n Node>,
    former_ids: &dyn Fn(&Node) -> Vec<Id>,
) {
    let words = words(evidence);
    for finding in findings {
        let said = words
            .get(&*finding.id)
            .and_then(Word::muted)
            .or_else(|| said_of_former_id(finding, &words, node, former_ids));
        finding.muted = said.unwrap_or_else(|| muted_device(finding, node));
    }
}

/// Everything said of findings, by their ids; of each thing the last word.
fn words(evidence: &Evidence) -> BTreeMap<&str, Word<'_>> {
    let mut words: BTreeMap<&str, Word<'_>> = BTreeMap::new();
    for said in evidence.annotations() {
        let Fact::Annotation(annotation) = &*said.fact else { continue };
        let Annotation { identify, muted, note, .. } = &**annotation;
        let Some(finding) = &identify.finding else { continue };
        let word = words.entry(finding).or_default();
        word.muted = muted.map(|muted| (muted, said.stated_at)).or(word.muted);
        word.reason = note.as_deref().or(word.reason);
    }
    words
}

/// The word on a finding of the same kind about the same things, some of which had other ids then: the last one where there are several.
fn said_of_former_id<'n>(
    finding: &Finding,
    words: &BTreeMap<&str, Word<'_>>,
    node: &dyn Fn(&str) -> Option<&'n Node>,
    former_ids: &dyn Fn(&Node) -> Vec<Id>,
) -> Option<Option<Muted>> {
    let start = format!("{}:", finding.kind);
    let of_this_kind = words.range(start.as_str()..).take_while(|(id, _)| id.starts_with(&start));
    let mut candidates = of_this_kind.peekable();
    candidates.peek()?;
    let spellings: Vec<Vec<String>> = finding.subjects.iter().map(|subject| spellings(subject, node, former_ids)).collect();
    candidates
        .filter(|(id, _)| {
            names_all(&id[start.len()..], &spellings, &mut vec![false; spellings.len()], &mut {
                MAX_COMPARISONS
            })
        })
        .max_by_key(|(_, word)| word.muted.map(|(_, since)| since))
        .and_then(|(_, word)| word.muted())
}

/// All ids that a subject had: of a link, those of its two ends in either order.
fn spellings<'n>(subject: &str, node: &dyn Fn(&str) -> Option<&'n Node>, former_ids: &dyn Fn(&Node) -> Vec<Id>) -> Vec<String> {
    let of_node = |id: &str| {
        let mut ids = vec![id.to_owned()];
        if let Some(node) = node(id) {
            ids.extend(former_ids(node).iter().map(ToString::to_string));
        }
        ids
    };
    let ends = || subject.match_indices('~').map(|(at, _)| (&subject[..at], &subject[at + 1..]));
    match ends().find(|(a, b)| node(a).is_some() && node(b).is_some()) {
        Some((a, b)) if node(subject).is_none() => {
            let (a, b) = (of_node(a), of_node(b));
            a.iter()
                .flat_map(|a| b.iter().flat_map(move |b| [format!("{a}~{b}"), format!("{b}~{a}")]))
                .collect()
        }
        _ => of_node(subject),
    }
}

/// The most comparisons for one id: one made to be ambiguous at every comma would take for ever.
const MAX_COMPARISONS: u32 = 20_000;

/// True if a list, separated by commas, names each of the subjects once, in any order. An id may hold commas of its own.
fn names_all(list: &str, subjects: &[Vec<String>], named: &mut Vec<bool>, left: &mut u32) -> bool {
    for place in 0..subjects.len() {
        if named[place] {
            continue;
        }
        *left = left.saturating_sub(1);
        if *left == 0 {
            return false;
        }
        named[place] = true;
        for rest in subjects[place].iter().filter_map(|id| list.strip_prefix(id.as_str())) {
            let is_last = named.iter().all(|named| *named);
            let goes_on = match rest.strip_prefix(',') {
                Some(rest) if !is_last => names_all(rest, subjects, named, left),
                _ => is_last && rest.is_empty(),
            };
            if goes_on {
                return true;
            }
        }
        named[place] = false;
    }
    false
}

/// The mute of a device that the finding is about, itself or as the end of a link; the longest where there are several.
fn muted_device<'n>(finding: &Finding, node: &dyn Fn(&str) -> Option<&'n Node>) -> Option<Muted> {
    let nodes = |subject: &str| -> Vec<&'n Node> {
        match node(subject) {
            Some(node) => vec![node],
            None => subject
                .match_indices('~')
                .filter_map(|(at, _)| Some([node(&subject[..at])?, node(&subject[at + 1..])?]))
                .flatten()
                .collect(),
        }
    };
    let muted = finding
        .subjects
        .iter()
        .flat_map(|subject| nodes(subject))
        .filter_map(|node| Some((node.muted_since?, node)));
    muted.min_by_key(|(since, _)| *since).map(|(since, node)| Muted {
        reason: node.note.clone(),
        since,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_names_its_subjects_in_any_order_and_with_commas_in_them() {
        let subjects = vec![
            vec!["a".to_owned(), "old, a".to_owned()],
            vec!["b".to_owned()],
            vec!["c~d".to_owned(), "d~c".to_owned()],
        ];
        let named = |list: &str| names_all(list, &subjects, &mut vec![false; 3], &mut { MAX_COMPARISONS });
        for list in ["a,b,c~d", "b,d~c,old, a", "c~d,old, a,b"] {
            assert!(named(list), "{list}");
        }
        for list in ["", "a,b", "a,b,c~d,", "a,b,c~d,a", "a,a,b", "b,c~d,old", "x,a,b,c~d"] {
            assert!(!named(list), "{list}");
        }
    }

    #[test]
    fn an_id_that_is_ambiguous_at_every_comma_costs_little() {
        // Every subject may be any prefix of the list: without a bound this takes for ever.
        let subjects: Vec<Vec<String>> = (0..24).map(|_| (1..12).map(|parts| vec!["a"; parts].join(",")).collect()).collect();
        let list = format!("{},b", vec!["a"; 200].join(","));
        let mut left = MAX_COMPARISONS;
        assert!(!names_all(&list, &subjects, &mut vec![false; 24], &mut left));
        assert_eq!(left, 0);
    }
}
