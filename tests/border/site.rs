//! A home: a mesh whose radios hear whom the plan says, its border routers on a LAN, and room for other machines there.

use super::harness::{Host, Lan};
use super::live::{Air, Dataset, Node, Role, patiently};
use super::router::BorderRouter;
use super::said::truth::{Asked, Truth};
use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;
use std::thread;
use std::time::Duration;

/// How long a mesh may take until everybody has a role and all tables agree.
const FORMED_WITHIN: Duration = Duration::from_secs(240);
/// Between two attempts to find a mesh at rest: asking is not free.
const BETWEEN_LOOKS: Duration = Duration::from_secs(2);
/// Between the starts of two nodes: all at once would talk over each other.
const APART: Duration = Duration::from_millis(300);

/// How long a router waits for word of its leader (`NETWORK_ID_TIMEOUT`).
pub const LEADER_TIMEOUT: Duration = Duration::from_secs(120);
/// Enough where a leader is at most two hops away: its word goes round every 10 s, and is passed on within 16 s.
pub const SHORT_LEADER_TIMEOUT: Duration = Duration::from_secs(40);

/// Signal strength that makes link quality 3.
pub const GOOD_DBM: i8 = -60;
/// Signal strength that makes link quality 2.
pub const FAIR_DBM: i8 = -85;
/// Signal strength that makes link quality 1.
pub const POOR_DBM: i8 = -94;

/// Who is there, and who hears whom how well. The first node leads.
#[derive(Debug, Clone, Default)]
pub struct Plan {
    pub nodes: Vec<(u16, Role)>,
    pub border_routers: Vec<u16>,
    /// Both ends hear the other with this strength.
    pub links: BTreeMap<(u16, u16), i8>,
    /// Border routers reach each other over the LAN as well (TREL).
    pub is_joined: bool,
}

impl Plan {
    /// Routers in rows, numbered from 1: neighbours in a row hear each other well, those above each other fairly, across poorly.
    pub fn grid(columns: u16, rows: u16) -> Self {
        let mut plan = Self::default();
        let number = |column: u16, row: u16| row * columns + column + 1;
        for row in 0..rows {
            for column in 0..columns {
                let here = number(column, row);
                plan.nodes.push((here, if here == 1 { Role::Leader } else { Role::Router }));
                if column > 0 {
                    plan.link(here, here - 1, GOOD_DBM);
                }
                if row > 0 {
                    plan.link(here, number(column, row - 1), FAIR_DBM);
                    if column > 0 {
                        plan.link(here, number(column - 1, row - 1), POOR_DBM);
                    }
                }
            }
        }
        plan
    }

    /// Adds a node that hears some others well.
    pub fn child(&mut self, number: u16, role: Role, hears: &[u16]) {
        self.nodes.push((number, role));
        for other in hears {
            self.link(number, *other, GOOD_DBM);
        }
    }

    /// Adds a border router that hears some nodes well.
    pub fn border_router(&mut self, number: u16, hears: &[u16]) {
        self.border_routers.push(number);
        for other in hears {
            self.link(number, *other, GOOD_DBM);
        }
    }

    /// Two nodes hear each other.
    pub fn link(&mut self, one: u16, other: u16, strength_dbm: i8) {
        self.links.insert((one.min(other), one.max(other)), strength_dbm);
    }

    fn heard_by(&self, number: u16) -> BTreeMap<u16, i8> {
        let heard = self.links.iter().filter_map(|((one, other), strength)| match number {
            number if number == *one => Some((*other, *strength)),
            number if number == *other => Some((*one, *strength)),
            _ => None,
        });
        heard.collect()
    }
}

/// A home with a mesh. Fields end in this order.
pub struct Site {
    pub nodes: BTreeMap<u16, Node>,
    pub border_routers: Vec<BorderRouter>,
    _air: Air,
    pub lan: Rc<Lan>,
    pub dataset: Dataset,
    plan: Plan,
    addresses: BTreeMap<u16, String>,
    /// Extended addresses that border routers hear over the LAN.
    strangers: Vec<String>,
}

impl Site {
    /// Builds it and waits until the mesh is whole and at rest; `None` where this machine gives no namespaces.
    pub fn form(plan: Plan, dataset: Dataset) -> Option<Self> {
        let lan = Rc::new(Lan::new()?);
        let air = Air::new()?;
        let mut site = Self::begin(plan, dataset, lan, air);
        site.at_rest("the mesh is formed", FORMED_WITHIN);
        Some(site)
    }

