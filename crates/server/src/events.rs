//! Server-sent events: a snapshot, then one delta for each generation.
//!
//! A connection holds nothing but the generation that it sent last. Whatever comes next is read from what is published when the
//! client's socket has room: the next delta where it is still kept, else a snapshot.

use crate::follow::Follower;
use crate::problem::Problem;
use crate::publish::Feed;
use crate::query::Parameters;
use crate::server::Server;
use axum::extract::State;
use axum::http::{HeaderMap, Uri};
use axum::response::sse::{Event, KeepAlive, Sse};
use axum::response::{IntoResponse, Response};
use futures_util::stream;
use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{OwnedSemaphorePermit, watch};

/// The most clients that may listen at once.
pub(crate) const MAX_CLIENTS: usize = 64;
/// A comment goes out after this time without an event, so that proxies and clients see that the connection lives.
const KEEP_ALIVE: Duration = Duration::from_secs(15);

/// Topology as it changes: first `snapshot`, then `delta` for each generation; `id` names the generation.
/// Where the service pairs devices, `fabric` comes too, once at the start and when something of it has changed; where it asks networks, `networks` does; where it has a dongle, `dongle` does. They have no `id`.
/// A client that comes back with `Last-Event-ID`, or that has read the topology and gives its entity tag as `since`, gets the deltas since then where they are kept, else a snapshot, as a slow one does.
#[utoipa::path(
    get, path = "/api/v1/events", tag = "topology",
    params(
        ("claims" = Option<String>, Query, description = "`none` (default) or `all`"),
        ("since" = Option<String>, Query, description = "the generation that the client has, as the entity tag of `/api/v1/topology` names it, without quotes"),
        ("Last-Event-ID" = Option<String>, Header, description = "the id of the last event that was seen; goes before `since`"),
    ),
    responses(
        (status = 200, description = "Events `snapshot` (SnapshotEvent), `delta` (DeltaEvent), `fabric` (FabricView), `networks` (NetworksView) and `dongle` (DongleView) as JSON", content_type = "text/event-stream", body = String),
        (status = 503, description = "Too many clients listen", body = Problem, content_type = "application/problem+json"),
    ),
)]
pub(crate) async fn events(State(server): State<Server>, uri: Uri, headers: HeaderMap) -> Result<Response, Problem> {
    let parameters = Parameters::read(&uri, &["claims", "since"])?;
    let with_claims = parameters.claims(false)?;
    let Ok(permit) = server.clients.clone().try_acquire_owned() else {
        return Err(Problem::busy(
            "too-many-clients",
            format!("{MAX_CLIENTS} clients listen already. Close one, or ask for /api/v1/topology now and then."),
        ));
    };
    let last_seen = headers
        .get("last-event-id")
        .and_then(|value| value.to_str().ok())
        .or(parameters.get("since"))
        .and_then(|name| server.publisher.feed().generation_named(name));
    let listener = Listener {
        feed: server.publisher.subscribe(),
        fabric: server
            .pairing
            .clone()
            .map(|pairing| Follower::new("fabric", pairing.changed(), move || pairing.view())),
        networks: server
            .networks
            .get()
            .cloned()
            .map(|networks| Follower::new("networks", networks.changed(), move || networks.view())),
        dongle: server
            .dongle
            .get()
            .cloned()
            .map(|dongle| Follower::new("dongle", dongle.changed(), move || dongle.view())),
        closing: server.closing.subscribe(),
        last_seen,
        with_claims,
        _permit: permit,
    };
    let events = stream::unfold(listener, |mut listener| async move {
        listener.next().await.map(|event| (Ok::<_, Infallible>(event), listener))
    });
    Ok(Sse::new(events)
        .keep_alive(KeepAlive::new().interval(KEEP_ALIVE).text("alive"))
        .into_response())
}

struct Listener {
    feed: watch::Receiver<Arc<Feed>>,
    fabric: Option<Follower>,
    networks: Option<Follower>,
    dongle: Option<Follower>,
    closing: watch::Receiver<bool>,
    last_seen: Option<u64>,
    with_claims: bool,
    _permit: OwnedSemaphorePermit,
}

