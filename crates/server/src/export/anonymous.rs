//! A topology that names nobody: structure, roles, RLOC16s, qualities, times, vendors and models stay; names, rooms, notes and host names go; identifiers and
//! addresses get pseudonyms, the same ones throughout one export.
//!
//! Every struct is taken apart whole: a field that comes new does not compile until somebody has decided about it.

use std::collections::BTreeMap;
use std::sync::Arc;
use weft_evidence::{Anonymiser, Words, longest_prefix};
use weft_layout::{LAN, Positions};
use weft_model::{ExtendedAddress, ExtendedPanId};
use weft_topology::{
    CaptureReference, Claim, Finding, Hop, Id, KnownAs, LastParent, Link, Muted, Network, NetworkTopology, Node, Parent, Partition, PastParent, Path,
    Topology,
};

/// What claims and texts say instead of something that a person wrote.
const UNSAID: &str = "…";

/// Ids with their pseudonyms.
type Renamed = BTreeMap<Id, Id>;

/// A topology and its map without identities.
///
/// The same salt gives the same pseudonyms, also in [`weft_evidence::anonymise_all`]: draw one at random for each export, and throw it away.
pub fn anonymous(topology: &Topology, positions: &Positions, salt: [u8; 32]) -> (Topology, Positions) {
    let mut anonymiser = Anonymiser::new(salt);
    let mut learner = Cleaner::new(anonymiser.learning(), topology);
    learner.topology(&mut topology.clone());
    let mut cleaner = Cleaner::new(anonymiser.replacing(), topology);
    let mut changed = topology.clone();
    cleaner.topology(&mut changed);
    let renamed = std::mem::take(&mut cleaner.renamed);
    (changed, moved(positions, &renamed))
}

/// The same positions under other ids.
fn moved(positions: &Positions, renamed: &Renamed) -> Positions {
    let name = |id: &str| renamed.get(id).map_or(id, |id| id).to_owned();
    // Positions are read as they come from a disk; what is not in the topology has no pseudonym, and stays behind.
    let networks: BTreeMap<String, _> = positions
        .networks()
        .filter(|(id, _)| renamed.contains_key(&***id) || &***id == LAN)
        .map(|(id, card)| (name(id), card))
        .collect();
    let nodes: BTreeMap<String, _> = positions
        .nodes()
        .into_iter()
        .filter(|(id, _)| renamed.contains_key(*id))
        .map(|(id, position)| (name(id), position))
        .collect();
    let document = serde_json::json!({ "networks": networks, "nodes": nodes });
    serde_json::from_value(document).unwrap_or_default()
}

/// The one walk through a topology, to learn and to replace.
struct Cleaner<'a> {
    words: Words<'a>,
    renamed: Renamed,
    /// Names with what stands for them in texts.
    names: BTreeMap<Vec<u8>, String>,
}

impl<'a> Cleaner<'a> {
    fn new(words: Words<'a>, topology: &Topology) -> Self {
        let stands_for = |node: &Node| node.rloc16.map_or_else(|| UNSAID.to_owned(), |rloc16| rloc16.to_string());
        let nodes = topology.nodes().filter_map(|node| Some((node.name.clone()?, stands_for(node))));
        let networks = topology
            .networks()
            .filter_map(|network| Some((network.name.clone()?, "the network".to_owned())));
        let rooms = topology.nodes().filter_map(|node| Some((node.room.clone()?, UNSAID.to_owned())));
        let named = rooms.chain(networks).chain(nodes).filter(|(name, _)| !name.trim().is_empty());
        let names = named.map(|(name, instead)| (name.into_bytes(), instead)).collect();
        Self {
            words,
            renamed: Renamed::new(),
            names,
        }
    }

