//! Random meshes: homes with mains-powered routers spread over the rooms and children around them.

use crate::device::{AnnouncedAddress, Attachment, BorderRouter, Capability, HapDevice, Label, MatterDevice, Node};
use crate::events::{LEADER_TIMEOUT_SECONDS, MAX_ROUTERS, random_address};
use crate::mesh::{Mesh, Network, NetworkIndex, NodeIndex, Partition, PartitionIndex};
use crate::radio::Position;
use crate::random::Random;
use std::collections::{BTreeMap, BTreeSet};
use std::net::Ipv6Addr;
use weft_model::{
    BorderAgentId, Channel, ChildId, CompressedFabricId, Eui64, ExtendedPanId, Ipv6Prefix, MatterNodeId, MatterPeer, MeshLocalPrefix, PanId,
    PartitionId, RouterId, Timestamp,
};

/// How large a mesh is. All numbers are those of the whole mesh; networks share them evenly.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Size {
    /// Networks. There are more if 32 routers each are not enough.
    pub networks: usize,
    /// Routers, border routers among them; at least one in each network.
    pub routers: usize,
    /// Children.
    pub children: usize,
    /// Border routers.
    pub border_routers: usize,
    /// How many percent of the devices that are no border router are on a Matter fabric; the others are in HomeKit.
    pub matter_percent: u8,
}

impl Size {
    /// A 44-device home: 18 routers, 6 of them border routers, 26 children.
    pub const HOME: Self = Self {
        networks: 1,
        routers: 18,
        children: 26,
        border_routers: 6,
        matter_percent: 53,
    };

    /// So many nodes, in networks of at most 300 with at most 32 routers.
    pub const fn of_nodes(nodes: usize) -> Self {
        let networks = if nodes == 0 { 1 } else { nodes.div_ceil(300) };
        let each = nodes / networks;
        let routers = (if each * 2 / 5 < MAX_ROUTERS { each * 2 / 5 } else { MAX_ROUTERS }) * networks;
        let routers = if routers < networks { networks } else { routers };
        let border_routers = if routers < 6 * networks { networks } else { routers.div_ceil(6) };
        Self {
            networks,
            routers,
            children: nodes.saturating_sub(routers),
            border_routers,
            matter_percent: 50,
        }
    }

    /// So many homes of 44 devices, each with its own network.
    pub const fn homes(homes: usize) -> Self {
        let home = Self::HOME;
        Self {
            networks: homes,
            routers: homes * home.routers,
            children: homes * home.children,
            border_routers: homes * home.border_routers,
            matter_percent: home.matter_percent,
        }
    }
}

/// What a small device may be.
struct Product {
    name: &'static str,
    vendor: &'static str,
    device_type: u32,
    category: u16,
}

const fn product(name: &'static str, vendor: &'static str, device_type: u32, category: u16) -> Product {
    Product {
        name,
        vendor,
        device_type,
        category,
    }
}

/// Invented vendors: no random mesh says anything about a real product.
const MAINS: [Product; 5] = [
    product("Plug", "Tallgrass", 0x010a, 7),
    product("Bulb", "Lumenfold", 0x010c, 5),
    product("Dimmer", "Hearthside", 0x0101, 8),
    product("Light strip", "Lumenfold", 0x010d, 5),
    product("Wall switch", "Hearthside", 0x0100, 8),
];
const BATTERY: [Product; 5] = [
    product("Motion sensor", "Quillnet", 0x0107, 10),
    product("Door sensor", "Quillnet", 0x0015, 10),
    product("Thermometer", "Tallgrass", 0x0302, 10),
    product("Thermostat", "Hearthside", 0x0301, 9),
    product("Button", "Quillnet", 0x000f, 15),
];
const HUBS: [(&str, &str); 4] = [
    ("Speaker", "Lumenfold"),
    ("Hub", "Hearthside"),
    ("Media box", "Quillnet"),
    ("Gateway", "Tallgrass"),
];
const ROOMS: [&str; 14] = [
    "Kitchen",
    "Living room",
    "Dining room",
    "Hall",
    "Office",
    "Bedroom",
    "Bathroom",
    "Nursery",
    "Attic",
    "Garage",
    "Garden",
    "Laundry",
    "Stairs",
    "Porch",
];
/// Where random meshes begin, so that ages have a past.
const STARTED_AT_UNIX_MILLISECONDS: i64 = 1_795_000_000_000;
/// A device has been where it is for at least this long when a mesh begins.
const SETTLED_SECONDS: i64 = 3600;
/// The quality at which a link that has to exist is made.
const BRIDGE_DBM: i8 = -93;

