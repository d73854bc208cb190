//! One question to one device, and what becomes of the answer.

use super::Now;
use super::capability::Breadth;
use super::devices::{Periods, Question};
use super::hub::Hub;
use crate::event::CaptureSender;
use std::sync::Arc;
use std::time::Duration;
use weft_evidence::{CaptureBody, FailureCapture, FailureTarget, MatterAttribute, MatterReport};
use weft_matter::{AttributeReport, Controller, OperationError};
use weft_model::{CompressedFabricId, MatterNodeId};
use weft_wire::matter::clusters::THREAD_NETWORK_DIAGNOSTICS;

/// RoutingRole, PartitionId and Rloc16 of the diagnostics: three paths are what every device must take in one subscription (Matter core specification 1.4,
/// 8.5.1). Where one is missing, the count of parent changes tells most of it.
const SUBSCRIBED: [u32; 4] = [0x01, 0x09, 0x40, 0x15];
const SUBSCRIBED_PATHS: usize = 3;
/// Reports come no closer to each other, and at least so often.
const SUBSCRIPTION_SECONDS: (u16, u16) = (1, 600);
/// The same for a device that sleeps.
const SLEEPY_SUBSCRIPTION_SECONDS: (u16, u16) = (1, 3600);

/// Asks a device that is due.
pub(super) async fn poll(hub: Arc<Hub>, controller: Controller, sender: CaptureSender, node: MatterNodeId) {
    let (fabric, mut question) = {
        let now = Now::read();
        let mut state = hub.lock();
        let (Some(fabric), Some(question)) = (state.fabric_id(), state.question(&hub.config, node, now)) else {
            return;
        };
        (fabric, question)
    };
    let (mut reports, mut failure) = read_all(&controller, &question).await;
    if let Some(error) = failure.as_ref().filter(|_| reports.is_empty())
        && let Some(otherwise) = ask_otherwise(&hub, node, error)
    {
        question = otherwise;
        (reports, failure) = read_all(&controller, &question).await;
    }
    let intervals = hub.lock().periods(node);
    let is_ours = matches!(failure, Some(OperationError::Failed(_) | OperationError::Ended));
    {
        let now = Now::read();
        let mut state = hub.lock();
        if let Some(error) = &failure {
            if reports.is_empty() {
                state.failed(&question, error, now);
            } else {
                if let Some(device) = state.devices.get_mut(&node) {
                    device.error = Some(error.to_string());
                }
                if let Some(known) = state.registry.get_mut(node) {
                    // For the next time.
                    known.capability.learn_failure(error);
                }
            }
        }
        if !reports.is_empty() || failure.is_none() {
            state.answered(&question, failure.is_none(), &reports, now);
        }
    }
    hub.wake.notify_one();
    // The failure first: an answer ends what was asked in vain.
    if let Some(error) = failure.filter(|_| !is_ours) {
        let body = CaptureBody::Failure(FailureCapture {
            target: FailureTarget::MatterNode { fabric, node },
            attempt: attempt(question.breadth).to_owned(),
            error: error.to_string(),
        });
        if sender.deliver(body).await.is_err() {
            return;
        }
    }
    let has_answered = !reports.is_empty();
    let dataset = super::datasets::told(&reports);
    for body in captures(fabric, node, intervals, reports) {
        if sender.deliver(body).await.is_err() {
            return;
        }
    }
    if has_answered && question.peer.intervals.long_idle {
        settle_check_ins(&hub, &controller, node).await;
    }
    if let Some(has) = dataset {
        super::datasets::fetch(&hub, &controller, node, has).await;
    }
}

fn attempt(breadth: Breadth) -> &'static str {
    match breadth {
        Breadth::Mesh => "read 0x0035",
        Breadth::Everything => "read all known clusters",
    }
}

