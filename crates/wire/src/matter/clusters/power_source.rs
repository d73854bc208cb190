//! Power Source, 0x002F (Matter core specification 1.4, 11.7): one attribute a value, one cluster a source.
//!
//! A single attribute is kept as it came; [`power_source`] makes the fact of a whole read, of the source that feeds the node.

use super::POWER_SOURCE;
use super::statement::{Statement, number, text, unsigned};
use std::collections::BTreeMap;
use weft_model::{AttributePath, AttributeValue, Fact, PowerSource};

const STATUS: u32 = 0x00;
const ORDER: u32 = 0x01;
const DESCRIPTION: u32 = 0x02;
const BATTERY_VOLTAGE: u32 = 0x0b;
const BATTERY_PERCENT: u32 = 0x0c;
const BATTERY_CHARGE_LEVEL: u32 = 0x0e;

/// The status of a source that is in use.
const ACTIVE: u8 = 1;
/// A full battery, in half percent.
const FULL: u8 = 200;

pub(super) fn decode(statement: &mut Statement<'_>) {
    let readable = match statement.path.attribute {
        STATUS | ORDER | BATTERY_CHARGE_LEVEL => statement.read(number::<u8>).is_some(),
        BATTERY_PERCENT => statement.read(|value| unsigned(value, FULL.into())).is_some(),
        BATTERY_VOLTAGE => statement.read(number::<u32>).is_some(),
        DESCRIPTION => statement.read(text).is_some(),
        _ => true,
    };
    if readable {
        statement.keep();
    }
}

/// The power source of a node, from the facts of its attributes, with the endpoint that it stands on: among several sources an active one before others, then
/// by their order. `None` where no source tells its status: then this is no whole read.
pub(in crate::matter) fn power_source<'a>(facts: impl Iterator<Item = &'a (AttributePath, Fact)>) -> Option<(u16, Fact)> {
    let mut sources: BTreeMap<u16, PowerSource> = BTreeMap::new();
    for (path, fact) in facts.filter(|(path, _)| path.cluster == POWER_SOURCE) {
        let Fact::Attribute(_, value) = fact else { continue };
        let source = sources.entry(path.endpoint).or_default();
        match path.attribute {
            STATUS => source.status = number(value).ok(),
            ORDER => source.order = number(value).ok(),
            DESCRIPTION => source.description = text(value).ok().filter(|text| !text.is_empty()),
            BATTERY_VOLTAGE => source.battery_millivolts = number(value).ok(),
            BATTERY_PERCENT => source.battery_half_percent = number(value).ok(),
            BATTERY_CHARGE_LEVEL => source.battery_charge_level = number(value).ok(),
            _ => {}
        }
    }
    sources
        .into_iter()
        .filter(|(_, source)| source.status.is_some())
        .min_by_key(|(endpoint, source)| (source.status != Some(ACTIVE), source.order.unwrap_or(u8::MAX), *endpoint))
        .map(|(endpoint, source)| (endpoint, Fact::PowerSource(source)))
}

/// The attributes of a source, without those that it does not know.
pub(super) fn encode(source: &PowerSource) -> Vec<(u32, AttributeValue)> {
    let unsigned = |number: Option<u64>| number.map(AttributeValue::Unsigned);
    [
        (STATUS, unsigned(source.status.map(Into::into))),
        (ORDER, unsigned(source.order.map(Into::into))),
        (DESCRIPTION, source.description.clone().map(AttributeValue::Text)),
        (BATTERY_VOLTAGE, unsigned(source.battery_millivolts.map(Into::into))),
        (BATTERY_PERCENT, unsigned(source.battery_half_percent.map(Into::into))),
        (BATTERY_CHARGE_LEVEL, unsigned(source.battery_charge_level.map(Into::into))),
    ]
    .into_iter()
    .filter_map(|(attribute, value)| Some((attribute, value?)))
    .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::matter::decode_value;

    fn read(endpoint: u16, source: &PowerSource) -> Vec<(AttributePath, Fact)> {
        let read = |(attribute, value)| {
            let path = AttributePath {
                endpoint,
                cluster: POWER_SOURCE,
                attribute,
            };
            (path, decode_value(path, &value).facts.remove(0))
        };
        encode(source).into_iter().map(read).collect()
    }

    #[test]
    fn a_battery_reads_as_one_source() {
        let battery = PowerSource {
            status: Some(1),
            order: Some(0),
            description: Some("Battery".into()),
            battery_half_percent: Some(150),
            battery_charge_level: Some(0),
            battery_millivolts: Some(2900),
        };
        assert_eq!(power_source(read(1, &battery).iter()), Some((1, Fact::PowerSource(battery.clone()))));
        let later = read(1, &battery)
            .into_iter()
            .filter(|(path, _)| path.attribute == BATTERY_PERCENT)
            .collect::<Vec<_>>();
        assert_eq!(power_source(later.iter()), None, "one attribute that changed is no whole source");
    }

    #[test]
    fn the_active_source_of_the_lowest_order_feeds_the_node() {
        let source = |status, order| PowerSource {
            status: Some(status),
            order: Some(order),
            ..PowerSource::default()
        };
        let facts = [read(1, &source(2, 0)), read(2, &source(1, 2)), read(3, &source(1, 1))].concat();
        assert_eq!(power_source(facts.iter()), Some((3, Fact::PowerSource(source(1, 1)))));
    }

    #[test]
    fn a_charge_above_100_percent_is_a_problem() {
        let path = AttributePath {
            endpoint: 1,
            cluster: POWER_SOURCE,
            attribute: BATTERY_PERCENT,
        };
        let decoded = decode_value(path, &AttributeValue::Unsigned(201));
        assert_eq!((decoded.facts.len(), decoded.problems.len()), (0, 1));
    }
}