    fn topology(&mut self, topology: &mut Topology) {
        let Topology {
            as_of: _,
            valid_until: _,
            parts,
            findings,
        } = topology;
        // Identifiers and names before the texts that they may stand in.
        for part in parts.iter_mut() {
            let part = Arc::make_mut(part);
            part.network.as_mut().into_iter().for_each(|network| self.network(network));
            part.nodes.iter_mut().for_each(|node| self.node(node));
        }
        for part in parts.iter_mut() {
            let NetworkTopology {
                network: _,
                nodes,
                links,
                findings,
                clues,
                half_words,
                valid_until: _,
            } = Arc::make_mut(part);
            nodes.iter_mut().for_each(|node| self.texts_of(node));
            links.iter_mut().for_each(|link| self.link(link));
            findings.iter_mut().for_each(|finding| self.finding(finding));
            // What only the plan and the passes across networks need, and no export shows.
            clues.clear();
            half_words.clear();
            nodes.sort_by(|one, other| one.id.cmp(&other.id));
            links.sort_by(|one, other| one.id.cmp(&other.id));
            findings.sort_by(|one, other| one.id.cmp(&other.id));
        }
        findings.iter_mut().for_each(|finding| self.finding(finding));
        findings.sort_by(|one, other| one.id.cmp(&other.id));
        // The LAN outside all networks stays the last.
        parts.sort_by(|one, other| {
            let key = |part: &NetworkTopology| (part.network.is_none(), part.network.as_ref().map(|network| network.id.clone()));
            key(one).cmp(&key(other))
        });
    }

    fn id(&mut self, id: &mut Id) {
        if let Some(known) = self.renamed.get(id) {
            *id = known.clone();
            return;
        }
        let mut text = id.to_string();
        self.words.node(&mut text);
        let renamed: Id = text.into();
        self.renamed.insert(std::mem::replace(id, renamed.clone()), renamed);
    }

    fn ids(&mut self, ids: &mut [Id]) {
        ids.iter_mut().for_each(|id| self.id(id));
        ids.sort();
    }

    /// Something that a person or a device calls itself: noted, to be found in texts, and taken away.
    fn removed(&mut self, name: &mut Option<String>) {
        if self.words.is_learning() {
            if let Some(name) = name {
                self.words.name(name);
            }
        } else {
            *name = None;
        }
    }

    fn text(&mut self, text: &mut String) {
        if self.words.is_learning() {
            return;
        }
        *text = with_words_replaced(text, &self.names);
        self.words.text(text);
    }

    fn network(&mut self, network: &mut Network) {
        let Network {
            id,
            extended_pan_id,
            name,
            pan_id: _,
            channel: _,
            mesh_local_prefix,
            omr_prefixes,
            partitions,
        } = network;
        self.id(id);
        if let Some(ExtendedPanId(id)) = extended_pan_id {
            self.words.identifier(id);
        }
        self.removed(name);
        if let Some(prefix) = mesh_local_prefix {
            self.words.mesh_local_prefix(&mut prefix.0);
        }
        omr_prefixes.iter_mut().for_each(|prefix| self.words.prefix(prefix));
        omr_prefixes.sort();
        for Partition {
            partition_id: _,
            leader,
            state: _,
        } in partitions
        {
            leader.as_mut().into_iter().for_each(|leader| self.id(leader));
        }
    }

