//! Links: two one-sided statements. A missing side stays visibly missing.

use super::{Heard, Mesh, Relation, dated, two_ends};
use crate::ageing::Age;
use crate::snapshot::{Claim, Direction, Link, LinkKind, Medium, State};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;
use std::sync::Arc;
use weft_evidence::Observation;
use weft_model::{Fact, FactKind, LinkQuality, ServiceDetails};

/// What OpenThread gives as the signal strength of whatever came over the LAN (`src/core/radio/trel_link.hpp`, `kRxRssi`).
const TREL_RSSI_DBM: i8 = -20;

/// A row that names a child which is elsewhere now: right about the table that it stands in, wrong about the child.
pub(crate) struct OutdatedRow {
    pub(crate) router: usize,
    pub(crate) child: usize,
}

/// Statements about one pair, the smaller index first.
#[derive(Default)]
struct Pair<'m, 'a> {
    /// Rows of the one about the other: `[0]` the first hears the second, `[1]` the other way.
    rows: [Vec<&'m Heard<'a>>; 2],
}

impl<'a> Mesh<'a> {
    /// All links, and the child rows that a newer statement overtook.
    pub(super) fn conclude_links(&self) -> (Vec<Link>, Vec<OutdatedRow>) {
        let superseded = self.superseded_tables();
        let mut pairs: BTreeMap<(usize, usize), Pair<'_, 'a>> = BTreeMap::new();
        for heard in &self.heard {
            if heard.relation == Relation::Route || superseded.contains(&(heard.observer, heard.target, heard.observation.fact.kind())) {
                continue;
            }
            let key = (heard.observer.min(heard.target), heard.observer.max(heard.target));
            let side = usize::from(heard.observer > heard.target);
            pairs.entry(key).or_default().rows[side].push(heard);
        }
        for device in 0..self.devices.len() {
            if let Some(parent) = self.parent_of(device) {
                pairs.entry((device.min(parent), device.max(parent))).or_default();
            }
        }
        let mut links = Vec::with_capacity(pairs.len());
        let mut outdated = Vec::new();
        for ((left, right), pair) in &pairs {
            if let Some(link) = self.conclude_link(*left, *right, pair) {
                links.push(link);
            }
        }
        for child in 0..self.devices.len() {
            if let Some(conclusion) = &self.devices[child].parent {
                outdated.extend(
                    conclusion
                        .outdated
                        .iter()
                        .collect::<BTreeSet<_>>()
                        .into_iter()
                        .map(|&router| OutdatedRow { router, child }),
                );
            }
        }
        (links, outdated)
    }

    /// The device's concluded parent.
    pub(crate) fn parent_of(&self, device: usize) -> Option<usize> {
        self.devices[device].parent.as_ref().and_then(|conclusion| conclusion.parent)
    }

