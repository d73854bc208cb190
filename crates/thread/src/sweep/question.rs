//! What is asked. Every byte of an answer is sent once for each hop, by everybody: only what the map is made of is asked for.
//!
//! - Of everybody: who it is (0, 1, 2), its routes (4, 5, 6), its addresses (8, by which services on the LAN find their device), its children with
//!   their addresses (29, 30) and neighbours (31), and, for firmware before Thread 1.4, which knows none of the three, its child table (16).
//! - What hardly ever changes: the longest timeout of a child (19), EUI-64 (23), version (24), vendor, model, software, stack (25 to 28). Some 130 bytes
//!   together: [`Questions::brief`] leaves them out.
//! - Network data (7) is the same everywhere: only the relay is asked for it. It costs no radio time there.
//! - Not asked: MAC and MLE counters (9, 34; 110 bytes), the enhanced route (37: it repeats 5 and 31), timeouts and batteries (3, 14, 15: they
//!   belong to sleepy devices, which are not asked), channel pages (17).
//!
//! What a device does not know it leaves out (OpenThread `src/core/thread/network_diagnostic.cpp`, `AppendDiagTlv`).

use weft_wire::tmf::number;

/// Of everybody, each time.
const OFTEN: &[u8] = &[
    number::EXTENDED_ADDRESS,
    number::ADDRESS16,
    number::MODE,
    number::CONNECTIVITY,
    number::ROUTE64,
    number::LEADER_DATA,
    number::IPV6_ADDRESSES,
    number::CHILD_TABLE,
];
/// What hardly ever changes.
const SELDOM: &[u8] = &[
    number::MAX_CHILD_TIMEOUT,
    number::EUI64,
    number::VERSION,
    number::VENDOR_NAME,
    number::VENDOR_MODEL,
    number::VENDOR_SOFTWARE_VERSION,
    number::STACK_VERSION,
];
/// Lists, which only answers to queries have. They come last: what a first part says is who speaks, and whom it knows.
const LISTS: &[u8] = &[number::CHILD, number::CHILD_ADDRESSES, number::ROUTER_NEIGHBOR];

/// How a router is asked by unicast.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Kind {
    /// `d/dq`: answered in parts, with lists.
    Query,
    /// `d/dg`: answered at once, without lists.
    Get,
}

impl Kind {
    pub(super) const fn uri(self) -> &'static str {
        match self {
            Kind::Query => "d/dq",
            Kind::Get => "d/dg",
        }
    }

    /// What a note of a question in vain calls it.
    pub(super) const fn attempt(self) -> &'static str {
        match self {
            Kind::Query => "network diagnostics (unicast query, d/dq)",
            Kind::Get => "network diagnostics (unicast request, d/dg)",
        }
    }
}

/// The TLV types that a sweep asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Questions {
    /// Without what hardly ever changes.
    pub(super) brief: bool,
    /// Nobody is asked for network data but the relay; without a relay, everybody is.
    pub(super) has_relay: bool,
}

impl Questions {
    /// Types to ask for, in the order of the answers.
    pub(super) fn types(self, kind: Kind, is_relay: bool) -> Vec<u8> {
        let mut types = OFTEN.to_vec();
        if is_relay || !self.has_relay {
            types.push(number::NETWORK_DATA);
        }
        if !self.brief {
            types.extend(SELDOM);
        }
        if kind == Kind::Query {
            types.extend(LISTS);
        }
        types
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_relay_is_asked_for_network_data_and_only_queries_for_lists() {
        let questions = Questions {
            brief: false,
            has_relay: true,
        };
        let (all, relay) = (questions.types(Kind::Query, false), questions.types(Kind::Query, true));
        assert!(!all.contains(&number::NETWORK_DATA) && relay.contains(&number::NETWORK_DATA));
        assert_eq!(all.len() + 1, relay.len());
        assert!(
            LISTS
                .iter()
                .all(|list| all.contains(list) && !questions.types(Kind::Get, false).contains(list))
        );
        let brief = Questions { brief: true, ..questions };
        assert_eq!(brief.types(Kind::Query, false).len() + SELDOM.len(), all.len());
        let alone = Questions {
            has_relay: false,
            ..questions
        };
        assert!(alone.types(Kind::Query, false).contains(&number::NETWORK_DATA));
    }
}
