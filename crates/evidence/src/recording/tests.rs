use super::*;
use crate::Capture;
use proptest::prelude::*;
use serde_json::json;
use std::io::{self, BufReader, Read};

const MIXED: &[u8] = include_bytes!("../../testdata/mixed.jsonl");
const HEADER: &str = r#"{"format":"weft-recording","version":1,"created_at":"2026-11-20T12:00:00.000Z"}"#;

/// A line with this number and second.
fn line(seq: u64, second: u32) -> String {
    format!(
        r#"{{"seq":{seq},"at":"2026-11-20T12:00:{second:02}.000Z","source":"lan","kind":"mdns","event":"removed","service":"_trel._udp.local.","instance":"a"}}"#
    )
}

fn read(lines: &[&str]) -> Recording {
    read_all(lines.join("\n").as_bytes()).unwrap()
}

fn numbers(recording: &Recording) -> Vec<u64> {
    recording.captures.iter().map(|capture| capture.seq).collect()
}

fn told(recording: &Recording) -> Vec<String> {
    recording.report.troubles.iter().map(ToString::to_string).collect()
}

#[test]
fn a_recording_of_every_kind_is_read_and_written_back() {
    let recording = read_all(MIXED).unwrap();
    assert_eq!((recording.captures.len(), recording.report.lines, recording.report.used), (31, 32, 31));
    assert_eq!(told(&recording), [] as [String; 0]);
    assert_eq!(recording.header.as_ref().unwrap().version, 1);
    let kinds: std::collections::BTreeSet<_> = recording.captures.iter().map(|capture| capture.body.kind()).collect();
    assert_eq!(kinds.len(), 11, "{kinds:?}");
    let mut writer = RecordingWriter::new(Vec::new(), recording.header.as_ref().unwrap()).unwrap();
    for capture in &recording.captures {
        assert_eq!(&writer.write(capture.clone()).unwrap(), capture);
    }
    writer.flush().unwrap();
    assert_eq!(read_all(&writer.into_inner()[..]).unwrap(), recording);
}

#[test]
fn both_ways_of_reading_a_line_agree() {
    for text in MIXED.split(|byte| *byte == b'\n').skip(1).filter(|line| !line.is_empty()) {
        let by_serde: Capture = serde_json::from_slice(text).unwrap();
        assert_eq!(parse_line(text).unwrap(), by_serde);
    }
}

#[test]
fn each_bad_line_costs_itself_and_is_told() {
    let (one, two, three) = (line(1, 1), line(2, 2), line(3, 3));
    let future = two.replace("mdns", "smoke-signal");
    let cut = &three[..90];
    let recording = read(&[
        HEADER,
        &one,
        "{\"seq\":",
        "",
        "{]",
        &future,
        "\u{0}\u{1}\u{2}",
        "17",
        &two,
        &two.replace("\"seq\":2", "\"seq\":\"2\""),
        cut,
    ]);
    assert_eq!(numbers(&recording), [1, 2]);
    assert_eq!(
        told(&recording),
        [
            "line 3: the line ends in the middle of its JSON, after column 7",
            "line 5: no JSON object at column 2: key must be a string",
            "line 6: kind \"smoke-signal\" is not known here",
            "line 7: no JSON object at column 1: an object expected",
            "line 8: no JSON object at column 1: an object expected",
            "line 10: the line at column 10: invalid type: string \"2\", expected u64",
            "line 11: the line ends in the middle of its JSON, after column 90",
        ]
    );
    let skipped: Vec<_> = recording.report.skipped.iter().map(|(kind, count)| (*kind, *count)).collect();
    let expected = [
        (TroubleKind::NoJson, 4),
        (TroubleKind::CutOff, 1),
        (TroubleKind::WrongFields, 1),
        (TroubleKind::UnknownKind, 1),
    ];
    assert_eq!(skipped, expected);
    assert_eq!(recording.report.unknown_kinds["smoke-signal"], 1);
    assert_eq!(recording.report.skipped_lines(), 7);
    assert!(
        recording
            .report
            .to_string()
            .starts_with("11 lines, 2 captures used, 4 skipped (not JSON)")
    );
}

