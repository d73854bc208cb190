//! Hand-made topologies and a service around them, for the tests of this crate.

use crate::{Config, ConfigError, History, HistoryError, Publisher, Server, SourceStatus, Status, Token, router};
use axum::body::{Body, to_bytes};
use axum::extract::Request;
use axum::http::StatusCode;
use axum::response::Response;
use serde_json::Value;
use std::collections::BTreeSet;
use std::net::SocketAddr;
use std::sync::Arc;
use tower::ServiceExt;
use weft_evidence::{Capture, CaptureBody, FailureCapture, FailureTarget, SourceState};
use weft_model::{Annotation, ErrorRate, LinkQuality, MeshLocalPrefix, PartitionId, Rloc16, Rssi, Timestamp};
use weft_topology::{
    CaptureReference, Claim, Direction, Finding, HeardByDongle, Hop, KnownAs, LastParent, Link, LinkKind, Medium, Network, NetworkTopology, Node,
    Parent, Partition, PastParent, Path, Role, Severity, State, Topology,
};

pub(crate) const TOKEN: &str = "test-token-0123456789abcdef";
pub(crate) const YESTERDAY: &str = "2026-11-19T12:00:00.000Z";
pub(crate) const ROUTER: &str = "0a00000000000001";
pub(crate) const SENSOR: &str = "0a00000000000002";

pub(crate) fn now() -> Timestamp {
    "2026-11-20T12:00:00Z".parse().unwrap()
}

fn claim(seq: u64) -> Claim {
    let capture = CaptureReference {
        recording: Some("recording".into()),
        store: None,
        seq,
    };
    Claim {
        source: "lan".into(),
        reporter: ROUTER.into(),
        fact: "child-table".into(),
        observed_at: Some(now()),
        capture,
    }
}

pub(crate) fn node(id: &str, network: Option<&str>, rloc16: Option<u16>, seq: u64) -> Node {
    Node {
        id: id.into(),
        previous_ids: Vec::new(),
        network: network.map(Into::into),
        partition_id: network.map(|_| PartitionId(7)),
        extended_address: id.parse().ok(),
        rloc16: rloc16.and_then(Rloc16::new),
        role: if rloc16.is_some_and(|rloc16| rloc16 & 0x1ff == 0) {
            Role::Router
        } else {
            Role::SleepyEndDevice
        },
        border_router: false,
        name: None,
        room: None,
        pin: None,
        note: None,
        muted: false,
        muted_since: None,
        vendor: None,
        model: None,
        state: State::OneSided,
        parent: None,
        last_parent: None,
        parents: Vec::new(),
        heard_by_dongle: None,
        last_heard_at: None,
        path: None,
        addresses: Vec::new(),
        known_as: KnownAs::default(),
        unheard: false,
        independent_paths: None,
        claims: vec![claim(seq)],
    }
}

fn sensor(network: &str) -> Node {
    Node {
        previous_ids: vec![format!("{network}/7/0x2c01").into()],
        name: Some("Garage sensor".into()),
        room: Some("Garage".into()),
        vendor: Some("Example".into()),
        model: Some("S1".into()),
        parent: Some(Parent {
            node: ROUTER.into(),
            state: State::OneSided,
            since: Some(now()),
            reasons: vec!["its row in the child table".into()],
        }),
        last_parent: Some(LastParent {
            node: ROUTER.into(),
            until: now(),
        }),
        parents: vec![PastParent {
            node: ROUTER.into(),
            since: now(),
            until: None,
        }],
        heard_by_dongle: Some(HeardByDongle {
            rssi_average_dbm: Rssi::from_dbm(-70),
            observed_at: now(),
        }),
        last_heard_at: Some(now()),
        path: Some(Path {
            to: ROUTER.into(),
            cost: 1,
            hops: vec![Hop {
                node: ROUTER.into(),
                cost: 1,
                stated: true,
            }],
        }),
        addresses: vec!["fd00:0:0:1::17".into()],
        known_as: KnownAs {
            matter: vec!["C2637A8B1B1B1B1B-0000000000000011".into()],
            hap: vec!["3C:0A:57:6C:DA:E7".into()],
            hosts: vec!["sensor.local.".into()],
            border_agent_id: None,
            eui64: Some("0000000000000001".into()),
        },
        ..node(SENSOR, Some(network), Some(0x2c01), 7)
    }
}

