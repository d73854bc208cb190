//! Whole networks: what is kept that opens them, with a service and without, and that no secret of it is ever seen again.

use super::service::Service;
use super::*;
use std::io::{BufRead, BufReader};

const NETWORK: &str = "1111111111111111";
const KEY: &str = "c0ffee00112233445566778899aabbcc";
const PSKC: &str = "decade00112233445566778899aabbcc";

/// An operational dataset: timestamp 1, channel 15, network "Home".
fn dataset() -> String {
    format!("0e080000000000010000000300000f35060004001fffe00208{NETWORK}0708fd111111111111110510{KEY}0304486f6d65010212340410{PSKC}0c0402a0f7f8")
}

fn with_input(arguments: &[&str], input: &str) -> (i32, String, String) {
    let mut child = weft(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    child.stdin.take().unwrap().write_all(input.as_bytes()).unwrap();
    told(child.wait_with_output().unwrap())
}

fn bytes_of(digits: &str) -> Vec<u8> {
    digits
        .as_bytes()
        .chunks(2)
        .map(|pair| u8::from_str_radix(std::str::from_utf8(pair).unwrap(), 16).unwrap())
        .collect()
}

/// The keys, as bytes and as digits, are nowhere in it.
fn holds_no_key(bytes: &[u8], where_: &str) {
    let text = String::from_utf8_lossy(bytes).to_lowercase();
    for key in [KEY, PSKC] {
        assert!(!text.contains(key), "{where_} holds a key in digits");
        let raw = bytes_of(key);
        assert!(!bytes.windows(raw.len()).any(|window| window == raw), "{where_} holds a key");
    }
}

fn files_below(folder: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            files.extend(files_below(&path))
        } else {
            files.push(path)
        }
    }
    files
}

#[test]
fn without_a_service_nobody_is_asked_and_looking_makes_nothing() {
    let folder = Folder::new("network");
    let data = folder.path("data");
    let (code, output, error) = run(&["network", "--data", &data]);
    assert_eq!((code, error.as_str()), (0, ""));
    assert!(
        output.contains("nothing is kept that opens one") && output.contains("no service is running"),
        "{output}"
    );
    for arguments in [
        &["network", "ask", "--data", &data][..],
        &["network", "passcode", "hub", "123456789", "--data", &data],
        &["network", "adopt", "ha.local", "--data", &data],
    ] {
        let (code, output, error) = run(arguments);
        assert_eq!((code, output.as_str()), (1, ""), "{arguments:?}");
        assert!(error.contains("no service is running"), "{error}");
        assert!(!error.contains("123456789"), "{error}");
    }
    assert!(!Path::new(&data).exists());
    let (code, output, _) = run(&["network", "where"]);
    assert_eq!(code, 0);
    assert!(output.contains("ot-ctl dataset active -x") && output.contains("DIRIGERA"), "{output}");
}

#[test]
fn what_is_no_dataset_is_refused_and_not_repeated() {
    let folder = Folder::new("no-dataset");
    let data = folder.path("data");
    let cut = &dataset()[..100];
    for (argument, input) in [(cut, ""), ("-", cut), ("-", KEY), (KEY, "")] {
        let (code, output, error) = with_input(&["network", "add", argument, "--data", &data], input);
        assert_eq!((code, output.as_str()), (1, ""), "{error}");
        assert!(error.contains("no operational dataset") && !error.contains("c0ffee"), "{error}");
    }
    let (code, _, error) = with_input(&["network", "add", "-", "--data", &data], " \n");
    assert_eq!(code, 1);
    assert!(error.contains("nothing in it"), "{error}");
    assert!(!Path::new(&data).exists());
}