#[test]
fn bytes_that_are_no_text_cost_their_line() {
    let bytes = [
        HEADER.as_bytes(),
        b"\n",
        line(1, 1).as_bytes(),
        b"\n\xff\xfe\x00\n",
        &[0x80; 5000],
        b"\n",
        line(2, 2).as_bytes(),
    ]
    .concat();
    let recording = read_all(&bytes[..]).unwrap();
    assert_eq!(numbers(&recording), [1, 2]);
    assert_eq!(told(&recording)[0], "line 3: byte 1 is not UTF-8: binary data, or the file is damaged");
    assert_eq!(recording.report.skipped[&TroubleKind::NotUtf8], 2);
}

#[test]
fn reordered_lines_are_used_and_sorted() {
    let lines: Vec<String> = [(3, 3), (1, 1), (2, 2), (5, 4), (4, 5)].map(|(seq, second)| line(seq, second)).to_vec();
    let recording = read(&[HEADER, &lines[0], &lines[1], &lines[2], &lines[3], &lines[4]]);
    assert_eq!(numbers(&recording), [1, 2, 3, 5, 4], "by time first");
    assert_eq!(recording.report.told[&TroubleKind::OutOfOrder], 3);
    assert_eq!(told(&recording)[0], "line 3: number 1 comes after 3");
    let back = read(&[HEADER, &line(1, 30), &line(2, 20)]);
    assert_eq!(told(&back), ["line 3: 2026-11-20T12:00:20.000Z comes after 2026-11-20T12:00:30.000Z"]);
}

#[test]
fn the_same_line_twice_counts_once_and_the_same_number_with_other_content_is_told() {
    let other = line(1, 1).replace("\"a\"", "\"b\"");
    let recording = read(&[HEADER, &line(1, 1), &line(2, 2), &line(1, 1), &other, &line(1, 1)]);
    assert_eq!(numbers(&recording), [1, 1, 2]);
    assert_eq!((recording.report.used, recording.report.repeated), (3, 2));
    assert_eq!(recording.report.told[&TroubleKind::SameNumber], 1);
    let shuffled = read(&[HEADER, &other, &line(2, 2), &line(1, 1)]);
    assert_eq!(shuffled.captures, recording.captures, "whatever the order of the lines");
}

#[test]
fn headers() {
    let newer = HEADER.replace("\"version\":1", "\"version\":2");
    let refused = read_all(format!("{newer}\n{}", line(1, 1)).as_bytes()).unwrap_err();
    assert_eq!(
        refused.to_string(),
        "the recording is of version 2, and this program reads versions up to 1: use a newer one"
    );
    let mut reader = RecordingReader::new(newer.as_bytes());
    assert!(matches!(reader.next(), Some(ReadItem::Skipped(_))));
    assert_eq!((reader.next(), reader.refused().map(|refused| refused.version)), (None, Some(2)));

    let headless = read(&[&line(1, 1), &line(2, 2)]);
    assert_eq!((numbers(&headless), headless.header.is_none()), (vec![1, 2], true));
    assert_eq!(told(&headless), ["line 1: the recording begins without a header"]);

    let other = read(&[r#"{"format":"weft-topology","version":1}"#, &line(1, 1)]);
    assert_eq!(
        (numbers(&other), told(&other)),
        (
            vec![1],
            vec!["line 1: says that it is \"weft-topology\", not \"weft-recording\"".to_owned()]
        )
    );

    let two = read(&[HEADER, &line(1, 1), HEADER, &line(1, 2)]);
    assert_eq!((numbers(&two), two.report.told[&TroubleKind::AnotherHeader]), (vec![1, 1], 1));

    let marked = read(&[&format!("\u{feff}{HEADER}"), &line(1, 1)]);
    assert_eq!((marked.header.is_some(), told(&marked).len()), (true, 0));
    let odd = read(&[
        r#"{"format":"weft-recording","version":1,"created_at":"yesterday","note":5}"#,
        &line(1, 1),
    ]);
    assert_eq!((odd.header.is_some(), numbers(&odd)), (true, vec![1]));
    assert_eq!(read(&[]), Recording::default());
}

/// Valid lines, then one of 100 million bytes, then a valid line; made while it is read.
struct Flood {
    before: io::Cursor<Vec<u8>>,
    left: u64,
    after: io::Cursor<Vec<u8>>,
}

impl Read for Flood {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        match self.before.read(buffer)? {
            0 => (),
            read => return Ok(read),
        }
        if self.left == 0 {
            return self.after.read(buffer);
        }
        let count = self.left.min(buffer.len() as u64) as usize;
        buffer[..count].fill(b'x');
        self.left -= count as u64;
        Ok(count)
    }
}

#[test]
fn a_line_of_100_million_bytes_costs_that_line() {
    let before = io::Cursor::new(format!("{HEADER}\n{}\n", line(1, 1)).into_bytes());
    let after = io::Cursor::new(format!("\n{}\n", line(2, 2)).into_bytes());
    let recording = read_all(BufReader::new(Flood {
        before,
        left: 100_000_000,
        after,
    }))
    .unwrap();
    assert_eq!(numbers(&recording), [1, 2]);
    assert_eq!(told(&recording), ["line 3: 100000000 bytes long, and 16777216 is the most"]);
}

/// Fails after its bytes.
struct Failing(io::Cursor<Vec<u8>>);

impl Read for Failing {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        match self.0.read(buffer)? {
            0 => Err(io::Error::other("the disk is gone")),
            read => Ok(read),
        }
    }
}

