//! Rows of tables: who is named, and what is said of it in one line.

use super::words::{self, count, dbm, percent, seconds, yes};
use super::{Names, Row, fact};
use weft_model::{
    ChildAddressesRow, ChildRow, ChildTableRow, Connectivity, EnhancedRouteRow, ErrorRate, ExtendedAddress, LeaderData, LinkQuality, MacCounters,
    MleCounters, NeighborRow, NetworkInterface, PowerSource, Rloc16, Route64, RouteRow, RouterNeighborRow, Rssi, ThreadNetworkEntry,
};

/// Parts of a row's value, in order; those that nobody said are left out.
#[derive(Default)]
struct Parts(Vec<String>);

impl Parts {
    fn add(mut self, part: Option<String>) -> Self {
        self.0.extend(part);
        self
    }

    fn quality(self, what: &str, quality: Option<LinkQuality>) -> Self {
        self.add(quality.map(|quality| format!("{what} {}", words::link_quality(quality).0)))
    }

    fn strength(self, average: Option<Rssi>, last: Option<Rssi>) -> Self {
        self.add(average.map(|rssi| format!("{} on average", dbm(rssi))))
            .add(last.map(|rssi| format!("{} last", dbm(rssi))))
    }

    fn errors(self, frames: Option<ErrorRate>, messages: Option<ErrorRate>) -> Self {
        self.add(frames.map(|rate| format!("{} of frames lost", percent(rate))))
            .add(messages.map(|rate| format!("{} of messages lost", percent(rate))))
    }

    fn age(self, age: Option<u32>) -> Self {
        self.add(age.map(|age| format!("heard {} ago", seconds(age.into()))))
    }

    fn since(self, connected: Option<u32>) -> Self {
        self.add(connected.map(|length| format!("linked for {}", seconds(length.into()))))
    }

    fn text(self) -> String {
        if self.0.is_empty() {
            "nothing more was said".to_owned()
        } else {
            self.0.join(", ")
        }
    }
}

fn who(address: Option<ExtendedAddress>, rloc16: Option<Rloc16>, names: &dyn Names) -> String {
    let named = address.map(|address| match names.radio(address) {
        Some(name) => name,
        None => address.to_string(),
    });
    match (named, rloc16) {
        (Some(name), Some(rloc16)) => format!("{name} ({rloc16})"),
        (Some(name), None) => name,
        (None, Some(rloc16)) => rloc16.to_string(),
        (None, None) => "without an address".to_owned(),
    }
}

pub(super) fn neighbor(row: &NeighborRow, names: &dyn Names) -> Row {
    let value = Parts::default()
        .quality("link quality", row.link_quality_in)
        .strength(row.average_rssi, row.last_rssi)
        .age(row.age_seconds)
        .errors(row.frame_error, row.message_error)
        .text();
    let relation = match (row.is_child, row.rx_on_when_idle) {
        (Some(true), Some(false)) => "its child, which sleeps",
        (Some(true), _) => "its child",
        (Some(false), _) => "no child of it: a router that it hears, or its parent",
        (None, _) => "",
    };
    Row::new(who(row.extended_address, row.rloc16, names), value).means(relation)
}

pub(super) fn route(row: &RouteRow, names: &dyn Names) -> Row {
    let value = Parts::default()
        .add(Some(match row.path_cost {
            Some(cost) => format!("path cost {cost}"),
            None => "no path".to_owned(),
        }))
        .add(row.next_hop.map(|hop| format!("next hop {}", hop.rloc16())))
        .quality("hears it with", row.link_quality_in)
        .quality("is heard with", row.link_quality_out)
        .age(row.age_seconds)
        .text();
    let meaning = match (row.link_established, row.allocated) {
        (true, _) => "a link: they hear each other directly",
        (false, true) => "a route only: they do not hear each other directly",
        (false, false) => "the router id is not in use",
    };
    Row::new(who(row.extended_address, row.rloc16, names), value).means(meaning)
}

pub(super) fn route64(route: &Route64) -> Vec<Row> {
    let sequence = route
        .id_sequence
        .map(|sequence| Row::new("Router id sequence", sequence.to_string()).means("grows when router ids are given or taken back"));
    let routers = route.routers.iter().map(|row| {
        let value = match row.path_cost {
            0 => "no path".to_owned(),
            cost => format!("path cost {cost}"),
        };
        let has_link = row.link_quality_in != LinkQuality::NONE || row.link_quality_out != LinkQuality::NONE;
        let value = match has_link {
            true => format!(
                "{value}, hears it with {}, is heard with {}",
                row.link_quality_in.get(),
                row.link_quality_out.get()
            ),
            false => value,
        };
        let meaning = match (has_link, row.path_cost) {
            (true, _) => "a link: they hear each other directly",
            (false, 1) => "itself, or a route",
            (false, 0) => "it cannot be reached",
            (false, _) => "a route over others",
        };
        Row::new(format!("Router {} ({})", row.router_id.get(), row.router_id.rloc16()), value).means(meaning)
    });
    sequence.into_iter().chain(routers).collect()
}

