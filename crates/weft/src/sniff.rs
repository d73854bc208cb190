//! `weft sniff`: listens through a dongle with RCP firmware, without a service; and what the service needs to do the same.

use crate::arguments::Color;
use crate::dongle_command::channels;
use crate::output::{create_new, print, tell};
use crate::serve::{CHANNEL_CAPACITY, Intake, end_sources, interrupted};
use crate::show::{Style, render};
use crate::text::{self, Paint, count};
use crate::view::View;
use crate::{WrongUsage, network_key, serve};
use anyhow::{Context, Result, bail};
use clap::Args;
use std::fmt::Write as _;
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;
use weft_evidence::{CaptureBody, Evidence, SourceState};
use weft_model::{Channel, DongleView, Rssi};
use weft_sources::rcp::{DongleConfig, DongleHandle, DongleSource, FrameSink, Listener, Listening, PortChoice, SEARCH_DWELL, radios};
use weft_sources::{Supervisor, clock};
use weft_store::{Limits, Store};
use weft_topology::{Policy, derive};
use weft_wire::pcap::{Fcs, RadioFrame, TapWriter};

/// Name of the source.
const SOURCE: &str = "dongle";
/// How often it is told how it goes.
const TELL_EVERY: Duration = Duration::from_secs(10);
/// What to do next where nothing was opened.
const NEXT: &str = "next: with the network's dataset, roles, routes and link qualities are read too: `weft sniff --network-key FILE`, or `weft network add -` for the \
                    service (`weft network where` says where it is found; more in docs/dongle.md)";
/// How often a capture file is brought to the disk.
const FLUSH_EVERY: Duration = Duration::from_millis(500);

#[derive(Debug, Args)]
pub(crate) struct SniffArguments {
    /// Serial port of the dongle [default: the one that is known by its USB ids]
    #[arg(long, value_name = "PORT")]
    port: Option<String>,
    /// Channel, 11 to 26 [default: all in turn, until there is a Thread network]
    #[arg(long, value_name = "N", value_parser = channel)]
    channel: Option<Channel>,
    /// Speed of the serial line in bits a second [default: what the dongle usually has; USB dongles take any]
    #[arg(long, value_name = "N")]
    baud: Option<u32>,
    #[arg(long, value_name = "FILE|-", help = network_key::HELP)]
    network_key: Option<PathBuf>,
    /// Write every frame to a new capture file for Wireshark (link type 283); `-` writes to standard output
    #[arg(long, value_name = "FILE|-")]
    pcap: Option<PathBuf>,
    /// Write what is made of the frames to a new recording
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
    /// Go through all channels once, print what is heard on each, and end
    #[arg(long, conflicts_with_all = ["channel", "out", "pcap", "network_key"])]
    scan: bool,
    /// End after so many seconds [default: at Ctrl-C]
    #[arg(long = "for", value_name = "SECONDS")]
    seconds: Option<u64>,
    /// Colours
    #[arg(long, value_enum, default_value_t = Color::Auto, value_name = "WHEN")]
    color: Color,
}

/// The dongle of a service.
#[derive(Debug, Args)]
pub(crate) struct DongleArguments {
    /// Also listen on the air through a dongle with RCP firmware on this port; `auto` takes the one that is known by its USB ids
    #[arg(long, value_name = "PORT|auto")]
    dongle: Option<String>,
    /// The dongle's channel, 11 to 26 [default: all in turn, until there is a Thread network]
    #[arg(long, value_name = "N", value_parser = channel, requires = "dongle")]
    channel: Option<Channel>,
    /// Speed of the dongle's serial line in bits a second
    #[arg(long, value_name = "N", requires = "dongle")]
    baud: Option<u32>,
    #[arg(long, value_name = "FILE|-", requires = "dongle", help = format!("For the dongle: {}", network_key::HELP))]
    network_key: Option<PathBuf>,
    /// Take part in the mesh as a child, also after a restart, until it leaves (`weft dongle leave`) [default NETWORK: the only one whose dataset is stored]
    #[arg(long, value_name = "NAME|XPAN", num_args = 0..=1, requires = "dongle", conflicts_with = "no_networks")]
    join: Option<Option<String>>,
}