    /// Two homes on one LAN, out of each other's hearing: what joins their meshes is that their border routers reach each other over the LAN.
    pub fn form_two(mut plans: [Plan; 2], dataset: &Dataset) -> Option<[Self; 2]> {
        let lan = Rc::new(Lan::new()?);
        let airs = [Air::new()?, Air::new()?];
        for plan in &mut plans {
            plan.is_joined = true;
        }
        let mut airs = airs.into_iter();
        let mut sites = plans.map(|plan| Self::begin(plan, dataset.clone(), Rc::clone(&lan), airs.next().expect("as many airs as plans")));
        let addresses: Vec<BTreeMap<u16, String>> = sites.iter().map(|site| site.addresses.clone()).collect();
        for site in &mut sites {
            let elsewhere = addresses.iter().filter(|addresses| **addresses != site.addresses);
            site.strangers = elsewhere.flat_map(BTreeMap::values).cloned().collect();
            for router in site.plan.border_routers.clone() {
                site.tune(router);
            }
        }
        let [one, two] = &mut sites;
        at_rest(&mut [one, two], "the two halves are one mesh", FORMED_WITHIN);
        Some(sites)
    }

    /// Builds it; everybody is on the air, and finds its place.
    fn begin(plan: Plan, dataset: Dataset, lan: Rc<Lan>, air: Air) -> Self {
        let mut nodes: BTreeMap<u16, Node> = plan
            .nodes
            .iter()
            .map(|(number, role)| (*number, Node::plain(&air, *number, *role)))
            .collect();
        let border_routers: Vec<BorderRouter> = plan
            .border_routers
            .iter()
            .map(|number| BorderRouter::start(&air, &lan.host(&format!("br{number}")), *number, plan.is_joined))
            .collect();
        let mut addresses: BTreeMap<u16, String> = nodes.iter_mut().map(|(number, node)| (*number, node.extended_address())).collect();
        for router in &border_routers {
            addresses.insert(router.number(), router.ask("extaddr").join(""));
        }
        let mut site = Self {
            nodes,
            border_routers,
            _air: air,
            lan,
            dataset,
            plan,
            addresses,
            strangers: Vec::new(),
        };
        for number in site.numbers() {
            site.tune(number);
        }
        let dataset = site.dataset.hexadecimal();
        for (number, role) in site.plan.nodes.clone() {
            let node = site.nodes.get_mut(&number).expect("a node of the plan runs");
            node.be(&dataset);
            if role == Role::Leader {
                node.has_role();
            }
            thread::sleep(APART);
        }
        for router in &site.border_routers {
            router.be(&dataset);
        }
        site
    }

    fn numbers(&self) -> Vec<u16> {
        let nodes = self.plan.nodes.iter().map(|(number, _)| *number);
        nodes.chain(self.plan.border_routers.iter().copied()).collect()
    }

    /// Another machine on the LAN.
    pub fn host(&self, name: &str) -> Host {
        self.lan.host(name)
    }

    /// A node, by its number.
    ///
    /// # Panics
    /// If it does not run.
    pub fn node(&mut self, number: u16) -> &mut Node {
        self.nodes.get_mut(&number).unwrap_or_else(|| panic!("node {number} does not run"))
    }

    /// Extended address of a node or border router, running or not.
    pub fn address(&self, number: u16) -> &str {
        &self.addresses[&number]
    }

    /// Makes a radio hear whom the plan says.
    fn tune(&mut self, number: u16) {
        let heard = self.plan.heard_by(number);
        if let Some(node) = self.nodes.get_mut(&number) {
            node.ask("nodeidfilter clear");
            node.ask("macfilter rss clear");
            for (other, address) in &self.addresses {
                match heard.get(other) {
                    Some(strength) => node.ask(&format!("macfilter rss add {address} {strength}")),
                    None if *other != number => node.ask(&format!("nodeidfilter deny {other}")),
                    None => Vec::new(),
                };
            }
        } else if let Some(router) = self.border_routers.iter().find(|router| router.number() == number && router.is_running()) {
            router.ask("macfilter addr allowlist");
            router.ask("macfilter addr clear");
            for (other, strength) in heard {
                router.ask(&format!("macfilter addr add {} {strength}", self.addresses[&other]));
            }
            for address in &self.strangers {
                router.ask(&format!("macfilter addr add {address}"));
            }
        }
    }

    /// From now on these do not hear each other.
    pub fn part(&mut self, pairs: &[(u16, u16)]) {
        self.change(pairs, |plan, (one, other)| _ = plan.links.remove(&(one.min(other), one.max(other))));
    }

