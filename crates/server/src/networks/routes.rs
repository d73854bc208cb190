//! The part of the API that is about ways to whole networks.

use super::{Adopted, Ecosystem, Given, Networks, NetworksRoom, Opened, ServerKind, TakenUp, ecosystems};
use crate::change::Room;
use crate::problem::{Problem, echo};
use crate::query::Parameters;
use crate::server::Server;
use crate::views::hashed;
use axum::Json;
use axum::extract::{Path, Request, State};
use axum::http::{HeaderMap, StatusCode, Uri};
use axum::response::Response;
use serde::Deserialize;
use std::sync::Arc;
use utoipa::ToSchema;
use weft_model::{ExtendedPanId, MatterNodeId, NetworksView, Refusal};
use zeroize::Zeroizing;

/// A dataset has at most 254 bytes; with white space between the digits.
const MAX_DATASET_BYTES: usize = 2 << 10;
/// The longest PSKc, passphrase or passcode that is looked at; the longest that there is has 255 bytes.
const MAX_SECRET_BYTES: usize = 512;
/// Home Assistant's tokens have less than 300 bytes.
const MAX_TOKEN_BYTES: usize = 4 << 10;
/// The longest address, and the longest id.
const MAX_ADDRESS_BYTES: usize = 512;
/// The most devices in one request.
const MAX_NODES: usize = 10_000;

/// The ways to all networks: what opens them, who can be asked, what the last attempts brought, servers that are connected. No secret is in it.
#[utoipa::path(
    get, path = "/api/v1/networks", tag = "networks",
    responses(
        (status = 200, description = "The ways to all networks", body = NetworksView),
        (status = 304, description = "The client's copy is still good"),
        (status = 501, description = "This service asks no networks", body = Problem, content_type = "application/problem+json"),
    ),
)]
pub(crate) async fn networks(State(server): State<Server>, uri: Uri, headers: HeaderMap) -> Result<Response, Problem> {
    Parameters::read(&uri, &[])?;
    hashed(&headers, &NetworksRoom::seen(&*NetworksRoom::keeper(&server)?))
}

/// Where users of each ecosystem find what opens their network.
#[utoipa::path(
    get, path = "/api/v1/networks/where", tag = "networks",
    responses(
        (status = 200, description = "Ecosystem by ecosystem", body = Vec<Ecosystem>),
        (status = 304, description = "The client's copy is still good"),
    ),
)]
pub(crate) async fn places(State(_): State<Server>, uri: Uri, headers: HeaderMap) -> Result<Response, Problem> {
    Parameters::read(&uri, &[])?;
    hashed(&headers, &ecosystems())
}

/// The body of `POST /api/v1/networks/credentials`: a dataset alone, or a network with its PSKc or passphrase.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct CredentialRequest {
    /// An operational dataset in hexadecimal digits.
    #[serde(default)]
    #[schema(value_type = Option<String>)]
    dataset: Option<Zeroizing<String>>,
    /// Whose PSKc or passphrase it is.
    #[serde(default)]
    #[schema(value_type = Option<String>)]
    extended_pan_id: Option<ExtendedPanId>,
    /// The PSKc, 32 hexadecimal digits.
    #[serde(default)]
    #[schema(value_type = Option<String>)]
    pskc: Option<Zeroizing<String>>,
    /// The commissioner passphrase. The network must be announced at the moment: its name is needed.
    #[serde(default)]
    #[schema(value_type = Option<String>)]
    passphrase: Option<Zeroizing<String>>,
}

impl CredentialRequest {
    const EXPECTED: &str = r#"{"dataset": "…"}, or {"extended_pan_id": "…"} with "pskc" or "passphrase","#;

    fn given(self) -> Result<Given, Problem> {
        match (self.dataset, self.extended_pan_id, self.pskc, self.passphrase) {
            (Some(dataset), None, None, None) => Ok(Given::Dataset(bounded("dataset", dataset, MAX_DATASET_BYTES)?)),
            (None, Some(network), Some(pskc), None) => Ok(Given::Of(network, Opened::Pskc(bounded("pskc", pskc, MAX_SECRET_BYTES)?))),
            (None, Some(network), None, Some(passphrase)) => {
                let passphrase = bounded("passphrase", passphrase, MAX_SECRET_BYTES)?;
                Ok(Given::Of(network, Opened::Passphrase(passphrase)))
            }
            _ => Err(Problem::body(format!("Send {} and nothing else.", Self::EXPECTED))),
        }
    }
}