fn parent_link() -> Link {
    let direction = Direction {
        link_quality: LinkQuality::new(1),
        link_margin_db: Some(8),
        average_rssi_dbm: Rssi::from_dbm(-91),
        last_rssi_dbm: Rssi::from_dbm(-92),
        frame_error_percent: ErrorRate::from_percent(4),
        message_error_percent: ErrorRate::from_percent(0),
        observed_at: Some(now()),
        relayed: false,
    };
    Link {
        id: format!("{ROUTER}~{SENSOR}").into(),
        kind: LinkKind::ParentChild,
        medium: Medium::Radio,
        a: ROUTER.into(),
        b: SENSOR.into(),
        state: State::OneSided,
        a_hears_b: Some(direction),
        b_hears_a: None,
        claims: vec![claim(7)],
    }
}

fn network(id: &str) -> Network {
    Network {
        id: id.into(),
        extended_pan_id: id.parse().ok(),
        name: Some("Home".into()),
        pan_id: "0x4f21".parse().ok(),
        channel: Some(25),
        mesh_local_prefix: Some(MeshLocalPrefix([0xfd, 0x11, 0x11, 0x11, 0x11, 0x11, 0x11, 0x11])),
        omr_prefixes: vec!["fd00:0:0:1::/64".parse().unwrap()],
        partitions: vec![Partition {
            partition_id: PartitionId(7),
            leader: Some(ROUTER.into()),
            state: State::Confirmed,
        }],
    }
}

fn finding(kind: &'static str, subject: &str) -> Finding {
    Finding {
        id: format!("{kind}:{subject}").into(),
        kind,
        severity: Severity::Warning,
        subjects: vec![subject.into()],
        title: "Garage sensor has only weak links".into(),
        detail: "Its parent hears it with quality 1.".into(),
        advice: "Put a mains-powered Thread device between them.".into(),
        muted: None,
    }
}

/// Two networks that use the same RLOC16s, and a device of the LAN.
pub(crate) fn home() -> Topology {
    let (ours, theirs) = ("1111111111111111", "2222222222222222");
    let router = Node {
        border_router: true,
        role: Role::Leader,
        name: Some("Hub".into()),
        ..node(ROUTER, Some(ours), Some(0x2c00), 8)
    };
    let gone = Node {
        state: State::Gone,
        ..node("2222222222222222/9/0x2c00", Some(theirs), Some(0x2c00), 9)
    };
    let other = node("2222222222222222/9/0x2c01", Some(theirs), Some(0x2c01), 9);
    let part = |network: Option<Network>, nodes, links, findings| {
        Arc::new(NetworkTopology {
            network,
            nodes,
            links,
            findings,
            clues: Vec::new(),
            half_words: Vec::new(),
            valid_until: Timestamp::MAX,
        })
    };
    Topology {
        as_of: now(),
        valid_until: Timestamp::MAX,
        parts: vec![
            part(
                Some(network(ours)),
                vec![router, sensor(ours)],
                vec![parent_link()],
                vec![finding("weak-only-child", SENSOR)],
            ),
            part(
                Some(Network {
                    mesh_local_prefix: None,
                    ..network(theirs)
                }),
                vec![gone, other],
                Vec::new(),
                Vec::new(),
            ),
            part(
                None,
                vec![Node {
                    name: Some("<b>Lamp</b>".into()),
                    ..node("lamp.local", None, None, 10)
                }],
                Vec::new(),
                Vec::new(),
            ),
        ],
        findings: vec![finding("two-networks", ours)],
    }
}