    /// From now on these hear each other.
    pub fn join(&mut self, pairs: &[(u16, u16)], strength_dbm: i8) {
        self.change(pairs, |plan, (one, other)| plan.link(one, other, strength_dbm));
    }

    fn change(&mut self, pairs: &[(u16, u16)], change: impl Fn(&mut Plan, (u16, u16))) {
        for pair in pairs {
            change(&mut self.plan, *pair);
        }
        let touched: BTreeSet<u16> = pairs.iter().flat_map(|(one, other)| [*one, *other]).collect();
        for number in touched {
            self.tune(number);
        }
    }

    /// Blocks the radio between some nodes and all others; the links that were there, to give to [`Self::restore`].
    pub fn split(&mut self, one_side: &[u16]) -> Vec<((u16, u16), i8)> {
        let crosses = |(one, other): &(u16, u16)| one_side.contains(one) != one_side.contains(other);
        let crossing: Vec<_> = self
            .plan
            .links
            .iter()
            .filter(|(pair, _)| crosses(pair))
            .map(|(pair, strength)| (*pair, *strength))
            .collect();
        self.part(&crossing.iter().map(|(pair, _)| *pair).collect::<Vec<_>>());
        crossing
    }

    /// Lets them hear each other again.
    pub fn restore(&mut self, links: Vec<((u16, u16), i8)>) {
        for (pair, strength) in links {
            self.join(&[pair], strength);
        }
    }

    /// Sets for how long routers wait for word of their leader until they begin a partition of their own. OpenThread's own is [`LEADER_TIMEOUT`].
    pub fn wait_for_leader(&mut self, routers: &[u16], time: Duration) {
        let command = format!("networkidtimeout {}", time.as_secs());
        for number in routers {
            match self.nodes.get_mut(number) {
                Some(node) => node.ask(&command),
                None => self
                    .border_routers
                    .iter()
                    .find(|router| router.number() == *number)
                    .map(|router| router.ask(&command))
                    .unwrap_or_default(),
            };
        }
    }

    /// A node loses its power.
    pub fn kill(&mut self, number: u16) {
        drop(self.nodes.remove(&number));
    }

    /// What all that run say now.
    pub fn truth(&mut self) -> Result<Truth, String> {
        let nodes = self.nodes.values_mut().map(|node| node as &mut dyn Asked);
        let routers = self.border_routers.iter_mut().filter(|router| router.is_running());
        Truth::of(nodes.chain(routers.map(|router| router as &mut dyn Asked)))
    }

    /// Waits until everybody is in one partition with the role of the plan, and all tables agree.
    pub fn at_rest(&mut self, what: &str, within: Duration) -> Truth {
        at_rest(&mut [self], what, within)
    }

    /// Who has not the role of the plan. Who leads may change; border routers are routers.
    fn misplaced(&self, truth: &Truth) -> Vec<String> {
        let roles: BTreeMap<&str, bool> = self
            .numbers()
            .iter()
            .map(|number| {
                let role = self.plan.nodes.iter().find(|(node, _)| node == number).map(|(_, role)| *role);
                (self.address(*number), role.is_none_or(Role::is_router))
            })
            .collect();
        let misplaced = truth.nodes.values().filter(|node| {
            let is_to_route = roles.get(node.extended_address.as_str());
            is_to_route.is_some_and(|is_to_route| *is_to_route != node.is_router())
        });
        misplaced.map(|node| format!("node {} is a {}", node.number, node.state)).collect()
    }
}

/// What all that run in some homes say now.
pub fn truth_of(sites: &mut [&mut Site]) -> Result<Truth, String> {
    let mut all = Truth::default();
    for site in sites {
        all.nodes.extend(site.truth()?.nodes);
    }
    Ok(all)
}

/// Waits until everybody in some homes is in one partition with the role of the plan, and all tables agree.
pub fn at_rest(sites: &mut [&mut Site], what: &str, within: Duration) -> Truth {
    patiently(what, within, || {
        thread::sleep(BETWEEN_LOOKS);
        let truth = truth_of(sites)?;
        let mut unrest = truth.unrest();
        if truth.partitions().len() != 1 {
            unrest.push(format!("partitions {:?}", truth.partitions()));
        }
        unrest.extend(sites.iter().flat_map(|site| site.misplaced(&truth)));
        if unrest.is_empty() { Ok(truth) } else { Err(unrest.join("; ")) }
    })
}
