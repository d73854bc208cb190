//! Thread Border Router Management, 0x0452, and Thread Network Directory, 0x0453 (Matter core specification 1.4, 10.3 and 10.4). Their datasets are answers to
//! commands, not attributes: nothing here holds a key.

use super::statement::{Row, Statement, octets, text};
use weft_model::{AttributeValue, BorderAgentId, Channel, ExtendedPanId, Fact, FactKind, ThreadNetworkEntry};

pub(super) fn decode_management(statement: &mut Statement<'_>) {
    match statement.path.attribute {
        0x00 => statement.text(Fact::NodeLabel),
        0x01 => {
            let Some(octets) = statement.octets() else { return };
            match <[u8; 16]>::try_from(octets.as_ref()) {
                Ok(id) if id == [0; 16] => statement.null(FactKind::BorderAgentId),
                Ok(id) => statement.fact(Fact::BorderAgentId(BorderAgentId(id))),
                Err(_) => statement.problem("", format!("16 bytes expected, got {}", octets.len())),
            }
        }
        0x02 => statement.number(Fact::ThreadVersion),
        0x04 => statement.number(Fact::ActiveTimestamp),
        0x05 => statement.number(Fact::PendingTimestamp),
        _ => statement.keep(),
    }
}

pub(super) fn decode_directory(statement: &mut Statement<'_>) {
    match statement.path.attribute {
        0x00 => {
            let Some(octets) = statement.octets() else { return };
            match <[u8; 8]>::try_from(octets.as_ref()) {
                Ok(id) => statement.fact(Fact::PreferredExtendedPanId(ExtendedPanId(id))),
                Err(_) => statement.problem("", format!("8 bytes expected, got {}", octets.len())),
            }
        }
        0x01 => {
            if let Some(networks) = statement.rows(network) {
                statement.fact(Fact::ThreadNetworks(networks));
            }
        }
        _ => statement.keep(),
    }
}

fn network(row: &mut Row<'_, '_>) -> Option<ThreadNetworkEntry> {
    let form = row.statement.form;
    let extended_pan_id = row.read(0, "ExtendedPanID", |value| {
        let octets = octets(value, form)?;
        <[u8; 8]>::try_from(octets.as_ref()).map_err(|_| format!("8 bytes expected, got {}", octets.len()).into())
    });
    let Some(extended_pan_id) = extended_pan_id else {
        if !row.wrong {
            row.problem("ExtendedPanID", "is missing");
        }
        return None;
    };
    Some(ThreadNetworkEntry {
        extended_pan_id: ExtendedPanId(extended_pan_id),
        name: row.read(1, "NetworkName", text).unwrap_or_default(),
        channel: row.number(2, "Channel").and_then(Channel::new),
        active_timestamp: row.number(3, "ActiveTimestamp"),
    })
}

/// The directory as a device would give it.
pub(super) fn encode_networks(networks: &[ThreadNetworkEntry]) -> AttributeValue {
    let row = |network: &ThreadNetworkEntry| {
        let mut fields = vec![
            (0, AttributeValue::Octets(network.extended_pan_id.0.to_vec())),
            (1, AttributeValue::Text(network.name.clone())),
        ];
        fields.extend(network.channel.map(|channel| (2, AttributeValue::Unsigned(channel.get().into()))));
        fields.extend(network.active_timestamp.map(|timestamp| (3, AttributeValue::Unsigned(timestamp))));
        AttributeValue::Structure(fields)
    };
    AttributeValue::List(networks.iter().map(row).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::matter::clusters::tests::{facts, path};
    use crate::matter::{decode_attribute, decode_value};

    #[test]
    fn a_border_router_reads_as_annotated() {
        let agent = [&[0x10, 0x10][..], &[0xa5; 16]].concat();
        assert_eq!(
            decode_attribute(path(0x452, 1), &agent).facts,
            [Fact::BorderAgentId(BorderAgentId([0xa5; 16]))]
        );
        assert_eq!(
            decode_attribute(path(0x452, 0), &[0x0c, 0x02, b'B', b'R']).facts,
            [Fact::NodeLabel("BR".into())]
        );
        assert_eq!(decode_attribute(path(0x452, 2), &[0x04, 0x05]).facts, [Fact::ThreadVersion(5)]);
        let enabled = path(0x452, 3);
        assert_eq!(
            decode_attribute(enabled, &[0x09]).facts,
            [Fact::Attribute(enabled, AttributeValue::Boolean(true))]
        );
        assert_eq!(
            decode_attribute(path(0x452, 4), &[0x06, 0, 0, 1, 0]).facts,
            [Fact::ActiveTimestamp(1 << 16)]
        );
        assert_eq!(decode_attribute(path(0x452, 5), &[0x14]).facts, [Fact::Null(FactKind::PendingTimestamp)]);
        let short = decode_value(path(0x452, 1), &AttributeValue::Octets(vec![1; 8]));
        assert_eq!(
            (short.facts.len(), short.problems[0].to_string()),
            (0, "border-agent-id: 16 bytes expected, got 8".into())
        );
    }

    #[test]
    fn a_directory_lists_its_networks() {
        let networks = vec![
            ThreadNetworkEntry {
                extended_pan_id: "2815cda27e86609a".parse().unwrap(),
                name: "home-44".into(),
                channel: Channel::new(17),
                active_timestamp: Some(1 << 16),
            },
            ThreadNetworkEntry {
                extended_pan_id: ExtendedPanId([1; 8]),
                name: "other".into(),
                channel: None,
                active_timestamp: None,
            },
        ];
        assert_eq!(facts(0x453, 1, encode_networks(&networks)), [Fact::ThreadNetworks(networks)]);
        let preferred = decode_attribute(path(0x453, 0), &[0x10, 0x08, 1, 2, 3, 4, 5, 6, 7, 8]);
        assert_eq!(preferred.facts, [Fact::PreferredExtendedPanId(ExtendedPanId([1, 2, 3, 4, 5, 6, 7, 8]))]);
        assert_eq!(
            decode_attribute(path(0x453, 0), &[0x14]).facts,
            [Fact::Null(FactKind::PreferredExtendedPanId)]
        );
    }

    #[test]
    fn a_network_without_its_id_costs_that_row() {
        let rows = AttributeValue::List(vec![AttributeValue::Structure(vec![(1, AttributeValue::Text("home".into()))])]);
        let decoded = decode_value(path(0x453, 1), &rows);
        assert_eq!(decoded.facts, [Fact::ThreadNetworks(Vec::new())]);
        assert_eq!(decoded.incomplete, [FactKind::ThreadNetworks]);
    }
}