    fn node(&mut self, node: &mut Node) {
        let Node {
            id,
            previous_ids,
            network,
            partition_id: _,
            extended_address,
            rloc16: _,
            role: _,
            border_router: _,
            name,
            room,
            pin: _,
            note,
            muted: _,
            muted_since: _,
            vendor: _,
            model: _,
            state: _,
            parent,
            last_parent,
            parents,
            heard_by_dongle: _,
            last_heard_at: _,
            path,
            addresses,
            known_as,
            unheard: _,
            independent_paths: _,
            // With the texts.
            claims: _,
        } = node;
        self.id(id);
        self.ids(previous_ids);
        network.as_mut().into_iter().for_each(|network| self.id(network));
        if let Some(ExtendedAddress(address)) = extended_address {
            self.words.identifier(address);
        }
        [name, room, note].into_iter().for_each(|name| self.removed(name));
        if let Some(Parent {
            node,
            state: _,
            since: _,
            reasons: _,
        }) = parent
        {
            self.id(node);
        }
        if let Some(LastParent { node, until: _ }) = last_parent {
            self.id(node);
        }
        for PastParent { node, since: _, until: _ } in parents {
            self.id(node);
        }
        if let Some(Path { to, cost: _, hops }) = path {
            self.id(to);
            for Hop { node, cost: _, stated: _ } in hops {
                self.id(node);
            }
        }
        for address in addresses.iter_mut() {
            match address.parse() {
                Ok(parsed) => *address = self.words.address(parsed).to_string(),
                Err(_) => self.words.text(address),
            }
        }
        addresses.sort();
        self.known_as(known_as);
    }

    fn known_as(&mut self, known_as: &mut KnownAs) {
        let KnownAs {
            matter,
            hap,
            hosts,
            border_agent_id,
            eui64,
        } = known_as;
        for text in matter.iter_mut().chain(hap.iter_mut()).chain(border_agent_id).chain(eui64) {
            self.words.text(text);
        }
        matter.sort();
        hap.sort();
        if self.words.is_learning() {
            hosts.iter_mut().for_each(|host| self.words.host(host));
        } else {
            hosts.clear();
        }
    }

    fn texts_of(&mut self, node: &mut Node) {
        if let Some(parent) = &mut node.parent {
            parent.reasons.iter_mut().for_each(|reason| self.text(reason));
        }
        node.claims.iter_mut().for_each(|claim| self.claim(claim));
    }

    fn link(&mut self, link: &mut Link) {
        let Link {
            id,
            kind: _,
            medium: _,
            a,
            b,
            state: _,
            a_hears_b: _,
            b_hears_a: _,
            claims,
        } = link;
        self.id(id);
        self.id(a);
        self.id(b);
        claims.iter_mut().for_each(|claim| self.claim(claim));
    }

    fn claim(&mut self, claim: &mut Claim) {
        let said_by_a_person = claim.is_by_person();
        let Claim {
            source,
            reporter,
            fact,
            observed_at: _,
            capture,
        } = claim;
        let CaptureReference { recording, store, seq: _ } = capture;
        if self.words.is_learning() {
            return;
        }
        // Sources and files are named by people.
        let mut text = source.to_string();
        self.text(&mut text);
        *source = text.into();
        for (place, instead) in [(recording, "recording"), (store, "store")] {
            if place.is_some() {
                *place = Some(instead.into());
            }
        }
        *reporter = match self.renamed.get(reporter) {
            Some(known) => known.clone(),
            None => self.reporter(reporter).into(),
        };
        *fact = self.fact(fact, said_by_a_person).into();
    }

    /// A reporter that is no node: a registration as `<instance>.<service>`, or an address.
    fn reporter(&mut self, reporter: &str) -> String {
        if let Some(at) = reporter.find("._") {
            let (mut instance, mut service) = (reporter[..at].to_owned(), reporter[at..].to_owned());
            self.words.name(&mut instance);
            self.words.text(&mut service);
            return format!("{instance}{service}");
        }
        let mut text = reporter.to_owned();
        self.text(&mut text);
        text
    }

    /// A fact in short. What comes from a person or is a label is left out; registrations have the pseudonym of their reporter.
    fn fact(&mut self, fact: &str, said_by_a_person: bool) -> String {
        if said_by_a_person {
            return UNSAID.to_owned();
        }
        if let Some(label) = LABELS.iter().find(|label| fact.starts_with(**label)) {
            return format!("{label}{UNSAID}");
        }
        if let Some((instance, service)) = fact.strip_prefix(REGISTERED).and_then(|rest| rest.rsplit_once(" (")) {
            let (mut instance, mut service) = (instance.to_owned(), service.to_owned());
            self.words.name(&mut instance);
            self.words.text(&mut service);
            return format!("{REGISTERED}{instance} ({service}");
        }
        let mut text = fact.to_owned();
        self.text(&mut text);
        text
    }

