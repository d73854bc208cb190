//! The neighbour and route tables of Thread Network Diagnostics (Matter core specification 1.4, 11.14.5.4 and 11.14.5.5; the values that stand for "none"
//! from `GenericThreadStackManagerImpl_OpenThread` and `thread-network-diagnostics-provider.cpp` of the Matter SDK).

use super::statement::{Row, Statement, signed_byte};
use weft_model::{AttributeValue, ErrorRate, ExtendedAddress, Fact, LinkQuality, NeighborRow, Rloc16, RouteRow, RouterId, Rssi};

/// "No router" in the fields of the tables that hold a router id.
const NO_ROUTER: u8 = 63;
/// "No address" in the fields that hold an RLOC16.
pub(super) const NO_RLOC16: u16 = 0xfffe;

/// Numbers of another scale, told once for the whole table.
#[derive(Default)]
struct OffScale {
    link_quality: usize,
    error_rate: usize,
}

impl OffScale {
    fn link_quality(&mut self, row: &mut Row<'_, '_>, tag: u8, name: &str) -> Option<LinkQuality> {
        let quality = LinkQuality::new(row.number(tag, name)?);
        self.link_quality += usize::from(quality.is_none());
        quality
    }

    fn error_rate(&mut self, row: &mut Row<'_, '_>, tag: u8, name: &str) -> Option<ErrorRate> {
        let rate = ErrorRate::from_percent(row.number(tag, name)?);
        self.error_rate += usize::from(rate.is_none());
        rate
    }

    fn tell(self, statement: &mut Statement<'_>) {
        for (count, what, maximum) in [(self.link_quality, "LQI", 3), (self.error_rate, "error rate", 100)] {
            if count > 0 {
                statement.problem(what, format!("{count} numbers above {maximum}: of another scale"));
            }
        }
    }
}

/// Who a row is about. `None` where nothing says so; the table is incomplete where part of it could not be read.
fn identity(row: &mut Row<'_, '_>, rloc16_tag: u8) -> (Option<ExtendedAddress>, Option<Rloc16>) {
    let extended_address = row
        .number(0, "ExtAddress")
        .map(ExtendedAddress::from_u64)
        .filter(|address| address.is_real());
    let rloc16 = row.number(rloc16_tag, "Rloc16").and_then(Rloc16::new);
    if row.wrong {
        row.statement.incomplete(row.statement.kind);
    }
    (extended_address, rloc16)
}

pub(super) fn decode_neighbors(statement: &mut Statement<'_>) {
    let mut off_scale = OffScale::default();
    let rows = statement.rows(|row| {
        let (extended_address, rloc16) = identity(row, 2);
        if extended_address.is_none() && rloc16.is_none() {
            row.problem("ExtAddress", "neither an extended address nor an RLOC16");
            return None;
        }
        Some(NeighborRow {
            extended_address,
            rloc16,
            age_seconds: row.number(1, "Age"),
            link_quality_in: off_scale.link_quality(row, 5, "LQI"),
            average_rssi: row.read(6, "AverageRssi", signed_byte).and_then(Rssi::from_dbm),
            last_rssi: row.read(7, "LastRssi", signed_byte).and_then(Rssi::from_dbm),
            frame_error: off_scale.error_rate(row, 8, "FrameErrorRate"),
            message_error: off_scale.error_rate(row, 9, "MessageErrorRate"),
            rx_on_when_idle: row.boolean(10, "RxOnWhenIdle"),
            full_thread_device: row.boolean(11, "FullThreadDevice"),
            is_child: row.boolean(13, "IsChild"),
        })
    });
    off_scale.tell(statement);
    if let Some(rows) = rows {
        statement.fact(Fact::NeighborTable(rows));
    }
}

