//! The structured members of a diagnostic item: the JSON rendering of the network diagnostic TLVs 2, 4, 5, 6, 9, 16, 29, 30, 31 and 34.

use super::keys::Key;
use super::record::{Notes, Record};
use weft_model::{
    ChildAddressesRow, ChildId, ChildRow, ChildTableRow, Connectivity, DeviceMode, ErrorRate, ExtendedAddress, Fact, FactKind, LeaderData,
    LinkQuality, MacCounters, MleCounters, PartitionId, Route64, Route64Row, RouterId, RouterNeighborRow,
};

/// Largest timeout exponent: the field has five bits (`ChildTableTlvEntry`, OpenThread `network_diagnostic_tlvs.hpp`).
const MAX_TIMEOUT_EXPONENT: u8 = 31;
/// Exponent of one second.
const ONE_SECOND_EXPONENT: u8 = 4;

/// Seconds of a child table timeout, which every generation writes as the exponent of the TLV: 2^(exponent - 4) seconds, rounded
/// up by the parent to that power of two. Less than a second counts as one.
fn timeout_seconds(exponent: u8) -> u32 {
    1 << exponent.saturating_sub(ONE_SECOND_EXPONENT)
}

fn link_quality(record: &Record<'_>, key: Key, notes: &mut Notes<'_>) -> Option<LinkQuality> {
    record
        .uint_to(key, LinkQuality::GOOD.get(), "expected a link quality from 0 to 3", notes)
        .and_then(LinkQuality::new)
}

fn extended_address(record: &Record<'_>, notes: &mut Notes<'_>) -> Option<ExtendedAddress> {
    let address: Option<ExtendedAddress> = record.parse(Key::ExtAddress, "expected 16 hexadecimal digits", notes);
    record.need(Key::ExtAddress, "extAddress", address, notes)
}

/// The three mode bits, from the object `mode` or from a row that holds them itself.
pub(super) fn mode(record: &Record<'_>, notes: &mut Notes<'_>) -> Option<DeviceMode> {
    // The first generation calls the third bit `NetworkData`.
    let full = if record.has(Key::FullNetworkData) {
        Key::FullNetworkData
    } else {
        Key::NetworkData
    };
    let rx_on_when_idle = record.boolean(Key::RxOnWhenIdle, notes);
    let full_thread_device = record.boolean(Key::FullThreadDevice, notes);
    let full_network_data = record.boolean(full, notes);
    Some(DeviceMode {
        rx_on_when_idle: record.need(Key::RxOnWhenIdle, "rxOnWhenIdle", rx_on_when_idle, notes)?,
        full_thread_device: record.need(Key::FullThreadDevice, "fullThreadDevice", full_thread_device, notes)?,
        full_network_data: record.need(full, "fullNetworkData", full_network_data, notes)?,
    })
}

/// Leader data.
pub(super) fn leader_data(record: &Record<'_>, notes: &mut Notes<'_>) -> Option<LeaderData> {
    let partition = record.uint(Key::PartitionId, notes);
    let weighting = record.uint(Key::Weighting, notes);
    let version = record.uint(Key::DataVersion, notes);
    let stable = record.uint(Key::StableDataVersion, notes);
    let leader: Option<u8> = record.uint(Key::LeaderRouterId, notes);
    Some(LeaderData {
        partition_id: PartitionId(record.need(Key::PartitionId, "partitionId", partition, notes)?),
        weighting: record.need(Key::Weighting, "weighting", weighting, notes)?,
        data_version: record.need(Key::DataVersion, "dataVersion", version, notes)?,
        stable_data_version: record.need(Key::StableDataVersion, "stableDataVersion", stable, notes)?,
        leader_router_id: leader.and_then(RouterId::new),
    })
}

