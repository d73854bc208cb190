//! What a node answers to network diagnostics (TMF), in the parts that OpenThread sends.

use crate::hex;
use crate::matter::Table;
use crate::mesh::{Mesh, NodeIndex};
use crate::survey::Survey;
use weft_evidence::{CaptureBody, FailureCapture, FailureTarget, TmfCapture};
use weft_model::{Fact, RouterId};
use weft_wire::tmf::{AnswerFrame, encode_answer, encode_answer_parts, number};

/// OpenThread begins a new part after about so many bytes.
const PART_BYTES: usize = 800;

/// Every type that a node can answer.
pub const ALL_TYPES: &[u8] = &[
    number::EXTENDED_ADDRESS,
    number::ADDRESS16,
    number::MODE,
    number::TIMEOUT,
    number::CONNECTIVITY,
    number::ROUTE64,
    number::LEADER_DATA,
    number::NETWORK_DATA,
    number::IPV6_ADDRESSES,
    number::MAC_COUNTERS,
    number::CHILD_TABLE,
    number::CHANNEL_PAGES,
    number::MAX_CHILD_TIMEOUT,
    number::EUI64,
    number::VERSION,
    number::VENDOR_NAME,
    number::VENDOR_MODEL,
    number::VENDOR_SOFTWARE_VERSION,
    number::STACK_VERSION,
    number::CHILD,
    number::CHILD_ADDRESSES,
    number::ROUTER_NEIGHBOR,
    number::MLE_COUNTERS,
    number::ENHANCED_ROUTE,
];
/// What a mesh is drawn from: who answers, its routes, its children and its neighbours.
pub const MESH_TYPES: &[u8] = &[
    number::EXTENDED_ADDRESS,
    number::ADDRESS16,
    number::MODE,
    number::ROUTE64,
    number::LEADER_DATA,
    number::CHILD,
    number::ROUTER_NEIGHBOR,
];
/// What firmware before Thread 1.4 has of it.
pub const OLD_TYPES: &[u8] = &[
    number::EXTENDED_ADDRESS,
    number::ADDRESS16,
    number::MODE,
    number::ROUTE64,
    number::LEADER_DATA,
    number::IPV6_ADDRESSES,
    number::CHILD_TABLE,
];

/// What is asked of a node, and how well it comes back. The default is a query for everything that arrives whole.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DiagnosticQuestion<'t> {
    /// TLV types that are asked for; what a node does not have it leaves out.
    pub types: &'t [u8],
    /// A `d/dq` query, answered in parts (`d/da`), which alone has lists of children, their addresses and neighbouring routers.
    /// Otherwise a `d/dg` request, answered at once.
    pub query: bool,
    /// What becomes of the answer: cut in the middle, empty tables, or no tables at all.
    pub tables: Table,
    /// The last part of the answer is lost.
    pub last_part_lost: bool,
}

impl Default for DiagnosticQuestion<'static> {
    fn default() -> Self {
        Self {
            types: ALL_TYPES,
            query: true,
            tables: Table::Whole,
            last_part_lost: false,
        }
    }
}

impl<'t> DiagnosticQuestion<'t> {
    /// A query for these types.
    pub fn query(types: &'t [u8]) -> Self {
        Self {
            types,
            query: true,
            tables: Table::Whole,
            last_part_lost: false,
        }
    }
}

