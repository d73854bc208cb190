//! One network as the plan sees it: who has a place, who told tables, who could be paired, and how many devices are still to be placed.

use super::clue::{Clue, Tables};
use super::likely::{Likely, likely_of};
use super::shares::{ONE, Share, ratio, times, whole};
use super::types::PlanContext;
use crate::snapshot::{Direction, Network, NetworkTopology, Node, Role, State};
use std::collections::BTreeMap;
use weft_model::{DeviceState, PairedDevice, Timestamp};

/// A network has hardly more routers: above this, routers step down (OpenThread `kRouterDowngradeThreshold`).
const MOST_ROUTERS: usize = 23;

/// A device, or a name that may be one.
pub(super) struct Device<'a> {
    pub(super) node: &'a Node,
    pub(super) clue: Option<&'a Clue>,
    pub(super) likely: Likely,
    /// It has a place on the map: a router, or a child whose parent is known.
    pub(super) placed: bool,
    pub(super) ours: Ours<'a>,
    /// Pairing it may tell something: it is an announced Matter device, not ours yet, and has not told its tables.
    pub(super) candidate: bool,
    /// Links that only the other end told of.
    pub(super) links_to_confirm: u32,
}

/// Whether a device is on Weft's own fabric.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Ours<'a> {
    /// It is not, or not any more.
    No,
    /// It is, and is asked.
    Asked(&'a PairedDevice),
    /// It is, and does not answer.
    Silent(&'a PairedDevice),
    /// It is, and sleeps so long that it cannot be asked.
    LongIdle(&'a PairedDevice),
}

impl Device<'_> {
    pub(super) fn tables(&self) -> Tables {
        self.clue.map(|clue| clue.tables).unwrap_or_default()
    }

    /// It is on the map as a router.
    pub(super) fn is_placed_router(&self) -> bool {
        self.placed && is_router(self.node)
    }

    /// A router whose children nobody knows.
    pub(super) fn is_unheard_router(&self) -> bool {
        self.is_placed_router() && !self.tables().children
    }

    /// It has a place, and nothing on the LAN names it.
    pub(super) fn is_anonymous(&self) -> bool {
        let known = &self.node.known_as;
        self.placed && known.matter.is_empty() && known.hap.is_empty() && known.hosts.is_empty() && known.border_agent_id.is_none()
    }

    pub(super) fn is_border_router(&self) -> bool {
        self.node.border_router
    }

    /// Its tables will come without anybody doing anything.
    pub(super) fn is_being_read(&self) -> bool {
        matches!(self.ours, Ours::Asked(_)) && !self.tables().children && !self.tables().refused
    }
}

/// One network.
pub(super) struct Survey<'a> {
    pub(super) network: Option<&'a Network>,
    pub(super) devices: Vec<Device<'a>>,
    /// Somebody told all routers: they are all on the map.
    pub(super) routers_known: bool,
    /// Routers that are not on the map yet, as expected.
    pub(super) routers_to_place: Share,
    /// Children that are not on the map yet, as expected.
    pub(super) children_to_place: Share,
    /// Routers whose children nobody knows, as expected.
    pub(super) unheard_routers: Share,
    /// Names count the devices. False where nothing listens on the LAN: how many children there are is only known of routers that were heard.
    pub(super) counted_by_names: bool,
}

impl<'a> Survey<'a> {
    /// Looks at one network. `None` where it has no device that could be on Thread.
    pub(super) fn of(part: &'a NetworkTopology, paired: &Paired<'a>) -> Option<Self> {
        let mut devices: Vec<Device<'a>> = Vec::with_capacity(part.nodes.len());
        let mut clues = part.clues.iter().peekable();
        for node in &part.nodes {
            while clues.next_if(|clue| clue.node < node.id).is_some() {}
            let clue = clues.next_if(|clue| clue.node == node.id);
            if part.network.is_none() && !seems_on_thread(clue) {
                continue;
            }
            devices.extend(device_of(node, clue, paired));
        }
        if devices.is_empty() {
            return None;
        }
        count_links_to_confirm(part, &mut devices);
        let mut survey = Self {
            network: part.network.as_ref(),
            routers_known: devices
                .iter()
                .any(|device| device.tables().routers || (device.is_placed_router() && device.tables().children)),
            devices,
            routers_to_place: 0,
            children_to_place: 0,
            unheard_routers: 0,
            counted_by_names: false,
        };
        survey.settle_likelihoods();
        survey.expect();
        Some(survey)
    }

    /// Who may be a router, in the light of how many routers there are.
    fn settle_likelihoods(&mut self) {
        let known = self.devices.iter().filter(|device| device.is_placed_router()).count();
        let possible: Share = self
            .devices
            .iter()
            .filter(|device| !device.placed)
            .map(|device| device.likely.router)
            .sum();
        let left = if self.routers_known {
            // All routers are on the map; those without a radio address or name may be any of the devices without a place.
            let nameless = |device: &&Device<'_>| device.is_placed_router() && device.is_anonymous() && device.node.extended_address.is_none();
            self.devices.iter().filter(nameless).count()
        } else {
            MOST_ROUTERS.saturating_sub(known)
        };
        let scale = ratio(whole(left), possible).min(ONE);
        for device in self.devices.iter_mut().filter(|device| !device.placed) {
            device.likely.router = times(device.likely.router, scale);
        }
    }

