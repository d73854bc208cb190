use super::*;
use crate::capture::*;
use crate::recording::{Header, RecordingWriter};
use proptest::prelude::*;
use serde_json::json;
use weft_model::{ExtendedAddress, PanId, Timestamp};

/// A network key and a PSKc that appear nowhere else.
const KEY: &str = "4cdac1b31894f5b6300a65ccd081a3d4";
const PSKC: &str = "6b4989baacec8024f360cad603d63e68";

/// An active dataset with both, as a border agent answers `c/ag`.
fn dataset() -> String {
    format!("0e080000000000010000000300000f02087000368d2534c02d0708fd2c1fbe03d6dfd00510{KEY}03066d6573683230010210 0b0410{PSKC}0c0402a0f7f8")
        .replace(' ', "")
}

fn capture(body: CaptureBody) -> Capture {
    Capture {
        seq: 1,
        at: Timestamp::from_unix_milliseconds(1),
        source: "test".into(),
        body,
    }
}

fn tmf(uri: &str, payload: String) -> CaptureBody {
    CaptureBody::Tmf(TmfCapture {
        extended_pan_id: None,
        peer: "fd00::1".parse().unwrap(),
        uri: uri.to_owned(),
        asked: None,
        code: None,
        payload,
        overheard: false,
    })
}

fn rest(path: &str, body: Value) -> CaptureBody {
    let base = "http://admin:hunter2@[fd00::1]:8081".to_owned();
    CaptureBody::OtbrRest(OtbrRestCapture {
        base,
        method: "GET".into(),
        path: path.into(),
        accept: None,
        status: 200,
        body,
    })
}

fn mle_with(tlvs: String) -> CaptureBody {
    let from = ExtendedAddress([7; 8]);
    CaptureBody::Mle(MleCapture {
        pan_id: PanId(1),
        extended_pan_id: None,
        channel: None,
        rssi_dbm: None,
        lqi: None,
        from,
        to: None,
        command: 12,
        tlvs,
        registered: Vec::new(),
    })
}

fn report(cluster: u32, tlv: String) -> CaptureBody {
    let attribute = MatterAttribute {
        endpoint: 1,
        cluster,
        attribute: 0x10,
        tlv: Some(tlv),
        status: None,
    };
    CaptureBody::MatterReport(MatterReport {
        fabric: "c2637a8b1b1b1b1b".parse().unwrap(),
        node: "0000000000000004".parse().unwrap(),
        attributes: vec![attribute],
        interval_seconds: None,
    })
}

fn octets(digits: &str) -> String {
    format!("10{:02x}{digits}", digits.len() / 2)
}

/// What recordings would hold of the key in any form: digits of either case, base64, the passwords and codes of the tests.
fn assert_no_secret(line: &str, what: &str) {
    let lower = line.to_lowercase();
    for secret in [
        KEY,
        PSKC,
        "hunter2",
        "34970112332",
        "3497-011-2332",
        "y.k9042c00ka0648g00",
        "749701123365521327694",
        "123456789",
        "031-45-154",
    ] {
        assert!(!lower.contains(secret), "{what}: {secret} in {line}");
    }
    for secret in [KEY, PSKC] {
        let bytes = hex::decode(secret).unwrap();
        assert!(!line.contains(&STANDARD.encode(&bytes)), "{what}: base64 in {line}");
        // Whole base64 texts, whatever the position of the key in them.
        for text in line.split('"') {
            let plain = STANDARD.decode(text).unwrap_or_default();
            assert!(
                !plain.windows(bytes.len()).any(|window| window == bytes),
                "{what}: base64 of a dataset in {line}"
            );
        }
    }
}

