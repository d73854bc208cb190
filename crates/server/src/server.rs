//! The router, its state, and the loop that serves it.

use crate::access::{self, Hosts};
use crate::dongle::{self, Dongle};
use crate::events::MAX_CLIENTS;
use crate::fabric::{self, Pairing};
use crate::history::{History, HistoryError};
use crate::listener::Bounded;
use crate::network_check::NetworkCheck;
use crate::networks::{self, Networks};
use crate::problem::Problem;
use crate::publish::Publisher;
use crate::report::{self, Report};
use crate::session::Sessions;
use crate::token::Token;
use crate::{border_routers, captures, detail, events, export, lookup, network_check, openapi, page, plan, views};
use axum::Router;
use axum::http::{StatusCode, Uri};
use axum::routing::{MethodRouter, delete, get, post};
use std::future::Future;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::{Arc, Mutex, OnceLock};
use std::time::Duration;
use tokio::net::TcpListener;
use tokio::sync::{Semaphore, watch};
use weft_model::Timestamp;

/// The most questions to the history, and changes of the fabric, that are worked on at once.
const MAX_QUESTIONS: usize = 4;
/// How long open connections may take to end after the shutdown.
const SHUTDOWN_GRACE: Duration = Duration::from_secs(3);

/// How the service may be reached.
pub struct Config {
    /// The address that is bound.
    pub address: SocketAddr,
    /// Further names and addresses that requests may come in for, as in a `Host` header; the port does not matter.
    pub hosts: Vec<String>,
    /// The token. Needed where the address is not a loopback address.
    pub token: Option<Token>,
}

/// Why a configuration cannot be served.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ConfigError {
    /// Others could reach it.
    #[error("{0} can be reached from other machines: a token is needed")]
    TokenNeeded(IpAddr),
    /// No host name or address.
    #[error("{0:?} is no host name or address")]
    BadHost(String),
}

/// Why serving ended.
#[derive(Debug, thiserror::Error)]
pub enum ServeError {
    /// The configuration was made for another address, so its decision about the token may be wrong.
    #[error("the listener is bound to {bound}, the configuration says {configured}")]
    OtherAddress {
        /// Of the listener.
        bound: IpAddr,
        /// Of the configuration.
        configured: IpAddr,
    },
    /// The socket failed.
    #[error(transparent)]
    Io(#[from] io::Error),
}

/// The state of the service. Clones are the same service.
#[derive(Clone)]
pub struct Server(Arc<Shared>);

/// What all clones of a [`Server`] share.
pub struct Shared {
    address: SocketAddr,
    pub(crate) hosts: Hosts,
    pub(crate) token: Option<Token>,
    pub(crate) publisher: Publisher,
    pub(crate) history: Arc<dyn History>,
    pub(crate) pairing: Option<Arc<dyn Pairing>>,
    pub(crate) networks: OnceLock<Arc<dyn Networks>>,
    pub(crate) dongle: OnceLock<Arc<dyn Dongle>>,
    pub(crate) network_check: OnceLock<Arc<dyn NetworkCheck>>,
    pub(crate) report: OnceLock<Arc<dyn Report>>,
    /// One bundle for a bug report at a time: it holds all of its captures.
    pub(crate) reports: Arc<Semaphore>,
    /// Held while a picture is read.
    pub(crate) photos: tokio::sync::Mutex<()>,
    pub(crate) sessions: Mutex<Sessions>,
    pub(crate) now: fn() -> Timestamp,
    pub(crate) clients: Arc<Semaphore>,
    pub(crate) closing: watch::Sender<bool>,
    questions: Arc<Semaphore>,
}

impl std::ops::Deref for Server {
    type Target = Shared;

