//! What a Matter server said of its nodes, put together: pure. Each node is kept as the server gives it, less the attributes that say nothing about a mesh.
//! It is told whole at first and now and then; in between, what is news of it: soon where it is about the mesh, in groups where it is not. What the device
//! itself told, by a reading or a report, is told apart from what the server remembers.

use crate::schedule::Kind;
use serde_json::{Map, Value};
use std::collections::{BTreeMap, BTreeSet};
use std::hash::{DefaultHasher, Hash, Hasher};
use std::time::Duration;
use weft_model::{AttributePath, ExtendedPanId};
use weft_wire::matter::clusters::{DESCRIPTOR, POWER_SOURCE, THREAD_NETWORK_DIAGNOSTICS};
use weft_wire::matter::is_known_cluster;
use weft_wire::matter::server::MAX_ATTRIBUTES;

/// Nodes of one server.
pub(super) const MAX_NODES: usize = 2000;
/// The largest node that is told, in JSON. A router with full tables takes 10 kB.
const MAX_NODE_BYTES: usize = 1 << 20;
/// Text members beside the attributes.
const MAX_TEXT_BYTES: usize = 200;
/// From a change of the mesh to its telling: a moving child changes several attributes.
const MESH_DELAY: Duration = Duration::from_secs(2);
/// Between two tellings of one node.
const MESH_APART: Duration = Duration::from_secs(10);
/// The same for what changes of other clusters: a battery, an uptime.
const OTHER_DELAY: Duration = Duration::from_secs(60);
/// All of a node is told again after this time, for recordings that began later.
const WHOLE_APART: Duration = Duration::from_secs(6 * 60 * 60);

/// ICD Management (Matter core specification 1.4, 9.16): attributes that say how a device sleeps.
const ICD_MANAGEMENT: u32 = 0x46;
const IDLE_MODE_DURATION: u32 = 0;
const OPERATING_MODE: u32 = 6;
const LONG_IDLE: u64 = 1;
/// Attributes of the Thread diagnostics.
const ROUTING_ROLE: u32 = 1;
const EXTENDED_PAN_ID: u32 = 4;

/// All nodes of one server.
#[derive(Default)]
pub(super) struct Nodes {
    nodes: BTreeMap<u64, Node>,
    /// Nodes and attributes that were too many or too large.
    pub(super) left_out: u32,
}

struct Node {
    members: Map<String, Value>,
    attributes: Map<String, Value>,
    idle_seconds: u32,
    is_long_idle: bool,
    /// Attributes whose values differ from what was last told.
    changed: BTreeSet<String>,
    /// Attributes that the device itself told since then.
    fresh: BTreeSet<String>,
    /// What was last told beside the attributes.
    told_members: Option<u64>,
    told_at: Option<Duration>,
    told_whole_at: Option<Duration>,
    due: Option<Duration>,
}

/// A node that is to be told.
pub(super) struct Telling {
    /// Its id.
    pub(super) id: u64,
    /// The node object, with all attributes or those that are news.
    pub(super) object: Value,
    /// Keys of those that the device itself told since the last telling.
    pub(super) fresh: Vec<String>,
}

/// A node on Thread, as far as it decides when it may be asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct OnThread {
    /// Where its Thread diagnostics are.
    pub(super) endpoint: u16,
    /// Its network.
    pub(super) network: Option<ExtendedPanId>,
    /// How often it may be asked.
    pub(super) kind: Kind,
}

impl Nodes {
    /// A whole node object; its id, where it has one.
    pub(super) fn replace(&mut self, object: Value, now: Duration) -> Option<u64> {
        let Value::Object(mut members) = object else { return None };
        let id = members.get("node_id")?.as_u64()?;
        if !self.nodes.contains_key(&id) && self.nodes.len() >= MAX_NODES {
            self.left_out += 1;
            return None;
        }
        let all = match members.remove("attributes") {
            Some(Value::Object(attributes)) => attributes,
            _ => Map::new(),
        };
        members.retain(|_, value| match value {
            Value::String(text) => text.len() <= MAX_TEXT_BYTES,
            Value::Array(_) | Value::Object(_) => false,
            _ => true,
        });
        let mut node = Node {
            members,
            attributes: Map::new(),
            idle_seconds: 0,
            is_long_idle: false,
            changed: BTreeSet::new(),
            fresh: BTreeSet::new(),
            told_members: None,
            told_at: None,
            told_whole_at: None,
            due: Some(now),
        };
        for (key, value) in all {
            node.learn_sleep(&key, &value);
            if !is_of_mesh(&key) {
                continue;
            }
            if node.attributes.len() >= MAX_ATTRIBUTES {
                self.left_out += 1;
                continue;
            }
            node.attributes.insert(key, value);
        }
        if let Some(former) = self.nodes.remove(&id) {
            node.follow(former);
        }
        self.nodes.insert(id, node);
        Some(id)
    }

