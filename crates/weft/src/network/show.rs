//! `weft network`: networks with what opens them, the ways to each, servers.

use super::start::Networks;
use crate::client::Service;
use crate::output::print;
use crate::text::{self, clean, columns, count, span, wrap};
use anyhow::Result;
use std::path::Path;
use weft_model::{
    Airtime, Brought, CredentialCheck, CredentialOrigin, CredentialView, DataPath, DataPathKind, DataPathState, NetworkWays, NetworksView,
    ServerState, ServerView, Timestamp,
};
use weft_sources::clock;
use weft_store::DataDirectory;

/// Prints the networks.
///
/// # Errors
/// Where they cannot be read.
pub(super) fn show(directory: &Path) -> Result<()> {
    let (view, origin) = match Service::of(directory) {
        Some(service) => (service.get("/api/v1/networks")?, format!("the running service, {service}")),
        None => (kept(directory)?, "what is kept; no service is running, so nobody is asked".to_owned()),
    };
    let page = render(&view, &origin, clock::now(), columns());
    print(|output| output.write_all(page.as_bytes()))
}

/// What is kept in a data directory that nobody owns. Nothing is started, asked or made.
fn kept(directory: &Path) -> Result<NetworksView> {
    if !super::keeps_something(directory) {
        return Ok(NetworksView::default());
    }
    let owned = DataDirectory::open(directory)?;
    Ok(Networks::kept(owned.path())?.view())
}

fn render(view: &NetworksView, origin: &str, now: Timestamp, width: usize) -> String {
    let mut page = String::new();
    if view.paused {
        page.push_str("Questions are paused: nobody is asked until you resume.\n\n");
    }
    if view.networks.is_empty() {
        page.push_str("No network is announced, and nothing is kept that opens one.\n");
        page.push_str(&wrap(
            "`weft network add -` keeps a dataset; `weft network where` says where it is found.",
            "",
            width,
        ));
    }
    for network in &view.networks {
        render_network(&mut page, network, now, width);
    }
    for (title, servers) in [("Home Assistant", &view.home_assistants), ("Matter servers", &view.matter_servers)] {
        if servers.is_empty() {
            continue;
        }
        page.push_str(&format!("{title}\n"));
        for server in servers {
            render_server(&mut page, server, now, width);
        }
        page.push('\n');
    }
    if !page.ends_with("\n\n") {
        page.push('\n');
    }
    page.push_str(&wrap(&clean(&format!("From {origin}.")), "", width));
    page
}

fn render_network(page: &mut String, network: &NetworkWays, now: Timestamp, width: usize) {
    let title = match (&network.name, network.extended_pan_id) {
        (Some(name), Some(id)) => format!("{name} ({id})"),
        (Some(name), None) => name.clone(),
        (None, Some(id)) => id.to_string(),
        (None, None) => "Of unknown networks".to_owned(),
    };
    page.push_str(&clean(&title));
    page.push('\n');
    let mut tell = |indent: &str, text: &str| page.push_str(&wrap(&clean(text), indent, width));
    match &network.credential {
        Some(credential) => {
            tell("  ", &credential_line(credential, now));
            tell("    ", &credential.detail);
        }
        None if network.extended_pan_id.is_some() => tell("  ", "nothing is kept that opens it; `weft network where` says where to find it"),
        None => {}
    }
    if network.airtime_last_hour != Airtime::default() {
        tell(
            "  ",
            &format!(
                "questions took about {} on the air in the last hour, {} at most",
                frames(network.airtime_last_hour.frames),
                network.frames_per_hour
            ),
        );
    }
    for path in &network.paths {
        tell("  ", &path_line(path, now));
        tell("    ", &path.detail);
        if path.waits_for_passcode {
            tell("    ", &format!("It waits for a passcode: `weft network passcode {:?} -`.", path.name));
        }
        if let Some(brought) = &path.brought {
            let when = path.last_success_at.map(|at| format!(", {} ago", text::age(Some(at), now)));
            tell("    ", &format!("last brought {}{}", brought_words(brought), when.unwrap_or_default()));
        }
        let next = path.next_attempt_at.map(|at| format!("; next in {}", span(at.seconds_since(now))));
        if let Some(at) = path.last_attempt_at {
            tell("    ", &format!("tried {} ago{}", text::age(Some(at), now), next.unwrap_or_default()));
        } else if let Some(next) = next {
            tell("    ", next.trim_start_matches("; "));
        }
        if path.is_by_hand {
            tell("    ", &format!("named by you, as {}", path.id));
        }
    }
    page.push('\n');
}

