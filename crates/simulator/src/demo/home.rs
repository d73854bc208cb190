//! The home: 44 devices with names such as people give, of invented vendors, where they stand.

use crate::device::{AnnouncedAddress, Attachment, Capability, HapDevice, Label, MatterDevice};
use crate::generate::hap_id;
use crate::mesh::{Mesh, NetworkIndex, NodeIndex, Partition, PartitionIndex};
use crate::radio::Position;
use crate::random::Random;
use weft_model::{CompressedFabricId, ExtendedAddress, MatterNodeId, MatterPeer, PartitionId, RouterId, Timestamp};

const SEED: u64 = 4_400_006;
/// The day begins: 2026-11-20T00:00:00Z.
pub(super) const BEGIN: Timestamp = Timestamp::from_unix_milliseconds(1_795_132_800_000);
const NETWORK_NAME: &str = "elm-street-home";

/// What a device is, as far as the mesh is concerned.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    /// Router and border router.
    Border,
    /// Router.
    Router,
    /// May become a router, and is a child.
    Eligible,
    /// Full Thread Device, always a child.
    Full,
    /// Minimal, receiver on.
    Minimal,
    /// Sleepy.
    Sleepy,
}

/// By which way the home's owner uses it.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Use {
    /// Paired with our fabric.
    Matter,
    /// In HomeKit.
    Hap,
    /// A border router.
    Hub,
}

use Kind::{Border, Eligible, Full, Minimal, Router, Sleepy};
use Use::{Hap, Hub, Matter};

/// Name, room, model, vendor, kind, use, x and y in metres, storey.
type Device = (&'static str, &'static str, &'static str, &'static str, Kind, Use, i32, i32, i8);

