//! The values of single diagnostic TLVs. All numbers are big-endian (OpenThread `src/core/thread/net_diag_tlvs.hpp`, `mle_tlvs.hpp`).

use super::number;
use crate::tmf::decode_omr_prefixes;
use crate::{Decoded, Problem, Reader};
use std::net::Ipv6Addr;
use weft_model::{
    ChildAddressesRow, ChildId, ChildRow, ChildTableRow, Connectivity, DeviceMode, EnhancedRouteRow, ErrorRate, Eui64, ExtendedAddress, Fact,
    FactKind, LeaderData, LinkQuality, MacCounters, MleCounters, PartitionId, Rloc16, Route64, Route64Row, RouterId, RouterNeighborRow, Rssi,
};

/// Bytes of a mask with one bit for each router id.
const ROUTER_MASK_BYTES: usize = 8;
/// Bytes of one child table entry.
const CHILD_TABLE_ENTRY_BYTES: usize = 3;
/// Bytes of an IPv6 address.
const ADDRESS_BYTES: usize = 16;
/// The smallest timeout exponent of a child table entry: one second.
const TIMEOUT_EXPONENT_MIN: u32 = 4;

/// The statements in one TLV that stands alone (every type but the lists 29, 30, 31, and 18, 32, 33). Offsets in problems count from the value's start.
///
/// # Errors
/// If the value cannot be used at all.
pub(crate) fn decode(tlv: u8, value: &[u8]) -> Result<Decoded, Problem> {
    let mut decoded = Decoded::default();
    let mut reader = Reader::new(value);
    let reader = &mut reader;
    match tlv {
        number::EXTENDED_ADDRESS => decoded.fact(Fact::ExtendedAddress(ExtendedAddress(reader.array("extended address")?))),
        number::ADDRESS16 => {
            let (rloc16, problem) = rloc16(reader, "address")?;
            decoded.problems.extend(problem);
            decoded.fact(Fact::Rloc16(rloc16));
        }
        number::MODE => decoded.fact(Fact::Mode(mode(reader.u8("mode")?))),
        number::TIMEOUT => decoded.fact(Fact::TimeoutSeconds(reader.u32("timeout")?)),
        number::CONNECTIVITY => decoded.fact(Fact::Connectivity(connectivity(reader)?)),
        number::ROUTE64 => route64(reader, &mut decoded)?,
        number::LEADER_DATA => decoded.fact(Fact::LeaderData(leader_data(reader)?)),
        number::NETWORK_DATA => network_data(reader.rest(), &mut decoded),
        number::IPV6_ADDRESSES => addresses(reader, &mut decoded),
        number::MAC_COUNTERS => decoded.fact(Fact::MacCounters(mac_counters(reader)?)),
        number::BATTERY_LEVEL => match reader.u8("percent")? {
            percent @ 0..=100 => decoded.fact(Fact::BatteryPercent(percent)),
            other => return Err(Problem::at("percent", 0, format!("{other} is more than 100"))),
        },
        number::SUPPLY_VOLTAGE => decoded.fact(Fact::SupplyMillivolts(reader.u16("millivolts")?)),
        number::CHILD_TABLE => child_table(reader, &mut decoded),
        number::CHANNEL_PAGES => decoded.fact(Fact::ChannelPages(reader.rest().to_vec())),
        number::MAX_CHILD_TIMEOUT => decoded.fact(Fact::MaxChildTimeoutSeconds(reader.u32("timeout")?)),
        number::EUI64 => decoded.fact(Fact::Eui64(Eui64(reader.array("EUI-64")?))),
        number::VERSION => decoded.fact(Fact::ThreadVersion(reader.u16("version")?)),
        number::VENDOR_NAME => decoded.fact(text(reader.rest(), Fact::VendorName)?),
        number::VENDOR_MODEL => decoded.fact(text(reader.rest(), Fact::ModelName)?),
        number::VENDOR_SOFTWARE_VERSION => decoded.fact(text(reader.rest(), Fact::SoftwareVersion)?),
        number::STACK_VERSION => decoded.fact(text(reader.rest(), Fact::StackVersion)?),
        number::VENDOR_APP_URL => decoded.fact(text(reader.rest(), Fact::VendorAppUrl)?),
        number::MLE_COUNTERS => decoded.fact(Fact::MleCounters(mle_counters(reader)?)),
        number::ENHANCED_ROUTE => enhanced_route(reader, &mut decoded)?,
        other => decoded.fact(Fact::UnknownTlv(other, reader.rest().to_vec())),
    }
    // A later version of a TLV may be longer: what is known of it still counts.
    decoded.problems.extend(reader.finish("value").err());
    Ok(decoded)
}

