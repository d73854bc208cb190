use super::*;
use crate::tmf::vectors::bytes;
use proptest::prelude::*;
use weft_model::{Channel, Rssi};

fn read(file: &[u8]) -> Vec<Result<Packet, String>> {
    match Reader::new(file) {
        Ok(reader) => reader.map(|item| item.map_err(|problem| problem.to_string())).collect(),
        Err(problem) => vec![Err(problem.to_string())],
    }
}

#[test]
fn a_tap_packet_says_channel_and_check_sequence() {
    let mut file = bytes("d4c3b2a1 0200 0400 00000000 00000000 ffff0000 1b010000");
    file.extend(bytes("80ff006b 7b240100 19000000 19000000"));
    file.extend(bytes("0000 1400 0000 0100 01000000 0300 0300 0f000000 1210bd"));
    let mut frame = bytes("1210bd");
    crate::ieee802154::append_fcs(&mut frame);
    file.extend(&frame[3..]);
    let packets = read(&file);
    let packet = packets[0].as_ref().unwrap();
    assert_eq!((packets.len(), packet.number, packet.link_type), (1, 1, 283));
    assert_eq!(packet.timestamp().unwrap().to_string(), "2026-11-21T02:18:40.074Z");
    assert_eq!(packet.nanoseconds, Some(0x6b00_ff80 * 1_000_000_000 + 74_875_000));
    let frame = RadioFrame::of(packet).unwrap();
    assert_eq!(
        (frame.frame, frame.fcs, frame.channel),
        (&bytes("1210bd")[..], Fcs::Correct, Channel::new(15))
    );
    assert_eq!((frame.rssi, frame.lqi), (None, None));
}

#[test]
fn a_file_that_is_cut_off_gives_what_came_before_and_a_problem() {
    let mut file = Vec::new();
    let mut writer = TapWriter::new(&mut file).unwrap();
    let frame = RadioFrame {
        frame: &[1, 2, 3],
        ..RadioFrame::default()
    };
    for second in 0..3 {
        writer.frame(second * 1_000_000_000, &frame).unwrap();
    }
    writer.flush().unwrap();
    let whole = read(&file);
    assert_eq!((whole.len(), whole.iter().filter(|item| item.is_ok()).count()), (3, 3));
    let cut = read(&file[..file.len() - 1]);
    assert_eq!((cut.len(), cut[0].is_ok(), cut[1].is_ok()), (3, true, true));
    assert!(cut[2].as_ref().unwrap_err().ends_with("the file is cut off"), "{cut:?}");
    assert_eq!(read(&[]), [Err("magic number at byte 0: the file is cut off".to_owned())]);
    assert_eq!(
        read(b"{\"json\": true}"),
        [Err("magic number at byte 0: neither pcap nor pcapng".to_owned())]
    );
}

#[test]
fn a_packet_that_is_too_long_is_passed_over() {
    let mut file = bytes("d4c3b2a1 0200 0400 00000000 00000000 ffff0000 e6000000");
    let long = MAX_PACKET_BYTES as u32 + 1;
    file.extend([0; 8]);
    file.extend(long.to_le_bytes());
    file.extend(long.to_le_bytes());
    file.extend(vec![0; long as usize]);
    file.extend(bytes("00000000 00000000 03000000 03000000 1210bd"));
    let packets = read(&file);
    assert!(packets[0].as_ref().unwrap_err().contains("a packet of 65537 bytes"));
    let packet = packets[1].as_ref().unwrap();
    assert_eq!((packet.number, packet.bytes.as_slice()), (2, &[0x12, 0x10, 0xbd][..]));
    // A length that no file has costs time to look for its end, no memory.
    let mut liar = bytes("d4c3b2a1 0200 0400 00000000 00000000 ffff0000 e6000000 00000000 00000000 ffffffff ffffffff");
    liar.extend([0; 100]);
    assert!(read(&liar)[0].as_ref().unwrap_err().ends_with("the file is cut off"));
}

