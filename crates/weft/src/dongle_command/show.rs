//! `weft dongle`: what it does, what it heard, the node that it is, the last scan.

use super::door::Door;
use super::{table, words};
use crate::output::print;
use crate::text::{age, clean, columns, count, moment, span, wrap};
use anyhow::Result;
use weft_model::{ChannelScan, DongleMode, DongleView, OwnNodeView, RouterFromHere, Timestamp};
use weft_sources::clock;

/// An error that is over is told of for so long after that.
const PAST_SECONDS: i64 = 3600;
/// Columns that what stands beside a name is moved in by.
const BESIDE: usize = 14;

/// Prints how the dongle is doing.
///
/// # Errors
/// Where the service has none, or cannot be asked.
pub(super) fn show(door: &Door) -> Result<()> {
    let view = door.view()?;
    let page = render(&view, &format!("the running service, {door}"), clock::now(), columns());
    print(|output| output.write_all(page.as_bytes()))
}

fn render(view: &DongleView, origin: &str, now: Timestamp, width: usize) -> String {
    let mut page = Page { text: String::new(), width };
    let taking_part = view.node.as_ref().filter(|_| view.mode == DongleMode::TakingPart);
    let since = taking_part
        .map(|node| node.since)
        .or(view.since)
        .map(|since| format!(", for {}", span(now.seconds_since(since))))
        .unwrap_or_default();
    page.line("", &format!("The dongle {}{since}.", words::doing(view)));
    page.line("  ", &view.detail);
    page.beside("port", view.port.as_deref());
    page.beside("firmware", firmware(view).as_deref());
    page.beside("EUI-64", view.hardware_address.map(|address| address.to_string()).as_deref());
    match view.opens {
        Some(network) if view.opened > 0 => page.beside("opens", Some(&format!("frames of {network}"))),
        Some(network) => page.beside("has the key", Some(&format!("of {network}, which has opened nothing so far"))),
        None => {}
    }
    let heard = format!("{}, {} in the last second", frames(view.frames), view.frames_per_second);
    page.beside("heard", Some(&heard));
    page.beside("lost", lost(view).as_deref());
    if !view.foreign_pans.is_empty() {
        let pans: Vec<String> = view.foreign_pans.iter().map(ToString::to_string).collect();
        page.beside("not opened", Some(&format!("PANs {}: other networks", pans.join(" "))));
    }
    match (&view.last_error, view.last_error_until) {
        (Some(error), None) => {
            let ago = view.last_error_at.map(|at| format!(" ({} ago)", age(Some(at), now)));
            page.beside("last error", Some(&format!("{error}{}", ago.unwrap_or_default())));
        }
        (Some(error), Some(until)) if now.seconds_since(until) < PAST_SECONDS => {
            page.beside(
                "was",
                Some(&format!("{error} (until {} UTC, {} ago)", moment(until), age(Some(until), now))),
            );
        }
        _ => {}
    }
    if let Some(node) = &view.node {
        page.node(node, now);
    }
    if let Some(scan) = &view.scan {
        page.scan(scan);
    }
    page.text.push('\n');
    page.line("", &format!("From {origin}."));
    page.text
}

struct Page {
    text: String,
    width: usize,
}

impl Page {
    fn line(&mut self, indent: &str, text: &str) {
        self.text.push_str(&wrap(&clean(text), indent, self.width));
    }

    /// A name with what it is; nothing where that is not known.
    fn beside(&mut self, name: &str, what: Option<&str>) {
        let Some(what) = what else { return };
        let mut lines = wrap(&clean(what), &" ".repeat(BESIDE), self.width);
        if !lines.is_empty() {
            lines.replace_range(..BESIDE, &format!("  {name:<width$}", width = BESIDE - 2));
        }
        self.text.push_str(&lines);
    }

    fn node(&mut self, node: &OwnNodeView, now: Timestamp) {
        let name = node.network_name.clone().unwrap_or_else(|| "a network without a name".to_owned());
        self.text.push('\n');
        let since = span(now.seconds_since(node.since));
        self.line(
            "",
            &format!(
                "Its node in {name} ({}) {}, for {since}.",
                node.extended_pan_id,
                words::standing(node.state)
            ),
        );
        self.line("  ", &node.detail);
        self.beside("radio", Some(&node.extended_address.to_string()));
        self.beside("RLOC16", node.rloc16.map(|rloc16| rloc16.to_string()).as_deref());
        self.beside("parent", node.parent.map(|parent| parent.to_string()).as_deref());
        self.beside("partition", node.partition_id.map(|partition| partition.to_string()).as_deref());
        let sent = match (node.frames_sent, node.frames_lost) {
            (0, _) => "nothing yet".to_owned(),
            (sent, 0) => format!("{}, all acknowledged", frames(sent)),
            (sent, lost) => format!("{}, {lost} not acknowledged", frames(sent)),
        };
        self.beside("sent", Some(&sent));
        for router in &node.routers {
            self.beside("from here", Some(&from_here(router, now)));
        }
    }

