//! What an attempt brought so far, read from the decoded answers, and the radio time that it took.

use super::types::QUERIES;
use std::collections::{BTreeMap, BTreeSet};
use weft_model::{Airtime, Brought, ExtendedAddress, ExtendedPanId, Fact, LinkQuality, MeshLocalPrefix, PartitionId, Rloc16, RouterId, RoutingRole};
use weft_thread::sweep::airtime::{MULTICAST_TRANSMISSIONS, UNKNOWN_HOPS, one_hop, one_multicast, times};
use weft_wire::otbr::NodeStatement;

/// Bytes of JSON that one byte of a diagnostic TLV becomes, as recorded (indented, with names): 300 to 700 bytes of TLVs are 4 to 8 kB.
const JSON_PER_BYTE: usize = 12;
/// Payload of a question: path, token, list of types.
const QUESTION_BYTES: usize = 48;
/// Payload of a question for one table, and of the acknowledgment of its answer.
const QUERY_BYTES: usize = 32;
/// What a router's answers have, before they are seen.
const USUAL_ANSWER_BYTES: usize = 500;
/// What a discovery brings of each router: addresses, children and their addresses.
const DISCOVERY_ANSWER_BYTES: usize = 250;
/// Routers of a mesh that nobody has told of yet.
const USUAL_ROUTERS: u32 = 8;

/// See the module.
#[derive(Debug, Default)]
pub(super) struct Tally {
    /// The border router's own locator and radio address.
    pub own_rloc16: Option<Rloc16>,
    pub own_address: Option<ExtendedAddress>,
    pub role: Option<RoutingRole>,
    pub network: Option<ExtendedPanId>,
    pub partition: Option<PartitionId>,
    pub mesh_local_prefix: Option<MeshLocalPrefix>,
    /// Routers that answered just now.
    pub answered: BTreeSet<Rloc16>,
    /// Their radio addresses.
    pub answered_addresses: BTreeSet<ExtendedAddress>,
    /// Radio addresses of routers, as their neighbours told.
    pub addresses: BTreeMap<Rloc16, ExtendedAddress>,
    /// Children that routers told of, which are full Thread devices and listen: they have tables of their own.
    pub full_children: BTreeSet<ExtendedAddress>,
    /// Routers that the fresh Route64s name.
    pub named: BTreeSet<Rloc16>,
    children: BTreeSet<Rloc16>,
    children_without_locator: BTreeSet<ExtendedAddress>,
    hops: BTreeMap<RouterId, u32>,
    answers: u32,
    pub airtime: Airtime,
    /// It ended before everybody was asked.
    pub cut_short: bool,
}

impl Tally {
    /// What the border router says of itself, at this moment.
    pub fn own(&mut self, statement: &NodeStatement) {
        self.own_address = statement.extended_address.or(self.own_address);
        self.own_rloc16 = statement.rloc16.or(self.own_rloc16);
        self.network = statement.extended_pan_id.or(self.network);
        for fact in &statement.decoded.facts {
            match fact {
                Fact::RoutingRole(role) => self.role = Some(*role),
                Fact::LeaderData(data) => self.partition = Some(data.partition_id),
                Fact::MeshLocalPrefix(prefix) => self.mesh_local_prefix = Some(*prefix),
                _ => {}
            }
        }
    }