#[test]
fn an_input_that_fails_gives_what_came_before() {
    let recording = read_all(BufReader::new(Failing(io::Cursor::new(
        format!("{HEADER}\n{}\n", line(1, 1)).into_bytes(),
    ))))
    .unwrap();
    assert_eq!(numbers(&recording), [1]);
    assert_eq!(
        told(&recording),
        ["line 2: the input cannot be read on after this line: the disk is gone"]
    );
}

#[test]
fn the_report_is_bounded() {
    let lines: Vec<String> = (0..500)
        .map(|index| line(1, 1).replace("mdns", &format!("kind-{index}-{}", "x".repeat(1000))))
        .collect();
    let report = read_all(lines.join("\n").as_bytes()).unwrap().report;
    assert_eq!(report.troubles.len(), MAX_TROUBLES);
    assert_eq!(
        (report.unknown_kinds.len(), report.unknown_kinds["…"]),
        (MAX_UNKNOWN_KINDS + 1, 500 - MAX_UNKNOWN_KINDS as u64)
    );
    assert!(report.unknown_kinds.keys().all(|kind| kind.chars().count() < 200));
}

#[test]
fn the_writer_keeps_numbers_rising_and_holds_the_time() {
    let mut writer = RecordingWriter::new(Vec::new(), &Header::new(None, None)).unwrap();
    let mut written = Vec::new();
    for (seq, second) in [(0, 5), (0, 6), (7, 3), (5, 9)] {
        let capture = writer.write(parse_line(line(seq, second).as_bytes()).unwrap()).unwrap();
        written.push((capture.seq, capture.at.unix_milliseconds() / 1000 % 60));
    }
    assert_eq!(written, [(0, 5), (1, 6), (7, 6), (8, 9)]);
    let recording = read_all(&writer.into_inner()[..]).unwrap();
    assert_eq!((numbers(&recording), recording.report.troubles), (vec![0, 1, 7, 8], Vec::new()));
}

#[test]
fn a_capture_that_no_reader_would_take_is_not_written() {
    let mut capture = parse_line(line(1, 1).as_bytes()).unwrap();
    let crate::CaptureBody::Mdns(crate::MdnsCapture::Removed { instance, .. }) = &mut capture.body else {
        panic!()
    };
    *instance = "x".repeat(MAX_LINE_BYTES);
    let mut writer = RecordingWriter::new(Vec::new(), &Header::new(None, None)).unwrap();
    assert_eq!(writer.write(capture).unwrap_err().kind(), io::ErrorKind::InvalidInput);
    assert_eq!(writer.write(parse_line(line(1, 1).as_bytes()).unwrap()).unwrap().seq, 1);
    assert_eq!(read_all(&writer.into_inner()[..]).unwrap().captures.len(), 1);
}

