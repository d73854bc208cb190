//! The part of the API that is about the dongle.

use super::{Dongle, DongleRoom};
use crate::change::{Nothing, Room};
use crate::problem::Problem;
use crate::query::Parameters;
use crate::server::Server;
use crate::views::hashed;
use axum::Json;
use axum::extract::{Request, State};
use axum::http::{HeaderMap, StatusCode, Uri};
use axum::response::Response;
use serde::Deserialize;
use std::ops::RangeInclusive;
use std::time::Duration;
use utoipa::ToSchema;
use weft_model::{Channel, DongleView, ExtendedPanId};

/// How long a scan stays on each channel where nothing is said: long enough for most sleepy devices to poll once, and 16 channels take under a minute.
const DWELL_MILLISECONDS: u64 = 3_000;
/// The shortest and the longest: below, a radio hardly gets to hear anything; above, a scan takes many minutes, and the dongle is deaf on its own channel
/// for all of them.
const DWELLS_MILLISECONDS: RangeInclusive<u64> = 50..=10_000;

/// How the dongle is doing: its port and firmware, what it listens to, what it heard, and the node that it may be in a mesh. No secret is in it.
#[utoipa::path(
    get, path = "/api/v1/dongle", tag = "dongle",
    responses(
        (status = 200, description = "How the dongle is doing", body = DongleView),
        (status = 304, description = "The client's copy is still good"),
        (status = 501, description = "This service has no dongle", body = Problem, content_type = "application/problem+json"),
    ),
)]
pub(crate) async fn dongle(State(server): State<Server>, uri: Uri, headers: HeaderMap) -> Result<Response, Problem> {
    Parameters::read(&uri, &[])?;
    hashed(&headers, &DongleRoom::seen(&*DongleRoom::keeper(&server)?))
}

/// The body of `POST /api/v1/dongle/scan`.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ScanRequest {
    /// How long to listen on each channel; left out: 3 s.
    #[serde(default)]
    #[schema(minimum = 50, maximum = 10_000)]
    dwell_milliseconds: Option<u64>,
}

/// Goes through all channels once, and comes back. It is deaf on its own channel meanwhile. What it heard stands in the view.
#[utoipa::path(
    post, path = "/api/v1/dongle/scan", tag = "dongle", request_body = ScanRequest,
    responses(
        (status = 202, description = "It has begun; the dongle as it is now", body = DongleView),
        (status = 400, description = "The body is wrong", body = Problem, content_type = "application/problem+json"),
        (status = 401, description = "Neither the token nor this machine's own page", body = Problem, content_type = "application/problem+json"),
        (status = 409, description = "It does not listen, scans already, or takes part in a mesh", body = Problem, content_type = "application/problem+json"),
        (status = 501, description = "This service has no dongle", body = Problem, content_type = "application/problem+json"),
    ),
)]
pub(crate) async fn scan(State(server): State<Server>, request: Request) -> Result<(StatusCode, Json<DongleView>), Problem> {
    let (dongle, wish) = server
        .wish::<DongleRoom, ScanRequest>(request, r#"{} or {"dwell_milliseconds": 50 to 10000}"#)
        .await?;
    let milliseconds = wish.dwell_milliseconds.unwrap_or(DWELL_MILLISECONDS);
    if !DWELLS_MILLISECONDS.contains(&milliseconds) {
        let (least, most) = (DWELLS_MILLISECONDS.start(), DWELLS_MILLISECONDS.end());
        return Err(Problem::parameter(
            "dwell_milliseconds",
            format!("Stay {least} to {most} ms on each channel, or leave it out for {DWELL_MILLISECONDS} ms."),
        ));
    }
    let dwell = Duration::from_millis(milliseconds);
    let view = server.change::<DongleRoom>(dongle, move |dongle| dongle.scan(dwell)).await?;
    Ok((StatusCode::ACCEPTED, view))
}

/// The body of `POST /api/v1/dongle/listen`.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ListenRequest {
    /// The channel, 11 to 26; null: the one with a Thread network is looked for.
    // With a function of its own it may be null, and not be left out.
    #[serde(deserialize_with = "Option::deserialize")]
    #[schema(required, minimum = 11, maximum = 26)]
    channel: Option<u16>,
}