    fn finding(&mut self, finding: &mut Finding) {
        let Finding {
            id,
            kind,
            severity: _,
            subjects,
            title,
            detail,
            advice,
            muted,
        } = finding;
        let before = subjects.clone();
        subjects.iter_mut().for_each(|subject| self.id(subject));
        let mut joined = subjects.clone();
        joined.sort();
        let named: Vec<&str> = before.iter().map(|subject| &**subject).collect();
        let is_standard = **id == format!("{kind}:{}", named.join(","));
        if is_standard {
            let subjects: Vec<&str> = joined.iter().map(|subject| &**subject).collect();
            *id = format!("{kind}:{}", subjects.join(",")).into();
        } else {
            let mut text = id.to_string();
            self.text(&mut text);
            *id = text.into();
        }
        *subjects = joined;
        [title, detail, advice].into_iter().for_each(|text| self.text(text));
        if let Some(Muted { reason, since: _ }) = muted {
            self.removed(reason);
        }
    }
}

/// How the fact of a registration begins.
const REGISTERED: &str = "registered as ";
/// Facts that hold what somebody called a device.
const LABELS: [&str; 1] = ["node-label: "];

/// A text with each occurrence of a name replaced that is not part of a longer word; of several names the longest.
fn with_words_replaced(text: &str, names: &BTreeMap<Vec<u8>, String>) -> String {
    let is_part = |next: Option<char>| next.is_some_and(char::is_alphanumeric);
    let mut changed = String::with_capacity(text.len());
    let (mut rest, mut last) = (text, None);
    while let Some(first) = rest.chars().next() {
        let mut candidates = if is_part(last) { None } else { longest_prefix(names, rest.as_bytes()) };
        while let Some((name, _)) = candidates
            && is_part(rest[name.len()..].chars().next())
        {
            candidates = longest_prefix(names, &name[..name.len() - 1]);
        }
        let length = match candidates {
            Some((name, instead)) => {
                changed.push_str(instead);
                name.len()
            }
            None => {
                changed.push(first);
                first.len_utf8()
            }
        };
        last = rest[..length].chars().next_back();
        rest = &rest[length..];
    }
    changed
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_whole_words_are_names_and_the_longest_counts() {
        let names = [("Bad", "0x2c01"), ("Bad 1", "0x2c02"), ("Bad 12", "0x2c03"), ("Küche", "…")];
        let names = names.map(|(name, instead)| (name.as_bytes().to_vec(), instead.to_owned())).into();
        let replaced = |text| with_words_replaced(text, &names);
        assert_eq!(replaced("Bad: the Bad link of Badger"), "0x2c01: the 0x2c01 link of Badger");
        assert_eq!(replaced("Bad 12, Bad 1, Bad 13, xBad"), "0x2c03, 0x2c02, 0x2c01 13, xBad");
        assert_eq!(replaced("Küche,Kücher é"), "…,Kücher é");
    }

    /// Kept positions may hold networks that are no more.
    #[test]
    fn places_of_what_is_not_shown_stay_behind() {
        let card = serde_json::json!({"x": 0.0, "y": 0.0, "width": 1.0, "height": 1.0});
        let kept = serde_json::json!({"networks": {"1111111122222222": card, "3333333344444444": card, LAN: card}, "nodes": {}});
        let positions: Positions = serde_json::from_value(kept).unwrap();
        let renamed = [(Id::from("1111111122222222"), Id::from("aaaaaaaabbbbbbbb"))].into();
        let moved = moved(&positions, &renamed);
        assert_eq!(moved.networks().map(|(id, _)| &**id).collect::<Vec<_>>(), ["aaaaaaaabbbbbbbb", LAN]);
    }
}