pub(super) fn decode_routes(statement: &mut Statement<'_>) {
    let mut off_scale = OffScale::default();
    let rows = statement.rows(|row| {
        let (extended_address, rloc16) = identity(row, 1);
        let router_id = row.number(2, "RouterId").and_then(RouterId::new);
        if row.wrong {
            row.statement.incomplete(row.statement.kind);
        }
        if extended_address.is_none() && rloc16.is_none() && router_id.is_none() {
            row.problem("RouterId", "neither an extended address nor an RLOC16 nor a router id");
            return None;
        }
        Some(RouteRow {
            extended_address,
            rloc16,
            router_id,
            next_hop: row.number(3, "NextHop").and_then(RouterId::new),
            path_cost: row.number(4, "PathCost").filter(|cost| *cost != 0),
            link_quality_in: off_scale.link_quality(row, 5, "LQIIn"),
            link_quality_out: off_scale.link_quality(row, 6, "LQIOut"),
            age_seconds: row.number::<u8>(7, "Age").map(Into::into),
            allocated: row.required_boolean(8, "Allocated")?,
            link_established: row.required_boolean(9, "LinkEstablished")?,
        })
    });
    off_scale.tell(statement);
    if let Some(rows) = rows {
        statement.fact(Fact::RouteTable(rows));
    }
}

fn fields(fields: impl IntoIterator<Item = (u8, Option<AttributeValue>)>) -> AttributeValue {
    AttributeValue::Structure(fields.into_iter().filter_map(|(tag, value)| Some((tag, value?))).collect())
}

fn unsigned(number: impl Into<u64>) -> Option<AttributeValue> {
    Some(AttributeValue::Unsigned(number.into()))
}

fn rssi(value: Option<Rssi>) -> Option<AttributeValue> {
    Some(value.map_or(AttributeValue::Null, |rssi| AttributeValue::Signed(rssi.dbm().into())))
}

fn percent(rate: Option<ErrorRate>) -> Option<AttributeValue> {
    rate.and_then(|rate| unsigned(rate.percent().round() as u8))
}

/// The table as a device would give it. What a row does not know is left out where the cluster has no number for "none";
/// frame counters, which the model does not keep, are 0.
pub(super) fn encode_neighbors(rows: &[NeighborRow]) -> AttributeValue {
    let row = |row: &NeighborRow| {
        fields([
            (0, unsigned(row.extended_address.map_or(0, ExtendedAddress::as_u64))),
            (1, row.age_seconds.and_then(unsigned)),
            (2, unsigned(row.rloc16.map_or(NO_RLOC16, Rloc16::get))),
            (3, unsigned(0u8)),
            (4, unsigned(0u8)),
            (5, row.link_quality_in.and_then(|quality| unsigned(quality.get()))),
            (6, rssi(row.average_rssi)),
            (7, rssi(row.last_rssi)),
            (8, percent(row.frame_error)),
            (9, percent(row.message_error)),
            (10, row.rx_on_when_idle.map(AttributeValue::Boolean)),
            (11, row.full_thread_device.map(AttributeValue::Boolean)),
            (12, row.full_thread_device.map(AttributeValue::Boolean)),
            (13, row.is_child.map(AttributeValue::Boolean)),
        ])
    };
    AttributeValue::List(rows.iter().map(row).collect())
}

