//! Address notifications: a router asks the mesh where an address is (`a/aq`), and whoever has it tells (`a/an`; Thread specification 1.4, 5.23;
//! OpenThread `src/core/thread/address_resolver.cpp`).

use super::tlv::{Tlvs, write};
use crate::{Problem, Reader};
use std::net::Ipv6Addr;
use weft_model::Rloc16;

/// TLV types of the network layer (OpenThread `src/core/thread/thread_tlvs.hpp`).
const TARGET: u8 = 0;
const RLOC16: u8 = 2;
const MESH_LOCAL_INTERFACE_ID: u8 = 3;
const LAST_TRANSACTION_SECONDS: u8 = 6;

/// Where an address is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AddressNotification {
    /// The address that was looked for.
    pub target: Ipv6Addr,
    /// The interface id of the mesh-local address of the device that has it.
    pub mesh_local_interface_id: [u8; 8],
    /// Where to send what is for it: its own locator, or its parent's.
    pub rloc16: Rloc16,
    /// A parent answers for its child, and heard it so long ago. `None`: the device answers itself.
    pub last_transaction_seconds: Option<u32>,
}

/// Reads the payload of an address notification. TLVs of other types are left out; the first of a type counts.
///
/// # Errors
/// If a TLV that is needed is missing or has another length, or the locator is none.
pub fn decode_address_notification(payload: &[u8]) -> Result<AddressNotification, Problem> {
    let (mut target, mut interface_id, mut rloc16, mut seconds) = (None, None, None, None);
    for tlv in Tlvs::new(payload) {
        let tlv = tlv.map_err(|cut| cut.problem)?;
        let mut reader = Reader::new(tlv.value);
        match tlv.number {
            TARGET if target.is_none() => target = Some(Ipv6Addr::from(reader.array::<16>("target")?)),
            MESH_LOCAL_INTERFACE_ID if interface_id.is_none() => interface_id = Some(reader.array::<8>("mesh-local interface id")?),
            RLOC16 if rloc16.is_none() => rloc16 = Some(reader.u16("RLOC16")?),
            LAST_TRANSACTION_SECONDS if seconds.is_none() => seconds = Some(reader.u32("time since last transaction")?),
            _ => continue,
        }
        reader
            .finish("value")
            .map_err(|problem| problem.within(&format!("TLV {}", tlv.number), tlv.offset))?;
    }
    let missing = |name: &'static str| Problem::of(name, "missing");
    let rloc16 = rloc16.ok_or_else(|| missing("RLOC16"))?;
    Ok(AddressNotification {
        target: target.ok_or_else(|| missing("target"))?,
        mesh_local_interface_id: interface_id.ok_or_else(|| missing("mesh-local interface id"))?,
        rloc16: Rloc16::new(rloc16).ok_or_else(|| Problem::of("RLOC16", format!("{rloc16:#06x} is no locator")))?,
        last_transaction_seconds: seconds,
    })
}

/// Writes an address notification.
pub fn encode_address_notification(notification: &AddressNotification) -> Vec<u8> {
    let mut payload = Vec::new();
    let rloc16 = notification.rloc16.get().to_be_bytes();
    let seconds = notification.last_transaction_seconds.map(u32::to_be_bytes);
    let fields: [(u8, Option<&[u8]>); 4] = [
        (TARGET, Some(&notification.target.octets())),
        (MESH_LOCAL_INTERFACE_ID, Some(&notification.mesh_local_interface_id)),
        (RLOC16, Some(&rloc16)),
        (LAST_TRANSACTION_SECONDS, seconds.as_ref().map(|seconds| seconds.as_slice())),
    ];
    for (number, value) in fields {
        let _ = value.map(|value| write(&mut payload, number, value)); // none is longer than 16 bytes
    }
    payload
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// What a parent said for its sleepy child, as it was heard on the air of OpenThread's simulated radio.
    const FOR_A_CHILD: &[u8] = &[
        0x00, 0x10, 0xfd, 0xf0, 0x1c, 0xc8, 0xd6, 0xf8, 0xf4, 0xf0, 0x91, 0xeb, 0x3d, 0x23, 0xb6, 0xae, 0x8a, 0x62, // target
        0x03, 0x08, 0x91, 0xeb, 0x3d, 0x23, 0xb6, 0xae, 0x8a, 0x62, // mesh-local interface id
        0x02, 0x02, 0x6c, 0x00, // RLOC16
        0x06, 0x04, 0x00, 0x00, 0x00, 0x21, // time since last transaction
    ];

    #[test]
    fn a_parent_answers_for_its_child() {
        let said = decode_address_notification(FOR_A_CHILD).unwrap();
        assert_eq!(said.target.to_string(), "fdf0:1cc8:d6f8:f4f0:91eb:3d23:b6ae:8a62");
        assert_eq!((said.rloc16.to_string(), said.last_transaction_seconds), ("0x6c00".to_owned(), Some(33)));
        assert_eq!(encode_address_notification(&said), FOR_A_CHILD);
        let itself = decode_address_notification(&FOR_A_CHILD[..FOR_A_CHILD.len() - 6]).unwrap();
        assert_eq!(itself.last_transaction_seconds, None);
    }

    #[test]
    fn what_is_needed_is_named() {
        for (cut, missing) in [(18, "RLOC16"), (28, "RLOC16"), (17, "TLV 0")] {
            let problem = decode_address_notification(&FOR_A_CHILD[..cut]).unwrap_err().to_string();
            assert!(problem.contains(missing), "{cut}: {problem}");
        }
        let no_locator = [&FOR_A_CHILD[..30], &[0xff, 0xfe]].concat();
        assert!(decode_address_notification(&no_locator).is_err());
    }

    proptest! {
        #[test]
        fn what_was_written_is_read(target: u128, mesh_local_interface_id: [u8; 8], router in 0_u16..63, child in 0_u16..512, seconds: Option<u32>) {
            let notification = AddressNotification {
                target: Ipv6Addr::from(target),
                mesh_local_interface_id,
                rloc16: Rloc16::new(router << 10 | child).unwrap(),
                last_transaction_seconds: seconds,
            };
            prop_assert_eq!(decode_address_notification(&encode_address_notification(&notification)), Ok(notification));
        }

        #[test]
        fn arbitrary_bytes_do_no_harm(bytes in prop::collection::vec(any::<u8>(), 0..80)) {
            let _ = decode_address_notification(&bytes);
        }
    }
}
