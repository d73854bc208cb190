//! The binary `weft`: the service, and the commands around it.
//!
//! Results go to standard output, everything else to standard error. Exit status: 0 for success, 1 when the work failed, 2 for wrong usage.

mod anonymise;
mod arguments;
mod ask;
mod check;
mod client;
mod data;
mod demo;
mod derive;
mod dongle;
mod dongle_command;
mod export;
mod fabric;
mod import;
mod input;
mod kept;
mod log;
mod mesh;
mod network;
mod network_key;
mod output;
mod plan;
mod report;
mod serve;
mod show;
mod sniff;
mod text;
mod view;
mod why;

use anyhow::{Context, Result};
use arguments::{Arguments, Command};
use clap::Parser;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;
use tracing_subscriber::{EnvFilter, Layer};

/// Names the environment variable that says what is logged (`debug`, `weft_sources=trace`).
const LOG_VARIABLE: &str = "WEFT_LOG";

const LOGGED: &str = "warn";
/// It says itself why the dongle does not listen.
const LOGGED_BY_SNIFF: &str = "warn,weft_sources::rcp=error";

/// A command line that says what cannot be done: exit status 2.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub(crate) struct WrongUsage(pub(crate) String);

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    log_to_standard_error(if matches!(arguments.command, Some(Command::Sniff(_))) {
        LOGGED_BY_SNIFF
    } else {
        LOGGED
    });
    match run(arguments) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            output::tell(sentence(&error));
            ExitCode::from(if error.is::<WrongUsage>() { 2 } else { 1 })
        }
    }
}

fn run(arguments: Arguments) -> Result<()> {
    match arguments.command {
        None => serve::serve(arguments.serve.into()),
        Some(Command::Serve(serve)) => serve::serve((*serve).into()),
        Some(Command::Demo(demo)) => serve::demo(demo.into()),
        Some(Command::Replay(replay)) => serve::replay(replay.into()),
        Some(Command::Record(record)) => serve::record(record.into()),
        Some(Command::Show(show)) => show::show(&show),
        Some(Command::Why(why)) => why::why(&why),
        Some(Command::Plan(arguments)) => plan::plan(&arguments),
        Some(Command::Check(arguments)) => check::check(&arguments),
        Some(Command::Export(arguments)) => export::export(&arguments),
        Some(Command::Report(arguments)) => report::report(&arguments),
        Some(Command::Derive(derive)) => derive::derive(&derive),
        Some(Command::Sniff(sniff)) => sniff::sniff(sniff),
        Some(Command::Dongle(arguments)) => dongle_command::dongle(&arguments),
        Some(Command::Import(import)) => import::import(&import),
        Some(Command::Anonymise(anonymise)) => anonymise::anonymise(&anonymise),
        Some(Command::Pair(pair)) => fabric::pair(&pair),
        Some(Command::Unpair(unpair)) => fabric::unpair(&unpair),
        Some(Command::Fabric(fabric)) => fabric::fabric(&fabric),
        Some(Command::Network(network)) => network::network(&network),
        Some(Command::Data(data)) => data::data(&data),
    }
}

/// An error with its causes. Many errors say their cause themselves; it is not said twice.
pub(crate) fn sentence(error: &anyhow::Error) -> String {
    let mut sentence = String::new();
    for cause in error.chain().map(ToString::to_string) {
        if sentence.is_empty() {
            sentence = cause;
        } else if !sentence.ends_with(&cause) {
            sentence = format!("{sentence}: {cause}");
        }
    }
    sentence
}

fn log_to_standard_error(unless_said: &str) {
    let filter = EnvFilter::try_from_env(LOG_VARIABLE).unwrap_or_else(|_| EnvFilter::new(unless_said));
    let standard_error = tracing_subscriber::fmt::layer()
        .with_writer(std::io::stderr)
        .with_ansi(false)
        .log_internal_errors(false)
        .with_filter(filter);
    tracing_subscriber::registry().with(standard_error).with(log::ring()).init();
}

/// The data directory: the one that was named, else the platform's.
///
/// # Errors
/// Where the platform has none, as for a user without a home.
pub(crate) fn data_directory(named: Option<&Path>) -> Result<PathBuf> {
    if let Some(named) = named {
        return Ok(named.to_owned());
    }
    let folders = directories::ProjectDirs::from("", "", "weft").context("this user has no home folder: name a folder with --data")?;
    Ok(folders.data_dir().to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cause_is_said_once() {
        let source = || std::io::Error::other("the disk is gone");
        let says_its_cause = weft_store::StoreError::File {
            action: "open the lock",
            path: "lock".into(),
            source: source(),
        };
        assert_eq!(sentence(&says_its_cause.into()), "cannot open the lock lock: the disk is gone");
        assert_eq!(
            sentence(&anyhow::Error::new(source()).context("cannot read")),
            "cannot read: the disk is gone"
        );
    }
}
