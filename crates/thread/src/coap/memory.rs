//! What peers sent lately, and what was answered: a message that comes again is answered again and not told again (RFC 7252, 4.5).

use std::collections::{BTreeMap, VecDeque};
use std::time::Duration;

/// For how long a message id may come again: EXCHANGE_LIFETIME (RFC 7252, 4.8.2).
pub(super) const LIFETIME: Duration = Duration::from_secs(247);
/// The most ids that are remembered of one peer: none can push out what others sent.
pub(super) const MAX_IDS_PER_PEER: usize = 32;
/// The most peers of which ids are remembered: more than a mesh has nodes. The one that was silent longest is forgotten.
pub(super) const MAX_PEERS: usize = 1_024;

/// A message that came.
struct Heard {
    at: Duration,
    id: u16,
    token: Vec<u8>,
    /// What was sent back.
    reply: Option<Vec<u8>>,
}

/// Memory of peers.
pub(super) struct Memory<P> {
    peers: BTreeMap<P, VecDeque<Heard>>,
}

impl<P: Ord + Clone> Memory<P> {
    pub(super) fn new() -> Self {
        Self { peers: BTreeMap::new() }
    }

    /// What was sent back when this message came before; `None` if it is new. The token is compared too: a node that began anew may use an id twice.
    pub(super) fn reply(&mut self, peer: &P, id: u16, token: &[u8], now: Duration) -> Option<Option<Vec<u8>>> {
        let heard = self.peers.get_mut(peer)?;
        while heard.front().is_some_and(|first| first.at + LIFETIME <= now) {
            heard.pop_front();
        }
        heard
            .iter()
            .find(|heard| heard.id == id && heard.token == token)
            .map(|heard| heard.reply.clone())
    }

    /// Remembers a new message and what is sent back.
    pub(super) fn keep(&mut self, peer: &P, id: u16, token: &[u8], reply: Option<Vec<u8>>, now: Duration) {
        if self.peers.len() >= MAX_PEERS && !self.peers.contains_key(peer) {
            self.forget_one();
        }
        let heard = self.peers.entry(peer.clone()).or_default();
        if heard.len() >= MAX_IDS_PER_PEER {
            heard.pop_front();
        }
        heard.push_back(Heard {
            at: now,
            id,
            token: token.to_vec(),
            reply,
        });
    }

    fn forget_one(&mut self) {
        let last_heard = |heard: &VecDeque<Heard>| heard.back().map(|last| last.at);
        let longest_silent = self.peers.iter().min_by_key(|(_, heard)| last_heard(heard)).map(|(peer, _)| peer.clone());
        if let Some(peer) = longest_silent {
            self.peers.remove(&peer);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const START: Duration = Duration::from_secs(10);

    #[test]
    fn an_id_is_forgotten_after_its_lifetime() {
        let mut memory = Memory::new();
        memory.keep(&1, 7, &[1], Some(vec![9]), START);
        memory.keep(&1, 8, &[1], None, START);
        assert_eq!(memory.reply(&1, 7, &[1], START), Some(Some(vec![9])));
        assert_eq!(memory.reply(&1, 8, &[1], START), Some(None));
        assert_eq!(memory.reply(&1, 7, &[2], START), None);
        assert_eq!(memory.reply(&2, 7, &[1], START), None);
        assert_eq!(memory.reply(&1, 7, &[1], START + LIFETIME), None);
    }

    #[test]
    fn memory_is_bounded_and_none_pushes_out_another() {
        let mut memory = Memory::new();
        memory.keep(&0, 7, &[], None, START);
        for id in 0..1_000 {
            memory.keep(&1, id, &[], None, START);
        }
        assert_eq!(memory.peers[&1].len(), MAX_IDS_PER_PEER);
        assert_eq!(memory.reply(&0, 7, &[], START), Some(None));
        for peer in 2..5_000 {
            memory.keep(&peer, 7, &[], None, START + Duration::from_secs(1));
        }
        assert_eq!(memory.peers.len(), MAX_PEERS);
        assert_eq!(memory.reply(&4_999, 7, &[], START), Some(None));
    }
}
