//! Writes diagnostic requests and answers: for asking a mesh, and for simulated nodes that answer.

use super::{AnswerPart, number};
use crate::tmf::encode_omr_prefixes;
use crate::tmf::tlv::{self, ValueTooLong};
use std::collections::BTreeMap;
use weft_model::{
    ChildRow, ChildTableRow, Connectivity, DeviceMode, EnhancedRouteRow, ErrorRate, Fact, FactKind, Ipv6Prefix, LeaderData, MacCounters, MleCounters,
    Rloc16, Route64, RouterId, RouterNeighborRow, Rssi,
};

/// A fact that cannot be said in diagnostic TLVs.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum EncodeError {
    /// There is no TLV for it.
    #[error("{} has no diagnostic TLV", .0.name())]
    NoTlv(FactKind),
    /// It is too long.
    #[error(transparent)]
    TooLong(#[from] ValueTooLong),
}

/// What stands around the statements of an answer. The default is that of a `d/dg` response: nothing.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct AnswerFrame {
    /// The query that is answered.
    pub query_id: Option<u16>,
    /// Which part this is.
    pub part: Option<AnswerPart>,
}

/// The short address that means "none".
const NO_RLOC16: u16 = 0xfffe;
/// The RSSI that means "not measured".
const NO_RSSI: i8 = 127;
/// The router id that means "none".
const NO_ROUTER_ID: u8 = 63;
/// Bytes of framing around a part: query id and answer TLV.
const FRAME_BYTES: usize = 8;

/// A request for the given TLV types: the payload of `d/dg` (without `query_id`) or `d/dq`. Types beyond the first 255 are left out.
pub fn encode_request(types: &[u8], query_id: Option<u16>) -> Vec<u8> {
    let types = &types[..types.len().min(usize::from(u8::MAX))];
    let mut payload = Vec::with_capacity(types.len() + FRAME_BYTES);
    // 255 one-byte types fit into one TLV.
    let _ = tlv::write(&mut payload, number::TYPE_LIST, types);
    if let Some(query_id) = query_id {
        let _ = tlv::write(&mut payload, number::QUERY_ID, &query_id.to_be_bytes());
    }
    payload
}

/// The payload of an answer that says `facts`, in their order. Lists are closed; several OMR prefixes become one network data TLV.
///
/// # Errors
/// For a fact without a diagnostic TLV, and for a value longer than a TLV can be.
pub fn encode_answer(facts: &[Fact], frame: AnswerFrame) -> Result<Vec<u8>, EncodeError> {
    let mut payload = Vec::new();
    if let Some(query_id) = frame.query_id {
        tlv::write(&mut payload, number::QUERY_ID, &query_id.to_be_bytes())?;
    }
    for (number, value) in tlvs(facts)? {
        tlv::write(&mut payload, number, &value)?;
    }
    if let Some(part) = frame.part {
        tlv::write(&mut payload, number::ANSWER, &part.bits().to_be_bytes())?;
    }
    Ok(payload)
}

/// The answer to a query in parts of about `part_bytes` (more where a single TLV needs it), each with part number and query id.
/// OpenThread splits at about 800 bytes.
///
/// # Errors
/// As [`encode_answer`].
pub fn encode_answer_parts(facts: &[Fact], query_id: u16, part_bytes: usize) -> Result<Vec<Vec<u8>>, EncodeError> {
    let room = part_bytes.saturating_sub(FRAME_BYTES);
    let mut bodies = vec![Vec::new()];
    for (number, value) in tlvs(facts)? {
        let mut encoded = Vec::new();
        tlv::write(&mut encoded, number, &value)?;
        match bodies.last_mut() {
            Some(body) if body.is_empty() || body.len() + encoded.len() <= room => body.extend(encoded),
            _ => bodies.push(encoded),
        }
    }
    let last = bodies.len() - 1;
    let framed = bodies.into_iter().enumerate().map(|(index, body)| {
        let part = AnswerPart {
            index: index as u16 & 0x7fff,
            is_last: index == last,
        };
        let mut payload = Vec::with_capacity(body.len() + FRAME_BYTES);
        tlv::write(&mut payload, number::QUERY_ID, &query_id.to_be_bytes())?;
        payload.extend(body);
        tlv::write(&mut payload, number::ANSWER, &part.bits().to_be_bytes())?;
        Ok(payload)
    });
    framed.collect()
}