    fn deref(&self) -> &Shared {
        &self.0
    }
}

impl Server {
    /// A service that shows what `publisher` is given. `pairing` runs the Matter fabric, where there is one. `now` is the clock, for the
    /// sessions of browsers only.
    ///
    /// # Errors
    /// When other machines could reach it and there is no token, or a host is none.
    pub fn new(
        config: Config,
        publisher: Publisher,
        history: Arc<dyn History>,
        pairing: Option<Arc<dyn Pairing>>,
        now: fn() -> Timestamp,
    ) -> Result<Self, ConfigError> {
        let Config { address, hosts, token } = config;
        if !access::is_loopback(address.ip()) && token.is_none() {
            return Err(ConfigError::TokenNeeded(address.ip()));
        }
        let hosts = Hosts::new(address.ip(), &hosts).map_err(ConfigError::BadHost)?;
        Ok(Self(Arc::new(Shared {
            address,
            hosts,
            token,
            publisher,
            history,
            pairing,
            networks: OnceLock::new(),
            dongle: OnceLock::new(),
            network_check: OnceLock::new(),
            report: OnceLock::new(),
            reports: Arc::new(Semaphore::new(1)),
            photos: tokio::sync::Mutex::default(),
            sessions: Mutex::default(),
            now,
            clients: Arc::new(Semaphore::new(MAX_CLIENTS)),
            closing: watch::Sender::new(false),
            questions: Arc::new(Semaphore::new(MAX_QUESTIONS)),
        })))
    }

    /// Asks the history on a thread that may block.
    pub(crate) async fn ask<T: Send + 'static>(
        &self,
        question: impl FnOnce(&dyn History) -> Result<T, HistoryError> + Send + 'static,
    ) -> Result<T, Problem> {
        let history = self.history.clone();
        Ok(self.apart(move || question(&*history)).await??)
    }

    /// Does something on a thread that may block; a few at a time.
    pub(crate) async fn apart<T: Send + 'static>(&self, work: impl FnOnce() -> T + Send + 'static) -> Result<T, Problem> {
        let broken = |_| Problem::broken("It could not be done. The log says why.");
        // The permit goes along: work that nobody waits for any more still counts.
        let permit = self
            .questions
            .clone()
            .acquire_owned()
            .await
            .map_err(|_| Problem::broken("The service is ending."))?;
        let answer = tokio::task::spawn_blocking(move || {
            let _permit = permit;
            work()
        });
        answer.await.map_err(broken)
    }
}

/// Method and path of everything that programs may call, and who answers. The OpenAPI document describes exactly these.
pub(crate) fn routes() -> Vec<(&'static str, &'static str, MethodRouter<Server>)> {
    vec![
        ("get", "/healthz", get(views::healthz)),
        ("get", "/api/v1/topology", get(views::topology)),
        ("get", "/api/v1/layout", get(views::layout)),
        ("get", "/api/v1/export", get(export::answer)),
        ("get", "/api/v1/report", get(report::answer)),
        ("get", "/api/v1/sources", get(views::sources)),
        ("get", "/api/v1/nodes/{id}", get(detail::node)),
        ("get", "/api/v1/links/{id}", get(detail::link)),
        ("get", "/api/v1/lookup", get(lookup::lookup)),
        ("get", "/api/v1/border-routers", get(border_routers::border_routers)),
        ("get", "/api/v1/network-check", get(network_check::network_check)),
        ("get", "/api/v1/plan", get(plan::plan)),
        ("get", "/api/v1/timeline", get(crate::timeline::timeline)),
        ("get", "/api/v1/diff", get(crate::compare::diff)),
        ("get", "/api/v1/events", get(events::events)),
        ("post", "/api/v1/captures", post(captures::captures)),
        ("post", "/api/v1/session", post(access::begin_session)),
        ("get", "/api/v1/fabric", get(fabric::fabric)),
        ("post", "/api/v1/fabric/pair", post(fabric::pair)),
        ("post", "/api/v1/fabric/photo", post(fabric::photo)),
        ("post", "/api/v1/fabric/jobs/{job}/retry", post(fabric::retry)),
        ("post", "/api/v1/fabric/jobs/{job}/cancel", post(fabric::cancel)),
        ("post", "/api/v1/fabric/unpair", post(fabric::unpair)),
        ("post", "/api/v1/fabric/settings", post(fabric::settings)),
        ("post", "/api/v1/fabric/devices/{node}/settings", post(fabric::device_settings)),
        ("post", "/api/v1/fabric/refresh", post(fabric::refresh)),
        ("get", "/api/v1/networks", get(networks::networks)),
        ("get", "/api/v1/networks/where", get(networks::places)),
        ("post", "/api/v1/networks/credentials", post(networks::give)),
        ("delete", "/api/v1/networks/{extended_pan_id}/credential", delete(networks::forget)),
        ("post", "/api/v1/networks/passcode", post(networks::passcode)),
        ("post", "/api/v1/networks/ask", post(networks::ask)),
        ("post", "/api/v1/networks/paths", post(networks::add_path)),
        ("post", "/api/v1/networks/paths/remove", post(networks::remove_path)),
        ("post", "/api/v1/networks/servers", post(networks::add_server)),
        ("post", "/api/v1/networks/servers/remove", post(networks::remove_server)),
        ("post", "/api/v1/networks/servers/adopt", post(networks::adopt)),
        ("post", "/api/v1/networks/settings", post(networks::settings)),
        ("get", "/api/v1/dongle", get(dongle::dongle)),
        ("post", "/api/v1/dongle/scan", post(dongle::scan)),
        ("post", "/api/v1/dongle/listen", post(dongle::listen)),
        ("post", "/api/v1/dongle/join", post(dongle::join)),
        ("post", "/api/v1/dongle/leave", post(dongle::leave)),
        ("get", "/api/v1/openapi.json", get(openapi::document)),
    ]
}