pub(super) fn enhanced_route(row: &EnhancedRouteRow) -> Row {
    let value = Parts::default()
        .add(
            row.next_hop
                .map(|hop| format!("next hop {}, cost {} from there", hop.rloc16(), row.next_hop_cost)),
        )
        .quality("hears it with", row.has_link.then_some(row.link_quality_in))
        .quality("is heard with", row.has_link.then_some(row.link_quality_out))
        .text();
    let meaning = match (row.is_self, row.has_link) {
        (true, _) => "itself",
        (false, true) => "a link: they hear each other directly",
        (false, false) => "a route only",
    };
    Row::new(format!("Router {} ({})", row.router_id.get(), row.router_id.rloc16()), value).means(meaning)
}

pub(super) fn child_table(row: &ChildTableRow) -> Row {
    let value = Parts::default()
        .quality("link quality", row.link_quality_in)
        .add(row.timeout_seconds.map(|length| format!("timeout {}", seconds(length.into()))))
        .add(Some(words::mode(row.mode)))
        .text();
    Row::new(format!("Child {}", row.child_id.get()), value).means("this table tells no age: a child that left stays in it until its timeout")
}

pub(super) fn child(row: &ChildRow, names: &dyn Names) -> Row {
    let value = Parts::default()
        .quality("link quality", row.link_quality_in)
        .add(row.link_margin_db.map(|margin| format!("{margin} dB above the noise")))
        .strength(row.average_rssi, row.last_rssi)
        .age(row.age_seconds)
        .since(row.connection_seconds)
        .errors(row.frame_error, row.message_error)
        .add(row.timeout_seconds.map(|length| format!("timeout {}", seconds(length.into()))))
        .add(
            row.queued_messages
                .filter(|waiting| *waiting > 0)
                .map(|waiting| format!("{waiting} messages wait for it")),
        )
        .add(row.thread_version.map(|version| words::thread_version(version).1.to_owned()))
        .text();
    Row::new(who(Some(row.extended_address), row.rloc16, names), value).means(words::mode(row.mode))
}

pub(super) fn child_addresses(row: &ChildAddressesRow) -> Row {
    let addresses: Vec<String> = row.addresses.iter().map(ToString::to_string).collect();
    Row::new(
        row.rloc16.to_string(),
        if addresses.is_empty() { "none".into() } else { addresses.join(", ") },
    )
}

pub(super) fn router_neighbor(row: &RouterNeighborRow, names: &dyn Names) -> Row {
    let value = Parts::default()
        .add(row.link_margin_db.map(|margin| format!("{margin} dB above the noise")))
        .strength(row.average_rssi, row.last_rssi)
        .since(row.connection_seconds)
        .errors(row.frame_error, row.message_error)
        .add(row.thread_version.map(|version| words::thread_version(version).1.to_owned()))
        .text();
    Row::new(who(Some(row.extended_address), row.rloc16, names), value).means("a link: they hear each other directly")
}

pub(super) fn connectivity(connectivity: &Connectivity) -> Vec<Row> {
    let number = |name: &str, value: u8| Row::new(name, value.to_string());
    let mut rows = vec![
        Row::new("Parent priority", connectivity.parent_priority.to_string()).means(match connectivity.parent_priority {
            1.. => "high: it wants children",
            0 => "medium",
            _ => "low: children shall look elsewhere",
        }),
        number("Routers heard with quality 3", connectivity.link_quality_3),
        number("Routers heard with quality 2", connectivity.link_quality_2),
        number("Routers heard with quality 1", connectivity.link_quality_1),
        number("Path cost to the leader", connectivity.leader_cost),
        number("Router id sequence", connectivity.id_sequence),
        number("Active routers", connectivity.active_routers),
    ];
    rows.extend(
        connectivity
            .sed_buffer_bytes
            .map(|bytes| Row::new("Buffer for sleepy children", format!("{bytes} bytes"))),
    );
    rows.extend(
        connectivity
            .sed_datagram_count
            .map(|number| Row::new("Datagrams kept for each", number.to_string())),
    );
    rows
}

