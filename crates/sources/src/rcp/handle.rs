//! What is seen of a dongle, and wanted of it.

use super::state::Shared;
use super::{Listening, Network, SEARCH_DWELL};
use crate::own_node::{Conversation, NodeStanding, OwnNode, conversation};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::watch;
use weft_model::{Airtime, Channel, DongleKind, DongleMode, DongleView, ExtendedPanId, PanId, Refusal};
use weft_thread::node::Membership;

/// The shortest and the longest time on each channel of a scan.
const SHORTEST_DWELL: Duration = Duration::from_millis(1);
const LONGEST_DWELL: Duration = Duration::from_secs(10);

/// Watches and commands a dongle. Clones are the same dongle. Commands may touch the disk, and wait up to half a second until they are taken up.
#[derive(Clone)]
pub struct DongleHandle(Arc<Shared>);

impl DongleHandle {
    pub(super) fn new(shared: Arc<Shared>) -> Self {
        Self(shared)
    }

    /// How it is doing.
    pub fn view(&self) -> DongleView {
        self.0.view()
    }

    /// Counts the changes of [`Self::view`].
    pub fn changed(&self) -> watch::Receiver<u64> {
        self.0.changed.subscribe()
    }

    /// Goes through all channels once, for `dwell` on each (10 s at most), and comes back. Meanwhile it is deaf on its own, and says so.
    ///
    /// # Errors
    /// Where it does not listen, scans or searches already, or takes part in a mesh.
    pub fn scan(&self, dwell: Duration) -> Result<(), Refusal> {
        self.listens("look on all channels")?;
        let view = self.view();
        match view.mode {
            DongleMode::Scanning => Err(not_now(
                "The dongle goes through the channels already; what it hears stands there when it is through.",
            )),
            DongleMode::Searching => Err(not_now(
                "The dongle goes through all channels already, until it finds a Thread network; have it listen on one channel to scan from there.",
            )),
            _ => {
                self.0.wish(|wishes| wishes.scan = Some(dwell.clamp(SHORTEST_DWELL, LONGEST_DWELL)));
                Ok(())
            }
        }
    }

    /// Listens on a channel from now on; `None`: looks for the one with a Thread network.
    ///
    /// # Errors
    /// Where the radio does not have the channel, or the dongle is not there, scans, or takes part in a mesh.
    pub fn listen(&self, channel: Option<Channel>) -> Result<(), Refusal> {
        self.listens("listen elsewhere")?;
        if self.view().mode == DongleMode::Scanning {
            return Err(not_now("The dongle goes through all channels at the moment: wait until it is through."));
        }
        let listening = match channel {
            Some(channel) if self.0.lacks(channel) => {
                let number = channel.get();
                return Err(Refusal::Wrong(format!("The dongle's radio does not have channel {number}.")));
            }
            Some(channel) => Listening::Channel(channel),
            None => Listening::Search { dwell: SEARCH_DWELL },
        };
        self.0.wish(|wishes| wishes.listening = Some(listening));
        Ok(())
    }

    /// Opens frames with the key of this network from now on, and of no other; `None`: opens none any more.
    pub fn set_network(&self, network: Option<Network>) {
        self.0.wish(|wishes| wishes.network = Some(network));
    }

    /// PANs that were heard since the key was set last, and how many frames of each.
    pub fn heard_pans(&self) -> Vec<(PanId, u64)> {
        self.0.pans()
    }

    /// Takes part in a mesh from now on, also after a restart, until [`Self::leave`].
    ///
    /// # Errors
    /// Where the dongle is not there or its firmware only listens, it takes part in a mesh already, or that cannot be kept.
    pub fn join(&self, membership: Membership) -> Result<(), Refusal> {
        let view = self.view();
        if view.kind == Some(DongleKind::NordicSniffer) {
            return Err(not_now(
                "The dongle has Nordic's sniffer firmware, which only listens: flash OpenThread's RCP firmware to take part.",
            ));
        }
        if view.mode == DongleMode::Absent {
            return Err(absent(&view));
        }
        self.want(membership)
    }

