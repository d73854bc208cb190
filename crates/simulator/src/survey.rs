//! Who hears whom and which way messages go, worked out once for a mesh at one moment.

use crate::device::Capability;
use crate::mesh::{Mesh, NodeIndex, PartitionIndex};
use crate::radio::Reception;
use weft_model::{LinkQuality, RouterId};

/// A path of this cost is none (Thread specification 1.4, 5.9.1; OpenThread `kMaxRouteCost`).
pub const MAX_ROUTE_COST: u8 = 16;
/// A Full Thread Device that is a child keeps links with at most so many routers besides its parent (recorded: 2 to 7).
const MAX_CHILD_LINKS: usize = 4;

/// A mesh at one moment with its routes: what every device would answer comes from here. See [`Mesh::survey`].
#[derive(Debug, Clone)]
pub struct Survey<'m> {
    mesh: &'m Mesh,
    partitions: Vec<Routes>,
    children: Vec<Vec<NodeIndex>>,
    place: Vec<usize>,
}

/// The routers of one partition.
#[derive(Debug, Clone, Default)]
struct Routes {
    /// By router id.
    routers: Vec<NodeIndex>,
    /// How the row's router hears the column's, where there is a link.
    heard: Vec<Option<Reception>>,
    /// Costs of single links.
    link_cost: Vec<u8>,
    /// Costs of whole paths.
    path_cost: Vec<u8>,
}

impl Routes {
    fn new(mesh: &Mesh, routers: Vec<NodeIndex>) -> Self {
        let count = routers.len();
        let mut routes = Self {
            heard: vec![None; count * count],
            link_cost: vec![MAX_ROUTE_COST; count * count],
            path_cost: vec![MAX_ROUTE_COST; count * count],
            routers,
        };
        for one in 0..count {
            routes.path_cost[one * count + one] = 0;
            for other in 0..one {
                let Some((there, back)) = mesh.router_link(routes.routers[one], routes.routers[other]) else {
                    continue;
                };
                let exists = |reception: Reception| (reception.quality > LinkQuality::NONE).then_some(reception);
                routes.heard[one * count + other] = exists(there);
                routes.heard[other * count + one] = exists(back);
                let cost = there.quality.min(back.quality).cost().unwrap_or(MAX_ROUTE_COST);
                for place in [one * count + other, other * count + one] {
                    (routes.link_cost[place], routes.path_cost[place]) = (cost, cost);
                }
            }
        }
        for middle in 0..count {
            for from in 0..count {
                let first = routes.path_cost[from * count + middle];
                if first >= MAX_ROUTE_COST {
                    continue;
                }
                for to in 0..count {
                    let through = first.saturating_add(routes.path_cost[middle * count + to]);
                    let cost = &mut routes.path_cost[from * count + to];
                    *cost = (*cost).min(through);
                }
            }
        }
        routes
    }
}

/// Where a router sends what is for another.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Route {
    /// The next router.
    pub next_hop: NodeIndex,
    /// What the way costs from the next router on, as that router advertises it.
    pub advertised_cost: u8,
    /// What the whole way costs.
    pub cost: u8,
}

impl Mesh {
    /// Works out links and routes of the mesh as it is now. Do it once for many answers.
    pub fn survey(&self) -> Survey<'_> {
        let mut routers: Vec<Vec<NodeIndex>> = vec![Vec::new(); self.partitions.len()];
        let mut children = vec![Vec::new(); self.nodes.len()];
        for node in self.indices() {
            if self.is_router(node) {
                routers[self.nodes[node.0].partition.0].push(node);
            } else if let Some(parent) = self.parent(node) {
                children[parent.0].push(node);
            }
        }
        let mut place = vec![0; self.nodes.len()];
        for routers in &mut routers {
            routers.sort_by_key(|router| self.router_id(*router));
            for (index, router) in routers.iter().enumerate() {
                place[router.0] = index;
            }
        }
        for children in &mut children {
            children.sort_by_key(|child| self.rloc16(*child));
        }
        let partitions = routers.into_iter().map(|routers| Routes::new(self, routers)).collect();
        Survey {
            mesh: self,
            partitions,
            children,
            place,
        }
    }
}

