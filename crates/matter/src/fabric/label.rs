//! What other apps list our fabric as.

use weft_model::CompressedFabricId;

/// The longest label that devices keep, in bytes (Matter core specification 1.4, 11.18.4.5, FabricDescriptorStruct).
pub(super) const MAX_BYTES: usize = 32;

const NAME: &str = "Weft";

/// "Weft" and the host's name, which tells several instances apart.
pub(super) fn of_host(host: &str) -> String {
    let host: String = host.chars().filter(|character| !character.is_control()).collect();
    let host = host.trim();
    if host.is_empty() {
        return NAME.to_owned();
    }
    cut(&format!("{NAME} {host}"), MAX_BYTES)
}

/// The label with four digits of the compressed fabric id behind it, which two fabrics hardly share.
pub(super) fn alternative(label: &str, fabric: CompressedFabricId) -> String {
    let digits = format!(" {:04x}", fabric.as_u64() & 0xffff);
    match label.strip_suffix(&digits) {
        Some(_) => label.to_owned(),
        None => cut(label, MAX_BYTES - digits.len()) + &digits,
    }
}

/// True where a device takes it.
pub(super) fn is_usable(label: &str) -> bool {
    !label.trim().is_empty() && label.len() <= MAX_BYTES && !label.chars().any(char::is_control)
}

/// At most so many bytes, cut between two characters, without white space at the end.
fn cut(text: &str, bytes: usize) -> String {
    let mut end = text.len().min(bytes);
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    text.get(..end).unwrap_or_default().trim_end().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn label_names_the_host() {
        assert_eq!(of_host("attic"), "Weft attic");
        assert_eq!(of_host(""), "Weft");
        assert_eq!(of_host(" \n"), "Weft");
        assert_eq!(of_host("a\u{7}b"), "Weft ab");
        assert_eq!(of_host("raspberrypi-in-the-living-room.local"), "Weft raspberrypi-in-the-living-r");
        // "Weft " and 13 times two bytes are 31; another half of a character does not fit.
        assert_eq!(of_host(&"ü".repeat(20)), format!("Weft {}", "ü".repeat(13)));
    }

    #[test]
    fn alternative_keeps_the_digits() {
        let fabric = CompressedFabricId::from_u64(0x1122_3344_5566_3f2a);
        assert_eq!(alternative("Weft attic", fabric), "Weft attic 3f2a");
        assert_eq!(alternative("Weft attic 3f2a", fabric), "Weft attic 3f2a");
        assert_eq!(
            alternative("Weft raspberrypi-in-the-living-r", fabric),
            "Weft raspberrypi-in-the-liv 3f2a"
        );
    }

    proptest! {
        #[test]
        fn any_host_gives_usable_labels(host in ".{0,60}", fabric: u64) {
            let label = of_host(&host);
            prop_assert!(is_usable(&label), "{label:?}");
            let other = alternative(&label, CompressedFabricId::from_u64(fabric));
            prop_assert!(is_usable(&other), "{other:?}");
            prop_assert_eq!(alternative(&other, CompressedFabricId::from_u64(fabric)), other);
        }
    }
}
