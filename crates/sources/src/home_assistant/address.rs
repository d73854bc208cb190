//! Addresses as people write them, brought into one form: it names the server from then on.

use reqwest::Url;
use weft_model::Refusal;

/// The longest address that is taken.
const MAX_BYTES: usize = 300;
/// Where Matter servers listen unless told otherwise.
pub(super) const MATTER_PORT: u16 = 5580;
const MATTER_PATH: &str = "/ws";
/// Where Home Assistant listens unless told otherwise.
const HOME_ASSISTANT_PORT: u16 = 8123;

/// `ws://host:5580/ws` of `host`, `host:port`, `[address]:port`, `ws://…`, `wss://…`, `http://…`, `https://…`.
///
/// # Errors
/// Where it is no address.
pub(super) fn matter_server(text: &str) -> Result<String, Refusal> {
    let url = parse(
        text,
        "ws",
        "the host of a Matter server, as homeassistant.local or ws://192.0.2.1:5580/ws",
    )?;
    let is_secure = matches!(url.scheme(), "wss" | "https");
    let scheme = if is_secure { "wss" } else { "ws" };
    // A proxy that adds TLS stands at its usual port; the server itself never listens at 80.
    let port = port_of(text, &url).unwrap_or(if is_secure { 443 } else { MATTER_PORT });
    let path = match url.path() {
        "" | "/" => MATTER_PATH,
        path => path,
    };
    Ok(format!("{scheme}://{}:{port}{path}", host_of(&url)))
}

/// `http://host:8123` of the same forms, whatever page of it was copied.
///
/// # Errors
/// Where it is no address.
pub(super) fn home_assistant(text: &str) -> Result<String, Refusal> {
    let url = parse(
        text,
        "http",
        "the address of Home Assistant, as homeassistant.local or http://192.0.2.1:8123",
    )?;
    let is_secure = matches!(url.scheme(), "wss" | "https");
    let scheme = if is_secure { "https" } else { "http" };
    let port = port_of(text, &url).unwrap_or(if is_secure { 443 } else { HOME_ASSISTANT_PORT });
    Ok(format!("{scheme}://{}:{port}", host_of(&url)))
}

/// The WebSocket of a Home Assistant whose address is in our form.
pub(super) fn home_assistant_socket(address: &str) -> String {
    // `http` becomes `ws`, `https` becomes `wss`.
    format!("{}/api/websocket", address.replacen("http", "ws", 1))
}

/// Where the Matter server of a Home Assistant is, if it runs as its add-on and is reachable from outside.
pub(super) fn matter_server_beside(address: &str) -> Option<String> {
    let url = Url::parse(address).ok()?;
    Some(format!("ws://{}:{MATTER_PORT}{MATTER_PATH}", host_of(&url)))
}

fn parse(text: &str, scheme: &str, expected: &str) -> Result<Url, Refusal> {
    let text = text.trim();
    let wrong = |why: &str| Refusal::Wrong(format!("that is no address ({why}): enter {expected}"));
    if text.is_empty() || text.len() > MAX_BYTES {
        return Err(wrong(if text.is_empty() { "it is empty" } else { "it is too long" }));
    }
    let is_bare_ipv6 = text.parse::<std::net::Ipv6Addr>().is_ok();
    let url = if text.contains("://") {
        Url::parse(text)
    } else if is_bare_ipv6 {
        Url::parse(&format!("{scheme}://[{text}]"))
    } else {
        Url::parse(&format!("{scheme}://{text}"))
    };
    // The parser's errors are short and quote nothing.
    let url = url.map_err(|error| wrong(&error.to_string()))?;
    if !matches!(url.scheme(), "ws" | "wss" | "http" | "https") {
        return Err(wrong("it must begin with http, https, ws or wss"));
    }
    if url.host_str().is_none_or(str::is_empty) {
        return Err(wrong("it names no host"));
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err(wrong("a user or password must not stand in it"));
    }
    if url.query().is_some() || url.fragment().is_some() {
        return Err(wrong("there is a ? or # in it"));
    }
    Ok(url)
}

fn host_of(url: &Url) -> &str {
    url.host_str().unwrap_or_default()
}

/// The port that was written, also where it is the scheme's own, which the parser leaves out.
fn port_of(text: &str, url: &Url) -> Option<u16> {
    let after_scheme = text.trim().split_once("://").map_or(text.trim(), |(_, rest)| rest);
    let authority = after_scheme.split('/').next().unwrap_or_default();
    let written = authority
        .rsplit_once(':')
        .filter(|(before, _)| !before.contains(':') || before.ends_with(']'));
    url.port().or_else(|| written?.1.parse().ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_people_write_becomes_one_form() {
        for (written, expected) in [
            ("homeassistant.local", "ws://homeassistant.local:5580/ws"),
            (" HomeAssistant.local:5581 ", "ws://homeassistant.local:5581/ws"),
            ("192.0.2.1", "ws://192.0.2.1:5580/ws"),
            ("fd00::1", "ws://[fd00::1]:5580/ws"),
            ("[fd00::1]:80", "ws://[fd00::1]:80/ws"),
            ("ws://192.0.2.1", "ws://192.0.2.1:5580/ws"),
            ("ws://192.0.2.1:80/ws", "ws://192.0.2.1:80/ws"),
            ("http://192.0.2.1:5580/", "ws://192.0.2.1:5580/ws"),
            ("wss://matter.example.org/socket", "wss://matter.example.org:443/socket"),
        ] {
            assert_eq!(matter_server(written).as_deref(), Ok(expected), "{written}");
            assert_eq!(matter_server(expected).as_deref(), Ok(expected), "its own form stays");
        }
        for (written, expected) in [
            ("homeassistant.local", "http://homeassistant.local:8123"),
            ("http://homeassistant.local:8123/lovelace/0", "http://homeassistant.local:8123"),
            ("http://192.0.2.1:80", "http://192.0.2.1:80"),
            ("https://home.example.org", "https://home.example.org:443"),
            ("[fd00::1]", "http://[fd00::1]:8123"),
        ] {
            assert_eq!(home_assistant(written).as_deref(), Ok(expected), "{written}");
        }
        assert_eq!(home_assistant_socket("https://a.example:443"), "wss://a.example:443/api/websocket");
        assert_eq!(matter_server_beside("https://a.example:443").as_deref(), Some("ws://a.example:5580/ws"));
    }

    #[test]
    fn what_is_no_address_is_refused_and_never_quoted() {
        let long = "a".repeat(MAX_BYTES + 1);
        for wrong in [
            "",
            "  ",
            "ftp://host",
            "http://",
            "host:99999",
            "two words",
            "http://user:secret-word@host",
            "host?token=secret-word",
            &long,
        ] {
            for refused in [matter_server(wrong), home_assistant(wrong)] {
                let text = refused.unwrap_err().to_string();
                assert!(text.starts_with("that is no address") && !text.contains("secret-word"), "{wrong}: {text}");
            }
        }
    }
}
