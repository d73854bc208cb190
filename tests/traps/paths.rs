//! How many ways lead out: what one failure on the way cuts off.

use crate::{NETWORK, assert_read, radio, router};
use weft_tests::{Story, bytes};
use weft_topology::Topology;

/// Routers by router id, and links with the quality in both directions. `silent` routers never answered, `exits` are border routers.
/// Each router has one child.
struct Plan<'p> {
    routers: &'p [u8],
    links: &'p [(u8, u8, u8)],
    exits: &'p [u8],
    silent: &'p [u8],
}

fn address(router: u8) -> String {
    bytes(0x9200_0000_0000_0000 + u64::from(router))
}

fn child_of(router: u8) -> String {
    bytes(0x9300_0000_0000_0000 + u64::from(router))
}

impl Plan<'_> {
    fn topology(&self) -> Topology {
        let mut story = Story::new();
        for &id in self.routers.iter().filter(|id| !self.silent.contains(id)) {
            let routes: Vec<(u8, u8, u8, u8)> = self
                .links
                .iter()
                .filter_map(|&(a, b, quality)| match id {
                    _ if id == a => Some((b, quality, quality, 1)),
                    _ if id == b => Some((a, quality, quality, 1)),
                    _ => None,
                })
                .collect();
            let rloc16 = |child: u16| format!("{:#06x}", (u16::from(id) << 10) | child);
            let said = router(&address(id), &rloc16(0), &routes, &[(&rloc16(1), &child_of(id))]);
            story.rest(0, said);
            if self.exits.contains(&id) {
                let (agent, own) = (format!("{id:032x}"), address(id));
                let txt = [("rv", "31"), ("xp", NETWORK), ("xa", &own), ("sb", "000004b1"), ("id", &agent)];
                story.service(0, "_meshcop._udp.local.", &agent, "br.local.", &[&format!("fd77::{id}")], &txt);
            }
        }
        assert_read(&story);
        story.topology(5)
    }

    #[track_caller]
    fn assert_ways(&self, expected: &[(u8, Option<u8>)]) {
        let topology = self.topology();
        for &(id, ways) in expected {
            assert_eq!(radio(&topology, &address(id)).independent_paths, ways, "router {id}");
            assert_eq!(
                radio(&topology, &child_of(id)).independent_paths,
                ways,
                "the child of {id} has its parent's ways"
            );
        }
    }
}

const DIAMOND: Plan<'_> = Plan {
    routers: &[1, 2, 3, 4, 5],
    links: &[(1, 2, 3), (1, 3, 2), (2, 4, 3), (3, 4, 3), (4, 5, 3)],
    exits: &[1],
    silent: &[],
};

#[test]
fn two_ways_share_no_device() {
    DIAMOND.assert_ways(&[(1, Some(2)), (2, Some(2)), (3, Some(2)), (4, Some(2)), (5, Some(1))]);
}

#[test]
fn a_weak_link_is_no_way() {
    let links = [(1, 2, 3), (1, 3, 1), (2, 4, 3), (3, 4, 3), (4, 5, 1)];
    Plan { links: &links, ..DIAMOND }.assert_ways(&[(2, Some(1)), (3, Some(1)), (4, Some(1)), (5, Some(0))]);
}

#[test]
fn a_border_router_of_its_own_is_a_second_way() {
    // A line with an exit at both ends: everything between has two ways.
    let links = [(1, 2, 3), (2, 3, 3), (3, 4, 3), (4, 5, 3)];
    Plan {
        links: &links,
        exits: &[1, 5],
        ..DIAMOND
    }
    .assert_ways(&[(2, Some(2)), (3, Some(2)), (4, Some(2))]);
    Plan { links: &links, ..DIAMOND }.assert_ways(&[(2, Some(1)), (5, Some(1))]);
    // Two exits beside each other are two, too.
    Plan {
        routers: &[1, 2, 3],
        links: &[(1, 3, 3), (2, 3, 3)],
        exits: &[1, 2],
        silent: &[],
    }
    .assert_ways(&[(3, Some(2))]);
}

#[test]
fn without_a_known_border_router_nothing_is_known() {
    Plan { exits: &[], ..DIAMOND }.assert_ways(&[(1, None), (4, None), (5, None)]);
}

#[test]
fn what_links_two_silent_routers_nobody_could_tell() {
    // 4 and 5 never answered. The link between them is not in the picture; that of 4 with 2 and 3 is, and that of 5 with 2.
    let plan = Plan {
        routers: &[1, 2, 3, 4, 5, 6],
        links: &[(1, 2, 3), (1, 3, 3), (2, 4, 3), (2, 5, 3), (4, 5, 3), (3, 4, 3), (2, 6, 3)],
        exits: &[1],
        silent: &[4, 5],
    };
    let topology = plan.topology();
    let ways = |rloc16: &str| {
        let node = topology
            .nodes()
            .find(|node| node.rloc16.is_some_and(|is| is.to_string() == rloc16))
            .unwrap();
        (node.unheard, node.independent_paths)
    };
    assert_eq!(ways("0x1000"), (true, Some(2)), "two known ways are two ways");
    assert_eq!(ways("0x1400"), (true, None), "one known way, and perhaps a second");
    assert_eq!(ways("0x1800"), (false, Some(1)), "it told all its links");
    // Where only one router is silent, its links are all told by others.
    Plan { silent: &[], ..plan }.assert_ways(&[(5, Some(2))]);
}
