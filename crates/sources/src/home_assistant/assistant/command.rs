//! Every message that Weft sends to a Home Assistant after it has been let in.

use serde_json::{Value, json};

/// A command. None changes anything.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Command {
    /// Tell when this registry changes.
    Subscribe(&'static str),
    /// All devices.
    Devices,
    /// All areas.
    Areas,
    /// All entities: some have a room where their device has none.
    Entities,
    /// The stored Thread datasets, without their keys.
    Datasets,
    /// One of them, with its keys.
    Dataset(String),
    /// The OpenThread border routers that it manages, with their datasets.
    BorderRouters,
    /// A sign of life.
    Ping,
}

/// Events that are asked for. Any user may have these.
pub(super) const EVENTS: [&str; 2] = ["device_registry_updated", "area_registry_updated"];

impl Command {
    /// What it is called on the wire.
    pub(super) fn name(&self) -> &'static str {
        match self {
            Self::Subscribe(_) => "subscribe_events",
            Self::Devices => "config/device_registry/list",
            Self::Areas => "config/area_registry/list",
            Self::Entities => "config/entity_registry/list",
            Self::Datasets => "thread/list_datasets",
            Self::Dataset(_) => "thread/get_dataset_tlv",
            Self::BorderRouters => "otbr/info",
            Self::Ping => "ping",
        }
    }

    /// The message.
    pub(super) fn message(&self, id: u64) -> Value {
        let mut message = json!({ "id": id, "type": self.name() });
        match self {
            Self::Subscribe(event) => message["event_type"] = json!(event),
            Self::Dataset(dataset) => message["dataset_id"] = json!(dataset),
            _ => {}
        }
        message
    }
}
