//! What a network tells those who look for one: MeshCoP TLVs in MLE's Discovery TLV (Thread specification 1.4, 8.4.4 and 8.10;
//! OpenThread `src/core/meshcop/meshcop_tlvs.hpp`, `src/core/thread/discover_scanner.cpp`).

use crate::meshcop::{self, MAX_NETWORK_NAME_BYTES};
use crate::tmf::tlv::{Tlv, Tlvs};
use crate::{Problem, Reader};
use weft_model::ExtendedPanId;

const STEERING_DATA: u8 = 8;
const COMMISSIONER_UDP_PORT: u8 = 15;
const JOINER_UDP_PORT: u8 = 18;
const DISCOVERY_REQUEST: u8 = 128;
const DISCOVERY_RESPONSE: u8 = 129;

/// The content of a Discovery Request or Response.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Discovery {
    /// Version of a request, and whether the asker wants to join.
    pub request: Option<(u8, bool)>,
    /// Version of a response, and whether the commissioner is native (a Thread device).
    pub response: Option<(u8, bool)>,
    /// Extended PAN id.
    pub extended_pan_id: Option<ExtendedPanId>,
    /// Network name.
    pub network_name: Option<String>,
    /// Who may join, as a Bloom filter; empty or zero: nobody.
    pub steering_data: Option<Vec<u8>>,
    /// Where joiners speak to.
    pub joiner_udp_port: Option<u16>,
    /// Where commissioners speak to.
    pub commissioner_udp_port: Option<u16>,
    /// Types that the decoder does not know.
    pub other: Vec<u8>,
}

impl Discovery {
    pub(super) fn decode(value: &[u8]) -> (Self, Vec<Problem>) {
        let (mut discovery, mut problems) = (Self::default(), Vec::new());
        for tlv in Tlvs::new(value) {
            match tlv {
                Ok(tlv) => {
                    if let Err(problem) = discovery.read(tlv) {
                        problems.push(problem.within(&format!("MeshCoP TLV {}", tlv.number), tlv.offset));
                    }
                }
                Err(cut) => problems.push(cut.problem),
            }
        }
        (discovery, problems)
    }

    fn read(&mut self, tlv: Tlv<'_>) -> Result<(), Problem> {
        let mut reader = Reader::new(tlv.value);
        match tlv.number {
            meshcop::number::EXTENDED_PAN_ID => self.extended_pan_id = Some(ExtendedPanId(reader.array("extended PAN id")?)),
            meshcop::number::NETWORK_NAME => {
                let name = tlv.value.get(..tlv.value.len().min(MAX_NETWORK_NAME_BYTES)).unwrap_or_default();
                let name = std::str::from_utf8(name).map_err(|error| Problem::at("network name", error.valid_up_to(), "not UTF-8"))?;
                self.network_name = Some(name.to_owned());
            }
            STEERING_DATA => self.steering_data = Some(tlv.value.to_vec()),
            JOINER_UDP_PORT => self.joiner_udp_port = Some(reader.u16("port")?),
            COMMISSIONER_UDP_PORT => self.commissioner_udp_port = Some(reader.u16("port")?),
            DISCOVERY_REQUEST => {
                let flags = reader.u16("flags")?;
                self.request = Some(((flags >> 12) as u8, flags & 0x0800 != 0));
            }
            DISCOVERY_RESPONSE => {
                let flags = reader.u16("flags")?;
                self.response = Some(((flags >> 12) as u8, flags & 0x0800 != 0));
            }
            other => self.other.push(other),
        }
        Ok(())
    }
}