/// JSON that captures of any kind may have as their body.
fn any_body() -> impl Strategy<Value = crate::CaptureBody> {
    let text = "[a-z \"\\\\\u{e9}\n]{0,12}";
    let mdns = (
        text,
        text,
        prop::option::of(any::<u16>()),
        prop::collection::vec((text, prop::option::of("[0-9a-f]{0,8}")), 0..4),
    );
    prop_oneof![
        mdns.prop_map(|(service, instance, port, txt)| crate::CaptureBody::Mdns(crate::MdnsCapture::Resolved {
            service,
            instance,
            host: None,
            port,
            addresses: Vec::new(),
            txt,
            ttl_seconds: None,
        })),
        (any::<[u8; 8]>(), any::<u64>(), "[0-9a-f]{0,40}").prop_map(|(fabric, node, payload)| {
            crate::CaptureBody::MatterServerNode(crate::MatterServerNode {
                server: weft_model::CompressedFabricId(fabric).to_string(),
                node: json!({"node_id": node, "attributes": {"0/53/2": payload}}),
                fresh: Vec::new(),
                interval_seconds: None,
            })
        }),
        (
            any::<[u8; 16]>(),
            "d/d[agq]",
            "([0-9a-f]{2}){0,40}",
            prop::option::of(prop::collection::vec(any::<u8>(), 0..5))
        )
            .prop_map(|(peer, uri, payload, asked)| crate::CaptureBody::Tmf(crate::TmfCapture {
                extended_pan_id: None,
                peer: peer.into(),
                uri,
                asked,
                code: None,
                payload,
                overheard: false,
            })),
        (any::<u16>(), any::<u64>(), any::<Option<i8>>()).prop_map(|(eighths, frames, rssi_dbm)| {
            crate::CaptureBody::RadioSummary(crate::RadioSummaryCapture {
                channel: Some(15),
                pan_id: weft_model::PanId(1),
                from: "0x2c01".into(),
                to: "0x2c00".into(),
                interval_seconds: f64::from(eighths) / 8.0,
                age_seconds: rssi_dbm.map(|_| f64::from(eighths) / 4.0),
                frames,
                acknowledged: 0,
                data_polls: 0,
                rssi_min_dbm: rssi_dbm,
                rssi_average_dbm: None,
                rssi_max_dbm: None,
                lqi_average: None,
            })
        }),
        Just(crate::CaptureBody::Source(crate::SourceReport {
            state: crate::SourceState::Working,
            reason: None,
            dropped: 3,
            detail: None
        })),
    ]
}

proptest! {
    #[test]
    fn what_was_written_is_read(bodies in prop::collection::vec((any_body(), 0i64..1_000_000, 0u64..100), 0..12)) {
        let mut writer = RecordingWriter::new(Vec::new(), &Header::new(None, Some("test".into()))).unwrap();
        let mut written = Vec::new();
        for (body, at, seq) in bodies {
            let capture = Capture { seq, at: weft_model::Timestamp::from_unix_milliseconds(at), source: "test".into(), body };
            written.push(writer.write(capture).unwrap());
        }
        let recording = read_all(&writer.into_inner()[..]).unwrap();
        prop_assert_eq!(recording.report.troubles, Vec::new());
        prop_assert_eq!(recording.captures, written);
    }

    #[test]
    fn damage_costs_the_lines_that_it_hits(place in any::<prop::sample::Index>(), damage in prop::collection::vec(any::<u8>(), 1..6)) {
        let mut bytes = MIXED.to_vec();
        let place = place.index(bytes.len());
        let hit = damage.len() as u64;
        for (byte, new) in bytes[place..].iter_mut().zip(damage) {
            *byte = new;
        }
        // A version number may become a higher one: that recording is refused.
        if let Ok(recording) = read_all(&bytes[..]) {
            prop_assert!(recording.report.used + 2 * hit >= 30, "{}", recording.report);
        }
    }

    #[test]
    fn arbitrary_bytes_do_no_harm(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
        let _ = read_all(&bytes[..]);
        let _ = parse_line(&bytes);
    }
}
