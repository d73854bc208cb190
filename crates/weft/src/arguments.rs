//! The command line, and the plain options that it becomes.

use crate::dongle_command::DongleCommandArguments;
use crate::fabric::{FabricArguments, FabricOptions, PairArguments, UnpairArguments};
use crate::network::{NetworkArguments, NetworkOptions, NetworkSourceArguments};
use crate::sniff::{DongleArguments, DongleOptions};
use clap::{Args, Parser, Subcommand, ValueEnum};
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use weft_model::{AttestationChoice, Timestamp};

/// Where the service listens unless it is told otherwise: this machine only.
pub(crate) const DEFAULT_LISTEN: SocketAddr = SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 8439);

/// Shows what a Thread mesh really looks like, who says so, and what is wrong with it.
///
/// Without a command: the service (the same as `weft serve`).
#[derive(Debug, Parser)]
#[command(name = "weft", version, args_conflicts_with_subcommands = true, subcommand_help_heading = "Commands")]
pub(crate) struct Arguments {
    #[command(subcommand)]
    pub(crate) command: Option<Command>,
    #[command(flatten)]
    pub(crate) serve: ServeArguments,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// The service: discovery on the LAN, the API, the page
    Serve(Box<ServeArguments>),
    /// The same page with a bundled day in a simulated home; needs nothing, writes nothing
    Demo(DemoArguments),
    /// The mesh as a tree in the terminal
    Show(ShowArguments),
    /// Everything believed about one device: who says so, its parents so far
    Why(WhyArguments),
    /// What to pair next, what it would add, and what pairing cannot tell
    Plan(crate::plan::PlanArguments),
    /// What stands between this machine and the meshes: interfaces, VPNs, IPv6, routes, multicast
    Check(crate::check::CheckArguments),
    /// The mesh as a file: a picture for a report, a graph, a table
    Export(crate::export::ExportArguments),
    /// A bundle for a bug report, without names unless you say otherwise
    Report(crate::report::ReportArguments),
    /// The topology of a recording as JSON
    Derive(DeriveArguments),
    /// Serves a recording as if it happened now
    Replay(ReplayArguments),
    /// Writes what the sources hear to a recording
    Record(RecordArguments),
    /// Listens on the air through a dongle with RCP firmware, and shows what it hears
    Sniff(crate::sniff::SniffArguments),
    /// The dongle of the running service: what it hears, a scan of all channels, another channel, taking part in a mesh
    Dongle(DongleCommandArguments),
    /// Makes a recording from other programs' data
    Import(ImportArguments),
    /// Makes a recording that names nobody: the same topology, other addresses and names
    #[command(alias = "anonymize")]
    Anonymise(AnonymiseArguments),
    /// Joins Matter devices to Weft's own fabric, beside the app that they are in
    Pair(PairArguments),
    /// Removes Weft from devices
    Unpair(UnpairArguments),
    /// Weft's own fabric: its devices, jobs and settings; backup and restore
    Fabric(FabricArguments),
    /// Whole networks: what opens them, through whom they can be asked, Home Assistant
    Network(NetworkArguments),
    /// Where captures are kept, and how many; deletes them
    Data(DataArguments),
}

#[derive(Debug, Args)]
pub(crate) struct ServeArguments {
    /// Address to listen on, or a port of this machine [default: 127.0.0.1:8439]
    #[arg(long, value_name = "ADDRESS", value_parser = listen_address)]
    listen: Option<SocketAddr>,
    /// Folder for captures [default: the platform's folder for data]
    #[arg(long, value_name = "DIR")]
    data: Option<PathBuf>,
    /// Do not listen for services on the LAN
    #[arg(long)]
    no_mdns: bool,
    /// Do not run Weft's own Matter fabric: paired devices are not asked
    #[arg(long)]
    no_matter: bool,
    /// Folder with certificates of product attestation authorities (PAA), DER or PEM
    #[arg(long, value_name = "DIR")]
    paa: Option<PathBuf>,
    /// What to do with a device that cannot prove that it is certified [default: as it was said last; at first: ask]
    #[arg(long, value_enum, value_name = "WHAT")]
    attestation: Option<Attestation>,
    #[command(flatten)]
    networks: NetworkSourceArguments,
    #[command(flatten)]
    dongle: DongleArguments,
    /// Host name that browsers may use for this service, may be repeated
    #[arg(long = "allow-host", value_name = "NAME")]
    allow_hosts: Vec<String>,
    /// Also write everything that is heard to a new recording
    #[arg(long, value_name = "FILE")]
    record: Option<PathBuf>,
}

