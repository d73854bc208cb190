//! Weft's own Matter fabric on the command line: `weft pair`, `weft unpair`, `weft fabric`.
//!
//! Beside a running service these commands are its clients; else they do in this process what the service would do.

mod adapter;
mod archive;
mod arguments;
mod door;
mod here;
mod names;
mod pair;
mod passphrase;
mod safe;
mod show;
mod unpair;

pub(crate) use adapter::{FabricOptions, MatterFabric, matter};
pub(crate) use arguments::{FabricArguments, PairArguments, UnpairArguments};
pub(crate) use pair::pair;
pub(crate) use show::kept;
pub(crate) use unpair::unpair;

use anyhow::Result;
use arguments::FabricCommand;
use std::path::{Path, PathBuf};

/// Name of the fabric's folder in the data directory.
const FOLDER: &str = "matter";

/// The fabric's folder in a data directory.
pub(crate) fn folder(directory: &Path) -> PathBuf {
    directory.join(FOLDER)
}

/// `weft fabric` and what is below it.
///
/// # Errors
/// Those of the command.
pub(crate) fn fabric(arguments: &FabricArguments) -> Result<()> {
    match &arguments.command {
        None => show::show(arguments.data.as_deref()),
        Some(FabricCommand::Backup(arguments)) => safe::backup(arguments),
        Some(FabricCommand::Restore(arguments)) => safe::restore(arguments),
    }
}
