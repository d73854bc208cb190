//! The way to whole networks: through the service that owns the data directory, or to what is kept where none runs.

use super::start::Networks;
use crate::client::{ANSWER_WITHIN, Service};
use anyhow::{Result, bail};
use serde::Serialize;
use std::path::Path;
use std::sync::Arc;
use weft_model::{ExtendedPanId, NetworksView};
use weft_server::{Adopted, Given, Networks as Keeper, Opened, ServerKind, TakenUp};
use weft_store::DataDirectory;
use zeroize::Zeroizing;

const NETWORKS: &str = "/api/v1/networks";

/// The way to whole networks.
pub(super) enum Door {
    /// A client of the running service.
    Service(Service),
    /// What is kept: nobody is asked.
    Kept {
        // Fields are dropped in this order: the lock is released last.
        keeper: Arc<dyn Keeper>,
        _directory: DataDirectory,
    },
}

#[derive(Serialize)]
struct Of<'a> {
    extended_pan_id: ExtendedPanId,
    #[serde(skip_serializing_if = "Option::is_none")]
    pskc: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    passphrase: Option<&'a str>,
}

impl Door {
    /// Through the running service, else to what is kept.
    ///
    /// # Errors
    /// Where neither is possible.
    pub(super) fn open(directory: &Path) -> Result<Self> {
        if let Some(service) = Service::of(directory) {
            return Ok(Self::Service(service));
        }
        let owned = DataDirectory::open(directory)?;
        Ok(Self::Kept {
            keeper: Networks::kept(owned.path())?,
            _directory: owned,
        })
    }

    /// The running service, for what needs one.
    ///
    /// # Errors
    /// Where none runs.
    pub(super) fn of_service(directory: &Path) -> Result<Self> {
        match Service::of(directory) {
            Some(service) => Ok(Self::Service(service)),
            None => bail!("no service is running, and only a service asks networks: start one with `weft`"),
        }
    }

    /// A service answers: what is wished is done at once.
    pub(super) fn is_service(&self) -> bool {
        matches!(self, Self::Service(_))
    }

    pub(super) fn view(&self) -> Result<NetworksView> {
        match self {
            Self::Service(service) => service.get(NETWORKS),
            Self::Kept { keeper, .. } => Ok(keeper.view()),
        }
    }

    pub(super) fn give(&self, given: Given) -> Result<()> {
        #[derive(Serialize)]
        struct Dataset<'a> {
            dataset: &'a str,
        }
        let service = match self {
            Self::Service(service) => service,
            Self::Kept { keeper, .. } => return Ok(keeper.give(given).map(drop)?),
        };
        let path = format!("{NETWORKS}/credentials");
        let _: NetworksView = match &given {
            Given::Dataset(dataset) => service.post(&path, &Dataset { dataset }, ANSWER_WITHIN)?,
            Given::Of(extended_pan_id, opened) => {
                let (pskc, passphrase) = match opened {
                    Opened::Pskc(pskc) => (Some(pskc.as_str()), None),
                    Opened::Passphrase(passphrase) => (None, Some(passphrase.as_str())),
                };
                let of = Of {
                    extended_pan_id: *extended_pan_id,
                    pskc,
                    passphrase,
                };
                service.post(&path, &of, ANSWER_WITHIN)?
            }
        };
        Ok(())
    }

    pub(super) fn forget(&self, network: ExtendedPanId) -> Result<()> {
        match self {
            Self::Service(service) => service.delete::<NetworksView>(&format!("{NETWORKS}/{network}/credential")).map(drop),
            Self::Kept { keeper, .. } => Ok(keeper.forget(network)?),
        }
    }

    pub(super) fn enter(&self, path: &str, passcode: &str) -> Result<()> {
        #[derive(Serialize)]
        struct Body<'a> {
            path: &'a str,
            passcode: &'a str,
        }
        match self {
            Self::Service(service) => service
                .post::<NetworksView>(&format!("{NETWORKS}/passcode"), &Body { path, passcode }, ANSWER_WITHIN)
                .map(drop),
            Self::Kept { keeper, .. } => Ok(keeper.enter(path, passcode)?),
        }
    }

    pub(super) fn ask(&self, network: Option<ExtendedPanId>) -> Result<()> {
        #[derive(Serialize)]
        struct Body {
            #[serde(skip_serializing_if = "Option::is_none")]
            extended_pan_id: Option<ExtendedPanId>,
        }
        let body = Body { extended_pan_id: network };
        match self {
            Self::Service(service) => service.post::<NetworksView>(&format!("{NETWORKS}/ask"), &body, ANSWER_WITHIN).map(drop),
            Self::Kept { keeper, .. } => Ok(keeper.ask(network, None)?),
        }
    }

    pub(super) fn add_path(&self, address: &str) -> Result<String> {
        #[derive(Serialize)]
        struct Body<'a> {
            address: &'a str,
        }
        match self {
            Self::Service(service) => service
                .post::<TakenUp>(&format!("{NETWORKS}/paths"), &Body { address }, ANSWER_WITHIN)
                .map(|taken| taken.id),
            Self::Kept { keeper, .. } => Ok(keeper.add_path(address)?),
        }
    }

    pub(super) fn add_server(&self, kind: ServerKind, address: &str, token: Option<Zeroizing<String>>) -> Result<String> {
        #[derive(Serialize)]
        struct Body<'a> {
            kind: ServerKind,
            address: &'a str,
            #[serde(skip_serializing_if = "Option::is_none")]
            token: Option<&'a str>,
        }
        match self {
            Self::Service(service) => {
                let token = token.as_ref().map(|token| token.as_str());
                let body = Body { kind, address, token };
                service
                    .post::<TakenUp>(&format!("{NETWORKS}/servers"), &body, ANSWER_WITHIN)
                    .map(|taken| taken.id)
            }
            Self::Kept { keeper, .. } => Ok(keeper.add_server(kind, address, token)?),
        }
    }

    /// Gives up a way, or a server.
    pub(super) fn remove(&self, id: &str, is_server: bool) -> Result<()> {
        #[derive(Serialize)]
        struct Body<'a> {
            id: &'a str,
        }
        match self {
            Self::Service(service) => {
                let what = if is_server { "servers" } else { "paths" };
                service
                    .post::<NetworksView>(&format!("{NETWORKS}/{what}/remove"), &Body { id }, ANSWER_WITHIN)
                    .map(drop)
            }
            Self::Kept { keeper, .. } if is_server => Ok(keeper.remove_server(id)?),
            Self::Kept { keeper, .. } => Ok(keeper.remove_path(id)?),
        }
    }

    pub(super) fn adopt(&self, id: &str) -> Result<u32> {
        #[derive(Serialize)]
        struct Body<'a> {
            id: &'a str,
        }
        match self {
            Self::Service(service) => service
                .post::<Adopted>(&format!("{NETWORKS}/servers/adopt"), &Body { id }, ANSWER_WITHIN)
                .map(|adopted| adopted.queued),
            Self::Kept { keeper, .. } => Ok(keeper.adopt(id, None)?),
        }
    }
}