    /// A fresh diagnostic answer of a node. True: it is a router's.
    pub fn answer(&mut self, statement: &NodeStatement) -> bool {
        self.answers = self.answers.saturating_add(1);
        let Some(rloc16) = statement.rloc16.filter(|rloc16| rloc16.is_router()) else {
            return false;
        };
        self.answered.insert(rloc16);
        self.answered_addresses.extend(statement.extended_address);
        for fact in &statement.decoded.facts {
            match fact {
                Fact::Route64(table) => {
                    self.named.extend(table.routers.iter().map(|row| row.router_id.rloc16()));
                    if self.own_rloc16 == Some(rloc16) {
                        self.hops = table
                            .routers
                            .iter()
                            .filter(|row| row.path_cost > 0)
                            .map(|row| {
                                let is_direct = row.link_quality_in.min(row.link_quality_out) > LinkQuality::NONE;
                                (row.router_id, if is_direct { 1 } else { u32::from(row.path_cost) })
                            })
                            .collect();
                    }
                }
                Fact::ChildTable(rows) => self.children.extend(rows.iter().map(|row| rloc16.router_id().child(row.child_id))),
                Fact::Children(rows) => {
                    for row in rows {
                        if row.mode.full_thread_device && row.mode.rx_on_when_idle {
                            self.full_children.insert(row.extended_address);
                        }
                        match row.rloc16 {
                            Some(rloc16) => self.children.insert(rloc16),
                            None => self.children_without_locator.insert(row.extended_address),
                        };
                    }
                }
                Fact::RouterNeighbors(rows) => {
                    self.addresses
                        .extend(rows.iter().filter_map(|row| Some((row.rloc16?, row.extended_address))));
                }
                _ => {}
            }
        }
        true
    }

    /// Routers that are named and did not answer.
    pub fn silent(&self) -> BTreeSet<Rloc16> {
        self.named.difference(&self.answered).copied().collect()
    }

    /// Routers that answered or were named.
    pub fn routers(&self) -> Vec<Rloc16> {
        self.named.union(&self.answered).copied().collect()
    }

    /// Everything in numbers.
    pub fn brought(&self, milliseconds: u64) -> Brought {
        let count = |length: usize| u32::try_from(length).unwrap_or(u32::MAX);
        Brought {
            routers: count(self.answered.len()),
            silent_routers: count(self.silent().len()),
            children: count(self.children.len().max(self.children_without_locator.len())),
            answers: self.answers,
            milliseconds,
            airtime: self.airtime,
        }
    }

    fn hops(&self, router: Option<Rloc16>) -> u32 {
        match router {
            Some(router) if self.own_rloc16 == Some(router) => 0,
            Some(router) => self.hops.get(&router.router_id()).copied().unwrap_or(UNKNOWN_HOPS),
            None => UNKNOWN_HOPS,
        }
    }

    /// What asking a router takes, with an answer of so many bytes of JSON (the usual one, where it is not there yet).
    pub fn question(&self, router: Option<Rloc16>, json_bytes: Option<usize>) -> Airtime {
        let answer = json_bytes.map_or(USUAL_ANSWER_BYTES, |bytes| bytes / JSON_PER_BYTE);
        let one = one_hop(QUESTION_BYTES)
            .plus(one_hop(answer))
            .plus(times(one_hop(QUERY_BYTES), 2 * QUERIES));
        times(one, self.hops(router))
    }

    /// What a multicast question takes, with answers of so many bytes of JSON in all (the usual ones, where they are not there yet).
    pub fn multicast(&self, json_bytes: Option<usize>) -> Airtime {
        let routers = u32::try_from(self.named.len()).unwrap_or(u32::MAX);
        let routers = if routers == 0 { USUAL_ROUTERS } else { routers };
        let answer = json_bytes.map_or(DISCOVERY_ANSWER_BYTES, |bytes| {
            bytes / JSON_PER_BYTE / usize::try_from(routers).unwrap_or(usize::MAX).max(1)
        });
        let others = self.named.iter().filter(|router| self.own_rloc16 != Some(**router));
        let hops = if self.named.is_empty() {
            routers * UNKNOWN_HOPS
        } else {
            others.map(|router| self.hops(Some(*router))).sum()
        };
        times(one_multicast(QUESTION_BYTES), routers.saturating_mul(MULTICAST_TRANSMISSIONS))
            .plus(times(one_hop(answer).plus(one_hop(QUERY_BYTES)), hops))
    }
}