/// Listens on a channel from now on, or looks for the one with a Thread network.
#[utoipa::path(
    post, path = "/api/v1/dongle/listen", tag = "dongle", request_body = ListenRequest,
    responses(
        (status = 200, description = "The dongle as it is now", body = DongleView),
        (status = 400, description = "It is no channel", body = Problem, content_type = "application/problem+json"),
        (status = 401, description = "Neither the token nor this machine's own page", body = Problem, content_type = "application/problem+json"),
        (status = 409, description = "It cannot listen there, or takes part in a mesh", body = Problem, content_type = "application/problem+json"),
        (status = 501, description = "This service has no dongle", body = Problem, content_type = "application/problem+json"),
    ),
)]
pub(crate) async fn listen(State(server): State<Server>, request: Request) -> Result<Json<DongleView>, Problem> {
    let (dongle, wish) = server
        .wish::<DongleRoom, ListenRequest>(request, r#"{"channel": 11 to 26} or {"channel": null}"#)
        .await?;
    let none = || {
        Problem::parameter(
            "channel",
            "A channel is a number from 11 to 26; null looks for the one with a Thread network.",
        )
    };
    let channel = wish.channel.map(|number| Channel::new(number).ok_or_else(none)).transpose()?;
    server.change::<DongleRoom>(dongle, move |dongle| dongle.listen(channel)).await
}

/// The body of `POST /api/v1/dongle/join`.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct JoinRequest {
    /// Extended PAN ID of the network, 16 hexadecimal digits. Weft must have its dataset.
    #[schema(value_type = String)]
    extended_pan_id: ExtendedPanId,
}

/// Takes part in a mesh as a child of one of its routers, also after a restart, until it is to leave. That takes a child's place at the router, and sends
/// frames. What comes of it stands in the view, within seconds.
#[utoipa::path(
    post, path = "/api/v1/dongle/join", tag = "dongle", request_body = JoinRequest,
    responses(
        (status = 202, description = "It is tried; the dongle as it is now", body = DongleView),
        (status = 400, description = "The body is wrong", body = Problem, content_type = "application/problem+json"),
        (status = 401, description = "Neither the token nor this machine's own page", body = Problem, content_type = "application/problem+json"),
        (status = 409, description = "Weft has no whole dataset of it, the firmware only listens, or it takes part in a mesh already", body = Problem, content_type = "application/problem+json"),
        (status = 501, description = "This service has no dongle", body = Problem, content_type = "application/problem+json"),
    ),
)]
pub(crate) async fn join(State(server): State<Server>, request: Request) -> Result<(StatusCode, Json<DongleView>), Problem> {
    let change = |dongle: &(dyn Dongle + 'static), wish: JoinRequest| dongle.join(wish.extended_pan_id);
    let view = server.grant::<DongleRoom, _>(request, r#"{"extended_pan_id": "…"}"#, change).await?;
    Ok((StatusCode::ACCEPTED, view))
}

/// Says goodbye to the mesh, and listens again.
#[utoipa::path(
    post, path = "/api/v1/dongle/leave", tag = "dongle",
    request_body(content = Object, description = "{}"),
    responses(
        (status = 202, description = "It says goodbye; the dongle as it is now", body = DongleView),
        (status = 400, description = "The body is wrong", body = Problem, content_type = "application/problem+json"),
        (status = 401, description = "Neither the token nor this machine's own page", body = Problem, content_type = "application/problem+json"),
        (status = 409, description = "It takes part in none", body = Problem, content_type = "application/problem+json"),
        (status = 501, description = "This service has no dongle", body = Problem, content_type = "application/problem+json"),
    ),
)]
pub(crate) async fn leave(State(server): State<Server>, request: Request) -> Result<(StatusCode, Json<DongleView>), Problem> {
    let change = |dongle: &(dyn Dongle + 'static), Nothing {}| dongle.leave();
    let view = server.grant::<DongleRoom, _>(request, "{}", change).await?;
    Ok((StatusCode::ACCEPTED, view))
}
