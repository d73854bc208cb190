//! Active and pending operational datasets as MeshCoP TLVs (Thread specification 1.4, 8.10; OpenThread `include/openthread/dataset.h`).
//!
//! A dataset holds the keys to the network. They never leave this file: decoding tells only whether they were there, and [`blank_secrets`]
//! overwrites them for whoever keeps the bytes.

use crate::tmf::tlv::{self, Tlv, Tlvs, ValueTooLong};
use crate::{Problem, Reader};
use std::ops::Range;
use weft_model::{Channel, Dataset, ExtendedPanId, MeshLocalPrefix, PanId};

/// TLV types of datasets.
#[allow(missing_docs)] // the names are those of the specification
pub mod number {
    pub const CHANNEL: u8 = 0;
    pub const PAN_ID: u8 = 1;
    pub const EXTENDED_PAN_ID: u8 = 2;
    pub const NETWORK_NAME: u8 = 3;
    pub const PSKC: u8 = 4;
    pub const NETWORK_KEY: u8 = 5;
    pub const MESH_LOCAL_PREFIX: u8 = 7;
    pub const SECURITY_POLICY: u8 = 12;
    pub const ACTIVE_TIMESTAMP: u8 = 14;
    pub const PENDING_TIMESTAMP: u8 = 51;
    pub const DELAY_TIMER: u8 = 52;
    pub const CHANNEL_MASK: u8 = 53;
    pub const WAKE_UP_CHANNEL: u8 = 74;
}

/// The longest network name in bytes.
pub const MAX_NETWORK_NAME_BYTES: usize = 16;

/// Bytes of a network key and of a PSKc.
const SECRET_BYTES: usize = 16;

/// Reads a dataset. Of network key and PSKc only `has_network_key` and `has_pskc` are kept: true if there is a value of any length, blanked or not.
///
/// Problems never quote values. In bytes that do not end where their last TLV ends, types and lengths have lost their step, and a key may
/// stand in what looks like another TLV: unknown TLVs are thrown away then.
pub fn decode_dataset(bytes: &[u8]) -> (Dataset, Vec<Problem>) {
    let mut dataset = Dataset::default();
    let mut problems = Vec::new();
    let mut is_cut = false;
    for tlv in Tlvs::new(bytes) {
        match tlv {
            Ok(tlv) => {
                if let Err(problem) = read(tlv, &mut dataset) {
                    problems.push(problem.within(&format!("TLV {}", tlv.number), tlv.offset));
                }
            }
            Err(cut) => {
                is_cut = true;
                let has_value = cut.offset < bytes.len();
                dataset.has_network_key |= has_value && cut.number == Some(number::NETWORK_KEY);
                dataset.has_pskc |= has_value && cut.number == Some(number::PSKC);
                problems.push(cut.problem);
            }
        }
    }
    if is_cut && !dataset.other.is_empty() {
        problems.push(Problem::of(
            "unknown TLVs",
            format!("{} thrown away, because the dataset is cut off", dataset.other.len()),
        ));
        dataset.other.clear();
    }
    (dataset, problems)
}

fn read(tlv: Tlv<'_>, dataset: &mut Dataset) -> Result<(), Problem> {
    let mut reader = Reader::new(tlv.value);
    match tlv.number {
        number::CHANNEL => {
            let page = reader.u8("channel page")?;
            let channel = reader.u16("channel")?;
            match Channel::new(channel).filter(|_| page == 0) {
                Some(channel) => first(&mut dataset.channel, channel)?,
                None => return Err(Problem::at("channel", 1, format!("{channel} on page {page} is not in the 2.4 GHz band"))),
            }
        }
        number::PAN_ID => first(&mut dataset.pan_id, PanId(reader.u16("PAN id")?))?,
        number::EXTENDED_PAN_ID => first(&mut dataset.extended_pan_id, ExtendedPanId(reader.array("extended PAN id")?))?,
        number::NETWORK_NAME => {
            let name = reader.rest();
            if name.len() > MAX_NETWORK_NAME_BYTES {
                return Err(Problem::at(
                    "network name",
                    0,
                    format!("{} bytes, the most is {MAX_NETWORK_NAME_BYTES}", name.len()),
                ));
            }
            let name = std::str::from_utf8(name).map_err(|error| Problem::at("network name", error.valid_up_to(), "not UTF-8"))?;
            first(&mut dataset.network_name, name.to_owned())?;
        }
        number::PSKC => {
            dataset.has_pskc |= !tlv.value.is_empty();
            reader.take("PSKc", SECRET_BYTES)?;
        }
        number::NETWORK_KEY => {
            dataset.has_network_key |= !tlv.value.is_empty();
            reader.take("network key", SECRET_BYTES)?;
        }
        number::MESH_LOCAL_PREFIX => first(&mut dataset.mesh_local_prefix, MeshLocalPrefix(reader.array("mesh-local prefix")?))?,
        number::SECURITY_POLICY => {
            first(&mut dataset.key_rotation_hours, reader.u16("rotation time")?)?;
            // One byte until Thread 1.1, two since; an unknown third is kept as well.
            first(&mut dataset.security_policy_flags, reader.rest().to_vec())?;
        }
        number::ACTIVE_TIMESTAMP => first(&mut dataset.active_timestamp, reader.u64("timestamp")?)?,
        number::PENDING_TIMESTAMP => first(&mut dataset.pending_timestamp, reader.u64("timestamp")?)?,
        number::DELAY_TIMER => first(&mut dataset.delay_milliseconds, reader.u32("delay")?)?,
        number::CHANNEL_MASK => first(&mut dataset.channel_mask, reader.rest().to_vec())?,
        other => dataset.other.push((other, reader.rest().to_vec())),
    }
    reader.finish("value")
}

