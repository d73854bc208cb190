//! What went over the serial lines of real radio co-processors (`fixtures/air`).

#![allow(clippy::unwrap_used)] // a test that fails says where

use flate2::read::GzDecoder;
use std::fs::File;
use std::io::Read;
use std::path::Path;
use weft_model::Rssi;
use weft_wire::hdlc::{self, Decoder, Event, FLAG};
use weft_wire::spinel::{Command, EnergyScanResult, Frame, Property, ReceivedFrame, Status, TransmitFrame, TransmitResult, decode_text};

fn unpacked(name: &str) -> Vec<u8> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fixtures/air").join(name);
    let mut bytes = Vec::new();
    GzDecoder::new(File::open(path).unwrap()).read_to_end(&mut bytes).unwrap();
    bytes
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// The frames of one direction, compared with what is expected and with their own encodings.
fn frames(name: &str) -> Vec<Vec<u8>> {
    let line = unpacked(&format!("spinel-{name}.bin.gz"));
    let expected = String::from_utf8(unpacked(&format!("spinel-{name}.expected.tsv.gz"))).unwrap();
    let mut frames = Vec::new();
    let mut again = Vec::new();
    // A serial line delivers pieces of any size.
    let mut decoder = Decoder::default();
    for piece in line.chunks(7) {
        decoder.feed(piece, |event| match event {
            Event::Frame(frame) => {
                frames.push(frame.to_vec());
                hdlc::encode(frame, &mut again);
            }
            Event::Garbage(garbage) => panic!("{garbage}"),
        });
    }
    assert_eq!(frames.len(), expected.lines().count());
    for (frame, expected) in frames.iter().zip(expected.lines()) {
        let (bytes, radio) = expected.split_once('\t').unwrap();
        assert_eq!(hex(frame), bytes);
        let parsed = Frame::parse(frame).unwrap();
        assert_eq!(parsed.encode(), *frame, "nothing is left over");
        if let Command::Is(Property::STREAM_RAW, value) = parsed.command {
            let heard = ReceivedFrame::decode(value).unwrap();
            assert_eq!(heard.encode(), value, "nothing is left over");
            let (key, counter) = heard.acknowledgment_key.unwrap();
            let fields = [
                hex(heard.psdu),
                heard.rssi.unwrap().dbm().to_string(),
                heard.noise_dbm.unwrap().to_string(),
                heard.flags.to_string(),
                heard.channel.unwrap().to_string(),
                heard.lqi.unwrap().to_string(),
                heard.radio_microseconds.unwrap().to_string(),
                heard.receive_error.unwrap().to_string(),
                key.to_string(),
                counter.to_string(),
            ];
            assert_eq!(fields.join(" "), radio);
        }
    }
    let without_doubled_flags = |bytes: &[u8]| {
        let mut kept = bytes.to_vec();
        kept.dedup_by(|byte, before| *byte == FLAG && *before == FLAG);
        kept
    };
    assert_eq!(
        without_doubled_flags(&again),
        without_doubled_flags(&line),
        "the line is written as it came"
    );
    frames
}

fn commands(frames: &[Vec<u8>]) -> Vec<Command<'_>> {
    frames.iter().map(|frame| Frame::parse(frame).unwrap().command).collect()
}

#[test]
fn a_sniffer_hears_radio_frames() {
    let (asked, heard) = (frames("sniffer.h2r"), frames("sniffer.r2h"));
    assert_eq!(commands(&asked)[1], Command::Set(Property::PHY_ENABLED, &[1]));
    let first = commands(&heard)[0];
    let Command::Is(Property::LAST_STATUS, status) = first else {
        panic!("{first:?}")
    };
    assert!(TransmitResult::decode(status).unwrap().status.is_reset());
    let received = commands(&heard)
        .into_iter()
        .filter(|command| matches!(command, Command::Is(Property::STREAM_RAW, _)));
    assert!(received.count() > 280);
}

#[test]
fn a_host_starts_a_radio_scans_and_sends() {
    let (asked, answered) = (frames("posix-host.h2r"), frames("posix-host.r2h"));
    let mut sent = 0;
    for command in commands(&asked) {
        if let Command::Set(Property::STREAM_RAW, value) = command {
            let frame = TransmitFrame::decode(value).unwrap();
            assert_eq!(frame.encode(), value);
            assert_eq!((frame.max_csma_backoffs, frame.max_frame_retries, frame.power_dbm), (4, 15, None));
            sent += 1;
        }
    }
    let mut results = Vec::new();
    let mut scanned = Vec::new();
    let mut version = String::new();
    for frame in &answered {
        let frame = Frame::parse(frame).unwrap();
        match frame.command {
            Command::Is(Property::LAST_STATUS, value) if frame.header.transaction_id != 0 => results.push(TransmitResult::decode(value).unwrap()),
            Command::Is(Property::MAC_ENERGY_SCAN_RESULT, value) => scanned.push(EnergyScanResult::decode(value).unwrap().channel),
            Command::Is(Property::NCP_VERSION, value) => version = decode_text(value),
            _ => (),
        }
    }
    assert!(version.starts_with("OPENTHREAD/"), "{version}");
    assert_eq!(scanned, (11..=26).collect::<Vec<u8>>());
    assert_eq!(sent, 62);
    // Those that were acknowledged bring the acknowledgment; the radio had put in key and counter where it encrypted.
    let acknowledged = results.iter().filter(|result| {
        let acknowledgment = result.acknowledgment.as_ref();
        acknowledgment.is_some_and(|frame| frame.psdu.len() == 5 && frame.rssi == Rssi::from_dbm(-20))
    });
    assert_eq!(acknowledged.count(), 30);
    assert_eq!(results.iter().filter(|result| result.security.is_some()).count(), 27);
    assert_eq!(results.iter().filter(|result| result.status == Status::NO_ACKNOWLEDGMENT).count(), 15);
}
