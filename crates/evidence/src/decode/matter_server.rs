//! `matter-server-node`: what a Matter server has in its cache, and what of it the device has just told.

use super::{DecodedCapture, Statement, network_of};
use crate::capture::{Capture, MatterServerNode};
use crate::observation::{Hearing, Reporter};
use serde_json::Value;
use sha2::{Digest, Sha256};
use std::collections::BTreeSet;
use weft_model::{AttributePath, CompressedFabricId, Fact, FactKind, MatterPeer};
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
    let network = network_of(said.facts.iter().map(|(_, fact)| fact));
    let fresh = Fresh::of(body);
    let (told, cached): (Vec<_>, Vec<_>) = said.facts.into_iter().partition(|(path, fact)| fresh.has(*path, fact));
    for (facts, hearing) in [(cached, Hearing::Cached), (told, Hearing::Asked)] {
        let statement = Statement::now(capture, reporter.clone(), network, hearing).asked_every(body.interval_seconds);
        statement.say(facts.into_iter().map(|(_, fact)| fact), &said.incomplete, decoded);
    }
}

/// Which attributes the device told for this capture.
struct Fresh<'b> {
    fresh: BTreeSet<&'b str>,
    /// Clusters with an attribute that is only remembered, and the endpoint where.
    remembered: BTreeSet<(u32, u16)>,
}

impl<'b> Fresh<'b> {
    fn of(body: &'b MatterServerNode) -> Self {
        let fresh: BTreeSet<&str> = body.fresh.iter().map(String::as_str).collect();
        let attributes = body.node.get("attributes").and_then(Value::as_object);
        let keys = attributes.into_iter().flat_map(|attributes| attributes.keys());
        let remembered = keys.filter(|key| !fresh.contains(key.as_str())).filter_map(|key| {
            let mut parts = key.split('/');
            let endpoint = parts.next()?.parse().ok()?;
            Some((parts.next()?.parse().ok()?, endpoint))
        });
        Self {
            remembered: remembered.collect(),
            fresh,
        }
    }

    /// True where everything that makes the fact was told: a fact of several attributes is as old as the oldest of them.
    fn has(&self, path: AttributePath, fact: &Fact) -> bool {
        match fact.kind() {
            FactKind::DeviceTypes => !self.fresh.is_empty() && self.remembered.range((path.cluster, 0)..=(path.cluster, u16::MAX)).next().is_none(),
            FactKind::PowerSource => !self.fresh.is_empty() && !self.remembered.contains(&(path.cluster, path.endpoint)),
            _ => self
                .fresh
                .contains(format!("{}/{}/{}", path.endpoint, path.cluster, path.attribute).as_str()),
        }
    }
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::decode::{Decoder, retention_key};
    use serde_json::json;

    #[test]
    fn what_the_device_itself_told_through_a_matter_server_is_dated_and_the_rest_is_not() {
        let capture = |fresh: Value| {
            let attributes = json!({"0/53/1": 5, "0/53/7": [], "0/47/0": 1, "0/47/1": 0, "0/47/12": 180,
                "0/29/0": [{"0": 22, "1": 1}], "0/29/3": []});
            serde_json::from_value::<Capture>(json!({"seq": 1, "at": "2026-11-21T12:00:00Z", "source": "test", "kind": "matter-server-node", "server": "c2637a8b1b1b1b1b", "interval_seconds": 600, "fresh": fresh,
                "node": {"node_id": 4, "attributes": attributes}}))
            .unwrap()
        };
        let asked = |capture: &Capture| -> Vec<FactKind> {
            let decoded = Decoder::new().decode(capture);
            assert_eq!(decoded.problems, []);
            assert!(decoded.observations.iter().all(|observation| observation.interval_seconds == Some(600)));
            let told = decoded.observations.iter().filter(|observation| observation.hearing == Hearing::Asked);
            told.map(|observation| observation.fact.kind()).collect()
        };
        assert_eq!(asked(&capture(json!([]))), []);
        assert_eq!(asked(&capture(json!(["0/53/7", "0/53/99", "no path"]))), [FactKind::NeighborTable]);
        let charge = asked(&capture(json!(["0/47/12", "0/29/0"])));
        assert!(
            !charge.contains(&FactKind::PowerSource) && !charge.contains(&FactKind::DeviceTypes),
            "only a part of what makes them was told: {charge:?}"
        );
        let whole = asked(&capture(json!(["0/47/0", "0/47/1", "0/47/12", "0/29/0", "0/29/3"])));
        assert!(
            whole.contains(&FactKind::PowerSource) && whole.contains(&FactKind::DeviceTypes),
            "{whole:?}"
        );
        assert!(!whole.contains(&FactKind::NeighborTable));
        // Something else than the whole cache: neither makes the other superfluous.
        assert_ne!(retention_key(&capture(json!([]))), retention_key(&capture(json!(["0/53/7"]))));
        assert_ne!(retention_key(&capture(json!(["0/53/1"]))), retention_key(&capture(json!(["0/53/7"]))));
        assert_eq!(retention_key(&capture(json!(["0/53/7"]))), retention_key(&capture(json!(["0/53/7"]))));
    }
}
