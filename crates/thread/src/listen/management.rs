//! Management messages (TMF) that go by: answers to network diagnostics that somebody else asked, and where an address is that somebody looked for.
//!
//! A message that is relayed is heard on every hop; it is taken once.

use crate::coap::message::{Message, code};
use std::collections::VecDeque;
use std::net::Ipv6Addr;
use weft_evidence::TmfCapture;
use weft_model::ExtendedPanId;
use weft_wire::Problem;
use weft_wire::tmf::number::TYPE_LIST;
use weft_wire::tmf::tlv::Tlvs;

/// Requests whose answers are waited for.
const MAX_REQUESTS: usize = 64;
/// Messages that are remembered, to take each once.
const MAX_REMEMBERED: usize = 128;
/// For how long a message may be on its way, or be sent again.
const REMEMBERED_MICROSECONDS: u64 = 60_000_000;
/// Requests whose answer comes with their acknowledgment.
const ASKED: [&str; 1] = ["d/dg"];
/// Requests that carry statements of their sender.
const TOLD: [&str; 2] = ["d/da", "a/an"];

/// One end and its counterpart, as a message names them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Ends {
    pub(super) source: Ipv6Addr,
    pub(super) destination: Ipv6Addr,
}

struct Request {
    ends: Ends,
    token: Vec<u8>,
    uri: &'static str,
    asked: Vec<u8>,
    microseconds: u64,
}

/// What is remembered of the conversations.
#[derive(Default)]
pub(super) struct Management {
    requests: VecDeque<Request>,
    taken: VecDeque<(Ends, u16, u8, u64)>,
}

impl Management {
    /// Takes a message; gives it as a capture if it says something of its sender.
    pub(super) fn take(
        &mut self,
        ends: Ends,
        payload: &[u8],
        network: Option<ExtendedPanId>,
        microseconds: u64,
    ) -> Result<Option<TmfCapture>, Problem> {
        let coap = Message::parse(payload)?;
        let is_young = |at: u64| microseconds.abs_diff(at) <= REMEMBERED_MICROSECONDS;
        self.taken.retain(|(_, _, _, at)| is_young(*at));
        self.requests.retain(|request| is_young(request.microseconds));
        let (uri, asked) = if coap.is_response() {
            let answers =
                |request: &Request| request.token == coap.token && request.ends.source == ends.destination && request.ends.destination == ends.source;
            match self.requests.iter().find(|request| answers(request)) {
                Some(request) => (request.uri, Some(request.asked.clone())),
                None => return Ok(None),
            }
        } else if coap.code == code::POST {
            if let Some(uri) = ASKED.into_iter().find(|uri| coap.path.as_deref() == Some(uri)) {
                if self.requests.len() >= MAX_REQUESTS {
                    self.requests.pop_front();
                }
                self.requests.push_back(Request {
                    ends,
                    token: coap.token,
                    uri,
                    asked: type_list(&coap.payload),
                    microseconds,
                });
                return Ok(None);
            }
            match TOLD.into_iter().find(|uri| coap.path.as_deref() == Some(uri)) {
                Some(uri) => (uri, None),
                None => return Ok(None),
            }
        } else {
            return Ok(None);
        };
        if coap.payload.is_empty() || self.taken.iter().any(|taken| (taken.0, taken.1, taken.2) == (ends, coap.id, coap.code)) {
            return Ok(None);
        }
        if self.taken.len() >= MAX_REMEMBERED {
            self.taken.pop_front();
        }
        self.taken.push_back((ends, coap.id, coap.code, microseconds));
        Ok(Some(TmfCapture {
            extended_pan_id: network,
            peer: ends.source,
            uri: uri.to_owned(),
            asked,
            code: coap.is_response().then(|| coap.code_text()),
            payload: crate::hexadecimal(&coap.payload),
            overheard: true,
        }))
    }
}

/// The TLV types that a request asks for.
fn type_list(payload: &[u8]) -> Vec<u8> {
    Tlvs::new(payload)
        .map_while(Result::ok)
        .find(|tlv| tlv.number == TYPE_LIST)
        .map(|tlv| tlv.value.to_vec())
        .unwrap_or_default()
}
