//! The hub of meshes and the servers, as the API and the commands see them.

use tokio::sync::watch;
use weft_model::{ExtendedPanId, MatterNodeId, NetworksView, Refusal};
use weft_server::{Given, Networks, Opened, ServerKind};
use weft_sources::home_assistant::ServersHandle;
use weft_sources::mesh::{self, MeshHandle};
use zeroize::Zeroizing;

/// Both together. Clones are the same.
#[derive(Clone)]
pub(super) struct AllNetworks {
    pub(super) mesh: MeshHandle,
    pub(super) servers: ServersHandle,
}

impl Networks for AllNetworks {
    fn view(&self) -> NetworksView {
        NetworksView {
            home_assistants: self.servers.home_assistants(),
            matter_servers: self.servers.matter_servers(),
            ..self.mesh.view()
        }
    }

    fn changed(&self) -> watch::Receiver<u64> {
        let (both, receiver) = watch::channel(0);
        let (mut mesh, mut servers) = (self.mesh.changed(), self.servers.changed());
        // Ends with the last receiver, or with the sources.
        tokio::spawn(async move {
            loop {
                let is_over = tokio::select! {
                    changed = mesh.changed() => changed.is_err(),
                    changed = servers.changed() => changed.is_err(),
                    () = both.closed() => true,
                };
                if is_over {
                    break;
                }
                both.send_modify(|count| *count += 1);
            }
        });
        receiver
    }

    fn give(&self, given: Given) -> Result<ExtendedPanId, Refusal> {
        let given = match given {
            Given::Dataset(dataset) => mesh::Given::Dataset(dataset),
            Given::Of(network, Opened::Pskc(pskc)) => mesh::Given::Pskc(network, pskc),
            Given::Of(network, Opened::Passphrase(passphrase)) => mesh::Given::Passphrase(network, passphrase),
        };
        self.mesh.give(given)
    }

    fn forget(&self, network: ExtendedPanId) -> Result<(), Refusal> {
        self.mesh.forget(network)
    }

    fn enter(&self, path: &str, passcode: &str) -> Result<(), Refusal> {
        self.mesh.enter(path, passcode)
    }

    fn ask(&self, network: Option<ExtendedPanId>, path: Option<&str>) -> Result<(), Refusal> {
        self.mesh.ask_now(network, path)
    }

    fn add_path(&self, address: &str) -> Result<String, Refusal> {
        self.mesh.add_rest(address)
    }

    fn remove_path(&self, id: &str) -> Result<(), Refusal> {
        self.mesh.remove(id)
    }

    fn add_server(&self, kind: ServerKind, address: &str, token: Option<Zeroizing<String>>) -> Result<String, Refusal> {
        match (kind, token) {
            (ServerKind::MatterServer, _) => self.servers.add_matter_server(address),
            (ServerKind::HomeAssistant, Some(token)) => self.servers.add_home_assistant(address, token),
            (ServerKind::HomeAssistant, None) => Err(Refusal::Wrong("Home Assistant wants a long-lived access token.".to_owned())),
        }
    }

    fn remove_server(&self, id: &str) -> Result<(), Refusal> {
        self.servers.remove(id)
    }

    fn adopt(&self, id: &str, nodes: Option<Vec<MatterNodeId>>) -> Result<u32, Refusal> {
        self.servers.adopt(id, nodes)
    }

    fn set_paused(&self, paused: bool) -> Result<(), Refusal> {
        self.servers.set_paused(paused);
        self.mesh.set_paused(paused)
    }
}
