//! Ways to networks in memory, for tests: one network with one border router; keeps what it was asked.

use super::{Given, Networks, Opened, ServerKind};
use crate::testing::now;
use std::sync::Mutex;
use tokio::sync::watch;
use weft_model::{
    Ability, AbilityKind, Airtime, Brought, CredentialCheck, CredentialOrigin, CredentialView, DataPath, DataPathKind, DataPathState, ExtendedPanId,
    MatterNodeId, NetworkWays, NetworksView, Refusal, ServerState, ServerView,
};
use zeroize::Zeroizing;

pub(crate) const NETWORK: &str = "1111111111111111";
/// What is taken for a dataset.
pub(crate) const DATASET: &str = "0e080000000000010000";

pub(crate) struct Double {
    view: Mutex<NetworksView>,
    changed: watch::Sender<u64>,
    /// What it was asked, in words.
    pub(crate) asked: Mutex<Vec<String>>,
}

fn path(id: &str, kind: DataPathKind, by_hand: bool) -> DataPath {
    DataPath {
        id: id.into(),
        kind,
        name: "Hub".into(),
        border_agent_id: None,
        extended_address: None,
        addresses: vec!["[fd00::1]:49154".into()],
        product: Some("OpenThread".into()),
        state: DataPathState::NeedsCredential,
        since: now(),
        detail: "Enter the dataset.".into(),
        waits_for_passcode: true,
        is_by_hand: by_hand,
        abilities: vec![Ability {
            kind: AbilityKind::Petition,
            works: true,
            seen_at: now(),
            detail: None,
        }],
        last_attempt_at: Some(now()),
        last_success_at: None,
        next_attempt_at: None,
        brought: Some(Brought::default()),
    }
}

fn server(id: &str) -> ServerView {
    ServerView {
        id: id.into(),
        address: id.into(),
        product: None,
        fabric: None,
        state: ServerState::Connecting,
        since: now(),
        detail: "It is being connected to.".into(),
        devices: 0,
        adoptable: 2,
        datasets: 0,
        last_heard_at: None,
    }
}

impl Double {
    pub(crate) fn new() -> Self {
        let network = NetworkWays {
            extended_pan_id: NETWORK.parse().ok(),
            name: Some("Home".into()),
            credential: None,
            paths: vec![path("agent:1", DataPathKind::BorderAgent, false)],
            airtime_last_hour: Airtime::default(),
            frames_per_hour: 6_000,
        };
        Self {
            view: Mutex::new(NetworksView {
                networks: vec![network],
                ..NetworksView::default()
            }),
            changed: watch::Sender::new(0),
            asked: Mutex::default(),
        }
    }

    pub(crate) fn change(&self, what: String, change: impl FnOnce(&mut NetworksView)) {
        self.asked.lock().unwrap().push(what);
        change(&mut self.view.lock().unwrap());
        self.changed.send_modify(|count| *count += 1);
    }

    fn known_path(&self, id: &str) -> Result<DataPath, Refusal> {
        let view = self.view();
        let mut paths = view.networks.into_iter().flat_map(|network| network.paths);
        paths
            .find(|path| path.id == id)
            .ok_or_else(|| Refusal::Unknown("There is no such way.".into()))
    }

    fn known_server(&self, id: &str) -> Result<(), Refusal> {
        let view = self.view();
        let known = view.home_assistants.iter().chain(&view.matter_servers).any(|server| server.id == id);
        known.then_some(()).ok_or_else(|| Refusal::Unknown("There is no such server.".into()))
    }
}

impl Networks for Double {
    fn view(&self) -> NetworksView {
        self.view.lock().unwrap().clone()
    }

    fn changed(&self) -> watch::Receiver<u64> {
        self.changed.subscribe()
    }

    fn give(&self, given: Given) -> Result<ExtendedPanId, Refusal> {
        let what = match given {
            Given::Dataset(dataset) if *dataset != *DATASET => return Err(Refusal::Wrong("It is cut off.".into())),
            Given::Dataset(_) => "dataset".to_owned(),
            Given::Of(network, _) if network.to_string() != NETWORK => return Err(Refusal::Unknown("There is no such network.".into())),
            Given::Of(network, Opened::Pskc(_)) => format!("pskc of {network}"),
            Given::Of(network, Opened::Passphrase(_)) => format!("passphrase of {network}"),
        };
        self.change(what, |view| {
            view.networks[0].credential = Some(CredentialView {
                origin: CredentialOrigin::ByHand,
                origin_name: None,
                added_at: now(),
                active_timestamp_seconds: Some(1),
                has_network_key: true,
                has_pskc: true,
                check: CredentialCheck::Matches,
                detail: "It fits.".into(),
            });
        });
        NETWORK.parse().map_err(|_| Refusal::Failed(String::new()))
    }

    fn forget(&self, network: ExtendedPanId) -> Result<(), Refusal> {
        if self.view().networks[0].credential.is_none() {
            return Err(Refusal::Unknown("There is none.".into()));
        }
        self.change(format!("forget {network}"), |view| view.networks[0].credential = None);
        Ok(())
    }

    fn enter(&self, path: &str, passcode: &str) -> Result<(), Refusal> {
        self.known_path(path)?;
        if passcode.len() < 6 {
            return Err(Refusal::Wrong("It is no passcode.".into()));
        }
        self.change(format!("enter {path}"), |_| {});
        Ok(())
    }

    fn ask(&self, network: Option<ExtendedPanId>, path: Option<&str>) -> Result<(), Refusal> {
        if self.view().paused {
            return Err(Refusal::NotNow("Questions are paused.".into()));
        }
        path.map_or(Ok(()), |path| self.known_path(path).map(drop))?;
        self.change(format!("ask {network:?} {path:?}"), |_| {});
        Ok(())
    }

    fn add_path(&self, address: &str) -> Result<String, Refusal> {
        let id = format!("otbr:http://{address}:8081");
        self.change(format!("add {address}"), |view| {
            view.networks[0].paths.push(path(&id, DataPathKind::OtbrRest, true));
        });
        Ok(id)
    }

    fn remove_path(&self, id: &str) -> Result<(), Refusal> {
        if !self.known_path(id)?.is_by_hand {
            return Err(Refusal::NotNow("It is found by itself.".into()));
        }
        self.change(format!("remove {id}"), |view| view.networks[0].paths.retain(|path| path.id != id));
        Ok(())
    }

    fn add_server(&self, kind: ServerKind, address: &str, token: Option<Zeroizing<String>>) -> Result<String, Refusal> {
        self.change(format!("{kind:?} at {address}, token {}", token.is_some()), |view| match kind {
            ServerKind::HomeAssistant => view.home_assistants.push(server(address)),
            ServerKind::MatterServer => view.matter_servers.push(server(address)),
        });
        Ok(address.to_owned())
    }

    fn remove_server(&self, id: &str) -> Result<(), Refusal> {
        self.known_server(id)?;
        self.change(format!("leave {id}"), |view| {
            view.home_assistants.retain(|server| server.id != id);
            view.matter_servers.retain(|server| server.id != id);
        });
        Ok(())
    }

    fn adopt(&self, id: &str, nodes: Option<Vec<MatterNodeId>>) -> Result<u32, Refusal> {
        self.known_server(id)?;
        self.change(format!("adopt {id}"), |_| {});
        Ok(nodes.map_or(2, |nodes| u32::try_from(nodes.len()).unwrap_or(u32::MAX)))
    }

    fn set_paused(&self, paused: bool) -> Result<(), Refusal> {
        self.change(format!("paused {paused}"), |view| view.paused = paused);
        Ok(())
    }
}
