//! DNS service discovery: what devices announce on the LAN.
//!
//! [`txt`] decodes the TXT records of the service types that Thread and Matter devices register, [`packet`] reads recorded
//! multicast DNS messages, and [`browse`] turns a sequence of them into services that came, changed and went.

pub mod browse;
mod label;
mod name;
pub mod packet;
pub mod txt;

pub use browse::{ServiceEvent, ServiceEvents};
pub(crate) use label::{cut, shown};
pub use label::{escape_label, unescape_label};
pub use name::Name;
pub use packet::{Message, parse};
pub use txt::{TxtEntries, decode_service, encode_txt};

/// The service types that Weft browses: border routers, Matter nodes, and accessories that speak other protocols over Thread.
pub const SERVICE_TYPES: &[&str] = &[
    "_meshcop._udp.local.",
    "_meshcop-e._udp.local.",
    "_trel._udp.local.",
    "_matter._tcp.local.",
    "_matterc._udp.local.",
    "_matterd._udp.local.",
    "_hap._udp.local.",
    "_ltpdu._udp.local.",
    "_srpl-tls._tcp.local.",
];

/// The name whose PTR records list every service type on the link (RFC 6763, section 9).
pub const SERVICE_TYPE_ENUMERATION: &str = "_services._dns-sd._udp.local.";

#[cfg(test)]
pub(crate) mod vectors {
    //! Recorded packets: hexadecimal text, `#` to the end of a line is a remark.

    /// The otbr-agent's answer to a question for `_meshcop._udp`.
    pub const BORDER_AGENT: &str = include_str!("../../testdata/dns-openthread-border-agent.hex");
    /// One active ephemeral key: `_meshcop-e._udp` with an empty TXT record.
    pub const EPHEMERAL_KEY: &str = include_str!("../../testdata/dns-openthread-ephemeral-key.hex");
    /// HomeKit accessories as a border router's advertising proxy announces them.
    pub const HAP: &str = include_str!("../../testdata/dns-hap-announcement.hex");
    /// A Matter node's announcement, with enumeration and subtype pointers.
    pub const MATTER: &str = include_str!("../../testdata/dns-matter-announcement.hex");
    /// A question that carries known answers.
    pub const QUERY: &str = include_str!("../../testdata/dns-query-with-known-answers.hex");

    /// The bytes of a vector.
    pub fn bytes(text: &str) -> Vec<u8> {
        let digits: Vec<u8> = text
            .lines()
            .filter_map(|line| line.split('#').next())
            .flat_map(|line| line.chars())
            .filter_map(|digit| digit.to_digit(16))
            .map(|digit| digit as u8)
            .collect();
        digits.chunks(2).map(|pair| pair[0] << 4 | pair[1]).collect()
    }
}