    /// One attribute changed. True where that is about sleep, role or network: it may be asked at other times then.
    pub(super) fn update(&mut self, id: u64, key: &str, value: Value, now: Duration) -> bool {
        let Some(node) = self.nodes.get_mut(&id) else { return false };
        let sleeps_otherwise = node.learn_sleep(key, &value);
        let Some(path) = parse_path(key).filter(|path| is_known_cluster(path.cluster)) else {
            return sleeps_otherwise;
        };
        if node.attributes.get(key) == Some(&value) {
            return sleeps_otherwise;
        }
        if !node.attributes.contains_key(key) && node.attributes.len() >= MAX_ATTRIBUTES {
            self.left_out += 1;
            return sleeps_otherwise;
        }
        node.attributes.insert(key.to_owned(), value);
        node.changed.insert(key.to_owned());
        node.fresh.insert(key.to_owned());
        let is_mesh = path.cluster == THREAD_NETWORK_DIAGNOSTICS;
        let due = if is_mesh {
            let apart = node.told_at.map_or(Duration::ZERO, |at| at.saturating_add(MESH_APART));
            (now + MESH_DELAY).max(apart)
        } else {
            now + OTHER_DELAY
        };
        node.due = Some(node.due.map_or(due, |planned| planned.min(due)));
        sleeps_otherwise || (is_mesh && matches!(path.attribute, ROUTING_ROLE | EXTENDED_PAN_ID))
    }

    /// The answer to a reading: told at once, changed or not, for somebody asked.
    pub(super) fn merge(&mut self, id: u64, answer: Map<String, Value>, now: Duration) {
        for (key, value) in answer {
            self.update(id, &key, value, now);
            if let Some(node) = self.nodes.get_mut(&id)
                && node.attributes.contains_key(&key)
            {
                node.fresh.insert(key);
            }
        }
        if let Some(node) = self.nodes.get_mut(&id) {
            node.due = Some(now);
        }
    }

    /// The server has it no more.
    pub(super) fn remove(&mut self, id: u64) {
        self.nodes.remove(&id);
    }

    /// Forgets nodes that are not among these.
    pub(super) fn retain(&mut self, ids: &[u64]) {
        self.nodes.retain(|id, _| ids.contains(id));
    }

    /// Nodes that are due to be told, as far as there is news of them.
    pub(super) fn take_due(&mut self, now: Duration) -> Vec<Telling> {
        let mut due = Vec::new();
        for (id, node) in &mut self.nodes {
            if node.due.is_none_or(|at| at > now) {
                continue;
            }
            node.due = None;
            let Some(object) = node.news(now) else { continue };
            let fresh = std::mem::take(&mut node.fresh).into_iter().collect();
            if object.to_string().len() > MAX_NODE_BYTES {
                self.left_out += 1;
                continue;
            }
            node.told_at = Some(now);
            due.push(Telling { id: *id, object, fresh });
        }
        due
    }

    /// When the next one is due.
    pub(super) fn next_due(&self) -> Option<Duration> {
        self.nodes.values().filter_map(|node| node.due).min()
    }

    /// Ids and whether the server reaches them.
    pub(super) fn availability(&self) -> BTreeMap<u64, bool> {
        let is_available = |node: &Node| node.members.get("available") == Some(&Value::Bool(true));
        self.nodes.iter().map(|(id, node)| (*id, is_available(node))).collect()
    }

