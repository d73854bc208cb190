//! ICD management (Matter core specification 1.4, 9.16): being told when a long-idle device is awake.

use super::patience;
use crate::controller::{Failure, Shard};
use crate::error::OperationError;
use crate::interaction::invoke::{Command, Fields, InvokeError, Line, invoke, number};
use crate::peer::Peer;

const CLUSTER: u32 = 0x0046;
const REGISTER: Command = Command {
    endpoint: 0,
    cluster: CLUSTER,
    command: 0x00,
    name: "RegisterClient",
};
const UNREGISTER: Command = Command {
    endpoint: 0,
    cluster: CLUSTER,
    command: 0x02,
    name: "UnregisterClient",
};
const STAY_ACTIVE: Command = Command {
    endpoint: 0,
    cluster: CLUSTER,
    command: 0x03,
    name: "StayActiveRequest",
};

/// ClientTypeEnum (9.16.5.2): stays until it is taken back.
const PERMANENT: u64 = 0;
/// Interaction model status: there is no such entry.
const STATUS_NOT_FOUND: u8 = 0x8b;

/// How long a device is asked to stay awake once it is registered with, in milliseconds: what it knows can be read at once.
const FIRST_READING_MILLISECONDS: u32 = 30_000;

/// Asks a device to check in with us from now on, and to stay awake for a moment where it can.
///
/// # Errors
/// Where it cannot be reached, or refuses: it may have no place for another client.
pub(crate) async fn register(shard: &Shard, peer: &Peer) -> Result<(), OperationError> {
    let fabric = &shard.common.fabric;
    let key = fabric
        .check_in_key(peer.node)
        .map_err(|error| OperationError::Failed(error.to_string()))?;
    let us = fabric.our_node().as_u64();
    let counter = shard
        .with_node(peer, async |exchange| {
            let fields = invoke(Line::new(exchange, patience(peer.intervals)), &REGISTER, false, &registration(us, &key)).await?;
            number(&fields, 0)
                .and_then(|counter| u32::try_from(counter).ok())
                .ok_or_else(|| Failure::from(InvokeError::Garbled(REGISTER.name)))
        })
        .await?;
    shard.common.check_ins.registered(fabric, peer.node, counter);
    match shard
        .with_node(peer, async |exchange| {
            Ok(stay_active(Line::new(exchange, patience(peer.intervals)), FIRST_READING_MILLISECONDS).await?)
        })
        .await
    {
        Ok(promised) => tracing::debug!(node = %peer.node, promised, "it stays awake"),
        Err(error) => tracing::debug!(node = %peer.node, %error, "it does not stay awake"),
    }
    Ok(())
}

/// We check in with ourselves: node, subject whose subscriptions are watched, key; no verification key, as we are the administrator.
fn registration(node: u64, key: &[u8; 16]) -> Fields {
    Fields::new().unsigned(0, node).unsigned(1, node).octets(2, key).unsigned(4, PERMANENT)
}

/// Takes back [`register`]. A registration that is not there is taken back already.
///
/// # Errors
/// Where it cannot be reached, or refuses.
pub(crate) async fn unregister(shard: &Shard, peer: &Peer) -> Result<(), OperationError> {
    let us = shard.common.fabric.our_node().as_u64();
    shard
        .with_node(peer, async |exchange| {
            match invoke(
                Line::new(exchange, patience(peer.intervals)),
                &UNREGISTER,
                false,
                &Fields::new().unsigned(0, us),
            )
            .await
            {
                Ok(_)
                | Err(InvokeError::Status {
                    status: STATUS_NOT_FOUND, ..
                }) => Ok(()),
                Err(error) => Err(error.into()),
            }
        })
        .await
}

/// Asks the device to stay awake; gives for how many milliseconds it will. An optional command: devices that lack it say so with a status.
async fn stay_active(line: Line<'_>, milliseconds: u32) -> Result<u32, InvokeError> {
    let fields = invoke(line, &STAY_ACTIVE, false, &Fields::new().unsigned(0, milliseconds.into())).await?;
    number(&fields, 0)
        .and_then(|promised| u32::try_from(promised).ok())
        .ok_or(InvokeError::Garbled(STAY_ACTIVE.name))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_registration_names_us_twice_and_carries_the_key() {
        let fields = registration(0x0102, &[9; 16]).into_structure();
        let mut expected = vec![0x15, 0x25, 0, 0x02, 0x01, 0x25, 1, 0x02, 0x01, 0x30, 2, 16];
        expected.extend([9; 16]);
        expected.extend([0x24, 4, 0, 0x18]);
        assert_eq!(fields.as_slice(), expected);
    }
}
