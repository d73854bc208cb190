//! What is kept of the servers from one run to the next: addresses and tokens, sealed.

use crate::sealed::Safe;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use weft_model::Refusal;
use zeroize::Zeroizing;

/// Name of the list in the safe.
const SERVERS: &str = "servers";
/// Name of what Home Assistants said, so that a restart repeats nothing.
const SAID: &str = "home-assistant-said";
/// Servers at most.
pub(super) const MAX_SERVERS: usize = 32;
/// Devices of which is remembered what a Home Assistant said.
const MAX_SAID: usize = 1000;

/// A server that a person named.
#[derive(Clone)]
pub(super) enum Kept {
    /// A Matter server.
    MatterServer,
    /// A Home Assistant.
    HomeAssistant {
        /// Its long-lived access token.
        token: Zeroizing<String>,
        /// The person removed the Matter server that was found beside it.
        alone: bool,
    },
}

/// One line of the list. It has no `Debug`, and is overwritten when dropped.
#[derive(Serialize, Deserialize)]
struct Line {
    address: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    token: Option<Zeroizing<String>>,
    #[serde(default)]
    alone: bool,
}

/// The list by address.
pub(super) type List = BTreeMap<String, Kept>;

/// Reads the list. What cannot be read is told; the list is then empty.
pub(super) fn read(safe: &Safe) -> (List, Option<String>) {
    let text = match safe.read(SERVERS) {
        Ok(Some(text)) => text,
        Ok(None) => return (List::new(), None),
        Err(error) => return (List::new(), Some(error.to_string())),
    };
    let Ok(lines) = serde_json::from_slice::<Vec<Line>>(&text) else {
        let error = "the list of servers cannot be understood: enter the servers anew".to_owned();
        return (List::new(), Some(error));
    };
    let list = lines.into_iter().take(MAX_SERVERS).map(|line| {
        let kept = match line.token {
            Some(token) => Kept::HomeAssistant { token, alone: line.alone },
            None => Kept::MatterServer,
        };
        (line.address, kept)
    });
    (list.collect(), None)
}

/// Writes the list.
///
/// # Errors
/// Where that fails.
pub(super) fn write(safe: &Safe, list: &List) -> Result<(), Refusal> {
    let failed = |error: &dyn std::fmt::Display| Refusal::Failed(format!("the list of servers cannot be kept: {error}"));
    if list.is_empty() {
        return safe.remove(SERVERS).map_err(|error| failed(&error));
    }
    let lines: Vec<Line> = list
        .iter()
        .map(|(address, kept)| match kept {
            Kept::MatterServer => Line {
                address: address.clone(),
                token: None,
                alone: false,
            },
            Kept::HomeAssistant { token, alone } => Line {
                address: address.clone(),
                token: Some(token.clone()),
                alone: *alone,
            },
        })
        .collect();
    let text = Zeroizing::new(serde_json::to_vec(&lines).map_err(|error| failed(&error))?);
    safe.write(SERVERS, &text).map_err(|error| failed(&error))
}

/// Name and room as a Home Assistant last gave them, by the device's operational instance name.
pub(super) type Said = BTreeMap<String, (Option<String>, Option<String>)>;

/// Reads what was said; nothing where that fails: then it is said again.
pub(super) fn read_said(safe: &Safe) -> Said {
    let text = safe.read(SAID).ok().flatten();
    text.and_then(|text| serde_json::from_slice(&text).ok()).unwrap_or_default()
}

/// Keeps what was said.
pub(super) fn write_said(safe: &Safe, said: &Said) {
    let some: BTreeMap<_, _> = said.iter().take(MAX_SAID).collect();
    let written = serde_json::to_vec(&some).map_err(|error| error.to_string());
    let written = written.and_then(|text| safe.write(SAID, &text).map_err(|error| error.to_string()));
    if let Err(error) = written {
        tracing::warn!(error, "what Home Assistant said cannot be kept; after a restart it is said again");
    }
}
