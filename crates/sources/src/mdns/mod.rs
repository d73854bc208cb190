//! Live mDNS: what border routers and devices announce on the LAN, through the library mdns-sd, which runs beside avahi and the like.
//!
//! What mdns-sd 0.21.7 does, and what is made of it here:
//!
//! - It has one thread and one socket per IP version, shared port 5353, all interfaces that are up but point-to-point ones and Apple's `awdl`/`llw`.
//! - It polls the interfaces, here every 2 s. On a new one it asks all questions again. When one goes, it says that everything heard there only was
//!   *removed*. That is no goodbye: [`instances`] keeps the two apart by the address that vanishes with the interface.
//! - It repeats an instance as its addresses trickle in; [`instances`] waits until it has settled, and states what changed.
//! - When the machine slept, or its clock was set forward, it counts that time as age, and says that much or all is *removed*. That is no goodbye
//!   either; everything is asked for anew.
//! - A receiver that is too slow (1,000 events) is closed without a word: the type is browsed again. What was missed meanwhile is not stated again.
//! - It asks again at 80 % of a record's time to live, and says `removed` when nobody answers.
//! - By a subtype (`_CM._sub._matterc._udp.local.`) it gives the same instances under their full names, with the subtype as their type. Two types
//!   that are browsed share the records of an instance. `stop_browse` of one throws them away for both, so the receiver is dropped instead: at its
//!   next turn the library notices, asks no more, and keeps the records. When an SRV record runs out, `removed` is said to one of both, whichever it
//!   meets first: so a removal through either counts, and the plain type is browsed anew, which gives at once what still stands.
//! - It asks 1, 2, 4, … s after the start of a browse, an hour apart at last. Browsing the type anew gives what is in its cache, and asks 10 to 50 ms
//!   later; that is how somebody who wants a type now gets it asked for ([`browse`]).
//! - It tells neither times to live nor failures to open its socket; the second shows as having no interface.
//!
//! Besides [`SERVICE_TYPES`], whatever the enumeration of service types names is browsed, and of that only what has an address inside an
//! off-mesh-routable prefix, which border routers announce, is stated: it is on Thread. Printers are nobody's business here.

mod browse;
mod instances;
mod read;

use crate::clock::{self, SleepDetector};
use crate::directory::ServiceDirectory;
use crate::supervise::{Context, Source, SourceFailure};
use browse::{Browsers, Heard};
use instances::Instances;
use mdns_sd::{DaemonEvent, IfKind, ResolvedService, ServiceDaemon, ServiceEvent};
use serde_json::json;
use std::collections::BTreeSet;
use std::future::Future;
use std::net::IpAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::mpsc;
use weft_wire::dns::{SERVICE_TYPE_ENUMERATION, SERVICE_TYPES};

/// Service types that are browsed because the enumeration named them.
const MAX_FURTHER_TYPES: usize = 64;
/// Events between the receivers of all types and the loop.
const EVENTS: usize = 256;
/// The most that a query may hold: as much as the library allows (RFC 6762, section 17). A query whose known answers need several packets makes OpenThread's own
/// responder crash (`src/core/net/mdns.cpp` of 1.4, `MultiPacketRxMessages`), and a border router with it: everything goes into one, which IP cuts into pieces.
const MAX_PACKET_BYTES: usize = 8_952;
/// How often the library looks for interfaces that came or went; its default is 5 s, too slow for a service that starts before the network does.
const LOOK_FOR_INTERFACES_EVERY_SECONDS: u32 = 2;
/// How long the library may take to name the first interface.
const FIRST_INTERFACE_WITHIN: Duration = Duration::from_secs(1);
/// A machine that slept for so long may have outslept what the library keeps.
const SLEPT: Duration = Duration::from_secs(5);
/// An address vanishes at once with what was heard through it.
const EXCUSED_AFTER_LINK: Duration = Duration::from_secs(1);
/// After a sleep the library wakes by its next timer: within its look for interfaces.
const EXCUSED_AFTER_SLEEP: Duration = Duration::from_secs(5);
/// What has become doubtful is forgotten unless it is resolved again within this time: the library gives what it knows at once.
const DOUBTED_FOR: Duration = Duration::from_secs(5);
/// Addresses that a report lists.
const MAX_LISTED: usize = 32;
const NO_INTERFACE: &str = "no network interface is up, or UDP port 5353 cannot be shared";

