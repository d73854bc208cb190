//! Turns the crank: port, conversation and clock together, on a thread of its own.

use super::port::Port;
use super::{Event, Failure, Radio};
use std::io;
use std::time::Duration;

/// How long a turn takes at most: so long does it take to end, too.
const TURN: Duration = Duration::from_millis(200);
/// Bytes of one reading. At 1 Mbit/s that are 40 ms.
const PIECE_BYTES: usize = 4096;

/// Who listens.
pub trait Ear {
    /// Something happened. [`Event::Failed`] comes as [`Ended::Failed`] instead.
    fn event(&mut self, event: Event);

    /// Called several times a second. False ends it.
    fn turn(&mut self, radio: &mut Radio) -> bool;

    /// When it wants its next turn at the latest; `None`: whenever one comes.
    fn deadline(&self) -> Option<Duration> {
        None
    }
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
pub fn run(port: &mut Port, radio: &mut Radio, clock: impl Fn() -> Duration, ear: &mut impl Ear) -> Ended {
    let mut piece = [0; PIECE_BYTES];
    radio.expect(port.kind());
    radio.start(clock());
    let ended = loop {
        let output = radio.take_output();
        if !output.is_empty()
            && let Err(error) = port.write(&output)
        {
            break Ended::Lost(error);
        }
        let mut failure = None;
        while let Some(event) = radio.next_event() {
            match event {
                Event::Failed(reason) => failure = Some(reason),
                event => ear.event(event),
            }
        }
        if let Some(failure) = failure {
            break Ended::Failed(failure);
        }
        if !ear.turn(radio) {
            break Ended::Stopped;
        }
        // What the ear wants sent does not wait for the next turn.
        let output = radio.take_output();
        if !output.is_empty()
            && let Err(error) = port.write(&output)
        {
            break Ended::Lost(error);
        }
        let deadline = [radio.deadline(), ear.deadline()].into_iter().flatten().min();
        let wait = deadline.map_or(TURN, |deadline| deadline.saturating_sub(clock()).min(TURN));
        match port.read(&mut piece, wait) {
            Ok(read) => {
                let now = clock();
                radio.receive(now, piece.get(..read).unwrap_or_default());
                if radio.deadline().is_some_and(|deadline| deadline <= now) {
                    radio.tick(now);
                }
            }
            Err(error) => break Ended::Lost(error),
        }
    };
    radio.lost();
    // Frames that were to be sent are told of, come what may.
    while let Some(event) = radio.next_event() {
        ear.event(event);
    }
    ended
}
