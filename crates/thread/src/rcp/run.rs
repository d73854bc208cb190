//! Turns the crank: port, conversation and clock together, on a thread of its own.

use super::port::Port;
use super::{Event, Failure, Rcp};
use std::io;
use std::time::Duration;

/// How long a turn takes at most: so long does it take to end, too.
const TURN: Duration = Duration::from_millis(200);
/// Bytes of one reading. At 1 Mbit/s that are 40 ms.
const PIECE_BYTES: usize = 4096;

/// Who listens.
pub trait Ear {
    /// Something happened.
    fn event(&mut self, event: Event);

    /// Called several times a second. False ends it.
    fn turn(&mut self, rcp: &mut Rcp) -> bool;
}

/// How it ended.
#[derive(Debug)]
pub enum Ended {
    /// The ear had enough.
    Stopped,
    /// The radio cannot be used.
    Failed(Failure),
    /// The port went away.
    Lost(io::Error),
}

/// Speaks with the radio on an open port until that ends. `clock` never goes back.
pub fn run(port: &mut Port, rcp: &mut Rcp, clock: impl Fn() -> Duration, ear: &mut impl Ear) -> Ended {
    let mut piece = [0; PIECE_BYTES];
    rcp.start(clock());
    let ended = loop {
        let output = rcp.take_output();
        if !output.is_empty()
            && let Err(error) = port.write(&output)
        {
            break Ended::Lost(error);
        }
        let mut failure = None;
        while let Some(event) = rcp.next_event() {
            match event {
                Event::Failed(reason) => failure = Some(reason),
                event => ear.event(event),
            }
        }
        if let Some(failure) = failure {
            break Ended::Failed(failure);
        }
        if !ear.turn(rcp) {
            break Ended::Stopped;
        }
        let wait = rcp.deadline().map_or(TURN, |deadline| deadline.saturating_sub(clock()).min(TURN));
        match port.read(&mut piece, wait) {
            Ok(read) => {
                let now = clock();
                rcp.receive(now, piece.get(..read).unwrap_or_default());
                if rcp.deadline().is_some_and(|deadline| deadline <= now) {
                    rcp.tick(now);
                }
            }
            Err(error) => break Ended::Lost(error),
        }
    };
    rcp.lost();
    ended
}