impl<'m> Survey<'m> {
    /// The mesh.
    pub const fn mesh(&self) -> &'m Mesh {
        self.mesh
    }

    /// The routers of a partition, by router id.
    pub fn routers(&self, partition: PartitionIndex) -> &[NodeIndex] {
        self.partitions.get(partition.0).map_or(&[], |routes| &routes.routers)
    }

    /// The children of a router, by locator.
    pub fn children(&self, router: NodeIndex) -> &[NodeIndex] {
        self.children.get(router.0).map_or(&[], Vec::as_slice)
    }

    /// How a router hears another one, where they have a link.
    pub fn hears(&self, hearer: NodeIndex, sender: NodeIndex) -> Option<Reception> {
        let (routes, one, other) = self.pair(hearer, sender)?;
        routes.heard[one * routes.routers.len() + other]
    }

    /// What the whole way from one router to another costs; `None` where there is none.
    pub fn path_cost(&self, from: NodeIndex, to: NodeIndex) -> Option<u8> {
        let (routes, one, other) = self.pair(from, to)?;
        Some(routes.path_cost[one * routes.routers.len() + other]).filter(|cost| *cost < MAX_ROUTE_COST)
    }

    /// The best way over another router: for a neighbour that is the alternative to its own link (what OpenThread keeps as next hop).
    pub fn route(&self, from: NodeIndex, to: NodeIndex) -> Option<Route> {
        let (routes, one, other) = self.pair(from, to)?;
        let count = routes.routers.len();
        let hops = (0..count).filter(|hop| *hop != one && *hop != other).map(|hop| {
            let advertised_cost = routes.path_cost[hop * count + other];
            let cost = routes.link_cost[one * count + hop].saturating_add(advertised_cost);
            Route {
                next_hop: routes.routers[hop],
                advertised_cost,
                cost,
            }
        });
        hops.filter(|route| route.cost < MAX_ROUTE_COST && route.advertised_cost < MAX_ROUTE_COST)
            .min_by_key(|route| route.cost)
    }

    /// The routers besides its parent that a Full Thread Device keeps links with while it is a child, strongest first.
    pub fn child_links(&self, child: NodeIndex) -> Vec<(NodeIndex, Reception, Reception)> {
        let data = self.mesh.node(child);
        let (Some(parent), true) = (self.mesh.parent(child), data.capability.is_full_thread_device()) else {
            return Vec::new();
        };
        let wanted = 1 + (self.mesh.chance(&[10, child.0 as u64]) % MAX_CHILD_LINKS as u64) as usize;
        let mut links: Vec<_> = self
            .routers(data.partition)
            .iter()
            .filter(|router| **router != parent)
            .map(|router| (*router, self.mesh.reception(child, *router), self.mesh.reception(*router, child)))
            .filter(|(_, there, back)| there.quality.get() >= 2 && back.quality.get() >= 1)
            .collect();
        links.sort_by_key(|(router, there, _)| (std::cmp::Reverse(there.margin_db), *router));
        links.truncate(if data.capability == Capability::RouterEligible {
            wanted
        } else {
            wanted.min(2)
        });
        links
    }

    /// The router that has this id now.
    pub fn router_by_id(&self, partition: PartitionIndex, id: RouterId) -> Option<NodeIndex> {
        self.routers(partition)
            .iter()
            .copied()
            .find(|router| self.mesh.router_id(*router) == Some(id))
    }

    fn pair(&self, one: NodeIndex, other: NodeIndex) -> Option<(&Routes, usize, usize)> {
        let partition = self.mesh.node(one).partition;
        let same = self.mesh.is_router(one) && self.mesh.is_router(other) && partition == self.mesh.node(other).partition;
        same.then(|| (&self.partitions[partition.0], self.place[one.0], self.place[other.0]))
    }
}