fn connectivity(record: &Record<'_>, notes: &mut Notes<'_>) -> Option<Connectivity> {
    let priority = record.int8(Key::ParentPriority, notes);
    let mut count = |key, name| {
        let count = record.uint(key, notes);
        record.need(key, name, count, notes)
    };
    let [three, two, one, cost, sequence, routers] = [
        count(Key::LinkQuality3, "linkQuality3"),
        count(Key::LinkQuality2, "linkQuality2"),
        count(Key::LinkQuality1, "linkQuality1"),
        count(Key::LeaderCost, "leaderCost"),
        count(Key::IdSequence, "idSequence"),
        count(Key::ActiveRouters, "activeRouters"),
    ];
    Some(Connectivity {
        parent_priority: record.need(Key::ParentPriority, "parentPriority", priority, notes)?,
        link_quality_3: three?,
        link_quality_2: two?,
        link_quality_1: one?,
        leader_cost: cost?,
        id_sequence: sequence?,
        active_routers: routers?,
        sed_buffer_bytes: record.uint(Key::SedBufferSize, notes),
        sed_datagram_count: record.uint(Key::SedDatagramCount, notes),
    })
}

fn route(record: &Record<'_>, notes: &mut Notes<'_>) -> Option<Route64> {
    let id_sequence = record.uint(Key::IdSequence, notes);
    let rows = record.table(Key::RouteData, FactKind::Route64, notes, |row, notes| {
        // Documentation of the second generation says `routerId` in places; the program writes `routeId`.
        let key = if row.has(Key::RouteId) { Key::RouteId } else { Key::RouterId };
        let router_id = row.router_id(key, notes);
        let out = link_quality(row, Key::LinkQualityOut, notes);
        let inward = link_quality(row, Key::LinkQualityIn, notes);
        let cost = row.uint(Key::RouteCost, notes);
        Some(Route64Row {
            router_id: row.need(key, "routeId", router_id, notes)?,
            link_quality_out: row.need(Key::LinkQualityOut, "linkQualityOut", out, notes)?,
            link_quality_in: row.need(Key::LinkQualityIn, "linkQualityIn", inward, notes)?,
            path_cost: row.need(Key::RouteCost, "routeCost", cost, notes)?,
        })
    });
    let mut routers = record.need(Key::RouteData, "routeData", rows, notes)?;
    routers.sort_by_key(|row| row.router_id);
    let rows = routers.len();
    routers.dedup_by_key(|row| row.router_id);
    if routers.len() < rows {
        notes.problem(record.path, "a router id stands twice");
    }
    Some(Route64 { id_sequence, routers })
}

fn child_table_row(row: &Record<'_>, notes: &mut Notes<'_>) -> Option<ChildTableRow> {
    let child_id = row.uint(Key::ChildId, notes);
    let child_id = ChildId::new(row.need(Key::ChildId, "childId", child_id, notes)?);
    if child_id.is_none() {
        notes.problem(row.path, "expected a child id from 1 to 511");
    }
    let mode = row.object(Key::Mode, notes, mode);
    Some(ChildTableRow {
        child_id: child_id?,
        timeout_seconds: row
            .uint_to(Key::Timeout, MAX_TIMEOUT_EXPONENT, "expected an exponent from 0 to 31", notes)
            .map(timeout_seconds),
        // Absent before 2025: unknown, which is not the quality 0.
        link_quality_in: link_quality(row, Key::LinkQuality, notes),
        mode: row.need(Key::Mode, "mode", mode, notes)?,
    })
}

fn child_row(row: &Record<'_>, notes: &mut Notes<'_>) -> Option<ChildRow> {
    let extended_address = extended_address(row, notes)?;
    let mode = mode(row, notes)?;
    let csl_synchronized = row.boolean(Key::CslSynchronized, notes);
    Some(ChildRow {
        extended_address,
        rloc16: row.rloc16(Key::Rloc16, notes).flatten(),
        mode,
        thread_version: row.uint(Key::ThreadVersion, notes),
        timeout_seconds: row.uint(Key::Timeout, notes),
        age_seconds: row.uint(Key::Age, notes),
        connection_seconds: row.uint(Key::LinkAge, notes),
        supervision_interval_seconds: row.uint(Key::SupervisionInterval, notes),
        link_margin_db: row.uint(Key::LinkMargin, notes),
        link_quality_in: None,
        average_rssi: row.rssi(Key::AverageRssi, notes),
        last_rssi: row.rssi(Key::LastRssi, notes),
        frame_error: row.fraction(Key::FrameErrorRate, notes).map(ErrorRate::from_u16_scale),
        message_error: row.fraction(Key::MessageErrorRate, notes).map(ErrorRate::from_u16_scale),
        queued_messages: row.uint(Key::QueuedMessageCount, notes),
        csl_period_ten_symbols: row.uint(Key::CslPeriod, notes),
        csl_timeout_seconds: row.uint(Key::CslTimeout, notes),
        csl_channel: row.uint(Key::CslChannel, notes),
        csl_synchronized,
    })
}

