//! Blanking of secrets in REST bodies, before anything of them is written down.
//!
//! Generous on purpose: what looks like a secret by its key, by its path or by its shape is overwritten, in answers and in
//! request bodies, whatever generation wrote them. Lengths stay, so that a blanked body decodes as the original does.

use super::keys;
use super::route::segments;
use crate::meshcop;
use serde_json::Value;

/// What stands for a text that may hold a secret somewhere.
const BLANKED: &str = "blanked";
/// Values nested deeper are dropped; serde_json itself reads 128 levels.
const MAX_DEPTH: usize = 128;
/// How often JSON may be packed into a JSON text.
const MAX_NESTED_TEXTS: usize = 3;

/// Parts of (normalised) keys that name a secret.
const SECRET_PARTS: [&str; 14] = [
    "networkkey",
    "masterkey",
    "ephemeralkey",
    "privatekey",
    "dtlskey",
    "psk",
    "passcode",
    "passphrase",
    "password",
    "secret",
    "credential",
    "joinerkey",
    "token",
    "onetime",
];
/// Whole (normalised) keys that name a secret. `tap` is what an answer to `POST /node/ba-epskc/key` calls the passcode.
const SECRET_KEYS: [&str; 4] = ["key", "tap", "pin", "kek"];
/// Keys whose text is a dataset as TLVs.
const DATASET_PARTS: [&str; 2] = ["dataset", "tlv"];
/// Parts of path segments whose bodies deal with passcodes.
const PASSCODE_PATHS: [&str; 4] = ["epskc", "ephemeral", "passcode", "joiner"];
/// Keys of passcode bodies that are no secret by themselves.
const PASSCODE_NEIGHBORS: [&str; 14] = [
    "state",
    "port",
    "status",
    "title",
    "detail",
    "errorcode",
    "errormessage",
    "lifetime",
    "timeout",
    "type",
    "id",
    "data",
    "attributes",
    "created",
];
/// The largest of their numbers: the longest lifetime in milliseconds (`OT_BORDER_AGENT_MAX_EPHEMERAL_KEY_TIMEOUT`).
const LARGEST_NEIGHBOR: f64 = 600_000.0;
/// Texts that a passcode body consists of when it has no passcode.
const PASSCODE_WORDS: [&str; 8] = ["enabled", "disabled", "enable", "disable", "started", "stopped", "connected", "accepted"];
/// Digits in a row that may be a passcode: the shortest has six (`OT_BORDER_AGENT_MIN_EPHEMERAL_KEY_LENGTH`).
const PASSCODE_DIGITS: usize = 6;
/// Hexadecimal digits of a TLV with a network key or PSKc: type, length, 16 bytes.
const KEY_TLV_DIGITS: usize = 36;
const KEY_BYTES: usize = 16;
/// Texts up to this length are names and addresses; longer ones are searched for words that announce a secret.
const SHORT_TEXT_BYTES: usize = 24;

/// What a value stands in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Place {
    Plain,
    /// A dataset as TLVs: the text is hexadecimal digits.
    Dataset,
    /// A body of the ephemeral key or of joiners.
    Passcode,
}

/// Overwrites network keys, PSKcs, one-time passcodes, joiner passphrases and whatever else is named like a secret in the body of
/// a request to `path` or of its answer: texts with zeros of the same length (or `blanked`), numbers with 0. Datasets as
/// hexadecimal TLVs keep everything but their secrets. Doing it twice changes nothing.
pub fn blank_secrets(path: &str, body: &mut Value) {
    let asks = |parts: &[&str]| segments(path).any(|segment| names_any(segment, parts));
    let place = if asks(&PASSCODE_PATHS) {
        Place::Passcode
    } else if asks(&DATASET_PARTS) {
        Place::Dataset
    } else {
        Place::Plain
    };
    blank(body, place, MAX_DEPTH, MAX_NESTED_TEXTS);
}

fn names_any(name: &str, parts: &[&str]) -> bool {
    let name = name.to_ascii_lowercase();
    parts.iter().any(|part| name.contains(part))
}

