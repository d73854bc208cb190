//! Devices of a Matter server that are to join Weft's own fabric: which window is to be opened next, and what became of the others. Without IO.

use super::super::Joiner;
use super::super::socket::remark;
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::fmt::Write;
use std::time::Duration;
use weft_model::{CompressedFabricId, MatterNodeId};
use zeroize::Zeroizing;

/// Windows that are open at once: each keeps a device busy, and its radio.
const AT_ONCE: usize = 2;
/// How long a window stays open (Matter core specification 1.4, 11.19.8.1: 180 to 900 s).
pub(super) const WINDOW: Duration = Duration::from_secs(300);
/// A job that began in time may end a little after its window closed.
const GRACE: Duration = Duration::from_secs(90);
/// Failures that are told in words; the rest is counted.
const MAX_TOLD: usize = 3;

/// Why the server did not open a window.
pub(super) enum NotOpened {
    /// It does not know the command: no use in asking for others.
    Unsupported,
    /// This one did not work, in the server's words.
    Failed(String),
}

/// What a person asked for, and where it stands.
#[derive(Default)]
pub(in super::super) struct Adoption {
    wanted: VecDeque<u64>,
    under_way: BTreeMap<u64, Step>,
    joined: BTreeSet<u64>,
    failed: BTreeMap<u64, String>,
}

enum Step {
    Opening,
    Joining { job: u64, until: Duration },
}

impl Adoption {
    /// Queues nodes that are not under way yet; how many.
    pub(in super::super) fn want(&mut self, nodes: impl IntoIterator<Item = u64>) -> u32 {
        if self.wanted.is_empty() && self.under_way.is_empty() {
            *self = Self::default();
        }
        let mut count = 0;
        for node in nodes {
            if !self.under_way.contains_key(&node) && !self.wanted.contains(&node) {
                self.failed.remove(&node);
                self.wanted.push_back(node);
                count += 1;
            }
        }
        count
    }

    /// The next node whose window is to be opened now.
    pub(super) fn next(&mut self) -> Option<u64> {
        if self.under_way.len() >= AT_ONCE {
            return None;
        }
        let node = self.wanted.pop_front()?;
        self.under_way.insert(node, Step::Opening);
        Some(node)
    }

    /// It was joined meanwhile.
    pub(super) fn is_ours(&mut self, node: u64) {
        self.under_way.remove(&node);
        self.joined.insert(node);
    }

    /// What came of a window.
    pub(super) fn opened(&mut self, node: u64, answer: Result<Zeroizing<String>, NotOpened>, joiner: &dyn Joiner, now: Duration) {
        if !matches!(self.under_way.get(&node), Some(Step::Opening)) {
            return;
        }
        match answer.map(|code| joiner.join(code)) {
            Ok(Ok(job)) => {
                let until = now + WINDOW + GRACE;
                self.under_way.insert(node, Step::Joining { job, until });
            }
            Ok(Err(why)) => self.fail(node, remark(&why)),
            Err(NotOpened::Failed(why)) => self.fail(node, format!("no window was opened: {why}")),
            Err(NotOpened::Unsupported) => {
                let why = "the Matter server cannot open commissioning windows; update it";
                self.fail(node, why.to_owned());
                for node in std::mem::take(&mut self.wanted) {
                    self.failed.insert(node, why.to_owned());
                }
            }
        }
    }

    fn fail(&mut self, node: u64, why: String) {
        self.under_way.remove(&node);
        self.failed.insert(node, why);
    }

    /// Asks what became of the jobs. True where something did.
    pub(super) fn follow(&mut self, joiner: &dyn Joiner, now: Duration) -> bool {
        let joining = self.under_way.iter().filter_map(|(node, step)| match step {
            Step::Joining { job, until } => Some((*node, *job, *until)),
            Step::Opening => None,
        });
        let mut news = false;
        for (node, job, until) in joining.collect::<Vec<_>>() {
            match joiner.outcome(job) {
                Some(true) => self.is_ours(node),
                Some(false) => self.fail(node, "it did not join; the list of devices being added says why".to_owned()),
                None if now > until => self.fail(node, "it did not join while its window was open".to_owned()),
                None => continue,
            }
            news = true;
        }
        news
    }

    /// The connection is gone: what was asked for is asked for again.
    pub(in super::super) fn lost(&mut self) {
        let opening: Vec<u64> = self
            .under_way
            .iter()
            .filter(|(_, step)| matches!(step, Step::Opening))
            .map(|(node, _)| *node)
            .collect();
        for node in opening {
            self.under_way.remove(&node);
            self.wanted.push_front(node);
        }
    }

    /// Somebody's outcome is waited for, or could be begun.
    pub(super) fn is_under_way(&self) -> bool {
        !self.under_way.is_empty() || !self.wanted.is_empty()
    }

