//! What the border routers of one network say differently, and what follows from it.

use super::{ComparedField, ComparedValue};
use std::collections::BTreeMap;
use weft_evidence::explain::dataset_timestamp;
use weft_evidence::{Capture, Decoder, Reporter};
use weft_model::{BorderAgentRecord, BorderAgentRole, Fact, ServiceDetails, words};
use weft_topology::{Id, Node};

/// What one border router tells of its network. `None`: it does not tell.
pub(super) struct Told {
    node: Id,
    name: String,
    record: BorderAgentRecord,
    active_timestamp: Option<u64>,
    pending_timestamp: Option<u64>,
    network_name: Option<String>,
    channel: Option<u8>,
    pan_id: Option<String>,
}

impl Told {
    /// From a border router's announcement and its own other words, the older first.
    pub(super) fn new(node: &Node, name: &str, announcement: Option<&Capture>, captures: &[&Capture]) -> Self {
        let mut told = Self {
            node: node.id.clone(),
            name: name.to_owned(),
            record: BorderAgentRecord::default(),
            active_timestamp: None,
            pending_timestamp: None,
            network_name: None,
            channel: None,
            pan_id: None,
        };
        for capture in captures {
            for observation in Decoder::new().decode(capture).observations {
                // A REST answer may hold other devices' words as well.
                let is_its_own = match &observation.reporter {
                    Reporter::Radio { extended_address } => Some(*extended_address) == node.extended_address,
                    Reporter::Locator { rloc16, .. } => Some(*rloc16) == node.rloc16,
                    _ => true,
                };
                if is_its_own {
                    told.hear(&observation.fact);
                }
            }
        }
        if let Some(capture) = announcement {
            for observation in Decoder::new().decode(capture).observations {
                if let Fact::Service(service) = &*observation.fact
                    && let ServiceDetails::BorderAgent(record) = &service.details
                {
                    told.record = (**record).clone();
                }
            }
        }
        told.active_timestamp = told.record.active_timestamp.or(told.active_timestamp);
        told.network_name = told.record.network_name.clone().or(told.network_name);
        // Whether the clock behind a timestamp is authoritative makes no other dataset of it.
        told.active_timestamp = told.active_timestamp.map(|packed| packed & !1);
        told.pending_timestamp = told.pending_timestamp.map(|packed| packed & !1);
        told
    }

    fn hear(&mut self, fact: &Fact) {
        match fact {
            Fact::ActiveTimestamp(packed) => self.active_timestamp = Some(*packed),
            Fact::PendingTimestamp(packed) => self.pending_timestamp = Some(*packed),
            Fact::NetworkName(name) => self.network_name = Some(name.clone()),
            Fact::Channel(channel) => self.channel = Some(channel.get()),
            Fact::PanId(id) => self.pan_id = Some(id.to_string()),
            Fact::Dataset(dataset) => {
                self.active_timestamp = dataset.active_timestamp.or(self.active_timestamp);
                self.pending_timestamp = dataset.pending_timestamp.or(self.pending_timestamp);
                self.channel = dataset.channel.map(|channel| channel.get()).or(self.channel);
                self.pan_id = dataset.pan_id.map(|id| id.to_string()).or(self.pan_id.take());
                self.network_name = dataset.network_name.clone().or(self.network_name.take());
            }
            _ => {}
        }
    }

    fn role(&self) -> Option<&'static str> {
        Some(match self.record.state?.role {
            BorderAgentRole::Detached => "detached",
            BorderAgentRole::Child => "child",
            BorderAgentRole::Router => "router",
            BorderAgentRole::Leader => "leader",
        })
    }

    fn backbone_router(&self) -> Option<&'static str> {
        let state = self.record.state?;
        Some(match (state.backbone_router_active, state.backbone_router_primary) {
            (_, true) => "primary",
            (true, false) => "secondary",
            (false, false) => "not active",
        })
    }
}

/// Every field that border routers tell, in the order in which people look at them.
pub(super) fn fields(told: &[Told]) -> Vec<ComparedField> {
    let field = |name: &str, pick: &dyn Fn(&Told) -> Option<String>| compared(name, told, pick);
    let timestamp = |packed: u64| dataset_timestamp(packed).0;
    vec![
        field("Active timestamp", &|told| told.active_timestamp.map(timestamp)),
        field("Pending timestamp", &|told| told.pending_timestamp.map(timestamp)),
        field("Network name", &|told| told.network_name.clone()),
        field("Channel", &|told| told.channel.map(|channel| channel.to_string())),
        field("PAN id", &|told| told.pan_id.clone()),
        field("Partition id", &|told| told.record.partition_id.map(|id| id.to_string())),
        field("OMR prefix", &|told| told.record.omr_prefix.map(|prefix| prefix.to_string())),
        field("Domain name", &|told| told.record.domain_name.clone()),
        field("Thread version", &|told| told.record.thread_version.clone()),
        field("Role", &|told| told.role().map(Into::into)),
        field("Backbone router", &|told| told.backbone_router().map(Into::into)),
        field("Backbone router sequence number", &|told| {
            told.record.backbone_sequence.map(|number| number.to_string())
        }),
        field("Vendor", &|told| told.record.vendor_name.clone()),
        field("Model", &|told| told.record.model_name.clone()),
    ]
}

