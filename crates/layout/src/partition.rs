//! The standing nodes of one partition: those known stay, newcomers are solved around them, what nothing connects goes to the edge.

use crate::geometry::{Area, COST_PX, DISC_GAP_PX, Rows, Vector};
use crate::mesh::{Mesh, Partition};
use crate::overlap::{Disc, separate};
use crate::positions::{Offset, Spot};
use crate::stress::{MAX_SOLVED, solve, targets};

/// A push's share of one that stood there before. Between two, a newcomer takes the rest.
const KNOWN_MOBILITY: f64 = 0.15;
const NEW_MOBILITY: f64 = 0.85;

/// Places for the nodes of one partition, in the frame in which all partitions would be one.
struct PartitionLayout<'m> {
    mesh: &'m Mesh<'m>,
    radii: &'m [f64],
    obstacles: &'m [Disc],
    /// Even the largest part has no place among the partitions yet.
    is_homeless: bool,
    /// By standing node; `None` where it has no place yet.
    at: Vec<Option<Vector>>,
    /// By standing node: nothing connects it with the core.
    at_edge: Vec<bool>,
    /// By standing node: it was solved just now.
    joined: Vec<bool>,
}

/// A member and its place.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Settled {
    pub member: usize,
    pub at: Vector,
    pub at_edge: bool,
}

/// Finds a place for each member; `home` gives those of the nodes that have one. `obstacles` are pinned things that are no members.
///
/// Routers with signs of life come first, and never move for the others.
pub(crate) fn settle(
    mesh: &Mesh<'_>,
    radii: &[f64],
    partition: &Partition,
    home: impl Fn(usize) -> Option<Vector>,
    obstacles: &[Disc],
) -> Vec<Settled> {
    let members = &partition.members;
    let is_at_edge = |member: usize| mesh.stood_at(member).is_some_and(|before| before.spot == Spot::Edge && !before.pinned);
    let mut layout = PartitionLayout {
        mesh,
        radii,
        obstacles,
        is_homeless: partition.is_homeless,
        at: vec![None; radii.len()],
        at_edge: (0..radii.len()).map(is_at_edge).collect(),
        joined: vec![false; radii.len()],
    };
    let (bending, others): (Vec<usize>, Vec<usize>) = members.iter().partition(|&&member| mesh.standing[member].bends);
    let mut settled: Vec<usize> = others.iter().copied().filter(|&member| mesh.device(member).is_pinned()).collect();
    for &member in &settled {
        layout.at[member] = home(member);
    }
    for stage in [bending, others] {
        let stage: Vec<usize> = stage.into_iter().filter(|&member| layout.at[member].is_none()).collect();
        for &member in &stage {
            layout.at[member] = home(member);
        }
        layout.stage(&settled, &stage);
        settled.extend(stage);
    }
    members
        .iter()
        .map(|&member| Settled {
            member,
            at: Offset::rounded(layout.at[member].unwrap_or_default()).vector(),
            at_edge: layout.at_edge[member],
        })
        .collect()
}

