//! `weft sniff`: listens through a dongle with RCP firmware, without a service; and what the service needs to do the same.

use crate::arguments::Color;
use crate::dongle_command::channels;
use crate::output::{create_new, print, tell};
use crate::serve::{CHANNEL_CAPACITY, Intake, end_sources, interrupted};
use crate::show::{Style, render};
use crate::text::{self, Paint, count};
use crate::view::View;
use crate::{WrongUsage, serve};
use anyhow::{Context, Result, bail};
use clap::Args;
use std::fmt::Write as _;
use std::io::{self, BufWriter, Read, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;
use weft_evidence::{CaptureBody, Evidence, SourceState};
use weft_model::{Channel, DongleView, Rssi};
use weft_sources::rcp::{DongleConfig, DongleHandle, DongleSource, FrameSink, Listener, Listening, Network, PortChoice, SEARCH_DWELL, radios};
use weft_sources::{Supervisor, clock};
use weft_store::{Limits, Store};
use weft_topology::{Policy, derive};
use weft_wire::link_security::NetworkKey;
use weft_wire::pcap::{Fcs, RadioFrame, TapWriter};
use zeroize::Zeroizing;

/// Name of the source.
const SOURCE: &str = "dongle";
/// How often it is told how it goes.
const TELL_EVERY: Duration = Duration::from_secs(10);
/// A network key has 32 digits, a dataset 508 at most.
const MAX_SECRET_BYTES: u64 = 4096;
const KEY_DIGITS: usize = 32;
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
    /// File with the network key or the operational dataset in hexadecimal digits; `-` reads it from standard input
    #[arg(long, value_name = "FILE|-")]
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
    /// File with the network key or the operational dataset in hexadecimal digits, for the dongle; `-` reads it from standard input
    #[arg(long, value_name = "FILE|-", requires = "dongle")]
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
        Some(path) => Listener::default().with_network(network(path)?),
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
    let options = DongleOptions {
        port: PortChoice::Path(match &arguments.port {
            Some(port) => port.clone(),
            None => only_radio()?,
        }),
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
        let end = ended(arguments.seconds);
        tokio::pin!(end);
        loop {
            tokio::select! {
                event = inbox.receive() => match event {
                    Some(event) => {
                        let capture = intake.take(event);
                        if let CaptureBody::Source(report) = &capture.body {
                            tell_report(report.state, report.reason.as_deref(), &handle.view());
                        }
                        evidence.insert(&capture)?;
                    }
                    None => break,
                },
                _ = ticks.tick() => tell_state(&handle.view()),
                Ok(()) = changed.changed(), if arguments.scan => {
                    if let Some(scan) = handle.view().scan {
                        print(|output| output.write_all(channels(&scan.channels).as_bytes()))?;
                        break;
                    }
                }
                () = &mut end => break,
            }
        }
        end_sources(supervisor, &mut inbox, &intake).await;
        intake.close_recording()?;
        anyhow::Ok(())
    })?;
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
    print(|output| output.write_all(page.as_bytes()))
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

fn tell_report(state: SourceState, reason: Option<&str>, dongle: &DongleView) {
    match (state, reason) {
        (SourceState::Working, None) => {
            if let (Some(port), Some(channel)) = (&dongle.port, dongle.channel.map(Channel::get)) {
                let firmware = dongle.firmware.as_deref().unwrap_or("unknown firmware");
                tell(format!("{port} listens on channel {channel} ({firmware})"));
            }
        }
        (_, Some(reason)) => tell(reason),
        _ => {}
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
        (dongle.damaged, "damaged"),
        (dongle.garbage, "pieces lost on the serial line"),
        (dongle.recoveries, "recoveries"),
    ] {
        if number > 0 {
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

/// The network whose key, or whose dataset, is in a file.
fn network(path: &Path) -> Result<Network> {
    let mut text = Zeroizing::new(String::new());
    let read = if path == Path::new("-") {
        io::stdin().take(MAX_SECRET_BYTES).read_to_string(&mut text)
    } else {
        let file = std::fs::File::open(path).with_context(|| format!("cannot open {}", path.display()))?;
        file.take(MAX_SECRET_BYTES).read_to_string(&mut text)
    };
    read.with_context(|| format!("cannot read {}", path.display()))?;
    network_of(text.trim()).with_context(|| {
        format!(
            "{} holds neither a network key (32 hexadecimal digits) nor a dataset with one",
            path.display()
        )
    })
}

fn network_of(digits: &str) -> Option<Network> {
    if digits.len() == KEY_DIGITS {
        return NetworkKey::from_hex(digits).ok().map(Network::from_key);
    }
    let pairs = digits.as_bytes().chunks_exact(2);
    if !pairs.remainder().is_empty() {
        return None;
    }
    let digit = |digit: u8| char::from(digit).to_digit(16).and_then(|value| u8::try_from(value).ok());
    let bytes: Option<Vec<u8>> = pairs.map(|pair| Some(digit(pair[0])? << 4 | digit(pair[1])?)).collect();
    Network::from_dataset(&Zeroizing::new(bytes?))
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
    fn a_key_file_holds_a_key_or_a_dataset() {
        let key = "00112233445566778899aabbccddeeff";
        assert!(network_of(key).is_some());
        // A dataset: network key, channel 20.
        assert!(network_of(&format!("0510{key}0003000014")).is_some());
        for wrong in ["", "00", "0510", "0x112233445566778899aabbccddeeff00", "0003000014", "é"] {
            assert!(network_of(wrong).is_none(), "{wrong}");
        }
    }

    #[test]
    fn a_channel_is_one_of_the_band() {
        assert_eq!(channel("20").map(Channel::get), Ok(20));
        for wrong in ["10", "27", "-1", "x", ""] {
            assert!(channel(wrong).is_err(), "{wrong}");
        }
    }
}
