//! Every decoder of foreign bytes as a function from bytes to nothing, that may not panic, hang or use unbounded memory.
//!
//! The same functions serve the fuzzer (`cargo xtask fuzz`) and the replay of the committed seeds in the test command.
//! Seeds lie in `corpus/<target>/`; each is a real message, or an input that once broke something.

mod commissioning;
mod dns;
mod dtls;
mod matter;
mod node;
mod otbr;
mod radio;
mod rcp;
mod recording;
mod sweep;
mod tmf;

/// A target's name, and what it does with an input.
pub type Target = (&'static str, fn(&[u8]));

/// Name and function of each target; the name is the folder of its seeds.
pub const TARGETS: &[Target] = &[
    ("coap", commissioning::coap),
    ("credential", dtls::credential),
    ("dns_packet", dns::dns_packet),
    ("dns_txt", dns::dns_txt),
    ("dtls_record", dtls::dtls_record),
    ("dtls_server", dtls::dtls_server),
    ("hdlc", radio::hdlc),
    ("lowpan", radio::lowpan),
    ("mac_frame", radio::mac_frame),
    ("matter_attribute", matter::matter_attribute),
    ("matter_server_node", matter::matter_server_node),
    ("matter_tlv", matter::matter_tlv),
    ("meshcop_command", commissioning::meshcop_command),
    ("meshcop_dataset", tmf::meshcop_dataset),
    ("mle", radio::mle),
    ("node", node::node),
    ("otbr_rest", otbr::otbr_rest),
    ("pcap", radio::pcap),
    ("rcp", rcp::rcp),
    ("recording_line", recording::recording_line),
    ("spinel", radio::spinel),
    ("sweep", sweep::sweep),
    ("tmf_answer", tmf::tmf_answer),
];
