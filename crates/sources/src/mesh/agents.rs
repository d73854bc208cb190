//! Border agents that are announced, as ways.

use super::plan::NEWS_DELAY;
use super::state::{Group, MAX_PATHS, Network, Path, State};
use super::ways::Ways;
use crate::directory::BorderAgent;
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;
use weft_model::{DataPathKind, DataPathState};

/// A way that is no longer announced is remembered for so long: an announcement that flickers brings no attempts of its own.
const REMEMBERED: Duration = Duration::from_secs(60 * 60);
/// From one attempt to the next that announcements bring forward; while the mesh is told of, that would cost radio time for little.
const NEWS_APART: Duration = Duration::from_secs(10);
const NEWS_APART_WHILE_TOLD: Duration = Duration::from_secs(60);

impl State {
    /// Takes over what is announced now. True: something differs.
    pub(super) fn announce(&mut self, agents: &[BorderAgent], ways: &dyn Ways, now: Duration) -> bool {
        let mut has_changed = false;
        let mut present = BTreeSet::new();
        for (id, agent) in identified(agents) {
            present.insert(id.clone());
            has_changed |= self.announce_one(id, agent, ways, now);
        }
        for (id, path) in &mut self.paths {
            let is_gone = match path.kind {
                DataPathKind::BorderAgent => !present.contains(id),
                DataPathKind::Dongle => false,
                DataPathKind::OtbrRest => !path.is_by_hand && path.found_by.as_ref().is_some_and(|by| !present.contains(by)),
            };
            if is_gone && path.is_present {
                path.is_present = false;
                path.absent_since = now;
                path.passcode = None;
                has_changed = true;
            }
        }
        self.paths
            .retain(|_, path| path.is_present || now.saturating_sub(path.absent_since) < REMEMBERED);
        self.regroup(now);
        has_changed
    }

    fn announce_one(&mut self, id: String, agent: &BorderAgent, ways: &dyn Ways, now: Duration) -> bool {
        let network = agent.record.extended_pan_id;
        let has_room = self.paths.len() < MAX_PATHS || self.paths.contains_key(&id);
        if !has_room {
            return false;
        }
        let name = unescaped(&agent.instance);
        let kept = self.kept.paths.get(&id);
        let make = || Path::new(DataPathKind::BorderAgent, name.clone(), ways.agent(agent, &name), kept, now);
        let is_new = !self.paths.contains_key(&id);
        let path = self.paths.entry(id.clone()).or_insert_with(make);
        let standing = (agent.record.partition_id, agent.record.state);
        let is_news = !is_new && path.standing != standing;
        path.standing = standing;
        let was = (path.is_present, path.network, path.active_timestamp, path.network_name.clone());
        let moved = path.addresses != agent.addresses || path.passcode_addresses != agent.passcode_addresses || path.network != network;
        if moved && !is_new {
            path.way = ways.agent(agent, &name);
            // Elsewhere it may answer; where it is, it need not be tried more often for that than anything else.
            if path.addresses != agent.addresses {
                path.not_before = path.not_before.min(now + NEWS_DELAY * (path.failures + 1));
            }
        }
        path.is_present = true;
        path.name = name;
        path.network = network;
        path.network_name.clone_from(&agent.record.network_name);
        path.active_timestamp = agent.record.active_timestamp;
        path.border_agent_id = agent.record.border_agent_id;
        path.extended_address = agent.record.extended_address;
        path.addresses.clone_from(&agent.addresses);
        path.passcode_addresses.clone_from(&agent.passcode_addresses);
        path.product = product(agent);
        let has_changed = is_new || moved || was != (true, network, path.active_timestamp, path.network_name.clone());
        if is_new {
            // A new border router may open what was closed, and brings the mesh's news.
            path.not_before = now + NEWS_DELAY;
            if let Some(known) = network.and_then(|network| self.groups.get_mut(&Group::Network(network)))
                && known.under_way.is_none()
            {
                known.due = known.due.min(now + NEWS_DELAY);
            }
        }
        for rest in self.paths.values_mut().filter(|path| path.found_by.as_ref() == Some(&id)) {
            rest.is_present = true;
        }
        if let Some(network) = network.filter(|_| is_news) {
            self.bring_forward(&Group::Network(network), now);
        }
        has_changed || is_news
    }