    /// What the schedule wants to know of a node; `None` where it has no Thread diagnostics.
    pub(super) fn on_thread(&self, id: u64) -> Option<OnThread> {
        let node = self.nodes.get(&id)?;
        let paths = node.attributes.keys().filter_map(|key| parse_path(key));
        let endpoint = paths
            .filter(|path| path.cluster == THREAD_NETWORK_DIAGNOSTICS)
            .map(|path| path.endpoint)
            .min()?;
        let value = |attribute: u32| {
            node.attributes
                .get(&format!("{endpoint}/{THREAD_NETWORK_DIAGNOSTICS}/{attribute}"))
                .and_then(Value::as_u64)
        };
        let kind = match value(ROUTING_ROLE) {
            _ if node.is_long_idle => Kind::LongIdle,
            Some(2) => Kind::Sleepy {
                idle_milliseconds: node.idle_seconds.saturating_mul(1000),
            },
            Some(3 | 4) => Kind::EndDevice,
            Some(5 | 6) => Kind::Router,
            _ => Kind::Unknown,
        };
        Some(OnThread {
            endpoint,
            network: value(EXTENDED_PAN_ID).map(ExtendedPanId::from_u64),
            kind,
        })
    }
}

impl Node {
    /// It is what another one was before.
    fn follow(&mut self, former: Self) {
        let is_same = |key: &String| self.attributes.get(key) == former.attributes.get(key);
        // What the server has now instead may be older than what the device told, or newer: nobody knows.
        self.fresh = former.fresh.into_iter().filter(is_same).collect();
        self.changed = self.attributes.keys().filter(|key| !is_same(key)).cloned().collect();
        self.changed
            .extend(former.changed.into_iter().filter(|key| self.attributes.contains_key(key)));
        self.told_members = former.told_members;
        self.told_at = former.told_at;
        self.told_whole_at = former.told_whole_at;
        self.due = self.due.into_iter().chain(former.due).min();
    }

    /// What is to be told of it, if there is anything; from then on it is told.
    fn news(&mut self, now: Duration) -> Option<Value> {
        let mut hasher = DefaultHasher::new();
        Value::Object(self.members.clone()).to_string().hash(&mut hasher);
        let members = hasher.finish();
        let changed = std::mem::take(&mut self.changed);
        let has_news = self.told_members.replace(members) != Some(members) || !changed.is_empty() || !self.fresh.is_empty();
        if !has_news {
            return None;
        }
        let mut object = self.members.clone();
        let is_whole = self.told_whole_at.is_none_or(|at| now >= at.saturating_add(WHOLE_APART));
        let attributes = if is_whole {
            self.told_whole_at = Some(now);
            self.attributes.clone()
        } else {
            let is_news = |key: &String| changed.contains(key) || self.fresh.contains(key);
            // Several attributes of these say one thing together.
            let joint = |key: &str| {
                parse_path(key)
                    .map(|path| path.cluster)
                    .filter(|cluster| matches!(*cluster, DESCRIPTOR | POWER_SOURCE))
            };
            let joints: BTreeSet<u32> = changed.iter().chain(&self.fresh).filter_map(|key| joint(key)).collect();
            let wanted = self
                .attributes
                .iter()
                .filter(|(key, _)| is_news(key) || joint(key).is_some_and(|cluster| joints.contains(&cluster)));
            wanted.map(|(key, value)| (key.clone(), value.clone())).collect()
        };
        object.insert("attributes".to_owned(), Value::Object(attributes));
        Some(Value::Object(object))
    }

    /// Takes what is said of its sleep. True where that is news.
    fn learn_sleep(&mut self, key: &str, value: &Value) -> bool {
        let Some(path) = parse_path(key).filter(|path| path.cluster == ICD_MANAGEMENT) else {
            return false;
        };
        let before = (self.idle_seconds, self.is_long_idle);
        match (path.attribute, value.as_u64()) {
            (IDLE_MODE_DURATION, Some(seconds)) => self.idle_seconds = u32::try_from(seconds).unwrap_or(u32::MAX),
            (OPERATING_MODE, Some(mode)) => self.is_long_idle = mode == LONG_IDLE,
            _ => {}
        }
        before != (self.idle_seconds, self.is_long_idle)
    }
}

/// Of a cluster that Weft decodes; keys that are no paths are kept, for the decoder names them.
fn is_of_mesh(key: &str) -> bool {
    parse_path(key).is_none_or(|path| is_known_cluster(path.cluster))
}

