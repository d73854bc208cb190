//! The service: sources → intake → store and engine → server. One loop takes captures; one thread concludes and publishes.
//!
//! `serve`, `demo` and `replay` differ only in their sources, and in where captures are kept.

mod chronicle;
mod engine;
mod history;
mod intake;
mod restore;
mod status;
mod token;

pub(crate) use intake::Intake;
pub(crate) use restore::positions as kept_positions;
pub(crate) use token::TOKEN_FILE;

use crate::arguments::{DEFAULT_LISTEN, DemoOptions, RecordOptions, ReplayOptions, ServeOptions};
use crate::{dongle, network};
use anyhow::{Context, Result, bail};
use chronicle::ChronicleThread;
use engine::EngineThread;
use history::StoredHistory;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use tokio::net::TcpListener;
use weft_evidence::recording::{Header, RecordingWriter};
use weft_evidence::{Capture, blank_secrets};
use weft_model::Timestamp;
use weft_server::{Config, Networks, Pairing, Publisher, Server, Token};
use weft_sources::directory::ServiceDirectory;
use weft_sources::replay::{Anchor, Speed, shift_times};
use weft_sources::{Inbox, MdnsSource, ReplaySource, Source, Supervisor, clock};
use weft_store::{DataDirectory, Limits, Store};
use weft_topology::{CapturePlace, Policy};

/// Captures that may wait between the sources and the loop.
pub(crate) const CHANNEL_CAPACITY: usize = 4_096;

/// What makes one service differ from another.
struct Plan {
    listen: SocketAddr,
    hosts: Vec<String>,
    token: Option<Token>,
    store: Arc<Store>,
    /// What the page must say before anything else.
    notice: Option<String>,
    /// Captures that were heard before the service began.
    heard_before: Vec<Capture>,
    sources: Vec<Arc<dyn Source>>,
    pairing: Option<Arc<dyn Pairing>>,
    networks: Option<Arc<dyn Networks>>,
    dongle: Option<Arc<dongle::Keeper>>,
    record: Option<PathBuf>,
    directory: Option<DataDirectory>,
    /// How much faster than real time captures come.
    speed: f64,
}

/// `weft serve`: discovery, the embedded store, the API and the page.
pub(crate) fn serve(options: ServeOptions) -> Result<()> {
    if let Some(roots) = options.matter.as_ref().and_then(|matter| matter.roots.as_ref()) {
        std::fs::read_dir(roots).with_context(|| format!("cannot read the folder of attestation authorities {}", roots.display()))?;
    }
    let path = crate::data_directory(options.data.as_deref())?;
    let directory = DataDirectory::open(&path)?;
    let store = open_store(&directory)?;
    let listen = options.listen.unwrap_or(DEFAULT_LISTEN);
    // Annotations are taken in only with the token, on this machine too.
    let token = Some(token::kept(directory.path(), !listen.ip().is_loopback())?);
    let services = ServiceDirectory::default();
    let mut sources: Vec<Arc<dyn Source>> = Vec::new();
    if options.mdns {
        sources.push(Arc::new(MdnsSource::with_directory("mdns", services.clone())));
    }
    let meshes = options
        .networks
        .as_ref()
        .map(|networks| network::networks(directory.path(), services.clone(), networks.frames_per_hour));
    let mut keeper = None;
    if let Some(dongle) = &options.dongle {
        let (source, handle) = crate::sniff::dongle(dongle, None, Some(directory.path()))?;
        sources.push(Arc::new(source));
        let meshes = meshes.as_ref().map(network::Networks::meshes);
        keeper = Some(dongle::Keeper::new(handle, meshes, dongle.has_own_key()));
    }
    let fabric = options.matter.map(|matter| {
        let (source, fabric) = crate::fabric::matter(
            directory.path(),
            services.clone(),
            &matter,
            meshes.as_ref().map(network::Networks::dataset_taker),
        );
        sources.push(source);
        fabric
    });
    let joiner = fabric.as_ref().map(|fabric| network::joiner(fabric.handle(), services));
    let networks = match meshes.zip(options.networks) {
        Some((meshes, options)) => {
            let (more, keeper) = meshes.with_servers(directory.path(), joiner, &options)?;
            sources.extend(more);
            Some(keeper)
        }
        None => None,
    };
    if let (Some(keeper), Some(network)) = (&keeper, options.dongle.as_ref().and_then(crate::sniff::DongleOptions::join)) {
        keeper.join_at_start(network)?;
    }
    let pairing = fabric.map(|fabric| fabric as Arc<dyn Pairing>);
    run(Plan {
        listen,
        hosts: options.allow_hosts,
        token,
        store: Arc::new(store),
        notice: None,
        heard_before: Vec::new(),
        sources,
        pairing,
        networks,
        dongle: keeper,
        record: options.record,
        directory: Some(directory),
        speed: 1.0,
    })
}

