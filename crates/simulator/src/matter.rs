//! What a Matter node answers: as reports to our own fabric, and as the node objects of a Matter server.

use crate::device::{Capability, Role};
use crate::hex;
use crate::mesh::{Mesh, NodeIndex};
use crate::survey::Survey;
use base64::Engine;
use base64::engine::general_purpose::STANDARD as BASE64;
use serde_json::{Map, Value, json};
use weft_evidence::{CaptureBody, FailureCapture, FailureTarget, MatterAttribute, MatterReport, MatterServerNode};
use weft_model::{AttributePath, AttributeValue, Fact, FactKind, NetworkInterface, PartitionId, PowerSource, RoutingRole};
use weft_wire::matter::clusters::{DESCRIPTOR, POWER_SOURCE, THREAD_NETWORK_DIAGNOSTICS, encode_power_source};
use weft_wire::matter::{encode_fact, tlv};

/// The device type of every root endpoint.
const ROOT_NODE: u32 = 22;
/// First cluster revision with extended address and RLOC16.
const REVISION_WITH_ADDRESSES: u16 = 3;

/// What becomes of a table on its way.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Table {
    /// All of it.
    #[default]
    Whole,
    /// Its bytes end in the middle.
    Cut,
    /// No rows.
    Empty,
    /// The device answers null.
    Null,
    /// The device answers with this status.
    Refused(u8),
    /// Nothing is said about it.
    Absent,
}

/// What a Matter node answers, and how well. The default is a good device that was asked for everything.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MatterAnswer {
    /// The device has a Thread Network Diagnostics cluster.
    pub has_thread_diagnostics: bool,
    /// The device's tables.
    pub tables: Table,
    /// Basic Information, Power Source and device types are asked for too.
    pub whole_node: bool,
    /// General Diagnostics, with the hardware address and the addresses of the Thread interface.
    pub interfaces: bool,
    /// A sleepy child that repeats the partition that it last heard of; `None` for the truth.
    pub partition_id: Option<PartitionId>,
}

impl Default for MatterAnswer {
    fn default() -> Self {
        Self {
            has_thread_diagnostics: true,
            tables: Table::Whole,
            whole_node: true,
            interfaces: true,
            partition_id: None,
        }
    }
}

impl MatterAnswer {
    /// The two tables and what says where the device is: what is read over and over.
    pub fn tables_only() -> Self {
        Self {
            whole_node: false,
            interfaces: false,
            ..Self::default()
        }
    }

    fn table(self, fact: Fact) -> Option<Said> {
        let whole = |fact| Said::Fact(fact, false);
        match (self.tables, fact) {
            (Table::Absent, _) => None,
            (Table::Null, fact) => Some(whole(Fact::Null(fact.kind()))),
            (Table::Refused(status), fact) => Some(Said::Status(fact.kind(), status)),
            (Table::Empty, Fact::NeighborTable(_)) => Some(whole(Fact::NeighborTable(Vec::new()))),
            (Table::Empty, Fact::RouteTable(_)) => Some(whole(Fact::RouteTable(Vec::new()))),
            (Table::Cut, fact) => Some(Said::Fact(fact, true)),
            (_, fact) => Some(whole(fact)),
        }
    }
}

/// One attribute's worth of an answer.
enum Said {
    /// A value, cut in the middle or not.
    Fact(Fact, bool),
    /// A status instead.
    Status(FactKind, u8),
}

/// An attribute with its value or status.
type Attribute = (AttributePath, Result<(AttributeValue, bool), u8>);