impl Listener {
    /// The next event, when there is one; `None` when the service ends.
    async fn next(&mut self) -> Option<Event> {
        loop {
            if *self.closing.borrow() {
                return None;
            }
            let feed = self.feed.borrow_and_update().clone();
            if self.last_seen != Some(feed.published.generation) {
                return Some(self.event(&feed));
            }
            let followers = [&mut self.fabric, &mut self.networks, &mut self.dongle];
            if let Some(event) = followers.into_iter().flatten().find_map(Follower::ready) {
                return Some(event);
            }
            tokio::select! {
                changed = self.feed.changed() => changed.ok()?,
                changed = self.closing.changed() => changed.ok()?,
                () = stirred(&mut self.fabric) => {}
                () = stirred(&mut self.networks) => {}
                () = stirred(&mut self.dongle) => {}
            }
        }
    }

    fn event(&mut self, feed: &Feed) -> Event {
        if let Some(change) = self.last_seen.and_then(|last_seen| feed.change_after(last_seen)) {
            self.last_seen = Some(change.generation);
            return Event::default()
                .event("delta")
                .id(feed.name(change.generation))
                .data(change.data(self.with_claims));
        }
        let generation = feed.published.generation;
        self.last_seen = Some(generation);
        Event::default()
            .event("snapshot")
            .id(feed.name(generation))
            .data(feed.snapshot_data(self.with_claims))
    }
}

