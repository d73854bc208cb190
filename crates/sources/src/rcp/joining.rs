//! The wish to take part in a mesh, and the node that does: begun, replaced and ended as the wish changes.

use super::member::{Member, News};
use super::state::Shared;
use crate::clock;
use std::time::Duration;
use weft_model::{ExtendedPanId, OwnNodeState, OwnNodeView};
use weft_thread::rcp::{Listening, Radio, RadioFrame};

/// What was wanted when it was last looked.
#[derive(Default)]
pub(super) struct Joining {
    member: Option<Member>,
    /// A network that is wanted, and of which Weft has no whole dataset; and the view of its node.
    waits_for: Option<ExtendedPanId>,
    stuck: Option<OwnNodeView>,
    generation: Option<u64>,
    is_ending: bool,
    news: Vec<News>,
}

impl Joining {
    /// The node, where there is one.
    pub(super) fn member(&mut self) -> Option<&mut Member> {
        self.member.as_mut()
    }

    pub(super) fn hear(&mut self, frame: &RadioFrame, shared: &Shared, now: Duration) {
        if let Some(member) = &mut self.member {
            member.hear(frame, shared, now);
        }
    }

    pub(super) fn radio_lost(&mut self, now: Duration) {
        if let Some(member) = &mut self.member {
            member.radio_lost(now);
        }
    }

    /// The source runs anew.
    pub(super) fn begin(&mut self) {
        self.is_ending = false;
        self.generation = None;
    }

    /// The service ends: the node says goodbye. True when there is none any more.
    pub(super) fn end(&mut self, now: Duration) -> bool {
        self.is_ending = true;
        if let Some(member) = &mut self.member {
            member.leave(now);
        }
        self.member.is_none()
    }

    pub(super) fn take_news(&mut self) -> Vec<News> {
        std::mem::take(&mut self.news)
    }

    /// Does what is wanted and what is due. `radio` is there while the port is open.
    pub(super) fn turn(&mut self, mut radio: Option<&mut Radio>, port: Option<&str>, shared: &Shared, now: Duration) {
        let (network, membership, generation) = shared.with_wanted(|wanted| (wanted.network, wanted.membership.clone(), wanted.generation));
        let has_membership = membership.is_some();
        if let Some(member) = &mut self.member {
            if member.generation != generation {
                member.leave(now);
            }
            member.turn(radio.as_deref_mut(), shared, now);
            self.news.extend(member.take_news());
            if member.is_over(now) {
                let left = member.channel();
                self.member = None;
                if let Some(radio) = &mut radio {
                    // It would look for a network on all channels, and has just been on the channel of one. A radio that does not have it was not on it.
                    if matches!(radio.listening(), Listening::Search { .. }) {
                        let _ = radio.listen(Listening::Channel(left), now);
                    }
                    radio.take_part(None, now);
                }
            }
        }
        if let (None, false, Some(membership), Some(folder)) = (&self.member, self.is_ending, membership, &shared.folder) {
            let mut member = Member::new(membership, generation, folder.clone(), now);
            member.turn(radio, shared, now);
            self.member = Some(member);
        }
        let is_taken = self.generation == Some(generation);
        self.generation = Some(generation);
        let waits_for = network.filter(|_| !has_membership && self.member.is_none());
        if self.waits_for != waits_for {
            self.waits_for = waits_for;
            self.stuck = waits_for.and_then(|network| stuck(network, shared));
            self.show(shared, now);
        }
        let standing = self.member.as_ref().map(|member| member.standing(port));
        shared.standing.send_if_modified(|known| {
            let differs = *known != standing;
            *known = standing;
            differs
        });
        if !is_taken {
            self.show(shared, now);
            shared.took_wanted(generation);
        }
    }

    /// Shows where the node stands.
    pub(super) fn show(&self, shared: &Shared, now: Duration) {
        let node = self.member.as_ref().map(|member| member.view(now)).or_else(|| self.stuck.clone());
        shared.change(|view| view.node = node);
    }

    pub(super) fn deadline(&self, now: Duration) -> Option<Duration> {
        self.member.as_ref()?.deadline(now)
    }
}

/// A node that is wanted, and whose network's dataset Weft does not have (any more).
fn stuck(network: ExtendedPanId, shared: &Shared) -> Option<OwnNodeView> {
    let extended_address = shared.folder.as_ref()?.last_address(network)?;
    Some(OwnNodeView {
        extended_pan_id: network,
        network_name: None,
        extended_address,
        state: OwnNodeState::NoDataset,
        since: clock::now(),
        detail: format!("Weft has no whole dataset of network {network} any more: enter it again, and it takes part; or have it leave."),
        rloc16: None,
        parent: None,
        partition_id: None,
        frames_sent: 0,
        frames_lost: 0,
        routers: Vec::new(),
    })
}
