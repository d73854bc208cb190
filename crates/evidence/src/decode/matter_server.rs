//! `matter-server-node`: what a Matter server has in its cache.

use super::{DecodedCapture, Statement, network_of};
use crate::capture::{Capture, MatterServerNode};
use crate::observation::{Hearing, Reporter};
use sha2::{Digest, Sha256};
use weft_model::{CompressedFabricId, MatterPeer};
use weft_wire::Problem;
use weft_wire::matter::decode_node;

pub(super) fn decode(capture: &Capture, body: &MatterServerNode, decoded: &mut DecodedCapture) {
    let said = decode_node(&body.node);
    decoded.problems.extend(said.problems);
    let Some(node) = said.node else {
        decoded.problem(Problem::of("node_id", "without it nobody knows whose attributes these are"));
        return;
    };
    let reporter = Reporter::Matter(MatterPeer {
        fabric: fabric_of(&body.server),
        node,
    });
    let facts: Vec<_> = said.facts.into_iter().map(|(_, fact)| fact).collect();
    let statement = Statement::now(capture, reporter, network_of(&facts), Hearing::Cached);
    statement.say(facts, &said.incomplete, decoded);
}

/// The fabric that a server's nodes are on. Where the server did not tell it, its name stands for it: the first eight bytes of its SHA-256.
pub(super) fn fabric_of(server: &str) -> CompressedFabricId {
    let is_fabric = server.len() == 16 && server.bytes().all(|byte| byte.is_ascii_hexdigit());
    if let (true, Ok(fabric)) = (is_fabric, server.parse()) {
        return fabric;
    }
    let mut fabric = CompressedFabricId([0; 8]);
    fabric.0.copy_from_slice(&Sha256::digest(server.as_bytes())[..8]);
    fabric
}
