//! What `weft network` changes, and what comes of it.

use super::arguments::{AddArguments, AddressArguments, AskArguments, ForgetArguments, HomeAssistantArguments, IdArguments, PasscodeArguments};
use super::door::Door;
use super::meant;
use super::secret;
use super::show::{path_state, server_state};
use super::wait::{Before, Outcome, Watch, until};
use crate::output::tell;
use anyhow::{Context, Result, bail};
use std::path::Path;
use std::time::Duration;
use weft_model::{CredentialOrigin, DataPath, DataPathState, ExtendedPanId, NetworksView, ServerState, ServerView};
use weft_server::{Given, Opened, ServerKind};
use weft_thread::credential::OperationalDataset;

/// A sweep of a large mesh, after others that were waiting.
const ASK_WITHIN: Duration = Duration::from_secs(120);
const CONNECT_WITHIN: Duration = Duration::from_secs(30);
const LATER: &str = "nothing came of it yet; `weft network` shows how it goes on";
const NO_SERVICE: &str = "no service is running: it is used when one starts";

/// `weft network add`.
pub(super) fn credential(directory: &Path, wish: &AddArguments) -> Result<()> {
    // Read and looked at before anything is opened.
    let dataset = wish.dataset.as_ref().map(secret::dataset).transpose()?;
    if let Some(digits) = dataset {
        let dataset = OperationalDataset::from_hex(&digits).map_err(|error| anyhow::anyhow!("that is no operational dataset: {error}"))?;
        let network = dataset
            .public()
            .extended_pan_id
            .context("the dataset says no extended PAN ID, so nobody knows whose it is")?;
        let door = Door::open(directory)?;
        let before = door.view()?;
        door.give(Given::Dataset(digits))?;
        return kept(&door, &before, network);
    }
    let opened = match (&wish.pskc, &wish.passphrase) {
        (Some(pskc), _) => Opened::Pskc(secret::said(pskc)?),
        (None, Some(passphrase)) => Opened::Passphrase(secret::said(passphrase)?),
        (None, None) => bail!("nothing was given to keep"),
    };
    let door = Door::open(directory)?;
    let before = door.view()?;
    let network = meant::network(wish.network.as_deref().unwrap_or_default(), &before)?;
    door.give(Given::Of(network, opened))?;
    kept(&door, &before, network)
}

/// A credential was kept; tells what the first question to its network brings.
fn kept(door: &Door, before: &NetworksView, network: ExtendedPanId) -> Result<()> {
    let view = door.view()?;
    let ways = view.networks.iter().find(|known| known.extended_pan_id == Some(network));
    let name = ways.and_then(|ways| ways.name.clone()).unwrap_or_else(|| network.to_string());
    tell(format!("kept what opens {name}"));
    if let Some(credential) = ways.and_then(|ways| ways.credential.as_ref()) {
        tell(&credential.detail);
    }
    if !door.is_service() {
        tell(NO_SERVICE);
        return Ok(());
    }
    watch(door, Watch::new(before, Some(network)))
}

fn watch(door: &Door, mut watch: Watch) -> Result<()> {
    match until(ASK_WITHIN, |waited| Ok(watch.look(&door.view()?, waited)))? {
        Some(Outcome::Worked(told) | Outcome::NotAsked(told)) => tell(told),
        Some(Outcome::Failed(why)) => bail!("{why}"),
        None => bail!("{LATER}"),
    }
    Ok(())
}

/// `weft network ask`.
pub(super) fn ask(directory: &Path, wish: &AskArguments) -> Result<()> {
    let door = Door::of_service(directory)?;
    let before = door.view()?;
    let network = wish.network.as_deref().map(|wanted| meant::network(wanted, &before)).transpose()?;
    door.ask(network)?;
    watch(&door, Watch::new(&before, network))
}

/// `weft network passcode`.
pub(super) fn passcode(directory: &Path, wish: &PasscodeArguments) -> Result<()> {
    let passcode = secret::said(&wish.passcode)?;
    let door = Door::of_service(directory)?;
    let view = door.view()?;
    let path = meant::border_router(&wish.border_router, &view)?;
    let before = Before::of(&view);
    door.enter(&path.id, &passcode)?;
    tell(format!("entering {}", path.name));
    let fetched = until(ASK_WITHIN, |_| {
        let view = door.view()?;
        let now = view.networks.iter().find_map(|network| {
            let now = network.paths.iter().find(|now| now.id == path.id)?;
            Some((network, now))
        });
        let Some((network, now)) = now else { return Ok(None) };
        if !before.is_past(now) {
            return Ok(None);
        }
        let is_fetched = now.last_success_at != path.last_success_at
            || network
                .credential
                .as_ref()
                .is_some_and(|credential| credential.origin == CredentialOrigin::BorderAgent && Some(credential.added_at) >= now.last_attempt_at);
        Ok(Some((is_fetched, network.name.clone().unwrap_or_default(), now.detail.clone())))
    })?;
    match fetched {
        Some((true, network, _)) => tell(format!(
            "{} handed out the dataset of {network}; it is kept, and the network is asked now",
            path.name
        )),
        Some((false, _, detail)) => bail!("{}: {detail}", path.name),
        None => bail!("{LATER}"),
    }
    Ok(())
}

