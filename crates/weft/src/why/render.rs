//! The page about one device.

use crate::show::{Style, list_findings};
use crate::text::{self, Look};
use crate::view::{Direction, Indexed, Link, LinkKind, Node, Parent, Path, Role, State};
use std::collections::BTreeMap;
use weft_model::Timestamp;

/// Statements that are told of one device.
const MAX_STATEMENTS: usize = 40;
const INDENT: &str = "  ";

/// Everything that is believed about a device.
pub(super) fn device(indexed: &Indexed<'_>, node: &Node, origin: &str, style: &Style) -> String {
    let page = Page { indexed, node, style };
    let mut text = page.head();
    text.push_str(&page.parent());
    text.push_str(&page.parents_so_far());
    text.push_str(&page.children());
    text.push_str(&page.links());
    text.push_str(&page.path());
    text.push_str(&page.claims());
    text.push_str(&page.findings());
    let foot = format!("As of {} UTC, from {}.", text::moment(indexed.view.as_of), text::clean(origin));
    text.push('\n');
    text.push_str(&style.paint.in_look(Look::Faint, text::wrap(&foot, "", style.width).trim_end()));
    text.push('\n');
    text
}

/// What one reporter said in one capture.
#[derive(Default)]
struct Statement<'a> {
    observed_at: Option<Timestamp>,
    facts: Vec<&'a str>,
}

struct Page<'a> {
    indexed: &'a Indexed<'a>,
    node: &'a Node,
    style: &'a Style,
}

