//! Labels of DNS names as text: escapes, service types, and what may be shown.

/// A label as text (RFC 1035, section 5.1; RFC 6763, section 4.3): dots and backslashes get a backslash; control characters
/// and bytes that are no UTF-8 become `\DDD`. Everything else, spaces too, stays. [`unescape_label`] is its inverse.
pub fn escape_label(label: &[u8]) -> String {
    let mut text = String::with_capacity(label.len());
    for chunk in label.utf8_chunks() {
        for character in chunk.valid().chars() {
            match character {
                '.' | '\\' => text.extend(['\\', character]),
                _ if character.is_ascii_control() => push_decimal(&mut text, character as u8),
                _ => text.push(character),
            }
        }
        for byte in chunk.invalid() {
            push_decimal(&mut text, *byte);
        }
    }
    text
}

fn push_decimal(text: &mut String, byte: u8) {
    text.push('\\');
    for digit in [byte / 100, byte / 10 % 10, byte % 10] {
        text.push(char::from(b'0' + digit));
    }
}

/// The bytes of a label that may carry escapes: `\032` is a space, `\.` a dot. A backslash at the end stands for itself.
pub fn unescape_label(text: &str) -> Vec<u8> {
    let bytes = text.as_bytes();
    let mut label = Vec::with_capacity(bytes.len());
    let mut position = 0;
    while let Some(&byte) = bytes.get(position) {
        position += 1;
        if byte != b'\\' || position == bytes.len() {
            label.push(byte);
            continue;
        }
        match bytes.get(position..position + 3).and_then(decimal_byte) {
            Some(value) => {
                label.push(value);
                position += 3;
            }
            None => {
                label.push(bytes[position]);
                position += 1;
            }
        }
    }
    label
}

fn decimal_byte(digits: &[u8]) -> Option<u8> {
    if !digits.iter().all(u8::is_ascii_digit) {
        return None;
    }
    let value = digits.iter().fold(0_u16, |value, digit| value * 10 + u16::from(digit - b'0'));
    u8::try_from(value).ok()
}

/// True if `label` names a transport in a service type.
pub(super) fn is_transport(label: &[u8]) -> bool {
    label.eq_ignore_ascii_case(b"_udp") || label.eq_ignore_ascii_case(b"_tcp")
}

/// The service type without domain and subtype, in lower case: `_meshcop._udp` of `_meshcop._udp.local.`,
/// `_matterc._udp` of `_CM._sub._matterc._udp.local.`. A text of another form comes back in lower case, cut to `limit` bytes.
pub(super) fn service_type(text: &str, limit: usize) -> String {
    let text = cut(text, limit).to_ascii_lowercase();
    let labels: Vec<&str> = text.split('.').collect();
    let transport = labels.iter().position(|label| is_transport(label.as_bytes()));
    match transport {
        Some(2) if labels[..2] == ["_services", "_dns-sd"] => labels[..3].join("."),
        Some(index) if index > 0 => labels[index - 1..=index].join("."),
        _ => shown(text.trim_end_matches('.')),
    }
}

/// `text` with every character that could move a cursor or reorder a line replaced by U+FFFD: control characters, and the
/// Unicode embedding, override and isolate marks.
pub(crate) fn shown(text: &str) -> String {
    let unsafe_to_show = |character: char| character.is_control() || matches!(character, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    text.chars()
        .map(|character| {
            if unsafe_to_show(character) {
                char::REPLACEMENT_CHARACTER
            } else {
                character
            }
        })
        .collect()
}

/// At most `limit` bytes of `text`, cut between characters.
pub(crate) fn cut(text: &str, limit: usize) -> &str {
    &text[..text.floor_char_boundary(limit)]
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn escapes_of_avahi_and_of_rfc_6763_read_the_same() {
        assert_eq!(
            unescape_label(r"OpenThread\032BorderRouter\032\035C4AE"),
            b"OpenThread BorderRouter #C4AE"
        );
        assert_eq!(unescape_label(r"Dr\. Kitchen \\ 2"), br"Dr. Kitchen \ 2");
        assert_eq!(unescape_label(r"K\195\188che"), "Küche".as_bytes());
        assert_eq!(unescape_label(r"end\"), br"end\");
        assert_eq!(unescape_label(r"\999"), b"999");
        assert_eq!(unescape_label(r"\ü"), "ü".as_bytes());
    }

    #[test]
    fn dots_and_control_bytes_are_escaped_and_utf8_is_not() {
        assert_eq!(escape_label(b"HomePod mini #5B74"), "HomePod mini #5B74");
        assert_eq!(escape_label("Küche 1.OG".as_bytes()), r"Küche 1\.OG");
        assert_eq!(escape_label(b"a\nb\xff"), r"a\010b\255");
    }

    #[test]
    fn service_types_lose_domain_subtype_and_case() {
        for (text, expected) in [
            ("_meshcop._udp.local.", "_meshcop._udp"),
            ("_MeshCop._UDP", "_meshcop._udp"),
            ("_CM._sub._matterc._udp.local", "_matterc._udp"),
            ("_matter._tcp.default.service.arpa.", "_matter._tcp"),
            ("_services._dns-sd._udp.local.", "_services._dns-sd._udp"),
            ("_udp", "_udp"),
            ("", ""),
            ("x\u{7}.", "x\u{fffd}"),
        ] {
            assert_eq!(service_type(text, 255), expected, "{text:?}");
        }
    }

    #[test]
    fn nothing_that_is_shown_moves_the_cursor_or_turns_the_line() {
        assert_eq!(shown("a\u{1b}[2J\r\u{202e}b"), "a\u{fffd}[2J\u{fffd}\u{fffd}b");
    }

    proptest! {
        #[test]
        fn unescaping_undoes_escaping(label in prop::collection::vec(any::<u8>(), 0..64)) {
            let text = escape_label(&label);
            prop_assert!(!text.chars().any(|character| character.is_ascii_control()));
            prop_assert_eq!(unescape_label(&text), label);
        }

        #[test]
        fn any_text_unescapes_and_classifies(text in ".{0,80}", limit in 0_usize..90) {
            prop_assert!(unescape_label(&text).len() <= text.len());
            service_type(&text, limit);
        }
    }
}
