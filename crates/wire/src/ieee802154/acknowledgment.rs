//! Which frame an acknowledgment belongs to. Acknowledgments carry no sender: it is the receiver of the frame before.

use super::{Address, Frame, FrameKind};
use weft_model::PanId;

/// For how long after a frame its acknowledgment is waited for. The standard asks for 864 microseconds from the frame's end (54 symbols);
/// the rest is for the frame's own length where its beginning was stamped, and for clocks of capture programs.
pub const ACKNOWLEDGMENT_WAIT_MICROSECONDS: u64 = 20_000;

/// The frame that an acknowledgment belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Acknowledged {
    /// The PAN of the acknowledged frame.
    pub pan_id: Option<PanId>,
    /// The sender of the acknowledged frame.
    pub from: Address,
    /// The receiver of the acknowledged frame: who sends the acknowledgment.
    pub to: Address,
    /// The acknowledged frame's sequence number.
    pub sequence_number: u8,
    /// It is acknowledged for the first time: in simulated air several receivers can answer to one address.
    pub is_first: bool,
}

/// How many frames can wait for their acknowledgment at the same time: on the air it is one, but simulated radios speak at the same time.
const MAX_AWAITED: usize = 4;

/// Remembers the last frames on a channel that asked for an acknowledgment. One for each channel, fed in the order of the air.
#[derive(Debug, Clone, Default)]
pub struct AwaitedAcknowledgment {
    /// The last one stands last.
    awaited: Vec<(u64, Acknowledged)>,
}

impl AwaitedAcknowledgment {
    /// Nothing heard.
    pub fn new() -> Self {
        Self::default()
    }

    /// Takes a frame heard at `microseconds` (any clock). For an acknowledgment: what it acknowledges, or `None` if its frame was not heard.
    pub fn frame(&mut self, frame: &Frame<'_>, microseconds: u64) -> Option<Acknowledged> {
        self.awaited
            .retain(|(at, _)| microseconds.abs_diff(*at) <= ACKNOWLEDGMENT_WAIT_MICROSECONDS);
        if frame.kind == FrameKind::Acknowledgment {
            let is_meant = |awaited: &Acknowledged| {
                frame.sequence_number == Some(awaited.sequence_number) && (frame.destination == Address::None || frame.destination == awaited.from)
            };
            let (_, awaited) = self.awaited.iter_mut().rfind(|(_, awaited)| is_meant(awaited))?;
            let acknowledged = *awaited;
            awaited.is_first = false;
            return Some(acknowledged);
        }
        if let (true, Some(sequence_number)) = (frame.acknowledgment_requested, frame.sequence_number) {
            if self.awaited.len() >= MAX_AWAITED {
                self.awaited.remove(0);
            }
            self.awaited.push((
                microseconds,
                Acknowledged {
                    pan_id: frame.pan_id(),
                    from: frame.source,
                    to: frame.destination,
                    sequence_number,
                    is_first: true,
                },
            ));
        }
        None
    }
}
