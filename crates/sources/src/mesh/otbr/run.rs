//! One attempt under way: every answer becomes evidence, the dataset comes first, and radio time is counted.

use super::base::Base;
use super::http::{Answer, Client, JSON, TEXT};
use super::tally::Tally;
use super::types::Vocabulary;
use super::{Memory, Pace, dataset, probe, words};
use crate::clock;
use crate::event::CaptureSender;
use crate::mesh::way::WayFailure;
use std::net::Ipv6Addr;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;
use weft_evidence::{CaptureBody, FailureCapture, FailureTarget};
use weft_model::{AbilityKind, Airtime, Rloc16, RoutingRole};
use weft_thread::credential::OperationalDataset;
use weft_wire::otbr::{NodeStatement, decode_body};

const NODE: &str = "/node";
const API_NODE: &str = "/api/node";
const DATASET: &str = "/node/dataset/active";

/// The hub gives an attempt up after three minutes, and what it brought with it: a large mesh behind a slow border router is asked in part.
const LONGEST: Duration = Duration::from_secs(150);

/// See the module.
pub(super) struct Run<'a> {
    pub client: &'a Client,
    sender: &'a CaptureSender,
    memory: &'a Mutex<Memory>,
    pub pace: Pace,
    max_frames: u32,
    /// Nothing more is begun after this moment.
    until: Duration,
    /// That was so, and not everybody was asked.
    is_late: bool,
    /// Its radio time is told elsewhere.
    pub is_told: bool,
    /// Routers that answered or were named the last time.
    pub expected: Vec<Rloc16>,
    pub tally: Tally,
    pub abilities: Vec<(AbilityKind, bool, Option<String>)>,
    pub dataset: Option<OperationalDataset>,
    pub product: Option<String>,
}

impl<'a> Run<'a> {
    pub fn new(client: &'a Client, sender: &'a CaptureSender, memory: &'a Mutex<Memory>, pace: Pace, max_frames: u32, expected: Vec<Rloc16>) -> Self {
        let product = memory.lock().unwrap_or_else(PoisonError::into_inner).product.clone();
        Self {
            client,
            sender,
            memory,
            pace,
            max_frames,
            until: clock::running_for() + LONGEST,
            is_late: false,
            is_told: false,
            expected,
            tally: Tally::default(),
            abilities: Vec::new(),
            dataset: None,
            product,
        }
    }

    pub fn base(&self) -> &Base {
        self.client.base()
    }

    /// Runs it to its end. What was heard before a failure stays heard.
    pub async fn everything(&mut self) -> Result<(), WayFailure> {
        let (is_api, state) = self.who().await?;
        self.fetch_dataset().await?;
        if let Some(state) = state {
            return Err(words::not_running(self.base(), state));
        }
        let is_done = if is_api { super::api::run(self).await? } else { false };
        if !is_done {
            super::legacy::run(self).await?;
        }
        let left_out = self.with_memory(|memory| memory.vocabulary.left_out());
        let mut remarks = Vec::new();
        if self.is_late {
            remarks.push(format!(
                "It was stopped early: this border router answers so slowly that not everybody could be asked within {} s.",
                LONGEST.as_secs()
            ));
        } else if self.tally.cut_short {
            remarks.push("It was stopped early: more questions would have taken more radio time than is allowed at the moment.".to_owned());
        }
        if is_done && !left_out.is_empty() {
            remarks.push(format!("It refuses to be asked for {}.", left_out.join(", ")));
        }
        self.abilities.push((
            AbilityKind::Diagnostics,
            true,
            Some(remarks.join(" ")).filter(|remark| !remark.is_empty()),
        ));
        Ok(())
    }

    /// Asks the border router who it is, and in which state. The bool: it has the JSON:API.
    async fn who(&mut self) -> Result<(bool, Option<&'static str>), WayFailure> {
        // `/node` is answered by the stack at that moment, in every generation; `/api/node` is a cache.
        let node = self.get(NODE, None).await?;
        let node_generation = probe::generation_of(&node);
        if node_generation.is_none() && node.status != 404 {
            return Err(words::not_the_api(self.base(), &node));
        }
        let api = self.get(API_NODE, Some(super::http::JSON_API)).await?;
        let generation = probe::generation_of(&api);
        let Some(best) = generation.max(node_generation) else {
            return Err(words::not_the_api(self.base(), &node));
        };
        if self.product.is_none() {
            let well_known = self.get(probe::WELL_KNOWN, None).await?;
            let product = probe::product_of(&well_known).unwrap_or_else(|| probe::product_by(best));
            self.with_memory(|memory| memory.product = Some(product.clone()));
            self.product = Some(product);
        }
        for answer in [&api, &node] {
            for statement in statements(answer) {
                self.tally.own(&statement);
            }
        }
        let state = match self.tally.role {
            Some(RoutingRole::Detached) => Some(if says_disabled(&node) { "disabled" } else { "detached" }),
            _ => None,
        };
        Ok((generation.is_some(), state))
    }