/// A locator, or `None` for a number that stands for "none" (router id 63); a number that is neither is a problem beside.
fn rloc16(reader: &mut Reader<'_>, field: &'static str) -> Result<(Option<Rloc16>, Option<Problem>), Problem> {
    let offset = reader.position();
    let value = reader.u16(field)?;
    let rloc16 = Rloc16::new(value);
    let is_none = value >> 10 > u16::from(RouterId::MAX);
    let problem = (rloc16.is_none() && !is_none).then(|| Problem::at(field, offset, format!("{value:#06x} has the reserved bit set")));
    Ok((rloc16, problem))
}

fn mode(bits: u8) -> DeviceMode {
    DeviceMode {
        rx_on_when_idle: bits & 0x08 != 0,
        full_thread_device: bits & 0x02 != 0,
        full_network_data: bits & 0x01 != 0,
    }
}

fn text(bytes: &[u8], fact: fn(String) -> Fact) -> Result<Fact, Problem> {
    match std::str::from_utf8(bytes) {
        Ok("") => Ok(Fact::Null(fact(String::new()).kind())),
        Ok(text) => Ok(fact(text.to_owned())),
        Err(error) => Err(Problem::at("text", error.valid_up_to(), "not UTF-8")),
    }
}

/// Two bits of a number, as a quality.
fn quality(bits: u16) -> LinkQuality {
    LinkQuality::new((bits & 3) as u8).unwrap_or(LinkQuality::NONE)
}

fn connectivity(reader: &mut Reader<'_>) -> Result<Connectivity, Problem> {
    Ok(Connectivity {
        parent_priority: reader.i8("parent priority")? >> 6,
        link_quality_3: reader.u8("number of links with quality 3")?,
        link_quality_2: reader.u8("number of links with quality 2")?,
        link_quality_1: reader.u8("number of links with quality 1")?,
        leader_cost: reader.u8("leader cost")?,
        id_sequence: reader.u8("id sequence")?,
        active_routers: reader.u8("active routers")?,
        sed_buffer_bytes: if reader.is_empty() {
            None
        } else {
            Some(reader.u16("buffer for sleepy children")?)
        },
        sed_datagram_count: if reader.is_empty() {
            None
        } else {
            Some(reader.u8("datagrams for sleepy children")?)
        },
    })
}

/// The numbers of the bits that are set in a mask of router ids, ascending: bit 0x80 of the first byte is id 0.
fn mask_bits(mask: [u8; ROUTER_MASK_BYTES]) -> impl Iterator<Item = u8> {
    (0..64).filter(move |id| mask[usize::from(id / 8)] & (0x80 >> (id % 8)) != 0)
}

/// The rows of a route table: a mask of router ids, then one number for each that is set. Rows that miss make the table incomplete.
fn route_rows<'a, Row>(
    reader: &mut Reader<'a>,
    kind: FactKind,
    decoded: &mut Decoded,
    number: fn(&mut Reader<'a>) -> Result<u16, Problem>,
    row: fn(RouterId, u16) -> Row,
) -> Result<Vec<Row>, Problem> {
    let mask: [u8; ROUTER_MASK_BYTES] = reader.array("router mask")?;
    let mut rows = Vec::new();
    for id in mask_bits(mask) {
        let offset = reader.position();
        match (number(reader), RouterId::new(id)) {
            (Ok(bits), Some(router_id)) => rows.push(row(router_id, bits)),
            (Ok(_), None) => {
                decoded.problem(Problem::at("router mask", offset, format!("router id {id} is allocated")));
                decoded.mark_incomplete(kind);
            }
            (Err(problem), _) => {
                decoded.problem(problem);
                decoded.mark_incomplete(kind);
                break;
            }
        }
    }
    Ok(rows)
}

fn route64(reader: &mut Reader<'_>, decoded: &mut Decoded) -> Result<(), Problem> {
    let id_sequence = Some(reader.u8("id sequence")?);
    let number = |reader: &mut Reader<'_>| reader.u8("route data").map(u16::from);
    let routers = route_rows(reader, FactKind::Route64, decoded, number, |router_id, bits| Route64Row {
        router_id,
        link_quality_out: quality(bits >> 6),
        link_quality_in: quality(bits >> 4),
        path_cost: (bits & 0x0f) as u8,
    })?;
    decoded.fact(Fact::Route64(Route64 { id_sequence, routers }));
    Ok(())
}

