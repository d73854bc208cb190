//! Frames through the listener, from a capture and from a serial line. A full channel carries about 1,300 a second; the aim is to take 4,000 a second in less
//! than a fifth of one core.

#![allow(clippy::disallowed_methods)] // The clock here measures.

use criterion::{BatchSize, Criterion, Throughput, criterion_group, criterion_main};
use flate2::read::GzDecoder;
use std::fs::File;
use std::time::{Duration, Instant};
use weft_model::{Channel, Timestamp};
use weft_tests::fixtures_directory;
use weft_thread::listen::{HeardFrame, Listener, Network, heard_frame};
use weft_thread::rcp::{Event, Listening, Radio};
use weft_wire::hdlc::{self, Decoder};
use weft_wire::ieee802154::FCS_BYTES;
use weft_wire::link_security::NetworkKey;
use weft_wire::pcap::{Packet, Reader};
use weft_wire::spinel::{Command, Frame, Header, Property, ReceivedFrame, Status, encode_packed};

/// The key of the network in the capture.
const KEY: [u8; 16] = [
    0x4c, 0xda, 0xc1, 0xb3, 0x18, 0x94, 0xf5, 0xb6, 0x30, 0x0a, 0x65, 0xcc, 0xd0, 0x81, 0xa3, 0xd4,
];
/// The channel of the capture.
const CHANNEL: u8 = 20;
/// Frames a second that are to be taken in less than [`AIM`] of one core.
const RATE: u32 = 4000;
const AIM: f64 = 0.2;
const PASSES: usize = 5;
/// Bytes that a port gives at once where the line is busy.
const PIECE_BYTES: usize = 512;

fn packets() -> Vec<Packet> {
    let path = fixtures_directory().join("air-networks/mesh20.pcap.gz");
    let Ok(file) = File::open(&path) else {
        panic!("{} is not there", path.display())
    };
    let Ok(reader) = Reader::new(GzDecoder::new(file)) else {
        panic!("{} is no pcap file", path.display())
    };
    reader.filter_map(Result::ok).collect()
}

fn listen(mut listener: Listener, packets: &[Packet]) -> usize {
    let mut captures = Vec::new();
    let mut count = 0;
    for packet in packets {
        if let Ok(heard) = heard_frame(packet, None) {
            listener.hear(&heard, &mut captures);
        }
        count += captures.drain(..).count();
    }
    count
}

/// The frames as a radio puts them on the line, one every 1/[`RATE`] s.
fn line(packets: &[Packet]) -> (Vec<u8>, usize) {
    let mut line = Vec::new();
    let mut frames = 0;
    let each = 1_000_000 / u64::from(RATE);
    for heard in packets.iter().filter_map(|packet| heard_frame(packet, None).ok()) {
        let psdu = [heard.frame, &[0; FCS_BYTES]].concat();
        let received = ReceivedFrame {
            psdu: &psdu,
            noise_dbm: Some(-128),
            channel: Some(CHANNEL),
            lqi: Some(0),
            radio_microseconds: Some(frames as u64 * each),
            receive_error: Some(0),
            acknowledgment_key: Some((0, 0)),
            ..ReceivedFrame::default()
        };
        put(Header::default(), Property::STREAM_RAW, &received.encode(), &mut line);
        frames += 1;
    }
    (line, frames)
}

fn put(header: Header, property: Property, value: &[u8], line: &mut Vec<u8>) {
    let command = Command::Is(property, value);
    hdlc::encode(&Frame { header, command }.encode(), line);
}

