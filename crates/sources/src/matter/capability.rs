//! What a device is asked, and what it has shown that it cannot answer: that is not asked again and again.
//!
//! A device is asked with wildcards as long as it takes them: one question, and what it does not have it leaves out. One that refuses wildcards or garbles
//! its answer to them is asked for single attributes, and for those that it called unsupported no more.

use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;
use weft_matter::{AttributePath, AttributeReport, OperationError};
use weft_model::Timestamp;
use weft_wire::matter::clusters::{
    BASIC_INFORMATION, DESCRIPTOR, GENERAL_DIAGNOSTICS, KNOWN_CLUSTERS, POWER_SOURCE, THREAD_BORDER_ROUTER_MANAGEMENT, THREAD_NETWORK_DIAGNOSTICS,
    THREAD_NETWORK_DIRECTORY,
};

/// Paths in one read that every device must take (Matter core specification 1.4, 2.11.2.1).
const PATHS_AT_ONCE: u8 = 9;
/// What was learnt is tried again after so long, even where the device's software says that it is the same.
const FORGET_AFTER_SECONDS: i64 = 30 * 24 * 3600;
/// The newest that is kept of what a device lacks; the lists that are asked are far shorter.
const MAX_UNSUPPORTED: usize = 256;
/// Endpoints and clusters that are kept of one device.
const MAX_CLUSTERS: usize = 1024;

/// Interaction model statuses (Matter core specification 1.4, 8.10.1).
pub(super) mod status {
    /// The device has no such endpoint.
    pub(in crate::matter) const UNSUPPORTED_ENDPOINT: u8 = 0x7f;
    /// The cluster has no such attribute.
    pub(in crate::matter) const UNSUPPORTED_ATTRIBUTE: u8 = 0x86;
    /// It has too little memory for the question at this moment.
    pub(in crate::matter) const RESOURCE_EXHAUSTED: u8 = 0x89;
    /// The endpoint has no such cluster.
    pub(in crate::matter) const UNSUPPORTED_CLUSTER: u8 = 0xc3;
    /// More paths than it can take at once.
    pub(in crate::matter) const PATHS_EXHAUSTED: u8 = 0xc8;
}

/// Attribute SoftwareVersion of Basic Information: a number that rises with every update.
pub(super) const SOFTWARE_VERSION: u32 = 0x09;

/// The attributes to ask for one by one, by cluster: those that a fact is made of.
const SINGLE_ATTRIBUTES: [(u32, &[u32]); 7] = [
    (
        THREAD_NETWORK_DIAGNOSTICS,
        &[0x07, 0x08, 0x01, 0x40, 0x3f, 0x09, 0x0d, 0x04, 0x03, 0x00, 0x02, 0x05],
    ),
    (THREAD_BORDER_ROUTER_MANAGEMENT, &[0x00, 0x01, 0x02, 0x03, 0x04, 0x05]),
    (THREAD_NETWORK_DIRECTORY, &[0x00, 0x01]),
    (BASIC_INFORMATION, &[0x01, 0x02, 0x03, 0x04, 0x05, SOFTWARE_VERSION, 0x0a, 0x0f, 0x12]),
    (GENERAL_DIAGNOSTICS, &[0x00]),
    (DESCRIPTOR, &[0x00, 0x01, 0x03]),
    (POWER_SOURCE, &[0x00, 0x01, 0x02, 0x0b, 0x0c, 0x0e]),
];

/// How much to ask.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Breadth {
    /// What changes with the mesh. Not the border router clusters: they repeat what the diagnostics say, and a name that the owner did not give.
    Mesh,
    /// That, and what the device is.
    Everything,
}

impl Breadth {
    fn includes(self, cluster: u32) -> bool {
        self == Self::Everything || cluster == THREAD_NETWORK_DIAGNOSTICS
    }
}

/// What was learnt of one device.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct Capability {
    /// The software that it was learnt from.
    software_version: Option<u64>,
    /// Since when.
    learnt_at: Option<Timestamp>,
    /// Endpoints and known clusters that answered the last question for everything.
    clusters: Option<BTreeSet<(u16, u32)>>,
    /// Endpoint, cluster, attribute.
    unsupported: BTreeSet<(u16, u32, u32)>,
    /// It takes fewer paths than it should.
    #[serde(skip_serializing_if = "Option::is_none")]
    paths_at_once: Option<u8>,
    /// It does not take wildcards.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    singly: bool,
}

impl Capability {
    /// True where the device must be asked for everything, as not enough is known of it.
    pub(super) fn is_new(&self) -> bool {
        self.clusters.is_none()
    }

