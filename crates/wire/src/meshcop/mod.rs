//! Mesh commissioning: operational datasets, and what commissioners and border agents say to each other (Thread specification 1.4, chapter 8).

mod command;
mod dataset;

pub use command::{
    Command, CommandTooLong, MAX_COMMISSIONER_ID_BYTES, MAX_OTHER_TYPES, MAX_STEERING_DATA_BYTES, State, UdpEncapsulation, command_number,
    decode_command, encode_command,
};
pub use dataset::{MAX_NETWORK_NAME_BYTES, blank_secrets, decode_dataset, encode_dataset, number};