fn blank(value: &mut Value, place: Place, depth: usize, texts: usize) {
    if depth == 0 {
        *value = Value::Null;
        return;
    }
    match value {
        Value::Object(object) => {
            for (key, value) in object.iter_mut() {
                // A key too long to be known is judged by its parts all the same.
                let name = keys::normalize(key).unwrap_or_else(|| key.to_ascii_lowercase());
                let named = SECRET_KEYS.contains(&name.as_str()) || SECRET_PARTS.iter().any(|part| name.contains(part));
                if named || (place == Place::Passcode && !PASSCODE_NEIGHBORS.contains(&name.as_str())) {
                    wipe(value, depth - 1);
                } else {
                    let inner = match place {
                        Place::Passcode => Place::Passcode,
                        _ if value.is_string() && DATASET_PARTS.iter().any(|part| name.contains(part)) => Place::Dataset,
                        _ => Place::Plain,
                    };
                    match value {
                        // Port, status and lifetime are numbers beside the passcode; a longer one, and any text, could be one.
                        Value::Number(number) if inner == Place::Passcode => {
                            if number.as_f64().is_none_or(|number| number.abs() > LARGEST_NEIGHBOR) {
                                *value = Value::from(0);
                            }
                        }
                        Value::String(text) if inner == Place::Passcode => zero_digits(text),
                        value => blank(value, inner, depth - 1, texts),
                    }
                }
            }
        }
        Value::Array(items) => items.iter_mut().for_each(|item| blank(item, place, depth - 1, texts)),
        Value::String(text) => blank_text(text, place, depth, texts),
        Value::Number(_) if place == Place::Passcode => *value = Value::from(0),
        _ => {}
    }
}

/// Overwrites a value with everything in it. Booleans stay: the security policy's `obtainNetworkKey` is one.
fn wipe(value: &mut Value, depth: usize) {
    match value {
        Value::Bool(_) | Value::Null => {}
        Value::Number(number) if matches!(number.as_u64(), Some(0 | 1)) => {}
        Value::Number(_) => *value = Value::from(0),
        Value::String(text) => zero(text),
        _ if depth == 0 => *value = Value::Null,
        Value::Array(items) => items.iter_mut().for_each(|item| wipe(item, depth - 1)),
        Value::Object(object) => object.iter_mut().for_each(|(_, value)| wipe(value, depth - 1)),
    }
}

fn zero(text: &mut String) {
    *text = "0".repeat(text.chars().count());
}

fn zero_digits(text: &mut String) {
    for run in runs(text, |byte| byte.is_ascii_digit(), PASSCODE_DIGITS) {
        text.replace_range(run.clone(), &"0".repeat(run.len()));
    }
}

fn blank_text(text: &mut String, place: Place, depth: usize, texts: usize) {
    if text == BLANKED || text.is_empty() {
        return;
    }
    let trimmed = text.trim_start();
    if trimmed.starts_with(['{', '[', '"']) {
        return blank_packed(text, place, depth, texts);
    }
    match place {
        Place::Passcode if PASSCODE_WORDS.contains(&text.as_str()) => {}
        Place::Passcode => zero(text),
        Place::Dataset if text.trim().bytes().all(|byte| byte.is_ascii_hexdigit()) => {
            let start = text.len() - trimmed.len();
            let end = text.trim_end().len();
            blank_tlvs(text, start, end, true);
        }
        Place::Dataset => *text = BLANKED.to_owned(),
        Place::Plain => blank_prose(text),
    }
}

/// JSON packed into a text: unpacked, blanked and packed again. What starts like JSON and is none is cut JSON.
fn blank_packed(text: &mut String, place: Place, depth: usize, texts: usize) {
    let unpacked = if texts == 0 { None } else { serde_json::from_str::<Value>(text).ok() };
    match unpacked {
        Some(original) => {
            let mut value = original.clone();
            blank(&mut value, place, depth, texts - 1);
            if value != original {
                *text = value.to_string();
            }
        }
        None if place == Place::Plain && !announces_secret(text) => blank_prose(text),
        None => *text = BLANKED.to_owned(),
    }
}

fn announces_secret(text: &str) -> bool {
    let letters: String = text.chars().filter(char::is_ascii_alphanumeric).map(|c| c.to_ascii_lowercase()).collect();
    SECRET_PARTS.iter().any(|part| letters.contains(part))
}

/// Free text: datasets in it lose their secrets; one that speaks of a secret and has a number that could be it is dropped.
fn blank_prose(text: &mut String) {
    for run in runs(text, |byte| byte.is_ascii_hexdigit(), KEY_TLV_DIGITS) {
        // A run may have a digit more at its start than the dataset has: "0x" is cut off by the x, other marks may not be.
        blank_tlvs(text, run.start, run.end, false);
    }
    if text.len() > SHORT_TEXT_BYTES && announces_secret(text) && !runs(text, |byte| byte.is_ascii_hexdigit(), PASSCODE_DIGITS).is_empty() {
        *text = BLANKED.to_owned();
    }
}

/// Byte ranges of the longest runs of matching ASCII bytes, `least` bytes or more.
fn runs(text: &str, matches: impl Fn(u8) -> bool, least: usize) -> Vec<std::ops::Range<usize>> {
    let mut runs = Vec::new();
    let mut start = None;
    for (position, byte) in text.bytes().chain([0]).enumerate() {
        match (matches(byte), start) {
            (true, None) => start = Some(position),
            (false, Some(first)) => {
                if position - first >= least {
                    runs.push(first..position);
                }
                start = None;
            }
            _ => {}
        }
    }
    runs
}

