//! A small HTTP server over real TCP: what it answers is a function of the request, and whatever that says goes out byte for byte.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

/// One request.
#[derive(Debug, Clone)]
pub struct Request {
    pub method: String,
    pub path: String,
    pub accept: Option<String>,
    pub content_type: Option<String>,
    pub body: String,
}

/// What to do with a connection.
pub enum Reply {
    /// Sends these bytes and closes.
    Bytes(Vec<u8>),
    /// Sends a byte at a time, with pauses.
    Slowly(Vec<u8>, Duration),
    /// Sends these, then the others again and again.
    Endless(Vec<u8>, Vec<u8>),
    /// Says nothing, and keeps the connection.
    Never,
}

/// A server that runs until it is dropped.
pub struct Server {
    pub address: SocketAddr,
    pub most_connections: Arc<AtomicUsize>,
    pub requests: Arc<AtomicUsize>,
    task: tokio::task::JoinHandle<()>,
}

impl Drop for Server {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Server {
    pub async fn start(answer: impl Fn(Request) -> Reply + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (most_connections, requests) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
        let (most, count) = (Arc::clone(&most_connections), Arc::clone(&requests));
        let answer = Arc::new(answer);
        let task = tokio::spawn(async move {
            let open = Arc::new(AtomicUsize::new(0));
            while let Ok((stream, _)) = listener.accept().await {
                let (answer, open, most, count) = (Arc::clone(&answer), Arc::clone(&open), Arc::clone(&most), Arc::clone(&count));
                tokio::spawn(async move {
                    most.fetch_max(open.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
                    // The client counts as gone once it has its answer.
                    if let Some((stream, request)) = read(stream).await {
                        count.fetch_add(1, Ordering::SeqCst);
                        let reply = answer(request);
                        open.fetch_sub(1, Ordering::SeqCst);
                        send(stream, reply).await;
                    } else {
                        open.fetch_sub(1, Ordering::SeqCst);
                    }
                });
            }
        });
        Self {
            address,
            most_connections,
            requests,
            task,
        }
    }

    pub fn base(&self) -> super::Base {
        super::Base::parse(&self.address.to_string()).unwrap()
    }
}

async fn read(mut stream: TcpStream) -> Option<(TcpStream, Request)> {
    let mut bytes = Vec::new();
    let head_end = loop {
        let mut chunk = [0; 4096];
        match stream.read(&mut chunk).await {
            Ok(count) if count > 0 => bytes.extend_from_slice(&chunk[..count]),
            _ => return None,
        }
        if let Some(end) = bytes.windows(4).position(|window| window == b"\r\n\r\n") {
            break end + 4;
        }
    };
    let head = String::from_utf8(bytes[..head_end].to_vec()).unwrap();
    let mut lines = head.lines();
    let mut first = lines.next()?.split(' ');
    let (method, path) = (first.next()?.to_owned(), first.next()?.to_owned());
    let header = |name: &str| {
        let found = head
            .lines()
            .skip(1)
            .find_map(|line| line.split_once(':').filter(|(key, _)| key.eq_ignore_ascii_case(name)));
        found.map(|(_, value)| value.trim().to_owned())
    };
    let length: usize = header("content-length").map_or(0, |text| text.parse().unwrap());
    while bytes.len() < head_end + length {
        let mut chunk = [0; 4096];
        match stream.read(&mut chunk).await {
            Ok(count) if count > 0 => bytes.extend_from_slice(&chunk[..count]),
            _ => return None,
        }
    }
    let request = Request {
        method,
        path,
        accept: header("accept").filter(|accept| accept != "*/*"),
        content_type: header("content-type"),
        body: String::from_utf8(bytes[head_end..].to_vec()).unwrap(),
    };
    Some((stream, request))
}

async fn send(mut stream: TcpStream, reply: Reply) {
    match reply {
        Reply::Bytes(bytes) => {
            let _ = stream.write_all(&bytes).await;
            let _ = stream.shutdown().await;
        }
        Reply::Slowly(bytes, pause) => {
            for byte in bytes {
                if stream.write_all(&[byte]).await.is_err() {
                    return;
                }
                tokio::time::sleep(pause).await;
            }
        }
        Reply::Endless(start, more) => {
            let mut result = stream.write_all(&start).await;
            while result.is_ok() {
                result = stream.write_all(&more).await;
            }
        }
        Reply::Never => {
            let mut nothing = [0; 16];
            while matches!(stream.read(&mut nothing).await, Ok(count) if count > 0) {}
        }
    }
}

/// An answer with these headers.
pub fn http(status: u16, headers: &[(&str, &str)], body: &str) -> Vec<u8> {
    let mut head = format!("HTTP/1.1 {status} X\r\n");
    for (name, value) in headers {
        head.push_str(&format!("{name}: {value}\r\n"));
    }
    format!("{head}\r\n{body}").into_bytes()
}

/// An answer of a type.
pub fn simple(status: u16, content_type: &str, body: &str) -> Vec<u8> {
    http(
        status,
        &[("Content-Type", content_type), ("Content-Length", &body.len().to_string())],
        body,
    )
}