/// Types and values.
type Values = Vec<(u8, Vec<u8>)>;

fn tlvs(facts: &[Fact]) -> Result<Values, EncodeError> {
    let prefixes: Vec<Ipv6Prefix> = facts
        .iter()
        .filter_map(|fact| if let Fact::OmrPrefix(prefix) = fact { Some(*prefix) } else { None })
        .collect();
    let mut values = Values::new();
    let mut has_network_data = false;
    for fact in facts {
        match fact {
            Fact::OmrPrefix(_) if has_network_data => (),
            Fact::OmrPrefix(_) => {
                let bytes = encode_omr_prefixes(&prefixes).ok_or(EncodeError::NoTlv(FactKind::OmrPrefix))?;
                values.push((number::NETWORK_DATA, bytes));
                has_network_data = true;
            }
            fact => encode(fact, &mut values)?,
        }
    }
    Ok(values)
}

fn encode(fact: &Fact, values: &mut Values) -> Result<(), EncodeError> {
    let one = match fact {
        Fact::ExtendedAddress(address) => (number::EXTENDED_ADDRESS, address.0.to_vec()),
        Fact::Rloc16(rloc16) => (number::ADDRESS16, locator(*rloc16).to_be_bytes().to_vec()),
        Fact::Mode(mode) => (number::MODE, vec![mode_bits(*mode)]),
        Fact::TimeoutSeconds(seconds) => (number::TIMEOUT, seconds.to_be_bytes().to_vec()),
        Fact::Connectivity(connectivity) => (number::CONNECTIVITY, connectivity_value(connectivity)),
        Fact::Route64(route) => (number::ROUTE64, route64(route)),
        Fact::LeaderData(data) => (number::LEADER_DATA, leader_data(data)),
        Fact::Null(FactKind::OmrPrefix) => (number::NETWORK_DATA, Vec::new()),
        Fact::Ipv6Addresses(addresses) => (number::IPV6_ADDRESSES, addresses.iter().flat_map(|address| address.octets()).collect()),
        Fact::MacCounters(counters) => (number::MAC_COUNTERS, mac_counters(counters)),
        Fact::BatteryPercent(percent) => (number::BATTERY_LEVEL, vec![*percent]),
        Fact::SupplyMillivolts(millivolts) => (number::SUPPLY_VOLTAGE, millivolts.to_be_bytes().to_vec()),
        Fact::ChildTable(rows) => (number::CHILD_TABLE, rows.iter().flat_map(child_table_entry).collect()),
        Fact::ChannelPages(pages) => (number::CHANNEL_PAGES, pages.clone()),
        Fact::MaxChildTimeoutSeconds(seconds) => (number::MAX_CHILD_TIMEOUT, seconds.to_be_bytes().to_vec()),
        Fact::Eui64(eui64) => (number::EUI64, eui64.0.to_vec()),
        Fact::ThreadVersion(version) => (number::VERSION, version.to_be_bytes().to_vec()),
        Fact::VendorName(text) => (number::VENDOR_NAME, text.clone().into_bytes()),
        Fact::ModelName(text) => (number::VENDOR_MODEL, text.clone().into_bytes()),
        Fact::SoftwareVersion(text) => (number::VENDOR_SOFTWARE_VERSION, text.clone().into_bytes()),
        Fact::StackVersion(text) => (number::STACK_VERSION, text.clone().into_bytes()),
        Fact::VendorAppUrl(text) => (number::VENDOR_APP_URL, text.clone().into_bytes()),
        Fact::Null(FactKind::VendorName) => (number::VENDOR_NAME, Vec::new()),
        Fact::Null(FactKind::ModelName) => (number::VENDOR_MODEL, Vec::new()),
        Fact::Null(FactKind::SoftwareVersion) => (number::VENDOR_SOFTWARE_VERSION, Vec::new()),
        Fact::Null(FactKind::StackVersion) => (number::STACK_VERSION, Vec::new()),
        Fact::Null(FactKind::VendorAppUrl) => (number::VENDOR_APP_URL, Vec::new()),
        Fact::Children(rows) => return list(values, number::CHILD, rows.iter().map(child)),
        Fact::ChildAddresses(rows) => {
            let value = |rloc16: Rloc16| rloc16.get().to_be_bytes().into_iter();
            let rows = rows.iter().map(|row| {
                value(row.rloc16)
                    .chain(row.addresses.iter().flat_map(|address| address.octets()))
                    .collect()
            });
            return list(values, number::CHILD_ADDRESSES, rows);
        }
        Fact::RouterNeighbors(rows) => return list(values, number::ROUTER_NEIGHBOR, rows.iter().map(router_neighbor)),
        Fact::MleCounters(counters) => (number::MLE_COUNTERS, mle_counters(counters)),
        Fact::EnhancedRoute(rows) => (number::ENHANCED_ROUTE, enhanced_route(rows)),
        Fact::UnknownTlv(number, value) => (*number, value.clone()),
        other => return Err(EncodeError::NoTlv(other.kind())),
    };
    values.push(one);
    Ok(())
}

