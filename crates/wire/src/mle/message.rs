//! A message in the clear: command and TLVs.

use super::link_metrics::decode_report;
use super::{Command, Discovery, RegisteredAddress, Tlv, number};
use crate::meshcop::decode_dataset;
use crate::tmf::number as diagnostic;
use crate::tmf::tlv::{self, Tlvs, ValueTooLong};
use crate::tmf::{decode_omr_prefixes, decode_value};
use crate::{Problem, Reader};
use std::net::Ipv6Addr;
use weft_model::{Channel, Fact, FactKind, PanId};

/// The most TLVs that are read from one message; a message has 1,280 bytes.
pub const MAX_TLVS: usize = 128;

/// The most addresses that are read from one registration; a TLV holds 28 compressed ones.
const MAX_ADDRESSES: usize = 64;
/// Control byte of a registered address: bit 7 says that the prefix is left out, bits 3..0 which context it has.
const IS_COMPRESSED: u8 = 0x80;
/// Scan mask bits.
const SCAN_ROUTERS: u8 = 0x80;
const SCAN_END_DEVICES: u8 = 0x40;
/// Mode bits; the reserved one is set in what is sent.
const MODE_RX_ON_WHEN_IDLE: u8 = 0x08;
const MODE_RESERVED: u8 = 0x04;
const MODE_FULL_THREAD_DEVICE: u8 = 0x02;
const MODE_FULL_NETWORK_DATA: u8 = 0x01;
/// The short address that stands for "none".
const NO_SHORT_ADDRESS: u16 = 0xfffe;

/// A message in the clear.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Message {
    /// Command.
    pub command: Command,
    /// What the TLVs say, in their order.
    pub tlvs: Vec<Tlv>,
    /// What was not understood, and where; offsets count from the first TLV.
    pub problems: Vec<Problem>,
    /// Tables of which a part could not be read.
    pub incomplete: Vec<FactKind>,
}

impl Message {
    /// Reads what a key opened: command, then TLVs.
    ///
    /// # Errors
    /// If there is no command.
    pub fn parse(clear: &[u8]) -> Result<Self, Problem> {
        let mut reader = Reader::new(clear);
        let command = Command(reader.u8("command")?);
        Ok(Self::from_tlvs(command, reader.rest()))
    }

    /// Reads the TLVs of a message with this command.
    pub fn from_tlvs(command: Command, tlvs: &[u8]) -> Self {
        let mut message = Self {
            command,
            tlvs: Vec::new(),
            problems: Vec::new(),
            incomplete: Vec::new(),
        };
        for (index, tlv) in Tlvs::new(tlvs).enumerate() {
            match tlv {
                Ok(tlv) if index >= MAX_TLVS => {
                    message.problems.push(Problem::at("TLVs", tlv.offset, format!("more than {MAX_TLVS}")));
                    break;
                }
                Ok(tlv) => {
                    let read = message.read(tlv.number, tlv.value);
                    let problems = match read {
                        Ok((tlv, problems)) => {
                            message.tlvs.push(tlv);
                            problems
                        }
                        Err(problem) => vec![problem],
                    };
                    let outer = format!("MLE TLV {}", tlv.number);
                    message
                        .problems
                        .extend(problems.into_iter().map(|problem| problem.within(&outer, tlv.offset)));
                }
                Err(cut) => message.problems.push(cut.problem.within("MLE", 0)),
            }
        }
        message
    }

    /// The statement of a TLV whose layout network diagnostics share.
    fn shared<T>(&mut self, number: u8, value: &[u8], pick: fn(Fact) -> Option<T>) -> Result<(T, Vec<Problem>), Problem> {
        let decoded = decode_value(number, value)?;
        for kind in decoded.incomplete {
            if !self.incomplete.contains(&kind) {
                self.incomplete.push(kind);
            }
        }
        match decoded.facts.into_iter().find_map(pick) {
            Some(picked) => Ok((picked, decoded.problems)),
            None => Err(Problem::at("value", 0, "says nothing")),
        }
    }

