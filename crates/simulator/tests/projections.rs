//! Captures say what the tables say: everything that is encoded here is read back by the decoders of real devices' answers.
#![allow(clippy::unwrap_used, reason = "tests fail by panicking")]

use std::collections::BTreeSet;
use weft_evidence::{CaptureBody, Decoder, Reporter};
use weft_model::{ExtendedAddress, Fact, FactKind, PartitionId, ServiceDetails};
use weft_simulator::{
    ALL_TYPES, DiagnosticQuestion, Dongle, MESH_TYPES, MatterAnswer, Mesh, NetworkIndex, NodeIndex, OLD_TYPES, Position, Role, Scribe, Size, Table,
    removed,
};

fn home() -> Mesh {
    let mut mesh = Mesh::random(
        11,
        Size {
            matter_percent: 60,
            ..Size::HOME
        },
    );
    mesh.advance_seconds(30);
    mesh
}

/// Facts with their reporters and completeness, and the problems as text.
fn decode(mesh: &Mesh, bodies: impl IntoIterator<Item = CaptureBody>) -> (Vec<(Reporter, Fact, bool)>, Vec<String>) {
    let mut scribe = Scribe::new(mesh.now());
    scribe.write("test", bodies);
    let (mut decoder, mut facts, mut problems) = (Decoder::new(), Vec::new(), Vec::new());
    for capture in scribe.captures() {
        let decoded = decoder.decode(capture);
        facts.extend(
            decoded
                .observations
                .into_iter()
                .map(|observation| (observation.reporter, (*observation.fact).clone(), observation.complete)),
        );
        problems.extend(decoded.problems.iter().map(ToString::to_string));
    }
    (facts, problems)
}

fn has(facts: &[(Reporter, Fact, bool)], fact: &Fact) -> bool {
    facts.iter().any(|(_, other, complete)| other == fact && *complete)
}

#[test]
fn a_matter_report_says_the_tables_of_the_model() {
    let mesh = home();
    let survey = mesh.survey();
    for node in mesh.matter_nodes() {
        let (facts, problems) = decode(&mesh, survey.matter_report(node, &MatterAnswer::default()));
        assert_eq!(problems, Vec::<String>::new());
        let data = mesh.node(node);
        assert!(has(&facts, &Fact::NeighborTable(survey.neighbor_table(node))), "{}", data.label.name);
        assert!(
            facts
                .iter()
                .any(|(_, fact, complete)| matches!(fact, Fact::RouteTable(_)) && *complete && same_routes(fact, &survey.route_table(node)))
        );
        assert!(has(&facts, &Fact::PartitionId(mesh.partition_of(node).id)));
        assert!(has(&facts, &Fact::Ipv6Addresses(mesh.addresses(node))));
        assert!(has(&facts, &Fact::NodeLabel(data.label.name.clone())));
        let device = data.matter.unwrap();
        assert_eq!(has(&facts, &Fact::ExtendedAddress(data.extended_address)), device.cluster_revision >= 3);
        let told = if device.tells_factory_address {
            data.eui64.0
        } else {
            data.extended_address.0
        };
        assert!(has(&facts, &Fact::HardwareAddress(told)));
        assert!(facts.iter().all(|(reporter, ..)| *reporter == Reporter::Matter(device.peer)));
    }
}

/// Ages in route tables end at 255 s.
fn same_routes(fact: &Fact, rows: &[weft_model::RouteRow]) -> bool {
    let Fact::RouteTable(decoded) = fact else { return false };
    decoded.len() == rows.len()
        && decoded.iter().zip(rows).all(|(decoded, row)| {
            let age_seconds = row.age_seconds.map(|age| age.min(255));
            *decoded == weft_model::RouteRow { age_seconds, ..*row }
        })
}

#[test]
fn a_matter_server_says_the_same() {
    let mesh = home();
    let survey = mesh.survey();
    for node in mesh.matter_nodes() {
        let (facts, problems) = decode(&mesh, survey.matter_server_node(node, "server.local:5580", &MatterAnswer::default()));
        assert_eq!(problems, Vec::<String>::new());
        assert!(has(&facts, &Fact::NeighborTable(survey.neighbor_table(node))));
        assert!(
            has(&facts, &Fact::ExtendedPanId(mesh.network_of(node).extended_pan_id)),
            "64 bits survive JSON"
        );
    }
}

