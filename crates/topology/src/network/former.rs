//! Who had which RLOC16 before: what is said of a locator after its holder moved on, or was said before, is about that holder and nobody new.

use super::Mesh;
use super::locator::Binding;
use std::collections::{BTreeMap, BTreeSet};
use weft_evidence::Hearing;
use weft_model::{Fact, FactKind, PartitionId, Rloc16, Timestamp};

impl Mesh<'_> {
    /// Locators that parents were heard giving to children which have another by now.
    pub(super) fn remember_given_locators(&mut self) {
        let mut given: Vec<(Option<PartitionId>, Rloc16, Timestamp, usize)> = Vec::new();
        for observer in 0..self.devices.len() {
            for (observation, named) in self.named_rows(observer) {
                if observation.hearing != Hearing::Air {
                    continue;
                }
                let Some(device) = self.radio(named.address) else { continue };
                let has_another = |binding: &Binding| binding.rloc16 != named.rloc16 && binding.at >= observation.stated_at;
                if self.devices[device].locator.as_ref().is_some_and(has_another) {
                    let partition = self.partition_at(observer, observation.stated_at);
                    given.push((partition, named.rloc16, observation.stated_at, device));
                }
            }
        }
        for (partition, rloc16, at, device) in given {
            self.remember_holder(partition, rloc16, at, device);
        }
    }

    /// Locators that tables named together with a radio, whether the rows stand or not.
    pub(super) fn remember_named_locators(&mut self) {
        let mut known: BTreeMap<Rloc16, BTreeSet<usize>> = BTreeMap::new();
        for observer in 0..self.devices.len() {
            for (_, named) in self.named_rows(observer) {
                if let Some(device) = self.radio(named.address) {
                    known.entry(named.rloc16).or_default().insert(device);
                }
            }
            for kind in [FactKind::Children, FactKind::NeighborTable] {
                for episode in self.slots(observer, kind).flat_map(|slot| &slot.episodes) {
                    if let (Some(address), Some(locator)) = (episode.row.extended_address, episode.locator)
                        && let Some(device) = self.radio(address)
                    {
                        known.entry(locator).or_default().insert(device);
                    }
                }
            }
        }
        self.named_by_locator = known;
    }

    pub(super) fn remember_own_former_locators(&mut self) {
        for device in 0..self.devices.len() {
            let mut words: Vec<(Timestamp, Rloc16)> = Vec::new();
            for slot in self.slots(device, FactKind::Rloc16) {
                for (since, until, fact) in slot.spans() {
                    if let Fact::Rloc16(Some(rloc16)) = fact {
                        // The partition may have changed meanwhile, and the locator not.
                        words.extend([(since, *rloc16), (until, *rloc16)]);
                    }
                }
            }
            for (at, rloc16) in words {
                self.remember_holder(self.partition_at(device, at), rloc16, at, device);
            }
        }
    }

    fn remember_holder(&mut self, partition: Option<PartitionId>, rloc16: Rloc16, at: Timestamp, device: usize) {
        let former = self.former_locators.entry((partition, rloc16)).or_insert((at, device));
        if (at, device) > *former {
            *former = (at, device);
        }
    }

    /// The device that had a locator last, where nobody has it now.
    pub(super) fn former_holder(&self, partition: Option<PartitionId>, rloc16: Rloc16) -> Option<usize> {
        self.former_locators.get(&(partition, rloc16)).map(|(_, device)| *device)
    }

    /// The devices that had a locator last, in whichever partition.
    pub(super) fn former_holders(&self, rloc16: Rloc16) -> impl Iterator<Item = usize> {
        let former = self.former_locators.iter().filter(move |((_, former), _)| *former == rloc16);
        former.map(|(_, (_, device))| *device)
    }

    /// The devices that were ever known by a locator.
    pub(super) fn ever_known_by(&self, rloc16: Rloc16) -> impl Iterator<Item = usize> {
        let named = self.named_by_locator.get(&rloc16).into_iter().flatten().copied();
        self.former_holders(rloc16).chain(named)
    }
}
