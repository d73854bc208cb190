//! `annotation`: what people and companion apps say.

use super::{DecodedCapture, Statement};
use crate::{Capture, Hearing, Reporter};
use std::fmt::Write;
use std::sync::Arc;
use weft_model::{Annotation, AnnotationTarget, Fact};
use weft_wire::Problem;

pub(super) fn decode(capture: &Capture, annotation: &Annotation, decoded: &mut DecodedCapture) {
    let target = canonical(&annotation.identify);
    if target.is_empty() {
        decoded.problem(Problem::of("identify", "names no device and no finding"));
        return;
    }
    let reporter = Reporter::Person { target: Arc::from(target) };
    Statement::now(capture, reporter, None, Hearing::Person).say([Fact::Annotation(Box::new(annotation.clone()))], &[], decoded);
}

/// The device in one spelling: every name that is given, in a fixed order. Empty where none is.
pub(super) fn canonical(target: &AnnotationTarget) -> String {
    let mut text = String::new();
    let mut name = |key: &str, value: Option<String>| {
        if let Some(value) = value {
            let separator = if text.is_empty() { "" } else { " " };
            let _ = write!(text, "{separator}{key}={value}"); // writing to a String cannot fail
        }
    };
    name("extended_address", target.extended_address.map(|address| address.to_string()));
    name("matter", target.matter.map(|peer| peer.to_string()));
    name("hap_id", target.hap_id.as_ref().map(|id| id.to_ascii_uppercase()));
    name("address", target.address.map(|address| address.to_string()));
    name("node", target.node.clone());
    name("finding", target.finding.clone());
    text
}