/// What a dongle is to do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct DongleOptions {
    port: PortChoice,
    channel: Option<Channel>,
    baud: Option<u32>,
    network_key: Option<PathBuf>,
    join: Option<Option<String>>,
}

impl DongleOptions {
    /// The key for listening was named.
    pub(crate) fn has_own_key(&self) -> bool {
        self.network_key.is_some()
    }

    /// It is to take part in a mesh: the network, or the only one that is known.
    pub(crate) fn join(&self) -> Option<Option<&str>> {
        self.join.as_ref().map(|network| network.as_deref())
    }
}

impl DongleArguments {
    /// `None` where no dongle is wanted.
    pub(crate) fn options(self) -> Option<DongleOptions> {
        let Self {
            dongle,
            channel,
            baud,
            network_key,
            join,
        } = self;
        dongle.map(|port| DongleOptions {
            port: if port == "auto" { PortChoice::Auto } else { PortChoice::Path(port) },
            channel,
            baud,
            network_key,
            join,
        })
    }
}

/// A dongle as a source, with the key that is named for it. What it keeps as a node lies in a data directory; without one it never takes part in a mesh.
///
/// # Errors
/// Where the network key cannot be read.
pub(crate) fn dongle(options: &DongleOptions, frames: Option<FrameSink>, directory: Option<&Path>) -> Result<(DongleSource, DongleHandle)> {
    let listener = match &options.network_key {
        Some(path) => Listener::default().with_network(network_key::in_file(path)?),
        None => Listener::default(),
    };
    let listening = match options.channel {
        Some(channel) => Listening::Channel(channel),
        None => Listening::Search { dwell: SEARCH_DWELL },
    };
    Ok(DongleSource::new(DongleConfig {
        name: SOURCE.to_owned(),
        port: options.port.clone(),
        baud: options.baud,
        listening,
        listener,
        frames,
        directory: directory.map(Path::to_owned),
    }))
}

/// Listens until interrupted; then prints the mesh as it was heard.
///
/// # Errors
/// Where there is no dongle, more than one and none is named, or a file cannot be read or written.
pub(crate) fn sniff(arguments: SniffArguments) -> Result<()> {
    let port = match &arguments.port {
        Some(port) => port.clone(),
        None => only_radio()?,
    };
    let options = DongleOptions {
        port: PortChoice::Path(port.clone()),
        channel: arguments.channel,
        baud: arguments.baud,
        network_key: arguments.network_key.clone(),
        join: None,
    };
    let frames = arguments.pcap.as_deref().map(capture_file).transpose()?;
    let writes_frames_to_output = arguments.pcap.as_deref() == Some(Path::new("-"));
    let recorder = arguments.out.as_deref().map(serve::new_recording).transpose()?;
    let (source, handle) = dongle(&options, frames, None)?;
    let mut evidence = Evidence::default();
    let mut reasons = Reasons::new(arguments.seconds.is_some());
    let mut is_scanned = false;
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .context("cannot start the runtime")?;
    runtime.block_on(async {
        let (sender, mut inbox) = weft_sources::channel("weft", CHANNEL_CAPACITY);
        let intake = Intake::new(Arc::new(Store::in_memory(Limits::default())?), recorder, None);
        let mut supervisor = Supervisor::new();
        supervisor.start(Arc::new(source), &sender);
        drop(sender);
        let mut changed = handle.changed();
        let mut ticks = tokio::time::interval(TELL_EVERY);
        // The first comes at once.
        ticks.tick().await;
        let end = ended(arguments.seconds);
        tokio::pin!(end);
        loop {
            tokio::select! {
                event = inbox.receive() => match event {
                    Some(event) => {
                        let capture = intake.take(event);
                        if let CaptureBody::Source(report) = &capture.body {
                            reasons.take(report.state, report.reason.as_deref());
                            if (report.state, &report.reason) == (SourceState::Working, &None) {
                                tell_channel(&handle.view());
                            }
                        }
                        evidence.insert(&capture)?;
                    }
                    None => break,
                },
                _ = ticks.tick() => {
                    reasons.time_passes();
                    tell_state(&handle.view());
                }
                Ok(()) = changed.changed(), if arguments.scan => {
                    if let Some(scan) = handle.view().scan {
                        print(|output| output.write_all(channels(&scan.channels).as_bytes()))?;
                        is_scanned = true;
                        break;
                    }
                }
                () = &mut end => break,
            }
            reasons.take_untold().iter().for_each(tell);
        }
        end_sources(supervisor, &mut inbox, &intake).await;
        intake.close_recording()?;
        anyhow::Ok(())
    })?;
    reasons.end(&port)?;
    if arguments.scan && !is_scanned {
        bail!("it ended before all channels were gone through: give it more time with --for");
    }
    if arguments.scan || writes_frames_to_output {
        return Ok(());
    }
    let now = clock::now();
    let topology = derive(&evidence, now.max(evidence.newest_at().unwrap_or(now)), &Policy::standard());
    let view = View::from_json(&serde_json::to_vec(&topology.document(true))?)?;
    let style = Style {
        width: text::columns(),
        paint: Paint::new(arguments.color),
    };
    let page = render(&view, "what the dongle heard", &style);
    print(|output| output.write_all(page.as_bytes()))?;
    if arguments.network_key.is_none() {
        tell(NEXT);
    }
    Ok(())
}

