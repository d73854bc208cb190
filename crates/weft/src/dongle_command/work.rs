//! `weft dongle scan`, `listen`, `join` and `leave`: the wish, and what comes of it.

use super::arguments::{JoinArguments, ListenArguments, ScanArguments, Wanted};
use super::door::Door;
use super::{table, words};
use crate::output::{print, tell};
use crate::text::{columns, wrap};
use crate::{WrongUsage, ask, network};
use anyhow::{Context, Result, bail};
use std::time::Duration;
use weft_model::{Airtime, DongleMode, DongleView, ExtendedPanId, NetworkWays, OwnNodeState};

/// A dongle that is there is on another channel by then.
const LISTENS_WITHIN: Duration = Duration::from_secs(10);
/// A radio that listens has taken up another wish by then.
const SETTLES_WITHIN: Duration = Duration::from_secs(3);
/// Two rounds of looking for a parent, and the channel looked for before.
const ATTACHES_WITHIN: Duration = Duration::from_secs(60);
/// The goodbye is said more than once.
const LEAVES_WITHIN: Duration = Duration::from_secs(20);
/// A scan that was wished for has begun by then, and one that was broken off is not taken up again after.
const SCAN_GRACE: Duration = Duration::from_secs(5);
/// Channels of the band.
const CHANNELS: u32 = 16;

/// `weft dongle scan`.
pub(super) fn scan(door: &Door, wish: &ScanArguments, prints: bool) -> Result<()> {
    let before = door.view()?.scan.map(|scan| scan.taken_at);
    let begun = door.scan(wish.dwell)?;
    let dwell = Duration::from_millis(begun.scanning.map(|scan| scan.dwell_milliseconds).or(wish.dwell).unwrap_or(3_000));
    tell(format!(
        "all channels are gone through, {} ms on each; the dongle is deaf on its own meanwhile",
        dwell.as_millis()
    ));
    // The radio needs time beside listening: to go from one channel to the next, to measure.
    let within = 2 * CHANNELS * dwell + 6 * SCAN_GRACE;
    let mut last_seen = Duration::ZERO;
    let done = network::until(within, |waited| {
        let view = door.view()?;
        if view.scanning.is_some() {
            last_seen = waited;
        } else if let Some(scan) = view.scan.clone().filter(|scan| Some(scan.taken_at) != before) {
            return Ok(Some(scan));
        } else if waited.saturating_sub(last_seen) >= SCAN_GRACE {
            bail!("the scan came to nothing: the dongle {}. {}", words::doing(&view), reason(&view));
        }
        Ok(None)
    })?;
    let scan = done.with_context(|| format!("the scan is not over after {} s; `weft dongle` shows how it goes on", within.as_secs()))?;
    if prints {
        print(|output| output.write_all(table::channels(&scan.channels).as_bytes()))?;
    }
    Ok(())
}

/// `weft dongle listen`.
pub(super) fn listen(door: &Door, ListenArguments { channel: Wanted(channel) }: &ListenArguments) -> Result<()> {
    let before = door.view()?;
    door.listen(*channel)?;
    let settled = network::until(LISTENS_WITHIN, |waited| {
        let view = door.view()?;
        let is_settled = match (view.mode, channel) {
            (DongleMode::Listening, Some(wanted)) => view.channel == Some(*wanted),
            (DongleMode::Searching, None) => true,
            // It was found at once, or this is still the channel of before.
            (DongleMode::Listening, None) => view.since != before.since || waited >= SETTLES_WITHIN,
            _ => false,
        };
        Ok(is_settled.then_some(view))
    })?;
    match settled {
        Some(view) => tell(format!("the dongle {}", words::doing(&view))),
        None => {
            let view = door.view()?;
            bail!("that is kept, but the dongle {}. {}", words::doing(&view), reason(&view))
        }
    }
    Ok(())
}

