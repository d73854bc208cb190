//! Files of captured frames: pcap (draft-ietf-opsawg-pcap) and pcapng (draft-ietf-opsawg-pcapng), read as they stream by, and the link types of
//! IEEE 802.15.4: 195 with check sequence, 230 without, 283 (TAP) with what the radio measured.
//!
//! Memory is bounded whatever the file says of itself. A file that is cut off gives what came before, and a problem.

mod classic;
mod link;
mod ng;
mod reader;
mod tap;
mod write;

#[cfg(test)]
mod tests;

pub use link::{Fcs, LinkType, RadioFrame};
pub use reader::{MAX_PACKET_BYTES, Packet, Reader};
pub use write::TapWriter;