/// Why the dongle did not listen: each reason is told once, and the last one is the error where it never did.
struct Reasons {
    /// It ends by itself: a reason may wait until it is known whether it is the last.
    ends: bool,
    has_listened: bool,
    held: Option<String>,
    told_any: bool,
    to_tell: Vec<String>,
}

impl Reasons {
    fn new(ends: bool) -> Self {
        Self {
            ends,
            has_listened: false,
            held: None,
            told_any: false,
            to_tell: Vec::new(),
        }
    }

    /// What the source says of itself.
    fn take(&mut self, state: SourceState, reason: Option<&str>) {
        self.has_listened |= state == SourceState::Working;
        let Some(reason) = reason else { return };
        self.time_passes();
        self.held = Some(reason.to_owned());
        if self.has_listened || !self.ends {
            self.time_passes();
        }
    }

    /// Who waits is told what was held back.
    fn time_passes(&mut self) {
        if let Some(reason) = self.held.take() {
            self.told_any = true;
            self.to_tell.push(reason);
        }
    }

    /// Takes what is to be told now.
    fn take_untold(&mut self) -> Vec<String> {
        std::mem::take(&mut self.to_tell)
    }

    /// # Errors
    /// Where it never listened: the last reason, unless that was told.
    fn end(self, port: &str) -> Result<()> {
        match self.held {
            _ if self.has_listened => Ok(()),
            Some(reason) => bail!("{reason}"),
            None if self.told_any => bail!("the dongle never listened: nothing was heard"),
            None => bail!("nothing was heard: {port} is open, and no radio has answered on it yet; a longer --for may say why"),
        }
    }
}

async fn ended(seconds: Option<u64>) {
    match seconds {
        Some(seconds) => tokio::select! {
            () = tokio::time::sleep(Duration::from_secs(seconds)) => {}
            () = interrupted() => {}
        },
        None => interrupted().await,
    }
}

/// The port of the one dongle that is there.
fn only_radio() -> Result<String> {
    let mut found = radios();
    match found.len() {
        0 => bail!("no dongle is plugged in that is known by its USB ids; name its port with --port (on Linux, `ls /dev/serial/by-id` lists them)"),
        1 => Ok(found.remove(0).path),
        _ => {
            let mut list = "several dongles are plugged in; choose one with --port:".to_owned();
            for port in found {
                let serial = port.serial_number.map(|serial| format!(", {serial}")).unwrap_or_default();
                let _ = write!(list, "\n  {}  {}{serial}", port.path, port.name); // writing to a String cannot fail
            }
            Err(WrongUsage(list).into())
        }
    }
}

fn tell_channel(dongle: &DongleView) {
    if let (Some(port), Some(channel)) = (&dongle.port, dongle.channel.map(Channel::get)) {
        let firmware = dongle.firmware.as_deref().unwrap_or("unknown firmware");
        tell(format!("{port} listens on channel {channel} ({firmware})"));
    }
}