fn child_addresses_row(row: &Record<'_>, notes: &mut Notes<'_>) -> Option<ChildAddressesRow> {
    let rloc16 = row.rloc16(Key::Rloc16, notes).flatten();
    let addresses = row.addresses(Key::Ipv6Addresses, FactKind::ChildAddresses, notes);
    Some(ChildAddressesRow {
        rloc16: row.need(Key::Rloc16, "rloc16", rloc16, notes)?,
        addresses: row.need(Key::Ipv6Addresses, "ipv6Addresses", addresses, notes)?,
    })
}

fn router_neighbor_row(row: &Record<'_>, notes: &mut Notes<'_>) -> Option<RouterNeighborRow> {
    Some(RouterNeighborRow {
        extended_address: extended_address(row, notes)?,
        rloc16: row.rloc16(Key::Rloc16, notes).flatten(),
        thread_version: row.uint(Key::ThreadVersion, notes),
        connection_seconds: row.uint(Key::LinkAge, notes),
        link_margin_db: row.uint(Key::LinkMargin, notes),
        average_rssi: row.rssi(Key::AverageRssi, notes),
        last_rssi: row.rssi(Key::LastRssi, notes),
        frame_error: row.fraction(Key::FrameErrorRate, notes).map(ErrorRate::from_u16_scale),
        message_error: row.fraction(Key::MessageErrorRate, notes).map(ErrorRate::from_u16_scale),
    })
}

/// Adds the facts of the neighbour tables.
///
/// From the JSON:API on, a router's item has `children`, `childIpv6Addresses` and `routerNeighbors` whether or not anybody asked or
/// the router answered (`DiagSet2JsonString` in ot-br-posix `src/rest/json.cpp`): an empty array says something only where
/// another TLV of the same answer agrees that there is nothing to list.
pub(super) fn neighbors(record: &Record<'_>, notes: &mut Notes<'_>) {
    let connectivity = record.object(Key::Connectivity, notes, connectivity);
    let route = record.object(Key::Route, notes, route);
    let child_table = record.table(Key::ChildTable, FactKind::ChildTable, notes, child_table_row);
    let children = record.table(Key::Children, FactKind::Children, notes, child_row);
    let child_addresses = record.table(Key::ChildIpv6Addresses, FactKind::ChildAddresses, notes, child_addresses_row);
    let router_neighbors = record.table(Key::RouterNeighbors, FactKind::RouterNeighbors, notes, router_neighbor_row);

    let table_length = child_table.as_ref().map(Vec::len);
    let childless = table_length == Some(0);
    let isolated = route
        .as_ref()
        .is_some_and(|route| route.routers.iter().all(|row| row.link_quality_in == LinkQuality::NONE));
    let heard = |length: usize, nothing_to_list: bool| length > 0 || nothing_to_list;

    if let Some(connectivity) = connectivity {
        notes.decoded.fact(Fact::Connectivity(connectivity));
    }
    if let Some(route) = route {
        notes.decoded.fact(Fact::Route64(route));
    }
    if let Some(rows) = child_table {
        notes.decoded.fact(Fact::ChildTable(rows));
    }
    if let Some(rows) = children.filter(|rows| heard(rows.len(), childless)) {
        // The list comes in several messages, and the agent renders what had arrived when it stopped waiting.
        if table_length.is_some_and(|length| rows.len() < length) {
            notes.decoded.mark_incomplete(FactKind::Children);
        }
        notes.decoded.fact(Fact::Children(rows));
    }
    if let Some(rows) = child_addresses.filter(|rows| heard(rows.len(), childless)) {
        notes.decoded.fact(Fact::ChildAddresses(rows));
    }
    if let Some(rows) = router_neighbors.filter(|rows| heard(rows.len(), isolated)) {
        notes.decoded.fact(Fact::RouterNeighbors(rows));
    }
}