/// Blanks the TLVs in the hexadecimal digits from `start` to `end`. Unless it is known to be a dataset, only one that reads
/// cleanly to its end and has a key of the right length is taken for one.
fn blank_tlvs(text: &mut String, start: usize, end: usize, is_dataset: bool) {
    // Text of white space only has no first and no last digit.
    let Some(length) = end.checked_sub(start) else { return };
    let whole = end - length % 2;
    let Some(bytes) = text.get(start..whole).and_then(super::hex_octets) else {
        return;
    };
    if !is_dataset && (whole < end || !has_key(&bytes)) {
        return;
    }
    let mut blanked = bytes.clone();
    meshcop::blank_secrets(&mut blanked);
    // Only the bytes that changed are written, so that the rest keeps its letter case.
    for (index, (before, after)) in bytes.iter().zip(&blanked).enumerate() {
        if before != after {
            text.replace_range(start + 2 * index..start + 2 * index + 2, "00");
        }
    }
    if whole < end {
        text.replace_range(whole..end, "0");
    }
}

/// True for a sequence of TLVs with a network key or PSKc of 16 bytes among them, without a byte too many.
fn has_key(bytes: &[u8]) -> bool {
    let mut rest = bytes;
    let mut found = false;
    while let [number, length, tail @ ..] = rest {
        let length = usize::from(*length);
        let Some(next) = tail.get(length..) else { return false };
        found |= length == KEY_BYTES && [meshcop::number::PSKC, meshcop::number::NETWORK_KEY].contains(number);
        rest = next;
    }
    found && rest.is_empty()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use serde_json::json;

    const KEY: &str = "00112233445566778899aabbccddeeff";
    const PSKC: &str = "445f2b5ca6f2a93a55ce570a70efeecb";
    const TLVS: &str = "0E08000000000001000000030000144A0300001735060004001FFFE00208DEAD1111BEEF22220708FDF01CC8D6F8F4F0051000112233445566778899AABBCCDDEEFF03096F7462722D6D657368010212340410445F2B5CA6F2A93A55CE570A70EFEECB0C0402A0F7F8";

    fn twice(path: &str, mut body: Value) -> Value {
        blank_secrets(path, &mut body);
        let once = body.clone();
        blank_secrets(path, &mut body);
        assert_eq!(once, body, "twice");
        body
    }

    fn blanked(path: &str, body: Value) -> Value {
        let body = twice(path, body);
        let text = body.to_string().to_ascii_lowercase();
        for secret in [KEY, PSKC, "154507124", "j01nme"] {
            assert!(!text.contains(secret), "{path}: {text}");
        }
        body
    }

    #[test]
    fn every_generation_of_the_dataset_loses_its_secrets_and_nothing_else() {
        let zeros = "0".repeat(32);
        for (key, pskc) in [
            ("NetworkKey", "PSKc"),
            ("networkKey", "pskc"),
            ("network_key", "pskC"),
            ("MasterKey", "PSKC"),
        ] {
            let body = json!({ key: KEY.to_uppercase(), pskc: PSKC, "networkName": "otbr-mesh", "extPanId": "dead1111beef2222", "channel": 20,
                "securityPolicy": { "obtainNetworkKey": true, "networkKeyProvisioning": 1 } });
            assert_eq!(
                blanked("/node/dataset/active", body),
                json!({ key: zeros, pskc: zeros, "networkName": "otbr-mesh", "extPanId": "dead1111beef2222", "channel": 20,
                    "securityPolicy": { "obtainNetworkKey": true, "networkKeyProvisioning": 1 } })
            );
        }
        let pending = json!({ "activeDataset": { "networkKey": KEY }, "delay": 30000 });
        assert_eq!(
            blanked("/node/dataset/pending", pending),
            json!({ "activeDataset": { "networkKey": zeros }, "delay": 30000 })
        );
    }

    #[test]
    fn a_dataset_as_tlvs_keeps_its_length_and_its_letter_case() {
        let expected = TLVS
            .replace(&KEY.to_uppercase(), &"0".repeat(32))
            .replace(&PSKC.to_uppercase(), &"0".repeat(32));
        // By path, by the key that holds it, inside other text, and as JSON in a text.
        assert_eq!(blanked("/node/dataset/active", json!(TLVS)), json!(expected));
        assert_eq!(
            blanked("/node/dataset/active", json!(format!(" {TLVS}\r\n"))),
            json!(format!(" {expected}\r\n"))
        );
        assert_eq!(
            blanked("/node/active-dataset-tlvs", json!(TLVS.to_lowercase())),
            json!(expected.to_lowercase())
        );
        assert_eq!(
            blanked("/api/unheard-of", json!({ "activeDataset": TLVS, "x": [TLVS] })),
            json!({ "activeDataset": expected, "x": [expected] })
        );
        assert_eq!(blanked("/api/node", json!(format!("set 0x{TLVS}!"))), json!(format!("set 0x{expected}!")));
        let packed = json!({ "body": format!("{{\"dataset\":\"{TLVS}\"}}") });
        assert_eq!(blanked("/api/node", packed), json!({ "body": format!("{{\"dataset\":\"{expected}\"}}") }));
    }

    #[test]
    fn cut_and_garbled_datasets_lose_too_much_rather_than_too_little() {
        for cut in 0..TLVS.len() {
            let text = blanked("/node/dataset/active", json!(&TLVS[..cut]));
            assert_eq!(text.as_str().unwrap().len(), cut);
            // Not even the first half of the key.
            assert!(!text.as_str().unwrap().contains("00112233"), "{text}");
            assert!(!text.as_str().unwrap().contains("445F2B5C"), "{text}");
        }
        assert_eq!(blanked("/node/dataset/active", json!(format!("dataset: {TLVS}"))), json!("blanked"));
        assert_eq!(
            blanked("/node/dataset/active", json!(format!("{{\"networkKey\":\"{KEY}"))),
            json!("blanked")
        );
        assert_eq!(blanked("/elsewhere", json!(format!("{{\"networkKey\":\"{KEY}"))), json!("blanked"));
        assert_eq!(
            blanked("/elsewhere", json!(format!("error: Network Key {KEY} refused"))),
            json!("blanked")
        );
    }

    #[test]
    fn passcodes_are_blanked_in_bodies_of_every_form() {
        let path = "/node/ba-epskc/key";
        assert_eq!(
            blanked(path, json!({ "tap": "154507124", "port": 49155 })),
            json!({ "tap": "000000000", "port": 49155 })
        );
        assert_eq!(
            blanked(path, json!({ "state": "started", "port": 49155 })),
            json!({ "state": "started", "port": 49155 })
        );
        assert_eq!(blanked(path, json!({ "unheardOf": 154507124 })), json!({ "unheardOf": 0 }));
        assert_eq!(
            blanked(path, json!({ "data": 154507124, "lifetime": 600000 })),
            json!({ "data": 0, "lifetime": 600000 })
        );
        assert_eq!(blanked(path, json!({ "state": "154507124" })), json!({ "state": "000000000" }));
        assert_eq!(blanked(path, json!("154507124")), json!("000000000"));
        assert_eq!(blanked(path, json!(154507124)), json!(0));
        assert_eq!(blanked(path, json!("{\"epskc\": \"154507124\"")), json!("blanked"));
        assert_eq!(blanked("/node/ba-epskc/state", json!("enabled")), json!("enabled"));
        assert_eq!(blanked("/anywhere", json!([{ "ePSKc": "154507124" }])), json!([{ "ePSKc": "000000000" }]));
        assert_eq!(
            blanked("/anywhere", json!({ "passcode": { "value": 154507124 } })),
            json!({ "passcode": { "value": 0 } })
        );
        let joiner = json!({ "data": [{ "type": "addThreadDeviceTask", "attributes": { "eui": "6234567890aacdea", "pskd": "J01NME" } }] });
        assert_eq!(
            blanked("/api/actions", joiner),
            json!({ "data": [{ "type": "addThreadDeviceTask", "attributes": { "eui": "6234567890aacdea", "pskd": "000000" } }] })
        );
        assert_eq!(
            blanked("/node/commissioner/joiner", json!([{ "pskd": "J01NME" }])),
            json!([{ "pskd": "000000" }])
        );
    }

    #[test]
    fn what_is_no_secret_stays() {
        let network_data = "0b0e8001010d09c4000e000500000e1003140040fd4bdff1338f00010504c400f1000702114003130060fd4bdff1338f0002000000000103c400e0";
        let body = json!([{ "extAddress": "5616f19227d2c4ae", "networkData": network_data, "channelPages": "00", "rloc16": "0xc400",
            "threadStackVersion": "OPENTHREAD/thread-reference-20230706-1420-g1234567890; EFR32; Nov 20 2026 13:05:25" }]);
        assert_eq!(blanked("/api/diagnostics", body.clone()), body);
    }

    proptest! {
        #[test]
        fn blanking_is_idempotent_and_total(path in "/(node|api)/(dataset|ba-epskc|devices)", body in super::super::tests::any_json()) {
            twice(&path, body);
        }

        #[test]
        fn a_key_of_any_case_under_any_key_name_is_gone(upper in any::<bool>(), depth in 0usize..8, name in "(network|master)[-_]?[kK]ey|PSKc|pskc") {
            let key = if upper { KEY.to_uppercase() } else { KEY.to_owned() };
            let mut body = json!({ name: key });
            for _ in 0..depth {
                body = json!([{ "data": body }]);
            }
            blanked("/api/node", body);
        }
    }
}
