//! The sources that know whole networks, as the service starts them.

use super::adapter::AllNetworks;
use super::secret;
use anyhow::{Context, Result};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use weft_model::CredentialOrigin;
use weft_server::{Given, Networks as Keeper, ServerKind};
use weft_sources::Source;
use weft_sources::directory::ServiceDirectory;
use weft_sources::home_assistant::{DatasetSink, Joiner, ServersConfig, ServersSource};
use weft_sources::matter::DatasetTaker;
use weft_sources::mesh::{FRAMES_PER_HOUR, MeshConfig, MeshHandle, MeshSource};
use weft_thread::credential::OperationalDataset;

/// Sources, to be started.
type Sources = Vec<Arc<dyn Source>>;

/// Names of the sources.
const MESH: &str = "mesh";
const SERVERS: &str = "home-assistant";

/// What the user says of whole networks on the command line.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct NetworkOptions {
    /// File with a dataset.
    pub(crate) dataset: Option<PathBuf>,
    /// Address of a Home Assistant, and a file with its token.
    pub(crate) home_assistant: Option<(String, PathBuf)>,
    /// Address of a Matter server.
    pub(crate) matter_server: Option<String>,
    /// The most radio frames an hour for each network; the usual where none is given.
    pub(crate) frames_per_hour: Option<u32>,
}

/// The hub of meshes, before it has its servers.
pub(crate) struct Networks {
    mesh: MeshHandle,
    source: Arc<dyn Source>,
}

/// The hub of the meshes in a data directory. Nothing is sent before its source runs.
pub(crate) fn networks(directory: &Path, services: ServiceDirectory, frames_per_hour: Option<u32>) -> Networks {
    let (source, mesh) = MeshSource::new(MeshConfig {
        name: MESH.to_owned(),
        directory: directory.to_owned(),
        services,
        frames_per_hour: frames_per_hour.unwrap_or(FRAMES_PER_HOUR),
    });
    Networks {
        mesh,
        source: Arc::new(source),
    }
}

impl Networks {
    /// Takes datasets that others hand over.
    pub(crate) fn dataset_sink(&self) -> DatasetSink {
        let mesh = self.mesh.clone();
        Arc::new(move |dataset, origin, name| {
            if let Err(error) = mesh.learn(dataset, origin, Some(name)) {
                tracing::warn!(%error, from = name, "a dataset that was handed over is not kept");
            }
        })
    }

    /// The same, for datasets that paired border routers hand over as they are.
    pub(crate) fn dataset_taker(&self) -> DatasetTaker {
        let sink = self.dataset_sink();
        DatasetTaker::new(move |tlvs, name| match OperationalDataset::from_tlvs(tlvs) {
            Ok(dataset) => sink(&dataset, CredentialOrigin::MatterBorderRouter, name),
            Err(error) => tracing::warn!(%error, from = name, "what a border router handed over is no dataset"),
        })
    }

    /// The hub of the meshes, for whoever needs its datasets.
    pub(crate) fn meshes(&self) -> MeshHandle {
        self.mesh.clone()
    }

    /// All sources, and who answers for them; what the command line gives is kept.
    ///
    /// # Errors
    /// Where that cannot be read, or is refused.
    pub(crate) fn with_servers(
        self,
        directory: &Path,
        joiner: Option<Arc<dyn Joiner>>,
        options: &NetworkOptions,
    ) -> Result<(Sources, Arc<dyn Keeper>)> {
        let (source, servers) = ServersSource::new(ServersConfig {
            name: SERVERS.to_owned(),
            directory: directory.to_owned(),
            datasets: Some(self.dataset_sink()),
            joiner,
        });
        // The pause is kept with the meshes, and holds for all.
        servers.set_paused(self.mesh.view().paused);
        let all = AllNetworks { mesh: self.mesh, servers };
        all.take(options)?;
        Ok((vec![self.source, Arc::new(source)], Arc::new(all)))
    }

    /// Who answers for what is kept in a data directory, where no service runs.
    ///
    /// # Errors
    /// None now.
    pub(super) fn kept(directory: &Path) -> Result<Arc<dyn Keeper>> {
        let (_, keeper) = networks(directory, ServiceDirectory::default(), None).with_servers(directory, None, &NetworkOptions::default())?;
        Ok(keeper)
    }
}

impl AllNetworks {
    fn take(&self, options: &NetworkOptions) -> Result<()> {
        if let Some(path) = &options.dataset {
            let given = Given::Dataset(secret::in_file(path)?);
            self.give(given)
                .with_context(|| format!("the dataset in {} is not taken", path.display()))?;
        }
        if let Some((address, path)) = &options.home_assistant {
            let token = secret::in_file(path)?;
            let added = self.add_server(ServerKind::HomeAssistant, address, Some(token));
            added.with_context(|| format!("Home Assistant at {address} is not taken"))?;
        }
        if let Some(address) = &options.matter_server {
            let added = self.add_server(ServerKind::MatterServer, address, None);
            added.with_context(|| format!("the Matter server at {address} is not taken"))?;
        }
        Ok(())
    }
}
