//! Radio frames between host and radio (OpenThread `NcpBase::PackRadioFrame`, `NcpBase::DecodeStreamRawTxRequest`, `RadioSpinel`).

use super::Status;
use super::value::{read_packed, write_packed};
use crate::{Problem, Reader};
use weft_model::Rssi;

/// Bits of [`ReceivedFrame::flags`].
#[allow(missing_docs)] // the names say it
pub mod receive_flag {
    pub const TRANSMITTED: u16 = 0x0001;
    pub const BAD_FCS: u16 = 0x0004;
    pub const DUPLICATE: u16 = 0x0008;
    pub const ACKNOWLEDGED_WITH_FRAME_PENDING: u16 = 0x0010;
    pub const ACKNOWLEDGED_WITH_SECURITY: u16 = 0x0020;
}

/// A frame that the radio heard: the value of STREAM_RAW. Fields that older firmware does not send are `None`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ReceivedFrame<'a> {
    /// The frame with the two bytes of its check sequence. On many radios these hold something else: do not trust them.
    /// Empty for a reception that failed ([`Self::receive_error`]).
    pub psdu: &'a [u8],
    /// Strength; `None` where it was not measured.
    pub rssi: Option<Rssi>,
    /// Noise floor, dBm; -128: not measured.
    pub noise_dbm: Option<i8>,
    /// [`receive_flag`] bits.
    pub flags: u16,
    /// Channel.
    pub channel: Option<u8>,
    /// The radio's link quality indicator, 0 to 255.
    pub lqi: Option<u8>,
    /// The radio's clock.
    pub radio_microseconds: Option<u64>,
    /// Why the reception failed, as an `otError`; 0: it did not.
    pub receive_error: Option<u32>,
    /// Key index and frame counter of the acknowledgment that the radio sent with security.
    pub acknowledgment_key: Option<(u8, u32)>,
}

/// The content of a structure: two bytes length, then so many bytes.
fn structure<'a>(reader: &mut Reader<'a>, field: &'static str) -> Result<Reader<'a>, Problem> {
    let length = u16::from_le_bytes(reader.array(field)?);
    reader.take(field, usize::from(length)).map(Reader::new)
}

impl<'a> ReceivedFrame<'a> {
    /// Reads the value of STREAM_RAW.
    ///
    /// # Errors
    /// If the frame itself is cut off. Of the fields behind it, what is there counts.
    pub fn decode(value: &'a [u8]) -> Result<Self, Problem> {
        let mut reader = Reader::new(value);
        let frame = Self::read(&mut reader)?;
        Ok(frame)
    }

    fn read(reader: &mut Reader<'a>) -> Result<Self, Problem> {
        let psdu = structure(reader, "frame")?.rest();
        let mut frame = Self { psdu, ..Self::default() };
        // What is missing at the end, older firmware does not know.
        let _ = frame.read_metadata(reader);
        Ok(frame)
    }

    fn read_metadata(&mut self, reader: &mut Reader<'a>) -> Result<(), Problem> {
        self.rssi = Rssi::from_dbm(reader.i8("RSSI")?);
        self.noise_dbm = Some(reader.i8("noise floor")?);
        self.flags = u16::from_le_bytes(reader.array("flags")?);
        let mut phy = structure(reader, "radio data")?;
        self.channel = phy.u8("channel").ok();
        self.lqi = phy.u8("LQI").ok();
        self.radio_microseconds = phy.array("timestamp").ok().map(u64::from_le_bytes);
        let mut vendor = structure(reader, "vendor data")?;
        self.receive_error = read_packed(&mut vendor, "receive error").ok();
        let mut mac = structure(reader, "MAC data")?;
        let key = mac.u8("acknowledgment key").ok();
        self.acknowledgment_key = key.zip(mac.array("acknowledgment frame counter").ok().map(u32::from_le_bytes));
        Ok(())
    }

