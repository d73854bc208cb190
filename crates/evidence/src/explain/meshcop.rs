//! What border routers announce of themselves (OpenThread `src/core/meshcop/border_agent_txt_data.cpp`; Thread specification 1.4, 8.4.1.1).

use super::{Row, words};
use weft_model::{BorderAgentConnectionMode, BorderAgentRecord, BorderAgentRole, BorderAgentState};

/// What a key of the TXT record is called; the key in lower case.
pub(super) fn key_name(key: &str) -> Option<&'static str> {
    Some(match key {
        "rv" => "Record version",
        "id" => "Border agent id",
        "tv" => "Thread version",
        "sb" => "State bitmap",
        "nn" => "Network name",
        "xp" => "Extended PAN id",
        "xa" => "Extended address",
        "at" => "Active timestamp",
        "pt" => "Partition id",
        "dn" => "Domain name",
        "sq" => "Backbone router sequence number",
        "bb" => "Backbone router port",
        "omr" => "OMR prefix",
        "vn" => "Vendor name",
        "mn" => "Model name",
        "vo" => "Vendor OUI",
        _ => return None,
    })
}

/// The one value that a record of one key tells, and what it means.
pub(super) fn told(record: &BorderAgentRecord) -> Option<(String, String)> {
    let plain = |value: String| (value, String::new());
    let with = |value: String, meaning: &str| (value, meaning.to_owned());
    None.or_else(|| record.record_version.clone().map(|version| with(version, "layout of this record")))
        .or_else(|| {
            record
                .border_agent_id
                .map(|id| with(id.to_string(), "stays the same when the border router's addresses change"))
        })
        .or_else(|| record.thread_version.clone().map(plain))
        .or_else(|| {
            record.state.map(|state| {
                let words: Vec<String> = state_rows(&state).into_iter().filter_map(|row| row.meaning).collect();
                (format!("{:#010x}", state.bits), words.join("; "))
            })
        })
        .or_else(|| record.network_name.clone().map(plain))
        .or_else(|| {
            record
                .extended_pan_id
                .map(|id| with(id.to_string(), "which network: border routers with the same one form one network"))
        })
        .or_else(|| {
            record.extended_address.map(|address| {
                with(
                    address.to_string(),
                    "the address of its radio; some vendors put another stable number here",
                )
            })
        })
        .or_else(|| record.active_timestamp.map(words::dataset_timestamp))
        .or_else(|| {
            record.partition_id.map(|id| {
                with(
                    id.to_string(),
                    "border routers of one network with different ones do not reach each other by radio",
                )
            })
        })
        .or_else(|| record.domain_name.clone().map(|name| with(name, "of the Thread domain")))
        .or_else(|| {
            record
                .backbone_sequence
                .map(|number| with(number.to_string(), "grows when devices must register anew"))
        })
        .or_else(|| record.backbone_port.map(|port| with(port.to_string(), "for other backbone routers")))
        .or_else(|| {
            record.omr_prefix.map(|prefix| {
                with(
                    prefix.to_string(),
                    "off-mesh-routable: devices take addresses from it that the LAN reaches",
                )
            })
        })
        .or_else(|| record.vendor_name.clone().map(plain))
        .or_else(|| record.model_name.clone().map(plain))
        .or_else(|| {
            record
                .vendor_oui
                .as_deref()
                .map(|oui| with(words::hex(oui), "who made it, by the IEEE's list"))
        })
}

/// The fields of the state bitmap, from bit 0 on.
pub(super) fn state_rows(state: &BorderAgentState) -> Vec<Row> {
    let field = |bits: &str, number: u8, name: &str, meaning: &str| Row::new(format!("{name} ({bits})"), number.to_string()).means(meaning);
    let connection = match state.connection_mode {
        BorderAgentConnectionMode::Disallowed => (0, "commissioners may not connect"),
        BorderAgentConnectionMode::Pskc => (1, "commissioners may connect with the network's PSKc"),
        BorderAgentConnectionMode::Pskd => (2, "commissioners may connect with a device's PSKd"),
        BorderAgentConnectionMode::Vendor => (3, "commissioners may connect as the vendor defines"),
        BorderAgentConnectionMode::X509 => (4, "commissioners may connect with a certificate"),
        BorderAgentConnectionMode::Reserved(number) => (number, "a reserved connection mode"),
    };
    let interface = match state.thread_interface_status {
        0 => "its Thread interface is not initialised",
        1 => "its Thread interface is initialised, but not active",
        2 => "its Thread interface is active",
        _ => "a reserved state of its Thread interface",
    };
    let availability = match state.availability {
        0 => "it may be away at times",
        1 => "it is meant to be always there",
        _ => "a reserved availability",
    };
    let (role, role_words) = match state.role {
        BorderAgentRole::Detached => (0, "it is disabled or detached: in no mesh"),
        BorderAgentRole::Child => (1, "it is a child"),
        BorderAgentRole::Router => (2, "it is a router"),
        BorderAgentRole::Leader => (3, "it leads its partition"),
    };
    let multi_ail = match state.multi_ail {
        0 => "it does not tell whether border routers are on several LANs",
        1 => "the border routers are on one LAN",
        2 => "the border routers are on several LANs",
        _ => "a reserved number",
    };
    let is = |is_so: bool, yes: &'static str, no: &'static str| if is_so { yes } else { no };
    let mut rows = vec![
        field("bits 0–2", connection.0, "Connection mode", connection.1),
        field("bits 3–4", state.thread_interface_status, "Thread interface", interface),
        field("bits 5–6", state.availability, "Availability", availability),
        field(
            "bit 7",
            state.backbone_router_active.into(),
            "Backbone router",
            is(state.backbone_router_active, "backbone router active", "no backbone router"),
        ),
        field(
            "bit 8",
            state.backbone_router_primary.into(),
            "Primary",
            is(
                state.backbone_router_primary,
                "the primary backbone router",
                "not the primary backbone router",
            ),
        ),
        field("bits 9–10", role, "Role", role_words),
        field(
            "bit 11",
            state.ephemeral_key_supported.into(),
            "Ephemeral key",
            is(
                state.ephemeral_key_supported,
                "supports ephemeral keys",
                "does not support ephemeral keys",
            ),
        ),
        field("bits 12–13", state.multi_ail, "Several LANs", multi_ail),
        field(
            "bit 14",
            state.admitter.into(),
            "Admitter",
            is(state.admitter, "admits new devices", "does not admit new devices"),
        ),
    ];
    if state.reserved_bits != 0 {
        rows.push(Row::new("Reserved (bits 15–31)", format!("{:#010x}", state.reserved_bits)).means("bits that Weft does not know are set"));
    }
    rows
}
