//! Messages of the interaction model as bytes (Matter core specification 1.4, 10.7).

use super::AttributePath;
use super::assembly::{Assembly, AssemblyError, Key, Piece};
use super::tlv::{ARRAY, Element, LIST, Malformed, NULL, STRUCTURE, Writer};
use zeroize::Zeroizing;

/// Protocol number of the interaction model.
pub(crate) const PROTOCOL: u16 = 0x0001;

/// Revision of the interaction model that every message ends with (Matter 1.4).
pub(super) const REVISION: u64 = 12;
/// See [`REVISION`].
pub(super) const REVISION_TAG: u8 = 0xff;

/// Opcodes (Matter core specification 1.4, 10.2.1).
pub(crate) mod opcode {
    pub(crate) const STATUS_RESPONSE: u8 = 0x01;
    pub(crate) const READ_REQUEST: u8 = 0x02;
    pub(crate) const SUBSCRIBE_REQUEST: u8 = 0x03;
    pub(crate) const SUBSCRIBE_RESPONSE: u8 = 0x04;
    pub(crate) const REPORT_DATA: u8 = 0x05;
}

/// Status codes (Matter core specification 1.4, 8.10.1).
pub(crate) mod status {
    pub(crate) const SUCCESS: u8 = 0x00;
    pub(crate) const INVALID_SUBSCRIPTION: u8 = 0x7d;
    pub(crate) const INVALID_ACTION: u8 = 0x80;
    pub(crate) const CONSTRAINT_ERROR: u8 = 0x87;
    pub(crate) const RESOURCE_EXHAUSTED: u8 = 0x89;
    pub(crate) const BUSY: u8 = 0x9c;
}

/// ReadRequest.
pub(crate) fn read_request(paths: &[AttributePath]) -> Zeroizing<Vec<u8>> {
    let mut writer = Writer::default();
    writer.open(None, STRUCTURE);
    attribute_paths(&mut writer, 0, paths);
    writer.boolean(3, true).unsigned(REVISION_TAG, REVISION).close();
    writer.finish()
}

/// SubscribeRequest. The node drops the subscriptions that we had at it.
pub(crate) fn subscribe_request(paths: &[AttributePath], interval_seconds: (u16, u16)) -> Zeroizing<Vec<u8>> {
    let mut writer = Writer::default();
    writer
        .open(None, STRUCTURE)
        .boolean(0, false)
        .unsigned(1, interval_seconds.0.into())
        .unsigned(2, interval_seconds.1.into());
    attribute_paths(&mut writer, 3, paths);
    writer.boolean(7, true).unsigned(REVISION_TAG, REVISION).close();
    writer.finish()
}

/// StatusResponse.
pub(crate) fn status_response(status: u8) -> Zeroizing<Vec<u8>> {
    let mut writer = Writer::default();
    writer
        .open(None, STRUCTURE)
        .unsigned(0, status.into())
        .unsigned(REVISION_TAG, REVISION)
        .close();
    writer.finish()
}

fn attribute_paths(writer: &mut Writer, tag: u8, paths: &[AttributePath]) {
    writer.open(Some(tag), ARRAY);
    for path in paths {
        writer.open(None, LIST);
        let parts = [
            (2, path.endpoint.map(u64::from)),
            (3, path.cluster.map(u64::from)),
            (4, path.attribute.map(u64::from)),
        ];
        for (tag, part) in parts {
            if let Some(part) = part {
                writer.unsigned(tag, part);
            }
        }
        writer.close();
    }
    writer.close();
}

/// What a ReportData says beside its attributes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Report {
    /// Which subscription; none in the answer to a read.
    pub(crate) subscription: Option<u32>,
    /// Another chunk follows when this one was acknowledged with a status.
    pub(crate) more: bool,
    /// No status is expected.
    pub(crate) suppress_response: bool,
}