#[derive(Debug, Args)]
pub(crate) struct DemoArguments {
    /// Address to listen on, or a port of this machine [default: 127.0.0.1:8439]
    #[arg(long, value_name = "ADDRESS", value_parser = listen_address)]
    listen: Option<SocketAddr>,
    /// How many times faster than it happened; 60 plays the day in 24 minutes
    #[arg(long, value_name = "N", default_value_t = 60.0, value_parser = speed, allow_negative_numbers = true)]
    speed: f64,
    /// Moment to begin at; the demo's day is 2026-11-20, UTC (2026-11-20T11:00:00Z)
    #[arg(long, value_name = "TIME")]
    at: Option<Timestamp>,
}

#[derive(Debug, Args)]
pub(crate) struct ReplayArguments {
    /// Recording, may be gzip; `-` reads standard input
    file: PathBuf,
    /// How many times faster than it happened
    #[arg(long, value_name = "N", default_value_t = 1.0, value_parser = speed, allow_negative_numbers = true)]
    speed: f64,
    /// Address to listen on, or a port of this machine [default: 127.0.0.1:8439]
    #[arg(long, value_name = "ADDRESS", value_parser = listen_address)]
    listen: Option<SocketAddr>,
}

#[derive(Debug, Args)]
pub(crate) struct RecordArguments {
    /// Recording to create
    #[arg(long, value_name = "FILE")]
    out: PathBuf,
    /// End after so many seconds [default: at Ctrl-C]
    #[arg(long = "for", value_name = "SECONDS")]
    seconds: Option<u64>,
}

#[derive(Debug, Args)]
pub(crate) struct ShowArguments {
    /// Recording, may be gzip; `-` reads standard input [default: the running service, else what it kept]
    pub(crate) file: Option<PathBuf>,
    /// The mesh as it was at a moment (2026-11-20T12:00:00Z)
    #[arg(long, value_name = "TIME")]
    pub(crate) at: Option<Timestamp>,
    /// Only this network, by name or extended PAN id
    #[arg(long, value_name = "ID")]
    pub(crate) network: Option<String>,
    /// Colours
    #[arg(long, value_enum, default_value_t = Color::Auto, value_name = "WHEN")]
    pub(crate) color: Color,
    /// Folder for captures [default: the platform's folder for data]
    #[arg(long, value_name = "DIR")]
    pub(crate) data: Option<PathBuf>,
}

#[derive(Debug, Args)]
pub(crate) struct WhyArguments {
    /// Name, extended address, RLOC16, Matter node or IPv6 address
    ///
    /// Tried in this order, the first that any device answers to counts: its id, extended address or RLOC16; what other programs know it by (IPv6
    /// address, Matter node, HomeKit id, host name, EUI-64); its whole name; how its name begins; how its id or extended address begins. Capital
    /// and small letters are the same. Where several devices answer, they are listed and none is chosen.
    pub(crate) device: String,
    /// Recording, may be gzip; `-` reads standard input [default: the running service, else what it kept]
    pub(crate) file: Option<PathBuf>,
    /// What was believed at a moment (2026-11-20T12:00:00Z)
    #[arg(long, value_name = "TIME")]
    pub(crate) at: Option<Timestamp>,
    /// Colours
    #[arg(long, value_enum, default_value_t = Color::Auto, value_name = "WHEN")]
    pub(crate) color: Color,
    /// Folder for captures [default: the platform's folder for data]
    #[arg(long, value_name = "DIR")]
    pub(crate) data: Option<PathBuf>,
}

#[derive(Debug, Args)]
pub(crate) struct DeriveArguments {
    /// Recording, may be gzip; `-` reads standard input
    pub(crate) file: PathBuf,
    /// The mesh as it was at a moment [default: the recording's last capture]
    #[arg(long, value_name = "TIME")]
    pub(crate) at: Option<Timestamp>,
    /// Leave out who says so
    #[arg(long)]
    pub(crate) no_claims: bool,
}

#[derive(Debug, Args)]
pub(crate) struct ImportArguments {
    /// What the files are
    #[arg(value_enum)]
    pub(crate) kind: ImportKind,
    /// Files, may be gzip; `-` reads standard input
    #[arg(required = true)]
    pub(crate) files: Vec<PathBuf>,
    /// Recording to create; `-` writes to standard output, a name that ends in .gz is compressed
    #[arg(long, value_name = "FILE")]
    pub(crate) out: PathBuf,
    /// Time of data that has none of its own; for matter-server, when the nodes were read
    #[arg(long, value_name = "TIME")]
    pub(crate) at: Option<Timestamp>,
    /// For pcap: the same as --network-key
    #[arg(long, value_name = "FILE|-|HEX", conflicts_with = "network_key")]
    pub(crate) dataset: Option<Secret>,
    #[arg(long, value_name = "FILE|-|HEX", help = format!("For pcap: {}", crate::network_key::HELP_WITH_DIGITS))]
    pub(crate) network_key: Option<Secret>,
}

