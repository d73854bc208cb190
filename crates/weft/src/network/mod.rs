//! Whole networks on the command line and in the service: credentials, border routers that are asked, servers that tell what they know.
//!
//! Beside a running service `weft network` is its client. Without one it shows and changes what is kept; nobody is asked then.

mod adapter;
mod add;
mod arguments;
mod door;
mod joiner;
mod meant;
mod places;
mod secret;
mod show;
mod start;
mod wait;

pub(crate) use arguments::{NetworkArguments, NetworkSourceArguments};
pub(crate) use meant::network as meant;
pub(crate) use secret::{in_file as secret_in_file, looks_like_a_secret};
pub(crate) use start::{NetworkOptions, Networks, networks};
pub(crate) use wait::until;

use anyhow::{Context, Result};
use arguments::NetworkCommand;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use weft_sources::directory::ServiceDirectory;
use weft_sources::home_assistant::Joiner;
use weft_sources::matter::MatterHandle;

/// Name of the folder in the data directory that holds credentials, sealed.
const FOLDER: &str = "networks";
/// Files beside it: the key that they are sealed with, and what is remembered of ways to networks.
const BESIDE: [&str; 2] = ["seal.key", WAYS];
/// What is remembered of ways: no secret is in it.
const WAYS: &str = "networks.json";

/// `weft network` and what is below it.
///
/// # Errors
/// Those of the command.
pub(crate) fn network(arguments: &NetworkArguments) -> Result<()> {
    let directory = crate::data_directory(arguments.data.as_deref())?;
    match &arguments.command {
        None => show::show(&directory),
        Some(NetworkCommand::Where) => places::show(),
        Some(NetworkCommand::Add(wish)) => add::credential(&directory, wish),
        Some(NetworkCommand::Passcode(wish)) => add::passcode(&directory, wish),
        Some(NetworkCommand::Forget(wish)) => add::forget(&directory, wish),
        Some(NetworkCommand::Ask(wish)) => add::ask(&directory, wish),
        Some(NetworkCommand::Rest(wish)) => add::rest(&directory, wish),
        Some(NetworkCommand::HomeAssistant(wish)) => add::home_assistant(&directory, wish),
        Some(NetworkCommand::MatterServer(wish)) => add::matter_server(&directory, wish),
        Some(NetworkCommand::Remove(wish)) => add::remove(&directory, wish),
        Some(NetworkCommand::Adopt(wish)) => add::adopt(&directory, wish),
    }
}

/// Weft's own fabric, for servers that open devices for it.
pub(crate) fn joiner(fabric: MatterHandle, services: ServiceDirectory) -> Arc<dyn Joiner> {
    Arc::new(joiner::FabricJoiner::new(fabric, services))
}

/// The folder of credentials in a data directory.
pub(crate) fn folder(directory: &Path) -> PathBuf {
    directory.join(FOLDER)
}

/// True where something is kept of networks: credentials, servers, ways that a person named.
fn keeps_something(directory: &Path) -> bool {
    folder(directory).is_dir() || directory.join(WAYS).is_file()
}

/// Deletes all credentials and tokens of a data directory, the key that sealed them, and what is remembered of ways to networks.
///
/// # Errors
/// Where they cannot be deleted.
pub(crate) fn delete_credentials(directory: &Path) -> Result<()> {
    let folder = folder(directory);
    std::fs::remove_dir_all(&folder).with_context(|| format!("cannot delete {}", folder.display()))?;
    for name in BESIDE {
        let path = directory.join(name);
        match std::fs::remove_file(&path) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                return Err(error).with_context(|| format!("cannot delete {}", path.display()));
            }
            _ => {}
        }
    }
    Ok(())
}
