//! Basic Information, 0x0028 (Matter core specification 1.4, 11.1): what the node is. Empty texts are no values.

use super::statement::Statement;
use weft_model::Fact;

pub(super) fn decode(statement: &mut Statement<'_>) {
    match statement.path.attribute {
        0x01 => statement.text(Fact::VendorName),
        0x02 => statement.number(Fact::VendorId),
        0x03 => statement.text(Fact::ModelName),
        0x04 => statement.number(Fact::ProductId),
        0x05 => statement.text(Fact::NodeLabel),
        0x0a => statement.text(Fact::SoftwareVersion),
        0x0f => statement.text(Fact::SerialNumber),
        0x12 => statement.text(Fact::UniqueId),
        _ => statement.keep(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::matter::clusters::tests::{facts, path};
    use crate::matter::decode_attribute;
    use weft_model::{AttributeValue, FactKind};

    #[test]
    fn a_recorded_node_says_what_it_is() {
        let text = |text: &str| AttributeValue::Text(text.into());
        let cases = [
            (0x01, text("Aqara"), Fact::VendorName("Aqara".into())),
            (0x02, AttributeValue::Unsigned(65521), Fact::VendorId(0xfff1)),
            (0x03, text("Wall Switch H2"), Fact::ModelName("Wall Switch H2".into())),
            (0x04, AttributeValue::Unsigned(32768), Fact::ProductId(0x8000)),
            (0x05, text("Laundry Wall Switch H2 6"), Fact::NodeLabel("Laundry Wall Switch H2 6".into())),
            (0x05, text(""), Fact::Null(FactKind::NodeLabel)),
            (0x0a, text("1.2.3"), Fact::SoftwareVersion("1.2.3".into())),
            (0x0f, text("SN44-6"), Fact::SerialNumber("SN44-6".into())),
            (0x12, text("48375a4efc54d52a"), Fact::UniqueId("48375a4efc54d52a".into())),
            (
                0x09,
                AttributeValue::Unsigned(10203),
                Fact::Attribute(path(0x28, 0x09), AttributeValue::Unsigned(10203)),
            ),
        ];
        for (attribute, value, fact) in cases {
            assert_eq!(facts(0x28, attribute, value), [fact], "{attribute:#x}");
        }
    }

    #[test]
    fn the_id_of_a_translation_is_not_part_of_a_name() {
        let tlv = [0x0c, 0x08, b'P', b'l', b'u', b'g', 0x1f, b'A', b'1', b'B'];
        assert_eq!(decode_attribute(path(0x28, 3), &tlv).facts, [Fact::ModelName("Plug".into())]);
    }
}