/// The house is 14 m by 10 m with an attic; the garage stands east of it, the garden lies south.
#[rustfmt::skip]
const DEVICES: [Device; 44] = [
    ("Living room media box", "Living room", "Media Box 2", "Quillnet", Border, Hub, 3, 3, 0),
    ("Kitchen speaker", "Kitchen", "Speaker S", "Lumenfold", Border, Hub, 10, 8, 0),
    ("Office hub", "Office", "Hub One", "Hearthside", Border, Hub, 11, 3, 1),
    ("Bedroom speaker", "Bedroom", "Speaker S", "Lumenfold", Border, Hub, 3, 8, 1),
    ("Garage gateway", "Garage", "Gateway G4", "Tallgrass", Border, Hub, 19, 5, 0),
    ("Attic hub", "Attic", "Hub One", "Hearthside", Border, Hub, 7, 5, 2),
    ("Hall plug", "Hall", "Plug", "Tallgrass", Router, Matter, 7, 5, 0),
    ("Porch light", "Porch", "Outdoor Light", "Lumenfold", Router, Matter, 13, 1, 0),
    ("Kitchen dimmer", "Kitchen", "Dimmer", "Hearthside", Router, Matter, 12, 9, 0),
    ("Dining room lamp", "Dining room", "Bulb", "Lumenfold", Router, Hap, 5, 8, 0),
    ("Stairs light", "Stairs", "Wall Switch", "Hearthside", Router, Matter, 7, 6, 1),
    ("Landing light", "Landing", "Bulb", "Lumenfold", Router, Hap, 8, 4, 1),
    ("Laundry plug", "Laundry", "Plug", "Tallgrass", Router, Matter, 13, 6, 0),
    ("Garage light switch", "Garage", "Wall Switch", "Hearthside", Router, Matter, 17, 3, 0),
    ("Nursery night light", "Nursery", "Bulb", "Lumenfold", Router, Hap, 5, 2, 1),
    ("Bathroom mirror light", "Bathroom", "Light Strip", "Lumenfold", Router, Matter, 12, 8, 1),
    ("Garden wall light", "Garden", "Outdoor Light", "Lumenfold", Router, Hap, 16, -3, 0),
    ("Workshop plug", "Workshop", "Plug", "Tallgrass", Router, Matter, 21, 8, 0),
    ("Garage door sensor", "Garage", "Door Sensor", "Quillnet", Sleepy, Matter, 14, 3, 0),
    ("Front door sensor", "Hall", "Door Sensor", "Quillnet", Sleepy, Hap, 12, 1, 0),
    ("Hall motion sensor", "Hall", "Motion Sensor", "Quillnet", Sleepy, Matter, 8, 4, 0),
    ("Kitchen window sensor", "Kitchen", "Door Sensor", "Quillnet", Sleepy, Hap, 13, 10, 0),
    ("Fridge thermometer", "Kitchen", "Thermometer", "Tallgrass", Sleepy, Matter, 11, 10, 0),
    ("Kitchen kettle plug", "Kitchen", "Plug", "Tallgrass", Eligible, Matter, 10, 9, 0),
    ("Living room thermostat", "Living room", "Thermostat", "Hearthside", Sleepy, Hap, 1, 4, 0),
    ("Living room window sensor", "Living room", "Door Sensor", "Quillnet", Sleepy, Hap, 2, 1, 0),
    ("Dining room button", "Dining room", "Button", "Quillnet", Sleepy, Hap, 5, 9, 0),
    ("Bookshelf lamp", "Living room", "Bulb", "Lumenfold", Eligible, Hap, 1, 2, 0),
    ("Office window sensor", "Office", "Door Sensor", "Quillnet", Sleepy, Matter, 13, 2, 1),
    ("Desk lamp", "Office", "Bulb", "Lumenfold", Eligible, Matter, 12, 3, 1),
    ("Bedroom window sensor", "Bedroom", "Door Sensor", "Quillnet", Sleepy, Hap, 1, 9, 1),
    ("Bedroom thermostat", "Bedroom", "Thermostat", "Hearthside", Sleepy, Matter, 2, 8, 1),
    ("Bedside lamp", "Bedroom", "Bulb", "Lumenfold", Full, Hap, 4, 9, 1),
    ("Nursery thermometer", "Nursery", "Thermometer", "Tallgrass", Sleepy, Matter, 4, 2, 1),
    ("Nursery motion sensor", "Nursery", "Motion Sensor", "Quillnet", Sleepy, Hap, 6, 1, 1),
    ("Bathroom leak sensor", "Bathroom", "Leak Sensor", "Quillnet", Sleepy, Matter, 13, 9, 1),
    ("Bathroom thermostat", "Bathroom", "Thermostat", "Hearthside", Sleepy, Hap, 11, 9, 1),
    ("Laundry leak sensor", "Laundry", "Leak Sensor", "Quillnet", Sleepy, Matter, 14, 6, 0),
    ("Washing machine relay", "Laundry", "Relay", "Hearthside", Minimal, Matter, 14, 7, 0),
    ("Attic thermometer", "Attic", "Thermometer", "Tallgrass", Sleepy, Hap, 9, 6, 2),
    ("Stairs button", "Stairs", "Button", "Quillnet", Sleepy, Hap, 6, 6, 1),
    ("Garden soil sensor", "Garden", "Soil Sensor", "Tallgrass", Sleepy, Hap, 18, -7, 0),
    ("Letterbox sensor", "Garden", "Door Sensor", "Quillnet", Sleepy, Matter, 12, -9, 0),
    ("Workshop lamp", "Workshop", "Bulb", "Lumenfold", Eligible, Hap, 22, 7, 0),
];

/// The home at the beginning of the day.
pub fn home() -> Mesh {
    let mut mesh = Mesh::empty(SEED, BEGIN);
    let mut random = Random::new(SEED);
    let fabric = CompressedFabricId(random.bytes());
    let network = mesh.add_random_network(&mut random, 0);
    mesh.networks[network.0].name = NETWORK_NAME.to_owned();
    mesh.networks[network.0].active_timestamp = 7 << 16;
    let mut ids: Vec<RouterId> = (0..=RouterId::MAX).filter_map(RouterId::new).collect();
    random.shuffle(&mut ids);
    mesh.partitions.push(Partition {
        network,
        id: PartitionId(0x5c3a_91e7),
        leader: NodeIndex(0),
        leader_router_id: ids[0],
        data_version: 41,
        id_sequence: 97,
        lost_routers: Vec::new(),
    });
    let mut ids = ids.into_iter();
    for device in DEVICES {
        let node = place(&mut mesh, &mut random, network, device, fabric);
        if matches!(device.4, Border | Router)
            && let Some(id) = ids.next()
        {
            mesh.nodes[node.0].attachment = Attachment::Router(id);
        }
    }
    let routers = mesh.routers();
    mesh.connect(&routers);
    let children: Vec<NodeIndex> = mesh.indices().filter(|node| !mesh.is_router(*node)).collect();
    for child in children {
        let since = mesh.nodes[child.0].attached_at;
        if let Some(parent) = mesh.best_parent(child) {
            let _ = mesh.move_child(child, parent); // 511 children fit below every router
        }
        mesh.nodes[child.0].attached_at = since;
    }
    arrange(&mut mesh);
    mesh
}