/// Every kind of capture with a key in each place that can hold one.
fn captures_with_secrets() -> Vec<(&'static str, CaptureBody)> {
    let dataset = dataset();
    let base64 = STANDARD.encode(hex::decode(&dataset).unwrap());
    let inner = format!("4d4df0bf62440001ff{dataset}");
    let encapsulated = format!("31 10 fd000000000000000000000000000001 30 ff{:04x} {inner}", inner.len() / 2).replace(' ', "");
    let text = || {
        "tried MT:Y.K9042C00KA0648G00, 3497-011-2332, then 34970112332 and 7497 0112 3365 521327694; HomeKit 031-45-154 at http://me:hunter2@host/x"
            .to_owned()
    };
    let detail = json!({"networkKey": KEY, "note": text(), "nested": [{"passcode": "123456789"}]});
    let failure = |target| {
        CaptureBody::Failure(FailureCapture {
            target,
            attempt: text(),
            error: text(),
        })
    };
    let annotation = Annotation {
        name: Some(text()),
        room: Some(text()),
        note: Some(text()),
        thread_role: Some(text()),
        ..Annotation::default()
    };
    let node = json!({
        "node_id": 4, "setup_pin_code": 123456789, "thread_dataset": dataset, "network_key": KEY, "wifi_credentials": "hunter2",
        "qr": "MT:Y.K9042C00KA0648G00",
        "attributes": {"1/1106/16": base64, "0/49/99": [{"1": dataset}]},
    });
    vec![
        ("c/ag", tmf("c/ag", dataset.clone())),
        ("c/pg", tmf("/c/pg", dataset.to_uppercase())),
        ("c/cg", tmf("c/cg", dataset.clone())),
        ("c/as", tmf("c/as", dataset.clone())),
        ("an unknown address", tmf("x/y", dataset.clone())),
        ("a cut dataset", tmf("c/ag", dataset[..dataset.len() - 6].to_owned())),
        ("a dataset cut in the key", tmf("c/ag", format!("0510{}", &KEY[..30]))),
        ("no digits", tmf("c/ag", format!("{dataset}0"))),
        ("encapsulated", tmf("c/ur", encapsulated)),
        (
            "active dataset in MLE",
            mle_with(format!("000210000b08112233445566778818{:02x}{dataset}", dataset.len() / 2)),
        ),
        ("pending dataset in MLE", mle_with(format!("19{:02x}{dataset}", dataset.len() / 2))),
        ("cut MLE", mle_with(format!("00021000187f{dataset}"))),
        (
            "REST dataset",
            rest("/node/dataset/active", json!({"networkKey": KEY, "pskc": PSKC, "networkName": "mesh20"})),
        ),
        (
            "REST dataset, PascalCase",
            rest("/node/dataset/active", json!({"NetworkKey": KEY.to_uppercase(), "PSKc": PSKC})),
        ),
        ("REST dataset as digits", rest("/node/dataset/active", json!(dataset.to_uppercase()))),
        (
            "REST pending dataset",
            rest("/node/dataset/pending", json!({"activeDataset": {"networkKey": KEY}, "delay": 1})),
        ),
        (
            "REST passcode",
            rest("/node/ba-epskc/key", json!({"state": "started", "tap": "123456789", "port": 49152})),
        ),
        ("REST passcode as text", rest("/node/ba-epskc", json!("123456789"))),
        ("Matter report of the border router", report(0x0452, octets(&dataset))),
        ("Matter report", report(0x0031, format!("16{}18", octets(&dataset)))),
        ("broken Matter report of the border router", report(0x0452, format!("10ff{dataset}"))),
        (
            "Matter server",
            CaptureBody::MatterServerNode(MatterServerNode {
                server: "ws://me:hunter2@ha:5580/ws".into(),
                node,
                fresh: Vec::new(),
                interval_seconds: None,
            }),
        ),
        (
            "source",
            CaptureBody::Source(SourceReport {
                state: SourceState::Deaf,
                reason: Some(text()),
                dropped: 0,
                detail: Some(detail.clone()),
            }),
        ),
        ("annotation", CaptureBody::Annotation(annotation)),
        (
            "failure",
            failure(FailureTarget::OtbrRest {
                base: "http://me:hunter2@host".into(),
            }),
        ),
        ("failure of another kind", failure(FailureTarget::Other(detail))),
    ]
}