    /// A mesh that forms anew is announced otherwise: whoever did not bring it is asked soon, and whoever did, too.
    pub(super) fn bring_forward(&mut self, group: &Group, now: Duration) {
        let is_told_of = self.paths_of(group).any(|(_, path)| path.state == DataPathState::Working);
        let apart = if is_told_of { NEWS_APART_WHILE_TOLD } else { NEWS_APART };
        let Some(network) = self.groups.get_mut(group) else { return };
        let at = network.began_at.map_or(Duration::ZERO, |began| began + apart).max(now + NEWS_DELAY);
        network.due = network.due.min(at);
        for (id, path) in &mut self.paths {
            let waits = matches!(
                path.state,
                DataPathState::Failed | DataPathState::Unsupported | DataPathState::Unreachable
            );
            if waits && Self::group_of(id, path) == *group {
                path.not_before = path.not_before.min(at);
            }
        }
    }

    /// Groups for all ways, and none for nobody.
    pub(super) fn regroup(&mut self, now: Duration) {
        let groups: BTreeSet<Group> = self.paths.iter().map(|(id, path)| Self::group_of(id, path)).collect();
        for group in &groups {
            let frames_per_hour = self.frames_per_hour;
            self.groups.entry(group.clone()).or_insert_with(|| Network::new(frames_per_hour, now));
        }
        // What a network took is remembered for its budget.
        self.groups
            .retain(|group, network| groups.contains(group) || network.under_way.is_some() || network.airtime.last_hour(now).frames > 0);
    }
}

/// A name for each that stays while its addresses change: by its id, else its extended address, else its instance label.
fn identified(agents: &[BorderAgent]) -> BTreeMap<String, &BorderAgent> {
    let mut named = BTreeMap::new();
    for agent in agents {
        let id = agent.record.border_agent_id.map(|id| id.to_string());
        let id = id.or_else(|| agent.record.extended_address.map(|address| address.to_string()));
        let by_label = || format!("agent-{}", slug(&agent.instance));
        let id = id.map_or_else(by_label, |id| format!("agent-{id}"));
        // Some vendors ship one id with all devices.
        let id = if named.contains_key(&id) {
            format!("{id}-{}", slug(&agent.instance))
        } else {
            id
        };
        named.insert(id, agent);
    }
    named
}

/// Letters and digits, for names that travel in addresses.
pub(super) fn slug(text: &str) -> String {
    let mut slug = String::new();
    for character in text.chars().take(80) {
        match character {
            _ if character.is_ascii_alphanumeric() => slug.push(character.to_ascii_lowercase()),
            _ if slug.ends_with('-') => {}
            _ => slug.push('-'),
        }
    }
    slug.trim_matches('-').to_owned()
}

/// A label as people read it: dots and backslashes come with a backslash before them.
fn unescaped(label: &str) -> String {
    let mut text = String::new();
    let mut characters = label.chars();
    while let Some(character) = characters.next() {
        match character {
            '\\' => text.extend(characters.next()),
            _ if character.is_control() => text.push(' '),
            _ => text.push(character),
        }
    }
    text
}

fn product(agent: &BorderAgent) -> Option<String> {
    let parts = [&agent.record.vendor_name, &agent.record.model_name].into_iter().flatten();
    let text = parts.map(String::as_str).collect::<Vec<_>>().join(" ");
    (!text.is_empty()).then_some(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn agent(instance: &str, id: Option<u8>) -> BorderAgent {
        let mut agent = BorderAgent {
            instance: instance.to_owned(),
            ..BorderAgent::default()
        };
        agent.record.border_agent_id = id.map(|id| weft_model::BorderAgentId([id; 16]));
        agent
    }

    #[test]
    fn names_of_ways_can_travel_and_are_never_shared() {
        let agents = [agent("Hall hub", Some(1)), agent("Attic\\. 2nd", None), agent("Cellar", Some(1))];
        let ids: Vec<String> = identified(&agents).into_keys().collect();
        assert_eq!(
            ids,
            [
                "agent-01010101010101010101010101010101",
                "agent-01010101010101010101010101010101-cellar",
                "agent-attic-2nd"
            ]
        );
        assert_eq!(unescaped("Attic\\. 2nd\\\\floor"), "Attic. 2nd\\floor");
        assert_eq!(slug("http://[fd00::1]:8081"), "http-fd00-1-8081");
    }
}
