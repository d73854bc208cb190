//! The tables that devices keep, as OpenThread and the Matter SDK on top of it report them.
//!
//! What the recordings of real stacks show: a router's own route row has no next hop and no link; the next hop of a neighbour is the alternative over another
//! router; a minimal device has one row, its parent; a Full Thread Device that is a child does not list its parent as neighbour, its parent's route row looks like
//! "no link", and every other row goes over the parent.

use crate::device::{Capability, FormerChild};
use crate::events::MAX_NEIGHBOR_AGE_SECONDS;
use crate::mesh::{LostRouter, Mesh, NodeIndex};
use crate::radio::Reception;
use crate::survey::{MAX_ROUTE_COST, Survey};
use weft_model::{
    ChildAddressesRow, ChildRow, ChildTableRow, Connectivity, EnhancedRouteRow, ErrorRate, ExtendedAddress, LeaderData, LinkQuality, MacCounters,
    MleCounters, NeighborRow, Rloc16, Route64, Route64Row, RouteRow, RouterId, RouterNeighborRow, Rssi,
};

/// Routers advertise at least every 32 s (OpenThread `kAdvertiseIntervalMax`).
const ROUTER_AGE_SECONDS: i64 = 32;
/// A child whose receiver is on is heard within this.
const CHILD_AGE_SECONDS: i64 = 60;
/// The weighting of a leader that was not chosen on purpose.
const WEIGHTING: u8 = 64;
/// A child whose receiver is on needs no polls supervised; a sleepy one every so often.
const SUPERVISION_INTERVAL_SECONDS: u16 = 190;

/// A row about a radio that may be gone.
#[derive(Clone, Copy)]
struct Row {
    subject: NodeIndex,
    extended_address: ExtendedAddress,
    rloc16: Rloc16,
    age_seconds: u32,
    connection_seconds: u32,
    reception: Reception,
}

