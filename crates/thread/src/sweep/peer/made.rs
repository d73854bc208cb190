//! Meshes to order: routers on a grid, children spread over them.

use super::{Manner, Node};
use std::collections::VecDeque;
use std::net::Ipv6Addr;
use weft_model::{
    ChildAddressesRow, ChildId, ChildRow, ChildTableRow, DeviceMode, Eui64, ExtendedAddress, Fact, Ipv6Prefix, LeaderData, LinkQuality,
    MeshLocalPrefix, PartitionId, Rloc16, Route64, Route64Row, RouterId, RouterNeighborRow, Rssi,
};
use weft_wire::tmf::number;

/// How many of what.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Shape {
    /// Routers, at most 63.
    pub routers: usize,
    /// Children, of which every fifth is a full Thread device and the others are sleepy.
    pub children: usize,
    /// Routers in one row of the grid: the fewer, the more hops.
    pub width: usize,
}

/// A mesh to order.
#[derive(Debug, Clone)]
pub struct Layout {
    /// Its prefix.
    pub prefix: MeshLocalPrefix,
    /// The router at the grid's first place.
    pub relay: Rloc16,
    /// Routers and children.
    pub nodes: Vec<Node>,
}

const MESH_LOCAL: MeshLocalPrefix = MeshLocalPrefix([0xfd, 0x11, 0x22, 0x33, 0x44, 0x55, 0x66, 0x77]);

impl Shape {
    /// The mesh.
    pub fn layout(self) -> Layout {
        let routers = self.routers.clamp(1, 63);
        let rloc16 = |router: usize| RouterId::new(router as u8).map(RouterId::rloc16);
        let relay = rloc16(0).into_iter().next();
        let mut nodes = Vec::new();
        for router in 0..routers {
            let children = self.children_of(router, routers);
            nodes.extend(rloc16(router).map(|rloc16| self.router(rloc16, router, routers, &children)));
            let hops = self.hops(router, routers)[0].unwrap_or(1) + 1;
            nodes.extend(children.iter().map(|(row, address)| self.child(row, *address, router, routers, hops)));
        }
        Layout {
            prefix: MESH_LOCAL,
            relay: relay.unwrap_or_else(|| nodes[0].rloc16),
            nodes,
        }
    }

    fn quality(self, one: usize, other: usize) -> LinkQuality {
        let apart = |length: usize| (one % length).abs_diff(other % length).pow(2) + (one / length).abs_diff(other / length).pow(2);
        let quality = match apart(self.width.max(1)) {
            _ if one == other => 0,
            1 => 3,
            2 => 2,
            4 => 1,
            _ => 0,
        };
        LinkQuality::new(quality).unwrap_or(LinkQuality::NONE)
    }

    /// Hops from one router to each other, over links of quality 2 and 3.
    fn hops(self, from: usize, routers: usize) -> Vec<Option<u32>> {
        let mut hops = vec![None; routers];
        hops[from] = Some(0);
        let mut waiting = VecDeque::from([from]);
        while let Some(one) = waiting.pop_front() {
            for other in 0..routers {
                if hops[other].is_none() && self.quality(one, other).get() >= 2 {
                    hops[other] = hops[one].map(|hops| hops + 1);
                    waiting.push_back(other);
                }
            }
        }
        hops
    }

    fn children_of(self, router: usize, routers: usize) -> Vec<(ChildRow, Ipv6Addr)> {
        let numbers = (0..self.children).filter(|child| child % routers == router);
        let rows = numbers.enumerate().filter_map(|(place, number)| {
            let is_full = number % 5 == 0;
            let child_id = ChildId::new(place as u16 + 1)?;
            let row = ChildRow {
                extended_address: extended_address(0x4000 + number),
                rloc16: Some(RouterId::new(router as u8)?.child(child_id)),
                mode: mode(is_full),
                thread_version: Some(5),
                timeout_seconds: Some(240),
                age_seconds: Some(number as u32 % 60),
                connection_seconds: Some(3_600),
                supervision_interval_seconds: Some(129),
                link_margin_db: Some(40),
                link_quality_in: None,
                average_rssi: Rssi::from_dbm(-60),
                last_rssi: Rssi::from_dbm(-61),
                frame_error: None,
                message_error: None,
                queued_messages: Some(0),
                csl_period_ten_symbols: Some(0),
                csl_timeout_seconds: Some(0),
                csl_channel: Some(0),
                csl_synchronized: Some(false),
            };
            Some((row, Ipv6Addr::from(0xfd00_aaaa << 96 | 0x8000_0000 | number as u128)))
        });
        rows.collect()
    }

    fn route64(self, router: usize, routers: usize) -> Route64 {
        let hops = self.hops(router, routers);
        let row = |other: usize| {
            let quality = self.quality(router, other);
            let path_cost = if other == router { 1 } else { hops[other].unwrap_or(0).min(15) as u8 };
            Some(Route64Row {
                router_id: RouterId::new(other as u8)?,
                link_quality_out: quality,
                link_quality_in: quality,
                path_cost,
            })
        };
        Route64 {
            id_sequence: Some(7),
            routers: (0..routers).filter_map(row).collect(),
        }
    }

