//! A client of the running service: one small HTTP request at a time.

use crate::mesh;
use crate::serve::TOKEN_FILE;
use anyhow::{Context, Result, bail};
use serde::Serialize;
use serde::de::DeserializeOwned;
use std::fs::File;
use std::io::{self, Read, Write};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, TcpStream};
use std::path::{Path, PathBuf};
use std::time::Duration;
use weft_store::Owner;
use zeroize::Zeroizing;

/// The longest answer that is read: a topology of 20,000 devices with all claims stays below it.
const MAX_ANSWER_BYTES: u64 = 512 << 20;
/// The longest head of an answer.
const MAX_HEAD_BYTES: usize = 16 << 10;
/// The longest token.
const MAX_TOKEN_BYTES: u64 = 4096;
const CONNECT_WITHIN: Duration = Duration::from_secs(3);
/// The service answers within 30 s, or says that it cannot.
pub(crate) const ANSWER_WITHIN: Duration = Duration::from_secs(40);

/// Asks the service that owns `directory` for `path`, and gives the body of its answer.
///
/// # Errors
/// Where the service has not said where it listens, cannot be reached, or refuses.
pub(crate) fn get(owner: &Owner, directory: &Path, path: &str) -> Result<Vec<u8>> {
    request(owner, directory, &Request::get(path))
}

/// The running service that owns a data directory: JSON in both directions.
pub(crate) struct Service {
    owner: Owner,
    directory: PathBuf,
}

impl Service {
    /// `None` where none runs.
    pub(crate) fn of(directory: &Path) -> Option<Self> {
        Some(Self {
            owner: mesh::owner_of(directory)?,
            directory: directory.to_owned(),
        })
    }

    /// What stands at a path.
    ///
    /// # Errors
    /// As [`get`]'s; also where the answer is not understood.
    pub(crate) fn get<T: DeserializeOwned>(&self, path: &str) -> Result<T> {
        self.request(&Request::get(path))
    }

    /// Sends something to a path as JSON, which is overwritten then: it may hold secrets.
    ///
    /// # Errors
    /// As [`Self::get`]'s; also where no answer comes `within` that time.
    pub(crate) fn post<T: DeserializeOwned>(&self, path: &str, body: &impl Serialize, within: Duration) -> Result<T> {
        let body = Zeroizing::new(serde_json::to_vec(body)?);
        self.post_bytes(path, "application/json", &body, within)
    }

    /// Sends bytes of some kind to a path.
    ///
    /// # Errors
    /// As [`Self::post`]'s.
    pub(crate) fn post_bytes<T: DeserializeOwned>(&self, path: &str, kind: &str, body: &[u8], within: Duration) -> Result<T> {
        self.request(&Request {
            body: Some((kind, body)),
            within,
            ..Request::get(path)
        })
    }

    /// Deletes what stands at a path.
    ///
    /// # Errors
    /// As [`Self::get`]'s.
    pub(crate) fn delete<T: DeserializeOwned>(&self, path: &str) -> Result<T> {
        self.request(&Request {
            deletes: true,
            ..Request::get(path)
        })
    }

    fn request<T: DeserializeOwned>(&self, asked: &Request<'_>) -> Result<T> {
        let answer = request(&self.owner, &self.directory, asked)?;
        serde_json::from_slice(&answer).context("the running service's answer cannot be read")
    }
}

impl std::fmt::Display for Service {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.owner.fmt(f)
    }
}

/// What is asked.
struct Request<'a> {
    path: &'a str,
    /// Deletes what is there.
    deletes: bool,
    /// What is posted, and what it is.
    body: Option<(&'a str, &'a [u8])>,
    within: Duration,
}

impl<'a> Request<'a> {
    fn get(path: &'a str) -> Self {
        Self {
            path,
            deletes: false,
            body: None,
            within: ANSWER_WITHIN,
        }
    }
}

fn request(owner: &Owner, directory: &Path, request: &Request<'_>) -> Result<Vec<u8>> {
    let Some(address) = &owner.address else {
        bail!(
            "{owner} has {}, and does not say yet where it listens: try again in a moment",
            directory.display()
        );
    };
    let address = reachable(address).with_context(|| format!("{owner} says that it listens at {address:?}, which is no address"))?;
    let token = token(directory)?;
    match ask(address, token.as_ref().map(|token| token.as_str()), request) {
        // It was asked, and says itself why not.
        Err(error) if error.is::<Refused>() => Err(error),
        answer => answer.with_context(|| format!("cannot ask the running service at {address} ({owner})")),
    }
}

/// What the service says of why it does not do something.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
struct Refused(String);