    /// Fetches the active dataset. Its answer is captured with the keys blanked, or not at all.
    async fn fetch_dataset(&mut self) -> Result<(), WayFailure> {
        for accept in [TEXT, JSON] {
            let answer = self
                .client
                .get(DATASET, Some(accept))
                .await
                .map_err(|trouble| words::no_answer(self.base(), &trouble))?;
            // `capture` blanks; what is sent holds no key.
            self.deliver(answer.capture(self.base())).await?;
            let (works, detail) = match answer.status {
                204 => (false, "It has none: it is in no network.".to_owned()),
                200 => match dataset::read(&answer) {
                    Ok(dataset) => {
                        self.tally.network = self.tally.network.or(dataset.public().extended_pan_id);
                        self.dataset = Some(dataset);
                        self.abilities.push((AbilityKind::Dataset, true, None));
                        return Ok(());
                    }
                    Err(error) => (false, format!("What it answered is no dataset: {error}.")),
                },
                status => (false, format!("It answered with HTTP {status}.")),
            };
            if accept == JSON || answer.status == 204 {
                self.abilities.push((AbilityKind::Dataset, works, Some(detail)));
                return Ok(());
            }
        }
        Ok(())
    }

    /// Asks, and keeps the answer as evidence.
    pub async fn get(&self, path: &str, accept: Option<&'static str>) -> Result<Answer, WayFailure> {
        let answer = self
            .client
            .get(path, accept)
            .await
            .map_err(|trouble| words::no_answer(self.base(), &trouble))?;
        self.keep(&answer).await?;
        Ok(answer)
    }

    /// Keeps an answer as evidence.
    pub async fn keep(&self, answer: &Answer) -> Result<(), WayFailure> {
        self.deliver(answer.capture(self.base())).await
    }

    async fn deliver(&self, capture: CaptureBody) -> Result<(), WayFailure> {
        self.sender
            .deliver(capture)
            .await
            .map_err(|_| WayFailure::Failed("Weft is ending.".to_owned()))
    }

    /// Notes that a router was asked in vain.
    pub async fn silent(&self, router: Option<Ipv6Addr>, error: String) -> Result<(), WayFailure> {
        // Without a mesh-local prefix, nothing names it.
        let Some(address) = router else { return Ok(()) };
        self.deliver(CaptureBody::Failure(FailureCapture {
            target: FailureTarget::ThreadNode {
                extended_pan_id: self.tally.network,
                address,
            },
            attempt: format!("network diagnostics through {}", self.base()),
            error,
        }))
        .await
    }

    /// True where so much more radio time may be taken, and time is left; else the attempt is marked as cut short.
    pub fn may_take(&mut self, more: Airtime) -> bool {
        self.is_late |= clock::running_for() >= self.until;
        let may = !self.is_late && self.tally.airtime.plus(more).frames <= self.max_frames;
        self.tally.cut_short |= !may;
        may
    }

    pub fn vocabulary(&self) -> Vocabulary {
        self.with_memory(|memory| memory.vocabulary.clone())
    }

    pub fn with_memory<T>(&self, with: impl FnOnce(&mut Memory) -> T) -> T {
        with(&mut self.memory.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// Radio time counts for attempts too that fail or are dropped.
impl Drop for Run<'_> {
    fn drop(&mut self) {
        if !self.is_told {
            let airtime = self.tally.airtime;
            self.with_memory(|memory| memory.spent = memory.spent.plus(airtime));
        }
    }
}

/// What a successful answer says of devices.
pub(super) fn statements(answer: &Answer) -> Vec<NodeStatement> {
    match answer.json() {
        Some(body) if answer.is_success() => decode_body(&answer.path, &body).nodes,
        _ => Vec::new(),
    }
}

fn says_disabled(node: &Answer) -> bool {
    node.json().is_some_and(|body| {
        body.as_object().is_some_and(|object| {
            object
                .iter()
                .any(|(key, value)| key.eq_ignore_ascii_case("state") && value.as_str() == Some("disabled"))
        })
    })
}
