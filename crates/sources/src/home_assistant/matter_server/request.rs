//! Every message that Weft sends to a Matter server.

use super::adoption::WINDOW;
use serde_json::{Value, json};
use weft_wire::matter::clusters::THREAD_NETWORK_DIAGNOSTICS;

/// A question. Only the last one changes anything, and only a person has it asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Request {
    /// All nodes now, and what changes from now on.
    Listen,
    /// The border routers that the server heard of by mDNS (matterjs-server, schema 12): costs no radio.
    BorderRouters,
    /// The Thread diagnostics of a node, anew.
    Read {
        /// Which.
        node: u64,
        /// Where they are on it.
        endpoint: u16,
    },
    /// A commissioning window on a node.
    OpenWindow {
        /// Which.
        node: u64,
    },
}

impl Request {
    /// The message.
    pub(super) fn message(self, id: u64) -> Value {
        let (command, args) = match self {
            Self::Listen => ("start_listening", json!({})),
            Self::BorderRouters => ("get_thread_border_routers", json!({})),
            Self::Read { node, endpoint } => (
                "read_attribute",
                json!({ "node_id": node, "attribute_path": format!("{endpoint}/{THREAD_NETWORK_DIAGNOSTICS}/*") }),
            ),
            Self::OpenWindow { node } => ("open_commissioning_window", json!({ "node_id": node, "timeout": WINDOW.as_secs() })),
        };
        json!({ "message_id": id.to_string(), "command": command, "args": args })
    }
}