/// Something that nobody shall see. Written nowhere; overwritten when it is dropped.
#[derive(Clone)]
pub(crate) struct Secret(zeroize::Zeroizing<String>);

impl Secret {
    /// The text, for whoever needs it.
    pub(crate) fn expose(&self) -> &str {
        &self.0
    }
}

impl std::fmt::Debug for Secret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("(secret)")
    }
}

impl std::str::FromStr for Secret {
    type Err = std::convert::Infallible;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Ok(Self(zeroize::Zeroizing::new(text.to_owned())))
    }
}

/// What `weft import` reads.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum ImportKind {
    /// JSON of a Matter server: a get_nodes list, or an object with `nodes`
    MatterServer,
    /// JSON lines of HTTP answers: {"t", "method", "path", "status", "body", "base"}. Lines without "base", of all files together, are one border router: file:FIRSTNAME
    OtbrRest,
    /// JSON lines of multicast DNS packets: {"t", "src", "hex"}
    MdnsPackets,
    /// Captured frames of IEEE 802.15.4: pcap or pcapng, link types 195, 230 and 283
    Pcap,
}

#[derive(Debug, Args)]
pub(crate) struct AnonymiseArguments {
    /// Recording, may be gzip; `-` reads standard input
    pub(crate) file: PathBuf,
    /// Recording to create; `-` writes to standard output, a name that ends in .gz is compressed
    #[arg(long, value_name = "FILE")]
    pub(crate) out: PathBuf,
}

#[derive(Debug, Args)]
pub(crate) struct DataArguments {
    /// Delete all captures, and everything learnt from them
    #[arg(long)]
    pub(crate) delete: bool,
    /// Also delete Weft's Matter fabric: devices that are paired then keep an entry that nobody uses
    #[arg(long, requires = "delete")]
    pub(crate) fabric: bool,
    /// Also delete what opens networks, and tokens of servers
    #[arg(long, requires = "delete")]
    pub(crate) credentials: bool,
    /// Also delete the address and frame counters of the dongle's node: it begins anew, as another device
    #[arg(long, requires = "delete")]
    pub(crate) dongle: bool,
    /// Do not ask
    #[arg(long, requires = "delete")]
    pub(crate) yes: bool,
    /// Write all captures to a new recording; `-`: to standard output
    #[arg(long, value_name = "FILE", conflicts_with = "delete")]
    pub(crate) export: Option<PathBuf>,
    /// Leave out what people said: names, rooms, places on the map, mutes
    #[arg(long, requires = "export")]
    pub(crate) without_annotations: bool,
    /// With other addresses and names
    #[arg(long, requires = "export")]
    pub(crate) anonymous: bool,
    /// Folder for captures [default: the platform's folder for data]
    #[arg(long, value_name = "DIR")]
    pub(crate) data: Option<PathBuf>,
}

/// What to do with a device that proves too little about its maker.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Attestation {
    /// Stop before anything is written to it, and let a person decide
    Ask,
    /// Pair it, and say what was not proven
    Accept,
}

impl From<Attestation> for AttestationChoice {
    fn from(attestation: Attestation) -> Self {
        match attestation {
            Attestation::Ask => Self::Ask,
            Attestation::Accept => Self::Accept,
        }
    }
}

/// When to use colours.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Color {
    /// On a terminal, unless NO_COLOR is set
    Auto,
    /// Never
    Never,
    /// Always
    Always,
}

/// What `weft serve` is to do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ServeOptions {
    /// Address; [`DEFAULT_LISTEN`] where none is given.
    pub(crate) listen: Option<SocketAddr>,
    /// Data directory; the platform's where none is given.
    pub(crate) data: Option<PathBuf>,
    /// Listen for services on the LAN.
    pub(crate) mdns: bool,
    /// Weft's own fabric; `None` where it is not wanted.
    pub(crate) matter: Option<FabricOptions>,
    /// Whole networks; `None` where none is to be asked.
    pub(crate) networks: Option<NetworkOptions>,
    /// A dongle to listen through; `None` where it is not wanted.
    pub(crate) dongle: Option<DongleOptions>,
    /// Names that the service may be asked for by, beside its addresses.
    pub(crate) allow_hosts: Vec<String>,
    /// Recording to write beside the store.
    pub(crate) record: Option<PathBuf>,
}

