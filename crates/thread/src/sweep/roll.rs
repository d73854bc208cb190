//! The roll: who is named, who answered, and who is to be asked.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;
use weft_model::{ExtendedAddress, Fact, Rloc16};
use weft_wire::tmf::DiagnosticAnswer;

/// One node that is to answer: a router, or the relay.
#[derive(Debug, Clone, Default)]
pub(super) struct Entry {
    /// Its whole answer is there.
    pub(super) is_complete: bool,
    /// Every question was asked.
    pub(super) is_given_up: bool,
    /// When a message of it came last.
    pub(super) heard_at: Option<Duration>,
    /// Questions that came to nothing.
    pub(super) in_vain: u8,
    /// A question to it is under way.
    pub(super) is_asked: bool,
    /// It does not seem to know queries: it gets a request.
    pub(super) prefers_get: bool,
    /// Children that its table counts, where no list names them.
    counted_children: u32,
}

impl Entry {
    /// Nothing more is to be expected or done.
    pub(super) fn is_settled(&self) -> bool {
        self.is_complete || self.is_given_up
    }
}

/// Everybody who is named.
#[derive(Debug, Clone, Default)]
pub(super) struct Roll {
    /// Routers, and the relay.
    pub(super) entries: BTreeMap<Rloc16, Entry>,
    children: BTreeSet<ExtendedAddress>,
}

impl Roll {
    /// Puts the router of a locator on the roll: itself, or its parent.
    pub(super) fn name(&mut self, rloc16: Rloc16) {
        self.entries.entry(rloc16.router_id().rloc16()).or_default();
    }

    /// Puts the routers on the roll that a message names.
    pub(super) fn learn(&mut self, said: &DiagnosticAnswer) {
        for fact in &said.decoded.facts {
            match fact {
                // A router that nobody has a route to is asked like all others: tables keep the dead for a minute or more.
                Fact::Route64(route) => route.routers.iter().for_each(|row| self.name(row.router_id.rloc16())),
                Fact::RouterNeighbors(rows) => rows.iter().filter_map(|row| row.rloc16).for_each(|rloc16| self.name(rloc16)),
                _ => (),
            }
        }
    }

    /// Notes the whole answer of a node, and the children that it tells of.
    pub(super) fn complete(&mut self, rloc16: Rloc16, whole: &DiagnosticAnswer) {
        let Some(entry) = self.entries.get_mut(&rloc16) else { return };
        entry.is_complete = true;
        entry.counted_children = 0;
        let mut counted = None;
        let mut are_named = false;
        for fact in &whole.decoded.facts {
            match fact {
                Fact::Children(rows) => {
                    are_named = true;
                    self.children.extend(rows.iter().map(|row| row.extended_address));
                }
                Fact::ChildTable(rows) => counted = u32::try_from(rows.len()).ok(),
                _ => (),
            }
        }
        if !are_named {
            entry.counted_children = counted.unwrap_or(0);
        }
    }

    /// Children that parents told of. One that two parents list counts once, where they name it.
    pub(super) fn children(&self) -> u32 {
        let counted = self.entries.values().map(|entry| entry.counted_children);
        counted.fold(u32::try_from(self.children.len()).unwrap_or(u32::MAX), u32::saturating_add)
    }

    /// Routers that are named.
    pub(super) fn routers(&self) -> impl Iterator<Item = (Rloc16, &Entry)> {
        let entries = self.entries.iter().map(|(rloc16, entry)| (*rloc16, entry));
        entries.filter(|(rloc16, _)| rloc16.is_router())
    }

    /// Everybody answered or was given up.
    pub(super) fn is_settled(&self) -> bool {
        self.entries.values().all(Entry::is_settled)
    }
}
