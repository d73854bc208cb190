//! DNS messages as they travel in multicast DNS packets (RFC 1035, section 4; RFC 6762, section 18).

use super::Name;
use crate::{Problem, Reader};
use std::net::{Ipv4Addr, Ipv6Addr};

/// The longest message that is read, in bytes (RFC 6762, section 17).
pub const MAX_MESSAGE_BYTES: usize = 9000;
/// Questions and records of one message that are read.
pub const MAX_RECORDS: usize = 512;
/// The class `IN`.
pub const CLASS_INTERNET: u16 = 1;

/// The top bit of a class: "flush the cache" in records, "answer by unicast, please" in questions.
const CLASS_TOP_BIT: u16 = 0x8000;
const FLAG_RESPONSE: u16 = 0x8000;
const TYPE_A: u16 = 1;
const TYPE_PTR: u16 = 12;
const TYPE_TXT: u16 = 16;
const TYPE_AAAA: u16 = 28;
const TYPE_SRV: u16 = 33;

/// One DNS message.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Message {
    /// Zero in multicast DNS.
    pub id: u16,
    /// All flags, as they came.
    pub flags: u16,
    /// The question section.
    pub questions: Vec<Question>,
    /// The records of the other sections, in their order.
    pub records: Vec<Record>,
    /// Records that could not be read, and what is missing at the end.
    pub problems: Vec<Problem>,
}

impl Message {
    /// True for an answer or announcement. A question may carry records too (known answers, proposed records):
    /// they are what the asker believes, not announcements.
    pub fn is_response(&self) -> bool {
        self.flags & FLAG_RESPONSE != 0
    }
}

/// One question.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Question {
    /// The name asked for.
    pub name: Name,
    /// The record type asked for; 255 for any.
    pub record_type: u16,
    /// The class without its top bit.
    pub class: u16,
    /// The asker would like a unicast answer.
    pub unicast: bool,
}

/// The section of a message that a record stands in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Section {
    /// Answers.
    Answer,
    /// Authority; in probes the records that the sender is about to claim.
    Authority,
    /// Additional records.
    Additional,
}

/// One resource record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Record {
    /// Where it stood.
    pub section: Section,
    /// The owner.
    pub name: Name,
    /// The class without its top bit.
    pub class: u16,
    /// Older records of this name, type and class are void.
    pub cache_flush: bool,
    /// How long the record holds; 0 says goodbye.
    pub ttl_seconds: u32,
    /// What it says.
    pub data: RecordData,
}

/// The data of a record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RecordData {
    /// An IPv4 address.
    A(Ipv4Addr),
    /// An IPv6 address.
    Aaaa(Ipv6Addr),
    /// A pointer: of a service type to an instance.
    Ptr(Name),
    /// The host and port of an instance.
    Srv {
        /// Lower is tried first.
        priority: u16,
        /// Share among equal priorities.
        weight: u16,
        /// The port.
        port: u16,
        /// The host.
        target: Name,
    },
    /// The strings of a TXT record.
    Txt(Vec<Vec<u8>>),
    /// A record of another type.
    Other {
        /// The type.
        record_type: u16,
        /// Its data; names in it may be compressed and mean nothing without the message.
        bytes: Vec<u8>,
    },
}

/// Reads a message. A record whose data is broken is left out and named in [`Message::problems`]; what follows is read. Where
/// the message ends early, or a record's own header is broken, everything before that is kept.
///
/// # Errors
/// If the message is longer than [`MAX_MESSAGE_BYTES`], or its header or questions cannot be read.
pub fn parse(message: &[u8]) -> Result<Message, Problem> {
    if message.len() > MAX_MESSAGE_BYTES {
        return Err(Problem::at(
            "message",
            MAX_MESSAGE_BYTES,
            format!("{} bytes, at most {MAX_MESSAGE_BYTES} are read", message.len()),
        ));
    }
    let mut header = Reader::new(message);
    let id = header.u16("id")?;
    let flags = header.u16("flags")?;
    let questions = usize::from(header.u16("question count")?);
    let sections = [
        (Section::Answer, header.u16("answer count")?),
        (Section::Authority, header.u16("authority count")?),
        (Section::Additional, header.u16("additional count")?),
    ];
    let mut parsed = Message {
        id,
        flags,
        ..Message::default()
    };
    let mut position = header.position();
    if questions > MAX_RECORDS {
        return Err(Problem::at(
            "question count",
            4,
            format!("{questions} questions, at most {MAX_RECORDS} are read"),
        ));
    }
    for _ in 0..questions {
        let (question, end) = question(message, position)?;
        parsed.questions.push(question);
        position = end;
    }
    let mut read = questions;
    for (section, count) in sections {
        for index in 0..count {
            if read == MAX_RECORDS {
                parsed
                    .problems
                    .push(Problem::at("records", position, format!("more than {MAX_RECORDS}; the rest is not read")));
                return Ok(parsed);
            }
            read += 1;
            match record(message, position, section) {
                Ok((record, end)) => {
                    position = end;
                    match record {
                        Ok(record) => parsed.records.push(record),
                        Err(problem) => parsed.problems.push(problem.within(&place(section, index), 0)),
                    }
                }
                Err(problem) => {
                    parsed.problems.push(problem.within(&place(section, index), 0));
                    return Ok(parsed);
                }
            }
        }
    }
    if position < message.len() {
        parsed
            .problems
            .push(Problem::at("message", position, format!("{} bytes too many", message.len() - position)));
    }
    Ok(parsed)
}

fn place(section: Section, index: u16) -> String {
    let section = match section {
        Section::Answer => "answer",
        Section::Authority => "authority",
        Section::Additional => "additional",
    };
    format!("{section} {}", u32::from(index) + 1)
}

