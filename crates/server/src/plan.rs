//! Which step would tell most of the mesh next.

use crate::problem::Problem;
use crate::query::Parameters;
use crate::server::Server;
use crate::views::hashed;
use axum::extract::State;
use axum::http::{HeaderMap, Uri};
use axum::response::Response;
use weft_topology::plan::{Abilities, Plan, PlanContext};

/// Kind of the source that listens with a dongle.
const DONGLE: &str = "dongle";

impl Server {
    /// What can be done here: without a fabric of its own, a service cannot pair, and so on.
    fn plan_context(&self) -> PlanContext {
        let fabric = self.pairing.as_ref().map(|pairing| pairing.view());
        let networks = self.networks.get().map(|networks| networks.view());
        let asks_networks = networks.is_some();
        PlanContext {
            abilities: Abilities {
                pairing: fabric.is_some(),
                border_agent: asks_networks,
                border_router_rest: asks_networks,
                matter_server: asks_networks,
                matter_server_file: true,
                // A demo and a replay listen to nothing; whatever asks anybody can be started with a dongle.
                dongle: asks_networks || fabric.is_some(),
            },
            listens_on_air: self.publisher.current().status.sources.iter().any(|source| source.kind == DONGLE),
            fabric,
            networks,
        }
    }
}

/// Which step to take next, what each would add, what pairing cannot place, and whether anything is left to gain.
#[utoipa::path(
    get, path = "/api/v1/plan", tag = "topology",
    params(("at" = Option<String>, Query, description = "a moment of the past, RFC 3339; left out: now")),
    responses(
        (status = 200, description = "The plan", body = Plan),
        (status = 304, description = "The client's copy is still good"),
        (status = 400, description = "A parameter is wrong", body = Problem, content_type = "application/problem+json"),
        (status = 404, description = "Nothing is kept of that moment", body = Problem, content_type = "application/problem+json"),
    ),
)]
pub(crate) async fn plan(State(server): State<Server>, uri: Uri, headers: HeaderMap) -> Result<Response, Problem> {
    let parameters = Parameters::read(&uri, &["at"])?;
    let topology = server.moment(&parameters).await?.topology;
    let context = server.plan_context();
    // Some milliseconds for thousands of devices: not on a thread that others wait for.
    let plan = server.apart(move || weft_topology::plan::plan(&topology, &context)).await?;
    hashed(&headers, &plan)
}

#[cfg(test)]
mod tests {
    use crate::testing::{self, get, get_with, json, problem, send};
    use axum::http::StatusCode;
    use serde_json::{Value, json as object};
    use weft_evidence::{Capture, Evidence};
    use weft_topology::{Policy, Topology, derive};

    /// A border router, a Matter plug and a HomeKit sensor, as the LAN tells of them.
    fn announced() -> Topology {
        let line = |seq: u32, service: &str, instance: &str, host: &str, txt: Value| -> Capture {
            let capture = object!({
                "seq": seq, "at": testing::now(), "source": "lan", "kind": "mdns", "event": "resolved", "service": service, "instance": instance,
                "host": host, "port": 5540, "addresses": [format!("fd00:1::{seq}")], "txt": txt
            });
            serde_json::from_value(capture).unwrap()
        };
        let agent = object!([
            ["xp", "1111111111111111"],
            ["xa", "0a00000000000001"],
            ["sb", "00000cb1"],
            ["omr", "40fd00000100000000"]
        ]);
        let captures = [
            line(1, "_meshcop._udp.local.", "Hub", "hub.local.", agent),
            line(
                2,
                "_matter._tcp.local.",
                "C2637A8B1B1B1B1B-0000000000000011",
                "0A00000000000002.local.",
                object!([]),
            ),
            line(3, "_hap._udp.local.", "Eve Motion", "eve.local.", object!([["ci", "3130"]])),
            line(4, "_hap._udp.local.", "Eve Door", "eve-door.local.", object!([["ci", "3130"]])),
            line(5, "_hap._udp.local.", "Eve Thermo", "eve-thermo.local.", object!([["ci", "39"]])),
        ];
        derive(&Evidence::from_captures(&captures), testing::now(), &Policy::standard())
    }

    #[tokio::test]
    async fn the_plan_is_of_what_is_published() {
        let server = testing::server_that_pairs(std::sync::Arc::new(crate::fabric::Double::new()));
        server.publisher.publish(announced().into(), Default::default(), Default::default());
        let response = send(&server, get("/api/v1/plan")).await;
        let tag = response.headers()["etag"].to_str().unwrap().to_owned();
        let plan = json(response).await;
        assert_eq!(plan["steps"][0]["id"], "pair:0a00000000000002", "{plan}");
        assert_eq!(plan["steps"][0]["announced_as"][0], "c2637a8b1b1b1b1b-0000000000000011");
        assert_eq!(plan["later"][0]["kind"], "border-agent");
        assert_eq!(plan["nothing_left"], false);
        let again = send(&server, get_with("/api/v1/plan", "if-none-match", &tag)).await;
        assert_eq!(again.status(), StatusCode::NOT_MODIFIED);
    }

    #[tokio::test]
    async fn a_service_that_cannot_pair_gives_no_step_to_pair() {
        let server = testing::server();
        server.publisher.publish(announced().into(), Default::default(), Default::default());
        let plan = json(send(&server, get("/api/v1/plan")).await).await;
        assert_eq!(plan["steps"], object!([]));
        assert_eq!(plan["coverage"][0]["devices"], 5);
        let later = plan["later"].as_array().unwrap();
        let pair = later.iter().find(|step| step["kind"] == "pair").unwrap();
        assert_eq!(pair["available"], false, "{pair}");
        assert!(
            plan["summary"].as_str().unwrap().contains("does not pair devices here"),
            "{}",
            plan["summary"]
        );
    }

    #[tokio::test]
    async fn a_service_that_asks_networks_begins_with_the_whole_mesh() {
        let server = testing::server().with_networks(std::sync::Arc::new(crate::networks::Double::new()));
        server.publisher.publish(announced().into(), Default::default(), Default::default());
        let plan = json(send(&server, get("/api/v1/plan")).await).await;
        let ways = plan["steps"].as_array().unwrap().iter().chain(plan["otherwise"].as_array().unwrap());
        let kinds: Vec<_> = ways.map(|step| step["kind"].as_str().unwrap()).collect();
        assert!(kinds.contains(&"border-agent") && kinds.contains(&"dongle"), "{plan}");
        let source = crate::SourceStatus {
            name: "dongle".into(),
            kind: "dongle".into(),
            ..testing::status().sources[0].clone()
        };
        let status = crate::Status {
            sources: vec![source],
            ..testing::status()
        };
        server.publisher.publish(announced().into(), Default::default(), status);
        let plan = json(send(&server, get("/api/v1/plan")).await).await;
        assert!(!plan.to_string().contains(r#""kind":"dongle""#), "it listens already: {plan}");
    }

    #[tokio::test]
    async fn the_past_has_a_plan_too() {
        let server = testing::server();
        let url = format!("/api/v1/plan?at={}", testing::YESTERDAY);
        assert_eq!(json(send(&server, get(&url)).await).await["as_of"], testing::YESTERDAY);
        let bad = problem(send(&server, get("/api/v1/plan?claims=none")).await, StatusCode::BAD_REQUEST).await;
        assert_eq!(bad["parameter"], "claims");
    }
}
