//! The binary from outside: exit status, what goes to which stream, and what becomes of bad input.

#![allow(clippy::unwrap_used)] // of a test that fails, the place says enough

use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use weft_evidence::recording::parse_line;
use weft_store::{DataDirectory, Limits, Store};

/// A folder that goes away with the test.
struct Folder(PathBuf);

impl Folder {
    fn new(test: &str) -> Self {
        let path = std::env::temp_dir().join(format!("weft-cli-{test}-{}", std::process::id()));
        let _ = fs::remove_dir_all(&path);
        fs::create_dir_all(&path).unwrap();
        Self(path)
    }

    fn file(&self, name: &str, content: impl AsRef<[u8]>) -> String {
        let path = self.0.join(name);
        fs::write(&path, content).unwrap();
        path.display().to_string()
    }

    fn path(&self, name: &str) -> String {
        self.0.join(name).display().to_string()
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

fn weft(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_weft"));
    command
        .args(arguments)
        .stdin(Stdio::null())
        .env_remove("NO_COLOR")
        .env_remove("COLUMNS")
        .env_remove("WEFT_LOG");
    command
}

/// Runs it; exit status, standard output, standard error.
fn run(arguments: &[&str]) -> (i32, String, String) {
    told(weft(arguments).output().unwrap())
}

fn told(Output { status, stdout, stderr }: Output) -> (i32, String, String) {
    let code = status.code().expect("ended by itself");
    let error = String::from_utf8(stderr).unwrap();
    assert!(!error.contains("panicked"), "{error}");
    (code, String::from_utf8(stdout).unwrap(), error)
}

fn data(name: &str) -> String {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data").join(name).display().to_string()
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    gzip.write_all(bytes).unwrap();
    gzip.finish().unwrap()
}

fn json(text: &str) -> serde_json::Value {
    assert_eq!(text.lines().count(), 1, "one line: {text}");
    serde_json::from_str(text).unwrap()
}

#[test]
fn wrong_usage_is_2_and_a_failed_work_is_1() {
    for arguments in [
        &["frobnicate"][..],
        &["derive"],
        &["show", "--at", "noon"],
        &["import", "carrier-pigeon", "x", "--out", "y"],
        &["import", "pcap", "-", "--network-key", "-", "--out", "y"],
        &["import", "pcap", "x.pcap", "--network-key", "not a key", "--out", "y"],
        &["import", "pcap", "x.pcap", "--dataset", "0301ff", "--out", "y"],
        &["import", "otbr-rest", "x.jsonl", "--network-key", "-", "--out", "y"],
    ] {
        let (code, output, error) = run(arguments);
        assert_eq!((code, output.as_str()), (2, ""), "{arguments:?}: {error}");
        assert!(!error.is_empty());
    }
    for arguments in [
        &["derive", "/nonexistent/file.jsonl"][..],
        &["show", "/nonexistent/file.jsonl"],
        &["derive", "/"],
        &["import", "otbr-rest", "/nonexistent", "--out", "/nonexistent/out"],
    ] {
        let (code, output, error) = run(arguments);
        assert_eq!((code, output.as_str()), (1, ""), "{arguments:?}: {error}");
        assert!(error.starts_with("weft: "), "{error}");
    }
    let (code, output, error) = run(&["--help"]);
    assert_eq!((code, error.as_str()), (0, ""));
    assert!(output.contains("weft demo") || output.contains("demo"), "{output}");
}

#[test]
fn a_good_recording_gives_json_and_no_remark() {
    let (code, output, error) = run(&["derive", &data("recording.jsonl")]);
    assert_eq!((code, error.as_str()), (0, ""));
    let topology = json(&output);
    assert_eq!(topology["format"], "weft-topology");
    assert_eq!(topology["as_of"], "2026-11-20T14:02:23.256Z");
    assert_eq!(topology["networks"][0]["id"], "dead1111beef2222");
    assert!(topology["nodes"][0]["claims"].is_array());

    let (code, without, _) = run(&["derive", "--no-claims", &data("recording.jsonl")]);
    assert_eq!(code, 0);
    assert_eq!(json(&without)["nodes"][0].get("claims"), None);

    let (code, early, _) = run(&["derive", &data("recording.jsonl"), "--at", "2026-11-20T14:00:00Z"]);
    assert_eq!(code, 0);
    assert_eq!(json(&early)["nodes"], serde_json::json!([]));
}

#[test]
fn standard_input_and_gzip_are_the_same_recording() {
    let folder = Folder::new("gzip");
    let bytes = fs::read(data("recording.jsonl")).unwrap();
    let (_, expected, _) = run(&["show", &data("recording.jsonl")]);
    let packed = folder.file("recording.jsonl.gz", gzip(&bytes));
    assert_eq!(run(&["show", &packed]), (0, expected.clone(), String::new()));
    let mut child = weft(&["show", "-"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    child.stdin.take().unwrap().write_all(&gzip(&bytes)).unwrap();
    let (code, output, error) = told(child.wait_with_output().unwrap());
    assert_eq!((code, error.as_str()), (0, ""));
    assert_eq!(
        output.replace("standard input", "recording.jsonl").lines().take(20).collect::<Vec<_>>(),
        expected.lines().take(20).collect::<Vec<_>>()
    );
}

#[test]
fn what_holds_nothing_is_a_sentence() {
    let folder = Folder::new("nothing");
    for (name, content) in [
        ("empty.jsonl", Vec::new()),
        ("blank.jsonl", b"\n\n \n".to_vec()),
        ("binary.jsonl", (0..=255).cycle().take(5_000).collect()),
        ("text.jsonl", b"Dear diary\n".to_vec()),
        ("json.jsonl", b"{\"hello\": \"world\"}\n[1, 2]\n".to_vec()),
        ("cut.gz", gzip(b"")[..12].to_vec()),
    ] {
        let file = folder.file(name, content);
        for command in ["derive", "show"] {
            let (code, output, error) = run(&[command, &file]);
            assert_eq!((code, output.as_str()), (1, ""), "{command} {name}: {error}");
            assert!(error.lines().count() <= 15, "{command} {name}: {error}");
            assert!(error.ends_with("holds no captures that can be used\n"), "{command} {name}: {error}");
        }
    }
}

#[test]
fn broken_lines_are_told_and_the_rest_is_used() {
    let folder = Folder::new("broken");
    let good = fs::read_to_string(data("recording.jsonl")).unwrap();
    let mut lines: Vec<Vec<u8>> = good.lines().map(|line| line.as_bytes().to_vec()).collect();
    for _ in 0..15 {
        lines.push(b"\xff\xfe no text \x00".to_vec());
    }
    lines.insert(2, br#"{"seq": "three", "at": 5}"#.to_vec());
    lines.push(br#"{"seq":99,"at":"2026-11-20T14:02:00.000Z","source":"x","kind":"smoke-signal"}"#.to_vec());
    let (code, output, error) = run(&["derive", &folder.file("broken.jsonl", lines.join(&b'\n'))]);
    assert_eq!(code, 0, "{error}");
    assert_eq!(json(&output)["networks"][0]["id"], "dead1111beef2222");
    let error: Vec<&str> = error.lines().collect();
    assert!(error[0].starts_with("weft: broken.jsonl: line 3: "), "{error:?}");
    assert_eq!(error[10], "weft: broken.jsonl: … and 7 more");
    assert!(error[11].contains("22 lines, 4 captures used"), "{error:?}");
    assert_eq!(error.len(), 12);
}

#[test]
fn a_cut_gzip_is_used_up_to_the_cut() {
    let folder = Folder::new("cut");
    let good = fs::read(data("recording.jsonl")).unwrap();
    let packed = gzip(&good);
    let (code, output, error) = run(&["derive", &folder.file("cut.jsonl.gz", &packed[..packed.len() - 200])]);
    assert_eq!(code, 0, "{error}");
    assert_eq!(json(&output)["networks"][0]["id"], "dead1111beef2222");
    assert!(error.contains("cannot be read on"), "{error}");

    // A header alone holds nothing, where the reading ended before the rest.
    let header = good.split_inclusive(|byte| *byte == b'\n').next().unwrap();
    let packed = [gzip(header), gzip(&good)[..12].to_vec()].concat();
    for command in ["derive", "show"] {
        let (code, output, error) = run(&[command, &folder.file("header.jsonl.gz", &packed)]);
        assert_eq!((code, output.as_str()), (1, ""), "{error}");
        assert!(
            error.contains("cannot be read on") && error.ends_with("holds no captures that can be used\n"),
            "{error}"
        );
    }
    assert_eq!(
        run(&["derive", &folder.file("whole.jsonl", header)]).0,
        0,
        "an empty recording that was read to its end"
    );
}

#[test]
fn a_reader_that_has_seen_enough_is_no_failure() {
    for arguments in [&["show"][..], &["derive"]] {
        let file = data("recording.jsonl");
        let mut child = weft(&[arguments, &[file.as_str()]].concat())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        drop(child.stdout.take());
        let (code, _, error) = told(child.wait_with_output().unwrap());
        assert_eq!((code, error.as_str()), (0, ""), "{arguments:?}");
    }
}

#[test]
fn colours_only_where_they_are_asked_for() {
    let file = data("recording.jsonl");
    assert!(!run(&["show", &file]).1.contains('\u{1b}'));
    assert!(run(&["show", &file, "--color", "always"]).1.contains('\u{1b}'));
    assert!(!run(&["show", &file, "--color", "never"]).1.contains('\u{1b}'));
}

#[test]
fn a_device_is_explained_and_a_word_that_means_several_is_refused() {
    let file = data("recording.jsonl");
    let (code, output, error) = run(&["why", "0x5006", &file]);
    assert_eq!((code, error.as_str()), (0, ""));
    assert!(output.contains("\nparent\n") && output.contains("\nwho says so\n"), "{output}");
    let (code, output, error) = run(&["why", "dead1111beef2222/", &file]);
    assert_eq!((code, output.as_str()), (1, ""));
    assert!(error.contains("say which") && error.lines().count() > 2, "{error}");
    let (code, output, error) = run(&["why", "nobody", &file]);
    assert_eq!((code, output.as_str()), (1, ""));
    assert!(error.contains("no device is known by \"nobody\""), "{error}");
}

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

#[test]
fn an_anonymous_recording_has_the_same_mesh_and_no_address_of_it() {
    let folder = Folder::new("anonymous");
    let out = folder.path("anonymous.jsonl.gz");
    let (code, output, error) = run(&["anonymise", &data("recording.jsonl"), "--out", &out]);
    assert_eq!((code, output.as_str()), (0, ""), "{error}");
    let mut text = String::new();
    flate2::read::GzDecoder::new(&fs::read(&out).unwrap()[..])
        .read_to_string(&mut text)
        .unwrap();
    assert!(!text.contains("dead1111beef2222") && !text.contains("1a00455628887ed0"), "{text}");
    let nodes = |file: &str| {
        json(&run(&["derive", file]).1)["nodes"]
            .as_array()
            .unwrap()
            .iter()
            .map(|node| node["rloc16"].to_string())
            .collect::<std::collections::BTreeSet<_>>()
    };
    assert_eq!(nodes(&out), nodes(&data("recording.jsonl")));
}

/// A data directory with the captures of the test recording.
fn filled(folder: &Folder) -> String {
    let path = folder.0.join("data");
    let directory = DataDirectory::open(&path).unwrap();
    let store = Store::open(&directory.store_path(), Limits::default()).unwrap();
    for line in fs::read_to_string(data("recording.jsonl")).unwrap().lines().skip(1) {
        store.append(parse_line(line.as_bytes()).unwrap());
    }
    store.flush().unwrap();
    path.display().to_string()
}

#[test]
fn without_a_service_what_is_kept_is_shown() {
    let folder = Folder::new("kept");
    let directory = filled(&folder);
    let (code, output, error) = run(&["show", "--data", &directory]);
    assert_eq!((code, error.as_str()), (0, ""));
    assert!(output.contains("0x5006") && output.contains("no service is\nrunning"), "{output}");
    let (code, output, _) = run(&["data", "--data", &directory]);
    assert_eq!(code, 0);
    assert!(
        output.contains("captures   4\n") && output.contains("oldest     2026-11-20 14:0"),
        "{output}"
    );

    let nowhere = folder.path("nowhere");
    let (code, output, error) = run(&["show", "--data", &nowhere]);
    assert_eq!((code, output.as_str()), (1, ""));
    assert!(error.contains("nothing to show yet"), "{error}");
    let (code, output, _) = run(&["data", "--data", &nowhere]);
    assert_eq!(code, 0);
    assert!(output.contains("none yet"), "{output}");
    assert!(!Path::new(&nowhere).exists(), "looking creates nothing");
}

#[test]
fn what_is_kept_is_shown_where_no_lock_can_be_had() {
    let folder = Folder::new("read-only");
    let directory = filled(&folder);
    let _ = fs::remove_file(Path::new(&directory).join("lock"));
    fs::create_dir(Path::new(&directory).join("lock")).unwrap(); // stands for a folder that cannot be written, which tests of root have not
    let (code, output, error) = run(&["show", "--data", &directory]);
    assert_eq!((code, error.as_str()), (0, ""));
    assert!(output.contains("0x5006"), "{output}");
    let (code, output, error) = run(&["data", "--data", &directory]);
    assert_eq!((code, error.as_str()), (0, ""));
    assert!(output.contains("captures   4\n"), "{output}");
    let (code, _, error) = run(&["data", "--delete", "--yes", "--data", &directory]);
    assert_eq!((code, error.matches("os error").count()), (1, 1), "{error}");
}

#[test]
fn data_is_deleted_only_where_somebody_agrees_and_nobody_uses_it() {
    let folder = Folder::new("delete");
    let directory = filled(&folder);
    let (code, _, error) = run(&["data", "--delete", "--data", &directory]);
    assert_eq!(code, 2, "{error}");
    assert!(error.contains("--yes"), "{error}");
    let owner = DataDirectory::open(Path::new(&directory)).unwrap();
    let (code, _, error) = run(&["data", "--delete", "--yes", "--data", &directory]);
    assert_eq!(code, 1);
    assert!(error.contains(&format!("in use by process {}", std::process::id())), "{error}");
    drop(owner);
    assert!(run(&["data", "--data", &directory]).1.contains("captures   4\n"));
    let (code, _, error) = run(&["data", "--delete", "--yes", "--data", &directory]);
    assert_eq!(code, 0, "{error}");
    assert!(run(&["data", "--data", &directory]).1.contains("captures   0\n"));
}

#[test]
fn a_running_service_is_asked() {
    let folder = Folder::new("client");
    let directory = DataDirectory::open(&folder.0.join("data")).unwrap();
    let (_, topology, _) = run(&["derive", &data("recording.jsonl")]);
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    directory.set_address(&format!("http://{}", listener.local_addr().unwrap())).unwrap();
    let serving = std::thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        let mut asked = String::new();
        BufReader::new(&stream).read_line(&mut asked).unwrap();
        write!(stream, "HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n{topology}", topology.len()).unwrap();
        // Read to the end, so that closing does not discard what was sent.
        let _ = stream.shutdown(std::net::Shutdown::Write);
        let _ = stream.read_to_string(&mut String::new());
        asked
    });
    let (code, output, error) = run(&["show", "--at", "2026-11-20T14:02:00Z", "--data", &folder.path("data")]);
    assert_eq!((code, error.as_str()), (0, ""));
    assert!(output.contains("0x5006") && output.contains("from the running service"), "{output}");
    assert_eq!(serving.join().unwrap(), "GET /api/v1/topology?at=2026-11-20T14:02:00.000Z HTTP/1.0\r\n");
}

/// A service that ends with the test.
struct Service(Child);

impl Drop for Service {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[test]
fn the_service_shows_what_was_kept_and_the_commands_are_its_clients() {
    let folder = Folder::new("service");
    let directory = filled(&folder);
    let mut command = weft(&["serve", "--no-mdns", "--listen", "0", "--data", &directory]);
    let mut service = Service(command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap());
    let mut line = String::new();
    BufReader::new(service.0.stdout.take().unwrap()).read_line(&mut line).unwrap();
    assert!(line.contains("http://127.0.0.1:"), "{line}");
    let (code, output, error) = run(&["show", "--data", &directory]);
    assert_eq!(code, 0, "{error}");
    assert!(
        output.contains("0x5006") && output.contains(&format!("process {}", service.0.id())),
        "{output}"
    );
    let (code, output, error) = run(&["why", "0x5006", "--data", &directory]);
    assert_eq!(code, 0, "{error}");
    assert!(output.contains("who says so"), "{output}");
    let (code, output, error) = run(&["data", "--data", &directory]);
    assert_eq!(code, 0, "{error}");
    assert!(output.contains("in use by"), "{output}");
}

#[test]
fn what_is_no_setup_code_pairs_nothing_and_is_not_repeated() {
    let folder = Folder::new("pair");
    let data = folder.path("data");
    // One digit of a code is wrong.
    let (code, output, error) = run(&["pair", "--data", &data, "34970112333", "123"]);
    assert_eq!((code, output.as_str()), (1, ""), "{error}");
    assert!(error.contains("•••••••••33: ") && error.contains("11 or 21 digits"), "{error}");
    assert!(error.ends_with("weft: 2 of 2 devices did not join\n"), "{error}");
    assert!(!error.contains("3497"), "{error}");
    assert!(
        !Path::new(&data).join("matter").exists(),
        "a fabric is made with the first device, not before"
    );

    let (code, output, error) = run(&["pair", "--data", &data, "-"]);
    assert_eq!(
        (code, output.as_str(), error.as_str()),
        (1, "", "weft: there is no setup code to pair with\n")
    );
    let (code, _, error) = run(&["pair", "--data", &data, "--photo", "/nonexistent.jpg"]);
    assert_eq!(code, 1);
    assert!(error.contains("cannot read /nonexistent.jpg"), "{error}");
}

#[test]
fn without_a_fabric_there_is_nothing_to_leave_to_show_or_to_keep() {
    let folder = Folder::new("no-fabric");
    let data = folder.path("data");
    let (code, output, error) = run(&["unpair", "--all", "--yes", "--data", &data]);
    assert_eq!((code, output.as_str()), (1, ""));
    assert!(error.starts_with("weft: no device is paired"), "{error}");
    let (code, output, _) = run(&["fabric", "--data", &data]);
    assert_eq!(code, 0);
    assert!(output.starts_with("No device is paired yet"), "{output}");
    let (code, _, error) = run(&["fabric", "backup", "--out", &folder.path("backup"), "--data", &data]);
    assert_eq!(code, 1);
    assert!(error.contains("there is no fabric"), "{error}");
    assert!(!Path::new(&data).exists() && !Path::new(&folder.path("backup")).exists());
}

#[test]
fn deleting_the_captures_leaves_the_fabric_unless_it_is_named() {
    let folder = Folder::new("delete-fabric");
    let matter = folder.0.join("matter");
    fs::create_dir(&matter).unwrap();
    fs::write(matter.join("fabric"), "keys").unwrap();
    let data = folder.0.display().to_string();
    let (code, _, error) = run(&["data", "--delete", "--yes", "--data", &data]);
    assert_eq!(code, 0, "{error}");
    assert!(
        error.contains("the Matter fabric stays") && error.contains("weft unpair --all"),
        "{error}"
    );
    assert!(matter.join("fabric").exists());
    let (code, _, error) = run(&["data", "--delete", "--fabric", "--data", &data]);
    assert_eq!(code, 2, "nobody can be asked: {error}");
    assert!(matter.join("fabric").exists());
    let (code, _, error) = run(&["data", "--delete", "--fabric", "--yes", "--data", &data]);
    assert_eq!(code, 0, "{error}");
    assert!(!matter.exists());
}

#[test]
fn the_plan_is_told_in_numbered_steps() {
    let (code, output, error) = run(&["plan", &data("recording.jsonl")]);
    assert_eq!((code, error.as_str()), (0, ""));
    assert!(output.contains("devices have a place on the map."), "{output}");
    assert!(output.lines().all(|line| line.chars().count() <= 80), "{output}");
    let (code, output, _) = run(&["plan", "/nonexistent/file.jsonl"]);
    assert_eq!((code, output.as_str()), (1, ""));
}

#[test]
fn the_mesh_is_exported_in_every_format_and_never_over_a_file() {
    let folder = Folder::new("export");
    let recording = data("recording.jsonl");
    for (format, begins) in [
        ("svg", "<?xml"),
        ("json", "{\"format\":\"weft-topology\""),
        ("graphml", "<?xml"),
        ("dot", "graph weft {"),
        ("csv", "id,name,room,"),
    ] {
        let (code, output, error) = run(&["export", &recording, "--format", format]);
        assert_eq!((code, error.as_str()), (0, ""), "{format}");
        assert!(output.starts_with(begins), "{format}: {output}");
    }
    let out = folder.path("map.svg");
    let (code, output, error) = run(&["export", &recording, "--anonymous", "--theme", "dark", "--out", &out]);
    assert_eq!((code, output.as_str()), (0, ""), "{error}");
    assert!(error.contains("names and addresses are replaced"), "{error}");
    let written = fs::read_to_string(&out).unwrap();
    let (code, _, error) = run(&["export", &recording, "--out", &out]);
    assert_eq!(code, 1);
    assert!(error.contains("exists already"), "{error}");
    assert_eq!(fs::read_to_string(&out).unwrap(), written);
    for (arguments, said) in [
        (&["--out", "somewhere"][..], "--format"),
        (&["--format", "png"], "Inkscape"),
        (&["--format", "csv", "--table", "chairs"], "border-routers"),
    ] {
        let (code, _, error) = run(&[&["export", &recording][..], arguments].concat());
        assert_eq!(code, 2, "{error}");
        assert!(error.contains(said), "{error}");
    }
}

/// Files of a tar.gz.
fn unpacked(path: &str) -> std::collections::BTreeMap<String, Vec<u8>> {
    let mut archive = tar::Archive::new(flate2::read::GzDecoder::new(fs::File::open(path).unwrap()));
    let entries = archive.entries().unwrap().map(|entry| {
        let mut entry = entry.unwrap();
        let name = entry.path().unwrap().display().to_string();
        let mut bytes = Vec::new();
        entry.read_to_end(&mut bytes).unwrap();
        (name, bytes)
    });
    entries.collect()
}

#[test]
fn a_report_of_a_home_has_its_topology_and_none_of_its_names() {
    let folder = Folder::new("report");
    let (code, _, error) = run(&["report", "--data", &folder.path("nothing"), "--out", &folder.path("no.tar.gz")]);
    assert_eq!(code, 1);
    assert!(
        error.contains("holds no captures") && !Path::new(&folder.path("no.tar.gz")).exists(),
        "{error}"
    );

    let home = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fixtures/home44-all");
    let recording = home.join("recording.jsonl.gz").display().to_string();
    let (_, original, _) = run(&["derive", &recording]);
    let original = json(&original);
    let directory = DataDirectory::open(Path::new(&folder.path("data"))).unwrap();
    let store = Store::open(&directory.store_path(), Limits::default()).unwrap();
    let reader = BufReader::new(flate2::read::GzDecoder::new(fs::File::open(&recording).unwrap()));
    for capture in weft_evidence::recording::read_all(reader).unwrap().captures {
        store.append(capture);
    }
    store.flush().unwrap();
    drop((store, directory));
    let out = folder.path("report.tar.gz");
    let (code, output, error) = run(&["report", "--data", &folder.path("data"), "--hours", "48", "--out", &out]);
    assert_eq!((code, output.as_str()), (0, ""), "{error}");
    assert!(error.contains("Nothing was sent"), "{error}");

    let files = unpacked(&out);
    let inside = folder.file("recording.jsonl.gz", &files["weft-report/recording.jsonl.gz"]);
    let (code, derived, error) = run(&["derive", &inside]);
    assert_eq!((code, error.as_str()), (0, ""));
    let derived = json(&derived);
    assert_eq!(
        derived,
        serde_json::from_slice::<serde_json::Value>(&files["weft-report/topology.json"]).unwrap()
    );
    for list in ["networks", "nodes", "links"] {
        assert_eq!(
            derived[list].as_array().unwrap().len(),
            original[list].as_array().unwrap().len(),
            "{list}"
        );
    }
    let shared: String = files
        .iter()
        .filter(|(name, _)| !name.ends_with(".gz"))
        .map(|(_, bytes)| String::from_utf8_lossy(bytes).to_lowercase())
        .chain([derived.to_string().to_lowercase()])
        .collect();
    let mut looked_for = 0;
    for node in original["nodes"].as_array().unwrap() {
        let known_as = &node["known_as"];
        let lists = [&known_as["hap"], &known_as["hosts"]]
            .into_iter()
            .filter_map(|list| list.as_array())
            .flatten();
        for text in [&node["name"], &node["extended_address"]]
            .into_iter()
            .chain(lists)
            .filter_map(|text| text.as_str())
        {
            assert!(!shared.contains(&text.to_lowercase()), "{text}");
            looked_for += 1;
        }
    }
    assert!(looked_for > 100, "{looked_for}");
}
