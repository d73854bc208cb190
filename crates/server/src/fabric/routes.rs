//! The fabric's part of the API.

use super::{Entered, FabricRoom, Left, Pairing, device_address};
use crate::access::body_within;
use crate::change::{Nothing, Room, overwrite};
use crate::problem::{Problem, echo};
use crate::query::Parameters;
use crate::server::Server;
use crate::views::hashed;
use axum::Json;
use axum::extract::{Path, Request, State};
use axum::http::header::CONTENT_TYPE;
use axum::http::{HeaderMap, StatusCode, Uri};
use axum::response::{IntoResponse, Response};
use serde::{Deserialize, Serialize};
use std::net::SocketAddr;
use utoipa::ToSchema;
use weft_model::{AttestationChoice, FabricView, MatterNodeId};
use zeroize::Zeroizing;

/// The largest picture that is read.
const MAX_PHOTO_BYTES: usize = 16 << 20;
const PHOTO_KINDS: [&str; 3] = ["image/png", "image/jpeg", "image/webp"];
/// The longest text that is searched for codes: more than a thousand of them.
const MAX_CODES_BYTES: usize = 64 << 10;
/// The most devices in one request; more than any fabric here has.
const MAX_NODES: usize = 10_000;

/// Everything about Weft's own Matter fabric: jobs that join devices, devices that have joined, settings.
#[utoipa::path(
    get, path = "/api/v1/fabric", tag = "fabric",
    responses(
        (status = 200, description = "The fabric", body = FabricView),
        (status = 304, description = "The client's copy is still good"),
        (status = 501, description = "This service pairs no devices", body = Problem, content_type = "application/problem+json"),
    ),
)]
pub(crate) async fn fabric(State(server): State<Server>, uri: Uri, headers: HeaderMap) -> Result<Response, Problem> {
    Parameters::read(&uri, &[])?;
    hashed(&headers, &FabricRoom::seen(&*FabricRoom::keeper(&server)?))
}

/// The body of `POST /api/v1/fabric/pair`.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct PairRequest {
    /// One or many setup codes: 11 or 21 digits, or `MT:` payloads, apart by spaces or lines.
    #[schema(value_type = String)]
    codes: Zeroizing<String>,
    /// Where the device is (`[fd00::1]:5540`), where it is not to be looked for; then with one code only.
    #[serde(default)]
    address: Option<String>,
    /// Join also what proves too little about its maker.
    #[serde(default)]
    accept_attestation: bool,
}

/// Queues a job for each setup code. A person's browser needs no token on this machine; programs do.
#[utoipa::path(
    post, path = "/api/v1/fabric/pair", tag = "fabric", request_body = PairRequest,
    responses(
        (status = 202, description = "Jobs were queued for all codes but those that are refused", body = Entered),
        (status = 400, description = "The body is wrong", body = Problem, content_type = "application/problem+json"),
        (status = 401, description = "Neither the token nor this machine's own page", body = Problem, content_type = "application/problem+json"),
        (status = 501, description = "This service pairs no devices", body = Problem, content_type = "application/problem+json"),
    ),
)]
pub(crate) async fn pair(State(server): State<Server>, request: Request) -> Result<Response, Problem> {
    let expected = r#"{"codes": "…"}, with "address" and "accept_attestation" where wanted,"#;
    let (fabric, wish) = server.wish::<FabricRoom, _>(request, expected).await?;
    let PairRequest {
        codes,
        address,
        accept_attestation,
    } = wish;
    if codes.trim().is_empty() {
        return Err(Problem::parameter("codes", "There is no setup code in it."));
    }
    if codes.len() > MAX_CODES_BYTES {
        return Err(Problem::parameter(
            "codes",
            format!("Send at most {MAX_CODES_BYTES} bytes of codes at once."),
        ));
    }
    let address = address.as_deref().map(socket_address).transpose()?;
    let entered = server.apart(move || fabric.pair(&codes, address, accept_attestation)).await??;
    Ok((StatusCode::ACCEPTED, Json(entered)).into_response())
}

/// An address with or without a port.
fn socket_address(text: &str) -> Result<SocketAddr, Problem> {
    device_address(text).map_err(|expected| Problem::parameter("address", format!("{} is no address: {expected}.", echo(text))))
}

