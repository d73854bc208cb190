//! What happens to a mesh: devices move, die and come back, networks split and heal.
//!
//! Events are what a person or the radio does; what devices conclude from silence comes with [`Mesh::advance_to`].

use crate::device::{Attachment, Capability, FormerChild};
use crate::mesh::{LostRouter, Mesh, NodeIndex, Partition, PartitionIndex};
use std::collections::BTreeSet;
use weft_model::{ChildId, ExtendedAddress, PartitionId, Rloc16, RouterId, Timestamp};

/// A router that was silent for so long is no neighbour any more (OpenThread `kMaxNeighborAge`).
pub const MAX_NEIGHBOR_AGE_SECONDS: i64 = 100;
/// After so long its id is released: the neighbours' patience and that of the leader (OpenThread `kInfiniteCostTimeout`, 90 s).
pub const ROUTER_ID_RELEASE_SECONDS: i64 = MAX_NEIGHBOR_AGE_SECONDS + 90;
/// Without a leader for so long, the others choose a new one (OpenThread `kNetworkIdTimeout`).
pub const LEADER_TIMEOUT_SECONDS: i64 = 120;
/// A partition has at most so many routers.
pub const MAX_ROUTERS: usize = 32;
/// A child has noticed after this and up to four times as many seconds that its parent is gone.
const CHILD_NOTICES_SECONDS: i64 = 20;

/// An event that cannot happen in this mesh.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum EventError {
    /// The node is not what the event needs it to be.
    #[error("node {} is no {expected} now", .node.0)]
    WrongRole {
        /// The node.
        node: NodeIndex,
        /// What it would have to be.
        expected: &'static str,
    },
    /// Two nodes are in different partitions or networks.
    #[error("nodes {} and {} are not in the same partition", .0.0, .1.0)]
    Apart(NodeIndex, NodeIndex),
    /// A live child has that locator.
    #[error("{0} belongs to a child that is there")]
    Taken(Rloc16),
    /// All ids are given.
    #[error("node {} has no free id to give", .0.0)]
    Full(NodeIndex),
    /// Nobody would be left on one of the two sides.
    #[error("a split leaves at least one router on both sides")]
    EmptySide,
}

impl Mesh {
    /// Lets time pass: forgotten rows go, children of dead routers find new parents, partitions without a leader choose one. Never turns time back.
    pub fn advance_to(&mut self, now: Timestamp) {
        self.now = self.now.max(now);
        self.forget();
        self.elect();
        self.reattach();
    }

    /// The same, by seconds.
    pub fn advance_seconds(&mut self, seconds: i64) {
        self.advance_to(self.now.plus_seconds(seconds));
    }

    /// A child leaves its parent for another without a word: the old parent keeps its row until the child's timeout. Gives the child's new locator.
    ///
    /// # Errors
    /// Unless `child` is a device below a router or detached, and `to` a router of the same network with a free child id.
    pub fn move_child(&mut self, child: NodeIndex, to: NodeIndex) -> Result<Rloc16, EventError> {
        let id = self.free_child_id(to).ok_or(EventError::Full(to))?;
        self.attach_as(child, to, id)
    }

    /// A child attaches with a chosen child id. The row of a former child that had the id is replaced: its locator means somebody else from now on.
    ///
    /// # Errors
    /// As [`Mesh::move_child`]; and if another live child has the id.
    pub fn attach_as(&mut self, child: NodeIndex, to: NodeIndex, id: ChildId) -> Result<Rloc16, EventError> {
        if matches!(self.nodes[child.0].attachment, Attachment::Router(_) | Attachment::Off) {
            return Err(EventError::WrongRole {
                node: child,
                expected: "child",
            });
        }
        let router_id = self.router_id(to).ok_or(EventError::WrongRole {
            node: to,
            expected: "router",
        })?;
        if self.nodes[child.0].network != self.nodes[to.0].network {
            return Err(EventError::Apart(child, to));
        }
        let rloc16 = router_id.child(id);
        if self
            .indices()
            .any(|node| node != child && self.parent(node) == Some(to) && self.rloc16(node) == Some(rloc16))
        {
            return Err(EventError::Taken(rloc16));
        }
        self.leave_parent(child);
        self.nodes[to.0]
            .former_children
            .retain(|former| former.rloc16 != rloc16 && former.node != child);
        let partition = self.nodes[to.0].partition;
        let now = self.now;
        let node = &mut self.nodes[child.0];
        (node.attachment, node.attached_at, node.partition) = (Attachment::Child { parent: to, rloc16 }, now, partition);
        Ok(rloc16)
    }

