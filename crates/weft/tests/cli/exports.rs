//! Exports and bug reports.

use super::*;
use std::io::BufReader;

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
