//! Facts in words: one row for a single value, a section of its own for a table.

use super::words::{self, count, seconds, yes};
use super::{Names, Row, Section, attribute, service, table};
use weft_model::{AttributeValue, Dataset, Fact, FactKind};

/// Sections of facts in their order: single values together under `title`, then a section for each table.
pub(super) fn sections<'f>(title: &str, facts: impl IntoIterator<Item = &'f Fact>, names: &dyn Names) -> Vec<Section> {
    let mut single = Section::new(title, Vec::new());
    let mut tables = Vec::new();
    for fact in facts {
        match section(fact, names) {
            Some(table) => tables.push(table),
            None => single.rows.push(row(fact, names)),
        }
    }
    [single].into_iter().chain(tables).collect()
}

/// The section of a fact that is a table or a record; `None` for a single value.
pub(super) fn section(fact: &Fact, names: &dyn Names) -> Option<Section> {
    let (rows, nothing) = match fact {
        Fact::NeighborTable(rows) => (rows.iter().map(|row| table::neighbor(row, names)).collect::<Vec<_>>(), "hears nobody"),
        Fact::RouteTable(rows) => (rows.iter().map(|row| table::route(row, names)).collect(), "knows no router"),
        Fact::Route64(route) => (table::route64(route), "knows no router"),
        Fact::EnhancedRoute(rows) => (rows.iter().map(table::enhanced_route).collect(), "knows no router"),
        Fact::ChildTable(rows) => (rows.iter().map(table::child_table).collect(), "has no child"),
        Fact::Children(rows) => (rows.iter().map(|row| table::child(row, names)).collect(), "has no child"),
        Fact::ChildAddresses(rows) => (rows.iter().map(table::child_addresses).collect(), "no child registered an address"),
        Fact::RouterNeighbors(rows) => (
            rows.iter().map(|row| table::router_neighbor(row, names)).collect(),
            "has no link with a router",
        ),
        Fact::Connectivity(connectivity) => (table::connectivity(connectivity), ""),
        Fact::LeaderData(data) => (table::leader_data(data), ""),
        Fact::MacCounters(counters) => (table::mac_counters(counters), ""),
        Fact::MleCounters(counters) => (table::mle_counters(counters), ""),
        Fact::Dataset(dataset) => (self::dataset(dataset), "an empty dataset"),
        Fact::NetworkInterfaces(interfaces) => (interfaces.iter().map(table::interface).collect(), "no interface"),
        Fact::ThreadNetworks(networks) => (networks.iter().map(table::thread_network).collect(), "lists no network"),
        Fact::PowerSource(power) => (table::power_source(power), ""),
        Fact::Service(record) => (service::registration(record), ""),
        _ => return None,
    };
    let name = label(fact.kind());
    if rows.is_empty() {
        return Some(Section::new(name, vec![Row::new(name_of(fact.kind()), "empty").means(nothing)]));
    }
    let is_list = matches!(
        fact,
        Fact::NeighborTable(_)
            | Fact::RouteTable(_)
            | Fact::Route64(_)
            | Fact::EnhancedRoute(_)
            | Fact::ChildTable(_)
            | Fact::Children(_)
            | Fact::ChildAddresses(_)
            | Fact::RouterNeighbors(_)
    );
    let title = if is_list {
        format!("{name}: {}", count(rows.len(), "row", "rows"))
    } else {
        name
    };
    Some(Section::new(title, rows))
}