    /// The device loses power, whatever it is. Its neighbours and its parent do not know yet; its children look for another parent.
    pub fn power_off(&mut self, node: NodeIndex) {
        if let Some(router_id) = self.router_id(node) {
            self.lose_router(node, router_id);
            for child in self.children_of(node) {
                self.detach(child);
            }
        }
        self.leave_parent(node);
        let now = self.now;
        let data = &mut self.nodes[node.0];
        data.former_children.clear();
        (data.attachment, data.attached_at) = (Attachment::Off, now);
    }

    /// The device gets power again: as a router with its old id where that is free and it was one, else as a child of the best parent around, else detached.
    pub fn power_on(&mut self, node: NodeIndex) {
        if self.nodes[node.0].attachment != Attachment::Off {
            return;
        }
        self.detach(node);
        let partition = self.nodes[node.0].partition;
        let remembered = self.partitions[partition.0].lost_routers.iter().position(|lost| lost.node == node);
        let old = remembered.map(|index| self.partitions[partition.0].lost_routers.remove(index).router_id);
        let allocated = self.allocated_ids(partition);
        let was_router = old.is_some() || self.nodes[node.0].border_router.is_some() || self.nodes[node.0].capability == Capability::RouterEligible;
        if was_router && allocated.len() < MAX_ROUTERS && self.hears_partition(node, partition) {
            let id = old.filter(|id| !allocated.contains(id)).or_else(|| free_router_id(&allocated));
            if let Some(id) = id {
                self.become_router(node, partition, id);
                return;
            }
        }
        if let Some(parent) = self.best_parent(node) {
            let _ = self.move_child(node, parent); // a full parent leaves it detached
        }
    }

    /// A child that may be a router becomes one, with the lowest id that is free in its partition.
    ///
    /// # Errors
    /// Unless it is a router-eligible child and its partition has room.
    pub fn promote(&mut self, node: NodeIndex) -> Result<RouterId, EventError> {
        let allocated = self.allocated_ids(self.nodes[node.0].partition);
        let id = free_router_id(&allocated)
            .filter(|_| allocated.len() < MAX_ROUTERS)
            .ok_or(EventError::Full(node))?;
        self.promote_as(node, id)
    }

    /// The same with a chosen id.
    ///
    /// # Errors
    /// As [`Mesh::promote`]; and if the id is allocated.
    pub fn promote_as(&mut self, node: NodeIndex, id: RouterId) -> Result<RouterId, EventError> {
        if self.nodes[node.0].capability != Capability::RouterEligible || self.parent(node).is_none() {
            return Err(EventError::WrongRole {
                node,
                expected: "router-eligible child",
            });
        }
        let partition = self.nodes[node.0].partition;
        if self.allocated_ids(partition).contains(&id) {
            return Err(EventError::Taken(id.rloc16()));
        }
        self.leave_parent(node);
        self.become_router(node, partition, id);
        Ok(id)
    }