impl Mesh {
    /// A mesh in which every network is connected and every child has a parent that hears it. Equal seeds and sizes give equal meshes, everywhere.
    pub fn random(seed: u64, size: Size) -> Self {
        let networks = size.networks.max(size.routers.div_ceil(MAX_ROUTERS)).max(1);
        let mut mesh = Self::empty(seed, Timestamp::from_unix_milliseconds(STARTED_AT_UNIX_MILLISECONDS));
        let mut random = Random::new(seed);
        let fabric = CompressedFabricId(random.bytes());
        let share = |total: usize, index: usize| total / networks + usize::from(index < total % networks);
        for index in 0..networks {
            let routers = share(size.routers, index).max(1);
            let network = mesh.add_random_network(&mut random, index);
            let home = Home {
                routers,
                border_routers: share(size.border_routers, index).min(routers),
                children: share(size.children, index),
                network,
            };
            home.furnish(&mut mesh, &mut random, fabric, u64::from(size.matter_percent));
        }
        mesh
    }

    pub(crate) const fn empty(seed: u64, now: Timestamp) -> Self {
        Self {
            seed,
            now,
            networks: Vec::new(),
            partitions: Vec::new(),
            nodes: Vec::new(),
            fixed_dbm: BTreeMap::new(),
            one_way: BTreeSet::new(),
        }
    }

    pub(crate) fn add_random_network(&mut self, random: &mut Random, index: usize) -> NetworkIndex {
        let mut prefix = || {
            let mut bytes: [u8; 8] = random.bytes();
            bytes[0] = 0xfd;
            bytes
        };
        let (mesh_local, omr) = (MeshLocalPrefix(prefix()), prefix());
        let mut octets = [0; 16];
        octets[..8].copy_from_slice(&omr);
        self.networks.push(Network {
            extended_pan_id: ExtendedPanId(random.bytes()),
            name: format!("home-{}", index + 1),
            pan_id: PanId(random.below(0xfffe) as u16),
            channel: Channel::new(11 + random.below(16) as u16).unwrap_or(DEFAULT_CHANNEL),
            mesh_local_prefix: mesh_local,
            // A length of 64 is always one.
            omr_prefix: Ipv6Prefix::new(Ipv6Addr::from(octets), 64).unwrap_or_else(|| mesh_local.prefix()),
            active_timestamp: (1 + random.below(1000)) << 16,
        });
        NetworkIndex(self.networks.len() - 1)
    }

    /// A device as it comes out of the box, standing nowhere and attached to nothing.
    pub(crate) fn add_node(&mut self, random: &mut Random, network: NetworkIndex, partition: PartitionIndex, capability: Capability) -> NodeIndex {
        let interface_id = |random: &mut Random| {
            let mut bytes: [u8; 8] = random.bytes();
            bytes[0] &= !0x02;
            bytes
        };
        let settled = SETTLED_SECONDS + random.below(7 * 24 * 3600) as i64;
        let tx_power_dbm = if capability == Capability::SleepyEndDevice { 4 } else { 8 };
        self.nodes.push(Node {
            network,
            partition,
            capability,
            attachment: Attachment::Detached,
            attached_at: self.now.minus_seconds(settled),
            extended_address: random_address(random.bits()),
            eui64: Eui64::from_u64(random.bits() & !(3 << 56)),
            mesh_local_iid: interface_id(random),
            omr_iid: interface_id(random),
            position: Position::default(),
            tx_power_dbm,
            timeout_seconds: 240,
            thread_version: [3, 4, 5][random.index(3)],
            label: Label::default(),
            matter: None,
            hap: None,
            border_router: None,
            former_children: Vec::new(),
        });
        NodeIndex(self.nodes.len() - 1)
    }

