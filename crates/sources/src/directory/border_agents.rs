//! Border agents: what `_meshcop._udp` and `_meshcop-e._udp` announce.

use super::{Entry, MAX_BORDER_AGENTS, ServiceDirectory, set};
use std::collections::BTreeMap;
use std::net::SocketAddr;
use weft_model::BorderAgentRecord;

/// A border router's border agent, as announced now.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct BorderAgent {
    /// Instance label: the border router's name.
    pub instance: String,
    /// Host name, as it came.
    pub host: Option<String>,
    /// Where it lets commissioners in, the best address first. Empty where only a passcode is waited for.
    pub addresses: Vec<SocketAddr>,
    /// Where it waits for a one-time passcode; empty where it waits for none.
    pub passcode_addresses: Vec<SocketAddr>,
    /// What its TXT record says.
    pub record: BorderAgentRecord,
}

/// One of its two services.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum AgentService {
    /// `_meshcop._udp`.
    Lasting,
    /// `_meshcop-e._udp`.
    Passcode,
}

/// An instance of one service.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct AnnouncedAgent {
    pub(crate) host: Option<String>,
    pub(crate) addresses: Vec<SocketAddr>,
    pub(crate) record: BorderAgentRecord,
}

pub(super) type Agents = BTreeMap<(String, AgentService), Entry<AnnouncedAgent>>;

impl ServiceDirectory {
    /// Border agents that are announced now, by instance label.
    pub fn border_agents(&self) -> Vec<BorderAgent> {
        let mut agents: BTreeMap<String, BorderAgent> = BTreeMap::new();
        for ((instance, service), entry) in &self.entries().agents {
            let agent = agents.entry(instance.clone()).or_default();
            agent.instance.clone_from(instance);
            let AnnouncedAgent { host, addresses, record } = entry.value.clone();
            match service {
                // It comes first. The record of a passcode's service is empty.
                AgentService::Lasting => (agent.host, agent.addresses, agent.record) = (host, addresses, record),
                AgentService::Passcode => {
                    agent.host = agent.host.take().or(host);
                    agent.passcode_addresses = addresses;
                }
            }
        }
        agents.into_values().collect()
    }

    /// An instance was resolved; `None`: withdrawn.
    pub(crate) fn set_border_agent(&self, instance: &str, service: AgentService, announced: Option<AnnouncedAgent>) {
        let key = (instance.to_owned(), service);
        let mut entries = self.entries();
        if entries.agents.len() >= MAX_BORDER_AGENTS && announced.is_some() && !entries.agents.contains_key(&key) {
            return;
        }
        let mut revision = entries.revision;
        let has_changed = set(&mut entries.agents, key, announced, &mut revision);
        entries.revision = revision;
        drop(entries);
        self.tell(has_changed.then_some(revision));
    }
}