/// The row of a single value.
pub(super) fn row(fact: &Fact, names: &dyn Names) -> Row {
    let name = label(fact.kind());
    let plain = |value: String| Row::new(name.clone(), value);
    match fact {
        Fact::ExtendedAddress(address) => plain(words::radio(*address, names)).means("the address of its radio"),
        Fact::HardwareAddress(address) => {
            plain(words::hex(address)).means("of its Thread interface: the radio's extended address, or a factory EUI-64")
        }
        Fact::Eui64(eui64) => plain(eui64.to_string()).means("given by the factory; not the radio's address in the mesh"),
        Fact::Rloc16(Some(rloc16)) => plain(rloc16.to_string()).means(words::rloc16(*rloc16)),
        Fact::Rloc16(None) => plain("none".into()).means("it says that it has no place in the mesh"),
        Fact::Ipv6Addresses(addresses) => plain(list(addresses.iter())),
        Fact::AnsweredForBy(router) => plain(router.to_string()).means("this router answers for its address, as parents do for their children"),
        Fact::Mode(mode) => plain(words::mode(*mode)),
        Fact::RoutingRole(role) => {
            let (value, meaning) = words::routing_role(*role);
            plain(value).means(meaning)
        }
        Fact::ThreadVersion(version) => {
            let (value, meaning) = words::thread_version(*version);
            plain(value).means(meaning)
        }
        Fact::BorderAgentId(id) => plain(id.to_string()).means("stays the same when the border router's addresses change"),
        Fact::ExtendedPanId(id) => plain(id.to_string()).means("which network it is in"),
        Fact::PreferredExtendedPanId(id) => plain(id.to_string()).means("the network that new devices shall join"),
        Fact::PanId(id) => plain(id.to_string()),
        Fact::Channel(channel) => plain(channel.get().to_string()).means(frequency(channel.get())),
        Fact::MeshLocalPrefix(prefix) => plain(prefix.to_string()).means("of addresses that work inside the mesh only"),
        Fact::OmrPrefix(prefix) => plain(prefix.to_string()).means("off-mesh-routable: devices take addresses from it that the LAN reaches"),
        Fact::PartitionId(id) => plain(id.to_string()),
        Fact::LeaderRouterId(id) => plain(id.get().to_string()).means(format!("the leader is {}", id.rloc16())),
        Fact::ActiveTimestamp(packed) | Fact::PendingTimestamp(packed) => {
            let (value, meaning) = words::dataset_timestamp(*packed);
            plain(value).means(meaning)
        }
        Fact::RouterCount(routers) => plain(routers.to_string()).means("routers that it knows in its partition"),
        Fact::DeviceTypes(types) => plain(list(types.iter().map(|number| match attribute::device_type(*number) {
            Some(name) => format!("{name} ({number:#06x})"),
            None => format!("{number:#06x}"),
        }))),
        Fact::VendorId(id) | Fact::ProductId(id) => plain(format!("{id:#06x}")),
        Fact::BatteryPercent(percent) => plain(format!("{percent} %")),
        Fact::SupplyMillivolts(millivolts) => plain(format!("{millivolts} mV")),
        Fact::TimeoutSeconds(length) => plain(seconds((*length).into())).means("after this silence its parent gives it up"),
        Fact::MaxChildTimeoutSeconds(length) => plain(seconds((*length).into())).means("the longest timeout of its children"),
        Fact::ChannelPages(pages) => plain(list(pages.iter())),
        Fact::VendorName(text)
        | Fact::ModelName(text)
        | Fact::NodeLabel(text)
        | Fact::SoftwareVersion(text)
        | Fact::StackVersion(text)
        | Fact::VendorAppUrl(text)
        | Fact::SerialNumber(text)
        | Fact::UniqueId(text)
        | Fact::NetworkName(text)
        | Fact::ServiceType(text) => plain(quoted(text)),
        Fact::Null(_) => plain("null".into()).means("asked, and there is none"),
        Fact::Refused(_, status) => {
            let (value, meaning) = words::status(*status);
            plain(value).means(meaning)
        }
        Fact::Attribute(_, value) => plain(attribute_value(value)),
        Fact::UnknownTlv(_, bytes) => plain(words::bytes(bytes)).means("a type that Weft does not know"),
        // Tables and records have sections of their own; a summary and an annotation are explained by their captures.
        other => plain(other.kind().name().into_owned()),
    }
}

/// What a value of this kind is called: "Neighbour table".
pub(super) fn label(kind: FactKind) -> String {
    match kind {
        FactKind::Attribute(path) => format!(
            "{}, {} (endpoint {})",
            attribute::cluster_name(path.cluster),
            attribute::attribute_name(path.cluster, path.attribute),
            path.endpoint
        ),
        FactKind::UnknownTlv(number) => format!("TLV {number}"),
        kind => name_of(kind),
    }
}

fn name_of(kind: FactKind) -> String {
    let name = match kind {
        FactKind::Rloc16 => "RLOC16",
        FactKind::Eui64 => "EUI-64",
        FactKind::Ipv6Addresses => "IPv6 addresses",
        FactKind::ExtendedPanId => "Extended PAN id",
        FactKind::PreferredExtendedPanId => "Preferred extended PAN id",
        FactKind::PanId => "PAN id",
        FactKind::OmrPrefix => "OMR prefix",
        FactKind::MeshLocalPrefix => "Mesh-local prefix",
        FactKind::BorderAgentId => "Border agent id",
        FactKind::Route64 => "Route64",
        FactKind::NeighborTable => "Neighbour table",
        FactKind::RouterNeighbors => "Router neighbours",
        FactKind::MacCounters => "MAC counters",
        FactKind::MleCounters => "MLE counters",
        FactKind::Dataset => "Operational dataset",
        FactKind::VendorAppUrl => "Vendor app URL",
        FactKind::TimeoutSeconds => "Timeout",
        FactKind::MaxChildTimeoutSeconds => "Longest child timeout",
        FactKind::SupplyMillivolts => "Supply voltage",
        FactKind::BatteryPercent => "Battery",
        kind => return words::capitalised(&kind.name().replace('-', " ")),
    };
    name.to_owned()
}

