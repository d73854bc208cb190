//! Bytes and JSON of foreign programs to facts and back.
//!
//! Every decoder here is pure, bounded in size and depth, and total: it returns the facts that it understood *and* the
//! problems that it met. A broken TLV costs that TLV, not the answer. Unknown types and values are kept as such.

mod crc16;
pub mod dns;
pub mod hdlc;
pub mod ieee802154;
pub mod link_security;
pub mod lowpan;
pub mod matter;
pub mod meshcop;
pub mod mle;
pub mod otbr;
pub mod pcap;
mod reader;
pub mod spinel;
pub mod tmf;

pub use reader::{Problem, Reader};

use weft_model::{Fact, FactKind};

/// What a decoder made of one piece of foreign data.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Decoded {
    /// Statements that were understood, in the order of the data.
    pub facts: Vec<Fact>,
    /// What was not understood, and where.
    pub problems: Vec<Problem>,
    /// Kinds of facts that lack a part of what the device said (a row that could not be read, data that was cut off).
    /// What such a fact says is so; what it does not say means nothing: it supersedes nothing. Each kind once.
    pub incomplete: Vec<FactKind>,
}

impl Decoded {
    /// Adds a fact.
    pub fn fact(&mut self, fact: Fact) {
        self.facts.push(fact);
    }

    /// Adds a problem.
    pub fn problem(&mut self, problem: Problem) {
        self.problems.push(problem);
    }

    /// Tells that the fact of this kind lacks something.
    pub fn mark_incomplete(&mut self, kind: FactKind) {
        if !self.incomplete.contains(&kind) {
            self.incomplete.push(kind);
        }
    }

    /// Adds everything of `other`.
    pub fn extend(&mut self, other: Decoded) {
        self.facts.extend(other.facts);
        self.problems.extend(other.problems);
        for kind in other.incomplete {
            self.mark_incomplete(kind);
        }
    }
}