fn compared(name: &str, told: &[Told], pick: &dyn Fn(&Told) -> Option<String>) -> ComparedField {
    let mut values: BTreeMap<Option<String>, Vec<Id>> = BTreeMap::new();
    for one in told {
        values.entry(pick(one)).or_default().push(one.node.clone());
    }
    let different = values.keys().filter(|value| value.is_some()).count();
    let mut values: Vec<ComparedValue> = values
        .into_iter()
        .map(|(value, border_routers)| ComparedValue { value, border_routers })
        .collect();
    values.sort_by_key(|value| (value.value.is_none(), std::cmp::Reverse(value.border_routers.len())));
    ComparedField {
        name: name.to_owned(),
        same: different <= 1,
        values,
    }
}

/// The names in a sentence, sorted: "Attic hub and Hall hub".
fn listed(told: &[&Told]) -> String {
    let mut names: Vec<&str> = told.iter().map(|told| told.name.as_str()).collect();
    names.sort_unstable();
    words::listed(names)
}

fn has(told: &[&Told]) -> &'static str {
    if told.len() == 1 { "has" } else { "have" }
}

/// Takes what is compared from what a border router told.
type Pick = fn(&Told) -> Option<String>;

/// What follows from the comparison: the datasets first, then what else should be the same.
pub(super) fn verdict(told: &[Told]) -> String {
    let mut sentences = vec![datasets(told)];
    let silent: Vec<&Told> = told.iter().filter(|told| told.active_timestamp.is_none()).collect();
    if told.len() > 1 && !silent.is_empty() && silent.len() < told.len() {
        let do_not = if silent.len() == 1 { "does" } else { "do" };
        let its = if silent.len() == 1 { "its" } else { "their" };
        sentences.push(format!("{} {do_not} not tell the timestamp of {its} dataset.", listed(&silent)));
    }
    let should_be_same: [(&str, Pick, &str); 4] = [
        (
            "network names",
            |told| told.network_name.clone(),
            "one of them missed a change of the dataset",
        ),
        (
            "channels",
            |told| told.channel.map(|channel| channel.to_string()),
            "they do not hear each other by radio",
        ),
        (
            "partitions",
            |told| told.record.partition_id.map(|id| id.to_string()),
            "their parts of the mesh do not reach each other by radio or TREL",
        ),
        (
            "OMR prefixes",
            |told| told.record.omr_prefix.map(|prefix| prefix.to_string()),
            "for a moment this is normal; if it stays, they do not see each other's network data",
        ),
    ];
    for (what, pick, follows) in should_be_same {
        let field = compared(what, told, &pick);
        if !field.same {
            let values: Vec<&str> = field.values.iter().filter_map(|value| value.value.as_deref()).collect();
            sentences.push(format!("They tell different {what} ({}): {follows}.", values.join(", ")));
        }
    }
    let pending = compared("pending", told, &|told| told.pending_timestamp.map(|packed| dataset_timestamp(packed).0));
    if let Some(value) = pending.values.iter().find_map(|value| value.value.as_deref()) {
        sentences.push(format!("A change of the dataset is on its way (pending timestamp {value})."));
    }
    sentences.join(" ")
}

fn datasets(told: &[Told]) -> String {
    let shown = |packed: u64| dataset_timestamp(packed).0;
    let newest = told.iter().filter_map(|told| told.active_timestamp).max();
    match (told, newest) {
        ([one], None) => format!("{} is the only border router; it does not tell the timestamp of its dataset.", one.name),
        ([one], Some(packed)) => format!("{} is the only border router; its dataset has the timestamp {}.", one.name, shown(packed)),
        (several, None) => format!(
            "None of the {} border routers tells the timestamp of its dataset: whether they have the same one is unknown.",
            several.len()
        ),
        (several, Some(newest)) => {
            let older: Vec<&Told> = several
                .iter()
                .filter(|told| told.active_timestamp.is_some_and(|packed| packed < newest))
                .collect();
            let current: Vec<&Told> = several.iter().filter(|told| told.active_timestamp == Some(newest)).collect();
            if older.is_empty() {
                let how_many = match (current.len(), several.len()) {
                    (telling, all) if telling == all => format!("All {all} border routers"),
                    (1, _) => return format!("{} tells the timestamp of its dataset ({}).", current[0].name, shown(newest)),
                    (telling, _) => format!("All {telling} border routers that tell it"),
                };
                return format!("{how_many} have the same dataset (timestamp {}).", shown(newest));
            }
            let timestamps: std::collections::BTreeSet<u64> = older.iter().filter_map(|told| told.active_timestamp).collect();
            let timestamps: Vec<String> = timestamps.into_iter().map(shown).collect();
            format!(
                "{} {} an older dataset (timestamp {}) than {} (timestamp {}): what was changed since is not known there. It gets the newer one from the \
                 mesh by itself if it reaches it; if this stays, restart it, or join it to the network anew.",
                listed(&older),
                has(&older),
                timestamps.join(", "),
                listed(&current),
                shown(newest)
            )
        }
    }
}