/// A radio that listens.
fn radio() -> Radio {
    let Some(channel) = Channel::new(CHANNEL.into()) else { panic!() };
    let mut radio = Radio::new(Listening::Channel(channel));
    let mut decoder = Decoder::default();
    radio.start(Duration::ZERO);
    loop {
        let mut answers = Vec::new();
        decoder.feed(&radio.take_output(), |event| {
            let hdlc::Event::Frame(bytes) = event else { return };
            match Frame::parse(bytes) {
                Ok(Frame {
                    command: Command::Reset(_), ..
                }) => put(
                    Header::default(),
                    Property::LAST_STATUS,
                    &encode_packed(Status::RESET_SOFTWARE.0),
                    &mut answers,
                ),
                Ok(Frame {
                    header,
                    command: Command::Get(property),
                }) => put(
                    header,
                    property,
                    if property == Property::PROTOCOL_VERSION { &[4, 3] } else { &[] },
                    &mut answers,
                ),
                Ok(Frame {
                    header,
                    command: Command::Set(property, value),
                }) => put(header, property, value, &mut answers),
                _ => {}
            }
        });
        if answers.is_empty() {
            break;
        }
        radio.receive(Duration::ZERO, &answers);
    }
    assert_eq!(std::iter::from_fn(|| radio.next_event()).last(), Some(Event::Listening(channel)));
    radio
}

/// Bytes of a line to summaries, as the dongle's thread does it.
fn hear(mut radio: Radio, mut listener: Listener, line: &[u8]) -> (usize, usize) {
    let mut captures = Vec::new();
    let (mut frames, mut count) = (0, 0);
    for piece in line.chunks(PIECE_BYTES) {
        radio.receive(Duration::ZERO, piece);
        while let Some(event) = radio.next_event() {
            let Event::Frame(frame) = event else { continue };
            let microseconds = frame.microseconds.unwrap_or_default();
            let heard = HeardFrame {
                at: Timestamp::from_unix_milliseconds(i64::try_from(microseconds / 1000).unwrap_or_default()),
                microseconds,
                channel: frame.channel.get().into(),
                rssi_dbm: frame.rssi_dbm,
                lqi: frame.lqi,
                frame: &frame.psdu,
            };
            listener.hear(&heard, &mut captures);
            frames += 1;
            count += captures.drain(..).count();
        }
    }
    (frames, count)
}

fn with_key() -> Listener {
    Listener::default().with_network(Network::from_key(NetworkKey::new(KEY)))
}

fn by_key(criterion: &mut Criterion) {
    let packets = packets();
    let mut group = criterion.benchmark_group("frames");
    group.throughput(Throughput::Elements(packets.len() as u64));
    group.sample_size(20);
    group.bench_function("without a key", |bencher| {
        bencher.iter_batched(Listener::default, |listener| listen(listener, &packets), BatchSize::PerIteration);
    });
    group.bench_function("with the key", |bencher| {
        bencher.iter_batched(with_key, |listener| listen(listener, &packets), BatchSize::PerIteration);
    });
    let (line, frames) = line(&packets);
    group.throughput(Throughput::Elements(frames as u64));
    for (name, listener) in LISTENERS {
        group.bench_function(format!("from the line, {name}"), |bencher| {
            let made = || (radio(), listener());
            bencher.iter_batched(made, |(radio, listener)| hear(radio, listener, &line), BatchSize::PerIteration);
        });
    }
    group.finish();
    share_of_a_core(&line, frames);
}

/// What it is called, and how it is made.
type NamedListener = (&'static str, fn() -> Listener);

const LISTENERS: [NamedListener; 2] = [("without a key", Listener::default), ("with the key", with_key)];

/// How much of one core [`RATE`] frames a second take, from the serial line's bytes to summaries.
fn share_of_a_core(line: &[u8], frames: usize) {
    for (name, listener) in LISTENERS {
        // The best of a few: other programs run too.
        let mut each = f64::INFINITY;
        let mut captures = 0;
        for _ in 0..PASSES {
            let (radio, listener) = (radio(), listener());
            let began = Instant::now();
            let (heard, summaries) = hear(radio, listener, line);
            each = each.min(began.elapsed().as_secs_f64() / heard as f64);
            assert_eq!(heard, frames);
            captures = summaries;
        }
        let share = each * f64::from(RATE);
        println!(
            "from the line, {name}: {RATE} frames a second take {:.1} % of one core ({:.1} us each, {frames} frames, {captures} captures)",
            share * 100.0,
            each * 1e6
        );
        assert!(share < AIM, "the aim is less than {:.0} %", AIM * 100.0);
    }
}

criterion_group!(benches, by_key);
criterion_main!(benches);
