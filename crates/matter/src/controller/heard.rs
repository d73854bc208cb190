//! What came from which address outside any session, and where nothing can be sent.
//!
//! `rs-matter` tells only that a handshake failed. Why is told by status reports that any observer on the path can read, and by the operating system.

use super::plain::StatusReport;
use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::net::{IpAddr, SocketAddr};

/// Most addresses that are remembered; the one that was silent for longest is forgotten.
const MAX_ADDRESSES: usize = 512;

/// Most addresses of one node that are tried.
const MAX_ADDRESSES_OF_A_NODE: usize = 8;

/// A moment in the order of what was heard: take one before a conversation, ask with it afterwards.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Mark(u64);

#[derive(Default)]
struct Entry {
    anything: Option<Mark>,
    status: Option<(Mark, StatusReport)>,
    unreachable: Option<Mark>,
}

impl Entry {
    fn latest(&self) -> Option<Mark> {
        let status = self.status.as_ref().map(|(mark, _)| *mark);
        self.anything.max(status).max(self.unreachable)
    }
}

/// See the module. Of one shard, on the controller's thread.
#[derive(Default)]
pub(crate) struct Heard {
    next: Cell<u64>,
    by_address: RefCell<BTreeMap<SocketAddr, Entry>>,
}

impl Heard {
    /// Now.
    pub(crate) fn mark(&self) -> Mark {
        let mark = Mark(self.next.get());
        self.next.set(mark.0 + 1);
        mark
    }

    /// The last unsecured status report from this address since then.
    pub(crate) fn status(&self, address: SocketAddr, since: Mark) -> Option<StatusReport> {
        let all = self.by_address.borrow();
        let (mark, status) = all.get(&plain(address))?.status?;
        (mark > since).then_some(status)
    }

    /// True where anything unsecured came from this address since then: somebody is there, and works at it.
    pub(crate) fn anything(&self, address: SocketAddr, since: Mark) -> bool {
        self.by_address
            .borrow()
            .get(&plain(address))
            .is_some_and(|entry| entry.anything.is_some_and(|mark| mark > since))
    }

    /// True where something could not be sent to this address since then, and nothing came from there afterwards.
    pub(crate) fn unreachable(&self, address: SocketAddr, since: Mark) -> bool {
        self.by_address
            .borrow()
            .get(&plain(address))
            .is_some_and(|entry| entry.unreachable.is_some_and(|mark| mark > since))
    }

    pub(super) fn note(&self, address: SocketAddr, status: Option<StatusReport>) {
        let mark = self.mark();
        self.change(address, |entry| {
            entry.anything = Some(mark);
            entry.unreachable = None;
            if let Some(status) = status {
                entry.status = Some((mark, status));
            }
        });
    }

    pub(super) fn note_unreachable(&self, address: SocketAddr) {
        let mark = self.mark();
        self.change(address, |entry| entry.unreachable = Some(mark));
    }

    fn change(&self, address: SocketAddr, change: impl FnOnce(&mut Entry)) {
        let mut all = self.by_address.borrow_mut();
        let address = plain(address);
        if !all.contains_key(&address) && all.len() >= MAX_ADDRESSES {
            let oldest = all.iter().min_by_key(|(_, entry)| entry.latest()).map(|(address, _)| *address);
            oldest.map(|address| all.remove(&address));
        }
        change(all.entry(address).or_default());
    }
}

/// An address as it is compared: IPv4 as such, scope only where it means something, no flow label.
pub(crate) fn plain(address: SocketAddr) -> SocketAddr {
    match address {
        SocketAddr::V4(_) => address,
        SocketAddr::V6(v6) => match IpAddr::V6(*v6.ip()).to_canonical() {
            ip @ IpAddr::V4(_) => SocketAddr::new(ip, v6.port()),
            ip @ IpAddr::V6(_) if !v6.ip().is_unicast_link_local() => SocketAddr::new(ip, v6.port()),
            IpAddr::V6(ip) => std::net::SocketAddrV6::new(ip, v6.port(), 0, v6.scope_id()).into(),
        },
    }
}

/// The addresses of one node as they are compared, each once, no more than [`MAX_ADDRESSES_OF_A_NODE`].
pub(crate) fn usable(addresses: &[SocketAddr]) -> Vec<SocketAddr> {
    let mut all = Vec::new();
    for address in addresses.iter().copied().map(plain) {
        if !all.contains(&address) && all.len() < MAX_ADDRESSES_OF_A_NODE {
            all.push(address);
        }
    }
    all
}

/// Addresses as people read them.
pub(crate) fn list(addresses: &[SocketAddr]) -> String {
    addresses.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    const BUSY: StatusReport = StatusReport {
        general: 8,
        protocol: 0,
        code: StatusReport::BUSY,
    };

    fn address(text: &str) -> SocketAddr {
        text.parse().unwrap()
    }

    #[test]
    fn only_what_came_since_is_told() {
        let heard = Heard::default();
        let (here, there) = (address("[fd00::1]:5540"), address("[fd00::2]:5540"));
        let before = heard.mark();
        heard.note(here, Some(BUSY));
        let after = heard.mark();
        assert_eq!(heard.status(here, before), Some(BUSY));
        assert_eq!(heard.status(here, after), None);
        assert_eq!(heard.status(there, before), None);
        assert!(heard.anything(here, before) && !heard.anything(here, after));
    }

    #[test]
    fn an_address_that_answers_is_reachable_again() {
        let heard = Heard::default();
        let (here, before) = (address("[fd00::1]:5540"), heard.mark());
        heard.note_unreachable(here);
        assert!(heard.unreachable(here, before) && !heard.unreachable(here, heard.mark()));
        heard.note(here, None);
        assert!(!heard.unreachable(here, before));
    }

    #[test]
    fn the_same_place_is_the_same_address() {
        assert_eq!(plain(address("[::ffff:192.0.2.1]:5540")), address("192.0.2.1:5540"));
        assert_eq!(plain(address("[fd00::1%3]:5540")), address("[fd00::1]:5540"));
        assert_eq!(plain(address("[fe80::1%3]:5540")), address("[fe80::1%3]:5540"));
    }

    #[test]
    fn each_address_is_tried_once_and_not_too_many() {
        let of = |port| SocketAddr::from(([192, 0, 2, 1], port));
        let mut given = vec![of(1), address("[::ffff:192.0.2.1]:1")];
        given.extend((1..30).map(of));
        assert_eq!(usable(&given), (1..=8).map(of).collect::<Vec<_>>());
    }

    #[test]
    fn a_flood_of_addresses_is_bounded() {
        let heard = Heard::default();
        let before = heard.mark();
        for port in 0..2_000 {
            heard.note(SocketAddr::from(([192, 0, 2, 1], port)), Some(BUSY));
        }
        assert_eq!(heard.by_address.borrow().len(), MAX_ADDRESSES);
        assert_eq!(heard.status(address("192.0.2.1:1999"), before), Some(BUSY));
    }
}