fn enhanced_route(reader: &mut Reader<'_>, decoded: &mut Decoded) -> Result<(), Problem> {
    let number = |reader: &mut Reader<'_>| reader.u16("route data");
    let rows = route_rows(reader, FactKind::EnhancedRoute, decoded, number, |router_id, bits| {
        let is_self = bits & 0x8000 != 0;
        EnhancedRouteRow {
            router_id,
            is_self,
            has_link: bits & 0x4000 != 0,
            link_quality_out: quality(bits >> 12),
            link_quality_in: quality(bits >> 10),
            // The reporter's own row has zeros here, which is not router 0.
            next_hop: if is_self { None } else { RouterId::new((bits >> 4 & 0x3f) as u8) },
            next_hop_cost: (bits & 0x0f) as u8,
        }
    })?;
    decoded.fact(Fact::EnhancedRoute(rows));
    Ok(())
}

fn leader_data(reader: &mut Reader<'_>) -> Result<LeaderData, Problem> {
    Ok(LeaderData {
        partition_id: PartitionId(reader.u32("partition id")?),
        weighting: reader.u8("weighting")?,
        data_version: reader.u8("data version")?,
        stable_data_version: reader.u8("stable data version")?,
        leader_router_id: RouterId::new(reader.u8("leader router id")?),
    })
}

/// Of the network data only the off-mesh-routable prefixes become facts; "none" is a statement too.
fn network_data(bytes: &[u8], decoded: &mut Decoded) {
    let (prefixes, problem) = decode_omr_prefixes(bytes);
    if let Some(problem) = problem {
        decoded.problem(problem);
        decoded.mark_incomplete(FactKind::OmrPrefix);
    } else if prefixes.is_empty() {
        decoded.fact(Fact::Null(FactKind::OmrPrefix));
    }
    decoded.facts.extend(prefixes.into_iter().map(Fact::OmrPrefix));
}

fn address_list(reader: &mut Reader<'_>) -> (Vec<Ipv6Addr>, Option<Problem>) {
    let mut addresses = Vec::with_capacity(reader.left() / ADDRESS_BYTES);
    while !reader.is_empty() {
        match reader.array::<ADDRESS_BYTES>("IPv6 address") {
            Ok(octets) => addresses.push(Ipv6Addr::from(octets)),
            Err(problem) => {
                reader.rest();
                return (addresses, Some(problem));
            }
        }
    }
    (addresses, None)
}

fn addresses(reader: &mut Reader<'_>, decoded: &mut Decoded) {
    let (mut addresses, problem) = address_list(reader);
    addresses.sort_unstable();
    addresses.dedup();
    if let Some(problem) = problem {
        decoded.problem(problem);
        decoded.mark_incomplete(FactKind::Ipv6Addresses);
    }
    decoded.fact(Fact::Ipv6Addresses(addresses));
}

fn mac_counters(reader: &mut Reader<'_>) -> Result<MacCounters, Problem> {
    Ok(MacCounters {
        if_in_unknown_protos: reader.u32("ifInUnknownProtos")?,
        if_in_errors: reader.u32("ifInErrors")?,
        if_out_errors: reader.u32("ifOutErrors")?,
        if_in_unicast_packets: reader.u32("ifInUcastPkts")?,
        if_in_broadcast_packets: reader.u32("ifInBroadcastPkts")?,
        if_in_discards: reader.u32("ifInDiscards")?,
        if_out_unicast_packets: reader.u32("ifOutUcastPkts")?,
        if_out_broadcast_packets: reader.u32("ifOutBroadcastPkts")?,
        if_out_discards: reader.u32("ifOutDiscards")?,
    })
}

fn mle_counters(reader: &mut Reader<'_>) -> Result<MleCounters, Problem> {
    Ok(MleCounters {
        disabled_role: reader.u16("disabled role")?,
        detached_role: reader.u16("detached role")?,
        child_role: reader.u16("child role")?,
        router_role: reader.u16("router role")?,
        leader_role: reader.u16("leader role")?,
        attach_attempts: reader.u16("attach attempts")?,
        partition_id_changes: reader.u16("partition id changes")?,
        better_partition_attach_attempts: reader.u16("better partition attach attempts")?,
        parent_changes: reader.u16("parent changes")?,
        tracked_milliseconds: reader.u64("tracked time")?,
        disabled_milliseconds: reader.u64("disabled time")?,
        detached_milliseconds: reader.u64("detached time")?,
        child_milliseconds: reader.u64("child time")?,
        router_milliseconds: reader.u64("router time")?,
        leader_milliseconds: reader.u64("leader time")?,
    })
}

