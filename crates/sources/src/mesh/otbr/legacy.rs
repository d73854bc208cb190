//! The generations without tasks: one `GET /diagnostics`, which asks all routers by multicast, waits two seconds, and answers with a cache.

use super::run::{Run, statements};
use super::words;
use crate::mesh::way::WayFailure;
use std::collections::BTreeMap;
use weft_model::{Fact, Rloc16, RoutingRole};
use weft_wire::otbr::NodeStatement;

const DIAGNOSTICS: &str = "/diagnostics";

pub(super) async fn run(run: &mut Run<'_>) -> Result<(), WayFailure> {
    // What the last attempt knew tells how many will answer.
    run.tally.named.extend(run.expected.iter().copied().filter(|rloc16| rloc16.is_router()));
    let estimate = run.tally.multicast(None);
    if !run.may_take(estimate) {
        return Err(WayFailure::Failed(
            "The routers were not asked: a question to all of them would have taken more radio time than is allowed at the moment. Weft asks later."
                .to_owned(),
        ));
    }
    run.tally.named.clear();
    let answer = run.get(DIAGNOSTICS, None).await?;
    if !answer.is_success() || answer.json().is_none_or(|body| !body.is_array()) {
        return Err(match answer.status {
            404 | 405 => WayFailure::Unsupported(format!(
                "The border router at {} hands out no network diagnostics (HTTP {}).",
                run.base(),
                answer.status
            )),
            _ => words::not_the_api(run.base(), &answer),
        });
    }
    for statement in fresh(run, statements(&answer)) {
        run.tally.answer(&statement);
    }
    run.tally.airtime = run.tally.airtime.plus(run.tally.multicast(Some(answer.bytes.len())));
    for router in run.tally.silent() {
        let address = run.tally.mesh_local_prefix.map(|prefix| prefix.rloc(router));
        run.silent(address, "no answer among those that the border router has".to_owned()).await?;
    }
    Ok(())
}

/// Answers of routers in the border router's own partition, at most one for each locator. The cache says no times: what is old in it is recognised by a partition that is no
/// more, or by a device that has another locator now. Where two entries claim one locator, it counts once, and which of them is right is left to the evidence.
fn fresh(run: &Run<'_>, statements: Vec<NodeStatement>) -> Vec<NodeStatement> {
    let partition = run.tally.partition;
    // A router id that nobody's Route64 has any more is no router of today.
    let own = statements
        .iter()
        .find(|statement| statement.extended_address.is_some() && statement.extended_address == run.tally.own_address);
    let allocated: Option<Vec<Rloc16>> = own.and_then(|statement| {
        statement.decoded.facts.iter().find_map(|fact| match fact {
            Fact::Route64(table) => Some(table.routers.iter().map(|row| row.router_id.rloc16()).collect()),
            _ => None,
        })
    });
    let mut by_locator: BTreeMap<Rloc16, NodeStatement> = BTreeMap::new();
    for statement in statements {
        let Some(rloc16) = statement.rloc16.filter(|rloc16| rloc16.is_router()) else {
            continue;
        };
        let said = statement.decoded.facts.iter().find_map(|fact| match fact {
            Fact::LeaderData(data) => Some(data.partition_id),
            _ => None,
        });
        let is_ours = partition.is_none() || said == partition;
        let is_allocated = allocated.as_ref().is_none_or(|routers| routers.contains(&rloc16));
        let is_own_and_moved = statement.extended_address == run.tally.own_address && run.tally.own_rloc16.is_some_and(|own| own != rloc16);
        let is_attached = !statement.decoded.facts.contains(&Fact::RoutingRole(RoutingRole::Detached));
        if is_ours && is_allocated && is_attached && !is_own_and_moved {
            by_locator.entry(rloc16).or_insert(statement);
        }
    }
    let mut fresh: Vec<NodeStatement> = by_locator.into_values().collect();
    // Its Route64 says how far away the others are.
    fresh.sort_by_key(|statement| statement.rloc16 != run.tally.own_rloc16);
    fresh
}