    pub(crate) fn make_border_router(&mut self, random: &mut Random, node: NodeIndex, host: String) {
        let announced = if random.chance(30) {
            AnnouncedAddress::Fixed(random_address(random.bits()))
        } else {
            AnnouncedAddress::Radio
        };
        let data = &mut self.nodes[node.0];
        data.tx_power_dbm = 10;
        data.border_router = Some(BorderRouter {
            agent_id: BorderAgentId(random.bytes()),
            host,
            announced,
            trel: false,
            active_timestamp: None,
            lan_iid: random.bytes(),
        });
    }

    /// Raises one link between the parts of a network until all its routers reach each other.
    pub(crate) fn connect(&mut self, routers: &[NodeIndex]) {
        loop {
            let mut reached = vec![false; routers.len()];
            let mut queue = vec![0];
            if let Some(first) = reached.first_mut() {
                *first = true;
            }
            while let Some(one) = queue.pop() {
                for other in 0..routers.len() {
                    if !reached[other] && self.potential_link(routers[one], routers[other]).is_some() {
                        reached[other] = true;
                        queue.push(other);
                    }
                }
            }
            let inside = (0..routers.len()).filter(|index| reached[*index]);
            let pairs = inside.flat_map(|one| {
                (0..routers.len())
                    .filter(|other| !reached[*other])
                    .map(move |other| (one, other))
                    .collect::<Vec<_>>()
            });
            let distance = |(one, other): &(usize, usize)| {
                let position = |index: usize| self.nodes[routers[index].0].position;
                (position(*one).path_loss_centidb(position(*other)), *one, *other)
            };
            let Some((one, other)) = pairs.min_by_key(distance) else { return };
            self.fixed_dbm.insert((routers[one], routers[other]), BRIDGE_DBM);
            self.fixed_dbm.insert((routers[other], routers[one]), BRIDGE_DBM + 1);
        }
    }
}

/// Where 16 channels leave no doubt; unreachable in practice.
const DEFAULT_CHANNEL: Channel = match Channel::new(15) {
    Some(channel) => channel,
    None => panic!("15 is a channel"),
};

struct Home {
    network: NetworkIndex,
    routers: usize,
    border_routers: usize,
    children: usize,
}

impl Home {
    fn furnish(&self, mesh: &mut Mesh, random: &mut Random, fabric: CompressedFabricId, matter_percent: u64) {
        let partition = PartitionIndex(mesh.partitions.len());
        let nodes = self.routers + self.children;
        let floors = if nodes > 30 { 3 } else { 2 };
        // Some 9 m², and a larger house for more devices.
        let side_cm = 900 + 300 * (nodes as u64 / floors).isqrt() as i32;
        let mut ids: Vec<u8> = (0..=RouterId::MAX).collect();
        random.shuffle(&mut ids);
        let mut routers = Vec::with_capacity(self.routers);
        let first = NodeIndex(mesh.nodes.len());
        mesh.partitions.push(Partition {
            network: self.network,
            id: PartitionId(random.bits() as u32 | 1),
            leader: first,
            leader_router_id: FIRST_ROUTER,
            data_version: random.below(256) as u8,
            id_sequence: random.below(256) as u8,
            lost_routers: Vec::new(),
        });
        for (index, id) in ids.into_iter().filter_map(RouterId::new).take(self.routers).enumerate() {
            let node = mesh.add_node(random, self.network, partition, Capability::RouterEligible);
            mesh.nodes[node.0].attachment = Attachment::Router(id);
            // A low-discrepancy sequence spreads sockets evenly (Roberts' R2).
            let spread = |factor: u64| ((index as u64 * factor % 1_000_000) * side_cm as u64 / 1_000_000) as i32;
            mesh.nodes[node.0].position = Position {
                x_cm: spread(754_877),
                y_cm: spread(569_840),
                floor: random.below(floors) as i8,
            };
            routers.push(node);
            if index < self.border_routers {
                self.label_border_router(mesh, random, node, index);
            } else {
                self.label(mesh, random, node, fabric, matter_percent);
            }
        }
        let leader = routers[random.index(routers.len())];
        mesh.partitions[partition.0].leader = leader;
        if let Some(id) = mesh.router_id(leader) {
            mesh.partitions[partition.0].leader_router_id = id;
        }
        mesh.connect(&routers);
        let mut next_child = vec![1u16; routers.len()];
        for _ in 0..self.children {
            let capability = match random.below(100) {
                0..65 => Capability::SleepyEndDevice,
                65..80 => Capability::RouterEligible,
                80..85 => Capability::FullEndDevice,
                _ => Capability::MinimalEndDevice,
            };
            let node = mesh.add_node(random, self.network, partition, capability);
            let near = mesh.nodes[routers[random.index(routers.len())].0].position;
            let floor = if random.chance(70) { near.floor } else { random.below(floors) as i8 };
            mesh.nodes[node.0].position = Position {
                x_cm: near.x_cm + random.between(-600, 600),
                y_cm: near.y_cm + random.between(-600, 600),
                floor,
            };
            self.label(mesh, random, node, fabric, matter_percent);
            self.attach(mesh, node, &routers, &mut next_child);
        }
    }

