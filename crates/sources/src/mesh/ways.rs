//! What makes ways of what is announced or named.

use super::agent::{AgentWay, Goodbyes};
use super::dongle::DongleWay;
use super::otbr::{Base, OtbrWay, probe_addresses};
use super::sweeping::Memory;
use super::way::Way;
use crate::directory::BorderAgent;
use crate::own_node::OwnNode;
use std::future::Future;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

/// An API that was named or found.
pub(super) struct Api {
    /// Its address, as it is shown and kept.
    pub(super) base: String,
    /// What it says it is.
    pub(super) product: Option<String>,
    pub(super) way: Arc<dyn Way>,
}

/// Makes ways.
pub(super) trait Ways: Send + Sync + 'static {
    /// To a border agent.
    fn agent(&self, agent: &BorderAgent, name: &str) -> Arc<dyn Way>;

    /// To an API that a person named; why not, where it is no address.
    fn api(&self, address: &str) -> Result<Api, String>;

    /// Through a node of ours.
    fn dongle(&self, node: &Arc<dyn OwnNode>) -> Arc<dyn Way>;

    /// Looks for an API on a border router.
    fn probe(&self, addresses: Vec<SocketAddr>) -> Pin<Box<dyn Future<Output = Option<Api>> + Send>>;

    /// Waits until sessions have said goodbye, no longer than this.
    fn through(&self, within: Duration) -> Pin<Box<dyn Future<Output = ()> + Send + '_>>;
}

/// The real ones.
pub(super) struct RealWays {
    pub(super) commissioner_id: String,
    pub(super) goodbyes: Goodbyes,
}

impl Ways for RealWays {
    fn agent(&self, agent: &BorderAgent, name: &str) -> Arc<dyn Way> {
        Arc::new(AgentWay {
            name: name.to_owned(),
            network: agent.record.extended_pan_id,
            addresses: agent.addresses.clone(),
            passcode_addresses: agent.passcode_addresses.clone(),
            commissioner_id: self.commissioner_id.clone(),
            goodbyes: self.goodbyes.clone(),
            memory: Memory::default(),
        })
    }

    fn api(&self, address: &str) -> Result<Api, String> {
        let base = Base::parse(address).map_err(|error| error.to_string())?;
        Ok(Api {
            base: base.to_string(),
            product: None,
            way: Arc::new(OtbrWay::new(base)),
        })
    }

    fn dongle(&self, node: &Arc<dyn OwnNode>) -> Arc<dyn Way> {
        Arc::new(DongleWay::new(Arc::clone(node)))
    }

    fn probe(&self, addresses: Vec<SocketAddr>) -> Pin<Box<dyn Future<Output = Option<Api>> + Send>> {
        Box::pin(async move {
            let found = probe_addresses(&addresses).await?;
            Some(Api {
                base: found.base.to_string(),
                product: Some(found.product),
                way: Arc::new(OtbrWay::new(found.base)),
            })
        })
    }

    fn through(&self, within: Duration) -> Pin<Box<dyn Future<Output = ()> + Send + '_>> {
        Box::pin(self.goodbyes.through(within))
    }
}