    /// The value of STREAM_RAW, for simulated radios. Fields that are `None` end it.
    pub fn encode(&self) -> Vec<u8> {
        const NOT_MEASURED: i8 = 127;
        let mut value = Vec::with_capacity(self.psdu.len() + 32);
        value.extend((self.psdu.len() as u16).to_le_bytes());
        value.extend_from_slice(self.psdu);
        let Some(noise) = self.noise_dbm else { return value };
        value.push(self.rssi.map_or(NOT_MEASURED, Rssi::dbm) as u8);
        value.push(noise as u8);
        value.extend(self.flags.to_le_bytes());
        let (Some(channel), Some(lqi), Some(microseconds)) = (self.channel, self.lqi, self.radio_microseconds) else {
            return value;
        };
        value.extend(10u16.to_le_bytes());
        value.extend([channel, lqi]);
        value.extend(microseconds.to_le_bytes());
        let Some(receive_error) = self.receive_error else { return value };
        let mut error = Vec::new();
        write_packed(&mut error, receive_error);
        value.extend((error.len() as u16).to_le_bytes());
        value.extend(error);
        let Some((key, frame_counter)) = self.acknowledgment_key else {
            return value;
        };
        value.extend(5u16.to_le_bytes());
        value.push(key);
        value.extend(frame_counter.to_le_bytes());
        value
    }
}

/// A frame to send: the value that STREAM_RAW is set to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TransmitFrame<'a> {
    /// The frame with two bytes for the check sequence, which the radio fills in.
    pub psdu: &'a [u8],
    /// Channel.
    pub channel: u8,
    /// How often the radio waits for a free channel; OpenThread: 4.
    pub max_csma_backoffs: u8,
    /// How often the radio sends again without an acknowledgment; OpenThread: 15.
    pub max_frame_retries: u8,
    /// Wait for a free channel at all.
    pub csma_enabled: bool,
    /// Frame counter and key index are in the frame already.
    pub header_updated: bool,
    /// The frame was sent before, with the same sequence number.
    pub is_retransmission: bool,
    /// The frame is encrypted already.
    pub security_processed: bool,
    /// Microseconds to wait after [`Self::delay_base_microseconds`]; 0: send now.
    pub delay_microseconds: u32,
    /// Moment of the radio's clock, low 32 bits.
    pub delay_base_microseconds: u32,
    /// Channel to listen on afterwards.
    pub channel_afterwards: u8,
    /// Transmit power, dBm; `None`: the radio's own.
    pub power_dbm: Option<i8>,
}

impl<'a> TransmitFrame<'a> {
    /// A frame to send now, as OpenThread sends: with waiting for a free channel and with repeats.
    pub fn new(psdu: &'a [u8], channel: u8) -> Self {
        Self {
            psdu,
            channel,
            max_csma_backoffs: 4,
            max_frame_retries: 15,
            csma_enabled: true,
            header_updated: false,
            is_retransmission: false,
            security_processed: false,
            delay_microseconds: 0,
            delay_base_microseconds: 0,
            channel_afterwards: channel,
            power_dbm: None,
        }
    }

    /// The value of STREAM_RAW.
    pub fn encode(&self) -> Vec<u8> {
        let mut value = Vec::with_capacity(self.psdu.len() + 20);
        value.extend((self.psdu.len() as u16).to_le_bytes());
        value.extend_from_slice(self.psdu);
        value.extend([self.channel, self.max_csma_backoffs, self.max_frame_retries]);
        let flags = [self.csma_enabled, self.header_updated, self.is_retransmission, self.security_processed];
        value.extend(flags.map(u8::from));
        value.extend(self.delay_microseconds.to_le_bytes());
        value.extend(self.delay_base_microseconds.to_le_bytes());
        value.push(self.channel_afterwards);
        value.push(self.power_dbm.unwrap_or(i8::MAX) as u8);
        value
    }

    /// Reads the value, for simulated radios.
    ///
    /// # Errors
    /// If frame or channel are cut off. Of the fields behind them, those that are missing are as in [`Self::new`].
    pub fn decode(value: &'a [u8]) -> Result<Self, Problem> {
        let mut reader = Reader::new(value);
        let psdu = structure(&mut reader, "frame")?.rest();
        let mut frame = Self::new(psdu, reader.u8("channel")?);
        // What is missing at the end is as OpenThread has it.
        let _ = frame.read_metadata(&mut reader);
        Ok(frame)
    }

