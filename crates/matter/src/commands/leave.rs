//! Leaving a device.

use super::credentials::{CLUSTER, CURRENT_FABRIC_INDEX, Verdict, remove_fabric};
use super::patience;
use crate::controller::{Failure, Shard};
use crate::error::OperationError;
use crate::interaction::AttributePath;
use crate::interaction::invoke::{InvokeError, Line};
use crate::interaction::tlv::Element;
use crate::peer::Peer;

/// Removes our fabric from a device. A device that does not know our fabric any more counts as left.
///
/// # Errors
/// Where it cannot be reached, or refuses.
pub(crate) async fn leave(shard: &Shard, peer: &Peer) -> Result<(), OperationError> {
    match remove(shard, peer).await {
        Ok(()) | Err(OperationError::FabricUnknown) => {
            shard.remove(peer.node);
            Ok(())
        }
        Err(error) => Err(error),
    }
}

async fn remove(shard: &Shard, peer: &Peer) -> Result<(), OperationError> {
    let path = AttributePath {
        endpoint: Some(0),
        cluster: Some(CLUSTER),
        attribute: Some(CURRENT_FABRIC_INDEX),
    };
    let reports = shard.read_attributes(peer, &[path]).await?;
    let value = reports
        .into_iter()
        .find(|report| report.attribute == CURRENT_FABRIC_INDEX)
        .map(|report| report.value);
    let index = match value {
        Some(Ok(value)) => Element::whole(&value)
            .ok()
            .and_then(|index| index.unsigned())
            .ok_or_else(|| OperationError::Garbled("CurrentFabricIndex".to_owned()))?,
        Some(Err(status)) => return Err(OperationError::Refused(status)),
        None => return Err(OperationError::Garbled("CurrentFabricIndex".to_owned())),
    };
    // The device ends our sessions along with the fabric, perhaps before its answer has reached us. A second attempt then meets a device that
    // does not know us.
    shard
        .with_node(peer, async |exchange| {
            match remove_fabric(Line::new(exchange, patience(peer.intervals)), index).await {
                Ok(Verdict::Ok(_) | Verdict::InvalidFabricIndex) => Ok(()),
                Ok(Verdict::Other(status)) => Err(Failure::Told(OperationError::Refused(status))),
                Ok(_) => Err(InvokeError::Garbled("RemoveFabric").into()),
                Err(error) => Err(error.into()),
            }
        })
        .await
}