#[test]
fn what_the_capture_cut_is_no_frame() {
    let mut file = bytes("a1b2c3d4 0002 0004 00000000 00000000 00000003 000000c3");
    file.extend(bytes("00000001 00000002 00000003 00000005 1210bd"));
    let packets = read(&file);
    let packet = packets[0].as_ref().unwrap();
    assert_eq!(
        (packet.link_type, packet.nanoseconds, packet.cut_from_bytes),
        (195, Some(1_000_002_000), Some(5))
    );
    assert_eq!(
        RadioFrame::of(packet).unwrap_err().to_string(),
        "packet at byte 3: the capture kept 3 of 5 bytes"
    );
    let other = Packet {
        link_type: 1,
        ..packet.clone()
    };
    assert_eq!(RadioFrame::of(&other).unwrap_err().to_string(), "link type: 1 is not IEEE 802.15.4");
}

/// A block of a pcapng file.
fn block(kind: u32, body: &[u8], big_endian: bool) -> Vec<u8> {
    let number = |number: u32| if big_endian { number.to_be_bytes() } else { number.to_le_bytes() };
    let padded = body.len().next_multiple_of(4);
    let mut block = number(kind).to_vec();
    block.extend(number(padded as u32 + 12));
    block.extend(body);
    block.resize(8 + padded, 0);
    block.extend(number(padded as u32 + 12));
    block
}

#[test]
fn pcapng_has_interfaces_with_clocks_of_their_own() {
    let section = block(0x0a0d_0d0a, &bytes("4d3c2b1a 0100 0000 ffffffffffffffff"), false);
    // 230 with nanoseconds; 195 with 2^-10 s and an offset of 100 s; an unknown block; 195 with snapshot length 3.
    let nanoseconds = block(1, &bytes("e600 0000 00000000 0900 0100 09000000 0000 0000"), false);
    let binary = block(
        1,
        &bytes("c300 0000 03000000 0900 0100 8a000000 0e00 0800 6400000000000000 0000 0000"),
        false,
    );
    let unknown = block(0x0bad, &[7; 33], false);
    let first = block(6, &bytes("00000000 00000000 05000000 03000000 03000000 1210bd"), false);
    let second = block(6, &bytes("01000000 00000000 00060000 03000000 07000000 1210bd00 0000 0000"), false);
    let simple = block(3, &bytes("03000000 1210be"), false);
    let nowhere = block(6, &bytes("09000000 00000000 00000000 00000000 00000000"), false);
    let file = [section, nanoseconds, binary, unknown, first, second, simple, nowhere].concat();
    let packets = read(&file);
    assert_eq!(packets.len(), 4);
    let packet = |index: usize| packets[index].as_ref().unwrap();
    assert_eq!((packet(0).link_type, packet(0).nanoseconds), (230, Some(5)));
    assert_eq!(
        (packet(1).link_type, packet(1).nanoseconds, packet(1).cut_from_bytes),
        (195, Some(101_500_000_000), Some(7))
    );
    assert_eq!(
        (packet(2).link_type, packet(2).nanoseconds, packet(2).bytes.as_slice()),
        (230, None, &[0x12, 0x10, 0xbe][..])
    );
    assert!(packets[3].as_ref().unwrap_err().ends_with("of an interface that is not described"));
}

#[test]
fn pcapng_that_is_cut_off_gives_what_came_before_and_a_problem() {
    let section = block(0x0a0d_0d0a, &bytes("4d3c2b1a 0100 0000 ffffffffffffffff"), false);
    let interface = block(1, &bytes("e600 0000 00000000"), false);
    let packet = block(6, &bytes("00000000 00000000 00000000 03000000 03000000 1210bd"), false);
    let start = section.len() + interface.len();
    let file = [section, interface, packet.clone(), packet.clone(), packet.clone()].concat();
    for length in start..file.len() {
        let (whole, rest) = ((length - start) / packet.len(), (length - start) % packet.len());
        let items = read(&file[..length]);
        assert_eq!(items.iter().filter(|item| item.is_ok()).count(), whole, "{length} bytes");
        let problem = items.get(whole).map(|item| item.as_ref().unwrap_err().as_str());
        assert_eq!(
            problem.is_some_and(|problem| problem.ends_with("the file is cut off")),
            rest > 0,
            "{length} bytes: {problem:?}"
        );
    }
}

