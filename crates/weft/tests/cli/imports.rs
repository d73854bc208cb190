//! Other programs' files become recordings.

use super::*;

/// Imports a file twice; the recording.
fn imported(folder: &Folder, kind: &str, file: &str, more: &[&str]) -> String {
    let outs = ["one.jsonl", "two.jsonl"].map(|name| folder.path(&format!("{kind}-{name}")));
    for out in &outs {
        let (code, output, error) = run(&[&["import", kind, file, "--out", out.as_str()], more].concat());
        assert_eq!((code, output.as_str()), (0, ""), "{error}");
    }
    let [one, two] = outs.map(|out| fs::read_to_string(out).unwrap());
    assert_eq!(one, two, "the same input gives the same bytes");
    let mut lines = one.lines();
    assert!(
        lines
            .next()
            .unwrap()
            .starts_with(r#"{"format":"weft-recording","version":1,"created_at":"#),
        "{one}"
    );
    let seqs: Vec<u64> = lines.map(|line| parse_line(line.as_bytes()).unwrap().seq).collect();
    assert!(seqs.is_sorted() && !seqs.is_empty());
    one
}

#[test]
fn a_matter_server_is_imported() {
    let folder = Folder::new("matter");
    let recording = imported(&folder, "matter-server", &data("matter-server.json"), &[]);
    assert!(recording.contains(r#""server":"c262e738648869a2""#), "{recording}");
    let (code, output, error) = run(&["show", &folder.path("matter-server-one.jsonl")]);
    assert_eq!((code, error.as_str()), (0, ""));
    assert!(output.contains("└─ ○ Kitchen Repeaterless Relay…  0x7802"), "{output}");
}

#[test]
fn http_answers_are_imported_without_their_secrets() {
    let folder = Folder::new("rest");
    let recording = imported(&folder, "otbr-rest", &data("otbr-rest.jsonl"), &[]);
    assert!(recording.contains(r#""path":"/node/dataset/active""#));
    assert!(!recording.contains("00112233445566778899aabbccddeeff"), "the network key");
    assert!(recording.contains("2026-11-20T13:30:28.042Z"));
    let (_, output, _) = run(&["show", &folder.path("otbr-rest-one.jsonl")]);
    assert!(output.starts_with("otbr-mesh\n  extended PAN id dead1111beef2222"), "{output}");
}

#[test]
fn answers_of_several_files_without_a_base_are_of_one_border_router() {
    let folder = Folder::new("base");
    let good = fs::read_to_string(data("otbr-rest.jsonl")).unwrap();
    let half = good.lines().count() / 2;
    let part = |lines: Vec<&str>| lines.join("\n");
    let first = folder.file("first.jsonl", part(good.lines().take(half).collect()));
    let second = folder.file("second.jsonl", part(good.lines().skip(half).collect()));
    let (code, recording, error) = run(&["import", "otbr-rest", &first, &second, "--out", "-"]);
    assert_eq!(code, 0, "{error}");
    assert!(
        error.contains("answers without \"base\": taken as one border router's, file:first.jsonl\n"),
        "{error}"
    );
    let captures = recording.lines().count() - 1;
    assert_eq!(recording.matches(r#""base":"file:first.jsonl""#).count(), captures, "{recording}");

    let named = folder.file(
        "named.jsonl",
        r#"{"t": 1, "base": "http://otbr", "path": "/node/state", "status": 200, "body": "leader"}"#,
    );
    let (_, recording, error) = run(&["import", "otbr-rest", &named, "--out", "-"]);
    assert!(recording.contains(r#""base":"http://otbr""#) && !error.contains("without"), "{error}");
}

#[test]
fn packets_are_imported() {
    let folder = Folder::new("packets");
    let recording = imported(&folder, "mdns-packets", &data("mdns-packets.jsonl"), &[]);
    assert!(
        recording.contains(r#""service":"_meshcop._udp.local.","instance":"OpenThread BorderRouter #C4AE""#),
        "{recording}"
    );
    let (_, output, _) = run(&["show", &folder.path("mdns-packets-one.jsonl")]);
    assert!(output.contains("◆ "), "{output}");
}

/// The frames of a mesh with its key, as a person may give it; both from a simulation.
const FRAMES: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../fixtures/air-networks/mesh20.pcap.gz");
const KEY: &str = "4cdac1b31894f5b6300a65ccd081a3d4";

#[test]
fn frames_are_imported() {
    let folder = Folder::new("pcap");
    let recording = imported(&folder, "pcap", FRAMES, &[]);
    assert!(
        recording.lines().skip(1).all(|line| line.contains(r#""kind":"radio-summary""#)),
        "without a key there is nothing else"
    );
    let folder = Folder::new("pcap-with-key");
    let recording = imported(&folder, "pcap", FRAMES, &["--network-key", KEY]);
    assert!(recording.contains(r#""kind":"mle""#) && !recording.contains(KEY));
    let mut dataset = weft(&["import", "pcap", FRAMES, "--dataset", "-", "--out", "-"]);
    let mut dataset = dataset
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let digits = format!("02087000368d2534c02d0708fd2c1fbe03d6dfd00510{KEY}\n");
    dataset.stdin.take().unwrap().write_all(digits.as_bytes()).unwrap();
    let (code, recording, error) = told(dataset.wait_with_output().unwrap());
    assert_eq!(code, 0, "{error}");
    assert!(recording.contains(r#""extended_pan_id":"7000368d2534c02d""#) && recording.contains(r#""kind":"tmf""#));
    assert!(!recording.contains(KEY) && !error.contains(KEY));
    assert!(error.contains("26076 frames in one PAN") && error.contains("the key opened"), "{error}");
}

#[test]
fn of_a_broken_capture_file_the_frames_before_are_imported() {
    let folder = Folder::new("broken-pcap");
    let mut frames = Vec::new();
    flate2::read::GzDecoder::new(fs::File::open(FRAMES).unwrap())
        .read_to_end(&mut frames)
        .unwrap();
    let cut = folder.file("cut.pcap", &frames[..100_000]);
    let (code, recording, error) = run(&["import", "pcap", &cut, "--out", "-"]);
    assert_eq!(code, 0, "{error}");
    assert!(recording.lines().count() > 100 && error.contains("cut off"), "{error}");
    let text = folder.file("text.pcap", "this is no capture file, and was never one");
    let (code, _, error) = run(&["import", "pcap", &text, "--out", &folder.path("out")]);
    assert_eq!(code, 1, "{error}");
    assert!(
        error.contains("no pcap or pcapng file") && !Path::new(&folder.path("out")).exists(),
        "{error}"
    );
}

#[test]
fn an_import_tells_what_it_skips_and_writes_nothing_of_nothing() {
    let folder = Folder::new("skips");
    let good = fs::read_to_string(data("otbr-rest.jsonl")).unwrap();
    let without_time = r#"{"path": "/node/state", "status": 200, "body": "leader"}"#;
    let mixed = folder.file(
        "mixed.jsonl",
        format!("{{\"t\": -5, \"path\": \"/node\", \"status\": 200}}\nnonsense\n{without_time}\n{good}"),
    );
    let (code, _, error) = run(&["import", "otbr-rest", &mixed, "--out", &folder.path("out.jsonl")]);
    assert_eq!(code, 0);
    let lines: Vec<&str> = error.lines().collect();
    assert_eq!(lines[0], "weft: mixed.jsonl: line 1: \"t\" is no time between 1970 and 9999");
    assert!(lines[1].starts_with("weft: mixed.jsonl: line 2: column "), "{error}");
    assert_eq!(lines[2], "weft: mixed.jsonl: line 3: no \"t\", and no --at");
    assert!(lines[3].ends_with("taken as one border router's, file:mixed.jsonl"), "{error}");
    assert!(lines[4].contains("1 file; 3 skipped"), "{error}");
    let (_, dated, _) = run(&["import", "otbr-rest", &mixed, "--at", "2026-11-20T10:00:00Z", "--out", "-"]);
    assert!(dated.contains(r#""seq":1,"at":"2026-11-20T10:00:00.000Z""#), "{dated}");

    let out = folder.path("nothing.jsonl");
    for kind in ["otbr-rest", "mdns-packets", "matter-server"] {
        let (code, output, error) = run(&["import", kind, &folder.file("bad", "nonsense\n"), "--out", &out]);
        assert_eq!((code, output.as_str()), (1, ""), "{kind}: {error}");
        assert!(!Path::new(&out).exists());
    }
}

#[test]
fn what_exists_is_not_overwritten() {
    let folder = Folder::new("exists");
    let out = folder.file("mine.jsonl", "mine");
    let (code, _, error) = run(&["import", "mdns-packets", &data("mdns-packets.jsonl"), "--out", &out]);
    assert_eq!(code, 1);
    assert!(error.contains("exists already"), "{error}");
    assert_eq!(fs::read_to_string(&out).unwrap(), "mine");
}