/// `weft demo`: the bundled recording of a simulated home. Needs nothing, writes nothing.
pub(crate) fn demo(options: DemoOptions) -> Result<()> {
    let captures = crate::demo::captures().context("the bundled recording cannot be read")?;
    let from = match options.at {
        Some(at) => at,
        // Early in the afternoon: there is a past to look at, and the mesh is about to split.
        None => captures.first().map_or(Timestamp::MIN, |first| first.at.plus_seconds(13 * 3600)),
    };
    let notice = "Demo: a synthetic home, made by Weft's own mesh simulator. No real device is shown.";
    play(captures, from, options.speed, options.listen, notice)
}

/// `weft replay FILE`: a recording as if it happened now.
pub(crate) fn replay(options: ReplayOptions) -> Result<()> {
    let captures = crate::input::captures_of(&options.file)?;
    let Some(first) = captures.first() else {
        bail!("{} holds no captures that can be used", options.file.display())
    };
    let from = first.at;
    let notice = format!("Replay of {}: times are shifted to now.", options.file.display());
    play(captures, from, options.speed, options.listen, &notice)
}

/// Plays captures from a moment on; what came before it is known at once.
fn play(mut captures: Vec<Capture>, from: Timestamp, speed: f64, listen: Option<SocketAddr>, notice: &str) -> Result<()> {
    let factor = speed;
    let speed = Speed::new(speed)?;
    let now = clock::now();
    let start = captures.partition_point(|capture| capture.at <= from);
    let offset = now.milliseconds_since(from);
    if let Some(first) = captures.first() {
        let to = Timestamp::from_unix_milliseconds(first.at.unix_milliseconds().saturating_add(offset));
        shift_times(&mut captures, Anchor::First(to));
    }
    let listen = listen.unwrap_or(DEFAULT_LISTEN);
    let token = if listen.ip().is_loopback() { None } else { Some(token::for_this_run()?) };
    let to_come: Arc<[Capture]> = captures.split_off(start).into();
    run(Plan {
        listen,
        hosts: Vec::new(),
        token,
        store: Arc::new(Store::in_memory(Limits {
            max_age_seconds: u64::MAX / 2_000,
            ..Limits::default()
        })?),
        notice: Some(match factor {
            1.0 => notice.to_owned(),
            faster => format!("{notice} Time passes {faster} times as fast."),
        }),
        heard_before: captures,
        sources: vec![Arc::new(ReplaySource::new("replay", to_come, speed))],
        pairing: None,
        networks: None,
        dongle: None,
        record: None,
        directory: None,
        // Faster, the replay's clock runs along; slower, things settle in the viewer's time.
        speed: factor.min(1.0),
    })
}

