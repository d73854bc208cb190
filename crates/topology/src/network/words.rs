//! What people say: which device each word is about, and what holds of it.
//!
//! A word names its device by whatever name the device had then. It follows the device: through every radio address that it had, through
//! ids that it had before more was known of it, and from a place in a mesh to the device that turns out to be there.

use super::{Mesh, dated};
use crate::snapshot::{Claim, Id, PERSON, PROGRAM};
use std::collections::{BTreeMap, BTreeSet};
use weft_evidence::{Observation, Reporter};
use weft_model::{Annotation, AnnotationTarget, ExtendedAddress, Fact, FactKind, PartitionId, Pin, Rloc16, ServiceDetails, Timestamp};

/// Words about the devices of one network.
#[derive(Default)]
pub(crate) struct Words<'a> {
    /// About each device, oldest first.
    about: BTreeMap<usize, Vec<&'a Observation>>,
    /// Ids of entries that a person's word made one with a device.
    pub(super) joined_ids: BTreeMap<usize, BTreeSet<Id>>,
    /// Two that a person took for one and that are heard as two, and who said so.
    pub(crate) refuted: Vec<(usize, usize, &'a Observation)>,
}

/// What holds of a device: of each thing the last word.
#[derive(Debug, Default)]
pub(super) struct Said {
    pub(super) name: Option<String>,
    pub(super) room: Option<String>,
    pub(super) pin: Option<Pin>,
    pub(super) note: Option<String>,
    pub(super) muted_since: Option<Timestamp>,
}

/// What a name leads to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Found {
    Device(usize),
    /// A locator in a partition that no known device has.
    Place(Option<PartitionId>, Rloc16),
}

/// Names other than radio addresses and places. Made only where somebody said something.
pub(super) struct Names {
    ids: BTreeMap<String, usize>,
    matter: BTreeMap<String, usize>,
    hap: BTreeMap<String, usize>,
}

/// The annotation in a statement, if it is about a device.
pub(super) fn of_device(word: &Observation) -> Option<&Annotation> {
    match &*word.fact {
        Fact::Annotation(annotation) if annotation.identify.finding.is_none() => Some(annotation),
        _ => None,
    }
}

impl<'a> Mesh<'a> {
    /// Names by which people may mean the devices that are settled so far.
    pub(super) fn names_that_people_use(&self) -> Names {
        let mut names = Names {
            ids: BTreeMap::new(),
            matter: BTreeMap::new(),
            hap: BTreeMap::new(),
        };
        for (place, device) in self.devices.iter().enumerate() {
            for name in device.names.iter().filter(|name| name.rank > 0) {
                names.ids.insert(name.id.clone(), place);
            }
            for &reporter in &device.reporters {
                let (reporter, evidence) = self.reporters[reporter];
                if let Reporter::Matter(peer) = reporter {
                    names.matter.insert(peer.to_string(), place);
                }
                if let Some(Fact::Service(record)) = evidence.current(FactKind::Service) {
                    match &record.details {
                        ServiceDetails::Operational(operational) => {
                            names.matter.extend(operational.peer.map(|peer| (peer.to_string(), place)));
                        }
                        ServiceDetails::Hap(accessory) => names.hap.extend(accessory.id.iter().map(|id| (id.to_ascii_uppercase(), place))),
                        _ => {}
                    }
                }
            }
        }
        names
    }

    /// The one device that all given names lead to.
    pub(super) fn meant(&self, target: &AnnotationTarget, at: Timestamp, names: &Names) -> Option<Found> {
        let mut found = BTreeSet::new();
        if let Some(address) = target.extended_address {
            found.insert(self.radio(address).map(Found::Device));
        }
        if let Some(peer) = target.matter {
            found.insert(names.matter.get(&peer.to_string()).copied().map(Found::Device));
        }
        if let Some(hap) = &target.hap_id {
            found.insert(names.hap.get(&hap.to_ascii_uppercase()).copied().map(Found::Device));
        }
        if let Some(address) = &target.address {
            found.insert(self.addresses.get(address).copied().map(Found::Device));
        }
        if let Some(node) = &target.node {
            found.insert(self.by_id(node, at, names));
        }
        match found.into_iter().collect::<Vec<_>>().as_slice() {
            [Some(found)] => Some(*found),
            _ => None,
        }
    }