/// Comes back when what is followed may have something to tell; never where there is none.
async fn stirred(followed: &mut Option<Follower>) {
    match followed {
        Some(follower) => follower.stirred().await,
        None => std::future::pending().await,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::server::serve;
    use crate::status::Status;
    use crate::testing::{self, get, get_with, problem, send};
    use axum::http::StatusCode;
    use serde_json::Value;
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio::net::{TcpListener, TcpStream};

    /// A client on a real socket, that reads events one by one.
    struct Client {
        stream: TcpStream,
        text: String,
    }

    struct Received {
        kind: String,
        id: String,
        data: Value,
    }

    impl Client {
        async fn connect(address: std::net::SocketAddr, more: &str) -> Self {
            Self::ask(address, "", more).await
        }

        async fn ask(address: std::net::SocketAddr, query: &str, more: &str) -> Self {
            let mut stream = TcpStream::connect(address).await.unwrap();
            let request = format!("GET /api/v1/events{query} HTTP/1.1\r\nHost: {address}\r\n{more}\r\n");
            stream.write_all(request.as_bytes()).await.unwrap();
            Self { stream, text: String::new() }
        }

        async fn read(&mut self) -> usize {
            let mut bytes = [0; 4096];
            let count = tokio::time::timeout(Duration::from_secs(10), self.stream.read(&mut bytes))
                .await
                .expect("an answer in time")
                .unwrap();
            self.text.push_str(std::str::from_utf8(&bytes[..count]).unwrap());
            count
        }

        /// The next event. Chunk sizes of the transfer coding stand on lines of their own and are passed over.
        async fn event(&mut self) -> Received {
            loop {
                if let Some((block, rest)) = self.text.split_once("\n\n")
                    && block.contains("data: ")
                {
                    let field = |name: &str| block.lines().find_map(|line| line.strip_prefix(name)).unwrap_or_default().to_owned();
                    let received = Received {
                        kind: field("event: "),
                        id: field("id: "),
                        data: serde_json::from_str(&field("data: ")).unwrap(),
                    };
                    self.text = rest.to_owned();
                    return received;
                }
                assert_ne!(self.read().await, 0, "the stream ended: {}", self.text);
            }
        }
    }

    #[tokio::test]
    async fn a_client_gets_a_snapshot_then_deltas_and_resumes_where_it_left() {
        let socket = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = socket.local_addr().unwrap();
        let server = testing::server_at(address);
        let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
        let serving = tokio::spawn(serve(socket, server.clone(), async { drop(stopped.await) }));

        let mut client = Client::connect(address, "").await;
        let snapshot = client.event().await;
        assert_eq!((snapshot.kind.as_str(), &snapshot.data["generation"]), ("snapshot", &1.into()));
        assert_eq!(snapshot.data["topology"]["format"], "weft-topology");
        assert_eq!(snapshot.data["topology"]["nodes"][0].get("claims"), None);

        server
            .publisher
            .publish(testing::home_without_sensor().into(), Arc::default(), Status::default());
        let delta = client.event().await;
        assert_eq!((delta.kind.as_str(), &delta.data["generation"]), ("delta", &2.into()));
        assert_eq!(delta.data["changes"]["nodes"]["removed"], serde_json::json!([testing::SENSOR]));
        // The map that was published with it is empty: everything went.
        assert_eq!(delta.data["layout_changed"], true);
        assert!(
            delta.data["layout"]["nodes_removed"]
                .as_array()
                .unwrap()
                .contains(&testing::SENSOR.into())
        );
        drop(client);

        for _ in 0..3 {
            server.publisher.publish(testing::home().into(), Arc::default(), Status::default());
        }
        let mut client = Client::connect(address, &format!("Last-Event-ID: {}\r\n", delta.id)).await;
        for generation in 3..6 {
            let next = client.event().await;
            assert_eq!((next.kind.as_str(), &next.data["generation"]), ("delta", &generation.into()));
        }

        // The entity tag of the topology is such a name; the header goes before it.
        let tag = |response: &Response| response.headers()["etag"].to_str().unwrap().trim_matches('"').to_owned();
        let known = tag(&send(&server, get("/api/v1/topology")).await);
        server.publisher.publish(testing::home().into(), Arc::default(), Status::default());
        let mut since = Client::ask(address, &format!("?since={known}"), "").await.event().await;
        assert_eq!((since.kind.as_str(), &since.data["generation"]), ("delta", &6.into()));
        let header = format!("Last-Event-ID: {}\r\n", delta.id);
        since = Client::ask(address, &format!("?since={known}"), &header).await.event().await;
        assert_eq!((since.kind.as_str(), &since.data["generation"]), ("delta", &3.into()));
        assert_eq!(Client::ask(address, "?since=nonsense", "").await.event().await.kind, "snapshot");

        let mut late = Client::connect(address, &format!("Last-Event-ID: 2-{}\r\n", "00000000")).await;
        assert_eq!(late.event().await.kind, "snapshot", "a generation of another run");

        stop.send(()).unwrap();
        while client.read().await > 0 {}
        serving.await.unwrap().unwrap();
    }

    #[tokio::test]
    async fn a_client_that_is_too_slow_gets_a_snapshot() {
        let server = testing::server();
        let mut listener = Listener {
            feed: server.publisher.subscribe(),
            fabric: None,
            networks: None,
            dongle: None,
            closing: server.closing.subscribe(),
            last_seen: Some(1),
            with_claims: false,
            _permit: server.clients.clone().try_acquire_owned().unwrap(),
        };
        for _ in 0..70 {
            server.publisher.publish(testing::home().into(), Arc::default(), Status::default());
        }
        assert!(listener.next().await.is_some());
        assert_eq!(listener.last_seen, Some(71));
        server.closing.send_replace(true);
        assert!(listener.next().await.is_none());
    }

    #[tokio::test]
    async fn more_than_the_most_clients_are_sent_away() {
        let server = testing::server();
        let mut open = Vec::new();
        for _ in 0..MAX_CLIENTS {
            open.push(send(&server, get("/api/v1/events")).await);
        }
        assert_eq!(
            problem(send(&server, get("/api/v1/events")).await, StatusCode::SERVICE_UNAVAILABLE).await["type"],
            "urn:weft:problem:too-many-clients"
        );
        drop(open);
        assert_eq!(
            send(&server, get_with("/api/v1/events?claims=all", "last-event-id", "nonsense"))
                .await
                .status(),
            StatusCode::OK
        );
    }
}
