//! What a mesh announces on the LAN: border agents, TREL, and the services that devices register over SRP.

use crate::device::{AnnouncedAddress, BorderRouter, Role};
use crate::hex;
use crate::mesh::{Mesh, NodeIndex, lan_address};
use std::net::Ipv6Addr;
use weft_evidence::{CaptureBody, MdnsCapture};
use weft_model::{BorderAgentRecord, ExtendedAddress, HapRecord, OperationalRecord, ServiceDetails, SrpReplicationRecord, TrelRecord};
use weft_wire::dns::encode_txt;
use weft_wire::dns::txt::border_agent_state;

/// PSKc, interface active, high availability, ephemeral keys, one infrastructure link: what the recorded border agents have beside their role.
const BORDER_AGENT_STATE: u32 = 0x0000_1831;
const BACKBONE_ACTIVE: u32 = 1 << 7;
const BACKBONE_PRIMARY: u32 = 1 << 8;
const TREL_PORT: u16 = 19_788;
const MATTER_PORT: u16 = 5540;
const HAP_PORT: u16 = 5683;
const SRP_REPLICATION_PORT: u16 = 853;
const BACKBONE_PORT: u16 = 61_631;

impl Mesh {
    /// Everything that the LAN says of a node now. A registration over SRP outlives its device, so devices that are off are announced like the others;
    /// a border router that is off announces nothing.
    pub fn announcements(&self, node: NodeIndex) -> Vec<CaptureBody> {
        [
            self.border_agent(node),
            self.trel(node),
            self.srp_replication(node),
            self.operational(node),
            self.hap(node),
        ]
        .into_iter()
        .flatten()
        .collect()
    }

    /// `_meshcop._udp`.
    pub fn border_agent(&self, node: NodeIndex) -> Option<CaptureBody> {
        let (router, host) = self.live_border_router(node)?;
        let (network, data) = (self.network_of(node), self.node(node));
        let role = match self.role(node) {
            Role::Leader => 3,
            Role::Router => 2,
            Role::Detached | Role::Off => 0,
            _ => 1,
        };
        let is_primary = self
            .border_routers()
            .into_iter()
            .find(|other| self.node(*other).network == data.network && self.is_router(*other))
            == Some(node);
        let state = BORDER_AGENT_STATE | role << 9 | BACKBONE_ACTIVE | if is_primary { BACKBONE_PRIMARY } else { 0 };
        let record = BorderAgentRecord {
            record_version: Some("1".to_owned()),
            border_agent_id: Some(router.agent_id),
            thread_version: Some(if data.thread_version >= 5 { "1.4.0" } else { "1.3.0" }.to_owned()),
            state: Some(border_agent_state(state)),
            network_name: Some(network.name.clone()),
            extended_pan_id: Some(network.extended_pan_id),
            extended_address: Some(self.announced_address(node, router)),
            active_timestamp: Some(router.active_timestamp.unwrap_or(network.active_timestamp)),
            partition_id: Some(self.partition_of(node).id),
            domain_name: Some("DefaultDomain".to_owned()),
            backbone_sequence: Some(10),
            backbone_port: Some(BACKBONE_PORT),
            omr_prefix: Some(network.omr_prefix),
            vendor_name: Some(data.label.vendor.clone()),
            model_name: Some(data.label.model.clone()),
            ..BorderAgentRecord::default()
        };
        let port = 49_152 + (self.chance(&[40, node.0 as u64]) % 10_000) as u16;
        let instance = border_agent_instance(data.label.name.as_str(), router);
        Some(resolved(
            "_meshcop._udp.local.",
            instance,
            host,
            port,
            self.lan_addresses(router),
            &ServiceDetails::BorderAgent(Box::new(record)),
        ))
    }

    /// `_trel._udp`.
    pub fn trel(&self, node: NodeIndex) -> Option<CaptureBody> {
        let (router, host) = self.live_border_router(node)?;
        if !router.trel {
            return None;
        }
        let address = self.node(node).extended_address;
        let record = TrelRecord {
            extended_address: Some(address),
            extended_pan_id: Some(self.network_of(node).extended_pan_id),
            ..TrelRecord::default()
        };
        Some(resolved(
            "_trel._udp.local.",
            address.to_string(),
            host,
            TREL_PORT,
            self.lan_addresses(router),
            &ServiceDetails::Trel(record),
        ))
    }