#[test]
fn pcapng_sections_may_turn_the_byte_order() {
    let little = block(0x0a0d_0d0a, &bytes("4d3c2b1a 0100 0000 ffffffffffffffff"), false);
    let big = block(0x0a0d_0d0a, &bytes("1a2b3c4d 0001 0000 ffffffffffffffff"), true);
    let big_interface = block(1, &bytes("00e6 0000 00000000"), true);
    let big_packet = block(6, &bytes("00000000 00000000 000f4240 00000003 00000003 1210bd"), true);
    let packets = read(&[little.clone(), big, big_interface, big_packet].concat());
    assert_eq!(packets[0].as_ref().unwrap().nanoseconds, Some(1_000_000_000));
    // Interfaces belong to their section.
    let simple = block(3, &bytes("03000000 1210be"), false);
    assert!(read(&[little.clone(), simple].concat())[0].is_err());
    let mut short = little;
    short.extend(bytes("06000000 0b000000 00000000"));
    assert!(read(&short)[0].as_ref().unwrap_err().ends_with("11 bytes"));
}

/// Gives one byte at a time, and is interrupted in between.
struct Slowly<'a>(&'a [u8], bool);

impl std::io::Read for Slowly<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        self.1 = !self.1;
        match self.0.split_first() {
            _ if self.1 => Err(std::io::ErrorKind::Interrupted.into()),
            Some((byte, rest)) => {
                buffer[0] = *byte;
                self.0 = rest;
                Ok(1)
            }
            None => Ok(0),
        }
    }
}

/// A long file that is made as it is read.
struct Endless {
    record: Vec<u8>,
    left: u64,
    at: usize,
}

impl std::io::Read for Endless {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        let mut length = 0;
        while length < buffer.len() && self.left > 0 {
            let part = &self.record[self.at..];
            let step = part.len().min(buffer.len() - length);
            buffer[length..length + step].copy_from_slice(&part[..step]);
            length += step;
            self.at = (self.at + step) % self.record.len();
            self.left -= u64::from(self.at == 0);
        }
        Ok(length)
    }
}

#[test]
fn a_long_file_streams() {
    let header = bytes("d4c3b2a1 0200 0400 00000000 00000000 ffff0000 e6000000");
    let mut record = bytes("01000000 00000000 00400000 00400000");
    record.extend(vec![0x5a; 0x4000]);
    let records = 8_000;
    let file = std::io::Read::chain(
        &header[..],
        Endless {
            record,
            left: records,
            at: 0,
        },
    );
    let mut reader = Reader::new(file).unwrap();
    assert_eq!(reader.by_ref().filter(Result::is_ok).count() as u64, records);
    assert_eq!(reader.bytes_read(), 24 + records * (16 + 0x4000));
}

proptest! {
    #[test]
    fn what_is_written_is_read(frames in prop::collection::vec((prop::collection::vec(any::<u8>(), 0..127), any::<u32>(), prop::option::of(-128i8..=0), prop::option::of(11u16..=26), any::<(Option<u8>, Option<u64>)>()), 0..8)) {
        let mut writer = TapWriter::new(Vec::new()).unwrap();
        let frames: Vec<_> = frames
            .iter()
            .map(|(bytes, seconds, rssi, channel, (lqi, start_nanoseconds))| {
                let frame = RadioFrame {
                    frame: bytes,
                    fcs: Fcs::Absent,
                    channel: channel.and_then(Channel::new),
                    rssi: rssi.and_then(Rssi::from_dbm),
                    lqi: *lqi,
                    start_nanoseconds: *start_nanoseconds,
                };
                (u64::from(*seconds) * 1_000_000_000 + 7, frame)
            })
            .collect();
        for (nanoseconds, frame) in &frames {
            writer.frame(*nanoseconds, frame).unwrap();
        }
        let file = writer.into_inner();
        let read: Vec<_> = Reader::new(Slowly(&file, false)).unwrap().map(Result::unwrap).collect();
        prop_assert_eq!(read.len(), frames.len());
        for (packet, (nanoseconds, frame)) in read.iter().zip(&frames) {
            prop_assert_eq!(packet.nanoseconds, Some(*nanoseconds));
            prop_assert_eq!(RadioFrame::of(packet), Ok(*frame));
        }
    }

    #[test]
    fn arbitrary_bytes_do_no_harm(kind in 0usize..4, rest in prop::collection::vec(any::<u8>(), 0..400)) {
        let starts = ["", "d4c3b2a1 0200 0400 00000000 00000000 ffff0000 1b010000", "0a0d0d0a 1c000000 4d3c2b1a 0100 0000 ffffffffffffffff 1c000000", "0a0d0d0a"];
        let file = [bytes(starts[kind]), rest].concat();
        for item in read(&file).into_iter().flatten() {
            let _ = RadioFrame::of(&item);
        }
    }
}