/// The first TLV of a type counts, as in OpenThread.
fn first<T>(place: &mut Option<T>, value: T) -> Result<(), Problem> {
    match place {
        Some(_) => Err(Problem::at("type", 0, "given twice; the first is used")),
        None => {
            *place = Some(value);
            Ok(())
        }
    }
}

/// Overwrites the values of network key (5) and PSKc (4) with zeros; lengths and everything else stay.
///
/// In bytes that are cut off, types and lengths may have lost their step: there, the values of unknown TLVs and what is left of the last
/// TLV are overwritten too. The result decodes to the same [`Dataset`].
pub fn blank_secrets(bytes: &mut [u8]) {
    let is_cut = Tlvs::all(bytes).any(|tlv| tlv.is_err());
    let mut position = 0;
    // The cursor borrows the bytes: where the next value lies is asked anew after each overwriting.
    while let Some((value, number)) = next_value(bytes, position) {
        position = value.end;
        let is_secret = match number {
            Some(number::NETWORK_KEY | number::PSKC) | None => true,
            Some(number) => is_cut && !is_public(number),
        };
        if is_secret {
            bytes[value].fill(0);
        }
    }
}

/// Where the value of the TLV at `position` lies, and the type; `None` as the type where the TLV is cut.
fn next_value(bytes: &[u8], position: usize) -> Option<(Range<usize>, Option<u8>)> {
    Some(match Tlvs::all(&bytes[position..]).next()? {
        Ok(Tlv { number, offset, value }) => (position + offset..position + offset + value.len(), Some(number)),
        Err(cut) => (position + cut.offset..bytes.len(), None),
    })
}

/// True for the types that [`decode_dataset`] knows and that hold no secret.
fn is_public(number: u8) -> bool {
    matches!(
        number,
        number::CHANNEL
            | number::PAN_ID
            | number::EXTENDED_PAN_ID
            | number::NETWORK_NAME
            | number::MESH_LOCAL_PREFIX
            | number::SECURITY_POLICY
            | number::ACTIVE_TIMESTAMP
            | number::PENDING_TIMESTAMP
            | number::DELAY_TIMER
            | number::CHANNEL_MASK
    )
}

/// A dataset as bytes, for simulated nodes and tests: zeros stand for the secrets that it has.
///
/// # Errors
/// If a name, mask or unknown value is longer than a TLV can be.
pub fn encode_dataset(dataset: &Dataset) -> Result<Vec<u8>, ValueTooLong> {
    let mut bytes = Vec::new();
    let mut write = |number: u8, value: Option<Vec<u8>>| value.map_or(Ok(()), |value| tlv::write(&mut bytes, number, &value));
    write(
        number::ACTIVE_TIMESTAMP,
        dataset.active_timestamp.map(|timestamp| timestamp.to_be_bytes().to_vec()),
    )?;
    write(
        number::PENDING_TIMESTAMP,
        dataset.pending_timestamp.map(|timestamp| timestamp.to_be_bytes().to_vec()),
    )?;
    write(number::DELAY_TIMER, dataset.delay_milliseconds.map(|delay| delay.to_be_bytes().to_vec()))?;
    write(number::CHANNEL, dataset.channel.map(|channel| vec![0, 0, channel.get()]))?;
    write(number::CHANNEL_MASK, dataset.channel_mask.clone())?;
    write(number::EXTENDED_PAN_ID, dataset.extended_pan_id.map(|id| id.0.to_vec()))?;
    write(number::MESH_LOCAL_PREFIX, dataset.mesh_local_prefix.map(|prefix| prefix.0.to_vec()))?;
    write(number::NETWORK_KEY, dataset.has_network_key.then(|| vec![0; SECRET_BYTES]))?;
    write(number::NETWORK_NAME, dataset.network_name.clone().map(String::into_bytes))?;
    write(number::PAN_ID, dataset.pan_id.map(|id| id.0.to_be_bytes().to_vec()))?;
    write(number::PSKC, dataset.has_pskc.then(|| vec![0; SECRET_BYTES]))?;
    let flags = dataset.security_policy_flags.clone().unwrap_or_default();
    write(
        number::SECURITY_POLICY,
        dataset
            .key_rotation_hours
            .map(|hours| hours.to_be_bytes().into_iter().chain(flags).collect()),
    )?;
    for (number, value) in &dataset.other {
        write(*number, Some(value.clone()))?;
    }
    Ok(bytes)
}

#[cfg(test)]
mod tests;