/// The table as a device would give it; ages above 255 seconds, which the cluster cannot say, become 255.
pub(super) fn encode_routes(rows: &[RouteRow]) -> AttributeValue {
    let router = |id: Option<RouterId>| unsigned(id.map_or(NO_ROUTER, RouterId::get));
    let row = |row: &RouteRow| {
        fields([
            (0, unsigned(row.extended_address.map_or(0, ExtendedAddress::as_u64))),
            (1, unsigned(row.rloc16.map_or(NO_RLOC16, Rloc16::get))),
            (2, router(row.router_id)),
            (3, router(row.next_hop)),
            (4, unsigned(row.path_cost.unwrap_or(0))),
            (5, row.link_quality_in.and_then(|quality| unsigned(quality.get()))),
            (6, row.link_quality_out.and_then(|quality| unsigned(quality.get()))),
            (7, row.age_seconds.and_then(|age| unsigned(age.min(255)))),
            (8, Some(AttributeValue::Boolean(row.allocated))),
            (9, Some(AttributeValue::Boolean(row.link_established))),
        ])
    };
    AttributeValue::List(rows.iter().map(row).collect())
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use crate::matter::clusters::tests::{facts, path};
    use crate::matter::{decode_attribute, decode_value, tlv};
    use proptest::prelude::*;
    use weft_model::FactKind;

    /// One row of a recorded sleepy device's table (its parent), as TLV.
    const NEIGHBOR_ROW: &[u8] = &[
        0x16, 0x15, // array, structure
        0x27, 0x00, 0xec, 0x24, 0xc9, 0x30, 0xd2, 0xe9, 0x54, 0x23, // 0 ExtAddress = 2354e9d230c924ec
        0x24, 0x01, 0x06, // 1 Age = 6 s
        0x25, 0x02, 0x00, 0xc4, // 2 Rloc16 = 0xc400
        0x26, 0x03, 0xca, 0x94, 0x14, 0x00, // 3 LinkFrameCounter
        0x25, 0x04, 0x4a, 0x06, // 4 MleFrameCounter
        0x24, 0x05, 0x03, // 5 LQI = 3
        0x20, 0x06, 0xcc, // 6 AverageRssi = -52
        0x34, 0x07, // 7 LastRssi = null
        0x24, 0x08, 0x02, // 8 FrameErrorRate = 2 %
        0x24, 0x09, 0x00, // 9 MessageErrorRate = 0 %
        0x29, 0x0a, 0x29, 0x0b, 0x29, 0x0c, 0x28, 0x0d, // RxOnWhenIdle, FullThreadDevice, FullNetworkData, not IsChild
        0x18, 0x18,
    ];

    fn list_of(rows: &[&[(u8, AttributeValue)]]) -> AttributeValue {
        AttributeValue::List(rows.iter().map(|row| AttributeValue::Structure(row.to_vec())).collect())
    }

    fn number(number: u64) -> AttributeValue {
        AttributeValue::Unsigned(number)
    }

    fn neighbors(rows: &[&[(u8, AttributeValue)]]) -> Vec<NeighborRow> {
        match facts(0x35, 7, list_of(rows)).pop() {
            Some(Fact::NeighborTable(rows)) => rows,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn a_neighbor_row_reads_as_it_was_annotated() {
        let decoded = decode_attribute(path(0x35, 7), NEIGHBOR_ROW);
        let expected = NeighborRow {
            extended_address: Some("2354e9d230c924ec".parse().unwrap()),
            rloc16: Rloc16::new(0xc400),
            age_seconds: Some(6),
            link_quality_in: Some(LinkQuality::GOOD),
            average_rssi: Rssi::from_dbm(-52),
            last_rssi: None,
            frame_error: ErrorRate::from_percent(2),
            message_error: ErrorRate::from_percent(0),
            rx_on_when_idle: Some(true),
            full_thread_device: Some(true),
            is_child: Some(false),
        };
        assert_eq!(decoded.facts, [Fact::NeighborTable(vec![expected])]);
        assert_eq!((decoded.problems, decoded.incomplete), (Vec::new(), Vec::new()));
    }

    #[test]
    fn an_lqi_above_3_is_no_link_quality_and_is_told_once() {
        let value = list_of(&[
            &[(2, number(0x400)), (5, number(255))],
            &[(2, number(0x800)), (5, number(200))],
            &[(2, number(0xc00)), (5, number(3))],
        ]);
        let decoded = decode_value(path(0x35, 7), &value);
        let [Fact::NeighborTable(rows)] = decoded.facts.as_slice() else {
            panic!("{decoded:?}")
        };
        assert_eq!(
            rows.iter().map(|row| row.link_quality_in).collect::<Vec<_>>(),
            [None, None, Some(LinkQuality::GOOD)]
        );
        assert_eq!(decoded.problems.len(), 1);
        assert_eq!(
            decoded.problems[0].to_string(),
            "neighbor-table › LQI: 2 numbers above 3: of another scale"
        );
        assert_eq!(decoded.incomplete, [], "the rows are all there");
    }

    #[test]
    fn an_rssi_of_127_or_above_0_is_none() {
        for (value, expected) in [(127, None), (1, None), (0, Some(0)), (-128, Some(-128))] {
            let rows = neighbors(&[&[(2, number(0x400)), (6, AttributeValue::Signed(value)), (7, AttributeValue::Null)]]);
            assert_eq!((rows[0].average_rssi.map(Rssi::dbm), rows[0].last_rssi), (expected, None));
        }
    }

    #[test]
    fn an_rloc16_of_fffe_is_none_and_a_zero_address_too() {
        let rows = neighbors(&[&[(0, number(1)), (2, number(0xfffe))], &[(0, number(0)), (2, number(0x2c01))]]);
        assert_eq!((rows[0].extended_address, rows[0].rloc16), (Some(ExtendedAddress::from_u64(1)), None));
        assert_eq!((rows[1].extended_address, rows[1].rloc16), (None, Rloc16::new(0x2c01)));
    }

    #[test]
    fn a_row_that_cannot_be_read_costs_that_row_and_the_completeness() {
        let mut rows = vec![AttributeValue::Text("row".into())];
        rows.push(AttributeValue::Structure(vec![(2, number(0x2c00)), (5, number(3))]));
        rows.push(AttributeValue::Structure(vec![(5, number(3))]));
        let decoded = decode_value(path(0x35, 7), &AttributeValue::List(rows));
        let [Fact::NeighborTable(rows)] = decoded.facts.as_slice() else {
            panic!("{decoded:?}")
        };
        assert_eq!(rows.len(), 1);
        assert_eq!(decoded.incomplete, [FactKind::NeighborTable]);
        let told: Vec<String> = decoded.problems.iter().map(ToString::to_string).collect();
        assert_eq!(
            told,
            [
                "neighbor-table › row 0: a structure expected, got text of 3 bytes",
                "neighbor-table › row 2 › ExtAddress: neither an extended address nor an RLOC16",
            ]
        );
    }

    #[test]
    fn an_address_of_the_wrong_type_leaves_the_row_and_makes_the_table_incomplete() {
        let wrong = [(0, AttributeValue::Float(1.0e19f64.to_bits())), (2, number(0x2c00))];
        let decoded = decode_value(path(0x35, 7), &list_of(&[&wrong]));
        let [Fact::NeighborTable(rows)] = decoded.facts.as_slice() else {
            panic!("{decoded:?}")
        };
        assert_eq!((rows[0].extended_address, rows[0].rloc16), (None, Rloc16::new(0x2c00)));
        assert_eq!(decoded.incomplete, [FactKind::NeighborTable]);
        let wrong = [(2, number(0x2c00)), (5, AttributeValue::Text("good".into()))];
        let decoded = decode_value(path(0x35, 7), &list_of(&[&wrong]));
        assert_eq!(
            (decoded.problems.len(), decoded.incomplete.len()),
            (1, 0),
            "a quality that cannot be read takes no row away"
        );
    }

    /// Rows of a recorded router: its own, a router without a link, a linked one.
    #[test]
    fn a_route_row_without_a_link_is_kept_as_such() {
        let row = |address, rloc16, id, next_hop, cost, lqi_in, lqi_out, age, link| {
            let numbers = [address, rloc16, id, next_hop, cost, lqi_in, lqi_out, age].map(number);
            let mut row: Vec<(u8, AttributeValue)> = (0u8..).zip(numbers).collect();
            row.extend([(8, AttributeValue::Boolean(true)), (9, AttributeValue::Boolean(link))]);
            row
        };
        let rows = [
            row(0, 0x1400, 5, 63, 0, 0, 0, 0, false),
            row(0, 0x6800, 26, 8, 1, 0, 0, 0, false),
            row(10_553_317_099_379_524_466, 0x1000, 4, 8, 1, 2, 2, 26, true),
        ];
        let rows: Vec<&[(u8, AttributeValue)]> = rows.iter().map(Vec::as_slice).collect();
        let [Fact::RouteTable(rows)] = &facts(0x35, 8, list_of(&rows))[..] else {
            panic!()
        };
        assert_eq!((rows[0].router_id, rows[0].next_hop, rows[0].path_cost), (RouterId::new(5), None, None));
        assert_eq!(
            (rows[1].next_hop, rows[1].path_cost, rows[1].link_established),
            (RouterId::new(8), Some(1), false)
        );
        assert_eq!(rows[2].extended_address.unwrap().to_string(), "9274e9fcee928372");
        assert_eq!((rows[2].link_established, rows[2].link_quality_in), (true, LinkQuality::new(2)));
    }

    #[test]
    fn a_route_row_that_does_not_say_whether_there_is_a_link_is_not_used() {
        let decoded = decode_value(path(0x35, 8), &list_of(&[&[(2, number(5)), (8, AttributeValue::Boolean(true))]]));
        assert_eq!(decoded.facts, [Fact::RouteTable(Vec::new())]);
        assert_eq!(decoded.incomplete, [FactKind::RouteTable]);
        assert_eq!(decoded.problems[0].to_string(), "route-table › row 0 › LinkEstablished: is missing");
    }

    fn any_address() -> impl Strategy<Value = Option<ExtendedAddress>> {
        proptest::option::of((1..u64::MAX).prop_map(ExtendedAddress::from_u64))
    }

    fn any_rloc16() -> impl Strategy<Value = Option<Rloc16>> {
        any::<u16>().prop_map(Rloc16::new)
    }

    fn any_quality() -> impl Strategy<Value = Option<LinkQuality>> {
        (0u8..8).prop_map(LinkQuality::new)
    }

    fn any_rssi() -> impl Strategy<Value = Option<Rssi>> {
        any::<i8>().prop_map(Rssi::from_dbm)
    }

    fn any_rate() -> impl Strategy<Value = Option<ErrorRate>> {
        (0u8..110).prop_map(ErrorRate::from_percent)
    }

    /// Neighbour tables that a device can say.
    pub fn any_neighbors() -> impl Strategy<Value = Vec<NeighborRow>> {
        let row = (
            (any_address(), any_rloc16(), any::<Option<u32>>(), any_quality()),
            (any_rssi(), any_rssi(), any_rate(), any_rate()),
            (any::<Option<bool>>(), any::<Option<bool>>(), any::<Option<bool>>()),
        )
            .prop_filter("somebody", |((address, rloc16, ..), ..)| address.is_some() || rloc16.is_some())
            .prop_map(
                |((extended_address, rloc16, age_seconds, link_quality_in), (average_rssi, last_rssi, frame_error, message_error), flags)| {
                    NeighborRow {
                        extended_address,
                        rloc16,
                        age_seconds,
                        link_quality_in,
                        average_rssi,
                        last_rssi,
                        frame_error,
                        message_error,
                        rx_on_when_idle: flags.0,
                        full_thread_device: flags.1,
                        is_child: flags.2,
                    }
                },
            );
        proptest::collection::vec(row, 0..20)
    }

    /// Route tables that a device can say.
    pub fn any_routes() -> impl Strategy<Value = Vec<RouteRow>> {
        let row = (
            (any_address(), any_rloc16(), (0u8..=62), (0u8..70), any::<u8>()),
            (
                any_quality(),
                any_quality(),
                proptest::option::of(0u32..256),
                any::<bool>(),
                any::<bool>(),
            ),
        )
            .prop_map(|(route, link)| RouteRow {
                extended_address: route.0,
                rloc16: route.1,
                router_id: RouterId::new(route.2),
                next_hop: RouterId::new(route.3),
                path_cost: Some(route.4).filter(|cost| *cost != 0),
                link_quality_in: link.0,
                link_quality_out: link.1,
                age_seconds: link.2,
                allocated: link.3,
                link_established: link.4,
            });
        proptest::collection::vec(row, 0..20)
    }

    proptest! {
        #[test]
        fn neighbor_tables_come_back_through_tlv(rows in any_neighbors()) {
            let decoded = decode_attribute(path(0x35, 7), &tlv::encode(&encode_neighbors(&rows)));
            prop_assert_eq!((decoded.problems, decoded.incomplete), (Vec::new(), Vec::new()));
            prop_assert_eq!(decoded.facts, vec![Fact::NeighborTable(rows)]);
        }

        #[test]
        fn route_tables_come_back_through_tlv(rows in any_routes()) {
            let decoded = decode_attribute(path(0x35, 8), &tlv::encode(&encode_routes(&rows)));
            prop_assert_eq!((decoded.problems, decoded.incomplete), (Vec::new(), Vec::new()));
            prop_assert_eq!(decoded.facts, vec![Fact::RouteTable(rows)]);
        }
    }
}
