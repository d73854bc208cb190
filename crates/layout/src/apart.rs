//! Partitions of one network side by side: the senior one stays, another one moves aside as a whole, and returns when they merge.

use crate::geometry::{Area, Vector};
use crate::mesh::{Mesh, partitions};
use crate::overlap::Disc;
use crate::partition::{Settled, settle};
use crate::positions::Offset;

/// Room between two partitions.
const PARTITION_GAP_PX: f64 = 96.0;
/// Room between them below which one moves; between two tenths, so that rounding decides nothing.
const LEAST_PARTITION_GAP_PX: f64 = 64.05;

/// Where a standing node goes.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Stand {
    pub at: Vector,
    /// How far that is from where it would stand if all partitions were one.
    pub aside: Vector,
    /// Nothing connects it with the core of its partition.
    pub at_edge: bool,
}

/// Places of all standing nodes. `obstacles` are pinned things that do not stand.
pub(crate) fn stand(mesh: &Mesh<'_>, radii: &[f64], obstacles: &[Disc]) -> Vec<Stand> {
    let mut stands = vec![Stand::default(); radii.len()];
    let mut taken: Vec<Area> = Vec::new();
    for partition in partitions(mesh) {
        let members = &partition.members;
        let usual = usual_offset(mesh, members);
        let shifted: Vec<Disc> = obstacles
            .iter()
            .map(|obstacle| Disc {
                at: obstacle.at - usual,
                ..*obstacle
            })
            .collect();
        let is_new = members.iter().all(|&member| mesh.stood_at(member).is_none());
        let has_pin = members.iter().any(|&member| mesh.device(member).is_pinned());
        let home = |member: usize| {
            mesh.stood_at(member)
                .map(|before| before.at - if before.pinned { usual } else { before.aside })
        };
        let settled = settle(mesh, radii, &partition, home, &shifted);
        let area = settled
            .iter()
            .fold(Area::EMPTY, |area, settled| area.union(Area::of_disc(settled.at, radii[settled.member])));
        let mut offset = usual;
        let collides = |offset: Vector| {
            taken
                .iter()
                .any(|other| area.moved(offset).is_nearer_than(LEAST_PARTITION_GAP_PX, *other))
        };
        if collides(offset) && !has_pin {
            offset = beside(
                area,
                taken
                    .iter()
                    .copied()
                    .chain(obstacles.iter().map(|obstacle| Area::of_disc(obstacle.at, obstacle.radius))),
            );
        }
        taken.push(area.moved(offset));
        // A partition that was never part of another one has no place to return to.
        let aside = if is_new { Vector::ZERO } else { offset };
        for Settled { member, at, at_edge } in settled {
            stands[member] = Stand {
                at: at + offset,
                aside,
                at_edge,
            };
        }
    }
    stands
}

/// The offset that most of the members that are known have; none for a partition without known members.
fn usual_offset(mesh: &Mesh<'_>, members: &[usize]) -> Vector {
    let mut offsets: Vec<Vector> = members
        .iter()
        .filter_map(|&member| mesh.stood_at(member))
        .map(|before| before.aside)
        .collect();
    offsets.sort_by(|one, other| one.x.total_cmp(&other.x).then(one.y.total_cmp(&other.y)));
    let mut usual = (0, Vector::ZERO);
    for run in offsets.chunk_by(|one, other| one == other) {
        if run.len() > usual.0 {
            usual = (run.len(), run[0]);
        }
    }
    usual.1
}

/// The offset that brings an area to the right of all others, at the height that it has, or at their middle where it is far from it.
fn beside(area: Area, taken: impl Iterator<Item = Area>) -> Vector {
    let all = taken.fold(Area::EMPTY, Area::union);
    let level = area.top < all.bottom && all.top < area.bottom;
    let down = if level {
        0.0
    } else {
        f64::midpoint(all.top, all.bottom) - f64::midpoint(area.top, area.bottom)
    };
    Offset::rounded(Vector::new(all.right + PARTITION_GAP_PX - area.left, down)).vector()
}
