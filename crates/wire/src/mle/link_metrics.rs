//! Link metrics: what one device measures of another's frames (Thread specification 1.4, 4.11.3; OpenThread `src/core/thread/link_metrics_tlvs.hpp`,
//! `link_metrics_types.hpp`).

use crate::tmf::tlv::Tlvs;
use crate::{Problem, Reader};

/// Sub-TLV: one measured value.
const REPORT: u8 = 0;
/// Sub-TLV: status.
const STATUS: u8 = 5;
/// The most values of one report.
pub(super) const MAX_METRICS: usize = 16;

/// Why a query or an order was not followed; 0 is success.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct LinkMetricsStatus(pub u8);

/// One measured value. The scales are those of the wire: a margin in dB is scaled to 0..255 from 0..130, a strength from -130..0.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum LinkMetric {
    /// Frames, for an enhanced acknowledgment of its own; for a series, frames received.
    Count(u32),
    /// The radio's link quality indicator, 0 to 255.
    Lqi(u8),
    /// Margin, on the scale of the wire.
    Margin(u8),
    /// Strength, on the scale of the wire.
    Rssi(u8),
    /// Another type id with its value.
    Other(u8, u32),
}

/// Bit 6: the value has four bytes.
const IS_LONG: u8 = 0x40;

impl LinkMetric {
    /// Reads a value of this type id (type in bits 5..3, metric in bits 2..0; OpenThread `LinkMetrics::TypeId`).
    fn read(type_id: u8, reader: &mut Reader<'_>) -> Result<Self, Problem> {
        let value = match type_id & IS_LONG {
            0 => u32::from(reader.u8("metric")?),
            _ => reader.u32("metric")?,
        };
        let short = value as u8;
        Ok(match type_id & 0x7f {
            0x40 => Self::Count(value),
            0x09 => Self::Lqi(short),
            0x0a => Self::Margin(short),
            0x0b => Self::Rssi(short),
            other => Self::Other(other, value),
        })
    }

    /// The margin in dB, rounded.
    pub fn margin_db(self) -> Option<u8> {
        match self {
            Self::Margin(scaled) => Some(((u16::from(scaled) * 130 + 127) / 255) as u8),
            _ => None,
        }
    }

    /// The strength in dBm, rounded.
    pub fn rssi_dbm(self) -> Option<i16> {
        match self {
            Self::Rssi(scaled) => Some(((i32::from(scaled) * 130 + 127) / 255 - 130) as i16),
            _ => None,
        }
    }
}

/// Values and status of a report or of an answer to an order; and what could not be read.
pub(super) fn decode_report(value: &[u8]) -> (Vec<LinkMetric>, Option<LinkMetricsStatus>, Vec<Problem>) {
    let (mut metrics, mut status, mut problems) = (Vec::new(), None, Vec::new());
    for tlv in Tlvs::new(value) {
        let tlv = match tlv {
            Ok(tlv) => tlv,
            Err(cut) => {
                problems.push(cut.problem);
                break;
            }
        };
        let mut reader = Reader::new(tlv.value);
        let read = match tlv.number {
            REPORT if metrics.len() == MAX_METRICS => Err(Problem::at("metrics", 0, format!("more than {MAX_METRICS}"))),
            REPORT => reader
                .u8("metric type")
                .and_then(|type_id| LinkMetric::read(type_id, &mut reader))
                .map(|metric| metrics.push(metric)),
            STATUS => reader.u8("status").map(|code| status = Some(LinkMetricsStatus(code))),
            _ => Ok(()),
        };
        if let Err(problem) = read {
            problems.push(problem.within(&format!("sub-TLV {}", tlv.number), tlv.offset));
        }
    }
    (metrics, status, problems)
}

/// The values that an enhanced acknowledgment carries ([`crate::ieee802154::HeaderElement::LinkMetrics`]), one byte each, in the order LQI, margin, strength
/// of those that were asked for: which, only the order tells that was sent before.
pub fn decode_enhanced_acknowledgment_metrics(metrics: &[u8], lqi: bool, margin: bool, rssi: bool) -> Vec<LinkMetric> {
    let lqi = lqi.then_some(LinkMetric::Lqi as fn(u8) -> LinkMetric);
    let margin = margin.then_some(LinkMetric::Margin as fn(u8) -> LinkMetric);
    let rssi = rssi.then_some(LinkMetric::Rssi as fn(u8) -> LinkMetric);
    let wanted = [lqi, margin, rssi].into_iter().flatten();
    wanted.zip(metrics).map(|(metric, value)| metric(*value)).collect()
}
