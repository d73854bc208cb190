//! Failures in words: what was tried, what came back, what to do.

use super::base::Base;
use super::http::{Answer, Trouble};
use crate::mesh::way::WayFailure;

/// No answer.
pub(super) fn no_answer(base: &Base, trouble: &Trouble) -> WayFailure {
    match trouble {
        Trouble::NotConnected(reason) => WayFailure::Unreachable(format!(
            "Nothing takes connections at {base} ({reason}). Check the address, that otbr-agent runs, and that its REST API listens on this network: by default it listens on 127.0.0.1 only (`--rest-listen-address ::`)."
        )),
        Trouble::Silent => WayFailure::Unreachable(format!(
            "{base} took the connection and did not answer in time. Weft asks again later; if it stays so, restart otbr-agent."
        )),
        Trouble::Broken(reason) => WayFailure::Failed(format!(
            "The answer of {base} broke off or is no HTTP ({reason}). If something else than otbr-agent listens there, name another port."
        )),
        Trouble::TooLong => WayFailure::Unsupported(format!(
            "{base} answers with more than 8 MiB: that is no border router's REST API. Name another address or port."
        )),
    }
}

/// An answer that is none of the API's.
pub(super) fn not_the_api(base: &Base, answer: &Answer) -> WayFailure {
    let (path, status) = (&answer.path, answer.status);
    let start = String::from_utf8_lossy(answer.bytes.get(..64).unwrap_or(&answer.bytes))
        .trim_start()
        .to_ascii_lowercase();
    match status {
        300..=399 => WayFailure::Unsupported(format!(
            "{base} sends Weft to another address (HTTP {status} for {path}); Weft does not follow. Name the address of otbr-agent itself."
        )),
        401 | 403 => WayFailure::Unsupported(format!(
            "{base} refuses (HTTP {status} for {path}): something before otbr-agent asks for a login, which Weft has not."
        )),
        404 => WayFailure::Unsupported(format!(
            "{base} is a web server, and not the REST API of OpenThread's border router: it knows no {path} (HTTP 404). Its usual port is 8081."
        )),
        500.. => WayFailure::Failed(format!(
            "{base} answers {path} with HTTP {status}: otbr-agent has lost its radio, or is just starting. Look into its log."
        )),
        _ if start.starts_with('<') => WayFailure::Unsupported(format!(
            "{base} answers {path} with a web page instead of JSON: that is another service, perhaps the border router's web interface. The REST API's usual port is 8081."
        )),
        _ if start.starts_with(['{', '[']) && answer.json().is_none() => WayFailure::Failed(format!(
            "{base} answers {path} with JSON that breaks off or is broken ({} bytes). Weft asks again later.",
            answer.bytes.len()
        )),
        _ => WayFailure::Unsupported(format!(
            "{base} answers {path} with something else than OpenThread's border router does (HTTP {status}, {} bytes). It is another service.",
            answer.bytes.len()
        )),
    }
}

/// The border router is in no network.
pub(super) fn not_running(base: &Base, state: &str) -> WayFailure {
    WayFailure::Failed(format!(
        "The border router at {base} is {state}: it is in no Thread network at the moment, so there is nobody to ask. Start Thread on it (`ot-ctl thread start`), or wait until it has joined."
    ))
}