/// A secret that is there and not too long. The error does not repeat it.
fn bounded(name: &str, secret: Zeroizing<String>, most: usize) -> Result<Zeroizing<String>, Problem> {
    match secret.trim().len() {
        0 => Err(Problem::parameter(name, "There is nothing in it.")),
        length if length > most => Err(Problem::parameter(name, format!("It has more than {most} bytes, which none has."))),
        _ => Ok(secret),
    }
}

/// An address or id that is there and not too long.
fn named(name: &str, text: String) -> Result<String, Problem> {
    match text.trim().len() {
        0 => Err(Problem::parameter(name, "There is nothing in it.")),
        length if length > MAX_ADDRESS_BYTES => Err(Problem::parameter(name, format!("It has more than {MAX_ADDRESS_BYTES} bytes."))),
        _ => Ok(text),
    }
}

/// Keeps what opens a network, sealed. The network is asked as soon as it may be. No answer repeats it.
#[utoipa::path(
    post, path = "/api/v1/networks/credentials", tag = "networks", request_body = CredentialRequest,
    responses(
        (status = 200, description = "The ways to all networks as they are now", body = NetworksView),
        (status = 400, description = "It is no credential", body = Problem, content_type = "application/problem+json"),
        (status = 401, description = "Neither the token nor this machine's own page", body = Problem, content_type = "application/problem+json"),
        (status = 404, description = "There is no such network now", body = Problem, content_type = "application/problem+json"),
        (status = 501, description = "This service asks no networks", body = Problem, content_type = "application/problem+json"),
    ),
)]
pub(crate) async fn give(State(server): State<Server>, request: Request) -> Result<Json<NetworksView>, Problem> {
    let (networks, wish) = server
        .wish::<NetworksRoom, CredentialRequest>(request, CredentialRequest::EXPECTED)
        .await?;
    let given = wish.given()?;
    server
        .change::<NetworksRoom>(networks, move |networks| networks.give(given).map(drop))
        .await
}

/// Forgets the credential of a network. The network itself notices nothing.
#[utoipa::path(
    delete, path = "/api/v1/networks/{extended_pan_id}/credential", tag = "networks",
    params(("extended_pan_id" = String, Path, description = "extended PAN ID, 16 hexadecimal digits")),
    responses(
        (status = 200, description = "The ways to all networks as they are now", body = NetworksView),
        (status = 404, description = "There is no such credential", body = Problem, content_type = "application/problem+json"),
    ),
)]
pub(crate) async fn forget(State(server): State<Server>, Path(network): Path<String>, request: Request) -> Result<Json<NetworksView>, Problem> {
    let networks = server.keeper_for::<NetworksRoom>(&request)?;
    Parameters::read(request.uri(), &[])?;
    let network: ExtendedPanId = network.parse().map_err(|_| {
        Problem::unknown(
            "There is no such network",
            format!("An extended PAN ID has 16 hexadecimal digits; {} is none.", echo(&network)),
        )
    })?;
    server.change::<NetworksRoom>(networks, move |networks| networks.forget(network)).await
}

/// The body of `POST /api/v1/networks/passcode`.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct PasscodeRequest {
    /// Id of the way to the border router that shows the passcode.
    path: String,
    /// The passcode, with or without spaces between its digits.
    #[schema(value_type = String)]
    passcode: Zeroizing<String>,
}

/// Enters a border router with the one-time passcode that it shows, and fetches its dataset. What comes of it stands in the view, within seconds.
#[utoipa::path(
    post, path = "/api/v1/networks/passcode", tag = "networks", request_body = PasscodeRequest,
    responses(
        (status = 202, description = "It is tried; the ways as they are now", body = NetworksView),
        (status = 400, description = "It is no passcode", body = Problem, content_type = "application/problem+json"),
        (status = 404, description = "There is no such way", body = Problem, content_type = "application/problem+json"),
        (status = 409, description = "The border router waits for none", body = Problem, content_type = "application/problem+json"),
    ),
)]
pub(crate) async fn passcode(State(server): State<Server>, request: Request) -> Result<(StatusCode, Json<NetworksView>), Problem> {
    let (networks, wish) = server
        .wish::<NetworksRoom, PasscodeRequest>(request, r#"{"path": "…", "passcode": "…"}"#)
        .await?;
    let path = named("path", wish.path)?;
    let passcode = bounded("passcode", wish.passcode, MAX_SECRET_BYTES)?;
    let view = server
        .change::<NetworksRoom>(networks, move |networks| networks.enter(&path, &passcode))
        .await?;
    Ok((StatusCode::ACCEPTED, view))
}

/// The body of `POST /api/v1/networks/ask`.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct AskRequest {
    /// The network; left out: all.
    #[serde(default)]
    #[schema(value_type = Option<String>)]
    extended_pan_id: Option<ExtendedPanId>,
    /// This way, even where it stands by.
    #[serde(default)]
    path: Option<String>,
}

