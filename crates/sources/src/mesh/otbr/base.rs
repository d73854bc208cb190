//! Where a REST API is: `192.0.2.1`, `otbr.local:8081`, `http://[fd00::1]:8081`, `fe80::1%eth0`, as one spelling.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, SocketAddrV6};

/// The port that otbr-agent listens on unless it is told otherwise (ot-br-posix `src/agent/main.cpp`).
pub const DEFAULT_PORT: u16 = 8081;
/// Longest text that is taken: a DNS name has at most 253 characters.
const MAX_TEXT_BYTES: usize = 300;
const MAX_NAME_BYTES: usize = 253;
/// Stands in the URL for an address with a scope, which URLs cannot say (RFC 6874 is not implemented by anybody).
const SCOPED_NAME: &str = "scoped.invalid";

/// The address of a REST API.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Base {
    host: Host,
    port: u16,
}

#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
enum Host {
    V4(Ipv4Addr),
    V6(Ipv6Addr),
    /// A link-local address, and the interface by its name or number.
    Scoped(Ipv6Addr, String),
    Name(String),
}

/// What is no address of a REST API, and why; for the person who wrote it. It does not quote what may be a password.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BaseError {
    /// It says `https`.
    #[error(
        "Weft speaks plain HTTP with border routers: otbr-agent has no encryption of its own. Name its own address instead, like http://192.0.2.1:8081"
    )]
    Encrypted,
    /// It holds a user's name or a password.
    #[error("leave out what stands before the @: OpenThread's REST API knows no users, and addresses are shown and logged")]
    UserInfo,
    /// It goes on after host and port.
    #[error("name only host and port, like http://192.0.2.1:8081, without a path")]
    Path,
    /// It is nothing that can be asked.
    #[error("expected an address like 192.0.2.1, otbr.local:8081 or http://[fd00::1]:8081")]
    Malformed,
}

impl Base {
    /// Reads what a person wrote or mDNS named. Without a port, it is [`DEFAULT_PORT`], with `http://` too.
    ///
    /// # Errors
    /// [`BaseError`].
    pub fn parse(text: &str) -> Result<Self, BaseError> {
        let text = text.trim();
        if text.is_empty() || text.len() > MAX_TEXT_BYTES {
            return Err(BaseError::Malformed);
        }
        let rest = match text.split_once("://") {
            Some((scheme, rest)) if scheme.eq_ignore_ascii_case("http") => rest,
            Some((scheme, _)) if scheme.eq_ignore_ascii_case("https") => return Err(BaseError::Encrypted),
            Some(_) => return Err(BaseError::Malformed),
            None => text,
        };
        if rest.contains('@') {
            return Err(BaseError::UserInfo);
        }
        let authority = rest.strip_suffix('/').unwrap_or(rest);
        if authority.contains(['/', '?', '#', '\\']) {
            return Err(BaseError::Path);
        }
        let (host, port) = match authority.strip_prefix('[') {
            Some(inner) => {
                let (host, after) = inner.split_once(']').ok_or(BaseError::Malformed)?;
                let port = match after {
                    "" => None,
                    _ => Some(after.strip_prefix(':').ok_or(BaseError::Malformed)?),
                };
                (Host::v6(host).ok_or(BaseError::Malformed)?, port)
            }
            None => match Host::v6(authority) {
                Some(host) => (host, None),
                None => match authority.rsplit_once(':') {
                    Some((host, port)) => (Host::named(host).ok_or(BaseError::Malformed)?, Some(port)),
                    None => (Host::named(authority).ok_or(BaseError::Malformed)?, None),
                },
            },
        };
        let port = match port {
            Some(digits) if digits.bytes().all(|byte| byte.is_ascii_digit()) => {
                digits.parse().ok().filter(|port| *port != 0).ok_or(BaseError::Malformed)?
            }
            Some(_) => return Err(BaseError::Malformed),
            None => DEFAULT_PORT,
        };
        Ok(Self { host, port })
    }

    /// Of an address that mDNS named, at a port.
    pub fn at(address: SocketAddr, port: u16) -> Self {
        let host = match address {
            SocketAddr::V4(address) => Host::V4(*address.ip()),
            SocketAddr::V6(address) if address.scope_id() != 0 => Host::Scoped(*address.ip(), interface_name(address.scope_id())),
            SocketAddr::V6(address) => Host::V6(*address.ip()),
        };
        Self { host, port }
    }

