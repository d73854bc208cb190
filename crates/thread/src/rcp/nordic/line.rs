//! Lines of text that the sniffer's firmware prints.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use weft_model::Rssi;
use weft_wire::ieee802154::{FCS_BYTES, MAX_PSDU_BYTES};

/// The longest line: a frame of 127 bytes in hexadecimal digits, and what is told of it. What is longer is none of the firmware's.
const MAX_LINE_BYTES: usize = 512;
/// Words of complaint, of this firmware's shell and of other command lines.
const COMPLAINTS: [&str; 4] = ["error", "not found", "invalid", "unknown"];

/// A frame that a line tells of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct TextFrame {
    /// Without its check sequence.
    pub(super) psdu: Vec<u8>,
    pub(super) rssi_dbm: Option<i8>,
    pub(super) lqi: Option<u8>,
    pub(super) microseconds: Option<u64>,
}

/// What a line says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Line {
    /// Nothing.
    Empty,
    /// A frame.
    Frame(TextFrame),
    /// A number alone: the channel that was asked for.
    Number(u16),
    /// The firmware repeats what it was told: one of its commands.
    Echo(String),
    /// It did not understand what it was told. OpenThread's command line says `InvalidCommand`.
    Complaint {
        /// That it is OpenThread's command line.
        is_openthread: bool,
    },
    /// Something else, or a frame that was changed on its way.
    Other,
}

impl Line {
    /// Reads a line. Frames are told in two ways: `received: DIGITS power: DBM lqi: N time: MICROSECONDS`, with the check sequence, and, by firmware of 2026 and
    /// later, `r BASE64 DBM N MICROSECONDS`, without it. Before both may stand what was being typed.
    pub(super) fn read(line: &[u8]) -> Self {
        let text = without_escapes(line);
        let text = text.trim();
        if text.is_empty() {
            return Self::Empty;
        }
        if let Some(frame) = hexadecimal_frame(text).or_else(|| base64_frame(text)) {
            return Self::Frame(frame);
        }
        if let Ok(number) = text.parse() {
            return Self::Number(number);
        }
        let lower = text.to_ascii_lowercase();
        if COMPLAINTS.iter().any(|complaint| lower.contains(complaint)) {
            let is_openthread = text.contains("InvalidCommand");
            return Self::Complaint { is_openthread };
        }
        let command = ["sleep", "receive", "channel"]
            .into_iter()
            .find_map(|command| text.rfind(command).and_then(|at| text.get(at..)));
        match command {
            Some(command) if is_command(command) => Self::Echo(command.to_owned()),
            _ => Self::Other,
        }
    }
}

fn is_command(text: &str) -> bool {
    let channel = || text.strip_prefix("channel ").is_some_and(|number| number.parse::<u16>().is_ok());
    matches!(text, "sleep" | "receive" | "channel") || channel()
}

/// The text of a line without the sequences by which a shell moves the cursor (`ESC [ … letter`).
fn without_escapes(line: &[u8]) -> String {
    const ESCAPE: char = '\u{1b}';
    let mut text = String::with_capacity(line.len());
    let lossy = String::from_utf8_lossy(line);
    let mut letters = lossy.chars().peekable();
    while let Some(letter) = letters.next() {
        if letter == ESCAPE && letters.next_if_eq(&'[').is_some() {
            // Up to its last letter, or the end.
            for letter in letters.by_ref() {
                if letter.is_ascii_alphabetic() {
                    break;
                }
            }
        } else if !letter.is_control() {
            text.push(letter);
        }
    }
    text
}

fn hexadecimal_frame(text: &str) -> Option<TextFrame> {
    let mut words = text.split_whitespace();
    words.find(|word| word.ends_with("received:"))?;
    let digits = words.next()?;
    let mut told = |name: &str| (words.next()? == name).then(|| words.next()).flatten();
    let (power, lqi, time) = (told("power:")?, told("lqi:")?, told("time:")?);
    let mut psdu = bytes_of(digits)?;
    // A radio puts what it likes in its place.
    psdu.truncate(psdu.len().checked_sub(FCS_BYTES)?);
    frame(psdu, power, lqi, time)
}

fn base64_frame(text: &str) -> Option<TextFrame> {
    let mut words = text.split_whitespace().rev();
    let (time, lqi, power, data) = (words.next()?, words.next()?, words.next()?, words.next()?);
    words.next().filter(|mark| mark.ends_with('r'))?;
    frame(STANDARD.decode(data).ok()?, power, lqi, time)
}

fn frame(psdu: Vec<u8>, power: &str, lqi: &str, time: &str) -> Option<TextFrame> {
    let power: i8 = power.parse().ok()?;
    let time: i64 = time.parse().ok()?;
    (!psdu.is_empty() && psdu.len() + FCS_BYTES <= MAX_PSDU_BYTES).then(|| TextFrame {
        psdu,
        rssi_dbm: Rssi::from_dbm(power).map(Rssi::dbm),
        lqi: lqi.parse().ok(),
        // Old firmware prints a clock of 32 bits with its sign.
        microseconds: Some(u64::try_from(time).unwrap_or(time as u64 & 0xffff_ffff)),
    })
}

fn bytes_of(digits: &str) -> Option<Vec<u8>> {
    let nibble = |digit: u8| char::from(digit).to_digit(16);
    let digits = digits.as_bytes();
    if !digits.len().is_multiple_of(2) {
        return None;
    }
    digits
        .chunks_exact(2)
        .map(|pair| Some((nibble(*pair.first()?)? << 4 | nibble(*pair.last()?)?) as u8))
        .collect()
}