/// Reads one after another; what cannot be read of an answer does not keep the rest from being asked for.
async fn read_all(controller: &Controller, question: &Question) -> (Vec<AttributeReport>, Option<OperationError>) {
    if question.peer.addresses.is_empty() {
        return (Vec::new(), Some(OperationError::NoAddress));
    }
    let mut reports = Vec::new();
    let mut failure = None;
    for paths in &question.reads {
        match controller.read(&question.peer, paths, question.within).await {
            Ok(more) => reports.extend(more),
            Err(error) => {
                let may_go_on = matches!(error, OperationError::Garbled(_) | OperationError::Refused(_));
                failure.get_or_insert(error);
                if !may_go_on {
                    break;
                }
            }
        }
    }
    (reports, failure)
}

/// Another form of the question, where the device may take that better.
fn ask_otherwise(hub: &Hub, node: MatterNodeId, error: &OperationError) -> Option<Question> {
    let now = Now::read();
    let mut state = hub.lock();
    let has_learnt = state.registry.get_mut(node)?.capability.learn_failure(error);
    if !has_learnt {
        return None;
    }
    state.keep_soon(now.steady);
    let network = state.registry.get(node)?.network;
    state.schedule.spent(network, now.steady);
    state.question(&hub.config, node, now)
}

/// What a device said, as it is kept: what it is, asked for rarely; then its tables, which have the last word where both say the same.
fn captures(fabric: CompressedFabricId, node: MatterNodeId, intervals: Periods, reports: Vec<AttributeReport>) -> impl Iterator<Item = CaptureBody> {
    let (tables, rest): (Vec<_>, Vec<_>) = reports.into_iter().partition(|report| report.cluster == THREAD_NETWORK_DIAGNOSTICS);
    let parts = [(rest, Some(intervals.everything)), (tables, intervals.mesh)];
    let body = move |(reports, interval): (Vec<AttributeReport>, Option<Duration>)| {
        CaptureBody::MatterReport(MatterReport {
            fabric,
            node,
            attributes: reports.into_iter().map(attribute).collect(),
            interval_seconds: interval.and_then(|interval| u32::try_from(interval.as_secs()).ok()),
        })
    };
    parts.into_iter().filter(|(reports, _)| !reports.is_empty()).map(body)
}

fn attribute(report: AttributeReport) -> MatterAttribute {
    MatterAttribute {
        endpoint: report.endpoint,
        cluster: report.cluster,
        attribute: report.attribute,
        tlv: report.value.as_ref().ok().map(|tlv| hexadecimal(tlv)),
        status: report.value.err(),
    }
}

fn hexadecimal(bytes: &[u8]) -> String {
    let digit = |nibble: u8| char::from(b"0123456789abcdef"[usize::from(nibble & 15)]);
    bytes.iter().flat_map(|byte| [digit(byte >> 4), digit(*byte)]).collect()
}

/// Has a device tell of changes by itself.
pub(super) async fn subscribe(hub: Arc<Hub>, controller: Controller, sender: CaptureSender, node: MatterNodeId) {
    let Some((fabric, question, paths)) = ({
        let now = Now::read();
        let mut state = hub.lock();
        let paths = state.registry.get(node).map(|known| known.capability.diagnostics(&SUBSCRIBED));
        let question = state.question(&hub.config, node, now);
        state
            .fabric_id()
            .zip(question)
            .zip(paths)
            .map(|((fabric, question), paths)| (fabric, question, paths))
    }) else {
        return;
    };
    let paths = &paths[..paths.len().min(SUBSCRIBED_PATHS)];
    let agreed = if paths.is_empty() || question.peer.addresses.is_empty() {
        Err(OperationError::NoAddress)
    } else {
        let seconds = if question.peer.intervals.is_sleepy() {
            SLEEPY_SUBSCRIPTION_SECONDS
        } else {
            SUBSCRIPTION_SECONDS
        };
        controller.subscribe(&question.peer, paths, seconds, question.within).await
    };
    let (reports, intervals) = {
        let now = Now::read();
        let mut state = hub.lock();
        let reports = match agreed {
            Ok(agreed) if !state.subscriptions.is_asking(node) => {
                // Meanwhile it was paused, or we are leaving: with the session the subscription ends.
                controller.forget(node);
                agreed.attributes
            }
            Ok(agreed) => {
                let within = Duration::from_secs(agreed.max_interval_seconds.into());
                state.subscriptions.stands(node, agreed.subscription, within, now.steady);
                state.hear(node, &agreed.attributes, now);
                state.touch();
                agreed.attributes
            }
            Err(error) => {
                tracing::debug!(%node, %error, "no subscription");
                state.subscriptions.failed(node, now.steady);
                Vec::new()
            }
        };
        (reports, state.periods(node))
    };
    hub.wake.notify_one();
    for body in captures(fabric, node, intervals, reports) {
        let _ = sender.deliver(body).await;
    }
}