fn parse_path(key: &str) -> Option<AttributePath> {
    let mut parts = key.split('/');
    let path = AttributePath {
        endpoint: parts.next()?.parse().ok()?,
        cluster: parts.next()?.parse().ok()?,
        attribute: parts.next()?.parse().ok()?,
    };
    parts.next().is_none().then_some(path)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;
    use weft_wire::matter::decode_node;

    const SECONDS: fn(u64) -> Duration = Duration::from_secs;
    const PYTHON: &str = include_str!("../../../../wire/testdata/python-matter-server-node.json");
    const MATTERJS: &str = include_str!("../../../../wire/testdata/matterjs-server-node.json");

    fn node(id: u64, more: Value) -> Value {
        let mut attributes =
            json!({"0/53/1": 5, "0/53/4": 2_960_812_345_678_901_234u64, "0/53/7": [], "0/40/5": "Lamp", "1/6/0": true, "0/62/0": ["secret"]});
        attributes.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        json!({"node_id": id, "available": true, "attribute_subscriptions": [[0, 1]], "attributes": attributes})
    }

    #[test]
    fn recorded_nodes_of_both_servers_decode_to_the_same_as_before() {
        for text in [PYTHON, MATTERJS] {
            let object: Value = serde_json::from_str(text).unwrap();
            let mut nodes = Nodes::default();
            let id = nodes.replace(object.clone(), SECONDS(1)).unwrap();
            let told = nodes.take_due(SECONDS(1));
            let (before, after) = (decode_node(&object), decode_node(&told[0].object));
            assert_eq!(
                (&before.facts, &before.problems, before.node),
                (&after.facts, &after.problems, after.node)
            );
            assert_eq!(told[0].fresh, [""; 0], "the server remembers it");
            assert_eq!((after.other_attributes, nodes.left_out), (0, 0));
            assert!(nodes.on_thread(id).is_some());
        }
    }

    #[test]
    fn only_what_says_something_of_a_mesh_is_told_and_only_when_it_changed() {
        let mut nodes = Nodes::default();
        nodes.replace(node(7, json!({})), SECONDS(0));
        let told = nodes.take_due(SECONDS(0));
        let object = &told[0].object;
        assert_eq!(object["attributes"].as_object().unwrap().len(), 4);
        assert!(!object.to_string().contains("secret") && object.get("attribute_subscriptions").is_none());
        // The same again, as after a new connection.
        nodes.replace(node(7, json!({})), SECONDS(5));
        assert!(nodes.take_due(SECONDS(5)).is_empty());
        // A light that is switched every second says nothing of the mesh.
        for second in 6..60 {
            nodes.update(7, "1/6/0", json!(second % 2 == 0), SECONDS(second));
        }
        nodes.update(7, "0/53/1", json!(5), SECONDS(60));
        assert_eq!(nodes.next_due(), None);
    }

    #[test]
    fn a_chatty_attribute_is_told_in_groups() {
        let mut nodes = Nodes::default();
        nodes.replace(node(7, json!({})), SECONDS(0));
        nodes.take_due(SECONDS(0));
        let mut told = 0;
        for second in 20..140 {
            nodes.update(7, "0/53/7", json!([{"0": second, "2": 1024}]), SECONDS(second));
            told += nodes.take_due(SECONDS(second)).len();
        }
        assert!((11..=13).contains(&told), "{told} tellings in two minutes");
        let mut told = 0;
        for second in 200..320 {
            nodes.update(7, "0/51/2", json!(second), SECONDS(second));
            told += nodes.take_due(SECONDS(second)).len();
        }
        // What was left of the tables, and two of the other cluster.
        assert!((2..=3).contains(&told), "{told} tellings in two minutes");
    }

    #[test]
    fn an_answer_is_told_even_where_nothing_changed() {
        let mut nodes = Nodes::default();
        nodes.replace(node(7, json!({})), SECONDS(0));
        nodes.take_due(SECONDS(0));
        nodes.merge(7, json!({"0/53/7": [], "0/53/1": 6}).as_object().unwrap().clone(), SECONDS(9));
        let told = nodes.take_due(SECONDS(9));
        assert_eq!((told.len(), &told[0].object["attributes"]), (1, &json!({"0/53/1": 6, "0/53/7": []})));
        assert_eq!(told[0].fresh, ["0/53/1", "0/53/7"]);
        nodes.merge(7, json!({"0/53/7": []}).as_object().unwrap().clone(), SECONDS(30));
        assert_eq!(fresh_of(&nodes.take_due(SECONDS(30))), [["0/53/7"]]);
    }

    fn fresh_of(told: &[Telling]) -> Vec<&[String]> {
        told.iter().map(|telling| telling.fresh.as_slice()).collect()
    }

    #[test]
    fn what_the_server_remembers_is_never_told_as_fresh() {
        let mut nodes = Nodes::default();
        nodes.replace(node(7, json!({"0/47/0": 1, "0/47/12": 180})), SECONDS(0));
        nodes.take_due(SECONDS(0));
        // A report of the device; before it is told, the server gives the node anew, with something else in its place.
        nodes.update(7, "0/53/1", json!(6), SECONDS(10));
        nodes.update(7, "0/53/7", json!([{"2": 1024}]), SECONDS(10));
        nodes.replace(node(7, json!({"0/53/1": 6, "0/47/0": 1, "0/47/12": 160})), SECONDS(11));
        let told = nodes.take_due(SECONDS(20));
        assert_eq!(told[0].fresh, ["0/53/1"]);
        assert_eq!(
            told[0].object["attributes"],
            json!({"0/53/1": 6, "0/53/7": [], "0/47/0": 1, "0/47/12": 160}),
            "and all of the battery, for one attribute of it alone says nothing of it"
        );
        // Nothing is left of it for the next telling.
        nodes.update(7, "0/53/8", json!([]), SECONDS(30));
        let told = nodes.take_due(SECONDS(40));
        assert_eq!(
            (fresh_of(&told), &told[0].object["attributes"]),
            (vec![&["0/53/8".to_owned()][..]], &json!({"0/53/8": []}))
        );
        // All of it, now and then.
        nodes.update(7, "0/53/1", json!(5), SECONDS(6 * 3_600));
        let told = nodes.take_due(SECONDS(6 * 3_600 + 2));
        assert_eq!(
            (told[0].object["attributes"].as_object().unwrap().len(), fresh_of(&told)[0].len()),
            (7, 1)
        );
    }

    #[test]
    fn how_often_a_node_may_be_asked_is_read_from_what_it_says() {
        let mut nodes = Nodes::default();
        let kind = |nodes: &Nodes| nodes.on_thread(7).unwrap().kind;
        nodes.replace(node(7, json!({"0/70/0": 4, "0/70/6": 0, "0/53/1": 2})), SECONDS(0));
        assert_eq!(kind(&nodes), Kind::Sleepy { idle_milliseconds: 4000 });
        assert!(nodes.update(7, "0/70/6", json!(1), SECONDS(1)));
        assert_eq!(kind(&nodes), Kind::LongIdle);
        assert!(nodes.update(7, "0/70/6", json!(0), SECONDS(1)));
        assert!(nodes.update(7, "0/53/1", json!(6), SECONDS(2)));
        assert_eq!(kind(&nodes), Kind::Router);
        assert_eq!(
            nodes.on_thread(7).unwrap().network,
            Some(ExtendedPanId::from_u64(2_960_812_345_678_901_234))
        );
        nodes.replace(json!({"node_id": 8, "attributes": {"0/40/1": "x"}}), SECONDS(0));
        assert_eq!(nodes.on_thread(8), None, "on Wi-Fi");
    }

    #[test]
    fn nodes_are_bounded_and_nonsense_is_no_node() {
        let mut nodes = Nodes::default();
        for wrong in [json!(null), json!([]), json!({}), json!({"node_id": "seven"}), json!({"node_id": -1})] {
            assert_eq!(nodes.replace(wrong, SECONDS(0)), None);
        }
        for id in 0..MAX_NODES as u64 + 3 {
            nodes.replace(json!({"node_id": id}), SECONDS(0));
        }
        assert_eq!((nodes.availability().len(), nodes.left_out), (MAX_NODES, 3));
        let mut nodes = Nodes::default();
        nodes.replace(node(1, json!({"0/53/8": "x".repeat(MAX_NODE_BYTES)})), SECONDS(0));
        assert_eq!((nodes.take_due(SECONDS(0)).len(), nodes.left_out), (0, 1));
    }
}