/// Reads the head of a ReportData.
pub(crate) fn report(payload: &[u8]) -> Result<Report, Malformed> {
    let message = structure(payload)?;
    let flag = |tag| -> Result<bool, Malformed> { message.member(tag)?.map_or(Ok(false), |flag| flag.boolean().ok_or(Malformed)) };
    Ok(Report {
        subscription: message.member(0)?.map(|id| id.unsigned().ok_or(Malformed)).transpose()?,
        more: flag(3)?,
        suppress_response: flag(4)?,
    })
}

/// Takes the attributes of a ReportData.
pub(crate) fn take_attributes(payload: &[u8], assembly: &mut Assembly) -> Result<(), AssemblyError> {
    assembly.begin_chunk()?;
    let Some(reports) = structure(payload)?.member(1)? else { return Ok(()) };
    if reports.kind != ARRAY {
        return Err(AssemblyError::Malformed);
    }
    for report in reports.members() {
        let report = report?;
        if let Some(status) = report.member(0)? {
            let (key, _) = path(&status.member(0)?.ok_or(Malformed)?)?;
            let code = status
                .member(1)?
                .ok_or(Malformed)?
                .member(0)?
                .and_then(|code| code.unsigned())
                .ok_or(Malformed)?;
            assembly.put_status(key, code)?;
        } else {
            let data = report.member(1)?.ok_or(Malformed)?;
            let (key, piece) = path(&data.member(1)?.ok_or(Malformed)?)?;
            assembly.put(key, piece, data.member(2)?.ok_or(Malformed)?.anonymous())?;
        }
    }
    Ok(())
}

/// Status of a StatusResponse.
pub(crate) fn status_of(payload: &[u8]) -> Result<u8, Malformed> {
    structure(payload)?.member(0)?.and_then(|status| status.unsigned()).ok_or(Malformed)
}

/// Subscription and longest interval in seconds of a SubscribeResponse.
pub(crate) fn subscribe_response(payload: &[u8]) -> Result<(u32, u16), Malformed> {
    let message = structure(payload)?;
    let subscription = message.member(0)?.and_then(|id| id.unsigned()).ok_or(Malformed)?;
    let interval = message.member(2)?.and_then(|interval| interval.unsigned()).ok_or(Malformed)?;
    Ok((subscription, interval))
}

/// A concrete attribute path, and which piece of the attribute it names.
fn path(path: &Element<'_>) -> Result<(Key, Piece), Malformed> {
    let (mut endpoint, mut cluster, mut attribute, mut piece) = (None, None, None, Piece::Whole);
    for part in path.members() {
        let part = part?;
        match part.tag {
            Some(2) => endpoint = part.unsigned(),
            Some(3) => cluster = part.unsigned(),
            Some(4) => attribute = part.unsigned(),
            Some(5) if part.kind == NULL => piece = Piece::Append,
            Some(5) => piece = Piece::At(part.unsigned().ok_or(Malformed)?),
            _ => {}
        }
    }
    match (endpoint, cluster, attribute) {
        (Some(endpoint), Some(cluster), Some(attribute)) => Ok(((endpoint, cluster, attribute), piece)),
        _ => Err(Malformed),
    }
}