/// What the day needs to begin with: the garage door sensor below the hall plug, and a letterbox at the edge of what radio reaches.
fn arrange(mesh: &mut Mesh) {
    let named = |mesh: &Mesh, name: &str| mesh.find(name).unwrap_or(NodeIndex(0));
    let (sensor, plug, porch) = (named(mesh, "Garage door sensor"), named(mesh, "Hall plug"), named(mesh, "Porch light"));
    let since = mesh.nodes[sensor.0].attached_at;
    mesh.set_rssi(sensor, plug, -82);
    mesh.set_rssi(plug, sensor, -84);
    mesh.set_rssi(sensor, porch, -61);
    mesh.set_rssi(porch, sensor, -63);
    let letterbox = named(mesh, "Letterbox sensor");
    let letterbox_since = mesh.nodes[letterbox.0].attached_at;
    mesh.set_rssi(letterbox, porch, -95);
    mesh.set_rssi(porch, letterbox, -96);
    for (child, parent, since) in [(sensor, plug, since), (letterbox, porch, letterbox_since)] {
        let _ = mesh.move_child(child, parent); // both are there
        mesh.nodes[child.0].attached_at = since;
    }
    for node in &mut mesh.nodes {
        node.former_children.clear();
    }
}

fn place(mesh: &mut Mesh, random: &mut Random, network: NetworkIndex, device: Device, fabric: CompressedFabricId) -> NodeIndex {
    let (name, room, model, vendor, kind, purpose, x, y, floor) = device;
    let capability = match kind {
        Border | Router | Eligible => Capability::RouterEligible,
        Full => Capability::FullEndDevice,
        Minimal => Capability::MinimalEndDevice,
        Sleepy => Capability::SleepyEndDevice,
    };
    let node = mesh.add_node(random, network, PartitionIndex(0), capability);
    let data = &mut mesh.nodes[node.0];
    data.position = Position {
        x_cm: x * 100,
        y_cm: y * 100,
        floor,
    };
    data.label = Label {
        name: name.into(),
        room: room.into(),
        vendor: vendor.into(),
        model: model.into(),
        device_type: device_type(model),
    };
    let revision = [1, 3, 3, 2][random.index(4)];
    let hap: [u8; 6] = random.bytes();
    match purpose {
        Matter => {
            let peer = MatterPeer {
                fabric,
                node: MatterNodeId::from_u64(node.0 as u64 + 1),
            };
            data.matter = Some(MatterDevice {
                peer,
                cluster_revision: revision,
                tells_factory_address: false,
            });
        }
        Hap => {
            data.hap = Some(HapDevice {
                id: hap_id(hap),
                instance: name.into(),
                category: category(model),
            })
        }
        Hub => {
            mesh.make_border_router(random, node, name.replace(' ', "-"));
            let address = ExtendedAddress::from_u64(0x0200_0000_0000_0000 | random.bits() >> 8);
            if let Some(router) = &mut mesh.nodes[node.0].border_router {
                // Boxes of one vendor put a stable number where others put the radio's address.
                router.announced = if vendor == "Quillnet" {
                    AnnouncedAddress::Fixed(address)
                } else {
                    AnnouncedAddress::Radio
                };
                router.trel = matches!(vendor, "Quillnet" | "Lumenfold");
            }
        }
    }
    // Thick walls, which the model does not have: with so little power routers hear half of the others.
    mesh.nodes[node.0].tx_power_dbm = match kind {
        Border => -6,
        Sleepy => -10,
        _ => -8,
    };
    node
}

fn device_type(model: &str) -> u32 {
    match model {
        "Plug" => 0x010a,
        "Bulb" => 0x010c,
        "Light Strip" => 0x010d,
        "Outdoor Light" => 0x0100,
        "Dimmer" => 0x0101,
        "Wall Switch" => 0x0103,
        "Relay" => 0x010a,
        "Motion Sensor" => 0x0107,
        "Door Sensor" => 0x0015,
        "Leak Sensor" => 0x0043,
        "Thermometer" | "Soil Sensor" => 0x0302,
        "Thermostat" => 0x0301,
        "Button" => 0x000f,
        _ => 0x0091,
    }
}

/// HomeKit's categories.
fn category(model: &str) -> u16 {
    match model {
        "Plug" | "Relay" => 7,
        "Bulb" | "Light Strip" | "Outdoor Light" => 5,
        "Dimmer" | "Wall Switch" => 8,
        "Thermostat" => 9,
        "Button" => 15,
        _ => 10,
    }
}
