//! One line for one device.

use super::Style;
use crate::text::{self, Look, fit};
use crate::view::{Direction, Indexed, Link, LinkKind, Node, Role, State};
use std::collections::BTreeMap;

/// Columns of everything but the name: spaces, RLOC16, role, link, heard, state.
const OTHER_COLUMNS: usize = 45;

/// The links of children to their parents, by (parent, child).
pub(super) struct ParentLinks<'a>(BTreeMap<(&'a str, &'a str), &'a Link>);

impl<'a> ParentLinks<'a> {
    pub(super) fn of(indexed: &Indexed<'a>) -> Self {
        let links = indexed.view.links.iter().filter(|link| link.kind == LinkKind::ParentChild);
        Self(links.map(|link| ((link.a.as_str(), link.b.as_str()), link)).collect())
    }

    /// `3/2`: how the child hears the parent, and the parent the child.
    fn both_ways(&self, child: &Node) -> String {
        let Some(parent) = &child.parent else { return String::new() };
        let link = self.0.get(&(parent.node.as_str(), child.id.as_str()));
        let quality = |direction: Option<&Direction>| {
            direction
                .and_then(|direction| direction.link_quality)
                .map_or_else(|| text::UNKNOWN.to_owned(), |quality| quality.to_string())
        };
        format!(
            "{}/{}",
            quality(link.and_then(|link| link.b_hears_a.as_ref())),
            quality(link.and_then(|link| link.a_hears_b.as_ref()))
        )
    }
}

/// The heading of the columns.
pub(super) fn heading(style: &Style) -> String {
    let line = columns(style, "  DEVICE", "RLOC16", "ROLE", "LINK", "HEARD", "STATE");
    style.paint.in_look(Look::Faint, line.trim_end()) + "\n"
}

/// What the signs and the two numbers mean.
pub(super) fn legend(style: &Style) -> String {
    let signs = "◆ border router  ● router  ◐ child that may become a router  ○ child";
    let link = "LINK: how well the child hears its parent / the parent the child, 0 to 3.";
    let state = "STATE: no state: confirmed; not heard: nobody has heard its own tables.";
    format!("{signs}\n{}{}", text::wrap(link, "", style.width), text::wrap(state, "", style.width))
}

/// The line of a device; `branch` is what the tree draws before it.
pub(super) fn device(indexed: &Indexed<'_>, links: &ParentLinks<'_>, node: &Node, branch: &str, style: &Style) -> String {
    let state = state(node);
    let line = columns(
        style,
        &format!("{branch}{} {}", sign(node), name(node)),
        node.rloc16.as_deref().unwrap_or(text::UNKNOWN),
        role(node),
        &links.both_ways(node),
        &text::age(node.last_heard_at, indexed.view.as_of),
        state,
    );
    let look = match node.state {
        State::Gone => Some(Look::Faint),
        State::Contradicted => Some(Look::Bad),
        State::Stale => Some(Look::Doubtful),
        _ => node
            .parent
            .as_ref()
            .filter(|parent| parent.state == State::Contradicted)
            .map(|_| Look::Bad),
    };
    let line = line.trim_end();
    look.map_or_else(|| line.to_owned(), |look| style.paint.in_look(look, line)) + "\n"
}

/// Its name. Where only its RLOC16 is known, that stands in its own column.
fn name(node: &Node) -> String {
    let has_more = node.name.is_some() || node.extended_address.is_some() || node.rloc16.is_none();
    if has_more { node.call() } else { text::UNKNOWN.to_owned() }
}

fn columns(style: &Style, name: &str, rloc16: &str, role: &str, link: &str, heard: &str, state: &str) -> String {
    let name = fit(name, style.width.saturating_sub(OTHER_COLUMNS));
    format!("{name} {rloc16:6}  {role:6}  {link:>4}  {heard:>6}  {state}")
}

/// What a device is, in one character.
pub(super) fn sign(node: &Node) -> &'static str {
    match node.role {
        _ if node.border_router => "◆",
        Role::Leader | Role::Router => "●",
        Role::Reed => "◐",
        Role::EndDevice | Role::SleepyEndDevice => "○",
        Role::Unknown => "?",
    }
}

/// The same in a word.
pub(super) fn role(node: &Node) -> &'static str {
    match node.role {
        Role::Leader => "leader",
        Role::Router => "router",
        Role::Reed => "reed",
        Role::EndDevice => "child",
        Role::SleepyEndDevice => "sleepy",
        Role::Unknown => "?",
    }
}

/// How far the line can be trusted, where there is something to say: the device itself first, then where it stands.
fn state(node: &Node) -> &'static str {
    let below = node.parent.as_ref().map_or(State::Confirmed, |parent| parent.state);
    match (node.state, below) {
        (State::Gone | State::Stale | State::Contradicted, _) => node.state.words(),
        _ if node.unheard => "not heard",
        (State::Confirmed, State::Confirmed) => "",
        (own, State::Confirmed) => own.words(),
        (_, parent) => parent.words(),
    }
}