fn tell_state(dongle: &DongleView) {
    let Some(channel) = dongle.channel.map(Channel::get) else { return };
    let mut line = format!(
        "channel {channel}: {}, {} a second",
        count(usize::try_from(dongle.frames).unwrap_or(usize::MAX), "frame", "frames"),
        dongle.frames_per_second
    );
    for (number, what) in [
        (dongle.damaged, ("damaged", "damaged")),
        (dongle.garbage, ("piece lost on the serial line", "pieces lost on the serial line")),
        (dongle.recoveries, ("recovery", "recoveries")),
    ] {
        if number > 0 {
            let what = if number == 1 { what.0 } else { what.1 };
            let _ = write!(line, ", {number} {what}"); // writing to a String cannot fail
        }
    }
    tell(line);
}

/// Writes each frame to a new file, or to standard output.
fn capture_file(path: &Path) -> Result<FrameSink> {
    let is_output = path == Path::new("-");
    let output: Box<dyn Write + Send> = if is_output {
        Box::new(io::stdout())
    } else {
        Box::new(create_new(path)?)
    };
    let mut writer = Some(TapWriter::new(BufWriter::new(output)).with_context(|| format!("cannot write {}", path.display()))?);
    let mut flushed = Duration::ZERO;
    Ok(Box::new(move |heard| {
        let Some(open) = &mut writer else { return };
        let frame = RadioFrame {
            frame: heard.frame,
            fcs: Fcs::Absent,
            channel: Channel::new(heard.channel),
            rssi: heard.rssi_dbm.and_then(Rssi::from_dbm),
            lqi: heard.lqi,
            start_nanoseconds: Some(heard.microseconds.saturating_mul(1000)),
        };
        let nanoseconds = u64::try_from(heard.at.unix_milliseconds()).unwrap_or(0).saturating_mul(1_000_000);
        let mut written = open.frame(nanoseconds, &frame);
        let now = clock::running_for();
        if is_output || now.saturating_sub(flushed) >= FLUSH_EVERY {
            flushed = now;
            written = written.and_then(|()| open.flush());
        }
        if let Err(error) = written {
            tell(format!("the capture file cannot be written any more; it ends here: {error}"));
            writer = None;
        }
    }))
}

fn channel(text: &str) -> Result<Channel, String> {
    text.parse()
        .ok()
        .and_then(Channel::new)
        .ok_or_else(|| "expected a channel from 11 to 26".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reason_is_said_once_and_the_last_one_is_the_error() {
        let mut reasons = Reasons::new(true);
        reasons.take(SourceState::Deaf, Some("there is no port"));
        reasons.take(SourceState::Deaf, Some("it is in use"));
        assert_eq!(reasons.take_untold(), ["there is no port"]);
        assert_eq!(reasons.end("p").unwrap_err().to_string(), "it is in use");
        let mut reasons = Reasons::new(true);
        reasons.take(SourceState::Deaf, Some("there is no port"));
        reasons.time_passes();
        assert_eq!(reasons.take_untold(), ["there is no port"]);
        assert_eq!(reasons.end("p").unwrap_err().to_string(), "the dongle never listened: nothing was heard");
        assert!(Reasons::new(true).end("p").unwrap_err().to_string().contains("p is open"));
        let mut endless = Reasons::new(false);
        endless.take(SourceState::Deaf, Some("there is no port"));
        assert_eq!(endless.take_untold(), ["there is no port"], "nobody knows when it ends");
        endless.take(SourceState::Working, None);
        endless.take(SourceState::Deaf, Some("it was pulled out"));
        endless.take(SourceState::Stopped, None);
        assert_eq!(endless.take_untold(), ["it was pulled out"]);
        assert!(endless.end("p").is_ok(), "it has listened");
    }

    #[test]
    fn a_channel_is_one_of_the_band() {
        assert_eq!(channel("20").map(Channel::get), Ok(20));
        for wrong in ["10", "27", "-1", "x", ""] {
            assert!(channel(wrong).is_err(), "{wrong}");
        }
    }
}