/// Queues a job for each setup code in a picture. The picture is not kept.
#[utoipa::path(
    post, path = "/api/v1/fabric/photo", tag = "fabric",
    params(("accept_attestation" = Option<bool>, Query, description = "join also what proves too little about its maker")),
    request_body(description = "the picture, at most 16 MiB", content((Vec<u8> = "image/jpeg"), (Vec<u8> = "image/png"), (Vec<u8> = "image/webp"))),
    responses(
        (status = 202, description = "Jobs were queued for all codes but those that are refused", body = Entered),
        (status = 400, description = "It is no picture, or shows no code", body = Problem, content_type = "application/problem+json"),
        (status = 401, description = "Neither the token nor this machine's own page", body = Problem, content_type = "application/problem+json"),
        (status = 413, description = "The picture is too large", body = Problem, content_type = "application/problem+json"),
        (status = 415, description = "Another kind of picture", body = Problem, content_type = "application/problem+json"),
    ),
)]
pub(crate) async fn photo(State(server): State<Server>, request: Request) -> Result<Response, Problem> {
    let fabric = server.keeper_for::<FabricRoom>(&request)?;
    let accept_attestation = Parameters::read(request.uri(), &["accept_attestation"])?.flag("accept_attestation")?;
    let kind = request
        .headers()
        .get(CONTENT_TYPE)
        .and_then(|value| value.to_str().ok())
        .unwrap_or_default();
    let kind = kind.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    if !PHOTO_KINDS.contains(&kind.as_str()) {
        let detail = format!("Send a picture as {}, and say so in Content-Type.", PHOTO_KINDS.join(", "));
        return Err(Problem::new(
            StatusCode::UNSUPPORTED_MEDIA_TYPE,
            "media-type",
            "The body is no picture that is read here",
            detail,
        ));
    }
    let image = body_within(request, MAX_PHOTO_BYTES).await?;
    // One at a time: a decoded picture takes many times its size.
    let _turn = server.photos.lock().await;
    let read = move || {
        let entered = fabric.photo(&image, accept_attestation);
        overwrite(image);
        entered
    };
    let entered = server.apart(read).await??;
    Ok((StatusCode::ACCEPTED, Json(entered)).into_response())
}

/// The body of `POST /api/v1/fabric/jobs/{job}/retry`.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct RetryRequest {
    /// Join it also if it proves too little about its maker.
    #[serde(default)]
    accept_attestation: bool,
}

/// Tries a job again.
#[utoipa::path(
    post, path = "/api/v1/fabric/jobs/{job}/retry", tag = "fabric", request_body = RetryRequest,
    params(("job" = u64, Path, description = "the job's id")),
    responses(
        (status = 200, description = "The fabric as it is now", body = FabricView),
        (status = 404, description = "There is no such job", body = Problem, content_type = "application/problem+json"),
        (status = 409, description = "It cannot be tried again", body = Problem, content_type = "application/problem+json"),
    ),
)]
pub(crate) async fn retry(State(server): State<Server>, Path(job): Path<String>, request: Request) -> Result<Json<FabricView>, Problem> {
    let job = job_id(&job);
    let (fabric, wish) = server
        .wish::<FabricRoom, RetryRequest>(request, r#"{} or {"accept_attestation": true}"#)
        .await?;
    let job = job?;
    server
        .change::<FabricRoom>(fabric, move |fabric| fabric.retry(job, wish.accept_attestation))
        .await
}

/// Gives a job up. What was begun on the device is taken back.
#[utoipa::path(
    post, path = "/api/v1/fabric/jobs/{job}/cancel", tag = "fabric",
    params(("job" = u64, Path, description = "the job's id")),
    request_body(content = Object, description = "{}"),
    responses(
        (status = 200, description = "The fabric as it is now", body = FabricView),
        (status = 404, description = "There is no such job", body = Problem, content_type = "application/problem+json"),
        (status = 409, description = "It is over", body = Problem, content_type = "application/problem+json"),
    ),
)]
pub(crate) async fn cancel(State(server): State<Server>, Path(job): Path<String>, request: Request) -> Result<Json<FabricView>, Problem> {
    let job = job_id(&job);
    let (fabric, Nothing {}) = server.wish::<FabricRoom, _>(request, "{}").await?;
    let job = job?;
    server.change::<FabricRoom>(fabric, move |fabric| fabric.cancel(job)).await
}

fn job_id(text: &str) -> Result<u64, Problem> {
    text.parse()
        .map_err(|_| Problem::unknown("There is no such job", format!("A job has a number; {} is none.", echo(text))))
}

/// The body of `POST /api/v1/fabric/unpair`.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct UnpairRequest {
    /// The devices to leave.
    #[serde(default)]
    nodes: Option<Vec<MatterNodeId>>,
    /// All devices.
    #[serde(default)]
    all: bool,
    /// Give up also those that cannot be told: they keep an entry that nobody uses.
    #[serde(default)]
    forget: bool,
}

/// What became of leaving.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub(crate) struct UnpairAnswer {
    /// Device by device.
    results: Vec<Left>,
}