    fn conclude_link(&self, left: usize, right: usize, pair: &Pair<'_, 'a>) -> Option<Link> {
        let (parent_first, kind) = if self.parent_of(right) == Some(left) {
            (Some(true), LinkKind::ParentChild)
        } else if self.parent_of(left) == Some(right) {
            (Some(false), LinkKind::ParentChild)
        } else {
            let only_child_rows = pair
                .rows
                .iter()
                .flatten()
                .all(|heard| matches!(heard.relation, Relation::Child | Relation::Polls));
            if only_child_rows {
                // A child row about a child that is elsewhere: a finding and a claim, not a link.
                return None;
            }
            match (self.is_router(left), self.is_router(right)) {
                (true, true) => (None, LinkKind::Router),
                (false, false) if self.devices[left].locator.is_some() && self.devices[right].locator.is_some() => return None,
                _ => (None, LinkKind::Neighbor),
            }
        };
        let swap = match parent_first {
            Some(parent_first) => !parent_first,
            None => self.devices[left].id > self.devices[right].id,
        };
        let (a, b, a_rows, b_rows) = if swap {
            (right, left, &pair.rows[1], &pair.rows[0])
        } else {
            (left, right, &pair.rows[0], &pair.rows[1])
        };
        let a_age = a_rows.iter().map(|heard| heard.age).min();
        let b_age = b_rows.iter().map(|heard| heard.age).min();
        let state = match (kind, &self.devices[b].parent) {
            _ if self.has_departed(a) || self.has_departed(b) => State::Gone,
            (LinkKind::ParentChild, Some(conclusion)) => conclusion.state.unwrap_or(State::Inferred),
            _ => match two_ends(a_age, b_age) {
                // Tables list a router for a while after its last word.
                State::Confirmed | State::OneSided if self.fell_silent(a) || self.fell_silent(b) => State::Stale,
                state => state,
            },
        };
        let claims = self.link_claims(a, b, a_rows, b_rows);
        Some(Link {
            id: super::id(format!("{}~{}", self.devices[a].id, self.devices[b].id)),
            kind,
            medium: self.medium(a, b, a_rows, b_rows),
            a: self.devices[a].id.clone(),
            b: self.devices[b].id.clone(),
            state,
            a_hears_b: direction(a_rows).or_else(|| relayed(b_rows)),
            b_hears_a: direction(b_rows).or_else(|| relayed(a_rows)),
            claims,
        })
    }

    fn link_claims(&self, a: usize, b: usize, a_rows: &[&Heard<'a>], b_rows: &[&Heard<'a>]) -> Vec<Claim> {
        let mut claims: Vec<Claim> = a_rows
            .iter()
            .chain(b_rows)
            .map(|heard| self.claim(heard.observer, heard.observation, heard.at, describe(heard)))
            .collect();
        if let Some(conclusion) = self.devices[b].parent.as_ref().filter(|conclusion| conclusion.parent == Some(a)) {
            for kind in [FactKind::RouteTable, FactKind::NeighborTable, FactKind::Rloc16] {
                if let Some(observation) = self.devices[b].told(kind)
                    && conclusion.seqs.contains(&observation.seq)
                    && !claims
                        .iter()
                        .any(|claim| claim.capture.seq == observation.seq && claim.reporter == self.devices[b].id)
                {
                    claims.push(self.claim(b, observation, observation.stated_at, "tells its parent".into()));
                }
            }
            if claims.is_empty()
                && let Some(binding) = &self.devices[b].locator
            {
                let teller = self.devices[b].told(FactKind::Rloc16).or(self.devices[b].told(FactKind::Ipv6Addresses));
                if let Some(observation) = teller {
                    claims.push(self.claim(
                        b,
                        observation,
                        observation.stated_at,
                        format!("RLOC16 {} contains its parent", binding.rloc16).into(),
                    ));
                }
            }
        }
        Claim::put_in_order(&mut claims);
        claims
    }

    /// Rows of tables that a newer table of the same device, of another kind, no longer has.
    pub(super) fn superseded_tables(&self) -> BTreeSet<(usize, usize, FactKind)> {
        const ROUTER_TABLES: [FactKind; 4] = [
            FactKind::NeighborTable,
            FactKind::RouteTable,
            FactKind::Route64,
            FactKind::RouterNeighbors,
        ];
        let mut newest: BTreeMap<usize, &Observation> = BTreeMap::new();
        for device in 0..self.devices.len() {
            let tables = ROUTER_TABLES.iter().filter_map(|kind| self.devices[device].told(*kind));
            if let Some(table) = super::identity::newest(tables) {
                newest.insert(device, table);
            }
        }
        let listed: BTreeSet<(usize, usize, FactKind)> = self
            .heard
            .iter()
            .filter(|heard| heard.relation == Relation::Neighbor)
            .map(|heard| (heard.observer, heard.target, heard.observation.fact.kind()))
            .collect();
        listed
            .iter()
            .filter(|(observer, target, kind)| {
                let Some(table) = newest.get(observer) else { return false };
                let Some(own) = self.devices[*observer].told(*kind) else { return false };
                let newer = table.stated_at.milliseconds_since(own.stated_at) > i64::from(self.policy.other_table_seconds) * 1000;
                // A route table lists routers only: it says nothing of links with children.
                newer && self.is_router(*target) && !listed.contains(&(*observer, *target, table.fact.kind()))
            })
            .copied()
            .collect()
    }