/// `weft dongle join`.
pub(super) fn join(door: &Door, wish: &JoinArguments) -> Result<()> {
    let view = door.view()?;
    let (network, ways) = meant(door, &wish.network)?;
    let name = ways.as_ref().and_then(|ways| ways.name.clone()).unwrap_or_else(|| network.to_string());
    if let Some(node) = view.node.as_ref().filter(|node| node.extended_pan_id == network) {
        tell(format!("the dongle is a node of {name} already, and {}", words::standing(node.state)));
        return Ok(());
    }
    tell(wrap(&costs(&name, ways.as_ref()), "", columns()));
    if !wish.yes {
        match ask::yes(&format!("Take part in {name}?"))? {
            Some(true) => {}
            Some(false) => bail!("nothing was done: the dongle goes on as it was"),
            None => {
                let would = format!("the dongle would take part in {name}; nobody can be asked here, so say it with --yes");
                return Err(WrongUsage(would).into());
            }
        }
    }
    door.join(network)?;
    let mut told = None;
    let attached = network::until(ATTACHES_WITHIN, |_| {
        let Some(node) = door.view()?.node else { return Ok(None) };
        if told != Some(node.state) {
            tell(&node.detail);
            told = Some(node.state);
        }
        Ok((node.state == OwnNodeState::Attached).then_some(()))
    })?;
    if attached.is_some() {
        tell("`weft dongle` shows how it goes on; `weft dongle leave` ends it");
        return Ok(());
    }
    let view = door.view()?;
    let why = view.node.as_ref().map_or_else(|| reason(&view), |node| &node.detail);
    bail!("no router has taken it as its child yet. {why} It is tried on, after a restart too, until `weft dongle leave`")
}

/// `weft dongle leave`.
pub(super) fn leave(door: &Door) -> Result<()> {
    door.leave()?;
    let left = network::until(LEAVES_WITHIN, |_| {
        let view = door.view()?;
        Ok(view.node.is_none().then_some(view))
    })?;
    match left {
        Some(view) => tell(format!("the dongle takes part in no mesh any more, and {}", words::doing(&view))),
        None => bail!("it is still saying goodbye; `weft dongle` shows how it goes on"),
    }
    Ok(())
}

/// The network that a person means, and what the service knows of it. Its extended PAN ID is enough.
fn meant(door: &Door, wanted: &str) -> Result<(ExtendedPanId, Option<NetworkWays>)> {
    let networks = match (door.networks(), wanted.trim().parse()) {
        (Ok(networks), _) => networks,
        // A service may have a dongle and ask no networks.
        (Err(_), Ok(network)) => return Ok((network, None)),
        (Err(error), Err(_)) => return Err(error.context("only the service knows networks by name; their extended PAN ID is always understood")),
    };
    let network = network::meant(wanted, &networks)?;
    let ways = networks.networks.into_iter().find(|ways| ways.extended_pan_id == Some(network));
    Ok((network, ways))
}

/// What taking part costs, said before.
fn costs(name: &str, ways: Option<&NetworkWays>) -> String {
    let budget = ways.map_or_else(String::new, |ways| {
        let taken = match ways.airtime_last_hour {
            Airtime { frames: 0, .. } => String::new(),
            Airtime { frames, .. } => format!(" (about {frames} in the last hour)"),
        };
        format!(", {} frames an hour at most{taken}", ways.frames_per_hour)
    });
    format!(
        "Taking part in {name} is no longer only listening. The dongle becomes a child of one router, takes one of its places for children, and sends: about 10 frames to \
         find a parent, one a minute to keep it, and the questions to the mesh{budget}; about 170 for one sweep of 20 devices. It hears only what is for it or for everybody then, \
         so links are no longer seen from the air. Other devices notice nothing."
    )
}

fn reason(view: &DongleView) -> &str {
    view.last_error.as_deref().unwrap_or(&view.detail)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_taking_part_costs_is_said_with_the_budget() {
        let ways = NetworkWays {
            extended_pan_id: None,
            name: None,
            credential: None,
            paths: Vec::new(),
            airtime_last_hour: Airtime { frames: 340, bytes: 9 },
            frames_per_hour: 6000,
        };
        let said = costs("Home", Some(&ways));
        for expected in [
            "one of its places for children",
            "6000 frames an hour at most (about 340 in the last hour)",
            "10 frames",
        ] {
            assert!(said.contains(expected), "{expected}: {said}");
        }
        assert!(!costs("Home", None).contains("at most"));
    }
}
