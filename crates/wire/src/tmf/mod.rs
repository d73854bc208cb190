//! Thread management framework: the network diagnostics that a mesh node answers over CoAP (Thread specification 1.4, chapter 10;
//! OpenThread `src/core/thread/net_diag.cpp`).

mod address;
mod assembly;
mod diagnostic;
mod network_data;
pub mod tlv;

#[cfg(test)]
pub(crate) mod vectors;

pub(crate) use diagnostic::decode_value;

pub use address::{AddressNotification, decode_address_notification, encode_address_notification};
pub use assembly::{Added, AnswerAssembly, MAX_ASSEMBLY_BYTES, MAX_PARTS};
pub use diagnostic::{
    AnswerFrame, AnswerPart, DiagnosticAnswer, EncodeError, decode_answer, encode_answer, encode_answer_parts, encode_request, number,
};
pub use network_data::{MAX_PREFIXES, decode_omr_prefixes, encode_omr_prefixes};