fn question(message: &[u8], start: usize) -> Result<(Question, usize), Problem> {
    let (name, position) = Name::read(message, start)?;
    let mut reader = Reader::new(message);
    reader.take("question", position)?;
    let record_type = reader.u16("question type")?;
    let class = reader.u16("question class")?;
    let question = Question {
        name,
        record_type,
        class: class & !CLASS_TOP_BIT,
        unicast: class & CLASS_TOP_BIT != 0,
    };
    Ok((question, reader.position()))
}

/// The record at `start` and the position after it: the outer error means that this position is not known.
fn record(message: &[u8], start: usize, section: Section) -> Result<(Result<Record, Problem>, usize), Problem> {
    let (name, position) = Name::read(message, start)?;
    let mut reader = Reader::new(message);
    reader.take("record", position)?;
    let record_type = reader.u16("type")?;
    let class = reader.u16("class")?;
    let ttl_seconds = reader.u32("time to live")?;
    let length = usize::from(reader.u16("data length")?);
    let data_start = reader.position();
    reader.take("data", length)?;
    let end = reader.position();
    let record = data(&message[..end], data_start, record_type).map(|data| Record {
        section,
        name,
        class: class & !CLASS_TOP_BIT,
        cache_flush: class & CLASS_TOP_BIT != 0,
        ttl_seconds,
        data,
    });
    Ok((record, end))
}

/// The data from `start` to the end of `message`, which is cut behind it; names in it may point back into the message.
fn data(message: &[u8], start: usize, record_type: u16) -> Result<RecordData, Problem> {
    let mut reader = Reader::new(message);
    reader.take("data", start)?;
    let name = |field: &'static str, from: usize| match Name::read(message, from)? {
        (name, end) if end == message.len() => Ok(name),
        (_, end) => Err(Problem::at(field, end, format!("{} bytes too many", message.len() - end))),
    };
    let data = match record_type {
        TYPE_A => RecordData::A(Ipv4Addr::from(reader.array::<4>("address")?)),
        TYPE_AAAA => RecordData::Aaaa(Ipv6Addr::from(reader.array::<16>("address")?)),
        TYPE_PTR => return Ok(RecordData::Ptr(name("target", start)?)),
        TYPE_SRV => {
            let (priority, weight, port) = (reader.u16("priority")?, reader.u16("weight")?, reader.u16("port")?);
            return Ok(RecordData::Srv {
                priority,
                weight,
                port,
                target: name("target", reader.position())?,
            });
        }
        TYPE_TXT => {
            let mut strings = Vec::new();
            while !reader.is_empty() {
                let length = usize::from(reader.u8("string length")?);
                strings.push(reader.take("string", length)?.to_vec());
            }
            RecordData::Txt(strings)
        }
        _ => RecordData::Other {
            record_type,
            bytes: reader.rest().to_vec(),
        },
    };
    reader.finish("data")?;
    Ok(data)
}

/// Writes a message without name compression; [`parse`] is its inverse. Problems are not written.
pub fn write(message: &Message) -> Vec<u8> {
    let mut out = Vec::new();
    out.extend(message.id.to_be_bytes());
    out.extend(message.flags.to_be_bytes());
    out.extend(count(message.questions.len()));
    let sections = [Section::Answer, Section::Authority, Section::Additional];
    for section in sections {
        out.extend(count(message.records.iter().filter(|record| record.section == section).count()));
    }
    for question in &message.questions {
        question.name.write(&mut out);
        out.extend(question.record_type.to_be_bytes());
        out.extend(with_top_bit(question.class, question.unicast));
    }
    for section in sections {
        for record in message.records.iter().filter(|record| record.section == section) {
            write_record(record, &mut out);
        }
    }
    out
}

fn write_record(record: &Record, out: &mut Vec<u8>) {
    let mut bytes = Vec::new();
    let record_type = match &record.data {
        RecordData::A(address) => {
            bytes.extend(address.octets());
            TYPE_A
        }
        RecordData::Aaaa(address) => {
            bytes.extend(address.octets());
            TYPE_AAAA
        }
        RecordData::Ptr(target) => {
            target.write(&mut bytes);
            TYPE_PTR
        }
        RecordData::Srv {
            priority,
            weight,
            port,
            target,
        } => {
            bytes.extend([priority, weight, port].iter().flat_map(|number| number.to_be_bytes()));
            target.write(&mut bytes);
            TYPE_SRV
        }
        RecordData::Txt(strings) => {
            for string in strings {
                let string = &string[..string.len().min(usize::from(u8::MAX))];
                bytes.push(string.len() as u8);
                bytes.extend(string);
            }
            TYPE_TXT
        }
        RecordData::Other { record_type, bytes: other } => {
            bytes.extend(other);
            *record_type
        }
    };
    bytes.truncate(usize::from(u16::MAX));
    record.name.write(out);
    out.extend(record_type.to_be_bytes());
    out.extend(with_top_bit(record.class, record.cache_flush));
    out.extend(record.ttl_seconds.to_be_bytes());
    out.extend(count(bytes.len()));
    out.extend(bytes);
}

fn with_top_bit(class: u16, set: bool) -> [u8; 2] {
    (class & !CLASS_TOP_BIT | if set { CLASS_TOP_BIT } else { 0 }).to_be_bytes()
}

fn count(number: usize) -> [u8; 2] {
    u16::try_from(number).unwrap_or(u16::MAX).to_be_bytes()
}

#[cfg(test)]
#[path = "packet_tests.rs"]
mod tests;