/// The live mDNS source.
#[derive(Debug, Clone)]
pub struct MdnsSource {
    name: String,
    directory: ServiceDirectory,
}

impl MdnsSource {
    /// With its configured name.
    pub fn new(name: &str) -> Self {
        Self::with_directory(name, ServiceDirectory::new())
    }

    /// The same, which keeps a directory for whoever needs addresses: each announcement and removal stands there at once, before it has settled.
    pub fn with_directory(name: &str, directory: ServiceDirectory) -> Self {
        Self {
            name: name.to_owned(),
            directory,
        }
    }
}

impl Source for MdnsSource {
    fn name(&self) -> &str {
        &self.name
    }

    fn run(self: Arc<Self>, context: Context) -> Pin<Box<dyn Future<Output = Result<(), SourceFailure>> + Send>> {
        Box::pin(async move { listen(context, &self.directory).await })
    }
}

/// Ends the library's thread, however the source ends.
struct Daemon(ServiceDaemon);

impl Drop for Daemon {
    fn drop(&mut self) {
        let _ = self.0.shutdown();
    }
}

fn failed(error: mdns_sd::Error) -> SourceFailure {
    SourceFailure(format!("mDNS: {error}"))
}

async fn listen(mut context: Context, directory: &ServiceDirectory) -> Result<(), SourceFailure> {
    let daemon = Daemon(ServiceDaemon::new().map_err(failed)?);
    daemon.0.set_ip_check_interval(LOOK_FOR_INTERFACES_EVERY_SECONDS).map_err(failed)?;
    // The library tells only of interfaces that come after somebody watches: so all go, and come again.
    daemon.0.set_max_packet_size(IfKind::All, MAX_PACKET_BYTES).map_err(failed)?;
    daemon.0.disable_interface(IfKind::All).map_err(failed)?;
    let monitor = daemon.0.monitor().map_err(failed)?;
    daemon.0.enable_interface(IfKind::All).map_err(failed)?;

    let (sender, mut receiver) = mpsc::channel(EVENTS);
    let mut browsers = Browsers::new(daemon.0.clone(), sender);
    let mut types: BTreeSet<String> = SERVICE_TYPES.iter().map(|service| (*service).to_owned()).collect();
    for service in SERVICE_TYPES.iter().chain([&SERVICE_TYPE_ENUMERATION]) {
        browsers.always((*service).to_owned());
    }
    let mut wishes = directory.wishes_changed();
    wishes.mark_changed();
    // A former run of this source left them.
    directory.doubt(None);
    let mut doubted_until = Some(clock::running_for() + DOUBTED_FOR);

    let mut instances = Instances::default();
    let mut link = Link::default();
    let mut sleep = SleepDetector::new(SLEPT);
    let mut further_types = 0;
    let mut told_of_limit = false;
    let started = clock::running_for();
    loop {
        let now = clock::running_for();
        let first_interface_due = (link.hears.is_none()).then_some(started + FIRST_INTERFACE_WITHIN);
        let due = [instances.next_due(), first_interface_due, doubted_until].into_iter().flatten().min();
        let pause = due.map_or(SleepDetector::TICK, |due| due.saturating_sub(now)).min(SleepDetector::TICK);
        tokio::select! {
            heard = receiver.recv() => match heard {
                Some(Heard::Event(ServiceEvent::ServiceResolved(service))) => {
                    list(directory, &service);
                    if let Some((key, registration)) = read::registration(&service) {
                        instances.resolved(key, registration, clock::running_for());
                    }
                }
                Some(Heard::Event(ServiceEvent::ServiceRemoved(service, name))) => {
                    if let Some(key) = read::key(&service, &name) {
                        unlist(directory, &key);
                        instances.removed(&key, clock::running_for());
                        if browsers.has_subtypes_of(&key.0) {
                            browsers.ask_again(&key.0);
                        }
                    }
                }
                Some(Heard::Event(ServiceEvent::ServiceFound(service, target))) if service == SERVICE_TYPE_ENUMERATION => {
                    if let Some(further) = read::service_type(&target)
                        && further_types < MAX_FURTHER_TYPES
                        && types.insert(further.clone())
                    {
                        further_types += 1;
                        instances.service_type(&further);
                        browsers.always(further);
                    }
                }
                Some(Heard::Event(_)) => {}
                // What a subtype gives comes by its plain type too.
                Some(Heard::Reopened(service)) if read::plain_type(&service) != service => {}
                Some(Heard::Reopened(service)) => {
                    instances.reopened(&service);
                    directory.doubt(Some(&service));
                    doubted_until = Some(clock::running_for() + DOUBTED_FOR);
                }
                Some(Heard::Failed(error)) => return Err(failed(error)),
                None => return Err(SourceFailure("mDNS: nothing browses any more".to_owned())),
            },
            event = monitor.recv_async() => match event {
                Ok(DaemonEvent::IpAdd(address)) => link.gained(address),
                Ok(DaemonEvent::IpDel(address)) => {
                    link.lost(address);
                    instances.could_not_hear(clock::running_for(), EXCUSED_AFTER_LINK);
                }
                Ok(DaemonEvent::Error(error)) => tracing::debug!(%error, "mDNS"),
                Ok(_) => {}
                Err(_) => return Err(SourceFailure("mDNS: the library's thread ended".to_owned())),
            },
            // The directory lives as long as this borrows it.
            _ = wishes.changed() => browsers.fulfil(directory),
            () = tokio::time::sleep(pause) => {}
            () = context.ended() => return Ok(()),
        }
        let now = clock::running_for();
        if sleep.tick(clock::now(), now).is_some() {
            instances.could_not_hear(now, EXCUSED_AFTER_SLEEP);
            browsers.all_anew();
        }
        if doubted_until.is_some_and(|until| until <= now) {
            doubted_until = None;
            directory.forget_doubtful();
        }
        link.report(&context, now >= started + FIRST_INTERFACE_WITHIN).await;
        if instances.left_out() > 0 && !told_of_limit {
            told_of_limit = true;
            context
                .working(
                    Some(format!(
                        "more than {} instances are announced; the rest is left out",
                        instances::MAX_INSTANCES
                    )),
                    None,
                )
                .await;
        }
        for capture in instances.due(now) {
            if context.sender().deliver(capture).await.is_err() {
                return Ok(());
            }
        }
    }
}