/// One TLV per row, and the empty one that closes the list.
fn list(values: &mut Values, number: u8, rows: impl Iterator<Item = Vec<u8>>) -> Result<(), EncodeError> {
    values.extend(rows.chain([Vec::new()]).map(|value| (number, value)));
    Ok(())
}

fn locator(rloc16: Option<Rloc16>) -> u16 {
    rloc16.map_or(NO_RLOC16, Rloc16::get)
}

/// OpenThread sets the reserved bit 0x04 ("secure data requests" of older specifications) and ignores it when it reads.
fn mode_bits(mode: DeviceMode) -> u8 {
    0x04 | u8::from(mode.rx_on_when_idle) << 3 | u8::from(mode.full_thread_device) << 1 | u8::from(mode.full_network_data)
}

fn connectivity_value(connectivity: &Connectivity) -> Vec<u8> {
    let mut value = vec![
        (connectivity.parent_priority as u8) << 6,
        connectivity.link_quality_3,
        connectivity.link_quality_2,
        connectivity.link_quality_1,
        connectivity.leader_cost,
        connectivity.id_sequence,
        connectivity.active_routers,
    ];
    if let Some(bytes) = connectivity.sed_buffer_bytes {
        value.extend(bytes.to_be_bytes());
        value.extend(connectivity.sed_datagram_count);
    }
    value
}

/// The mask of the ids, then the rows in the order of the ids.
fn route_value<const N: usize>(rows: &BTreeMap<RouterId, [u8; N]>) -> Vec<u8> {
    let mask = rows.keys().fold(0u64, |mask, id| mask | 1 << (63 - id.get()));
    mask.to_be_bytes().into_iter().chain(rows.values().flatten().copied()).collect()
}

fn route64(route: &Route64) -> Vec<u8> {
    let row = |row: &weft_model::Route64Row| row.link_quality_out.get() << 6 | row.link_quality_in.get() << 4 | row.path_cost & 0x0f;
    let rows = route.routers.iter().map(|router| (router.router_id, [row(router)])).collect();
    [route.id_sequence.unwrap_or_default()].into_iter().chain(route_value(&rows)).collect()
}

fn enhanced_route(rows: &[EnhancedRouteRow]) -> Vec<u8> {
    let bits = |row: &EnhancedRouteRow| {
        let next_hop = match (row.is_self, row.next_hop) {
            (true, _) => 0,
            (false, next_hop) => next_hop.map_or(NO_ROUTER_ID, RouterId::get),
        };
        u16::from(row.is_self) << 15
            | u16::from(row.has_link) << 14
            | u16::from(row.link_quality_out.get()) << 12
            | u16::from(row.link_quality_in.get()) << 10
            | u16::from(next_hop) << 4
            | u16::from(row.next_hop_cost & 0x0f)
    };
    route_value(&rows.iter().map(|row| (row.router_id, bits(row).to_be_bytes())).collect())
}

fn leader_data(data: &LeaderData) -> Vec<u8> {
    let mut value = data.partition_id.0.to_be_bytes().to_vec();
    value.extend([
        data.weighting,
        data.data_version,
        data.stable_data_version,
        data.leader_router_id.map_or(NO_ROUTER_ID, RouterId::get),
    ]);
    value
}

