//! A sweep whose mesh sends whatever it likes.

use std::net::Ipv6Addr;
use std::time::Duration;
use weft_model::{MeshLocalPrefix, Rloc16};
use weft_thread::commissioner::MAX_MESH_DATAGRAM_BYTES;
use weft_thread::sweep::peer::Seed;
use weft_thread::sweep::{Event, Settings, Sweep};

const PREFIX: MeshLocalPrefix = MeshLocalPrefix([0xfd, 0x11, 0x22, 0x33, 0x44, 0x55, 0x66, 0x77]);
/// The seed's first query id is this: seeds of the corpus answer it.
const SEED: u64 = 7;

/// The input is a sequence of messages, each with five bytes before it: milliseconds since the one before (in sixteens), two of the sender's locator, and two
/// of the length. The sweep ends, tells of nobody who was not named, and counts what it told.
pub fn sweep(data: &[u8]) {
    told_of(data);
}

fn told_of(data: &[u8]) -> Told {
    let settings = Settings {
        extended_pan_id: None,
        mesh_local_prefix: PREFIX,
        relay: Rloc16::new(0),
        expected: Vec::new(),
        multicast: true,
        window: 4,
        end_within: Duration::from_secs(20),
        max_frames: None,
    };
    let mut now = Duration::ZERO;
    let mut sweep = Sweep::new(settings, Seed(SEED).random(), now);
    let mut told = Told::default();
    let mut rest = data;
    while let Some(([wait, high, low, long, length], after)) = rest.split_first_chunk() {
        let (message, after) = after.split_at(usize::from(u16::from_be_bytes([*long, *length])).min(after.len()));
        rest = after;
        let until = now + Duration::from_millis(16) * u32::from(*wait);
        while let Some(at) = sweep.deadline().filter(|at| *at <= until) {
            now = now.max(at);
            sweep.handle_timeout(now);
            told.take(&mut sweep);
        }
        now = until;
        let locator = Rloc16::new(u16::from_be_bytes([*high, *low]));
        let source = locator.map_or(Ipv6Addr::LOCALHOST, |rloc16| PREFIX.rloc(rloc16));
        sweep.receive(source, message, now);
        told.take(&mut sweep);
    }
    for _ in 0..100_000 {
        let Some(at) = sweep.deadline() else { break };
        now = now.max(at);
        sweep.handle_timeout(now);
        told.take(&mut sweep);
    }
    assert!(told.has_ended, "it does not end");
    assert!(now <= Duration::from_secs(20) + Duration::from_millis(16 * 255) * u32::try_from(data.len()).unwrap_or(u32::MAX));
    told
}

#[derive(Default)]
struct Told {
    answers: u32,
    /// Routers whose answer was whole.
    routers: usize,
    has_ended: bool,
}

impl Told {
    fn take(&mut self, sweep: &mut Sweep) {
        while let Some((destination, datagram)) = sweep.poll_transmit() {
            assert!(destination.is_multicast() || PREFIX.prefix().contains(destination));
            assert!(datagram.len() <= MAX_MESH_DATAGRAM_BYTES);
        }
        while let Some(event) = sweep.poll_event() {
            assert!(!self.has_ended, "something follows the end");
            match event {
                Event::Answer(_) => self.answers += 1,
                Event::Silent(_) => (),
                Event::Ended(outcome) => {
                    self.has_ended = true;
                    self.routers = outcome.answered.len();
                    assert_eq!(outcome.messages, self.answers + outcome.duplicates);
                    assert!(outcome.answered.len() + outcome.silent.len() <= 63);
                    assert!(outcome.answered.iter().chain(&outcome.silent).all(|rloc16| rloc16.is_router()));
                    assert!(outcome.silent.iter().all(|rloc16| !outcome.answered.contains(rloc16)));
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_seeds_answer_the_questions() {
        // Each holds what nodes sent in a sweep with the same numbers: it is heard, and completes them. Another beginning, and the seeds are garbage.
        for (name, bytes, answers) in [
            ("home", &include_bytes!("../corpus/sweep/home")[..], 5),
            ("parts", include_bytes!("../corpus/sweep/parts"), 8),
            ("dead-router", include_bytes!("../corpus/sweep/dead-router"), 4),
        ] {
            let told = told_of(bytes);
            assert!(told.routers > 0, "{name}");
            assert_eq!(told.answers, answers, "{name}");
        }
    }
}