fn credential_line(credential: &CredentialView, now: Timestamp) -> String {
    let origin = match credential.origin {
        CredentialOrigin::ByHand => "entered by hand",
        CredentialOrigin::OtbrRest => "from the REST API of",
        CredentialOrigin::HomeAssistant => "from Home Assistant",
        CredentialOrigin::MatterBorderRouter => "from the Matter border router",
        CredentialOrigin::BorderAgent => "from the border agent of",
    };
    let name = credential.origin_name.as_ref().map(|name| format!(" {name}")).unwrap_or_default();
    let holds = match (credential.has_network_key, credential.has_pskc) {
        (true, true) => "network key and PSKc",
        (true, false) => "network key, no PSKc",
        (false, true) => "PSKc, no network key",
        (false, false) => "no key",
    };
    let check = match credential.check {
        CredentialCheck::Matches => "as announced",
        CredentialCheck::Older => "OUT OF DATE",
        CredentialCheck::Newer => "newer than announced",
        CredentialCheck::NotAnnounced => "network not announced now",
        CredentialCheck::HeardByDongle => "opens what the dongle hears; not announced now",
        CredentialCheck::Unknown => "not compared",
    };
    format!(
        "credential {origin}{name}, {} ago: {holds}; {check}",
        text::age(Some(credential.added_at), now)
    )
}

fn path_line(path: &DataPath, now: Timestamp) -> String {
    let kind = match path.kind {
        DataPathKind::BorderAgent => "border agent",
        DataPathKind::Dongle => "node",
        DataPathKind::OtbrRest => "REST API",
    };
    let product = path.product.as_ref().map(|product| format!(" ({product})")).unwrap_or_default();
    let since = text::age(Some(path.since), now);
    format!("{kind} {}{product}: {}, for {since}", path.name, path_state(path.state))
}

fn render_server(page: &mut String, server: &ServerView, now: Timestamp, width: usize) {
    let product = server.product.as_ref().map(|product| format!(" ({product})")).unwrap_or_default();
    let line = format!("{}{product}: {}", server.address, server_state(server.state));
    let mut tell = |indent: &str, text: &str| page.push_str(&wrap(&clean(text), indent, width));
    tell("  ", &line);
    tell("    ", &server.detail);
    let number = |number: u32| usize::try_from(number).unwrap_or(usize::MAX);
    let mut told = vec![count(number(server.devices), "device", "devices")];
    if server.datasets > 0 {
        told.push(count(number(server.datasets), "dataset", "datasets"));
    }
    let heard = server.last_heard_at.map(|at| format!(", last heard {} ago", text::age(Some(at), now)));
    tell("    ", &format!("told of {}{}", told.join(" and "), heard.unwrap_or_default()));
    if server.adoptable > 0 {
        let devices = count(number(server.adoptable), "device", "devices");
        tell(
            "    ",
            &format!("{devices} can join Weft's own fabric without a code: `weft network adopt {}`", server.id),
        );
    }
}

/// What a way told of a mesh, in a sentence.
pub(super) fn told(network: &NetworkWays, path: &DataPath) -> String {
    let name = network.name.as_deref().unwrap_or("the network");
    let brought = path
        .brought
        .as_ref()
        .map(|brought| format!(": {}", brought_words(brought)))
        .unwrap_or_default();
    format!("{name} told through {}{brought}", path.name)
}

fn brought_words(brought: &Brought) -> String {
    let number = |number: u32| usize::try_from(number).unwrap_or(usize::MAX);
    let silent = match brought.silent_routers {
        0 => String::new(),
        silent => format!(", {} silent", count(number(silent), "router", "routers")),
    };
    format!(
        "{} and {}{silent}, in {}.{} s, with about {} on the air",
        count(number(brought.routers), "router", "routers"),
        count(number(brought.children), "child", "children"),
        brought.milliseconds / 1000,
        brought.milliseconds % 1000 / 100,
        frames(brought.airtime.frames)
    )
}

fn frames(number: u32) -> String {
    count(usize::try_from(number).unwrap_or(usize::MAX), "frame", "frames")
}

