//! What becomes of recordings, good and broken ones.

use super::*;

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