/// `weft network forget`.
pub(super) fn forget(directory: &Path, wish: &ForgetArguments) -> Result<()> {
    let door = Door::open(directory)?;
    let network = meant::network(&wish.network, &door.view()?)?;
    door.forget(network)?;
    tell(format!("what opened {network} is forgotten"));
    Ok(())
}

/// `weft network rest`.
pub(super) fn rest(directory: &Path, wish: &AddressArguments) -> Result<()> {
    let door = Door::open(directory)?;
    let id = door.add_path(&wish.address)?;
    if !door.is_service() {
        tell(NO_SERVICE);
        return Ok(());
    }
    let tried = until(ASK_WITHIN, |_| {
        let view = door.view()?;
        let mut paths = view.networks.into_iter().flat_map(|network| network.paths);
        let path: Option<DataPath> = paths.find(|path| path.id == id);
        Ok(path.filter(|path| !matches!(path.state, DataPathState::Untried | DataPathState::Trying)))
    })?;
    match tried {
        Some(path) if matches!(path.state, DataPathState::Working | DataPathState::StandsBy) => {
            tell(format!("{}: {}. {}", path.name, path_state(path.state), path.detail));
            Ok(())
        }
        Some(path) => bail!(
            "{}: {}: {} It is kept and tried again; `weft network remove {}` gives it up",
            path.name,
            path_state(path.state),
            path.detail,
            path.id
        ),
        None => bail!("{LATER}"),
    }
}

/// `weft network home-assistant`.
pub(super) fn home_assistant(directory: &Path, wish: &HomeAssistantArguments) -> Result<()> {
    let token = secret::in_file(&wish.token_file)?;
    let door = Door::open(directory)?;
    let id = door.add_server(ServerKind::HomeAssistant, &wish.address, Some(token))?;
    connected(&door, &id, |view| &view.home_assistants)
}

/// `weft network matter-server`.
pub(super) fn matter_server(directory: &Path, wish: &AddressArguments) -> Result<()> {
    let door = Door::open(directory)?;
    let id = door.add_server(ServerKind::MatterServer, &wish.address, None)?;
    connected(&door, &id, |view| &view.matter_servers)
}

/// A server was kept; tells whether it can be connected to.
fn connected(door: &Door, id: &str, servers: fn(&NetworksView) -> &Vec<ServerView>) -> Result<()> {
    if !door.is_service() {
        tell(NO_SERVICE);
        return Ok(());
    }
    let settled = until(CONNECT_WITHIN, |_| {
        let view = door.view()?;
        let server = servers(&view).iter().find(|server| server.id == id);
        Ok(server.filter(|server| server.state != ServerState::Connecting).cloned())
    })?;
    match settled {
        Some(server) if server.state == ServerState::Connected => {
            tell(format!("{}: {}. {}", server.address, server_state(server.state), server.detail));
            Ok(())
        }
        Some(server) => bail!(
            "{}: {}: {} It is kept and tried again; `weft network remove {}` gives it up",
            server.address,
            server_state(server.state),
            server.detail,
            server.id
        ),
        None => bail!("{LATER}"),
    }
}

/// `weft network remove`.
pub(super) fn remove(directory: &Path, wish: &IdArguments) -> Result<()> {
    let door = Door::open(directory)?;
    let view = door.view()?;
    let wanted = wish.id.trim();
    let mut servers = view.home_assistants.iter().chain(&view.matter_servers);
    let server = servers.find(|server| server.id == wanted || server.address == wanted);
    let mut paths = view.networks.iter().flat_map(|network| &network.paths);
    let path = paths.find(|path| path.id == wanted || path.addresses.iter().any(|address| address == wanted));
    let (id, is_server) = match (server, path) {
        (Some(server), _) => (&server.id, true),
        (None, Some(path)) => (&path.id, false),
        (None, None) => bail!("nothing has the id {wanted:?}; `weft network` lists all"),
    };
    door.remove(id, is_server)?;
    tell(format!("{id} is given up"));
    Ok(())
}

/// `weft network adopt`.
pub(super) fn adopt(directory: &Path, wish: &IdArguments) -> Result<()> {
    let door = Door::of_service(directory)?;
    let view = door.view()?;
    let wanted = wish.id.trim();
    let server = view.matter_servers.iter().find(|server| server.id == wanted || server.address == wanted);
    let queued = door.adopt(server.map_or(wanted, |server| &server.id))?;
    tell(match queued {
        0 => "no device is left that can join".to_owned(),
        _ => format!(
            "{} join Weft's own fabric, one after another; `weft fabric` shows how it goes on",
            crate::text::count(usize::try_from(queued).unwrap_or(usize::MAX), "device", "devices")
        ),
    });
    Ok(())
}
