//! `weft show`: the mesh as a tree in the terminal.

mod findings;
mod outside;
mod row;
mod tree;

pub(crate) use findings::list as list_findings;

use crate::arguments::ShowArguments;
use crate::mesh::{self, Mesh};
use crate::output::{print, tell};
use crate::text::{self, Look, Paint};
use crate::view::{Finding, Indexed, Network, Node, View};
use anyhow::{Result, bail};
use std::collections::BTreeSet;

/// What a page is made with.
pub(crate) struct Style {
    pub(crate) width: usize,
    pub(crate) paint: Paint,
}

/// Prints the mesh.
///
/// # Errors
/// Where there is none, or no network of the name that was asked for.
pub(crate) fn show(arguments: &ShowArguments) -> Result<()> {
    let Mesh { view, origin } = mesh::of(arguments.file.as_deref(), arguments.data.as_deref(), arguments.at)?;
    let view = match &arguments.network {
        Some(wanted) => only(view, wanted)?,
        None => view,
    };
    let style = Style {
        width: text::columns(),
        paint: Paint::new(arguments.color),
    };
    let page = render(&view, &origin, &style);
    print(|output| output.write_all(page.as_bytes()))
}

/// The view of one network.
fn only(mut view: View, wanted: &str) -> Result<View> {
    let same = |text: &str| text.eq_ignore_ascii_case(wanted);
    let is_wanted = |network: &Network| same(&network.id) || network.name.as_deref().is_some_and(same);
    let ids: BTreeSet<String> = view
        .networks
        .iter()
        .filter(|network| is_wanted(network))
        .map(|network| network.id.clone())
        .collect();
    if ids.is_empty() {
        for network in &view.networks {
            tell(format!(
                "there is {} ({})",
                network.name.as_deref().unwrap_or("a network without a known name"),
                network.id
            ));
        }
        bail!("no network has the name or extended PAN id {wanted:?}");
    }
    let is_inside = |node: &Node| node.network.as_ref().is_some_and(|network| ids.contains(network));
    view.networks.retain(|network| ids.contains(&network.id));
    view.nodes.retain(is_inside);
    let nodes: BTreeSet<&str> = view.nodes.iter().map(|node| node.id.as_str()).collect();
    view.links
        .retain(|link| nodes.contains(link.a.as_str()) && nodes.contains(link.b.as_str()));
    let links: BTreeSet<&str> = view.links.iter().map(|link| link.id.as_str()).collect();
    let is_about = |finding: &Finding| {
        finding
            .subjects
            .iter()
            .any(|subject| ids.contains(subject) || nodes.contains(subject.as_str()) || links.contains(subject.as_str()))
    };
    view.findings.retain(is_about);
    Ok(view)
}

/// The whole page.
pub(crate) fn render(view: &View, origin: &str, style: &Style) -> String {
    let indexed = Indexed::new(view);
    let mut page = String::new();
    if view.networks.is_empty() {
        page.push_str("No Thread network is known.\n");
    }
    for network in &view.networks {
        if !page.is_empty() {
            page.push('\n');
        }
        page.push_str(&tree::network(&indexed, network, style));
    }
    page.push_str(&outside::without_network(&indexed, style));
    page.push_str(&findings::section(&indexed, style));
    page.push_str(&foot(&indexed, origin, style));
    page
}

/// Something announces a name in the network, and nothing tells of a place.
fn is_known_by_name_only(node: &Node) -> bool {
    node.name.is_some()
        && node.rloc16.is_none()
        && node.parent.is_none()
        && node.last_parent.is_none()
        && node.last_heard_at.is_none()
        && !node.is_router()
}

fn foot(indexed: &Indexed<'_>, origin: &str, style: &Style) -> String {
    let view = indexed.view;
    let inside: Vec<&Node> = view.nodes.iter().filter(|node| node.network.is_some()).collect();
    let routers = inside.iter().filter(|node| node.is_router()).count();
    let placed = inside.iter().filter(|node| node.parent.is_some()).count();
    let outside = view.nodes.len() - inside.len();
    let legend = row::legend(style);
    let by_name = inside.iter().filter(|node| is_known_by_name_only(node)).count();
    let without_name = inside.iter().filter(|node| node.name.is_none() && node.rloc16.is_some()).count();
    // A name without a place and a place without a name may be one device.
    let may_be_same = by_name > 0 && without_name > 0;
    let mut sentence = if may_be_same {
        format!("{} to ", inside.len() - by_name)
    } else {
        String::new()
    };
    sentence.push_str(&format!(
        "{}: {}, {}",
        text::count(inside.len(), "device", "devices"),
        text::count(routers, "router", "routers"),
        text::count(placed, "child", "children")
    ));
    let mut others = inside.len().saturating_sub(routers + placed);
    if may_be_same {
        others = others.saturating_sub(by_name);
    }
    if others > 0 {
        sentence.push_str(&format!(", {others} not placed"));
    }
    if may_be_same {
        sentence.push_str(&format!(
            ", {by_name} known by name only (some may be the same as devices counted before)"
        ));
    }
    if outside > 0 {
        sentence.push_str(&format!("; {outside} more on the LAN"));
    }
    let sources: BTreeSet<&str> = view
        .nodes
        .iter()
        .flat_map(|node| &node.claims)
        .map(|claim| claim.source.as_str())
        .collect();
    let sources: Vec<&str> = sources.into_iter().collect();
    let heard = if sources.is_empty() {
        String::new()
    } else {
        format!(" Heard through {}.", sources.join(", "))
    };
    let as_of = format!("As of {} UTC, from {}.{heard}", text::moment(view.as_of), text::clean(origin));
    let text = format!(
        "\n{legend}{}{}",
        text::wrap(&format!("{sentence}."), "", style.width),
        text::wrap(&as_of, "", style.width)
    );
    style.paint.in_look(Look::Faint, text.trim_end_matches('\n')) + "\n"
}

#[cfg(test)]
mod tests;
