//! Mesh commissioning: operational datasets (Thread specification 1.4, chapter 8).

mod dataset;

pub use dataset::{MAX_NETWORK_NAME_BYTES, blank_secrets, decode_dataset, encode_dataset, number};