    fn read(&mut self, tlv: u8, value: &[u8]) -> Result<(Tlv, Vec<Problem>), Problem> {
        let mut reader = Reader::new(value);
        let address = |fact| match fact {
            Fact::Rloc16(rloc16) => Some(rloc16),
            _ => None,
        };
        let read = match tlv {
            number::SOURCE_ADDRESS => {
                let (rloc16, problems) = self.shared(diagnostic::ADDRESS16, value, address)?;
                return Ok((Tlv::SourceAddress(rloc16), problems));
            }
            number::ADDRESS16 => {
                let (rloc16, problems) = self.shared(diagnostic::ADDRESS16, value, address)?;
                return Ok((Tlv::Address16(rloc16), problems));
            }
            number::MODE => {
                let pick = |fact| match fact {
                    Fact::Mode(mode) => Some(Tlv::Mode(mode)),
                    _ => None,
                };
                return self.shared(diagnostic::MODE, value, pick);
            }
            number::ROUTE64 => {
                let pick = |fact| match fact {
                    Fact::Route64(route) => Some(Tlv::Route64(route)),
                    _ => None,
                };
                return self.shared(diagnostic::ROUTE64, value, pick);
            }
            number::LEADER_DATA => {
                let pick = |fact| match fact {
                    Fact::LeaderData(data) => Some(Tlv::LeaderData(data)),
                    _ => None,
                };
                return self.shared(diagnostic::LEADER_DATA, value, pick);
            }
            number::CONNECTIVITY => {
                let pick = |fact| match fact {
                    Fact::Connectivity(connectivity) => Some(Tlv::Connectivity(connectivity)),
                    _ => None,
                };
                return self.shared(diagnostic::CONNECTIVITY, value, pick);
            }
            number::NETWORK_DATA => {
                let (omr_prefixes, problem) = decode_omr_prefixes(value);
                if problem.is_some() {
                    self.incomplete.push(FactKind::OmrPrefix);
                }
                let bytes = value.to_vec();
                return Ok((Tlv::NetworkData { bytes, omr_prefixes }, problem.into_iter().collect()));
            }
            number::DISCOVERY => {
                let (discovery, problems) = Discovery::decode(value);
                return Ok((Tlv::Discovery(discovery), problems));
            }
            number::ACTIVE_DATASET | number::PENDING_DATASET => {
                let (dataset, problems) = decode_dataset(value);
                let dataset = Box::new(dataset);
                let is_active = tlv == number::ACTIVE_DATASET;
                return Ok((
                    if is_active {
                        Tlv::ActiveDataset(dataset)
                    } else {
                        Tlv::PendingDataset(dataset)
                    },
                    problems,
                ));
            }
            number::LINK_METRICS_MANAGEMENT => {
                let (_, status, problems) = decode_report(value);
                let bytes = value.to_vec();
                return Ok((Tlv::LinkMetricsManagement { bytes, status }, problems));
            }
            number::LINK_METRICS_REPORT => {
                let (metrics, status, problems) = decode_report(value);
                return Ok((Tlv::LinkMetricsReport { metrics, status }, problems));
            }
            number::ADDRESS_REGISTRATION => {
                let (addresses, problem) = addresses(&mut reader);
                return Ok((Tlv::AddressRegistration(addresses), problem.into_iter().collect()));
            }
            number::TIMEOUT => Tlv::TimeoutSeconds(reader.u32("timeout")?),
            number::CHALLENGE => Tlv::Challenge(reader.rest().to_vec()),
            number::RESPONSE => Tlv::Response(reader.rest().to_vec()),
            number::LINK_FRAME_COUNTER => Tlv::LinkFrameCounter(reader.u32("frame counter")?),
            number::MLE_FRAME_COUNTER => Tlv::MleFrameCounter(reader.u32("frame counter")?),
            number::TLV_REQUEST => Tlv::TlvRequest(reader.rest().to_vec()),
            number::SCAN_MASK => {
                let mask = reader.u8("scan mask")?;
                Tlv::ScanMask {
                    routers: mask & SCAN_ROUTERS != 0,
                    end_devices: mask & SCAN_END_DEVICES != 0,
                }
            }
            number::LINK_MARGIN => Tlv::LinkMarginDb(reader.u8("link margin")?),
            number::STATUS => Tlv::Status(reader.u8("status")?),
            number::VERSION => Tlv::Version(reader.u16("version")?),
            number::CHANNEL => Tlv::Channel(channel(&mut reader)?),
            number::WAKE_UP_CHANNEL => Tlv::WakeUpChannel(channel(&mut reader)?),
            number::CSL_CHANNEL => Tlv::CslChannel(channel(&mut reader)?),
            number::PAN_ID => Tlv::PanId(PanId(reader.u16("PAN id")?)),
            number::ACTIVE_TIMESTAMP => Tlv::ActiveTimestamp(reader.u64("timestamp")?),
            number::PENDING_TIMESTAMP => Tlv::PendingTimestamp(reader.u64("timestamp")?),
            number::SUPERVISION_INTERVAL => Tlv::SupervisionIntervalSeconds(reader.u16("interval")?),
            number::CSL_TIMEOUT => Tlv::CslTimeoutSeconds(reader.u32("timeout")?),
            number::CSL_CLOCK_ACCURACY => Tlv::CslClockAccuracy {
                accuracy_ppm: reader.u8("accuracy")?,
                uncertainty_ten_microseconds: reader.u8("uncertainty")?,
            },
            number::LINK_METRICS_QUERY => Tlv::LinkMetricsQuery(reader.rest().to_vec()),
            number::LINK_PROBE => Tlv::LinkProbe(reader.rest().to_vec()),
            other => Tlv::Other(other, reader.rest().to_vec()),
        };
        // A later version of a TLV may be longer: what is known of it still counts.
        Ok((read, reader.finish("value").err().into_iter().collect()))
    }