impl Page<'_> {
    fn now(&self) -> Timestamp {
        self.indexed.view.as_of
    }

    fn wrap(&self, text: &str) -> String {
        text::wrap(text, INDENT, self.style.width)
    }

    /// A section; nothing where it is empty.
    fn section(&self, title: &str, body: &str) -> String {
        if body.is_empty() {
            return String::new();
        }
        format!("\n{}\n{body}", self.style.paint.in_look(Look::Strong, title))
    }

    /// A name and its value, the value wrapped below itself.
    fn fact(&self, name: &str, value: &str) -> String {
        let value = text::wrap(value, "                    ", self.style.width);
        format!("  {name:18}{}", value.trim_start())
    }

    fn head(&self) -> String {
        let node = self.node;
        let mut head = format!("{}\n", self.style.paint.in_look(Look::Strong, &self.indexed.call(&node.id)));
        head.push_str(&self.wrap(&self.sentence()));
        head.push('\n');
        let mut facts: Vec<(&str, String)> = Vec::new();
        facts.push(("state", format!("{}, {}", node.state.words(), self.heard())));
        facts.extend(node.room.clone().map(|room| ("room", room)));
        let maker: Vec<&str> = [node.vendor.as_deref(), node.model.as_deref()].into_iter().flatten().collect();
        facts.extend((!maker.is_empty()).then(|| ("make", maker.join(" "))));
        facts.push(("id", node.id.clone()));
        facts.extend((!node.previous_ids.is_empty()).then(|| ("ids before", node.previous_ids.join(" "))));
        facts.extend(
            node.extended_address
                .clone()
                .filter(|address| *address != node.id)
                .map(|address| ("extended address", address)),
        );
        facts.extend(node.rloc16.clone().map(|rloc16| ("RLOC16", rloc16)));
        facts.extend(node.partition_id.map(|id| ("partition", id.to_string())));
        let known = &node.known_as;
        facts.extend((!known.matter.is_empty()).then(|| ("Matter", known.matter.join(" "))));
        facts.extend((!known.hap.is_empty()).then(|| ("HomeKit", known.hap.join(" "))));
        facts.extend((!known.hosts.is_empty()).then(|| ("host", known.hosts.join(" "))));
        facts.extend(known.border_agent_id.clone().map(|id| ("border agent", id)));
        facts.extend(known.eui64.clone().map(|eui64| ("EUI-64", eui64)));
        facts.extend((!node.addresses.is_empty()).then(|| ("addresses", node.addresses.join(" "))));
        facts.extend(node.heard_by_dongle.as_ref().map(|heard| {
            let rssi = heard
                .rssi_average_dbm
                .map_or_else(|| text::UNKNOWN.to_owned(), |rssi| format!("{rssi} dBm"));
            ("at the dongle", format!("{rssi}, {} ago", text::age(Some(heard.observed_at), self.now())))
        }));
        head.extend(facts.iter().map(|(name, value)| self.fact(name, value)));
        head
    }

    /// What it is, in words.
    fn sentence(&self) -> String {
        let node = self.node;
        let role = match node.role {
            Role::Leader => "the leader",
            Role::Router => "a router",
            Role::Reed => "a child that may become a router (REED)",
            Role::EndDevice => "an end device whose receiver is on",
            Role::SleepyEndDevice => "a sleepy end device",
            Role::Unknown => "a device of which nobody told the role",
        };
        let border = match (node.border_router, node.role) {
            (true, Role::Unknown) => return self.in_network("a border router"),
            (true, _) => " and border router",
            (false, _) => "",
        };
        let unheard = if node.unheard {
            "; others speak of it, nobody has heard its own tables"
        } else {
            ""
        };
        self.in_network(&format!("{role}{border}")) + unheard
    }

    fn in_network(&self, what: &str) -> String {
        match &self.node.network {
            Some(network) => format!("{what} of {}", self.indexed.network(network)),
            None => format!("{what}, on the LAN, in no known mesh"),
        }
    }

    fn heard(&self) -> String {
        match self.node.last_heard_at {
            Some(at) => format!("last heard {} ago ({})", text::age(Some(at), self.now()), text::moment(at)),
            None => "never heard itself".to_owned(),
        }
    }

    fn parent(&self) -> String {
        let node = self.node;
        let body = match (&node.parent, &node.last_parent) {
            (
                Some(Parent {
                    node: parent,
                    state,
                    since,
                    reasons,
                }),
                _,
            ) => {
                let since = since
                    .map(|since| format!(", since at least {} ({} ago)", text::moment(since), text::age(Some(since), self.now())))
                    .unwrap_or_default();
                let state = if *state == State::Unknown {
                    String::new()
                } else {
                    format!(", {}", state.words())
                };
                let mut body = self.wrap(&format!("{}{state}{since}", self.called(parent)));
                body.extend(reasons.iter().map(|reason| self.bullet(&self.indexed.with_names(reason))));
                body
            }
            (None, Some(last)) => self.wrap(&format!(
                "none known now; last below {}, until {} ({} ago)",
                self.called(&last.node),
                text::moment(last.until),
                text::age(Some(last.until), self.now())
            )),
            (None, None) if node.is_router() => return String::new(),
            (None, None) => self.wrap("nobody tells"),
        };
        self.section("parent", &body)
    }

    fn bullet(&self, text: &str) -> String {
        let lines = text::wrap(text, "    ", self.style.width);
        format!("  - {}", lines.trim_start())
    }

    /// A device with its RLOC16.
    fn called(&self, id: &str) -> String {
        match self.indexed.node(id) {
            Some(node) => match &node.rloc16 {
                Some(rloc16) if node.call() != *rloc16 => format!("{} ({rloc16})", node.call()),
                _ => node.call(),
            },
            None => id.to_owned(),
        }
    }

    fn parents_so_far(&self) -> String {
        // The present parent alone is no history.
        if self.node.parents.len() < 2 && (self.node.parent.is_some() || self.node.parents.is_empty()) {
            return String::new();
        }
        let line = |past: &crate::view::PastParent| {
            let until = past.until.map_or_else(|| "now".to_owned(), text::moment);
            format!(
                "  {} – {until:19}  {}\n",
                text::moment(past.since),
                text::cut(&self.called(&past.node), self.style.width.saturating_sub(46))
            )
        };
        let body: String = self.node.parents.iter().map(line).collect();
        self.section("parents so far", &body)
    }

    fn children(&self) -> String {
        let is_child = |node: &&Node| {
            node.parent
                .as_ref()
                .and_then(|parent| self.indexed.node(&parent.node))
                .is_some_and(|parent| parent.id == self.node.id)
        };
        let line = |child: &Node| {
            let state = match child.parent.as_ref().map(|parent| parent.state) {
                None | Some(State::Confirmed | State::Unknown) => String::new(),
                Some(state) => format!(", {}", state.words()),
            };
            self.bullet(&format!("{}{state}", self.called(&child.id)))
        };
        let body: String = self.indexed.view.nodes.iter().filter(is_child).map(line).collect();
        self.section("children", &body)
    }

    fn links(&self) -> String {
        let of_this = |link: &&Link| link.seen_from(&self.node.id).is_some();
        let mut links: Vec<&Link> = self.indexed.view.links.iter().filter(of_this).collect();
        links.sort_by_cached_key(|link| {
            (
                link.kind as u8,
                link.seen_from(&self.node.id).map(|(other, ..)| self.indexed.call(other).to_lowercase()),
            )
        });
        if links.is_empty() {
            return String::new();
        }
        let row = |with: &str, rloc16: &str, hears: &str, heard: &str, kind: &str, state: &str| {
            let with = text::fit(with, self.style.width.saturating_sub(58));
            format!("  {with}  {rloc16:6}  {hears:11}  {heard:11}  {kind:6}  {state}")
                .trim_end()
                .to_owned()
        };
        let mut body = self
            .style
            .paint
            .in_look(Look::Faint, &row("WITH", "RLOC16", "IT HEARS", "IS HEARD", "KIND", "STATE"))
            + "\n";
        for link in links {
            let Some((other, hears, heard)) = link.seen_from(&self.node.id) else {
                continue;
            };
            let rloc16 = self.indexed.node(other).and_then(|node| node.rloc16.as_deref()).unwrap_or(text::UNKNOWN);
            body.push_str(&row(
                &self.indexed.node(other).map_or_else(|| other.to_owned(), Node::call),
                rloc16,
                &direction(hears),
                &direction(heard),
                self.kind(link),
                link.state.words(),
            ));
            body.push('\n');
        }
        body.push_str(&self.wrap("Link quality 0 to 3, and strength at the receiver; * told by the other end."));
        self.section("links", &body)
    }

    fn kind(&self, link: &Link) -> &'static str {
        match link.kind {
            _ if link.medium == "trel" => "TREL",
            LinkKind::Router => "router",
            LinkKind::ParentChild if link.a == self.node.id => "child",
            LinkKind::ParentChild => "parent",
            LinkKind::Neighbor => "hears",
            LinkKind::Unknown => "?",
        }
    }

    fn path(&self) -> String {
        let Some(Path { to, cost, hops }) = &self.node.path else {
            return String::new();
        };
        let mut body = self.wrap(&format!(
            "to {}, {}, cost {cost}",
            self.called(to),
            text::count(hops.len(), "hop", "hops")
        ));
        for hop in hops {
            let basis = if hop.stated {
                "its next hop by its own table"
            } else {
                "computed from link qualities"
            };
            let room = self.style.width.saturating_sub(45);
            body.push_str(&format!("  → {}  cost {}, {basis}\n", text::fit(&self.called(&hop.node), room), hop.cost));
        }
        self.section("path to the border router", &body)
    }

    /// Who says so, of the device and of its parent, newest first; what came in one capture of one reporter together.
    fn claims(&self) -> String {
        let to_parent = self
            .indexed
            .view
            .links
            .iter()
            .filter(|link| link.kind == LinkKind::ParentChild && link.b == self.node.id);
        let mut statements: BTreeMap<(&str, &str, u64), Statement<'_>> = BTreeMap::new();
        for claim in self.node.claims.iter().chain(to_parent.flat_map(|link| &link.claims)) {
            let statement = statements.entry((&claim.reporter, &claim.source, claim.capture.seq)).or_default();
            statement.observed_at = statement.observed_at.max(claim.observed_at);
            if !statement.facts.contains(&claim.fact.as_str()) {
                statement.facts.push(&claim.fact);
            }
        }
        let mut statements: Vec<_> = statements.into_iter().collect();
        statements.sort_by(|((_, _, one_seq), one), ((_, _, other_seq), other)| (other.observed_at, other_seq).cmp(&(one.observed_at, one_seq)));
        let mut body = String::new();
        for ((reporter, source, seq), statement) in statements.iter().take(MAX_STATEMENTS) {
            let age = text::age(statement.observed_at, self.now());
            let who = format!("{}, through {source} #{seq}", self.reporter(reporter));
            body.push_str(&format!("  {age:>6}  {}\n", text::cut(&who, self.style.width.saturating_sub(10))));
            body.push_str(&text::wrap(&statement.facts.join("; "), "          ", self.style.width));
        }
        if statements.len() > MAX_STATEMENTS {
            body.push_str(&format!("  … and {} older\n", statements.len() - MAX_STATEMENTS));
        }
        self.section("who says so", &body)
    }

    fn reporter(&self, reporter: &str) -> String {
        match self.indexed.node(reporter) {
            Some(node) if node.id == self.node.id => "itself".to_owned(),
            Some(node) => self.indexed.call(&node.id),
            None => reporter.to_owned(),
        }
    }

    fn findings(&self) -> String {
        let links: Vec<&str> = self
            .indexed
            .view
            .links
            .iter()
            .filter(|link| link.seen_from(&self.node.id).is_some())
            .map(|link| link.id.as_str())
            .collect();
        let is_about = |subject: &String| *subject == self.node.id || links.contains(&subject.as_str());
        let findings: Vec<_> = self
            .indexed
            .view
            .findings
            .iter()
            .filter(|finding| finding.subjects.iter().any(is_about))
            .collect();
        self.section("findings", &list_findings(self.indexed, findings, self.style))
    }
}

/// `3 -61 dBm`; a star where the other end told it.
fn direction(direction: Option<&Direction>) -> String {
    let Some(direction) = direction else { return text::UNKNOWN.to_owned() };
    let quality = direction
        .link_quality
        .map_or_else(|| text::UNKNOWN.to_owned(), |quality| quality.to_string());
    let strength = match (direction.average_rssi_dbm, direction.link_margin_db) {
        (Some(rssi), _) => format!(" {rssi} dBm"),
        (None, Some(margin)) => format!(" +{margin} dB"),
        (None, None) => String::new(),
    };
    format!("{quality}{strength}{}", if direction.relayed { "*" } else { "" })
}