    fn router(self, rloc16: Rloc16, router: usize, routers: usize, children: &[(ChildRow, Ipv6Addr)]) -> Node {
        let neighbor = |other: &usize| {
            (self.quality(router, *other) > LinkQuality::NONE).then(|| RouterNeighborRow {
                extended_address: extended_address(*other),
                rloc16: RouterId::new(*other as u8).map(RouterId::rloc16),
                thread_version: Some(5),
                connection_seconds: Some(7_200),
                link_margin_db: Some(35),
                average_rssi: Rssi::from_dbm(-65),
                last_rssi: Rssi::from_dbm(-66),
                frame_error: None,
                message_error: None,
            })
        };
        let neighbors = (0..routers).filter_map(|other| neighbor(&other)).collect();
        let table = |(row, _): &(ChildRow, Ipv6Addr)| {
            Some(ChildTableRow {
                child_id: row.rloc16?.child_id()?,
                timeout_seconds: Some(256),
                link_quality_in: LinkQuality::new(3),
                mode: row.mode,
            })
        };
        let addresses = |(row, address): &(ChildRow, Ipv6Addr)| {
            Some(ChildAddressesRow {
                rloc16: row.rloc16?,
                addresses: vec![Ipv6Addr::from(u128::from(*address) ^ 1 << 80), *address],
            })
        };
        let mut facts = common(rloc16, router, true);
        facts.extend([
            (number::ROUTE64, Fact::Route64(self.route64(router, routers))),
            (number::CHILD_TABLE, Fact::ChildTable(children.iter().filter_map(table).collect())),
            (number::MAX_CHILD_TIMEOUT, Fact::MaxChildTimeoutSeconds(240)),
            (number::CHILD, Fact::Children(children.iter().map(|(row, _)| *row).collect())),
            (
                number::CHILD_ADDRESSES,
                Fact::ChildAddresses(children.iter().filter_map(addresses).collect()),
            ),
            (number::ROUTER_NEIGHBOR, Fact::RouterNeighbors(neighbors)),
        ]);
        Node {
            rloc16,
            hops: self.hops(0, routers)[router].unwrap_or(1),
            hears_multicast: true,
            manner: Manner::Current,
            facts,
        }
    }

    fn child(self, row: &ChildRow, address: Ipv6Addr, parent: usize, routers: usize, hops: u32) -> Node {
        let rloc16 = row.rloc16.unwrap_or_else(|| unreachable!("children have locators"));
        let mut facts = common(rloc16, 0, row.mode.full_thread_device);
        facts[0].1 = Fact::ExtendedAddress(row.extended_address);
        facts.push((number::IPV6_ADDRESSES, Fact::Ipv6Addresses(vec![address])));
        if row.mode.full_thread_device {
            facts.push((number::ROUTE64, Fact::Route64(self.route64(parent, routers))));
            facts.push((number::ROUTER_NEIGHBOR, Fact::RouterNeighbors(Vec::new())));
        }
        Node {
            rloc16,
            hops,
            hears_multicast: row.mode.full_thread_device,
            manner: Manner::Current,
            facts,
        }
    }
}

fn extended_address(number: usize) -> ExtendedAddress {
    ExtendedAddress([0xe2, 0x11, 0x22, 0x33, 0x44, 0x55, (number >> 8) as u8, number as u8])
}

fn mode(full_thread_device: bool) -> DeviceMode {
    DeviceMode {
        rx_on_when_idle: full_thread_device,
        full_thread_device,
        full_network_data: full_thread_device,
    }
}

/// What every node says; the extended address comes first.
fn common(rloc16: Rloc16, number: usize, is_full: bool) -> Vec<(u8, Fact)> {
    let text = |text: &str| text.to_owned();
    let leader = LeaderData {
        partition_id: PartitionId(0x1234_5678),
        weighting: 64,
        data_version: 9,
        stable_data_version: 8,
        leader_router_id: RouterId::new(0),
    };
    let mut facts = vec![
        (number::EXTENDED_ADDRESS, Fact::ExtendedAddress(extended_address(number))),
        (number::ADDRESS16, Fact::Rloc16(Some(rloc16))),
        (number::MODE, Fact::Mode(mode(is_full))),
        (number::LEADER_DATA, Fact::LeaderData(leader)),
        (number::EUI64, Fact::Eui64(Eui64(extended_address(0x8000 + number).0))),
        (number::VERSION, Fact::ThreadVersion(5)),
        (number::VENDOR_NAME, Fact::VendorName(text("A Vendor of Lamps"))),
        (number::VENDOR_MODEL, Fact::ModelName(text("Lamp E27 RGBW"))),
        (number::VENDOR_SOFTWARE_VERSION, Fact::SoftwareVersion(text("3.12.14"))),
        (
            number::STACK_VERSION,
            Fact::StackVersion(text("OPENTHREAD/thread-reference-20250612-1234; NRF52840; Jun 12 2025")),
        ),
    ];
    if let Some(prefix) = Ipv6Prefix::new(Ipv6Addr::from(0xfd00_aaaa_u128 << 96), 64) {
        facts.push((number::NETWORK_DATA, Fact::OmrPrefix(prefix)));
    }
    if rloc16.is_router() {
        let address = |interface: u128| Ipv6Addr::from(0xfd00_aaaa_u128 << 96 | interface << 16 | u128::from(rloc16.get()));
        facts.push((number::IPV6_ADDRESSES, Fact::Ipv6Addresses((1..=5).map(address).collect())));
    }
    facts
}