impl PartitionLayout<'_> {
    /// Places the nodes of `stage` around those `settled`, which stay.
    fn stage(&mut self, settled: &[usize], stage: &[usize]) {
        let mut is_here = vec![false; self.radii.len()];
        settled.iter().chain(stage).for_each(|&member| is_here[member] = true);
        let unsure: Vec<usize> = stage
            .iter()
            .copied()
            .filter(|&member| self.at[member].is_none() || self.at_edge[member])
            .collect();
        let mut apart = Vec::new();
        let mut left_over = Vec::new();
        for component in self.components(&unsure, &is_here) {
            let anchored = component.iter().any(|&member| self.at[member].is_some() && !self.at_edge[member]);
            for &member in component.iter().filter(|member| stage.binary_search(member).is_ok()) {
                // What stood at the edge and is connected now moves to its place.
                if anchored && std::mem::replace(&mut self.at_edge[member], false) {
                    self.at[member] = None;
                }
            }
            let known = component.iter().filter(|&&member| self.at[member].is_some()).count();
            if known == 0 {
                apart.push(component);
            } else if known < component.len() {
                component
                    .iter()
                    .filter(|&&member| self.at[member].is_none())
                    .for_each(|&member| self.at_edge[member] = !anchored);
                self.join(&component);
                left_over.extend(component.into_iter().filter(|&member| self.at[member].is_none()));
            }
        }
        let standing: Vec<usize> = stage.iter().copied().filter(|&member| self.at[member].is_some()).collect();
        left_over.extend(self.make_room(settled, &standing));
        self.line_up(settled, &standing, apart, &left_over);
    }

    /// The connected components of some nodes, each ascending.
    fn components(&self, of: &[usize], is_here: &[bool]) -> Vec<Vec<usize>> {
        let mut seen = vec![false; is_here.len()];
        let mut components = Vec::new();
        for &start in of {
            if std::mem::replace(&mut seen[start], true) {
                continue;
            }
            let mut component = vec![start];
            let mut next = 0;
            while let Some(&from) = component.get(next) {
                next += 1;
                for edge in &self.mesh.edges[from] {
                    if is_here[edge.to] && !std::mem::replace(&mut seen[edge.to], true) {
                        component.push(edge.to);
                    }
                }
            }
            component.sort_unstable();
            components.push(component);
        }
        components
    }

    /// Solves the newcomers of a component around the others of it. Of more than can be solved, some stay without a place.
    fn join(&mut self, component: &[usize]) {
        let newcomers = component.iter().copied().filter(|&member| self.at[member].is_none()).take(MAX_SOLVED / 2);
        let mut chosen: Vec<usize> = newcomers.collect();
        for &member in &chosen {
            self.joined[member] = true;
        }
        let mut known: Vec<usize> = component.iter().copied().filter(|&member| self.at[member].is_some()).collect();
        // Those linked with a newcomer tell most about its place.
        known.sort_by_key(|&member| !self.mesh.edges[member].iter().any(|edge| self.joined[edge.to]));
        chosen.extend(known.into_iter().take(MAX_SOLVED - chosen.len()));
        chosen.sort_unstable();
        self.solve(&chosen);
    }

    fn solve(&mut self, chosen: &[usize]) {
        let radii: Vec<f64> = chosen.iter().map(|&member| self.radii[member]).collect();
        let fixed: Vec<Option<Vector>> = chosen.iter().map(|&member| self.at[member]).collect();
        let edges = chosen.iter().enumerate().flat_map(|(from, &member)| {
            self.mesh.edges[member]
                .iter()
                .filter_map(move |edge| Some((from, chosen.binary_search(&edge.to).ok()?, edge.cost)))
        });
        let solved = solve(&targets(&radii, edges), &fixed);
        for (&member, at) in chosen.iter().zip(solved) {
            self.at[member] = Some(at);
        }
    }

    /// Pushes overlapping ones apart, and names those for whom there is no room.
    fn make_room(&mut self, settled: &[usize], standing: &[usize]) -> Vec<usize> {
        let mut discs = self.obstacles.to_vec();
        let fixed = settled.iter().map(|&member| (member, 0.0));
        let mobile = |member: usize| match () {
            () if self.mesh.device(member).is_pinned() => 0.0,
            () if self.joined[member] => NEW_MOBILITY,
            () => KNOWN_MOBILITY,
        };
        let members: Vec<(usize, f64)> = fixed.chain(standing.iter().map(|&member| (member, mobile(member)))).collect();
        discs.extend(members.iter().map(|&(member, mobility)| Disc {
            mobility,
            ..self.disc(member)
        }));
        let crowded = separate(&mut discs);
        let first = self.obstacles.len();
        for (&(member, mobility), disc) in members.iter().zip(&discs[first..]) {
            if mobility > 0.0 {
                self.at[member] = Some(disc.at);
            }
        }
        let crowded: Vec<usize> = crowded.into_iter().map(|index| members[index - first].0).collect();
        for &member in &crowded {
            self.at[member] = None;
        }
        crowded
    }

    fn disc(&self, member: usize) -> Disc {
        Disc::fixed(self.at[member].unwrap_or_default(), self.radii[member])
    }

    /// Lays out what nothing connects with what stands: the largest part as the core where nothing stands, the others in rows below, and at last
    /// those for whom there was no room.
    fn line_up(&mut self, settled: &[usize], standing: &[usize], mut parts: Vec<Vec<usize>>, left_over: &[usize]) {
        parts.sort_by(|one, other| other.len().cmp(&one.len()).then(one.cmp(other)));
        let has_core = !(settled.is_empty() && standing.is_empty());
        for &member in parts.iter().skip(usize::from(!has_core && !self.is_homeless)).flatten() {
            self.at_edge[member] = true;
        }
        let too_many: Vec<usize> = parts
            .iter_mut()
            .filter(|part| part.len() > MAX_SOLVED)
            .flat_map(|part| part.split_off(MAX_SOLVED))
            .collect();
        parts.extend(too_many.iter().chain(left_over).map(|&member| vec![member]));
        let mut area = self.area(settled.iter().chain(standing).copied().filter(|&member| self.at[member].is_some()));
        for obstacle in self.obstacles {
            area = area.union(Area::of_disc(obstacle.at, obstacle.radius));
        }
        let mut parts: Vec<(Vec<usize>, Area)> = parts.into_iter().map(|part| self.solve_apart(part)).collect();
        if area.is_empty() && !parts.is_empty() {
            area = parts.remove(0).1;
        }
        let gap = COST_PX / 2.0;
        let total: f64 = parts.iter().map(|(_, area)| (area.width() + gap) * (area.height() + gap)).sum();
        let mut rows = Rows::new(area.left, area.bottom + gap, area.left + area.width().max((total * 1.5).sqrt()), gap);
        for (part, area) in parts {
            let corner = rows.take(area.width(), area.height());
            self.shift(&part, corner - Vector::new(area.left, area.top));
        }
    }

    /// Draws a part by itself, free of overlaps.
    fn solve_apart(&mut self, part: Vec<usize>) -> (Vec<usize>, Area) {
        if let [only] = part[..] {
            self.at[only] = Some(Vector::ZERO);
        } else {
            self.solve(&part);
            self.push_apart(&part);
        }
        let area = self.area(part.iter().copied());
        (part, area)
    }

    fn push_apart(&mut self, part: &[usize]) {
        let mut discs: Vec<Disc> = part
            .iter()
            .map(|&member| Disc {
                mobility: 1.0,
                ..self.disc(member)
            })
            .collect();
        let crowded = separate(&mut discs);
        // Whoever is crowded still gets a row below its part.
        let mut rows = {
            let area = discs
                .iter()
                .fold(Area::EMPTY, |area, disc| area.union(Area::of_disc(disc.at, disc.radius)));
            Rows::new(area.left, area.bottom + DISC_GAP_PX, area.right, DISC_GAP_PX)
        };
        for index in crowded {
            let radius = discs[index].radius;
            discs[index].at = rows.take(2.0 * radius, 2.0 * radius) + Vector::new(radius, radius);
        }
        for (&member, disc) in part.iter().zip(&discs) {
            self.at[member] = Some(disc.at);
        }
    }

    fn area(&self, members: impl Iterator<Item = usize>) -> Area {
        members.fold(Area::EMPTY, |area, member| {
            area.union(Area::of_disc(self.at[member].unwrap_or_default(), self.radii[member]))
        })
    }

    fn shift(&mut self, part: &[usize], by: Vector) {
        for &member in part {
            self.at[member] = self.at[member].map(|at| at + by);
        }
    }
}