    fn scan(&mut self, scan: &ChannelScan) {
        self.text.push('\n');
        let taken = moment(scan.taken_at);
        self.line(
            "",
            &format!("The last scan, {taken} UTC, {} ms on each channel:", scan.dwell_milliseconds),
        );
        self.text.push_str(&table::channels(&scan.channels));
    }
}

fn from_here(router: &RouterFromHere, now: Timestamp) -> String {
    let heard = router
        .rssi_dbm
        .map_or_else(|| "is heard".to_owned(), |dbm| format!("is heard at {dbm} dBm"));
    let age = age(Some(router.at), now);
    format!(
        "{} ({}) {heard}, hears the dongle {} dB above its noise, {age} ago",
        router.rloc16, router.extended_address, router.link_margin_db
    )
}

fn firmware(view: &DongleView) -> Option<String> {
    let name = view.firmware.clone().or_else(|| view.kind.map(|_| "without a name".to_owned()))?;
    let more = [
        view.kind.map(|kind| words::kind(kind).to_owned()),
        view.protocol.as_ref().map(|version| format!("Spinel {version}")),
        view.rcp_api.map(|version| format!("RCP interface {version}")),
    ];
    let more: Vec<String> = more.into_iter().flatten().collect();
    Some(if more.is_empty() {
        name
    } else {
        format!("{name} ({})", more.join(", "))
    })
}

/// What did not arrive whole.
fn lost(view: &DongleView) -> Option<String> {
    let lost = [
        (view.damaged, "1 frame damaged on the air", "frames damaged on the air"),
        (
            view.garbage,
            "1 piece of the serial line that was no frame",
            "pieces of the serial line that were no frame",
        ),
        (
            view.dropped,
            "1 capture that the service had no time for",
            "captures that the service had no time for",
        ),
        (view.recoveries, "it was brought back once", "times it was brought back"),
    ];
    let lost: Vec<String> = lost
        .iter()
        .filter(|(number, ..)| *number > 0)
        .map(|(number, one, several)| match number {
            1 => (*one).to_owned(),
            number => format!("{number} {several}"),
        })
        .collect();
    (!lost.is_empty()).then(|| lost.join(", "))
}

fn frames(number: u64) -> String {
    count(usize::try_from(number).unwrap_or(usize::MAX), "frame", "frames")
}

#[cfg(test)]
mod tests {
    use super::*;
    use weft_model::{Channel, DongleKind, OwnNodeState, PanId, PartitionId, Rloc16, ScanProgress, ScannedChannel};

    const NOW: Timestamp = Timestamp::from_unix_milliseconds(1_800_000_000_000);

    fn node() -> OwnNodeView {
        OwnNodeView {
            extended_pan_id: "1111111111111111".parse().unwrap(),
            network_name: Some("Ho\u{1b}[2Jme".into()),
            extended_address: "0a000000000000ff".parse().unwrap(),
            state: OwnNodeState::Attached,
            since: NOW.minus_seconds(300),
            detail: "It is a child of 0x2c00.".into(),
            rloc16: Rloc16::new(0x2c05),
            parent: "0a00000000000001".parse().ok(),
            partition_id: Some(PartitionId(7)),
            frames_sent: 41,
            frames_lost: 2,
            routers: vec![RouterFromHere {
                rloc16: Rloc16::new(0x2c00).unwrap(),
                extended_address: "0a00000000000001".parse().unwrap(),
                rssi_dbm: Some(-61),
                link_margin_db: 30,
                at: NOW.minus_seconds(310),
            }],
        }
    }

