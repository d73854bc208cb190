//! Which key sequences are followed (Thread 1.4, 7.1.4 and 4.9.1; OpenThread `Mle::ProcessKeySequence`, `KeyManager::SetCurrentKeySequence`).

use std::time::Duration;
use weft_wire::link_security::KeySequence;

/// After a rotation no neighbour's word makes another one for this part of the rotation time, in percent.
const GUARD_PERCENT: u32 = 93;
/// The rotation time where the dataset does not tell it.
const DEFAULT_ROTATION_HOURS: u16 = 672;
/// The shortest rotation time: what is less counts as this.
const MIN_ROTATION_HOURS: u16 = 1;
const HOUR: Duration = Duration::from_secs(3_600);

/// How much a message proves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Weight {
    /// It answers a challenge of ours: it is of now, whatever its sequence.
    Authoritative,
    /// It is the parent's, and no more than that.
    Peer,
}

/// What to do about a sequence.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Verdict {
    Stay,
    /// It is the network's from now on.
    Adopt,
    /// Too far ahead to be believed without a challenge.
    Challenge,
}

/// The key sequence in use.
pub(super) struct Sequences {
    current: KeySequence,
    guard: Duration,
    guarded_until: Duration,
}

impl Sequences {
    pub(super) fn new(current: KeySequence, rotation_hours: Option<u16>) -> Self {
        let hours = rotation_hours.unwrap_or(DEFAULT_ROTATION_HOURS).max(MIN_ROTATION_HOURS);
        Self {
            current,
            guard: HOUR * (u32::from(hours) * GUARD_PERCENT / 100),
            guarded_until: Duration::ZERO,
        }
    }

    /// Takes the sequence of a message that the network's key opened.
    pub(super) fn judge(&mut self, sequence: KeySequence, weight: Weight, now: Duration) -> Verdict {
        let Some(ahead) = sequence.0.checked_sub(self.current.0).filter(|ahead| *ahead > 0) else {
            return Verdict::Stay;
        };
        match weight {
            Weight::Authoritative => {}
            Weight::Peer if ahead > 1 => return Verdict::Challenge,
            Weight::Peer if now < self.guarded_until => return Verdict::Stay,
            Weight::Peer => {}
        }
        self.current = sequence;
        if ahead == 1 {
            self.guarded_until = now + self.guard;
        }
        Verdict::Adopt
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_step_is_believed_once_and_a_leap_only_after_a_challenge() {
        let mut sequences = Sequences::new(KeySequence(7), Some(100));
        let now = Duration::from_secs(10);
        assert_eq!(sequences.judge(KeySequence(6), Weight::Authoritative, now), Verdict::Stay);
        assert_eq!(sequences.judge(KeySequence(7), Weight::Peer, now), Verdict::Stay);
        assert_eq!(sequences.judge(KeySequence(9), Weight::Peer, now), Verdict::Challenge);
        assert_eq!(sequences.judge(KeySequence(8), Weight::Peer, now), Verdict::Adopt);
        // 93 hours of 100.
        assert_eq!(
            sequences.judge(KeySequence(9), Weight::Peer, now + HOUR * 93 - Duration::from_secs(1)),
            Verdict::Stay
        );
        assert_eq!(sequences.judge(KeySequence(9), Weight::Peer, now + HOUR * 93), Verdict::Adopt);
        assert_eq!(sequences.judge(KeySequence(40), Weight::Authoritative, now + HOUR * 94), Verdict::Adopt);
        // A leap after a challenge opens no guard and none holds against the next.
        assert_eq!(sequences.judge(KeySequence(39), Weight::Authoritative, now + HOUR * 94), Verdict::Stay);
    }
}
