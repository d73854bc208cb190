//! Ports, lines and radios that fail: survived, with the reason shown.

use super::*;

/// Two nodes, of which one never stops talking.
fn pair(air: &Air) -> (Node, Node) {
    (Node::start(air, 1, Role::Leader), Node::start(air, 2, Role::Sleepy))
}

/// Waits until the child is heard anew.
fn is_heard(weft: &Weft, child: &str) {
    let last_heard = |weft: &Weft| -> Result<String, String> { Ok(weft.node(child)?["last_heard_at"].as_str().unwrap_or_default().to_owned()) };
    let before = last_heard(weft).unwrap_or_default();
    patiently("the child is heard", SECONDS(90), || {
        let now = last_heard(weft)?;
        if now > before { Ok(()) } else { Err(format!("last heard at {now}")) }
    });
}

#[test]
fn a_dongle_is_followed_through_pulling_out_hanging_and_a_bad_line() {
    let Some(air) = Air::new() else { return };
    let mut dongle = Dongle::new(&air, 40);
    let weft = Weft::start(air.folder(), dongle.port(), None);
    let (_leader, mut child) = pair(&air);
    let child = child.rloc16();
    weft.wait_for("working", "", SECONDS(10));
    is_heard(&weft, &child);

    dongle.unplug();
    weft.wait_for("deaf", "the dongle is not plugged in", SECONDS(10));
    dongle.plug_in(&air);
    weft.wait_for("working", "", SECONDS(15));
    is_heard(&weft, &child);

    dongle.freeze();
    weft.wait_for("deaf", "no", SECONDS(30));
    dongle.thaw();
    weft.wait_for("working", "", SECONDS(30));
    is_heard(&weft, &child);

    // Of a data poll with what the radio adds, every tenth or so is spoilt; an answer of the radio now and then.
    dongle.spoil(997, 1499);
    is_heard(&weft, &child);
    dongle.spoil(0, 0);
    weft.wait_for("working", "", SECONDS(30));
}

#[test]
fn a_line_of_noise_is_named_and_mends_by_itself() {
    let Some(air) = Air::new() else { return };
    let dongle = Dongle::new(&air, 40);
    let (_leader, mut child) = pair(&air);
    dongle.spoil(3, 5);
    let weft = Weft::start(air.folder(), dongle.port(), None);
    weft.wait_for("deaf", "line speed (--baud)", SECONDS(30));
    dongle.spoil(0, 0);
    weft.wait_for("working", "", SECONDS(60));
    is_heard(&weft, &child.rloc16());
}

#[test]
fn a_full_disk_ends_the_capture_file_and_nothing_else() {
    let Some(air) = Air::new() else { return };
    let dongle = Dongle::new(&air, 40);
    let (_leader, mut child) = pair(&air);
    let file = air.folder().join("frames.pcap");
    // No file of this process may grow beyond 4 KiB: what a full disk is like.
    let command = r#"trap '' XFSZ; ulimit -f 8; exec "$0" "$@""#;
    let mut sniff = std::process::Command::new("sh");
    sniff
        .args(["-c", command])
        .arg(weft::program())
        .arg("sniff")
        .arg("--port")
        .arg(dongle.port());
    sniff.args(["--channel", &CHANNEL.to_string(), "--for", "15", "--pcap"]).arg(&file);
    let sniffed = sniff.stdin(std::process::Stdio::null()).output().unwrap();
    let (tree, said) = (String::from_utf8_lossy(&sniffed.stdout), String::from_utf8_lossy(&sniffed.stderr));
    assert!(sniffed.status.success(), "{said}");
    assert_eq!(
        said.matches("the capture file cannot be written any more; it ends here").count(),
        1,
        "{said}"
    );
    assert!(tree.contains(&child.rloc16()), "it went on listening: {tree}");
    assert!(std::fs::metadata(&file).unwrap().len() <= 8 * 1024);
}

#[test]
fn a_port_that_another_program_has_is_not_taken() {
    let Some(air) = Air::new() else { return };
    let dongle = Dongle::new(&air, 40);
    let port = std::fs::File::open(dongle.port()).unwrap();
    let mut other = std::process::Command::new("sleep").arg("600").stdin(port).spawn().unwrap();
    let weft = Weft::start(air.folder(), dongle.port(), None);
    let reason = weft.wait_for("deaf", "is in use by sleep", SECONDS(10));
    other.kill().unwrap();
    other.wait().unwrap();
    assert!(reason.contains(&format!("(process {})", other.id())), "{reason}");
    weft.wait_for("working", "", SECONDS(30));
}