/// Where a way stands, in a word or two.
pub(super) fn path_state(state: DataPathState) -> &'static str {
    match state {
        DataPathState::Untried => "not tried yet",
        DataPathState::Trying => "is being tried",
        DataPathState::Working => "works",
        DataPathState::NeedsCredential => "needs a credential",
        DataPathState::WrongCredential => "refused the credential",
        DataPathState::Busy => "has another commissioner",
        DataPathState::Unsupported => "does not do this",
        DataPathState::Unreachable => "does not answer",
        DataPathState::Failed => "failed",
        DataPathState::StandsBy => "stands by",
    }
}

/// Where the connection to a server stands, in a word or two.
pub(super) fn server_state(state: ServerState) -> &'static str {
    match state {
        ServerState::Connecting => "is being connected to",
        ServerState::Connected => "is connected",
        ServerState::Refused => "refused the token",
        ServerState::Unreachable => "does not answer",
        ServerState::NotUnderstood => "is not understood",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Timestamp = Timestamp::from_unix_milliseconds(1_800_000_000_000);

    fn path() -> DataPath {
        DataPath {
            id: "agent:1".into(),
            kind: DataPathKind::BorderAgent,
            name: "Hub\u{1b}[2J hall".into(),
            border_agent_id: None,
            extended_address: None,
            addresses: Vec::new(),
            product: Some("Nest".into()),
            state: DataPathState::Working,
            since: NOW.minus_seconds(600),
            detail: "It told the whole mesh.".into(),
            waits_for_passcode: true,
            is_by_hand: true,
            abilities: Vec::new(),
            last_attempt_at: Some(NOW.minus_seconds(120)),
            last_success_at: Some(NOW.minus_seconds(120)),
            next_attempt_at: Some(NOW.plus_seconds(720)),
            brought: Some(Brought {
                routers: 12,
                silent_routers: 1,
                children: 20,
                answers: 40,
                milliseconds: 1234,
                airtime: Airtime { frames: 340, bytes: 9 },
            }),
        }
    }

    #[test]
    fn everything_is_told_and_nothing_that_a_terminal_obeys() {
        let credential = CredentialView {
            origin: CredentialOrigin::HomeAssistant,
            origin_name: Some("ha.local".into()),
            added_at: NOW.minus_seconds(7200),
            active_timestamp_seconds: None,
            has_network_key: true,
            has_pskc: false,
            check: CredentialCheck::Older,
            detail: "The network has a newer dataset.".into(),
        };
        let network = NetworkWays {
            extended_pan_id: "1111111111111111".parse().ok(),
            name: Some("Home".into()),
            credential: Some(credential),
            paths: vec![path()],
            airtime_last_hour: Airtime { frames: 340, bytes: 9 },
            frames_per_hour: 6000,
        };
        let server = ServerView {
            id: "ws://ha.local:5580/ws".into(),
            address: "ws://ha.local:5580/ws".into(),
            product: None,
            fabric: None,
            state: ServerState::Connected,
            since: NOW,
            detail: "It tells.".into(),
            devices: 7,
            adoptable: 3,
            datasets: 0,
            last_heard_at: Some(NOW),
        };
        let view = NetworksView {
            paused: true,
            networks: vec![network],
            home_assistants: Vec::new(),
            matter_servers: vec![server],
        };
        let page = render(&view, "a test", NOW, 80);
        for expected in [
            "Questions are paused",
            "Home (1111111111111111)",
            "credential from Home Assistant ha.local, 2 h ago: network key, no PSKc; OUT OF DATE",
            "The network has a newer dataset.",
            "about 340 frames on the air in the last hour, 6000 at most",
            "works, for 10 min",
            "It waits for a passcode",
            "12 routers and 20 children, 1 router silent, in 1.2 s",
            "tried 2 min ago; next in 12 min",
            "named by you, as agent:1",
            "told of 7 devices, last heard 0 s ago",
            "`weft network adopt ws://ha.local:5580/ws`",
            "From a test.",
        ] {
            let flat = page.split_whitespace().collect::<Vec<_>>().join(" ");
            assert!(flat.contains(expected), "{expected}: {page}");
        }
        assert!(!page.contains('\u{1b}') && page.lines().all(|line| line.chars().count() <= 80), "{page}");
    }

    #[test]
    fn where_nothing_is_known_it_says_what_to_do() {
        let page = render(&NetworksView::default(), "nothing", NOW, 80);
        assert!(page.contains("weft network add -") && page.contains("weft network where"), "{page}");
    }
}