    /// `_srpl-tls._tcp`.
    pub fn srp_replication(&self, node: NodeIndex) -> Option<CaptureBody> {
        let (router, host) = self.live_border_router(node)?;
        let number = |part: u64| format!("{:016x}", self.chance(&[41, part]));
        let record = SrpReplicationRecord {
            domain: Some("openthread.thread.home.arpa.".to_owned()),
            dataset_id: Some(number(0)),
            partner_id: Some(number(1 + node.0 as u64)),
            extended_pan_id: Some(self.network_of(node).extended_pan_id),
            ..SrpReplicationRecord::default()
        };
        let instance = router.host.clone();
        Some(resolved(
            "_srpl-tls._tcp.local.",
            instance,
            host,
            SRP_REPLICATION_PORT,
            self.lan_addresses(router),
            &ServiceDetails::SrpReplication(record),
        ))
    }

    /// `_matter._tcp`: the host name is the extended address, as CHIP-based devices on Thread have it.
    pub fn operational(&self, node: NodeIndex) -> Option<CaptureBody> {
        let data = self.node(node);
        let peer = data.matter?.peer;
        let sleepy = !data.capability.mode().rx_on_when_idle;
        let record = OperationalRecord {
            session_idle_milliseconds: Some(if sleepy { 5000 } else { 500 }),
            session_active_milliseconds: Some(300),
            session_active_threshold_milliseconds: Some(4000),
            tcp: Some(0),
            ..OperationalRecord::default()
        };
        let host = format!("{:016X}.local.", data.extended_address.as_u64());
        let details = ServiceDetails::Operational(record);
        Some(resolved(
            "_matter._tcp.local.",
            peer.to_string(),
            host,
            MATTER_PORT,
            vec![self.omr_address(node)],
            &details,
        ))
    }

    /// `_hap._udp`: names, and nothing that tells which radio it is, but an address.
    pub fn hap(&self, node: NodeIndex) -> Option<CaptureBody> {
        let data = self.node(node);
        let device = data.hap.as_ref()?;
        let record = HapRecord {
            id: Some(device.id.clone()),
            model: Some(data.label.model.clone()),
            category: Some(device.category),
            configuration_number: Some(1),
            state_number: Some(1),
            status_flags: Some(0),
            feature_flags: Some(2),
            ..HapRecord::default()
        };
        let host = format!("{}.local.", device.instance.replace(' ', "-"));
        let details = ServiceDetails::Hap(record);
        Some(resolved(
            "_hap._udp.local.",
            device.instance.clone(),
            host,
            HAP_PORT,
            vec![self.omr_address(node)],
            &details,
        ))
    }

    /// The extended address in `_meshcop._udp`.
    fn announced_address(&self, node: NodeIndex, router: &BorderRouter) -> ExtendedAddress {
        match router.announced {
            AnnouncedAddress::Radio => self.node(node).extended_address,
            AnnouncedAddress::Fixed(address) => address,
        }
    }

    fn live_border_router(&self, node: NodeIndex) -> Option<(&BorderRouter, String)> {
        let router = self.node(node).border_router.as_ref()?;
        (self.role(node) != Role::Off).then(|| (router, format!("{}.local.", router.host)))
    }

    fn lan_addresses(&self, router: &BorderRouter) -> Vec<Ipv6Addr> {
        vec![lan_address(router)]
    }
}

/// The goodbye of an announcement; of anything else `None`.
pub fn removed(announcement: &CaptureBody) -> Option<CaptureBody> {
    match announcement {
        CaptureBody::Mdns(MdnsCapture::Resolved { service, instance, .. } | MdnsCapture::Removed { service, instance }) => {
            Some(CaptureBody::Mdns(MdnsCapture::Removed {
                service: service.clone(),
                instance: instance.clone(),
            }))
        }
        _ => None,
    }
}

/// OpenThread's form: the name, and the last two bytes of a number that identifies it.
fn border_agent_instance(name: &str, router: &BorderRouter) -> String {
    let [.., high, low] = router.agent_id.0;
    format!("{name} #{high:02X}{low:02X}")
}

fn resolved(service: &str, instance: String, host: String, port: u16, addresses: Vec<Ipv6Addr>, details: &ServiceDetails) -> CaptureBody {
    CaptureBody::Mdns(MdnsCapture::Resolved {
        service: service.to_owned(),
        instance,
        host: Some(host),
        port: Some(port),
        addresses: addresses.iter().map(Ipv6Addr::to_string).collect(),
        txt: encode_txt(details)
            .into_iter()
            .map(|(key, value)| (key, value.map(|bytes| hex(&bytes))))
            .collect(),
        ttl_seconds: None,
    })
}
