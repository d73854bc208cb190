//! Datasets of paired border routers: asked for once, and again when the network has a newer one. They go to whoever keeps credentials, never into captures.

use super::hub::Hub;
use std::fmt;
use std::sync::Arc;
use weft_matter::{AttributeReport, Controller, OperationError};
use weft_model::MatterNodeId;
use weft_wire::matter::clusters::THREAD_BORDER_ROUTER_MANAGEMENT;

/// Attribute ActiveDatasetTimestamp: null where there is no dataset.
const ACTIVE_DATASET_TIMESTAMP: u32 = 0x04;
/// Null with an anonymous tag.
const NULL: [u8; 1] = [0x14];

/// Takes the MeshCoP TLVs of a dataset, keys included, and the name of the border router that gave them.
#[derive(Clone)]
pub struct DatasetTaker(Arc<Take>);

type Take = dyn Fn(&[u8], &str) + Send + Sync;

impl DatasetTaker {
    /// Hands each dataset to `take`.
    pub fn new(take: impl Fn(&[u8], &str) + Send + Sync + 'static) -> Self {
        Self(Arc::new(take))
    }
}

impl fmt::Debug for DatasetTaker {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("DatasetTaker")
    }
}

/// Which dataset a border router has: the endpoint that tells, and the timestamp as it came.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Has {
    endpoint: u16,
    timestamp: Vec<u8>,
}

/// The dataset that a device says to have; `None` of one that is no border router.
pub(super) fn told(reports: &[AttributeReport]) -> Option<Has> {
    let report = reports
        .iter()
        .find(|report| (report.cluster, report.attribute) == (THREAD_BORDER_ROUTER_MANAGEMENT, ACTIVE_DATASET_TIMESTAMP))?;
    let timestamp = report.value.as_ref().ok().filter(|value| **value != NULL)?;
    Some(Has {
        endpoint: report.endpoint,
        timestamp: timestamp.clone(),
    })
}

/// Fetches a dataset, unless it was asked for in this run already.
pub(super) async fn fetch(hub: &Hub, controller: &Controller, node: MatterNodeId, has: Has) {
    let Some(taker) = &hub.config.datasets else { return };
    let (peer, name) = {
        let mut state = hub.lock();
        let is_paused = state.settings.paused;
        let Some(device) = state.devices.get_mut(&node) else { return };
        if is_paused || device.is_leaving || device.dataset_asked.as_ref() == Some(&has) {
            return;
        }
        device.dataset_asked = Some(has.clone());
        let Some(peer) = state.peer(&hub.config, node) else { return };
        let known = state.registry.get(node).and_then(super::registry::Node::name);
        (peer, known.unwrap_or_else(|| node.to_string()))
    };
    let within = super::devices::within(peer.intervals);
    match controller.active_dataset(&peer, has.endpoint, within).await {
        Ok(dataset) => (taker.0)(&dataset, &name),
        Err(error) => {
            tracing::info!(%node, %error, "a border router did not hand out its dataset");
            // One that refuses does so until something changes; one that was not reached is asked when it next answers.
            if !matches!(error, OperationError::Refused(_) | OperationError::Garbled(_))
                && let Some(device) = hub.lock().devices.get_mut(&node)
            {
                device.dataset_asked = None;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn report(cluster: u32, value: Result<Vec<u8>, u8>) -> AttributeReport {
        AttributeReport {
            endpoint: 2,
            cluster,
            attribute: ACTIVE_DATASET_TIMESTAMP,
            value,
        }
    }

    #[test]
    fn only_a_border_router_with_a_dataset_is_asked() {
        let timestamp = vec![0x06, 0x00, 0x00, 0x01, 0x00];
        let has = told(&[
            report(0x35, Ok(vec![0x04, 1])),
            report(THREAD_BORDER_ROUTER_MANAGEMENT, Ok(timestamp.clone())),
        ]);
        assert_eq!(has, Some(Has { endpoint: 2, timestamp }));
        for reports in [
            vec![],
            vec![report(0x35, Ok(vec![0x04, 1]))],
            vec![report(THREAD_BORDER_ROUTER_MANAGEMENT, Ok(NULL.to_vec()))],
            vec![report(THREAD_BORDER_ROUTER_MANAGEMENT, Err(0x86))],
        ] {
            assert_eq!(told(&reports), None);
        }
    }
}