/// Finds lines in what comes, piece by piece. Never keeps more than one.
#[derive(Debug, Clone, Default)]
pub(super) struct Lines {
    line: Vec<u8>,
    is_skipping: bool,
}

impl Lines {
    /// Takes one byte. Gives the line that it ends.
    pub(super) fn push(&mut self, byte: u8) -> Option<Line> {
        if byte == b'\n' || byte == b'\r' {
            let was_skipping = std::mem::take(&mut self.is_skipping);
            let line = std::mem::take(&mut self.line);
            return Some(if was_skipping { Line::Other } else { Line::read(&line) });
        }
        if self.line.len() >= MAX_LINE_BYTES {
            self.is_skipping = true;
        } else {
            self.line.push(byte);
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// From the firmware's documentation.
    const DOCUMENTED: &[u8] = b"r SahdQaX///QRDxAnAAA2l1bmVhnQlCigSzAZUYIdsjRGCqXsT/UGYx74rbImdGg= -39 220 15822687";

    fn psdu(line: &[u8]) -> Option<Vec<u8>> {
        match Line::read(line) {
            Line::Frame(frame) => Some(frame.psdu),
            _ => None,
        }
    }

    #[test]
    fn both_forms_of_a_frame_are_read() {
        let frame = TextFrame {
            psdu: vec![0x03, 0x08, 0x2a, 0xff, 0xff, 0xff, 0xff, 0x07],
            rssi_dbm: Some(-39),
            lqi: Some(220),
            microseconds: Some(15_822_687),
        };
        let long = b"received: 03082affffffff07abcd power: -39 lqi: 220 time: 15822687";
        assert_eq!(Line::read(long), Line::Frame(frame.clone()));
        assert_eq!(Line::read(b"r Awgq/////wc= -39 220 15822687"), Line::Frame(frame));
        let documented = psdu(DOCUMENTED).unwrap();
        assert_eq!((documented.len(), &documented[..3]), (47, &[0x49, 0xa8, 0x5d][..]));
    }

    #[test]
    fn what_was_being_typed_and_what_moves_the_cursor_is_left_out() {
        let long = b"chan\x1b[4D\x1b[Jreceived: 03082affffffff07abcd power: -39 lqi: 220 time: 15822687\r";
        assert_eq!(psdu(long).unwrap().len(), 8);
        let short = [b"chan\x1b[4D\x1b[J", DOCUMENTED].concat();
        assert_eq!(psdu(&short).unwrap().len(), 47);
        assert_eq!(Line::read(b"\x1b[J> channel 20 "), Line::Echo("channel 20".to_owned()));
        assert_eq!(Line::read(b"\x1b["), Line::Empty);
    }

    #[test]
    fn odd_clocks_and_strengths() {
        let Line::Frame(frame) = Line::read(b"received: 0102030405 power: 5 lqi: 300 time: -1") else {
            panic!()
        };
        assert_eq!((frame.rssi_dbm, frame.lqi, frame.microseconds), (None, None, Some(0xffff_ffff)));
    }

    #[test]
    fn half_and_changed_lines_are_no_frames() {
        let whole: &[u8] = b"received: 03082affffffff07abcd power: -39 lqi: 220 time: 15822687";
        for length in 0..whole.len() {
            // Where the last number alone is cut, nothing shows it.
            assert_eq!(psdu(&whole[..length]).is_some(), length > whole.len() - 8, "{length}");
        }
        for line in [
            &b"received: 03082 power: -39 lqi: 220 time: 1"[..],
            b"received: 0308xx power: -39 lqi: 220 time: 1",
            b"received: 0102 power: -39 lqi: 220 time: 1",
            b"received: 03082affff power: -390 lqi: 220 time: 1",
            b"received: 03082affff lqi: 220 power: -39 time: 1",
            b"r ==== -39 220 1",
            b"AwgqAwgq -39 220 1",
        ] {
            assert_eq!(psdu(line), None, "{}", String::from_utf8_lossy(line));
        }
        let long = [b"received: ".as_slice(), &b"ab".repeat(128), b" power: -39 lqi: 220 time: 1"].concat();
        assert_eq!(psdu(&long), None);
    }

    #[test]
    fn other_lines_are_told_apart() {
        assert_eq!(Line::read(b"20"), Line::Number(20));
        assert_eq!(Line::read(b"sleep: command not found"), Line::Complaint { is_openthread: false });
        assert_eq!(Line::read(b"> Error 35: InvalidCommand"), Line::Complaint { is_openthread: true });
        assert_eq!(Line::read(b"invalid channel: 9 (use 11 to 26)"), Line::Complaint { is_openthread: false });
        assert_eq!(Line::read(b"\xff\xfe\x80"), Line::Other);
        assert_eq!(Line::read(b"received: 0308"), Line::Other);
        assert_eq!(Line::read(b"channel x"), Line::Other);
    }

    #[test]
    fn a_line_without_end_is_not_kept() {
        let mut lines = Lines::default();
        assert!((0..100_000).all(|_| lines.push(b'x').is_none()));
        assert!(lines.line.len() <= MAX_LINE_BYTES);
        assert_eq!(lines.push(b'\n'), Some(Line::Other));
        let read: Vec<Line> = DOCUMENTED.iter().chain(b"\r\n").filter_map(|byte| lines.push(*byte)).collect();
        assert!(matches!(read[..], [Line::Frame(_), Line::Empty]));
    }
}
