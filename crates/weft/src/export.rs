//! `weft export`: the mesh as a file, as the page exports it.

use crate::mesh::{self, Known};
use crate::output::{create_new, print, tell};
use crate::{WrongUsage, client, kept, text};
use anyhow::{Context, Result};
use clap::Args;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::str::FromStr;
use weft_layout::{Positions, layout};
use weft_model::Timestamp;
use weft_server::export::{Format, Options, Table, Theme, anonymous, export as written};
use weft_topology::Topology;

#[derive(Debug, Args)]
pub(crate) struct ExportArguments {
    /// Recording, may be gzip; `-` reads standard input [default: the running service, else what it kept]
    file: Option<PathBuf>,
    /// svg (the map as a picture), json, graphml, dot or csv [default: what the name after --out ends in]
    #[arg(long, value_name = "FORMAT", value_parser = format)]
    format: Option<Format>,
    /// The mesh as it was at a moment (2026-11-20T12:00:00Z)
    #[arg(long, value_name = "TIME")]
    at: Option<Timestamp>,
    /// Without names, rooms and notes, and with pseudonyms for addresses: other ones in each export
    #[arg(long)]
    anonymous: bool,
    /// For svg: light or dark
    #[arg(long, value_name = "THEME", default_value = "light", value_parser = Theme::from_str)]
    theme: Theme,
    /// For csv: devices, links, border-routers or networks
    #[arg(long, value_name = "TABLE", default_value = "devices", value_parser = Table::from_str)]
    table: Table,
    /// For json: leave out who says so
    #[arg(long)]
    no_claims: bool,
    /// File to create; `-` writes to standard output
    #[arg(long, value_name = "FILE", default_value = "-")]
    out: PathBuf,
    /// Folder for captures [default: the platform's folder for data]
    #[arg(long, value_name = "DIR")]
    data: Option<PathBuf>,
}

/// A format, with a word on the one that is missed.
fn format(text: &str) -> Result<Format, String> {
    if text == "png" {
        return Err("only the page makes PNG (Export); from an SVG, Inkscape and rsvg-convert do".to_owned());
    }
    Format::from_str(text).map_err(|error| error.to_string())
}

/// Writes the mesh as a file.
///
/// # Errors
/// Where there is nothing to export, it cannot be read, or the file exists already.
pub(crate) fn export(arguments: &ExportArguments) -> Result<()> {
    let options = options(arguments)?;
    let bytes = match mesh::known(arguments.file.as_deref(), arguments.data.as_deref(), arguments.at)? {
        Known::Topology { topology, .. } => {
            let before = match arguments.file {
                Some(_) => Positions::default(),
                None => kept_positions(arguments.data.as_deref())?,
            };
            of_topology(&topology, &before, arguments.anonymous, &options)?
        }
        Known::Service { owner, directory } => client::get(&owner, &directory, &address(arguments, &options))?,
    };
    if arguments.out == Path::new("-") {
        return print(|output| output.write_all(&bytes));
    }
    let mut file = create_new(&arguments.out)?;
    if let Err(error) = file.write_all(&bytes) {
        let _ = std::fs::remove_file(&arguments.out);
        return Err(error).with_context(|| format!("cannot write {}", arguments.out.display()));
    }
    let whose = if arguments.anonymous {
        "names and addresses are replaced"
    } else {
        "names and addresses are in it"
    };
    tell(format!(
        "{} written, {}; {whose}",
        arguments.out.display(),
        text::bytes(bytes.len() as u64)
    ));
    Ok(())
}

fn options(arguments: &ExportArguments) -> Result<Options> {
    let ending = || arguments.out.extension()?.to_str()?.to_ascii_lowercase().parse().ok();
    let Some(format) = arguments.format.or_else(ending) else {
        let known: Vec<&str> = Format::ALL.iter().map(|format| format.word()).collect();
        return Err(WrongUsage(format!("say which format with --format: {}", known.join(", "))).into());
    };
    Ok(Options {
        format,
        theme: arguments.theme,
        table: arguments.table,
        with_claims: !arguments.no_claims,
    })
}

/// What the running service is asked.
fn address(arguments: &ExportArguments, options: &Options) -> String {
    let Options {
        format,
        theme,
        table,
        with_claims,
    } = options;
    let at = arguments.at.map(|at| format!("&at={at}")).unwrap_or_default();
    let claims = if *with_claims { "all" } else { "none" };
    format!(
        "/api/v1/export?format={format}&theme={theme}&table={table}&claims={claims}&anonymous={}{at}",
        arguments.anonymous
    )
}

/// Where everything stood when a service last drew it.
fn kept_positions(data: Option<&Path>) -> Result<Positions> {
    let directory = crate::data_directory(data)?;
    Ok(kept::stored_to_read(&directory)?.map_or_else(Positions::default, |stored| crate::serve::kept_positions(&stored.store)))
}

fn of_topology(topology: &Topology, before: &Positions, is_anonymous: bool, options: &Options) -> Result<Vec<u8>> {
    let positions = layout(topology, before);
    if !is_anonymous {
        return Ok(written(topology, &positions, options)?);
    }
    let (topology, positions) = anonymous(topology, &positions, crate::report::random_salt()?);
    Ok(written(&topology, &positions, options)?)
}