#[test]
fn a_diagnostic_answer_says_the_tables_of_the_model() {
    let mesh = home();
    let survey = mesh.survey();
    for node in mesh.indices() {
        let question = DiagnosticQuestion::default();
        let (facts, problems) = decode(&mesh, survey.diagnostic_answer(node, &question));
        assert_eq!(problems, Vec::<String>::new(), "{}", mesh.node(node).label.name);
        for expected in survey.diagnostic_facts(node, &question) {
            assert!(has(&facts, &expected), "{expected:?}");
        }
        let reporter = Reporter::Radio {
            extended_address: mesh.node(node).extended_address,
        };
        assert!(facts.iter().all(|(other, ..)| *other == reporter), "every part names who answers");
        let kinds: BTreeSet<FactKind> = facts.iter().map(|(_, fact, _)| fact.kind()).collect();
        assert_eq!(kinds.contains(&FactKind::Children), mesh.is_router(node));
        assert_eq!(kinds.contains(&FactKind::Route64), mesh.node(node).capability.is_full_thread_device());
        assert_eq!(kinds.contains(&FactKind::TimeoutSeconds), mesh.role(node) == Role::SleepyEndDevice);
    }
    let parts = mesh
        .routers()
        .into_iter()
        .map(|router| survey.diagnostic_answer(router, &DiagnosticQuestion::default()).len())
        .max();
    assert!(parts > Some(1), "long answers come in parts");
}

#[test]
fn a_request_is_answered_at_once_and_without_lists() {
    let mesh = home();
    let survey = mesh.survey();
    let question = DiagnosticQuestion {
        types: ALL_TYPES,
        query: false,
        ..DiagnosticQuestion::default()
    };
    let answer = survey.diagnostic_answer(mesh.routers()[0], &question);
    assert_eq!(answer.len(), 1);
    let (facts, problems) = decode(&mesh, answer);
    assert!(problems.is_empty());
    assert!(facts.iter().any(|(_, fact, _)| matches!(fact, Fact::ChildTable(_))));
    assert!(
        !facts
            .iter()
            .any(|(_, fact, _)| matches!(fact, Fact::Children(_) | Fact::RouterNeighbors(_)))
    );
    let old = survey.diagnostic_facts(mesh.routers()[0], &DiagnosticQuestion::query(OLD_TYPES));
    assert!(!old.iter().any(|fact| matches!(fact, Fact::Children(_))));
}

#[test]
fn what_is_wrong_with_an_answer_is_seen_and_never_complete() {
    let mesh = home();
    let survey = mesh.survey();
    let router = mesh.routers().into_iter().find(|node| mesh.node(*node).matter.is_some()).unwrap();
    let report = |tables| {
        decode(
            &mesh,
            survey.matter_report(
                router,
                &MatterAnswer {
                    tables,
                    ..MatterAnswer::tables_only()
                },
            ),
        )
    };
    let table = |facts: Vec<(Reporter, Fact, bool)>| facts.into_iter().find(|(_, fact, _)| fact.kind() == FactKind::NeighborTable);
    assert_eq!(table(report(Table::Null).0).unwrap().1, Fact::Null(FactKind::NeighborTable));
    assert_eq!(table(report(Table::Empty).0).unwrap().1, Fact::NeighborTable(Vec::new()));
    assert_eq!(
        table(report(Table::Refused(0x86)).0).unwrap().1,
        Fact::Refused(FactKind::NeighborTable, 0x86)
    );
    assert_eq!(table(report(Table::Absent).0), None);
    let (facts, problems) = report(Table::Cut);
    assert!(!problems.is_empty());
    assert!(table(facts).is_none_or(|(_, _, complete)| !complete));
    let absent = MatterAnswer {
        has_thread_diagnostics: false,
        ..MatterAnswer::default()
    };
    let (facts, _) = decode(&mesh, survey.matter_report(router, &absent));
    assert!(
        !facts
            .iter()
            .any(|(_, fact, _)| matches!(fact, Fact::NeighborTable(_) | Fact::ExtendedPanId(_)))
    );
    let repeats = MatterAnswer {
        partition_id: Some(PartitionId(9)),
        ..MatterAnswer::tables_only()
    };
    assert!(has(
        &decode(&mesh, survey.matter_report(router, &repeats)).0,
        &Fact::PartitionId(PartitionId(9))
    ));
    let parent = mesh.routers().into_iter().max_by_key(|router| mesh.children_of(*router).len()).unwrap();
    for question in [
        DiagnosticQuestion {
            last_part_lost: true,
            ..DiagnosticQuestion::default()
        },
        DiagnosticQuestion {
            tables: Table::Cut,
            ..DiagnosticQuestion::query(MESH_TYPES)
        },
    ] {
        let (facts, _) = decode(&mesh, survey.diagnostic_answer(parent, &question));
        assert!(!has(&facts, &Fact::RouterNeighbors(survey.router_neighbors(parent))), "{question:?}");
    }
    let empty = DiagnosticQuestion {
        tables: Table::Empty,
        ..DiagnosticQuestion::query(MESH_TYPES)
    };
    assert!(has(
        &decode(&mesh, survey.diagnostic_answer(parent, &empty)).0,
        &Fact::Children(Vec::new())
    ));
}