/// The centre frequency of an IEEE 802.15.4 channel of the 2.4 GHz band.
pub(super) fn frequency(channel: u8) -> String {
    match channel {
        11..=26 => format!("{} MHz", 2405 + 5 * (u32::from(channel) - 11)),
        _ => String::new(),
    }
}

/// A dataset's fields; of its secrets only that they were there.
pub(super) fn dataset(dataset: &Dataset) -> Vec<Row> {
    let mut rows = Vec::new();
    let mut add = |name: &str, value: Option<(String, String)>| {
        rows.extend(value.map(|(value, meaning)| Row::new(name, value).means(meaning)));
    };
    let plain = |value: String| (value, String::new());
    add("Active timestamp", dataset.active_timestamp.map(words::dataset_timestamp));
    add("Pending timestamp", dataset.pending_timestamp.map(words::dataset_timestamp));
    add(
        "Delay",
        dataset
            .delay_milliseconds
            .map(|delay| (words::milliseconds(delay.into()), "until the pending dataset holds".into())),
    );
    add("Network name", dataset.network_name.as_deref().map(|name| plain(quoted(name))));
    add("Extended PAN id", dataset.extended_pan_id.map(|id| plain(id.to_string())));
    add("PAN id", dataset.pan_id.map(|id| plain(id.to_string())));
    add(
        "Channel",
        dataset.channel.map(|channel| (channel.get().to_string(), frequency(channel.get()))),
    );
    add(
        "Channel mask",
        dataset
            .channel_mask
            .as_deref()
            .map(|mask| (words::hex(mask), "channels that the network may move to".into())),
    );
    add("Mesh-local prefix", dataset.mesh_local_prefix.map(|prefix| plain(prefix.to_string())));
    add(
        "Key rotation",
        dataset.key_rotation_hours.map(|hours| plain(count(usize::from(hours), "hour", "hours"))),
    );
    add(
        "Security policy flags",
        dataset.security_policy_flags.as_deref().map(|flags| plain(words::hex(flags))),
    );
    let removed = |is_there: bool| is_there.then(|| ("removed".to_owned(), "a secret: it was there, and Weft keeps no such thing".to_owned()));
    add("Network key", removed(dataset.has_network_key));
    add("PSKc", removed(dataset.has_pskc));
    for (number, value) in &dataset.other {
        add(
            &format!("TLV {number}"),
            Some((words::hex(value), "a type that Weft does not know".into())),
        );
    }
    rows
}

/// A Matter value in words; nested ones in brackets.
pub(super) fn attribute_value(value: &AttributeValue) -> String {
    let mut text = String::new();
    write_value(value, &mut text, 0);
    text
}

/// The most characters that are written before the rest is left out; a row is cut to fewer.
const MAX_WRITTEN: usize = 4 * super::MAX_TEXT_CHARACTERS;
const MAX_DEPTH: usize = 8;

fn write_value(value: &AttributeValue, text: &mut String, depth: usize) {
    if text.len() > MAX_WRITTEN || depth > MAX_DEPTH {
        text.push('…');
        return;
    }
    match value {
        AttributeValue::Null => text.push_str("null"),
        AttributeValue::Boolean(is_so) => text.push_str(yes(*is_so)),
        AttributeValue::Unsigned(number) => text.push_str(&number.to_string()),
        AttributeValue::Signed(number) => text.push_str(&number.to_string()),
        AttributeValue::Float(bits) => text.push_str(&f64::from_bits(*bits).to_string()),
        AttributeValue::Text(words) => text.push_str(&quoted(words)),
        AttributeValue::Octets(bytes) => text.push_str(&words::bytes(bytes)),
        AttributeValue::List(items) if items.is_empty() => text.push_str("empty list"),
        AttributeValue::List(items) => {
            for (place, item) in items.iter().enumerate() {
                text.push_str(if place == 0 { "[" } else { ", " });
                write_value(item, text, depth + 1);
                if text.len() > MAX_WRITTEN {
                    break;
                }
            }
            text.push(']');
        }
        AttributeValue::Structure(fields) => {
            text.push('{');
            for (place, (tag, field)) in fields.iter().enumerate() {
                text.push_str(&format!("{}{tag}: ", if place == 0 { "" } else { ", " }));
                write_value(field, text, depth + 1);
                if text.len() > MAX_WRITTEN {
                    break;
                }
            }
            text.push('}');
        }
    }
}

pub(super) fn quoted(text: &str) -> String {
    if text.is_empty() { "empty".to_owned() } else { text.to_owned() }
}

fn list<T: ToString>(items: impl Iterator<Item = T>) -> String {
    let items: Vec<String> = items.take(64).map(|item| item.to_string()).collect();
    if items.is_empty() { "none".to_owned() } else { items.join(", ") }
}