    /// Command and TLVs as bytes.
    ///
    /// # Errors
    /// As [`Tlv::encode_value`].
    pub fn encode(&self) -> Result<Vec<u8>, EncodeError> {
        let mut bytes = vec![self.command.0];
        for item in &self.tlvs {
            tlv::write(&mut bytes, item.number(), &item.encode_value()?)?;
        }
        Ok(bytes)
    }

    /// The sender's locator; the outer `None` where the message does not tell.
    pub fn source_address(&self) -> Option<Option<weft_model::Rloc16>> {
        self.tlvs.iter().find_map(|tlv| match tlv {
            Tlv::SourceAddress(rloc16) => Some(*rloc16),
            _ => None,
        })
    }

    /// True if a child tells its parent that it leaves (Child Update Request with a timeout of zero).
    pub fn is_leaving(&self) -> bool {
        self.command == Command::CHILD_UPDATE_REQUEST && self.tlvs.contains(&Tlv::TimeoutSeconds(0))
    }
}

fn channel(reader: &mut Reader<'_>) -> Result<Option<Channel>, Problem> {
    let page = reader.u8("channel page")?;
    let channel = reader.u16("channel")?;
    Ok(Channel::new(channel).filter(|_| page == 0))
}

fn addresses(reader: &mut Reader<'_>) -> (Vec<RegisteredAddress>, Option<Problem>) {
    let mut addresses = Vec::new();
    while !reader.is_empty() {
        if addresses.len() == MAX_ADDRESSES {
            return (
                addresses,
                Some(Problem::at("addresses", reader.position(), format!("more than {MAX_ADDRESSES}"))),
            );
        }
        let read = reader.u8("control").and_then(|control| match control & IS_COMPRESSED {
            0 => reader
                .array::<16>("address")
                .map(|octets| RegisteredAddress::Full(Ipv6Addr::from(octets))),
            _ => reader.array("interface id").map(|interface_id| RegisteredAddress::Compressed {
                context: control & 0x0f,
                interface_id,
            }),
        });
        match read {
            Ok(address) => addresses.push(address),
            Err(problem) => return (addresses, Some(problem)),
        }
    }
    (addresses, None)
}