#[test]
fn a_dataset_is_kept_sealed_shown_without_keys_and_forgotten() {
    let folder = Folder::new("credential");
    let data = folder.path("data");
    let (code, output, error) = with_input(&["network", "add", "-", "--data", &data], &format!("{}\n", dataset()));
    assert_eq!((code, output.as_str()), (0, ""), "{error}");
    assert!(error.contains("kept what opens") && error.contains("no service is running"), "{error}");
    for file in files_below(Path::new(&data)) {
        holds_no_key(&fs::read(&file).unwrap(), &file.display().to_string());
    }
    let (code, output, error) = run(&["network", "--data", &data]);
    assert_eq!(code, 0, "{error}");
    assert!(output.contains(NETWORK) && output.contains("network key and PSKc"), "{output}");
    holds_no_key(output.as_bytes(), "the list");

    let (code, _, error) = run(&["data", "--delete", "--yes", "--data", &data]);
    assert_eq!(code, 0, "{error}");
    assert!(error.contains("what opens networks") && error.contains("--credentials"), "{error}");
    assert!(run(&["network", "--data", &data]).1.contains(NETWORK));
    let (code, _, error) = run(&["network", "forget", NETWORK, "--data", &data]);
    assert_eq!(code, 0, "{error}");
    assert!(!run(&["network", "--data", &data]).1.contains("network key and PSKc"));

    let file = folder.file("dataset.hex", dataset());
    let (code, _, error) = run(&["network", "add", &file, "--data", &data]);
    assert_eq!(code, 0, "{error}");
    let (code, _, error) = run(&["data", "--delete", "--credentials", "--yes", "--data", &data]);
    assert_eq!(code, 0, "{error}");
    let left: Vec<_> = files_below(Path::new(&data));
    assert!(
        !left
            .iter()
            .any(|path| path.to_string_lossy().contains("/networks") || path.ends_with("seal.key")),
        "{left:?}"
    );
}

#[test]
fn beside_a_service_the_command_is_its_client_and_no_key_is_seen_again() {
    let folder = Folder::new("network-service");
    let data = folder.path("data");
    let mut command = weft(&["serve", "--no-mdns", "--no-matter", "--listen", "0", "--data", &data]);
    command.env("WEFT_LOG", "trace");
    let mut service = Service(command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap());
    let mut log = service.0.stderr.take().unwrap();
    let reading = std::thread::spawn(move || {
        let mut all = Vec::new();
        log.read_to_end(&mut all).map(|_| all)
    });
    let mut line = String::new();
    BufReader::new(service.0.stdout.take().unwrap()).read_line(&mut line).unwrap();
    assert!(line.contains("http://127.0.0.1:"), "{line}");
    let (code, _, error) = with_input(&["network", "add", "-", "--data", &data], &dataset());
    assert_eq!(code, 0, "{error}");
    assert!(error.contains("no border router of this network announces itself"), "{error}");
    let (code, output, _) = run(&["network", "--data", &data]);
    assert_eq!(code, 0);
    assert!(output.contains("From the running service") && output.contains(NETWORK), "{output}");
    // Nobody listens there.
    let (code, _, error) = run(&["network", "matter-server", "ws://127.0.0.1:9/ws", "--data", &data]);
    assert_eq!(code, 1, "{error}");
    assert!(error.contains("does not answer") && error.contains("weft network remove"), "{error}");
    let (code, _, error) = run(&["network", "remove", "ws://127.0.0.1:9/ws", "--data", &data]);
    assert_eq!(code, 0, "{error}");
    let (code, _, error) = run(&["network", "forget", "2222222222222222", "--data", &data]);
    assert_eq!(code, 1, "{error}");
    let bundle = folder.path("bundle.tar.gz");
    let (code, _, error) = run(&["report", "--out", &bundle, "--with-names", "--data", &data]);
    assert_eq!(code, 0, "{error}");
    let mut unpacked = Vec::new();
    flate2::read::GzDecoder::new(fs::File::open(&bundle).unwrap())
        .read_to_end(&mut unpacked)
        .unwrap();
    assert!(!unpacked.is_empty());
    holds_no_key(&unpacked, "the bundle");
    holds_no_key(output.as_bytes(), "the list");
    for file in files_below(Path::new(&data)) {
        holds_no_key(&fs::read(&file).unwrap(), &file.display().to_string());
    }
    drop(service);
    holds_no_key(&reading.join().unwrap().unwrap(), "the log");
}
