//! One WebSocket that speaks JSON. What comes is bounded in size, depth and number of values; what goes out is what [`Socket::say`] is given.

use futures_util::{SinkExt, StreamExt};
use serde_json::Value;
use std::time::Duration;
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_tungstenite::tungstenite::error::{CapacityError, ProtocolError};
use tokio_tungstenite::tungstenite::protocol::WebSocketConfig;
use tokio_tungstenite::tungstenite::{Error, Message};
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream, connect_async_with_config};

/// The largest message: all nodes of a home of several hundred devices come in one.
pub(super) const MAX_MESSAGE_BYTES: usize = 64 << 20;
/// Values in one message: 300 devices of 1,500 attributes with their tables have some 700,000. Each takes some 50 bytes of memory, whatever is in it.
const MAX_VALUES: usize = 2_000_000;
/// What a server says of an error, at most.
const MAX_REMARK_CHARS: usize = 200;
const SEND_WITHIN: Duration = Duration::from_secs(20);

/// Why a connection is no more, or never was. The texts say what was tried and what came back, and hold nothing that was sent.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(super) enum Trouble {
    /// It does not answer, or stopped to.
    #[error("{0}")]
    Unreachable(String),
    /// It refused who we are.
    #[error("{0}")]
    Refused(String),
    /// It is something else, or says what cannot be understood.
    #[error("{0}")]
    NotUnderstood(String),
}

/// A connection.
pub(super) struct Socket {
    stream: WebSocketStream<MaybeTlsStream<TcpStream>>,
    address: String,
}

impl Socket {
    /// Connects to a `ws://` or `wss://` address.
    pub(super) async fn connect(address: &str, within: Duration) -> Result<Self, Trouble> {
        let config = WebSocketConfig::default()
            .max_message_size(Some(MAX_MESSAGE_BYTES))
            .max_frame_size(Some(MAX_MESSAGE_BYTES));
        match timeout(within, connect_async_with_config(address, Some(config), true)).await {
            Ok(Ok((stream, _))) => Ok(Self {
                stream,
                address: address.to_owned(),
            }),
            Ok(Err(error)) => Err(connecting(address, &error)),
            Err(_) => Err(Trouble::Unreachable(format!(
                "{address} does not answer within {} s: check that the server runs and that no firewall is between",
                within.as_secs()
            ))),
        }
    }

    /// Sends a message.
    pub(super) async fn say(&mut self, message: &Value) -> Result<(), Trouble> {
        self.send(Message::text(message.to_string())).await
    }

    /// Asks for a sign of life.
    pub(super) async fn ping(&mut self) -> Result<(), Trouble> {
        self.send(Message::Ping(Vec::new().into())).await
    }

    async fn send(&mut self, message: Message) -> Result<(), Trouble> {
        match timeout(SEND_WITHIN, self.stream.send(message)).await {
            Ok(Ok(())) => Ok(()),
            Ok(Err(error)) => Err(self.speaking(&error)),
            Err(_) => Err(Trouble::Unreachable(format!("{} takes nothing any more", self.address))),
        }
    }

    /// The next message; `None` for a sign of life. Cancelling it loses nothing.
    pub(super) async fn hear(&mut self) -> Result<Option<Value>, Trouble> {
        match self.stream.next().await {
            Some(Ok(Message::Text(text))) => parse(text.as_bytes(), &self.address).map(Some),
            Some(Ok(Message::Binary(bytes))) => parse(&bytes, &self.address).map(Some),
            Some(Ok(Message::Close(frame))) => {
                let why = frame.map(|frame| remark(&frame.reason)).filter(|why| !why.is_empty());
                let why = why.map(|why| format!(" ({why})")).unwrap_or_default();
                Err(Trouble::Unreachable(format!("{} closed the connection{why}", self.address)))
            }
            Some(Ok(_)) => Ok(None),
            Some(Err(error)) => Err(self.speaking(&error)),
            None => Err(Trouble::Unreachable(format!("{} closed the connection", self.address))),
        }
    }

