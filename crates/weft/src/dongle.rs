//! The dongle of a service: what the API wants of it, and what it gets of keys. Keys come from the stored datasets, also from those that come later: a dataset that is
//! entered, or handed over by a border router, opens frames from that moment on.

use crate::output::tell;
use anyhow::{Context as _, Result, bail};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::sync::watch;
use weft_model::{Channel, DongleView, ExtendedPanId, PanId, Refusal};
use weft_sources::mesh::MeshHandle;
use weft_sources::rcp::{DongleHandle, Membership, Network};
use weft_thread::credential::OperationalDataset;

/// Where what its node keeps lies in a data directory.
pub(crate) fn folder(directory: &Path) -> PathBuf {
    weft_sources::rcp::folder(directory)
}

/// A dongle, and the datasets that are stored.
pub(crate) struct Keeper {
    dongle: DongleHandle,
    /// `None`: this service keeps no datasets.
    meshes: Option<MeshHandle>,
    /// The key for listening was named on the command line: no other is used.
    has_own_key: bool,
    given: Mutex<Given>,
}

/// What the dongle was given last.
#[derive(Default)]
struct Given {
    /// The dataset whose key opens frames.
    opens: Option<OperationalDataset>,
    /// The dataset of the network that it is to take part in.
    joins: Option<OperationalDataset>,
}

/// A network whose frames could be opened.
struct Candidate {
    network: ExtendedPanId,
    name: Option<String>,
    channel: Option<Channel>,
    pan_id: Option<PanId>,
    dataset: OperationalDataset,
}

impl Candidate {
    fn called(&self) -> String {
        match &self.name {
            Some(name) => format!("“{name}” ({})", self.network),
            None => self.network.to_string(),
        }
    }
}

impl Keeper {
    /// Nothing is given to the dongle before [`Self::follow`].
    pub(crate) fn new(dongle: DongleHandle, meshes: Option<MeshHandle>, has_own_key: bool) -> Arc<Self> {
        if let Some(meshes) = &meshes {
            meshes.set_dongle(dongle.own_node());
        }
        Arc::new(Self {
            dongle,
            meshes,
            has_own_key,
            given: Mutex::default(),
        })
    }

    /// Takes part from now on, though the dongle be plugged in later; where no network is named, in the only one whose dataset is stored.
    ///
    /// # Errors
    /// Where it is not known which, or Weft has no whole dataset of it.
    pub(crate) fn join_at_start(&self, network: Option<&str>) -> Result<()> {
        let mut candidates = self.candidates();
        let candidate = match network {
            Some(text) => {
                let id: Option<ExtendedPanId> = text.parse().ok();
                let is_meant = |candidate: &Candidate| Some(candidate.network) == id || candidate.name.as_deref() == Some(text);
                let meant: Vec<usize> = (0..candidates.len())
                    .filter(|place| candidates.get(*place).is_some_and(is_meant))
                    .collect();
                match meant.as_slice() {
                    [place] => candidates.swap_remove(*place),
                    [] => bail!("there is no dataset of network {text}: enter it with `weft network add -`, or start with --dataset FILE"),
                    _ => bail!("several networks are called {text}: name the one to join by its extended PAN ID (`weft network` lists them)"),
                }
            }
            None if candidates.len() == 1 => candidates.swap_remove(0),
            None if candidates.is_empty() => {
                bail!("there is no dataset of any network to join: enter it with `weft network add -`, or start with --dataset FILE")
            }
            None => {
                let known: Vec<String> = candidates.iter().map(Candidate::called).collect();
                bail!(
                    "datasets of several networks are stored; say with --join NETWORK which one to join: {}",
                    known.join(", ")
                )
            }
        };
        let membership = Membership::from_dataset(&candidate.dataset).with_context(|| format!("{} cannot be joined", candidate.called()))?;
        let mut given = self.given();
        if self.dongle.wanted() != Some(candidate.network) {
            self.dongle.want(membership)?;
            given.joins = Some(candidate.dataset);
        }
        Ok(())
    }