fn mac_counters(counters: &MacCounters) -> Vec<u8> {
    let counters = [
        counters.if_in_unknown_protos,
        counters.if_in_errors,
        counters.if_out_errors,
        counters.if_in_unicast_packets,
        counters.if_in_broadcast_packets,
        counters.if_in_discards,
        counters.if_out_unicast_packets,
        counters.if_out_broadcast_packets,
        counters.if_out_discards,
    ];
    counters.into_iter().flat_map(u32::to_be_bytes).collect()
}

fn mle_counters(counters: &MleCounters) -> Vec<u8> {
    let counts = [
        counters.disabled_role,
        counters.detached_role,
        counters.child_role,
        counters.router_role,
        counters.leader_role,
        counters.attach_attempts,
        counters.partition_id_changes,
        counters.better_partition_attach_attempts,
        counters.parent_changes,
    ];
    let times = [
        counters.tracked_milliseconds,
        counters.disabled_milliseconds,
        counters.detached_milliseconds,
        counters.child_milliseconds,
        counters.router_milliseconds,
        counters.leader_milliseconds,
    ];
    counts
        .into_iter()
        .flat_map(u16::to_be_bytes)
        .chain(times.into_iter().flat_map(u64::to_be_bytes))
        .collect()
}

/// The timeout is rounded up to a power of two, as the format demands.
fn child_table_entry(row: &ChildTableRow) -> [u8; 3] {
    let exponent = (4..31)
        .find(|exponent| 1u32 << (exponent - 4) >= row.timeout_seconds.unwrap_or_default())
        .unwrap_or(31);
    let quality = row.link_quality_in.map_or(0, |quality| quality.get());
    let [high, low] = (exponent << 11 | u16::from(quality) << 9 | row.child_id.get()).to_be_bytes();
    [high, low, mode_bits(row.mode)]
}

fn rssi(rssi: Option<Rssi>) -> u8 {
    rssi.map_or(NO_RSSI, Rssi::dbm) as u8
}

fn error_rate(rate: Option<ErrorRate>) -> [u8; 2] {
    let scaled = rate.map_or(0.0, |rate| (rate.percent() * f64::from(u16::MAX) / 100.0).round());
    (scaled as u16).to_be_bytes()
}

fn child(row: &ChildRow) -> Vec<u8> {
    let is_tracked = row.frame_error.is_some() || row.message_error.is_some();
    let mut value = vec![
        u8::from(row.mode.rx_on_when_idle) << 7
            | u8::from(row.mode.full_thread_device) << 6
            | u8::from(row.mode.full_network_data) << 5
            | u8::from(row.csl_synchronized == Some(true)) << 4
            | u8::from(is_tracked) << 3,
    ];
    value.extend(locator(row.rloc16).to_be_bytes());
    value.extend(row.extended_address.0);
    value.extend(row.thread_version.unwrap_or_default().to_be_bytes());
    value.extend(row.timeout_seconds.unwrap_or_default().to_be_bytes());
    value.extend(row.age_seconds.unwrap_or_default().to_be_bytes());
    value.extend(row.connection_seconds.unwrap_or_default().to_be_bytes());
    value.extend(row.supervision_interval_seconds.unwrap_or_default().to_be_bytes());
    value.extend([row.link_margin_db.unwrap_or_default(), rssi(row.average_rssi), rssi(row.last_rssi)]);
    value.extend(error_rate(row.frame_error));
    value.extend(error_rate(row.message_error));
    value.extend(row.queued_messages.unwrap_or_default().to_be_bytes());
    value.extend(row.csl_period_ten_symbols.unwrap_or_default().to_be_bytes());
    value.extend(row.csl_timeout_seconds.unwrap_or_default().to_be_bytes());
    value.extend([row.csl_channel.unwrap_or_default()]);
    value
}

fn router_neighbor(row: &RouterNeighborRow) -> Vec<u8> {
    let is_tracked = row.frame_error.is_some() || row.message_error.is_some();
    let mut value = vec![u8::from(is_tracked) << 7];
    value.extend(locator(row.rloc16).to_be_bytes());
    value.extend(row.extended_address.0);
    value.extend(row.thread_version.unwrap_or_default().to_be_bytes());
    value.extend(row.connection_seconds.unwrap_or_default().to_be_bytes());
    value.extend([row.link_margin_db.unwrap_or_default(), rssi(row.average_rssi), rssi(row.last_rssi)]);
    value.extend(error_rate(row.frame_error));
    value.extend(error_rate(row.message_error));
    value
}