    /// True where it may be on Thread: it has the diagnostics, or nobody knows yet.
    pub(super) fn may_have_diagnostics(&self) -> bool {
        self.has(THREAD_NETWORK_DIAGNOSTICS)
    }

    fn has(&self, cluster: u32) -> bool {
        self.clusters
            .as_ref()
            .is_none_or(|clusters| clusters.iter().any(|(_, known)| *known == cluster))
    }

    /// The endpoint of a cluster that stands on one only; the root endpoint where nobody knows.
    fn endpoint_of(&self, cluster: u32) -> Option<u16> {
        let Some(clusters) = &self.clusters else { return Some(0) };
        let mut endpoints = clusters.iter().filter(|(_, known)| *known == cluster).map(|(endpoint, _)| *endpoint);
        endpoints.next().filter(|_| endpoints.next().is_none())
    }

    /// The questions, one read each. Never empty: a device of which nothing is wanted is asked for a sign of life.
    pub(super) fn questions(&self, breadth: Breadth) -> Vec<Vec<AttributePath>> {
        let clusters = KNOWN_CLUSTERS
            .into_iter()
            .filter(|cluster| breadth.includes(*cluster) && self.has(*cluster));
        let mut paths: Vec<AttributePath> = if self.singly {
            clusters.flat_map(|cluster| self.single(cluster)).collect()
        } else {
            let wildcard = |cluster| AttributePath {
                endpoint: if self.clusters.is_some() { self.endpoint_of(cluster) } else { None },
                cluster: Some(cluster),
                attribute: None,
            };
            clusters.map(wildcard).collect()
        };
        if paths.is_empty() {
            paths.push(AttributePath {
                endpoint: Some(0),
                cluster: Some(BASIC_INFORMATION),
                attribute: Some(SOFTWARE_VERSION),
            });
        }
        let at_once = usize::from(self.paths_at_once.unwrap_or(PATHS_AT_ONCE).clamp(1, PATHS_AT_ONCE));
        paths.chunks(at_once).map(<[AttributePath]>::to_vec).collect()
    }

    fn single(&self, cluster: u32) -> impl Iterator<Item = AttributePath> {
        let endpoint = self.endpoint_of(cluster).unwrap_or(0);
        let attributes = SINGLE_ATTRIBUTES
            .iter()
            .find(|(known, _)| *known == cluster)
            .map_or(&[][..], |(_, attributes)| attributes);
        attributes
            .iter()
            .filter(move |attribute| !self.unsupported.contains(&(endpoint, cluster, **attribute)))
            .map(move |attribute| AttributePath {
                endpoint: Some(endpoint),
                cluster: Some(cluster),
                attribute: Some(*attribute),
            })
    }

    /// Attributes of the diagnostics on the endpoint that has them, but for those that the device lacks.
    pub(super) fn diagnostics(&self, attributes: &[u32]) -> Vec<AttributePath> {
        if !self.may_have_diagnostics() {
            return Vec::new();
        }
        let cluster = THREAD_NETWORK_DIAGNOSTICS;
        let endpoint = self.endpoint_of(cluster).unwrap_or(0);
        let supported = attributes
            .iter()
            .filter(|attribute| !self.unsupported.contains(&(endpoint, cluster, **attribute)));
        supported
            .map(|attribute| AttributePath {
                endpoint: Some(endpoint),
                cluster: Some(cluster),
                attribute: Some(*attribute),
            })
            .collect()
    }

    /// Learns from an answer. `whole` says that all [`Self::questions`] of this breadth were answered. True where something changed that should be kept.
    pub(super) fn learn(&mut self, breadth: Breadth, whole: bool, reports: &[AttributeReport], now: Timestamp) -> bool {
        let before = self.clone();
        self.forget_what_is_old(now);
        if let Some(version) = software_version(reports) {
            if self.software_version.is_some_and(|known| known != version) {
                *self = Self::default();
            }
            self.software_version = Some(version);
        }
        for report in reports {
            match report.value {
                Err(status::UNSUPPORTED_ATTRIBUTE) if self.unsupported.len() < MAX_UNSUPPORTED => {
                    self.unsupported.insert((report.endpoint, report.cluster, report.attribute));
                }
                Err(status::UNSUPPORTED_CLUSTER | status::UNSUPPORTED_ENDPOINT) => {
                    if let Some(clusters) = &mut self.clusters {
                        clusters.remove(&(report.endpoint, report.cluster));
                    }
                }
                Ok(_) => {
                    self.unsupported.remove(&(report.endpoint, report.cluster, report.attribute));
                }
                Err(_) => {}
            }
        }
        if breadth == Breadth::Everything && whole {
            let lacks = |status| matches!(status, status::UNSUPPORTED_CLUSTER | status::UNSUPPORTED_ENDPOINT);
            let answered = reports.iter().filter(|report| !report.value.as_ref().is_err_and(|status| lacks(*status)));
            let known = answered.filter(|report| KNOWN_CLUSTERS.contains(&report.cluster));
            self.clusters = Some(known.map(|report| (report.endpoint, report.cluster)).take(MAX_CLUSTERS).collect());
        }
        self.learnt_at.get_or_insert(now);
        *self != before
    }