impl Survey<'_> {
    /// A report of attributes. `None` for a device that is on no Matter fabric, or cannot be reached.
    pub fn matter_report(&self, node: NodeIndex, answer: &MatterAnswer) -> Option<CaptureBody> {
        let device = self.mesh().node(node).matter?;
        let attributes = self.attributes(node, answer)?.into_iter().map(|(path, value)| {
            let (tlv, status) = match value {
                Ok((value, is_cut)) => {
                    let mut bytes = tlv::encode(&value);
                    if is_cut {
                        bytes.truncate(bytes.len() / 2 + 1);
                    }
                    (Some(hex(&bytes)), None)
                }
                Err(status) => (None, Some(status)),
            };
            MatterAttribute {
                endpoint: path.endpoint,
                cluster: path.cluster,
                attribute: path.attribute,
                tlv,
                status,
            }
        });
        Some(CaptureBody::MatterReport(MatterReport {
            fabric: device.peer.fabric,
            node: device.peer.node,
            attributes: attributes.collect(),
            interval_seconds: None,
        }))
    }

    /// The node object of a Matter server that read the node now; a device that cannot be reached has only `available: false` and no attributes.
    /// A server leaves out what was refused; it never has half a table, so a cut one is whole here. `None` for a device that is on no Matter fabric.
    pub fn matter_server_node(&self, node: NodeIndex, server: &str, answer: &MatterAnswer) -> Option<CaptureBody> {
        let device = self.mesh().node(node).matter?;
        let attributes = self.attributes(node, answer);
        let available = attributes.is_some();
        let attributes: Map<String, Value> = attributes
            .into_iter()
            .flatten()
            .filter_map(|(path, value)| Some((format!("{}/{}/{}", path.endpoint, path.cluster, path.attribute), json_of(&value.ok()?.0))))
            .collect();
        let object = json!({
            "node_id": device.peer.node.as_u64(),
            "date_commissioned": self.mesh().node(node).attached_at,
            "last_interview": self.mesh().now(),
            "interview_version": 6,
            "available": available,
            "is_bridge": false,
            "attributes": attributes,
        });
        Some(CaptureBody::MatterServerNode(MatterServerNode {
            server: server.to_owned(),
            node: object,
            fresh: Vec::new(),
            interval_seconds: None,
        }))
    }

    fn attributes(&self, node: NodeIndex, answer: &MatterAnswer) -> Option<Vec<Attribute>> {
        let mesh = self.mesh();
        let device = mesh.node(node).matter?;
        mesh.rloc16(node)?;
        let mut said: Vec<Said> = Vec::new();
        let mut say = |fact| said.push(Said::Fact(fact, false));
        if answer.whole_node {
            let label = &mesh.node(node).label;
            say(Fact::VendorName(label.vendor.clone()));
            say(Fact::VendorId(0xfff1));
            say(Fact::ModelName(label.model.clone()));
            say(Fact::ProductId(0x8000));
            say(Fact::NodeLabel(label.name.clone()));
            say(Fact::SoftwareVersion("1.2.3".to_owned()));
            say(Fact::SerialNumber(format!("SIM{:05}", node.0)));
        }
        if answer.interfaces {
            say(Fact::NetworkInterfaces(vec![self.thread_interface(node)]));
        }
        if answer.has_thread_diagnostics {
            said.extend(self.thread_diagnostics(node, device.cluster_revision, answer));
        }
        let mut attributes: Vec<Attribute> = said.into_iter().filter_map(attribute).collect();
        if answer.whole_node {
            attributes.extend(self.descriptors(node));
        }
        attributes.sort_by_key(|(path, _)| *path);
        Some(attributes)
    }

    fn thread_diagnostics(&self, node: NodeIndex, revision: u16, answer: &MatterAnswer) -> Vec<Said> {
        let mesh = self.mesh();
        let network = mesh.network_of(node);
        let mut said: Vec<Said> = [
            Fact::Channel(network.channel),
            Fact::RoutingRole(routing_role(mesh, node)),
            Fact::NetworkName(network.name.clone()),
            Fact::PanId(network.pan_id),
            Fact::ExtendedPanId(network.extended_pan_id),
            Fact::MeshLocalPrefix(network.mesh_local_prefix),
            Fact::PartitionId(answer.partition_id.unwrap_or(mesh.partition_of(node).id)),
            Fact::LeaderRouterId(mesh.leader_router_id(node)),
            Fact::ActiveTimestamp(network.active_timestamp),
        ]
        .map(|fact| Said::Fact(fact, false))
        .into();
        said.extend(answer.table(Fact::NeighborTable(self.neighbor_table(node))));
        said.extend(answer.table(Fact::RouteTable(self.route_table(node))));
        if revision >= REVISION_WITH_ADDRESSES {
            said.push(Said::Fact(Fact::ExtendedAddress(mesh.node(node).extended_address), false));
            said.push(Said::Fact(Fact::Rloc16(mesh.rloc16(node)), false));
        }
        said
    }

    fn thread_interface(&self, node: NodeIndex) -> NetworkInterface {
        let mesh = self.mesh();
        let data = mesh.node(node);
        let tells_factory_address = data.matter.is_some_and(|device| device.tells_factory_address);
        let hardware_address = if tells_factory_address { data.eui64.0 } else { data.extended_address.0 };
        NetworkInterface {
            name: mesh.network_of(node).name.clone(),
            operational: true,
            hardware_address: hardware_address.to_vec(),
            ipv6_addresses: mesh.addresses(node),
            interface_type: NetworkInterface::THREAD,
        }
    }

    fn descriptors(&self, node: NodeIndex) -> Vec<Attribute> {
        let data = self.mesh().node(node);
        let at = |endpoint, cluster, attribute| AttributePath {
            endpoint,
            cluster,
            attribute,
        };
        let types = |endpoint, device_type| Some((at(endpoint, DESCRIPTOR, 0), encode_fact(&Fact::DeviceTypes(vec![device_type]))?.2));
        let mut values: Vec<(AttributePath, AttributeValue)> = Vec::new();
        values.extend(types(0, ROOT_NODE));
        values.push((at(0, DESCRIPTOR, 3), AttributeValue::List(vec![AttributeValue::Unsigned(1)])));
        values.extend(types(1, data.label.device_type));
        if data.capability == Capability::SleepyEndDevice {
            let chance = self.mesh().chance(&[20, node.0 as u64]);
            let battery = PowerSource {
                status: Some(1),
                order: Some(0),
                battery_half_percent: Some(60 + (chance % 140) as u8),
                battery_charge_level: Some(0),
                ..Default::default()
            };
            values.extend(
                encode_power_source(&battery)
                    .into_iter()
                    .map(|(attribute, value)| (at(1, POWER_SOURCE, attribute), value)),
            );
        }
        values.into_iter().map(|(path, value)| (path, Ok((value, false)))).collect()
    }
}