    /// Some routers lose the rest, for a reason that the model does not have (interference, a closed metal door). They and their children
    /// become a partition of their own, with a leader of their own; locators stay as they are.
    ///
    /// # Errors
    /// Unless all are routers of one partition, and some router is left there.
    pub fn split(&mut self, routers: &[NodeIndex], id: PartitionId) -> Result<PartitionIndex, EventError> {
        let first = *routers.first().ok_or(EventError::EmptySide)?;
        let old = self.nodes[first.0].partition;
        for router in routers {
            if !self.is_router(*router) {
                return Err(EventError::WrongRole {
                    node: *router,
                    expected: "router",
                });
            }
            if self.nodes[router.0].partition != old {
                return Err(EventError::Apart(first, *router));
            }
        }
        let stays: Vec<NodeIndex> = self
            .routers()
            .into_iter()
            .filter(|node| self.nodes[node.0].partition == old && !routers.contains(node))
            .collect();
        if stays.is_empty() {
            return Err(EventError::EmptySide);
        }
        let new = PartitionIndex(self.partitions.len());
        let leader = self.elected(routers).unwrap_or(first);
        let leader_router_id = self.router_id(leader).ok_or(EventError::EmptySide)?;
        let source = &self.partitions[old.0];
        let (network, data_version) = (source.network, source.data_version.wrapping_add(1));
        self.partitions.push(Partition {
            network,
            id,
            leader,
            leader_router_id,
            data_version,
            id_sequence: 1,
            lost_routers: Vec::new(),
        });
        for router in routers {
            if let Some(router_id) = self.router_id(*router) {
                self.lose_router(*router, router_id);
            }
        }
        for router in &stays {
            if let Some(router_id) = self.router_id(*router) {
                let lost = self.lost(*router, router_id);
                self.partitions[new.0].lost_routers.push(lost);
            }
        }
        for router in routers {
            for child in self.children_of(*router) {
                self.nodes[child.0].partition = new;
            }
            self.nodes[router.0].partition = new;
        }
        if routers.contains(&self.partitions[old.0].leader) {
            self.lead_anew(old);
        }
        Ok(new)
    }

    /// The routers of `lost` join `kept` again, each with its old id where that is free there, else with another; children get the locators that follow.
    ///
    /// # Errors
    /// If they are of different networks, and if `kept` has no room.
    pub fn heal(&mut self, kept: PartitionIndex, lost: PartitionIndex) -> Result<(), EventError> {
        let members: Vec<NodeIndex> = self.routers().into_iter().filter(|node| self.nodes[node.0].partition == lost).collect();
        let (Some(first), true) = (members.first(), kept != lost) else {
            return Ok(());
        };
        if self.partitions[kept.0].network != self.partitions[lost.0].network {
            return Err(EventError::Apart(self.partitions[kept.0].leader, *first));
        }
        self.partitions[kept.0].lost_routers.retain(|lost| !members.contains(&lost.node));
        if self.allocated_ids(kept).len() + members.len() > MAX_ROUTERS {
            return Err(EventError::Full(self.partitions[kept.0].leader));
        }
        for router in members {
            let (Some(old), allocated) = (self.router_id(router), self.allocated_ids(kept)) else {
                continue;
            };
            let id = if allocated.contains(&old) {
                free_router_id(&allocated).unwrap_or(old)
            } else {
                old
            };
            let children = self.children_of(router);
            self.become_router(router, kept, id);
            self.nodes[router.0].former_children.clear();
            for child in children {
                if let Attachment::Child { parent, rloc16 } = self.nodes[child.0].attachment {
                    let rloc16 = rloc16.child_id().map_or(rloc16, |child_id| id.child(child_id));
                    self.nodes[child.0].attachment = Attachment::Child { parent, rloc16 };
                    self.nodes[child.0].partition = kept;
                }
            }
        }
        self.partitions[kept.0].data_version = self.partitions[kept.0].data_version.wrapping_add(1);
        Ok(())
    }