    /// The URL that is asked, and the address that its host stands for, where a URL cannot say it.
    pub(super) fn url(&self) -> (String, Option<(&'static str, SocketAddr)>) {
        match &self.host {
            Host::Scoped(address, interface) => {
                let scope = interface_index(interface).unwrap_or_default();
                let address = SocketAddr::V6(SocketAddrV6::new(*address, self.port, 0, scope));
                (format!("http://{SCOPED_NAME}:{}", self.port), Some((SCOPED_NAME, address)))
            }
            _ => (self.to_string(), None),
        }
    }

    /// What stands in the Host header, where it is not what the URL says.
    pub(super) fn host_header(&self) -> Option<String> {
        match &self.host {
            Host::Scoped(address, _) => Some(format!("[{address}]:{}", self.port)),
            _ => None,
        }
    }

    /// How good an address is to be kept: those that stay the same first.
    pub(super) fn rank(&self) -> u8 {
        match &self.host {
            Host::Name(_) => 0,
            Host::V4(_) => 1,
            Host::V6(_) => 2,
            Host::Scoped(..) => 3,
        }
    }
}

impl Host {
    /// An IPv6 address without brackets.
    fn v6(text: &str) -> Option<Self> {
        match text.split_once('%') {
            // `%25` is how URLs wanted to write it.
            Some((address, scope)) => {
                let scope = scope.strip_prefix("25").filter(|rest| !rest.is_empty()).unwrap_or(scope);
                let is_sane =
                    !scope.is_empty() && scope.len() <= 32 && scope.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte));
                let address: Ipv6Addr = address.parse().ok()?;
                is_sane.then(|| Self::Scoped(address, scope.to_owned()))
            }
            None => text.parse().ok().map(Self::V6),
        }
    }

    fn named(text: &str) -> Option<Self> {
        if let Ok(address) = text.parse() {
            return Some(Self::V4(address));
        }
        let is_label =
            |label: &str| !label.is_empty() && label.len() <= 63 && label.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte));
        let name = text.strip_suffix('.').unwrap_or(text);
        // 192.0.2.300 is a mistake, not a name.
        let is_name =
            name.len() <= MAX_NAME_BYTES && name.split('.').all(is_label) && !name.rsplit('.').next()?.bytes().all(|byte| byte.is_ascii_digit());
        is_name.then(|| Self::Name(name.to_ascii_lowercase()))
    }
}

impl fmt::Display for Base {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let port = self.port;
        match &self.host {
            Host::V4(address) => write!(f, "http://{address}:{port}"),
            Host::V6(address) => write!(f, "http://[{address}]:{port}"),
            Host::Scoped(address, interface) => write!(f, "http://[{address}%{interface}]:{port}"),
            Host::Name(name) => write!(f, "http://{name}:{port}"),
        }
    }
}

fn interface_name(index: u32) -> String {
    let interfaces = if_addrs::get_if_addrs().unwrap_or_default();
    let found = interfaces.into_iter().find(|interface| interface.index == Some(index));
    found.map_or_else(|| index.to_string(), |interface| interface.name)
}

fn interface_index(name: &str) -> Option<u32> {
    let interfaces = if_addrs::get_if_addrs().unwrap_or_default();
    let found = interfaces
        .into_iter()
        .find(|interface| interface.name == name)
        .and_then(|interface| interface.index);
    found.or_else(|| name.parse().ok())
}

/// True for an address that a neighbour on the LAN can be asked at.
pub(super) fn is_askable(address: &SocketAddr) -> bool {
    match address.ip() {
        IpAddr::V4(address) => !address.is_unspecified() && !address.is_multicast(),
        IpAddr::V6(address) => !address.is_unspecified() && !address.is_multicast(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn spellings_of_one_address_are_one() {
        for (texts, expected) in [
            (
                &["192.0.2.1", " 192.0.2.1:8081 ", "http://192.0.2.1", "HTTP://192.0.2.1:8081/"][..],
                "http://192.0.2.1:8081",
            ),
            (&["http://192.0.2.1:80"], "http://192.0.2.1:80"),
            (&["fd00::1", "[FD00::1]", "http://[fd00:0::1]:8081"], "http://[fd00::1]:8081"),
            (
                &["fe80::1%eth0", "[fe80::1%eth0]:8081", "http://[fe80::1%25eth0]:8081"],
                "http://[fe80::1%eth0]:8081",
            ),
            (&["Otbr.local", "otbr.local.:8081", "http://otbr.local"], "http://otbr.local:8081"),
            (&["core-openthread-border-router:8080"], "http://core-openthread-border-router:8080"),
        ] {
            for text in texts {
                let base = Base::parse(text).unwrap();
                assert_eq!(base.to_string(), expected, "{text}");
                assert_eq!(Base::parse(&base.to_string()), Ok(base));
            }
        }
    }

    #[test]
    fn what_is_refused_is_refused_in_words_that_help_and_do_not_quote() {
        for (text, expected) in [
            ("https://192.0.2.1:8081", BaseError::Encrypted),
            ("http://me:hunter2@192.0.2.1", BaseError::UserInfo),
            ("me@192.0.2.1", BaseError::UserInfo),
            ("http://192.0.2.1/api", BaseError::Path),
            ("192.0.2.1:8081/node?x", BaseError::Path),
            ("ftp://192.0.2.1", BaseError::Malformed),
            ("192.0.2.300", BaseError::Malformed),
            ("192.0.2.1:0", BaseError::Malformed),
            ("192.0.2.1:+80", BaseError::Malformed),
            ("192.0.2.1:65536", BaseError::Malformed),
            ("[fd00::1", BaseError::Malformed),
            ("", BaseError::Malformed),
            ("a b", BaseError::Malformed),
        ] {
            let error = Base::parse(text).unwrap_err();
            assert_eq!(error, expected, "{text}");
            assert!(!error.to_string().contains("hunter2"));
        }
        assert_eq!(Base::parse(&"a".repeat(400)), Err(BaseError::Malformed));
    }

    proptest! {
        #[test]
        fn any_text_is_survived_and_what_is_taken_reads_back(text in "(http://)?[a-z0-9.:%\\[\\]@/-]{0,40}|\\PC{0,60}") {
            if let Ok(base) = Base::parse(&text) {
                prop_assert_eq!(Base::parse(&base.to_string()), Ok(base));
            }
        }
    }
}