impl Mesh {
    /// What our own fabric notes of a node that did not answer. `None` for a device that is on no Matter fabric.
    pub fn matter_failure(&self, node: NodeIndex) -> Option<CaptureBody> {
        let peer = self.node(node).matter?.peer;
        let target = FailureTarget::MatterNode {
            fabric: peer.fabric,
            node: peer.node,
        };
        Some(CaptureBody::Failure(FailureCapture {
            target,
            attempt: "read 0x0035".to_owned(),
            error: "timeout".to_owned(),
        }))
    }
}

/// The role in the words of the cluster.
fn routing_role(mesh: &Mesh, node: NodeIndex) -> RoutingRole {
    match mesh.role(node) {
        Role::Leader => RoutingRole::Leader,
        Role::Router => RoutingRole::Router,
        Role::Reed => RoutingRole::Reed,
        Role::FullEndDevice | Role::MinimalEndDevice => RoutingRole::EndDevice,
        Role::SleepyEndDevice => RoutingRole::SleepyEndDevice,
        Role::Detached | Role::Off => RoutingRole::Detached,
    }
}

fn attribute(said: Said) -> Option<Attribute> {
    match said {
        Said::Fact(fact, is_cut) => {
            let (cluster, attribute, value) = encode_fact(&fact)?;
            Some((
                AttributePath {
                    endpoint: 0,
                    cluster,
                    attribute,
                },
                Ok((value, is_cut)),
            ))
        }
        Said::Status(kind, status) => {
            let (cluster, attribute, _) = encode_fact(&Fact::Null(kind)).filter(|(cluster, ..)| *cluster == THREAD_NETWORK_DIAGNOSTICS)?;
            Some((
                AttributePath {
                    endpoint: 0,
                    cluster,
                    attribute,
                },
                Err(status),
            ))
        }
    }
}

/// A value as Matter servers write it: fields under their tags, octets in base64.
fn json_of(value: &AttributeValue) -> Value {
    match value {
        AttributeValue::Null => Value::Null,
        AttributeValue::Boolean(value) => json!(value),
        AttributeValue::Unsigned(value) => json!(value),
        AttributeValue::Signed(value) => json!(value),
        AttributeValue::Float(bits) => json!(f64::from_bits(*bits)),
        AttributeValue::Text(text) => json!(text),
        AttributeValue::Octets(octets) => json!(BASE64.encode(octets)),
        AttributeValue::List(values) => values.iter().map(json_of).collect(),
        AttributeValue::Structure(fields) => Value::Object(fields.iter().map(|(tag, value)| (tag.to_string(), json_of(value))).collect()),
    }
}