fn structure(payload: &[u8]) -> Result<Element<'_>, Malformed> {
    Element::whole(payload).ok().filter(|message| message.kind == STRUCTURE).ok_or(Malformed)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn route_table() -> AttributePath {
        AttributePath {
            endpoint: Some(0),
            cluster: Some(0x35),
            attribute: Some(8),
        }
    }

    #[test]
    fn a_read_request_names_its_paths() {
        let all = AttributePath {
            endpoint: None,
            cluster: Some(0x35),
            attribute: None,
        };
        let expected = [
            0x15, // structure
            0x36, 0x00, // attribute requests: array
            0x17, 0x24, 0x02, 0x00, 0x24, 0x03, 0x35, 0x24, 0x04, 0x08, 0x18, // list: endpoint 0, cluster 0x35, attribute 8
            0x17, 0x24, 0x03, 0x35, 0x18, // list: cluster 0x35
            0x18, // end of the array
            0x29, 0x03, // fabric filtered: true
            0x24, 0xff, 0x0c, // revision 12
            0x18,
        ];
        assert_eq!(read_request(&[route_table(), all]).as_slice(), expected);
    }

    #[test]
    fn a_report_has_values_statuses_and_a_rest() {
        let payload = [
            0x15, //
            0x26, 0x00, 0x78, 0x56, 0x34, 0x12, // subscription
            0x36, 0x01, // attribute reports
            0x15, 0x35, 0x01, 0x26, 0x00, 1, 2, 3, 4, // data: version
            0x37, 0x01, 0x24, 0x02, 0x00, 0x24, 0x03, 0x35, 0x24, 0x04, 0x08, 0x18, // path
            0x36, 0x02, 0x04, 0x01, 0x18, 0x18, 0x18, // [1]
            0x15, 0x35, 0x01, 0x37, 0x01, 0x24, 0x02, 0x00, 0x24, 0x03, 0x35, 0x24, 0x04, 0x08, 0x34, 0x05, 0x18, // path with list index null
            0x24, 0x02, 0x02, 0x18, 0x18, // 2
            0x15, 0x35, 0x00, 0x37, 0x00, 0x24, 0x02, 0x00, 0x24, 0x03, 0x35, 0x24, 0x04, 0x07, 0x18, // status: path
            0x35, 0x01, 0x24, 0x00, 0x86, 0x18, 0x18, 0x18, // unsupported attribute
            0x18, //
            0x29, 0x03, // more chunks
            0x24, 0xff, 0x0c, 0x18,
        ];
        let head = report(&payload).unwrap();
        assert_eq!((head.subscription, head.more, head.suppress_response), (Some(0x1234_5678), true, false));
        let mut assembly = Assembly::default();
        take_attributes(&payload, &mut assembly).unwrap();
        let values: Vec<_> = assembly.finish().into_iter().map(|report| (report.attribute, report.value)).collect();
        assert_eq!(values, [(7, Err(0x86)), (8, Ok(vec![0x16, 0x04, 0x01, 0x04, 0x02, 0x18]))]);
        for length in 0..payload.len() {
            assert!(report(&payload[..length]).is_err());
        }
    }

    #[test]
    fn what_is_sent_can_be_read() {
        assert_eq!(status_of(&status_response(status::BUSY)), Ok(status::BUSY));
        let request = subscribe_request(&[route_table()], (1, 300));
        let message = structure(&request).unwrap();
        assert_eq!(message.member(0).unwrap().unwrap().boolean(), Some(false));
        assert_eq!(message.member(2).unwrap().unwrap().unsigned::<u16>(), Some(300));
        assert_eq!(subscribe_response(&[0x15, 0x24, 0x00, 0x07, 0x25, 0x02, 0x2c, 0x01, 0x18]), Ok((7, 300)));
    }

    #[test]
    fn answers_of_empty_chunks_end() {
        let mut assembly = Assembly::default();
        let outcome = (0..1 << 20).try_for_each(|_| take_attributes(&[0x15, 0x29, 0x03, 0x18], &mut assembly));
        assert_eq!(outcome, Err(AssemblyError::TooManyEntries));
    }

    proptest! {
        #[test]
        fn never_panics(bytes in proptest::collection::vec(any::<u8>(), 0..64)) {
            let message = [&[STRUCTURE][..], &bytes, &[0x18]].concat();
            for payload in [&bytes, &message] {
                let _ = (report(payload), status_of(payload), subscribe_response(payload));
                let _ = take_attributes(payload, &mut Assembly::default());
            }
        }

        /// Garbage in place of the reports of an otherwise good message.
        #[test]
        fn garbage_in_reports_is_told(bytes in proptest::collection::vec(any::<u8>(), 1..32)) {
            let message = [&[STRUCTURE, 0x36, 0x01][..], &bytes, &[0x18, 0x18]].concat();
            let mut assembly = Assembly::default();
            let _ = take_attributes(&message, &mut assembly);
            prop_assert!(assembly.finish().len() <= bytes.len());
        }
    }
}