/// `weft record --out FILE`: what the sources hear, and nothing else.
pub(crate) fn record(options: RecordOptions) -> Result<()> {
    let writer = new_recording(&options.out)?;
    block_on(async move {
        let store = Arc::new(Store::in_memory(Limits::default())?);
        let (sender, mut inbox) = weft_sources::channel("weft", CHANNEL_CAPACITY);
        let intake = Arc::new(Intake::new(store, Some(writer), None));
        let mut supervisor = Supervisor::new();
        supervisor.start(Arc::new(MdnsSource::new("mdns")), &sender);
        drop(sender);
        eprintln!("recording to {}; Ctrl-C ends it", options.out.display());
        let end = async {
            match options.seconds {
                Some(seconds) => tokio::select! {
                    () = tokio::time::sleep(std::time::Duration::from_secs(seconds)) => {}
                    () = interrupted() => {}
                },
                None => interrupted().await,
            }
        };
        tokio::pin!(end);
        loop {
            tokio::select! {
                event = inbox.receive() => match event {
                    Some(event) => { intake.take(event); }
                    None => break,
                },
                () = &mut end => break,
            }
        }
        let written = intake.close_recording()?;
        eprintln!("{written} captures written");
        // Sources are dropped with the runtime; a recording needs no goodbye of theirs.
        drop(supervisor);
        Ok(())
    })
}

/// A recording that was not there before, readable by its owner only: it tells who lives here.
pub(crate) fn new_recording(path: &Path) -> Result<RecordingWriter<intake::RecordingFile>> {
    let file = crate::output::create_new(path)?;
    let header = Header::new(Some(clock::now()), None);
    RecordingWriter::new(std::io::BufWriter::new(file), &header).with_context(|| format!("cannot write {}", path.display()))
}

pub(crate) fn open_store(directory: &DataDirectory) -> Result<Store> {
    match Store::open(&directory.store_path(), Limits::default()) {
        Ok(store) => {
            if let Some(set_aside) = store.set_aside() {
                eprintln!(
                    "weft: the store was broken ({}) and was set aside as {}; a new one is begun",
                    set_aside.reason,
                    set_aside.to.display()
                );
            }
            Ok(store)
        }
        Err(error) => {
            eprintln!("weft: {error}\nweft: going on without a store; nothing that is heard now is kept");
            Ok(Store::in_memory(Limits::default())?)
        }
    }
}