    /// Hands keys over as they come, until the service ends.
    pub(crate) async fn follow(self: Arc<Self>) {
        let mut dongle = self.dongle.changed();
        let Some(mut meshes) = self.meshes.as_ref().map(MeshHandle::changed) else {
            return;
        };
        let mut known = None;
        loop {
            let networks = *meshes.borrow_and_update();
            dongle.borrow_and_update();
            let now = (networks, self.dongle.view().channel, self.dongle.wanted(), self.dongle.heard_pans().len());
            if known != Some(now) {
                known = Some(now);
                let keeper = Arc::clone(&self);
                // It waits for the dongle's thread.
                if tokio::task::spawn_blocking(move || keeper.hand_over()).await.is_err() {
                    tracing::error!("a defect in what hands keys to the dongle");
                }
            }
            tokio::select! {
                changed = dongle.changed() => if changed.is_err() { return },
                changed = meshes.changed() => if changed.is_err() { return },
            }
        }
    }

    /// Gives the dongle what fits now, where that is something else than before.
    fn hand_over(&self) {
        let candidates = self.candidates();
        let mut given = self.given();
        let wanted = self.dongle.wanted();
        let joins = wanted.and_then(|network| candidates.iter().find(|candidate| candidate.network == network));
        let joins = joins.and_then(|candidate| Some((Membership::from_dataset(&candidate.dataset).ok()?, candidate)));
        if wanted.is_some() && !is_same(given.joins.as_ref(), joins.as_ref().map(|(_, candidate)| &candidate.dataset)) {
            given.joins = joins.as_ref().map(|(_, candidate)| candidate.dataset.clone());
            self.dongle.supply(joins.map(|(membership, _)| membership));
        }
        if self.has_own_key {
            return;
        }
        let opens = choose(&candidates, wanted, self.dongle.view().channel, &self.dongle.heard_pans());
        if is_same(given.opens.as_ref(), opens.map(|candidate| &candidate.dataset)) {
            return;
        }
        match opens {
            Some(candidate) => tell(format!("the dongle has the key of {} from the stored dataset", candidate.called())),
            None => tell("the dongle has no key any more: no stored dataset is of the network that it hears"),
        }
        given.opens = opens.map(|candidate| candidate.dataset.clone());
        self.dongle
            .set_network(opens.and_then(|candidate| Network::from_dataset(candidate.dataset.expose())));
    }

    fn candidates(&self) -> Vec<Candidate> {
        let Some(meshes) = &self.meshes else { return Vec::new() };
        let networks = meshes.view().networks;
        let with_key = networks
            .into_iter()
            .filter(|network| network.credential.as_ref().is_some_and(|kept| kept.has_network_key));
        let candidates = with_key.filter_map(|network| {
            let id = network.extended_pan_id?;
            let dataset = meshes.dataset(id)?;
            let public = dataset.public();
            Some(Candidate {
                network: id,
                name: network.name,
                channel: public.channel,
                pan_id: public.pan_id,
                dataset,
            })
        });
        candidates.collect()
    }

    fn given(&self) -> MutexGuard<'_, Given> {
        self.given.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn is_same(one: Option<&OperationalDataset>, other: Option<&OperationalDataset>) -> bool {
    one.map(OperationalDataset::expose) == other.map(OperationalDataset::expose)
}

/// Whose frames to open: those of the mesh that it takes part in; else of the network on its channel, or, should several be there, of the one that is heard most. A
/// network that moved to this channel since its dataset was stored is known by its PAN.
fn choose<'a>(candidates: &'a [Candidate], joined: Option<ExtendedPanId>, channel: Option<Channel>, pans: &[(PanId, u64)]) -> Option<&'a Candidate> {
    if let Some(joined) = candidates.iter().find(|candidate| Some(candidate.network) == joined) {
        return Some(joined);
    }
    let Some(channel) = channel else {
        return match candidates {
            [one] => Some(one),
            _ => None,
        };
    };
    let frames = |candidate: &Candidate| {
        let of_pan = pans.iter().find(|(pan_id, _)| Some(*pan_id) == candidate.pan_id);
        of_pan.map_or(0, |(_, frames)| *frames)
    };
    let fits = |candidate: &&Candidate| candidate.channel.is_none_or(|of| of == channel);
    let here: Vec<&Candidate> = candidates.iter().filter(fits).collect();
    match here.as_slice() {
        [one] => Some(one),
        [] => candidates
            .iter()
            .filter(|candidate| frames(candidate) > 0)
            .max_by_key(|candidate| frames(candidate)),
        several => several
            .iter()
            .copied()
            .filter(|candidate| frames(candidate) > 0)
            .max_by_key(|candidate| frames(candidate)),
    }
}

