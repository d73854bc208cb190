//! `weft dongle`: the dongle of the running service, of which it is the client. Without a service there is none: `weft sniff` listens by itself.

mod arguments;
mod door;
mod show;
mod table;
mod words;
mod work;

pub(crate) use arguments::DongleCommandArguments;
pub(crate) use table::channels;

use crate::output::print;
use anyhow::Result;
use arguments::DongleCommand;
use door::Door;

/// `weft dongle` and what is below it.
///
/// # Errors
/// Those of the command.
pub(crate) fn dongle(arguments: &DongleCommandArguments) -> Result<()> {
    let door = Door::open(&crate::data_directory(arguments.data.as_deref())?)?;
    match &arguments.command {
        None if arguments.json => {}
        None => return show::show(&door),
        Some(DongleCommand::Scan(wish)) => work::scan(&door, wish, !arguments.json)?,
        Some(DongleCommand::Listen(wish)) => work::listen(&door, wish)?,
        Some(DongleCommand::Join(wish)) => work::join(&door, wish)?,
        Some(DongleCommand::Leave) => work::leave(&door)?,
    }
    if arguments.json {
        let json = serde_json::to_string_pretty(&door.view()?)?;
        print(|output| writeln!(output, "{json}"))?;
    }
    Ok(())
}