/// Everything that is served. For tests; [`serve`] puts it on a socket.
pub fn router(server: Server) -> Router {
    let mut router = Router::new();
    for (_, path, answer) in routes() {
        // Node ids may hold slashes; a client that does not encode them is understood too.
        router = router.route(&path.replace("{id}", "{*id}"), answer);
    }
    for asset in page::ASSETS {
        router = router.route(asset.path, get(move |headers| async move { page::serve(asset, &headers) }));
    }
    router
        .fallback(|uri: Uri| async move { no_such_address(&uri) })
        .method_not_allowed_fallback(|| async {
            Problem::new(
                StatusCode::METHOD_NOT_ALLOWED,
                "method",
                "This method is not allowed here",
                "See /api/v1/openapi.json for what this address knows.",
            )
        })
        .layer(axum::middleware::from_fn_with_state(server.clone(), access::guard))
        .with_state(server)
}

fn no_such_address(uri: &Uri) -> Problem {
    let detail = format!(
        "Nothing is at {}. /api/v1/openapi.json lists what there is.",
        crate::problem::echo(uri.path())
    );
    Problem::unknown("There is no such address", detail)
}

/// Serves until `shutdown`, then ends event streams and lets open answers finish, for a short while.
///
/// # Errors
/// When the listener is bound to another address than the configuration says, or the socket fails.
pub async fn serve(listener: TcpListener, server: Server, shutdown: impl Future<Output = ()> + Send + 'static) -> Result<(), ServeError> {
    let (bound, configured) = (listener.local_addr()?.ip(), server.address.ip());
    if bound != configured {
        return Err(ServeError::OtherAddress { bound, configured });
    }
    let mut closing = server.closing.subscribe();
    let ending = server.clone();
    let until_shutdown = async move {
        shutdown.await;
        ending.closing.send_replace(true);
    };
    let serving = axum::serve(Bounded::new(listener), router(server)).with_graceful_shutdown(until_shutdown);
    let too_late = async {
        // The sender lives in the server's state, which the router holds: an error means that serving is over anyway.
        drop(closing.wait_for(|closing| *closing).await);
        tokio::time::sleep(SHUTDOWN_GRACE).await;
    };
    tokio::select! {
        result = serving => Ok(result?),
        () = too_late => Ok(()),
    }
}
