//! `GET /api/v1/export`: what is shown, or was, as a file.

use super::{Format, Options, Table, Theme, UnknownWord, anonymous, export, file_name};
use crate::download::download;
use crate::problem::{Problem, echo};
use crate::query::Parameters;
use crate::report::random_salt;
use crate::server::Server;
use axum::extract::State;
use axum::http::Uri;
use axum::response::Response;
use std::str::FromStr;
use std::sync::Arc;
use weft_layout::{Positions, layout};
use weft_topology::Topology;

const KNOWN: [&str; 6] = ["format", "at", "anonymous", "theme", "table", "claims"];

/// One word of a few.
fn word<T: FromStr<Err = UnknownWord>>(parameters: &Parameters, name: &str) -> Result<Option<T>, Problem> {
    let Some(text) = parameters.get(name) else { return Ok(None) };
    text.parse()
        .map(Some)
        .map_err(|error| Problem::parameter(name, format!("{name} is not {}; {error}.", echo(text))))
}

fn options(parameters: &Parameters) -> Result<Options, Problem> {
    if parameters.get("format") == Some("png") {
        return Err(Problem::parameter(
            "format",
            "This service draws no PNG: the page does, from the SVG (Export), and so does any browser or Inkscape.",
        ));
    }
    let format = word(parameters, "format")?.ok_or_else(|| {
        let known: Vec<&str> = Format::ALL.iter().map(|format| format.word()).collect();
        Problem::parameter("format", format!("Say which format: {}.", known.join(", ")))
    })?;
    Ok(Options {
        format,
        theme: word(parameters, "theme")?.unwrap_or(Theme::Light),
        table: word(parameters, "table")?.unwrap_or(Table::Devices),
        with_claims: parameters.claims(true)?,
    })
}

/// The topology as a file: the map as a picture, or data for other programs.
#[utoipa::path(
    get, path = "/api/v1/export", tag = "topology",
    params(
        ("format" = String, Query, description = "`svg` (the map), `json` (the topology), `graphml`, `dot` or `csv`"),
        ("at" = Option<String>, Query, description = "a moment of the past, RFC 3339; left out: now"),
        ("anonymous" = Option<bool>, Query, description = "`true`: without names, rooms, notes and host names, and with pseudonyms for addresses and identifiers, other ones in each export"),
        ("theme" = Option<String>, Query, description = "colours of the SVG: `light` (default) or `dark`"),
        ("table" = Option<String>, Query, description = "which CSV: `devices` (default), `links`, `border-routers` or `networks`. Texts that a spreadsheet would take for a formula get an apostrophe before them"),
        ("claims" = Option<String>, Query, description = "of JSON: `all` (default) or `none`"),
    ),
    responses(
        (status = 200, description = "The file, with its name in `Content-Disposition`", content(
            (String = "image/svg+xml"), (crate::openapi::TopologyDocument = "application/json"), (String = "application/graphml+xml"),
            (String = "text/vnd.graphviz"), (String = "text/csv"),
        )),
        (status = 400, description = "A parameter is wrong", body = Problem, content_type = "application/problem+json"),
        (status = 404, description = "Nothing is kept of that moment", body = Problem, content_type = "application/problem+json"),
    ),
)]
pub(crate) async fn answer(State(server): State<Server>, uri: Uri) -> Result<Response, Problem> {
    let parameters = Parameters::read(&uri, &KNOWN)?;
    let options = options(&parameters)?;
    let salt = if parameters.flag("anonymous")? { Some(random_salt()?) } else { None };
    let published = server.publisher.current();
    let moment = server.moment(&parameters).await?;
    let is_now = moment.generation == Some(published.generation);
    let (bytes, name) = server
        .apart(move || file(&moment.topology, &published.positions, is_now, salt, &options))
        .await??;
    Ok(download(bytes, options.format.content_type(), &name))
}

/// The bytes of an export and the name of its file.
fn file(
    topology: &Arc<Topology>,
    current: &Arc<Positions>,
    is_now: bool,
    salt: Option<[u8; 32]>,
    options: &Options,
) -> Result<(Vec<u8>, String), Problem> {
    // What has a place now keeps it in a picture of the past.
    let laid_out = (!is_now).then(|| layout(topology, current));
    let positions = laid_out.as_ref().unwrap_or(current);
    let hidden = salt.map(|salt| anonymous(topology, positions, salt));
    let (topology, positions) = hidden
        .as_ref()
        .map_or((&**topology, positions), |(topology, positions)| (topology, positions));
    let bytes = export(topology, positions, options).map_err(|error| Problem::broken(format!("The file could not be written: {error}")))?;
    Ok((bytes, file_name(topology, options)))
}