    /// Learns from a question that failed as a whole. True where it should be asked otherwise.
    pub(super) fn learn_failure(&mut self, error: &OperationError) -> bool {
        let before = self.clone();
        match error {
            OperationError::Refused(status::PATHS_EXHAUSTED | status::RESOURCE_EXHAUSTED) => {
                self.take_fewer();
            }
            OperationError::Refused(_) | OperationError::Garbled(_) if !self.singly => self.singly = true,
            // Of several at once, one may be what it stumbles over.
            OperationError::Garbled(_) => self.take_fewer(),
            _ => {}
        }
        *self != before
    }

    fn take_fewer(&mut self) {
        let at_once = self.paths_at_once.unwrap_or(PATHS_AT_ONCE);
        self.paths_at_once = Some((at_once / 2).max(1));
    }

    fn forget_what_is_old(&mut self, now: Timestamp) {
        // A clock that stepped back counts as old: nothing else would end the wait.
        if self
            .learnt_at
            .is_some_and(|at| !(0..FORGET_AFTER_SECONDS).contains(&now.seconds_since(at)))
        {
            *self = Self::default();
        }
    }
}

fn software_version(reports: &[AttributeReport]) -> Option<u64> {
    let report = reports
        .iter()
        .find(|report| (report.endpoint, report.cluster, report.attribute) == (0, BASIC_INFORMATION, SOFTWARE_VERSION))?;
    match weft_wire::matter::tlv::decode(report.value.as_ref().ok()?).ok()? {
        weft_model::AttributeValue::Unsigned(version) => Some(version),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const NOON: Timestamp = Timestamp::from_unix_milliseconds(1_800_000_000_000);

    fn report(endpoint: u16, cluster: u32, attribute: u32, value: Result<Vec<u8>, u8>) -> AttributeReport {
        AttributeReport {
            endpoint,
            cluster,
            attribute,
            value,
        }
    }

    fn version(number: u8) -> AttributeReport {
        report(0, BASIC_INFORMATION, SOFTWARE_VERSION, Ok(vec![0x04, number]))
    }

    fn clusters(questions: &[Vec<AttributePath>]) -> Vec<u32> {
        questions.iter().flatten().filter_map(|path| path.cluster).collect()
    }

    #[test]
    fn a_new_device_is_asked_for_every_known_cluster_on_every_endpoint_at_once() {
        let questions = Capability::default().questions(Breadth::Everything);
        assert_eq!(questions.len(), 1);
        assert_eq!(clusters(&questions), KNOWN_CLUSTERS);
        assert!(questions[0].iter().all(|path| path.endpoint.is_none() && path.attribute.is_none()));
    }

    #[test]
    fn clusters_that_a_device_lacks_are_not_asked_again_until_its_software_changes() {
        let mut capability = Capability::default();
        let reports = [
            version(1),
            report(0, THREAD_NETWORK_DIAGNOSTICS, 7, Ok(vec![0x16, 0x18])),
            report(1, DESCRIPTOR, 0, Ok(vec![0x16, 0x18])),
        ];
        assert!(capability.learn(Breadth::Everything, true, &reports, NOON));
        assert_eq!(
            clusters(&capability.questions(Breadth::Everything)),
            [DESCRIPTOR, BASIC_INFORMATION, THREAD_NETWORK_DIAGNOSTICS]
        );
        assert_eq!(
            capability.questions(Breadth::Mesh),
            [[AttributePath {
                endpoint: Some(0),
                cluster: Some(THREAD_NETWORK_DIAGNOSTICS),
                attribute: None
            }]]
        );
        assert!(!capability.learn(Breadth::Everything, true, &reports, NOON), "nothing new");
        assert!(capability.learn(Breadth::Mesh, true, &[version(2)], NOON));
        assert!(capability.is_new());
        assert_eq!(clusters(&capability.questions(Breadth::Everything)), KNOWN_CLUSTERS);
    }

    #[test]
    fn what_was_learnt_is_forgotten_after_a_month_and_when_the_clock_stepped_back() {
        for later in [FORGET_AFTER_SECONDS, -60] {
            let mut capability = Capability::default();
            capability.learn(Breadth::Everything, true, &[version(1)], NOON);
            assert!(!capability.is_new());
            capability.learn(Breadth::Mesh, true, &[], NOON.plus_seconds(later));
            assert!(capability.is_new(), "{later}");
        }
    }

    #[test]
    fn a_device_without_diagnostics_is_asked_for_a_sign_of_life() {
        let mut capability = Capability::default();
        capability.learn(Breadth::Everything, true, &[version(1)], NOON);
        assert!(!capability.may_have_diagnostics());
        assert_eq!(
            capability.questions(Breadth::Mesh),
            [[AttributePath {
                endpoint: Some(0),
                cluster: Some(BASIC_INFORMATION),
                attribute: Some(SOFTWARE_VERSION)
            }]]
        );
        assert!(capability.diagnostics(&[1]).is_empty());
        let mut empty = Capability::default();
        empty.learn(Breadth::Everything, true, &[], NOON);
        assert_eq!(empty.questions(Breadth::Everything).len(), 1);
    }

    #[test]
    fn one_that_garbles_wildcards_is_asked_singly_and_not_for_what_it_called_unsupported() {
        let mut capability = Capability::default();
        assert!(capability.learn_failure(&OperationError::Garbled("a list without an end".to_owned())));
        let before: Vec<AttributePath> = capability.questions(Breadth::Mesh).concat();
        assert!(before.iter().all(|path| path.attribute.is_some()));
        let missing = report(0, THREAD_NETWORK_DIAGNOSTICS, 0x40, Err(status::UNSUPPORTED_ATTRIBUTE));
        capability.learn(Breadth::Mesh, false, std::slice::from_ref(&missing), NOON);
        let after = capability.questions(Breadth::Mesh).concat();
        assert_eq!(after.len(), before.len() - 1);
        assert!(!after.iter().any(|path| path.attribute == Some(0x40)));
        assert_eq!(capability.diagnostics(&[0x01, 0x40]).len(), 1);
        // It has come after all.
        capability.learn(Breadth::Mesh, false, &[report(0, THREAD_NETWORK_DIAGNOSTICS, 0x40, Ok(vec![0x14]))], NOON);
        assert_eq!(capability.questions(Breadth::Mesh).concat(), before);
    }

    #[test]
    fn one_that_takes_few_paths_is_asked_more_often_for_fewer() {
        let mut capability = Capability::default();
        let mut lengths = Vec::new();
        for _ in 0..5 {
            lengths.push(capability.questions(Breadth::Everything).len());
            capability.learn_failure(&OperationError::Refused(status::PATHS_EXHAUSTED));
        }
        assert_eq!(lengths, [1, 2, 4, 7, 7]);
        assert!(!capability.learn_failure(&OperationError::Busy));
    }

    proptest! {
        #[test]
        fn whatever_is_learnt_there_is_a_question_and_never_more_paths_than_allowed(
            answers in prop::collection::vec((0u16..3, prop::sample::select(&KNOWN_CLUSTERS[..]), 0u32..0x41, prop::sample::select(&[0u8, 0x7f, 0x86, 0xc3, 0x01][..])), 0..40),
            garbled in any::<bool>(), exhausted in 0usize..6, whole in any::<bool>(),
        ) {
            let mut capability = Capability::default();
            let reports: Vec<AttributeReport> = answers
                .into_iter()
                .map(|(endpoint, cluster, attribute, status)| report(endpoint, cluster, attribute, if status == 0 { Ok(vec![0x14]) } else { Err(status) }))
                .collect();
            capability.learn(Breadth::Everything, whole, &reports, NOON);
            if garbled {
                capability.learn_failure(&OperationError::Garbled(String::new()));
            }
            for _ in 0..exhausted {
                capability.learn_failure(&OperationError::Refused(status::RESOURCE_EXHAUSTED));
            }
            for breadth in [Breadth::Mesh, Breadth::Everything] {
                let questions = capability.questions(breadth);
                prop_assert!(!questions.is_empty());
                prop_assert!(questions.iter().all(|paths| (1..=9).contains(&paths.len())));
            }
            let text = serde_json::to_string(&capability).unwrap();
            prop_assert_eq!(serde_json::from_str::<Capability>(&text).unwrap(), capability);
        }
    }
}