/// The address to connect to: an unspecified one stands for this machine.
fn reachable(text: &str) -> Option<SocketAddr> {
    let bare = text.strip_prefix("http://").unwrap_or(text).trim_end_matches('/');
    let mut address: SocketAddr = bare.parse().ok()?;
    if address.ip().is_unspecified() {
        address.set_ip(if address.is_ipv4() {
            IpAddr::V4(Ipv4Addr::LOCALHOST)
        } else {
            IpAddr::V6(Ipv6Addr::LOCALHOST)
        });
    }
    Some(address)
}

/// The token of the data directory. Only its owner can read it, and only its owner's commands are clients.
fn token(directory: &Path) -> Result<Option<Zeroizing<String>>> {
    let path = directory.join(TOKEN_FILE);
    let mut text = Zeroizing::new(String::new());
    match File::open(&path) {
        Ok(file) => file
            .take(MAX_TOKEN_BYTES)
            .read_to_string(&mut text)
            .with_context(|| format!("cannot read {}", path.display()))?,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(error).with_context(|| format!("cannot read {}", path.display())),
    };
    let token = Zeroizing::new(text.trim().to_owned());
    if !token.bytes().all(|byte| byte.is_ascii_graphic()) {
        bail!("{} holds no usable token", path.display());
    }
    Ok((!token.is_empty()).then_some(token))
}

/// HTTP/1.0, so that the answer is never chunked and ends with the connection.
fn ask(address: SocketAddr, token: Option<&str>, request: &Request<'_>) -> Result<Vec<u8>> {
    let mut stream = TcpStream::connect_timeout(&address, CONNECT_WITHIN)?;
    stream.set_read_timeout(Some(request.within))?;
    stream.set_write_timeout(Some(ANSWER_WITHIN))?;
    let authorization = token.map_or_else(Zeroizing::default, |token| Zeroizing::new(format!("Authorization: Bearer {token}\r\n")));
    let method = match (request.deletes, request.body) {
        (true, _) => "DELETE",
        (false, Some(_)) => "POST",
        (false, None) => "GET",
    };
    let content = request.body.map_or_else(String::new, |(kind, body)| {
        format!("Content-Type: {kind}\r\nContent-Length: {}\r\n", body.len())
    });
    let head = Zeroizing::new(format!(
        "{method} {} HTTP/1.0\r\nHost: {address}\r\nAccept: application/json\r\n{}{content}\r\n",
        request.path, *authorization
    ));
    stream.write_all(head.as_bytes())?;
    if let Some((_, body)) = request.body {
        stream.write_all(body)?;
    }
    let mut answer = Vec::new();
    stream.take(MAX_ANSWER_BYTES + 1).read_to_end(&mut answer)?;
    if answer.len() as u64 > MAX_ANSWER_BYTES {
        bail!("the answer is longer than {} MiB", MAX_ANSWER_BYTES >> 20);
    }
    body_of(answer)
}

/// The body of a whole answer that says that it went well.
fn body_of(mut answer: Vec<u8>) -> Result<Vec<u8>> {
    const END: &[u8] = b"\r\n\r\n";
    let head_length = answer
        .windows(END.len())
        .take(MAX_HEAD_BYTES)
        .position(|window| window == END)
        .context("what came back is no HTTP answer: another program may have that port")?;
    let head = String::from_utf8_lossy(&answer[..head_length]).into_owned();
    let body = answer.split_off(head_length + END.len());
    let mut lines = head.split("\r\n");
    let status = lines
        .next()
        .and_then(|line| line.strip_prefix("HTTP/1."))
        .and_then(|line| line.split(' ').nth(1))
        .unwrap_or_default();
    let length = lines
        .filter_map(|line| line.split_once(':'))
        .find(|(name, _)| name.eq_ignore_ascii_case("content-length"));
    if length.is_some_and(|(_, length)| length.trim().parse().ok() != Some(body.len())) {
        bail!("the answer was cut off");
    }
    match status {
        "200" | "202" => Ok(body),
        "401" => bail!("it wants a token, and the data directory has none that it takes"),
        _ => match problem(&body) {
            Some(problem) => Err(Refused(problem).into()),
            None => bail!("it answered with status {status}"),
        },
    }
}

