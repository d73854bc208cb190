//! One small HTTP request over a Unix socket: sockets of files are the same in all network namespaces.

use std::io::{self, BufRead, BufReader, Read, Write};
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::time::Duration;

/// The longest that a peer may take for one request: it may commission 44 devices in it.
const ANSWER_WITHIN: Duration = Duration::from_secs(300);
/// The longest answer that is read.
const MAX_ANSWER_BYTES: u64 = 64 << 20;

/// Status and body of the answer. `headers` are lines without their ends.
pub fn request(socket: &Path, method: &str, path: &str, headers: &[String], body: &str) -> io::Result<(u16, String)> {
    let mut stream = UnixStream::connect(socket)?;
    stream.set_read_timeout(Some(ANSWER_WITHIN))?;
    let further: String = headers.iter().map(|header| format!("{header}\r\n")).collect();
    // HTTP/1.0, so that the answer is never chunked and ends with the connection.
    write!(
        stream,
        "{method} {path} HTTP/1.0\r\n{further}Content-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    )?;
    let mut answer = BufReader::new(stream.take(MAX_ANSWER_BYTES));
    let mut status = None;
    loop {
        let mut line = String::new();
        if answer.read_line(&mut line)? == 0 || line == "\r\n" {
            break;
        }
        status = status.or_else(|| line.split(' ').nth(1)?.parse().ok());
    }
    let mut text = String::new();
    answer.read_to_string(&mut text)?;
    let status = status.ok_or_else(|| io::Error::new(io::ErrorKind::InvalidData, "an answer without a status"))?;
    Ok((status, text))
}