/// A device told of a change by itself.
pub(super) async fn reported(hub: &Hub, sender: &CaptureSender, node: MatterNodeId, subscription: u32, reports: Vec<AttributeReport>) {
    let (fabric, intervals) = {
        let now = Now::read();
        let mut state = hub.lock();
        if !state.reported(node, subscription, &reports, now) {
            return;
        }
        (state.fabric_id(), state.periods(node))
    };
    hub.wake.notify_one();
    let Some(fabric) = fabric else { return };
    for body in captures(fabric, node, intervals, reports) {
        let _ = sender.deliver(body).await;
    }
}

/// Registers with a long-idle device while it listens, or takes that back, as the user decided.
pub(super) async fn settle_check_ins(hub: &Arc<Hub>, controller: &Controller, node: MatterNodeId) {
    let Some((peer, wants)) = ({
        let state = hub.lock();
        let known = state.registry.get(node).map(|known| (known.check_in, known.check_in_registered));
        known
            .filter(|(wants, has)| wants != has)
            .and_then(|(wants, _)| Some((state.peer(&hub.config, node)?, wants)))
    }) else {
        return;
    };
    let within = super::devices::within(peer.intervals);
    let result = if wants {
        controller.register_check_in(&peer, within).await
    } else {
        controller.unregister_check_in(&peer, within).await
    };
    match result {
        Ok(()) => {
            {
                let mut state = hub.lock();
                if let Some(known) = state.registry.get_mut(node) {
                    known.check_in_registered = wants;
                }
                state.keep_now();
                state.touch();
            }
            let _ = hub.keep_aside().await;
        }
        Err(error) => {
            tracing::info!(%node, %error, wants, "check-ins of a long-idle device could not be settled; it is tried again when it next answers")
        }
    }
    hub.wake.notify_one();
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_capture_has_values_and_statuses_as_they_came() {
        let report = |cluster, attribute, value| AttributeReport {
            endpoint: 0,
            cluster,
            attribute,
            value,
        };
        let reports = vec![
            // RoutingRole: router; Rloc16: unsupported attribute; SoftwareVersion 2.
            report(THREAD_NETWORK_DIAGNOSTICS, 0x01, Ok(vec![0x04, 0x05])),
            report(THREAD_NETWORK_DIAGNOSTICS, 0x40, Err(0x86)),
            report(0x28, 0x09, Ok(vec![0x04, 0x02])),
        ];
        let intervals = Periods {
            mesh: Some(Duration::from_secs(600)),
            everything: Duration::from_secs(3600),
        };
        let bodies: Vec<serde_json::Value> = captures(CompressedFabricId([1; 8]), MatterNodeId::from_u64(7), intervals, reports)
            .map(|body| serde_json::to_value(&body).unwrap())
            .collect();
        assert_eq!(
            bodies[0]["attributes"],
            serde_json::json!([{ "endpoint": 0, "cluster": 40, "attribute": 9, "tlv": "0402" }])
        );
        assert_eq!(
            bodies[1]["attributes"],
            serde_json::json!([
                { "endpoint": 0, "cluster": 53, "attribute": 1, "tlv": "0405" },
                { "endpoint": 0, "cluster": 53, "attribute": 64, "status": 134 }
            ])
        );
        assert_eq!(
            (&bodies[0]["interval_seconds"], &bodies[1]["interval_seconds"]),
            (&3600.into(), &600.into())
        );
        assert_eq!(bodies.len(), 2);
    }
}