/// Why a message cannot be written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum EncodeError {
    /// Tables and datasets are only read here.
    #[error("MLE TLV {0} is read only")]
    ReadOnly(u8),
    /// A value is too long.
    #[error(transparent)]
    TooLong(#[from] ValueTooLong),
}

impl Tlv {
    /// The value as bytes, for what a child sends.
    ///
    /// # Errors
    /// For what only routers and leaders send: Route64, connectivity, datasets, Discovery, link metrics reports.
    pub fn encode_value(&self) -> Result<Vec<u8>, EncodeError> {
        let channel_bytes = |channel: Option<Channel>| vec![0, 0, channel.map_or(0, Channel::get)];
        Ok(match self {
            Self::SourceAddress(rloc16) | Self::Address16(rloc16) => rloc16.map_or(NO_SHORT_ADDRESS, weft_model::Rloc16::get).to_be_bytes().to_vec(),
            Self::Mode(mode) => {
                let bit = |is_set: bool, bit: u8| if is_set { bit } else { 0 };
                vec![
                    MODE_RESERVED
                        | bit(mode.rx_on_when_idle, MODE_RX_ON_WHEN_IDLE)
                        | bit(mode.full_thread_device, MODE_FULL_THREAD_DEVICE)
                        | bit(mode.full_network_data, MODE_FULL_NETWORK_DATA),
                ]
            }
            Self::TimeoutSeconds(number) | Self::LinkFrameCounter(number) | Self::MleFrameCounter(number) | Self::CslTimeoutSeconds(number) => {
                number.to_be_bytes().to_vec()
            }
            Self::LeaderData(data) => {
                let mut bytes = data.partition_id.0.to_be_bytes().to_vec();
                let leader = data.leader_router_id.map_or(63, weft_model::RouterId::get);
                bytes.extend([data.weighting, data.data_version, data.stable_data_version, leader]);
                bytes
            }
            Self::ScanMask { routers, end_devices } => {
                let routers = if *routers { SCAN_ROUTERS } else { 0 };
                vec![routers | if *end_devices { SCAN_END_DEVICES } else { 0 }]
            }
            Self::AddressRegistration(addresses) => {
                let mut bytes = Vec::new();
                for address in addresses {
                    match address {
                        RegisteredAddress::Full(address) => {
                            bytes.push(0);
                            bytes.extend(address.octets());
                        }
                        RegisteredAddress::Compressed { context, interface_id } => {
                            bytes.push(IS_COMPRESSED | context & 0x0f);
                            bytes.extend(interface_id);
                        }
                    }
                }
                bytes
            }
            Self::LinkMarginDb(number) | Self::Status(number) => vec![*number],
            Self::Version(number) | Self::SupervisionIntervalSeconds(number) => number.to_be_bytes().to_vec(),
            Self::Channel(channel) | Self::WakeUpChannel(channel) | Self::CslChannel(channel) => channel_bytes(*channel),
            Self::PanId(pan_id) => pan_id.0.to_be_bytes().to_vec(),
            Self::ActiveTimestamp(timestamp) | Self::PendingTimestamp(timestamp) => timestamp.to_be_bytes().to_vec(),
            Self::CslClockAccuracy {
                accuracy_ppm,
                uncertainty_ten_microseconds,
            } => vec![*accuracy_ppm, *uncertainty_ten_microseconds],
            Self::Challenge(bytes)
            | Self::Response(bytes)
            | Self::TlvRequest(bytes)
            | Self::LinkMetricsQuery(bytes)
            | Self::LinkMetricsManagement { bytes, .. }
            | Self::LinkProbe(bytes)
            | Self::NetworkData { bytes, .. }
            | Self::Other(_, bytes) => bytes.clone(),
            Self::Route64(_)
            | Self::Connectivity(_)
            | Self::ActiveDataset(_)
            | Self::PendingDataset(_)
            | Self::Discovery(_)
            | Self::LinkMetricsReport { .. } => return Err(EncodeError::ReadOnly(self.number())),
        })
    }
}