    /// The device starts anew with another extended address, as some border routers do at every boot. Its border agent id and its addresses stay.
    /// A router asks for another router id, because the leader knows the old one by the old address; its children do not know it any more
    /// and look for a parent; its neighbours keep the old address until they forget it.
    pub fn rotate_address(&mut self, node: NodeIndex) -> ExtendedAddress {
        let parts = [5, node.0 as u64, self.nodes[node.0].extended_address.as_u64()];
        let address = random_address(self.chance(&parts));
        let partition = self.nodes[node.0].partition;
        if let Some(old) = self.router_id(node) {
            for child in self.children_of(node) {
                self.detach(child);
            }
            self.lose_router(node, old);
            let allocated = self.allocated_ids(partition);
            let id = free_router_id(&allocated).filter(|_| allocated.len() < MAX_ROUTERS).unwrap_or(old);
            let now = self.now;
            let data = &mut self.nodes[node.0];
            (data.attachment, data.attached_at) = (Attachment::Router(id), now);
            data.former_children.clear();
            if self.partitions[partition.0].leader == node {
                self.partitions[partition.0].leader_router_id = id;
            }
        } else {
            self.leave_parent(node);
        }
        self.nodes[node.0].extended_address = address;
        address
    }

    /// One border router's own idea of the active timestamp; `None` for the network's.
    pub fn set_active_timestamp(&mut self, node: NodeIndex, timestamp: Option<u64>) {
        if let Some(router) = &mut self.nodes[node.0].border_router {
            router.active_timestamp = timestamp;
        }
    }

    /// Sets how strong `hearer` hears `sender`, in dBm, whatever lies between them.
    pub fn set_rssi(&mut self, hearer: NodeIndex, sender: NodeIndex, dbm: i8) {
        self.fixed_dbm.insert((hearer, sender), dbm);
    }

    /// `hearer` hears `sender` and keeps a link with it; `sender` hears nothing.
    pub fn make_one_way(&mut self, hearer: NodeIndex, sender: NodeIndex) {
        self.one_way.insert((hearer, sender));
    }

    /// The router with the best link both ways that a child could attach to, other than the one that it has.
    pub fn best_parent(&self, child: NodeIndex) -> Option<NodeIndex> {
        let candidates = self
            .indices()
            .filter(|node| self.is_router(*node) && self.nodes[node.0].network == self.nodes[child.0].network);
        let rated = candidates
            .filter(|node| *node != child && Some(*node) != self.parent(child))
            .filter_map(|node| {
                let (up, down) = (self.reception(child, node), self.reception(node, child));
                (up.quality.get() > 0 && down.quality.get() > 0).then(|| (up.margin_db.min(down.margin_db), std::cmp::Reverse(node)))
            });
        rated.max().map(|(_, node)| node.0)
    }

    pub(crate) fn become_router(&mut self, node: NodeIndex, partition: PartitionIndex, id: RouterId) {
        let now = self.now;
        self.partitions[partition.0]
            .lost_routers
            .retain(|lost| lost.router_id != id && lost.node != node);
        self.partitions[partition.0].id_sequence = self.partitions[partition.0].id_sequence.wrapping_add(1);
        let data = &mut self.nodes[node.0];
        (data.attachment, data.attached_at, data.partition) = (Attachment::Router(id), now, partition);
    }

    fn hears_partition(&self, node: NodeIndex, partition: PartitionIndex) -> bool {
        self.indices().any(|other| {
            other != node && self.nodes[other.0].partition == partition && self.is_router(other) && self.potential_link(node, other).is_some()
        })
    }

    fn detach(&mut self, node: NodeIndex) {
        let now = self.now;
        let data = &mut self.nodes[node.0];
        (data.attachment, data.attached_at) = (Attachment::Detached, now);
    }

    /// The parent, if it lives, keeps the row.
    fn leave_parent(&mut self, child: NodeIndex) {
        let Attachment::Child { parent, rloc16 } = self.nodes[child.0].attachment else {
            return;
        };
        let (attached_at, last_heard_at) = (self.nodes[child.0].attached_at, self.now);
        if self.is_router(parent) {
            self.nodes[parent.0].former_children.push(FormerChild {
                node: child,
                rloc16,
                attached_at,
                last_heard_at,
            });
        }
        self.detach(child);
    }