    fn read_metadata(&mut self, reader: &mut Reader<'_>) -> Result<(), Problem> {
        self.max_csma_backoffs = reader.u8("backoffs")?;
        self.max_frame_retries = reader.u8("retries")?;
        self.csma_enabled = reader.u8("CSMA")? != 0;
        self.header_updated = reader.u8("header updated")? != 0;
        self.is_retransmission = reader.u8("retransmission")? != 0;
        self.security_processed = reader.u8("security processed")? != 0;
        self.delay_microseconds = u32::from_le_bytes(reader.array("delay")?);
        self.delay_base_microseconds = u32::from_le_bytes(reader.array("delay base")?);
        self.channel_afterwards = reader.u8("channel afterwards")?;
        self.power_dbm = Some(reader.i8("power")?).filter(|power| *power != i8::MAX);
        Ok(())
    }
}

/// What became of a frame that was sent: LAST_STATUS with the transaction id of the order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TransmitResult<'a> {
    /// Done, not acknowledged, channel busy, …
    pub status: Status,
    /// The receiver has more.
    pub frame_pending: bool,
    /// The radio changed the frame's header (frame counter, key index).
    pub header_updated: bool,
    /// The acknowledgment; its frame is empty if none was asked for. `None` if the frame failed.
    pub acknowledgment: Option<ReceivedFrame<'a>>,
    /// Key index and frame counter that the radio put into the frame.
    pub security: Option<(u8, u32)>,
}

impl<'a> TransmitResult<'a> {
    /// Reads the value of LAST_STATUS in answer to a frame.
    ///
    /// # Errors
    /// If there is not even a status.
    pub fn decode(value: &'a [u8]) -> Result<Self, Problem> {
        let mut reader = Reader::new(value);
        let mut result = Self {
            status: Status(read_packed(&mut reader, "status")?),
            frame_pending: false,
            header_updated: false,
            acknowledgment: None,
            security: None,
        };
        // An order that was refused is answered by the status alone.
        let _ = result.read_metadata(&mut reader);
        Ok(result)
    }

    fn read_metadata(&mut self, reader: &mut Reader<'a>) -> Result<(), Problem> {
        self.frame_pending = reader.u8("frame pending")? != 0;
        self.header_updated = reader.u8("header updated")? != 0;
        if self.status == Status::OK {
            self.acknowledgment = Some(ReceivedFrame::read(reader)?);
        }
        if self.header_updated && !reader.is_empty() {
            self.security = Some((reader.u8("key index")?, u32::from_le_bytes(reader.array("frame counter")?)));
        }
        Ok(())
    }
}

/// What an energy scan measured on one channel.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct EnergyScanResult {
    /// Channel.
    pub channel: u8,
    /// The strongest that was heard, dBm.
    pub max_rssi_dbm: i8,
}

impl EnergyScanResult {
    /// Reads the value of MAC_ENERGY_SCAN_RESULT.
    ///
    /// # Errors
    /// If it is cut off.
    pub fn decode(value: &[u8]) -> Result<Self, Problem> {
        let mut reader = Reader::new(value);
        Ok(Self {
            channel: reader.u8("channel")?,
            max_rssi_dbm: reader.i8("strength")?,
        })
    }
}

/// What a co-processor can do, as far as it matters here.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Capability {
    /// Counters.
    Counters,
    /// It is a radio co-processor: the stack runs on the host.
    ConfigRadio,
    /// It is a network co-processor with a stack of its own: full device. Such a firmware does not listen to everything.
    ConfigFtd,
    /// It is a network co-processor with a stack of its own: minimal device.
    ConfigMtd,
    /// Raw frames.
    MacRaw,
    /// It tells the version of its interface.
    RcpApiVersion,
    /// It tells the oldest host that it serves.
    RcpMinHostApiVersion,
    /// It can be told to start its boot loader.
    RcpResetToBootloader,
    /// It keeps what it knew when it crashed.
    RcpLogCrashDump,
    /// Another number.
    Other(u32),
}

impl Capability {
    /// From a number of CAPS.
    pub const fn from_number(number: u32) -> Self {
        match number {
            5 => Self::Counters,
            32 => Self::ConfigFtd,
            33 => Self::ConfigMtd,
            34 => Self::ConfigRadio,
            64 => Self::RcpApiVersion,
            65 => Self::RcpMinHostApiVersion,
            66 => Self::RcpResetToBootloader,
            67 => Self::RcpLogCrashDump,
            513 => Self::MacRaw,
            other => Self::Other(other),
        }
    }
}