    /// Who was meant by a node id at a moment.
    pub(super) fn by_id(&self, id: &str, at: Timestamp, names: &Names) -> Option<Found> {
        if let Ok(address) = id.parse::<ExtendedAddress>()
            && let Some(device) = self.radio(address)
        {
            return Some(Found::Device(device));
        }
        if let Some(device) = names.ids.get(id) {
            return Some(Found::Device(*device));
        }
        let (partition, rloc16) = self.place_of_id(id)?;
        let former = self.former_locators.get(&(partition, rloc16)).filter(|(until, _)| *until >= at);
        if let Some(holder) = self.holder(partition, rloc16) {
            if let Some((_, former)) = former.filter(|(_, former)| *former != holder) {
                return Some(Found::Device(*former));
            }
            // Whoever had another locator by then was not the one at that place.
            let came_later = self
                .former_locators
                .iter()
                .any(|((_, former), (until, device))| *device == holder && *former != rloc16 && *until >= at);
            return (!came_later).then_some(Found::Device(holder));
        }
        match former {
            Some((_, device)) => Some(Found::Device(*device)),
            None => (!self.former_locators.contains_key(&(partition, rloc16))).then_some(Found::Place(partition, rloc16)),
        }
    }

    /// Reads `<network>/<partition>/<rloc16>`.
    fn place_of_id(&self, id: &str) -> Option<(Option<PartitionId>, Rloc16)> {
        let (partition, rloc16) = id.strip_prefix(self.network_id.as_deref()?)?.strip_prefix('/')?.split_once('/')?;
        let partition = match partition {
            "unknown" => None,
            number => Some(PartitionId(number.parse().ok()?)),
        };
        Some((partition, rloc16.parse().ok()?))
    }

    /// Finds which device each word is about, now that all places are known.
    pub(super) fn read_words(&mut self) {
        let words: Vec<&'a Observation> = self.evidence.annotations().filter(|word| of_device(word).is_some()).collect();
        if words.is_empty() {
            return;
        }
        let names = self.names_that_people_use();
        let mut about: BTreeMap<usize, Vec<&'a Observation>> = BTreeMap::new();
        for word in words {
            if let Some(annotation) = of_device(word)
                && let Some(Found::Device(device)) = self.meant(&annotation.identify, word.stated_at, &names)
            {
                about.entry(device).or_default().push(word);
            }
        }
        self.words.about = about;
    }

    /// What holds of a device. Adds to the claims what was said.
    pub(super) fn said_of(&self, index: usize, claims: &mut Vec<Claim>) -> Said {
        let mut said = Said::default();
        let mut suggested = (None, None);
        for word in self.words.about.get(&index).into_iter().flatten() {
            let Some(annotation) = of_device(word) else { continue };
            let text = |new: &Option<String>, old: &mut Option<String>| {
                if let Some(new) = new {
                    *old = Some(new.clone()).filter(|text| !text.trim().is_empty());
                }
            };
            let (name, room) = match annotation.suggested {
                Some(true) => (&mut suggested.0, &mut suggested.1),
                _ => (&mut said.name, &mut said.room),
            };
            text(&annotation.name, name);
            text(&annotation.room, room);
            text(&annotation.note, &mut said.note);
            if annotation.unpin == Some(true) {
                said.pin = None;
            }
            said.pin = annotation.pin.or(said.pin);
            if let Some(muted) = annotation.muted {
                said.muted_since = muted.then_some(word.stated_at);
            }
            claims.push(self.word_claim(word, annotation));
        }
        said.name = said.name.or(suggested.0);
        said.room = said.room.or(suggested.1);
        for (_, _, word) in self.words.refuted.iter().filter(|(_, other, _)| *other == index) {
            if let Some(annotation) = of_device(word) {
                claims.push(self.word_claim(word, annotation));
            }
        }
        said
    }

    fn word_claim(&self, word: &Observation, annotation: &Annotation) -> Claim {
        Claim {
            source: word.source.clone(),
            reporter: if annotation.suggested == Some(true) { PROGRAM } else { PERSON }.into(),
            fact: describe(annotation).into(),
            observed_at: dated(word, word.stated_at),
            capture: self.policy.captures_in.reference(word.seq),
        }
    }
}

/// What a person said in a few words.
fn describe(annotation: &Annotation) -> String {
    let text = |value: &Option<String>, said: &str, taken_back: &str| {
        value.as_ref().map(|value| match value.trim().is_empty() {
            true => taken_back.to_owned(),
            false => format!("{said}{value}"),
        })
    };
    let said = [
        text(&annotation.name, "calls it ", "took its name back"),
        text(&annotation.room, "puts it in ", "took its room back"),
        annotation.thread_role.as_ref().map(|role| format!("was told the role {role}")),
        text(&annotation.note, "remarks: ", "took the remark back"),
        annotation.pin.map(|_| "put it in a place on the map".to_owned()),
        (annotation.unpin == Some(true) && annotation.pin.is_none()).then(|| "took its place on the map back".to_owned()),
        annotation
            .muted
            .map(|muted| if muted { "muted its findings" } else { "unmuted its findings" }.to_owned()),
        text(
            &annotation.same_as,
            "says that it is the same device as ",
            "took back that it is the same device as another",
        ),
    ];
    said.into_iter().flatten().collect::<Vec<_>>().join(", ")
}
