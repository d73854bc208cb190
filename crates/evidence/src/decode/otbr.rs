//! `otbr-rest`: answers of a border router's HTTP API.

use super::{DecodedCapture, Statement, by_locator, rest_base};
use crate::capture::{Capture, OtbrRestCapture};
use crate::observation::{Hearing, Reporter};
use weft_wire::Problem;
use weft_wire::otbr::{Subject, decode_body};

pub(super) fn decode(capture: &Capture, body: &OtbrRestCapture, decoded: &mut DecodedCapture) {
    // What was sent to change something is answered with what was sent, not with what is.
    if !body.method.eq_ignore_ascii_case("GET") {
        return;
    }
    let answer = decode_body(&body.path, &body.body);
    decoded.problems.extend(answer.problems);
    if !(200..300).contains(&body.status) {
        decoded.problem(Problem::of(
            "status",
            format!("the border router answered with HTTP status {}", body.status),
        ));
        return;
    }
    for node in answer.nodes {
        let reporter = match (node.subject, node.extended_address, node.rloc16) {
            (_, Some(extended_address), _) => Reporter::Radio { extended_address },
            (Subject::BorderRouter, None, _) => Reporter::Rest { base: rest_base(&body.base) },
            (Subject::Device, None, Some(rloc16)) => by_locator(rloc16, node.extended_pan_id),
            (Subject::Device, None, None) => {
                decoded.problem(Problem::of("item", "names no device"));
                continue;
            }
        };
        let statement = Statement::now(capture, reporter, node.extended_pan_id, Hearing::Asked).stated_at(node.created);
        decoded.problems.extend(node.decoded.problems);
        statement.say(node.decoded.facts, &node.decoded.incomplete, decoded);
    }
}

/// True for the paths whose answers are about the border router itself: `/node` and what lies below it, `/api/node`.
pub(crate) fn is_border_router_path(path: &str) -> bool {
    let path = path.split(['?', '#']).next().unwrap_or_default();
    let mut segments = path.split('/').filter(|segment| !segment.is_empty());
    match segments.next() {
        Some("node") => true,
        Some("api") => segments.next() == Some("node"),
        _ => false,
    }
}
