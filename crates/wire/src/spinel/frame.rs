//! Spinel frames: header, command, property.

use super::Property;
use super::value::{read_packed, write_packed};
use crate::{Problem, Reader};

/// Bits 7..6 of every header.
const MARK: u8 = 0x80;
const MARK_MASK: u8 = 0xc0;

/// Interface ids go from 0 to 3.
pub const MAX_INTERFACE_ID: u8 = 3;
/// Transaction ids go from 1 to 15; 0 is for what nobody asked for.
pub const MAX_TRANSACTION_ID: u8 = 15;

const NOOP: u32 = 0;
const RESET: u32 = 1;
const GET: u32 = 2;
const SET: u32 = 3;
const INSERT: u32 = 4;
const REMOVE: u32 = 5;
const IS: u32 = 6;
const INSERTED: u32 = 7;
const REMOVED: u32 = 8;

/// The first byte.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Header {
    /// Which of several hosts' interfaces; 0 where there is one.
    pub interface_id: u8,
    /// Which question it belongs to; 0: none.
    pub transaction_id: u8,
}

impl Header {
    /// A header; ids are cut to their bits.
    pub const fn new(interface_id: u8, transaction_id: u8) -> Self {
        Self {
            interface_id: interface_id & MAX_INTERFACE_ID,
            transaction_id: transaction_id & MAX_TRANSACTION_ID,
        }
    }

    /// The byte.
    pub const fn byte(self) -> u8 {
        MARK | (self.interface_id & MAX_INTERFACE_ID) << 4 | self.transaction_id & MAX_TRANSACTION_ID
    }

    /// `None` for a byte that does not begin a Spinel frame.
    pub const fn from_byte(byte: u8) -> Option<Self> {
        if byte & MARK_MASK == MARK {
            Some(Self::new(byte >> 4, byte))
        } else {
            None
        }
    }
}

/// What is reset.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Reset {
    /// The whole chip: a USB port goes away and comes again.
    Platform,
    /// The stack: the port stays.
    Stack,
    /// The boot loader is started.
    Bootloader,
    /// The chip decides: firmware that knows no kinds.
    Unspecified,
    /// Another number.
    Other(u8),
}

/// What a frame wants or says. The values of properties are bytes, for the `decode` functions of this module and [`super::ReceivedFrame`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Command<'a> {
    /// Nothing.
    Noop,
    /// Reset.
    Reset(Reset),
    /// Asks for a property.
    Get(Property),
    /// Asks for a property with bytes behind it, which say nothing: OpenThread leaves room for the answer when it asks for RCP_TIMESTAMP.
    GetWith(Property, &'a [u8]),
    /// Sets a property.
    Set(Property, &'a [u8]),
    /// Adds to a property that is a list.
    Insert(Property, &'a [u8]),
    /// Removes from a property that is a list.
    Remove(Property, &'a [u8]),
    /// A property's value.
    Is(Property, &'a [u8]),
    /// Was added.
    Inserted(Property, &'a [u8]),
    /// Was removed.
    Removed(Property, &'a [u8]),
    /// Another command with what follows it.
    Other(u32, &'a [u8]),
}

/// A Spinel frame, as HDLC delivers it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Frame<'a> {
    /// Header.
    pub header: Header,
    /// Command.
    pub command: Command<'a>,
}

impl<'a> Frame<'a> {
    /// Reads a frame.
    ///
    /// # Errors
    /// If it does not begin like one, or command or property are cut off.
    pub fn parse(bytes: &'a [u8]) -> Result<Self, Problem> {
        let mut reader = Reader::new(bytes);
        let first = reader.u8("header")?;
        let header = Header::from_byte(first).ok_or_else(|| Problem::at("header", 0, format!("{first:#04x} begins no Spinel frame")))?;
        let number = read_packed(&mut reader, "command")?;
        let command = match number {
            NOOP => Command::Noop,
            RESET => Command::Reset(match reader.rest().first() {
                None => Reset::Unspecified,
                Some(1) => Reset::Platform,
                Some(2) => Reset::Stack,
                Some(3) => Reset::Bootloader,
                Some(other) => Reset::Other(*other),
            }),
            GET..=REMOVED => {
                let property = Property(read_packed(&mut reader, "property")?);
                let value = reader.rest();
                match number {
                    GET if value.is_empty() => Command::Get(property),
                    GET => Command::GetWith(property, value),
                    SET => Command::Set(property, value),
                    INSERT => Command::Insert(property, value),
                    REMOVE => Command::Remove(property, value),
                    IS => Command::Is(property, value),
                    INSERTED => Command::Inserted(property, value),
                    _ => Command::Removed(property, value),
                }
            }
            other => Command::Other(other, reader.rest()),
        };
        Ok(Self { header, command })
    }

    /// The frame's bytes, without HDLC.
    pub fn encode(&self) -> Vec<u8> {
        let mut bytes = vec![self.header.byte()];
        let mut put = |number: u32, property: Option<Property>, value: &[u8]| {
            write_packed(&mut bytes, number);
            if let Some(property) = property {
                write_packed(&mut bytes, property.0);
            }
            bytes.extend_from_slice(value);
        };
        match self.command {
            Command::Noop => put(NOOP, None, &[]),
            Command::Reset(reset) => match reset {
                Reset::Unspecified => put(RESET, None, &[]),
                Reset::Platform => put(RESET, None, &[1]),
                Reset::Stack => put(RESET, None, &[2]),
                Reset::Bootloader => put(RESET, None, &[3]),
                Reset::Other(number) => put(RESET, None, &[number]),
            },
            Command::Get(property) => put(GET, Some(property), &[]),
            Command::GetWith(property, value) => put(GET, Some(property), value),
            Command::Set(property, value) => put(SET, Some(property), value),
            Command::Insert(property, value) => put(INSERT, Some(property), value),
            Command::Remove(property, value) => put(REMOVE, Some(property), value),
            Command::Is(property, value) => put(IS, Some(property), value),
            Command::Inserted(property, value) => put(INSERTED, Some(property), value),
            Command::Removed(property, value) => put(REMOVED, Some(property), value),
            Command::Other(number, rest) => put(number, None, rest),
        }
        bytes
    }
}