    /// The same for a dongle that need not be there yet.
    ///
    /// # Errors
    /// Where it takes part in another mesh, or that cannot be kept.
    pub fn want(&self, membership: Membership) -> Result<(), Refusal> {
        let Some(folder) = &self.0.folder else {
            return Err(not_now(
                "Only the service takes part in a mesh: start it with `weft serve --dongle auto`.",
            ));
        };
        let network = membership.extended_pan_id;
        self.0.with_wanted(|wanted| {
            match wanted.network {
                Some(now) if now == network && wanted.membership.is_some() => {
                    return Err(not_now("The dongle takes part in this network already."));
                }
                Some(now) if now != network => {
                    return Err(not_now(&format!(
                        "The dongle takes part in network {now} already: have it leave that first; it can be in one mesh at a time."
                    )));
                }
                _ => {}
            }
            folder.set_wish(Some(network)).map_err(|error| {
                Refusal::Failed(format!(
                    "That the dongle takes part cannot be kept in {}: {error}. It does not take part.",
                    folder.path_of(network).display()
                ))
            })?;
            wanted.network = Some(network);
            wanted.membership = Some(membership);
            wanted.generation += 1;
            Ok(())
        })?;
        self.0.wait_until_wanted_is_taken();
        Ok(())
    }

    /// Says goodbye to the mesh, and listens again.
    ///
    /// # Errors
    /// Where it takes part in none, or that cannot be kept: it leaves all the same, until the next start.
    pub fn leave(&self) -> Result<(), Refusal> {
        let kept = self.0.with_wanted(|wanted| {
            if wanted.network.is_none() {
                return Err(not_now("The dongle takes part in no mesh."));
            }
            wanted.network = None;
            wanted.membership = None;
            wanted.generation += 1;
            let kept = self.0.folder.as_ref().map_or(Ok(()), |folder| folder.set_wish(None));
            kept.map_err(|error| {
                Refusal::Failed(format!(
                    "The dongle leaves the mesh now, but that cannot be kept, and it will take part again after a restart: {error}"
                ))
            })
        });
        self.0.wait_until_wanted_is_taken();
        kept
    }

    /// The network that it is to take part in.
    pub fn wanted(&self) -> Option<ExtendedPanId> {
        self.0.with_wanted(|wanted| wanted.network)
    }

    /// What makes a member of the network that it is to take part in, as that is known now; `None`: it is not known any more, and the node leaves until it is.
    pub fn supply(&self, membership: Option<Membership>) {
        self.0.with_wanted(|wanted| {
            let is_other = membership
                .as_ref()
                .is_some_and(|membership| Some(membership.extended_pan_id) != wanted.network);
            let is_same = membership.is_none() && wanted.membership.is_none();
            if !is_other && !is_same {
                wanted.membership = membership;
                wanted.generation += 1;
            }
        });
    }

    /// The node that it may be, for whoever asks the mesh.
    pub fn own_node(&self) -> Arc<dyn OwnNode> {
        Arc::new(NodeOfDongle(Arc::clone(&self.0)))
    }

    /// Whether it listens, so that it can do something else instead.
    fn listens(&self, what: &str) -> Result<(), Refusal> {
        let view = self.view();
        match view.mode {
            DongleMode::Absent => Err(absent(&view)),
            DongleMode::Starting => Err(not_now("The dongle is being set up: try again in some seconds.")),
            DongleMode::Deaf => Err(not_now(&format!("The dongle hears nothing at the moment: {}", view.detail))),
            DongleMode::TakingPart => Err(not_now(&format!(
                "The dongle takes part in a mesh, and stays on its channel: have it leave to {what}."
            ))),
            _ if self.wanted().is_some() => Err(not_now(&format!(
                "The dongle is to take part in a mesh, and stays on its channel: have it leave to {what}."
            ))),
            DongleMode::Listening | DongleMode::Searching | DongleMode::Scanning => Ok(()),
        }
    }
}

fn not_now(text: &str) -> Refusal {
    Refusal::NotNow(text.to_owned())
}

fn absent(view: &DongleView) -> Refusal {
    not_now(&format!("The dongle is not there. {}", view.detail))
}

/// The node, as whoever asks the mesh sees it.
struct NodeOfDongle(Arc<Shared>);

impl OwnNode for NodeOfDongle {
    fn standing(&self) -> watch::Receiver<Option<NodeStanding>> {
        self.0.standing.subscribe()
    }

    fn converse(&self) -> Conversation {
        let (conversation, end) = conversation();
        self.0.set_conversation(end);
        conversation
    }

    fn hears(&self) -> watch::Receiver<Option<ExtendedPanId>> {
        self.0.hears.subscribe()
    }

    fn take_spent(&self) -> Airtime {
        self.0.take_spent()
    }
}
