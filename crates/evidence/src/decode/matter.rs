//! `matter-report`: attributes that a Matter node reported to our own fabric.

use super::{DecodedCapture, Statement, network_of};
use crate::capture::{Capture, MatterReport};
use crate::hex;
use crate::observation::{Hearing, Reporter};
use weft_model::{AttributePath, MatterPeer};
use weft_wire::Problem;
use weft_wire::matter::{Answer, decode_report};

pub(super) fn decode(capture: &Capture, report: &MatterReport, decoded: &mut DecodedCapture) {
    let mut values: Vec<(AttributePath, Vec<u8>)> = Vec::new();
    let mut statuses: Vec<(AttributePath, u8)> = Vec::new();
    for attribute in &report.attributes {
        let path = AttributePath {
            endpoint: attribute.endpoint,
            cluster: attribute.cluster,
            attribute: attribute.attribute,
        };
        let told = |reason: &'static str| Problem::of(format!("{}/{:#06x}/{:#06x}", path.endpoint, path.cluster, path.attribute), reason);
        match (&attribute.tlv, attribute.status) {
            (Some(tlv), _) => match hex::decode(tlv) {
                Some(bytes) => values.push((path, bytes)),
                None => decoded.problem(told("the value is not in hexadecimal digits")),
            },
            (None, Some(status)) => statuses.push((path, status)),
            (None, None) => decoded.problem(told("neither a value nor a status")),
        }
    }
    let answers = values.iter().map(|(path, tlv)| (*path, Answer::Value(tlv)));
    let refusals = statuses.iter().map(|(path, status)| (*path, Answer::Status(*status)));
    let said = decode_report(answers.chain(refusals));
    let reporter = Reporter::Matter(MatterPeer {
        fabric: report.fabric,
        node: report.node,
    });
    let statement = Statement::now(capture, reporter, network_of(&said.facts), Hearing::Asked).asked_every(report.interval_seconds);
    decoded.problems.extend(said.problems);
    statement.say(said.facts, &said.incomplete, decoded);
}