/// The home after its sensor has left.
pub(crate) fn home_without_sensor() -> Topology {
    let mut topology = home();
    let part = &topology.parts[0];
    topology.parts[0] = Arc::new(NetworkTopology {
        nodes: part.nodes[..1].to_vec(),
        links: Vec::new(),
        findings: Vec::new(),
        ..(**part).clone()
    });
    topology
}

/// Many nodes of the LAN, and no network.
pub(crate) fn crowd(size: usize) -> Topology {
    let nodes = (0..size).map(|number| node(&format!("{number:016x}"), None, None, 1)).collect();
    let part = NetworkTopology {
        network: None,
        nodes,
        links: Vec::new(),
        findings: Vec::new(),
        clues: Vec::new(),
        half_words: Vec::new(),
        valid_until: Timestamp::MAX,
    };
    Topology {
        as_of: now(),
        valid_until: Timestamp::MAX,
        parts: vec![Arc::new(part)],
        findings: Vec::new(),
    }
}

pub(crate) fn status() -> Status {
    let source = SourceStatus {
        name: "lan".into(),
        kind: "mdns".into(),
        state: SourceState::Deaf,
        since: Some(now()),
        reason: Some("no network interface is up".into()),
        advice: Some("Connect this machine to the network of the border routers.".into()),
        last_capture_at: None,
        captures: 12,
        dropped: 0,
        contribution: None,
    };
    let store = crate::StoreStatus {
        place: "memory".into(),
        size_bytes: 4096,
        captures: 12,
        oldest_at: Some(now()),
        problem: None,
    };
    Status {
        notice: None,
        sources: vec![source],
        store: Some(store),
    }
}

pub(crate) fn publisher() -> Publisher {
    let home = home();
    let positions = weft_layout::layout(&home, &weft_layout::Positions::default());
    Publisher::new(home.into(), positions.into(), status()).unwrap()
}

/// A history that begins yesterday and keeps capture 7 alone.
struct Memory;

impl History for Memory {
    fn topology_at(&self, at: Timestamp) -> Result<Arc<Topology>, HistoryError> {
        let oldest = YESTERDAY.parse().unwrap();
        if at < oldest {
            return Err(HistoryError::BeforeEverything { oldest: Some(oldest) });
        }
        Ok(Arc::new(Topology { as_of: at, ..home() }))
    }

    fn events(&self, from: Timestamp, to: Timestamp, limit: usize) -> Result<crate::Recorded, HistoryError> {
        let yesterday: Timestamp = YESTERDAY.parse().unwrap();
        let at = yesterday.plus_seconds(12 * 3600 + 60);
        assert!((from..to).contains(&at) && limit > 0);
        let change = weft_topology::Change {
            kind: weft_topology::ChangeKind::Moved,
            group: weft_topology::ChangeGroup::Devices,
            effect: weft_topology::Effect::Changed,
            severity: Severity::Info,
            text: "Garage sensor moved from Hall plug to Porch bulb".into(),
            detail: None,
            subjects: vec![SENSOR.into(), ROUTER.into()],
        };
        Ok(crate::Recorded {
            oldest_at: Some(yesterday),
            newest_at: Some(now()),
            complete_until: None,
            events: vec![weft_topology::Event { at, change }],
            marks: vec![(at, Severity::Info), (at, Severity::Problem), (at, Severity::Warning)],
        })
    }

    fn captures(&self, seqs: &BTreeSet<u64>) -> Result<Vec<Capture>, HistoryError> {
        let target = FailureTarget::OtbrRest {
            base: "http://192.0.2.1:8081".into(),
        };
        let failure = FailureCapture {
            target,
            attempt: "GET /node".into(),
            error: "connection refused".into(),
        };
        let kept = Capture {
            seq: 7,
            at: now(),
            source: "lan".into(),
            body: CaptureBody::Failure(failure),
        };
        Ok(seqs.contains(&7).then_some(kept).into_iter().collect())
    }