    /// Where it stands, for the person.
    pub(in super::super) fn words(&self) -> Option<String> {
        let (waiting, under_way) = (self.wanted.len(), self.under_way.len());
        let (joined, failed) = (self.joined.len(), self.failed.len());
        if waiting + under_way + joined + failed == 0 {
            return None;
        }
        let mut words = format!("Joining Weft's own fabric: {joined} joined, {under_way} under way, {waiting} waiting, {failed} failed");
        for (node, why) in self.failed.iter().take(MAX_TOLD) {
            let _ = write!(words, "; node {node}: {why}"); // writing to a String cannot fail
        }
        if failed > MAX_TOLD {
            let _ = write!(words, "; and {} more", failed - MAX_TOLD);
        }
        Some(words)
    }
}

/// Nodes that could join: the server reaches them, and they are not Weft's yet.
pub(in super::super) fn adoptable(joiner: Option<&dyn Joiner>, fabric: Option<CompressedFabricId>, nodes: &BTreeMap<u64, bool>) -> Vec<u64> {
    let (Some(joiner), Some(fabric)) = (joiner, fabric) else {
        return Vec::new();
    };
    let open = nodes.iter().filter(|(_, is_available)| **is_available).map(|(id, _)| *id);
    open.filter(|id| !joiner.has(fabric, MatterNodeId::from_u64(*id))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Mutex;

    const SECONDS: fn(u64) -> Duration = Duration::from_secs;

    #[derive(Default)]
    struct Double {
        codes: Mutex<Vec<String>>,
        outcomes: Mutex<BTreeMap<u64, bool>>,
    }

    impl Joiner for Double {
        fn join(&self, code: Zeroizing<String>) -> Result<u64, String> {
            if code.as_str() == "full" {
                return Err("the fabric has no room".to_owned());
            }
            let mut codes = self.codes.lock().unwrap();
            codes.push(code.to_string());
            Ok(codes.len() as u64)
        }
        fn outcome(&self, job: u64) -> Option<bool> {
            self.outcomes.lock().unwrap().get(&job).copied()
        }
        fn has(&self, _: CompressedFabricId, node: MatterNodeId) -> bool {
            node.as_u64() == 4
        }
    }

    fn code(text: &str) -> Result<Zeroizing<String>, NotOpened> {
        Ok(Zeroizing::new(text.to_owned()))
    }

    #[test]
    fn two_at_once_and_each_outcome_counted() {
        let joiner = Double::default();
        let mut adoption = Adoption::default();
        assert_eq!(adoption.want([1, 2, 3, 5]), 4);
        assert_eq!(adoption.want([3]), 0, "it waits already");
        assert_eq!((adoption.next(), adoption.next(), adoption.next()), (Some(1), Some(2), None));
        adoption.opened(1, code("34970112332"), &joiner, SECONDS(0));
        adoption.opened(2, Err(NotOpened::Failed("Node 2 is not available".to_owned())), &joiner, SECONDS(0));
        assert_eq!(adoption.next(), Some(3));
        adoption.opened(3, code("full"), &joiner, SECONDS(0));
        assert_eq!(adoption.next(), Some(5));
        // The connection breaks before the window was opened.
        adoption.lost();
        assert_eq!(adoption.next(), Some(5));
        adoption.opened(5, code("MT:Y.K90"), &joiner, SECONDS(10));
        assert!(!adoption.follow(&joiner, SECONDS(20)));
        joiner.outcomes.lock().unwrap().insert(1, true);
        assert!(adoption.follow(&joiner, SECONDS(30)));
        assert!(adoption.is_under_way());
        assert!(adoption.follow(&joiner, SECONDS(500)), "nobody ever says what became of the fourth");
        assert!(!adoption.is_under_way());
        let words = adoption.words().unwrap();
        assert_eq!(
            words,
            "Joining Weft's own fabric: 1 joined, 0 under way, 0 waiting, 3 failed; node 2: no window was opened: Node 2 is not available; \
             node 3: the fabric has no room; node 5: it did not join while its window was open"
        );
        assert!(!words.contains("34970112332") && !words.contains("MT:"));
        assert_eq!(*joiner.codes.lock().unwrap(), ["34970112332", "MT:Y.K90"]);
    }

    #[test]
    fn a_server_without_the_command_is_asked_once() {
        let joiner = Double::default();
        let mut adoption = Adoption::default();
        adoption.want([1, 2, 3, 4, 5]);
        let first = adoption.next().unwrap();
        adoption.opened(first, Err(NotOpened::Unsupported), &joiner, SECONDS(0));
        assert_eq!((adoption.next(), adoption.is_under_way()), (None, false));
        let words = adoption.words().unwrap();
        assert!(
            words.contains("5 failed") && words.contains("update it") && words.ends_with("and 2 more"),
            "{words}"
        );
    }

    #[test]
    fn only_what_the_server_reaches_and_is_not_ours_can_join() {
        let nodes = BTreeMap::from([(1, true), (2, false), (4, true)]);
        let fabric = Some(CompressedFabricId([1; 8]));
        assert_eq!(adoptable(Some(&Double::default()), fabric, &nodes), [1]);
        assert!(adoptable(None, fabric, &nodes).is_empty());
        assert!(adoptable(Some(&Double::default()), None, &nodes).is_empty());
    }
}
