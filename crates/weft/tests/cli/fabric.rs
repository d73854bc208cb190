//! Pairing, leaving and planning without a fabric.

use super::*;

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