fn run(plan: Plan) -> Result<()> {
    block_on(async move {
        let listener = TcpListener::bind(plan.listen).await.with_context(|| {
            format!(
                "cannot listen on {}: another program, perhaps another Weft, may have it; choose another with --listen",
                plan.listen
            )
        })?;
        let address = listener.local_addr()?;
        let positions = restore::positions(&plan.store);
        let mut evidence = restore::last_known(&plan.store)?;
        let gap = if plan.directory.is_some() {
            restore::gap(&plan.store)?
        } else {
            Vec::new()
        };
        let suspended = gap.into_iter().map(|event| Capture {
            seq: 0,
            at: event.clock_at,
            source: event.source,
            body: event.body,
        });
        for mut capture in suspended.chain(plan.heard_before) {
            blank_secrets(&mut capture);
            evidence.insert(&plan.store.append(capture))?;
        }
        // Whoever opens the page first sees what is known already.
        let now = clock::now();
        let first = Arc::new(weft_topology::derive(&evidence, now.max(evidence.newest_at().unwrap_or(now)), &policy()));
        let positions = weft_layout::layout(&first, &positions);
        let publisher = Publisher::new(first, Arc::new(positions.clone()), Default::default())?;
        let engine = EngineThread::start(plan.store.clone(), publisher.clone(), evidence, positions, plan.notice);
        let chronicle = ChronicleThread::start(plan.store.clone(), publisher.clone(), plan.speed);
        let recorder = plan.record.as_deref().map(new_recording).transpose()?;
        let intake = Arc::new(Intake::new(plan.store.clone(), recorder, Some(engine.sender())));
        let (sender, mut inbox) = weft_sources::channel("weft", CHANNEL_CAPACITY);
        let mut supervisor = Supervisor::new();
        for source in plan.sources {
            supervisor.start(source, &sender);
        }
        drop(sender);
        let history = Arc::new(StoredHistory::new(
            plan.store.clone(),
            intake.clone(),
            publisher.clone(),
            chronicle.shared(),
        ));
        let config = Config {
            address,
            hosts: plan.hosts,
            token: plan.token,
        };
        let server = Server::new(config, publisher, history, plan.pairing, clock::now)?
            .with_network_check(Arc::new(crate::check::ThisMachine))
            .with_report(Arc::new(crate::report::ServiceReport(plan.store.clone())));
        let server = match plan.networks {
            Some(networks) => server.with_networks(networks),
            None => server,
        };
        let server = match plan.dongle {
            Some(dongle) => {
                // Ends with the runtime.
                tokio::spawn(dongle.clone().follow());
                server.with_dongle(dongle)
            }
            None => server,
        };
        if let Some(directory) = &plan.directory {
            directory.set_address(&address.to_string())?;
        }
        println!("Weft is at http://{}/", shown(address));
        if address.ip().is_unspecified() {
            eprintln!(
                "weft: other machines reach it at this machine's address, port {}; by a name only with --allow-host NAME",
                address.port()
            );
        }
        let (end, ended) = tokio::sync::watch::channel(false);
        let serving = tokio::spawn(weft_server::serve(listener, server, async move {
            let mut ended = ended;
            let _ = ended.wait_for(|end| *end).await;
        }));
        let stop = interrupted();
        tokio::pin!(stop);
        loop {
            tokio::select! {
                event = inbox.receive() => match event {
                    Some(event) => { intake.take(event); }
                    // Every source has ended: what is known stays on the page.
                    None => { stop.as_mut().await; break }
                },
                () = &mut stop => break,
            }
        }
        end.send_replace(true);
        end_sources(supervisor, &mut inbox, &intake).await;
        serving.await??;
        engine.end();
        tokio::task::spawn_blocking(move || chronicle.end()).await?;
        intake.close_recording()?;
        let store = plan.store;
        tokio::task::spawn_blocking(move || store.flush()).await?.or_else(|error| {
            eprintln!("weft: {error}");
            Ok(())
        })
    })
}

/// Ends the sources. They may still say goodbye: they are listened to until all have ended.
pub(crate) async fn end_sources(supervisor: Supervisor, inbox: &mut Inbox, intake: &Intake) {
    let goodbye = supervisor.end();
    tokio::pin!(goodbye);
    loop {
        tokio::select! {
            () = &mut goodbye => break,
            event = inbox.receive() => match event {
                Some(event) => { intake.take(event); }
                None => { goodbye.as_mut().await; break }
            },
        }
    }
}

/// How a service concludes: claims refer to its store.
fn policy() -> Policy {
    Policy::standard().with_captures_in(CapturePlace::Store("weft".into()))
}

/// The address that a person can open: an unspecified one stands for this machine.
fn shown(address: SocketAddr) -> SocketAddr {
    if address.ip().is_unspecified() {
        let local = if address.is_ipv4() {
            std::net::IpAddr::from([127, 0, 0, 1])
        } else {
            std::net::Ipv6Addr::LOCALHOST.into()
        };
        SocketAddr::new(local, address.port())
    } else {
        address
    }
}

fn block_on<F: Future<Output = Result<()>>>(future: F) -> Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .context("cannot start the runtime")?;
    runtime.block_on(future)
}

/// Comes back when the user or the system asks the service to end.
pub(crate) async fn interrupted() {
    #[cfg(unix)]
    {
        use tokio::signal::unix::{SignalKind, signal};
        match signal(SignalKind::terminate()) {
            Ok(mut terminate) => tokio::select! {
                _ = tokio::signal::ctrl_c() => {}
                _ = terminate.recv() => {}
            },
            Err(_) => {
                let _ = tokio::signal::ctrl_c().await;
            }
        }
    }
    #[cfg(not(unix))]
    {
        let _ = tokio::signal::ctrl_c().await;
    }
}