    /// How many devices are still to be placed.
    fn expect(&mut self) {
        let unplaced = || self.devices.iter().filter(|device| !device.placed);
        let anonymous = || self.devices.iter().filter(|device| device.is_anonymous());
        // A place with a radio address and no name is none of the devices whose radio address is known.
        let with_address = unplaced().filter(|device| device.node.extended_address.is_some()).count();
        let names = unplaced().count() - with_address;
        let places_with_address = anonymous().filter(|device| device.node.extended_address.is_some()).count();
        let places = anonymous().count() - places_with_address;
        let to_place = whole((with_address + names.saturating_sub(places_with_address)).saturating_sub(places));
        self.counted_by_names = self
            .devices
            .iter()
            .any(|device| device.clue.is_some_and(|clue| clue.registered) && !device.is_border_router());
        self.routers_to_place = if self.routers_known {
            0
        } else {
            unplaced().map(|device| device.likely.router).sum::<Share>().min(to_place)
        };
        let unheard = whole(self.devices.iter().filter(|device| device.is_unheard_router()).count());
        self.unheard_routers = unheard + self.routers_to_place;
        self.children_to_place = to_place - self.routers_to_place;
        if !self.counted_by_names {
            self.children_to_place = self.children_to_place.max(times(unheard, self.children_of_a_heard_router()));
        }
    }

    /// How many children a router has, on average of those that told.
    fn children_of_a_heard_router(&self) -> Share {
        let heard = self
            .devices
            .iter()
            .filter(|device| device.is_placed_router() && device.tables().children)
            .count();
        let children = self.devices.iter().filter(|device| device.placed && !is_router(device.node)).count();
        if heard == 0 { ONE } else { whole(children) / heard as u64 }
    }

    /// Devices on the map.
    pub(super) fn placed(&self) -> usize {
        self.devices.iter().filter(|device| device.placed).count()
    }

    /// Id of the network, `lan` where it is unknown: for the ids of steps and remarks.
    pub(super) fn id(&self) -> &str {
        self.network.map_or("lan", |network| &network.id)
    }
}

/// Devices of Weft's own fabric, by the name that they announce.
pub(super) struct Paired<'a>(BTreeMap<String, &'a PairedDevice>);

impl<'a> Paired<'a> {
    pub(super) fn of(context: &'a PlanContext, as_of: Timestamp) -> Self {
        let Some((view, fabric)) = context.fabric.as_ref().and_then(|view| Some((view, view.fabric?))) else {
            return Self(BTreeMap::new());
        };
        let devices = view.devices.iter().filter(|device| device.paired_at <= as_of);
        Self(devices.map(|device| (format!("{fabric}-{}", device.node), device)).collect())
    }

    fn find(&self, node: &Node) -> Ours<'a> {
        if self.0.is_empty() {
            return Ours::No;
        }
        let Some(device) = node.known_as.matter.iter().find_map(|name| self.0.get(name)) else {
            return Ours::No;
        };
        match device.state {
            DeviceState::Estranged | DeviceState::Leaving => Ours::No,
            DeviceState::Silent => Ours::Silent(device),
            DeviceState::NotAsked | DeviceState::Answering if device.long_idle && !device.check_in && device.answered_at.is_none() => {
                Ours::LongIdle(device)
            }
            DeviceState::NotAsked | DeviceState::Answering => Ours::Asked(device),
        }
    }
}

pub(super) fn is_router(node: &Node) -> bool {
    matches!(node.role, Role::Leader | Role::Router)
}

/// A registration of a device that is built for Thread, of which nothing tells the network.
fn seems_on_thread(clue: Option<&Clue>) -> bool {
    clue.is_some_and(|clue| clue.thread_host || clue.accessory_category.is_some())
}

fn device_of<'a>(node: &'a Node, clue: Option<&'a Clue>, paired: &Paired<'a>) -> Option<Device<'a>> {
    let registered = clue.is_some_and(|clue| clue.registered);
    // A name whose registration has run out, and that nothing else ever told of.
    let is_past = node.state == State::Gone || (node.state == State::Stale && node.last_heard_at.is_none());
    if is_past && !registered {
        return None;
    }
    let placed = match &node.parent {
        Some(parent) => parent.state != State::Gone,
        None => is_router(node) && node.rloc16.is_some() && node.state != State::Gone,
    };
    if !placed && !registered && node.last_heard_at.is_none() && node.extended_address.is_none() {
        return None;
    }
    let ours = paired.find(node);
    let tables = clue.map(|clue| clue.tables).unwrap_or_default();
    let announced = clue.is_some_and(|clue| clue.operational || clue.commissionable);
    Some(Device {
        node,
        clue,
        likely: likely_of(node, clue),
        placed,
        ours,
        candidate: announced && ours == Ours::No && !tables.children && !tables.refused,
        links_to_confirm: 0,
    })
}

fn count_links_to_confirm(part: &NetworkTopology, devices: &mut [Device<'_>]) {
    let own = |direction: &Option<Direction>| direction.as_ref().is_some_and(|direction| !direction.relayed);
    for link in part.links.iter().filter(|link| link.state == State::OneSided) {
        let silent = match (own(&link.a_hears_b), own(&link.b_hears_a)) {
            (true, false) => &link.b,
            (false, true) => &link.a,
            _ => continue,
        };
        if let Ok(place) = devices.binary_search_by(|device| device.node.id.cmp(silent)) {
            devices[place].links_to_confirm += 1;
        }
    }
}