#[test]
fn who_is_off_answers_nothing_and_is_asked_in_vain() {
    let mut mesh = home();
    let node = mesh.routers().into_iter().find(|node| mesh.node(*node).matter.is_some()).unwrap();
    let id = mesh.router_id(node);
    mesh.power_off(node);
    let survey = mesh.survey();
    assert_eq!(survey.matter_report(node, &MatterAnswer::default()), None);
    assert!(survey.diagnostic_answer(node, &DiagnosticQuestion::default()).is_empty());
    let mut scribe = Scribe::new(mesh.now());
    scribe
        .write("test", mesh.matter_failure(node))
        .write("test", mesh.diagnostic_failure(node, id));
    let failures: Vec<Reporter> = scribe
        .captures()
        .iter()
        .flat_map(|capture| Decoder::new().decode(capture).failures)
        .map(|(reporter, _)| reporter)
        .collect();
    assert_eq!(failures[0], Reporter::Matter(mesh.node(node).matter.unwrap().peer));
    assert!(
        matches!(&failures[1], Reporter::Locator { network: Some(network), rloc16 } if *network == mesh.network_of(node).extended_pan_id && *rloc16 == id.unwrap().rloc16())
    );
    assert_eq!(mesh.diagnostic_failure(node, None), None);
    assert!(!mesh.announcements(node).is_empty(), "a registration outlives its device");
}

#[test]
fn the_lan_says_names_addresses_and_partitions() {
    let mesh = home();
    let services = |node: NodeIndex| {
        let (facts, problems) = decode(&mesh, mesh.announcements(node));
        assert_eq!(problems, Vec::<String>::new());
        facts
            .into_iter()
            .map(|(_, fact, _)| if let Fact::Service(record) = fact { *record } else { panic!("{fact:?}") })
            .collect::<Vec<_>>()
    };
    let mut fixed = 0;
    for node in mesh.indices() {
        for record in services(node) {
            match record.details {
                ServiceDetails::BorderAgent(agent) => {
                    assert_eq!(agent.partition_id, Some(mesh.partition_of(node).id));
                    assert_eq!(
                        agent.border_agent_id,
                        mesh.node(node).border_router.as_ref().map(|router| router.agent_id)
                    );
                    fixed += usize::from(agent.extended_address != Some(mesh.node(node).extended_address));
                }
                ServiceDetails::Trel(trel) => assert_eq!(trel.extended_address, Some(mesh.node(node).extended_address)),
                ServiceDetails::Operational(operational) => {
                    assert_eq!(operational.peer, mesh.node(node).matter.map(|device| device.peer));
                    assert_eq!(operational.host_extended_address, Some(mesh.node(node).extended_address));
                    assert_eq!(record.addresses, [std::net::IpAddr::V6(mesh.omr_address(node))]);
                }
                ServiceDetails::Hap(hap) => assert_eq!(hap.id, mesh.node(node).hap.as_ref().map(|device| device.id.clone())),
                ServiceDetails::SrpReplication(record) => assert_eq!(record.extended_pan_id, Some(mesh.network_of(node).extended_pan_id)),
                other => panic!("{other:?}"),
            }
        }
    }
    let seeds = (0..20).map(|seed| Mesh::random(seed, Size::HOME));
    let announced: Vec<ExtendedAddress> = seeds
        .flat_map(|mesh| mesh.border_routers().into_iter().map(move |node| mesh.node(node).extended_address))
        .collect();
    assert!(fixed < 6 && announced.len() == 120);
    let announcement = mesh.announcements(mesh.border_routers()[0]).remove(0);
    let goodbye = removed(&announcement).unwrap();
    let mut scribe = Scribe::new(mesh.now());
    scribe.write("mdns", [announcement, goodbye]);
    let mut decoder = Decoder::new();
    let said = decoder.decode(&scribe.captures()[0]).observations.remove(0).reporter;
    assert_eq!(decoder.decode(&scribe.captures()[1]).removed, [said]);
    assert_eq!(removed(&mesh.matter_failure(mesh.matter_nodes()[0]).unwrap()), None);
}

#[test]
fn a_dongle_hears_locators_where_it_stands() {
    let mesh = home();
    let survey = mesh.survey();
    let dongle = |x_cm| Dongle {
        network: NetworkIndex(0),
        position: Position { x_cm, y_cm: 900, floor: 1 },
    };
    let near = survey.radio_summaries(&dongle(900), 60);
    assert!(near.len() > 20 && near.len() <= mesh.nodes().len());
    assert_eq!(survey.radio_summaries(&dongle(100_000), 60), [], "a kilometre away");
    let (facts, problems) = decode(&mesh, near);
    assert_eq!(problems, Vec::<String>::new());
    for (_, fact, _) in facts {
        let Fact::RadioSummary(summary) = fact else { panic!("{fact:?}") };
        let weft_model::RadioPeer::Rloc16(from) = summary.from else {
            panic!("{summary:?}")
        };
        assert_eq!(
            summary.data_polls > 0,
            mesh.indices()
                .any(|node| mesh.rloc16(node) == Some(from) && mesh.role(node) == Role::SleepyEndDevice)
        );
        match summary.to {
            weft_model::RadioPeer::Rloc16(to) => assert_eq!(from.parent(), Some(to)),
            other => assert!(from.is_router(), "{other:?}"),
        }
    }
}