impl Survey<'_> {
    /// The captures of a node's answer, one for each part; none for a device that cannot answer.
    pub fn diagnostic_answer(&self, node: NodeIndex, question: &DiagnosticQuestion<'_>) -> Vec<CaptureBody> {
        let mesh = self.mesh();
        let Some(peer) = mesh.rloc_address(node) else { return Vec::new() };
        let facts = self.diagnostic_facts(node, question);
        // Every fact that is put together here has a TLV, and none is longer than a TLV can be.
        let payloads = if question.query {
            let query_id = mesh.chance(&[30, node.0 as u64, mesh.now().unix_milliseconds() as u64]) as u16;
            encode_answer_parts(&facts, query_id, PART_BYTES).unwrap_or_default()
        } else {
            encode_answer(&facts, AnswerFrame::default()).into_iter().collect()
        };
        let kept = payloads.len() - usize::from(question.last_part_lost && !payloads.is_empty());
        let capture = |mut payload: Vec<u8>| {
            if question.tables == Table::Cut {
                payload.truncate(payload.len() * 2 / 3);
            }
            CaptureBody::Tmf(TmfCapture {
                extended_pan_id: Some(mesh.network_of(node).extended_pan_id),
                peer,
                uri: if question.query { "d/da" } else { "d/dg" }.to_owned(),
                asked: Some(question.types.to_vec()),
                code: (!question.query).then(|| "2.04".to_owned()),
                payload: hex(&payload),
                overheard: false,
            })
        };
        payloads.into_iter().take(kept).map(capture).collect()
    }

    /// The facts that the answer says, in the order of the types.
    pub fn diagnostic_facts(&self, node: NodeIndex, question: &DiagnosticQuestion<'_>) -> Vec<Fact> {
        let lists = [number::CHILD, number::CHILD_ADDRESSES, number::ROUTER_NEIGHBOR];
        let types = question.types.iter().filter(|number| question.query || !lists.contains(number));
        types
            .filter_map(|number| self.diagnostic_fact(node, *number))
            .filter_map(|fact| defect(fact, question.tables))
            .collect()
    }

    fn diagnostic_fact(&self, node: NodeIndex, number: u8) -> Option<Fact> {
        let mesh = self.mesh();
        let data = mesh.node(node);
        let is_router = mesh.is_router(node);
        let is_full = data.capability.is_full_thread_device();
        match number {
            number::EXTENDED_ADDRESS => Some(Fact::ExtendedAddress(data.extended_address)),
            number::ADDRESS16 => Some(Fact::Rloc16(mesh.rloc16(node))),
            number::MODE => Some(Fact::Mode(data.capability.mode())),
            number::TIMEOUT => (!data.capability.mode().rx_on_when_idle).then_some(Fact::TimeoutSeconds(data.timeout_seconds)),
            number::CONNECTIVITY => self.connectivity(node).map(Fact::Connectivity),
            number::ROUTE64 => self.route64(node).map(Fact::Route64),
            number::LEADER_DATA => Some(Fact::LeaderData(self.leader_data(node))),
            number::NETWORK_DATA => Some(Fact::OmrPrefix(mesh.network_of(node).omr_prefix)),
            number::IPV6_ADDRESSES => Some(Fact::Ipv6Addresses(mesh.addresses(node))),
            number::MAC_COUNTERS => Some(Fact::MacCounters(self.mac_counters(node))),
            number::CHILD_TABLE => is_router.then(|| Fact::ChildTable(self.child_table(node))),
            number::CHANNEL_PAGES => Some(Fact::ChannelPages(vec![0])),
            number::MAX_CHILD_TIMEOUT => {
                let timeouts = self.child_list(node).into_iter().filter_map(|row| row.timeout_seconds);
                is_router.then(|| Fact::MaxChildTimeoutSeconds(timeouts.max().unwrap_or(0)))
            }
            number::EUI64 => Some(Fact::Eui64(data.eui64)),
            number::VERSION => Some(Fact::ThreadVersion(data.thread_version)),
            number::VENDOR_NAME => Some(Fact::VendorName(data.label.vendor.clone())),
            number::VENDOR_MODEL => Some(Fact::ModelName(data.label.model.clone())),
            number::VENDOR_SOFTWARE_VERSION => Some(Fact::SoftwareVersion("1.2.3".to_owned())),
            number::STACK_VERSION => Some(Fact::StackVersion("SIMULATED/1.4".to_owned())),
            number::CHILD => is_router.then(|| Fact::Children(self.child_list(node))),
            number::CHILD_ADDRESSES => is_router.then(|| Fact::ChildAddresses(self.child_addresses(node))),
            number::ROUTER_NEIGHBOR => is_full.then(|| Fact::RouterNeighbors(self.router_neighbors(node))),
            number::MLE_COUNTERS => Some(Fact::MleCounters(self.mle_counters(node))),
            number::ENHANCED_ROUTE => self.enhanced_route(node).map(Fact::EnhancedRoute),
            _ => None,
        }
    }
}

/// The fact as a node with this defect would say it.
fn defect(fact: Fact, tables: Table) -> Option<Fact> {
    let empty = match &fact {
        Fact::Children(_) => Fact::Children(Vec::new()),
        Fact::ChildTable(_) => Fact::ChildTable(Vec::new()),
        Fact::ChildAddresses(_) => Fact::ChildAddresses(Vec::new()),
        Fact::RouterNeighbors(_) => Fact::RouterNeighbors(Vec::new()),
        Fact::Route64(route) => Fact::Route64(weft_model::Route64 {
            id_sequence: route.id_sequence,
            routers: Vec::new(),
        }),
        Fact::EnhancedRoute(_) => Fact::EnhancedRoute(Vec::new()),
        _ => return Some(fact),
    };
    match tables {
        Table::Whole | Table::Cut => Some(fact),
        Table::Empty => Some(empty),
        // Diagnostic TLVs know neither null nor a status: the type is left out.
        Table::Null | Table::Refused(_) | Table::Absent => None,
    }
}

impl Mesh {
    /// What is noted of a locator that did not answer: of a router that is off, by the id that it had.
    pub fn diagnostic_failure(&self, node: NodeIndex, last_router_id: Option<RouterId>) -> Option<CaptureBody> {
        let network = self.network_of(node);
        let rloc16 = self.rloc16(node).or(last_router_id.map(RouterId::rloc16))?;
        let target = FailureTarget::ThreadNode {
            extended_pan_id: Some(network.extended_pan_id),
            address: network.mesh_local_prefix.rloc(rloc16),
        };
        Some(CaptureBody::Failure(FailureCapture {
            target,
            attempt: "d/dq".to_owned(),
            error: "timeout".to_owned(),
        }))
    }
}