    /// Ends it in order.
    pub(super) async fn close(mut self) {
        let _ = timeout(Duration::from_secs(1), self.stream.close(None)).await;
    }

    fn speaking(&self, error: &Error) -> Trouble {
        let address = &self.address;
        match error {
            Error::Capacity(CapacityError::MessageTooLong { .. }) => Trouble::NotUnderstood(format!(
                "{address} sends a message of more than {} MiB, which is not read",
                MAX_MESSAGE_BYTES >> 20
            )),
            Error::ConnectionClosed | Error::AlreadyClosed | Error::Protocol(ProtocolError::ResetWithoutClosingHandshake) => {
                Trouble::Unreachable(format!("{address} closed the connection"))
            }
            Error::Io(error) => Trouble::Unreachable(format!("the connection to {address} broke: {error}")),
            other => Trouble::NotUnderstood(format!("{address} breaks the rules of WebSocket: {}", remark(&other.to_string()))),
        }
    }
}

fn connecting(address: &str, error: &Error) -> Trouble {
    match error {
        Error::Http(response) => Trouble::NotUnderstood(format!(
            "{address} answers with HTTP status {} where a WebSocket was expected: check port and path",
            response.status().as_u16()
        )),
        Error::Io(error) => {
            let advice = if error.kind() == std::io::ErrorKind::InvalidData && address.starts_with("wss") {
                ". This machine does not trust its certificate, or it speaks no TLS: add its authority to the machine's certificates, or use the address without TLS"
            } else if address.contains(".local") {
                ". Names that end in .local need mDNS in this machine's name resolution: try the IP address instead"
            } else {
                ": check address and port, and that the server runs"
            };
            Trouble::Unreachable(format!("{address} cannot be reached ({error}){advice}"))
        }
        Error::Tls(error) => Trouble::Unreachable(format!("no secure connection to {address}: {}", remark(&error.to_string()))),
        Error::ConnectionClosed | Error::AlreadyClosed => Trouble::Unreachable(format!("{address} closed the connection")),
        other => Trouble::NotUnderstood(format!("{address} is no WebSocket: {}", remark(&other.to_string()))),
    }
}

/// JSON of bounded size (by the socket), depth (128, by the parser) and number of values.
fn parse(text: &[u8], address: &str) -> Result<Value, Trouble> {
    let values = text.iter().filter(|byte| matches!(byte, b',' | b'[' | b'{')).count();
    if values > MAX_VALUES {
        return Err(Trouble::NotUnderstood(format!(
            "{address} sends a message of more than {MAX_VALUES} values, which is not read"
        )));
    }
    // The parser's error tells line and column, and none of the text.
    serde_json::from_slice(text).map_err(|error| Trouble::NotUnderstood(format!("{address} sends what is no JSON ({error})")))
}

/// What a server says of an error: one short line without control characters.
pub(super) fn remark(text: &str) -> String {
    let line = text.chars().map(|letter| if letter.is_control() { ' ' } else { letter });
    line.take(MAX_REMARK_CHARS).collect::<String>().trim().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_are_bounded_in_depth_and_number_of_values() {
        let refused = |text: &str| parse(text.as_bytes(), "ws://host").unwrap_err().to_string();
        assert!(refused(&"[".repeat(1000)).contains("no JSON"));
        assert!(refused("{\"node_id\": 1, \"secret").contains("no JSON"));
        assert!(!refused("{\"node_id\": 1, \"secret").contains("secret"));
        let many = format!("[{}0]", "0,".repeat(MAX_VALUES));
        assert!(refused(&many).contains("values"));
        assert_eq!(parse(b"18446744073709551615", "").unwrap().as_u64(), Some(u64::MAX));
    }

    #[test]
    fn a_remark_is_one_short_line() {
        assert_eq!(remark(" a\nb\u{1b}[31m "), "a b [31m");
        assert_eq!(remark(&"x".repeat(1000)).len(), MAX_REMARK_CHARS);
    }
}
