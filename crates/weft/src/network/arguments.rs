//! The command line of everything about whole networks.

use crate::arguments::Secret;
use clap::{ArgGroup, Args, Subcommand};
use std::path::PathBuf;

#[derive(Debug, Args)]
#[command(subcommand_help_heading = "Commands")]
pub(crate) struct NetworkArguments {
    #[command(subcommand)]
    pub(crate) command: Option<NetworkCommand>,
    /// Folder for captures and credentials [default: the platform's folder for data]
    #[arg(long, value_name = "DIR", global = true)]
    pub(crate) data: Option<PathBuf>,
}

#[derive(Debug, Subcommand)]
pub(crate) enum NetworkCommand {
    /// Keeps what opens a network, and asks it
    Add(AddArguments),
    /// Enters a border router with the one-time passcode that it shows, and fetches its dataset
    Passcode(PasscodeArguments),
    /// Forgets what opens a network
    Forget(ForgetArguments),
    /// Asks a network now, or all
    Ask(AskArguments),
    /// Takes up the REST API of an OpenThread border router that is not found by itself
    Rest(AddressArguments),
    /// Connects to Home Assistant: names, areas, stored Thread datasets
    HomeAssistant(HomeAssistantArguments),
    /// Connects to a Matter server: what the devices of its fabric tell
    MatterServer(AddressArguments),
    /// Gives up a REST API or a server that was named
    Remove(IdArguments),
    /// Joins all devices of a Matter server that can be to Weft's own fabric, without typing codes
    Adopt(IdArguments),
    /// Where users of each ecosystem find the dataset or a passcode
    Where,
}

#[derive(Debug, Args)]
#[command(group = ArgGroup::new("credential").required(true).args(["dataset", "pskc", "passphrase"]))]
pub(crate) struct AddArguments {
    /// Operational dataset in hexadecimal digits: `-` reads it from standard input; or a file with it, or the digits themselves
    ///
    /// `weft network where` says where it is found. Programs of other users of this machine see what stands on a command line: where that matters, use
    /// `-` or a file.
    #[arg(value_name = "-|FILE|HEX")]
    pub(crate) dataset: Option<Secret>,
    /// The network's PSKc, 32 hexadecimal digits; `-` reads it from standard input
    #[arg(long, value_name = "-|HEX", requires = "network")]
    pub(crate) pskc: Option<Secret>,
    /// The network's commissioner passphrase; `-` reads it from standard input. Its border routers must be announced at the moment
    #[arg(long, value_name = "-|TEXT", requires = "network")]
    pub(crate) passphrase: Option<Secret>,
    /// Which network it opens: its name or extended PAN ID
    #[arg(long, value_name = "NAME|XPAN", conflicts_with = "dataset")]
    pub(crate) network: Option<String>,
}

#[derive(Debug, Args)]
pub(crate) struct PasscodeArguments {
    /// Name, address or id of the border router that shows the passcode
    #[arg(value_name = "BORDER-ROUTER")]
    pub(crate) border_router: String,
    /// `-` reads the passcode from standard input; or the passcode itself
    #[arg(value_name = "-|PASSCODE")]
    pub(crate) passcode: Secret,
}

#[derive(Debug, Args)]
pub(crate) struct ForgetArguments {
    /// Name or extended PAN ID
    #[arg(value_name = "NETWORK")]
    pub(crate) network: String,
}

#[derive(Debug, Args)]
pub(crate) struct AskArguments {
    /// Name or extended PAN ID [default: all]
    #[arg(value_name = "NETWORK")]
    pub(crate) network: Option<String>,
}

#[derive(Debug, Args)]
pub(crate) struct AddressArguments {
    /// Where it is (192.0.2.1, http://192.0.2.1:8081, ws://homeassistant.local:5580/ws)
    #[arg(value_name = "ADDRESS")]
    pub(crate) address: String,
}

#[derive(Debug, Args)]
pub(crate) struct HomeAssistantArguments {
    /// Where it is (homeassistant.local, http://192.0.2.1:8123)
    #[arg(value_name = "ADDRESS")]
    pub(crate) address: String,
    /// File with a long-lived access token, made in Home Assistant in your profile under Security; `-` reads it from standard input
    #[arg(long, value_name = "FILE|-")]
    pub(crate) token_file: PathBuf,
}

