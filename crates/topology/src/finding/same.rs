//! What a person took for one device, and what is heard as two.

use super::{call, finding};
use crate::network::Mesh;
use crate::snapshot::{Finding, Node, Severity};

/// Words that do not hold, because both sides are heard by themselves.
pub(super) fn refuted_words(mesh: &Mesh<'_>, nodes: &[Node], findings: &mut Vec<Finding>) {
    for (left, right, word) in &mesh.words.refuted {
        let node = |index: usize| {
            let id = mesh.node_id(index);
            nodes.iter().find(|node| node.id == id)
        };
        if let (Some(left), Some(right)) = (node(*left), node(*right)) {
            findings.push(not_the_same(left, right, word.stated_at));
        }
    }
}

/// Two nodes that a person took for one.
pub(crate) fn not_the_same(left: &Node, right: &Node, said_at: weft_model::Timestamp) -> Finding {
    finding(
        "not-the-same",
        Severity::Warning,
        vec![left.id.clone(), right.id.clone()],
        format!("{} and {} were said to be one device, and are heard as two", call(left), call(right)),
        format!("A person said so at {said_at}. Both were heard of late, by themselves, so they are shown as two."),
        "Take back that they are the same device.",
    )
}
