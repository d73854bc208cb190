//! `frame`: single frames, read without keys. They go through the summariser that sums up what a dongle hears, so that a recording of frames and
//! one of summaries say the same.

use super::{DecodedCapture, Statement, mle, radio};
use crate::air::{Counted, Signal, Summariser, clear_message, is_announce};
use crate::capture::{Capture, FrameCapture, channel};
use crate::hex;
use crate::observation::{Hearing, Reporter};
use std::collections::BTreeMap;
use std::sync::Arc;
use weft_model::{Fact, PanId};
use weft_wire::Problem;
use weft_wire::ieee802154::Frame;
use weft_wire::lowpan::{Contexts, Reassembler};

/// Sources of frames that are told apart.
const MAX_SOURCES: usize = 16;
/// The longest frame; one more is no frame.
const MAX_FRAME_BYTES: usize = 127;

/// What one source heard in the last seconds.
#[derive(Debug, Clone, Default)]
struct Heard {
    summariser: Summariser,
    reassembler: Reassembler,
}

/// The frames of each source, summed up.
#[derive(Debug, Clone, Default)]
pub(super) struct Frames {
    heard: BTreeMap<Arc<str>, Heard>,
}

impl Frames {
    pub(super) fn decode(&mut self, capture: &Capture, body: &FrameCapture, decoded: &mut DecodedCapture) {
        let Some(bytes) = hex::decode(&body.psdu).filter(|bytes| bytes.len() <= MAX_FRAME_BYTES) else {
            decoded.problem(Problem::of("psdu", "not a frame in hexadecimal digits"));
            return;
        };
        let frame = match Frame::parse(&bytes) {
            Ok(frame) => frame,
            Err(problem) => return decoded.problem(problem.within("psdu", 0)),
        };
        if self.heard.len() >= MAX_SOURCES && !self.heard.contains_key(&capture.source) {
            self.heard.clear();
        }
        let heard = self.heard.entry(Arc::clone(&capture.source)).or_default();
        let microseconds = body
            .radio_time_us
            .unwrap_or_else(|| u64::try_from(capture.at.unix_milliseconds()).unwrap_or(0).saturating_mul(1000));
        let acknowledged = heard.summariser.acknowledges(&frame, body.channel, microseconds);
        if is_announce(&frame) {
            return;
        }
        heard.summariser.due(capture.at);
        let signal = Signal {
            channel: Some(body.channel),
            rssi_dbm: body.rssi_dbm,
            lqi: body.lqi,
        };
        let counted = heard.summariser.add(capture.at, &frame.summary(None), acknowledged.as_ref(), signal);
        if let Counted::Frame(pair) | Counted::Acknowledgment(pair) = counted
            && let Some(summary) = heard.summariser.so_far(pair, capture.at)
        {
            radio::decode(capture, &summary, decoded);
        }
        beacon(capture, &frame, body, decoded);
        // What is not sealed at all: who looks for a network, and what networks answer.
        if let Some(payload) = frame.clear_payload()
            && let Ok(Some(datagram)) = heard
                .reassembler
                .frame(frame.source, frame.destination, payload, &Contexts::new(), microseconds)
            && let Some(message) = clear_message(&datagram, frame.pan_id(), signal)
        {
            mle::decode(capture, &message, decoded);
        }
    }
}

/// What Thread networks of old said in their beacons.
fn beacon(capture: &Capture, frame: &Frame<'_>, body: &FrameCapture, decoded: &mut DecodedCapture) {
    let (Some(Ok(beacon)), Some(extended_address)) = (frame.beacon(), frame.source.extended()) else {
        return;
    };
    let thread = match beacon.thread() {
        None => return,
        Some(Err(problem)) => return decoded.problem(problem.within("beacon", 0)),
        Some(Ok(thread)) => thread,
    };
    let place = frame.pan_id().filter(|pan_id| *pan_id != PanId::BROADCAST).map(Fact::PanId);
    let facts = [Fact::ExtendedPanId(thread.extended_pan_id), Fact::NetworkName(thread.network_name)];
    Statement::now(capture, Reporter::Radio { extended_address }, Some(thread.extended_pan_id), Hearing::Air).say(
        facts.into_iter().chain(place).chain(channel(Some(body.channel)).map(Fact::Channel)),
        &[],
        decoded,
    );
}
