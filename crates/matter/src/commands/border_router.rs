//! Thread border router management (Matter core specification 1.4, 11.18; cluster 0x0452): the dataset of a border router that is on our fabric.

use super::patience;
use crate::controller::{Failure, Shard};
use crate::error::OperationError;
use crate::interaction::invoke::{Command, Fields, InvokeError, Line, invoke, octets};
use crate::peer::Peer;
use zeroize::Zeroizing;

const CLUSTER: u32 = 0x0452;
/// Answered with DatasetResponse (command 0x02), whose only member is the dataset.
const GET_ACTIVE_DATASET: u32 = 0x00;
const NAME: &str = "GetActiveDatasetRequest";
/// The longest dataset (Matter core specification 1.4, 11.18.7.3).
const MAX_DATASET_BYTES: usize = 254;

/// The active operational dataset with its keys. Devices answer this only over a session of a fabric (CASE), to its administrators.
///
/// # Errors
/// Where it cannot be reached, refuses, or answers with something else. No error holds any of the dataset.
pub(crate) async fn active_dataset(shard: &Shard, peer: &Peer, endpoint: u16) -> Result<Zeroizing<Vec<u8>>, OperationError> {
    let command = Command {
        endpoint,
        cluster: CLUSTER,
        command: GET_ACTIVE_DATASET,
        name: NAME,
    };
    shard
        .with_node(peer, async |exchange| {
            let fields = Zeroizing::new(invoke(Line::new(exchange, patience(peer.intervals)), &command, false, &Fields::new()).await?);
            dataset(&fields).map_err(Failure::from)
        })
        .await
}

fn dataset(fields: &[u8]) -> Result<Zeroizing<Vec<u8>>, InvokeError> {
    octets(fields, 0)
        .map(Zeroizing::new)
        .filter(|dataset| dataset.len() <= MAX_DATASET_BYTES)
        .ok_or(InvokeError::Garbled(NAME))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_dataset_is_the_first_member() {
        let fields = |bytes: &[u8]| Fields::new().octets(0, bytes).into_structure();
        assert_eq!(**dataset(&fields(&[0x00, 0x03, 0x00])).as_ref().unwrap(), [0x00, 0x03, 0x00]);
        assert!(dataset(&fields(&[0; 254])).is_ok());
        for wrong in [
            fields(&[0; 255]),
            Fields::new().unsigned(0, 7).into_structure(),
            Fields::new().octets(1, &[1]).into_structure(),
            Zeroizing::new(Vec::new()),
        ] {
            assert_eq!(dataset(&wrong).err(), Some(InvokeError::Garbled(NAME)));
        }
    }
}
