//! The command line of `weft dongle`.

use clap::{Args, Subcommand};
use std::path::PathBuf;
use weft_model::Channel;

#[derive(Debug, Args)]
#[command(subcommand_help_heading = "Commands")]
pub(crate) struct DongleCommandArguments {
    #[command(subcommand)]
    pub(crate) command: Option<DongleCommand>,
    /// How the dongle is then, as JSON
    #[arg(long, global = true)]
    pub(crate) json: bool,
    /// Folder for captures of the service that has the dongle [default: the platform's folder for data]
    #[arg(long, value_name = "DIR", global = true)]
    pub(crate) data: Option<PathBuf>,
}

#[derive(Debug, Subcommand)]
pub(crate) enum DongleCommand {
    /// Goes through all channels once, and prints what is on each; deaf on its own channel meanwhile
    Scan(ScanArguments),
    /// Listens on another channel
    Listen(ListenArguments),
    /// Takes part in a mesh as a child of one of its routers, and asks the mesh from inside
    ///
    /// Weft must have the network's dataset (`weft network add -`). It takes a child's place at a router, and sends frames; it says how many before, and asks.
    /// It goes on after a restart of the service, until `weft dongle leave`.
    Join(JoinArguments),
    /// Says goodbye to the mesh, and listens again
    Leave,
}

#[derive(Debug, Args)]
pub(crate) struct ScanArguments {
    /// How long to listen on each of the 16 channels [default: 3000]
    #[arg(long, value_name = "MILLISECONDS", value_parser = clap::value_parser!(u64).range(50..=10_000))]
    pub(crate) dwell: Option<u64>,
}

#[derive(Debug, Args)]
pub(crate) struct ListenArguments {
    /// Channel, 11 to 26; `auto` looks for the one with a Thread network
    #[arg(value_name = "CHANNEL|auto")]
    pub(crate) channel: Wanted,
}

#[derive(Debug, Args)]
pub(crate) struct JoinArguments {
    /// Name or extended PAN ID of the network
    #[arg(value_name = "NETWORK")]
    pub(crate) network: String,
    /// Do not ask
    #[arg(long)]
    pub(crate) yes: bool,
}

/// A channel to listen on; `None` is the one with a Thread network.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Wanted(pub(crate) Option<Channel>);

impl std::str::FromStr for Wanted {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        if text == "auto" {
            return Ok(Self(None));
        }
        let channel = text.parse().ok().and_then(Channel::new);
        channel
            .map(|channel| Self(Some(channel)))
            .ok_or("expected a channel from 11 to 26, or auto")
    }
}

#[cfg(test)]
mod tests {
    use crate::arguments::{Arguments, Command};
    use clap::Parser;

    fn parse(line: &str) -> Result<Option<Command>, clap::Error> {
        Arguments::try_parse_from(line.split(' ')).map(|arguments| arguments.command)
    }

    #[test]
    fn what_makes_no_sense_is_wrong_usage() {
        for line in [
            "weft dongle frobnicate",
            "weft dongle scan --dwell 49",
            "weft dongle scan --dwell 10001",
            "weft dongle listen",
            "weft dongle listen 10",
            "weft dongle listen 27",
            "weft dongle listen Auto",
            "weft dongle join",
            "weft dongle leave --yes",
        ] {
            assert_eq!(parse(line).unwrap_err().exit_code(), 2, "{line}");
        }
        for line in [
            "weft dongle",
            "weft dongle --json --data x",
            "weft dongle scan",
            "weft dongle scan --dwell 50 --json --data x",
            "weft dongle listen 26",
            "weft dongle listen auto",
            "weft dongle join Home --yes",
            "weft dongle leave",
        ] {
            assert!(matches!(parse(line), Ok(Some(Command::Dongle(_)))), "{line}");
        }
    }

    #[test]
    fn the_help_says_what_joining_costs() {
        let help = parse("weft dongle join --help").unwrap_err().to_string();
        assert!(help.contains("child's place") && help.contains("weft dongle leave"), "{help}");
    }
}