impl weft_server::Dongle for Keeper {
    fn view(&self) -> DongleView {
        self.dongle.view()
    }

    fn changed(&self) -> watch::Receiver<u64> {
        self.dongle.changed()
    }

    fn scan(&self, dwell: Duration) -> Result<(), Refusal> {
        self.dongle.scan(dwell)
    }

    fn listen(&self, channel: Option<Channel>) -> Result<(), Refusal> {
        self.dongle.listen(channel)
    }

    fn join(&self, network: ExtendedPanId) -> Result<(), Refusal> {
        let Some(meshes) = &self.meshes else {
            return Err(Refusal::NotNow(
                "This service keeps no datasets, and without one nobody takes part: start it without --no-networks.".to_owned(),
            ));
        };
        let dataset = meshes.dataset(network).ok_or_else(|| {
            Refusal::NotNow(format!(
                "Weft has no dataset of network {network}, and without its key nobody takes part: enter its whole active dataset first (`weft network add -`, \
                 or the page under Ways in)."
            ))
        })?;
        let membership =
            Membership::from_dataset(&dataset).map_err(|unfit| Refusal::NotNow(format!("Network {network} cannot be joined: {unfit}.")))?;
        // Held until both are done: what is handed over meanwhile would make it join twice.
        let mut given = self.given();
        self.dongle.join(membership)?;
        given.joins = Some(dataset);
        Ok(())
    }

    fn leave(&self) -> Result<(), Refusal> {
        let mut given = self.given();
        given.joins = None;
        self.dongle.leave()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn candidate(number: u8, channel: Option<u16>) -> Candidate {
        let tlvs = [&[2, 8][..], &[number; 8]].concat();
        Candidate {
            network: ExtendedPanId([number; 8]),
            name: None,
            channel: channel.and_then(Channel::new),
            pan_id: Some(PanId(number.into())),
            dataset: OperationalDataset::from_tlvs(&tlvs).unwrap(),
        }
    }

    #[test]
    fn the_key_is_that_of_the_channel_and_of_the_mesh_that_is_joined_before_all() {
        let chosen = |candidates: &[Candidate], joined: Option<u8>, channel: Option<u16>, pans: &[(u16, u64)]| {
            let pans: Vec<(PanId, u64)> = pans.iter().map(|(pan_id, frames)| (PanId(*pan_id), *frames)).collect();
            let joined = joined.map(|number| ExtendedPanId([number; 8]));
            choose(candidates, joined, channel.and_then(Channel::new), &pans).map(|candidate| candidate.network.0[0])
        };
        let two = [candidate(1, Some(15)), candidate(2, Some(20))];
        assert_eq!(chosen(&two, None, Some(20), &[]), Some(2));
        assert_eq!(chosen(&two, None, None, &[(1, 9)]), None, "all channels, two keys: nobody knows");
        assert_eq!(chosen(&two[..1], None, None, &[]), Some(1));
        assert_eq!(chosen(&two, Some(1), Some(20), &[]), Some(1));
        assert_eq!(chosen(&two, Some(7), Some(20), &[]), Some(2), "joined, and no key of it any more");
        assert_eq!(chosen(&two, None, Some(11), &[]), None);
        assert_eq!(chosen(&two, None, Some(11), &[(7, 99), (1, 3), (2, 5)]), Some(2), "it moved here");
        let same = [candidate(1, Some(20)), candidate(2, Some(20)), candidate(3, Some(20))];
        assert_eq!(chosen(&same, None, Some(20), &[]), None);
        assert_eq!(chosen(&same, None, Some(20), &[(2, 5), (3, 4)]), Some(2));
        assert_eq!(
            chosen(&[candidate(1, None)], None, Some(20), &[]),
            Some(1),
            "a dataset without a channel may be of any"
        );
        assert_eq!(chosen(&[], None, Some(20), &[(1, 1)]), None);
    }
}
