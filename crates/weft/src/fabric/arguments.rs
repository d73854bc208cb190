//! The command line of everything about the fabric.

use clap::{Args, Subcommand};
use std::net::SocketAddr;
use std::path::PathBuf;
use weft_server::device_address;

#[derive(Debug, Args)]
pub(crate) struct PairArguments {
    /// `-` reads setup codes from standard input, one or many; or the codes themselves
    ///
    /// A code has 11 or 21 digits, or is the text of a QR code, which begins with MT:. The app that the device is in makes one for each device ("turn on
    /// pairing mode", "share device"). Programs of other users of this machine see what stands on a command line: where that matters, use `-`.
    #[arg(value_name = "-|CODE", required_unless_present = "photos")]
    pub(crate) codes: Vec<String>,
    /// Where the device is, where it is not found by itself; with one code only ([fd00::1]:5540)
    #[arg(long, value_name = "ADDRESS", value_parser = device_address)]
    pub(crate) address: Option<SocketAddr>,
    /// Pair also what cannot prove that it is a certified device
    #[arg(long)]
    pub(crate) accept: bool,
    /// Picture with QR codes (JPEG, PNG, WebP), may be repeated
    #[arg(long = "photo", value_name = "FILE")]
    pub(crate) photos: Vec<PathBuf>,
    /// Folder for captures and the fabric [default: the platform's folder for data]
    #[arg(long, value_name = "DIR")]
    pub(crate) data: Option<PathBuf>,
}

#[derive(Debug, Args)]
pub(crate) struct UnpairArguments {
    /// Node ids or names of paired devices, or anything that `weft why` knows them by
    #[arg(value_name = "NODE", required_unless_present = "all", conflicts_with = "all")]
    pub(crate) nodes: Vec<String>,
    /// All paired devices
    #[arg(long)]
    pub(crate) all: bool,
    /// Give up also those that cannot be told: each keeps an entry that nobody uses
    #[arg(long)]
    pub(crate) forget: bool,
    /// Do not ask
    #[arg(long)]
    pub(crate) yes: bool,
    /// Folder for captures and the fabric [default: the platform's folder for data]
    #[arg(long, value_name = "DIR")]
    pub(crate) data: Option<PathBuf>,
}

#[derive(Debug, Args)]
#[command(args_conflicts_with_subcommands = true, subcommand_help_heading = "Commands")]
pub(crate) struct FabricArguments {
    #[command(subcommand)]
    pub(crate) command: Option<FabricCommand>,
    /// Folder for captures and the fabric [default: the platform's folder for data]
    #[arg(long, value_name = "DIR")]
    pub(crate) data: Option<PathBuf>,
}

#[derive(Debug, Subcommand)]
pub(crate) enum FabricCommand {
    /// Writes the fabric's keys and the list of its devices to a file that only a passphrase opens
    Backup(BackupArguments),
    /// Takes up a fabric from such a file: its devices need not be paired again
    Restore(RestoreArguments),
}

#[derive(Debug, Args)]
pub(crate) struct BackupArguments {
    /// File to create
    #[arg(long, value_name = "FILE")]
    pub(crate) out: PathBuf,
    #[command(flatten)]
    pub(crate) passphrase: PassphraseArguments,
    /// Folder for captures and the fabric [default: the platform's folder for data]
    #[arg(long, value_name = "DIR")]
    pub(crate) data: Option<PathBuf>,
}

#[derive(Debug, Args)]
pub(crate) struct RestoreArguments {
    /// File that `weft fabric backup` made
    pub(crate) file: PathBuf,
    /// Put aside the fabric that is there
    #[arg(long)]
    pub(crate) replace: bool,
    #[command(flatten)]
    pub(crate) passphrase: PassphraseArguments,
    /// Folder for captures and the fabric [default: the platform's folder for data]
    #[arg(long, value_name = "DIR")]
    pub(crate) data: Option<PathBuf>,
}

#[derive(Debug, Args)]
pub(crate) struct PassphraseArguments {
    /// File whose first line is the passphrase [default: asked for, or the first line of standard input]
    #[arg(long, value_name = "FILE")]
    pub(crate) passphrase_file: Option<PathBuf>,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::arguments::{Arguments, Command};
    use clap::Parser;

    fn parse(line: &str) -> Result<Option<Command>, clap::Error> {
        Arguments::try_parse_from(line.split(' ')).map(|arguments| arguments.command)
    }

    #[test]
    fn codes_come_from_arguments_standard_input_or_photos() {
        let Some(Command::Pair(pair)) = parse("weft pair 34970112332 - --address [fd00::1] --accept").unwrap() else {
            panic!("another command")
        };
        assert_eq!(pair.codes, ["34970112332", "-"]);
        assert_eq!(pair.address.unwrap().to_string(), "[fd00::1]:5540");
        assert!(pair.accept);
        let Some(Command::Pair(pair)) = parse("weft pair --photo a.jpg --photo b.png").unwrap() else {
            panic!("another command")
        };
        assert!(pair.codes.is_empty() && pair.photos.len() == 2);
    }

    #[test]
    fn what_makes_no_sense_is_wrong_usage() {
        for line in [
            "weft pair",
            "weft pair - --address nowhere",
            "weft unpair",
            "weft unpair 1 --all",
            "weft fabric backup",
            "weft fabric restore",
            "weft fabric frobnicate",
            "weft serve --attestation perhaps",
            "weft data --fabric",
        ] {
            assert_eq!(parse(line).unwrap_err().exit_code(), 2, "{line}");
        }
        for line in [
            "weft fabric",
            "weft fabric --data x",
            "weft unpair --all --yes",
            "weft fabric restore x --replace",
            "weft data --delete --fabric",
        ] {
            assert!(parse(line).unwrap().is_some(), "{line}");
        }
    }

    #[test]
    fn the_help_shows_standard_input_before_a_code() {
        let help = parse("weft pair --help").unwrap_err().to_string();
        assert!(help.contains("[-|CODE]..."), "{help}");
    }

    #[test]
    fn a_port_may_be_left_out() {
        for (text, address) in [
            ("192.0.2.7", "192.0.2.7:5540"),
            ("fd00::1", "[fd00::1]:5540"),
            ("[fd00::1]:5541", "[fd00::1]:5541"),
        ] {
            assert_eq!(device_address(text).unwrap().to_string(), address);
        }
        assert!(device_address("hall-plug").is_err());
    }
}
