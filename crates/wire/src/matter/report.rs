//! The attributes of one node that came together: facts that only several attributes say, and one fact where two attributes say the same.

use super::clusters::{DESCRIPTOR, POWER_SOURCE, device_types, power_source, rank};
use super::{decode_attribute, kind_of};
use crate::{Decoded, Problem};
use std::collections::BTreeMap;
use weft_model::{AttributePath, Fact, FactKind};

/// What a device answered for one attribute.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Answer<'a> {
    /// The value: one anonymous element of TLV, list chunks put together.
    Value(&'a [u8]),
    /// An interaction model status instead (Matter core specification 1.4, 8.10.1): 0x86 unsupported attribute, …
    Status(u8),
}

/// Facts of the attributes that one report brought. A status becomes [`Fact::Refused`].
///
/// Beside the facts of each attribute: the device types of all endpoints, where the report has the root endpoint's list, and the power source, where the
/// report has a source's status. Reports of single attributes that changed have neither, and supersede neither.
pub fn decode_report<'a>(answers: impl IntoIterator<Item = (AttributePath, Answer<'a>)>) -> Decoded {
    let mut report = Report::default();
    for (path, answer) in answers {
        match answer {
            Answer::Value(tlv) => report.add(path, decode_attribute(path, tlv)),
            Answer::Status(status) => report.facts.push((path, Fact::Refused(kind_of(path), status))),
        }
    }
    report.combine();
    Decoded {
        facts: report.facts.into_iter().map(|(_, fact)| fact).collect(),
        problems: report.problems,
        incomplete: report.rest.incomplete,
    }
}

/// Facts with the attribute that says them.
#[derive(Default)]
pub(super) struct Report {
    pub facts: Vec<(AttributePath, Fact)>,
    pub problems: Vec<Problem>,
    /// Only its incomplete kinds are used.
    pub rest: Decoded,
}

impl Report {
    pub fn add(&mut self, path: AttributePath, decoded: Decoded) {
        self.facts.extend(decoded.facts.into_iter().map(|fact| (path, fact)));
        self.problems.extend(decoded.problems);
        for kind in decoded.incomplete {
            self.rest.mark_incomplete(kind);
        }
    }

    /// To be called once, after everything was added.
    pub fn combine(&mut self) {
        self.one_fact_a_kind();
        if let Some((fact, all)) = device_types(self.facts.iter()) {
            let a_list_is_cut = |kind: &FactKind| matches!(kind, FactKind::Attribute(path) if (path.cluster, path.attribute) == (DESCRIPTOR, 0));
            if !all || self.rest.incomplete.iter().any(a_list_is_cut) {
                self.rest.mark_incomplete(fact.kind());
            }
            self.facts.push((
                AttributePath {
                    endpoint: 0,
                    cluster: DESCRIPTOR,
                    attribute: 0,
                },
                fact,
            ));
        }
        if let Some((endpoint, fact)) = power_source(self.facts.iter()) {
            self.facts.push((
                AttributePath {
                    endpoint,
                    cluster: POWER_SOURCE,
                    attribute: 0,
                },
                fact,
            ));
        }
    }