    /// To the router with the best link, of those that have a child id left; where nobody is heard, the nearest one is made to be.
    fn attach(&self, mesh: &mut Mesh, node: NodeIndex, routers: &[NodeIndex], next_child: &mut [u16]) {
        let rating = |index: &usize| {
            let (up, down) = (mesh.strength_dbm(node, routers[*index]), mesh.strength_dbm(routers[*index], node));
            (up.min(down), std::cmp::Reverse(*index))
        };
        let open = (0..routers.len()).filter(|index| ChildId::new(next_child[*index]).is_some());
        let Some(best) = open.max_by_key(rating) else { return };
        let parent = routers[best];
        if mesh.reception(node, parent).quality.get() == 0 || mesh.reception(parent, node).quality.get() == 0 {
            mesh.fixed_dbm.insert((node, parent), BRIDGE_DBM);
            mesh.fixed_dbm.insert((parent, node), BRIDGE_DBM);
        }
        if let (Some(router_id), Some(child_id)) = (mesh.router_id(parent), ChildId::new(next_child[best])) {
            next_child[best] += 1;
            mesh.nodes[node.0].attachment = Attachment::Child {
                parent,
                rloc16: router_id.child(child_id),
            };
        }
    }

    fn label_border_router(&self, mesh: &mut Mesh, random: &mut Random, node: NodeIndex, index: usize) {
        let room = ROOMS[random.index(ROOMS.len())];
        let (model, vendor) = HUBS[index % HUBS.len()];
        mesh.nodes[node.0].label = Label {
            name: format!("{room} {model} {}", node.0),
            room: room.into(),
            vendor: vendor.into(),
            model: model.into(),
            device_type: 0x0091,
        };
        mesh.make_border_router(random, node, format!("{}-{}", model.replace(' ', "-"), node.0));
        if random.chance(50)
            && let Some(router) = &mut mesh.nodes[node.0].border_router
        {
            router.trel = true;
        }
    }

    fn label(&self, mesh: &mut Mesh, random: &mut Random, node: NodeIndex, fabric: CompressedFabricId, matter_percent: u64) {
        let room = ROOMS[random.index(ROOMS.len())];
        let catalogue = if mesh.nodes[node.0].capability == Capability::SleepyEndDevice {
            &BATTERY
        } else {
            &MAINS
        };
        let product = &catalogue[random.index(catalogue.len())];
        let matter = random.chance(matter_percent).then(|| MatterDevice {
            peer: MatterPeer {
                fabric,
                node: MatterNodeId::from_u64(node.0 as u64 + 1),
            },
            cluster_revision: [1, 2, 3, 3][random.index(4)],
            tells_factory_address: random.chance(15),
        });
        let id: [u8; 6] = random.bytes();
        let data = &mut mesh.nodes[node.0];
        data.label = Label {
            name: format!("{room} {} {}", product.name, node.0),
            room: room.into(),
            vendor: product.vendor.into(),
            model: product.name.into(),
            device_type: product.device_type,
        };
        data.matter = matter;
        if matter.is_none() {
            data.hap = Some(HapDevice {
                id: hap_id(id),
                instance: data.label.name.clone(),
                category: product.category,
            });
        }
    }
}

/// A HomeKit pairing id.
pub(crate) fn hap_id(bytes: [u8; 6]) -> String {
    bytes.map(|byte| format!("{byte:02X}")).join(":")
}

/// Router id 0.
const FIRST_ROUTER: RouterId = match RouterId::new(0) {
    Some(id) => id,
    None => panic!("0 is a router id"),
};

const _: () = assert!(SETTLED_SECONDS > LEADER_TIMEOUT_SECONDS);