/// Leaves devices: each is told to remove Weft's fabric, which frees a place on it. Goes on to the end also where the client goes away.
#[utoipa::path(
    post, path = "/api/v1/fabric/unpair", tag = "fabric", request_body = UnpairRequest,
    responses(
        (status = 200, description = "What became of it, device by device", body = UnpairAnswer),
        (status = 400, description = "Neither devices nor all", body = Problem, content_type = "application/problem+json"),
        (status = 404, description = "There is no such device", body = Problem, content_type = "application/problem+json"),
    ),
)]
pub(crate) async fn unpair(State(server): State<Server>, request: Request) -> Result<Json<UnpairAnswer>, Problem> {
    let expected = r#"{"nodes": ["…"]} or {"all": true}, with "forget" where wanted,"#;
    let (fabric, wish) = server.wish::<FabricRoom, _>(request, expected).await?;
    let UnpairRequest { nodes, all, forget } = wish;
    let nodes = match (nodes, all) {
        (None, true) => fabric.view().devices.iter().map(|device| device.node).collect(),
        (Some(nodes), false) if (1..=MAX_NODES).contains(&nodes.len()) => nodes,
        _ => return Err(Problem::parameter("nodes", format!("Name 1 to {MAX_NODES} nodes, or say \"all\": true."))),
    };
    // A task of its own: half of it done because somebody closed the page would help nobody.
    let leaving = tokio::spawn(fabric.unpair(nodes, forget));
    let results = leaving
        .await
        .map_err(|_| Problem::broken("Leaving the devices was cut short. The log says why."))??;
    Ok(Json(UnpairAnswer { results }))
}

/// The body of `POST /api/v1/fabric/settings`: what is left out stays.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct SettingsRequest {
    /// No device is asked while this is true.
    #[serde(default)]
    paused: Option<bool>,
    /// What is done when a device proves too little about its maker.
    #[serde(default)]
    attestation: Option<AttestationChoice>,
}

/// Changes what holds for all devices. Pausing holds for questions to networks too, as there is one switch for all that takes radio time.
#[utoipa::path(
    post, path = "/api/v1/fabric/settings", tag = "fabric", request_body = SettingsRequest,
    responses(
        (status = 200, description = "The fabric as it is now", body = FabricView),
        (status = 400, description = "The body is wrong", body = Problem, content_type = "application/problem+json"),
    ),
)]
pub(crate) async fn settings(State(server): State<Server>, request: Request) -> Result<Json<FabricView>, Problem> {
    let networks = server.networks.get().cloned();
    let expected = r#""paused": true or false, "attestation": "ask" or "accept","#;
    let change = move |fabric: &(dyn Pairing + 'static), wish: SettingsRequest| {
        if let Some(paused) = wish.paused {
            // One of both that cannot keep it does not leave the other as it was.
            let [of_fabric, of_networks] = [fabric.set_paused(paused), networks.map_or(Ok(()), |networks| networks.set_paused(paused))];
            of_fabric.and(of_networks)?;
        }
        wish.attestation.map_or(Ok(()), |choice| fabric.set_attestation(choice))
    };
    server.grant::<FabricRoom, _>(request, expected, change).await
}

/// The body of `POST /api/v1/fabric/devices/{node}/settings`.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct DeviceSettingsRequest {
    /// Weft may register with this long-idle device to be told when it wakes.
    check_in: bool,
}

/// Changes what holds for one device.
#[utoipa::path(
    post, path = "/api/v1/fabric/devices/{node}/settings", tag = "fabric", request_body = DeviceSettingsRequest,
    params(("node" = String, Path, description = "the device's node id, 16 hexadecimal digits")),
    responses(
        (status = 200, description = "The fabric as it is now", body = FabricView),
        (status = 404, description = "There is no such device", body = Problem, content_type = "application/problem+json"),
    ),
)]
pub(crate) async fn device_settings(State(server): State<Server>, Path(node): Path<String>, request: Request) -> Result<Json<FabricView>, Problem> {
    let (fabric, wish) = server
        .wish::<FabricRoom, DeviceSettingsRequest>(request, r#"{"check_in": true or false}"#)
        .await?;
    let node: MatterNodeId = node.parse().map_err(|_| {
        Problem::unknown(
            "There is no such device",
            format!("A node id has 16 hexadecimal digits; {} is none.", echo(&node)),
        )
    })?;
    server
        .change::<FabricRoom>(fabric, move |fabric| fabric.set_check_in(node, wish.check_in))
        .await
}

/// The body of `POST /api/v1/fabric/refresh`.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct RefreshRequest {
    /// The device; left out: all.
    #[serde(default)]
    node: Option<MatterNodeId>,
}

/// Asks a device, or all, as soon as the budget lets them be asked.
#[utoipa::path(
    post, path = "/api/v1/fabric/refresh", tag = "fabric", request_body = RefreshRequest,
    responses(
        (status = 200, description = "The fabric as it is now", body = FabricView),
        (status = 404, description = "There is no such device", body = Problem, content_type = "application/problem+json"),
        (status = 409, description = "Nothing may be asked now", body = Problem, content_type = "application/problem+json"),
    ),
)]
pub(crate) async fn refresh(State(server): State<Server>, request: Request) -> Result<Json<FabricView>, Problem> {
    let expected = r#"{} or {"node": "…"}"#;
    server
        .grant::<FabricRoom, RefreshRequest>(request, expected, |fabric, wish| fabric.refresh(wish.node))
        .await
}