impl Survey<'_> {
    /// Matter 0x35/7. Empty for a device that is detached.
    pub fn neighbor_table(&self, node: NodeIndex) -> Vec<NeighborRow> {
        if self.mesh().is_router(node) {
            let children = self.child_rows(node).into_iter().map(|row| self.neighbor_row(node, row, true));
            return children
                .chain(self.router_rows(node).into_iter().map(|row| self.neighbor_row(node, row, false)))
                .collect();
        }
        self.rows_of_child(node)
            .into_iter()
            .map(|row| self.neighbor_row(node, row, false))
            .collect()
    }

    /// Matter 0x35/8. Empty for a device that is detached.
    pub fn route_table(&self, node: NodeIndex) -> Vec<RouteRow> {
        let mesh = self.mesh();
        let Some(own) = mesh.rloc16(node) else { return Vec::new() };
        if mesh.node(node).capability.is_full_thread_device() {
            return self.full_route_table(node, own);
        }
        let rows = self.rows_of_child(node).into_iter().map(|row| RouteRow {
            extended_address: Some(row.extended_address),
            rloc16: Some(row.rloc16),
            router_id: Some(row.rloc16.router_id()),
            next_hop: Some(row.rloc16.router_id()),
            path_cost: Some(1),
            link_quality_in: Some(row.reception.quality),
            link_quality_out: Some(mesh.reception(row.subject, node).quality),
            age_seconds: Some(row.age_seconds),
            allocated: true,
            link_established: true,
        });
        rows.collect()
    }

    fn full_route_table(&self, node: NodeIndex, own: Rloc16) -> Vec<RouteRow> {
        let mesh = self.mesh();
        let parent = mesh.parent(node);
        let linked = if parent.is_some() {
            self.rows_of_child(node)
        } else {
            self.router_rows(node)
        };
        let next_of = |to: Option<NodeIndex>| match (parent, to) {
            (Some(parent), Some(to)) if parent == to => None,
            (Some(parent), to) => {
                let cost = to.and_then(|to| self.path_cost(parent, to)).filter(|cost| *cost > 0);
                cost.and_then(|cost| Some((mesh.router_id(parent)?, cost)))
            }
            (None, to) => to
                .and_then(|to| self.route(node, to))
                .and_then(|route| Some((mesh.router_id(route.next_hop)?, route.advertised_cost))),
        };
        let rows = mesh.allocated_ids(mesh.node(node).partition).into_iter().map(|id| {
            let to = self.router_by_id(mesh.node(node).partition, id);
            let link = linked.iter().find(|row| row.rloc16 == id.rloc16());
            let route = if own == id.rloc16() { None } else { next_of(to) };
            let back = link.map(|row| self.quality_out(node, row));
            RouteRow {
                extended_address: link.map(|row| row.extended_address),
                rloc16: Some(id.rloc16()),
                router_id: Some(id),
                next_hop: route.map(|(next_hop, _)| next_hop),
                path_cost: route.map(|(_, cost)| cost),
                link_quality_in: Some(link.map_or(LinkQuality::NONE, |row| row.reception.quality)),
                link_quality_out: Some(back.unwrap_or(LinkQuality::NONE)),
                age_seconds: Some(link.map_or(0, |row| row.age_seconds)),
                allocated: true,
                link_established: link.is_some(),
            }
        });
        rows.collect()
    }

    /// TMF 5. Children that are Full Thread Devices have one too. `None` for others.
    pub fn route64(&self, node: NodeIndex) -> Option<Route64> {
        let mesh = self.mesh();
        let own = mesh.rloc16(node).filter(|_| mesh.node(node).capability.is_full_thread_device())?;
        let parent = mesh.parent(node);
        let rows = self.full_route_table(node, own).into_iter().filter_map(|row| {
            let router_id = row.router_id?;
            let to = self.router_by_id(mesh.node(node).partition, router_id);
            let path_cost = match to {
                _ if own == router_id.rloc16() => 1,
                None => 0,
                Some(to) => match parent {
                    Some(parent) => self.cost_over_parent(node, parent, to),
                    None => self.path_cost(node, to),
                }
                .unwrap_or(0),
            };
            let (link_quality_in, link_quality_out) = (
                row.link_quality_in.unwrap_or(LinkQuality::NONE),
                row.link_quality_out.unwrap_or(LinkQuality::NONE),
            );
            Some(Route64Row {
                router_id,
                link_quality_out,
                link_quality_in,
                path_cost,
            })
        });
        Some(Route64 {
            id_sequence: Some(mesh.partition_of(node).id_sequence),
            routers: rows.collect(),
        })
    }

    /// TMF 37: as [`Survey::route64`], with next hops.
    pub fn enhanced_route(&self, node: NodeIndex) -> Option<Vec<EnhancedRouteRow>> {
        let mesh = self.mesh();
        let own = mesh.rloc16(node).filter(|_| mesh.node(node).capability.is_full_thread_device())?;
        let rows = self.full_route_table(node, own).into_iter().filter_map(|row| {
            let router_id = row.router_id?;
            let is_self = own == router_id.rloc16();
            Some(EnhancedRouteRow {
                router_id,
                is_self,
                has_link: row.link_established,
                link_quality_out: row.link_quality_out.unwrap_or(LinkQuality::NONE),
                link_quality_in: row.link_quality_in.unwrap_or(LinkQuality::NONE),
                next_hop: row.next_hop,
                next_hop_cost: row.path_cost.unwrap_or(0),
            })
        });
        Some(rows.collect())
    }

    /// TMF 29.
    pub fn child_list(&self, node: NodeIndex) -> Vec<ChildRow> {
        let rows = self.child_rows(node).into_iter().map(|row| {
            let child = self.mesh().node(row.subject);
            let sleepy = child.capability == Capability::SleepyEndDevice;
            ChildRow {
                extended_address: row.extended_address,
                rloc16: Some(row.rloc16),
                mode: child.capability.mode(),
                thread_version: Some(child.thread_version),
                timeout_seconds: Some(child.timeout_seconds),
                age_seconds: Some(row.age_seconds),
                connection_seconds: Some(row.connection_seconds),
                supervision_interval_seconds: Some(if sleepy { SUPERVISION_INTERVAL_SECONDS } else { 0 }),
                link_margin_db: Some(row.reception.margin_db),
                link_quality_in: None,
                average_rssi: row.reception.rssi,
                last_rssi: self.last_rssi(node, &row),
                frame_error: self.frame_error(node, &row),
                message_error: self.message_error(node, &row),
                queued_messages: Some(0),
                csl_period_ten_symbols: Some(0),
                csl_timeout_seconds: Some(0),
                csl_channel: Some(0),
                csl_synchronized: Some(false),
            }
        });
        rows.collect()
    }

    /// TMF 16: no extended addresses, no ages.
    pub fn child_table(&self, node: NodeIndex) -> Vec<ChildTableRow> {
        let rows = self.child_rows(node).into_iter().filter_map(|row| {
            let child = self.mesh().node(row.subject);
            Some(ChildTableRow {
                child_id: row.rloc16.child_id()?,
                timeout_seconds: Some(child.timeout_seconds.next_power_of_two()),
                link_quality_in: Some(row.reception.quality),
                mode: child.capability.mode(),
            })
        });
        rows.collect()
    }

    /// TMF 30. Children that left are not in it: their addresses went to their new parent.
    pub fn child_addresses(&self, node: NodeIndex) -> Vec<ChildAddressesRow> {
        let mesh = self.mesh();
        let rows = self.children(node).iter().filter_map(|child| {
            let mut addresses = vec![mesh.mesh_local_address(*child), mesh.omr_address(*child)];
            addresses.sort_unstable();
            Some(ChildAddressesRow {
                rloc16: mesh.rloc16(*child)?,
                addresses,
            })
        });
        rows.collect()
    }

    /// TMF 31. A Full Thread Device that is a child lists the routers that it has links with.
    pub fn router_neighbors(&self, node: NodeIndex) -> Vec<RouterNeighborRow> {
        let mesh = self.mesh();
        let rows = match mesh.node(node).capability.is_full_thread_device() {
            true if mesh.is_router(node) => self.router_rows(node),
            true => self.rows_of_child(node),
            false => Vec::new(),
        };
        let row = |row: Row| RouterNeighborRow {
            extended_address: row.extended_address,
            rloc16: Some(row.rloc16),
            thread_version: Some(mesh.node(row.subject).thread_version),
            connection_seconds: Some(row.connection_seconds),
            link_margin_db: Some(row.reception.margin_db),
            average_rssi: row.reception.rssi,
            last_rssi: self.last_rssi(node, &row),
            frame_error: self.frame_error(node, &row),
            message_error: self.message_error(node, &row),
        };
        rows.into_iter().map(row).collect()
    }

    /// TMF 4, of routers.
    pub fn connectivity(&self, node: NodeIndex) -> Option<Connectivity> {
        let mesh = self.mesh();
        let partition = mesh.partition_of(node);
        mesh.router_id(node)?;
        let rows = self.router_rows(node);
        let count = |quality: u8| rows.iter().filter(|row| row.reception.quality.get() == quality).count() as u8;
        Some(Connectivity {
            parent_priority: 0,
            link_quality_3: count(3),
            link_quality_2: count(2),
            link_quality_1: count(1),
            leader_cost: self.path_cost(node, partition.leader).unwrap_or(MAX_ROUTE_COST),
            id_sequence: partition.id_sequence,
            active_routers: mesh.allocated_ids(mesh.node(node).partition).len() as u8,
            sed_buffer_bytes: Some(1280),
            sed_datagram_count: Some(1),
        })
    }

    /// TMF 6.
    pub fn leader_data(&self, node: NodeIndex) -> LeaderData {
        let partition = self.mesh().partition_of(node);
        LeaderData {
            partition_id: partition.id,
            weighting: WEIGHTING,
            data_version: partition.data_version,
            stable_data_version: partition.data_version.wrapping_sub(1),
            leader_router_id: Some(partition.leader_router_id),
        }
    }

    /// TMF 9.
    pub fn mac_counters(&self, node: NodeIndex) -> MacCounters {
        let count = |part: u64, most: u64| (self.mesh().chance(&[11, node.0 as u64, part]) % most) as u32;
        let hours = (self.attached_seconds(node) / 3600) as u32;
        MacCounters {
            if_in_unknown_protos: 0,
            if_in_errors: count(1, 30),
            if_out_errors: count(2, 60),
            if_in_unicast_packets: count(3, 5000) + 90 * hours,
            if_in_broadcast_packets: count(4, 9000) + 200 * hours,
            if_in_discards: 0,
            if_out_unicast_packets: count(5, 5000) + 90 * hours,
            if_out_broadcast_packets: count(6, 3000) + 110 * hours,
            if_out_discards: 0,
        }
    }

    /// TMF 34.
    pub fn mle_counters(&self, node: NodeIndex) -> MleCounters {
        let milliseconds = self.attached_seconds(node) as u64 * 1000;
        let is_router = self.mesh().is_router(node);
        MleCounters {
            disabled_role: 1,
            detached_role: 1,
            child_role: 1,
            router_role: u16::from(is_router),
            leader_role: u16::from(self.mesh().partition_of(node).leader == node),
            attach_attempts: 1,
            partition_id_changes: 1,
            better_partition_attach_attempts: 0,
            parent_changes: 0,
            tracked_milliseconds: milliseconds + 4000,
            disabled_milliseconds: 1000,
            detached_milliseconds: 3000,
            child_milliseconds: if is_router { 0 } else { milliseconds },
            router_milliseconds: if is_router { milliseconds } else { 0 },
            leader_milliseconds: 0,
        }
    }

    fn attached_seconds(&self, node: NodeIndex) -> i64 {
        self.mesh().now().seconds_since(self.mesh().node(node).attached_at).max(0)
    }

    /// What a Full Thread Device that is a child pays for a way: its link to the parent, and what the parent advertises.
    fn cost_over_parent(&self, child: NodeIndex, parent: NodeIndex, to: NodeIndex) -> Option<u8> {
        let first = self.mesh().reception(child, parent).quality.cost()?;
        let rest = if parent == to { 0 } else { self.path_cost(parent, to)? };
        Some(first + rest).filter(|cost| *cost < MAX_ROUTE_COST)
    }

    /// How the row's subject hears the node, as it was told.
    fn quality_out(&self, node: NodeIndex, row: &Row) -> LinkQuality {
        match self.mesh().parent(node) {
            Some(_) => self.mesh().reception(row.subject, node).quality,
            None if self.mesh().is_router(row.subject) => self.hears(row.subject, node).map_or(LinkQuality::NONE, |reception| reception.quality),
            None => row.reception.quality,
        }
    }

    /// Children, those that left without a word included, by locator.
    fn child_rows(&self, node: NodeIndex) -> Vec<Row> {
        let mesh = self.mesh();
        let live = self.children(node).iter().filter_map(|child| {
            let data = mesh.node(*child);
            let sleepy = data.capability == Capability::SleepyEndDevice;
            let most = if sleepy {
                i64::from(data.timeout_seconds) * 3 / 4
            } else {
                CHILD_AGE_SECONDS
            };
            Some(self.row(node, *child, data.extended_address, mesh.rloc16(*child)?, most))
        });
        let former = mesh.node(node).former_children.iter().map(|former: &FormerChild| Row {
            subject: former.node,
            extended_address: mesh.node(former.node).extended_address,
            rloc16: former.rloc16,
            age_seconds: seconds(mesh.now().seconds_since(former.last_heard_at)),
            connection_seconds: seconds(mesh.now().seconds_since(former.attached_at)),
            reception: mesh.reception(node, former.node),
        });
        let mut rows: Vec<Row> = live.chain(former).collect();
        rows.sort_by_key(|row| row.rloc16);
        rows
    }

    /// Routers that a router has links with, those that it has not forgotten included, by locator.
    fn router_rows(&self, node: NodeIndex) -> Vec<Row> {
        let mesh = self.mesh();
        let partition = mesh.node(node).partition;
        let live = self.routers(partition).iter().filter_map(|router| {
            let reception = self.hears(node, *router)?;
            Some(Row {
                reception,
                ..self.row(
                    node,
                    *router,
                    mesh.node(*router).extended_address,
                    mesh.rloc16(*router)?,
                    ROUTER_AGE_SECONDS,
                )
            })
        });
        let silence = |lost: &LostRouter| mesh.now().seconds_since(lost.last_heard_at);
        let lost = mesh.partitions()[partition.0]
            .lost_routers
            .iter()
            .filter(|lost| lost.node != node && silence(lost) < MAX_NEIGHBOR_AGE_SECONDS);
        let lost = lost.filter_map(|lost| {
            let (reception, _) = mesh.potential_link(node, lost.node)?;
            Some(Row {
                subject: lost.node,
                extended_address: lost.extended_address,
                rloc16: lost.router_id.rloc16(),
                age_seconds: seconds(silence(lost)),
                connection_seconds: seconds(self.attached_seconds(node)),
                reception,
            })
        });
        let mut rows: Vec<Row> = live.chain(lost.filter(|row| row.reception.quality > LinkQuality::NONE)).collect();
        rows.sort_by_key(|row| row.rloc16);
        rows
    }

    /// A child's neighbours: the parent of a minimal device; the other routers that a Full Thread Device keeps links with.
    fn rows_of_child(&self, node: NodeIndex) -> Vec<Row> {
        let mesh = self.mesh();
        let Some(parent) = mesh.parent(node) else { return Vec::new() };
        let row = |router: NodeIndex| Some(self.row(node, router, mesh.node(router).extended_address, mesh.rloc16(router)?, ROUTER_AGE_SECONDS));
        if mesh.node(node).capability.is_full_thread_device() {
            return self.child_links(node).into_iter().filter_map(|(router, ..)| row(router)).collect();
        }
        row(parent).into_iter().collect()
    }

    fn row(&self, reporter: NodeIndex, subject: NodeIndex, extended_address: ExtendedAddress, rloc16: Rloc16, most_seconds: i64) -> Row {
        let mesh = self.mesh();
        let together = self.attached_seconds(reporter).min(self.attached_seconds(subject));
        let minute = mesh.now().unix_milliseconds() as u64 / 60_000;
        let age = mesh.chance(&[12, reporter.0 as u64, subject.0 as u64, minute]) % most_seconds.max(1) as u64;
        let connection_seconds = seconds(together);
        let reception = mesh.reception(reporter, subject);
        Row {
            subject,
            extended_address,
            rloc16,
            age_seconds: seconds(age as i64).min(connection_seconds),
            connection_seconds,
            reception,
        }
    }

    fn neighbor_row(&self, node: NodeIndex, row: Row, is_child: bool) -> NeighborRow {
        // A router is one whatever it could be; everything else says what it is.
        let mode = self.mesh().node(row.subject).capability.mode();
        NeighborRow {
            extended_address: Some(row.extended_address),
            rloc16: Some(row.rloc16),
            age_seconds: Some(row.age_seconds),
            link_quality_in: Some(row.reception.quality),
            average_rssi: row.reception.rssi,
            last_rssi: self.last_rssi(node, &row),
            frame_error: self.frame_error(node, &row),
            message_error: self.message_error(node, &row),
            rx_on_when_idle: Some(mode.rx_on_when_idle),
            full_thread_device: Some(mode.full_thread_device),
            is_child: Some(is_child),
        }
    }

    fn last_rssi(&self, node: NodeIndex, row: &Row) -> Option<Rssi> {
        let quarter = self.mesh().now().unix_milliseconds() as u64 / 900_000;
        let jitter = (self.mesh().chance(&[13, node.0 as u64, row.subject.0 as u64, quarter]) % 5) as i8 - 2;
        let dbm = row.reception.rssi?.dbm();
        Rssi::from_dbm(dbm.saturating_add(jitter).min(0))
    }

    fn frame_error(&self, node: NodeIndex, row: &Row) -> Option<ErrorRate> {
        let chance = self.mesh().chance(&[14, node.0 as u64, row.subject.0 as u64]);
        let percent = match row.reception.quality.get() {
            3 => chance % 3,
            2 => 2 + chance % 12,
            _ => 10 + chance % 50,
        };
        ErrorRate::from_percent(percent as u8)
    }

    fn message_error(&self, node: NodeIndex, row: &Row) -> Option<ErrorRate> {
        let chance = self.mesh().chance(&[15, node.0 as u64, row.subject.0 as u64]);
        let percent = match row.reception.quality.get() {
            3 => 0,
            2 => chance % 3,
            _ => 1 + chance % 9,
        };
        ErrorRate::from_percent(percent as u8)
    }
}

fn seconds(seconds: i64) -> u32 {
    u32::try_from(seconds.max(0)).unwrap_or(u32::MAX)
}

impl Mesh {
    /// The leader's router id as a device tells it.
    pub(crate) fn leader_router_id(&self, node: NodeIndex) -> RouterId {
        self.partition_of(node).leader_router_id
    }
}