    fn flat(page: &str) -> String {
        page.split_whitespace().collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn everything_is_told_and_nothing_that_a_terminal_obeys() {
        let view = DongleView {
            mode: DongleMode::TakingPart,
            since: Some(NOW.minus_seconds(300)),
            detail: "It hears what is for it.".into(),
            port: Some("/dev/ttyACM0".into()),
            kind: Some(DongleKind::Rcp),
            firmware: Some("OPENTHREAD/1.4\u{202e}".into()),
            protocol: Some("4.3".into()),
            rcp_api: Some(11),
            hardware_address: "f4ce36a1b2c3d4e5".parse().ok(),
            channel: Channel::new(20),
            opens: "1111111111111111".parse().ok(),
            opened: 900,
            frames: 1000,
            frames_per_second: 17,
            damaged: 3,
            garbage: 2,
            dropped: 1,
            recoveries: 4,
            foreign_pans: vec![PanId(0x4f21)],
            last_error: Some("It was unplugged.".into()),
            last_error_at: Some(NOW.minus_seconds(7200)),
            last_error_until: None,
            scanning: None,
            scan: Some(ChannelScan {
                taken_at: NOW,
                dwell_milliseconds: 3000,
                channels: vec![ScannedChannel {
                    channel: Channel::new(25).unwrap(),
                    frames: 12,
                    thread_frames: 9,
                    pan_ids: vec![PanId(0xface)],
                    rssi_max_dbm: Some(-61),
                    energy_max_dbm: Some(-40),
                }],
            }),
            node: Some(node()),
        };
        let page = render(&view, "a test", NOW, 80);
        for expected in [
            "The dongle takes part in ",
            " on channel 20, for 5 min.",
            "It hears what is for it.",
            "port /dev/ttyACM0",
            "(OpenThread's RCP, Spinel 4.3, RCP interface 11)",
            "EUI-64 f4ce36a1b2c3d4e5",
            "opens frames of 1111111111111111",
            "heard 1000 frames, 17 in the last second",
            "lost 3 frames damaged on the air, 2 pieces of the serial line that were no frame, 1 capture that",
            "4 times it was brought back",
            "not opened PANs 0x4f21",
            "last error It was unplugged. (2 h ago)",
            "(1111111111111111) is a child, for 5 min.",
            "RLOC16 0x2c05",
            "parent 0a00000000000001",
            "sent 41 frames, 2 not acknowledged",
            "from here 0x2c00 (0a00000000000001) is heard at -61 dBm, hears the dongle 30 dB above its noise, 5 min ago",
            "3000 ms on each channel:",
            "25 12 9 -61 dBm -40 dBm 0xface",
            "From a test.",
        ] {
            assert!(flat(&page).contains(expected), "{expected}: {page}");
        }
        assert!(
            !page.contains(['\u{1b}', '\u{202e}']) && page.lines().all(|line| line.chars().count() <= 80),
            "{page}"
        );
    }

    #[test]
    fn nothing_is_claimed_before_it_is_so() {
        let searching = OwnNodeView {
            state: OwnNodeState::Attaching,
            network_name: Some("Home".into()),
            frames_sent: 0,
            frames_lost: 0,
            ..node()
        };
        let mut view = DongleView {
            mode: DongleMode::TakingPart,
            since: Some(NOW.minus_seconds(7200)),
            channel: Channel::new(20),
            opens: "1111111111111111".parse().ok(),
            recoveries: 1,
            last_error: Some("It was unplugged.".into()),
            last_error_at: Some(NOW.minus_seconds(600)),
            last_error_until: Some(NOW.minus_seconds(300)),
            node: Some(searching.clone()),
            ..DongleView::default()
        };
        let page = flat(&render(&view, "a test", NOW, 80));
        for expected in [
            "The dongle looks for a parent in Home on channel 20, for 5 min.",
            "has the key of 1111111111111111, which has opened nothing so far",
            "lost it was brought back once",
            "sent nothing yet",
            "was It was unplugged. (until ",
        ] {
            assert!(page.contains(expected), "{expected}: {page}");
        }
        assert!(!page.contains("takes part in") && !page.contains("last error"), "{page}");
        let later = flat(&render(&view, "a test", NOW.plus_seconds(3600), 80));
        assert!(!later.contains("unplugged"), "it is over for an hour: {later}");
        view.mode = DongleMode::Listening;
        view.node = Some(OwnNodeView {
            state: OwnNodeState::NoDataset,
            ..searching
        });
        let page = flat(&render(&view, "a test", NOW, 80));
        assert!(page.contains("waits for the network's dataset") && !page.contains("radio, for"), "{page}");
    }

    #[test]
    fn what_is_not_known_is_not_said() {
        let absent = DongleView {
            detail: "There is no port: plug it in.".into(),
            ..DongleView::default()
        };
        let page = flat(&render(&absent, "a test", NOW, 80));
        assert_eq!(
            page,
            "The dongle is not there. There is no port: plug it in. heard 0 frames, 0 in the last second From a test."
        );
        let scanning = DongleView {
            mode: DongleMode::Scanning,
            scanning: Some(ScanProgress {
                channel: Channel::new(15).unwrap(),
                done: 4,
                of: 16,
                dwell_milliseconds: 100,
            }),
            kind: Some(DongleKind::NordicSniffer),
            ..DongleView::default()
        };
        let page = flat(&render(&scanning, "a test", NOW, 80));
        assert!(
            page.contains("scans: channel 15, 4 of 16 done") && page.contains("listens only"),
            "{page}"
        );
    }
}