/// Asks a network, one way, or all, as soon as the budget lets them be asked.
#[utoipa::path(
    post, path = "/api/v1/networks/ask", tag = "networks", request_body = AskRequest,
    responses(
        (status = 200, description = "The ways to all networks as they are now", body = NetworksView),
        (status = 404, description = "There is no such network or way", body = Problem, content_type = "application/problem+json"),
        (status = 409, description = "Nothing may be asked now", body = Problem, content_type = "application/problem+json"),
    ),
)]
pub(crate) async fn ask(State(server): State<Server>, request: Request) -> Result<Json<NetworksView>, Problem> {
    let change = |networks: &(dyn Networks + 'static), wish: AskRequest| networks.ask(wish.extended_pan_id, wish.path.as_deref());
    server
        .grant::<NetworksRoom, _>(request, r#"{}, {"extended_pan_id": "…"} or {"path": "…"}"#, change)
        .await
}

/// The body of `POST /api/v1/networks/paths`.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct PathRequest {
    /// Where the REST API of OpenThread's border router is: `192.0.2.1`, `http://192.0.2.1:8081`.
    address: String,
}

/// Takes up the REST API of an OpenThread border router that is not found by itself.
#[utoipa::path(
    post, path = "/api/v1/networks/paths", tag = "networks", request_body = PathRequest,
    responses(
        (status = 200, description = "The way, and all ways as they are now", body = TakenUp),
        (status = 400, description = "It is no address", body = Problem, content_type = "application/problem+json"),
    ),
)]
pub(crate) async fn add_path(State(server): State<Server>, request: Request) -> Result<Json<TakenUp>, Problem> {
    let (networks, wish) = server.wish::<NetworksRoom, PathRequest>(request, r#"{"address": "…"}"#).await?;
    let address = named("address", wish.address)?;
    take_up(&server, networks, move |networks| networks.add_path(&address)).await
}

async fn take_up(
    server: &Server,
    networks: Arc<dyn Networks>,
    take: impl FnOnce(&dyn Networks) -> Result<String, Refusal> + Send + 'static,
) -> Result<Json<TakenUp>, Problem> {
    let taken = move || {
        let id = take(&*networks)?;
        Ok::<_, Refusal>(TakenUp {
            id,
            networks: networks.view(),
        })
    };
    Ok(Json(server.apart(taken).await??))
}

/// The body of `POST /api/v1/networks/paths/remove` and `…/servers/remove`.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct RemoveRequest {
    /// Id as the view has it.
    id: String,
}

/// Gives up a way that a person named.
#[utoipa::path(
    post, path = "/api/v1/networks/paths/remove", tag = "networks", request_body = RemoveRequest,
    responses(
        (status = 200, description = "The ways to all networks as they are now", body = NetworksView),
        (status = 404, description = "There is no such way", body = Problem, content_type = "application/problem+json"),
        (status = 409, description = "Nobody named it: it is found by itself", body = Problem, content_type = "application/problem+json"),
    ),
)]
pub(crate) async fn remove_path(State(server): State<Server>, request: Request) -> Result<Json<NetworksView>, Problem> {
    let change = |networks: &(dyn Networks + 'static), wish: RemoveRequest| networks.remove_path(&wish.id);
    server.grant::<NetworksRoom, _>(request, r#"{"id": "…"}"#, change).await
}

/// The body of `POST /api/v1/networks/servers`.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ServerRequest {
    /// What it is.
    kind: ServerKind,
    /// Where: `homeassistant.local`, `http://192.0.2.1:8123`, `ws://192.0.2.1:5580/ws`.
    address: String,
    /// Home Assistant's long-lived access token.
    #[serde(default)]
    #[schema(value_type = Option<String>)]
    token: Option<Zeroizing<String>>,
}

/// Takes up a server. Its token is kept sealed. Reading changes nothing there.
#[utoipa::path(
    post, path = "/api/v1/networks/servers", tag = "networks", request_body = ServerRequest,
    responses(
        (status = 200, description = "The server, and everything as it is now", body = TakenUp),
        (status = 400, description = "It is no address, or no token", body = Problem, content_type = "application/problem+json"),
    ),
)]
pub(crate) async fn add_server(State(server): State<Server>, request: Request) -> Result<Json<TakenUp>, Problem> {
    let expected = r#"{"kind": "home-assistant", "address": "…", "token": "…"} or {"kind": "matter-server", "address": "…"}"#;
    let (networks, wish) = server.wish::<NetworksRoom, ServerRequest>(request, expected).await?;
    let address = named("address", wish.address)?;
    let token = wish.token.map(|token| bounded("token", token, MAX_TOKEN_BYTES)).transpose()?;
    match (wish.kind, &token) {
        (ServerKind::HomeAssistant, None) => return Err(Problem::parameter("token", "Home Assistant wants a long-lived access token.")),
        (ServerKind::MatterServer, Some(_)) => return Err(Problem::parameter("token", "A Matter server takes none: leave it out.")),
        _ => {}
    }
    take_up(&server, networks, move |networks| networks.add_server(wish.kind, &address, token)).await
}

