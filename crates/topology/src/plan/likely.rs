//! How likely a device is a router, before anybody said so. Thread lets every mains-powered device become one, and nothing on the LAN tells
//! which did; what a device is tells what feeds it.
//!
//! The figures are judgements, not measurements: they only order the steps until the first table tells who the routers are.

use super::clue::Clue;
use super::shares::{ONE, Share};
use crate::snapshot::{Node, Role};

/// What a device may be.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Likely {
    /// A router.
    pub(super) router: Share,
    /// A full Thread device, router or not: its tables list all routers of its partition.
    pub(super) full: Share,
}

const fn likely(router_percent: u64, full_percent: u64) -> Likely {
    Likely {
        router: ONE / 100 * router_percent,
        full: ONE / 100 * full_percent,
    }
}

const ROUTER: Likely = likely(100, 100);
const BORDER_ROUTER: Likely = likely(95, 100);
/// Always fed by the mains, with both wires.
const MAINS: Likely = likely(80, 90);
/// Fed by the mains, sometimes through a single wire: such a device saves power, and stays an end device.
const WALL: Likely = likely(55, 65);
const EITHER: Likely = likely(20, 30);
const BATTERY: Likely = likely(1, 2);
const UNKNOWN: Likely = likely(40, 50);

/// Matter device types (Matter Device Library 1.4) of things with a plug or a lamp's socket, and of appliances.
const MAINS_TYPES: [u32; 23] = [
    0x0022, 0x002b, 0x002d, 0x0070, 0x0072, 0x0073, 0x0075, 0x0078, 0x0079, 0x007a, 0x007b, 0x007c, 0x0090, 0x0091, 0x0101, 0x010a, 0x010b, 0x010c,
    0x010d, 0x0303, 0x0309, 0x050c, 0x050f,
];
/// On/off lights (which wall switches and relays say they are), mounted loads, meters.
const WALL_TYPES: [u32; 4] = [0x0100, 0x010f, 0x0110, 0x0514];
/// Switches without a load, thermostats, coverings, smoke alarms, air quality.
const EITHER_TYPES: [u32; 8] = [0x002c, 0x0076, 0x0103, 0x0104, 0x0105, 0x0202, 0x0301, 0x030a];
/// Sensors, buttons, locks.
const BATTERY_TYPES: [u32; 10] = [0x000a, 0x000f, 0x0015, 0x0041, 0x0043, 0x0044, 0x0106, 0x0107, 0x0302, 0x0307];

/// Words in names of products, where nothing better is known.
const MAINS_WORDS: [&str; 12] = [
    "plug", "outlet", "socket", "bulb", "lamp", "strip", "energy", "dimmer", "panel", "heater", "purifier", "repeater",
];
const BATTERY_WORDS: [&str; 14] = [
    "door", "window", "motion", "contact", "sensor", "button", "remote", "leak", "lock", "climate", "thermo", "presence", "smoke", "weather",
];

/// What a node may be, from its place in the mesh if that is known, else from what it is.
pub(super) fn likely_of(node: &Node, clue: Option<&Clue>) -> Likely {
    match node.role {
        Role::Leader | Role::Router if node.rloc16.is_some() || !node.border_router => return ROUTER,
        Role::Leader | Role::Router => return BORDER_ROUTER,
        Role::Reed => return likely(0, 100),
        Role::EndDevice => return likely(0, 30),
        Role::SleepyEndDevice => return likely(0, 0),
        Role::Unknown => {}
    }
    if clue.is_some_and(|clue| clue.sleeps) {
        return BATTERY;
    }
    by_type(clue.map_or(&[], |clue| &clue.device_types))
        .or_else(|| by_category(clue?.accessory_category?))
        .or_else(|| by_words(node))
        .unwrap_or(UNKNOWN)
}

/// The most of what any of its endpoints promises: a fan with a temperature sensor is fed by the mains.
fn by_type(types: &[u32]) -> Option<Likely> {
    let kind = |device_type: &u32| {
        let is_in = |list: &[u32]| list.contains(device_type);
        if is_in(&MAINS_TYPES) {
            Some(MAINS)
        } else if is_in(&WALL_TYPES) {
            Some(WALL)
        } else if is_in(&EITHER_TYPES) {
            Some(EITHER)
        } else {
            is_in(&BATTERY_TYPES).then_some(BATTERY)
        }
    };
    types.iter().filter_map(kind).max()
}

/// Accessory categories of the HomeKit Accessory Protocol (table 12-3 of its specification).
fn by_category(category: u16) -> Option<Likely> {
    match category {
        3 | 5 | 7 | 19 | 20 | 21 => Some(MAINS),
        4 | 8 => Some(WALL),
        9 | 13 | 14 => Some(EITHER),
        6 | 10 | 12 | 15 => Some(BATTERY),
        _ => None,
    }
}

fn by_words(node: &Node) -> Option<Likely> {
    let text = [&node.model, &node.name]
        .into_iter()
        .flatten()
        .map(|text| text.to_lowercase())
        .collect::<Vec<_>>()
        .join(" ");
    let has = |words: &[&str]| words.iter().any(|word| text.contains(word));
    match (has(&BATTERY_WORDS), has(&MAINS_WORDS)) {
        (true, false) => Some(likely(3, 5)),
        (false, true) => Some(likely(70, 80)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_best_fed_endpoint_decides() {
        assert_eq!(by_type(&[0x0016, 0x0302, 0x002b]), Some(MAINS));
        assert_eq!(by_type(&[0x0016, 0x0015]), Some(BATTERY));
        assert_eq!(by_type(&[0x0016]), None);
        assert_eq!(by_category(10), Some(BATTERY));
        assert_eq!(by_category(999), None);
    }

    #[test]
    fn no_type_stands_in_two_lists() {
        let mut all: Vec<u32> = [&MAINS_TYPES[..], &WALL_TYPES, &EITHER_TYPES, &BATTERY_TYPES].concat();
        let count = all.len();
        all.sort_unstable();
        all.dedup();
        assert_eq!(all.len(), count);
    }
}
