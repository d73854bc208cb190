use super::*;
use crate::tmf::vectors::bytes;
use proptest::prelude::*;

/// Frames and garbage of a line.
fn decoded(decoder: &mut Decoder, line: &[u8]) -> (Vec<Vec<u8>>, Vec<Garbage>) {
    let (mut frames, mut garbage) = (Vec::new(), Vec::new());
    decoder.feed(line, |event| match event {
        Event::Frame(frame) => frames.push(frame.to_vec()),
        Event::Garbage(what) => garbage.push(what),
    });
    (frames, garbage)
}

#[test]
fn recorded_frames_with_escapes_come_out_and_go_in() {
    for (line, frame) in [
        // Supported channels: 0x11 and 0x13 are escaped.
        (
            "7e8506220b0c0d0e0f107d31127d331415161718191a65067e",
            "8506220b0c0d0e0f101112131415161718191a",
        ),
        // The check sequence ends with 0x7e.
        ("7e86062001497d5e7e", "86062001"),
        (
            "7e8903710a00030800ffffffff0700007d31040f0100000000000000000000007d317fbd7d5e7e",
            "8903710a00030800ffffffff070000110 40f01000000000000000000000011 7f",
        ),
    ] {
        let (line, frame) = (bytes(line), bytes(frame));
        assert_eq!(decoded(&mut Decoder::default(), &line), (vec![frame.clone()], Vec::new()));
        let mut again = Vec::new();
        encode(&frame, &mut again);
        assert_eq!(again, line);
    }
}

#[test]
fn the_decoder_finds_its_way_back() {
    let mut decoder = Decoder::new(16);
    let mut line = b"boot loader 1.2\r\n".to_vec();
    encode(&[0x80, 1], &mut line);
    line.extend([FLAG, FLAG, 1, 2, FLAG]);
    line.extend([3; 40]);
    encode(&[0x81, 2], &mut line);
    line.extend([FLAG, 9, 9, 0x7d, FLAG]);
    encode(&[0x82, 3], &mut line);
    let last = line.len() - 2;
    line[last] ^= 1;
    encode(&[0x83, 4], &mut line);
    let (frames, garbage) = decoded(&mut decoder, &line);
    assert_eq!(frames, [vec![0x80, 1], vec![0x81, 2], vec![0x83, 4]]);
    let expected = [
        Garbage::WrongCheck(17),
        Garbage::TooShort(2),
        Garbage::TooLong(16),
        Garbage::Aborted,
        Garbage::WrongCheck(4),
    ];
    assert_eq!(garbage, expected);
    assert_eq!(Garbage::TooLong(16).to_string(), "no flag within 16 bytes");
}

#[test]
fn a_line_that_was_opened_anew_begins_anew() {
    let mut decoder = Decoder::default();
    assert_eq!(decoder.push(0x80), None);
    decoder.reset();
    let mut line = Vec::new();
    encode(&[0x81, 2], &mut line);
    assert_eq!(decoded(&mut decoder, &line), (vec![vec![0x81, 2]], Vec::new()));
}

proptest! {
    #[test]
    fn what_is_encoded_is_decoded(frames in prop::collection::vec(prop::collection::vec(any::<u8>(), 1..300), 0..6)) {
        let mut line = Vec::new();
        for frame in &frames {
            encode(frame, &mut line);
        }
        prop_assert_eq!(decoded(&mut Decoder::default(), &line), (frames, Vec::new()));
    }

    #[test]
    fn after_any_noise_the_next_frames_come_out(noise in prop::collection::vec(any::<u8>(), 0..5000), frame in prop::collection::vec(any::<u8>(), 1..50)) {
        let mut decoder = Decoder::new(100);
        let (frames, _) = decoded(&mut decoder, &noise);
        prop_assert!(frames.iter().all(|frame| frame.len() <= 100));
        let mut line = Vec::new();
        encode(&frame, &mut line);
        let (frames, _) = decoded(&mut decoder, &line);
        prop_assert_eq!(frames.last(), Some(&frame));
    }
}
