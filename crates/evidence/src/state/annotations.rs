//! What people say. Each thing that is said of a device is superseded by itself: a later word on its room takes nothing from its name.

use crate::{Observation, Reporter};
use std::collections::{BTreeMap, BTreeSet};
use weft_model::Fact;

/// For each device or finding that is named, and each spelling of it, the statements of which some part still stands, oldest first.
#[derive(Debug, Clone, Default)]
pub(super) struct Annotations(BTreeMap<Reporter, Vec<Observation>>);

impl Annotations {
    /// Takes the next statement, newer than all before, and forgets those of which nothing stands any more.
    pub(super) fn take(&mut self, observation: Observation) {
        let words = self.0.entry(observation.reporter.clone()).or_default();
        words.push(observation);
        let mut said_later: BTreeSet<&str> = BTreeSet::new();
        let mut stands: Vec<bool> = words
            .iter()
            .rev()
            .map(|word| said(word).into_iter().filter(|field| said_later.insert(field)).count() > 0)
            .collect();
        words.retain(|_| stands.pop().unwrap_or(true));
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = &Observation> {
        let mut all: Vec<&Observation> = self.0.values().flatten().collect();
        all.sort_by_key(|word| (word.stated_at, word.seq));
        all.into_iter()
    }
}

fn said(word: &Observation) -> Vec<&'static str> {
    match &*word.fact {
        Fact::Annotation(annotation) => annotation.said(),
        _ => Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use crate::recording::parse_line;
    use crate::{Evidence, retention_key};
    use proptest::prelude::*;
    use serde_json::{Value, json};
    use std::collections::BTreeMap;
    use weft_model::Fact;

    fn line(seq: usize, mut said: Value) -> crate::Capture {
        said["seq"] = json!(seq);
        said["at"] = json!(format!("2026-11-20T12:00:{seq:02}.000Z"));
        said["source"] = json!("annotations");
        said["kind"] = json!("annotation");
        parse_line(said.to_string().as_bytes()).unwrap()
    }

    fn names(evidence: &Evidence) -> Vec<u64> {
        evidence.annotations().map(|word| word.seq).collect()
    }

    #[test]
    fn a_word_on_the_room_takes_nothing_from_the_name() {
        let said = |seq, more: Value| {
            let mut said = json!({"identify": {"node": "n"}});
            said.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
            line(seq, said)
        };
        let captures = [
            said(1, json!({"name": "Lamp", "room": "Hall"})),
            said(2, json!({"room": "Attic"})),
            said(3, json!({"pin": {"x": 1, "y": 2}})),
            said(4, json!({"unpin": true})),
            said(5, json!({"name": ""})),
        ];
        assert_eq!(names(&Evidence::from_captures(&captures[..2])), [1, 2]);
        assert_eq!(names(&Evidence::from_captures(&captures[..4])), [1, 2, 4]);
        assert_eq!(names(&Evidence::from_captures(&captures)), [2, 4, 5]);
    }

    #[test]
    fn what_a_program_suggests_takes_nothing_from_what_a_person_says() {
        let said = |seq, name: &str, suggested: bool| line(seq, json!({"identify": {"node": "n"}, "name": name, "suggested": suggested}));
        let captures = [said(1, "Lamp", false), said(2, "Eve Door", true), said(3, "Eve Window", true)];
        assert_eq!(names(&Evidence::from_captures(&captures)), [1, 3]);
        let [person, program, again] = captures.each_ref().map(retention_key);
        assert!(person != program && program == again);
    }

    proptest! {
        /// What a store forgets because a newer capture has the same key is never what still stands.
        #[test]
        fn the_newest_capture_of_each_key_says_the_same(words in prop::collection::vec((0u8..2, 1u8..16), 1..20)) {
            let captures: Vec<_> = words
                .iter()
                .enumerate()
                .map(|(seq, (node, fields))| {
                    let mut said = json!({"identify": {"node": format!("n{node}")}});
                    for (bit, (field, value)) in [("name", json!(seq.to_string())), ("room", json!("r")), ("pin", json!({"x": 1, "y": seq})), ("muted", json!(true))]
                        .into_iter()
                        .enumerate()
                    {
                        if fields & (1 << bit) != 0 {
                            said[field] = value;
                        }
                    }
                    line(seq, said)
                })
                .collect();
            let newest: BTreeMap<String, _> = captures.iter().map(|capture| (retention_key(capture), capture)).collect();
            let standing = |evidence: &Evidence| {
                let mut standing = BTreeMap::new();
                for word in evidence.annotations() {
                    if let Fact::Annotation(annotation) = &*word.fact {
                        for field in annotation.said() {
                            standing.insert((word.reporter.clone(), field), word.seq);
                        }
                    }
                }
                standing
            };
            let kept = Evidence::from_captures(newest.into_values());
            prop_assert_eq!(standing(&kept), standing(&Evidence::from_captures(&captures)));
        }
    }
}
