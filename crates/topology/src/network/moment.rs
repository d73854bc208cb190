//! Who had a locator at a moment: it is given to others later, and what was said of it then stays true of who had it then.

use super::Mesh;
use super::identity::Alias;
use weft_evidence::Reporter;
use weft_model::{Fact, FactKind, Rloc16, Timestamp};

impl Mesh<'_> {
    /// Devices that told only an address and their locator of then are the radios that had it then.
    pub(super) fn joins_by_own_word(&self) -> Vec<(Alias, Alias)> {
        let mut joins = Vec::new();
        for (index, (reporter, evidence)) in self.reporters.iter().enumerate() {
            let said = evidence.slots.get(&FactKind::Rloc16).and_then(|slot| slot.current.as_ref());
            let (Reporter::Address { .. }, Some(said)) = (reporter, said) else {
                continue;
            };
            let Fact::Rloc16(Some(rloc16)) = *said.fact else { continue };
            let own = self.reporter_device[index];
            if self.devices[own].radios.is_empty()
                && let Some(radio) = self.radio_at(rloc16, said.stated_at)
                && let (Some(left), Some(right)) = (self.any_alias(own), self.any_alias(radio))
            {
                joins.push((left, right));
            }
        }
        joins
    }

    /// The one radio that had a locator at a moment, by its own words before and, where it has another by now, after.
    pub(super) fn radio_at(&self, rloc16: Rloc16, at: Timestamp) -> Option<usize> {
        let had_it = |device: &usize| {
            let slots = self.slots(*device, FactKind::Rloc16);
            let spans = slots.flat_map(|slot| {
                let newest = slot.current.as_ref().map(|current| current.stated_at);
                slot.spans()
                    .map(move |(since, until, fact)| (since, if Some(until) == newest { Timestamp::MAX } else { until }, fact))
            });
            let mut at_that_moment = spans.filter(|(since, until, _)| *since <= at && at <= *until);
            !self.devices[*device].radios.is_empty() && at_that_moment.any(|(_, _, fact)| *fact == Fact::Rloc16(Some(rloc16)))
        };
        let mut radios = (0..self.devices.len()).filter(had_it);
        radios.next().filter(|_| radios.next().is_none())
    }
}