pub(super) fn leader_data(data: &LeaderData) -> Vec<Row> {
    let leader = match data.leader_router_id {
        Some(router) => Row::new("Leader", router.rloc16().to_string()).means(format!("router {}", router.get())),
        None => Row::new("Leader", "none"),
    };
    vec![
        Row::new("Partition id", data.partition_id.to_string()).means("who tells the same one is in the same partition"),
        leader,
        Row::new("Weighting", data.weighting.to_string()),
        Row::new(
            "Network data version",
            format!("{} (stable {})", data.data_version, data.stable_data_version),
        ),
    ]
}

pub(super) fn mac_counters(counters: &MacCounters) -> Vec<Row> {
    let row = |name: &str, frames: u32| Row::new(name, count(frames as usize, "frame", "frames"));
    vec![
        row("Received, unicast", counters.if_in_unicast_packets),
        row("Received, broadcast", counters.if_in_broadcast_packets),
        row("Received and discarded", counters.if_in_discards),
        row("Received with errors", counters.if_in_errors),
        row("Received, unknown protocol", counters.if_in_unknown_protos),
        row("Sent, unicast", counters.if_out_unicast_packets),
        row("Sent, broadcast", counters.if_out_broadcast_packets),
        row("Not sent, discarded", counters.if_out_discards),
        row("Not sent, errors", counters.if_out_errors),
    ]
}

pub(super) fn mle_counters(counters: &MleCounters) -> Vec<Row> {
    let role = |name: &str, entered: u16, milliseconds: u64| Row::new(name, format!("{entered} times, {} altogether", seconds(milliseconds / 1_000)));
    let number = |name: &str, value: u16| Row::new(name, value.to_string());
    vec![
        Row::new("Counted for", seconds(counters.tracked_milliseconds / 1_000)),
        role("Was leader", counters.leader_role, counters.leader_milliseconds),
        role("Was router", counters.router_role, counters.router_milliseconds),
        role("Was child", counters.child_role, counters.child_milliseconds),
        role("Was detached", counters.detached_role, counters.detached_milliseconds),
        role("Was disabled", counters.disabled_role, counters.disabled_milliseconds),
        number("Changed its parent", counters.parent_changes),
        number("Changed its partition", counters.partition_id_changes),
        number("Tried to attach", counters.attach_attempts),
        number("Tried a better partition", counters.better_partition_attach_attempts),
    ]
}

pub(super) fn interface(interface: &NetworkInterface) -> Row {
    let kind = match interface.interface_type {
        1 => "Wi-Fi",
        2 => "Ethernet",
        3 => "cellular",
        NetworkInterface::THREAD => "Thread",
        _ => "of an unknown type",
    };
    let addresses: Vec<String> = interface.ipv6_addresses.iter().take(16).map(ToString::to_string).collect();
    let state = if interface.operational { "up" } else { "down" };
    let value = format!(
        "{state}, hardware address {}, {}",
        words::hex(&interface.hardware_address),
        addresses.join(", ")
    );
    Row::new(format!("Interface {}", fact::quoted(&interface.name)), value).means(kind)
}

pub(super) fn thread_network(entry: &ThreadNetworkEntry) -> Row {
    let value = Parts(vec![entry.extended_pan_id.to_string()])
        .add(entry.channel.map(|channel| format!("channel {}", channel.get())))
        .add(
            entry
                .active_timestamp
                .map(|packed| format!("active timestamp {}", words::dataset_timestamp(packed).0)),
        )
        .text();
    Row::new(fact::quoted(&entry.name), value)
}

pub(super) fn power_source(power: &PowerSource) -> Vec<Row> {
    let mut rows = Vec::new();
    let mut add = |name: &str, value: Option<String>| rows.extend(value.map(|value| Row::new(name, value)));
    add(
        "Status",
        power.status.map(|status| {
            match status {
                1 => "active",
                2 => "standby",
                3 => "unavailable",
                _ => "not specified",
            }
            .into()
        }),
    );
    add("Order", power.order.map(|order| order.to_string()));
    add("Description", power.description.clone());
    add("Battery", power.battery_half_percent.map(|half| format!("{} %", f32::from(half) / 2.0)));
    add(
        "Charge level",
        power.battery_charge_level.map(|level| {
            match level {
                0 => "ok",
                1 => "warning",
                2 => "critical",
                _ => "unknown",
            }
            .into()
        }),
    );
    add("Voltage", power.battery_millivolts.map(|millivolts| format!("{millivolts} mV")));
    if rows.is_empty() {
        rows.push(Row::new("Anything known", yes(false)));
    }
    rows
}