    fn medium(&self, a: usize, b: usize, a_rows: &[&Heard<'a>], b_rows: &[&Heard<'a>]) -> Medium {
        let measured = a_rows
            .iter()
            .chain(b_rows)
            .flat_map(|heard| [heard.average_rssi, heard.last_rssi])
            .any(|rssi| rssi.is_some_and(|rssi| rssi.dbm() != TREL_RSSI_DBM));
        // Border routers that reach each other over the LAN show a link without a strength, or with one that is none; nobody says which it is.
        if !measured && self.has_trel(a) && self.has_trel(b) {
            Medium::Unknown
        } else {
            Medium::Radio
        }
    }

    fn has_trel(&self, device: usize) -> bool {
        self.slots(device, FactKind::Service).any(|slot| {
            slot.current
                .as_ref()
                .is_some_and(|observation| matches!(&*observation.fact, Fact::Service(record) if matches!(record.details, ServiceDetails::Trel(_))))
        })
    }
}

/// One direction from the rows of the one that hears: the newest values, each where some row has it.
fn direction(rows: &[&Heard<'_>]) -> Option<Direction> {
    let mut newest_first: Vec<&&Heard<'_>> = rows.iter().filter(|heard| heard.relation != Relation::Polls).collect();
    newest_first.sort_by_key(|heard| std::cmp::Reverse((heard.age == Age::Fresh, heard.at, heard.observation.seq)));
    let first = newest_first.first()?;
    Some(Direction {
        link_quality: newest_first.iter().find_map(|heard| heard.link_quality),
        link_margin_db: newest_first.iter().find_map(|heard| heard.link_margin_db),
        average_rssi_dbm: newest_first.iter().find_map(|heard| heard.average_rssi),
        last_rssi_dbm: newest_first.iter().find_map(|heard| heard.last_rssi),
        frame_error_percent: newest_first.iter().find_map(|heard| heard.frame_error),
        message_error_percent: newest_first.iter().find_map(|heard| heard.message_error),
        observed_at: dated(first.observation, first.at),
        relayed: false,
    })
}

/// What the other end was told of how it is heard.
fn relayed(rows: &[&Heard<'_>]) -> Option<Direction> {
    let newest = rows
        .iter()
        .filter(|heard| heard.relayed_quality.is_some_and(|quality| quality > LinkQuality::NONE))
        .max_by_key(|heard| (heard.age == Age::Fresh, heard.observation.stated_at, heard.observation.seq))?;
    Some(Direction {
        link_quality: newest.relayed_quality,
        link_margin_db: None,
        average_rssi_dbm: None,
        last_rssi_dbm: None,
        frame_error_percent: None,
        message_error_percent: None,
        observed_at: dated(newest.observation, newest.observation.stated_at),
        relayed: true,
    })
}

/// A row in a few words.
pub(crate) fn describe(heard: &Heard<'_>) -> Arc<str> {
    heard.described.get_or_init(|| described(heard).into()).clone()
}

fn described(heard: &Heard<'_>) -> String {
    let mut text = String::with_capacity(64);
    text.push_str(&heard.observation.fact.kind().name());
    text.push_str(match heard.relation {
        Relation::Child => ": lists it as a child",
        Relation::Neighbor => ": hears it",
        Relation::Route => ": has a route to it",
        Relation::Polls => ": polls it",
    });
    if let Some(quality) = heard.link_quality {
        let _ = write!(text, ", link quality {}", quality.get());
    }
    if let Some(rssi) = heard.average_rssi {
        let _ = write!(text, ", {} dBm", rssi.dbm());
    }
    text
}
