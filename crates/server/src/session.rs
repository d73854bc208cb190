//! Browser sessions: a token is exchanged once for a cookie, because an EventSource sends no headers and tokens never stand in URLs.

use crate::token::{TokenError, hash, random_hex};
use std::collections::BTreeMap;
use weft_model::Timestamp;
use zeroize::Zeroizing;

/// Name of the cookie.
pub(crate) const COOKIE: &str = "weft_session";
/// A session ends after this time without use.
pub(crate) const MAX_IDLE_SECONDS: i64 = 30 * 24 * 60 * 60;
/// The most sessions that are kept; a new one takes the place of the one that was unused for longest.
const MAX_SESSIONS: usize = 64;

/// The sessions, by the hash of their id: a look-up by hash tells nothing of the id by its time, and memory holds no id.
#[derive(Default)]
pub(crate) struct Sessions(BTreeMap<[u8; 32], Timestamp>);

impl Sessions {
    /// Begins a session and gives its id.
    pub(crate) fn begin(&mut self, now: Timestamp) -> Result<Zeroizing<String>, TokenError> {
        let id = random_hex::<32>()?;
        self.forget_idle(now);
        while self.0.len() >= MAX_SESSIONS {
            let Some(oldest) = self.0.iter().min_by_key(|(_, used)| **used).map(|(id, _)| *id) else {
                break;
            };
            self.0.remove(&oldest);
        }
        self.0.insert(hash(&id), now);
        Ok(id)
    }

    /// True if there is such a session; it counts as used now. A clock that stepped back makes no session younger than it is.
    pub(crate) fn touch(&mut self, id: &str, now: Timestamp) -> bool {
        self.forget_idle(now);
        match self.0.get_mut(&hash(id)) {
            Some(used) => {
                *used = now;
                true
            }
            None => false,
        }
    }

    fn forget_idle(&mut self, now: Timestamp) {
        self.0.retain(|_, used| now.seconds_since(*used) < MAX_IDLE_SECONDS);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_session_lives_while_it_is_used() {
        let mut sessions = Sessions::default();
        let start = Timestamp::MIN;
        let id = sessions.begin(start).unwrap();
        let almost = start.plus_seconds(MAX_IDLE_SECONDS - 1);
        assert!(sessions.touch(&id, almost));
        assert!(sessions.touch(&id, almost.plus_seconds(MAX_IDLE_SECONDS - 1)));
        assert!(!sessions.touch(&id, almost.plus_seconds(3 * MAX_IDLE_SECONDS)));
        assert!(!sessions.touch("", start));
    }

    #[test]
    fn the_longest_unused_session_makes_room() {
        let mut sessions = Sessions::default();
        let at = |seconds| Timestamp::MIN.plus_seconds(seconds);
        let ids: Vec<_> = (0..MAX_SESSIONS as i64).map(|second| sessions.begin(at(second)).unwrap()).collect();
        assert!(sessions.touch(&ids[0], at(100)));
        sessions.begin(at(101)).unwrap();
        assert_eq!(sessions.0.len(), MAX_SESSIONS);
        assert!(sessions.touch(&ids[0], at(102)));
        assert!(!sessions.touch(&ids[1], at(102)));
    }
}