/// What `weft demo` is to do.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct DemoOptions {
    /// Address; [`DEFAULT_LISTEN`] where none is given.
    pub(crate) listen: Option<SocketAddr>,
    /// How many times faster than it happened.
    pub(crate) speed: f64,
    /// Moment of the bundled recording to begin at.
    pub(crate) at: Option<Timestamp>,
}

/// What `weft replay` is to do.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct ReplayOptions {
    /// The recording.
    pub(crate) file: PathBuf,
    /// How many times faster than it happened.
    pub(crate) speed: f64,
    /// Address; [`DEFAULT_LISTEN`] where none is given.
    pub(crate) listen: Option<SocketAddr>,
}

/// What `weft record` is to do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct RecordOptions {
    /// The recording to create.
    pub(crate) out: PathBuf,
    /// For how long; until interrupted where none is given.
    pub(crate) seconds: Option<u64>,
}

impl From<ServeArguments> for ServeOptions {
    fn from(arguments: ServeArguments) -> Self {
        let ServeArguments {
            listen,
            data,
            no_mdns,
            no_matter,
            paa,
            attestation,
            networks,
            dongle,
            allow_hosts,
            record,
        } = arguments;
        Self {
            listen,
            data,
            mdns: !no_mdns,
            matter: (!no_matter).then(|| FabricOptions {
                roots: paa,
                attestation: attestation.map(Into::into),
            }),
            networks: networks.options(),
            dongle: dongle.options(),
            allow_hosts,
            record,
        }
    }
}

impl From<DemoArguments> for DemoOptions {
    fn from(DemoArguments { listen, speed, at }: DemoArguments) -> Self {
        Self { listen, speed, at }
    }
}

impl From<ReplayArguments> for ReplayOptions {
    fn from(ReplayArguments { file, speed, listen }: ReplayArguments) -> Self {
        Self { file, speed, listen }
    }
}

impl From<RecordArguments> for RecordOptions {
    fn from(RecordArguments { out, seconds }: RecordArguments) -> Self {
        Self { out, seconds }
    }
}

/// `127.0.0.1:8439`, `[::1]:8439`, or a port of this machine alone.
fn listen_address(text: &str) -> Result<SocketAddr, String> {
    if let Ok(port) = text.parse() {
        return Ok(SocketAddr::new(DEFAULT_LISTEN.ip(), port));
    }
    text.parse()
        .map_err(|_| "expected an address and a port like 127.0.0.1:8439 or [::]:8439, or a port".to_owned())
}

fn speed(text: &str) -> Result<f64, String> {
    let factor = text.parse().map_err(|_| "expected a number".to_owned())?;
    weft_sources::replay::Speed::new(factor).map_err(|error| error.to_string())?;
    Ok(factor)
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory;

    fn parse(line: &str) -> Result<Arguments, clap::Error> {
        Arguments::try_parse_from(line.split(' '))
    }

    #[test]
    fn the_command_line_is_consistent() {
        Arguments::command().debug_assert();
    }

    #[test]
    fn without_a_command_it_is_the_service() {
        let Arguments { command: None, serve } = parse("weft --listen 8000 --no-mdns").unwrap() else {
            panic!("a command")
        };
        let bare: ServeOptions = serve.into();
        assert_eq!(bare.listen, Some("127.0.0.1:8000".parse().unwrap()));
        assert!(!bare.mdns);
        let Some(Command::Serve(named)) = parse("weft serve --listen 8000 --no-mdns").unwrap().command else {
            panic!("another command")
        };
        assert_eq!(ServeOptions::from(*named), bare);
    }

    #[test]
    fn wrong_usage_has_status_2_and_help_has_0() {
        for line in [
            "weft frobnicate",
            "weft derive",
            "weft import pcap",
            "weft data --yes",
            "weft --listen 99999",
            "weft demo --speed 0",
            "weft demo --speed -1",
            "weft show --at noon",
        ] {
            assert_eq!(parse(line).unwrap_err().exit_code(), 2, "{line}");
        }
        assert_eq!(parse("weft --help").unwrap_err().exit_code(), 0);
    }

    #[test]
    fn a_speed_below_zero_is_told_what_a_speed_is() {
        for line in ["weft demo --speed -1", "weft replay x --speed -0.5"] {
            let error = parse(line).unwrap_err().to_string();
            assert!(error.contains("from 0.001 to 1000000, not -"), "{error}");
        }
    }

    #[test]
    fn every_kind_of_import_has_the_name_of_the_contract() {
        let names: Vec<_> = ImportKind::value_variants()
            .iter()
            .map(|kind| kind.to_possible_value().unwrap().get_name().to_owned())
            .collect();
        assert_eq!(names, ["matter-server", "otbr-rest", "mdns-packets", "pcap"]);
    }
}
