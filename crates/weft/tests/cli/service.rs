//! Beside a service, and without one: what is kept is shown, and a running service is asked.

use super::*;
use std::io::{BufRead, BufReader};
use std::net::TcpListener;
use std::process::Child;

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
pub(crate) struct Service(pub(crate) Child);

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