#[derive(Debug, Args)]
pub(crate) struct IdArguments {
    /// Its id or address, as `weft network` lists it
    #[arg(value_name = "ID")]
    pub(crate) id: String,
}

/// What a service may ask of whole networks.
#[derive(Debug, Args)]
pub(crate) struct NetworkSourceArguments {
    /// Ask no network as a whole: no border agents, no REST APIs of border routers, no Home Assistant, no Matter server
    ///
    /// Without a credential, Weft sends border routers nothing but one question for a REST API to those that announce themselves as OpenThread's.
    #[arg(long)]
    no_networks: bool,
    /// File with a network's operational dataset in hexadecimal digits, to be kept and used; `-` reads it from standard input
    #[arg(long, value_name = "FILE|-", conflicts_with = "no_networks")]
    dataset: Option<PathBuf>,
    /// Connect to Home Assistant at this address
    #[arg(long, value_name = "ADDRESS", requires = "home_assistant_token", conflicts_with = "no_networks")]
    home_assistant: Option<String>,
    /// File with a long-lived access token of Home Assistant; `-` reads it from standard input
    #[arg(long, value_name = "FILE|-", requires = "home_assistant")]
    home_assistant_token: Option<PathBuf>,
    /// Connect to a Matter server at this address
    #[arg(long, value_name = "ADDRESS", conflicts_with = "no_networks")]
    matter_server: Option<String>,
    /// The most radio frames an hour that questions to one network may take, estimated [default: 6000]
    ///
    /// A sweep of 20 devices takes some 170, one of 300 some 2,000. Where less is left than a sweep takes, it waits.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=1_000_000), conflicts_with = "no_networks")]
    frames_per_hour: Option<u32>,
}

impl NetworkSourceArguments {
    /// `None` where no network is to be asked.
    pub(crate) fn options(self) -> Option<super::NetworkOptions> {
        let Self {
            no_networks,
            dataset,
            home_assistant,
            home_assistant_token,
            matter_server,
            frames_per_hour,
        } = self;
        (!no_networks).then(|| super::NetworkOptions {
            dataset,
            home_assistant: home_assistant.zip(home_assistant_token),
            matter_server,
            frames_per_hour,
        })
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
            "weft network add",
            "weft network add 00 --pskc 00 --network home",
            "weft network add --pskc 00",
            "weft network add 00 --network home",
            "weft network add --pskc 00 --passphrase x --network home",
            "weft network passcode hub",
            "weft network home-assistant ha.local",
            "weft network frobnicate",
            "weft serve --home-assistant ha.local",
            "weft serve --no-networks --dataset x",
            "weft serve --frames-per-hour 0",
            "weft data --credentials",
        ] {
            assert_eq!(parse(line).unwrap_err().exit_code(), 2, "{line}");
        }
        for line in [
            "weft network",
            "weft network --data x",
            "weft network add - --data x",
            "weft network add --pskc - --network home",
            "weft network add --passphrase - --network 1111111111111111",
            "weft network passcode hub -",
            "weft network ask",
            "weft network where",
            "weft serve --home-assistant ha.local --home-assistant-token x --matter-server ha.local --dataset -",
            "weft data --delete --credentials",
        ] {
            assert!(parse(line).unwrap().is_some(), "{line}");
        }
    }

    #[test]
    fn the_help_shows_standard_input_before_a_secret() {
        let help = parse("weft network add --help").unwrap_err().to_string();
        assert!(help.contains("[-|FILE|HEX]") && help.contains("<-|HEX>"), "{help}");
        let help = parse("weft network passcode --help").unwrap_err().to_string();
        assert!(help.contains("<-|PASSCODE>"), "{help}");
    }

    #[test]
    fn a_secret_is_not_shown_by_what_was_parsed() {
        let parsed = parse("weft network add c0ffee00c0ffee00").unwrap();
        assert!(!format!("{parsed:?}").contains("c0ffee"), "{parsed:?}");
    }
}