    fn lost(&self, node: NodeIndex, router_id: RouterId) -> LostRouter {
        LostRouter {
            node,
            extended_address: self.nodes[node.0].extended_address,
            router_id,
            last_heard_at: self.now,
        }
    }

    fn lose_router(&mut self, node: NodeIndex, router_id: RouterId) {
        let partition = self.nodes[node.0].partition.0;
        let lost = self.lost(node, router_id);
        self.partitions[partition].lost_routers.push(lost);
    }

    fn forget(&mut self) {
        let now = self.now;
        let timeouts: Vec<i64> = self.nodes.iter().map(|node| i64::from(node.timeout_seconds)).collect();
        for node in &mut self.nodes {
            node.former_children
                .retain(|former| now.seconds_since(former.last_heard_at) < timeouts[former.node.0]);
        }
        for partition in &mut self.partitions {
            partition
                .lost_routers
                .retain(|lost| now.seconds_since(lost.last_heard_at) < ROUTER_ID_RELEASE_SECONDS);
        }
    }

    fn elect(&mut self) {
        for index in (0..self.partitions.len()).map(PartitionIndex) {
            let leader = &self.nodes[self.partitions[index.0].leader.0];
            let leads = leader.partition == index && matches!(leader.attachment, Attachment::Router(_));
            if !leads && self.now.seconds_since(leader.attached_at) >= LEADER_TIMEOUT_SECONDS {
                self.lead_anew(index);
            }
        }
    }

    /// Another leader, and with it another partition id.
    fn lead_anew(&mut self, partition: PartitionIndex) {
        let members: Vec<NodeIndex> = self
            .routers()
            .into_iter()
            .filter(|node| self.nodes[node.0].partition == partition)
            .collect();
        let Some(leader) = self.elected(&members) else { return };
        let Some(leader_router_id) = self.router_id(leader) else { return };
        let id = PartitionId(self.chance(&[2, partition.0 as u64, leader.0 as u64, self.now.unix_milliseconds() as u64]) as u32 | 1);
        let data = &mut self.partitions[partition.0];
        (data.leader, data.leader_router_id, data.id, data.id_sequence) = (leader, leader_router_id, id, 1);
    }

    fn elected(&self, routers: &[NodeIndex]) -> Option<NodeIndex> {
        routers
            .iter()
            .copied()
            .max_by_key(|router| (self.nodes[router.0].border_router.is_some(), self.chance(&[3, router.0 as u64])))
    }

    fn reattach(&mut self) {
        let detached: Vec<NodeIndex> = self
            .indices()
            .filter(|node| self.nodes[node.0].attachment == Attachment::Detached)
            .collect();
        for node in detached {
            let since = self.nodes[node.0].attached_at;
            let patience = CHILD_NOTICES_SECONDS + (self.chance(&[4, node.0 as u64]) % (3 * CHILD_NOTICES_SECONDS as u64)) as i64;
            if self.now.seconds_since(since) < patience {
                continue;
            }
            let Some(parent) = self.best_parent(node) else { continue };
            if self.move_child(node, parent).is_ok() {
                self.nodes[node.0].attached_at = since.plus_seconds(patience);
            }
        }
    }
}

/// A random extended address: local, of one device (OpenThread sets bit 0x02 of the first byte and clears 0x01).
pub(crate) const fn random_address(bits: u64) -> ExtendedAddress {
    ExtendedAddress::from_u64(bits & !(1 << 56) | 1 << 57)
}

/// The lowest id that is not allocated.
pub(crate) fn free_router_id(allocated: &BTreeSet<RouterId>) -> Option<RouterId> {
    (0..=RouterId::MAX).filter_map(RouterId::new).find(|id| !allocated.contains(id))
}