/// What a problem document (RFC 9457) says.
fn problem(body: &[u8]) -> Option<String> {
    let document: serde_json::Value = serde_json::from_slice(body).ok()?;
    let text = |name| document.get(name).and_then(serde_json::Value::as_str).filter(|text| !text.is_empty());
    text("detail").or_else(|| text("title")).map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::net::TcpListener;

    /// A service that gives one answer; what it was asked.
    fn one_answer(answer: &'static [u8]) -> (Owner, std::thread::JoinHandle<String>) {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let owner = Owner {
            pid: 7,
            address: Some(listener.local_addr().unwrap().to_string()),
        };
        let serving = std::thread::spawn(move || {
            let (mut stream, _) = listener.accept().unwrap();
            let mut asked = Vec::new();
            let mut byte = [0];
            while !asked.ends_with(b"\r\n\r\n") && stream.read(&mut byte).unwrap() > 0 {
                asked.extend(byte);
            }
            stream.write_all(answer).unwrap();
            String::from_utf8(asked).unwrap()
        });
        (owner, serving)
    }

    fn error(answer: &'static [u8]) -> String {
        let (owner, _) = one_answer(answer);
        format!("{:#}", get(&owner, Path::new("/nonexistent"), "/api/v1/topology").unwrap_err())
    }

    #[test]
    fn the_token_of_the_data_directory_is_sent() {
        let folder = std::env::temp_dir().join(format!("weft-client-{}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        std::fs::write(folder.join(TOKEN_FILE), "correct-horse-battery\n").unwrap();
        let (owner, serving) = one_answer(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}");
        let body = get(&owner, &folder, "/api/v1/topology").unwrap();
        std::fs::remove_dir_all(&folder).unwrap();
        assert_eq!(body, b"{}");
        let asked = serving.join().unwrap();
        assert!(asked.starts_with("GET /api/v1/topology HTTP/1.0\r\nHost: 127.0.0.1:"), "{asked}");
        assert!(asked.contains("\r\nAuthorization: Bearer correct-horse-battery\r\n"), "{asked}");
    }

    #[test]
    fn a_body_is_posted_with_its_kind_and_length() {
        let (owner, serving) = one_answer(b"HTTP/1.1 202 Accepted\r\nContent-Length: 2\r\n\r\n{}");
        let service = Service {
            owner,
            directory: PathBuf::from("/nonexistent"),
        };
        let within = Duration::from_secs(5);
        let body: serde_json::Value = service.post_bytes("/api/v1/fabric/pair", "application/json", b"", within).unwrap();
        assert_eq!(body, serde_json::json!({}));
        let asked = serving.join().unwrap();
        assert!(asked.starts_with("POST /api/v1/fabric/pair HTTP/1.0\r\n"), "{asked}");
        assert!(asked.contains("\r\nContent-Type: application/json\r\nContent-Length: 0\r\n"), "{asked}");
    }

    #[test]
    fn what_is_to_be_deleted_is_said_so() {
        let (owner, serving) = one_answer(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}");
        let service = Service {
            owner,
            directory: PathBuf::from("/nonexistent"),
        };
        let _: serde_json::Value = service.delete("/api/v1/networks/1111111111111111/credential").unwrap();
        let asked = serving.join().unwrap();
        assert!(
            asked.starts_with("DELETE /api/v1/networks/1111111111111111/credential HTTP/1.0\r\n"),
            "{asked}"
        );
    }

    #[test]
    fn refusals_and_strange_answers_are_sentences() {
        assert_eq!(
            error(b"HTTP/1.1 404 Not Found\r\n\r\n{\"detail\":\"Nothing is kept.\"}"),
            "Nothing is kept."
        );
        assert_eq!(
            error(b"HTTP/1.1 409 Conflict\r\n\r\n{\"title\":\"Not now.\",\"detail\":\"\"}"),
            "Not now."
        );
        assert!(error(b"HTTP/1.1 500 Internal Server Error\r\n\r\n").ends_with("it answered with status 500"));
        assert!(error(b"HTTP/1.1 401 Unauthorized\r\n\r\n").contains("wants a token"));
        assert!(error(b"HTTP/1.1 200 OK\r\ncontent-length: 3\r\n\r\n{}").contains("cut off"));
        assert!(error(b"SSH-2.0-OpenSSH\r\n").contains("another program"));
        let silent = Owner { pid: 7, address: None };
        assert!(
            get(&silent, Path::new("/nonexistent"), "/")
                .unwrap_err()
                .to_string()
                .contains("process 7")
        );
    }

    #[test]
    fn an_unspecified_address_is_this_machine() {
        let text = |address: &str| reachable(address).map(|address| address.to_string());
        assert_eq!(text("http://0.0.0.0:8439/").as_deref(), Some("127.0.0.1:8439"));
        assert_eq!(text("[::]:8439").as_deref(), Some("[::1]:8439"));
        assert_eq!(text("http://weft.example:8439"), None);
    }
}