    /// Where several attributes say the same kind of fact (a border router's name, a dataset's timestamp, a cluster on two endpoints): a value before none, then
    /// the cluster that is about the node before that about its border router, then the lower endpoint.
    fn one_fact_a_kind(&mut self) {
        let order = |(path, fact): &(AttributePath, Fact)| (matches!(fact, Fact::Null(_) | Fact::Refused(..)), rank(*path), *path);
        let mut best: BTreeMap<FactKind, usize> = BTreeMap::new();
        let mut left_out = vec![false; self.facts.len()];
        for (index, candidate) in self.facts.iter().enumerate() {
            let Some(place) = best.get_mut(&candidate.1.kind()) else {
                best.insert(candidate.1.kind(), index);
                continue;
            };
            let kept = &self.facts[*place];
            let loser = if order(candidate) < order(kept) {
                std::mem::replace(place, index)
            } else {
                index
            };
            left_out[loser] = true;
            if kept.0 != candidate.0 && kept.0.cluster == candidate.0.cluster && kept.1 != candidate.1 {
                let reason = format!(
                    "endpoints {} and {} say different things, one is used",
                    kept.0.endpoint, candidate.0.endpoint
                );
                self.problems.push(Problem::of(candidate.1.kind().name(), reason));
            }
        }
        let mut left_out = left_out.into_iter();
        self.facts.retain(|_| !left_out.next().unwrap_or(false));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::matter::clusters::encode_power_source;
    use crate::matter::tlv;
    use weft_model::{AttributeValue, PowerSource};

    fn at(endpoint: u16, cluster: u32, attribute: u32) -> AttributePath {
        AttributePath {
            endpoint,
            cluster,
            attribute,
        }
    }

    #[test]
    fn a_status_is_a_refused_fact_of_the_attributes_kind() {
        let path = at(0, 0x35, 0x3f);
        let decoded = decode_report([(path, Answer::Status(0x86)), (at(0, 0x35, 0x06), Answer::Status(0x86))]);
        let overruns = FactKind::Attribute(at(0, 0x35, 0x06));
        assert_eq!(
            decoded.facts,
            [Fact::Refused(FactKind::ExtendedAddress, 0x86), Fact::Refused(overruns, 0x86)]
        );
    }

    #[test]
    fn device_types_and_power_source_are_told_of_a_whole_read() {
        let types = |device_type| [0x16, 0x15, 0x24, 0x00, device_type, 0x24, 0x01, 0x01, 0x18, 0x18];
        let (root, light) = (types(22), types(10));
        let battery = PowerSource {
            status: Some(1),
            battery_half_percent: Some(199),
            ..PowerSource::default()
        };
        let source: Vec<(u32, Vec<u8>)> = encode_power_source(&battery)
            .into_iter()
            .map(|(attribute, value)| (attribute, tlv::encode(&value)))
            .collect();
        let mut answers = vec![
            (at(0, 0x1d, 0), Answer::Value(&root)),
            (at(0, 0x1d, 3), Answer::Value(&[0x16, 0x04, 0x01, 0x18])),
        ];
        answers.push((at(1, 0x1d, 0), Answer::Value(&light)));
        answers.extend(source.iter().map(|(attribute, tlv)| (at(1, 0x2f, *attribute), Answer::Value(tlv))));
        let decoded = decode_report(answers.clone());
        assert_eq!(
            decoded.facts[decoded.facts.len() - 2..],
            [Fact::DeviceTypes(vec![10, 22]), Fact::PowerSource(battery)]
        );
        assert_eq!((decoded.incomplete, decoded.problems), (Vec::new(), Vec::new()));
        let without_the_light = decode_report(answers.into_iter().filter(|(path, _)| *path != at(1, 0x1d, 0)));
        assert_eq!(without_the_light.incomplete, [FactKind::DeviceTypes]);
        let changed = decode_report([(at(1, 0x2f, 0x0c), Answer::Value(&[0x04, 0x64]))]);
        assert_eq!(changed.facts, [Fact::Attribute(at(1, 0x2f, 0x0c), AttributeValue::Unsigned(100))]);
    }

    #[test]
    fn a_name_that_the_owner_gave_comes_before_that_of_the_border_router() {
        let name = [0x0c, 0x02, b'B', b'R'];
        let label = [0x0c, 0x04, b'H', b'a', b'l', b'l'];
        let border_router = (at(1, 0x452, 0), Answer::Value(&name[..]));
        let both = decode_report([border_router, (at(0, 0x28, 5), Answer::Value(&label))]);
        assert_eq!(both.facts, [Fact::NodeLabel("Hall".into())]);
        let no_label = decode_report([(at(0, 0x28, 5), Answer::Value(&[0x0c, 0x00])), border_router]);
        assert_eq!(no_label.facts, [Fact::NodeLabel("BR".into())]);
        assert_eq!((both.problems, no_label.problems), (Vec::new(), Vec::new()));
    }

    #[test]
    fn a_cluster_on_two_endpoints_is_told() {
        let decoded = decode_report([
            (at(2, 0x35, 0), Answer::Value(&[0x04, 0x0f])),
            (at(0, 0x35, 0), Answer::Value(&[0x04, 0x0b])),
        ]);
        assert!(matches!(decoded.facts.as_slice(), [Fact::Channel(channel)] if channel.get() == 11));
        assert_eq!(
            decoded.problems[0].to_string(),
            "channel: endpoints 2 and 0 say different things, one is used"
        );
    }
}