/// Leaves a server, and forgets its token.
#[utoipa::path(
    post, path = "/api/v1/networks/servers/remove", tag = "networks", request_body = RemoveRequest,
    responses(
        (status = 200, description = "Everything as it is now", body = NetworksView),
        (status = 404, description = "There is no such server", body = Problem, content_type = "application/problem+json"),
    ),
)]
pub(crate) async fn remove_server(State(server): State<Server>, request: Request) -> Result<Json<NetworksView>, Problem> {
    let change = |networks: &(dyn Networks + 'static), wish: RemoveRequest| networks.remove_server(&wish.id);
    server.grant::<NetworksRoom, _>(request, r#"{"id": "…"}"#, change).await
}

/// The body of `POST /api/v1/networks/servers/adopt`.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct AdoptRequest {
    /// Id of a Matter server.
    id: String,
    /// Node ids on the server's fabric; left out: all that can be.
    #[serde(default)]
    nodes: Option<Vec<MatterNodeId>>,
}

/// Joins devices of a Matter server to Weft's own fabric without a code being typed: the server is asked to open a commissioning window on each.
#[utoipa::path(
    post, path = "/api/v1/networks/servers/adopt", tag = "networks", request_body = AdoptRequest,
    responses(
        (status = 202, description = "How many devices are queued", body = Adopted),
        (status = 404, description = "There is no such server", body = Problem, content_type = "application/problem+json"),
        (status = 409, description = "It is not connected, or there is no fabric", body = Problem, content_type = "application/problem+json"),
    ),
)]
pub(crate) async fn adopt(State(server): State<Server>, request: Request) -> Result<(StatusCode, Json<Adopted>), Problem> {
    let (networks, wish) = server
        .wish::<NetworksRoom, AdoptRequest>(request, r#"{"id": "…"}, with "nodes" where not all are meant,"#)
        .await?;
    if wish.nodes.as_ref().is_some_and(|nodes| !(1..=MAX_NODES).contains(&nodes.len())) {
        return Err(Problem::parameter(
            "nodes",
            format!("Name 1 to {MAX_NODES} nodes, or leave it out for all."),
        ));
    }
    let queued = server.apart(move || networks.adopt(&wish.id, wish.nodes)).await??;
    Ok((StatusCode::ACCEPTED, Json(Adopted { queued })))
}

/// The body of `POST /api/v1/networks/settings`.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NetworksSettingsRequest {
    /// Nobody is asked while this is true.
    paused: bool,
}

/// Stops or resumes all questions. It holds for devices of Weft's own fabric too, as there is one switch for all that takes radio time.
#[utoipa::path(
    post, path = "/api/v1/networks/settings", tag = "networks", request_body = NetworksSettingsRequest,
    responses(
        (status = 200, description = "Everything as it is now", body = NetworksView),
        (status = 400, description = "The body is wrong", body = Problem, content_type = "application/problem+json"),
    ),
)]
pub(crate) async fn settings(State(server): State<Server>, request: Request) -> Result<Json<NetworksView>, Problem> {
    let fabric = server.pairing.clone();
    let change = move |networks: &(dyn Networks + 'static), wish: NetworksSettingsRequest| {
        // One of both that cannot keep it does not leave the other as it was.
        let [of_networks, of_fabric] = [
            networks.set_paused(wish.paused),
            fabric.map_or(Ok(()), |fabric| fabric.set_paused(wish.paused)),
        ];
        of_networks.and(of_fabric)
    };
    server.grant::<NetworksRoom, _>(request, r#"{"paused": true or false}"#, change).await
}
