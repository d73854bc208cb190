//! Dataset bodies: `/node/dataset/active` and `/node/dataset/pending`, as JSON or as TLVs in hexadecimal digits.

use super::keys::Key;
use super::record::{Notes, Path, Record};
use crate::meshcop::decode_dataset;
use serde_json::Value;
use weft_model::{Channel, Dataset, ExtendedPanId, Fact, FactKind, Ipv6Prefix, MeshLocalPrefix, PanId};

/// Bits of a timestamp's parts on the wire (`otTimestamp`, OpenThread `dataset.h`).
const TIMESTAMP_SECONDS_MAX: u64 = (1 << 48) - 1;
const TIMESTAMP_TICKS_MAX: u64 = (1 << 15) - 1;
/// Digits of the longest text that is read; a dataset has at most 254 bytes.
const MAX_TLV_DIGITS: usize = 1024;
/// Length of one entry of a channel mask TLV.
const CHANNEL_MASK_LENGTH: u8 = 4;

/// Reads a dataset rendered as JSON. A pending dataset has its own timestamp and delay beside `activeDataset`, which is an object
/// or the TLVs.
pub(super) fn decode(record: &Record<'_>, notes: &mut Notes<'_>) {
    let mut dataset = match record.value(Key::ActiveDataset) {
        Some(Value::String(text)) => tlvs(text, Path::Field(&record.path, "activeDataset"), notes).unwrap_or_default(),
        Some(_) => record
            .object(Key::ActiveDataset, notes, |inner, notes| Some(filled(inner, Dataset::default(), notes)))
            .unwrap_or_default(),
        None => Dataset::default(),
    };
    dataset = filled(record, dataset, notes);
    state(dataset, notes);
}

/// Reads a dataset given as TLVs in hexadecimal digits.
pub(super) fn decode_text(text: &str, notes: &mut Notes<'_>) {
    if let Some(dataset) = tlvs(text, Path::Body, notes) {
        state(dataset, notes);
    }
}

/// Tells the dataset, unless it is empty.
fn state(dataset: Dataset, notes: &mut Notes<'_>) {
    if dataset != Dataset::default() {
        notes.decoded.fact(Fact::Dataset(Box::new(dataset)));
    }
}

fn tlvs(text: &str, path: Path<'_>, notes: &mut Notes<'_>) -> Option<Dataset> {
    let Some(bytes) = Some(text.trim()).filter(|text| text.len() <= MAX_TLV_DIGITS).and_then(super::hex_octets) else {
        notes.problem(path, "expected dataset TLVs in hexadecimal digits");
        return None;
    };
    let (dataset, problems) = decode_dataset(&bytes);
    for problem in problems {
        let problem = problem.within(&path.to_string(), 0);
        notes.ledger.problem(&mut notes.decoded.problems, problem);
        notes.decoded.mark_incomplete(FactKind::Dataset);
    }
    Some(dataset)
}

/// `dataset` with everything that `record` says.
fn filled(record: &Record<'_>, mut dataset: Dataset, notes: &mut Notes<'_>) -> Dataset {
    fn set<T>(field: &mut Option<T>, value: Option<T>) {
        if value.is_some() {
            *field = value;
        }
    }
    set(&mut dataset.active_timestamp, record.object(Key::ActiveTimestamp, notes, timestamp));
    set(&mut dataset.pending_timestamp, record.object(Key::PendingTimestamp, notes, timestamp));
    set(&mut dataset.delay_milliseconds, record.uint(Key::Delay, notes));
    let channel: Option<u16> = record.uint(Key::Channel, notes);
    set(&mut dataset.channel, channel.and_then(Channel::new));
    if channel.is_some_and(|channel| Channel::new(channel).is_none()) {
        notes.problem(record.path, "expected a channel from 11 to 26");
    }
    set(&mut dataset.channel_mask, record.uint(Key::ChannelMask, notes).map(channel_mask));
    set(&mut dataset.pan_id, record.uint(Key::PanId, notes).map(PanId));
    let extended_pan_id: Option<ExtendedPanId> = record.parse(Key::ExtPanId, "expected 16 hexadecimal digits", notes);
    set(&mut dataset.extended_pan_id, extended_pan_id);
    set(&mut dataset.network_name, record.text(Key::NetworkName, notes).map(str::to_owned));
    set(&mut dataset.mesh_local_prefix, mesh_local_prefix(record, notes));
    // The flags are given one by one with their polarity turned, and not all of them: they cannot be put together again.
    set(
        &mut dataset.key_rotation_hours,
        record.object(Key::SecurityPolicy, notes, |policy, notes| policy.uint(Key::RotationTime, notes)),
    );
    dataset.has_network_key |= record.value(Key::NetworkCredential).is_some();
    dataset.has_pskc |= record.value(Key::Pskc).is_some();
    dataset
}

/// Packed as on the wire: seconds, ticks, authoritative bit.
fn timestamp(record: &Record<'_>, notes: &mut Notes<'_>) -> Option<u64> {
    let seconds: Option<u64> = record.uint(Key::Seconds, notes);
    let seconds = record.need(Key::Seconds, "seconds", seconds, notes)?;
    let ticks: u64 = record.uint(Key::Ticks, notes).unwrap_or(0);
    if seconds > TIMESTAMP_SECONDS_MAX || ticks > TIMESTAMP_TICKS_MAX {
        notes.problem(record.path, "expected seconds of 48 bits and ticks of 15 bits");
        return None;
    }
    let authoritative = record.boolean(Key::Authoritative, notes).unwrap_or(false);
    Some(seconds << 16 | ticks << 1 | u64::from(authoritative))
}

/// The value of the channel mask TLV: page 0, four bytes. JSON has channel `n` as bit `n` from the right, the TLV from the left.
fn channel_mask(mask: u32) -> Vec<u8> {
    let mut value = vec![0, CHANNEL_MASK_LENGTH];
    value.extend(mask.reverse_bits().to_be_bytes());
    value
}

fn mesh_local_prefix(record: &Record<'_>, notes: &mut Notes<'_>) -> Option<MeshLocalPrefix> {
    let prefix: Ipv6Prefix = record.parse(Key::MeshLocalPrefix, "expected an IPv6 prefix like fd00:1234::/64", notes)?;
    let mut octets = [0; 8];
    octets.copy_from_slice(&prefix.address().octets()[..8]);
    Some(MeshLocalPrefix(octets))
}