fn list(directory: &ServiceDirectory, service: &ResolvedService) {
    match read::listed(service) {
        Some(read::Listed::Operational(peer, located)) => directory.set_operational(peer, Some(located)),
        Some(read::Listed::Commissionable(found)) => {
            let instance = found.instance.clone();
            directory.set_commissionable(&instance, Some(found));
        }
        Some(read::Listed::BorderAgent(instance, service, announced)) => directory.set_border_agent(&instance, service, Some(*announced)),
        None => {}
    }
}

fn unlist(directory: &ServiceDirectory, key: &read::Key) {
    if let Some(service) = read::agent_service(&key.0) {
        directory.set_border_agent(&key.1, service, None);
        return;
    }
    match read::operational_peer(key) {
        Some(peer) => directory.set_operational(peer, None),
        None if key.0.starts_with("_matterc._udp.") => directory.set_commissionable(&key.1, None),
        None => {}
    }
}

/// Whether there is anything to hear with.
#[derive(Debug, Default)]
struct Link {
    addresses: BTreeSet<IpAddr>,
    /// What was last reported.
    hears: Option<bool>,
}

impl Link {
    fn gained(&mut self, address: IpAddr) {
        if !address.is_loopback() {
            self.addresses.insert(address);
        }
    }

    /// The library tells it when no interface has the address any more.
    fn lost(&mut self, address: IpAddr) {
        self.addresses.remove(&address);
    }

    async fn report(&mut self, context: &Context, had_time: bool) {
        let hears = !self.addresses.is_empty();
        if self.hears == Some(hears) || (!hears && !had_time) {
            return;
        }
        self.hears = Some(hears);
        if hears {
            let listed: Vec<String> = self.addresses.iter().take(MAX_LISTED).map(ToString::to_string).collect();
            context.working(None, Some(json!({ "own_addresses": listed }))).await;
        } else {
            context.deaf(NO_INTERFACE).await;
        }
    }
}