fn child_table(reader: &mut Reader<'_>, decoded: &mut Decoded) {
    let mut rows = Vec::with_capacity(reader.left() / CHILD_TABLE_ENTRY_BYTES);
    while !reader.is_empty() {
        let offset = reader.position();
        let entry: [u8; CHILD_TABLE_ENTRY_BYTES] = match reader.array("entry") {
            Ok(entry) => entry,
            Err(problem) => {
                reader.rest();
                decoded.problem(problem);
                decoded.mark_incomplete(FactKind::ChildTable);
                break;
            }
        };
        let bits = u16::from_be_bytes([entry[0], entry[1]]);
        let exponent = u32::from(bits >> 11).max(TIMEOUT_EXPONENT_MIN);
        match ChildId::new(bits & 0x1ff) {
            Some(child_id) => rows.push(ChildTableRow {
                child_id,
                timeout_seconds: Some(1 << (exponent - TIMEOUT_EXPONENT_MIN)),
                link_quality_in: Some(quality(bits >> 9)),
                mode: mode(entry[2]),
            }),
            None => {
                decoded.problem(Problem::at("child id", offset, "0 is no child"));
                decoded.mark_incomplete(FactKind::ChildTable);
            }
        }
    }
    decoded.fact(Fact::ChildTable(rows));
}

/// A row and what is odd about it.
pub(super) type RowResult<T> = Result<(T, Vec<Problem>), Problem>;

fn rssi(reader: &mut Reader<'_>, field: &'static str) -> Result<Option<Rssi>, Problem> {
    reader.i8(field).map(Rssi::from_dbm)
}

fn error_rate(reader: &mut Reader<'_>, field: &'static str, is_tracked: bool) -> Result<Option<ErrorRate>, Problem> {
    reader.u16(field).map(|rate| is_tracked.then(|| ErrorRate::from_u16_scale(rate)))
}

/// TLV 29: one child.
pub(super) fn child(value: &[u8]) -> RowResult<ChildRow> {
    let reader = &mut Reader::new(value);
    let flags = reader.u8("flags")?;
    let is_tracked = flags & 0x08 != 0;
    let (rloc16, problem) = rloc16(reader, "RLOC16")?;
    let row = ChildRow {
        rloc16,
        mode: DeviceMode {
            rx_on_when_idle: flags & 0x80 != 0,
            full_thread_device: flags & 0x40 != 0,
            full_network_data: flags & 0x20 != 0,
        },
        csl_synchronized: Some(flags & 0x10 != 0),
        extended_address: ExtendedAddress(reader.array("extended address")?),
        thread_version: Some(reader.u16("version")?),
        timeout_seconds: Some(reader.u32("timeout")?),
        age_seconds: Some(reader.u32("age")?),
        connection_seconds: Some(reader.u32("connection time")?),
        supervision_interval_seconds: Some(reader.u16("supervision interval")?),
        link_margin_db: Some(reader.u8("link margin")?),
        link_quality_in: None,
        average_rssi: rssi(reader, "average RSSI")?,
        last_rssi: rssi(reader, "last RSSI")?,
        frame_error: error_rate(reader, "frame error rate", is_tracked)?,
        message_error: error_rate(reader, "message error rate", is_tracked)?,
        queued_messages: Some(reader.u16("queued messages")?),
        csl_period_ten_symbols: Some(reader.u16("CSL period")?),
        csl_timeout_seconds: Some(reader.u32("CSL timeout")?),
        csl_channel: Some(reader.u8("CSL channel")?),
    };
    Ok((row, problem.into_iter().chain(reader.finish("value").err()).collect()))
}

/// TLV 30: the addresses of one child, sorted.
pub(super) fn child_addresses(value: &[u8]) -> RowResult<ChildAddressesRow> {
    let reader = &mut Reader::new(value);
    let (rloc16, _) = rloc16(reader, "RLOC16")?;
    let rloc16 = rloc16.ok_or_else(|| Problem::at("RLOC16", 0, "no locator"))?;
    let (mut addresses, problem) = address_list(reader);
    match problem {
        Some(problem) => Err(problem),
        None => {
            addresses.sort_unstable();
            addresses.dedup();
            Ok((ChildAddressesRow { rloc16, addresses }, Vec::new()))
        }
    }
}

/// TLV 31: one router that the reporter has a link with.
pub(super) fn router_neighbor(value: &[u8]) -> RowResult<RouterNeighborRow> {
    let reader = &mut Reader::new(value);
    let is_tracked = reader.u8("flags")? & 0x80 != 0;
    let (rloc16, problem) = rloc16(reader, "RLOC16")?;
    let row = RouterNeighborRow {
        rloc16,
        extended_address: ExtendedAddress(reader.array("extended address")?),
        thread_version: Some(reader.u16("version")?),
        connection_seconds: Some(reader.u32("connection time")?),
        link_margin_db: Some(reader.u8("link margin")?),
        average_rssi: rssi(reader, "average RSSI")?,
        last_rssi: rssi(reader, "last RSSI")?,
        frame_error: error_rate(reader, "frame error rate", is_tracked)?,
        message_error: error_rate(reader, "message error rate", is_tracked)?,
    };
    Ok((row, problem.into_iter().chain(reader.finish("value").err()).collect()))
}