/// Adds the counters.
pub(super) fn counters(record: &Record<'_>, notes: &mut Notes<'_>) {
    if let Some(counters) = record.object(Key::MacCounters, notes, mac_counters) {
        notes.decoded.fact(Fact::MacCounters(counters));
    }
    if let Some(counters) = record.object(Key::MleCounters, notes, mle_counters) {
        notes.decoded.fact(Fact::MleCounters(counters));
    }
}

fn count<T: TryFrom<u64>>(record: &Record<'_>, key: Key, name: &str, notes: &mut Notes<'_>) -> Option<T> {
    let count = record.uint(key, notes);
    record.need(key, name, count, notes)
}

fn mac_counters(record: &Record<'_>, notes: &mut Notes<'_>) -> Option<MacCounters> {
    Some(MacCounters {
        if_in_unknown_protos: count(record, Key::IfInUnknownProtos, "ifInUnknownProtos", notes)?,
        if_in_errors: count(record, Key::IfInErrors, "ifInErrors", notes)?,
        if_out_errors: count(record, Key::IfOutErrors, "ifOutErrors", notes)?,
        if_in_unicast_packets: count(record, Key::IfInUcastPkts, "ifInUcastPkts", notes)?,
        if_in_broadcast_packets: count(record, Key::IfInBroadcastPkts, "ifInBroadcastPkts", notes)?,
        if_in_discards: count(record, Key::IfInDiscards, "ifInDiscards", notes)?,
        if_out_unicast_packets: count(record, Key::IfOutUcastPkts, "ifOutUcastPkts", notes)?,
        if_out_broadcast_packets: count(record, Key::IfOutBroadcastPkts, "ifOutBroadcastPkts", notes)?,
        if_out_discards: count(record, Key::IfOutDiscards, "ifOutDiscards", notes)?,
    })
}

fn mle_counters(record: &Record<'_>, notes: &mut Notes<'_>) -> Option<MleCounters> {
    Some(MleCounters {
        disabled_role: count(record, Key::RadioDisabledCount, "radioDisabledCount", notes)?,
        detached_role: count(record, Key::DetachedRoleCount, "detachedRoleCount", notes)?,
        child_role: count(record, Key::ChildRoleCount, "childRoleCount", notes)?,
        router_role: count(record, Key::RouterRoleCount, "routerRoleCount", notes)?,
        leader_role: count(record, Key::LeaderRoleCount, "leaderRoleCount", notes)?,
        attach_attempts: count(record, Key::AttachAttemptsCount, "attachAttemptsCount", notes)?,
        partition_id_changes: count(record, Key::PartIdChangesCount, "partIdChangesCount", notes)?,
        better_partition_attach_attempts: count(record, Key::BetterPartIdAttachAttemptsCount, "betterPartIdAttachAttemptsCount", notes)?,
        parent_changes: count(record, Key::NewParentCount, "newParentCount", notes)?,
        tracked_milliseconds: count(record, Key::TotalTrackingTime, "totalTrackingTime", notes)?,
        disabled_milliseconds: count(record, Key::RadioDisabledTime, "radioDisabledTime", notes)?,
        detached_milliseconds: count(record, Key::DetachedRoleTime, "detachedRoleTime", notes)?,
        child_milliseconds: count(record, Key::ChildRoleTime, "childRoleTime", notes)?,
        router_milliseconds: count(record, Key::RouterRoleTime, "routerRoleTime", notes)?,
        leader_milliseconds: count(record, Key::LeaderRoleTime, "leaderRoleTime", notes)?,
    })
}