#[test]
fn no_secret_reaches_a_recording() {
    let header = Header::new(None, None);
    for (what, body) in captures_with_secrets() {
        let before = serde_json::to_string(&capture(body.clone())).unwrap();
        let mut writer = RecordingWriter::new(Vec::new(), &header).unwrap();
        let written = writer.write(capture(body)).unwrap();
        let recording = String::from_utf8(writer.into_inner()).unwrap();
        assert_ne!(recording.lines().nth(1), Some(before.as_str()), "{what}: nothing was blanked");
        assert_no_secret(&recording, what);
        let mut again = written.clone();
        blank_secrets(&mut again);
        assert_eq!(again, written, "{what}: blanking twice");
    }
}

#[test]
fn what_is_no_secret_stays() {
    let recording = crate::recording::read_all(&include_bytes!("../../testdata/mixed.jsonl")[..]).unwrap();
    for mut capture in recording.captures {
        let original = capture.clone();
        blank_secrets(&mut capture);
        assert_eq!(capture, original);
    }
    let CaptureBody::Tmf(body) = tmf("c/ag", dataset()) else { panic!() };
    let mut blanked = capture(CaptureBody::Tmf(body));
    blank_secrets(&mut blanked);
    let CaptureBody::Tmf(TmfCapture { payload, .. }) = blanked.body else {
        panic!()
    };
    assert_eq!(payload, dataset().replace(KEY, &"0".repeat(32)).replace(PSKC, &"0".repeat(32)));
    for kept in [
        "2026-11-20T12:00:00.000Z took 1732104000123 ms",
        "RLOC16 0x2c01, 3 of 4",
        "a/b 1795181942123 x",
        "00112233445566778899aabbccddeeff",
    ] {
        let mut text = kept.to_owned();
        blank_text(&mut text);
        assert_eq!(text, kept);
    }
}

#[test]
fn codes_are_masked_wherever_they_stand() {
    let masked = |text: &str| {
        let mut text = text.to_owned();
        blank_text(&mut text);
        text
    };
    assert_eq!(masked("34970112332"), "***********");
    assert_eq!(masked("code 3497-011-2332 of 5"), "code ****-***-**** of 5");
    assert_eq!(masked("5 34970112332 5"), "5 *********** 5");
    assert_eq!(masked("é MT:Y.K90-X é"), "é MT:******* é");
    assert_eq!(masked("http://a:b@c/d http://e@f"), "http://c/d http://f");
}

proptest! {
    #[test]
    fn arbitrary_texts_and_payloads_do_no_harm(text in "\\PC{0,80}", codes in "[MT:0-9 .@/-]{0,60}", bytes in prop::collection::vec(any::<u8>(), 0..120)) {
        let digits = hex::encode(&bytes);
        let failure = |text: &str| CaptureBody::Failure(FailureCapture { target: FailureTarget::OtbrRest { base: text.into() }, attempt: text.into(), error: text.into() });
        for body in [failure(&text), failure(&codes), tmf("c/ag", digits.clone()), mle_with(digits.clone()), report(0x0452, digits.clone()), report(0x35, digits)] {
            let mut once = capture(body);
            blank_secrets(&mut once);
            let mut twice = once.clone();
            blank_secrets(&mut twice);
            prop_assert_eq!(twice, once);
        }
    }

    #[test]
    fn a_dataset_decodes_as_before(bytes in prop::collection::vec(any::<u8>(), 0..60), at in any::<prop::sample::Index>()) {
        let mut payload = hex::decode(&dataset()).unwrap();
        let at = at.index(payload.len());
        payload.splice(at..at, bytes);
        let mut blanked = payload.clone();
        commissioning(&mut blanked);
        prop_assert_eq!(meshcop::decode_dataset(&blanked).0, meshcop::decode_dataset(&payload).0);
    }
}