    fn annotate(&self, annotations: Vec<Annotation>) -> Result<Vec<u64>, HistoryError> {
        Ok((1000..).take(annotations.len()).collect())
    }
}

pub(crate) fn server_with(config: Config) -> Result<Server, ConfigError> {
    Server::new(config, publisher(), Arc::new(Memory), None, now)
}

/// A service on loopback that pairs devices.
pub(crate) fn server_that_pairs(pairing: Arc<dyn crate::Pairing>) -> Server {
    let config = Config {
        address: ([127, 0, 0, 1], 7878).into(),
        hosts: Vec::new(),
        token: Some(Token::new(TOKEN.into()).unwrap()),
    };
    Server::new(config, publisher(), Arc::new(Memory), Some(pairing), now).unwrap()
}

pub(crate) fn server_at(address: SocketAddr) -> Server {
    let token = Some(Token::new(TOKEN.into()).unwrap());
    server_with(Config {
        address,
        hosts: Vec::new(),
        token,
    })
    .unwrap()
}

/// A service on loopback.
pub(crate) fn server() -> Server {
    server_at(([127, 0, 0, 1], 7878).into())
}

pub(crate) async fn send(server: &Server, request: Request) -> Response {
    router(server.clone()).oneshot(request).await.unwrap()
}

pub(crate) fn get(path: &str) -> Request {
    Request::get(path).header("host", "localhost:7878").body(Body::empty()).unwrap()
}

pub(crate) fn get_with(path: &str, name: &'static str, value: &str) -> Request {
    let mut request = get(path);
    request.headers_mut().insert(name, value.parse().unwrap());
    request
}

pub(crate) fn post(path: &str, body: &str) -> Request {
    Request::post(path)
        .header("host", "localhost:7878")
        .header("content-type", "application/json")
        .body(Body::from(body.to_owned()))
        .unwrap()
}

/// The JSON of an answer that went well.
pub(crate) async fn json(response: Response) -> Value {
    let status = response.status();
    let body = to_bytes(response.into_body(), usize::MAX).await.unwrap();
    assert!(status.is_success(), "{status}: {}", String::from_utf8_lossy(&body));
    serde_json::from_slice(&body).unwrap()
}

/// The JSON of an answer that must be a problem with this status.
pub(crate) async fn problem(response: Response, status: StatusCode) -> Value {
    assert_eq!(response.status(), status);
    assert_eq!(response.headers()["content-type"], "application/problem+json");
    let problem: Value = serde_json::from_slice(&to_bytes(response.into_body(), usize::MAX).await.unwrap()).unwrap();
    assert_eq!(problem["status"], status.as_u16());
    problem
}

/// The same request with more headers.
pub(crate) fn with(mut request: Request, headers: &[(&'static str, &str)]) -> Request {
    for (name, value) in headers {
        request.headers_mut().insert(*name, value.parse().unwrap());
    }
    request
}

/// As the service's own page sends it.
pub(crate) fn from_page(path: &str, body: &Value) -> Request {
    with(post(path, &body.to_string()), &[("origin", "http://localhost:7878")])
}

/// Reads a stream of events until `wanted` of the kind have come.
pub(crate) async fn events(response: Response, kind: &str, wanted: usize) -> Vec<Value> {
    use futures_util::StreamExt;
    let mut stream = response.into_body().into_data_stream();
    let (mut text, mut found) = (String::new(), Vec::new());
    while found.len() < wanted {
        let next = tokio::time::timeout(std::time::Duration::from_secs(10), stream.next())
            .await
            .expect("an event in time");
        text.push_str(std::str::from_utf8(&next.unwrap().unwrap()).unwrap());
        while let Some((block, rest)) = text.split_once("\n\n") {
            if block.contains(&format!("event: {kind}\n")) {
                assert!(!block.contains("id: "), "an id would be taken for a generation: {block}");
                let data = block.lines().find_map(|line| line.strip_prefix("data: ")).unwrap();
                found.push(serde_json::from_str(data).unwrap());
            }
            text = rest.to_owned();
        }
    }
    found
}
