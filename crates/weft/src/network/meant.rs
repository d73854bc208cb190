//! Which network or border router a person means.

use anyhow::{Result, bail};
use weft_model::{DataPath, DataPathKind, ExtendedPanId, NetworksView};

/// The network of a name or extended PAN ID. One that is not known is meant by its extended PAN ID alone.
///
/// # Errors
/// Where none is meant, or more than one.
pub(crate) fn network(wanted: &str, view: &NetworksView) -> Result<ExtendedPanId> {
    let wanted = wanted.trim();
    if let Ok(id) = wanted.parse() {
        return Ok(id);
    }
    let same = |name: &Option<String>| name.as_ref().is_some_and(|name| name.to_lowercase() == wanted.to_lowercase());
    let named = view.networks.iter().filter(|network| same(&network.name));
    let found: Vec<ExtendedPanId> = named.filter_map(|network| network.extended_pan_id).collect();
    match found[..] {
        [only] => Ok(only),
        [] => bail!("no network is known by {wanted:?}; `weft network` lists all"),
        _ => {
            let ids: Vec<String> = found.iter().map(ToString::to_string).collect();
            bail!(
                "{} networks are called {wanted:?}: say which, by its extended PAN ID: {}",
                found.len(),
                ids.join(", ")
            )
        }
    }
}

/// The border router of a name, id, border agent id, extended address or address: the whole of it, else the beginning of its name.
///
/// # Errors
/// Where none is meant, or more than one.
pub(super) fn border_router<'a>(wanted: &str, view: &'a NetworksView) -> Result<&'a DataPath> {
    let wanted = wanted.trim().to_lowercase();
    let agents = || {
        let paths = view.networks.iter().flat_map(|network| &network.paths);
        paths.filter(|path| path.kind == DataPathKind::BorderAgent)
    };
    let whole = |path: &&DataPath| {
        let ids = [
            path.border_agent_id.map(|id| id.to_string()),
            path.extended_address.map(|id| id.to_string()),
        ];
        let has_address = path
            .addresses
            .iter()
            .map(|address| address.to_lowercase())
            .any(|address| address == wanted || host(&address) == wanted || without_scope(host(&address)) == wanted);
        path.id.to_lowercase() == wanted || path.name.to_lowercase() == wanted || has_address || ids.iter().flatten().any(|id| *id == wanted)
    };
    let begins = |path: &&DataPath| !wanted.is_empty() && path.name.to_lowercase().starts_with(&wanted);
    let mut found: Vec<&DataPath> = agents().filter(whole).collect();
    if found.is_empty() {
        found = agents().filter(begins).collect();
    }
    match found[..] {
        [only] => Ok(only),
        [] => {
            let known: Vec<&str> = agents().map(|path| path.name.as_str()).collect();
            if known.is_empty() {
                bail!("no border router announces itself now: is this machine in the same network? `weft check` looks");
            }
            bail!("no border router is known by {wanted:?}. There are: {}", known.join(", "))
        }
        _ => {
            let ids: Vec<&str> = found.iter().map(|path| path.id.as_str()).collect();
            bail!(
                "{} border routers are meant by {wanted:?}: say which, by its id: {}",
                found.len(),
                ids.join(", ")
            )
        }
    }
}

/// Of `[fe80::1%eth0]:49154` or `192.0.2.1:49154`, what stands before the port.
fn host(address: &str) -> &str {
    let host = address.rsplit_once(':').map_or(address, |(host, _)| host);
    host.trim_start_matches('[').trim_end_matches(']')
}

fn without_scope(host: &str) -> &str {
    host.split_once('%').map_or(host, |(host, _)| host)
}

#[cfg(test)]
mod tests {
    use super::*;
    use weft_model::{Airtime, DataPathState, NetworkWays, Timestamp};

    #[test]
    fn a_border_router_is_meant_by_its_bare_address_too() {
        for (address, wanted) in [
            ("[fe80::1%eth0]:49154", ["[fe80::1%eth0]:49154", "fe80::1%eth0", "fe80::1"]),
            ("192.0.2.1:49154", ["192.0.2.1:49154", "192.0.2.1", " 192.0.2.1 "]),
        ] {
            let mut agent = path("a", "Hall hub");
            agent.addresses = vec![address.to_owned()];
            let view = NetworksView {
                networks: vec![NetworkWays {
                    extended_pan_id: None,
                    name: None,
                    credential: None,
                    paths: vec![agent],
                    airtime_last_hour: Airtime::default(),
                    frames_per_hour: 0,
                }],
                ..NetworksView::default()
            };
            for wanted in wanted {
                assert_eq!(border_router(wanted, &view).unwrap().name, "Hall hub", "{wanted}");
            }
        }
        assert_eq!(host("http"), "http");
    }

    pub(crate) fn path(id: &str, name: &str) -> DataPath {
        DataPath {
            id: id.into(),
            kind: DataPathKind::BorderAgent,
            name: name.into(),
            border_agent_id: None,
            extended_address: "0a00000000000001".parse().ok(),
            addresses: vec![format!("[fd00::{id}]:49154")],
            product: None,
            state: DataPathState::NeedsCredential,
            since: Timestamp::MIN,
            detail: String::new(),
            waits_for_passcode: false,
            is_by_hand: false,
            abilities: Vec::new(),
            last_attempt_at: None,
            last_success_at: None,
            next_attempt_at: None,
            brought: None,
        }
    }

    fn view() -> NetworksView {
        let network = |id: &str, name: &str, paths| NetworkWays {
            extended_pan_id: id.parse().ok(),
            name: Some(name.into()),
            credential: None,
            paths,
            airtime_last_hour: Airtime::default(),
            frames_per_hour: 1,
        };
        let hall = DataPath {
            extended_address: None,
            ..path("2", "Hub hall")
        };
        NetworksView {
            networks: vec![
                network("1111111111111111", "Home", vec![path("1", "Hub"), hall]),
                network("2222222222222222", "Twice", Vec::new()),
                network("3333333333333333", "twice", Vec::new()),
            ],
            ..NetworksView::default()
        }
    }

    #[test]
    fn a_network_is_meant_by_name_or_id() {
        let view = view();
        assert_eq!(network("home", &view).unwrap().to_string(), "1111111111111111");
        assert_eq!(network("9999999999999999", &view).unwrap().to_string(), "9999999999999999");
        assert!(
            network("twice", &view)
                .unwrap_err()
                .to_string()
                .contains("2222222222222222, 3333333333333333")
        );
        assert!(network("x", &view).unwrap_err().to_string().contains("weft network"));
    }

    #[test]
    fn a_border_router_is_meant_by_anything_that_names_it() {
        let view = view();
        let meant = |wanted| {
            border_router(wanted, &view)
                .map(|path| path.id.clone())
                .map_err(|error| error.to_string())
        };
        for (wanted, id) in [
            ("hub", "1"),
            ("Hub h", "2"),
            ("2", "2"),
            ("0a00000000000001", "1"),
            ("[fd00::2]:49154", "2"),
        ] {
            assert_eq!(meant(wanted).as_deref(), Ok(id), "{wanted}");
        }
        assert!(meant("hu").unwrap_err().contains("by its id: 1, 2"));
        assert!(meant("x").unwrap_err().contains("There are: Hub, Hub hall"));
        assert!(meant("").unwrap_err().contains("no border router"));
        assert!(
            border_router("x", &NetworksView::default())
                .unwrap_err()
                .to_string()
                .contains("weft check")
        );
    }
}
